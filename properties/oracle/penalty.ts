// Penalties on weights written once more at 64 digits, the constraint on norms, and the optimum of penalised logistic regression.
import { type Big, big, exact, exp, ln, ONE, sqrt, ZERO } from './exact.ts';

export interface Strengths {
  readonly l1?: number;
  readonly l2?: number;
}

/** What an L2 penalty multiplies Σw² and w by. */
const SQUARE: Readonly<Record<'half' | 'full', { readonly value: number; readonly slope: number }>> = {
  half: { value: 1 / 2, slope: 1 },
  full: { value: 1, slope: 2 },
};

/** The number that multiplies w in the gradient of an L2 penalty. */
export const shrinkage = (l2: number, kind: 'half' | 'full'): number => SQUARE[kind].slope * l2;

const total = (terms: readonly Big[]): Big => terms.reduce((a, b) => a.plus(b), ZERO);

/** l1·Σ|w| + l2/2·Σw², or l2·Σw². @source Tibshirani 1996; Hoerl & Kennard 1970; Zou & Hastie 2005 */
export const penaltyValue = (w: readonly number[], { l1 = 0, l2 = 0 }: Strengths, kind: 'half' | 'full'): Big =>
  total(w.map((v) => exact(v).abs().times(exact(l1)))).plus(
    total(w.map((v) => exact(v).times(exact(v)).times(exact(l2)).times(SQUARE[kind].value))),
  );

/** Its derivative by one weight: the slope of |w| at 0 is 0, the middle of its interval. */
export const penaltySlope = (w: number, { l1 = 0, l2 = 0 }: Strengths, kind: 'half' | 'full'): Big =>
  exact(l1)
    .times(Math.sign(w))
    .plus(exact(w).times(exact(shrinkage(l2, kind))));

/** Weights into one unit, scaled back to a norm of at most limit. */
export const projected = (w: readonly number[], limit: number): readonly Big[] => {
  const norm = sqrt(total(w.map((v) => exact(v).times(exact(v)))));
  return w.map((v) => (norm.gt(exact(limit)) ? exact(v).times(exact(limit)).div(norm) : exact(v)));
};

/** Logistic regression: rows of features, labels in [0, 1], and what multiplies each parameter, the bias last, in the gradient. */
export interface Logistic {
  readonly x: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly decay: readonly number[];
}

const dot = (a: readonly Big[], b: readonly Big[]): Big => total(a.map((v, i) => v.times(b[i] ?? ZERO)));

/** Mean cross-entropy and penalty, with gradient and curvature. */
const logisticAt = ({ x, y, decay }: Logistic, at: readonly Big[]) => {
  const n = x.length;
  const rows = x.map((row) => [...row.map(exact), ONE]);
  const z = rows.map((row) => dot(row, at));
  const p = z.map((v) => ONE.div(exp(v.neg()).plus(1)));
  const value = total(z.map((v, i) => ln(exp(v).plus(1)).minus(v.times(exact(y[i] ?? 0))))).div(n);
  return {
    value: value.plus(
      total(
        at.map((v, k) =>
          v
            .times(v)
            .times(exact(decay[k] ?? 0))
            .div(2),
        ),
      ),
    ),
    slope: at.map((v, k) =>
      total(rows.map((row, i) => (p[i] ?? ZERO).minus(exact(y[i] ?? 0)).times(row[k] ?? ZERO)))
        .div(n)
        .plus(v.times(exact(decay[k] ?? 0))),
    ),
    curvature: at.map((_, k) =>
      at.map((_2, l) =>
        total(
          rows.map((row, i) =>
            (p[i] ?? ZERO)
              .times(ONE.minus(p[i] ?? ZERO))
              .times(row[k] ?? ZERO)
              .times(row[l] ?? ZERO),
          ),
        )
          .div(n)
          .plus(k === l ? exact(decay[k] ?? 0) : ZERO),
      ),
    ),
  };
};

/** a⁻¹·b of a positive definite matrix, by elimination. */
const solve = (a: readonly (readonly Big[])[], b: readonly Big[]): readonly Big[] => {
  const [first, ...others] = a.map((row, i) => [...row, b[i] ?? ZERO]);
  if (first === undefined) return [];
  const [pivot = ONE, ...rest] = first;
  const reduced = others.map(([head = ZERO, ...tail]) =>
    tail.map((v, j) => v.minus(head.div(pivot).times(rest[j] ?? ZERO))),
  );
  const below = solve(
    reduced.map((row) => row.slice(0, -1)),
    reduced.map((row) => row.at(-1) ?? ZERO),
  );
  const own = (rest.at(-1) ?? ZERO).minus(dot(rest.slice(0, -1), below)).div(pivot);
  return [own, ...below];
};

const NEWTON_END = big('1e-40');
/** Below this, a difference of two values of the objective is rounding: close to the optimum full steps are taken, which converge quadratically. */
const LEVEL = big('1e-50');

/** The one optimum, weights first and the bias last, to 40 digits and more: Newton's method, halved until it descends. @source Boyd & Vandenberghe 2004, §9.5 */
export const logisticOptimum = (problem: Logistic): readonly Big[] => {
  let at: readonly Big[] = problem.decay.map(() => ZERO);
  let here = logisticAt(problem, at);
  for (let turn = 0; turn < 100; turn++) {
    const direction = solve(here.curvature, here.slope);
    let length = ONE;
    const step = (): readonly Big[] => at.map((v, k) => v.minus((direction[k] ?? ZERO).times(length)));
    let next = logisticAt(problem, step());
    while (next.value.minus(here.value).gt(LEVEL) && length.gt(NEWTON_END)) {
      length = length.div(2);
      next = logisticAt(problem, step());
    }
    at = step();
    here = next;
    if (here.slope.every((v) => v.abs().lt(NEWTON_END))) break;
  }
  return at;
};

/** The exact gradient at a point. */
export const logisticSlope = (problem: Logistic, at: readonly number[]): readonly Big[] =>
  logisticAt(problem, at.map(exact)).slope;
