// Many tasks together: which pairs of optimizer and initializer end lowest, how sure that is, and who changes whose place.
import { bootstrap, type Estimate, interquartileMean, meanOfMedians } from '../statistics/bootstrap.ts';
import { reachedBy } from '../statistics/effort.ts';
import { ALPHA, improvement, type Wins, winner, winOf } from '../statistics/evidence.ts';
import {
  type Costs,
  leaveOneOut,
  meanRanks,
  orderOf,
  profileOf,
  profileScores,
  ratiosOf,
  type Swap,
} from '../statistics/profile.ts';
import { median, pairedRankTest } from '../statistics.ts';
import type { Cell } from './cell.ts';
import { type Axis, gapsOf, ratioOf, type Verdict } from './compare.ts';
import { scoreOf, type Task } from './task.ts';

/** Two of an axis over all tasks; problems count the same. */
export interface Duel {
  readonly a: string;
  readonly b: string;
  /** Pairs of cells that say something, of all there are. */
  readonly valid: number;
  readonly pairs: number;
  readonly verdict: Verdict;
  /** That a ends lower for a seed of a problem. Null without valid pairs. */
  readonly probability: Estimate | null;
  /** Of the signed-rank test over all seeds of all problems, corrected for all pairs of names; 1 where nothing is drawn. */
  readonly p: number;
  /** Gap of b over that of a: the geometric mean over the tasks of the middle seed. */
  readonly ratio: Estimate | null;
}

/** A step of a curve. */
interface Place {
  readonly x: number;
  readonly share: number;
}

/** Optimizers, or initializers, over all tasks and all of the other. */
export interface AxisReport {
  readonly axis: Axis;
  readonly names: readonly string[];
  readonly duels: readonly Duel[];
  /** Instances that profiles are made of, a task with one of the other axis each, and how many there are. */
  readonly instances: number;
  readonly allInstances: number;
  readonly profiles: readonly {
    readonly name: string;
    readonly points: readonly Place[];
    readonly score: number;
    /** Against {@link reference}: does not change when others join. */
    readonly fixedScore: number;
    readonly meanRank: number;
  }[];
  readonly reference: string;
  readonly swaps: readonly Swap[];
  /** Share of all runs that reached their target within a share of their budget. */
  readonly reached: readonly { readonly name: string; readonly runs: number; readonly points: readonly Place[] }[];
}

/** A pair of optimizer and initializer over all tasks. */
export interface Standing {
  readonly optimizer: string;
  readonly initializer: string;
  /** `invalid` and `undecided`: on one task at least, which is named. */
  readonly state: 'ranked' | 'invalid' | 'undecided';
  readonly where: readonly string[];
  /** Interquartile mean over tasks and seeds; null where it is undecided, or no task has a score. */
  readonly score: Estimate | null;
  readonly runs: number;
  readonly failed: number;
  /** Among those that are ranked. */
  readonly meanRank: number | null;
  readonly profileScore: number | null;
  /** The best of the ranked against this one; null for itself, and for what is not ranked. */
  readonly against: Omit<Duel, 'valid' | 'pairs' | 'a' | 'b'> | null;
}

/** Tasks that have the same initializers, with one budget. */
export interface Group {
  readonly kind: 'network' | 'function';
  readonly budget: number | null;
  readonly tasks: readonly string[];
  /** The ranked from the highest score down, then the others. */
  readonly standings: readonly Standing[];
  readonly axes: readonly AxisReport[];
}

interface Unit {
  readonly task: Task;
  /** One or more pairs of cells, which share their seeds. */
  readonly pairs: readonly (readonly [a: Cell, b: Cell])[];
}

/** a against b over tasks; of several pairs of a task every seed counts with their mean, and p is that of one of so many duels. */
const duelOf = (units: readonly Unit[], duels: number): Pick<Duel, 'verdict' | 'probability' | 'p' | 'ratio'> => {
  const strata = units.map(({ task, pairs }) => {
    const seeds = pairs[0]?.[0].runs ?? [];
    const at = pairs.map(([a, b]) => [gapsOf(a), gapsOf(b)] as const);
    const each = (of: (a: number, b: number) => number): readonly (readonly number[])[] =>
      seeds.map((_, i) => at.map(([a, b]) => of(a[i] as number, b[i] as number))); // cells of a task have the same seeds
    const wins = each(winOf).map((values) => values.reduce((s, v) => s + v / values.length, 0));
    return {
      wins: { wins: wins.map((w) => Math.min(1, w)), certain: task.fixed } satisfies Wins, // a sum of shares may exceed 1 by an ulp
      logs: each((a, b) => Math.log10(ratioOf(a, b))).map(median),
    };
  });
  const probability = improvement(strata.map((s) => s.wins));
  const { estimate, low, high } = bootstrap(
    strata.map((s) => s.logs),
    meanOfMedians,
    'percentile',
  );
  const drawn = strata.flatMap(({ wins, logs }) => (wins.certain ? [] : logs));
  const nothing = drawn.map(() => 0);
  const p = drawn.length === 0 ? 1 : Math.min(1, duels * pairedRankTest(nothing, drawn).p);
  const won = drawn.length === 0 || p <= ALPHA ? winner(probability) : null;
  const same = strata.every(({ wins }) => wins.wins.every((w) => w === 1 / 2));
  return {
    verdict: won !== null ? `${won} lower` : same ? 'same' : 'not distinguishable',
    probability,
    p,
    ratio: { estimate: 10 ** estimate, low: 10 ** low, high: 10 ** high },
  };
};

const combinations = (n: number): number => Math.max(1, (n * (n - 1)) / 2);

/** Finds a cell of a group. */
type Find = (task: string, optimizer: string, initializer: string) => Cell | undefined;

const standingsOf = (
  tasks: readonly Task[],
  optimizers: readonly string[],
  initializers: readonly string[],
  find: Find,
): readonly Standing[] => {
  const pairs = initializers.flatMap((initializer) =>
    optimizers.map((optimizer) => {
      const cells = tasks.flatMap((task) => find(task.name, optimizer, initializer) ?? []);
      const in_ = (state: Cell['state']): readonly string[] =>
        cells.filter((cell) => cell.state === state).map(({ task }) => task);
      const [undecided, invalid] = [in_('undecided'), in_('invalid')];
      const state = undecided.length > 0 ? 'undecided' : invalid.length > 0 ? 'invalid' : 'ranked';
      const strata = tasks.flatMap((task, i) => {
        const scores = cells[i]?.runs.map(({ finalLoss }) => scoreOf(task, finalLoss)) ?? [];
        return scores.length === 0 || scores.includes(null) ? [] : [scores.map(Number)];
      });
      return {
        name: `${optimizer} ${initializer}`,
        optimizer,
        initializer,
        cells,
        state,
        where: state === 'undecided' ? undecided : invalid,
        score: state === 'undecided' || strata.length === 0 ? null : bootstrap(strata, interquartileMean, 'bca'),
        runs: cells.reduce((n, { runs }) => n + runs.length, 0),
        failed: cells.reduce((n, { runs }) => n + runs.filter(({ status }) => status !== 'ok').length, 0),
      } as const;
    }),
  );
  const heightOf = ({ score }: (typeof pairs)[number]): number => score?.estimate ?? Number.NEGATIVE_INFINITY;
  const byScore = (some: typeof pairs): typeof pairs =>
    some.toSorted((a, b) => (heightOf(a) === heightOf(b) ? 0 : heightOf(b) - heightOf(a)));
  const ranked = byScore(pairs.filter(({ state }) => state === 'ranked'));
  const gaps: Costs = Object.fromEntries(ranked.map(({ name, cells }) => [name, cells.flatMap(gapsOf)]));
  const costs: Costs = Object.fromEntries(
    ranked.map(({ name, cells }) => [name, cells.map((c) => c.metrics?.expectedGradients ?? Number.NaN)]),
  );
  const [rankOf, profileScore] = [meanRanks(gaps), profileScores(costs)];
  const [best] = ranked;
  const others = byScore(pairs.filter(({ state }) => state !== 'ranked'));
  return [...ranked, ...others].map(({ name, cells, ...standing }): Standing => {
    const own = standing.state === 'ranked';
    const rival = own && best !== undefined && best.name !== name ? best : undefined;
    return {
      ...standing,
      meanRank: rankOf[name] ?? null,
      profileScore: profileScore[name] ?? null,
      against:
        rival === undefined
          ? null
          : duelOf(
              tasks.map((task, i) => ({ task, pairs: [[rival.cells[i] as Cell, cells[i] as Cell]] })), // ranked: all are known
              combinations(ranked.length), // the best is chosen by the same runs, so all pairs count
            ),
    };
  });
};

const axisOf = (
  axis: Axis,
  names: readonly string[],
  others: readonly string[],
  tasks: readonly Task[],
  find: (task: string, name: string, other: string) => Cell | undefined,
): AxisReport => {
  const duels = names.flatMap((a, i) =>
    names.slice(i + 1).map((b): Duel => {
      const units = tasks.map((task) => ({
        task,
        pairs: others.flatMap((other): readonly (readonly [Cell, Cell])[] => {
          const [x, y] = [find(task.name, a, other), find(task.name, b, other)];
          return x === undefined || y === undefined ? [] : [[x, y]];
        }),
      }));
      const valid = units.flatMap(({ task, pairs }): readonly Unit[] => {
        const some = pairs.filter((pair) => pair.every((cell) => cell.state === 'complete'));
        return some.length === 0 ? [] : [{ task, pairs: some }];
      });
      const count = (some: readonly Unit[]): number => some.reduce((n, { pairs }) => n + pairs.length, 0);
      const counts = { a, b, valid: count(valid), pairs: count(units) };
      if (valid.length === 0) {
        const undecided = units.some(({ pairs }) => pairs.some((pair) => pair.some((c) => c.state === 'undecided')));
        return { ...counts, verdict: undecided ? 'undecided' : 'invalid', probability: null, p: 1, ratio: null };
      }
      return { ...counts, ...duelOf(valid, combinations(names.length)) };
    }),
  );
  const instances = tasks.flatMap((task) => others.map((other) => names.map((name) => find(task.name, name, other))));
  const valid = instances.filter((cells) => cells.every((cell) => cell?.state === 'complete'));
  const costs: Costs = Object.fromEntries(
    names.map((name, j) => [name, valid.map((cells) => cells[j]?.metrics?.expectedGradients ?? Number.NaN)]),
  );
  const gaps: Costs = Object.fromEntries(
    names.map((name, j) => [name, valid.flatMap((cells) => gapsOf(cells[j] as Cell))]),
  ); // valid: all are known
  const reference = names[0] ?? '';
  const [ratios, scores, fixed, rank] = [
    ratiosOf(costs),
    profileScores(costs),
    profileScores(costs, reference),
    meanRanks(gaps),
  ];
  const budgetOf = new Map(tasks.map(({ name, steps }) => [name, steps]));
  return {
    axis,
    names,
    duels,
    instances: valid.length,
    allInstances: instances.length,
    profiles:
      valid.length === 0
        ? []
        : orderOf(scores).map((name) => ({
            name,
            points: profileOf(ratios[name] ?? []).map(({ tau, share }) => ({ x: tau, share })),
            score: scores[name] ?? Number.NaN,
            fixedScore: fixed[name] ?? Number.NaN,
            meanRank: rank[name] ?? Number.NaN,
          })),
    reference,
    swaps: valid.length === 0 ? [] : leaveOneOut(costs),
    reached: names.map((name, j) => {
      const steps = instances.flatMap((cells) => {
        const cell = cells[j];
        return cell?.runs.map(({ stepsToTarget }) => stepsToTarget / (budgetOf.get(cell.task) ?? Number.NaN)) ?? [];
      });
      return { name, runs: steps.length, points: reachedBy(steps).map(({ step, share }) => ({ x: step, share })) };
    }),
  };
};

/** What is said of all tasks of a kind together, one group per kind and budget. */
export const groupsOf = (
  tasks: readonly Task[],
  cells: readonly Cell[],
  budgets: readonly (number | null)[],
): readonly Group[] =>
  budgets.flatMap((budget) =>
    (['network', 'function'] as const).flatMap((kind): readonly Group[] => {
      const own = tasks.filter((task) => task.kind === kind);
      if (own.length === 0) return [];
      const names = new Set(own.map(({ name }) => name));
      const some = cells.filter((cell) => cell.budget === budget && names.has(cell.task));
      const [optimizers, initializers] = [
        [...new Set(some.map(({ optimizer }) => optimizer))],
        [...new Set(some.map(({ initializer }) => initializer))],
      ];
      const table = new Map(some.map((cell) => [JSON.stringify([cell.task, cell.optimizer, cell.initializer]), cell]));
      const find: Find = (...place) => table.get(JSON.stringify(place));
      return [
        {
          kind,
          budget,
          tasks: [...names],
          standings: standingsOf(own, optimizers, initializers, find),
          axes: [
            ...(optimizers.length > 1 ? [axisOf('optimizer', optimizers, initializers, own, find)] : []),
            ...(initializers.length > 1
              ? [axisOf('initializer', initializers, optimizers, own, (task, name, other) => find(task, other, name))]
              : []),
          ],
        },
      ];
    }),
  );
