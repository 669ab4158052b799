// Gradient transformations: pure functions of gradients, named slots, weights and the step, and their composition.
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

/** The same rate at every step. */
export const constant =
  (rate: number): Rate =>
  (o) =>
    o.lit(rate);

/**
 * Left to right; slots are united by name, so that chaining is associative, state included. The first part that probes or
 * evaluates elsewhere decides for all.
 * @throws DomainError on a name used twice
 */
export const chain = (...parts: readonly Transform[]): Transform => {
  const probe = parts.find((t) => t.probe !== undefined)?.probe;
  const evaluated = parts.find((t) => t.evaluated !== undefined)?.evaluated;
  return {
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
    ...(probe === undefined ? {} : { probe }),
    ...(evaluated === undefined ? {} : { evaluated }),
  };
};

/** Multiplies by a rate. */
export const scaleBy = (rate: Rate): Transform => ({
  init: () => ({}),
  update: (o, gs, slots, _ws, k) => [gs.map((g) => o.mul(rate(o, k), g)), slots],
});

/** Multiplies by a constant. */
export const scale = (by: number): Transform => scaleBy(constant(by));

/** Adds a share of the weights to the gradient: the slope of share/2·Σw², coupled to whatever follows. @source Krogh & Hertz 1991 */
export const addDecay = (share: number): Transform => ({
  init: () => ({}),
  update: (o, gs, slots, ws) => [gs.map((g, i) => o.add(g, o.mul(o.lit(share), slot(ws, i)))), slots],
});

/** One value of a number for every leaf. */
export const filledLike = <T>(o: Lang<T>, ws: readonly T[], value: number): readonly T[] =>
  ws.map((w) => o.expand(o.lit(value), { shape: o.shape(w) }));

/** A fresh value of zeros for every leaf. */
export const zerosLike = <T>(o: Lang<T>, ws: readonly T[]): readonly T[] => filledLike(o, ws, 0);

/** The slot of one leaf. */
export const slot = <T>(values: readonly T[] | undefined, i: number): T => {
  const value = values?.[i];
  if (value === undefined) throw new DomainError(`optimizer: the state has no value for leaf ${i}`);
  return value;
};

/** What a rule sees of one leaf. */
export interface Leaf<S extends string, T> {
  readonly g: T;
  readonly w: T;
  readonly k: T;
  readonly s: { readonly [N in S]: T };
}

/**
 * A rule that treats leaves one by one. Slots start as the number that is named, or as the weights themselves.
 * The rule returns the update and the slots after it.
 */
export const perLeaf = <const S extends string>(
  starts: { readonly [N in S]: number | 'w' },
  rule: <T>(o: Lang<T>, leaf: Leaf<S, T>) => readonly [update: T, s: { readonly [N in S]: T }],
): Transform => {
  const names = Object.keys(starts) as S[]; // its own keys
  return {
    init: (o, ws) =>
      Object.fromEntries(
        names.map((n) => {
          const from: number | 'w' = starts[n];
          return [n, from === 'w' ? ws : filledLike(o, ws, from)];
        }),
      ),
    update: <T>(o: Lang<T>, gs: readonly T[], slots: Slots<string, T>, ws: readonly T[], k: T) => {
      const made = gs.map((g, i) => {
        const s = Object.fromEntries(names.map((n) => [n, slot(slots[n], i)])) as { readonly [N in S]: T }; // its own names
        return rule(o, { g, w: slot(ws, i), k, s });
      });
      const next = Object.fromEntries(names.map((n) => [n, made.map(([, s]) => s[n])]));
      return [made.map(([u]) => u), { ...slots, ...next }];
    },
  };
};

/** One transformation for the leaves that a test on their rank picks, another for the rest; slots keep their names apart. */
export const byRank = (picks: (rank: number) => boolean, yes: Transform, no: Transform): Transform => {
  const split = <T>(o: Lang<T>, ws: readonly T[]) => {
    const mine = ws.map((w) => picks(o.shape(w).length));
    return {
      take: <U>(all: readonly U[], side: boolean) => all.filter((_, i) => mine[i] === side),
      join: <U>(a: readonly U[], b: readonly U[]) => {
        const [ra, rb] = [[...a], [...b]];
        return mine.map((m) => (m ? ra : rb).shift() as U); // as many as were taken
      },
    };
  };
  const named = <T>(prefix: string, s: Slots<string, T>) =>
    Object.fromEntries(Object.entries(s).map(([n, v]) => [`${prefix}.${n}`, v]));
  const own = <T>(prefix: string, s: Slots<string, T>) =>
    Object.fromEntries(
      Object.entries(s).flatMap(([n, v]) => (n.startsWith(`${prefix}.`) ? [[n.slice(prefix.length + 1), v]] : [])),
    );
  return {
    init: (o, ws) => {
      const { take } = split(o, ws);
      return { ...named('yes', yes.init(o, take(ws, true))), ...named('no', no.init(o, take(ws, false))) };
    },
    update: (o, gs, slots, ws, k) => {
      const { take, join } = split(o, ws);
      const [a, sa] = yes.update(o, take(gs, true), own('yes', slots), take(ws, true), k);
      const [b, sb] = no.update(o, take(gs, false), own('no', slots), take(ws, false), k);
      return [join(a, b), { ...slots, ...named('yes', sa), ...named('no', sb) }];
    },
  };
};
