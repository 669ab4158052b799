// Unevaluated sums of two numbers, which carry twice the digits through a short calculation.
import type { Vec } from './vec.ts';

/** An unevaluated sum: `h` is what it rounds to, `l` the rest. */
export interface Pair<V> {
  readonly h: V;
  readonly l: V;
}

/** a + b without error. Knuth 1998, §4.2.2, Theorem B. */
export const twoSum = <V, M>(v: Vec<V, M>, a: V, b: V): Pair<V> => {
  const h = v.add(a, b);
  const bb = v.sub(h, a);
  return { h, l: v.add(v.sub(a, v.sub(h, bb)), v.sub(b, bb)) };
};

/** a·b to twice the digits, nowhere near overflow or underflow. Dekker 1971, §5. */
export const twoProduct = <V, M>(v: Vec<V, M>, a: V, b: V): Pair<V> => {
  const h = v.mul(a, b);
  const [ah, bh] = [v.head(a), v.head(b)];
  const [al, bl] = [v.sub(a, ah), v.sub(b, bh)];
  const l = v.add(v.add(v.add(v.sub(v.mul(ah, bh), h), v.mul(ah, bl)), v.mul(al, bh)), v.mul(al, bl));
  return { h, l };
};

/** (a.h + a.l) / (b.h + b.l) as a pair: one step of Newton on the quotient. Dekker 1971, §7. */
export const quotient = <V, M>(v: Vec<V, M>, a: Pair<V>, b: Pair<V>): Pair<V> => {
  const q = v.div(a.h, b.h);
  const p = twoProduct(v, q, b.h);
  const rest = v.sub(v.add(v.sub(v.sub(a.h, p.h), p.l), a.l), v.mul(q, b.l));
  return { h: q, l: v.div(rest, b.h) };
};

export const total = <V, M>(v: Vec<V, M>, { h, l }: Pair<V>): V => v.add(h, l);
export const plus = <V, M>(v: Vec<V, M>, a: V, b: Pair<V>): Pair<V> => {
  const s = twoSum(v, a, b.h);
  return { h: s.h, l: v.add(s.l, b.l) };
};
export const times = <V, M>(v: Vec<V, M>, a: Pair<V>, b: Pair<V>): Pair<V> => {
  const p = twoProduct(v, a.h, b.h);
  return { h: p.h, l: v.add(p.l, v.add(v.mul(a.h, b.l), v.mul(a.l, b.h))) };
};
export const scaled = <V, M>(v: Vec<V, M>, { h, l }: Pair<V>, by: V): Pair<V> => ({ h: v.mul(h, by), l: v.mul(l, by) });

export const smaller = <V, M>(v: Vec<V, M>, a: V, b: V): V => v.pick(v.less(b, a), b, a); // NaN in a stays
export const larger = <V, M>(v: Vec<V, M>, a: V, b: V): V => v.pick(v.less(a, b), b, a);
export const positivePart = <V, M>(v: Vec<V, M>, x: V): V => v.pick(v.less(x, v.lit(0)), v.lit(0), x);

/** m·2ⁿ, as exponentials come out. */
export interface Scaled<V> {
  readonly n: V;
  readonly m: Pair<V>;
}
