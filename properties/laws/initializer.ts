// The chapter of initializers: bounds, variances, the right fan, symmetry, seeds.
import fc from 'fast-check';
import { INITIALIZERS, type Initializer } from '../../src/index.ts';
import { extent, seed, stir } from '../arbitraries.ts';
import { camel, snake } from '../contract.ts';
import { among, ask, claim, each, every, type Inquiry, law, same, tested, type Verdict, within } from '../law.ts';
import { big, exact, nearest } from '../oracle/exact.ts';
import { evaluate } from '../oracle/formula.ts';
import {
  ALPHA,
  binomialTest,
  chiSquareTest,
  exactly,
  FORMATS,
  orthogonalityBound,
  quadratureBound,
  ulpsAt,
} from '../tolerance.ts';

interface Draw {
  readonly fanIn: number;
  readonly fanOut: number;
  readonly gain: number;
  readonly seed: number;
}

const rowOf = (name: string): Initializer => INITIALIZERS[camel(name) as keyof typeof INITIALIZERS];
const ofKind = (...kinds: readonly string[]): readonly string[] =>
  Object.entries(INITIALIZERS).flatMap(([name, row]) => (kinds.includes(row.distribution) ? [snake(name)] : []));
/** Rows whose weights are independent of each other. */
const APART = ofKind('uniform', 'normal', 'truncated');
const RANDOM = [...APART, ...ofKind('orthogonal', 'sparse')];

/** Fans that differ by a power of two, so that taking the wrong one shows, and a gain that is not 1. */
const draw = (entries: number): fc.Arbitrary<Draw> =>
  fc
    .record({
      fanIn: fc.integer({ min: 3, max: Math.log2(entries) - 3 }).map((e) => 2 ** e),
      gain: fc.constantFrom(1 / 2, 3 / 4, 5 / 4, 2),
      seed,
    })
    .filter(({ fanIn }) => fanIn * fanIn !== entries)
    .map((d) => ({ ...d, fanOut: entries / d.fanIn }));

/** The variance that the row's text states, at 64 digits. */
const varianceOf = (name: string, { fanIn, fanOut, gain }: Omit<Draw, 'seed'>): number =>
  nearest(evaluate(rowOf(name).variance, { fanIn: big(fanIn), fanOut: big(fanOut), gain: exact(gain) }));

function* sample(name: string, d: Draw): Inquiry<readonly number[]> {
  const { fanIn, fanOut, gain } = d;
  const args = { shape: [fanIn, fanOut], fanIn, fanOut, gain, seed: stir(d.seed, fanIn, gain) };
  return Array.from((yield* ask(`initializer.${name}.sample`, args)).tensor('w').data);
}

const squares = (w: readonly number[]): number => w.reduce((s, v) => s + v * v, 0);

const zeroTest = (w: readonly number[], alpha: number): Verdict =>
  tested('signs', binomialTest(w.filter((v) => v > 0).length, w.length, 1 / 2, alpha));

export const initializerLaws = [
  law<Draw>({
    id: 'initializer/points',
    ref: 'I-01',
    class: 'exact',
    runs: 20,
    says: 'zeros are zero, constants are constant',
    subjects: among(ofKind('point'), 'initializer', 'sample'),
    given: () => draw(2 ** 10),
    *holds(d, _port, name) {
      const w = yield* sample(name, d);
      return same(
        'w',
        w,
        w.map(() => rowOf(name).scale(d, d.gain)),
      );
    },
  }),
  law<Draw>({
    id: 'initializer/uniform-bound',
    ref: 'I-02, I-03',
    class: 'statistical',
    runs: 4,
    says: 'a uniform initializer never leaves its bound, and comes within 1 % of it',
    formula: 'max|w| ∈ [0.99·a, a], a = √(3·Var[w])',
    source: 'Glorot & Bengio 2010, eq. 16; He et al. 2015; false alarm 0.99⁴⁰⁹⁶ ≈ 10⁻¹⁸',
    kills: ['keras #2252', 'Flux #442', 'tfjs-layers #505'],
    detects: 'a bound too small by 1 % always, one too large by 1 % with probability 1 − 10⁻¹⁷',
    subjects: among(ofKind('uniform'), 'initializer', 'sample'),
    given: () => draw(2 ** 12),
    *holds(d, port, name) {
      const w = yield* sample(name, d);
      const bound = Math.sqrt(3 * varianceOf(name, d));
      const most = w.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
      return every([
        claim('max|w| at most the bound', most <= bound + ulpsAt(4, bound, port.dtype), most, bound),
        claim('max|w| at least 99 % of the bound', most >= (99 / 100) * bound, most, bound),
      ]);
    },
  }),
  law<Draw>({
    id: 'initializer/variance',
    ref: 'I-04, I-05, I-06',
    class: 'statistical',
    runs: 4,
    says: 'a normal initializer has the variance of its formula in the right fan and gain: Σw²/σ² follows χ² with n degrees of freedom',
    formula: 'Σ w² / Var[w] ~ χ²ₙ, n = 32,768; two-sided exact test',
    source: 'He et al. 2015, eq. 10; Glorot & Bengio 2010, eq. 12',
    kills: ['tfjs #8594 (live)', 'TF #18706', 'keras #8048', 'LBANN #316', 'mlverse #555', 'Flux 4f87f2b'],
    detects: 'a variance off by 10 % (the uncorrected truncation, 0.77, and the wrong fan are far beyond)',
    subjects: among(ofKind('normal'), 'initializer', 'sample'),
    given: () => draw(2 ** 15),
    *holds(d, _port, name) {
      const w = yield* sample(name, d);
      const variance = varianceOf(name, d);
      const found = squares(w) / w.length;
      const test = chiSquareTest(squares(w) / variance, w.length, ALPHA / 4);
      return {
        ...tested('Var[w]', test),
        worst: { index: 0, got: found, expected: variance, error: Math.abs(found - variance), allowed: Number.NaN },
      };
    },
  }),
  law<Draw>({
    id: 'initializer/symmetric',
    ref: 'I-09',
    class: 'statistical',
    runs: 4,
    says: 'weights are positive and negative equally often',
    formula: '#{w > 0} ~ Binomial(n, ½), n = 16,384',
    kills: ['tfjs #172'],
    detects: 'a share of positive weights off by 0.05',
    subjects: among(APART, 'initializer', 'sample'),
    given: () => draw(2 ** 14),
    *holds(d, _port, name) {
      return zeroTest(yield* sample(name, d), ALPHA / 4);
    },
  }),
  law<Omit<Draw, 'seed'>>({
    id: 'initializer/quadrature',
    ref: 'I-11',
    class: 'enumerated',
    runs: 10,
    says: 'fed with evenly spread uniforms, an initializer has mean 0 and the variance of its formula, with no chance of a false alarm',
    formula: '|Σw²/(n·Var) − 1| ≤ 2·ln n / n, n = 16,384',
    kills: ['keras #8048', 'mlverse #555'],
    subjects: among(APART, 'initializer', 'from_uniforms'),
    given: () => draw(2 ** 14),
    *holds({ fanIn, fanOut, gain }, _port, name) {
      const n = fanIn * fanOut;
      const u = { shape: [fanIn, fanOut], data: Array.from({ length: n }, (_, i) => (i + 1 / 2) / n) };
      const w = Array.from(
        (yield* ask(`initializer.${name}.from_uniforms`, { u, fanIn, fanOut, gain })).tensor('w').data,
      );
      const variance = varianceOf(name, { fanIn, fanOut, gain });
      const off = Math.abs(squares(w) / (n * variance) - 1);
      const mean = Math.abs(w.reduce((a, b) => a + b, 0)) / (n * Math.sqrt(variance));
      const allowed = quadratureBound(n);
      return every([
        {
          ok: off <= allowed,
          margin: off / allowed,
          about: 'variance ÷ stated variance',
          worst: {
            index: 0,
            got: squares(w) / n,
            expected: variance,
            error: off * variance,
            allowed: allowed * variance,
          },
        },
        {
          ok: mean <= allowed,
          margin: mean / allowed,
          about: 'mean in standard deviations',
          worst: { index: 0, got: mean, expected: 0, error: mean, allowed },
        },
      ]);
    },
  }),
  law<{ readonly fanIn: number; readonly fanOut: number; readonly seed: number }>({
    id: 'initializer/seed',
    ref: 'I-12, I-13, P-09',
    class: 'exact',
    runs: 30,
    says: 'the same seed gives the same weights, 0 included, and another seed gives others',
    kills: ['tfjs #7108', 'tfjs randomNormal seed 0 (live)', 'keras #19364', 'burn #3878'],
    subjects: among(RANDOM, 'initializer', 'sample'),
    given: () =>
      fc.record({
        fanIn: extent(6).map((n) => n + 3),
        fanOut: extent(6).map((n) => n + 3),
        seed: fc.oneof(fc.constantFrom(0, 1, 2 ** 31 - 2), fc.integer({ min: 0, max: 2 ** 31 - 2 })),
      }),
    *holds({ fanIn, fanOut, seed: s }, _port, name) {
      const at = function* (seedValue: number): Inquiry<readonly number[]> {
        return Array.from(
          (yield* ask(`initializer.${name}.sample`, {
            shape: [fanIn, fanOut],
            fanIn,
            fanOut,
            gain: 1,
            seed: seedValue,
          })).tensor('w').data,
        );
      };
      const [a, b, c] = [yield* at(s), yield* at(s), yield* at(s + 1)];
      return every([
        same(`weights of seed ${s}, drawn again`, b, a),
        claim(
          `weights of seed ${s + 1} differ`,
          c.some((v, i) => v !== a[i]),
        ),
      ]);
    },
  }),
  law<{ readonly edge: number; readonly fanIn: number }>({
    id: 'initializer/extremes',
    ref: 'I-14',
    class: 'exact',
    runs: 30,
    says: 'the most extreme uniforms give finite weights',
    kills: ['mlx #904', 'arrayfire #1610', 'vowpal #1833'],
    subjects: each('initializer', 'from_uniforms'),
    given: (port) =>
      fc.record({
        edge: fc.constantFrom(FORMATS[port.dtype].u / 2, 1 - FORMATS[port.dtype].u, 1 / 2),
        fanIn: extent(9),
      }),
    *holds({ edge, fanIn }, _port, name) {
      const w =
        (yield* ask(`initializer.${name}.from_uniforms`, {
          u: { shape: [1], data: [edge] },
          fanIn,
          fanOut: fanIn + 1,
          gain: 1,
        })).tensor('w').data[0] ?? Number.NaN;
      return claim(`w at u = ${edge}`, Number.isFinite(w), w);
    },
  }),
  law<{ readonly fanIn: number; readonly fanOut: number; readonly gain: number }>({
    id: 'initializer/truncated-support',
    ref: 'I-08',
    class: 'exact',
    runs: 30,
    says: 'a truncated normal reaches two of its standard deviations on both sides, and no further',
    kills: ['tfjs #172'],
    subjects: among(ofKind('truncated'), 'initializer', 'from_uniforms'),
    given: () => fc.record({ fanIn: extent(9), fanOut: extent(9), gain: fc.constantFrom(1 / 2, 1, 3) }),
    *holds({ fanIn, fanOut, gain }, port, name) {
      const { u } = FORMATS[port.dtype];
      const edges = { shape: [4], data: [u, 1 / 16, 15 / 16, 1 - u] };
      const w = (yield* ask(`initializer.${name}.from_uniforms`, { u: edges, fanIn, fanOut, gain })).tensor('w').data;
      const most = 2 * rowOf(name).scale({ fanIn, fanOut }, gain);
      const at = (i: number): number => w[i] ?? Number.NaN;
      const slack = ulpsAt(4, most, port.dtype);
      return every([
        claim('w at the lowest uniform', at(0) >= -most - slack && at(0) <= (-99 / 100) * most, at(0), -most),
        claim('w at the highest uniform', at(3) <= most + slack && at(3) >= (99 / 100) * most, at(3), most),
        claim('w at 1/16 and at 15/16 are opposite', Math.abs(at(1) + at(2)) <= slack, at(1) + at(2), 0),
      ]);
    },
  }),
  law<Draw>({
    id: 'initializer/orthogonal',
    ref: 'I-01',
    class: 'rounding bound',
    runs: 12,
    says: 'rows or columns, whichever are fewer, are orthogonal and have the length of the gain',
    formula: 'wᵀ·w = gain²·I, or w·wᵀ',
    source: 'Saxe, McClelland & Ganguli 2014; Higham 2002, Theorem 19.4 (the bound)',
    subjects: among(ofKind('orthogonal'), 'initializer', 'sample'),
    given: () => fc.record({ fanIn: extent(9), fanOut: extent(9), gain: fc.constantFrom(1 / 2, 1, 3), seed }),
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
  law<Draw>({
    id: 'initializer/pattern',
    ref: 'I-01',
    class: 'exact',
    runs: 20,
    says: 'identity has the gain on its diagonal and zeros elsewhere; sparse has fifteen weights into every unit, or all',
    source: 'Martens 2010, §5',
    subjects: among(ofKind('identity', 'sparse'), 'initializer', 'sample'),
    given: () => fc.record({ fanIn: extent(40), fanOut: extent(6), gain: fc.constantFrom(1 / 2, 1, 3), seed }),
    *holds(d, _port, name) {
      const w = yield* sample(name, d);
      const { fanIn, fanOut, gain } = d;
      if (rowOf(name).distribution === 'identity')
        return same(
          'w',
          w,
          w.map((_, i) => (Math.floor(i / fanOut) === i % fanOut ? gain : 0)),
        );
      const counts = Array.from({ length: fanOut }, (_, j) => w.filter((v, i) => i % fanOut === j && v !== 0).length);
      return same(
        'weights into every unit',
        counts,
        counts.map(() => Math.min(15, fanIn)),
      );
    },
  }),
];
