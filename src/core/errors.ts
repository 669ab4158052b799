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

/** Letters to insert, drop, replace, or swap with the next to make one word of another. @source Damerau 1964; Wagner & Fischer 1974 */
const distance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => (rows[i] as number[])[j] as number; // only places that are filled
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const one = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + Number(a[i - 1] !== b[j - 1]));
      (rows[i] as number[]).push(swapped ? Math.min(one, at(i - 2, j - 2) + 1) : one);
    }
  }
  return at(a.length, b.length);
};

/** Slips in a word of so many letters: one of two letters, two of five. */
const slips = (letters: number): number => Math.floor((letters + 1) / 3);

/** The known word that is closest, capitals aside; none where all are further off than a slip. */
export const meant = (name: string, known: readonly string[]): string | undefined => {
  const apart = known.map((k) => ({ k, d: distance(name.toLowerCase(), k.toLowerCase()) }));
  const nearest = apart.reduce((a, b) => (b.d < a.d ? b : a), { k: '', d: Number.POSITIVE_INFINITY });
  return nearest.d <= slips(name.length) ? nearest.k : undefined;
};

/** Looks a row up by name. @throws UnknownNameError naming the table, its rows, and the one that may have been meant */
export const lookup = <R>(table: Readonly<Record<string, R>>, what: string, name: string): R => {
  const row = Object.hasOwn(table, name) ? table[name] : undefined;
  if (row !== undefined) return row;
  const known = Object.keys(table);
  const near = meant(String(name), known);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new UnknownNameError(`${what}: no row is called "${name}", known are ${known.join(', ')}${hint}`);
};
