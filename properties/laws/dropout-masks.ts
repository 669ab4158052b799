// The chapter of dropout, second part: what holds on average over all masks, by enumeration, and what a dropped unit takes part in.
import fc from 'fast-check';
import { extent, filled, small, type Values } from '../arbitraries.ts';
import { ask, every, type Inquiry, law, same, within } from '../law.ts';
import { chanceOf, type Form, logit, masks, uniformsOf } from '../oracle/dropout.ts';
import { expecting, nearest, ZERO } from '../oracle/exact.ts';
import { roundingBound, ulpsAt } from '../tolerance.ts';
import { like } from './cases.ts';
import { dense, dot, dropoutsWith, evalOf, exactRate, formOf, matrix, sum, train, trainVjp } from './dropout-cases.ts';

/** A batch for one dense layer behind a dropout. */
interface Linear {
  readonly x: Values;
  readonly w: Values;
  readonly b: Values;
  readonly y: Values;
  readonly dropRate: number;
}

/** Small whole numbers: with keep probabilities of powers of two every sum and product below is exact. */
const tiny = fc.integer({ min: -2, max: 2 });

const linear = (
  most: { readonly batch: number; readonly units: number },
  rate = exactRate,
  value: fc.Arbitrary<number> = tiny,
): fc.Arbitrary<Linear> =>
  fc.tuple(extent(most.batch), extent(4), extent(most.units), rate).chain(([batch, n, units, dropRate]) =>
    fc.record({
      x: filled([batch, n], value),
      w: filled([n, units], value),
      b: filled([units], value),
      y: filled([batch, units], value),
      dropRate: fc.constant(dropRate),
    }),
  );

const rowsOf = (t: Values): readonly (readonly number[])[] => {
  const width = t.shape[1] ?? 1;
  return Array.from({ length: t.shape[0] ?? 0 }, (_, i) => t.data.slice(i * width, (i + 1) * width));
};

/** The variance of one number's factor: what dropout adds to second moments. */
const spread = (form: Form, p: number): number => (form === 'inverted' ? p / (1 - p) : p * (1 - p));
/** The mean of one number's factor. */
const share = (form: Form, p: number): number => (form === 'inverted' ? 1 : 1 - p);

/** The batch under every mask of its features, one mask for all rows, one after the other. */
function* underAllMasks(layer: string, { x, dropRate }: Pick<Linear, 'x' | 'dropRate'>): Inquiry<readonly Values[]> {
  const all = masks(x.shape[1] ?? 0);
  const tiled = matrix(all.flatMap(() => rowsOf(x)));
  const u = matrix(all.flatMap((mask) => rowsOf(x).map(() => uniformsOf(mask, dropRate))));
  const y = yield* train(layer, tiled, u, dropRate);
  const size = x.data.length;
  return all.map((_, m) => like(x, y.slice(m * size, (m + 1) * size)));
}

const chances = ({ x, dropRate }: Pick<Linear, 'x' | 'dropRate'>): readonly number[] =>
  masks(x.shape[1] ?? 0).map((mask) => chanceOf(mask, dropRate));

/** A mean over masks, element by element. */
const mean = (weights: readonly number[], values: readonly (readonly number[])[]): readonly number[] =>
  (values[0] ?? []).map((_, i) => sum(values.map((v, m) => (weights[m] ?? 0) * (v[i] ?? 0))));

/** A hidden layer of which whole units are dropped. */
interface Hidden {
  readonly x: Values;
  readonly w1: Values;
  readonly b1: Values;
  readonly w2: Values;
  readonly b2: Values;
  readonly dy: Values;
  readonly kept: readonly boolean[];
  readonly dropRate: number;
  /** Other weights for the units that are dropped. */
  readonly other: Values;
}

interface Pass {
  readonly y: readonly number[];
  readonly dx: readonly number[];
  readonly dw1: readonly number[];
  readonly db1: readonly number[];
  readonly dw2: readonly number[];
}

/** Dense, dropout, dense: forward and back. */
function* pass(layer: string, { x, w1, b1, w2, b2, dy, kept, dropRate }: Hidden): Inquiry<Pass> {
  const batch = x.shape[0] ?? 1;
  const hidden = { shape: [batch, kept.length], data: yield* dense(x, w1, b1) };
  const u = matrix(Array.from({ length: batch }, () => uniformsOf(kept, dropRate)));
  const masked = like(hidden, yield* train(layer, hidden, u, dropRate));
  const y = yield* dense(masked, w2, b2);
  const second = yield* ask('layer.dense.vjp', { x: masked, w: w2, b: b2, dy });
  const dh = like(
    hidden,
    yield* trainVjp(layer, { x: hidden, u, dropRate, dy: like(hidden, Array.from(second.tensor('dx').data)) }),
  );
  const first = yield* ask('layer.dense.vjp', { x, w: w1, b: b1, dy: dh });
  const of = (answer: typeof first, name: string): readonly number[] => Array.from(answer.tensor(name).data);
  return { y, dx: of(first, 'dx'), dw1: of(first, 'dw'), db1: of(first, 'db'), dw2: of(second, 'dw') };
}

const column = (t: Values, j: number): readonly number[] => rowsOf(t).map((row) => row[j] ?? 0);

/** The same by the sums as written in textbooks. */
const byHand = (form: Form, { x, w1, b1, w2, b2, dy, kept, dropRate }: Hidden): Pass => {
  const factor = kept.map((k) => (!k ? 0 : form === 'inverted' ? 1 / (1 - dropRate) : 1));
  const hidden = rowsOf(x).map((row) => b1.data.map((b, j) => (factor[j] ?? 0) * (b + dot(row, column(w1, j)))));
  const back = rowsOf(dy).map((row) => rowsOf(w2).map((w, j) => (factor[j] ?? 0) * dot(row, w)));
  return {
    y: hidden.flatMap((row) => b2.data.map((b, j) => b + dot(row, column(w2, j)))),
    dx: back.flatMap((row) => rowsOf(w1).map((w) => dot(row, w))),
    dw1: rowsOf(w1).flatMap((_, i) => b1.data.map((_2, j) => dot(column(x, i), column(matrix(back), j)))),
    db1: b1.data.map((_, j) => sum(column(matrix(back), j))),
    dw2: rowsOf(w2).flatMap((_, j) => b2.data.map((_2, k) => dot(column(matrix(hidden), j), column(dy, k)))),
  };
};

export const enumeratedDropoutLaws = [
  law<Linear>({
    id: 'dropout/expectation',
    ref: 'D-05',
    class: 'enumerated',
    runs: 40,
    says: 'the mean of a linear layer behind dropout, over all masks with their chances, is that layer behind dropout in eval mode',
    formula: 'Σ_m P(m)·f(m∘x/(1 − p)) = f(x)',
    kills: ['theanets #123', 'kaldi #2815', 'ayrna/dlordinal #126'],
    subjects: dropoutsWith(['layer.dense.forward'], 'train', 'eval'),
    given: () => linear({ batch: 1, units: 2 }, exactRate, small),
    *holds(c, _port, layer) {
      const outputs: (readonly number[])[] = [];
      for (const x of yield* underAllMasks(layer, c)) outputs.push(yield* dense(x, c.w, c.b));
      const evaluated = like(c.x, yield* evalOf(layer, c.x, c.dropRate));
      return same('mean of f over all masks', mean(chances(c), outputs), yield* dense(evaluated, c.w, c.b));
    },
  }),
  law<Linear>({
    id: 'dropout/variance',
    ref: 'D-06',
    class: 'enumerated',
    runs: 40,
    says: 'the variance of a linear unit behind dropout, over all masks, is p/(1 − p) times the sum of its squared terms (p·(1 − p) times in the classic form)',
    formula: 'Var f = p/(1 − p)·Σ(w_i·x_i)²',
    source: 'Srivastava et al. 2014, §10; Wager, Wang & Liang 2013, eq. 6',
    subjects: dropoutsWith(['layer.dense.forward'], 'train'),
    given: () => linear({ batch: 1, units: 1 }, exactRate, small),
    *holds(c, port, layer) {
      const outputs: (readonly number[])[] = [];
      for (const x of yield* underAllMasks(layer, c)) outputs.push(yield* dense(x, c.w, c.b));
      const weights = chances(c);
      const [centre = 0] = mean(weights, outputs);
      const variance = sum(outputs.map(([z = 0], m) => (weights[m] ?? 0) * (z - centre) ** 2));
      const terms = c.x.data.map((v, i) => (v * (c.w.data[i] ?? 0)) ** 2);
      return same('variance over all masks', [variance], [spread(formOf(port, layer), c.dropRate) * sum(terms)]);
    },
  }),
  law<Linear>({
    id: 'dropout/weight-scaling',
    ref: 'D-07',
    class: '64-digit oracle',
    runs: 30,
    says: 'the normalised geometric mean of a sigmoid unit over all masks is the one unit of eval mode, whose weights are scaled by the keep probability in the classic form',
    formula: 'Σ_m P(m)·logit σ(f(m∘x/(1 − p))) = logit σ(f(x))',
    source: 'Baldi & Sadowski 2013, eq. 18; Goodfellow, Bengio & Courville 2016, eq. 7.66',
    kills: ['tiny-dnn 9d600264', 'retain #1'],
    subjects: dropoutsWith(['layer.dense.forward', 'activation.sigmoid.forward'], 'train', 'eval'),
    given: () =>
      linear(
        { batch: 1, units: 1 },
        fc.constantFrom(1 / 4, 3 / 8, 3 / 4),
        fc.integer({ min: -8, max: 8 }).map((k) => k / 8),
      ),
    *holds(c, port, layer) {
      const { dtype } = port;
      const unit = function* (x: Values): Inquiry<number> {
        const z = { shape: [1, 1], data: yield* dense(x, c.w, c.b) };
        return (yield* ask('activation.sigmoid.forward', { x: z })).tensor('y').data[0] ?? Number.NaN;
      };
      const inputs = yield* underAllMasks(layer, c);
      const ensemble: number[] = [];
      for (const x of inputs) ensemble.push(yield* unit(x));
      const evaluated = like(c.x, yield* evalOf(layer, c.x, c.dropRate));
      const one = yield* unit(evaluated);
      const weights = chances(c);
      // rescaling, products and sums of the linear part, then four ulps of σ, seen through the slope of the logit
      const error = (p: number, x: Values): number => {
        const size = sum(x.data.map((v, i) => Math.abs(v * (c.w.data[i] ?? 0)))) + Math.abs(c.b.data[0] ?? 0);
        return roundingBound(c.x.data.length + 5, size, dtype) + ulpsAt(4, p, dtype) / (p * (1 - p));
      };
      const got = ensemble.reduce((a, p, m) => a.plus(logit(p).times(weights[m] ?? 0)), ZERO);
      const allowed = sum(ensemble.map((p, m) => (weights[m] ?? 0) * error(p, inputs[m] ?? c.x))) + error(one, c.x);
      const scaled = like(
        c.w,
        c.w.data.map((v) => v * share(formOf(port, layer), c.dropRate)),
      );
      return every([
        within('mean logit over all masks', [nearest(got)], [expecting(logit(one), 'f64')], [allowed]),
        same('the linear unit of eval mode, with scaled weights', yield* dense(evaluated, c.w, c.b), [
          (c.b.data[0] ?? 0) + dot(c.x.data, scaled.data),
        ]),
      ]);
    },
  }),
  law<Hidden>({
    id: 'dropout/inert',
    ref: 'D-11',
    class: 'lattice',
    runs: 50,
    says: 'a dropped unit takes part in nothing: not in the output, not in the error passed below, and the gradients of its own weights and bias, and of the weights it feeds, are 0; the others are as by hand',
    kills: ['neataptic (bias of a dropped unit moves, error flows through)'],
    subjects: dropoutsWith(['layer.dense.forward', 'layer.dense.vjp'], 'train', 'train_vjp'),
    given: () =>
      fc.tuple(extent(3), extent(3), extent(4), extent(2), exactRate).chain(([batch, n, units, out, dropRate]) =>
        fc.record({
          x: filled([batch, n], tiny),
          w1: filled([n, units], tiny),
          b1: filled([units], tiny),
          w2: filled([units, out], tiny),
          b2: filled([out], tiny),
          dy: filled([batch, out], tiny),
          kept: fc.array(fc.boolean(), { minLength: units, maxLength: units }),
          dropRate: fc.constant(dropRate),
          other: filled([n, units], tiny),
        }),
      ),
    *holds(c, port, layer) {
      const got = yield* pass(layer, c);
      const expected = byHand(formOf(port, layer), c);
      const j = (i: number): boolean => c.kept[i % c.kept.length] ?? true;
      const changed = {
        ...c,
        w1: like(
          c.w1,
          c.w1.data.map((v, i) => (j(i) ? v : (c.other.data[i] ?? 0))),
        ),
        b1: like(
          c.b1,
          c.b1.data.map((v, i) => (j(i) ? v : -v - 1)),
        ),
      };
      const again = yield* pass(layer, changed);
      return every([
        ...(['y', 'dx', 'dw1', 'db1', 'dw2'] as const).map((name) =>
          same(`${name} with units kept as ${c.kept}`, got[name], expected[name]),
        ),
        ...(['y', 'dx', 'dw1', 'db1', 'dw2'] as const).map((name) =>
          same(`${name} after the weights into dropped units have changed`, again[name], got[name]),
        ),
      ]);
    },
  }),
  law<Linear>({
    id: 'dropout/implicit-regulariser',
    ref: 'D-17',
    class: 'enumerated',
    runs: 30,
    says: 'in linear regression dropout on the inputs is a penalty: the mean loss over all masks is the loss of eval mode plus p/(1 − p)·Σ w_j²·|X_j|²',
    formula: 'E|(M∘X/(1 − p))·w − y|² = |X·w − y|² + p/(1 − p)·Σ_j w_j²·|X_j|²',
    source: 'Srivastava et al. 2014, §9.1; Wager, Wang & Liang 2013',
    subjects: dropoutsWith(['layer.dense.forward', 'loss.mse.forward'], 'train', 'eval'),
    given: () => linear({ batch: 3, units: 1 }),
    *holds(c, port, layer) {
      const loss = function* (x: Values): Inquiry<readonly number[]> {
        const prediction = like(c.y, yield* dense(x, c.w, c.b));
        return Array.from(
          (yield* ask('loss.mse.forward', { prediction, target: c.y, reduction: 'sum' })).tensor('loss').data,
        );
      };
      const losses: (readonly number[])[] = [];
      for (const x of yield* underAllMasks(layer, c)) losses.push(yield* loss(x));
      const [plain = 0] = yield* loss(like(c.x, yield* evalOf(layer, c.x, c.dropRate)));
      const lengths = c.w.data.map((_, j) => sum(column(c.x, j).map((v) => v * v)));
      const penalty = spread(formOf(port, layer), c.dropRate) * sum(c.w.data.map((v, j) => v * v * (lengths[j] ?? 0)));
      return same('mean loss over all masks', mean(chances(c), losses), [plain + penalty]);
    },
  }),
  law<Linear>({
    id: 'dropout/expected-gradient',
    ref: 'D-18',
    class: 'enumerated',
    runs: 30,
    says: 'the mean over all masks of the gradients under each frozen mask is the gradient of the mean loss, for weights, bias and inputs',
    formula: '∇ E[loss] = E[∇ loss]',
    subjects: dropoutsWith(['layer.dense.forward', 'layer.dense.vjp', 'loss.mse.vjp'], 'train', 'train_vjp'),
    given: () => linear({ batch: 2, units: 1 }),
    *holds(c, port, layer) {
      const gradients: { readonly dw: number[]; readonly db: number[]; readonly dx: readonly number[] }[] = [];
      const all = masks(c.x.shape[1] ?? 0);
      for (const [m, x] of (yield* underAllMasks(layer, c)).entries()) {
        const prediction = like(c.y, yield* dense(x, c.w, c.b));
        const dy = (yield* ask('loss.mse.vjp', { prediction, target: c.y, reduction: 'sum' })).tensor('dprediction');
        const back = yield* ask('layer.dense.vjp', { x, w: c.w, b: c.b, dy });
        const u = matrix(rowsOf(c.x).map(() => uniformsOf(all[m] ?? [], c.dropRate)));
        const inner = like(c.x, Array.from(back.tensor('dx').data));
        const dx = yield* trainVjp(layer, { x: c.x, u, dropRate: c.dropRate, dy: inner });
        gradients.push({ dw: Array.from(back.tensor('dw').data), db: Array.from(back.tensor('db').data), dx });
      }
      const form = formOf(port, layer);
      const factor = share(form, c.dropRate);
      const more = spread(form, c.dropRate);
      const residuals = rowsOf(c.x).map(
        (row, i) => factor * dot(row, c.w.data) + (c.b.data[0] ?? 0) - (c.y.data[i] ?? 0),
      );
      const weights = chances(c);
      return every([
        same(
          'mean dw over all masks',
          mean(
            weights,
            gradients.map((g) => g.dw),
          ),
          c.w.data.map((v, j) => {
            const own = column(c.x, j);
            return 2 * factor * dot(own, residuals) + 2 * more * v * dot(own, own);
          }),
        ),
        same(
          'mean db over all masks',
          mean(
            weights,
            gradients.map((g) => g.db),
          ),
          [2 * sum(residuals)],
        ),
        same(
          'mean dx over all masks',
          mean(
            weights,
            gradients.map((g) => g.dx),
          ),
          rowsOf(c.x).flatMap((row, i) =>
            row.map((v, j) => {
              const w = c.w.data[j] ?? 0;
              return 2 * factor * (residuals[i] ?? 0) * w + 2 * more * w * w * v;
            }),
          ),
        ),
      ]);
    },
  }),
];
