// A whole sweep: what it needs, run by run, until nothing is missing.
import { setImmediate } from 'node:timers/promises';
import type { Progress } from '../measure.ts';
import { idOf, type RunConfig } from './config.ts';
import { checkProtocol, labelOf, nextRuns, type Outcome, type Place, type Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { runConfig } from './run.ts';

/**
 * Makes runs somewhere, in any order, and tells `done` of each; when `signal` says so it begins no more of them, and
 * returns once those under way are told of.
 */
export type Runner = (
  runs: readonly RunConfig[],
  done: (record: RunRecord) => void,
  signal?: AbortSignal,
) => Promise<void>;

/** In this thread, one after another. */
export const here: Runner = async (runs, done, signal) => {
  for (const run of runs) {
    if (signal?.aborted) return;
    done(await runConfig(run));
    await setImmediate(); // lets a progress display draw, and a signal in
  }
};

export interface SweepOptions<R extends Outcome> {
  /** Runs that are not made again. */
  readonly known?: ReadonlyMap<string, R>;
  /** Cells that are made here; all unless named. */
  readonly mine?: (place: Place) => boolean;
  readonly runner?: Runner;
  /** Takes a record away, to a file perhaps, and says what of it stays in memory. */
  readonly keep: (record: RunRecord) => R;
  readonly signal?: AbortSignal;
  /** The total grows with every round, since what is tuned decides what comes next. */
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Makes what is missing until the sweep is complete, or the signal ends it early.
 * @throws DomainError, UnknownNameError for a protocol that cannot be run
 */
export const sweepInto = async <R extends Outcome>(
  protocol: Protocol,
  { known = new Map(), mine, runner = here, keep, signal, onProgress = () => {} }: SweepOptions<R>,
): Promise<ReadonlyMap<string, R>> => {
  checkProtocol(protocol);
  const all = new Map(known);
  let [done, total] = [0, 0];
  for (;;) {
    const runs = nextRuns(protocol, all, mine);
    if (runs.length === 0) return all;
    total += runs.length;
    await runner(
      runs,
      (record) => {
        all.set(record.id, keep(record));
        done += 1;
        const { problem, initializer, optimizer } = record.config;
        onProgress({ done, total, label: `${problem}, ${initializer}, ${labelOf(optimizer)}` });
      },
      signal,
    );
    if (signal?.aborted) return all;
    const lost = runs.find((run) => !all.has(idOf(run)));
    if (lost !== undefined)
      throw new Error(`sweep: no record came of ${idOf(lost)} (${lost.problem}, seed ${lost.seed})`);
  }
};

/** A sweep whose records all stay in memory. @throws as {@link sweepInto} */
export const runSweep = (
  protocol: Protocol,
  options: Omit<SweepOptions<RunRecord>, 'keep'> = {},
): Promise<ReadonlyMap<string, RunRecord>> => sweepInto(protocol, { ...options, keep: (record) => record });
