// Faults of optimizers, wrappers, clipping and schedules that show late, in one tensor of several, or at one number alone.
import type { Args, Plain } from '../contract.ts';
import { and, hair, hyper, leaves, otherwise, set, sometimes, type When } from './edge.ts';
import { at, like, list, type Mutant, now } from './plant.ts';

type Steps = readonly (readonly Plain[])[];
const gradients = (args: Args): Steps => args.gradients as Steps; // the contract has parsed it
const run = (name: string): string => `optimizer.${name}.run`;

/** Parameters that are wrong at some steps, leaves and places. */
const trajectory = (
  entry: string,
  f: (v: number, step: number, leaf: number, place: number, args: Args) => number,
  field = 'params',
) =>
  at(entry, (args, original) => {
    const answer = now(original, args);
    const steps = answer[field] as Steps; // so says the contract
    return {
      ...answer,
      [field]: steps.map((ps, k) => ps.map((p, leaf) => like(p, (v, place) => f(v, k + 1, leaf, place, args)))),
    };
  });
const late = (name: string, step: number): Mutant => ({
  id: `edge/${name}-after-${step}`,
  says: `${name} is off from step ${step + 1} on`,
  killedBy: [step > 50 ? 'optimizer/long-run' : 'optimizer/trajectory'],
  plant: trajectory(run(name), (v, k) => (k > step ? hair(v) : v)),
});
const rankOf =
  (n: number): When =>
  (args) =>
    leaves(args, 'params').some((p) => p.shape.length === n);
const wide: When = (args) => leaves(args, 'params').some((p) => p.shape.some((n) => n > 8));
const at0: When = (args) => gradients(args).some((gs) => gs.some((g) => Array.from(g.data).every((v) => v === 0)));
/** Laws that find such a fault where the first steps do not. */
const AT: Readonly<Record<string, readonly string[]>> = {
  'sgd lr': ['optimizer/stability-threshold'],
  'nesterov momentum': ['optimizer/special-cases'],
};
const at1 = (name: string, key: string, value: number): Mutant => ({
  id: `edge/${name}-${key}-${value}`,
  says: `${name} is off where ${key} is ${value}, and there alone`,
  killedBy: AT[`${name} ${key}`] ?? ['optimizer/steps'],
  plant: sometimes(run(name), hyper(key, value)),
});
const cut = (entry: string, when: When): ((port: Parameters<Mutant['plant']>[0]) => ReturnType<Mutant['plant']>) =>
  sometimes(entry, when);
const lengths =
  (n: number): When =>
  (args) =>
    list(args, 'gradients').length === n;

export const optimizerEdgeMutants: readonly Mutant[] = [
  ...[
    'adam',
    'adamw',
    'rmsprop',
    'adagrad',
    'momentum',
    'nadam',
    'radam',
    'adan',
    'prodigy',
    'schedule_free_adamw',
  ].map((name) => late(name, 30)),
  late('adam', 64),
  late('sgd', 100),
  late('lamb', 40),
  late('muon', 30),
  late('shampoo', 30),
  late('amsgrad', 64),
  {
    id: 'edge/adam-second-leaf',
    says: 'Adam is off in the third of three tensors',
    killedBy: ['optimizer/steps'],
    plant: trajectory(run('adam'), (v, _k, leaf) => (leaf > 1 ? hair(v) : v)),
  },
  {
    id: 'edge/adamw-fourth-leaf',
    says: 'AdamW is off in the fourth tensor',
    killedBy: ['optimizer/steps'],
    plant: trajectory(run('adamw'), (v, _k, leaf) => (leaf > 2 ? hair(v) : v)),
  },
  {
    id: 'edge/momentum-ninth-number',
    says: 'momentum is off from the ninth number of a tensor on',
    killedBy: ['optimizer/steps', 'optimizer/text'],
    plant: trajectory(run('momentum'), (v, _k, _leaf, place) => (place > 7 ? hair(v) : v)),
  },
  {
    id: 'edge/adam-ninth-number',
    says: 'Adam is off from the ninth number of a tensor on',
    killedBy: ['optimizer/steps', 'optimizer/zero-lr'],
    plant: trajectory(run('adam'), (v, _k, _leaf, place) => (place > 7 ? hair(v) : v)),
  },
  {
    id: 'edge/lamb-long',
    says: 'LAMB is off for tensors with an axis of more than eight',
    killedBy: ['optimizer/steps', 'optimizer/zero-gradient'],
    plant: sometimes(run('lamb'), wide),
  },
  {
    id: 'edge/shampoo-rank-3',
    says: 'Shampoo is off for tensors of three axes',
    killedBy: ['optimizer/steps'],
    plant: sometimes(run('shampoo'), rankOf(3)),
  },
  {
    id: 'edge/muon-wide',
    says: 'Muon is off for matrices that are wider than tall',
    killedBy: ['optimizer/steps', 'optimizer/zero-lr'],
    plant: sometimes(run('muon'), (a) =>
      leaves(a, 'params').some(({ shape: [n = 1, m = 1, ...more] }) => more.length === 0 && m > n),
    ),
  },
  {
    id: 'edge/shampoo-row',
    says: 'Shampoo is off for matrices of one row',
    killedBy: ['optimizer/steps', 'optimizer/text'],
    plant: sometimes(run('shampoo'), (a) =>
      leaves(a, 'params').some(({ shape }) => shape.length === 2 && shape[0] === 1),
    ),
  },
  {
    id: 'edge/adagrad-scalar',
    says: 'Adagrad is off for numbers without axes',
    killedBy: ['optimizer/steps', 'optimizer/zero-lr'],
    plant: sometimes(run('adagrad'), rankOf(0)),
  },
  {
    id: 'edge/rmsprop-rank-3',
    says: 'RMSProp is off for tensors of three axes',
    killedBy: ['optimizer/zero-lr', 'optimizer/zero-gradient'],
    plant: sometimes(run('rmsprop'), rankOf(3)),
  },
  {
    id: 'edge/lion-rank-2',
    says: 'Lion is off for matrices',
    killedBy: ['optimizer/steps', 'optimizer/text'],
    plant: sometimes(run('lion'), rankOf(2)),
  },
  at1('adam', 'beta1', 0.9),
  at1('adam', 'beta2', 0.999),
  at1('adam', 'eps', 1e-8),
  at1('adamw', 'weightDecay', 0.01),
  at1('sgd', 'lr', 1),
  at1('momentum', 'momentum', 0.9),
  at1('adadelta', 'lr', 1),
  at1('nesterov', 'momentum', 0),
  at1('lion', 'beta2', 0.99),
  {
    id: 'edge/adam-zero-gradient',
    says: 'Adam is off where a whole gradient is 0',
    killedBy: ['optimizer/steps', 'optimizer/zero-gradient'],
    plant: sometimes(run('adam'), at0),
  },
  {
    id: 'edge/rprop-zero-gradient',
    says: 'Rprop shortens its step at a gradient of 0',
    killedBy: ['optimizer/steps', 'optimizer/trajectory'],
    plant: sometimes(run('rprop'), at0),
  },
  {
    id: 'edge/adam-large-gradients',
    says: 'Adam cuts gradients at 2³⁰',
    killedBy: ['optimizer/scale-free'],
    plant: otherwise(
      run('adam'),
      () => true,
      (a) => ({
        gradients: gradients(a).map((gs) => gs.map((g) => like(g, (v) => Math.max(-(2 ** 30), Math.min(2 ** 30, v))))),
      }),
    ),
  },
  {
    id: 'edge/sgd-large-gradients',
    says: 'descent cuts gradients at 2⁸',
    killedBy: ['optimizer/sgd-linear', 'optimizer/descent-on-a-quadratic'],
    plant: otherwise(
      run('sgd'),
      () => true,
      (a) => ({ gradients: gradients(a).map((gs) => gs.map((g) => like(g, (v) => Math.max(-256, Math.min(256, v))))) }),
    ),
  },
  {
    id: 'edge/sgd-tiny-gradients',
    says: 'descent takes gradients below 2⁻¹⁰ for 0',
    killedBy: ['optimizer/sgd-linear', 'optimizer/defaults'],
    plant: otherwise(
      run('sgd'),
      () => true,
      (a) => ({ gradients: gradients(a).map((gs) => gs.map((g) => like(g, (v) => (Math.abs(v) < 2 ** -10 ? 0 : v)))) }),
    ),
  },
  {
    id: 'edge/momentum-large-weights',
    says: 'momentum keeps weights within 2¹⁰',
    killedBy: ['optimizer/steps'],
    plant: trajectory(run('momentum'), (v) => Math.max(-1024, Math.min(1024, v))),
  },
  {
    id: 'edge/adagrad-tiny-gradients',
    says: 'Adagrad takes gradients below 2⁻²⁰ for 0',
    killedBy: ['optimizer/defaults'],
    plant: otherwise(
      run('adagrad'),
      () => true,
      (a) => ({ gradients: gradients(a).map((gs) => gs.map((g) => like(g, (v) => (Math.abs(v) < 2 ** -20 ? 0 : v)))) }),
    ),
  },
  {
    id: 'edge/adam-rates-late',
    says: 'a rate per step is forgotten from step 4 on',
    killedBy: ['optimizer/rate-per-step'],
    plant: trajectory('optimizer.adam.run_with_rates', (v, k) => (k > 3 ? hair(v) : v)),
  },
  {
    id: 'edge/sgd-rate-0-on-the-way',
    says: 'a rate of 0 on the way is taken for the one before',
    killedBy: ['optimizer/rate-per-step'],
    plant: otherwise(
      'optimizer.sgd.run_with_rates',
      () => true,
      (a) => {
        const rates = a.rates as readonly number[];
        return { rates: rates.map((r, i) => (r === 0 ? (rates[i - 1] ?? 1) : r)) };
      },
    ),
  },
  {
    id: 'edge/adam-rates-second-leaf',
    says: 'with a rate per step the second tensor is off',
    killedBy: ['optimizer/rate-per-step'],
    plant: trajectory('optimizer.adam.run_with_rates', (v, _k, leaf) => (leaf > 0 ? hair(v) : v)),
  },
  // wrappers
  {
    id: 'edge/lookahead-second-round',
    says: 'slow weights are off from the third round on',
    killedBy: ['wrapper/lookahead', 'wrapper/follows-all-the-way'],
    plant: trajectory('wrapper.lookahead.run', (v, k, _l, _p, a) =>
      k > 2 * ((a.hyper as Readonly<Record<string, number>>).period ?? 5) ? hair(v) : v,
    ),
  },
  {
    id: 'edge/lookahead-second-leaf',
    says: 'slow weights are off in the second tensor',
    killedBy: ['wrapper/lookahead', 'wrapper/follows-all-the-way'],
    plant: trajectory('wrapper.lookahead.run', (v, _k, leaf) => (leaf > 0 ? hair(v) : v)),
  },
  {
    id: 'edge/lookahead-alpha-half',
    says: 'an alpha of one half is off',
    killedBy: ['wrapper/lookahead', 'wrapper/defaults'],
    plant: sometimes('wrapper.lookahead.run', hyper('alpha', 1 / 2)),
  },
  {
    id: 'edge/ema-late',
    says: 'the mean of weights is off from step 6 on',
    killedBy: ['wrapper/mean-of-weights'],
    plant: trajectory('wrapper.ema.run', (v, k) => (k > 5 ? hair(v) : v), 'evaluated'),
  },
  {
    id: 'edge/ema-very-late',
    says: 'the mean of weights is off from step 31 on',
    killedBy: ['wrapper/mean-of-weights'],
    plant: trajectory('wrapper.ema.run', (v, k) => (k > 30 ? hair(v) : v), 'evaluated'),
  },
  {
    id: 'edge/ema-second-leaf',
    says: 'the mean of weights is off in the second tensor',
    killedBy: ['wrapper/mean-of-weights'],
    plant: trajectory('wrapper.ema.run', (v, _k, leaf) => (leaf > 0 ? hair(v) : v), 'evaluated'),
  },
  {
    id: 'edge/coupled-decay-of-matrices',
    says: 'coupled decay is off for matrices',
    killedBy: ['wrapper/follows-all-the-way', 'wrapper/averages-stay'],
    plant: sometimes('wrapper.coupled_decay.run', rankOf(2)),
  },
  {
    id: 'edge/coupled-decay-second-leaf',
    says: 'coupled decay leaves the second tensor alone',
    killedBy: ['wrapper/coupled-decay', 'wrapper/follows-all-the-way'],
    plant: trajectory('wrapper.coupled_decay.run', (v, _k, leaf) => (leaf > 0 ? hair(v) : v)),
  },
  {
    id: 'edge/clip-wrapper-late',
    says: 'clipping inside is off from step 5 on',
    killedBy: ['wrapper/clips-first', 'wrapper/follows-all-the-way'],
    plant: trajectory('wrapper.clip_by_norm.run', (v, k) => (k > 4 ? hair(v) : v)),
  },
  {
    id: 'edge/sam-many-leaves',
    says: 'the probe of three tensors is off',
    killedBy: ['wrapper/worst-nearby'],
    plant: cut('wrapper.sam.probe', (a) => leaves(a, 'params').length > 2),
  },
  {
    id: 'edge/sam-one-number',
    says: 'the probe of a single number is off',
    killedBy: ['wrapper/worst-nearby'],
    plant: cut(
      'wrapper.sam.probe',
      (a) => leaves(a, 'params').length === 1 && leaves(a, 'params')[0]?.data.length === 1,
    ),
  },
  {
    id: 'edge/sam-half-zero',
    says: 'the probe is off where one of the tensors has no gradient',
    killedBy: ['wrapper/worst-nearby'],
    plant: cut('wrapper.sam.probe', (a) => {
      const none = list(a, 'gradients').map((g) => Array.from(g.data).every((v) => v === 0));
      return none.includes(true) && none.includes(false);
    }),
  },
  // clipping
  {
    id: 'edge/clip-one-tensor',
    says: 'a single tensor is cut wrongly by the norm of all',
    killedBy: ['clip/norm', 'clip/identity-below'],
    plant: cut('clip.by_global_norm.apply', lengths(1)),
  },
  {
    id: 'edge/clip-four-tensors',
    says: 'four tensors are cut wrongly by the norm of all',
    killedBy: ['clip/norm', 'clip/identity-below'],
    plant: cut('clip.by_global_norm.apply', (a) => list(a, 'gradients').length > 3),
  },
  {
    id: 'edge/clip-long',
    says: 'a tensor with an axis of more than eight is cut wrongly',
    killedBy: ['clip/norm', 'clip/identity-below'],
    plant: cut('clip.by_norm.apply', (a) => list(a, 'gradients').some((g) => g.shape.some((n) => n > 8))),
  },
  {
    id: 'edge/clip-value-long',
    says: 'numbers behind the eighth are not cut',
    killedBy: ['clip/value'],
    plant: at('clip.by_value.apply', (args, original) => {
      const got = now(original, args).gradients as readonly Plain[];
      return {
        gradients: got.map((g, i) => like(g, (v, j) => (j < 8 ? v : (list(args, 'gradients')[i]?.data[j] ?? 0)))),
      };
    }),
  },
  {
    id: 'edge/clip-limit-1',
    says: 'a limit of 1 is taken for none',
    killedBy: ['clip/norm', 'clip/homogeneous'],
    plant: at('clip.by_norm.apply', (args, original) =>
      args.limit === 1 ? { gradients: args.gradients } : now(original, args),
    ),
  },
  {
    id: 'edge/clip-value-limit-1',
    says: 'a limit of 1 is off',
    killedBy: ['clip/value', 'clip/homogeneous'],
    plant: cut('clip.by_value.apply', set('limit', 1)),
  },
  {
    id: 'edge/clip-eps-0',
    says: 'an eps of 0 is taken for 10⁻⁶',
    killedBy: ['clip/norm', 'clip/homogeneous'],
    plant: otherwise('clip.by_global_norm.apply', set('eps', 0), () => ({ eps: 1e-6 })),
  },
  {
    id: 'edge/clip-scalars',
    says: 'numbers without axes do not count in the norm',
    killedBy: ['clip/norm', 'clip/identity-below'],
    plant: cut('clip.by_global_norm.apply', (a) => list(a, 'gradients').some((g) => g.shape.length === 0)),
  },
  // schedules
  ...['step', 'exponential', 'cosine', 'warm_restarts', 'inverse_root', 'polynomial', 'one_cycle', 'constant'].map(
    (name): Mutant => ({
      id: `edge/${name}-far-out`,
      says: `${name} is off from step 1,000 on`,
      killedBy: ['schedule/value'],
      plant: at(`schedule.${name}.factor`, (args, original) => {
        const t = now(original, args).factor as Plain;
        return { factor: like(t, (v, i) => (((args.steps as readonly number[])[i] ?? 0) > 1000 ? hair(v) : v)) };
      }),
    }),
  ),
  {
    id: 'edge/step-every-10',
    says: 'falls are off where they come every tenth step or more seldom',
    killedBy: ['schedule/value', 'schedule/text'],
    plant: sometimes('schedule.step.factor', (a) => ((a.hyper as Readonly<Record<string, number>>).every ?? 0) > 8),
  },
  {
    id: 'edge/cosine-final-0',
    says: 'a cosine that ends at 0, given by name, is off',
    killedBy: ['schedule/value', 'schedule/ends'],
    plant: sometimes('schedule.cosine.factor', hyper('final', 0)),
  },
  {
    id: 'edge/polynomial-power-1',
    says: 'a line is off',
    killedBy: ['schedule/value', 'schedule/text'],
    plant: sometimes('schedule.polynomial.factor', hyper('power', 1)),
  },
  {
    id: 'edge/restarts-growth-1',
    says: 'cycles of equal length are off',
    killedBy: ['schedule/value', 'schedule/text'],
    plant: sometimes('schedule.warm_restarts.factor', hyper('growth', 1)),
  },
  {
    id: 'edge/stable-decay-no-warm-up',
    says: 'without a warm-up the plateau is off',
    killedBy: ['schedule/value', 'schedule/text'],
    plant: sometimes('schedule.warmup_stable_decay.factor', and(hyper('warmup', 0), hyper('rooted', 1))),
  },
  {
    id: 'edge/one-cycle-at-peak',
    says: 'the top is one step late',
    killedBy: ['schedule/value', 'schedule/text'],
    plant: otherwise(
      'schedule.one_cycle.factor',
      (a) => ((a.hyper as Readonly<Record<string, number>>).steps ?? 0) > 60,
      (a) => ({ steps: (a.steps as readonly number[]).map((k) => Math.max(1, k - 1)) }),
    ),
  },
  {
    id: 'edge/exponential-rate-1',
    says: 'a rate of 1 is off',
    killedBy: ['schedule/value'],
    plant: sometimes('schedule.exponential.factor', hyper('rate', 1)),
  },
];
