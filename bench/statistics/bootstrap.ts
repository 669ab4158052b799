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

/** Values in ascending order, and how often each of them counts: a redrawing is no new list. */
export interface Weighted {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  /** Sum of the counts. */
  readonly n: number;
}

/** A redrawing stratum by stratum, and of all together. */
export interface Sample {
  readonly strata: readonly Weighted[];
  readonly pooled: Weighted;
}

export type Statistic = (sample: Sample) => number;

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

/** The values of strata, with room for counts. */
interface Frame extends Sample {
  /** For every value of a stratum its place among all. */
  readonly placeOf: readonly Uint32Array[];
}

const frameOf = (strata: readonly (readonly number[])[]): Frame => {
  if (strata.length === 0 || strata.some((s) => s.length === 0))
    throw new RangeError('bootstrap: every stratum needs at least one value, got none');
  if (strata.some((s) => s.some(Number.isNaN))) throw new RangeError('bootstrap: values must be numbers, got NaN');
  const weighted = (values: readonly number[]): Weighted => ({
    values: Float64Array.from(values).sort(),
    counts: new Float64Array(values.length),
    n: values.length,
  });
  const own = strata.map(weighted);
  const all = own
    .flatMap(({ values }, s) => Array.from(values, (v, i) => ({ v, s, i })))
    .sort((a, b) => (a.v === b.v ? 0 : a.v - b.v));
  const placeOf = own.map(({ n }) => new Uint32Array(n));
  for (const [place, { s, i }] of all.entries()) (placeOf[s] as Uint32Array)[i] = place; // one each
  return { strata: own, pooled: weighted(all.map(({ v }) => v)), placeOf };
};

/** The figure when every value counts as often as it says. */
const figureOf = (frame: Frame, of: Statistic, countOf: (s: number, i: number) => number): number => {
  let n = 0;
  const strata = frame.strata.map(({ values, counts }, s): Weighted => {
    let own = 0;
    for (let i = 0; i < counts.length; i++) {
      const count = countOf(s, i);
      counts[i] = count;
      frame.pooled.counts[frame.placeOf[s]?.[i] as number] = count; // one each
      own += count;
    }
    n += own;
    return { values, counts, n: own };
  });
  return of({ strata, pooled: { ...frame.pooled, n } });
};

const redrawn = (frame: Frame, of: Statistic, resamples: number, seed: number): Float64Array => {
  const { strata, pooled, placeOf } = frame;
  const drawn = indices(
    strata.map(({ n }) => n),
    resamples,
    seed,
  );
  let at = 0;
  return Float64Array.from({ length: resamples }, () => {
    pooled.counts.fill(0);
    for (let s = 0; s < strata.length; s++) {
      const [{ counts }, places] = [strata[s] as Weighted, placeOf[s] as Uint32Array]; // one each
      counts.fill(0);
      for (let k = 0; k < counts.length; k++) {
        const i = drawn[at++] as number; // as many as are drawn
        counts[i] = (counts[i] as number) + 1;
        const place = places[i] as number; // in range
        pooled.counts[place] = (pooled.counts[place] as number) + 1;
      }
    }
    return of(frame);
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
const accelerationOf = (frame: Frame, of: Statistic): number => {
  let [squares, cubes] = [0, 0];
  for (const [s, { n }] of frame.strata.entries()) {
    if (n === 1) continue; // it cannot be left out, and says nothing of a spread
    const without = Array.from({ length: n }, (_, i) => figureOf(frame, of, (t, j) => (t === s && j === i ? 0 : 1)));
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
  const frame = frameOf(strata);
  const estimate = figureOf(frame, of, () => 1);
  const figures = redrawn(frame, of, resamples, seed);
  if (Number.isNaN(estimate) || figures.some(Number.isNaN))
    return { estimate, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  const ascending = figures.sort();
  const [bias, acceleration] = kind === 'bca' ? [biasOf(ascending, estimate), accelerationOf(frame, of)] : [0, 0];
  const corrected = Number.isFinite(bias) && Number.isFinite(acceleration);
  const at = (share: number): number => {
    if (kind === 'percentile' || !corrected) return quantileSorted(ascending, share);
    const z = bias + normalQuantile(share);
    return quantileSorted(ascending, normalBelow(bias + z / (1 - acceleration * z)));
  };
  const tail = (1 - confidence) / 2;
  return { estimate, low: at(tail), high: at(1 - tail) };
};

/** The value that splits a list. */
const medianOf = ({ values, counts, n }: Weighted): number => {
  const [first, second] = [(n - 1) >> 1, n >> 1];
  let i = 0;
  let seen = counts[0] as number; // there is a value
  while (seen <= first) seen += counts[++i] as number; // the counts add up to n
  const below = values[i] as number;
  while (seen <= second) seen += counts[++i] as number;
  const above = values[i] as number;
  return below === above ? below : (below + above) / 2;
};

/** Mean over the strata of the median in each: every problem counts the same. */
export const meanOfMedians: Statistic = ({ strata }) => {
  let sum = 0;
  for (const stratum of strata) sum += medianOf(stratum) / strata.length;
  return sum;
};

/**
 * Mean of the middle half of all values together, a quarter cut off on either side; a value that the cut goes through counts by
 * its share. A failure that counts as −∞ shows as soon as more than a quarter of the runs fail, so failures are told beside it.
 * @source Agarwal et al. 2021, Deep reinforcement learning at the edge of the statistical precipice
 */
export const interquartileMean: Statistic = ({ pooled: { values, counts, n } }) => {
  const [from, to] = [n / 4, (3 * n) / 4];
  let [seen, sum] = [0, 0];
  for (let i = 0; i < values.length && seen < to; i++) {
    const next = seen + (counts[i] as number); // in range
    const share = Math.min(next, to) - Math.max(seen, from);
    if (share > 0) sum += (values[i] as number) * share;
    seen = next;
  }
  return sum / (to - from);
};
