// What a layer is (parameters, state, application), and how layers in series make a network.
import { fold, type Key } from '../core/key.ts';
import type { Shape } from '../core/shape.ts';
import type { Tensor } from '../core/tensor.ts';
import type { Lang } from '../ops/lang.ts';

/** Values by name, over any carrier. */
export type Named<T> = { readonly [name: string]: T };

/** Train and eval are an argument, never a switch on the layer. */
export interface Context {
  readonly mode: 'train' | 'eval';
}

/** What a layer learns (`params`), and what it only remembers (`state`). */
export interface Variables<T> {
  readonly params: Named<T>;
  readonly state: Named<T>;
}

export interface Layer {
  /** Variables for an input of this shape (without the batch axis), and the shape of the output. @throws ShapeError */
  readonly init: (key: Key, input: Shape) => { readonly output: Shape; readonly variables: Variables<Tensor> };
  readonly apply: <T>(o: Lang<T>, variables: Variables<T>, x: T, context: Context) => readonly [y: T, state: Named<T>];
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
    context: Context,
  ) => readonly [y: T, state: readonly Named<T>[]];
}

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
      const [next, kept] = layer.apply(o, own, y, context);
      y = next;
      return kept;
    });
    return [y, state];
  },
});
