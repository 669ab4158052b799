// What the laws of batch normalisation share: a step, and what the running statistics are after it.
import type fc from 'fast-check';
import type { Values } from '../arbitraries.ts';
import type { Plain } from '../contract.ts';
import type { Inquiry } from '../law.ts';
import { type Entry, given, statisticsOf, type Update, updated } from '../oracle/batchnorm.ts';
import type { PortInfo } from '../port.ts';
import {
  type BatchCase,
  batchCase,
  copying,
  forward,
  latticeCase,
  meanUpdate,
  normOf,
  varianceUpdate,
} from './normcases.ts';

export const NAME = 'batch_norm';
export const STATISTICS = ['mean', 'variance'] as const;

export const batches = (port: PortInfo): fc.Arbitrary<BatchCase> => batchCase(port, NAME);
export const lattices = (port: PortInfo): fc.Arbitrary<BatchCase> => latticeCase(port, NAME);

export interface Running {
  readonly mean: Plain;
  readonly variance: Plain;
}
export function* step(c: BatchCase): Inquiry<Running & { readonly y: Plain }> {
  const a = yield* forward(NAME, c);
  return { y: a.tensor('y'), mean: a.tensor('mean'), variance: a.tensor('variance') };
}

export const updates = (c: BatchCase, port: PortInfo): Readonly<Record<keyof Running, Update>> => ({
  mean: meanUpdate(c, port),
  variance: varianceUpdate(c, port),
});

/** Statistics of a batch, by name. */
export const batchStatistics = (c: BatchCase, port: PortInfo): Readonly<Record<keyof Running, readonly Entry[]>> => {
  const all = statisticsOf(normOf(c, port, NAME), port.dtype);
  return { mean: all.map((s) => s.mean), variance: all.map((s) => s.variance) };
};

/** Running statistics after a step, by name. */
export const after = (c: BatchCase, port: PortInfo): Readonly<Record<keyof Running, readonly Entry[]>> => {
  const fresh = batchStatistics(c, port);
  const by = updates(c, port);
  const each = (s: keyof Running): readonly Entry[] =>
    fresh[s].map((e, j) => updated(given(c[s].data[j] ?? 0), e, by[s], port.dtype));
  return { mean: each('mean'), variance: each('variance') };
};

export const zeros = (features: number): Values => ({ shape: [features], data: new Array<number>(features).fill(0) });
export const rowsOf = (c: BatchCase): number => c.x.data.length / c.gamma.data.length;

/** A batch whose running statistics become its own. */
export const copied = (c: BatchCase, port: PortInfo): BatchCase => ({
  ...c,
  mean: zeros(c.gamma.data.length),
  variance: zeros(c.gamma.data.length),
  momentum: copying(port),
});
