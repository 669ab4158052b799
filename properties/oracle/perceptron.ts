// Rosenblatt's perceptron once more, in whole numbers: its walk, the bound on its mistakes, and certificates.
/** Rows of whole numbers, or of fractions that add up exactly, and a sign ±1 each. */
export interface Signed {
  readonly rows: readonly (readonly number[])[];
  readonly signs: readonly number[];
}

export interface Line {
  readonly w: readonly number[];
  readonly b: number;
}

export interface Walked extends Line {
  readonly counts: readonly number[];
  readonly converged: boolean;
}

export const scoreOf = ({ w, b }: Line, row: readonly number[]): number => {
  let s = b;
  for (let j = 0; j < row.length; j++) s += (row[j] ?? 0) * (w[j] ?? 0);
  return s;
};

/** What a score of 0 means: the class 0, the class 1, or a mistake whatever the label. */
export type Tie = 'zero' | 'one' | 'mistake';

const wrong = (score: number, sign: number, tie: Tie): boolean =>
  score === 0 ? tie === 'mistake' || (tie === 'one') !== sign > 0 : score > 0 !== sign > 0;

/** Passes over the samples in order, from zero, in units of the rate. */
export const walked = ({ rows, signs }: Signed, epochs: number, tie: Tie): Walked => {
  const w = (rows[0] ?? []).map(() => 0);
  const counts = rows.map(() => 0);
  let b = 0;
  let quiet = false;
  for (let epoch = 0; epoch < epochs && !quiet; epoch++) {
    quiet = true;
    for (const [i, row] of rows.entries()) {
      const sign = signs[i] ?? 0;
      if (!wrong(scoreOf({ w, b }, row), sign, tie)) continue;
      quiet = false;
      counts[i] = (counts[i] ?? 0) + 1;
      b += sign;
      for (const [j, x] of row.entries()) w[j] = (w[j] ?? 0) + sign * x;
    }
  }
  return { w, b, counts, converged: quiet };
};

/** R²·|separator|² and γ², whole numbers of which the first over the second is Novikoff's bound. The constant feature counts. */
export const novikoff = ({ rows, signs }: Signed, separator: Line): readonly [above: number, below: number] => {
  let radius = 0;
  let margin = Number.POSITIVE_INFINITY;
  for (const [i, row] of rows.entries()) {
    radius = Math.max(radius, row.reduce((s, x) => s + x * x, 0) + 1);
    margin = Math.min(margin, scoreOf(separator, row) * (signs[i] ?? 0));
  }
  const length = separator.w.reduce((s, x) => s + x * x, 0) + separator.b * separator.b;
  return [radius * length, margin * margin];
};

/** Whether Σ αᵢ·sᵢ·(xᵢ, 1) = 0 with α ≥ 0 whole and not all 0: then no line has every sample on its side. */
export const certifies = (alpha: readonly number[], { rows, signs }: Signed): boolean => {
  if (alpha.length !== rows.length || alpha.some((a) => !Number.isInteger(a) || a < 0) || alpha.every((a) => a === 0))
    return false;
  const total = [...(rows[0] ?? []), 1].map(() => 0);
  for (const [i, row] of rows.entries())
    for (const [j, x] of [...row, 1].entries()) total[j] = (total[j] ?? 0) + (alpha[i] ?? 0) * (signs[i] ?? 0) * x;
  return total.every((t) => t === 0);
};

/** All lists of n whole numbers from 0 to most. */
export const listsOf = (n: number, most: number): readonly (readonly number[])[] =>
  n === 0 ? [[]] : listsOf(n - 1, most).flatMap((l) => Array.from({ length: most + 1 }, (_, a) => [...l, a]));

/** Whether any multipliers up to `most` certify. */
export const refutable = (samples: Signed, most: number): boolean =>
  listsOf(samples.rows.length, most).some((alpha) => certifies(alpha, samples));
