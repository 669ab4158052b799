// Dropout as pure functions of a number tensor and uniforms: inverted, the classic form, and the one that goes with SELU.
import { DomainError, lookup } from '../core/errors.ts';
import type { Lang } from '../ops/lang.ts';

export interface Dropout {
  /** Probability to be dropped, in [0, 1]. */
  readonly dropRate: number;
  /** `inverted` (the default) rescales in train mode, `classic` in eval mode, `alpha` keeps mean 0 and variance 1. */
  readonly form?: 'inverted' | 'classic' | 'alpha';
}

interface Form {
  readonly source: string;
  /** Train mode below rate 1; at rate 1 everything is zero in every form, and nothing is NaN. */
  readonly train: <T>(o: Lang<T>, dropRate: number, x: T, dropped: T) => T;
  readonly eval: <T>(o: Lang<T>, dropRate: number, x: T) => T;
}

/** Where SELU saturates on the left: -lambda * alpha. */
const SELU_FLOOR = -1.7580993408473766;

const keep = <T>(o: Lang<T>, dropRate: number): T => o.sub(o.lit(1), o.lit(dropRate));

export const DROPOUT_FORMS: Readonly<Record<NonNullable<Dropout['form']>, Form>> = {
  inverted: {
    source: 'Srivastava et al. 2014, §10',
    train: (o, dropRate, x, dropped) => o.where(dropped, o.lit(0), o.div(x, keep(o, dropRate))),
    eval: (_o, _dropRate, x) => x,
  },
  classic: {
    source: 'Srivastava et al. 2014, §4',
    train: (o, _dropRate, x, dropped) => o.where(dropped, o.lit(0), x),
    eval: (o, dropRate, x) => o.mul(x, keep(o, dropRate)),
  },
  alpha: {
    source: 'Klambauer et al. 2017, §3, "Alpha dropout"',
    train: (o, dropRate, x, dropped) => {
      const kept = 1 - dropRate;
      // numbers of mean 0 and variance 1 have mean p·f and variance q·(1 + p·f²) once some have become the floor f
      const scale = 1 / Math.sqrt(kept * (1 + dropRate * SELU_FLOOR * SELU_FLOOR));
      const shift = -scale * dropRate * SELU_FLOOR;
      return o.add(o.mul(o.lit(scale), o.where(dropped, o.lit(SELU_FLOOR), x)), o.lit(shift));
    },
    eval: (_o, _dropRate, x) => x,
  },
};

/** A checked specification. @throws DomainError unless 0 ≤ dropRate ≤ 1, UnknownNameError for a form that does not exist */
export const dropoutOf = ({ dropRate, form = 'inverted' }: Dropout): Required<Dropout> => {
  if (!(dropRate >= 0 && dropRate <= 1)) throw new DomainError(`dropout: dropRate must lie in [0, 1], got ${dropRate}`);
  lookup(DROPOUT_FORMS, 'dropout form', form);
  return { dropRate, form };
};

/** Numbers are dropped where u < dropRate: in the inverted form they are zero, and the others divided by 1 − dropRate. */
export const dropoutTrain = <T>(o: Lang<T>, { dropRate, form }: Required<Dropout>, x: T, u: T): T => {
  const dropped = o.greater(o.lit(dropRate), u);
  // where everything is dropped, dividing by 0 would make the slope NaN
  return dropRate < 1 ? DROPOUT_FORMS[form].train(o, dropRate, x, dropped) : o.where(dropped, o.lit(0), x);
};

/** The identity, or x·(1 − dropRate) in the classic form. */
export const dropoutEval = <T>(o: Lang<T>, { dropRate, form }: Required<Dropout>, x: T): T =>
  DROPOUT_FORMS[form].eval(o, dropRate, x);
