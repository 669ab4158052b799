// The chapter of clipping: what is cut, what is left alone, and that lengths and directions are as promised.
import fc from 'fast-check';
import { cotangent, filled, powerOfTwo, type Values } from '../arbitraries.ts';
import type { Plain } from '../contract.ts';
import { type Answer, among, ask, every, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { expecting } from '../oracle/exact.ts';
import { Near } from '../oracle/near.ts';
import type { PortInfo } from '../port.ts';
import { between } from './training.ts';

interface Cut {
  readonly gradients: readonly Values[];
  readonly limit: number;
  readonly eps: number;
}

const NORMS = ['by_norm', 'by_global_norm'];
const norms = among(NORMS, 'clip', 'apply');
const all = among(['by_value', ...NORMS], 'clip', 'apply');

/** Tensors of different sizes, some of them to be cut and some not. */
const cuts = (port: PortInfo): fc.Arbitrary<Cut> =>
  fc.record({
    gradients: fc
      .oneof(
        { withCrossShrink: true },
        { arbitrary: fc.constant([[2], [2, 3], [1]]), weight: 6 },
        {
          arbitrary: fc.constantFrom(
            [[1]],
            [[2, 1, 2], [], [3], [2]],
            [[1], [11]],
            [
              [9, 2],
              [1, 9],
            ],
          ),
          weight: 1,
        },
      )
      .chain((shapes) =>
        fc.tuple(
          ...shapes.map((shape, i) =>
            filled(
              shape,
              cotangent(port.dtype).map((v) => (i === 1 ? v / 8 : v)),
            ),
          ),
        ),
      ),
    limit: fc.oneof(
      { withCrossShrink: true },
      { arbitrary: between(port, 1 / 8, 6), weight: 7 },
      { arbitrary: fc.constantFrom(1, 1 / 2, 5), weight: 1 },
    ),
    eps: fc.constantFrom(0, 1 / 8, 2 ** -20),
  });

const clip = (name: string, { gradients, limit, eps }: Cut): Inquiry<Answer> =>
  ask(`clip.${name}.apply`, { gradients, limit, ...(name === 'by_value' ? {} : { eps }) });

const mapped = (c: Cut, f: (v: number) => number): Cut => ({
  ...c,
  gradients: c.gradients.map((g) => ({ shape: g.shape, data: g.data.map(f) })),
});

const agree = (about: string, got: readonly Plain[], want: readonly Plain[], f: (v: number) => number): Verdict =>
  every(want.map((t, i) => same(`${about}, tensor ${i}`, got[i]?.data ?? [], Array.from(t.data, f))));

/** √ of the sum of squares. */
const normOf = (vs: readonly number[], port: PortInfo): Near =>
  vs.reduce((s, v) => s.plus(Near.of(v, port.dtype).square()), Near.of(0, port.dtype)).root();

export const clipLaws = [
  law<Cut>({
    id: 'clip/value',
    ref: 'O-34',
    class: 'exact',
    says: 'each number beyond the limit is put at the limit with its own sign, and all others stay as they are',
    kills: ['gorgonia #469'],
    subjects: among(['by_value'], 'clip', 'apply'),
    given: cuts,
    *holds(c, _port, name) {
      const got = (yield* clip(name, c)).tensors('gradients');
      return agree('clipped', got, c.gradients, (v) => (Math.abs(v) > c.limit ? Math.sign(v) * c.limit : v));
    },
  }),
  law<Cut>({
    id: 'clip/norm',
    ref: 'O-34',
    class: '64-digit oracle',
    says: 'a tensor longer than the limit, or all tensors together, are scaled by limit/(norm + eps): the length is the limit and the direction stays',
    formula: 'g·min(1, limit/(|g| + eps))',
    source: 'Pascanu, Mikolov & Bengio 2013, Algorithm 1',
    subjects: norms,
    given: cuts,
    *holds(c, port, name) {
      const got = (yield* clip(name, c)).tensors('gradients');
      const whole = c.gradients.flatMap((g) => g.data);
      return every(
        c.gradients.map((g, i) => {
          const length = normOf(name === 'by_norm' ? g.data : whole, port).plus(c.eps);
          const limit = Near.of(c.limit, port.dtype);
          const want = g.data.map((v) => {
            const own = Near.of(v, port.dtype);
            return Near.pick(length.above(limit), own.times(limit.over(length)), own);
          });
          return within(
            `tensor ${i}`,
            got[i]?.data ?? [],
            want.map((n) => expecting(n.value, port.dtype)),
            want.map((n) => n.error),
          );
        }),
      );
    },
  }),
  law<Cut>({
    id: 'clip/identity-below',
    ref: 'O-34',
    class: 'exact',
    says: 'gradients within the limit are left as they are, bit for bit, and zeros stay zeros',
    subjects: all,
    given: (port) => cuts(port).map((c) => ({ ...c, limit: 64 })), // longer than any of them
    *holds(c, _port, name) {
      const none = mapped(c, () => 0);
      const got = (yield* clip(name, c)).tensors('gradients');
      const zeros = (yield* clip(name, { ...none, eps: 0 })).tensors('gradients');
      return every([
        agree('below the limit', got, c.gradients, (v) => v),
        agree('zeros', zeros, none.gradients, (v) => v),
      ]);
    },
  }),
  law<Cut>({
    id: 'clip/odd',
    ref: 'O-34',
    class: 'exact',
    runs: 50,
    says: 'negated gradients are cut to the negated gradients',
    kills: ['gorgonia #469'],
    subjects: all,
    given: cuts,
    *holds(c, _port, name) {
      const minus = (yield* clip(
        name,
        mapped(c, (v) => -v),
      )).tensors('gradients');
      return agree('clip(−g)', minus, (yield* clip(name, c)).tensors('gradients'), (v) => -v);
    },
  }),
  law<{ readonly c: Cut; readonly by: number }>({
    id: 'clip/homogeneous',
    ref: 'O-34',
    class: 'power of two',
    runs: 50,
    says: 'gradients, limit and eps 2ᵏ times as large give what is 2ᵏ times as large',
    subjects: all,
    given: (port) => fc.record({ c: cuts(port), by: powerOfTwo(-20, 20) }),
    *holds({ c, by }, _port, name) {
      const scaled = { ...mapped(c, (v) => v * by), limit: c.limit * by, eps: c.eps * by };
      const got = (yield* clip(name, scaled)).tensors('gradients');
      return agree(`clip(${by}·g)`, got, (yield* clip(name, c)).tensors('gradients'), (v) => v * by);
    },
  }),
];
