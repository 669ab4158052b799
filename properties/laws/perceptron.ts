// The chapter of the perceptron: Novikoff's bound, separation, symmetries, and the impossibility of XOR.
import fc from 'fast-check';
import { findRefutation, mistakeBound, type Perceptron, refutes, Tensor } from '../../src/index.ts';
import { powerOfTwo, small, type Values } from '../arbitraries.ts';
import { ask, claim, every, having, type Inquiry, law, same } from '../law.ts';

interface Task {
  readonly x: Values;
  readonly y: Values;
}
interface Fit extends Perceptron {
  readonly mistakes: number;
}

const tensor = (v: Values): Tensor => Tensor.from(v.shape, v.data);
const rowsOf = ({ x }: Task): readonly (readonly number[])[] => {
  const [n = 0, d = 0] = x.shape;
  return Array.from({ length: n }, (_, i) => x.data.slice(i * d, (i + 1) * d));
};
const task = (rows: readonly (readonly number[])[], labels: readonly number[]): Task => ({
  x: { shape: [rows.length, rows[0]?.length ?? 0], data: rows.flat() },
  y: { shape: [labels.length], data: labels },
});
const score = ({ w, b }: Perceptron, row: readonly number[]): number => row.reduce((s, v, j) => s + v * (w[j] ?? 0), b);

interface Separable extends Task {
  readonly separator: Perceptron;
}

/** Integer points off an integer hyperplane, labelled by their side. */
const separable: fc.Arbitrary<Separable> = fc
  .record({
    w: fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 3 }).filter((w) => w.some((v) => v !== 0)),
    b: fc.integer({ min: -3, max: 3 }),
  })
  .chain((separator) =>
    fc
      .array(fc.array(small, { minLength: separator.w.length, maxLength: separator.w.length }), {
        minLength: 1,
        maxLength: 8,
      })
      .map((rows) => rows.filter((row) => score(separator, row) !== 0))
      .filter((rows) => rows.length > 0)
      .map((rows) => ({
        ...task(
          rows,
          rows.map((row) => (score(separator, row) > 0 ? 1 : 0)),
        ),
        separator,
      })),
  );

const bound = (t: Separable): number => Math.floor(mistakeBound(tensor(t.x), tensor(t.y), t.separator));

function* fit(t: Task, lr: number, epochs: number): Inquiry<Fit> {
  const a = yield* ask('perceptron.perceptron.fit', { x: t.x, y: t.y, lr, epochs });
  return { w: Array.from(a.tensor('w').data), b: a.number('b'), mistakes: a.number('mistakes') };
}

/** A sample is right when its score is not on the wrong side; at 0 an engine may decide either way. */
const errors = (t: Task, model: Perceptron): number =>
  rowsOf(t).filter((row, i) => score(model, row) * (t.y.data[i] === 1 ? 1 : -1) < 0).length;

const CORNERS = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;
/** Truth tables of the Boolean functions of two inputs, bit i for corner i; 6 is XOR and 9 its negation. */
const truth = (code: number): Task =>
  task(
    CORNERS,
    CORNERS.map((_, i) => (code >> i) & 1),
  );
const ODD = [6, 9];
const epochsEnough = 100;
const needs = having('perceptron.perceptron.fit');

/** An integer separator of a truth table by search, which shows the bound to the law. */
const separatorOf = (code: number): Perceptron | undefined => {
  const range = [-2, -1, 0, 1, 2];
  return range
    .flatMap((w0) => range.flatMap((w1) => [-3, -1, 1, 3].map((b) => ({ w: [2 * w0, 2 * w1], b }))))
    .find((p) => CORNERS.every((row, i) => score(p, row) > 0 === (((code >> i) & 1) === 1)));
};

export const perceptronLaws = [
  law<Separable>({
    id: 'perceptron/mistake-bound',
    ref: 'C-01, C-02',
    class: 'structural',
    says: 'on separable data the perceptron makes at most (R/γ)² mistakes, and then makes none',
    formula: 'mistakes ≤ (R/γ)²',
    source: 'Novikoff 1962',
    kills: ['neuroph #48', 'shogun #39'],
    subjects: needs,
    given: () => separable,
    *holds(t) {
      const most = bound(t);
      const model = yield* fit(t, 1, most + 1);
      return every([
        claim('mistakes', model.mistakes <= most, model.mistakes, most),
        claim('wrong samples', errors(t, model) === 0, errors(t, model), 0),
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
  law<number>({
    id: 'perceptron/boolean-functions',
    ref: 'C-09',
    class: 'enumerated',
    runs: 56,
    says: 'all 14 separable Boolean functions of two inputs are learnt within the bound',
    kills: ['neuroph #48'],
    subjects: needs,
    given: () => fc.integer({ min: 0, max: 15 }).filter((code) => !ODD.includes(code)),
    *holds(code) {
      const separator = separatorOf(code);
      if (separator === undefined) return claim(`a separator of the table ${code}`, false);
      const t = { ...truth(code), separator };
      const model = yield* fit(t, 1, epochsEnough);
      return every([
        claim('wrong corners', errors(t, model) === 0, errors(t, model), 0),
        claim('mistakes', model.mistakes <= bound(t), model.mistakes, bound(t)),
      ]);
    },
  }),
  law<{ readonly code: number; readonly epochs: number }>({
    id: 'perceptron/xor-impossible',
    ref: 'C-10, C-11',
    class: 'structural',
    runs: 30,
    says: 'XOR has a refutation, so every model returned errs on a corner, and the weights stay bounded while mistakes go on',
    formula: 'Σ αᵢ·sᵢ·(xᵢ, 1) = 0 with α = (1, 1, 1, 1)',
    source: 'Minsky & Papert 1969; Farkas 1902; Block & Levin 1970 (cycling)',
    subjects: needs,
    given: () => fc.record({ code: fc.constantFrom(...ODD), epochs: fc.integer({ min: 1, max: 60 }) }),
    *holds({ code, epochs }) {
      const t = truth(code);
      const alpha = findRefutation(tensor(t.x), tensor(t.y));
      const model = yield* fit(t, 1, epochs);
      const strictlyRight = rowsOf(t).every((row, i) => score(model, row) > 0 === (t.y.data[i] === 1));
      const size = Math.max(...[...model.w, model.b].map(Math.abs));
      return every([
        claim('refutation', alpha !== null && refutes(alpha, tensor(t.x), tensor(t.y))),
        claim('all corners right', !strictlyRight),
        claim('mistakes at least one per epoch', model.mistakes >= epochs, model.mistakes, epochs),
        claim('largest weight', size <= 8, size, 8),
      ]);
    },
  }),
];
