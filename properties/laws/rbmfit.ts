// Training of Boltzmann machines: dominoes that leave nothing to chance, and orders read back from momentum.
import fc from 'fast-check';
import { filled, seed, type Values } from '../arbitraries.ts';
import { ask, claim, every, type Inquiry, type Law, law, same, tested, within } from '../law.ts';
import { type Big, big, exact, nearest, ONE, ZERO } from '../oracle/exact.ts';
import { chancesAfter, combined, type ExactMachine, exactMachine, rowsOf, statesOf, walk } from '../oracle/rbm.ts';
import { ALPHA, binomialTest, chiSquareTest, FORMATS, trainingBound } from '../tolerance.ts';
import {
  asks,
  bit,
  expectAll,
  flat,
  logits,
  type Machine,
  numbersOf,
  type Plan,
  share,
  type Trained,
  weight,
} from './machines.ts';

function* fit(m: Machine, x: Values, plan: Partial<Plan>): Inquiry<Trained> {
  const a = yield* ask('rbm.rbm.fit', { ...m, x, ...plan });
  const of = (name: string): readonly number[] => Array.from(a.tensor(name).data);
  return { w: of('w'), b: of('b'), c: of('c') };
}

/** So strong that a unit it pushes is on or off whatever the uniform: σ(±128) rounds to 1, or is below all of them. */
const STRONG = 128;

/**
 * A row of dominoes: hidden unit j goes on with visible unit j or j + 1, visible unit j + 1 with hidden unit j or j + 1.
 * Each turn knocks over one more, so that turns and restarts can be counted; nothing is left to chance. Two hidden units
 * more, of ordinary weights, learn without a say.
 */
const dominoes = (n: number, extra: readonly number[]): Machine => {
  const nh = n + 1;
  const w = Array.from({ length: n * nh }, (_, k) => {
    const [i, j] = [Math.floor(k / nh), k % nh];
    return j >= n - 1 ? (extra[k] ?? 0) : i === j || i === j + 1 ? 4 * STRONG : 0;
  });
  return {
    w: { shape: [n, nh], data: w },
    b: { shape: [n], data: Array.from({ length: n }, () => -2 * STRONG) },
    c: { shape: [nh], data: Array.from({ length: nh }, (_, j) => (j >= n - 1 ? (extra[j] ?? 0) : -2 * STRONG)) },
  };
};

/** Data with a domino to fall in each of the first turns, by shares that are as good as bits; and others. */
const FRONTS: readonly (readonly number[])[] = [
  [1, 0, 0, 0],
  [7 / 8, 1 / 8, 0, 0],
];
const ROWS: readonly (readonly number[])[] = [
  [0, 1, 1 / 8, 0],
  [1, 7 / 8, 0, 0],
  [0, 0, 0, 0],
];

interface Dominoes {
  readonly extra: readonly number[];
  readonly x: Values;
  readonly plan: Plan;
}

/** The schoolbook's training, of which no uniform decides anything. */
const trained = (m: Machine, x: Values, plan: Plan, habits: Parameters<typeof walk>[5]): ExactMachine => {
  const rows = rowsOf(x);
  const [lr, momentum, l2] = [exact(plan.lr), exact(plan.momentum), exact(plan.l2)];
  let now = exactMachine(m);
  let velocity: ExactMachine = combined(now, now, () => ZERO);
  let chain: readonly (readonly Big[])[] | undefined;
  const nh = m.c.data.length;
  const uniforms = Array.from({ length: 2 * plan.k }, (_, i) =>
    rows.map(() => Array.from({ length: i % 2 === 0 ? nh : m.b.data.length }, () => big(1 / 2))),
  );
  for (let step = 0; step < plan.epochs; step++) {
    const { slope, reached } = walk(now, rows, plan.k, uniforms, plan.persistent ? chain : undefined, habits);
    chain = reached;
    const cost = combined(now, now, (p) => p.times(l2));
    const slopes = { ...slope, w: combined(slope, cost, (g, p) => g.plus(p)).w };
    velocity = combined(velocity, slopes, (v, g) => v.times(momentum).minus(lr.times(g)));
    now = combined(now, velocity, (p, v) => p.plus(v));
  }
  return now;
};

const planOf = (more: Partial<Record<keyof Plan, fc.Arbitrary<unknown>>> = {}) =>
  fc.record({
    epochs: fc.constantFrom(2, 3, 1, 9),
    size: fc.constant(8),
    lr: fc.constantFrom(1 / 4, 1 / 2, 1),
    momentum: fc.constantFrom(0, 1 / 4, 3 / 4),
    l2: fc.constantFrom(0, 1 / 64, 1 / 1024),
    k: fc.constantFrom(1, 2),
    persistent: fc.boolean(),
    seed,
    ...more,
  }) as fc.Arbitrary<Plan>; // the record has the fields of a plan, some of them replaced

/** Place of every row in the order of an epoch, read from what momentum ½ left of its step in the bias of its unit. */
const placesOf = (b: readonly number[], epochs: number): readonly number[] =>
  b.map((x) => b.length * epochs + Math.floor(Math.log2(2 * epochs - (x + STRONG))));

export const machineTrainingLaws: readonly Law[] = [
  law<Dominoes>({
    id: 'rbm/fit-dominoes',
    ref: 'Z-19, Z-06, T-04',
    class: '64-digit oracle',
    runs: 16,
    says: 'where weights leave nothing to chance, training is the recurrence of momentum and weight cost on slopes of chains that restart or go on as told, whatever the seed',
    formula: 'u ← momentum·u − lr·(∂ + l2·w), θ ← θ + u, the cost on w alone',
    source: 'Hinton 2010, §9–10; Tieleman 2008',
    kills: ['OpenANN #76'],
    // sampled at the data, the ordinary units would be left to chance
    subjects: (port) => (port.conventions.cdHidden === 'probabilities' ? asks('fit')(port) : []),
    given: () =>
      fc.record({
        extra: fc.array(weight, { minLength: 20, maxLength: 20 }),
        x: fc
          .tuple(fc.constantFrom(...FRONTS), fc.array(fc.constantFrom(...ROWS), { maxLength: 1 }))
          .map(([front, rest]) => ({ shape: [1 + rest.length, 4], data: [front, ...rest].flat() })),
        plan: planOf(),
      }),
    *holds({ extra, x, plan }, port) {
      const m = dominoes(4, extra);
      const { cdVisible, cdHidden } = port.conventions;
      const end = flat(trained(m, x, plan, { visible: cdVisible, hidden: cdHidden }));
      const allowed = trainingBound(plan.epochs, 16, 4 * STRONG + plan.epochs * 4, FORMATS[port.dtype].u);
      return within(
        'w, then b, then c after training',
        numbersOf(yield* fit(m, x, plan)),
        expectAll(end, port.dtype),
        end.map(() => allowed),
      );
    },
  }),
  law<{ readonly seed: number }>({
    id: 'rbm/fit-order',
    ref: 'T-02, T-03',
    class: 'exact',
    runs: 10,
    says: 'an epoch visits every row exactly once, in an order of its own by seed and epoch: momentum ½ writes the place of each row into the bias of its unit',
    formula: 'bᵢ = b₀ + Σ_epochs 2 − 2^(tᵢ − steps)',
    subjects: asks('fit'),
    given: () => fc.record({ seed }),
    *holds({ seed: s }) {
      const n = 16;
      const m: Machine = {
        w: { shape: [n, 1], data: new Array<number>(n).fill(0) },
        b: { shape: [n], data: new Array<number>(n).fill(-STRONG) },
        c: { shape: [1], data: [0] },
      };
      const x = { shape: [n, n], data: Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? 1 : 0)) };
      const plan = { size: 1, lr: 1, momentum: 1 / 2, l2: 0, k: 1, persistent: false };
      const one = placesOf((yield* fit(m, x, { ...plan, epochs: 1, seed: s })).b, 1);
      const two = placesOf((yield* fit(m, x, { ...plan, epochs: 2, seed: s })).b, 2);
      const other = placesOf((yield* fit(m, x, { ...plan, epochs: 1, seed: s + 1 })).b, 1);
      const order = (places: readonly number[]): readonly number[] => [...places].sort((a, b) => a - b);
      const differ = (a: readonly number[], b: readonly number[]): boolean => a.some((p, i) => p !== b[i]);
      return every([
        same(
          'places of the rows in the first epoch, sorted',
          order(one),
          one.map((_, i) => i + 1),
        ),
        same(
          'places of the rows in the second epoch, sorted',
          order(two),
          two.map((_, i) => n + i + 1),
        ),
        claim(
          'the second epoch has another order',
          differ(
            one,
            two.map((p) => p - n),
          ),
        ),
        claim('another seed has another order', differ(one, other)),
        claim('the order is not that of the data', differ(one, order(one))),
      ]);
    },
  }),
  law<{ readonly n: number; readonly size: number; readonly epochs: number; readonly seed: number }>({
    id: 'rbm/fit-batches',
    ref: 'T-02, T-06',
    class: 'exact',
    runs: 30,
    says: 'as many steps are made as whole batches fit into the epochs; fewer rows than a batch are one; no epoch changes nothing',
    subjects: asks('fit'),
    given: () =>
      fc.record({
        n: fc.integer({ min: 1, max: 7 }),
        size: fc.integer({ min: 1, max: 4 }),
        epochs: fc.constantFrom(0, 1, 2, 3, 9),
        seed,
      }),
    *holds({ n, size, epochs, seed: s }) {
      const m: Machine = {
        w: { shape: [2, 1], data: [0, 0] },
        b: { shape: [2], data: [-STRONG, STRONG] },
        c: { shape: [1], data: [1] },
      };
      // all rows alike, so that every step adds lr·(v₀ − v₁) to the biases: (1/4, −1/2)
      const x = { shape: [n, 2], data: Array.from({ length: n }, () => [1 / 4, 1 / 2]).flat() };
      const steps = epochs * Math.max(1, Math.floor(n / size));
      const got = yield* fit(m, x, { epochs, size, lr: 1, momentum: 0, l2: 0, k: 1, persistent: false, seed: s });
      return every([
        same('visible biases', got.b, [-STRONG + steps / 4, STRONG - steps / 2]),
        ...(epochs === 0
          ? [same('w, b and c of no epoch', numbersOf(got), [...m.w.data, ...m.b.data, ...m.c.data])]
          : []),
      ]);
    },
  }),
  law<{ readonly w: number; readonly other: number; readonly k: number; readonly size: number; readonly seed: number }>(
    {
      id: 'rbm/fit-samples',
      ref: 'Z-06',
      class: 'statistical',
      runs: 4,
      says: 'in training every row and every step has uniforms of its own: the states reached have the enumerated chances',
      formula: '#{v_k = 1} ~ Binomial(n, (δ·Tᵏ)(v = 1)), n = 1,024, of each of 2 units',
      detects: 'a chance off by 0.13; one uniform for all steps; a hidden and a visible unit that share theirs',
      subjects: (port) => (port.conventions.cdVisible === 'samples' ? asks('fit')(port) : []),
      given: () =>
        fc.record({
          w: fc.constantFrom(3, -3),
          other: fc.constantFrom(2, -2),
          k: fc.constantFrom(1, 2),
          size: fc.constantFrom(1, 1024),
          seed,
        }),
      *holds({ w, other, k, size, seed: s }) {
        const n = 1024;
        // the hidden unit is even at the data (1, 0), and the visible ones lean with it
        const m: Machine = {
          w: { shape: [2, 1], data: [w, other] },
          b: { shape: [2], data: [0, 0] },
          c: { shape: [1], data: [-w] },
        };
        const x = { shape: [n, 2], data: Array.from({ length: n }, () => [1, 0]).flat() };
        const lr = 2 ** -30; // so short a step that the machine stays what it is
        const { b } = yield* fit(m, x, { epochs: 1, size, lr, momentum: 0, l2: 0, k, persistent: false, seed: s });
        const states = statesOf(2);
        const chances = chancesAfter(exactMachine(m), [ONE, ZERO], k);
        return every(
          [1, 0].map((data, i) => {
            // a step adds lr·(v₀ − v_k) of its batch, in the mean over the batch
            const ones = n * data - Math.round(((b[i] ?? Number.NaN) / lr) * size);
            const p = nearest(chances.reduce((t, x2, at) => (states[at]?.[i] === 1 ? t.plus(x2) : t), ZERO));
            return {
              ...tested(`times that unit ${i} was on`, binomialTest(ones, n, p, ALPHA / 8)),
              worst: { index: i, got: ones, expected: n * p, error: Math.abs(ones - n * p), allowed: Number.NaN },
            };
          }),
        );
      },
    },
  ),
  law<{ readonly x: Values; readonly seed: number }>({
    id: 'rbm/fit-defaults',
    ref: 'P-09',
    class: 'exact',
    runs: 10,
    says: 'what is not said about training is momentum ½, a weight cost of 1/10,000, one turn, and chains that restart; the same seed trains alike, another one otherwise',
    source: 'Hinton 2010',
    subjects: asks('fit'),
    given: () => fc.record({ x: filled([6, 3], bit), seed }),
    *holds({ x, seed: s }) {
      const m: Machine = {
        w: { shape: [3, 2], data: [1, -1, 2, 1, -2, 1] },
        b: { shape: [3], data: [1 / 2, -1, 1] },
        c: { shape: [2], data: [-1, 1] },
      };
      const brief = { epochs: 3, size: 2, lr: 1 / 2 };
      const full = { ...brief, momentum: 1 / 2, l2: 1 / 10_000, k: 1, persistent: false };
      const said = numbersOf(yield* fit(m, x, { ...full, seed: s }));
      const other = numbersOf(yield* fit(m, x, { ...full, seed: s + 1 }));
      return every([
        same('w, b and c with nothing said', numbersOf(yield* fit(m, x, { ...brief, seed: s })), said),
        claim(
          'another seed trains otherwise',
          other.some((v, i) => v !== said[i]),
        ),
      ]);
    },
  }),
  law<{ readonly x: Values; readonly seed: number }>({
    id: 'rbm/start',
    ref: 'I-04, I-12',
    class: 'statistical',
    runs: 4,
    says: 'a machine starts with small normal weights, visible biases at the logit of the share of ones, and hidden biases 0',
    formula: 'Σ (100·w)² ~ χ²ₙ, n = 4,096; b = ln(s/(1 − s)), s = (ones + 1)/(n + 2)',
    source: 'Hinton 2010, §8',
    detects: 'a variance of the weights off by 30 %',
    subjects: asks('start'),
    given: () => fc.record({ x: filled([5, 4], share), seed }),
    *holds({ x, seed: s }, port) {
      const hidden = 1024;
      const { u } = FORMATS[port.dtype];
      const start = function* (seedValue: number): Inquiry<Trained> {
        const a = yield* ask('rbm.rbm.start', { x, hidden, seed: seedValue });
        const of = (name: string): readonly number[] => Array.from(a.tensor(name).data);
        return { w: of('w'), b: of('b'), c: of('c') };
      };
      const [one, again, other] = [yield* start(s), yield* start(s), yield* start(s + 1)];
      const { values, allowed } = logits(x, u);
      const squares = one.w.reduce((t, v) => t + (100 * v) ** 2, 0);
      const mean = one.w.reduce((t, v) => t + 100 * v, 0) / Math.sqrt(one.w.length);
      return every([
        within('visible biases', one.b, values, allowed),
        same(
          'hidden biases',
          one.c,
          one.c.map(() => 0),
        ),
        {
          ...tested('Σ (100·w)²', chiSquareTest(squares, one.w.length, ALPHA / 8)),
          worst: {
            index: 0,
            got: squares,
            expected: one.w.length,
            error: Math.abs(squares - one.w.length),
            allowed: Number.NaN,
          },
        },
        { ...tested('mean of w in deviations, squared', chiSquareTest(mean * mean, 1, ALPHA / 8)) },
        same('weights of the same seed', again.w, one.w),
        claim(
          'weights of another seed differ',
          other.w.some((v, i) => v !== one.w[i]),
        ),
      ]);
    },
  }),
];
