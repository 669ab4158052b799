// Exponentials, logarithms and what is made of them in 24 digits: short texts without pairs, for lanes of singles.
import { larger, smaller } from './pair.ts';
import type { Vec } from './vec.ts';

/** ln 2 in two parts, the first so short that its products with exponents are exact. */
const LN2 = { h: 0.693359375, l: -2.1219444e-4 } as const;

/** (eʳ − 1 − r)/r² as the polynomial of least error for |r| ≤ ln 2 / 2, relative to eʳ − 1; its coefficients are singles. */
const EXP = [
  0.4999999701976776, 0.16666539013385773, 0.04166775569319725, 0.008367124013602734, 0.0013835642021149397,
] as const;
/** The same of −r. */
const FALL = EXP.map((c, i) => (i % 2 === 0 ? c : -c));

/** In a sum with this a number below 2²² has no room for a fraction. */
const INTEGERS = 1.5 * 2 ** 23;

/** From `low` to `high`; NaN stays. */
const within = <V, M>(v: Vec<V, M>, x: V, low: number, high: number): V =>
  smaller(v, larger(v, x, v.lit(low)), v.lit(high));

/** x = n·ln 2 + r with |r| ≤ ln 2 / 2, for x of size up to 104. @source Cody & Waite 1980, §6.2 */
const reduced = <V, M>(v: Vec<V, M>, x: V): { readonly n: V; readonly r: V } => {
  const n = v.sub(v.add(v.mul(x, v.lit(Math.LOG2E)), v.lit(INTEGERS)), v.lit(INTEGERS));
  return { n, r: v.sub(v.sub(x, v.mul(n, v.lit(LN2.h))), v.mul(n, v.lit(LN2.l))) };
};

/** eˣ as (1 + s)·2ⁿ. */
const parts = <V, M>(v: Vec<V, M>, x: V): { readonly n: V; readonly s: V } => {
  const { n, r } = reduced(v, x);
  return { n, s: v.add(r, v.mul(v.mul(r, r), v.poly(r, EXP))) };
};

/** eˣ: 2ⁿ in two factors, of which the second is 1 but for very small and very large results. @source Cody & Waite 1980, chapter 6 */
export const exp = <V, M>(v: Vec<V, M>, x: V): V => {
  const { n, s } = parts(v, within(v, x, -104, 89));
  const near = within(v, n, -100, 127);
  const p = v.pow2(near);
  return v.mul(v.add(p, v.mul(p, s)), v.pow2(v.sub(n, near)));
};

/** eˣ − 1 as (2ⁿ − 1) + 2ⁿ·s, which is s alone near 0. */
export const expm1 = <V, M>(v: Vec<V, M>, x: V): V => {
  const { n, s } = parts(v, within(v, x, -20, 89));
  const near = smaller(v, n, v.lit(127));
  const p = v.pow2(near);
  const y = v.mul(v.add(v.sub(p, v.lit(1)), v.mul(p, s)), v.pow2(v.sub(n, near)));
  return v.copySign(y, x); // −0
};

/** (2·artanh(s)/s − 2)/s² as polynomials in s² for s ≤ 0.1716 and s ≤ ⅓, as above. */
const LOG = [0.6666677594184875, 0.39977577328681946, 0.2987106740474701] as const;
const LOG1P = [0.6666641235351562, 0.4002175033092499, 0.2799821197986603, 0.2802942991256714] as const;

/** f − log(1 + f), as s·(f − s²·P(s²)) with s = f/(2 + f). @source Tang 1990, with artanh */
const bend = <V, M>(v: Vec<V, M>, f: V, c: readonly number[]): V => {
  const s = v.div(f, v.add(v.lit(2), f));
  const z = v.mul(s, s);
  return v.mul(s, v.sub(f, v.mul(z, v.poly(z, c))));
};

/** k·ln 2 + log(1 + f) for f from √½ − 1 to √2 − 1. */
const assembled = <V, M>(v: Vec<V, M>, k: V, f: V): V =>
  v.add(v.mul(k, v.lit(LN2.h)), v.sub(f, v.sub(bend(v, f, LOG), v.mul(k, v.lit(LN2.l)))));

/** The exponent e for which u·2⁻ᵉ is between √½ and √2, and what that is beyond 1; for u from 2⁻¹²⁵ to below 2¹²⁶. */
const apart = <V, M>(v: Vec<V, M>, u: V): { readonly e: V; readonly f: V } => {
  const e = v.exponent(v.mul(u, v.lit(Math.SQRT2)));
  return { e, f: v.sub(v.mul(u, v.pow2(v.neg(e))), v.lit(1)) };
};

/** Natural logarithm: −∞ at 0, NaN below. */
export const log = <V, M>(v: Vec<V, M>, x: V): V => {
  const small = v.less(x, v.lit(2 ** -100));
  const { e, f } = apart(v, v.mul(x, v.pick(small, v.lit(2 ** 64), v.lit(1 / 4))));
  const y = assembled(v, v.add(e, v.pick(small, v.lit(-64), v.lit(2))), f);
  const finite = v.pick(v.less(x, v.lit(Number.POSITIVE_INFINITY)), y, x); // Infinity and NaN are themselves
  const notBelow = v.pick(v.atMost(x, v.lit(0)), v.lit(Number.NEGATIVE_INFINITY), finite);
  return v.pick(v.less(x, v.lit(0)), v.lit(Number.NaN), notBelow);
};

/** log(1 + x): −∞ at −1, NaN below. */
export const log1p = <V, M>(v: Vec<V, M>, x: V): V => {
  const e = v.exponent(v.mul(v.add(v.lit(1), x), v.lit(Math.SQRT2 / 4)));
  const p = v.mul(v.pow2(v.neg(e)), v.lit(1 / 4)); // its product with 1 + x is between √½ and √2
  const f = v.add(v.sub(p, v.lit(1)), v.mul(x, p)); // as a sum, so that the rounding of 1 + x does not count
  const y = v.copySign(assembled(v, v.add(e, v.lit(2)), f), x); // −0
  const finite = v.pick(v.less(x, v.lit(Number.POSITIVE_INFINITY)), y, x);
  const notBelow = v.pick(v.atMost(x, v.lit(-1)), v.lit(Number.NEGATIVE_INFINITY), finite);
  return v.pick(v.less(x, v.lit(-1)), v.lit(Number.NaN), notBelow);
};

/**
 * Added to a denominator and taken away again, so that its steps left and right of 0 are equally large (there it is 2, from which
 * on singles are half as dense), and its ties go the same way: σ(x)·σ(−x) is then nowhere above ¼.
 */
const EVEN = 0.5 + 2 ** -22;

/** Logistic function as 2ⁿ/(2ⁿ + e⁻ʳ) for x = n·ln 2 + r: 2ⁿ may be subnormal, and the quotient is then too. */
export const sigmoid = <V, M>(v: Vec<V, M>, x: V): V => {
  const { n, r } = reduced(v, within(v, x, -104, 70)); // beyond 70 it is 1
  const fall = v.sub(r, v.mul(v.mul(r, r), v.poly(r, FALL))); // 1 − e⁻ʳ
  const p = v.mul(v.pow2(v.add(n, v.lit(24))), v.lit(2 ** -24));
  return v.div(p, v.sub(v.sub(v.add(p, v.lit(1 + EVEN)), fall), v.lit(EVEN)));
};

/** Hyperbolic tangent as (1 − e)/(1 + e) with e = e^(−2|x|), and the sign put back. */
export const tanh = <V, M>(v: Vec<V, M>, x: V): V => {
  const { n, s } = parts(v, v.mul(smaller(v, v.abs(x), v.lit(10)), v.lit(-2))); // beyond 10 it is 1
  const p = v.pow2(n);
  const ps = v.mul(p, s);
  return v.copySign(v.div(v.add(v.sub(p, v.lit(1)), ps), v.add(v.add(p, v.lit(1)), ps)), x);
};

/**
 * log(1 + eˣ) as b + log(1 + q). Left of 0 that is b = 0 and q = eˣ, right of it b = x and q = e⁻ˣ; but up to 1 it is b = ln 2 and
 * q = (eˣ − 1)/2, because there the steps of e⁻ˣ are larger than those of x, and it would decrease.
 */
export const softplus = <V, M>(v: Vec<V, M>, x: V): V => {
  const near = v.less(v.abs(v.sub(x, v.lit(1 / 2))), v.lit(1 / 2));
  const { n, s } = parts(v, larger(v, v.pick(near, x, v.neg(v.abs(x))), v.lit(-104)));
  const m = larger(v, n, v.lit(-100));
  const p = v.pow2(m);
  const ps = v.mul(p, s);
  const e = v.mul(v.add(p, ps), v.pow2(v.sub(n, m)));
  const q = v.pick(near, v.mul(v.add(v.sub(p, v.lit(1)), ps), v.lit(1 / 2)), e);
  const b = v.pick(near, v.lit(Math.LN2), larger(v, x, v.lit(0)));
  return v.add(b, v.sub(q, bend(v, q, LOG1P)));
};
