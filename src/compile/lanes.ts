// The third reading of the small vector language: lanes of 128 bits. Equal terms are one, and become straight code.
import type { Vec } from '../core/vec.ts';
import type { Dtype } from './program.ts';
import { add, type Code, type I32, i32, type Local, memarg, seq, simd, storeLane, type V128 } from './wasm.ts';

/** An address: a part that moves, a part that is known when code runs, if any, and a part that is known before. */
export interface Place {
  readonly moving?: Local<'i32'>;
  readonly start?: Local<'i32'>;
  readonly offset: number;
}
/** A place moved on, by an address that is not itself moving. */
export const placed = (place: Place, by: number | Omit<Place, 'moving'>): Place =>
  typeof by === 'number'
    ? { ...place, offset: place.offset + by }
    : { ...place, ...by, offset: place.offset + by.offset };
const base = ({ moving, start }: Place): I32 =>
  moving !== undefined && start !== undefined ? add(moving.get, start.get) : ((moving ?? start)?.get ?? i32(0));

/** A vector instruction and its operands. */
export interface Term {
  readonly id: number;
  /** Number of the instruction; of no meaning where the term is a local. */
  readonly code: number;
  readonly args: readonly Term[];
  readonly immediates: readonly number[];
  /** What it loads from, or the amount of a shift. */
  readonly scalar?: I32;
  /** A load of a constant is repeated rather than kept. */
  readonly light?: true;
  readonly local?: Local<'v128'>;
}

const NONE: readonly number[] = [];

/** Constants lie at the bottom of the memory: loading one into all lanes beats building it. */
export interface Pool {
  /** The address of a bit pattern. @throws RangeError when the pool is full */
  readonly at: (bits: bigint, width: 32 | 64) => number;
  readonly bytes: () => Uint8Array;
}
export const POOL_BYTES = 16384;
export const poolOf = (): Pool => {
  const known = new Map<string, number>();
  const view = new DataView(new ArrayBuffer(POOL_BYTES));
  const state = { top: 0 };
  return {
    at: (bits, width) => {
      const key = `${bits} ${width}`;
      const before = known.get(key);
      if (before !== undefined) return before;
      const bytes = width / 8;
      const at = Math.ceil(state.top / bytes) * bytes;
      if (at + bytes > POOL_BYTES) throw new RangeError(`compile: constants must fit into ${POOL_BYTES} bytes`);
      if (width === 64) view.setBigUint64(at, bits, true);
      else view.setUint32(at, Number(bits), true);
      known.set(key, at);
      state.top = at + bytes;
      return at;
    },
    bytes: () => new Uint8Array(view.buffer.slice(0, state.top)),
  };
};

/** What is computed, and what becomes of it. */
export interface Root {
  readonly term: Term;
  readonly put: (v: V128) => Code;
}

/** Numbers of instructions per width. @source WebAssembly Core Specification 3.0, §5.4.9 */
const CODES = {
  f64: {
    add: 0xf0,
    sub: 0xf1,
    mul: 0xf2,
    div: 0xf3,
    neg: 0xed,
    abs: 0xec,
    sqrt: 0xef,
    floor: 0x75,
    nearest: 0x94,
    less: 0x49,
    atMost: 0x4b,
    pmin: 0xf6,
    pmax: 0xf7,
    shl: 0xcb,
    shr: 0xcd,
    madd: 0x107,
    nmadd: 0x108,
    choose: 0x10c,
    splatLoad: 0x0a,
  },
  f32: {
    add: 0xe4,
    sub: 0xe5,
    mul: 0xe6,
    div: 0xe7,
    neg: 0xe1,
    abs: 0xe0,
    sqrt: 0xe3,
    floor: 0x68,
    nearest: 0x6a,
    less: 0x43,
    atMost: 0x45,
    pmin: 0xea,
    pmax: 0xeb,
    shl: 0xab,
    shr: 0xad,
    madd: 0x105,
    nmadd: 0x106,
    choose: 0x10b,
    splatLoad: 0x09,
  },
} as const;
const SLOW = new Set<number>(Object.values(CODES).flatMap((c) => [c.div, c.sqrt]));
const LONG = new Set<number>(
  Object.values(CODES).flatMap((c) => [c.add, c.sub, c.mul, c.madd, c.nmadd, c.floor, c.nearest]),
);
/** About how many turns of the clock an instruction takes until its result is there. */
const latency = (code: number): number => (SLOW.has(code) ? 12 : LONG.has(code) ? 4 : 1);
const V128_LOAD = 0x00;
const V128_CONST = 0x0c;
const SHUFFLE = 0x0d;
const AND = 0x4e;
const ANDNOT = 0x4f;
const OR = 0x50;
const XOR = 0x51;
const BITSELECT = 0x52;
/** Of 32-bit words, whatever the numbers are. */
const WORD = { add: 0xae, shl: 0xab, shr: 0xad } as const;
const PROMOTE = 0x5f;
const DEMOTE = 0x5e;
const F64_FROM_I32 = 0xfe;
const F32_FROM_U32 = 0xfb;

/** Widths and bit patterns of a carrier. */
const FORMATS = {
  f64: { bits: 64, digits: 52, bias: 1023, headless: (1n << 27n) - 1n },
  f32: { bits: 32, digits: 23, bias: 127, headless: (1n << 12n) - 1n },
} as const;

export interface Lanes extends Vec<Term, Term> {
  readonly dtype: Dtype;
  /** Lanes in a vector, and bytes in a lane. */
  readonly count: number;
  readonly width: number;
  /** Any instruction on vectors, by its number. */
  readonly instruction: (code: number, args: readonly Term[]) => Term;
  readonly load: (place: Place) => Term;
  /** One number in all lanes. */
  readonly spread: (place: Place) => Term;
  /** The same of a double. */
  readonly spreadWide: (place: Place) => Term;
  readonly held: (local: Local<'v128'>) => Term;
  /** a where a lane is among the first n, else b. */
  readonly firstOf: (n: number, a: Term, b: Term) => Term;
  /** All lanes folded into each, halves first. */
  readonly total: (v: Term, fold: (a: Term, b: Term) => Term) => Term;
  /** 32-bit words, as random numbers need them. */
  readonly words: {
    readonly all: (value: number) => Term;
    readonly add: (a: Term, b: Term) => Term;
    readonly and: (a: Term, b: Term) => Term;
    readonly xor: (a: Term, b: Term) => Term;
    readonly or: (a: Term, b: Term) => Term;
    readonly rotate: (a: Term, by: number) => Term;
    readonly shiftRight: (a: Term, by: number) => Term;
    /** Bytes of two vectors in any order. */
    readonly shuffle: (a: Term, b: Term, words: readonly number[]) => Term;
    /** The words as numbers: the first two as f64, or all four as f32; exact below 2³¹, or 2²⁴. */
    readonly toNumbers: (a: Term) => Term;
  };
  /** Code that computes every root, and then hands each to its `put`. */
  readonly emit: (fresh: () => Local<'v128'>, roots: readonly Root[]) => Code;
}

/**
 * Lanes of a width. `fused`: a product that is used once, in a sum, is not rounded before it, where the processor can do
 * that; results then depend on the processor.
 */
export const lanesOf = (dtype: Dtype, fused: boolean, pool: Pool): Lanes => {
  const known = new Map<string, Term>();
  const codes = CODES[dtype];
  const format = FORMATS[dtype];
  const width = format.bits / 8;
  const count = 16 / width;
  const term = (
    code: number,
    args: readonly Term[],
    immediates: readonly number[] = NONE,
    rest?: Partial<Term>,
  ): Term => {
    let key = String(code);
    for (const { id } of args) key += ` ${id}`;
    if (immediates !== NONE) key += `;${immediates}`;
    if (rest !== undefined) key += `@${rest.scalar ?? ''} ${rest.local?.get ?? ''}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const made: Term = { id: known.size, code, args, immediates, ...rest };
    known.set(key, made);
    return made;
  };
  const binary =
    (code: number) =>
    (a: Term, b: Term): Term =>
      term(code, [a, b]);
  const unary =
    (code: number) =>
    (a: Term): Term =>
      term(code, [a]);
  const shift =
    (code: number) =>
    (a: Term, by: number): Term =>
      term(code, [a], NONE, { scalar: i32(by) });
  const spreadFrom = (code: number, place: Place): Term =>
    term(code, [], memarg(place.offset), { scalar: base(place), light: true });
  const zero = term(V128_CONST, [], Array<number>(16).fill(0), { light: true });
  const constant = (bits: bigint, of: 32 | 64): Term =>
    bits === 0n
      ? zero
      : spreadFrom(of === 64 ? CODES.f64.splatLoad : CODES.f32.splatLoad, { offset: pool.at(bits, of) });
  const pattern = (bits: bigint): Term => constant(BigInt.asUintN(format.bits, bits), format.bits);
  const cell = new DataView(new ArrayBuffer(8));
  const literals = new Map<Term, number>();
  const lit = (x: number): Term => {
    const made = patternOf(x);
    literals.set(made, x);
    return made;
  };
  /** ±2ᵏ, which has an inverse, both of them normal in any format. */
  const isPowerOfTwo = (x: number): boolean => {
    cell.setFloat64(0, x);
    const [high, low] = [cell.getUint32(0), cell.getUint32(4)];
    return low === 0 && (high & 0xfffff) === 0 && Math.abs(((high >>> 20) & 0x7ff) - 1023) <= 126;
  };
  const patternOf = (x: number): Term => {
    if (dtype === 'f64') {
      cell.setFloat64(0, x);
      return pattern(cell.getBigUint64(0));
    }
    cell.setFloat32(0, x);
    return pattern(BigInt(cell.getUint32(0)));
  };
  const add = binary(codes.add);
  const sub = binary(codes.sub);
  const mul = binary(codes.mul);
  const less = binary(codes.less);
  const signBit = (): Term => pattern(1n << BigInt(format.bits - 1));
  /** An integer as a number in its last bits, and the exponent's bias with it. */
  const magic = 1.5 * 2 ** format.digits;
  /** a, or nothing, where one side is 0: cheaper than choosing. */
  const pick = (m: Term, a: Term, b: Term): Term => {
    if (m.code === codes.less && m.args[0] === b && m.args[1] === a) return term(codes.pmax, [b, a]); // b < a ? a : b
    if (m.code === codes.less && m.args[0] === a && m.args[1] === b) return term(codes.pmin, [b, a]); // a < b ? a : b
    if (b === zero) return term(AND, [a, m]);
    if (a === zero) return term(ANDNOT, [b, m]);
    // a choice has all bits of a lane or none, so the relaxed instruction gives the same
    return term(fused ? codes.choose : BITSELECT, [a, b, m]);
  };
  const word = (value: number): Term => constant(BigInt(value >>> 0), 32);
  const shuffle = (a: Term, b: Term, order: readonly number[]): Term =>
    term(
      SHUFFLE,
      [a, b],
      order.flatMap((w) => [0, 1, 2, 3].map((byte) => 4 * w + byte)),
    );
  /** The halves of every word the other way round, which takes two instructions where shifts take three. */
  const halves = (a: Term): Term =>
    term(
      SHUFFLE,
      [a, a],
      [0, 1, 2, 3].flatMap((w) => [2, 3, 0, 1].map((byte) => 4 * w + byte)),
    );
  const lanes: Lanes = {
    dtype,
    count,
    width,
    lit,
    add,
    sub,
    mul,
    // by a power of two: the same number, rounded from the same one
    div: (a, b) => {
      const by = literals.get(b) ?? 0;
      return isPowerOfTwo(by) ? mul(a, lit(1 / by)) : term(codes.div, [a, b]);
    },
    neg: unary(codes.neg),
    abs: (a) => term(codes.abs, [a.code === codes.neg && a.args[0] !== undefined ? a.args[0] : a]),
    sqrt: unary(codes.sqrt),
    floor: unary(codes.floor),
    less,
    atMost: binary(codes.atMost),
    pick,
    copySign: (a, b) => term(BITSELECT, [b, a, signBit()]),
    nearestInt: (a) => add(term(codes.nearest, [a]), zero), // −0 becomes 0, as in the scalar reading
    pow2: (n) => shift(codes.shl)(add(n, lit(magic + format.bias)), format.digits),
    exponent: (a) => {
      const raw = shift(codes.shr)(a, format.digits);
      const offset = 2 ** format.digits; // whose last bits hold the integer
      return sub(term(OR, [raw, lit(offset)]), lit(offset + format.bias));
    },
    head: (a) => term(AND, [a, pattern(~format.headless)]),
    poly: (x, c) => c.slice(0, -1).reduceRight((y, k) => add(mul(y, x), lit(k)), lit(c.at(-1) ?? 0)),
    ...(dtype === 'f32' ? { widened: widenedBy(lanesOf('f64', fused, pool), term, shuffle) } : {}),
    instruction: term,
    load: (place) => term(V128_LOAD, [], memarg(place.offset), { scalar: base(place) }),
    spread: (place) => spreadFrom(codes.splatLoad, place),
    spreadWide: (place) => {
      const wide = spreadFrom(CODES.f64.splatLoad, place);
      if (dtype === 'f64') return wide;
      const both = term(DEMOTE, [wide]);
      return shuffle(both, both, [0, 1, 0, 1]);
    },
    held: (local) => term(-1, [], NONE, { local }),
    firstOf: (n, a, b) => {
      const mask = Array.from({ length: 16 }, (_, i) => (i < n * width ? 0xff : 0));
      return pick(term(V128_CONST, [], mask), a, b);
    },
    total: (v, fold) => {
      const halves = shuffle(v, v, [2, 3, 0, 1]);
      const once = fold(v, halves);
      return dtype === 'f64' ? once : fold(once, shuffle(once, once, [1, 0, 3, 2]));
    },
    words: {
      all: word,
      add: binary(WORD.add),
      and: binary(AND),
      xor: binary(XOR),
      or: binary(OR),
      rotate: (a, by) => (by === 16 ? halves(a) : term(OR, [shift(WORD.shl)(a, by), shift(WORD.shr)(a, 32 - by)])),
      shiftRight: shift(WORD.shr),
      shuffle,
      toNumbers: unary(dtype === 'f64' ? F64_FROM_I32 : F32_FROM_U32),
    },
    emit: (fresh, roots) => {
      const uses = new Map<Term, number>();
      const kept = new Map<Term, Local<'v128'>>();
      const productOf = (t: Term): readonly Term[] | null =>
        t.code === codes.mul && uses.get(t) === 1 && !t.local ? t.args : null;
      /** The instruction of a term: that of a sum takes in a product which is not rounded on its own. */
      const form = (t: Term): Pick<Term, 'code' | 'args'> => {
        const { code, args } = t;
        if (!fused || (code !== codes.add && code !== codes.sub)) return t;
        const [a, b] = args as readonly [Term, Term]; // sums have two
        const right = productOf(b);
        if (right !== null) return { code: code === codes.add ? codes.madd : codes.nmadd, args: [...right, a] };
        const left = code === codes.add ? productOf(a) : null;
        return left === null ? t : { code: codes.madd, args: [...left, b] };
      };
      const made = (t: Term): V128 => {
        const local = t.local ?? kept.get(t);
        if (local !== undefined) return local.get;
        const { code, args } = form(t);
        const operands = args.map(made);
        return simd(code, t.scalar === undefined ? operands : [...operands, t.scalar as unknown as V128], t.immediates);
      };
      const count = (t: Term): void => {
        const n = (uses.get(t) ?? 0) + 1;
        uses.set(t, n);
        if (n === 1) t.args.forEach(count);
      };
      for (const { term: t } of roots) count(t);
      /** All terms, each behind its operands. */
      const order = new Set<Term>();
      const visit = (t: Term): void => {
        if (order.has(t)) return;
        form(t).args.forEach(visit);
        order.add(t);
      };
      for (const { term: t } of roots) visit(t);
      // what has the longest way to the end comes first, so that chains run side by side: a processor looks ahead no further than
      // a few dozen instructions
      const ahead = new Map<Term, number>();
      for (const t of [...order].reverse()) {
        const { code, args } = form(t);
        const whole = (ahead.get(t) ?? 0) + latency(code);
        ahead.set(t, whole);
        for (const arg of args) ahead.set(arg, Math.max(ahead.get(arg) ?? 0, whole));
      }
      const first = [...order]
        .filter((t) => !t.light && !t.local && (latency(form(t).code) > 1 || uses.get(t) !== 1))
        .sort((a, b) => (ahead.get(b) ?? 0) - (ahead.get(a) ?? 0))
        .map((t) => {
          const code = made(t);
          const local = fresh();
          kept.set(t, local);
          return local.set(code);
        });
      // all are computed before any is put: a store may be over what another still reads
      const [only] = roots;
      if (only !== undefined && roots.length === 1) return seq(...first, only.put(made(only.term)));
      const ready = roots.map(({ term: t, put }) => {
        const value = made(t);
        const local = fresh();
        return { before: local.set(value), after: put(local.get) };
      });
      return seq(...first, ...ready.map((r) => r.before), ...ready.map((r) => r.after));
    },
  };
  return lanes;
};

/** A function of doubles on four singles: on two and two of them. */
const widenedBy =
  (
    doubles: Lanes,
    instruction: Lanes['instruction'],
    shuffle: Lanes['words']['shuffle'],
  ): NonNullable<Lanes['widened']> =>
  (f, x) => {
    const half = (low: Term): Term => instruction(DEMOTE, [f(doubles, doubles.instruction(PROMOTE, [low]))]);
    return shuffle(half(x), half(shuffle(x, x, [2, 3, 0, 1])), [0, 1, 4, 5]);
  };

/** Stores the first n lanes and no byte more. */
export const storeFirst =
  ({ count, width }: Lanes, place: Place, n: number, fresh: () => Local<'v128'>) =>
  (v: V128): Code => {
    if (n === count) return simd<'none'>(0x0b, [base(place), v], memarg(place.offset));
    const held = fresh();
    const each = Array.from({ length: n }, (_, k) =>
      storeLane(width === 8 ? 64 : 32, base(place), held.get, k, place.offset + k * width),
    );
    return seq(held.set(v), ...each);
  };
