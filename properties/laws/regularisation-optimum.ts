// The chapter of regularisation, third part: optima of penalised problems, and the path that leads there.
import fc from 'fast-check';
import { extent, filled, type Values } from '../arbitraries.ts';
import { claim, every, having, type Inquiry, law, sided, within } from '../law.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import { type Logistic, logisticOptimum, logisticSlope, shrinkage } from '../oracle/penalty.ts';
import type { PortInfo } from '../port.ts';
import { contractDerivativeUlps, contractUlps, FORMATS, roundingBound, ulpsAt } from '../tolerance.ts';
import { like } from './cases.ts';
import { type Fitted, fitted, lossAndGrad } from './regularisation-cases.ts';

/** Logistic regression with one output, its penalty, and the same for the oracle. */
interface Regression {
  readonly x: Values;
  readonly y: Values;
  readonly l2: number;
}

const regression: fc.Arbitrary<Regression> = fc.tuple(extent(4), extent(2)).chain(([batch, n]) =>
  fc.record({
    x: filled(
      [batch, n],
      fc.integer({ min: -12, max: 12 }).map((k) => k / 4),
    ),
    // inside (0, 1), so that an optimum exists even without a penalty on the bias
    y: filled(
      [batch, 1],
      fc.integer({ min: 1, max: 15 }).map((k) => k / 16),
    ),
    l2: fc.constantFrom(1 / 16, 1 / 4, 3 / 4),
  }),
);

const problemOf = ({ x, y, l2 }: Regression, { l2: kind, regulariseBias }: PortInfo['conventions']): Logistic => {
  const [batch = 1, n = 1] = x.shape;
  const decay = shrinkage(l2, kind);
  return {
    x: Array.from({ length: batch }, (_, i) => x.data.slice(i * n, (i + 1) * n)),
    y: y.data,
    decay: [...new Array<number>(n).fill(decay), regulariseBias ? decay : 0],
  };
};

/** Gradient of a port at a point, the bias last. */
function* slopeOf({ x, y, l2 }: Regression, at: readonly number[]): Inquiry<readonly number[]> {
  const w = { shape: [at.length - 1, 1], data: at.slice(0, -1) };
  const b = { shape: [1], data: at.slice(-1) };
  const c: Fitted = { x, y, w, b, loss: 'bce_with_logits', reduction: 'mean' };
  const { dw, db } = yield* lossAndGrad('l2', c, { l2 });
  return [...dw, ...db];
}

/**
 * How far a correct gradient may be from the exact one: the logit's rounding through a slope of at most ¼, the loss's own
 * ulps at 1, then products, sum, mean and penalty.
 */
const slopeBound = (problem: Logistic, at: readonly number[], { dtype }: PortInfo): readonly number[] => {
  const n = problem.x.length;
  const rows = problem.x.map((row) => [...row, 1]);
  const sample = rows.map((row) => {
    const size = row.reduce((s, v, k) => s + Math.abs(v * (at[k] ?? 0)), 0);
    return (
      roundingBound(row.length + 1, size, dtype) / 4 + ulpsAt(contractDerivativeUlps(1) + contractUlps(1), 1, dtype)
    );
  });
  return at.map((v, k) => {
    const size = rows.reduce((s, row) => s + Math.abs(row[k] ?? 0), 0) / n;
    const carried = rows.reduce((s, row, i) => s + Math.abs(row[k] ?? 0) * (sample[i] ?? 0), 0) / n;
    return carried + roundingBound(n + 4, size + Math.abs(v) * (problem.decay[k] ?? 0), dtype);
  });
};

const squared = (v: readonly number[]): number => v.reduce((s, x) => s + x * x, 0);

/** Steps of steepest descent from 0, along which a larger penalty means smaller weights at every step. */
const STEPS = 4;
const PATH = [0, 1 / 4, 1, 2] as const;

export const optimumLaws = [
  law<Regression>({
    id: 'regularisation/optimum',
    ref: 'W-08',
    class: '64-digit oracle',
    runs: 20,
    says: 'at the optimum of penalised logistic regression, found by Newton at 64 digits, the gradient is 0 up to rounding',
    formula: '∇(mean cross-entropy + λ/2·|w|²)(w*) = 0',
    source: 'Boyd & Vandenberghe 2004, §9.5; running error of logit, loss, products and sums',
    subjects: having('regulariser.l2.loss_and_grad'),
    given: () => regression,
    *holds(c, port) {
      const problem = problemOf(c, port.conventions);
      const at = logisticOptimum(problem).map((v) => FORMATS[port.dtype].round(nearest(v)));
      const slope = yield* slopeOf(c, at);
      return within(
        'gradient at the optimum: weights, then bias',
        slope,
        // of the optimum rounded to numbers of the format, where the exact gradient is a few units of roundoff
        logisticSlope(problem, at).map((v) => expecting(v, port.dtype)),
        slopeBound(problem, at, port),
      );
    },
  }),
  law<Regression & { readonly points: readonly Values[] }>({
    id: 'regularisation/strongly-convex',
    ref: 'W-08',
    class: 'rounding bound',
    runs: 40,
    says: 'penalised logistic regression has one optimum only: between any two points the gradient turns by at least the penalty, and is exact at both',
    formula: '⟨∇L(a) − ∇L(b), a − b⟩ ≥ λ·|a − b|² over the weights',
    source: 'Nesterov 2004, Theorem 2.1.9',
    subjects: having('regulariser.l2.loss_and_grad'),
    given: () =>
      regression.chain((c) =>
        fc.record({
          x: fc.constant(c.x),
          y: fc.constant(c.y),
          l2: fc.constant(c.l2),
          points: fc.tuple(
            ...[0, 1].map(() =>
              filled(
                [(c.x.shape[1] ?? 1) + 1],
                fc.integer({ min: -12, max: 12 }).map((k) => k / 8),
              ),
            ),
          ),
        }),
      ),
    *holds({ points, ...c }, port) {
      const problem = problemOf(c, port.conventions);
      const [a = [], b = []] = points.map((p) => p.data);
      const [ga, gb] = [yield* slopeOf(c, a), yield* slopeOf(c, b)];
      const [ea, eb] = [slopeBound(problem, a, port), slopeBound(problem, b, port)];
      const d = a.map((v, i) => v - (b[i] ?? 0));
      const turn = d.reduce((s, v, i) => s + v * ((ga[i] ?? Number.NaN) - (gb[i] ?? 0)), 0);
      const least = d.reduce((s, v, i) => s + (problem.decay[i] ?? 0) * v * v, 0);
      const slack = d.reduce((s, v, i) => s + Math.abs(v) * ((ea[i] ?? 0) + (eb[i] ?? 0)), 0);
      return every([
        sided('⟨∇L(a) − ∇L(b), a − b⟩ by λ·|a − b|²', turn, '≥', least, 2 * slack),
        within(
          'gradient at a',
          ga,
          logisticSlope(problem, a).map((v) => expecting(v, port.dtype)),
          ea,
        ),
      ]);
    },
  }),
  law<Fitted>({
    id: 'regularisation/path',
    ref: 'W-09',
    class: 'rounding bound',
    runs: 30,
    says: 'a stronger penalty means smaller weights: after every step of steepest descent from 0 in linear regression, |w| falls as l2 grows',
    formula: '|w_T(λ)| ≥ |w_T(λ′)| for λ < λ′, as each eigencomponent is η·Σ_t (1 − η·(h + λ))ᵗ',
    source: 'Hoerl & Kennard 1970, Theorem 2.1 (the limit); Friedman & Popescu 2004, §3 (early stopping)',
    subjects: having('regulariser.l2.loss_and_grad'),
    given: () => fitted(),
    *holds(c, port) {
      const { dtype, conventions } = port;
      const outputs = c.reduction === 'mean' ? c.y.data.length : 1;
      const strongest = shrinkage(PATH.at(-1) ?? 0, conventions.l2);
      const steepest = (2 / outputs) * squared(c.x.data) + strongest;
      const lr = 2 ** -Math.ceil(Math.log2(steepest));
      const size = ((2 / outputs) * lr * STEPS * squared([...c.x.data, ...c.y.data]) + 1) ** 2;
      // each step adds the rounding of its gradient, and is no expansion of what came before
      const slack = roundingBound(STEPS * (c.x.data.length + 8), size, dtype);
      const b = { shape: c.b.shape, data: c.b.data.map(() => 0) };
      const start = like(
        c.w,
        c.w.data.map(() => 0),
      );
      const ends: (readonly number[])[] = [];
      for (const l2 of PATH) {
        let w = start;
        for (let k = 0; k < STEPS; k++) {
          const { dw } = yield* lossAndGrad('l2', { ...c, w, b }, { l2 });
          w = like(
            w,
            w.data.map((v, i) => FORMATS[dtype].round(v - lr * (dw[i] ?? Number.NaN))),
          );
        }
        ends.push(w.data);
      }
      return every(
        ends.slice(1).map((w, i) => {
          const before = squared(ends[i] ?? []);
          const moved = (ends[0] ?? []).some((v) => v !== 0);
          return claim(
            `|w|² at l2 = ${PATH[i + 1]} < ${before}, which it is at l2 = ${PATH[i]}`,
            moved ? squared(w) < before + slack && squared(w) < squared(ends[0] ?? []) : squared(w) <= slack,
            squared(w),
          );
        }),
      );
    },
  }),
];
