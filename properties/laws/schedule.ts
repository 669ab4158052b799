// The chapter of schedules: factors at 64 digits, and their closed forms where they begin, turn and end.
import fc from 'fast-check';
import { type Hyper, scheduleOf, scheduleRow } from '../../src/index.ts';
import { camel } from '../contract.ts';
import { ask, claim, each, every, law, same, type Verdict, within } from '../law.ts';
import { type Big, big, exact, expecting, ZERO } from '../oracle/exact.ts';
import { evaluate } from '../oracle/formula.ts';
import { Bounded, bounded } from '../oracle/readings.ts';
import { grantOf } from '../tolerance.ts';

interface Asked {
  readonly hyper: Hyper;
  readonly steps: readonly number[];
}

/** Hyper-parameters off their defaults: whole numbers where the range is of steps, both flags, shares in between. */
const hyperOf = (name: string): fc.Arbitrary<Hyper> => {
  const row = scheduleRow(camel(name));
  const fields = Object.entries(row.hyper).map(([key, usual]): readonly [string, fc.Arbitrary<number>] => {
    const [low, high] = row.domain[key] ?? [0, 1];
    if (key === 'steps') return [key, fc.integer({ min: 8, max: 40 })];
    if (high >= 64) return [key, low === 0 ? fc.integer({ min: 0, max: 6 }) : fc.integer({ min: 1, max: 6 })];
    if (Number.isInteger(usual) && high === 1) return [key, fc.constantFrom(0, 1)];
    return [key, fc.constantFrom(1 / 8, 1 / 4, 3 / 4)];
  });
  return fc.record(Object.fromEntries(fields));
};

const asked = (name: string): fc.Arbitrary<Asked> =>
  fc.record({
    hyper: hyperOf(name),
    steps: fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 12 }),
  });

/** The factor that the lines of a row spell, at 64 digits. */
const truth = (name: string, hyper: Hyper, k: number): Big => {
  const row = scheduleRow(camel(name));
  const scope: Record<string, Big> = { k: big(k) };
  for (const [key, v] of Object.entries({ ...row.hyper, ...hyper })) scope[key] = exact(v);
  for (const line of row.recurrence) {
    const [left = '', right = ''] = line.split(/ = (.*)/);
    scope[left] = evaluate(right, scope);
  }
  return scope.factor ?? ZERO;
};

export const scheduleLaws = [
  law<Asked>({
    id: 'schedule/value',
    ref: 'O-35',
    class: '64-digit oracle',
    says: 'the factor on the rate is the 64-digit value of the published formula, step by step, within its running error bound',
    kills: ['burn #5191'],
    subjects: each('schedule', 'factor'),
    given: (_port, name) => asked(name),
    *holds({ hyper, steps }, port, name) {
      const got = (yield* ask(`schedule.${name}.factor`, { hyper, steps })).tensor('factor');
      const o = bounded(grantOf(port));
      const factor = scheduleOf(camel(name), hyper);
      return within(
        `factors at steps ${steps.join(', ')}`,
        got.data,
        steps.map((k) => expecting(truth(name, hyper, k), port.dtype)),
        steps.map((k) => factor(o, Bounded.from([], [k])).error.view[0] ?? 0),
      );
    },
  }),
  law<Asked>({
    id: 'schedule/ends',
    ref: 'O-35',
    class: 'exact',
    runs: 40,
    says: 'a factor never leaves [0, 1], and is exact where a schedule begins, peaks and has ended',
    kills: ['burn #5191'],
    subjects: each('schedule', 'factor'),
    given: (_port, name) => asked(name),
    *holds({ hyper, steps }, _port, name) {
      const known = ENDS[name]?.(hyper) ?? [];
      const all = [...steps, ...known.map(([k]) => k)];
      const got = Array.from((yield* ask(`schedule.${name}.factor`, { hyper, steps: all })).tensor('factor').data);
      const bad = got.findIndex((v) => !(v >= 0 && v <= 1));
      const ends: readonly Verdict[] = known.map(([k, v], i) =>
        same(`factor at step ${k}`, [got[steps.length + i] ?? Number.NaN], [v]),
      );
      return every([claim(`factor at step ${all[bad]} in [0, 1]`, bad < 0, got[bad]), ...ends]);
    },
  }),
];

const h = (hyper: Hyper, key: string): number => hyper[key] ?? Number.NaN;

/** Steps at which a schedule is known without rounding. */
const ENDS: Readonly<Record<string, (hyper: Hyper) => readonly (readonly [k: number, factor: number])[]>> = {
  constant: () => [
    [1, 1],
    [1000, 1],
  ],
  step: (x) => [
    [1, 1],
    [h(x, 'every'), 1],
  ],
  exponential: () => [[1, 1]],
  inverse_root: (x) => [[h(x, 'warmup'), 1]],
  polynomial: (x) => [
    [1, 1],
    [h(x, 'steps') + 1, h(x, 'final')],
    [h(x, 'steps') + 2, h(x, 'final')],
  ],
  cosine: (x) => [
    [1, 1],
    [h(x, 'steps') + 1, h(x, 'final')],
    [h(x, 'steps') + 2, h(x, 'final')],
  ],
  warm_restarts: (x) => [
    [1, 1],
    [h(x, 'first') + 1, h(x, 'cycles') > 1 ? 1 : h(x, 'final')],
  ],
  one_cycle: (x) => [
    [1, h(x, 'start')],
    [h(x, 'steps') + 1, h(x, 'final')],
    [h(x, 'steps') + 2, h(x, 'final')],
  ],
  warmup_stable_decay: (x) => [
    [h(x, 'steps') + 1, 0],
    [h(x, 'steps') + 2, 0],
  ],
};
