// The chapter of losses: bounds of binary cross-entropy, values, gradients, symmetries, reductions.
import fc from 'fast-check';
import {
  gradOf,
  type Lang,
  LOSSES,
  type Loss,
  lossOf,
  lossRow,
  type Prediction,
  pullback,
  type Reduction,
} from '../../src/index.ts';
import { filled, finite, label, moderate, probability, targetsFor, type Values } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import { among, ask, each, every, type Inquiry, law, same, sided, within } from '../law.ts';
import { knowsLoss, lossTruth } from '../oracle/elements.ts';
import { exact, expecting, ln, nearest, ZERO } from '../oracle/exact.ts';
import { Bounded, bounded, Exact, exactly64 } from '../oracle/readings.ts';
import type { PortInfo } from '../port.ts';
import { type Expected, exactly, FORMATS, gamma, grantOf, ulpsAt } from '../tolerance.ts';

export interface Batch {
  readonly prediction: Values;
  readonly target: Values;
  readonly reduction: Reduction;
  /** Parameters of the loss, none at its default. */
  readonly params: Readonly<Record<string, number>>;
}

/** The loss of that name under the conventions a port declares, over any carrier. */
const rowUnder = (port: PortInfo, name: string): Pick<Loss, 'each' | 'params'> => {
  const row = lossRow(camel(name));
  const { bce, bceClip } = port.conventions;
  const cross = <T>(o: Lang<T>, p: T, q: T, y: T): T =>
    o.neg(o.add(o.mul(y, o.log(p)), o.mul(o.sub(o.lit(1), y), o.log(q))));
  const clip = <T>(o: Lang<T>, p: T): T => {
    const [low, high] = [o.lit(bceClip), o.sub(o.lit(1), o.lit(bceClip))];
    return o.where(o.greater(low, p), low, o.where(o.greater(p, high), high, p));
  };
  if (row !== LOSSES.bce || bce === 'log') return row;
  return {
    params: {},
    each: (o, p, y) => {
      if (bce === 'added') return cross(o, o.add(p, o.lit(bceClip)), o.add(o.sub(o.lit(1), p), o.lit(bceClip)), y);
      const c = clip(o, p);
      return cross(o, c, o.sub(o.lit(1), c), y);
    },
  };
};

/** Targets and predictions of every kind that a loss may be meant for. */
export const batch = (port: PortInfo, name: string): fc.Arbitrary<Batch> => {
  const row = lossRow(camel(name));
  const logit = finite(port.dtype).filter((z) => Math.abs(z) < 2 ** 52); // so that neither a batch of them nor the 64-digit exponential overflows
  const predictions: Record<Prediction, fc.Arbitrary<number>> = {
    number:
      row.target === 'number'
        ? moderate(port.dtype)
        : row.target === 'sign'
          ? fc.oneof(logit, fc.constantFrom(1, -1, 1 / 2, -2))
          : logit,
    probability: fc.oneof(probability(port.dtype), fc.constantFrom(0, 1)),
    distribution: probability(port.dtype),
  };
  const axis = (max: number): fc.Arbitrary<number> => fc.integer({ min: 1, max });
  const shapes: fc.Arbitrary<readonly number[]> = fc.oneof(
    { withCrossShrink: true },
    { arbitrary: fc.tuple(axis(4), axis(3)), weight: 6 },
    { arbitrary: fc.tuple(axis(2), axis(3), axis(2)), weight: 1 },
  );
  return shapes.chain((shape) =>
    fc
      .record({
        prediction: filled(shape, predictions[row.prediction]),
        target: targetsFor(name, shape, moderate(port.dtype)),
        hits: filled(shape, fc.constantFrom(0, 0, 0, 1)),
        reduction: fc.constantFrom('mean' as const, 'sum' as const),
        params: fc.record(
          Object.fromEntries(Object.keys(row.params).map((k) => [k, fc.constantFrom(1 / 4, 3 / 4, 2, 5)])),
        ),
      })
      .map(({ hits, ...b }) => ({
        ...b,
        // errors bend where prediction and target agree, which chance never meets
        prediction:
          row.target === 'number' && row.prediction === 'number'
            ? {
                ...b.prediction,
                data: b.prediction.data.map((v, i) => (hits.data[i] === 1 ? (b.target.data[i] ?? 0) : v)),
              }
            : b.prediction,
      })),
  );
};

/** Logits with one class per row. */
export const oneHot = (port: PortInfo): fc.Arbitrary<Batch> =>
  fc
    .tuple(batch(port, 'softmax_cross_entropy'), fc.array(fc.nat({ max: 59 }), { minLength: 6, maxLength: 6 }))
    .map(([b, classes]) => {
      const k = b.target.shape.at(-1) ?? 1;
      const data = b.target.data.map((_, i) => (i % k === (classes[Math.floor(i / k)] ?? 0) % k ? 1 : 0));
      return { ...b, target: { ...b.target, data } };
    });

/** Numbers that a mean is taken of: elements, or rows of classes. */
export const termsOf = (name: string, { prediction: { data, shape } }: Pick<Batch, 'prediction'>): number =>
  lossRow(camel(name)).target === 'distribution' ? data.length / (shape.at(-1) ?? 1) : data.length;

/** The sum of the sizes of terms where they have both signs, as the divergence's alone have; 0 where the loss itself is that sum. */
export const sizesOf = (name: string, { prediction: p, target: y }: Batch): number => {
  const term = (t: number, q: number): number => Math.abs(t * nearest(ln(exact(t).div(exact(q)))));
  return name === 'kl' ? y.data.reduce((s, t, i) => s + (t === 0 ? 0 : term(t, p.data[i] ?? 1)), 0) : 0;
};

/** The arguments of a call: parameters stand beside the tensors. */
export const argsOf = ({ params, ...b }: Batch) => ({ ...b, ...params });

export function* value(name: string, b: Batch): Inquiry<number> {
  return (yield* ask(`loss.${name}.forward`, argsOf(b))).tensor('loss').data[0] ?? Number.NaN;
}

export function* gradient(name: string, b: Batch): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`loss.${name}.vjp`, argsOf(b))).tensor('dprediction').data);
}

/** What a loss has to be, by its definition; for other ways to avoid log 0 by the engine's own text with that clipping. */
interface Truth {
  readonly loss: Expected;
  readonly lossBound: number;
  readonly gradient: readonly Expected[];
  readonly gradientBound: ArrayLike<number>;
}
const truthOf = (port: PortInfo, name: string, b: Batch): Truth => {
  const { prediction: p, target: y, reduction, params } = b;
  if (knowsLoss(port, name)) {
    const own = lossTruth(port, name, p, y, reduction, params);
    return {
      ...own,
      loss: expecting(own.loss, port.dtype),
      gradient: own.gradient.map((v) => expecting(v, port.dtype)),
    };
  }
  const row = rowUnder(port, name);
  const truth = both(exactly64, row, Exact.from(p.shape, p.data), Exact.from(y.shape, y.data), b);
  const bound = both(bounded(grantOf(port)), row, Bounded.from(p.shape, p.data), Bounded.from(y.shape, y.data), b);
  return {
    loss: expecting(truth.loss.data[0] ?? ZERO, port.dtype),
    lossBound: bound.loss.error.view[0] ?? 0,
    gradient: truth.gradient.data.map((v) => expecting(v, port.dtype)),
    gradientBound: bound.gradient.error.view,
  };
};

/** Loss and gradient of a batch over one reading. */
const both = <T>(
  o: Lang<T>,
  row: Pick<Loss, 'each' | 'params'>,
  prediction: T,
  target: T,
  { reduction, params }: Batch,
) => {
  const at = pullback(
    (lang, [p, y]) => [lossOf(lang, row, p as NonNullable<typeof p>, y as NonNullable<typeof y>, reduction, params)],
    o,
    [prediction, target],
    1,
  );
  return { loss: at.value, gradient: gradOf(o, at)[0] as T };
};

export const one = (p: number, y: number): Batch => ({
  prediction: { shape: [1], data: [p] },
  target: { shape: [1], data: [y] },
  reduction: 'sum',
  params: {},
});

/** The largest value that the declared clipping lets a single term reach. */
const ceiling = ({ conventions: { bce, bceClip } }: PortInfo): number => (bce === 'log' ? bceClip : -Math.log(bceClip));
/** The largest value at a certain hit: zero, unless the probability itself is clipped. */
const floor = ({ conventions: { bce, bceClip } }: PortInfo): number =>
  bce === 'probability' ? -Math.log1p(-bceClip) : 0;

export const twice = (v: Values): Values => ({
  shape: [v.shape[0] === undefined ? 1 : v.shape[0] * 2, ...v.shape.slice(1)],
  data: [...v.data, ...v.data],
});

/** Gradients by the prediction, of a single term: `p` a prediction, `z` a logit, `y` a target. */
const SLOPES: Readonly<Record<string, string>> = {
  bce: '(p − y)/(p·(1 − p))',
  bce_with_logits: 'σ(z) − y',
  softmax_cross_entropy: 'softmax(z) − y, for shares y that sum to 1',
  mse: '2·(p − y)',
  mae: 'sign(p − y)',
  huber: 'max(−delta, min(delta, p − y))',
  hinge: '−y where y·p < 1, else 0',
  kl: '−y/p',
};

export const lossLaws = [
  law<Batch>({
    id: 'loss/value',
    ref: 'L-04, L-15',
    class: '64-digit oracle',
    says: 'the loss of a batch is the 64-digit value of its definition, within the ulps of its terms and of their sum, for mean and sum',
    kills: ['tiny-dnn #232', 'burn #772', 'gorgonia loss scaling', 'mxnet #17849'],
    subjects: each('loss', 'forward'),
    given: batch,
    *holds(b, port, name) {
      const { loss, lossBound } = truthOf(port, name, b);
      return within('loss', [yield* value(name, b)], [loss], [lossBound]);
    },
  }),
  law<Batch>({
    id: 'loss/gradient',
    ref: 'L-06, L-07',
    class: '64-digit oracle',
    says: 'the gradient is that of the definition, element by element, saturated ends included; where the loss bends it lies between both sides',
    formula: SLOPES,
    kills: ['torch #13773', 'torch #103316', 'keras #9664', 'torch #1792'],
    subjects: each('loss', 'vjp'),
    given: batch,
    *holds(b, port, name) {
      const { gradient: expected, gradientBound } = truthOf(port, name, b);
      return within('dprediction', yield* gradient(name, b), expected, gradientBound);
    },
  }),
  law<{ readonly p: number; readonly y: number }>({
    id: 'loss/bce-nonnegative',
    ref: 'L-01',
    class: 'exact',
    says: 'binary cross-entropy is never negative, and a certain hit costs nothing beyond the declared clipping',
    kills: ['tfjs 4.22.0 logLoss(1, 1) < 0'],
    subjects: among(['bce'], 'loss', 'forward'),
    given: (port) => fc.record({ p: fc.oneof(fc.constantFrom(0, 1), probability(port.dtype)), y: label }),
    *holds({ p, y }, port) {
      const v = yield* value('bce', one(p, y));
      const hit = p === y && (p === 0 || p === 1);
      return every([
        sided(`bce(${p}, ${y})`, v, '≥', 0),
        ...(hit ? [sided(`bce(${p}, ${y}) of a certain hit`, v, '≤', floor(port))] : []),
      ]);
    },
  }),
  law<{ readonly p: number; readonly y: number }>({
    id: 'loss/bce-bounded',
    ref: 'L-02',
    class: 'exact',
    says: 'binary cross-entropy is finite for every probability, 0 and 1 included, and at most what the declared clipping allows',
    kills: ['burn #2741', 'mlx #1280', 'neataptic NaN at (1, 1)', 'candle #2561'],
    subjects: among(['bce'], 'loss', 'forward'),
    given: (port) => {
      const { tiny, u } = FORMATS[port.dtype];
      return fc.record({
        p: fc.oneof(fc.constantFrom(0, 1, tiny, 1 - u), probability(port.dtype)),
        y: fc.constantFrom(0, 1),
      });
    },
    *holds({ p, y }, port) {
      const v = yield* value('bce', one(p, y));
      const most = ceiling(port);
      return sided(`bce(${p}, ${y})`, v, '≤', most, ulpsAt(4, most, port.dtype));
    },
  }),
  law<{ readonly k: number; readonly y: number }>({
    id: 'loss/label-symmetry',
    ref: 'L-03',
    class: 'rounding bound',
    says: 'exchanging the classes changes nothing: bce(p, y) = bce(1 − p, 1 − y)',
    kills: ['tfjs-layers 4.22.0 binaryCrossentropy: 16.118 against 15.942'],
    subjects: among(['bce'], 'loss', 'forward'),
    given: () => fc.record({ k: fc.integer({ min: 0, max: 16 }), y: fc.constantFrom(0, 1) }),
    *holds({ k, y }, port) {
      const [p, q] = [k / 16, 1 - k / 16]; // both exact
      const [a, b] = [yield* value('bce', one(p, y)), yield* value('bce', one(q, 1 - y))];
      return within(`bce(${p}, ${y}) against bce(${q}, ${1 - y})`, [a], [exactly(b)], [ulpsAt(8, b, port.dtype)]);
    },
  }),
  law<{ readonly z: number; readonly y: number }>({
    id: 'loss/large-margin',
    ref: 'L-11',
    class: 'exact',
    says: 'for a huge logit the loss is the logit itself on the wrong side and 0 on the right one, without overflow',
    kills: ['mxnet #17849', 'NNlib #68'],
    subjects: among(['bce_with_logits'], 'loss', 'forward'),
    given: (port) =>
      fc.record({
        z: fc.integer({ min: 10, max: FORMATS[port.dtype].maxExponent }).map((e) => 2 ** e),
        y: fc.constantFrom(0, 1),
      }),
    *holds({ z, y }) {
      const [right, wrong] = [
        yield* value('bce_with_logits', one(y === 1 ? z : -z, y)),
        yield* value('bce_with_logits', one(y === 1 ? -z : z, y)),
      ];
      return every([same('on the right side', [right], [0]), same('on the wrong side', [wrong], [z])]);
    },
  }),
  law<Batch>({
    id: 'loss/duplication',
    ref: 'L-13',
    class: 'rounding bound',
    says: 'a batch repeated has the same mean loss and twice the sum',
    kills: ['neataptic sums instead of averaging', 'mistnet #33', 'nn-from-scratch #13'],
    subjects: each('loss', 'forward'),
    given: batch,
    *holds(b, port, name) {
      const once = yield* value(name, b);
      const again = yield* value(name, { ...b, prediction: twice(b.prediction), target: twice(b.target) });
      const expected = b.reduction === 'mean' ? once : 2 * once;
      const n = 2 * b.prediction.data.length;
      // what is rounded is the sum of the terms, which may cancel
      const sizes = sizesOf(name, b) * (b.reduction === 'mean' ? 1 / termsOf(name, b) : 2);
      const { u, tiny } = FORMATS[port.dtype];
      return within(
        'loss of the repeated batch',
        [again],
        [exactly(expected)],
        [2 * gamma(n + 1, u) * Math.max(Math.abs(expected), sizes) + tiny],
      );
    },
  }),
  law<Batch>({
    id: 'loss/cross-entropy-gradient',
    ref: 'L-19',
    class: 'rounding bound',
    says: 'for shares that sum to 1 the gradient by the logits sums to zero along every row: softmax − y',
    kills: ['Theano #3162', 'tf-keras 304bb3d9'],
    subjects: among(['softmax_cross_entropy'], 'loss', 'vjp'),
    given: oneHot,
    *holds(b, port) {
      const g = (yield* ask('loss.softmax_cross_entropy.vjp', argsOf(b))).tensor('dprediction');
      const k = g.shape.at(-1) ?? 1;
      const n = g.data.length / k;
      const { u } = FORMATS[port.dtype];
      const sums = Array.from({ length: n }, (_, r) =>
        Array.from({ length: k }, (_2, j) => g.data[r * k + j] as number).reduce((a, v) => a + v, 0),
      );
      // each share is off by a few roundings of a number up to 1, and their sum by as many
      const allowed = 8 * gamma(k + 4, u);
      return within(
        'Σ dz along a row',
        sums,
        sums.map(() => exactly(0)),
        sums.map(() => allowed),
      );
    },
  }),
  law<Batch & { readonly shift: number }>({
    id: 'loss/cross-entropy-shift',
    ref: 'L-20',
    class: 'exact',
    says: 'logits shifted by a number that keeps them exact leave the loss as it is, however large the shift',
    kills: ['torch #11752'],
    subjects: among(['softmax_cross_entropy'], 'loss', 'forward'),
    given: (port) =>
      fc
        .tuple(oneHot(port), fc.integer({ min: 0, max: FORMATS[port.dtype].digits - 8 }), fc.boolean())
        .map(([b, e, negative]) => ({
          ...b,
          prediction: {
            ...b.prediction,
            data: b.prediction.data.map((v) => Math.round(Math.max(-64, Math.min(64, v)))),
          },
          shift: (negative ? -1 : 1) * 2 ** e,
        })),
    *holds({ shift, ...b }) {
      const moved = { ...b.prediction, data: b.prediction.data.map((v) => v + shift) };
      const [a, c] = [
        yield* value('softmax_cross_entropy', b),
        yield* value('softmax_cross_entropy', { ...b, prediction: moved }),
      ];
      return same(`loss of logits + ${shift}`, [c], [a]);
    },
  }),
  law<Batch>({
    id: 'loss/error-metric',
    ref: 'L-16',
    class: 'exact',
    kills: ['neataptic MSLE(1, 2) < 0'],
    says: 'an error is symmetric, and zero exactly for equal arguments',
    subjects: among(['mse', 'mae', 'huber'], 'loss', 'forward'),
    given: batch,
    *holds(b, _port, name) {
      const [ab, ba, aa] = [
        yield* value(name, b),
        yield* value(name, { ...b, prediction: b.target, target: b.prediction }),
        yield* value(name, { ...b, target: b.prediction }),
      ];
      const differ = b.prediction.data.some((v, i) => v !== b.target.data[i]);
      return every([
        same(`${name}(y, p)`, [ba], [ab]),
        same(`${name}(p, p)`, [aa], [0]),
        ...(differ ? [sided(`${name}(p, y)`, ab, '>', 0)] : []),
      ]);
    },
  }),
];
