// Chapter 6: ReLU has a dead half, which a leaky one has not; tanh is centred.
import {
  type Data,
  diagnose,
  keyOf,
  type LayerSpec,
  type Named,
  type Setup,
  startFrom,
  Tensor,
  type Training,
} from '../../src/index.ts';
import { breastCancer } from '../data.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, dots, lines } from './panels.ts';
import { check, compared, type Findings, grid, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { curveOf } from './sigmoid.ts';
import { descend, setupOf, startOf } from './train.ts';

const POINTS = grid(-8, 8, 257);
const SLOPE = 0.1;
const UNITS = 16;
const STEPS = 300;
/** Below what any sample can outweigh. */
const BIAS = -40;

type Activation = Extract<LayerSpec, { readonly type: 'activation' }>;
const RELU: Activation = { type: 'activation', name: 'relu' };
const LEAKY: Activation = { type: 'activation', name: 'leakyRelu', slope: SLOPE };

const setupWith = (activation: Activation, hidden: number, lr: number): Setup => {
  const block: readonly LayerSpec[] = [{ type: 'dense', units: UNITS, init: 'heNormal' }, activation];
  const layers = [...Array.from({ length: hidden }, () => block).flat(), { type: 'dense', units: 1 } as const];
  return setupOf({ layers, loss: 'bceWithLogits' }, 'sgd', { lr });
};

/** A start whose hidden units are off for every sample, because of this bias. */
const pushedOff = (setup: Setup, seed: number, data: Data): Training => {
  const { variables } = setup.model.network.init(keyOf(seed), data.x.shape.slice(1));
  const [first, ...rest] = variables.params as [Named<Tensor>, ...Named<Tensor>[]]; // a dense layer, and what follows
  const params = [{ ...first, b: Tensor.build([UNITS], (out) => out.fill(BIAS)) }, ...rest];
  return startFrom(setup, keyOf(0), { ...variables, params });
};

const hiddenOf = ({ variables }: Training): readonly number[] => {
  const { w, b } = variables.params[0] as { readonly w: Tensor; readonly b: Tensor }; // of the first dense layer
  return [...w.toArray(), ...b.toArray()];
};

/** One seed: hidden weights that moved though every unit began off, and the loss that was reached. */
const revive = (setup: Setup, seed: number, data: Data) => {
  const from = pushedOff(setup, seed, data);
  const { training, loss } = descend(setup, from, data, STEPS);
  const [before, after] = [hiddenOf(from), hiddenOf(training)];
  return { moved: after.filter((v, i) => v !== before[i]).length, of: after.length, loss };
};

/** Share of hidden units without a slope for any sample, after descent. */
const deadAfter = (setup: Setup, seed: number, data: Data): number => {
  const { training } = descend(setup, startOf(setup, seed, data), data, 50);
  const hidden = diagnose(setup.model, training.variables, data).layers.flatMap((l) =>
    l.dead === null ? [] : [l.dead],
  );
  return hidden.reduce((s, dead) => s + dead / hidden.length, 0);
};

const RATES = [0.1, 0.3, 1, 3];
const HIDDEN = 3;

export const deadHalf = async (say: Say, rectifier: Activation = RELU, seeds = SEEDS): Promise<Findings> => {
  const { train } = breastCancer(keyOf(1));
  const curve = curveOf(rectifier.name, POINTS, { params: paramsOf(rectifier) });
  const leaky = curveOf('leakyRelu', POINTS, { params: { slope: SLOPE } });
  const tanh = curveOf('tanh', POINTS);
  const sigmoid = curveOf(
    'sigmoid',
    POINTS.map((x) => 2 * x),
  );
  const half = curve.slopes.every((s, i) => ((POINTS[i] as number) > 0 ? s === 1 : s === 0));
  const alive = leaky.slopes.every((s, i) => ((POINTS[i] as number) > 0 ? s === 1 : s === SLOPE));
  const odd = tanh.values.every((v, i) => v === -(tanh.values[POINTS.length - 1 - i] as number));
  const apart = Math.max(...tanh.values.map((v, i) => Math.abs(v - (2 * (sigmoid.values[i] as number) - 1))));
  const [one, other] = [setupWith(rectifier, 1, 0.5), setupWith(LEAKY, 1, 0.5)];
  const off = await overSeeds(say, seeds, (seed) => revive(one, seed, train));
  const back = await overSeeds(say, seeds, (seed) => revive(other, seed, train));
  const rates = [];
  for (const lr of RATES) {
    const [hard, soft] = [setupWith(rectifier, HIDDEN, lr), setupWith(LEAKY, HIDDEN, lr)];
    rates.push({
      lr,
      relu: await overSeeds(say, seeds, (seed) => deadAfter(hard, seed, train)),
      leaky: await overSeeds(say, seeds, (seed) => deadAfter(soft, seed, train)),
    });
  }
  const moved = off.reduce((s, r) => s + r.moved, 0);
  const revived = back.filter((r) => r.moved > 0).length;
  const worst = rates.at(-1);
  const [stuck, free] = [off.map((r) => r.loss), back.map((r) => r.loss)];
  const wild = median(worst?.relu ?? []);
  return {
    checks: [
      check(
        `ReLU: slope 1 right of 0 and 0 left of it, exactly, at ${POINTS.length} points`,
        half,
        half ? 'so it is' : 'not so',
      ),
      check(
        `leaky: slope ${SLOPE} on the left, exactly, so that there is no dead half`,
        alive,
        alive ? 'so it is' : 'not so',
      ),
      check(
        'tanh is centred: odd to the last bit, steepest slope 1, and 2·σ(2x) − 1',
        odd && Math.max(...tanh.slopes) === 1 && apart <= 2 ** -51,
        `slope at most ${Math.max(...tanh.slopes)}, ${figure(apart)} from 2·σ(2x) − 1`,
      ),
      check(
        `units that are off for every sample never come back with ReLU: after ${STEPS} steps no bit of their weights has moved, ${seeds.length} seeds`,
        moved === 0,
        `${moved} of ${off.reduce((s, r) => s + r.of, 0)} numbers moved`,
      ),
      check('leaky ones move, from every seed', revived === seeds.length, `from ${revived} of ${seeds.length}`),
      ...compared([
        { says: 'and learn: the loss is lower than with ReLU from the same start', lower: free, higher: stuck },
        {
          says: `a rate of ${worst?.lr} kills more units of ReLU than of leaky ReLU`,
          lower: worst?.leaky ?? [],
          higher: worst?.relu ?? [],
        },
      ]),
    ],
    numbers: [
      number('loss of dead ReLU units, median', median(stuck), 'nats'),
      number('loss of leaky units from the same start, median', median(free), 'nats'),
      ...rates.map(({ lr, relu }) =>
        number(`share of units of ReLU dead after 50 steps at the rate ${lr}, median`, median(relu)),
      ),
      number('largest slope of tanh', Math.max(...tanh.slopes)),
    ],
    text: `Dead units of ReLU keep every bit and a loss of ${figure(median(stuck))} nats, leaky ones get to ${figure(median(free))}; at a rate of ${worst?.lr} ${figure(100 * wild)} % of ReLU's units die`,
    chart: await chartOf(
      'relu',
      "ReLU's dead half, leaky ReLU, and tanh",
      `right: ${HIDDEN} hidden layers of ${UNITS} units on the breast-cancer data after 50 steps of descent, ${seeds.length} seeds`,
      'Three activations over x, and the share of dead units by learning rate for ReLU and leaky ReLU.',
      [
        lines({
          title: `activations (leaky: slope ${SLOPE})`,
          x: { title: 'x', domain: [-4, 4] },
          y: { title: 'value', domain: [-1, 2] },
          order: ['ReLU', 'leaky', 'tanh'],
          values: [
            ...pointsOf('ReLU', curve.values),
            ...pointsOf('leaky', leaky.values),
            ...pointsOf('tanh', tanh.values),
          ],
        }),
        dots(
          'share of units that no sample turns on',
          { title: 'share of dead units', domain: [0, 1] },
          rates.flatMap(({ lr, relu, leaky: l }) => [
            { name: `ReLU, rate ${lr}`, values: relu },
            ...(lr === worst?.lr ? [{ name: `leaky, rate ${lr}`, values: l }] : []),
          ]),
        ),
      ],
    ),
  };
};
const pointsOf = (series: string, values: readonly number[]) =>
  values.flatMap((y, i) => (Math.abs(POINTS[i] as number) > 4 ? [] : [{ series, x: POINTS[i] as number, y }]));
const paramsOf = ({ type: _, name: _name, ...params }: Activation) => params as Readonly<Record<string, number>>; // numbers alone are left

export const reluParts: readonly Part[] = [
  {
    id: 'relu',
    title: "ReLU's dead half",
    claim:
      'ReLU has slope 1 or 0: a unit that is off for every sample never comes back. A leaky one does; tanh is centred and up to four times as steep as the sigmoid.',
    source: 'Nair & Hinton 2010; Maas, Hannun & Ng 2013; LeCun et al. 1998, §4.4',
    run: (say) => deadHalf(say),
  },
];
