// Kernels of values that no loop nest holds: numbers moved about, random numbers, and kernels of the table called from within.
import type { Key } from '../core/key.ts';
import { stridesOnto } from '../core/shape.ts';
import { isSingle } from '../core/vec.ts';
import { type Lanes, type Place, placed, type Root, storeFirst, type Term } from './lanes.ts';
import type { Count, Draw, Gather, HostCall } from './lower.ts';
import { behind, repeat, type Share, scratchOf } from './nest.ts';
import type { Buffer } from './program.ts';
import {
  add,
  type Code,
  type I32,
  i32,
  type Locals,
  load,
  mul,
  op,
  select,
  seq,
  simd,
  store,
  type V128,
} from './wasm.ts';

/** A place as the code that computes it. */
export const addressOf = ({ moving, offset }: Place) =>
  moving === undefined ? i32(offset) : add(moving.get, i32(offset));

/** Every number from the place that the strides say, one after the other. */
export const gatherCode = (
  { shape, strides }: Pick<Gather, 'shape' | 'strides'>,
  { width }: Lanes,
  from: number,
  to: number,
  l: Locals,
  share?: Share,
): Code => {
  const type = width === 8 ? 'i64' : 'i32'; // bits, so that no NaN is touched
  const own = stridesOnto(shape, shape);
  const along = (axis: number, source: Place, target: Place): Code => {
    const n = shape[axis];
    if (n === undefined) return store(type, addressOf(target), load(type, addressOf(source)));
    return repeat(
      l,
      n,
      [
        { from: source, by: (strides[axis] ?? 0) * width },
        { from: target, by: (own[axis] ?? 0) * width },
      ],
      (s = source, t = target) => along(axis + 1, s, t),
      4,
      axis === 0 ? share : undefined,
    );
  };
  return along(0, { offset: from }, { offset: to });
};

/** A count that goes on. */
export const countCode = ({ by }: Count, from: number, to: number): Code => {
  const step: Code<'f64'> = [0x44, ...new Uint8Array(new Float64Array([by]).buffer)];
  return store('f64', i32(to), op(0xa0, [load('f64', i32(from)), step]));
};

const PARITY = 0x1bd11bda;
const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24] as const;

/** Threefry-2x32, 20 rounds, on vectors of words: several counters under one key, round by round. @source Salmon et al. 2011, §3.3 */
const threefry = (
  { words }: Lanes,
  key: readonly [Term, Term],
  counters: readonly (readonly [Term, Term])[],
): readonly (readonly [Term, Term])[] => {
  const third = words.xor(words.xor(words.all(PARITY), key[0]), key[1]);
  const keys = [key[0], key[1], third] as const;
  let blocks = counters.map(([x, y]) => [words.add(x, key[0]), words.add(y, key[1])] as const);
  for (let round = 0; round < 20; round++) {
    blocks = blocks.map(([x, y]) => {
      const sum = words.add(x, y);
      return [sum, words.xor(words.rotate(y, ROTATIONS[round % 8] as number), sum)] as const; // there are eight
    });
    if (round % 4 !== 3) continue;
    const s = (round + 1) / 4;
    const [first, second] = [keys[s % 3] as Term, words.add(keys[(s + 1) % 3] as Term, words.all(s))]; // there are three
    blocks = blocks.map(([x, y]) => [words.add(x, first), words.add(y, second)] as const);
  }
  return blocks;
};

/** A number as 32 bits, as JavaScript takes it: without its fraction, modulo 2³². Numbers beyond 2⁶³ have lost those bits, and are 0. */
const wordOf = (x: Code<'f64'> | Code<'f32'>, double: boolean): I32 => {
  const wide: Code<'f64'> = double ? (x as Code<'f64'>) : op(0xbb, [x]); // as it says
  const whole = op<'i64'>(0xfc, [wide], [0x06]);
  const near = op<'i32'>(0x63, [
    op<'f64'>(0x99, [wide]),
    [0x44, ...new Uint8Array(new Float64Array([2 ** 63]).buffer)],
  ]);
  return select(near, op<'i32'>(0xa7, [whole]), i32(0));
};

/** Blocks that are computed side by side, in vectors of four. */
const BLOCKS = 6;

/** Numbers that are drawn before anything is made of them: few enough to stay in the nearest cache. */
const DRAWN = 64 * 4 * BLOCKS;
/** Vectors side by side of what is made of them. */
const SIDE_BY_SIDE = 6;

/** The draws of the k-th child of a key, which may be a double among singles: those of the eager engine, bit for bit. */
export const drawCode = (
  { key, of, size }: Draw,
  lanes: Lanes,
  k: number,
  wide: boolean,
  to: number,
  l: Locals,
  share?: Share,
): { readonly code: Code; readonly units: number } => {
  const { words, count, width } = lanes;
  const scratch = scratchOf(l);
  const [child0, child1] = [l.v128(), l.v128()];
  const counter = l.v128();
  // the number of the child, in all four words
  const number = l.v128();
  const double = wide || width === 8;
  const truncated = wordOf(load(double ? 'f64' : 'f32', i32(k)), double);
  const asWord = (w: Key[number]): Term => words.all(w | 0);
  const [child] = threefry(lanes, [asWord(key[0]), asWord(key[1])], [[lanes.held(number), words.all(1)]]);
  const start = lanes.emit(
    scratch.fresh,
    (child ?? []).map((term, i) => ({ term, put: (v: V128) => (i === 0 ? child0 : child1).set(v) })),
  );
  scratch.reset();
  /** Vectors from a place on, of which the first n numbers count. */
  const written = (place: Place, terms: readonly Term[], n: number): Code => {
    const roots = terms.map((term, i): Root => {
      const own = Math.min(count, Math.max(0, n - i * count));
      return { term, put: storeFirst(lanes, placed(place, i * count * width), own, scratch.fresh) };
    });
    const code = lanes.emit(scratch.fresh, roots);
    scratch.reset();
    return code;
  };
  /** Something for n numbers, so many at a time. */
  const inTurns = (
    n: number,
    most: number,
    from: Place,
    turn: (place: Place, n: number) => Code,
    own?: Share,
  ): Code => {
    const turns = Math.floor(n / most);
    const rest = n - turns * most;
    return seq(
      repeat(l, turns, [{ from, by: most * width }], (place = from) => turn(place, most), 1, own),
      rest > 0 ? behind(turns, turn(placed(from, turns * most * width), rest), own) : [],
    );
  };
  const perTurn = 4 * BLOCKS;
  const uniforms = (place: Place, n: number): Code => {
    const counters = Array.from(
      { length: Math.ceil(n / 4) },
      (_, b) => [words.add(lanes.held(counter), words.all(4 * b)), words.all(0)] as const,
    );
    const blocks = threefry(lanes, [lanes.held(child0), lanes.held(child1)], counters);
    const code = written(
      place,
      blocks.flatMap((block) => uniformsOf(lanes, block)),
      n,
    );
    const next = simd(0xae, [counter.get, simd(0x0c, [], fours(perTurn))]);
    return seq(code, counter.set(next));
  };
  const made = (place: Place, n: number): Code => {
    const terms = Array.from({ length: Math.ceil(n / count) }, (_, i) =>
      of(lanes, lanes.load(placed(place, i * count * width))),
    );
    return written(place, terms, n);
  };
  const begin: Place = { offset: to };
  const same = of(lanes, lanes.held(number)) === lanes.held(number);
  /** Numbers of a unit. */
  const unit = same ? perTurn : DRAWN;
  const first = simd(
    0x0c,
    [],
    [0, 1, 2, 3].flatMap((i) => [i, 0, 0, 0]),
  );
  const begun = share === undefined ? first : simd(0xae, [first, simd(0x11, [mul(share.from.get, i32(unit))])]);
  const code = seq(
    number.set(simd(0x11, [truncated])),
    start,
    counter.set(begun),
    inTurns(
      size,
      unit,
      begin,
      same
        ? uniforms
        : (place, n) => seq(inTurns(n, perTurn, place, uniforms), inTurns(n, SIDE_BY_SIDE * count, place, made)),
      share,
    ),
  );
  return { code, units: Math.floor(size / unit) };
};
const fours = (n: number): readonly number[] => [0, 1, 2, 3].flatMap(() => [n, 0, 0, 0]);

/**
 * Four blocks as four numbers in (0, 1), in vectors of the carrier's lanes: doubles as the eager engine has them, singles on
 * the grid (k + ½)·2⁻²³ with the same first 23 bits, so that the two draw alike.
 */
const uniformsOf = (lanes: Lanes, [x, y]: readonly [Term, Term]): readonly Term[] => {
  const { words, lit } = lanes;
  if (isSingle(lanes)) {
    // as the last digits of a number between 1 and 2
    return [lanes.sub(words.or(words.shiftRight(x, 9), lit(1)), lit(1 - 2 ** -24))];
  }
  const high = words.shiftRight(x, 6);
  const low = words.shiftRight(y, 6);
  const scaled = (h: Term, r: Term): Term =>
    lanes.mul(
      lanes.add(lanes.add(lanes.mul(words.toNumbers(h), lit(2 ** 26)), words.toNumbers(r)), lit(0.5)),
      lit(2 ** -52),
    );
  const upper = (t: Term): Term => words.shuffle(t, t, [2, 3, 0, 1]);
  return [scaled(high, low), scaled(upper(high), upper(low))];
};

/** A kernel of the table on buffers of the memory, as doubles. */
export const hostKernel =
  ({ row, p, shapes, shape, size }: HostCall, ins: readonly Buffer[], to: Buffer) =>
  (): void => {
    const out = new Float64Array(size);
    row.kernel(
      out,
      ins.map((x) => Float64Array.from(x)),
      p,
      shapes,
      shape,
    );
    to.set(out);
  };
