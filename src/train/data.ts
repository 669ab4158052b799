// Data: CSV text to tensors, rows by index, a split by key, standardisation, and mini-batches by key.
import { DomainError } from '../core/errors.ts';
import { fold, type Key, permutation } from '../core/key.ts';
import { size } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';

/** Samples along the first axis of both. */
export interface Data {
  readonly x: Tensor;
  readonly y: Tensor;
}

/**
 * Numbers from comma-separated lines, one sample each, the last column being the label.
 * @throws DomainError naming the line that is ragged or holds something that is no number
 */
export const parseCsv = (text: string, skip = 0): Data => {
  const lines = text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .slice(skip);
  const cells = lines.map((line, i) =>
    line.split(',').map((cell) => {
      const value = cell.trim() === '' ? Number.NaN : Number(cell);
      if (Number.isNaN(value))
        throw new DomainError(`csv: line ${i + skip + 1} holds "${cell.trim()}", which is no number`);
      return value;
    }),
  );
  const width = cells[0]?.length ?? 0;
  if (width < 2) throw new DomainError(`csv: a line needs at least one feature and a label, got ${width} columns`);
  const ragged = cells.findIndex((row) => row.length !== width);
  if (ragged >= 0)
    throw new DomainError(
      `csv: line ${ragged + skip + 1} has ${cells[ragged]?.length} columns, the first has ${width}`,
    );
  return {
    x: Tensor.from(
      [cells.length, width - 1],
      cells.flatMap((row) => row.slice(0, -1)),
    ),
    y: Tensor.from(
      [cells.length, 1],
      cells.flatMap((row) => row.slice(-1)),
    ),
  };
};

/** The rows of a tensor in the given order. @throws DomainError for an index out of range */
export const takeRows = (t: Tensor, rows: readonly number[]): Tensor => {
  const [n = 0, ...rest] = t.shape;
  const width = size(rest);
  const bad = rows.find((r) => !(Number.isInteger(r) && r >= 0 && r < n));
  if (bad !== undefined) throw new DomainError(`takeRows: rows must lie in 0 … ${n - 1}, got ${bad}`);
  return Tensor.build([rows.length, ...rest], (out) => {
    rows.forEach((r, i) => {
      for (let j = 0; j < width; j++) out[i * width + j] = t.view[r * width + j] as number;
    });
  });
};

export const takeData = ({ x, y }: Data, rows: readonly number[]): Data => ({
  x: takeRows(x, rows),
  y: takeRows(y, rows),
});

/** Two disjoint parts in random order, the second holding `share` of the samples. @throws DomainError unless 0 ≤ share ≤ 1 */
export const splitData = (data: Data, share: number, key: Key): readonly [rest: Data, part: Data] => {
  if (!(share >= 0 && share <= 1)) throw new DomainError(`split: the share must lie in [0, 1], got ${share}`);
  const order = permutation(key, data.x.shape[0] ?? 0);
  const cut = order.length - Math.round(order.length * share);
  return [takeData(data, order.slice(0, cut)), takeData(data, order.slice(cut))];
};

/** Features with mean 0 and variance 1 on `reference`; a constant feature is only centred. */
export const standardiser = (reference: Tensor): ((x: Tensor) => Tensor) => {
  const [n = 0, d = 0] = reference.shape;
  const column = (j: number) => Array.from({ length: n }, (_, i) => reference.view[i * d + j] as number);
  const mean = Array.from({ length: d }, (_, j) => column(j).reduce((a, b) => a + b, 0) / n);
  const spread = mean.map((m, j) => Math.sqrt(column(j).reduce((a, v) => a + (v - m) ** 2, 0) / n) || 1);
  return (x) =>
    Tensor.build(x.shape, (out) => {
      for (let i = 0; i < out.length; i++)
        out[i] = ((x.view[i] as number) - (mean[i % d] as number)) / (spread[i % d] as number);
    });
};

export interface BatchPlan {
  readonly size: number;
  readonly epochs: number;
  readonly key: Key;
}

/**
 * Every sample exactly once per epoch, in an order that depends only on key and epoch; the last batch may be smaller.
 * @throws DomainError unless the batch size is a positive integer
 */
export function* batches(data: Data, { size: batch, epochs, key }: BatchPlan): Generator<Data> {
  if (!Number.isInteger(batch) || batch < 1)
    throw new DomainError(`batches: the size must be a positive integer, got ${batch}`);
  const n = data.x.shape[0] ?? 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(fold(key, epoch), n);
    for (let i = 0; i < n; i += batch) yield takeData(data, order.slice(i, i + batch));
  }
}
