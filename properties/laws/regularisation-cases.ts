// What the chapter of regularisation asks with: strengths that are never at a default, and weights, layers and batches.
import fc from 'fast-check';
import { extent, filled, type Values } from '../arbitraries.ts';
import { type Answer, among, ask, type Inquiry } from '../law.ts';
import type { Strengths } from '../oracle/penalty.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';

/** Which numbers a penalty reads. */
const READS: Readonly<Record<string, readonly (keyof Strengths)[]>> = {
  l1: ['l1'],
  l2: ['l2'],
  elastic_net: ['l1', 'l2'],
};
export const penalties = (...calls: readonly string[]) => among(Object.keys(READS), 'regulariser', ...calls);
/** Penalties that bend at 0, or that do not. */
export const bending = (...calls: readonly string[]) => among(['l1', 'elastic_net'], 'regulariser', ...calls);
export const withOthers =
  (others: readonly string[], subjects: (port: PortInfo) => readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    subjects(port).filter(() => others.every((entry) => port.has(entry)));

/** Strengths by their names, no two alike. */
const strengthsOf = (name: string, value: fc.Arbitrary<number>): fc.Arbitrary<Strengths> =>
  fc
    .record(Object.fromEntries((READS[name] ?? []).map((key) => [key, value])))
    .filter(({ l1, l2 }) => l1 === undefined || l1 !== l2);

const scale = fc.oneof(
  { withCrossShrink: true },
  { arbitrary: fc.constant(1), weight: 5 },
  { arbitrary: fc.constant(2 ** -40), weight: 1 },
);

/** Dyadic strengths, with which small whole numbers stay exact. */
export const exactStrengths = (name: string): fc.Arbitrary<Strengths> =>
  strengthsOf(name, fc.constantFrom(1 / 8, 1 / 4, 3 / 8, 3 / 4, 5 / 4, 3));
/** The same, all of them now and then so small that they might be taken for none. */
export const anyExactStrengths = (name: string): fc.Arbitrary<Strengths> =>
  fc
    .tuple(exactStrengths(name), scale)
    .map(([h, by]) => Object.fromEntries(Object.entries(h).map(([key, v]) => [key, v * by])));
/** Strengths with full mantissas, now and then so small that they might be taken for none. */
export const anyStrengths = ({ dtype }: PortInfo, name: string): fc.Arbitrary<Strengths> =>
  strengthsOf(
    name,
    fc.tuple(fc.integer({ min: 1, max: 2000 }), scale).map(([k, by]) => FORMATS[dtype].round((k / 700) * by)),
  );
/** Every strength of a penalty at 0. */
export const off = (name: string): Strengths => Object.fromEntries((READS[name] ?? []).map((key) => [key, 0]));

/** Small whole numbers. */
export const whole = fc.integer({ min: -3, max: 3 });

/** One dense layer with its batch. Batches and units are powers of two, so that means of whole numbers are exact. */
export interface Fitted {
  readonly x: Values;
  readonly y: Values;
  readonly w: Values;
  readonly b: Values;
  readonly loss: string;
  readonly reduction: 'mean' | 'sum';
}

export const fitted = (value: fc.Arbitrary<number> = whole, loss = 'mse'): fc.Arbitrary<Fitted> =>
  fc.tuple(fc.constantFrom(1, 2, 4), extent(3), fc.constantFrom(1, 2)).chain(([batch, n, units]) =>
    fc.record({
      x: filled([batch, n], value),
      y: filled([batch, units], value),
      w: filled([n, units], value),
      b: filled([units], value),
      loss: fc.constant(loss),
      reduction: fc.constantFrom('mean' as const, 'sum' as const),
    }),
  );

export const twice = (t: Values): Values => ({
  shape: [2 * (t.shape[0] ?? 0), ...t.shape.slice(1)],
  data: [...t.data, ...t.data],
});

export interface Gradients {
  readonly loss: readonly number[];
  readonly dw: readonly number[];
  readonly db: readonly number[];
}
const numbers = (answer: Answer, name: string): readonly number[] => Array.from(answer.tensor(name).data);

export function* lossAndGrad(name: string, c: Fitted, h: Strengths): Inquiry<Gradients> {
  const answer = yield* ask(`regulariser.${name}.loss_and_grad`, { ...c, ...h });
  return { loss: numbers(answer, 'loss'), dw: numbers(answer, 'dw'), db: numbers(answer, 'db') };
}
export function* penaltyOn(name: string, w: Values, h: Strengths): Inquiry<readonly number[]> {
  return numbers(yield* ask(`regulariser.${name}.value`, { w, ...h }), 'value');
}
export function* gradientOf(name: string, w: Values, h: Strengths): Inquiry<readonly number[]> {
  return numbers(yield* ask(`regulariser.${name}.gradient`, { w, ...h }), 'dw');
}

/** w₁, b₁, w₂, b₂ … of a few dense layers. */
export const stack = (value: fc.Arbitrary<number> = whole): fc.Arbitrary<readonly Values[]> =>
  fc
    .array(extent(3), { minLength: 2, maxLength: 6 })
    .chain((widths) =>
      fc.tuple(...widths.slice(1).flatMap((out, i) => [filled([widths[i] ?? 1, out], value), filled([out], value)])),
    );

export const columnsOf = (w: Values): readonly (readonly number[])[] => {
  const units = w.shape[1] ?? 1;
  return Array.from({ length: units }, (_, j) => w.data.filter((_2, i) => i % units === j));
};
/** A matrix from its columns, row by row. */
export const fromColumns = <T>(columns: readonly (readonly T[])[]): readonly T[] =>
  (columns[0] ?? []).flatMap((_, i) => columns.flatMap((column) => column.slice(i, i + 1)));

export const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
