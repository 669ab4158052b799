// Initializers: rows that say how wide a distribution is, and one way to draw from it.
import { DomainError, lookup } from '../core/errors.ts';
import { type Key, normalQuantile, uniform } from '../core/key.ts';
import { type Shape, show } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';

/** Number of inputs that meet in one unit, and of units that one input reaches. */
export interface Fan {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** `point`: every weight equals the scale; `uniform`: U(−scale, scale); `normal`: N(0, scale²). */
export type Distribution = 'point' | 'uniform' | 'normal';

export interface Initializer {
  readonly doc: string;
  readonly source: string;
  readonly distribution: Distribution;
  readonly scale: (fan: Fan, gain: number) => number;
  /** The variance as text in fanIn, fanOut and gain. */
  readonly variance: string;
}

const initializer = (row: Initializer): Initializer => row;

export const INITIALIZERS = {
  zeros: initializer({
    doc: 'all zero: hidden units stay equal for ever',
    source: 'Rumelhart, Hinton & Williams 1986 (why symmetry must be broken)',
    distribution: 'point',
    scale: () => 0,
    variance: '0',
  }),
  normal: initializer({
    doc: 'standard deviation equal to the gain, whatever the fans',
    source: 'Krizhevsky et al. 2012, §5',
    distribution: 'normal',
    scale: (_fan, gain) => gain,
    variance: 'gain^2',
  }),
  uniform: initializer({
    doc: 'bounded by the gain, whatever the fans',
    source: 'Rumelhart, Hinton & Williams 1986',
    distribution: 'uniform',
    scale: (_fan, gain) => gain,
    variance: 'gain^2 / 3',
  }),
  lecunNormal: initializer({
    doc: 'keeps the variance of the signal through a linear layer',
    source: 'LeCun et al. 1998, Efficient BackProp, eq. 16',
    distribution: 'normal',
    scale: (f, gain) => gain * Math.sqrt(1 / f.fanIn),
    variance: 'gain^2 / fanIn',
  }),
  xavierUniform: initializer({
    doc: 'a compromise between forward and backward variance, bounded',
    source: 'Glorot & Bengio 2010, eq. 16',
    distribution: 'uniform',
    scale: (f, gain) => gain * Math.sqrt(6 / (f.fanIn + f.fanOut)),
    variance: 'gain^2 * 2 / (fanIn + fanOut)',
  }),
  xavierNormal: initializer({
    doc: 'a compromise between forward and backward variance',
    source: 'Glorot & Bengio 2010, eq. 12',
    distribution: 'normal',
    scale: (f, gain) => gain * Math.sqrt(2 / (f.fanIn + f.fanOut)),
    variance: 'gain^2 * 2 / (fanIn + fanOut)',
  }),
  heUniform: initializer({
    doc: 'keeps the second moment of the signal through ReLU, bounded',
    source: 'He et al. 2015, eq. 10',
    distribution: 'uniform',
    scale: (f, gain) => gain * Math.sqrt(6 / f.fanIn),
    variance: 'gain^2 * 2 / fanIn',
  }),
  heNormal: initializer({
    doc: 'keeps the second moment of the signal through ReLU',
    source: 'He et al. 2015, eq. 10',
    distribution: 'normal',
    scale: (f, gain) => gain * Math.sqrt(2 / f.fanIn),
    variance: 'gain^2 * 2 / fanIn',
  }),
} satisfies Record<string, Initializer>;

export type InitializerName = keyof typeof INITIALIZERS;

/** The row of that name. @throws UnknownNameError */
export const initializerRow = (name: string): Initializer => lookup(INITIALIZERS, 'initializer', name);

const QUANTILE: Record<Distribution, (u: number, scale: number) => number> = {
  point: (_u, scale) => scale,
  uniform: (u, scale) => scale * (2 * u - 1),
  normal: (u, scale) => scale * normalQuantile(u),
};

/** What a draw depends on beside its randomness. */
export interface Draw extends Fan {
  readonly gain?: number;
}

/**
 * Weights from given uniforms, one each, by inversion: the same uniforms serve every initializer, which pairs experiments.
 * @throws DomainError for fans that are not positive, or a gain that is not finite
 */
export const fromUniforms = (row: Initializer, u: Tensor, { fanIn, fanOut, gain = 1 }: Draw): Tensor => {
  if (!(fanIn > 0 && fanOut > 0))
    throw new DomainError(`initializer: fans must be positive, got ${fanIn} and ${fanOut}`);
  if (!Number.isFinite(gain)) throw new DomainError(`initializer: the gain must be finite, got ${gain}`);
  const scale = row.scale({ fanIn, fanOut }, gain);
  const q = QUANTILE[row.distribution];
  return Tensor.build(u.shape, (out) => {
    for (let i = 0; i < out.length; i++) out[i] = q(u.view[i] as number, scale); // in range: the shapes are equal
  });
};

/** Weights of a shape from a key. */
export const sample = (row: Initializer, key: Key, shape: Shape, draw: Draw): Tensor =>
  fromUniforms(row, uniform(key, shape), draw);

/** Fans of a weight matrix `[in, out]`. @throws DomainError for other ranks */
export const fansOf = (shape: Shape): Fan => {
  const [fanIn, fanOut] = shape;
  if (shape.length !== 2 || fanIn === undefined || fanOut === undefined)
    throw new DomainError(`initializer: weights must be [in, out], got ${show(shape)}`);
  return { fanIn, fanOut };
};
