// The part of the public API of jax-js that is used, written down because its own types are not in the root install.
import { pathToFileURL } from 'node:url';
import type { Plain } from '../../contract.ts';
import type { Dtype } from '../../port.ts';
import { pathOf } from '../peer.ts';

/** An array or a tracer. Every function takes ownership of its arguments: `ref` is one owner more, `dispose` one less. */
export interface A {
  readonly shape: number[];
  readonly ref: A;
  reshape(shape: readonly number[]): A;
  slice(index: number): A;
  dataSync(): ArrayLike<number>;
  dispose(): void;
}
type Unary = (x: A) => A;
type Binary = (x: A | number, y: A | number) => A;
type Reduced = (x: A, axes?: readonly number[] | number | null, how?: { readonly keepdims: boolean }) => A;
/** Of a function of arrays that gives one array or a list of them. */
type Pull<Y> = ((dy: Y) => A[]) & { dispose(): void };
type F<Y> = (...xs: A[]) => Y;
interface Args {
  readonly argnums: readonly number[];
}
type Draw = (key: A, shape: readonly number[]) => A;

type Pointwise = 'abs' | 'exp' | 'expm1' | 'floor' | 'log' | 'log1p' | 'negative' | 'sign' | 'sqrt' | 'square' | 'tanh';
type Activation =
  | 'hardSigmoid'
  | 'hardTanh'
  | 'identity'
  | 'logSigmoid'
  | 'relu'
  | 'selu'
  | 'sigmoid'
  | 'silu'
  | 'softSign'
  | 'softplus';

interface Jax {
  init(...devices: string[]): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  vjp<Y extends A | readonly A[]>(f: F<Y>, primals: readonly A[]): [Y, Pull<Y>];
  jvp<Y extends A | readonly A[]>(f: F<Y>, primals: readonly A[], tangents: readonly A[]): [Y, Y];
  grad(f: F<A>, how: Args): (...xs: A[]) => readonly A[];
  valueAndGrad(f: F<A>, how: Args): (...xs: A[]) => [A, readonly A[]];
  readonly numpy: Readonly<Record<Pointwise | 'transpose', Unary>> &
    Readonly<
      Record<
        'add' | 'divide' | 'greater' | 'heaviside' | 'matmul' | 'maximum' | 'minimum' | 'multiply' | 'subtract',
        Binary
      >
    > &
    Readonly<Record<'max' | 'mean' | 'sum', Reduced>> & {
      array(values: ArrayLike<number>, how: { readonly dtype: string }): A;
      astype(x: A, dtype: string): A;
      broadcastTo(x: A, shape: readonly number[]): A;
      clip(x: A, low: number, high: number): A;
      notEqual(x: A, y: number): A;
      reshape(x: A, shape: readonly number[]): A;
      where(condition: A, x: A, y: A): A;
    };
  readonly nn: Readonly<Record<Activation, Unary>> & {
    elu(x: A, alpha?: number): A;
    gelu(x: A, how: { readonly approximate: boolean }): A;
    leakyRelu(x: A, slope?: number): A;
    logSoftmax(x: A, axis?: number): A;
    logsumexp: Reduced;
    softmax(x: A, axis?: number): A;
    standardize(x: A, axis: number, how: { readonly epsilon: number }): A;
  };
  readonly lax: Readonly<Record<'erf' | 'erfc', Unary>>;
  readonly random: {
    key(seed: number): A;
    split(key: A, n: number): A;
    permutation(key: A, n: number): A;
    readonly uniform: Draw;
    readonly normal: Draw;
  };
}

export const jax = (await import(pathToFileURL(pathOf('@jax-js/jax')).href)) as Jax; // the package has no other way in for modules

/** The name of a format among the engine's dtypes, and the arrays that hold its numbers. */
export const FORMS = { f32: ['float32', Float32Array], f64: ['float64', Float64Array] } as const satisfies Record<
  Dtype,
  unknown
>;

/** Plain tensors in and out, in one format. */
export interface Wire {
  readonly array: (t: Plain) => A;
  /** Takes ownership. */
  readonly plain: (x: A) => Plain;
}

export const wireOf = (dtype: Dtype): Wire => {
  const [name, Numbers] = FORMS[dtype];
  return {
    array: ({ shape, data }) => jax.numpy.array(Numbers.from(data), { dtype: name }).reshape(shape),
    plain: (x) => {
      const { shape } = x; // before it is owned by what reads it
      return { shape, data: Array.from(x.dataSync()) };
    },
  };
};

/** A row by its name. @throws Error in one sentence when there is none */
export const known = <R>(rows: Readonly<Record<string, R>>, name: string): R => {
  const row = rows[name];
  if (row === undefined) throw new Error(`@jax-js/jax: this port has no ${name}`);
  return row;
};

export const table = <R>(names: readonly string[], make: (name: string) => R): Readonly<Record<string, R>> =>
  Object.fromEntries(names.map((name) => [name, make(name)]));
