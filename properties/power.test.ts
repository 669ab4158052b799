// The statistical laws under test: what a row says it detects is rejected with the power it claims, at the level it is granted.

import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';
import chisquareCdf from '@stdlib/stats-base-dists-chisquare-cdf';
import { describe, expect, test } from 'vitest';
import { LAWS } from './laws/index.ts';
import { ALPHA, binomialBelow, binomialTest, chiSquareTest, martingaleTest, mixtureWealth } from './tolerance.ts';

/** The largest chance of a miss that a row may claim to rule out. */
const MISS = 1e-6;

describe('exact tests', () => {
  /** Both ends of the acceptance region of a two-sided test, by bisection over its own verdict. */
  const region = (accepts: (x: number) => boolean, middle: number, far: number): readonly [number, number] => {
    const edge = (inside: number, outside: number): number => {
      let [a, b] = [inside, outside];
      for (let i = 0; i < 80; i++) {
        const mid = (a + b) / 2;
        if (accepts(mid)) a = mid;
        else b = mid;
      }
      return a;
    };
    return [edge(middle, 0), edge(middle, far)];
  };

  test('χ² at n = 32,768 finds a variance off by 10 %, and has its level', () => {
    const n = 2 ** 15;
    const [low, high] = region((s) => chiSquareTest(s, n, ALPHA / 4).ok, n, 3 * n);
    const accepted = (ratio: number): number => chisquareCdf(high / ratio, n) - chisquareCdf(low / ratio, n);
    expect(accepted(1.1)).toBeLessThan(MISS);
    expect(accepted(0.9)).toBeLessThan(MISS);
    expect(chisquareCdf(low, n) + (1 - chisquareCdf(high, n))).toBeLessThanOrEqual((ALPHA / 4) * 1.01);
  });

  test('the binomial test at n = 16,384 finds a share off by 0.05, and has its level', () => {
    const n = 2 ** 14;
    const accepted = Array.from({ length: n + 1 }, (_, k) => k).filter((k) => binomialTest(k, n, 1 / 2, ALPHA / 8).ok);
    const [low = 0, high = n] = [accepted[0], accepted.at(-1)];
    const chance = (p: number): number => binomialCdf(high, n, p) - binomialCdf(low - 1, n, p);
    expect(chance(0.55)).toBeLessThan(MISS);
    expect(chance(0.45)).toBeLessThan(MISS);
    expect(2 * binomialCdf(low - 1, n, 1 / 2)).toBeLessThanOrEqual(ALPHA / 8);
  });

  test('NaN is never within chance', () => {
    expect(chiSquareTest(Number.NaN, 10, ALPHA).ok).toBe(false);
  });
});

describe('the Beta-mixture martingale', () => {
  const KILL = 0.999;
  /** The fewest and the most successes of n that a wealth below 1/alpha allows at the end; the wealth falls towards n·p and rises beyond. */
  const allowed = (n: number, p: number, alpha: number): readonly [number, number] => {
    const poor = (k: number): boolean => mixtureWealth(k, n, p) < -Math.log(alpha);
    const edge = (inside: number, outside: number): number => {
      let [a, b] = [inside, outside];
      while (Math.abs(b - a) > 1) {
        const mid = Math.round((a + b) / 2);
        if (poor(mid)) a = mid;
        else b = mid;
      }
      return a;
    };
    const middle = Math.round(n * p);
    return [edge(middle, -1), edge(middle, n + 1)];
  };
  /** Chance that the wealth after n draws alone gives a wrong probability away; a look at every n can only find more. */
  const power = (n: number, p: number, truth: number, alpha: number): number => {
    const [low, high] = allowed(n, p, alpha);
    return binomialBelow(low - 1, n, truth) + (1 - binomialBelow(high, n, truth));
  };
  /** Chance that the wealth reaches 1/alpha within n draws, by counting paths. */
  const crossing = (n: number, p: number, truth: number, alpha: number): number => {
    let alive = [1];
    let caught = 0;
    for (let i = 1; i <= n; i++) {
      const next = new Array<number>(i + 1).fill(0);
      for (const [k, weight] of alive.entries()) {
        next[k] = (next[k] ?? 0) + weight * (1 - truth);
        next[k + 1] = (next[k + 1] ?? 0) + weight * truth;
      }
      alive = next.map((weight, k) => {
        if (weight === 0 || mixtureWealth(k, i, p) < -Math.log(alpha)) return weight;
        caught += weight;
        return 0;
      });
    }
    return caught;
  };

  test('has its level at whatever draw one stops, however often one looks', () => {
    for (const alpha of [1 / 10, 1 / 100]) {
      const chance = crossing(150, 0.2, 0.2, alpha);
      expect(chance).toBeLessThanOrEqual(alpha);
      expect(chance).toBeGreaterThan(alpha / 100);
    }
  });

  test('finds keep and drop swapped within 100 draws, and a rate of 0.25 for 0.20 in 16,384', () => {
    expect(crossing(100, 0.2, 0.8, ALPHA / 4)).toBeGreaterThan(KILL);
    for (const p of [1 / 5, 1 / 8, 3 / 10, 3 / 4])
      expect(power(2 ** 14, p, 1 - p, ALPHA / 4), `swap at ${p}`).toBeGreaterThan(1 - MISS);
    expect(power(2 ** 14, 0.2, 0.25, ALPHA / 4)).toBeGreaterThan(1 - MISS);
    expect(power(2 ** 14, 0.25, 0.2, ALPHA / 4)).toBeGreaterThan(1 - MISS);
  });

  test('finds half of one mask in another, of 2,048 numbers, and neighbours that are dropped together', () => {
    for (const p of [1 / 5, 1 / 8, 3 / 10, 3 / 4]) {
      const agreement = p * p + (1 - p) * (1 - p);
      expect(power(2 ** 11, agreement, (1 + agreement) / 2, ALPHA / 40), `agreement at ${p}`).toBeGreaterThan(1 - MISS);
      expect(martingaleTest(new Array<boolean>(600).fill(true), agreement, ALPHA / 60).ok, `alike at ${p}`).toBe(false);
    }
  });

  test('depends on the number of successes and not on their order, and never forgets what it has seen', () => {
    const draws = Array.from({ length: 200 }, (_, i) => i % 3 === 0);
    const own = martingaleTest(draws, 0.9, ALPHA);
    const end = mixtureWealth(draws.filter(Boolean).length, 200, 0.9) / -Math.log(ALPHA);
    expect(own.margin).toBeGreaterThanOrEqual(end * (1 - 2 ** -40));
    expect(mixtureWealth(1, 2, 0.2)).toBeCloseTo(Math.log(1 / 8 / 0.16), 12);
    expect(martingaleTest([...new Array<boolean>(60).fill(true), ...draws], 0.1, ALPHA).ok).toBe(false);
  });

  test('rows that all drop the same number are found by the binomial test of how many drop at most that', () => {
    for (const p of [1 / 5, 1 / 8, 3 / 10, 3 / 4])
      for (const [rows, width] of [
        [128, 96],
        [96, 128],
        [128, 40],
      ] as const) {
        const usual = binomialBelow(Math.round(width * p), width, p);
        expect(binomialTest(rows, rows, usual, ALPHA / 12).ok, `${rows} rows of ${width} at ${p}`).toBe(false);
      }
  });
});

test('a run has so few statistical checks that all their levels together stay below 1e-9', () => {
  const statistical = LAWS.filter((l) => l.class === 'statistical');
  expect(statistical.length * 20 * ALPHA).toBeLessThan(1e-9);
  for (const l of statistical) expect(l.detects, l.id).toBeDefined();
});
