// Dropout as pure functions of a number tensor and uniforms: inverted, and the classic form.
import { DomainError, lookup } from '../core/errors.ts';
import type { Lang } from '../ops/lang.ts';

export interface Dropout {
  /** Probability of zero, in [0, 1]. */
  readonly dropRate: number;
  /** `inverted` (the default) rescales in train mode, `classic` in eval mode. */
  readonly form?: 'inverted' | 'classic';
}

/** In which mode the keep probability 1 − dropRate comes in: it divides in train mode, or multiplies in eval mode. */
export const DROPOUT_FORMS: Readonly<Record<NonNullable<Dropout['form']>, { readonly scales: 'train' | 'eval' }>> = {
  inverted: { scales: 'train' },
  classic: { scales: 'eval' },
};

const keep = <T>(o: Lang<T>, dropRate: number): T => o.sub(o.lit(1), o.lit(dropRate));

/** A checked specification. @throws DomainError unless 0 ≤ dropRate ≤ 1, UnknownNameError for a form that does not exist */
export const dropoutOf = ({ dropRate, form = 'inverted' }: Dropout): Required<Dropout> => {
  if (!(dropRate >= 0 && dropRate <= 1)) throw new DomainError(`dropout: dropRate must lie in [0, 1], got ${dropRate}`);
  lookup(DROPOUT_FORMS, 'dropout form', form);
  return { dropRate, form };
};

/**
 * Zero where u < dropRate, else x divided by what the form says. With dropRate 1 everything is zero, and nothing is NaN.
 * @source Srivastava et al. 2014, §4 and §10
 */
export const dropoutTrain = <T>(o: Lang<T>, { dropRate, form }: Required<Dropout>, x: T, u: T): T => {
  const dropped = o.greater(o.lit(dropRate), u);
  // where everything is dropped, dividing by 0 would make the slope NaN
  const scales = DROPOUT_FORMS[form].scales === 'train' && dropRate < 1;
  return o.where(dropped, o.lit(0), scales ? o.div(x, keep(o, dropRate)) : x);
};

/** The identity, or x·(1 − dropRate) in the classic form. */
export const dropoutEval = <T>(o: Lang<T>, { dropRate, form }: Required<Dropout>, x: T): T =>
  DROPOUT_FORMS[form].scales === 'eval' ? o.mul(x, keep(o, dropRate)) : x;
