// Comparison of timings: against a stored baseline, and of tasks with themselves, which is the noise that no change can hide below.
import { type Machine, machineOf } from './machine.ts';
import { awake, type MeasureOptions, measureRounds, type Samples, type Timed } from './measure.ts';
import { type Interval, median, ratioOfMedians, ratioOfQuantiles } from './statistics.ts';

/** A task as a baseline keeps it: the shortest sample of every round, from which any comparison is made. */
export interface Kept {
  readonly name: string;
  /** Time of one call in ns: the median of the rounds. */
  readonly ns: number;
  /** The shortest sample of each round, in ns. */
  readonly rounds: readonly number[];
  /** The yardstick around each, on its slower side, in ns a call. */
  readonly yardstick: readonly number[];
  /** The shortest time that the yardstick took, in ns a call. */
  readonly best: number;
}

export interface Baseline {
  readonly schema: 2;
  readonly name: string;
  readonly machine: Machine;
  readonly protocol: { readonly timePerTaskMs: number; readonly rounds: number };
  readonly tasks: readonly Kept[];
}

export type Change = 'slower' | 'faster' | 'none';

/** One task, now and before. */
export interface Compared extends Interval {
  readonly name: string;
  readonly beforeNs: number;
  readonly nowNs: number;
  readonly change: Change;
  /** Whether there were too few calm rounds on one of the sides to tell a change. */
  readonly untold: boolean;
  /** Whether a second run, of the tasks that had changed alone, agrees; absent where nothing had changed. */
  readonly confirmed?: boolean;
}

export interface Comparison {
  readonly schema: 1;
  readonly baseline: string;
  readonly threshold: number;
  /** Before the run; that of the baseline is another. */
  readonly machine: Machine;
  readonly before: Machine;
  readonly rows: readonly Compared[];
  /** Tasks that only one of the two sides has. */
  readonly unmatched: readonly string[];
}

/** A task timed as two interleaved copies. */
export interface Noise extends Interval {
  readonly name: string;
  readonly ns: number;
  readonly change: Change;
  readonly untold: boolean;
  readonly confirmed?: boolean;
}

export interface NoiseReport {
  readonly schema: 1;
  readonly threshold: number;
  readonly machine: Machine;
  /** Half of the tasks, and all but a twentieth, have a ratio closer to 1 than this. */
  readonly typical: number;
  readonly floor: number;
  readonly rows: readonly Noise[];
}

export interface GaugeOptions extends Partial<MeasureOptions> {
  /** For tasks of another process: see {@link measureRounds}. */
  readonly shortestSample?: number;
  readonly pause?: () => Promise<unknown>;
  /** What all times are counted in; sums of products unless named. */
  readonly yardstick?: Timed;
}

export interface CompareOptions extends GaugeOptions {
  /** How much a ratio of medians may differ from 1. */
  readonly threshold?: number;
}

export const THRESHOLD = 0.1;
/** Rounds are the independent values of the bootstrap, so there are more of them than a report of medians needs. */
const ROUNDS = 80;
const TIME_PER_TASK = 200;
const LEAST_SAMPLES = 1;
/** Of times, which others can only make longer, the quarter of the calm rounds that was disturbed least tells more than the middle. */
const LOWER = 1 / 4;
/**
 * A neighbour who is always there leaves a core alone for milliseconds at a time. Rounds are calm in which the yardstick took
 * at most so many times its shortest on both sides; they go on until such a share of those asked for are, or there have been so
 * many times as many; below so few nothing is told.
 */
const [CALM, SHARE, MORE, FEW] = [1.1, 1 / 8, 4, 3] as const;
/** In ms: so many rounds are spread over at least this time, as a neighbour comes and goes by the second. */
const SPREAD = 10_000;
/** So many times longer is the second run, which times few tasks. */
const AGAIN = 2;

/** In the nearest cache. */
const YARD = Float64Array.from({ length: 1024 }, (_, i) => 1 / (i + 1));

/**
 * Sums of products with several under way at once, which fill a core as kernels do: where a neighbour takes half of the
 * core, or its clock is slow, the yardstick is as slow as they are. Called as a whole, so that it is compiled as a whole.
 */
const yard = (): number => {
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let i = 0; i < YARD.length; i += 4) {
    a += (YARD[i] as number) * (YARD[i + 1] as number); // in range: a multiple of 4
    b += (YARD[i + 1] as number) * (YARD[i + 2] as number);
    c += (YARD[i + 2] as number) * (YARD[i + 3] as number);
    d += (YARD[i + 3] as number) * (YARD[i] as number);
  }
  return a + b + c + d;
};

const YARDSTICK: Timed = {
  name: 'yardstick',
  time: (calls) => {
    const from = performance.now();
    let sum = 0;
    for (let call = 0; call < calls; call++) sum += yard();
    const took = performance.now() - from;
    if (!Number.isFinite(sum)) throw new RangeError('yardstick: the sum must be a number');
    return took;
  },
};

/** What belongs to the rounds whose yardstick tells calm. */
const inCalm = <V>(values: readonly V[], yardstick: readonly number[], best: number): readonly V[] =>
  values.filter((_, i) => (yardstick[i] ?? Number.POSITIVE_INFINITY) <= CALM * best);

/** Times tasks for a comparison: in many rounds, each turn next to the yardstick. */
const gauge = (
  tasks: readonly Timed[],
  { timePerTask = TIME_PER_TASK, rounds = ROUNDS, ...rest }: GaugeOptions,
): Promise<readonly Samples[]> => {
  const wait = SPREAD / (ROUNDS * tasks.length);
  const count = Math.max(FEW, Math.ceil(SHARE * rounds));
  return measureRounds(tasks, {
    timePerTask,
    rounds,
    leastSamples: LEAST_SAMPLES,
    yardstick: YARDSTICK,
    more: {
      most: MORE * rounds,
      enough: ({ rounds: seen, yardstick, around }) => inCalm(seen, around, Math.min(...yardstick)).length >= count,
    },
    pause: () => awake(wait),
    ...rest,
  });
};

const digits = (v: number): number => Number(v.toPrecision(6));

/** What is kept of a task. Other programs can only make a sample longer, so the shortest of a round is what the task itself takes. */
export const keptOf = (
  name: string,
  { rounds, yardstick, around }: Pick<Samples, 'rounds' | 'yardstick' | 'around'>,
): Kept => {
  const shortest = rounds.map((ns) => digits(Math.min(...ns)));
  const best = digits(Math.min(...yardstick));
  return { name, ns: median(shortest), rounds: shortest, yardstick: around.map(digits), best };
};

const keep = async (tasks: readonly Timed[], options: GaugeOptions): Promise<readonly Kept[]> =>
  (await gauge(tasks, options)).map((samples, i) => keptOf(tasks[i]?.name ?? '', samples)); // one per task

/** A change is one only when the ratio lies beyond the threshold, and the interval wholly beyond half of it. */
export const changeOf = ({ ratio, low, high }: Interval, threshold: number): Change => {
  const [most, sure] = [1 + threshold, 1 + threshold / 2];
  if (ratio > most && low > sure) return 'slower';
  return ratio < 1 / most && high < 1 / sure ? 'faster' : 'none';
};

/** Times the tasks and keeps what a later comparison needs. */
export const takeBaseline = async (
  name: string,
  tasks: readonly Timed[],
  options: GaugeOptions = {},
): Promise<Baseline> => {
  const machine = machineOf(); // before the load that the measurement itself makes
  const kept = await keep(tasks, options);
  const { timePerTask = TIME_PER_TASK, rounds = ROUNDS } = options;
  return { schema: 2, name, machine, protocol: { timePerTaskMs: timePerTask, rounds }, tasks: kept };
};

/** Whether timings of two machines may be compared: the load may differ, the hardware may not. */
export const comparable = (a: Machine, b: Machine): boolean =>
  a.cpu === b.cpu && a.cores === b.cores && a.os.split(' ')[0] === b.os.split(' ')[0];

/** What was kept of the calm rounds; null where there are too few of them. */
const calmOf = ({ rounds, yardstick, best }: Kept): Pick<Kept, 'rounds' | 'yardstick'> | null => {
  const calm = inCalm(rounds, yardstick, best);
  return calm.length < FEW ? null : { rounds: calm, yardstick: inCalm(yardstick, yardstick, best) };
};
/** Times in calls of the yardstick: a machine that is slow now makes both slow. */
const relative = ({ rounds, yardstick }: Pick<Kept, 'rounds' | 'yardstick'>): readonly number[] =>
  rounds.map((ns, i) => ns / (yardstick[i] ?? 1));

/**
 * A task against what was kept of it, by rounds that were calm. A change must show in the times themselves and in those relative
 * to the yardstick: alone, the first would blame a task for a slow machine, and the second for a quick yardstick.
 */
export const judge = (before: Kept, now: Kept, threshold: number): Compared => {
  const [a, b] = [calmOf(before), calmOf(now)];
  const untold = a === null || b === null;
  const [was, is] = untold ? [before, now] : [a, b];
  const plain = ratioOfQuantiles(was.rounds, is.rounds, LOWER);
  const adjusted = ratioOfMedians(relative(was), relative(is));
  // what is claimed is the lesser of the two
  const nearer = Math.abs(Math.log(plain.ratio)) < Math.abs(Math.log(adjusted.ratio)) ? plain : adjusted;
  const agree = plain.ratio > 1 === adjusted.ratio > 1;
  const change = agree && !untold ? changeOf(nearer, threshold) : 'none';
  return { name: now.name, beforeNs: before.ns, nowNs: now.ns, ...nearer, change, untold };
};

const longer = ({ timePerTask = TIME_PER_TASK, rounds = ROUNDS, ...rest }: GaugeOptions): GaugeOptions => ({
  ...rest,
  timePerTask: AGAIN * timePerTask,
  rounds: AGAIN * rounds,
});

/** Judges all, then those that have changed once more from timings of their own; a change must be found both times. */
const confirmed = async <R extends Compared | Noise>(
  first: readonly R[],
  again: (names: readonly string[]) => Promise<readonly R[]>,
): Promise<readonly R[]> => {
  const changed = first.filter((r) => r.change !== 'none').map((r) => r.name);
  if (changed.length === 0) return first;
  const second = new Map((await again(changed)).map((r) => [r.name, r]));
  return first.map((r) => (r.change === 'none' ? r : { ...r, confirmed: second.get(r.name)?.change === r.change }));
};

/** Times the tasks and compares them with a baseline; changes are confirmed by a second run of the tasks that changed. */
export const compareWith = async (
  baseline: Baseline,
  tasks: readonly Timed[],
  { threshold = THRESHOLD, ...options }: CompareOptions = {},
): Promise<Comparison> => {
  const machine = machineOf();
  const before = new Map(baseline.tasks.map((t) => [t.name, t]));
  const known = tasks.filter((t) => before.has(t.name));
  const judged = async (names: readonly string[], how: GaugeOptions): Promise<readonly Compared[]> => {
    const now = await keep(
      known.filter((t) => names.includes(t.name)),
      how,
    );
    return now.flatMap((t) => {
      const was = before.get(t.name);
      return was === undefined ? [] : [judge(was, t, threshold)];
    });
  };
  const names = known.map((t) => t.name);
  return {
    schema: 1,
    baseline: baseline.name,
    threshold,
    machine,
    before: baseline.machine,
    rows: await confirmed(await judged(names, options), (changed) => judged(changed, longer(options))),
    unmatched: [
      ...tasks.map((t) => t.name).filter((n) => !before.has(n)),
      ...[...before.keys()].filter((n) => !tasks.some((t) => t.name === n)),
    ],
  };
};

/** What is a confirmed change for the worse: the reason for a comparison to fail. */
export const regressions = (rows: readonly (Compared | Noise)[]): readonly (Compared | Noise)[] =>
  rows.filter((r) => r.change === 'slower' && r.confirmed === true);

const AA_COPIES = [0, 1] as const;

/** Times every task as two interleaved copies, judged as a comparison would judge them: what is found is noise. */
export const measureNoise = async (
  tasks: readonly Timed[],
  { threshold = THRESHOLD, ...options }: CompareOptions = {},
): Promise<NoiseReport> => {
  const machine = machineOf();
  const judged = async (names: readonly string[], how: GaugeOptions): Promise<readonly Noise[]> => {
    const own = tasks.filter((t) => names.includes(t.name));
    const kept = await keep(
      own.flatMap((t) => AA_COPIES.map(() => t)),
      how,
    );
    return own.flatMap(({ name }, i) => {
      const [a, b] = [kept[2 * i], kept[2 * i + 1]];
      if (a === undefined || b === undefined) return [];
      const { beforeNs: ns, nowNs: _, ...row } = judge(a, b, threshold);
      return [{ ...row, name, ns }];
    });
  };
  const all = tasks.map((t) => t.name);
  const rows = await confirmed(await judged(all, options), (changed) => judged(changed, longer(options)));
  const far = rows.map((r) => Math.max(r.ratio, 1 / r.ratio) - 1).sort((a, b) => a - b);
  const upTo = (share: number): number => far[Math.max(0, Math.ceil(share * far.length) - 1)] ?? Number.NaN;
  return { schema: 1, threshold, machine, typical: upTo(0.5), floor: upTo(0.95), rows };
};

/** Keeps the core busy for so long, in ms. */
const spin = (ms: number): void => {
  const from = performance.now();
  while (performance.now() - from < ms);
};

/**
 * A task that takes longer by a factor of at least 1, to try out whether a comparison finds it: it does so many more of its
 * own calls, and spins for what is less than one of them, so that its samples stay as short as they were.
 */
export const slowed = (task: Timed, factor: number): Timed => ({
  ...task,
  time: async (calls) => {
    const done = Math.floor(calls * factor);
    const took = await task.time(done);
    const rest = (took / done) * (calls * factor - done);
    spin(rest);
    return took + rest;
  },
});
