// What a row of the operation table is, and the ways to make one: pointwise, fold, layout, rowwise, draw, spectral.
import { ShapeError } from '../core/errors.ts';
import { broadcast, type Shape, show } from '../core/shape.ts';
import type { View } from '../core/tensor.ts';
import type { Elementary, Vec } from '../core/vec.ts';
import { type Inner, loopOf } from './loop.ts';
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

/** A row spelt in other rows, over any carrier. */
export type Spelling = <T>(o: Verbs<T>, xs: readonly T[], p: never) => T;

/** What a compiler makes of a row: how to get the same bits as its kernel, without it. */
export type Lowering =
  | { readonly as: 'each'; readonly inner: Inner; readonly params: readonly string[] }
  | { readonly as: 'steps'; readonly steps: Spelling }
  | { readonly as: 'sum' | 'max' | 'product' | 'view' | 'turn' | 'stretch' }
  /** Of every uniform of the k-th child of a key. */
  | { readonly as: 'draw'; readonly of: Elementary }
  /** The kernel itself is called, for want of anything faster. */
  | { readonly as: 'host' };

export interface Op<A extends readonly string[] = readonly string[], P = unknown> {
  readonly kind: Kind;
  readonly args: A;
  readonly doc: string;
  readonly formula: Formula;
  readonly source: string;
  /** Largest error of one result in units in the last place, for finite results; folds follow the γₙ bound instead. */
  readonly ulp: number;
  /** The same in singles, of a row read as such. */
  readonly ulpSingle: number;
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
  readonly lower: Lowering;
  /** Where the argument is this number the result is the other argument, bit for bit. */
  readonly neutral?: readonly { readonly arg: 0 | 1; readonly is: number }[];
  /** Whether two arguments may change places. */
  readonly commutes?: true;
  /** Whether it is the sum of its arguments. */
  readonly adds?: true;
  /** A row of several steps spelt in other rows, for readings that need its parts. */
  readonly steps?: <T>(o: Verbs<T>, xs: Each<A, T>, p: P) => T;
}

const NO_TURNS = (): readonly number[] => [];

interface PointwiseRow<A extends readonly string[], P> {
  readonly args: A;
  readonly doc: string;
  readonly formula: Formula;
  readonly source: string;
  readonly ulp: number;
  /** Where it is not that of doubles. */
  readonly ulpSingle?: number;
  readonly kinks?: readonly Kink[];
  readonly turns?: Op['turns'];
  readonly slopeCrosses?: true;
  readonly domain?: Op['domain'];
  readonly activation?: true;
  readonly saturates?: readonly [low: number, high: number];
  readonly neutral?: NonNullable<Op['neutral']>;
  readonly commutes?: true;
  readonly adds?: true;
  readonly sample?: P;
  /** The function of the numbers at one place, of which every reading is made. */
  readonly vec: <V, M>(v: Vec<V, M>, xs: Each<A, V>, p: { readonly [K in keyof NoInfer<P>]: V }) => V;
  readonly vjp: Op<A, P>['vjp'];
}

/** 1 where something holds, 0 where its opposite does, NaN where neither: a comparison with NaN. */
export const flag = <V, M>(v: Vec<V, M>, holds: M, not: M): V =>
  v.pick(holds, v.lit(1), v.pick(not, v.lit(0), v.lit(Number.NaN)));

/** A row that maps numbers to a number, stretched over shapes that broadcast. */
export const pointwise = <const A extends readonly string[], P = undefined>(row: PointwiseRow<A, P>): Op<A, P> => {
  const {
    kinks = [],
    turns = NO_TURNS,
    slopeCrosses = false,
    domain = [],
    activation = false,
    saturates = null,
    sample,
    ulpSingle = row.ulp,
    vec,
    ...rest
  } = row;
  // the arity is in `args`, the names of the parameters in `sample`; readings know no more of the types
  const inner = vec as unknown as Inner;
  return {
    ...rest,
    kind: 'pointwise',
    ulpSingle,
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
    lower: { as: 'each', inner, params: Object.keys(sample ?? {}) },
    kernel: loopOf(row.args.length, inner, Object.keys(sample ?? {})),
  };
};

/** What only pointwise rows have. */
const PLAIN = {
  ulp: 0,
  ulpSingle: 0,
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

/** A row whose values are random numbers of a key and a counter, without a derivative; exact unless it says otherwise. */
export const draw = <const A extends readonly string[], P>(
  row: Omit<Spread<A, P>, 'vjp'> & Partial<Pick<Op, 'ulp' | 'ulpSingle'>>,
): Op<A, P> => ({
  ...PLAIN,
  ...row,
  kind: 'draw',
  terms: () => 1,
  vjp: (_o, _g, _y, xs) => xs.map(() => null) as unknown as Each<A, null>, // one per argument
});

/** A function of a symmetric matrix by its eigenvalues, which derivatives treat as a constant. */
export const spectral = <const A extends readonly string[], P>(row: Omit<Spread<A, P>, 'vjp' | 'lower'>): Op<A, P> => ({
  ...draw({ ...row, lower: { as: 'host' } }),
  kind: 'spectral',
  constant: true,
});

/** A row of several steps along the last axis; `f` reads n numbers from offset `at` and writes what its shape says. */
export const rowwise = <const A extends readonly string[], P = undefined>(
  row: Omit<Spread<A, P>, 'shape' | 'kernel' | 'sample' | 'lower'> &
    Required<Pick<Op<A, P>, 'steps'>> & {
      /** The steps that give the same bits as `f`; `steps` unless they differ. */
      readonly exactly?: Op<A, P>['steps'];
      /** Whether one number is left of each row. */
      readonly reduces?: true;
      readonly activation?: true;
      readonly f: (out: Float64Array, to: number, x: View, at: number, n: number) => void;
    },
): Op<A, P> => {
  const { f, reduces = false, activation = false, exactly = row.steps, ...rest } = row;
  return {
    ...PLAIN,
    ...rest,
    lower: { as: 'steps', steps: exactly as unknown as Spelling }, // the same function, its arity forgotten
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
