// Tables read from bytes: text apart by commas, semicolons or tabs, and the images and labels of the IDX format.
import { DomainError, parseIdx, Tensor, takeRows } from '../../../src/index.ts';

/** Samples by place, and their labels as text. */
export interface Table {
  readonly features: number;
  readonly labels: readonly string[];
  /** The features of these samples [n, features]. */
  readonly take: (rows: readonly number[]) => Tensor;
}

const wrong = (what: string): DomainError => new DomainError(`file: ${what}`);

const SEPARATORS = [',', ';', '\t'] as const;

/** The one that the first line has most of. */
const separatorOf = (line: string): string =>
  SEPARATORS.reduce((a, b) => (line.split(b).length > line.split(a).length ? b : a));

/**
 * The cells of a text, line by line, and the number of each line; cells in quotes may hold anything, and two quotes are one.
 * @source RFC 4180
 * @throws DomainError for a quote that is never closed
 */
export const cellsOf = (path: string, text: string, separator: string): readonly { at: number; cells: string[] }[] => {
  const lines: { at: number; cells: string[] }[] = [];
  let [cells, cell, quoted, line, at] = [[] as string[], '', false, 1, 1];
  const endLine = (): void => {
    cells.push(cell.trim());
    if (cells.length > 1 || cells[0] !== '') lines.push({ at, cells });
    [cells, cell, at] = [[], '', line + 1];
  };
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string; // in range
    if (quoted && c === '"' && text[i + 1] === '"') {
      cell += c;
      i++;
    } else if (c === '"' && (quoted || cell.trim() === '')) quoted = !quoted;
    else if (c === '\n' && !quoted) {
      endLine();
      line++;
    } else if (c === separator && !quoted) {
      cells.push(cell.trim());
      cell = '';
    } else {
      if (c === '\n') line++;
      cell += c;
    }
  }
  if (quoted) throw wrong(`line ${at} of "${path}" opens a quote that is never closed`);
  endLine();
  return lines;
};

const isNumber = (text: string): boolean => text !== '' && Number.isFinite(Number(text));

const EDGES: Readonly<Record<string, number>> = { first: 0, last: -1 };

/** Features that are numbers and one label that may be text. @throws DomainError naming line and column of what does not fit */
export const csvTable = (path: string, text: string, label: string): Table => {
  const plain = text.replace(/^\uFEFF/, ''); // some programs mark UTF-8 by it
  const lines = cellsOf(path, plain, separatorOf(plain.slice(0, plain.indexOf('\n') + 1 || plain.length)));
  const [first] = lines;
  if (first === undefined) throw wrong(`"${path}" is empty`);
  const width = first.cells.length;
  if (width < 2) throw wrong(`line 1 of "${path}" must have a feature and a label at least, got one column`);
  const edge = EDGES[label] ?? (/^\d+$/.test(label) ? Number(label) - 1 : undefined);
  const place = edge === undefined ? first.cells.indexOf(label) : edge < 0 ? width + edge : edge;
  if (place < 0 || place >= width)
    throw wrong(
      `label must be first, last, a column from 1 to ${width}, or a name of the first line of "${path}" (${first.cells.join(', ')}), got "${label}"`,
    );
  const headed = edge === undefined || !first.cells.some((cell, j) => j !== place && isNumber(cell));
  const samples = headed ? lines.slice(1) : lines;
  const features = width - 1;
  const x = new Float64Array(samples.length * features);
  const labels = samples.map(({ at, cells }, i) => {
    if (cells.length !== width)
      throw wrong(`line ${at} of "${path}" has ${cells.length} columns, the first line has ${width}`);
    let to = i * features;
    cells.forEach((cell, j) => {
      if (j === place) return;
      if (!isNumber(cell))
        throw wrong(`line ${at} of "${path}" holds "${cell}" in column ${j + 1}, where a number is needed`);
      x[to++] = Number(cell);
    });
    const own = cells[place] as string; // every line has this width
    if (own === '') throw wrong(`line ${at} of "${path}" has no label in column ${place + 1}`);
    return own;
  });
  const all = Tensor.from([samples.length, features], [...x]);
  return { features, labels, take: (rows) => takeRows(all, rows) };
};

/** Bytes per number of IDX by the code of its type. */
const SIZES: Readonly<Record<number, number>> = { 8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8 };

/** Images of any rank, one sample along the first axis, made numbers only when they are taken; and labels of rank 1. */
export const idxTable = (path: string, images: Uint8Array, labelPath: string, labelBytes: Uint8Array): Table => {
  const read = (from: string, bytes: Uint8Array): Tensor => {
    try {
      return parseIdx(bytes);
    } catch (error) {
      if (error instanceof DomainError) throw wrong(`"${from}" is no IDX file: ${error.message}`);
      throw error;
    }
  };
  const labels = read(labelPath, labelBytes);
  if (labels.shape.length !== 1)
    throw wrong(`the labels of "${labelPath}" must have one axis, got ${labels.shape.length}`);
  const view = new DataView(images.buffer, images.byteOffset, images.byteLength);
  const rank = images[3] ?? 0;
  const head = 4 + 4 * rank;
  const size = SIZES[images[2] ?? 0];
  // what is wrong with a header or a length is said by the reader of all
  if (size === undefined || rank < 1 || images.length < head) read(path, images);
  const [n = 0, ...rest] = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const features = rest.reduce((a, b) => a * b, 1);
  const stride = features * (size ?? 1);
  if (images.length !== head + n * stride) read(path, images);
  if (labels.view.length !== n)
    throw wrong(`"${path}" has ${n} samples, and "${labelPath}" has ${labels.view.length} labels`);
  return {
    features,
    labels: Array.from(labels.view, String),
    take: (rows) => {
      const chosen = new Uint8Array(head + rows.length * stride);
      chosen.set(images.subarray(0, head));
      new DataView(chosen.buffer).setUint32(4, rows.length);
      rows.forEach((r, i) => {
        chosen.set(images.subarray(head + r * stride, head + (r + 1) * stride), head + i * stride);
      });
      return Tensor.from([rows.length, features], parseIdx(chosen).toArray());
    },
  };
};
