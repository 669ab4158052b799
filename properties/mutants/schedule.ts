// Faults of schedules: steps counted from the wrong end, peaks missed, restarts and ends forgotten.
import { SCHEDULES } from '../../src/index.ts';
import { snake } from '../contract.ts';
import { at, both, changed, type Mutant, now } from './plant.ts';

const everySchedule = (shift: (k: number) => number) =>
  both(
    ...Object.keys(SCHEDULES).map((name) =>
      at(`schedule.${snake(name)}.factor`, (args, original) =>
        now(original, { ...args, steps: (args.steps as readonly number[]).map(shift) }),
      ),
    ),
  );

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
];
