// Data on cases done by hand, the ends of what is taken, and what is refused, in one sentence each.
import { describe, expect, test } from 'vitest';
import {
  batches,
  bestFeatures,
  DomainError,
  FEATURE_SCORES,
  gunzip,
  keyOf,
  minMax,
  oneHot,
  parseCsv,
  parseIdx,
  rescale,
  ShapeError,
  splitData,
  standardiser,
  type TautogradError,
  Tensor,
  takeFeatures,
  takeRows,
} from '../index.ts';

const refused = (f: () => unknown, kind: new (message: string) => TautogradError, sentence: string): void => {
  expect(f).toThrow(kind);
  expect(f).toThrow(sentence);
};
const matrix = (...rows: readonly (readonly number[])[]): Tensor =>
  Tensor.from([rows.length, rows[0]?.length ?? 0], rows.flat());
const vector = (...v: readonly number[]): Tensor => Tensor.from([v.length], v);
const rowsOf = ({ shape: [n = 0, d = 0], view }: Tensor): readonly (readonly number[])[] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: d }, (_v, j) => view[i * d + j] as number));

describe('CSV', () => {
  test('empty lines are passed over, line ends of both kinds and blanks are taken', () => {
    const { x, y } = parseCsv('a,b,c\r\n\n 1 , 2,3\r\n  \n4,5,-6e1\n', { skip: 1 });
    expect([rowsOf(x), rowsOf(y)]).toEqual([
      [
        [1, 2],
        [4, 5],
      ],
      [[3], [-60]],
    ]);
  });
  test('the label from either end', () => {
    const read = (label: number) => {
      const { x, y } = parseCsv('1,2,3', { label });
      return [...x.toArray(), '|', ...y.toArray()].join(' ');
    };
    expect([0, 1, 2, -1, -2, -3].map(read)).toEqual(['2 3 | 1', '1 3 | 2', '1 2 | 3', '1 2 | 3', '1 3 | 2', '2 3 | 1']);
    for (const label of [3, -4, 0.5])
      refused(() => read(label), DomainError, `csv: the label must be one of 3 columns, got ${label}`);
  });
  test('cells and lines that are wrong, by the number of their line', () => {
    refused(() => parseCsv('h,h\n1,2\n3, ', { skip: 1 }), DomainError, 'csv: line 3 holds "", which is no number');
    refused(() => parseCsv('1,2\n3, x '), DomainError, 'csv: line 2 holds "x", which is no number');
    refused(() => parseCsv('h\n1,2\n3', { skip: 1 }), DomainError, 'csv: line 3 has 1 columns, the first has 2');
    refused(() => parseCsv('1\n2'), DomainError, 'csv: a line needs at least one feature and a label, got 1 columns');
    expect(parseCsv('1,2').x.shape).toEqual([1, 1]);
  });
});

describe('rows, classes and parts', () => {
  test('one hot', () => {
    expect(rowsOf(oneHot(vector(2, 0), 3))).toEqual([
      [0, 0, 1],
      [1, 0, 0],
    ]);
    for (const bad of [-1, 3, 0.5])
      refused(
        () => oneHot(vector(0, bad), 3),
        DomainError,
        `oneHot: labels must be integers from 0 to 2, got ${bad} at 1`,
      );
  });
  test('rows by place, of any rank', () => {
    expect(rowsOf(takeRows(matrix([1, 2], [3, 4], [5, 6]), [2, 0, 2]))).toEqual([
      [5, 6],
      [1, 2],
      [5, 6],
    ]);
    expect(takeRows(Tensor.from([2, 1, 2], [1, 2, 3, 4]), [1]).toArray()).toEqual([3, 4]);
    for (const bad of [-1, 3, 0.5])
      refused(
        () => takeRows(matrix([1], [2], [3]), [bad]),
        DomainError,
        `takeRows: rows must lie in 0 … 2, got ${bad}`,
      );
  });
  test('a split loses nothing, and its ends are all and none', () => {
    const x = matrix([0], [1], [2], [3], [4]);
    const split = (share: number) => splitData({ x, y: x }, share, keyOf(1)).map((d) => d.x.toArray());
    const [rest = [], part = []] = split(0.4);
    expect([rest.length, part.length, [...rest, ...part].sort()]).toEqual([3, 2, [0, 1, 2, 3, 4]]);
    expect([split(0)[1], split(1)[0]]).toEqual([[], []]);
    expect([...(split(1)[1] ?? [])]).toEqual([...rest, ...part]);
    expect(split(1)[1]).not.toEqual([0, 1, 2, 3, 4]);
    for (const share of [-0.1, 1.1, Number.NaN])
      refused(() => split(share), DomainError, `split: the share must lie in [0, 1], got ${share}`);
  });
});

describe('features', () => {
  const x = matrix([1, 7, -3], [3, 7, 1]);
  test('to mean 0 and variance 1, and to 0 … 1, a constant feature apart', () => {
    expect(standardiser(x)).toEqual({ shift: [2, 7, -1], scale: [1, 1, 2] });
    expect(minMax(x)).toEqual({ shift: [1, 7, -3], scale: [2, 1, 4] });
    expect(rowsOf(rescale(minMax(x), matrix([5, 8, 5])))).toEqual([[2, 1, 2]]);
    refused(() => rescale(minMax(x), matrix([1, 2])), ShapeError, 'rescale: the scaling has 3 features, got [1, 2]');
  });
  test('scores by hand', () => {
    expect(FEATURE_SCORES.variance(x)).toEqual([1, 0, 4]);
    // classes {1, 3} and {5, 9}: means 2 and 7 about 4.5, squares within 2 + 8; over 2 − 1 and 4 − 2
    const y = vector(0, 0, 1, 1);
    expect(FEATURE_SCORES.f(matrix([1, 4], [3, 4], [5, 4], [9, 4]), y)).toEqual([25 / (10 / 2), 0]);
    expect(FEATURE_SCORES.f(matrix([1], [1], [2], [2]), y)).toEqual([Number.POSITIVE_INFINITY]);
    // three classes of different size: {0}, {1, 3}, {8}: mean 3, between (9 + 2 + 25)/2, within 2/1
    expect(FEATURE_SCORES.f(matrix([0], [1], [3], [8]), vector(5, 6, 6, 7))).toEqual([9]);
  });
  test('the best in their own order, ties to the first', () => {
    expect(bestFeatures([1, 5, 3, 5, 3], 3)).toEqual([1, 2, 3]);
    expect(bestFeatures([1, 5], 2)).toEqual([0, 1]);
    expect(bestFeatures([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 3)).toEqual([9, 10, 11]);
    for (const count of [0, 3, 1.5])
      refused(() => bestFeatures([1, 5], count), DomainError, `features: between 1 and 2 can be kept, got ${count}`);
  });
  test('columns by place', () => {
    expect(rowsOf(takeFeatures(x, [2, 0]))).toEqual([
      [-3, 1],
      [1, 3],
    ]);
    for (const bad of [-1, 3, 0.5])
      refused(() => takeFeatures(x, [0, bad]), DomainError, `features: places must lie in 0 … 2, got ${bad}`);
  });
  test('data that are no matrix, or none', () => {
    for (const t of [vector(1), Tensor.from([0, 2], []), Tensor.from([1, 1, 1], [1])])
      for (const f of [standardiser, minMax, FEATURE_SCORES.variance])
        refused(() => f(t), ShapeError, `features: data must be [n, d] with n > 0, got [${t.shape.join(', ')}]`);
  });
});

describe('batches', () => {
  const x = matrix([0], [1], [2], [3], [4]);
  const sizes = (plan: Partial<Parameters<typeof batches>[1]>) =>
    [...batches({ x, y: x }, { size: 2, epochs: 2, key: keyOf(1), ...plan })].map((b) => b.x.toArray());
  test('a last one that is smaller is kept or dropped', () => {
    expect(sizes({}).map((b) => b.length)).toEqual([2, 2, 1, 2, 2, 1]);
    expect(sizes({ last: 'drop' }).map((b) => b.length)).toEqual([2, 2, 2, 2]);
    expect(sizes({ size: 5, epochs: 1 }).map((b) => b.length)).toEqual([5]);
    expect(sizes({ epochs: 0 })).toEqual([]);
  });
  test('a training that goes on has used up the first ones', () => {
    const all = sizes({});
    for (let from = 0; from <= 7; from++) expect(sizes({ from })).toEqual(all.slice(from));
    expect(sizes({ last: 'drop', from: 3 })).toEqual(sizes({ last: 'drop' }).slice(3));
  });
  test('epochs are in different orders', () => {
    const all = sizes({ size: 5 });
    expect(all[0]).not.toEqual(all[1]);
    expect(all[0]).not.toEqual([0, 1, 2, 3, 4]);
  });
  test('sizes and data that make no batch', () => {
    for (const size of [0, 1.5, Number.NaN])
      refused(() => sizes({ size }), DomainError, `batches: the size must be a positive integer, got ${size}`);
    refused(() => sizes({ size: 6, last: 'drop' }), DomainError, 'batches: 5 samples do not fill a batch of 6');
    const none = Tensor.from([0, 1], []);
    refused(
      () => [...batches({ x: none, y: none }, { size: 1, epochs: 1, key: keyOf(1) })],
      DomainError,
      'batches: data must have samples, got [0, 1]',
    );
  });
});

describe('IDX', () => {
  const bytes = (type: number, sizes: readonly number[], ...rest: readonly number[]): Uint8Array =>
    new Uint8Array([0, 0, type, sizes.length, ...sizes.flatMap((n) => [0, 0, 0, n]), ...rest]);
  test('every type, big-endian', () => {
    expect(parseIdx(bytes(8, [2], 1, 255)).toArray()).toEqual([1, 255]);
    expect(parseIdx(bytes(9, [2], 1, 255)).toArray()).toEqual([1, -1]);
    expect(parseIdx(bytes(11, [2], 1, 2, 255, 254)).toArray()).toEqual([258, -2]);
    expect(parseIdx(bytes(12, [2], 0, 1, 0, 2, 255, 255, 255, 254)).toArray()).toEqual([65538, -2]);
    expect(parseIdx(bytes(13, [2], 63, 192, 0, 0, 191, 128, 0, 0)).toArray()).toEqual([1.5, -1]);
    expect(parseIdx(bytes(14, [1], 63, 248, 0, 0, 0, 0, 0, 0)).toArray()).toEqual([1.5]);
  });
  test('shapes, a scalar and nothing included, from anywhere in a buffer', () => {
    expect(parseIdx(bytes(8, [2, 3], 1, 2, 3, 4, 5, 6)).shape).toEqual([2, 3]);
    expect(parseIdx(bytes(8, [], 7)).toArray()).toEqual([7]);
    expect(parseIdx(bytes(8, [0])).shape).toEqual([0]);
    const inside = new Uint8Array([9, 9, ...bytes(8, [1], 5), 9]).subarray(2, 11);
    expect(parseIdx(inside).toArray()).toEqual([5]);
  });
  test('gzip and back; what is cut short or damaged is refused', async () => {
    const plain = new Uint8Array([1, 2, 3, 3, 3, 3, 0, 255]);
    const packed = new Uint8Array(
      await new Response(new Blob([plain]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer(),
    );
    expect(await gunzip(packed)).toEqual(plain);
    const damaged = packed.map((v, i) => (i === packed.length - 6 ? v ^ 1 : v)); // in its checksum
    for (const bad of [packed.slice(0, -3), damaged, plain]) {
      const refusal = new DomainError(`gzip: the ${bad.length} bytes are no gzip file, or are cut short or damaged`);
      await expect(gunzip(bad)).rejects.toThrow(refusal);
    }
  });
  test('what is no IDX file', () => {
    for (const bad of [[], [0, 0, 8], [0, 1, 8, 0, 1], [1, 0, 8, 0, 1], [0, 0, 10, 0, 1]])
      refused(
        () => parseIdx(new Uint8Array(bad)),
        DomainError,
        `idx: the first four bytes must be 0, 0, a type and a rank, got ${bad.slice(0, 4).join(', ')}`,
      );
    refused(
      () => parseIdx(bytes(8, [1, 1]).slice(0, 11)),
      DomainError,
      'idx: a header of rank 2 takes 12 bytes, got 11',
    );
    refused(() => parseIdx(bytes(8, [])), DomainError, 'idx: [] takes 5 bytes, got 4');
    refused(() => parseIdx(bytes(11, [2], 1, 2, 3)), DomainError, 'idx: [2] takes 12 bytes, got 11');
    refused(() => parseIdx(bytes(11, [2], 1, 2, 3, 4, 5)), DomainError, 'idx: [2] takes 12 bytes, got 13');
  });
});
