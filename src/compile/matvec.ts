// Products of a matrix and a vector, where every element of the matrix is used once: read in the order it lies in, packed nowhere.
import {
  type Arithmetic,
  advance,
  clear,
  countdown,
  countdownBy,
  type Matrix,
  range,
  square,
  VECTOR,
  ZERO,
  zipped,
} from './arithmetic.ts';
import {
  add,
  type Code,
  call,
  type Func,
  func,
  type I32,
  i32,
  least,
  load,
  lt,
  mul,
  seq,
  store,
  sub,
  type V128,
  when,
  whileLoop,
} from './wasm.ts';

/** Rows whose sums stay in registers together. */
const ROWS = 8;
/** Columns that are added in one go. */
const COLUMNS = 4;

/** c = A·b where the elements of a row of A lie side by side: squares of A are turned, so that a vector holds sums of several rows. */
const alongRows = (f: Arithmetic): Func =>
  func(undefined, ['a', 'line', 'b', 'bStep', 'c', 'm', 'k'], (l, { a, line, b, bStep, c, m, k }) => {
    const { bytes, lanes } = f;
    const [left, factor] = [l.i32(), l.i32()];
    const factors = range(lanes, () => l.v128());
    const starts = range(ROWS, () => l.i32());
    const groups = range(ROWS / lanes, (g) => {
      const own = starts.slice(g * lanes, (g + 1) * lanes);
      const lines = own.map((p) => load('v128', p.get));
      return { row: g * lanes, own, sum: l.v128(), turned: square(f, l, lines) };
    });
    const several = seq(
      ...factors.map((v) => seq(v.set(f.splat(factor.get)), advance(factor, bStep.get))),
      ...groups.map(({ turned, sum }) =>
        seq(
          turned.turn,
          ...zipped(turned.columns, factors, (column, v) => sum.set(f.multiplyAdd(column, v.get, sum.get))),
        ),
      ),
      ...starts.map((p) => advance(p, i32(VECTOR))),
    );
    const one = seq(
      ...groups.map(({ own, sum }) =>
        sum.set(f.multiplyAdd(f.gather(own.map((p) => ({ at: p.get }))), f.splat(factor.get), sum.get)),
      ),
      advance(factor, bStep.get),
      ...starts.map((p) => advance(p, i32(bytes))),
    );
    /** The sums of rows that are there. */
    const put = groups.map(({ row, sum }) =>
      when(
        lt(i32(row + lanes - 1), m.get),
        store('v128', c.get, sum.get, row * bytes),
        seq(
          ...range(lanes - 1, (i) => when(lt(i32(row + i), m.get), f.storeLane(c.get, sum.get, i, (row + i) * bytes))),
        ),
      ),
    );
    const rows = seq(
      // the last row stands in for those that lack
      ...starts.map((p, i) => p.set(add(a.get, mul(line.get, least(i32(i), sub(m.get, i32(1))))))),
      ...groups.map(({ sum }) => sum.set(ZERO)),
      factor.set(b.get),
      left.set(k.get),
      countdownBy(lanes, left, several),
      countdown(left, one),
      ...put,
      advance(a, mul(line.get, i32(ROWS))),
      advance(c, i32(ROWS * bytes)),
      m.set(sub(m.get, i32(ROWS))),
    );
    return whileLoop(lt(i32(0), m.get), rows);
  });

/** c = A·b where the elements of a column of A lie side by side: its columns are added up, a few at a time. */
const byColumns = (f: Arithmetic): Func =>
  func(undefined, ['a', 'step', 'b', 'bStep', 'c', 'm', 'k'], (l, { a, step, b, bStep, c, m, k }) => {
    const { bytes, lanes } = f;
    const [left, out] = [l.i32(), l.i32()];
    const columns = range(COLUMNS, () => ({ from: l.i32(), factor: l.v128() }));
    const added = (n: number): Code => {
      const own = columns.slice(0, n);
      const plus = (part: (at: I32) => V128): V128 =>
        own.reduce((sum, { from, factor }) => f.multiplyAdd(part(from.get), factor.get, sum), part(out.get));
      const forward = (by: number): Code => seq(...[out, ...own.map((x) => x.from)].map((x) => advance(x, i32(by))));
      const vector = plus((at) => load('v128', at));
      const single = plus((at) => f.gather([{ at }]));
      return seq(
        ...own.map(({ from, factor }) =>
          seq(from.set(a.get), advance(a, step.get), factor.set(f.splat(b.get)), advance(b, bStep.get)),
        ),
        out.set(c.get),
        left.set(m.get),
        countdownBy(lanes, left, seq(store('v128', out.get, vector), forward(VECTOR))),
        countdown(left, seq(f.storeLane(out.get, single, 0), forward(bytes))),
      );
    };
    return seq(clear(c.get, mul(m.get, i32(bytes))), countdownBy(COLUMNS, k, added(COLUMNS)), countdown(k, added(1)));
  });

export interface MatrixVector {
  readonly functions: readonly Func[];
  /** Whether rows or columns of a matrix lie side by side, which a product needs. */
  readonly takes: (a: Matrix) => boolean;
  /** Code for c = A·b, A of m × k; the elements of b lie `step` bytes apart, those of c side by side. */
  readonly product: (a: Matrix, b: number, step: number, c: number, m: number, k: number) => Code;
}
export const matrixVector = (f: Arithmetic): MatrixVector => {
  const [rows, columns] = [alongRows(f), byColumns(f)];
  return {
    functions: [rows, columns],
    takes: (a) => a.step === f.bytes || a.line === f.bytes,
    product: (a, b, step, c, m, k) => {
      const [way, line] = a.step === f.bytes ? [rows, a.line] : [columns, a.step];
      return call(way, ...[a.at, line, b, step, c, m, k].map(i32));
    },
  };
};
