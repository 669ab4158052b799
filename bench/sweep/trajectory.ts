// Ways of optimizers over functions of two weights: the runs of the report made again, with the weights kept.
import { keyOf, ops, Tensor } from '../../src/index.ts';
import type { FunctionProblem } from './problem.ts';
import { GIVEN } from './problem.ts';
import { problemRow } from './problems/index.ts';
import type { SweepSummary } from './summary.ts';
import { trialOf } from './trial.ts';

/** The weights at the same steps for every optimizer. */
export interface Trajectory {
  readonly task: string;
  readonly optimizer: string;
  readonly lr: number;
  readonly steps: readonly number[];
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Places at which a way is looked at: every step at first, then fewer. */
const LOOKS = 160;

const looksOf = (steps: number): readonly number[] => [
  ...new Set(Array.from({ length: LOOKS + 1 }, (_, i) => Math.round(steps * (i / LOOKS) ** 2))),
];

/** The row of a function of two weights; undefined for anything else. */
export const planeOf = (problem: string): FunctionProblem | undefined => {
  const row = problemRow(problem);
  return row.kind === 'function' && row.start(keyOf(0)).view.length === 2 ? row : undefined;
};

/** Value of a function of two weights. */
export const heightOf = (row: FunctionProblem, x: number, y: number): number =>
  row.value(ops, Tensor.from([2], [x, y]), row.constants ?? []).view[0] as number; // a scalar

/** The ways of all optimizers over all functions of two weights, with the rates that were chosen, from the first seed; of several budgets the largest. */
export const trajectoriesOf = async ({
  protocol,
  optimizers,
  tasks,
  cells,
}: SweepSummary): Promise<readonly Trajectory[]> => {
  const made: Trajectory[] = [];
  const budget = protocol.mode === 'budget' ? Math.max(...protocol.budgets) : null;
  for (const task of tasks) {
    const row = planeOf(task.problem);
    if (row === undefined) continue;
    const trial = await trialOf(task.problem, row, {}, protocol.seeds[0] ?? 0, task.steps);
    for (const [i, spec] of protocol.optimizers.entries()) {
      const optimizer = optimizers[i] ?? spec.name;
      const cell = cells.find((c) => c.task === task.name && c.optimizer === optimizer && c.budget === budget);
      if (cell === undefined || cell.lr === null) continue;
      const pass = trial.begin({ ...spec, hyper: { ...spec.hyper, ...cell.hyper } }, GIVEN, cell.lr);
      const steps = looksOf(task.steps);
      const points = steps.map((step): readonly [number, number] => {
        if (step > 0) pass.advance(step);
        const [x = Number.NaN, y = Number.NaN] = pass.point?.() ?? [];
        return [x, y];
      });
      made.push({ task: task.name, optimizer, lr: cell.lr, steps, points });
    }
  }
  return made;
};
