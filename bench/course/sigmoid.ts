// Chapter 5: the sigmoid is flat at both ends, and its slopes, multiplied through depth, vanish.
import {
  diagnose,
  keyOf,
  type Lang,
  layerOf,
  modelOf,
  normal,
  ops,
  type Program,
  Tensor,
  vjp,
} from '../../src/index.ts';
import { figure } from '../markdown.ts';
import { median } from '../statistics.ts';
import { chartOf, lines } from './panels.ts';
import { check, type Findings, grid, number, type Part, SEEDS } from './part.ts';
import { deep } from './train.ts';

const UNIT = 2 ** -53;

/** Values of an activation at points, and its slopes there as the tape finds them, after `times` of it one inside another. */
export const curveOf = (
  name: string,
  points: readonly number[],
  { times = 1, params = {} }: { readonly times?: number; readonly params?: Readonly<Record<string, number>> } = {},
): { readonly values: readonly number[]; readonly slopes: readonly number[] } => {
  const layer = layerOf({ type: 'activation', name, ...params });
  const program: Program = <T>(o: Lang<T>, [x]: readonly T[]): T => {
    let y = x as T; // one argument
    for (let i = 0; i < times; i++) [y] = layer.apply(o, { params: {}, state: {} }, y, { mode: 'eval' });
    return y;
  };
  const { value, pull } = vjp(program, ops, [Tensor.from([points.length], points)]);
  const [slopes] = pull(Tensor.build([points.length], (out) => out.fill(1))) as [Tensor]; // one argument
  return { values: value.toArray(), slopes: slopes.toArray() };
};

const POINTS = grid(-40, 40, 1281);
const DEPTH = 16;
const WIDTH = 16;
const DEPTHS = Array.from({ length: DEPTH }, (_, i) => i + 1);

/** Slope before each of the activations over the slope behind the last, per number, from the output backwards; weights do not stretch. */
const fading = (activation: string, seed: number): readonly number[] => {
  const layers = deep(DEPTH, WIDTH, WIDTH, { activation, init: 'orthogonal' });
  const model = modelOf({ layers, loss: 'mse' });
  const x = normal(keyOf(seed), [32, WIDTH]);
  const { variables } = model.network.init(keyOf(seed + 1000), [WIDTH]);
  return diagnose(model, variables, { x, y: normal(keyOf(seed + 2000), [32, WIDTH]) })
    .layers.filter((l) => l.layer === activation)
    .map((l) => l.ratio)
    .reverse();
};

export const flatEnds = async (activation = 'sigmoid'): Promise<Findings> => {
  const { slopes, values } = curveOf(activation, POINTS);
  const at = (x: number): number => slopes[POINTS.indexOf(x)] as number; // a point of the grid
  const tails = slopes.map((s, i) => s / Math.exp(-Math.abs(POINTS[i] as number)));
  const products = DEPTHS.map((times) => Math.max(...curveOf(activation, POINTS, { times }).slopes) * 4 ** times);
  const nets = SEEDS.map((seed) => fading(activation, seed));
  const shares = nets.flatMap((n) => n.map((ratio, l) => ratio * 4 ** (l + 1)));
  const tanh = SEEDS.map((seed) => fading('tanh', seed));
  const middle = (all: readonly (readonly number[])[], l: number): number => median(all.map((n) => n[l] ?? Number.NaN));
  // every sigmoid and every product of a network rounds a few times, a dense layer once per input
  const slack = 1 + DEPTH * (WIDTH + 8) * UNIT;
  const last = middle(nets, DEPTH - 1);
  return {
    checks: [
      check(
        'its steepest slope is ¼, at 0, exactly',
        at(0) === 0.25 && Math.max(...slopes) === 0.25,
        `${at(0)} at 0, at most ${Math.max(...slopes)}`,
      ),
      check(
        `at both ends it is flat: the slope at x is at most e^−|x|, at ${POINTS.length} points`,
        Math.max(...tails) <= 1 + 8 * UNIT,
        `at most ${figure(Math.max(...tails))} of it`,
      ),
      check(
        `L of them one inside another have a slope of at most 4^−L, L = 1 … ${DEPTH}`,
        Math.max(...products) <= slack,
        `at most ${figure(Math.max(...products))} of it`,
      ),
      check(
        `so have networks whose weights do not stretch (orthogonal, ${WIDTH} wide, ${SEEDS.length} seeds)`,
        Math.max(...shares) <= slack,
        `at most ${figure(Math.max(...shares))} of it`,
      ),
    ],
    numbers: [
      number('slope at 0', at(0)),
      number('slope at −10', at(-10)),
      number(`slope before layer 1 of ${DEPTH}, over that of the output, median`, last),
      number(`bound 4^−${DEPTH}`, 4 ** -DEPTH),
      number('the same with tanh, median', middle(tanh, DEPTH - 1)),
    ],
    text: `Through ${DEPTH} sigmoids ${figure(last)} of the slope is left, of at most ${figure(4 ** -DEPTH)}; through as many tanh ${figure(middle(tanh, DEPTH - 1))}`,
    chart: await chartOf(
      'sigmoid',
      'The flat ends of the sigmoid, and depth',
      'right: slope before a layer over the slope at the output, medians of 12 seeds, orthogonal weights',
      'The sigmoid and its slope over x, and how slopes fade over the number of sigmoids behind a layer, under the bound.',
      [
        lines({
          title: 'value and slope',
          x: { title: 'x', domain: [-8, 8] },
          y: { title: 'value', domain: [0, 1] },
          order: ['sigmoid', 'its slope'],
          values: POINTS.flatMap((x, i) =>
            Math.abs(x) > 8
              ? []
              : [
                  { series: 'sigmoid', x, y: values[i] as number },
                  { series: 'its slope', x, y: slopes[i] as number },
                ],
          ),
          rules: [{ y: 0.25, text: '¼' }],
        }),
        lines({
          title: 'slope through depth',
          x: { title: 'activations behind the layer' },
          y: { title: 'slope over slope at the output', log: true },
          order: ['sigmoid', 'tanh', 'bound 4^−L'],
          dashed: ['bound 4^−L'],
          dots: true,
          values: DEPTHS.flatMap((depth, l) => [
            { series: 'sigmoid', x: depth, y: middle(nets, l) },
            { series: 'tanh', x: depth, y: middle(tanh, l) },
            { series: 'bound 4^−L', x: depth, y: 4 ** -depth },
          ]),
        }),
      ],
    ),
  };
};

export const sigmoidParts: readonly Part[] = [
  {
    id: 'sigmoid',
    title: 'The flat ends of the sigmoid',
    claim:
      'The slope of the sigmoid is at most ¼ and fades at both ends, so that through L layers at most 4^−L is left.',
    source: 'Hochreiter 1991; Bengio, Simard & Frasconi 1994',
    run: () => flatEnds(),
  },
];
