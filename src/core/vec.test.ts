// The vector language by what its verbs mean, read as numbers and as code, bit for bit.
import { describe, expect, test } from 'vitest';
import { codeOf, compiled, lazily } from './code.ts';
import { either, isSingle, leastNormal, numbers, singles, type Vec, widely } from './vec.ts';

type Program = <V, M>(v: Vec<V, M>, a: V, b: V) => V;
type Function2 = (a: number, b: number) => number;
const fromCode =
  (digits: 53 | 24) =>
  (f: Program): Function2 => {
    const { lines, value } = codeOf((v) => f(v, 'a', 'b'), digits);
    return compiled(`(a, b) => { ${lines.join(' ')} return ${value}; }`, {}) as Function2; // this host has a compiler
  };
/** What a reading rounds to, its exponents, the bits that `head` drops, and the spacing at 1. */
interface Format {
  readonly round: (x: number) => number;
  readonly most: number;
  readonly dropped: bigint;
  readonly epsilon: number;
}
const DOUBLE: Format = { round: (x) => x, most: 1023, dropped: 27n, epsilon: 2 ** -52 };
const SINGLE: Format = { round: Math.fround, most: 127, dropped: 12n + 29n, epsilon: 2 ** -23 };
const READINGS: Readonly<Record<string, readonly [(f: Program) => Function2, Format]>> = {
  numbers: [(f) => (a, b) => f(numbers, a, b), DOUBLE],
  code: [fromCode(53), DOUBLE],
  singles: [(f) => (a, b) => f(singles, a, b), SINGLE],
  'code in singles': [fromCode(24), SINGLE],
};
const { POSITIVE_INFINITY: INF, NaN: NAN } = Number;
const EDGES = [
  0,
  1,
  0.5,
  1.5,
  2.5,
  3.7,
  1 / 3,
  2 ** -1074,
  2 ** -149,
  2 ** 22 + 0.5,
  2 ** 23 - 0.5,
  2 ** 23 + 1,
  2 ** 51 + 0.5,
  2 ** 52 - 0.5,
  2 ** 52,
  2 ** 52 + 1,
  2 ** 53 + 2,
  1e30,
  1e300,
  INF,
  NAN,
];
const ALL = EDGES.flatMap((x) => [x, -x]);
const bits = (x: number): bigint => new BigUint64Array(new Float64Array([x]).buffer)[0] as bigint; // one number
const number = (b: bigint): number => new Float64Array(new BigUint64Array([b]).buffer)[0] as number; // one number
/** To the nearest, ties to even; 0 without a sign. */
const rounded = (x: number): number => {
  const low = Math.floor(x);
  const up = x - low > 0.5 || (x - low === 0.5 && low % 2 !== 0);
  return (Number.isFinite(x) && up ? low + 1 : low) + 0;
};
/** What holds of a choice, as a number. */
const chosen =
  (choice: <V, M>(v: Vec<V, M>, a: V, b: V) => M): Program =>
  (v, a, b) =>
    v.pick(choice(v, a, b), v.lit(1), v.lit(-0));

/** Verbs of two numbers by what they mean. */
const TWO: Readonly<Record<string, readonly [Program, (a: number, b: number) => number]>> = {
  add: [(v, a, b) => v.add(a, b), (a, b) => a + b],
  sub: [(v, a, b) => v.sub(a, b), (a, b) => a - b],
  mul: [(v, a, b) => v.mul(a, b), (a, b) => a * b],
  div: [(v, a, b) => v.div(a, b), (a, b) => a / b],
  less: [chosen((v, a, b) => v.less(a, b)), (a, b) => (a < b ? 1 : -0)],
  atMost: [chosen((v, a, b) => v.atMost(a, b)), (a, b) => (a <= b ? 1 : -0)],
  copySign: [
    (v, a, b) => v.copySign(a, b),
    (a, b) => (Number.isNaN(a) ? a : number((bits(a) & ~(1n << 63n)) | (bits(b) & (1n << 63n)))),
  ],
};
const ONE: Readonly<Record<string, readonly [Program, (a: number, round: Format['round']) => number]>> = {
  neg: [(v, a) => v.neg(a), (a) => -1 * a],
  abs: [(v, a) => v.abs(a), (a) => (Number.isNaN(a) ? a : number(bits(a) & ~(1n << 63n)))],
  sqrt: [(v, a) => v.sqrt(a), Math.sqrt],
  floor: [(v, a) => v.floor(a), Math.floor],
  nearestInt: [(v, a) => v.nearestInt(a), rounded],
  twice: [(v, a) => v.add(v.neg(a), v.neg(a)), (a) => -a - a], // a term that comes twice
  poly: [
    (v, a) => v.poly(a, [0.1, -0, 1 / 3]),
    (a, round) => round(round(round(round(1 / 3) * a) + -0) * a) + round(0.1),
  ],
};

/** The arguments for which two functions are not the same number. */
const differing = (f: Function2, g: Function2, args: readonly (readonly [number, number])[]) =>
  args.filter(([a, b]) => !Object.is(f(a, b), g(a, b)));

for (const [reading, [read, { round, most, dropped, epsilon }]] of Object.entries(READINGS))
  describe(`read as ${reading}`, () => {
    const all = [...new Set(ALL.map(round))];
    test('verbs of two numbers', () => {
      for (const [name, [program, meaning]] of Object.entries(TWO)) {
        const pairs = all.flatMap((a) => all.map((b) => [a, b] as const));
        const args = pairs.filter(([, b]) => name !== 'copySign' || !Number.isNaN(b)); // NaN has a sign of no meaning
        expect(
          differing(read(program), (a, b) => round(meaning(a, b)), args),
          name,
        ).toEqual([]);
      }
    });
    test('verbs of one', () => {
      for (const [name, [program, meaning]] of Object.entries(ONE)) {
        const args = all.map((a) => [a, 0] as const);
        expect(
          differing(read(program), (a) => round(meaning(a, round)), args),
          name,
        ).toEqual([]);
      }
    });
    test('powers of two, exponents, and numbers without their lowest bits', () => {
      const powers = Array.from({ length: 2 * most }, (_, i) => [i - most + 1, 0] as const);
      const power = read((v, a) => v.pow2(a));
      expect(differing(power, (n) => 2 ** n, powers)).toEqual([]);
      for (const part of [1, 1.5, 2 - epsilon]) {
        const exponent = read((v, a) => v.exponent(a));
        expect(
          differing(
            (n) => exponent(part * 2 ** n, 0),
            (n) => n,
            powers,
          ),
        ).toEqual([]);
      }
      const some = [
        1,
        -1,
        1 / 3,
        -Math.PI,
        2 - epsilon,
        1 + epsilon,
        1 + 2 ** -12,
        1 + 2 ** -25,
        1 + 2 ** -26,
        1e30,
        1e300,
        2 ** -1022,
      ].map(round);
      const head = read((v, a) => v.head(a));
      expect(some.map((x) => head(x, 0))).toEqual(some.map((x) => number((bits(x) >> dropped) << dropped)));
    });
    test('literals of every kind', () => {
      for (const x of ALL) expect(read((v) => v.lit(x))(0, 0)).toBe(round(x));
      expect(read((v, a) => v.mul(v.lit(-0), a))(1, 0)).toBe(-0);
      expect(read((v, a) => v.sub(a, v.lit(-0.5)))(1, 0)).toBe(1.5);
    });
    test('what is told apart by digits', () => {
      const single = round(0.1) !== 0.1;
      expect(read((v) => v.lit(isSingle(v) ? 24 : 53))(0, 0)).toBe(single ? 24 : 53);
      expect(read((v, a) => either((w, x) => w.add(x, x), (w, x) => w.neg(x))(v, a))(3, 0)).toBe(single ? -3 : 6); // biome-ignore format: two texts
      expect(read((v) => leastNormal(v))(0, 0)).toBe(2 ** (1 - most));
    });
    test('a text that is read as doubles wherever it is read, and rounded at its end', () => {
      // sums that vanish in singles; the text itself sees doubles
      const f = widely((v, x) => v.sub(v.add(v.mul(x, v.lit(0.1)), v.lit(isSingle(v) ? 1 : 2 ** 30)), v.lit(2 ** 30)));
      for (const x of [1, -3, round(1 / 3)])
        expect(read((v, a) => f(v, a))(x, 0)).toBe(round(x * 0.1 + 2 ** 30 - 2 ** 30));
    });
  });

describe('code', () => {
  test('computes equal terms once', () => {
    const { lines, value } = codeOf((v) => v.mul(v.add('a', 'b'), v.add('a', 'b')));
    expect(lines).toEqual(['const t0 = a + b;', 'const t1 = t0 * t0;']);
    expect(value).toBe('t1');
  });
  test('sees the names it is closed over, and is strict', () => {
    expect(compiled<(x: number) => number>('(x) => x + y', { y: 2 })?.(1)).toBe(3);
    expect(compiled<() => unknown>('function () { return this; }', {})?.()).toBeUndefined();
  });
  test('that is none is a defect of ours, and no host without a compiler', () => {
    expect(() => compiled('(', {})).toThrow(SyntaxError);
  });
  test('is made once, when it is first asked for', () => {
    let made = 0;
    const get = lazily(() => ++made);
    expect([made, get(), get(), made]).toEqual([0, 1, 1, 1]);
  });
});
