// A training as a compiled scan: its state as a list of values, and its step as a pure function of them.
import { type CompileOptions, type Step, scan } from '../compile/compile.ts';
import { scalar, type Tensor } from '../core/tensor.ts';
import { flatten, type Tree } from '../core/tree.ts';
import type { Data } from './data.ts';
import { checkTargets, type Moving, type Setup, stepOver, type Training } from './fit.ts';

/** A step of a training in the form that {@link scan} takes. */
export interface TrainingStep {
  readonly step: Step;
  /** Parameters, statistics, slots and the number of steps made, as they are now. */
  readonly state: readonly Tensor[];
  /** The training that a state of this form means. */
  readonly training: (state: readonly Tensor[]) => Training;
}

/** The step of a training; inputs are x and y, the output is the loss before the step. */
export const trainingStep = (setup: Setup, { variables, slots, k, key }: Training): TrainingStep => {
  const moving: Moving<Tensor> = { variables, slots, k: scalar(k) };
  const { leaves, build } = flatten<Tensor>(treeOf(moving));
  // what is built has the structure that was taken apart
  const movingOf = <T>(state: readonly T[]): Moving<T> => build(state) as unknown as Moving<T>;
  return {
    state: leaves,
    step: (o, state, [x, y]) => {
      const { loss, ...next } = stepOver(
        o,
        setup,
        movingOf(state),
        key,
        x as (typeof state)[number],
        y as (typeof state)[number],
      );
      return { state: flatten(treeOf(next)).leaves, outputs: [loss] };
    },
    training: (state) => {
      const at = movingOf(state);
      return { variables: at.variables, slots: at.slots, k: at.k.view[0] as number, key }; // a scalar
    },
  };
};
/** A training is nothing but records and lists of values. */
const treeOf = <T>(moving: Moving<T>): Tree<T> => moving as unknown as Tree<T>;

/**
 * Steps over batches, compiled: those of {@link fit} without its options, bit for bit in f64 and `reproducible`.
 * @throws DomainError for targets that the loss cannot mean, ShapeError for a batch that does not fit; nothing is changed then
 */
export const compiledSteps = (
  setup: Setup,
  from: Training,
  batches: Iterable<Data>,
  options: CompileOptions = {},
): { readonly training: Training; readonly losses: readonly number[] } => {
  const { step, state, training } = trainingStep(setup, from);
  const inputs = [...batches].map(({ x, y }) => {
    checkTargets(setup.model, y);
    return [x, y];
  });
  const { state: end, outputs } = scan(step, options).over(state, inputs);
  return { training: training(end), losses: outputs.map(([loss]) => loss?.view[0] as number) }; // a scalar
};
