// Networks as functions: their value in both modes, what simple models come to, and what must be refused.
import fc from 'fast-check';
import { moderate, type NetworkCase, type Values, visiting } from '../arbitraries.ts';
import { ask, claim, every, having, law, same, within } from '../law.ts';
import { anyNetwork, mild, modelLosses, needsOf } from '../networks.ts';
import { exact, expecting, ZERO } from '../oracle/exact.ts';
import { evaluate } from '../oracle/formula.ts';
import { gradientsOver, outputOver } from '../oracle/model.ts';
import { naiveOutput } from '../oracle/naive.ts';
import { bounded } from '../oracle/readings.ts';
import { labels } from '../placing.ts';
import { exactly, FORMATS, gamma, grantOf } from '../tolerance.ts';
import {
  boundedOf,
  elementwiseOf,
  lattice,
  like,
  lossAndGrad,
  needsLattice,
  needsNetwork,
  networksOf,
} from './cases.ts';

import { forward, needsForward } from './network-symmetries.ts';

/** Activations that spread two numbers no further apart, at any parameter they need none of. */
const LIPSCHITZ = ['identity', 'relu', 'tanh', 'sigmoid', 'softsign', 'hard_tanh', 'hard_sigmoid', 'softplus'];

const frobenius = (data: ArrayLike<number>): number => Math.sqrt(Array.from(data).reduce((s, v) => s + v * v, 0));

/** A whole-number network by its definition: dense layers with relu or leaky relu between, sample by sample. */
const byHand = (c: NetworkCase, x: readonly number[]): { readonly f: readonly number[]; readonly pattern: string } => {
  let [h, next, pattern] = [x, 0, ''];
  for (const layer of c.layers)
    if (layer.type === 'dense') {
      const [w, b] = [c.params[next]?.data ?? [], c.params[next + 1]?.data ?? []];
      const input = h;
      h = b.map((bias, j) => input.reduce((s, v, i) => s + v * (w[i * b.length + j] ?? Number.NaN), bias));
      next += 2;
    } else if (layer.type === 'activation') {
      pattern += h.map((v) => Math.sign(v)).join();
      const left = layer.name === 'relu' ? 0 : layer.name === 'identity' ? 1 : Number(layer.slope);
      h = h.map((v) => (v > 0 ? v : left * v));
    }
  return { f: h, pattern };
};

export const networkFormLaws = [
  law<{ readonly c: NetworkCase; readonly mode: 'train' | 'eval' }>({
    id: 'network/forward',
    ref: 'N-13, N-04',
    class: '64-digit oracle',
    runs: 50,
    says: 'the output of a random model in either mode agrees with the naive 64-digit network; eval mode drops nothing and reads the running statistics',
    kills: ['tinygrad #4351'],
    subjects: needsForward,
    given: (port) =>
      fc.record({
        c: visiting(anyNetwork(port, { bare: true }), anyNetwork(port, { inputs: 11, batch: 9 })),
        mode: fc.constantFrom('train' as const, 'eval' as const),
      }),
    *holds({ c, mode }, port) {
      const bound = outputOver(bounded(grantOf(port)), c, boundedOf, mode);
      const got = yield* forward(c, mode);
      return within(
        `output in ${mode} mode`,
        got.data,
        naiveOutput(c, mode).map((v) => expecting(v, port.dtype)),
        bound.error.view,
      );
    },
  }),
  law<NetworkCase>({
    id: 'network/linear-collapse',
    ref: 'N-09',
    class: 'lattice',
    runs: 50,
    says: 'layers without a non-linearity are one layer: of the product of the weights and the biases carried through',
    formula: 'f(x) = x·W₁·W₂·W₃ + (b₁·W₂ + b₂)·W₃ + b₃',
    source: 'Minsky & Papert 1969',
    subjects: (port) => needsLattice(port).filter(() => having('activation.identity.vjp')(port).length > 0),
    given: (port) => lattice(port, 3, ['identity']),
    *holds(c) {
      const product = (a: readonly number[], b: readonly number[], k: number, m: number): number[] =>
        Array.from({ length: (a.length / k) * m }, (_, p) =>
          Array.from({ length: k }, (_2, l) => (a[Math.floor(p / m) * k + l] ?? 0) * (b[l * m + (p % m)] ?? 0)).reduce(
            (s, v) => s + v,
            0,
          ),
        );
      let [w, b]: [readonly number[], readonly number[]] = [c.params[0]?.data ?? [], c.params[1]?.data ?? []];
      for (let l = 2; l < c.params.length; l += 2) {
        const [k = 1, m = 1] = c.params[l]?.shape ?? [];
        const next = c.params[l]?.data ?? [];
        w = product(w, next, k, m);
        b = product(b, next, k, m).map((v, j) => v + (c.params[l + 1]?.data[j] ?? 0));
      }
      const [d, m] = [c.x.shape[1] ?? 1, b.length];
      const one: NetworkCase = {
        ...c,
        layers: [{ type: 'dense', units: m }],
        params: [
          { shape: [d, m], data: w },
          { shape: [m], data: b },
        ],
      };
      const [many, few] = [yield* lossAndGrad(c), yield* lossAndGrad(one)];
      const expected = product(c.x.data, w, d, m).map((v, k) => v + (b[k % m] ?? 0));
      return every([
        same('output of the layers', many.tensor('output').data, expected),
        same('output of the one layer', few.tensor('output').data, expected),
        same('loss', many.tensor('loss').data, few.tensor('loss').data),
        same(
          'gradient of the last bias',
          many.tensors('gradients').at(-1)?.data ?? [],
          few.tensors('gradients').at(-1)?.data ?? [],
        ),
      ]);
    },
  }),
  law<{ readonly c: NetworkCase; readonly by: 'logits' | 'probabilities' }>({
    id: 'network/logistic-regression',
    ref: 'N-10',
    class: '64-digit oracle',
    runs: 40,
    says: 'one layer with binary cross-entropy is logistic regression, by logits and by probabilities alike, with its gradient in closed form',
    formula: 'dW = xᵀ·(σ(x·W + b) − y) / n, db = Σ (σ(x·W + b) − y) / n',
    source: 'Cox 1958; Bishop 2006, eq. 4.91',
    kills: ['torch #1792', 'keras #9664'],
    subjects: (port) => needsNetwork('loss.bce_with_logits.vjp')(port),
    given: (port) =>
      fc.record({
        c: anyNetwork(port, { losses: ['bce_with_logits'], parts: [] })
          .map((c) => ({
            ...c,
            layers: [{ type: 'dense' as const, units: c.y.shape[1] ?? 1 }],
            params: c.params.slice(-2),
          }))
          .filter((c) => c.params[0]?.shape[0] === c.x.shape[1]),
        by: fc.constantFrom(
          'logits' as const,
          ...(port.has('activation.sigmoid.vjp') && modelLosses(port).includes('bce')
            ? ['probabilities' as const]
            : []),
        ),
      }),
    *holds({ c: given, by }, port) {
      const c: NetworkCase =
        by === 'logits'
          ? given
          : { ...given, loss: 'bce', layers: [...given.layers, { type: 'activation', name: 'sigmoid' }] };
      const [w, b] = given.params as [Values, Values]; // one layer
      const [n = 1, d = 1] = c.x.shape;
      const m = b.data.length;
      const share = c.reduction === 'mean' ? n * m : 1;
      const x = (r: number, i: number) => exact(c.x.data[r * d + i] ?? 0);
      const off = Array.from({ length: n * m }, (_, k) => {
        const [r, j] = [Math.floor(k / m), k % m];
        const z = w.data.reduce(
          (s, v, p) => (p % m === j ? s.plus(x(r, Math.floor(p / m)).times(exact(v))) : s),
          exact(b.data[j] ?? 0),
        );
        return evaluate('(1 / (1 + exp(-z)) - y) / n', { z, y: exact(c.y.data[k] ?? 0), n: exact(share) });
      });
      const sum = (f: (r: number) => typeof ZERO) =>
        Array.from({ length: n }, (_, r) => f(r)).reduce((s, v) => s.plus(v), ZERO);
      const expected = [
        w.data.map((_, p) => sum((r) => x(r, Math.floor(p / m)).times(off[r * m + (p % m)] ?? ZERO))),
        b.data.map((_, j) => sum((r) => off[r * m + j] ?? ZERO)),
      ];
      const got = (yield* lossAndGrad(c)).tensors('gradients');
      const bound = gradientsOver(bounded(grantOf(port)), c, boundedOf).gradients;
      return every(
        expected.map((e, i) =>
          within(
            i === 0 ? 'dW' : 'db',
            got[i]?.data ?? [],
            e.map((v) => expecting(v, port.dtype)),
            bound[i]?.error.view ?? [],
          ),
        ),
      );
    },
  }),
  law<{ readonly c: NetworkCase; readonly step: readonly number[] }>({
    id: 'network/piecewise-linear',
    ref: 'N-11',
    class: 'lattice',
    runs: 60,
    says: 'along a segment on which no unit changes side, a network of rectifiers is a straight line: its second difference is zero',
    source: 'Montúfar et al. 2014, §2',
    subjects: needsLattice,
    given: (port) =>
      fc.record({
        c: lattice(port, 3, ['relu', 'leaky_relu']),
        step: fc.array(fc.integer({ min: -1, max: 1 }), { minLength: 4, maxLength: 4 }),
      }),
    *holds({ c, step }) {
      const d = c.x.shape[1] ?? 1;
      const points = [0, 1, 2].map((t) => c.x.data.slice(0, d).map((v, i) => 4 * v + t * (step[i] ?? 0)));
      const hands = points.map((p) => byHand(c, p));
      fc.pre(new Set(hands.map(({ pattern }) => pattern)).size === 1);
      const x: Values = { shape: [3, d], data: points.flat() };
      const m = c.y.shape[1] ?? 1;
      const y: Values = { shape: [3, m], data: new Array<number>(3 * m).fill(1) };
      const f = (yield* lossAndGrad({ ...c, x, y })).tensor('output').data;
      const bend = Array.from(
        { length: m },
        (_, j) => (f[j] ?? Number.NaN) - 2 * (f[m + j] ?? Number.NaN) + (f[2 * m + j] ?? Number.NaN),
      );
      return every([
        same(
          'second difference',
          bend,
          bend.map(() => 0),
        ),
        same(
          'output',
          f,
          hands.flatMap((p) => p.f),
        ),
      ]);
    },
  }),
  law<{ readonly c: NetworkCase; readonly other: Values }>({
    id: 'network/lipschitz',
    ref: 'N-12',
    class: 'rounding bound',
    runs: 50,
    says: 'outputs of two inputs are no further apart than the inputs times the norms of all weights',
    formula: '|f(x) − f(x′)| ≤ ∏ ‖Wₗ‖·|x − x′|',
    source: 'Szegedy et al. 2014, §4.3',
    subjects: (port) => needsNetwork()(port).filter(() => elementwiseOf(port).some((n) => LIPSCHITZ.includes(n))),
    given: (port) =>
      networksOf(
        port,
        3,
        mild(port),
        elementwiseOf(port).filter((n) => LIPSCHITZ.includes(n)),
      ).chain((c) =>
        fc.record({
          c: fc.constant(c),
          other: fc.constant(c.x).map((x) =>
            like(
              x,
              x.data.map((v, k) => v + (k % 2 === 0 ? 1 : -1) / 2 ** (k % 5)),
            ),
          ),
        }),
      ),
    *holds({ c, other }, port) {
      const moved = { ...c, x: { shape: other.shape, data: other.data.map(FORMATS[port.dtype].round) } };
      const [a, b] = [(yield* lossAndGrad(c)).tensor('output').data, (yield* lossAndGrad(moved)).tensor('output').data];
      const o = bounded(grantOf(port));
      const [ea, eb] = [
        outputOver(o, c, boundedOf, 'train').error.view,
        outputOver(o, moved, boundedOf, 'train').error.view,
      ];
      const norms = c.params.filter((p) => p.shape.length === 2).reduce((s, p) => s * frobenius(p.data), 1);
      const [n = 1, d = 1] = c.x.shape;
      const m = c.y.shape[1] ?? 1;
      const rows = Array.from({ length: n }, (_, r) => r);
      const part = (t: ArrayLike<number>, r: number, width: number): number[] =>
        Array.from(t).slice(r * width, (r + 1) * width);
      const less = (p: readonly number[], q: readonly number[]): number[] => p.map((v, i) => v - (q[i] ?? 0));
      const own = 1 + gamma(64, FORMATS.f64.u); // of the norms themselves
      return within(
        'distance of outputs, sample by sample',
        rows.map((r) => frobenius(less(part(a, r, m), part(b, r, m)))),
        rows.map(() => exactly(0)),
        rows.map(
          (r) =>
            own *
            (norms * frobenius(less(part(c.x.data, r, d), part(moved.x.data, r, d))) +
              frobenius(part(ea, r, m)) +
              frobenius(part(eb, r, m))),
        ),
      );
    },
  }),
  law<NetworkCase>({
    id: 'network/finite',
    ref: 'N-13',
    class: 'structural',
    runs: 60,
    says: 'large weights and data, far below overflow, give finite losses, outputs and gradients of the right shapes',
    kills: ['burn #1140', 'NNlib #68', 'Theano #3162', 'tinygrad #8238'],
    subjects: needsNetwork(),
    given: (port) =>
      anyNetwork(port, {
        losses: modelLosses(port).filter((l) => l !== 'kl' && l !== 'bce'), // whose losses are infinite at 0
        weight: moderate(port.dtype).map((v) => v * (port.dtype === 'f64' ? 2 ** 16 : 8)),
      }),
    *holds(c) {
      const answer = yield* lossAndGrad(c);
      const wild = (t: { readonly data: ArrayLike<number> }): number =>
        Array.from(t.data).filter((v) => !Number.isFinite(v)).length;
      const names = labels(c.layers, 'params');
      return every([
        same('numbers of the loss that are not finite', [wild(answer.tensor('loss'))], [0]),
        same('numbers of the output that are not finite', [wild(answer.tensor('output'))], [0]),
        ...answer
          .tensors('gradients')
          .map((g, i) => same(`numbers of the gradient of ${names[i]} that are not finite`, [wild(g)], [0])),
      ]);
    },
  }),
  law<{ readonly c: NetworkCase; readonly how: string; readonly leaf: number }>({
    id: 'network/shape-errors',
    ref: 'N-14',
    class: 'structural',
    runs: 80,
    says: 'data and parameters that do not fit are refused, also where they could be stretched to fit; those that fit are not',
    kills: ['burn #702'],
    subjects: (port) => needsNetwork()(port).filter(() => having('model.network.refuses')(port).length > 0),
    given: (port) =>
      fc.record({
        c: anyNetwork(port),
        how: fc.constantFrom('nothing', 'x', 'y', 'rows', 'longer', 'one', 'flat', 'missing', 'state'),
        leaf: fc.nat({ max: 19 }),
      }),
    *holds({ c, how, leaf }) {
      const at = leaf % c.params.length;
      const ones = (shape: readonly number[]): Values => ({
        shape,
        data: new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(1),
      });
      const param = (f: (shape: readonly number[]) => readonly number[]): NetworkCase => ({
        ...c,
        params: c.params.map((p, i) => (i === at ? ones(f(p.shape)) : p)),
      });
      const [n = 1, d = 1] = c.x.shape;
      const m = c.y.shape[1] ?? 1;
      const wrong: Readonly<Record<string, () => NetworkCase>> = {
        nothing: () => c,
        x: () => ({ ...c, x: ones([n, d + 1]) }),
        y: () => ({ ...c, y: ones([n, m + 1]) }),
        rows: () => ({ ...c, y: ones([n + 1, m]) }),
        longer: () => param((s) => s.map((k) => k + 1)),
        // what a vector or a matrix of one would be stretched to
        one: () => param((s) => s.map(() => 1)),
        flat: () => param((s) => [1, ...s]),
        missing: () => ({ ...c, params: c.params.slice(0, -1) }),
        state: () => ({
          ...c,
          ...(c.state === undefined ? {} : { state: c.state.map((s) => ones(s.shape.map((k) => k + 1))) }),
        }),
      };
      const asked = wrong[how]?.() ?? c;
      const { direction: _, ...args } = asked;
      const { refused } = { refused: (yield* ask('model.network.refuses', args)).flag('refused') };
      const shapes = needsOf(c.layers, d).params;
      const fits =
        how === 'nothing' ||
        (how === 'one' && (shapes[at] ?? []).every((k) => k === 1)) ||
        (how === 'state' && c.state === undefined);
      const what =
        how === 'longer' || how === 'one' || how === 'flat'
          ? `${labels(c.layers, 'params')[at]} of shape ${JSON.stringify(asked.params[at]?.shape)}`
          : how;
      return claim(`refuses ${what}`, refused === !fits, Number(refused), Number(!fits));
    },
  }),
];
