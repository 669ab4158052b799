// TensorFlow.js as a port, part five: whole networks out of `tf.layers`, and programs.
import type { Shape } from '../../../src/index.ts';
import type { AnyLayer, Equation, ForwardArgs, GraphArgs, NetworkArgs } from '../../args.ts';
import { camel, type Plain } from '../../contract.ts';
import { discard, known, type Layer, plain, type T, tensor, tf, type Variable } from './api.ts';
import { ACTIVATIONS, lossNamed, type Slope } from './elements.ts';

type Penalty = NetworkArgs['regulariser'];

/** A stack that is built and filled: how it runs, and the variables of its layers in their order. */
interface Built {
  readonly run: (x: T, training: boolean) => T;
  readonly params: readonly Variable[];
  /** Running means and variances. */
  readonly state: readonly Variable[];
  readonly layers: readonly Layer[];
}

/** Takes what it needs from the lists, in the order of layers. */
const build = (specs: readonly AnyLayer[], width: number, params: Plain[], state: Plain[], penalty: Penalty): Built => {
  const steps: Built['run'][] = [];
  const [own, kept, all]: [Variable[], Variable[], Layer[]] = [[], [], []];
  let features = width;
  const put = (layer: Layer, trainable: number, remembered: number): void => {
    layer.build([null, features]);
    layer.setWeights([...params.splice(0, trainable), ...state.splice(0, remembered)].map(tensor));
    const read = layer.weights.map((w) => w.read());
    own.push(...read.slice(0, trainable));
    kept.push(...read.slice(trainable));
    all.push(layer);
    steps.push((x, training) => layer.apply(x, { training }));
  };
  const { l1 = 0, l2 = 0 } = penalty ?? {};
  for (const spec of specs)
    if (spec.type === 'dense') {
      const kernelRegularizer = tf.regularizers.l1l2({ l1, l2 });
      put(tf.layers.dense({ units: spec.units, ...(penalty === undefined ? {} : { kernelRegularizer }) }), 2, 0);
      features = spec.units;
    } else if (spec.type === 'activation')
      steps.push((x) => known(ACTIVATIONS, spec.name)(x, spec as Slope)); // its parameters are numbers, by the contract
    else if (spec.type === 'batchNorm') {
      const { eps: epsilon, momentum } = spec;
      put(tf.layers.batchNormalization({ epsilon, ...(momentum === undefined ? {} : { momentum }) }), 2, 2);
    } else if (spec.type === 'layerNorm') put(tf.layers.layerNormalization({ epsilon: spec.eps }), 2, 0);
    else if (spec.type === 'residual') {
      const inner = build(spec.layers, features, params, state, penalty);
      own.push(...inner.params);
      kept.push(...inner.state);
      all.push(...inner.layers);
      steps.push((x, training) => tf.add(x, inner.run(x, training)));
    } else throw new Error(`@tensorflow/tfjs: this port has no layer ${spec.type} in networks`);
  return {
    run: (x, training) => steps.reduce((h, step) => step(h, training), x),
    params: own,
    state: kept,
    layers: all,
  };
};

/** Layers hold variables, which outlive a tidy. */
const withNetwork = <R>(a: ForwardArgs | NetworkArgs, use: (built: Built) => R): R => {
  const penalty = 'regulariser' in a ? a.regulariser : undefined;
  return tf.tidy(() => {
    const built = build(a.layers, a.x.shape[1] ?? 1, [...a.params], [...(a.state ?? [])], penalty);
    try {
      return use(built);
    } finally {
      discard(built.layers);
    }
  });
};

const stateOf = ({ state }: Built): { readonly state?: readonly Plain[] } =>
  state.length === 0 ? {} : { state: state.map(plain) };

const lossAndGrad = (a: NetworkArgs) =>
  withNetwork(a, (built) => {
    let output = a.x;
    const { value, grads } = tf.valueAndGrads(() => {
      const h = built.run(tensor(a.x), true);
      output = plain(h);
      const loss = lossNamed(a.loss)(a.y, h, a.reduction);
      const added = a.regulariser === undefined ? [] : built.layers.flatMap((layer) => layer.calculateLosses());
      return added.reduce(tf.add, loss);
    })(built.params);
    return { loss: plain(value), output, gradients: grads.map(plain), ...stateOf(built) };
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
  maximum: ([x, y]) => tf.maximum(x, y),
  minimum: ([x, y]) => tf.minimum(x, y),
  neg: ([x]) => tf.neg(x),
  abs: ([x]) => tf.abs(x),
  floor: ([x]) => tf.floor(x),
  square: ([x]) => tf.square(x),
  sqrt: ([x]) => tf.sqrt(x),
  exp: ([x]) => tf.exp(x),
  expm1: ([x]) => tf.expm1(x),
  log: ([x]) => tf.log(x),
  log1p: ([x]) => tf.log1p(x),
  sign: ([x]) => tf.sign(x),
  erf: ([x]) => tf.erf(x),
  where: ([c, x, y]) => tf.where(tf.cast(c, 'bool'), x, y),
  sum: ([x], { axes, keep }) => tf.sum(x, axes, keep),
  max: ([x]) => tf.max(x, -1, true),
  logSumExp: ([x]) => tf.logSumExp(x, -1),
  matmul: ([x, y]) => tf.matMul(x, y),
  reshape: ([x], { shape }) => tf.reshape(x, shape),
  transpose: ([x]) => tf.transpose(x),
  expand: ([x], { shape }) => tf.broadcastTo(x, shape),
};
export const OP_NAMES = Object.keys(OPS);

/** The values that the last one is made of: the engine refuses to differentiate by any other. */
const ancestors = (equations: readonly Equation[], inputs: number): ReadonlySet<number> => {
  const found = new Set([inputs + equations.length - 1]);
  for (const [i, { reads }] of [...equations.entries()].reverse())
    if (found.has(inputs + i)) for (const r of reads) found.add(r);
  return found;
};

const run = (equations: readonly Equation[], inputs: readonly T[]): T => {
  const values = [...inputs];
  for (const { op, reads, params } of equations) {
    const args = reads.map((i) => values[i]) as [T, T, T]; // as many as the operation takes
    values.push(known(OPS, op)(args, params as Params)); // with the parameters it takes
  }
  return tf.clone(values.at(-1) as T); // an input itself would not be on the tape
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
      return run(equations, values);
    })(
      free.map((i) => all[i] as T), // in range
      tensor(dy),
    );
    const pulled = new Map(free.map((at, i) => [at, grads[i]]));
    return { y: plain(value), dinputs: all.map((x, i) => plain(pulled.get(i) ?? tf.zerosLike(x))) };
  });

export const modelCalls = {
  model: {
    network: {
      loss_and_grad: lossAndGrad,
      forward: (a: ForwardArgs) =>
        withNetwork(a, (built) => ({ output: plain(built.run(tensor(a.x), a.mode === 'train')) })),
    },
  },
  program: {
    graph: {
      vjp: graph,
      forward: ({ equations, inputs }: Omit<GraphArgs, 'dy'>) =>
        tf.tidy(() => ({ y: plain(run(equations, inputs.map(tensor))) })),
    },
  },
};
