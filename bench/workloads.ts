// The workloads that engines are compared on: sizes, work, inputs from our own keys, and how a result is checked before it is timed.
import { fold, type Key, keyOf, normal, uniform } from '../src/index.ts';
import { mean } from './statistics.ts';

export type Dtype = 'f32' | 'f64';
/** Bytes of one number. */
export const WIDTH: Readonly<Record<Dtype, number>> = { f32: 4, f64: 8 };

/** What every kind of workload is told. */
export interface SizesOf {
  /** c = a·b of n × n; a transposed operand is stored as the transpose of what is multiplied. */
  readonly matmul: { readonly n: number; readonly transA: boolean; readonly transB: boolean };
  /**
   * One training step: dense, batch norm (eps 1e-5), ReLU, dropout, twice; dense to one logit; mean binary cross-entropy;
   * Adam (0.9, 0.999, 1e-8); running statistics as 0.9·old + 0.1·new, the variance unbiased.
   */
  readonly classifier: {
    readonly batch: number;
    readonly inputs: number;
    readonly first: number;
    readonly second: number;
    readonly dropRate: number;
    readonly lr: number;
  };
  /** One training step of 2 – hidden – 1 on the four points: tanh, one logit, mean binary cross-entropy, Adam. */
  readonly xor: { readonly hidden: number; readonly lr: number };
  readonly sigmoid: { readonly n: number };
  readonly relu: { readonly n: number };
  /** y = γ·(x − mean)/√(variance + 1e-5) + β by the statistics of the batch. */
  readonly batchNorm: { readonly rows: number; readonly columns: number };
  /** The same, and the gradients of Σ dy·y by x, γ and β. */
  readonly batchNormBoth: { readonly rows: number; readonly columns: number };
  /** Mean loss, and its gradient by the logits z. */
  readonly bceWithLogits: { readonly n: number };
  readonly softmax: { readonly n: number };
  /** One step over n parameters with the same gradient every time. */
  readonly adam: { readonly n: number; readonly lr: number };
  readonly normal: { readonly n: number };
  /** 0 with probability dropRate, else 1 or the factor of inverted dropout; fresh at every call. */
  readonly dropoutMask: { readonly n: number; readonly dropRate: number };
}
export type KindName = keyof SizesOf;

type Parameters = 'w1' | 'b1' | 'gamma1' | 'beta1' | 'w2' | 'b2' | 'gamma2' | 'beta2' | 'w3' | 'b3';

/** Names of the arrays that a kind is given. */
export interface InputsOf {
  readonly matmul: 'a' | 'b';
  readonly classifier: 'x' | 'y' | Parameters;
  readonly xor: 'x' | 'y' | 'w1' | 'b1' | 'w2' | 'b2';
  readonly sigmoid: 'x';
  readonly relu: 'x';
  readonly batchNorm: 'x' | 'gamma' | 'beta';
  readonly batchNormBoth: 'x' | 'gamma' | 'beta' | 'dy';
  readonly bceWithLogits: 'z' | 'y';
  readonly softmax: 'x';
  readonly adam: 'w' | 'g';
  readonly normal: never;
  readonly dropoutMask: never;
}

/** Doubles that float32 has too, so that every engine is asked the same; row-major. */
export type Arrays = Readonly<Record<string, Float64Array>>;
export type Inputs<K extends KindName> = Readonly<Record<InputsOf[K], Float64Array>>;
/** What a peer computed, by name. */
export type Outputs = Readonly<Record<string, ArrayLike<number>>>;

/** A result that must equal that of the reference, in the norm over each output. */
interface Equal {
  readonly by: 'reference';
  /** Calls before the outputs are read. */
  readonly calls: number;
  /** Names of outputs; one that is an input as well is compared by how far it has moved. */
  readonly outputs: readonly string[];
  /** Largest ‖seen − expected‖ ÷ ‖expected‖. */
  readonly tolerance: Readonly<Record<Dtype, number>>;
}
/** A result that is random, judged by two calls in a row: a fault in words, or null. */
interface Drawn {
  readonly by: 'draws';
  readonly judge: (first: Outputs, second: Outputs) => string | null;
}
export type Check<K extends KindName = KindName> = (Equal | Drawn) & {
  /** What is asked differently for the check, as a rate of 0 where a draw would hide the rest. */
  readonly sizes?: Partial<SizesOf[K]>;
};

export interface Kind<K extends KindName> {
  readonly doc: string;
  readonly inputs: (sizes: SizesOf[K], key: Key) => Inputs<K>;
  /** Multiplications and additions of one call that no way of computing can leave out, of matrix products alone. */
  readonly flops: (sizes: SizesOf[K]) => number;
  /** Numbers that one call must read and write. */
  readonly numbers: (sizes: SizesOf[K]) => number;
  readonly checks: readonly Check<K>[];
}

const rounded = (values: ArrayLike<number>, scale = 1): Float64Array =>
  Float64Array.from(values, (v) => Math.fround(scale * v));
const normals = (key: Key, i: number, n: number, scale = 1): Float64Array =>
  rounded(normal(fold(key, i), [n]).view, scale);
const labels = (key: Key, i: number, n: number): Float64Array =>
  Float64Array.from(uniform(fold(key, i), [n]).view, (u) => Number(u < 0.5));
const weights = (key: Key, i: number, from: number, to: number): Float64Array =>
  normals(key, i, from * to, Math.sqrt(2 / (from + to)));
const full = (n: number, value: number): Float64Array => new Float64Array(n).fill(value);

const equal = (outputs: readonly string[], f32: number, f64: number, calls = 1): Equal => ({
  by: 'reference',
  calls,
  outputs,
  tolerance: { f32, f64 },
});

const arrayOf = (outputs: Outputs, name: string): readonly number[] => Array.from(outputs[name] ?? []);

/** How many standard errors a mean may be off: one in 10⁹ honest engines would fail. */
const SIGMAS = 6;
const off = (what: string, values: readonly number[], expected: number, sd: number): string | null => {
  const seen = mean(values);
  const far = Math.abs(seen - expected) / (sd / Math.sqrt(values.length));
  return far <= SIGMAS ? null : `${what} is ${seen}, ${far.toFixed(1)} standard errors from ${expected}`;
};
const fresh = (a: readonly number[], b: readonly number[]): string | null =>
  a.every((v, i) => v === b[i]) ? 'two calls give the same draws' : null;

const NOTHING = () => 0;
const AROUND_ADAM = 7; // w, m and v read and written, g read

export const KINDS: { readonly [K in KindName]: Kind<K> } = {
  matmul: {
    doc: 'product of two square matrices',
    inputs: ({ n }, key) => ({ a: normals(key, 0, n * n), b: normals(key, 1, n * n) }),
    flops: ({ n }) => 2 * n ** 3,
    numbers: ({ n }) => 3 * n ** 2,
    checks: [equal(['c'], 1e-5, 1e-13)],
  },
  classifier: {
    doc: 'training step of a multi-layer perceptron with batch norm and dropout, by Adam',
    inputs: ({ batch, inputs, first, second }, key) => ({
      x: rounded(uniform(fold(key, 0), [batch * inputs]).view),
      y: labels(key, 1, batch),
      w1: weights(key, 2, inputs, first),
      b1: full(first, 0),
      gamma1: full(first, 1),
      beta1: full(first, 0),
      w2: weights(key, 3, first, second),
      b2: full(second, 0),
      gamma2: full(second, 1),
      beta2: full(second, 0),
      w3: weights(key, 4, second, 1),
      b3: full(1, 0),
    }),
    // forward and by the weights for every layer, by its input for all but the first
    flops: ({ batch, inputs, first, second }) => 2 * batch * (2 * inputs * first + 3 * first * second + 3 * second),
    numbers: ({ batch, inputs, first, second }) =>
      batch * inputs + AROUND_ADAM * (inputs * first + first * second + 4 * first + 4 * second),
    checks: [
      {
        // biases before a batch norm have no effect, so their gradient is rounding, of which Adam makes whole steps: not compared
        ...equal(
          [
            'loss',
            ...['w1', 'gamma1', 'beta1', 'w2', 'gamma2', 'beta2', 'w3', 'b3'],
            ...['mean1', 'variance1', 'mean2', 'variance2'],
          ],
          1e-2,
          1e-2,
          2,
        ),
        sizes: { dropRate: 0 },
      },
      {
        by: 'draws',
        sizes: { lr: 1e-30 }, // nothing moves, so only the masks differ
        judge: (a, b) => {
          const [first, second] = [arrayOf(a, 'loss')[0] ?? Number.NaN, arrayOf(b, 'loss')[0] ?? Number.NaN];
          if (first === second) return 'the loss of two steps is the same, so no dropout was drawn';
          return [first, second].every((loss) => loss > 0.3 && loss < 3) ? null : `losses are ${first} and ${second}`;
        },
      },
    ],
  },
  xor: {
    doc: 'training step of a small perceptron on exclusive or, by Adam',
    inputs: ({ hidden }, key) => ({
      x: Float64Array.of(0, 0, 0, 1, 1, 0, 1, 1),
      y: Float64Array.of(0, 1, 1, 0),
      w1: weights(key, 0, 2, hidden),
      b1: normals(key, 1, hidden, 0.1),
      w2: weights(key, 2, hidden, 1),
      b2: normals(key, 3, 1, 0.1),
    }),
    flops: ({ hidden }) => 2 * 4 * (2 * 2 * hidden + 3 * hidden),
    numbers: ({ hidden }) => 12 + AROUND_ADAM * (4 * hidden + 1),
    checks: [equal(['loss', 'w1', 'b1', 'w2', 'b2'], 1e-3, 1e-9, 50)],
  },
  sigmoid: {
    doc: 'logistic function of every element',
    inputs: ({ n }, key) => ({ x: normals(key, 0, n, 3) }),
    flops: NOTHING,
    numbers: ({ n }) => 2 * n,
    checks: [equal(['y'], 2e-6, 1e-14)],
  },
  relu: {
    doc: 'the positive part of every element',
    inputs: ({ n }, key) => ({ x: normals(key, 0, n, 3) }),
    flops: NOTHING,
    numbers: ({ n }) => 2 * n,
    checks: [equal(['y'], 0, 0)],
  },
  batchNorm: {
    doc: 'batch normalisation in train mode, forward',
    inputs: ({ rows, columns }, key) => ({
      x: normals(key, 0, rows * columns, 2),
      gamma: normals(key, 1, columns),
      beta: normals(key, 2, columns),
    }),
    flops: NOTHING,
    numbers: ({ rows, columns }) => 2 * rows * columns + 2 * columns,
    checks: [equal(['y'], 1e-5, 1e-13)],
  },
  batchNormBoth: {
    doc: 'batch normalisation in train mode, forward and backward',
    inputs: ({ rows, columns }, key) => ({
      x: normals(key, 0, rows * columns, 2),
      gamma: normals(key, 1, columns),
      beta: normals(key, 2, columns),
      dy: normals(key, 3, rows * columns),
    }),
    flops: NOTHING,
    numbers: ({ rows, columns }) => 4 * rows * columns + 4 * columns,
    checks: [equal(['y', 'dx', 'dgamma', 'dbeta'], 2e-5, 1e-12)],
  },
  bceWithLogits: {
    doc: 'mean binary cross-entropy from logits, and its gradient',
    inputs: ({ n }, key) => ({ z: normals(key, 0, n, 3), y: labels(key, 1, n) }),
    flops: NOTHING,
    numbers: ({ n }) => 3 * n,
    checks: [equal(['loss', 'dz'], 1e-5, 1e-13)],
  },
  softmax: {
    doc: 'shares of one row',
    inputs: ({ n }, key) => ({ x: normals(key, 0, n, 3) }),
    flops: NOTHING,
    numbers: ({ n }) => 2 * n,
    checks: [equal(['y'], 1e-5, 1e-13)],
  },
  adam: {
    doc: 'step of Adam (0.9, 0.999, 1e-8)',
    inputs: ({ n }, key) => ({ w: normals(key, 0, n), g: normals(key, 1, n, 0.1) }),
    flops: NOTHING,
    numbers: ({ n }) => AROUND_ADAM * n,
    // three steps of 0.001 from weights near 1: what float32 keeps of them is 1e-4
    checks: [equal(['w'], 2e-4, 1e-9, 3)],
  },
  normal: {
    doc: 'standard normal numbers',
    inputs: () => ({}),
    flops: NOTHING,
    numbers: ({ n }) => n,
    checks: [
      {
        by: 'draws',
        judge: (a, b) => {
          const x = arrayOf(a, 'x');
          const again = fresh(x, arrayOf(b, 'x'));
          const powers = [0, 1, 0, 3]; // the first four moments, whose own variances are those of the next even ones
          const spread = [1, 2, 15, 96].map(Math.sqrt);
          return powers.reduce<string | null>(
            (fault, expected, i) =>
              fault ??
              off(
                `the moment of order ${i + 1}`,
                x.map((v) => v ** (i + 1)),
                expected,
                spread[i] ?? 1,
              ),
            again,
          );
        },
      },
    ],
  },
  dropoutMask: {
    doc: 'mask of dropout',
    inputs: () => ({}),
    flops: NOTHING,
    numbers: ({ n }) => n,
    checks: [
      {
        by: 'draws',
        judge: (a, b) => {
          const mask = arrayOf(a, 'mask');
          const levels = [...new Set(mask)].sort((p, q) => p - q);
          if (levels.length !== 2 || levels[0] !== 0) return `the mask has the values ${levels.slice(0, 4).join(', ')}`;
          return fresh(mask, arrayOf(b, 'mask')) ?? off('the share that is kept', mask.map(Math.sign), 0.5, 0.5);
        },
      },
    ],
  },
};

/** What a figure is in: how many of the unit one call does. */
export interface Unit {
  readonly name: string;
  readonly perCall: number;
}

/** One workload of the table; `kind` and `sizes` belong together. */
export type Workload = {
  readonly [K in KindName]: {
    readonly id: string;
    /** Its chapter in the list of workloads, W1 to W7. */
    readonly chapter: string;
    readonly kind: K;
    readonly sizes: SizesOf[K];
    readonly unit: Unit;
  };
}[KindName];

const products = (n: number, transA = false, transB = false): Workload => ({
  id: `W1/matmul-${n}${transA ? '-ta' : ''}${transB ? '-tb' : ''}`,
  chapter: 'W1',
  kind: 'matmul',
  sizes: { n, transA, transB },
  unit: { name: 'GFLOP/s', perCall: (2 * n ** 3) / 1e9 },
});

const MILLION = 1_000_000;
const steps: Unit = { name: 'steps/s', perCall: 1 };
const calls: Unit = { name: 'calls/s', perCall: 1 };
const millions = (what: string): Unit => ({ name: `M ${what}/s`, perCall: 1 }); // of a million each
const NET = { batch: 128, inputs: 784, first: 512, second: 256, dropRate: 0.5, lr: 0.001 };
const NORM = { rows: 128, columns: 512 };

/** In the order of reports. Another workload of a known kind is a row. */
export const WORKLOADS: readonly Workload[] = [
  ...[64, 128, 256, 512, 1024].map((n) => products(n)),
  products(512, true, false),
  products(512, false, true),
  { id: 'W2/classifier', chapter: 'W2', kind: 'classifier', sizes: NET, unit: steps },
  { id: 'W3/xor', chapter: 'W3', kind: 'xor', sizes: { hidden: 8, lr: 0.01 }, unit: steps },
  { id: 'W4/sigmoid', chapter: 'W4', kind: 'sigmoid', sizes: { n: MILLION }, unit: millions('elements') },
  { id: 'W4/relu', chapter: 'W4', kind: 'relu', sizes: { n: MILLION }, unit: millions('elements') },
  { id: 'W5/batch-norm', chapter: 'W5', kind: 'batchNorm', sizes: NORM, unit: calls },
  { id: 'W5/batch-norm-both', chapter: 'W5', kind: 'batchNormBoth', sizes: NORM, unit: calls },
  { id: 'W6/bce-with-logits', chapter: 'W6', kind: 'bceWithLogits', sizes: { n: 4096 }, unit: calls },
  { id: 'W6/softmax', chapter: 'W6', kind: 'softmax', sizes: { n: 4096 }, unit: calls },
  { id: 'W6/adam', chapter: 'W6', kind: 'adam', sizes: { n: MILLION, lr: 0.001 }, unit: millions('parameters') },
  { id: 'W7/normal', chapter: 'W7', kind: 'normal', sizes: { n: MILLION }, unit: millions('numbers') },
  {
    id: 'W7/dropout-mask',
    chapter: 'W7',
    kind: 'dropoutMask',
    sizes: { n: MILLION, dropRate: 0.5 },
    unit: millions('numbers'),
  },
];

/** The row of a kind with its types forgotten, for code that treats all alike. */
export interface AnyKind {
  readonly doc: string;
  readonly inputs: (sizes: object, key: Key) => Arrays;
  readonly flops: (sizes: object) => number;
  readonly numbers: (sizes: object) => number;
  readonly checks: readonly Check[];
}
export const kindOf = (name: KindName): AnyKind => KINDS[name] as unknown as AnyKind; // its sizes come from the same row of the table

/** The key of a kind: the same inputs for every engine, at every run. */
const SEED = 7;
export const inputsOf = (kind: KindName, sizes: object): Arrays =>
  kindOf(kind).inputs(
    sizes,
    [...kind].reduce((key, letter) => fold(key, letter.codePointAt(0) ?? 0), keyOf(SEED)),
  );

/** How far a result is from the expected one, in the norm over the output; NaN counts as infinitely far. */
export const distance = (seen: ArrayLike<number>, expected: ArrayLike<number>, from?: ArrayLike<number>): number => {
  if (seen.length !== expected.length) return Number.POSITIVE_INFINITY;
  let [above, below] = [0, 0];
  for (let i = 0; i < seen.length; i++) {
    const [s, e, f] = [seen[i] ?? Number.NaN, expected[i] ?? Number.NaN, from?.[i] ?? 0];
    above += (s - e) ** 2;
    below += (e - f) ** 2;
  }
  const share = Math.sqrt(above) / (above === 0 ? 1 : Math.sqrt(below));
  return Number.isNaN(share) ? Number.POSITIVE_INFINITY : share;
};

/** What is wrong with outputs against those of the reference, or null. */
export const faultOf = (
  check: Equal,
  dtype: Dtype,
  inputs: Arrays,
  seen: Outputs,
  expected: Outputs,
): string | null => {
  for (const name of check.outputs) {
    const [own, right] = [seen[name], expected[name]];
    if (own === undefined) return `there is no ${name}`;
    if (right === undefined) throw new Error(`workloads: the reference gives no ${name}`);
    const far = distance(own, right, inputs[name]);
    if (!(far <= check.tolerance[dtype]))
      return `${name} is off by ${far.toExponential(1)} of its size, allowed are ${check.tolerance[dtype]}`;
  }
  return null;
};
