// The bench itself under test: statistics, kernels, memory, and reports that read the same every time.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OP_NAMES } from '../src/index.ts';
import { prefixIds } from './chart.ts';
import { drawPools, kernelPlans, runKernels, SIZE_NAMES, taskOf } from './kernels.ts';
import { machineOf } from './machine.ts';
import { figure, time } from './markdown.ts';
import { runMemory } from './memory.ts';
import { runPrograms } from './programs.ts';
import { renderKernels, renderMemory, renderPrograms, writeBenchReports } from './render.ts';
import { holm, mean, median, medianAbsoluteDeviation, pairedRankTest, summarise } from './statistics.ts';
import { inventedSweep, protocolOf } from './sweep/invented.ts';
import { reportOf, sweepFiles } from './sweep/report.ts';

const INF = Number.POSITIVE_INFINITY;

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
    const [eager, compiled] = memory.trainings.map((t) => t.readings.map((r) => r.step));
    expect(eager).toEqual(Array.from({ length: 20 }, (_, i) => 2 * (i + 1)));
    expect(compiled).toEqual(Array.from({ length: 20 }, (_, i) => 20 * (i + 1)));
    const [perStep, scanned] = memory.trainings.map((t) => t.madePerStep);
    expect(perStep).toBeGreaterThan(10_000);
    expect(scanned).toBeLessThan(0.1);
    expect(memory.trainings.every((t) => t.readings.every((r) => r.bytes > 0))).toBe(true);
    expect(memory.operations).toMatchObject([{ op: 'neg', resultBytes: 8 * 2 ** 18 }]);
    expect(renderMemory(memory)).toMatch(/compiled, scanned \| 20 \| .* \| 400 \| [\s\S]*`neg` \| 2 MiB/);
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
    const protocol = protocolOf({ n: 6 });
    const sweep = await reportOf(protocol, await inventedSweep(protocol, ({ seed }) => seed / 100));
    const paths = await writeBenchReports(dir, { kernels, programs, sweep });
    expect(paths.map((path) => path.slice(dir.length + 1))).toEqual([
      ...['json', 'md', 'svg'].map((end) => `bench/kernels.${end}`),
      ...['json', 'md'].map((end) => `bench/programs.${end}`),
      ...(await sweepFiles(sweep)).map(([name]) => `sweep/${name}`),
    ]);
    for (const path of paths) expect((await readFile(path, 'utf8')).length).toBeGreaterThan(100);
    await rm(dir, { recursive: true });
  });
});
