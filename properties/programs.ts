// Generators of programs as data: chains of operations whose values stay whole numbers, smooth scalars, and unary chains.
import fc from 'fast-check';
import { cotangent, extent, filled, moderate, orZeros, small, type Values } from './arbitraries.ts';
import type { Equation } from './args.ts';
import { rowOf } from './contract.ts';
import type { PortInfo } from './port.ts';

/** A program, its inputs and a tangent for each. */
export interface ProgramCase {
  readonly equations: readonly Equation[];
  readonly inputs: readonly Values[];
  readonly u: readonly Values[];
  /** A second tangent. */
  readonly v: readonly Values[];
  /** A cotangent of the last value. */
  readonly dy: Values;
}

/** What a whole-number program is made of, beside the product of matrices that it begins with. */
const UNARY = ['neg', 'relu', 'abs', 'square', 'identity'];
const BINARY = ['add', 'sub', 'mul', 'maximum', 'minimum'];
/** Operations that square the size of values, of which a program has two at most. */
const GROWING = ['square', 'mul'];

/** Numbers of few digits that seldom meet: whole ones, and such with a quarter or an eighth behind them. */
const whole = fc.constantFrom(1, -1, 2, -2, 3, -3);
const behind = (part: number): fc.Arbitrary<number> => fc.integer({ min: -2, max: 2 }).map((k) => k + part);

/**
 * a·b and then up to four steps, now and then up to twelve, on matrices of that shape, with c [n, m] and a row r [m] that broadcasts; ends in a
 * scalar where asked. Every value and derivative has so few binary digits that no sum or product rounds.
 */
export const wholeProgram = (port: PortInfo, scalar = false): fc.Arbitrary<ProgramCase> => {
  const usable = [...UNARY, ...BINARY].filter((op) => port.ops.includes(op));
  const step = fc.record({ op: fc.constantFrom(...usable), from: fc.nat({ max: 9 }), other: fc.nat({ max: 9 }) });
  return fc
    .record({
      sizes: fc.tuple(extent(3), extent(3), extent(3)),
      steps: fc.oneof(
        { withCrossShrink: true },
        { arbitrary: fc.array(step, { maxLength: 4 }), weight: 5 },
        // longer ones double what they have at most, once per step
        { arbitrary: fc.array(step, { minLength: 6, maxLength: 12 }), weight: port.dtype === 'f64' ? 1 : 0 },
      ),
      still: fc.integer({ min: 0, max: 7 }).map((k) => k === 7),
    })
    .chain(({ sizes: [n, k, m], steps, still }) => {
      const shapes = [[n, k], [k, m], [n, m], [m]];
      const most = port.dtype === 'f64' && steps.length <= 4 ? 2 : 1;
      const equations: Equation[] = [{ op: 'matmul', reads: [0, 1] }];
      let growth = 0;
      for (const { op, from, other } of steps) {
        if (GROWING.includes(op) && ++growth > most) continue;
        const made = equations.length;
        // the newest value or an earlier one; the matrix c, the row r, or an earlier value beside it
        const first = 4 + made - 1 - (from % Math.min(2, made));
        const second = [2, 3, 4 + (other % made)][other % 3] ?? 2;
        equations.push({ op, reads: BINARY.includes(op) ? [first, second] : [first] });
      }
      if (scalar) equations.push({ op: 'sum', reads: [3 + equations.length], params: { axes: [0, 1], keep: false } });
      const tensors = (value: fc.Arbitrary<number>) => fc.tuple(...shapes.map((s) => orZeros(s, value)));
      return fc.record({
        equations: fc.constant(equations),
        inputs: fc.tuple(...shapes.map((s, i) => filled(s, i === 2 ? behind(1 / 4) : i === 3 ? behind(1 / 8) : whole))),
        u: tensors(still ? fc.constant(0) : small),
        v: tensors(small),
        dy: filled(scalar ? [] : [n, m], fc.integer({ min: -4, max: 4 })),
      });
    });
};
export const WHOLE_OPS = ['matmul', 'sum', ...UNARY, ...BINARY];

/** Σ f(x·w + b)² of smooth f, a scalar with second derivatives everywhere. */
export const smoothProgram = (port: PortInfo, names: readonly string[]): fc.Arbitrary<ProgramCase> =>
  fc.tuple(extent(2), extent(2), extent(2), fc.constantFrom(...names)).chain(([n, k, m, name]) => {
    const shapes = [[n, k], [k, m], [m]];
    const tensors = (value: fc.Arbitrary<number>) => fc.tuple(...shapes.map((s) => filled(s, value)));
    return fc.record({
      equations: fc.constant<readonly Equation[]>([
        { op: 'matmul', reads: [0, 1] },
        { op: 'add', reads: [3, 2] },
        { op: name, reads: [4] },
        { op: 'square', reads: [5] },
        { op: 'sum', reads: [6], params: { axes: [0, 1], keep: false } },
      ]),
      inputs: tensors(moderate(port.dtype).map((v) => v / 4)),
      u: tensors(cotangent(port.dtype)),
      v: tensors(cotangent(port.dtype)),
      dy: fc.constant({ shape: [], data: [1] }),
    });
  });

/** Two chains of operations of one argument each, to be run one after the other. */
export interface ChainCase {
  readonly first: readonly Equation[];
  readonly second: readonly Equation[];
  readonly x: Values;
  readonly dy: Values;
}

export const chains = (port: PortInfo): fc.Arbitrary<ChainCase> => {
  const names = port.ops.filter((op) => {
    const { kind, args, activation, sample } = rowOf(op);
    return kind === 'pointwise' && args.length === 1 && (activation || op === 'neg') && sample([[]]) === undefined;
  });
  const chain = fc
    .oneof(
      { withCrossShrink: true },
      { arbitrary: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }), weight: 5 },
      { arbitrary: fc.array(fc.constantFrom(...names), { minLength: 4, maxLength: 9 }), weight: 1 },
    )
    .map((ops): readonly Equation[] => ops.map((op, i) => ({ op, reads: [i] })));
  return fc.record({
    first: chain,
    second: chain,
    x: filled([2, 3], moderate(port.dtype)),
    dy: filled([2, 3], cotangent(port.dtype)),
  });
};
