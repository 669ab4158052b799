// The chapter of networks: what renaming, rescaling, and silencing units must and must not change.
import fc from 'fast-check';
import { moderate, type NetworkCase, powerOfTwo, type Values } from '../arbitraries.ts';
import { claim, every, law, same } from '../law.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import { lattice, like, lossAndGrad, needsLattice, needsNetwork, networksOf } from './cases.ts';

/** How far apart logits are, 0 being one of them. */
const spread = (logits: ArrayLike<number>): number =>
  Math.max(0, ...Array.from(logits)) - Math.min(0, ...Array.from(logits));

/**
 * The spread of logits up to which no slope of two layers comes near the subnormal numbers, where a power of two changes digits.
 * A slope of an exponential loss is 0 or at least e^(−spread)/32, a mean over up to twelve; a sum of its products is 0 or a
 * unit in the last place of one of them, twice; a weight and an input of 2⁻⁶ and a scale of 2⁻⁴ make it smaller.
 */
const widest = ({ dtype }: PortInfo): number => {
  const { digits, minExponent } = FORMATS[dtype];
  return (-minExponent - 2 * digits - 5 - 6 - 6 - 4) * Math.LN2;
};

export const networkLaws = [
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
    *holds({ c, scale }, port) {
      const times = (v: Values, s: number): Values =>
        like(
          v,
          v.data.map((e) => e * s),
        );
      const [w1, b1, w2, b2] = c.params as [Values, Values, Values, Values];
      const a = yield* lossAndGrad(c);
      fc.pre(!(spread(a.tensor('output').data) > widest(port)));
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
