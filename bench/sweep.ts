// The sweep: problems × optimizers × initializers × seeds, paired, tuned on other seeds than it reports.
import { setImmediate } from 'node:timers/promises';
import { optimizerRow } from '../src/index.ts';
import { ALPHA, type Cell, type Comparison, cellOf, compareAll, type Place } from './cell.ts';
import type { Progress } from './measure.ts';
import { PROBLEM_NAMES, PROBLEMS, type Problem, type ProblemName } from './problems.ts';
import { evaluationSteps, type Run, runTrial, type Trial, trialOf } from './run.ts';
import { factorOf, MOST_EXTRA, RUNGS, tune } from './tuning.ts';

/** A problem as the sweep meets it. */
export interface SweepProblem extends Pick<Problem, 'doc' | 'source' | 'batch' | 'steps' | 'target'> {
  readonly name: ProblemName;
  readonly evaluateEvery: number;
  readonly score: string;
  readonly better: Problem['score']['better'];
}

export interface SweepReport {
  readonly schema: 1;
  readonly protocol: {
    readonly seeds: readonly number[];
    readonly tuningSeeds: readonly number[];
    readonly optimizers: readonly string[];
    readonly initializers: readonly string[];
    /** Multiples of each optimizer's own default rate. */
    readonly rateFactors: readonly number[];
    /** Rates that may be added on either side. */
    readonly extraRates: number;
    readonly alpha: number;
    readonly problems: readonly SweepProblem[];
  };
  readonly cells: readonly Cell[];
  readonly comparisons: readonly Comparison[];
}

export interface SweepOptions {
  readonly seeds?: readonly number[];
  /** Disjoint from `seeds`, or the tuned rate would be judged on what it was chosen for. */
  readonly tuningSeeds?: readonly number[];
  readonly optimizers?: readonly string[];
  readonly initializers?: readonly string[];
  readonly problems?: readonly ProblemName[];
  /** Cuts the budget of every problem to so many steps, for a trial of the sweep itself. */
  readonly mostSteps?: number;
  readonly onProgress?: (progress: Progress) => void;
}

const EVALUATIONS = 40;

const taskOf = (name: ProblemName, mostSteps: number): SweepProblem => {
  const { doc, source, batch, steps: budget, target, score }: Problem = PROBLEMS[name];
  const steps = Math.min(budget, mostSteps);
  const evaluateEvery = Math.max(1, Math.ceil(steps / EVALUATIONS));
  return { name, doc, source, batch, steps, target, evaluateEvery, score: score.name, better: score.better };
};

/** @throws RangeError when a seed is both tuned and reported on, or none is given */
const checkSeeds = (seeds: readonly number[], tuningSeeds: readonly number[]): void => {
  const both = seeds.find((seed) => tuningSeeds.includes(seed));
  if (both !== undefined) throw new RangeError(`sweep: no seed may be tuned and reported on, got ${both} in both`);
  if (seeds.length === 0 || tuningSeeds.length === 0)
    throw new RangeError(`sweep: seeds are needed, got ${seeds.length} to report and ${tuningSeeds.length} to tune`);
};

type SeededTrial = Trial & { readonly seed: number };

/** Tunes one cell on its tuning trials, then runs it on the others; `tick` is called after every run. */
const runCell = async (
  place: Place,
  { steps, evaluateEvery }: SweepProblem,
  trials: { readonly tuning: readonly SeededTrial[]; readonly reporting: readonly SeededTrial[] },
  tick: () => Promise<void>,
): Promise<Cell> => {
  const runAll = async (some: readonly SeededTrial[], lr: number, every: number) => {
    const runs: (Run & { readonly seed: number })[] = [];
    for (const { seed, ...trial } of some) {
      runs.push({ seed, ...runTrial(PROBLEMS[place.problem], trial, { ...place, lr }, every) });
      await tick();
    }
    return runs;
  };
  const defaultLr = optimizerRow(place.optimizer).hyper.lr;
  if (defaultLr === undefined) throw new RangeError(`sweep: the optimizer "${place.optimizer}" has no lr to tune`);
  // tuning looks at the end of a run only
  const tuned = await tune(defaultLr, async (lr) =>
    (await runAll(trials.tuning, lr, steps)).map((run) => run.finalLoss),
  );
  const runs = await runAll(trials.reporting, tuned.lr, evaluateEvery);
  return cellOf(place, tuned, runs, evaluationSteps(steps, evaluateEvery));
};

const range = (from: number, n: number): readonly number[] => Array.from({ length: n }, (_, i) => from + i);

/**
 * Runs the sweep. The report is a function of the options and of nothing else: no date, no duration, no machine.
 * @throws RangeError when a seed is both tuned and reported on, or none is given
 */
export const runSweep = async ({
  seeds = range(1, 10),
  tuningSeeds = range(1001, 3),
  optimizers = ['sgd', 'adam'],
  initializers = ['zeros', 'xavierUniform', 'heNormal'],
  problems = PROBLEM_NAMES,
  mostSteps = Number.POSITIVE_INFINITY,
  onProgress = () => {},
}: SweepOptions = {}): Promise<SweepReport> => {
  checkSeeds(seeds, tuningSeeds);
  const perCell = RUNGS.length * tuningSeeds.length + seeds.length;
  let total = problems.length * initializers.length * optimizers.length * perCell;
  let done = 0;
  const tasks = problems.map((name) => taskOf(name, mostSteps));
  const cells: Cell[] = [];
  for (const task of tasks) {
    const { name, steps } = task;
    const trialsOf = (some: readonly number[]) =>
      some.map((seed) => ({ seed, ...trialOf(name, PROBLEMS[name], seed, steps) }));
    const trials = { tuning: trialsOf(tuningSeeds), reporting: trialsOf(seeds) };
    for (const initializer of initializers)
      for (const optimizer of optimizers) {
        const tick = async (): Promise<void> => {
          done += 1;
          total = Math.max(total, done); // a grid may be extended
          onProgress({ done, total, label: `${name}, ${initializer}, ${optimizer}` });
          await setImmediate(); // lets a progress display draw
        };
        cells.push(await runCell({ problem: name, optimizer, initializer }, task, trials, tick));
      }
  }
  return {
    schema: 1,
    protocol: {
      seeds,
      tuningSeeds,
      optimizers,
      initializers,
      rateFactors: RUNGS.map(factorOf),
      extraRates: MOST_EXTRA,
      alpha: ALPHA,
      problems: tasks,
    },
    cells,
    comparisons: compareAll(cells),
  };
};
