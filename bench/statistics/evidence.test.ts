// How sure a comparison is, under test: hand-worked values, enumerations, and what few seeds can never show.
import { describe, expect, test } from 'vitest';
import { pairedRankTest, signedRanks } from '../statistics.ts';
import {
  boundedMean,
  equivalence,
  improvement,
  medianInterval,
  pairsNeeded,
  smallestP,
  wilson,
  winner,
  winOf,
} from './evidence.ts';

const INF = Number.POSITIVE_INFINITY;
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1);

describe('the rank test', () => {
  test('its p is counted out over all signs', () => {
    const d = [3, -1, 4, -2, 5, 9, 0, 2];
    const zeros = d.map(() => 0);
    const sizes = d.map(Math.abs);
    const rank = (v: number): number =>
      sizes.filter((w) => w < v).length + (sizes.filter((w) => w === v).length + 1) / 2;
    const sum = (signed: readonly number[]): number => signed.reduce((s, v) => s + (v > 0 ? rank(v) : 0), 0);
    const sums = Array.from({ length: 2 ** d.length }, (_, bits) =>
      sum(d.map((v, i) => Math.abs(v) * ((bits >> i) & 1 ? 1 : -1))),
    );
    const middle = sums.reduce((a, v) => a + v / sums.length, 0);
    const share = (of: (s: number) => boolean): number => sums.filter(of).length / sums.length;
    const { twoSided, lower, upper } = signedRanks(d, zeros);
    expect(twoSided).toBe(share((s) => Math.abs(s - middle) >= Math.abs(sum(d) - middle)));
    expect(lower).toBe(share((s) => s <= sum(d)));
    expect(upper).toBe(share((s) => s >= sum(d)));
  });

  test('the smallest p there is, and how many seeds that asks for', () => {
    for (const n of [1, 5, 10, 20])
      expect(
        pairedRankTest(
          range(n).map(() => 0),
          range(n),
        ).p,
      ).toBe(smallestP(n));
    expect(smallestP(5)).toBe(0.0625);
    expect([1, 11, 19, 66, 190].map((m) => pairsNeeded(m))).toEqual([6, 9, 10, 12, 13]);
  });

  test('equivalence is shown and not assumed', () => {
    const a = range(12);
    expect(
      equivalence(
        a,
        a.map((v) => v * 1.01),
      ),
    ).toBe(2 ** -12);
    expect(
      equivalence(
        a,
        a.map((v) => v * 1.06),
      ),
    ).toBeGreaterThan(0.9);
    expect(
      equivalence(
        a,
        a.map((v) => v / 1.06),
      ),
    ).toBeGreaterThan(0.9);
    // three pairs can show nothing, and neither can failures
    expect(equivalence([1, 2, 3], [1, 2, 3])).toBe(1 / 8);
    expect(equivalence([INF, INF], [INF, INF])).toBe(1);
  });
});

describe('the probability of improvement', () => {
  test('its interval is that of the exact test when one always wins, and holds for every mean', () => {
    for (const n of [1, 3, 6, 20]) {
      expect(boundedMean(1, n).low).toBeCloseTo(0.025 ** (1 / n), 12);
      expect(boundedMean(0, n).high).toBeCloseTo(1 - 0.025 ** (1 / n), 12);
      expect(boundedMean(1, n).high).toBe(1);
    }
    const { low, high } = boundedMean(0.5, 20);
    expect(low + high).toBeCloseTo(1, 12);
    // coverage over binomials, summed out
    for (const p of [0.1, 0.5, 0.75, 0.95]) {
      let [covered, term] = [0, (1 - p) ** 20];
      for (let k = 0; k <= 20; k++) {
        const interval = boundedMean(k / 20, 20);
        if (interval.low <= p && p <= interval.high) covered += term;
        term *= ((20 - k) / (k + 1)) * (p / (1 - p));
      }
      expect(covered).toBeGreaterThanOrEqual(0.95);
    }
    expect(() => boundedMean(1.5, 3)).toThrow('got 1.5 of 3');
  });

  test('five wins of five are no win, six are', () => {
    const wins = (n: number) => improvement([{ wins: range(n).map(() => 1), certain: false }]);
    expect(winner(wins(5))).toBeNull();
    expect(winner(wins(6))).toBe('a');
    expect(winner(improvement([{ wins: range(6).map(() => 0), certain: false }]))).toBe('b');
  });

  test('a sure but small advantage is no win', () => {
    const wins = range(400).map((i) => Number(i % 10 < 7));
    const some = improvement([{ wins, certain: false }]);
    expect(some.estimate).toBeCloseTo(0.7, 12);
    expect(some.low).toBeGreaterThan(0.5);
    expect(winner(some)).toBeNull();
  });

  test('problems count the same, ties half, and what is certain has no width', () => {
    const drawn = { wins: [1, 0.5, 0, 1], certain: false };
    expect(improvement([drawn, { wins: [1], certain: true }]).estimate).toBe((0.625 + 1) / 2);
    expect(
      improvement([
        { wins: [1], certain: true },
        { wins: [0], certain: true },
      ]),
    ).toEqual({
      estimate: 0.5,
      low: 0.5,
      high: 0.5,
    });
    const alone = improvement([drawn]);
    const joined = improvement([drawn, { wins: [0], certain: true }]);
    expect(joined.high).toBeCloseTo(alone.high / 2, 12);
    expect([winOf(1, 2), winOf(2, 1), winOf(INF, INF), winOf(1, INF)]).toEqual([1, 0, 0.5, 1]);
    expect(() => improvement([])).toThrow('got none');
  });
});

describe('intervals of medians and shares', () => {
  test('between the values that the binomial distribution names', () => {
    // n = 20: the 6th and the 15th, 95.86 %; tables of the sign test
    const twenty = medianInterval(range(20));
    expect([twenty.low, twenty.estimate, twenty.high]).toEqual([6, 10.5, 15]);
    expect(twenty.coverage).toBeCloseTo(0.9586, 4);
    const six = medianInterval(range(6));
    expect([six.low, six.high, six.coverage]).toEqual([1, 6, 1 - 2 / 64]);
  });

  test('few values give their range, and say how little that covers', () => {
    expect(medianInterval([3, 1, 2])).toEqual({ estimate: 2, low: 1, high: 3, coverage: 0.75 });
    expect(medianInterval([7])).toEqual({ estimate: 7, low: 7, high: 7, coverage: 0 });
  });

  test('failures take part', () => {
    expect(medianInterval([1, Number.NaN, INF, 1, 1, 1, 1, 1]).high).toBe(INF);
    expect(() => medianInterval([])).toThrow('got none');
  });

  test("Wilson's", () => {
    // Newcombe 1998, Table I: 81 of 263 → 0.2553 to 0.3662; 0 of 20 → 0 to 0.1611; 1 of 29 → 0.0061 to 0.1718
    const ends = (k: number, n: number) => [wilson(k, n).low.toFixed(4), wilson(k, n).high.toFixed(4)];
    expect(ends(81, 263)).toEqual(['0.2553', '0.3662']);
    expect(ends(0, 20)).toEqual(['0.0000', '0.1611']);
    expect(ends(1, 29)).toEqual(['0.0061', '0.1718']);
    expect(wilson(20, 20).high).toBe(1);
    expect(() => wilson(3, 2)).toThrow('got 3 of 2');
  });
});
