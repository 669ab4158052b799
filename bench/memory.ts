// Memory: what a training keeps from step to step, and what an operation takes beside the tensor that it returns.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  keyOf,
  mlp,
  modelOf,
  normal,
  OP_NAMES,
  type OpName,
  optimizerOf,
  scan,
  start,
  step,
  Tensor,
  trainingStep,
} from '../src/index.ts';
import { drawPools, kernelPlans, taskOf } from './kernels.ts';
import { type Machine, machineOf } from './machine.ts';
import type { Progress } from './measure.ts';
import { median } from './statistics.ts';

/** Bytes in use after so many steps, right after a collection of garbage. */
export interface Reading {
  readonly step: number;
  readonly bytes: number;
}

/** What one call took at the largest size of the benchmark of its operation. */
export interface OpMemory {
  readonly op: OpName;
  /** Of the result. */
  readonly resultBytes: number;
  /** Of buffers beside it. */
  readonly bufferBytes: number;
  /** Of all other objects. */
  readonly heapBytes: number;
}

/** What one way of training keeps from step to step. */
export interface TrainingMemory {
  readonly how: string;
  readonly readings: readonly Reading[];
  /** Median growth between readings after the first tenth, while which code is compiled; what falls once is no growth. */
  readonly bytesPerStep: number;
  /** Bytes of the objects that a step makes, kept or not, without the buffers of tensors: the least seen. */
  readonly madePerStep: number;
}

export interface MemoryReport {
  readonly schema: 1;
  readonly machine: Machine;
  readonly model: string;
  readonly trainings: readonly TrainingMemory[];
  readonly operations: readonly OpMemory[];
}

export interface MemoryOptions {
  readonly steps?: number;
  readonly filter?: (op: OpName) => boolean;
  readonly onProgress?: (progress: Progress) => void;
}

/** Collects garbage at once. The flag is set here, so that no command line has to. */
export const collector = (): (() => void) => {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  if (typeof gc !== 'function') throw new Error('memory: this runtime offers no collection of garbage');
  return () => {
    gc();
    gc(); // buffers go with their owners, a turn later
  };
};

export const inUse = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const READINGS = 20;
const REPEATS = 10;
/** Calls before the first reading: compilers decide late. */
const WARM_UP = 20;

/** The training of all rows: 64-64-1 at batch 32. */
const taskOfAll = () => {
  const setup = {
    model: modelOf({ layers: mlp([64, 1], 'relu', 'heNormal'), loss: 'bceWithLogits' }),
    optimizer: optimizerOf('adam'),
  };
  const batch = {
    x: normal(keyOf(1), [32, 64]),
    y: Tensor.build([32, 1], (out) =>
      out.forEach((_, i) => {
        out[i] = i % 2;
      }),
    ),
  };
  return { setup, batch, from: start(setup, keyOf(1), [64]) };
};

interface Way {
  readonly how: string;
  /** Steps for every one of the option. */
  readonly times: number;
  /** Steps that make less than is collected on its own. */
  readonly few: number;
  /** Makes so many further steps. */
  readonly ready: () => (steps: number) => void;
}
const WAYS: readonly Way[] = [
  {
    how: 'eagerly',
    times: 1,
    few: 10,
    ready: () => {
      const { setup, batch, from } = taskOfAll();
      let training = from;
      return (steps) => {
        for (let i = 0; i < steps; i++) ({ training } = step(setup, training, batch));
      };
    },
  },
  {
    how: 'compiled, scanned',
    times: 10,
    few: 10_000,
    ready: () => {
      const { setup, batch, from } = taskOfAll();
      const { step: one, state } = trainingStep(setup, from);
      return scan(one).start(state, [batch.x, batch.y]).run;
    },
  },
];

/** The least by which the objects in use grow while something is done, read right after a collection. */
const madeBy = (act: () => unknown, collect: () => void): number => {
  const seen = Array.from({ length: REPEATS }, () => {
    collect();
    const before = process.memoryUsage().heapUsed;
    act();
    return process.memoryUsage().heapUsed - before;
  });
  return Math.min(...seen);
};

/** Reads the memory of one way of training over so many steps. */
const training = (
  { how, times, few, ready }: Way,
  steps: number,
  collect: () => void,
  tell: (label: string) => void,
): TrainingMemory => {
  const run = ready();
  const part = Math.max(1, Math.round((times * steps) / READINGS));
  const readings = Array.from({ length: READINGS }, (_, i) => {
    run(part);
    collect();
    tell(how);
    return { step: (i + 1) * part, bytes: inUse() };
  });
  const settled = readings.slice(READINGS / 10);
  const grown = settled.slice(1).map(({ bytes }, i) => bytes - (settled[i]?.bytes ?? Number.NaN)); // one before each
  return {
    how,
    readings,
    bytesPerStep: median(grown) / part,
    madePerStep: (madeBy(() => run(few), collect) - madeBy(() => run(0), collect)) / few,
  };
};

/** The least that a call was seen to take: what else the process does can only add. */
const operation = (op: OpName, pools: readonly Tensor[], collect: () => void): OpMemory => {
  const plan = kernelPlans(op).at(-1);
  if (plan === undefined) throw new Error(`memory: ${op} has no benchmark`);
  const { run } = taskOf(plan, pools);
  for (let i = 0; i < WARM_UP; i++) run();
  const resultBytes = run().view.length * Float64Array.BYTES_PER_ELEMENT;
  const seen = Array.from({ length: REPEATS }, () => {
    collect();
    const before = process.memoryUsage();
    const result = run();
    const after = process.memoryUsage();
    return {
      buffers: after.arrayBuffers - before.arrayBuffers - result.view.length * Float64Array.BYTES_PER_ELEMENT,
      heap: after.heapUsed - before.heapUsed,
    };
  });
  const least = (of: (s: (typeof seen)[number]) => number): number => Math.max(0, Math.min(...seen.map(of)));
  return { op, resultBytes, bufferBytes: least((s) => s.buffers), heapBytes: least((s) => s.heap) };
};

/** Reads the memory of a training over so many steps, and of one call of every operation. */
export const runMemory = async ({
  steps = 10_000,
  filter = () => true,
  onProgress = () => {},
}: MemoryOptions = {}): Promise<MemoryReport> => {
  const machine = machineOf(); // before the load that the readings themselves make
  const collect = collector();
  const chosen = OP_NAMES.filter(filter);
  const total = WAYS.length * READINGS + chosen.length;
  let done = 0;
  const tell = (label: string): void => onProgress({ done: ++done, total, label });
  const trainings = WAYS.map((way) => training(way, steps, collect, (how) => tell(`training, ${how}`)));
  const pools = drawPools();
  const operations = chosen.map((op) => {
    tell(op);
    return operation(op, pools, collect);
  });
  return {
    schema: 1,
    machine,
    model: '64-64-1, ReLU, Adam, batch 32',
    trainings,
    operations,
  };
};
