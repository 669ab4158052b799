// Schedules that fit the budget of a problem: what counts steps is a share of the budget unless a number is given.
import { type OptimizerSpec, scheduleRow } from '../../src/index.ts';

/** Hyper-parameters of schedules that count steps; the rows name them for a training of {@link WRITTEN_FOR} steps. */
const COUNTED = ['steps', 'every', 'warmup', 'decay', 'first'];
const WRITTEN_FOR = 1000;

/** The optimizer with a schedule for so many steps: a row's own counts are scaled from 1000 steps, in whole steps. @throws UnknownNameError */
export const plannedFor = (spec: OptimizerSpec, steps: number): OptimizerSpec => {
  if (spec.schedule === undefined) return spec;
  const { name, hyper = {} } = spec.schedule;
  const counts = Object.entries(scheduleRow(name).hyper)
    .filter(([key]) => COUNTED.includes(key))
    .map(([key, value]) => [key, Math.max(1, Math.round((value * steps) / WRITTEN_FOR))] as const);
  return { ...spec, schedule: { name, hyper: { ...Object.fromEntries(counts), ...hyper } } };
};
