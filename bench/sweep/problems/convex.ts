// Problems of which everything is known: quadratics, noise on them, logistic regression, and a sequence that misleads.
import {
  type Data,
  fansOf,
  fold,
  initializerRow,
  type Key,
  type Lang,
  mlp,
  normal,
  ops,
  sample,
  scalar,
  Tensor,
  uniform,
} from '../../../src/index.ts';
import { breastCancerWhole } from '../../data.ts';
import { ACCURACY, type FunctionProblem, type NetworkProblem, sumAll } from '../problem.ts';
import { keyOfTrial } from '../trial/pass.ts';

/** What a problem is made of, whatever the seed of a run: another key than any that a trial draws from. */
const ownKey = (name: string): Key => fold(keyOfTrial(name, 0), 16);

const ones = (n: number): Tensor => Tensor.build([n], (out) => out.fill(1));

/** ½·Σ λx². */
const half = <T>(o: Lang<T>, eigenvalues: T, x: T): T =>
  o.mul(o.lit(1 / 2), sumAll(o, o.mul(eigenvalues, o.square(x))));

/** A matrix whose columns are orthonormal, every direction as likely as any other. */
const rotation = (key: Key, n: number): Tensor => sample(initializerRow('orthogonal'), key, [n, n], fansOf([n, n]));

/** Coordinates of w along the columns of a rotation. */
const turned = <T>(o: Lang<T>, w: T, q: T): T => {
  const [n = 0] = o.shape(w);
  return o.reshape(o.matmul(o.reshape(w, { shape: [1, n] }), q), { shape: [n] });
};

const DIMENSION = 20;

/** Curvatures from 1/κ to 1, evenly in the logarithm. */
const spread = (kappa: number): Tensor => {
  const shares = Array.from({ length: DIMENSION }, (_, i) => i / (DIMENSION - 1) - 1);
  return ops.exp(ops.mul(ops.log(scalar(kappa)), Tensor.from([DIMENSION], shares)));
};

/** ½·Σ λx² in twenty weights from 1 each, along the axes or turned. */
const quadratic = (kappa: number, steps: number, turn?: string): FunctionProblem => {
  const q = turn === undefined ? [] : [rotation(ownKey(turn), DIMENSION)];
  return {
    kind: 'function',
    doc: `½·Σ λx² in ${DIMENSION} weights, λ from 1/${kappa} to 1${turn === undefined ? '' : ', turned away from the axes'}`,
    source: 'Nesterov 2004, §2.1.4 (condition numbers)',
    tags: ['convex', 'quadratic', ...(kappa >= 1000 ? ['ill-conditioned'] : [])],
    unit: 'f',
    steps,
    target: 1e-3,
    floor: { value: 0, how: 'exact, at 0' },
    fixed: true,
    start: () => ones(DIMENSION),
    constants: [spread(kappa), ...q],
    value: (o, w, [eigenvalues, turn]) => half(o, eigenvalues as typeof w, turn === undefined ? w : turned(o, w, turn)), // always given
  };
};

/** Of the deep quadratic: weights, samples per step, and the deviation of a sample. */
const DEEP = { n: 100, batch: 128, deviation: 0.6 } as const;

/** Nine of ten curvatures below 1, the others from 30 to 60; drawn once and for all. */
const deepCurvatures = (): Tensor => {
  const u = uniform(fold(ownKey('quadraticDeep'), 0), [DEEP.n]).view;
  const few = DEEP.n / 10;
  return Tensor.from(
    [DEEP.n],
    Array.from(u, (v, i) => (i < few ? 30 + 30 * v : v)),
  );
};
const deepEigenvalues = deepCurvatures();
const deepNoise = (DEEP.deviation ** 2 / 2) * deepEigenvalues.toArray().reduce((a, b) => a + b, 0);

/** Of the noisy quadratic: weights, and the curvature 1/i of the i-th, which is also the variance of its noise. */
export const NOISY = { n: 100, curvature: (i: number) => 1 / (i + 1) } as const;
const noisyCurvatures = Tensor.build([NOISY.n], (out) => {
  for (let i = 0; i < NOISY.n; i++) out[i] = NOISY.curvature(i);
});

/** Of Reddi's sequence: the gradient of one step in three; that of the others is −1. */
export const MISLEADING = { gradient: 3, every: 3 } as const;

const together = (data: Data): { readonly train: Data; readonly test: Data } => ({ train: data, test: data });

const SYNTHETIC = { n: 256, d: 10 } as const;

/** Labels from a logistic law of given weights; drawn once and for all, so that there is one optimum. */
const syntheticLogistic = (): Data => {
  const { n, d } = SYNTHETIC;
  const key = ownKey('logisticSynthetic');
  const x = normal(fold(key, 0), [n, d]);
  const chances = ops.sigmoid(ops.matmul(x, normal(fold(key, 1), [d, 1])));
  return { x, y: ops.greater(chances, uniform(fold(key, 2), [n, 1])) };
};

const logistic = (
  row: Pick<NetworkProblem, 'doc' | 'source' | 'tags' | 'data' | 'batch' | 'steps' | 'target' | 'floor' | 'l2'>,
): NetworkProblem => ({
  ...row,
  kind: 'network',
  layers: (init) => mlp([1], 'identity', init),
  loss: 'bceWithLogits',
  unit: 'nats per sample, with the penalty',
  score: { ...ACCURACY, name: 'training accuracy' },
});

export const convexProblems = {
  quadratic10: quadratic(10, 200),
  quadratic100: quadratic(100, 300),
  quadratic1000: quadratic(1000, 500),
  quadratic10000: quadratic(10_000, 500),
  quadraticTurned: quadratic(1000, 500, 'quadraticTurned'),
  quadraticDeep: {
    kind: 'function',
    doc: '½·(w − x)ᵀQ(w − x) in 100 weights, x normal about 0: nine of ten curvatures below 1, the others from 30 to 60, turned',
    source: 'Schneider, Balles & Hennig 2019, DeepOBS (quadratic_deep; the mean of its batch of 128 drawn at once)',
    tags: ['convex', 'quadratic', 'ill-conditioned', 'noise'],
    unit: 'expected f',
    steps: 300,
    target: 1.01 * deepNoise,
    floor: { value: deepNoise, how: 'exact: ½·s²·tr Q, at 0' },
    start: () => ones(DEEP.n),
    constants: [deepEigenvalues, rotation(fold(ownKey('quadraticDeep'), 1), DEEP.n)],
    value: (o, w, [eigenvalues, q]) =>
      o.add(half(o, eigenvalues as typeof w, turned(o, w, q as typeof w)), o.lit(deepNoise)), // both are given
    seen: {
      draw: (key, step) => {
        const z = normal(fold(key, step), [DEEP.n]).view;
        const deviation = DEEP.deviation / Math.sqrt(DEEP.batch);
        return Tensor.build([DEEP.n], (out) => {
          for (let i = 0; i < out.length; i++) out[i] = deviation * (z[i] as number); // one each
        });
      },
      value: (o, w, x, [eigenvalues, q]) => half(o, eigenvalues as typeof w, turned(o, o.sub(w, x), q as typeof w)), // both are given
    },
  } satisfies FunctionProblem,
  quadraticNoisy: {
    kind: 'function',
    doc: '½·Σ hx² in 100 weights, h = 1/i, and a gradient whose noise has the variance h',
    source: 'Zhang et al. 2019 (noisy quadratic model), §3 and eq. 8',
    tags: ['convex', 'quadratic', 'noise'],
    unit: 'expected f',
    steps: 400,
    target: 0.25,
    floor: { value: 0, how: 'exact, at 0; no constant rate stays there' },
    start: () => ones(NOISY.n),
    constants: [noisyCurvatures],
    value: (o, w, [h]) => half(o, h as typeof w, w), // always given
    seen: {
      draw: (key, step) => {
        const z = normal(fold(key, step), [NOISY.n]).view;
        return Tensor.build([NOISY.n], (out) => {
          for (let i = 0; i < out.length; i++) out[i] = Math.sqrt(NOISY.curvature(i)) * (z[i] as number); // one each
        });
      },
      value: (o, w, noise, [h]) => o.add(half(o, h as typeof w, w), sumAll(o, o.mul(noise, w))), // always given
    },
  } satisfies FunctionProblem,
  absolute: {
    kind: 'function',
    doc: '|x₁| + … + |x₁₀| from 1 … 10: slopes of size 1 whatever the distance',
    source: 'Beck & Teboulle 2009, §1 (the part of ℓ₁)',
    tags: ['convex', 'not smooth'],
    unit: 'f',
    steps: 500,
    target: 0.5,
    floor: { value: 0, how: 'exact, at 0' },
    fixed: true,
    start: () => Tensor.from([10], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    value: (o, w) => sumAll(o, o.abs(w)),
  } satisfies FunctionProblem,
  misleading: {
    kind: 'function',
    doc: 'x/3 on average over [−1, 1]: slope 3 at one step of three, −1 at the others, so that Adam goes the wrong way',
    source: 'Reddi, Kale & Kumar 2018, Theorem 1 and §3',
    tags: ['convex', 'one weight', 'adversarial'],
    unit: 'mean f',
    steps: 1500,
    target: -0.3,
    floor: { value: -1 / 3, how: 'exact, at −1' },
    fixed: true,
    box: [-1, 1],
    start: () => Tensor.from([1], [1]),
    value: (o, w) => o.div(sumAll(o, w), o.lit(3)),
    seen: {
      draw: (_key, step) => Tensor.from([1], [step % MISLEADING.every === 1 ? MISLEADING.gradient : -1]),
      value: (o, w, slope) => sumAll(o, o.mul(slope, w)),
    },
  } satisfies FunctionProblem,
  logistic: logistic({
    doc: 'logistic regression on all 569 samples of breast cancer, standardised, with a ridge of 0.001',
    source: 'Cox 1958; Wolberg, Mangasarian, Street & Street 1995, doi:10.24432/C5DW2B',
    tags: ['convex', 'real data', 'mini-batch', 'classification'],
    data: () => together(breastCancerWhole()),
    batch: 32,
    l2: 1e-3,
    steps: 300,
    target: 0.07,
    floor: { value: 0.05982793727108941, how: 'certified by Newton’s method: a slope below 1e-12' },
  }),
  logisticSynthetic: logistic({
    doc: 'logistic regression on 256 samples of ten normal features whose labels follow a logistic law, with a ridge of 0.001',
    source: 'Cox 1958',
    tags: ['convex', 'full batch', 'classification'],
    data: () => together(syntheticLogistic()),
    batch: 'full',
    l2: 1e-3,
    steps: 200,
    target: 0.31,
    floor: { value: 0.30556469934694497, how: 'certified by Newton’s method: a slope below 1e-12' },
  }),
};
