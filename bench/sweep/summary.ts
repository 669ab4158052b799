// The summary of a sweep: plain data that every page, chart and line is made of, and that depends on the records alone.
import { type Cell, cellOf } from './cell.ts';
import { type Comparison, compareAll } from './compare.ts';
import { canonical, idOf } from './config.ts';
import { cellsOf, nameOfProtocol, type Protocol } from './protocol.ts';
import { type Group, groupsOf } from './ranking.ts';
import type { RunRecord } from './record.ts';
import { labelsOf, type Task, tasksOf } from './task.ts';

export interface SweepSummary {
  readonly schema: 1;
  /** Digest of the protocol. */
  readonly name: string;
  readonly protocol: Protocol;
  /** As they are called in cells, in the order of the protocol. */
  readonly optimizers: readonly string[];
  readonly tasks: readonly Task[];
  readonly cells: readonly Cell[];
  readonly comparisons: readonly Comparison[];
  readonly groups: readonly Group[];
  /** Of those reported, each counted once; missing are those that could be made now. */
  readonly runs: { readonly known: number; readonly missing: number; readonly failed: number };
}

/**
 * Sums up what is known of a sweep; cells with missing runs are undecided. The same records give the same summary, wherever and in
 * whatever order they were made.
 */
export const summarise = async (protocol: Protocol, records: ReadonlyMap<string, RunRecord>): Promise<SweepSummary> => {
  const tasks = await tasksOf(protocol);
  const optimizers = labelsOf(protocol.optimizers);
  const label = new Map(protocol.optimizers.map((spec, i) => [spec, optimizers[i] ?? spec.name]));
  const taskAt = new Map(tasks.map((task) => [canonical([task.problem, task.variant]), task]));
  const states = cellsOf(protocol, records);
  const cells = states.flatMap((known): readonly Cell[] => {
    const { problem, variant, optimizer } = known.place;
    const task = taskAt.get(canonical([problem, variant]));
    return task === undefined ? [] : [cellOf(task, label.get(optimizer) ?? optimizer.name, known)];
  });
  // cells of several budgets may share their runs
  const reported = [...new Map(states.flatMap(({ runs }) => runs.map((run) => [run.id, run] as const))).values()];
  const missing = new Set(states.flatMap((state) => state.missing.map(idOf)));
  return {
    schema: 1,
    name: nameOfProtocol(protocol),
    protocol,
    optimizers,
    tasks,
    cells,
    comparisons: compareAll(tasks, cells),
    groups: groupsOf(tasks, cells, protocol.mode === 'budget' ? protocol.budgets : [null]),
    runs: {
      known: reported.length,
      missing: missing.size,
      failed: reported.filter(({ status }) => status !== 'ok').length,
    },
  };
};
