// The chapter of regularisation, first part: penalties, their gradients, what they count, and the constraint on norms.
import fc from 'fast-check';
import {
  cotangent,
  extent,
  filled,
  finite,
  magnitude,
  moderate,
  small,
  stretched,
  type Values,
  vector,
} from '../arbitraries.ts';
import { ask, every, having, type Law, law, same, sided, type Verdict, within } from '../law.ts';
import { expecting, nearest } from '../oracle/exact.ts';
import { penaltySlope, penaltyValue, type Strengths } from '../oracle/penalty.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS, roundingBound } from '../tolerance.ts';
import { like } from './cases.ts';
import {
  anyExactStrengths,
  anyStrengths,
  bending,
  exactStrengths,
  gradientOf,
  off,
  penalties,
  penaltyOn,
  stack,
  sum,
  whole,
} from './regularisation-cases.ts';
import { trainedRegularisationLaws } from './regularisation-fit.ts';
import { normLaws } from './regularisation-norm.ts';
import { optimumLaws } from './regularisation-optimum.ts';

interface Weighted {
  readonly w: Values;
  readonly h: Strengths;
}

const shapes = stretched(fc.array(extent(4), { minLength: 1, maxLength: 3 }));
const weights = (value: fc.Arbitrary<number>, factor = magnitude()): fc.Arbitrary<Values> =>
  fc.tuple(shapes, factor).chain(([s, by]) =>
    filled(
      s,
      value.map((v) => v * by),
    ),
  );

/** How far 2ᵏ may part l1·Σ|w| from l2·Σw²: at k ≠ 0 the sum of both, for three hundred whole weights, has up to 17 + |k| digits. */
const apart = ({ dtype }: PortInfo): number => Math.min(20, FORMATS[dtype].digits - 17);

/** Values and gradients of a stack, with the biases or without. */
const counted = (params: readonly Values[], h: Strengths, kind: 'half' | 'full', biases: boolean) => {
  const counts = (i: number): boolean => biases || i % 2 === 0;
  return {
    value: sum(params.map((p, i) => (counts(i) ? nearest(penaltyValue(p.data, h, kind)) : 0))),
    gradients: params.map((p, i) => p.data.map((v) => (counts(i) ? nearest(penaltySlope(v, h, kind)) : 0))),
  };
};

export const regularisationLaws: readonly Law[] = [
  law<Weighted>({
    id: 'regularisation/value',
    ref: 'W-01',
    class: '64-digit oracle',
    runs: 80,
    says: 'a penalty has the value of its formula, with the half or without it as declared',
    formula: 'l1·Σ|w| + l2/2·Σw²',
    source:
      'Tibshirani 1996; Hoerl & Kennard 1970; Zou & Hastie 2005; terms are positive, so γₙ bounds the relative error',
    kills: ['DenseNet #57', 'mlcommons/hpc #22'],
    subjects: penalties('value'),
    given: (port, name) => fc.record({ w: weights(moderate(port.dtype)), h: anyStrengths(port, name) }),
    *holds({ w, h }, port, name) {
      const value = penaltyValue(w.data, h, port.conventions.l2);
      return within(
        'value',
        yield* penaltyOn(name, w, h),
        [expecting(value, port.dtype)],
        [roundingBound(w.data.length + 4, nearest(value), port.dtype)],
      );
    },
  }),
  law<Weighted>({
    id: 'regularisation/gradient',
    ref: 'W-01',
    class: '64-digit oracle',
    runs: 80,
    says: 'the gradient is l1·sign(w) + l2·w, element by element (2·l2·w without the half)',
    formula: 'dw = l1·sign(w) + l2·w',
    kills: ['DenseNet #57', 'nn-from-scratch #13'],
    subjects: penalties('gradient'),
    given: (port, name) => fc.record({ w: weights(moderate(port.dtype)), h: anyStrengths(port, name) }),
    *holds({ w, h }, port, name) {
      const slopes = w.data.map((v) => penaltySlope(v, h, port.conventions.l2));
      return within(
        'dw',
        yield* gradientOf(name, w, h),
        slopes.map((v) => expecting(v, port.dtype)),
        slopes.map((v) => roundingBound(4, Math.abs(nearest(v)), port.dtype)),
      );
    },
  }),
  law<Weighted & { readonly step: Values }>({
    id: 'regularisation/consistent',
    ref: 'W-01',
    class: 'lattice',
    runs: 80,
    says: 'value and gradient belong together, whatever the factor: a step that changes no sign changes the value by its product with the gradient, exactly',
    formula: 'V(w + d) − V(w − d) = 2·⟨dw, d⟩',
    kills: ['DenseNet #57', 'convnetjs (gradient without the factor)'],
    subjects: penalties('value', 'gradient'),
    given: (_port, name) =>
      shapes.chain((s) =>
        fc.record({
          w: filled(
            s,
            small.map((k) => (k === 0 ? 5 : k)),
          ),
          h: exactStrengths(name),
          step: filled(
            s,
            fc.integer({ min: -7, max: 7 }).map((k) => k / 8),
          ),
        }),
      ),
    *holds({ w, h, step }, _port, name) {
      const moved = (by: number): Values =>
        like(
          w,
          w.data.map((v, i) => v + by * (step.data[i] ?? 0)),
        );
      const [up = Number.NaN] = yield* penaltyOn(name, moved(1), h);
      const [down = Number.NaN] = yield* penaltyOn(name, moved(-1), h);
      const dw = yield* gradientOf(name, w, h);
      return same('V(w + d) − V(w − d)', [up - down], [2 * sum(dw.map((g, i) => g * (step.data[i] ?? 0)))]);
    },
  }),
  law<Weighted>({
    id: 'regularisation/l1-slope',
    ref: 'W-02',
    class: 'exact',
    runs: 80,
    says: 'the slope of l1 is the strength with the sign of the weight, for weights of every size, and 0 at zeros of either sign; so it is odd',
    formula: 'dw = l1·sign(w), sign(±0) = 0',
    kills: ['convnetjs (sign of 0 is −1)'],
    subjects: bending('gradient'),
    given: (port) =>
      fc.record({
        // twice a number at the end of the range, on the way through a square, would overflow
        w: vector(
          fc.oneof(
            fc.constantFrom(0, -0),
            finite(port.dtype).filter((v) => Math.abs(v) < FORMATS[port.dtype].max / 4),
          ),
        ),
        h: fc.constantFrom(1 / 8, 3 / 8, 3).map((l1) => ({ l1 })),
      }),
    *holds({ w, h: { l1 = 0 } }, _port, name) {
      const h = { ...off(name), l1 };
      const dw = yield* gradientOf(name, w, h);
      const opposite = like(
        w,
        w.data.map((v) => -v),
      );
      return every([
        same(
          `dw of l1 = ${l1}`,
          dw,
          w.data.map((v) => l1 * Math.sign(v)),
        ),
        same(
          'dw of −w',
          yield* gradientOf(name, opposite, h),
          dw.map((v) => -v),
        ),
      ]);
    },
  }),
  law<{ readonly params: readonly Values[]; readonly h: Strengths }>({
    id: 'regularisation/biases',
    ref: 'W-03',
    class: 'lattice',
    runs: 60,
    says: 'the penalty of a stack of layers counts all weights, and biases only where that is declared: otherwise their gradients are exactly 0',
    subjects: penalties('penalty'),
    given: (_port, name) => fc.record({ params: stack(), h: anyExactStrengths(name) }),
    *holds({ params, h }, { conventions: { l2, regulariseBias } }, name) {
      const answer = yield* ask(`regulariser.${name}.penalty`, { params, ...h });
      const expected = counted(params, h, l2, regulariseBias);
      return every([
        same('value of the stack', answer.tensor('value').data, [expected.value]),
        ...answer
          .tensors('gradients')
          .map((g, i) =>
            same(`gradient of ${i % 2 === 0 ? 'w' : 'b'} of layer ${i >> 1}`, g.data, expected.gradients[i] ?? []),
          ),
      ]);
    },
  }),
  law<{ readonly params: readonly Values[] }>({
    id: 'regularisation/off-at-any-size',
    ref: 'W-07',
    class: 'exact',
    runs: 40,
    says: 'with strengths of 0 the penalty of a stack is 0 and so are its gradients, even where squares of weights overflow',
    subjects: penalties('penalty'),
    given: (port) => fc.record({ params: stack(finite(port.dtype)) }),
    *holds({ params }, _port, name) {
      const answer = yield* ask(`regulariser.${name}.penalty`, { params, ...off(name) });
      return every([
        same('value of the stack', answer.tensor('value').data, [0]),
        ...answer.tensors('gradients').map((g, i) =>
          same(
            `gradient of parameter ${i}`,
            g.data,
            (params[i]?.data ?? []).map(() => 0),
          ),
        ),
      ]);
    },
  }),
  law<{ readonly params: readonly Values[]; readonly h: Strengths }>({
    id: 'regularisation/biases-asked-for',
    ref: 'W-03',
    class: 'lattice',
    runs: 40,
    says: 'where biases are asked for, they count as weights do',
    subjects: penalties('penalty_with_biases'),
    given: (_port, name) => fc.record({ params: stack(), h: anyExactStrengths(name) }),
    *holds({ params, h }, { conventions: { l2 } }, name) {
      const answer = yield* ask(`regulariser.${name}.penalty_with_biases`, { params, ...h });
      const expected = counted(params, h, l2, true);
      return every([
        same('value of the stack', answer.tensor('value').data, [expected.value]),
        ...answer
          .tensors('gradients')
          .map((g, i) => same(`gradient of parameter ${i}`, g.data, expected.gradients[i] ?? [])),
      ]);
    },
  }),
  law<{ readonly w: Values; readonly h: { readonly l1: number; readonly l2: number } }>({
    id: 'regularisation/additive',
    ref: 'W-10',
    class: 'lattice',
    runs: 60,
    says: 'elastic net is l1 and l2 together, in value and gradient; with either at 0 it is the other, bit for bit',
    formula: 'V(l1, l2) = V₁(l1) + V₂(l2)',
    source: 'Zou & Hastie 2005, eq. 3',
    subjects: having(
      ...['l1', 'l2', 'elastic_net'].flatMap((n) => [`regulariser.${n}.value`, `regulariser.${n}.gradient`]),
    ),
    given: (port) =>
      fc.record({
        w: weights(whole, magnitude(apart(port))),
        h: fc.record({ l1: fc.constantFrom(1 / 8, 3 / 4, 5), l2: fc.constantFrom(1 / 4, 3 / 8, 3) }),
      }),
    *holds({ w, h: { l1, l2 } }) {
      const verdicts: Verdict[] = [];
      for (const [about, of] of [
        ['value', penaltyOn],
        ['gradient', gradientOf],
      ] as const) {
        const lasso = yield* of('l1', w, { l1 });
        const ridge = yield* of('l2', w, { l2 });
        const both = yield* of('elastic_net', w, { l1, l2 });
        verdicts.push(
          same(
            `${about} of both, against the sum`,
            both,
            lasso.map((v, i) => v + (ridge[i] ?? 0)),
          ),
          same(`${about} with l2 = 0, against l1`, yield* of('elastic_net', w, { l1, l2: 0 }), lasso),
          same(`${about} with l1 = 0, against l2`, yield* of('elastic_net', w, { l1: 0, l2 }), ridge),
        );
      }
      return every(verdicts);
    },
  }),
  law<Weighted & { readonly scale: number }>({
    id: 'regularisation/used',
    ref: 'W-12',
    class: 'power of two',
    runs: 60,
    says: 'a penalty is used: it is above 0 for weights that are not, and doubles with its strengths, bit for bit',
    formula: 'V(2ᵏ·λ) = 2ᵏ·V(λ) > 0',
    kills: ['tfjs #1861'],
    subjects: penalties('value', 'gradient'),
    given: (port, name) =>
      fc.record({
        w: weights(cotangent(port.dtype)),
        h: anyStrengths(port, name),
        scale: fc.constantFrom(1 / 4, 2, 8),
      }),
    *holds({ w, h, scale }, _port, name) {
      const scaled = Object.fromEntries(Object.entries(h).map(([key, v]) => [key, scale * v]));
      const [value = Number.NaN] = yield* penaltyOn(name, w, h);
      const dw = yield* gradientOf(name, w, h);
      return every([
        sided('value', value, '>', 0),
        same(`value of ${scale} times the strengths`, yield* penaltyOn(name, w, scaled), [scale * value]),
        same(
          `dw of ${scale} times the strengths`,
          yield* gradientOf(name, w, scaled),
          dw.map((v) => scale * v),
        ),
      ]);
    },
  }),
  ...normLaws,
  ...trainedRegularisationLaws,
  ...optimumLaws,
];
