// Functions of symmetric matrices by their eigenvalues, as preconditioners need them.
import { DomainError, ShapeError } from '../core/errors.ts';
import { show } from '../core/shape.ts';
import type { View } from '../core/tensor.ts';
import { spectral } from './op.ts';

export interface RootParams {
  /** Which root: 4 for the fourth. A power of two. */
  readonly order: number;
  /** Added to the diagonal first. */
  readonly ridge: number;
}

/** Sweeps after which the rotations of any matrix of doubles have long converged. */
const SWEEPS = 30;

/**
 * Eigenvalues and eigenvectors (as columns) of a symmetric matrix by cyclic rotations.
 * @source Golub & Van Loan 2013, Algorithm 8.5.3
 */
const eigen = (x: View, n: number): { readonly values: readonly number[]; readonly vectors: Float64Array } => {
  const a = Float64Array.from(x);
  const v = Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0));
  const at = (m: Float64Array, i: number, j: number): number => m[i * n + j] as number; // i and j are below n
  /** Turns two places of every row or column against each other. */
  const turn = (m: Float64Array, p: number, q: number, c: number, s: number, step: number, stride: number): void => {
    for (let i = 0; i < n; i++) {
      const [ip, iq] = [i * step + p * stride, i * step + q * stride];
      const [mp, mq] = [m[ip] as number, m[iq] as number];
      m[ip] = c * mp - s * mq;
      m[iq] = s * mp + c * mq;
    }
  };
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let off = 0;
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        const apq = at(a, p, q);
        if (apq === 0) continue;
        off += Math.abs(apq);
        const tau = (at(a, q, q) - at(a, p, p)) / (2 * apq);
        const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.sqrt(1 + tau * tau));
        const c = 1 / Math.sqrt(1 + t * t);
        turn(a, p, q, c, t * c, n, 1);
        turn(a, p, q, c, t * c, 1, n);
        turn(v, p, q, c, t * c, n, 1);
        a[p * n + q] = 0;
        a[q * n + p] = 0;
      }
    if (off === 0) break;
  }
  return { values: Array.from({ length: n }, (_, i) => at(a, i, i)), vectors: v };
};

export const spectralRows = {
  inverseRoot: spectral<readonly ['x'], RootParams>({
    args: ['x'],
    doc: 'the inverse root of a symmetric matrix with a ridge on its diagonal, which must be positive definite then; a constant to derivatives',
    source: 'Gupta, Koren & Singer 2018, Algorithm 1; Golub & Van Loan 2013, Algorithm 8.5.3',
    formula: { matrix: 'inverseRoot(x, order, ridge)' },
    sample: () => ({ order: 4, ridge: 0.3 }),
    shape: ([x = []], { order }) => {
      if (x.length !== 2 || x[0] !== x[1])
        throw new ShapeError(`inverseRoot: the matrix must be square, got ${show(x)}`);
      if (!(order === 1 || order === 2 || order === 4 || order === 8))
        throw new DomainError(`inverseRoot: the order must be 1, 2, 4 or 8, got ${order}`);
      return x;
    },
    kernel: (out, [x = []], { order, ridge }, [[n = 0] = []]) => {
      const { values, vectors } = eigen(x, n);
      const roots = values.map((value) => {
        let r = value + ridge;
        for (let o = order; o > 1; o /= 2) r = Math.sqrt(r);
        return 1 / r;
      });
      for (let i = 0; i < n; i++)
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let k = 0; k < n; k++)
            sum += (vectors[i * n + k] as number) * (roots[k] as number) * (vectors[j * n + k] as number);
          out[i * n + j] = sum;
        }
    },
  }),
};
