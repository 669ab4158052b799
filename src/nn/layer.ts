// What a layer is (parameters, state, application), and how layers in series make a network.
import { DomainError, ShapeError } from '../core/errors.ts';
import { fold, type Key } from '../core/key.ts';
import { type Shape, sameShape, show } from '../core/shape.ts';
import type { Tensor } from '../core/tensor.ts';
import type { Lang } from '../ops/lang.ts';

/** Values by name, over any carrier. */
export type Named<T> = { readonly [name: string]: T };

/** Where a layer gets its randomness from: uniforms in (0, 1), by key or given. */
export interface Draws<T> {
  readonly uniform: (shape: Shape) => T;
  /** The draws of the i-th part of a composite layer; parts never share a stream. */
  readonly child: (i: number) => Draws<T>;
}

/** Train and eval are an argument, never a switch on the layer. */
export interface Context<T> {
  readonly mode: 'train' | 'eval';
  /** Needed by layers that draw in train mode, and by no others. */
  readonly draws?: Draws<T>;
}

/** Draws of one step of a training: a function of key, step and place alone. `k` is a carrier, so that a step can be traced. */
export const drawsByKey = <T>(o: Lang<T>, key: Key, k: T): Draws<T> => ({
  uniform: (shape) => o.uniform(k, { key, shape }),
  child: (i) => drawsByKey(o, fold(key, i), k),
});

/** Given uniforms, handed out in the order in which layers ask. @throws DomainError when they run out, ShapeError when one does not fit */
export const drawsGiven = <T>(o: Lang<T>, uniforms: readonly T[]): Draws<T> => {
  const rest = [...uniforms];
  const draws: Draws<T> = {
    uniform: (shape) => {
      const next = rest.shift();
      if (next === undefined)
        throw new DomainError(`draws: ${uniforms.length} tensors of uniforms were given, and more are needed`);
      if (!sameShape(o.shape(next), shape))
        throw new ShapeError(`draws: uniforms must have the shape ${show(shape)}, got ${show(o.shape(next))}`);
      return next;
    },
    child: () => draws,
  };
  return draws;
};

/** What a layer learns (`params`), and what it only remembers (`state`). */
export interface Variables<T> {
  readonly params: Named<T>;
  readonly state: Named<T>;
}

export interface Layer {
  /** Variables for an input of this shape (without the batch axis), and the shape of the output. @throws ShapeError */
  readonly init: (key: Key, input: Shape) => { readonly output: Shape; readonly variables: Variables<Tensor> };
  readonly apply: <T>(
    o: Lang<T>,
    variables: Variables<T>,
    x: T,
    context: Context<T>,
  ) => readonly [y: T, state: Named<T>];
}

/** The variables of a network: one entry per layer, so that a layer is found by its place. */
export interface NetworkVariables<T> {
  readonly params: readonly Named<T>[];
  readonly state: readonly Named<T>[];
}

export interface Network {
  readonly init: (key: Key, input: Shape) => { readonly output: Shape; readonly variables: NetworkVariables<Tensor> };
  readonly apply: <T>(
    o: Lang<T>,
    variables: NetworkVariables<T>,
    x: T,
    context: Context<T>,
  ) => readonly [y: T, state: readonly Named<T>[]];
}

/** The context of the i-th part. */
export const inside = <T>({ mode, draws }: Context<T>, i: number): Context<T> =>
  draws === undefined ? { mode } : { mode, draws: draws.child(i) };

const none = { params: {}, state: {} };

/** Layers one after another. Layer i draws from the key's child i, so inserting a layer behind leaves it unchanged. */
export const serial = (layers: readonly Layer[]): Network => ({
  init: (key, input) => {
    let output = input;
    const all = layers.map((layer, i) => {
      const made = layer.init(fold(key, i), output);
      output = made.output;
      return made.variables;
    });
    return { output, variables: { params: all.map((v) => v.params), state: all.map((v) => v.state) } };
  },
  apply: (o, variables, x, context) => {
    let y = x;
    const state = layers.map((layer, i) => {
      const own = { params: variables.params[i] ?? none.params, state: variables.state[i] ?? none.state };
      const [next, kept] = layer.apply(o, own, y, inside(context, i));
      y = next;
      return kept;
    });
    return [y, state];
  },
});
