// Time of whole programs: prediction, gradient and training step of the sweep's models, and what one small operation costs.
import {
  evaluate,
  fold,
  keyOf,
  lossAndGrad,
  modelOf,
  OP_NAMES,
  ops,
  optimizerOf,
  ROWS,
  start,
  step,
  type Tensor,
  takeData,
  uniform,
} from '../src/index.ts';
import { applyOp } from './kernels.ts';
import { type Machine, machineOf } from './machine.ts';
import { type MeasureOptions, measureAll, type Task, type Timing } from './measure.ts';
import type { NetworkProblem } from './sweep/problem.ts';
import { PROBLEMS } from './sweep/problems/index.ts';

/** One program; times are for one of the things it is counted in. */
export interface ProgramRow extends Timing {
  readonly program: string;
  readonly doc: string;
  /** What the time is for: a step, a gradient, an operation. */
  readonly per: string;
  /** Samples of data in one of them; 0 where there is no data. */
  readonly batch: number;
}

export interface ProgramReport {
  readonly schema: 1;
  readonly machine: Machine;
  readonly protocol: { readonly timePerTaskMs: number; readonly rounds: number };
  readonly rows: readonly ProgramRow[];
}

export interface ProgramOptions extends Partial<MeasureOptions> {
  readonly optimizers?: readonly string[];
}

interface ProgramTask extends Task, Pick<ProgramRow, 'doc' | 'per' | 'batch'> {
  /** How many of `per` one call does. */
  readonly count: number;
}

/** A model on its own data at the point where training starts: predict, differentiate, and step with each optimizer. */
const trainingTasks = async (
  name: string,
  { data, layers, loss, batch }: NetworkProblem,
  optimizers: readonly string[],
): Promise<readonly ProgramTask[]> => {
  const { train } = await data(keyOf(1));
  const n = batch === 'full' ? (train.x.shape[0] ?? 0) : batch;
  const some = takeData(
    train,
    Array.from({ length: n }, (_, i) => i),
  );
  const model = modelOf({ layers: layers('xavierUniform'), loss });
  const setups = optimizers.map((optimizer) => ({ optimizer, setup: { model, optimizer: optimizerOf(optimizer) } }));
  const { variables } = model.network.init(keyOf(1), train.x.shape.slice(1));
  const common = { batch: n, count: 1 };
  return [
    {
      ...common,
      name: `${name}: predict`,
      doc: 'forward pass, eval mode',
      per: 'batch',
      run: () => evaluate(model, variables, some.x),
    },
    {
      ...common,
      name: `${name}: gradient`,
      doc: 'loss and gradients by reverse mode',
      per: 'batch',
      run: () => lossAndGrad(ops, model, variables, some.x, some.y).loss,
    },
    ...setups.map(({ optimizer, setup }) => {
      const from = start(setup, keyOf(1), train.x.shape.slice(1));
      return {
        ...common,
        name: `${name}: ${optimizer} step`,
        doc: `one eager training step with ${optimizer}: gradient, update, new parameters`,
        per: 'step',
        run: () => step(setup, from, some).training.variables.params[0]?.w ?? some.x,
      };
    }),
  ];
};

const FEW = 4;

/** Every pointwise operation on {@link FEW} elements: through the language, and its kernel alone. */
const overheadTasks = (): readonly ProgramTask[] => {
  const calls = OP_NAMES.filter((op) => ROWS[op].kind === 'pointwise').map((op) => {
    const row = ROWS[op];
    const xs = row.args.map((_, place) => uniform(fold(keyOf(1), place), [FEW]));
    const shapes = xs.map((x) => x.shape);
    return { op, row, xs, shapes, views: xs.map((x) => x.view), p: row.sample(shapes), out: new Float64Array(FEW) };
  });
  const common = { per: 'operation', batch: 0, count: calls.length };
  const allOf = (each: (call: (typeof calls)[number]) => Tensor): Tensor =>
    calls.reduce<Tensor>((_, call) => each(call), ops.lit(0));
  return [
    {
      ...common,
      name: `operation on ${FEW} elements`,
      doc: `mean over all ${calls.length} pointwise operations, tensors in and out`,
      run: () => allOf(({ op, xs, p }) => applyOp(op, xs, p)),
    },
    {
      ...common,
      name: `kernel on ${FEW} elements`,
      doc: 'the same kernels into a buffer that is there: the difference is what shapes, checks and births cost',
      run: () =>
        allOf(({ row, xs, views, p, shapes, out }) => {
          row.kernel(out, views, p, shapes, [FEW]);
          return xs[0] as Tensor; // a pointwise row has an argument
        }),
    },
  ];
};

const OPTIMIZERS = ['sgd', 'adam'] as const;

/** Problems whose trainings are timed: one in which a call costs most, one in which arithmetic does. */
const TRAINED = { xor: PROBLEMS.xor, breastCancer: PROBLEMS.breastCancer };

/** All programs, ready to run. */
export const programTasks = async (optimizers: readonly string[] = OPTIMIZERS): Promise<readonly ProgramTask[]> => {
  const trainings = Object.entries(TRAINED).map(([name, row]) => trainingTasks(name, row, optimizers));
  return [...(await Promise.all(trainings)).flat(), ...overheadTasks()];
};

/** Times the programs; about `timePerTask` ms for each, plus warm-up. */
export const runPrograms = async ({
  optimizers = OPTIMIZERS,
  timePerTask = 400,
  rounds = 4,
  ...rest
}: ProgramOptions = {}): Promise<ProgramReport> => {
  const machine = machineOf(); // before the load that the measurement itself makes
  const tasks = await programTasks(optimizers);
  const timings = await measureAll(tasks, { timePerTask, rounds, ...rest });
  return {
    schema: 1,
    machine,
    protocol: { timePerTaskMs: timePerTask, rounds },
    rows: timings.map((timing, i) => {
      const { name, doc, per, batch, count } = tasks[i] as ProgramTask; // one timing per task
      return {
        program: name,
        doc,
        per,
        batch,
        ...timing,
        medianNs: timing.medianNs / count,
        madNs: timing.madNs / count,
      };
    }),
  };
};
