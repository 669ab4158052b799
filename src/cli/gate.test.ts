// The gate's manners: workers, limits, expected deviations, formats for machines, mutants, and laws as somebody else's tests.
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { storeOf } from './store.ts';
import { type Ran, terminal } from './terminal.ts';

const at = (path: string): string => new URL(path, import.meta.url).href;
const MAIN = fileURLToPath(at('./main.ts'));
const { home, leave, run, spawn } = terminal();
afterAll(leave);
const MODULES = fileURLToPath(at('../../node_modules'));
const read = (file: string): string => readFileSync(join(home, file), 'utf8');

/** Writes an adapter with one ReLU, by its forward function and its slope, and returns its name. */
const adapter = (name: string, value: string, slope = 'v > 0 ? 1 : 0', before = ''): string => {
  writeFileSync(
    join(home, `${name}.mjs`),
    `import { definePort } from ${JSON.stringify(at('../../properties/port.ts'))};
${before}
const map = (t, f) => ({ shape: t.shape, data: Array.from(t.data, f) });
export default definePort({ engine: '${name}', version: '1', dtype: 'f64', entries: { activation: { relu: {
  forward: ({ x }) => ({ y: map(x, (v) => ${value}) }),
  vjp: ({ x, dy }) => ({ dx: map(x, (v, i) => dy.data[i] * (${slope})) }),
} } } });`,
  );
  return `${name}.mjs`;
};
const sound = (): string => adapter('sound', 'v > 0 ? v : 0 * v');
const capped = (): string => adapter('capped', 'v > 3 ? 3 : v > 0 ? v : 0 * v');

interface Found {
  readonly law: string;
  readonly subject: string;
  readonly status: string;
  readonly runs: number;
}
const checksOf = ({ out }: Ran): readonly Found[] => (JSON.parse(out) as { checks: readonly Found[] }).checks;

describe('workers', () => {
  test('make the same verdicts in the same order as the main thread, failures included', async () => {
    const file = capped();
    for (const format of ['pretty', 'json']) {
      const args = ['verify', file, '--law', 'activation/*,meta/*', '--runs', '20', '--format', format, '--workers'];
      const alone = await run(...args, '0');
      rmSync(join(home, '.tautograd'), { recursive: true }); // what failed before would be tried first
      const crew = await run(...args, '2');
      rmSync(join(home, '.tautograd'), { recursive: true });
      expect(crew).toEqual(alone);
      expect(alone).toMatchObject({ code: 1, err: '' });
    }
  });

  test('try stored counterexamples first', async () => {
    const file = adapter('rare', 'v > 3 ? 3 : v > 0 ? v : 0 * v');
    await run('verify', file, '--law', 'activation/value', '--workers', '1');
    const args = ['verify', file, '--law', 'activation/value', '--workers', '1', '--time-limit', '600', '--json'];
    const [again] = checksOf(await run(...args));
    expect(again).toMatchObject({ status: 'falsified', runs: 1 });
    expect((await run(...args.filter((a) => a !== '--json'))).out).toMatch(/ {4}input .* {2}\(from an earlier run\)\n/);
  });

  test('ask no port for what another one of its name has failed on', async () => {
    const engine = (file: string, value: string): string => {
      const path = adapter(file, value);
      writeFileSync(join(home, path), read(path).replace(`engine: '${file}'`, "engine: 'my engine'"));
      return path;
    };
    const args = ['--law', 'activation/value', '--workers', '0', '--json', '--seed'];
    const [one, two] = [engine('one', 'v > 3 ? 3 : v > 0 ? v : 0 * v'), engine('two', 'v > 3 ? 4 : v > 0 ? v : 0 * v')];
    const [first] = checksOf(await run('verify', one, ...args, '1'));
    expect(first).toMatchObject({ status: 'falsified' });
    const [again] = checksOf(await run('verify', one, ...args, '2'));
    const [other] = checksOf(await run('verify', two, ...args, '2'));
    expect(again).toMatchObject({ counterexample: { stored: true } });
    expect(other).toMatchObject({ status: 'falsified' });
    expect(other).not.toMatchObject({ counterexample: { stored: true } });
  });

  test('that a port ends cost the check, not the run', async () => {
    const file = adapter('exits', '(process.exit(7), v)');
    const ran = await run('verify', file, '--law', 'activation/value,meta/*', '--workers', '1', '--json');
    expect(ran.code).toBe(3);
    const found = checksOf(ran);
    expect(found.filter((c) => c.status === 'crashed').map((c) => c.law)).toEqual(['activation/value']);
    expect(found.filter((c) => c.status === 'holds').length).toBe(found.length - 1);
    expect(ran.out).toContain('the port ended its worker');
  });
});

test('a worker that ends with many checks of a program under way costs the one check that ends it', async () => {
  // in a thread, a line with this number does what a lack of memory would
  writeFileSync(
    join(home, 'ends.mjs'),
    `import { isMainThread } from 'node:worker_threads';
const parse = JSON.parse;
if (!isMainThread) JSON.parse = (text, ...rest) => (text.includes('[13.03125]') ? process.exit(1) : parse(text, ...rest));`,
  );
  const command = [process.execPath, fileURLToPath(at('../../properties/process/faulty.ts')), 'none'];
  const named = { law: 'activation/value', subject: 'identity' };
  const input = { x: { shape: [1], data: [13.03125] }, p: {} };
  const path = join(home, storeOf('faulty', { command }).pathOf(named));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify({ schema: 1, engine: 'faulty', ...named, input }));
  const args = ['verify', '--law', 'activation/*,purity/*', '--runs', '5', '--workers', '1', '--json'];
  const ran = await spawn('--import', ['./ends.mjs', MAIN, ...args, '--', ...command]);
  const found = checksOf(ran).filter((c) => c.status !== 'not covered');
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter((c) => c.status !== 'holds')).toMatchObject([
    {
      law: 'activation/value',
      subject: 'identity',
      status: 'crashed',
      counterexample: { about: expect.stringMatching(/^the port ended its worker: /) },
    },
  ]);
  expect(ran.code).toBe(3);
});

describe('what is not done is not passed', () => {
  test('a law that is cut short is undecided, with the runs it made', async () => {
    const file = adapter(
      'slow',
      '(wait(), v > 0 ? v : 0 * v)',
      undefined,
      'const wait = () => { const end = performance.now() + 5; while (performance.now() < end); };',
    );
    const ran = await run('verify', file, '--law', 'activation/value,activation/nan', '--time-limit', '1', '--json');
    expect(ran.code).toBe(1);
    for (const c of checksOf(ran)) {
      expect(c.status).toBe('undecided');
      expect(c.runs).toBeLessThan(100);
    }
    expect(JSON.parse(ran.out)).toMatchObject({ summary: { holds: 0, undecided: 2 } });
  });

  test('a port that never comes back is left at the limit', async () => {
    const file = adapter('hangs', '(() => { for (;;); })()');
    const ran = await run('verify', file, '--law', 'activation/value', '--time-limit', '1', '--workers', '1', '--json');
    expect(ran.code).toBe(1);
    expect(checksOf(ran)).toMatchObject([{ status: 'undecided', runs: 0 }]);
  });

  test('the profile smoke says how little it is', async () => {
    const { code, out } = await run('verify', '--law', 'activation/*,meta/*', '--profile', 'smoke');
    expect(code).toBe(0);
    expect(out).toMatch(/✓ activation\/value\s+holds\s+1 runs/);
    expect(out).toContain('one input for one subject of each law; statistical laws are left to ci');
  });
});

describe('expected deviations', () => {
  const expecting = async (list: unknown, file = capped()): Promise<Ran> => {
    writeFileSync(join(home, 'deviations.json'), JSON.stringify(list));
    return run('verify', file, '--law', 'activation/value,activation/monotone', '--expect', 'deviations.json');
  };
  const why = 'values are capped at 3';

  test('are waived', async () => {
    const { code, out } = await expecting([{ law: 'activation/value', why, link: 'https://example.org/1' }]);
    expect(code).toBe(0);
    expect(out).toMatch(/~ activation\/value\s+waived/);
    expect(out).toContain(`~ activation/value [relu] fails as expected: ${why}`);
    expect(out).toMatch(/1 waived/);
  });

  test('that hold now, or name no law or subject, fail the run in a sentence each', async () => {
    const { code, out } = await expecting(
      [
        { law: 'activation/value', subject: 'relu', why },
        { law: 'activation/valu', why },
        { law: 'activation/value', subject: 'tanh', why },
        { law: 'loss/value', why },
      ],
      sound(),
    );
    expect(code).toBe(1);
    expect(out).toContain('✗ activation/value [relu] is expected to fail, but holds now');
    expect(out).toContain('✗ activation/valu is expected to fail, but there is no such law');
    expect(out).toContain('✗ activation/value [tanh] is expected to fail, but the law has no such subject, only relu');
    expect(out).toContain('✗ loss/value is expected to fail, but sound does not declare what it needs');
  });

  test('that are no such list are a fault of usage', async () => {
    expect(await expecting([{ law: 'activation/value' }])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^tautograd: expect: deviations\.json: 0 why Invalid input/),
    });
    expect((await run('verify', '--expect', 'none.json')).err).toBe('tautograd: expect: there is no file none.json\n');
  });
});

describe('formats', () => {
  const args = ['--law', 'activation/value,loss/value,meta/bounds-bite'];

  test('TAP has a point per check, and the card where one is not ok', async () => {
    const { code, out } = await run('verify', capped(), ...args, '--format', 'tap');
    expect(code).toBe(1);
    expect(out).toMatch(
      /^TAP version 14\n1\.\.3\nok 1 - meta\/bounds-bite\nnot ok 2 - activation\/value \[relu\]\n {2}---\n/,
    );
    expect(out).toMatch(/message: \|\n {4}✗ activation\/value/);
    expect(out).toMatch(/\nok 3 - loss\/value # SKIP not covered\n$/);
  });

  test('JUnit, the page and GitHub’s summary are files; annotations are printed', async () => {
    const hostile = adapter(
      'hostile',
      '(() => { throw new Error("<script>alert(1)</script> & ]]> 100%\\n\\u001b[31m") })()',
    );
    const summary = join(home, 'summary.md');
    const { code, out } = await spawn(
      MAIN,
      ['verify', hostile, ...args, '--junit', 'out/junit.xml', '--html', 'out/page.html'],
      { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary },
    );
    expect(code).toBe(3);
    const xml = read('out/junit.xml');
    expect(xml).toMatch(/<testsuites tests="3" failures="0" errors="1" skipped="1">/);
    expect(xml).toMatch(/<testcase classname="hostile.activation" name="activation\/value \[relu\]"/);
    const page = read('out/page.html');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt; &amp; ]]&gt; 100%');
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/src=|href="[^#]|https?:\/\//);
    expect(page).toMatch(/<details class="law" data-law="activation\/value" data-v="c">/);
    expect(page).toMatch(/<p class="verdict bad">1 law is broken\.<\/p>/);
    for (const text of [xml, page]) expect(text).not.toContain('\u001b');
    expect(out).toMatch(/^::error title=activation\/value [^:\n]* crashed::.*%0A.*100%25/m);
    const told = readFileSync(summary, 'utf8');
    expect(told).toMatch(/^## ✗ hostile 1 \(f64\): 1 failure\n\n3 laws, 2 checks/);
    expect(told).toMatch(/^\| ✗ \| <code>activation\/value<\/code> \| relu \| crashed \| .*&lt;script&gt;alert/m);
    expect(told).toMatch(
      /<summary>✗ activation\/value &#91;relu&#93;<\/summary>\n\n<pre>✗ activation\/value \[relu\] {2}crashed/,
    );
    expect(told).not.toContain('<script');
    expect(told).not.toContain('\u001b');
  });

  test('nobody but GitHub is told, unless asked', async () => {
    expect((await run('verify', capped(), ...args)).out).not.toContain('::error');
    const { out, err } = await run('verify', capped(), ...args, '--github', 'always', '--json');
    expect(checksOf({ code: 1, out, err })).toHaveLength(3);
    expect(err).toMatch(/^::error title=activation\/value \[relu\] falsified::/);
  });
});

test('a card names the convention by which the port behaves against its declaration', async () => {
  const { code, out } = await run(
    'verify',
    adapter('undeclared', 'v > 0 ? v : 0 * v', 'v >= 0 ? 1 : 0'),
    '--law',
    'activation/kink',
  );
  expect(code).toBe(1);
  expect(out).toContain(
    'convention the port behaves as reluSlopeAtZero 1, declared reluSlopeAtZero 0; declared so, this input passes',
  );
});

describe('mutants', () => {
  test('are hunted by filter, in workers as alone; the matrix is written', async () => {
    const args = ['mutants', '--filter', 'judge/*', '--json', '--workers'];
    const [alone, crew] = [await run(...args, '0'), await run(...args, '1', '--out', 'out')];
    expect(crew).toEqual(alone);
    expect(JSON.parse(alone.out)).toMatchObject({ schema: 1, full: false, idle: [] });
    expect(read('out/mutants.json')).toBe(alone.out);
    expect(read('out/mutants.md')).toMatch(/\| `judge\/nan-passes` \| .* \| burn #1209 \| `meta\/nan-is-a-failure` \|/);
    expect(await run('mutants', '--filter', 'nope')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/no mutant matches "nope", known are judge\/\*/),
    });
  });
});

test('tautograd/vitest registers the laws in somebody else’s project', async () => {
  const project = join(home, 'project');
  mkdirSync(project);
  symlinkSync(MODULES, join(project, 'node_modules'), 'dir');
  capped();
  writeFileSync(
    join(project, 'laws.test.mjs'),
    `import { registerLaws } from ${JSON.stringify(fileURLToPath(at('../../properties/vitest.ts')))};
import port from '../capped.mjs';
registerLaws(port, { laws: 'activation/value,activation/monotone,loss/value', expect: [
  { law: 'activation/monotone', subject: 'relu', why: 'to see it refused' },
  { law: 'loss/valu', why: 'a slip of the pen' },
] });`,
  );
  writeFileSync(join(project, 'vitest.config.mjs'), 'export default {};');
  const { code, out } = await spawn(join(MODULES, 'vitest', 'vitest.mjs'), [
    'run',
    '--root',
    project,
    '--reporter=json',
    '--outputFile=result.json',
  ]);
  expect(existsSync(join(project, 'result.json')), out).toBe(true);
  expect(code).toBe(1);
  const result = JSON.parse(read('project/result.json')) as {
    testResults: { assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[];
  };
  const tests = result.testResults.flatMap((f) => f.assertionResults);
  expect(Object.fromEntries(tests.map((t) => [t.fullName, t.status]))).toEqual({
    'capped: activation activation/value [relu]': 'failed',
    'capped: activation activation/monotone [relu]': 'passed',
    'capped: loss loss/value (not covered)': 'skipped',
    'expected deviations are there, and name laws and subjects': 'failed',
  });
  const messages = tests.flatMap((t) => t.failureMessages).join('\n');
  expect(messages).toMatch(/✗ activation\/value \[relu\] {2}falsified/);
  expect(messages).toContain('activation/monotone [relu] is expected to fail, but holds now');
  expect(messages).toContain('loss/valu is expected to fail, but there is no such law');
});
