// The bootstrap under test: a published example, sums worked out by hand, and how often its intervals cover.
import { describe, expect, test } from 'vitest';
import { fold, keyOf, normal } from '../../src/index.ts';
import { bootstrap, interquartileMean, meanOfMedians, type Statistic, type Weighted } from './bootstrap.ts';

const INF = Number.POSITIVE_INFINITY;
/** A figure of lists as they are. */
const figure = (of: Statistic, ...strata: readonly number[][]): number =>
  bootstrap(strata, of, 'percentile', { resamples: 1 }).estimate;
const meanOf = ({ values, counts, n }: Weighted): number =>
  values.reduce((sum, v, i) => sum + (v * (counts[i] ?? 0)) / n, 0);

describe('figures of strata', () => {
  test('the interquartile mean, with values cut by the quarters', () => {
    expect(figure(interquartileMean, [1, 2, 3, 4])).toBe(2.5);
    expect(figure(interquartileMean, [1, 100], [2, 3])).toBe(2.5);
    // of five, 1.25 are cut on either side: (0.75·2 + 3 + 0.75·4)/2.5
    expect(figure(interquartileMean, [1, 2, 3, 4, 50])).toBeCloseTo(3, 12);
    expect(figure(interquartileMean, [7])).toBe(7);
  });

  test('failures show in it from a quarter of the runs on', () => {
    expect(figure(interquartileMean, [-INF, 1, 1, 1])).toBe(1);
    expect(figure(interquartileMean, [-INF, -INF, 1, 1, 1])).toBe(-INF);
  });

  test('every stratum counts the same', () => {
    expect(figure(meanOfMedians, [1, 2, 9], [10])).toBe(6);
    expect(figure(meanOfMedians, [1, 3], [INF, INF])).toBe(INF);
  });
});

/** Spatial ability, test A, of 26 children. Source: Efron & Tibshirani 1993, Table 14.1 */
const SPATIAL = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41];

const variance: Statistic = ({ pooled }) => {
  const m = meanOf(pooled);
  return meanOf({ ...pooled, values: pooled.values.map((v) => (v - m) ** 2) });
};

describe('intervals', () => {
  test('as published for the variance of the spatial data', () => {
    const options = { confidence: 0.9 };
    const percentile = bootstrap([SPATIAL], variance, 'percentile', options);
    expect(percentile.estimate).toBeCloseTo(171.5, 1);
    // Table 14.2: (100.8, 233.9) by percentiles and (115.8, 259.6) by BCa, of 2000 redrawings, each end ± about 3
    expect(Math.abs(percentile.low - 100.8)).toBeLessThan(4);
    expect(Math.abs(percentile.high - 233.9)).toBeLessThan(4);
    const bca = bootstrap([SPATIAL], variance, 'bca', options);
    expect(Math.abs(bca.low - 115.8)).toBeLessThan(5);
    expect(Math.abs(bca.high - 259.6)).toBeLessThan(6);
  });

  test('an interval is a function of its arguments', () => {
    const [a, b, other] = [1, 1, 2].map((seed) => bootstrap([SPATIAL], variance, 'bca', { seed, resamples: 500 }));
    expect(a).toEqual(b);
    expect(a).not.toEqual(other);
    expect(bootstrap([SPATIAL.toReversed()], variance, 'bca', { seed: 1, resamples: 500 })).toEqual(a);
  });

  test('moves and scales with the values', () => {
    const { low, estimate, high } = bootstrap(
      [
        [1, 2, 4, 8],
        [3, 5, 5],
      ],
      meanOfMedians,
      'percentile',
    );
    const moved = bootstrap([[1, 2, 4, 8].map((v) => 2 * v + 1), [7, 11, 11]], meanOfMedians, 'percentile');
    expect(moved).toEqual({ low: 2 * low + 1, estimate: 2 * estimate + 1, high: 2 * high + 1 });
    expect(low).toBeLessThan(estimate);
    expect(high).toBeGreaterThan(estimate);
  });

  test('what does not vary has no width, and strata are never mixed', () => {
    const fixed = { estimate: 3, low: 3, high: 3 };
    for (const kind of ['percentile', 'bca'] as const) {
      expect(
        bootstrap(
          [
            [1, 1],
            [5, 5, 5],
          ],
          meanOfMedians,
          kind,
        ),
      ).toEqual(fixed);
      expect(bootstrap([[3]], meanOfMedians, kind)).toEqual(fixed);
    }
  });

  test('failures make an interval infinite and never vanish', () => {
    expect(bootstrap([[1, 1, 1, 1, INF, INF, INF]], meanOfMedians, 'bca')).toEqual({ estimate: 1, low: 1, high: INF });
    // ∞ − ∞ is no figure
    const difference = bootstrap(
      [[-INF, INF]],
      ({ pooled }) => pooled.values.reduce((sum, v, i) => sum + (pooled.counts[i] === 0 ? 0 : v), 0),
      'percentile',
    );
    expect([difference.low, difference.high]).toEqual([-INF, INF]);
    expect(() => bootstrap([[1], []], meanOfMedians, 'bca')).toThrow('got none');
    expect(() => bootstrap([[Number.NaN]], meanOfMedians, 'bca')).toThrow('got NaN');
  });

  test('intervals of 95 % cover the truth nearly as often as they say', () => {
    // 400 samples of two problems of twenty seeds; the mean of all is 0
    const meanOfAll: Statistic = ({ strata }) => strata.reduce((sum, s) => sum + meanOf(s) / strata.length, 0);
    const trials = 400;
    const covered = { percentile: 0, bca: 0 };
    for (let t = 0; t < trials; t++) {
      const drawn = normal(fold(keyOf(7), t), [40]).toArray();
      const strata = [drawn.slice(0, 20), drawn.slice(20).map((v) => 3 * v)];
      for (const kind of ['percentile', 'bca'] as const) {
        const { low, high } = bootstrap(strata, meanOfAll, kind, { resamples: 500 });
        covered[kind] += Number(low <= 0 && 0 <= high);
      }
    }
    // of 400, 95 % ± 3.5 deviations are 365 to 395; the bootstrap of twenty is known to fall short by about 2 %
    for (const n of Object.values(covered)) {
      expect(n).toBeGreaterThan(0.91 * trials);
      expect(n).toBeLessThan(0.99 * trials);
    }
  });
});
