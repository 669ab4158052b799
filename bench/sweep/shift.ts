// Small exact statistics of paired seeds: the interval of a median difference, that of a share, and windows of rates.
import { median, summarise } from '../statistics.ts';

/** An estimate and where it lies with a stated confidence, of n numbers. */
export interface Shift {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly n: number;
}

/** Of the intervals, unless the seeds are too few: then they are as wide as they can be. */
export const SURE = 0.99;

/** Chances of 0 … n heads of n fair coins. */
const coins = (n: number): readonly number[] => {
  const all = [2 ** -n];
  for (let k = 0; k < n; k++) all.push(((all[k] as number) * (n - k)) / (k + 1));
  return all;
};

/** a − b, where two equal values, infinities included, differ by 0. */
const difference = (a: number, b: number): number => (a === b ? 0 : a - b);

/**
 * Median of the differences a − b, between two of them in order: exact whatever their distribution, and ties only widen it.
 * With fewer than eight pairs the interval is the whole line.
 * @source Thompson 1936 (order statistics as limits of a median); Hahn & Meeker 1991, §5.2
 * @throws RangeError unless both lists have the same length, above 0
 */
export const pairedMedian = (a: readonly number[], b: readonly number[], sure = SURE): Shift => {
  if (a.length !== b.length || a.length === 0)
    throw new RangeError(`paired median: both lists need one value per pair, got ${a.length} and ${b.length}`);
  const sorted = a.map((v, i) => difference(v, b[i] as number)).sort((x, y) => difference(x, y)); // one each
  const n = sorted.length;
  const chances = coins(n);
  let [tail, k] = [0, 0];
  while (k < n / 2 && 2 * (tail + (chances[k] as number)) <= 1 - sure) tail += chances[k++] as number;
  return {
    estimate: summarise(sorted).median,
    low: k === 0 ? Number.NEGATIVE_INFINITY : (sorted[k - 1] as number),
    high: k === 0 ? Number.POSITIVE_INFINITY : (sorted[n - k] as number),
    n,
  };
};

/**
 * A share of k in n with its exact interval.
 * @source Clopper & Pearson 1934, by bisection
 * @throws RangeError for no trials
 */
export const shareOf = (k: number, n: number, sure = SURE): Shift => {
  if (n === 0) throw new RangeError('share: at least one trial is needed, got none');
  const tail = (1 - sure) / 2;
  /** P(at most k of n) at p. */
  const below = (k: number, p: number): number => {
    let [sum, logWays] = [0, 0];
    for (let i = 0; i <= k; i++) {
      sum += Math.exp(logWays + i * Math.log(p) + (n - i) * Math.log1p(-p));
      logWays += Math.log((n - i) / (i + 1));
    }
    return sum;
  };
  /** Where a decreasing function of p falls to the tail. */
  const root = (f: (p: number) => number): number => {
    let [low, high] = [0, 1];
    for (let turn = 0; turn < 60; turn++) {
      const middle = (low + high) / 2;
      if (f(middle) > tail) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  };
  return {
    estimate: k / n,
    low: k === 0 ? 0 : 1 - root((q) => 1 - below(k - 1, 1 - q)),
    high: k === n ? 1 : root((p) => below(k, p)),
    n,
  };
};

/** The place of the lowest, the first of several. */
export const lowestOf = (values: readonly number[]): number =>
  values.reduce((best, v, i) => (v < (values[best] as number) ? i : best), 0);

/** The rows around the one with the lowest median, so many on either side; at the ends, those that are there. */
export const windowed = (table: readonly (readonly number[])[], side: number): readonly (readonly number[])[] => {
  const best = lowestOf(table.map(median));
  return table.slice(Math.max(0, best - side), best + side + 1);
};
