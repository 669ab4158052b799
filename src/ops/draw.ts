// Rows whose values are random numbers: functions of a key, a counter and a place, and of nothing else.
import { ShapeError } from '../core/errors.ts';
import { fold, type Key, uniformInto } from '../core/key.ts';
import { checkShape, type Shape, show } from '../core/shape.ts';
import { draw } from './op.ts';

export interface UniformParams {
  readonly key: Key;
  readonly shape: Shape;
}

export const drawRows = {
  uniform: draw<readonly ['k'], UniformParams>({
    args: ['k'],
    doc: 'uniforms in (0, 1) of a shape: those of the k-th child of a key',
    formula: '(floor(threefry / 2^12) + 1/2) / 2^52',
    source: 'Salmon et al. 2011, §3.3',
    sample: () => ({ key: [1, 2], shape: [3] }),
    lower: { as: 'uniform' },
    shape: ([k = []], p) => {
      if (k.length > 0) throw new ShapeError(`uniform: the counter must be a scalar, got ${show(k)}`);
      return checkShape(p.shape);
    },
    kernel: (out, [k = []], p) => uniformInto(fold(p.key, k[0] as number), out), // a scalar has one element
  }),
};
