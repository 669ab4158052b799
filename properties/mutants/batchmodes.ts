// Faults of batch normalisation between calls: its state, eval mode, what it starts with, and false declarations.
import { evalMode, trained, trainedPull } from './normengine.ts';
import { at, changed, like, type Mutant, now, number, plain } from './plant.ts';

const TRAIN = 'layer.batch_norm.train';
const EVAL = 'layer.batch_norm.eval';
const EVAL_VJP = 'layer.batch_norm.eval_vjp';

const NEAR = 1 + 2 ** -40;
const last = (v: number, i: number, length: number): number => (i === length - 1 ? v * NEAR : v);
/** The last entry of a field off by a relative 2⁻⁴⁰. */
const lastOff = (entry: string, field: string, of: string) =>
  changed(entry, field, (v, i, args) => last(v, i, plain(args, of).data.length));

export const batchModeMutants: readonly Mutant[] = [
  {
    id: 'batch_norm/writes-its-state',
    says: 'writes the new running statistics over the old',
    killedBy: ['batchnorm/state-untouched'],
    plant: at(TRAIN, (args, original) => {
      const answer = now(original, args);
      const old = plain(args, 'variance').data as number[]; // the fault
      Array.from(plain(answer, 'variance').data).forEach((v, j) => {
        old[j] = v + 1;
      });
      return answer;
    }),
  },
  {
    id: 'batch_norm/hands-back-its-state',
    says: 'returns the given array where nothing changes',
    killedBy: ['batchnorm/state-untouched'],
    plant: at(TRAIN, (args, original) =>
      number(args, 'momentum') === 0 ? { ...now(original, args), mean: args.mean } : now(original, args),
    ),
  },
  {
    id: 'batch_norm/eval-by-batch',
    says: 'normalises by the batch in eval mode, too',
    bug: 'pytorch/xla #913',
    killedBy: ['batchnorm/eval-value', 'batchnorm/eval-exact', 'batchnorm/eval-sample-by-sample'],
    plant: at(EVAL, (args) => ({ y: trained(args).y })),
  },
  {
    id: 'batch_norm/eval-without-statistics',
    says: 'takes mean 0 and variance 1 in eval mode',
    bug: 'NNlib #576',
    killedBy: ['batchnorm/eval-value', 'batchnorm/eval-exact', 'batchnorm/train-then-eval'],
    plant: evalMode((x, gamma, beta, _mean, _variance, eps) => (gamma * x) / Math.sqrt(1 + eps) + beta),
  },
  {
    id: 'batch_norm/eval-eps-outside',
    says: 'adds eps to the root in eval mode',
    bug: 'burn #2945',
    killedBy: ['batchnorm/eval-value', 'batchnorm/eval-exact', 'batchnorm/train-then-eval', 'convention/declared'],
    plant: evalMode((x, gamma, beta, mean, variance, eps) => (gamma * (x - mean)) / (Math.sqrt(variance) + eps) + beta),
  },
  {
    id: 'batch_norm/eval-without-eps',
    says: 'forgets eps in eval mode',
    killedBy: ['batchnorm/eval-value', 'batchnorm/train-then-eval', 'convention/declared'],
    plant: evalMode((x, gamma, beta, mean, variance) => (gamma * (x - mean)) / Math.sqrt(variance) + beta),
  },
  {
    id: 'batch_norm/eval-variance-as-deviation',
    says: 'divides by the variance in eval mode',
    killedBy: ['batchnorm/eval-value', 'batchnorm/train-then-eval'],
    plant: evalMode((x, gamma, beta, mean, variance, eps) => (gamma * (x - mean)) / (variance + eps) + beta),
  },
  {
    id: 'batch_norm/eval-updates',
    says: 'moves the running statistics in eval mode, too',
    killedBy: ['batchnorm/eval-keeps-state'],
    plant: at(EVAL, (args, original) => ({ ...trained({ ...args, momentum: 1 / 10 }), y: now(original, args).y })),
  },
  {
    id: 'batch_norm/eval-near',
    says: 'the last output of eval mode is off by a relative 2⁻⁴⁰',
    killedBy: ['batchnorm/eval-value', 'batchnorm/eval-exact'],
    plant: lastOff(EVAL, 'y', 'x'),
  },
  {
    id: 'batch_norm/eval-gradient-of-batch',
    says: 'differentiates eval mode as train mode',
    bug: 'mxnet #9580, pytorch #586',
    killedBy: ['batchnorm/eval-cotangents', 'batchnorm/eval-exact', 'batchnorm/eval-sample-by-sample'],
    plant: at(EVAL_VJP, (args) => trainedPull(args)),
  },
  {
    id: 'batch_norm/eval-gradient-forgets-gamma',
    says: 'leaves γ out of dx in eval mode',
    killedBy: ['batchnorm/eval-cotangents', 'batchnorm/eval-exact'],
    plant: at(EVAL_VJP, (args, original) => ({
      ...now(original, args),
      dx: now(original, { ...args, gamma: like(plain(args, 'gamma'), () => 1) }).dx,
    })),
  },
  {
    id: 'batch_norm/eval-gradient-inverse',
    says: 'takes the variance for the inverse deviation in the gradient of eval mode',
    bug: 'tinygrad #17201',
    killedBy: ['batchnorm/eval-cotangents', 'batchnorm/eval-exact'],
    plant: at(EVAL_VJP, (args, original) => ({
      ...now(original, args),
      dx: like(
        plain(args, 'dy'),
        (v, i) =>
          v *
          (plain(args, 'gamma').data[i % plain(args, 'gamma').data.length] ?? 0) *
          (plain(args, 'variance').data[i % plain(args, 'variance').data.length] ?? 0),
      ),
    })),
  },
  ...(['dx', 'dgamma', 'dbeta'] as const).map(
    (field): Mutant => ({
      id: `batch_norm/eval-near-${field}`,
      says: `the last entry of ${field} in eval mode is off by a relative 2⁻⁴⁰`,
      killedBy: ['batchnorm/eval-cotangents', 'batchnorm/eval-exact'],
      plant: lastOff(EVAL_VJP, field, field.slice(1)),
    }),
  ),
  {
    id: 'batch_norm/starts-at-0',
    says: 'starts with a running variance of 0',
    killedBy: ['norm/start'],
    plant: changed('layer.batch_norm.start', 'variance', () => 0),
  },
  {
    id: 'batch_norm/starts-flat',
    says: 'starts with γ = 0',
    killedBy: ['norm/start'],
    plant: changed('layer.batch_norm.start', 'gamma', () => 0),
  },
  ...(
    [
      ['bnEps', 'outside', 'that eps is outside the root'],
      ['bnMomentum', 'ofOld', 'that the momentum weighs what was kept'],
      ['bnRunningVariance', 'biased', 'a biased running variance'],
      ['lnEps', 'outside', 'that eps is outside the root of layer normalisation'],
    ] as const
  ).map(
    ([key, value, says]): Mutant => ({
      id: `convention/false-${key}`,
      says: `declares ${says}, and does otherwise`,
      killedBy: ['convention/declared'],
      plant: (port) => ({ ...port, conventions: { ...port.conventions, [key]: value } }),
    }),
  ),
];
