// The sweep as people and schedulers run it: interrupted at any moment, in any number of shards, it comes to the same.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Axes, TIER_NAMES, TIERS } from '../../bench/sweep/tiers.ts';
import { fromJson, keyOf, uniform } from '../index.ts';
import { type AxisOptions, axesOf } from './axes.ts';
import { TIERS_NAMED } from './sweeps.ts';
import { terminal } from './terminal.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const { home, leave, run } = terminal('sweep');
const at = (name: string): string => join(home, name);
const text = (name: string): string => readFileSync(at(name), 'utf8');
const lines = (name: string): readonly string[] => text(name).split('\n').slice(0, -1);
const idsIn = (name: string): readonly string[] => lines(name).map((line) => (fromJson(line) as { id: string }).id);

/** As many as 20 processes that live for some runs each cannot finish. */
const GRID = [
  '--mode',
  'defaults',
  '--problems',
  'xor',
  '--optimizers',
  'sgd,adam,lion',
  '--initializers',
  'zeros,heNormal',
];
const LONG = [...GRID, '--seeds', '120', '--steps', '40'];
const SHORT = [...GRID, '--seeds', '4', '--steps', '20'];
const TUNED = [
  '--problems',
  'xor',
  '--optimizers',
  'adam',
  '--initializers',
  'heNormal,zeros',
  '--seeds',
  '2',
  '--steps',
  '20',
];

/** Text that merged files have, whatever was done before. */
const merged = async (...files: readonly string[]): Promise<string> => {
  const { code, err } = await run('merge', ...files, '-o', 'merged');
  expect(err).toBe('');
  expect(code).toBe(0);
  return text('merged');
};

beforeAll(async () => {
  expect((await run('plan', ...LONG, '-o', 'long.plan')).out).toBe('wrote long.plan: round 1, 720 runs\n');
  expect((await run('plan', ...SHORT, '-o', 'short.plan')).out).toBe('wrote short.plan: round 1, 24 runs\n');
  expect((await run('run', '--plan', 'short.plan', '-o', 'short.jsonl', '--workers', '1')).code).toBe(0);
}, 300_000);
afterAll(leave);

/** Many processes, on whatever machine. */
const LIMIT = 600_000;

describe('interruptions', { timeout: LIMIT }, () => {
  /** Begins a shard, and signals after some ms from its first record on. */
  const interrupted = (out: string, signal: 'SIGKILL' | 'SIGINT' | 'SIGTERM', wait: number, workers = '1') =>
    new Promise<{ readonly code: number | null; readonly ended: string | null; readonly err: string }>((resolve) => {
      const before = existsSync(at(out)) ? statSync(at(out)).size : 0;
      const args = ['sweep', 'run', '--plan', 'long.plan', '--resume', '-o', out, '--workers', workers];
      const child = spawn(process.execPath, [MAIN, ...args], { cwd: home, stdio: ['ignore', 'ignore', 'pipe'] });
      let err = '';
      child.stderr.on('data', (data) => {
        err += data;
      });
      const watch = setInterval(() => {
        if (!existsSync(at(out)) || statSync(at(out)).size <= before) return;
        clearInterval(watch);
        setTimeout(() => child.kill(signal), wait);
      }, 1);
      child.on('exit', (code, ended) => {
        clearInterval(watch);
        resolve({ code, ended, err });
      });
    });

  test(
    'twenty times by SIGKILL at random moments: nothing is lost, nothing made twice, and the result is the same',
    async () => {
      const moments = uniform(keyOf(7), [20]).toArray();
      let kept = 0;
      for (const [i, moment] of moments.entries()) {
        const workers = i % 4 === 0 ? '1' : '0'; // in a thread, or in that of the command
        expect((await interrupted('killed.jsonl', 'SIGKILL', moment * 30, workers)).ended).toBe('SIGKILL');
        const now = lines('killed.jsonl').length;
        expect(now).toBeGreaterThan(kept);
        kept = now;
      }
      expect(kept).toBeLessThan(720); // the last one still had work
      expect((await run('status', '--plan', 'long.plan', 'killed.jsonl')).code).toBe(3);
      const last = await run('run', '--plan', 'long.plan', '--resume', '-o', 'killed.jsonl', '--json');
      expect(JSON.parse(last.out)).toMatchObject({ made: 720 - kept, left: 0 });
      expect(new Set(idsIn('killed.jsonl')).size).toBe(lines('killed.jsonl').length);

      expect((await run('run', '--plan', 'long.plan', '-o', 'whole.jsonl')).code).toBe(0);
      expect(await merged('killed.jsonl')).toBe(await merged('whole.jsonl'));
      expect((await run('status', '--plan', 'long.plan', 'killed.jsonl')).code).toBe(0);
    },
    LIMIT,
  );

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    test(`${signal} finishes the runs under way, and says how to go on`, async () => {
      const out = `${signal}.jsonl`;
      const { code, err } = await interrupted(out, signal, 20, '2');
      expect(code).toBe(3);
      const made = lines(out).length;
      expect(text(out).endsWith('\n')).toBe(true);
      expect(err).toBe(
        `tautograd: sweep: stopped (${signal}) after ${made} runs, all of them kept; go on with --resume; ${720 - made} runs are left that can be made now\n`,
      );
    });

  test('time that is over ends a shard too', async () => {
    const { code, err } = await run('run', '--plan', 'long.plan', '-o', 'timed.jsonl', '--max-seconds', '0.001');
    expect(err).toMatch(/^tautograd: sweep: stopped \(0\.001 s are over\) after \d+ runs/);
    expect(code).toBe(3);
  });

  test('a torn last line loses exactly its run', async () => {
    writeFileSync(at('torn.jsonl'), text('short.jsonl'));
    truncateSync(at('torn.jsonl'), statSync(at('torn.jsonl')).size - 5);
    const status = await run('status', '--plan', 'short.plan', 'torn.jsonl');
    expect(status.code).toBe(3);
    expect(status.out).toContain('23 of 24 runs are done, 1 are missing');
    expect(status.out).toContain('the last line of torn.jsonl is torn; its run counts as missing');
    const { out } = await run('run', '--plan', 'short.plan', '--resume', '-o', 'torn.jsonl');
    expect(out).toMatch(/^the last line of torn\.jsonl was torn, \d+ bytes were cut off; its run is made again\n/);
    expect(out).toMatch(/1 runs,/);
    expect(await merged('torn.jsonl')).toBe(await merged('short.jsonl'));
  });

  test.skipIf(process.platform === 'win32')(
    'a disk that fills up in the middle of a line (skipped on Windows)',
    async () => {
      const line = `ulimit -f 40; trap '' XFSZ; exec "$0" "$@"`; // as much as 40 blocks may be written
      const limited = await new Promise<{ code: number | null; err: string }>((resolve) => {
        const args = [MAIN, 'sweep', 'run', '--plan', 'short.plan', '-o', 'full.jsonl', '--workers', '1'];
        const child = spawn('bash', ['-c', line, process.execPath, ...args], { cwd: home });
        let err = '';
        child.stderr.on('data', (data) => {
          err += data;
        });
        child.on('exit', (code) => resolve({ code, err }));
      });
      expect(limited.err).toBe(
        'tautograd: sweep: full.jsonl cannot be written: the file would be too large; all runs before this one are kept\n',
      );
      expect(limited.code).toBe(2);
      const kept = lines('full.jsonl').length;
      expect(kept).toBeGreaterThan(0);
      expect(text('full.jsonl').endsWith('\n')).toBe(true);
      expect((await run('run', '--plan', 'short.plan', '--resume', '-o', 'full.jsonl')).out).toContain(
        `${24 - kept} runs`,
      );
      expect(await merged('full.jsonl')).toBe(await merged('short.jsonl'));
    },
  );
});

describe('shards', { timeout: LIMIT }, () => {
  test('of any number and any number of threads, as schedulers name them, come to the same', async () => {
    const once = await merged('short.jsonl');
    const { spawn: start } = terminal();
    const shard = (variables: Readonly<Record<string, string>>, ...more: readonly string[]) =>
      start(MAIN, ['sweep', 'run', '--plan', at('short.plan'), '-o', at(`s${variables.N}.jsonl`), ...more], variables);
    const all = await Promise.all([
      shard(
        { N: '1', SLURM_ARRAY_TASK_ID: '10', SLURM_ARRAY_TASK_COUNT: '3', SLURM_ARRAY_TASK_MIN: '10' },
        '--workers',
        '0',
      ),
      shard({ N: '2', JOB_COMPLETION_INDEX: '1' }, '--shards', '3', '--workers', '2'),
      shard({ N: '3', STRATEGY_JOB_INDEX: '2', STRATEGY_JOB_TOTAL: '3' }, '--workers', '1'),
    ]);
    expect(all.map(({ out }) => out.replace(/: .*/s, ''))).toEqual([
      'shard 1/3 (Slurm)',
      'shard 2/3 (Kubernetes)',
      'shard 3/3 (GitHub Actions)',
    ]);
    expect(await merged('s3.jsonl', 's1.jsonl', 's2.jsonl')).toBe(once);
  });

  test(
    'round by round, by whole cells, or all at once: the same sweep',
    async () => {
      await run('plan', ...TUNED, '-o', 'p1');
      let round = 1;
      const files: string[] = [];
      for (;;) {
        files.push(`round${round}.jsonl`);
        expect((await run('run', '--plan', `p${round}`, '-o', `round${round}.jsonl`, '--workers', '0')).code).toBe(0);
        round += 1;
        const { out } = await run('plan', '--plan', `p${round - 1}`, ...files, '-o', `p${round}`, '--json');
        if (JSON.parse(out).runs === 0) break;
      }
      expect(round).toBeGreaterThan(2);
      for (const i of ['1', '2'])
        await run('run', '--plan', 'p1', '--cells', '--shard', `${i}/2`, '-o', `cells${i}.jsonl`, '--workers', '0');
      const once = await run(...TUNED, '--out', 'reports', '--workers', '1');
      expect(once.err).toBe('');
      expect(once.out).toMatch(/✓ instrument: .*\n✓ sweep: \d+ runs/);
      expect(existsSync(at('reports/sweep'))).toBe(true);
      const { name } = JSON.parse((await run('plan', ...TUNED, '-o', 'p1', '--json')).out);
      const text = await merged(...files);
      expect(await merged('cells2.jsonl', 'cells1.jsonl')).toBe(text);
      expect(await merged(`.tautograd/sweep/${name}.jsonl`)).toBe(text);
      const report = await run('report', '--plan', 'p1', 'merged', '--json');
      const { summary, checks } = JSON.parse(report.out);
      expect(summary.protocol.seeds).toEqual([1, 2]);
      expect(checks.length).toBeGreaterThan(5);
      expect(report.code).toBe(0);
    },
    LIMIT,
  );
});

describe('bad input is a sentence', { timeout: LIMIT }, () => {
  const config = (value: unknown): AxisOptions => {
    writeFileSync(at('config.json'), typeof value === 'string' ? value : JSON.stringify(value));
    return { config: at('config.json') };
  };
  const axes: readonly (readonly [string, () => AxisOptions, RegExp])[] = [
    ['a problem', () => ({ problems: 'xorr' }), /^problem: no row is called "xorr".*did you mean "xor"\?$/],
    ['an optimizer', () => ({ optimizers: 'adm' }), /^optimizer: no row is called "adm".*did you mean "adam"\?$/],
    ['a glob', () => ({ optimizers: 'x*' }), /^sweep: no optimizer matches "x\*", known are sgd/],
    ['a dialect', () => ({ optimizers: 'adam:kera' }), /^dialect of adam: .*did you mean "keras"\?$/],
    ['an initializer', () => ({ initializers: 'heNorma' }), /^initializer: .*did you mean "heNormal"\?$/],
    ['a schedule', () => ({ schedules: 'cosin' }), /^schedule: .*did you mean "cosine"\?$/],
    ['a wrapper', () => ({ wrappers: 'lookahead+sax' }), /^wrapper: .*did you mean "sam"\?$/],
    ['a variant', () => ({ variants: 'dropRate=2' }), /^sweep: a variant is none, or some of .*got "dropRate=2"$/],
    ['no number', () => ({ variants: 'l2=' }), /^sweep: a variant is none, or some of .*got "l2="$/],
    ['budgets', () => ({ budgets: '1,x' }), /^sweep: budgets are integers above 0 with commas, got "1,x"$/],
    [
      'no file',
      () => ({ config: 'nowhere.json' }),
      /^sweep: nowhere\.json cannot be read as JSON: there is no such file$/,
    ],
    ['a file that is no JSON', () => config('{'), /^sweep: .*config\.json cannot be read as JSON: /],
    ['another key', () => config({ optimisers: ['sgd'] }), /config\.json: Unrecognized key: "optimisers"$/],
    ['an empty grid', () => config({ optimizers: [] }), /config\.json: optimizers: .*>=1 items$/],
    ['a number out of range', () => config({ seeds: 0 }), /config\.json: seeds: /],
  ];
  for (const [name, options, message] of axes)
    test(name, () => {
      expect(() => axesOf(options())).toThrow(message);
    });

  const faults: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a tier', ['--tier', 'huge'], /Allowed choices are smoke, brief, standard, full/],
    ['the same seeds twice', ['--seeds', '2000'], /no seed may be tuned and reported on/],
    ['an unknown row', ['--problems', 'xorr'], /did you mean "xor"\?/],
    ['no plan', ['run', '--plan', 'nowhere'], /sweep: nowhere cannot be read: there is no such file/],
    ['records as a plan', ['run', '--plan', 'short.jsonl'], /sweep: line 1 of short\.jsonl is not of a plan/],
    ['a plan as records', ['merge', 'short.plan', '-o', 'x'], /sweep: line 1 of short\.plan is no record/],
    ['a shard', ['run', '--plan', 'short.plan', '--shard', '3/2'], /a shard is i\/n with 1 ≤ i ≤ n, got "3\/2"/],
    ['a file that exists', ['run', '--plan', 'short.plan', '-o', 'short.jsonl'], /exists; --resume goes on with it/],
  ];
  test(
    'with exit code 2',
    async () => {
      for (const [name, args, message] of faults) {
        const { code, err, out } = await run(...args);
        expect(err, name).toMatch(message);
        expect(err, name).not.toContain('a defect of tautograd');
        expect({ code, out }, name).toEqual({ code: 2, out: '' });
      }
    },
    LIMIT,
  );

  test('the names of the tiers are those of the table', () => {
    expect(TIERS_NAMED).toEqual(TIER_NAMES);
  });

  test('a report of what is not complete says so, with code 3', async () => {
    writeFileSync(at('none.jsonl'), '');
    const { code, err } = await run('report', '--plan', 'short.plan', 'none.jsonl');
    expect(err).toBe('tautograd: sweep: 24 runs are missing that can be made now; sweep status says more\n');
    expect(code).toBe(3);
  });

  test('one run with two results is a falsification: code 1', async () => {
    writeFileSync(at('other.jsonl'), text('short.jsonl').replace(/"finalLoss":[\d.e-]+/, '"finalLoss":7'));
    const { code, err } = await run('merge', 'short.jsonl', 'other.jsonl', '-o', 'x');
    expect(err).toMatch(
      /^tautograd: sweep: r-[0-9a-f]{16} has two results: digest .* in short\.jsonl and .* in other\.jsonl/,
    );
    expect(code).toBe(1);
    expect(existsSync(at('x'))).toBe(false);
  });
});

describe('axes', () => {
  const of = (options: AxisOptions): Axes => axesOf({ mode: 'defaults', ...options });

  test('options and a file say the same', () => {
    const fromOptions = of({
      problems: 'xor',
      optimizers: 'sgd,adam:keras',
      initializers: 'he*Out,rbm',
      schedules: 'none,cosine',
      wrappers: 'none,lookahead+ema',
      variants: 'none,batchNorm+dropRate=0.5,batch=2',
    });
    writeFileSync(
      at('axes.json'),
      JSON.stringify({
        problems: ['xor'],
        optimizers: [{ name: 'sgd' }, { name: 'adam', dialect: 'keras' }],
        initializers: ['heUniformFanOut', 'heNormalFanOut', 'rbm'],
        schedules: ['none', { name: 'cosine' }],
        wrappers: ['none', ['lookahead', 'ema']],
        variants: [{}, { batchNorm: true, dropRate: 0.5 }, 'batch=2'],
      }),
    );
    expect(of({ config: at('axes.json') })).toEqual(fromOptions);
    expect(fromOptions.optimizers.length).toBe(8);
    expect(fromOptions.optimizers).toContainEqual({
      name: 'adam',
      dialect: 'keras',
      schedule: { name: 'cosine' },
      wrappers: [{ name: 'lookahead' }, { name: 'ema' }],
    });
    expect(fromOptions.variants).toEqual([{}, { batchNorm: true, dropRate: 0.5 }, { batch: 2 }]);
  });

  test('an option comes before the file, the file before the tier, and globs take every row that fits', () => {
    writeFileSync(at('axes.json'), JSON.stringify({ tier: 'smoke', optimizers: ['sgd'], initializers: ['zeros'] }));
    const { optimizers, initializers, seeds } = axesOf({ config: at('axes.json'), optimizers: 'adam*,adam:*' });
    expect(optimizers).toEqual([
      ...['adamax', 'adam', 'adamw'].map((name) => ({ name })),
      ...['paper', 'torch', 'keras', 'optax'].map((dialect) => ({ name: 'adam', dialect })),
    ]);
    expect(initializers).toEqual(['zeros']);
    expect(seeds).toBe(TIERS.smoke.seeds);
  });
});
