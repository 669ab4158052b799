// Dropout written once more: every mask with its chance, and what is left of a number, at 64 digits.
import { type Big, exact, exp, ln, ONE, sqrt, ZERO } from './exact.ts';
import { evaluate } from './formula.ts';

/** In which mode the keep probability comes in. */
export type Form = 'inverted' | 'classic';

/** Every way to keep (true) or drop n numbers. */
export const masks = (n: number): readonly (readonly boolean[])[] =>
  Array.from({ length: 2 ** n }, (_, m) => Array.from({ length: n }, (_2, i) => Math.floor(m / 2 ** i) % 2 === 1));

/** The probability of a mask; exact in doubles for dyadic rates and a few numbers. */
export const chanceOf = (mask: readonly boolean[], dropRate: number): number =>
  mask.reduce((p, kept) => p * (kept ? 1 - dropRate : dropRate), 1);

/** Uniforms that bring a mask about, halfway between the rate and either end. */
export const uniformsOf = (mask: readonly boolean[], dropRate: number): readonly number[] =>
  mask.map((kept) => (kept ? (1 + dropRate) / 2 : dropRate / 2));

/** What train mode makes of a number that is kept. @source Srivastava et al. 2014, §10 */
export const keptValue = (form: Form, x: number, dropRate: number): Big =>
  form === 'inverted' ? exact(x).div(ONE.minus(exact(dropRate))) : exact(x);

/** What train mode makes of numbers and their uniforms. */
export const trained = (form: Form, x: readonly number[], u: readonly number[], dropRate: number): readonly Big[] =>
  x.map((v, i) => ((u[i] ?? Number.NaN) < dropRate ? ZERO : keptValue(form, v, dropRate)));

/** What eval mode makes of a number. */
export const evaluated = (form: Form, x: number, dropRate: number): Big =>
  form === 'inverted' ? exact(x) : exact(x).times(ONE.minus(exact(dropRate)));

/** log(p/(1 − p)). */
export const logit = (p: number): Big => ln(exact(p)).minus(ln(ONE.minus(exact(p))));

/** The floor of SELU, −λ·α, by its closed form. @source Klambauer et al. 2017, eq. 14 */
export const SELU_FLOOR: Big = (() => {
  const alpha = evaluate('-sqrt(2 / pi) / (erfc(1 / sqrt(2)) * exp(1 / 2) - 1)', {});
  const lambda = evaluate(
    '(1 - erfc(1 / sqrt(2)) * sqrt(e)) * sqrt(2 * pi) / sqrt(2 * erfc(sqrt(2)) * e^2 + pi * erfc(1 / sqrt(2))^2 * e - 2 * (2 + pi) * erfc(1 / sqrt(2)) * sqrt(e) + pi + 2)',
    { e: exp(ONE) },
  );
  return alpha.times(lambda).neg();
})();

/** a and b of alpha dropout. @source Klambauer et al. 2017, §3 */
export const alphaLine = (dropRate: number): { readonly a: Big; readonly b: Big } => {
  const p = exact(dropRate);
  const q = ONE.minus(p);
  const a = ONE.div(sqrt(q.plus(SELU_FLOOR.times(SELU_FLOOR).times(q).times(p))));
  return { a, b: a.times(p).times(SELU_FLOOR).neg() };
};
