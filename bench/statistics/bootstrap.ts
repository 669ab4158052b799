// The bootstrap over seeds inside problems: redrawn by our own generator, so that an interval is a function of its arguments.
import { fold, keyOf, normalQuantile, ops, scalar, uniform } from '../../src/index.ts';
import { quantileSorted } from '../statistics.ts';

/** A figure, and where it lies with a stated confidence. */
export interface Estimate {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** Redrawings of an interval that is reported. */
export const RESAMPLES = 10_000;

/**
 * A figure of strata; each list is in ascending order and may be written to. Figures must not depend on the order of a list.
 */
export type Statistic = (strata: readonly Float64Array[]) => number;

interface How {
  /** Of the interval; 0.95 unless named. */
  readonly confidence?: number;
  readonly resamples?: number;
  /** Of the generator. */
  readonly seed?: number;
}

/** Which value of its stratum each place of a redrawing holds; the same sizes are redrawn alike, so that two figures of one sweep are paired. */
const indices = (() => {
  const kept = new Map<string, Uint32Array>();
  return (sizes: readonly number[], resamples: number, seed: number): Uint32Array => {
    const name = [seed, resamples, ...sizes].join();
    const old = kept.get(name);
    if (old !== undefined) return old;
    const total = sizes.reduce((a, n) => a + n, 0);
    const u = uniform(fold(keyOf(seed), 2), [resamples * total]).view;
    const limits = Uint32Array.from(sizes.flatMap((n) => Array<number>(n).fill(n)));
    const drawn = Uint32Array.from(u, (v, i) => Math.floor(v * (limits[i % total] as number))); // v < 1, so in range
    if (kept.size >= 4) kept.clear();
    kept.set(name, drawn);
    return drawn;
  };
})();

const checked = (strata: readonly (readonly number[])[]): readonly Float64Array[] => {
  if (strata.length === 0 || strata.some((s) => s.length === 0))
    throw new RangeError('bootstrap: every stratum needs at least one value, got none');
  const values = strata.map((s) => Float64Array.from(s).sort());
  if (values.some((s) => s.some(Number.isNaN))) throw new RangeError('bootstrap: values must be numbers, got NaN');
  return values;
};

const redrawn = (sorted: readonly Float64Array[], of: Statistic, resamples: number, seed: number): Float64Array => {
  const drawn = indices(
    sorted.map((s) => s.length),
    resamples,
    seed,
  );
  const strata = sorted.map((s) => new Float64Array(s.length));
  let at = 0;
  return Float64Array.from({ length: resamples }, () => {
    for (const [s, values] of strata.entries()) {
      const from = sorted[s] as Float64Array; // one each
      for (let i = 0; i < values.length; i++) values[i] = from[drawn[at++] as number] as number; // in range
      values.sort();
    }
    return of(strata);
  });
};

/** Distribution function of the standard normal. */
const normalBelow = (z: number): number => (ops.erfc(scalar(-z / Math.SQRT2)).view[0] as number) / 2;

/** Share of the redrawn figures below the estimate, those equal to it counted half, as a standard normal quantile. */
const biasOf = (figures: Float64Array, estimate: number): number => {
  const below = figures.reduce((n, f) => n + (f < estimate ? 1 : f === estimate ? 1 / 2 : 0), 0);
  return normalQuantile(below / figures.length);
};

/** The figure without one value at a time: n·(mean of those − each) of every stratum is the influence of its values. */
const accelerationOf = (sorted: readonly Float64Array[], of: Statistic): number => {
  let [squares, cubes] = [0, 0];
  for (const [s, values] of sorted.entries()) {
    const n = values.length;
    if (n === 1) continue; // it cannot be left out, and says nothing of a spread
    const without = Array.from(values, (_, i) =>
      of(sorted.map((all, t) => (t === s ? all.filter((_, j) => j !== i) : all.slice()))),
    );
    const centre = without.reduce((a, v) => a + v / n, 0);
    for (const v of without) {
      const influence = ((n - 1) * (centre - v)) / n;
      squares += influence ** 2;
      cubes += influence ** 3;
    }
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
};

/**
 * A figure with its bootstrap interval: every stratum redrawn with replacement. `bca` is corrected for bias and for a spread
 * that changes with the figure; where that correction is not finite, as with infinite values, the interval is that of
 * percentiles. NaN of a redrawing (∞ − ∞) makes the interval unbounded.
 * @source Efron & Tibshirani 1993, §13.3 (percentile), §14.3 (BCa); several samples: Davison & Hinkley 1997, §5.3
 * @throws RangeError for a stratum without values, or NaN among them
 */
export const bootstrap = (
  strata: readonly (readonly number[])[],
  of: Statistic,
  kind: 'percentile' | 'bca',
  { confidence = 0.95, resamples = RESAMPLES, seed = 1 }: How = {},
): Estimate => {
  const sorted = checked(strata);
  const estimate = of(sorted.map((s) => s.slice()));
  const figures = redrawn(sorted, of, resamples, seed);
  if (Number.isNaN(estimate) || figures.some(Number.isNaN))
    return { estimate, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const ascending = figures.sort();
  const [bias, acceleration] = kind === 'bca' ? [biasOf(ascending, estimate), accelerationOf(sorted, of)] : [0, 0];
  const corrected = Number.isFinite(bias) && Number.isFinite(acceleration);
  const at = (share: number): number => {
    if (kind === 'percentile' || !corrected) return quantileSorted(ascending, share);
    const z = bias + normalQuantile(share);
    return quantileSorted(ascending, normalBelow(bias + z / (1 - acceleration * z)));
  };
  const tail = (1 - confidence) / 2;
  return { estimate, low: at(tail), high: at(1 - tail) };
};

/** The value that splits a sorted list. */
export const medianSorted = (sorted: Float64Array): number => {
  const n = sorted.length;
  const [below, above] = [sorted[(n - 1) >> 1] as number, sorted[n >> 1] as number]; // in range
  return below === above ? below : (below + above) / 2;
};

/** Mean over the strata of the median in each: every problem counts the same. */
export const meanOfMedians: Statistic = (strata) =>
  strata.reduce((sum, values) => sum + medianSorted(values) / strata.length, 0);

/**
 * Mean of the middle half of all values together, a quarter cut off on either side; a value that the cut goes through counts by
 * its share. A failure that counts as −∞ shows as soon as more than a quarter of the runs fail, so failures are told beside it.
 * @source Agarwal et al. 2021, Deep reinforcement learning at the edge of the statistical precipice
 */
export const interquartileMean: Statistic = (strata) => {
  const all = new Float64Array(strata.reduce((n, s) => n + s.length, 0));
  let at = 0;
  for (const values of strata) {
    all.set(values, at);
    at += values.length;
  }
  all.sort();
  const [from, to] = [all.length / 4, (3 * all.length) / 4];
  let sum = 0;
  for (let i = Math.floor(from); i < Math.ceil(to); i++) {
    const share = Math.min(i + 1, to) - Math.max(i, from);
    sum += (all[i] as number) * share; // in range
  }
  return sum / (to - from);
};
