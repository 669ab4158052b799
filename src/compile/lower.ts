// From rows of the table to what loops are made of: numbers at places, folds, products, and what moves numbers about.

import type { Key } from '../core/key.ts';
import { type Shape, size, stridesOnto } from '../core/shape.ts';
import type { Elementary, Vec } from '../core/vec.ts';
import type { DrawParams } from '../ops/draw.ts';
import { middles, type SumParams } from '../ops/fold.ts';
import { ROWS } from '../ops/lang.ts';
import type { Inner } from '../ops/loop.ts';
import type { Op } from '../ops/op.ts';
import type { Dtype, Equation, Program } from './program.ts';

/** How an argument lies on rows and columns: at every place, the same in every row, the same in every column, or once. */
export type Role = 'full' | 'row' | 'column' | 'scalar';

/** How an argument lies, where the value that reads it lies so itself. */
export const roleWithin = (role: Role, own: Role): Role => (role === 'full' ? own : role);

interface Common {
  readonly reads: readonly number[];
  /** How many numbers it has. */
  readonly size: number;
  /** A count among singles: one number, which is a double, since singles end at 2²⁴. */
  readonly wide?: true;
}
/** A function of the numbers at one place. */
export interface Each extends Common {
  readonly kind: 'each';
  readonly inner: Inner;
  readonly params: Readonly<Record<string, number>>;
  /** One per argument, on rows of `columns` numbers. */
  readonly roles: readonly Role[];
  /** Null where no argument is the same in every row or column, so that any division into rows will do. */
  readonly columns: number | null;
  /** About how many instructions. */
  readonly weight: number;
}
/** One number of every row, or of every column; columns are only ever summed. */
export type Fold = Common & {
  readonly kind: 'fold';
  readonly rows: number;
  readonly columns: number;
} & ({ readonly how: 'sum'; readonly along: 'row' | 'column' } | { readonly how: 'max'; readonly along: 'row' });
/** [m, k] · [k, n], of matrices that may lie turned. */
export interface Product extends Common {
  readonly kind: 'product';
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly turned: readonly [boolean, boolean];
}
/** Numbers moved: the one at an index comes from the place that the strides say. */
export interface Gather extends Common {
  readonly kind: 'gather';
  readonly shape: Shape;
  readonly strides: readonly number[];
}
/** A count, and how far it goes on at a step. */
export interface Count extends Common {
  readonly kind: 'count';
  readonly by: number;
}
/** Random numbers of a child of a key. */
export interface Draw extends Common {
  readonly kind: 'draw';
  readonly key: Key;
  /** What becomes of each uniform. */
  readonly of: Elementary;
}
/** A kernel of the table, called from within. */
export interface HostCall extends Common {
  readonly kind: 'host';
  readonly row: Op;
  readonly p: unknown;
  readonly shapes: readonly Shape[];
  readonly shape: Shape;
}
export type Value =
  | (Common & { readonly kind: 'input' })
  | (Common & { readonly kind: 'literal'; readonly value: number })
  | Each
  | Fold
  | Product
  | Gather
  | Count
  | Draw
  | HostCall;

/** Values in order of their birth, and which of them come in and go out. */
export interface Lowered {
  readonly values: readonly Value[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Instructions that take the time of several. */
const SLOW = 4;
/** A function of doubles among singles. */
const WIDE = 400;
/** About how many instructions a function of numbers takes. */
const weightOf = (dtype: Dtype, inner: Inner, arity: number, params: readonly string[]): number => {
  let n = 0;
  const by = (w: number) => (): number => {
    n += w;
    return 0;
  };
  const one = by(1);
  const counting: Vec<number, number> = {
    lit: () => 0,
    add: one,
    sub: one,
    mul: one,
    div: by(SLOW),
    neg: one,
    abs: one,
    sqrt: by(SLOW),
    floor: one,
    less: one,
    atMost: one,
    pick: one,
    copySign: one,
    nearestInt: one,
    pow2: one,
    exponent: one,
    head: one,
    poly: (_x, c) => by(2 * c.length)(),
    ...(dtype === 'f32' ? { widened: by(WIDE) } : {}),
  };
  inner(counting, Array(arity).fill(0), Object.fromEntries(params.map((name) => [name, 0])));
  return n;
};

/** Which axes of `onto` an argument moves along; axes of size 1 do not count. */
const moves = (shape: Shape, onto: Shape): readonly boolean[] => {
  const strides = stridesOnto(shape, onto);
  return onto.flatMap((n, i) => (n === 1 ? [] : [strides[i] !== 0]));
};

/** How an argument lies on a shape, and how long rows are then; null where rows and columns cannot say it. */
export const roleOn = (shape: Shape, onto: Shape): { readonly role: Role; readonly columns: number | null } | null => {
  const along = moves(shape, onto);
  const sizes = onto.filter((n) => n !== 1);
  if (along.every(Boolean)) return { role: 'full', columns: null };
  if (!along.some(Boolean)) return { role: 'scalar', columns: null };
  const first = along.indexOf(!along[0]);
  if (along.slice(first).some((a) => a === along[0])) return null;
  return { role: along[0] ? 'column' : 'row', columns: size(sizes.slice(first)) };
};

const copy: Inner = (_v, xs) => xs[0] as (typeof xs)[number]; // it is given one

/** Numbers of a state of singles that do nothing but go on by a whole number: by the next of each, what it comes from, and how far. */
const countsOf = ({ dtype, equations, inputs, outputs }: Program, state: number): ReadonlyMap<number, Count> => {
  const counts = new Map<number, Count>();
  for (const [i, next] of outputs.slice(0, dtype === 'f32' ? state : 0).entries()) {
    const { op, reads, shape } = equations[next] as Equation; // in range
    const from = inputs[i];
    if (from === undefined || shape.length > 0 || op === 'input' || op === 'literal' || !ROWS[op].adds) continue;
    const other = equations[reads.find((r) => r !== from) ?? from];
    if (!reads.includes(from) || other?.op !== 'literal' || !Number.isInteger(other.p)) continue;
    counts.set(next, { kind: 'count', reads: [from], size: 1, wide: true, by: other.p as number }); // a whole one
  }
  return counts;
};

/**
 * A program as loops see it: shapes are gone but for the length of rows, views are what they view, turned matrices are read turned.
 * The first `state` outputs are inputs of the next step.
 */
export const lower = (program: Program, state = 0): Lowered => {
  const { dtype, equations, inputs, outputs } = program;
  const counts = countsOf(program, state);
  const counted = new Set([...counts.values()].flatMap((c) => c.reads));
  const values: Value[] = [];
  const homes = new Map<number, number>();
  const put = (value: Value): number => values.push(value) - 1;
  const equation = (v: number): Equation => equations[v] as Equation; // in range
  const asOf = (v: number): string => {
    const { op } = equation(v);
    return op === 'input' || op === 'literal' ? op : ROWS[op].lower.as;
  };
  /** The equations whose values that of an equation is made of, in the order in which it asks for them. */
  const asked = (v: number): readonly number[] => {
    const { reads } = equation(v);
    return asOf(v) === 'product'
      ? reads.map((r) => (asOf(r) === 'turn' ? (equation(r).reads[0] as number) : r))
      : reads;
  };
  /** The value of an equation, which is born when it is first asked for; chains of them may be longer than a stack is deep. */
  const home = (v: number): number => {
    const waiting = [v];
    while (true) {
      const top = waiting.at(-1);
      if (top === undefined) return homes.get(v) as number; // the last to be born
      const first = homes.has(top) ? undefined : asked(top).find((r) => !homes.has(r));
      if (first !== undefined) waiting.push(first);
      else {
        if (!homes.has(top)) homes.set(top, birth(equation(top), top));
        waiting.pop();
      }
    }
  };
  /** A kernel reads memory, where numbers of the program have no place of their own, and counts are no singles. */
  const solid = (v: number): number =>
    values[v]?.kind === 'literal' || values[v]?.wide ? each(copy, [{ at: v, shape: [] }], []) : v;
  const gather = (x: number, shape: Shape, strides: readonly number[]): number =>
    put({ kind: 'gather', reads: [solid(x)], size: size(shape), shape, strides });
  const each = (
    inner: Inner,
    xs: readonly { readonly at: number; readonly shape: Shape }[],
    shape: Shape,
    params: Readonly<Record<string, number>> = {},
  ): number => {
    let columns: number | null = null;
    const reads: number[] = [];
    const roles = xs.map(({ at, shape: from }): Role => {
      const on = roleOn(from, shape);
      const fits = on !== null && (on.columns === null || columns === null || on.columns === columns);
      reads.push(fits ? at : gather(at, shape, stridesOnto(from, shape)));
      if (!fits) return 'full';
      columns ??= on.columns;
      return on.role;
    });
    const weight = weightOf(dtype, inner, xs.length, Object.keys(params));
    return put({ kind: 'each', inner, params, reads, roles, columns, weight, size: size(shape) });
  };
  const birth = ({ op, reads, shape, p }: Equation, v: number): number => {
    const count = counts.get(v);
    if (count !== undefined) return put({ ...count, reads: count.reads.map(home) });
    if (op === 'input')
      return put({ kind: 'input', reads: [], size: size(shape), ...(counted.has(v) ? { wide: true } : {}) });
    if (op === 'literal') return put({ kind: 'literal', reads: [], size: 1, value: p as number }); // by its kind
    const row = ROWS[op];
    const shapes = reads.map((r) => equation(r).shape);
    const [x = 0, y = 0] = reads;
    const [from = []] = shapes;
    switch (row.lower.as) {
      case 'each':
        return each(
          row.lower.inner,
          reads.map((r) => ({ at: home(r), shape: equation(r).shape })),
          shape,
          p as Readonly<Record<string, number>> | undefined, // pointwise parameters are numbers
        );
      case 'view':
        return home(x);
      case 'stretch':
        return each(copy, [{ at: home(x), shape: from }], shape);
      case 'turn':
        return gather(home(x), shape, [1, from[1] ?? 0]);
      case 'product': {
        const turned = [asOf(x) === 'turn', asOf(y) === 'turn'] as const;
        const lying = [x, y].map((v, i) => home(turned[i] ? (equation(v).reads[0] as number) : v));
        const [m = 0, n = 0] = shape;
        return put({ kind: 'product', reads: lying.map(solid), m, k: from[1] ?? 0, n, turned, size: size(shape) });
      }
      case 'sum': {
        if (size(from) === 0) {
          const zero = put({ kind: 'literal', reads: [], size: 1, value: 0 }); // the sum of nothing
          return each(copy, [{ at: zero, shape: [] }], shape);
        }
        const runs = middles(from, p as SumParams); // the parameters of such rows
        return runs.reduce((v, { outer, n, inner }) => {
          if (inner === 1)
            return put({ kind: 'fold', how: 'sum', along: 'row', rows: outer, columns: n, reads: [v], size: outer });
          const first = outer === 1 ? v : gather(v, [n, outer, inner], [inner, n * inner, 1]);
          const columns = outer * inner;
          return put({ kind: 'fold', how: 'sum', along: 'column', rows: n, columns, reads: [first], size: columns });
        }, home(x));
      }
      case 'max': {
        const columns = from.at(-1) ?? 1;
        const rows = size(shape);
        return put({ kind: 'fold', how: 'max', along: 'row', rows, columns, reads: [home(x)], size: rows });
      }
      case 'draw': {
        const { key } = p as DrawParams; // of such rows
        const k = home(x);
        return put({ kind: 'draw', key, of: row.lower.of, reads: [values[k]?.wide ? k : solid(k)], size: size(shape) });
      }
      case 'steps': // spelt out when the program was traced
      case 'host':
        return put({ kind: 'host', row, p, shapes, shape, reads: reads.map((r) => solid(home(r))), size: size(shape) });
    }
  };
  const ins = inputs.map(home);
  const taken = new Set<number>();
  // every output has a place of its own, so that none is written over while another still needs it
  const outs = outputs.map((v, i) => {
    const at = home(v);
    const { kind } = values[at] as Value;
    const own = at === ins[i] || (kind !== 'input' && kind !== 'literal' && !taken.has(at));
    taken.add(at);
    return own ? at : each(copy, [{ at, shape: equation(v).shape }], equation(v).shape);
  });
  return { values, inputs: ins, outputs: outs };
};
