// The chapter of schedules: factors at 64 digits, and their closed forms where they begin, turn and end.
import fc from 'fast-check';
import { type Hyper, scheduleOf, scheduleRow } from '../../src/index.ts';
import { visiting } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import { ask, claim, each, every, law, same, type Verdict, within } from '../law.ts';
import { SCHEDULE_DEFAULTS } from '../oracle/defaults.ts';
import { type Big, big, exact, expecting, ZERO } from '../oracle/exact.ts';
import { evaluate } from '../oracle/formula.ts';
import { Bounded, bounded } from '../oracle/readings.ts';
import { factorAt, isSchedule } from '../oracle/schedules.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS, grantOf } from '../tolerance.ts';
import { between } from './training.ts';

interface Asked {
  readonly hyper: Hyper;
  readonly steps: readonly number[];
}

const rarely = (usual: fc.Arbitrary<number>, other: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ withCrossShrink: true }, { arbitrary: usual, weight: 7 }, { arbitrary: other, weight: 1 });

/** Hyper-parameters off their defaults, by their meaning: whole numbers of steps, both flags, shares of full length. */
const valueOfKey = (port: PortInfo, name: string, key: string): fc.Arbitrary<number> => {
  const whole = (min: number, max: number) => fc.integer({ min, max });
  const ranges: Readonly<Record<string, fc.Arbitrary<number>>> = {
    steps: rarely(whole(8, 40), whole(100, 1000)),
    every: rarely(whole(1, 6), whole(10, 100)),
    first: rarely(whole(1, 6), whole(10, 100)),
    cycles: rarely(whole(1, 6), whole(7, 12)),
    decay: whole(1, 7),
    warmup: name === 'inverse_root' ? whole(1, 9) : whole(0, 7),
    growth: fc.constantFrom(1, 3 / 2, 2, 3),
    staircase: whole(0, 1),
    rooted: whole(0, 1),
    power: fc.oneof(fc.constantFrom(1, 2), between(port, 1 / 2, 3)),
    gamma: rarely(between(port, 1 / 4, 1), fc.constant(1)),
    rate: rarely(between(port, 1 / 4, 1), fc.constant(1)),
  };
  const share = between(port, 1 / 16, 15 / 16);
  return ranges[key] ?? rarely(share, key === 'peak' ? share : fc.constantFrom(0, 1, 1 / 2));
};
const hyperOf = (port: PortInfo, name: string): fc.Arbitrary<Hyper> =>
  fc.record(
    Object.fromEntries(Object.keys(scheduleRow(camel(name)).hyper).map((key) => [key, valueOfKey(port, name, key)])),
  );

/** What ends everything at once, and a fall that begins before the first step. */
const RARE: Readonly<Record<string, Hyper>> = {
  step: { every: 3, gamma: 0 },
  warmup_stable_decay: { steps: 9, warmup: 2, decay: 14, rooted: 0 },
};

const asked = (port: PortInfo, name: string): fc.Arbitrary<Asked> =>
  fc.record({
    hyper: visiting(
      hyperOf(port, name),
      ...Object.keys(RARE).flatMap((key) => (key === name ? [fc.constant(RARE[key] as Hyper)] : [])),
    ),
    steps: fc.uniqueArray(rarely(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 61, max: 100_000 })), {
      minLength: 1,
      maxLength: 12,
    }),
  });

/**
 * On the grid of the format below 1, the start of a cosine is exact as it is published: end + (start − end) has lost what is
 * finer. What is drawn in doubles lies on it.
 */
const onGrid =
  (port: PortInfo) =>
  ({ hyper, steps }: Asked): Asked => {
    const { u } = FORMATS[port.dtype];
    return { hyper: Object.fromEntries(Object.entries(hyper).map(([key, v]) => [key, Math.round(v / u) * u])), steps };
  };

/** The factor that the lines of a row spell, at 64 digits. */
const textual = (name: string, hyper: Hyper, k: number): Big => {
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
    says: 'the factor on the rate is that of the published schedule, written out by hand at 64 digits, from the first step to beyond the last',
    kills: ['burn #5191'],
    subjects: (port) => each('schedule', 'factor')(port).filter(isSchedule),
    given: asked,
    *holds({ hyper, steps }, port, name) {
      const all = [...steps, ...corners(hyper)];
      const got = (yield* ask(`schedule.${name}.factor`, { hyper, steps: all })).tensor('factor');
      const want = all.map((k) => factorAt(name, hyper, k, port.dtype));
      return every(
        all.map((k, i) =>
          within(
            `factor at step ${k}`,
            [got.data[i] ?? Number.NaN],
            want.slice(i, i + 1).map((n) => expecting(n.value, port.dtype)),
            want.slice(i, i + 1).map((n) => n.error),
          ),
        ),
      );
    },
  }),
  law<{ readonly steps: readonly number[] }>({
    id: 'schedule/defaults',
    ref: 'O-35, O-40',
    class: '64-digit oracle',
    runs: 20,
    says: 'numbers that are left out are those that the schedule was published with',
    subjects: (port) =>
      port.conventions.optimizerDefaults === 'published'
        ? each('schedule', 'factor')(port).filter((name) => name in SCHEDULE_DEFAULTS)
        : [],
    given: () =>
      fc.record({ steps: fc.uniqueArray(fc.integer({ min: 1, max: 1200 }), { minLength: 4, maxLength: 8 }) }),
    *holds({ steps }, port, name) {
      const got = (yield* ask(`schedule.${name}.factor`, { hyper: {}, steps })).tensor('factor');
      const want = steps.map((k) => factorAt(name, SCHEDULE_DEFAULTS[name] ?? {}, k, port.dtype));
      return within(
        `factors at steps ${steps.join(', ')}`,
        got.data,
        want.map((n) => expecting(n.value, port.dtype)),
        want.map((n) => n.error),
      );
    },
  }),
  law<Asked>({
    id: 'schedule/text',
    ref: 'O-35',
    class: '64-digit oracle',
    runs: 20,
    says: 'the factor on the rate is the 64-digit value of the text that the row shows to its readers, within its running error bound',
    subjects: each('schedule', 'factor'),
    given: asked,
    *holds({ hyper, steps }, port, name) {
      const got = (yield* ask(`schedule.${name}.factor`, { hyper, steps })).tensor('factor');
      const o = bounded(grantOf(port));
      const factor = scheduleOf(camel(name), hyper);
      return within(
        `factors at steps ${steps.join(', ')}`,
        got.data,
        steps.map((k) => expecting(textual(name, hyper, k), port.dtype)),
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
    given: (port, name) => asked(port, name).map(onGrid(port)),
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

/** Steps at which a schedule may turn. */
const corners = (hyper: Hyper): readonly number[] =>
  Object.values(hyper).flatMap((v) => (Number.isInteger(v) && v > 0 ? [v, v + 1, v + 2] : []));

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
