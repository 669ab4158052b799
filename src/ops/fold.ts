// Rows that add up products: sum over axes, and the matrix product.
import { ShapeError } from '../core/errors.ts';
import { resolveAxes, type Shape, show, size } from '../core/shape.ts';
import type { View } from '../core/tensor.ts';
import { fold } from './op.ts';

export interface SumParams {
  readonly axes: readonly number[];
  readonly keep: boolean;
}

const kept = (shape: Shape, axes: readonly number[]): Shape => shape.map((n, i) => (axes.includes(i) ? 1 : n));

/** The axes that are summed over. @throws ShapeError */
const summed = (shape: Shape, { axes }: SumParams): readonly number[] => resolveAxes('sum', shape, axes);

/** A sum along the middle one of three axes. */
export interface Middle {
  readonly outer: number;
  readonly n: number;
  readonly inner: number;
}

/** A sum over any axes as sums along one: neighbouring axes count as one, and the last are summed first. @throws ShapeError */
export const middles = (shape: Shape, p: SumParams): readonly Middle[] => {
  const axes = summed(shape, p);
  const left = [...shape];
  const runs: Middle[] = [];
  for (let end = axes.length; end > 0; ) {
    let begin = end - 1;
    while (begin > 0 && (axes[begin] as number) - (axes[begin - 1] as number) === 1) begin--; // in range
    const [from, to] = [axes[begin] as number, (axes[end - 1] as number) + 1];
    runs.push({ outer: size(left.slice(0, from)), n: size(left.slice(from, to)), inner: size(left.slice(to)) });
    left.fill(1, from, to);
    end = begin;
  }
  return runs;
};

/**
 * Σ of n neighbouring numbers, in the order in which vectors of any width up to eight add them: eight partial sums, of every
 * eighth number each, and those by halves. The order is part of what the engine promises: every reading of it gives equal bits.
 */
export const sumRow = (x: View, at: number, n: number): number => {
  let [p0, p1, p2, p3, p4, p5, p6, p7] = [0, 0, 0, 0, 0, 0, 0, 0];
  const end = at + n;
  let i = at;
  // all reads are in range: the row has n numbers
  for (; i + 8 <= end; i += 8) {
    p0 += x[i] as number;
    p1 += x[i + 1] as number;
    p2 += x[i + 2] as number;
    p3 += x[i + 3] as number;
    p4 += x[i + 4] as number;
    p5 += x[i + 5] as number;
    p6 += x[i + 6] as number;
    p7 += x[i + 7] as number;
  }
  if (i < end) p0 += x[i] as number;
  if (i + 1 < end) p1 += x[i + 1] as number;
  if (i + 2 < end) p2 += x[i + 2] as number;
  if (i + 3 < end) p3 += x[i + 3] as number;
  if (i + 4 < end) p4 += x[i + 4] as number;
  if (i + 5 < end) p5 += x[i + 5] as number;
  if (i + 6 < end) p6 += x[i + 6] as number;
  return p0 + p4 + (p2 + p6) + (p1 + p5 + (p3 + p7));
};

/** Along rows by {@link sumRow}; down columns one number after the other. */
const sumMiddle = (out: Float64Array, x: View, { outer, n, inner }: Middle): void => {
  out.fill(0);
  if (inner === 1) for (let i = 0; i < outer; i++) out[i] = sumRow(x, i * n, n);
  else
    for (let i = 0; i < outer; i++)
      for (let j = 0; j < n; j++)
        for (let k = 0; k < inner; k++)
          out[i * inner + k] = (out[i * inner + k] as number) + (x[(i * n + j) * inner + k] as number); // in range
};

export const foldRows = {
  sum: fold<readonly ['x'], SumParams>({
    args: ['x'],
    doc: 'sum over axes, which stay with size 1 if kept',
    source: 'Higham 2002, §4.1',
    formula: {
      index: ([x = []]: readonly Shape[], p: SumParams) => {
        const axes = summed(x, p);
        const letters = x.map((_, i) => String.fromCharCode(97 + i));
        return `${letters.join('')}->${letters.filter((_, i) => !axes.includes(i)).join('')}`;
      },
      term: 'x',
    },
    sample: () => ({ axes: [-1], keep: false }),
    lower: { as: 'sum' },
    shape: ([x = []], p) => {
      const axes = summed(x, p);
      return p.keep ? kept(x, axes) : x.filter((_, i) => !axes.includes(i));
    },
    terms: ([x = []], y) => size(x) / Math.max(1, size(y)),
    kernel: (out, [x = []], p, [shape = []]) => {
      const runs = middles(shape, p);
      let from = x;
      runs.forEach((run, i) => {
        const to = i === runs.length - 1 ? out : new Float64Array(run.outer * run.inner);
        sumMiddle(to, from, run);
        from = to;
      });
      if (runs.length === 0) out.set(x); // a sum over no axis
    },
    vjp: (o, g, _y, [x], p) => {
      const shape = o.shape(x);
      return [o.expand(o.reshape(g, { shape: kept(shape, summed(shape, p)) }), { shape })];
    },
  }),
  matmul: fold<readonly ['x', 'y'], undefined>({
    args: ['x', 'y'],
    doc: 'product of two matrices',
    source: 'Cayley 1858; Higham 2002, §3.5',
    formula: { index: 'ik,kj->ij', term: 'x * y' },
    sample: () => undefined,
    lower: { as: 'product' },
    shape: ([x = [], y = []]) => {
      if (x.length !== 2 || y.length !== 2)
        throw new ShapeError(`matmul: both arguments must be matrices, got ${show(x)} · ${show(y)}`);
      const [[n = 0, k], [k2, m = 0]] = [x, y];
      if (k !== k2) throw new ShapeError(`matmul: inner sizes must agree, got ${show(x)} · ${show(y)}`);
      return [n, m];
    },
    terms: ([x = []]) => x[1] ?? 1,
    kernel: (out, [x = [], y = []], _p, [[n = 0, k = 0] = []], [, m = 0]) => {
      // row times matrix, so that the inner loop runs along both y and out
      for (let i = 0; i < n; i++)
        for (let t = 0; t < k; t++) {
          const a = x[i * k + t] as number;
          for (let j = 0; j < m; j++) out[i * m + j] = (out[i * m + j] as number) + a * (y[t * m + j] as number);
        }
    },
    vjp: (o, g, _y, [x, y]) => [o.matmul(g, o.transpose(y)), o.matmul(o.transpose(x), g)],
  }),
};
