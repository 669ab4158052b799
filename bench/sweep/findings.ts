// From records to what is shown: lines for a terminal and files for a directory; and the instrument, which is checked before.
import { checkInstrument, type InstrumentVerdict } from './instrument.ts';
import { type KnownResult, runKnown } from './known.ts';
import type { Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { reportOf, type SweepReport, sweepFiles, sweepLines, tidyCsv } from './report.ts';
import type { Runner } from './sweep.ts';

export interface Findings {
  readonly report: SweepReport;
  /** For a terminal. */
  readonly lines: readonly string[];
  /** Names in a directory, and what stands there, in pieces. */
  readonly files: readonly (readonly [name: string, pieces: Iterable<string>])[];
}

/** What a report says beside what the sweep has found. */
export interface Context {
  /** Of the instrument. */
  readonly verdicts: readonly InstrumentVerdict[];
  /** None unless they were asked for. */
  readonly known: readonly KnownResult[];
}

/** What of a record a report may need: of those that were only chosen by, the figures alone. */
export const reportable = (protocol: Protocol, record: RunRecord): RunRecord =>
  protocol.seeds.includes(record.config.seed) ? record : { ...record, losses: [], traces: [] };

/** The findings of a sweep by what is known of it. */
export const findingsOf = async (
  protocol: Protocol,
  records: ReadonlyMap<string, RunRecord>,
  { verdicts, known }: Context,
): Promise<Findings> => {
  const checks = verdicts.map(({ id, ok, says, detail }) => ({ id, holds: ok, text: `${says}: ${detail}` }));
  const report = await reportOf(protocol, records, { checks, known });
  const files = (await sweepFiles(report)).map(([name, text]) => [name, [text]] as const);
  return {
    report,
    lines: sweepLines(report.summary),
    files: [...files, ['runs.csv', tidyCsv(protocol, records)]],
  };
};

/** Holds the harness to exact theory; `say` is told how far it is. */
export const instrumentVerdicts = (say: (text: string) => void): Promise<readonly InstrumentVerdict[]> =>
  checkInstrument(({ done, total, label }) => say(`${done}/${total} ${label}`));

/** Makes the sweeps of results that are known from elsewhere. */
export const knownResults = async (runner: Runner, say: (text: string) => void): Promise<readonly KnownResult[]> =>
  (await runKnown({ runner, onProgress: ({ done, total, label }) => say(`${done}/${total} runs, ${label}`) })).results;
