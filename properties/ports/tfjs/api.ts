// The part of the public API of TensorFlow.js that is used, written down because its own types are not in the root install.
import type { Shape } from '../../../src/index.ts';
import type { Plain } from '../../contract.ts';
import { peer } from '../peer.ts';

export interface T {
  readonly shape: number[];
  dataSync(): Float32Array;
}
export interface Variable extends T {
  readonly name: string;
  dispose(): void;
}
export interface Trainer {
  applyGradients(gradients: readonly { readonly name: string; readonly tensor: T }[]): void;
  setLearningRate?(lr: number): void;
  dispose(): void;
}
export type Unary = (x: T) => T;
export type Binary = (x: T, y: T) => T;
type Reduced = (x: T, axes?: readonly number[] | number, keep?: boolean) => T;
type LossOf<Options extends readonly unknown[]> = (labels: T, predictions: T, ...rest: [...Options, number]) => T;
type Random = (shape: Shape, a: number, b: number, dtype: 'float32', seed: number) => T;

type Pointwise = 'abs' | 'erf' | 'exp' | 'expm1' | 'floor' | 'log' | 'log1p' | 'neg' | 'sign' | 'sqrt' | 'square';
type Activation = 'logSoftmax' | 'relu' | 'selu' | 'sigmoid' | 'softmax' | 'softplus' | 'step' | 'tanh';

/** What `@tensorflow/tfjs` passes on from its core. */
type Core = Readonly<Record<Pointwise | Activation | 'clone' | 'transpose' | 'zerosLike', Unary>> &
  Readonly<Record<'add' | 'div' | 'matMul' | 'maximum' | 'minimum' | 'mul' | 'sub', Binary>> &
  Readonly<Record<'logSumExp' | 'max' | 'sum', Reduced>> &
  Readonly<Record<'randomNormal' | 'randomUniform', Random>> & {
    readonly version_core: string;
    enableProdMode(): void;
    setBackend(name: string): Promise<boolean>;
    tidy<R>(f: () => R): R;
    dispose(tensors: readonly T[]): void;
    tensor(values: Float32Array, shape: Shape, dtype: 'float32'): T;
    variable(initial: T): Variable;
    grad(f: Unary): (x: T, dy?: T) => T;
    valueAndGrads(f: (...xs: T[]) => T): (xs: readonly T[], dy?: T) => { readonly value: T; readonly grads: T[] };
    addN(xs: readonly T[]): T;
    broadcastTo(x: T, shape: Shape): T;
    cast(x: T, dtype: 'bool'): T;
    clipByValue(x: T, low: number, high: number): T;
    leakyRelu(x: T, alpha?: number): T;
    reshape(x: T, shape: Shape): T;
    where(condition: T, x: T, y: T): T;
    readonly losses: {
      readonly absoluteDifference: LossOf<[weights: undefined]>;
      readonly huberLoss: LossOf<[weights: undefined, delta: number | undefined]>;
      readonly logLoss: LossOf<[weights: undefined, epsilon: undefined]>;
      readonly meanSquaredError: LossOf<[weights: undefined]>;
      readonly sigmoidCrossEntropy: LossOf<[weights: undefined, smoothing: undefined]>;
      readonly softmaxCrossEntropy: LossOf<[weights: undefined, smoothing: undefined]>;
    };
    readonly Reduction: Readonly<Record<'MEAN' | 'SUM', number>>;
    /** What is left undefined has the engine's own default. */
    readonly train: {
      sgd(lr: number): Trainer;
      momentum(lr: number, momentum: number, nesterov?: boolean): Trainer;
      adadelta(lr?: number, rho?: number, epsilon?: number): Trainer;
      adam(lr?: number, beta1?: number, beta2?: number, epsilon?: number): Trainer;
      adamax(lr?: number, beta1?: number, beta2?: number, epsilon?: number): Trainer;
      rmsprop(lr: number, decay?: number, momentum?: number, epsilon?: number, centered?: boolean): Trainer;
    };
  };

type Initialize<Config> = (config: Config) => { apply(shape: Shape, dtype: 'float32'): T };
interface Seeded {
  readonly seed: number;
}
export type FanRule = 'glorotNormal' | 'glorotUniform' | 'heNormal' | 'heUniform' | 'leCunNormal' | 'leCunUniform';
export interface Variance {
  readonly scale: number;
  readonly mode: 'fanIn' | 'fanOut' | 'fanAvg';
  readonly distribution: 'normal' | 'uniform';
}
interface Spread {
  readonly mean: number;
  readonly stddev: number;
}
export interface Regularizer {
  apply(w: T): T;
  getConfig(): { readonly l1: number; readonly l2: number };
}
export interface Layer {
  apply(x: T, how?: { readonly training: boolean }): T;
  build(shape: readonly (number | null)[]): void;
  setWeights(weights: readonly T[]): void;
  getWeights(): T[];
  calculateLosses(): T[];
  readonly trainableWeights: readonly { read(): Variable }[];
  readonly weights: readonly { read(): Variable }[];
}
type MakeLayer<Config> = (config: Config) => Layer;

/** And from its layers. */
interface Layers {
  readonly initializers: Readonly<Record<FanRule, Initialize<Seeded>>> & {
    readonly zeros: () => ReturnType<Initialize<object>>;
    readonly constant: Initialize<{ readonly value: number }>;
    readonly orthogonal: Initialize<Seeded & { readonly gain: number }>;
    readonly randomNormal: Initialize<Seeded & Spread>;
    readonly truncatedNormal: Initialize<Seeded & Spread>;
    readonly randomUniform: Initialize<Seeded & { readonly minval: number; readonly maxval: number }>;
    readonly varianceScaling: Initialize<Seeded & Variance>;
  };
  readonly regularizers: {
    readonly l1: (config: { readonly l1: number }) => Regularizer;
    readonly l2: (config: { readonly l2: number }) => Regularizer;
    readonly l1l2: (config: { readonly l1: number; readonly l2: number }) => Regularizer;
  };
  readonly constraints: {
    readonly maxNorm: (config: { readonly maxValue: number; readonly axis: number }) => { apply(w: T): T };
  };
  readonly layers: {
    readonly activation: MakeLayer<{ readonly activation: 'gelu' | 'gelu_new' | 'softsign' | 'swish' }>;
    readonly batchNormalization: MakeLayer<{ readonly epsilon: number; readonly momentum?: number }>;
    readonly dense: MakeLayer<{
      readonly units: number;
      readonly kernelRegularizer?: Regularizer;
      readonly biasRegularizer?: Regularizer;
    }>;
    readonly dropout: MakeLayer<{ readonly rate: number; readonly seed?: number }>;
    readonly layerNormalization: MakeLayer<{ readonly epsilon: number }>;
  };
}

export const tf = peer<Core & Layers>('@tensorflow/tfjs');
tf.enableProdMode(); // no banner, no warnings

export const tensor = ({ shape, data }: Plain): T => tf.tensor(Float32Array.from(data), shape, 'float32');
export const plain = (t: T): Plain => ({ shape: t.shape, data: Array.from(t.dataSync()) });

/** A row by its name. @throws Error in one sentence when there is none */
export const known = <R>(table: Readonly<Record<string, R>>, name: string): R => {
  const row = table[name];
  if (row === undefined) throw new Error(`@tensorflow/tfjs: this port has no ${name}`);
  return row;
};

export const table = <R>(names: readonly string[], make: (name: string) => R): Readonly<Record<string, R>> =>
  Object.fromEntries(names.map((name) => [name, make(name)]));

/** Frees what layers hold. Their own `dispose` refuses to do so for one that has never been applied. */
export const discard = (layers: readonly Layer[]): void =>
  tf.dispose(layers.flatMap((layer) => layer.weights.map((w) => w.read())));
