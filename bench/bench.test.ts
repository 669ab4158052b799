// The bench itself under test: pairing, statistics, divergence, tuning, and reports that read the same every time.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  fansOf,
  fold,
  fromJson,
  fromUniforms,
  initializerRow,
  keyOf,
  modelOf,
  OP_NAMES,
  toJson,
  uniform,
} from '../src/index.ts';
import { draw, prefixIds } from './chart.ts';
import { drawPools, kernelPlans, runKernels, SIZE_NAMES, taskOf } from './kernels.ts';
import { machineOf } from './machine.ts';
import { figure, time } from './markdown.ts';
import { runMemory } from './memory.ts';
import { sweepCharts } from './plots.ts';
import { PROBLEM_NAMES, PROBLEMS, type Problem } from './problems.ts';
import { runPrograms } from './programs.ts';
import { renderKernels, renderMemory, renderPrograms, renderSweep, writeBenchReports } from './render.ts';
import { evaluationSteps, hasDiverged, runTrial, trialOf, unitSpread } from './run.ts';
import { holm, mean, median, medianAbsoluteDeviation, pairedRankTest, summarise } from './statistics.ts';
import { runSweep, type SweepReport } from './sweep.ts';
import { factorOf, MOST_EXTRA, RUNGS, rateOf, tune } from './tuning.ts';

const INF = Number.POSITIVE_INFINITY;
const problems = PROBLEM_NAMES.map((name): [typeof name, Problem] => [name, PROBLEMS[name]]);

describe('pairing', () => {
  test.each(problems)('%s: a trial depends on problem and seed only', (name, problem) => {
    const [a, b, other] = [1, 1, 2].map((seed) => trialOf(name, problem, seed, 5));
    expect(a).toEqual(b);
    expect(a?.batches.length).toBe(5);
    expect(a?.initKey).not.toEqual(other?.initKey);
  });

  test('problems draw from different keys under the same seed', () => {
    const keys = problems.map(([name, problem]) => trialOf(name, problem, 1, 1).initKey);
    expect(new Set(keys.map(String)).size).toBe(keys.length);
  });

  test.each(problems)('%s: initializers invert the same uniforms, so their weights have one order', (name, problem) => {
    const { initKey, train } = trialOf(name, problem, 3, 1);
    const weightsOf = (init: string) => {
      const { network } = modelOf({ layers: problem.layers(init), loss: problem.loss });
      return network.init(initKey, train.x.shape.slice(1)).variables.params.map((layer) => layer.w);
    };
    const [bounded, normal] = [weightsOf('xavierUniform'), weightsOf('heNormal')];
    bounded.forEach((w, layer) => {
      if (w === undefined) return;
      const u = uniform(fold(initKey, layer), w.shape);
      const expected = (init: string) => fromUniforms(initializerRow(init), u, fansOf(w.shape)).toArray();
      expect(w.toArray()).toEqual(expected('xavierUniform'));
      expect(normal[layer]?.toArray()).toEqual(expected('heNormal'));
      const order = (values: readonly number[]) =>
        values.map((_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
      expect(order(w.toArray())).toEqual(order(normal[layer]?.toArray() ?? []));
    });
  });

  test.each(problems)('%s: every optimizer and rate starts at the same loss', (name, problem) => {
    const trial = trialOf(name, problem, 4, 2);
    const first = ['sgd', 'adam'].flatMap((optimizer) =>
      [0.001, 1].map((lr) => runTrial(problem, trial, { optimizer, initializer: 'heNormal', lr }, 2).curve[0]),
    );
    expect(new Set(first).size).toBe(1);
  });

  test('the test part never meets the training part, and only the latter is standardised', () => {
    const { train, test: held } = PROBLEMS.breastCancer.data(keyOf(1));
    expect([train.x.shape, held.x.shape]).toEqual([
      [455, 30],
      [114, 30],
    ]);
    const column = Array.from({ length: 455 }, (_, i) => train.x.view[i * 30] ?? 0);
    expect(mean(column)).toBeCloseTo(0, 12);
    expect(mean(Array.from({ length: 114 }, (_, i) => held.x.view[i * 30] ?? 0))).not.toBeCloseTo(0, 6);
  });
});

describe('statistics', () => {
  test('quartiles of known values', () => {
    expect(summarise([4, 1, 3, 2])).toEqual({ n: 4, q1: 1.75, median: 2.5, q3: 3.25 });
    expect(median([5])).toBe(5);
    expect(medianAbsoluteDeviation([1, 2, 4, 8, 16])).toBe(3);
    expect(() => summarise([])).toThrow('at least one value');
  });

  test('a failed run counts as infinite and is never dropped', () => {
    expect(summarise([1, INF, INF])).toEqual({ n: 3, q1: INF, median: INF, q3: INF });
    expect(summarise([1, 2, Number.NaN, 3])).toEqual({ n: 4, q1: 1.75, median: 2.5, q3: INF });
    expect(summarise([INF, INF])).toEqual({ n: 2, q1: INF, median: INF, q3: INF });
    expect([mean([1, INF]), mean([1, Number.NaN]), medianAbsoluteDeviation([INF, INF, 1])]).toEqual([INF, INF, INF]);
  });

  test('the paired test is exact', () => {
    const a = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const higher = a.map((v) => v + v / 100);
    expect(pairedRankTest(a, higher)).toEqual({ aLower: 10, bLower: 0, ties: 0, p: 2 / 1024 });
    expect(pairedRankTest(a, a)).toEqual({ aLower: 0, bLower: 0, ties: 10, p: 1 });
    // differences −1, −2, +3: rank sums 0 … 6, of which 0, 1, 2, 3 | 3, 4, 5, 6 lie at least as far as 3 from 3
    expect(pairedRankTest([0, 0, 3], [1, 2, 0]).p).toBe(1);
    // differences −1, 0, −3 of ranks 2, 1, 3: all signs equal, 2 of 4 patterns
    expect(pairedRankTest([0, 7, 0], [1, 7, 3])).toEqual({ aLower: 2, bLower: 0, ties: 1, p: 0.5 });
    expect(() => pairedRankTest([1], [])).toThrow('got 1 and 0');
  });

  test('in a pair, two failures tie and one failure loses', () => {
    expect(pairedRankTest([INF, 1, Number.NaN], [INF, INF, 2])).toMatchObject({ aLower: 1, bLower: 1, ties: 1 });
  });

  test('Holm', () => {
    const corrected = holm([0.01, 0.04, 0.03]);
    [0.03, 0.06, 0.06].forEach((p, i) => {
      expect(corrected[i]).toBeCloseTo(p, 12);
    });
    expect(holm([0.7, 0.9])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });
});

describe('runs', () => {
  test('what counts as divergence', () => {
    expect([Number.NaN, INF, -INF, 2001, 1e9].map((loss) => hasDiverged(loss, 1))).toEqual(Array(5).fill(true));
    expect([0, 1, 2000].map((loss) => hasDiverged(loss, 1))).toEqual([false, false, false]);
  });

  test('a run that diverges is a status: infinite loss, every test sample wrong', () => {
    const [name, problem] = ['breastCancer', PROBLEMS.breastCancer] as const;
    const trial = trialOf(name, problem, 1, 30);
    const run = runTrial(problem, trial, { optimizer: 'sgd', initializer: 'heNormal', lr: 1e6 }, 10);
    expect(run).toMatchObject({ status: 'diverged', finalLoss: INF, score: 0, stepsToTarget: INF });
    expect(run.curve.length).toBe(evaluationSteps(30, 10).length);
    expect(run.curve.at(-1)).toBe(INF);
  });

  test.each(problems)('%s: from zeros the hidden units stay one, and nothing is learnt', (name, problem) => {
    const trial = trialOf(name, problem, 1, 40);
    for (const optimizer of ['sgd', 'adam']) {
      const run = runTrial(problem, trial, { optimizer, initializer: 'zeros', lr: 0.1 }, 40);
      expect(run.unitSpread).toBe(0);
      expect(run.stepsToTarget).toBe(INF);
      expect(run.finalLoss).toBeGreaterThan(0.6);
    }
  });

  test('the spread of hidden units leaves the last layer out', () => {
    const { network } = modelOf({ layers: PROBLEMS.xor.layers('xavierUniform'), loss: 'bceWithLogits' });
    const { variables } = network.init(keyOf(1), [2]);
    const w = variables.params[0]?.w?.toArray() ?? [];
    const gap = (row: readonly number[]) => Math.max(...row) - Math.min(...row);
    expect(unitSpread(variables)).toBe(Math.max(gap(w.slice(0, 4)), gap(w.slice(4))));
  });

  test('evaluation steps end at the budget', () => {
    expect(evaluationSteps(10, 4)).toEqual([0, 4, 8, 10]);
    expect(evaluationSteps(8, 4)).toEqual([0, 4, 8]);
  });
});

describe('tuning', () => {
  const tuneBy = (loss: (lr: number) => number) => tune(0.01, async (lr) => [loss(lr), loss(lr)]);
  const distanceTo = (best: number) => (lr: number) => Math.abs(Math.log(lr / best));

  test('the ladder of rates', () => {
    expect([-3, -2, -1, 0, 1, 2, 3].map(factorOf)).toEqual([0.03, 0.1, 0.3, 1, 3, 10, 30]);
    expect(rateOf(0.001, 5)).toBe(0.3);
  });

  test('a best rate inside the grid', async () => {
    expect(await tuneBy(distanceTo(0.3))).toMatchObject({ lr: 0.3, status: 'ok' });
  });

  test('the grid is extended while the best lies on its edge', async () => {
    const { lr, status, tried } = await tuneBy(distanceTo(30));
    expect([lr, status, tried.length]).toEqual([30, 'ok', RUNGS.length + 2]);
    expect((await tuneBy(distanceTo(0.003))).lr).toBe(0.003);
  });

  test('a best rate that stays on the edge is marked', async () => {
    const { status, tried } = await tuneBy((lr) => -lr);
    expect([status, tried.length]).toEqual(['edge', RUNGS.length + MOST_EXTRA]);
  });

  test('a tie and a failure leave the default', async () => {
    expect(await tuneBy(() => Math.LN2)).toMatchObject({ lr: 0.01, status: 'tie' });
    expect(await tuneBy(() => INF)).toMatchObject({ lr: 0.01, status: 'failed' });
  });

  test('one failed seed of several spoils a rate', async () => {
    const tuned = await tune(0.01, async (lr) => (lr === 0.1 ? [0, 0, Number.NaN] : [lr, lr, lr]));
    expect(tuned.tried.find((t) => t.lr === 0.1)?.loss).toBe(INF);
  });
});

describe('kernels', () => {
  const pools = drawPools();
  test.each(OP_NAMES)('%s has a benchmark at every size', (op) => {
    const plans = kernelPlans(op);
    expect(plans.map((plan) => plan.size)).toEqual(SIZE_NAMES);
    for (const plan of plans.slice(0, 2)) {
      const result = taskOf(plan, pools).run();
      expect(result.shape).toEqual(plan.result);
      expect(result.toArray().every(Number.isFinite)).toBe(true);
    }
  });

  test('a filter that leaves nothing is refused', async () => {
    await expect(runKernels({ filter: () => false })).rejects.toThrow('got none');
  });

  test('work of a fold is counted from its terms', () => {
    const folds = OP_NAMES.flatMap(kernelPlans).filter((plan) => plan.kind === 'fold');
    // sum over one of two axes: n² additions; product of matrices: 2·n³
    expect(folds.every((plan) => plan.flops > 0)).toBe(true);
    const largest = (op: string) => folds.filter((plan) => plan.op === op).at(-1)?.flops;
    expect([largest('sum'), largest('matmul')]).toEqual([256 ** 2, 2 * 256 ** 3]);
  });
});

describe('reports', () => {
  let sweep: SweepReport;
  const sweepOptions = { seeds: [1, 2], tuningSeeds: [11], mostSteps: 6 } as const;
  beforeAll(async () => {
    sweep = await runSweep(sweepOptions);
  });

  test('the sweep is a function of its options', async () => {
    expect(toJson(await runSweep(sweepOptions))).toBe(toJson(sweep));
  });

  test('seeds to tune on and seeds to report must differ', async () => {
    await expect(runSweep({ seeds: [1, 2], tuningSeeds: [2] })).rejects.toThrow('got 2 in both');
  });

  test('JSON keeps what is not finite, and never says null', () => {
    const text = toJson(sweep);
    expect(text).toContain('"Infinity"');
    expect(text).not.toContain('null');
    expect(fromJson(text)).toEqual(sweep);
    expect(fromJson(toJson([Number.NaN, -INF, [1, 2.5e-9]]))).toEqual([Number.NaN, -INF, [1, 2.5e-9]]);
  });

  test('Markdown depends on the report only, also after a round trip through JSON', () => {
    const again = fromJson(toJson(sweep)) as SweepReport; // what was just written
    expect(renderSweep(again)).toBe(renderSweep(sweep));
    for (const { name } of sweep.protocol.problems) expect(renderSweep(sweep)).toContain(`## ${name}`);
    expect(renderSweep(sweep)).not.toMatch(/NaN|undefined|null/);
  });

  test('charts are the same every time, and their ids never meet', async () => {
    const charts = await sweepCharts(sweep);
    expect(await sweepCharts(sweep)).toEqual(charts);
    const clipped = (name: string) =>
      draw(name, {
        data: { values: [{ x: 1, y: 2 }] },
        mark: { type: 'line', clip: true },
        encoding: { x: { field: 'x', type: 'quantitative' }, y: { field: 'y', type: 'quantitative' } },
      });
    const idsOf = (svg: string) => [...svg.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1]);
    const [a, b] = [await clipped('a'), await clipped('b')];
    const ids = [...charts, a, b].flatMap((chart) => idsOf(chart.svg));
    expect(idsOf(a.svg).length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
    expect(await clipped('a')).toEqual(a);
    for (const [, id] of a.svg.matchAll(/url\(#([^)]+)\)/g)) expect(idsOf(a.svg)).toContain(id);
  });

  test('references follow their ids, and nothing else changes', () => {
    expect(prefixIds('<g id="c7"/><p clip-path="url(#c7)"/><use href="#c7"/><a href="#x"/>', 'p')).toBe(
      '<g id="p-0"/><p clip-path="url(#p-0)"/><use href="#p-0"/><a href="#x"/>',
    );
  });

  test('figures and times', () => {
    expect([INF, 0, 0.00029123, 0.0123456, 123456, 40].map(figure)).toEqual([
      '∞',
      '0',
      '2.91e-4',
      '0.0123',
      '1.23e+5',
      '40',
    ]);
    expect([0.5, 12, 1500, 2.5e6, 3e9].map(time)).toEqual(['0.5 ns', '12 ns', '1.5 µs', '2.5 ms', '3 s']);
  });

  test('the reading of memory sees a training and an operation, and is written as a page', async () => {
    const memory = await runMemory({ steps: 40, filter: (op) => op === 'neg' });
    expect(memory.readings.map((r) => r.step)).toEqual(Array.from({ length: 20 }, (_, i) => 2 * (i + 1)));
    expect(memory.readings.every((r) => r.bytes > 0)).toBe(true);
    expect(memory.operations).toMatchObject([{ op: 'neg', resultBytes: 8 * 2 ** 18 }]);
    expect(renderMemory(memory)).toMatch(/median growth is .* bytes a step[\s\S]*`neg` \| 2 MiB/);
  });

  test('every report is written, and no name of the machine is in it', async () => {
    const progress: number[] = [];
    const kernels = await runKernels({ timePerTask: 1, rounds: 1, filter: (op) => op === OP_NAMES[0] });
    const programs = await runPrograms({
      timePerTask: 1,
      rounds: 1,
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    expect(progress.at(-1)).toBe(1);
    expect(renderKernels(kernels)).toBe(renderKernels(kernels));
    expect(renderPrograms(programs)).not.toMatch(/NaN|undefined|null/);
    expect(JSON.stringify(machineOf())).not.toContain(hostname());
    const dir = await mkdtemp(join(tmpdir(), 'bench-'));
    const paths = await writeBenchReports(dir, { kernels, programs, sweep });
    expect(paths.map((path) => path.slice(dir.length + 1))).toEqual([
      ...['json', 'md', 'svg'].map((end) => `bench/kernels.${end}`),
      ...['json', 'md'].map((end) => `bench/programs.${end}`),
      ...['json', 'md'].map((end) => `sweep/sweep.${end}`),
      ...sweep.protocol.problems.map(({ name }) => `sweep/curves-${name}.svg`),
      'sweep/final-loss.svg',
    ]);
    for (const path of paths) expect((await readFile(path, 'utf8')).length).toBeGreaterThan(100);
    await rm(dir, { recursive: true });
  });
});
