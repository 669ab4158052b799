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
  start,
  step,
  Tensor,
  type Training,
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

export interface MemoryReport {
  readonly schema: 1;
  readonly machine: Machine;
  readonly model: string;
  readonly readings: readonly Reading[];
  /** Median growth between readings after the first tenth, while which code is compiled; what falls once is no growth. */
  readonly bytesPerStep: number;
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

/** Readings of the memory of a training of 64-64-1 at batch 32. */
const training = (steps: number, collect: () => void, tell: (done: number) => void): readonly Reading[] => {
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
  let now: Training = start(setup, keyOf(1), [64]);
  const readings: Reading[] = [];
  for (let part = 1; part <= READINGS; part++) {
    while (now.k < (steps * part) / READINGS) now = step(setup, now, batch).training;
    collect();
    readings.push({ step: now.k, bytes: inUse() });
    tell(part);
  }
  return readings;
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
  const collect = collector();
  const chosen = OP_NAMES.filter(filter);
  const total = READINGS + chosen.length;
  const readings = training(steps, collect, (done) => onProgress({ done, total, label: 'training' }));
  const pools = drawPools();
  const operations = chosen.map((op, i) => {
    onProgress({ done: READINGS + i + 1, total, label: op });
    return operation(op, pools, collect);
  });
  const settled = readings.slice(READINGS / 10);
  return {
    schema: 1,
    machine: machineOf(),
    model: '64-64-1, ReLU, Adam, batch 32',
    readings,
    bytesPerStep: median(
      settled
        .slice(1)
        .map((r, i) => (r.bytes - (settled[i] as Reading).bytes) / (r.step - (settled[i] as Reading).step)), // one before each
    ),
    operations,
  };
};
