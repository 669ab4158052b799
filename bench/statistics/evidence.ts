// How sure a comparison is: intervals that hold for few seeds, the smallest p there is, equivalence.
import { signedRanks } from '../statistics.ts';
import type { Estimate } from './bootstrap.ts';

/** Corrected p-values above are no evidence, and intervals miss with this probability. */
export const ALPHA = 0.05;
/** Two that differ by less than this share count as equivalent, when that is shown. */
export const MARGIN = 0.05;
/** What is lower in fewer pairs than these is no winner, however sure. @source Bouthillier et al. 2021, Accounting for variance in machine learning benchmarks */
export const CLEAR = 0.75;

/** The smallest p that the two-sided signed-rank test of n pairs can give. @source Wilcoxon 1945: all 2ⁿ signs, two of them extreme */
export const smallestP = (n: number): number => 2 ** (1 - n);

/** The fewest pairs with which one of so many comparisons can be told after Holm's correction. */
export const pairsNeeded = (comparisons: number, alpha = ALPHA): number =>
  1 + Math.ceil(Math.log2(Math.max(1, comparisons) / alpha));

/** x·ln(x/y), 0 for x = 0. */
const relative = (x: number, y: number): number => (x === 0 ? 0 : x * Math.log(x / y));

/** The m in [0, 1] furthest from the mean in one direction that n values of that mean leave possible. */
const boundOf = (mean: number, n: number, limit: number, edge: 0 | 1): number => {
  let [inside, outside] = [mean, edge as number];
  for (let i = 0; i < 60; i++) {
    const m = (inside + outside) / 2;
    const far = n * (relative(mean, m) + relative(1 - mean, 1 - m)) > limit;
    if (far) outside = m;
    else inside = m;
  }
  return inside;
};

/**
 * Interval of the mean of n independent values between 0 and 1, whatever their distributions, equal or not: it holds for every n,
 * where the bootstrap of three wins out of three would be sure. With n wins out of n its lower end is that of the exact test.
 * @source Hoeffding 1963, Theorem 1, eq. 2.1
 * @throws RangeError when there are no values or their mean lies outside [0, 1]
 */
export const boundedMean = (mean: number, n: number, alpha = ALPHA): Estimate => {
  if (!(mean >= 0 && mean <= 1 && n > 0))
    throw new RangeError(`interval: a mean from 0 to 1 of at least one value is needed, got ${mean} of ${n}`);
  const limit = Math.log(2 / alpha);
  return { estimate: mean, low: boundOf(mean, n, limit, 0), high: boundOf(mean, n, limit, 1) };
};

/** What a stratum says of "a below b": one value from 0 to 1 per seed; what is known for certain has no interval. */
export interface Wins {
  readonly wins: readonly number[];
  /** Nothing is drawn: the single value is the truth. */
  readonly certain: boolean;
}

/** 1 where a is lower, 0 where b is, ½ where they are equal, infinities included. */
export const winOf = (a: number, b: number): number => (a < b ? 1 : a > b ? 0 : 1 / 2);

/**
 * Probability that a ends below b for a seed of a problem, every problem counting the same, with an interval that holds for every
 * number of seeds.
 * @source Agarwal et al. 2021 (probability of improvement); interval: {@link boundedMean}
 * @throws RangeError when there are no values
 */
export const improvement = (strata: readonly Wins[], alpha = ALPHA): Estimate => {
  const meanOf = (values: readonly number[]): number => values.reduce((a, v) => a + v / values.length, 0);
  const average = (some: readonly Wins[]): number => meanOf(some.map(({ wins }) => meanOf(wins)));
  if (strata.length === 0 || strata.some(({ wins }) => wins.length === 0))
    throw new RangeError('improvement: every problem needs at least one pair, got none');
  const [known, drawn] = [strata.filter((s) => s.certain), strata.filter((s) => !s.certain)];
  if (drawn.length === 0) {
    const estimate = average(known);
    return { estimate, low: estimate, high: estimate };
  }
  // problems count the same, so with unequal numbers of seeds the fewest decide
  const n = drawn.length * Math.min(...drawn.map(({ wins }) => wins.length));
  const inside = boundedMean(Math.min(1, average(drawn)), n, alpha); // a sum of shares may exceed 1 by an ulp
  const share = drawn.length / strata.length;
  const rest = known.length === 0 ? 0 : average(known) * (1 - share);
  const whole = (v: number): number => rest + share * v;
  return { estimate: whole(inside.estimate), low: whole(inside.low), high: whole(inside.high) };
};

/** Whether the first, the second or neither has won. @source Bouthillier et al. 2021: sure and by enough */
export const winner = ({ estimate, low, high }: Estimate): 'a' | 'b' | null => {
  if (low > 1 / 2 && estimate >= CLEAR) return 'a';
  return high < 1 / 2 && estimate <= 1 - CLEAR ? 'b' : null;
};

/** The middle value with an interval between two of the values, and how often such an interval covers. */
export interface MedianInterval extends Estimate {
  readonly coverage: number;
}

/** Probability of at most k heads of n. */
const fewHeads = (n: number, k: number): number => {
  let [term, sum] = [2 ** -n, 0];
  for (let i = 0; i <= k; i++) {
    sum += term;
    term *= (n - i) / (i + 1);
  }
  return sum;
};

/**
 * Median with the narrowest interval between a value and its mirror image in the order that covers with the confidence; few values
 * cannot, and give the whole range with the coverage that it has. Infinite values take part.
 * @source David & Nagaraja 2003, Order statistics, §7.1: coverage 1 − 2·P(Bin(n, ½) < k)
 * @throws RangeError for an empty list
 */
export const medianInterval = (values: readonly number[], confidence = 1 - ALPHA): MedianInterval => {
  const n = values.length;
  if (n === 0) throw new RangeError('median: at least one value is needed, got none');
  const sorted = Float64Array.from(values, (v) => (Number.isNaN(v) ? Number.POSITIVE_INFINITY : v)).sort();
  const [below, above] = [sorted[(n - 1) >> 1] as number, sorted[n >> 1] as number]; // in range
  let k = 0;
  while (k + 1 <= (n - 1) >> 1 && 1 - 2 * fewHeads(n, k + 1) >= confidence) k += 1;
  return {
    estimate: below === above ? below : (below + above) / 2,
    low: sorted[k] as number, // in range
    high: sorted[n - 1 - k] as number,
    coverage: Math.max(0, 1 - 2 * fewHeads(n, k)),
  };
};

/**
 * Interval of a share by its score.
 * @source Wilson 1927, doi:10.1080/01621459.1927.10502953
 * @throws RangeError unless 0 ≤ count ≤ n and n > 0
 */
export const wilson = (count: number, n: number, z = 1.959963984540054): Estimate => {
  if (!(count >= 0 && count <= n && n > 0))
    throw new RangeError(`share: 0 ≤ count ≤ n is needed, got ${count} of ${n}`);
  const [p, z2] = [count / n, z * z];
  const centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const half = (z / (1 + z2 / n)) * Math.sqrt((p * (1 - p)) / n + z2 / (4 * n * n));
  return { estimate: p, low: count === 0 ? 0 : centre - half, high: count === n ? 1 : centre + half };
};

/**
 * The p of two one-sided exact signed-rank tests: that b is not below a by the margin, and not above it. Small means that the two
 * differ by less; pairs of failures say nothing. Values are positive and smaller is better.
 * @source Schuirmann 1987 (two one-sided tests); ranks: Wilcoxon 1945, zeros after Pratt 1959
 * @throws RangeError when the lists differ in length or are empty
 */
export const equivalence = (a: readonly number[], b: readonly number[], margin = MARGIN): number => {
  const scaled = (by: number): readonly number[] => a.map((v) => v * by);
  const { lower: notAbove } = signedRanks(b, scaled(1 + margin));
  const { upper: notBelow } = signedRanks(b, scaled(1 / (1 + margin)));
  return Math.max(notAbove, notBelow);
};
