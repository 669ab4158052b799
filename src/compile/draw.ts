// Random numbers as code: functions that all draws of a program share, and what is made of their uniform numbers.
import { isSingle } from '../core/vec.ts';
import { advance } from './arithmetic.ts';
import { type Lanes, type Place, placed, type Root, storeFirst, type Term } from './lanes.ts';
import type { Draw } from './lower.ts';
import { behind, repeat, type Share, scratchOf } from './nest.ts';
import { addressOf } from './solo.ts';
import {
  add,
  type Code,
  call,
  type Func,
  func,
  type I32,
  i32,
  type Locals,
  load,
  loopWhile,
  mul,
  op,
  select,
  seq,
  simd,
  sub,
  type V128,
} from './wasm.ts';

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

/** Vectors of four counters that are computed side by side: most, and fewer where that leaves no rest, which needs a function of its own. */
const BLOCKS = [6, 5, 4] as const;
/** Numbers that are drawn before anything is made of them: few enough to stay in the nearest cache. */
const DRAWN = 64 * 4 * BLOCKS[0];
/** Vectors side by side of what is made of them. */
const SIDE_BY_SIDE = 6;

const spread = (word: I32): V128 => simd(0x11, [word]);
const constant = (four: readonly number[]): V128 => simd(0x0c, [], [...new Uint8Array(Int32Array.from(four).buffer)]);

export interface Draws {
  /** The draws of a child of a key, whose number lies at `child` and may be a double among singles: those of the eager engine, bit for bit. */
  readonly code: (
    draw: Pick<Draw, 'key' | 'of' | 'size'>,
    at: { readonly child: number; readonly wide: boolean; readonly to: number },
    l: Locals,
    share?: Share,
  ) => { readonly code: Code; readonly units: number };
  /** What has to be in the module for the code that has been asked for. */
  readonly functions: () => readonly Func[];
}

export const drawsOf = (lanes: Lanes): Draws => {
  const { count, width } = lanes;
  /** Code that writes vectors from a place on, of which the first n numbers count. */
  const written = (place: Place, terms: readonly Term[], n: number, scratch: ReturnType<typeof scratchOf>): Code => {
    const roots = terms.map((term, i): Root => {
      const own = Math.min(count, Math.max(0, n - i * count));
      return { term, put: storeFirst(lanes, placed(place, i * count * width), own, scratch.fresh) };
    });
    const code = lanes.emit(scratch.fresh, roots);
    scratch.reset();
    return code;
  };
  const made = new Map<number, Func>();
  /** `turns` times n uniform numbers of a child, the first of which has the number `first`; at least one turn. */
  const uniforms = (n: number): Func => {
    const known = made.get(n);
    if (known !== undefined) return known;
    const one = func(undefined, ['to', 'turns', 'key0', 'key1', 'child', 'first'], (l, p) => {
      const scratch = scratchOf(l);
      const [key0, key1, child, counter] = [l.v128(), l.v128(), l.v128(), l.v128()];
      const held = [lanes.held(key0), lanes.held(key1)] as const;
      const [own] = threefry(lanes, held, [[lanes.held(child), lanes.words.all(1)]]);
      const start = lanes.emit(
        scratch.fresh,
        (own ?? []).map((term, i) => ({ term, put: (v: V128) => (i === 0 ? key0 : key1).set(v) })),
      );
      scratch.reset();
      const counters = Array.from(
        { length: Math.ceil(n / 4) },
        (_, b) => [lanes.words.add(lanes.held(counter), lanes.words.all(4 * b)), lanes.words.all(0)] as const,
      );
      const numbers = threefry(lanes, held, counters).flatMap((block) => uniformsOf(lanes, block));
      const turn = seq(
        written({ moving: p.to, offset: 0 }, numbers, n, scratch),
        counter.set(simd(0xae, [counter.get, constant([n, n, n, n])])),
        advance(p.to, i32(n * width)),
      );
      return seq(
        key0.set(spread(p.key0.get)),
        key1.set(spread(p.key1.get)),
        child.set(spread(p.child.get)),
        start,
        counter.set(simd(0xae, [constant([0, 1, 2, 3]), spread(p.first.get)])),
        loopWhile(turn, p.turns.tee(sub(p.turns.get, i32(1)))),
      );
    });
    made.set(n, one);
    return one;
  };
  /** Something for n numbers, so many at a time. */
  const inTurns = (
    l: Locals,
    n: number,
    most: number,
    from: Place,
    turn: (place: Place, n: number) => Code,
    share?: Share,
  ): Code => {
    const turns = Math.floor(n / most);
    const rest = n - turns * most;
    return seq(
      repeat(l, turns, [{ from, by: most * width }], (place = from) => turn(place, most), 1, share),
      rest > 0 ? behind(turns, turn(placed(from, turns * most * width), rest), share) : [],
    );
  };
  const code: Draws['code'] = ({ key, of, size }, at, l, share) => {
    const double = at.wide || width === 8;
    const child = l.i32();
    const begin = child.set(wordOf(load(double ? 'f64' : 'f32', i32(at.child)), double));
    const drawn = (n: number, turns: I32, to: I32, first: I32): Code =>
      call(uniforms(n), to, turns, ...key.map(i32), child.get, first);
    const [any, scratch] = [lanes.held(l.v128()), scratchOf(l)];
    if (of(lanes, any) === any) {
      const unit = 4 * (BLOCKS.find((blocks) => size % (4 * blocks) === 0) ?? BLOCKS[0]);
      const units = Math.floor(size / unit);
      const [from, turns] =
        share === undefined ? [i32(0), i32(units)] : [share.from.get, sub(share.to.get, share.from.get)];
      const first = mul(from, i32(unit));
      const whole = units * unit;
      return {
        code: seq(
          begin,
          units > 0 ? drawn(unit, turns, add(i32(at.to), mul(first, i32(width))), first) : [],
          whole < size ? behind(units, drawn(size - whole, i32(1), i32(at.to + whole * width), i32(whole)), share) : [],
        ),
        units,
      };
    }
    /** How many have been drawn before. */
    const before = l.i32();
    const made = (place: Place, n: number): Code =>
      written(
        place,
        Array.from({ length: Math.ceil(n / count) }, (_, i) => of(lanes, lanes.load(placed(place, i * count * width)))),
        n,
        scratch,
      );
    const unit = 4 * BLOCKS[0];
    const turn = (place: Place, n: number): Code => {
      const units = Math.floor(n / unit);
      const whole = units * unit;
      return seq(
        units > 0 ? drawn(unit, i32(units), addressOf(place), before.get) : [],
        whole < n ? drawn(n - whole, i32(1), addressOf(placed(place, whole * width)), add(before.get, i32(whole))) : [],
        inTurns(l, n, SIDE_BY_SIDE * count, place, made),
        advance(before, i32(n)),
      );
    };
    const start = before.set(share === undefined ? i32(0) : mul(share.from.get, i32(DRAWN)));
    return {
      code: seq(begin, start, inTurns(l, size, DRAWN, { offset: at.to }, turn, share)),
      units: Math.floor(size / DRAWN),
    };
  };
  return { code, functions: () => [...made.values()] };
};
