// Rows whose values are random numbers: functions of a key, a counter and a place, and of nothing else.
import { ShapeError } from '../core/errors.ts';
import { fold, type Key, normalInto, uniformInto } from '../core/key.ts';
import { quantileOfDraw } from '../core/quantile.ts';
import { checkShape, type Shape, show } from '../core/shape.ts';
import type { Elementary } from '../core/vec.ts';
import { draw, type Op } from './op.ts';

export interface DrawParams {
  readonly key: Key;
  readonly shape: Shape;
}

/**
 * Numbers of a distribution by inversion: `of` each uniform, which is what `into` makes of the uniforms of the key. In formulas
 * a and b are the upper 26 bits of the two words of a block.
 */
const drawn = ({
  of,
  into,
  ...row
}: Pick<Op, 'doc' | 'formula' | 'source' | 'ulp' | 'ulpSingle'> & {
  readonly of: Elementary;
  readonly into: (key: Key, out: Float64Array) => void;
}): Op<readonly ['k'], DrawParams> =>
  draw<readonly ['k'], DrawParams>({
    ...row,
    args: ['k'],
    sample: () => ({ key: [1, 2], shape: [3] }),
    lower: { as: 'draw', of },
    shape: ([k = []], p, op = 'draw') => {
      if (k.length > 0) throw new ShapeError(`${op}: the counter must be a scalar, got ${show(k)}`);
      return checkShape(p.shape);
    },
    kernel: (out, [k = []], p) => into(fold(p.key, k[0] as number), out), // a scalar has one element
  });

export const drawRows = {
  uniform: drawn({
    doc: 'uniforms in (0, 1) of a shape: those of the k-th child of a key',
    formula: '(a * 2^26 + b + 1/2) / 2^52',
    source: 'Salmon et al. 2011, §3.3',
    ulp: 0,
    ulpSingle: 0,
    of: (_v, u) => u,
    into: uniformInto,
  }),
  normal: drawn({
    doc: 'standard normals of a shape: the quantiles of the uniforms of the k-th child of a key',
    formula: 'sqrt(2) * erfinv((a * 2^26 + b + 1/2) / 2^51 - 1)',
    source: 'Salmon et al. 2011, §3.3; Wichura 1988, Algorithm AS 241',
    ulp: 4,
    ulpSingle: 4,
    of: quantileOfDraw,
    into: normalInto,
  }),
};
