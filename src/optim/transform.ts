// Gradient transformations: pure pairs of init and update with named slots, and their composition.
import { DomainError } from '../core/errors.ts';
import type { Lang } from '../ops/lang.ts';

/** Named slots: lists of values, one per parameter leaf unless the rule says otherwise. */
export type Slots<K extends string, T> = { readonly [S in K]: readonly T[] };

/** Turns gradients into updates. `k` is the step, from 1, as a carrier, so that a whole step can be traced. */
export interface Transform<K extends string = string> {
  readonly init: <T>(o: Lang<T>, ws: readonly T[]) => Slots<K, T>;
  readonly update: <T>(
    o: Lang<T>,
    gs: readonly T[],
    slots: Slots<K, T>,
    ws: readonly T[],
    k: T,
  ) => readonly [updates: readonly T[], slots: Slots<K, T>];
  /** Where the gradient that counts is taken, given the gradient at the weights; at the weights unless named. */
  readonly probe?: <T>(o: Lang<T>, ws: readonly T[], gs: readonly T[]) => readonly T[];
  /** The weights to evaluate with, where they are not those that the gradient is taken at. */
  readonly evaluated?: <T>(o: Lang<T>, ws: readonly T[], slots: Slots<K, T>) => readonly T[];
}

/** The learning rate of step k, over any carrier. */
export type Rate = <T>(o: Lang<T>, k: T) => T;

/** Left to right; slots are united by name, so that chaining is associative, state included. @throws DomainError on a name used twice */
export const chain = (...parts: readonly Transform[]): Transform => ({
  init: (o, ws) => {
    const all = parts.map((t) => t.init(o, ws));
    const names = all.flatMap((s) => Object.keys(s));
    const twice = names.find((n, i) => names.indexOf(n) !== i);
    if (twice !== undefined) throw new DomainError(`chain: the slot "${twice}" belongs to two parts`);
    return Object.assign({}, ...all);
  },
  update: (o, gs, slots, ws, k) =>
    parts.reduce(
      ([us, acc], t) => {
        const [next, own] = t.update(o, us, acc, ws, k);
        return [next, { ...acc, ...own }] as const;
      },
      [gs, slots] as readonly [typeof gs, typeof slots],
    ),
});

/** Multiplies by a constant. */
export const scale = (by: number): Transform => ({
  init: () => ({}),
  update: (o, gs, slots) => [gs.map((g) => o.mul(o.lit(by), g)), slots],
});

/** A fresh value of zeros for every leaf. */
export const zerosLike = <T>(o: Lang<T>, ws: readonly T[]): readonly T[] =>
  ws.map((w) => o.expand(o.lit(0), { shape: o.shape(w) }));

/** The slot of one leaf. */
export const slot = <T>(values: readonly T[] | undefined, i: number): T => {
  const value = values?.[i];
  if (value === undefined) throw new DomainError(`optimizer: the state has no value for leaf ${i}`);
  return value;
};
