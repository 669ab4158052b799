// The chapter of losses, second part: reductions, convexity, symmetry, information, and values that belong to gradients.
import fc from 'fast-check';
import { lossRow } from '../../src/index.ts';
import { filled, finite, label, probability, type Values } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import { among, ask, claim, each, every, having, law, same, type Verdict, within } from '../law.ts';
import { lossTruth } from '../oracle/elements.ts';
import { type Big, exact, expecting, nearest, ONE, ZERO } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import {
  contractDerivativeUlps,
  contractUlps,
  exactly,
  FORMATS,
  gamma,
  SECANT_STEP,
  spacing,
  ulpsAt,
} from '../tolerance.ts';
import { type Batch, batch, gradient, one, oneHot, twice, value } from './loss.ts';

/** Losses that never see a negative probability or a wrong target, by what their targets are. */
const soft = among(['bce', 'bce_with_logits', 'softmax_cross_entropy'], 'loss', 'forward');
const declared = (port: PortInfo): boolean => port.conventions.bce === 'log';
/** bce as it is defined, not clipped in the middle of its range. */
const plainBce = (port: PortInfo): readonly string[] => (declared(port) ? among(['bce'], 'loss', 'forward')(port) : []);

/** Dyadic predictions inside the domain of a loss, and targets; all exact. */
const dyadics = (name: string, shape: readonly number[]) => {
  const { prediction, target } = lossRow(camel(name));
  const inside = fc.integer({ min: 4, max: 60 }).map((k) => k / 64);
  const wide = fc.integer({ min: -160, max: 160 }).map((k) => k / 32);
  return {
    prediction: filled(shape, prediction === 'number' ? wide : inside),
    target: filled(
      shape,
      target === 'number'
        ? wide
        : target === 'sign'
          ? fc.constantFrom(-1, 1)
          : fc.integer({ min: 0, max: 8 }).map((k) => k / 8),
    ),
  };
};
const reductions = fc.constantFrom('mean' as const, 'sum' as const);
const paramsOf = (name: string) =>
  fc.record(
    Object.fromEntries(Object.keys(lossRow(camel(name)).params).map((k) => [k, fc.constantFrom(1 / 4, 3 / 4, 2)])),
  );
const shapes = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 }));
const dyadicBatch = (name: string): fc.Arbitrary<Batch> =>
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
const slack = (port: PortInfo, name: string, b: Batch, v: number): number => {
  const { u, tiny } = FORMATS[port.dtype];
  const relative = gamma(b.prediction.data.length + 1, u) + 2 * contractUlps(1) * u;
  return 2 * relative * (Math.abs(v) + sizesOf(name, b)) + tiny;
};
/** The divergence alone adds terms of both signs. */
const sizesOf = (name: string, { prediction: p, target: y }: Batch): number =>
  name === 'kl'
    ? y.data.reduce(
        (s, t, i) =>
          s +
          (t === 0
            ? 0
            : Math.abs(
                t *
                  nearest(
                    exact(t)
                      .div(exact(p.data[i] ?? 1))
                      .ln(),
                  ),
              )),
        0,
      )
    : 0;

/** −y·ln p − (1 − y)·ln(1 − p) at 64 digits, 0·ln 0 = 0. */
const crossEntropy = (p: number, y: number): Big => {
  const term = (w: Big, q: Big): Big => (w.isZero() ? ZERO : w.times(q.ln()).neg());
  return term(exact(y), exact(p)).plus(term(ONE.minus(exact(y)), ONE.minus(exact(p))));
};

export const lossFamilyLaws = [
  law<{ readonly z: number; readonly y: number }>({
    id: 'loss/logit-form',
    ref: 'L-04',
    class: '64-digit oracle',
    says: 'the cross-entropy of a logit is max(z, 0) − y·z + log(1 + e^−|z|), a single term of it within 4 ulps of itself',
    kills: ['mxnet #17849', 'tfjs #970'],
    subjects: among(['bce_with_logits'], 'loss', 'forward'),
    given: (port) => fc.record({ z: finite(port.dtype).filter((z) => Math.abs(z) < 2 ** 52), y: label }),
    *holds({ z, y }, port) {
      const v = yield* value('bce_with_logits', one(z, y));
      const truth = lossTruth(port, 'bce_with_logits', one(z, y).prediction, one(z, y).target, 'sum', {}).loss;
      return within(
        `bce(z = ${z}, y = ${y})`,
        [v],
        [expecting(truth, port.dtype)],
        [ulpsAt(contractUlps(1), nearest(truth), port.dtype)],
      );
    },
  }),
  law<{ readonly z: number; readonly y: number }>({
    id: 'loss/two-forms',
    ref: 'L-05',
    class: 'rounding bound',
    says: 'the cross-entropy of a logit is that of its probability, up to what the rounding of the probability makes of it',
    kills: ['TF #118313', 'TF #33936', 'burn #4829'],
    subjects: (port) =>
      declared(port)
        ? having('loss.bce.forward', 'loss.bce_with_logits.forward', 'activation.sigmoid.forward')(port)
        : [],
    given: (port) =>
      fc.record({
        z: fc
          .integer({ min: port.dtype === 'f64' ? -1920 : -512, max: port.dtype === 'f64' ? 1920 : 512 })
          .map((k) => k / 64),
        y: label,
      }),
    *holds({ z, y }, port) {
      const p =
        (yield* ask('activation.sigmoid.forward', { x: { shape: [1], data: [z] } })).tensor('y').data[0] ?? Number.NaN;
      const [a, b] = [yield* value('bce', one(p, y)), yield* value('bce_with_logits', one(z, y))];
      fc.pre(p < 1);
      const slope = Math.abs((p - y) / (p * (1 - p)));
      const moved = 2 * contractUlps(1) * spacing(p, port.dtype) * (slope + 1 / (1 - p));
      return within(
        `bce(σ(${z}), ${y}) against bce with logits`,
        [a],
        [exactly(b)],
        [moved + ulpsAt(2 * contractUlps(1), b, port.dtype)],
      );
    },
  }),
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
        claim(`secant of element ${i} above the gradient at its left end`, secant >= left - off, secant, left),
        claim(`secant of element ${i} below the gradient at its right end`, secant <= right + off, secant, right),
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
      return claim('the loss half way, at most the mean of both', m <= most + off, m, most);
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
        claim('the divergence is not negative', at >= least - ulpsAt(k, least, port.dtype), at, least),
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
      const n =
        lossRow(camel(name)).target === 'distribution' ? (b.prediction.shape[0] ?? 1) : b.prediction.data.length;
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
      return claim(`${name} ≥ 0`, v >= 0, v, 0);
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
      const v = yield* value(name, one(p, y));
      const truth = (a: number, b: number): number =>
        nearest(lossTruth(port, name, one(a, b).prediction, one(a, b).target, 'sum', {}).loss);
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
        claim(`${name} is a number`, !Number.isNaN(v), v, 0),
        claim(`gradient ${bad} is a number`, bad < 0, g[bad], 0),
        claim('the loss of NaN', Number.isNaN(through), through, Number.NaN),
      ]);
    },
  }),
  law<{ readonly z: number; readonly y: number; readonly reduction: 'mean' | 'sum' }>({
    id: 'loss/logit-gradient-range',
    ref: 'L-06',
    class: 'exact',
    says: 'the gradient by a logit lies in [−1, 1], has the sign of σ(z) − y, is 0 − y or 1 − y far out, and exactly ½ − y at 0',
    kills: ['torch #1792', 'torch #103316', 'keras #9664'],
    subjects: among(['bce_with_logits'], 'loss', 'vjp'),
    given: (port) => fc.record({ z: finite(port.dtype), y: label, reduction: reductions }),
    *holds({ z, y, reduction }) {
      const [g = Number.NaN] = yield* gradient('bce_with_logits', { ...one(z, y), reduction });
      const [at0 = Number.NaN] = yield* gradient('bce_with_logits', { ...one(0, y), reduction });
      const far = yield* gradient('bce_with_logits', {
        ...one(0, y),
        prediction: { shape: [2], data: [-(2 ** 11), 2 ** 11] },
        target: { shape: [2], data: [y, y] },
      });
      return every([
        claim(`gradient at ${z} for the label ${y}`, g >= -1 && g <= 1, g, 0),
        claim(`sign of the gradient at ${z} for a certain label`, (y !== 0 || g >= 0) && (y !== 1 || g <= 0), g, 0),
        same(`gradient at 0 for the label ${y}`, [at0], [1 / 2 - y]),
        same('gradient far out', far, [-y, 1 - y]),
      ]);
    },
  }),
  law<Batch & { readonly k: number }>({
    id: 'loss/error-scaling',
    ref: 'L-15',
    class: 'power of two',
    says: 'errors scale with their arguments: mse by 4ᵏ and its gradient by 2ᵏ, mae by 2ᵏ and its gradient not at all',
    kills: ['tiny-dnn #232'],
    subjects: among(['mse', 'mae'], 'loss', 'forward', 'vjp'),
    given: (_port, name) => fc.tuple(dyadicBatch(name), fc.integer({ min: -6, max: 6 })).map(([b, k]) => ({ ...b, k })),
    *holds({ k, ...b }, _port, name) {
      const scaled = (v: Values): Values => ({ ...v, data: v.data.map((x) => x * 2 ** k) });
      const big: Batch = { ...b, prediction: scaled(b.prediction), target: scaled(b.target) };
      const degree = name === 'mse' ? 2 : 1;
      return every([
        same('loss of scaled arguments', [yield* value(name, big)], [(yield* value(name, b)) * 2 ** (degree * k)]),
        same(
          'gradient of scaled arguments',
          yield* gradient(name, big),
          (yield* gradient(name, b)).map((v) => v * 2 ** ((degree - 1) * k)),
        ),
      ]);
    },
  }),
  law<Batch>({
    id: 'loss/lattice',
    ref: 'L-15',
    class: 'lattice',
    says: 'on a lattice the sums of mse, mae and hinge, and their gradients, are exact',
    formula: 'Σ (p − y)² and 2(p − y);  Σ |p − y| and ±1;  Σ max(0, 1 − y·p) and −y or 0',
    subjects: among(['mse', 'mae', 'hinge'], 'loss', 'forward', 'vjp'),
    given: (_port, name) => dyadicBatch(name).map((b) => ({ ...b, reduction: 'sum' as const })),
    *holds(b, _port, name) {
      const pairs = b.prediction.data.map((p, i) => [p, b.target.data[i] ?? 0] as const);
      const term = (p: number, y: number): number =>
        name === 'mse' ? (p - y) * (p - y) : name === 'mae' ? Math.abs(p - y) : Math.max(0, 1 - y * p);
      const slope = (p: number, y: number): number =>
        name === 'mse' ? 2 * (p - y) : name === 'mae' ? Math.sign(p - y) : y * p < 1 ? -y : 0;
      const g = yield* gradient(name, b);
      const sure = pairs.flatMap(([p, y], i) =>
        name !== 'mse' && term(p, y) === 0 && (name === 'mae' || y * p === 1) ? [] : [i],
      );
      return every([
        same('loss', [yield* value(name, b)], [pairs.reduce((s, [p, y]) => s + term(p, y), 0)]),
        same(
          'gradient where the loss does not bend',
          sure.map((i) => g[i] ?? Number.NaN),
          sure.map((i) => slope(...(pairs[i] as readonly [number, number]))),
        ),
      ]);
    },
  }),
  law<Batch>({
    id: 'loss/huber-limits',
    ref: 'L-16',
    class: 'power of two',
    says: 'Huber is half of mse where delta is larger than every error, and grows by exactly delta per unit beyond it; its gradient never exceeds delta',
    subjects: (port) => (port.has('loss.mse.forward') ? among(['huber'], 'loss', 'forward', 'vjp')(port) : []),
    given: () => dyadicBatch('huber').map((b) => ({ ...b, reduction: 'sum' as const })),
    *holds(b) {
      const wide = { ...b, params: { delta: 2 ** 10 } };
      const delta = b.params.delta ?? 1;
      const far: Batch = { ...b, prediction: { ...b.prediction, data: b.target.data.map((y) => y + delta + 4) } };
      const further: Batch = { ...b, prediction: { ...b.prediction, data: b.target.data.map((y) => y + delta + 5) } };
      const n = b.prediction.data.length;
      const g = yield* gradient('huber', b);
      const bad = g.findIndex((v) => !(Math.abs(v) <= delta));
      return every([
        same(
          'huber with a wide delta',
          [yield* value('huber', wide)],
          [(yield* value('mse', { ...b, params: {} })) / 2],
        ),
        same('one unit further out', [(yield* value('huber', further)) - (yield* value('huber', far))], [n * delta]),
        same('gradient far out', yield* gradient('huber', far), new Array<number>(n).fill(delta)),
        claim(`gradient ${bad} within delta`, bad < 0, g[bad], delta),
      ]);
    },
  }),
  law<Batch>({
    id: 'loss/cross-entropy-by-softmax',
    ref: 'L-19',
    class: 'rounding bound',
    says: 'the gradient by the logits of a certain class is the port’s own softmax less the class, divided by the number of samples for a mean',
    kills: ['Theano #3162', 'tf-keras 304bb3d9'],
    subjects: having('loss.softmax_cross_entropy.vjp', 'activation.softmax.forward'),
    given: (port) =>
      oneHot(port).map((b) => ({
        ...b,
        prediction: { ...b.prediction, data: b.prediction.data.map((v) => Math.max(-32, Math.min(32, v))) },
      })),
    *holds(b, port) {
      const g = yield* gradient('softmax_cross_entropy', b);
      const s = (yield* ask('activation.softmax.forward', { x: b.prediction })).tensor('y');
      const n = b.reduction === 'mean' ? (b.prediction.shape[0] ?? 1) : 1;
      const { u } = FORMATS[port.dtype];
      const k = b.prediction.shape.at(-1) ?? 1;
      return within(
        'gradient against softmax − y',
        g,
        Array.from(s.data, (v, i) => exactly((v - (b.target.data[i] ?? 0)) / n)),
        Array.from(s.data, () => (4 * gamma(k + 2 * contractUlps(1), u)) / n),
      );
    },
  }),
  law<{ readonly y: Values; readonly p: Values }>({
    id: 'loss/divergence',
    ref: 'L-10, L-18',
    class: 'rounding bound',
    says: 'the divergence of shares that sum to 1 is not negative, and 0 for equal shares, whose gradient is −1 each',
    subjects: among(['kl'], 'loss', 'forward', 'vjp'),
    given: () =>
      fc.integer({ min: 2, max: 4 }).chain((k) => {
        const shares = filled([1, k], fc.integer({ min: 1, max: 9 })).map(({ shape, data }) => {
          const rest = data.slice(1).reduce((a, v) => a + v, 0);
          return { shape, data: [64 - rest, ...data.slice(1)].map((v) => v / 64) };
        });
        return fc.record({ y: shares, p: shares });
      }),
    *holds({ y, p }, port) {
      const b = (prediction: Values): Batch => ({ prediction, target: y, reduction: 'mean', params: {} });
      const v = yield* value('kl', b(p));
      const off = slack(port, 'kl', b(p), v);
      return every([
        claim('KL(y‖p) ≥ 0', v >= -off, v, 0),
        same('KL(y‖y)', [yield* value('kl', b(y))], [0]),
        same('slope at p = y', yield* gradient('kl', b(y)), new Array<number>(y.data.length).fill(-1)),
      ]);
    },
  }),
  law<{ readonly e: number; readonly y: number }>({
    id: 'loss/large-scores',
    ref: 'L-11',
    class: 'exact',
    says: 'for huge scores a class costs its margin on the wrong side and nothing on the right one: cross-entropy of two classes and hinge alike',
    kills: ['mxnet #17849', 'NNlib #68', 'torch #11752'],
    subjects: (port) => among(['softmax_cross_entropy', 'hinge'], 'loss', 'forward')(port),
    given: (port) =>
      fc.record({ e: fc.integer({ min: 11, max: FORMATS[port.dtype].maxExponent - 1 }), y: fc.constantFrom(0, 1) }),
    *holds({ e, y }, _port, name) {
      const z = 2 ** e;
      const batchOf = (right: boolean): Batch => {
        const up = (y === 1) === right;
        return name === 'hinge'
          ? one(up ? z : -z, y === 1 ? 1 : -1)
          : {
              ...one(0, 0),
              prediction: { shape: [1, 2], data: [0, up ? z : -z] },
              target: { shape: [1, 2], data: [1 - y, y] },
            };
      };
      const wrong = name === 'hinge' ? 1 + z : z;
      return every([
        same('on the right side', [yield* value(name, batchOf(true))], [0]),
        same('on the wrong side', [yield* value(name, batchOf(false))], [wrong]),
      ]);
    },
  }),
];
