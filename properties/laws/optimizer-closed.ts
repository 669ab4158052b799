// Optimizers in closed form: constant gradients, single gradients, quadratics, bounds that are reached, and decay alone.
import fc from 'fast-check';
import type { Hyper } from '../../src/index.ts';
import { cotangent, filled, powerOfTwo, small, type Values } from '../arbitraries.ts';
import { claim, each, every, having, type Inquiry, law, same, sided, type Verdict, within } from '../law.ts';
import { type Closed, CONSTANT, closedPath, IMPULSE } from '../oracle/closed.ts';
import { exact, expecting, ONE, sqrt, ZERO } from '../oracle/exact.ts';
import { published } from '../oracle/training.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import { agree, allOff, between, hyperOf, keysOf, reaches, standard, type Training, trajectory } from './training.ts';

interface Steady {
  readonly hyper: Hyper;
  readonly w: Values;
  readonly g: Values;
  readonly steps: number;
}

const subjectsOf =
  (table: Readonly<Record<string, Closed>>) =>
  (port: PortInfo): readonly string[] =>
    standard(port).filter((name) => name in table);

const steady =
  (table: Readonly<Record<string, Closed>>) =>
  (port: PortInfo, name: string): fc.Arbitrary<Steady> => {
    const { off = [], shapes = [[1], [2], [3]] } = table[name] ?? {};
    const none = Object.fromEntries(off.map((key) => [key, 0]));
    return fc.constantFrom(...shapes).chain((shape) =>
      fc.record({
        hyper: hyperOf(port, name).map((h) => ({ ...h, ...none })),
        w: filled(shape, cotangent(port.dtype)),
        g: filled(shape, cotangent(port.dtype)),
        steps: fc.integer({ min: 1, max: 10 }),
      }),
    );
  };

/** The parameters after each step are those of the closed form. */
function* isClosed(
  table: Readonly<Record<string, Closed>>,
  gradientAt: (g: Values, t: number) => Values,
  { hyper, w, g, steps }: Steady,
  port: PortInfo,
  name: string,
): Inquiry<Verdict> {
  const r: Training = {
    params: [w],
    gradients: Array.from({ length: steps }, (_, i) => [gradientAt(g, i + 1)]),
    hyper,
  };
  const form = table[name];
  const path = form === undefined ? [] : closedPath(form, hyper, w.data, g.data, steps);
  return reaches(port, name, r, yield* trajectory(name, r), (t, _, j) => path[t - 1]?.[j] ?? null);
}

export const closedOptimizerLaws = [
  law<Steady>({
    id: 'optimizer/constant-gradient',
    ref: 'O-06, O-12, O-25, O-26, O-27, O-30',
    class: '64-digit oracle',
    runs: 40,
    says: 'under a constant gradient every rule walks its closed form: Adam by lr·g/(|g| + eps) at every step, RMSProp by lr/√(1 − ρᵗ), Adagrad by lr/√t, momentum by geometric sums, and so on for each rule',
    formula: 'v = g·(1 − μᵗ)/(1 − μ); E g² − (E g)² = g²·ρᵗ·(1 − ρᵗ); g/√(t·g²); …',
    kills: [
      'AiDotNet #2008',
      'Lasagne #274',
      'OLMo-core #317',
      'AdaBound-tf #3',
      'holocron #1',
      'pennylane #1928',
      'kozistr #305',
      'mxnet #5043',
      'mxnet #6235',
      'dl4j #953',
      'tfjs #280',
    ],
    subjects: subjectsOf(CONSTANT),
    given: steady(CONSTANT),
    holds: (x, port, name) => isClosed(CONSTANT, (g) => g, x, port, name),
  }),
  law<Steady>({
    id: 'optimizer/memory-of-one-gradient',
    ref: 'O-21, O-22, O-30',
    class: '64-digit oracle',
    runs: 40,
    says: 'after one gradient and zeros from then on, each rule remembers it by the weights of its means: (1 − β)·βᵗ⁻¹ of it, the largest one for ever in AMSGrad',
    formula: 'm = (1 − β₁)·β₁ᵗ⁻¹·g, v = (1 − β₂)·β₂ᵗ⁻¹·g²',
    kills: ['tf-keras 32b15912a', 'chainer #7661', 'optax #1389'],
    subjects: subjectsOf(IMPULSE),
    given: steady(IMPULSE),
    holds: (x, port, name) =>
      isClosed(IMPULSE, (g, t) => (t === 1 ? g : { shape: g.shape, data: g.data.map(() => 0) }), x, port, name),
  }),
  law<{
    readonly lr: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly g: number;
    readonly others: readonly number[];
  }>({
    id: 'optimizer/adam-largest-step',
    ref: 'O-14',
    class: '64-digit oracle',
    runs: 40,
    says: 'no step of Adam is longer than the bound of Cauchy and Schwarz, and gradients that are β₁/β₂ times as large with every step into the past reach it',
    formula: '|Δwₜ| ≤ lr·(1 − β₁)/(1 − β₁ᵗ)·√((1 − β₂ᵗ)/(1 − β₂)·Σ(β₁²/β₂)ᵏ)',
    subjects: (port) => each('optimizer', 'run')(port).filter((name) => name === 'adam'),
    given: (port) =>
      fc
        .record({
          lr: between(port, 1 / 16, 1),
          beta1: between(port, 1 / 2, 15 / 16),
          beta2: fc.constantFrom(1 / 2, 3 / 4, 15 / 16),
          g: cotangent(port.dtype),
          others: fc.array(cotangent(port.dtype), { minLength: 2, maxLength: 8 }),
        })
        .filter(({ beta1, beta2 }) => beta1 !== beta2),
    *holds({ lr, beta1, beta2, g, others }, port, name) {
      const n = others.length;
      const [b1, b2] = [exact(beta1), exact(beta2)];
      const weights = Array.from({ length: n }, (_, k) => b1.times(b1).div(b2).pow(k)).reduce(
        (a, b) => a.plus(b),
        ZERO,
      );
      const most = exact(lr)
        .times(ONE.minus(b1))
        .div(ONE.minus(b1.pow(n)))
        .times(sqrt(ONE.minus(b2.pow(n)).div(ONE.minus(b2)).times(weights)));
      const hyper = allOff(port, name, { lr, beta1, beta2 });
      const { round } = FORMATS[port.dtype];
      const path = (data: readonly number[]): Training => ({
        params: [{ shape: [1], data: [0] }],
        gradients: data.map((v) => [{ shape: [1], data: [v] }]),
        hyper,
      });
      const attaining = path(others.map((_, i) => round(g * (beta1 / beta2) ** (n - 1 - i))));
      const random = path(others);
      const verdicts: Verdict[] = [];
      for (const [r, reached] of [
        [attaining, true],
        [random, false],
      ] as const) {
        const got = yield* trajectory(name, r);
        const oracle = published(name, r, port.dtype);
        const [last, before] = [got[n - 1]?.[0]?.data[0] ?? Number.NaN, got[n - 2]?.[0]?.data[0] ?? Number.NaN];
        const slack = (oracle[n - 1]?.[0]?.[0]?.error ?? 0) + (oracle[n - 2]?.[0]?.[0]?.error ?? 0);
        const top = expecting(most, port.dtype).value;
        const size = Math.abs(last - before);
        verdicts.push(
          // the bound is flat where it is reached: rounding of the gradients moves it by less than its own rounding
          reached
            ? within(`step ${n} of attaining gradients`, [size], [expecting(most, port.dtype)], [2 * slack])
            : sided(`size of step ${n}`, size, '≤', top, 2 * slack),
        );
      }
      return every(verdicts);
    },
  }),
  law<{ readonly w: Values; readonly lr: number; readonly decay: number; readonly steps: number }>({
    id: 'optimizer/decay-alone',
    ref: 'O-23',
    class: 'lattice',
    runs: 40,
    says: 'without gradients, decoupled decay alone shrinks weights by 1 − lr·weightDecay at each step, exactly',
    formula: 'wₜ = (1 − lr·λ)ᵗ·w₀',
    kills: ['Flux a92606b8f', 'chainer #7512', 'Flux e1a4bbc8b'],
    subjects: (port) =>
      each(
        'optimizer',
        'run',
      )(port).filter((name) => DECOUPLED.includes(name) && keysOf(port, name).includes('weightDecay')),
    given: (port, name) =>
      fc
        .record({
          w: filled(name === 'muon' ? [2, 3] : [3], small),
          lr: powerOfTwo(-3, -1),
          decay: powerOfTwo(-4, -1),
          steps: fc.integer({ min: 1, max: 4 }),
        })
        .map((x) => {
          // each step adds the digits of 1 − lr·λ to the three of a small number: beyond those of the format nothing is exact
          const longest = Math.floor((FORMATS[port.dtype].digits - 3) / -Math.log2(x.lr * x.decay));
          return { ...x, steps: Math.min(x.steps, longest) };
        }),
    *holds({ w, lr, decay, steps }, port, name) {
      const none: Values = { shape: w.shape, data: w.data.map(() => 0) };
      const eps = 2 ** -20;
      const hyper = allOff(port, name, {
        lr,
        weightDecay: decay,
        beta1: 3 / 4,
        beta2: 7 / 8,
        momentum: 3 / 4,
        eps,
        adamShare: 1,
        adamEps: eps,
      });
      const got = yield* trajectory(name, {
        params: [w],
        gradients: Array.from({ length: steps }, () => [none]),
        hyper,
      });
      return every(
        got.map((leaves, i) =>
          same(
            `w after step ${i + 1}`,
            leaves[0]?.data ?? [],
            w.data.map((v) => v * (1 - lr * decay) ** (i + 1)),
          ),
        ),
      );
    },
  }),
  law<{ readonly r: Training; readonly c: number }>({
    id: 'optimizer/adadelta-units',
    ref: 'O-29',
    class: 'power of two',
    runs: 60,
    says: 'Adadelta steps in the unit of the weights: for gradients over c and accumulators in their units, the steps are c times as long, bit for bit',
    source: 'Zeiler 2012, §3.2.1',
    subjects: having('optimizer.adadelta.run'),
    given: (port) =>
      fc.record({
        c: powerOfTwo(-4, 4),
        r: fc.record({
          params: fc.constant([{ shape: [2], data: [0, 0] }]),
          gradients: fc.array(fc.tuple(filled([2], cotangent(port.dtype))), { minLength: 1, maxLength: 6 }),
          // so small beside squared gradients that it is absorbed there, while it starts the mean of squared steps
          hyper: fc.record({
            lr: between(port, 1 / 4, 2),
            decay: between(port, 1 / 4, 15 / 16),
            epsRoot: powerOfTwo(-112, -108),
          }),
        }),
      }),
    *holds({ r, c }) {
      const name = 'adadelta';
      const scaled: Training = {
        params: r.params,
        gradients: r.gradients.map((gs) => gs.map((g) => ({ shape: g.shape, data: g.data.map((v) => v / c) }))),
        hyper: { ...r.hyper, epsRoot: (r.hyper.epsRoot ?? 0) * c * c },
      };
      return agree(`w for g/${c}`, yield* trajectory(name, scaled), yield* trajectory(name, r), (v) => v * c);
    },
  }),
  law<Training>({
    id: 'optimizer/adagrad-slows-down',
    ref: 'O-28',
    class: 'rounding bound',
    runs: 40,
    says: 'the effective rate of Adagrad, step over gradient, never rises',
    subjects: having('optimizer.adagrad.run'),
    given: (port) =>
      fc.record({
        params: fc.constant([{ shape: [2], data: [0, 0] }]),
        gradients: fc.array(fc.tuple(filled([2], cotangent(port.dtype))), { minLength: 2, maxLength: 8 }),
        hyper: hyperOf(port, 'adagrad'),
      }),
    *holds(r, port) {
      return neverRises(port, 'adagrad', r, yield* trajectory('adagrad', r));
    },
  }),
  law<Training>({
    id: 'optimizer/amsgrad-slows-down',
    ref: 'O-22',
    class: 'rounding bound',
    runs: 40,
    says: 'the effective rate of AMSGrad without a first moment, step over gradient, never rises where the maximum is taken of corrected moments',
    source: 'Reddi, Kale & Kumar 2018, Γ ≥ 0',
    kills: ['chainer #7661', 'optax #1389'],
    subjects: (port) =>
      having('optimizer.amsgrad.run')(port).filter(() => keysOf(port, 'amsgrad').includes('maxCorrected')),
    given: (port) =>
      fc.record({
        params: fc.constant([{ shape: [2], data: [0, 0] }]),
        gradients: fc.array(fc.tuple(filled([2], cotangent(port.dtype))), { minLength: 2, maxLength: 8 }),
        hyper: hyperOf(port, 'amsgrad').map((h) => ({ ...h, beta1: 0, maxCorrected: 1, epsHat: 0 })),
      }),
    *holds(r, port) {
      return neverRises(port, 'amsgrad', r, yield* trajectory('amsgrad', r));
    },
  }),
  law<{ readonly g: number; readonly w: number; readonly hyper: Hyper }>({
    id: 'optimizer/centered-stays-real',
    ref: 'O-26',
    class: 'structural',
    runs: 60,
    says: 'the spread of gradients is never taken for negative: after a hundred equal gradients centered RMSProp is still at a number',
    kills: ['mxnet #6235', 'FastNN #12'],
    subjects: (port) =>
      having('optimizer.rmsprop.run')(port).filter(() => keysOf(port, 'rmsprop').includes('centered')),
    given: (port) =>
      fc.record({
        g: cotangent(port.dtype),
        w: cotangent(port.dtype),
        hyper: hyperOf(port, 'rmsprop').map((h) => ({
          ...h,
          centered: 1,
          epsRoot: 0,
          eps: 2 ** -20,
          decay: (h.decay ?? 0) / 2,
        })),
      }),
    *holds({ g, w, hyper }) {
      const got = yield* trajectory('rmsprop', {
        params: [{ shape: [1], data: [w] }],
        gradients: Array.from({ length: 100 }, () => [{ shape: [1], data: [g] }]),
        hyper,
      });
      const bad = got.findIndex((leaves) => !Number.isFinite(leaves[0]?.data[0] ?? Number.NaN));
      return claim(`parameter after step ${bad + 1}`, bad < 0, got[bad]?.[0]?.data[0]);
    },
  }),
];

/** Rules whose decay is a term of its own beside the step. */
const DECOUPLED: readonly string[] = ['adamw', 'lion', 'muon'];

/** Step over gradient never rises, up to what rounding can do. */
function neverRises(
  port: PortInfo,
  name: string,
  r: Training,
  got: readonly (readonly { readonly data: ArrayLike<number> }[])[],
): Verdict {
  const oracle = published(name, r, port.dtype);
  const at = (t: number, j: number): number =>
    t < 0 ? (r.params[0]?.data[j] ?? 0) : (got[t]?.[0]?.data[j] ?? Number.NaN);
  const off = (t: number, j: number): number => (t < 0 ? 0 : (oracle[t]?.[0]?.[j]?.error ?? 0));
  return every(
    r.gradients.flatMap(([g], t) =>
      (g?.data ?? []).map((v, j) => {
        const rate = (i: number, x: number): number => (at(i - 1, j) - at(i, j)) / x;
        const before = r.gradients[t - 1]?.[0]?.data[j];
        if (before === undefined) return claim('the first rate', true);
        const slack = (off(t, j) + off(t - 1, j)) / Math.abs(v) + (off(t - 1, j) + off(t - 2, j)) / Math.abs(before);
        const [now, then] = [rate(t, v), rate(t - 1, before)];
        return sided(`rate of coordinate ${j} at step ${t + 1}, by the one before`, now, '≤', then, slack);
      }),
    ),
  );
}
