// Throughput of every row of the table of operations at three sizes; a new row is timed without a line here.
import { type Kind, keyOf, OP_NAMES, type OpName, ops, ROWS, type Shape, Tensor, uniform } from '../src/index.ts';
import { type Machine, machineOf } from './machine.ts';
import { type MeasureOptions, measureAll, type Task, type Timing } from './measure.ts';

/** A row of the table at one size. */
export interface KernelRow extends Timing {
  readonly op: OpName;
  readonly kind: string;
  readonly size: SizeName;
  readonly shapes: readonly Shape[];
  readonly result: Shape;
  /** Of the largest among arguments and result. */
  readonly elements: number;
  readonly elementsPerSecond: number;
  /** For rows that add up terms: 10⁹ multiplications and additions a second. */
  readonly gflops?: number;
}

export interface KernelReport {
  readonly schema: 1;
  readonly machine: Machine;
  readonly protocol: { readonly timePerTaskMs: number; readonly rounds: number };
  readonly rows: readonly KernelRow[];
}

export interface KernelOptions extends Partial<MeasureOptions> {
  /** Which rows to time; all by default. */
  readonly filter?: (op: OpName) => boolean;
}

/** Sizes in elements of a vector, and in the side of a square for rows that need axes. */
export const SIZES = {
  small: { vector: 64, side: 8 },
  medium: { vector: 4096, side: 64 },
  large: { vector: 262_144, side: 256 },
} as const;

export type SizeName = keyof typeof SIZES;
export const SIZE_NAMES = Object.keys(SIZES) as readonly SizeName[];

const elementsOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** A benchmark before its arguments are drawn. */
export interface KernelPlan extends Pick<KernelRow, 'op' | 'kind' | 'size' | 'shapes' | 'result' | 'elements'> {
  readonly p: unknown;
  /** Multiplications and additions of one call; 0 for rows that add nothing up. */
  readonly flops: number;
}

/** Calls an operation by name. */
export const applyOp = (op: OpName, xs: readonly Tensor[], p: unknown): Tensor =>
  (ops[op] as (...a: unknown[]) => Tensor)(...xs, p); // by name, so untyped here; arity and parameters come from the row

/** Uniform numbers in (0, 1) for every argument place, as many as the largest benchmark needs. */
export const drawPools = (): readonly Tensor[] => {
  const places = Math.max(...OP_NAMES.map((op) => ROWS[op].args.length));
  const most = Math.max(...SIZE_NAMES.map((size) => Math.max(SIZES[size].vector, SIZES[size].side ** 2)));
  return Array.from({ length: places }, (_, place) => uniform(keyOf(place), [most]));
};

/** Arguments by kind: vectors for pointwise rows, squares for those that need axes, smaller ones for eigenvalues, a counter for draws. */
const SHAPES: Readonly<Record<Kind, (vector: number, side: number) => Shape>> = {
  pointwise: (vector) => [vector],
  fold: (_, side) => [side, side],
  layout: (_, side) => [side, side],
  rowwise: (_, side) => [side, side],
  spectral: (_, side) => [side / 8, side / 8],
  draw: () => [],
};

/** The benchmarks of one row, one per size: vectors for pointwise rows, squares for those that need axes. */
export const kernelPlans = (op: OpName): readonly KernelPlan[] => {
  const row = ROWS[op];
  const { kind } = row;
  return SIZE_NAMES.map((size) => {
    const { vector, side } = SIZES[size];
    const shapes = row.args.map((): Shape => SHAPES[kind](vector, side));
    // random numbers have a counter for an argument, and their size among the parameters
    const p = kind === 'draw' ? { ...(row.sample(shapes) as object), shape: [vector] } : row.sample(shapes);
    const result = row.shape(shapes, p);
    const elements = Math.max(elementsOf(result), ...shapes.map(elementsOf));
    // a term of k factors costs k − 1 multiplications and one addition
    const flops = kind === 'fold' ? row.args.length * row.terms(shapes, result) * elementsOf(result) : 0;
    return { op, kind, size, shapes, p, result, elements, flops };
  });
};

/** A plan with its arguments: numbers in (−4, 4), or in (0, 1) where those give no finite result, as for logarithms. */
export const taskOf = ({ op, size, shapes, p }: KernelPlan, pools: readonly Tensor[]): Task => {
  const from = (low: number, high: number) =>
    shapes.map((shape, place) =>
      Tensor.build(shape, (out) => {
        for (let i = 0; i < out.length; i++) out[i] = low + (high - low) * (pools[place]?.view[i] ?? Number.NaN);
      }),
    );
  const wide = ROWS[op].kind === 'spectral' ? from(-4, 4).map((a) => ops.matmul(a, ops.transpose(a))) : from(-4, 4);
  const xs = Array.from(applyOp(op, wide, p).view).every(Number.isFinite) ? wide : from(0, 1);
  return { name: `${op} ${size}`, run: () => applyOp(op, xs, p) };
};

/** The chosen rows at all sizes, ready to run. */
export const kernelTasks = (filter: (op: OpName) => boolean): readonly Task[] => {
  const pools = drawPools();
  return OP_NAMES.filter(filter)
    .flatMap(kernelPlans)
    .map((plan) => taskOf(plan, pools));
};

/**
 * Times the chosen rows at all sizes; about `timePerTask` ms for each row and size, plus warm-up.
 * @throws RangeError when the filter leaves no row
 */
export const runKernels = async ({
  filter = () => true,
  timePerTask = 120,
  rounds = 3,
  ...rest
}: KernelOptions = {}): Promise<KernelReport> => {
  const machine = machineOf(); // before the load that the measurement itself makes
  const plans = OP_NAMES.filter(filter).flatMap(kernelPlans);
  if (plans.length === 0)
    throw new RangeError(`kernels: the filter must leave a row of ${OP_NAMES.join(', ')}, got none`);
  const pools = drawPools();
  const timings = await measureAll(
    plans.map((plan) => taskOf(plan, pools)),
    { timePerTask, rounds, ...rest },
  );
  return {
    schema: 1,
    machine,
    protocol: { timePerTaskMs: timePerTask, rounds },
    rows: timings.map((timing, i) => {
      const { p: _, flops, ...plan } = plans[i] as KernelPlan; // one timing per plan
      const { elements } = plan;
      return {
        ...plan,
        ...timing,
        elementsPerSecond: (elements / timing.medianNs) * 1e9,
        ...(flops > 0 ? { gflops: flops / timing.medianNs } : {}),
      };
    }),
  };
};
