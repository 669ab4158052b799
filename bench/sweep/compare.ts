// Cells of one task side by side: pairs that differ in one thing only, over the same seeds.
import type { Estimate } from '../statistics/bootstrap.ts';
import {
  ALPHA,
  equivalence,
  improvement,
  type MedianInterval,
  medianInterval,
  winner,
  winOf,
} from '../statistics/evidence.ts';
import { holm, type Paired, pairedRankTest } from '../statistics.ts';
import type { Cell } from './cell.ts';
import type { Task } from './task.ts';

/**
 * `lower`: which has the lower final loss. `equivalent`: shown to differ by less than the margin. `same`: equal on every seed.
 * `invalid`: a rate on the edge of its grid. `undecided`: runs are missing.
 */
export type Verdict = 'a lower' | 'b lower' | 'equivalent' | 'not distinguishable' | 'same' | 'invalid' | 'undecided';

/** What two cells differ in. */
export type Axis = 'optimizer' | 'initializer';

/** Two cells of a task that differ in one thing. */
export interface Comparison {
  readonly axis: Axis;
  readonly task: string;
  readonly budget: number | null;
  /** What they share: the initializer of two optimizers, the optimizer of two initializers. */
  readonly at: string;
  readonly a: string;
  readonly b: string;
  readonly verdict: Verdict;
  /** Nothing is drawn: the verdict is by the value alone. */
  readonly certain: boolean;
  /** What follows from the paired seeds; null while runs are missing. */
  readonly paired:
    | (Paired & {
        /** Corrected by Holm's method over all valid comparisons of this axis. */
        readonly pHolm: number;
        readonly pEquivalent: number;
        /** That a ends lower. */
        readonly probability: Estimate;
        /** Gap of b over that of a: above 1 where a is lower. */
        readonly ratio: MedianInterval;
      })
    | null;
}

/** b ÷ a, 1 where they are equal, infinities included. */
export const ratioOf = (a: number, b: number): number => (a === b ? 1 : b / a);

export const gapsOf = ({ runs }: Cell): readonly number[] => runs.map(({ gap }) => gap);

interface Pair {
  readonly axis: Axis;
  readonly at: string;
  readonly a: Cell;
  readonly b: Cell;
}

const pairsOf = (cells: readonly Cell[]): readonly Pair[] =>
  cells.flatMap((a, i) =>
    cells.slice(i + 1).flatMap((b): readonly Pair[] => {
      if (a.budget !== b.budget || (a.optimizer === b.optimizer) === (a.initializer === b.initializer)) return [];
      const axis = a.optimizer === b.optimizer ? 'initializer' : 'optimizer';
      return [{ axis, at: axis === 'optimizer' ? a.initializer : a.optimizer, a, b }];
    }),
  );

const complete = ({ a, b }: Pair): boolean => a.state === 'complete' && b.state === 'complete';

const verdictOf = (pair: Pair, certain: boolean, paired: Comparison['paired']): Verdict => {
  if (paired === null) return 'undecided';
  if (!complete(pair)) return 'invalid';
  const { aLower, bLower, pHolm, pEquivalent, probability } = paired;
  if (aLower + bLower === 0) return 'same';
  if (certain) return aLower > 0 ? 'a lower' : 'b lower';
  const won = pHolm <= ALPHA ? winner(probability) : null;
  if (won !== null) return `${won} lower`;
  return pEquivalent <= ALPHA ? 'equivalent' : 'not distinguishable';
};

/** Every pair of cells of a task that differ in the optimizer or in the initializer alone; the correction is over all tasks. */
export const compareAll = (tasks: readonly Task[], cells: readonly Cell[]): readonly Comparison[] => {
  const pairs = tasks.flatMap((task) => {
    const own = cells.filter((cell) => cell.task === task.name);
    return pairsOf(own).map((pair) => {
      const known = pair.a.state !== 'undecided' && pair.b.state !== 'undecided';
      return {
        task,
        pair,
        test: known ? pairedRankTest(gapsOf(pair.a), gapsOf(pair.b)) : null,
      };
    });
  });
  const corrected = new Map<Pair, number>();
  for (const axis of ['optimizer', 'initializer'] as const) {
    const tested = pairs.filter(
      ({ task, pair, test }) => !task.fixed && pair.axis === axis && test !== null && complete(pair),
    );
    const ps = holm(tested.map(({ test }) => test?.p ?? 1));
    for (const [i, { pair }] of tested.entries()) corrected.set(pair, ps[i] ?? 1);
  }
  return pairs.map(({ task, pair, test }): Comparison => {
    const { axis, at, a, b } = pair;
    const [x, y] = [gapsOf(a), gapsOf(b)];
    const paired =
      test === null
        ? null
        : {
            ...test,
            pHolm: corrected.get(pair) ?? 1,
            pEquivalent: [...x, ...y].some((gap) => gap <= 0) ? 1 : equivalence(x, y),
            probability: improvement([{ wins: x.map((v, i) => winOf(v, y[i] as number)), certain: task.fixed }]), // paired
            ratio: medianInterval(x.map((v, i) => ratioOf(v, y[i] as number))),
          };
    return {
      axis,
      task: task.name,
      budget: a.budget,
      at,
      a: a[axis],
      b: b[axis],
      verdict: verdictOf(pair, task.fixed, paired),
      certain: task.fixed,
      paired,
    };
  });
};
