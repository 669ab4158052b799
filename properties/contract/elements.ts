// The contract, part one: what works element by element or row by row, activations and losses.
import { ACTIVATIONS, LOSSES } from '../../src/index.ts';
import { type Entry, type Fields, number, parametersOf, reduction, shapeOf, snake, snakes, tensor } from './entry.ts';

const activations = ACTIVATIONS.map(snake);

const activationParams: Fields = Object.fromEntries(
  activations.flatMap(parametersOf).map((p) => [p, number.optional()]),
);

const lossParams: Fields = Object.fromEntries(
  Object.values(LOSSES).flatMap((row) => Object.keys(row.params).map((p) => [p, number.optional()])),
);

export const elementEntries: readonly Entry[] = [
  {
    kind: 'activation',
    names: activations,
    call: 'forward',
    says: 'y = f(x), element by element; softmax and log_softmax over the classes of each row, x being […, classes]',
    takes: { x: tensor, ...activationParams },
    gives: { y: tensor },
    shapes: (a) => ({ y: shapeOf(a, 'x') }),
  },
  {
    kind: 'activation',
    names: activations,
    call: 'vjp',
    says: 'dx = dy · f′(x)',
    takes: { x: tensor, dy: tensor, ...activationParams },
    gives: { dx: tensor },
    shapes: (a) => ({ dx: shapeOf(a, 'x') }),
  },
  {
    kind: 'loss',
    names: snakes(LOSSES),
    call: 'forward',
    says: 'the loss of a batch, a mean being over its elements; the prediction of bce is a probability, of bce_with_logits a logit; softmax_cross_entropy takes logits and kl shares, and both target shares that sum to 1, […, classes]: one term per row, and the mean over rows',
    takes: { prediction: tensor, target: tensor, reduction, ...lossParams },
    gives: { loss: tensor },
    shapes: () => ({ loss: [] }),
  },
  {
    kind: 'loss',
    names: snakes(LOSSES),
    call: 'vjp',
    says: 'the gradient of the loss by the prediction',
    takes: { prediction: tensor, target: tensor, reduction, ...lossParams },
    gives: { dprediction: tensor },
    shapes: (a) => ({ dprediction: shapeOf(a, 'prediction') }),
  },
];
