// The optimum of logistic regression with a ridge, by Newton's method: certified by a slope that is as good as none.
import { type Data, DomainError } from '../../src/index.ts';

export interface Least {
  /** Mean cross-entropy with half the ridge times the squared weights, in nats. */
  readonly value: number;
  /** One per feature, then the bias. */
  readonly weights: readonly number[];
  /** Length of the slope there. */
  readonly slope: number;
}

/** Solves a·x = b for a positive definite a, which is used up. @source Golub & Van Loan 2013, Algorithm 4.1.2 (without pivoting) */
const solve = (a: readonly Float64Array[], b: Float64Array): Float64Array => {
  const n = b.length;
  const at = (i: number, j: number): number => (a[i] as Float64Array)[j] as number; // n rows of n
  for (let k = 0; k < n; k++)
    for (let i = k + 1; i < n; i++) {
      const factor = at(i, k) / at(k, k);
      const row = a[i] as Float64Array;
      for (let j = k; j < n; j++) row[j] = (row[j] as number) - factor * at(k, j);
      b[i] = (b[i] as number) - factor * (b[k] as number);
    }
  for (let i = n - 1; i >= 0; i--) {
    let rest = b[i] as number;
    for (let j = i + 1; j < n; j++) rest -= at(i, j) * (b[j] as number);
    b[i] = rest / at(i, i);
  }
  return b;
};

const TURNS = 50;
/** Slopes below this are rounding. */
const NONE = 1e-12;

/**
 * The least loss of logistic regression; the ridge leaves the bias out.
 * @source Newton's method, Boyd & Vandenberghe 2004, Algorithm 9.5 with its line search
 * @throws DomainError when the slope does not vanish
 */
export const leastLogistic = ({ x, y }: Data, l2: number): Least => {
  const [n = 0, d = 0] = x.shape;
  const m = d + 1;
  const input = (i: number, j: number): number => (j === d ? 1 : (x.view[i * d + j] as number)); // in range
  const ridge = (j: number): number => (j === d ? 0 : l2);
  const score = (w: Float64Array, i: number): number => w.reduce((z, v, j) => z + v * input(i, j), 0);
  const valueAt = (w: Float64Array): number => {
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const z = score(w, i);
      sum += (Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - (y.view[i] as number) * z) / n;
    }
    return w.reduce((all, v, j) => all + (ridge(j) * v * v) / 2, sum);
  };
  let w = new Float64Array(m);
  for (let turn = 0; turn < TURNS; turn++) {
    const g = Float64Array.from(w, (v, j) => ridge(j) * v);
    const curvature = Array.from({ length: m }, (_, j) => {
      const row = new Float64Array(m);
      row[j] = ridge(j);
      return row;
    });
    for (let i = 0; i < n; i++) {
      const p = 1 / (1 + Math.exp(-score(w, i)));
      for (let j = 0; j < m; j++) {
        const u = input(i, j) / n;
        g[j] = (g[j] as number) + u * (p - (y.view[i] as number));
        const row = curvature[j] as Float64Array;
        for (let k = 0; k < m; k++) row[k] = (row[k] as number) + u * input(i, k) * p * (1 - p);
      }
    }
    const slope = Math.hypot(...g);
    const value = valueAt(w);
    if (slope < NONE) return { value, weights: [...w], slope };
    const step = solve(curvature, Float64Array.from(g));
    const moved = (share: number): Float64Array<ArrayBuffer> =>
      Float64Array.from(w, (v: number, j: number) => v - share * (step[j] as number));
    let share = 1;
    while (share > 1e-3 && valueAt(moved(share)) > value) share /= 2; // near the optimum rounding decides, and the full step is right
    w = moved(share > 1e-3 ? share : 1);
  }
  throw new DomainError(`logistic regression: no optimum was found in ${TURNS} steps of Newton's method`);
};
