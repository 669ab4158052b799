// brain.js as a port: its public API, driven as networks of one weight 1 and one bias 0, so that a unit is f(x).
import type { Plain } from '../contract.ts';
import { definePort } from '../port.ts';
import { peer } from './peer.ts';

type Activation = 'sigmoid' | 'relu' | 'leaky-relu' | 'tanh';

/** The part of the foreign API that is used, written down because its own types are not in the root install. */
interface Network {
  fromJSON(json: object): Network;
  toJSON(): { readonly layers: readonly [object, { readonly 0: { readonly bias: number } }] };
  run(input: readonly [number]): readonly [number];
  train(
    data: readonly [{ readonly input: readonly [number]; readonly output: Float64Array }],
    options: { readonly iterations: number; readonly learningRate: number },
  ): unknown;
}

const { NeuralNetwork } = peer<{ readonly NeuralNetwork: new () => Network }>('brain.js');
const { version } = peer<{ readonly version: string }>('brain.js', 'brain.js/package.json');

const unit = (activation: Activation, slope?: number): Network =>
  new NeuralNetwork().fromJSON({
    sizes: [1, 1],
    layers: [{ 0: {} }, { 0: { bias: 0, weights: { 0: 1 } } }],
    activation,
    ...(slope === undefined ? {} : { leakyReluAlpha: slope }),
  });

const forward =
  (activation: Activation) =>
  ({ x, slope }: { x: Plain; slope?: number }) => {
    const network = unit(activation, slope);
    return { y: { shape: x.shape, data: Array.from(x.data, (v) => network.run([v])[0]) } };
  };

/** The power of two that brings a number into [1, 2), or thereabouts; 1 where there is none. */
const normaliser = (v: number): number =>
  v === 0 || !Number.isFinite(v) ? 1 : 2 ** -Math.floor(Math.log2(Math.abs(v)));

/** The largest power of two that the engine takes as a learning rate. */
const RATE = 0.5;

/**
 * One training step moves the bias from 0 to RATE · error · f′(x), with error = target − output, so that the bias
 * afterwards is the cotangent for dy = error. Only powers of two are ours. dy is brought to the size of the output,
 * |y| ≤ 1, before they are added, and the target is a Float64Array, which the engine takes as it is: so the error is dy
 * to 53 digits, where the engine itself stores 24.
 */
const vjp =
  (activation: 'sigmoid' | 'tanh') =>
  ({ x, dy }: { x: Plain; dy: Plain }) => ({
    dx: {
      shape: x.shape,
      data: Array.from(x.data, (v, i) => {
        const g = dy.data[i] as number; // x and dy have one shape
        const scale = normaliser(g);
        const network = unit(activation);
        const target = network.run([v])[0] + g * scale;
        network.train([{ input: [v], output: Float64Array.of(target) }], { iterations: 1, learningRate: RATE });
        return network.toJSON().layers[1][0].bias / (RATE * scale);
      }),
    },
  });

/*
 * Not declared, because the public API cannot be asked without arithmetic of ours:
 * - vjp of relu and leaky_relu: an infinite output has no target at a finite distance, so the answer there would be
 *   the NaN of our question and not of the engine;
 * - dense layers: every unit has one of the four activations, and none is the identity;
 * - losses: the error of a batch comes with a training step, and only for outputs of a network;
 * - initializers and random numbers: they take no seed;
 * - optimizers: gradients cannot be given, and a momentum or a learning rate outside (0, 1) is refused;
 * - networks: one activation for all layers, and the gradient of half the squared error only.
 */
export default definePort({
  engine: 'brain.js',
  version,
  dtype: 'f32', // weights, outputs and deltas are kept in Float32Arrays; arithmetic between them is in doubles
  entries: {
    activation: {
      relu: { forward: forward('relu') },
      leaky_relu: { forward: forward('leaky-relu') },
      sigmoid: { forward: forward('sigmoid'), vjp: vjp('sigmoid') },
      tanh: { forward: forward('tanh'), vjp: vjp('tanh') },
    },
  },
});
