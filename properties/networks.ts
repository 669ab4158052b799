// Generators of whole models: random stacks of every layer, loss and penalty, and large networks from one seed.
import fc from 'fast-check';
import { lossRow } from '../src/index.ts';
import {
  cotangent,
  extent,
  filled,
  moderate,
  type NetworkCase,
  parameter,
  seed,
  targetsFor,
  type Values,
  visiting,
} from './arbitraries.ts';
import type { AnyLayer } from './args.ts';
import { camel, parametersOf } from './contract.ts';
import type { PortInfo } from './port.ts';
import { FORMATS } from './tolerance.ts';

/** Losses of a port whose meaning is everybody's: a probability next to 0 is a convention, with a law of its own. */
export const modelLosses = (port: PortInfo): readonly string[] =>
  port
    .names('loss', 'vjp')
    .filter((name) => name !== 'bce' || (port.conventions.bce === 'log' && port.conventions.bceClip === 100));

/** Numbers up to 2 with full mantissas: activations stay in their lively part. */
export const mild = (port: PortInfo): fc.Arbitrary<number> => moderate(port.dtype).map((v) => v / 4);

const activation = (names: readonly string[]): fc.Arbitrary<AnyLayer> =>
  fc.tuple(fc.constantFrom(...names), parameter).map(([name, value]) => ({
    type: 'activation',
    name,
    ...Object.fromEntries(parametersOf(name).map((p) => [p, value])),
  }));

/** A usual value, and now and then one of those at an end. */
const orEnd = (usual: fc.Arbitrary<number>, ...ends: readonly number[]): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: usual, weight: 9 },
    { arbitrary: fc.constantFrom(...ends), weight: 1 },
  );

/** Nothing beside the variance is allowed where the numbers have one, which is for a law to find out. */
const epsilons = (bare: boolean): fc.Arbitrary<number> =>
  orEnd(
    fc.integer({ min: 2, max: 8 }).map((k) => 2 ** -k),
    ...(bare ? [0, 4] : [4]),
  );
const normsOf = (bare: boolean): Readonly<Record<'batchNorm' | 'layerNorm', fc.Arbitrary<AnyLayer>>> => ({
  batchNorm: fc
    .tuple(epsilons(bare), orEnd(fc.integer({ min: 1, max: 7 }), 0, 8))
    .map(([e, k]) => ({ type: 'batchNorm', eps: e, momentum: k / 8 })),
  layerNorm: epsilons(bare).map((e) => ({ type: 'layerNorm', eps: e })),
});
const dropout: fc.Arbitrary<AnyLayer> = fc
  .oneof(
    { withCrossShrink: true },
    { arbitrary: fc.integer({ min: 1, max: 7 }).filter((k) => k !== 4), weight: 7 }, // at one half, kept and dropped are mistaken for each other
    { arbitrary: fc.constant(8), weight: 2 },
    { arbitrary: fc.constant(0), weight: 1 },
  )
  .map((k) => ({ type: 'dropout', dropRate: k / 8 }));

/** A part of a stack for a given width, and the width behind it. */
type Block = (width: number) => readonly [readonly AnyLayer[], number];

const keeping =
  (layer: AnyLayer): Block =>
  (width) => [[layer], width];

/** Every kind of block that a port can be asked for; the first is what shrinking ends at. */
const blocks = (names: readonly string[], parts: readonly string[], bare: boolean): fc.Arbitrary<Block> => {
  const act = activation(names);
  const norms = Object.entries(normsOf(bare)).flatMap(([name, norm]) => (parts.includes(name) ? [norm] : []));
  const units = extent(4);
  const plain = fc.tuple(units, act).map(
    ([n, a]): Block =>
      () => [[{ type: 'dense', units: n }, a], n],
  );
  const residual = (inner: fc.Arbitrary<AnyLayer>): fc.Arbitrary<Block> =>
    fc.tuple(units, act, inner).map(
      ([n, a, between]): Block =>
        (width) => [
          [{ type: 'residual', layers: [{ type: 'dense', units: n }, a, between, { type: 'dense', units: width }] }],
          width,
        ],
    );
  return fc.oneof(
    { withCrossShrink: true },
    plain,
    act.map(keeping),
    ...norms.map((norm) =>
      fc.tuple(units, norm, act).map(
        ([n, layer, a]): Block =>
          () => [[{ type: 'dense', units: n }, layer, a], n],
      ),
    ),
    ...norms.map((norm) => norm.map(keeping)),
    ...(parts.includes('dropout') ? [dropout.map(keeping)] : []),
    ...(parts.includes('residual') ? [residual(act), ...norms.map(residual)] : []),
    ...(parts.includes('residual') && parts.includes('dropout') ? [residual(dropout)] : []),
  );
};

interface Needs {
  readonly params: readonly (readonly number[])[];
  /** Widths of batch normalisations. */
  readonly state: readonly number[];
  /** Widths of dropouts. */
  readonly uniforms: readonly number[];
  readonly width: number;
}

/** What a stack needs, layer by layer. */
export const needsOf = (layers: readonly AnyLayer[], input: number): Needs => {
  const params: (readonly number[])[] = [];
  const state: number[] = [];
  const uniforms: number[] = [];
  let width = input;
  for (const layer of layers)
    if (layer.type === 'dense') {
      params.push([width, layer.units], [layer.units]);
      width = layer.units;
    } else if (layer.type === 'residual') {
      const inner = needsOf(layer.layers, width);
      params.push(...inner.params);
      state.push(...inner.state);
      uniforms.push(...inner.uniforms);
    } else if (layer.type === 'dropout') uniforms.push(width);
    else if (layer.type !== 'activation') {
      params.push([width], [width]);
      if (layer.type === 'batchNorm') state.push(width);
    }
  return { params, state, uniforms, width };
};

/** Strictly inside (0, 1). */
const inside = fc.integer({ min: 1, max: 2 ** 20 - 1 }).map((k) => k / 2 ** 20);
const strength = fc.integer({ min: 0, max: 8 }).map((k) => k / 16);

export interface Choice {
  readonly names?: readonly string[];
  readonly losses?: readonly string[];
  readonly parts?: readonly string[];
  readonly weight?: fc.Arbitrary<number>;
  /** Whether normalisations may have an eps of 0, so that the loss may not be a number. */
  readonly bare?: boolean;
  /** Features and samples, where they are given. */
  readonly inputs?: number;
  readonly batch?: number;
}

/**
 * Any network that a port can be asked for: up to four blocks of its layers, a head that its loss can read, penalties,
 * running statistics and uniforms. Shrinks to fewer and narrower layers, then to small numbers.
 */
export const anyNetwork = (
  port: PortInfo,
  {
    names = port.names('activation', 'vjp'),
    losses = modelLosses(port),
    parts = port.parts,
    weight = mild(port),
    bare = false,
    inputs: features,
    batch: samples,
  }: Choice = {},
): fc.Arbitrary<NetworkCase> =>
  fc
    .record({
      inputs: features === undefined ? orEnd(extent(4), 9, 11) : fc.constant(features),
      stack: fc.array(blocks(names, parts, bare), { maxLength: 4 }),
      outputs: extent(3),
      loss: fc.constantFrom(...losses),
      reduction: fc.constantFrom('mean' as const, 'sum' as const),
      batch: samples === undefined ? orEnd(extent(3), 5, 9) : fc.constant(samples),
      l1: strength,
      l2: strength,
      penalised: fc.boolean(),
    })
    .chain(({ inputs, stack, outputs, loss, reduction, batch, l1, l2, penalised }) => {
      const body = stack.reduce<readonly [readonly AnyLayer[], number]>(
        ([layers, width], block) => {
          const [more, next] = block(width);
          return [[...layers, ...more], next];
        },
        [[], inputs],
      );
      const { prediction } = lossRow(camel(loss));
      const head = { number: [], probability: ['sigmoid'], distribution: ['softmax'] }[prediction];
      const layers: readonly AnyLayer[] = [
        ...body[0],
        { type: 'dense', units: outputs },
        ...head.map((name) => ({ type: 'activation' as const, name })),
      ];
      const needs = needsOf(layers, inputs);
      const n = needs.state.length > 0 ? Math.max(2, batch) : batch; // one sample has no variance
      return fc.record({
        layers: fc.constant(layers),
        loss: fc.constant(loss),
        reduction: fc.constant(reduction),
        params: fc.tuple(...needs.params.map((s) => filled(s, weight))),
        direction: fc.tuple(...needs.params.map((s) => filled(s, cotangent(port.dtype)))),
        x: filled([n, inputs], weight),
        y: targetsFor(loss, [n, outputs], weight),
        ...(needs.state.length === 0
          ? {}
          : {
              state: fc.tuple(
                ...needs.state.flatMap((w) => [
                  filled([w], weight),
                  filled(
                    [w],
                    weight.map((v) => v * v + 1 / 8),
                  ),
                ]),
              ),
            }),
        ...(needs.uniforms.length === 0
          ? {}
          : { uniforms: fc.tuple(...needs.uniforms.map((w) => filled([n, w], inside))) }),
        ...(parts.includes('regulariser') && penalised && l1 + l2 > 0 ? { regulariser: fc.constant({ l1, l2 }) } : {}),
      });
    })
    .map((c) => rounded(c, port));

/** Running variances in the format of the port. */
const rounded = (c: NetworkCase, port: PortInfo): NetworkCase => {
  const { round } = FORMATS[port.dtype];
  return c.state === undefined
    ? c
    : { ...c, state: c.state.map(({ shape, data }) => ({ shape, data: data.map(round) })) };
};

/** A large dense network, written small: all its numbers come from a seed. */
export interface LargeCase {
  readonly widths: readonly number[];
  readonly names: readonly string[];
  readonly loss: string;
  readonly reduction: 'mean' | 'sum';
  readonly batch: number;
  readonly seed: number;
}

/** Any, and the widest output and the longest batch for certain. */
export const largeNetwork = (names: readonly string[], losses: readonly string[]): fc.Arbitrary<LargeCase> => {
  const any = largest(names, losses);
  return visiting(
    any,
    any.map((c) => ({ ...c, widths: [...c.widths.slice(0, -1), 16], batch: 9 })),
  );
};

const largest = (names: readonly string[], losses: readonly string[]): fc.Arbitrary<LargeCase> =>
  fc.record({
    widths: fc.tuple(
      fc.integer({ min: 32, max: 64 }),
      fc.integer({ min: 16, max: 32 }),
      fc.integer({ min: 4, max: 16 }),
    ),
    names: fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 1 }),
    loss: fc.constantFrom(...losses),
    reduction: fc.constantFrom('mean' as const, 'sum' as const),
    batch: fc.integer({ min: 5, max: 9 }),
    seed,
  });

/** The numbers of a large network: multiples of 2⁻¹⁶ between −1/4 and 1/4 by a multiplicative generator (Lehmer 1951). */
export const expanded = ({ widths, names, loss, reduction, batch, seed: start }: LargeCase): NetworkCase => {
  let state = (start % 2147483646) + 1;
  const next = (): number => {
    state = (state * 48271) % 2147483647;
    return ((state % 2 ** 15) - 2 ** 14) / 2 ** 16;
  };
  const fill = (shape: readonly number[]): Values => ({
    shape,
    data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next),
  });
  const shapes = widths.slice(1).flatMap((out, i) => [[widths[i] ?? 1, out], [out]]);
  const layers = widths.slice(1).flatMap((units, i): readonly AnyLayer[] => {
    const name = names[i];
    return [
      { type: 'dense', units },
      ...(name === undefined
        ? []
        : [{ type: 'activation' as const, name, ...Object.fromEntries(parametersOf(name).map((p) => [p, 1 / 4])) }]),
    ];
  });
  const share = (v: number): number => Math.abs(v) * 4;
  const y = fill([batch, widths.at(-1) ?? 1]);
  const { target } = lossRow(camel(loss));
  const classes = widths.at(-1) ?? 1;
  /** A class-th of the share at most, of 14 bits, and for the first class what is left of 1. */
  const part = (v: number): number => Math.floor((share(v) * 2 ** 14) / classes) / 2 ** 14;
  const shared = (v: number, i: number): number =>
    i % classes > 0 ? part(v) : y.data.slice(i + 1, i + classes).reduce((left, w) => left - part(w), 1);
  return {
    layers,
    loss,
    reduction,
    params: shapes.map(fill),
    direction: [],
    x: fill([batch, widths[0] ?? 1]),
    y: {
      shape: y.shape,
      data: target === 'distribution' ? y.data.map(shared) : target === 'label' ? y.data.map(share) : y.data,
    },
  };
};
