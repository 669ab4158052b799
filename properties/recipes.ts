// Random programs as data: what compiled code is tried on, in one thread and in several.
import fc from 'fast-check';
import {
  type Dtype,
  keyOf,
  type Lang,
  OP_NAMES,
  type OpName,
  type Pure,
  ROWS,
  type Shape,
  Tensor,
  type TracedProgram,
  trace,
  uniform,
} from '../src/index.ts';
import { type Machine, type MachineOptions, machineOf } from '../src/internal.ts';

/** A random program as data: each step applies a row to values that are there, if they fit. */
interface Step {
  readonly op: OpName;
  readonly picks: readonly number[];
  readonly choice: number;
}
export interface Recipe {
  readonly rows: number;
  readonly columns: number;
  readonly state: number;
  readonly steps: readonly Step[];
  readonly seed: number;
}

export const arbitrary: fc.Arbitrary<Recipe> = fc.record({
  rows: fc.constantFrom(1, 2, 3, 4, 8, 13, 33),
  columns: fc.constantFrom(1, 2, 4, 5, 7, 8, 16, 37),
  state: fc.nat(3),
  steps: fc.array(
    fc.record({
      op: fc.constantFrom(...OP_NAMES.filter((op) => ROWS[op].kind !== 'spectral')),
      picks: fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }),
      choice: fc.nat(20),
    }),
    { minLength: 1, maxLength: 24 },
  ),
  seed: fc.nat(1000),
});

/** Parameters of a row for a value of this shape, by a random choice. */
const parametersOf = (op: OpName, shape: Shape, choice: number): unknown => {
  const { lower } = ROWS[op];
  const axes = shape.map((_, i) => i).filter((i) => ((choice >> i) & 1) === 0);
  if (lower.as === 'sum') return { axes, keep: choice % 2 === 0 };
  if (lower.as === 'stretch') return { shape: choice % 2 === 0 ? [2, ...shape] : shape.map((n) => (n === 1 ? 3 : n)) };
  if (lower.as === 'view') return { shape: choice % 2 === 0 ? [shape.reduce((a, b) => a * b, 1)] : [...shape, 1] };
  if (lower.as === 'draw') return { key: [choice, 7], shape: [choice % 5, 3] };
  return ROWS[op].sample([shape]);
};

export const shapesOf = ({ rows, columns }: Recipe): readonly Shape[] => [
  [rows, columns],
  [rows, columns],
  [columns],
  [rows, 1],
  [],
  [columns, rows],
];

/** What the recipe spells: next state and outputs. Rows that do not fit are left out, by their own refusal. */
export const programOf =
  (recipe: Recipe): Pure =>
  <T>(o: Lang<T>, xs: readonly T[]) => {
    const values: T[] = [...xs];
    const pick = (n: number): T => values[values.length - 1 - (n % Math.min(values.length, 9))] as T;
    for (const { op, picks, choice } of recipe.steps) {
      const args = ROWS[op].args.map((_, i) => pick(picks[i] ?? 0));
      const first = o.shape(args[0] as T);
      const small = args.every((x) => o.shape(x).reduce((a, b) => a * b, 1) <= 2000 && o.shape(x).length <= 4);
      if (!small) continue;
      try {
        const apply = o[op] as (...a: unknown[]) => T; // rows by name, so untyped
        values.push(apply(...args, parametersOf(op, first, choice)));
      } catch (error) {
        if (!(error instanceof Error && /Shape|Domain/.test(error.name))) throw error;
      }
    }
    const made = values.slice(xs.length);
    const fits = (x: T): T => {
      const same = made.filter((v) => o.shape(v).join() === o.shape(x).join());
      return same[same.length - 1] ?? x;
    };
    return [...xs.slice(0, recipe.state).map(fits), pick(0), pick(3), pick(5)];
  };

export const SPECIAL = [
  0,
  -0,
  1,
  -1,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  5e-324,
  1e300,
  -745.2,
];
export const inputsOf = (recipe: Recipe): readonly Tensor[] =>
  shapesOf(recipe).map((shape, i) => {
    const u = uniform(keyOf(recipe.seed * 10 + i), shape).view;
    return Tensor.build(shape, (out) => {
      for (let j = 0; j < out.length; j++) {
        const draw = u[j] as number; // one each
        out[j] = draw < 0.02 ? (SPECIAL[Math.floor(draw * 500)] as number) : (draw - 0.5) * 4;
      }
    });
  });

export const programFor = (recipe: Recipe, dtype: Dtype): TracedProgram =>
  trace(programOf(recipe), shapesOf(recipe), dtype);
export const bits = (x: Tensor | ArrayLike<number>): readonly number[] => Array.from(x instanceof Tensor ? x.view : x);

/** A machine whose whole arena held this byte before its inputs were written. */
export const prepared = (recipe: Recipe, dtype: Dtype, fill: number, options: MachineOptions = {}): Machine => {
  const machine = machineOf(programFor(recipe, dtype), { ...options, state: recipe.state });
  const [first] = machine.inputs;
  if (first !== undefined) new Uint8Array(first.buffer).fill(fill, machine.made.arena);
  for (const [i, x] of inputsOf(recipe).entries()) machine.inputs[i]?.set(x.view);
  return machine;
};
/** What a machine has after a step: state where inputs are, the rest where outputs are. */
export const resultsOf = (recipe: Recipe, { inputs, outputs }: Machine): readonly (readonly number[])[] =>
  outputs.map((out, i) => bits(i < recipe.state ? (inputs[i] as ArrayLike<number>) : out));
