// The chapter of initializers: quantiles, bounds, variances, the right fan, the gain, symmetry, seeds.
import fc from 'fast-check';
import { extent, seed, wideExtent } from '../arbitraries.ts';
import { among, claim, every, type Inquiry, law, same, tested, type Verdict, within } from '../law.ts';
import {
  APART,
  cdfOf,
  dependingOn,
  fourthMomentOf,
  quantileAt,
  RANDOM,
  type Scaled,
  scaleOf,
  statedAs,
  varianceOf,
} from '../oracle/draws.ts';
import type { PortInfo } from '../port.ts';
import {
  ALPHA,
  binomialTest,
  chiSquareTest,
  dkwTest,
  FORMATS,
  fourthQuadratureBound,
  quadratureBound,
  ulpsAt,
} from '../tolerance.ts';
import { beside, type Draw, draw, evenly, fromUniforms, gain, sample, sampleAt, squares, twoSeeds } from './drawing.ts';

const off = (about: string, got: number, expected: number, allowed: number): Verdict => {
  const error = Math.abs(got - expected);
  return {
    ok: error <= allowed,
    margin: error / allowed,
    about,
    worst: { index: 0, got, expected, error, allowed },
  };
};

/** Places where a quantile is asked for: next to the middle, where approximations change over, and far out. */
const placesOf = ({ dtype }: PortInfo): readonly number[] => {
  const { u } = FORMATS[dtype];
  const far = dtype === 'f64' ? [2 ** -200, 2 ** -1000] : [];
  const low = [u, 2 ** -100, 2 ** -70, 2 ** -40, 2 ** -30, 2 ** -20, 2 ** -12, 2 ** -9, 75 / 1024, 79 / 1024, ...far];
  const grid = [...Array.from({ length: 16 }, (_, k) => (k + 1) / 32), 1 / 2 - 2 ** -22, 1 / 2 - 2 ** -30];
  return [...low, ...grid, ...[u, 2 ** -20, 75 / 1024, ...grid].map((v) => 1 - v), 1 / 2 + 2 * u];
};

/** Few numbers, and now and then as many as a wide layer has. */
const fan = fc.oneof(
  { withCrossShrink: true },
  { arbitrary: extent(9), weight: 4 },
  { arbitrary: fc.integer({ min: 1000, max: 9999 }), weight: 1 },
);

/** How `initializer/variance` decides: so many draws of so many weights. */
export const VARIANCE = { draws: 9, size: 2 ** 16 } as const;

export const initializerLaws = [
  law<Draw>({
    id: 'initializer/points',
    ref: 'I-01',
    class: 'exact',
    runs: 20,
    says: 'zeros are zero, constants are constant',
    subjects: among(statedAs('point'), 'initializer', 'sample'),
    given: () => fc.record({ fanIn: wideExtent(9), fanOut: extent(9), gain: fc.integer({ min: -9, max: 9 }), seed }),
    *holds(d, _port, name) {
      const expected = new Array<number>(d.fanIn * d.fanOut).fill(scaleOf(name, d));
      return same('w', yield* sample(name, d), expected);
    },
  }),
  law<Scaled & { readonly us: readonly number[] }>({
    id: 'initializer/quantile',
    ref: 'I-11, I-08',
    class: '64-digit oracle',
    runs: 12,
    says: 'a weight made from a uniform u is the u-quantile of its distribution, on both sides and far into the tails',
    formula: 'w = scale·F⁻¹(u)',
    source: 'inversion, Devroye 1986, §II.2; F⁻¹ of the normal law by Newton’s method at 64 digits',
    kills: ['tfjs #8594 (live)', 'tfjs #172', 'keras #8048', 'mlverse #555', 'Flux 4f87f2b'],
    subjects: among(APART, 'initializer', 'from_uniforms'),
    given: (port) =>
      fc.record({
        fanIn: fan,
        fanOut: fan,
        gain: fc.oneof(
          { withCrossShrink: true },
          { arbitrary: gain, weight: 7 },
          { arbitrary: fc.constant(1), weight: 1 },
        ),
        us: fc.array(fc.constantFrom(...placesOf(port)), { minLength: 1, maxLength: 12 }),
      }),
    *holds({ us, ...d }, port, name) {
      const expected = us.map((u) => quantileAt(name, d, u, FORMATS[port.dtype].u));
      return within(
        `weights at u = ${us.join(', ')}`,
        yield* fromUniforms(name, us, d),
        expected.map(([e]) => e),
        expected.map(([, allowed]) => allowed),
      );
    },
  }),
  law<Draw>({
    id: 'initializer/uniform-bound',
    ref: 'I-02, I-03',
    class: 'statistical',
    runs: 4,
    says: 'a uniform initializer never leaves its bound, and comes within 1 % of it on both sides',
    formula: 'max|w| ∈ [0.99·a, a], a = √(3·Var[w])',
    source: 'Glorot & Bengio 2010, eq. 16; He et al. 2015; false alarm 2·0.995⁸¹⁹² ≈ 3·10⁻¹⁸',
    kills: ['keras #2252', 'Flux #442', 'tfjs-layers #505'],
    detects: 'a bound too small by 1 % always, one too large by 1 % with probability 1 − 10⁻¹⁷',
    subjects: among(statedAs('uniform'), 'initializer', 'sample'),
    given: () => draw(2 ** 13),
    *holds(d, port, name) {
      return bounded(yield* sample(name, d), scaleOf(name, d), ulpsAt(4, scaleOf(name, d), port.dtype));
    },
  }),
  law<Draw>({
    id: 'initializer/truncated-bound',
    ref: 'I-08',
    class: 'statistical',
    runs: 2,
    says: 'drawn weights of a truncated normal never leave two of its standard deviations, and come within 1 % of them on both sides',
    formula: 'max w, −min w ∈ [0.99·2s, 2s]; false alarm 2·(1 − 0.00113)³²⁷⁶⁸ ≈ 10⁻¹⁶',
    kills: ['tfjs #172', 'keras #8048'],
    detects: 'a standard deviation too small by 1 % always, one too large by 1 % with probability 1 − 10⁻¹⁶',
    subjects: among(statedAs('truncated'), 'initializer', 'sample'),
    given: () => draw(2 ** 15),
    *holds(d, port, name) {
      const most = 2 * scaleOf(name, d);
      return bounded(yield* sample(name, d), most, ulpsAt(4, most, port.dtype));
    },
  }),
  law<readonly Draw[]>({
    id: 'initializer/variance',
    ref: 'I-04, I-05, I-06',
    class: 'statistical',
    runs: 1,
    says: 'a normal initializer has the variance of its formula in the right fan and gain: Σw²/σ² over nine matrices follows χ² with n degrees of freedom',
    formula: 'Σ w² / Var[w] ~ χ²ₙ, n = 589,824; two-sided exact test',
    source: 'He et al. 2015, eq. 10; Glorot & Bengio 2010, eq. 12',
    kills: ['tfjs #8594 (live)', 'TF #18706', 'keras #8048', 'LBANN #316', 'mlverse #555', 'Flux 4f87f2b'],
    detects: 'a variance off by 2 % with probability 0.999, one off by 3 % with probability 1 − 10⁻⁶',
    subjects: among(statedAs('normal'), 'initializer', 'sample'),
    given: () => fc.noShrink(fc.tuple(...Array.from({ length: VARIANCE.draws }, () => draw(VARIANCE.size)))),
    *holds(draws, _port, name) {
      let sum = 0;
      for (const d of draws) sum += squares(yield* sample(name, d)) / varianceOf(name, d);
      const n = draws.reduce((s, d) => s + d.fanIn * d.fanOut, 0);
      return beside(tested('variance ÷ stated variance', chiSquareTest(sum, n, ALPHA)), sum / n, 1);
    },
  }),
  law<Draw>({
    id: 'initializer/distribution',
    ref: 'I-07',
    class: 'statistical',
    runs: 1,
    says: 'drawn weights follow their distribution function, the exact one',
    formula: 'sup |Fₙ − F| ≤ √(ln(2/α)/2n), n = 16,384',
    source: 'Massart 1990, Corollary 1',
    detects:
      'a distribution function that is off by 0.055 anywhere (a uniform in the place of a normal, a spread off by 25 %)',
    subjects: among(APART, 'initializer', 'sample'),
    given: () => draw(2 ** 14),
    *holds(d, _port, name) {
      return tested(
        'distance of the distribution functions',
        dkwTest((yield* sample(name, d)).map(cdfOf(name, d)), ALPHA),
      );
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
      const w = yield* sample(name, d);
      return tested('signs', binomialTest(w.filter((v) => v > 0).length, w.length, 1 / 2, ALPHA / 4));
    },
  }),
  law<Draw>({
    id: 'initializer/uncorrelated',
    ref: 'I-10',
    class: 'statistical',
    runs: 2,
    says: 'signs of neighbours in a row, in a column, two apart, mirrored and halves of the matrix agree half of the time',
    formula:
      '#{sign w[i] = sign w[j]} ~ Binomial(pairs, ½): products of independent fair signs are fair and independent',
    detects: 'an agreement off by 0.1 in one of six pairings of 8,192 weights',
    subjects: among(APART, 'initializer', 'sample'),
    given: () => draw(2 ** 13),
    *holds(d, _port, name) {
      const w = yield* sample(name, d);
      const n = w.length;
      const up = (i: number): boolean => (w[i] ?? Number.NaN) > 0;
      const agreeing = (about: string, pairs: number, j: (i: number) => number): Verdict => {
        const k = Array.from({ length: pairs }, (_, i) => up(i) === up(j(i))).filter(Boolean).length;
        return beside(tested(about, binomialTest(k, pairs, 1 / 2, ALPHA / 12)), k / pairs, 1 / 2);
      };
      return every([
        agreeing('neighbours in a row', n - 1, (i) => i + 1),
        agreeing('two apart', n - 2, (i) => i + 2),
        agreeing('neighbours in a column', n - d.fanOut, (i) => i + d.fanOut),
        agreeing('neighbours on a diagonal', n - d.fanOut - 1, (i) => i + d.fanOut + 1),
        agreeing('the two halves', n / 2, (i) => i + n / 2),
        agreeing('mirrored', n / 2, (i) => n - 1 - i),
      ]);
    },
  }),
  law<Scaled>({
    id: 'initializer/quadrature',
    ref: 'I-11',
    class: 'enumerated',
    runs: 6,
    says: 'fed with evenly spread uniforms, an initializer has mean 0, the variance and the fourth moment of its formula, with no chance of a false alarm',
    formula: '|Σw²/(n·Var) − 1| ≤ 2·ln n / n, |Σw⁴/(n·Var²) − E[w⁴]/Var²| ≤ (2·ln n)²/n, n = 16,384',
    kills: ['keras #8048', 'mlverse #555'],
    subjects: among(APART, 'initializer', 'from_uniforms'),
    given: () => draw(2 ** 14),
    *holds(d, _port, name) {
      const n = d.fanIn * d.fanOut;
      const w = yield* fromUniforms(name, evenly(n), d);
      const variance = varianceOf(name, d);
      const fourth = w.reduce((s, v) => s + v ** 4, 0) / (n * variance ** 2);
      return every([
        off('variance ÷ stated variance', squares(w) / (n * variance), 1, quadratureBound(n)),
        off(
          'mean in standard deviations',
          w.reduce((a, b) => a + b, 0) / (n * Math.sqrt(variance)),
          0,
          quadratureBound(n),
        ),
        off(
          'fourth moment ÷ squared variance',
          fourth,
          fourthMomentOf(name, d) / variance ** 2,
          fourthQuadratureBound(n),
        ),
      ]);
    },
  }),
  law<Draw & { readonly rows: number; readonly columns: number; readonly call: 'sample' | 'from_uniforms' }>({
    id: 'initializer/fans',
    ref: 'I-05',
    class: 'power of two',
    runs: 30,
    says: 'four times the fan that counts halves every weight, the fan that does not count changes none, and fans that count alike may be swapped',
    formula: 'w ∝ fan^(−½)',
    source: 'He et al. 2015, eq. 10 and 14; Glorot & Bengio 2010, eq. 12',
    kills: ['Flux #442', 'burn #4973', 'keras #2252', 'keras #11773', 'tfjs-layers #505'],
    subjects: among(APART, 'initializer', 'sample', 'from_uniforms'),
    given: () =>
      fc.record({
        rows: extent(5),
        columns: extent(7),
        fanIn: fc.integer({ min: 2, max: 99 }),
        fanOut: fc.integer({ min: 100, max: 999 }),
        gain,
        seed,
        call: fc.constantFrom('sample' as const, 'from_uniforms' as const),
      }),
    *holds({ rows, columns, call, ...d }, _port, name) {
      const made = (fans: Partial<Scaled>): Inquiry<readonly number[]> =>
        call === 'sample'
          ? sampleAt(name, { ...d, ...fans }, [rows, columns])
          : fromUniforms(name, evenly(rows * columns), { ...d, ...fans });
      const w = yield* made({});
      const [fromIn, fromOut] = [dependingOn('fanIn').includes(name), dependingOn('fanOut').includes(name)];
      const both = yield* made({ fanIn: 4 * d.fanIn, fanOut: 4 * d.fanOut });
      const found = [
        same(
          'weights with both fans four times as large',
          both,
          w.map((v) => (fromIn || fromOut ? v / 2 : v)),
        ),
      ];
      if (fromIn && fromOut) {
        found.push(same('weights with fans swapped', yield* made({ fanIn: d.fanOut, fanOut: d.fanIn }), w));
        const most = squares(yield* made({ fanIn: 16 * d.fanIn }));
        found.push(
          claim(
            `Σw² with a larger fan in < ${squares(w)}, which it is with the smaller`,
            most < squares(w) || most === 0,
            most,
          ),
        );
        return every(found);
      }
      found.push(
        same(
          'weights with fan in four times as large',
          yield* made({ fanIn: 4 * d.fanIn }),
          w.map((v) => (fromIn ? v / 2 : v)),
        ),
      );
      return every(found);
    },
  }),
  law<Draw & { readonly k: number; readonly call: 'sample' | 'from_uniforms' }>({
    id: 'initializer/gain',
    ref: 'I-06, P-09',
    class: 'power of two',
    runs: 20,
    says: 'weights are proportional to the gain, a gain of 0 makes all of them zero, and it is 1 unless named',
    formula: 'w(2ᵏ·gain) = 2ᵏ·w(gain)',
    kills: ['Flux 4f87f2b', 'tfjs-layers #505'],
    subjects: (port) =>
      among(['orthogonal', 'identity', 'sparse', 'constant', ...APART], 'initializer', 'sample')(port),
    given: () =>
      fc.record({
        fanIn: extent(20),
        fanOut: extent(7),
        gain,
        seed,
        k: fc.integer({ min: -6, max: 6 }),
        call: fc.constantFrom('sample' as const, 'from_uniforms' as const),
      }),
    *holds({ k, call, ...d }, port, name) {
      const made = (g: number | undefined): Inquiry<readonly number[]> =>
        call === 'sample' || !port.has(`initializer.${name}.from_uniforms`)
          ? sampleAt(name, { ...d, gain: g }, [d.fanIn, d.fanOut])
          : fromUniforms(name, evenly(d.fanIn * d.fanOut), { ...d, gain: g });
      const w = yield* made(d.gain);
      return every([
        same(
          `weights with the gain times ${2 ** k}`,
          yield* made(d.gain * 2 ** k),
          w.map((v) => v * 2 ** k),
        ),
        same('weights without a gain', yield* made(undefined), yield* made(1)),
        same(
          'weights with gain 0',
          yield* made(0),
          w.map(() => 0),
        ),
      ]);
    },
  }),
  law<{ readonly fanIn: number; readonly fanOut: number; readonly seed: number; readonly other: number }>({
    id: 'initializer/seed',
    ref: 'I-12, I-13, P-09',
    class: 'exact',
    runs: 30,
    says: 'the same seed gives the same weights, whatever was drawn before, and another seed gives others: 0, negative and large ones are seeds like all',
    kills: ['tfjs #7108', 'tfjs randomNormal seed 0 (live)', 'keras #19364', 'tinygrad #5209', 'burn #3878'],
    subjects: among(RANDOM, 'initializer', 'sample'),
    given: () =>
      fc
        .record({ fanIn: extent(6).map((n) => n + 3), fanOut: extent(6).map((n) => n + 3), seeds: twoSeeds })
        .map(({ seeds, ...fans }) => ({ ...fans, ...seeds })),
    *holds({ fanIn, fanOut, seed: s, other }, _port, name) {
      const at = (seedValue: number): Inquiry<readonly number[]> =>
        sampleAt(name, { fanIn, fanOut, gain: 1, seed: seedValue }, [fanIn, fanOut]);
      const [a, c, b] = [yield* at(s), yield* at(other), yield* at(s)];
      return every([
        same(`weights of seed ${s}, drawn again`, b, a),
        claim(
          `weights of seed ${other} differ from those of ${s}`,
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
    says: 'the most extreme uniforms give finite weights on their own side of 0',
    kills: ['mlx #904', 'arrayfire #1610', 'vowpal #1833'],
    subjects: among(APART, 'initializer', 'from_uniforms'),
    given: (port) =>
      fc.record({
        edge: fc.constantFrom(FORMATS[port.dtype].u / 2, 1 - FORMATS[port.dtype].u, FORMATS[port.dtype].tiny),
        fanIn: extent(9),
      }),
    *holds({ edge, fanIn }, _port, name) {
      const [w = Number.NaN] = yield* fromUniforms(name, [edge], { fanIn, fanOut: fanIn + 1, gain: 1 });
      return claim(
        `w at u = ${edge}, finite and of the sign of u − 1/2`,
        Number.isFinite(w) && Math.sign(w) === Math.sign(edge - 1 / 2),
        w,
      );
    },
  }),
];

/** Both ends of a distribution with an edge. */
const bounded = (w: readonly number[], most: number, slack: number): Verdict => {
  const high = w.reduce((m, v) => Math.max(m, v), Number.NEGATIVE_INFINITY);
  const low = w.reduce((m, v) => Math.min(m, v), Number.POSITIVE_INFINITY);
  const near = (v: number): boolean => v <= most + slack && v >= (99 / 100) * most;
  return every([
    claim('the largest weight', near(high), high, most),
    claim('the smallest weight', near(-low), low, -most),
  ]);
};
