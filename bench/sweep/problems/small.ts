// Small networks on made samples: exclusive or, parity, shapes in the plane, noise on labels, a teacher, linear layers.
import {
  fansOf,
  fold,
  initializerRow,
  type Key,
  keyOf,
  type LayerSpec,
  mlp,
  ops,
  sample,
  scalar,
  Tensor,
} from '../../../src/index.ts';
import { ACCURACY, type NetworkProblem, type Score } from '../problem.ts';
import {
  blobs,
  circles,
  flipped,
  mapped,
  moons,
  onlyTrain,
  parity,
  spirals,
  type Teacher,
  taught,
  twoParts,
} from './generate.ts';

type Row = Omit<NetworkProblem, 'kind' | 'unit' | 'loss'> & { readonly loss?: string };

/** A classification by one logit, or by one per class. */
const classes = ({ loss = 'bceWithLogits', ...row }: Row): NetworkProblem => ({
  score: ACCURACY,
  ...row,
  kind: 'network',
  loss,
  unit: 'nats per sample',
});

const regression = ({ loss = 'mse', ...row }: Row): NetworkProblem => ({
  ...row,
  kind: 'network',
  loss,
  unit: 'mean squared error',
});

const errorsOf = (n: number): Score => ({ name: `errors of ${n}`, better: 'lower', of: (errors) => errors });

const exclusiveOr = () =>
  onlyTrain({ x: Tensor.from([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]), y: Tensor.from([4, 1], [0, 1, 1, 0]) });

const xor = (hidden: number, activation: string, doc: string): NetworkProblem =>
  classes({
    doc,
    source: 'Minsky & Papert 1969; Rumelhart, Hinton & Williams 1986',
    tags: ['toy', 'full batch', 'classification'],
    data: exclusiveOr,
    layers: (init) => mlp([hidden, 1], activation, init),
    batch: 'full',
    steps: 300,
    target: 0.05,
    floor: { value: 0, how: 'a limit: the points can be told apart with any certainty' },
    score: errorsOf(4),
  });

const parityOf = (k: number, target: number): NetworkProblem =>
  classes({
    doc: `whether a word of ${k} bits has an odd number of ones, learnt from all words by a ${k}-${2 * k}-1 network with tanh`,
    source: 'Minsky & Papert 1969; Rumelhart, Hinton & Williams 1986',
    tags: ['toy', 'full batch', 'classification', 'many minima'],
    data: () => onlyTrain(parity(k)),
    layers: (init) => mlp([2 * k, 1], 'tanh', init),
    batch: 'full',
    steps: 400,
    target,
    floor: { value: 0, how: 'a limit: 2k units suffice for any certainty' },
    score: errorsOf(2 ** k),
  });

const SAMPLES = 512;
const PLANE = ['toy', 'mini-batch', 'classification'] as const;

/** Chance of a turned label, and the entropy of such a label in nats. */
export const FLIP = 0.1;
export const FLIP_ENTROPY = 0.32508297339144824;

/** Distance of the clouds from 0: far enough that hardly a sample lies beyond the line between them. */
const APART = 4;

const TEACHER: Teacher = { inputs: 10, units: 8, activation: 'tanh', seed: 8 };
/** Deviation of what is added to the teacher's word. */
export const TEACHER_NOISE = 0.1;

const student = (noise: number, facts: Pick<Row, 'doc' | 'target' | 'floor' | 'testFloor'>): NetworkProblem =>
  regression({
    ...facts,
    source: 'Gardner & Derrida 1989; Saad & Solla 1995',
    tags: ['mini-batch', 'regression', ...(noise === 0 ? ['realisable'] : ['noise'])],
    // without noise on the test part, so that the loss there is what is expected beyond the noise
    data: (key) => ({ train: taught(fold(key, 0), TEACHER, 1024, noise), test: taught(fold(key, 1), TEACHER, 512, 0) }),
    layers: (init) => mlp([16, 1], 'tanh', init),
    batch: 32,
    steps: 400,
  });

const WIDTH = 16;

/** A matrix with singular values from 1 to 2, drawn once and for all. */
const linearTruth = (() => {
  const orthogonal = (seed: number) =>
    sample(initializerRow('orthogonal'), keyOf(seed), [WIDTH, WIDTH], fansOf([WIDTH, WIDTH]));
  const values = Tensor.from(
    [WIDTH],
    Array.from({ length: WIDTH }, (_, i) => 2 - i / (WIDTH - 1)),
  );
  return ops.matmul(ops.mul(orthogonal(1), values), orthogonal(2));
})();

const linearLayers = (depth: number, init: string): readonly LayerSpec[] =>
  Array.from({ length: depth }, () => ({ type: 'dense', units: WIDTH, init }) as const);

const linear = (depth: number, steps: number): NetworkProblem =>
  regression({
    doc: `a 16 × 16 matrix of singular values 1 … 2 learnt by ${depth} linear layers`,
    source: 'Saxe, McClelland & Ganguli 2014, §1-3',
    tags: ['deep linear', 'full batch', 'regression', ...(depth > 8 ? ['deep'] : [])],
    data: (key: Key) => twoParts(key, (k) => mapped(k, 64, linearTruth)),
    layers: (init) => linearLayers(depth, init),
    batch: 'full',
    steps,
    target: 0.02,
    floor: { value: 0, how: 'exact: the samples are such a product' },
  });

export const smallProblems = {
  xor: xor(4, 'tanh', 'exclusive or: four points that no line separates, learnt by a 2-4-1 network with tanh'),
  xor2: xor(2, 'tanh', 'the same by a 2-2-1 network with tanh, which may be caught in a local minimum'),
  xorSigmoid: xor(4, 'sigmoid', 'the same by a 2-4-1 network with sigmoids'),
  xor2Sigmoid: xor(2, 'sigmoid', 'the same by a 2-2-1 network with sigmoids, as it was first learnt'),
  parity4: parityOf(4, 0.05),
  parity6: parityOf(6, 0.1),
  moons: classes({
    doc: 'two interleaved half circles, learnt by a 2-16-16-1 network with ReLU',
    source: 'Pedregosa et al. 2011 (make_moons)',
    tags: PLANE,
    data: (key) => twoParts(key, (k) => moons(k, SAMPLES, 0.1)),
    layers: (init) => mlp([16, 16, 1], 'relu', init),
    batch: 64,
    steps: 200,
    target: 0.1,
  }),
  spirals2: classes({
    doc: 'two spirals of one and three quarter turns, learnt by a 2-32-32-1 network with ReLU',
    source: 'Lang & Witbrock 1988',
    tags: [...PLANE, 'hard'],
    data: (key) => twoParts(key, (k) => spirals(k, SAMPLES, 2, 1.75, 0.02)),
    layers: (init) => mlp([32, 32, 1], 'relu', init),
    batch: 64,
    steps: 500,
    target: 0.1,
  }),
  spirals3: classes({
    doc: 'three spirals of one turn, learnt by a 2-32-32-3 network with ReLU',
    source: 'Lang & Witbrock 1988; Karpathy 2015, CS231n (three arms)',
    tags: [...PLANE, 'hard'],
    data: (key) => twoParts(key, (k) => spirals(k, SAMPLES + 1, 3, 1, 0.02)),
    layers: (init) => mlp([32, 32, 3], 'relu', init),
    loss: 'softmaxCrossEntropy',
    batch: 64,
    steps: 400,
    target: 0.1,
  }),
  circles: classes({
    doc: 'a circle within a circle, learnt by a 2-16-1 network with tanh',
    source: 'Pedregosa et al. 2011 (make_circles)',
    tags: PLANE,
    data: (key) => twoParts(key, (k) => circles(k, SAMPLES, 0.5, 0.08)),
    layers: (init) => mlp([16, 1], 'tanh', init),
    batch: 64,
    steps: 200,
    target: 0.1,
  }),
  blobs: classes({
    doc: 'four round clouds, learnt by a 2-16-4 network with ReLU',
    source: 'Pedregosa et al. 2011 (make_blobs)',
    tags: PLANE,
    data: (key) => twoParts(key, (k) => blobs(k, SAMPLES, 4, APART)),
    layers: (init) => mlp([16, 4], 'relu', init),
    loss: 'softmaxCrossEntropy',
    batch: 64,
    steps: 150,
    target: 0.05,
  }),
  noisyLabels: classes({
    doc: 'two clouds far apart, one label in ten turned: learnt by a 2-16-1 network with ReLU, judged by its expected loss',
    source: 'Angluin & Laird 1988; Cover & Thomas 2006, eq. 2.5',
    tags: [...PLANE, 'label noise'],
    data: (key) => {
      const { train, test } = twoParts(key, (k) => blobs(k, SAMPLES, 2, APART));
      // the chance of a 1 in place of a draw, so that the loss on the test part is the expected one
      const chance = ops.add(scalar(FLIP), ops.mul(scalar(1 - 2 * FLIP), test.y));
      return { train: { x: train.x, y: flipped(train.y, fold(key, 2), FLIP) }, test: { x: test.x, y: chance } };
    },
    layers: (init) => mlp([16, 1], 'relu', init),
    batch: 64,
    steps: 200,
    target: 0.38,
    testFloor: {
      value: FLIP_ENTROPY,
      how: 'exact: the entropy of a label that is turned with chance 0.1, whatever is predicted',
    },
  }),
  student: student(0, {
    doc: 'a 10-8-1 network with tanh, drawn once and for all, learnt by one of 10-16-1 from what it says of 1024 samples',
    target: 0.01,
    floor: { value: 0, how: 'exact: the teacher is among the students' },
  }),
  studentNoisy: student(TEACHER_NOISE, {
    doc: 'the same from what it says with noise of deviation 0.1, judged without noise',
    target: 0.02,
    testFloor: { value: 0, how: 'exact: the teacher is among the students; 0.01 more with the noise' },
  }),
  linear2: linear(2, 200),
  linear8: linear(8, 300),
  linear32: linear(32, 300),
};
