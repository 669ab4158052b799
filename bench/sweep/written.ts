// What is written of a sweep, as plain data: its summary, its trajectories, the checks of the harness, and known results.
import type { SweepSummary } from './summary.ts';
import type { Trajectory } from './trajectory.ts';

/** A law of the harness itself, in a sentence. */
export interface Check {
  readonly id: string;
  readonly holds: boolean;
  readonly text: string;
}

/** A result that is known from elsewhere, and what this sweep saw of it. */
export interface Known {
  readonly id: string;
  readonly claim: string;
  readonly source: string;
  readonly verdict: string;
  readonly text: string;
}

/** A sweep as it is reported; plain data. */
export interface SweepReport {
  readonly schema: 1;
  readonly summary: SweepSummary;
  readonly trajectories: readonly Trajectory[];
  readonly checks: readonly Check[];
  readonly known: readonly Known[];
}
