// The elementary functions under test: declared accuracy over all doubles at 64 digits, special values, and no step down.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { exact, nearest } from '../../properties/oracle/exact.ts';
import { valueAt } from '../../properties/oracle/formula.ts';
import { nextDown, nextUp, spacing } from '../../properties/tolerance.ts';
import { OP_NAMES, ROWS } from '../index.ts';
import { elementary, ULPS } from './elementary.ts';
import { uniform } from './key.ts';

type Name = keyof typeof ULPS;
const NAMES = Object.keys(ULPS) as readonly Name[];

/** Numbers where an implementation changes its method, ends its range, or reduces its argument. */
const SEAMS = [
  2 ** -1074,
  2 ** -1022,
  2 ** -54,
  2 ** -53,
  2 ** -40,
  2 ** -28,
  0.25,
  Math.LN2 / 2,
  Math.SQRT1_2,
  0.5,
  0.84,
  1,
  Math.SQRT2,
  1.5 * Math.LN2,
  2,
  6,
  17,
  20,
  26.5,
  36.7,
  39,
  40,
  60,
  708.4,
  709.782712893384,
  745.13,
  800,
  2 ** 51,
  2 ** 52,
  2 ** 53,
  2 ** 54,
  2 ** 60,
  Number.MAX_VALUE,
].flatMap((s) => [nextDown(s, 'f64'), s, nextUp(s, 'f64')].filter(Number.isFinite).flatMap((x) => [x, -x]));

/** Every size of number, then the sizes at which the functions are neither flat nor linear. */
const spread = (n: number): readonly number[] => {
  const u = uniform([7, 11], [4 * n]).view;
  const at = (i: number): number => u[i] as number; // 4n were drawn
  return Array.from({ length: n }, (_, i) => {
    const sign = at(i) < 0.5 ? -1 : 1;
    const wide = sign * (1 + at(n + i)) * 2 ** Math.floor(at(2 * n + i) * 2097 - 1074);
    const middle = sign * (1 + at(n + i)) * 2 ** Math.floor(at(2 * n + i) * 18 - 8);
    return [wide, middle, sign * at(3 * n + i) * 2, sign * at(3 * n + i) * 745];
  }).flat();
};

const outside = (name: Name, x: number): boolean =>
  ((name === 'log' && x < 0) || (name === 'log1p' && x < -1)) as boolean;

const exactly = (name: Name, x: number) => valueAt(ROWS[name].formula, { x: exact(x) });

describe('accuracy', () => {
  for (const name of NAMES)
    test(`${name} is within ${ULPS[name]} ulp of the 64-digit value of its row`, () => {
      for (const x of [...SEAMS, ...spread(120)]) {
        if (outside(name, x)) continue;
        const truth = exactly(name, x);
        const [near, got] = [nearest(truth), elementary[name](x)];
        if (!Number.isFinite(near)) expect(got, `${name}(${x})`).toBe(near);
        else
          expect(nearest(truth.minus(exact(got)).abs()) / spacing(near, 'f64'), `${name}(${x})`).toBeLessThanOrEqual(
            ULPS[name],
          );
      }
    });
});

describe('no step down', () => {
  const falling: readonly Name[] = ['erfc'];
  const bent: readonly Name[] = ['gelu', 'geluTanh', 'silu', 'sinPi', 'cosPi'];
  for (const name of NAMES.filter((n) => !bent.includes(n)))
    test(name, () => {
      const walk = SEAMS.flatMap((s) => {
        const near = [s];
        for (let i = 0; i < 60; i++) near.push(nextUp(near.at(-1) as number, 'f64')); // never empty
        return near;
      });
      for (const x of [...walk, ...spread(3000)]) {
        if (outside(name, x)) continue;
        const [a, b] = [elementary[name](x), elementary[name](nextUp(x, 'f64'))];
        expect(falling.includes(name) ? a >= b : a <= b, `${name} at ${x}: ${a}, then ${b}`).toBe(true);
      }
    });
});

test('special values', () => {
  const { POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: less, NaN: nan } = Number;
  const table: Readonly<Record<Name, readonly (readonly [x: number, y: number])[]>> = {
    exp: [
      [0, 1],
      [-0, 1],
      [inf, inf],
      [less, 0],
      [709.7827128933841, inf],
      [-745.13, 2 ** -1074],
      [-745.14, 0],
    ],
    expm1: [
      [0, 0],
      [-0, -0],
      [inf, inf],
      [less, -1],
      [2 ** -1074, 2 ** -1074],
    ],
    log: [
      [1, 0],
      [0, less],
      [-0, less],
      [-1, nan],
      [inf, inf],
      [2 ** -1074, -744.4400719213812],
    ],
    log1p: [
      [0, 0],
      [-0, -0],
      [-1, less],
      [-2, nan],
      [inf, inf],
    ],
    sigmoid: [
      [0, 0.5],
      [-0, 0.5],
      [inf, 1],
      [less, 0],
    ],
    tanh: [
      [0, 0],
      [-0, -0],
      [inf, 1],
      [less, -1],
    ],
    softplus: [
      [0, Math.LN2],
      [inf, inf],
      [less, 0],
    ],
    erf: [
      [0, 0],
      [-0, -0],
      [inf, 1],
      [less, -1],
    ],
    erfc: [
      [0, 1],
      [inf, 0],
      [less, 2],
    ],
    sinPi: [
      [0, 0],
      [-0, -0],
      [1, 0],
      [-1, -0],
      [0.5, 1],
      [-0.5, -1],
      [1.5, -1],
      [2 ** 52 + 1, 0],
      [inf, nan],
    ],
    cosPi: [
      [0, 1],
      [1, -1],
      [0.5, 0],
      [-0.5, 0],
      [1.5, 0],
      [2 ** 52 + 1, -1],
      [2 ** 60, 1],
      [less, nan],
    ],
    gelu: [
      [0, 0],
      [inf, inf],
      [less, -0],
    ],
    geluTanh: [
      [0, 0],
      [inf, inf],
      [less, -0],
    ],
    silu: [
      [0, 0],
      [inf, inf],
      [less, -0],
    ],
  };
  for (const name of NAMES) {
    expect(elementary[name](nan), `${name}(NaN)`).toBeNaN();
    for (const [x, y] of table[name]) expect(elementary[name](x), `${name}(${Object.is(x, -0) ? '-0' : x})`).toBe(y);
  }
});

test('bounds and symmetries hold to the last bit', () => {
  for (const x of [...SEAMS, ...spread(2000)]) {
    const { sigmoid, tanh, erf, softplus } = elementary;
    expect(sigmoid(x) >= 0 && sigmoid(x) <= 1 && Math.abs(tanh(x)) <= 1 && Math.abs(erf(x)) <= 1, `at ${x}`).toBe(true);
    expect(softplus(x) >= Math.max(x, 0), `softplus(${x})`).toBe(true);
    expect([tanh(-x), erf(-x)]).toEqual([-tanh(x), -erf(x)]);
  }
});

test('every function has a row, which declares its accuracy', () => {
  for (const name of NAMES) {
    expect(OP_NAMES).toContain(name);
    expect(ROWS[name].ulp).toBe(ULPS[name]);
  }
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const HOSTS: Readonly<Record<string, () => void>> = {
  'with a compiler': () => {},
  'without one': () =>
    vi.stubGlobal('Function', function forbidden() {
      throw new EvalError('Refused to evaluate a string as JavaScript');
    }),
};

describe.each(Object.entries(HOSTS))('exponentials of a part of a buffer, on a host %s', (_, prepare) => {
  test('take the place of the numbers from one place to before another', async () => {
    vi.resetModules();
    prepare();
    const { elementary, expInto } = await import('./elementary.ts');
    const out = Float64Array.from([1, 2, -3, 0.5, -1]);
    expInto(out, 1, 4);
    expect([...out]).toEqual([1, elementary.exp(2), elementary.exp(-3), elementary.exp(0.5), -1]);
    expect(elementary.exp(2)).toBeCloseTo(Math.E ** 2, 12);
    expInto(out, 2, 2);
    expect(out[2]).toBe(elementary.exp(-3));
  });
});
