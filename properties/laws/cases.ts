// What several chapters ask with: random networks, lattices of small integers, and graphs of operations.
import fc from 'fast-check';
import { lossRow } from '../../src/index.ts';
import { moderate, type NetworkCase, network, type Values } from '../arbitraries.ts';
import type { AnyLayer, Equation } from '../args.ts';
import { camel, type Plain, rowOf } from '../contract.ts';
import { type Answer, ask, claim, every, having, type Inquiry, type Verdict, within } from '../law.ts';
import { type Big, expecting } from '../oracle/exact.ts';
import { gradientsOver } from '../oracle/model.ts';
import { certified } from '../oracle/naive.ts';
import { Bounded, bounded, Exact } from '../oracle/readings.ts';
import { labels } from '../placing.ts';
import type { PortInfo } from '../port.ts';
import { grantOf, roundingBound, STEP_ROUNDINGS } from '../tolerance.ts';

export const exactOf = (v: Values): Exact => Exact.from(v.shape, v.data);
export const boundedOf = (v: Values): Bounded => Bounded.from(v.shape, v.data);

/** A case as a port's conventions have it, for oracles: the port itself is asked with the same numbers. */
export const meant = (c: NetworkCase, { conventions }: PortInfo): NetworkCase => {
  const momentumOf = conventions.bnMomentum === 'ofNew' ? 'new' : 'old';
  const own = (layer: AnyLayer): AnyLayer =>
    layer.type === 'residual'
      ? { ...layer, layers: layer.layers.map(own) }
      : layer.type === 'batchNorm'
        ? { ...layer, momentumOf, runningVariance: conventions.bnRunningVariance }
        : layer;
  const { regulariser: r } = c;
  const doubled = r?.l2 === undefined || conventions.l2 === 'half' ? {} : { regulariser: { ...r, l2: 2 * r.l2 } };
  return { ...c, layers: c.layers.map(own), ...doubled };
};

/**
 * An answer about a network against the naive truth, inside the running error bound: every entry of every tensor. Null
 * truth is a kink, where the slope is a convention with a law of its own.
 */
export const judged = (asked: NetworkCase, port: PortInfo, answer: Answer): Verdict => {
  const c = meant(asked, port);
  const truth = certified(c, c.direction);
  fc.pre(truth !== null && (!truth.bent || port.conventions.reluSlopeAtZero === 0));
  if (truth === null) return claim('a truth', false); // never: the line above has left
  const bound = gradientsOver(bounded(grantOf(port)), c, boundedOf);
  const against = (
    about: string,
    got: Plain | undefined,
    want: readonly Big[],
    b: Bounded | undefined,
    more: (i: number) => number = () => 0,
  ): Verdict =>
    within(
      about,
      got?.data ?? [],
      want.map((v) => expecting(v, port.dtype)),
      Array.from(b?.error.view ?? [], (e, i) => e + more(i)),
    );
  // a statistic may be moved by a difference, old + w·(new − old), which rounds what is kept of the old
  const moved = (old: Values | undefined) => (i: number) =>
    roundingBound(STEP_ROUNDINGS, Math.abs(old?.data[i] ?? 0), port.dtype);
  const [grads, kept] = [labels(c.layers, 'params'), labels(c.layers, 'state')];
  return every([
    against('loss', answer.tensor('loss'), [truth.loss], bound.loss),
    against('output', answer.tensor('output'), truth.output, bound.output),
    ...truth.gradients.map((g, i) =>
      against(`gradient of ${grads[i]}`, answer.tensors('gradients')[i], g, bound.gradients[i]),
    ),
    ...(c.state === undefined ? [] : truth.state).map((s, i) =>
      against(`next state of ${kept[i]}`, answer.tensors('state')?.[i], s, bound.state[i], moved(c.state?.[i])),
    ),
  ]);
};

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
/** Slopes of few digits, for the same reason. */
const halves = (layer: AnyLayer): AnyLayer =>
  layer.type === 'activation' && typeof layer.slope === 'number'
    ? { ...layer, slope: Math.round(2 * layer.slope) / 2 || -1 / 2 }
    : layer;
export const lattice = (
  port: PortInfo,
  depth: number,
  names: readonly string[] = ['identity', 'relu', 'leaky_relu'],
): fc.Arbitrary<NetworkCase> =>
  networksOf(port, depth, tiny, names, ['mse']).map((c) => ({
    ...c,
    layers: c.layers.map(halves),
    reduction: 'sum' as const,
  }));
export const needsLattice = needsNetwork('activation.relu.vjp', 'loss.mse.vjp');

export const graph = (equations: readonly Equation[], inputs: readonly Values[], dy: Values): Inquiry<Answer> =>
  ask('program.graph.vjp', { equations, inputs, dy });
export const usesOps =
  (...names: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    having('program.graph.vjp')(port).filter(() => names.every((n) => port.ops.includes(n)));

export const like = (v: Values, data: readonly number[]): Values => ({ shape: v.shape, data });
