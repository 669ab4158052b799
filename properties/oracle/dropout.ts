// Dropout written once more: every mask with its chance, and what is left of a number, at 64 digits.
import { type Big, exact, ONE, ZERO } from './exact.ts';

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
export const logit = (p: number): Big =>
  exact(p)
    .ln()
    .minus(ONE.minus(exact(p)).ln());
