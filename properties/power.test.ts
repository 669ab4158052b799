// The statistical laws under test: what a row says it detects is rejected with the power it claims, at the level it is granted.

import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';
import chisquareCdf from '@stdlib/stats-base-dists-chisquare-cdf';
import { describe, expect, test } from 'vitest';
import { LAWS } from './laws/index.ts';
import { ALPHA, binomialTest, chiSquareTest } from './tolerance.ts';

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

test('a run has so few statistical checks that all their levels together stay below 1e-9', () => {
  const statistical = LAWS.filter((l) => l.class === 'statistical');
  expect(statistical.length * 20 * ALPHA).toBeLessThan(1e-9);
  for (const l of statistical) expect(l.detects, l.id).toBeDefined();
});
