// The chapter of losses, second part: reductions, convexity, symmetry, information, and values that belong to gradients.
import fc from 'fast-check';
import { lossRow } from '../../src/index.ts';
import { filled, finite, probability, targetsFor, type Values } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import { among, claim, each, every, having, law, same, sided, type Verdict, within } from '../law.ts';
import { lossTruth } from '../oracle/elements.ts';
import { type Big, exact, expecting, ln, nearest, ONE, ZERO } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { contractDerivativeUlps, contractUlps, exactly, FORMATS, gamma, SECANT_STEP, ulpsAt } from '../tolerance.ts';
import { type Batch, batch, gradient, one, sizesOf, termsOf, twice, value } from './loss.ts';

/** Losses that never see a negative probability or a wrong target, by what their targets are. */
const soft = among(['bce', 'bce_with_logits', 'softmax_cross_entropy'], 'loss', 'forward');
export const declared = (port: PortInfo): boolean => port.conventions.bce === 'log';
/** bce as it is defined, not clipped in the middle of its range. */
const plainBce = (port: PortInfo): readonly string[] => (declared(port) ? among(['bce'], 'loss', 'forward')(port) : []);

/** Dyadic predictions inside the domain of a loss, and targets; all exact. */
const dyadics = (name: string, shape: readonly number[]) => {
  const { prediction } = lossRow(camel(name));
  const inside = fc.integer({ min: 4, max: 60 }).map((k) => k / 64);
  const wide = fc.integer({ min: -160, max: 160 }).map((k) => k / 32);
  return {
    prediction: filled(shape, prediction === 'number' ? wide : inside),
    target: targetsFor(name, shape, wide),
  };
};
export const reductions = fc.constantFrom('mean' as const, 'sum' as const);
const paramsOf = (name: string) =>
  fc.record(
    Object.fromEntries(Object.keys(lossRow(camel(name)).params).map((k) => [k, fc.constantFrom(1 / 4, 3 / 4, 2)])),
  );
const shapes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }));
export const dyadicBatch = (name: string): fc.Arbitrary<Batch> =>
  shapes.chain((shape) => fc.record({ ...dyadics(name, shape), reduction: reductions, params: paramsOf(name) }));

const rowsOf = ({ shape, data }: Values): readonly (readonly number[])[] => {
  const k = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / k }, (_, r) => data.slice(r * k, (r + 1) * k));
};
const turned = (v: Values): Values => ({ shape: v.shape, data: rowsOf(v).toReversed().flat() });
const head = (v: Values, n: number): Values => {
  const k = v.data.length / (v.shape[0] ?? 1);
  return { shape: [n, ...v.shape.slice(1)], data: v.data.slice(0, n * k) };
};
const tail = (v: Values, n: number): Values => {
  const k = v.data.length / (v.shape[0] ?? 1);
  return { shape: [(v.shape[0] ?? 1) - n, ...v.shape.slice(1)], data: v.data.slice(n * k) };
};

/** Roundings of the terms of a batch and of their sum, for a value that is compared with another made of the same terms. */
export const slack = (port: PortInfo, name: string, b: Batch, v: number): number => {
  const { u, tiny } = FORMATS[port.dtype];
  const relative = gamma(b.prediction.data.length + 1, u) + 2 * contractUlps(1) * u;
  return 2 * relative * (Math.abs(v) + sizesOf(name, b)) + tiny;
};
/** −y·ln p − (1 − y)·ln(1 − p) at 64 digits, 0·ln 0 = 0. */
const crossEntropy = (p: number, y: number): Big => {
  const term = (w: Big, q: Big): Big => (w.isZero() ? ZERO : w.times(ln(q)).neg());
  return term(exact(y), exact(p)).plus(term(ONE.minus(exact(y)), ONE.minus(exact(p))));
};

export const lossFamilyLaws = [
  law<Batch & { readonly element: number }>({
    id: 'loss/pairing',
    ref: 'L-17',
    class: 'rounding bound',
    says: 'the gradient belongs to the values that are reported: because the loss is convex, the slope of a secant lies between the gradients at its ends',
    formula: 'g(a) ≤ (L(b) − L(a))/(b − a) ≤ g(b)',
    kills: ['nn-from-scratch #13', 'neataptic output delta', 'tiny-dnn #232'],
    subjects: each('loss', 'forward', 'vjp'),
    given: (_port, name) => fc.tuple(dyadicBatch(name), fc.nat({ max: 11 })).map(([b, element]) => ({ ...b, element })),
    *holds({ element, ...b }, port, name) {
      const i = element % b.prediction.data.length;
      const at = (h: number): Batch => ({
        ...b,
        prediction: { ...b.prediction, data: b.prediction.data.map((v, j) => (j === i ? v + h : v)) },
      });
      const h = SECANT_STEP;
      const [low, high] = [yield* value(name, at(-h)), yield* value(name, at(h))];
      const left = (yield* gradient(name, at(-h)))[i] ?? Number.NaN;
      const right = (yield* gradient(name, at(h)))[i] ?? Number.NaN;
      const secant = (high - low) / (2 * h);
      const { u } = FORMATS[port.dtype];
      const off =
        (slack(port, name, b, low) + slack(port, name, b, high)) / (2 * h) +
        contractDerivativeUlps(1) * 4 * u * (Math.abs(left) + Math.abs(right) + 1);
      return every([
        sided(`secant of element ${i}, against the gradient at its left end,`, secant, '≥', left, off),
        sided(`secant of element ${i}, against the gradient at its right end,`, secant, '≤', right, off),
      ]);
    },
  }),
  law<{ readonly a: Batch; readonly b: Batch }>({
    id: 'loss/convex',
    ref: 'L-08',
    class: 'rounding bound',
    says: 'half way between two predictions the loss is at most half way between their losses',
    formula: 'L((p + q)/2) ≤ (L(p) + L(q))/2',
    subjects: each('loss', 'forward'),
    given: (_port, name) =>
      shapes.chain((shape) =>
        fc
          .record({
            p: dyadics(name, shape).prediction,
            q: dyadics(name, shape).prediction,
            target: dyadics(name, shape).target,
            params: paramsOf(name),
          })
          .map(({ p, q, target, params }) => ({
            a: { prediction: p, target, reduction: 'sum' as const, params },
            b: { prediction: q, target, reduction: 'sum' as const, params },
          })),
      ),
    *holds({ a, b }, port, name) {
      const middle: Batch = {
        ...a,
        prediction: {
          ...a.prediction,
          data: a.prediction.data.map((v, i) => (v + (b.prediction.data[i] ?? 0)) / 2),
        },
      };
      const [l, r, m] = [yield* value(name, a), yield* value(name, b), yield* value(name, middle)];
      const most = l / 2 + r / 2;
      const off = slack(port, name, a, l) + slack(port, name, b, r) + slack(port, name, middle, m);
      return sided('the loss half way, against the mean of both,', m, '≤', most, off);
    },
  }),
  law<{ readonly prediction: Values; readonly y0: Values; readonly y1: Values; readonly k: number }>({
    id: 'loss/affine-in-target',
    ref: 'L-09',
    class: 'rounding bound',
    says: 'a cross-entropy is affine in its targets, so that smoothed labels cost the smoothed losses',
    formula: 'L(p, (1 − t)·y₀ + t·y₁) = (1 − t)·L(p, y₀) + t·L(p, y₁)',
    kills: ['keras #23437'],
    subjects: soft,
    given: (_port, name) =>
      shapes.chain((shape) =>
        fc.record({
          prediction: dyadics(name, shape).prediction,
          y0: dyadics(name, shape).target,
          y1: dyadics(name, shape).target,
          k: fc.integer({ min: 1, max: 7 }),
        }),
      ),
    *holds({ prediction, y0, y1, k }, port, name) {
      const t = k / 8;
      const b = (target: Values): Batch => ({ prediction, target, reduction: 'sum', params: {} });
      const mixed = { ...y0, data: y0.data.map((v, i) => (1 - t) * v + t * (y1.data[i] ?? 0)) };
      const [l0, l1, lt] = [yield* value(name, b(y0)), yield* value(name, b(y1)), yield* value(name, b(mixed))];
      const expected = (1 - t) * l0 + t * l1;
      return within(
        'the loss of mixed targets',
        [lt],
        [exactly(expected)],
        [3 * slack(port, name, b(mixed), Math.max(l0, l1, lt))],
      );
    },
  }),
  law<{ readonly p: number; readonly y: number }>({
    id: 'loss/entropy',
    ref: 'L-10',
    class: '64-digit oracle',
    says: 'for soft labels the cross-entropy is smallest where prediction and label agree: there it is the entropy and its slope is 0, elsewhere it is larger by the divergence',
    formula: 'bce(p, y) − bce(y, y) = KL(y‖p) ≥ 0',
    subjects: (port) => (declared(port) ? having('loss.bce.forward', 'loss.bce.vjp')(port) : []),
    given: () =>
      fc.record({
        p: fc.integer({ min: 1, max: 255 }).map((k) => k / 256),
        y: fc.integer({ min: 1, max: 255 }).map((k) => k / 256),
      }),
    *holds({ p, y }, port) {
      const [at, least] = [yield* value('bce', one(p, y)), yield* value('bce', one(y, y))];
      const [entropy, cross] = [crossEntropy(y, y), crossEntropy(p, y)];
      const k = contractUlps(1);
      return every([
        within(
          `bce(${y}, ${y}), the entropy`,
          [least],
          [expecting(entropy, port.dtype)],
          [ulpsAt(k, least, port.dtype)],
        ),
        same(`slope at p = y = ${y}`, yield* gradient('bce', one(y, y)), [0]),
        within(
          `bce(${p}, ${y}) less the entropy, the divergence`,
          [at - least],
          [expecting(cross.minus(entropy), port.dtype)],
          [ulpsAt(k, at, port.dtype) + ulpsAt(k, least, port.dtype)],
        ),
        sided(`bce(${p}, ${y}) by the entropy`, at, '≥', least, ulpsAt(k, least, port.dtype)),
      ]);
    },
  }),
  law<Batch>({
    id: 'loss/reduction',
    ref: 'L-12',
    class: 'rounding bound',
    says: 'the mean is the sum divided by the number of terms, elements or rows, and sums add up over parts of a batch',
    kills: ['burn #772', 'keras #19363', 'neataptic sums instead of averaging'],
    subjects: each('loss', 'forward'),
    given: batch,
    *holds(b, port, name) {
      const sum = yield* value(name, { ...b, reduction: 'sum' });
      const mean = yield* value(name, { ...b, reduction: 'mean' });
      const n = termsOf(name, b);
      const off = slack(port, name, b, sum);
      const found: Verdict[] = [within('sum ÷ mean', [mean * n], [exactly(sum)], [2 * off * n])];
      const rows = b.prediction.shape[0] ?? 1;
      if (rows > 1) {
        const cut = 1 + (b.prediction.data.length % (rows - 1));
        const part = (f: (v: Values, at: number) => Values): Batch => ({
          ...b,
          reduction: 'sum',
          prediction: f(b.prediction, cut),
          target: f(b.target, cut),
        });
        const [a, c] = [yield* value(name, part(head)), yield* value(name, part(tail))];
        found.push(within(`the sums of ${cut} and ${rows - cut} samples`, [a + c], [exactly(sum)], [2 * off]));
      }
      return every(found);
    },
  }),
  law<Batch>({
    id: 'loss/duplication-gradient',
    ref: 'L-13',
    class: 'rounding bound',
    says: 'in a batch repeated each copy has half the gradient of the mean, and the whole of the sum',
    kills: ['mistnet #33', 'nn-from-scratch #13'],
    subjects: each('loss', 'vjp'),
    given: batch,
    *holds(b, port, name) {
      const once = yield* gradient(name, b);
      const again = yield* gradient(name, { ...b, prediction: twice(b.prediction), target: twice(b.target) });
      const expected = [...once, ...once].map((v) => (b.reduction === 'mean' ? v / 2 : v));
      return within(
        'gradient of the repeated batch',
        again,
        expected.map(exactly),
        expected.map((v) => ulpsAt(contractDerivativeUlps(1), v, port.dtype)),
      );
    },
  }),
  law<Batch>({
    id: 'loss/permutation',
    ref: 'L-14',
    class: 'rounding bound',
    says: 'the order of the samples does not matter: not at all for errors on a lattice, and to the rounding of the sum elsewhere; gradients move with their samples',
    subjects: each('loss', 'forward', 'vjp'),
    given: (_port, name) => dyadicBatch(name),
    *holds(b, port, name) {
      const back: Batch = { ...b, prediction: turned(b.prediction), target: turned(b.target) };
      const [a, c] = [yield* value(name, b), yield* value(name, back)];
      const [g, h] = [yield* gradient(name, b), yield* gradient(name, back)];
      const lattice = b.reduction === 'sum' && ['mse', 'mae', 'hinge'].includes(name);
      return every([
        within('loss of the batch turned around', [c], [exactly(a)], [lattice ? 0 : slack(port, name, b, a)]),
        within(
          'gradient of the batch turned around',
          turned({ shape: b.prediction.shape, data: h }).data,
          g.map(exactly),
          g.map((v) => ulpsAt(2, v, port.dtype)),
        ),
      ]);
    },
  }),
  law<Batch>({
    id: 'loss/nonnegative',
    ref: 'L-01, L-16',
    class: 'exact',
    says: 'no loss of one element is negative, and a batch costs as much as its terms',
    kills: ['neataptic MSLE(1, 2) < 0', 'tfjs 4.22.0 logLoss(1, 1) < 0'],
    subjects: (port) => each('loss', 'forward')(port).filter((name) => name !== 'kl'),
    given: (port, name) => batch(port, name),
    *holds(b, _port, name) {
      const v = yield* value(name, b);
      return sided(name, v, '≥', 0);
    },
  }),
  law<{ readonly p: number; readonly y: number }>({
    id: 'loss/argument-order',
    ref: 'L-18',
    class: '64-digit oracle',
    says: 'an asymmetric loss takes the prediction first: the value is that of (p, y), not of (y, p)',
    kills: ['keras #23333'],
    subjects: (port) => [...plainBce(port), ...among(['kl', 'bce_with_logits'], 'loss', 'forward')(port)],
    given: () =>
      fc
        .record({
          p: fc.integer({ min: 1, max: 31 }).map((k) => k / 32),
          y: fc.integer({ min: 1, max: 31 }).map((k) => k / 32),
        })
        .filter(({ p, y }) => Math.abs(p - y) > 1 / 8 && Math.abs(p + y - 1) > 1 / 8),
    *holds({ p, y }, port, name) {
      // a share and the rest, where shares sum to 1
      const of = (a: number): Values =>
        lossRow(camel(name)).target === 'distribution'
          ? { shape: [1, 2], data: [a, 1 - a] }
          : { shape: [1], data: [a] };
      const v = yield* value(name, { ...one(p, y), prediction: of(p), target: of(y) });
      const truth = (a: number, b: number): number => nearest(lossTruth(port, name, of(a), of(b), 'sum', {}).loss);
      const [own, other] = [truth(p, y), truth(y, p)];
      return claim(`${name}(prediction ${p}, target ${y})`, Math.abs(v - own) < Math.abs(v - other) / 2 ** 20, v, own);
    },
  }),
  law<Batch>({
    id: 'loss/total',
    ref: 'L-02, L-06',
    class: 'exact',
    says: 'value and gradient are numbers for every prediction of the domain, ends included, and NaN comes through',
    kills: ['burn #2741', 'torch #13773', 'torch #135359', 'optax #1267', 'NNlib #68'],
    subjects: each('loss', 'forward', 'vjp'),
    given: (port, name) => {
      const { prediction } = lossRow(camel(name));
      const { tiny, u } = FORMATS[port.dtype];
      const edge =
        prediction === 'number'
          ? finite(port.dtype).map((v) => (Math.abs(v) < FORMATS[port.dtype].max / 4 ? v : v / 4)) // differences stay finite
          : fc.oneof(probability(port.dtype), fc.constantFrom(0, 1, tiny, 1 - u));
      return batch(port, name).chain((b) =>
        filled(b.prediction.shape, edge).map((values) => ({ ...b, prediction: values })),
      );
    },
    *holds(b, _port, name) {
      const [v, g] = [yield* value(name, b), yield* gradient(name, b)];
      const bad = g.findIndex(Number.isNaN);
      const spoilt: Batch = {
        ...b,
        prediction: { ...b.prediction, data: b.prediction.data.map((p, i) => (i === 0 ? Number.NaN : p)) },
      };
      const through = yield* value(name, spoilt);
      return every([
        claim(`${name} is a number`, !Number.isNaN(v), v),
        claim(`gradient ${bad} is a number`, bad < 0, g[bad]),
        claim('the loss of NaN', Number.isNaN(through), through, Number.NaN),
      ]);
    },
  }),
];
