// The chapter of the perceptron: Novikoff's bound, separation, symmetries, and the impossibility of XOR.
import fc from 'fast-check';
import { magnitude, powerOfTwo, small, visiting } from '../arbitraries.ts';
import { ask, claim, every, having, law, same, sided, within } from '../law.ts';
import { certifies, type Line, novikoff, refutable, scoreOf, walked } from '../oracle/perceptron.ts';
import { exactly, FORMATS, gamma } from '../tolerance.ts';
import { CORNERS, errors, fit, ODD, rowsOf, signed, type Task, task, truth } from './samples.ts';
import { xorLaws } from './xor.ts';

interface Separable extends Task {
  readonly separator: Line;
}

/** A small number, and now and then a larger one. */
const rarely = (usual: number, other: number): fc.Arbitrary<number> =>
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.constant(usual), weight: 7 },
    { arbitrary: fc.constant(other), weight: 1 },
  );

/** Integer points off an integer hyperplane, labelled by their side. */
const separable: fc.Arbitrary<Separable> = fc
  .record({
    w: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 3 }).filter((w) => w.some((v) => v !== 0)),
    b: fc.integer({ min: -3, max: 3 }),
    more: rarely(8, 14),
  })
  .chain(({ more, ...separator }) =>
    fc
      .array(fc.array(small, { minLength: separator.w.length, maxLength: separator.w.length }), {
        minLength: more === 14 ? 9 : 1,
        maxLength: more,
      })
      .map((rows) => rows.filter((row) => scoreOf(separator, row) !== 0))
      .filter((rows) => rows.length > 0)
      .map((rows) => ({
        ...task(
          rows,
          rows.map((row) => (scoreOf(separator, row) > 0 ? 1 : 0)),
        ),
        separator,
      })),
  );

const bound = (t: Separable): number => {
  const [above, below] = novikoff(signed(t), t.separator);
  return Math.floor(above / below);
};

const needs = having('perceptron.perceptron.fit');

/** An integer separator of a truth table by search, which shows the bound to the law. */
const separatorOf = (code: number): Line | undefined => {
  const range = [-2, -1, 0, 1, 2];
  return range
    .flatMap((w0) => range.flatMap((w1) => [-3, -1, 1, 3].map((b) => ({ w: [2 * w0, 2 * w1], b }))))
    .find((p) => CORNERS.every((row, i) => scoreOf(p, row) > 0 === (((code >> i) & 1) === 1)));
};

/** Points of two kinds anywhere, some of them on no line's right side. */
const tasks = (
  features: fc.Arbitrary<number>,
  most: fc.Arbitrary<number>,
  unit: fc.Arbitrary<number> = fc.constant(1),
): fc.Arbitrary<Task> =>
  fc.tuple(features, most, unit).chain(([d, maxLength, by]) =>
    fc
      .array(
        fc.tuple(
          fc.array(
            fc.integer({ min: -3, max: 3 }).map((v) => v * by),
            { minLength: d, maxLength: d },
          ),
          fc.constantFrom(0, 1),
        ),
        {
          minLength: 1,
          maxLength,
        },
      )
      .map((samples) =>
        task(
          samples.map(([row]) => row),
          samples.map(([, label]) => label),
        ),
      ),
  );

const few = fc.integer({ min: 1, max: 3 });
const anyTask: fc.Arbitrary<Task> = tasks(few, fc.constant(6));
/** The same, now and then of many samples or features, and of large or tiny numbers, which leave every sum exact. */
const widerTask: fc.Arbitrary<Task> = tasks(
  fc.oneof(
    { withCrossShrink: true },
    { arbitrary: few, weight: 7 },
    { arbitrary: fc.integer({ min: 5, max: 10 }), weight: 1 },
  ),
  rarely(6, 16),
  magnitude(12),
);

/** Two of a kind with one of the other in their middle, which counts twice against them: refuted by (1, 1, 2) and by nothing smaller. */
const oddMiddle: Task = task([[1], [3], [2]], [1, 1, 0]);

/** Every place of a truth table once in the order 0 … 3 and once in another. */
const inOrder = (t: Task, order: readonly number[]): Task => {
  const rows = rowsOf(t);
  return task(
    order.map((i) => rows[i] ?? []),
    order.map((i) => t.y.data[i] ?? 0),
  );
};

export const perceptronLaws = [
  law<Separable>({
    id: 'perceptron/mistake-bound',
    ref: 'C-01',
    class: 'structural',
    says: 'on separable data the perceptron makes at most (R/γ)² mistakes, however many epochs there are',
    formula: 'mistakes ≤ (R/γ)²',
    source: 'Novikoff 1962',
    kills: ['neuroph #48', 'shogun #39'],
    subjects: needs,
    given: () => separable,
    *holds(t) {
      const most = bound(t);
      const model = yield* fit(t, 1, most + 3);
      return sided('mistakes', model.mistakes, '≤', most);
    },
  }),
  law<{ readonly t: Separable; readonly lr: number }>({
    id: 'perceptron/separates',
    ref: 'C-02',
    class: 'exact',
    says: 'after as many epochs as the bound allows mistakes, every sample is on its side, and the port says so',
    kills: ['neuroph #48'],
    subjects: needs,
    given: () => fc.record({ t: separable, lr: powerOfTwo(-2, 2) }),
    *holds({ t, lr }, { conventions: { perceptronTie } }) {
      const model = yield* fit(t, lr, bound(t) + 1);
      // no pass, or one that began with a mistake, is no proof; the schoolbook says which it was
      const early = yield* fit(t, lr, 1);
      const quiet = walked(signed(t), 1, perceptronTie).converged;
      return every([
        claim('wrong samples', errors(t, model) === 0, errors(t, model), 0),
        claim('a whole pass without a mistake is reported', model.converged !== false),
        claim(
          'one pass is reported as what it was',
          early.converged === undefined || early.converged === quiet,
          Number(early.converged),
          Number(quiet),
        ),
      ]);
    },
  }),
  law<{ readonly t: Task; readonly lr: number; readonly epochs: number }>({
    id: 'perceptron/walk',
    ref: 'C-03, C-06',
    class: 'lattice',
    says: 'weights and bias go where a schoolbook walks in whole numbers: a step of lr·(±1)·(x, 1) on every mistake, in the order of the samples, and none otherwise',
    formula: 'w ← w + lr·s·x, b ← b + lr·s where the class of w·x + b is not that of s',
    source: 'Rosenblatt 1958',
    kills: ['campusx #9', 'shogun #39', 'trustyai #26', 'manning #46', 'neuroph #48'],
    subjects: needs,
    given: () =>
      fc.record({
        t: widerTask,
        lr: fc.constantFrom(1 / 4, 1 / 2, 1, 2, 3),
        epochs: fc.oneof(
          { withCrossShrink: true },
          { arbitrary: fc.integer({ min: 0, max: 6 }), weight: 7 },
          { arbitrary: fc.integer({ min: 33, max: 40 }), weight: 1 },
        ),
      }),
    *holds({ t, lr, epochs }, { conventions: { perceptronTie } }) {
      const truth64 = walked(signed(t), epochs, perceptronTie);
      const model = yield* fit(t, lr, epochs);
      return every([
        same(
          'w and b',
          [...model.w, model.b],
          [...truth64.w, truth64.b].map((v) => v * lr),
        ),
        same('mistakes', [model.mistakes], [truth64.counts.reduce((a, c) => a + c, 0)]),
      ]);
    },
  }),
  law<{ readonly t: Task; readonly lr: number; readonly epochs: number }>({
    id: 'perceptron/dual-form',
    ref: 'C-04',
    class: 'lattice',
    says: 'weights and bias are lr times a sum of the samples with their signs, each as often as it was mistaken',
    formula: 'w = lr·Σ αᵢ·sᵢ·xᵢ, b = lr·Σ αᵢ·sᵢ, Σ αᵢ = mistakes, αᵢ whole and not negative',
    source: 'Freund & Schapire 1999',
    subjects: needs,
    given: () => fc.record({ t: widerTask, lr: powerOfTwo(-3, 3), epochs: fc.integer({ min: 1, max: 6 }) }),
    *holds({ t, lr, epochs }, { conventions: { perceptronTie } }) {
      const model = yield* fit(t, lr, epochs);
      const s = signed(t);
      const walkedCounts = walked(s, epochs, perceptronTie).counts;
      // a port that does not tell its counts is held to those of the schoolbook
      const alpha = model.counts ?? walkedCounts;
      const total = (of: (row: readonly number[]) => number): number =>
        s.rows.reduce((sum, row, i) => sum + (alpha[i] ?? Number.NaN) * (s.signs[i] ?? 0) * of(row), 0) * lr;
      return every([
        same('mistakes on each sample', alpha, walkedCounts),
        same(
          'w',
          model.w,
          model.w.map((_, j) => total((row) => row[j] ?? 0)),
        ),
        same('b', [model.b], [total(() => 1)]),
        same('mistakes', [model.mistakes], [alpha.reduce((a, c) => a + c, 0)]),
      ]);
    },
  }),
  law<Separable>({
    id: 'perceptron/idle-when-right',
    ref: 'C-03, T-06',
    class: 'exact',
    says: 'weights start at zero, move only on mistakes, and no epoch means no move',
    kills: ['campusx #9', 'shogun #39'],
    subjects: needs,
    given: () => separable,
    *holds(t) {
      const none = yield* fit(t, 1, 0);
      const enough = yield* fit(t, 1, bound(t) + 1);
      const more = yield* fit(t, 1, bound(t) + 5);
      return every([
        same('w, b and mistakes of no epoch', [...none.w, none.b, none.mistakes], [...none.w.map(() => 0), 0, 0]),
        same(
          'w, b and mistakes of further epochs',
          [...more.w, more.b, more.mistakes],
          [...enough.w, enough.b, enough.mistakes],
        ),
      ]);
    },
  }),
  law<{ readonly t: Separable; readonly lr: number }>({
    id: 'perceptron/rate-free',
    ref: 'C-05',
    class: 'power of two',
    says: 'from zero weights the rate only scales the weights: the mistakes are the same',
    subjects: needs,
    given: () => fc.record({ t: separable, lr: powerOfTwo(-4, 4) }),
    *holds({ t, lr }) {
      const [a, b] = [yield* fit(t, 1, 20), yield* fit(t, lr, 20)];
      return every([
        same('mistakes', [b.mistakes], [a.mistakes]),
        same(
          'w and b',
          [...b.w, b.b],
          [...a.w, a.b].map((v) => v * lr),
        ),
      ]);
    },
  }),
  law<Separable>({
    id: 'perceptron/bias-is-a-feature',
    ref: 'C-06',
    class: 'exact',
    says: 'the bias moves as the weight of a constant feature 1: once per mistake',
    kills: ['trustyai #26', 'manning #46', 'neuroph #48'],
    subjects: needs,
    given: () => separable,
    *holds(t) {
      const wide = task(
        rowsOf(t).map((row) => [...row, 1]),
        t.y.data,
      );
      const { w, b } = yield* fit(wide, 1, 20);
      return same('weight of the constant feature', [w.at(-1) ?? Number.NaN], [b]);
    },
  }),
  law<Separable>({
    id: 'perceptron/labels',
    ref: 'C-07',
    class: 'exact',
    says: 'labels 0/1 and −1/1 give the same separator',
    kills: ['campusx #9'],
    subjects: needs,
    given: () => separable,
    *holds(t) {
      const [a, b] = [
        yield* fit(t, 1, 20),
        yield* fit({ ...t, y: { ...t.y, data: t.y.data.map((v) => 2 * v - 1) } }, 1, 20),
      ];
      return same('w, b and mistakes', [...b.w, b.b, b.mistakes], [...a.w, a.b, a.mistakes]);
    },
  }),
  law<Separable>({
    id: 'perceptron/flip',
    ref: 'C-08',
    class: 'exact',
    says: 'a feature negated negates its weight and changes nothing else',
    subjects: needs,
    given: () => separable,
    *holds(t) {
      const flipped = task(
        rowsOf(t).map(([first = 0, ...rest]) => [-first, ...rest]),
        t.y.data,
      );
      const [a, b] = [yield* fit(t, 1, 20), yield* fit(flipped, 1, 20)];
      return same('w, b and mistakes', [...b.w, b.b, b.mistakes], [-(a.w[0] ?? 0), ...a.w.slice(1), a.b, a.mistakes]);
    },
  }),
  law<{ readonly code: number; readonly order: readonly number[]; readonly lr: number }>({
    id: 'perceptron/boolean-functions',
    ref: 'C-09',
    class: 'enumerated',
    runs: 84,
    says: 'all 14 separable Boolean functions of two inputs are learnt within the bound, in whatever order their corners come',
    kills: ['neuroph #48'],
    subjects: needs,
    given: () =>
      fc.record({
        code: fc.integer({ min: 0, max: 15 }).filter((code) => !ODD.includes(code)),
        order: fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
        lr: fc.constantFrom(1 / 4, 1, 2),
      }),
    *holds({ code, order, lr }) {
      const separator = separatorOf(code);
      if (separator === undefined) return claim(`a separator of the table ${code}`, false);
      const t = { ...inOrder(truth(code), order), separator };
      const model = yield* fit(t, lr, bound(t) + 1);
      return every([
        claim('wrong corners', errors(t, model) === 0, errors(t, model), 0),
        sided('mistakes', model.mistakes, '≤', bound(t)),
      ]);
    },
  }),
  law<{ readonly t: Task; readonly w: readonly number[]; readonly b: number }>({
    id: 'perceptron/classes',
    ref: 'C-02',
    class: 'lattice',
    says: 'a sample is of class 1 where its score is above 0, of class 0 below, and at 0 as declared',
    subjects: having('perceptron.perceptron.predict'),
    given: () =>
      widerTask.chain((t) =>
        fc.record({
          t: fc.constant(t),
          w: fc.array(fc.integer({ min: -2, max: 2 }), { minLength: t.x.shape[1] ?? 1, maxLength: t.x.shape[1] ?? 1 }),
          b: fc.integer({ min: -2, max: 2 }),
        }),
      ),
    *holds({ t, w, b }, { conventions: { perceptronTie } }) {
      const x = t.x;
      const y = (yield* ask('perceptron.perceptron.predict', { x, w: { shape: [w.length], data: w }, b })).tensor('y');
      const scores = rowsOf(t).map((row) => scoreOf({ w, b }, row));
      // where a score of 0 is a mistake whatever the label, either class will do
      const decided = scores.map((s, i) =>
        s === 0
          ? perceptronTie === 'mistake'
            ? (y.data[i] ?? Number.NaN)
            : Number(perceptronTie === 'one')
          : Number(s > 0),
      );
      return same('classes', y.data, decided);
    },
  }),
  law<Separable>({
    id: 'perceptron/bound-value',
    ref: 'C-01',
    class: 'rounding bound',
    says: 'the bound itself is R²·|separator|²/γ² with the constant feature counted in, for either way to write the labels',
    formula: 'R² = max |xᵢ|² + 1, γ = min sᵢ·(w·xᵢ + b)/|(w, b)|',
    source: 'Novikoff 1962',
    subjects: having('perceptron.perceptron.mistake_bound'),
    given: () => separable,
    *holds({ separator: { w, b }, ...t }, port) {
      const [above, below] = novikoff(signed(t), { w, b });
      const truth64 = above / below;
      const line = { w: { shape: [w.length], data: w }, b };
      const [zeros, signs] = [
        yield* ask('perceptron.perceptron.mistake_bound', { x: t.x, y: t.y, ...line }),
        yield* ask('perceptron.perceptron.mistake_bound', {
          x: t.x,
          y: { ...t.y, data: t.y.data.map((v) => 2 * v - 1) },
          ...line,
        }),
      ];
      // norms and margins may be taken with their roots, and squared again
      const allowed = gamma(12, FORMATS[port.dtype].u) * truth64;
      return within(
        '(R/γ)² of labels 0/1 and −1/1',
        [zeros.number('bound'), signs.number('bound')],
        [exactly(truth64), exactly(truth64)],
        [allowed, allowed],
      );
    },
  }),
  law<{ readonly t: Task; readonly most: number }>({
    id: 'perceptron/refutation',
    ref: 'C-10',
    class: 'enumerated',
    says: 'a refutation is found exactly where one exists, it adds up to zero, and then no run of the perceptron gets every sample right',
    formula: 'Σ αᵢ·sᵢ·(xᵢ, 1) = 0, α ≥ 0 whole, not all 0',
    source: 'Farkas 1902; Gordan 1873',
    subjects: having('perceptron.perceptron.refutation', 'perceptron.perceptron.fit'),
    given: () =>
      visiting(
        fc.record({
          t: fc.oneof(
            fc.integer({ min: 0, max: 15 }).map(truth),
            anyTask.filter(({ y }) => y.data.length <= 4),
          ),
          most: fc.integer({ min: 1, max: 2 }),
        }),
        ...[1, 2].map((most) => fc.constant({ t: oddMiddle, most })),
      ),
    *holds({ t, most }) {
      const found = (yield* ask('perceptron.perceptron.refutation', {
        x: t.x,
        y: t.y,
        ...(most === 1 ? {} : { most }), // 1 is what holds unless given
      })).numbers('alpha');
      const exists = refutable(signed(t), most);
      const model = yield* fit(t, 1, 8);
      const right = rowsOf(t).every((row, i) => scoreOf(model, row) * (t.y.data[i] === 1 ? 1 : -1) > 0);
      return every([
        claim('a refutation is found', found.length > 0 === exists, found.length, exists ? t.y.data.length : 0),
        claim('it adds up to zero', !exists || certifies(found, signed(t))),
        claim(
          'its multipliers are no larger than allowed',
          found.every((a) => a <= most),
        ),
        claim('every sample is strictly right in spite of it', !(exists && right)),
      ]);
    },
  }),
  ...xorLaws,
];
