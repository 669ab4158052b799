// Chapter 3: the chain rule gives the slope that differences measure, and descent along it is stable below 2/λ.
import {
  type Data,
  flatten,
  hvp,
  jvp,
  keyOf,
  lossAndGrad,
  lossOf,
  lossOfModel,
  lossRow,
  type Model,
  mlp,
  modelOf,
  type NetworkVariables,
  normal,
  ops,
  type Program,
  Tensor,
} from '../../src/index.ts';
import { breastCancer } from '../data.ts';
import { figure } from '../markdown.ts';
import { chartOf, lines } from './panels.ts';
import { check, type Findings, grid, number, type Part, type Say } from './part.ts';
import { cornersWith, descend, setupOf, startOf, watched } from './train.ts';

type Variables = NetworkVariables<Tensor>;
/** The slope of the loss by every parameter, in the order of the leaves. */
export type Slopes = (model: Model, variables: Variables, data: Data) => readonly number[];

const byTape: Slopes = (model, variables, { x, y }) =>
  flatten<Tensor>(lossAndGrad(ops, model, variables, x, y).grads).leaves.flatMap((g) => g.toArray());

const MODEL = modelOf({ layers: mlp([3, 1], 'sigmoid', 'xavierNormal'), loss: 'bceWithLogits' });
const XOR = cornersWith([0, 1, 1, 0]);

/** The loss as a program of all leaves, x and y. */
const lossProgram = (variables: Variables): Program => {
  const { leaves, build } = flatten<Tensor>(variables.params);
  return <T>(o: Parameters<typeof lossOfModel<T>>[0], xs: readonly T[]): T => {
    const params = build(xs.slice(0, leaves.length)) as NetworkVariables<T>['params']; // the structure it was taken from
    const [x, y] = xs.slice(leaves.length) as [T, T];
    return lossOfModel(o, MODEL.spec, MODEL.network, { params, state: variables.state.map(() => ({})) }, x, y).loss;
  };
};

/** A program of n values and n directions as its own derivative along those directions. */
const slopeAlong =
  (f: Program, n: number): Program =>
  (o, all) => {
    const us = all.slice(n, 2 * n);
    return jvp(f)(o, all, [...us, ...us.map((u) => o.mul(u, o.lit(0)))]).tangent;
  };

/** Every number of every leaf as a direction. */
const directions = (leaves: readonly Tensor[]): readonly (readonly Tensor[])[] =>
  leaves.flatMap((leaf, l) =>
    Array.from({ length: leaf.view.length }, (_, i) =>
      leaves.map((other, k) =>
        Tensor.build(other.shape, (out) => {
          if (k === l) out[i] = 1;
        }),
      ),
    ),
  );

/** 2⁻³ … 2⁻³⁰. */
const STEPS = grid(-3, -30, 28).map((e) => 2 ** e);
/** Roundings that the loss of this network goes through, and each by at most half an ulp of a number that is no larger. */
const ROUNDINGS = 32;

/** The slopes of a small network against central differences, whose own error is bounded. */
export const chainRule = async (slopes: Slopes = byTape): Promise<Findings> => {
  const { variables } = MODEL.network.init(keyOf(3), [2]);
  const { leaves } = flatten<Tensor>(variables.params);
  const f = lossProgram(variables);
  const n = leaves.length + 2;
  const third = slopeAlong(slopeAlong(slopeAlong(f, n), n), n);
  const { x, y } = XOR;
  const moved = (u: readonly Tensor[], t: number): readonly Tensor[] => [
    ...leaves.map((leaf, i) => ops.add(leaf, ops.mul(ops.lit(t), u[i] as Tensor))), // one direction per leaf
    x,
    y,
  ];
  const loss = (u: readonly Tensor[], t: number): number => f(ops, moved(u, t)).view[0] as number; // a scalar
  const still = [ops.mul(x, ops.lit(0)), ops.mul(y, ops.lit(0))];
  const own = slopes(MODEL, variables, XOR);
  const studies = directions(leaves).map((u, i) => {
    // the largest third derivative within the largest step bounds what a difference leaves out
    const bend = Math.max(
      ...grid(-0.125, 0.125, 9).map((t) => Math.abs(third(ops, [...moved(u, t), ...u, ...still]).view[0] as number)),
    );
    const size = Math.abs(loss(u, 0)) + 0.125;
    return STEPS.map((h) => {
      const numeric = (loss(u, h) - loss(u, -h)) / (2 * h);
      return {
        h,
        error: Math.abs(numeric - (own[i] as number)),
        cut: (h * h * bend) / 6,
        rounded: (ROUNDINGS * 2 ** -53 * size) / h,
      };
    });
  });
  const shares = studies.flat().map((s) => s.error / (s.cut + s.rounded));
  const best = studies.map((s, i) => Math.min(...s.map((at) => at.error)) / Math.abs(own[i] as number));
  const shown = studies[0] as (typeof studies)[number]; // a network has parameters
  const order = Math.log2((shown[0]?.error ?? 0) / (shown[3]?.error ?? 1)) / 3;
  return {
    checks: [
      check(
        `for all ${studies.length} parameters and ${STEPS.length} steps h the difference is within h²/6·max|f‴| + ${ROUNDINGS}·u·|f|/h of the chain rule`,
        Math.max(...shares) <= 1,
        `at most ${figure(Math.max(...shares))} of it`,
      ),
      check(
        'the error falls as h²: the order from h = 1/8 to 1/64 is 2 ± 0.05',
        Math.abs(order - 2) <= 0.05,
        figure(order),
      ),
      check(
        'the best step agrees to 9 digits or more for every parameter',
        Math.max(...best) <= 1e-9,
        `relative error at most ${figure(Math.max(...best))}`,
      ),
    ],
    numbers: [
      number('parameters', studies.length),
      number('largest share of the bound', Math.max(...shares)),
      number('relative error of the best step, largest over parameters', Math.max(...best)),
      number('order of the difference', order),
    ],
    text: `The slopes of all ${studies.length} parameters agree with differences to ${figure(Math.max(...best))} or better; a step that is too large leaves out what bends, one that is too small drowns in rounding`,
    chart: await chartOf(
      'chain-rule',
      'The chain rule and the measured slope',
      `|(f(w + h) − f(w − h)) / 2h − f′(w)| for the first weight of a 2–3–1 network on XOR`,
      'Error of the central difference against its step: it falls as h squared and rises again by rounding, under its bound.',
      [
        lines({
          title: 'difference minus chain rule',
          x: { title: 'step h', log: true },
          y: { title: 'absolute error', log: true },
          order: ['measured', 'bound'],
          dashed: ['bound'],
          values: shown.flatMap(({ h, error, cut, rounded }) => [
            { series: 'measured', x: h, y: error },
            { series: 'bound', x: h, y: cut + rounded },
          ]),
        }),
      ],
    ),
  };
};

/** The largest curvature of the mean squared error of a linear model, by power iteration on Hessian-vector products. */
const sharpest = ({ x, y }: Data): number => {
  const width = x.shape[1] as number; // a matrix
  const program: Program = (o, [w, b, xs, ys]) =>
    lossOf(
      o,
      lossRow('mse'),
      o.add(o.matmul(xs as NonNullable<typeof xs>, w as NonNullable<typeof w>), b as NonNullable<typeof b>),
      ys as NonNullable<typeof ys>,
      'mean',
    );
  const at = [Tensor.build([width, 1], () => {}), Tensor.build([1], () => {}), x, y];
  const still = [ops.mul(x, ops.lit(0)), ops.mul(y, ops.lit(0))];
  const norm = (ts: readonly Tensor[]): number =>
    Math.sqrt(ts.flatMap((t) => t.toArray()).reduce((s, v) => s + v * v, 0));
  let u: readonly Tensor[] = [normal(keyOf(1), [width, 1]), normal(keyOf(2), [1])];
  let size = norm(u);
  for (let i = 0; i < 80; i++) {
    u = hvp(program)(ops, at, [...u.map((t) => ops.div(t, ops.lit(size))), ...still]).slice(0, 2);
    size = norm(u);
  }
  return size;
};

/** Steps that decide whether a rate is stable: a thousandth above the limit grows e² fold in them. */
const LONG = 1000;
const SHOWN = 100;

/** Descent with many rates on a linear model of the breast-cancer data, whose loss is a bowl. */
export const learningRate = async (say: Say, optimizer = 'sgd'): Promise<Findings> => {
  const { train } = breastCancer(keyOf(1));
  const spec = { layers: [{ type: 'dense', units: 1, init: 'zeros' }], loss: 'mse' } as const;
  const setupWith = (lr: number) => setupOf(spec, optimizer, { lr });
  const from = startOf(setupWith(1), 1, train);
  const limit = 2 / sharpest(train);
  const lossAfter = (lr: number, steps: number): number => descend(setupWith(lr), from, train, steps + 1).loss;
  const first = lossAfter(limit, 0);
  const stable = (lr: number): boolean => lossAfter(lr, LONG) <= first;
  let [low, high] = [limit / 16, limit * 16];
  for (let i = 0; i < 14; i++) {
    say(`bisection ${i + 1} of 14`);
    const middle = Math.sqrt(low * high);
    [low, high] = stable(middle) ? [middle, high] : [low, middle];
  }
  const measured = Math.sqrt(low * high);
  const rates = [
    { series: 'too small: 0.01 of the limit', share: 0.01 },
    { series: 'right: half of it', share: 0.5 },
    { series: 'just stable: 0.99 of it', share: 0.99 },
    { series: 'too large: 1.05 of it', share: 1.05 },
  ];
  const curves = rates.map(({ series, share }) => {
    const losses = watched(setupWith(share * limit), from, train, { every: 1, steps: SHOWN + 1 }).map((t) => t.loss);
    return { series, losses };
  });
  const [small = Number.NaN, right = Number.NaN, edge = Number.NaN, large = Number.NaN] = curves.map((c) =>
    c.losses.at(-1),
  );
  return {
    checks: [
      check(
        'the largest rate that does not grow is 2/λ, to 0.5 %',
        Math.abs(measured / limit - 1) <= 0.005,
        `off by ${figure(100 * (measured / limit - 1))} %`,
      ),
      check(
        'below the limit, at 0.99 of it, the loss falls',
        edge < first,
        `from ${figure(first)} to ${figure(edge)} in ${SHOWN} steps`,
      ),
      check('above, at 1.05 of it, it grows', large > first, `to ${figure(large)}`),
      check(
        'a hundredth of the limit is slower than half of it',
        small > 2 * right,
        `${figure(small)} against ${figure(right)}`,
      ),
    ],
    numbers: [
      number('largest curvature λ', limit === 0 ? Number.NaN : 2 / limit),
      number('limit 2/λ', limit),
      number('limit as measured by training', measured),
      ...curves.map(({ series, losses }) =>
        number(`loss after ${SHOWN} steps, ${series}`, losses.at(-1) ?? Number.NaN, 'squared error'),
      ),
    ],
    text: `λ = ${figure(2 / limit)} allows rates up to 2/λ = ${figure(limit)}; trainings blow up from ${figure(measured)} on`,
    chart: await chartOf(
      'learning-rate',
      'Too small, right, and too large a learning rate',
      `descent on the mean squared error of a linear model, breast-cancer data; limit 2/λ = ${figure(limit)}`,
      'Loss over steps for four learning rates: slow, fast, barely stable, and growing without bound.',
      [
        lines({
          title: 'loss over steps',
          x: { title: 'step' },
          y: { title: 'mean squared error', log: true },
          order: rates.map((r) => r.series),
          values: curves.flatMap(({ series, losses }) => losses.map((loss, k) => ({ series, x: k, y: loss }))),
        }),
      ],
    ),
  };
};

export const descentParts: readonly Part[] = [
  {
    id: 'chain-rule',
    title: 'The chain rule',
    claim: 'Backpropagation is the chain rule: its slope is the one that a small change of a weight shows.',
    source: 'Rumelhart, Hinton & Williams 1986; Griewank & Walther 2008, §3.2',
    run: () => chainRule(),
  },
  {
    id: 'learning-rate',
    title: 'Descending the error',
    claim: 'A learning rate can be too small and too large; on a bowl of curvature λ it is stable up to 2/λ.',
    source: 'LeCun et al. 1998, Efficient BackProp, §4 and §5',
    run: (say) => learningRate(say),
  },
];
