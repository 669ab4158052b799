// One run of the sweep: trains by its configuration and tells what came of it; divergence is a status and not a number.
import { DomainError, TautogradError } from '../../src/index.ts';
import { median } from '../statistics.ts';
import { idOf, type RunConfig } from './config.ts';
import { definitionOf } from './definition.ts';
import { problemRow } from './problems/index.ts';
import { recent } from './recent.ts';
import type { Reason, RunRecord, Traced } from './record.ts';
import type { Pass, Trial } from './trial/pass.ts';
import { trialOf } from './trial.ts';

/** Evaluations of a run, but for the one before the first step. */
export const EVALUATIONS = 40;
/** Those at which the layers are looked at: the first, the last, and a few between. */
const LOOKS: readonly number[] = [0, 1, 4, 10, 20, EVALUATIONS];

/** Steps after which a run is evaluated, from 0 to the last. */
export const evaluationSteps = (steps: number): readonly number[] => {
  const n = Math.min(EVALUATIONS, steps);
  return Array.from({ length: n + 1 }, (_, i) => Math.round((i * steps) / n));
};

/** Whether a loss is a failure and not a number, and which. `first` is the loss before training. */
export const failureOf = (loss: number, first: number): Reason | null => {
  if (Number.isNaN(loss)) return 'nan';
  if (!Number.isFinite(loss)) return 'infinite';
  return loss > 1e3 * (1 + Math.abs(first)) ? 'explode' : null;
};

/** The first place whose median with the two before it is at or below the target; −1 where there is none. */
const firstAtTarget = (losses: readonly number[], target: number): number =>
  losses.findIndex((_, i) => i >= 2 && median(losses.slice(i - 2, i + 1)) <= target);

const now = (): number => performance.now() / 1000;

const failed = (config: RunConfig, message: string): RunRecord => ({
  id: idOf(config),
  config,
  status: 'error',
  message,
  streams: '',
  losses: [],
  finalLoss: Number.POSITIVE_INFINITY,
  bestLoss: Number.POSITIVE_INFINITY,
  stepsToTarget: Number.POSITIVE_INFINITY,
  gradientsPerStep: 1,
  testLoss: Number.POSITIVE_INFINITY,
  score: Number.NaN,
  unitSpread: null,
  slotsPerParameter: 0,
  traces: [],
  timing: { seconds: 0, secondsToTarget: Number.POSITIVE_INFINITY },
});

/** Problems whose definitions a worker keeps in mind. */
const DEFINITIONS_KEPT = 64;

/** @throws DomainError where the problem is no longer, or here not, what the configuration was made for; an empty definition is any */
const checkDefinition = async ({ problem, definition }: RunConfig): Promise<void> => {
  if (definition === '') return;
  const here = await recent('definition', DEFINITIONS_KEPT, problem, () => definitionOf(problem));
  if (here !== definition)
    throw new DomainError(
      `sweep: ${problem} is not the problem that the run was planned for, got the definition ${here} and not ${definition}`,
    );
};

/**
 * Trains from the start that problem, seed and initializer give, and evaluates before the first step and after those of
 * {@link evaluationSteps}. What the engine refuses becomes a record too.
 * @throws UnknownNameError for a problem that does not exist, DomainError for one that is not what was planned
 */
export const runConfig = async (config: RunConfig): Promise<RunRecord> => {
  const { problem: name, optimizer, initializer, lr, variant, steps, seed } = config;
  const problem = problemRow(name);
  await checkDefinition(config);
  let trial: Trial;
  let pass: Pass;
  try {
    trial = await trialOf(name, problem, variant, seed, steps);
    pass = trial.begin(optimizer, initializer, lr);
  } catch (error) {
    if (!(error instanceof TautogradError)) throw error;
    return failed(config, error.message);
  }
  const from = now();
  const at = evaluationSteps(steps);
  const losses: number[] = [];
  const times: number[] = [];
  const traces: Traced[] = [];
  let first = Number.NaN;
  let reason: Reason | null = null;
  for (const [i, step] of at.entries()) {
    const onTheWay = step === 0 ? [] : pass.advance(step);
    const loss = pass.loss();
    if (i === 0) first = loss;
    reason = [...onTheWay, loss].reduce<Reason | null>((why, l) => why ?? failureOf(l, first), null);
    if (reason !== null) break;
    losses.push(loss);
    times.push(now() - from);
    if (LOOKS.includes(i) || i === at.length - 1) traces.push({ step, layers: pass.layers() });
  }
  const seconds = now() - from;
  while (losses.length < at.length) losses.push(Number.POSITIVE_INFINITY);
  const solved = reason === null ? firstAtTarget(losses, problem.target) : -1;
  const { testLoss, score } =
    reason === null ? pass.judged() : { testLoss: Number.POSITIVE_INFINITY, score: trial.worst };
  return {
    id: idOf(config),
    config,
    status: reason === null ? 'ok' : 'diverged',
    ...(reason === null ? {} : { reason }),
    streams: trial.streams,
    losses,
    finalLoss: median(losses.slice(-Math.max(1, Math.ceil(at.length / 20)))),
    bestLoss: Math.min(...losses),
    stepsToTarget: at[solved] ?? Number.POSITIVE_INFINITY,
    gradientsPerStep: pass.gradientsPerStep,
    testLoss,
    score,
    unitSpread: pass.unitSpread(),
    slotsPerParameter: pass.slotsPerParameter,
    traces,
    timing: { seconds, secondsToTarget: times[solved] ?? Number.POSITIVE_INFINITY },
  };
};
