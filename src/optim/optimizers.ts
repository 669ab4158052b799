// Optimizers: rows with their hyper-parameters, their rule as text, and the transformation that follows it.
import { DomainError, lookup } from '../core/errors.ts';
import type { Lang } from '../ops/lang.ts';
import { chain, scale, slot, type Transform, zerosLike } from './transform.ts';

export type Hyper = Readonly<Record<string, number>>;

export interface Optimizer<H extends Hyper = Hyper> {
  readonly doc: string;
  readonly source: string;
  /** Names and defaults. */
  readonly hyper: H;
  /** Allowed ranges, both ends included unless infinite; NaN never passes. */
  readonly domain: { readonly [K in keyof H]: readonly [number, number] };
  /** Slots that start at zero. */
  readonly slots: readonly string[];
  /** The rule, line by line, in the gradient g, the slots, the step k from 1 and the hyper-parameters; `delta` is added to w. */
  readonly recurrence: readonly string[];
  readonly make: (h: H) => Transform;
}

const optimizer = <H extends Hyper>(row: Optimizer<H>): Optimizer<H> => row;

/** 1 − βᵏ without cancellation, for any carrier of k. */
const oneMinusPower = <T>(o: Lang<T>, beta: number, k: T): T => o.neg(o.expm1(o.mul(k, o.log(o.lit(beta)))));

/** Exponential mean: β·m + (1 − β)·x. */
const ema = <T>(o: Lang<T>, beta: number, m: T, x: T): T =>
  o.add(o.mul(o.lit(beta), m), o.mul(o.sub(o.lit(1), o.lit(beta)), x));

interface AdamHyper {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly epsRoot: number;
}

/** First moment over the root of the second, both corrected for their start at zero. */
const scaleByAdam = ({ beta1, beta2, eps, epsRoot }: AdamHyper): Transform => ({
  init: (o, ws) => ({ mu: zerosLike(o, ws), nu: zerosLike(o, ws) }),
  update: (o, gs, slots, _ws, k) => {
    const mu = gs.map((g, i) => ema(o, beta1, slot(slots.mu, i), g));
    const nu = gs.map((g, i) => ema(o, beta2, slot(slots.nu, i), o.square(g)));
    const [c1, c2] = [oneMinusPower(o, beta1, k), oneMinusPower(o, beta2, k)];
    const root = (v: typeof k) => o.add(o.sqrt(o.add(o.div(v, c2), o.lit(epsRoot))), o.lit(eps));
    return [mu.map((m, i) => o.div(o.div(m, c1), root(slot(nu, i)))), { mu, nu }];
  },
});

const POSITIVE = [0, Number.MAX_VALUE] as const;
const DECAY_RATE = [0, 1 - 2 ** -53] as const;

export const OPTIMIZERS = {
  sgd: optimizer({
    doc: 'steepest descent',
    source: 'Robbins & Monro 1951, eq. 6',
    hyper: { lr: 0.01 },
    domain: { lr: POSITIVE },
    slots: [],
    recurrence: ['delta = -lr * g'],
    make: ({ lr }) => scale(-lr),
  }),
  momentum: optimizer({
    doc: 'heavy ball: the velocity sums gradients, the step is lr times the velocity',
    source: 'Polyak 1964, eq. 9; Sutskever et al. 2013, §2',
    hyper: { lr: 0.01, momentum: 0.9 },
    domain: { lr: POSITIVE, momentum: DECAY_RATE },
    slots: ['velocity'],
    recurrence: ['velocity = momentum * velocity + g', 'delta = -lr * velocity'],
    make: ({ lr, momentum }) =>
      chain(
        {
          init: (o, ws) => ({ velocity: zerosLike(o, ws) }),
          update: (o, gs, slots) => {
            const velocity = gs.map((g, i) => o.add(o.mul(o.lit(momentum), slot(slots.velocity, i)), g));
            return [velocity, { velocity }];
          },
        },
        scale(-lr),
      ),
  }),
  adam: optimizer({
    doc: 'first and second moments with bias correction; eps outside the root, epsRoot inside',
    source: 'Kingma & Ba 2015, Algorithm 1',
    hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, epsRoot: 0 },
    domain: { lr: POSITIVE, beta1: DECAY_RATE, beta2: DECAY_RATE, eps: POSITIVE, epsRoot: POSITIVE },
    slots: ['mu', 'nu'],
    recurrence: [
      'mu = beta1 * mu + (1 - beta1) * g',
      'nu = beta2 * nu + (1 - beta2) * g^2',
      'delta = -lr * (mu / (1 - beta1^k)) / (sqrt(nu / (1 - beta2^k) + epsRoot) + eps)',
    ],
    make: ({ lr, ...h }) => chain(scaleByAdam(h), scale(-lr)),
  }),
};

export type OptimizerName = keyof typeof OPTIMIZERS;

/** The rows with their hyper-parameter names forgotten, for code that treats all alike. */
const ROWS = OPTIMIZERS as unknown as Readonly<Record<string, Optimizer>>;

/** The row of that name. @throws UnknownNameError */
export const optimizerRow = (name: string): Optimizer => lookup(ROWS, 'optimizer', name);

/**
 * The transformation of a row with some hyper-parameters changed; 0 is honoured.
 * @throws UnknownNameError for a row or hyper-parameter that does not exist
 * @throws DomainError for a value outside its range, NaN included
 */
export const optimizerOf = (name: string, changed: Hyper = {}): Transform => {
  const row = optimizerRow(name);
  for (const [key, value] of Object.entries(changed)) {
    lookup(row.hyper, `${name} hyper-parameter`, key);
    const [low, high] = row.domain[key] ?? POSITIVE;
    if (!(value >= low && value <= high))
      throw new DomainError(`${name}: ${key} must lie in [${low}, ${high}], got ${value}`);
  }
  return row.make({ ...row.hyper, ...changed });
};
