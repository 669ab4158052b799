// What the kernels of matrix products are made of: numbers in lanes, sums of products, loops, squares that are turned.
import type { Dtype } from './program.ts';
import {
  add,
  type Code,
  type I32,
  i32,
  type Local,
  type Locals,
  loopWhile,
  lt,
  memarg,
  op,
  seq,
  simd,
  storeLane,
  sub,
  type V128,
  v128,
  when,
  whileLoop,
} from './wasm.ts';

/**
 * `reproducible`: every operation is rounded, in an order that is fixed, so that results are the same on every machine, and
 * those of the eager engine in f64. `fast`: a product in a sum is not rounded on its own where the processor can do that.
 */
export type Mode = 'reproducible' | 'fast';

/** A matrix in memory: where it begins, and how many bytes its lines and the elements of a line lie apart. */
export interface Matrix {
  readonly at: number;
  readonly line: number;
  readonly step: number;
}
/** C = A·B, of m × k and k × n. The elements of a line of C lie side by side, and C overlaps neither A nor B. */
export interface Product {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Omit<Matrix, 'step'>;
  readonly m: number;
  readonly n: number;
  readonly k: number;
}
/** The matrix turned, where it lies. */
export const turned = ({ at, line, step }: Matrix): Matrix => ({ at, line: step, step: line });

/** Bytes of a number, numbers in a vector, and the instructions of a kind of number. */
const FORMATS = {
  f32: { bytes: 4, lanes: 4, splat: 0x09, loadLane: 0x56, loadFirst: 0x5c, add: 0xe4, mul: 0xe6, multiplyAdd: 0x105 },
  f64: { bytes: 8, lanes: 2, splat: 0x0a, loadLane: 0x57, loadFirst: 0x5d, add: 0xf0, mul: 0xf2, multiplyAdd: 0x107 },
} as const;

/** Bytes of a vector. */
export const VECTOR = 16;
export const ZERO: V128 = v128(Array<number>(VECTOR).fill(0));

export interface Arithmetic {
  readonly dtype: Dtype;
  readonly bytes: 4 | 8;
  readonly lanes: 4 | 2;
  /** One number from memory in all lanes. */
  readonly splat: (at: I32, offset?: number) => V128;
  /** Numbers from these places in the first lanes, 0 in the others. */
  readonly gather: (places: readonly { readonly at: I32; readonly offset?: number }[]) => V128;
  /** Stores a lane. */
  readonly storeLane: (at: I32, v: V128, lane: number, offset?: number) => Code;
  /** sum + a · b. */
  readonly multiplyAdd: (a: V128, b: V128, sum: V128) => V128;
}

export const arithmetic = (dtype: Dtype, mode: Mode): Arithmetic => {
  const { bytes, lanes, ...codes } = FORMATS[dtype];
  return {
    dtype,
    bytes,
    lanes,
    splat: (at, offset = 0) => simd(codes.splat, [at], memarg(offset)),
    gather: (places) =>
      places.reduce(
        (v: V128, { at, offset = 0 }, lane) =>
          lane === 0
            ? simd(codes.loadFirst, [at], memarg(offset))
            : simd(codes.loadLane, [at, v], [...memarg(offset), lane]),
        ZERO,
      ),
    storeLane: (at, v, lane, offset) => storeLane(dtype === 'f32' ? 32 : 64, at, v, lane, offset),
    multiplyAdd: (a, b, sum) =>
      mode === 'fast' ? simd(codes.multiplyAdd, [a, b, sum]) : simd(codes.add, [sum, simd(codes.mul, [a, b])]),
  };
};

export const range = <T>(n: number, of: (i: number) => T): readonly T[] => Array.from({ length: n }, (_, i) => of(i));
/** What becomes of the pairs of two lists of equal length. */
export const zipped = <A, B, C>(as: readonly A[], bs: readonly B[], of: (a: A, b: B) => C): readonly C[] =>
  as.flatMap((a, i) => bs.slice(i, i + 1).map((b) => of(a, b)));

export const advance = (x: Local<'i32'>, by: I32): Code => x.set(add(x.get, by));
/** The body as often as the counter says, which is 0 afterwards. */
export const countdown = (counter: Local<'i32'>, body: Code): Code =>
  when(counter.get, loopWhile(body, counter.tee(sub(counter.get, i32(1)))));
/** The body while the counter is at least n; each time it is that much less. */
export const countdownBy = (n: number, counter: Local<'i32'>, body: Code): Code =>
  whileLoop(lt(i32(n - 1), counter.get), seq(body, counter.set(sub(counter.get, i32(n)))));
/** The body for x = 0, by, 2·by, … below `to`. */
export const steps = (x: Local<'i32'>, to: I32, by: I32, body: Code): Code =>
  seq(x.set(i32(0)), whileLoop(lt(x.get, to), seq(body, advance(x, by))));
/** Zeros, so many bytes. */
export const clear = (at: I32, bytes: I32): Code => op(0xfc, [at, i32(0), bytes], [0x0b, 0]);

/** A square of numbers, turned: code that comes before, and then its columns. */
export interface Square {
  readonly turn: Code;
  readonly columns: readonly V128[];
}
/** Turns as many vectors as a vector has lanes. Every round is a perfect shuffle of two halves. */
export const square = ({ bytes, lanes }: Arithmetic, l: Locals, lines: readonly V128[]): Square => {
  /** The lanes of one half of a and of b, in turn. */
  const mixed = (half: number, a: V128, b: V128): V128 => {
    const from = range(lanes, (i) => (half * lanes) / 2 + (i >> 1) + (i % 2) * lanes);
    return simd(
      0x0d,
      [a, b],
      from.flatMap((lane) => range(bytes, (byte) => lane * bytes + byte)),
    );
  };
  const round = ({ turn, columns }: Square): Square => {
    const kept = columns.map((code) => ({ code, v: l.v128() }));
    const halves = [kept.slice(0, lanes / 2), kept.slice(lanes / 2)] as const;
    return {
      turn: seq(turn, ...kept.map(({ code, v }) => v.set(code))),
      columns: zipped(...halves, (a, b) => [mixed(0, a.v.get, b.v.get), mixed(1, a.v.get, b.v.get)]).flat(),
    };
  };
  const once = round({ turn: [], columns: lines });
  return lanes === 2 ? once : round(once);
};
