// Losses: rows that compare one prediction with one target, and the two reductions.
import { DomainError, lookup, ShapeError } from '../core/errors.ts';
import { sameShape, show, size } from '../core/shape.ts';
import type { Lang } from '../ops/lang.ts';

/** What a prediction is: any number, a probability, or a row of positive shares. */
export type Prediction = 'number' | 'probability' | 'distribution';
/** What a target is: any number, a label in [0, 1], a sign −1 or 1, or a row of shares, as a one-hot class. */
export type Target = 'number' | 'label' | 'sign' | 'distribution';

export interface Loss {
  readonly doc: string;
  readonly source: string;
  /** One term, in the prediction `p` (or logit `z`) and the target `y`. */
  readonly formula: string;
  readonly prediction: Prediction;
  readonly target: Target;
  /** Parameters with their defaults; all must be positive. */
  readonly params: Readonly<Record<string, number>>;
  /** Where the loss bends, so that its slope is a convention. */
  readonly bends: (p: number, y: number) => boolean;
  /** One value per element, or per row where the loss couples the classes of a sample. */
  readonly each: <T>(o: Lang<T>, prediction: T, target: T, params: Readonly<Record<string, number>>) => T;
}

type Row = Omit<Loss, 'params' | 'bends'> & Partial<Pick<Loss, 'params' | 'bends'>>;

const alongRow = { axes: [-1], keep: false } as const;

const loss = (row: Row): Loss => ({ params: {}, bends: () => false, ...row });

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
  mae: loss({
    doc: 'absolute error; slope 0 where prediction and target agree',
    source: 'Laplace 1774',
    formula: 'abs(p - y)',
    prediction: 'number',
    target: 'number',
    bends: (p, y) => p === y,
    each: (o, p, y) => o.abs(o.sub(p, y)),
  }),
  huber: loss({
    doc: 'half the squared error up to delta, a line of slope delta beyond',
    source: 'Huber 1964, eq. 1.3',
    formula: 'r^2 / 2 where abs(r) <= delta, else delta * (abs(r) - delta / 2), with r = p - y',
    prediction: 'number',
    target: 'number',
    params: { delta: 1 },
    each: (o, p, y, { delta = 1 }) => o.huber(o.sub(p, y), { delta }),
  }),
  hinge: loss({
    doc: 'what is missing to a margin of 1, for targets -1 and 1',
    source: 'Cortes & Vapnik 1995',
    formula: 'max(0, 1 - y * p)',
    prediction: 'number',
    target: 'sign',
    bends: (p, y) => p * y === 1,
    each: (o, p, y) => o.relu(o.sub(o.lit(1), o.mul(y, p))),
  }),
  softmaxCrossEntropy: loss({
    doc: 'cross-entropy of class logits against a row of shares, in nats, one value per sample',
    source: 'Bridle 1990',
    formula: '-sum(y * (z - log(sum(exp(z)))))',
    prediction: 'number',
    target: 'distribution',
    each: (o, z, y) => o.neg(o.sum(o.mul(y, o.logSoftmax(z)), alongRow)),
  }),
  kl: loss({
    doc: 'Kullback-Leibler divergence of predicted shares p from target shares y, in nats, one value per sample',
    source: 'Kullback & Leibler 1951, eq. 2.4',
    formula: 'sum(y * log(y / p)), with 0 * log(0) = 0',
    prediction: 'distribution',
    target: 'distribution',
    each: (o, p, y) => o.sum(o.relativeEntropy(p, y), alongRow),
  }),
} satisfies Record<string, Loss>;

export type LossName = keyof typeof LOSSES;
export type Reduction = 'mean' | 'sum';

/** The row of that name. @throws UnknownNameError */
export const lossRow = (name: string): Loss => lookup(LOSSES, 'loss', name);

/** Parameters of a row, some changed. @throws UnknownNameError, DomainError unless positive */
export const lossParams = (row: Pick<Loss, 'params'>, changed: Loss['params'] = {}): Loss['params'] => {
  for (const [name, v] of Object.entries(changed)) {
    lookup(row.params, 'loss parameter', name);
    if (!(v > 0 && v < Number.POSITIVE_INFINITY))
      throw new DomainError(`loss: ${name} must be positive and finite, got ${v}`);
  }
  return { ...row.params, ...changed };
};

/**
 * The loss of a batch as a scalar; `mean` divides by the number of terms: elements, or rows where the loss couples classes.
 * @throws ShapeError when prediction and target differ in shape
 * @throws DomainError for an empty batch, whose mean does not exist, and for parameters out of range
 */
export const lossOf = <T>(
  o: Lang<T>,
  row: Pick<Loss, 'each' | 'params'>,
  prediction: T,
  target: T,
  reduction: Reduction,
  params: Loss['params'] = {},
): T => {
  const [a, b] = [o.shape(prediction), o.shape(target)];
  if (!sameShape(a, b))
    throw new ShapeError(`loss: prediction and target must have one shape, got ${show(a)} and ${show(b)}`);
  if (size(a) === 0) throw new DomainError(`loss: the batch must not be empty, got ${show(a)}`);
  const terms = row.each(o, prediction, target, lossParams(row, params));
  const shape = o.shape(terms);
  const total = o.sum(terms, { axes: shape.map((_, i) => i), keep: false });
  return reduction === 'sum' ? total : o.div(total, o.lit(size(shape)));
};
