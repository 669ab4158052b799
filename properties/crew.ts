// A crew of worker threads for checks and hunts, or the main thread alone: the same verdicts either way.
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { BroadcastChannel } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { found, type Trials } from './detect.ts';
import { hunt, type Kill, matrixRow } from './hunt.ts';
import type { Law } from './law.ts';
import { LAWS } from './laws/index.ts';
import type { Mutant } from './mutants/index.ts';
import type { Port } from './port.ts';
import { type Check, check, crashed, type RunOptions, runsOf, seedOf, TIMEOUT, undecided } from './run.ts';
import type { CheckTask, Done, Farewell, HuntTask, ProgramSetup, Setup } from './worker.ts';

export interface Crew {
  /** 0 where the main thread does the work. */
  readonly workers: number;
  readonly check: (law: Law, subject: string, options: RunOptions) => Promise<Check>;
  /** Hunts a mutant by the laws that it names, or by all. */
  readonly hunt: (mutant: Mutant, seed: number, full?: boolean) => Promise<readonly Kill[]>;
  /** How many of some trials find a fault. */
  readonly find: (trials: Trials) => Promise<number>;
  /** What went wrong with the port while it was asked nothing, in a sentence each. */
  readonly strays: readonly string[];
  readonly close: () => Promise<void>;
}

export interface CrewOptions {
  readonly workers: number;
  /** URL of the port's module, loaded in each worker; the built-in engine without one. */
  readonly module?: string;
  /** Or the command of the program that is the port, and the longest wait for one of its messages in ms. */
  readonly command?: readonly string[];
  readonly timeout?: number;
  readonly sealed?: boolean;
}

/** How long a run may go on after a limit before its worker is ended, in ms. */
const GRACE = 2000;
/** How often it is looked whether a call is overdue, in ms. */
const WATCH = 500;
/** Tasks that may be under way or wait at the same time, each with a mark of its own. */
const MARKS = 2 ** 14;

/** Room for short-lived numbers in each thread, in MB: with the host's default, a fifth of the time goes into clearing it. */
const NURSERY = 192;

/** Checks of a program that are under way together in one thread: their calls fill its messages. */
const TOGETHER = 64;
/** How long the programs of all workers may take to end, in ms, which see to it themselves. */
const FAREWELL = 10_000;

/** What a run of a law takes, about, in ms on a slow core: enough to put long tasks first. */
const COST: Partial<Readonly<Record<Law['class'], number>>> = { '64-digit oracle': 4, statistical: 20 };
const START = 3;

/** The expected length of a check, in ms. */
export const costOf = (law: Law, options: Omit<RunOptions, 'seed'> = {}): number =>
  START + runsOf(law, options) * (COST[law.class] ?? 1 / 2);

/** As many workers as there are cores, as long as each has some seconds of work; none where starting them takes longer. */
export const workersFor = (cost: number): number => {
  const useful = Math.min(availableParallelism(), Math.floor(cost / 2000));
  return useful < 2 ? 0 : useful;
};

/** Tasks with the longest first, so that no core waits for a long one at the end; equals keep their order. */
export const longestFirst = <T>(tasks: readonly T[], cost: (task: T) => number): readonly T[] =>
  [...tasks].sort((a, b) => cost(b) - cost(a));

/** Everything one after the other in this thread, in the order of asking. */
const alone = (port: Port): Crew => {
  let last: Promise<unknown> = Promise.resolve();
  const queued = <R>(make: () => Promise<R>): Promise<R> => {
    const next = last.then(async () => {
      await new Promise((resolve) => setImmediate(resolve)); // lets a progress display draw
      return make();
    });
    last = next.catch(() => {}); // whoever asked is told; the next task is done all the same
    return next;
  };
  return {
    workers: 0,
    check: (law, subject, options) => queued(() => check(law, port, subject, options)),
    hunt: (mutant, seed, full = false) => queued(() => (full ? matrixRow : hunt)(mutant, LAWS, port, seed)),
    find: (trials) => queued(() => found(trials, LAWS, port)),
    strays: [],
    close: async () => {},
  };
};

/** Several at once in this thread, in the order of asking: for a program, whose answers are waited for. */
const together = (port: Port): Crew => {
  let free = TOGETHER;
  const queue: (() => void)[] = [];
  const turn = async <R>(make: () => Promise<R>): Promise<R> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => queue.push(resolve));
    try {
      return await make();
    } finally {
      const next = queue.shift();
      if (next === undefined) free++;
      else next();
    }
  };
  return {
    ...alone(port),
    check: (law, subject, options) => turn(() => check(law, port, subject, options)),
  };
};

/** The port is gone: its module does not load in a thread, or the thread has ended. */
class Lost extends Error {}
/** The thread has ended, with every check that was under way in it. */
class Ended extends Lost {}

/** A crew for a port: `port` is the main thread's own instance of it. */
export const crewFor = (port: Port, options: CrewOptions): Crew => {
  const { workers, module, command, timeout: patience = TIMEOUT, sealed = false } = options;
  if (workers === 0) return command === undefined ? alone(port) : together(port);
  const marks = new Int32Array(new SharedArrayBuffer(MARKS * Int32Array.BYTES_PER_ELEMENT));
  const born = Date.now();
  const program: ProgramSetup | null =
    command === undefined ? null : { command, timeout: patience, channel: `tautograd-${randomUUID()}` };
  const strays: string[] = [];
  const poolOf = (threads: number, concurrentTasksPerWorker: number): Piscina => {
    const made = new Piscina({
      filename: new URL(`./worker${extname(import.meta.url)}`, import.meta.url).href,
      minThreads: threads,
      maxThreads: threads,
      concurrentTasksPerWorker,
      resourceLimits: { maxYoungGenerationSizeMb: NURSERY },
      atomics: 'disabled', // a port may have work of its own between two tasks
      workerData: { module: module ?? null, program, sealed, marks, born } satisfies Setup,
    });
    made.on('error', (error: Error) => strays.push(`the port threw ${error.message} between two checks`));
    return made;
  };
  const pool = poolOf(workers, program === null ? 1 : TOGETHER);
  /** A thread for one check at a time: those that were lost with others are asked again there. */
  let apart: Piscina | null = null;
  /** Marks in use, each with how long one call may take and what ends its task. */
  const open = new Map<number, { readonly timeout: number; readonly end: AbortController }>();
  const watch = setInterval(() => {
    for (const [mark, { timeout, end }] of open) {
      const since = Atomics.load(marks, mark);
      if (since > 0 && Date.now() - born - since > timeout + GRACE) end.abort();
    }
  }, WATCH);
  watch.unref();
  let tasks = 0;
  const run = async <R>(
    task: CheckTask | HuntTask | Trials,
    name: string,
    signal: AbortSignal | null = null,
    by = pool,
  ): Promise<R> => {
    let done: Done<R>;
    try {
      done = (await by.run(task, { name, signal })) as Done<R>; // the worker says so
    } catch (error) {
      if (error instanceof Error && error.name === 'DataCloneError') throw error; // an input that is no plain data
      // a task that throws is a defect and comes back as such: this is the end of the thread
      throw new Ended(`the port ended its worker: ${error instanceof Error ? error.message : String(error)}`);
    }
    if ('lost' in done) throw new Lost(done.lost);
    if ('defect' in done) throw done.defect;
    return done.made;
  };
  return {
    workers,
    check: async (law, subject, { examples, ...options }) => {
      const seed = seedOf(options.seed, law.id, subject);
      const left = options.until === undefined ? null : Math.max(0, options.until - Date.now()) + GRACE;
      const limit = left === null ? null : AbortSignal.timeout(left);
      const { timeout = TIMEOUT } = options;
      const overdue = new AbortController();
      const mark = tasks++ % MARKS;
      // a program keeps its own time, and other checks of the same worker are not to end with this one
      if (program === null) open.set(mark, { timeout, end: overdue });
      const signal = limit === null ? overdue.signal : AbortSignal.any([overdue.signal, limit]);
      const task = { law: law.id, subject, mark, options, examples: examples?.(law.id, subject) ?? [] };
      try {
        return await run<Check>(task, 'checking', program === null ? signal : null).catch((error) => {
          if (program === null || !(error instanceof Ended)) throw error;
          apart ??= poolOf(1, 1); // only the check that ends a thread of its own has ended that of the others
          return run<Check>(task, 'checking', null, apart);
        });
      } catch (error) {
        const common = { law: law.id, subject, seed, runs: 0, skipped: 0 };
        if (limit?.aborted) return undecided(law, subject, seed);
        if (overdue.signal.aborted)
          return crashed(common, `the port did not come back from a call within ${timeout} ms; its worker was ended`);
        if (error instanceof Lost) return crashed(common, error.message);
        throw error;
      } finally {
        open.delete(mark);
        Atomics.store(marks, mark, 0);
      }
    },
    hunt: (mutant, seed, full = false) => run<readonly Kill[]>({ mutant: mutant.id, seed, full }, 'hunting'),
    find: (trials) => run<number>(trials, 'finding'),
    strays,
    close: async () => {
      clearInterval(watch);
      const pools = apart === null ? [pool] : [pool, apart];
      const threads = pools.reduce((n, p) => n + p.threads.length, 0);
      if (program !== null) strays.push(...(await farewell(program.channel, threads)));
      for (const one of pools) await one.destroy();
    },
  };
};

/** Ends the programs of all workers; what they have to say of them. */
const farewell = (channel: string, workers: number): Promise<readonly string[]> =>
  new Promise((resolve) => {
    const wire = new BroadcastChannel(channel);
    const strays = new Set<string>();
    let left = workers;
    const end = (): void => {
      clearTimeout(late);
      wire.close();
      resolve([...strays]);
    };
    const late = setTimeout(end, FAREWELL); // their wardens do the rest
    wire.onmessage = ({ data }) => {
      for (const text of (data as Farewell).strays) strays.add(text); // only workers speak here
      if (--left === 0) end();
    };
    wire.postMessage('bye');
    if (left === 0) end();
  });
