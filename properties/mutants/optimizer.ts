// Faults of optimizers, part one: descent, momentum, signs, and steps scaled by gradients of the past.
import { at, both, type Mutant, now } from './plant.ts';
import { mean, type Numbers, withHyper, wrong } from './wrong.ts';

const STEPS = ['optimizer/steps', 'optimizer/trajectory'] as const;

export const optimizerMutants: readonly Mutant[] = [
  {
    id: 'sgd/twice',
    says: 'w′ = w − 2·lr·g',
    bug: 'gorgonia #494',
    killedBy: ['optimizer/sgd-exact', 'optimizer/steps', 'optimizer/descent-on-a-quadratic'],
    plant: withHyper('sgd', (h) => ({ ...h, lr: 2 * (h.lr ?? 0) })),
  },
  {
    id: 'sgd/added-twice',
    says: 'w′ = 2·w − lr·g',
    bug: 'gorgonia #494',
    killedBy: ['optimizer/sgd-exact', 'optimizer/zero-lr', 'optimizer/zero-gradient'],
    plant: wrong('sgd', ({ g, w, h }) => w - h('lr') * g),
  },
  {
    id: 'sgd/ascends',
    says: 'w′ = w + lr·g',
    killedBy: [
      'optimizer/sgd-exact',
      'optimizer/descent-lemma',
      'optimizer/stability-threshold',
      'optimizer/descent-on-a-quadratic',
    ],
    plant: wrong('sgd', ({ g, h }) => h('lr') * g),
  },
  {
    id: 'sgd/zero-lr',
    says: 'lr || 0.3',
    bug: 'neataptic',
    killedBy: ['optimizer/zero-lr'],
    plant: withHyper('sgd', (h) => ({ ...h, lr: h.lr || 0.3 })),
  },
  {
    id: 'sgd/single-precision',
    says: 'keeps the rate in single precision',
    killedBy: ['optimizer/steps', 'optimizer/constant-gradient'],
    plant: withHyper('sgd', (h) => ({ ...h, lr: Math.fround(h.lr ?? 0) })),
  },
  {
    id: 'sgd/limits-gradients',
    says: 'cuts gradients at 4 without being asked',
    killedBy: ['optimizer/sgd-linear'],
    plant: wrong('sgd', ({ g, h }) => -h('lr') * Math.max(-4, Math.min(4, g))),
  },
  {
    id: 'sgd/shares-the-rate',
    says: 'divides the rate by the number of tensors',
    killedBy: ['optimizer/leaves-apart', 'optimizer/steps'],
    plant: wrong('sgd', ({ g, h, leaves }) => (-h('lr') * g) / leaves),
  },
  {
    id: 'momentum/zero',
    says: 'momentum || 0.9',
    bug: 'tfjs-layers #259',
    killedBy: ['optimizer/special-cases'],
    plant: withHyper('momentum', (h) => ({ ...h, momentum: h.momentum || 0.9 })),
  },
  {
    id: 'momentum/never-decays',
    says: 'v = v + μ·g',
    bug: 'AiDotNet #2008',
    killedBy: [
      'optimizer/constant-gradient',
      'optimizer/memory-of-one-gradient',
      'optimizer/heavy-ball-on-a-quadratic',
      ...STEPS,
    ],
    plant: wrong('momentum', ({ g, h, s }) => {
      s.v = (s.v ?? 0) + h('momentum') * g;
      return -h('lr') * s.v;
    }),
  },
  {
    id: 'momentum/mean',
    says: 'averages gradients where it should sum them',
    killedBy: ['optimizer/constant-gradient', 'optimizer/heavy-ball-on-a-quadratic'],
    plant: wrong('momentum', ({ g, h, s }) => {
      s.v = mean(h('momentum'), s.v ?? 0, g);
      return -h('lr') * s.v;
    }),
  },
  {
    id: 'momentum/damped-first',
    says: 'damps the first gradient where it was told not to',
    bug: 'undeclared dialect',
    killedBy: ['optimizer/constant-gradient', 'optimizer/memory-of-one-gradient', 'optimizer/steps'],
    plant: withHyper('momentum', (h) => ({ ...h, firstStepFull: 0 })),
  },
  {
    id: 'momentum/rate-inside',
    says: 'has the rate inside the velocity and declares it outside',
    bug: 'undeclared dialect',
    killedBy: ['optimizer/rate-per-step', 'convention/declared'],
    plant: withHyper('momentum', (h) => ({ ...h, lrInside: 1 }), 'run_with_rates'),
  },
  {
    id: 'momentum/swaps-dampening',
    says: 'takes dampening for its complement',
    killedBy: ['optimizer/constant-gradient'],
    plant: withHyper('momentum', (h) => ({ ...h, dampening: 1 - Math.max(2 ** -53, h.dampening ?? 0) })),
  },
  {
    id: 'rates/one-late',
    says: 'steps with the rate of the step before',
    killedBy: ['optimizer/rate-per-step'],
    plant: both(
      ...['sgd', 'adamw', 'schedule_free_sgd'].map((name) =>
        at(`optimizer.${name}.run_with_rates`, (args, original) => {
          const rates = args.rates as readonly number[];
          return now(original, { ...args, rates: rates.map((rate, i) => rates[i - 1] ?? rate) });
        }),
      ),
    ),
  },
  {
    id: 'schedule_free_sgd/one-rate',
    says: 'keeps the first rate for ever',
    killedBy: ['optimizer/rate-per-step'],
    plant: at('optimizer.schedule_free_sgd.run_with_rates', (args, original) => {
      const rates = args.rates as readonly number[];
      return now(original, { ...args, rates: rates.map(() => rates[0] ?? 0) });
    }),
  },
  {
    id: 'nesterov/heavy-ball',
    says: 'steps by the velocity, without looking ahead',
    bug: 'mxnet #16053',
    killedBy: [
      'optimizer/look-ahead',
      'optimizer/look-ahead-on-a-quadratic',
      'optimizer/constant-gradient',
      'convention/declared',
    ],
    plant: wrong('nesterov', ({ g, h, s }) => {
      s.v = h('momentum') * (s.v ?? 0) + g;
      return -h('lr') * s.v;
    }),
  },
  {
    id: 'nesterov/looks-too-far',
    says: 'adds the velocity where μ times the velocity belongs',
    bug: 'Paddle #12231',
    killedBy: ['optimizer/look-ahead', 'optimizer/memory-of-one-gradient', 'optimizer/special-cases'],
    plant: wrong('nesterov', ({ g, h, s }) => {
      s.v = h('momentum') * (s.v ?? 0) + g;
      return -h('lr') * (g + s.v);
    }),
  },
  {
    id: 'rprop/remembers-turns',
    says: 'keeps the gradient after a turn, so that it shortens twice',
    killedBy: ['optimizer/trajectory', 'optimizer/defaults'],
    plant: wrong('rprop', (x) => rprop(x, true)),
  },
  {
    id: 'rprop/no-limits',
    says: 'lets steps grow for ever',
    killedBy: ['optimizer/constant-gradient', 'optimizer/trajectory', 'optimizer/defaults'],
    plant: withHyper('rprop', (h) => ({ ...h, maxFactor: 2 ** 100 })),
  },
  {
    id: 'rprop/no-floor',
    says: 'lets steps shrink for ever',
    killedBy: ['optimizer/trajectory', 'optimizer/defaults'],
    plant: withHyper('rprop', (h) => ({ ...h, minFactor: 0 })),
  },
  {
    id: 'sign_sgd/zero-is-positive',
    says: 'takes 0 for a positive gradient',
    killedBy: ['optimizer/zero-gradient', 'optimizer/steps'],
    plant: wrong('sign_sgd', ({ g, h }) => -h('lr') * (g >= 0 ? 1 : -1)),
  },
  {
    id: 'signum/no-memory',
    says: 'takes the sign of the last gradient alone',
    killedBy: ['optimizer/memory-of-one-gradient', ...STEPS],
    plant: withHyper('signum', (h) => ({ ...h, momentum: 0 })),
  },
  {
    id: 'lion/swapped-betas',
    says: 'remembers with the rate that it steps with',
    killedBy: ['optimizer/trajectory'],
    plant: withHyper('lion', (h) => ({ ...h, beta1: h.beta2 ?? 0, beta2: h.beta1 ?? 0 })),
  },
  {
    id: 'lion/remembers-first',
    says: 'looks at the mean after it was renewed',
    killedBy: ['optimizer/trajectory'],
    plant: wrong('lion', ({ g, w, h, s }) => {
      s.m = mean(h('beta2'), s.m ?? 0, g);
      return -h('lr') * (Math.sign(mean(h('beta1'), s.m, g)) + h('weightDecay') * w);
    }),
  },
  {
    id: 'lion/decay-without-rate',
    says: 'takes weightDecay·w off whatever the rate',
    killedBy: ['optimizer/decay-alone', 'optimizer/constant-gradient', 'optimizer/zero-lr'],
    plant: wrong('lion', ({ g, w, h, s }) => {
      const look = Math.sign(mean(h('beta1'), s.m ?? 0, g));
      s.m = mean(h('beta2'), s.m ?? 0, g);
      return -h('lr') * look - h('weightDecay') * w;
    }),
  },
  {
    id: 'lion/one-beta',
    says: 'steps along a mean of its own that is not the one it remembers',
    killedBy: ['optimizer/special-cases'],
    plant: withHyper('lion', (h) => ({ ...h, beta2: (h.beta2 ?? 0) / 2 })),
  },
  {
    id: 'adagrad/starts-at-one',
    says: 'starts its sum at 1',
    bug: 'dl4j #953',
    killedBy: ['optimizer/constant-gradient', 'optimizer/steps', 'optimizer/defaults'],
    plant: withHyper('adagrad', (h) => ({ ...h, initialAccumulator: 1 })),
  },
  {
    id: 'adagrad/no-root',
    says: 'divides by the sum of squares itself',
    killedBy: ['optimizer/constant-gradient', 'optimizer/memory-of-one-gradient'],
    plant: wrong('adagrad', ({ g, h, s, k }) => {
      s.sum = (k === 1 ? h('initialAccumulator') : (s.sum ?? 0)) + g * g;
      return (-h('lr') * g) / (s.sum + h('epsRoot') + h('eps'));
    }),
  },
  {
    id: 'adagrad/last-gradient',
    says: 'forgets all but the last gradient',
    killedBy: ['optimizer/adagrad-slows-down', 'optimizer/constant-gradient'],
    plant: wrong(
      'adagrad',
      ({ g, h }) => (-h('lr') * g) / (Math.sqrt(h('initialAccumulator') + g * g + h('epsRoot')) + h('eps')),
    ),
  },
  {
    id: 'rmsprop/mean-of-squares-twice',
    says: 'takes the mean of g² for the mean of g',
    bug: 'tf-keras 32b15912a',
    killedBy: ['optimizer/constant-gradient', 'optimizer/memory-of-one-gradient', 'optimizer/steps'],
    plant: wrong('rmsprop', (x) => rmsprop(x, { centre: (g) => g * g })),
  },
  {
    id: 'rmsprop/negative-spread',
    says: 'lets rounding make the spread negative',
    bug: 'mxnet #6235',
    killedBy: ['optimizer/centered-stays-real'],
    plant: wrong('rmsprop', (x) => rmsprop(x, { floor: Number.NEGATIVE_INFINITY })),
  },
  {
    id: 'rmsprop/eps-below-the-root',
    says: 'puts eps inside the root',
    bug: 'undeclared dialect',
    killedBy: ['optimizer/constant-gradient', 'optimizer/steps'],
    plant: withHyper('rmsprop', (h) => ({ ...h, eps: 0, epsRoot: (h.eps ?? 0) + (h.epsRoot ?? 0) })),
  },
  {
    id: 'rmsprop/no-momentum',
    says: 'has no momentum unless it is not null',
    bug: 'tfjs-layers #259',
    killedBy: ['optimizer/memory-of-one-gradient', 'optimizer/steps'],
    plant: withHyper('rmsprop', (h) => ({ ...h, momentum: 0 })),
  },
  {
    id: 'rmsprop/brackets',
    says: 'adds eps to the quotient',
    bug: 'mxnet #5043',
    killedBy: ['optimizer/constant-gradient', 'optimizer/steps'],
    plant: wrong('rmsprop', (x) => rmsprop(x, { over: (g, root, eps) => g / root + eps })),
  },
  {
    id: 'rmsprop/corrected',
    says: 'corrects the bias of its mean',
    killedBy: ['optimizer/adam-is-corrected-rmsprop'],
    plant: both(
      ...['run', 'run_with_rates'].map((call) =>
        withHyper('rmsprop', (h) => ({ ...h, decay: (h.decay ?? 0) * (h.decay ?? 0) }), call),
      ),
    ),
  },
  {
    id: 'adadelta/new-over-new',
    says: 'measures the step by steps that it is part of',
    killedBy: ['optimizer/steps', 'optimizer/trajectory'],
    plant: wrong('adadelta', ({ g, h, s }) => {
      s.v = mean(h('decay'), s.v ?? 0, g * g);
      const first = Math.sqrt(((s.u ?? 0) + h('epsRoot')) / (s.v + h('epsRoot'))) * g;
      s.u = mean(h('decay'), s.u ?? 0, first * first);
      return -h('lr') * Math.sqrt((s.u + h('epsRoot')) / (s.v + h('epsRoot'))) * g;
    }),
  },
  {
    id: 'adadelta/rate-in-memory',
    says: 'remembers steps with the rate on them',
    killedBy: ['optimizer/steps', 'optimizer/trajectory'],
    plant: wrong('adadelta', (x) => adadelta(x, (step, lr) => lr * step)),
  },
  {
    id: 'adadelta/no-units',
    says: 'starts from steps of 2⁻⁵⁶ whatever the accumulators say',
    killedBy: ['optimizer/adadelta-units'],
    plant: withHyper('adadelta', (h) => ({ ...h, epsRoot: Math.max(h.epsRoot ?? 0, 2 ** -106) + 2 ** -106 })),
  },
  {
    id: 'adamax/never-forgets',
    says: 'keeps the largest gradient for ever',
    killedBy: ['optimizer/memory-of-one-gradient', 'optimizer/trajectory'],
    plant: wrong('adamax', (x) => adamax(x, { forget: 1 })),
  },
  {
    id: 'adamax/no-correction',
    says: 'does not correct the first moment',
    killedBy: ['optimizer/constant-gradient', 'optimizer/steps'],
    plant: wrong('adamax', (x) => adamax(x, { k: Number.POSITIVE_INFINITY })),
  },
  {
    id: 'adamax/zero-over-zero',
    says: 'divides 0 by 0 where no gradient has come',
    bug: 'tfjs #280',
    killedBy: ['optimizer/zero-gradient'],
    plant: wrong('adamax', (x) => adamax({ ...x, h: (key) => (key.startsWith('eps') ? 0 : x.h(key)) }, {})),
  },
  {
    id: 'defaults/other',
    says: 'has a decay of 0.99 for the second moment unless told otherwise',
    killedBy: ['optimizer/defaults'],
    plant: both(...['adam', 'lamb', 'prodigy'].map((name) => withHyper(name, (h: Numbers) => ({ beta2: 0.99, ...h })))),
  },
  {
    id: 'refuses/nothing',
    says: 'takes any configuration',
    bug: 'tfjs #1861',
    killedBy: ['optimizer/refuses'],
    plant: at('optimizer.adam.accepts', () => ({ accepted: true })),
  },
  {
    id: 'refuses/partial',
    says: 'takes a configuration only if all of it is there',
    killedBy: ['optimizer/refuses'],
    plant: at('optimizer.momentum.accepts', (args, original) => ({
      accepted: now(original, args).accepted === true && Object.keys(args.hyper as Numbers).length > 1,
    })),
  },
];

type Coordinate = Parameters<Parameters<typeof wrong>[1]>[0];

function rprop({ g, h, s, k }: Coordinate, remembers: boolean): number {
  const turn = Math.sign(g) * Math.sign(s.before ?? 0);
  const factor = (k === 1 ? 1 : (s.factor ?? 1)) * (turn > 0 ? h('up') : turn < 0 ? h('down') : 1);
  s.factor = Math.min(Math.max(factor, h('minFactor')), h('maxFactor'));
  s.before = turn < 0 && !remembers ? 0 : g;
  return -h('lr') * s.factor * (turn < 0 ? 0 : Math.sign(g));
}

interface RmspropFault {
  readonly centre?: (g: number) => number;
  readonly floor?: number;
  readonly over?: (g: number, root: number, eps: number) => number;
}
function rmsprop(
  { g, h, s }: Coordinate,
  { centre = (v) => v, floor = 0, over = (v, root, eps) => v / (root + eps) }: RmspropFault,
): number {
  s.v = mean(h('decay'), s.v ?? 0, g * g);
  s.m = mean(h('decay'), s.m ?? 0, centre(g));
  const spread = h('centered') === 1 ? Math.max(s.v - s.m * s.m, floor) : s.v;
  s.speed = h('momentum') * (s.speed ?? 0) + over(g, Math.sqrt(spread + h('epsRoot')), h('eps'));
  return -h('lr') * s.speed;
}

function adadelta({ g, h, s }: Coordinate, kept: (step: number, lr: number) => number): number {
  s.v = mean(h('decay'), s.v ?? 0, g * g);
  const step = Math.sqrt(((s.u ?? 0) + h('epsRoot')) / (s.v + h('epsRoot'))) * g;
  s.u = mean(h('decay'), s.u ?? 0, kept(step, h('lr')) ** 2);
  return -h('lr') * step;
}

function adamax({ g, h, s, k }: Coordinate, fault: { readonly forget?: number; readonly k?: number }): number {
  s.m = mean(h('beta1'), s.m ?? 0, g);
  s.top = Math.max((fault.forget ?? h('beta2')) * (s.top ?? 0), Math.abs(g) + h('epsInner'));
  return (-h('lr') * (s.m / (1 - h('beta1') ** (fault.k ?? k)))) / (s.top + h('eps'));
}
