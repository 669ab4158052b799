// Every tolerance of the project: number formats, rounding bounds, comparison, and false-alarm rates. Nothing is chosen, all is derived.
import binomialCdf from '@stdlib/stats-base-dists-binomial-cdf';
import chisquareCdf from '@stdlib/stats-base-dists-chisquare-cdf';
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
  let k = 0;
  while (k < n && binomialCdf(k, n, share) <= COVERAGE_ALPHA) k++;
  return k;
};

/**
 * Error of the midpoint rule for the moments of a quantile function at n points: each end cell holds 1/n of the mass
 * where the squared quantile is at most 2·ln n, and the inner cells add O(1/n).
 */
export const quadratureBound = (n: number): number => (2 * Math.log(n)) / n;

/** How far from orthonormal the n vectors of length m of a stable orthogonalisation may be, entry by entry. Higham 2002, Theorem 19.4. */
export const orthogonalityBound = (m: number, n: number, u: number): number => 2 * Math.sqrt(n) * gamma(4 * m * n, u);

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

/** A sum of n shares, each off by a few roundings of a number up to 1, and their addition; see {@link gamma}. */
export const sharesBound = (n: number, u: number): number => 2 * contractUlps(1) * gamma(n + 2, u);

/** σ(−x) ÷ e^(−x) − 1 is e^(−x) itself, below 2⁻⁵⁷ from x = 40 on, and the rounding of both (laws.md, A-10). */
export const TAIL_ERROR = 2 ** -50;

/** Points of an interval at which the spread of a slope is sampled, and the factor by which a smooth one may exceed what they show. */
export const SPREAD_POINTS = 8;
export const SPREAD_FACTOR = 2;

/** Half the step of a secant of a loss: its slope varies little over it, and the values' rounding is far below. */
export const SECANT_STEP = 2 ** -12;
