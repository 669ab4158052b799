// Symmetries of normalisation by moments: what offsets, scales, signs, order and the neighbours must and must not change.
import fc from 'fast-check';
import { small, type Values } from '../arbitraries.ts';
import { every, type Inquiry, law, same, type Verdict } from '../law.ts';
import { type Entry, pulledOf, valuesOf } from '../oracle/batchnorm.ts';
import type { PortInfo } from '../port.ts';
import { FORMATS } from '../tolerance.ts';
import {
  alike,
  type BatchCase,
  batchCase,
  COTANGENTS,
  either,
  forward,
  kindOf,
  kinds,
  latticeCase,
  mapped,
  normOf,
  outputOf,
  pick,
  pull,
  scaled,
} from './normcases.ts';

/** Exponents by which squares and cubes of ordinary numbers neither overflow nor lose digits. */
const anyScale = (port: PortInfo): fc.Arbitrary<number> => {
  const reach = port.dtype === 'f64' ? 200 : 8;
  return fc.integer({ min: -reach, max: reach });
};

interface Scaled {
  readonly c: BatchCase;
  readonly k: number;
}

/** Outputs and cotangents of a case with an offset per group, against those without. */
function* unmoved(name: string, c: BatchCase, by: readonly number[]): Inquiry<Verdict> {
  const data = [...c.x.data];
  kindOf(name)
    .groups(c.x.shape)
    .forEach(({ at }, g) => {
      for (const to of at) data[to] = (data[to] ?? 0) + (by[g] ?? 0);
    });
  const other = { ...c, x: { shape: c.x.shape, data } };
  const [y, z] = [yield* outputOf(name, c), yield* outputOf(name, other)];
  const [a, b] = [yield* pull(name, c), yield* pull(name, other)];
  return every([same('y at x + c', z, y), ...COTANGENTS.map((f) => same(`${f} at x + c`, b[f], a[f]))]);
}

/** Outputs and cotangents of a case that is another one scaled. */
function* rescaled(name: string, c: BatchCase, other: BatchCase, ofDx: number): Inquiry<Verdict> {
  const [y, z] = [yield* outputOf(name, c), yield* outputOf(name, other)];
  const [a, b] = [yield* pull(name, c), yield* pull(name, other)];
  return every([
    same('y of the scaled batch', z, y),
    ...COTANGENTS.map((f) =>
      same(
        `${f} of the scaled batch`,
        b[f],
        a[f].map((v) => (f === 'dx' ? v * ofDx : v)),
      ),
    ),
  ]);
}

export const normSymmetryLaws = [
  law<{ readonly c: BatchCase; readonly by: readonly number[] }>({
    id: 'norm/translation',
    ref: 'B-03',
    class: 'lattice',
    runs: 40,
    says: 'an integer added to all numbers of a group changes no output and no cotangent',
    formula: 'f(x + c) = f(x)',
    subjects: kinds,
    given: (port, name) =>
      latticeCase(port, name).chain((c) => {
        const n = kindOf(name).groups(c.x.shape).length;
        return fc.record({ c: fc.constant(c), by: fc.array(small, { minLength: n, maxLength: n }) });
      }),
    *holds({ c, by }, _port, name) {
      return yield* unmoved(name, c, by);
    },
  }),
  law<{ readonly c: BatchCase; readonly sign: number }>({
    id: 'norm/far-offset',
    ref: 'B-24',
    class: 'lattice',
    runs: 30,
    says: 'nor does an offset so large that its square leaves no digit for the variance',
    formula: 'f(x ± 2²⁶) = f(x); 2¹² in single precision',
    kills: ['keras #18795', 'mlx #1314'],
    subjects: kinds,
    given: (port, name) => fc.record({ c: latticeCase(port, name), sign: fc.constantFrom(1, -1) }),
    *holds({ c, sign }, port, name) {
      const far = sign * 2 ** Math.floor(FORMATS[port.dtype].digits / 2);
      return yield* unmoved(
        name,
        c,
        kindOf(name)
          .groups(c.x.shape)
          .map(() => far),
      );
    },
  }),
  law<Scaled>({
    id: 'norm/scale',
    ref: 'B-04',
    class: 'power of two',
    runs: 40,
    says: 'without eps, f(2ᵏ·x) has the very bits of f(x), and dx those of dx/2ᵏ',
    subjects: kinds,
    given: (port, name) => fc.record({ c: batchCase(port, name, { eps: [0] }), k: anyScale(port) }),
    *holds({ c, k }, _port, name) {
      return yield* rescaled(name, c, { ...c, x: scaled(c.x, 2 ** k) }, 2 ** -k);
    },
  }),
  law<Scaled>({
    id: 'norm/scale-with-eps',
    ref: 'B-05',
    class: 'power of two',
    runs: 40,
    says: 'nor does 2ᵏ·x with an eps scaled alike: by 4ᵏ inside the root, by 2ᵏ outside',
    formula: 'f(2ᵏ·x; 4ᵏ·ε) = f(x; ε)',
    subjects: kinds,
    given: (port, name) =>
      fc.record({
        c: batchCase(port, name, { eps: [2 ** -17, 1 / 8, 1, 3] }),
        k: fc.integer({ min: -8, max: 8 }),
      }),
    *holds({ c, k }, port, name) {
      const eps = c.eps * (kindOf(name).place(port) === 'inside' ? 4 : 2) ** k;
      return yield* rescaled(name, c, { ...c, x: scaled(c.x, 2 ** k), eps }, 2 ** -k);
    },
  }),
  law<BatchCase>({
    id: 'norm/negation',
    ref: 'B-06',
    class: 'exact',
    runs: 40,
    says: 'f(−x) with −β is exactly −f(x); dx for the same cotangents stays, dγ turns',
    subjects: kinds,
    given: batchCase,
    *holds(c, _port, name) {
      const other = { ...c, x: scaled(c.x, -1), beta: scaled(c.beta, -1) };
      const [y, z] = [yield* outputOf(name, c), yield* outputOf(name, other)];
      const [a, b] = [yield* pull(name, c), yield* pull(name, other)];
      return every([
        same(
          'f(−x)',
          z,
          y.map((v) => -v),
        ),
        same('dx at −x', b.dx, a.dx),
        same(
          'dγ at −x',
          b.dgamma,
          a.dgamma.map((v) => -v),
        ),
        same('dβ at −x', b.dbeta, a.dbeta),
      ]);
    },
  }),
  law<{ readonly c: BatchCase; readonly other: Values; readonly which: number }>({
    id: 'norm/groups-apart',
    ref: 'B-15',
    class: 'exact',
    runs: 40,
    says: 'other numbers in one group (a feature over the batch, or a sample) change no bit of any other group',
    kills: ['burn #238', 'keras #20815'],
    subjects: kinds,
    given: (port, name) =>
      batchCase(port, name, {
        shape: kindOf(name).shape.filter((shape) => kindOf(name).groups(shape).length > 1),
      }).chain((c) =>
        fc.record({
          c: fc.constant(c),
          other: batchCase(port, name, { shape: fc.constant(c.x.shape) }).map((o) => o.x),
          which: fc.nat({ max: kindOf(name).groups(c.x.shape).length - 1 }),
        }),
      ),
    *holds({ c, other, which }, _port, name) {
      const groups = kindOf(name).groups(c.x.shape);
      const own = groups[which];
      const changed = {
        ...c,
        x: mapped(c.x, (v, i) => (own?.at.includes(i) ? (other.data[i] ?? 0) : v)),
        dy: mapped(c.dy, (v, i) => (own?.at.includes(i) ? -2 * v : v)),
      };
      const [y, z] = [yield* forward(name, c), yield* forward(name, changed)];
      const [a, b] = [yield* pull(name, c), yield* pull(name, changed)];
      const rest = groups.flatMap((group, g) => (g === which ? [] : group.at));
      const parameters = c.gamma.data.map((_, p) => p).filter((p) => !own?.parameter.includes(p));
      const statistics = kindOf(name).remembers ? ['mean', 'variance'] : [];
      return every([
        same(`y of groups other than ${which}`, pick(z.tensor('y').data, rest), pick(y.tensor('y').data, rest)),
        same(`dx of groups other than ${which}`, pick(b.dx, rest), pick(a.dx, rest)),
        same(`dγ of parameters other than ${which}`, pick(b.dgamma, parameters), pick(a.dgamma, parameters)),
        same(`dβ of parameters other than ${which}`, pick(b.dbeta, parameters), pick(a.dbeta, parameters)),
        ...statistics.map((s) =>
          same(
            `running ${s} of features other than ${which}`,
            pick(z.tensor(s).data, parameters),
            pick(y.tensor(s).data, parameters),
          ),
        ),
      ]);
    },
  }),
  law<{ readonly c: BatchCase; readonly turn: number }>({
    id: 'norm/order',
    ref: 'B-14',
    class: 'rounding bound',
    runs: 40,
    says: 'the order inside a group does not matter: outputs and dx move with their inputs, dγ and dβ with their parameters',
    subjects: kinds,
    given: (port, name) => fc.record({ c: batchCase(port, name), turn: fc.integer({ min: 1, max: 4 }) }),
    *holds({ c, turn }, port, name) {
      const at = normOf(c, port, name);
      /** For a tensor like x, and for one like γ: what stands at a place after the turn. */
      const from = c.x.data.map((_, i) => i);
      const parameterFrom = c.gamma.data.map((_, p) => p);
      for (const { at: places, parameter } of at.groups)
        places.forEach((to, i) => {
          const next = (i + turn) % places.length;
          from[to] = places[next] ?? to;
          parameterFrom[parameter[i] ?? 0] = parameter[next] ?? 0;
        });
      const moved = (v: Values): Values => ({ shape: v.shape, data: pick(v.data, from) });
      const renamed = (v: Values): Values => ({ shape: v.shape, data: pick(v.data, parameterFrom) });
      const other = { ...c, x: moved(c.x), dy: moved(c.dy), gamma: renamed(c.gamma), beta: renamed(c.beta) };
      const [y, z] = [yield* outputOf(name, c), yield* outputOf(name, other)];
      const [a, b] = [yield* pull(name, c), yield* pull(name, other)];
      const values = valuesOf(at, port.dtype);
      const truth = pulledOf(at, c.dy.data, port.dtype);
      const check = (about: string, got: readonly number[], was: readonly number[], e: readonly Entry[], f = from) =>
        alike(about, got, pick(was, f), pick(either(e, e), f));
      return every([
        check('y', z, y, values),
        check('dx', b.dx, a.dx, truth.dx),
        check('dγ', b.dgamma, a.dgamma, truth.dgamma, parameterFrom),
        check('dβ', b.dbeta, a.dbeta, truth.dbeta, parameterFrom),
      ]);
    },
  }),
  law<Scaled>({
    id: 'norm/cotangent-scaling',
    ref: 'G-07, G-09',
    class: 'power of two',
    runs: 40,
    says: 'a cotangent scaled by 2ᵏ, or turned, gives cotangents scaled by 2ᵏ, or turned',
    kills: ['tfjs-layers #970'],
    subjects: kinds,
    given: (port, name) => fc.record({ c: batchCase(port, name), k: fc.integer({ min: -8, max: 8 }) }),
    *holds({ c, k }, _port, name) {
      const by = -(2 ** k);
      const [a, b] = [yield* pull(name, c), yield* pull(name, { ...c, dy: scaled(c.dy, by) })];
      return every(
        COTANGENTS.map((f) =>
          same(
            `${f} for ${by}·dy`,
            b[f],
            a[f].map((v) => v * by),
          ),
        ),
      );
    },
  }),
];
