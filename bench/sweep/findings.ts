// From records to what is shown: lines for a terminal and files for a directory; and the instrument, which is checked before.
import { checkInstrument, type InstrumentVerdict } from './instrument.ts';
import type { Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { reportOf, type SweepReport, sweepFiles, sweepLines, tidyCsv } from './report.ts';

export interface Findings {
  readonly report: SweepReport;
  /** For a terminal. */
  readonly lines: readonly string[];
  /** Names in a directory, and what stands there, in pieces. */
  readonly files: readonly (readonly [name: string, pieces: Iterable<string>])[];
}

/** What of a record a report may need: of those that were only chosen by, the figures alone. */
export const reportable = (protocol: Protocol, record: RunRecord): RunRecord =>
  protocol.seeds.includes(record.config.seed) ? record : { ...record, losses: [], traces: [] };

/** The findings of a sweep by what is known of it. */
export const findingsOf = async (
  protocol: Protocol,
  records: ReadonlyMap<string, RunRecord>,
  verdicts: readonly InstrumentVerdict[],
): Promise<Findings> => {
  const checks = verdicts.map(({ id, ok, says, detail }) => ({ id, holds: ok, text: `${says}: ${detail}` }));
  const report = await reportOf(protocol, records, { checks });
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
