// The functions in singles under test: declared accuracy over all singles, special values, no step down, one value on every reading.
import { describe, expect, test } from 'vitest';
import { nextDown, nextUp, spacing } from '../../properties/tolerance.ts';
import { ROWS } from '../index.ts';
import { elementary, elementarySingle, functionOf, ULPS_SINGLE } from './elementary.ts';
import { exp, expm1, log, log1p, sigmoid, softplus, tanh } from './exponential.ts';
import { normalQuantile, quantileOfDraw } from './quantile.ts';
import { numbers, singles } from './vec.ts';

type Name = keyof typeof ULPS_SINGLE;
const NAMES = Object.keys(ULPS_SINGLE) as readonly Name[];
/** Those with a text of their own; the others are read as doubles. */
const TEXTS = { exp, expm1, log, log1p, sigmoid, tanh, softplus } as const;
type Short = keyof typeof TEXTS;
const SHORT = Object.keys(TEXTS) as readonly Short[];

const { fround } = Math;
const bits = new Int32Array(1);
const single = new Float32Array(bits.buffer);
const ofBits = (b: number): number => {
  bits[0] = b;
  return single[0] as number; // one number
};
const INFINITE = 0x7f800000;

/** Every so many bits a finite single, with either sign. */
function* sampled(step: number): Generator<number> {
  for (let b = 0; b < INFINITE; b += step) {
    const x = ofBits(b + ((b / step) % step)); // not the same low bits everywhere
    yield x;
    yield -x;
  }
}

/** Singles where a text changes its method, ends its range, or goes over to another power of two. */
const SEAMS = [
  2 ** -149,
  2 ** -126,
  2 ** -100,
  2 ** -24,
  2 ** -11,
  2 ** -8,
  Math.SQRT1_2,
  0.5,
  1 - 2 ** -24,
  Math.SQRT2 - 1,
  1 - Math.SQRT1_2,
  1,
  Math.SQRT2,
  2,
  9,
  10,
  17,
  20,
  70,
  87.33,
  88.72283,
  89,
  103.97,
  104,
  2 ** 126,
  2 ** 127.5,
  ...Array.from({ length: 151 }, (_, n) => (n + 0.5) * Math.LN2),
  ...Array.from({ length: 20 }, (_, n) => (n + 0.5) * (Math.LN2 / 2)),
].map(fround);
/** Some singles in a row around each seam, upwards, of either sign. */
const walks = SEAMS.map((seam) => {
  let x = seam;
  for (let i = 0; i < 40; i++) x = nextDown(x, 'f32');
  const up = [x];
  for (let i = 0; i < 80; i++) up.push(nextUp(up.at(-1) as number, 'f32')); // never empty
  return up;
}).flatMap((up) => [up, up.map((x) => -x).reverse()]);

const outside = (name: Name, x: number): boolean => (name === 'log' && x < 0) || (name === 'log1p' && x < -1);

/** How far off a single is, in units of its last place; the double is right but for some 2⁻²⁹ of them. */
const ulps = (name: Name, x: number): number => {
  const [got, truth] = [elementarySingle[name](x), elementary[name](x)];
  const near = fround(truth);
  if (!Number.isFinite(near) || !Number.isFinite(got)) return Object.is(got, near) ? 0 : Number.POSITIVE_INFINITY;
  return Math.abs(got - truth) / spacing(near, 'f32');
};

describe('accuracy', () => {
  for (const name of SHORT)
    test(`${name} is within ${ULPS_SINGLE[name]} ulp of a single`, () => {
      let [worst, at] = [0, Number.NaN];
      const look = (x: number): void => {
        if (outside(name, x)) return;
        const e = ulps(name, x);
        if (!(e <= worst)) [worst, at] = [e, x];
      };
      for (const x of sampled(2 ** 10)) look(x);
      for (const x of walks.flat()) look(x);
      expect(worst, `${name}(${at})`).toBeLessThanOrEqual(ULPS_SINGLE[name]);
    });
  test('the bounds are what the worst of all singles come next to', () => {
    const worst: Readonly<Record<Short, number>> = {
      exp: -5.8420257568359375,
      expm1: 0.3896033465862274,
      log: 0.7065256237983704,
      log1p: 0.42419305443763733,
      sigmoid: 1.7267333269119263,
      tanh: 0.5194606781005859,
      softplus: -0.4335385262966156,
    };
    for (const name of SHORT) expect(ULPS_SINGLE[name] - ulps(name, worst[name]), name).toBeLessThan(0.1);
  });
  test('the other functions are their doubles, rounded', () => {
    for (const name of NAMES.filter((n) => !(n in TEXTS)))
      for (const x of sampled(2 ** 14))
        if (!Object.is(elementarySingle[name](x), fround(elementary[name](x)))) expect.fail(`${name}(${x})`);
  });
  test('each has a row, which declares it', () => {
    for (const name of NAMES) expect(ROWS[name].ulpSingle).toBe(ULPS_SINGLE[name]);
  });
});

test('no step down', () => {
  for (const name of SHORT)
    for (const up of walks) {
      const inside = up.filter((x) => !outside(name, x));
      const ys = inside.map(elementarySingle[name]);
      const down = ys.findIndex((y, i) => !(y >= (ys[i - 1] ?? y)));
      expect(down, `${name} at ${inside[down]}: ${ys[down - 1]}, then ${ys[down]}`).toBe(-1);
    }
  // where the argument's steps are many to one of the result, or the other way round
  for (const name of SHORT)
    for (let k = 0; k < 400; k++) {
      const x = fround(0.003 * 1.03 ** k);
      for (const a of [x, -x].filter((v) => !outside(name, v)))
        expect(elementarySingle[name](a)).toBeLessThanOrEqual(elementarySingle[name](nextUp(a, 'f32')));
    }
});

test('special values', () => {
  const { POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: less, NaN: nan } = Number;
  const [least, most] = [2 ** -149, (2 - 2 ** -23) * 2 ** 127];
  const table: Readonly<Record<Short, readonly (readonly [x: number, y: number])[]>> = {
    exp: [
      [0, 1],
      [-0, 1],
      [inf, inf],
      [less, 0],
      [fround(88.72284), inf],
      [most, inf],
      [-103.9, least],
      [-103.98, 0],
    ],
    expm1: [
      [0, 0],
      [-0, -0],
      [inf, inf],
      [most, inf],
      [less, -1],
      [-most, -1],
      [least, least],
      [-least, -least],
    ],
    log: [
      [1, 0],
      [0, less],
      [-0, less],
      [-least, nan],
      [less, nan],
      [inf, inf],
      [least, fround(-103.27892990343185)],
      [most, fround(88.72283905206835)],
    ],
    log1p: [
      [0, 0],
      [-0, -0],
      [least, least],
      [-least, -least],
      [-1, less],
      [nextDown(-1, 'f32'), nan],
      [less, nan],
      [inf, inf],
      [most, fround(88.72283905206835)],
    ],
    sigmoid: [
      [0, 0.5],
      [-0, 0.5],
      [inf, 1],
      [most, 1],
      [less, 0],
      [-most, 0],
      [-103.5, least],
      [-103.98, 0],
    ],
    tanh: [
      [0, 0],
      [-0, -0],
      [least, least],
      [-least, -least],
      [inf, 1],
      [less, -1],
      [most, 1],
    ],
    softplus: [
      [0, fround(Math.LN2)],
      [-0, fround(Math.LN2)],
      [inf, inf],
      [most, most],
      [less, 0],
      [-most, 0],
      [-103.9, least],
      [-103.98, 0],
    ],
  };
  for (const name of SHORT) {
    expect(elementarySingle[name](nan), `${name}(NaN)`).toBeNaN();
    for (const [x, y] of table[name])
      expect(elementarySingle[name](fround(x)), `${name}(${Object.is(x, -0) ? '-0' : x})`).toBe(
        Number.isFinite(y) ? fround(y) : y,
      );
  }
});

test('bounds and symmetries hold to the last bit', () => {
  const { sigmoid, tanh, softplus } = elementarySingle;
  const bad = (x: number): boolean =>
    !(sigmoid(x) >= 0 && sigmoid(x) <= 1 && softplus(x) >= Math.max(x, 0) && Math.abs(tanh(x)) <= 1) ||
    !Object.is(tanh(-x), -tanh(x)) ||
    fround(sigmoid(x) * sigmoid(-x)) > 1 / 4 || // the slope, as rows compute it
    Math.abs(sigmoid(x) + sigmoid(-x) - 1) > 3 * 2 ** -24;
  for (const x of sampled(2 ** 12)) if (bad(x)) expect.fail(`at ${x}`);
  for (const up of walks) expect(up.find(bad)).toBeUndefined();
  // next to 0, where the slope is nearest to ¼: every single of a few binades, thinned out
  for (let x = 2 ** -25; x < 2 ** -8; x = fround(x * (1 + 2 ** -13))) if (bad(x)) expect.fail(`at ${x}`);
});

describe('one value', () => {
  /** What the language leaves open: powers and exponents out of range, and the sign of a 0 that is an integer. */
  const other: typeof singles = {
    ...singles,
    pow2: (n) => (Number.isInteger(n) && n >= -126 && n <= 127 ? singles.pow2(n) : -3),
    exponent: (a) => (a >= 2 ** -126 && a < Number.POSITIVE_INFINITY ? singles.exponent(a) : 1000),
    nearestInt: (a) => singles.copySign(singles.nearestInt(a), a),
  };
  const edges = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0];
  const places = [...edges, ...sampled(2 ** 17), ...walks.flat().filter((_, i) => i % 7 === 0)];
  for (const [name, f] of Object.entries(TEXTS))
    test(`${name}, read as numbers or as code, whatever the language leaves open`, () => {
      const code = functionOf(f, 24);
      const differing = places.filter((x) => {
        const y = f(singles, x);
        return !Object.is(y, code(x)) || !Object.is(y, f(other, x)) || !Object.is(y, fround(y));
      });
      expect(differing).toEqual([]);
    });
});

describe('the normal quantile of a draw', () => {
  const inverse = functionOf(quantileOfDraw, 24);
  /** Every so many-th of the uniforms there are, all of those next to the ends and to ½. */
  const draws = Array.from({ length: 2 ** 23 }, (_, k) => k)
    .filter((k) => k % 37 === 0 || Math.min(k, 2 ** 23 - 1 - k, Math.abs(k - 2 ** 22)) < 5000)
    .map((k) => (k + 0.5) * 2 ** -23);
  test('is that of numbers to the last bit as doubles', () => {
    const places = [0.5, 0.075, 0.925, 1e-11, 2 ** -53, 1 - 2 ** -53];
    for (let k = 1; k < 2000; k++) places.push(k / 2000, 2 ** (-k / 40), 1 - 2 ** (-k / 40));
    for (const p of places) expect(quantileOfDraw(numbers, p)).toBe(normalQuantile(p));
  });
  test('has a relative error of at most 3e-7 as singles', () => {
    const worst = draws.reduce((most, u) => Math.max(most, Math.abs(inverse(u) / normalQuantile(u) - 1)), 0);
    expect(worst).toBeLessThan(3e-7);
  });
  test('is the same read as singles, and odd', () => {
    const differing = draws.filter(
      (u) => !Object.is(quantileOfDraw(singles, u), inverse(u)) || inverse(1 - u) !== -inverse(u),
    );
    expect(differing).toEqual([]);
  });
});
