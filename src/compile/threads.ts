// Helpers of a thread: workers that take parts of a step, all of them over the memory of the machine that is running.
import { DomainError, TautogradError } from '../core/errors.ts';
import type { WasmMemory, WasmModule } from './wasm.ts';

/** A helper that failed, or a host that does not allow any. */
export class ThreadsError extends TautogradError {
  override readonly name = 'ThreadsError';
}

/** A worker, whatever the host calls so. */
export interface Helper {
  readonly post: (message: object) => void;
  readonly end: () => void;
}
/**
 * Starts a worker on the text of a script as the web knows them: one that sets the global `onmessage`, which is to be called
 * with `{ data }` for every message. `failed` is told why when the worker fails. It must not keep a process alive.
 */
export type Spawn = (script: string, failed: (why: string) => void) => Helper;

/** What helpers need of a machine. */
export interface Job {
  readonly module: WasmModule;
  readonly memory: WasmMemory;
  /** Names of the functions of the host that it calls; helpers never do. */
  readonly hosts: readonly string[];
  /** The words by which threads agree, see {@link WORDS}. */
  readonly words: Int32Array;
}

/** Threads that compute together: the one that asks, and its helpers. Any number of machines may use them, one at a time. */
export interface Threads {
  /** How many, the one that asks among them. */
  readonly count: number;
  /** Does some work of a machine, of which helpers take what they can. @throws ThreadsError when one has failed */
  readonly during: (job: Job, work: () => void) => void;
  /** Ends the helpers. Everything goes on without them, and gives the same. */
  readonly end: () => void;
}

/** How many threads there may be. */
const MOST = 64;
/**
 * Numbers of the words of a machine by which threads agree. `ticket`: which part is to be taken next, or one of {@link TICKET};
 * `done`: how many parts are ready; `asleep`: how many helpers wait to be woken; `failed`: whether one has failed; `helped`:
 * how many parts helpers have done; `patient`: whether the first thread may sleep; `waiting`: whether it does; `present`: a word for each helper, whether it looks at the ticket. The first two are
 * alone in their lines of the cache.
 */
export const WORDS = {
  ticket: 0,
  done: 16,
  asleep: 32,
  failed: 33,
  helped: 34,
  patient: 35,
  waiting: 36,
  present: 48,
} as const;
export const WORDS_BYTES = 4 * (WORDS.present + MOST);
/** Tickets without parts: of a machine that is at work, of one that rests, of one whose helpers are wanted elsewhere. */
export const TICKET = { begun: 0, resting: -0x80000000, leave: -0x7fff0000 } as const;

/** Whether this thread may sleep: that of a page may not. */
const mayWait = (): boolean => {
  try {
    return Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1) === 'not-equal';
  } catch {
    return false;
  }
};

/** A helper enters the machine that it is told of, and has forgotten it when it returns. */
const SCRIPT = `onmessage = ({ data: { module, memory, hosts, words, helper } }) => {
  try {
    const env = { memory };
    for (const name of hosts) env[name] = () => { throw new Error(name + ' is for the first thread'); };
    new WebAssembly.Instance(module, { env }).exports.help(helper);
  } catch (error) {
    Atomics.store(words, ${WORDS.failed}, 1);
    throw error;
  }
};`;

/** What is used of the web's workers, which the library of the language does not declare. */
interface Web {
  readonly Worker?: new (
    url: string,
  ) => {
    onerror: (event: { readonly message: string }) => void;
    readonly postMessage: (message: object) => void;
    readonly terminate: () => void;
  };
}

/** A worker of the web. @throws ThreadsError where there are none */
const webWorker: Spawn = (script, failed) => {
  const { Worker } = globalThis as unknown as Web; // undeclared, see Web
  if (Worker === undefined)
    throw new ThreadsError('threads: this host has no workers of the web; in Node take startThreads of tautograd/node');
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onerror = ({ message }) => failed(message);
  return {
    post: (message) => worker.postMessage(message),
    end: () => {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
};

/**
 * Starts helpers, so that so many threads compute together what is compiled for them. Nothing waits for a helper to begin:
 * what it does not take, the thread that asks does itself, and results are the same bits.
 * @throws DomainError for a number of threads that is not whole, below 1 or above 64; ThreadsError where the host grants no
 * shared memory, as to a page that is not cross-origin isolated
 */
export const startThreads = (count = 2, spawn: Spawn = webWorker): Threads => {
  if (!Number.isInteger(count) || count < 1 || count > MOST)
    throw new DomainError(`threads: their number must be a whole one from 1 to ${MOST}, got ${count}`);
  if (typeof SharedArrayBuffer === 'undefined')
    throw new ThreadsError('threads: this host grants no shared memory; a page must be cross-origin isolated');
  const now: { helpers: readonly Helper[]; fault: string | null; last: WeakRef<Int32Array> | null } = {
    helpers: [],
    fault: null,
    last: null,
  };
  const failed = (why: string): void => {
    now.fault ??= `threads: a helper has failed: ${why}`;
  };
  const patient = Number(mayWait());
  now.helpers = Array.from({ length: count - 1 }, () => spawn(SCRIPT, failed));
  const check = (fault: string | null): void => {
    if (fault !== null) throw new ThreadsError(fault);
  };
  /** Calls the helpers out of the machine that they have looked at so far. */
  const turnTo = (words: Int32Array): void => {
    const last = now.last?.deref();
    if (last === words) return;
    now.last = new WeakRef(words);
    if (last === undefined) return;
    Atomics.store(last, WORDS.ticket, TICKET.leave);
    Atomics.notify(last, WORDS.ticket);
  };
  return {
    count,
    during: (job, work) => {
      check(now.fault);
      const { words } = job;
      turnTo(words);
      Atomics.store(words, WORDS.patient, patient);
      Atomics.store(words, WORDS.ticket, TICKET.begun);
      for (const [helper, { post }] of now.helpers.entries())
        if (Atomics.compareExchange(words, WORDS.present + helper, 0, 1) === 0) post({ ...job, helper });
      try {
        work();
      } finally {
        Atomics.store(words, WORDS.ticket, TICKET.resting);
      }
      if (Atomics.load(words, WORDS.failed) !== 0)
        check(now.fault ?? 'threads: a helper has failed within a step, which is not complete');
    },
    end: () => {
      for (const { end } of now.helpers) end();
      now.helpers = [];
      now.fault = null;
    },
  };
};
