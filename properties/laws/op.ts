// The chapter of operations: every row against its own formula and the derivative of that formula, at 64 digits.
import fc from 'fast-check';
import type { Lang, Op } from '../../src/index.ts';
import { cotangent, extent, filled, moderate, small, stretched, type Values } from '../arbitraries.ts';
import type { Equation } from '../args.ts';
import { rowOf } from '../contract.ts';
import { claim, every, type Inquiry, law, same, within } from '../law.ts';
import { type Big, big, exact, expecting, nearest, ZERO } from '../oracle/exact.ts';
import { bendsAt, differenceOf, slopeAt } from '../oracle/formula.ts';
import { bounded, Exact, exactly64, paramScope, shifted } from '../oracle/readings.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS, grantOf, ORACLE_STEP } from '../tolerance.ts';
import { boundedOf, exactOf, graph, like } from './cases.ts';

/** An operation applied to inputs of fitting shapes. */
interface Applied {
  readonly xs: readonly Values[];
  readonly params: unknown;
  readonly dy: Values;
}
/** A number for an argument of a row: inside its domain, whose ends are open, and off the kinks, which have laws of their own. */
export const inside =
  (port: PortInfo, name: string, arg: number) =>
  (v: number): number => {
    const { domain, kinks } = rowOf(name);
    const { round } = FORMATS[port.dtype];
    const [low, high] = domain[arg] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const a = Math.abs(v) || 1;
    if (Number.isFinite(high)) return round(low + ((high - low) * a) / (1 + a));
    return Number.isFinite(low) ? round(low + a) : kinks.some((k) => k.arg === arg && k.at === v) ? v + 1 : v;
  };
/** Parameters as the port can read them: 0.3 is no single, so that its nearest one is asked about, and is the truth as well. */
const readable = (port: PortInfo, params: unknown): unknown => {
  if (typeof params === 'number') return FORMATS[port.dtype].round(params);
  if (Array.isArray(params)) return params.map((v: unknown) => readable(port, v));
  if (params === null || typeof params !== 'object') return params;
  return Object.fromEntries(Object.entries(params).map(([key, v]: [string, unknown]) => [key, readable(port, v)]));
};
const applied = (port: PortInfo, name: string): fc.Arbitrary<Applied> => {
  const row = rowOf(name);
  if (row.kind === 'spectral') return symmetric(port, name);
  return stretched(fc.tuple(extent(3), extent(3), extent(3))).chain(([n = 1, k = 1, m = 1]) => {
    const shapes =
      row.kind === 'draw'
        ? row.args.map(() => [])
        : row.kind === 'pointwise'
          ? row.args.map(() => (k === 2 ? [n] : k === 3 ? [n, 2, m] : n * m === 1 ? [] : [n, m]))
          : row.args.map((_, i) => (i === 0 ? [n, k] : [k, m]));
    const params = readable(port, row.sample(shapes));
    return fc.record({
      xs: fc.tuple(
        ...shapes.map((s, i) =>
          filled(
            s,
            row.kind === 'draw'
              ? fc.integer({ min: 0, max: 2 ** 20 })
              : moderate(port.dtype).map(inside(port, name, i)),
          ),
        ),
      ),
      params: fc.constant(params),
      dy: filled(row.shape(shapes, params), cotangent(port.dtype)),
    });
  });
};
/** A symmetric matrix that is positive definite, as b·bᵀ of small integers, with the ridge of its parameters. */
const symmetric = (port: PortInfo, name: string): fc.Arbitrary<Applied> =>
  extent(3).chain((n) =>
    fc.record({ b: filled([n, n], small), dy: filled([n, n], cotangent(port.dtype)) }).map(({ b, dy }) => {
      const at = (i: number, j: number): number => b.data[i * n + j] ?? 0;
      const data = Array.from({ length: n * n }, (_, p) => {
        const [i, j] = [Math.floor(p / n), p % n];
        return Array.from({ length: n }, (_2, k) => at(i, k) * at(j, k)).reduce((s, v) => s + v, 0);
      });
      return { xs: [{ shape: [n, n], data }], params: readable(port, rowOf(name).sample([[n, n]])), dy };
    }),
  );
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
        fc.pre(!bendsAt(row.formula, by, scope)); // the slope at a seam is a convention
        const slope = slopeAt(row.formula, by, scope);
        const g = exact(dy.data[i] ?? 0);
        return { value: slope.value.times(g), error: slope.error.times(g.abs()) };
      }),
    );
  if (row.kind === 'draw' || row.constant) return xs.map((x) => x.data.map(() => ({ value: ZERO, error: ZERO })));
  // several steps along the last axis: a central difference of ⟨dy, f⟩ in every coordinate, row by row
  if (typeof row.formula === 'object' && 'each' in row.formula) {
    const n = xs[0]?.shape.at(-1) ?? 1;
    const rows = (xs[0]?.data.length ?? 0) / n;
    const pulled = Array.from({ length: rows }, (_, r) => {
      const part = (data: readonly number[], each: number): readonly Big[] =>
        data.slice(r * each, (r + 1) * each).map(exact);
      const g = part(dy.data, dy.data.length / rows);
      const paired = (args: readonly Exact[]): Big =>
        over(exactly64, name, args, params).data.reduce((s, v, m) => s.plus(v.times(g[m] ?? ZERO)), ZERO);
      const lifted = xs.map((x) => new Exact([n], part(x.data, n)));
      const mid = paired(lifted);
      return xs.map((_2, k) =>
        Array.from({ length: n }, (_3, i) => {
          const unit = Array.from({ length: n }, (_4, m) => (m === i ? 1 : 0));
          const at = (h: string): Big => paired(lifted.map((v, j) => (j === k ? shifted(v, unit, h) : v)));
          return differenceOf(at(`-${ORACLE_STEP}`), mid, at(ORACLE_STEP), big(ORACLE_STEP));
        }),
      );
    });
    return xs.map((_, k) => pulled.flatMap((of) => of[k] ?? []));
  }
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

/** What rows do where they bend or tie, and where the slope is a decision: arguments, value, cotangents for the cotangent 1. */
interface Seam {
  readonly xs: readonly (readonly number[])[];
  readonly y: readonly number[];
  readonly dxs: readonly (readonly number[])[];
}
const SEAMS: Readonly<Record<string, Seam>> = {
  abs: { xs: [[0, -2, 3]], y: [0, 2, 3], dxs: [[0, -1, 1]] },
  sign: { xs: [[0, -2, 3]], y: [0, -1, 1], dxs: [[0, 0, 0]] },
  floor: { xs: [[2, -2.5, -0.5]], y: [2, -3, -1], dxs: [[0, 0, 0]] },
  maximum: {
    xs: [
      [1, 2, -1],
      [1, -2, 3],
    ],
    y: [1, 2, 3],
    dxs: [
      [1 / 2, 1, 0],
      [1 / 2, 0, 1],
    ],
  },
  minimum: {
    xs: [
      [1, 2, -1],
      [1, -2, 3],
    ],
    y: [1, -2, -1],
    dxs: [
      [1 / 2, 0, 1],
      [1 / 2, 1, 0],
    ],
  },
  greater: {
    xs: [
      [1, 2, -1],
      [1, -2, 3],
    ],
    y: [0, 1, 0],
    dxs: [
      [0, 0, 0],
      [0, 0, 0],
    ],
  },
  where: {
    xs: [
      [0, 1, -2],
      [5, 6, 7],
      [8, 9, 10],
    ],
    y: [8, 6, 7],
    dxs: [
      [0, 0, 0],
      [0, 1, 1],
      [1, 0, 0],
    ],
  },
};
/** Rows that choose, and need not see what they did not choose. */
const CHOOSERS = ['where'];

function* applyTo(
  name: string,
  xs: readonly Values[],
  dy: Values,
): Inquiry<{ readonly y: readonly number[]; readonly dxs: readonly (readonly number[])[] }> {
  const answer = yield* graph([{ op: name, reads: xs.map((_, i) => i) }], xs, dy);
  return { y: Array.from(answer.tensor('y').data), dxs: answer.tensors('dinputs').map((d) => Array.from(d.data)) };
}

export const opLaws = [
  law<number>({
    id: 'op/seam',
    ref: 'A-04, A-05',
    class: 'exact',
    runs: 10,
    says: 'at a kink or a tie an operation has its value exactly, and the declared slope: 0 for abs and sign, half to each side of a tie, none where a choice is made',
    kills: ['torch #1792', 'tfjs #1076', 'jax-js 8c38356'],
    subjects: (port) => (port.has('program.graph.vjp') ? port.ops.filter((op) => op in SEAMS) : []),
    given: () => fc.constantFrom(-2, 1 / 2, 4),
    *holds(g, _port, name) {
      const { xs, y, dxs } = SEAMS[name] as Seam; // the subjects come from the table
      const n = y.length;
      const got = yield* applyTo(
        name,
        xs.map((data) => ({ shape: [n], data })),
        { shape: [n], data: new Array<number>(n).fill(g) },
      );
      return every([
        same('y', got.y, y),
        ...dxs.map((d, i) =>
          same(
            `cotangent of argument ${i}`,
            got.dxs[i] ?? [],
            d.map((v) => v * g),
          ),
        ),
      ]);
    },
  }),
  law<{ readonly at: number; readonly others: readonly number[] }>({
    id: 'op/nan',
    ref: 'A-06',
    class: 'exact',
    runs: 20,
    says: 'NaN in any argument of a pointwise operation is NaN in its value; a choice passes on what it chose alone',
    kills: ['jax-js 8c38356', 'candle #2083'],
    subjects: (port) =>
      port.has('program.graph.vjp')
        ? port.ops.filter((op) => rowOf(op).kind === 'pointwise' && rowOf(op).sample([[]]) === undefined)
        : [],
    given: (port) =>
      fc.record({
        at: fc.nat({ max: 2 }),
        others: fc.array(
          moderate(port.dtype).map((v) => Math.abs(v) / 16 || 1 / 2),
          { minLength: 3, maxLength: 3 },
        ),
      }),
    *holds({ at, others }, _port, name) {
      const n = rowOf(name).args.length;
      const k = at % n;
      const data = others.slice(0, n).map((v, i) => (i === k ? Number.NaN : v));
      const { y } = yield* applyTo(
        name,
        data.map((v) => ({ shape: [1], data: [v] })),
        { shape: [1], data: [1] },
      );
      if (CHOOSERS.includes(name)) {
        const [c = 0, x = 0, other = 0] = data;
        return same('y', y, [Number.isNaN(c) ? c : c === 0 ? other : x]);
      }
      return claim(`${name} of NaN as argument ${k}`, Number.isNaN(y[0]), y[0], Number.NaN);
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
];
