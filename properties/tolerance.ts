// Every tolerance of the project: number formats, rounding bounds, comparison, and false-alarm rates. Nothing is chosen, all is derived.
import { binomialCdf, chisquareCdf } from './distributions.ts';
import type { Dtype, PortInfo } from './port.ts';

/** A binary floating-point format: significand digits, exponents of the smallest and largest binades. */
export interface Format {
  readonly digits: number;
  readonly minExponent: number;
  readonly maxExponent: number;
  /** Unit roundoff, half the spacing at 1. */
  readonly u: number;
  /** The smallest positive number. */
  readonly tiny: number;
  readonly max: number;
  readonly round: (x: number) => number;
}

const format = (digits: number, minExponent: number, maxExponent: number, round: (x: number) => number): Format => ({
  digits,
  minExponent,
  maxExponent,
  u: 2 ** -digits,
  tiny: 2 ** (minExponent - digits + 1),
  max: (2 - 2 ** (1 - digits)) * 2 ** maxExponent,
  round,
});

/** IEEE 754-2019, table 3.5: binary64 and binary32. */
export const FORMATS: Readonly<Record<Dtype, Format>> = {
  f64: format(53, -1022, 1023, (x) => x),
  f32: format(24, -126, 127, Math.fround),
};

/** The exponent e with 2ᵉ ≤ |x| < 2ᵉ⁺¹, for finite x ≠ 0. */
export const exponentOf = (x: number): number => {
  const a = Math.abs(x);
  const guess = Math.floor(Math.log2(a)); // off by one at most, next to powers of two
  return 2 ** guess > a ? guess - 1 : guess < 1023 && 2 ** (guess + 1) <= a ? guess + 1 : guess;
};

/** The distance between neighbouring numbers of the format around x: one unit in the last place. */
export const spacing = (x: number, dtype: Dtype): number => {
  const { digits, minExponent, maxExponent, tiny } = FORMATS[dtype];
  if (x === 0) return tiny;
  const e = Number.isFinite(x) ? Math.min(exponentOf(x), maxExponent) : maxExponent;
  return 2 ** (Math.max(e, minExponent) - digits + 1);
};

/** The next number of the format above x. */
export const nextUp = (x: number, dtype: Dtype): number => {
  if (x === Number.POSITIVE_INFINITY || Number.isNaN(x)) return x;
  const step = spacing(x, dtype);
  // below a power of two, seen from a negative x, the spacing halves
  const half = x < 0 && exponentOf(x) > FORMATS[dtype].minExponent && Math.abs(x) === 2 ** exponentOf(x);
  return x + (half ? step / 2 : step);
};
export const nextDown = (x: number, dtype: Dtype): number => -nextUp(-x, dtype);

/** Relative error of n roundings in sequence: γₙ = n·u / (1 − n·u). Higham 2002, §3.1. */
export const gamma = (n: number, u: number): number => (n * u) / (1 - n * u);

/**
 * Roundings granted to one operation of a published rule: its own, and three for another order of the same sum or product,
 * as β·m + (1 − β)·g against m + (1 − β)·(g − m).
 */
export const STEP_ROUNDINGS = 4;

/** What is expected of one number: its nearest double, and how far a double is from it, exactly measured. */
export interface Expected {
  readonly value: number;
  readonly from: (got: number) => number;
}

/** A double expected as it stands. */
export const exactly = (value: number): Expected => ({ value, from: (got) => Math.abs(got - value) });

/** The place where a comparison came out worst. */
export interface Mismatch {
  readonly index: number;
  readonly got: number;
  readonly expected: number;
  readonly error: number;
  readonly allowed: number;
  /** Nothing in particular is expected: what must hold of `got` is said in words. */
  readonly said?: boolean;
}

export interface Comparison {
  readonly ok: boolean;
  /** Largest observed ÷ allowed error; 1 is at the bound. */
  readonly margin: number;
  readonly worst: Mismatch | null;
}

export interface CompareOptions {
  /** Whether −0 and 0 are told apart. */
  readonly zeros?: 'signed' | 'equal';
}

/**
 * Compares element by element. NaN equals only an expected NaN, an infinity only itself, and a bound that is not a
 * number ≥ 0 allows nothing. An exact value beyond the format's range may come back as the infinity of its sign.
 */
export const compare = (
  got: ArrayLike<number>,
  expected: ArrayLike<Expected>,
  allowed: ArrayLike<number>,
  { zeros = 'equal' }: CompareOptions = {},
): Comparison => {
  if (got.length !== expected.length || got.length !== allowed.length)
    return { ok: false, margin: Number.POSITIVE_INFINITY, worst: null };
  let margin = 0;
  let worst: Mismatch | null = null;
  for (let i = 0; i < got.length; i++) {
    const g = got[i] as number; // in range: the lengths agree
    const e = expected[i] as Expected;
    const bound = allowed[i] as number;
    const error = errorOf(g, e, zeros);
    // an infinite error is one even where the bound is infinite too
    const own =
      error === 0 ? 0 : error < Number.POSITIVE_INFINITY && bound >= 0 ? error / bound : Number.POSITIVE_INFINITY;
    if (worst === null || own > margin) {
      margin = own;
      worst = { index: i, got: g, expected: e.value, error, allowed: bound };
    }
  }
  return { ok: margin <= 1, margin, worst };
};

const errorOf = (got: number, expected: Expected, zeros: 'signed' | 'equal'): number => {
  const { value } = expected;
  if (Number.isNaN(got) || Number.isNaN(value))
    return Number.isNaN(got) && Number.isNaN(value) ? 0 : Number.POSITIVE_INFINITY;
  if (!Number.isFinite(got) || !Number.isFinite(value)) return got === value ? 0 : Number.POSITIVE_INFINITY;
  const error = expected.from(got);
  return error === 0 && zeros === 'signed' && !Object.is(got, value) && got === value
    ? Number.POSITIVE_INFINITY
    : error;
};

/** The bound of `ulps` units in the last place at an expected value; a fraction of the smallest double cannot be told apart from it. */
export const ulpsAt = (ulps: number, value: number, dtype: Dtype): number =>
  ulps === 0 ? 0 : Math.max(ulps * spacing(value, dtype), Number.MIN_VALUE);

/** Activations and losses: rows that are exact or correctly rounded stay so, all others have this many ulps (laws.md, A-01). */
const VALUE_ULPS = 4;
/** Derivatives of activations, relative, likewise (laws.md, A-11). */
const DERIVATIVE_ULPS = 8;

/** Largest ulp error a port may make in a row whose own promise is `ulp`. */
export const contractUlps = (ulp: number): number => (ulp <= 1 / 2 ? ulp : Math.max(ulp, VALUE_ULPS));
export const contractDerivativeUlps = (ulp: number): number => (ulp <= 1 / 2 ? ulp : DERIVATIVE_ULPS);

/** Unit vectors that are this close are one direction: rounding moves them by ulps, another draw by about 1. */
export const SAME_DIRECTION = 2 ** -20;

/** Step h of a 64-digit central difference: truncation about h² = 10⁻⁴⁰. */
export const ORACLE_STEP = '1e-20';

/** Cancellation of 64 digits in a difference of two values, relative to their size, with two digits to spare. */
export const DIFFERENCE_ERROR = '1e-62';

/** Two oracles of one derivative must agree to this many digits, relative to the sum of their terms. */
export const CERTIFICATE_DIGITS = '1e-30';

/** One-sided differences further apart than this show a kink between them. */
export const KINK_DIGITS = '1e-12';

/** Answers of two conventions to the question that tells them apart differ by more than this, relative to 1 or the answer: far above the rounding of any format. */
export const FINGERPRINT_GAP = 2 ** -10;

/** Largest probability that one statistical check rejects a correct engine. A run has far fewer than 2,000 such checks: at most 1e-9 together. */
export const ALPHA = 5e-13;

/** The largest chance of a miss that a statistical law may claim to rule out. */
export const MISS = 1e-6;

/** Largest probability that a sound generator misses one coverage predicate in one check. A run has some two hundred of them: at most 1e-9 together. */
const COVERAGE_ALPHA = 1e-12;

/**
 * How many of n inputs must satisfy a predicate that each satisfies with probability `share` at least: the largest count
 * that is missed with probability at most {@link COVERAGE_ALPHA}, by the exact binomial distribution. 0 for few inputs.
 * Runs whose probabilities differ about that average, as those of a biased generator do, miss it less often.
 * @source Hoeffding 1956, Theorem 4
 */
export const due = (n: number, share: number): number => {
  // every check asks for it, so it does without the library: P(X ≤ k) from its terms, whose logarithms do not underflow
  const odds = Math.log(share) - Math.log1p(-share);
  let k = 0;
  let log = n * Math.log1p(-share);
  let atMost = Math.exp(log);
  while (k < n && !(atMost > COVERAGE_ALPHA)) {
    log += Math.log((n - k) / (k + 1)) + odds;
    atMost += Math.exp(log);
    k++;
  }
  return k;
};

/**
 * Error of the midpoint rule for the moments of a quantile function at n points: each end cell holds 1/n of the mass
 * where the squared quantile is at most 2·ln n, and the inner cells add O(1/n).
 */
export const quadratureBound = (n: number): number => (2 * Math.log(n)) / n;

/** The same for fourth moments, relative to the squared variance: the quantile of an end cell to the fourth is at most (2·ln n)². */
export const fourthQuadratureBound = (n: number): number => (2 * Math.log(n)) ** 2 / n;

/** Quantiles of initializers, relative, in units of roundoff: the promise of AS 241 is 1e-16, that is one, and the scale, its product and the argument are allowed five each. */
const QUANTILE_ROUNDINGS = 16;

/**
 * How far a quantile of scale 1 may be from that of the exact law. `moved`: the probability is itself made from u by a
 * product and a sum (a cut law, an interval), so that its rounding of at most 2u·p moves the quantile by 2u·p over the
 * density, which is at most 2.6·u for the cut normal law and 4·u for the uniform one.
 */
export const quantileBound = (z: number, u: number, moved: boolean): number =>
  gamma(QUANTILE_ROUNDINGS, u) * Math.abs(z) + (moved ? 4 * u : 0);

/** Roundings of a sum of n products, relative to the sum of their sizes. Higham 2002, §3.1. */
export const sumBound = (n: number, u: number): number => gamma(n + 2, u);

/** How far from orthonormal the n vectors of length m of a stable orthogonalisation may be, entry by entry. Higham 2002, Theorem 19.4. */
export const orthogonalityBound = (m: number, n: number, u: number): number => 2 * Math.sqrt(n) * gamma(4 * m * n, u);

/**
 * Error of an entry of size `size` after whole-matrix arithmetic on n × n matrices: an eigensolver's 16·n²·u, or the products
 * of five turns of a quintic whose slope is at most 3.4445 at each, whichever is larger.
 */
export const orthogonalBand = (n: number, size: number, u: number): number =>
  size * Math.max(16 * n * n, 8 * n * 3.4445 ** 5) * u;

/** Observed ÷ allowed surprise of a p-value: 1 where it equals the level. */
const surprise = (p: number, alpha: number): Comparison => {
  const margin = p > 0 ? Math.log(Math.min(1, p)) / Math.log(alpha) : Number.POSITIVE_INFINITY;
  return { ok: margin <= 1, margin, worst: null };
};

/** Two-sided exact test that a sum of n squared standard normals came out as `sum`. */
export const chiSquareTest = (sum: number, n: number, alpha: number): Comparison => {
  const below = chisquareCdf(sum, n);
  return surprise(Number.isNaN(sum) ? 0 : 2 * Math.min(below, 1 - below), alpha);
};

/** Two-sided exact test that k of n independent draws of probability p succeeded. */
export const binomialTest = (k: number, n: number, p: number, alpha: number): Comparison =>
  surprise(2 * Math.min(binomialCdf(k, n, p), 1 - (k > 0 ? binomialCdf(k - 1, n, p) : 0)), alpha);

/**
 * Whether values are uniform on [0, 1]; they are independent, mapped there by their exact distribution function. The
 * largest distance D of the empirical from the true distribution exceeds ε with probability at most 2·exp(−2nε²).
 * @source Massart 1990, Corollary 1 (the Dvoretzky–Kiefer–Wolfowitz inequality with its best constant)
 */
export const dkwTest = (values: readonly number[], alpha: number): Comparison => {
  const n = values.length;
  const sorted = Float64Array.from(values).sort(); // NaN ends up last, at a distance that is none
  let most = 0;
  sorted.forEach((v, i) => {
    const d = Math.max(v - i / n, (i + 1) / n - v);
    most = most >= d ? most : d;
  });
  return surprise(Number.isNaN(most) ? 0 : 2 * Math.exp(-2 * n * most * most), alpha);
};

/** Weights of a cell of average chance in the mixtures of {@link mixtureTest}: from anything at all to next to the given chances. */
const MIXTURES = [1 / 2, 8, 64, 512] as const;

/**
 * Whether counts of independent draws fit the probabilities of their cells. The evidence against them is the likelihood
 * under mixtures of all cell probabilities (Dirichlet priors, centred on the given ones, of several widths) over the
 * likelihood under the given ones: its mean under the null is 1, so that it reaches 1/α with probability at most α.
 * No approximation, whatever the counts. A draw that fits no cell is to be counted nowhere else: by the caller.
 * @source Krichevsky & Trofimov 1981 (the mixture); Markov's inequality
 */
export const mixtureTest = (counts: readonly number[], probabilities: readonly number[], alpha: number): Comparison => {
  /** log of from·(from + 1)·…·(from + n − 1). */
  const rising = (from: number, n: number): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += Math.log(from + i);
    return sum;
  };
  const total = counts.reduce((a, b) => a + b, 0);
  const weightOf = (i: number, c: number): number => c * counts.length * (probabilities[i] ?? 0);
  const given = counts.reduce((s, n, i) => s + (n === 0 ? 0 : n * Math.log(probabilities[i] ?? 0)), 0);
  const evidence = MIXTURES.map(
    (c) => counts.reduce((s, n, i) => s + rising(weightOf(i, c), n), 0) - rising(c * counts.length, total) - given,
  );
  const most = Math.max(...evidence);
  const mean = most + Math.log(evidence.reduce((s, e) => s + Math.exp(e - most), 0) / evidence.length);
  return surprise(Number.isNaN(mean) ? 0 : Math.exp(Math.min(0, -mean)), alpha);
};

/**
 * The wealth of a bettor on independent draws of probability p who learns as he goes: the logarithm of the Beta(½, ½) mixture
 * of likelihoods over the likelihood at p. It depends on the k successes of n draws alone, not on their order.
 * @source Krichevsky & Trofimov 1981, eq. 2 (the predictive probabilities (k + ½)/(n + 1), whose product the mixture is)
 */
export const mixtureWealth = (k: number, n: number, p: number): number => {
  let wealth = 0;
  for (let i = 0; i < n; i++)
    wealth += Math.log(i < k ? (i + 1 / 2) / (i + 1) / p : (i - k + 1 / 2) / (i + 1) / (1 - p));
  return wealth;
};

/**
 * Test martingale that independent draws have probability p: rejects once the wealth of {@link mixtureWealth} has reached 1/alpha.
 * A correct engine is rejected with probability at most alpha, however many draws are looked at, and wherever one stops.
 * @source Ville 1939; Shafer, Shen, Vereshchagin & Vovk 2011, §2 (P(sup M ≥ 1/α) ≤ α for a martingale M ≥ 0 that starts at 1)
 */
export const martingaleTest = (draws: readonly boolean[], p: number, alpha: number): Comparison => {
  let wealth = 0;
  let most = 0;
  let k = 0;
  for (const [n, success] of draws.entries()) {
    wealth += Math.log(success ? (k + 1 / 2) / (n + 1) / p : (n - k + 1 / 2) / (n + 1) / (1 - p));
    if (success) k++;
    most = Math.max(most, wealth);
  }
  const margin = most / -Math.log(alpha);
  return { ok: margin <= 1, margin, worst: null };
};

/** Chance of at most k successes in n independent draws of probability p. */
export const binomialBelow = (k: number, n: number, p: number): number => binomialCdf(k, n, p);

/** How far n roundings in sequence, in any order of positive terms of that size together, may carry a result; each may also underflow once. */
export const roundingBound = (n: number, size: number, dtype: Dtype): number =>
  gamma(n, FORMATS[dtype].u) * size + n * FORMATS[dtype].tiny;

/**
 * How far a uniform of the format may lie from that of doubles: a single has the first 23 bits of it and is the middle of
 * their cell, which is 2⁻²³ wide.
 */
export const drawError = (dtype: Dtype): number => (dtype === 'f64' ? 0 : 2 ** -24);

/** What a port is granted per operation in a running error bound; see oracle/readings. */
export interface Grant {
  readonly dtype: Dtype;
  /** Units in the last place of a pointwise row. */
  readonly ulps: (row: { readonly ulp: number }) => number;
  /** Further absolute error of a pointwise row, in units of roundoff. */
  readonly absolute: (row: { readonly ulp: number; readonly activation: boolean }) => number;
}

/** The contract's grant, wider where a port declares that it computes derivatives from outputs. */
export const grantOf = (port: Pick<PortInfo, 'dtype' | 'conventions'>): Grant => ({
  dtype: port.dtype,
  ulps: (row) => contractUlps(row.ulp),
  absolute: (row) => (port.conventions.derivative === 'absolute' && row.activation && row.ulp > 1 / 2 ? 4 : 0),
});

/** What is known of numbers that are normalised together: their largest size, deviation √variance, eps, and (x − mean)/root. */
export interface Normed {
  readonly top: number;
  readonly deviation: number;
  readonly eps: number;
  readonly place: 'inside' | 'outside';
  readonly hat: readonly number[];
}

/** How far a stable normalisation may be off: absolutely, but for the root, which is relative. */
export interface NormBound {
  readonly mean: number;
  readonly variance: number;
  readonly root: number;
  readonly hat: readonly number[];
  /** Of (x − mean)/√(variance + eps inside), by which the root moves with x: its sizes and how far they are off. */
  readonly slope: readonly { readonly size: number; readonly off: number }[];
}

/**
 * A stable algorithm is exact for numbers that are each off by δ = γ₍ₙ₊₁₂₎·max|x|: sums in any order have γₙ, updating
 * a mean has n/2 + 4 roundings of it, scale and shift folded into one product have six. √variance is a seminorm, so that δ moves
 * it by at most δ; a mean of squares has n + 4 roundings more. Infinite where the root may be 0.
 * @source Chan, Golub & LeVeque 1983, Table 1 (two passes and updating; one pass over Σx² grows with κ² and is not granted)
 */
export const normBound = ({ top, deviation, eps, place, hat }: Normed, u: number): NormBound => {
  const n = hat.length;
  const shift = gamma(n + 12, u) * top;
  const rounded = gamma(n + 4, u);
  const square = deviation * deviation;
  const variance = (2 * deviation * shift + shift * shift) * (1 + rounded) + rounded * square;
  // 1/√(1 − v) − 1 ≤ v/(2·(1 − v)) for a v that is off by so much relatively, and 1/(1 − v) − 1 = v/(1 − v)
  const inverse = (v: number, halves: number): number =>
    v < 1 / 2 ? v / (halves * (1 - v)) + 2 * u : Number.POSITIVE_INFINITY;
  const ofDeviation = shift + rounded * deviation;
  const inner = place === 'inside' ? Math.sqrt(square + eps) : deviation;
  const innerShare =
    place === 'inside' ? inverse(variance / (square + eps) + u, 2) : inverse(ofDeviation / inner + u, 1);
  const root = place === 'inside' ? inner : deviation + eps;
  const share = place === 'inside' ? innerShare : inverse(ofDeviation / root + u, 1);
  const quotient = (h: number, by: number, part: number): number =>
    ((shift / by) * (1 + part) + part * Math.abs(h)) * (1 + 4 * u) + 4 * u * Math.abs(h);
  return {
    mean: shift,
    variance,
    root: share,
    hat: hat.map((h) => quotient(h, root, share)),
    slope: hat.map((h) => {
      const k = (h * root) / inner;
      const off = quotient(k, inner, innerShare);
      return { size: Math.abs(k) + off, off };
    }),
  };
};

/** γ·hat + β, for a hat that is off. */
export const normValueBound = (scale: number, offset: number, hat: number, off: number, u: number): number =>
  Math.abs(scale) * off + gamma(4, u) * (Math.abs(scale) * (Math.abs(hat) + off) + Math.abs(offset));

/**
 * (cᵢ − mean c − slopeᵢ·mean(c·hat))/root for cotangents c of hat: every product with its factors' errors, and every sum with
 * the sizes of all that any order of differentiation adds up, the sum of centred numbers included, which is 0 only exactly.
 */
export const normPullBound = (
  c: readonly number[],
  hat: readonly number[],
  root: number,
  bound: NormBound,
  u: number,
): readonly number[] => {
  const n = c.length;
  const mean = (f: (i: number) => number): number => c.reduce((sum, _, i) => sum + f(i), 0) / n;
  const weight = (i: number): number => Math.abs(c[i] ?? 0);
  const hatOff = (i: number): number => bound.hat[i] ?? 0;
  const slopeSize = (i: number): number => bound.slope[i]?.size ?? 0;
  const slopeOff = (i: number): number => bound.slope[i]?.off ?? 0;
  const rounded = gamma(2 * n + 20, u);
  const along = mean((i) => weight(i) * (Math.abs(hat[i] ?? 0) + hatOff(i)));
  const alongOff = mean((i) => weight(i) * hatOff(i)) + rounded * along;
  return c.map((_, i) => {
    const sizes = slopeSize(i) + mean(slopeSize);
    const whole = weight(i) + mean(weight) + sizes * along;
    const inner = rounded * whole + (slopeOff(i) + mean(slopeOff)) * along + sizes * alongOff;
    return (bound.root * whole + (1 + bound.root) * inner) / root;
  });
};

/** A sum of n products in any order, `size` being the sum of their sizes. Higham 2002, §3.1. */
export const dotBound = (n: number, size: number, u: number): number => gamma(n, u) * size;

/** Step of the five-point stencil by which a port's own loss is differentiated; its truncation is measured at 64 digits. */
export const STENCIL_STEP = 2 ** -8;

/** How far the order of a Taylor remainder may be from its whole number. @source laws.md, G-04; Farrell et al. 2013, §2.3 */
export const TAYLOR_ORDER_ERROR = 1 / 100;

/** Step of a mixed second difference at 64 digits: truncation about h² = 10⁻³⁰, cancellation about 10⁻³⁴. */
export const SECOND_STEP = '1e-15';

/** Error of a probability σ(a) whose a is exact, in units of roundoff: an ulp is at most two of them. */
export const PROBABILITY_ROUNDINGS = 2 * VALUE_ULPS;

/** A mean over rows of products of a number and a probability, of which `size` is the mean of absolute values. Higham 2002, §3.1. */
export const statisticBound = (rows: number, size: number, u: number): number =>
  gamma(rows + PROBABILITY_ROUNDINGS + 4, u) * size;

/** −b·v − Σ softplus(aⱼ) with aⱼ exact: every term with its own ulps, and the sum of them in any order. */
export const freeEnergyBound = (terms: number, size: number, u: number): number =>
  gamma(terms + 2 * VALUE_ULPS + 2, u) * size;

/**
 * A log-likelihood by sums of exponentials over at most so many states, of energies of so many terms with absolute values
 * up to `size` in sum: each exponential is off by the error of its energy, and the logarithm by its ulps. Both −F and log Z are.
 */
export const likelihoodBound = (states: number, terms: number, size: number, u: number): number =>
  2 * gamma(states + terms + 4 * PROBABILITY_ROUNDINGS, u) * (1 + terms + size);

/** Chances of a Gibbs step v → h → v′: each unit adds the error of its probability to the total variation. */
export const stepBound = (units: number, u: number): number => gamma(units * PROBABILITY_ROUNDINGS, u);

/** Training by so many steps, each of which rounds every parameter and adds a statistic of so many terms. */
export const trainingBound = (steps: number, terms: number, size: number, u: number): number =>
  gamma(steps * (terms + PROBABILITY_ROUNDINGS + 8), u) * size;

/** Nearest that a uniform may be to a probability for both to be told apart in any order of operations: far above its rounding. */
export const thresholdGap = (u: number): number => 2 ** 8 * PROBABILITY_ROUNDINGS * u;

/** ln s − ln(1 − s) of a share s that is itself off by a few roundings. */
export const logitBound = (share: number, u: number): number =>
  gamma(2 * PROBABILITY_ROUNDINGS, u) * (Math.abs(Math.log(share)) + Math.abs(Math.log1p(-share)) + 1 / (1 - share));

/** A probability σ(a) whose a sums so many terms, of absolute values up to `size` in sum, with inputs off by a probability's error each. */
export const unitBound = (terms: number, size: number, u: number): number =>
  gamma(terms + 2 * PROBABILITY_ROUNDINGS, u) * (1 + size);

/** A sum of n shares, each off by a few roundings of a number up to 1, and their addition; see {@link gamma}. */
export const sharesBound = (n: number, u: number): number => 2 * contractUlps(1) * gamma(n + 2, u);

/** σ(−x) ÷ e^(−x) − 1 is e^(−x) itself, below 2⁻⁵⁷ from x = 40 on, and the rounding of both (laws.md, A-10). */
export const TAIL_ERROR = 2 ** -50;

/** Points of an interval at which the spread of a slope is sampled, and the factor by which a smooth one may exceed what they show. */
export const SPREAD_POINTS = 8;
export const SPREAD_FACTOR = 2;

/** Half the step of a secant of a loss: its slope varies little over it, and the values' rounding is far below. */
export const SECANT_STEP = 2 ** -12;
