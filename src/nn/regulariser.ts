// Regularisers: penalties that join the loss, and a constraint that follows the step; biases are left out unless asked for.
import { DomainError } from '../core/errors.ts';
import type { Lang } from '../ops/lang.ts';
import type { Named } from './layer.ts';

/** Regularisation of a model as data; what is not named is off. */
export interface RegulariserSpec {
  /** λ of λ·Σ|w|. */
  readonly l1?: number;
  /** λ of λ/2·Σw². */
  readonly l2?: number;
  /** Largest norm of the weights that meet in one unit. */
  readonly maxNorm?: number;
  /** Whether biases and the γ and β of normalisations are regularised too. */
  readonly bias?: boolean;
}

type Strength = keyof Omit<RegulariserSpec, 'bias'>;

export interface Regulariser {
  readonly doc: string;
  readonly source: string;
  readonly formula: string;
  /** The numbers of the specification that it reads. */
  readonly strengths: readonly Strength[];
  /** Added to the loss, for one tensor of weights. */
  readonly penalty?: <T>(o: Lang<T>, w: T, h: Required<Omit<RegulariserSpec, 'bias'>>) => T;
  /** Done to the weights [in, out] after every step. */
  readonly project?: <T>(o: Lang<T>, w: T, h: Required<Omit<RegulariserSpec, 'bias'>>) => T;
}

const total = <T>(o: Lang<T>, terms: T): T => o.sum(terms, { axes: o.shape(terms).map((_, i) => i), keep: false });
const lasso = <T>(o: Lang<T>, w: T, l1: number): T => o.mul(o.lit(l1), total(o, o.abs(w)));
const ridge = <T>(o: Lang<T>, w: T, l2: number): T => o.mul(o.div(o.lit(l2), o.lit(2)), total(o, o.square(w)));

export const REGULARISERS = {
  l1: {
    doc: 'sum of sizes: drives weights to exactly zero; slope 0 at 0',
    source: 'Tibshirani 1996, eq. 1',
    formula: 'l1 * sum(abs(w))',
    strengths: ['l1'],
    penalty: (o, w, { l1 }) => lasso(o, w, l1),
  },
  l2: {
    doc: 'half the sum of squares: shrinks weights in proportion',
    source: 'Tikhonov 1943; Hoerl & Kennard 1970; Krogh & Hertz 1991',
    formula: 'l2 / 2 * sum(w^2)',
    strengths: ['l2'],
    penalty: (o, w, { l2 }) => ridge(o, w, l2),
  },
  elasticNet: {
    doc: 'both at once',
    source: 'Zou & Hastie 2005, eq. 3, with the half of the ridge',
    formula: 'l1 * sum(abs(w)) + l2 / 2 * sum(w^2)',
    strengths: ['l1', 'l2'],
    penalty: (o, w, { l1, l2 }) => o.add(lasso(o, w, l1), ridge(o, w, l2)),
  },
  maxNorm: {
    doc: 'the weights that meet in one unit are scaled back to a norm of at most maxNorm after every step',
    source: 'Srebro & Shraibman 2005; Srivastava et al. 2014, §5.1',
    formula: 'w * min(1, maxNorm / norm(w)), unit by unit',
    strengths: ['maxNorm'],
    project: (o, w, { maxNorm }) => {
      const along = { axes: [0], keep: true } as const;
      // a power of two takes away no digit, and keeps the squares of huge and tiny weights within range
      const size = o.sum(o.abs(w), along);
      const small = o.where(o.greater(o.lit(2 ** -450), size), o.lit(2 ** 600), o.lit(1));
      const scale = o.where(o.greater(size, o.lit(2 ** 450)), o.lit(2 ** -600), small);
      const scaled = o.mul(w, scale);
      const norm = o.sqrt(o.sum(o.square(scaled), along));
      const limit = o.lit(maxNorm);
      return o.where(o.greater(norm, o.mul(limit, scale)), o.mul(o.div(scaled, norm), limit), w);
    },
  },
} satisfies Readonly<Record<string, Regulariser>>;

const STRENGTHS: readonly Strength[] = ['l1', 'l2', 'maxNorm'];

/** A specification whose strengths are numbers ≥ 0. @throws DomainError naming the one that is not */
export const checkRegulariser = (spec: RegulariserSpec): RegulariserSpec => {
  for (const name of STRENGTHS) {
    const v = spec[name];
    if (v !== undefined && !(v >= 0 && v < Number.POSITIVE_INFINITY))
      throw new DomainError(`regulariser: ${name} must be finite and not negative, got ${v}`);
  }
  return spec;
};

/** Whether a parameter of that name is regularised; of `0.w` the last part counts. */
const counts = ({ bias = false }: RegulariserSpec, name: string): boolean => bias || name.split('.').at(-1) === 'w';

/** What the weights add to the loss, or null where nothing is penalised. @throws DomainError */
export const penaltyOf = <T>(o: Lang<T>, spec: RegulariserSpec, params: readonly Named<T>[]): T | null => {
  const { l1 = 0, l2 = 0, maxNorm = 0 } = checkRegulariser(spec);
  const on = (['l1', 'l2'] as const).filter((name) => (spec[name] ?? 0) > 0);
  const terms = params.flatMap((layer) =>
    Object.entries(layer).flatMap(([name, w]) =>
      counts(spec, name) ? on.map((row) => REGULARISERS[row].penalty(o, w, { l1, l2, maxNorm })) : [],
    ),
  );
  return terms.length === 0 ? null : terms.reduce((a, b) => o.add(a, b));
};

/** The parameters after the constraint; matrices alone are constrained. @throws DomainError */
export const constrain = <T>(
  o: Lang<T>,
  spec: RegulariserSpec | undefined,
  params: readonly Named<T>[],
): readonly Named<T>[] => {
  if (spec?.maxNorm === undefined) return params;
  checkRegulariser(spec);
  const limits = { l1: 0, l2: 0, maxNorm: spec.maxNorm };
  return params.map((layer) =>
    Object.fromEntries(
      Object.entries(layer).map(([name, w]) => [
        name,
        counts({}, name) && o.shape(w).length === 2 ? REGULARISERS.maxNorm.project(o, w, limits) : w,
      ]),
    ),
  );
};
