// Training as a pure fold: a step takes the training so far and a batch, and returns the training after it.
import type { Key } from '../core/key.ts';
import type { Shape } from '../core/shape.ts';
import { scalar, type Tensor } from '../core/tensor.ts';
import { flatten } from '../core/tree.ts';
import { gradOf, pullback } from '../grad/tape.ts';
import { lossOfModel, type ModelSpec, networkOf } from '../models/mlp.ts';
import { drawsByKey, drawsGiven, type Named, type Network, type NetworkVariables } from '../nn/layer.ts';
import { type Lang, ops } from '../ops/lang.ts';
import type { Slots, Transform } from '../optim/transform.ts';
import type { Data } from './data.ts';

type PerLayer<T> = readonly Named<T>[];

/** A model as data, and the network it spells. */
export interface Model {
  readonly spec: ModelSpec;
  readonly network: Network;
}

/** @throws UnknownNameError, DomainError */
export const modelOf = (spec: ModelSpec): Model => ({ spec, network: networkOf(spec) });

export interface LossAndGrad<T> {
  readonly loss: T;
  readonly output: T;
  readonly state: PerLayer<T>;
  readonly grads: PerLayer<T>;
}

/** What a step draws from: a key with the number of the step, or given uniforms in the order in which layers ask. */
export type Randomness<T> = { readonly key: Key; readonly k: T } | { readonly uniforms: readonly T[] };

/** Loss, output, next state and gradients of a model on one batch in train mode, over any carrier. */
export const lossAndGrad = <T>(
  o: Lang<T>,
  model: Model,
  variables: NetworkVariables<T>,
  x: T,
  y: T,
  randomness: Randomness<T> = { uniforms: [] },
): LossAndGrad<T> => {
  const params = flatten<T>(variables.params);
  const state = flatten<T>(variables.state);
  const n = params.leaves.length;
  const keyed = 'key' in randomness;
  const draws = keyed ? [randomness.k] : randomness.uniforms;
  // `build` returns the structure it was taken from: one record per layer
  const at = pullback(
    <U>(lang: Lang<U>, xs: readonly U[]) => {
      const [px, rest] = [xs.slice(0, n), xs.slice(n)];
      const [sx, [xu, yu, ...du]] = [rest.slice(0, state.leaves.length), rest.slice(state.leaves.length)] as [
        U[],
        [U, U, ...U[]],
      ];
      const own = { params: params.build(px) as PerLayer<U>, state: state.build(sx) as PerLayer<U> };
      const context = {
        mode: 'train',
        draws: keyed ? drawsByKey(lang, randomness.key, du[0] as U) : drawsGiven(lang, du),
      } as const;
      const all = lossOfModel(lang, model.spec, model.network, own, xu, yu, context);
      return [all.loss, all.output, ...flatten<U>(all.state).leaves];
    },
    o,
    [...params.leaves, ...state.leaves, x, y, ...draws],
    n,
  );
  return {
    loss: at.value,
    output: at.rest[0] as T, // the program above returns it
    state: state.build(at.rest.slice(1)) as PerLayer<T>,
    grads: params.build(gradOf(o, at)) as PerLayer<T>,
  };
};

/** What stays the same while training. */
export interface Setup {
  readonly model: Model;
  readonly optimizer: Transform;
}

/** All that changes while training; plain data. */
export interface Training {
  readonly variables: NetworkVariables<Tensor>;
  readonly slots: Slots<string, Tensor>;
  /** Steps made. */
  readonly k: number;
}

/** Training before its first step, for samples of this shape. */
export const start = ({ model, optimizer }: Setup, key: Key, input: Shape): Training => {
  const { variables } = model.network.init(key, input);
  return { variables, slots: optimizer.init(ops, flatten<Tensor>(variables.params).leaves), k: 0 };
};

/** One step; `loss` is that of the batch before the step. */
export const step = (
  { model, optimizer }: Setup,
  { variables, slots, k }: Training,
  { x, y }: Data,
): { readonly training: Training; readonly loss: number } => {
  const { loss, grads, state } = lossAndGrad(ops, model, variables, x, y);
  const params = flatten<Tensor>(variables.params);
  const [updates, next] = optimizer.update(ops, flatten<Tensor>(grads).leaves, slots, params.leaves, scalar(k + 1));
  const moved = params.leaves.map((w, i) => ops.add(w, updates[i] as Tensor)); // one update per leaf
  return {
    training: { variables: { params: params.build(moved) as PerLayer<Tensor>, state }, slots: next, k: k + 1 },
    loss: loss.view[0] as number,
  };
};

/** The fold over batches, with the loss of every step. */
export const fit = (
  setup: Setup,
  from: Training,
  batches: Iterable<Data>,
): { readonly training: Training; readonly losses: readonly number[] } => {
  const losses: number[] = [];
  let training = from;
  for (const batch of batches) {
    const after = step(setup, training, batch);
    training = after.training;
    losses.push(after.loss);
  }
  return { training, losses };
};

/** The output of a model in eval mode. */
export const evaluate = ({ network }: Model, variables: NetworkVariables<Tensor>, x: Tensor): Tensor =>
  network.apply(ops, variables, x, { mode: 'eval' })[0];
