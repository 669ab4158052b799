// jax-js as a port, part one: activations, and losses as its numpy writes them.
import type { Reduction } from '../../../src/index.ts';
import type { LossArgs } from '../../args.ts';
import type { Plain } from '../../contract.ts';
import { type A, jax, known, table, type Wire } from './api.ts';

const { nn, numpy: np } = jax;

export interface Parameters {
  readonly slope?: number;
  readonly alpha?: number;
}

export const ACTIVATIONS: Readonly<Record<string, (x: A, p: Parameters) => A>> = {
  identity: (x) => nn.identity(x),
  step: (x) => np.heaviside(x, 0),
  relu: (x) => nn.relu(x),
  leaky_relu: (x, p) => nn.leakyRelu(x, p.slope),
  sigmoid: (x) => nn.sigmoid(x),
  tanh: (x) => np.tanh(x),
  softplus: (x) => nn.softplus(x),
  elu: (x, p) => nn.elu(x, p.alpha),
  selu: (x) => nn.selu(x),
  gelu: (x) => nn.gelu(x, { approximate: false }),
  gelu_tanh: (x) => nn.gelu(x, { approximate: true }),
  silu: (x) => nn.silu(x),
  hard_sigmoid: (x) => nn.hardSigmoid(x),
  hard_tanh: (x) => nn.hardTanh(x),
  softsign: (x) => nn.softSign(x),
  softmax: (x) => nn.softmax(x),
  log_softmax: (x) => nn.logSoftmax(x),
};

const mean = (x: A, reduction: Reduction): A => (reduction === 'sum' ? np.sum(x) : np.mean(x));

/**
 * The engine itself has no losses. These are the definitions in its own functions, for networks to end in; none that
 * would need a floor or a branch of ours.
 */
const LOSSES: Readonly<Record<string, (prediction: A, target: A, reduction: Reduction) => A>> = {
  mse: (p, y, r) => mean(np.square(np.subtract(p, y)), r),
  mae: (p, y, r) => mean(np.abs(np.subtract(p, y)), r),
  softmax_cross_entropy: (z, y, r) => mean(np.negative(np.sum(np.multiply(y, nn.logSoftmax(z)), -1)), r),
};
export const lossNamed = (name: string) => known(LOSSES, name);

export const elementCalls = ({ array, plain }: Wire) => ({
  activation: table(Object.keys(ACTIVATIONS), (name) => {
    const f = known(ACTIVATIONS, name);
    return {
      forward: ({ x, ...p }: { x: Plain } & Parameters) => ({ y: plain(f(array(x), p)) }),
      vjp: ({ x, dy, ...p }: { x: Plain; dy: Plain } & Parameters) => {
        const [y, pull] = jax.vjp((t) => f(t as A, p), [array(x)]); // as many as are passed
        y.dispose();
        const [dx] = pull(array(dy));
        pull.dispose();
        return { dx: plain(dx as A) };
      },
    };
  }),
  loss: table(Object.keys(LOSSES), (name) => {
    const f = lossNamed(name);
    return {
      forward: ({ prediction, target, reduction }: LossArgs) => ({
        loss: plain(f(array(prediction), array(target), reduction)),
      }),
      vjp: ({ prediction, target, reduction }: LossArgs) => {
        const [dprediction] = jax.grad((p) => f(p as A, array(target), reduction), { argnums: [0] })(array(prediction));
        return { dprediction: plain(dprediction as A) };
      },
    };
  }),
});
