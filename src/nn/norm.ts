// Normalisation over the batch (with running statistics) and over the features, as pure functions over any carrier.
import { DomainError, lookup } from '../core/errors.ts';
import { type Shape, show, size } from '../core/shape.ts';
import type { Lang } from '../ops/lang.ts';

export interface BatchNorm {
  /** Added to the variance, inside the root. */
  readonly eps: number;
  /** A weight in the running statistics, in [0, 1]. */
  readonly momentum: number;
  /** Whose weight that is: of the `new` batch, running ← (1 − momentum)·running + momentum·batch, as in torch; or of the `old` statistics, running ← momentum·running + (1 − momentum)·batch, as in Keras. */
  readonly momentumOf: 'new' | 'old';
  /** Estimator of the running variance; the batch itself is always normalised by the biased one. */
  readonly runningVariance: 'unbiased' | 'biased';
}

export interface LayerNorm {
  /** Added to the variance, inside the root. */
  readonly eps: number;
}

/** Running statistics of a batch normalisation, one number per feature. */
export interface Running<T> {
  readonly mean: T;
  readonly variance: T;
}

const positive = (what: string, eps: number): number => {
  if (!(eps >= 0 && eps < Number.POSITIVE_INFINITY))
    throw new DomainError(`${what}: eps must be finite and not negative, got ${eps}`);
  return eps;
};

/** What the squares about the mean are divided by, for n numbers. */
const ESTIMATORS: Readonly<Record<BatchNorm['runningVariance'], (n: number) => number>> = {
  unbiased: (n) => n - 1,
  biased: (n) => n,
};

/** Which of two numbers m and 1 − m weighs the old statistics, and which the new batch. */
const DIRECTIONS: Readonly<Record<BatchNorm['momentumOf'], <V>(m: V, rest: V) => readonly [old: V, fresh: V]>> = {
  new: (m, rest) => [rest, m],
  old: (m, rest) => [m, rest],
};

export const DEFAULT_BATCH_NORM: BatchNorm = {
  eps: 1e-5,
  momentum: 0.1,
  momentumOf: 'new',
  runningVariance: 'unbiased',
};
export const DEFAULT_LAYER_NORM: LayerNorm = { eps: 1e-5 };

/** A checked specification. @throws DomainError, UnknownNameError */
export const batchNormOf = (changed: Partial<BatchNorm>): BatchNorm => {
  const { eps, momentum, momentumOf, runningVariance } = { ...DEFAULT_BATCH_NORM, ...changed };
  positive('batchNorm', eps);
  if (!(momentum >= 0 && momentum <= 1))
    throw new DomainError(`batchNorm: momentum must lie in [0, 1], got ${momentum}`);
  lookup(DIRECTIONS, 'momentum direction', momentumOf);
  lookup(ESTIMATORS, 'variance estimator', runningVariance);
  return { eps, momentum, momentumOf, runningVariance };
};

/** A checked specification. @throws DomainError */
export const layerNormOf = (changed: Partial<LayerNorm>): LayerNorm => {
  const { eps } = { ...DEFAULT_LAYER_NORM, ...changed };
  return { eps: positive('layerNorm', eps) };
};

/** All axes but the last, over which a feature is counted. */
const batchAxes = (shape: Shape): readonly number[] => shape.slice(0, -1).map((_, i) => i);

interface Moments<T> {
  readonly mean: T;
  readonly centred: T;
  /** Sum of the squares about the mean. */
  readonly squares: T;
}

/** Mean and squares about it over axes, which stay with size 1; in two passes, so that a large mean does not cancel. */
const moments = <T>(o: Lang<T>, x: T, axes: readonly number[], n: number): Moments<T> => {
  const mean = o.div(o.sum(x, { axes, keep: true }), o.lit(n));
  const centred = o.sub(x, mean);
  return { mean, centred, squares: o.sum(o.square(centred), { axes, keep: true }) };
};

const normalised = <T>(o: Lang<T>, eps: number, centred: T, variance: T, gamma: T, beta: T): T =>
  o.add(o.mul(gamma, o.div(centred, o.sqrt(o.add(variance, o.lit(eps))))), beta);

/**
 * γ·(x − μ_B)/√(σ²_B + eps) + β with the moments of the batch, and the running statistics after it.
 * @source Ioffe & Szegedy 2015, Algorithm 1
 * @throws DomainError for a batch of fewer than two, which has no variance
 */
export const batchNormTrain = <T>(
  o: Lang<T>,
  { eps, momentum, momentumOf, runningVariance }: BatchNorm,
  x: T,
  gamma: T,
  beta: T,
  running: Running<T>,
): readonly [y: T, running: { readonly mean: T; readonly variance: T }] => {
  const shape = o.shape(x);
  const n = size(shape.slice(0, -1));
  if (n < 2) throw new DomainError(`batchNorm: train mode needs a batch of at least 2, got ${n} in ${show(shape)}`);
  const { mean, squares, centred } = moments(o, x, batchAxes(shape), n);
  const variance = o.div(squares, o.lit(n));
  const estimate = o.div(squares, o.lit(ESTIMATORS[runningVariance](n)));
  const [keep, take] = DIRECTIONS[momentumOf](o.lit(momentum), o.sub(o.lit(1), o.lit(momentum)));
  const blend = (old: T, fresh: T): T =>
    o.add(o.mul(keep, old), o.mul(take, o.reshape(fresh, { shape: o.shape(old) })));
  return [
    normalised(o, eps, centred, variance, gamma, beta),
    { mean: blend(running.mean, mean), variance: blend(running.variance, estimate) },
  ];
};

/** γ·(x − mean)/√(variance + eps) + β with the running statistics: each sample on its own. */
export const batchNormEval = <T>(
  o: Lang<T>,
  { eps }: Pick<BatchNorm, 'eps'>,
  x: T,
  gamma: T,
  beta: T,
  { mean, variance }: Running<T>,
): T => normalised(o, eps, o.sub(x, mean), variance, gamma, beta);

/**
 * The same over the features of each sample.
 * @source Ba, Kiros & Hinton 2016, eq. 4
 */
export const layerNorm = <T>(o: Lang<T>, eps: number, x: T, gamma: T, beta: T): T => {
  const shape = o.shape(x);
  const n = shape.at(-1) ?? 1;
  const { centred, squares } = moments(o, x, [-1], n);
  return normalised(o, eps, centred, o.div(squares, o.lit(n)), gamma, beta);
};
