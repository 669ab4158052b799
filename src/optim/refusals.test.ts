// What optimizers, schedules and wrappers refuse, in one sentence each, and the ends of what they take.
import { describe, expect, test } from 'vitest';
import {
  addDecay,
  chain,
  DomainError,
  OPTIMIZERS,
  ops,
  optimizerFrom,
  optimizerOf,
  optimizerRow,
  presetOf,
  SCHEDULES,
  scalar,
  scale,
  scheduleOf,
  scheduleRow,
  type TautogradError,
  Tensor,
  type Transform,
  UnknownNameError,
  WRAPPERS,
  wrappedBy,
} from '../index.ts';
import { byRank, perLeaf, slot } from './transform.ts';

const refused = (f: () => unknown, kind: new (message: string) => TautogradError, sentence: string): void => {
  expect(f).toThrow(kind);
  expect(f).toThrow(sentence);
};
const ONE = [Tensor.from([2], [1, -2])];
/** The first update by a gradient of (3, 5). */
const first = (t: Transform, ws: readonly Tensor[] = ONE): readonly number[] =>
  t.update(ops, [Tensor.from([2], [3, 5])], t.init(ops, ws), ws, scalar(1))[0].flatMap((u) => u.toArray());

type Ranges = Readonly<Record<string, readonly [number, number]>>;
const tables = [
  ['optimizer', OPTIMIZERS, (name: string, h: Record<string, number>) => optimizerOf(name, h)],
  ['schedule', SCHEDULES, (name: string, h: Record<string, number>) => scheduleOf(name, h)],
  ['wrapper', WRAPPERS, (name: string, h: Record<string, number>) => wrappedBy(optimizerOf('sgd'), name, h)],
] as const;

for (const [what, table, make] of tables)
  describe(`every number of every ${what} has a range with both ends in it`, () => {
    for (const [name, row] of Object.entries(table))
      for (const [key, [low, high]] of Object.entries(row.domain as Ranges))
        test(`${name}: ${key}`, () => {
          for (const v of [low, high]) expect(() => make(name, { [key]: v })).not.toThrow();
          for (const v of [low - Math.max(2 ** -60, Math.abs(low)) / 2 ** 40, Number.NaN, high * (1 + 2 ** -52)])
            if (!(v >= low && v <= high))
              refused(
                () => make(name, { [key]: v }),
                DomainError,
                `${name}: ${key} must lie in [${low}, ${high}], got ${v}`,
              );
          expect((row.hyper as Record<string, number>)[key]).toBeGreaterThanOrEqual(low);
          expect((row.hyper as Record<string, number>)[key]).toBeLessThanOrEqual(high);
        });
  });

test('every number has a range, and no other', () => {
  for (const [, table] of tables)
    for (const row of Object.values(table)) expect(Object.keys(row.domain)).toEqual(Object.keys(row.hyper));
});

test('a mean that forgets nothing never starts: decay rates stay below 1', () => {
  const below = 'must lie in [0, 0.9999999999999999], got 1';
  refused(() => wrappedBy(scale(1), 'ema', { decay: 1 }), DomainError, `ema: decay ${below}`);
  refused(() => optimizerOf('adam', { beta1: 1 }), DomainError, `adam: beta1 ${below}`);
  refused(() => optimizerOf('momentum', { momentum: 1 }), DomainError, `momentum: momentum ${below}`);
  refused(
    () => optimizerOf('momentum', { lr: -1 }),
    DomainError,
    'momentum: lr must lie in [0, 1.7976931348623157e+308], got -1',
  );
  refused(() => optimizerOf('momentum', { lrInside: 2 }), DomainError, 'momentum: lrInside must lie in [0, 1], got 2');
  refused(() => scheduleOf('step', { every: 0 }), DomainError, 'step: every must lie in [1, 1099511627776], got 0');
  refused(
    () => scheduleOf('polynomial', { power: 0 }),
    DomainError,
    'polynomial: power must lie in [2.2250738585072014e-308, ',
  );
  refused(
    () => scheduleOf('oneCycle', { peak: 1 }),
    DomainError,
    'oneCycle: peak must lie in [9.5367431640625e-7, 0.9999990463256836], got 1',
  );
  refused(
    () => wrappedBy(scale(1), 'clipByNorm', { limit: 0 }),
    DomainError,
    'clipByNorm: limit must lie in [2.2250738585072014e-308, ',
  );
});

test('names that there are not', () => {
  refused(() => optimizerRow('gd'), UnknownNameError, 'optimizer: no row is called "gd"');
  refused(() => scheduleRow('gd'), UnknownNameError, 'schedule: no row is called "gd"');
  refused(() => wrappedBy(scale(1), 'gd'), UnknownNameError, 'wrapper: no row is called "gd"');
  refused(() => optimizerOf('sgd', { rate: 1 }), UnknownNameError, 'sgd hyper-parameter: no row is called "rate"');
  refused(() => presetOf('sgd', 'tf' as 'torch'), UnknownNameError, 'sgd dialect: no row is called "tf"');
});

describe('composition', () => {
  test('a slot belongs to one part', () => {
    const adam = optimizerOf('adam');
    refused(() => chain(adam, adam).init(ops, ONE), DomainError, 'belongs to two parts');
    expect(() => chain(adam, scale(2)).init(ops, ONE)).not.toThrow();
  });
  test('a state without a value for a leaf', () => {
    refused(() => slot([], 0), DomainError, 'optimizer: the state has no value for leaf 0');
    refused(() => slot(undefined, 2), DomainError, 'optimizer: the state has no value for leaf 2');
    refused(() => first(addDecay(1), []), DomainError, 'no value for leaf 0');
  });
  test('parts work from the left to the right', () => {
    expect(first(chain(scale(2), addDecay(10)))).toEqual([16, -10]);
    expect(first(chain(addDecay(10), scale(2)))).toEqual([26, -30]);
    expect(first(chain())).toEqual([3, 5]);
  });
  test('the first part that probes or evaluates elsewhere decides', () => {
    const [sam, ema] = ['sam', 'ema'].map((name) => wrappedBy(scale(1), name)) as [Transform, Transform];
    expect(chain(scale(1), sam, wrappedBy(scale(1), 'sam', { rho: 1 })).probe).toBe(sam.probe);
    expect(chain(scale(1), ema).evaluated).toBe(ema.evaluated);
    expect(Object.keys(chain(scale(1), scale(2)))).toEqual(['init', 'update']);
  });
  test('slots of the parts of a choice by rank keep their names apart', () => {
    const t = byRank((rank) => rank === 2, optimizerOf('adam'), optimizerOf('adam'));
    const ws = [Tensor.from([1, 2], [1, 2]), Tensor.from([2], [1, 2]), Tensor.from([2, 1], [1, 2])];
    const slots = t.init(ops, ws);
    expect(Object.fromEntries(Object.entries(slots).map(([n, v]) => [n, v.map((x) => x.shape)]))).toEqual(
      Object.fromEntries(
        Object.keys(optimizerOf('adam').init(ops, [])).flatMap((n) => [
          [
            `yes.${n}`,
            [
              [1, 2],
              [2, 1],
            ],
          ],
          [`no.${n}`, [[2]]],
        ]),
      ),
    );
    const [us, next] = t.update(ops, ws, { ...slots, other: ws }, ws, scalar(1));
    expect(us.map((u) => u.shape)).toEqual([[1, 2], [2], [2, 1]]);
    expect(Object.keys(next).sort()).toEqual([...Object.keys(slots), 'other'].sort());
    expect(next.other).toBe(ws);
  });
  test('slots start as a number or as the weights, and others are passed on', () => {
    const t = perLeaf({ a: 3, b: 'w' }, (_o, { g, s }) => [g, { a: s.b, b: s.a }]);
    const slots = t.init(ops, ONE);
    expect(slots.a?.map((x) => x.toArray())).toEqual([[3, 3]]);
    expect(slots.b).toBe(ONE);
    const [, next] = t.update(ops, ONE, { ...slots, other: ONE }, ONE, scalar(1));
    expect(next.a?.map((x) => x.toArray())).toEqual([[1, -2]]);
    expect(next.b?.map((x) => x.toArray())).toEqual([[3, 3]]);
    expect(next.other).toBe(ONE);
  });
});

describe('an optimizer as data', () => {
  test('dialect, schedule and wrappers, of which each may be left out', () => {
    expect(first(optimizerFrom({ name: 'sgd', hyper: { lr: 1 } }))).toEqual([-3, -5]);
    expect(
      first(optimizerFrom({ name: 'sgd', hyper: { lr: 1 }, schedule: { name: 'inverseRoot', hyper: { warmup: 4 } } })),
    ).toEqual([-3 / 4, -5 / 4]);
    expect(
      first(
        optimizerFrom({
          name: 'sgd',
          hyper: { lr: 1 },
          wrappers: [
            { name: 'clipByValue', hyper: { limit: 4 } },
            { name: 'coupledDecay', hyper: { l2: 1 } },
          ],
        }),
      ),
    ).toEqual([-4, -3]);
  });
  test('the numbers of a dialect give way to those that are named', () => {
    for (const [name, row] of Object.entries(OPTIMIZERS))
      for (const dialect of Object.keys(row.dialects) as (keyof typeof row.dialects)[]) {
        const preset = presetOf(name, dialect);
        expect(Object.keys(preset)).toEqual(Object.keys(row.hyper));
        expect(preset).toEqual({ ...row.hyper, ...(row.dialects[dialect] as object) });
        expect(first(optimizerFrom({ name, dialect }))).toEqual(first(optimizerOf(name, preset)));
        expect(first(optimizerFrom({ name, dialect, hyper: { lr: 0 } })).map(Math.abs)).toEqual([0, 0]);
      }
  });
});
