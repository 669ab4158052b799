// The chapter of the dense layer: full mantissas against 64 digits, samples apart, and the structure of its gradient.
import fc from 'fast-check';
import { cotangent, magnitude, moderate, orZeros, small, type Values, visiting, wideExtent } from '../arbitraries.ts';
import { ask, every, having, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { type Big, exact, expecting, nearest, ZERO } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { dotBound, FORMATS } from '../tolerance.ts';

interface DenseCase {
  readonly x: Values;
  readonly w: Values;
  readonly b: Values;
  readonly dy: Values;
}
const given = (v: number | undefined, usual: fc.Arbitrary<number>): fc.Arbitrary<number> =>
  v === undefined ? usual : fc.constant(v);
const times = (value: fc.Arbitrary<number>, by: number): fc.Arbitrary<number> => value.map((v) => v * by);
/** Samples, inputs and units, and how large data, weights and cotangents are; what is not named is anything. */
type Size = Partial<Readonly<Record<'n' | 'i' | 'o' | 'xs' | 'ws' | 'dys', number>>>;
/** Each long axis, and each kind of number far from 1. */
const RARE: readonly Size[] = [
  { ws: 2 ** -20, n: 2, i: 2, o: 2 },
  { xs: 2 ** 20, n: 2, i: 2, o: 2 },
  { dys: 2 ** 20, n: 2, i: 2, o: 2 },
  { n: 11, i: 2, o: 2 },
  { i: 11, n: 1, o: 2 },
  { o: 11, n: 1, i: 2 },
];

/** Layers of all sizes, of numbers of all sizes; powers of two leave integers as exact as they were. */
const denseCase = (value: fc.Arbitrary<number>, dy: fc.Arbitrary<number>): fc.Arbitrary<DenseCase> =>
  visiting(sized(value, dy, {}), ...RARE.map((size) => sized(value, dy, size)));

const sized = (value: fc.Arbitrary<number>, dy: fc.Arbitrary<number>, size: Size): fc.Arbitrary<DenseCase> =>
  fc
    .tuple(
      given(size.n, wideExtent(4)),
      given(size.i, wideExtent(5)),
      given(size.o, wideExtent(4)),
      given(size.xs, magnitude()),
      given(size.ws, magnitude()),
      given(size.dys, magnitude()),
    )
    .chain(([n, i, o, xs, ws, dys]) =>
      fc.record({
        x: orZeros([n, i], times(value, xs)),
        w: orZeros([i, o], times(value, ws)),
        b: orZeros([o], times(value, xs * ws)),
        dy: orZeros([n, o], times(dy, dys)),
      }),
    );

/** The i-th sample alone. */
const sampleOf = (c: DenseCase, i: number): DenseCase => {
  const part = ({ shape: [, size = 1], data }: Values): Values => ({
    shape: [1, size],
    data: data.slice(i * size, (i + 1) * size),
  });
  return { ...c, x: part(c.x), dy: part(c.dy) };
};

const needs = having('layer.dense.forward', 'layer.dense.vjp');

function* forward({ x, w, b }: DenseCase): Inquiry<readonly number[]> {
  return Array.from((yield* ask('layer.dense.forward', { x, w, b })).tensor('y').data);
}
type Pulled = Readonly<Record<'dx' | 'dw' | 'db', readonly number[]>>;
function* pull(c: DenseCase): Inquiry<Pulled> {
  const a = yield* ask('layer.dense.vjp', { ...c });
  const field = (name: string): readonly number[] => Array.from(a.tensor(name).data);
  return { dx: field('dx'), dw: field('dw'), db: field('db') };
}

type Product = readonly [a: number, b: number];
const at = (v: Values, i: number, j: number): number => v.data[i * (v.shape[1] ?? 1) + j] ?? Number.NaN;
const upTo = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Sums of products, each within the bound of a sum in any order. */
const sums = (about: string, got: readonly number[], terms: readonly (readonly Product[])[], port: PortInfo): Verdict =>
  within(
    about,
    got,
    terms.map((products) =>
      expecting(
        products.reduce<Big>((s, [a, b]) => s.plus(exact(a).times(exact(b))), ZERO),
        port.dtype,
      ),
    ),
    terms.map((products) =>
      dotBound(
        products.length,
        nearest(products.reduce<Big>((s, [a, b]) => s.plus(exact(a).times(exact(b)).abs()), ZERO)),
        FORMATS[port.dtype].u,
      ),
    ),
  );

export const denseLaws = [
  law<DenseCase>({
    id: 'dense/value',
    ref: 'G-01, N-13',
    class: '64-digit oracle',
    runs: 60,
    says: 'every output is a sum of products and a bias, within the rounding of a sum in any order',
    formula: '|ŷ − y| ≤ γₙ·(Σ|x·w| + |b|)',
    source: 'Higham 2002, §3.1',
    subjects: needs,
    given: (port) => denseCase(moderate(port.dtype), cotangent(port.dtype)),
    *holds(c, port) {
      const [n = 0, d = 0] = c.x.shape;
      const terms = upTo(n).flatMap((i) =>
        c.b.data.map((bias, j): readonly Product[] => [
          ...upTo(d).map((t): Product => [at(c.x, i, t), at(c.w, t, j)]),
          [bias, 1],
        ]),
      );
      return sums('y', yield* forward(c), terms, port);
    },
  }),
  law<DenseCase>({
    id: 'dense/cotangents',
    ref: 'G-13, G-17',
    class: '64-digit oracle',
    runs: 60,
    says: 'dx = dy·wᵀ, dw = xᵀ·dy and db = Σ dy on full mantissas, within the rounding of a sum in any order',
    source: 'Higham 2002, §3.1',
    kills: ['neuronika #87', 'candle #211'],
    subjects: needs,
    given: (port) => denseCase(moderate(port.dtype), cotangent(port.dtype)),
    *holds(c, port) {
      const got = yield* pull(c);
      const [n = 0, d = 0] = c.x.shape;
      const m = c.b.data.length;
      const table = (rows: number, columns: number, f: (i: number, j: number) => readonly Product[]) =>
        upTo(rows * columns).map((k) => f(Math.floor(k / columns), k % columns));
      return every([
        sums(
          'dx',
          got.dx,
          table(n, d, (i, t) => upTo(m).map((j): Product => [at(c.dy, i, j), at(c.w, t, j)])),
          port,
        ),
        sums(
          'dw',
          got.dw,
          table(d, m, (t, j) => upTo(n).map((i): Product => [at(c.x, i, t), at(c.dy, i, j)])),
          port,
        ),
        sums(
          'db',
          got.db,
          table(1, m, (_, j) => upTo(n).map((i): Product => [at(c.dy, i, j), 1])),
          port,
        ),
      ]);
    },
  }),
  law<DenseCase>({
    id: 'dense/samples-apart',
    ref: 'N-04',
    class: 'lattice',
    runs: 40,
    says: 'a sample’s output and dx are the same alone and in any batch, on integers bit for bit',
    subjects: needs,
    given: () => denseCase(small, small),
    *holds(c) {
      const [n = 0, d = 0] = c.x.shape;
      const y = yield* forward(c);
      const { dx } = yield* pull(c);
      const m = c.b.data.length;
      const verdicts: Verdict[] = [];
      for (const i of upTo(n)) {
        const alone = sampleOf(c, i);
        verdicts.push(
          same(`y of sample ${i} alone`, yield* forward(alone), y.slice(i * m, (i + 1) * m)),
          same(`dx of sample ${i} alone`, (yield* pull(alone)).dx, dx.slice(i * d, (i + 1) * d)),
        );
      }
      return every(verdicts);
    },
  }),
  law<DenseCase>({
    id: 'dense/outer-product',
    ref: 'G-11, G-12',
    class: 'exact',
    runs: 40,
    says: 'of one sample, db is dy itself and dw the outer product of x and dy, each entry rounded once',
    formula: 'dwᵢⱼ = xᵢ·dyⱼ',
    subjects: needs,
    given: (port) => denseCase(moderate(port.dtype), cotangent(port.dtype)).map((c) => sampleOf(c, 0)),
    *holds(c, port) {
      const { dw, db } = yield* pull(c);
      const { round } = FORMATS[port.dtype];
      return every([
        same('db', db, c.dy.data),
        same(
          'dw',
          dw,
          c.x.data.flatMap((v) => c.dy.data.map((g) => round(v * g))),
        ),
      ]);
    },
  }),
  law<DenseCase>({
    id: 'dense/adjoint',
    ref: 'G-06',
    class: 'lattice',
    runs: 40,
    says: 'the layer and its pull-back are adjoint: ⟨dy, x·w⟩ is ⟨dx, x⟩ and ⟨dw, w⟩, exactly on integers',
    formula: '⟨dy, x·w⟩ = ⟨dx, x⟩ = ⟨dw, w⟩, ⟨dy, b⟩ = ⟨db, b⟩',
    subjects: needs,
    given: () => denseCase(small, small),
    *holds(c) {
      const y = yield* forward(c);
      const got = yield* pull(c);
      const m = c.b.data.length;
      const dot = (a: readonly number[], b: readonly number[]): number =>
        a.reduce((s, v, i) => s + v * (b[i] ?? Number.NaN), 0);
      const biases = y.map((_, k) => c.b.data[k % m] ?? 0);
      const along = dot(c.dy.data, y) - dot(c.dy.data, biases);
      return every([
        same('⟨dx, x⟩', [dot(got.dx, c.x.data)], [along]),
        same('⟨dw, w⟩', [dot(got.dw, c.w.data)], [along]),
        same('⟨db, b⟩', [dot(got.db, c.b.data)], [dot(c.dy.data, biases)]),
      ]);
    },
  }),
];
