// How the time of a step grows with width, depth, batch and the number of steps in one call, and the exponents that fit it.
import { linearRegression } from 'simple-statistics';
import {
  fold,
  keyOf,
  mlp,
  modelOf,
  normal,
  ops,
  optimizerOf,
  type Setup,
  scan,
  start,
  step,
  trainingStep,
  uniform,
} from '../src/index.ts';
import { keptOf } from './compare.ts';
import { type Machine, machineOf } from './machine.ts';
import { type MeasureOptions, measureRounds, type Timed } from './measure.ts';
import { medianAbsoluteDeviation } from './statistics.ts';

/** A multi-layer perceptron in training: `depth` layers of `width` units, as many inputs, and one output. */
export interface Size {
  readonly width: number;
  readonly depth: number;
  readonly batch: number;
}

/** Makes a training of a size ready; what it returns makes so many steps. */
export type StepOf = (size: Size) => (steps: number) => void;

export interface Engine {
  readonly name: string;
  readonly stepOf: StepOf;
}

/** What is varied: the size, or the number of steps in one call. */
export type Axis = keyof Size | 'steps';

interface AxisRow {
  readonly doc: string;
  /** The size, and the steps of a call, at a value of the axis. */
  readonly at: (value: number) => Size & { readonly steps: number };
  /** What the time of a step grows as where the work is all that counts. */
  readonly expected: number;
}

const BASE = { width: 32, depth: 2, batch: 16, steps: 16 };
/** Steps in one call at a value of an axis: fewer where one takes long. */
const stepsAt = (value: number): number => Math.max(1, Math.min(BASE.steps, Math.floor((64 * BASE.steps) / value)));

export const AXES: Readonly<Record<Axis, AxisRow>> = {
  width: { doc: 'units of a layer', at: (width) => ({ ...BASE, width, steps: stepsAt(width) }), expected: 2 },
  depth: {
    doc: 'hidden layers',
    at: (depth) => ({ ...BASE, depth, width: 8, steps: stepsAt(depth) }),
    expected: 1,
  },
  batch: { doc: 'samples of a batch', at: (batch) => ({ ...BASE, batch, steps: stepsAt(batch) }), expected: 1 },
  steps: { doc: 'steps in one call', at: (steps) => ({ ...BASE, width: 8, steps }), expected: 0 },
};
export const AXIS_NAMES = Object.keys(AXES) as readonly Axis[];

/** One point of the plot. */
export interface ScalePoint {
  readonly axis: Axis;
  readonly value: number;
  /** Time of one step: the median over the rounds of the shortest sample of each, and how far they are from it. */
  readonly medianNs: number;
  readonly madNs: number;
  readonly samples: number;
}

export interface Growth {
  readonly axis: Axis;
  readonly expected: number;
  /** Slope of the log–log line through all points, and through their upper half, where overheads count less. */
  readonly exponent: number;
  readonly upper: number;
  /** The largest slope between neighbours, and where. */
  readonly steepest: Rise;
  /** Where the time grows by more than twice the factor that the work does, by more than both points deviate. */
  readonly cliffs: readonly Rise[];
}
/** From one point to the next. */
export interface Rise {
  readonly slope: number;
  readonly from: number;
  readonly to: number;
}

export interface ScalingReport {
  readonly schema: 1;
  readonly machine: Machine;
  readonly engine: string;
  readonly most: number;
  readonly protocol: { readonly timePerTaskMs: number; readonly rounds: number };
  readonly points: readonly ScalePoint[];
  readonly growth: readonly Growth[];
}

export interface ScalingOptions extends Partial<MeasureOptions> {
  /** The largest value of every axis, a power of two. */
  readonly most?: number;
  readonly axes?: readonly Axis[];
}

/** The training that is scaled, before its first step, and its only batch. */
const taskOf = ({ width, depth, batch }: Size) => {
  const units = [...Array<number>(depth).fill(width), 1];
  const setup: Setup = {
    model: modelOf({ layers: mlp(units, 'tanh'), loss: 'bceWithLogits' }),
    optimizer: optimizerOf('adam'),
  };
  const data = {
    x: normal(fold(keyOf(1), 0), [batch, width]),
    y: ops.greater(uniform(fold(keyOf(1), 1), [batch, 1]), ops.lit(0.5)),
  };
  return { setup, data, from: start(setup, keyOf(2), [width]) };
};

/** The engine itself, one operation after another. */
export const eager: Engine = {
  name: 'tautograd, eager',
  stepOf: (sizes) => {
    const { setup, data, from } = taskOf(sizes);
    let training = from;
    return (steps) => {
      for (let i = 0; i < steps; i++) ({ training } = step(setup, training, data));
    };
  },
};

/** The engine itself, compiled. */
export const compiled: Engine = {
  name: 'tautograd, compiled, f32',
  stepOf: (sizes) => {
    const { setup, data, from } = taskOf(sizes);
    const { step: one, state } = trainingStep(setup, from);
    return scan(one, { dtype: 'f32', mode: 'fast' }).start(state, [data.x, data.y]).run;
  },
};

/** Powers of two from 1. */
const valuesTo = (most: number): readonly number[] =>
  Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);

type Point = Pick<ScalePoint, 'value' | 'medianNs' | 'madNs'>;
/** A slope beyond that of the work that makes a cliff: 1 is a factor of two at a doubling. A cache that is full costs less. */
const CLIFF = 1;
const logged = (points: readonly Point[]): [number, number][] =>
  points.map(({ value, medianNs }) => [Math.log(value), Math.log(medianNs)]);
const slope = (points: readonly Point[]): number =>
  points.length < 2 ? Number.NaN : linearRegression(logged(points)).m;

/** What the points of one axis, in ascending order, say. */
export const growthOf = (axis: Axis, points: readonly Point[]): Growth => {
  const { expected } = AXES[axis];
  const rises = (moved: (p: Point, by: 1 | -1) => Point): readonly Rise[] =>
    points.slice(1).map((to, i) => {
      const from = points[i] as Point; // one before each
      return { slope: slope([moved(from, 1), moved(to, -1)]), from: from.value, to: to.value };
    });
  const pairs = rises((p) => p);
  const sure = rises((p, by) => ({ ...p, medianNs: Math.max(p.medianNs + by * p.madNs, Number.MIN_VALUE) }));
  const none = { slope: Number.NEGATIVE_INFINITY, from: 1, to: 1 };
  return {
    axis,
    expected,
    exponent: slope(points),
    upper: slope(points.slice(Math.floor(points.length / 2))),
    steepest: pairs.reduce((most, pair) => (pair.slope > most.slope ? pair : most), none),
    cliffs: pairs.filter((_, i) => (sure[i] as Rise).slope > expected + CLIFF),
  };
};

/** Times steps of an engine over powers of two along each axis. */
export const runScaling = async (
  { name, stepOf }: Engine,
  { most = 64, axes = AXIS_NAMES, timePerTask = 120, rounds = 6, onProgress = () => {} }: ScalingOptions = {},
): Promise<ScalingReport> => {
  const machine = machineOf();
  const plans = axes.flatMap((axis) => valuesTo(most).map((value) => ({ axis, value, ...AXES[axis].at(value) })));
  const tasks = plans.map(({ axis, value, steps, ...size }): Timed => {
    // made ready at its first call, which is warm-up: a compiler has its turn there
    let run: ReturnType<StepOf> | null = null;
    return {
      name: `${axis} ${value}`,
      time: (calls) => {
        run ??= stepOf(size);
        const from = performance.now();
        for (let i = 0; i < calls; i++) run(steps);
        return performance.now() - from;
      },
    };
  });
  const samples = await measureRounds(tasks, { timePerTask, rounds, leastSamples: 1, onProgress });
  const points = plans.map(({ axis, value, steps }, i): ScalePoint => {
    const own = samples[i];
    if (own === undefined) throw new Error(`scaling: ${axis} ${value} was not timed`);
    // other programs can only make a sample longer
    const { ns, rounds: shortest } = keptOf('', own);
    return {
      ...{ axis, value },
      medianNs: ns / steps,
      madNs: medianAbsoluteDeviation(shortest) / steps,
      samples: own.rounds.flat().length,
    };
  });
  const growth = axes.map((axis) =>
    growthOf(
      axis,
      points.filter((p) => p.axis === axis),
    ),
  );
  return { schema: 1, machine, engine: name, most, protocol: { timePerTaskMs: timePerTask, rounds }, points, growth };
};
