// Whether the machine is left in peace: on shared hardware a neighbour slows some work by a third and other work not at all.
import { spawnSync } from 'node:child_process';
import { loadedProbe, type Probe } from './limits.ts';
import { awake } from './measure.ts';

/** What turns of a measurement wait for. */
export interface Calm {
  /** Waits until the machine is calm, at most so many ms. */
  readonly wait: (ms: number) => Promise<void>;
  /** Whether it is calm at this moment. */
  readonly now: () => boolean;
}

/** Of the best that the probe has reached so far, below which somebody disturbs: its own noise is a few hundredths. */
const CALM = 0.9;
/** How long the probe is read, in ms. */
const READ = 1;
/** Readings before the first: they find its best, and let it be compiled. */
const FIRST = 50;

/** How quick a probe is, by the clock, in work a ms. */
const paceOf =
  ({ run }: Probe) =>
  (): number => {
    const from = performance.now();
    let done = 0;
    do done += run(TURNS);
    while (performance.now() - from < READ);
    return done / (performance.now() - from);
  };
/** Turns of the probe between two looks at the clock: tens of microseconds. */
const TURNS = 2000;

/**
 * Tells calm by a probe: as long as it reaches nearly its best. It is read on the processor of this thread, so it speaks for
 * work of another process only when both are kept on the same one, see {@link keepOn}. What it reads is independent of what is timed.
 */
export const calmBy = (pace: () => number = paceOf(loadedProbe()), rest: () => Promise<unknown> = awake): Calm => {
  let best = 0;
  const now = (): boolean => {
    const seen = pace();
    best = Math.max(best, seen);
    return seen >= CALM * best;
  };
  for (let i = 0; i < FIRST; i++) now();
  return {
    now,
    wait: async (ms) => {
      const until = performance.now() + ms;
      while (!now() && performance.now() < until) await rest();
    },
  };
};

/** Processors by their numbers, as `taskset` takes them. */
export interface Processors {
  readonly all: string;
  /** The last, as systems tend to work on the first. */
  readonly one: string;
}

/** Those that this process may use; null where threads cannot be kept on one. */
export const processors = (): Processors | null => {
  const { stdout } = spawnSync('taskset', ['-cp', String(process.pid)], { encoding: 'utf8' });
  const [all, one] = /([\d,-]*?(\d+))\s*$/.exec(stdout ?? '')?.slice(1) ?? []; // nothing is said where there is no such command
  return all === undefined || one === undefined ? null : { all, one };
};

/** Keeps the main thread of a process, and threads that it makes from now on, on these processors. */
export const keepOn = (list: string, pid: number): void => {
  spawnSync('taskset', ['-cp', list, String(pid)]);
};

/** Processors, of which this process has kept to one. */
export interface Settled extends Processors {
  readonly free: () => void;
}

/** Keeps this process on one processor, which it has awake while engines take their turns there; null where that cannot be. */
export const settle = (): Settled | null => {
  const where = processors();
  if (where === null) return null;
  keepOn(where.one, process.pid);
  return { ...where, free: () => keepOn(where.all, process.pid) };
};
