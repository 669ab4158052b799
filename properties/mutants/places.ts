// Engines that are wrong in exactly one place each: what people are to recognise from a failure card.
import type { Args } from '../contract.ts';
import type { Port } from '../port.ts';
import { at, both, like, list, now, number, plain, scalar } from './plant.ts';
import { wrong } from './wrong.ts';

export interface Place {
  readonly id: string;
  /** The one line that is wrong, as its author would have to be told. */
  readonly says: string;
  /** The law whose card is read, and what it is asked of. */
  readonly law: string;
  readonly subject: string;
  readonly plant: (port: Port) => Port;
}

const rowsOf = (args: Args): number => plain(args, 'x').shape[0] ?? 1;

export const PLACES: readonly Place[] = [
  {
    id: 'leaky_relu/slope-sign',
    says: 'the derivative of leaky ReLU has the wrong sign left of 0',
    law: 'activation/derivative',
    subject: 'leaky_relu',
    plant: at('activation.leaky_relu.vjp', (args, original) => {
      const x = plain(args, 'x').data;
      return { dx: like(plain(now(original, args), 'dx'), (v, i) => ((x[i] ?? 0) < 0 ? -v : v)) };
    }),
  },
  {
    id: 'dense/bias-mean',
    says: 'the gradient of a bias is the mean over the batch where the sum is right',
    law: 'gradient/dense-exact',
    subject: 'port',
    plant: at('layer.dense.vjp', (args, original) => {
      const answer = now(original, args);
      return { ...answer, db: like(plain(answer, 'db'), (v) => v / rowsOf(args)) };
    }),
  },
  {
    id: 'softmax/without-max',
    says: 'softmax exponentiates without taking the maximum away',
    law: 'activation/softmax-value',
    subject: 'softmax',
    plant: at('activation.softmax.forward', (args) => {
      const { shape, data } = plain(args, 'x');
      const n = shape.at(-1) ?? 1;
      const e = Array.from(data, Math.exp);
      const total = (i: number): number => {
        const start = i - (i % n);
        return e.slice(start, start + n).reduce((a, b) => a + b, 0);
      };
      return { y: { shape, data: e.map((v, i) => v / total(i)) } };
    }),
  },
  {
    id: 'batch_norm/eval-batch-mean',
    says: 'eval mode takes the mean of the batch where the running mean is right',
    law: 'batchnorm/eval-value',
    subject: 'batch_norm',
    plant: at('layer.batch_norm.eval', (args, original) => {
      const { shape, data } = plain(args, 'x');
      const f = shape.at(-1) ?? 1;
      const rows = data.length / f;
      const mean = like(plain(args, 'mean'), (_, j) =>
        Array.from({ length: rows }, (_2, i) => data[i * f + j] ?? 0).reduce((a, b) => a + b / rows, 0),
      );
      return { y: plain(now(original, { ...args, mean }), 'y') };
    }),
  },
  {
    id: 'adam/second-moment-uncorrected',
    says: 'Adam does not divide its second moment by 1 − beta2ᵗ',
    law: 'optimizer/steps',
    subject: 'adam',
    plant: wrong('adam', ({ g, k, h, s }) => {
      s.m = h('beta1') * (s.m ?? 0) + (1 - h('beta1')) * g;
      s.v = h('beta2') * (s.v ?? 0) + (1 - h('beta2')) * g * g;
      return (-h('lr') * (s.m / (1 - h('beta1') ** k))) / (Math.sqrt(s.v) + h('eps'));
    }),
  },
  {
    id: 'dropout/scaled-by-rate',
    says: 'what is kept is divided by dropRate where 1 − dropRate is right',
    law: 'dropout/values',
    subject: 'dropout',
    plant: at('layer.dropout.train', (args, original) => {
      const p = number(args, 'dropRate');
      return { y: like(plain(now(original, args), 'y'), (v) => (p === 0 || p === 1 ? v : (v * (1 - p)) / p)) };
    }),
  },
  {
    id: 'xavier_uniform/fan-in-only',
    says: 'Xavier divides by fanIn alone',
    law: 'initializer/fans',
    subject: 'xavier_uniform',
    plant: both(
      ...['sample', 'from_uniforms'].map((call) =>
        at(`initializer.xavier_uniform.${call}`, (args, original) => now(original, { ...args, fanOut: args.fanIn })),
      ),
    ),
  },
  {
    id: 'bce/clips-probability',
    says: 'binary cross-entropy clips the probability at 10⁻⁷ where the logarithm is to be clipped at −100',
    law: 'loss/value',
    subject: 'bce',
    plant: at('loss.bce.forward', (args) => {
      const [p, y] = [plain(args, 'prediction').data, plain(args, 'target').data];
      const terms = Array.from(p, (v, i) => {
        const c = Math.min(1 - 1e-7, Math.max(1e-7, v));
        return -((y[i] ?? 0) * Math.log(c) + (1 - (y[i] ?? 0)) * Math.log1p(-c));
      });
      const sum = terms.reduce((a, b) => a + b, 0);
      return { loss: scalar(args.reduction === 'mean' ? sum / terms.length : sum) };
    }),
  },
  {
    id: 'rbm/visible-bias',
    says: 'the free energy leaves the visible biases out',
    law: 'rbm/free-energy',
    subject: 'port',
    plant: at('rbm.rbm.free_energy', (args, original) =>
      now(original, { ...args, b: like(plain(args, 'b'), () => 0) }),
    ),
  },
  {
    id: 'cosine/off-by-one',
    says: 'the cosine schedule counts its first step as the second',
    law: 'schedule/value',
    subject: 'cosine',
    plant: at('schedule.cosine.factor', (args, original) =>
      now(original, { ...args, steps: (args.steps as readonly number[]).map((k) => k + 1) }),
    ),
  },
  {
    id: 'network/l2-on-biases',
    says: 'the L2 penalty of a network pulls biases, too',
    law: 'gradient/random-model',
    subject: 'port',
    plant: at('model.network.loss_and_grad', (args, original) => {
      const answer = now(original, args);
      const { l2 = 0 } = (args.regulariser ?? {}) as { readonly l2?: number };
      const params = list(args, 'params');
      return {
        ...answer,
        gradients: list(answer, 'gradients').map((g, i) =>
          g.shape.length === 1 ? like(g, (v, k) => v + l2 * (params[i]?.data[k] ?? 0)) : g,
        ),
      };
    }),
  },
];
