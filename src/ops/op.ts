// What a row of the operation table is, and the three ways to make one: pointwise, fold, layout.
import { ShapeError } from '../core/errors.ts';
import { broadcast, type Shape, show, stridesOnto, walk } from '../core/shape.ts';
import type { View } from '../core/tensor.ts';
import type { Verbs } from './verbs.ts';

/** A sum of terms over the indices missing on the right, as `ik,kj->ij`. */
export interface Indexed {
  readonly index: string | ((shapes: readonly Shape[], p: never) => string);
  readonly term: string;
}

/** Along the last axis: sums and maxima of terms by name, and a formula in them and the arguments. */
export interface Rowwise {
  readonly sums?: Readonly<Record<string, string>>;
  readonly maxima?: Readonly<Record<string, string>>;
  readonly each: string;
}

/** A function of whole matrices. */
export interface Whole {
  readonly matrix: string;
}

/**
 * The mathematics of a row as text for documents and for the 64-digit oracle; never the source of a kernel.
 * A string in the argument names; pieces tried in order; a sum over indices; or a formula along rows.
 */
export type Formula = string | readonly { readonly when?: string; readonly f: string }[] | Indexed | Rowwise | Whole;

/** One value per argument. */
export type Each<A extends readonly string[], T> = { readonly [I in keyof A]: T };

/** Where a function bends or breaks, and which slope the engine declares there. */
export interface Kink {
  readonly arg: number;
  readonly at: number;
  readonly slope: string;
  /** The rectifiers differ between engines in which side they take at 0, which ports declare. */
  readonly declared?: true;
}

/**
 * How the values of a row come about, which is what the error and BigNumber readings need to know of it: numbers to a
 * number; sums of products; moved or selected values; several steps along the last axis; random numbers of a key; functions of a
 * symmetric matrix by its eigenvalues.
 */
export type Kind = 'pointwise' | 'fold' | 'layout' | 'rowwise' | 'draw' | 'spectral';

export interface Op<A extends readonly string[] = readonly string[], P = unknown> {
  readonly kind: Kind;
  readonly args: A;
  readonly doc: string;
  readonly formula: Formula;
  readonly source: string;
  /** Largest error of one result in units in the last place, for finite results; folds follow the γₙ bound instead. */
  readonly ulp: number;
  readonly kinks: readonly Kink[];
  /** Where between two numbers a row turns that is neither monotone nor convex in its argument. */
  readonly turns: (low: number, high: number) => readonly number[];
  /** Whether the derivative changes sign inside a smooth piece, where no implementation keeps its relative accuracy. */
  readonly slopeCrosses: boolean;
  /** Whether derivatives treat the result as a constant, as they do a preconditioner. */
  readonly constant: boolean;
  /** Closed range of each argument for which the row is meant; missing ones are all numbers. */
  readonly domain: readonly (readonly [low: number, high: number])[];
  /** Whether a layer may use the row as its non-linearity. */
  readonly activation: boolean;
  /** Results at or beyond which an activation counts as saturated, its slope having all but gone; null where it never has. */
  readonly saturates: readonly [low: number, high: number] | null;
  /** The parameters a check or a benchmark runs the row with; none are symmetric defaults. */
  readonly sample: (shapes: readonly Shape[]) => P;
  /** @throws ShapeError, which begins with `op`, the name of the row */
  readonly shape: (shapes: readonly Shape[], p: P, op?: string) => Shape;
  readonly kernel: (out: Float64Array, ins: readonly View[], p: P, shapes: readonly Shape[], shape: Shape) => void;
  /** Terms added up per result; 1 where nothing is. */
  readonly terms: (shapes: readonly Shape[], shape: Shape) => number;
  /** Cotangents: for pointwise rows in the shape of the result, else of the argument; null where the derivative is zero. */
  readonly vjp: <T>(o: Verbs<T>, g: T, y: T, xs: Each<A, T>, p: P) => Each<A, T | null>;
  /** A row of several steps spelt in other rows, for readings that need its parts. */
  readonly steps?: <T>(o: Verbs<T>, xs: Each<A, T>, p: P) => T;
}

const NO_TURNS = (): readonly number[] => [];

type Scalar<A extends readonly string[], P> = (...a: [...{ -readonly [I in keyof A]: number }, p: P]) => number;

interface PointwiseRow<A extends readonly string[], P> {
  readonly args: A;
  readonly doc: string;
  readonly formula: Formula;
  readonly source: string;
  readonly ulp: number;
  readonly kinks?: readonly Kink[];
  readonly turns?: Op['turns'];
  readonly slopeCrosses?: true;
  readonly domain?: Op['domain'];
  readonly activation?: true;
  readonly saturates?: readonly [low: number, high: number];
  readonly sample?: P;
  readonly f: Scalar<A, NoInfer<P>>;
  readonly vjp: Op<A, P>['vjp'];
}

/** A row that maps numbers to a number, stretched over shapes that broadcast. */
export const pointwise = <const A extends readonly string[], P = undefined>(row: PointwiseRow<A, P>): Op<A, P> => {
  const {
    f,
    kinks = [],
    turns = NO_TURNS,
    slopeCrosses = false,
    domain = [],
    activation = false,
    saturates = null,
    sample,
    ...rest
  } = row;
  // The arity is in `args`; the three loops below read exactly so many inputs.
  const call = f as unknown as (x: number, ...rest: unknown[]) => number;
  return {
    ...rest,
    kind: 'pointwise',
    kinks,
    turns,
    slopeCrosses,
    constant: false,
    domain,
    activation,
    saturates,
    sample: () => sample as P, // undefined exactly where P is
    shape: (shapes, _p, op = 'broadcast') => broadcast(op, shapes),
    terms: () => 1,
    kernel: LOOPS[row.args.length as 1 | 2](call),
  };
};

type Loop = (f: (x: number, ...rest: unknown[]) => number) => Op['kernel'];

/** Flat step through an argument: 1 along with the result, 0 for a single element, −1 where axes need the odometer. */
const flatStep = (x: View, out: Float64Array): number => (x.length === out.length ? 1 : x.length === 1 ? 0 : -1);

const LOOPS: Record<1 | 2 | 3, Loop> = {
  1:
    (f) =>
    (out, [x = []], p) => {
      for (let i = 0; i < out.length; i++) out[i] = f(x[i] as number, p); // i is in range: the sizes agree
    },
  2:
    (f) =>
    (out, [x = [], y = []], p, shapes, shape) => {
      const [sx, sy] = [flatStep(x, out), flatStep(y, out)];
      if (sx >= 0 && sy >= 0) for (let i = 0; i < out.length; i++) out[i] = f(x[sx * i] as number, y[sy * i], p);
      else
        walk(
          shape,
          shapes.map((s) => stridesOnto(s, shape)),
          (i, a, b) => {
            out[i] = f(x[a] as number, y[b], p);
          },
        );
    },
  3:
    (f) =>
    (out, [x = [], y = [], z = []], p, shapes, shape) => {
      const [sx, sy, sz] = [flatStep(x, out), flatStep(y, out), flatStep(z, out)];
      if (sx >= 0 && sy >= 0 && sz >= 0)
        for (let i = 0; i < out.length; i++) out[i] = f(x[sx * i] as number, y[sy * i], z[sz * i], p);
      else
        walk(
          shape,
          shapes.map((s) => stridesOnto(s, shape)),
          (i, a, b, c) => {
            out[i] = f(x[a] as number, y[b], z[c], p);
          },
        );
    },
};

/** What only pointwise rows have. */
const PLAIN = {
  ulp: 0,
  kinks: [],
  turns: NO_TURNS,
  slopeCrosses: false,
  constant: false,
  domain: [],
  activation: false,
  saturates: null,
} as const;
type Spread<A extends readonly string[], P> = Omit<Op<A, P>, 'kind' | 'terms' | 'steps' | keyof typeof PLAIN>;

/** A row that only moves or selects values: every result is one of the inputs. */
export const layout = <const A extends readonly string[], P>(row: Spread<A, P>): Op<A, P> => ({
  ...PLAIN,
  ...row,
  kind: 'layout',
  terms: () => 1,
});

/** A row whose values are random numbers of a key and a counter: exact, and without a derivative. */
export const draw = <const A extends readonly string[], P>(row: Omit<Spread<A, P>, 'vjp'>): Op<A, P> => ({
  ...PLAIN,
  ...row,
  kind: 'draw',
  terms: () => 1,
  vjp: (_o, _g, _y, xs) => xs.map(() => null) as unknown as Each<A, null>, // one per argument
});

/** A function of a symmetric matrix by its eigenvalues, which derivatives treat as a constant. */
export const spectral = <const A extends readonly string[], P>(row: Omit<Spread<A, P>, 'vjp'>): Op<A, P> => ({
  ...draw(row),
  kind: 'spectral',
  constant: true,
});

/** A row of several steps along the last axis; `f` reads n numbers from offset `at` and writes what its shape says. */
export const rowwise = <const A extends readonly string[], P = undefined>(
  row: Omit<Spread<A, P>, 'shape' | 'kernel' | 'sample'> &
    Required<Pick<Op<A, P>, 'steps'>> & {
      /** Whether one number is left of each row. */
      readonly reduces?: true;
      readonly activation?: true;
      readonly f: (out: Float64Array, to: number, x: View, at: number, n: number) => void;
    },
): Op<A, P> => {
  const { f, reduces = false, activation = false, ...rest } = row;
  return {
    ...PLAIN,
    ...rest,
    activation,
    kind: 'rowwise',
    sample: () => undefined as P, // such rows have no parameters
    terms: ([x = []]) => x.at(-1) ?? 1,
    shape: ([x = []], _p, op = 'rowwise') => {
      if (x.length === 0 || x.at(-1) === 0)
        throw new ShapeError(`${op}: the last axis must hold at least one number, got ${show(x)}`);
      return reduces ? x.slice(0, -1) : x;
    },
    kernel: (out, [x = []], _p, [shape = []]) => {
      const n = shape.at(-1) ?? 1;
      for (let i = 0; i * n < x.length; i++) f(out, reduces ? i : i * n, x, i * n, n);
    },
  };
};

/** A row that adds up products, linear in each argument. */
export const fold = <const A extends readonly string[], P>(row: Spread<A, P> & Pick<Op<A, P>, 'terms'>): Op<A, P> => ({
  ...PLAIN,
  ...row,
  kind: 'fold',
});
