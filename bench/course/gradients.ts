// Chapter 11: gradients that vanish and explode in deep networks, and the four cures.
import {
  type Data,
  diagnose,
  flatten,
  keyOf,
  lossAndGrad,
  type Model,
  modelOf,
  normal,
  ops,
  type Setup,
  Tensor,
} from '../../src/index.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, dots, lines } from './panels.ts';
import { check, compared, type Findings, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { deep, setupOf, startOf, watched } from './train.ts';

const [DEPTH, WIDTH, BATCH] = [20, 32, 64] as const;

/** How a deep network is built. */
export interface Build {
  readonly activation: string;
  readonly init: string;
  readonly gain?: number;
  readonly batchNorm?: boolean;
}
/** A trouble and what cures it, one thing changed. */
export interface Cure {
  readonly name: string;
  readonly trouble: Build;
  readonly cured: Build;
}
const SIGMOID: Build = { activation: 'sigmoid', init: 'xavierNormal' };
const SMALL: Build = { activation: 'relu', init: 'heNormal', gain: 0.5 };
const LARGE: Build = { activation: 'relu', init: 'heNormal', gain: 2 };
export const CURES: readonly Cure[] = [
  { name: 'activation: tanh for sigmoid', trouble: SIGMOID, cured: { ...SIGMOID, activation: 'tanh' } },
  { name: 'initialisation: He for half of it', trouble: SMALL, cured: { ...SMALL, gain: 1 } },
  { name: 'initialisation: He for twice of it', trouble: LARGE, cured: { ...LARGE, gain: 1 } },
  { name: 'batch norm, sigmoid', trouble: SIGMOID, cured: { ...SIGMOID, batchNorm: true } },
  { name: 'batch norm, half of He', trouble: SMALL, cured: { ...SMALL, batchNorm: true } },
  { name: 'batch norm, twice He', trouble: LARGE, cured: { ...LARGE, batchNorm: true } },
];

const built = ({ activation, init, gain = 1, batchNorm = false }: Build, depth: number): Model =>
  modelOf({
    layers: deep(depth, WIDTH, 1, { activation, init, batchNorm }).map((l) =>
      l.type === 'dense' ? { ...l, gain } : l,
    ),
    loss: 'bceWithLogits',
  });

const dataOf = (seed: number): Data => {
  const x = normal(keyOf(seed + 1000), [BATCH, WIDTH]);
  return {
    x,
    y: Tensor.from(
      [BATCH, 1],
      Array.from({ length: BATCH }, (_, i) => ((x.view[i * WIDTH] as number) > 0 ? 1 : 0)),
    ),
  }; // in range
};

/** The ratio of slopes at the input of every dense layer to those at the output, and the verdict of the first. */
const slopes = (model: Model, seed: number) => {
  const { variables } = model.network.init(keyOf(seed), [WIDTH]);
  const { layers } = diagnose(model, variables, dataOf(seed));
  const ratios = layers.filter((l) => l.layer === 'dense').map((l) => l.ratio);
  return { ratios, off: Math.abs(Math.log10(ratios[0] ?? Number.NaN)), verdict: layers[0]?.verdict };
};

const [SHALLOWER, STEPS] = [10, 20] as const;
/** Learning rates of the fourth cure. */
export const RATES = { large: 1, small: 0.03 } as const;

/** The largest gradient on the way, over the first one; without end where a number stopped being finite. */
const growth = (setup: Setup, seed: number): number => {
  const data = dataOf(seed);
  const from = startOf(setup, seed, data);
  const way = [from, ...watched(setup, from, data, { every: 1, steps: STEPS }).map((t) => t.training)];
  const norms = way.map(({ variables }) => {
    const { grads } = lossAndGrad(ops, setup.model, variables, data.x, data.y);
    const all = flatten<Tensor>(grads).leaves.flatMap((g) => g.toArray());
    return Math.sqrt(all.reduce((s, v) => s + v * v, 0));
  });
  const most = norms.some((v) => !Number.isFinite(v)) ? Number.POSITIVE_INFINITY : Math.max(...norms);
  return most / (norms[0] as number); // there is a start
};

export const fourCures = async (
  say: Say,
  cures: readonly Cure[] = CURES,
  rates: { readonly large: number; readonly small: number } = RATES,
  seeds = SEEDS,
): Promise<Findings> => {
  interface Run {
    readonly before: ReturnType<typeof slopes>;
    readonly after: ReturnType<typeof slopes>;
  }
  const all: (Cure & { readonly runs: readonly Run[] })[] = [];
  for (const cure of cures) {
    const [trouble, cured] = [built(cure.trouble, DEPTH), built(cure.cured, DEPTH)];
    all.push({
      ...cure,
      runs: await overSeeds(
        (t) => say(`${cure.name}, ${t}`),
        seeds,
        (seed) => ({ before: slopes(trouble, seed), after: slopes(cured, seed) }),
      ),
    });
  }
  const rated = await Promise.all(
    [rates.large, rates.small].map((lr) => {
      const setup = setupOf(built({ activation: 'relu', init: 'heNormal' }, SHALLOWER).spec, 'sgd', { lr });
      return overSeeds(say, seeds, (seed) => growth(setup, seed));
    }),
  );
  const [wild = [], calm = []] = rated;
  const count = (of: readonly { readonly verdict: string | undefined }[], healthy: boolean): number =>
    of.filter((s) => (s.verdict === 'healthy') === healthy).length;
  const n = seeds.length;
  const ratio = (of: readonly { readonly ratios: readonly number[] }[]): number =>
    median(of.map((s) => s.ratios[0] as number));
  const kinds = [
    { name: 'sigmoid', runs: all[0]?.runs.map((r) => r.before) },
    { name: 'tanh', runs: all[0]?.runs.map((r) => r.after) },
    { name: 'half of He', runs: all[1]?.runs.map((r) => r.before) },
    { name: 'He', runs: all[1]?.runs.map((r) => r.after) },
    { name: 'twice He', runs: all[2]?.runs.map((r) => r.before) },
    { name: 'twice He, batch norm', runs: all[5]?.runs.map((r) => r.after) },
  ];
  return {
    checks: [
      ...all.map(({ name, runs }) => {
        const [ill, well] = [
          count(
            runs.map((r) => r.before),
            false,
          ),
          count(
            runs.map((r) => r.after),
            true,
          ),
        ];
        return check(
          `${name}: slopes vanish or explode before and are healthy after (ratio within 10⁻³ … 10³), all ${n} seeds`,
          ill === n && well === n,
          `before from ${ill}, after from ${well}`,
        );
      }),
      check(
        `at a rate of ${rates.large} the gradient at least doubles on the way, at one of ${rates.small} it does not, all ${n} seeds`,
        wild.every((g) => g >= 2) && calm.every((g) => g < 2),
        `by at least ${figure(Math.min(...wild))}, and at most ${figure(Math.max(...calm))}`,
      ),
      ...compared([
        ...all.map(({ name, runs }) => ({
          says: `${name}: the slope at the input is nearer in size to that at the output`,
          lower: runs.map((r) => r.after.off),
          higher: runs.map((r) => r.before.off),
        })),
        { says: 'smaller learning rate: gradients grow less', lower: calm, higher: wild },
      ]),
    ],
    numbers: [
      ...all.flatMap(({ name, runs }) => [
        number(`slope at the input over that at the output, ${name}: before, median`, ratio(runs.map((r) => r.before))),
        number(`the same after, median`, ratio(runs.map((r) => r.after))),
      ]),
      number(`growth of the gradient at a rate of ${rates.large}, median`, median(wild)),
      number(`growth of the gradient at a rate of ${rates.small}, median`, median(calm)),
    ],
    text: `Through ${DEPTH} layers ${figure(ratio(all[0]?.runs.map((r) => r.before) ?? []))} of the slope is left with sigmoids and ${figure(ratio(all[0]?.runs.map((r) => r.after) ?? []))} with tanh; twice He makes it ${figure(ratio(all[2]?.runs.map((r) => r.before) ?? []))}, and with batch norm ${figure(ratio(all[5]?.runs.map((r) => r.after) ?? []))}`,
    chart: await chartOf(
      'gradients',
      'Vanishing and exploding gradients, and the cures',
      `left: ${DEPTH} layers of ${WIDTH} units at their start; right: the largest gradient in ${STEPS} steps over the first, ${SHALLOWER} layers`,
      'Slope by layer relative to the output for six networks, and growth of the gradient at two learning rates.',
      [
        lines({
          title: 'slope before a layer, median of 12 seeds',
          x: { title: 'layer' },
          y: { title: 'slope over slope at the output', log: true },
          order: kinds.map((k) => k.name),
          dashed: ['tanh', 'He', 'twice He, batch norm'],
          values: kinds.flatMap(
            ({ name, runs = [] }) =>
              (runs[0]?.ratios ?? []).map((_, l) => ({
                series: name,
                x: l + 1,
                y: median(runs.map((r) => r.ratios[l] as number)),
              })), // of one depth
          ),
        }),
        dots(
          'growth of the gradient while training',
          { title: 'times the first', log: true },
          [
            { name: `rate ${rates.large}`, values: wild },
            { name: `rate ${rates.small}`, values: calm },
          ],
          [1],
        ),
      ],
    ),
  };
};

export const gradientParts: readonly Part[] = [
  {
    id: 'gradients',
    title: 'Vanishing and exploding gradients',
    claim:
      'Gradients of deep networks vanish or explode; another activation, another initialisation, a smaller learning rate and batch normalisation each cure it.',
    source: 'Hochreiter 1991; Glorot & Bengio 2010; He et al. 2015; Ioffe & Szegedy 2015',
    run: (say) => fourCures(say),
  },
];
