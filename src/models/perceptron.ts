// Rosenblatt's perceptron: learning by mistakes, the bound on their number, and the proof that XOR cannot be learnt.
import { DomainError, ShapeError } from '../core/errors.ts';
import { show } from '../core/shape.ts';
import type { Tensor } from '../core/tensor.ts';

export interface Perceptron {
  readonly w: readonly number[];
  readonly b: number;
}

export interface PerceptronFit extends Perceptron {
  /** Number of updates made. */
  readonly mistakes: number;
  /** Updates made on each sample: w = lr·Σ αᵢ·sᵢ·xᵢ with sᵢ = ±1, the dual form. */
  readonly counts: readonly number[];
  /** Whether a whole pass was made without a mistake. */
  readonly converged: boolean;
}

interface Samples {
  readonly rows: readonly (readonly number[])[];
  readonly signs: readonly number[];
}

/** Rows and signs; labels may be 0/1 or −1/1. @throws ShapeError, DomainError */
const samplesOf = (x: Tensor, y: Tensor): Samples => {
  const [n = 0, d = 0] = x.shape;
  if (x.shape.length !== 2 || y.shape.length !== 1 || y.shape[0] !== n)
    throw new ShapeError(`perceptron: data must be [n, d] with n labels, got ${show(x.shape)} and ${show(y.shape)}`);
  const labels = y.toArray();
  const bad = labels.find((v) => v !== 0 && v !== 1 && v !== -1);
  if (bad !== undefined || (labels.includes(0) && labels.includes(-1)))
    throw new DomainError(`perceptron: labels must be 0 and 1, or -1 and 1, got ${bad ?? 'both 0 and -1'}`);
  const all = x.toArray();
  return { rows: labels.map((_, i) => all.slice(i * d, i * d + d)), signs: labels.map((v) => (v === 1 ? 1 : -1)) };
};

const score = ({ w, b }: Perceptron, row: readonly number[]): number => row.reduce((s, v, j) => s + v * (w[j] ?? 0), b);

/** 1 where the score is positive, else 0. */
export const predict = (model: Perceptron, row: readonly number[]): 0 | 1 => (score(model, row) > 0 ? 1 : 0);

/**
 * Passes over the samples in order, from zero weights, adding lr·(±1)·x on every mistake and nothing otherwise.
 * The bias moves as the weight of a constant feature 1.
 * @source Rosenblatt 1958; Novikoff 1962
 * @throws ShapeError, DomainError for labels, lr ≤ 0, or epochs that are not a non-negative integer
 */
export const fitPerceptron = (x: Tensor, y: Tensor, lr: number, epochs: number): PerceptronFit => {
  const { rows, signs } = samplesOf(x, y);
  if (!(lr > 0 && lr < Number.POSITIVE_INFINITY))
    throw new DomainError(`perceptron: lr must be positive and finite, got ${lr}`);
  if (!Number.isInteger(epochs) || epochs < 0)
    throw new DomainError(`perceptron: epochs must be a non-negative integer, got ${epochs}`);
  const w = new Array<number>(x.shape[1] ?? 0).fill(0);
  const counts = rows.map(() => 0);
  let b = 0;
  let converged = false;
  for (let epoch = 0; epoch < epochs && !converged; epoch++) {
    converged = true;
    rows.forEach((row, i) => {
      const sign = signs[i] as number; // one sign per row
      if (predict({ w, b }, row) === (sign === 1 ? 1 : 0)) return;
      converged = false;
      counts[i] = (counts[i] ?? 0) + 1;
      b += lr * sign;
      row.forEach((v, j) => {
        w[j] = (w[j] ?? 0) + lr * sign * v;
      });
    });
  }
  return { w, b, mistakes: counts.reduce((a, c) => a + c, 0), counts, converged };
};

/**
 * The most mistakes the perceptron can make on data that `separator` separates: (R/γ)², with the constant feature counted in.
 * Scores at zero count as class 0, which the margin of a strict separator allows.
 * @source Novikoff 1962
 * @throws DomainError when the separator does not separate strictly
 */
export const mistakeBound = (x: Tensor, y: Tensor, separator: Perceptron): number => {
  const { rows, signs } = samplesOf(x, y);
  const norm2 = separator.w.reduce((s, v) => s + v * v, separator.b * separator.b);
  const margin = Math.min(...rows.map((row, i) => (signs[i] ?? 0) * score(separator, row)));
  if (!(margin > 0))
    throw new DomainError(`perceptron: the separator must separate strictly, got the margin ${margin}`);
  const radius2 = Math.max(...rows.map((row) => row.reduce((s, v) => s + v * v, 1)));
  return (radius2 * norm2) / (margin * margin);
};

/**
 * Whether non-negative integers α, not all zero, prove that no (w, b) separates the samples: Σ αᵢ·sᵢ·(xᵢ, 1) = 0
 * turns the sum of the conditions sᵢ·(w·xᵢ + b) > 0 into 0 > 0.
 * @source Farkas 1902; Gordan 1873
 */
export const refutes = (alpha: readonly number[], x: Tensor, y: Tensor): boolean => {
  const { rows, signs } = samplesOf(x, y);
  if (alpha.length !== rows.length || !alpha.every((a) => Number.isInteger(a) && a >= 0) || !alpha.some((a) => a > 0))
    return false;
  const total = (of: (row: readonly number[]) => number): number =>
    rows.reduce((s, row, i) => s + (alpha[i] ?? 0) * (signs[i] ?? 0) * of(row), 0);
  return total(() => 1) === 0 && (rows[0] ?? []).every((_, j) => total((row) => row[j] ?? 0) === 0);
};

/** The refutation of a small set of samples with multipliers up to `most`, or null when none of them is one. */
export const findRefutation = (x: Tensor, y: Tensor, most = 1): readonly number[] | null => {
  const n = x.shape[0] ?? 0;
  const places = Array.from({ length: n }).reduce<readonly number[]>(
    (ps) => [...ps, (ps.at(-1) ?? 1) * (most + 1)],
    [1],
  );
  for (let code = 1; code < (places[n] ?? 1); code++) {
    const alpha = places.slice(0, n).map((place) => Math.floor(code / place) % (most + 1));
    if (refutes(alpha, x, y)) return alpha;
  }
  return null;
};
