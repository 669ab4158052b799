// The error functions and the activations gated by a distribution function: written once over the vector language.
import { expParts, ldexp } from './exponential.ts';
import {
  larger,
  type Pair,
  plus,
  quotient,
  type Scaled,
  scaled,
  smaller,
  times,
  total,
  twoProduct,
  twoSum,
} from './pair.ts';
import { type Vec, widely } from './vec.ts';

/** (1 + 2z)·e^(z²)·erfc(z) as a polynomial in t = (z − 3.75)/(z + 3.75), fitted in quadruple precision. */
const ERFCX = [
  1.2375126308378275796, -0.140240598585546962446, 0.00358541548546442936901, 0.0822767384901452076831,
  -0.108803930141748857225, 0.0923043211603774777604, -0.0586933985896367740607, 0.028362277418956404286,
  -0.0097465795580292755337, 0.00175562585289529535693, 0.000293713665591344819923, -0.000290154080540841711047,
  5.16490988926824034492e-5, 2.23842391550822298195e-5, -1.14441462377005233727e-5, -9.73559896736774933929e-7,
  1.75163764884906214315e-6, -5.72182306032240876666e-8, -2.5866850716155885447e-7, 2.32635087088591238568e-8,
  3.86753342422223568535e-8, -3.74421008096201869759e-9, -5.17399021401130964703e-9, 3.11143338097992529702e-10,
  4.25147144478639981962e-10,
] as const;
/** The first coefficient in two parts, because it alone carries the last digits. */
const ERFCX_LOW = 1.0317341749302578e-16;

/** e^(z²)·erfc(z) for z ≥ 0. @source Shepherd & Laframboise 1981 (the variable), coefficients by Chebyshev interpolation */
const erfcx = <V, M>(v: Vec<V, M>, z: V): Pair<V> => {
  const k = v.lit(3.75);
  const t = v.div(v.sub(z, k), v.add(z, k));
  const tail = v.mul(t, v.poly(t, ERFCX.slice(1)));
  const f = twoSum(v, v.lit(ERFCX[0]), v.add(tail, v.lit(ERFCX_LOW)));
  return quotient(v, f, plus(v, v.lit(1), { h: v.add(z, z), l: v.lit(0) }));
};

/** e^(−z²)·m·2ⁿ apart: the square is taken without error, since its rounding would grow with it. */
const gaussian = <V, M>(v: Vec<V, M>, square: Pair<V>) => {
  const beyond = v.less(v.lit(800), square.h);
  return expParts(v, v.neg(v.pick(beyond, v.lit(800), square.h)), v.neg(v.pick(beyond, v.lit(0), square.l)));
};

/** erf(x)/x − 1 as a polynomial in x² up to 0.72, fitted in quadruple precision. */
const ERF = [
  0.128379167095512573894, -0.376126389031837523678, 0.112837916709551183039, -0.0268661706451289738704,
  0.00522397762540591474593, -0.000854832702001158121801, 0.000120553327723209913329, -1.49256418002397722461e-5,
  1.64618746149506246137e-6, -1.63612195427803370599e-7, 1.47466130924430947168e-8, -1.17726770519503309292e-9,
  6.76827397978768227378e-11,
] as const;

/** erf of 0 ≤ a ≤ 0.84 as a pair. */
const erfNear = <V, M>(v: Vec<V, M>, a: V): Pair<V> => twoSum(v, a, v.mul(a, v.poly(v.mul(a, a), ERF)));

/** erfc of 0 ≤ a ≤ 40 as a pair times 2ⁿ. */
const erfcParts = <V, M>(v: Vec<V, M>, a: V): { readonly n: V; readonly m: Pair<V> } => {
  const { n, m } = gaussian(v, twoProduct(v, a, a));
  const far = times(v, m, erfcx(v, a));
  const near = plus(v, v.lit(1), scaled(v, erfNear(v, smaller(v, a, v.lit(0.84))), v.lit(-1)));
  const isNear = v.less(a, v.lit(0.5));
  const choose = (x: V, y: V): V => v.pick(isNear, x, y);
  return { n: choose(v.lit(0), n), m: { h: choose(near.h, far.h), l: choose(near.l, far.l) } };
};

/** erfc(−a) = 2 − erfc(a) and erf(a) = 1 − erfc(a), from the parts of erfc(a). */
const lessErfc = <V, M>(v: Vec<V, M>, from: number, { n, m }: { readonly n: V; readonly m: Pair<V> }): V => {
  const power = v.pow2(larger(v, n, v.lit(-1000))); // nothing smaller counts
  return total(v, plus(v, v.lit(from), scaled(v, m, v.neg(power))));
};

/** Complementary error function. @source DLMF 7.2.2 */
export const erfc = widely((v, x) => {
  const parts = erfcParts(v, smaller(v, v.abs(x), v.lit(40)));
  return v.pick(v.less(x, v.lit(0)), lessErfc(v, 2, parts), ldexp(v, total(v, parts.m), parts.n));
});

/** Error function. @source DLMF 7.2.1 */
export const erf = widely((v, x) => {
  const a = smaller(v, v.abs(x), v.lit(6));
  const near = total(v, erfNear(v, smaller(v, a, v.lit(0.84))));
  return v.copySign(v.pick(v.less(a, v.lit(0.84)), near, lessErfc(v, 1, erfcParts(v, a))), x);
});

/** √½ in two parts. */
const ROOT_HALF = { h: Math.SQRT1_2, l: -4.833646656726457e-17 } as const;

/** e^(x²/2)·erfc(x/√2) for 0 ≤ x, with the rounding of x/√2 put back through the slope 2z·erfcx(z) − 2/√π. */
const mills = <V, M>(v: Vec<V, M>, x: V): Pair<V> => {
  const z = twoProduct(v, x, v.lit(ROOT_HALF.h));
  const off = v.add(z.l, v.mul(x, v.lit(ROOT_HALF.l)));
  const e = erfcx(v, z.h);
  const slope = v.sub(v.mul(v.add(z.h, z.h), e.h), v.lit(2 / Math.sqrt(Math.PI)));
  return { h: e.h, l: v.add(e.l, v.mul(off, slope)) };
};

/** x times a distribution function that is symmetric about 0: the positive part of x, less |x| times the tail. */
const lessTail = <V, M>(v: Vec<V, M>, x: V, { n, m }: Scaled<V>): V => {
  const right = total(v, plus(v, x, scaled(v, m, v.neg(v.pow2(larger(v, n, v.lit(-1000))))))); // nothing smaller counts
  const far = v.less(v.lit(2 ** 60), x); // where the tail is nothing, and sums of infinities would be NaN
  return v.pick(v.less(x, v.lit(0)), v.neg(ldexp(v, total(v, m), n)), v.pick(far, x, right));
};

/** x·Φ(x). @source Hendrycks & Gimpel 2016, eq. 1 */
export const gelu = widely((v, x) => {
  const a = smaller(v, v.abs(x), v.lit(40));
  const square = scaled(v, twoProduct(v, a, a), v.lit(0.5));
  const { n, m } = gaussian(v, square);
  const tail = times(v, m, times(v, mills(v, a), { h: v.mul(a, v.lit(0.5)), l: v.lit(0) }));
  return lessTail(v, x, { n, m: tail });
});

/** a·e^(−u)/(1 + e^(−u)) for u.h ≥ 0. */
const gate = <V, M>(v: Vec<V, M>, a: V, u: Pair<V>): Scaled<V> => {
  const beyond = v.less(v.lit(800), u.h);
  const { n, m } = expParts(v, v.neg(v.pick(beyond, v.lit(800), u.h)), v.neg(v.pick(beyond, v.lit(0), u.l)));
  const power = v.pow2(larger(v, n, v.lit(-1000))); // beside 1 nothing smaller counts
  const top = times(v, m, { h: a, l: v.lit(0) });
  return { n, m: quotient(v, top, plus(v, v.lit(1), scaled(v, m, power))) };
};

/** x·σ(x). @source Elfwing, Uchibe & Doya 2018, eq. 3 */
export const silu = widely((v, x) => {
  const a = smaller(v, v.abs(x), v.lit(800));
  return lessTail(v, x, gate(v, a, { h: a, l: v.lit(0) }));
});

/** 2·√(2/π), and times 0.044715, in two parts each. */
const GELU_LINE = { h: 1.5957691216057308, l: -9.9693088091109202e-17 } as const;
const GELU_CUBE = { h: 0.071354816272600249, l: -6.175149918155315e-19 } as const;

/** x·σ(2·√(2/π)·(x + 0.044715·x³)). @source Hendrycks & Gimpel 2016, §2 */
export const geluTanh = widely((v, x) => {
  const a = smaller(v, v.abs(x), v.lit(40));
  const pair = ({ h, l }: Pair<number>) => ({ h: v.lit(h), l: v.lit(l) });
  const cube = times(v, twoProduct(v, a, a), pair(GELU_CUBE));
  const line = plus(v, v.lit(GELU_LINE.h), { h: cube.h, l: v.add(cube.l, v.lit(GELU_LINE.l)) });
  return lessTail(v, x, gate(v, a, times(v, line, { h: a, l: v.lit(0) })));
});
