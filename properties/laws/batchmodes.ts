// Batch normalisation by mode, repeated batches, and the layer before it.
import fc from 'fast-check';
import { cotangent, filled, small, type Values } from '../arbitraries.ts';
import type { Plain } from '../contract.ts';
import { ask, every, having, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import {
  combined,
  type Entry,
  type Fixed,
  fixedPulledOf,
  fixedValuesOf,
  momentsOf,
  pulledOf,
  valuesOf,
} from '../oracle/batchnorm.ts';
import { exact, nearest, ONE, ZERO } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { exactly as expected, FORMATS, normValueBound } from '../tolerance.ts';
import { after, batches, copied, lattices, NAME, STATISTICS, step, updates, zeros } from './batchcases.ts';
import {
  type BatchCase,
  batchCase,
  batchOnly,
  COTANGENTS,
  evaluate,
  exactly,
  judged,
  normOf,
  outputOf,
  pick,
  pull,
  pullEval,
} from './normcases.ts';

const needsEval = (port: PortInfo): readonly string[] =>
  batchOnly(port).filter(() => port.has('layer.batch_norm.eval') && port.has('layer.batch_norm.eval_vjp'));

const fixedOf = (c: BatchCase, port: PortInfo): Fixed => ({
  x: c.x.data,
  gamma: c.gamma.data,
  beta: c.beta.data,
  mean: c.mean.data,
  variance: c.variance.data,
  eps: c.eps,
  place: port.conventions.bnEps,
});

interface Preceded {
  readonly x: Values;
  readonly w: Values;
  readonly b: Values;
  readonly c: BatchCase;
}
/** A dense layer of integers before the normalisation, so that what is normalised is exact. */
const preceded = (port: PortInfo): fc.Arbitrary<Preceded> =>
  fc
    .tuple(fc.integer({ min: 2, max: 5 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
    .chain(([n, d, f]) =>
      fc.record({
        x: filled([n, d], small),
        w: filled([d, f], small),
        b: filled([f], small),
        c: batchCase(port, NAME, { shape: fc.constant([n, f]) }),
      }),
    )
    .chain(({ c, ...dense }) => fc.constantFrom(0, 1 / 4, 3).map((eps) => ({ ...dense, c: { ...c, eps } })));

const needsDense = (port: PortInfo): readonly string[] =>
  batchOnly(port).filter(() => having('layer.dense.forward', 'layer.dense.vjp')(port).length > 0);

function* dense({ x, w, b }: Omit<Preceded, 'c'>): Inquiry<Values> {
  const y = (yield* ask('layer.dense.forward', { x, w, b })).tensor('y');
  return { shape: y.shape, data: Array.from(y.data) };
}

export const batchModeLaws = [
  law<BatchCase>({
    id: 'batchnorm/duplication',
    ref: 'B-13',
    class: 'rounding bound',
    runs: 30,
    says: 'a batch repeated twice is normalised as before: same outputs, mean and dx, and dγ, dβ doubled',
    subjects: batchOnly,
    given: batches,
    *holds(c, port) {
      const [n = 1, ...rest] = c.x.shape;
      const doubled = (v: Values): Values => ({ shape: [2 * n, ...rest], data: [...v.data, ...v.data] });
      const twice = { ...c, x: doubled(c.x), dy: doubled(c.dy) };
      const [y, z] = [yield* step(c), yield* step(twice)];
      const [a, b] = [yield* pull(NAME, c), yield* pull(NAME, twice)];
      const [one, two] = [c, twice].map((k) => normOf(k, port, NAME)) as [
        ReturnType<typeof normOf>,
        ReturnType<typeof normOf>,
      ]; // two of two
      const [p, q] = [pulledOf(one, c.dy.data, port.dtype), pulledOf(two, twice.dy.data, port.dtype)];
      const [v, w] = [valuesOf(one, port.dtype), valuesOf(two, port.dtype)];
      const [s, t] = [after(c, port).mean, after(twice, port).mean];
      const close = (
        about: string,
        got: ArrayLike<number>,
        was: readonly number[],
        by: number,
        e: readonly Entry[],
        f: readonly Entry[],
      ) =>
        within(
          about,
          got,
          was.map((value) => expected(by * value)),
          e.map((entry, i) => by * entry.allowed + (f[i]?.allowed ?? 0)),
        );
      const half = (values: ArrayLike<number>, from: number): readonly number[] =>
        Array.from(values).slice(from * c.x.data.length, (from + 1) * c.x.data.length);
      return every([
        ...[0, 1].flatMap((h) => [
          close(`y of copy ${h}`, half(z.y.data, h), Array.from(y.y.data), 1, v, w.slice(h * v.length)),
          close(`dx of copy ${h}`, half(b.dx, h), a.dx, 1, p.dx, q.dx.slice(h * v.length)),
        ]),
        close('running mean', z.mean.data, Array.from(y.mean.data), 1, s, t),
        close('dγ', b.dgamma, a.dgamma, 2, p.dgamma, q.dgamma),
        close('dβ', b.dbeta, a.dbeta, 2, p.dbeta, q.dbeta),
      ]);
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/eval-value',
    ref: 'B-19',
    class: '64-digit oracle',
    runs: 60,
    says: 'in eval mode the output is an affine map per feature, made of the running statistics and of nothing in the batch',
    formula: 'y = γ·(x − r̄)/√(r² + ε) + β',
    source: 'Ioffe & Szegedy 2015, Algorithm 2',
    kills: ['NNlib #576', 'pytorch/xla #913'],
    subjects: needsEval,
    given: batches,
    *holds(c, port) {
      return judged('y', (yield* evaluate(c)).tensor('y').data, fixedValuesOf(fixedOf(c, port), port.dtype), port);
    },
  }),
  law<{ readonly c: BatchCase; readonly k: number; readonly share: number }>({
    id: 'batchnorm/eval-exact',
    ref: 'B-19, B-20',
    class: 'lattice',
    runs: 40,
    says: 'where the root is a power of two, outputs and cotangents of eval mode have no error at all',
    subjects: needsEval,
    given: (port) =>
      fc.record({
        c: lattices(port),
        k: fc.integer({ min: -3, max: 3 }),
        share: fc.constantFrom(0, 1 / 4, 3 / 4, 1),
      }),
    *holds({ c, k, share }, port) {
      const inside = port.conventions.bnEps === 'inside';
      // variance + eps = 4ᵏ, or √variance + eps = 2ᵏ with a power of two for each where eps is not 0
      const root = 2 ** k;
      const deviation = share === 0 ? 1 : share === 1 ? 0 : 1 / 2; // all of the root, none of it, or a half
      const rest = inside ? root * root * (1 - share) : (root * deviation) ** 2;
      const eps = inside ? root * root * share : root * (1 - deviation);
      const even = {
        ...c,
        eps,
        variance: { shape: c.variance.shape, data: c.variance.data.map(() => rest) },
      };
      const got = yield* pullEval(even);
      const truth = fixedPulledOf(fixedOf(even, port), c.dy.data, port.dtype);
      return every([
        exactly('y', (yield* evaluate(even)).tensor('y').data, fixedValuesOf(fixedOf(even, port), port.dtype)),
        ...COTANGENTS.map((f) => exactly(f, got[f], truth[f])),
      ]);
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/eval-sample-by-sample',
    ref: 'B-19',
    class: 'exact',
    runs: 30,
    says: 'in eval mode a sample’s output and dx have the same bits alone and in any batch, before and after a training step',
    kills: ['pytorch/xla #913', 'mxnet #9580', 'tinygrad #4351'],
    subjects: needsEval,
    given: batches,
    *holds(c) {
      const [n = 1, ...rest] = c.x.shape;
      const size = c.x.data.length / n;
      const y = (yield* evaluate(c)).tensor('y').data;
      const { dx } = yield* pullEval(c);
      yield* step(c);
      const verdicts: Verdict[] = [];
      for (let i = 0; i < n; i++) {
        const part = (v: ArrayLike<number>): readonly number[] => Array.from(v).slice(i * size, (i + 1) * size);
        const own = (v: Values): Values => ({ shape: [1, ...rest], data: part(v.data) });
        const alone = { ...c, x: own(c.x), dy: own(c.dy) };
        verdicts.push(
          same(`y of sample ${i} alone`, (yield* evaluate(alone)).tensor('y').data, part(y)),
          same(`dx of sample ${i} alone`, (yield* pullEval(alone)).dx, part(dx)),
        );
      }
      return every(verdicts);
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/eval-keeps-state',
    ref: 'B-19',
    class: 'exact',
    runs: 20,
    says: 'eval mode, where it returns a state, returns the one it was given, bit for bit',
    subjects: needsEval,
    given: batches,
    *holds(c) {
      const a = yield* evaluate(c);
      const returned = (s: 'mean' | 'variance'): Plain | undefined => a.tensor(s) as Plain | undefined; // optional in the contract
      return every(
        STATISTICS.map((s) =>
          same(`${s} after eval mode`, returned(s)?.data ?? c[s].data, c[s].data, { zeros: 'signed' }),
        ),
      );
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/eval-cotangents',
    ref: 'B-20',
    class: '64-digit oracle',
    runs: 60,
    says: 'in eval mode dx is γ·dy over the root of the running variance, without any term of the batch; dγ and dβ are sums over it',
    formula: 'dx = γ/√(r² + ε)·dy',
    kills: ['mxnet #9580', 'pytorch #586', 'pytorch/xla #913', 'tinygrad #17201'],
    subjects: needsEval,
    given: batches,
    *holds(c, port) {
      const got = yield* pullEval(c);
      const truth = fixedPulledOf(fixedOf(c, port), c.dy.data, port.dtype);
      return every(COTANGENTS.map((f) => judged(f, got[f], truth[f], port)));
    },
  }),
  law<BatchCase>({
    id: 'batchnorm/train-then-eval',
    ref: 'B-21',
    class: 'rounding bound',
    runs: 40,
    says: 'with the statistics of a batch copied, and its variance made biased, eval mode gives what train mode gave',
    subjects: needsEval,
    given: batches,
    *holds(c, port) {
      const own = copied(c, port);
      const a = yield* step(own);
      const factor = updates(own, port).variance.factor;
      const { round, u } = FORMATS[port.dtype];
      const biased = Array.from(a.variance.data, (v) => round(nearest(exact(v).div(factor))));
      const y = (yield* evaluate({
        ...own,
        mean: { shape: a.mean.shape, data: Array.from(a.mean.data) },
        variance: { shape: a.variance.shape, data: biased },
      })).tensor('y');
      return within(
        'y in eval mode, against train mode',
        y.data,
        Array.from(a.y.data, expected),
        valuesOf(normOf(c, port, NAME), port.dtype).map((e, i) => {
          const j = i % c.gamma.data.length;
          const [g, b] = [c.gamma.data[j] ?? 0, c.beta.data[j] ?? 0];
          const hat = nearest(e.value.minus(exact(b)).div(exact(g)));
          // both are stable, and the way to the biased variance has three roundings, of which the root halves each
          return 2 * e.allowed + normValueBound(g, b, hat, 4 * u * Math.abs(hat), u);
        }),
      );
    },
  }),
  law<Preceded & { readonly other: Values }>({
    id: 'batchnorm/bias-before-it',
    ref: 'B-07',
    class: 'rounding bound',
    runs: 30,
    says: 'a bias of the layer before it changes nothing, and its gradient is 0',
    subjects: needsDense,
    given: (port) => preceded(port).chain((p) => filled(p.b.shape, small).map((other) => ({ ...p, other }))),
    *holds({ x, w, b, c, other }, port) {
      const z = yield* dense({ x, w, b });
      const moved = yield* dense({ x, w, b: other });
      const [at, there] = [
        { ...c, x: z },
        { ...c, x: moved },
      ];
      const [y, t] = [yield* outputOf(NAME, at), yield* outputOf(NAME, there)];
      const values = [at, there].map((k) => valuesOf(normOf(k, port, NAME), port.dtype));
      const { dx } = yield* pull(NAME, at);
      const truth = pulledOf(normOf(at, port, NAME), c.dy.data, port.dtype).dx;
      const db = (yield* ask('layer.dense.vjp', { x, w, b, dy: { shape: z.shape, data: dx } })).tensor('db').data;
      const { u } = FORMATS[port.dtype];
      return every([
        within(
          'y with another bias',
          t,
          y.map(expected),
          y.map((_, i) => (values[0]?.[i]?.allowed ?? 0) + (values[1]?.[i]?.allowed ?? 0)),
        ),
        within(
          'db',
          db,
          b.data.map(() => expected(0)),
          normOf(at, port, NAME).groups.map((group) =>
            group.at.reduce((s, i) => s + (truth[i]?.allowed ?? 0) + group.at.length * u * Math.abs(dx[i] ?? 0), 0),
          ),
        ),
      ]);
    },
  }),
  law<Preceded>({
    id: 'batchnorm/weights-before-it',
    ref: 'B-10',
    class: 'rounding bound',
    runs: 30,
    says: 'a unit’s incoming weights can only grow by their gradient as far as eps lets them: without eps the two are orthogonal',
    formula: '⟨w, dw⟩ = ε/(σ² + ε)·Σ γ·dy·ŷ',
    source: 'van Laarhoven 2017, §2',
    subjects: needsDense,
    given: (port) => preceded(port).map((p) => ({ ...p, b: zeros(p.b.data.length) })),
    *holds({ x, w, b, c }, port) {
      const z = yield* dense({ x, w, b });
      const at = { ...c, x: z };
      const { dx } = yield* pull(NAME, at);
      const norm = normOf(at, port, NAME);
      const truth = pulledOf(norm, c.dy.data, port.dtype).dx;
      const dw = (yield* ask('layer.dense.vjp', { x, w, b, dy: { shape: z.shape, data: dx } })).tensor('dw').data;
      const f = b.data.length;
      const { u } = FORMATS[port.dtype];
      return every(
        norm.groups.map((group, j) => {
          const m = momentsOf(pick(z.data, group.at).map(exact), exact(c.eps), norm.place);
          const share = exact(c.eps)
            .div(m.root)
            .div(norm.place === 'inside' ? m.root : ONE);
          const gamma = exact(c.gamma.data[j] ?? 0);
          const value = group.at
            .reduce((s, to, i) => s.plus(exact(c.dy.data[to] ?? 0).times(m.hat[i] ?? ZERO)), ZERO)
            .times(gamma)
            .times(share);
          const column = w.data.filter((_, k) => k % f === j);
          const got = combined(
            Array.from(dw)
              .filter((_, k) => k % f === j)
              .map((v) => ({ value: exact(v), allowed: 0 })),
            (k) => exact(column[k] ?? 0),
          );
          // each weight's gradient adds up products of x with what dx may be off by, and rounds
          const n = group.at.length;
          const allowed = column.reduce(
            (s, weight, k) =>
              s +
              Math.abs(weight) *
                group.at.reduce(
                  (t, to, i) =>
                    t +
                    Math.abs(x.data[i * column.length + k] ?? 0) *
                      ((truth[to]?.allowed ?? 0) + (n + 1) * u * Math.abs(dx[to] ?? 0)),
                  0,
                ),
            FORMATS.f64.u * Math.abs(nearest(got.value)),
          );
          return judged(`⟨w, dw⟩ of unit ${j}`, [nearest(got.value)], [{ value, allowed }], port);
        }),
      );
    },
  }),
  law<{ readonly c: BatchCase; readonly dy: Values }>({
    id: 'batchnorm/cotangents-see-no-state',
    ref: 'B-12, B-19',
    class: 'exact',
    runs: 30,
    says: 'in train mode outputs and cotangents do not depend on the running statistics or the momentum, by no bit',
    kills: ['tinygrad #17201'],
    subjects: batchOnly,
    given: (port) => batches(port).chain((c) => filled(c.x.shape, cotangent(port.dtype)).map((dy) => ({ c, dy }))),
    *holds({ c, dy }) {
      const at = { ...c, dy };
      const other = {
        ...at,
        mean: { shape: c.mean.shape, data: c.mean.data.map((v) => (v === 0 ? 1 : -2 * v)) },
        variance: { shape: c.variance.shape, data: c.variance.data.map((v) => 4 * v) },
        momentum: c.momentum / 2,
      };
      const [y, z] = [yield* outputOf(NAME, at), yield* outputOf(NAME, other)];
      const [a, b] = [yield* pull(NAME, at), yield* pull(NAME, other)];
      return every([
        same('y with another state', z, y),
        ...COTANGENTS.map((f) => same(`${f} with another state`, b[f], a[f])),
      ]);
    },
  }),
];
