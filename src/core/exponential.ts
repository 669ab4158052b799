// Exponentials, logarithms, and what is made of them: written over the vector language in 53 digits, and in 24 beside it.
import { larger, type Pair, plus, positivePart, quotient, scaled, smaller, total, twoProduct, twoSum } from './pair.ts';
import * as single from './single.ts';
import { either, type Vec } from './vec.ts';

/** ln 2 in two parts, the first so short that its products with exponents are exact. */
const LN2 = { h: 0.69314718036912381649, l: 1.9082149292705877002e-10 } as const;

const factorials = (n: number): readonly number[] => {
  const f = [1];
  for (let k = 1; k <= n; k++) f.push((f[k - 1] as number) * k); // the list is never empty
  return f;
};
/** (eʳ − 1 − r) / r² as its Taylor series; the first term left out is below 2⁻⁶⁰ for |r| ≤ ln 2 / 2. */
const EXP = factorials(15)
  .slice(2)
  .map((f) => 1 / f);

/**
 * eˣ − 1 reduced: x = n·ln 2 + r with |r| ≤ ln 2 / 2, and eʳ − 1 as a pair. `rest` is a further part of x.
 * @source Cody & Waite 1980, §6.2
 */
const reduced = <V, M>(v: Vec<V, M>, x: V, rest: V): { readonly n: V; readonly s: Pair<V> } => {
  const n = v.nearestInt(v.mul(x, v.lit(Math.LOG2E)));
  const high = v.sub(x, v.mul(n, v.lit(LN2.h)));
  const low = v.sub(rest, v.mul(n, v.lit(LN2.l)));
  const r = v.add(high, low);
  const c = v.add(v.sub(high, r), low);
  // eʳ⁺ᶜ − 1 = r + (c + r²·P(r) + r·c)
  const tail = v.add(v.add(c, v.mul(r, c)), v.mul(v.mul(r, r), v.poly(r, EXP)));
  return { n, s: twoSum(v, r, tail) };
};

/** m·2ⁿ with one rounding, gradual underflow and overflow included. */
export const ldexp = <V, M>(v: Vec<V, M>, m: V, n: V): V => {
  const half = v.nearestInt(v.mul(n, v.lit(0.5)));
  return v.mul(v.mul(m, v.pow2(half)), v.pow2(v.sub(n, half)));
};

/** Where eˣ is certainly 0 or Infinity; NaN stays. */
const expRange = <V, M>(v: Vec<V, M>, x: V): V => smaller(v, larger(v, x, v.lit(-800)), v.lit(800));

/** eˣ as a pair times 2ⁿ, for x in the range of {@link expRange}. */
export const expParts = <V, M>(v: Vec<V, M>, x: V, rest: V): { readonly n: V; readonly m: Pair<V> } => {
  const { n, s } = reduced(v, x, rest);
  return { n, m: plus(v, v.lit(1), s) };
};

/** Exponential. @source Cody & Waite 1980, chapter 6 */
export const exp = either((v, x) => {
  const { n, m } = expParts(v, expRange(v, x), v.lit(0));
  return ldexp(v, total(v, m), n);
}, single.exp);

/** eˣ − 1 as a pair, for x of size below 40. */
const expm1Pair = <V, M>(v: Vec<V, M>, x: V): Pair<V> => {
  const { n, s } = reduced(v, x, v.lit(0));
  const power = v.pow2(n);
  const less = twoSum(v, v.lit(-1), power);
  const whole = plus(v, less.h, scaled(v, s, power));
  return { h: whole.h, l: v.add(whole.l, less.l) };
};

/** Exponential minus one, accurate near 0. @source Cody & Waite 1980, chapter 6 */
export const expm1 = either((v, x) => {
  const near = total(v, expm1Pair(v, smaller(v, larger(v, x, v.lit(-40)), v.lit(40))));
  const tiny = v.less(v.abs(x), v.lit(2 ** -54));
  return v.pick(tiny, x, v.pick(v.less(v.lit(39), x), v.sub(exp(v, x), v.lit(1)), near));
}, single.expm1);

/** 2·artanh(s)/s − 2 over s² as its Taylor series; the first term left out is below 2⁻⁶⁰ for s ≤ 0.1716. */
const LOG = Array.from({ length: 12 }, (_, i) => 2 / (2 * i + 3));

/** log(u + c) for u from 2⁻¹⁰⁰⁰ on, and c small beside it. @source Tang 1990, with artanh */
const logPair = <V, M>(v: Vec<V, M>, u: V, c: V, shift: V): Pair<V> => {
  const e = v.exponent(u);
  const m = v.mul(v.mul(u, v.lit(0.5)), v.pow2(v.sub(v.lit(1), e)));
  const above = v.less(v.lit(Math.SQRT2), m);
  const f = v.sub(v.pick(above, v.mul(m, v.lit(0.5)), m), v.lit(1));
  const k = v.add(v.pick(above, v.add(e, v.lit(1)), e), shift);
  const s = v.div(f, v.add(v.lit(2), f));
  const z = v.mul(s, s);
  const square = twoProduct(v, f, f);
  const h = v.mul(square.h, v.lit(0.5));
  // log(1 + f) = f − f²/2 + s·(f²/2 + z·(2/3 + z·(2/5 + …)))
  const bent = v.mul(s, v.add(h, v.mul(z, v.poly(z, LOG))));
  const line = twoSum(v, f, v.neg(h));
  const q = v.div(c, u);
  const put = v.sub(q, v.mul(v.lit(0.5), v.mul(q, q))); // log(1 + c/u)
  const low = v.add(v.add(v.sub(line.l, v.mul(square.l, v.lit(0.5))), put), bent);
  const whole = twoSum(v, v.mul(k, v.lit(LN2.h)), line.h);
  return twoSum(v, whole.h, v.add(whole.l, v.add(low, v.mul(k, v.lit(LN2.l)))));
};

/** Natural logarithm: −∞ at 0, NaN below. @source Tang 1990 */
export const log = either((v, x) => {
  const small = v.less(x, v.lit(2 ** -1000));
  const normal = v.pick(small, v.mul(x, v.lit(2 ** 54)), x);
  const y = total(v, logPair(v, normal, v.lit(0), v.pick(small, v.lit(-54), v.lit(0))));
  const finite = v.pick(v.less(x, v.lit(Number.POSITIVE_INFINITY)), y, x); // Infinity and NaN are themselves
  const positive = v.pick(v.less(x, v.lit(2 ** -1074)), v.lit(Number.NEGATIVE_INFINITY), finite);
  return v.pick(v.less(x, v.lit(0)), v.lit(Number.NaN), positive);
}, single.log);

/** log(1 + x.h + x.l) as a pair, for x.h from above −1 to 2⁵³. */
const log1pPair = <V, M>(v: Vec<V, M>, x: Pair<V>): Pair<V> => {
  const u = twoSum(v, v.lit(1), x.h);
  const y = logPair(v, u.h, v.add(u.l, x.l), v.lit(0));
  const tiny = v.less(v.abs(x.h), v.lit(2 ** -40)); // x − x²/2, because 1 + x keeps little of such numbers
  const curved = v.sub(x.l, v.mul(v.lit(0.5), v.mul(x.h, x.h)));
  return { h: v.pick(tiny, x.h, y.h), l: v.pick(tiny, curved, y.l) };
};

/** log(1 + x), accurate near 0: −∞ at −1, NaN below. @source Tang 1990, with the rounding of 1 + x put back */
export const log1p = either((v, x) => {
  const inside = total(v, log1pPair(v, { h: x, l: v.lit(0) }));
  const y = v.pick(v.less(x, v.lit(2 ** 54)), inside, log(v, x));
  const below = v.pick(v.less(x, v.lit(-1)), v.lit(Number.NaN), v.add(v.lit(Number.NEGATIVE_INFINITY), x));
  const right = v.pick(v.less(v.abs(x), v.lit(2 ** -54)), x, y); // −0 among them
  return v.pick(v.less(v.lit(-1), x), right, below);
}, single.log1p);

/** e^(−a) as a pair for 0 ≤ a ≤ 40; `rest` is a further part of −a. */
const decay = <V, M>(v: Vec<V, M>, a: V, rest: V): Pair<V> => {
  const { n, m } = expParts(v, v.neg(smaller(v, a, v.lit(40))), rest);
  return scaled(v, m, v.pow2(n));
};

/** Logistic function, through e^(−|x|), so that neither tail overflows or cancels. */
export const sigmoid = either((v, x) => {
  const e = decay(v, v.abs(x), v.lit(0));
  const d = plus(v, v.lit(1), e);
  const left = v.less(x, v.lit(0));
  const y = total(v, quotient(v, { h: v.pick(left, e.h, v.lit(1)), l: v.pick(left, e.l, v.lit(0)) }, d));
  return v.pick(v.less(x, v.lit(-40)), exp(v, x), y);
}, single.sigmoid);

/** Hyperbolic tangent, as −t / (2 + t) with t = e^(−2|x|) − 1, and the sign put back. */
export const tanh = either((v, x) => {
  const a = smaller(v, v.abs(x), v.lit(20));
  const t = expm1Pair(v, v.mul(a, v.lit(-2)));
  const y = total(v, quotient(v, scaled(v, t, v.lit(-1)), plus(v, v.lit(2), t)));
  return v.pick(v.less(v.abs(x), v.lit(2 ** -28)), x, v.copySign(y, x));
}, single.tanh);

/** log(1 + eˣ), as max(x, 0) + log(1 + e^(−|x|)). */
export const softplus = either((v, x) => {
  const bend = log1pPair(v, decay(v, v.abs(x), v.lit(0)));
  const y = total(v, plus(v, positivePart(v, x), bend));
  return v.pick(v.less(x, v.lit(-40)), exp(v, x), v.pick(v.less(v.lit(40), x), x, y));
}, single.softplus);
