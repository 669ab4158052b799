// Rounds and shards: nothing is left out or made twice, whoever shares it out, and no name moves when an axis grows.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { idOf, type RunConfig } from './config.ts';
import {
  cellsOfShard,
  type Plan,
  parseShard,
  planLines,
  planOf,
  readPlan,
  shardFrom,
  shareOf,
  statusOf,
} from './plan.ts';
import { nextRuns, type Protocol, placesOf } from './protocol.ts';
import { smallAxes } from './samples.ts';
import { StoreFault } from './store.ts';
import { runSweep, sweepInto } from './sweep.ts';
import { type Axes, protocolOf, TIERS } from './tiers.ts';

const dir = mkdtempSync(join(tmpdir(), 'tautograd-plan-'));
afterAll(() => rmSync(dir, { recursive: true }));

const ids = (runs: readonly RunConfig[]): readonly string[] => runs.map(idOf);
const textOf = (plan: Plan): string => [...planLines(plan)].join('');
const tuned: Axes = { ...smallAxes, mode: 'rate', problems: ['xor'], seeds: 2 };
const first = async (axes: Axes): Promise<Plan> => planOf(await protocolOf(axes), new Map(), 1);

describe('names of runs', () => {
  test('do not depend on the order of keys', async () => {
    const [run] = (await first(smallAxes)).runs as [RunConfig];
    const turned = Object.fromEntries(Object.entries(run).reverse()) as unknown as RunConfig;
    expect(Object.keys(turned)).not.toEqual(Object.keys(run));
    expect(idOf(turned)).toBe(idOf(run));
    const undefinedOnes = { ...run, variant: { batch: undefined } } as unknown as RunConfig;
    expect(idOf(undefinedOnes)).toBe(idOf(run));
  });

  const grown: readonly (readonly [string, Axes])[] = [
    ['an optimizer', { ...smallAxes, optimizers: [{ name: 'lion' }, ...smallAxes.optimizers] }],
    ['a dialect', { ...smallAxes, optimizers: [{ name: 'adam', dialect: 'keras' }, ...smallAxes.optimizers] }],
    ['an initializer', { ...smallAxes, initializers: ['orthogonal', ...smallAxes.initializers] }],
    ['a problem', { ...smallAxes, problems: ['breastCancer', ...smallAxes.problems] }],
    ['a variant', { ...smallAxes, variants: [{ batchNorm: true }, {}] }],
    ['a seed', { ...smallAxes, seeds: smallAxes.seeds + 1 }],
  ];
  for (const [what, axes] of grown)
    test(`stay when ${what} is added`, async () => {
      const [before, after] = [ids((await first(smallAxes)).runs), ids((await first(axes)).runs)];
      expect(after).toEqual(expect.arrayContaining([...before]));
      expect(after.length).toBeGreaterThan(before.length);
      expect(new Set(after).size).toBe(after.length);
    });

  test('differ with everything that decides a run', async () => {
    const [run] = (await first(smallAxes)).runs as [RunConfig];
    const others: readonly RunConfig[] = [
      { ...run, lr: run.lr * 2 },
      { ...run, seed: run.seed + 1 },
      { ...run, steps: run.steps + 1 },
      { ...run, definition: 'another' },
      { ...run, variant: { l2: 0.1 } },
      { ...run, optimizer: { ...run.optimizer, schedule: { name: 'cosine' } } },
    ];
    expect(new Set(ids([run, ...others])).size).toBe(others.length + 1);
  });
});

describe('shards', () => {
  test('are disjoint and complete, for every number of them', async () => {
    const { runs } = await first(tuned);
    for (const of of [1, 2, 3, 5, 8, 13, runs.length, runs.length + 3]) {
      const shares = Array.from({ length: of }, (_, i) => shareOf(runs, { index: i + 1, of }));
      const all = shares.flatMap(ids);
      expect(new Set(all).size).toBe(all.length);
      expect([...all].sort()).toEqual([...ids(runs)].sort());
      expect(Math.max(...shares.map((s) => s.length)) - Math.min(...shares.map((s) => s.length))).toBeLessThan(2);
    }
  });

  test('of cells are too, and cells of one ground stay together', async () => {
    const protocol = await protocolOf({ ...smallAxes, mode: 'budget', budgets: [1, 2] });
    const places = placesOf(protocol);
    for (const of of [1, 2, 3, 7, 40]) {
      const owners = places.map((place) =>
        Array.from({ length: of }, (_, i) => i + 1).filter((index) => cellsOfShard(protocol, { index, of })(place)),
      );
      expect(owners.every((own) => own.length === 1)).toBe(true);
      const small = places.map((place, i) => [JSON.stringify({ ...place, budget: 0 }), owners[i]?.[0]] as const);
      expect(new Set(small.map(([ground, owner]) => `${ground} ${owner}`)).size).toBe(
        new Set(small.map(([ground]) => ground)).size,
      );
    }
  });

  test('of cells make all rounds by themselves, and together the whole sweep', async () => {
    for (const axes of [tuned, { ...tuned, mode: 'budget' } as const]) {
      const protocol = await protocolOf(axes);
      const whole = await runSweep(protocol);
      const parts = await Promise.all(
        [1, 2, 3].map((index) => runSweep(protocol, { mine: cellsOfShard(protocol, { index, of: 3 }) })),
      );
      expect(parts.reduce((n, part) => n + part.size, 0)).toBe(whole.size);
      expect(new Set(parts.flatMap((part) => [...part.keys()]))).toEqual(new Set(whole.keys()));
    }
  });

  test('are named from 1', () => {
    expect(parseShard('3/8')).toEqual({ index: 3, of: 8 });
    for (const text of ['0/3', '4/3', '3', '1/2/3', 'a/b', '1.5/2', ' 1/2', ''])
      expect(() => parseShard(text)).toThrow(`sweep: a shard is i/n with 1 ≤ i ≤ n, got "${text}"`);
  });
});

describe('schedulers say which shard a process is', () => {
  const slurm = {
    SLURM_ARRAY_TASK_ID: '7',
    SLURM_ARRAY_TASK_COUNT: '4',
    SLURM_ARRAY_TASK_MIN: '5',
    SLURM_ARRAY_TASK_MAX: '8',
  };
  test('Slurm, wherever its array begins and in whatever steps', () => {
    expect(shardFrom(slurm)).toEqual({ shard: { index: 3, of: 4 }, by: 'Slurm' });
    const stepped = {
      SLURM_ARRAY_TASK_ID: '4',
      SLURM_ARRAY_TASK_COUNT: '3',
      SLURM_ARRAY_TASK_MIN: '0',
      SLURM_ARRAY_TASK_STEP: '2',
    };
    expect(shardFrom(stepped).shard).toEqual({ index: 3, of: 3 });
  });
  test('Kubernetes, which does not say how many', () => {
    expect(shardFrom({ JOB_COMPLETION_INDEX: '0' }, 6)).toEqual({ shard: { index: 1, of: 6 }, by: 'Kubernetes' });
    expect(() => shardFrom({ JOB_COMPLETION_INDEX: '2' })).toThrow(
      'sweep: Kubernetes says that this is number 3, but not of how many: --shards is needed',
    );
    expect(() => shardFrom({ JOB_COMPLETION_INDEX: '6' }, 6)).toThrow(/number 7 of 6, which cannot be$/);
  });
  test('GitHub Actions, as a workflow hands it on', () => {
    expect(shardFrom({ STRATEGY_JOB_INDEX: '1', STRATEGY_JOB_TOTAL: '4' }).shard).toEqual({ index: 2, of: 4 });
  });
  test('nobody: all of it', () => {
    expect(shardFrom({})).toEqual({ shard: { index: 1, of: 1 }, by: null });
    expect(shardFrom({ SLURM_ARRAY_TASK_ID: '' }).by).toBe(null);
    expect(() => shardFrom({}, 4)).toThrow(/which of the 4 shards this is must be named/);
  });
});

describe('a plan is a file', () => {
  const path = join(dir, 'plan.jsonl');

  test('and is read as it was written; the same sweep is the same text', async () => {
    const plan = await first(tuned);
    writeFileSync(path, textOf(plan));
    expect(readPlan(path)).toEqual(plan);
    expect(textOf(await first(tuned))).toBe(textOf(plan));
    expect([...ids(plan.runs)].sort()).toEqual(ids(plan.runs));
  });

  test('round after round, until nothing is missing; whatever the order of what is known', async () => {
    const protocol = await protocolOf(tuned);
    let known = new Map<string, { readonly finalLoss: number; readonly status: 'ok' | 'diverged' | 'error' }>();
    const whole = await runSweep(protocol);
    let rounds = 0;
    for (let plan = planOf(protocol, known, 1); plan.runs.length > 0; plan = planOf(protocol, known, plan.round + 1)) {
      rounds += 1;
      expect(statusOf(plan, known)).toMatchObject({ planned: plan.runs.length, done: 0, missing: plan.runs.length });
      for (const run of plan.runs) {
        const record = whole.get(idOf(run));
        if (record === undefined) throw new Error(`${idOf(run)} is not of the whole sweep`);
        known.set(record.id, record);
      }
      known = new Map([...known].reverse());
      expect(statusOf(plan, known)).toMatchObject({ missing: 0, runs: known.size });
    }
    expect(rounds).toBeGreaterThan(1);
    expect(known.size).toBe(whole.size);
    const { cells, complete, next } = statusOf(planOf(protocol, known, 1), known);
    expect({ complete, next }).toEqual({ complete: cells, next: 0 });
  });

  test('that is torn, forged or something else is refused', async () => {
    const text = textOf(await first(smallAxes));
    const faulty: readonly (readonly [string, RegExp])[] = [
      [text.slice(0, -30), /^sweep: line \d+ of .* is not of a plan/],
      [text.slice(0, text.trimEnd().lastIndexOf('\n') + 1), /is torn: it has 17 of 18 runs$/],
      [text.replace('"seed":1,', '"seed":9,'), /is not of a plan/],
      ['', /is empty, and no plan$/],
      ['{"id":1}\n', /^sweep: line 1 of .* is not of a plan, got/],
    ];
    for (const [content, message] of faulty) {
      writeFileSync(path, content);
      expect(() => readPlan(path)).toThrow(StoreFault);
      expect(() => readPlan(path)).toThrow(message);
    }
  });
});

describe('tiers', () => {
  for (const [name, tier] of Object.entries(TIERS))
    test(`${name} is a sweep`, async () => {
      const protocol: Protocol = await protocolOf(tier);
      const places = placesOf(protocol);
      expect(new Set(places.map((place) => JSON.stringify(place))).size).toBe(places.length);
      expect(places.length).toBe(tier.problems.length * tier.optimizers.length * tier.initializers.length);
    });

  test('smoke has 480 runs', async () => {
    expect((await first(TIERS.smoke)).runs.length).toBe(480);
  });

  test('modes that choose have seeds of their own to choose on', async () => {
    const { seeds, tuningSeeds } = await protocolOf(TIERS.brief);
    expect(seeds.length).toBe(20);
    expect(tuningSeeds.length).toBe(3);
    expect(seeds.filter((seed) => tuningSeeds.includes(seed))).toEqual([]);
    await expect(protocolOf({ ...smallAxes, mode: 'rate', seeds: 1001 })).rejects.toThrow(/got 1001 in both/);
  });

  test('an axis without anything on it is refused', async () => {
    for (const axis of ['problems', 'optimizers', 'initializers', 'variants'] as const)
      await expect(protocolOf({ ...smallAxes, [axis]: [] })).rejects.toThrow(
        `sweep: the grid is empty, got no ${axis}`,
      );
  });

  test('schedules fit the budget of their problem, and given numbers stay', async () => {
    const scheduled = [
      { name: 'sgd', schedule: { name: 'warmupStableDecay' } },
      { name: 'sgd', schedule: { name: 'cosine', hyper: { final: 0.1, steps: 7 } } },
    ];
    const protocol = await protocolOf({ ...smallAxes, optimizers: scheduled, steps: 200 });
    const used = new Set(nextRuns(protocol, new Map()).map((run) => JSON.stringify(run.optimizer.schedule)));
    expect([...used].map((text) => JSON.parse(text))).toEqual([
      { name: 'warmupStableDecay', hyper: { steps: 200, warmup: 20, decay: 40 } },
      { name: 'cosine', hyper: { steps: 7, final: 0.1 } },
    ]);
  });
});

test('a signal ends a sweep between two runs, and what is known is not made again', async () => {
  const protocol = await protocolOf(smallAxes);
  const stop = new AbortController();
  let made = 0;
  const half = await sweepInto(protocol, {
    keep: (record) => {
      made += 1;
      if (made === 5) stop.abort();
      return record;
    },
    signal: stop.signal,
  });
  expect(half.size).toBe(5);
  const again: string[] = [];
  const whole = await runSweep(protocol, { known: half, onProgress: ({ label }) => again.push(label) });
  expect(again.length).toBe(whole.size - 5);
});
