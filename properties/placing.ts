// Where the tensors of the contract's lists belong: parameters and state by layer and name, and back into one list.
import type { LayerSpec, Named } from '../src/index.ts';
import type { AnyLayer } from './args.ts';
import { camel } from './contract.ts';

/** A layer in the engine's spelling. */
export const specOf = (layer: AnyLayer): LayerSpec =>
  layer.type === 'activation'
    ? { ...layer, name: camel(layer.name) }
    : layer.type === 'residual'
      ? { type: 'residual', layers: layer.layers.map(specOf) }
      : layer;

export type Kept = 'params' | 'state';

/** What each type of layer keeps, in the contract's order. */
const KEPT: Readonly<Record<AnyLayer['type'], Readonly<Record<Kept, readonly string[]>>>> = {
  dense: { params: ['w', 'b'], state: [] },
  activation: { params: [], state: [] },
  batchNorm: { params: ['gamma', 'beta'], state: ['mean', 'variance'] },
  layerNorm: { params: ['gamma', 'beta'], state: [] },
  dropout: { params: [], state: [] },
  residual: { params: [], state: [] },
};

/** Names of the variables of a layer, those inside a residual as `0.w`. */
const namesOf = (layer: AnyLayer, what: Kept): readonly string[] =>
  layer.type === 'residual'
    ? layer.layers.flatMap((l, i) => namesOf(l, what).map((name) => `${i}.${name}`))
    : KEPT[layer.type][what];

/** A list put where it belongs, one record per layer; what the list is too short for stays out. */
export const placed = <T>(layers: readonly AnyLayer[], what: Kept, all: readonly T[]): readonly Named<T>[] => {
  let next = 0;
  return layers.map((layer) =>
    Object.fromEntries(
      namesOf(layer, what).flatMap((name) => {
        const found = all[next++];
        return found === undefined ? [] : [[name, found]];
      }),
    ),
  );
};

/** And back into one list. */
export const listed = <T>(layers: readonly AnyLayer[], what: Kept, all: readonly Named<T>[]): readonly T[] =>
  layers.flatMap((layer, i) => namesOf(layer, what).map((name) => all[i]?.[name] as T)); // as `placed` put them

/** What each tensor of a list is, for people: `layer 0, dense: w`. */
export const labels = (layers: readonly AnyLayer[], what: Kept): readonly string[] =>
  layers.flatMap((layer, i) => namesOf(layer, what).map((name) => `layer ${i}, ${layer.type}: ${name}`));

const rates = (layers: readonly AnyLayer[]): readonly number[] =>
  layers.flatMap((l) => (l.type === 'dropout' ? [l.dropRate] : l.type === 'residual' ? rates(l.layers) : []));

/** Of the uniforms for each dropout, those that the engine asks for: where nothing is dropped, nothing is drawn. */
export const drawn = <T>(layers: readonly AnyLayer[], uniforms: readonly T[] = []): readonly T[] => {
  const of = rates(layers);
  return uniforms.filter((_, i) => of[i] !== 0);
};
