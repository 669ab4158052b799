// Known results under test: exact intervals, and claims that come out when they are so and do not when they are not.
import { describe, expect, test } from 'vitest';
import { pairedRankTest } from '../statistics.ts';
import { idOf, type RunConfig } from './config.ts';
import { KNOWN, runKnown } from './known.ts';
import { problemRow } from './problems/index.ts';
import type { RunRecord } from './record.ts';
import { lowestOf, pairedMedian, shareOf, windowed } from './shift.ts';
import type { Runner } from './sweep.ts';

const INF = Number.POSITIVE_INFINITY;
const define = async (): Promise<string> => '';

/** A record of a run that was never made. */
const made = (config: RunConfig, finalLoss: number, more: Partial<RunRecord> = {}): RunRecord => ({
  id: idOf(config),
  config,
  status: finalLoss === INF ? 'diverged' : 'ok',
  streams: '',
  losses: [1, finalLoss],
  finalLoss,
  bestLoss: finalLoss,
  stepsToTarget: INF,
  gradientsPerStep: 1,
  testLoss: finalLoss,
  score: 1 - finalLoss,
  unitSpread: 1,
  slotsPerParameter: 0,
  traces: [],
  timing: { seconds: 0, secondsToTarget: INF },
  ...more,
});

/** Makes runs by a rule for their loss. */
const feigned =
  (lossOf: (config: RunConfig) => number, more: (config: RunConfig) => Partial<RunRecord> = () => ({})): Runner =>
  async (runs, done) => {
    for (const run of runs) done(made(run, lossOf(run), more(run)));
  };

const judged = async (id: string, runner: Runner) => {
  const rows = KNOWN.filter((row) => row.id === id);
  const { results } = await runKnown({ rows, runner, define });
  return results[0];
};

/** Between 0 and 1, by the seed. */
const jitter = ({ seed }: RunConfig): number => ((seed * 7919) % 101) / 101;
/** Larger the further a rate is from the best. */
const valley = (lr: number, best: number, width: number): number => (Math.log10(lr / best) / width) ** 2;

describe('intervals of paired seeds', () => {
  test('the median difference lies between two of the differences, by the chances of coins', () => {
    const a = Array.from({ length: 20 }, (_, i) => i + 1);
    const zeros = a.map(() => 0);
    // 2·P(at most 3 heads of 20) = 0.0026 and 2·P(at most 4) = 0.0118
    expect(pairedMedian(a, zeros)).toEqual({ estimate: 10.5, low: 4, high: 17, n: 20 });
    expect(pairedMedian(a, zeros, 0.98)).toMatchObject({ low: 5, high: 16 });
    expect(pairedMedian(a.slice(0, 8), zeros.slice(0, 8))).toMatchObject({ low: 1, high: 8 });
    expect(pairedMedian(a.slice(0, 7), zeros.slice(0, 7))).toMatchObject({ low: -INF, high: INF });
    expect(() => pairedMedian([1], [])).toThrow('got 1 and 0');
  });

  test('failures: two tie, one is infinitely far', () => {
    const a = [INF, INF, 1, 1, 1, 1, 1, 1, 1, 1];
    const b = [INF, 1, INF, 2, 2, 2, 2, 2, 2, 2];
    expect(pairedMedian(a, b)).toEqual({ estimate: -1, low: -INF, high: INF, n: 10 });
  });

  test('an interval on one side of 0 goes with a small p of the rank test', () => {
    const a = Array.from({ length: 20 }, (_, i) => i + 1);
    const b = a.map((v, i) => v + (i < 3 ? -0.5 : 1));
    expect(pairedMedian(a, b).high).toBeLessThan(0);
    expect(pairedRankTest(a, b).p).toBeLessThan(0.01);
  });

  test('shares: the exact interval', () => {
    expect(shareOf(10, 10).low).toBeCloseTo(0.005 ** (1 / 10), 10);
    expect(shareOf(0, 10).high).toBeCloseTo(1 - 0.005 ** (1 / 10), 10);
    const { low, high } = shareOf(5, 10);
    expect([low, high].map((v) => v.toFixed(3))).toEqual(['0.128', '0.872']); // Clopper & Pearson 1934, chart of 0.99
    expect(low + high).toBeCloseTo(1, 10);
    expect(() => shareOf(0, 0)).toThrow('got none');
  });

  test('windows of rates', () => {
    expect(lowestOf([3, 1, 2, 1])).toBe(1);
    expect(windowed([[5], [1], [3], [4]], 1)).toEqual([[5], [1], [3]]);
  });
});

describe('claims', () => {
  test('every row has words, and asks for problems that exist', () => {
    expect(new Set(KNOWN.map(({ id }) => id)).size).toBe(KNOWN.length);
    for (const { claim, source, asks } of KNOWN) {
      expect(claim.length).toBeGreaterThan(20);
      expect(source).toMatch(/\d{4}/);
      for (const name of asks.problems) expect(problemRow(name).steps).toBeGreaterThan(0);
    }
  });

  test.each(['he-relu', 'rbm-rescue'])('%s comes out when it is so, and only then', async (id) => {
    const side = (better: string) =>
      feigned((c) => (c.initializer === better ? 0.1 : 0.5) + 0.01 * jitter(c) + valley(c.lr, 0.1, 4));
    const [better, worse] = id === 'he-relu' ? ['heNormal', 'xavierNormal'] : ['rbm', 'xavierNormal'];
    expect(await judged(id, side(better as string))).toMatchObject({ verdict: 'came out', n: 20 });
    expect(await judged(id, side(worse as string))).toMatchObject({ verdict: 'did not' });
    const chance = feigned(
      (c) => 0.1 + jitter({ ...c, seed: c.seed + (c.initializer === worse ? 40 : 0) }) + valley(c.lr, 0.1, 4),
    );
    expect(await judged(id, chance)).toMatchObject({ verdict: 'did not' });
    const fails = feigned((c) => (c.initializer === better ? 0.1 + valley(c.lr, 0.1, 4) : INF));
    expect(await judged(id, fails)).toMatchObject({ verdict: 'came out', high: -INF });
  });

  test('he-tanh asks for less of an edge than on ReLU', async () => {
    const edges = (relu: number, tanh: number) =>
      feigned((c) => {
        const edge = c.problem === 'deepRelu20' ? relu : tanh;
        return 0.5 * (c.initializer === 'heNormal' ? 10 ** -edge : 1) + valley(c.lr, 0.1, 40);
      });
    expect(await judged('he-tanh', edges(0.5, 0))).toMatchObject({ verdict: 'came out' });
    expect(await judged('he-tanh', edges(0.5, -0.5))).toMatchObject({ verdict: 'came out' });
    expect(await judged('he-tanh', edges(0.5, 0.5))).toMatchObject({ verdict: 'did not', estimate: 0 });
    expect(await judged('he-tanh', edges(0, 0.5))).toMatchObject({ verdict: 'did not' });
  });

  test('batch-norm-basin counts decades of rate that reach the target', async () => {
    const widths = (normed: number, plain: number) =>
      feigned((c) => 0.2 + valley(c.lr, 0.1, c.variant.batchNorm === true ? normed : plain));
    // at most 0.1 above 0.2 at 1 and 3 rungs on either side of the best: 3 and 7 rungs of half a decade
    expect(await judged('batch-norm-basin', widths(5, 2))).toMatchObject({ verdict: 'came out', estimate: 2 });
    expect(await judged('batch-norm-basin', widths(2, 5))).toMatchObject({ verdict: 'did not', estimate: -2 });
    expect(await judged('batch-norm-basin', widths(2, 2))).toMatchObject({ verdict: 'did not', estimate: 0 });
  });

  test('adam-sensitivity asks for what both reach', async () => {
    const widths = (adam: number, sgd: number) =>
      feigned((c) => 0.2 + valley(c.lr, 0.1, c.optimizer.name === 'adam' ? adam : sgd));
    expect(await judged('adam-sensitivity', widths(10, 3))).toMatchObject({ verdict: 'came out' });
    expect(await judged('adam-sensitivity', widths(3, 10))).toMatchObject({ verdict: 'did not' });
    expect(await judged('adam-sensitivity', widths(3, 3))).toMatchObject({ verdict: 'did not', estimate: 0 });
  });

  test('zeros: one run whose units come apart is enough against it', async () => {
    const spread = (c: RunConfig) => (c.initializer === 'zeros' ? 0 : 1);
    expect(
      await judged(
        'zeros',
        feigned(
          () => 1,
          (c) => ({ unitSpread: spread(c) }),
        ),
      ),
    ).toMatchObject({
      verdict: 'came out',
      estimate: 1,
      high: 1,
    });
    const one = (c: RunConfig) => ({ unitSpread: c.seed === 7 && c.problem === 'moons' ? 1e-16 : spread(c) });
    expect(
      await judged(
        'zeros',
        feigned(() => 1, one),
      ),
    ).toMatchObject({ verdict: 'did not' });
    expect(
      await judged(
        'zeros',
        feigned(
          () => 1,
          () => ({ unitSpread: 0 }),
        ),
      ),
    ).toMatchObject({ verdict: 'did not' });
  });

  test('AMSGrad wins Reddi’s problem, for real', async () => {
    const rows = KNOWN.filter(({ id }) => id === 'amsgrad-reddi');
    const labels: string[] = [];
    const { results, known } = await runKnown({ rows, onProgress: ({ label }) => labels.push(label) });
    expect(results[0]).toMatchObject({ verdict: 'came out', n: 8 / 2 });
    expect(results[0]?.high).toBeLessThan(-0.5);
    expect(known.size).toBe(8); // nothing is drawn: one seed each
    expect(labels[0]).toContain('amsgrad-reddi: misleading');
  });

  test('zeros never breaks symmetry, for real', async () => {
    const { results } = await runKnown({ rows: KNOWN.filter(({ id }) => id === 'zeros'), seeds: [1, 2] });
    expect(results[0]).toMatchObject({ verdict: 'came out', estimate: 1, n: 8 });
  });
});
