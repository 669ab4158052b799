// What a run leaves: a record of one line, all of it decided by the configuration but the times.
import { fromJson, toLine } from '../../src/index.ts';
import { canonical, digestOf, type RunConfig } from './config.ts';

/** Why a run counts as diverged, as its first failure has it. `explode`: above 1000·(1 + |first loss|). */
export type Reason = 'nan' | 'infinite' | 'explode';

/** One layer at one step, on a fixed batch in train mode. */
export interface LayerTrace {
  /** Place and name, as `2 relu`. */
  readonly layer: string;
  /** Root mean square of the slope by what the layer receives, over that by the output of the network. */
  readonly ratio: number;
  /** ‖∂loss/∂w‖₂/√n over all n parameters of the layer; null where it has none. */
  readonly gradient: number | null;
  readonly mean: number;
  readonly deviation: number;
  readonly saturated: number | null;
  readonly dead: number | null;
}

export interface Traced {
  readonly step: number;
  readonly layers: readonly LayerTrace[];
}

export interface RunRecord {
  readonly id: string;
  readonly config: RunConfig;
  /** `error`: the engine refused, with its sentence; every figure is then that of a failure. */
  readonly status: 'ok' | 'diverged' | 'error';
  readonly reason?: Reason;
  readonly message?: string;
  /** Of all that was drawn and not chosen: data, batches, uniforms. Runs of one problem and seed share it. */
  readonly streams: string;
  /** Loss on all training samples at every evaluation; +Infinity from divergence on. */
  readonly losses: readonly number[];
  /** Median of the last twentieth of the evaluations. */
  readonly finalLoss: number;
  readonly bestLoss: number;
  /** The first evaluated step whose loss, by the median of three in a row, is at or below the target; or Infinity. */
  readonly stepsToTarget: number;
  /** Gradients computed for a step: more than one for rules that look elsewhere. */
  readonly gradientsPerStep: number;
  /** Loss on the test samples; that on the training samples where there are no others. */
  readonly testLoss: number;
  /** Of the problem's score; the test loss without one. */
  readonly score: number;
  /** Largest difference between two hidden units' weights from one input, biases included; null without hidden units. */
  readonly unitSpread: number | null;
  /** Numbers that the optimizer keeps beside each parameter. */
  readonly slotsPerParameter: number;
  /** At the first evaluation, some between, and the last. */
  readonly traces: readonly Traced[];
  /** Differs from run to run and is part of no result. */
  readonly timing: { readonly seconds: number; readonly secondsToTarget: number };
}

/** What must be the same wherever a run is made. */
export const withoutTiming = ({ timing: _, ...record }: RunRecord): Omit<RunRecord, 'timing'> => record;

/** Digest of the result of a run. */
export const digestOfRecord = (record: RunRecord): string => digestOf(canonical(withoutTiming(record)));

/** One line, ended by a line feed. */
export const lineOf = (record: RunRecord): string => `${toLine(record)}\n`;

/** The records of a text of lines; a last line that is torn is left out, and told. @throws SyntaxError for any other line that is no record */
export const recordsOf = (text: string): { readonly records: readonly RunRecord[]; readonly torn: boolean } => {
  const lines = text.split('\n');
  const last = lines.pop() ?? ''; // what stands behind the last line feed: nothing, or what a writer was stopped in
  const records = lines
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        return fromJson(line) as RunRecord; // written by lineOf; the id is checked against the configuration on merging
      } catch {
        throw new SyntaxError(`records: line ${i + 1} is no record, got "${line.slice(0, 40)}"`);
      }
    });
  return { records, torn: last !== '' };
};
