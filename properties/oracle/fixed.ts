// Elementary functions in binary fixed point, for the 64-digit oracle: a whole number n stands for n·2⁻³²⁰.

/** Bits behind the point: 64 digits are 213 of them, the rest guards. */
const BITS = 320;
const UNIT = 1n << BigInt(BITS);
const HALF = UNIT >> 1n;

const times = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(BITS);
const over = (a: bigint, b: bigint): bigint => (a << BigInt(BITS)) / b;
const moved = (n: bigint, by: number): bigint => (by < 0 ? n >> BigInt(-by) : n << BigInt(by));

/** Bits of a double and some more. */
const SHORT = 64;
const toNumber = (n: bigint): number => Number(moved(n, SHORT - BITS)) / 2 ** SHORT;
const fromNumber = (x: number): bigint => moved(BigInt(Math.round(x * 2 ** SHORT)), BITS - SHORT);

const tens = [1n];
const ten = (power: number): bigint => {
  for (let n = tens.length; n <= power; n++) tens.push((tens[n - 1] ?? 1n) * 10n);
  return tens[power] ?? 1n;
};

/** A decimal in exponential notation as digits and a power of ten. */
const digitsOf = (text: string): { readonly digits: bigint; readonly power: number } => {
  const [mantissa = '', exponent = '0'] = text.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { digits: BigInt(whole + fraction), power: Number(exponent) - fraction.length };
};

/** A decimal in exponential notation as fixed point, after a shift to the left. */
export const fixed = (text: string, shift = 0): bigint => {
  const { digits, power } = digitsOf(text);
  if (power < -2 * BITS && shift === 0) return 0n; // without powers of ten that nobody needs
  return power < 0 ? moved(digits, BITS + shift) / ten(-power) : moved(digits * ten(power), BITS + shift);
};

/** Digits that are written: more than the oracle keeps, which rounds them once. */
const WRITTEN = 80;
const BITS_PER_DIGIT = Math.log2(10);

/** n·2^power as a decimal. */
export const written = (n: bigint, power = 0): string => {
  const size = (n.toString(16).length * 4 + power - BITS) / BITS_PER_DIGIT;
  const places = Math.max(0, Math.ceil(WRITTEN - size));
  return `${moved(n * ten(places), power - BITS)}e-${places}`;
};

/** The root of a positive decimal in exponential notation, as a decimal: Newton's method on whole numbers, from above. */
export const root = (text: string): string => {
  const { digits, power } = digitsOf(text);
  const places = 2 * WRITTEN + (power % 2 === 0 ? 0 : 1); // an even power of ten is left
  const n = digits * ten(places);
  const bits = n.toString(16).length * 4;
  const lead = Math.sqrt(Number(n >> BigInt(bits - SHORT))) * (1 + 2 ** -50);
  let x = moved(BigInt(Math.ceil(lead * 2 ** 20)) + 1n, (bits - SHORT) / 2 - 20);
  for (let next = (x + n / x) >> 1n; next < x; next = (x + n / x) >> 1n) x = next;
  return `${x}e${(power - places) / 2}`;
};

/** 1 and the terms after it, each made from the one before, until they are too small to count. */
const series = (next: (term: bigint, n: bigint) => bigint, weighed = (term: bigint, _n: bigint) => term): bigint => {
  let sum = UNIT;
  let term = UNIT;
  for (let n = 1n; term > 1n || term < -1n; n++) {
    term = next(term, n);
    sum += weighed(term, n);
  }
  return sum;
};

/** How often an argument of exp is halved before its series. */
const HALVINGS = 8;

/** e^r of |r| < 1. */
const expNear = (r: bigint): bigint => {
  const small = moved(r, -HALVINGS);
  let y = series((term, n) => times(term, small) / n);
  for (let k = 0; k < HALVINGS; k++) y = times(y, y);
  return y;
};

/** The logarithm of m between ½ and 2 by Halley's method on exp, from the double's: 52 bits, 156, 468. */
const lnNear = (m: bigint): bigint => {
  let y = fromNumber(Math.log(toNumber(m)));
  for (let turn = 0; turn < 2; turn++) {
    const e = expNear(y);
    y += over(2n * (m - e), m + e);
  }
  return y;
};
const LN2 = lnNear((3n * UNIT) / 2n) + lnNear((4n * UNIT) / 3n);

/** e^x as a value near 1 and a power of two. Its error is below 2⁻³⁰⁰ of it. */
export const exp = (x: bigint): readonly [value: bigint, power: number] => {
  const power = Math.round(toNumber(x) / Math.LN2);
  return [expNear(x - BigInt(power) * LN2), power];
};

/** The logarithm of a positive decimal in exponential notation, to 2⁻³⁰⁰. */
export const ln = (text: string): bigint => {
  const [mantissa, exponent] = text.split('e');
  const power = Math.round(Math.log2(Number(mantissa)) + Number(exponent) * BITS_PER_DIGIT);
  return BigInt(power) * LN2 + lnNear(fixed(text, -power));
};

/** (eˣ − 1)/x and log(1 + x)/x of |x| < ½, which keep all digits near 0. */
export const expm1Ratio = (x: bigint): bigint => series((term, n) => times(term, x) / (n + 1n));
export const log1pRatio = (x: bigint): bigint =>
  series(
    (power) => -times(power, x),
    (power, n) => power / (n + 1n),
  );

/** sin t / t of |t| ≤ π/2. */
export const sinc = (t: bigint): bigint => {
  const square = times(t, t);
  return series((term, n) => -times(term, square) / (2n * n * (2n * n + 1n)));
};

/** Σ (2x²)ⁿ/(2n + 1)!!, which is √π/2·e^(x²)·erf(x)/x. DLMF 7.6.2. */
export const erfSeries = (x: bigint): bigint => {
  const twice = 2n * times(x, x);
  return series((term, n) => times(term, twice) / (2n * n + 1n));
};

/** √π·e^(x²)·erfc(x) of x ≥ 3 by its continued fraction, from the inside out; the error falls as e^(−2x·√(2n)). DLMF 7.9.1. */
export const erfcFraction = (x: bigint): bigint => {
  const terms = 20 + Math.ceil(4000 / Math.min(1e6, toNumber(x) ** 2));
  let tail = x;
  for (let n = terms; n > 0; n--) tail = x + over(BigInt(n) * HALF, tail);
  return over(UNIT, tail);
};
