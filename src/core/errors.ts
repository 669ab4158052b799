// The typed errors of the engine: one sentence each, with the values that broke the rule.

/** What every refusal of the engine is; catch this to tell bad input from a defect. */
export class TautogradError extends Error {
  override readonly name: string = 'TautogradError';
}

/** Shapes that do not fit together. */
export class ShapeError extends TautogradError {
  override readonly name = 'ShapeError';
}

/** A value outside the domain of the thing it was given to. */
export class DomainError extends TautogradError {
  override readonly name = 'DomainError';
}

/** A name that no table holds; the sentence lists the names that would have been understood. */
export class UnknownNameError extends TautogradError {
  override readonly name = 'UnknownNameError';
}

/** Looks a row up by name. @throws UnknownNameError naming the table and its rows */
export const lookup = <R>(table: Readonly<Record<string, R>>, what: string, name: string): R => {
  const row = Object.hasOwn(table, name) ? table[name] : undefined;
  if (row === undefined)
    throw new UnknownNameError(`${what}: no row is called "${name}", known are ${Object.keys(table).join(', ')}`);
  return row;
};
