// Runs by a queue in Redis, which machines come to and go from: a run that a lost machine had is given to another.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TautogradError } from '../../src/index.ts';
import { queuePackage } from '../queue/load.ts';
import { idOf, type RunConfig } from './config.ts';
import type { Pool } from './pool.ts';
import { lineOf, type RunRecord, recordsOf } from './record.ts';
import type { Runner } from './sweep.ts';

/** As much of BullMQ 6.7 as is used here. @source BullMQ guide and API reference, docs.bullmq.io */
interface Job {
  readonly id?: string;
  readonly data: RunConfig;
  /** What the processor has returned. */
  readonly returnvalue: string;
  readonly failedReason?: string;
  readonly remove: () => Promise<void>;
}
interface Connection {
  readonly connection: object;
}
interface JobQueue {
  readonly addBulk: (
    jobs: readonly { readonly name: string; readonly data: RunConfig; readonly opts: object }[],
  ) => Promise<unknown>;
  readonly getCompleted: (from: number, to: number) => Promise<readonly (Job | undefined)[]>;
  readonly getFailed: (from: number, to: number) => Promise<readonly (Job | undefined)[]>;
  readonly obliterate: (options: { readonly force: boolean }) => Promise<void>;
  readonly waitUntilReady: () => Promise<unknown>;
  readonly on: (event: 'error', listener: (error: Error) => void) => unknown;
  readonly close: () => Promise<void>;
}
interface JobWorker {
  readonly on: (event: string, listener: (...args: readonly unknown[]) => void) => unknown;
  readonly close: (force?: boolean) => Promise<void>;
}
interface BullMq {
  readonly Queue: new (name: string, options: Connection) => JobQueue;
  readonly Worker: new (
    name: string,
    processor: (job: Job) => Promise<string>,
    options: Connection & {
      readonly concurrency: number;
      readonly lockDuration: number;
      readonly stalledInterval: number;
      readonly maxStalledCount: number;
    },
  ) => JobWorker;
}

/** A queue that cannot be reached, or a run that failed in it; in one sentence. */
export class QueueFault extends TautogradError {
  override readonly name = 'QueueFault';
}

export interface QueueOptions {
  /** As `redis://127.0.0.1:6379`. */
  readonly url: string;
  readonly name: string;
}

const PREFIX = 'sweep';
/** Jobs that are added, or fetched, at once. */
const BATCH = 500;
/** How often it is looked what has come back, in ms. */
const LOOK = 200;
/** How long Redis may take to answer at first, in ms. */
const PATIENCE = 5000;
/** How long a worker may be silent until its run is given to another, in ms. A thread makes the runs, so that it is never silent. */
const LOCK = 30_000;
/** How often a run may be lost with its worker. */
const LOSSES = 1000;

/** Where Redis is, once it answers there; BullMQ itself would wait for ever. @throws QueueFault */
const connectionOf = async (url: string): Promise<object> => {
  const address = URL.parse(url);
  if (address === null || !/^rediss?:$/.test(address.protocol))
    throw new QueueFault(`queue: an address is as redis://127.0.0.1:6379, got "${url}"`);
  const host = address.hostname || '127.0.0.1';
  const port = Number(address.port || 6379);
  await new Promise<void>((resolve, reject) => {
    const probe = connect({ host, port, timeout: PATIENCE });
    const fail = (why: string): void => {
      probe.destroy();
      reject(new QueueFault(`queue: ${url} cannot be reached: ${why}`));
    };
    probe.on('error', (error) => fail(error.message));
    probe.on('timeout', () => fail(`no answer within ${PATIENCE} ms`));
    probe.on('connect', () => {
      probe.destroy();
      resolve();
    });
  });
  return {
    host,
    port,
    ...(address.username === '' ? {} : { username: decodeURIComponent(address.username) }),
    ...(address.password === '' ? {} : { password: decodeURIComponent(address.password) }),
    ...(address.pathname.length > 1 ? { db: Number(address.pathname.slice(1)) } : {}),
    ...(address.protocol === 'rediss:' ? { tls: {} } : {}),
    maxRetriesPerRequest: null, // as BullMQ's workers want it
  };
};

const library = (): BullMq => queuePackage<BullMq>('bullmq');

/** A runner that gives its runs to a queue, and how to let the queue go; nothing of it is left in Redis once the sweep is complete. */
export interface Served {
  readonly runner: Runner;
  readonly close: (complete: boolean) => Promise<void>;
}

/** Whether a promise settles within so many ms. */
const within = (promise: Promise<unknown>, ms: number): Promise<unknown> =>
  Promise.race([promise, sleep(ms, undefined, { ref: false })]);

/** Gives runs to a queue. A server that was ended takes over what its queue still has when it begins again. @throws QueueFault */
export const serveQueue = async ({ url, name }: QueueOptions): Promise<Served> => {
  const { Queue } = library();
  const queue = new Queue(`${PREFIX}-${name}`, { connection: await connectionOf(url) });
  queue.on('error', () => {}); // it connects again by itself
  await queue.waitUntilReady();
  const runner: Runner = async (runs, done, signal) => {
    const open = new Set(runs.map(idOf));
    for (let from = 0; from < runs.length; from += BATCH)
      // a name that the queue has already is not added again
      await queue.addBulk(
        runs.slice(from, from + BATCH).map((data) => ({ name: 'run', data, opts: { jobId: idOf(data) } })),
      );
    while (open.size > 0 && signal?.aborted !== true) {
      const back = (await queue.getCompleted(0, BATCH - 1)).filter((job) => job !== undefined);
      for (const job of back) {
        if (open.delete(job.id ?? '')) done(recordFrom(job));
        await job.remove(); // only what is kept elsewhere by now
      }
      const [broken] = await queue.getFailed(0, 0);
      if (broken !== undefined) {
        await broken.remove(); // so that it is tried again next time
        throw new QueueFault(`queue: ${broken.id} failed in a worker: ${broken.failedReason ?? 'no reason given'}`);
      }
      if (back.length === 0) await sleep(LOOK);
    }
  };
  return {
    runner,
    close: async (complete) => {
      if (complete) await queue.obliterate({ force: true });
      await within(queue.close(), 2000);
    },
  };
};

const recordFrom = ({ id, returnvalue }: Job): RunRecord => {
  const [record] = recordsOf(returnvalue).records;
  if (record === undefined || record.id !== id || idOf(record.config) !== id)
    throw new QueueFault(`queue: what came back for ${id} is not its record`);
  return record;
};

export interface WorkOptions extends QueueOptions {
  /** Runs at a time; as many as the pool has threads. */
  readonly together: number;
  /** See {@link LOCK}. */
  readonly lock?: number;
  readonly onRun?: (id: string) => void;
  /** Ends the worker once the runs under way are done. */
  readonly signal?: AbortSignal;
}

/** Takes runs from a queue until the signal says so. @throws QueueFault when it cannot be reached */
export const workQueue = async (
  pool: Pick<Pool, 'run'>,
  { url, name, together, lock = LOCK, onRun = () => {}, signal }: WorkOptions,
): Promise<void> => {
  const { Worker } = library();
  const worker = new Worker(
    `${PREFIX}-${name}`,
    async ({ data }) => {
      const record = await pool.run(data);
      onRun(record.id);
      return lineOf(record);
    },
    {
      connection: await connectionOf(url),
      concurrency: together,
      lockDuration: lock,
      stalledInterval: lock,
      maxStalledCount: LOSSES,
    },
  );
  worker.on('error', () => {}); // it connects again by itself
  await new Promise<void>((resolve) => {
    if (signal?.aborted) resolve();
    signal?.addEventListener('abort', () => resolve());
    worker.on('closed', () => resolve());
  });
  await worker.close();
};
