// Chapter 9: dropout drops in training and not in evaluation, where one network stands for the ensemble of all masks.
import {
  DomainError,
  drawsGiven,
  evaluate,
  keyOf,
  type LayerSpec,
  type Model,
  modelOf,
  type NetworkVariables,
  normal,
  ops,
  Tensor,
  takeRows,
} from '../../src/index.ts';
import { breastCancer } from '../data.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, lines } from './panels.ts';
import { check, compared, type Findings, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { descend, setupOf, startOf } from './train.ts';

type Variables = NetworkVariables<Tensor>;
type Dropout = Extract<LayerSpec, { readonly type: 'dropout' }>;
/** How a network is evaluated. */
export type Evaluation = (model: Model, variables: Variables, x: Tensor) => Tensor;

/** Units that are dropped or kept: all 2¹⁰ masks are gone through. */
const UNITS = 10;
const MASKS = 2 ** UNITS;
/** Rate ½, so that scaling is by two and nothing rounds; a test plants other layers and evaluations. */
export interface DropoutSubject {
  readonly dropout: Dropout;
  readonly evaluation: Evaluation;
}
const SUBJECT: DropoutSubject = { dropout: { type: 'dropout', dropRate: 0.5 }, evaluation: evaluate };

/** A row of uniforms per mask: a quarter drops at the rate ½, three quarters keep. */
const UNIFORMS = Tensor.build([MASKS, UNITS], (out) => {
  for (let i = 0; i < out.length; i++) out[i] = (Math.floor(i / UNITS) >> (i % UNITS)) & 1 ? 0.75 : 0.25;
});

/** The output for one sample under every mask, in train mode. */
const ensemble = ({ network }: Model, variables: Variables, sample: Tensor): readonly number[] => {
  const x = takeRows(
    sample,
    Array.from({ length: MASKS }, () => 0),
  );
  const [y] = network.apply(ops, variables, x, { mode: 'train', draws: drawsGiven(ops, [UNIFORMS]) });
  return y.toArray();
};

const mean = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0) / values.length;
const spread = (values: readonly number[]): number => {
  const m = mean(values);
  return Math.sqrt(mean(values.map((v) => (v - m) ** 2)));
};
const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
const quadratic = (values: readonly number[]): number => Math.sqrt(mean(values.map((v) => v * v)));

/** A dense layer of whole numbers behind dropout, so that sums over all masks are exact. */
const linear = ({ dropout, evaluation }: DropoutSubject, seed: number) => {
  const model = modelOf({ layers: [dropout, { type: 'dense', units: 1 }], loss: 'mse' });
  const whole = (key: number, shape: readonly [number, number]): Tensor =>
    Tensor.from(
      shape,
      normal(keyOf(key), shape)
        .toArray()
        .map((v) => Math.round(8 * v)),
    );
  const variables = { params: [{}, { w: whole(seed + 100, [UNITS, 1]), b: Tensor.from([1], [1]) }], state: [{}, {}] };
  const x = whole(seed, [1, UNITS]);
  const outputs = ensemble(model, variables, x);
  const own = evaluation(model, variables, x).view[0] as number; // one unit
  // behind a sigmoid, the normalised geometric mean over masks is the sigmoid of the mean
  const logs = (sign: number): number => mean(outputs.map((z) => Math.log(sigmoid((sign * z) / 64))));
  return {
    outputs,
    own,
    different: new Set(outputs).size,
    off: Math.abs(mean(outputs) - own),
    geometric: Math.abs(sigmoid(logs(1) - logs(-1)) / sigmoid(own / 64) - 1),
  };
};

/** Samples of the held-out ones, each gone through with all masks. */
const SAMPLES = 12;
/** A network that was trained with dropout behind its first layer: what follows is not linear. */
const network = ({ dropout, evaluation }: DropoutSubject, seed: number) => {
  const { train, test } = breastCancer(keyOf(seed));
  const layers: readonly LayerSpec[] = [
    { type: 'dense', units: UNITS, init: 'xavierNormal' },
    { type: 'activation', name: 'tanh' },
    dropout,
    { type: 'dense', units: 8, init: 'xavierNormal' },
    { type: 'activation', name: 'tanh' },
    { type: 'dense', units: 1, init: 'xavierNormal' },
  ];
  const setup = setupOf({ layers, loss: 'bceWithLogits' }, 'adam', { lr: 0.01 });
  const { training } = descend(setup, startOf(setup, seed, train, seed), train, 100);
  const all = Array.from({ length: SAMPLES }, (_, i) => {
    const x = takeRows(test.x, [i]);
    const logits = ensemble(setup.model, training.variables, x);
    return {
      own: evaluation(setup.model, training.variables, x).view[0] as number,
      mean: mean(logits),
      spread: spread(logits),
    }; // one unit
  });
  return {
    all,
    distance: quadratic(all.map((s) => s.mean - s.own)),
    spread: quadratic(all.map((s) => s.spread)),
    agreed: all.filter((s) => s.mean > 0 === s.own > 0).length,
  };
};

export const dropoutAsEnsemble = async (
  say: Say,
  subject: DropoutSubject = SUBJECT,
  seeds = SEEDS,
): Promise<Findings> => {
  const layers = seeds.map((seed) => linear(subject, seed));
  const networks = await overSeeds(say, seeds, (seed) => network(subject, seed));
  const model = modelOf({ layers: [subject.dropout], loss: 'mse' });
  const x = normal(keyOf(1), [4, UNITS]);
  const [once, again] = [1, 2].map(() =>
    subject
      .evaluation(model, { params: [{}], state: [{}] }, x)
      .toArray()
      .join(),
  );
  const off = Math.max(...layers.map((l) => l.off));
  const geometric = Math.max(...layers.map((l) => l.geometric));
  const [distances, spreads] = [networks.map((n) => n.distance), networks.map((n) => n.spread)];
  const shares = distances.map((d, i) => d / (spreads[i] as number)); // one each
  // the mean of k masks is a k-th of their variance away from the mean of all
  const worth = median(shares) ** -2;
  const agreed = networks.reduce((s, n) => s + n.agreed, 0);
  const [shown] = layers;
  const ascending = (shown?.outputs ?? []).toSorted((a, b) => a - b);
  const points = networks.flatMap((n) => n.all).toSorted((a, b) => a.own - b.own);
  const ends = [points[0], points.at(-1)].map((p) => p?.own ?? 0);
  return {
    checks: [
      check(
        'in training the output depends on the mask',
        layers.every((l) => l.different > 1),
        `at least ${Math.min(...layers.map((l) => l.different))} outputs of ${MASKS} masks`,
      ),
      check(
        'in evaluation it is the same to the last bit, and draws nothing',
        once === again && needsNoDraws(subject),
        'asked twice',
      ),
      check(
        `a linear layer: the mean over all ${MASKS} masks is the evaluation, exactly (whole numbers, ${seeds.length} layers)`,
        off === 0,
        `off by at most ${figure(off)}`,
      ),
      check(
        'behind a sigmoid the normalised geometric mean over all masks is the evaluation, to 2⁻⁴⁰',
        geometric <= 2 ** -40,
        `off by at most ${figure(geometric)}`,
      ),
      check(
        `a network: it decides as the mean over all masks, for ${SAMPLES} held-out samples of each seed`,
        agreed === SAMPLES * seeds.length,
        `${agreed} of ${SAMPLES * seeds.length} times`,
      ),
      ...compared([{ says: 'and is nearer to that mean than one mask is', lower: distances, higher: spreads }]),
    ],
    numbers: [
      number('masks', MASKS),
      number('linear layer: mean over masks minus evaluation, largest', off),
      number('sigmoid: geometric mean against evaluation, largest relative difference', geometric),
      number('network: distance of evaluation and mean over that of one mask, median', median(shares)),
      number('network: the same, largest', Math.max(...shares)),
      number('masks whose mean would be as near, median', worth),
    ],
    text: `Averaged over all ${MASKS} masks, a linear layer with dropout ${off === 0 ? 'is exactly' : `is off by ${figure(off)} from`} its evaluation, and a network as near to the mean as the average of ${figure(worth)} masks would be (median)`,
    chart: await chartOf(
      'dropout',
      'Dropout in training, and in evaluation as an ensemble',
      `left: one linear layer under all ${MASKS} masks; right: ${SAMPLES} samples from each of ${seeds.length} networks`,
      'Outputs of a linear layer under all masks about its evaluation, and mean over masks against evaluation for trained networks.',
      [
        lines({
          title: 'outputs in training, sorted',
          x: { title: 'share of the masks', domain: [0, 1] },
          y: { title: 'output' },
          order: ['one mask each'],
          values: ascending.map((y, i) => ({ series: 'one mask each', x: (i + 0.5) / MASKS, y })),
          rules: [{ y: shown?.own ?? Number.NaN, text: 'evaluation' }],
        }),
        lines({
          title: 'logits of trained networks',
          x: { title: 'evaluation' },
          y: { title: 'mean over all masks' },
          order: ['networks', 'equal'],
          dashed: ['equal'],
          dots: true,
          values: [
            ...points.map((p) => ({ series: 'networks', x: p.own, y: p.mean })),
            ...ends.map((v) => ({ series: 'equal', x: v, y: v })),
          ],
        }),
      ],
    ),
  };
};

/** Without a key, train mode refuses and evaluation does not mind. */
const needsNoDraws = ({ dropout, evaluation }: DropoutSubject): boolean => {
  const model = modelOf({ layers: [dropout], loss: 'mse' });
  try {
    evaluation(model, { params: [{}], state: [{}] }, normal(keyOf(1), [4, UNITS]));
    return true;
  } catch (error) {
    if (error instanceof DomainError) return false;
    throw error;
  }
};

export const dropoutParts: readonly Part[] = [
  {
    id: 'dropout',
    title: 'Dropout in training, an ensemble in evaluation',
    claim:
      'Dropout drops units in training and none in evaluation, where the network stands for the mean of all masks: exactly for a linear layer, nearly for a network.',
    source: 'Srivastava et al. 2014, §4 and §10; Baldi & Sadowski 2013',
    run: (say) => dropoutAsEnsemble(say),
  },
];
