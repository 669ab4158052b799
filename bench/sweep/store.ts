// Records on disk: JSON Lines that are only ever appended to, read line by line, and merged as sets.
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fromJson, TautogradError } from '../../src/index.ts';
import { canonical, idOf } from './config.ts';
import { digestOfRecord, lineOf, type RunRecord, withoutTiming } from './record.ts';

/** A file that cannot be read or written, or that holds what it should not; in one sentence. */
export class StoreFault extends TautogradError {
  override readonly name: string = 'StoreFault';
}

/** One run with two results: something of it is not decided by its configuration. */
export class Conflict extends StoreFault {
  override readonly name = 'Conflict';
}

const CHUNK = 2 ** 20;
/** Files that are open at once: a process may have a thousand or so. */
const MOST_OPEN = 200;
const FEED = 10;

/** What an error of the file system says, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'there is no room left on the device',
  EDQUOT: 'the quota of the disk is used up',
  ENOENT: 'there is no such file',
  EACCES: 'permission is denied',
  EISDIR: 'it is a directory',
  EROFS: 'the file system is read-only',
  EFBIG: 'the file would be too large',
};

const fault = (verb: string, path: string, error: unknown, more = ''): StoreFault => {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new StoreFault(`sweep: ${path} cannot be ${verb}: ${REASONS[code] ?? message}${more}`, { cause: error });
};

/** A line of a file with where it begins, in bytes; `torn` when no line feed ends it. */
interface Line {
  readonly text: string;
  readonly at: number;
  readonly torn: boolean;
}

/** The lines of a file, however large. @throws StoreFault when it cannot be read */
export function* linesOf(path: string): Generator<Line> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw fault('read', path, error);
  }
  try {
    const chunk = Buffer.alloc(CHUNK);
    let rest: Buffer<ArrayBufferLike> = Buffer.alloc(0);
    let at = 0;
    for (;;) {
      let size: number;
      try {
        size = readSync(fd, chunk);
      } catch (error) {
        throw fault('read', path, error);
      }
      if (size === 0) break;
      rest = Buffer.concat([rest, chunk.subarray(0, size)]);
      let from = 0;
      for (let end = rest.indexOf(FEED); end >= 0; end = rest.indexOf(FEED, from)) {
        yield { text: rest.toString('utf8', from, end), at: at + from, torn: false };
        from = end + 1;
      }
      at += from;
      rest = rest.subarray(from);
    }
    if (rest.length > 0) yield { text: rest.toString('utf8'), at, torn: true };
  } finally {
    closeSync(fd);
  }
}

/** The times of a record without any. */
const NO_TIMES: RunRecord['timing'] = { seconds: Number.NaN, secondsToTarget: Number.NaN };

const recordOf = (path: string, number: number, text: string): RunRecord => {
  let record: Partial<RunRecord> | null;
  try {
    record = fromJson(text) as typeof record; // checked below, as far as a name can be
  } catch {
    throw new StoreFault(`sweep: line ${number} of ${path} is no record, got "${text.slice(0, 40)}"`);
  }
  if (typeof record?.id !== 'string' || record.config === undefined)
    throw new StoreFault(`sweep: line ${number} of ${path} is no record, it needs id and config`);
  const id = idOf(record.config);
  if (id !== record.id)
    throw new StoreFault(`sweep: line ${number} of ${path} is called ${record.id}, but its configuration is ${id}`);
  return { timing: NO_TIMES, ...record } as RunRecord;
};

/** A record, and where its line begins. */
export interface Placed {
  readonly record: RunRecord;
  readonly at: number;
}

/** The records of a file, one after another; a torn last line is left out, and told. @throws StoreFault for a file or line that cannot be read */
export function* recordsIn(path: string, torn: (at: number) => void = () => {}): Generator<Placed> {
  let number = 0;
  for (const line of linesOf(path)) {
    number += 1;
    if (line.torn) torn(line.at);
    else if (line.text !== '') yield { record: recordOf(path, number, line.text), at: line.at };
  }
}

/** The bytes of a file descriptor, all of them, though the system may take them in pieces. */
const writeAll = (fd: number, bytes: Uint8Array): void => {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
};

const folderFor = (path: string): void => {
  try {
    mkdirSync(dirname(resolve(path)), { recursive: true });
  } catch (error) {
    throw fault('written', path, error);
  }
};

/** A file that records are appended to. */
export interface Store {
  readonly path: string;
  /** Bytes of a torn last line that were cut off. */
  readonly cut: number;
  /** One line, whole or not at all. @throws StoreFault when it cannot be written */
  readonly append: (record: RunRecord) => void;
  readonly close: () => void;
}

/**
 * Opens a file to append to, in folders that may not exist yet. What is there is told to `each` and stays, but for a
 * torn last line.
 * @throws StoreFault when it cannot be read or written, or holds what is no record
 */
export const openStore = (path: string, each: (record: RunRecord) => void = () => {}): Store => {
  let whole = 0;
  let size = 0;
  let tornAt = Number.POSITIVE_INFINITY;
  folderFor(path);
  if (existsSync(path) && !isSpecial(path))
    for (const { record } of recordsIn(path, (at) => {
      tornAt = at;
    }))
      each(record);
  let fd: number;
  try {
    fd = openSync(path, 'a');
    size = fstatSync(fd).size;
    whole = Math.min(size, tornAt);
    if (whole < size) ftruncateSync(fd, whole);
  } catch (error) {
    throw fault('written', path, error);
  }
  return {
    path,
    cut: size - whole,
    append: (record) => {
      const bytes = Buffer.from(lineOf(record));
      try {
        writeAll(fd, bytes);
        whole += bytes.length;
      } catch (error) {
        try {
          ftruncateSync(fd, whole); // half a line may have been written
        } catch {} // a device that is no file; the next reader drops the half
        throw fault('written', path, error, '; all runs before this one are kept');
      }
    },
    close: () => closeSync(fd),
  };
};

/** Whether a path is of a device or a pipe, which are written to and never replaced. */
const isSpecial = (path: string): boolean => {
  const what = statSync(path, { throwIfNoEntry: false });
  return what !== undefined && !what.isFile() && !what.isDirectory();
};

/** Writes text by pieces into a file, which takes its place once it is whole. @throws StoreFault */
export const writeWhole = (path: string, pieces: Iterable<string>): void => {
  const part = isSpecial(path) ? path : `${path}.part`;
  folderFor(path);
  try {
    const fd = openSync(part, 'w');
    try {
      for (const piece of pieces) writeAll(fd, Buffer.from(piece));
    } finally {
      closeSync(fd);
    }
    if (part !== path) renameSync(part, path);
  } catch (error) {
    throw error instanceof StoreFault ? error : fault('written', path, error);
  }
};

/** Where merged times go: beside the records, since they are part of no result. */
export const timesBeside = (path: string): string => `${path}.times`;

/** What merging has found. */
export interface Merged {
  readonly runs: number;
  /** Lines of runs that another line has too. */
  readonly repeated: number;
  /** Files whose last line was torn, and left out. */
  readonly torn: readonly string[];
}

interface Known {
  readonly digest: string;
  readonly path: string;
  readonly at: number;
  timing: RunRecord['timing'];
}

const least = (a: number, b: number): number => (Number.isNaN(a) ? b : Number.isNaN(b) ? a : Math.min(a, b));

/** The times that a merge has put beside a file, if any. */
const timesOf = (path: string): ReadonlyMap<string, RunRecord['timing']> => {
  const beside = timesBeside(path);
  if (!existsSync(beside)) return new Map();
  const rows = [...linesOf(beside)].filter(({ torn }) => !torn);
  return new Map(
    rows.map(({ text }) => {
      const { id, ...timing } = fromJson(text) as RunRecord['timing'] & { readonly id: string }; // written by a merge
      return [id, timing];
    }),
  );
};

/** The records of files that may have been merged, with their times. @throws StoreFault */
export function* recordsOfAll(paths: readonly string[], torn: (path: string) => void = () => {}): Generator<RunRecord> {
  for (const path of paths) {
    const times = timesOf(path);
    for (const { record } of recordsIn(path, () => torn(path)))
      yield times.size === 0 ? record : { ...record, timing: times.get(record.id) ?? record.timing };
  }
}

/**
 * The union of files as a set of runs, in the order of their names and without times, which go beside it, the shortest of
 * each. It is the same text whatever the order of the files, and however often one is named.
 * @throws Conflict when two lines have the same run and another result, naming both; StoreFault
 */
export const mergeInto = (out: string, paths: readonly string[]): Merged => {
  const all = new Map<string, Known>();
  const torn: string[] = [];
  let lines = 0;
  for (const path of paths) {
    const times = timesOf(path);
    for (const { record, at } of recordsIn(path, () => torn.push(path))) {
      lines += 1;
      const digest = digestOfRecord(record).slice(0, 16);
      const timing = times.get(record.id) ?? record.timing;
      const before = all.get(record.id);
      if (before === undefined) all.set(record.id, { digest, path, at, timing });
      else if (before.digest !== digest)
        throw new Conflict(
          `sweep: ${record.id} has two results: digest ${before.digest} in ${before.path} and ${digest} in ${path} (${canonical(record.config)})`,
        );
      else
        before.timing = {
          seconds: least(before.timing.seconds, timing.seconds),
          secondsToTarget: least(before.timing.secondsToTarget, timing.secondsToTarget),
        };
    }
  }
  const sorted = [...all].sort(([a], [b]) => (a < b ? -1 : 1));
  writeWhole(out, merged(sorted));
  writeWhole(
    timesBeside(out),
    sorted.map(([id, { timing }]) => `${canonical({ id, ...timing })}\n`),
  );
  return { runs: all.size, repeated: lines - all.size, torn };
};

/** Records by where they are, so that no more than one is in memory. */
function* merged(sorted: readonly (readonly [string, Known])[]): Generator<string> {
  const open = new Map<string, number>();
  const closeAll = (): void => {
    for (const fd of open.values()) closeSync(fd);
    open.clear();
  };
  try {
    for (const [, { path, at }] of sorted) {
      if (!open.has(path) && open.size >= MOST_OPEN) closeAll();
      const fd = open.get(path) ?? openSync(path, 'r');
      open.set(path, fd);
      yield `${canonical(withoutTiming(recordOf(path, 0, lineAt(fd, at))))}\n`;
    }
  } finally {
    closeAll();
  }
}

/** The line of a file that begins there. */
const lineAt = (fd: number, at: number): string => {
  const chunk = Buffer.alloc(2 ** 13);
  const pieces: Buffer[] = [];
  for (;;) {
    const size = readSync(fd, chunk, 0, chunk.length, at + pieces.reduce((n, p) => n + p.length, 0));
    const end = chunk.subarray(0, size).indexOf(FEED);
    pieces.push(Buffer.from(chunk.subarray(0, end < 0 ? size : end)));
    if (end >= 0 || size === 0) return Buffer.concat(pieces).toString('utf8');
  }
};
