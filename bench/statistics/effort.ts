// What solving costs and tuning brings: running times to a target, the best of k, sensitivity to the learning rate.
import { mean, median } from '../statistics.ts';

/** Gaps below are drawn and compared as this: what is solved to twelve digits is solved. */
export const LEAST_GAP = 1e-12;

/** How far a loss lies above the least there is; the loss itself where nobody knows that. */
export const gapOf = (loss: number, floor: number | null): number =>
  Number.isNaN(loss) ? Number.POSITIVE_INFINITY : floor === null ? loss : Math.max(loss - floor, LEAST_GAP);

const reached = (steps: readonly number[]): number => steps.filter((s) => s < Number.POSITIVE_INFINITY).length;

const penalised = (steps: readonly number[], budget: number, factor: number): number =>
  steps.reduce((sum, s) => sum + (s < Number.POSITIVE_INFINITY ? s : factor * budget), 0);

/**
 * Expected running time: steps spent in all runs, those that failed with their whole budget, over the runs that got there; Infinity
 * when none did.
 * @source Hansen et al. 2016 (COCO), arXiv:1603.08785
 */
export const expectedSteps = (steps: readonly number[], budget: number): number =>
  reached(steps) === 0 ? Number.POSITIVE_INFINITY : penalised(steps, budget, 1) / reached(steps);

/** Mean of the steps, where a run that did not get there counts with ten budgets. @source Hutter et al. 2009 (ParamILS) */
export const penalisedSteps = (steps: readonly number[], budget: number): number =>
  penalised(steps, budget, 10) / steps.length;

/** Steps at which the share of the runs that reached the target rises, and the share from then on. */
export const reachedBy = (steps: readonly number[]): readonly { readonly step: number; readonly share: number }[] =>
  [...new Set(steps.filter(Number.isFinite))]
    .sort((a, b) => a - b)
    .map((step) => ({ step, share: steps.filter((s) => s <= step).length / steps.length }));

/** Ways to choose k of n, as a share of the ways to choose k of N. */
const choices = (n: number, k: number, of: number): number => {
  let share = 1;
  for (let j = 0; j < k; j++) share *= (n - j) / (of - j);
  return Math.max(0, share);
};

/**
 * Expected least of k of n values drawn without replacement: Σ x₍ᵢ₎·C(n−i, k−1)/C(n, k). A failure counts as Infinity, so this is
 * Infinity while k failures may be drawn.
 * @source Dodge et al. 2019, Show your work: improved reporting of experimental results; without replacement: Tang et al. 2020
 * @throws RangeError unless 1 ≤ k ≤ n
 */
export const expectedBest = (values: readonly number[], k: number): number => {
  const n = values.length;
  if (!(k >= 1 && k <= n)) throw new RangeError(`best of k: 1 ≤ k ≤ ${n} is needed, got ${k}`);
  const sorted = Float64Array.from(values).sort();
  // P(least is the i-th) = P(least is the i-th or later) − P(least is later)
  return sorted.reduce((sum, x, i) => {
    const p = choices(n - i, k, n) - choices(n - i - 1, k, n);
    return p === 0 ? sum : sum + x * p;
  }, 0);
};

/** The value that the least of k of n values lies at or below with this probability; failures may be among them. @throws RangeError unless 1 ≤ k ≤ n */
export const bestQuantile = (values: readonly number[], k: number, share = 1 / 2): number => {
  const n = values.length;
  if (!(k >= 1 && k <= n)) throw new RangeError(`best of k: 1 ≤ k ≤ ${n} is needed, got ${k}`);
  const sorted = Float64Array.from(values).sort();
  const at = sorted.findIndex((_, i) => 1 - choices(n - i - 1, k, n) >= share);
  return sorted[at] as number; // the last has probability 1
};

/** A learning rate and the loss that it ends at. */
interface AtRate {
  readonly lr: number;
  readonly loss: number;
}

/**
 * Mean over the rates of the loss above the best, where no rate counts for more than the loss at the start; Infinity when every rate
 * fails.
 * @source Wortsman et al. 2023, Small-scale proxies for large-scale Transformer training instabilities, arXiv:2309.14322
 */
export const sensitivityOf = (tried: readonly AtRate[], start: number): number => {
  const best = Math.min(...tried.map(({ loss }) => loss));
  if (best === Number.POSITIVE_INFINITY) return best;
  return mean(tried.map(({ loss }) => Math.min(loss, Math.max(start, best)))) - best;
};

/** A stretch of learning rates that are nearly as good as the best of them. */
export interface Basin {
  readonly low: number;
  readonly high: number;
  /** log₁₀(high/low); 0 when a single rate is good. */
  readonly decades: number;
  /** It reaches an end of what was tried, so that it may be wider. */
  readonly open: boolean;
}

/** The contiguous rates around the best whose gap is within the share of its gap; null when every rate fails. */
export const basinOf = (tried: readonly AtRate[], floor: number | null, within = 0.1): Basin | null => {
  const gaps = tried.map(({ loss }) => gapOf(loss, floor));
  const best = Math.min(...gaps);
  if (best === Number.POSITIVE_INFINITY) return null;
  const good = (i: number): boolean => (gaps[i] ?? Number.POSITIVE_INFINITY) <= best + within * Math.abs(best);
  let from = gaps.indexOf(best);
  let to = from;
  while (good(from - 1)) from -= 1;
  while (good(to + 1)) to += 1;
  const [low, high] = [tried[from]?.lr ?? Number.NaN, tried[to]?.lr ?? Number.NaN];
  return { low, high, decades: Math.log10(high / low), open: from === 0 || to === tried.length - 1 };
};

/** Places of the mean below, evenly apart in the logarithm of the step. */
const PLACES = 20;

/**
 * Mean of log₁₀ of the gap over steps that lie evenly in the logarithm, from the first evaluation after the start to the last; the
 * gap is that of the last evaluation so far. Where the floor is not known it is the loss over that at the start. Infinity after a
 * failure.
 */
export const meanLogGap = (steps: readonly number[], losses: readonly number[], floor: number | null): number => {
  const [first = 1, last = 1] = [steps[1], steps.at(-1)];
  const scale = floor === null ? Math.abs(losses[0] ?? 1) : 1;
  const at = Array.from({ length: PLACES }, (_, i) => first * (last / first) ** (i / (PLACES - 1)));
  return mean(
    at.map((step) => {
      const place = steps.findLastIndex((s) => s <= step * (1 + 1e-9)); // the last place may be rounded down
      return Math.log10(Math.max(gapOf(losses[place] ?? Number.NaN, floor) / scale, LEAST_GAP));
    }),
  );
};

/** How much more the test samples cost than the training samples, by the middle run; Infinity when that failed. */
export const generalisationGap = (runs: readonly { readonly testLoss: number; readonly finalLoss: number }[]): number =>
  median(
    runs.map(({ testLoss, finalLoss }) =>
      finalLoss === Number.POSITIVE_INFINITY ? Number.POSITIVE_INFINITY : testLoss - finalLoss,
    ),
  );
