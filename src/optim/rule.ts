// What a row of the table of optimizers is, and the small steps that their rules share.
import { DomainError, lookup } from '../core/errors.ts';
import type { Lang } from '../ops/lang.ts';
import type { Rate, Transform } from './transform.ts';

export type Hyper = Readonly<Record<string, number>>;
export type Dialect = 'paper' | 'torch' | 'keras' | 'optax';

/**
 * The hyper-parameters of a row, some changed; 0 is honoured.
 * @throws UnknownNameError for one that does not exist, DomainError for a value outside its range, NaN included
 */
export const hyperOf = (
  name: string,
  { hyper, domain }: { readonly hyper: Hyper; readonly domain: Readonly<Record<string, readonly [number, number]>> },
  changed: Hyper,
): Hyper => {
  for (const [key, value] of Object.entries(changed)) {
    lookup(hyper, `${name} hyper-parameter`, key);
    const [low, high] = lookup(domain, `${name} range`, key);
    if (!(value >= low && value <= high))
      throw new DomainError(`${name}: ${key} must lie in [${low}, ${high}], got ${value}`);
  }
  return { ...hyper, ...changed };
};

/** What a rule leaves alone, as laws ask. */
export interface Traits {
  /** Which gradients the step of a coordinate depends on: its own, those of its leaf, or all. */
  readonly sees: 'coordinate' | 'leaf' | 'all';
  /** Whether negated gradients negate the steps from zero weights. */
  readonly odd: boolean;
  /** Whether 2ᵏ times all gradients makes the same steps once every epsilon is 0. */
  readonly scaleFree: boolean;
}

export interface Optimizer<H extends Hyper = Hyper> {
  readonly doc: string;
  readonly source: string;
  /** Names and defaults; 0 and 1 in the range {0, 1} are no and yes. */
  readonly hyper: H;
  /** Allowed ranges, both ends included unless infinite; NaN never passes. */
  readonly domain: { readonly [K in keyof H]: readonly [number, number] };
  /** Slots with their start, in the hyper-parameters and the weights w. */
  readonly slots: Readonly<Record<string, string>>;
  /** Slots of which there is one for all leaves. */
  readonly shared?: Readonly<Record<string, string>>;
  /** Square matrices of zeros beside every matrix, by the side that they share with it. */
  readonly squares?: Readonly<Record<string, 'rows' | 'columns'>>;
  /**
   * The rule, line by line, in the gradient g, the weight w, the slots, the step k from 1 and the hyper-parameters; `delta`
   * is added to w. `leaf(…)` sums over a tensor, `total(…)` over all, `matrix(…)` computes with whole matrices.
   */
  readonly recurrence: readonly string[];
  /** Another rule for leaves that are no matrices. */
  readonly vectors?: readonly string[];
  /** Presets by library, each in the hyper-parameters that differ from the defaults. */
  readonly dialects: Readonly<Partial<Record<Dialect, Partial<H>>>>;
  readonly traits: Traits;
  /** `at` makes a rate of a number: the schedule multiplies every rate alike. */
  readonly make: (h: H, at: (rate: number) => Rate) => Transform;
}

const APART: Traits = { sees: 'coordinate', odd: true, scaleFree: true };

type Row<H extends Hyper> = Omit<Optimizer<H>, 'traits' | 'dialects'> & {
  readonly dialects?: Optimizer<H>['dialects'];
  /** What differs from a rule that is free of scale and sees one coordinate. */
  readonly traits?: Partial<Traits>;
};

export const optimizer = <H extends Hyper>({ traits = {}, dialects = {}, ...row }: Row<H>): Optimizer<H> => ({
  ...row,
  dialects,
  traits: { ...APART, ...traits },
});

/** Ranges. */
export const POSITIVE = [0, Number.MAX_VALUE] as const;
export const DECAY_RATE = [0, 1 - 2 ** -53] as const;
export const FLAG = [0, 1] as const;

/** 1 − βᵏ without cancellation, for any carrier of k. */
export const oneMinusPower = <T>(o: Lang<T>, beta: number, k: T): T => o.neg(o.expm1(o.mul(k, o.log(o.lit(beta)))));

/** 1 − β. */
export const rest = <T>(o: Lang<T>, beta: number): T => o.sub(o.lit(1), o.lit(beta));

/** Exponential mean: β·m + (1 − β)·x. */
export const ema = <T>(o: Lang<T>, beta: number, m: T, x: T): T =>
  o.add(o.mul(o.lit(beta), m), o.mul(rest(o, beta), x));

/** An exponential mean that started at zero, corrected for it. */
export const corrected = <T>(o: Lang<T>, beta: number, m: T, k: T): T => o.div(m, oneMinusPower(o, beta, k));

/** −rate·direction. */
export const down = <T>(o: Lang<T>, rate: T, direction: T): T => o.neg(o.mul(rate, direction));

/** The sum over all elements. */
export const sumOf = <T>(o: Lang<T>, x: T): T => o.sum(x, { axes: o.shape(x).map((_, i) => i), keep: false });

/** √Σx², a scalar. */
export const normOf = <T>(o: Lang<T>, x: T): T => o.sqrt(sumOf(o, o.square(x)));

/** a / b, and `otherwise` where b is not above 0. */
export const ratioOr = <T>(o: Lang<T>, a: T, b: T, otherwise: number): T =>
  o.where(o.greater(b, o.lit(0)), o.div(a, b), o.lit(otherwise));

/** The three places of an epsilon under an adaptive step. */
export interface Epsilons {
  readonly eps: number;
  readonly epsRoot: number;
  readonly epsHat: number;
}

/** √(ν/(1 − β₂ᵏ) + epsRoot) + eps + epsHat/√(1 − β₂ᵏ). */
export const denominator = <T>(o: Lang<T>, { eps, epsRoot, epsHat }: Epsilons, nu: T, c2: T): T => {
  const root = o.add(o.sqrt(o.add(o.div(nu, c2), o.lit(epsRoot))), o.lit(eps));
  return epsHat === 0 ? root : o.add(root, o.div(o.lit(epsHat), o.sqrt(c2)));
};
