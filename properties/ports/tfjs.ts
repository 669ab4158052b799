// TensorFlow.js as a port: its public API on the CPU backend, nothing computed in between.
import { createRequire } from 'node:module';
import { type Hyper, type LayerSpec, OPTIMIZERS, type Reduction, type Shape } from '../../src/index.ts';
import type { Plain } from '../contract.ts';
import { definePort } from '../port.ts';
import type { Equation } from './home.ts';

// The part of the foreign API that is used here; its own types are not in the root install.
interface T {
  readonly shape: number[];
  dataSync(): Float32Array;
}
interface Variable extends T {
  readonly name: string;
  dispose(): void;
}
interface Optimizer {
  applyGradients(gradients: readonly { readonly name: string; readonly tensor: T }[]): void;
  dispose(): void;
}
interface Initializer {
  apply(shape: readonly number[], dtype: 'float32'): T;
}
type Unary = (x: T) => T;
type Binary = (x: T, y: T) => T;
type Program = (...xs: T[]) => T;
type LossOf<R> = (labels: T, predictions: T, weights: undefined, option: undefined, reduction: R) => T;
type Random = (shape: number[], a: 0, b: 1, dtype: 'float32', seed: number) => T;

type Core = Readonly<
  Record<
    | 'neg' | 'abs' | 'square' | 'sqrt' | 'exp' | 'expm1' | 'log' | 'log1p' | 'sign' | 'step'
    | 'clone' | 'relu' | 'sigmoid' | 'tanh' | 'softplus' | 'transpose',
    Unary
  > &
    Record<'add' | 'sub' | 'mul' | 'div' | 'matMul', Binary>
> & {
  readonly version_core: string;
  enableProdMode(): void;
  setBackend(name: 'cpu'): Promise<boolean>;
  tidy<R>(f: () => R): R;
  tensor(values: Float32Array, shape: readonly number[], dtype: 'float32'): T;
  variable(initial: T): Variable;
  grad(f: Unary): (x: T, dy?: T) => T;
  valueAndGrads(f: Program): (xs: readonly T[], dy?: T) => { readonly value: T; readonly grads: readonly T[] };
  zerosLike: Unary;
  cast(x: T, dtype: 'bool'): T;
  where(condition: T, x: T, y: T): T;
  leakyRelu(x: T, alpha: number | undefined): T;
  sum(x: T, axes: readonly number[], keep: boolean): T;
  reshape(x: T, shape: readonly number[]): T;
  broadcastTo(x: T, shape: readonly number[]): T;
  readonly randomUniform: Random;
  readonly randomNormal: Random;
  readonly Reduction: { readonly MEAN: unique symbol; readonly SUM: unique symbol };
  readonly losses: Readonly<Record<'logLoss' | 'sigmoidCrossEntropy' | 'meanSquaredError', LossOf<symbol>>>;
  readonly train: {
    sgd(lr: number): Optimizer;
    momentum(lr: number, momentum: number): Optimizer;
    adam(lr: number, beta1: number, beta2: number, epsilon: number): Optimizer;
  };
};
