// Initializers: rows that say how wide a distribution is, and one way to draw from it.
import { DomainError, lookup } from '../core/errors.ts';
import { fold, type Key, normal, permutation, uniform } from '../core/key.ts';
import { normalQuantile } from '../core/quantile.ts';
import { type Shape, show } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';

/** Number of inputs that meet in one unit, and of units that one input reaches. */
export interface Fan {
  readonly fanIn: number;
  readonly fanOut: number;
}

/**
 * `point`: every weight equals the scale; `uniform`: U(−scale, scale); `normal`: N(0, scale²); `truncated`: N(0, scale²)
 * cut at ±2·scale; `orthogonal`: scale times orthonormal rows or columns; `identity`: scale on the diagonal; `sparse`: a
 * few N(0, scale²) per unit, zero elsewhere.
 */
export type Distribution = 'point' | 'uniform' | 'normal' | 'truncated' | 'orthogonal' | 'identity' | 'sparse';

export interface Initializer {
  readonly doc: string;
  readonly source: string;
  readonly distribution: Distribution;
  readonly scale: (fan: Fan, gain: number) => number;
  /** The variance of a weight as text in fanIn, fanOut and gain. */
  readonly variance: string;
}

const initializer = (row: Initializer): Initializer => row;

/** Standard deviation of a standard normal cut at ±2: √(1 − 4·φ(2)/(2·Φ(2) − 1)). */
const CUT_SPREAD = 0.87962566103423978;

type Mode = 'fanIn' | 'fanOut' | 'fanAvg';
const FANS: Readonly<Record<Mode, { readonly of: (f: Fan) => number; readonly text: string }>> = {
  fanIn: { of: (f) => f.fanIn, text: 'fanIn' },
  fanOut: { of: (f) => f.fanOut, text: 'fanOut' },
  fanAvg: { of: (f) => (f.fanIn + f.fanOut) / 2, text: '((fanIn + fanOut) / 2)' },
};
/** Scale of a distribution per standard deviation. */
const SCALES = { uniform: Math.sqrt(3), normal: 1, truncated: 1 / CUT_SPREAD } as const;

/** The family of variance scaling: Var[w] = gain²·share/fan. */
const variance = (
  distribution: keyof typeof SCALES,
  share: number,
  mode: Mode,
  doc: string,
  source: string,
): Initializer => ({
  doc,
  source,
  distribution,
  scale: (f, gain) => gain * SCALES[distribution] * Math.sqrt(share / FANS[mode].of(f)),
  variance: `gain^2 * ${share === 1 / 3 ? '1 / 3' : share} / ${FANS[mode].text}`,
});

const LECUN = 'LeCun et al. 1998, Efficient BackProp, eq. 16';
const GLOROT = 'Glorot & Bengio 2010, eq. 12 and 16';
const HE = 'He et al. 2015, eq. 10';
const HE_OUT = 'He et al. 2015, eq. 14';

export const INITIALIZERS = {
  zeros: initializer({
    doc: 'all zero: hidden units stay equal for ever',
    source: 'Rumelhart, Hinton & Williams 1986 (why symmetry must be broken)',
    distribution: 'point',
    scale: () => 0,
    variance: '0',
  }),
  constant: initializer({
    doc: 'all equal to the gain: hidden units stay equal for ever',
    source: 'Rumelhart, Hinton & Williams 1986 (why symmetry must be broken)',
    distribution: 'point',
    scale: (_fan, gain) => gain,
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
  truncatedNormal: initializer({
    doc: 'a normal of standard deviation gain, cut at two of them: the variance that is left is not corrected',
    source: 'PyTorch nn.init.trunc_normal_ and tf.random.truncated_normal (the raw form)',
    distribution: 'truncated',
    scale: (_fan, gain) => gain,
    variance: 'gain^2 * 0.77374130354992325',
  }),
  truncatedNormalCorrected: initializer({
    doc: 'the same, widened first so that what is left has standard deviation gain',
    source: 'Keras VarianceScaling and JAX variance_scaling (the corrected form)',
    distribution: 'truncated',
    scale: (_fan, gain) => gain / CUT_SPREAD,
    variance: 'gain^2',
  }),
  lecunNormal: variance('normal', 1, 'fanIn', 'keeps the variance of the signal through a linear layer', LECUN),
  lecunUniform: variance('uniform', 1, 'fanIn', 'the same, bounded', LECUN),
  lecunTruncated: variance('truncated', 1, 'fanIn', 'the same, cut at two standard deviations and corrected', LECUN),
  xavierUniform: variance(
    'uniform',
    1,
    'fanAvg',
    'a compromise between forward and backward variance, bounded',
    GLOROT,
  ),
  xavierNormal: variance('normal', 1, 'fanAvg', 'a compromise between forward and backward variance', GLOROT),
  xavierTruncated: variance('truncated', 1, 'fanAvg', 'the same, cut at two standard deviations and corrected', GLOROT),
  heUniform: variance('uniform', 2, 'fanIn', 'keeps the second moment of the signal through ReLU, bounded', HE),
  heNormal: variance('normal', 2, 'fanIn', 'keeps the second moment of the signal through ReLU', HE),
  heTruncated: variance('truncated', 2, 'fanIn', 'the same, cut at two standard deviations and corrected', HE),
  heUniformFanOut: variance(
    'uniform',
    2,
    'fanOut',
    'keeps the second moment of the gradient through ReLU, bounded',
    HE_OUT,
  ),
  heNormalFanOut: variance('normal', 2, 'fanOut', 'keeps the second moment of the gradient through ReLU', HE_OUT),
  heUniformFanAvg: variance('uniform', 2, 'fanAvg', 'between both, bounded', HE_OUT),
  heNormalFanAvg: variance('normal', 2, 'fanAvg', 'between both', HE_OUT),
  torchLinear: variance(
    'uniform',
    1 / 3,
    'fanIn',
    'what torch.nn.Linear starts with: bounded by 1/√fanIn',
    'PyTorch nn.Linear.reset_parameters (kaiming_uniform_ with a = √5)',
  ),
  orthogonal: initializer({
    doc: 'orthonormal rows or columns, whichever are fewer, times the gain: no direction is stretched',
    source: 'Saxe, McClelland & Ganguli 2014, §3; Mezzadri 2007 (uniform over the group)',
    distribution: 'orthogonal',
    scale: (_fan, gain) => gain,
    variance: 'gain^2 / max(fanIn, fanOut)',
  }),
  identity: initializer({
    doc: 'the gain on the diagonal, zero elsewhere',
    source: 'Le, Jaitly & Hinton 2015, §1',
    distribution: 'identity',
    scale: (_fan, gain) => gain,
    variance: '0',
  }),
  sparse: initializer({
    doc: 'fifteen weights into every unit, or all if it has fewer, of standard deviation gain; the others are zero',
    source: 'Martens 2010, §5',
    distribution: 'sparse',
    scale: (_fan, gain) => gain,
    variance: 'gain^2 * min(15, fanIn) / fanIn',
  }),
} satisfies Record<string, Initializer>;

export type InitializerName = keyof typeof INITIALIZERS;

/** The row of that name. @throws UnknownNameError */
export const initializerRow = (name: string): Initializer => lookup(INITIALIZERS, 'initializer', name);

/** Weights into every unit that {@link INITIALIZERS.sparse} leaves. */
const SPARSE_COUNT = 15;

/** Φ(−2) and Φ(2) − Φ(−2). */
const CUT = { low: 0.022750131948179207, inside: 0.95449973610364158 } as const;

/** Distributions whose weights come from one uniform each, by inversion. */
const QUANTILE: Readonly<Partial<Record<Distribution, (u: number, scale: number) => number>>> = {
  point: (_u, scale) => scale,
  uniform: (u, scale) => scale * (2 * u - 1),
  normal: (u, scale) => scale * normalQuantile(u),
  truncated: (u, scale) => {
    // from the nearer end, so that both are alike to the last bit
    const z = normalQuantile(CUT.low + CUT.inside * Math.min(u, 1 - u));
    return scale * (u < 1 / 2 ? Math.max(z, -2) : Math.min(-z, 2));
  },
};

/** Whether weights of a row can be made from given uniforms, one each. */
export const fromOneUniform = ({ distribution }: Initializer): boolean => QUANTILE[distribution] !== undefined;

/** What a draw depends on beside its randomness. */
export interface Draw extends Fan {
  readonly gain?: number;
}

const scaleOf = (row: Initializer, { fanIn, fanOut, gain = 1 }: Draw): number => {
  if (!(fanIn > 0 && fanOut > 0))
    throw new DomainError(`initializer: fans must be positive, got ${fanIn} and ${fanOut}`);
  if (!Number.isFinite(gain)) throw new DomainError(`initializer: the gain must be finite, got ${gain}`);
  const scale = row.scale({ fanIn, fanOut }, gain);
  if (scale < 0 && SPREADS.includes(row.distribution))
    throw new DomainError(`initializer: a deviation must not be negative, got ${scale} from the gain ${gain}`);
  return scale;
};

/** Distributions whose scale is a width. */
const SPREADS: readonly Distribution[] = ['uniform', 'normal', 'truncated', 'orthogonal', 'sparse'];

/**
 * Weights from given uniforms, one each, by inversion: the same uniforms serve every such initializer, which pairs experiments.
 * @throws DomainError for fans that are not positive, a gain that is not finite, or a row that needs more than one uniform each
 */
export const fromUniforms = (row: Initializer, u: Tensor, draw: Draw): Tensor => {
  const scale = scaleOf(row, draw);
  const q = QUANTILE[row.distribution];
  if (q === undefined)
    throw new DomainError(`initializer: ${row.distribution} weights are not made from one uniform each`);
  return Tensor.build(u.shape, (out) => {
    for (let i = 0; i < out.length; i++) out[i] = q(u.view[i] as number, scale); // in range: the shapes are equal
  });
};

/** Distributions of whole matrices [in, out]. */
const MATRICES: Readonly<
  Partial<Record<Distribution, (key: Key, shape: readonly [number, number], scale: number) => Tensor>>
> = {
  orthogonal: (key, [rows, columns], scale) => {
    const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
    const q = orthonormal(normal(key, [short, long]));
    return Tensor.build([rows, columns], (out) => {
      for (let i = 0; i < long; i++)
        for (let j = 0; j < short; j++)
          out[rows >= columns ? i * columns + j : j * columns + i] = scale * ((q[j] as Float64Array)[i] as number);
    });
  },
  identity: (_key, [rows, columns], scale) =>
    Tensor.build([rows, columns], (out) => {
      for (let i = 0; i < Math.min(rows, columns); i++) out[i * columns + i] = scale;
    }),
  sparse: (key, [rows, columns], scale) => {
    const z = normal(fold(key, 0), [rows, columns]).view;
    const places = Array.from({ length: columns }, (_, j) => permutation(fold(fold(key, 1), j), rows));
    return Tensor.build([rows, columns], (out) => {
      places.forEach((order, j) => {
        for (const i of order.slice(0, SPARSE_COUNT)) out[i * columns + j] = scale * (z[i * columns + j] as number);
      });
    });
  },
};

/**
 * The rows of a matrix made orthonormal one after another, each twice, which is enough. Lengths are taken positive, so that
 * normal rows give every orthonormal set the same chance.
 * @source Giraud, Langou & Rozložník 2005 (twice is enough); Mezzadri 2007
 */
const orthonormal = (a: Tensor): readonly Float64Array[] => {
  const [n = 0, m = 0] = a.shape;
  const rows: Float64Array[] = [];
  const dot = (x: Float64Array, y: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < m; i++) sum += (x[i] as number) * (y[i] as number); // of this length, as below
    return sum;
  };
  for (let r = 0; r < n; r++) {
    const v = Float64Array.from({ length: m }, (_, i) => a.view[r * m + i] as number);
    for (const q of [...rows, ...rows]) {
      const along = dot(v, q);
      for (let i = 0; i < m; i++) v[i] = (v[i] as number) - along * (q[i] as number);
    }
    const length = Math.sqrt(dot(v, v));
    rows.push(v.map((x) => x / length));
  }
  return rows;
};

/** Weights of a shape from a key. @throws DomainError, also for a matrix distribution of another rank than 2 */
export const sample = (row: Initializer, key: Key, shape: Shape, draw: Draw): Tensor => {
  const matrix = MATRICES[row.distribution];
  if (matrix === undefined) return fromUniforms(row, uniform(key, shape), draw);
  const { fanIn, fanOut } = fansOf(shape);
  return matrix(key, [fanIn, fanOut], scaleOf(row, draw));
};

/** Fans of a weight matrix `[in, out]`. @throws DomainError for other ranks */
export const fansOf = (shape: Shape): Fan => {
  const [fanIn, fanOut] = shape;
  if (shape.length !== 2 || fanIn === undefined || fanOut === undefined)
    throw new DomainError(`initializer: weights must be [in, out], got ${show(shape)}`);
  return { fanIn, fanOut };
};

/** Gains that keep the signal's size through an activation. */
const GAINS: Readonly<Record<string, (p: Readonly<Record<string, number>>) => number>> = {
  identity: () => 1,
  sigmoid: () => 1,
  tanh: () => 5 / 3,
  relu: () => Math.SQRT2,
  leakyRelu: ({ slope = 0 }) => Math.sqrt(2 / (1 + slope * slope)),
  selu: () => 3 / 4,
};

/**
 * The usual gain in front of an activation, for rows that scale by it (as lecunNormal); 1 where none is usual.
 * @source PyTorch nn.init.calculate_gain; He et al. 2015, eq. 15 for leaky slopes
 */
export const gainOf = (activation: string, params: Readonly<Record<string, number>> = {}): number =>
  Object.hasOwn(GAINS, activation) ? (GAINS[activation]?.(params) ?? 1) : 1;
