// A problem made of a file of the user's: CSV or IDX, described whole by its name, so that a run needs nothing else.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import {
  ACTIVATIONS,
  type Data,
  DomainError,
  fold,
  type Key,
  lookup,
  mlp,
  oneHot,
  permutation,
  rescale,
  splitData,
  standardiser,
  Tensor,
  takeRows,
} from '../../../src/index.ts';
import type { Parts } from '../../data.ts';
import { ACCURACY, type NetworkProblem } from '../problem.ts';
import { recent } from '../recent.ts';
import { csvTable, idxTable, type Table } from './tables.ts';

/** What may follow the path, with its default. */
const OPTIONS = {
  /** `first`, `last`, a column counted from 1, or its name in the header line. */
  label: 'last',
  /** The IDX file of the labels. */
  labels: '',
  /** `classes` or `numbers`; text and few whole numbers are classes. */
  task: '',
  /** Units of the hidden layers, apart by commas. */
  hidden: '32',
  activation: 'relu',
  /** Samples per step, or `full`. */
  batch: '32',
  steps: '300',
  /** Drawn by key from those of the file, if it has more. */
  samples: '5000',
  /** Loss that counts as solved. */
  target: '',
  l2: '0',
};
type Options = Readonly<Record<keyof typeof OPTIONS, string>>;

/** Whole numbers of more values than these are numbers and no classes. */
const MOST_CLASSES = 20;
/** Share of the loss without knowledge that counts as solved. */
const SOLVED = 1 / 4;
const FILES_KEPT = 4;

const wrong = (what: string): DomainError => new DomainError(`file: ${what}`);

const optionsOf = (text: string): Options => {
  const given = Object.fromEntries(new URLSearchParams(text));
  for (const name of Object.keys(given)) lookup(OPTIONS, 'option of a file', name);
  return { ...OPTIONS, ...given };
};

const count = (name: string, text: string): number => {
  const n = Number(text);
  if (text === '' || !Number.isInteger(n) || n < 1) throw wrong(`${name} must be a positive integer, got "${text}"`);
  return n;
};

const bytesOf = (path: string): Uint8Array => {
  try {
    const bytes = readFileSync(path);
    return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException; // all that the two throw
    const why = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'it is a directory' : message;
    throw wrong(`"${path}" cannot be read: ${why}`);
  }
};

/** Two bytes of zero begin an IDX file, and no text. */
const isIdx = (bytes: Uint8Array): boolean => bytes[0] === 0 && bytes[1] === 0;

const tableOf = (path: string, { label, labels }: Options): Table => {
  const bytes = bytesOf(path);
  if (!isIdx(bytes)) return csvTable(path, new TextDecoder().decode(bytes), label);
  if (labels === '') throw wrong(`"${path}" is an IDX file, which needs labels=<path> of another, got none`);
  return idxTable(path, bytes, labels, bytesOf(labels));
};

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The classes of a label in order, or null where it is a number. */
const classesOf = ({ labels }: Table, task: string): readonly string[] | null => {
  const distinct = [...new Set(labels)];
  const numbers = distinct.map(Number);
  const numeric = distinct.every((text, i) => text !== '' && Number.isFinite(numbers[i]));
  const few = numeric && numbers.every(Number.isInteger) && distinct.length <= MOST_CLASSES;
  lookup({ '': true, classes: true, numbers: true }, 'task', task);
  if (task === 'numbers' && !numeric) {
    const bad = distinct.find((text) => text === '' || !Number.isFinite(Number(text)));
    throw wrong(`labels must be numbers for task=numbers, got "${bad}"`);
  }
  if (task === 'numbers' || (task === '' && numeric && !few)) return null;
  if (distinct.length < 2) throw wrong(`labels must be of two classes at least, got only "${distinct[0]}"`);
  return distinct.toSorted(numeric ? (a, b) => Number(a) - Number(b) : byText);
};

const targetsOf = ({ labels }: Table, classes: readonly string[] | null): Tensor => {
  const place = new Map(classes?.map((name, i) => [name, i]));
  const values = labels.map((text) => (classes === null ? Number(text) : (place.get(text) ?? Number.NaN)));
  return Tensor.from([values.length, 1], values);
};

/** A fifth held out by key; features, and targets that are numbers, are standardised on the other four fifths only. */
const partsOf = (table: Table, y: Tensor, classes: readonly string[] | null, most: number, key: Key): Parts => {
  const order = permutation(fold(key, 0), y.shape[0] ?? 0).slice(0, most);
  const [train, test] = splitData({ x: table.take(order), y: takeRows(y, order) }, 1 / 5, fold(key, 1));
  const features = standardiser(train.x);
  const numbers = standardiser(train.y);
  const targets = (labels: Tensor): Tensor => {
    if (classes === null) return rescale(numbers, labels);
    return classes.length === 2 ? labels : oneHot(labels, classes.length);
  };
  const made = ({ x, y: labels }: Data): Data => ({ x: rescale(features, x), y: targets(labels) });
  return { train: made(train), test: made(test) };
};

const problemOf = (path: string, given: Options): NetworkProblem => {
  const { task, hidden, activation, batch, steps, samples, target, l2 } = given;
  const units = hidden === '' ? [] : hidden.split(',').map((text) => count('hidden', text));
  lookup(Object.fromEntries(ACTIVATIONS.map((name) => [name, name])), 'activation', activation);
  const most = count('samples', samples);
  const own = Number(target);
  if (Number.isNaN(own)) throw wrong(`target must be a number, got "${target}"`);
  const ridge = Number(l2);
  if (!(ridge >= 0)) throw wrong(`l2 must be a number from 0 on, got "${l2}"`);
  const table = tableOf(path, given);
  const n = table.labels.length;
  if (n < 5) throw wrong(`"${path}" must have five samples at least, got ${n}`);
  const classes = classesOf(table, task);
  const y = targetsOf(table, classes);
  const outputs = classes === null || classes.length === 2 ? 1 : classes.length;
  const what = classes === null ? 'a number' : `one of ${classes.length} classes`;
  const unknowing = classes === null ? 1 : Math.log(classes.length);
  return {
    kind: 'network',
    doc: `${what} from ${table.features} features of ${n} samples, learnt by a ${[table.features, ...units, outputs].join('-')} network with ${activation}`,
    source: path,
    tags: ['file', 'mini-batch', classes === null ? 'regression' : 'classification'],
    data: (key) => partsOf(table, y, classes, most, key),
    layers: (init) => mlp([...units, outputs], activation, init),
    loss: classes === null ? 'mse' : outputs === 1 ? 'bceWithLogits' : 'softmaxCrossEntropy',
    batch: batch === 'full' ? 'full' : count('batch', batch),
    ...(ridge === 0 ? {} : { l2: ridge }),
    steps: count('steps', steps),
    target: target === '' ? SOLVED * unknowing : own,
    unit: classes === null ? 'squared error over the variance' : 'nats per sample',
    ...(classes === null ? {} : { score: ACCURACY }),
  };
};

/**
 * `path?label=species&hidden=16,8&activation=tanh&steps=500`: see {@link OPTIONS}. A CSV file has one sample a line, with or
 * without a header line, and apart by commas, semicolons or tabs; an IDX file needs `labels=path`. Both may be gzipped.
 * @throws UnknownNameError, DomainError for a file that cannot be read or holds what it must not
 */
export const fileProblem = (description: string): NetworkProblem =>
  recent('file', FILES_KEPT, description, () => {
    const mark = description.lastIndexOf('?');
    const [path, options] = mark < 0 ? [description, ''] : [description.slice(0, mark), description.slice(mark + 1)];
    return problemOf(path, optionsOf(options));
  });
