// The chapter about the verifier itself: what its comparison must refuse. Runs with every port, against our own judge.
import fc from 'fast-check';
import { anyNumber, finite, moderate, seed, stir } from '../arbitraries.ts';
import type { Plain } from '../contract.ts';
import { ask, claim, every, having, type Inquiry, law } from '../law.ts';

const tensor = (...data: readonly number[]): Plain => ({ shape: [data.length], data });

function* close(
  got: readonly number[],
  expected: readonly number[],
  allowed: readonly number[],
  zeros: 'signed' | 'equal' = 'equal',
): Inquiry<boolean> {
  return (yield* ask('verifier.judge.compare', {
    got: tensor(...got),
    expected: tensor(...expected),
    allowed: tensor(...allowed),
    zeros,
  })).flag('ok');
}

const needs = having('verifier.judge.compare');
const bound = fc.oneof(
  fc.constantFrom(0, Number.MAX_VALUE, Number.POSITIVE_INFINITY),
  fc.integer({ min: -40, max: 40 }).map((k) => 2 ** k),
);

export const metaLaws = [
  law<{ readonly x: number; readonly allowed: number; readonly others: number }>({
    id: 'meta/nan-is-a-failure',
    ref: 'M-02',
    class: 'exact',
    says: 'NaN equals no number, whatever is allowed, and no number equals an expected NaN',
    kills: ['burn #1209'],
    subjects: needs,
    given: () =>
      fc.record({
        x: anyNumber('f64').filter((x) => !Number.isNaN(x)),
        allowed: bound,
        others: fc.integer({ min: 0, max: 3 }),
      }),
    *holds({ x, allowed, others }) {
      const pad = new Array<number>(others).fill(x);
      const zero = [...pad, ...pad].map(() => allowed);
      const a = yield* close([...pad, Number.NaN, ...pad], [...pad, x, ...pad], [...zero, allowed]);
      const b = yield* close([...pad, x, ...pad], [...pad, Number.NaN, ...pad], [...zero, allowed]);
      const c = yield* close([x], [x], [Number.NaN]);
      const d = yield* close([x], [x + 1 === x ? -x - 1 : x + 1], [Number.NaN]);
      return every([
        claim('NaN accepted for a number', !a),
        claim('a number accepted for NaN', !b),
        claim('equal numbers refused', c),
        claim('a bound that is NaN allowed a difference', !d),
      ]);
    },
  }),
  law<{ readonly x: number; readonly allowed: number }>({
    id: 'meta/infinities-differ',
    ref: 'M-03',
    class: 'exact',
    says: 'an infinity equals only itself: not the other one, not NaN, not a number',
    kills: ['tfjs areClose'],
    subjects: needs,
    given: () => fc.record({ x: finite('f64'), allowed: bound }),
    *holds({ x, allowed }) {
      const inf = Number.POSITIVE_INFINITY;
      const pairs = [
        [inf, -inf],
        [-inf, inf],
        [inf, Number.NaN],
        [inf, x],
        [x, inf],
        [-inf, x],
      ] as const;
      const verdicts = [claim('∞ refused for ∞', yield* close([inf, -inf], [inf, -inf], [0, 0]))];
      for (const [g, e] of pairs)
        verdicts.push(claim(`${g} accepted for ${e}`, !(yield* close([g], [e], [allowed])), g, e));
      return every(verdicts);
    },
  }),
  law<{ readonly size: number; readonly seed: number; readonly k: number }>({
    id: 'meta/element-by-element',
    ref: 'M-04',
    class: 'exact',
    runs: 30,
    says: 'one element in ten thousand, off by 100 times its own bound, is refused',
    kills: ['JAX check_grads (#3130)', 'Julia isapprox'],
    subjects: needs,
    given: () => fc.record({ size: fc.integer({ min: 1, max: 10_000 }), seed, k: fc.integer({ min: -30, max: 30 }) }),
    *holds({ size, seed: s, k }) {
      const expected = Array.from({ length: size }, (_, i) => (i + 1) * 2 ** k);
      const allowed = expected.map((v) => v * 2 ** -40);
      const at = stir(s, size) % size;
      const off = expected.map((v, i) => (i === at ? v + 100 * (allowed[i] ?? 0) : v));
      return every([
        claim('equal vectors refused', yield* close(expected, expected, allowed)),
        claim(`element ${at} of ${size} accepted`, !(yield* close(off, expected, allowed))),
      ]);
    },
  }),
  law<number>({
    id: 'meta/zeros-have-signs',
    ref: 'M-05',
    class: 'exact',
    runs: 10,
    says: '−0 is not 0 where a law tells them apart, and is where it does not',
    subjects: needs,
    given: () => fc.constantFrom(0, -0),
    *holds(z) {
      const other = z === 0 && Object.is(z, 0) ? -0 : 0;
      return every([
        claim('signed zeros confused', !(yield* close([z], [other], [0], 'signed'))),
        claim('equal zeros refused', yield* close([z], [other], [0], 'equal')),
        claim('the same zero refused', yield* close([z], [z], [0], 'signed')),
      ]);
    },
  }),
  law<{ readonly n: number; readonly m: number }>({
    id: 'meta/no-broadcast',
    ref: 'M-06',
    class: 'structural',
    runs: 30,
    says: 'a different number of elements is a failure, never stretched',
    subjects: needs,
    given: () =>
      fc.record({ n: fc.integer({ min: 0, max: 5 }), m: fc.integer({ min: 0, max: 5 }) }).filter(({ n, m }) => n !== m),
    *holds({ n, m }) {
      const ones = (k: number): readonly number[] => new Array<number>(k).fill(1);
      return every([
        claim(`${n} elements accepted for ${m}`, !(yield* close(ones(n), ones(m), ones(m)))),
        claim(`${m} bounds accepted for ${n} elements`, !(yield* close(ones(n), ones(n), ones(m)))),
      ]);
    },
  }),
  law<{ readonly x: number; readonly allowed: number; readonly k: number }>({
    id: 'meta/bounds-bite',
    ref: 'M-12',
    class: 'exact',
    says: 'an error of 2⁻⁶ of the bound is accepted, and one of 2⁶ times the bound refused',
    subjects: needs,
    given: () =>
      fc.record({
        x: moderate('f64'),
        allowed: fc.integer({ min: -30, max: 0 }).map((e) => 2 ** e),
        k: fc.integer({ min: 6, max: 12 }),
      }),
    *holds({ x, allowed, k }) {
      return every([
        claim(`2^-${k} of the bound refused`, yield* close([x + allowed * 2 ** -k], [x], [allowed])),
        claim(`2^${k} times the bound accepted`, !(yield* close([x + allowed * 2 ** k], [x], [allowed]))),
      ]);
    },
  }),
];
