// Faults of losses: clipping, reduction, and gradients that belong to another value.
import { at, changed, like, type Mutant, now, plain, scalar } from './plant.ts';

/** A loss computed term by term by a wrong function. */
const loss = (name: string, f: (p: number, y: number) => number) =>
  at(`loss.${name}.forward`, (args) => {
    const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
    const total = Array.from(p.data, (v, i) => f(v, y.data[i] ?? 0)).reduce((a, b) => a + b, 0);
    return { loss: scalar(args.reduction === 'mean' ? total / p.data.length : total) };
  });

export const lossMutants: readonly Mutant[] = [
  {
    id: 'bce/negative',
    says: 'adds 2⁻²³ inside the logarithms',
    bug: 'tfjs 4.22.0 logLoss',
    killedBy: ['loss/bce-nonnegative', 'loss/value'],
    plant: loss('bce', (p, y) => -y * Math.log(p + 2 ** -23) - (1 - y) * Math.log(1 - p + 2 ** -23)),
  },
  {
    id: 'bce/unclipped',
    says: 'takes the logarithm of 0',
    bug: 'burn #2741, mlx #1280',
    killedBy: ['loss/bce-bounded', 'loss/value'],
    plant: loss('bce', (p, y) => (y > 0 ? -y * Math.log(p) : 0) + (y < 1 ? -(1 - y) * Math.log1p(-p) : 0)),
  },
  {
    id: 'bce/one-sided-clip',
    says: 'clips only the logarithm of p',
    bug: 'tfjs 4.22.0: 16.118 against 15.942',
    killedBy: ['loss/label-symmetry', 'loss/value'],
    plant: loss('bce', (p, y) => y * Math.min(-Math.log(p), 100) + (1 - y) * Math.min(-Math.log1p(-p), 90)),
  },
  {
    id: 'bce-with-logits/naive',
    says: 'log(1 + eᶻ) − y·z',
    bug: 'mxnet #17849',
    killedBy: ['loss/large-margin', 'loss/value'],
    plant: loss('bce_with_logits', (z, y) => Math.log(1 + Math.exp(z)) - y * z),
  },
  {
    id: 'mse/half',
    says: 'has the factor ½ in the value alone',
    bug: 'tiny-dnn #232',
    killedBy: ['loss/value'],
    plant: loss('mse', (p, y) => (p - y) ** 2 / 2),
  },
  {
    id: 'mse/gradient-half',
    says: 'lacks the factor 2 in the gradient alone',
    bug: 'tiny-dnn #232',
    killedBy: ['loss/gradient'],
    plant: changed('loss.mse.vjp', 'dprediction', (v) => v / 2),
  },
  {
    id: 'bce-with-logits/kink',
    says: 'gradient −y instead of ½ − y at logit 0',
    bug: 'torch #1792',
    killedBy: ['loss/gradient'],
    plant: changed('loss.bce_with_logits.vjp', 'dprediction', (v, i, a) =>
      plain(a, 'prediction').data[i] === 0
        ? v - 1 / 2 / (a.reduction === 'mean' ? plain(a, 'target').data.length : 1)
        : v,
    ),
  },
  {
    id: 'bce/clamped-slope',
    says: 'divides by max(p·(1 − p), 2⁻⁴⁰), so that the gradient is not that of the value',
    bug: 'PyTorch binary_cross_entropy_backward clamps at 1e-12',
    killedBy: ['loss/gradient'],
    plant: at('loss.bce.vjp', (args) => {
      const y = plain(args, 'target');
      const n = args.reduction === 'mean' ? y.data.length : 1;
      const slope = (p: number, label: number): number => (p - label) / Math.max(p * (1 - p), 2 ** -40);
      return { dprediction: like(plain(args, 'prediction'), (p, i) => slope(p, y.data[i] ?? 0) / n) };
    }),
  },
  {
    id: 'loss/sums',
    says: 'sums where the mean was asked',
    bug: 'neataptic, mistnet #33',
    killedBy: ['loss/duplication', 'loss/value'],
    plant: at('loss.bce_with_logits.forward', (args, original) => now(original, { ...args, reduction: 'sum' })),
  },
  {
    id: 'mse/one-sided',
    says: 'weighs overshoot twice',
    killedBy: ['loss/error-metric'],
    plant: loss('mse', (p, y) => (p > y ? 2 : 1) * (p - y) ** 2),
  },
  {
    id: 'cross-entropy/naive',
    says: 'log of a sum of exponentials, without subtracting the largest',
    bug: 'torch #11752',
    killedBy: ['loss/cross-entropy-shift', 'loss/value'],
    plant: at('loss.softmax_cross_entropy.forward', (args) => {
      const [z, y] = [plain(args, 'prediction'), plain(args, 'target')];
      const [n = 1, k = 1] = z.shape;
      const row = (t: typeof z, r: number): readonly number[] => Array.from(t.data).slice(r * k, (r + 1) * k);
      const total = Array.from({ length: n }, (_, r) => {
        const lse = Math.log(row(z, r).reduce((s, v) => s + Math.exp(v), 0));
        return row(y, r).reduce((s, v, j) => s + v * (lse - (row(z, r)[j] ?? 0)), 0);
      }).reduce((a, b) => a + b, 0);
      return { loss: scalar(args.reduction === 'mean' ? total / n : total) };
    }),
  },
  {
    id: 'cross-entropy/first-class',
    says: 'leaves the first class out of the gradient',
    bug: 'Theano #3162',
    killedBy: ['loss/cross-entropy-gradient', 'loss/gradient'],
    plant: changed('loss.softmax_cross_entropy.vjp', 'dprediction', (v, i, a) =>
      i % (plain(a, 'target').shape[1] ?? 1) === 0 ? 0 : v,
    ),
  },
  {
    id: 'kl/swapped',
    says: 'p·log(p / y), the arguments exchanged',
    bug: 'keras #23333 is the same slip in another loss',
    killedBy: ['loss/value'],
    plant: at('loss.kl.forward', (args, original) =>
      now(original, { ...args, prediction: args.target, target: args.prediction }),
    ),
  },
  {
    id: 'huber/no-half',
    says: 'delta·(|r| − delta) beyond delta, which jumps at delta',
    killedBy: ['loss/value'],
    plant: at('loss.huber.forward', (args) => {
      const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
      const delta = (args.delta as number | undefined) ?? 1;
      const each = Array.from(p.data, (v, i) => {
        const r = Math.abs(v - (y.data[i] ?? 0));
        return r <= delta ? (r * r) / 2 : delta * (r - delta);
      });
      const total = each.reduce((a, b) => a + b, 0);
      return { loss: scalar(args.reduction === 'mean' ? total / each.length : total) };
    }),
  },
  {
    id: 'hinge/labels',
    says: 'takes labels 0 and 1 where signs were given, so that the margin of class −1 is lost',
    killedBy: ['loss/value'],
    plant: loss('hinge', (p, y) => Math.max(0, 1 - (y > 0 ? 1 : 0) * p)),
  },
  {
    id: 'cross-entropy/large-ties',
    says: 'costs nothing where logits are beyond 10⁶',
    bug: 'torch #11752',
    killedBy: ['loss/cross-entropy-shift'],
    plant: changed('loss.softmax_cross_entropy.forward', 'loss', (v, _i, a) =>
      Array.from(plain(a, 'prediction').data).some((z) => Math.abs(z) > 1e6) ? 0 : v,
    ),
  },
  {
    id: 'cross-entropy/gradient-overflows',
    says: 'has NaN for a gradient where an exponential of a logit overflows',
    bug: 'Theano #3162, NNlib #68',
    killedBy: ['loss/gradient'],
    plant: changed('loss.softmax_cross_entropy.vjp', 'dprediction', (v, _i, a) =>
      Array.from(plain(a, 'prediction').data).some((z) => z > 709) ? Number.NaN : v,
    ),
  },
];
