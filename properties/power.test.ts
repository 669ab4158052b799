// The statistical laws under test: what a row says it detects is rejected with the power it claims, at the level it is granted.

import { describe, expect, test } from 'vitest';
import { binomialCdf, chisquareCdf } from './distributions.ts';
import { LAWS } from './laws/index.ts';
import { atLeast, chiSquarePower, chiSquareRegion, martingalePower } from './power.ts';
import {
  ALPHA,
  binomialBelow,
  binomialTest,
  chiSquareTest,
  dkwTest,
  due,
  martingaleTest,
  mixtureTest,
  mixtureWealth,
} from './tolerance.ts';

/** The largest chance of a miss that a row may claim to rule out. */
const MISS = 1e-6;

describe('exact tests', () => {
  test('χ² at n = 589,824 finds a variance off by 2 % and by 3 %, and has its level', () => {
    const n = 9 * 2 ** 16;
    const [low, high] = chiSquareRegion(n, ALPHA);
    const accepted = (ratio: number): number => 1 - chiSquarePower(n, ALPHA, ratio);
    expect(accepted(1.02)).toBeLessThan(0.001);
    expect(accepted(0.98)).toBeLessThan(0.001);
    expect(accepted(1.03)).toBeLessThan(MISS);
    expect(accepted(0.97)).toBeLessThan(MISS);
    expect(chisquareCdf(low, n) + (1 - chisquareCdf(high, n))).toBeLessThanOrEqual(ALPHA * 1.01);
  });

  test('the smaller χ² tests find what their laws say', () => {
    const finds = (n: number, alpha: number, ratio: number): number => 1 - chiSquarePower(n, alpha, ratio);
    for (const r of [0.75, 1.25]) expect(finds(2 ** 13, ALPHA / 4, r), 'network-variance').toBeLessThan(MISS);
    for (const r of [0.75, 1.35]) expect(finds(2 ** 12, ALPHA / 4, r), 'propagation').toBeLessThan(MISS);
    for (const r of [0.89, 1.11]) expect(finds(15 * 2 ** 11, ALPHA / 2, r), 'sparse-values').toBeLessThan(MISS);
    for (const r of [1 / 2, 2]) expect(finds(768, ALPHA / 2, r), 'depth').toBeLessThan(MISS);
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

  test('the other binomial tests find what their laws say', () => {
    const missed = (n: number, alpha: number, off: number): number => {
      let low = Math.floor(n / 2);
      while (binomialTest(low - 1, n, 1 / 2, alpha).ok) low--;
      return 1 - binomialCdf(low - 1, n, 1 / 2 - off); // by symmetry the same above
    };
    expect(missed(2 ** 12, ALPHA / 12, 0.1), 'uncorrelated, network-layers').toBeLessThan(MISS);
    expect(missed(2 ** 11, ALPHA / 16, 0.15), 'orthogonal-uniform').toBeLessThan(MISS);
    expect(missed(2 ** 10, ALPHA / 60, 0.2), 'sparse-places').toBeLessThan(MISS);
    expect(missed(2 ** 13, ALPHA / 318, 0.08), 'bits').toBeLessThan(MISS);
    expect(missed(1536, ALPHA / 2, 0.16), 'depth').toBeLessThan(MISS);
  });

  test('the distance of distribution functions finds twice its bound and a little', () => {
    // the empirical function itself is within ε of the false one but for a chance of MISS
    const reach = (n: number, level: number): number => Math.sqrt(Math.log(2 / level) / (2 * n));
    const finds = (n: number, alpha: number): number => reach(n, alpha) + reach(n, MISS);
    expect(finds(2 ** 14, ALPHA)).toBeLessThan(0.055);
    expect(finds(2 ** 16, ALPHA / 2)).toBeLessThan(0.03);
    expect(finds(2 ** 11, ALPHA / 16)).toBeLessThan(0.16);
    const line = (n: number, off: number) => Array.from({ length: n }, (_, i) => Math.min(1, (i + 1 / 2) / n + off));
    expect(dkwTest(line(2 ** 14, 0), ALPHA).margin).toBeLessThan(0.001);
    expect(dkwTest(line(2 ** 14, 0.04), ALPHA).ok).toBe(false);
    expect(dkwTest([1 / 2, Number.NaN], ALPHA).ok).toBe(false);
  });

  describe('the evidence of a mixture against given chances', () => {
    const even = (n: number): readonly number[] => new Array<number>(n).fill(1 / n);

    test('has mean 1 when the chances are right, by enumeration', () => {
      // all outcomes of six draws into three cells of unequal chance
      const p = [1 / 2, 1 / 3, 1 / 6];
      const factorial = (k: number): number => (k < 2 ? 1 : k * factorial(k - 1));
      let [mean, all] = [0, 0];
      for (let a = 0; a <= 6; a++)
        for (let b = 0; a + b <= 6; b++) {
          const counts = [a, b, 6 - a - b];
          const chance = counts.reduce((c, k, i) => (c * (p[i] ?? 0) ** k) / factorial(k), factorial(6));
          // the margin is log(min(1, 1/e)) / log(alpha): evidence below 1 shows as 0, and is bounded by 1
          const e = Math.exp(mixtureTest(counts, p, Math.exp(-1)).margin);
          mean += chance * (e > 1 ? e : 0);
          all += chance;
        }
      expect(all).toBeCloseTo(1, 12);
      expect(mean).toBeLessThanOrEqual(1);
    });

    test('finds one heavy cell, pairs that stick together, and the naive shuffle', () => {
      const heavy = even(64).map((v, i) => 2 ** 15 * (i === 0 ? 1.75 * v : v * (1 - 0.75 / 63)));
      expect(mixtureTest(heavy.map(Math.round), even(64), ALPHA / 2).ok).toBe(false);
      const pairs = (n: number, q: number) =>
        even(256).map((v, i) => Math.round(n * ((1 - q) * v + (i % 17 === 0 ? q / 16 : 0))));
      expect(mixtureTest(pairs(2 ** 14, 0.1), even(256), ALPHA / 10).ok).toBe(false);
      expect(mixtureTest(pairs(2 ** 12, 0.15), even(256), ALPHA / 10).ok).toBe(false);
      expect(
        mixtureTest(
          naive.map((k) => Math.round((k / 256) * 2 ** 13)),
          even(24),
          ALPHA / 17,
        ).ok,
      ).toBe(false);
    });

    test('lets exact shares pass, and an impossible cell never', () => {
      expect(Math.abs(mixtureTest(new Array<number>(64).fill(512), even(64), ALPHA).margin)).toBe(0);
      expect(mixtureTest([5, 1], [1, 0], ALPHA).ok).toBe(false);
      expect(mixtureTest([Number.NaN, 1], [1 / 2, 1 / 2], ALPHA).ok).toBe(false);
    });

    /** Ways in which swapping every place with any ends in each order of four, out of 256. */
    const naive = ((): readonly number[] => {
      const ends = new Map<string, number>();
      for (let code = 0; code < 256; code++) {
        const order = [0, 1, 2, 3];
        for (let i = 0; i < 4; i++) {
          const j = Math.floor(code / 4 ** i) % 4;
          const [a = 0, b = 0] = [order[i], order[j]];
          order[i] = b;
          order[j] = a;
        }
        ends.set(order.join(), (ends.get(order.join()) ?? 0) + 1);
      }
      return [...ends.values()];
    })();
  });

  test('NaN is never within chance', () => {
    expect(chiSquareTest(Number.NaN, 10, ALPHA).ok).toBe(false);
  });
});

describe('the Beta-mixture martingale', () => {
  const KILL = 0.999;
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
    expect(crossing(100, 0.2, 0.8, ALPHA / 16)).toBeGreaterThan(KILL);
    for (const p of [1 / 5, 1 / 8, 3 / 10, 3 / 4])
      expect(martingalePower(2 ** 14, p, 1 - p, ALPHA / 16), `swap at ${p}`).toBeGreaterThan(1 - MISS);
    expect(martingalePower(2 ** 14, 0.2, 0.25, ALPHA / 16)).toBeGreaterThan(1 - MISS);
    expect(martingalePower(2 ** 14, 0.25, 0.2, ALPHA / 16)).toBeGreaterThan(1 - MISS);
  });

  test('finds half of one mask in another, of 2,048 numbers, and neighbours that are dropped together', () => {
    for (const p of [1 / 5, 1 / 8, 3 / 10, 3 / 4]) {
      const agreement = p * p + (1 - p) * (1 - p);
      expect(martingalePower(2 ** 11, agreement, (1 + agreement) / 2, ALPHA / 40), `agreement at ${p}`).toBeGreaterThan(
        1 - MISS,
      );
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

test('what trials prove is what the binomial distribution leaves possible', () => {
  expect(atLeast(2995, 2995)).toBeGreaterThanOrEqual(0.999);
  expect(atLeast(2994, 2994)).toBeLessThan(0.999);
  expect(atLeast(0, 10)).toBe(0);
  // published: of 20 with one failure, 0.784 at the least
  expect(atLeast(19, 20)).toBeCloseTo(0.7839, 4);
  expect(1 - binomialCdf(6, 10, atLeast(7, 10))).toBeCloseTo(0.05, 12);
});

test('inputs that are due are as many as the library’s binomial distribution says', () => {
  const byLibrary = (n: number, share: number): number => {
    let k = 0;
    while (k < n && binomialCdf(k, n, share) <= 1e-12) k++;
    return k;
  };
  for (const n of [0, 1, 5, 40, 100, 317, 2000])
    for (const share of [0, 1e-9, 0.01, 0.1, 0.25, 0.5, 0.9, 0.999, 1])
      expect(due(n, share), `${n} inputs, each with ${share}`).toBe(byLibrary(n, share));
});
