// Two more readings of the language: exact (64-digit numbers) and bounded (a value with a running error bound).
import {
  type DrawParams,
  type Lang,
  type Op,
  ops,
  ROWS,
  type RootParams,
  type Rowwise,
  reading,
  type Shape,
  Tensor,
} from '../../src/index.ts';
import { type Elementary, numbers } from '../../src/internal.ts';
import { drawError, FORMATS, type Grant, gamma, nextDown, nextUp, spacing, ulpsAt } from '../tolerance.ts';
import { drawScope } from './draws.ts';
import { type Big, big, exact, math, nearest, ZERO } from './exact.ts';
import { evaluate, evaluateAny, type Scope, valueAt } from './formula.ts';

const count = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** Flat offsets of an array of `shape` for every index of `onto`, which it broadcasts to. */
const gather = (shape: Shape, onto: Shape): readonly number[] => {
  const own = ops.expand(
    Tensor.from(
      shape,
      Array.from({ length: count(shape) }, (_, i) => i),
    ),
    { shape: onto },
  );
  return own.toArray();
};

// ---- exact -------------------------------------------------------------------------------------------------------

/** A tensor of 64-digit numbers. A class, so that trees take it for a leaf. */
export class Exact {
  readonly shape: Shape;
  readonly data: readonly Big[];
  constructor(shape: Shape, data: readonly Big[]) {
    this.shape = shape;
    this.data = data;
  }
  static from(shape: Shape, values: ArrayLike<number>): Exact {
    return new Exact(shape, Array.from(values, exact));
  }
}

/** Values of an indexed formula, as `ik,kj->ij`: the sum of its term over the indices missing on the right. */
const einsum = (
  index: string,
  term: string,
  args: readonly string[],
  xs: readonly Exact[],
  shape: Shape,
): readonly Big[] => {
  const [left = '', right = ''] = index.split('->');
  const parts = left.split(',');
  const sizes = new Map<string, number>();
  for (const [i, part] of parts.entries())
    for (const [d, letter] of [...part].entries()) sizes.set(letter, xs[i]?.shape[d] ?? 1);
  const inner = [...sizes.keys()].filter((letter) => !right.includes(letter));
  const letters = [...right, ...inner];
  const extent = letters.map((letter) => sizes.get(letter) ?? 1);
  const out = new Array<Big>(count(shape)).fill(ZERO);
  const innerCount = count(inner.map((letter) => sizes.get(letter) ?? 1));
  for (let i = 0; i < count(extent); i++) {
    const at = new Map<string, number>();
    letters.reduceRight((rest, letter, d) => {
      const n = extent[d] ?? 1;
      at.set(letter, rest % n);
      return Math.floor(rest / n);
    }, i);
    const scope: Record<string, Big> = {};
    parts.forEach((part, k) => {
      const flat = [...part].reduce((offset, letter, d) => offset * (xs[k]?.shape[d] ?? 1) + (at.get(letter) ?? 0), 0);
      scope[args[k] ?? ''] = xs[k]?.data[flat] ?? ZERO;
    });
    const to = Math.floor(i / innerCount);
    out[to] = (out[to] ?? ZERO).plus(valueAt(term, scope));
  }
  return out;
};

/** Values of a formula along the last axis: its sums and maxima first, then one value per number or per row. */
const alongRows = (
  { sums = {}, maxima = {}, each }: Rowwise,
  args: readonly string[],
  xs: readonly Exact[],
  shape: Shape,
): readonly Big[] => {
  const all = count(xs[0]?.shape ?? []);
  const n = xs[0]?.shape.at(-1) ?? 1;
  const at = (i: number): Scope => Object.fromEntries(args.map((name, k) => [name, xs[k]?.data[i] ?? ZERO]));
  const rows = Array.from({ length: all / n }, (_, r) => {
    const folded = (terms: Readonly<Record<string, string>>, f: (a: Big, b: Big) => Big): Scope =>
      Object.fromEntries(
        Object.entries(terms).map(([name, term]) => [
          name,
          Array.from({ length: n }, (_2, j) => valueAt(term, at(r * n + j))).reduce(f),
        ]),
      );
    return { ...folded(sums, (a, b) => a.plus(b)), ...folded(maxima, (a, b) => (b.gt(a) ? b : a)) };
  });
  return Array.from({ length: count(shape) }, (_, i) => {
    const element = (i * all) / count(shape); // where one value is left of a row, its first element stands for it
    return valueAt(each, { ...at(element), ...rows[Math.floor(element / n)] });
  });
};

/** A function of one or more whole matrices. */
const wholeMatrix = (text: string, args: readonly string[], xs: readonly Exact[], p: unknown): readonly Big[] => {
  const matrices = Object.fromEntries(
    args.map((name, i) => {
      const { shape: [rows = 1, columns = 1] = [], data = [] } = xs[i] ?? {};
      return [name, math.matrix(Array.from({ length: rows }, (_, r) => data.slice(r * columns, (r + 1) * columns)))];
    }),
  );
  const made = evaluateAny(text, { ...matrices, ...paramScope(p) }) as { readonly toArray: () => unknown }; // a matrix
  return (made.toArray() as Big[][]).flat();
};

/** Numeric parameters of a row as names of its formula. */
export const paramScope = (p: unknown): Scope =>
  Object.fromEntries(
    Object.entries((p ?? {}) as Record<string, unknown>).flatMap(([name, v]) =>
      typeof v === 'number' ? [[name, exact(v)]] : [],
    ),
  );

/** The language at 64 digits: every row by its formula, none by its kernel. */
export const exactly64: Lang<Exact> = reading<Exact>(
  {
    shape: (x) => x.shape,
    lit: (v, text) => (text === undefined ? Exact.from([], [v]) : new Exact([], [evaluate(text, {})])),
  },
  (row, xs, p) => {
    const shapes = xs.map((x) => x.shape);
    const shape = row.shape(shapes, p);
    const { formula } = row;
    if (typeof formula === 'object' && 'index' in formula) {
      const index = typeof formula.index === 'string' ? formula.index : formula.index(shapes, p as never);
      return new Exact(shape, einsum(index, formula.term, row.args, xs, shape));
    }
    if (typeof formula === 'object' && 'matrix' in formula)
      return new Exact(shape, wholeMatrix(formula.matrix, row.args, xs, p));
    if (row.kind === 'draw') {
      const counter = nearest(xs[0]?.data[0] ?? ZERO); // they have one argument, a scalar
      const scopes = Array.from({ length: count(shape) }, (_, i) => drawScope((p as DrawParams).key, counter, i));
      return new Exact(
        shape,
        scopes.map((scope) => valueAt(formula, scope)),
      );
    }
    if (typeof formula === 'object' && 'each' in formula)
      return new Exact(shape, alongRows(formula, row.args, xs, shape));
    const same = count(shape);
    // equal sizes keep their order, which covers reshape; all else broadcasts
    const from = xs.map((x) => (x.data.length === same ? null : gather(x.shape, shape)));
    const params = paramScope(p);
    const data = Array.from({ length: same }, (_, i) => {
      const scope: Record<string, Big> = { ...params };
      row.args.forEach((name, k) => {
        scope[name] = xs[k]?.data[from[k]?.[i] ?? i] ?? ZERO;
      });
      return valueAt(formula, scope);
    });
    return new Exact(shape, data);
  },
);

/** x + h·u, for directional differences. */
export const shifted = (x: Exact, u: ArrayLike<number>, h: string): Exact =>
  new Exact(
    x.shape,
    x.data.map((v, i) => v.plus(exact(u[i] ?? 0).times(big(h)))),
  );

// ---- bounded -----------------------------------------------------------------------------------------------------

/** A tensor and, per element, how far any correct implementation may be from the exact value of the program so far. */
export class Bounded {
  readonly value: Tensor;
  readonly error: Tensor;
  constructor(value: Tensor, error: Tensor) {
    this.value = value;
    this.error = error;
  }
  static from(shape: Shape, values: ArrayLike<number>): Bounded {
    return new Bounded(
      Tensor.from(shape, values),
      Tensor.build(shape, () => {}),
    );
  }
}

/** Rounding of the bounds themselves: each is a short sum of products, so a relative 2⁻⁴⁰ covers it many times over. */
const OUTWARD = 1 + 2 ** -40;

/**
 * The extreme deviation of a pointwise row over the box of its arguments. Every row is monotone or convex in each
 * argument between its turns, so the extremes lie at corners and turns; where an argument's interval spans 0, that point
 * is visited as well, which meets poles and kinks. Anything not finite makes the bound infinite.
 */
const deviation = (row: Op, at: readonly number[], error: readonly number[], p: unknown, centre: number): number => {
  if (error.every((e) => e === 0)) return 0;
  const choices = at.map((x, k) => {
    const e = error[k] ?? 0;
    if (e === 0) return [x];
    const [low, high] = [nextDown(x - e, 'f64'), nextUp(x + e, 'f64')];
    return [low, ...(low < 0 && high > 0 ? [0] : []), ...row.turns(low, high), high];
  });
  let worst = 0;
  const out = new Float64Array(1);
  const visit = (k: number, corner: readonly number[]): void => {
    if (k < choices.length) {
      for (const x of choices[k] ?? []) visit(k + 1, [...corner, x]);
      return;
    }
    row.kernel(
      out,
      corner.map((x) => [x]),
      p,
      corner.map(() => []),
      [],
    );
    const y = out[0] ?? Number.NaN;
    const d = y === centre ? 0 : Math.abs(y - centre); // an infinity that stays is no deviation
    worst = Number.isFinite(d) ? Math.max(worst, d) : Number.POSITIVE_INFINITY;
  };
  visit(0, []);
  return worst + 2 * row.ulp * spacing(centre, 'f64');
};

const frobenius = (t: Tensor): number => Math.sqrt(t.toArray().reduce((s, v) => s + v * v, 0));

/**
 * An inverse root X of A + ridge·I moves by at most max|f′|·‖E‖ with the matrix, f′ = λ^(−1−1/p)/p at the smallest eigenvalue
 * λ ≥ ‖X‖^(−p); rounding is that of an eigensolver, which is exact for a matrix within a few n²·u of A. All in Frobenius norms.
 * @source Bhatia 1997, Theorem VII.5.4 (scalar functions are Lipschitz in this norm); Golub & Van Loan 2013, §8.5.5
 */
const spectralError = (value: Tensor, x: Bounded, { order, ridge }: RootParams, u: number): Tensor => {
  const n = value.shape[0] ?? 1;
  const size = frobenius(value) * OUTWARD;
  const smallest = size ** -order;
  const backward = 16 * n * n * u * (frobenius(x.value) + ridge * Math.sqrt(n));
  const moved = frobenius(x.error) + backward;
  const low = smallest - moved;
  const slope = low > 0 ? low ** (-1 - 1 / order) / order : Number.POSITIVE_INFINITY;
  const error = (moved * slope + 16 * n * n * u * size) * OUTWARD;
  return Tensor.build(value.shape, (out) => out.fill(error));
};

/** Random numbers are made of uniforms that may be off by so much, which is seen at both ends: such functions are monotone. */
const drawErrors = (
  row: Op,
  of: Elementary,
  xs: readonly Bounded[],
  p: unknown,
  shape: Shape,
  grant: Grant,
): Tensor => {
  const uniforms = new Float64Array(count(shape));
  ROWS.uniform.kernel(
    uniforms,
    xs.map((x) => x.value.view),
    p,
    [[]],
    shape,
  );
  const off = drawError(grant.dtype);
  return Tensor.build(shape, (out) => {
    for (const [i, u] of uniforms.entries()) {
      const centre = of(numbers, u);
      const moved = Math.max(...[u - off, u + off].map((end) => Math.abs(of(numbers, end) - centre)));
      const own = ulpsAt(grant.ulps(row), Math.abs(centre) + moved, grant.dtype);
      out[i] = Number.isNaN(moved) ? Number.POSITIVE_INFINITY : (moved + own) * OUTWARD;
    }
  });
};

/** Every way to choose the error of at least one argument and the size of the others. */
const withErrors = (sizes: readonly Tensor[], errors: readonly Tensor[]): readonly (readonly Tensor[])[] =>
  sizes
    .reduce<readonly (readonly Tensor[])[]>(
      (lists, size, k) =>
        lists.flatMap((l) => [
          [...l, size],
          [...l, errors[k] ?? size],
        ]),
      [[]],
    )
    .slice(1);

/** The language as values with running error bounds for an implementation that is granted so much. */
export const bounded = (grant: Grant): Lang<Bounded> => {
  const { u, tiny } = FORMATS[grant.dtype];
  const self: Lang<Bounded> = reading<Bounded>(
    {
      shape: (x) => x.value.shape,
      lit: (v, text) => {
        const near = FORMATS[grant.dtype].round(v);
        // a number next to a constant is off by half a unit in its last place
        const off = Math.abs(near - v) + (text === undefined ? 0 : ulpsAt(1 / 2, v, 'f64'));
        return new Bounded(Tensor.from([], [v]), Tensor.from([], [off]));
      },
    },
    (row, xs, p) => {
      const shapes = xs.map((x) => x.value.shape);
      const shape = row.shape(shapes, p);
      const apply = (ins: readonly Tensor[]): Tensor =>
        Tensor.build(shape, (out) => {
          row.kernel(
            out,
            ins.map((t) => t.view),
            p,
            shapes,
            shape,
          );
        });
      if (row.steps !== undefined) return row.steps(self, xs as never, p); // one carrier per argument
      const value = apply(xs.map((x) => x.value));
      if (row.lower.as === 'draw') return new Bounded(value, drawErrors(row, row.lower.of, xs, p, shape, grant));
      if (row.kind === 'layout') return new Bounded(value, apply(xs.map((x) => x.error)));
      if (row.kind === 'spectral') return new Bounded(value, spectralError(value, xs[0] as Bounded, p as never, u));
      if (row.kind === 'fold') {
        const n = row.terms(shapes, shape);
        const sizes = xs.map((x) => ops.abs(x.value));
        const errors = xs.map((x) => x.error);
        const propagated = withErrors(sizes, errors).map((ins) => apply(ins).view);
        const whole = apply(sizes.map((s, k) => ops.add(s, errors[k] ?? s))).view;
        const rounding = gamma(n, u);
        return new Bounded(
          value,
          Tensor.build(shape, (out) => {
            for (let i = 0; i < out.length; i++) {
              const carried = propagated.reduce((sum, part) => sum + (part[i] as number), 0);
              const own =
                n > 1 || row.args.length > 1
                  ? rounding * (whole[i] as number) + (row.args.length > 1 ? n * tiny : 0)
                  : 0;
              out[i] = (carried + own) * OUTWARD;
            }
          }),
        );
      }
      const at = xs.map((x) => gather(x.value.shape, shape));
      const [ulps, absolute] = [grant.ulps(row), grant.absolute(row) * u];
      return new Bounded(
        value,
        Tensor.build(shape, (out) => {
          for (let i = 0; i < out.length; i++) {
            const point = xs.map((x, k) => x.value.view[at[k]?.[i] ?? 0] as number);
            const error = xs.map((x, k) => x.error.view[at[k]?.[i] ?? 0] as number);
            const centre = value.view[i] as number;
            const moved = deviation(row, point, error, p, centre);
            // log 0 is −∞ exactly: an infinity has no rounding
            const rounds = ulps > 0 && Math.abs(centre) !== Number.POSITIVE_INFINITY;
            const own = rounds
              ? ulpsAt(ulps, Math.abs(centre) + moved, grant.dtype) + ulpsAt(row.ulp, centre, 'f64')
              : 0;
            out[i] = (moved + own + absolute) * OUTWARD;
          }
        }),
      );
    },
  );
  return self;
};
