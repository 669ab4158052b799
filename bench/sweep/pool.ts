// Worker threads for the runs of a sweep: those that share a compiled step go to one thread, long ones first.
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { canonical, idOf, type RunConfig } from './config.ts';
import type { RunRecord } from './record.ts';
import { here, type Runner } from './sweep.ts';

export interface Pool {
  /** 0 where all is made in the thread of whoever asks. */
  readonly workers: number;
  readonly runner: Runner;
  /** Makes one run, as soon as a thread is free. */
  readonly run: (run: RunConfig) => Promise<RunRecord>;
  /** Seconds until the runs that are known of are done, from what the runs of a group took so far; NaN before any. */
  readonly secondsLeft: () => number;
  readonly close: () => Promise<void>;
}

/** Runs that a thread holds: the one under way, and the next, so that it never waits for us. */
const HELD = 2;
/** Room for short-lived numbers in each thread, in MB: clearing the host's default takes long. */
const NURSERY = 64;
/** What runs in a thread. */
const WORKER = new URL(`./worker${extname(import.meta.url)}`, import.meta.url);
/** Seconds of work of a group that are worth compiling its step once more in another thread. */
const WORTH = 0.5;

/** What runs must share to share a compiled step. */
export const groupOf = ({ problem, variant, optimizer }: RunConfig): string =>
  canonical({ problem, variant, optimizer });

interface Group {
  /** Of the same seed together, since they share what is drawn; the last is made first. */
  readonly left: RunConfig[];
  readonly problem: string;
  /** The thread that has compiled its step first; −1 for none. */
  owner: number;
}

/** Sums to take means of. */
interface Sum {
  seconds: number;
  runs: number;
}

/** Deals runs to threads: a thread stays with its group, then takes the longest that nobody has, then helps with the longest of another. */
export const dealer = () => {
  const groups = new Map<string, Group>();
  const taken = new Map<string, Sum>();
  const current = new Map<number, Group>();
  const learn = (key: string, seconds: number): void => {
    const sum = taken.get(key) ?? { seconds: 0, runs: 0 };
    sum.seconds += seconds;
    sum.runs += 1;
    taken.set(key, sum);
  };
  const meanOf = (key: string): number | undefined => {
    const sum = taken.get(key);
    return sum === undefined ? undefined : sum.seconds / sum.runs;
  };
  /** Seconds that a group has left; runs are as long as steps are many until some are made. */
  const lengthOf = ([key, { left, problem }]: readonly [string, Group]): number =>
    left.length * (meanOf(key) ?? meanOf(problem) ?? meanOf('') ?? (left[0]?.steps ?? 0) / 1e4);
  const longest = (
    which: (group: Group) => boolean,
  ): { readonly group: Group; readonly seconds: number } | undefined => {
    const open = [...groups].filter(([, group]) => group.left.length > 0 && which(group));
    return open
      .map((entry) => ({ group: entry[1], seconds: lengthOf(entry) }))
      .reduce<{ readonly group: Group; readonly seconds: number } | undefined>(
        (best, one) => (best === undefined || one.seconds > best.seconds ? one : best),
        undefined,
      );
  };
  return {
    add: (runs: readonly RunConfig[]): void => {
      for (const run of [...runs].sort((a, b) => b.seed - a.seed)) {
        const key = groupOf(run);
        const group = groups.get(key) ?? { left: [], problem: run.problem, owner: -1 };
        groups.set(key, group);
        group.left.push(run);
      }
    },
    /** Forgets what was not begun. */
    drop: (): void => {
      for (const group of groups.values()) group.left.length = 0;
    },
    next: (thread: number): RunConfig | undefined => {
      let group = current.get(thread);
      if (group === undefined || group.left.length === 0) {
        const others = longest(({ owner }) => owner !== thread && owner >= 0);
        group =
          longest(({ owner }) => owner === thread)?.group ??
          longest(({ owner }) => owner < 0)?.group ??
          (others !== undefined && others.seconds > WORTH ? others.group : undefined);
        if (group === undefined) return undefined;
        if (group.owner < 0) group.owner = thread;
        current.set(thread, group);
      }
      return group.left.pop();
    },
    learn: ({ config, timing }: RunRecord): void => {
      for (const key of [groupOf(config), config.problem, '']) learn(key, timing.seconds);
    },
    secondsLeft: (): number =>
      taken.size === 0 ? Number.NaN : [...groups].reduce((sum, entry) => sum + lengthOf(entry), 0),
  };
};

/** What a thread says of a run. */
export type Told = { readonly made: RunRecord } | { readonly defect: unknown };

interface Wanted {
  readonly run: RunConfig;
  readonly done: (record: RunRecord) => void;
  readonly failed: (error: unknown) => void;
}

/** So many threads; 0 for none, in which all is made here. As many as there are cores unless named. */
export const poolOf = (workers = availableParallelism(), module = WORKER): Pool => {
  const deal = dealer();
  const wanted = new Map<string, Wanted>();
  const threads = Array.from({ length: workers }, () => {
    const worker = new Worker(module, {
      resourceLimits: { maxYoungGenerationSizeMb: NURSERY },
    });
    return { worker, held: new Set<string>() };
  });
  const feed = (): void => {
    for (let round = 0; round < HELD; round++)
      for (const [i, { worker, held }] of threads.entries()) {
        if (held.size > round) continue;
        const run = deal.next(i);
        if (run === undefined) continue;
        held.add(idOf(run));
        worker.postMessage(run);
      }
  };
  let closing = false;
  /** Why there is a thread less. */
  let broken: Error | null = null;
  for (const { worker, held } of threads) {
    worker.on('message', (told: Told & { readonly id: string }) => {
      const one = wanted.get(told.id);
      wanted.delete(told.id);
      held.delete(told.id);
      if ('made' in told) deal.learn(told.made);
      feed(); // before the record is taken away, so that the thread has work meanwhile
      if ('made' in told) one?.done(told.made);
      else one?.failed(told.defect);
    });
    const lost = (why: string): void => {
      if (closing) return;
      const [first = 'no run'] = held; // in the order of asking
      deal.drop();
      broken ??= new Error(`sweep: a worker thread ended at ${first}: ${why}`);
      for (const { failed } of wanted.values()) failed(broken);
      wanted.clear();
    };
    worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => lost(`exit code ${code}`));
  }
  /** Many runs; a failure of one is that of all. */
  const all: Runner = (runs, done, signal) =>
    new Promise((resolve, reject) => {
      let left = runs.length;
      const end = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const stop = (): void => {
        deal.drop();
        const under = new Set(threads.flatMap(({ held }) => [...held]));
        for (const run of runs) {
          const id = idOf(run);
          if (!under.has(id) && wanted.delete(id)) left -= 1;
        }
        if (left === 0) end();
      };
      const failed = (error: unknown): void => {
        signal?.removeEventListener('abort', stop);
        deal.drop();
        reject(error);
      };
      if (broken !== null) return reject(broken);
      if (runs.length === 0 || signal?.aborted) return resolve();
      for (const run of runs)
        wanted.set(idOf(run), {
          run,
          done: (record) => {
            try {
              done(record);
            } catch (error) {
              failed(error); // a full disk, perhaps
              return;
            }
            left -= 1;
            if (left === 0) end();
          },
          failed,
        });
      signal?.addEventListener('abort', stop);
      deal.add(runs);
      feed();
    });
  const runner = workers === 0 ? here : all;
  return {
    workers,
    runner,
    run: (run) => new Promise((resolve, reject) => void runner([run], resolve).catch(reject)),
    secondsLeft: () => deal.secondsLeft() / workers,
    close: async () => {
      closing = true;
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
};
