// Chapter 10: overfitting, measured as a gap between training and held-out loss, and four cures.
import {
  bestFeatures,
  type Data,
  FEATURE_SCORES,
  type Key,
  keyOf,
  type LayerSpec,
  lossOn,
  type ModelSpec,
  normal,
  ops,
  split,
  Tensor,
  takeData,
  takeFeatures,
  uniform,
} from '../../src/index.ts';
import { breastCancer, type Parts } from '../data.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, dots, lines } from './panels.ts';
import { check, compared, type Findings, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { setupOf, startOf, watched } from './train.ts';

const [FEW, MANY] = [80, 440] as const;
const [STEPS, EVERY] = [200, 10] as const;

/** What there is to fit that does not generalise: so many features without meaning, and this share of training labels wrong. */
const [MEANINGLESS, WRONG] = [20, 1 / 8] as const;
const disturbed = ({ train, test }: Parts, seed: number): Parts => {
  const [from, tests, labels] = split(keyOf(seed + 1000), 3) as [Key, Key, Key]; // three, as asked
  const widened = (x: Tensor, key: Key): Tensor => {
    const [n = 0, d = 0] = x.shape;
    const noise = normal(key, [n, MEANINGLESS]).view;
    const width = d + MEANINGLESS;
    return Tensor.build([n, width], (out) => {
      for (let i = 0; i < out.length; i++) {
        const [row, j] = [Math.floor(i / width), i % width];
        out[i] = (j < d ? x.view[row * d + j] : noise[row * MEANINGLESS + j - d]) as number; // in range
      }
    });
  };
  const wrong = ops.greater(ops.lit(WRONG), uniform(labels, train.y.shape));
  return {
    train: { x: widened(train.x, from), y: ops.abs(ops.sub(train.y, wrong)) },
    test: { x: widened(test.x, tests), y: test.y },
  };
};

const first = (data: Data, n: number): Data =>
  takeData(
    data,
    Array.from({ length: n }, (_, i) => i),
  );
const features = (places: readonly number[], { train, test }: Parts): Parts => ({
  train: { ...train, x: takeFeatures(train.x, places) },
  test: { ...test, x: takeFeatures(test.x, places) },
});
const few = ({ train, test }: Parts): Parts => ({ train: first(train, FEW), test });

const UNITS = 4;
const layers = (dropRate: number): readonly LayerSpec[] => {
  const dropout: readonly LayerSpec[] = dropRate > 0 ? [{ type: 'dropout', dropRate }] : [];
  return [
    ...dropout,
    { type: 'dense', units: UNITS, init: 'heNormal' },
    { type: 'activation', name: 'relu' },
    ...dropout,
    { type: 'dense', units: 1, init: 'xavierNormal' },
  ];
};
const PLAIN: ModelSpec = { layers: layers(0), loss: 'bceWithLogits' };

/** What is changed about data or model; the plain one changes nothing but that data are few. */
export interface Cure {
  readonly name: string;
  readonly data: (parts: Parts) => Parts;
  readonly model: ModelSpec;
}
export const CURES: readonly Cure[] = [
  { name: 'more data', data: ({ train, test }) => ({ train: first(train, MANY), test }), model: PLAIN },
  {
    name: 'fewer features',
    // chosen on the samples that are trained on, so that nothing leaks
    data: (parts) => {
      const { train, test } = few(parts);
      return features(bestFeatures(FEATURE_SCORES.f(train.x, train.y), 8), { train, test });
    },
    model: PLAIN,
  },
  { name: 'regularisation', data: few, model: { ...PLAIN, regulariser: { l2: 0.1 } } },
  { name: 'dropout', data: few, model: { ...PLAIN, layers: layers(0.5) } },
];

/** Training and held-out loss, in evaluation and without penalties, on the way. */
const study = ({ data, model }: Omit<Cure, 'name'>, seed: number) => {
  const { train, test } = data(disturbed(breastCancer(keyOf(seed)), seed));
  const setup = setupOf(model, 'adam', { lr: 0.01 });
  const way = watched(setup, startOf(setup, seed, train, seed), train, { every: EVERY, steps: STEPS }).map(
    ({ k, training }) => ({
      k,
      train: lossOn(setup, training, train),
      test: lossOn(setup, training, test),
    }),
  );
  const end = way.at(-1) as (typeof way)[number]; // there are steps
  return { way, ...end, gap: end.test - end.train };
};

export const gapAndCures = async (say: Say, cures: readonly Cure[] = CURES): Promise<Findings> => {
  const plain = await overSeeds(say, SEEDS, (seed) => study({ data: few, model: PLAIN }, seed));
  const all: { readonly name: string; readonly runs: typeof plain }[] = [];
  for (const cure of cures)
    all.push({
      name: cure.name,
      runs: await overSeeds(
        (t) => say(`${cure.name}, ${t}`),
        SEEDS,
        (seed) => study(cure, seed),
      ),
    });
  const gaps = (runs: typeof plain): readonly number[] => runs.map((r) => r.gap);
  const tests = (runs: typeof plain): readonly number[] => runs.map((r) => r.test);
  const open = plain.filter((r) => r.gap > 0).length;
  const curve = (series: string, of: (at: (typeof plain)[number]['way'][number]) => number) =>
    (plain[0]?.way ?? []).map(({ k }, i) => ({
      series,
      x: k,
      y: median(plain.map((r) => of(r.way[i] as (typeof r.way)[number]))),
    })); // of one length
  return {
    checks: [
      check(
        `without a cure the held-out loss is above the training loss, from all ${SEEDS.length} seeds`,
        open === SEEDS.length,
        `from ${open}`,
      ),
      ...compared(
        all.map(({ name, runs }) => ({ says: `${name}: the gap is smaller`, lower: gaps(runs), higher: gaps(plain) })),
      ),
      check(
        'no cure pays for it with the held-out loss, whose median is lower with each',
        all.every(({ runs }) => median(tests(runs)) < median(tests(plain))),
        `${figure(median(tests(plain)))} nats, and ${all.map(({ runs }) => figure(median(tests(runs)))).join(', ')}`,
      ),
    ],
    numbers: [{ name: 'no cure', runs: plain }, ...all].flatMap(({ name, runs }) => [
      number(`gap, ${name}, median`, median(gaps(runs)), 'nats'),
      number(`held-out loss, ${name}, median`, median(tests(runs)), 'nats'),
    ]),
    text: `The gap is ${figure(median(gaps(plain)))} nats without a cure, ${all.map(({ name, runs }) => `${figure(median(gaps(runs)))} with ${name}`).join(', ')}`,
    chart: await chartOf(
      'overfitting',
      'Overfitting and its cures',
      `${FEW} samples of the breast-cancer data (more data: ${MANY}), 1 in 8 labels wrong, ${MEANINGLESS} features without meaning; ${SEEDS.length} seeds`,
      'Training and held-out loss over steps without a cure, and the generalisation gap by cure.',
      [
        lines({
          title: 'no cure: median loss',
          x: { title: 'step' },
          y: { title: 'loss (nats)', log: true },
          order: ['held-out', 'training'],
          values: [...curve('held-out', (at) => at.test), ...curve('training', (at) => at.train)],
        }),
        dots(
          'generalisation gap',
          { title: 'gap (nats)' },
          [{ name: 'no cure', values: gaps(plain) }, ...all.map(({ name, runs }) => ({ name, values: gaps(runs) }))],
          [0],
        ),
      ],
    ),
  };
};

export const overfittingParts: readonly Part[] = [
  {
    id: 'overfitting',
    title: 'Overfitting and its cures',
    claim:
      'A network that is large for its data fits what does not generalise; more data, fewer features, regularisation and dropout each narrow the gap.',
    source: 'Geman, Bienenstock & Doursat 1992; Krogh & Hertz 1991; Srivastava et al. 2014',
    run: (say) => gapAndCures(say),
  },
];
