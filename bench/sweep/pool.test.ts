// Worker threads: the same results from any number of them, groups that stay together, and clear ends.
import { describe, expect, test } from 'vitest';
import { idOf, type RunConfig } from './config.ts';
import { dealer, groupOf, poolOf } from './pool.ts';
import { nextRuns } from './protocol.ts';
import { digestOfRecord, type RunRecord } from './record.ts';
import { smallAxes } from './samples.ts';
import { here, runSweep } from './sweep.ts';
import { protocolOf } from './tiers.ts';

const digests = (records: ReadonlyMap<string, RunRecord>): Readonly<Record<string, string>> =>
  Object.fromEntries([...records].map(([id, record]) => [id, digestOfRecord(record)]).sort());

const runsOf = async (): Promise<readonly RunConfig[]> => nextRuns(await protocolOf(smallAxes), new Map());

/** Threads start slowly on a busy machine. */
const LIMIT = 600_000;

describe('a pool', { timeout: LIMIT }, () => {
  test('gives the same results with any number of threads, as none', async () => {
    const protocol = await protocolOf({ ...smallAxes, problems: ['xor'], mode: 'rate', seeds: 1, tuningSeeds: 1 });
    const alone = digests(await runSweep(protocol, { runner: here }));
    expect(Object.keys(alone).length).toBeGreaterThan(25);
    for (const workers of [0, 1, 2, 3]) {
      const pool = poolOf(workers);
      try {
        expect(digests(await runSweep(protocol, { runner: pool.runner }))).toEqual(alone);
        expect(digests(await runSweep(protocol, { runner: pool.runner }))).toEqual(alone);
      } finally {
        await pool.close();
      }
    }
  });

  test('knows how long it will take once it has seen some', async () => {
    const pool = poolOf(1);
    const left: number[] = [];
    expect(pool.secondsLeft()).toBeNaN();
    await pool.runner(await runsOf(), () => left.push(pool.secondsLeft()));
    await pool.close();
    expect(left.every((seconds) => seconds >= 0)).toBe(true);
    expect(left.at(-1)).toBe(0);
    expect(Math.max(...left)).toBeGreaterThan(0);
  });

  test('begins nothing after a signal, and tells of all that it had begun', async () => {
    const runs = await runsOf();
    const pool = poolOf(2);
    const stop = new AbortController();
    const made: string[] = [];
    await pool.runner(
      runs,
      ({ id }) => {
        made.push(id);
        if (made.length === 3) stop.abort();
      },
      stop.signal,
    );
    expect(made.length).toBeGreaterThanOrEqual(3);
    expect(made.length).toBeLessThanOrEqual(3 + 2 * 2);
    await pool.runner(runs, ({ id }) => made.push(id), stop.signal);
    expect(made.length).toBeLessThanOrEqual(3 + 2 * 2);
    await pool.runner(runs, ({ id }) => made.push(id));
    await pool.close();
    expect(new Set(made).size).toBe(runs.length);
  });

  test('passes on what a run or its taker throws', async () => {
    const [run] = (await runsOf()) as [RunConfig];
    const pool = poolOf(1);
    await expect(pool.run({ ...run, problem: 'nothing' })).rejects.toThrow('problem: no row is called "nothing"');
    const full = pool.runner([run], () => {
      throw new Error('no room');
    });
    await expect(full).rejects.toThrow('no room');
    expect((await pool.run(run)).config).toEqual(run);
    await pool.close();
  });

  test('names the run at which a thread ends', async () => {
    const [run] = (await runsOf()) as [RunConfig];
    const quitter = `import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => process.exit(3));`;
    const pool = poolOf(1, new URL(`data:text/javascript,${encodeURIComponent(quitter)}`));
    await expect(pool.run(run)).rejects.toThrow(`sweep: a worker thread ended at ${idOf(run)}: exit code 3`);
    await expect(pool.run(run)).rejects.toThrow(/exit code 3/);
    await pool.close();
  });
});

describe('dealing', () => {
  const grid = async () =>
    nextRuns(
      await protocolOf({ ...smallAxes, optimizers: ['sgd', 'adam', 'lion', 'nadam'].map((name) => ({ name })) }),
      new Map(),
    );

  test('gives every run once, and keeps a thread with its group', async () => {
    const runs = await grid();
    const deal = dealer();
    deal.add(runs);
    const given = [0, 1].map((): RunConfig[] => []);
    for (let turn = 0; ; turn++) {
      const run = deal.next(turn % 2);
      if (run === undefined) break;
      given[turn % 2]?.push(run);
    }
    expect(new Set(given.flat()).size).toBe(runs.length);
    const groups = given.map((own) => new Set(own.map(groupOf)));
    expect([...(groups[0] ?? [])].filter((group) => groups[1]?.has(group))).toEqual([]); // short groups are not shared
    for (const own of given)
      expect(own.filter((run, i) => i > 0 && groupOf(run) !== groupOf(own[i - 1] as RunConfig)).length).toBeLessThan(
        new Set(own.map(groupOf)).size,
      );
  });

  test('shares a group whose rest is worth a second compiled step, once nothing else is left', async () => {
    const runs = await grid();
    const one = runs.filter((run) => run.problem === 'xor' && run.optimizer.name === 'adam');
    const deal = dealer();
    deal.add(one);
    const [first] = [deal.next(0), deal.next(1)];
    expect(first).toBeDefined();
    const slow = { config: one[0], timing: { seconds: 5 } } as unknown as RunRecord; // as much as it looks at
    deal.learn(slow);
    expect(deal.next(1)).toBeDefined();
  });

  test('takes long groups first, as it has learnt', async () => {
    const runs = await grid();
    const deal = dealer();
    for (const run of runs)
      deal.learn({ config: run, timing: { seconds: run.optimizer.name === 'nadam' ? 9 : 1 } } as unknown as RunRecord);
    deal.add(runs);
    expect(deal.next(0)?.optimizer.name).toBe('nadam');
    expect(deal.secondsLeft()).toBeGreaterThan(runs.length);
    deal.drop();
    expect(deal.next(0)).toBe(undefined);
  });
});
