// The instrument is checked first: exact theory, and the rules of a fair comparison, as laws over the harness itself.
import type { Progress } from '../measure.ts';
import type { Variant } from './config.ts';
import { convergenceRows } from './instrument/convergence.ts';
import { fairnessRows } from './instrument/fairness.ts';
import type { Finding, Harness, InstrumentRow } from './instrument/row.ts';
import { sameBitsRows } from './instrument/same.ts';
import { startRows } from './instrument/starts.ts';
import { problemRow } from './problems/index.ts';
import { cellsOf } from './protocol.ts';
import { runConfig } from './run.ts';
import { runSweep } from './sweep.ts';
import type { Trial } from './trial/pass.ts';
import { trialOf } from './trial.ts';

/** What the sweep is made of. */
export const HARNESS: Harness = {
  run: runConfig,
  trial: (name: string, seed: number, steps: number, variant: Variant = {}): Trial | Promise<Trial> =>
    trialOf(name, problemRow(name), variant, seed, steps),
  cells: cellsOf,
  sweep: runSweep,
};

/** Every law over the harness, one row each. */
export const INSTRUMENT: readonly InstrumentRow[] = [
  ...fairnessRows,
  ...sameBitsRows,
  ...startRows,
  ...convergenceRows,
];

export interface InstrumentVerdict extends Finding, Pick<InstrumentRow, 'id' | 'says' | 'source'> {}

/** What each law says of a harness; to be asked before any ranking is shown. Seeds are fixed: the same harness gets the same verdicts. */
export const checkInstrument = async (
  onProgress: (progress: Progress) => void = () => {},
  harness: Harness = HARNESS,
  rows: readonly InstrumentRow[] = INSTRUMENT,
): Promise<readonly InstrumentVerdict[]> => {
  const verdicts: InstrumentVerdict[] = [];
  for (const { check, ...row } of rows) {
    verdicts.push({ ...row, ...(await check(harness)) });
    onProgress({ done: verdicts.length, total: rows.length, label: row.id });
  }
  return verdicts;
};
