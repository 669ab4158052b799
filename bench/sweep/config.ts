// What a run of the sweep is: a plain record, its canonical text, and the name that follows from it.
import { createHash } from 'node:crypto';
import { type OptimizerSpec, toLine } from '../../src/index.ts';

/** What is changed about a problem; whatever is not named is as its row says. */
export interface Variant {
  /** Samples per step. */
  readonly batch?: number | 'full';
  /** Batch normalisation between every hidden dense layer and its activation. */
  readonly batchNorm?: boolean;
  /** Probability of zero behind every hidden activation. */
  readonly dropRate?: number;
  /** Share of half the squared weights in the loss. */
  readonly l2?: number;
  /** Training samples, of those that there are. */
  readonly samples?: number;
}

/** All that decides what a run does. Two runs with the same text are the same run. */
export interface RunConfig {
  readonly schema: 1;
  readonly problem: string;
  /** Digest of what the problem is, so that a run of a changed problem has another name. */
  readonly definition: string;
  /** Without a learning rate. */
  readonly optimizer: OptimizerSpec;
  /** A row of the initializers or of the pre-trainings; `given` where the problem starts by itself. */
  readonly initializer: string;
  /** Per step; what the schedule multiplies. */
  readonly lr: number;
  readonly variant: Variant;
  /** Budget. */
  readonly steps: number;
  readonly seed: number;
}

const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, v]) => [name, ordered(v)]),
  );
};

/**
 * One line for a plain value that does not depend on the order of its keys; numbers that JSON lacks are strings.
 * @source RFC 8785 (JSON canonicalization: keys by UTF-16 code units, numbers as ECMAScript writes them)
 */
export const canonical = (value: unknown): string => toLine(ordered(value)).trimEnd();

/** SHA-256 of some text or bytes, in hex. */
export const digestOf = (...parts: readonly (string | Uint8Array)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
};

/** The name of a run: `r-` and sixteen hex digits of its configuration. */
export const idOf = (config: RunConfig): string => `r-${digestOf(canonical(config)).slice(0, 16)}`;
