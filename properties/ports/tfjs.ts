// TensorFlow.js as a port: its public API on the CPU backend, with no arithmetic of ours in between.
import { type Hyper, OPTIMIZERS, type Optimizer, type Reduction, type Shape } from '../../src/index.ts';
import type { Equation, GraphArgs, LossArgs, ModelArgs, RunArgs, SampleArgs } from '../args.ts';
import { camel, type Plain } from '../contract.ts';
import { definePort } from '../port.ts';
import { peer } from './peer.ts';

// ---- The part of the foreign API that is used, written down because its own types are not in the root install. ----

interface T {
  readonly shape: number[];
  dataSync(): Float32Array;
}
interface Variable extends T {
  readonly name: string;
  dispose(): void;
}
interface Trainer {
  applyGradients(gradients: readonly { readonly name: string; readonly tensor: T }[]): void;
  dispose(): void;
}
type Unary = (x: T) => T;
type Binary = (x: T, y: T) => T;
type LossOf<Options extends readonly undefined[]> = (
  labels: T,
  predictions: T,
  ...rest: [...Options, reduction: number]
) => T;
type Random = (shape: Shape, a: number, b: number, dtype: 'float32', seed: number) => T;

type Pointwise = 'abs' | 'exp' | 'expm1' | 'log' | 'log1p' | 'neg' | 'sign' | 'sqrt' | 'square';
type Activation = 'relu' | 'sigmoid' | 'softplus' | 'step' | 'tanh';

/** What `@tensorflow/tfjs` passes on from its core. */
type Core = Readonly<Record<Pointwise | Activation | 'clone' | 'transpose' | 'zerosLike', Unary>> &
  Readonly<Record<'add' | 'div' | 'matMul' | 'mul' | 'sub', Binary>> &
  Readonly<Record<'randomNormal' | 'randomUniform', Random>> & {
    readonly version_core: string;
    enableProdMode(): void;
    setBackend(name: 'cpu'): Promise<boolean>;
    tidy<R>(f: () => R): R;
    tensor(values: Float32Array, shape: Shape, dtype: 'float32'): T;
    variable(initial: T): Variable;
    grad(f: Unary): (x: T, dy?: T) => T;
    valueAndGrads(f: (...xs: T[]) => T): (xs: readonly T[], dy?: T) => { readonly value: T; readonly grads: T[] };
    broadcastTo(x: T, shape: Shape): T;
    cast(x: T, dtype: 'bool'): T;
    leakyRelu(x: T, alpha?: number): T;
    reshape(x: T, shape: Shape): T;
    sum(x: T, axes: readonly number[], keep: boolean): T;
    where(condition: T, x: T, y: T): T;
    readonly losses: {
      readonly logLoss: LossOf<[weights: undefined, epsilon: undefined]>;
      readonly sigmoidCrossEntropy: LossOf<[weights: undefined, smoothing: undefined]>;
      readonly meanSquaredError: LossOf<[weights: undefined]>;
    };
    readonly Reduction: Readonly<Record<'MEAN' | 'SUM', number>>;
    readonly train: {
      sgd(lr: number): Trainer;
      momentum(lr: number, momentum: number): Trainer;
      adam(lr: number, beta1: number, beta2: number, epsilon: number): Trainer;
    };
  };

type Initialize<Config> = (config: Config & { readonly seed: number }) => {
  apply(shape: Shape, dtype: 'float32'): T;
};
type FanRule = 'glorotNormal' | 'glorotUniform' | 'heNormal' | 'heUniform' | 'leCunNormal';
interface Variance {
  readonly scale: number;
  readonly mode: 'fanIn' | 'fanAvg';
  readonly distribution: 'normal' | 'uniform';
}

/** And from its layers. */
interface Layers {
  readonly initializers: Readonly<Record<FanRule, Initialize<object>>> & {
    readonly zeros: () => ReturnType<Initialize<object>>;
    readonly randomNormal: Initialize<{ readonly mean: number; readonly stddev: number }>;
    readonly randomUniform: Initialize<{ readonly minval: number; readonly maxval: number }>;
    readonly varianceScaling: Initialize<Variance>;
  };
}

const tf = peer<Core & Layers>('@tensorflow/tfjs');
const { initializers } = tf;
tf.enableProdMode(); // no banner, no warnings
void tf.setBackend('cpu'); // takes effect at once, because this backend is made synchronously

// ---- Plain tensors in and out. ----

const tensor = ({ shape, data }: Plain): T => tf.tensor(Float32Array.from(data), shape, 'float32');
const plain = (t: T): Plain => ({ shape: t.shape, data: Array.from(t.dataSync()) });

interface Slope {
  readonly slope?: number;
}

const ACTIVATIONS: Readonly<Record<string, (x: T, p: Slope) => T>> = {
  identity: (x) => tf.clone(x),
  relu: (x) => tf.relu(x),
  leaky_relu: (x, p) => tf.leakyRelu(x, p.slope),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  softplus: (x) => tf.softplus(x),
  step: (x) => tf.step(x),
};
const known = <R>(table: Readonly<Record<string, R>>, name: string): R => {
  const row = table[name];
  if (row === undefined) throw new Error(`@tensorflow/tfjs: this port has no ${name}`);
  return row;
};

const activation = (name: string) => {
  const f = known(ACTIVATIONS, name);
  return {
    forward: ({ x, ...p }: { x: Plain } & Slope) => tf.tidy(() => ({ y: plain(f(tensor(x), p)) })),
    vjp: ({ x, dy, ...p }: { x: Plain; dy: Plain } & Slope) =>
      tf.tidy(() => ({ dx: plain(tf.grad((t) => f(t, p))(tensor(x), tensor(dy))) })),
  };
};

const dense = (x: T, w: T, b: T): T => tf.add(tf.matMul(x, w), b);

const reductionOf = (reduction: Reduction): number => (reduction === 'sum' ? tf.Reduction.SUM : tf.Reduction.MEAN);

/** In the order of the engine: target first. */
const LOSSES: Readonly<Record<string, (target: T, prediction: T, reduction: Reduction) => T>> = {
  bce: (y, p, r) => tf.losses.logLoss(y, p, undefined, undefined, reductionOf(r)),
  bce_with_logits: (y, z, r) => tf.losses.sigmoidCrossEntropy(y, z, undefined, undefined, reductionOf(r)),
  mse: (y, p, r) => tf.losses.meanSquaredError(y, p, undefined, reductionOf(r)),
};

const loss = (name: string) => {
  const f = known(LOSSES, name);
  return {
    forward: ({ prediction, target, reduction }: LossArgs) =>
      tf.tidy(() => ({ loss: plain(f(tensor(target), tensor(prediction), reduction)) })),
    vjp: ({ prediction, target, reduction }: LossArgs) =>
      tf.tidy(() => ({ dprediction: plain(tf.grad((p) => f(tensor(target), p, reduction))(tensor(prediction))) })),
  };
};

const initializer = (draw: (args: SampleArgs) => T) => ({
  sample: (args: SampleArgs) => tf.tidy(() => ({ w: plain(draw(args)) })),
});

/**
 * An initializer that reads the fans from a weight matrix [in, out] and has no gain. By the engine's own definition it
 * is a variance scaling, which does: a gain g is a scale that is g² times as large.
 */
const fanned = (name: FanRule, { scale, ...rule }: Variance) =>
  initializer(({ shape, fanIn, fanOut, gain = 1, seed }) => {
    if (shape.length !== 2 || shape[0] !== fanIn || shape[1] !== fanOut)
      throw new Error(`@tensorflow/tfjs: ${name} needs the shape [fanIn, fanOut], got [${shape.join(', ')}]`);
    const make =
      gain === 1
        ? initializers[name]({ seed })
        : initializers.varianceScaling({ scale: scale * gain * gain, ...rule, seed });
    return make.apply(shape, 'float32');
  });

/** Each run has an optimizer and variables of its own; what is not asked for has the default of the contract's row. */
const optimizer = <H extends Hyper>({ hyper: defaults }: Pick<Optimizer<H>, 'hyper'>, make: (h: H) => Trainer) => ({
  run: ({ params, gradients, hyper }: RunArgs<Partial<H>>) => {
    const trainer = make({ ...defaults, ...hyper });
    const ws = tf.tidy(() => params.map((p) => tf.variable(tensor(p)))); // variables outlive a tidy
    try {
      const steps = gradients.map((gs) => {
        tf.tidy(() => {
          trainer.applyGradients(ws.map(({ name }, i) => ({ name, tensor: tensor(gs[i] as Plain) }))); // one per leaf
        });
        return ws.map(plain);
      });
      return { params: steps };
    } finally {
      for (const w of ws) w.dispose();
      trainer.dispose(); // momentum's forgets its learning rate: one number per run
    }
  },
});

const network = ({ layers, loss: name, reduction, params, x, y }: ModelArgs) =>
  tf.tidy(() => {
    let output = x;
    const { value, grads } = tf.valueAndGrads((...ps) => {
      let h = tensor(x);
      for (const layer of layers)
        h =
          layer.type === 'dense'
            ? dense(h, ps.shift() as T, ps.shift() as T) // two per dense layer, as the contract says
            : known(ACTIVATIONS, layer.name)(h, layer as Slope); // its parameters are numbers, by the contract
      output = plain(h);
      return known(LOSSES, name)(tensor(y), h, reduction);
    })(params.map(tensor));
    return { loss: plain(value), output, gradients: grads.map(plain) };
  });

interface Params extends Slope {
  readonly axes: readonly number[];
  readonly keep: boolean;
  readonly shape: Shape;
}

/**
 * Operations whose meaning the engine offers, broadcasting included. Not `greater` (no gradient is registered), `bce`
 * (no floor) and `bceWithLogits` (does not broadcast).
 */
const OPS: Readonly<Record<string, (xs: readonly [T, T, T], p: Params) => T>> = {
  ...Object.fromEntries(
    Object.entries(ACTIVATIONS).map(([name, f]) => [camel(name), ([x]: readonly [T, T, T], p: Params) => f(x, p)]),
  ),
  add: ([x, y]) => tf.add(x, y),
  sub: ([x, y]) => tf.sub(x, y),
  mul: ([x, y]) => tf.mul(x, y),
  div: ([x, y]) => tf.div(x, y),
  neg: ([x]) => tf.neg(x),
  abs: ([x]) => tf.abs(x),
  square: ([x]) => tf.square(x),
  sqrt: ([x]) => tf.sqrt(x),
  exp: ([x]) => tf.exp(x),
  expm1: ([x]) => tf.expm1(x),
  log: ([x]) => tf.log(x),
  log1p: ([x]) => tf.log1p(x),
  sign: ([x]) => tf.sign(x),
  where: ([c, x, y]) => tf.where(tf.cast(c, 'bool'), x, y),
  sum: ([x], { axes, keep }) => tf.sum(x, axes, keep),
  matmul: ([x, y]) => tf.matMul(x, y),
  reshape: ([x], { shape }) => tf.reshape(x, shape),
  transpose: ([x]) => tf.transpose(x),
  expand: ([x], { shape }) => tf.broadcastTo(x, shape),
};

/** The values that the last one is made of: the engine refuses to differentiate by any other. */
const ancestors = (equations: readonly Equation[], inputs: number): ReadonlySet<number> => {
  const found = new Set([inputs + equations.length - 1]);
  for (const [i, { reads }] of [...equations.entries()].reverse())
    if (found.has(inputs + i)) for (const r of reads) found.add(r);
  return found;
};

const graph = ({ equations, inputs, dy }: GraphArgs) =>
  tf.tidy(() => {
    const needed = ancestors(equations, inputs.length);
    const all = inputs.map(tensor);
    const free = [...all.keys()].filter((i) => needed.has(i));
    const { value, grads } = tf.valueAndGrads((...xs) => {
      const values = [...all];
      free.forEach((at, i) => {
        values[at] = xs[i] as T; // as many as were passed
      });
      for (const { op, reads, params } of equations) {
        const args = reads.map((i) => values[i]) as [T, T, T]; // as many as the operation takes
        values.push(known(OPS, op)(args, params as Params)); // with the parameters it takes
      }
      return tf.clone(values.at(-1) as T); // an input itself would not be on the tape
    })(
      free.map((i) => all[i] as T), // in range
      tensor(dy),
    );
    const pulled = new Map(free.map((at, i) => [at, grads[i]]));
    return { y: plain(value), dinputs: all.map((x, i) => plain(pulled.get(i) ?? tf.zerosLike(x))) };
  });

const table = <R>(names: readonly string[], make: (name: string) => R): Readonly<Record<string, R>> =>
  Object.fromEntries(names.map((name) => [name, make(name)]));

export default definePort({
  engine: '@tensorflow/tfjs',
  version: tf.version_core,
  dtype: 'f32',
  // logLoss: "a small increment to avoid taking log of zero", 1e-7 unless given. Of the tails of σ′ the documents
  // promise nothing less than the derivative.
  conventions: { bce: 'added', bceClip: 1e-7 },
  ops: Object.keys(OPS),
  entries: {
    activation: table(Object.keys(ACTIVATIONS), activation),
    layer: {
      dense: {
        forward: ({ x, w, b }: Record<'x' | 'w' | 'b', Plain>) =>
          tf.tidy(() => ({ y: plain(dense(tensor(x), tensor(w), tensor(b))) })),
        vjp: ({ x, w, b, dy }: Record<'x' | 'w' | 'b' | 'dy', Plain>) =>
          tf.tidy(() => {
            const program = (...[tx, tw, tb]: T[]): T => dense(tx as T, tw as T, tb as T); // as many as are passed
            const { grads } = tf.valueAndGrads(program)([x, w, b].map(tensor), tensor(dy));
            const [dx, dw, db] = grads.map(plain);
            return { dx, dw, db };
          }),
      },
    },
    loss: table(Object.keys(LOSSES), loss),
    initializer: {
      zeros: initializer(({ shape }) => initializers.zeros().apply(shape, 'float32')),
      normal: initializer(({ shape, gain = 1, seed }) =>
        initializers.randomNormal({ mean: 0, stddev: gain, seed }).apply(shape, 'float32'),
      ),
      uniform: initializer(({ shape, gain = 1, seed }) =>
        initializers.randomUniform({ minval: -gain, maxval: gain, seed }).apply(shape, 'float32'),
      ),
      lecun_normal: fanned('leCunNormal', { scale: 1, mode: 'fanIn', distribution: 'normal' }),
      xavier_uniform: fanned('glorotUniform', { scale: 1, mode: 'fanAvg', distribution: 'uniform' }),
      xavier_normal: fanned('glorotNormal', { scale: 1, mode: 'fanAvg', distribution: 'normal' }),
      he_uniform: fanned('heUniform', { scale: 2, mode: 'fanIn', distribution: 'uniform' }),
      he_normal: fanned('heNormal', { scale: 2, mode: 'fanIn', distribution: 'normal' }),
    },
    optimizer: {
      sgd: optimizer(OPTIMIZERS.sgd, ({ lr }) => tf.train.sgd(lr)),
      momentum: optimizer(OPTIMIZERS.momentum, ({ lr, momentum }) => tf.train.momentum(lr, momentum)),
      adam: optimizer(OPTIMIZERS.adam, ({ lr, beta1, beta2, eps, epsRoot }) => {
        if (epsRoot !== 0) throw new Error(`@tensorflow/tfjs: adam has no epsilon inside the root, got ${epsRoot}`);
        return tf.train.adam(lr, beta1, beta2, eps);
      }),
    },
    model: { network: { loss_and_grad: network } },
    program: { graph: { vjp: graph } },
    random: {
      uniform: {
        sample: ({ seed, count }: { seed: number; count: number }) =>
          tf.tidy(() => ({ values: plain(tf.randomUniform([count], 0, 1, 'float32', seed)) })),
      },
      normal: {
        sample: ({ seed, count }: { seed: number; count: number }) =>
          tf.tidy(() => ({ values: plain(tf.randomNormal([count], 0, 1, 'float32', seed)) })),
      },
    },
  },
});
