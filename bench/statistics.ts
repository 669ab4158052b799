// Statistics that neither lose nor soften a failed run: medians, quartiles, an exact paired rank test, Holm's correction, the bootstrap.
import { fold, keyOf, uniform } from '../src/index.ts';

/** Median and quartiles of `n` values, in the unit of the values. */
export interface Summary {
  readonly n: number;
  readonly q1: number;
  readonly median: number;
  readonly q3: number;
}

const ascending = (values: readonly number[]): readonly number[] => values.toSorted((a, b) => a - b);

/** Of an ascending list. Interpolates as type 7 of Hyndman & Fan 1996, except that infinities give an infinity and not NaN. */
export const quantileSorted = (sorted: ArrayLike<number>, share: number): number => {
  const at = (sorted.length - 1) * share;
  const [below = Number.NaN, above = Number.NaN] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return below === above || below === Number.NEGATIVE_INFINITY
    ? below
    : below + (above - below) * (at - Math.floor(at));
};

/** NaN, which sorts nowhere, becomes `worst`, so that it counts against the run instead of vanishing. */
const counted = (values: readonly number[], worst: number): readonly number[] => {
  if (values.length === 0) throw new RangeError('statistics: at least one value is needed, got none');
  return values.map((v) => (Number.isNaN(v) ? worst : v));
};

/**
 * Median and quartiles; infinities take part in the order and NaN counts as `worst`.
 * @source Hyndman & Fan 1996, type 7
 * @throws RangeError for an empty list
 */
export const summarise = (values: readonly number[], worst = Number.POSITIVE_INFINITY): Summary => {
  const sorted = ascending(counted(values, worst));
  const [q1 = 0, median = 0, q3 = 0] = [0.25, 0.5, 0.75].map((share) => quantileSorted(sorted, share));
  return { n: values.length, q1, median, q3 };
};

/** Middle value; NaN counts as +Infinity. @throws RangeError for an empty list */
export const median = (values: readonly number[]): number => summarise(values).median;

/** Median distance from the median, not scaled; Infinity when the median is. @throws RangeError for an empty list */
export const medianAbsoluteDeviation = (values: readonly number[]): number => {
  const centre = median(values);
  return Number.isFinite(centre) ? median(values.map((v) => Math.abs(v - centre))) : Number.POSITIVE_INFINITY;
};

/** Arithmetic mean; one NaN or +Infinity makes it +Infinity. @throws RangeError for an empty list */
export const mean = (values: readonly number[]): number =>
  counted(values, Number.POSITIVE_INFINITY).reduce((a, v) => a + v / values.length, 0);

/** The outcome of a paired comparison in which smaller is better. */
export interface Paired {
  readonly aLower: number;
  readonly bLower: number;
  readonly ties: number;
  /** Probability, were a and b exchangeable within each pair, of a rank sum at least as far from its mean. */
  readonly p: number;
}

/** a − b, where two equal values, infinities included, differ by 0. */
const difference = (a: number, b: number): number => (a === b ? 0 : a - b);

/** Ranks from 1 of the sizes, equal sizes sharing their mean rank; doubled, which makes them integers. */
const doubledRanks = (sizes: readonly number[]): readonly number[] =>
  sizes.map((s) => {
    const below = sizes.filter((t) => t < s).length;
    const equal = sizes.filter((t) => t === s).length;
    return 2 * below + equal + 1;
  });

/** The signed-rank test of paired values in both directions, and how often either is lower. */
interface SignedRanks extends Omit<Paired, 'p'> {
  /** Probability, were a and b exchangeable within each pair, of a rank sum at least as far from its mean. */
  readonly twoSided: number;
  /** The same of a rank sum of a above b that is as small or smaller: little where a is lower. */
  readonly lower: number;
  /** The same of one that is as large or larger. */
  readonly upper: number;
}

/**
 * Exact signed-rank test of paired values, ties and zeros as they are; NaN counts as +Infinity. The null distribution is counted
 * out over all 2ⁿ signs, so p is exact whatever the ties.
 * @source Wilcoxon 1945; zeros ranked, then set aside: Pratt 1959
 * @throws RangeError when the lists differ in length or are empty
 */
export const signedRanks = (a: readonly number[], b: readonly number[]): SignedRanks => {
  if (a.length !== b.length)
    throw new RangeError(`paired test: both lists need one value per pair, got ${a.length} and ${b.length}`);
  const [x, y] = [counted(a, Number.POSITIVE_INFINITY), counted(b, Number.POSITIVE_INFINITY)];
  const d = x.map((v, i) => difference(v, y[i] as number)); // in range: equal lengths
  const ranks = doubledRanks(d.map(Math.abs));
  const moved = ranks.filter((_, i) => d[i] !== 0);
  const total = moved.reduce((s, r) => s + r, 0);
  const observed = ranks.reduce((s, r, i) => s + ((d[i] ?? 0) > 0 ? r : 0), 0);
  // ways[s]: how many of the 2ⁿ sign patterns give the positive rank sum s
  const ways = new Float64Array(total + 1);
  ways[0] = 1;
  let most = 0;
  for (const r of moved) {
    for (let s = most; s >= 0; s--) ways[s + r] = (ways[s + r] as number) + (ways[s] as number); // up to total
    most += r;
  }
  const share = (of: (sum: number) => boolean): number =>
    ways.reduce((s, w, sum) => s + (of(sum) ? w : 0), 0) / 2 ** moved.length;
  const far = Math.abs(2 * observed - total);
  return {
    aLower: d.filter((v) => v < 0).length,
    bLower: d.filter((v) => v > 0).length,
    ties: d.filter((v) => v === 0).length,
    twoSided: share((sum) => Math.abs(2 * sum - total) >= far),
    lower: share((sum) => sum <= observed),
    upper: share((sum) => sum >= observed),
  };
};

/** The two-sided test of {@link signedRanks}. @throws RangeError when the lists differ in length or are empty */
export const pairedRankTest = (a: readonly number[], b: readonly number[]): Paired => {
  const { aLower, bLower, ties, twoSided: p } = signedRanks(a, b);
  return { aLower, bLower, ties, p };
};

/**
 * p-values corrected for making several comparisons, in the order given.
 * @source Holm 1979
 */
export const holm = (ps: readonly number[]): readonly number[] => {
  const order = ps.map((_, i) => i).sort((i, j) => (ps[i] as number) - (ps[j] as number)); // indices of ps
  return ps.map((_, i) =>
    order
      .slice(0, order.indexOf(i) + 1)
      .reduce((most, j, place) => Math.max(most, Math.min(1, (ps.length - place) * (ps[j] as number))), 0),
  );
};

/** A ratio, and where it lies with a stated confidence. */
export interface Interval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Of the interval unless named: small samples make the bootstrap too sure of itself, so more than the usual 95 %. */
export const CONFIDENCE = 0.99;
const RESAMPLES = 2000;

/** Quantiles of lists of the same length, redrawn with replacement; `u` gives uniforms in (0, 1). */
const redrawn = (
  values: readonly number[],
  share: number,
  resamples: number,
  u: (i: number) => number,
): readonly number[] => {
  const from = Float64Array.from(counted(values, Number.POSITIVE_INFINITY));
  const n = from.length;
  const drawn = new Float64Array(n);
  return Array.from({ length: resamples }, (_, r) => {
    for (let i = 0; i < n; i++) drawn[i] = from[Math.floor(u(r * n + i) * n)] as number; // u < 1, so in range
    drawn.sort(); // by value, as all typed arrays; quantileOf() would copy
    const at = (n - 1) * share;
    const [below, above] = [drawn[Math.floor(at)] as number, drawn[Math.ceil(at)] as number]; // in range
    return below === above ? below : below * (1 - (at % 1)) + above * (at % 1);
  });
};

/**
 * The ratio b ÷ a of quantiles with a percentile interval. Values must be independent of each other: those of rounds,
 * and not the samples within one, which share its disturbances. A function of its arguments alone.
 * @source Efron & Tibshirani 1993, §13.3
 * @throws RangeError for an empty list
 */
export const ratioOfQuantiles = (
  a: readonly number[],
  b: readonly number[],
  share: number,
  confidence = CONFIDENCE,
): Interval => {
  const draws = (child: number, values: readonly number[]): readonly number[] => {
    const u = uniform(fold(keyOf(1), child), [RESAMPLES * values.length]).view;
    return redrawn(values, share, RESAMPLES, (i) => u[i] as number); // as many as are asked for
  };
  const [below, above] = [draws(0, a), draws(1, b)];
  const ratios = above.map((v, i) => v / (below[i] as number)); // one each
  const sorted = ascending(counted(ratios, Number.POSITIVE_INFINITY));
  const tail = (1 - confidence) / 2;
  const [before, now] = [a, b].map((values) =>
    quantileSorted(ascending(counted(values, Number.POSITIVE_INFINITY)), share),
  );
  return {
    ratio: (now as number) / (before as number), // there are two
    low: quantileSorted(sorted, tail),
    high: quantileSorted(sorted, 1 - tail),
  };
};

/** The same of medians. */
export const ratioOfMedians = (a: readonly number[], b: readonly number[], confidence = CONFIDENCE): Interval =>
  ratioOfQuantiles(a, b, 1 / 2, confidence);
