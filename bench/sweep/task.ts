// A problem with a variant as it is reported: its facts, its name, and the two losses that a score is counted from.
import type { OptimizerSpec } from '../../src/index.ts';
import { gapOf } from '../statistics/effort.ts';
import type { Variant } from './config.ts';
import { GIVEN } from './problem.ts';
import { problemRow } from './problems/index.ts';
import { labelOf, type Protocol, placesOf } from './protocol.ts';
import { trialOf } from './trial.ts';

/** A problem with a variant, as plain data. */
export interface Task {
  /** Unlike that of any other task of the sweep. */
  readonly name: string;
  readonly problem: string;
  readonly variant: Variant;
  readonly kind: 'network' | 'function';
  readonly doc: string;
  readonly source: string;
  readonly tags: readonly string[];
  readonly unit: string;
  readonly steps: number;
  /** Loss that counts as solved, and that a score of 1 stands for. */
  readonly target: number;
  /** Null where nobody knows the least loss. */
  readonly floor: number | null;
  readonly floorHow: string | null;
  readonly batch: number | 'full' | null;
  readonly score: { readonly name: string; readonly better: 'higher' | 'lower' } | null;
  /** Nothing is drawn: one run is the truth. */
  readonly fixed: boolean;
  /** Loss that a score of 0 stands for: of a network of zeros, or of a function at its start. Who takes part does not change it. */
  readonly start: number;
}

/** A variant in a few words; empty for a problem as it is. */
export const variantText = ({ batch, batchNorm, dropRate, l2, samples }: Variant): string =>
  [
    ...(batch === undefined ? [] : [batch === 'full' ? 'full batch' : `batch ${batch}`]),
    ...(batchNorm === undefined ? [] : [batchNorm ? 'batch norm' : 'no batch norm']),
    ...(dropRate === undefined ? [] : [`dropRate ${dropRate}`]),
    ...(l2 === undefined ? [] : [`l2 ${l2}`]),
    ...(samples === undefined ? [] : [`${samples} samples`]),
  ].join(', ');

/** Texts that are all different: a second of the same gets a number. */
const distinct = (texts: readonly string[]): readonly string[] =>
  texts.map((text, i) => {
    const before = texts.slice(0, i).filter((t) => t === text).length;
    return before === 0 ? text : `${text} #${before + 1}`;
  });

/** What the optimizers of a protocol are called, in their order, no two alike. */
export const labelsOf = (optimizers: readonly OptimizerSpec[]): readonly string[] => distinct(optimizers.map(labelOf));

const taskOf = async (problem: string, variant: Variant, steps: number, protocol: Protocol): Promise<Task> => {
  const row = problemRow(problem);
  const [seed = 0, [optimizer]] = [protocol.seeds[0], protocol.optimizers];
  const trial = await trialOf(problem, row, variant, seed, 1);
  const start = trial.begin(optimizer ?? { name: '' }, row.kind === 'network' ? 'zeros' : GIVEN, 0.1).loss();
  const words = variantText(variant);
  return {
    name: words === '' ? problem : `${problem} (${words})`,
    problem,
    variant,
    kind: row.kind,
    doc: row.doc,
    source: row.source,
    tags: row.tags,
    unit: row.unit,
    steps,
    target: row.target,
    floor: row.floor?.value ?? null,
    floorHow: row.floor?.how ?? null,
    batch: row.kind === 'network' ? (variant.batch ?? row.batch) : null,
    score:
      row.kind === 'network' && row.score !== undefined ? { name: row.score.name, better: row.score.better } : null,
    fixed: row.kind === 'function' && row.fixed === true,
    start,
  };
};

/** The tasks of a protocol, in its order. @throws UnknownNameError for a problem that does not exist */
export const tasksOf = async (protocol: Protocol): Promise<readonly Task[]> => {
  const places = placesOf(protocol);
  const first = places.filter(
    ({ problem, variant }, i) => places.findIndex((p) => p.problem === problem && p.variant === variant) === i,
  );
  const tasks: Task[] = [];
  for (const { problem, variant } of first) {
    const steps = protocol.problems.find(({ name }) => name === problem)?.steps ?? 0;
    tasks.push(await taskOf(problem, variant, steps, protocol));
  }
  const names = distinct(tasks.map(({ name }) => name));
  return tasks.map((task, i) => ({ ...task, name: names[i] ?? task.name }));
};

/**
 * A loss as a score by the logarithm of its gap, so that runs are in the same order by both: 0 at the start, 1 at the target, more
 * below it, −Infinity for a failure; null where the start counts as solved.
 */
export const scoreOf = ({ start, target, floor }: Task, loss: number): number | null => {
  const [from, to] = [start, target].map((l) => Math.log10(gapOf(l, floor))) as [number, number]; // two
  return from > to ? (from - Math.log10(gapOf(loss, floor))) / (from - to) : null;
};
