// What one optimizer makes of one initializer on one task: figures over the seeds, with failures told apart.
import type { Hyper } from '../../src/index.ts';
import type { Estimate } from '../statistics/bootstrap.ts';
import {
  type Basin,
  basinOf,
  expectedSteps,
  gapOf,
  generalisationGap,
  meanLogGap,
  penalisedSteps,
  sensitivityOf,
} from '../statistics/effort.ts';
import { type MedianInterval, medianInterval, wilson } from '../statistics/evidence.ts';
import { median, type Summary, summarise } from '../statistics.ts';
import { type CellState, type Draw, defaultRate } from './protocol.ts';
import type { LayerTrace, Reason, RunRecord } from './record.ts';
import { evaluationSteps } from './run.ts';
import type { Task } from './task.ts';
import type { Tuned } from './tuning.ts';

/** One run in the summary; its curve is summed up in that of the cell. */
export interface SeedRun {
  readonly seed: number;
  readonly status: RunRecord['status'];
  readonly reason: Reason | null;
  readonly message: string | null;
  /** What is compared: how far the final loss lies above the floor, or the loss itself where there is none. */
  readonly gap: number;
  readonly finalLoss: number;
  readonly testLoss: number;
  readonly score: number;
  readonly stepsToTarget: number;
}

/** Training loss over the evaluations: the middle run and an interval of the median. */
export interface Curve {
  readonly steps: readonly number[];
  readonly median: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** Medians over the runs that got so far. */
export interface CellTrace {
  readonly step: number;
  readonly runs: number;
  readonly layers: readonly LayerTrace[];
}

/** Why runs failed, and how many. */
export type Reasons = Readonly<Partial<Record<Reason | 'error', number>>>;

export interface Metrics {
  readonly gap: MedianInterval;
  readonly finalLoss: Summary;
  readonly bestLoss: Summary;
  readonly testLoss: Summary;
  readonly score: Summary;
  readonly stepsToTarget: Summary;
  readonly reached: number;
  readonly expectedSteps: number;
  /** Expected steps times the gradients that a step computes. */
  readonly expectedGradients: number;
  readonly penalisedSteps: number;
  readonly failed: number;
  readonly reasons: Reasons;
  readonly failureRate: Estimate;
  readonly meanLogGap: number;
  readonly generalisation: number;
  /** Largest over the seeds; exactly 0 where the hidden units never came apart. */
  readonly unitSpread: number | null;
  readonly slotsPerParameter: number;
  readonly gradientsPerStep: number;
  /** In the mode `rate`: of the losses over the rates that were tried, on the tuning seeds. */
  readonly sensitivity: number | null;
  readonly basin: Basin | null;
  /** Loss at the default rate less that at the chosen one, on the tuning seeds. */
  readonly defaultRegret: number | null;
}

/** What is reported of a cell. */
export interface Cell {
  readonly task: string;
  readonly optimizer: string;
  readonly initializer: string;
  readonly budget: number | null;
  /** `undecided`: runs are missing. `invalid`: the best rate lies on the edge of what was tried, so that a better one may exist. */
  readonly state: 'complete' | 'invalid' | 'undecided';
  /** Runs that could be made now. */
  readonly missing: number;
  /** Null while runs to choose by are missing. */
  readonly lr: number | null;
  readonly defaultLr: number;
  readonly hyper: Hyper;
  readonly tuning: Pick<Tuned, 'status' | 'tried'> | null;
  readonly draws: readonly Draw[];
  /** Those that are known. */
  readonly runs: readonly SeedRun[];
  /** Null unless all runs are known. */
  readonly metrics: Metrics | null;
  readonly curve: Curve | null;
  readonly traces: readonly CellTrace[];
}

const seedRun = (record: RunRecord, floor: number | null): SeedRun => ({
  seed: record.config.seed,
  status: record.status,
  reason: record.reason ?? null,
  message: record.message ?? null,
  gap: gapOf(record.finalLoss, floor),
  finalLoss: record.finalLoss,
  testLoss: record.testLoss,
  score: record.score,
  stepsToTarget: record.stepsToTarget,
});

const curveOf = (runs: readonly RunRecord[], steps: readonly number[]): Curve => {
  const at = steps.map((_, i) => medianInterval(runs.map(({ losses }) => losses[i] ?? Number.POSITIVE_INFINITY)));
  return { steps, median: at.map((m) => m.estimate), low: at.map((m) => m.low), high: at.map((m) => m.high) };
};

const middle = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((v) => v !== null);
  return known.length === 0 ? null : median(known);
};

const tracesOf = (runs: readonly RunRecord[]): readonly CellTrace[] => {
  const steps = [...new Set(runs.flatMap(({ traces }) => traces.map(({ step }) => step)))].sort((a, b) => a - b);
  return steps.map((step) => {
    const looks = runs.flatMap(({ traces }) => traces.filter((t) => t.step === step));
    const layers = looks[0]?.layers ?? [];
    return {
      step,
      runs: looks.length,
      layers: layers.map(({ layer }, i): LayerTrace => {
        const of = (what: (l: LayerTrace) => number | null) =>
          middle(looks.map((look) => (look.layers[i] === undefined ? null : what(look.layers[i]))));
        return {
          layer,
          ratio: of((l) => l.ratio) ?? Number.NaN,
          gradient: of((l) => l.gradient),
          mean: of((l) => l.mean) ?? Number.NaN,
          deviation: of((l) => l.deviation) ?? Number.NaN,
          saturated: of((l) => l.saturated),
          dead: of((l) => l.dead),
        };
      }),
    };
  });
};

const reasonsOf = (runs: readonly RunRecord[]): Reasons => {
  const counts: Partial<Record<Reason | 'error', number>> = {};
  for (const { status, reason } of runs) {
    const why = status === 'error' ? 'error' : reason;
    if (why !== undefined) counts[why] = (counts[why] ?? 0) + 1;
  }
  return counts;
};

const metricsOf = (task: Task, { place, chosen }: CellState, records: readonly RunRecord[]): Metrics => {
  const { floor, steps, score } = task;
  const over = (of: (run: RunRecord) => number, worst?: number): Summary => summarise(records.map(of), worst);
  const toTarget = records.map(({ stepsToTarget }) => stepsToTarget);
  const failed = records.filter(({ status }) => status !== 'ok').length;
  const spread = records.flatMap(({ unitSpread }) => unitSpread ?? []);
  const tried = chosen?.tuned?.tried;
  const lossAt = (lr: number | undefined): number | undefined => tried?.find((t) => t.lr === lr)?.loss;
  const [standard, best] = [lossAt(defaultRate(place.optimizer)), lossAt(chosen?.lr)];
  const gradientsPerStep = Math.max(...records.map((r) => r.gradientsPerStep));
  const expected = expectedSteps(toTarget, steps);
  return {
    gap: medianInterval(records.map(({ finalLoss }) => gapOf(finalLoss, floor))),
    finalLoss: over((r) => r.finalLoss),
    bestLoss: over((r) => r.bestLoss),
    testLoss: over((r) => r.testLoss),
    score: over((r) => r.score, score?.better === 'higher' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY),
    stepsToTarget: over((r) => r.stepsToTarget),
    reached: toTarget.filter((s) => s < Number.POSITIVE_INFINITY).length,
    expectedSteps: expected,
    expectedGradients: expected * gradientsPerStep,
    penalisedSteps: penalisedSteps(toTarget, steps),
    failed,
    reasons: reasonsOf(records),
    failureRate: wilson(failed, records.length),
    meanLogGap: median(records.map(({ losses }) => meanLogGap(evaluationSteps(steps), losses, floor))),
    generalisation: generalisationGap(records),
    unitSpread: spread.length === 0 ? null : Math.max(...spread),
    slotsPerParameter: Math.max(...records.map((r) => r.slotsPerParameter)),
    gradientsPerStep,
    sensitivity: tried === undefined ? null : sensitivityOf(tried, task.start),
    basin: tried === undefined ? null : basinOf(tried, floor),
    defaultRegret: standard === undefined || best === undefined ? null : standard === best ? 0 : standard - best,
  };
};

/** Sums up a cell as far as it is known. */
export const cellOf = (task: Task, optimizer: string, known: CellState): Cell => {
  const { place, chosen, runs, missing } = known;
  const done = chosen !== null && missing.length === 0 && runs.length > 0;
  const status = chosen?.tuned?.status;
  return {
    task: task.name,
    optimizer,
    initializer: place.initializer,
    budget: place.budget,
    state: !done ? 'undecided' : status === 'edge' ? 'invalid' : 'complete',
    missing: missing.length,
    lr: chosen?.lr ?? null,
    defaultLr: defaultRate(place.optimizer) ?? Number.NaN, // checked before a sweep is run
    hyper: chosen?.hyper ?? {},
    tuning: chosen?.tuned == null ? null : { status: chosen.tuned.status, tried: chosen.tuned.tried },
    draws: chosen?.draws ?? [],
    runs: runs.map((record) => seedRun(record, task.floor)),
    metrics: done ? metricsOf(task, known, runs) : null,
    curve: done ? curveOf(runs, evaluationSteps(task.steps)) : null,
    traces: tracesOf(runs),
  };
};
