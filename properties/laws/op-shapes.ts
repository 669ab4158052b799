// The chapter of operations, second part: sums, stretching and moving along any axes, arguments that stretch, a thousand numbers.
import fc from 'fast-check';
import { cotangent, extent, filled, moderate, small, type Values, visiting } from '../arbitraries.ts';
import type { Equation } from '../args.ts';
import { type Plain, rowOf } from '../contract.ts';
import { claim, every, type Inquiry, law, same, within } from '../law.ts';
import type { PortInfo } from '../port.ts';
import { contractDerivativeUlps, contractUlps, exactly, FORMATS, gamma, ulpsAt } from '../tolerance.ts';
import { graph, usesOps } from './cases.ts';
import { inside } from './op.ts';

interface Moved {
  readonly x: Values;
  readonly op: 'sum' | 'expand' | 'reshape' | 'max' | 'transpose';
  /** For a sum: the axes that go. For stretching: those that are 1 before. */
  readonly chosen: readonly boolean[];
  readonly negative: boolean;
  readonly keep: boolean;
  /** Leading axes that stretching adds. */
  readonly more: number;
}

const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
/** Where a number is, axis by axis. */
const placeOf = (i: number, shape: readonly number[]): readonly number[] => {
  const at: number[] = [];
  let rest = i;
  for (const n of [...shape].reverse()) {
    at.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return at;
};
const indexOf = (at: readonly number[], shape: readonly number[]): number =>
  shape.reduce((i, n, d) => i * n + (at[d] ?? 0), 0);

/** The equation, the shape of its value, and for every number of the longer side where it is on the other. */
interface Move {
  readonly params?: unknown;
  readonly shape: readonly number[];
  /** Element of x for each element of y, or of y for each of x. */
  readonly from: (i: number) => number;
}
const moveOf = ({ x, op, chosen, negative, keep, more }: Moved): Move => {
  const { shape } = x;
  if (op === 'sum') {
    const kept = shape.map((n, d) => (chosen[d] ? 1 : n));
    const axes = shape.flatMap((_, d) => (chosen[d] ? [negative ? d - shape.length : d] : []));
    const to = (i: number): number =>
      indexOf(
        placeOf(i, shape).map((v, d) => (chosen[d] ? 0 : v)),
        kept,
      );
    return { params: { axes, keep }, shape: keep ? kept : shape.filter((_, d) => !chosen[d]), from: to };
  }
  if (op === 'expand') {
    const wide = [...new Array<number>(more).fill(2), ...shape.map((n, d) => (chosen[d] && n === 1 ? 3 : n))];
    return {
      params: { shape: wide },
      shape: wide,
      from: (i) =>
        indexOf(
          placeOf(i, wide)
            .slice(more)
            .map((v, d) => (shape[d] === 1 ? 0 : v)),
          shape,
        ),
    };
  }
  if (op === 'transpose') {
    const [n = 1, m = 1] = shape;
    return { shape: [m, n], from: (i) => (i % n) * m + Math.floor(i / n) };
  }
  if (op === 'max') return { shape: [...shape.slice(0, -1), 1], from: (i) => Math.floor(i / (shape.at(-1) ?? 1)) };
  const to = keep ? [count(shape)] : [...shape].reverse();
  return { params: { shape: to }, shape: to, from: (i) => i };
};

const moved = (op: Moved['op']): fc.Arbitrary<Moved> =>
  fc
    .array(fc.oneof(extent(3), fc.constant(1), fc.integer({ min: 4, max: 9 })), {
      minLength: op === 'transpose' ? 2 : 1,
      maxLength: op === 'transpose' ? 2 : 4,
    })
    .filter((shape) => count(shape) <= 200)
    .chain((shape) =>
      fc.record({
        x: filled(shape, small),
        op: fc.constant(op),
        chosen: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
        negative: fc.boolean(),
        keep: fc.boolean(),
        more: fc.nat({ max: 2 }),
      }),
    );

/** Arguments of shapes that stretch onto each other, numbers inside the domain and off the kinks. */
interface Stretched {
  readonly xs: readonly Values[];
  readonly dy: Values;
}
const stretchedCase = (port: PortInfo, name: string): fc.Arbitrary<Stretched> =>
  fc
    .record({
      shape: fc.oneof(
        fc.array(extent(3), { minLength: 1, maxLength: 3 }),
        fc.array(extent(3), { minLength: 3, maxLength: 3 }),
      ),
      ones: fc.array(fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), { minLength: 3, maxLength: 3 }),
      // axes that an argument lacks, which hides those that it stretches
      cut: fc.array(fc.oneof(fc.constant(0), fc.nat({ max: 3 })), { minLength: 3, maxLength: 3 }),
      whole: fc.nat({ max: 2 }),
    })
    .chain(({ shape, ones, cut, whole }) => {
      const { args } = rowOf(name);
      const shapes = args.map((_, i) =>
        i === whole % args.length
          ? shape
          : shape.map((n, d) => (ones[i]?.[d] ? 1 : n)).slice(Math.min(cut[i] ?? 0, shape.length)),
      );
      return fc.record({
        xs: fc.tuple(
          ...shapes.map((s, i) =>
            filled(
              s,
              moderate(port.dtype)
                .map((v) => Math.abs(v) * (i + 1) + i / 8)
                .map(inside(port, name, i)),
            ),
          ),
        ),
        dy: filled(shape, cotangent(port.dtype)),
      });
    });

/** Place in an argument of the i-th number of the result. */
const source = (x: Values, shape: readonly number[], i: number): number =>
  indexOf(
    placeOf(i, shape)
      .slice(shape.length - x.shape.length)
      .map((v, d) => (x.shape[d] === 1 ? 0 : v)),
    x.shape,
  );

interface Long {
  readonly few: Values;
  readonly dy: Values;
  readonly length: number;
}
/** Around the blocks that loops are cut into. */
const LENGTHS = [64, 65, 127, 129, 257, 1000, 1025];
const repeated = (v: Values, length: number): Values => ({
  shape: [length],
  data: Array.from({ length }, (_, i) => v.data[i % v.data.length] ?? 0),
});

const calling = (name: string, xs: readonly Values[], dy: Values, params?: unknown): Inquiry<Pulled> =>
  pulled([{ op: name, reads: xs.map((_, i) => i), ...(params === undefined ? {} : { params }) }], xs, dy);
interface Pulled {
  readonly y: Plain;
  readonly dxs: readonly Plain[];
}
function* pulled(equations: readonly Equation[], xs: readonly Values[], dy: Values): Inquiry<Pulled> {
  const a = yield* graph(equations, xs, dy);
  return { y: a.tensor('y'), dxs: a.tensors('dinputs') };
}

const pointwiseOf =
  (fits: (args: number) => boolean) =>
  (port: PortInfo): readonly string[] =>
    port.has('program.graph.vjp')
      ? port.ops.filter((op) => {
          const row = rowOf(op);
          return row.kind === 'pointwise' && fits(row.args.length);
        })
      : [];

interface Tainted {
  readonly x: Values;
  /** The other factor, where there is one. */
  readonly y: Values;
  readonly at: number;
}
/** Operations whose results are each made of a whole row of their first argument. */
const ofRows = (op: string): boolean => {
  const { kind, formula } = rowOf(op);
  return kind === 'fold' || (typeof formula === 'object' && 'each' in formula);
};

/** What a row with infinities in it adds up to, or has as its largest number. */
const TOTALS: Readonly<Record<string, (row: readonly number[]) => number>> = {
  sum: (row) => row.reduce((a, b) => a + b, 0),
  max: (row) => Math.max(...row),
  logSumExp: (row) => {
    const most = Math.max(...row);
    return Number.isFinite(most) ? most + Math.log(row.reduce((s, v) => s + Math.exp(v - most), 0)) : most;
  },
};

export const opShapeLaws = [
  law<{ readonly x: Values }>({
    id: 'op/infinite-row',
    ref: 'A-06, A-09',
    class: 'rounding bound',
    runs: 20,
    says: 'infinities in a row are numbers of its ends: the logarithm of a sum of exponentials is −∞ where all are, ∞ where one is, and otherwise that of the finite ones; sums and maxima follow the same arithmetic',
    formula: 'log Σ e^(−∞) = log 0 = −∞, ∞ + x = ∞, ∞ − ∞ = NaN',
    source: 'IEEE 754-2019, §6.1',
    kills: ['jax-js logsumexp(−∞, −∞)'],
    subjects: (port) => (port.has('program.graph.vjp') ? port.ops.filter((op) => op in TOTALS) : []),
    given: () => {
      const { POSITIVE_INFINITY: up, NEGATIVE_INFINITY: down } = Number;
      const all = (of: fc.Arbitrary<number>): fc.Arbitrary<{ x: Values }> =>
        fc.tuple(fc.integer({ min: 1, max: 3 }), extent(4)).chain(([n, k]) => fc.record({ x: filled([n, k], of) }));
      return visiting(
        all(fc.oneof(small, fc.constantFrom(up, down, down))),
        all(fc.constant(down)),
        all(fc.constant(up)),
      );
    },
    *holds({ x }, port, name) {
      const [n = 1, k = 1] = x.shape;
      const params = name === 'sum' ? { axes: [1], keep: false } : rowOf(name).sample([x.shape]);
      const shape = rowOf(name).shape([x.shape], params);
      const dy = { shape, data: new Array<number>(count(shape)).fill(1) };
      const { y } = yield* calling(name, [x], dy, params);
      const rows = Array.from({ length: n }, (_, i) => x.data.slice(i * k, (i + 1) * k));
      const wanted = rows.map((row) => TOTALS[name]?.(row) ?? Number.NaN);
      return within(
        'y',
        y.data,
        wanted.map(exactly),
        wanted.map((v) =>
          Number.isFinite(v) ? ulpsAt(contractUlps(rowOf(name).ulp) + k, Math.max(1, Math.abs(v)), port.dtype) : 0,
        ),
      );
    },
  }),
  law<Tainted>({
    id: 'op/nan-in-row',
    ref: 'A-06',
    class: 'exact',
    runs: 20,
    says: 'NaN anywhere in a row is NaN in all that is summed, chosen or normalised over that row, and in nothing else',
    subjects: (port) => (port.has('program.graph.vjp') ? port.ops.filter(ofRows) : []),
    given: (port) =>
      fc.tuple(fc.integer({ min: 2, max: 4 }), fc.integer({ min: 1, max: 6 })).chain(([n, k]) =>
        fc.record({
          x: filled([n, k], moderate(port.dtype)),
          y: filled([k, 2], moderate(port.dtype)),
          at: fc.nat({ max: n * k - 1 }),
        }),
      ),
    *holds({ x, y, at }, _port, name) {
      const [n = 1, k = 1] = x.shape;
      const tainted = { ...x, data: x.data.map((v, i) => (i === at ? Number.NaN : v)) };
      const row = rowOf(name);
      const xs = [tainted, y].slice(0, row.args.length);
      const shapes = xs.map(({ shape }) => shape);
      const params = row.sample(shapes);
      const shape = row.shape(shapes, params);
      const dy = { shape, data: new Array<number>(count(shape)).fill(1) };
      const got = yield* calling(name, xs, dy, params);
      const each = count(shape) / n;
      return every(
        Array.from(got.y.data, (v, i) => {
          const hit = Math.floor(i / each) === Math.floor(at / k);
          return claim(
            `${name} of a row ${hit ? 'with' : 'without'} NaN, at ${i}`,
            Number.isNaN(v) === hit,
            v,
            hit ? Number.NaN : undefined,
          );
        }),
      );
    },
  }),
  law<Moved>({
    id: 'op/axes',
    ref: 'G-17, A-01',
    class: 'lattice',
    runs: 40,
    says: 'sums over any axes, counted from either end, kept or not, stretching along any, other shapes, transposes and maxima of rows in tensors of up to four axes are those of nested loops, and so are their cotangents',
    kills: ['burn #702', 'candle #211 (strides that small shapes hide)', 'keras #20021'],
    subjects: (port) =>
      usesOps('sum')(port).flatMap(() =>
        ['sum', 'expand', 'reshape', 'max', 'transpose'].filter((op) => port.ops.includes(op)),
      ),
    given: (_port, op) => moved(op as Moved['op']), // the subjects are these
    *holds(c, _port, op) {
      const { params, shape, from } = moveOf(c);
      const dy: Values = { shape, data: Array.from({ length: count(shape) }, (_, i) => ((5 * i + 3) % 17) - 8) };
      const { y, dxs } = yield* calling(op, [c.x], dy, params);
      const dx = new Array<number>(c.x.data.length).fill(0);
      if (op === 'sum' || op === 'max') {
        const value = new Array<number>(dy.data.length).fill(op === 'sum' ? 0 : Number.NEGATIVE_INFINITY);
        const ties = new Array<number>(dy.data.length).fill(0);
        c.x.data.forEach((v, i) => {
          const [to, before] = [from(i), value[from(i)] ?? 0];
          value[to] = op === 'sum' ? before + v : Math.max(before, v);
        });
        c.x.data.forEach((v, i) => {
          if (v === value[from(i)]) ties[from(i)] = (ties[from(i)] ?? 0) + 1;
        });
        fc.pre(op === 'sum' || ties.every((n) => n === 1)); // ties share the slope by the row’s own law
        c.x.data.forEach((v, i) => {
          dx[i] = op === 'sum' || v === value[from(i)] ? (dy.data[from(i)] ?? 0) : 0;
        });
        return every([same('shape', y.shape, shape), same('y', y.data, value), same('dx', dxs[0]?.data ?? [], dx)]);
      }
      dy.data.forEach((g, i) => {
        dx[from(i)] = (dx[from(i)] ?? 0) + g;
      });
      return every([
        same('shape', y.shape, shape),
        same(
          'y',
          y.data,
          dy.data.map((_, i) => c.x.data[from(i)] ?? Number.NaN),
        ),
        same('dx', dxs[0]?.data ?? [], dx),
      ]);
    },
  }),
  law<Stretched>({
    id: 'op/stretched',
    ref: 'G-17',
    class: 'rounding bound',
    runs: 40,
    says: 'an operation on arguments that stretch onto each other, along any axes and from fewer of them, has the bits of its value on whole ones, and cotangents that are sums of theirs',
    source: 'Harris et al. 2020 (broadcasting); Higham 2002, §3.1',
    kills: ['burn #702', 'neuronika #87'],
    subjects: pointwiseOf((n) => n > 1),
    given: stretchedCase,
    *holds({ xs, dy }, port, name) {
      const whole = xs.map(
        (x): Values => ({
          shape: dy.shape,
          data: dy.data.map((_, i) => x.data[source(x, dy.shape, i)] ?? 0),
        }),
      );
      const params = rowOf(name).sample([[]]);
      const [a, b] = [yield* calling(name, xs, dy, params), yield* calling(name, whole, dy, params)];
      const { u, tiny } = FORMATS[port.dtype];
      return every([
        same('shape of y', a.y.shape, dy.shape),
        same('y', a.y.data, b.y.data),
        ...xs.map((x, k) => {
          const sums = x.data.map(() => ({ value: 0, size: 0, n: 0 }));
          dy.data.forEach((_, i) => {
            const s = sums[source(x, dy.shape, i)];
            const g = b.dxs[k]?.data[i] ?? Number.NaN;
            if (s === undefined) return;
            s.value += g;
            s.size += Math.abs(g);
            s.n++;
          });
          return within(
            `cotangent of argument ${k}`,
            a.dxs[k]?.data ?? [],
            sums.map((s) => exactly(s.value)),
            sums.map((s) => (s.n > 1 ? 2 * gamma(s.n, u) * s.size + s.n * tiny : 0)),
          );
        }),
      ]);
    },
  }),
  law<Long>({
    id: 'op/thousand',
    ref: 'A-01, A-02',
    class: 'rounding bound',
    runs: 7,
    says: 'up to a thousand numbers are mapped as a few of them are, value and cotangent, whatever blocks a loop is cut into',
    subjects: pointwiseOf((n) => n === 1),
    given: (port, name) =>
      fc.tuple(fc.integer({ min: 3, max: 7 }), fc.constantFrom(...LENGTHS)).chain(([k, length]) =>
        fc.record({
          few: filled([k], moderate(port.dtype).map(inside(port, name, 0))),
          dy: filled([k], cotangent(port.dtype)),
          length: fc.constant(length),
        }),
      ),
    *holds({ few, dy, length }, port, name) {
      const row = rowOf(name);
      const params = row.sample([[]]);
      const a = yield* calling(name, [few], dy, params);
      const b = yield* calling(name, [repeated(few, length)], repeated(dy, length), params);
      const long = (t: Plain | undefined): readonly number[] =>
        repeated({ shape: few.shape, data: Array.from(t?.data ?? []) }, length).data;
      const [y, dx] = [long(a.y), long(a.dxs[0])];
      return every([
        within(
          'y',
          b.y.data,
          y.map(exactly),
          y.map((v) => 2 * ulpsAt(contractUlps(row.ulp), v, port.dtype)),
        ),
        within(
          'dx',
          b.dxs[0]?.data ?? [],
          dx.map(exactly),
          dx.map((v) => 2 * ulpsAt(contractDerivativeUlps(row.ulp), v, port.dtype)),
        ),
      ]);
    },
  }),
];
