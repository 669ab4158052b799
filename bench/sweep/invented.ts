// Records that no training made, for tests of what is concluded from records.
import type { RunConfig } from './config.ts';
import { idOf } from './config.ts';
import { problemRow } from './problems/index.ts';
import type { Protocol } from './protocol.ts';
import type { RunRecord } from './record.ts';
import { evaluationSteps } from './run.ts';
import { type Runner, runSweep } from './sweep.ts';

/** A record that falls evenly in the logarithm from 1 to a loss; Infinity is a run that diverged half-way. */
export const invented = (config: RunConfig, finalLoss: number): RunRecord => {
  const steps = evaluationSteps(config.steps);
  const failed = !Number.isFinite(finalLoss);
  const last = steps.length - 1;
  const losses = steps.map((_, i) => {
    if (failed) return i > last / 2 ? Number.POSITIVE_INFINITY : 1;
    return i >= last - 1 ? finalLoss : finalLoss ** (i / (last - 1));
  });
  const { target } = problemRow(config.problem);
  return {
    id: idOf(config),
    config,
    status: failed ? 'diverged' : 'ok',
    ...(failed ? { reason: 'explode' as const } : {}),
    streams: `${config.problem} ${config.seed}`,
    losses,
    finalLoss,
    bestLoss: Math.min(...losses),
    stepsToTarget: failed
      ? Number.POSITIVE_INFINITY
      : (steps[losses.findIndex((l) => l <= target)] ?? Number.POSITIVE_INFINITY),
    gradientsPerStep: 1,
    testLoss: 2 * finalLoss,
    score: failed ? 0 : 1 / (1 + finalLoss),
    unitSpread: config.initializer === 'zeros' ? 0 : 1,
    slotsPerParameter: 0,
    traces: [],
    timing: { seconds: 1, secondsToTarget: 1 },
  };
};

/** Optimizers by name, seeds 1 to `n`; everything else as a test asks for it. */
export const protocolOf = ({
  problems = ['xor'],
  optimizers = ['sgd', 'adam'],
  n = 10,
  ...rest
}: Partial<Omit<Protocol, 'problems' | 'optimizers'>> & {
  readonly problems?: readonly string[];
  readonly optimizers?: readonly string[];
  readonly n?: number;
} = {}): Protocol => ({
  schema: 1,
  mode: 'defaults',
  problems: problems.map((name) => ({ name, definition: '', steps: problemRow(name).steps })),
  optimizers: optimizers.map((name) => ({ name })),
  initializers: ['heNormal'],
  variants: [{}],
  tuningSeeds: [1001, 1002, 1003],
  seeds: Array.from({ length: n }, (_, i) => i + 1),
  budgets: [],
  ...rest,
});

/** A complete sweep in which every run ends as `lossOf` says. */
export const inventedSweep = (
  protocol: Protocol,
  lossOf: (config: RunConfig) => number,
): Promise<ReadonlyMap<string, RunRecord>> => {
  const runner: Runner = async (runs, done) => {
    for (const run of runs) done(invented(run, lossOf(run)));
  };
  return runSweep(protocol, { runner });
};
