// The layers, one row each: made from plain data, so that a model is JSON.
import { DomainError, lookup, ShapeError } from '../core/errors.ts';
import { type Shape, sameShape, show, size } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';
import { ACTIVATIONS, type Lang, ROWS } from '../ops/lang.ts';
import { type Dropout, dropoutEval, dropoutOf, dropoutTrain } from './dropout.ts';
import { fansOf, initializerRow, sample } from './init.ts';
import { type Layer, type Named, serial } from './layer.ts';
import {
  type BatchNorm,
  batchNormEval,
  batchNormOf,
  batchNormTrain,
  DEFAULT_BATCH_NORM,
  DEFAULT_LAYER_NORM,
  type LayerNorm,
  layerNorm,
  layerNormOf,
} from './norm.ts';

/** A layer as data. */
export type LayerSpec =
  | { readonly type: 'dense'; readonly units: number; readonly init?: string; readonly gain?: number }
  | ({ readonly type: 'activation'; readonly name: string } & { readonly [param: string]: number | string })
  | ({ readonly type: 'batchNorm' } & Partial<BatchNorm>)
  | ({ readonly type: 'layerNorm' } & Partial<LayerNorm>)
  | ({ readonly type: 'dropout' } & Dropout)
  | { readonly type: 'residual'; readonly layers: readonly LayerSpec[] };

type SpecOf<K> = Extract<LayerSpec, { readonly type: K }>;

interface Maker<K> {
  readonly doc: string;
  readonly source: string;
  readonly formula: string;
  /** Input and output, then parameters and state by name. */
  readonly shapes: string;
  /** What can be set, with defaults where there are any. */
  readonly options: object;
  readonly make: (spec: SpecOf<K>) => Layer;
}

const lastAxis = (what: string, shape: Shape): number => {
  const n = shape.at(-1);
  if (n === undefined) throw new ShapeError(`${what}: the input needs a feature axis, got ${show(shape)}`);
  return n;
};

export const LAYERS: { readonly [K in LayerSpec['type']]: Maker<K> } = {
  dense: {
    doc: 'y = x·w + b with x [batch, in], w [in, out], b [out], which starts at zero',
    source: 'Rosenblatt 1958; Rumelhart, Hinton & Williams 1986',
    formula: 'y = x * w + b',
    shapes: 'x [batch, …, in] → y [batch, …, units]; w [in, units], b [units]',
    options: { units: 'a positive integer', init: 'xavierUniform', gain: 1 },
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
        apply: (o, { params }, x) => {
          const w = given(params, 'w');
          fitting(o, 'dense: w', w, [lastAxis('dense', o.shape(x)), units]);
          return [dense(o, x, w, given(params, 'b')), {}];
        },
      };
    },
  },
  activation: {
    doc: 'an operation of the table applied to every element',
    source: 'the row of the operation',
    formula: 'y = f(x)',
    shapes: 'x [batch, …] → y [batch, …]',
    options: { name: 'an activation', 'its parameters': 'as slope: 0.01' },
    make: ({ type: _, name, ...p }) => {
      const known = lookup(Object.fromEntries(ACTIVATIONS.map((a) => [a, a])), 'activation', name);
      const [wanted, given] = [ROWS[known].sample([[]]) ?? {}, p].map((of) => Object.keys(of).sort().join(', '));
      if (wanted !== given || !Object.values(p).every(Number.isFinite))
        throw new DomainError(
          `activation: ${name} takes ${wanted === '' ? 'no parameter' : `${wanted}, finite`}, got ${JSON.stringify(p)}`,
        );
      return {
        init: (_key, input) => ({ output: input, variables: { params: {}, state: {} } }),
        // every activation takes one tensor and, where it has any, its parameters
        apply: <T>(o: Lang<T>, _v: unknown, x: T) => [(o[known] as (x: T, p: unknown) => T)(x, p), {}] as const,
      };
    },
  },
  batchNorm: {
    doc: 'each feature to mean 0 and variance 1 over the batch, then γ·x + β; in eval mode by the running statistics',
    source: 'Ioffe & Szegedy 2015, Algorithms 1 and 2',
    formula:
      'y = gamma * (x - mean) / sqrt(variance + eps) + beta; running = (1 - momentum) * running + momentum * batch, with momentum and 1 - momentum in turn where it is of the old',
    shapes: 'x [batch, …, n] → y [batch, …, n]; gamma, beta [n]; state mean, variance [n]',
    options: DEFAULT_BATCH_NORM,
    make: ({ type: _, ...changed }) => {
      const h = batchNormOf(changed);
      return {
        init: (_key, input) => {
          const n = [lastAxis('batchNorm', input)];
          const fill = (v: number) => Tensor.build(n, (out) => out.fill(v));
          return {
            output: input,
            variables: {
              params: { gamma: fill(1), beta: fill(0) },
              state: { mean: fill(0), variance: fill(1) },
            },
          };
        },
        apply: (o, { params, state }, x, { mode }) => {
          const [gamma, beta] = [given(params, 'gamma'), given(params, 'beta')];
          const kept = { mean: given(state, 'mean'), variance: given(state, 'variance') };
          const n = [lastAxis('batchNorm', o.shape(x))];
          for (const [name, v] of Object.entries({ gamma, beta, ...kept })) fitting(o, `batchNorm: ${name}`, v, n);
          return mode === 'train'
            ? batchNormTrain(o, h, x, gamma, beta, kept)
            : [batchNormEval(o, h, x, gamma, beta, kept), kept];
        },
      };
    },
  },
  layerNorm: {
    doc: 'each sample to mean 0 and variance 1 over its features, then γ·x + β; alike in both modes',
    source: 'Ba, Kiros & Hinton 2016, eq. 4',
    formula: 'y = gamma * (x - mean) / sqrt(variance + eps) + beta',
    shapes: 'x [batch, …, n] → y [batch, …, n]; gamma, beta [n]',
    options: DEFAULT_LAYER_NORM,
    make: ({ type: _, ...changed }) => {
      const { eps } = layerNormOf(changed);
      return {
        init: (_key, input) => {
          const n = [lastAxis('layerNorm', input)];
          const params = { gamma: Tensor.build(n, (out) => out.fill(1)), beta: Tensor.build(n, () => {}) };
          return { output: input, variables: { params, state: {} } };
        },
        apply: (o, { params }, x) => {
          const [gamma, beta] = [given(params, 'gamma'), given(params, 'beta')];
          const n = [lastAxis('layerNorm', o.shape(x))];
          for (const [name, v] of Object.entries({ gamma, beta })) fitting(o, `layerNorm: ${name}`, v, n);
          return [layerNorm(o, eps, x, gamma, beta), {}];
        },
      };
    },
  },
  dropout: {
    doc: 'each number is zero with probability dropRate in train mode; inverted: the others are divided by 1 - dropRate; classic: all are multiplied by it in eval mode; alpha: dropped ones become the floor of SELU, and mean and variance are kept',
    source:
      'Hinton et al. 2012; Srivastava et al. 2014, §4 (classic) and §10 (inverted); Klambauer et al. 2017, §3 (alpha)',
    formula: 'y = 0 where u < dropRate, else x / (1 - dropRate)',
    shapes: 'x [batch, …] → y [batch, …]',
    options: { dropRate: 'in [0, 1]', form: 'inverted' },
    make: ({ type: _, ...changed }) => {
      const h = dropoutOf(changed);
      return {
        init: (_key, input) => ({ output: input, variables: { params: {}, state: {} } }),
        apply: (o, _variables, x, { mode, draws }) => {
          if (mode === 'eval') return [dropoutEval(o, h, x), {}];
          if (h.dropRate === 0) return [x, {}]; // nothing to draw
          if (draws === undefined)
            throw new DomainError('dropout: train mode needs a key or given uniforms, got neither');
          return [dropoutTrain(o, h, x, draws.uniform(o.shape(x))), {}];
        },
      };
    },
  },
  residual: {
    doc: 'x + f(x), f being layers in series that keep the shape',
    source: 'He et al. 2016, eq. 1',
    formula: 'y = x + f(x)',
    shapes: 'x [batch, …] → y [batch, …]; variables of the layers inside, as 0.w',
    options: { layers: 'a list of layers' },
    make: ({ layers }) => {
      const body = serial(layers.map(layerOf));
      return {
        init: (key, input) => {
          const { output, variables } = body.init(key, input);
          if (!sameShape(output, input))
            throw new ShapeError(
              `residual: the layers inside must keep the shape, got ${show(input)} to ${show(output)}`,
            );
          return { output, variables: { params: merged(variables.params), state: merged(variables.state) } };
        },
        apply: (o, { params, state }, x, context) => {
          const own = { params: apart(params, layers.length), state: apart(state, layers.length) };
          const [y, kept] = body.apply(o, own, x, context);
          return [o.add(x, y), merged(kept)];
        },
      };
    },
  },
};

/** The variables of inner layers under one roof: `w` of layer 0 is `0.w`. */
const merged = <T>(parts: readonly Named<T>[]): Named<T> =>
  Object.fromEntries(parts.flatMap((part, i) => Object.entries(part).map(([name, v]) => [`${i}.${name}`, v])));

const apart = <T>(all: Named<T>, n: number): readonly Named<T>[] =>
  Array.from({ length: n }, (_, i) =>
    Object.fromEntries(
      Object.entries(all).flatMap(([name, v]) =>
        name.startsWith(`${i}.`) ? [[name.slice(`${i}.`.length), v] as const] : [],
      ),
    ),
  );

/** A layer from data. @throws UnknownNameError, DomainError */
export const layerOf = (spec: LayerSpec): Layer => {
  const row = lookup(LAYERS, 'layer', spec.type) as Maker<LayerSpec['type']>; // the row of the spec's own type
  return row.make(spec as never);
};

/**
 * x·w + b, with b stretched over the batch and over nothing else; axes between the batch and the features are taken for more
 * of the batch.
 * @throws ShapeError
 */
export const dense = <T>(o: Lang<T>, x: T, w: T, b: T): T => {
  const shape = o.shape(x);
  fitting(o, 'dense: b', b, [lastAxis('dense', o.shape(w))]);
  if (shape.length === 2) return o.add(o.matmul(x, w), b);
  const [rows, units] = [shape.slice(0, -1), o.shape(w).slice(1)];
  const flat = o.reshape(x, { shape: [size(rows), lastAxis('dense', shape)] });
  return o.reshape(o.add(o.matmul(flat, w), b), { shape: [...rows, ...units] });
};

/** A variable is never stretched to fit. @throws ShapeError */
const fitting = <T>(o: Lang<T>, what: string, v: T, shape: Shape): void => {
  if (!sameShape(o.shape(v), shape))
    throw new ShapeError(`${what} must have the shape ${show(shape)}, got ${show(o.shape(v))}`);
};

const given = <T>(named: Named<T>, name: string): T => {
  const value = named[name];
  if (value === undefined)
    throw new DomainError(`layer: the variable ${name} is missing, got ${Object.keys(named).join(', ') || 'none'}`);
  return value;
};
