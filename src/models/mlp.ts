// The multi-layer perceptron as data: from sizes to layers, and the loss of a network as one program.

import { type Context, type Named, type Network, type NetworkVariables, serial } from '../nn/layer.ts';
import { type LayerSpec, layerOf } from '../nn/layers.ts';
import { lossOf, lossRow, type Reduction } from '../nn/loss.ts';
import { penaltyOf, type RegulariserSpec } from '../nn/regulariser.ts';
import type { Lang } from '../ops/lang.ts';

/** A model as data: nothing in it but JSON. */
export interface ModelSpec {
  readonly layers: readonly LayerSpec[];
  readonly loss: string;
  /** Parameters of the loss that differ from its row, as `{ delta: 2 }`. */
  readonly lossParams?: Readonly<Record<string, number>>;
  readonly reduction?: Reduction;
  readonly regulariser?: RegulariserSpec;
}

/** Dense layers with an activation between them, and none behind the last. */
export const mlp = (units: readonly number[], activation: string, init?: string): readonly LayerSpec[] =>
  units.flatMap((n, i): readonly LayerSpec[] => [
    { type: 'dense', units: n, ...(init === undefined ? {} : { init }) },
    ...(i < units.length - 1 ? [{ type: 'activation', name: activation } as const] : []),
  ]);

/** The network of a model. @throws UnknownNameError, DomainError */
export const networkOf = (spec: ModelSpec): Network => serial(spec.layers.map(layerOf));

/** Loss with its penalty, output and next state of a model on one batch, over any carrier. */
export const lossOfModel = <T>(
  o: Lang<T>,
  spec: ModelSpec,
  network: Network,
  variables: NetworkVariables<T>,
  x: T,
  y: T,
  context: Context<T> = { mode: 'train' },
): { readonly loss: T; readonly output: T; readonly state: readonly Named<T>[] } => {
  const [output, state] = network.apply(o, variables, x, context);
  const penalty = spec.regulariser === undefined ? null : penaltyOf(o, spec.regulariser, variables.params);
  const loss = lossOf(o, lossRow(spec.loss), output, y, spec.reduction ?? 'mean', spec.lossParams);
  return { loss: penalty === null ? loss : o.add(loss, penalty), output, state };
};
