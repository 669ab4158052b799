// Matrix products written out: a straight line of loads, products and stores at fixed addresses.
import { type Arithmetic, type Product, range, square, turned, ZERO } from './arithmetic.ts';
import { type Code, i32, type Locals, load, seq, store, type V128 } from './wasm.ts';

/** Products that are summed: more would make much code. */
const MOST = 512;
/** Whether a product is small enough to be written out. */
export const isTiny = ({ m, n, k }: Pick<Product, 'm' | 'n' | 'k'>): boolean => m * n * k <= MOST;

/** Rows of C that share what is loaded of B. */
const ROWS = 6;

/** A vector of a row of B, and code that has to come before it. */
interface Part {
  readonly before: Code;
  readonly part: V128;
}

/** Numbers of all rows of B, one after another, from column j on. */
const partsOfB = (f: Arithmetic, l: Locals, { b, k }: Product, j: number, width: number): readonly Part[] => {
  const { bytes, lanes } = f;
  const zero = i32(0);
  const place = (h: number, x: number): number => b.at + h * b.line + (j + x) * b.step;
  const one = (h: number): Part => ({
    before: [],
    part:
      width === lanes && b.step === bytes
        ? load('v128', zero, place(h, 0))
        : f.gather(range(width, (x) => ({ at: zero, offset: place(h, x) }))),
  });
  /** As many rows as a vector has lanes, where it is columns whose numbers lie side by side. */
  const several = (h: number): readonly Part[] => {
    const columns = range(lanes, (x) => load('v128', zero, place(h, x)));
    const rows = square(f, l, columns);
    return rows.columns.map((part, i) => ({ before: i === 0 ? rows.turn : [], part }));
  };
  const squares = width === lanes && b.line === bytes && b.step !== bytes ? Math.floor(k / lanes) : 0;
  const rest = range(k - squares * lanes, (h) => one(squares * lanes + h));
  return [...range(squares, (s) => several(s * lanes)).flat(), ...rest];
};

/** Code for a product, without a loop. */
export const straight = (f: Arithmetic, l: Locals, p: Product): Code => {
  // a column of C is a row of Cᵀ = Bᵀ·Aᵀ, in which vectors run along it
  if (p.n === 1 && p.m > 1 && p.c.line === f.bytes)
    return straight(f, l, { ...p, a: turned(p.b), b: turned(p.a), m: 1, n: p.m });
  const { bytes, lanes } = f;
  const { a, c, m, n } = p;
  const zero = i32(0);
  const factors = l.v128();
  const sums = range(Math.min(m, ROWS), () => l.v128());
  /** Some rows of C, one vector of each. */
  const block = (i: number, j: number): Code => {
    const width = Math.min(lanes, n - j);
    const rows = sums.slice(0, m - i).map((sum, x) => ({
      sum,
      a: a.at + (i + x) * a.line,
      c: c.at + (i + x) * c.line + j * bytes,
    }));
    return seq(
      ...rows.map(({ sum }) => sum.set(ZERO)),
      ...partsOfB(f, l, p, j, width).map(({ before, part }, h) =>
        seq(
          before,
          factors.set(part),
          ...rows.map(({ sum, a: row }) =>
            sum.set(f.multiplyAdd(f.splat(zero, row + h * a.step), factors.get, sum.get)),
          ),
        ),
      ),
      ...rows.map(({ sum, c: row }) =>
        width === lanes
          ? store('v128', zero, sum.get, row)
          : seq(...range(width, (x) => f.storeLane(zero, sum.get, x, row + x * bytes))),
      ),
    );
  };
  const starts = (n: number, by: number): readonly number[] => range(Math.ceil(n / by), (x) => x * by);
  return seq(...starts(m, ROWS).flatMap((i) => starts(n, lanes).map((j) => block(i, j))));
};
