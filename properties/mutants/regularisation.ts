// Faults of regularisation: lost halves, counted biases, penalties divided by the batch, constraints along the wrong axis.
import type { Args, Plain } from '../contract.ts';
import { at, both, changed, like, list, type Mutant, now, number, plain, scalar } from './plant.ts';
import { normMutants } from './regularisation-norm.ts';

const strength = (args: Args, name: string): number => (args[name] === undefined ? 0 : number(args, name));
const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
const total = (w: Plain, f: (v: number) => number): number => sum(Array.from(w.data, f));

const value = (name: string, f: (w: Plain, args: Args) => number) =>
  at(`regulariser.${name}.value`, (args) => ({ value: scalar(f(plain(args, 'w'), args)) }));
const gradient = (name: string, f: (v: number, args: Args, count: number) => number) =>
  at(`regulariser.${name}.gradient`, (args) => {
    const w = plain(args, 'w');
    return { dw: like(w, (v) => f(v, args, w.data.length)) };
  });

/** The penalised loss with a fault in what the penalty adds: to the loss, to dw, to db. */
const fit = (
  name: string,
  f: (part: {
    readonly added: number;
    readonly weight: number;
    readonly field: 'loss' | 'dw' | 'db';
    readonly args: Args;
  }) => number,
) =>
  at(`regulariser.${name}.loss_and_grad`, (args, original) => {
    const full = now(original, args);
    const none = now(original, { ...args, l1: 0, l2: 0 });
    const part = (field: 'loss' | 'dw' | 'db', from: Plain): Plain =>
      like(plain(none, field), (v, i) => {
        const added = (plain(full, field).data[i] ?? 0) - v;
        return v + f({ added, weight: from.data[i] ?? 0, field, args });
      });
    return {
      loss: part('loss', scalar(0)),
      dw: part('dw', plain(args, 'w')),
      db: part('db', plain(args, 'b')),
    };
  });
const batchOf = (args: Args): number => plain(args, 'x').shape[0] ?? 1;

const stack = (name: string, f: (args: Args) => Args) =>
  at(`regulariser.${name}.penalty`, (args, original) => ({ ...now(original, args), ...f(args) }));

export const regularisationMutants: readonly Mutant[] = [
  {
    id: 'regularisation/value-without-half',
    says: 'penalises λ·Σw² and still has the gradient λ·w',
    bug: 'titu1994/DenseNet #57',
    killedBy: ['regularisation/value', 'regularisation/consistent', 'convention/declared'],
    plant: value('l2', (w, a) => strength(a, 'l2') * total(w, (v) => v * v)),
  },
  {
    id: 'regularisation/gradient-doubled',
    says: 'takes the gradient of λ·Σw² for a penalty of half of it',
    bug: 'mlcommons/hpc #22',
    killedBy: ['regularisation/gradient', 'regularisation/consistent', 'regularisation/weight-decay'],
    plant: gradient('l2', (v, a) => 2 * strength(a, 'l2') * v),
  },
  {
    id: 'regularisation/full-undeclared',
    says: 'penalises without the half in value and gradient, and does not say so',
    bug: 'mlcommons/hpc #22',
    killedBy: ['regularisation/value', 'regularisation/gradient', 'regularisation/weight-decay', 'convention/declared'],
    plant: both(
      value('l2', (w, a) => strength(a, 'l2') * total(w, (v) => v * v)),
      gradient('l2', (v, a) => 2 * strength(a, 'l2') * v),
    ),
  },
  {
    id: 'regularisation/mean-of-squares',
    says: 'takes the mean over the weights, value and gradient alike',
    killedBy: ['regularisation/value', 'regularisation/gradient', 'regularisation/weight-decay'],
    plant: both(
      value('l2', (w, a) => (strength(a, 'l2') / 2 / w.data.length) * total(w, (v) => v * v)),
      gradient('l2', (v, a, n) => (strength(a, 'l2') * v) / n),
    ),
  },
  {
    id: 'regularisation/root-of-squares',
    says: 'penalises the norm, not its square',
    killedBy: ['regularisation/value', 'regularisation/consistent'],
    plant: value('l2', (w, a) => (strength(a, 'l2') / 2) * Math.sqrt(total(w, (v) => v * v))),
  },
  {
    id: 'regularisation/lasso-without-sizes',
    says: 'sums weights, not their sizes',
    killedBy: ['regularisation/value', 'regularisation/consistent', 'regularisation/used', 'regularisation/additive'],
    plant: value('l1', (w, a) => strength(a, 'l1') * total(w, (v) => v)),
  },
  {
    id: 'regularisation/sign-of-zero',
    says: 'takes the sign of 0 for −1',
    bug: 'convnetjs (L1 gradient)',
    killedBy: ['regularisation/l1-slope'],
    plant: gradient('l1', (v, a) => strength(a, 'l1') * (v > 0 ? 1 : -1)),
  },
  {
    id: 'regularisation/sign-of-zero-positive',
    says: 'takes the sign of 0 for 1 in the elastic net',
    killedBy: ['regularisation/l1-slope', 'regularisation/additive'],
    plant: gradient('elastic_net', (v, a) => strength(a, 'l1') * (v >= 0 ? 1 : -1) + strength(a, 'l2') * v),
  },
  {
    id: 'regularisation/soft-sign',
    says: 'rounds the corner of l1',
    killedBy: ['regularisation/gradient', 'regularisation/l1-slope', 'regularisation/consistent'],
    plant: gradient('l1', (v, a) => (strength(a, 'l1') * v) / (Math.abs(v) + 2 ** -26)),
  },
  {
    id: 'regularisation/dead-zone',
    says: 'has no slope for weights below 2⁻⁴⁰',
    killedBy: ['regularisation/l1-slope'],
    plant: gradient('l1', (v, a) => (Math.abs(v) < 2 ** -40 ? 0 : strength(a, 'l1') * Math.sign(v))),
  },
  {
    id: 'regularisation/l1-for-l2',
    says: 'swaps the strengths of the elastic net',
    killedBy: ['regularisation/value', 'regularisation/additive'],
    plant: at('regulariser.elastic_net.value', (args, original) =>
      now(original, { ...args, l1: args.l2, l2: args.l1 }),
    ),
  },
  {
    id: 'regularisation/elastic-net-forgets',
    says: 'leaves the ridge out of the gradient of the elastic net',
    killedBy: ['regularisation/gradient', 'regularisation/consistent', 'regularisation/additive'],
    plant: gradient('elastic_net', (v, a) => strength(a, 'l1') * Math.sign(v)),
  },
  {
    id: 'regularisation/elastic-net-shares',
    says: 'takes l1 for a share of the mixture',
    killedBy: ['regularisation/value', 'regularisation/additive', 'regularisation/used'],
    plant: value(
      'elastic_net',
      (w, a) =>
        strength(a, 'l1') * total(w, Math.abs) +
        ((1 - strength(a, 'l1')) * strength(a, 'l2') * total(w, (v) => v * v)) / 2,
    ),
  },
  {
    id: 'regularisation/strength-squared',
    says: 'uses the square of the strength',
    killedBy: ['regularisation/value', 'regularisation/gradient', 'regularisation/used'],
    plant: both(
      value('l2', (w, a) => (strength(a, 'l2') ** 2 / 2) * total(w, (v) => v * v)),
      gradient('l2', (v, a) => strength(a, 'l2') ** 2 * v),
    ),
  },
  {
    id: 'regularisation/never-used',
    says: 'takes a regulariser and forgets it',
    bug: 'tfjs #1861',
    killedBy: ['regularisation/used', 'regularisation/value', 'regularisation/loss'],
    plant: both(
      value('l2', () => 0),
      fit('l2', () => 0),
    ),
  },
  {
    id: 'regularisation/first-element-left-out',
    says: 'leaves the first weight out',
    killedBy: ['regularisation/value', 'regularisation/consistent'],
    plant: value('l2', (w, a) => (strength(a, 'l2') / 2) * (total(w, (v) => v * v) - (w.data[0] ?? 0) ** 2)),
  },
  {
    id: 'regularisation/biases-counted',
    says: 'counts biases undeclared',
    killedBy: ['regularisation/biases', 'convention/declared'],
    plant: at('regulariser.l2.penalty', (args, original) => {
      const answer = now(original, args);
      const l2 = strength(args, 'l2');
      const biases = list(args, 'params').filter((_, i) => i % 2 === 1);
      return {
        value: scalar(
          (plain(answer, 'value').data[0] ?? 0) + (l2 / 2) * sum(biases.map((b) => total(b, (v) => v * v))),
        ),
        gradients: list(args, 'params').map((p) => like(p, (v) => l2 * v)),
      };
    }),
  },
  {
    id: 'regularisation/biases-pulled',
    says: 'pulls biases along in the gradient alone',
    killedBy: ['regularisation/biases'],
    plant: stack('l2', (args) => ({
      gradients: list(args, 'params').map((p) => like(p, (v) => strength(args, 'l2') * v)),
    })),
  },
  {
    id: 'regularisation/one-layer',
    says: 'penalises the first layer alone',
    killedBy: ['regularisation/biases'],
    plant: at('regulariser.l1.penalty', (args, original) => {
      const all = list(args, 'params');
      const first = now(original, { ...args, params: all.slice(0, 2) });
      return {
        value: first.value,
        gradients: all.map((p, i) => (i < 2 ? list(first, 'gradients')[i] : like(p, () => 0))),
      };
    }),
  },
  {
    id: 'regularisation/biases-refused',
    says: 'leaves biases out where they are asked for',
    killedBy: ['regularisation/biases-asked-for'],
    plant: at('regulariser.elastic_net.penalty_with_biases', (args, original) => ({
      ...now(original, args),
      gradients: list(now(original, args), 'gradients').map((g, i) => (i % 2 === 0 ? g : like(g, () => 0))),
    })),
  },
  {
    id: 'regularisation/bias-in-the-fit',
    says: 'shrinks the bias of a layer with its weights',
    killedBy: ['regularisation/bias-gradient', 'regularisation/loss', 'regularisation/optimum'],
    plant: fit('l2', ({ added, weight, field, args }) => (field === 'db' ? strength(args, 'l2') * weight : added)),
  },
  {
    id: 'regularisation/gradient-per-sample',
    says: 'divides the gradient of the penalty by the batch',
    bug: 'convnetjs (L2 gradient /batch)',
    killedBy: ['regularisation/batch', 'regularisation/loss', 'regularisation/optimum'],
    plant: fit('l2', ({ added, field, args }) => (field === 'dw' ? added / batchOf(args) : added)),
  },
  {
    id: 'regularisation/penalty-per-sample',
    says: 'adds the penalty to every sample of a sum',
    bug: 'keras-team/keras #22021',
    killedBy: ['regularisation/batch', 'regularisation/loss'],
    plant: fit('l1', ({ added, args }) => (args.reduction === 'sum' ? added * batchOf(args) : added)),
  },
  {
    id: 'regularisation/loss-averaged-gradient-summed',
    says: 'divides the penalty in the loss by the batch, not in the gradient',
    bug: 'dennybritz/nn-from-scratch #13',
    killedBy: ['regularisation/batch', 'regularisation/loss'],
    plant: fit('elastic_net', ({ added, field, args }) => (field === 'loss' ? added / batchOf(args) : added)),
  },
  {
    id: 'regularisation/penalty-grows-weights',
    says: 'has the sign of the penalty wrong in the gradient',
    killedBy: [
      'regularisation/path',
      'regularisation/optimum',
      'regularisation/strongly-convex',
      'regularisation/loss',
    ],
    plant: fit('l2', ({ added, field }) => (field === 'loss' ? added : -added)),
  },
  {
    id: 'regularisation/gradient-forgets',
    says: 'penalises the loss and not the gradient',
    killedBy: [
      'regularisation/path',
      'regularisation/optimum',
      'regularisation/strongly-convex',
      'regularisation/loss',
    ],
    plant: fit('l2', ({ added, field }) => (field === 'loss' ? added : 0)),
  },
  {
    id: 'regularisation/never-off',
    says: 'adds 2⁻³⁰·w to the gradient when it is off',
    killedBy: ['regularisation/off'],
    plant: at('regulariser.l2.gradient', (args, original) =>
      strength(args, 'l2') === 0 ? { dw: like(plain(args, 'w'), (v) => v * 2 ** -30) } : now(original, args),
    ),
  },
  {
    id: 'regularisation/small-is-off',
    says: 'takes a strength below 10⁻⁹ for none',
    killedBy: ['regularisation/biases'],
    plant: changed('regulariser.l2.penalty', 'value', (v, _, a) => (strength(a, 'l2') < 1e-9 ? 0 : v)),
  },
  {
    id: 'regularisation/zero-times-infinity',
    says: 'multiplies the squares by a strength of 0 instead of leaving them out',
    killedBy: ['regularisation/off-at-any-size'],
    plant: at('regulariser.l2.penalty', (args, original) => ({
      ...now(original, args),
      value: scalar(
        sum(
          list(args, 'params').map((p, i) => (i % 2 === 0 ? (strength(args, 'l2') / 2) * total(p, (v) => v * v) : 0)),
        ),
      ),
    })),
  },
  {
    id: 'regularisation/off-rounds',
    says: 'takes a detour at strength 0 that rounds differently',
    killedBy: ['regularisation/off'],
    plant: changed('regulariser.l1.loss_and_grad', 'dw', (v, _, a) =>
      strength(a, 'l1') === 0 ? v + (plain(a, 'w').data[0] ?? 0) - (plain(a, 'w').data[0] ?? 0) : v,
    ),
  },
  {
    id: 'regularisation/adamw-coupled',
    says: 'adds the decay of AdamW to the gradient',
    killedBy: ['regularisation/adam-is-not-decay'],
    plant: at('optimizer.adamw.run', (args, original) => {
      const { weightDecay = 0, ...hyper } = args.hyper as Readonly<Record<string, number>>;
      const [w] = list(args, 'params');
      const gradients = (args.gradients as readonly (readonly Plain[])[]).map((gs) =>
        gs.map((g) => like(g, (v, i) => v + weightDecay * (w?.data[i] ?? 0))),
      );
      return now(original, { ...args, gradients, hyper: { ...hyper, weightDecay: 0 } });
    }),
  },
  {
    id: 'regularisation/decay-without-rate',
    says: 'does not multiply the decay of AdamW by the rate',
    killedBy: ['regularisation/adam-is-not-decay'],
    plant: at('optimizer.adamw.run', (args, original) => {
      const hyper = args.hyper as Readonly<Record<string, number>>;
      return now(original, { ...args, hyper: { ...hyper, weightDecay: (hyper.weightDecay ?? 0) / (hyper.lr ?? 1) } });
    }),
  },
  ...normMutants,
];
