// The chapter of regularisation, second part: penalties at work, in a loss with a batch, in a step of an optimizer, at an optimum.
import fc from 'fast-check';
import { dyadic, extent, filled, moderate, type Values } from '../arbitraries.ts';
import { ask, claim, every, having, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { nearest } from '../oracle/exact.ts';
import { penaltySlope, penaltyValue, type Strengths, shrinkage } from '../oracle/penalty.ts';
import type { PortInfo } from '../port.ts';
import { exactly, roundingBound } from '../tolerance.ts';
import { like } from './cases.ts';
import {
  exactStrengths,
  type Fitted,
  fitted,
  gradientOf,
  lossAndGrad,
  off,
  penalties,
  penaltyOn,
  twice,
  whole,
  withOthers,
} from './regularisation-cases.ts';

type Penalised = Fitted & { readonly h: Strengths };

const penalised = (name: string): fc.Arbitrary<Penalised> =>
  fc.tuple(fitted(), exactStrengths(name)).map(([c, h]) => ({ ...c, h }));
const split = ({ h, ...c }: Penalised): readonly [Fitted, Strengths] => [c, h];

/** What a penalty must add, exact for small whole numbers. */
const added = ({ w, b, h }: Pick<Penalised, 'w' | 'b' | 'h'>, { l2, regulariseBias }: PortInfo['conventions']) => ({
  loss: nearest(penaltyValue(w.data, h, l2)) + (regulariseBias ? nearest(penaltyValue(b.data, h, l2)) : 0),
  dw: w.data.map((v) => nearest(penaltySlope(v, h, l2))),
  db: b.data.map((v) => (regulariseBias ? nearest(penaltySlope(v, h, l2)) : 0)),
});

/** One step of a rule on one tensor. */
function* stepOf(rule: string, w: Values, g: Values, hyper: Readonly<Record<string, number>>): Inquiry<Values> {
  const answer = yield* ask(`optimizer.${rule}.run`, { params: [w], gradients: [[g]], hyper });
  return like(w, Array.from(answer.steps('params')[0]?.[0]?.data ?? []));
}

const plus = (a: Values, b: readonly number[]): Values =>
  like(
    a,
    a.data.map((v, i) => v + (b[i] ?? 0)),
  );

export const trainedRegularisationLaws = [
  law<Penalised>({
    id: 'regularisation/loss',
    ref: 'W-12, W-01',
    class: 'lattice',
    runs: 50,
    says: 'a penalised loss is the loss plus the penalty, whole in every batch size and reduction, and so is its gradient',
    formula: 'L(λ) − L(0) = V(w), ∇L(λ) − ∇L(0) = ∇V(w)',
    kills: ['tfjs #1861', 'nn-from-scratch #13', 'convnetjs (L2 gradient divided by the batch)'],
    subjects: penalties('loss_and_grad'),
    given: (_port, name) => penalised(name),
    *holds(input, { conventions }, name) {
      const [c, h] = split(input);
      const without = yield* lossAndGrad(name, c, off(name));
      const got = yield* lossAndGrad(name, c, h);
      const more = added(input, conventions);
      return every([
        same(
          'loss, less the loss without penalty',
          [(got.loss[0] ?? Number.NaN) - (without.loss[0] ?? 0)],
          [more.loss],
        ),
        same(
          'dw, less dw without penalty',
          got.dw.map((v, i) => v - (without.dw[i] ?? 0)),
          more.dw,
        ),
        same(
          'db, less db without penalty',
          got.db.map((v, i) => v - (without.db[i] ?? 0)),
          more.db,
        ),
      ]);
    },
  }),
  law<Penalised>({
    id: 'regularisation/bias-gradient',
    ref: 'W-03',
    class: 'exact',
    runs: 40,
    says: 'the gradient of a bias does not depend on the strengths, bit for bit, unless biases are declared to count',
    subjects: (port) => (port.conventions.regulariseBias ? [] : penalties('loss_and_grad')(port)),
    given: (port, name) => fc.tuple(fitted(moderate(port.dtype)), exactStrengths(name)).map(([c, h]) => ({ ...c, h })),
    *holds(input, _port, name) {
      const [c, h] = split(input);
      return same(
        'db with a penalty, against db without',
        (yield* lossAndGrad(name, c, h)).db,
        (yield* lossAndGrad(name, c, off(name))).db,
      );
    },
  }),
  law<Penalised>({
    id: 'regularisation/batch',
    ref: 'W-04',
    class: 'lattice',
    runs: 50,
    says: 'the penalty does not depend on the size of the batch: a batch twice over changes nothing under the mean, and doubles the loss but not the penalty under the sum',
    formula: 'mean: L(X ∪ X) = L(X); sum: L(X ∪ X) − V = 2·(L(X) − V)',
    kills: ['convnetjs (L2 gradient divided by the batch)', 'keras #22021', 'nn-from-scratch #13'],
    subjects: penalties('loss_and_grad'),
    given: (_port, name) => penalised(name),
    *holds(input, { conventions }, name) {
      const [c, h] = split(input);
      const once = yield* lossAndGrad(name, c, h);
      const again = yield* lossAndGrad(name, { ...c, x: twice(c.x), y: twice(c.y) }, h);
      const own = added(input, conventions);
      const times = c.reduction === 'mean' ? 1 : 2;
      const expected = (values: readonly number[], penalty: readonly number[]): readonly number[] =>
        values.map((v, i) => times * (v - (penalty[i] ?? 0)) + (penalty[i] ?? 0));
      return every([
        same(`loss of the batch twice over, ${c.reduction}`, again.loss, expected(once.loss, [own.loss])),
        same(`dw of the batch twice over, ${c.reduction}`, again.dw, expected(once.dw, own.dw)),
        same(`db of the batch twice over, ${c.reduction}`, again.db, expected(once.db, own.db)),
      ]);
    },
  }),
  law<{ readonly w: Values; readonly g: readonly Values[]; readonly lr: number; readonly l2: number }>({
    id: 'regularisation/weight-decay',
    ref: 'W-05',
    class: 'lattice',
    runs: 50,
    says: 'steepest descent with an L2 penalty is weight decay, step by step',
    formula: 'w′ = (1 − lr·λ)·w − lr·g',
    source: 'Hanson & Pratt 1988; Krogh & Hertz 1991, eq. 2',
    kills: ['DenseNet #57', 'mlcommons/hpc #22'],
    subjects: having('regulariser.l2.gradient', 'optimizer.sgd.run'),
    given: () =>
      extent(4).chain((n) =>
        fc.record({
          w: filled([n], whole),
          g: fc.array(filled([n], whole), { minLength: 1, maxLength: 2 }),
          lr: fc.constantFrom(1 / 2, 1 / 4),
          l2: fc.constantFrom(1 / 2, 1 / 4, 1),
        }),
      ),
    *holds({ w, g, lr, l2 }, { conventions }) {
      const decay = shrinkage(l2, conventions.l2);
      const verdicts: Verdict[] = [];
      let own = w;
      let hand = w.data;
      for (const [k, gradient] of g.entries()) {
        own = yield* stepOf('sgd', own, plus(gradient, yield* gradientOf('l2', own, { l2 })), { lr });
        hand = hand.map((v, i) => (1 - lr * decay) * v - lr * (gradient.data[i] ?? 0));
        verdicts.push(same(`w after step ${k + 1} at lr ${lr}, l2 ${l2}`, own.data, hand));
      }
      return every(verdicts);
    },
  }),
  law<{ readonly w: Values; readonly g: Values; readonly lr: number; readonly l2: number }>({
    id: 'regularisation/adam-is-not-decay',
    ref: 'W-06',
    class: 'rounding bound',
    runs: 50,
    says: 'for Adam an L2 penalty is not weight decay: its first step is the rate whatever the penalty, where decoupled decay adds rate · decay · w',
    formula: 'Adam: −lr·sign(g + λ·w); AdamW: −lr·(sign(g) + λ·w)',
    source: 'Loshchilov & Hutter 2019, Proposition 1',
    subjects: having('regulariser.l2.gradient', 'optimizer.adam.run', 'optimizer.adamw.run'),
    given: () =>
      extent(4).chain((n) =>
        fc.record({
          w: filled(
            [n],
            dyadic.map((v) => (v === 0 ? 1 : v)),
          ),
          g: filled(
            [n],
            dyadic.map((v) => (v === 0 ? -1 : v)),
          ),
          lr: fc.constantFrom(1 / 4, 1 / 16),
          l2: fc.constantFrom(1 / 2, 3 / 8),
        }),
      ),
    *holds({ w, g, lr, l2 }, { conventions, dtype }) {
      const shared = { lr, beta1: 3 / 4, beta2: 15 / 16, eps: 0 };
      const penalty = yield* gradientOf('l2', w, { l2 });
      const decay = shrinkage(l2, conventions.l2);
      const total = g.data.map((v, i) => v + decay * (w.data[i] ?? 0));
      fc.pre(total.every((v) => v !== 0)); // without epsilon, 0 ÷ 0
      // the penalty may turn a sign by as much as the decay moves the weight
      fc.pre(total.some((v, i) => Math.sign(v) !== Math.sign(g.data[i] ?? 0) + decay * (w.data[i] ?? 0)));
      const coupled = yield* stepOf('adam', w, plus(g, penalty), shared);
      const decoupled = yield* stepOf('adamw', w, g, { ...shared, weightDecay: decay });
      // two moments with their corrections (four roundings each), root, quotient, rate, decay (two), difference
      const allowed = w.data.map((v) => roundingBound(14, lr * (1 + decay * Math.abs(v)) + Math.abs(v), dtype));
      return every([
        within(
          'w after Adam with the penalty',
          coupled.data,
          w.data.map((v, i) => exactly(v - lr * Math.sign(total[i] ?? 0))),
          allowed,
        ),
        within(
          'w after Adam with decoupled decay',
          decoupled.data,
          w.data.map((v, i) => exactly(v - lr * (Math.sign(g.data[i] ?? 0) + decay * v))),
          allowed,
        ),
        claim(
          'the two differ',
          coupled.data.some((v, i) => v !== decoupled.data[i]),
        ),
      ]);
    },
  }),
  law<Fitted>({
    id: 'regularisation/off',
    ref: 'W-07',
    class: 'exact',
    runs: 40,
    says: 'with strengths of 0 there is no penalty: value and gradient are 0, and loss and gradients are those of the same network without one, bit for bit',
    subjects: withOthers(['model.network.loss_and_grad'], penalties('value', 'gradient', 'loss_and_grad')),
    given: (port) => fitted(moderate(port.dtype), 'mse'),
    *holds(c, _port, name) {
      const { x, y, w, b, loss, reduction } = c;
      const own = yield* lossAndGrad(name, c, off(name));
      const layers = [{ type: 'dense', units: w.shape[1] ?? 1 }];
      const none = yield* ask('model.network.loss_and_grad', { layers, loss, reduction, params: [w, b], x, y });
      const [dw, db] = none.tensors('gradients');
      return every([
        same('value at strength 0', yield* penaltyOn(name, w, off(name)), [0]),
        same(
          'gradient at strength 0',
          yield* gradientOf(name, w, off(name)),
          w.data.map(() => 0),
        ),
        same('loss at strength 0, against the network without', own.loss, Array.from(none.tensor('loss').data)),
        same('dw at strength 0, against the network without', own.dw, Array.from(dw?.data ?? [])),
        same('db at strength 0, against the network without', own.db, Array.from(db?.data ?? [])),
      ]);
    },
  }),
];
