// The runs of a sweep as one tidy table: a line per run and metric, for whatever reads CSV.

import { labelOf, type Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { variantText } from './task.ts';

const HEAD = [
  'run',
  'role',
  'problem',
  'variant',
  'optimizer',
  'initializer',
  'lr',
  'seed',
  'status',
  'reason',
  'metric',
  'value',
];

/** Quoted where it must be. @source RFC 4180, §2 */
const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

const metrics = (r: RunRecord): Readonly<Record<string, number | null>> => ({
  finalLoss: r.finalLoss,
  bestLoss: r.bestLoss,
  testLoss: r.testLoss,
  score: r.score,
  stepsToTarget: r.stepsToTarget,
  gradientsPerStep: r.gradientsPerStep,
  slotsPerParameter: r.slotsPerParameter,
  unitSpread: r.unitSpread,
  seconds: r.timing.seconds,
  secondsToTarget: r.timing.secondsToTarget,
});

const roleOf = ({ seeds }: Protocol, seed: number): string => (seeds.includes(seed) ? 'report' : 'tune');

/**
 * One line per run and metric, sorted by the name of the run; what a run has no figure for is left out. Infinity, -Infinity and NaN
 * are written so. A line is made when it is asked for, so that the table need not fit into memory.
 */
export const tidyCsv = function* (protocol: Protocol, records: ReadonlyMap<string, RunRecord>): Generator<string> {
  yield `${HEAD.join(',')}\n`;
  for (const record of [...records.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const { problem, variant, optimizer, initializer, lr, seed } = record.config;
    const start = [
      record.id,
      roleOf(protocol, seed),
      problem,
      variantText(variant),
      labelOf(optimizer),
      initializer,
      String(lr),
      String(seed),
      record.status,
      record.reason ?? '',
    ];
    for (const [metric, value] of Object.entries(metrics(record)))
      if (value !== null) yield `${[...start, metric, String(value)].map(quoted).join(',')}\n`;
  }
};
