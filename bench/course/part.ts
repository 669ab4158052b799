// What a part of the course is: a claim of the lecture, an experiment, and a verdict that its checks make.
import type { Chart } from '../chart.ts';
import { figure } from '../markdown.ts';
import { holm, pairedRankTest } from '../statistics.ts';

/** One criterion, and what was found. */
export interface Check {
  /** What has to be so, with its limit. */
  readonly says: string;
  readonly holds: boolean;
  readonly found: string;
}

/** One number that was measured; `unit` is empty for counts and ratios. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

/** What an experiment measured. */
export interface Findings {
  readonly checks: readonly Check[];
  readonly numbers: readonly Figure[];
  /** The outcome in a sentence or two, with its figures. */
  readonly text: string;
  readonly chart: Chart;
}

export type Verdict = 'holds' | 'does not hold';

export interface Part {
  readonly id: string;
  readonly title: string;
  /** What the lecture says. */
  readonly claim: string;
  readonly source: string;
  /** `say` is told what is being done; what it does changes nothing. */
  readonly run: (say: Say) => Promise<Findings>;
}

export type Say = (text: string) => void;

/** A claim holds when every check does; one without checks would claim nothing. */
export const verdictOf = ({ checks }: Pick<Findings, 'checks'>): Verdict =>
  checks.length > 0 && checks.every((c) => c.holds) ? 'holds' : 'does not hold';

export const check = (says: string, holds: boolean, found: string): Check => ({ says, holds, found });

export const number = (name: string, value: number, unit = ''): Figure => ({ name, value, unit });

/** The seeds of every comparison: the smallest two-sided p of an exact signed-rank test is 2 / 2¹² = 0.0005. */
export const SEEDS: readonly number[] = Array.from({ length: 12 }, (_, i) => i + 1);

/** Of every comparison of a part together, after Holm's correction. */
export const ALPHA = 0.01;

/** Two lists of paired values, of which the first should be the lower one. */
export interface Comparison {
  readonly says: string;
  readonly lower: readonly number[];
  readonly higher: readonly number[];
}

/**
 * Checks by the exact paired rank test: the first is lower in most pairs, with a two-sided p, corrected for the number of
 * comparisons, of at most {@link ALPHA}. Values that are no numbers count as the worst.
 * @source Wilcoxon 1945; Holm 1979
 */
export const compared = (comparisons: readonly Comparison[]): readonly Check[] => {
  const tests = comparisons.map(({ lower, higher }) => pairedRankTest(lower, higher));
  const ps = holm(tests.map((t) => t.p));
  return comparisons.map(({ says }, i) => {
    const { aLower, bLower, ties } = tests[i] as (typeof tests)[number]; // one test per comparison
    const p = ps[i] as number;
    return check(
      `${says} (exact paired rank test, p ≤ ${ALPHA})`,
      aLower > bLower && p <= ALPHA,
      `in ${aLower} of ${aLower + bLower + ties} pairs, p = ${figure(p)}`,
    );
  });
};

/** A value per seed, with time for a progress display to draw between them. */
export const overSeeds = async <R>(
  say: Say,
  seeds: readonly number[],
  f: (seed: number) => R,
): Promise<readonly R[]> => {
  const made: R[] = [];
  for (const seed of seeds) {
    say(`seed ${seed} of ${seeds.length}`);
    await new Promise((resolve) => setImmediate(resolve));
    made.push(f(seed));
  }
  return made;
};

/** Numbers from … to in equal steps, both ends included. */
export const grid = (from: number, to: number, n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => from + ((to - from) * i) / (n - 1));
