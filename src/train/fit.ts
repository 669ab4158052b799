// Training as a pure fold: a step takes the training so far and a batch, and returns the training after it.
import { DomainError } from '../core/errors.ts';
import { fold, type Key } from '../core/key.ts';
import type { Shape } from '../core/shape.ts';
import { scalar, type Tensor } from '../core/tensor.ts';
import { flatten } from '../core/tree.ts';
import { gradOf, pullback } from '../grad/tape.ts';
import { lossOfModel, type ModelSpec, networkOf } from '../models/mlp.ts';
import { drawsByKey, drawsGiven, type Named, type Network, type NetworkVariables } from '../nn/layer.ts';
import { lossOf, lossRow, type Target } from '../nn/loss.ts';
import { constrain } from '../nn/regulariser.ts';
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
  /** What the draws of every step are made from, together with its number. */
  readonly key: Key;
}

/** The child of a training's key that draws in train mode; layers have the children counted from 0. */
const DRAWS = 2 ** 32 - 1;

/** Training before its first step, for samples of this shape; the key fixes weights and all later draws. */
export const start = ({ model, optimizer }: Setup, key: Key, input: Shape): Training => {
  const { variables } = model.network.init(key, input);
  return startFrom({ model, optimizer }, key, variables);
};

/** The same from given variables, as those of a pre-training. */
export const startFrom = ({ optimizer }: Setup, key: Key, variables: NetworkVariables<Tensor>): Training => ({
  variables,
  slots: optimizer.init(ops, flatten<Tensor>(variables.params).leaves),
  k: 0,
  key: fold(key, DRAWS),
});

/** Targets that the loss of a model cannot mean. @throws DomainError naming the value and its place */
export const checkTargets = ({ spec }: Model, y: Tensor): void => {
  const row = lossRow(spec.loss);
  const means = TARGETS[row.target];
  const values = y.view;
  for (let i = 0; i < values.length; i++)
    if (!means.holds(values[i] as number))
      throw new DomainError(`${spec.loss}: targets must be ${means.says}, got ${values[i]} at ${i}`);
};
const TARGETS: Readonly<Record<Target, { readonly says: string; readonly holds: (v: number) => boolean }>> = {
  number: { says: 'numbers', holds: (v) => !Number.isNaN(v) },
  label: { says: 'labels from 0 to 1', holds: (v) => v >= 0 && v <= 1 },
  sign: { says: '-1 or 1', holds: (v) => v === 1 || v === -1 },
  distribution: { says: 'shares from 0 to 1', holds: (v) => v >= 0 && v <= 1 },
};

/** What a step changes, over any carrier; `k` is the number of steps made. */
export interface Moving<T> {
  readonly variables: NetworkVariables<T>;
  readonly slots: Slots<string, T>;
  readonly k: T;
}

/** One step over any carrier, so that it can be traced and compiled; `loss` is that of the batch before the step. */
export const stepOver = <T>(
  o: Lang<T>,
  { model, optimizer }: Setup,
  { variables, slots, k }: Moving<T>,
  key: Key,
  x: T,
  y: T,
): Moving<T> & { readonly loss: T } => {
  const at = (params: PerLayer<T>) => lossAndGrad(o, model, { params, state: variables.state }, x, y, { key, k });
  const params = flatten<T>(variables.params);
  const first = at(variables.params);
  const leaves = (grads: PerLayer<T>) => flatten<T>(grads).leaves;
  const probed = optimizer.probe?.(o, params.leaves, leaves(first.grads));
  const grads = probed === undefined ? first.grads : at(params.build(probed) as PerLayer<T>).grads;
  const next = o.add(k, o.lit(1));
  const [updates, after] = optimizer.update(o, leaves(grads), slots, params.leaves, next);
  const moved = params.leaves.map((w, i) => o.add(w, updates[i] as T)); // one update per leaf
  const free = params.build(moved) as PerLayer<T>; // the structure it was taken from
  return {
    variables: { params: constrain(o, model.spec.regulariser, free), state: first.state },
    slots: after,
    k: next,
    loss: first.loss,
  };
};

/**
 * One step; `loss` is that of the batch before the step.
 * @throws DomainError for targets that the loss cannot mean, ShapeError for a batch that does not fit; nothing is changed then
 */
export const step = (
  setup: Setup,
  { variables, slots, k, key }: Training,
  { x, y }: Data,
): { readonly training: Training; readonly loss: number } => {
  checkTargets(setup.model, y);
  const after = stepOver(ops, setup, { variables, slots, k: scalar(k) }, key, x, y);
  return {
    training: { variables: after.variables, slots: after.slots, k: k + 1, key },
    loss: after.loss.view[0] as number, // a scalar
  };
};

/** The output of a model in eval mode. */
export const evaluate = ({ network }: Model, variables: NetworkVariables<Tensor>, x: Tensor): Tensor =>
  network.apply(ops, variables, x, { mode: 'eval' })[0];

/** The variables to evaluate with: those of the training, or what its optimizer makes of them, as an average. */
export const evaluationVariables = ({ optimizer }: Setup, { variables, slots }: Training): NetworkVariables<Tensor> => {
  if (optimizer.evaluated === undefined) return variables;
  const params = flatten<Tensor>(variables.params);
  return { ...variables, params: params.build(optimizer.evaluated(ops, params.leaves, slots)) as PerLayer<Tensor> };
};

/** Mean loss on data in eval mode. @throws DomainError for targets that the loss cannot mean */
export const lossOn = (setup: Setup, training: Training, { x, y }: Data): number => {
  const { model } = setup;
  checkTargets(model, y);
  const output = evaluate(model, evaluationVariables(setup, training), x);
  return lossOf(ops, lossRow(model.spec.loss), output, y, 'mean', model.spec.lossParams).view[0] as number; // a scalar
};

/** Share of the samples whose class is right: the larger output of several, or the side of `threshold` of a single one. */
export const accuracyOn = (setup: Setup, training: Training, { x, y }: Data, threshold = 0): number => {
  const output = evaluate(setup.model, evaluationVariables(setup, training), x);
  const [n = 0, k = 1] = output.shape;
  const classOf = (t: Tensor, i: number, cut: number): number => {
    const row = Array.from({ length: k }, (_, j) => t.view[i * k + j] as number); // in range: n rows of k
    return k === 1 ? Number((row[0] as number) > cut) : row.indexOf(row.reduce((a, b) => Math.max(a, b)));
  };
  const right = Array.from({ length: n }, (_, i) => classOf(output, i, threshold) === classOf(y, i, 1 / 2));
  return right.filter(Boolean).length / n;
};

/** What can be asked of a fit beside its steps. */
export interface FitOptions {
  /** Data to judge by in eval mode, every so many steps. */
  readonly validation?: Data;
  readonly every?: number;
  /** Evaluations in a row without an improvement of more than minDelta before it stops. */
  readonly patience?: number;
  readonly minDelta?: number;
  /** A validation loss at which it stops; 0 is honoured. */
  readonly stopAt?: number;
  /** Told after every step; what it does changes nothing here. */
  readonly onStep?: (done: { readonly k: number; readonly loss: number; readonly validation?: number }) => void;
}

export interface Fit {
  readonly training: Training;
  /** Of every step, before it. */
  readonly losses: readonly number[];
  readonly evaluations: readonly { readonly k: number; readonly loss: number }[];
  /** The training with the smallest validation loss; the last one without validation. */
  readonly best: Training;
  readonly stopped: 'end' | 'patience' | 'target' | 'diverged';
}

/**
 * The fold over batches. A step whose loss is not finite is undone, and ends the fit as `diverged`.
 * @throws DomainError for options out of range
 */
export const fit = (setup: Setup, from: Training, batches: Iterable<Data>, options: FitOptions = {}): Fit => {
  const { validation, every = 1, patience = Number.POSITIVE_INFINITY, minDelta = 0, onStep } = options;
  if (!Number.isInteger(every) || every < 1)
    throw new DomainError(`fit: every must be a positive integer, got ${every}`);
  if (!(patience >= 1)) throw new DomainError(`fit: patience must be at least 1, got ${patience}`);
  if (!(minDelta >= 0)) throw new DomainError(`fit: minDelta must not be negative, got ${minDelta}`);
  const losses: number[] = [];
  const evaluations: { k: number; loss: number }[] = [];
  let training = from;
  let best = { training: from, loss: Number.POSITIVE_INFINITY };
  let idle = 0;
  const end = (stopped: Fit['stopped']): Fit => ({
    training,
    losses,
    evaluations,
    best: validation === undefined ? training : best.training,
    stopped,
  });
  for (const batch of batches) {
    const after = step(setup, training, batch);
    losses.push(after.loss);
    if (!Number.isFinite(after.loss)) return end('diverged');
    training = after.training;
    const { k } = training;
    if (validation === undefined || k % every !== 0) {
      onStep?.({ k, loss: after.loss });
      continue;
    }
    const loss = lossOn(setup, training, validation);
    evaluations.push({ k, loss });
    onStep?.({ k, loss: after.loss, validation: loss });
    idle = loss < best.loss - minDelta ? 0 : idle + 1;
    if (loss < best.loss) best = { training, loss };
    if (loss <= (options.stopAt ?? Number.NEGATIVE_INFINITY)) return end('target');
    if (idle >= patience) return end('patience');
  }
  return end('end');
};
