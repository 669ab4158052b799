// The quantile of the standard normal distribution: a text for lanes, and branches for a number alone.
import { elementary } from './elementary.ts';
import { log } from './exponential.ts';
import { smaller } from './pair.ts';
import { type Elementary, either, type Vec } from './vec.ts';

/** Coefficients of a numerator and a denominator. */
type Ratio = readonly [above: readonly number[], below: readonly number[]];
/** Of doubles: next to ½, where it is odd; in the tails; and far out in them. */
const DOUBLE = {
  centre: [
    [
      3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
      67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
    ],
    [
      1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867,
      39307.89580009271061, 28729.085735721942674, 5226.495278852854561,
    ],
  ],
  middle: [
    [
      1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
      1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
    ],
    [
      1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
      0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
    ],
  ],
  far: [
    [
      6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
      0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ],
    [
      1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
      1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
    ],
  ],
} satisfies Readonly<Record<string, Ratio>>;

/**
 * Of singles: −log₂ 4m for 1 ≤ m < 2 in m − 3/2, and √2π + x·ratio as the quantile of p over p − ½ in x = −log₂ 4p(1 − p) for
 * 0 ≤ x ≤ 22. Both have the least error there is, 3e-7 of the first and, relatively, 2e-8 of the second, whose poles next to 0 are
 * where erf is 0 again: a denominator takes them in.
 */
const SINGLE = {
  log: [-2.5849628, -0.9617954, 0.32063234, -0.14254533, 0.07058961, -0.03731129, 0.02512337, -0.015125359],
  start: 2.5066283,
  ratio: [
    [0.45486563, 0.03960488, 0.0053625433, 0.00027597684, 7.011537e-6, -2.3721665e-8],
    [1, 0.05255878, 0.014818944, 0.0005289182, 3.350917e-5],
  ] satisfies Ratio,
} as const;

/** Where the centre ends, as |p − ½|, and where the far tail begins, as √(−log p). */
const CENTRE = 0.425;
const FAR = 5;

/** A quotient before it is taken. */
interface Fraction<V> {
  readonly above: V;
  readonly below: V;
}
const fraction = <V, M>(v: Vec<V, M>, [above, below]: Ratio, x: V): Fraction<V> => ({
  above: v.poly(x, above),
  below: v.poly(x, below),
});
const choose = <V, M>(v: Vec<V, M>, m: M, a: Fraction<V>, b: Fraction<V>): Fraction<V> => ({
  above: v.pick(m, a.above, b.above),
  below: v.pick(m, a.below, b.below),
});

const ofDoubles: Elementary = (v, p) => {
  const { centre, middle, far } = DOUBLE;
  const q = v.sub(p, v.lit(0.5));
  const r = v.sqrt(v.neg(log(v, smaller(v, p, v.sub(v.lit(1), p)))));
  const near = fraction(v, middle, v.sub(r, v.lit(1.6)));
  const tail = choose(v, v.atMost(r, v.lit(FAR)), near, fraction(v, far, v.sub(r, v.lit(FAR))));
  const inside = v.atMost(v.abs(q), v.lit(CENTRE));
  const { above, below } = choose(v, inside, fraction(v, centre, v.sub(v.lit(0.180625), v.mul(q, q))), tail);
  return v.mul(v.div(above, below), v.pick(inside, q, v.copySign(v.lit(1), q)));
};

const ofSingles: Elementary = (v, p) => {
  const { log: c, start, ratio } = SINGLE;
  const share = v.mul(p, v.sub(v.lit(1), p)); // of two exact factors, so that the quantile is odd
  const e = v.exponent(share);
  const x = v.sub(v.poly(v.sub(v.mul(share, v.pow2(v.neg(e))), v.lit(1.5)), c), e);
  const { above, below } = fraction(v, ratio, x);
  return v.mul(v.sub(p, v.lit(0.5)), v.add(v.mul(x, v.div(above, below)), v.lit(start)));
};

/**
 * The quantile of the standard normal distribution at a uniform of ours, none of which is 0 or 1. As doubles it is
 * {@link normalQuantile} to the last bit; as singles, which are at least 2⁻²⁴ from the ends, its relative error is at most 3e-7.
 * @source Wichura 1988, Algorithm AS 241 (PPND16); Remez 1934 for the coefficients of singles
 */
export const quantileOfDraw = either(ofDoubles, ofSingles);

/**
 * The quantile of the standard normal distribution, within 4 ulp; ±∞ at 0 and 1, NaN outside.
 * @source Wichura 1988, Algorithm AS 241 (PPND16)
 */
export const normalQuantile = (p: number): number => {
  const { centre, middle, far } = DOUBLE;
  const q = p - 0.5;
  if (Math.abs(q) <= CENTRE) return q * at(centre, 0.180625 - q * q);
  if (p === 0 || p === 1) return q / 0;
  const r = Math.sqrt(-elementary.log(q < 0 ? p : 1 - p));
  const tail = r <= FAR ? at(middle, r - 1.6) : at(far, r - FAR);
  return q < 0 ? -tail : tail;
};

const at = ([num, den]: Ratio, x: number): number => {
  let [above, below] = [0, 0];
  for (let k = num.length - 1; k >= 0; k--) {
    above = above * x + (num[k] as number); // both have as many coefficients
    below = below * x + (den[k] as number);
  }
  return above / below;
};
