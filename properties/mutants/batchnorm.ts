// Faults of batch normalisation: estimators, eps, momentum, axes, missing terms of the gradient, modes that are mixed up.
import type { Args, Plain } from '../contract.ts';
import { average, batchNorm, everything, firstAxis, samples, squares, sum } from './normengine.ts';
import { at, both, changed, like, type Mutant, now, number, plain, up } from './plant.ts';

const TRAIN = 'layer.batch_norm.train';
const TRAIN_VJP = 'layer.batch_norm.train_vjp';
const EVAL = 'layer.batch_norm.eval';

const NEAR = 1 + 2 ** -40;
const last = (v: number, i: number, length: number): number => (i === length - 1 ? v * NEAR : v);
/** The last entry of a field off by a relative 2⁻⁴⁰. */
const lastOff = (entry: string, field: string, of: string) =>
  changed(entry, field, (v, i, args) => last(v, i, plain(args, of).data.length));

export const batchnormMutants: readonly Mutant[] = [
  {
    id: 'batch_norm/unbiased-normaliser',
    says: 'normalises by the unbiased variance',
    bug: 'pytorch #3122',
    killedBy: ['norm/value', 'norm/output-variance', 'norm/exact', 'batchnorm/duplication', 'batchnorm/estimator'],
    plant: batchNorm({
      variance: (x, mean) => squares(x, mean) / (x.length - 1),
      estimate: (variance) => variance,
    }),
  },
  {
    id: 'batch_norm/one-is-nan',
    says: 'divides by n − 1 whatever n is',
    killedBy: ['batchnorm/batch-of-one'],
    plant: at(TRAIN, (args, original) => {
      const { shape, data } = plain(args, 'x');
      if (data.length > (shape.at(-1) ?? 1)) return now(original, args);
      const [mean, gamma] = [plain(args, 'mean'), plain(args, 'gamma')];
      return { y: like(plain(args, 'x'), (_, i) => gamma.data[i] ?? 0), mean, variance: like(gamma, () => 0 / 0) };
    }),
  },
  {
    id: 'batch_norm/eps-outside',
    says: 'adds eps to the root',
    bug: 'burn #2186, Flux #2421',
    killedBy: ['norm/value', 'norm/output-variance', 'norm/exact', 'norm/scale-with-eps', 'norm/no-variance'],
    plant: batchNorm({ root: (variance, eps) => Math.sqrt(variance) + eps }),
  },
  {
    id: 'batch_norm/running-biased',
    says: 'keeps the biased variance',
    bug: 'tinygrad #807',
    killedBy: [
      'batchnorm/running-step',
      'batchnorm/running-exact',
      'batchnorm/constant-batches',
      'batchnorm/momentum-copies',
      'batchnorm/estimator',
      'batchnorm/train-then-eval',
      'batchnorm/merged-batches',
      'convention/declared',
    ],
    plant: batchNorm({ estimate: (variance) => variance }, 'forward'),
  },
  {
    id: 'batch_norm/one-estimator',
    says: 'keeps the unbiased variance, whichever is asked for',
    killedBy: ['batchnorm/either-estimator'],
    plant: at(TRAIN, (args, original) => {
      const { runningVariance: _, ...rest } = args;
      return now(original, rest);
    }),
  },
  {
    id: 'batch_norm/unbiased-by-samples',
    says: 'corrects by the number of samples where positions count as well',
    killedBy: ['batchnorm/running-step'],
    plant: batchNorm(
      {
        estimate: (variance, _n, shape) => {
          const n = shape[0] ?? 1;
          return n > 1 ? (variance * n) / (n - 1) : variance;
        },
      },
      'forward',
    ),
  },
  {
    id: 'batch_norm/momentum-of-old',
    says: 'weighs what was kept by the momentum',
    bug: 'mxnet #1948, PaddlePaddle #51120',
    killedBy: [
      'batchnorm/running-step',
      'batchnorm/running-exact',
      'batchnorm/constant-batches',
      'batchnorm/momentum-freezes',
      'batchnorm/momentum-copies',
      'convention/declared',
    ],
    plant: batchNorm({ blend: (old, fresh, m) => m * old + (1 - m) * fresh }, 'forward'),
  },
  {
    id: 'batch_norm/momentum-fixed',
    says: 'moves the running statistics by a tenth, whatever the momentum',
    killedBy: ['batchnorm/running-step', 'batchnorm/momentum-freezes', 'batchnorm/momentum-copies'],
    plant: batchNorm({ blend: (old, fresh) => 0.9 * old + 0.1 * fresh }, 'forward'),
  },
  {
    id: 'batch_norm/never-updates',
    says: 'returns the running statistics it was given',
    bug: 'tinygrad 2f17d151',
    killedBy: ['batchnorm/running-step', 'batchnorm/constant-batches', 'batchnorm/momentum-copies'],
    plant: batchNorm({ blend: (old) => old }, 'forward'),
  },
  {
    id: 'batch_norm/adds-up-statistics',
    says: 'forgets to fade what was kept',
    killedBy: ['batchnorm/running-step', 'batchnorm/constant-batches', 'batchnorm/running-exact'],
    plant: batchNorm({ blend: (old, fresh, m) => old + m * fresh }, 'forward'),
  },
  {
    id: 'batch_norm/thaws',
    says: 'takes a momentum of 0 for a missing one',
    bug: 'rate || 0.3',
    killedBy: ['batchnorm/momentum-freezes'],
    plant: at(TRAIN, (args, original) => now(original, { ...args, momentum: number(args, 'momentum') || 0.1 })),
  },
  {
    id: 'batch_norm/eps-not-zero',
    says: 'takes an eps of 0 for a missing one',
    killedBy: ['norm/value', 'norm/scale', 'norm/cotangents-along-x', 'batchnorm/weights-before-it'],
    plant: both(
      ...[TRAIN, TRAIN_VJP].map((entry) =>
        at(entry, (args, original) => now(original, { ...args, eps: number(args, 'eps') || 1e-5 })),
      ),
    ),
  },
  {
    id: 'batch_norm/tiny-floor',
    says: 'adds 2⁻²⁰⁰ to the variance lest it divide by 0',
    killedBy: ['norm/scale'],
    plant: batchNorm({ root: (variance, eps) => Math.sqrt(variance + eps + 2 ** -200) }),
  },
  {
    id: 'batch_norm/eval-of-last-batch',
    says: 'remembers the last batch that it was trained on, and normalises by it in eval mode',
    bug: 'tinygrad #4351',
    killedBy: ['batchnorm/eval-sample-by-sample'],
    plant: (port) => {
      let seen: Args | null = null;
      return both(
        at(TRAIN, (args, original) => {
          seen = now(original, { ...args, momentum: 1 });
          return now(original, args);
        }),
        at(EVAL, (args, original) => {
          const mean = seen === null ? null : plain(seen, 'mean');
          return now(original, mean?.data.length === plain(args, 'mean').data.length ? { ...args, mean } : args);
        }),
      )(port);
    },
  },
  {
    id: 'batch_norm/eps-twice',
    says: 'adds eps to the variance that it keeps, too',
    killedBy: ['batchnorm/running-step'],
    plant: at(TRAIN, (args, original) => {
      const answer = now(original, args);
      const more = number(args, 'eps') * number(args, 'momentum');
      return { ...answer, variance: like(plain(answer, 'variance'), (v) => v + more) };
    }),
  },
  {
    id: 'batch_norm/one-pass',
    says: 'takes the variance as mean of squares less square of the mean',
    bug: 'keras #18795, mlx #1314',
    killedBy: ['norm/value', 'norm/far-offset', 'batchnorm/variance-far-from-0', 'batchnorm/running-step'],
    plant: batchNorm({ variance: (x, mean) => average(x.map((v) => v * v)) - mean * mean }),
  },
  {
    id: 'batch_norm/single-mean',
    says: 'keeps its mean in single precision',
    killedBy: ['norm/value', 'norm/far-offset', 'norm/output-mean'],
    plant: batchNorm({ mean: (x) => Math.fround(average(x)) }),
  },
  {
    id: 'batch_norm/mean-short',
    says: 'divides the mean by one too many',
    bug: 'keras #20815',
    killedBy: ['norm/value', 'norm/output-mean', 'norm/translation', 'norm/far-offset', 'batchnorm/bias-before-it'],
    plant: batchNorm({ mean: (x) => sum(x) / (x.length + 1) }),
  },
  {
    id: 'batch_norm/over-samples',
    says: 'takes the moments over the features of each sample',
    bug: 'burn #238',
    killedBy: ['norm/value', 'norm/groups-apart'],
    plant: batchNorm({ groups: samples }),
  },
  {
    id: 'batch_norm/over-everything',
    says: 'takes the moments over all features at once',
    killedBy: ['norm/value', 'norm/groups-apart', 'norm/output-mean'],
    plant: batchNorm({ groups: everything }),
  },
  {
    id: 'batch_norm/over-first-axis',
    says: 'takes the moments for each position on its own',
    killedBy: ['norm/value', 'norm/cotangents', 'norm/output-variance'],
    plant: batchNorm({
      groups: firstAxis,
      // a position of one sample has no variance of its own
      root: (variance, eps) => Math.sqrt(variance + eps) || 1,
    }),
  },
  {
    id: 'batch_norm/first-sample-twice',
    says: 'weighs the first sample twice',
    killedBy: ['norm/order', 'norm/value'],
    plant: batchNorm({ mean: (x) => (sum(x) + (x[0] ?? 0)) / (x.length + 1) }),
  },
  {
    id: 'batch_norm/detached-mean',
    says: 'differentiates as if the mean were given',
    bug: 'keras #19102',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/cotangents-add-up-to-0', 'batchnorm/bias-before-it'],
    plant: batchNorm(
      {
        dx: (c, hat, root) => {
          const along = average(c.map((v, i) => v * (hat[i] ?? 0)));
          return c.map((v, i) => (v - (hat[i] ?? 0) * along) / root);
        },
      },
      'vjp',
    ),
  },
  {
    id: 'batch_norm/detached-variance',
    says: 'differentiates as if the variance were given',
    bug: 'keras #19102',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/cotangents-along-x', 'batchnorm/weights-before-it'],
    plant: batchNorm({ dx: (c, _hat, root) => c.map((v) => (v - average(c)) / root) }, 'vjp'),
  },
  {
    id: 'batch_norm/detached',
    says: 'differentiates train mode as eval mode',
    bug: 'pytorch/xla #913',
    killedBy: ['norm/cotangents', 'norm/cotangents-add-up-to-0', 'norm/cotangents-along-x', 'norm/no-variance'],
    plant: batchNorm({ dx: (c, _hat, root) => c.map((v) => v / root) }, 'vjp'),
  },
  {
    id: 'batch_norm/gradient-unbiased',
    says: 'divides the variance term of the gradient by n − 1',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/cotangents-along-x'],
    plant: batchNorm(
      {
        dx: (c, hat, root) => {
          const along = sum(c.map((v, i) => v * (hat[i] ?? 0))) / (c.length - 1);
          return c.map((v, i) => (v - average(c) - (hat[i] ?? 0) * along) / root);
        },
      },
      'vjp',
    ),
  },
  {
    id: 'batch_norm/gradient-without-eps',
    says: 'leaves eps out of the variance term of the gradient',
    killedBy: ['norm/cotangents', 'norm/cotangents-along-x'],
    plant: batchNorm(
      {
        dx: (c, hat, root, variance) => {
          const along = average(c.map((v, i) => v * (hat[i] ?? 0)));
          const share = (root * root) / variance;
          return c.map((v, i) => (v - average(c) - (hat[i] ?? 0) * along * share) / root);
        },
      },
      'vjp',
    ),
  },
  {
    id: 'batch_norm/forgets-gamma',
    says: 'leaves γ out of dx',
    bug: 'Knet #288',
    killedBy: ['norm/cotangents', 'norm/exact', 'norm/cotangents-along-x'],
    plant: at(TRAIN_VJP, (args, original) => ({
      ...now(original, args),
      dx: now(original, { ...args, gamma: like(plain(args, 'gamma'), () => 1) }).dx,
    })),
  },
  {
    id: 'batch_norm/gamma-by-x',
    says: 'adds up dy·x for γ',
    bug: 'gorgonia #510',
    killedBy: ['norm/cotangents', 'norm/parameter-cotangents', 'norm/translation', 'norm/scale'],
    plant: batchNorm({ dgamma: (dy, _hat, x) => sum(dy.map((v, i) => v * (x[i] ?? 0))) }, 'vjp'),
  },
  {
    id: 'batch_norm/beta-averaged',
    says: 'averages dy for β',
    killedBy: ['norm/cotangents', 'norm/parameter-cotangents', 'batchnorm/duplication'],
    plant: batchNorm({ dbeta: average }, 'vjp'),
  },
  {
    id: 'batch_norm/ignores-cotangent',
    says: 'pulls back ones for x',
    bug: 'tfjs-layers #970',
    killedBy: ['norm/cotangents', 'norm/cotangent-scaling'],
    plant: at(TRAIN_VJP, (args, original) => ({
      ...now(original, args),
      dx: now(original, { ...args, dy: like(plain(args, 'dy'), () => 1) }).dx,
    })),
  },
  {
    id: 'batch_norm/gamma-squashed',
    says: 'stretches by γ before it divides by the root of γ² times the variance',
    killedBy: ['norm/value', 'norm/exact'],
    plant: batchNorm({ value: (gamma, hat, beta) => Math.sign(gamma) * hat + beta }, 'forward'),
  },
  {
    id: 'batch_norm/gamma-with-beta',
    says: 'stretches by γ only where there is a β',
    bug: 'tfjs-layers #104',
    killedBy: ['norm/value', 'norm/exact'],
    plant: at(TRAIN, (args, original) =>
      Array.from(plain(args, 'beta').data).every((v) => v === 0)
        ? now(original, { ...args, gamma: like(plain(args, 'gamma'), () => 1) })
        : now(original, args),
    ),
  },
  {
    id: 'batch_norm/gamma-of-beta',
    says: 'stretches the offset as well',
    killedBy: ['norm/value', 'norm/no-variance'],
    plant: batchNorm({ value: (gamma, hat, beta) => gamma * (hat + beta) }, 'forward'),
  },
  {
    id: 'batch_norm/zero-where-flat',
    says: 'returns 0 where there is no variance',
    killedBy: ['norm/no-variance'],
    plant: batchNorm({ value: (gamma, hat, beta) => (hat === 0 ? 0 : gamma * hat + beta) }, 'forward'),
  },
  {
    id: 'batch_norm/rounds-up',
    says: 'rounds outputs up',
    killedBy: ['norm/negation', 'norm/exact'],
    plant: changed(TRAIN, 'y', (v) => up(v)),
  },
  {
    id: 'batch_norm/dx-rounds-up',
    says: 'rounds dx up',
    killedBy: ['norm/exact', 'norm/cotangent-scaling'],
    plant: changed(TRAIN_VJP, 'dx', (v) => up(v)),
  },
  {
    id: 'batch_norm/running-rounds-up',
    says: 'rounds running statistics up',
    killedBy: ['batchnorm/running-exact', 'batchnorm/momentum-freezes', 'batchnorm/momentum-copies'],
    plant: both(
      changed(TRAIN, 'mean', (v) => up(v)),
      changed(TRAIN, 'variance', (v) => up(v)),
    ),
  },
  ...(['y', 'mean', 'variance'] as const).map(
    (field): Mutant => ({
      id: `batch_norm/near-${field}`,
      says: `the last entry of ${field} is off by a relative 2⁻⁴⁰`,
      killedBy: field === 'y' ? ['norm/value', 'norm/exact'] : ['batchnorm/running-step', 'batchnorm/running-exact'],
      plant: lastOff(TRAIN, field, field === 'y' ? 'x' : field),
    }),
  ),
  ...(['dx', 'dgamma', 'dbeta'] as const).map(
    (field): Mutant => ({
      id: `batch_norm/near-${field}`,
      says: `the last entry of ${field} is off by a relative 2⁻⁴⁰`,
      killedBy: ['norm/cotangents', 'norm/exact'],
      plant: lastOff(TRAIN_VJP, field, field.slice(1)),
    }),
  ),
  {
    id: 'batch_norm/eps-near',
    says: 'eps is off by a relative 2⁻³⁰',
    killedBy: ['norm/value', 'norm/cotangents', 'norm/exact'],
    plant: batchNorm({ root: (variance, eps) => Math.sqrt(variance + eps * (1 + 2 ** -30)) }),
  },
  {
    id: 'batch_norm/by-running-variance',
    says: 'pulls back through the running variance',
    bug: 'tinygrad #17201',
    killedBy: ['batchnorm/cotangents-see-no-state', 'norm/cotangents'],
    plant: at(TRAIN_VJP, (args, original) => {
      const { data } = plain(args, 'variance');
      const { dx } = now(original, args) as { dx: Plain }; // by the contract
      const eps = number(args, 'eps');
      return {
        ...now(original, args),
        dx: like(dx, (v, i) => v / Math.sqrt((data[i % data.length] ?? 0) + eps)),
      };
    }),
  },
];
