// The chapter of random numbers: known answers, streams, ranges, and independence of what was drawn before.
import fc from 'fast-check';
import { seed } from '../arbitraries.ts';
import { among, ask, claim, every, having, type Inquiry, law, same } from '../law.ts';
import { threefryWords, uniformOf, wordsOfSeed } from '../oracle/draws.ts';
import { FORMATS, nextDown } from '../tolerance.ts';
import { anySeed, twoSeeds } from './drawing.ts';

const word = fc.oneof(fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
const words = fc.tuple(word, word);

/** Numbers of a seed. */
export function* drawn(name: string, s: number, count: number): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`random.${name}.sample`, { seed: s, count })).tensor('values').data);
}

/** Streams of the children of a seed. */
export function* childrenOf(
  name: string,
  s: number,
  n: number,
  count: number,
): Inquiry<readonly (readonly number[])[]> {
  return (yield* ask(`random.${name}.children`, { seed: s, n, count }))
    .tensors('streams')
    .map((t) => Array.from(t.data));
}

const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

const differ = (a: readonly number[], b: readonly number[]): boolean => a.some((v, i) => v !== b[i]);

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
      const [key = [], counter = [], answer = []] = KNOWN[i] ?? [];
      return same('words', (yield* ask('random.threefry.block', { key, counter })).numbers('words'), answer);
    },
  }),
  law<{ readonly key: readonly number[]; readonly counter: readonly number[] }>({
    id: 'rng/threefry-block',
    ref: 'R-01',
    class: 'exact',
    runs: 100,
    says: 'Threefry-2x32-20 is the published function of key and counter, at any words',
    source: 'Salmon et al. 2011, §3.3, over big integers',
    subjects: among(['threefry'], 'random', 'block'),
    given: () => fc.record({ key: words, counter: words }),
    *holds({ key, counter }) {
      const got = (yield* ask('random.threefry.block', { key, counter })).numbers('words');
      return same('words', got, threefryWords(key, counter));
    },
  }),
  law<{ readonly seed: number; readonly child: number; readonly count: number }>({
    id: 'rng/threefry-streams',
    ref: 'R-01, R-03',
    class: 'exact',
    runs: 40,
    says: 'keys of seeds and children, the uniforms of a key and the order that they make, are what the contract spells out, to the last bit',
    formula: 'u = (a·2²⁶ + b + ½)/2⁵², in singles (c + ½)/2²³',
    source: 'Salmon et al. 2011, §3.3, over big integers',
    kills: ['tinygrad #1593'],
    subjects: having(
      'random.threefry.key',
      'random.threefry.fold',
      'random.threefry.uniforms',
      'random.threefry.split',
      'random.threefry.order',
    ),
    given: () =>
      fc.record({
        seed: anySeed,
        child: word,
        count: fc.oneof(
          { withCrossShrink: true },
          { arbitrary: fc.integer({ min: 1, max: 9 }), weight: 5 },
          { arbitrary: fc.integer({ min: 33, max: 80 }), weight: 1 },
        ),
      }),
    *holds({ seed: s, child, count }, { dtype }) {
      const key = (yield* ask('random.threefry.key', { seed: s })).numbers('words');
      const own = wordsOfSeed(s);
      const folded = (yield* ask('random.threefry.fold', { key: own, child })).numbers('words');
      const u = (yield* ask('random.threefry.uniforms', { key: own, count })).tensor('values').data;
      const n = count > 9 ? count : 1 + (child % 4);
      const keys = (yield* ask('random.threefry.split', { key: own, n })).lists('keys');
      const order = (yield* ask('random.threefry.order', { key: own, count })).numbers('order');
      const uniforms = upTo(count).map((i) => uniformOf(own, i, dtype));
      return every([
        same('key of the seed', key, own),
        same(
          'keys of the first children',
          keys.flat(),
          upTo(n).flatMap((i) => threefryWords(own, [i, 1])),
        ),
        same(
          'places in the order, each once',
          [...order].sort((i, j) => i - j),
          upTo(count),
        ),
        same(
          'uniforms in their order',
          order.map((i) => uniforms[i] ?? Number.NaN),
          [...uniforms].sort((a, b) => a - b),
        ),
        same('key of the child', folded, threefryWords(own, [child, 1])),
        same('uniforms of the key', u, uniforms),
      ]);
    },
  }),
  law<{ readonly seed: number; readonly count: number }>({
    id: 'rng/threefry-seeded',
    ref: 'R-04',
    class: 'exact',
    runs: 30,
    says: 'a key is all the state there is: written down as two words and used later, it gives the numbers of its seed, and neither its children nor its own use change it',
    subjects: having(
      'random.threefry.key',
      'random.threefry.fold',
      'random.threefry.uniforms',
      'random.uniform.sample',
    ),
    given: () => fc.record({ seed: anySeed, count: fc.integer({ min: 1, max: 9 }) }),
    *holds({ seed: s, count }) {
      const key = (yield* ask('random.threefry.key', { seed: s })).numbers('words');
      const copy = JSON.parse(JSON.stringify(key)) as readonly number[]; // two numbers, as above
      const uniforms = function* (k: readonly number[]): Inquiry<readonly number[]> {
        return Array.from((yield* ask('random.threefry.uniforms', { key: k, count })).tensor('values').data);
      };
      const of = yield* drawn('uniform', s, count);
      const a = yield* uniforms(key);
      const child = (yield* ask('random.threefry.fold', { key, child: 1 })).numbers('words');
      yield* uniforms(child);
      return every([
        same('uniforms of the key, against those of its seed', a, of),
        same('uniforms of the key, drawn again', yield* uniforms(key), a),
        same('uniforms of the copy', yield* uniforms(copy), a),
      ]);
    },
  }),
  law<number>({
    id: 'rng/uniform-range',
    ref: 'R-02',
    class: 'exact',
    runs: 20,
    says: 'uniforms lie in [0, 1), on a grid no finer than the format has next to 1',
    formula: 'u·2⁵³ is an integer (2²⁴ for 32 bits)',
    kills: ['arrayfire #1610', 'AMReX #5643', 'tinygrad #1593'],
    subjects: among(['uniform'], 'random', 'sample'),
    given: () => seed,
    *holds(s, port) {
      const u = yield* drawn('uniform', s, 512);
      const outside = u.findIndex((v) => !(v >= 0 && v < 1));
      const between = u.findIndex((v) => !Number.isInteger(v / FORMATS[port.dtype].u));
      return every([
        claim('u in [0, 1)', outside < 0, u[outside]),
        claim('u on the grid', between < 0, u[between]),
        claim('different numbers', new Set(u).size > u.length / 2, new Set(u).size),
      ]);
    },
  }),
  law<{ readonly seed: number; readonly n: number; readonly more: number }>({
    id: 'rng/prefix',
    ref: 'R-03',
    class: 'exact',
    runs: 30,
    says: 'asking for more numbers changes none of the first: n draws and m draws later are n + m draws',
    subjects: among(['uniform', 'normal'], 'random', 'sample'),
    given: () =>
      fc.record({
        seed: anySeed,
        n: fc.integer({ min: 1, max: 40 }),
        more: fc.integer({ min: 1, max: 40 }),
      }),
    *holds({ seed: s, n, more }, _port, name) {
      const a = yield* drawn(name, s, n);
      return same(`the first ${n} of ${n + more} numbers`, (yield* drawn(name, s, n + more)).slice(0, n), a);
    },
  }),
  law<{ readonly seed: number; readonly n: number }>({
    id: 'rng/split',
    ref: 'R-05',
    class: 'exact',
    runs: 30,
    says: 'streams that a seed is split into differ from each other and from its own, do not depend on how many there are, and leave it as it was',
    subjects: among(['uniform', 'normal'], 'random', 'sample', 'children'),
    given: () =>
      fc.record({
        seed: anySeed,
        n: fc.oneof(
          { withCrossShrink: true },
          { arbitrary: fc.integer({ min: 2, max: 6 }), weight: 5 },
          { arbitrary: fc.integer({ min: 9, max: 20 }), weight: 1 },
        ),
      }),
    *holds({ seed: s, n }, _port, name) {
      const own = yield* drawn(name, s, 8);
      const streams = yield* childrenOf(name, s, n, 8);
      const next = yield* childrenOf(name, s + (s < 2 ** 52 ? 1 : -1), n, 8);
      const all = [own, ...streams, ...next];
      const twins = all.flatMap((a, i) => all.slice(i + 1).filter((b) => !differ(a, b))).length;
      const stretches = all.flatMap((a) => a.slice(3).map((_, i) => a.slice(i, i + 4).join()));
      const shared = stretches.length - new Set(stretches).size;
      return every([
        claim('pairs of equal streams', twins === 0, twins, 0),
        claim('stretches of four that two streams share, at any shift', shared === 0, shared, 0),
        same(
          'the first streams of one more',
          (yield* childrenOf(name, s, n + 1, 8)).slice(0, n).flat(),
          streams.flat(),
        ),
        same('numbers of the seed itself, afterwards', yield* drawn(name, s, 8), own),
      ]);
    },
  }),
  law<{ readonly seed: number; readonly other: number; readonly before: number }>({
    id: 'rng/seed',
    ref: 'I-12, R-06, R-07, P-09',
    class: 'exact',
    runs: 30,
    says: 'numbers depend on the seed alone, 0 and negative ones included, and not on what was drawn before, an odd number of normals for one',
    kills: ['tfjs randomNormal seed 0 (live)', 'mxnet #16705', 'mlx #3828', 'convnetjs return_v', 'keras #19364'],
    subjects: among(['uniform', 'normal'], 'random', 'sample'),
    given: () =>
      fc
        .record({ seeds: twoSeeds, before: fc.integer({ min: 1, max: 5 }) })
        .map(({ seeds, before }) => ({ ...seeds, before })),
    *holds({ seed: s, other, before }, _port, name) {
      const a = yield* drawn(name, s, 16);
      yield* drawn(name, other, before);
      const b = yield* drawn(name, s, 16);
      const c = yield* drawn(name, other, 16);
      yield* drawn(name, s, before);
      return every([
        same(`values of seed ${s}, after ${before} others`, b, a),
        same(`values of seed ${other}, after ${before} others`, yield* drawn(name, other, 16), c),
        claim(`values of seed ${other} differ from those of ${s}`, differ(a, c)),
      ]);
    },
  }),
  law<{ readonly p: number; readonly k: number }>({
    id: 'rng/bernoulli',
    ref: 'R-12',
    class: 'enumerated',
    runs: 30,
    says: 'of n evenly spread uniforms exactly n·p become 1, the others 0; p = 0 and p = 1 leave no doubt',
    formula: '#{i : draw(uᵢ) = 1} = n·p, uᵢ = (i + ½)/n',
    subjects: among(['bernoulli'], 'random', 'from_uniforms'),
    given: () =>
      fc.record({ p: fc.integer({ min: 0, max: 64 }).map((j) => j / 64), k: fc.integer({ min: 6, max: 9 }) }),
    *holds({ p, k }, port) {
      const n = 2 ** k;
      const u = { shape: [n], data: Array.from({ length: n }, (_, i) => (i + 1 / 2) / n) };
      const values = Array.from((yield* ask('random.bernoulli.from_uniforms', { u, p })).tensor('values').data);
      const ones = values.filter((v) => v === 1).length;
      const steps = values.filter((v, i) => i > 0 && v !== values[i - 1]).length;
      const ends = [nextDown(1, port.dtype), 1 - 1 / 2 ** 20, 1 / 2 ** 20, FORMATS[port.dtype].u];
      const certain = function* (chance: number): Inquiry<readonly number[]> {
        const args = { u: { shape: [ends.length], data: ends }, p: chance };
        return Array.from((yield* ask('random.bernoulli.from_uniforms', args)).tensor('values').data);
      };
      return every([
        same('draws of probability 1 at both ends', yield* certain(1), [1, 1, 1, 1]),
        same('draws of probability 0 at both ends', yield* certain(0), [0, 0, 0, 0]),
        claim('draws that are 1', ones === n * p, ones, n * p),
        claim('draws that are 0', values.filter((v) => v === 0).length === n - ones),
        claim('changes along the uniforms', steps === (p > 0 && p < 1 ? 1 : 0), steps, 1),
      ]);
    },
  }),
  law<{ readonly seed: number; readonly n: number }>({
    id: 'rng/permutation',
    ref: 'R-13',
    class: 'structural',
    runs: 40,
    says: 'a random order holds every index once, depends on the seed alone, and differs from that of another seed',
    subjects: among(['permutation'], 'random', 'sample'),
    given: () => fc.record({ seed: anySeed, n: fc.integer({ min: 0, max: 60 }) }),
    *holds({ seed: s, n }) {
      const order = function* (of: number, count: number): Inquiry<readonly number[]> {
        return (yield* ask('random.permutation.sample', { seed: of, count })).numbers('order');
      };
      const a = yield* order(s, n);
      const [one, two] = [yield* order(s, 60), yield* order(s + (s < 2 ** 52 ? 1 : -1), 60)];
      return every([
        same(
          'order, sorted',
          [...a].sort((x, y) => x - y),
          Array.from({ length: n }, (_, i) => i),
        ),
        same('order, drawn again', yield* order(s, n), a),
        claim('order of 60 under another seed differs', differ(one, two)),
      ]);
    },
  }),
];

/** Key, counter, words. @source Random123 1.14, kat_vectors */
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
