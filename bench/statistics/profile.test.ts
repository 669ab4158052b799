// Performance profiles, scores and ranks under test, with instances worked out by hand.
import { describe, expect, test } from 'vitest';
import {
  leaveOneOut,
  meanRanks,
  orderOf,
  profileAt,
  profileOf,
  profileScore,
  profileScores,
  ranks,
  ratiosOf,
} from './profile.ts';

const INF = Number.POSITIVE_INFINITY;
const COSTS = { a: [10, 20, INF, INF], b: [20, 10, 30, INF], c: [30, INF, 60, INF] };

describe('profiles', () => {
  test('ratios are to the best of each instance; what nobody solves counts against all', () => {
    expect(ratiosOf(COSTS)).toEqual({ a: [1, 2, INF, INF], b: [2, 1, 1, INF], c: [3, INF, 2, INF] });
    expect(ratiosOf({ a: [0], b: [0], c: [1] })).toEqual({ a: [1], b: [1], c: [INF] });
  });

  test('a profile rises to the share that is solved', () => {
    const { b = [] } = ratiosOf(COSTS);
    expect([0.9, 1, 1.9, 2, 1e9].map((tau) => profileAt(b, tau))).toEqual([0, 0.5, 0.5, 0.75, 0.75]);
    expect(profileOf(b)).toEqual([
      { tau: 1, share: 0.5 },
      { tau: 2, share: 0.75 },
    ]);
  });

  test('the score is the mean height of the profile, summed finely', () => {
    const { a = [], b = [], c = [] } = ratiosOf(COSTS);
    for (const row of [a, b, c, [1.37, 2.1, 3.99, 4.5]]) {
      const n = 30_000;
      const sum = Array.from({ length: n }, (_, i) => profileAt(row, 1 + (3 * (i + 0.5)) / n)).reduce(
        (s, v) => s + v,
        0,
      );
      expect(profileScore(row)).toBeCloseTo(sum / n, 3);
    }
    // b: (2/3 + 1 + 1 + 0)/4
    expect(profileScore(b)).toBeCloseTo(8 / 12, 12);
    expect(orderOf(profileScores(COSTS))).toEqual(['b', 'a', 'c']);
  });

  test('by a fixed reference a score does not change when others join', () => {
    const fixed = profileScores(COSTS, 'a');
    // b against a: 2, ½, solved where a is not (0), neither
    expect(fixed.b).toBeCloseTo((2 / 3 + 3.5 / 3 + 4 / 3 + 0) / 4, 12);
    expect(profileScores({ ...COSTS, d: [1, 1, 1, 1] }, 'a').b).toBe(fixed.b);
    expect(profileScores({ ...COSTS, d: [1, 1, 1, 1] }).b).not.toBe(profileScores(COSTS).b);
  });

  test('who changes the order of others', () => {
    // beside d nobody gets anything for the first instance; without it a gets all of it, and b a third
    const swapped = leaveOneOut({ a: [4, 10], b: [12, 8], d: [1, INF] });
    expect(swapped).toEqual([{ without: 'd', ahead: 'a', behind: 'b' }]);
    // equal without it: nobody has changed places
    expect(leaveOneOut({ a: [4, 12], b: [12, 4], d: [1, INF] })).toEqual([]);
    expect(leaveOneOut({ a: [1, 1], b: [2, 2], d: [3, 3] })).toEqual([]);
  });
});

describe('ranks', () => {
  test('equal values share their mean rank, failures are last together', () => {
    expect(ranks([3, 1, 1, INF, INF])).toEqual([3, 1.5, 1.5, 4.5, 4.5]);
    expect(meanRanks(COSTS)).toEqual({ a: (1 + 2 + 3 + 2) / 4, b: (2 + 1 + 1 + 2) / 4, c: (3 + 3 + 2 + 2) / 4 });
  });

  test('two may change their mean ranks when a third joins: the caveat', () => {
    const two = { a: [1, 1, 3], b: [2, 2, 1] };
    const three = { ...two, c: [9, 9, 2], d: [9, 9, 2.5], e: [9, 9, 2.7] };
    const [few, many] = [meanRanks(two), meanRanks(three)];
    expect(few.a).toBeLessThan(few.b as number);
    expect(many.a).toBeGreaterThan(many.b as number);
  });
});
