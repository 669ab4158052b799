// Chapter 14: evaluation by running statistics: what a sample gets does not depend on the samples beside it.
import {
  type Data,
  DomainError,
  evaluate,
  keyOf,
  type Model,
  type NetworkVariables,
  oneHot,
  ops,
  permutation,
  signalMoments,
  type Tensor,
  takeData,
  takeRows,
} from '../../src/index.ts';
import { digits } from '../data.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, dots } from './panels.ts';
import { check, compared, type Findings, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { deep, learn, setupOf, startOf } from './train.ts';

type Variables = NetworkVariables<Tensor>;
/** How a network is evaluated. */
export type Evaluation = (model: Model, variables: Variables, x: Tensor) => Tensor;
/** By the statistics of the batch itself, as in training. */
export const byBatch: Evaluation = ({ network }, variables, x) =>
  network.apply(ops, variables, x, { mode: 'train' })[0];

const [SAMPLES, CLASSES, WIDTH, SIZE, EPOCHS, PROBE] = [640, 10, 32, 32, 8, 64] as const;
const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);
const SETUP = () =>
  setupOf(
    {
      layers: deep(2, WIDTH, CLASSES, { activation: 'relu', init: 'heNormal', batchNorm: true }),
      loss: 'softmaxCrossEntropy',
    },
    'adam',
    { lr: 0.003 },
  );

const rowsOf = (t: Tensor): readonly string[] => {
  const d = t.shape[1] as number; // a matrix
  return range(t.shape[0] ?? 0).map((i) =>
    t
      .toArray()
      .slice(i * d, (i + 1) * d)
      .join(),
  );
};
const classesOf = (t: Tensor): readonly number[] => {
  const d = t.shape[1] as number; // a matrix
  const all = t.toArray();
  return range(t.shape[0] ?? 0).map((i) => {
    const row = all.slice(i * d, (i + 1) * d);
    return row.indexOf(Math.max(...row));
  });
};

/** Share of samples that are right when they come in batches of this order. */
const rightIn = (
  evaluation: Evaluation,
  model: Model,
  variables: Variables,
  { x, y }: Data,
  order: readonly number[],
): number => {
  const batches = range(Math.ceil(order.length / SIZE)).map((i) => order.slice(i * SIZE, (i + 1) * SIZE));
  const right = batches.flatMap((rows) => {
    const found = classesOf(evaluation(model, variables, takeRows(x, rows)));
    return rows.map((r, i) => found[i] === y.view[r]);
  });
  return right.filter(Boolean).length / order.length;
};

/** Whether rows keep their bits alone, in another order, and among others. */
const sameBits = (evaluation: Evaluation, model: Model, variables: Variables, x: Tensor, seed: number): number => {
  const together = rowsOf(evaluation(model, variables, x));
  const order = permutation(keyOf(seed), together.length);
  const mixed = rowsOf(evaluation(model, variables, takeRows(x, order)));
  const pairs = order.flatMap((row, i) => (i % 2 === 0 ? [[row, order[i + 1] ?? row] as const] : []));
  const two = pairs.map((p) => rowsOf(evaluation(model, variables, takeRows(x, p))));
  const alone = together.map((_, i) => {
    try {
      return rowsOf(evaluation(model, variables, takeRows(x, [i])))[0];
    } catch (error) {
      if (error instanceof DomainError) return null; // no statistics of one sample
      throw error;
    }
  });
  return together.filter(
    (row, i) =>
      mixed[order.indexOf(i)] === row &&
      alone[i] === row &&
      pairs.every((p, j) => p.every((r, at) => r !== i || two[j]?.[at] === row)),
  ).length;
};

export const runningStatistics = async (
  say: Say,
  evaluation: Evaluation = evaluate,
  seeds = SEEDS,
): Promise<Findings> => {
  const parts: { readonly train: Data; readonly raw: Data; readonly test: Data }[] = [];
  for (const seed of seeds) {
    const { train, test } = await digits(keyOf(seed));
    const raw = takeData(train, range(SAMPLES));
    parts.push({ raw, train: { x: raw.x, y: oneHot(raw.y, CLASSES) }, test });
  }
  const setup = SETUP();
  const { model } = setup;
  const runs = await overSeeds(say, seeds, (seed) => {
    const { train, test } = parts[seed - 1] as (typeof parts)[number]; // seeds count from 1
    const { training } = learn(setup, startOf(setup, seed, train), train, { size: SIZE, epochs: EPOCHS, seed });
    const { variables } = training;
    const n = test.x.shape[0] ?? 0;
    const sorted = [...range(n)].sort((a, b) => (test.y.view[a] as number) - (test.y.view[b] as number)); // in range
    const mixed = permutation(keyOf(seed), n);
    const right = (how: Evaluation, order: readonly number[]): number => rightIn(how, model, variables, test, order);
    // what the first normalisation has remembered, beside the moments of all training samples
    const whole = signalMoments(model, variables, train.x)[0];
    const kept = variables.state[1]?.mean?.toArray() ?? [];
    const far = kept.map((m, j) => Math.abs(m - (whole?.mean[j] as number)) / (whole?.deviation[j] as number)); // one per feature
    return {
      same: sameBits(evaluation, model, variables, takeRows(test.x, range(PROBE)), seed),
      own: { sorted: right(evaluation, sorted), mixed: right(evaluation, mixed) },
      batch: { sorted: right(byBatch, sorted), mixed: right(byBatch, mixed) },
      far: median(far),
    };
  });
  const same = runs.reduce((s, r) => s + r.same, 0);
  const wrong = (of: (r: (typeof runs)[number]) => number): readonly number[] => runs.map((r) => 1 - of(r));
  const equal = runs.filter((r) => r.own.sorted === r.own.mixed).length;
  const n = seeds.length;
  const groups = [
    { name: 'running, mixed batches', values: runs.map((r) => r.own.mixed) },
    { name: 'running, sorted batches', values: runs.map((r) => r.own.sorted) },
    { name: 'batch, mixed batches', values: runs.map((r) => r.batch.mixed) },
    { name: 'batch, sorted batches', values: runs.map((r) => r.batch.sorted) },
  ];
  const share = (values: readonly number[]): string => `${(100 * median(values)).toFixed(1)} %`;
  return {
    checks: [
      check(
        `in evaluation a sample keeps every bit of its output alone, beside one other, and in any order: ${PROBE} samples, ${n} networks`,
        same === PROBE * n,
        `${same} of ${PROBE * n}`,
      ),
      check('so that batches sorted by class are judged as mixed ones, for every seed', equal === n, `for ${equal}`),
      check(
        'the running mean is near that of all training samples: within half a deviation, median over features, every seed',
        runs.every((r) => r.far <= 0.5),
        `at most ${figure(Math.max(...runs.map((r) => r.far)))}`,
      ),
      ...compared([
        {
          says: 'with the statistics of batches sorted by class more digits are wrong than with running ones',
          lower: wrong((r) => r.own.sorted),
          higher: wrong((r) => r.batch.sorted),
        },
      ]),
    ],
    numbers: groups.map(({ name, values }) =>
      number(`accuracy on held-out digits, ${name}, median`, 100 * median(values), '%'),
    ),
    text: `With running statistics ${share(groups[1]?.values ?? [])} of held-out digits are right in whatever batches they come; with those of the batch ${share(groups[2]?.values ?? [])} when mixed and ${share(groups[3]?.values ?? [])} when sorted by class`,
    chart: await chartOf(
      'running',
      'Evaluation by running statistics',
      `64–${WIDTH}–${WIDTH}–${CLASSES} with batch norm on held-out digits in batches of ${SIZE}, ${n} seeds`,
      'Accuracy on held-out digits by running statistics and by those of the batch, in mixed batches and in batches sorted by class.',
      [dots('accuracy', { title: 'share right', domain: [0, 1] }, groups)],
    ),
  };
};

export const runningParts: readonly Part[] = [
  {
    id: 'running',
    title: 'Evaluation by running statistics',
    claim:
      'In evaluation batch normalisation uses running statistics: what a sample gets is independent of the batch that it is in.',
    source: 'Ioffe & Szegedy 2015, Algorithm 2',
    run: (say) => runningStatistics(say),
  },
];
