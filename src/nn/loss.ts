// Losses: rows that compare one prediction with one target, and the two reductions.
import { DomainError, lookup, ShapeError } from '../core/errors.ts';
import { sameShape, show, size } from '../core/shape.ts';
import type { Lang } from '../ops/lang.ts';

export interface Loss {
  readonly doc: string;
  readonly source: string;
  /** One term, in the prediction `p` (or logit `z`) and the target `y`. */
  readonly formula: string;
  /** What the loss is meant for: a probability, or any number. */
  readonly prediction: 'probability' | 'number';
  /** A label in [0, 1], or any number. */
  readonly target: 'label' | 'number';
  readonly each: <T>(o: Lang<T>, prediction: T, target: T) => T;
}

const loss = (row: Loss): Loss => row;

export const LOSSES = {
  bce: loss({
    doc: 'binary cross-entropy from probabilities, in nats, each logarithm floored at -100',
    source: 'Good 1952',
    formula: 'y * min(-log(p), 100) + (1 - y) * min(-log1p(-p), 100)',
    prediction: 'probability',
    target: 'label',
    each: (o, p, y) => o.bce(p, y),
  }),
  bceWithLogits: loss({
    doc: 'binary cross-entropy from logits, in nats',
    source: 'Good 1952, through the logistic function',
    formula: 'log1p(exp(-abs(z))) + (1 - y) * (z + abs(z)) / 2 + y * (abs(z) - z) / 2',
    prediction: 'number',
    target: 'label',
    each: (o, z, y) => o.bceWithLogits(z, y),
  }),
  mse: loss({
    doc: 'squared error, without the factor 1/2',
    source: 'Gauss 1809',
    formula: '(p - y)^2',
    prediction: 'number',
    target: 'number',
    each: (o, p, y) => o.square(o.sub(p, y)),
  }),
} satisfies Record<string, Loss>;

export type LossName = keyof typeof LOSSES;
export type Reduction = 'mean' | 'sum';

/** The row of that name. @throws UnknownNameError */
export const lossRow = (name: string): Loss => lookup(LOSSES, 'loss', name);

/**
 * The loss of a batch as a scalar; `mean` divides by the number of elements.
 * @throws ShapeError when prediction and target differ in shape
 * @throws DomainError for an empty batch, whose mean does not exist
 */
export const lossOf = <T>(o: Lang<T>, row: Pick<Loss, 'each'>, prediction: T, target: T, reduction: Reduction): T => {
  const [a, b] = [o.shape(prediction), o.shape(target)];
  if (!sameShape(a, b))
    throw new ShapeError(`loss: prediction and target must have one shape, got ${show(a)} and ${show(b)}`);
  if (size(a) === 0) throw new DomainError(`loss: the batch must not be empty, got ${show(a)}`);
  const total = o.sum(row.each(o, prediction, target), { axes: a.map((_, i) => i), keep: false });
  return reduction === 'sum' ? total : o.div(total, o.lit(size(a)));
};
