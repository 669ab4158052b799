// Chapter 1: a perceptron draws one line, which is enough for AND and OR, and never for XOR.
import {
  findRefutation,
  fitPerceptron,
  mistakeBound,
  type Perceptron,
  predict,
  refutes,
  Tensor,
} from '../../src/index.ts';
import { COLOURS } from '../chart.ts';
import { BETWEEN, chartOf, lines, type Point, plane } from './panels.ts';
import { check, type Findings, number, type Part } from './part.ts';

/** What learns; the course's own unless a test plants another. */
export type Learner = typeof fitPerceptron;

interface Lesson {
  readonly name: string;
  readonly labels: readonly number[];
  /** Any strict separator shows the bound. */
  readonly separator: Perceptron;
}
const LESSONS: readonly Lesson[] = [
  { name: 'AND', labels: [0, 0, 0, 1], separator: { w: [2, 2], b: -3 } },
  { name: 'OR', labels: [0, 1, 1, 1], separator: { w: [2, 2], b: -1 } },
];
const XOR: readonly number[] = [0, 1, 1, 0];
const EPOCHS = 100;

/** All orders of four places. */
const orders = (rest: readonly number[]): readonly (readonly number[])[] =>
  rest.length === 0 ? [[]] : rest.flatMap((i) => orders(rest.filter((j) => j !== i)).map((order) => [i, ...order]));

const corner = (i: number): readonly [number, number] => [i >> 1, i & 1];
const samples = (labels: readonly number[], order: readonly number[] = [0, 1, 2, 3]) => ({
  x: Tensor.from([4, 2], order.flatMap(corner)),
  y: Tensor.from(
    [4],
    order.map((i) => labels[i] as number), // one of four
  ),
});
const wrongOf = (model: Perceptron, labels: readonly number[]): number =>
  labels.filter((label, i) => predict(model, corner(i)) !== label).length;

const AXES = {
  x: { title: 'x₁', domain: [-0.5, 1.5] },
  y: { title: 'x₂', domain: [-0.5, 1.5] },
} as const;
const classes = (labels: readonly number[]): readonly Point[] =>
  labels.map((label, i) => ({ series: `class ${label}`, x: corner(i)[0], y: corner(i)[1] }));
const CLASSES = { order: ['class 0', 'class 1'], scale: BETWEEN, ...AXES } as const;

/** AND and OR, in every order of the four samples. */
export const drawsOneLine = async (learner: Learner = fitPerceptron): Promise<Findings> => {
  const learnt = LESSONS.map(({ name, labels, separator }) => {
    const { x, y } = samples(labels);
    const runs = orders([0, 1, 2, 3]).map((order) => {
      const { x: inOrder, y: theirs } = samples(labels, order);
      return learner(inOrder, theirs, 1, EPOCHS);
    });
    return {
      name,
      labels,
      model: learner(x, y, 1, EPOCHS),
      bound: mistakeBound(x, y, separator),
      done: runs.filter((r) => r.converged && wrongOf(r, labels) === 0).length,
      most: Math.max(...runs.map((r) => r.mistakes)),
      runs: runs.length,
    };
  });
  return {
    checks: learnt.flatMap(({ name, done, runs, most, bound }) => [
      check(`${name} is learnt without error in all ${runs} orders of the samples`, done === runs, `in ${done}`),
      check(`with at most (R/γ)² = ${bound} mistakes`, most <= bound, `at most ${most}`),
    ]),
    numbers: learnt.flatMap(({ name, model, most, bound }) => [
      ...model.w.map((w, j) => number(`${name}: w${'₁₂'[j]}`, w)),
      number(`${name}: b`, model.b),
      number(`${name}: most mistakes of any order`, most),
      number(`${name}: Novikoff's bound`, bound),
    ]),
    text: learnt
      .map(
        ({ name, model, most, bound }) =>
          `${name}: the line ${model.w.join('·x₁ + ')}·x₂ ${model.b < 0 ? '−' : '+'} ${Math.abs(model.b)} = 0, after at most ${most} mistakes of ${bound} allowed`,
      )
      .join('; '),
    chart: await chartOf(
      'perceptron',
      'A perceptron draws one line',
      'what it predicts over the plane after learning from the four corners; on the line itself it says class 0',
      'Predictions of a perceptron over the plane for AND and OR: one line parts the classes.',
      learnt.map(({ name, labels, model }) =>
        plane({
          title: name,
          cells: 80,
          value: (x, y) => predict(model, [x, y]),
          points: classes(labels),
          ...CLASSES,
        }),
      ),
    ),
  };
};

/** Epochs after which weights that are whole numbers came back, or null when they did not. */
const cycleOf = (
  learner: Learner,
  labels: readonly number[],
): { readonly from: number; readonly length: number } | null => {
  const { x, y } = samples(labels);
  const seen: string[] = [];
  for (let epochs = 0; epochs <= EPOCHS; epochs++) {
    const { w, b, converged } = learner(x, y, 1, epochs);
    if (converged) return null;
    const now = [...w, b].join();
    const before = seen.indexOf(now);
    if (before >= 0) return { from: before, length: epochs - before };
    seen.push(now);
  }
  return null;
};

const epochsOf = (n: number): string => (n === 1 ? 'epoch' : `${n} epochs`);

/** The sixteen functions of two bits. */
const FUNCTIONS = Array.from({ length: 16 }, (_, code) => [0, 1, 2, 3].map((i) => (code >> i) & 1));
/** Largest multiplier that is looked for. */
const MOST = 3;

/** XOR: a certificate in whole numbers that no line exists, and a perceptron that goes round and round. */
export const noLineForXor = async (
  labels: readonly number[] = XOR,
  learner: Learner = fitPerceptron,
): Promise<Findings> => {
  const { x, y } = samples(labels);
  const alpha = findRefutation(x, y);
  const cycle = cycleOf(learner, labels);
  const all = FUNCTIONS.map((f) => {
    const at = samples(f);
    return { learnt: learner(at.x, at.y, 1, EPOCHS).converged, refuted: findRefutation(at.x, at.y, MOST) !== null };
  });
  const [learnt, refuted] = [all.filter((f) => f.learnt).length, all.filter((f) => f.refuted).length];
  const apart = all.every((f) => f.learnt !== f.refuted);
  const mistakesBy = (f: readonly number[]): readonly number[] => {
    const at = samples(f);
    return Array.from({ length: 21 }, (_, epochs) => learner(at.x, at.y, 1, epochs).mistakes);
  };
  const lessons = [...LESSONS, { name: 'XOR', labels }];
  const proved = alpha !== null && refutes(alpha, x, y);
  return {
    checks: [
      check(
        'whole numbers α ≥ 0, not all 0, with Σ αᵢ·sᵢ·(xᵢ, 1) = 0 exactly',
        proved,
        alpha === null ? 'none' : `α = (${alpha.join(', ')})`,
      ),
      check(
        'the perceptron comes back to weights that it had, so that it never ends',
        cycle !== null,
        cycle === null ? 'it does not' : `every ${epochsOf(cycle.length)} from epoch ${cycle.from} on`,
      ),
      check(
        'of the 16 functions of two bits each is either learnt or refuted, and never both',
        apart && learnt + refuted === 16,
        `${learnt} learnt, ${refuted} refuted`,
      ),
    ],
    numbers: [
      ...(alpha ?? []).map((a, i) => number(`α of corner ${corner(i).join(' ')}`, a)),
      number('epochs until the weights come back', cycle?.length ?? Number.NaN),
      number('functions that are learnt', learnt),
      number('functions that are refuted', refuted),
    ],
    text: proved
      ? `Each corner times its sign, added up by α = (${alpha.join(', ')}), gives 0: the four conditions for a line add up to 0 > 0 (Gordan's alternative). The perceptron ${cycle === null ? 'ends' : `repeats itself every ${epochsOf(cycle.length)}`}`
      : 'No certificate was found: a line is not excluded',
    chart: await chartOf(
      'xor',
      'No line separates XOR',
      'left: the segments between corners of one class cross, so that no line has them on its two sides',
      'The four corners of XOR with crossing segments, and mistakes of the perceptron over epochs for AND, OR and XOR.',
      [
        plane({
          title: 'XOR',
          cells: 1,
          value: () => 0.5,
          points: classes(labels),
          paths: [...classes(labels)].sort((a, b) => a.series.localeCompare(b.series)),
          ...CLASSES,
          colours: COLOURS,
        }),
        lines({
          title: 'mistakes of the perceptron so far',
          x: { title: 'epoch' },
          y: { title: 'mistakes' },
          order: lessons.map((l) => l.name),
          values: lessons.flatMap(({ name, labels: f }) =>
            mistakesBy(f).map((m, epoch) => ({ series: name, x: epoch, y: m })),
          ),
        }),
      ],
    ),
  };
};

export const perceptronParts: readonly Part[] = [
  {
    id: 'perceptron',
    title: 'A perceptron draws one line',
    claim: 'A perceptron learns AND and OR: it finds a line between the classes after a bounded number of mistakes.',
    source: 'Rosenblatt 1958; Novikoff 1962',
    run: () => drawsOneLine(),
  },
  {
    id: 'xor',
    title: 'No line for XOR',
    claim: 'No single line separates XOR, and the perceptron never ends on it.',
    source: 'Minsky & Papert 1969; Gordan 1873; Farkas 1902',
    run: () => noLineForXor(),
  },
];
