// The chapter of dropout, third part: masks drawn from seeds, how many, how independent, how repeatable.
import fc from 'fast-check';
import { extent, filled, finite, moderate, seed, stir, type Values } from '../arbitraries.ts';
import { ask, claim, every, type Inquiry, law, same, tested, type Verdict, within } from '../law.ts';
import { keptValue } from '../oracle/dropout.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import { ALPHA, binomialBelow, binomialTest, martingaleTest, roundingBound } from '../tolerance.ts';
import { beside } from './drawing.ts';
import { anyRate, dropouts, formOf, orZero } from './dropout-cases.ts';

/** Where a mask comes from. */
interface Source {
  readonly seed: number;
  readonly step: number;
  readonly place: number;
}

function* draw(layer: string, x: Values, dropRate: number, from: Source): Inquiry<readonly number[]> {
  const { seed: s, step, place } = from;
  return Array.from((yield* ask(`layer.${layer}.sample`, { x, dropRate, seed: s, step, place })).tensor('y').data);
}

const ones = (shape: readonly number[]): Values => ({
  shape,
  data: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1),
});

/** Which of so many numbers are dropped. */
function* mask(layer: string, shape: readonly number[], dropRate: number, from: Source): Inquiry<readonly boolean[]> {
  return (yield* draw(layer, ones(shape), dropRate, from)).map((v) => v === 0);
}

interface Drawn {
  readonly dropRate: number;
  readonly seed: number;
  readonly step: number;
  readonly place: number;
}

/** Rates far from ½ on both sides; at ½ keep and drop look alike. */
const RATES = [1 / 5, 1 / 8, 3 / 10, 3 / 4] as const;
const drawn = fc.record({
  dropRate: fc.constantFrom(...RATES),
  seed,
  step: fc.integer({ min: 1, max: 1000 }),
  place: fc.integer({ min: 0, max: 4 }),
});
/** A source with a fresh seed for every candidate of shrinking. */
const sourceOf = ({ dropRate, seed: s, step, place }: Drawn): Source => ({
  seed: stir(s, dropRate, step, place),
  step,
  place,
});

const RUNS = 4;
const agreement = (p: number): number => p * p + (1 - p) * (1 - p);
const alike = (a: readonly boolean[], b: readonly boolean[]): readonly boolean[] => a.map((v, i) => v === b[i]);

const COUNTED = [2 ** 5, 2 ** 9] as const;
/** How `dropout/count` decides: the rates asked for in each run, the draws at each, the runs, and the level of one test. */
export const COUNT = {
  rates: RATES,
  draws: COUNTED[0] * COUNTED[1],
  runs: RUNS,
  level: ALPHA / RUNS / RATES.length,
} as const;
const COMPARED = [2 ** 4, 2 ** 7] as const;
const LAGS = [1, 2, 3, 4, 8, 12, 16, 32, 64, 96, 192, 256, 384, 768, 1024] as const;
const SPREAD = [8, 12, 64] as const;
const BANDS = [2 ** 7, 96] as const;

/** Disjoint pairs of numbers that lie so far apart. */
const pairs = (dropped: readonly boolean[], lag: number): readonly boolean[] =>
  dropped.flatMap((v, i) =>
    Math.floor(i / lag) % 2 === 0 && i + lag < dropped.length ? [v === dropped[i + lag]] : [],
  );

/** Rows that drop at most their usual number: as many as the binomial distribution says, neither all nor none. */
const countsTest = (about: string, counts: readonly number[], width: number, p: number, alpha: number): Verdict => {
  const usual = Math.round(width * p);
  const below = counts.filter((k) => k <= usual).length;
  return tested(
    `${about} of ${width} that drop at most ${usual}: ${below} of ${counts.length}`,
    binomialTest(below, counts.length, binomialBelow(usual, width, p), alpha),
  );
};

/** Masks that must have nothing to do with each other, by what tells them apart. */
const OTHERS: Readonly<Record<string, (s: Source) => Source>> = {
  'the next step': (s) => ({ ...s, step: s.step + 1 }),
  'two steps later': (s) => ({ ...s, step: s.step + 2 }),
  '256 steps later': (s) => ({ ...s, step: s.step + 256 }),
  '65,536 steps later': (s) => ({ ...s, step: s.step + 65_536 }),
  'the next layer': (s) => ({ ...s, place: s.place + 1 }),
  'the layer after that': (s) => ({ ...s, place: s.place + 2 }),
  'the next layer at the step before': (s) => ({ ...s, step: s.step - 1, place: s.place + 1 }),
  'the next seed': (s) => ({ ...s, seed: s.seed + 1 }),
  'the next seed at the step before': (s) => ({ ...s, seed: s.seed + 1, step: s.step - 1 }),
  'the next seed in the layer before': (s) => ({ ...s, seed: s.seed + 1, place: s.place - 1 }),
};

export const sampledDropoutLaws = [
  law<Source & { readonly x: Values; readonly dropRate: number }>({
    id: 'dropout/sampled-values',
    ref: 'D-03',
    class: '64-digit oracle',
    runs: 60,
    says: 'with a mask from a seed, too, every number is exactly 0 or rescaled as the form says',
    kills: ['gorgonia #388', 'kaldi #2815', 'Flux dfacc9c'],
    subjects: dropouts('sample'),
    given: (port) =>
      fc.array(extent(5), { minLength: 1, maxLength: 3 }).chain((shape) =>
        fc.record({
          x: filled(shape, moderate(port.dtype)),
          dropRate: anyRate(port),
          seed: fc.nat(2 ** 31 - 2),
          step: fc.integer({ min: 1, max: 50 }),
          place: fc.nat(3),
        }),
      ),
    *holds({ x, dropRate, ...source }, port, layer) {
      const form = formOf(port, layer);
      const y = yield* draw(layer, x, dropRate, source);
      const kept = x.data.map((v) => keptValue(form, v, dropRate));
      return within(
        `y, 0 or rescaled at rate ${dropRate}`,
        y,
        kept.map((v, i) => (y[i] === 0 ? { value: 0, from: Math.abs } : expecting(v, port.dtype))),
        kept.map((v, i) => (y[i] === 0 || form === 'classic' ? 0 : roundingBound(3, Math.abs(nearest(v)), port.dtype))),
      );
    },
  }),
  law<Source & { readonly x: Values }>({
    id: 'dropout/sampled-ends',
    ref: 'D-01, D-08',
    class: 'exact',
    runs: 40,
    says: 'with a mask from a seed, rate 0 is the identity bit for bit, and rate 1 gives zeros and no NaN',
    kills: ['tinygrad #11322', 'keras #22312'],
    subjects: dropouts('sample'),
    given: (port) =>
      fc.array(extent(4), { minLength: 1, maxLength: 3 }).chain((shape) =>
        fc.record({
          x: filled(shape, orZero(finite(port.dtype))),
          seed: fc.nat(2 ** 31 - 2),
          step: fc.integer({ min: 1, max: 50 }),
          place: fc.nat(3),
        }),
      ),
    *holds({ x, ...source }, _port, layer) {
      return every([
        same('y at rate 0', yield* draw(layer, x, 0, source), x.data, { zeros: 'signed' }),
        same(
          'y at rate 1',
          yield* draw(layer, x, 1, source),
          x.data.map(() => 0),
        ),
      ]);
    },
  }),
  law<Source>({
    id: 'dropout/seed',
    ref: 'D-13',
    class: 'exact',
    runs: 30,
    says: 'the same seed, step and layer give the same mask, whatever was drawn in between, 0 included; another seed gives another mask',
    source: 'two masks of 128 numbers agree by chance with probability (¾² + ¼²)¹²⁸ ≈ 7·10⁻²⁷',
    kills: ['mxnet #17547', 'mxnet #19209', 'mxnet #16705', 'xformers #173'],
    subjects: dropouts('sample'),
    given: () =>
      fc.record({
        seed: fc.oneof(fc.constantFrom(0, 1, 2 ** 31 - 3), fc.nat(2 ** 31 - 3)),
        step: fc.integer({ min: 1, max: 50 }),
        place: fc.nat(3),
      }),
    *holds(source, _port, layer) {
      const shape = [8, 16];
      const of = (s: Source) => mask(layer, shape, 1 / 4, s);
      const first = yield* of(source);
      const next = yield* of({ ...source, seed: source.seed + 1 });
      const [later, deeper] = [
        yield* of({ ...source, step: source.step + 1 }),
        yield* of({ ...source, place: source.place + 1 }),
      ];
      const again = yield* of(source);
      const differs = (about: string, m: readonly boolean[]): Verdict =>
        claim(
          `the mask of ${about} differs from that of seed ${source.seed}, step ${source.step}, layer ${source.place}`,
          m.some((v, i) => v !== first[i]),
        );
      return every([
        same(`the mask of seed ${source.seed}, drawn again`, again.map(Number), first.map(Number)),
        differs('the next seed', next),
        differs('the next step', later),
        differs('the next layer', deeper),
      ]);
    },
  }),
  law<Source & { readonly x: Values; readonly dropRate: number }>({
    id: 'dropout/mask-of-key',
    ref: 'D-10',
    class: 'exact',
    runs: 40,
    says: 'the mask depends on seed, step and layer alone: numbers of any size and sign meet the mask of ones, and doubling them doubles the output bit for bit',
    subjects: dropouts('sample'),
    given: (port) =>
      fc.array(extent(6), { minLength: 1, maxLength: 3 }).chain((shape) =>
        fc.record({
          x: filled(
            shape,
            moderate(port.dtype).map((v) => (v === 0 ? -3 : v)),
          ),
          dropRate: anyRate(port),
          seed: fc.nat(2 ** 31 - 2),
          step: fc.integer({ min: 1, max: 50 }),
          place: fc.nat(3),
        }),
      ),
    *holds({ x, dropRate, ...source }, _port, layer) {
      const dropped = yield* mask(layer, x.shape, dropRate, source);
      const y = yield* draw(layer, x, dropRate, source);
      const doubled = { shape: x.shape, data: x.data.map((v) => -2 * v) };
      return every([
        same(
          'which of x are dropped, against which of ones',
          y.map((v) => (v === 0 ? 1 : 0)),
          dropped.map(Number),
        ),
        same(
          'y of −2·x',
          yield* draw(layer, doubled, dropRate, source),
          y.map((v) => -2 * v),
        ),
      ]);
    },
  }),
  law<Source>({
    id: 'dropout/count',
    ref: 'D-04, D-15',
    class: 'statistical',
    runs: RUNS,
    says: 'numbers are dropped with the rate that was asked for, whichever it is, neither all nor none of them: the Beta-mixture martingale never reaches 1/α',
    formula: 'sup_n B(k + ½, n − k + ½)/(B(½, ½)·pᵏ·(1 − p)ⁿ⁻ᵏ) < 1/α, n ≤ 16,384',
    source: 'Ville 1939; Krichevsky & Trofimov 1981',
    kills: ['gorgonia #399', 'AiDotNet.Tensors #732', 'onnx-tensorrt #106', 'theanets #123'],
    detects: 'keep and drop swapped (a fault that leaves the mean alone), and a rate of 0.25 where 0.20 is asked for',
    subjects: dropouts('sample'),
    given: () => drawn.map(({ dropRate: _, ...source }) => source),
    *holds(s, _port, layer) {
      const verdicts: Verdict[] = [];
      for (const dropRate of RATES) {
        const dropped = yield* mask(layer, COUNTED, dropRate, sourceOf({ ...s, dropRate }));
        const share = dropped.filter(Boolean).length / dropped.length;
        verdicts.push(
          beside(
            tested(`share of dropped numbers at rate ${dropRate}`, martingaleTest(dropped, dropRate, COUNT.level)),
            share,
            dropRate,
          ),
        );
      }
      return every(verdicts);
    },
  }),
  law<Drawn>({
    id: 'dropout/fresh-masks',
    ref: 'D-12',
    class: 'statistical',
    runs: RUNS,
    says: 'masks of other steps, layers and seeds have nothing to do with each other: they agree in Binomial(n, p² + (1 − p)²) places',
    kills: ['Paddle #7796', 'keras #20656'],
    detects: 'half of one mask taken from another of 2,048 numbers; the same mask again, or its opposite, always',
    subjects: dropouts('sample'),
    given: () => drawn.map((d) => ({ ...d, step: d.step + 1, place: d.place + 1 })),
    *holds(d, _port, layer) {
      const source = sourceOf(d);
      const first = yield* mask(layer, COMPARED, d.dropRate, source);
      const verdicts: Verdict[] = [];
      const alpha = ALPHA / RUNS / Object.keys(OTHERS).length;
      for (const [about, other] of Object.entries(OTHERS)) {
        const second = yield* mask(layer, COMPARED, d.dropRate, other(source));
        const test = martingaleTest(alike(first, second), agreement(d.dropRate), alpha);
        verdicts.push(tested(`agreement with the mask of ${about}`, test));
      }
      return every(verdicts);
    },
  }),
  law<Drawn>({
    id: 'dropout/independent',
    ref: 'D-14',
    class: 'statistical',
    runs: RUNS,
    says: 'numbers are dropped independently of their neighbours along every axis, and of those a round distance away',
    formula: '#{pairs alike} ~ Binomial(n, p² + (1 − p)²)',
    detects: 'a mask that is stretched over an axis, or repeats itself after 2ᵏ numbers, always',
    subjects: dropouts('sample'),
    given: () => drawn,
    *holds(d, _port, layer) {
      const dropped = yield* mask(layer, SPREAD, d.dropRate, sourceOf(d));
      return every(
        LAGS.map((lag) =>
          tested(
            `agreement of numbers that lie ${lag} apart in [${SPREAD}]`,
            martingaleTest(pairs(dropped, lag), agreement(d.dropRate), ALPHA / RUNS / LAGS.length),
          ),
        ),
      );
    },
  }),
  law<Drawn>({
    id: 'dropout/counts-vary',
    ref: 'D-14',
    class: 'statistical',
    runs: RUNS,
    says: 'how many are dropped in a row, in a column, or at a step varies as in independent draws',
    formula: '#{rows that drop at most m} ~ Binomial(rows, P(Binomial(columns, p) ≤ m))',
    detects: 'exactly p·n dropped in every row, in every column or at every step, always',
    subjects: dropouts('sample'),
    given: () => drawn,
    *holds(d, _port, layer) {
      const source = sourceOf(d);
      const [rows, columns] = BANDS;
      const alpha = ALPHA / RUNS / 3;
      const dropped = (yield* mask(layer, BANDS, d.dropRate, source)).map(Number);
      const inRow = Array.from({ length: rows }, (_, i) =>
        dropped.slice(i * columns, (i + 1) * columns).reduce((a, b) => a + b, 0),
      );
      const inColumn = Array.from({ length: columns }, (_, j) =>
        dropped.filter((_2, i) => i % columns === j).reduce((a, b) => a + b, 0),
      );
      const atStep: number[] = [];
      for (let step = 1; step <= 2 ** 7; step++)
        atStep.push((yield* mask(layer, [5, 8], d.dropRate, { ...source, step })).filter(Boolean).length);
      return every([
        countsTest('rows', inRow, columns, d.dropRate, alpha),
        countsTest('columns', inColumn, rows, d.dropRate, alpha),
        countsTest('steps', atStep, 40, d.dropRate, alpha),
      ]);
    },
  }),
];
