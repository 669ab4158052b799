// The power of statistical checks, exactly: with what probability a fault of a given size is found, and what trials prove of one.
import { binomialCdf, chisquareCdf } from './distributions.ts';
import { binomialBelow, chiSquareTest, mixtureWealth } from './tolerance.ts';

/** The last point from `inside` towards `outside` that is accepted, by bisection over the verdict itself; whole numbers stay whole. */
const edge = (accepts: (x: number) => boolean, inside: number, outside: number, whole: boolean): number => {
  let [a, b] = [inside, outside];
  for (let i = 0; i < 80 && !(whole && Math.abs(b - a) <= 1); i++) {
    const mid = whole ? Math.round((a + b) / 2) : (a + b) / 2;
    if (accepts(mid)) a = mid;
    else b = mid;
  }
  return a;
};

/** Both ends of what a χ² test of n squares accepts, below `far` times n. */
export const chiSquareRegion = (n: number, alpha: number, far = 3): readonly [number, number] => {
  const accepts = (s: number): boolean => chiSquareTest(s, n, alpha).ok;
  return [edge(accepts, n, 0, false), edge(accepts, n, far * n, false)];
};

/** Chance that a χ² test of n squares finds a variance that is `ratio` times the stated one. */
export const chiSquarePower = (n: number, alpha: number, ratio: number): number => {
  const [low, high] = chiSquareRegion(n, alpha, 4);
  return chisquareCdf(low / ratio, n) + (1 - chisquareCdf(high / ratio, n));
};

/**
 * Chance that the martingale of {@link mixtureWealth} finds draws of probability `truth` where p is stated, by its wealth after
 * n draws alone: it falls towards n·p successes and rises beyond, and a look at every draw can only find more.
 */
export const martingalePower = (n: number, p: number, truth: number, alpha: number): number => {
  const poor = (k: number): boolean => mixtureWealth(k, n, p) < -Math.log(alpha);
  const middle = Math.round(n * p);
  const [low, high] = [edge(poor, middle, -1, true), edge(poor, middle, n + 1, true)];
  return binomialBelow(low - 1, n, truth) + (1 - binomialBelow(high, n, truth));
};

/** The level of confidence of {@link atLeast}. */
export const CONFIDENCE = 0.95;

/**
 * The smallest probability that k successes in n trials leave possible: below it, as many or more have a chance of at most
 * 1 − {@link CONFIDENCE}. 0.999 takes 2,995 trials without a miss.
 * @source Clopper & Pearson 1934 (one-sided)
 */
export const atLeast = (k: number, n: number): number => {
  if (k === 0) return 0;
  const few = (p: number): boolean => 1 - binomialCdf(k - 1, n, p) <= 1 - CONFIDENCE;
  return k === n ? (1 - CONFIDENCE) ** (1 / n) : edge(few, 0, 1, false);
};
