// XOR: what the perceptron cannot learn, shown by certificate and by cycle, and what two layers can.
import fc from 'fast-check';
import { powerOfTwo, type Values } from '../arbitraries.ts';
import { type Answer, ask, claim, every, having, type Inquiry, law, same, sided } from '../law.ts';
import { certifies, scoreOf, walked } from '../oracle/perceptron.ts';
import type { PortInfo } from '../port.ts';
import { CORNERS, fit, ODD, rowsOf, signed, truth } from './samples.ts';

const needs = having('perceptron.perceptron.fit');
/** 1 per corner: the four conditions of XOR add up to 0 > 0. */
const ALL_ONCE = [1, 1, 1, 1];

/** The epoch after which the schoolbook's walk repeats a state, and after how many more it does. */
const cycleOf = (
  code: number,
  tie: PortInfo['conventions']['perceptronTie'],
): readonly [start: number, period: number] => {
  const seen = new Map<string, number>();
  for (let epoch = 0; ; epoch++) {
    const { w, b } = walked(signed(truth(code)), epoch, tie);
    const before = seen.get(`${w.join()},${b}`);
    if (before !== undefined) return [before, epoch - before];
    seen.set(`${w.join()},${b}`, epoch);
  }
};

/** Two layers with ReLU between them. */
interface Net {
  readonly w1: readonly number[];
  readonly b1: readonly number[];
  readonly w2: readonly number[];
  readonly b2: number;
}

const paramsOf = ({ w1, b1, w2, b2 }: Net): readonly Values[] => [
  { shape: [2, b1.length], data: w1 },
  { shape: [b1.length], data: b1 },
  { shape: [b1.length, 1], data: w2 },
  { shape: [1], data: [b2] },
];

const X = { shape: [4, 2], data: CORNERS.flat() };
const TARGET = { shape: [4, 1], data: [0, 1, 1, 0] };

const network = (
  activation: string,
  loss: string,
  params: readonly Values[],
  x: Values = X,
  y: Values = TARGET,
): Inquiry<Answer> =>
  ask('model.network.loss_and_grad', {
    layers: [
      { type: 'dense', units: params[1]?.shape[0] ?? 1 },
      { type: 'activation', name: activation },
      { type: 'dense', units: 1 },
    ],
    loss,
    reduction: 'mean',
    params,
    x,
    y,
  });

/** A start from which descent is known to arrive: one hidden unit per corner, none of them where it will end. */
const START: Net = {
  w1: [1, 1 / 2, -3 / 4, -1, 3 / 4, -1, 1 / 2, -1 / 2],
  b1: [-1 / 4, 1 / 8, 1 / 4, -1 / 8],
  w2: [1 / 2, 3 / 4, -1 / 2, 1 / 4],
  b2: 1 / 8,
};
const TURNS = 200;

export const xorLaws = [
  law<{ readonly code: number; readonly epochs: number; readonly lr: number }>({
    id: 'perceptron/xor-impossible',
    ref: 'C-10',
    class: 'structural',
    runs: 30,
    says: 'the four conditions of XOR add up to 0 > 0, so every model returned errs on a corner, and no epoch is without a mistake',
    formula: 'Σ αᵢ·sᵢ·(xᵢ, 1) = 0 with α = (1, 1, 1, 1)',
    source: 'Minsky & Papert 1969; Farkas 1902',
    subjects: needs,
    given: () =>
      fc.record({
        code: fc.constantFrom(...ODD),
        epochs: fc.integer({ min: 1, max: 60 }),
        lr: fc.constantFrom(1 / 2, 1, 2),
      }),
    *holds({ code, epochs, lr }) {
      const t = truth(code);
      const model = yield* fit(t, lr, epochs);
      const strictlyRight = rowsOf(t).every((row, i) => scoreOf(model, row) > 0 === (t.y.data[i] === 1));
      return every([
        claim('the certificate adds up', certifies(ALL_ONCE, signed(t))),
        claim('all corners right', !strictlyRight),
        claim('success reported', model.converged !== true),
        sided('mistakes in as many epochs', model.mistakes, '≥', epochs),
      ]);
    },
  }),
  law<{ readonly code: number; readonly cycles: number; readonly lr: number }>({
    id: 'perceptron/xor-cycles',
    ref: 'C-11',
    class: 'exact',
    runs: 20,
    says: 'on XOR weights stay bounded for ever: they come back to where they were, and each round makes the same number of mistakes',
    source: 'Block & Levin 1970 (cycling)',
    subjects: needs,
    given: () =>
      fc.record({ code: fc.constantFrom(...ODD), cycles: fc.integer({ min: 1, max: 20 }), lr: powerOfTwo(-2, 2) }),
    *holds({ code, cycles, lr }, { conventions: { perceptronTie } }) {
      const t = truth(code);
      const [start, period] = cycleOf(code, perceptronTie);
      const one = yield* fit(t, lr, start + period);
      const two = yield* fit(t, lr, start + 2 * period);
      const late = yield* fit(t, lr, start + (cycles + 1) * period);
      const round = two.mistakes - one.mistakes;
      return every([
        same('w and b many rounds later', [...late.w, late.b], [...one.w, one.b]),
        same('mistakes of these rounds', [late.mistakes - one.mistakes], [cycles * round]),
        sided('mistakes in a round', round, '≥', period),
      ]);
    },
  }),
  law<{ readonly scale: number; readonly swapped: boolean; readonly flipped: boolean }>({
    id: 'perceptron/xor-by-hand',
    ref: 'C-12',
    class: 'exact',
    runs: 20,
    says: 'two layers with weights made by hand compute XOR without any error, and have nothing left to learn',
    formula: 'relu(x₁ + x₂) − 2·relu(x₁ + x₂ − 1)',
    source: 'Goodfellow, Bengio & Courville 2016, §6.1',
    subjects: having('model.network.loss_and_grad', 'activation.relu.vjp', 'loss.mse.vjp'),
    given: () => fc.record({ scale: powerOfTwo(-3, 3), swapped: fc.boolean(), flipped: fc.boolean() }),
    *holds({ scale, swapped, flipped }) {
      // hidden units may be exchanged and scaled, and the answer negated, which changes no error
      const sign = flipped ? -1 : 1;
      const [shift, out] = [
        [0, -scale],
        [sign / scale, (-2 * sign) / scale],
      ];
      const net: Net = {
        w1: [scale, scale, scale, scale],
        b1: swapped ? [...shift].reverse() : shift,
        w2: swapped ? [...out].reverse() : out,
        b2: flipped ? 1 : 0,
      };
      const y = { ...TARGET, data: TARGET.data.map((v) => (flipped ? 1 - v : v)) };
      const a = yield* network('relu', 'mse', paramsOf(net), X, y);
      const gradients = a.tensors('gradients').flatMap((g) => Array.from(g.data));
      return every([
        same('outputs at the corners', a.tensor('output').data, y.data),
        same('loss', a.tensor('loss').data, [0]),
        same(
          'gradients',
          gradients,
          gradients.map(() => 0),
        ),
      ]);
    },
  }),
  law<{ readonly turn: number; readonly code: number }>({
    id: 'perceptron/xor-by-descent',
    ref: 'C-12',
    class: 'structural',
    runs: 2,
    says: 'from a start that is written down, descent along the gradients of two layers learns XOR: every corner ends on its side, with a loss below 1/16',
    source: 'Rumelhart, Hinton & Williams 1986',
    subjects: having('model.network.loss_and_grad', 'activation.tanh.vjp', 'loss.bce_with_logits.vjp'),
    given: () => fc.record({ turn: fc.integer({ min: 0, max: 3 }), code: fc.constantFrom(...ODD) }),
    *holds({ turn, code }) {
      // hidden units in another order, and XOR or its negation
      const turned = (data: readonly number[], d: number): readonly number[] =>
        data.map((_, k) => data[Math.floor(k / d) * d + ((k + turn) % d)] ?? 0);
      const start: Net = { ...START, w1: turned(START.w1, 4), b1: turned(START.b1, 4), w2: turned(START.w2, 4) };
      const y = { ...TARGET, data: code === 6 ? TARGET.data : TARGET.data.map((v) => 1 - v) };
      let params = paramsOf(start);
      for (let k = 0; k < TURNS; k++) {
        const gradients = (yield* network('tanh', 'bce_with_logits', params, X, y)).tensors('gradients');
        params = params.map((p, i) => ({
          ...p,
          data: p.data.map((v, j) => v - (gradients[i]?.data[j] ?? Number.NaN)),
        }));
      }
      const end = yield* network('tanh', 'bce_with_logits', params, X, y);
      const logits = Array.from(end.tensor('output').data);
      const wrong = logits.filter((z, i) => z > 0 !== (y.data[i] === 1)).length;
      const loss = end.tensor('loss').data[0] ?? Number.NaN;
      return every([claim('wrong corners', wrong === 0, wrong, 0), sided('loss at the end', loss, '<', 1 / 16)]);
    },
  }),
];
