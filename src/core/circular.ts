// Sine and cosine of multiples of π, with an exact reduction: written once over the vector language.
import { plus, times, total, twoProduct } from './pair.ts';
import { type Vec, widely } from './vec.ts';

/** sin(πf)/f − π and 1 − cos(πf), over f², as Taylor series for |f| ≤ 1/4. */
const SIN = [
  -5.16771278004997002925, 2.55016403987734544386, -0.599264529320792076888, 0.0821458866111282287988,
  -0.00737043094571435077726, 0.000466302805767612564421, -2.19153534478302158274e-5, 7.95205400147551278478e-7,
  -2.29484289972698731102e-8, 5.39266466260812848935e-10,
] as const;
const COS = [
  4.05871212641676821819, -1.33526276885458949588, 0.235330630358893204542, -0.0258068913900140600126,
  0.0019295743094039230479, -0.000104638104924845707118, 4.3030695870329470073e-6, -1.38789524622137721145e-7,
  3.60473079746250093386e-9, -7.70070713060135337979e-11,
] as const;
const PI_LOW = 1.2246467991473532e-16;
/** −π²/2 in two parts. */
const COS_FIRST = { h: -4.934802200544679, l: -3.1326477543698557e-16 } as const;

/** x modulo 2 as a quarter turn from −2 to 2 and the rest, all exact. */
const turn = <V, M>(v: Vec<V, M>, x: V): { readonly quarter: V; readonly sine: V; readonly cosine: V } => {
  const r = v.sub(x, v.mul(v.lit(2), v.nearestInt(v.mul(x, v.lit(0.5)))));
  const quarter = v.nearestInt(v.add(r, r));
  const f = v.sub(r, v.mul(quarter, v.lit(0.5)));
  const z = v.mul(f, f);
  const p = twoProduct(v, f, v.lit(Math.PI));
  const sine = v.add(p.h, v.add(v.add(p.l, v.mul(f, v.lit(PI_LOW))), v.mul(v.mul(f, z), v.poly(z, SIN))));
  const bend = times(v, twoProduct(v, f, f), {
    h: v.lit(COS_FIRST.h),
    l: v.add(v.lit(COS_FIRST.l), v.mul(z, v.poly(z, COS))),
  });
  const cosine = total(v, plus(v, v.lit(1), bend));
  return { quarter, sine, cosine };
};

/** Whether a quarter from −2 to 2 is odd, and which way it points. */
const isOdd = <V, M>(v: Vec<V, M>, quarter: V): M => {
  const a = v.abs(quarter);
  return v.less(v.abs(v.sub(a, v.lit(1))), v.lit(0.5));
};

/** sin(πx), exact where it is 0 or ±1; 0 with the sign of x at integers. @source IEEE 754-2019, §9.2 */
export const sinPi = widely((v, x) => {
  const { quarter, sine, cosine } = turn(v, x);
  const straight = v.pick(v.less(v.lit(1.5), v.abs(quarter)), v.neg(sine), sine);
  const y = v.pick(isOdd(v, quarter), v.copySign(cosine, quarter), straight);
  return v.pick(v.less(v.lit(0), v.abs(y)), y, v.copySign(v.sub(y, y), x));
});

/** cos(πx), exact where it is 0 or ±1; +0 at odd halves. @source IEEE 754-2019, §9.2 */
export const cosPi = widely((v, x) => {
  const { quarter, sine, cosine } = turn(v, v.abs(x));
  const straight = v.pick(v.less(v.lit(1.5), v.abs(quarter)), v.neg(cosine), cosine);
  const y = v.pick(isOdd(v, quarter), v.pick(v.less(quarter, v.lit(0)), sine, v.neg(sine)), straight);
  return v.add(y, v.lit(0)); // −0 becomes +0
});
