// Faults of losses, second part: curvature, targets, order, constants, and gradients by the sample.
import type { Args } from '../contract.ts';
import { at, changed, like, type Mutant, now, plain, scalar } from './plant.ts';

/** A loss computed term by term by a wrong function. */
const loss = (name: string, f: (p: number, y: number, args: Args) => number) =>
  at(`loss.${name}.forward`, (args) => {
    const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
    const total = Array.from(p.data, (v, i) => f(v, y.data[i] ?? 0, args)).reduce((a, b) => a + b, 0);
    return { loss: scalar(args.reduction === 'mean' ? total / p.data.length : total) };
  });
const gradient = (name: string, f: (p: number, y: number, args: Args) => number) =>
  at(`loss.${name}.vjp`, (args) => {
    const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
    const n = args.reduction === 'mean' ? p.data.length : 1;
    return { dprediction: like(p, (v, i) => f(v, y.data[i] ?? 0, args) / n) };
  });
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const delta = (args: Args): number => (args.delta as number | undefined) ?? 1;
const swapped = (call: string) => (name: string) =>
  at(`loss.${name}.${call}`, (args, original) =>
    now(original, { ...args, prediction: args.target, target: args.prediction }),
  );

export const lossFamilyMutants: readonly Mutant[] = [
  {
    id: 'bce-with-logits/other-class',
    says: 'max(z, 0) + y·z, the sign of the label term turned',
    killedBy: ['loss/logit-form', 'loss/value', 'loss/two-forms', 'loss/pairing', 'loss/argument-order'],
    plant: loss('bce_with_logits', (z, y) => Math.max(z, 0) + y * z + Math.log1p(Math.exp(-Math.abs(z)))),
  },
  {
    id: 'bce-with-logits/through-sigmoid',
    says: 'the loss of the probability, which saturates',
    bug: 'TF #33936',
    killedBy: ['loss/logit-form', 'loss/value', 'loss/large-margin'],
    plant: loss(
      'bce_with_logits',
      (z, y) => -y * Math.max(-100, Math.log(sigmoid(z))) - (1 - y) * Math.max(-100, Math.log1p(-sigmoid(z))),
    ),
  },
  {
    id: 'bce-with-logits/gradient-saturates',
    says: 'has gradient 0 beyond ±30',
    bug: 'keras #9664',
    killedBy: ['loss/logit-gradient-range', 'loss/gradient'],
    plant: gradient('bce_with_logits', (z, y) => (Math.abs(z) > 30 ? 0 : sigmoid(z) - y)),
  },
  {
    id: 'bce-with-logits/gradient-reversed',
    says: 'y − σ(z)',
    bug: 'swift-models #180',
    killedBy: ['loss/gradient', 'loss/pairing'],
    plant: gradient('bce_with_logits', (z, y) => y - sigmoid(z)),
  },
  {
    id: 'bce-with-logits/nan-far-out',
    says: '1/(1 + eᶻ) by way of eᶻ/eᶻ, NaN for large logits',
    bug: 'torch #13773',
    killedBy: ['loss/total', 'loss/gradient', 'loss/logit-gradient-range'],
    plant: gradient('bce_with_logits', (z, y) => Math.exp(z) / (1 + Math.exp(z)) - y),
  },
  {
    id: 'bce-with-logits/cancels-at-label-1',
    says: 'σ(z) − y at y = 1, which cancels where σ rounds to 1',
    bug: 'torch #103316',
    killedBy: ['loss/gradient'],
    plant: gradient('bce_with_logits', (z, y) => sigmoid(z) - y),
  },
  {
    id: 'bce/probability-twice',
    says: 'takes its probability for a logit',
    bug: 'burn #4829',
    killedBy: ['loss/two-forms', 'loss/value', 'loss/entropy', 'loss/argument-order'],
    plant: loss('bce', (p, y) => Math.max(p, 0) - y * p + Math.log1p(Math.exp(-Math.abs(p)))),
  },
  {
    id: 'bce/swapped',
    says: 'takes the target for the prediction',
    bug: 'keras #23333',
    killedBy: ['loss/argument-order', 'loss/value'],
    plant: swapped('forward')('bce'),
  },
  {
    id: 'kl/exchanged',
    says: 'KL(p‖y): takes the target for the prediction, in value and gradient',
    bug: 'keras #23333',
    killedBy: ['loss/argument-order', 'loss/value'],
    plant: swapped('forward')('kl'),
  },
  {
    id: 'bce/base-2',
    says: 'is in bits',
    killedBy: ['loss/value', 'loss/entropy'],
    plant: changed('loss.bce.forward', 'loss', (v) => v / Math.LN2),
  },
  {
    id: 'bce/hard-labels',
    says: 'rounds its labels to 0 and 1',
    bug: 'keras #23437',
    killedBy: ['loss/affine-in-target', 'loss/entropy', 'loss/value'],
    plant: loss('bce', (p, y) => (y >= 1 / 2 ? Math.min(100, -Math.log(p)) : Math.min(100, -Math.log1p(-p)))),
  },
  {
    id: 'bce/positive-class-only',
    says: '−y·log p, without the other class',
    killedBy: ['loss/label-symmetry', 'loss/value', 'loss/pairing'],
    plant: loss('bce', (p, y) => y * Math.min(100, -Math.log(p))),
  },
  {
    id: 'mae/root',
    says: 'is √|p − y|, which is not convex',
    killedBy: ['loss/convex', 'loss/lattice', 'loss/error-scaling', 'loss/value'],
    plant: loss('mae', (p, y) => Math.sqrt(Math.abs(p - y))),
  },
  {
    id: 'mse/capped',
    says: 'is cut off at 1, as a robust error that is not convex',
    killedBy: ['loss/convex', 'loss/value', 'loss/error-scaling'],
    plant: loss('mse', (p, y) => Math.min(1, (p - y) ** 2)),
  },
  {
    id: 'mse/per-sample',
    says: 'the mean over samples of the sum over outputs',
    killedBy: ['loss/reduction', 'loss/value'],
    plant: at('loss.mse.forward', (args, original) => {
      const n = plain(args, 'prediction').shape[0] ?? 1;
      const { loss: total } = now(original, { ...args, reduction: 'sum' });
      return { loss: args.reduction === 'mean' ? like(total as never, (v) => v / n) : total };
    }),
  },
  {
    id: 'cross-entropy/per-element',
    says: 'the mean over elements instead of samples',
    killedBy: ['loss/reduction', 'loss/value'],
    plant: at('loss.softmax_cross_entropy.forward', (args, original) => {
      const answer = now(original, args);
      const k = plain(args, 'prediction').shape.at(-1) ?? 1;
      return args.reduction === 'mean' ? { loss: like(plain(answer, 'loss'), (v) => v / k) } : answer;
    }),
  },
  {
    id: 'mae/last-sample-dropped',
    says: 'leaves the last element of a batch out of the sum',
    killedBy: ['loss/permutation', 'loss/reduction', 'loss/value'],
    plant: at('loss.mae.forward', (args) => {
      const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
      const n = p.data.length;
      const total = Array.from(p.data, (v, i) => (i < n - 1 || n === 1 ? Math.abs(v - (y.data[i] ?? 0)) : 0)).reduce(
        (a, b) => a + b,
        0,
      );
      return { loss: scalar(args.reduction === 'mean' ? total / n : total) };
    }),
  },
  {
    id: 'mse/gradient-of-sum',
    says: 'the gradient of the sum, whatever the reduction',
    bug: 'nn-from-scratch #13, mistnet #33',
    killedBy: ['loss/duplication-gradient', 'loss/gradient', 'loss/pairing'],
    plant: at('loss.mse.vjp', (args, original) => now(original, { ...args, reduction: 'sum' })),
  },
  {
    id: 'mse/gradient-reversed',
    says: '2(y − p), descending uphill',
    killedBy: ['loss/pairing', 'loss/lattice', 'loss/gradient'],
    plant: changed('loss.mse.vjp', 'dprediction', (v) => -v),
  },
  {
    id: 'mse/signed',
    says: '(p − y)·|p − y|',
    bug: 'neataptic MSLE, which is negative for half of its arguments',
    killedBy: ['loss/nonnegative', 'loss/error-metric', 'loss/value'],
    plant: loss('mse', (p, y) => (p - y) * Math.abs(p - y)),
  },
  {
    id: 'mae/smooth',
    says: 'has the gradient tanh(1024·(p − y))',
    killedBy: ['loss/gradient', 'loss/error-scaling', 'loss/lattice'],
    plant: gradient('mae', (p, y) => Math.tanh(4 * (p - y))),
  },
  {
    id: 'mae/beyond-its-slope-at-zero',
    says: 'has the slope 2 where prediction and target agree',
    killedBy: ['loss/gradient'],
    plant: gradient('mae', (p, y) => (p === y ? 2 : Math.sign(p - y))),
  },
  {
    id: 'hinge/gradient-inside',
    says: 'has a gradient beyond the margin as well',
    killedBy: ['loss/gradient', 'loss/pairing', 'loss/lattice'],
    plant: gradient('hinge', (_p, y) => -y),
  },
  {
    id: 'hinge/perceptron',
    says: 'max(0, −y·p), without the margin, consistently',
    killedBy: ['loss/value', 'loss/lattice', 'loss/large-scores'],
    plant: loss('hinge', (p, y) => Math.max(0, -y * p)),
  },
  {
    id: 'huber/delta-1',
    says: 'ignores delta',
    killedBy: ['loss/huber-limits', 'loss/value'],
    plant: at('loss.huber.forward', (args, original) => now(original, { ...args, delta: 1 })),
  },
  {
    id: 'huber/gradient-unclipped',
    says: 'has the gradient of the square everywhere',
    killedBy: ['loss/huber-limits', 'loss/gradient', 'loss/pairing'],
    plant: gradient('huber', (p, y) => p - y),
  },
  {
    id: 'huber/gradient-of-sign',
    says: 'has slope ±1 instead of ±delta beyond delta, as if it were smooth L1',
    killedBy: ['loss/huber-limits', 'loss/gradient', 'loss/pairing'],
    plant: gradient('huber', (p, y, a) => (Math.abs(p - y) <= delta(a) ? p - y : Math.sign(p - y))),
  },
  {
    id: 'cross-entropy/gradient-one-class',
    says: 'has −1 at the class without softmax',
    bug: 'tf-keras 304bb3d9',
    killedBy: ['loss/cross-entropy-by-softmax', 'loss/gradient', 'loss/cross-entropy-gradient', 'loss/pairing'],
    plant: at('loss.softmax_cross_entropy.vjp', (args) => {
      const n = args.reduction === 'mean' ? (plain(args, 'target').shape[0] ?? 1) : 1;
      return { dprediction: like(plain(args, 'target'), (y) => -y / n) };
    }),
  },
  {
    id: 'kl/mass',
    says: 'adds p − y to every term, as the generalised divergence does',
    killedBy: ['loss/value'],
    plant: at('loss.kl.forward', (args, original) => {
      const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
      const rows = args.reduction === 'mean' ? (p.shape[0] ?? 1) : 1;
      const more = Array.from(p.data, (v, i) => v - (y.data[i] ?? 0)).reduce((a, b) => a + b, 0) / rows;
      return { loss: like(plain(now(original, args), 'loss'), (v) => v + more) };
    }),
  },
  {
    id: 'kl/without-entropy',
    says: '−Σ y·log p, the cross-entropy',
    killedBy: ['loss/divergence', 'loss/value', 'loss/argument-order'],
    plant: at('loss.kl.forward', (args) => {
      const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
      const rows = args.reduction === 'mean' ? (p.shape[0] ?? 1) : 1;
      const total = Array.from(p.data, (v, i) => ((y.data[i] ?? 0) === 0 ? 0 : -(y.data[i] ?? 0) * Math.log(v)));
      return { loss: scalar(total.reduce((a, b) => a + b, 0) / rows) };
    }),
  },
  {
    id: 'kl/nan-at-zero',
    says: 'has the gradient −y/p, which is 0/0 where share and prediction are 0',
    bug: 'optax #1267 is the same slip in another loss',
    killedBy: ['loss/total'],
    plant: at('loss.kl.vjp', (args) => {
      const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
      const rows = args.reduction === 'mean' ? (p.shape[0] ?? 1) : 1;
      return { dprediction: like(p, (v, i) => -(y.data[i] ?? 0) / v / rows) };
    }),
  },
  {
    id: 'bce/nan-swallowed',
    says: 'takes NaN for ½',
    bug: 'burn #1209, in an engine',
    killedBy: ['loss/total'],
    plant: at('loss.bce.forward', (args, original) =>
      now(original, { ...args, prediction: like(plain(args, 'prediction'), (p) => (Number.isNaN(p) ? 1 / 2 : p)) }),
    ),
  },
];
