// Chapter 2: a hidden layer draws several lines, and two are enough for XOR.
import { evaluate, mlp, ops, Tensor, type Training } from '../../src/index.ts';
import { BETWEEN, chartOf, type Point, plane } from './panels.ts';
import { check, compared, type Findings, grid, number, overSeeds, type Part, type Say, SEEDS } from './part.ts';
import { CORNERS, cornersWith, descend, setupOf, startOf } from './train.ts';

const LABELS = [0, 1, 1, 0] as const;
const DATA = cornersWith(LABELS);
const STEPS = 1000;

/** Two lines by hand: one unit is on above OR's line, one above AND's, and the output wants the first without the second. */
const byHand = (): readonly number[] => {
  const lit = (shape: readonly number[], values: readonly number[]): Tensor => Tensor.from(shape, values);
  const hidden = ops.step(ops.add(ops.matmul(CORNERS, lit([2, 2], [1, 1, 1, 1])), lit([2], [-0.5, -1.5])));
  return ops.step(ops.add(ops.matmul(hidden, lit([2, 1], [1, -1])), lit([1], [-0.5]))).toArray();
};

const networkOf = (hidden: readonly number[]) =>
  setupOf({ layers: mlp([...hidden, 1], 'tanh', 'xavierNormal'), loss: 'bceWithLogits' }, 'adam', { lr: 0.05 });

/** How often the output changes its sign along the diagonal on which it does so more often. */
const turns = (logit: (x: number, y: number) => number): number => {
  const along = grid(0, 1, 101);
  const diagonals = [along.map((t) => logit(t, t) > 0), along.map((t) => logit(t, 1 - t) > 0)];
  return Math.max(...diagonals.map((signs) => signs.filter((s, i) => i > 0 && s !== signs[i - 1]).length));
};

/** A network that was trained on the four corners. */
const study = (hidden: readonly number[], seed: number) => {
  const setup = networkOf(hidden);
  const { training, loss } = descend(setup, startOf(setup, seed, DATA), DATA, STEPS);
  const logitOf = (points: Tensor): readonly number[] => evaluate(setup.model, training.variables, points).toArray();
  const wrong = logitOf(CORNERS).filter((z, i) => z > 0 !== (LABELS[i] === 1)).length;
  return {
    training,
    loss,
    wrong,
    logit: (x: number, y: number): number => logitOf(Tensor.from([1, 2], [x, y]))[0] as number,
  };
};

/** Where the hidden units of a network are 0: a line each, drawn over the plane. */
const linesOf = ({ variables }: Training, low: number, high: number): readonly Point[] => {
  const { w, b } = variables.params[0] as { readonly w: Tensor; readonly b: Tensor }; // of a dense layer
  const units = b.view.length;
  return Array.from({ length: units }, (_, j) => {
    const [w1, w2, c] = [w.view[j] as number, w.view[units + j] as number, b.view[j] as number];
    const steep = Math.abs(w1) > Math.abs(w2); // solved for the axis that it crosses
    return [low, high].map((t) =>
      steep
        ? { series: `line ${j + 1}`, x: -(c + w2 * t) / w1, y: t }
        : { series: `line ${j + 1}`, x: t, y: -(c + w1 * t) / w2 },
    );
  }).flat();
};

/** XOR by networks with this hidden layer, and by one without any. */
export const drawsTwoLines = async (say: Say, hidden: readonly number[] = [4]): Promise<Findings> => {
  const none = await overSeeds(say, SEEDS, (seed) => study([], seed));
  const some = await overSeeds(say, SEEDS, (seed) => study(hidden, seed));
  const two = await overSeeds(say, SEEDS, (seed) => study([2], seed));
  const by = byHand();
  const twice = some.filter((s) => turns(s.logit) >= 2).length;
  const once = Math.max(...none.map((s) => turns(s.logit)));
  const learntByTwo = two.filter((s) => s.wrong === 0);
  const shown = [
    { title: 'no hidden layer: nothing better than ½ everywhere', of: none[0] },
    { title: 'two hidden units: two lines', of: learntByTwo[0] ?? two[0] },
  ];
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));
  const right = some.filter((s) => s.wrong === 0).length;
  const n = SEEDS.length;
  return {
    checks: [
      check('two units set by hand give XOR exactly', by.join() === LABELS.join(), by.join(' ')),
      check(`trained from ${n} seeds, the network is right on all four corners`, right === n, `from ${right}`),
      check('along one of the diagonals its output changes sign at least twice', twice === n, `from ${twice} seeds`),
      check('without a hidden layer it changes at most once along either', once <= 1, `at most ${once}`),
      ...compared([
        {
          says: 'fewer corners are wrong with the hidden layer',
          lower: some.map((s) => s.wrong),
          higher: none.map((s) => s.wrong),
        },
      ]),
    ],
    numbers: [
      number('seeds that learn XOR without a hidden layer', none.filter((s) => s.wrong === 0).length),
      number('seeds that learn it with two hidden units', learntByTwo.length),
      number(`seeds that learn it with ${hidden.join('-')} hidden units`, right),
      number('largest loss of them after training', Math.max(...some.map((s) => s.loss)), 'nats'),
    ],
    text: `Two units are enough to write XOR down, and ${learntByTwo.length} of ${n} seeds find them; with ${hidden.join('-')} units ${right} of ${n} do, and without a hidden layer ${none.filter((s) => s.wrong === 0).length}`,
    chart: await chartOf(
      'two-lines',
      'Two lines with a hidden layer',
      'probability of class 1 after training on XOR; lines: where a hidden unit is 0',
      'Decision boundary over the plane without a hidden layer and with two hidden units.',
      shown.flatMap(({ title, of }) =>
        of === undefined
          ? []
          : [
              plane({
                title,
                x: { title: 'x₁', domain: [-0.5, 1.5] },
                y: { title: 'x₂', domain: [-0.5, 1.5] },
                cells: 40,
                value: (x, y) => sigmoid(of.logit(x, y)),
                legend: 'p',
                scale: BETWEEN,
                points: LABELS.map((label, i) => ({ series: `class ${label}`, x: i >> 1, y: i & 1 })),
                paths: of === none[0] ? [] : linesOf(of.training, -0.5, 1.5),
                order: ['class 0', 'class 1'],
              }),
            ],
      ),
    ),
  };
};

export const boundaryParts: readonly Part[] = [
  {
    id: 'two-lines',
    title: 'Two lines with a hidden layer',
    claim: 'A multi-layer perceptron draws several lines, and two of them separate XOR.',
    source: 'Rumelhart, Hinton & Williams 1986',
    run: (say) => drawsTwoLines(say),
  },
];
