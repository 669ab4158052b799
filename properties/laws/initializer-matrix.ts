// The chapter of initializers, part two: weights that depend on each other, orthogonal, identity and sparse ones.
import fc from 'fast-check';
import { extent, seed, stir } from '../arbitraries.ts';
import { among, ask, claim, every, type Inquiry, law, same, tested, type Verdict, within } from '../law.ts';
import { ALPHA, binomialTest, chiSquareTest, dkwTest, exactly, FORMATS, orthogonalityBound } from '../tolerance.ts';
import { beside, type Draw, sample, squares } from './drawing.ts';

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
    says: 'rows or columns, whichever are fewer, are orthogonal and have the length of the gain',
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
      return within(
        'products of rows or columns',
        products,
        products.map((_, p) => exactly(p % (short + 1) === 0 ? gain * gain : 0)),
        products.map(() => allowed),
      );
    },
  }),
  law<{ readonly side: number; readonly seed: number }>({
    id: 'initializer/orthogonal-always',
    ref: 'I-01',
    class: 'rounding bound',
    runs: 8,
    says: 'small square matrices are orthogonal to the last digits, however nearly parallel the vectors were that they came from',
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
    detects: 'a share of signs off by 0.1, a distribution function of an entry off by 0.16',
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
    given: () => small(40, 6),
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
];
