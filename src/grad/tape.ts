// Reverse-mode differentiation: the language read as nodes that remember how they came to be.
import { DomainError } from '../core/errors.ts';
import { sameShape, show, stretchedAxes } from '../core/shape.ts';
import { type Lang, reading } from '../ops/lang.ts';
import type { Op } from '../ops/op.ts';

/** A value and how it came to be. The tape is nothing but the chain of parents. A class, so that trees take it for a leaf. */
class Node<T> {
  readonly value: T;
  readonly row: Op | null;
  readonly parents: readonly Node<T>[];
  readonly p: unknown;
  readonly depth: number;
  /** Whether an argument to differentiate by lies below. */
  readonly tracked: boolean;

  constructor(value: T, tracked: boolean, row: Op | null = null, parents: readonly Node<T>[] = [], p?: unknown) {
    this.value = value;
    this.tracked = tracked || parents.some((q) => q.tracked);
    this.row = row;
    this.parents = parents;
    this.p = p;
    this.depth = parents.reduce((d, q) => Math.max(d, 1 + q.depth), 0);
  }
}

const tapes = new WeakMap<object, unknown>();

/** Lifts a language over T to one over nodes, once. Levels are types, so nested derivatives cannot be confused. */
const tape = <T>(o: Lang<T>): Lang<Node<T>> => {
  const known = tapes.get(o) as Lang<Node<T>> | undefined; // of the same language, so of the same T
  if (known !== undefined) return known;
  const made = reading<Node<T>>(
    { shape: (x) => o.shape(x.value), lit: (v, text) => new Node(o.lit(v, text), false) },
    (row, parents, p, name) => {
      const apply = o[name] as (...a: unknown[]) => T; // arity and types are the caller's, by Lang
      return new Node(apply(...parents.map((q) => q.value), p), false, row, parents, p);
    },
  );
  tapes.set(o, made);
  return made;
};

/** A cotangent of a broadcast result, summed back to the shape of the argument. */
const settle = <T>(o: Lang<T>, g: T, x: T): T => {
  const [from, to] = [o.shape(g), o.shape(x)];
  if (sameShape(from, to)) return g;
  return o.reshape(o.sum(g, { axes: stretchedAxes(to, from), keep: true }), { shape: to });
};

/** A program of several arguments and one result, over any carrier. */
export type Program = <T>(o: Lang<T>, xs: readonly T[]) => T;

/** A program whose first result is differentiated and whose others are only values. */
export type ProgramWithRest = <T>(o: Lang<T>, xs: readonly T[]) => readonly [y: T, ...rest: T[]];

/** Results of a program, and the pull-back of a cotangent of the first: gᵀ·∂y/∂xᵢ for every tracked argument. */
export interface Pullback<T> {
  readonly value: T;
  readonly rest: readonly T[];
  readonly pull: (g: T) => readonly T[];
}

/**
 * Runs `f` at `xs` and keeps what is needed to pull cotangents back to the first `tracked` arguments.
 * @source Griewank & Walther 2008, §3.2 (reverse mode)
 */
export const pullback = <T>(f: ProgramWithRest, o: Lang<T>, xs: readonly T[], tracked = xs.length): Pullback<T> => {
  const roots = xs.map((x, i) => new Node(x, i < tracked));
  const [y, ...rest] = f(tape(o), roots);
  const order = topological(y);
  const pull = (seed: T): readonly T[] => {
    const g = new Map<Node<T>, T>([[y, seed]]);
    for (const node of order) {
      const gn = g.get(node);
      if (gn === undefined || node.row === null || !node.tracked) continue;
      const parts = node.row.vjp(
        o,
        gn,
        node.value,
        node.parents.map((q) => q.value),
        node.p,
      );
      node.parents.forEach((parent, i) => {
        const part = parts[i];
        if (part === null || part === undefined || !parent.tracked) return;
        const settled = settle(o, part, parent.value);
        const before = g.get(parent);
        g.set(parent, before === undefined ? settled : o.add(before, settled)); // two paths add
      });
    }
    return roots.slice(0, tracked).map((r) => g.get(r) ?? o.expand(o.lit(0), { shape: o.shape(r.value) }));
  };
  return { value: y.value, rest: rest.map((r) => r.value), pull };
};

/** {@link pullback} of a program with one result. */
export const vjp = <T>(f: Program, o: Lang<T>, xs: readonly T[]): Pullback<T> =>
  pullback((lang, at) => [f(lang, at)], o, xs);

/** The gradient of a scalar program by its tracked arguments, with its value. @throws DomainError unless the result is a scalar */
export const gradOf = <T>(o: Lang<T>, { value, pull }: Pullback<T>): readonly T[] => {
  if (o.shape(value).length > 0)
    throw new DomainError(`grad: the program must return a scalar of shape [], got ${show(o.shape(value))}`);
  return pull(o.lit(1));
};

/** Value and gradient of a scalar program. @throws DomainError when the result is not a scalar */
export const valueAndGrad =
  (f: Program) =>
  <T>(o: Lang<T>, xs: readonly T[]): { readonly value: T; readonly grads: readonly T[] } => {
    const at = vjp(f, o, xs);
    return { value: at.value, grads: gradOf(o, at) };
  };

/** Gradient of a scalar program, itself a function over any language, so that it can be differentiated again. */
export const grad =
  (f: Program) =>
  <T>(o: Lang<T>, xs: readonly T[]): readonly T[] =>
    valueAndGrad(f)(o, xs).grads;

/** Every node below `y`, each after all that use it. */
const topological = <T>(y: Node<T>): readonly Node<T>[] => {
  const seen = new Set<Node<T>>();
  const stack = [y];
  for (let node = stack.pop(); node !== undefined; node = stack.pop())
    if (!seen.has(node)) {
      seen.add(node);
      stack.push(...node.parents);
    }
  return [...seen].sort((a, b) => b.depth - a.depth);
};
