// The chapter of random numbers, part two: how draws are distributed, all of it by exact tests.
import { seed } from '../arbitraries.ts';
import { among, ask, claim, every, type Inquiry, law, tested, type Verdict } from '../law.ts';
import { normalCdf } from '../oracle/draws.ts';
import { ALPHA, binomialTest, chiSquareTest, dkwTest, FORMATS, mixtureTest } from '../tolerance.ts';
import { beside, squares } from './drawing.ts';
import { childrenOf, drawn } from './rng.ts';

/** How often each of n cells is hit. */
const tally = (cells: readonly number[], n: number): readonly number[] => {
  const counts = new Array<number>(n).fill(0);
  for (const c of cells) counts[c] = (counts[c] ?? Number.NaN) + 1;
  return counts;
};

/** Cells of the same chance. */
const even = (about: string, cells: readonly number[], n: number, alpha: number): Verdict => {
  const stray = cells.find((c) => !(Number.isInteger(c) && c >= 0 && c < n));
  if (stray !== undefined) return claim(`${about}, a cell out of ${n}`, false, stray);
  const counts = tally(cells, n);
  const share = cells.length / n;
  const distances = counts.map((c) => Math.abs(c - share));
  const worst = distances.indexOf(Math.max(...distances));
  const found = tested(about, mixtureTest(counts, new Array<number>(n).fill(1 / n), alpha));
  return { ...beside(found, counts[worst] ?? 0, share), about: `${about}, cell ${worst} of ${n}` };
};

const half = (about: string, flags: readonly boolean[], alpha: number, p = 1 / 2): Verdict => {
  const k = flags.filter(Boolean).length;
  return beside(tested(about, binomialTest(k, flags.length, p, alpha)), k / flags.length, p);
};

/** First numbers of neighbouring seeds: what a run of experiments with seeds 0, 1, 2 … begins with. */
function* firsts(name: string, from: number, n: number): Inquiry<readonly number[]> {
  const all: number[] = [];
  for (let i = 0; i < n; i++) all.push(...(yield* drawn(name, from + i, 1)));
  return all;
}

/** Uniform on [0, 1] through the distribution function. */
const levelled = (name: string, values: readonly number[]): readonly number[] =>
  name === 'normal' ? values.map(normalCdf) : values;

/** Which of n equal parts; a normal beyond 8 counts as 1, which is in the last. */
const cell = (u: number, n: number): number => Math.min(n - 1, Math.floor(u * n));

export const rngStatisticsLaws = [
  law<number>({
    id: 'rng/bins',
    ref: 'R-08',
    class: 'statistical',
    runs: 2,
    says: 'draws fall into 64 cells of equal chance equally often',
    formula: 'likelihood under a mixture of Dirichlet laws over that under 1/64 each stays below 1/α, n = 32,768',
    source: 'Krichevsky & Trofimov 1981; Markov’s inequality',
    kills: ['tinygrad #1593'],
    detects: 'one cell with 1.75 times its share',
    subjects: among(['uniform', 'normal'], 'random', 'sample'),
    given: () => seed,
    *holds(s, _port, name) {
      const u = levelled(name, yield* drawn(name, s, 2 ** 15));
      return even(
        'draws in a cell',
        u.map((v) => cell(v, 64)),
        64,
        ALPHA / 2,
      );
    },
  }),
  law<number>({
    id: 'rng/pairs',
    ref: 'R-09',
    class: 'statistical',
    runs: 2,
    says: 'pairs of neighbouring draws, of draws two apart, of first draws of neighbouring seeds and of sibling streams fall into 16 × 16 cells equally often',
    formula: 'the same evidence over 256 cells; 16,384 pairs each (4,096 of seeds)',
    source: 'Knuth 1997, §3.3.2 B (the serial test)',
    kills: ['mlx #3828'],
    detects: 'neighbours in the same sixteenth in a share of 0.1 more than chance, or of 0.15 over seeds',
    subjects: among(['uniform', 'normal'], 'random', 'sample', 'children'),
    given: () => seed,
    *holds(s, _port, name) {
      const u = levelled(name, yield* drawn(name, s, 2 ** 15));
      const [a = [], b = []] = (yield* childrenOf(name, s, 2, 2 ** 14)).map((v) => levelled(name, v));
      const pair = (x = Number.NaN, y = Number.NaN): number => 16 * cell(x, 16) + cell(y, 16);
      const first = levelled(name, yield* firsts(name, s, 2 ** 13));
      const n = 2 ** 14;
      const list = (length: number, f: (i: number) => number): readonly number[] =>
        Array.from({ length }, (_, i) => f(i));
      return every([
        even(
          'neighbouring draws',
          list(n, (i) => pair(u[2 * i], u[2 * i + 1])),
          256,
          ALPHA / 10,
        ),
        even(
          'draws two apart',
          list(n / 2, (i) => pair(u[4 * i], u[4 * i + 2])),
          256,
          ALPHA / 10,
        ),
        even(
          'first draws of neighbouring seeds',
          list(2 ** 12, (i) => pair(first[2 * i], first[2 * i + 1])),
          256,
          ALPHA / 10,
        ),
        even(
          'sibling streams',
          list(n, (i) => pair(a[i], b[i])),
          256,
          ALPHA / 10,
        ),
        even(
          'a child and its parent',
          list(n, (i) => pair(a[i], u[i])),
          256,
          ALPHA / 10,
        ),
      ]);
    },
  }),
  law<number>({
    id: 'rng/bits',
    ref: 'R-10',
    class: 'statistical',
    runs: 2,
    says: 'every bit of the uniforms is 1 half of the time, down to the last but one, and agrees with its neighbour and with that of the other half of the word half of the time',
    formula: '#{bit = 1} ~ Binomial(n, ½), n = 8,192, per bit',
    kills: ['tinygrad #1593'],
    detects: 'a bit that is 1 in 58 % of the draws',
    subjects: among(['uniform'], 'random', 'sample'),
    given: () => seed,
    *holds(s, port, name) {
      const u = yield* drawn(name, s, 2 ** 13);
      const { digits } = FORMATS[port.dtype];
      // the bit of weight 2^-digits itself may be the constant that keeps 0 out
      const places = Array.from({ length: digits - 1 }, (_, i) => i + 1);
      const bits = [0, ...places].map((i) => u.map((v) => Math.floor(v * 2 ** i) % 2 === 1));
      const agreeing = (i: number, j: number): readonly boolean[] => u.map((_, k) => bits[i]?.[k] === bits[j]?.[k]);
      const alpha = ALPHA / (6 * digits);
      return every([
        ...places.map((i) => half(`bit ${i} is 1`, bits[i] ?? [], alpha)),
        ...[1, Math.floor(digits / 2)].flatMap((apart) =>
          places.slice(apart).map((i) => half(`bits ${i - apart} and ${i} agree`, agreeing(i, i - apart), alpha)),
        ),
      ]);
    },
  }),
  law<number>({
    id: 'rng/balance',
    ref: 'R-10',
    class: 'statistical',
    runs: 4,
    says: 'half of the uniforms lie below ½, a quarter below ¼; half of the normals below 0',
    formula: 'counts ~ Binomial(n, p), n = 16,384',
    detects: 'a count off by 5 % of the draws',
    subjects: among(['uniform', 'normal'], 'random', 'sample'),
    given: () => seed,
    *holds(s, _port, name) {
      const u = yield* drawn(name, s, 2 ** 14);
      const below = (at: number, p: number): Verdict =>
        half(
          `draws below ${at}`,
          u.map((v) => v < at),
          ALPHA / 8,
          p,
        );
      return name === 'normal' ? below(0, 1 / 2) : every([below(1 / 2, 1 / 2), below(1 / 4, 1 / 4)]);
    },
  }),
  law<number>({
    id: 'rng/uniform-distribution',
    ref: 'R-08',
    class: 'statistical',
    runs: 1,
    says: 'uniforms follow the straight line, the exact one, and so do the first draws of neighbouring seeds',
    formula: 'sup |Fₙ(u) − u| ≤ √(ln(2/α)/2n), n = 65,536 (and 4,096)',
    source: 'Massart 1990, Corollary 1',
    detects: 'a distribution function off by 0.03 anywhere',
    subjects: among(['uniform'], 'random', 'sample'),
    given: () => seed,
    *holds(s, _port, name) {
      return every([
        tested('distance from the straight line', dkwTest(yield* drawn(name, s, 2 ** 16), ALPHA / 2)),
        tested('distance of first draws', dkwTest(yield* firsts(name, s, 2 ** 12), ALPHA / 2)),
      ]);
    },
  }),
  law<number>({
    id: 'rng/normal-variance',
    ref: 'R-11',
    class: 'statistical',
    runs: 1,
    says: 'normals have variance 1',
    formula: 'Σ z² ~ χ²ₙ, n = 589,824',
    detects: 'a variance off by 2 % with probability 0.999, one off by 3 % with probability 1 − 10⁻⁶',
    subjects: among(['normal'], 'random', 'sample'),
    given: () => seed,
    *holds(s) {
      const n = 9 * 2 ** 16;
      const sum = squares(yield* drawn('normal', s, n));
      return beside(tested('variance', chiSquareTest(sum, n, ALPHA)), sum / n, 1);
    },
  }),
  law<number>({
    id: 'rng/normal-distribution',
    ref: 'R-11',
    class: 'statistical',
    runs: 1,
    says: 'normals follow Φ, the exact one',
    formula: 'sup |Fₙ(z) − Φ(z)| ≤ √(ln(2/α)/2n), n = 65,536',
    source: 'Massart 1990, Corollary 1',
    detects: 'a distribution function off by 0.03 anywhere (a sum of three uniforms, a spread off by 12 %)',
    subjects: among(['normal'], 'random', 'sample'),
    given: () => seed,
    *holds(s) {
      return tested('distance from Φ', dkwTest(levelled('normal', yield* drawn('normal', s, 2 ** 16)), ALPHA));
    },
  }),
  law<number>({
    id: 'rng/normal-tails',
    ref: 'R-11',
    class: 'statistical',
    runs: 1,
    says: 'normals have their tails, on both sides, and are finite',
    formula: '#{|z| > 3} and #{|z| > 4} ~ Binomial(n, 2·Φ(−3)), Binomial(n, 2·Φ(−4)), n = 2¹⁹',
    kills: ['elm random-extra #2', 'vowpal #1592'],
    detects: 'tails cut at 4, or anywhere below, tails of one side only, tails three times as heavy',
    subjects: among(['normal'], 'random', 'sample'),
    given: () => seed,
    *holds(s) {
      const z = yield* drawn('normal', s, 2 ** 19);
      const bad = z.findIndex((v) => !Number.isFinite(v));
      const tail = (at: number, sides: 1 | 2): number => sides * (1 - normalCdf(at));
      const count = (about: string, inside: (v: number) => boolean, p: number): Verdict => {
        const k = z.filter(inside).length;
        return beside(tested(about, binomialTest(k, z.length, p, ALPHA / 4)), k, z.length * p);
      };
      return every([
        claim('finite', bad < 0, z[bad]),
        count('draws beyond 4 on either side', (v) => Math.abs(v) > 4, tail(4, 2)),
        count('draws beyond 3', (v) => v > 3, tail(3, 1)),
        count('draws below -3', (v) => v < -3, tail(3, 1)),
        count('draws beyond 2', (v) => Math.abs(v) > 2, tail(2, 2)),
      ]);
    },
  }),
  law<number>({
    id: 'rng/permutation-uniform',
    ref: 'R-13',
    class: 'statistical',
    runs: 1,
    says: 'each of the 24 orders of four comes up equally often, and in orders of 16 every index is in every place equally often',
    formula:
      'likelihood under a mixture of Dirichlet laws over that under 1/24 each stays below 1/α, n = 8,192 (2,048)',
    source: 'Krichevsky & Trofimov 1981; Knuth 1997, §3.3.2 P',
    detects: 'the naive shuffle, whose 24 orders have 0.75 to 1.41 times their share',
    subjects: among(['permutation'], 'random', 'sample'),
    given: () => seed,
    *holds(s) {
      const order = function* (i: number, count: number): Inquiry<readonly number[]> {
        return (yield* ask('random.permutation.sample', { seed: s + i, count })).numbers('order');
      };
      const four: number[] = [];
      const sixteen: (readonly number[])[] = [];
      for (let i = 0; i < 2 ** 13; i++) {
        four.push((yield* order(i, 4)).reduce((code, v) => 4 * code + v, 0));
        if (i % 4 === 0) sixteen.push(yield* order(i, 16));
      }
      const codes = ORDERS.map((o) => o.reduce((code, v) => 4 * code + v, 0));
      return every([
        even(
          'orders of four',
          four.map((c) => codes.indexOf(c)),
          24,
          ALPHA / 17,
        ),
        ...Array.from({ length: 16 }, (_, place) =>
          even(
            `index in place ${place}`,
            sixteen.map((o) => o[place] ?? Number.NaN),
            16,
            ALPHA / 17,
          ),
        ),
      ]);
    },
  }),
];

/** All orders of four. */
const ORDERS: readonly (readonly number[])[] = [0, 1, 2, 3].flatMap((a) =>
  [0, 1, 2, 3].flatMap((b) =>
    [0, 1, 2, 3].flatMap((c) => [0, 1, 2, 3].flatMap((d) => (new Set([a, b, c, d]).size === 4 ? [[a, b, c, d]] : []))),
  ),
);
