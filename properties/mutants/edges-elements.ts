// Faults of activations, losses, layers and programs that show under rare conditions only: sizes, ranks, magnitudes, special values.
import type { Equation } from '../args.ts';
import type { Args, Plain } from '../contract.ts';
import {
  above,
  and,
  hair,
  large,
  leaves,
  long,
  many,
  one,
  otherwise,
  rank,
  set,
  shapeOf,
  small,
  sometimes,
  valuesOf,
  type When,
} from './edge.ts';
import { at, both, changed, like, type Mutant, now, plain } from './plant.ts';

const equations = (args: Args): readonly Equation[] => args.equations as readonly Equation[]; // the contract has parsed it
const uses =
  (op: string, when: When = () => true): When =>
  (args) =>
    equations(args).some((e) => e.op === op) && when(args);
const inputLong: When = (args) => leaves(args, 'inputs').some((t) => t.shape.some((n) => n > 8));
const inputRank =
  (n: number): When =>
  (args) =>
    leaves(args, 'inputs').some((t) => t.shape.length === n);
const VJP = 'program.graph.vjp';
const square: When = (args) => {
  const [rows, columns] = shapeOf(args, 'w');
  return rows === columns && rows !== 1;
};
const BN = {
  x: 'layer.batch_norm.train',
  vjp: 'layer.batch_norm.train_vjp',
  ev: 'layer.batch_norm.eval',
  evVjp: 'layer.batch_norm.eval_vjp',
};
const LN = { x: 'layer.layer_norm.forward', vjp: 'layer.layer_norm.vjp' };
const all =
  (name: string, value: number): When =>
  (args) =>
    valuesOf(args, name).every((v) => v === value);
const has =
  (name: string, value: number): When =>
  (args) =>
    valuesOf(args, name).some((v) => Object.is(v, value));

export const elementEdgeMutants: readonly Mutant[] = [
  // activations
  {
    id: 'edge/relu-block-of-8',
    says: 'relu leaves numbers behind the eighth as they are',
    killedBy: ['activation/any-shape', 'activation/element-by-element'],
    plant: changed('activation.relu.forward', 'y', (v, i, a) => (i < 8 ? v : (plain(a, 'x').data[i] ?? 0))),
  },
  {
    id: 'edge/sigmoid-slope-block-of-8',
    says: 'σ′ is off from the ninth number on',
    killedBy: ['activation/any-shape'],
    plant: changed('activation.sigmoid.vjp', 'dx', (v, i) => (i < 8 ? v : hair(v))),
  },
  {
    id: 'edge/tanh-block-of-8',
    says: 'tanh is off from the ninth number on',
    killedBy: ['activation/any-shape', 'activation/monotone'],
    plant: changed('activation.tanh.forward', 'y', (v, i) => (i < 8 ? v : hair(v))),
  },
  {
    id: 'edge/gelu-clips-cotangents',
    says: 'the pull-back of gelu cuts cotangents at 2¹⁰',
    killedBy: ['activation/cotangent-scaling'],
    plant: otherwise('activation.gelu.vjp', large('dy'), (a) => ({
      dy: like(plain(a, 'dy'), (v) => Math.max(-1024, Math.min(1024, v))),
    })),
  },
  {
    id: 'edge/silu-flushes-cotangents',
    says: 'the pull-back of silu takes cotangents below 2⁻¹⁰ for 0',
    killedBy: ['activation/cotangent-scaling'],
    plant: otherwise('activation.silu.vjp', small('dy'), (a) => ({
      dy: like(plain(a, 'dy'), (v) => (Math.abs(v) < 2 ** -10 ? 0 : v)),
    })),
  },
  {
    id: 'edge/elu-of-rank-3',
    says: 'elu is off for blocks of three axes',
    killedBy: ['activation/any-shape'],
    plant: sometimes('activation.elu.forward', rank('x', 3)),
  },
  {
    id: 'edge/softplus-slope-of-rank-3',
    says: 'the slope of softplus is off for blocks of three axes',
    killedBy: ['activation/any-shape'],
    plant: sometimes('activation.softplus.vjp', rank('x', 3)),
  },
  {
    id: 'edge/selu-of-rank-2',
    says: 'selu is off for matrices',
    killedBy: ['activation/any-shape'],
    plant: sometimes('activation.selu.forward', rank('x', 2)),
  },
  {
    id: 'edge/hard-tanh-slope-of-rank-2',
    says: 'the slope of hard tanh is off for matrices',
    killedBy: ['activation/any-shape'],
    plant: sometimes('activation.hard_tanh.vjp', rank('x', 2)),
  },
  {
    id: 'edge/leaky-relu-default-slope',
    says: 'leaky ReLU is off where its slope is the usual 0.01',
    killedBy: ['activation/usual-parameters'],
    plant: both(
      sometimes('activation.leaky_relu.forward', set('slope', 0.01)),
      sometimes('activation.leaky_relu.vjp', set('slope', 0.01)),
    ),
  },
  {
    id: 'edge/elu-alpha-1',
    says: 'elu is off for an alpha of 1 given by name',
    killedBy: ['activation/derivative', 'activation/adjacent'],
    plant: both(sometimes('activation.elu.forward', set('alpha', 1)), sometimes('activation.elu.vjp', set('alpha', 1))),
  },
  {
    id: 'edge/leaky-relu-slope-1',
    says: 'the slope of leaky ReLU is off where it is 1',
    killedBy: ['activation/derivative', 'activation/infinity'],
    plant: sometimes('activation.leaky_relu.vjp', set('slope', 1)),
  },
  {
    id: 'edge/softmax-9-classes',
    says: 'softmax is off for more than eight classes',
    killedBy: ['activation/softmax-copies'],
    plant: sometimes('activation.softmax.forward', long('x')),
  },
  {
    id: 'edge/softmax-slope-9-classes',
    says: 'the pull-back of softmax is off for more than eight classes',
    killedBy: ['activation/softmax-copies'],
    plant: sometimes('activation.softmax.vjp', long('x')),
  },
  {
    id: 'edge/softmax-one-class',
    says: 'the share of a single class is not 1',
    killedBy: ['activation/softmax-value', 'activation/softmax-sum'],
    plant: sometimes('activation.softmax.forward', one('x', -1)),
  },
  {
    id: 'edge/log-softmax-of-rank-3',
    says: 'log-softmax is off for blocks of three axes',
    killedBy: ['activation/softmax-copies'],
    plant: sometimes('activation.log_softmax.forward', rank('x', 3)),
  },
  {
    id: 'edge/log-softmax-slope-long',
    says: 'the pull-back of log-softmax is off for rows of more than eight',
    killedBy: ['activation/softmax-copies'],
    plant: sometimes('activation.log_softmax.vjp', long('x')),
  },
  {
    id: 'edge/step-of-scalar',
    says: 'the step of a single number without axes is 0',
    killedBy: ['activation/any-shape'],
    plant: sometimes('activation.step.forward', rank('x', 0), () => 0),
  },
  // losses
  {
    id: 'edge/mse-long-batch',
    says: 'the squared error is off for batches of more than eight',
    killedBy: ['loss/of-many'],
    plant: sometimes('loss.mse.forward', long('prediction')),
  },
  {
    id: 'edge/mse-gradient-long-batch',
    says: 'the gradient of the squared error is off for more than eight',
    killedBy: ['loss/of-many'],
    plant: sometimes('loss.mse.vjp', long('prediction')),
  },
  {
    id: 'edge/bce-long',
    says: 'binary cross-entropy is off for more than eight',
    killedBy: ['loss/of-many'],
    plant: sometimes('loss.bce.forward', long('prediction')),
  },
  {
    id: 'edge/bce-with-logits-gradient-long',
    says: 'the gradient by logits is off for more than eight',
    killedBy: ['loss/of-many'],
    plant: sometimes('loss.bce_with_logits.vjp', long('prediction')),
  },
  {
    id: 'edge/cross-entropy-9-classes',
    says: 'cross-entropy is off for more than eight classes',
    killedBy: ['loss/of-many-classes'],
    plant: sometimes('loss.softmax_cross_entropy.forward', (a) => (shapeOf(a, 'prediction').at(-1) ?? 0) > 8),
  },
  {
    id: 'edge/cross-entropy-gradient-9-samples',
    says: 'the gradient of cross-entropy is off for more than eight samples',
    killedBy: ['loss/of-many-classes'],
    plant: sometimes('loss.softmax_cross_entropy.vjp', (a) => (shapeOf(a, 'prediction')[0] ?? 0) > 8),
  },
  {
    id: 'edge/cross-entropy-one-class',
    says: 'the gradient of cross-entropy with one class is not 0',
    killedBy: ['loss/of-many-classes'],
    plant: sometimes('loss.softmax_cross_entropy.vjp', one('prediction', -1)),
  },
  {
    id: 'edge/mae-mean-of-one',
    says: 'the mean absolute error of one number is off',
    killedBy: ['loss/value', 'loss/duplication'],
    plant: sometimes(
      'loss.mae.forward',
      and(set('reduction', 'mean'), (a) => valuesOf(a, 'prediction').length === 1),
    ),
  },
  {
    id: 'edge/huber-sum-of-matrix',
    says: 'the summed Huber loss of a matrix is off',
    killedBy: ['loss/value', 'loss/of-many'],
    plant: sometimes('loss.huber.forward', and(set('reduction', 'sum'), rank('prediction', 2))),
  },
  {
    id: 'edge/huber-delta-1',
    says: 'the gradient of Huber’s loss is off where delta is 1, its default, given by name',
    killedBy: ['loss/huber-at-1'],
    plant: sometimes('loss.huber.vjp', set('delta', 1)),
  },
  {
    id: 'edge/huber-delta-1-value',
    says: 'Huber’s loss is off where delta is 1 given by name',
    killedBy: ['loss/huber-at-1'],
    plant: sometimes('loss.huber.forward', set('delta', 1)),
  },
  {
    id: 'edge/hinge-at-margin',
    says: 'hinge has slope −y/2 right at the margin',
    killedBy: ['loss/of-many', 'loss/gradient'],
    plant: changed('loss.hinge.vjp', 'dprediction', (v, i, a) =>
      (plain(a, 'prediction').data[i] ?? 0) * (plain(a, 'target').data[i] ?? 0) === 1
        ? v - (plain(a, 'target').data[i] ?? 0) * 2
        : v,
    ),
  },
  {
    id: 'edge/kl-zero-share',
    says: 'the divergence counts 2⁻⁴⁰ for a share of 0',
    killedBy: ['loss/value', 'loss/of-many'],
    plant: sometimes('loss.kl.forward', has('target', 0), (v) => v + 2 ** -40),
  },
  {
    id: 'edge/bce-half-labels',
    says: 'binary cross-entropy is off for labels of one half',
    killedBy: ['loss/value', 'loss/of-many'],
    plant: sometimes('loss.bce.forward', has('target', 1 / 2)),
  },
  // programs
  {
    id: 'edge/matmul-long',
    says: 'a product of matrices is off for axes of more than eight',
    killedBy: ['op/value'],
    plant: sometimes(VJP, uses('matmul', inputLong), hair, ['y']),
  },
  {
    id: 'edge/matmul-slope-long',
    says: 'the pull-back of a product of matrices is off for axes of more than eight',
    killedBy: ['op/derivative'],
    plant: sometimes(VJP, uses('matmul', inputLong), hair, ['dinputs']),
  },
  {
    id: 'edge/sum-long',
    says: 'a sum is off for axes of more than eight',
    killedBy: ['op/value'],
    plant: sometimes(VJP, uses('sum', inputLong), hair, ['y']),
  },
  {
    id: 'edge/max-long',
    says: 'a maximum is off for axes of more than eight',
    killedBy: ['op/value'],
    plant: sometimes(VJP, uses('max', inputLong), hair, ['y']),
  },
  {
    id: 'edge/log-sum-exp-long',
    says: 'a sum of exponentials is off for rows of more than eight',
    killedBy: ['op/value', 'op/derivative'],
    plant: sometimes(VJP, uses('logSumExp', inputLong)),
  },
  {
    id: 'edge/add-of-rank-3',
    says: 'a sum of blocks of three axes is off',
    killedBy: ['op/value'],
    plant: sometimes(VJP, uses('add', inputRank(3))),
  },
  {
    id: 'edge/mul-of-scalars',
    says: 'a product of numbers without axes is off',
    killedBy: ['op/value'],
    plant: sometimes(VJP, uses('mul', inputRank(0))),
  },
  {
    id: 'edge/broadcast-long',
    says: 'the cotangent of a stretched operand is off where an axis has more than eight',
    killedBy: ['op/derivative'],
    plant: sometimes(
      VJP,
      (a) => inputLong(a) && new Set(leaves(a, 'inputs').map((t) => t.shape.join())).size > 1,
      hair,
      ['dinputs'],
    ),
  },
  {
    id: 'edge/exp-of-vectors',
    says: 'the exponential of a vector is off',
    killedBy: ['op/value'],
    plant: sometimes(VJP, uses('exp', inputRank(1))),
  },
  {
    id: 'edge/operand-twice',
    says: 'the slope of an operation that reads one value twice is off',
    killedBy: ['gradient/diamond'],
    plant: sometimes(
      VJP,
      (a) => equations(a).some((e) => e.reads.length > 1 && new Set(e.reads).size < e.reads.length),
      hair,
      ['dinputs'],
    ),
  },
  // dense
  {
    id: 'edge/dense-long',
    says: 'a dense layer is off for axes of more than eight',
    killedBy: ['dense/value'],
    plant: sometimes('layer.dense.forward', (a) => long('x')(a) || long('w')(a)),
  },
  {
    id: 'edge/dense-many-units',
    says: 'cotangents of more than eight units are off',
    killedBy: ['dense/cotangents'],
    plant: sometimes('layer.dense.vjp', long('b')),
  },
  {
    id: 'edge/dense-long-batch',
    says: 'cotangents of more than eight samples are off',
    killedBy: ['dense/cotangents'],
    plant: sometimes('layer.dense.vjp', (a) => (shapeOf(a, 'x')[0] ?? 0) > 8),
  },
  {
    id: 'edge/dense-one-unit',
    says: 'the weights’ gradient of a single unit is off',
    killedBy: ['dense/cotangents'],
    plant: sometimes('layer.dense.vjp', one('b', 0), hair, ['dw']),
  },
  {
    id: 'edge/dense-one-sample',
    says: 'the bias gradient of a single sample is off',
    killedBy: ['dense/cotangents'],
    plant: sometimes('layer.dense.vjp', one('x', 0), hair, ['db']),
  },
  {
    id: 'edge/dense-square',
    says: 'dx is off for square matrices alone',
    killedBy: ['dense/cotangents'],
    plant: sometimes('layer.dense.vjp', square, hair, ['dx']),
  },
  {
    id: 'edge/dense-large',
    says: 'inputs beyond 2¹⁰ are cut there',
    killedBy: ['dense/value'],
    plant: otherwise('layer.dense.forward', large('x'), (a) => ({
      x: like(plain(a, 'x'), (v) => Math.max(-1024, Math.min(1024, v))),
    })),
  },
  {
    id: 'edge/dense-tiny-weights',
    says: 'weights below 2⁻¹⁰ count as 0',
    killedBy: ['dense/value'],
    plant: otherwise('layer.dense.forward', small('w'), (a) => ({
      w: like(plain(a, 'w'), (v) => (Math.abs(v) < 2 ** -10 ? 0 : v)),
    })),
  },
  {
    id: 'edge/dense-large-cotangents',
    says: 'cotangents beyond 2¹⁰ are cut there',
    killedBy: ['dense/cotangents'],
    plant: otherwise('layer.dense.vjp', large('dy'), (a) => ({
      dy: like(plain(a, 'dy'), (v) => Math.max(-1024, Math.min(1024, v))),
    })),
  },
  // batch normalisation
  {
    id: 'edge/batch-norm-many-features',
    says: 'batch normalisation is off for more than eight features',
    killedBy: ['norm/value'],
    plant: sometimes(BN.x, long('gamma'), hair, ['y']),
  },
  {
    id: 'edge/batch-norm-many-features-gradient',
    says: 'cotangents of more than eight features are off',
    killedBy: ['norm/cotangents'],
    plant: sometimes(BN.vjp, long('gamma')),
  },
  {
    id: 'edge/batch-norm-many-features-running',
    says: 'running statistics of more than eight features are off',
    killedBy: ['batchnorm/running-step'],
    plant: sometimes(BN.x, long('gamma'), hair, ['mean', 'variance']),
  },
  {
    id: 'edge/batch-norm-long-batch',
    says: 'the running variance of more than eight samples is off',
    killedBy: ['batchnorm/running-step'],
    plant: sometimes(BN.x, (a) => (shapeOf(a, 'x')[0] ?? 0) > 8, hair, ['variance']),
  },
  {
    id: 'edge/batch-norm-pair',
    says: 'batches of two samples keep the biased variance',
    killedBy: ['batchnorm/running-step'],
    plant: sometimes(
      BN.x,
      (a) => valuesOf(a, 'x').length === 2 * valuesOf(a, 'gamma').length,
      (v) => v * (1 - 2 ** -30),
      ['variance'],
    ),
  },
  {
    id: 'edge/batch-norm-rank-4',
    says: 'the gradient of images, with four axes, is off',
    killedBy: ['norm/cotangents'],
    plant: sometimes(BN.vjp, rank('x', 4), hair, ['dgamma']),
  },
  {
    id: 'edge/batch-norm-default-momentum',
    says: 'a momentum of 0.1, the usual one, is taken for 0.9',
    killedBy: ['batchnorm/running-step'],
    plant: otherwise(BN.x, set('momentum', 0.1), () => ({ momentum: 0.9 })),
  },
  {
    id: 'edge/batch-norm-default-eps',
    says: 'outputs are off where eps is the usual 10⁻⁵',
    killedBy: ['norm/value'],
    plant: sometimes(BN.x, set('eps', 1e-5), hair, ['y']),
  },
  {
    id: 'edge/batch-norm-large-gamma',
    says: 'a γ beyond 2¹⁰ is cut there',
    killedBy: ['norm/value'],
    plant: otherwise(BN.x, large('gamma'), (a) => ({
      gamma: like(plain(a, 'gamma'), (v) => Math.max(-1024, Math.min(1024, v))),
    })),
  },
  {
    id: 'edge/batch-norm-tiny-cotangents',
    says: 'cotangents below 2⁻¹⁰ count as 0',
    killedBy: ['norm/cotangents'],
    plant: otherwise(BN.vjp, small('dy'), (a) => ({
      dy: like(plain(a, 'dy'), (v) => (Math.abs(v) < 2 ** -10 ? 0 : v)),
    })),
  },
  {
    id: 'edge/batch-norm-gamma-1',
    says: 'dγ is off where γ is 1, as in an untrained layer',
    killedBy: ['norm/cotangents'],
    plant: sometimes(BN.vjp, all('gamma', 1), hair, ['dgamma']),
  },
  {
    id: 'edge/batch-norm-gamma-0',
    says: 'dx is off where a γ is 0',
    killedBy: ['norm/no-variance'],
    plant: sometimes(BN.vjp, has('gamma', 0), hair, ['dx']),
  },
  {
    id: 'edge/batch-norm-eval-many-features',
    says: 'eval mode is off for more than eight features',
    killedBy: ['batchnorm/eval-value'],
    plant: sometimes(BN.ev, long('gamma'), hair, ['y']),
  },
  {
    id: 'edge/batch-norm-eval-gradient-many-features',
    says: 'cotangents of eval mode are off for more than eight features',
    killedBy: ['batchnorm/eval-cotangents'],
    plant: sometimes(BN.evVjp, long('gamma')),
  },
  {
    id: 'edge/batch-norm-eval-one-sample',
    says: 'eval mode uses the sample’s own moments where it is alone',
    killedBy: ['batchnorm/eval-value'],
    plant: sometimes(BN.ev, one('x', 0), hair, ['y']),
  },
  {
    id: 'edge/batch-norm-starts-wide',
    says: 'starts with γ off for more than eight features',
    killedBy: ['norm/start'],
    plant: sometimes('layer.batch_norm.start', above('features', 8), hair, ['gamma']),
  },
  // layer normalisation
  {
    id: 'edge/layer-norm-long',
    says: 'layer normalisation is off for more than eight features',
    killedBy: ['norm/value'],
    plant: sometimes(LN.x, long('gamma')),
  },
  {
    id: 'edge/layer-norm-long-gradient',
    says: 'cotangents are off for more than eight features',
    killedBy: ['norm/cotangents'],
    plant: sometimes(LN.vjp, long('gamma')),
  },
  {
    id: 'edge/layer-norm-long-batch',
    says: 'cotangents are off for more than eight samples',
    killedBy: ['norm/cotangents'],
    plant: sometimes(LN.vjp, (a) => (shapeOf(a, 'x')[0] ?? 0) > 8),
  },
  {
    id: 'edge/layer-norm-rank-4',
    says: 'dβ is off for four axes',
    killedBy: ['norm/cotangents'],
    plant: sometimes(LN.vjp, rank('x', 4), hair, ['dbeta']),
  },
  {
    id: 'edge/layer-norm-default-eps',
    says: 'outputs are off where eps is the usual 10⁻⁵',
    killedBy: ['norm/value'],
    plant: sometimes(LN.x, set('eps', 1e-5)),
  },
  {
    id: 'edge/layer-norm-large-beta',
    says: 'a β beyond 2¹⁰ is cut there',
    killedBy: ['norm/value'],
    plant: otherwise(LN.x, large('beta'), (a) => ({
      beta: like(plain(a, 'beta'), (v) => Math.max(-1024, Math.min(1024, v))),
    })),
  },
  {
    id: 'edge/layer-norm-starts-wide',
    says: 'starts with β off for more than eight features',
    killedBy: ['norm/start'],
    plant: sometimes('layer.layer_norm.start', above('features', 8), hair, ['beta']),
  },
  // dropout
  {
    id: 'edge/dropout-block',
    says: 'numbers behind the eighth are never dropped',
    killedBy: ['dropout/values'],
    plant: changed('layer.dropout.train', 'y', (v, i, a) => (i < 8 || v !== 0 ? v : (plain(a, 'x').data[i] ?? 0))),
  },
  {
    id: 'edge/dropout-backward-long',
    says: 'cotangents are off for axes of more than eight',
    killedBy: ['dropout/backward'],
    plant: sometimes('layer.dropout.train_vjp', long('x')),
  },
  {
    id: 'edge/dropout-backward-large',
    says: 'cotangents beyond 2¹⁰ are cut there',
    killedBy: ['dropout/backward'],
    plant: otherwise('layer.dropout.train_vjp', large('dy'), (a) => ({
      dy: like(plain(a, 'dy'), (v) => Math.max(-1024, Math.min(1024, v))),
    })),
  },
  {
    id: 'edge/dropout-half',
    says: 'is off at the rate one half, and there alone',
    killedBy: ['dropout/values'],
    plant: sometimes('layer.dropout.train', set('dropRate', 1 / 2)),
  },
  {
    id: 'edge/dropout-backward-half',
    says: 'the way back is off at the rate one half, and there alone',
    killedBy: ['dropout/backward'],
    plant: sometimes('layer.dropout.train_vjp', set('dropRate', 1 / 2)),
  },
  {
    id: 'edge/dropout-classic-eval-half',
    says: 'eval mode of the classic form is off at the rate one half',
    killedBy: ['dropout/eval'],
    plant: sometimes('layer.classic_dropout.eval', set('dropRate', 1 / 2)),
  },
  {
    id: 'edge/alpha-dropout-long',
    says: 'alpha dropout is off for axes of more than eight',
    killedBy: ['dropout/alpha-values'],
    plant: sometimes('layer.alpha_dropout.train', long('x')),
  },
  {
    id: 'edge/alpha-dropout-half',
    says: 'alpha dropout is off at the rate one half',
    killedBy: ['dropout/alpha-values'],
    plant: sometimes('layer.alpha_dropout.train', set('dropRate', 1 / 2)),
  },
  {
    id: 'edge/dropout-seed-32-bits',
    says: 'a seed loses its bits from the 32nd on',
    killedBy: ['rng/seed-bits'],
    plant: otherwise(
      'layer.dropout.sample',
      () => true,
      (a) => ({ seed: (a.seed as number) >>> 0 }),
    ),
  },
  {
    id: 'edge/dropout-seed-31-bits',
    says: 'a seed loses its sign',
    killedBy: ['rng/seed-bits'],
    plant: otherwise(
      'layer.dropout.sample',
      () => true,
      (a) => ({ seed: Math.abs(a.seed as number) }),
    ),
  },
  {
    id: 'edge/dropout-seed-16-bits',
    says: 'a seed keeps 16 bits',
    killedBy: ['rng/seed-bits'],
    plant: otherwise(
      'layer.dropout.sample',
      () => true,
      (a) => ({ seed: (a.seed as number) & 0xffff }),
    ),
  },
  {
    id: 'edge/dropout-place-of-8',
    says: 'the ninth layer has the masks of the first',
    killedBy: ['dropout/many-layers'],
    plant: otherwise('layer.dropout.sample', above('place', 7), (a) => ({ place: (a.place as number) % 8 })),
  },
  {
    id: 'edge/dropout-sampled-many',
    says: 'beyond 256 numbers nothing is dropped',
    killedBy: ['dropout/count'],
    plant: changed('layer.dropout.sample', 'y', (v, i, a) =>
      i < 256 || v !== 0 ? v : (plain(a, 'x').data[i] ?? 0) / (1 - (a.dropRate as number)),
    ),
  },
  {
    id: 'edge/dropout-sampled-rank-3',
    says: 'blocks of three axes are rescaled wrongly',
    killedBy: ['dropout/sampled-values'],
    plant: sometimes('layer.dropout.sample', rank('x', 3)),
  },
  {
    id: 'edge/batch-norm-many-numbers',
    says: 'is off where there are more than 32 numbers',
    killedBy: ['norm/cotangents'],
    plant: sometimes(BN.vjp, many('x', 32), hair, ['dx']),
  },
  // programs of the list of real defects
  {
    id: 'program/tie-to-none',
    says: 'a minimum has no slope where its arguments agree',
    bug: 'tfjs #1076',
    killedBy: ['op/seam'],
    plant: at(VJP, (args, original) => {
      const answer = now(original, args);
      const [a, b] = leaves(args, 'inputs');
      if (!equations(args).some((e) => e.op === 'minimum') || a === undefined || b === undefined) return answer;
      const none = (t: typeof a): typeof a => like(t, (v, i) => (a.data[i] === b.data[i] ? 0 : v));
      return { ...answer, dinputs: (answer.dinputs as readonly (typeof a)[]).map(none) }; // so says the contract
    }),
  },
  {
    id: 'program/root-by-input',
    says: 'the slope of a root divides by its input, not by the root',
    bug: 'candle #211',
    killedBy: ['op/derivative'],
    plant: at(VJP, (args, original) => {
      const answer = now(original, args);
      const [x] = leaves(args, 'inputs');
      if (!equations(args).some((e) => e.op === 'sqrt') || x === undefined) return answer;
      const wrong = like(x, (v, i) => (plain(args, 'dy').data[i] ?? 0) / (2 * v));
      return { ...answer, dinputs: [wrong] };
    }),
  },
  {
    id: 'program/square-by-division',
    says: 'the slope of a square is 2·x²/x, NaN at 0',
    bug: 'mlx #505',
    killedBy: ['gradient/singular-points'],
    plant: at(VJP, (args, original) => {
      const answer = now(original, args);
      const zero = (i: number): boolean => leaves(args, 'inputs').some((t) => t.data[i] === 0);
      return equations(args).length === 1 && equations(args)[0]?.op === 'square'
        ? {
            ...answer,
            dinputs: (answer.dinputs as readonly Plain[]).map((t) => like(t, (v, i) => (zero(i) ? Number.NaN : v))),
          } // so says the contract
        : answer;
    }),
  },
];
