// What solving costs and tuning brings, under test: values worked out by hand and draws counted out.
import { describe, expect, test } from 'vitest';
import {
  basinOf,
  bestQuantile,
  expectedBest,
  expectedSteps,
  gapOf,
  generalisationGap,
  LEAST_GAP,
  meanLogGap,
  penalisedSteps,
  reachedBy,
  sensitivityOf,
} from './effort.ts';

const INF = Number.POSITIVE_INFINITY;

describe('steps to a target', () => {
  test('a failure spends its whole budget, or ten of them', () => {
    expect(expectedSteps([10, 30, INF], 100)).toBe(70);
    expect(expectedSteps([INF, INF], 100)).toBe(INF);
    expect(penalisedSteps([10, 30, INF], 100)).toBeCloseTo(1040 / 3, 12);
    expect(expectedSteps([10, 30], 100)).toBe(penalisedSteps([10, 30], 100));
  });

  test('the share that got there never falls, and counts those that never did', () => {
    expect(reachedBy([30, 10, INF, 10])).toEqual([
      { step: 10, share: 0.5 },
      { step: 30, share: 0.75 },
    ]);
    expect(reachedBy([INF])).toEqual([]);
  });
});

describe('the best of k', () => {
  const values = [5, 1, 4, 2, 8];
  const subsets = (k: number): readonly number[][] =>
    Array.from({ length: 32 }, (_, bits) => values.filter((_, i) => (bits >> i) & 1)).filter((s) => s.length === k);

  test.each([1, 2, 3, 4, 5])('of %i, counted out over all subsets', (k) => {
    const least = subsets(k).map((s) => Math.min(...s));
    expect(expectedBest(values, k)).toBeCloseTo(
      least.reduce((a, v) => a + v / least.length, 0),
      12,
    );
    for (const share of [0.25, 0.5, 0.9]) {
      const at = values
        .toSorted((a, b) => a - b)
        .find((x) => least.filter((v) => v <= x).length / least.length >= share);
      expect(bestQuantile(values, k, share)).toBe(at);
    }
  });

  test('failures count as long as one may be all that is drawn', () => {
    expect([1, 2, 3].map((k) => expectedBest([INF, INF, 3], k))).toEqual([INF, INF, 3]);
    expect([1, 2, 3].map((k) => bestQuantile([INF, INF, 3], k))).toEqual([INF, 3, 3]);
    expect(() => expectedBest([1], 2)).toThrow('got 2');
    expect(() => bestQuantile([1], 0)).toThrow('got 0');
  });
});

describe('learning rates', () => {
  const tried = [0.01, 0.1, 1, 10, 100].map((lr, i) => ({ lr, loss: [0.8, 0.21, 0.2, 0.25, INF][i] ?? INF }));

  test('sensitivity: no rate counts for more than the start', () => {
    expect(sensitivityOf(tried, 0.7)).toBeCloseTo((0.7 + 0.21 + 0.2 + 0.25 + 0.7) / 5 - 0.2, 12);
    expect(sensitivityOf([{ lr: 1, loss: INF }], 0.7)).toBe(INF);
    expect(
      sensitivityOf(
        [
          { lr: 1, loss: 2 },
          { lr: 2, loss: 3 },
        ],
        0.7,
      ),
    ).toBe(0); // nothing is learnt at any rate
    const shifted = tried.map(({ lr, loss }) => ({ lr, loss: loss + 3 }));
    expect(sensitivityOf(shifted, 3.7)).toBeCloseTo(sensitivityOf(tried, 0.7), 12);
  });

  test('the basin: rates next to each other within a tenth of the best', () => {
    expect(basinOf(tried, null)).toEqual({ low: 0.1, high: 1, decades: 1, open: false });
    // above the floor of 0.19 the gaps are 0.02 and 0.01
    expect(basinOf(tried, 0.19)).toEqual({ low: 1, high: 1, decades: 0, open: false });
    expect(basinOf(tried.slice(0, 3), null)?.open).toBe(true);
    expect(basinOf([{ lr: 1, loss: INF }], null)).toBeNull();
    const apart = [1, 2, 1].map((loss, i) => ({ lr: 10 ** i, loss }));
    expect(basinOf(apart, null)).toEqual({ low: 1, high: 1, decades: 0, open: true });
  });
});

describe('losses', () => {
  test('gaps', () => {
    expect([gapOf(3, 1), gapOf(3, null), gapOf(1, 1), gapOf(Number.NaN, 0), gapOf(INF, 1)]).toEqual([
      2,
      3,
      LEAST_GAP,
      INF,
      INF,
    ]);
  });

  test('the mean over steps evenly apart in the logarithm', () => {
    const steps = [0, 1, 10, 100];
    expect(meanLogGap(steps, [1, 0.1, 0.1, 0.1], 0)).toBeCloseTo(-1, 12);
    // without a floor, over the loss at the start
    expect(meanLogGap(steps, [5, 0.5, 0.5, 0.5], null)).toBeCloseTo(-1, 12);
    // of twenty places 10 are below step 10, 9 below 100, 1 at it: 10^(19·2/19 · i) … i/9.5 < 1 for i ≤ 9
    expect(meanLogGap(steps, [1, 1, 0.1, 0.01], 0)).toBeCloseTo((10 * 0 + 9 * -1 + 1 * -2) / 20, 12);
    expect(meanLogGap(steps, [1, 1, INF, INF], 0)).toBe(INF);
  });

  test('how much worse on the test samples; a failed run is not well generalised', () => {
    const run = (finalLoss: number, testLoss: number) => ({ finalLoss, testLoss });
    expect(generalisationGap([run(1, 3), run(1, 1.5), run(2, 3)])).toBe(1);
    expect(generalisationGap([run(1, 3), run(INF, INF), run(INF, INF)])).toBe(INF);
  });
});
