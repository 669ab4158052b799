// Pointwise rows read in singles: within their ulps of the rounded double, at numbers of every size and where the two meet an edge.
import { describe, expect, test } from 'vitest';
import { spacing } from '../../properties/tolerance.ts';
import { codeOf, compiled } from '../core/code.ts';
import { OP_NAMES, type Op, type OpName, ROWS } from '../index.ts';

const { fround } = Math;
const POINTWISE = OP_NAMES.filter((name) => ROWS[name].kind === 'pointwise');
type Function = (...xs: readonly number[]) => number;

/** A row as a function of its arguments and then its parameters, in doubles or singles. */
const functionOf = (name: OpName, digits: 53 | 24): Function => {
  const { args, lower, sample } = ROWS[name];
  const { inner } = lower as Extract<Op['lower'], { as: 'each' }>; // of a pointwise row
  const params = Object.keys((sample([]) ?? {}) as object).map((p) => `p_${p}`);
  const p = Object.fromEntries(params.map((q) => [q.slice(2), q]));
  const { lines, value } = codeOf((v) => inner(v, args, p), digits);
  return compiled(`(${[...args, ...params]}) => { ${lines.join(' ')} return ${value}; }`, {}) as Function; // this host has a compiler
};

/** A sequence that fills the unit interval evenly. @source Weyl 1916 */
const spread = (n: number, by: number): readonly number[] => Array.from({ length: n }, (_, i) => ((i + 1) * by) % 1);

const EDGES = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  0,
  2 ** -149,
  2 ** -126,
  2 ** -54,
  2 ** -24,
  1,
  3,
  89,
  104,
  2 ** 127,
];
/** Edges, every second power of two with some digits behind it, and numbers between 0 and 1 and around. */
const SOME = [
  ...EDGES,
  ...spread(138, 0.754877666).map((u, i) => (1 + u) * 2 ** (2 * i - 149)),
  ...spread(60, 0.569840291).map((u) => u),
  ...spread(30, 0.362740365).map((u) => 1 - u ** 6),
  ...spread(60, 0.618033989).map((u) => 12 * u),
]
  .flatMap((x) => [x, -x])
  .map(fround);
const MANY = [...SOME, ...spread(40_000, 0.7548776662).flatMap((u, i) => [(1 + u) * 2 ** ((i % 277) - 149), 24 * u])]
  .flatMap((x) => [x, -x])
  .map(fround);
/** Two numbers next to each other, of which a ratio or a difference is taken. */
const CLOSE = spread(4000, 0.4142135623).map((u, i) => {
  const x = fround((1 + u) * 2 ** -(1 + (i % 9)));
  return [x, fround(x * (1 + (u - 0.5) * 2 ** -(i % 23)))] as const;
});

const inputs = (name: OpName): readonly (readonly number[])[] => {
  const { args, domain } = ROWS[name];
  const inside = (xs: readonly number[]): boolean =>
    xs.every((x, k) => {
      const [low, high] = domain[k] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      return Number.isNaN(x) || (x >= low && x <= high);
    });
  if (args.length === 1) return MANY.map((x) => [x]).filter(inside);
  if (args.length === 2) return [...SOME.flatMap((x) => SOME.map((y) => [x, y])), ...CLOSE].filter(inside);
  return SOME.flatMap((c) => SOME.map((x, i) => [c, x, SOME[(7 * i + 3) % SOME.length] as number])); // in range
};

describe('read in singles', () => {
  for (const name of POINTWISE)
    test(`${name} is within ${ROWS[name].ulpSingle} ulp of its double`, () => {
      const [f, g] = [functionOf(name, 24), functionOf(name, 53)];
      const params = Object.values((ROWS[name].sample([]) ?? {}) as Readonly<Record<string, number>>).map(fround);
      const { ulpSingle } = ROWS[name];
      for (const xs of inputs(name)) {
        const [got, double] = [f(...xs, ...params), g(...xs, ...params)];
        const near = fround(double);
        // the double itself is off by some 2⁻²⁹ of such units
        const off = Math.abs(got - double) / spacing(near, 'f32') <= ulpSingle + 2 ** -26;
        const right = ulpSingle > 1 / 2 && Number.isFinite(near) && near !== 0 ? off : Object.is(got, near);
        if (!right && !(off && got !== 0 && near === 0))
          expect.fail(`${name}(${xs}) is ${Object.is(got, -0) ? '-0' : got}, its double rounds to ${near}`);
      }
    });
});

test('no row is allowed more in singles than the contract allows: what is exact stays so', () => {
  for (const name of OP_NAMES) {
    const { ulp, ulpSingle } = ROWS[name];
    expect(ulpSingle <= (ulp <= 1 / 2 ? ulp : 4), name).toBe(true);
  }
});
