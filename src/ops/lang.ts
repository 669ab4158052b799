// The table of operations, the language it spells over any carrier, and its first reading: tensors.
import { DomainError, ShapeError } from '../core/errors.ts';
import type { Shape } from '../core/shape.ts';
import { scalar, Tensor } from '../core/tensor.ts';
import { activationRows } from './activations.ts';
import { costRows } from './costs.ts';
import { drawRows } from './draw.ts';
import { foldRows } from './fold.ts';
import { layoutRows } from './layout.ts';
import type { Op } from './op.ts';
import { pointwiseRows } from './pointwise.ts';
import { rowwiseRows } from './rowwise.ts';
import { spectralRows } from './spectral.ts';
import type { Base, Verbs } from './verbs.ts';

/** Every operation, one row each. */
export const OPS = {
  ...pointwiseRows,
  ...activationRows,
  ...costRows,
  ...foldRows,
  ...rowwiseRows,
  ...spectralRows,
  ...layoutRows,
  ...drawRows,
};

export type OpName = keyof typeof OPS;

type Verb<R, T> =
  R extends Op<infer A extends readonly string[], infer P>
    ? (...a: [...{ -readonly [I in keyof A]: T }, ...(undefined extends P ? [] : [p: P])]) => T
    : never;

/** The language over a carrier T: one function per row, constants, and shapes. Programs are written against it. */
export type Lang<T> = Base<T> & { readonly [K in keyof typeof OPS]: Verb<(typeof OPS)[K], T> };

/** The rows with their types forgotten, for code that treats all alike. */
export const ROWS = OPS as unknown as Readonly<Record<OpName, Op>>;
export const OP_NAMES = Object.keys(OPS) as readonly OpName[];

/** What a verb has to know of its row; looked up once, not at every reading. */
const VERBS = OP_NAMES.map((name) => {
  const row = ROWS[name];
  const parametric = row.sample(row.args.map(() => [1, 1])) !== undefined;
  return { name, row, arity: row.args.length, parametric };
});

/**
 * Reads the whole language over a carrier from one function that applies a row.
 * Every reading is made here: tensors, tape, BigNumbers, error bounds.
 */
export const reading = <T>(
  base: Base<T>,
  apply: (row: Op, xs: readonly T[], p: unknown, name: OpName) => T,
): Lang<T> => {
  const verb =
    ({ name, row, arity, parametric }: (typeof VERBS)[number]) =>
    // typed by Lang<T> for callers; checked here for those without types
    (...a: unknown[]): T => {
      if (a.length < arity || (parametric && a[arity] === undefined))
        throw new DomainError(
          `${name}: takes ${row.args.join(', ')}${parametric ? ' and parameters' : ''}, got ${a.length} arguments`,
        );
      return apply(row, a.slice(0, arity) as T[], a[arity], name);
    };
  return { ...base, ...Object.fromEntries(VERBS.map((v) => [v.name, verb(v)])) } as Lang<T>;
};

/** The engine: the language read as tensors, eagerly. @throws ShapeError when shapes do not fit */
export const ops: Lang<Tensor> & Verbs<Tensor> = reading<Tensor>(
  { shape: (x) => x.shape, lit: scalar },
  (row, xs, p, name) => {
    for (const x of xs)
      if (!(x instanceof Tensor))
        throw new ShapeError(`${name}: arguments must be tensors (${row.args.join(', ')}), got ${String(x)}`);
    const shapes = xs.map((x): Shape => x.shape);
    const shape = row.shape(shapes, p, name);
    return Tensor.build(shape, (out) => {
      row.kernel(
        out,
        xs.map((x) => x.view),
        p,
        shapes,
        shape,
      );
    });
  },
);

/** The rows a layer may use as its non-linearity. */
export const ACTIVATIONS = OP_NAMES.filter((name) => ROWS[name].activation);
