// TensorFlow.js as a port, part one: activations and losses.
import type { Reduction } from '../../../src/index.ts';
import type { LossArgs } from '../../args.ts';
import type { Plain } from '../../contract.ts';
import { known, plain, type T, table, tensor, tf, type Unary } from './api.ts';

export interface Slope {
  readonly slope?: number;
}

/** An activation that the engine has as a layer only; it has no weights. */
const asLayer = (activation: Parameters<typeof tf.layers.activation>[0]['activation']): Unary => {
  const layer = tf.layers.activation({ activation });
  return (x) => layer.apply(x);
};

/**
 * Not `elu`, whose alpha the engine allows to be 1 only; not `hard_sigmoid`, whose slope is 1/5 here (Keras 2) and 1/6
 * in the contract; not `hard_tanh`: `clipByValue` gives the ends the slope 1.
 */
export const ACTIVATIONS: Readonly<Record<string, (x: T, p: Slope) => T>> = {
  identity: (x) => tf.clone(x),
  relu: (x) => tf.relu(x),
  leaky_relu: (x, p) => tf.leakyRelu(x, p.slope),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  softplus: (x) => tf.softplus(x),
  step: (x) => tf.step(x),
  selu: (x) => tf.selu(x),
  gelu: asLayer('gelu'),
  gelu_tanh: asLayer('gelu_new'),
  silu: asLayer('swish'),
  softsign: asLayer('softsign'),
  softmax: (x) => tf.softmax(x),
  log_softmax: (x) => tf.logSoftmax(x),
};

const activation = (name: string) => {
  const f = known(ACTIVATIONS, name);
  return {
    forward: ({ x, ...p }: { x: Plain } & Slope) => tf.tidy(() => ({ y: plain(f(tensor(x), p)) })),
    vjp: ({ x, dy, ...p }: { x: Plain; dy: Plain } & Slope) =>
      tf.tidy(() => ({ dx: plain(tf.grad((t) => f(t, p))(tensor(x), tensor(dy))) })),
  };
};

const reductionOf = (reduction: Reduction): number => (reduction === 'sum' ? tf.Reduction.SUM : tf.Reduction.MEAN);

/**
 * In the order of the engine: target first. Not `hinge`, whose classes are 0 and 1 here; not `kl`, which the engine has inside of `compile` only, with clipped shares.
 */
const LOSSES: Readonly<Record<string, (target: Plain, prediction: T, reduction: Reduction, delta?: number) => T>> = {
  bce: (y, p, r) => tf.losses.logLoss(tensor(y), p, undefined, undefined, reductionOf(r)),
  bce_with_logits: (y, z, r) => tf.losses.sigmoidCrossEntropy(tensor(y), z, undefined, undefined, reductionOf(r)),
  mse: (y, p, r) => tf.losses.meanSquaredError(tensor(y), p, undefined, reductionOf(r)),
  mae: (y, p, r) => tf.losses.absoluteDifference(tensor(y), p, undefined, reductionOf(r)),
  huber: (y, p, r, delta) => tf.losses.huberLoss(tensor(y), p, undefined, delta, reductionOf(r)),
  softmax_cross_entropy: (y, z, r) => tf.losses.softmaxCrossEntropy(tensor(y), z, undefined, undefined, reductionOf(r)),
};

export const lossNamed = (name: string) => known(LOSSES, name);

const loss = (name: string) => {
  const f = lossNamed(name);
  return {
    forward: ({ prediction, target, reduction, delta }: LossArgs) =>
      tf.tidy(() => ({ loss: plain(f(target, tensor(prediction), reduction, delta)) })),
    vjp: ({ prediction, target, reduction, delta }: LossArgs) =>
      tf.tidy(() => ({ dprediction: plain(tf.grad((p) => f(target, p, reduction, delta))(tensor(prediction))) })),
  };
};

export const elementCalls = {
  activation: table(Object.keys(ACTIVATIONS), activation),
  loss: table(Object.keys(LOSSES), loss),
};
