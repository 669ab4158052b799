// The timing loop: tasks interleaved in rounds, short tasks in batches, samples pooled, robust statistics.
import { setImmediate } from 'node:timers/promises';
import { Bench } from 'tinybench';
import type { Tensor } from '../src/index.ts';
import type { Calm } from './calm.ts';
import { median, medianAbsoluteDeviation } from './statistics.ts';

/** Something to time; `run` returns a tensor, so that no work can be optimised away. */
export interface Task {
  readonly name: string;
  readonly run: () => Tensor;
}

/** Something that times itself, here or in another process: the time of so many calls, in ms. */
export interface Timed {
  readonly name: string;
  readonly time: (calls: number) => number | Promise<number>;
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

/** All that was seen of one task. */
export interface Samples {
  readonly callsPerSample: number;
  /** Times of one call in ns, by round. */
  readonly rounds: readonly (readonly number[])[];
  /** The shortest time of one call of the yardstick next to each of the rounds, in ns; empty without a yardstick. */
  readonly yardstick: readonly number[];
  /** The longer of the shortest times of the yardstick before and after each of the rounds: short only where both sides were calm. */
  readonly around: readonly number[];
  /** Which of the rounds others disturbed to the end; empty unless that was watched. */
  readonly disturbed: readonly boolean[];
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

export interface RoundOptions extends MeasureOptions {
  /** Time of every task before its first turn, in ms; a fifth of its time unless named. */
  readonly warmUp?: number;
  /** A sample shorter than this, in ms, would measure the clock, or the way to another process. */
  readonly shortestSample?: number;
  /** Samples every task gets in a round, however slow. */
  readonly leastSamples?: number;
  /** Timed before and after every turn of every task: what the machine gives at that moment. */
  readonly yardstick?: Timed;
  /** A task that has taken longer than this, in ms over all its turns, has no further turn. */
  readonly mostPerTask?: number;
  /** Turns wait for calm, and those in which it ends are done again, for at most so many ms each. */
  readonly calm?: { readonly by: Calm; readonly patience: number };
  /** Rounds go on for tasks of which not enough has been seen, up to so many. */
  readonly more?: { readonly most: number; readonly enough: (seen: Samples) => boolean };
  /** Done before every turn, as to let another process come to rest; it should keep the core {@link awake}. */
  readonly pause?: () => Promise<unknown>;
}

/** The clock is read in steps of less than a microsecond. */
const SHORTEST_SAMPLE = 0.02;
const LEAST_SAMPLES = 4;
/** Most samples of the yardstick on either side of a turn. */
const YARDSTICK_SAMPLES = 25;
/** Calls of a yardstick before its first: on a busy machine the compiler is late. */
const YARDSTICK_WARM_UP = 100_000;

/** Lets so many ms go by, and others of this process work, without letting the core sleep: one that wakes is slow for some ms. */
export const awake = async (ms = 0): Promise<void> => {
  const until = performance.now() + ms;
  do await setImmediate();
  while (performance.now() < until);
};

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

/** A task of this process as something that times itself. */
export const timedHere = ({ name, run }: Task): Timed => ({ name, time: (calls) => timeCalls(run, calls) });

/** How a task is sampled: its calls, and how long they took at last, in ms. */
interface Sampling {
  readonly calls: number;
  readonly took: number;
}

/** Calls per sample that fill the shortest sample; doubles until they do, which warms the task up as well. */
const samplingOf = async ({ time }: Timed, warmUp: number, shortest: number): Promise<Sampling> => {
  let calls = 1;
  const from = performance.now();
  for (;;) {
    const took = await time(calls);
    if (took < shortest) calls *= 2;
    else if (performance.now() - from >= warmUp) return { calls, took };
    else if (took > 4 * shortest && calls > 1) calls /= 2; // the JIT has caught up
  }
};

/** The sampling of a yardstick that has been called often, by the shortest of a few samples. */
const settled = async (yardstick: Timed): Promise<Sampling> => {
  await yardstick.time(YARDSTICK_WARM_UP);
  const { calls } = await samplingOf(yardstick, 0, SHORTEST_SAMPLE);
  let took = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 4 * YARDSTICK_SAMPLES; i++) took = Math.min(took, await yardstick.time(calls));
  return { calls, took };
};

/** One turn of one task: samples in ms per call. */
const turnOf = async (
  { name, time }: Timed,
  calls: number,
  ms: number,
  leastSamples: number,
): Promise<readonly number[]> => {
  const bench = new Bench({ time: ms, iterations: leastSamples, warmup: false, retainSamples: true, throws: true });
  const sample = async () => {
    const took = await time(calls);
    return { overriddenDuration: took / calls, overriddenIterationCost: took };
  };
  bench.add(name, sample, { async: true });
  const [task] = await bench.run();
  const result = task?.result;
  if (result?.state !== 'completed') throw new Error(`measure: the task "${name}" must complete, got ${result?.state}`);
  return result.latency.samples ?? [];
};

interface Turn {
  /** In ms a call. */
  readonly samples: readonly number[];
  /** In ms, all samples together. */
  readonly took: number;
  readonly disturbed: boolean;
}

/** A turn in calm: after a wait, and again where it was disturbed, until the patience is at its end. */
const inCalm = async (calm: RoundOptions['calm'], act: () => Promise<readonly number[]>): Promise<Turn> => {
  const until = performance.now() + (calm?.patience ?? 0);
  for (;;) {
    await calm?.by.wait(until - performance.now());
    const from = performance.now();
    const samples = await act();
    const took = performance.now() - from;
    const disturbed = calm?.by.now() === false;
    if (!disturbed || performance.now() >= until) return { samples, took, disturbed };
  }
};

/**
 * Times every task. All are warmed up before any is timed, so that each meets the same, fully shared state of the JIT;
 * then each has its turn in every round, so that a disturbance of the machine is spread over all tasks. The order turns
 * round from one round to the next, so that none always comes first.
 */
export const measureRounds = async (
  tasks: readonly Timed[],
  {
    timePerTask,
    warmUp = timePerTask / 5,
    rounds = 3,
    onProgress = () => {},
    shortestSample = SHORTEST_SAMPLE,
    leastSamples = LEAST_SAMPLES,
    yardstick,
    mostPerTask = Number.POSITIVE_INFINITY,
    pause = awake, // lets a progress display draw
    calm,
    more = { most: rounds, enough: () => true },
  }: RoundOptions,
): Promise<readonly Samples[]> => {
  const total = tasks.length * (rounds + 1);
  let done = 0;
  const tell = (label: string, { name }: Timed): void =>
    onProgress({ done: ++done, total, label: `${label}: ${name}` });
  const sampling: Sampling[] = [];
  for (const task of tasks) {
    await pause();
    sampling.push(await samplingOf(task, warmUp, shortestSample));
    tell('warm-up', task);
  }
  const own = yardstick === undefined ? null : await settled(yardstick);
  /** As long and about as many as the samples of the task, so that whoever else wants the core disturbs both alike. */
  const yard = async ({ took }: Sampling): Promise<readonly number[]> => {
    if (yardstick === undefined || own === null) return [];
    const calls = Math.max(1, Math.round((own.calls * Math.max(took, SHORTEST_SAMPLE)) / own.took));
    const samples = Math.min(YARDSTICK_SAMPLES, Math.max(1, Math.round(timePerTask / rounds / took / 2)));
    const seen: number[] = [];
    for (let i = 0; i < samples; i++) seen.push(((await yardstick.time(calls)) / calls) * 1e6);
    return seen;
  };
  const spent = tasks.map(() => 0);
  const all = sampling.map(({ calls }) => ({
    callsPerSample: calls,
    rounds: [] as (readonly number[])[],
    yardstick: [] as number[],
    around: [] as number[],
    disturbed: [] as boolean[],
  }));
  const isDone = (i: number): boolean => more.enough(all[i] as Samples); // one per task
  for (let round = 1; round <= more.most; round++) {
    const order = [...tasks.entries()].filter(([i]) => round <= rounds || !isDone(i));
    if (order.length === 0) break;
    for (const [i, task] of round % 2 === 0 ? order.reverse() : order) {
      if ((spent[i] ?? 0) > mostPerTask) continue;
      await pause();
      const [how, kept] = [sampling[i], all[i]];
      if (how === undefined || kept === undefined) continue; // there is one of each per task
      const before = await yard(how);
      const turn = await inCalm(calm, () => turnOf(task, how.calls, timePerTask / rounds, leastSamples));
      kept.rounds.push(turn.samples.map((v) => v * 1e6));
      if (yardstick !== undefined) {
        const [least, then] = [Math.min(...before), Math.min(...(await yard(how)))];
        kept.yardstick.push(Math.min(least, then));
        kept.around.push(Math.max(least, then));
      }
      if (calm !== undefined) kept.disturbed.push(turn.disturbed);
      spent[i] = (spent[i] ?? 0) + turn.took;
      if (round <= rounds) tell(`round ${round} of ${rounds}`, task);
    }
  }
  return all;
};

/** Undisturbed rounds below which all are taken: fewer would be no more than an anecdote. */
const FEW = 3;
/** What was seen in calm, where there were enough rounds of it; otherwise all. */
export const calmOf = (samples: Samples): Samples => {
  const { rounds, yardstick, around, disturbed } = samples;
  const kept = <V>(values: readonly V[]): readonly V[] => values.filter((_, i) => disturbed[i] !== true);
  return kept(rounds).length < Math.min(FEW, rounds.length)
    ? samples
    : {
        ...samples,
        rounds: kept(rounds),
        yardstick: kept(yardstick),
        around: kept(around),
        disturbed: kept(disturbed),
      };
};

/** The samples of all rounds pooled. */
export const timingOf = ({ rounds, callsPerSample }: Samples): Timing => {
  const ns = rounds.flat();
  return { medianNs: median(ns), madNs: medianAbsoluteDeviation(ns), samples: ns.length, callsPerSample };
};

/** Times every task of this process; see {@link measureRounds}. */
export const measureAll = async (tasks: readonly Task[], options: MeasureOptions): Promise<readonly Timing[]> =>
  (await measureRounds(tasks.map(timedHere), options)).map(timingOf);
