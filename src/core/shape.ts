// Shapes as lists of numbers: sizes, broadcasting, axes. Pure functions, no data.
import { ShapeError } from './errors.ts';

/** Sizes of the axes, outermost first; `[]` is a scalar. */
export type Shape = readonly number[];

/** Number of elements. */
export const size = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((n, i) => n === b[i]);

export const show = (shape: Shape): string => `[${shape.join(', ')}]`;

/** @throws ShapeError unless every size is a non-negative safe integer */
export const checkShape = (shape: Shape): Shape => {
  if (!shape.every((n) => Number.isSafeInteger(n) && n >= 0))
    throw new ShapeError(`shape: sizes must be non-negative integers, got ${show(shape)}`);
  return shape;
};

/**
 * The common shape of arrays aligned at their last axes, where a size of 1 stretches.
 * @throws ShapeError naming both shapes
 */
export const broadcast = (op: string, shapes: readonly Shape[]): Shape =>
  shapes.reduce((a, b) => {
    if (a.length === 0 || sameShape(a, b)) return b; // by far the most frequent cases
    if (b.length === 0) return a;
    const rank = Math.max(a.length, b.length);
    return Array.from({ length: rank }, (_, i) => {
      const m = a[i - rank + a.length] ?? 1;
      const n = b[i - rank + b.length] ?? 1;
      if (m !== n && m !== 1 && n !== 1)
        throw new ShapeError(`${op}: shapes must agree or be 1 on every axis, got ${show(a)} and ${show(b)}`);
      return m === 1 ? n : m;
    });
  }, []);

/** Steps in the flat buffer per axis of `onto`, 0 where `shape` is stretched. */
export const stridesOnto = (shape: Shape, onto: Shape): readonly number[] => {
  const strides = new Array<number>(onto.length).fill(0);
  let step = 1;
  for (let i = 1; i <= shape.length; i++) {
    const n = shape[shape.length - i] ?? 1;
    if (n !== 1) strides[onto.length - i] = step;
    step *= n;
  }
  return strides;
};

/** Axes that a shape was stretched along to become `onto`, counted in `onto`. */
export const stretchedAxes = (shape: Shape, onto: Shape): readonly number[] => {
  const strides = stridesOnto(shape, onto);
  const lead = onto.length - shape.length;
  return onto.flatMap((n, i) => (strides[i] === 0 && (i < lead || n !== 1) ? [i] : []));
};

/** Axes as non-negative numbers in ascending order; negative ones count from the end. @throws ShapeError */
export const resolveAxes = (op: string, shape: Shape, axes: readonly number[]): readonly number[] => {
  const found = axes.map((a) => (a < 0 ? a + shape.length : a));
  if (!found.every((a) => Number.isInteger(a) && a >= 0 && a < shape.length) || new Set(found).size < found.length)
    throw new ShapeError(`${op}: axes must be distinct and name an axis, got [${axes.join(', ')}] for ${show(shape)}`);
  return found.sort((a, b) => a - b);
};

/**
 * Calls `visit` with the flat offset in up to three arrays for every index of `shape`, in row-major order.
 * One odometer serves broadcasting, transposition and reduction alike.
 */
export const walk = (
  shape: Shape,
  strides: readonly (readonly number[])[],
  visit: (i: number, a: number, b: number, c: number) => void,
): void => {
  const total = size(shape);
  const rank = shape.length;
  const at = new Array<number>(rank).fill(0);
  const [sa = [], sb = [], sc = []] = strides;
  // the last axis is a plain loop; only the axes before it need the odometer
  const run = shape[rank - 1] ?? 1;
  const [ra, rb, rc] = [sa[rank - 1] ?? 0, sb[rank - 1] ?? 0, sc[rank - 1] ?? 0];
  let a = 0;
  let b = 0;
  let c = 0;
  for (let i = 0; i < total; i += run) {
    for (let j = 0; j < run; j++) visit(i + j, a + j * ra, b + j * rb, c + j * rc);
    for (let d = rank - 2; d >= 0; d--) {
      const turn = (at[d] ?? 0) + 1;
      const n = shape[d] ?? 1;
      const back = turn < n ? 1 : 1 - n;
      at[d] = turn < n ? turn : 0;
      a += back * (sa[d] ?? 0);
      b += back * (sb[d] ?? 0);
      c += back * (sc[d] ?? 0);
      if (turn < n) break;
    }
  }
};
