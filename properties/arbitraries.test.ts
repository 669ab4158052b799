// The generators under test: they visit what laws must see, and stay in the format they are meant for.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIVATIONS } from '../src/index.ts';
import {
  anyNumber,
  cotangent,
  finite,
  label,
  moderate,
  type NetworkCase,
  network,
  parameter,
  probability,
  stir,
  vector,
  visiting,
} from './arbitraries.ts';
import { snake } from './contract.ts';
import { FORMATS } from './tolerance.ts';

const sample = <T>(arbitrary: fc.Arbitrary<T>, n = 4000): readonly T[] => fc.sample(arbitrary, { seed: 1, numRuns: n });
const share = <T>(xs: readonly T[], of: (x: T) => boolean): number => xs.filter(of).length / xs.length;

describe('numbers', () => {
  for (const dtype of ['f64', 'f32'] as const)
    test(`${dtype}: every branch, kink and tail is visited, and every value is of the format`, () => {
      const xs = sample(finite(dtype));
      const { round, minExponent } = FORMATS[dtype];
      expect(xs.every((x) => Number.isFinite(x) && Object.is(round(x), x))).toBe(true);
      const visited: Readonly<Record<string, (x: number) => boolean>> = {
        zero: (x) => Object.is(x, 0),
        'minus zero': (x) => Object.is(x, -0),
        subnormal: (x) => x !== 0 && Math.abs(x) < 2 ** minExponent,
        huge: (x) => Math.abs(x) > 2 ** (FORMATS[dtype].maxExponent - 1),
        'saturated left': (x) => x < -40,
        'saturated right': (x) => x > 40,
        'beyond exp': (x) => Math.abs(x) > 745,
        'around 1': (x) => Math.abs(x) > 0.5 && Math.abs(x) < 2,
        'tiny but normal': (x) => Math.abs(x) >= 2 ** minExponent && Math.abs(x) < 2 ** -40,
      };
      for (const [name, is] of Object.entries(visited)) expect(share(xs, is), name).toBeGreaterThan(0.003);
      expect(share(xs, (x) => x < 0)).toBeGreaterThan(0.3);
      expect(share(xs, (x) => x > 0)).toBeGreaterThan(0.3);
    });

  test('infinities and NaN are among any numbers', () => {
    const xs = sample(anyNumber('f64'));
    for (const special of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])
      expect(xs.some((x) => Object.is(x, special))).toBe(true);
  });

  test('cotangents have both signs and are never zero; moderate numbers have full mantissas', () => {
    const gs = sample(cotangent('f64'));
    expect(gs.every((g) => g !== 0)).toBe(true);
    expect(share(gs, (g) => g < 0)).toBeGreaterThan(0.3);
    expect(share(sample(moderate('f64')), (x) => !Number.isInteger(x * 2 ** 20))).toBeGreaterThan(0.5);
  });

  test('probabilities are inside (0, 1) and approach both ends; labels are mostly certain', () => {
    const ps = sample(probability('f64'));
    expect(ps.every((p) => p > 0 && p < 1)).toBe(true);
    expect(share(ps, (p) => p < 2 ** -10)).toBeGreaterThan(0.05);
    expect(share(ps, (p) => p > 1 - 2 ** -10)).toBeGreaterThan(0.05);
    expect(share(sample(label), (y) => y === 0 || y === 1)).toBeGreaterThan(0.3);
  });

  test('parameters are above 1, below 0, and never 0', () => {
    const ps = sample(parameter, 500);
    expect(ps.includes(0)).toBe(false);
    expect(share(ps, (p) => p > 1)).toBeGreaterThan(0.05);
    expect(share(ps, (p) => p < 0)).toBeGreaterThan(0.3);
  });
});

test('networks have unequal fans, every activation, both losses and reductions, and batches of several samples', () => {
  const cases = sample(
    network({ depth: 3, activations: ACTIVATIONS.map(snake), losses: ['mse', 'bce_with_logits'], dtype: 'f64' }),
    400,
  );
  const names = new Set(cases.flatMap((c) => c.layers.flatMap((l) => (l.type === 'activation' ? [l.name] : []))));
  expect([...names].sort()).toEqual(ACTIVATIONS.map(snake).sort());
  const unequal = (c: NetworkCase): boolean => c.params.some((p) => p.shape.length === 2 && p.shape[0] !== p.shape[1]);
  expect(share(cases, unequal)).toBeGreaterThan(0.8);
  expect(share(cases, (c) => (c.x.shape[0] ?? 0) > 1)).toBeGreaterThan(0.4);
  for (const key of ['loss', 'reduction'] as const) expect(new Set(cases.map((c) => c[key])).size).toBe(2);
});

test('a failing vector shrinks to one element, and a fresh seed comes with every candidate', () => {
  const { counterexample } = fc.check(
    fc.property(vector(finite('f64')), ({ data }) => !data.some((x) => x > 3)),
    { seed: 1 },
  );
  expect(counterexample?.[0].data.length).toBe(1);
  expect(new Set([1, 2, 3].flatMap((fan) => [0.5, 0.75].map((gain) => stir(7, fan, gain)))).size).toBe(6);
});

describe('rare kinds of input', () => {
  const arbitrary = () => visiting(fc.integer({ min: 0, max: 9 }), fc.constant(-1), fc.integer({ min: 100, max: 999 }));
  test('come once each, after a first usual one', () => {
    const [first, rare, rarer, ...others] = sample(arbitrary(), 40);
    expect(rare).toBe(-1);
    expect(rarer).toBeGreaterThan(99);
    for (const usual of [first, ...others]) expect(usual).toBeLessThan(10);
    expect(sample(arbitrary(), 40)).toEqual(sample(arbitrary(), 40));
  });
  test('shrink by their own generator', () => {
    const result = fc.check(
      fc.property(arbitrary(), (v) => v < 100),
      { seed: 1 },
    );
    expect(result.counterexample).toEqual([100]);
  });
});
