// An optimizer as plain data: its name, numbers, schedule and wrappers, so that a training can be written down.
import { optimizerOf, presetOf } from './optimizers.ts';
import type { Dialect, Hyper } from './rule.ts';
import { scheduleOf } from './schedule.ts';
import type { Rate, Transform } from './transform.ts';
import { wrappedBy } from './wrappers.ts';

/** A row by name, with the numbers that differ from its own. */
export interface Named {
  readonly name: string;
  readonly hyper?: Hyper;
}

export interface OptimizerSpec extends Named {
  /** Whose defaults the numbers differ from; the row's own unless named. */
  readonly dialect?: Dialect;
  readonly schedule?: Named;
  /** From the inside out. */
  readonly wrappers?: readonly Named[];
}

/**
 * The transformation that the data spell; `by` multiplies every rate, beside the schedule.
 * @throws UnknownNameError, DomainError
 */
export const optimizerFrom = (
  { name, hyper = {}, dialect, schedule, wrappers = [] }: OptimizerSpec,
  by?: Rate,
): Transform => {
  const numbers = dialect === undefined ? hyper : { ...presetOf(name, dialect), ...hyper };
  const planned = schedule === undefined ? undefined : scheduleOf(schedule.name, schedule.hyper);
  const factor: Rate | undefined =
    planned === undefined || by === undefined ? (planned ?? by) : (o, k) => o.mul(by(o, k), planned(o, k));
  return wrappers.reduce((inner, w) => wrappedBy(inner, w.name, w.hyper), optimizerOf(name, numbers, factor));
};
