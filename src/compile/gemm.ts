// Matrix products over the assembler: packed panels and a tile of registers for large ones, other ways for vectors and trifles.
import {
  type Arithmetic,
  advance,
  arithmetic,
  clear,
  countdown,
  type Mode,
  type Product,
  range,
  steps,
  turned,
  VECTOR,
  ZERO,
} from './arithmetic.ts';
import { matrixVector } from './matvec.ts';
import { packBlock } from './pack.ts';
import type { Dtype } from './program.ts';
import { straight } from './straight.ts';
import {
  add,
  type Code,
  call,
  div,
  eq,
  type Func,
  func,
  type I32,
  i32,
  isZero,
  type Local,
  type Locals,
  least,
  load,
  lt,
  mul,
  seq,
  store,
  sub,
  when,
  whileLoop,
} from './wasm.ts';

export type { Matrix, Mode, Product } from './arithmetic.ts';
export { isTiny } from './straight.ts';

/**
 * The tile of C that stays in registers while it is summed: rows, and vectors in a row. Eight sums are as many as keep the
 * adders busy while each waits for its last result; of the 15 registers that V8 grants, they leave enough for a and b.
 */
const ROWS = 4;
const VECTORS = 2;
/** Bytes of a row of the tile, in both formats. */
const ROW = VECTORS * VECTOR;

/**
 * Blocks, by the cache they stay in: `depth` numbers of a panel of each side in the first, the block of A in the second, in
 * bytes, and the block of B in the third.
 * @source Goto & van de Geijn 2008
 */
const BLOCK = { depth: 512, a: 192 * 1024, b: 1024 * 1024 } as const;

/** Rows of C that are computed one by one: B is read anew for each, but nothing has to be packed. */
const FEW = 3;

/** Where what is packed lies, from the beginning of the scratch. */
const TILE_AT = 0;
const A_AT = TILE_AT + ROWS * ROW;
const B_AT = A_AT + BLOCK.a;
/** Bytes that products need to themselves, best at a multiple of 64. The same for both: caches count in bytes. */
export const scratchBytes = (_: Dtype): number => B_AT + BLOCK.b;

/** The size of equal parts of a total, each at most so large and a multiple of the unit. */
const evenly = (total: number, most: number, unit: number): number => {
  const parts = Math.ceil(total / most);
  return Math.ceil(total / parts / unit) * unit;
};
const multiple = (n: number, unit: number): number => Math.floor(n / unit) * unit;

/** A column of tiles, one below another: `count` panels of A with one panel of B, k products for every element. */
const tiles = (f: Arithmetic): Func =>
  func(undefined, ['count', 'k', 'a', 'b', 'c', 'cLine', 'first'], (l, { count, k, a, b, c, cLine, first }) => {
    const [from, row, left] = [l.i32(), l.i32(), l.i32()];
    const factor = l.v128();
    const across = range(VECTORS, (j) => ({ b: l.v128(), at: j * VECTOR }));
    const rows = range(ROWS, (i) => ({ at: i * f.bytes, sums: across.map((x) => ({ ...x, sum: l.v128() })) }));
    const everySum = (act: (at: number, sum: Local<'v128'>) => Code): Code =>
      seq(
        row.set(c.get),
        ...rows.map(({ sums }) => seq(...sums.map(({ at, sum }) => act(at, sum)), advance(row, cLine.get))),
      );
    const products = seq(
      ...across.map((x) => x.b.set(load('v128', from.get, x.at))),
      ...rows.map(({ at, sums }) =>
        seq(
          factor.set(f.splat(a.get, at)),
          ...sums.map((x) => x.sum.set(f.multiplyAdd(factor.get, x.b.get, x.sum.get))),
        ),
      ),
      advance(a, i32(ROWS * f.bytes)),
      advance(from, i32(ROW)),
    );
    const tile = seq(
      // sums go on from C, so that the order is that of k throughout
      when(
        first.get,
        everySum((_, sum) => sum.set(ZERO)),
        everySum((at, sum) => sum.set(load('v128', row.get, at))),
      ),
      from.set(b.get),
      left.set(k.get),
      countdown(left, products),
      everySum((at, sum) => store('v128', row.get, sum.get, at)),
      c.set(row.get),
    );
    return countdown(count, tile);
  });

/** Copies a block of numbers; its width is in bytes. */
const copyBlock = ({ dtype, bytes }: Arithmetic): Func =>
  func(undefined, ['source', 'sourceLine', 'to', 'toLine', 'height', 'width'], (l, p) => {
    const x = l.i32();
    const one = store(dtype, add(p.to.get, x.get), load(dtype, add(p.source.get, x.get)));
    return countdown(
      p.height,
      seq(steps(x, p.width.get, i32(bytes), one), advance(p.source, p.sourceLine.get), advance(p.to, p.toLine.get)),
    );
  });

/** One panel of B with all panels of A: a column of tiles, of which those that C cuts go through the tile in the scratch. */
const tileColumn = (f: Arithmetic): readonly [Func, ...(readonly Func[])] => {
  const kernel = tiles(f);
  const copy = copyBlock(f);
  const column = func(
    undefined,
    ['rows', 'width', 'k', 'a', 'b', 'c', 'cLine', 'first', 'tile'],
    (l, { rows, width, k, a, b, c, cLine, first, tile }) => {
      const whole = l.i32();
      const below = (tiles: I32): Code =>
        seq(
          advance(a, mul(tiles, mul(k.get, i32(ROWS * f.bytes)))),
          advance(c, mul(tiles, mul(cLine.get, i32(ROWS)))),
          rows.set(sub(rows.get, mul(tiles, i32(ROWS)))),
        );
      const height = least(i32(ROWS), rows.get);
      const cut = seq(
        when(isZero(first.get), call(copy, c.get, cLine.get, tile.get, i32(ROW), height, width.get)),
        call(kernel, i32(1), k.get, a.get, b.get, tile.get, i32(ROW), first.get),
        call(copy, tile.get, i32(ROW), c.get, cLine.get, height, width.get),
      );
      return seq(
        when(
          eq(width.get, i32(ROW)),
          seq(
            whole.set(div(rows.get, i32(ROWS))),
            call(kernel, whole.get, k.get, a.get, b.get, c.get, cLine.get, first.get),
            below(whole.get),
          ),
        ),
        whileLoop(lt(i32(0), rows.get), seq(cut, below(i32(1)))),
      );
    },
  );
  return [column, kernel, copy];
};

/** Products of matrices of any size, in blocks of so many rows, columns, and numbers of the sum. */
const blocked = (f: Arithmetic): readonly [Func, ...(readonly Func[])] => {
  const { bytes } = f;
  const columns = ROW / bytes;
  const [column, ...others] = tileColumn(f);
  const [packA, ...packersA] = packBlock(f, ROWS);
  const [packB, ...packersB] = packBlock(f, columns);
  const main = func(
    undefined,
    ['a', 'aLine', 'aStep', 'b', 'bLine', 'bStep', 'c', 'cLine', 'm', 'n', 'k', 'height', 'width', 'depth', 'scratch'],
    (l, { a, aLine, aStep, b, bLine, bStep, c, cLine, m, n, k, height, width, depth, scratch }) => {
      const [tile, blockA, blockB] = [TILE_AT, A_AT, B_AT].map((at) => add(scratch.get, i32(at))) as [I32, I32, I32]; // three
      // a block begins at row i, column j and number k of the sum, and has so many of them; panel p is one of its columns
      const [i, j, h, p] = [l.i32(), l.i32(), l.i32(), l.i32()];
      const [rows, cols, deep] = [l.i32(), l.i32(), l.i32()];
      const at = (from: Local<'i32'>, line: I32, lineBytes: I32, step: I32, stepBytes: I32): I32 =>
        add(from.get, add(mul(line, lineBytes), mul(step, stepBytes)));
      const fromA = at(a, i.get, aLine.get, h.get, aStep.get);
      const fromB = at(b, h.get, bLine.get, j.get, bStep.get);
      const toC = at(c, i.get, cLine.get, add(j.get, p.get), i32(bytes));
      const panel = seq(
        call(
          column,
          rows.get,
          mul(i32(bytes), least(i32(columns), sub(cols.get, p.get))),
          deep.get,
          blockA,
          add(blockB, mul(mul(p.get, i32(bytes)), deep.get)),
          toC,
          cLine.get,
          isZero(h.get),
          tile,
        ),
      );
      const rowsOfBlocks = seq(
        rows.set(least(height.get, sub(m.get, i.get))),
        call(packA, fromA, aLine.get, aStep.get, rows.get, deep.get, blockA),
        steps(p, cols.get, i32(columns), panel),
      );
      const depths = seq(
        deep.set(least(depth.get, sub(k.get, h.get))),
        call(packB, fromB, bStep.get, bLine.get, cols.get, deep.get, blockB),
        steps(i, m.get, height.get, rowsOfBlocks),
      );
      const columnsOfBlocks = seq(cols.set(least(width.get, sub(n.get, j.get))), steps(h, k.get, depth.get, depths));
      return steps(j, n.get, width.get, columnsOfBlocks);
    },
  );
  return [main, column, ...others, packA, ...packersA, packB, ...packersB];
};

/** Fills rows with zeros: the sums of no products. */
const zeros = (): Func =>
  func(undefined, ['c', 'cLine', 'm', 'bytes'], (_, { c, cLine, m, bytes }) =>
    countdown(m, seq(clear(c.get, bytes.get), advance(c, cLine.get))),
  );

/** Work in units that do not depend on each other. */
export interface Divided {
  readonly units: number;
  /** Code for the units from one to another, over a scratch that nobody else uses meanwhile. */
  readonly code: (from: I32, to: I32, scratch: I32) => Code;
}

export interface Gemm {
  /** What has to be in the module that computes the products which have been asked for. */
  readonly functions: () => readonly Func[];
  /** Code that computes a product, of any size. */
  readonly product: (p: Product) => Code;
  /**
   * A product that many may compute together: its rows, or its columns, in so many units, of which one call computes some.
   * Null for those that are not computed from packed panels.
   */
  readonly divided: (p: Product, calls: number) => Divided | null;
  /** The same in a straight line without calls and scratch, for products that are {@link isTiny}. */
  readonly tiny: (l: Locals, p: Product) => Code;
}

/**
 * Matrix products of one kind of number. In `reproducible` mode every element is 0 + a₀·b₀ + a₁·b₁ + …, each product and
 * each sum rounded, in this order, whatever way it is computed. They keep what they pack at address `scratch`, in
 * {@link scratchBytes} that may hold anything.
 */
export const gemmFunctions = (dtype: Dtype, mode: Mode, scratch: number): Gemm => {
  const f = arithmetic(dtype, mode);
  const { bytes } = f;
  const columns = ROW / bytes;
  const [main, ...others] = blocked(f);
  const vector = matrixVector(f);
  const nothing = zeros();
  const forms = new Map<string, Func>();
  /** So many rows and columns of C, at most those of `sizes`, from these places on, over a scratch of their own. */
  const inBlocks = (
    { a, b, c, k }: Product,
    [fromA, fromB, toC]: readonly [I32, I32, I32],
    [m, n]: readonly [I32, I32],
    sizes: Pick<Product, 'm' | 'n'>,
    own: I32,
  ): Code => {
    const depth = evenly(k, BLOCK.depth, 1);
    const most = (block: number, unit: number): number => multiple(block / (depth * bytes), unit);
    const height = evenly(sizes.m, most(BLOCK.a, ROWS), ROWS);
    const width = evenly(sizes.n, most(BLOCK.b, columns), columns);
    const sides = [fromA, i32(a.line), i32(a.step), fromB, i32(b.line), i32(b.step), toC, i32(c.line)];
    return call(main, ...sides, m, n, ...[k, height, width, depth].map(i32), own);
  };
  const isNothing = ({ m, n, k }: Product): boolean => m === 0 || n === 0 || k === 0;
  const isColumn = ({ a, c, n }: Product): boolean => n === 1 && c.line === bytes && vector.takes(a);
  const isFew = ({ b, m }: Product): boolean => m <= FEW && vector.takes(b);
  const product = (p: Product): Code => {
    const { a, b, c, m, n, k } = p;
    if (m === 0 || n === 0) return [];
    if (k === 0) return call(nothing, ...[c.at, c.line, m, n * bytes].map(i32));
    if (isColumn(p)) return vector.product(a, b.at, b.line, c.at, m, k);
    // a row times a matrix is the turned matrix times a column, product by product
    if (isFew(p))
      return seq(...range(m, (i) => vector.product(turned(b), a.at + i * a.line, a.step, c.at + i * c.line, n, k)));
    // products of one form are calls of one function, so that a program of many is short
    const key = [a.line, a.step, b.line, b.step, c.line, m, n, k].join();
    const one =
      forms.get(key) ??
      func(undefined, ['fromA', 'fromB', 'to'], (_, { fromA, fromB, to }) =>
        inBlocks(p, [fromA.get, fromB.get, to.get], [i32(m), i32(n)], p, i32(scratch)),
      );
    forms.set(key, one);
    return call(one, ...[a.at, b.at, c.at].map(i32));
  };
  // every call packs the whole of the smaller side again, which costs little
  const divided = (p: Product, calls: number): Divided | null => {
    if (isNothing(p) || isColumn(p) || isFew(p)) return null;
    const { a, b, c, m, n } = p;
    const [total, unit] = n < m ? [m, ROWS] : [n, columns];
    const units = Math.ceil(total / unit);
    const share = Math.ceil(units / calls) * unit;
    return {
      units,
      code: (from, to, own) => {
        const first = mul(from, i32(unit));
        const count = sub(least(i32(total), mul(to, i32(unit))), first);
        const along = (at: number, by: number): I32 => add(i32(at), mul(first, i32(by)));
        return n < m
          ? inBlocks(p, [along(a.at, a.line), i32(b.at), along(c.at, c.line)], [count, i32(n)], { m: share, n }, own)
          : inBlocks(p, [i32(a.at), along(b.at, b.step), along(c.at, bytes)], [i32(m), count], { m, n: share }, own);
      },
    };
  };
  return {
    functions: () => [main, ...others, ...vector.functions, nothing, ...forms.values()],
    product,
    divided,
    tiny: (l, p) => straight(f, l, p),
  };
};
