// The symmetry detector: hidden units that are copies of each other, and would stay so for ever.
import type { Tensor } from '../core/tensor.ts';
import type { Named } from '../nn/layer.ts';
import type { Model } from './fit.ts';

const weights = (params: readonly Named<Tensor>[], place: number): Tensor =>
  (params[place] as Named<Tensor>).w as Tensor; // of a dense layer

/** Hidden units of a dense layer that are copies of each other. */
export interface Symmetry {
  readonly place: number;
  readonly units: number;
  /** How many are different; fewer than `units` is a symmetry that training without noise can never break. */
  readonly distinct: number;
  /** Largest difference between any two units in any weight that meets in them or leaves them. */
  readonly distance: number;
}

/** Everything by which one unit of a hidden dense layer can differ from another: a row of numbers per unit. */
const unitsOf = ({ spec }: Model, params: readonly Named<Tensor>[], place: number, next: number) => {
  const units = weights(params, place).shape.at(-1) ?? 0;
  const between = spec.layers.slice(place, next).flatMap((_, i) => Object.values(params[place + i] ?? {}));
  const into = between.filter((t) => t.shape.at(-1) === units);
  const out = weights(params, next);
  const width = out.shape[1] ?? 0;
  return Array.from({ length: units }, (_, j): readonly number[] => [
    ...into.flatMap((t) => t.toArray().filter((_v, i) => i % units === j)),
    ...out.toArray().slice(j * width, (j + 1) * width), // a row per unit: nothing between changes their number
  ]);
};

/**
 * The symmetry of every dense layer that another one follows.
 * @source Rumelhart, Hinton & Williams 1986 (why it must be broken)
 */
export const symmetryOf = (model: Model, params: readonly Named<Tensor>[]): readonly Symmetry[] => {
  const places = model.spec.layers.flatMap((l, i) => (l.type === 'dense' ? [i] : []));
  return places.slice(0, -1).map((place, i) => {
    const units = unitsOf(model, params, place, places[i + 1] as number); // the last one was left out
    const spread = (units[0] ?? []).map((_, c) => {
      const column = units.map((u) => u[c] as number);
      return column.reduce((a, b) => Math.max(a, b)) - column.reduce((a, b) => Math.min(a, b));
    });
    return {
      place,
      units: units.length,
      distinct: new Set(units.map((u) => u.join())).size, // as text, −0 is 0
      distance: spread.reduce((a, b) => Math.max(a, b), 0),
    };
  });
};
