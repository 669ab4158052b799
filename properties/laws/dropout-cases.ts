// What the chapter of dropout asks with: rates of every kind, uniforms around them, and layers in both forms.
import fc from 'fast-check';
import { cotangent, extent, filled, finite, magnitude, stretched, type Values, visiting } from '../arbitraries.ts';
import { among, ask, type Inquiry } from '../law.ts';
import type { Form } from '../oracle/dropout.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS, nextDown, nextUp } from '../tolerance.ts';

/** Dropout layers that have these calls. */
export const dropouts = (...calls: readonly string[]) => among(['dropout', 'classic_dropout'], 'layer', ...calls);
/** Those of a port that has other entries as well. */
export const dropoutsWith =
  (others: readonly string[], ...calls: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    dropouts(...calls)(port).filter(() => others.every((entry) => port.has(entry)));

/** The form that a layer has: as declared, or as its name says. */
export const formOf = ({ conventions }: PortInfo, layer: string): Form =>
  layer === 'classic_dropout' ? 'classic' : conventions.dropout;

/** Rates on both sides of ½, hardly ever ½ itself, round and not, and close to either end. */
export const anyRate = ({ dtype }: PortInfo): fc.Arbitrary<number> => {
  const { round, u } = FORMATS[dtype];
  const usual = fc
    .oneof(
      { withCrossShrink: true },
      fc.constantFrom(1 / 4, 3 / 4, 1 / 8, 15 / 16),
      fc.integer({ min: 1, max: 99 }).map((k) => round(k / 100)),
      fc.constantFrom(u, u / 4, 1 - 2 * u, round(1 / 3), round(2 / 3)),
    )
    .filter((p) => p !== 1 / 2);
  return fc.oneof(
    { withCrossShrink: true },
    { arbitrary: usual, weight: 11 },
    { arbitrary: fc.constant(1 / 2), weight: 1 },
  );
};

/** Rates whose keep probability is a power of two, so that rescaling is exact. */
export const exactRate = fc.constantFrom(3 / 4, 7 / 8, 15 / 16);

/** Uniforms in [0, 1): anywhere, at both ends, and next to the rate on both sides, where they decide. */
export const uniform = ({ dtype }: PortInfo, dropRate: number): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.integer({ min: 0, max: 1023 }).map((k) => k / 1024), weight: 3 },
    {
      arbitrary: fc
        .constantFrom(0, dropRate, nextDown(dropRate, dtype), nextUp(dropRate, dtype), 1 - 2 * FORMATS[dtype].u)
        .filter((v) => v >= 0 && v < 1),
      weight: 2,
    },
  );

/** A tensor under dropout, with a cotangent. */
export interface DropoutCase {
  readonly x: Values;
  readonly u: Values;
  readonly dy: Values;
  readonly dropRate: number;
}

/** Zeros among the numbers: whoever takes them for dropped ones is found. */
export const orZero = (value: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  fc.oneof({ withCrossShrink: true }, { arbitrary: fc.constant(0), weight: 1 }, { arbitrary: value, weight: 5 });

export const dropoutCase = (
  port: PortInfo,
  rate: fc.Arbitrary<number> = anyRate(port),
  value: fc.Arbitrary<number> = orZero(finite(port.dtype)),
  shapes: fc.Arbitrary<readonly number[]> = stretched(fc.array(extent(4), { minLength: 1, maxLength: 3 })),
): fc.Arbitrary<DropoutCase> =>
  fc.tuple(shapes, rate, magnitude()).chain(([shape, dropRate, pull]) =>
    fc.record({
      x: filled(shape, value),
      u: filled(shape, uniform(port, dropRate)),
      dy: filled(
        shape,
        cotangent(port.dtype).map((v) => v * pull),
      ),
      dropRate: fc.constant(dropRate),
    }),
  );

/** More numbers than a block of a thousand, in one axis and in two. */
const thousand = fc.constantFrom<readonly number[]>([1030], [3, 350]);
/** So many inputs come before a long one that it fails first only where short ones do not: it is nothing to read. */
const SHORT = 12;

/** The usual inputs, with the ends of the rate and a long one among them for certain. */
export const visitingLong = (
  port: PortInfo,
  usual: fc.Arbitrary<DropoutCase>,
  value: fc.Arbitrary<number>,
): fc.Arbitrary<DropoutCase> =>
  visiting(
    usual,
    ...[0, 1 / 2].map((rate) => dropoutCase(port, fc.constant(rate), value)),
    ...Array.from({ length: SHORT }, () => usual),
    fc.noShrink(dropoutCase(port, fc.constant(3 / 8), value, thousand)),
  );

/** Rows as a matrix. */
export const matrix = (rows: readonly (readonly number[])[]): Values => ({
  shape: [rows.length, rows[0]?.length ?? 0],
  data: rows.flat(),
});

export const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
export const dot = (a: readonly number[], b: readonly number[]): number => sum(a.map((v, i) => v * (b[i] ?? 0)));

/** Train mode by given uniforms. */
export function* train(layer: string, x: Values, u: Values, dropRate: number): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`layer.${layer}.train`, { x, u, dropRate })).tensor('y').data);
}
export function* trainVjp(layer: string, c: DropoutCase): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`layer.${layer}.train_vjp`, { ...c })).tensor('dx').data);
}
export function* evalOf(layer: string, x: Values, dropRate: number): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`layer.${layer}.eval`, { x, dropRate })).tensor('y').data);
}
/** x·w + b. */
export function* dense(x: Values, w: Values, b: Values): Inquiry<readonly number[]> {
  return Array.from((yield* ask('layer.dense.forward', { x, w, b })).tensor('y').data);
}
