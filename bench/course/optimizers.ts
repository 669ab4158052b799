// Chapter 7: optimizers side by side, in a narrow valley and on a small network.
import {
  type Data,
  grad,
  type Hyper,
  keyOf,
  type Lang,
  mlp,
  modelOf,
  ops,
  optimizerOf,
  type Program,
  type Setup,
  Tensor,
  type Transform,
  takeData,
} from '../../src/index.ts';
import { breastCancer } from '../data.ts';
import { figure } from '../markdown.ts';
import { median, pairedRankTest } from '../statistics.ts';
import { chartOf, lines, type Point, plane } from './panels.ts';
import { check, compared, type Findings, grid, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { startOf, watched } from './train.ts';

/** What is compared: a name, its numbers in the valley, and the rule. */
export interface Rider {
  readonly name: string;
  readonly inValley: Hyper;
  readonly make: (hyper: Hyper) => Transform;
}

/** A valley κ times as steep across as along: ½·(x² + κ·y²). */
const KAPPA = 25;
const STEEP = Tensor.from([2], [1, KAPPA]);
const valley: Program = <T>(o: Lang<T>, [w, steep]: readonly T[]): T =>
  o.mul(o.lit(0.5), o.sum(o.mul(steep as T, o.square(w as T)), { axes: [0], keep: false })); // two arguments

const root = Math.sqrt(KAPPA);
const rider = (name: string, inValley: Hyper): Rider => ({ name, inValley, make: (hyper) => optimizerOf(name, hyper) });
/** In the valley descent and momentum have the best numbers that theory knows. @source Polyak 1964; Nesterov 2004, §2.1 */
export const RIDERS: readonly Rider[] = [
  rider('sgd', { lr: 2 / (1 + KAPPA) }),
  rider('momentum', { lr: 4 / (1 + root) ** 2, momentum: ((root - 1) / (root + 1)) ** 2 }),
  rider('rmsprop', { lr: 0.1, decay: 0.9 }),
  rider('adam', { lr: 0.3 }),
];
const BEGIN = [-4, 1.5] as const;
const LONG = 400;

/** Places and heights on the way down. */
const ride = ({ make, inValley }: Rider, steps: number) => {
  const rule = make(inValley);
  let w: Tensor = Tensor.from([2], BEGIN);
  let slots = rule.init(ops, [w]);
  const told = [{ x: BEGIN[0] as number, y: BEGIN[1] as number, height: valley(ops, [w, STEEP]).view[0] as number }];
  for (let k = 1; k <= steps; k++) {
    const [g] = grad(valley)(ops, [w, STEEP]) as [Tensor, Tensor]; // one per argument
    const [[move], next] = rule.update(ops, [g], slots, [w], ops.lit(k));
    w = ops.add(w, move as Tensor); // one leaf
    slots = next;
    told.push({ x: w.view[0] as number, y: w.view[1] as number, height: valley(ops, [w, STEEP]).view[0] as number });
  }
  return told;
};

/** How much of the distance is left per step, as measured between two times; heights are squares of distances. */
const rateOf = (heights: readonly number[], from: number, to: number): number =>
  ((heights[to] as number) / (heights[from] as number)) ** (1 / (2 * (to - from)));

const SPEC = { layers: mlp([16, 1], 'tanh', 'xavierNormal'), loss: 'bceWithLogits' };
const STEPS = 60;
/** The same grid for all; none should find its best at an end of it. */
const RATES = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];
const TUNING = [101, 102, 103, 104, 105, 106, 107] as const;
/** Few, since every step takes them all. */
const SAMPLES = Array.from({ length: 128 }, (_, i) => i);

/** Features as they are, and each at a scale of its own, from 1 down to 1/100. */
const TASKS = [
  { name: 'one scale', scaled: (x: Tensor): Tensor => x },
  {
    name: 'many scales',
    scaled: (x: Tensor): Tensor => {
      const d = x.shape[1] as number; // a matrix
      return ops.mul(
        x,
        Tensor.from(
          [d],
          grid(0, -2, d).map((e) => 10 ** e),
        ),
      );
    },
  },
] as const;
type TaskName = (typeof TASKS)[number]['name'];

/** Twelve curves with the rate that was best on other seeds. */
const raced = async (
  say: Say,
  { name, make }: Rider,
  data: Data,
  seeds: readonly number[],
  rates: readonly number[],
) => {
  const model = modelOf(SPEC);
  const lossesOf = (setup: Setup, seed: number, every: number): readonly number[] =>
    watched(setup, startOf(setup, seed, data), data, { every, steps: STEPS }).map((t) => t.loss);
  const tried = rates.map((lr) => {
    const setup = { model, optimizer: make({ lr }) };
    return { lr, setup, loss: median(TUNING.map((seed) => lossesOf(setup, seed, STEPS)[0] as number)) }; // one is told
  });
  const { lr, setup } = tried.reduce((a, b) => (b.loss < a.loss ? b : a));
  const curves = await overSeeds(
    (seed) => say(`${name}, ${seed}`),
    seeds,
    (seed) => lossesOf(setup, seed, 2),
  );
  return { name, lr, curves, ends: curves.map((c) => c.at(-1) ?? Number.NaN) };
};

const contours: readonly Point[] = [0.03, 0.3, 1, 3, 10, 30, 100].flatMap((height) =>
  grid(0, 2 * Math.PI, 73).map((t) => {
    const r = Math.sqrt(2 * height);
    return { series: String(height), x: r * Math.cos(t), y: (r / root) * Math.sin(t) };
  }),
);

export const sideBySide = async (
  say: Say,
  riders: readonly Rider[] = RIDERS,
  seeds = SEEDS,
  rates = RATES,
): Promise<Findings> => {
  const rides = riders.map((r) => ({ name: r.name, way: ride(r, LONG) }));
  const heights = (name: string): readonly number[] =>
    rides.find((r) => r.name === name)?.way.map((p) => p.height) ?? [];
  const [plain, rolling] = [rateOf(heights('sgd'), 20, 120), rateOf(heights('momentum'), 40, 80)];
  const [theory, theoryRolling] = [(KAPPA - 1) / (KAPPA + 1), (root - 1) / (root + 1)];
  const until = (name: string): number => heights(name).findIndex((h) => h <= 1e-6);
  const train = takeData(breastCancer(keyOf(1)).train, SAMPLES);
  const races: { readonly task: TaskName; readonly runs: readonly Awaited<ReturnType<typeof raced>>[] }[] = [];
  for (const { name: task, scaled } of TASKS) {
    const data = { ...train, x: scaled(train.x) };
    const runs = [];
    for (const r of riders) runs.push(await raced((text) => say(`${task}: ${text}`), r, data, seeds, rates));
    races.push({ task, runs });
  }
  const ends = (task: TaskName, name: string): readonly number[] =>
    races.find((r) => r.task === task)?.runs.find((r) => r.name === name)?.ends ?? [];
  const race = (task: TaskName, name: string) => ({ lower: ends(task, name), higher: ends(task, 'sgd') });
  const beside = pairedRankTest(ends('one scale', 'adam'), ends('one scale', 'sgd'));
  const all = races.flatMap(({ task, runs }) => runs.map((r) => ({ task, ...r })));
  return {
    checks: [
      check(
        'in the valley plain descent keeps (κ − 1)/(κ + 1) of the distance per step, to 0.1 %',
        Math.abs(plain / theory - 1) <= 1e-3,
        `${plain.toFixed(5)}, in theory ${theory.toFixed(5)}`,
      ),
      check(
        'momentum keeps (√κ − 1)/(√κ + 1), to 3 % (its root is double)',
        Math.abs(rolling / theoryRolling - 1) <= 0.03,
        `${rolling.toFixed(5)}, in theory ${theoryRolling.toFixed(5)}`,
      ),
      check(
        'all come down to 10⁻⁶, momentum before plain descent',
        riders.every((r) => until(r.name) > 0) && until('momentum') < until('sgd'),
        riders.map((r) => `${r.name} after ${until(r.name)} steps`).join(', '),
      ),
      ...compared([
        {
          says: `on the network momentum ends lower than sgd after ${STEPS} steps, each with its best rate`,
          ...race('one scale', 'momentum'),
        },
        { says: 'where features differ in scale rmsprop ends lower than sgd', ...race('many scales', 'rmsprop') },
        { says: 'and so does adam', ...race('many scales', 'adam') },
      ]),
    ],
    numbers: [
      ...riders.map((r) => number(`steps to 10⁻⁶ in the valley, ${r.name}`, until(r.name))),
      ...all.map(({ task, name, lr }) => number(`best rate on other seeds, ${task}, ${name}`, lr)),
      ...all.map(({ task, name, ends: e }) =>
        number(`loss after ${STEPS} steps, ${task}, ${name}, median`, median(e), 'nats'),
      ),
      number('p of adam against sgd on features of one scale, not corrected', beside.p),
    ],
    text: `In the valley momentum needs ${until('momentum')} steps and plain descent ${until('sgd')}. Adam ends lower than sgd in ${beside.aLower} of ${seeds.length} seeds where features have one scale (p = ${figure(beside.p)}), and at ${figure(median(ends('many scales', 'adam')))} against ${figure(median(ends('many scales', 'sgd')))} nats where they have many`,
    chart: await chartOf(
      'optimizers',
      'Optimizers side by side',
      `left: 40 steps in a valley ${KAPPA} times as steep across as along; others: 30–16–1 on ${SAMPLES.length} samples of the breast-cancer data, each with its best rate`,
      'Ways of four optimizers down a narrow valley, and their median training loss over steps on a small network with features of one scale and of many.',
      [
        plane({
          title: 'ways down the valley',
          x: { title: 'along', domain: [-5, 3] },
          y: { title: 'across', domain: [-4, 4] },
          cells: 1,
          value: () => 0,
          scale: { domain: [0, 1], range: ['#ffffff', '#ffffff'] },
          contours,
          order: riders.map((r) => r.name),
          paths: rides.flatMap(({ name, way }): readonly Point[] =>
            way.slice(0, 41).map(({ x, y }) => ({ series: name, x, y })),
          ),
        }),
        ...races.map(({ task, runs }) =>
          lines({
            title: `features of ${task}: median training loss`,
            x: { title: 'step' },
            y: { title: 'loss (nats)', log: true },
            order: riders.map((r) => r.name),
            values: runs.flatMap(
              ({ name, curves }) =>
                (curves[0] ?? []).map((_, i) => ({
                  series: name,
                  x: 2 * (i + 1),
                  y: median(curves.map((c) => c[i] as number)),
                })), // all of one length
            ),
          }),
        ),
      ],
    ),
  };
};

export const optimizerParts: readonly Part[] = [
  {
    id: 'optimizers',
    title: 'Optimizers side by side',
    claim:
      'Momentum carries descent along a narrow valley; RMSProp and Adam give each weight a step of its own, which pays where features differ in scale.',
    source: 'Polyak 1964; Tieleman & Hinton 2012; Kingma & Ba 2015',
    run: (say) => sideBySide(say),
  },
];
