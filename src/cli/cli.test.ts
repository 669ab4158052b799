// The command line as people meet it: exit codes, one sentence per fault, JSON that parses, replay that replays.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { terminal } from './terminal.ts';

const { home, leave, run } = terminal();
afterAll(leave);
const PORT = new URL('../../properties/port.ts', import.meta.url).href;

/** Writes an adapter with one ReLU and returns its name. */
const adapter = (name: string, body: string): string => {
  writeFileSync(join(home, `${name}.mjs`), `import { definePort } from ${JSON.stringify(PORT)};\n${body}`);
  return `${name}.mjs`;
};
const relu = (forward: string): string =>
  `export default definePort({ engine: 'mine', version: '1', dtype: 'f64', entries: { activation: { relu: { forward: ${forward} } } } });`;

describe('verify', () => {
  test('exits 0 where all hold, and names every law with its runs and margin', async () => {
    const { code, out } = await run('verify', '--law', 'meta/*,perceptron/labels');
    expect(code).toBe(0);
    expect(out).toMatch(/✓ perceptron\/labels\s+holds\s+100 runs {2}margin 0/);
    expect(out).toMatch(/13 laws, 13 checks, 582 runs: 13 hold, 0 falsified/);
  });

  test('exits 1 where a law is falsified; the stored values replay it, and an engine mended since passes them', async () => {
    const file = adapter(
      'wrong',
      relu('({ x }) => ({ y: { shape: x.shape, data: x.data.map((v) => (v > 3 ? 3 : v > 0 ? v : 0)) } })'),
    );
    const first = await run('verify', file, '--law', 'activation/value');
    expect(first.code).toBe(1);
    expect(first.out).toMatch(/✗ activation\/value \[relu\] {2}falsified/);
    const replay = first.out.match(/verify wrong\.mjs --replay (\S+activation-value\S+)/)?.[1] ?? '';
    const again = await run('verify', file, '--replay', replay);
    expect(again.code).toBe(1);
    expect(again.out).toContain(first.out.match(/off by .*/)?.[0] ?? 'no such line');
    adapter('wrong', relu('({ x }) => ({ y: { shape: x.shape, data: x.data.map((v) => (v > 0 ? v : 0)) } })'));
    const mended = await run('verify', file, '--replay', replay, '--json');
    expect(mended.code).toBe(0);
    expect(JSON.parse(mended.out)).toMatchObject({ law: 'activation/value', status: 'holds' });
    const [folder = ''] = readdirSync(join(home, '.tautograd', 'counterexamples'));
    expect(folder).toMatch(/^mine-[0-9a-f]{8}$/); // engines of one name are told apart by how they are asked
    expect(readdirSync(join(home, '.tautograd', 'counterexamples', folder)).length).toBeGreaterThan(0);
  });

  test('exits 3 where the port crashes, says so in one sentence, and loses no other verdict', async () => {
    const { code, out, err } = await run(
      'verify',
      adapter('throws', relu('() => { throw new Error("out of memory") }')),
      '--law',
      'meta/no-broadcast,activation/value',
    );
    expect(code).toBe(3);
    expect(out).toContain('activation.relu.forward: the port threw Error: out of memory');
    expect(out).toMatch(/✓ meta\/no-broadcast\s+holds/);
    expect(`${out}${err}`).not.toMatch(/\n\s+at /);
  });

  test('prints JSON for machines, with infinities and NaN as strings', async () => {
    const file = adapter('nan', relu('({ x }) => ({ y: { shape: x.shape, data: x.data.map(() => NaN) } })'));
    const { code, out } = await run('verify', file, '--law', 'activation/value', '--json');
    const record = JSON.parse(out) as { checks: { status: string; margin: unknown }[]; seed: number };
    expect(code).toBe(1);
    expect(record).toMatchObject({ schema: 1, engine: 'mine', seed: 1, summary: { falsified: 1 } });
    expect(record.checks[0]).toMatchObject({ status: 'falsified', margin: 'Infinity' });
  });

  test('the seed is honoured, 0 included, and printed', async () => {
    const [a, b] = [
      await run('verify', '--law', 'network/rescaling', '--runs', '5', '--seed', '0', '--json'),
      await run('verify', '--law', 'network/rescaling', '--runs', '5', '--seed', '0', '--json'),
    ];
    expect(a.out).toBe(b.out);
    expect(JSON.parse(a.out)).toMatchObject({ seed: 0, checks: [{ runs: 5 }] });
  });

  test('a fresh seed differs from run to run, and replays by its number', async () => {
    const once = async (seed: string) =>
      JSON.parse((await run('verify', '--law', 'perceptron/flip', '--seed', seed, '--json')).out) as {
        seed: number;
        checks: { seed: number }[];
      };
    const fresh = await once('fresh');
    expect(fresh.seed).not.toBe((await once('fresh')).seed);
    expect((await once(String(fresh.seed))).checks).toEqual(fresh.checks);
  });

  test('--list runs nothing and names laws, subjects and statements', async () => {
    const { code, out } = await run('verify', '--list', '--law', 'loss/value');
    expect(code).toBe(0);
    expect(out).toMatch(
      /^loss\/value\s+bce bce_with_logits mse mae huber hinge softmax_cross_entropy kl\s+the loss of a batch/,
    );
  });
});

describe('faults end in one sentence and the right code', () => {
  const cases: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ['unknown law', ['verify', '--law', 'nope/*'], 2, /no law matches "nope\/\*", known are meta\/\*, convention\/\*/],
    ['unknown file', ['verify', 'nowhere.ts'], 2, /verify: there is no file nowhere\.ts$/],
    ['unknown replay', ['verify', '--replay', 'nothing.json'], 2, /replay: there is no file nothing\.json$/],
    ['unknown command', ['verfy'], 2, /unknown command 'verfy'[\s\S]*verify/],
    ['unknown option', ['verify', '--sed', '1'], 2, /unknown option '--sed'/],
    ['bad number', ['verify', '--seed', 'x'], 2, /it must be an integer of at least 0/],
    ['unknown table', ['list', 'opps'], 2, /list: there is no table "opps", known are ops/],
    [
      'unknown row',
      ['explain', 'nothing_like_it'],
      2,
      /"nothing_like_it"; `list laws` and `list ops` name what there is$/,
    ],
    ['a slip in a row', ['explain', 'leaky_rellu'], 2, /no row is called "leaky_rellu"; did you mean "leakyRelu"\?$/],
    [
      'live page in a clone',
      ['live', '-o', 'never.html'],
      2,
      /live: .* from a clone `npm run live` builds reports\/live.html/,
    ],
    ['unknown operation', ['bench', '--filter', 'conv*'], 2, /bench: no operation matches "conv\*", known are add/],
  ];
  for (const [name, args, code, sentence] of cases)
    test(name, async () => {
      const ran = await run(...args);
      expect(ran.code).toBe(code);
      expect(ran.err.trim()).toMatch(sentence);
      expect(ran.err).not.toMatch(/\n\s+at /);
    });

  test('adapters that cannot be loaded are the port’s fault; --debug shows the stack', async () => {
    expect(await run('verify', adapter('dies', 'throw new Error("no GPU");'))).toMatchObject({
      code: 3,
      err: 'tautograd: verify: dies.mjs cannot be loaded: no GPU\n',
    });
    expect((await run('verify', adapter('empty', 'export default 3;'))).err).toBe(
      'tautograd: verify: the default export of empty.mjs must be made by definePort, got number\n',
    );
    expect(
      (
        await run(
          'verify',
          adapter(
            'kind',
            "export default definePort({ engine: 'k', version: '1', dtype: 'f64', entries: { lossez: {} } });",
          ),
        )
      ).err,
    ).toMatch(/unknown kind "lossez", known are activation/);
    const { code, err } = await run('--debug', 'verify', 'dies.mjs');
    expect(code).toBe(3);
    expect(err).toMatch(/\n\s+at /);
  });

  test('a file that is no counterexample', async () => {
    writeFileSync(join(home, 'bad.json'), '{');
    writeFileSync(join(home, 'other.json'), '{"schema":1}');
    expect((await run('verify', '--replay', 'bad.json')).err).toMatch(/replay: bad\.json is not JSON/);
    expect((await run('verify', '--replay', 'other.json')).err).toMatch(/other\.json is no stored counterexample/);
    writeFileSync(join(home, 'old.json'), '{"schema":1,"law":"loss/value","subject":"mse","input":{"z":1}}');
    expect(await run('verify', '--replay', 'old.json')).toMatchObject({
      code: 2,
      err: 'tautograd: replay: the stored values do not fit loss/value as it is now\n',
    });
  });
});

describe('the rest', () => {
  test('the course shows the perceptron, the certificate and the network', async () => {
    const { code, out } = await run('course', '--only', 'perceptron,xor');
    expect(code).toBe(0);
    expect(out).toMatch(
      /AND is learnt without error[\s\S]*OR is learnt without error[\s\S]*α = \(1, 1, 1, 1\)[\s\S]*2 of 2 claims hold/,
    );
  });

  test('list and explain read the tables', async () => {
    expect((await run('list', 'optimizers')).out).toMatch(/adam\s+first and second moments/);
    for (const [asked, row] of [
      ['leaky_relu', 'leakyRelu'], // as ports and cards spell it
      ['softmax_cross_entropy', 'softmaxCrossEntropy'],
    ] as const)
      expect(await run('explain', asked)).toEqual(await run('explain', row));
    const { out } = await run('explain', 'activation/derivative');
    expect(out).toMatch(/tfjs #7251/);
    expect(out).toMatch(/sigmoid\/slope-from-output/);
    expect(JSON.parse((await run('explain', 'tanh', '--json')).out)).toMatchObject([
      { table: 'ops', formula: 'tanh(x)' },
    ]);
  });

  test('bench times what it is asked, as JSON', async () => {
    const { code, out } = await run('bench', '--filter', 'neg', '--time', '10', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      kernels: { schema: 1, rows: [{ op: 'neg' }, { op: 'neg' }, { op: 'neg' }] },
    });
  });
});
