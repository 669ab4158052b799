// The timing loop: tasks interleaved in rounds, short tasks in batches, samples pooled, robust statistics.
import { setImmediate } from 'node:timers/promises';
import { Bench } from 'tinybench';
import type { Tensor } from '../src/index.ts';
import { median, medianAbsoluteDeviation } from './statistics.ts';

/** Something to time; `run` returns a tensor, so that no work can be optimised away. */
export interface Task {
  readonly name: string;
  readonly run: () => Tensor;
}

/** Times of one call in nanoseconds. */
export interface Timing {
  readonly medianNs: number;
  /** Median distance from the median, not scaled. */
  readonly madNs: number;
  /** Samples pooled over all rounds. */
  readonly samples: number;
  /** Calls that make one sample. */
  readonly callsPerSample: number;
}

/** What has been done so far, for a progress display. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly label: string;
}

export interface MeasureOptions {
  /** Time for each task over all rounds, in ms; warm-up comes on top. */
  readonly timePerTask: number;
  readonly rounds?: number;
  readonly onProgress?: (progress: Progress) => void;
}

/** A sample shorter than this, in ms, would measure the clock. */
const SHORTEST_SAMPLE = 0.02;
/** Samples every task gets in a round, however slow. */
const LEAST_SAMPLES = 4;

/** Reads one element of the result, so that the call cannot be left out. */
const consume = (t: Tensor): void => {
  if (t.view.length > 0 && t.view[0] === undefined) throw new RangeError('measure: a result has no first element');
};

/** Runs a task `calls` times; the time of all, in ms. */
const timeCalls = (run: () => Tensor, calls: number): number => {
  const from = performance.now();
  let last = run();
  for (let i = 1; i < calls; i++) last = run();
  const took = performance.now() - from;
  consume(last);
  return took;
};

/** Calls per sample that fill {@link SHORTEST_SAMPLE}; doubles until they do, which warms the task up as well. */
const callsFor = (run: () => Tensor, warmUp: number): number => {
  let calls = 1;
  const from = performance.now();
  for (;;) {
    const took = timeCalls(run, calls);
    if (took < SHORTEST_SAMPLE) calls *= 2;
    else if (performance.now() - from >= warmUp) return calls;
    else if (took > 4 * SHORTEST_SAMPLE && calls > 1) calls /= 2; // the JIT has caught up
  }
};

/** One round of one task: samples in ms per call. */
const roundOf = ({ name, run }: Task, calls: number, time: number): readonly number[] => {
  const bench = new Bench({ time, iterations: LEAST_SAMPLES, warmup: false, retainSamples: true, throws: true });
  bench.add(name, () => {
    const took = timeCalls(run, calls);
    return { overriddenDuration: took / calls, overriddenIterationCost: took };
  });
  const [task] = bench.runSync();
  const result = task?.result;
  if (result?.state !== 'completed') throw new Error(`measure: the task "${name}" must complete, got ${result?.state}`);
  return result.latency.samples ?? [];
};

/**
 * Times every task. All are warmed up before any is timed, so that each meets the same, fully shared state of the JIT;
 * then each has its turn in every round, so that a disturbance of the machine is spread over all tasks.
 */
export const measureAll = async (
  tasks: readonly Task[],
  { timePerTask, rounds = 3, onProgress = () => {} }: MeasureOptions,
): Promise<readonly Timing[]> => {
  const total = tasks.length * (rounds + 1);
  const eachTask = async <R>(part: number, label: string, act: (task: Task, i: number) => R): Promise<readonly R[]> => {
    const results: R[] = [];
    for (const [i, task] of tasks.entries()) {
      results.push(act(task, i));
      onProgress({ done: part * tasks.length + i + 1, total, label: `${label}: ${task.name}` });
      await setImmediate(); // lets a progress display draw
    }
    return results;
  };
  const calls = await eachTask(0, 'warm-up', ({ run }) => callsFor(run, timePerTask / 5));
  const pooled: (readonly number[])[] = tasks.map(() => []);
  for (let round = 1; round <= rounds; round++) {
    const samples = await eachTask(round, `round ${round} of ${rounds}`, (task, i) =>
      roundOf(task, calls[i] ?? 1, timePerTask / rounds),
    );
    samples.forEach((s, i) => {
      pooled[i] = [...(pooled[i] ?? []), ...s];
    });
  }
  return pooled.map((ms, i) => {
    const ns = ms.map((v) => v * 1e6);
    return {
      medianNs: median(ns),
      madNs: medianAbsoluteDeviation(ns),
      samples: ns.length,
      callsPerSample: calls[i] ?? 1,
    };
  });
};
