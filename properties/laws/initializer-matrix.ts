// The chapter of initializers, part two: weights that depend on each other, orthogonal, identity and sparse ones.
import fc from 'fast-check';
import { extent, filled, seed, stir, visiting } from '../arbitraries.ts';
import type { Plain } from '../contract.ts';
import { among, ask, claim, every, having, type Inquiry, law, same, tested, type Verdict, within } from '../law.ts';
import {
  ALPHA,
  binomialTest,
  chiSquareTest,
  dkwTest,
  exactly,
  FORMATS,
  orthogonalityBound,
  SAME_DIRECTION,
} from '../tolerance.ts';
import { beside, type Draw, sample, squares } from './drawing.ts';
import { flat } from './training-cases.ts';

const gains = fc.constantFrom(1 / 2, 1, 3);
const small = (rows: number, columns: number): fc.Arbitrary<Draw> =>
  fc.record({ fanIn: extent(rows), fanOut: extent(columns), gain: gains, seed });

/** Weights into every unit that the sparse row leaves. @source Martens 2010, §5 */
const SPARSE = 15;

/** Many small orthogonal matrices, from seeds of their own. */
function* many(s: number, n: number, side: number): Inquiry<readonly (readonly number[])[]> {
  const all: number[][] = [];
  for (let i = 0; i < n; i++) {
    const args = { shape: [side, side], fanIn: side, fanOut: side, gain: 1, seed: stir(s, side) + i };
    all.push(Array.from((yield* ask('initializer.orthogonal.sample', args)).tensor('w').data));
  }
  return all;
}

const share = (about: string, flags: readonly boolean[], alpha: number): Verdict => {
  const k = flags.filter(Boolean).length;
  return beside(tested(about, binomialTest(k, flags.length, 1 / 2, alpha)), k / flags.length, 1 / 2);
};

const determinant = ([a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0, i = 0]: readonly number[]): number =>
  a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);

export const matrixInitializerLaws = [
  law<Draw>({
    id: 'initializer/orthogonal',
    ref: 'I-01',
    class: 'rounding bound',
    runs: 12,
    says: 'rows or columns, whichever are fewer, are orthogonal and have the length of the gain, and no weight is left at zero',
    formula: 'wᵀ·w = gain²·I, or w·wᵀ',
    source: 'Saxe, McClelland & Ganguli 2014; Higham 2002, Theorem 19.4 (the bound)',
    subjects: among(['orthogonal'], 'initializer', 'sample'),
    given: () => small(9, 9),
    *holds(d, port, name) {
      const w = yield* sample(name, d);
      const { fanIn, fanOut, gain } = d;
      const [short, long] = [Math.min(fanIn, fanOut), Math.max(fanIn, fanOut)];
      const at = (a: number, i: number): number =>
        (fanIn >= fanOut ? w[i * fanOut + a] : w[a * fanOut + i]) ?? Number.NaN;
      const products = Array.from({ length: short * short }, (_, p) =>
        Array.from({ length: long }, (_2, i) => at(Math.floor(p / short), i) * at(p % short, i)).reduce(
          (a, b) => a + b,
          0,
        ),
      );
      const allowed = orthogonalityBound(long, short, FORMATS[port.dtype].u) * gain * gain;
      // an orthonormal block beside zeros would have the same products
      const zero = w.indexOf(0);
      return every([
        within(
          'products of rows or columns',
          products,
          products.map((_, p) => exactly(p % (short + 1) === 0 ? gain * gain : 0)),
          products.map(() => allowed),
        ),
        claim(`a weight is zero at place ${zero}`, zero < 0 || gain === 0, 0),
      ]);
    },
  }),
  law<{ readonly side: number; readonly seed: number }>({
    id: 'initializer/orthogonal-always',
    ref: 'I-01',
    class: 'rounding bound',
    runs: 8,
    says: 'small square matrices are orthogonal to the last digits, however nearly parallel the vectors that they came from were',
    formula: 'wᵀ·w = I, for 100 matrices of a side',
    source:
      'Giraud, Langou & Rozložník 2005 (one pass of Gram–Schmidt loses digits with the condition); Higham 2002, Theorem 19.4',
    subjects: among(['orthogonal'], 'initializer', 'sample'),
    given: () => fc.record({ side: fc.integer({ min: 2, max: 4 }), seed }),
    *holds({ side, seed: s }, port) {
      const all = yield* many(s, 100, side);
      const allowed = orthogonalityBound(side, side, FORMATS[port.dtype].u);
      const products = all.flatMap((w) =>
        Array.from({ length: side * side }, (_, p) => {
          const [a, b] = [Math.floor(p / side), p % side];
          return Array.from({ length: side }, (_2, i) => (w[i * side + a] ?? 0) * (w[i * side + b] ?? 0)).reduce(
            (x, y) => x + y,
            0,
          );
        }),
      );
      return within(
        'products of columns',
        products,
        products.map((_, p) => exactly((p % (side * side)) % (side + 1) === 0 ? 1 : 0)),
        products.map(() => allowed),
      );
    },
  }),
  law<number>({
    id: 'initializer/orthogonal-uniform',
    ref: 'I-09, I-07',
    class: 'statistical',
    runs: 1,
    says: 'orthogonal matrices are uniform over the group: every entry of a 3 × 3 one is uniform on [−1, 1], diagonals have either sign, and so has the determinant',
    formula: 'w[i][j] ~ U(−1, 1) (Archimedes), P(w[i][i] > 0) = P(det w > 0) = ½',
    source: 'Mezzadri 2007, §4 and §5 (a plain QR decomposition is not uniform)',
    detects: 'a share of signs off by 0.15, a distribution function of an entry off by 0.16',
    subjects: among(['orthogonal'], 'initializer', 'sample'),
    given: () => seed,
    *holds(s) {
      const all = yield* many(s, 2 ** 11, 3);
      const places = Array.from({ length: 9 }, (_, i) => i);
      return every([
        ...places.map((i) =>
          tested(
            `entry ${i} of 9 uniform on [-1, 1]`,
            dkwTest(
              all.map((w) => ((w[i] ?? Number.NaN) + 1) / 2),
              ALPHA / 16,
            ),
          ),
        ),
        ...[0, 4, 8].map((i) =>
          share(
            `entry ${i} is positive`,
            all.map((w) => (w[i] ?? Number.NaN) > 0),
            ALPHA / 16,
          ),
        ),
        share(
          'the determinant is positive',
          all.map((w) => determinant(w) > 0),
          ALPHA / 16,
        ),
        share(
          'the first two diagonal entries agree in sign',
          all.map((w) => (w[0] ?? 0) > 0 === (w[4] ?? 0) > 0),
          ALPHA / 16,
        ),
      ]);
    },
  }),
  law<Draw>({
    id: 'initializer/pattern',
    ref: 'I-01',
    class: 'exact',
    runs: 30,
    says: 'identity has the gain on its diagonal and zeros elsewhere; sparse has fifteen weights into every unit, or all',
    source: 'Martens 2010, §5; Le, Jaitly & Hinton 2015, §1',
    subjects: among(['identity', 'sparse'], 'initializer', 'sample'),
    given: () => small(40, 20),
    *holds(d, _port, name) {
      const w = yield* sample(name, d);
      const { fanIn, fanOut, gain } = d;
      if (name === 'identity')
        return same(
          'w',
          w,
          w.map((_, i) => (Math.floor(i / fanOut) === i % fanOut ? gain : 0)),
        );
      const counts = Array.from({ length: fanOut }, (_, j) => w.filter((v, i) => i % fanOut === j && v !== 0).length);
      return same(
        'weights into every unit',
        counts,
        counts.map(() => Math.min(SPARSE, fanIn)),
      );
    },
  }),
  law<Draw>({
    id: 'initializer/sparse-places',
    ref: 'I-10',
    class: 'statistical',
    runs: 1,
    says: 'which inputs a sparse unit has is fair: each of 30 half of the time, and neighbouring units choose apart',
    formula: '#{w[i][j] ≠ 0} over 1,024 units ~ Binomial(1024, 15/30), for every i',
    source: 'Martens 2010, §5',
    detects: 'an input chosen with a share off by 0.2',
    subjects: among(['sparse'], 'initializer', 'sample'),
    given: () => fc.record({ fanIn: fc.constant(2 * SPARSE), fanOut: fc.constant(2 ** 10), gain: gains, seed }),
    *holds(d, _port, name) {
      const w = yield* sample(name, d);
      const { fanIn, fanOut } = d;
      const chosen = (i: number, j: number): boolean => w[i * fanOut + j] !== 0;
      const units = Array.from({ length: fanOut }, (_, j) => j);
      const inputs = Array.from({ length: fanIn }, (_, i) => i);
      return every([
        ...inputs.map((i) =>
          share(
            `input ${i} is chosen`,
            units.map((j) => chosen(i, j)),
            ALPHA / (2 * fanIn),
          ),
        ),
        ...inputs.map((i) =>
          share(
            `neighbouring units agree on input ${i}`,
            units.slice(1).map((j) => chosen(i, j) === chosen(i, j - 1)),
            ALPHA / (2 * fanIn),
          ),
        ),
      ]);
    },
  }),
  law<Draw>({
    id: 'initializer/sparse-values',
    ref: 'I-04, I-09',
    class: 'statistical',
    runs: 1,
    says: 'the weights that a sparse unit has are normal with standard deviation gain, and of either sign',
    formula: 'Σ w²/gain² ~ χ² with 15·units degrees of freedom',
    source: 'Martens 2010, §5',
    detects: 'a variance off by 11 %, a share of positive weights off by 0.05',
    subjects: among(['sparse'], 'initializer', 'sample'),
    given: () => fc.record({ fanIn: fc.constant(20), fanOut: fc.constant(2 ** 11), gain: gains, seed }),
    *holds(d, _port, name) {
      const w = (yield* sample(name, d)).filter((v) => v !== 0);
      const n = SPARSE * d.fanOut;
      const sum = squares(w) / d.gain ** 2;
      return every([
        claim('number of weights', w.length === n, w.length, n),
        beside(tested('variance ÷ gain²', chiSquareTest(sum, n, ALPHA / 2)), sum / n, 1),
        share(
          'weights are positive',
          w.map((v) => v > 0),
          ALPHA / 2,
        ),
      ]);
    },
  }),
  law<Lsuv>({
    id: 'initializer/lsuv',
    ref: 'I-04, I-12',
    class: 'rounding bound',
    runs: 30,
    says: 'layer-sequential unit variance gives the outputs of every layer variance 1 on its data, before or behind the activation as asked, by orthogonal weights; biases stay, and the seed decides',
    formula: 'Var[xₖ·wₖ + bₖ] = 1, wᵀ·w = c·I or w·wᵀ = c·I',
    source: 'Mishkin & Matas 2016, Algorithm 1',
    subjects: having('training.network.lsuv', 'layer.dense.forward', 'activation.leaky_relu.forward'),
    given: (port) => {
      const wide = (widths: fc.Arbitrary<number[]>): fc.Arbitrary<Lsuv> =>
        fc
          .record({
            widths,
            normalised: port.has('layer.batch_norm.train') ? fc.boolean() : fc.constant(false),
            slope: fc.constantFrom(1 / 8, 1 / 2, -1 / 4),
            post: fc.boolean(),
            seed: fc.integer({ min: 0, max: 2 ** 20 }),
            batch: fc.integer({ min: 4, max: 9 }),
          })
          .chain(({ batch, ...d }) =>
            filled([batch, d.widths[0] ?? 1], fc.integer({ min: -8, max: 8 })).map((x) => ({ ...d, x })),
          );
      return visiting(wide(fc.array(extent(4), { minLength: 2, maxLength: 4 })), wide(fc.constant([3, 3, 3])));
    },
    *holds({ widths, normalised, slope, post, seed: s, x }, port) {
      const inputs = widths[0] ?? 1;
      // features that hardly vary would leave nothing but rounding to be scaled
      for (let j = 0; j < inputs; j++) fc.pre(varianceOf(Array.from(x.data).filter((_, i) => i % inputs === j)) >= 1);
      const units = widths.slice(1);
      const activation = { type: 'activation', name: 'leaky_relu', slope };
      const norm = { type: 'batch_norm', eps: 1 / 8, momentum: 1 / 4 } as const;
      const layers = units.flatMap((n): readonly object[] => [
        { type: 'dense', units: n },
        activation,
        ...(normalised ? [norm] : []),
      ]);
      const full = (shape: readonly number[], v: number): Plain => ({
        shape,
        data: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(v),
      });
      const params = units.flatMap((n, i) => [
        full([widths[i] ?? 1, n], 1),
        full([n], 0),
        ...(normalised ? [full([n], 1), full([n], 0)] : []),
      ]);
      const leaves = normalised ? 4 : 2;
      const args = { layers, params, x, tolerance: LSUV_TOLERANCE, post, seed: s };
      const made = (yield* ask('training.network.lsuv', args)).tensors('params');
      const again = (yield* ask('training.network.lsuv', args)).tensors('params');
      const found: Verdict[] = [same('parameters of the same seed', flat(again), flat(made))];
      let y: Plain = x;
      for (const [i] of units.entries()) {
        const [w, b, gamma, beta] = made.slice(leaves * i, leaves * (i + 1));
        const z: Plain = (yield* ask('layer.dense.forward', { x: y, w, b })).tensor('y');
        const bent: Plain = (yield* ask('activation.leaky_relu.forward', { x: z, slope })).tensor('y');
        const variance = varianceOf(Array.from((post ? bent : z).data));
        // what training will show the next layer: the statistics of the batch
        const { eps, momentum } = norm;
        const asked = { x: bent, gamma, beta, mean: beta, variance: gamma, eps, momentum };
        y = normalised ? (yield* ask('layer.batch_norm.train', asked)).tensor('y') : bent;
        found.push(
          within(`variance behind layer ${i}`, [variance], [exactly(1)], [2 * LSUV_TOLERANCE]),
          same(`biases of layer ${i}`, b?.data ?? [], new Array<number>(units[i] ?? 0).fill(0)),
        );
        if (w === undefined) continue;
        found.push(orthogonalUpToScale(`weights of layer ${i}`, w, FORMATS[port.dtype].u));
        const alike = made
          .slice(0, leaves * i)
          .filter((t) => t.shape.join() === w.shape.join() && sharesDirections(t, w));
        found.push(claim(`weights of layer ${i} are no copy of another layer’s`, alike.length === 0));
      }
      return every(found);
    },
  }),
];

/** Whether two matrices of more than one row and column are multiples of each other. */
const sharesDirections = (a: Plain, b: Plain): boolean => {
  const unit = ({ data }: Plain): readonly number[] => {
    const size = Math.hypot(...Array.from(data));
    return Array.from(data, (v) => v / size);
  };
  const [p, q] = [unit(a), unit(b)];
  return Math.min(...a.shape) > 1 && p.every((v, i) => Math.abs(v - (q[i] ?? 0)) < SAME_DIRECTION);
};

interface Lsuv {
  readonly widths: readonly number[];
  /** Whether a batch normalisation follows every activation. */
  readonly normalised: boolean;
  readonly slope: number;
  readonly post: boolean;
  readonly seed: number;
  readonly x: Plain;
}

/** How near to 1 the variance is asked to be; the law allows as much again for the rounding of both sums. */
const LSUV_TOLERANCE = 2 ** -16;

const varianceOf = (all: readonly number[]): number => {
  const mean = all.reduce((a, b) => a + b, 0) / all.length;
  return all.reduce((s, v) => s + (v - mean) ** 2, 0) / all.length;
};

/** Products of rows or columns, whichever are fewer: all squares alike, all others 0. */
const orthogonalUpToScale = (about: string, { shape: [rows = 1, columns = 1], data }: Plain, u: number): Verdict => {
  const [short, long] = [Math.min(rows, columns), Math.max(rows, columns)];
  const at = (a: number, i: number): number =>
    (rows >= columns ? data[i * columns + a] : data[a * columns + i]) ?? Number.NaN;
  const product = (a: number, b: number): number =>
    Array.from({ length: long }, (_, i) => at(a, i) * at(b, i)).reduce((x, y) => x + y, 0);
  const square = product(0, 0);
  const products = Array.from({ length: short * short }, (_, p) => product(Math.floor(p / short), p % short));
  return within(
    about,
    products,
    products.map((_, p) => exactly(p % (short + 1) === 0 ? square : 0)),
    products.map(() => 2 * orthogonalityBound(long, short, u) * square),
  );
};
