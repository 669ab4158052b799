// Rows that only move values: reshape, transpose, expand.
import { ShapeError } from '../core/errors.ts';
import {
  broadcast,
  checkShape,
  type Shape,
  sameShape,
  show,
  size,
  stretchedAxes,
  stridesOnto,
  walk,
} from '../core/shape.ts';
import { layout } from './op.ts';

export interface To {
  readonly shape: Shape;
}

export const layoutRows = {
  reshape: layout<readonly ['x'], To>({
    args: ['x'],
    doc: 'the same elements in another shape',
    source: 'Iverson 1962, §1.5',
    formula: 'x',
    sample: ([x = []]) => ({ shape: [size(x)] }),
    lower: { as: 'view' },
    shape: ([x = []], p) => {
      if (size(x) !== size(checkShape(p.shape)))
        throw new ShapeError(`reshape: sizes must agree, got ${show(x)} to ${show(p.shape)}`);
      return p.shape;
    },
    kernel: (out, [x = []]) => {
      for (let i = 0; i < out.length; i++) out[i] = x[i] as number; // in range: the sizes agree
    },
    vjp: (o, g, _y, [x]) => [o.reshape(g, { shape: o.shape(x) })],
  }),
  transpose: layout<readonly ['x'], undefined>({
    args: ['x'],
    doc: 'rows become columns',
    source: 'Cayley 1858, §5',
    formula: { index: 'ij->ji', term: 'x' },
    sample: () => undefined,
    lower: { as: 'turn' },
    shape: ([x = []]) => {
      if (x.length !== 2) throw new ShapeError(`transpose: the argument must be a matrix, got ${show(x)}`);
      return [x[1] ?? 0, x[0] ?? 0];
    },
    kernel: (out, [x = []], _p, [from = []], shape) => {
      walk(shape, [[1, from[1] ?? 0]], (i, a) => {
        out[i] = x[a] as number;
      });
    },
    vjp: (o, g) => [o.transpose(g)],
  }),
  expand: layout<readonly ['x'], To>({
    args: ['x'],
    doc: 'stretches axes of size 1, and adds leading ones',
    source: 'Harris et al. 2020 (broadcasting)',
    formula: 'x',
    sample: ([x = []]) => ({ shape: [3, ...x] }),
    lower: { as: 'stretch' },
    shape: ([x = []], p) => {
      if (!sameShape(broadcast('expand', [x, checkShape(p.shape)]), p.shape))
        throw new ShapeError(`expand: only axes of size 1 stretch, got ${show(x)} to ${show(p.shape)}`);
      return p.shape;
    },
    kernel: (out, [x = []], _p, [from = []], shape) => {
      walk(shape, [stridesOnto(from, shape)], (i, a) => {
        out[i] = x[a] as number;
      });
    },
    vjp: (o, g, _y, [x], p) => {
      const shape = o.shape(x);
      return [o.reshape(o.sum(g, { axes: stretchedAxes(shape, p.shape), keep: true }), { shape })];
    },
  }),
};
