// The chapter of random numbers: known answers, ranges, balance, variance, seeds.
import fc from 'fast-check';
import { seed } from '../arbitraries.ts';
import { among, ask, claim, every, type Inquiry, law, same, tested } from '../law.ts';
import { ALPHA, binomialTest, chiSquareTest } from '../tolerance.ts';

export const rngLaws = [
  law<number>({
    id: 'rng/threefry-known-answers',
    ref: 'R-01',
    class: 'exact',
    runs: 10,
    says: 'Threefry-2x32-20 gives the published words for zeros, ones and digits of π',
    source: 'Salmon et al. 2011, known-answer vectors of Random123',
    subjects: among(['threefry'], 'random', 'block'),
    given: () => fc.integer({ min: 0, max: KNOWN.length - 1 }),
    *holds(i) {
      const [key = [], counter = [], words = []] = KNOWN[i] ?? [];
      return same('words', (yield* ask('random.threefry.block', { key, counter })).numbers('words'), words);
    },
  }),
  law<number>({
    id: 'rng/uniform-range',
    ref: 'R-02',
    class: 'exact',
    runs: 20,
    says: 'uniforms lie in [0, 1)',
    kills: ['arrayfire #1610', 'AMReX #5643'],
    subjects: among(['uniform'], 'random', 'sample'),
    given: () => seed,
    *holds(s) {
      const u = Array.from((yield* ask('random.uniform.sample', { seed: s, count: 512 })).tensor('values').data);
      const bad = u.findIndex((v) => !(v >= 0 && v < 1));
      return claim('u', bad < 0, u[bad]);
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
      const u = Array.from((yield* ask(`random.${name}.sample`, { seed: s, count: 2 ** 14 })).tensor('values').data);
      const below = (at: number, p: number) =>
        tested(`count below ${at}`, binomialTest(u.filter((v) => v < at).length, u.length, p, ALPHA / 8));
      return name === 'normal' ? below(0, 1 / 2) : every([below(1 / 2, 1 / 2), below(1 / 4, 1 / 4)]);
    },
  }),
  law<number>({
    id: 'rng/normal-variance',
    ref: 'R-11',
    class: 'statistical',
    runs: 4,
    says: 'normals have variance 1',
    formula: 'Σ z² ~ χ²ₙ, n = 32,768',
    detects: 'a variance off by 10 %',
    subjects: among(['normal'], 'random', 'sample'),
    given: () => seed,
    *holds(s) {
      const z = Array.from((yield* ask('random.normal.sample', { seed: s, count: 2 ** 15 })).tensor('values').data);
      return tested(
        'Σz²',
        chiSquareTest(
          z.reduce((s, v) => s + v * v, 0),
          z.length,
          ALPHA / 4,
        ),
      );
    },
  }),
  law<number>({
    id: 'rng/seed',
    ref: 'I-12, R-07',
    class: 'exact',
    runs: 20,
    says: 'numbers depend on the seed alone, 0 included, and not on what was drawn before',
    kills: ['tfjs randomNormal seed 0 (live)', 'mxnet #16705', 'mlx #3828', 'convnetjs return_v'],
    subjects: among(['uniform', 'normal'], 'random', 'sample'),
    given: () => fc.oneof(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 2 ** 31 - 2 })),
    *holds(s, _port, name) {
      const at = function* (seedValue: number, count: number): Inquiry<readonly number[]> {
        return Array.from((yield* ask(`random.${name}.sample`, { seed: seedValue, count })).tensor('values').data);
      };
      const a = yield* at(s, 16);
      yield* at(s + 1, 3); // an odd number of other draws
      const b = yield* at(s, 16);
      const c = yield* at(s + 1, 16);
      return every([
        same(`values of seed ${s}, drawn again`, b, a),
        claim(
          `values of seed ${s + 1} differ`,
          c.some((v, i) => v !== a[i]),
        ),
      ]);
    },
  }),
];

/** Key, counter, words. */
const KNOWN: readonly (readonly (readonly number[])[])[] = [
  [
    [0, 0],
    [0, 0],
    [0x6b200159, 0x99ba4efe],
  ],
  [
    [0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x1cb996fc, 0xbb002be7],
  ],
  [
    [0x13198a2e, 0x03707344],
    [0x243f6a88, 0x85a308d3],
    [0xc4923a9c, 0x483df7a0],
  ],
];
