// One difficulty each: gradients that are mostly absent, layers and features of different scale, a plateau.
import { fold, type Key, type Lang, mlp, normal, ops, Tensor, uniform } from '../../../src/index.ts';
import { ACCURACY, type FunctionProblem, type NetworkProblem, sumAll } from '../problem.ts';
import { circles, twoParts } from './generate.ts';

/** ½·Σ by·(w − 1)². */
const away = <T>(o: Lang<T>, w: T, by: T): T => o.mul(o.lit(1 / 2), sumAll(o, o.mul(by, o.square(o.sub(w, o.lit(1))))));

const SPARSE = 100;
const share = Tensor.build([SPARSE], (out) => out.fill(1 / SPARSE));

const FEATURES = 10;
/** Scales of the features: from 0.03 to 30. */
const scales = ops.exp(
  ops.mul(
    ops.log(Tensor.from([1], [1000])),
    Tensor.from(
      [FEATURES],
      Array.from({ length: FEATURES }, (_, i) => i / (FEATURES - 1) - 1 / 2),
    ),
  ),
);

/** Normal features and the side of a plane that weighs them all alike; then the features take their scales. */
const scaled = (key: Key, n: number) => {
  const z = normal(key, [n, FEATURES]);
  const y = ops.greater(ops.sum(z, { axes: [1], keep: true }), Tensor.from([1], [0]));
  return { x: ops.mul(z, scales), y };
};

export const hardProblems = {
  sparseGradient: {
    kind: 'function',
    doc: 'the mean of ½·(w − 1)² over 100 weights, of which a step sees one',
    source: 'Duchi, Hazan & Singer 2011, §1.3 (rare features); Kingma & Ba 2015, §1',
    tags: ['convex', 'sparse', 'noise'],
    unit: 'expected f',
    steps: 800,
    target: 0.02,
    floor: { value: 0, how: 'exact, at 1' },
    start: () => Tensor.build([SPARSE], () => {}),
    constants: [share],
    value: (o, w, [by]) => away(o, w, by as typeof w), // always given
    seen: {
      draw: (key, step) => {
        const one = Math.floor((uniform(fold(key, step), [1]).view[0] as number) * SPARSE); // a uniform is below 1
        return Tensor.build([SPARSE], (out) => {
          out[one] = 1;
        });
      },
      value: (o, w, seen) => away(o, w, seen),
    },
  } satisfies FunctionProblem,
  plateau: {
    kind: 'function',
    doc: 'Σ w²/(1 + w²) over ten weights from 8: slopes of 0.004 until it is nearly there',
    source: 'Geman & McClure 1987 (the function)',
    tags: ['plateau'],
    unit: 'f',
    steps: 500,
    target: 0.1,
    floor: { value: 0, how: 'exact, at 0' },
    fixed: true,
    start: () => Tensor.build([10], (out) => out.fill(8)),
    value: (o, w) => {
      const square = o.square(w);
      return sumAll(o, o.div(square, o.add(o.lit(1), square)));
    },
  } satisfies FunctionProblem,
  scaledFeatures: {
    kind: 'network',
    doc: 'the side of a plane from ten features of scales 0.03 to 30, learnt by logistic regression',
    source: 'LeCun et al. 1998, Efficient BackProp, §4.3 (why inputs are standardised)',
    tags: ['ill-conditioned', 'mini-batch', 'classification'],
    data: (key) => twoParts(key, (k) => scaled(k, 256)),
    layers: (init) => mlp([1], 'identity', init),
    loss: 'bceWithLogits',
    batch: 32,
    steps: 300,
    target: 0.3,
    floor: { value: 0, how: 'a limit: a plane divides the classes' },
    unit: 'nats per sample',
    score: ACCURACY,
  } satisfies NetworkProblem,
  mismatchedLayers: {
    kind: 'network',
    doc: 'a circle within a circle, learnt by a 2-16-16-1 network with ReLU whose layers start 30 times too small, right, and 30 times too large',
    source: 'You et al. 2018 (LARS), §4 (layers of different scale)',
    tags: ['scale', 'mini-batch', 'classification'],
    data: (key) => twoParts(key, (k) => circles(k, 256, 0.5, 0.08)),
    layers: (init) => [
      { type: 'dense', units: 16, init, gain: 1 / 30 },
      { type: 'activation', name: 'relu' },
      { type: 'dense', units: 16, init },
      { type: 'activation', name: 'relu' },
      { type: 'dense', units: 1, init, gain: 30 },
    ],
    loss: 'bceWithLogits',
    batch: 64,
    steps: 300,
    target: 0.1,
    unit: 'nats per sample',
    score: ACCURACY,
  } satisfies NetworkProblem,
};
