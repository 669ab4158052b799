// Data: CSV text to tensors, rows and features by place, a split by key, scalings, and mini-batches by key.
import { DomainError, ShapeError } from '../core/errors.ts';
import { fold, type Key, permutation } from '../core/key.ts';
import { show, size } from '../core/shape.ts';
import { Tensor } from '../core/tensor.ts';

/** Samples along the first axis of both. */
export interface Data {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** How a CSV text is to be read. */
export interface CsvOptions {
  /** Lines before the first sample. */
  readonly skip?: number;
  /** Place of the label; negative places count from the end. The last column unless named. */
  readonly label?: number;
}

/**
 * Numbers from comma-separated lines, one sample each, one column being the label.
 * @throws DomainError naming the line that is ragged or holds something that is no number
 */
export const parseCsv = (text: string, { skip = 0, label = -1 }: CsvOptions = {}): Data => {
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
  const place = label < 0 ? label + width : label;
  if (!Number.isInteger(place) || place < 0 || place >= width)
    throw new DomainError(`csv: the label must be one of ${width} columns, got ${label}`);
  return {
    x: Tensor.from(
      [cells.length, width - 1],
      cells.flatMap((row) => row.filter((_, j) => j !== place)),
    ),
    y: Tensor.from(
      [cells.length, 1],
      cells.map((row) => row[place] as number), // every row has this width
    ),
  };
};

/** Rows with a 1 in the place of the class, from labels 0 … classes − 1. @throws DomainError for any other label */
export const oneHot = (labels: Tensor, classes: number): Tensor => {
  const all = labels.toArray();
  const bad = all.findIndex((v) => !(Number.isInteger(v) && v >= 0 && v < classes));
  if (bad >= 0)
    throw new DomainError(`oneHot: labels must be integers from 0 to ${classes - 1}, got ${all[bad]} at ${bad}`);
  return Tensor.build([all.length, classes], (out) => {
    all.forEach((v, i) => {
      out[i * classes + v] = 1;
    });
  });
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

/** A map of each feature that was fitted to data and is data itself: x ↦ (x − shift) / scale. */
export interface Scaling {
  readonly shift: readonly number[];
  readonly scale: readonly number[];
}

const column = ({ shape: [n = 0, d = 0], view }: Tensor, j: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => view[i * d + j] as number); // in range: j < d
const columns = (x: Tensor): readonly (readonly number[])[] => {
  const [n = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || n === 0)
    throw new ShapeError(`features: data must be [n, d] with n > 0, got ${show(x.shape)}`);
  return Array.from({ length: d }, (_, j) => column(x, j));
};

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const m = mean(values);
  return mean(values.map((v) => (v - m) ** 2));
};

/** Mean 0 and variance 1 on `reference`; a constant feature is only centred. @throws ShapeError */
export const standardiser = (reference: Tensor): Scaling => ({
  shift: columns(reference).map(mean),
  scale: columns(reference).map((c) => Math.sqrt(variance(c)) || 1),
});

/** From 0 to 1 on `reference`; a constant feature becomes 0. @throws ShapeError */
export const minMax = (reference: Tensor): Scaling => {
  const lows = columns(reference).map((c) => c.reduce((a, b) => Math.min(a, b)));
  return {
    shift: lows,
    scale: columns(reference).map((c, j) => c.reduce((a, b) => Math.max(a, b)) - (lows[j] as number) || 1), // one each
  };
};

/** Applies a scaling. @throws ShapeError when the number of features differs */
export const rescale = ({ shift, scale }: Scaling, x: Tensor): Tensor => {
  const d = shift.length;
  if (x.shape.at(-1) !== d) throw new ShapeError(`rescale: the scaling has ${d} features, got ${show(x.shape)}`);
  return Tensor.build(x.shape, (out) => {
    for (let i = 0; i < out.length; i++)
      out[i] = ((x.view[i] as number) - (shift[i % d] as number)) / (scale[i % d] as number);
  });
};

/** Scores of features, by which the better ones are kept. */
export const FEATURE_SCORES = {
  /** Spread alone; a constant feature scores 0. */
  variance: (x: Tensor): readonly number[] => columns(x).map(variance),
  /**
   * Variance between the classes over variance within: the F value of a one-way analysis of variance, ∞ where classes
   * are apart without spread, 0 for a constant feature.
   * @source Fisher 1925, §40
   */
  f: (x: Tensor, y: Tensor): readonly number[] => {
    const labels = y.toArray();
    const classes = [...new Set(labels)];
    return columns(x).map((c) => {
      const groups = classes.map((k) => c.filter((_, i) => labels[i] === k));
      const all = mean(c);
      const between = groups.reduce((s, g) => s + g.length * (mean(g) - all) ** 2, 0) / (classes.length - 1);
      const within = groups.reduce((s, g) => s + g.length * variance(g), 0) / (c.length - classes.length);
      return between === 0 ? 0 : between / within;
    });
  },
} as const;

/** Places of the `count` features with the best scores, in their own order; ties go to the first. @throws DomainError */
export const bestFeatures = (scores: readonly number[], count: number): readonly number[] => {
  if (!Number.isInteger(count) || count < 1 || count > scores.length)
    throw new DomainError(`features: between 1 and ${scores.length} can be kept, got ${count}`);
  return scores
    .map((_, i) => i)
    .sort((a, b) => (scores[b] as number) - (scores[a] as number)) // equal ones stay as they are
    .slice(0, count)
    .sort((a, b) => a - b);
};

/** Columns of a matrix by place. @throws DomainError for a place out of range */
export const takeFeatures = (x: Tensor, places: readonly number[]): Tensor => {
  const all = columns(x);
  const bad = places.find((j) => all[j] === undefined);
  if (bad !== undefined) throw new DomainError(`features: places must lie in 0 … ${all.length - 1}, got ${bad}`);
  const k = places.length;
  return Tensor.build([x.shape[0] ?? 0, k], (out) => {
    places.forEach((j, to) => {
      (all[j] ?? []).forEach((v, i) => {
        out[i * k + to] = v;
      });
    });
  });
};

export interface BatchPlan {
  readonly size: number;
  readonly epochs: number;
  readonly key: Key;
  /** What becomes of a last batch that is smaller: kept unless named; batch normalisation cannot learn from one of 1. */
  readonly last?: 'keep' | 'drop';
  /** Batches already used up, for a training that goes on. */
  readonly from?: number;
}

/**
 * Every sample once per epoch, in an order that depends only on key and epoch.
 * @throws DomainError unless the size is a positive integer, and for data without samples
 */
export function* batches(
  data: Data,
  { size: batch, epochs, key, last = 'keep', from = 0 }: BatchPlan,
): Generator<Data> {
  if (!Number.isInteger(batch) || batch < 1)
    throw new DomainError(`batches: the size must be a positive integer, got ${batch}`);
  const n = data.x.shape[0] ?? 0;
  if (n === 0) throw new DomainError(`batches: data must have samples, got ${show(data.x.shape)}`);
  const each = last === 'keep' ? Math.ceil(n / batch) : Math.floor(n / batch);
  if (each === 0) throw new DomainError(`batches: ${n} samples do not fill a batch of ${batch}`);
  for (let epoch = Math.floor(from / each); epoch < epochs; epoch++) {
    const order = permutation(fold(key, epoch), n);
    for (let i = Math.max(0, from - epoch * each); i < each; i++)
      yield takeData(data, order.slice(i * batch, (i + 1) * batch));
  }
}
