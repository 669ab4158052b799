// The assembler by what its modules do: they are run, and compared with JavaScript.
import { describe, expect, test } from 'vitest';
import {
  add,
  and,
  below,
  type Code,
  call,
  callI32,
  div,
  eq,
  type Func,
  func,
  funcI32,
  host,
  type I32,
  i32,
  instantiate,
  isZero,
  le,
  least,
  load,
  loopWhile,
  lt,
  mul,
  ne,
  op,
  or,
  rem,
  select,
  seq,
  shl,
  shr,
  shrU,
  signed,
  simd,
  store,
  storeLane,
  sub,
  unsigned,
  v128,
  wasmModule,
  when,
  whileLoop,
  xor,
} from './wasm.ts';

const EDGES = [0, 1, 63, 64, 127, 128, 8191, 8192, 16383, 16384, 2 ** 20, 2 ** 27, 2 ** 28 - 1, 2 ** 31 - 1];
const SIGNED = EDGES.flatMap((n) => [n, -n, -n - 1]);

/** An instance over a fresh memory of one page. */
const made = (functions: readonly Func[]) => {
  const memory = new host.Memory({ initial: 1 });
  const run = instantiate(wasmModule({ memory: { pages: 1 }, functions }), memory);
  return { run, view: new DataView(memory.buffer) };
};
/** The value of an expression over two numbers. */
const evaluated = (of: (a: I32, b: I32) => I32): ((a: number, b: number) => number | undefined) => {
  const { run } = made([funcI32('f', ['a', 'b'], (_, { a, b }) => of(a.get, b.get))]);
  return (a, b) => run.f?.(a, b);
};

describe('numbers in few bytes', () => {
  const read = (bytes: readonly number[]): bigint =>
    bytes.reduce((sum, byte, i) => sum + (BigInt(byte & 0x7f) << BigInt(7 * i)), 0n);
  const SEVEN = 7;

  test('unsigned ones read back, and are as short as can be', () => {
    for (const n of [...EDGES, 2 ** 31, 2 ** 32 - 1]) {
      const bytes = unsigned(n);
      expect(read(bytes)).toBe(BigInt(n));
      expect(bytes.map((b) => b >= 128)).toEqual(bytes.map((_, i) => i < bytes.length - 1));
      expect(bytes.length).toBe(Math.max(1, Math.ceil(n.toString(2).length / SEVEN)));
    }
  });

  test('signed ones read back, and are as short as can be', () => {
    for (const n of SIGNED) {
      const bytes = signed(n);
      expect(BigInt.asIntN(SEVEN * bytes.length, read(bytes))).toBe(BigInt(n));
      const shorter = bytes.length - 1;
      if (shorter > 0) expect(BigInt.asIntN(SEVEN * shorter, BigInt(n))).not.toBe(BigInt(n));
    }
  });

  test('known answers', () => {
    expect(unsigned(624485)).toEqual([0xe5, 0x8e, 0x26]); // from the definition of DWARF, as is the next
    expect(signed(-123456)).toEqual([0xc0, 0xbb, 0x78]);
  });

  test('constants arrive', () => {
    for (const n of [...SIGNED, -(2 ** 31), 2 ** 31, 2 ** 32 - 1]) expect(evaluated(() => i32(n))(0, 0)).toBe(n | 0);
  });
});

describe('integers', () => {
  const TABLE: Readonly<Record<string, readonly [(a: I32, b: I32) => I32, (a: number, b: number) => number]>> = {
    add: [add, (a, b) => a + b],
    sub: [sub, (a, b) => a - b],
    mul: [mul, Math.imul],
    and: [and, (a, b) => a & b],
    or: [or, (a, b) => a | b],
    xor: [xor, (a, b) => a ^ b],
    shl: [shl, (a, b) => a << b],
    shr: [shr, (a, b) => a >> b],
    shrU: [shrU, (a, b) => a >>> b],
    eq: [eq, (a, b) => Number(a === b)],
    ne: [ne, (a, b) => Number(a !== b)],
    lt: [lt, (a, b) => Number(a < b)],
    le: [le, (a, b) => Number(a <= b)],
    below: [below, (a, b) => Number(a >>> 0 < b >>> 0)],
    isZero: [(a) => isZero(a), (a) => Number(a === 0)],
    least: [least, Math.min],
    select: [(a, b) => select(lt(a, i32(5)), b, a), (a, b) => (a < 5 ? b : a)],
  };
  for (const [name, [ours, theirs]] of Object.entries(TABLE))
    test(name, () => {
      const f = evaluated(ours);
      for (const a of SIGNED) for (const b of SIGNED) expect(f(a, b), `${a} ${b}`).toBe(theirs(a, b) | 0);
    });

  test('div and rem take their operands as unsigned', () => {
    const [quotient, remainder] = [evaluated(div), evaluated(rem)];
    for (const a of SIGNED)
      for (const b of SIGNED.filter((n) => n !== 0)) {
        expect(quotient(a, b)).toBe(Math.floor((a >>> 0) / (b >>> 0)) | 0);
        expect(remainder(a, b)).toBe(((a >>> 0) % (b >>> 0)) | 0);
      }
  });
});

describe('control', () => {
  test('loops in loops, and choices in them', () => {
    // how many i < n and j < i have an even sum, less those of an odd one
    const counted = funcI32('count', ['n'], (l, { n }) => {
      const [i, j, sum] = [l.i32(), l.i32(), l.i32()];
      const step = when(and(add(i.get, j.get), i32(1)), sum.set(sub(sum.get, i32(1))), sum.set(add(sum.get, i32(1))));
      const inner = seq(j.set(i32(0)), whileLoop(lt(j.get, i.get), seq(step, j.set(add(j.get, i32(1))))));
      const outer = whileLoop(lt(i.get, n.get), seq(inner, i.set(add(i.get, i32(1)))));
      return [outer, sum.get];
    });
    const { run } = made([counted]);
    for (const n of [0, 1, 2, 7, 20]) {
      let sum = 0;
      for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sum += (i + j) % 2 === 1 ? -1 : 1;
      expect(run.count?.(n)).toBe(sum);
    }
  });

  test('loopWhile runs once at least; a choice may lack its second side', () => {
    const f = funcI32('f', ['n'], (l, { n }) => {
      const turns = l.i32();
      const body = seq(turns.set(add(turns.get, i32(1))), when(lt(n.get, i32(0)), n.set(i32(0))));
      return [loopWhile(body, lt(turns.get, n.get)), turns.get];
    });
    const { run } = made([f]);
    expect([-3, 0, 1, 5].map((n) => run.f?.(n))).toEqual([1, 1, 1, 5]);
  });

  test('functions call functions, whatever the order of the list', () => {
    const square = funcI32(undefined, ['x'], (_, { x }) => mul(x.get, x.get));
    const put = func(undefined, ['at', 'x'], (_, { at, x }) => store('i32', at.get, x.get));
    const f = func('f', ['x'], (_, { x }) => call(put, i32(8), callI32(square, x.get)));
    for (const functions of [
      [square, put, f],
      [f, put, square],
    ]) {
      const { run, view } = made(functions);
      expect(run.f?.(-12)).toBe(undefined);
      expect(view.getInt32(8, true)).toBe(144);
      expect(Object.keys(run)).toEqual(['f']);
    }
    expect(() => wasmModule({ memory: { pages: 1 }, functions: [f, put] })).toThrow(RangeError);
  });

  test('more than 127 locals keep apart', () => {
    const many = funcI32('f', [], (l) => {
      const all = Array.from({ length: 300 }, () => l.i32());
      const set = all.map((x, i) => x.set(i32(i)));
      const sum = all.reduce<I32>((s, x, i) => add(s, mul(x.get, i32(i % 7))), i32(0));
      return [seq(...set), sum];
    });
    const expected = Array.from({ length: 300 }, (_, i) => i * (i % 7)).reduce((a, b) => a + b);
    expect(made([many]).run.f?.()).toBe(expected);
  });
});

describe('memory', () => {
  test('every kind of value is loaded and stored, through a local, at offsets', () => {
    const copy = func('copy', ['from', 'to'], (l, { from, to }) => {
      const kept = { i32: l.i32(), i64: l.i64(), f32: l.f32(), f64: l.f64(), v128: l.v128() };
      return seq(
        kept.i32.set(load('i32', from.get, 4)),
        kept.i64.set(load('i64', from.get, 8)),
        kept.f32.set(load('f32', from.get, 200)),
        kept.f64.set(load('f64', from.get, 208)),
        kept.v128.set(load('v128', from.get, 224)),
        store('i32', to.get, kept.i32.get, 4),
        store('i64', to.get, kept.i64.get, 8),
        store('f32', to.get, kept.f32.get, 200),
        store('f64', to.get, kept.f64.tee(kept.f64.get), 208),
        store('v128', to.get, kept.v128.get, 224),
      );
    });
    const { run, view } = made([copy]);
    const [from, to] = [1000, 3000];
    for (let i = 0; i < 300; i++) view.setUint8(from + i, i * 7 + 1);
    run.copy?.(from, to);
    const moved = (i: number): boolean => (i >= 4 && i < 16) || (i >= 200 && i < 204) || (i >= 208 && i < 216);
    for (let i = 0; i < 300; i++)
      expect(view.getUint8(to + i), `byte ${i}`).toBe(moved(i) || (i >= 224 && i < 240) ? (i * 7 + 1) & 255 : 0);
  });

  test('lanes of vectors', () => {
    const BYTES = Array.from({ length: 16 }, (_, i) => 16 - i);
    const f = func('f', ['at'], (l, { at }) => {
      const x = l.v128();
      const sum = simd(0xe4, [simd(0x13, [op<'f32'>(0x43, [], [0, 0, 0x40, 0x40])]), load('v128', at.get)]); // + 3
      return seq(
        x.set(sum),
        store('v128', at.get, x.get, 16),
        ...[0, 1, 2, 3].map((k) => storeLane(32, at.get, x.get, k, 48 - 4 * k)),
        storeLane(64, at.get, x.get, 1, 64),
        store('v128', at.get, v128(BYTES), 80),
      );
    });
    const { run, view } = made([f]);
    const xs = [0.5, -0, Number.POSITIVE_INFINITY, 2 ** 24];
    xs.forEach((x, k) => {
      view.setFloat32(160 + 4 * k, x, true);
    });
    run.f?.(160);
    xs.forEach((x, k) => {
      const sum = Math.fround(x + 3);
      expect(view.getFloat32(176 + 4 * k, true)).toBe(sum);
      expect(view.getFloat32(208 - 4 * k, true)).toBe(sum);
    });
    expect(view.getBigUint64(224, true)).toBe(view.getBigUint64(184, true));
    expect(BYTES.map((_, i) => view.getUint8(240 + i))).toEqual(BYTES);
  });

  test('data lies where it was placed', () => {
    const memory = new host.Memory({ initial: 1 });
    const data = [
      { at: 65_000, bytes: Uint8Array.of(1, 2, 3) },
      { at: 0, bytes: Uint8Array.from({ length: 200 }, (_, i) => 255 - i) },
    ];
    instantiate(wasmModule({ memory: { pages: 1 }, functions: [], data }), memory);
    const bytes = new Uint8Array(memory.buffer);
    expect([...bytes.subarray(64_999, 65_004)]).toEqual([0, 1, 2, 3, 0]);
    expect([...bytes.subarray(0, 201)]).toEqual([...(data[1]?.bytes ?? []), 0]);
  });

  test('two instances share a memory', () => {
    const limits = { pages: 1, maximum: 3, shared: true } as const;
    const memory = new host.Memory({ initial: 1, maximum: 3, shared: true });
    const put = wasmModule({
      memory: limits,
      functions: [func('put', ['x'], (_, { x }) => store('i32', i32(40), x.get))],
    });
    const get = wasmModule({ memory: limits, functions: [funcI32('get', [], () => load('i32', i32(40)))] });
    expect(memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    instantiate(put, memory).put?.(-99);
    expect(instantiate(get, memory).get?.()).toBe(-99);
    expect(() => instantiate(put, new host.Memory({ initial: 1, maximum: 3 }))).toThrow(/shared/);
  });

  test('a maximum without sharing', () => {
    const bytes = wasmModule({ memory: { pages: 1, maximum: 2 }, functions: [] });
    expect(() => instantiate(bytes, new host.Memory({ initial: 1, maximum: 3 }))).toThrow();
    expect(() => instantiate(bytes, new host.Memory({ initial: 1, maximum: 2 }))).not.toThrow();
  });
});

test('functions of the host are called, and come before those of the module', () => {
  const log: number[][] = [];
  const [note, tick] = [{ name: 'note', params: 2 } as const, { name: 'tick', params: 0 } as const];
  const twice = func(undefined, ['x'], (_, { x }) => call(note, x.get, add(x.get, x.get)));
  const f = func('f', ['n'], (_, { n }): Code => seq(call(tick), call(twice, n.get)));
  const bytes = wasmModule({ imports: [note, tick], memory: { pages: 1 }, functions: [twice, f] });
  const run = instantiate(bytes, new host.Memory({ initial: 1 }), {
    note: (...args) => log.push([...args]),
    tick: (...args) => log.push([...args]),
  });
  run.f?.(21);
  expect(log).toEqual([[], [21, 42]]);
});
