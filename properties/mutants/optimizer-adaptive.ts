// Faults of optimizers, part two: Adam and its family.
import type { Args } from '../contract.ts';
import { at, type Mutant } from './plant.ts';
import { adamStep, below, mean, type Numbers, withHyper, wrong, type X } from './wrong.ts';

interface AdamFault {
  readonly correct?: (beta: number, k: number) => number;
  readonly under?: (x: X, second: number) => number;
  readonly first?: (m: number, g: number, beta1: number) => number;
  readonly second?: (v: number, g: number, x: X) => number;
  readonly step?: (k: number, leaf: number, leaves: number) => number;
  readonly out?: (direction: number) => number;
}
/** Adam written once more, with one line to go wrong. */
const adam = ({
  correct = (beta, k) => 1 - beta ** k,
  under = below,
  first = (m, g, b) => mean(b, m, g),
  second = (v, g, { h }) => mean(h('beta2'), v, g * g),
  step = (k) => k,
  out = (d) => d,
}: AdamFault) =>
  wrong('adam', (x) => {
    const { g, h, s, leaf, leaves } = x;
    const k = step(x.k, leaf, leaves);
    s.m = first(s.m ?? 0, g, h('beta1'));
    s.v = second(s.v ?? 0, g, x);
    return -h('lr') * out(s.m / correct(h('beta1'), k) / under({ ...x, k }, s.v / correct(h('beta2'), k)));
  });

const CONSTANT = 'optimizer/constant-gradient';
const MEMORY = 'optimizer/memory-of-one-gradient';
const STEPS = 'optimizer/steps';
const PATH = 'optimizer/trajectory';

export const adaptiveMutants: readonly Mutant[] = [
  {
    id: 'adam/no-correction',
    says: 'does not correct the bias',
    bug: 'mlx #1640',
    killedBy: [STEPS, CONSTANT, 'optimizer/text', 'optimizer/adam-is-corrected-rmsprop'],
    plant: adam({ correct: () => 1 }),
  },
  {
    id: 'adam/beta-squared',
    says: 'corrects with β²ᵏ',
    bug: 'Lasagne #274',
    killedBy: [CONSTANT, STEPS],
    plant: adam({ correct: (beta, k) => 1 - beta ** (2 * k) }),
  },
  {
    id: 'adam/doubled-minus-one',
    says: 'divides by 1 − (1 − βᵏ)',
    bug: 'AdaBound-tf #3',
    killedBy: [CONSTANT, STEPS],
    plant: adam({ correct: (beta, k) => beta ** k }),
  },
  {
    id: 'adam/minus-eps',
    says: 'divides by √v − eps',
    bug: 'tf-keras 2f003f9f1',
    killedBy: [STEPS, CONSTANT, MEMORY],
    plant: adam({ under: (x, v) => below(x, v) - 2 * x.h('eps') }),
  },
  {
    id: 'adam/eps-inside',
    says: 'puts eps inside the root',
    bug: 'undeclared dialect',
    killedBy: [STEPS, CONSTANT],
    plant: adam({ under: (x, v) => below(x, v + x.h('eps')) - x.h('eps') }),
  },
  {
    id: 'adam/eps-hat',
    says: 'adds eps before the correction',
    bug: 'TF #35102',
    killedBy: [STEPS, CONSTANT],
    plant: adam({ under: (x, v) => below(x, v) + x.h('eps') * (1 / Math.sqrt(1 - x.h('beta2') ** x.k) - 1) }),
  },
  {
    id: 'adam/no-eps',
    says: 'forgets eps',
    bug: 'Optimisers.jl #190',
    killedBy: ['optimizer/zero-gradient', CONSTANT],
    plant: adam({ under: (_, v) => Math.sqrt(v) }),
  },
  {
    id: 'adam/no-root',
    says: 'divides by the second moment itself',
    killedBy: ['optimizer/scale-free', 'optimizer/special-cases', CONSTANT],
    plant: adam({ under: (x, v) => v + x.h('eps') }),
  },
  {
    id: 'adam/step-per-leaf',
    says: 'counts a step per parameter',
    bug: 'tinygrad fc6f355c6',
    killedBy: ['optimizer/leaves-apart', STEPS],
    plant: adam({ step: (k, leaf, leaves) => (k - 1) * leaves + leaf + 1 }),
  },
  {
    id: 'adam/step-from-zero',
    says: 'starts counting at 0',
    bug: 'burn #621',
    killedBy: [STEPS, 'optimizer/zero-gradient'],
    plant: adam({ step: (k) => k - 1 }),
  },
  {
    id: 'adam/step-from-two',
    says: 'counts the first step as the second',
    killedBy: [STEPS, CONSTANT, MEMORY],
    plant: adam({ step: (k) => k + 1 }),
  },
  {
    id: 'adam/frozen-step',
    says: 'stops counting at 10',
    bug: 'OLMo-core #317',
    killedBy: [PATH],
    plant: adam({ step: (k) => Math.min(k, 10) }),
  },
  {
    id: 'adam/floor',
    says: 'never divides by less than 1/8',
    killedBy: ['optimizer/scale-free'],
    plant: adam({ under: (x, v) => Math.max(below(x, v), 1 / 8) }),
  },
  {
    id: 'adam/lopsided',
    says: 'lets only positive gradients into the second moment',
    killedBy: ['optimizer/odd', STEPS],
    plant: adam({ second: (v, g, { h }) => mean(h('beta2'), v, g > 0 ? g * g : (g * g) / 2) }),
  },
  {
    id: 'adam/late-second-moment',
    says: 'divides by the second moment of before',
    killedBy: [STEPS, PATH, MEMORY],
    plant: adam({
      second: (v, g, { h, s, k }) => {
        const before = k === 1 ? g : (s.old ?? 0);
        s.old = g;
        return mean(h('beta2'), v, before * before);
      },
    }),
  },
  {
    id: 'adam/swapped-betas',
    says: 'takes each decay for the other',
    killedBy: [STEPS, MEMORY, PATH, 'optimizer/adam-largest-step'],
    plant: withHyper('adam', (h) => ({ ...h, beta1: h.beta2 ?? 0, beta2: h.beta1 ?? 0 })),
  },
  {
    id: 'adam/no-memory',
    says: 'forgets both means after each step',
    killedBy: [STEPS, MEMORY],
    plant: wrong('adam', (x) => -x.h('lr') * adamStep({ ...x, s: {}, k: 1 })),
  },
  {
    id: 'adam/short-steps',
    says: 'never steps by more than lr',
    killedBy: ['optimizer/adam-largest-step'],
    plant: adam({ out: (d) => Math.max(-1, Math.min(1, d)) }),
  },
  {
    id: 'adam/spread',
    says: 'averages the squared distance from the mean, not g²',
    bug: 'tf-keras 32b15912a',
    killedBy: [CONSTANT, STEPS],
    plant: adam({ second: (v, g, { h, s }) => mean(h('beta2'), v, (g - (s.m ?? 0)) ** 2) }),
  },
  {
    id: 'adamw/decay-without-rate',
    says: 'takes weightDecay·w off whatever the rate',
    bug: 'Flux a92606b8f',
    killedBy: ['optimizer/decay-alone', 'optimizer/decay-beside-adam', STEPS],
    plant: withHyper('adamw', (h) => ({ ...h, weightDecay: (h.weightDecay ?? 0) / (h.lr || 1) })),
  },
  {
    id: 'adamw/coupled',
    says: 'adds the decay to the gradient',
    killedBy: ['optimizer/decay-alone', 'optimizer/decay-beside-adam', CONSTANT],
    plant: wrong('adamw', (x) => -x.h('lr') * adamStep({ ...x, g: x.g + x.h('weightDecay') * x.w })),
  },
  {
    id: 'adamw/decays-last',
    says: 'shrinks the weight after the step, the step with it',
    killedBy: ['optimizer/decay-beside-adam', STEPS],
    plant: wrong('adamw', (x) => {
      const step = -x.h('lr') * adamStep(x);
      return step - x.h('lr') * x.h('weightDecay') * (x.w + step);
    }),
  },
  {
    id: 'adamw/half',
    says: 'decays by half of it',
    killedBy: ['optimizer/decay-alone', CONSTANT],
    plant: withHyper('adamw', (h) => ({ ...h, weightDecay: (h.weightDecay ?? 0) / 2 })),
  },
  {
    id: 'amsgrad/no-maximum',
    says: 'never updates the maximum: plain Adam',
    bug: 'chainer #7661',
    killedBy: [PATH, STEPS, MEMORY, 'optimizer/amsgrad-slows-down'],
    plant: (port) =>
      at('optimizer.amsgrad.run', (args) => {
        const { maxCorrected: _, ...hyper } = args.hyper as Numbers;
        return port.call('optimizer.adam.run', { ...args, hyper }) as Args; // the home port answers at once
      })(port),
  },
  {
    id: 'amsgrad/other-maximum',
    says: 'takes the maximum on the other side of the correction',
    bug: 'optax #1389',
    killedBy: [MEMORY, STEPS],
    plant: withHyper('amsgrad', (h) => ({ ...h, maxCorrected: 1 - (h.maxCorrected ?? 0) })),
  },
  {
    id: 'amsgrad/largest-gradient',
    says: 'keeps the largest squared gradient in place of the largest mean',
    killedBy: ['optimizer/special-cases', STEPS],
    plant: wrong('amsgrad', (x) => {
      const { g, h, s, k } = x;
      s.m = mean(h('beta1'), s.m ?? 0, g);
      s.top = Math.max(s.top ?? 0, g * g);
      return (-h('lr') * (s.m / (1 - h('beta1') ** k))) / below(x, s.top);
    }),
  },
  {
    id: 'nadam/no-schedule',
    says: 'keeps the decay of the first moment constant without declaring it',
    bug: 'undeclared dialect',
    killedBy: [STEPS, CONSTANT],
    plant: withHyper('nadam', (h) => ({ ...h, scheduled: 0 })),
  },
  {
    id: 'nadam/psi-of-keras',
    says: 'fades by 0.96ᵏ whatever psi is',
    killedBy: [STEPS, CONSTANT, 'optimizer/defaults'],
    plant: withHyper('nadam', (h) => ({ ...h, psi: 1 })),
  },
  {
    id: 'nadam/always-looks',
    says: 'looks ahead by half even without a first moment',
    killedBy: ['optimizer/special-cases'],
    plant: withHyper('nadam', (h) => ({ ...h, beta1: Math.max(h.beta1 ?? 0, 1 / 2) })),
  },
  {
    id: 'radam/begins-early',
    says: 'begins at a length of 4',
    killedBy: [CONSTANT, STEPS, 'optimizer/defaults'],
    plant: withHyper('radam', (h) => ({ ...h, threshold: 4 })),
  },
  {
    id: 'radam/corrects-in-place',
    says: 'keeps the corrected mean, so that corrections pile up',
    bug: 'holocron #1',
    killedBy: [CONSTANT, STEPS],
    plant: wrong('radam', (x) => radam(x, { inPlace: true })),
  },
  {
    id: 'radam/no-root',
    says: 'rectifies by the square',
    killedBy: [CONSTANT, STEPS],
    plant: wrong('radam', (x) => radam(x, { rectify: (r) => r })),
  },
  {
    id: 'adabelief/old-mean',
    says: 'measures the surprise from the mean of before',
    killedBy: [CONSTANT, STEPS],
    plant: wrong('adabelief', (x) => adabelief(x, { old: true })),
  },
  {
    id: 'adabelief/eps-once',
    says: 'forgets the eps of every step',
    killedBy: [CONSTANT, STEPS, 'optimizer/defaults'],
    plant: withHyper('adabelief', (h) => ({ ...h, epsAdded: 0 })),
  },
  {
    id: 'yogi/wrong-way',
    says: 'moves the second moment away from g²',
    killedBy: [CONSTANT, STEPS],
    plant: wrong('yogi', (x) => yogi(x, -1)),
  },
  {
    id: 'yogi/never-rests',
    says: 'a second moment that equals g² grows: no sign is 0',
    killedBy: ['optimizer/yogi-balance'],
    plant: wrong('yogi', (x) => yogi(x, 1, (v) => (v > 0 ? 1 : -1))),
  },
  {
    id: 'yogi/starts-empty',
    says: 'starts both moments at 0',
    killedBy: [STEPS, 'optimizer/defaults'],
    plant: withHyper('yogi', (h) => ({ ...h, initialAccumulator: 0 })),
  },
  {
    id: 'adan/first-difference',
    says: 'takes the first gradient for a difference',
    killedBy: [CONSTANT, STEPS],
    plant: wrong('adan', (x) => adan(x, x.g - (x.s.before ?? 0), x.h('beta2'))),
  },
  {
    id: 'adan/full-difference',
    says: 'adds the whole difference inside the square',
    killedBy: [STEPS, 'optimizer/special-cases'],
    plant: wrong('adan', (x) => adan(x, x.k === 1 ? 0 : x.g - (x.s.before ?? 0), 1)),
  },
  {
    id: 'adopt/looks-at-itself',
    says: 'divides by a second moment that the gradient is part of',
    killedBy: [STEPS, PATH],
    plant: wrong('adopt', (x) => adopt(x, { v: (_, now) => now })),
  },
  {
    id: 'adopt/moves-at-once',
    says: 'moves at the first step',
    killedBy: [CONSTANT, STEPS],
    plant: wrong('adopt', (x) => (x.k === 1 ? -x.h('lr') * Math.sign(x.g) + adopt(x, {}) : adopt(x, {}))),
  },
  {
    id: 'adopt/wide-limit',
    says: 'clips at the root of the step, not its fourth root',
    killedBy: [PATH, STEPS],
    plant: wrong('adopt', (x) => adopt(x, { limit: (k) => Math.sqrt(k) })),
  },
];

function radam(
  x: X,
  { inPlace = false, rectify = Math.sqrt }: { readonly inPlace?: boolean; readonly rectify?: (r: number) => number },
): number {
  const { g, h, s, k } = x;
  const m = mean(h('beta1'), s.m ?? 0, g);
  s.v = mean(h('beta2'), s.v ?? 0, g * g);
  const hat = m / (1 - h('beta1') ** k);
  s.m = inPlace ? hat : m;
  const most = 2 / (1 - h('beta2')) - 1;
  const power = h('beta2') ** k;
  const length = most - (2 * k * power) / (1 - power);
  if (length <= h('threshold')) return -h('lr') * hat;
  const r = ((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length);
  return (-h('lr') * rectify(r) * hat) / below(x, s.v / (1 - power));
}

function adabelief({ g, h, s, k }: X, { old }: { readonly old: boolean }): number {
  const before = s.m ?? 0;
  s.m = mean(h('beta1'), before, g);
  s.v = mean(h('beta2'), s.v ?? 0, (g - (old ? before : s.m)) ** 2) + h('epsAdded');
  return (-h('lr') * (s.m / (1 - h('beta1') ** k))) / (Math.sqrt(s.v / (1 - h('beta2') ** k)) + h('eps'));
}

function yogi({ g, h, s, k }: X, way: number, sign: (v: number) => number = Math.sign): number {
  s.m = mean(h('beta1'), k === 1 ? h('initialMoment') : (s.m ?? 0), g);
  const v = k === 1 ? h('initialAccumulator') : (s.v ?? 0);
  s.v = v - way * (1 - h('beta2')) * sign(v - g * g) * g * g;
  return (-h('lr') * (s.m / (1 - h('beta1') ** k))) / (Math.sqrt(Math.abs(s.v) / (1 - h('beta2') ** k)) + h('eps'));
}

function adan({ g, h, s, k }: X, change: number, inside: number): number {
  s.before = g;
  s.m = mean(h('beta1'), s.m ?? 0, g);
  s.d = mean(h('beta2'), s.d ?? 0, change);
  s.n = mean(h('beta3'), s.n ?? 0, (g + inside * change) ** 2);
  const top = s.m / (1 - h('beta1') ** k) + (h('beta2') * s.d) / (1 - h('beta2') ** k);
  return (-h('lr') * top) / (Math.sqrt(s.n / (1 - h('beta3') ** k)) + h('eps'));
}

interface AdoptFault {
  readonly v?: (before: number, now: number) => number;
  readonly limit?: (k: number) => number;
}
function adopt({ g, h, s, k }: X, { v = (before) => before, limit = (n) => n ** (1 / 4) }: AdoptFault): number {
  const before = s.v ?? 0;
  s.v = k === 1 ? g * g : mean(h('beta2'), before, g * g);
  if (k === 1) return 0;
  const bound = limit(k);
  const normed = g / Math.max(Math.sqrt(v(before, s.v)), h('eps'));
  s.m = mean(h('beta1'), s.m ?? 0, Math.min(Math.max(normed, -bound), bound));
  return -h('lr') * s.m;
}
