// What a law over the harness is, the harness that it is asked of, and the bounds that judge it.
import type { OptimizerSpec } from '../../../src/index.ts';
import type { RunConfig, Variant } from '../config.ts';
import { GIVEN } from '../problem.ts';
import type { cellsOf } from '../protocol.ts';
import type { RunRecord } from '../record.ts';
import type { runSweep } from '../sweep.ts';
import type { Trial } from '../trial/pass.ts';

/** The functions of a sweep, so that a faulty one can be put in place of any. */
export interface Harness {
  readonly run: (config: RunConfig) => Promise<RunRecord>;
  readonly trial: (name: string, seed: number, steps: number, variant?: Variant) => Trial | Promise<Trial>;
  readonly cells: typeof cellsOf<RunRecord>;
  readonly sweep: typeof runSweep;
}

export interface Finding {
  readonly ok: boolean;
  /** Largest observed ÷ allowed deviation; 1 is at the bound. */
  readonly margin: number;
  /** What was seen, in numbers. */
  readonly detail: string;
}

export interface InstrumentRow {
  readonly id: string;
  readonly says: string;
  readonly source: string;
  readonly check: (harness: Harness) => Promise<Finding>;
}

/** A finding by its margin. */
export const found = (margin: number, detail: string): Finding => ({ ok: margin <= 1, margin, detail });

/** A finding of a law that holds exactly or not at all. */
export const exact = (failures: readonly string[], detail: string): Finding =>
  failures.length === 0
    ? { ok: true, margin: 0, detail }
    : { ok: false, margin: Number.POSITIVE_INFINITY, detail: failures.slice(0, 3).join('; ') };

/** Largest of some margins; NaN is the largest of all. */
export const worst = (margins: readonly number[]): number =>
  margins.reduce((a, b) => (Number.isNaN(b) || b > a ? (Number.isNaN(b) ? Number.POSITIVE_INFINITY : b) : a), 0);

/** A run of a problem as it is, from the start that it has itself unless an initializer is named. */
export const configOf = (
  problem: string,
  optimizer: OptimizerSpec,
  lr: number,
  steps: number,
  { seed = 0, initializer = GIVEN, variant = {} }: Partial<Pick<RunConfig, 'seed' | 'initializer' | 'variant'>> = {},
): RunConfig => ({ schema: 1, problem, definition: '', optimizer, initializer, lr, variant, steps, seed });

/** n roundings in sequence, relative. @source Higham 2002, §3.1 */
export const gamma = (n: number): number => (n * 2 ** -53) / (1 - n * 2 ** -53);

/** Largest probability that a statistical law rejects a sound harness. */
export const ALPHA = 5e-13;

/** Surprise allowed on either side when so many numbers are looked at: −ln of the chance that each may use up. */
export const surprise = (looks: number): number => Math.log((2 * looks) / ALPHA);
