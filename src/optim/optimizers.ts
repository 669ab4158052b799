// The table of optimizers, and a transformation made from a row.
import { lookup } from '../core/errors.ts';
import { adaptiveRows } from './adaptive.ts';
import { classicRows } from './classic.ts';
import { type Dialect, type Hyper, hyperOf, type Optimizer } from './rule.ts';
import { constant, type Rate, type Transform } from './transform.ts';
import { wholeRows } from './whole.ts';

/** Every optimizer, one row each. */
export const OPTIMIZERS = { ...classicRows, ...adaptiveRows, ...wholeRows };

export type OptimizerName = keyof typeof OPTIMIZERS;

/** The rows with their hyper-parameter names forgotten, for code that treats all alike. */
const ROWS = OPTIMIZERS as unknown as Readonly<Record<string, Optimizer>>;

/** The row of that name. @throws UnknownNameError */
export const optimizerRow = (name: string): Optimizer => lookup(ROWS, 'optimizer', name);

/** The hyper-parameters by which a library's optimizer of that name steps. @throws UnknownNameError for a dialect that the row does not have */
export const presetOf = (name: string, dialect: Dialect): Hyper => {
  const row = optimizerRow(name);
  return { ...row.hyper, ...lookup(row.dialects as Record<string, Hyper>, `${name} dialect`, dialect) };
};

/**
 * The transformation of a row with some hyper-parameters changed; 0 is honoured. `factor` multiplies every rate, as a schedule.
 * @throws UnknownNameError for a row or hyper-parameter that does not exist
 * @throws DomainError for a value outside its range, NaN included
 */
export const optimizerOf = (name: string, changed: Hyper = {}, factor?: Rate): Transform => {
  const row = optimizerRow(name);
  const at = (rate: number): Rate =>
    factor === undefined ? constant(rate) : (o, k) => o.mul(o.lit(rate), factor(o, k));
  return row.make(hyperOf(name, row, changed), at);
};
