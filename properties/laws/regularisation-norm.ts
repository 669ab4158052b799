// The chapter of regularisation, fourth part: the constraint on the norm of the weights that meet in a unit.
import fc from 'fast-check';
import { dyadic, filled, magnitude, moderate, type Values, wideExtent } from '../arbitraries.ts';
import { ask, every, having, law, same, sided, type Verdict, within } from '../law.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import { projected } from '../oracle/penalty.ts';
import type { PortInfo } from '../port.ts';
import { exactly, roundingBound } from '../tolerance.ts';
import { like } from './cases.ts';
import { columnsOf, fromColumns, stack } from './regularisation-cases.ts';

/** Of numbers whose squares may overflow or be nothing. */
const norm = (v: readonly number[]): number => Math.hypot(...v);

interface Constrained {
  readonly w: Values;
  readonly limit: number;
}
/** Limits within reach of the norms, beyond them, and 0. */
const limits = fc.oneof(
  fc.integer({ min: 1, max: 40 }).map((k) => k / 8),
  fc.constantFrom(0, 1 / 64, 1, 1000),
);
/** What weights and limit are scaled by: in double precision also so much that their squares leave the range. */
const sizes = (port: PortInfo): fc.Arbitrary<number> =>
  port.dtype === 'f64'
    ? fc.oneof(
        { withCrossShrink: true },
        { arbitrary: fc.constant(1), weight: 3 }, // a limit of 1 is one that people take
        { arbitrary: magnitude(60), weight: 6 },
        { arbitrary: fc.constantFrom(2 ** 540, 2 ** -560), weight: 1 },
      )
    : magnitude(60);
const constrained = (port: PortInfo, value: fc.Arbitrary<number>): fc.Arbitrary<Constrained> =>
  fc.tuple(wideExtent(4), wideExtent(3), sizes(port)).chain(([inputs, units, by]) =>
    fc.record({
      w: filled(
        [inputs, units],
        value.map((v) => v * by),
      ),
      limit: limits.map((v) => v * by),
    }),
  );

/** Squares, their sum, a root, a quotient and a product. */
const PROJECTION = 6;

export const normLaws = [
  law<Constrained>({
    id: 'regularisation/max-norm',
    ref: 'W-11',
    class: '64-digit oracle',
    runs: 80,
    says: 'weights into a unit whose norm is above the limit are scaled back to it, unit by unit; the others stay bit for bit',
    formula: 'w·min(1, limit/|w|), columns of [in, out]',
    source: 'Srivastava et al. 2014, §5.1; γₙ of squares, sum, root, quotient, product',
    subjects: having('regulariser.max_norm.project'),
    given: (port) => constrained(port, fc.oneof(moderate(port.dtype), fc.constant(0))),
    *holds({ w, limit }, port) {
      const got = (yield* ask('regulariser.max_norm.project', { w, limit })).tensor('w').data;
      const columns = columnsOf(w);
      const far = columns.map((column) => {
        const slack = roundingBound(column.length + PROJECTION, limit, port.dtype);
        return { scaled: norm(column) > limit - slack, roundings: column.length + PROJECTION };
      });
      const expected = fromColumns(columns.map((column) => projected(column, limit)));
      return within(
        `w under the limit ${limit}`,
        got,
        expected.map((v) => expecting(v, port.dtype)),
        expected.map((v, i) => {
          const { scaled = false, roundings = 0 } = far[i % columns.length] ?? {};
          return scaled ? roundingBound(roundings, Math.abs(nearest(v)), port.dtype) : 0;
        }),
      );
    },
  }),
  law<Constrained & { readonly other: Values; readonly scale: number }>({
    id: 'regularisation/projection',
    ref: 'W-11',
    class: 'rounding bound',
    runs: 60,
    says: 'the constraint is a projection: a second time it changes nothing, no two weights move apart, no norm is above the limit, and the scale does not matter',
    formula: 'P(P(w)) = P(w), |P(w) − P(v)| ≤ |w − v|, P(2ᵏ·w; 2ᵏ·c) = 2ᵏ·P(w; c)',
    source: 'Boyd & Vandenberghe 2004, §8.1 (projections onto convex sets are non-expansive)',
    subjects: having('regulariser.max_norm.project'),
    given: (port) =>
      constrained(port, dyadic).chain(({ w, limit }) =>
        fc.record({
          w: fc.constant(w),
          limit: fc.constant(limit),
          other: filled(w.shape, dyadic),
          scale: fc.constantFrom(1 / 8, 4),
        }),
      ),
    *holds({ w, limit, other, scale }, port) {
      const project = function* (v: Values, c: number) {
        return like(v, Array.from((yield* ask('regulariser.max_norm.project', { w: v, limit: c })).tensor('w').data));
      };
      const once = yield* project(w, limit);
      const again = yield* project(once, limit);
      const second = yield* project(other, limit);
      const roundings = (w.shape[0] ?? 0) + PROJECTION;
      const slack = (size: number): number => 2 * roundingBound(roundings, size, port.dtype);
      const scaled = like(
        w,
        w.data.map((v) => scale * v),
      );
      const apart = (a: Values, b: Values): readonly number[] =>
        columnsOf(
          like(
            a,
            a.data.map((v, i) => v - (b.data[i] ?? 0)),
          ),
        ).map(norm);
      const before = apart(w, other);
      return every([
        within(
          'P(P(w)) against P(w)',
          again.data,
          once.data.map(exactly),
          once.data.map((v) => slack(Math.abs(v))),
        ),
        ...columnsOf(once).map((column, j) => sided(`norm into unit ${j}`, norm(column), '≤', limit, slack(limit))),
        ...apart(once, second).map((d, j) =>
          sided(`distance of two weights into unit ${j}`, d, '≤', before[j] ?? 0, slack(2 * limit)),
        ),
        same(
          `w under ${scale} times limit and weights`,
          (yield* project(scaled, scale * limit)).data,
          once.data.map((v) => scale * v),
        ),
      ]);
    },
  }),
  law<{ readonly params: readonly Values[]; readonly limit: number }>({
    id: 'regularisation/constraint-of-weights',
    ref: 'W-11, W-03',
    class: 'exact',
    runs: 40,
    says: 'in a stack of layers the constraint touches every matrix of weights as it would alone, and no bias',
    subjects: having('regulariser.max_norm.project', 'regulariser.max_norm.constrain'),
    given: (port) => fc.record({ params: stack(moderate(port.dtype)), limit: limits }),
    *holds({ params, limit }) {
      const got = (yield* ask('regulariser.max_norm.constrain', { params, limit })).tensors('params');
      const verdicts: Verdict[] = [];
      for (const [i, p] of params.entries()) {
        const expected =
          i % 2 === 1 ? p.data : (yield* ask('regulariser.max_norm.project', { w: p, limit })).tensor('w').data;
        verdicts.push(same(`${i % 2 === 0 ? 'w' : 'b'} of layer ${i >> 1}`, got[i]?.data ?? [], Array.from(expected)));
      }
      return every(verdicts);
    },
  }),
];
