// What the laws of training ask with: small networks with batches taken from a few samples, and fits of them.
import fc from 'fast-check';
import { lossRow } from '../../src/index.ts';
import { extent, filled, parametersFor, shares, type Values, wideExtent } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import { type Answer, ask, having, type Inquiry } from '../law.ts';
import type { PortInfo } from '../port.ts';
import { elementwiseOf, lossesOf } from './cases.ts';

export interface Batch {
  readonly x: Values;
  readonly y: Values;
}

export interface Fit {
  readonly layers: readonly object[];
  readonly loss: string;
  readonly reduction: 'mean' | 'sum';
  readonly params: readonly Values[];
  readonly optimizer: string;
  readonly hyper: Readonly<Record<string, number>>;
  readonly batches: readonly Batch[];
  readonly seed: number;
}

/** Full mantissas of moderate size: no step of a few makes the loss run away. */
export const modest = fc.integer({ min: -(2 ** 20), max: 2 ** 20 }).map((k) => (k === 0 ? 1 : k) / 2 ** 20);
/** Integers so small that a step with a rate of 2⁻ᵏ stays exact in every format. */
export const tiny = fc.integer({ min: -2, max: 2 });

export const fit = (args: Fit): Inquiry<Answer> =>
  ask('training.network.fit', args as unknown as Record<string, unknown>); // the same fields

/** A fit of dense layers with an activation between them. */
export const fits = (
  port: PortInfo,
  {
    value = modest,
    activations = elementwiseOf(port),
    losses = lossesOf(port),
    reductions = ['mean', 'sum'] as readonly ('mean' | 'sum')[],
    depth = 2,
    steps = 4,
    between = [] as readonly object[],
    wider = true,
  } = {},
): fc.Arbitrary<Fit> => {
  // now and then longer axes, a layer more, and three times the steps: too much for what has to stay exact
  const side = wider ? wideExtent : extent;
  const more = (n: number, by: number): number => (wider ? n + by : n);
  return fc
    .record({
      widths: fc.oneof(
        { withCrossShrink: true },
        { arbitrary: fc.array(side(3), { minLength: depth + 1, maxLength: depth + 1 }), weight: 3 },
        { arbitrary: fc.array(extent(3), { minLength: more(depth + 1, 1), maxLength: more(depth + 1, 1) }), weight: 1 },
      ),
      activation: fc.constantFrom(...activations),
      loss: fc.constantFrom(...losses),
      sizes: fc.oneof(
        { withCrossShrink: true },
        { arbitrary: fc.array(side(4), { minLength: 1, maxLength: steps }), weight: 3 },
        { arbitrary: fc.array(extent(2), { minLength: more(1, steps), maxLength: more(steps, 2 * steps) }), weight: 1 },
      ),
    })
    .chain(({ widths, activation, loss, sizes }) => {
      const layers = widths.length - 1;
      const [inputs = 1, outputs = 1] = [widths[0], widths.at(-1)];
      const shapes = widths
        .slice(1)
        .flatMap((out, i) => [
          [widths[i] ?? 1, out],
          [out],
          ...(i < layers - 1 ? between.flatMap((l) => ('eps' in l ? [[out], [out]] : [])) : []),
        ]);
      const { target } = lossRow(camel(loss));
      const certain = (shape: readonly number[]): fc.Arbitrary<Values> =>
        target === 'distribution' ? shares(shape) : filled(shape, fc.constantFrom(target === 'sign' ? -1 : 0, 1));
      return parametersFor(activation).chain((parameters) =>
        fc.record({
          layers: fc.constant(
            widths
              .slice(1)
              .flatMap((units, i): readonly object[] => [
                { type: 'dense', units },
                ...(i < layers - 1 ? [...between, { type: 'activation', name: activation, ...parameters }] : []),
              ]),
          ),
          loss: fc.constant(loss),
          reduction: fc.constantFrom(...reductions),
          params: fc.tuple(...shapes.map((s) => filled(s, value))),
          optimizer: fc.constant('sgd'),
          hyper: fc.integer({ min: 3, max: 6 }).map((k) => ({ lr: 2 ** -k })),
          batches: fc.tuple(
            ...sizes.map((n) => fc.record({ x: filled([n, inputs], value), y: certain([n, outputs]) })),
          ),
          seed: fc.integer({ min: 0, max: 2 ** 20 }),
        }),
      );
    });
};

/** Sums and products that are exact, whatever their order. */
export const latticeFits = (port: PortInfo, depth = 2): fc.Arbitrary<Fit> =>
  fits(port, {
    value: tiny,
    activations: ['identity', 'relu'].filter((a) => port.has(`activation.${a}.vjp`)),
    losses: ['mse'],
    reductions: ['sum'],
    depth,
    wider: false,
  });

export const needsFit =
  (...more: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    having(
      'training.network.fit',
      'optimizer.sgd.run',
      ...more,
    )(port).filter(() => elementwiseOf(port).length > 0 && lossesOf(port).length > 0);

/** Each optimizer of a port that trains networks. */
export const eachOptimizer =
  (...more: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    needsFit(...more)(port).flatMap(() => port.names('optimizer', 'run'));

/** All numbers of a step. */
export const flat = (tensors: readonly { readonly data: ArrayLike<number> }[] | undefined): readonly number[] =>
  (tensors ?? []).flatMap((t) => Array.from(t.data));

export const batchNorm = { type: 'batch_norm', eps: 1 / 8, momentum: 1 / 4 } as const;
export const dropout = { type: 'dropout', dropRate: 3 / 8 } as const;

export const times = (t: Values, by: number): Values => ({ shape: t.shape, data: t.data.map((v) => v * by) });

/** Some of the samples. */
export const rows = (t: Values, from: number, to: number): Values => {
  const width = t.data.length / (t.shape[0] ?? 1);
  return { shape: [to - from, ...t.shape.slice(1)], data: t.data.slice(from * width, to * width) };
};
