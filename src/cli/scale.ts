// `tautograd sweep plan | run | status | merge`, for any scheduler, and `sweep queue`, for machines that come and go.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { idOf } from '../../bench/sweep/config.ts';
import {
  type Counted,
  cellsOfShard,
  type Plan,
  parseShard,
  planLines,
  planOf,
  readPlan,
  type Shard,
  shardFrom,
  shareOf,
  statusOf,
} from '../../bench/sweep/plan.ts';
import { type Pool, poolOf } from '../../bench/sweep/pool.ts';
import { nameOfProtocol, nextRuns } from '../../bench/sweep/protocol.ts';
import { serveQueue, workQueue } from '../../bench/sweep/queue.ts';
import type { RunRecord } from '../../bench/sweep/record.ts';
import { Conflict, mergeInto, writeWhole } from '../../bench/sweep/store.ts';
import { sweepInto } from '../../bench/sweep/sweep.ts';
import { protocolOf } from '../../bench/sweep/tiers.ts';
import { toJson } from '../index.ts';
import { type AxisOptions, axesOf } from './axes.ts';
import { CommandFault, EXIT } from './fault.ts';
import { interruptible } from './interrupt.ts';
import { print } from './show.ts';
import { intoFile, knownFrom, logging, type Output, progressText, rate, stopped } from './sweep.ts';

const cutText = (path: string, cut: number): string =>
  `the last line of ${path} was torn, ${cut} bytes were cut off; its run is made again`;

export interface PlanOptions extends AxisOptions, Output {
  readonly out: string;
  /** A plan whose sweep goes on. */
  readonly plan?: string;
}

/** `sweep plan`: the runs that can be made now, from axes or an earlier plan and what is known. */
export const planCommand = async (after: readonly string[], options: PlanOptions): Promise<number> => {
  const before = options.plan === undefined ? undefined : readPlan(options.plan);
  const { known } = knownFrom(after);
  const plan = planOf(before?.protocol ?? (await protocolOf(axesOf(options))), known, (before?.round ?? 0) + 1);
  writeWhole(options.out, planLines(plan));
  const { protocol, round, runs } = plan;
  const told = { schema: 1, name: nameOfProtocol(protocol), round, runs: runs.length, plan: options.out };
  if (options.json) print(toJson(told).trimEnd());
  else
    print(
      runs.length === 0
        ? `wrote ${options.out}: the sweep is complete, there is nothing to run`
        : `wrote ${options.out}: round ${round}, ${runs.length} runs`,
    );
  return EXIT.ok;
};

export interface RunOptions extends Output {
  readonly plan: string;
  readonly shard?: string;
  readonly shards?: number;
  readonly cells?: boolean;
  readonly resume?: boolean;
  readonly out?: string;
  readonly maxSeconds?: number;
  readonly workers?: number;
}

/** What a shard makes: its runs of this round, or all rounds of its cells. */
const makeShard = async (
  { protocol, runs }: Plan,
  shard: Shard,
  cells: boolean,
  known: ReadonlyMap<string, Counted>,
  pool: Pool,
  keep: (record: RunRecord) => Counted,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<void> => {
  const told = (done: number, total: number, label: string): void => say(progressText(pool, done, total, label));
  if (cells) {
    await sweepInto(protocol, {
      known,
      mine: cellsOfShard(protocol, shard),
      runner: pool.runner,
      keep,
      signal,
      onProgress: ({ done, total, label }) => told(done, total, label),
    });
    return;
  }
  const own = shareOf(runs, shard).filter((run) => !known.has(idOf(run)));
  let done = 0;
  await pool.runner(
    own,
    (record) => {
      keep(record);
      told(++done, own.length, `${record.config.problem}, ${record.config.initializer}`);
    },
    signal,
  );
};

/** `sweep run`: one shard of a plan into a file of its own; exit code 3 when time or a signal ended it early. */
export const runCommand = async (options: RunOptions): Promise<number> => {
  const plan = readPlan(options.plan);
  const { shard, by } =
    options.shard === undefined
      ? shardFrom(process.env, options.shards)
      : { shard: parseShard(options.shard), by: null };
  const path = options.out ?? join('runs', `shard-${shard.index}-of-${shard.of}.jsonl`);
  if (options.resume !== true && existsSync(path))
    throw new CommandFault(`sweep: ${path} exists; --resume goes on with it`);
  const quiet = options.json === true;
  const interrupt = interruptible(options.maxSeconds);
  const from = performance.now();
  const pool = poolOf(options.workers);
  const log = logging(quiet);
  const { known, made, cut } = await intoFile(path, (before, keep) =>
    makeShard(plan, shard, options.cells === true, before, pool, keep, interrupt.signal, log),
  ).finally(async () => {
    interrupt.release();
    await pool.close();
  });
  const left = options.cells
    ? nextRuns(plan.protocol, known, cellsOfShard(plan.protocol, shard)).length
    : shareOf(plan.runs, shard).filter((run) => !known.has(idOf(run))).length;
  if (quiet) print(toJson({ schema: 1, shard, by, out: path, made, left, cut }).trimEnd());
  else {
    if (cut > 0) print(cutText(path, cut));
    print(`shard ${shard.index}/${shard.of}${by === null ? '' : ` (${by})`}: ${rate(made, from)}, wrote ${path}`);
  }
  if (left > 0)
    throw new CommandFault(
      `${stopped(interrupt, made, '--resume')}; ${left} runs are left that can be made now`,
      EXIT.incomplete,
    );
  return EXIT.ok;
};

/** `sweep status`: how far a sweep is; exit code 3 until it is complete. */
export const statusCommand = (files: readonly string[], options: Output & { readonly plan: string }): number => {
  const plan = readPlan(options.plan);
  const { known, torn } = knownFrom(files);
  const status = statusOf(plan, known);
  if (options.json) print(toJson({ schema: 1, round: plan.round, ...status, torn }).trimEnd());
  else {
    const { planned, done, missing, runs, diverged, errors, cells, complete, next } = status;
    print(`round ${plan.round}: ${done} of ${planned} runs are done, ${missing} are missing`);
    print(
      `in all: ${runs} runs, ${diverged} diverged, ${errors} refused by the engine; ${complete} of ${cells} cells are complete`,
    );
    for (const path of torn) print(`the last line of ${path} is torn; its run counts as missing`);
    if (missing === 0 && next > 0)
      print(`the next round has ${next} runs: sweep plan --plan ${options.plan}, with the same files`);
  }
  return status.next === 0 ? EXIT.ok : EXIT.incomplete;
};

/** @throws CommandFault with the code of a law that is falsified when one run has two results */
const merged: typeof mergeInto = (out, files) => {
  try {
    return mergeInto(out, files);
  } catch (error) {
    if (!(error instanceof Conflict)) throw error;
    throw new CommandFault(error.message, EXIT.falsified, error);
  }
};

/** `sweep merge`: the union of files. */
export const mergeCommand = (files: readonly string[], options: Output & { readonly out: string }): number => {
  const { runs, repeated, torn } = merged(options.out, files);
  if (options.json) print(toJson({ schema: 1, runs, repeated, torn, out: options.out }).trimEnd());
  else {
    for (const path of torn) print(`the last line of ${path} is torn, and left out`);
    print(
      `wrote ${options.out}: ${runs} runs${repeated > 0 ? `, ${repeated} of them more than once and the same each time` : ''}`,
    );
  }
  return EXIT.ok;
};

interface QueueOptions extends Output {
  readonly redis: string;
}

/** `sweep queue serve`: gives the runs of all rounds to a queue, and keeps what comes back. */
export const serveCommand = async (
  options: QueueOptions & AxisOptions & { readonly plan?: string; readonly out: string; readonly resume?: boolean },
): Promise<number> => {
  const protocol = options.plan === undefined ? await protocolOf(axesOf(options)) : readPlan(options.plan).protocol;
  if (options.resume !== true && existsSync(options.out))
    throw new CommandFault(`sweep: ${options.out} exists; --resume goes on with it`);
  const name = nameOfProtocol(protocol);
  const quiet = options.json === true;
  const interrupt = interruptible();
  const from = performance.now();
  const served = await serveQueue({ url: options.redis, name });
  if (!quiet) print(`workers join with: tautograd sweep queue work --redis ${options.redis} --queue ${name}`);
  const log = logging(quiet);
  let complete = false;
  try {
    const { known, made } = await intoFile(options.out, (before, keep) =>
      sweepInto(protocol, {
        known: before,
        runner: served.runner,
        keep,
        signal: interrupt.signal,
        onProgress: ({ done, total, label }) => log(progressText(null, done, total, label)),
      }),
    );
    complete = nextRuns(protocol, known).length === 0;
    if (quiet) print(toJson({ schema: 1, name, made, complete, out: options.out }).trimEnd());
    else print(`${rate(made, from)}, wrote ${options.out}`);
    if (!complete) throw new CommandFault(stopped(interrupt, made, '--resume'), EXIT.incomplete);
  } finally {
    interrupt.release();
    await served.close(complete);
  }
  return EXIT.ok;
};

/** `sweep queue work`: takes runs from a queue until it is told to end, or nothing came for so many seconds. */
export const workCommand = async (
  options: QueueOptions & {
    readonly queue: string;
    readonly workers?: number;
    readonly idle?: number;
    readonly lock?: number;
  },
): Promise<number> => {
  const { redis: url, queue: name, workers, idle, lock } = options;
  const interrupt = interruptible();
  const pool = poolOf(workers);
  const over = new AbortController();
  let [runs, last] = [0, Date.now()];
  const watch =
    idle === undefined
      ? undefined
      : setInterval(() => {
          if (Date.now() - last > idle * 1000) over.abort();
        }, 200);
  try {
    await workQueue(pool, {
      url,
      name,
      together: Math.max(1, pool.workers),
      ...(lock === undefined ? {} : { lock: lock * 1000 }),
      onRun: () => {
        runs += 1;
        last = Date.now();
      },
      signal: AbortSignal.any([interrupt.signal, over.signal]),
    });
  } finally {
    clearInterval(watch);
    interrupt.release();
    await pool.close();
  }
  if (options.json) print(toJson({ schema: 1, name, runs }).trimEnd());
  else print(`${runs} runs`);
  return EXIT.ok;
};
