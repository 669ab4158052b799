// What lies under reports/: which files the page is made of, which command makes each, and what became of reading them.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJson } from '../../index.ts';
import { type Html, html } from './html.ts';

/** A file that the page is made of. */
export interface Source {
  readonly file: string;
  /** What makes it; reports/README.md has the whole table. */
  readonly command: string;
  readonly holds: string;
  /** What the command does where the file is written by hand. */
  readonly does?: string;
}

const BENCH = 'npm run -s tautograd -- bench --out reports';

/** Every file that is read, a row each. */
export const SOURCES: readonly Source[] = [
  { file: 'laws/tautograd.json', command: 'npm start', holds: 'every law asked of the built-in engine' },
  { file: 'laws/matrix.json', command: 'npm run matrix', holds: 'every law asked of published engines' },
  {
    file: 'findings/README.md',
    command: 'npm run findings',
    holds: 'the defects that the laws found in engines of JavaScript',
    does: 'runs its programs',
  },
  {
    file: 'findings/python.md',
    command: 'npm run findings',
    holds: 'the defects that the laws found in engines of Python',
    does: 'runs its programs',
  },
  {
    file: 'mutants.json',
    command: 'npm run -s tautograd -- mutants --out reports',
    holds: 'every planted fault and the laws that kill it',
  },
  {
    file: 'limits.json',
    command: 'npm run -s tautograd -- limits --out reports',
    holds: 'the smallest error that is found for certain',
  },
  {
    file: 'stryker.md',
    command: 'npm run mutate -- <room>',
    holds: 'mutation testing of the engine itself',
    does: 'measures what it tells',
  },
  { file: 'bench/kernels.json', command: 'npm start', holds: 'the throughput of every operation' },
  {
    file: 'bench/peers.json',
    command: 'npm run bench:peers',
    holds: 'the workloads on this engine and on its peers, as shares of the limit',
  },
  { file: 'bench/programs.json', command: 'npm start', holds: 'the times of whole training steps' },
  { file: 'bench/memory.json', command: BENCH, holds: 'what a training keeps in memory' },
  {
    file: 'bench/ports.json',
    command: `${BENCH} -- python3 properties/ports/examples/python/port.py`,
    holds: 'calls through a program',
  },
  {
    file: 'bench/scaling.json',
    command: 'npm run -s tautograd -- bench --scaling --most 4096 --out reports',
    holds: 'how the time of a step grows',
  },
  { file: 'bench/threads.md', command: 'npm run bench:threads', holds: 'one thread against two' },
  {
    file: 'bench/first.md',
    command: 'npm run bench:first',
    holds: 'what the first step of a compiled training costs',
  },
  { file: 'sweep/sweep.json', command: 'npm start', holds: 'optimizers × initializers × problems' },
  {
    file: 'course/course.json',
    command: 'npm run -s tautograd -- course --out reports/course',
    holds: 'the claims of a first lecture',
  },
  {
    file: 'pack.json',
    command: 'npm run -s pack -- --out reports',
    holds: 'the package as it is published, tried in an empty project',
  },
];

export type State = 'read' | 'missing' | 'unreadable';

/** What became of one file. */
export interface Reading {
  readonly file: string;
  readonly state: State;
  readonly bytes: number;
  readonly sha256: string;
  readonly why?: string;
}

/** A folder of reports. Whatever is read of it is remembered, so that the page can say what it was made of. */
export class Room {
  readonly #from: string;
  readonly #readings = new Map<string, Reading>();
  constructor(from: string) {
    this.#from = from;
  }

  /** What was read, by name of file. */
  readings(): readonly Reading[] {
    return [...this.#readings.values()].sort((a, b) => (a.file < b.file ? -1 : 1));
  }

  /** The text of a file; null where there is none. */
  text(file: string): string | null {
    const path = join(this.#from, file);
    if (!existsSync(path)) {
      this.#readings.set(file, { file, state: 'missing', bytes: 0, sha256: '' });
      return null;
    }
    const bytes = readFileSync(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.#readings.set(file, { file, state: 'read', bytes: bytes.length, sha256 });
    return bytes.toString('utf8');
  }

  /**
   * A report as `make` makes something of it; null, and remembered as unreadable, where it is no JSON of the schema that the page
   * knows, or not what the type promises.
   */
  report<T, R>(file: string, make: (report: T) => R): R | null {
    const text = this.text(file);
    if (text === null) return null;
    try {
      const found = fromJson(text) as { readonly schema?: unknown };
      if (found.schema !== 1) throw new TypeError(`its schema is ${String(found.schema)} and not 1`);
      return make(found as T); // our own output; what is not falls over below
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const before = this.#readings.get(file);
      if (before !== undefined) this.#readings.set(file, { ...before, state: 'unreadable', why: error.message });
      return null;
    }
  }

  /** Names of files in a folder, in order. */
  files(folder: string, ending: string): readonly string[] {
    const path = join(this.#from, folder);
    return existsSync(path)
      ? readdirSync(path)
          .filter((name) => name.endsWith(ending))
          .sort()
      : [];
  }

  /** Why a file is not on the page, in a sentence with the command that makes it. */
  absent(file: string): Html {
    const source = SOURCES.find((s) => s.file === file);
    const { state, why } = this.#readings.get(file) ?? { state: 'missing', why: undefined };
    const fate = state === 'unreadable' ? `cannot be read (${why})` : 'is not there';
    return html`<p class="missing"><code>${file}</code> ${fate}: ${source?.holds ?? ''} would stand here. <code>${source?.command ?? ''}</code> ${source?.does ?? 'makes it'}.</p>\n`;
  }
}
