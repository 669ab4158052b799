// Rows that add up products: sum over axes, and the matrix product.
import { ShapeError } from '../core/errors.ts';
import { resolveAxes, type Shape, show, size, stridesOnto, walk } from '../core/shape.ts';
import { fold } from './op.ts';

export interface SumParams {
  readonly axes: readonly number[];
  readonly keep: boolean;
}

const kept = (shape: Shape, axes: readonly number[]): Shape => shape.map((n, i) => (axes.includes(i) ? 1 : n));

/** The axes that are summed over. @throws ShapeError */
const summed = (shape: Shape, { axes }: SumParams): readonly number[] => resolveAxes('sum', shape, axes);

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
    shape: ([x = []], p) => {
      const axes = summed(x, p);
      return p.keep ? kept(x, axes) : x.filter((_, i) => !axes.includes(i));
    },
    terms: ([x = []], y) => size(x) / Math.max(1, size(y)),
    kernel: (out, [x = []], p, [shape = []]) => {
      const onto = stridesOnto(kept(shape, summed(shape, p)), shape);
      walk(shape, [onto], (i, to) => {
        out[to] = (out[to] as number) + (x[i] as number); // in range: strides of the kept shape
      });
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
