// Internal covariate shift, measured twice: as drift of the moments of every layer, and as change of its gradients.
import { elementary } from '../core/elementary.ts';
import { DomainError } from '../core/errors.ts';
import { scalar, type Tensor } from '../core/tensor.ts';
import { flatten } from '../core/tree.ts';
import type { Named, NetworkVariables } from '../nn/layer.ts';
import { ops } from '../ops/lang.ts';
import type { Data } from './data.ts';
import { type DiagnosisOptions, momentsOf, passes } from './diagnose.ts';
import { lossAndGrad, type Model, type Setup, step, type Training } from './fit.ts';

/** Mean and deviation of every feature that leaves a layer. */
export interface Moments {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Those of every layer of a model on the same probe batch, in train mode. */
export const signalMoments = (
  model: Model,
  variables: NetworkVariables<Tensor>,
  x: Tensor,
  options: DiagnosisOptions = {},
): readonly Moments[] =>
  passes(model, variables, x, options).map(({ y }) => {
    const all = y.toArray();
    const units = y.shape.at(-1) ?? 1;
    const columns = Array.from({ length: units }, (_, j) => momentsOf(all.filter((_v, i) => i % units === j)));
    return { mean: columns.map((c) => c.mean), deviation: columns.map((c) => Math.sqrt(c.variance)) };
  });

/** How far the moments of a layer have moved, as root mean squares over its features. */
export interface Drift {
  /** |μ − μ₀| in deviations of before. */
  readonly mean: number;
  /** |ln(σ/σ₀)|. */
  readonly deviation: number;
}

const quadratic = (values: readonly number[]): number =>
  Math.sqrt(values.reduce((s, v) => s + v * v, 0) / values.length);

/** A move as a multiple of a size; nothing moved is 0 whatever the size, and anything is infinite against none. */
const multiple = (move: number, size: number): number => (move === 0 ? 0 : Math.abs(move) / size);

/**
 * Internal covariate shift as drift of the moments of every layer between two times.
 * @source Ioffe & Szegedy 2015, §2
 * @throws DomainError for moments of different models
 */
export const drift = (before: readonly Moments[], after: readonly Moments[]): readonly Drift[] => {
  const widths = (all: readonly Moments[]): string => all.map((m) => m.mean.length).join('-');
  if (widths(before) !== widths(after))
    throw new DomainError(`drift: both must be of one model, got the widths ${widths(before)} and ${widths(after)}`);
  return before.map(({ mean, deviation }, i) => {
    const now = after[i] as Moments; // as many, as checked
    return {
      mean: quadratic(mean.map((m, j) => multiple((now.mean[j] as number) - m, deviation[j] as number))),
      deviation: quadratic(
        deviation.map((s, j) => (now.deviation[j] === s ? 0 : elementary.log((now.deviation[j] as number) / s))),
      ),
    };
  });
};

/** How one layer's own slope changes when those before it have moved. */
export interface Shift {
  readonly place: number;
  /** ‖G − G′‖₂ over all its parameters. */
  readonly distance: number;
  /** Cosine between G and G′; 1 is no change of direction, NaN where one of them is 0. */
  readonly cosine: number;
}

/**
 * Internal covariate shift as the change of gradients: G of a layer against G′, taken again after one step of the layers
 * before it. One entry per layer with parameters; nothing is changed.
 * @source Santurkar, Tsipras, Ilyas & Madry 2018, Definition 2.1
 */
export const gradientShift = (setup: Setup, training: Training, batch: Data): readonly Shift[] => {
  const { variables, key, k } = training;
  const after = step(setup, training, batch).training.variables;
  const slopes = (params: readonly Named<Tensor>[]): readonly Named<Tensor>[] =>
    lossAndGrad(ops, setup.model, { ...variables, params }, batch.x, batch.y, { key, k: scalar(k) }).grads;
  const old = slopes(variables.params);
  return variables.params.flatMap((own, place) => {
    if (Object.keys(own).length === 0) return [];
    const mixed = variables.params.map((p, i) => (i < place ? (after.params[i] as Named<Tensor>) : p)); // of one structure
    const numbers = (g: Named<Tensor> | undefined): readonly number[] =>
      flatten<Tensor>(g ?? {}).leaves.flatMap((t) => t.toArray());
    const [a, b] = [numbers(old[place]), numbers(slopes(mixed)[place])];
    const dot = (x: readonly number[], y: readonly number[]): number =>
      x.reduce((s, v, i) => s + v * (y[i] as number), 0); // of one length
    const difference = a.map((v, i) => v - (b[i] as number));
    return [
      {
        place,
        distance: Math.sqrt(dot(difference, difference)),
        cosine: dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)),
      },
    ];
  });
};
