// `tautograd bench` with a question: how large the noise is, what has changed since a baseline, what an adapter reaches.
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { settle } from '../../bench/calm.ts';
import {
  type Baseline,
  comparable,
  compareWith,
  measureNoise,
  regressions,
  slowed,
  takeBaseline,
} from '../../bench/compare.ts';
import { PATIENCE, runDuel } from '../../bench/duel.ts';
import { kernelTasks } from '../../bench/kernels.ts';
import { type Timed, timedHere } from '../../bench/measure.ts';
import { programTasks } from '../../bench/programs.ts';
import { REFERENCE } from '../../bench/reference.ts';
import { adapterCommand, PeerFault, type Remote, startBeside } from '../../bench/remote.ts';
import { type BenchReports, renderComparison, renderDuel, renderNoise, renderScaling } from '../../bench/render.ts';
import { compiled, runScaling } from '../../bench/scaling.ts';
import { inputsOf, WORKLOADS, type Workload } from '../../bench/workloads.ts';
import { fromJson, OP_NAMES, toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { namesOf } from './load.ts';
import { type BenchOptions, benchCommand, counting, finish, keeping, type Mutable } from './reports.ts';
import { print, type Stage, stages } from './show.ts';
import { writeText } from './write.ts';

export interface GaugeOptions extends BenchOptions {
  readonly rounds?: number;
  readonly aa?: boolean;
  readonly saveBaseline?: string;
  readonly baseline?: string;
  /** A share of 1. */
  readonly threshold?: number;
  /** An adapter module of the benchmark: its workloads are timed in place of the built-in operations. */
  readonly port?: string;
  readonly scaling?: boolean;
  /** The largest value of every axis of the scaling. */
  readonly most?: number;
  /** Tasks to slow down, as `matmul medium=1.15`: to try out a comparison. */
  readonly inject?: string;
}

const NAME = /^\w[\w.-]*$/;

const baselineFile = (name: string, out = 'reports'): string => {
  if (!NAME.test(name))
    throw new CommandFault(`bench: a baseline is named by letters, digits, dots and dashes, got "${name}"`);
  return join(out, 'bench', 'baselines', `${name}.json`);
};

/** @throws CommandFault when there is no such file, or it is no baseline */
const loadBaseline = (path: string): Baseline => {
  if (!existsSync(path)) throw new CommandFault(`bench: there is no file ${path}; --save-baseline writes one`);
  let value: Partial<Baseline> | null;
  try {
    value = fromJson(readFileSync(path, 'utf8')) as typeof value; // checked field by field below
  } catch (error) {
    throw new CommandFault(`bench: ${path} is not JSON`, EXIT.usage, error);
  }
  if (
    value?.schema !== 2 ||
    typeof value.name !== 'string' ||
    !Array.isArray(value.tasks) ||
    value.machine === undefined
  )
    throw new CommandFault(`bench: ${path} is no baseline: it needs schema 2, name, machine and tasks`);
  return value as Baseline;
};

/** Tasks with those slowed down that a text names. @throws CommandFault */
const injected = (tasks: readonly Timed[], text: string | undefined): readonly Timed[] => {
  if (text === undefined) return tasks;
  const [name = '', factor = Number.NaN] = text.split('=').map((part, i) => (i === 0 ? part : Number(part))) as [
    string?,
    number?,
  ]; // the first part is the name
  if (!(factor >= 1) || !tasks.some((t) => t.name === name))
    throw new CommandFault(
      `bench: --inject must be a task and a factor of at least 1, as "matmul medium=1.15", got "${text}"`,
    );
  return tasks.map((t) => (t.name === name ? slowed(t, factor) : t));
};

/** What is timed, and how it is let go. */
interface Gauged {
  readonly tasks: readonly Timed[];
  readonly close: () => Promise<void>;
  /** What tasks of another process need: longer samples. */
  readonly options?: { readonly shortestSample: number };
}

/** Every kernel at its sizes and every program; operations alone where a filter names some. */
const ownTasks = async ({ filter }: GaugeOptions): Promise<Gauged> => {
  const chosen = namesOf('bench', 'operation', OP_NAMES, filter);
  const tasks = [...kernelTasks((op) => chosen.includes(op)), ...(filter === undefined ? await programTasks() : [])];
  return { tasks: tasks.map(timedHere), close: async () => {} };
};

const adapterAt = (path: string): string => {
  if (!existsSync(path)) throw new CommandFault(`bench: there is no file ${path}`);
  return path;
};

const workloadsOf = (filter: string | undefined): readonly Workload[] => {
  const ids = WORKLOADS.map((w) => w.id);
  const chosen = namesOf('bench', 'workload', ids, filter);
  return WORKLOADS.filter((w) => chosen.includes(w.id));
};

/** In ms: a sample of another process is much longer than the way there and back. */
const REMOTE_SAMPLE = 5;

/** The workloads that an adapter can do, each in a process of its own, so that all can have their turn in every round. */
const portTasks = async (path: string, filter: string | undefined): Promise<Gauged> => {
  const command = adapterCommand(adapterAt(path));
  const where = settle();
  const open: Remote[] = [];
  const close = async (): Promise<void> => {
    where?.free();
    for (const remote of open) await remote.close();
  };
  const tasks: Timed[] = [];
  try {
    for (const { id, kind, sizes } of workloadsOf(filter)) {
      const remote = await startBeside(where, command);
      open.push(remote);
      if (await remote.prepare(kind, sizes, inputsOf(kind, sizes))) tasks.push({ name: id, time: remote.time });
    }
  } catch (error) {
    await close();
    throw peerFault(path, error);
  }
  return { tasks, close, options: { shortestSample: REMOTE_SAMPLE } };
};

const peerFault = (path: string, error: unknown): unknown =>
  error instanceof PeerFault ? new CommandFault(`bench: ${path}: ${error.message}`, EXIT.port, error) : error;

/** Times what the options name, and lets it go. */
const gauged = async <R>(
  options: GaugeOptions,
  say: (text: string) => void,
  act: (tasks: readonly Timed[], how: ReturnType<typeof measureOptions>) => Promise<R>,
): Promise<R> => {
  const { port, filter, inject } = options;
  const own = port === undefined ? await ownTasks(options) : await portTasks(port, filter);
  try {
    return await act(injected(own.tasks, inject), { ...measureOptions(options, say), ...own.options });
  } finally {
    await own.close();
  }
};

const measureOptions = ({ time, rounds, threshold }: GaugeOptions, say: (text: string) => void) => ({
  onProgress: counting(say),
  ...(time === undefined ? {} : { timePerTask: time }),
  ...(rounds === undefined ? {} : { rounds }),
  ...(threshold === undefined ? {} : { threshold }),
});

/** Two copies of everything: what differs is noise. */
const noiseCommand = async (options: GaugeOptions): Promise<number> => {
  const made: Mutable<BenchReports> = {};
  const stage: Stage = keeping(
    'the same twice',
    (say) => gauged(options, say, (tasks, how) => measureNoise(tasks, how)),
    (noise) => {
      made.noise = noise;
    },
    ({ rows }) => `${rows.length} tasks`,
  );
  await stages([stage], options.json === true);
  await finish(made, options, made.noise === undefined ? '' : renderNoise(made.noise));
  return regressions(made.noise?.rows ?? []).length > 0 ? EXIT.falsified : EXIT.ok;
};

const saveCommand = async (name: string, options: GaugeOptions): Promise<number> => {
  const path = baselineFile(name, options.out);
  const made: { baseline?: Baseline } = {};
  const stage: Stage = keeping(
    'baseline',
    (say) => gauged(options, say, (tasks, how) => takeBaseline(name, tasks, how)),
    (baseline) => {
      made.baseline = baseline;
    },
    ({ tasks }) => `${tasks.length} tasks`,
  );
  await stages([stage], options.json === true);
  writeText(path, toJson(made.baseline));
  print(options.json === true ? toJson(made.baseline).trimEnd() : `wrote ${path}`);
  return EXIT.ok;
};

const compareCommand = async (name: string, options: GaugeOptions): Promise<number> => {
  const baseline = loadBaseline(baselineFile(name, options.out));
  const made: Mutable<BenchReports> = {};
  const stage: Stage = keeping(
    `against ${name}`,
    (say) => gauged(options, say, (tasks, how) => compareWith(baseline, tasks, how)),
    (comparison) => {
      made.comparison = comparison;
    },
    ({ rows }) => `${rows.length} tasks`,
  );
  await stages([stage], options.json === true);
  const { comparison } = made;
  if (comparison !== undefined && !comparable(comparison.machine, comparison.before))
    throw new CommandFault(
      `bench: the baseline ${name} was taken on ${comparison.before.cpu} with ${comparison.before.cores} cores, which is not this machine`,
    );
  // beside the baselines a report is written only where one says so
  await finish(made, options, comparison === undefined ? '' : renderComparison(comparison));
  return regressions(comparison?.rows ?? []).length > 0 ? EXIT.falsified : EXIT.ok;
};

/** The workloads on an adapter, checked against the eager engine and timed beside it. */
const portCommand = async (path: string, options: GaugeOptions): Promise<number> => {
  const made: Mutable<BenchReports> = {};
  const contender = {
    name: basename(path).replace(/\.[cm]?[jt]s$/, ''),
    language: 'JavaScript',
    command: adapterCommand(adapterAt(path)),
    ours: false,
  } as const;
  const workloads = workloadsOf(options.filter);
  const { time, rounds } = options;
  const stage: Stage = keeping(
    'workloads',
    (say) =>
      runDuel([REFERENCE, contender], REFERENCE, {
        workloads,
        patience: PATIENCE,
        onProgress: counting(say),
        ...(time === undefined ? {} : { timePerTask: time }),
        ...(rounds === undefined ? {} : { rounds }),
      }),
    (duel) => {
      made.duel = duel;
    },
    ({ rows }) => `${rows.filter((r) => r.outcome === 'timed').length} timings`,
  );
  await stages([stage], options.json === true);
  const { duel } = made;
  const [why] = duel?.missing ?? [];
  if (why !== undefined) throw new CommandFault(`bench: ${path}: ${why.why}`, EXIT.port);
  await finish(made, options, duel === undefined ? '' : renderDuel(duel));
  return duel?.rows.some((r) => r.outcome !== 'timed') === true ? EXIT.falsified : EXIT.ok;
};

const scalingCommand = async (options: GaugeOptions): Promise<number> => {
  const made: Mutable<BenchReports> = {};
  const { most } = options;
  const stage: Stage = keeping(
    'scaling',
    (say) => runScaling(compiled, { ...measureOptions(options, say), ...(most === undefined ? {} : { most }) }),
    (scaling) => {
      made.scaling = scaling;
    },
    ({ points }) => `${points.length} timings`,
  );
  await stages([stage], options.json === true);
  return finish(made, options, made.scaling === undefined ? '' : renderScaling(made.scaling));
};

/** `bench`, whatever is asked. @throws CommandFault for questions that exclude each other */
export const anyBenchCommand = async (options: GaugeOptions, command?: readonly string[]): Promise<number> => {
  const asked = [
    ...(options.aa === true ? ['--aa'] : []),
    ...(options.saveBaseline === undefined ? [] : ['--save-baseline']),
    ...(options.baseline === undefined ? [] : ['--baseline']),
    ...(options.scaling === true ? ['--scaling'] : []),
    ...(command === undefined ? [] : ['a command behind --']),
  ];
  if (asked.length > 1) throw new CommandFault(`bench: one question at a time, got ${asked.join(' and ')}`);
  if (options.aa === true) return noiseCommand(options);
  if (options.saveBaseline !== undefined) return saveCommand(options.saveBaseline, options);
  if (options.baseline !== undefined) return compareCommand(options.baseline, options);
  if (options.scaling === true) return scalingCommand(options);
  if (options.port !== undefined && command === undefined) return portCommand(options.port, options);
  return benchCommand(options, command);
};
