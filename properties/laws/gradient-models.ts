// Gradients of whole models: random stacks of every layer against the naive truth, large ones against nested loops.
import fc from 'fast-check';
import { vjp } from '../../src/index.ts';
import { moderate, type NetworkCase, type Values, visiting } from '../arbitraries.ts';
import { camel, type Plain } from '../contract.ts';
import { every, law, within } from '../law.ts';
import { anyNetwork, expanded, type LargeCase, largeNetwork } from '../networks.ts';
import { type Big, big, exact, expecting, nearest, ZERO } from '../oracle/exact.ts';
import { gradientsOver, lossOver, programOver } from '../oracle/model.ts';
import { certified, naiveGradients, naiveLoss } from '../oracle/naive.ts';
import { bounded } from '../oracle/readings.ts';
import { labels } from '../placing.ts';
import type { PortInfo } from '../port.ts';
import { naiveNetwork } from '../ports/naive.ts';
import { exactly, FORMATS, grantOf, STENCIL_STEP, TAYLOR_ORDER_ERROR } from '../tolerance.ts';
import {
  boundedOf,
  elementwiseOf,
  graph,
  judged,
  like,
  lossAndGrad,
  needsNetwork,
  networksOf,
  usesOps,
} from './cases.ts';

/** Activations that can be differentiated as often as one likes. */
export const SMOOTH: readonly string[] = ['sigmoid', 'tanh', 'softplus', 'gelu', 'gelu_tanh', 'silu'];
const smoothOf = (port: PortInfo): readonly string[] => elementwiseOf(port).filter((n) => SMOOTH.includes(n));
const SMOOTH_LOSSES = ['mse', 'bce_with_logits', 'softmax_cross_entropy'];
const smoothLosses = (port: PortInfo): readonly string[] =>
  port.names('loss', 'vjp').filter((n) => SMOOTH_LOSSES.includes(n));

const inner = (as: readonly ArrayLike<number>[], us: readonly Values[]): Big =>
  as.reduce<Big>(
    (s, a, i) => Array.from(a).reduce((t, v, k) => t.plus(exact(v).times(exact(us[i]?.data[k] ?? 0))), s),
    ZERO,
  );
/** Σ bound·|u|, in doubles. */
const slack = (bounds: readonly ArrayLike<number>[], us: readonly Values[]): number =>
  bounds.reduce((s, b, i) => Array.from(b).reduce((t, v, k) => t + v * Math.abs(us[i]?.data[k] ?? 0), s), 0);
const data = (ts: readonly Plain[]): readonly ArrayLike<number>[] => ts.map((t) => t.data);

const STENCIL = [
  [-2, 1],
  [-1, -8],
  [1, 8],
  [2, -1],
] as const;

export const gradientModelLaws = [
  law<NetworkCase>({
    id: 'gradient/random-model',
    ref: 'G-01, G-13',
    class: '64-digit oracle',
    runs: 110,
    says: 'loss, output, every gradient and every running statistic of a random model of all layers, losses and penalties agree with a naive 64-digit network inside their running error bounds',
    formula: '|g − ∇F| ≤ bound, and ⟨∇F, u⟩ = (F(θ + hu) − F(θ − hu)) / 2h at h = 10⁻²⁰',
    source: 'Higham 2002, §3.3 (running error analysis); Griewank & Walther 2008, §3.2',
    detects: 'a relative error of 10⁻¹² in the gradient of one weight, with probability above 0.999',
    kills: ['keras #19102', 'tfjs #970', 'gorgonia #510', 'nn-from-scratch #13', 'mistnet #33', 'PyTorch #37345'],
    subjects: needsNetwork(),
    given: (port) => visiting(anyNetwork(port, { bare: true }), anyNetwork(port, { inputs: 11, batch: 9 })),
    *holds(c, port) {
      return judged(c, port, yield* lossAndGrad(c));
    },
  }),
  law<LargeCase>({
    id: 'gradient/large-model',
    ref: 'G-01',
    class: 'rounding bound',
    runs: 12,
    says: 'a network of up to 64-32-16 units agrees, entry by entry, with nested loops written by hand inside twice its running error bound',
    source: 'Higham 2002, §3.3; Rumelhart, Hinton & Williams 1986',
    kills: ['candle #211 (strides that small shapes hide)'],
    subjects: needsNetwork(),
    given: (port) =>
      largeNetwork(
        elementwiseOf(port).filter((n) => naiveNetwork.activations.includes(n)),
        port.names('loss', 'vjp').filter((n) => naiveNetwork.losses.includes(n)),
      ),
    *holds(small, port) {
      const c = expanded(small);
      const answer = yield* lossAndGrad(c);
      const other = naiveNetwork.lossAndGrad(c);
      const bound = gradientsOver(bounded(grantOf(port)), c, boundedOf);
      const twice = (b: ArrayLike<number> | undefined): readonly number[] => Array.from(b ?? [], (v) => 2 * v);
      const names = labels(c.layers, 'params');
      return every([
        within('loss', answer.tensor('loss').data, [exactly(other.loss)], twice(bound.loss.error.view)),
        within('output', answer.tensor('output').data, other.output.map(exactly), twice(bound.output.error.view)),
        ...other.gradients.map((g, i) =>
          within(
            `gradient of ${names[i]}`,
            answer.tensors('gradients')[i]?.data ?? [],
            g.map(exactly),
            twice(bound.gradients[i]?.error.view),
          ),
        ),
      ]);
    },
  }),
  law<NetworkCase>({
    id: 'gradient/own-function',
    ref: 'G-02',
    class: 'rounding bound',
    runs: 25,
    says: 'the gradient is that of the port’s own loss: a five-point stencil of its losses along a direction gives ⟨g, u⟩',
    formula: '⟨g, u⟩ = (F(−2h) − 8·F(−h) + 8·F(h) − F(2h)) / 12h, truncation measured at 64 digits',
    source: 'Fornberg 1988, table 1',
    kills: ['nn-from-scratch #13', 'brain.js #560'],
    subjects: needsNetwork(),
    given: (port) =>
      networksOf(port, 2).map((c) => ({
        ...c,
        // steps of ±1 and ±2, which a parameter takes exactly
        direction: c.direction.map((d) =>
          like(
            d,
            d.data.map((v, k) => Math.sign(v) * (1 + (k % 2))),
          ),
        ),
      })),
    *holds(c, port) {
      const u = c.direction;
      const { round } = FORMATS[port.dtype];
      const moved = (s: number): NetworkCase => ({
        ...c,
        params: c.params.map((p, i) =>
          like(
            p,
            p.data.map((v, k) => round(v + s * STENCIL_STEP * (u[i]?.data[k] ?? 0))),
          ),
        ),
      });
      const truth = certified(c, u);
      fc.pre(truth !== null);
      const o = bounded(grantOf(port));
      let [own, ideal, allowed] = [ZERO, ZERO, 0];
      for (const [s, weight] of STENCIL) {
        const at = moved(s);
        own = own.plus(exact((yield* lossAndGrad(at)).tensor('loss').data[0] ?? Number.NaN).times(weight));
        ideal = ideal.plus(naiveLoss(at).times(weight));
        allowed += Math.abs(weight) * (lossOver(o, at, boundedOf).error.view[0] ?? Number.NaN);
      }
      const step = big(12).times(exact(STENCIL_STEP));
      const got = inner(data((yield* lossAndGrad(c)).tensors('gradients')), u);
      const along = (truth?.gradients ?? []).reduce<Big>(
        (sum, g, i) => g.reduce((t, v, k) => t.plus(v.times(exact(u[i]?.data[k] ?? 0))), sum),
        ZERO,
      );
      const bounds = gradientsOver(o, c, boundedOf).gradients.map((b) => b.error.view);
      const off = got.minus(own.div(step));
      return within(
        '⟨g, u⟩ less the stencil of the port’s own losses',
        [nearest(off)],
        [expecting(along.minus(ideal.div(step)), 'f64')], // what a stencil leaves out
        [allowed / (12 * STENCIL_STEP) + slack(bounds, u) + FORMATS.f64.u * Math.abs(nearest(off))],
      );
    },
  }),
  law<NetworkCase>({
    id: 'gradient/taylor-order',
    ref: 'G-04',
    class: '64-digit oracle',
    runs: 15,
    says: 'what a smooth loss is off its tangent falls with the square of the step, which a wrong gradient turns into the step itself',
    formula: 'log₁₆(R(2⁻¹⁶) / R(2⁻²⁰)) = 2, R(e) = |F(θ + eu) − F(θ) − e·⟨g, u⟩|',
    source: 'Farrell, Ham, Funke & Rognes 2013, §2.3',
    detects: 'a relative error of the gradient of about 2⁻²⁶ along u',
    // the rounding of a gradient in f32 hides the second order at every step small enough to show it
    subjects: (port) =>
      needsNetwork()(port).filter(
        () => port.dtype === 'f64' && smoothOf(port).length > 0 && smoothLosses(port).length > 0,
      ),
    given: (port) =>
      anyNetwork(port, {
        names: smoothOf(port),
        losses: smoothLosses(port),
        parts: port.parts.filter((p) => p !== 'regulariser'),
      }),
    *holds(c, port) {
      const g = data((yield* lossAndGrad(c)).tensors('gradients'));
      const truth = naiveGradients(c);
      const steps = [exact(2 ** -16), exact(2 ** -20)] as const;
      const lost = steps.map((e) => naiveLoss(c, c.direction, e).minus(truth.loss));
      const along = truth.gradients.reduce<Big>(
        (sum, t, i) => t.reduce((s, v, k) => s.plus(v.times(exact(c.direction[i]?.data[k] ?? 0))), sum),
        ZERO,
      );
      const order = (slope: Big): number => {
        const [far, near] = steps.map((e, i) => nearest((lost[i] ?? ZERO).minus(e.times(slope)).abs()));
        return Math.log2((far ?? 0) / (near ?? 0)) / 4;
      };
      // a loss without curvature along u, or gradients too uncertain for it, show nothing
      const remainder = nearest((lost[1] ?? ZERO).minus(steps[1].times(along)).abs());
      const bounds = gradientsOver(bounded(grantOf(port)), c, boundedOf).gradients.map((b) => b.error.view);
      fc.pre(Math.abs(order(along) - 2) < TAYLOR_ORDER_ERROR / 2);
      fc.pre(slack(bounds, c.direction) * 2 ** -20 < remainder * (TAYLOR_ORDER_ERROR / 8));
      return within('order of the remainder', [order(inner(g, c.direction))], [exactly(2)], [TAYLOR_ORDER_ERROR]);
    },
  }),
  law<NetworkCase>({
    id: 'gradient/input',
    ref: 'G-13',
    class: '64-digit oracle',
    runs: 25,
    says: 'the slope of a loss by its data, dL/dx = δ₁·W₁ᵀ, and by every parameter on the way, agrees with the naive truth',
    kills: ['burn #4069', 'candle #211'],
    subjects: usesOps('matmul', 'add', 'sub', 'square', 'sum', 'tanh', 'sigmoid', 'relu'),
    given: (port) =>
      networksOf(port, 3, moderate(port.dtype), ['tanh', 'sigmoid', 'relu'], ['mse']).map((c) => ({
        ...c,
        reduction: 'sum' as const,
      })),
    *holds(c, port) {
      const inputs = [c.x, c.y, ...c.params];
      const equations: { op: string; reads: number[]; params?: unknown }[] = [];
      const push = (op: string, reads: number[], params?: unknown): number => {
        equations.push({ op, reads, ...(params === undefined ? {} : { params }) });
        return inputs.length + equations.length - 1;
      };
      let [h, next] = [0, 2];
      for (const layer of c.layers)
        if (layer.type === 'dense') {
          h = push('add', [push('matmul', [h, next]), next + 1]);
          next += 2;
        } else if (layer.type === 'activation') h = push(camel(layer.name), [h]);
      push('sum', [push('square', [push('sub', [h, 1])])], { axes: [0, 1], keep: false });
      const truth = certified(c, c.direction);
      fc.pre(truth !== null);
      const got = (yield* graph(equations, inputs, { shape: [], data: [1] })).tensors('dinputs');
      const bound = vjp(programOver(equations), bounded(grantOf(port)), inputs.map(boundedOf)).pull(
        boundedOf({ shape: [], data: [1] }),
      );
      const names = labels(c.layers, 'params');
      const slopes = [truth?.inputs ?? [], ...(truth?.gradients ?? [])];
      return every(
        slopes.map((s, i) => {
          const at = i === 0 ? 0 : i + 1; // y lies between
          return within(
            i === 0 ? 'dx' : `gradient of ${names[i - 1]}`,
            got[at]?.data ?? [],
            s.map((v) => expecting(v, port.dtype)),
            bound[at]?.error.view ?? [],
          );
        }),
      );
    },
  }),
];
