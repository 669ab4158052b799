// Optimizers that see whole tensors: trust ratios, estimated distances, orthogonal steps.
import fc from 'fast-check';
import type { Hyper } from '../../src/index.ts';
import { filled, powerOfTwo, small, type Values } from '../arbitraries.ts';
import { claim, each, every, having, law, same, type Verdict, within } from '../law.ts';
import { FORMATS, orthogonalBand } from '../tolerance.ts';
import { allOff, between, errorsOf, hyperOf, type Training, training, trajectory } from './training.ts';

/** A matrix with one ±1 in every row, none two in a column: its rows are orthonormal. */
const rows = fc.constantFrom<readonly (readonly number[])[]>(
  [
    [0, 1, 0],
    [-1, 0, 0],
  ],
  [
    [0, -1],
    [1, 0],
  ],
  [
    [1, 0, 0],
    [0, 0, -1],
  ],
  [
    [0, 1],
    [-1, 0],
    [0, 0],
  ],
  [
    [0, 0, 1, 0],
    [1, 0, 0, 0],
    [0, -1, 0, 0],
  ],
);
const shaped = (m: readonly (readonly number[])[], c = 1): Values => ({
  shape: [m.length, m[0]?.length ?? 0],
  data: m.flat().map((v) => v * c),
});

const norm = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));

export const wholeOptimizerLaws = [
  law<Training>({
    id: 'optimizer/trust-ratio',
    ref: 'O-39',
    class: 'rounding bound',
    runs: 40,
    says: 'every step of LAMB is lr times as long as its tensor of weights, whatever the gradients',
    formula: '|Δw| = lr·|w|',
    source: 'You et al. 2020, §3',
    subjects: having('optimizer.lamb.run'),
    given: (port) => training(port, 'lamb', undefined, { most: 4 }),
    *holds(r, port) {
      const got = yield* trajectory('lamb', r);
      const e = errorsOf(port, 'lamb', r);
      const lr = r.hyper.lr ?? 0;
      return every(
        got.flatMap((leaves, t) =>
          leaves.map((leaf, i) => {
            const before = t === 0 ? (r.params[i]?.data ?? []) : (got[t - 1]?.[i]?.data ?? []);
            const step = norm(Array.from(leaf.data, (v, j) => v - (before[j] ?? 0)));
            const slack = Array.from(leaf.data, (_, j) => e(t, i, j) + (1 + lr) * e(t - 1, i, j)).reduce(
              (a, b) => a + b,
              0,
            );
            return within(
              `length of step ${t + 1} of leaf ${i}`,
              [step],
              [{ value: lr * norm(before), from: (v) => Math.abs(v - lr * norm(before)) }],
              [slack],
            );
          }),
        ),
      );
    },
  }),
  law<Training>({
    id: 'optimizer/estimated-distance',
    ref: 'O-39',
    class: 'exact',
    runs: 60,
    says: 'without memories Prodigy steps by lr·d along signs, d never falls, and it is the largest of the distances ⟨g, w₀ − w⟩/|g|₁ so far',
    formula: 'dₜ₊₁ = max(dₜ, dFactor·⟨g, w₀ − wₜ⟩/|g|₁)',
    source: 'Mishchenko & Defazio 2024, Algorithm 4, at β₁ = β₂ = 0',
    subjects: having('optimizer.prodigy.run'),
    given: (port) =>
      fc.record({
        params: fc.tuple(filled([2], small)),
        gradients: fc.array(
          fc.tuple(
            fc.tuple(fc.constantFrom(1, -1), fc.constantFrom(1, -1)).map(([a, b]) => ({ shape: [2], data: [a, b] })),
          ),
          { minLength: 2, maxLength: 6 },
        ),
        hyper: fc
          .record({ lr: powerOfTwo(-1, 1), d0: powerOfTwo(-3, 0), dFactor: powerOfTwo(-1, 1) })
          .map((h) => allOff(port, 'prodigy', h)),
      }),
    *holds(r) {
      const got = yield* trajectory('prodigy', r);
      const { lr = 0, d0 = 0, dFactor = 0 } = r.hyper;
      const start = r.params[0]?.data ?? [];
      let [d, w] = [d0, start];
      const verdicts: Verdict[] = [];
      for (const [t, gs] of r.gradients.entries()) {
        const g = gs[0]?.data ?? [];
        const along = g.reduce((s, v, j) => s + v * ((start[j] ?? 0) - (w[j] ?? 0)), 0);
        const step = lr * d;
        w = w.map((v, j) => v - step * Math.sign(g[j] ?? 0));
        verdicts.push(same(`w after step ${t + 1}, for the distance ${d}`, got[t]?.[0]?.data ?? [], w));
        d = Math.max(d, (dFactor * along) / g.reduce((s, v) => s + Math.abs(v), 0));
      }
      return every(verdicts);
    },
  }),
  law<{
    readonly m: readonly (readonly number[])[];
    readonly c: number;
    readonly hyper: Hyper;
    readonly steps: number;
  }>({
    id: 'optimizer/orthonormal-gradient',
    ref: 'O-39',
    class: 'rounding bound',
    runs: 40,
    says: 'a gradient that is a multiple of a matrix of orthonormal rows keeps its direction in the rules that see whole matrices, and its entries move as one number would',
    source: 'Jordan et al. 2024; Gupta, Koren & Singer 2018',
    subjects: (port) => each('optimizer', 'run')(port).filter((name) => ['muon', 'shampoo'].includes(name)),
    given: (port, name) =>
      fc.record({
        m: rows,
        c: between(port, 1 / 4, 2),
        hyper: hyperOf(port, name).map((h) => ({ ...h, ...(name === 'muon' ? { eps: 0, weightDecay: 0 } : {}) })),
        steps: fc.integer({ min: 1, max: 3 }),
      }),
    *holds({ m, c, hyper, steps }, port, name) {
      const zero = shaped(m, 0);
      const got = yield* trajectory(name, {
        params: [zero],
        gradients: Array.from({ length: steps }, () => [shaped(m, c)]),
        hyper,
      });
      const side = [m.length, m[0]?.length ?? 1] as const;
      return every(
        got.map((leaves, t) => {
          const size = ORTHONORMAL[name]?.(c, hyper, side, t + 1) ?? Number.NaN;
          const before = got[t - 1]?.[0]?.data ?? zero.data;
          const slack = orthogonalBand(Math.max(...side), size * (t + 1), FORMATS[port.dtype].u);
          return within(
            `step ${t + 1}`,
            Array.from(leaves[0]?.data ?? [], (v, j) => v - (before[j] ?? 0)),
            m.flat().map((v) => ({ value: -v * size, from: (x: number) => Math.abs(x + v * size) })),
            m.flat().map(() => slack),
          );
        }),
      );
    },
  }),
  law<{ readonly g: Values; readonly hyper: Hyper }>({
    id: 'optimizer/near-orthogonal-step',
    ref: 'O-39',
    class: 'structural',
    runs: 60,
    says: 'a step of Muon has singular values between 0.68 and 1.21 times its scale, for gradients whose singular values are not tiny',
    source: 'Jordan et al. 2024; the band of the quintic is checked by its own values on [0.003, 1]',
    subjects: having('optimizer.muon.run'),
    given: (port) =>
      fc.record({
        // diag(a, b) turned: singular values are known
        g: fc
          .tuple(between(port, 1 / 64, 1), between(port, 1 / 64, 1), fc.constantFrom(0, 1, 2, 3))
          .map(([a, b, turn]) => ({
            shape: turn < 2 ? [2, 3] : [3, 2],
            data:
              turn === 0
                ? [0, a, 0, -b, 0, 0]
                : turn === 1
                  ? [a, 0, 0, 0, 0, b]
                  : turn === 2
                    ? [0, a, 0, 0, -b, 0]
                    : [a, 0, 0, b, 0, 0],
          })),
        hyper: hyperOf(port, 'muon').map((h) => ({ ...h, eps: 0, weightDecay: 0 })),
      }),
    *holds({ g, hyper }) {
      const none = { shape: g.shape, data: g.data.map(() => 0) };
      const got = yield* trajectory('muon', { params: [none], gradients: [[g]], hyper });
      const [m = 1, n = 1] = g.shape;
      const scale =
        (hyper.lr ?? 0) * (hyper.rmsScale === 1 ? Math.sqrt(Math.max(m, n)) / 5 : Math.sqrt(Math.max(1, n / m)));
      const entries = Array.from(got[0]?.[0]?.data ?? [], (v, j) => [-v / scale, g.data[j] ?? 0] as const);
      const outside = entries.find(([v, from]) =>
        from === 0 ? v !== 0 : !(v * Math.sign(from) > 17 / 25 && v * Math.sign(from) < 121 / 100),
      );
      return claim(
        `an entry of the step over its scale, where that of the gradient is ${outside?.[1]}`,
        outside === undefined,
        outside?.[0],
      );
    },
  }),
];

/** How far each entry ±1 of a matrix with orthonormal rows moves at step t for the gradient c times it, at hyper-parameters without decay. */
const ORTHONORMAL: Readonly<
  Record<string, (c: number, h: Hyper, side: readonly [number, number], t: number) => number>
> = {
  muon: (_c, h, [m, n]) => {
    // all singular values are equal: the norm over them is the root of how many there are
    const turn = (x: number, left: number): number =>
      left === 0 ? x : turn(3.4445 * x - 4.775 * x ** 3 + 2.0315 * x ** 5, left - 1);
    const y = turn(1 / Math.sqrt(Math.min(m, n)), 5);
    return (h.lr ?? 0) * y * (h.rmsScale === 1 ? 0.2 * Math.sqrt(Math.max(m, n)) : Math.sqrt(Math.max(1, n / m)));
  },
  shampoo: (c, h, _side, t) => ((h.lr ?? 0) * c) / Math.sqrt(t * c * c + (h.eps ?? 0)),
};
