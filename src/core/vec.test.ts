// The vector language by what its verbs mean, read as numbers and as code, bit for bit.
import { describe, expect, test } from 'vitest';
import { codeOf, compiled, lazily } from './code.ts';
import { numbers, type Vec } from './vec.ts';

type Program = <V, M>(v: Vec<V, M>, a: V, b: V) => V;
type Function2 = (a: number, b: number) => number;
const READINGS: Readonly<Record<string, (f: Program) => Function2>> = {
  numbers: (f) => (a, b) => f(numbers, a, b),
  code: (f) => {
    const { lines, value } = codeOf((v) => f(v, 'a', 'b'));
    return compiled(`(a, b) => { ${lines.join(' ')} return ${value}; }`, {}) as Function2; // this host has a compiler
  },
};
const { POSITIVE_INFINITY: INF, NaN: NAN } = Number;
const EDGES = [
  0,
  1,
  0.5,
  1.5,
  2.5,
  3.7,
  2 ** -1074,
  2 ** 51 + 0.5,
  2 ** 52 - 0.5,
  2 ** 52,
  2 ** 52 + 1,
  2 ** 53 + 2,
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
const ONE: Readonly<Record<string, readonly [Program, (a: number) => number]>> = {
  neg: [(v, a) => v.neg(a), (a) => -1 * a],
  abs: [(v, a) => v.abs(a), (a) => (Number.isNaN(a) ? a : number(bits(a) & ~(1n << 63n)))],
  sqrt: [(v, a) => v.sqrt(a), Math.sqrt],
  floor: [(v, a) => v.floor(a), Math.floor],
  nearestInt: [(v, a) => v.nearestInt(a), rounded],
  twice: [(v, a) => v.add(v.neg(a), v.neg(a)), (a) => -a - a], // a term that comes twice
  poly: [(v, a) => v.poly(a, [3, -0, 5]), (a) => (5 * a + -0) * a + 3],
};

/** The arguments for which two functions are not the same number. */
const differing = (f: Function2, g: Function2, args: readonly (readonly [number, number])[]) =>
  args.filter(([a, b]) => !Object.is(f(a, b), g(a, b)));

for (const [reading, read] of Object.entries(READINGS))
  describe(`read as ${reading}`, () => {
    test('verbs of two numbers', () => {
      for (const [name, [program, meaning]] of Object.entries(TWO)) {
        const pairs = ALL.flatMap((a) => ALL.map((b) => [a, b] as const));
        const args = pairs.filter(([, b]) => name !== 'copySign' || !Number.isNaN(b)); // NaN has a sign of no meaning
        expect(differing(read(program), meaning, args), name).toEqual([]);
      }
    });
    test('verbs of one', () => {
      for (const [name, [program, meaning]] of Object.entries(ONE)) {
        const args = ALL.map((a) => [a, 0] as const);
        expect(differing(read(program), meaning, args), name).toEqual([]);
      }
    });
    test('powers of two, exponents, and numbers without their lowest 27 bits', () => {
      const powers = Array.from({ length: 2046 }, (_, i) => [i - 1022, 0] as const);
      const power = read((v, a) => v.pow2(a));
      expect(differing(power, (n) => 2 ** n, powers)).toEqual([]);
      for (const part of [1, 1.5, 2 - 2 ** -52]) {
        const exponent = read((v, a) => v.exponent(a));
        expect(
          differing(
            (n) => exponent(part * 2 ** n, 0),
            (n) => n,
            powers,
          ),
        ).toEqual([]);
      }
      const some = [1, -1, 1 / 3, -Math.PI, 2 - 2 ** -52, 1 + 2 ** -25, 1 + 2 ** -26, 1e300, 2 ** -1022];
      const head = read((v, a) => v.head(a));
      expect(some.map((x) => head(x, 0))).toEqual(some.map((x) => number((bits(x) >> 27n) << 27n)));
    });
    test('literals of every kind', () => {
      for (const x of ALL) expect(read((v) => v.lit(x))(0, 0)).toBe(x);
      expect(read((v, a) => v.mul(v.lit(-0), a))(1, 0)).toBe(-0);
      expect(read((v, a) => v.sub(a, v.lit(-0.5)))(1, 0)).toBe(1.5);
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
