// Faults of schedules: steps counted from the wrong end, peaks missed, restarts and ends forgotten.
import { SCHEDULES } from '../../src/index.ts';
import { snake } from '../contract.ts';
import { at, both, changed, like, type Mutant, now, plain } from './plant.ts';

const everySchedule = (shift: (k: number) => number) =>
  both(
    ...Object.keys(SCHEDULES).map((name) =>
      at(`schedule.${snake(name)}.factor`, (args, original) =>
        now(original, { ...args, steps: (args.steps as readonly number[]).map(shift) }),
      ),
    ),
  );

type Numbers = Readonly<Record<string, number>>;
const withHyper = (name: string, f: (h: Numbers) => Numbers) =>
  at(`schedule.${name}.factor`, (args, original) => now(original, { ...args, hyper: f(args.hyper as Numbers) }));

export const scheduleMutants: readonly Mutant[] = [
  {
    id: 'schedule/off-by-one',
    says: 'counts the first step as the second',
    killedBy: ['schedule/value', 'schedule/ends'],
    plant: everySchedule((k) => k + 1),
  },
  {
    id: 'schedule/warm-up-from-zero',
    says: 'wastes the first step on a rate of 0',
    killedBy: ['schedule/value'],
    plant: changed('schedule.warmup_stable_decay.factor', 'factor', (v, i, a) =>
      (a.steps as readonly number[])[i] === 1 ? 0 : v,
    ),
  },
  {
    id: 'schedule/falls-from-the-first-step',
    says: 'begins a fall that is longer than all steps with the first of them',
    killedBy: ['schedule/value'],
    plant: withHyper('warmup_stable_decay', (h) => ({ ...h, decay: Math.min(h.decay ?? 1, h.steps ?? 1) })),
  },
  {
    id: 'schedule/never-ends',
    says: 'goes on along the cosine after its last step, up again',
    bug: 'burn #5191',
    killedBy: ['schedule/value', 'schedule/ends'],
    plant: changed('schedule.cosine.factor', 'factor', (v, i, a) => {
      const { steps = 1, final = 0 } = a.hyper as Readonly<Record<string, number>>;
      const k = (a.steps as readonly number[])[i] ?? 1;
      return k - 1 > steps ? final + ((1 - final) * (1 + Math.cos((Math.PI * (k - 1)) / steps))) / 2 : v;
    }),
  },
  {
    id: 'schedule/step-one-early',
    says: 'falls a step too early',
    killedBy: ['schedule/value', 'schedule/ends'],
    plant: at('schedule.step.factor', (args, original) =>
      now(original, { ...args, steps: (args.steps as readonly number[]).map((k) => k + 1) }),
    ),
  },
  {
    id: 'schedule/exponential-always-smooth',
    says: 'has no stairs',
    killedBy: ['schedule/value', 'schedule/text'],
    plant: withHyper('exponential', (h) => ({ ...h, staircase: 0 })),
  },
  {
    id: 'schedule/warm_restarts-equal',
    says: 'makes all cycles as long as the first',
    killedBy: ['schedule/value', 'schedule/defaults'],
    plant: withHyper('warm_restarts', (h) => ({ ...h, growth: 1 })),
  },
  {
    id: 'schedule/one_cycle-linear',
    says: 'rises to the top at half of the steps whatever peak is',
    killedBy: ['schedule/value', 'schedule/defaults'],
    plant: withHyper('one_cycle', (h) => ({ ...h, peak: 1 / 2 })),
  },
  {
    id: 'schedule/polynomial-final-inside',
    says: 'takes the power of the whole factor, final included',
    killedBy: ['schedule/value'],
    plant: at('schedule.polynomial.factor', (args, original) => {
      const { power = 1, ...h } = args.hyper as Readonly<Record<string, number>>;
      const line = now(original, { ...args, hyper: { ...h, power: 1 } });
      return { factor: like(plain(line, 'factor'), (v) => v ** power) };
    }),
  },
  {
    id: 'schedule/warmup_stable_decay-not-rooted',
    says: 'falls in a line where it should fall with the root',
    killedBy: ['schedule/value'],
    plant: withHyper('warmup_stable_decay', (h) => ({ ...h, rooted: 0 })),
  },
  {
    id: 'schedule/inverse_root-no-warm-up',
    says: 'starts at the top',
    killedBy: ['schedule/value', 'schedule/defaults'],
    plant: changed('schedule.inverse_root.factor', 'factor', (v, i, a) => {
      const { warmup = 100 } = a.hyper as Readonly<Record<string, number>>;
      return ((a.steps as readonly number[])[i] ?? 1) < warmup ? 1 : v;
    }),
  },
  {
    id: 'schedule/cosine-quarter',
    says: 'follows a quarter of a cosine',
    killedBy: ['schedule/value', 'schedule/text'],
    plant: changed('schedule.cosine.factor', 'factor', (v, i, a) => {
      const { steps = 1000, final = 0 } = a.hyper as Readonly<Record<string, number>>;
      const t = Math.min((((a.steps as readonly number[])[i] ?? 1) - 1) / steps, 1);
      return t === 0 || t === 1 ? v : final + (1 - final) * Math.cos((Math.PI * t) / 2);
    }),
  },
];
