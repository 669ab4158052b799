// `tautograd bench` with a question: how large the noise is, what has changed since a baseline, what an adapter reaches.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Baseline,
  comparable,
  compareWith,
  measureNoise,
  regressions,
  slowed,
  takeBaseline,
} from '../../bench/compare.ts';
import { kernelTasks } from '../../bench/kernels.ts';
import { type Timed, timedHere } from '../../bench/measure.ts';
import { programTasks } from '../../bench/programs.ts';
import { type BenchReports, renderComparison, renderNoise } from '../../bench/render.ts';
import { fromJson, OP_NAMES, toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { namesOf, writeText } from './load.ts';
import { type BenchOptions, benchCommand, counting, finish, keeping, type Mutable } from './reports.ts';
import { print, type Stage, stages } from './show.ts';

export interface GaugeOptions extends BenchOptions {
  readonly rounds?: number;
  readonly aa?: boolean;
  readonly saveBaseline?: string;
  readonly baseline?: string;
  /** A share of 1. */
  readonly threshold?: number;
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
    value?.schema !== 1 ||
    typeof value.name !== 'string' ||
    !Array.isArray(value.tasks) ||
    value.machine === undefined
  )
    throw new CommandFault(`bench: ${path} is no baseline: it needs schema 1, name, machine and tasks`);
  return value as Baseline;
};

/** Tasks with those slowed down that a text names. @throws CommandFault */
const injected = (tasks: readonly Timed[], text: string | undefined): readonly Timed[] => {
  if (text === undefined) return tasks;
  const [name = '', factor = Number.NaN] = text.split('=').map((part, i) => (i === 0 ? part : Number(part))) as [
    string?,
    number?,
  ]; // the first part is the name
  if (!(factor > 0) || !tasks.some((t) => t.name === name))
    throw new CommandFault(`bench: --inject must be a task and a factor, as "matmul medium=1.15", got "${text}"`);
  return tasks.map((t) => (t.name === name ? slowed(t, factor) : t));
};

/** Every kernel at its sizes and every program; operations alone where a filter names some. */
const ownTasks = ({ filter, inject }: GaugeOptions): readonly Timed[] => {
  const chosen = namesOf('bench', 'operation', OP_NAMES, filter);
  const tasks = [...kernelTasks((op) => chosen.includes(op)), ...(filter === undefined ? programTasks() : [])];
  return injected(tasks.map(timedHere), inject);
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
    (say) => measureNoise(ownTasks(options), measureOptions(options, say)),
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
    (say) => takeBaseline(name, ownTasks(options), measureOptions(options, say)),
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
    (say) => compareWith(baseline, ownTasks(options), measureOptions(options, say)),
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

/** `bench`, whatever is asked. @throws CommandFault for questions that exclude each other */
export const anyBenchCommand = async (options: GaugeOptions, command?: readonly string[]): Promise<number> => {
  const asked = [
    ...(options.aa === true ? ['--aa'] : []),
    ...(options.saveBaseline === undefined ? [] : ['--save-baseline']),
    ...(options.baseline === undefined ? [] : ['--baseline']),
    ...(command === undefined ? [] : ['a command behind --']),
  ];
  if (asked.length > 1) throw new CommandFault(`bench: one question at a time, got ${asked.join(' and ')}`);
  if (options.aa === true) return noiseCommand(options);
  if (options.saveBaseline !== undefined) return saveCommand(options.saveBaseline, options);
  if (options.baseline !== undefined) return compareCommand(options.baseline, options);
  return benchCommand(options, command);
};
