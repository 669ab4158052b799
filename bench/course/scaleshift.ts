// Chapter 13: γ·x + β behind the normalisation: without it a layer could not say everything that it could before.
import {
  type Data,
  flatten,
  keyOf,
  type LayerSpec,
  lossAndGrad,
  modelOf,
  normal,
  ops,
  optimizerOf,
  type Setup,
  Tensor,
  type Transform,
} from '../../src/index.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, lines } from './panels.ts';
import { check, type Findings, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { startOf, watched } from './train.ts';

const [SAMPLES, FEATURES, EPS] = [64, 8, 1e-5] as const;
const NORM: LayerSpec = { type: 'batchNorm', eps: EPS };
const [MEAN, DEVIATION] = [3, 2] as const;
const [STEPS, EVERY] = [400, 10] as const;

const columns = (x: Tensor): readonly (readonly number[])[] => {
  const d = x.shape[1] as number; // a matrix
  return Array.from({ length: d }, (_, j) => x.toArray().filter((_v, i) => i % d === j));
};
const mean = (values: readonly number[]): number => values.reduce((s, v) => s + v / values.length, 0);
const variance = (values: readonly number[]): number => mean(values.map((v) => (v - mean(values)) ** 2));

/** How far a normalisation is from the identity when γ = √(σ² + ε) and β = μ, over the largest number. */
const recovered = (layer: LayerSpec, seed: number): number => {
  const z = normal(keyOf(seed), [SAMPLES, FEATURES]);
  // features of many sizes, far from 0
  const x = ops.add(
    ops.mul(z, Tensor.from([FEATURES], [0.01, 0.1, 1, 2, 5, 10, 100, 1000])),
    normal(keyOf(seed + 100), [FEATURES]),
  );
  const of = columns(x);
  const params = [
    {
      gamma: Tensor.from(
        [FEATURES],
        of.map((c) => Math.sqrt(variance(c) + EPS)),
      ),
      beta: Tensor.from([FEATURES], of.map(mean)),
    },
  ];
  const model = modelOf({ layers: [layer], loss: 'mse' });
  const { variables } = model.network.init(keyOf(0), [FEATURES]);
  const [y] = model.network.apply(ops, { ...variables, params }, x, { mode: 'train' });
  const apart = columns(ops.abs(ops.sub(y, x))).map((c) => Math.max(...c));
  return Math.max(...apart.map((a, j) => a / Math.max(...(of[j] ?? []).map(Math.abs))));
};

/** A rule that leaves the last two leaves, β and γ of the last layer, where they are. */
const frozen = (rule: Transform): Transform => ({
  ...rule,
  update: (o, gs, slots, ws, k) => {
    const [us, next] = rule.update(o, gs, slots, ws, k);
    return [us.map((u, i) => (i < us.length - 2 ? u : o.mul(u, o.lit(0)))), next];
  },
});

/** A line to learn whose values have a mean and a deviation of their own, exactly. */
const target = (seed: number): Data => {
  const x = normal(keyOf(seed), [SAMPLES, 1]);
  const all = x.toArray();
  const [m, s] = [mean(all), Math.sqrt(variance(all))];
  return {
    x,
    y: Tensor.from(
      [SAMPLES, 1],
      all.map((v) => MEAN + (DEVIATION * (v - m)) / s),
    ),
  };
};

export interface ScaleSubject {
  readonly layer: LayerSpec;
  /** The rule that learns γ and β. */
  readonly learnt: Transform;
}
const ADAM = optimizerOf('adam', { lr: 0.05 });
const SUBJECT: ScaleSubject = { layer: NORM, learnt: ADAM };

export const scaleAndShift = async (
  say: Say,
  { layer, learnt }: ScaleSubject = SUBJECT,
  seeds = SEEDS,
): Promise<Findings> => {
  const identity = seeds.map((seed) => recovered(layer, seed));
  const model = modelOf({ layers: [{ type: 'dense', units: 1 }, layer], loss: 'mse' });
  const way = (optimizer: Transform, seed: number) => {
    const setup: Setup = { model, optimizer };
    const data = target(seed);
    return watched(setups.get(optimizer) ?? setup, startOf(setup, seed, data), data, { every: EVERY, steps: STEPS });
  };
  const still = frozen(ADAM);
  const setups = new Map([learnt, still].map((optimizer) => [optimizer, { model, optimizer }] as const));
  const runs = await overSeeds(say, seeds, (seed) => ({ free: way(learnt, seed), fixed: way(still, seed) }));
  // of normalised values v with mean 0 and deviation s < 1, the best is the target's own direction: MEAN² + (DEVIATION − s)²
  const floor = MEAN ** 2 + (DEVIATION - 1) ** 2;
  const ends = (name: 'free' | 'fixed'): readonly number[] => runs.map((r) => r[name].at(-1)?.loss ?? Number.NaN);
  const under = Math.min(...runs.flatMap((r) => r.fixed.map((t) => t.loss))) - floor;
  // what comes before as a bias is taken away again, so that β has to stand for it
  const slopes = runs.map((r, i) => {
    const { variables } = r.free[0]?.training ?? startOf({ model, optimizer: learnt }, 1, target(1));
    const { x, y } = target(seeds[i] as number); // one run per seed
    const { grads } = lossAndGrad(ops, model, variables, x, y);
    const own = grads[0]?.b?.toArray() ?? [];
    return (
      Math.max(...own.map(Math.abs)) /
      Math.max(...flatten<Tensor>(grads).leaves.flatMap((g) => g.toArray().map(Math.abs)))
    );
  });
  const curve = (series: string, name: 'free' | 'fixed') =>
    (runs[0]?.[name] ?? []).map(({ k }, i) => ({
      series,
      x: k,
      y: median(runs.map((r) => r[name][i]?.loss as number)),
    })); // of one length
  return {
    checks: [
      check(
        `with γ = √(σ² + ε) and β = μ it gives its input back, to 2⁻⁴⁵ of the largest number, ${seeds.length} batches of ${FEATURES} features from 0.01 to 1000`,
        Math.max(...identity) <= 2 ** -45,
        `off by at most ${figure(Math.max(...identity))}`,
      ),
      check(
        `with γ = 1 and β = 0 a line of mean ${MEAN} and deviation ${DEVIATION} is out of reach: never below ${floor} = ${MEAN}² + (${DEVIATION} − 1)²`,
        under >= -1e-9,
        `${figure(under)} above at the least`,
      ),
      check(
        'with γ and β learnt it is reached, to 10⁻⁴, from every seed',
        ends('free').every((l) => l <= 1e-4),
        `at most ${figure(Math.max(...ends('free')))}`,
      ),
      check(
        'a bias in front of it has no slope, so that β has to stand for it: below 2⁻⁴⁰ of the largest slope',
        Math.max(...slopes) <= 2 ** -40,
        `at most ${figure(Math.max(...slopes))}`,
      ),
    ],
    numbers: [
      number('identity: largest relative difference', Math.max(...identity)),
      number('least squared error without γ and β', floor),
      number('squared error without them, median', median(ends('fixed'))),
      number('squared error with them, median', median(ends('free'))),
    ],
    text: `With γ and β the identity comes back to ${figure(Math.max(...identity))}, and the line is learnt to ${figure(median(ends('free')))}; without them the error stays at ${figure(median(ends('fixed')))}, its floor being ${floor}`,
    chart: await chartOf(
      'scale-shift',
      'γ·x + β, and why',
      `a dense layer and batch norm learn a line of mean ${MEAN} and deviation ${DEVIATION}; median of ${seeds.length} seeds`,
      'Squared error over steps with γ and β learnt and with γ = 1 and β = 0, which stays at its floor.',
      [
        lines({
          title: 'squared error',
          x: { title: 'step' },
          y: { title: 'mean squared error', log: true },
          order: ['γ and β learnt', 'γ = 1, β = 0'],
          values: [...curve('γ and β learnt', 'free'), ...curve('γ = 1, β = 0', 'fixed')],
        }),
      ],
    ),
  };
};

export const scaleParts: readonly Part[] = [
  {
    id: 'scale-shift',
    title: 'γ·x + β and why',
    claim:
      'Behind the normalisation γ·x + β can give the identity back; without it a layer could not have any mean and deviation but 0 and 1.',
    source: 'Ioffe & Szegedy 2015, §3',
    run: (say) => scaleAndShift(say),
  },
];
