// A whole sweep: what it needs, run by run, until nothing is missing.
import { setImmediate } from 'node:timers/promises';
import type { Progress } from '../measure.ts';
import { idOf, type RunConfig } from './config.ts';
import { checkProtocol, labelOf, nextRuns, type Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { runConfig } from './run.ts';

/** Makes runs somewhere, in any order; `done` is told of each. */
export type Runner = (runs: readonly RunConfig[], done: (record: RunRecord) => void) => Promise<void>;

/** In this thread, one after another. */
export const here: Runner = async (runs, done) => {
  for (const run of runs) {
    done(await runConfig(run));
    await setImmediate(); // lets a progress display draw
  }
};

/**
 * Makes what is missing until the sweep is complete; runs that are known are not made again.
 * @throws RangeError, UnknownNameError for a protocol that cannot be run
 */
export const runSweep = async (
  protocol: Protocol,
  {
    known = new Map(),
    runner = here,
    onProgress = () => {},
  }: {
    readonly known?: ReadonlyMap<string, RunRecord>;
    readonly runner?: Runner;
    readonly onProgress?: (progress: Progress) => void;
  } = {},
): Promise<ReadonlyMap<string, RunRecord>> => {
  checkProtocol(protocol);
  const all = new Map(known);
  let [done, total] = [0, 0];
  for (;;) {
    const runs = nextRuns(protocol, all);
    if (runs.length === 0) return all;
    total += runs.length;
    await runner(runs, (record) => {
      all.set(record.id, record);
      done += 1;
      const { problem, initializer, optimizer } = record.config;
      onProgress({ done, total, label: `${problem}, ${initializer}, ${labelOf(optimizer)}` });
    });
    const lost = runs.find((run) => !all.has(idOf(run)));
    if (lost !== undefined)
      throw new Error(`sweep: no record came of ${idOf(lost)} (${lost.problem}, seed ${lost.seed})`);
  }
};
