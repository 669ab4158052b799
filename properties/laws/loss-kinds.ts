// The chapter of losses, third part: what each kind of loss has of its own, errors, margins, logits and divergences.
import fc from 'fast-check';
import { filled, finite, label, type Values } from '../arbitraries.ts';
import { among, ask, claim, every, having, law, same, sided, within } from '../law.ts';
import { lossTruth } from '../oracle/elements.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import { contractUlps, exactly, FORMATS, gamma, spacing, ulpsAt } from '../tolerance.ts';
import { type Batch, gradient, one, oneHot, termsOf, value } from './loss.ts';
import { declared, dyadicBatch, reductions, slack } from './loss-family.ts';

export const lossKindLaws = [
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
        claim(`gradient at ${z} for the label ${y} in [−1, 1]`, g >= -1 && g <= 1, g),
        ...(y === 0 ? [sided(`gradient at ${z} for the label 0`, g, '≥', 0)] : []),
        ...(y === 1 ? [sided(`gradient at ${z} for the label 1`, g, '≤', 0)] : []),
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
        claim(`gradient ${bad} in [−delta, delta] = [${-delta}, ${delta}]`, bad < 0, g[bad]),
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
      const n = b.reduction === 'mean' ? termsOf('softmax_cross_entropy', b) : 1;
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
        sided('KL(y‖p)', v, '≥', 0, off),
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
    *holds({ e, y }, port, name) {
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
      const wrong = name === 'hinge' ? FORMATS[port.dtype].round(1 + z) : z;
      return every([
        same('on the right side', [yield* value(name, batchOf(true))], [0]),
        same('on the wrong side', [yield* value(name, batchOf(false))], [wrong]),
      ]);
    },
  }),
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
];
