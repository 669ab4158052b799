// The way out of a sweep: records in, a report as plain data, and what is written of it.
//
// - `reportOf(protocol, records, extras)` sums up whatever is known, a part of a sweep too; the report is plain data.
// - `sweepFiles(report)` gives sweep.md, sweep.json and the charts as names and texts.
// - `sweepLines(summary)` are the lines for a terminal, `sweepAnswer(summary)` the same as Markdown.
// - `tidyCsv(protocol, records)` yields the lines of a table, one per run and metric.
import { toJson } from '../../src/index.ts';
import { sweepCharts } from './charts/index.ts';
import { sweepPage } from './page.ts';
import type { Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { summarise } from './summary.ts';
import { trajectoriesOf } from './trajectory.ts';
import type { SweepReport } from './written.ts';

export { sweepAnswer, sweepLines } from './answer.ts';
export { sweepCharts } from './charts/index.ts';
export { tidyCsv } from './csv.ts';
export { sweepPage } from './page.ts';
export { type SweepSummary, summarise } from './summary.ts';
export { type Trajectory, trajectoriesOf } from './trajectory.ts';
export type { Check, Known, SweepReport } from './written.ts';

/** Sums up what is known of a sweep. The same records give the same report, wherever and in whatever order they were made. */
export const reportOf = async (
  protocol: Protocol,
  records: ReadonlyMap<string, RunRecord>,
  { checks = [], known = [] }: Partial<Pick<SweepReport, 'checks' | 'known'>> = {},
): Promise<SweepReport> => {
  const summary = await summarise(protocol, records);
  return { schema: 1, summary, trajectories: await trajectoriesOf(summary), checks, known };
};

/** What is written of a report: names and texts, which the same report gives byte for byte. */
export const sweepFiles = async (report: SweepReport): Promise<readonly (readonly [name: string, text: string])[]> => {
  const charts = await sweepCharts(report.summary, report.trajectories);
  return [
    ['sweep.json', toJson(report)],
    [
      'sweep.md',
      sweepPage(
        report,
        charts.map(({ name }) => name),
      ),
    ],
    ...charts.map(({ name, svg }) => [`${name}.svg`, svg] as const),
  ];
};
