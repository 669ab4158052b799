// The chapter of gradients: networks against the 64-digit oracle, exact lattices, linearity, accumulation, broadcasting.
import fc from 'fast-check';
import { cotangent, extent, filled, moderate, type NetworkCase, small, type Values, visiting } from '../arbitraries.ts';
import { type Plain, parametersOf } from '../contract.ts';
import { ask, each, every, having, type Inquiry, law, same, within } from '../law.ts';
import { type Big, exact, expecting, nearest, ZERO } from '../oracle/exact.ts';
import { rationalGradients } from '../oracle/rational.ts';
import { labels } from '../placing.ts';
import { FORMATS, gamma } from '../tolerance.ts';
import { graph, judged, lattice, like, lossAndGrad, needsLattice, needsNetwork, networksOf, usesOps } from './cases.ts';

interface DenseCase {
  readonly x: Values;
  readonly w: Values;
  readonly b: Values;
  readonly dy: Values;
}
const denseCase = (value: fc.Arbitrary<number>, dy: fc.Arbitrary<number>): fc.Arbitrary<DenseCase> =>
  fc
    .tuple(extent(), extent(), extent())
    .chain(([n, i, o]) =>
      fc.record({ x: filled([n, i], value), w: filled([i, o], value), b: filled([o], value), dy: filled([n, o], dy) }),
    );

function* densePull(c: DenseCase): Inquiry<Readonly<Record<'dx' | 'dw' | 'db', readonly number[]>>> {
  const a = yield* ask('layer.dense.vjp', { ...c });
  const field = (name: string): readonly number[] => Array.from(a.tensor(name).data);
  return { dx: field('dx'), dw: field('dw'), db: field('db') };
}

const eachField = (
  a: Readonly<Record<string, readonly number[]>>,
  b: Readonly<Record<string, readonly number[]>>,
  f: (v: number) => number,
) => every(Object.keys(a).map((name) => same(name, b[name] ?? [], (a[name] ?? []).map(f))));

/** The first sample of a batch once more, and nothing else. */
const twins = (networks: fc.Arbitrary<NetworkCase>): fc.Arbitrary<NetworkCase> => {
  const twice = (v: Values): Values => {
    const first = v.data.slice(0, v.data.length / (v.shape[0] ?? 1));
    return { shape: [2, first.length], data: [...first, ...first] };
  };
  return networks.map((c) => ({ ...c, x: twice(c.x), y: twice(c.y) }));
};

export const gradientLaws = [
  law<NetworkCase>({
    id: 'gradient/network',
    ref: 'G-01',
    class: '64-digit oracle',
    runs: 30,
    says: 'every parameter’s gradient of a random network of three layers, now and then of five or seven, agrees with 64-digit backpropagation inside its running error bound',
    formula: '|g − ∇F| ≤ bound, and ⟨∇F, u⟩ = (F(θ + hu) − F(θ − hu)) / 2h at h = 10⁻²⁰',
    source: 'Higham 2002, §3.3 (running error analysis)',
    kills: ['candle #211', 'burn #4069', 'mlx #2453', 'tiny-dnn af92c26c'],
    subjects: needsNetwork(),
    given: (port) => {
      const deep = (depth: number) => networksOf(port, depth, moderate(port.dtype), port.names('activation', 'vjp'));
      return fc.oneof(
        { withCrossShrink: true },
        { arbitrary: deep(3), weight: 4 },
        { arbitrary: deep(5), weight: 1 },
        { arbitrary: deep(7), weight: 1 },
      );
    },
    *holds(c, port) {
      return judged(c, port, yield* lossAndGrad(c));
    },
  }),
  law<NetworkCase>({
    id: 'gradient/network-exact',
    ref: 'G-03',
    class: 'lattice',
    says: 'on small integers a piecewise linear network with squared error has an exact rational gradient, and every entry equals it',
    formula: 'δ₃ = 2·(f − y), dWₗ = aₗᵀ·δₗ, dbₗ = Σ δₗ, δₗ₋₁ = δₗ·Wₗᵀ ∘ φ′ over fractions of whole numbers',
    source: 'Rumelhart, Hinton & Williams 1986',
    kills: ['burn #4069', 'candle #211'],
    subjects: needsLattice,
    given: (port) => visiting(lattice(port, 3), twins(lattice(port, 3))),
    *holds(c, port) {
      const answer = yield* lossAndGrad(c);
      const truth = rationalGradients(c, port.conventions.reluSlopeAtZero);
      const names = labels(c.layers, 'params');
      return every([
        same('loss', answer.tensor('loss').data, [truth.loss]),
        same('output', answer.tensor('output').data, truth.output),
        ...truth.gradients.map((g, i) =>
          same(`gradient of ${names[i]}`, answer.tensors('gradients')[i]?.data ?? [], g),
        ),
      ]);
    },
  }),
  law<NetworkCase>({
    id: 'gradient/additive',
    ref: 'G-10, T-01',
    class: 'lattice',
    says: 'the gradient of a batch is the sum over its samples',
    kills: ['keras #19363', 'burn #695'],
    subjects: needsLattice,
    given: (port) => visiting(lattice(port, 2), twins(lattice(port, 2))),
    *holds(c) {
      const whole = (yield* lossAndGrad(c)).tensors('gradients');
      const n = c.x.shape[0] ?? 1;
      const row = (v: Values, i: number): Values => {
        const width = v.data.length / n;
        return { shape: [1, width], data: v.data.slice(i * width, (i + 1) * width) };
      };
      const parts: (readonly Plain[])[] = [];
      for (let i = 0; i < n; i++)
        parts.push((yield* lossAndGrad({ ...c, x: row(c.x, i), y: row(c.y, i) })).tensors('gradients'));
      const sum = (leaf: number, k: number): number => parts.reduce((s, p) => s + (p[leaf]?.data[k] ?? Number.NaN), 0);
      return every(
        whole.map((g, i) =>
          same(
            `gradient ${i}`,
            g.data,
            Array.from(g.data, (_, k) => sum(i, k)),
          ),
        ),
      );
    },
  }),
  law<DenseCase>({
    id: 'gradient/dense-exact',
    ref: 'G-03, G-17',
    class: 'lattice',
    says: 'on integers the dense layer and its cotangents are exact: dx = dy·wᵀ, dw = xᵀ·dy, db = Σ dy',
    kills: ['neuronika #87', 'burn #702', 'candle #211'],
    subjects: having('layer.dense.forward', 'layer.dense.vjp'),
    given: () => denseCase(small, small),
    *holds(c) {
      const y = (yield* ask('layer.dense.forward', { x: c.x, w: c.w, b: c.b })).tensor('y').data;
      const got = yield* densePull(c);
      const [n = 0, d = 0] = c.x.shape;
      const m = c.b.data.length;
      const at = (v: Values, i: number, j: number): number => v.data[i * (v.shape[1] ?? 1) + j] ?? Number.NaN;
      const table = (rows: number, columns: number, f: (i: number, j: number) => number): readonly number[] =>
        Array.from({ length: rows * columns }, (_, k) => f(Math.floor(k / columns), k % columns));
      const sum = (k: number, f: (t: number) => number): number =>
        Array.from({ length: k }, (_, t) => f(t)).reduce((a, v) => a + v, 0);
      return every([
        same(
          'y',
          y,
          table(n, m, (i, j) => sum(d, (t) => at(c.x, i, t) * at(c.w, t, j)) + (c.b.data[j] ?? 0)),
        ),
        same(
          'dx',
          got.dx,
          table(n, d, (i, j) => sum(m, (t) => at(c.dy, i, t) * at(c.w, j, t))),
        ),
        same(
          'dw',
          got.dw,
          table(d, m, (i, j) => sum(n, (t) => at(c.x, t, i) * at(c.dy, t, j))),
        ),
        same(
          'db',
          got.db,
          table(1, m, (_, j) => sum(n, (t) => at(c.dy, t, j))),
        ),
      ]);
    },
  }),
  law<DenseCase>({
    id: 'gradient/dense-rounding',
    ref: 'G-01',
    class: 'rounding bound',
    runs: 40,
    says: 'the dense layer and its cotangents at numbers with full mantissas are sums of products, rounded no more often than such a sum must be',
    formula: '|ŝ − Σ aᵢ·bᵢ| ≤ γₙ·Σ |aᵢ·bᵢ|',
    source: 'Higham 2002, eq. 3.5',
    kills: ['single precision on the way'],
    subjects: having('layer.dense.forward', 'layer.dense.vjp'),
    given: (port) => denseCase(moderate(port.dtype), cotangent(port.dtype)),
    *holds(c, port) {
      const y = (yield* ask('layer.dense.forward', { x: c.x, w: c.w, b: c.b })).tensor('y').data;
      const got = yield* densePull(c);
      const [[n = 0, d = 0], m] = [c.x.shape, c.b.data.length];
      const { u, tiny } = FORMATS[port.dtype];
      const at = (v: Values, i: number, j: number): Big => exact(v.data[i * (v.shape[1] ?? 1) + j] ?? Number.NaN);
      const sums = (
        about: string,
        answer: ArrayLike<number>,
        columns: number,
        terms: (i: number, j: number) => readonly Big[],
      ) => {
        const all = Array.from(answer, (_, k) => terms(Math.floor(k / columns), k % columns));
        return within(
          about,
          answer,
          all.map((ts) =>
            expecting(
              ts.reduce((a, b) => a.plus(b), ZERO),
              port.dtype,
            ),
          ),
          all.map(
            (ts) => gamma(ts.length + 1, u) * nearest(ts.reduce((a, b) => a.plus(b.abs()), ZERO)) + ts.length * tiny,
          ),
        );
      };
      const range = (k: number): readonly number[] => Array.from({ length: k }, (_, t) => t);
      return every([
        sums('y', y, m, (i, j) => [
          ...range(d).map((t) => at(c.x, i, t).times(at(c.w, t, j))),
          exact(c.b.data[j] ?? 0),
        ]),
        sums('dx', got.dx, d, (i, j) => range(m).map((t) => at(c.dy, i, t).times(at(c.w, j, t)))),
        sums('dw', got.dw, m, (i, j) => range(n).map((t) => at(c.x, t, i).times(at(c.dy, t, j)))),
        sums('db', got.db, m, (_, j) => range(n).map((t) => at(c.dy, t, j))),
      ]);
    },
  }),
  law<{ readonly c: DenseCase; readonly k: number }>({
    id: 'gradient/cotangent-scaling',
    ref: 'G-07, G-09',
    class: 'power of two',
    says: 'a cotangent scaled by 2ᵏ gives gradients scaled by 2ᵏ',
    kills: ['tfjs #970 (dy ignored)', 'CrypTen'],
    subjects: having('layer.dense.vjp'),
    given: (port) =>
      fc.record({ c: denseCase(moderate(port.dtype), cotangent(port.dtype)), k: fc.integer({ min: -9, max: 9 }) }),
    *holds({ c, k }) {
      const [a, b] = [
        yield* densePull(c),
        yield* densePull({
          ...c,
          dy: like(
            c.dy,
            c.dy.data.map((v) => v * 2 ** k),
          ),
        }),
      ];
      return eachField(a, b, (v) => v * 2 ** k);
    },
  }),
  law<{ readonly x: Values }>({
    id: 'gradient/zero-cotangent',
    ref: 'G-08',
    class: 'exact',
    says: 'a zero cotangent gives exactly zero, wherever the activation is',
    subjects: each('activation', 'vjp'),
    given: (port) =>
      fc.record({
        x: filled(
          [4],
          moderate(port.dtype).map((v) => 64 * v),
        ),
      }),
    *holds({ x }, _port, name) {
      const dx = (yield* ask(`activation.${name}.vjp`, {
        x,
        dy: like(
          x,
          x.data.map(() => 0),
        ),
        ...Object.fromEntries(parametersOf(name).map((p) => [p, 1 / 4])),
      })).tensor('dx');
      return same(
        'dx',
        dx.data,
        x.data.map(() => 0),
      );
    },
  }),
  law<{ readonly x: Values; readonly dy: Values }>({
    id: 'gradient/diamond',
    ref: 'G-16',
    class: 'lattice',
    says: 'a value used twice receives the sum of both contributions: d(x·x + x) = (2x + 1)·dy',
    kills: ['burn #695', 'mxnet #18500', 'tinygrad’s first week'],
    subjects: usesOps('mul', 'add'),
    given: () => fc.record({ x: filled([3], small), dy: filled([3], small) }),
    *holds({ x, dy }) {
      const a = yield* graph(
        [
          { op: 'mul', reads: [0, 0] },
          { op: 'add', reads: [1, 0] },
        ],
        [x],
        dy,
      );
      return every([
        same(
          'y',
          a.tensor('y').data,
          x.data.map((v) => v * v + v),
        ),
        same(
          'dx',
          a.tensors('dinputs')[0]?.data ?? [],
          x.data.map((v, i) => (2 * v + 1) * (dy.data[i] ?? 0)),
        ),
      ]);
    },
  }),
  law<{ readonly x: Values; readonly b: Values; readonly dy: Values }>({
    id: 'gradient/broadcast',
    ref: 'G-17',
    class: 'lattice',
    says: 'the cotangent of a broadcast argument is summed over the axes it was stretched along, in its own shape',
    kills: ['burn #702', 'neuronika #87'],
    subjects: usesOps('mul'),
    given: () =>
      fc.tuple(extent(3), extent(3), fc.constantFrom('row', 'column', 'vector', 'scalar')).chain(([n, m, how]) =>
        fc.record({
          x: filled([n, m], small),
          b: filled(how === 'row' ? [1, m] : how === 'column' ? [n, 1] : how === 'vector' ? [m] : [], small),
          dy: filled([n, m], small),
        }),
      ),
    *holds({ x, b, dy }) {
      const [, db] = (yield* graph([{ op: 'mul', reads: [0, 1] }], [x, b], dy)).tensors('dinputs');
      const m = x.shape[1] ?? 1;
      const expected = b.data.map(() => 0);
      const columns = b.shape.length === 2 && b.shape[1] === 1 && m > 1;
      x.data.forEach((v, k) => {
        const to = b.data.length === 1 ? 0 : columns ? Math.floor(k / m) : k % m;
        const at = b.data.length > 1 && b.shape.length === 2 && b.shape[0] !== 1 && m === 1 ? k : to;
        expected[at] = (expected[at] ?? 0) + v * (dy.data[k] ?? 0);
      });
      return same('db', db?.data ?? [], expected);
    },
  }),
  law<{ readonly x: Values; readonly unused: Values; readonly dy: Values }>({
    id: 'gradient/unused',
    ref: 'G-18',
    class: 'exact',
    runs: 30,
    says: 'an argument that is not used has gradient exactly zero, in its own shape',
    kills: ['burn #4069'],
    subjects: usesOps('neg'),
    given: () => fc.record({ x: filled([2], small), unused: filled([2, 3], small), dy: filled([2], small) }),
    *holds({ x, unused, dy }) {
      const [dx, du] = (yield* graph([{ op: 'neg', reads: [0] }], [x, unused], dy)).tensors('dinputs');
      return every([
        same(
          'dx',
          dx?.data ?? [],
          dy.data.map((v) => -v),
        ),
        same(
          'du',
          du?.data ?? [],
          unused.data.map(() => 0),
        ),
      ]);
    },
  }),
];
