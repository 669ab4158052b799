// The chapter of gradients: networks against the 64-digit oracle, exact lattices, linearity, accumulation, broadcasting.
import fc from 'fast-check';
import type { Lang, Op } from '../../src/index.ts';
import {
  cotangent,
  extent,
  filled,
  moderate,
  type NetworkCase,
  network,
  powerOfTwo,
  small,
  type Values,
} from '../arbitraries.ts';
import { type Plain, rowOf } from '../contract.ts';
import { type Answer, ask, claim, each, every, having, type Inquiry, law, same, within } from '../law.ts';
import { type Big, big, exact, expecting, nearest, ZERO } from '../oracle/exact.ts';
import { slopeAt } from '../oracle/formula.ts';
import { gradientsOver, lossOver } from '../oracle/model.ts';
import { Bounded, bounded, Exact, exactly64, paramScope, shifted } from '../oracle/readings.ts';
import type { PortInfo } from '../port.ts';
import { CERTIFICATE_DIGITS, FORMATS, grantOf, KINK_DIGITS, ORACLE_STEP } from '../tolerance.ts';

const exactOf = (v: Values): Exact => Exact.from(v.shape, v.data);
const boundedOf = (v: Values): Bounded => Bounded.from(v.shape, v.data);

const lossAndGrad = (c: NetworkCase): Inquiry<Answer> => {
  const { direction: _, ...args } = c;
  return ask('model.network.loss_and_grad', args);
};

/** Losses whose prediction may be any number, and activations, that a port declares. */
const networksOf = (
  port: PortInfo,
  depth: number,
  weight = moderate(port.dtype),
  names?: readonly string[],
  losses = ['bce_with_logits', 'mse'],
) =>
  network({
    depth,
    dtype: port.dtype,
    weight,
    activations: port.names('activation', 'vjp').filter((n) => names === undefined || names.includes(n)),
    losses: losses.filter((l) => port.has(`loss.${l}.vjp`)),
  });

const needsNetwork =
  (...more: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    having(
      'model.network.loss_and_grad',
      ...more,
    )(port).filter(
      () => port.names('activation', 'vjp').length > 0 && port.names('loss', 'vjp').some((l) => l !== 'bce'),
    );

/** Weights so small that three layers of them stay exact in every format. */
const tiny = fc.integer({ min: -2, max: 2 });
const lattice = (port: PortInfo, depth: number): fc.Arbitrary<NetworkCase> =>
  networksOf(port, depth, tiny, ['identity', 'relu'], ['mse']).map((c) => ({ ...c, reduction: 'sum' as const }));
const needsLattice = needsNetwork('activation.relu.vjp', 'loss.mse.vjp');

/** A directional difference of the loss at 64 digits, or null at a kink, where there is none. */
const directional = (c: NetworkCase): Big | null => {
  const [x, y] = [exactOf(c.x), exactOf(c.y)];
  const at = (h: string): Big =>
    lossOver(
      exactly64,
      c,
      c.params.map((p, i) => shifted(exactOf(p), c.direction[i]?.data ?? [], h)),
      x,
      y,
    ).data[0] ?? ZERO;
  const [down, mid, up] = [at(`-${ORACLE_STEP}`), at('0'), at(ORACLE_STEP)];
  const [left, right] = [mid.minus(down), up.minus(mid)];
  const scale = left.abs().plus(right.abs());
  if (left.minus(right).abs().gt(scale.times(KINK_DIGITS))) return null;
  return up.minus(down).div(big(ORACLE_STEP).times(2));
};

const dot = (gradients: readonly Exact[], c: NetworkCase): Big =>
  gradients.reduce(
    (sum, g, i) => g.data.reduce((s, v, j) => s.plus(v.times(exact(c.direction[i]?.data[j] ?? 0))), sum),
    ZERO,
  );

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

interface Equation {
  readonly op: string;
  readonly reads: readonly number[];
  readonly params?: unknown;
}
const graph = (equations: readonly Equation[], inputs: readonly Values[], dy: Values): Inquiry<Answer> =>
  ask('program.graph.vjp', { equations, inputs, dy });
const usesOps =
  (...names: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    having('program.graph.vjp')(port).filter(() => names.every((n) => port.ops.includes(n)));

const like = (v: Values, data: readonly number[]): Values => ({ shape: v.shape, data });

/** An operation applied to inputs of fitting shapes. */
interface Applied {
  readonly xs: readonly Values[];
  readonly params: unknown;
  readonly dy: Values;
}
const applied = (port: PortInfo, name: string): fc.Arbitrary<Applied> => {
  const row = rowOf(name);
  const inside =
    (arg: number) =>
    (v: number): number => {
      const [low, high] = row.domain[arg] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      const a = Math.abs(v) || 1; // open at both ends, and away from the kinks, which have laws of their own
      if (Number.isFinite(high)) return round(low + ((high - low) * a) / (1 + a));
      return Number.isFinite(low) ? round(low + a) : row.kinks.some((k) => k.arg === arg && k.at === v) ? v + 1 : v;
    };
  const { round } = FORMATS[port.dtype];
  return fc.tuple(extent(3), extent(3), extent(3)).chain(([n, k, m]) => {
    const shapes =
      row.kind === 'pointwise' ? row.args.map(() => [n, m]) : row.args.map((_, i) => (i === 0 ? [n, k] : [k, m]));
    const params = row.sample(shapes);
    return fc.record({
      xs: fc.tuple(...shapes.map((s, i) => filled(s, moderate(port.dtype).map(inside(i))))),
      params: fc.constant(params),
      dy: filled(row.shape(shapes, params), cotangent(port.dtype)),
    });
  });
};
const one = (name: string, { xs, params }: Applied): readonly Equation[] => [
  { op: name, reads: xs.map((_, i) => i), ...(params === undefined ? {} : { params }) },
];

const over = <T>(o: Lang<T>, name: string, xs: readonly T[], params: unknown): T =>
  (o[name as keyof Lang<T>] as (...a: unknown[]) => T)(...xs, params); // by name

/** Exact cotangents of a pointwise row from its formula alone; of the others from their adjoint at 64 digits. */
const cotangents = (
  row: Op,
  name: string,
  { xs, params, dy }: Applied,
): readonly (readonly { readonly value: Big; readonly error: Big }[])[] => {
  if (row.kind === 'pointwise')
    return row.args.map((by, k) =>
      (xs[k]?.data ?? []).map((_, i) => {
        const scope = {
          ...Object.fromEntries(row.args.map((a, j) => [a, exact(xs[j]?.data[i] ?? 0)])),
          ...paramScope(params),
        };
        const slope = slopeAt(row.formula, by, scope);
        const g = exact(dy.data[i] ?? 0);
        return { value: slope.value.times(g), error: slope.error.times(g.abs()) };
      }),
    );
  // linear in each argument: the cotangent of an entry is ⟨dy, f(…, unit, …)⟩
  return xs.map((x, k) =>
    x.data.map((_, i) => {
      const unit = like(
        x,
        x.data.map((__, j) => (j === i ? 1 : 0)),
      );
      const image = over(
        exactly64,
        name,
        xs.map((v, j) => exactOf(j === k ? unit : v)),
        params,
      );
      return { value: image.data.reduce((s, v, j) => s.plus(v.times(exact(dy.data[j] ?? 0))), ZERO), error: ZERO };
    }),
  );
};

export const gradientLaws = [
  law<NetworkCase>({
    id: 'gradient/network',
    ref: 'G-01',
    class: '64-digit oracle',
    runs: 200,
    says: 'every parameter’s gradient of a random three-layer network agrees with 64-digit backpropagation inside its running error bound',
    formula: '|g − ∇F| ≤ bound, and ⟨∇F, u⟩ = (F(θ + hu) − F(θ − hu)) / 2h at h = 10⁻²⁰',
    source: 'Higham 2002, §3.3 (running error analysis)',
    kills: ['candle #211', 'burn #4069', 'mlx #2453', 'tiny-dnn af92c26c'],
    subjects: needsNetwork(),
    given: (port) => networksOf(port, 3),
    *holds(c, port) {
      const got = (yield* lossAndGrad(c)).tensors('gradients');
      const truth = gradientsOver(exactly64, c, exactOf).gradients;
      const certificate = directional(c);
      fc.pre(certificate !== null); // a kink: the slope there is a convention, with a law of its own
      const along = dot(truth, c);
      const scale = truth.reduce(
        (s, g, i) => g.data.reduce((t, v, j) => t.plus(v.times(exact(c.direction[i]?.data[j] ?? 0)).abs()), s),
        big(CERTIFICATE_DIGITS),
      );
      if (
        along
          .minus(certificate ?? ZERO)
          .abs()
          .gt(scale.times(CERTIFICATE_DIGITS))
      )
        throw new Error(`oracle: backpropagation and the central difference disagree, ${along} and ${certificate}`);
      const bound = gradientsOver(bounded(grantOf(port)), c, boundedOf).gradients;
      return every(
        truth.map((g, i) =>
          within(
            `gradient ${i}`,
            got[i]?.data ?? [],
            g.data.map((v) => expecting(v, port.dtype)),
            bound[i]?.error.view ?? [],
          ),
        ),
      );
    },
  }),
  law<NetworkCase>({
    id: 'gradient/network-exact',
    ref: 'G-03',
    class: 'lattice',
    says: 'on small integers a ReLU network with squared error has an exact rational gradient, and every entry equals it',
    subjects: needsLattice,
    given: (port) => lattice(port, 2),
    *holds(c) {
      const answer = yield* lossAndGrad(c);
      const truth = gradientsOver(exactly64, c, exactOf);
      return every([
        same('loss', answer.tensor('loss').data, truth.loss.data.map(nearest)),
        ...truth.gradients.map((g, i) =>
          same(`gradient ${i}`, answer.tensors('gradients')[i]?.data ?? [], g.data.map(nearest)),
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
    given: (port) => lattice(port, 2),
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
        ...Object.fromEntries(Object.entries((rowOf(name).sample([[]]) as object | undefined) ?? {})),
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
  law<Applied>({
    id: 'op/value',
    ref: 'A-01',
    class: '64-digit oracle',
    runs: 50,
    says: 'an operation has the 64-digit value of its formula, within its ulps or the bound of its sum',
    subjects: (port) => (port.has('program.graph.vjp') ? port.ops : []),
    given: applied,
    *holds(a, port, name) {
      const got = (yield* graph(one(name, a), a.xs, a.dy)).tensor('y');
      const truth = over(exactly64, name, a.xs.map(exactOf), a.params);
      const bound = over(bounded(grantOf(port)), name, a.xs.map(boundedOf), a.params);
      return within(
        'y',
        got.data,
        truth.data.map((v) => expecting(v, port.dtype)),
        bound.error.view,
      );
    },
  }),
  law<Applied>({
    id: 'op/derivative',
    ref: 'A-02, G-01',
    class: '64-digit oracle',
    runs: 50,
    says: 'the pull-back of an operation is the derivative of its formula: symbolic, or a central difference at h = 10⁻²⁰',
    kills: ['candle #211', 'mxnet #20372', 'mlx #2453', 'torch #51408'],
    subjects: (port) => (port.has('program.graph.vjp') ? port.ops : []),
    given: applied,
    *holds(a, port, name) {
      const row = rowOf(name);
      const got = (yield* graph(one(name, a), a.xs, a.dy)).tensors('dinputs');
      const truth = cotangents(row, name, a);
      const o = bounded(grantOf(port));
      const xs = a.xs.map(boundedOf);
      const g = boundedOf(a.dy);
      const bounds = row.vjp(o, g, over(o, name, xs, a.params), xs as never, a.params).map((b) => b); // one carrier per argument
      return every(
        truth.map((t, i) => {
          const allowed = t.map((c, j) => (bounds[i]?.error.view[j] ?? 0) + nearest(c.error));
          return within(
            `d${row.args[i]}`,
            got[i]?.data ?? [],
            t.map((c) => expecting(c.value, port.dtype)),
            allowed,
          );
        }),
      );
    },
  }),
  law<NetworkCase>({
    id: 'network/hidden-permutation',
    ref: 'N-01',
    class: 'lattice',
    says: 'renaming hidden units changes no output and permutes their gradients',
    subjects: needsLattice,
    given: (port) => lattice(port, 2),
    *holds(c) {
      const [w1, b1, w2, b2] = c.params as [Values, Values, Values, Values]; // two dense layers
      const h = b1.data.length;
      const turn = (j: number): number => (j + 1) % h;
      const columns = (v: { readonly data: ArrayLike<number> }): readonly number[] =>
        Array.from(v.data, (_, k) => v.data[Math.floor(k / h) * h + turn(k % h)] ?? Number.NaN);
      const rows = (v: { readonly data: ArrayLike<number> }, m: number): readonly number[] =>
        Array.from(v.data, (_, k) => v.data[turn(Math.floor(k / m)) * m + (k % m)] ?? Number.NaN);
      const m = b2.data.length;
      const a = yield* lossAndGrad(c);
      const b = yield* lossAndGrad({
        ...c,
        params: [like(w1, columns(w1)), like(b1, columns(b1)), like(w2, rows(w2, m)), b2],
      });
      const [g1, g2, g3, g4] = a.tensors('gradients');
      const [k1, k2, k3, k4] = b.tensors('gradients');
      if (!g1 || !g2 || !g3 || !g4 || !k1 || !k2 || !k3 || !k4) return claim('four gradients', false);
      return every([
        same('output', b.tensor('output').data, a.tensor('output').data),
        same('dw1', k1.data, columns(g1)),
        same('db1', k2.data, columns(g2)),
        same('dw2', k3.data, rows(g3, m)),
        same('db2', k4.data, g4.data),
      ]);
    },
  }),
  law<NetworkCase>({
    id: 'network/symmetric-units',
    ref: 'N-08, X-09',
    class: 'exact',
    says: 'hidden units with equal weights receive equal gradients, bit for bit: symmetric initialisation never breaks',
    subjects: needsNetwork(),
    given: (port) => networksOf(port, 2),
    *holds(c) {
      const [w1, b1, w2, b2] = c.params as [Values, Values, Values, Values];
      const [h, m] = [b1.data.length, b2.data.length];
      const equal = [
        like(
          w1,
          w1.data.map((_, k) => w1.data[k - (k % h)] ?? 0),
        ),
        like(
          b1,
          b1.data.map(() => b1.data[0] ?? 0),
        ),
        like(
          w2,
          w2.data.map((_, k) => w2.data[k % m] ?? 0),
        ),
        b2,
      ];
      const [g1, g2, g3] = (yield* lossAndGrad({ ...c, params: equal })).tensors('gradients');
      const first = (
        g: { readonly data: ArrayLike<number> } | undefined,
        of: (k: number) => number,
      ): readonly number[] => Array.from(g?.data ?? [], (_, k) => g?.data[of(k)] ?? Number.NaN);
      return every([
        same(
          'dw1',
          g1?.data ?? [],
          first(g1, (k) => k - (k % h)),
        ),
        same(
          'db1',
          g2?.data ?? [],
          first(g2, () => 0),
        ),
        same(
          'dw2',
          g3?.data ?? [],
          first(g3, (k) => k % m),
        ),
      ]);
    },
  }),
  law<{ readonly c: NetworkCase; readonly scale: number }>({
    id: 'network/rescaling',
    ref: 'G-24',
    class: 'power of two',
    says: 'a ReLU layer scaled by c = 2ᵏ and the next by 1/c is the same function; gradients scale by 1/c and c',
    subjects: needsNetwork('activation.relu.vjp'),
    given: (port) => fc.record({ c: networksOf(port, 2, moderate(port.dtype), ['relu']), scale: powerOfTwo(-4, 4) }),
    *holds({ c, scale }) {
      const times = (v: Values, s: number): Values =>
        like(
          v,
          v.data.map((e) => e * s),
        );
      const [w1, b1, w2, b2] = c.params as [Values, Values, Values, Values];
      const a = yield* lossAndGrad(c);
      const b = yield* lossAndGrad({ ...c, params: [times(w1, scale), times(b1, scale), times(w2, 1 / scale), b2] });
      const factors = [1 / scale, 1 / scale, scale, 1];
      return every([
        same('output', b.tensor('output').data, a.tensor('output').data),
        ...a.tensors('gradients').map((g, i) =>
          same(
            `gradient ${i}`,
            b.tensors('gradients')[i]?.data ?? [],
            Array.from(g.data, (v) => v * (factors[i] ?? 1)),
          ),
        ),
      ]);
    },
  }),
  law<NetworkCase>({
    id: 'network/dead-unit',
    ref: 'N-05',
    class: 'exact',
    says: 'a hidden unit whose outgoing weights are zero receives exactly zero gradient on its incoming weights',
    subjects: needsNetwork(),
    given: (port) => networksOf(port, 2),
    *holds(c) {
      const [w1, b1, w2, b2] = c.params as [Values, Values, Values, Values];
      const [h, m] = [b1.data.length, b2.data.length];
      const [g1, g2] = (yield* lossAndGrad({
        ...c,
        params: [
          w1,
          b1,
          like(
            w2,
            w2.data.map((v, k) => (k < m ? 0 : v)),
          ),
          b2,
        ],
      })).tensors('gradients');
      return every([
        same(
          'incoming weights',
          Array.from(g1?.data ?? []).filter((_, k) => k % h === 0),
          new Array(w1.shape[0] ?? 0).fill(0),
        ),
        same('bias', [g2?.data[0] ?? Number.NaN], [0]),
      ]);
    },
  }),
];
