// What the sweep reports: one cell per problem, optimizer and initializer, and the paired comparison of two cells.

import { holm, type Paired, pairedRankTest, type Summary, summarise } from '../statistics.ts';
import type { ProblemName } from './problems.ts';
import type { Run } from './run.ts';
import type { Tuned } from './tuning.ts';

/** Median and quartiles of the training loss over the seeds, in nats per sample, one entry per evaluated step. */
export interface Curve {
  readonly steps: readonly number[];
  readonly q1: readonly number[];
  readonly median: readonly number[];
  readonly q3: readonly number[];
}

/** One run as reported; its curve is summed up in that of the cell. */
export type SeedRun = Omit<Run, 'curve'> & { readonly seed: number };

/** The place of a cell in the sweep. */
export interface Place {
  readonly problem: ProblemName;
  readonly optimizer: string;
  readonly initializer: string;
}

/** What one optimizer makes of one initializer on one problem. */
export interface Cell extends Place {
  /** Learning rate per step, chosen on the tuning seeds. */
  readonly lr: number;
  readonly tuning: Omit<Tuned, 'lr'>;
  readonly finalLoss: Summary;
  readonly score: Summary;
  readonly stepsToTarget: Summary;
  /** Runs that reached the target loss. */
  readonly reached: number;
  readonly diverged: number;
  /** Largest over the seeds; exactly 0 where the hidden units never came apart. */
  readonly unitSpread: number;
  readonly runs: readonly SeedRun[];
  readonly curve: Curve;
}

/** Two optimizers from the same starts, by final training loss over the paired seeds. */
export interface Comparison extends Paired {
  readonly problem: ProblemName;
  readonly initializer: string;
  readonly a: string;
  readonly b: string;
  /** p corrected by Holm's method over all valid comparisons of the sweep. */
  readonly pHolm: number;
  /** `lower`: which has the lower loss. `same`: equal on every seed. `invalid`: a rate on the edge of its grid. */
  readonly verdict: 'a lower' | 'b lower' | 'not distinguishable' | 'same' | 'invalid';
}

/** Corrected p-values above are no evidence. */
export const ALPHA = 0.05;

const over = (runs: readonly Run[], of: (run: Run) => number): Summary => summarise(runs.map(of));

const curveOf = (runs: readonly Run[], steps: readonly number[]): Curve => {
  const at = steps.map((_, i) => over(runs, (run) => run.curve[i] ?? Number.NaN));
  return { steps, q1: at.map((s) => s.q1), median: at.map((s) => s.median), q3: at.map((s) => s.q3) };
};

/** Sums up the runs of a cell, one per seed, evaluated at `steps`. */
export const cellOf = (
  place: Place,
  { lr, ...tuning }: Tuned,
  runs: readonly (Run & { readonly seed: number })[],
  steps: readonly number[],
): Cell => ({
  ...place,
  lr,
  tuning,
  finalLoss: over(runs, (run) => run.finalLoss),
  score: over(runs, (run) => run.score),
  stepsToTarget: over(runs, (run) => run.stepsToTarget),
  reached: runs.filter((run) => run.stepsToTarget < Number.POSITIVE_INFINITY).length,
  diverged: runs.filter((run) => run.status === 'diverged').length,
  unitSpread: Math.max(...runs.map((run) => run.unitSpread)),
  runs: runs.map(({ curve: _, ...run }) => run),
  curve: curveOf(runs, steps),
});

const losses = ({ runs }: Cell): readonly number[] => runs.map((run) => run.finalLoss);

const verdictOf = ({ aLower, bLower }: Paired, pHolm: number): Comparison['verdict'] => {
  if (aLower + bLower === 0) return 'same';
  if (pHolm > ALPHA || aLower === bLower) return 'not distinguishable';
  return aLower > bLower ? 'a lower' : 'b lower';
};

/** Every pair of optimizers that met the same problem and initializer. */
export const compareAll = (cells: readonly Cell[]): readonly Comparison[] => {
  const pairs = cells.flatMap((a, i) =>
    cells
      .slice(i + 1)
      .filter((b) => b.problem === a.problem && b.initializer === a.initializer)
      .map((b) => ({ a, b, test: pairedRankTest(losses(a), losses(b)) })),
  );
  const valid = pairs.filter(({ a, b }) => a.tuning.status !== 'edge' && b.tuning.status !== 'edge');
  const corrected = holm(valid.map(({ test }) => test.p));
  return pairs.map((pair) => {
    const { a, b, test } = pair;
    const pHolm = corrected[valid.indexOf(pair)]; // undefined for a pair that is not valid
    const verdict = pHolm === undefined ? 'invalid' : verdictOf(test, pHolm);
    const { problem, initializer } = a;
    return { problem, initializer, a: a.optimizer, b: b.optimizer, ...test, pHolm: pHolm ?? 1, verdict };
  });
};
