// Matrix products written out: a straight line of loads, products and stores at fixed addresses.
import { type Arithmetic, type Product, range, turned, VECTOR, ZERO } from './arithmetic.ts';
import { type Code, i32, type Locals, load, seq, store, type V128 } from './wasm.ts';

/** Products that are summed: more would make much code. */
const MOST = 512;
/** Whether a product is small enough to be written out. */
export const isTiny = ({ m, n, k }: Pick<Product, 'm' | 'n' | 'k'>): boolean => m * n * k <= MOST;

/** Rows of C that share what is loaded of B. */
const ROWS = 6;

/** Code for a product, without a loop. */
export const straight = (f: Arithmetic, l: Locals, p: Product): Code => {
  const { bytes, lanes } = f;
  // a column of C is a row of Cᵀ = Bᵀ·Aᵀ, in which vectors run along it
  if (p.n === 1 && p.m > 1 && p.c.line === bytes)
    return straight(f, l, { ...p, a: turned(p.b), b: turned(p.a), m: 1, n: p.m });
  const { a, b, c, m, n, k } = p;
  const zero = i32(0);
  const factors = l.v128();
  /** Numbers of row h of B from column j on. */
  const partOfB = (h: number, j: number, width: number): V128 => {
    const at = b.at + h * b.line + j * b.step;
    return width === lanes && b.step === bytes
      ? load('v128', zero, at)
      : f.gather(range(width, (x) => ({ at: zero, offset: at + x * b.step })));
  };
  const sums = range(Math.min(m, ROWS), () => l.v128());
  const block = (i: number, j: number): Code => {
    const width = Math.min(lanes, n - j);
    const rows = sums
      .slice(0, m - i)
      .map((sum, x) => ({ sum, a: a.at + (i + x) * a.line, c: c.at + (i + x) * c.line + j * bytes }));
    return seq(
      ...rows.map(({ sum }) => sum.set(ZERO)),
      ...range(k, (h) =>
        seq(
          factors.set(partOfB(h, j, width)),
          ...rows.map(({ sum, a: row }) =>
            sum.set(f.multiplyAdd(f.splat(zero, row + h * a.step), factors.get, sum.get)),
          ),
        ),
      ),
      ...rows.map(({ sum, c: at }) =>
        width === lanes
          ? store('v128', zero, sum.get, at)
          : seq(...range(width, (x) => f.storeLane(zero, sum.get, x, at + x * bytes))),
      ),
    );
  };
  const starts = (n: number, by: number): readonly number[] => range(Math.ceil(n / by), (x) => x * by);
  return seq(...starts(m, ROWS).flatMap((i) => starts(n, VECTOR / bytes).map((j) => block(i, j))));
};
