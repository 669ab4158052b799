// Diagnosis: what a network does to signals on the way up and to slopes on the way down, layer by layer, and what that means.
import { DomainError } from '../core/errors.ts';
import type { Key } from '../core/key.ts';
import { scalar, type Tensor } from '../core/tensor.ts';
import { flatten } from '../core/tree.ts';
import { gradOf, pullback, vjp } from '../grad/tape.ts';
import { drawsByKey, inside, type Named, type NetworkVariables } from '../nn/layer.ts';
import { type LayerSpec, layerOf } from '../nn/layers.ts';
import { lossOf, lossRow } from '../nn/loss.ts';
import { ACTIVATIONS, type Lang, type OpName, ops, ROWS } from '../ops/lang.ts';
import type { Data } from './data.ts';
import type { Model } from './fit.ts';

/** `silent`: no slope arrives at the output, so that there is nothing to judge. */
export type Verdict = 'healthy' | 'vanishing' | 'exploding' | 'not finite' | 'silent';

/** Slopes this much smaller or larger than at the output, per number, are vanishing or exploding. */
export interface Thresholds {
  readonly vanishing: number;
  readonly exploding: number;
}

export interface LayerReport {
  /** Its place in the model, and what is there: a type of layer, or the name of an activation. */
  readonly place: number;
  readonly layer: string;
  /** ‖∂loss/∂x‖₂ for what the layer receives. */
  readonly slope: number;
  /** Root mean square of that slope over that of the slope by the output of the network. */
  readonly ratio: number;
  readonly verdict: Verdict;
  /** ‖∂loss/∂p‖₂ of every parameter by name, without the penalty of a regulariser. */
  readonly params: Named<number>;
  /** Mean and variance of all numbers that leave the layer. */
  readonly mean: number;
  readonly variance: number;
  /** Share of them where the slope of the activation has all but gone; null where the row of the layer knows no such range. */
  readonly saturated: number | null;
  /** Share of units whose slope is 0 for every sample, as of a ReLU that is never on; null unless an activation by element. */
  readonly dead: number | null;
}

export interface Diagnosis {
  readonly loss: number;
  /** ‖∂loss/∂output‖₂. */
  readonly slope: number;
  readonly layers: readonly LayerReport[];
  /** The worst of the layers. */
  readonly verdict: Verdict;
}

const USUAL: Thresholds = { vanishing: 1e-3, exploding: 1e3 };
const SEVERITY: readonly Verdict[] = ['healthy', 'silent', 'vanishing', 'exploding', 'not finite'];

/** √Σv², where neither a square that overflows nor one that underflows spoils it. @source Blue 1978 (scaling by parts) */
const norm = ({ view }: Tensor): number => {
  const total = (scale: number): number => {
    let sum = 0;
    for (const v of view) sum += (v * scale) ** 2;
    return Math.sqrt(sum) / scale;
  };
  const plain = total(1);
  if (plain > 2 ** -400 && plain < 2 ** 511) return plain;
  return plain < 1 ? total(2 ** 600) : total(2 ** -600);
};

const rms = (t: Tensor): number => norm(t) / Math.sqrt(Math.max(1, t.view.length));

/** Mean and variance of numbers, the biased one. */
export const momentsOf = (values: readonly number[]): { readonly mean: number; readonly variance: number } => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return { mean, variance: values.reduce((s, v) => s + (v - mean) ** 2, 0) / values.length };
};

/** What a ratio of slopes means. NaN and infinities are never healthy. */
const verdictOf = (own: number, output: number, { vanishing, exploding }: Thresholds): Verdict => {
  if (!Number.isFinite(own) || !Number.isFinite(output)) return 'not finite';
  if (output === 0) return 'silent';
  return own / output < vanishing ? 'vanishing' : own / output > exploding ? 'exploding' : 'healthy';
};

const nameOf = (spec: LayerSpec): string => (spec.type === 'activation' ? spec.name : spec.type);

/** Share of numbers in the range in which the row of an activation counts as saturated. */
const saturationOf = (name: string, y: Tensor): number | null => {
  const range = (ACTIVATIONS as readonly string[]).includes(name) ? ROWS[name as OpName].saturates : null;
  if (range === null) return null;
  const [low, high] = range;
  return y.toArray().filter((v) => v <= low || v >= high).length / y.view.length;
};

/** Share of units (places of the last axis) whose slope is 0 for every sample. */
const deadOf = (spec: LayerSpec, x: Tensor): number | null => {
  if (spec.type !== 'activation' || ROWS[spec.name as OpName].kind !== 'pointwise') return null;
  const layer = layerOf(spec);
  const { value, pull } = vjp(
    (o, [h]) => layer.apply(o, { params: {}, state: {} }, h as NonNullable<typeof h>, { mode: 'eval' })[0],
    ops,
    [x],
  );
  const [slopes] = pull(ops.expand(scalar(1), { shape: value.shape })) as [Tensor]; // one argument
  const units = x.shape.at(-1) ?? 1;
  const alive = new Set(slopes.toArray().flatMap((s, i) => (s === 0 ? [] : [i % units])));
  return 1 - alive.size / units;
};

/** One layer, run: what left it, and how to pull a slope of that back to what it received and to its parameters. */
interface Pass {
  readonly spec: LayerSpec;
  readonly x: Tensor;
  readonly y: Tensor;
  readonly pull: (dy: Tensor) => { readonly dx: Tensor; readonly dparams: Named<Tensor> };
}

/** What draws in train mode is made from; dropout needs it. */
export interface DiagnosisOptions {
  readonly key?: Key;
  readonly k?: number;
  readonly thresholds?: Partial<Thresholds>;
}

/** All layers of a model on one batch in train mode, one after another. */
export const passes = (
  { spec }: Model,
  variables: NetworkVariables<Tensor>,
  x: Tensor,
  { key, k = 0 }: DiagnosisOptions,
): readonly Pass[] => {
  const made: Pass[] = [];
  spec.layers.forEach((layerSpec, i) => {
    const layer = layerOf(layerSpec);
    const params = flatten<Tensor>(variables.params[i] ?? {});
    const state = flatten<Tensor>(variables.state[i] ?? {});
    const received = made.at(-1)?.y ?? x;
    const n = 1 + params.leaves.length;
    const program = <U>(o: Lang<U>, xs: readonly U[]): readonly [U] => {
      const at = xs.at(-1) as U; // the step, last of all
      const own = {
        params: params.build(xs.slice(1, n)) as Named<U>, // the structure it was taken from, as is the next
        state: state.build(xs.slice(n, -1)) as Named<U>,
      };
      const draws = key === undefined ? {} : { draws: drawsByKey(o, key, at) };
      const [y] = layer.apply(o, own, xs[0] as U, inside({ mode: 'train', ...draws }, i));
      return [y];
    };
    const { value, pull } = pullback(program, ops, [received, ...params.leaves, ...state.leaves, scalar(k)], n);
    made.push({
      spec: layerSpec,
      x: received,
      y: value,
      pull: (dy) => {
        const [dx, ...dparams] = pull(dy) as [Tensor, ...Tensor[]]; // one per tracked argument
        return { dx, dparams: params.build(dparams) as Named<Tensor> };
      },
    });
  });
  return made;
};

/**
 * Slopes, signals and their verdicts for every layer of a model on one batch, in train mode. Nothing is changed. Ratios do
 * not depend on the scale of the loss.
 * @source Hochreiter 1991; Bengio, Simard & Frasconi 1994 (vanishing); Pascanu, Mikolov & Bengio 2013 (exploding); Glorot & Bengio 2010
 * @throws DomainError where dropout needs a key and none is given, or for thresholds that are not 0 ≤ vanishing ≤ exploding
 */
export const diagnose = (
  model: Model,
  variables: NetworkVariables<Tensor>,
  { x, y }: Data,
  options: DiagnosisOptions = {},
): Diagnosis => {
  const thresholds = { ...USUAL, ...options.thresholds };
  if (!(thresholds.vanishing >= 0 && thresholds.exploding >= thresholds.vanishing))
    throw new DomainError(
      `diagnose: thresholds must be 0 ≤ vanishing ≤ exploding, got ${thresholds.vanishing} and ${thresholds.exploding}`,
    );
  const all = passes(model, variables, x, options);
  const { loss, lossParams, reduction = 'mean' } = model.spec;
  const end = pullback(
    (o, [p, t]) => [
      lossOf(o, lossRow(loss), p as NonNullable<typeof p>, t as NonNullable<typeof t>, reduction, lossParams),
    ],
    ops,
    [all.at(-1)?.y ?? x, y],
    1,
  );
  const [output] = gradOf(ops, end) as [Tensor]; // one argument is tracked
  const size = rms(output);
  let slope = output;
  const layers = [...all.entries()].reverse().map(([place, { spec, x: received, y: left, pull }]): LayerReport => {
    const { dx, dparams } = pull(slope);
    slope = dx;
    const own = rms(dx);
    return {
      place,
      layer: nameOf(spec),
      slope: norm(dx),
      ratio: own / size,
      verdict: verdictOf(own, size, thresholds),
      params: Object.fromEntries(Object.entries(dparams).map(([name, g]) => [name, norm(g)])),
      ...momentsOf(left.toArray()),
      saturated: saturationOf(nameOf(spec), left),
      dead: deadOf(spec, received),
    };
  });
  const rank = (v: Verdict): number => SEVERITY.indexOf(v);
  return {
    loss: end.value.view[0] as number, // a scalar
    slope: norm(output),
    layers: layers.reverse(),
    verdict: layers
      .map((l) => l.verdict)
      .reduce((a, b) => (rank(b) > rank(a) ? b : a), verdictOf(size, size, thresholds)),
  };
};
