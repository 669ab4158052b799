// The chapter of training: a step is what its parts make of it, in order, and nothing else changes.
import fc from 'fast-check';
import { optimizerRow } from '../../src/index.ts';
import { extent, filled, powerOfTwo, type Values, visiting } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import { ask, claim, every, law, same } from '../law.ts';
import {
  type Batch,
  eachOptimizer,
  type Fit,
  fit,
  fits,
  flat,
  latticeFits,
  needsFit,
  rows,
  times,
  tiny,
} from './training-cases.ts';

/** Whether a rule adds up what it sees of all leaves: in an order that is nobody's business, and of two there is none. */
const addsUp = (optimizer: string): boolean => optimizerRow(camel(optimizer)).traits.sees === 'all';

const asked = ({ layers, loss, reduction }: Fit, params: readonly unknown[], batch: object) =>
  ask('model.network.loss_and_grad', { layers, loss, reduction, params, ...batch });

const plus = (a: readonly number[], b: readonly number[], by = 1): readonly number[] =>
  a.map((v, i) => v + by * (b[i] ?? Number.NaN));

/** Unequal parts of a batch: powers of two that add up to one, so that the shares are exact. */
const PARTS: readonly (readonly number[])[] = [
  [1, 1, 2],
  [2, 1, 1],
  [4, 2, 1, 1],
  [1, 2, 1, 4],
  [2, 4, 2],
];

export const trainLaws = [
  law<Fit>({
    id: 'train/manual-step',
    ref: 'T-04',
    class: 'lattice',
    runs: 100,
    says: 'a step of gradient descent is forward, loss, backward and w − lr·g made by hand, layer by layer',
    formula: 'w₁ ← w₁ − lr·xᵀ·δ₁, δ₁ = f′(z₁)·(δ₂·w₂ᵀ), δ₂ = 2·(y − target)',
    source: 'Rumelhart, Hinton & Williams 1986',
    kills: ['brain.js #560'],
    subjects: needsFit(
      'layer.dense.forward',
      'layer.dense.vjp',
      'activation.relu.vjp',
      'activation.identity.vjp',
      'loss.mse.vjp',
    ),
    given: (port) => latticeFits(port),
    *holds(c) {
      const [batch] = c.batches;
      if (batch === undefined) return claim('a batch', false);
      const [w1, b1, w2, b2] = c.params;
      const { name } = c.layers[1] as { readonly name: string }; // dense, activation, dense
      const { lr = 0 } = c.hyper;
      const got = yield* fit({ ...c, batches: [batch] });
      const z = (yield* ask('layer.dense.forward', { x: batch.x, w: w1, b: b1 })).tensor('y');
      const a = (yield* ask(`activation.${name}.forward`, { x: z })).tensor('y');
      const y = (yield* ask('layer.dense.forward', { x: a, w: w2, b: b2 })).tensor('y');
      const at = { prediction: y, target: batch.y, reduction: c.reduction };
      const loss = (yield* ask('loss.mse.forward', at)).tensor('loss');
      const dy = (yield* ask('loss.mse.vjp', at)).tensor('dprediction');
      const second = yield* ask('layer.dense.vjp', { x: a, w: w2, b: b2, dy });
      const dz = (yield* ask(`activation.${name}.vjp`, { x: z, dy: second.tensor('dx') })).tensor('dx');
      const first = yield* ask('layer.dense.vjp', { x: batch.x, w: w1, b: b1, dy: dz });
      const gradients = [first.tensor('dw'), first.tensor('db'), second.tensor('dw'), second.tensor('db')];
      return every([
        same('loss before the step', got.numbers('losses'), Array.from(loss.data)),
        ...gradients.map((g, i) =>
          same(
            `parameters ${i} after the step`,
            got.steps('params')[0]?.[i]?.data ?? [],
            plus(c.params[i]?.data ?? [], Array.from(g.data), -lr),
          ),
        ),
      ]);
    },
  }),
  law<Fit>({
    id: 'train/composition',
    ref: 'T-04',
    class: 'exact',
    runs: 5,
    says: 'training is loss, gradient and update in turn: every step has the gradient of its own batch at the parameters of the step before, and the loss there; the optimizer remembers its moments and its number of steps',
    formula: 'wₖ₊₁ = wₖ + update(∇L(wₖ; batchₖ), k + 1)',
    kills: ['tinygrad fc6f355c6a', 'burn #621'],
    subjects: eachOptimizer('model.network.loss_and_grad'),
    given: (port, optimizer) =>
      visiting(
        fits(port, { depth: addsUp(optimizer) ? 1 : 2 }).filter((c) => c.params.length <= 2 || !addsUp(optimizer)),
        fits(port, { depth: 1, wider: false, steps: 2 }).map((c) => ({
          ...c,
          batches: Array.from({ length: 18 }, (_, t) => c.batches[t % c.batches.length] as Batch), // there is one at least
        })),
      ).map((c) => ({ ...c, optimizer })),
    *holds(c, _port, optimizer) {
      const got = yield* fit(c);
      const gradients: unknown[] = [];
      const losses: number[] = [];
      let params: readonly unknown[] = c.params;
      for (const [k, batch] of c.batches.entries()) {
        const at = yield* asked(c, params, batch);
        gradients.push(at.tensors('gradients'));
        losses.push(at.tensor('loss').data[0] ?? Number.NaN);
        params = got.steps('params')[k] ?? [];
      }
      fc.pre(losses.every(Number.isFinite)); // a training whose loss has left the range ends there
      const open = (yield* ask(`optimizer.${optimizer}.run`, { params: c.params, gradients, hyper: c.hyper })).steps(
        'params',
      );
      return every([
        same('losses before each step', got.numbers('losses'), losses),
        ...open.map((p, k) => same(`parameters after step ${k + 1}`, flat(got.steps('params')[k]), flat(p))),
        same('parameters at the end', flat(got.tensors('final')), flat(open.at(-1))),
      ]);
    },
  }),
  law<{ readonly c: Fit; readonly parts: readonly number[] }>({
    id: 'train/accumulation',
    ref: 'T-01',
    class: 'lattice',
    runs: 60,
    says: 'gradients and losses of unequal parts of a batch, weighted by their share of it where the loss is a mean, add up to those of the whole',
    formula: '∇L = Σ (nᵢ/n)·∇Lᵢ (mean), Σ ∇Lᵢ (sum)',
    kills: ['keras #19363', 'mistnet #33'],
    subjects: needsFit('model.network.loss_and_grad', 'activation.relu.vjp', 'loss.mse.vjp'),
    given: (port) =>
      fc
        .record({
          c: latticeFits(port),
          parts: fc.constantFrom(...PARTS),
          reduction: fc.constantFrom('mean' as const, 'sum' as const),
          outputs: fc.constantFrom(1, 2),
          inputs: extent(3),
        })
        .chain(({ c, parts, reduction, outputs, inputs }) => {
          const n = parts.reduce((a, b) => a + b);
          return fc.record({
            parts: fc.constant(parts),
            c: fc.record({
              ...Object.fromEntries(Object.entries(c).map(([name, v]) => [name, fc.constant(v)])),
              reduction: fc.constant(reduction),
              layers: fc.constant([{ type: 'dense', units: 2 }, c.layers[1], { type: 'dense', units: outputs }]),
              params: fc.tuple(...[[inputs, 2], [2], [2, outputs], [outputs]].map((s) => filled(s, tiny))),
              batches: fc.tuple(fc.record({ x: filled([n, inputs], tiny), y: filled([n, outputs], tiny) })),
            }) as unknown as fc.Arbitrary<Fit>, // the same fields, some of them replaced
          });
        }),
    *holds({ c, parts }) {
      const [batch] = c.batches;
      if (batch === undefined) return claim('a batch', false);
      const whole = yield* asked(c, c.params, batch);
      const n = batch.x.shape[0] ?? 1;
      let from = 0;
      let loss = 0;
      let sum: readonly number[] = flat(c.params).map(() => 0);
      for (const size of parts) {
        const to = from + size;
        const part = yield* asked(c, c.params, { x: rows(batch.x, from, to), y: rows(batch.y, from, to) });
        const share = c.reduction === 'mean' ? size / n : 1;
        loss += share * (part.tensor('loss').data[0] ?? Number.NaN);
        sum = plus(sum, flat(part.tensors('gradients')), share);
        from = to;
      }
      return every([
        same('loss', [loss], whole.tensor('loss').data),
        same('gradients, summed up', sum, flat(whole.tensors('gradients'))),
      ]);
    },
  }),
  law<Fit>({
    id: 'train/loss-slope',
    ref: 'T-05',
    class: 'lattice',
    runs: 60,
    says: 'for a small rate the loss falls by the rate times the squared length of the gradient: for a linear model, whose loss is a parabola along the step, exactly',
    formula: '(−3·L(0) + 4·L(η) − L(2η))/(2η) = −|g|², L(η) = L(w − η·g), g = (w − w′)/η',
    source: 'Cauchy 1847; three points of a parabola give its slope',
    subjects: needsFit('activation.relu.vjp', 'loss.mse.vjp'),
    given: (port) => latticeFits(port, 1),
    *holds(c) {
      const [batch] = c.batches;
      if (batch === undefined) return claim('a batch', false);
      const { lr = 0 } = c.hyper;
      const along = function* (by: number) {
        const got = yield* fit({ ...c, hyper: { lr: by }, batches: [batch, batch] });
        const [before = Number.NaN, after = Number.NaN] = got.numbers('losses');
        return { before, after, params: flat(got.steps('params')[0]) };
      };
      const one = yield* along(lr);
      const two = yield* along(2 * lr);
      const g = plus(flat(c.params), one.params, -1).map((v) => v / lr);
      const slope = (-3 * one.before + 4 * one.after - two.after) / (2 * lr);
      return every([
        same('slope of the loss along the step', [slope], [-g.reduce((s, v) => s + v * v, 0)]),
        same('loss before either step', [two.before], [one.before]),
      ]);
    },
  }),
  law<{ readonly signs: readonly number[]; readonly w: readonly number[]; readonly target: number }>({
    id: 'train/one-sample',
    ref: 'T-07',
    class: 'lattice',
    runs: 20,
    says: 'one sample with features ±1 is learnt for good: at the rate 1/(4·(n + 1)) the error halves with every step, exactly, and ends below 10⁻⁶',
    formula: 'Lₖ = L₀/4ᵏ, since rₖ₊₁ = rₖ·(1 − 2·lr·(|x|² + 1))',
    subjects: needsFit('activation.identity.vjp', 'loss.mse.vjp'),
    given: () =>
      fc.constantFrom(3, 7).chain((n) =>
        fc.record({
          signs: fc.array(fc.constantFrom(1, -1), { minLength: n, maxLength: n }),
          w: fc.array(tiny, { minLength: n + 1, maxLength: n + 1 }),
          target: tiny,
        }),
      ),
    *holds({ signs, w, target }, { dtype }) {
      const n = signs.length;
      const steps = dtype === 'f64' ? 18 : 10; // weights grow by a bit with every step
      const r = signs.reduce((s, v, i) => s + v * (w[i] ?? 0), w[n] ?? 0) - target;
      const got = yield* fit({
        layers: [{ type: 'dense', units: 1 }],
        loss: 'mse',
        reduction: 'sum',
        params: [
          { shape: [n, 1], data: w.slice(0, n) },
          { shape: [1], data: w.slice(n) },
        ],
        optimizer: 'sgd',
        hyper: { lr: 1 / (4 * (n + 1)) },
        batches: Array.from({ length: steps }, () => ({
          x: { shape: [1, n], data: signs },
          y: { shape: [1, 1], data: [target] },
        })),
        seed: 1,
      });
      const losses = got.numbers('losses');
      return every([
        same(
          'losses',
          losses,
          losses.map((_, k) => r ** 2 / 4 ** k),
        ),
        claim('number of losses', losses.length === steps, losses.length, steps),
      ]);
    },
  }),
  law<{ readonly c: Fit; readonly k: number }>({
    id: 'train/data-scaling',
    ref: 'T-09',
    class: 'power of two',
    runs: 40,
    says: 'data times c = 2ᵏ and first weights over c are the same function with the same loss; the first weights then move as they would at c² times the rate, over c, and all others as ever',
    formula: 'L(c·x; w₁/c) = L(x; w₁), w₁/c − lr·c·g₁ = (w₁ − c²·lr·g₁)/c',
    subjects: needsFit(),
    given: (port) => fc.record({ c: fits(port), k: fc.constantFrom(-3, -2, -1, 1, 2, 3) }),
    *holds({ c, k }) {
      const [batch] = c.batches;
      const [w1, ...rest] = c.params;
      if (batch === undefined || w1 === undefined) return claim('a batch', false);
      const by = 2 ** k;
      const { lr = 0 } = c.hyper;
      const plain = yield* fit({ ...c, batches: [batch] });
      const faster = yield* fit({ ...c, batches: [batch], hyper: { lr: lr * by * by } });
      const scaled = yield* fit({
        ...c,
        params: [times(w1, 1 / by), ...rest],
        batches: [{ x: times(batch.x, by), y: batch.y }],
      });
      const [first, ...others] = scaled.steps('params')[0] ?? [];
      return every([
        same('loss', scaled.numbers('losses'), plain.numbers('losses')),
        same(
          'first weights',
          first?.data ?? [],
          flat(faster.steps('params')[0]?.slice(0, 1)).map((v) => v / by),
        ),
        same('all other parameters', flat(others), flat(plain.steps('params')[0]?.slice(1))),
      ]);
    },
  }),
  law<Fit>({
    id: 'train/zero-iterations',
    ref: 'T-06, P-09',
    class: 'exact',
    runs: 3,
    says: 'without batches a training ends where it began; at a rate of 0 it stays there, and a batch has the same loss again',
    kills: ['synaptic rate || 0.3', 'neataptic iterations || Infinity'],
    subjects: eachOptimizer(),
    given: (port, optimizer) => fits(port).map((c) => ({ ...c, optimizer })),
    *holds(c) {
      const [batch] = c.batches;
      if (batch === undefined) return claim('a batch', false);
      const none = yield* fit({ ...c, batches: [] });
      const still = yield* fit({ ...c, batches: [batch, batch, batch], hyper: { ...c.hyper, lr: 0 } });
      const [first = Number.NaN] = still.numbers('losses');
      return every([
        same('parameters after no step', flat(none.tensors('final')), flat(c.params)),
        claim('steps of no batches', none.numbers('losses').length === 0, none.numbers('losses').length, 0),
        ...still
          .steps('params')
          .map((p, k) => same(`parameters after step ${k + 1} at rate 0`, flat(p), flat(c.params))),
        same('losses at rate 0', still.numbers('losses'), [first, first, first]),
      ]);
    },
  }),
  law<{ readonly w: number; readonly x: number; readonly off: number; readonly steps: number }>({
    id: 'train/stop-at',
    ref: 'T-06, P-09',
    class: 'lattice',
    runs: 30,
    says: 'a training that may stop at a loss of 0 does so after the first step that has it, and goes on while the loss is larger, however small',
    kills: ['synaptic options.error || .005'],
    subjects: needsFit('training.network.fit_watched', 'activation.identity.vjp', 'loss.mse.vjp'),
    given: () =>
      fc.record({
        w: fc.integer({ min: -8, max: 8 }),
        x: fc.integer({ min: 1, max: 8 }),
        off: fc.oneof(fc.constant(0), powerOfTwo(-9, 0)),
        steps: fc.integer({ min: 2, max: 4 }),
      }),
    *holds({ w, x, off, steps }) {
      const one = (v: number): Values => ({ shape: [1, 1], data: [v] });
      const got = yield* ask('training.network.fit_watched', {
        layers: [{ type: 'dense', units: 1 }],
        loss: 'mse',
        reduction: 'sum',
        params: [one(w), { shape: [1], data: [0] }],
        optimizer: 'sgd',
        hyper: { lr: 0 },
        batches: Array.from({ length: steps }, () => ({ x: one(x), y: one(w * x) })),
        seed: 1,
        validation: { x: one(x), y: one(w * x + off) },
        stopAt: 0,
      });
      const made = off === 0 ? 1 : steps;
      return every([
        same('validation losses', got.numbers('evaluations'), new Array<number>(made).fill(off * off)),
        claim('steps made', got.numbers('losses').length === made, got.numbers('losses').length, made),
      ]);
    },
  }),
];
