// Chapter 8: the start to avoid, starts that keep the signal, and a deep stack of sigmoids rescued by Boltzmann machines.
import {
  type Data,
  diagnose,
  keyOf,
  mlp,
  modelOf,
  type Named,
  normal,
  symmetryOf,
  type Tensor,
} from '../../src/index.ts';
import { breastCancer } from '../data.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, dots, lines, type Point } from './panels.ts';
import { check, compared, type Findings, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { deep, setupOf, startOf, watched } from './train.ts';

const UNITS = 12;
const STEPS = 200;
const EVERY = 10;
const setupWith = (init: string, gain: number) =>
  setupOf(
    {
      layers: mlp([UNITS, 1], 'tanh', init).map((l) => (l.type === 'dense' ? { ...l, gain } : l)),
      loss: 'bceWithLogits',
    },
    'adam',
    { lr: 0.02 },
  );

/** Entropy of the labels, which is the best that one number for all samples can do. */
const baseline = ({ y }: Data): number => {
  const p = y.toArray().reduce((s, v) => s + v, 0) / y.view.length;
  return -(p * Math.log(p) + (1 - p) * Math.log1p(-p));
};

/** The weight of the first input to every hidden unit. */
const firstWeights = (params: readonly Named<Tensor>[]): readonly number[] =>
  params[0]?.w?.toArray().slice(0, UNITS) ?? []; // [in, units]

/** Zeros, one number for all, and Xavier, from a split of the data by seed. `copies` are the starts that should stay symmetric. */
export const zerosStayEqual = async (
  say: Say,
  copies: readonly [string, string] = ['zeros', 'constant'],
  seeds = SEEDS,
): Promise<Findings> => {
  const starts = [
    { name: copies[0], gain: 1 },
    { name: copies[1], gain: 0.1 },
    { name: 'xavierNormal', gain: 1 },
  ].map((s) => ({ ...s, setup: setupWith(s.name, s.gain) }));
  const studies = await overSeeds(say, seeds, (seed) => {
    const { train } = breastCancer(keyOf(seed));
    return {
      floor: baseline(train),
      of: starts.map(({ setup }) => {
        const told = watched(setup, startOf(setup, seed, train), train, { every: EVERY, steps: STEPS });
        const apart = told.map((t) => symmetryOf(setup.model, t.training.variables.params)[0]);
        return {
          distinct: Math.max(...apart.map((s) => s?.distinct ?? Number.NaN)),
          last: apart.at(-1)?.distinct ?? Number.NaN,
          distance: Math.max(...apart.map((s) => s?.distance ?? Number.NaN)),
          loss: told.at(-1)?.loss ?? Number.NaN,
          weights: told.map((t) => firstWeights(t.training.variables.params)),
        };
      }),
    };
  });
  const of = (i: number) => studies.map((s) => s.of[i] as (typeof s.of)[number]); // one per start
  const [zero, same, free] = [of(0), of(1), of(2)];
  const symmetric = [...zero, ...same];
  const above = Math.min(...studies.map((s) => (s.of[0]?.loss ?? Number.NaN) - s.floor));
  const losses = (all: typeof zero): readonly number[] => all.map((s) => s.loss);
  const weights = (all: typeof zero): readonly Point[] =>
    (all[0]?.weights ?? []).flatMap((w, i) => w.map((y, j) => ({ series: `unit ${j + 1}`, x: EVERY * (i + 1), y })));
  const panel = (title: string, all: typeof zero) =>
    lines({
      title,
      x: { title: 'step' },
      y: { title: 'weight of the first input' },
      order: Array.from({ length: UNITS }, (_, j) => `unit ${j + 1}`),
      values: weights(all),
    });
  const n = seeds.length;
  return {
    checks: [
      check(
        `from zeros, and from one number for all, the ${UNITS} hidden units stay copies to the last bit: at every ${EVERY}th of ${STEPS} steps of Adam, ${n} seeds`,
        symmetric.every((s) => s.distinct === 1 && s.distance === 0),
        `at most ${Math.max(...symmetric.map((s) => s.distinct))} different, ${figure(Math.max(...symmetric.map((s) => s.distance)))} apart`,
      ),
      check(
        'from Xavier all units are different',
        free.every((s) => s.last === UNITS),
        `at least ${Math.min(...free.map((s) => s.last))} of ${UNITS}`,
      ),
      check(
        'from zeros nothing but the last bias moves: the loss never gets below the entropy of the labels',
        above >= -1e-12,
        `${figure(above)} above at the least`,
      ),
      ...compared([
        { says: 'Xavier ends lower than zeros', lower: losses(free), higher: losses(zero) },
        { says: 'Xavier ends lower than one number for all', lower: losses(free), higher: losses(same) },
      ]),
    ],
    numbers: [
      number('loss from zeros, median', median(losses(zero)), 'nats'),
      number('entropy of the labels, median', median(studies.map((s) => s.floor)), 'nats'),
      number('loss from 0.1 for all weights, median', median(losses(same)), 'nats'),
      number('loss from Xavier, median', median(losses(free)), 'nats'),
      number('different units from zeros', Math.max(...zero.map((s) => s.distinct))),
      number('different units from Xavier', Math.min(...free.map((s) => s.last))),
    ],
    text: `${UNITS} units from zeros are one unit ${UNITS} times, for ever: loss ${figure(median(losses(zero)))}, from one number ${figure(median(losses(same)))}, from Xavier ${figure(median(losses(free)))} nats`,
    chart: await chartOf(
      'zeros',
      'Units that begin equal stay equal',
      `the weight of the first input to each of ${UNITS} hidden units, 30–${UNITS}–1 on the breast-cancer data`,
      'Weights of twelve hidden units over steps: one line from a constant start, twelve from Xavier.',
      [panel('all weights 0.1: twelve units, one line', same), panel('Xavier: twelve units', free)],
    ),
  };
};

const DEPTH = 30;
const WIDTH = 64;
/** A start, and by what the mean square of its signals changes from layer to layer; null where that depends on the signal. */
export interface Start {
  readonly name: string;
  readonly activation: string;
  readonly init: string;
  readonly gain: number;
  readonly factor: number | null;
}
export const STARTS: readonly Start[] = [
  { name: 'ReLU, He', activation: 'relu', init: 'heNormal', gain: 1, factor: 1 },
  { name: 'ReLU, Xavier', activation: 'relu', init: 'xavierNormal', gain: 1, factor: 1 / 2 },
  { name: 'ReLU, twice He', activation: 'relu', init: 'heNormal', gain: Math.SQRT2, factor: 2 },
  { name: 'linear, Xavier', activation: 'identity', init: 'xavierNormal', gain: 1, factor: 1 },
  { name: 'tanh, Xavier', activation: 'tanh', init: 'xavierNormal', gain: 1, factor: null },
  { name: 'tanh, N(0, 1)', activation: 'tanh', init: 'normal', gain: 1, factor: null },
];
/** Mean squares are drawn from layer to layer: this is four deviations of their mean factor over all layers and seeds. */
const WITHIN = 4 * Math.sqrt(5 / (WIDTH * DEPTH * 12)) + 2.5 / WIDTH;

/** Mean squares behind every dense layer, the slope that is left at the input, and the share of saturated numbers. */
const signal = ({ activation, init, gain }: Start, seed: number) => {
  const layers = deep(DEPTH, WIDTH, WIDTH, { activation, init }).map((l) => (l.type === 'dense' ? { ...l, gain } : l));
  const model = modelOf({ layers, loss: 'mse' });
  const { variables } = model.network.init(keyOf(seed), [WIDTH]);
  const [x, y] = [normal(keyOf(seed + 1000), [64, WIDTH]), normal(keyOf(seed + 2000), [64, WIDTH])];
  const all = diagnose(model, variables, { x, y }).layers;
  const dense = all.filter((l) => l.layer === 'dense').map((l) => l.variance + l.mean * l.mean);
  return {
    squares: dense,
    factor: ((dense[DEPTH] as number) / (dense[0] as number)) ** (1 / DEPTH), // a layer each, and the last
    ratio: all[0]?.ratio ?? Number.NaN,
    saturated: Math.max(...all.map((l) => l.saturated ?? 0)),
  };
};

/** How the size of signals and slopes goes through a deep network, by start. */
export const signalThroughDepth = async (
  say: Say,
  starts: readonly Start[] = STARTS,
  seeds = SEEDS,
): Promise<Findings> => {
  const all: (Start & { readonly runs: readonly ReturnType<typeof signal>[] })[] = [];
  for (const start of starts) all.push({ ...start, runs: await overSeeds(say, seeds, (seed) => signal(start, seed)) });
  const of = (name: string) => all.find((s) => s.name === name)?.runs ?? [];
  const off = (name: string): readonly number[] => of(name).map((r) => Math.abs(Math.log10(r.ratio)));
  const factors = all.map(({ name, factor, runs }) => ({
    name,
    factor,
    found: Math.exp(runs.reduce((s, r) => s + Math.log(r.factor) / runs.length, 0)),
  }));
  const saturated = (name: string): number => median(of(name).map((r) => r.saturated));
  return {
    checks: [
      ...factors.flatMap(({ name, factor, found }) =>
        factor === null
          ? []
          : [
              check(
                `${name}: the mean square of a layer is ${factor} times that of the one before, to ${figure(100 * WITHIN)} %`,
                Math.abs(found / factor - 1) <= WITHIN,
                figure(found),
              ),
            ],
      ),
      check(
        'tanh from N(0, 1) is saturated, from Xavier it is not',
        saturated('tanh, N(0, 1)') > 0.5 && saturated('tanh, Xavier') < 0.05,
        `${figure(100 * saturated('tanh, N(0, 1)'))} % of the numbers against ${figure(100 * saturated('tanh, Xavier'))} %`,
      ),
      ...compared([
        {
          says: 'with ReLU, He keeps the slope nearer to its size than Xavier',
          lower: off('ReLU, He'),
          higher: off('ReLU, Xavier'),
        },
        { says: 'and nearer than twice the variance', lower: off('ReLU, He'), higher: off('ReLU, twice He') },
        {
          says: 'with tanh, Xavier keeps it nearer than N(0, 1)',
          lower: off('tanh, Xavier'),
          higher: off('tanh, N(0, 1)'),
        },
      ]),
    ],
    numbers: [
      ...factors.map(({ name, found }) => number(`factor of the mean square per layer, ${name}`, found)),
      ...all.map(({ name, runs }) =>
        number(`slope left after ${DEPTH} layers, ${name}, median`, median(runs.map((r) => r.ratio))),
      ),
    ],
    text: `Per layer of ReLU the mean square goes by ${figure(factors[0]?.found ?? Number.NaN)} from He, by ${figure(factors[1]?.found ?? Number.NaN)} from Xavier and by ${figure(factors[2]?.found ?? Number.NaN)} from twice the variance of He`,
    chart: await chartOf(
      'xavier-he',
      'Xavier and He: the size of a signal through depth',
      `networks of ${DEPTH} layers of ${WIDTH} units at their start, ${seeds.length} seeds`,
      'Mean square of the signal over the layer for six starts, and the share of the slope that is left at the input.',
      [
        lines({
          title: 'mean square behind a dense layer, median',
          x: { title: 'layer' },
          y: { title: 'mean square', log: true },
          order: starts.map((s) => s.name),
          values: all.flatMap(
            ({ name, runs }) =>
              (runs[0]?.squares ?? []).map((_, l) => ({
                series: name,
                x: l + 1,
                y: median(runs.map((r) => r.squares[l] as number)),
              })), // of one depth
          ),
        }),
        dots(
          'slope at the input over slope at the output',
          { title: 'ratio', log: true },
          all.map(({ name, runs }) => ({ name, values: runs.map((r) => r.ratio) })),
          [1],
        ),
      ],
    ),
  };
};

export const initialParts: readonly Part[] = [
  {
    id: 'zeros',
    title: 'The start to avoid',
    claim: 'Weights that begin at zero, or all equal, make hidden units that stay copies of each other for ever.',
    source: 'Rumelhart, Hinton & Williams 1986',
    run: (say) => zerosStayEqual(say),
  },
  {
    id: 'xavier-he',
    title: 'Xavier and He',
    claim:
      'Xavier keeps the size of signals through linear layers and tanh, He through ReLU; others let them fade, grow, or saturate.',
    source: 'Glorot & Bengio 2010; He et al. 2015',
    run: (say) => signalThroughDepth(say),
  },
];
