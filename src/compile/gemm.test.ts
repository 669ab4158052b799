// Matrix products against the engine's own and a plain loop, bit for bit, with guards around everything they may not touch.
import { describe, expect, test } from 'vitest';
import { keyOf, uniform } from '../core/key.ts';
import { Tensor } from '../core/tensor.ts';
import { ops } from '../ops/lang.ts';
import { gemmFunctions, isTiny, type Matrix, type Mode, scratchBytes } from './gemm.ts';
import type { Dtype } from './program.ts';
import { func, host, instantiate, seq, wasmModule } from './wasm.ts';

type Shape = readonly [m: number, n: number, k: number];
/** Which operands lie in memory turned. */
type Turned = readonly [a: boolean, b: boolean];
type Numbers = Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>;

const DTYPES = ['f32', 'f64'] as const;
const ARRAY = { f32: Float32Array, f64: Float64Array } as const;
const TURNS: readonly Turned[] = [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
];
const PAGE = 65_536;

const { NaN: NAN, POSITIVE_INFINITY: INF } = Number;
const SPECIAL = [NAN, INF, -INF, 0, -0, 1e-310, -1e-310, 1e-42, -1e-42, 3e38, -1e308] as const;
const random = uniform(keyOf(0), [100_000]).view;
/** Numbers of either sign and of many sizes; a tenth of them special, if wished. */
const drawn = (dtype: Dtype, n: number, seed: number, special = false): Numbers =>
  new ARRAY[dtype](n).map((_, i) => {
    const u = random[(seed * 7919 + i) % random.length] as number; // in range
    const v = random[(seed * 104_729 + 3 * i) % random.length] as number;
    if (special && u < 0.1) return SPECIAL[Math.floor(u * 10 * SPECIAL.length)] as number; // u · 10 is below 1
    return (u - 0.5) * 2 ** Math.round(8 * v);
  });

/** What is promised, in plain JavaScript: the sum over k in order, every product and every sum rounded. */
const promised = (dtype: Dtype, a: Numbers, b: Numbers, [m, n, k]: Shape): Numbers => {
  const round = dtype === 'f32' ? Math.fround : (x: number): number => x;
  const c = new ARRAY[dtype](m * n);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let h = 0; h < k; h++) sum = round(sum + round((a[i * k + h] as number) * (b[h * n + j] as number)));
      c[i * n + j] = sum;
    }
  return c;
};
const eager = (a: Numbers, b: Numbers, [m, n, k]: Shape): ArrayLike<number> =>
  ops.matmul(Tensor.from([m, k], a), Tensor.from([k, n], b)).view;
/** The first place where two lists differ, NaN being equal to NaN. */
const difference = (got: ArrayLike<number>, expected: ArrayLike<number>): string => {
  for (let i = 0; i < Math.max(got.length, expected.length); i++)
    if (!Object.is(got[i], expected[i])) return `element ${i}: got ${got[i]}, expected ${expected[i]}`;
  return '';
};

interface Case {
  readonly shape: Shape;
  readonly turned?: Turned;
  /** Numbers between lines that belong to none. */
  readonly gap?: number;
}
interface Ran {
  readonly c: Numbers;
  /** Whether everything but C and the scratch is as it was. */
  readonly untouched: boolean;
}

type Way = 'product' | 'tiny';
type Run = (a: Numbers, b: Numbers, way?: Way) => Ran;

/** All cases in one module; each is run with given operands by either way, among bytes that read as NaN. */
const products = (dtype: Dtype, mode: Mode, cases: readonly Case[]): readonly Run[] => {
  const bytes = ARRAY[dtype].BYTES_PER_ELEMENT;
  const SCRATCH = 64;
  const GUARD = 8 * bytes;
  const gemm = gemmFunctions(dtype, mode, SCRATCH);
  const from = SCRATCH + scratchBytes(dtype);
  const placed = cases.map(({ shape: [m, n, k], turned: [ta, tb] = [false, false], gap = 0 }) => {
    const matrix = (at: number, rows: number, columns: number, turn: boolean): Matrix & { readonly end: number } => {
      const [lines, length] = turn ? [columns, rows + gap] : [rows, columns + gap];
      const line = length * bytes;
      return { at, line: turn ? bytes : line, step: turn ? line : bytes, end: at + lines * line + GUARD };
    };
    const a = matrix(from + GUARD, m, k, ta);
    const b = matrix(a.end, k, n, tb);
    const c = matrix(b.end, m, n, false);
    return { a, b, c, m, n, k };
  });
  const pages = Math.ceil(Math.max(...placed.map(({ c }) => c.end)) / PAGE);
  const memory = new host.Memory({ initial: pages });
  const code = [
    ...placed.map((p, i) => func(`product ${i}`, [], () => gemm.product(p))),
    ...placed.flatMap((p, i) => (isTiny(p) ? [func(`tiny ${i}`, [], (l) => gemm.tiny(l, p))] : [])),
  ];
  const run = instantiate(wasmModule({ memory: { pages }, functions: [...code, ...gemm.functions()] }), memory);
  const buffer = memory.buffer as ArrayBuffer; // not shared
  new Uint8Array(buffer).fill(0xff);
  const each = (x: Matrix, rows: number, columns: number, act: (at: number, i: number) => void): void => {
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) act((x.at + i * x.line + j * x.step) / bytes, i * columns + j);
  };
  return placed.map(({ a, b, c, m, n, k }, i) => (x, y, way = 'product') => {
    const all = new ARRAY[dtype](buffer);
    const used = new Uint8Array(buffer, from, c.end - from).fill(0xff);
    each(a, m, k, (at, e) => {
      all[at] = x[e] as number; // as many as A has
    });
    each(b, k, n, (at, e) => {
      all[at] = y[e] as number;
    });
    const before = used.slice();
    run[`${way} ${i}`]?.();
    const out = new ARRAY[dtype](m * n);
    each(c, m, n, (at, e) => {
      out[e] = all[at] as number; // within memory
      used.fill(0xff, at * bytes - from, (at + 1) * bytes - from);
    });
    return { c: out, untouched: Buffer.compare(used, before) === 0 };
  });
};
const named = ({ shape, turned, gap = 0 }: Case): string => `${shape} turned ${turned} gap ${gap}`;

const SIZES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 20] as const;
const SMALL: readonly Case[] = SIZES.flatMap((m) => SIZES.flatMap((n) => SIZES.map((k) => [m, n, k] as const))).map(
  (shape, i) => ({ shape, turned: TURNS[i % TURNS.length] ?? [false, false], gap: i % 3 }),
);
/** Beyond the blocks, at their edges, and of one row or column; each is turned in all ways. */
const LARGE: readonly Shape[] = [
  [300, 530, 270],
  [101, 67, 513],
  [64, 33, 1030],
  [96, 512, 512],
  [9, 300, 1537],
  [1, 77, 600],
  [77, 1, 600],
  [1000, 3, 2],
  [3, 700, 1],
  [1, 1, 999],
];
const ways = ([m, n, k]: Shape): readonly Way[] => (isTiny({ m, n, k }) ? ['product', 'tiny'] : ['product']);

describe.each(DTYPES)('%s products, reproducible', (dtype) => {
  const reference = dtype === 'f64' ? eager : (a: Numbers, b: Numbers, s: Shape) => promised('f32', a, b, s);

  const check = (it: Case, run: Run | undefined, a: Numbers, b: Numbers, expected: ArrayLike<number>): void => {
    for (const way of ways(it.shape)) {
      const ran = run?.(a, b, way);
      const wrong = difference(ran?.c ?? [], expected);
      if (wrong !== '' || !ran?.untouched) expect.fail(`${way} ${named(it)}: ${wrong} untouched ${ran?.untouched}`);
    }
  };

  test('small ones are the sums in order, bit for bit, special values included, and touch nothing else', () => {
    const runs = products(dtype, 'reproducible', SMALL);
    SMALL.forEach((it, i) => {
      const [m, n, k] = it.shape;
      const special = i % 8 < 4;
      const [a, b] = [drawn(dtype, m * k, i, special), drawn(dtype, k * n, i + 1, special)];
      check(it, runs[i], a, b, reference(a, b, it.shape));
    });
  });

  test.each(LARGE)('so is %i × %i with sums of %i', (...shape) => {
    const [m, n, k] = shape;
    const cases = TURNS.map((turned, i) => ({ shape, turned, gap: i }));
    const runs = products(dtype, 'reproducible', cases);
    for (const special of [false, true]) {
      const [a, b] = [drawn(dtype, m * k, m, special), drawn(dtype, k * n, n, special)];
      const expected = reference(a, b, shape);
      cases.forEach((it, i) => {
        check(it, runs[i], a, b, expected);
      });
    }
  });

  test('nothing is read beyond the end of memory', () => {
    const bytes = ARRAY[dtype].BYTES_PER_ELEMENT;
    const pages = 1 + Math.ceil((scratchBytes(dtype) + 64) / PAGE);
    const [low, end] = [(pages - 1) * PAGE, pages * PAGE];
    const gemm = gemmFunctions(dtype, 'reproducible', 64);
    const some = SMALL.filter(({ shape }, i) => i % 5 === 0 && shape.every((n) => n > 0));
    const placed = some.flatMap(({ shape: [m, n, k], turned: [ta, tb] = [false, false] }) => {
      const matrix = (at: number, rows: number, columns: number, turn: boolean): Matrix =>
        turn ? { at, line: bytes, step: rows * bytes } : { at, line: columns * bytes, step: bytes };
      return [
        [end - m * k * bytes, low, low + 16_384],
        [low, end - k * n * bytes, low + 16_384],
        [low, low + 16_384, end - m * n * bytes],
      ].map(([a = 0, b = 0, c = 0]) => ({
        a: matrix(a, m, k, ta),
        b: matrix(b, k, n, tb),
        c: matrix(c, m, n, false),
        m,
        n,
        k,
      }));
    });
    const code = placed.map((p, i) => func(`${i}`, [], (l) => seq(gemm.product(p), isTiny(p) ? gemm.tiny(l, p) : [])));
    const memory = new host.Memory({ initial: pages });
    const run = instantiate(wasmModule({ memory: { pages }, functions: [...gemm.functions(), ...code] }), memory);
    expect(placed.length).toBeGreaterThan(1000);
    for (const f of Object.values(run)) f(); // an access out of bounds throws
  });
});

describe.each(DTYPES)('%s products, fast', (dtype) => {
  test('are within the bound of any order and any contraction', () => {
    const unit = dtype === 'f32' ? 2 ** -24 : 2 ** -53;
    const cases = [...SMALL.filter((_, i) => i % 5 === 0), ...LARGE.slice(1).map((shape) => ({ shape }))];
    const runs = products(dtype, 'fast', cases);
    cases.forEach((it, i) => {
      const [m, n, k] = it.shape;
      const [a, b] = [drawn(dtype, m * k, i), drawn(dtype, k * n, i + 1)];
      const [x, y] = [new Float64Array(a), new Float64Array(b)];
      const exact = promised('f64', x, y, it.shape);
      const sizes = promised('f64', x.map(Math.abs), y.map(Math.abs), it.shape);
      // γₖ of this format, and that of the reference itself
      const gamma = [unit, 2 ** -53].reduce((sum, u) => sum + (k * u) / (1 - k * u), 0);
      for (const way of ways(it.shape)) {
        const ran = runs[i]?.(a, b, way);
        const off = exact.findIndex((e, at) => !(Math.abs((ran?.c[at] ?? NAN) - e) <= gamma * (sizes[at] ?? NAN)));
        if (off >= 0 || !ran?.untouched)
          expect.fail(`${way} ${named(it)}: element ${off} got ${ran?.c[off]}, expected ${exact[off]}`);
      }
    });
  });
});
