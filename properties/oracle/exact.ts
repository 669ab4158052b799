// Doubles as exact 64-digit numbers, and the way back. mathjs reads bignumber(0.1) as the decimal 0.1, which is not the double.
import { createRequire } from 'node:module';
import type { BigNumber, ConfigOptions, MathJsInstance, Matrix } from 'mathjs';
import type { Dtype } from '../port.ts';
import { type Expected, FORMATS } from '../tolerance.ts';
import * as fixedPoint from './fixed.ts';

export type Big = BigNumber;

/** Decimal digits of every oracle. */
export const DIGITS = 64;

/** The library in one file, as it publishes it beside its thousand modules, which take a second to load. */
const library = createRequire(import.meta.url)('mathjs/lib/browser/math.js') as {
  readonly create: (config: ConfigOptions) => MathJsInstance; // of the whole library, where the modules ask for parts
};

/**
 * An instance of mathjs with so many digits, never a complex number where a real one was meant, and comparisons without
 * its default tolerance, by which 1e-16 > 0 is false.
 */
export const mathOf = (precision: number): MathJsInstance =>
  library.create({ number: 'BigNumber', precision, predictable: true, relTol: Number.MIN_VALUE, absTol: 0 });

/** The project's own instance. */
export const math = mathOf(DIGITS);

export const big = (literal: string | number): Big => math.bignumber(literal);
export const ZERO = big(0);
export const ONE = big(1);
const TWO = big(2);

/** Powers of two by exponent, made once. */
const powers = new Map<number, Big>();
const twoTo = (exponent: number): Big => {
  const known = powers.get(exponent) ?? TWO.pow(exponent);
  powers.set(exponent, known);
  return known;
};

const bits = new DataView(new ArrayBuffer(8));

/** The exact value of a double: mantissa × 2^exponent. Every double has at most 767 digits, of which 64 are kept. */
export const exact = (x: number): Big => {
  if (!Number.isFinite(x)) return big(x);
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const field = Number((word >> 52n) & 0x7ffn);
  const mantissa = (word & 0xfffffffffffffn) | (field === 0 ? 0n : 1n << 52n);
  const value = math.bignumber(mantissa.toString()).times(twoTo(Math.max(field, 1) - 1075));
  return word >> 63n === 1n ? value.neg() : value;
};

/** The double nearest to a value; `valueOf` keeps the sign of zero, which `toString` drops. */
export const nearest = (value: Big): number => Number(value.valueOf());

/** An exact value as something to compare a number of the format with. */
export const expecting = (value: Big, dtype: Dtype): Expected => ({
  value: FORMATS[dtype].round(nearest(value)),
  from: (got) => nearest(value.minus(exact(got)).abs()),
});

const fixed = (x: Big): bigint => fixedPoint.fixed(x.toExponential());
const fromFixed = (n: bigint, power = 0): Big => big(fixedPoint.written(n, power)).toSignificantDigits(DIGITS);

/** Where fixed point has digits to spare; the library, ten times slower, does the rest. */
const EXP_MOST = 2000;
const LN_CLOSEST = TWO.pow(-60);

/** eˣ. */
export const exp = (x: Big): Big => (x.abs().lt(EXP_MOST) ? fromFixed(...fixedPoint.exp(fixed(x))) : x.exp());

/** The natural logarithm. */
export const ln = (x: Big): Big =>
  x.gt(0) && x.e < EXP_MOST && x.e > -EXP_MOST && x.minus(1).abs().gt(LN_CLOSEST)
    ? fromFixed(fixedPoint.ln(x.toExponential()))
    : x.ln();

/** √x. */
export const sqrt = (x: Big): Big =>
  x.gt(0) && x.isFinite() ? big(fixedPoint.root(x.toExponential())).toSignificantDigits(DIGITS) : x.sqrt();

/** Below this, series take over from differences with 1. */
const SMALL = TWO.pow(-10);

/** log(1 + x) with all its digits near 0, where 1 + x would lose them. */
const log1p = (x: Big): Big =>
  x.abs().lt(SMALL) ? x.times(fromFixed(fixedPoint.log1pRatio(fixed(x)))) : ln(x.plus(1));

/** eˣ − 1 with all its digits near 0. */
const expm1 = (x: Big): Big =>
  x.abs().lt(SMALL) ? x.times(fromFixed(fixedPoint.expm1Ratio(fixed(x)))) : exp(x).minus(1);

/** Through e^(−2|x|), because the library sums a series that does not end for large arguments. */
const tanh = (x: Big): Big => {
  const t = expm1(x.abs().times(-2));
  const y = t.neg().div(t.plus(2));
  return x.isNegative() ? y.neg() : y;
};

const sech = (x: Big): Big => {
  const e = exp(x.abs().neg());
  return e.times(2).div(e.times(e).plus(1));
};

const PI = math.pi as unknown as Big; // declared as a number; 64 digits, by the configuration above
const ROOT_PI = sqrt(PI);

/** erf of |x| < 3. */
const erfNear = (x: Big): Big =>
  x
    .times(2)
    .div(ROOT_PI)
    .times(fromFixed(fixedPoint.erfSeries(fixed(x))))
    .times(exp(x.times(x).neg()));

/** erfc of x ≥ 3, 0 at ∞ and NaN of NaN. */
const erfcFar = (x: Big): Big => {
  const tail = exp(x.times(x).neg());
  return x.isFinite() ? tail.times(fromFixed(fixedPoint.erfcFraction(fixed(x)))).div(ROOT_PI) : tail;
};

const erfc = (x: Big): Big =>
  x.isNegative() ? big(2).minus(erfc(x.neg())) : x.lt(3) ? ONE.minus(erfNear(x)) : erfcFar(x);
const erf = (x: Big): Big => (x.isNegative() ? erf(x.neg()).neg() : x.lt(3) ? erfNear(x) : ONE.minus(erfcFar(x)));

/** x less the even number next to it towards 0; the library's mod rounds small negative numbers to 2. Doubles from 2⁵³ on are even. */
const withinTwo = (x: Big): Big =>
  x.abs().lt(2) ? x : x.abs().gte(2 ** 53) ? ZERO : x.minus(x.div(2).trunc().times(2));

/** sin of πx after an exact reduction to |x| ≤ ½; the library loses the digits of small sines. */
const sinPi = (x: Big): Big => {
  if (x.isNaN()) return x;
  const r = withinTwo(x);
  if (r.abs().gt(1)) return sinPi(r.minus(r.isNegative() ? -2 : 2));
  if (r.abs().gt(big(1 / 2))) return sinPi(big(r.isNegative() ? -1 : 1).minus(r));
  const t = PI.times(r);
  return t.times(fromFixed(fixedPoint.sinc(fixed(t))));
};
const cosPi = (x: Big): Big => sinPi(big(1 / 2).minus(withinTwo(x)));

/** (x + ridge·I)^(−1/order) by the coupled iteration of Newton, to all digits. @source Higham 2008, eq. 7.12 */
const inverseRoot = (x: Matrix, order: Big, ridge: Big): Matrix => {
  const [n = 1] = x.size();
  const eye = math.matrix(
    Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_2, j) => (i === j ? ONE : ZERO))),
  );
  const a = math.add(x, math.multiply(eye, ridge)) as Matrix;
  const p = order.toNumber();
  // scaled below (p + 1)/… of the unit disc, where the iteration converges for every positive definite matrix
  const bound = (math.sum(math.abs(a)) as unknown as Big).times(1);
  const power = (m: Matrix): Matrix =>
    Array.from({ length: p - 1 }).reduce<Matrix>((y) => math.multiply(y, m) as Matrix, m);
  let m = math.divide(a, bound) as Matrix;
  let y = eye;
  for (let turn = 0; turn < 500; turn++) {
    const t = math.divide(math.subtract(math.multiply(eye, p + 1), m), p) as Matrix;
    y = math.multiply(y, t) as Matrix;
    m = math.multiply(power(t), m) as Matrix;
    const off = math.sum(math.abs(math.subtract(m, eye))) as unknown as Big;
    if (off.lt(ROOT_END)) break;
  }
  return math.divide(y, bound.pow(ONE.div(p))) as Matrix;
};
const ROOT_END = big('1e-60');

math.import({ inverseRoot, exp, log: ln, sqrt, log1p, expm1, tanh, sech, erf, erfc, sinPi, cosPi }, { override: true });

export { erfc, expm1, log1p, PI };
