// Optimizers on quadratics, in a loop with the gradient at the point they reached: powers of matrices, exactly.
import fc from 'fast-check';
import { filled, powerOfTwo, small, type Values } from '../arbitraries.ts';
import { claim, every, having, law, sided, type Verdict, within } from '../law.ts';
import { type Big, exact, expecting, ZERO } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import { allOff, closedLoop } from './training.ts';

type Square = readonly (readonly number[])[];
const times = (a: Square, v: ArrayLike<number>): readonly number[] =>
  a.map((row) => row.reduce((s, x, j) => s + x * (v[j] ?? 0), 0));

/** ½·wᵀAw with A = BᵀB of small integers, so that a few steps at dyadic rates are exact. */
interface Quadratic {
  readonly a: Square;
  readonly w: Values;
  readonly lr: number;
  readonly momentum: number;
}
const quadratic: fc.Arbitrary<Quadratic> = fc
  .record({
    b: fc.tuple(fc.tuple(tiny(), tiny()), fc.tuple(tiny(), tiny())),
    w: filled([2], small),
    lr: powerOfTwo(-4, -2),
    momentum: fc.constantFrom(1 / 4, 1 / 2, 3 / 4),
  })
  .map(({ b: [[p, q], [r, s]], ...rest }) => ({
    a: [
      [p * p + r * r, p * q + r * s],
      [p * q + r * s, q * q + s * s],
    ],
    ...rest,
  }));
function tiny(): fc.Arbitrary<number> {
  return fc.integer({ min: -2, max: 2 });
}

/** (x, v) ← M·(x, v), exactly. */
const powers = (m: Square, start: readonly number[], steps: number): readonly (readonly Big[])[] => {
  const path: (readonly Big[])[] = [start.map(exact)];
  const big = m.map((row) => row.map(exact));
  for (let t = 0; t < steps; t++) {
    const now = path[t] ?? [];
    path.push(big.map((row) => row.reduce((s, x, j) => s.plus(x.times(now[j] ?? ZERO)), ZERO)));
  }
  return path;
};

/**
 * Steps that the digits of the format hold, in any order of their sums: each is a sum of multiples of a grain, which gets finer
 * by that factor, and below the sum of its absolute values, which is the same path for entries without signs.
 */
const holding = (port: PortInfo, most: number, grain: number, unsigned: Square, start: readonly number[]): number => {
  const path = powers(
    unsigned,
    start.map((x) => Math.abs(x)),
    most,
  );
  const beyond = path.findIndex((s, t) => s.some((v) => v.gt(2 ** FORMATS[port.dtype].digits * grain ** t)));
  return beyond < 0 ? most : beyond - 1;
};
const sizes = (a: Square): Square => a.map((row) => row.map((v) => Math.abs(v)));
/** The finest that a share of momentum has: those that are asked about are quarters. */
const QUARTER = 1 / 4;

const descent = (a: Square, lr: number): Square => a.map((row, i) => row.map((v, j) => eye(i, j) - lr * v));
const heavyBall = (a: Square, lr: number, momentum: number): Square => [
  ...a.map((row, i) => [...row.map((v, j) => eye(i, j) - lr * v), ...row.map((_, j) => -lr * momentum * eye(i, j))]),
  ...a.map((row, i) => [...row, ...row.map((_, j) => momentum * eye(i, j))]),
];
const lookAhead = (a: Square, lr: number, momentum: number): Square => [
  ...a.map((row, i) => [
    ...row.map((v, j) => eye(i, j) - lr * (1 + momentum) * v),
    ...row.map((_, j) => -lr * momentum * momentum * eye(i, j)),
  ]),
  ...a.map((row, i) => [...row, ...row.map((_, j) => momentum * eye(i, j))]),
];

const exactPath = (
  about: string,
  port: PortInfo,
  got: readonly (readonly number[])[],
  want: readonly (readonly Big[])[],
): Verdict =>
  every(
    got.map((w, t) =>
      within(
        `${about} after ${t} steps`,
        w,
        (want[t] ?? []).slice(0, w.length).map((v) => expecting(v, port.dtype)),
        w.map(() => 0),
      ),
    ),
  );

const eye = (i: number, j: number): number => (i === j ? 1 : 0);

export const quadraticLaws = [
  law<Quadratic>({
    id: 'optimizer/descent-on-a-quadratic',
    ref: 'O-04',
    class: 'lattice',
    runs: 60,
    says: 'descent on a quadratic is the power of a matrix, exactly',
    formula: 'wₜ = (I − lr·A)ᵗ·w₀',
    subjects: having('optimizer.sgd.run'),
    given: () => quadratic,
    *holds({ a, w, lr }, port) {
      const steps = holding(port, 5, lr, descent(sizes(a), -lr), w.data);
      const got = yield* closedLoop('sgd', { lr }, w, (v) => times(a, v), steps);
      return exactPath('w', port, got, powers(descent(a, lr), w.data, steps));
    },
  }),
  law<Quadratic>({
    id: 'optimizer/heavy-ball-on-a-quadratic',
    ref: 'O-08',
    class: 'lattice',
    runs: 60,
    says: 'the heavy ball on a quadratic is the power of its companion matrix, exactly',
    formula: '(w, v) ← ((I − lr·A)·w − lr·μ·v, A·w + μ·v)',
    subjects: having('optimizer.momentum.run'),
    given: () => quadratic,
    *holds({ a, w, lr, momentum }, port) {
      const hyper = allOff(port, 'momentum', { lr, momentum });
      const start = [...w.data, 0, 0];
      const steps = holding(port, 4, lr * QUARTER, heavyBall(sizes(a), -lr, momentum), start);
      const got = yield* closedLoop('momentum', hyper, w, (v) => times(a, v), steps);
      return exactPath('w', port, got, powers(heavyBall(a, lr, momentum), start, steps));
    },
  }),
  law<Quadratic>({
    id: 'optimizer/look-ahead-on-a-quadratic',
    ref: 'O-09',
    class: 'lattice',
    runs: 60,
    says: 'Nesterov’s rule on a quadratic is the power of its own companion matrix, exactly, which is not that of the heavy ball',
    formula: '(w, v) ← (w − lr·((1 + μ)·A·w + μ²·v), A·w + μ·v)',
    kills: ['mxnet #16053', 'Paddle #12231', 'torch/optim #27', 'simd_neuralnet #17'],
    subjects: (port) => having('optimizer.nesterov.run')(port).filter(() => port.conventions.nesterov === 'torch'),
    given: () => quadratic,
    *holds({ a, w, lr, momentum }, port) {
      const hyper = allOff(port, 'nesterov', { lr, momentum });
      const start = [...w.data, 0, 0];
      const steps = holding(port, 4, lr * QUARTER, lookAhead(sizes(a), -lr, momentum), start);
      const got = yield* closedLoop('nesterov', hyper, w, (v) => times(a, v), steps);
      return exactPath('w', port, got, powers(lookAhead(a, lr, momentum), start, steps));
    },
  }),
  law<{ readonly w: number; readonly curvature: number; readonly share: number }>({
    id: 'optimizer/stability-threshold',
    ref: 'O-05',
    class: 'exact',
    runs: 60,
    says: 'on a parabola, descent comes nearer at every step below the rate 2/curvature, goes further away above it, and stays as far at it',
    subjects: having('optimizer.sgd.run'),
    given: () =>
      fc.record({
        w: fc.integer({ min: 1, max: 8 }),
        curvature: powerOfTwo(-3, 3),
        share: fc.constantFrom(1 / 4, 1 / 2, 3 / 4, 1, 5 / 4, 3 / 2, 7 / 4, 2, 9 / 4, 5 / 2, 3),
      }),
    *holds({ w, curvature, share }) {
      const path = yield* closedLoop(
        'sgd',
        { lr: share / curvature },
        { shape: [1], data: [w] },
        (v) => [(v[0] ?? 0) * curvature],
        4,
      );
      const sizes = path.map(([v = Number.NaN]) => Math.abs(v));
      const pairs = sizes.slice(1).map((s, t) => [s, sizes[t] ?? 0] as const);
      const right = ([after, before]: readonly [number, number]): boolean =>
        before === 0 ? after === 0 : share < 2 ? after < before : share > 2 ? after > before : after === before;
      const bad = pairs.find((p) => !right(p));
      const side = share < 2 ? '<' : share > 2 ? '>' : '=';
      return claim(
        `|w| at ${share} of the inverse curvature ${side} ${bad?.[1]}, a step before`,
        bad === undefined,
        bad?.[0],
      );
    },
  }),
  law<Quadratic>({
    id: 'optimizer/descent-lemma',
    ref: 'O-37',
    class: 'lattice',
    runs: 60,
    says: 'at a rate of at most 1/L a step of descent takes at least lr/2·|g|² off a quadratic',
    formula: 'F(w − lr·g) ≤ F(w) − lr/2·|g|²',
    subjects: having('optimizer.sgd.run'),
    given: () => quadratic,
    *holds({ a, w }) {
      const trace = a.reduce((s, row, i) => s + (row[i] ?? 0), 0); // at least the largest eigenvalue
      const lr = 2 ** -Math.ceil(Math.log2(Math.max(1, trace)));
      const path = yield* closedLoop('sgd', { lr }, w, (v) => times(a, v), 3);
      const value = (v: readonly number[]): number => times(a, v).reduce((s, x, i) => s + (x * (v[i] ?? 0)) / 2, 0);
      return every(
        path.slice(1).map((after, t) => {
          const before = path[t] ?? [];
          const promised = value(before) - (lr / 2) * times(a, before).reduce((s, x) => s + x * x, 0);
          return sided(`the value after step ${t + 1}`, value(after), '≤', promised);
        }),
      );
    },
  }),
];
