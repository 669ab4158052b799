// What several chapters ask with: random networks, lattices of small integers, and graphs of operations.
import fc from 'fast-check';
import { lossRow } from '../../src/index.ts';
import { moderate, type NetworkCase, network, type Values } from '../arbitraries.ts';
import type { Equation } from '../args.ts';
import { camel, rowOf } from '../contract.ts';
import { type Answer, ask, having, type Inquiry } from '../law.ts';
import { Bounded, Exact } from '../oracle/readings.ts';
import type { PortInfo } from '../port.ts';

export const exactOf = (v: Values): Exact => Exact.from(v.shape, v.data);
export const boundedOf = (v: Values): Bounded => Bounded.from(v.shape, v.data);

export const lossAndGrad = (c: NetworkCase): Inquiry<Answer> => {
  const { direction: _, ...args } = c;
  return ask('model.network.loss_and_grad', args);
};

/** Losses of a port whose prediction may be any number, as the last dense layer gives it. */
export const lossesOf = (port: PortInfo): readonly string[] =>
  port.names('loss', 'vjp').filter((name) => lossRow(camel(name)).prediction === 'number');

/** Activations of a port that map each number on its own, so that hidden units do not see each other. */
export const elementwiseOf = (port: PortInfo): readonly string[] =>
  port.names('activation', 'vjp').filter((name) => rowOf(name).kind === 'pointwise');

/** Networks of the activations and losses that a port declares; without names, of those that keep units apart. */
export const networksOf = (
  port: PortInfo,
  depth: number,
  weight = moderate(port.dtype),
  names = elementwiseOf(port),
  losses = lossesOf(port),
) =>
  network({
    depth,
    dtype: port.dtype,
    weight,
    activations: port.names('activation', 'vjp').filter((n) => names.includes(n)),
    losses,
  });

export const needsNetwork =
  (...more: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    having(
      'model.network.loss_and_grad',
      ...more,
    )(port).filter(() => elementwiseOf(port).length > 0 && lossesOf(port).length > 0);

/** Weights so small that three layers of them stay exact in every format. */
const tiny = fc.integer({ min: -2, max: 2 });
export const lattice = (port: PortInfo, depth: number): fc.Arbitrary<NetworkCase> =>
  networksOf(port, depth, tiny, ['identity', 'relu'], ['mse']).map((c) => ({ ...c, reduction: 'sum' as const }));
export const needsLattice = needsNetwork('activation.relu.vjp', 'loss.mse.vjp');

export const graph = (equations: readonly Equation[], inputs: readonly Values[], dy: Values): Inquiry<Answer> =>
  ask('program.graph.vjp', { equations, inputs, dy });
export const usesOps =
  (...names: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    having('program.graph.vjp')(port).filter(() => names.every((n) => port.ops.includes(n)));

export const like = (v: Values, data: readonly number[]): Values => ({ shape: v.shape, data });
