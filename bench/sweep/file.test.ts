// Problems made of files: every form of CSV and IDX, what is learnt from them, and one clear sentence for each that is wrong.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DomainError, keyOf, normal, TautogradError, type Tensor } from '../../src/index.ts';
import { definitionOf } from './definition.ts';
import type { NetworkProblem } from './problem.ts';
import { problemRow } from './problems/index.ts';
import { cellsOf } from './problems/tables.ts';
import { runConfig } from './run.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tautograd-file-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const put = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const row = (path: string, options = ''): NetworkProblem => problemRow(`file:${path}${options}`) as NetworkProblem; // made of a file

/** Two clouds, and a label in words. */
const lines = (n: number, label: (i: number) => string, sep = ','): string[] => {
  const z = normal(keyOf(7), [n, 2]).view;
  return Array.from({ length: n }, (_, i) => {
    const side = i % 3 === 0 ? 2 : -2;
    return [(z[2 * i] ?? 0) + side, 100 + 10 * (z[2 * i + 1] ?? 0), label(i)].join(sep);
  });
};
const words = (i: number): string => (i % 3 === 0 ? 'oak' : 'birch');

const idx = (type: number, shape: readonly number[], data: readonly number[]): Uint8Array => {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0, 0, type, shape.length]);
  for (const [i, n] of shape.entries()) view.setUint32(4 + 4 * i, n);
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
};

const means = ({ shape: [n = 0, d = 0], view }: Tensor): number[] =>
  Array.from(
    { length: d },
    (_, j) => Array.from({ length: n }, (_, i) => view[i * d + j] ?? 0).reduce((a, b) => a + b, 0) / n,
  );

describe('CSV', () => {
  test('features and a label in words: two classes, standardised on the training part only', async () => {
    const path = put('trees.csv', `width,height,kind\n${lines(60, words).join('\n')}\n`);
    const problem = row(path, '?hidden=8,4&activation=tanh&batch=16&steps=50');
    expect(problem).toMatchObject({ loss: 'bceWithLogits', batch: 16, steps: 50, target: Math.log(2) / 4 });
    expect(problem.doc).toContain(
      'one of 2 classes from 2 features of 60 samples, learnt by a 2-8-4-1 network with tanh',
    );
    const { train, test: held } = await problem.data(keyOf(1));
    expect([train.x.shape, held.x.shape]).toEqual([
      [48, 2],
      [12, 2],
    ]);
    for (const mean of means(train.x)) expect(mean).toBeCloseTo(0, 12);
    for (const mean of means(held.x)) expect(mean).not.toBeCloseTo(0, 3);
    expect([...train.y.toArray(), ...held.y.toArray()].filter((v) => v === 1).length).toBe(20); // birch before oak
    expect((await problem.data(keyOf(1))).train.x.toArray()).toEqual(train.x.toArray());
    expect((await problem.data(keyOf(2))).train.x.toArray()).not.toEqual(train.x.toArray());
  });

  test('the label by name, by place, first and last; semicolons, tabs, quotes, a mark of UTF-8, gzip', async () => {
    const reference = await row(put('a.csv', lines(20, words).join('\n'))).data(keyOf(1));
    const same = async (problem: NetworkProblem) =>
      expect((await problem.data(keyOf(1))).train.x.toArray()).toEqual(reference.train.x.toArray());
    await same(row(put('b.csv', `\uFEFF"a ""b"", c";d;e\r\n${lines(20, words, ';').join('\r\n')}\r\n`), '?label=e'));
    await same(row(put('c.tsv', lines(20, words, '\t').join('\n')), '?label=3'));
    await same(row(put('d.csv.gz', gzipSync(lines(20, (i) => `"${words(i)}"`).join('\n')))));
    const turned = lines(20, words).map((line) => line.split(',').toReversed().join(','));
    const first = await row(put('e.csv', turned.join('\n')), '?label=first').data(keyOf(1));
    expect(first.train.y.toArray()).toEqual(reference.train.y.toArray());
  });

  test('few whole numbers are classes, others are numbers and standardised', async () => {
    const three = row(put('three.csv', lines(30, (i) => String(5 * (i % 3))).join('\n')));
    expect(three).toMatchObject({ loss: 'softmaxCrossEntropy' });
    expect((await three.data(keyOf(1))).train.y.shape).toEqual([24, 3]);
    const path = put('numbers.csv', lines(30, (i) => String(i + 0.5)).join('\n'));
    const numbers = row(path);
    expect(numbers).toMatchObject({ loss: 'mse', target: 1 / 4 });
    expect(means((await numbers.data(keyOf(1))).train.y)[0]).toBeCloseTo(0, 12);
    expect(row(path, '?task=classes')).toMatchObject({ loss: 'softmaxCrossEntropy' });
    expect(row(put('whole.csv', lines(30, (i) => String(i % 3)).join('\n')), '?task=numbers')).toMatchObject({
      loss: 'mse',
    });
  });

  test('at most so many samples are drawn', async () => {
    const { train, test: held } = await row(put('many.csv', lines(100, words).join('\n')), '?samples=40').data(
      keyOf(1),
    );
    expect([train.x.shape[0], held.x.shape[0]]).toEqual([32, 8]);
  });

  test('a run learns, and another content is another definition', async () => {
    const options = '?hidden=8&batch=full&steps=40';
    const [a, b] = [put('learn.csv', lines(60, words).join('\n')), put('other.csv', lines(61, words).join('\n'))];
    const record = await runConfig({
      schema: 1,
      problem: `file:${a}${options}`,
      definition: '',
      optimizer: { name: 'adam' },
      initializer: 'heNormal',
      lr: 0.05,
      variant: {},
      steps: 40,
      seed: 1,
    });
    expect(record.status).toBe('ok');
    expect(record.finalLoss).toBeLessThan(0.1);
    expect(record.score).toBeGreaterThan(0.9);
    expect(await definitionOf(`file:${a}${options}`)).not.toBe(await definitionOf(`file:${b}${options}`));
  });

  test('cells may hold separators, quotes and line ends', () => {
    expect(cellsOf('x', 'a,"b,\n""c"""\n\n d , "e"\n', ',')).toEqual([
      { at: 1, cells: ['a', 'b,\n"c"'] },
      { at: 4, cells: ['d', 'e'] },
    ]);
  });
});

describe('IDX', () => {
  const images = (n: number) =>
    idx(
      8,
      [n, 2, 3],
      Array.from({ length: 6 * n }, (_, i) => (i * 37) % 256),
    );
  const labels = (n: number) =>
    idx(
      8,
      [n],
      Array.from({ length: n }, (_, i) => i % 4),
    );

  test('images and labels, gzipped or not', async () => {
    const [x, y] = [put('x.idx', images(20)), put('y.idx.gz', gzipSync(labels(20)))];
    const problem = row(x, `?labels=${y}&hidden=5`);
    expect(problem.doc).toContain('one of 4 classes from 6 features of 20 samples, learnt by a 6-5-4 network');
    const { train, test: held } = await problem.data(keyOf(1));
    expect([train.x.shape, train.y.shape, held.x.shape]).toEqual([
      [16, 6],
      [16, 4],
      [4, 6],
    ]);
    for (const mean of means(train.x)) expect(mean).toBeCloseTo(0, 12);
  });

  test.each([
    [
      'no labels',
      () => row(put('x1.idx', images(8))),
      'is an IDX file, which needs labels=<path> of another, got none',
    ],
    [
      'another number of labels',
      () => row(put('x2.idx', images(8)), `?labels=${put('y2.idx', labels(9))}`),
      'has 8 samples, and',
    ],
    [
      'images cut short',
      () => row(put('x3.idx', images(8).slice(0, -1)), `?labels=${put('y3.idx', labels(8))}`),
      'is no IDX file: idx: [8, 2, 3] takes 64 bytes, got 63',
    ],
    [
      'a wrong magic number',
      () => row(put('x4.idx', idx(7, [8], [])), `?labels=${put('y4.idx', labels(8))}`),
      'is no IDX file: idx: the first four bytes must be',
    ],
    [
      'labels that are text',
      () => row(put('x5.idx', images(8)), `?labels=${put('y5.idx', 'a,b')}`),
      'is no IDX file: idx: the first four bytes',
    ],
    [
      'labels of two axes',
      () => row(put('x6.idx', images(8)), `?labels=${put('y6.idx', images(8))}`),
      'must have one axis, got 3',
    ],
  ])('%s', (_, make, says) => {
    expect(make).toThrow(DomainError);
    expect(make).toThrow(says);
  });
});

describe('what is wrong with a file is said in one sentence', () => {
  const good = lines(20, words).join('\n');
  test.each([
    ['no file', () => row(join('nowhere', 'x.csv')), 'cannot be read: there is no such file'],
    ['a directory', () => row(folder), 'cannot be read: it is a directory'],
    ['a broken gzip', () => row(put('bad.gz', new Uint8Array([0x1f, 0x8b, 1, 2, 3]))), 'cannot be read: '],
    ['nothing', () => row(put('empty.csv', '\n\n')), 'is empty'],
    ['one column', () => row(put('narrow.csv', '1\n2\n')), 'must have a feature and a label at least, got one column'],
    ['a ragged line', () => row(put('ragged.csv', `${good}\n\n1,2\n`)), 'line 22 of'],
    ['a word among numbers', () => row(put('word.csv', `${good}\n1,two,oak\n`)), 'line 21 of'],
    [
      'a missing number',
      () => row(put('hole.csv', `${good}\n1,,oak\n`)),
      'holds "" in column 2, where a number is needed',
    ],
    ['a missing label', () => row(put('nolabel.csv', `${good}\n1,2,\n`)), 'has no label in column 3'],
    ['an open quote', () => row(put('quote.csv', `${good}\n1,2,"oak\n`)), 'line 21 of'],
    ['few samples', () => row(put('few.csv', '1,2,a\n1,2,b\n')), 'must have five samples at least, got 2'],
    [
      'one class',
      () => row(put('one.csv', lines(9, () => 'oak').join('\n'))),
      'must be of two classes at least, got only "oak"',
    ],
    [
      'words as numbers',
      () => row(put('words.csv', good), '?task=numbers'),
      'labels must be numbers for task=numbers, got "oak"',
    ],
    [
      'an unknown label',
      () => row(put('l.csv', `a,b,c\n${good}`), '?label=d'),
      'label must be first, last, a column from 1 to 3, or a name of the first line',
    ],
    ['a column too many', () => row(put('m.csv', good), '?label=4'), 'label must be first, last, a column from 1 to 3'],
    ['an unknown option', () => row(put('n.csv', good), '?hiden=3'), 'option of a file: no row is called "hiden"'],
    ['units of none', () => row(put('o.csv', good), '?hidden=8,0'), 'hidden must be a positive integer, got "0"'],
    ['an unknown activation', () => row(put('p.csv', good), '?activation=rellu'), 'did you mean "relu"?'],
    ['an unknown task', () => row(put('q.csv', good), '?task=guess'), 'task: no row is called "guess"'],
    ['a batch of none', () => row(put('r.csv', good), '?batch=none'), 'batch must be a positive integer, got "none"'],
    ['a target in words', () => row(put('s.csv', good), '?target=low'), 'target must be a number, got "low"'],
    ['a negative ridge', () => row(put('t.csv', good), '?l2=-1'), 'l2 must be a number from 0 on, got "-1"'],
  ])('%s', (_, make, says) => {
    expect(make).toThrow(TautogradError);
    expect(make).toThrow(says);
    try {
      make();
    } catch (error) {
      expect((error as Error).message).not.toContain('\n');
    }
  });
});
