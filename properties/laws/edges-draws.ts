// The chapter of edges, part two: seeds of many bits wherever one is taken, and streams that are long.
import fc from 'fast-check';
import { type Args, ENTRIES } from '../contract.ts';
import { among, ask, claim, every, law } from '../law.ts';

/** What is asked of everything that takes a seed, so that two seeds give the same answer with no chance worth naming. */
const rows = (n: number, d: number, f: (i: number) => number) => ({
  shape: [n, d],
  data: Array.from({ length: n * d }, (_, i) => f(i)),
});
const ones = (n: number, d: number) => rows(n, d, () => 1);
const halves = (i: number): number => i % 2;
const zeros = (...shape: readonly number[]) => ({
  shape,
  data: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(0),
});
const fans = { shape: [8, 8], fanIn: 8, fanOut: 8 };
const machine = { w: zeros(6, 16), b: zeros(6), c: zeros(16) };
const plan = { epochs: 1, size: 8, lr: 1 / 4 };
const layers = [
  { type: 'dense', units: 32 },
  { type: 'dropout', dropRate: 3 / 8 },
  { type: 'dense', units: 1 },
];
const QUESTIONS: Readonly<Record<string, Args>> = {
  'initializer.he_normal.sample': fans,
  'initializer.xavier_uniform.sample': fans,
  'initializer.orthogonal.sample': fans,
  'initializer.sparse.sample': { shape: [32, 8], fanIn: 32, fanOut: 8 },
  'training.network.init': { layers: [{ type: 'dense', units: 8, init: 'he_normal' }], inputs: 8 },
  'random.uniform.sample': { count: 8 },
  'random.normal.sample': { count: 8 },
  'random.permutation.sample': { count: 48 },
  'random.uniform.children': { n: 2, count: 8 },
  'random.normal.children': { n: 2, count: 8 },
  'layer.dropout.sample': { x: ones(16, 16), dropRate: 3 / 8, step: 1, place: 0 },
  'layer.classic_dropout.sample': { x: ones(16, 16), dropRate: 3 / 8, step: 1, place: 0 },
  'rbm.rbm.start': { x: rows(8, 6, halves), hidden: 8 },
  'rbm.rbm.fit': { ...machine, x: rows(16, 6, halves), ...plan },
  'rbm.rbm.stack': { x: rows(16, 6, halves), units: [8], ...plan },
  'training.batches.indices': { samples: 48, size: 4, epochs: 1, last: 'keep', from: 0 },
  'training.network.fit': {
    layers,
    loss: 'mse',
    reduction: 'sum',
    params: [rows(4, 32, (i) => (i % 7) - 3), zeros(32), rows(32, 1, (i) => 1 + (i % 5)), zeros(1)],
    optimizer: 'sgd',
    hyper: { lr: 1 / 1024 },
    batches: [{ x: rows(8, 4, (i) => 1 + (i % 3)), y: zeros(8, 1) }],
  },
};

/** Seeds that differ from one in a single bit, in the sign, or by one: whoever keeps 8, 16, 31 or 32 bits takes two of them for one. */
const alike = (s: number): readonly number[] => [
  ...new Set([s, s + 2 ** 8, s + 2 ** 16, s + 2 ** 30, s + 2 ** 31, s + 2 ** 32, s + 2 ** 40, -s - 1, -s, s + 1]),
];

export const edgeDrawLaws = [
  law<number>({
    id: 'rng/seed-bits',
    ref: 'I-12, D-13, R-07',
    class: 'exact',
    runs: 6,
    says: 'every bit of a seed counts, and its sign: seeds apart by 2⁸, 2¹⁶, 2³¹, 2³² or 2⁴⁰ give other numbers wherever one is taken',
    kills: ['tfjs #7108', 'mxnet #17547', 'keras #19364'],
    subjects: (port) => Object.keys(QUESTIONS).filter((entry) => port.has(entry)),
    given: () => fc.integer({ min: 1, max: 2 ** 20 }),
    *holds(s, _port, entry) {
      const seen = new Map<string, number>();
      const fields = Object.keys(ENTRIES.get(entry)?.gives ?? {});
      for (const seed of alike(s)) {
        const answer = yield* ask(entry, { ...QUESTIONS[entry], seed });
        // whatever the entry gives, as text: bits of numbers, places of samples, weights
        const text = JSON.stringify(fields.map((f) => (answer.has(f) ? answer.tensor(f) : null)));
        const twin = seen.get(text);
        if (twin !== undefined) return claim(`seeds ${twin} and ${seed} differ`, false, twin, seed);
        seen.set(text, seed);
      }
      return claim('all seeds differ', true);
    },
  }),
  law<number>({
    id: 'dropout/many-layers',
    ref: 'D-12, D-13',
    class: 'exact',
    runs: 4,
    says: 'masks of 24 layers differ, and so do those of steps that are a round number apart',
    subjects: among(['dropout', 'classic_dropout'], 'layer', 'sample'),
    given: () => fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    *holds(seed, _port, name) {
      const keys = [
        ...Array.from({ length: 24 }, (_, place) => ({ step: 1, place })),
        ...[2 ** 8, 2 ** 10, 2 ** 16, 2 ** 20].map((more) => ({ step: 1 + more, place: 0 })),
      ];
      const seen = new Set<string>();
      for (const key of keys) {
        const y = (yield* ask(`layer.${name}.sample`, { x: ones(16, 16), dropRate: 3 / 8, seed, ...key })).tensor('y');
        seen.add(Array.from(y.data, (v) => Number(v !== 0)).join(''));
      }
      return claim('different masks', seen.size === keys.length, seen.size, keys.length);
    },
  }),
  law<number>({
    id: 'dropout/long-masks',
    ref: 'D-12, D-13',
    class: 'structural',
    runs: 2,
    says: 'the mask of sixteen thousand numbers is drawn to its end and does not come back to where it was: no stretch of 128 is another over again',
    source: 'chance of one: 256²/2·(p² + q²)¹²⁸ < 10⁻³⁰ for p = 3/8',
    subjects: among(['dropout', 'classic_dropout'], 'layer', 'sample'),
    given: () => fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    *holds(seed, _port, name) {
      const x = ones(2 ** 7, 2 ** 7);
      const y = (yield* ask(`layer.${name}.sample`, { x, dropRate: 3 / 8, seed, step: 1, place: 0 })).tensor('y').data;
      const mask = Array.from(y, (v) => Number(v !== 0)).join('');
      const places = Array.from({ length: (mask.length - 128) / 64 + 1 }, (_, i) => 64 * i);
      const stretches = new Set(places.map((i) => mask.slice(i, i + 128)));
      return claim('stretches that came before', stretches.size === places.length, stretches.size, places.length);
    },
  }),
  law<number>({
    id: 'rng/long-streams',
    ref: 'R-03, R-04',
    class: 'structural',
    runs: 2,
    says: 'a long stream does not come back to where it was, nor does it run dry: among 66,000 numbers no stretch of four comes twice',
    source: 'chance of one for 24 bits each: 66,000²/2·2⁻⁹⁶ < 10⁻¹⁹',
    subjects: among(['uniform', 'normal'], 'random', 'sample'),
    given: () => fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    *holds(seed, _port, name) {
      const count = 66_000;
      const v = (yield* ask(`random.${name}.sample`, { seed, count })).tensor('values').data;
      const stretches = new Set<string>();
      for (let i = 0; i + 4 <= count; i += 4) stretches.add(`${v[i]} ${v[i + 1]} ${v[i + 2]} ${v[i + 3]}`);
      const twice = count / 4 - stretches.size;
      return every([claim('stretches of four that came before', twice === 0, twice, 0)]);
    },
  }),
  law<number>({
    id: 'rng/no-place-fixed',
    ref: 'R-13',
    class: 'structural',
    runs: 4,
    says: 'in orders of any length no place always has the same index: not in any of 16 orders of 48',
    source: 'chance of one: 48·48⁻¹⁵ < 10⁻²³',
    subjects: among(['permutation'], 'random', 'sample'),
    given: () => fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    *holds(seed) {
      const orders: (readonly number[])[] = [];
      for (let i = 0; i < 16; i++)
        orders.push((yield* ask('random.permutation.sample', { seed: seed + i, count: 48 })).numbers('order'));
      const fixed = (orders[0] ?? []).findIndex((v, place) => orders.every((o) => o[place] === v));
      return claim('a place that has one index in every order', fixed < 0, fixed, -1);
    },
  }),
  law<number>({
    id: 'initializer/orthogonal-one',
    ref: 'I-09',
    class: 'structural',
    runs: 1,
    says: 'an orthogonal matrix of one number is 1 for some seeds and −1 for others',
    source: 'chance that 64 seeds agree: 2⁻⁶³ < 10⁻¹⁸',
    subjects: among(['orthogonal'], 'initializer', 'sample'),
    given: () => fc.integer({ min: 0, max: 2 ** 31 - 1 }),
    *holds(seed) {
      let above = 0;
      for (let i = 0; i < 64; i++) {
        const args = { shape: [1, 1], fanIn: 1, fanOut: 1, gain: 1, seed: seed + i };
        if (((yield* ask('initializer.orthogonal.sample', args)).tensor('w').data[0] ?? 0) > 0) above++;
      }
      return claim('numbers above 0 among 64, some and not all', above > 0 && above < 64, above);
    },
  }),
];
