// Labelled samples, and how the chapter of the perceptron asks.
import type { Values } from '../arbitraries.ts';
import { ask, type Inquiry } from '../law.ts';
import { type Line, type Signed, scoreOf } from '../oracle/perceptron.ts';

export interface Task {
  readonly x: Values;
  readonly y: Values;
}
export interface Fit extends Line {
  readonly mistakes: number;
  /** Where the port tells. */
  readonly counts: readonly number[] | undefined;
  readonly converged: boolean | undefined;
}

export const rowsOf = ({ x }: Task): readonly (readonly number[])[] => {
  const [n = 0, d = 0] = x.shape;
  return Array.from({ length: n }, (_, i) => x.data.slice(i * d, (i + 1) * d));
};
export const task = (rows: readonly (readonly number[])[], labels: readonly number[]): Task => ({
  x: { shape: [rows.length, rows[0]?.length ?? 0], data: rows.flat() },
  y: { shape: [labels.length], data: labels },
});
export const signed = (t: Task): Signed => ({ rows: rowsOf(t), signs: t.y.data.map((y) => (y === 1 ? 1 : -1)) });

export function* fit(t: Task, lr: number, epochs: number): Inquiry<Fit> {
  const a = yield* ask('perceptron.perceptron.fit', { x: t.x, y: t.y, lr, epochs });
  return {
    w: Array.from(a.tensor('w').data),
    b: a.number('b'),
    mistakes: a.number('mistakes'),
    counts: a.has('counts') ? a.numbers('counts') : undefined,
    converged: a.has('converged') ? a.flag('converged') : undefined,
  };
}

/** A sample is right when its score is not on the wrong side; at 0 an engine may decide either way. */
export const errors = (t: Task, model: Line): number =>
  rowsOf(t).filter((row, i) => scoreOf(model, row) * (t.y.data[i] === 1 ? 1 : -1) < 0).length;

export const CORNERS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;
/** Truth tables of the Boolean functions of two inputs, bit i for corner i; 6 is XOR and 9 its negation. */
export const truth = (code: number): Task =>
  task(
    CORNERS,
    CORNERS.map((_, i) => (code >> i) & 1),
  );
export const ODD = [6, 9];
