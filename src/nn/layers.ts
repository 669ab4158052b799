// The layers, one row each: made from plain data, so that a model is JSON.
import { DomainError, lookup, ShapeError } from '../core/errors.ts';
import { type Shape, show } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';
import { ACTIVATIONS, type Lang } from '../ops/lang.ts';
import { fansOf, initializerRow, sample } from './init.ts';
import type { Layer } from './layer.ts';

/** A layer as data. */
export type LayerSpec =
  | { readonly type: 'dense'; readonly units: number; readonly init?: string; readonly gain?: number }
  | ({ readonly type: 'activation'; readonly name: string } & { readonly [param: string]: number | string });

type SpecOf<K> = Extract<LayerSpec, { readonly type: K }>;
type Maker<K> = { readonly doc: string; readonly source: string; readonly make: (spec: SpecOf<K>) => Layer };

const lastAxis = (what: string, shape: Shape): number => {
  const n = shape.at(-1);
  if (n === undefined) throw new ShapeError(`${what}: the input needs a feature axis, got ${show(shape)}`);
  return n;
};

export const LAYERS: { readonly [K in LayerSpec['type']]: Maker<K> } = {
  dense: {
    doc: 'y = x·w + b with x [batch, in], w [in, out], b [out], which starts at zero',
    source: 'Rosenblatt 1958; Rumelhart, Hinton & Williams 1986',
    make: ({ units, init = 'xavierUniform', gain = 1 }) => {
      if (!Number.isInteger(units) || units < 1)
        throw new DomainError(`dense: units must be a positive integer, got ${units}`);
      const row = initializerRow(init);
      return {
        init: (key, input) => {
          const shape = [lastAxis('dense', input), units] as const;
          const params = { w: sample(row, key, shape, { ...fansOf(shape), gain }), b: Tensor.build([units], () => {}) };
          return { output: [...input.slice(0, -1), units], variables: { params, state: {} } };
        },
        apply: (o, { params }, x) => [dense(o, x, given(params.w, 'w'), given(params.b, 'b')), {}],
      };
    },
  },
  activation: {
    doc: 'an operation of the table applied to every element',
    source: 'the row of the operation',
    make: ({ type: _, name, ...p }) => {
      const known = lookup(Object.fromEntries(ACTIVATIONS.map((a) => [a, a])), 'activation', name);
      return {
        init: (_key, input) => ({ output: input, variables: { params: {}, state: {} } }),
        // every activation takes one tensor and, where it has any, its parameters
        apply: <T>(o: Lang<T>, _v: unknown, x: T) => [(o[known] as (x: T, p: unknown) => T)(x, p), {}] as const,
      };
    },
  },
};

/** A layer from data. @throws UnknownNameError, DomainError */
export const layerOf = (spec: LayerSpec): Layer => {
  const row = lookup(LAYERS, 'layer', spec.type) as Maker<LayerSpec['type']>; // the row of the spec's own type
  return row.make(spec as never);
};

/** x·w + b, with b stretched over the batch. */
export const dense = <T>(o: Lang<T>, x: T, w: T, b: T): T => o.add(o.matmul(x, w), b);

const given = <T>(value: T | undefined, name: string): T => {
  if (value === undefined) throw new DomainError(`dense: the parameter ${name} is missing`);
  return value;
};
