// One training run of the sweep: everything random fixed by problem and seed alone, divergence a status and not a number.
import {
  batches,
  type Data,
  evaluate,
  fold,
  type Key,
  keyOf,
  lossOf,
  lossRow,
  type Model,
  modelOf,
  type NetworkVariables,
  ops,
  optimizerOf,
  start,
  step,
  type Tensor,
} from '../src/index.ts';
import { countErrors, type Problem } from './problems.ts';

/** What every optimizer and every initializer meets alike: data, batches in order, and the key of the initial uniforms. */
export interface Trial {
  readonly train: Data;
  readonly test: Data;
  /** One batch per step of the budget. */
  readonly batches: readonly Data[];
  readonly initKey: Key;
}

/** The key of a problem and a seed; a problem keeps its own when others join the table. */
const keyOfTrial = (problem: string, seed: number): Key =>
  [...problem].reduce((key, letter) => fold(key, letter.codePointAt(0) ?? 0), keyOf(seed));

/** The trial of a problem and a seed, with batches for so many steps. */
export const trialOf = (name: string, problem: Problem, seed: number, steps: number): Trial => {
  const key = keyOfTrial(name, seed);
  const { train, test } = problem.data(fold(key, 0));
  const { batch } = problem;
  const n = train.x.shape[0] ?? 0;
  const size = batch === 'full' ? n : batch;
  const plan = { size, epochs: Math.ceil((steps * size) / n), key: fold(key, 1) };
  const order = batch === 'full' ? Array.from({ length: steps }, () => train) : [...batches(train, plan)];
  return { train, test, batches: order.slice(0, steps), initKey: fold(key, 2) };
};

/** What is tried on a trial. */
export interface Choice {
  readonly optimizer: string;
  readonly initializer: string;
  /** Learning rate, per step. */
  readonly lr: number;
}

export interface Run {
  /** `diverged`: a loss that is not finite, or above 1000·(1 + |first loss|). */
  readonly status: 'ok' | 'diverged';
  /** Training loss at every evaluation, in nats per sample; +Infinity from divergence on. */
  readonly curve: readonly number[];
  readonly finalLoss: number;
  /** Of the problem's score; a diverged run has every test sample wrong. */
  readonly score: number;
  /** The first evaluated step at or below the target loss; Infinity for runs that never are, or diverge later. */
  readonly stepsToTarget: number;
  /** Largest difference between two hidden units' weights from one input, biases included. */
  readonly unitSpread: number;
}

/** Whether a loss is a failure and not a number. `first` is the loss before training. */
export const hasDiverged = (loss: number, first: number): boolean =>
  !Number.isFinite(loss) || loss > 1e3 * (1 + Math.abs(first));

/** Largest minus smallest along each row of a matrix; the largest of them. */
const widest = (rows: Tensor): number => {
  const units = rows.shape.at(-1) ?? 0;
  const values = rows.toArray();
  const inputs = units === 0 ? 0 : values.length / units;
  return Array.from({ length: inputs }, (_, i) => values.slice(i * units, (i + 1) * units)).reduce(
    (most, row) => Math.max(most, Math.max(...row) - Math.min(...row)),
    0,
  );
};

/** How far apart the hidden units of a network are: exactly 0 while their symmetry is unbroken. */
export const unitSpread = ({ params }: NetworkVariables<Tensor>): number => {
  const hidden = params.filter((layer) => Object.keys(layer).length > 0).slice(0, -1);
  const spread = Math.max(0, ...hidden.flatMap((layer) => Object.values(layer).map(widest)));
  return Number.isNaN(spread) ? Number.POSITIVE_INFINITY : spread;
};

/** Mean loss over all samples, eval mode, in nats per sample. */
const lossOn = (model: Model, variables: NetworkVariables<Tensor>, { x, y }: Data): number =>
  lossOf(ops, lossRow(model.spec.loss), evaluate(model, variables, x), y, 'mean').view[0] ?? Number.NaN;

/** Evaluation steps: 0, every, 2·every … and the last. */
export const evaluationSteps = (steps: number, every: number): readonly number[] => [
  ...Array.from({ length: Math.ceil(steps / every) }, (_, i) => i * every),
  steps,
];

/**
 * Trains from the trial's own start and evaluates on all training samples before the first step, every `every` steps
 * and at the end.
 */
export const runTrial = (
  problem: Problem,
  trial: Trial,
  { optimizer, initializer, lr }: Choice,
  every: number,
): Run => {
  const model = modelOf({ layers: problem.layers(initializer), loss: problem.loss });
  const setup = { model, optimizer: optimizerOf(optimizer, { lr }) };
  const at = evaluationSteps(trial.batches.length, every);
  let training = start(setup, trial.initKey, trial.train.x.shape.slice(1));
  const first = lossOn(model, training.variables, trial.train);
  const curve = [first];
  let diverged = hasDiverged(first, first);
  for (const batch of trial.batches) {
    if (diverged) break;
    const after = step(setup, training, batch);
    training = after.training;
    diverged = hasDiverged(after.loss, first);
    if (at[curve.length] !== training.k) continue;
    const loss = lossOn(model, training.variables, trial.train);
    diverged ||= hasDiverged(loss, first);
    curve.push(diverged ? Number.POSITIVE_INFINITY : loss);
  }
  while (curve.length < at.length) curve.push(Number.POSITIVE_INFINITY);
  const samples = trial.test.x.shape[0] ?? 0;
  const solved = curve.findIndex((loss) => loss <= problem.target);
  return {
    status: diverged ? 'diverged' : 'ok',
    curve,
    finalLoss: diverged ? Number.POSITIVE_INFINITY : (curve.at(-1) ?? Number.NaN),
    score: problem.score.of(diverged ? samples : countErrors(model, training.variables, trial.test), samples),
    stepsToTarget: diverged || solved < 0 ? Number.POSITIVE_INFINITY : (at[solved] ?? Number.NaN),
    unitSpread: unitSpread(training.variables),
  };
};
