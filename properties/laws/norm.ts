// The chapter of normalisation by moments: what holds over a batch and over features alike, values, cotangents, symmetries.
import fc from 'fast-check';
import { small, type Values } from '../arbitraries.ts';
import { ask, claim, every, law, same, type Verdict, within } from '../law.ts';
import { combined, type Entry, momentsOf, pulledOf, valuesOf, varianceOf, varianceOff } from '../oracle/batchnorm.ts';
import { big, exact, nearest, ONE } from '../oracle/exact.ts';
import { FORMATS } from '../tolerance.ts';
import {
  type BatchCase,
  batchCase,
  COTANGENTS,
  exactly,
  forward,
  judged,
  kindOf,
  kinds,
  latticeCase,
  mapped,
  normOf,
  outputOf,
  pick,
  plainly,
  pull,
  scaled,
} from './normcases.ts';

const LAYERS = ['Ioffe & Szegedy 2015, Algorithm 1', 'Ba, Kiros & Hinton 2016, eq. 4'].join('; ');

/** Σ over the places of a group. */
const added = (entries: readonly Entry[], at: readonly number[], by: (i: number) => number = () => 1): Entry =>
  combined(pick(entries, at), (i) => exact(by(at[i] ?? 0)));

/** The exact sum of doubles, each with a factor, as the nearest double. */
const sumOf = (values: ArrayLike<number>, at: readonly number[], by: (i: number) => number = () => 1): number =>
  nearest(
    combined(
      pick(values, at).map((v) => ({ value: exact(v), allowed: 0 })),
      (i) => exact(by(at[i] ?? 0)),
    ).value,
  );

/** The allowed errors of two answers that should be alike. */
const either = (a: readonly Entry[], b: readonly Entry[]): readonly number[] =>
  a.map((e, i) => e.allowed + (b[i]?.allowed ?? 0));

const alike = (
  about: string,
  got: readonly number[],
  expected: readonly number[],
  allowed: readonly number[],
): Verdict =>
  within(
    about,
    got,
    expected.map((value) => ({ value, from: (g: number) => Math.abs(g - value) })),
    allowed,
  );

interface Scaled {
  readonly c: BatchCase;
  readonly k: number;
}

export const normLaws = [
  law<BatchCase>({
    id: 'norm/value',
    ref: 'B-12',
    class: '64-digit oracle',
    runs: 60,
    says: 'every output is γ·(x − mean)/√(variance + eps) + β with the biased variance of its group, for any scale, offset and eps',
    formula: 'y = γ·(x − μ)/√(σ² + ε) + β, σ² = Σ(x − μ)²/n',
    source: LAYERS,
    kills: ['burn #2186', 'burn #238', 'Flux #2421', 'keras #18795', 'mlx #1314'],
    subjects: kinds,
    given: batchCase,
    *holds(c, port, name) {
      return judged('y', yield* outputOf(name, c), valuesOf(normOf(c, port, name), port.dtype), port);
    },
  }),
  law<BatchCase>({
    id: 'norm/cotangents',
    ref: 'B-12',
    class: '64-digit oracle',
    runs: 60,
    says: 'dx, dγ and dβ are those of the whole Jacobian, entry by entry, for sign-mixed cotangents',
    formula: '∂ŷⱼ/∂xᵢ = (δᵢⱼ − 1/n)/r − (xⱼ − μ)·(∂r/∂xᵢ)/r²',
    source: 'Ioffe & Szegedy 2015, §3',
    kills: ['keras #19102', 'tinygrad #17201', 'gorgonia #510', 'tfjs-layers #970'],
    subjects: kinds,
    given: batchCase,
    *holds(c, port, name) {
      const got = yield* pull(name, c);
      const truth = pulledOf(normOf(c, port, name), c.dy.data, port.dtype);
      return every(COTANGENTS.map((f) => judged(f, got[f], truth[f], port)));
    },
  }),
  law<BatchCase>({
    id: 'norm/exact',
    ref: 'B-02, B-12',
    class: 'lattice',
    runs: 60,
    says: 'where every number on the way is dyadic, outputs and cotangents have no error at all',
    subjects: kinds,
    given: latticeCase,
    *holds(c, port, name) {
      const at = normOf(c, port, name);
      const y = yield* outputOf(name, c);
      const got = yield* pull(name, c);
      const truth = pulledOf(at, c.dy.data, port.dtype);
      return every([exactly('y', y, valuesOf(at, port.dtype)), ...COTANGENTS.map((f) => exactly(f, got[f], truth[f]))]);
    },
  }),
  law<BatchCase>({
    id: 'norm/output-mean',
    ref: 'B-01',
    class: 'rounding bound',
    runs: 30,
    says: 'before γ and β, the outputs of a group add up to 0',
    formula: '|Σŷ| ≤ the sum of what each may be off by',
    kills: ['keras #20815'],
    subjects: kinds,
    given: batchCase,
    *holds(c, port, name) {
      const at = normOf(plainly(c), port, name);
      const y = yield* outputOf(name, plainly(c));
      const truth = valuesOf(at, port.dtype);
      return every(
        at.groups.map((group, g) =>
          alike(`Σŷ of group ${g}`, [sumOf(y, group.at)], [0], [added(truth, group.at).allowed]),
        ),
      );
    },
  }),
  law<BatchCase>({
    id: 'norm/output-variance',
    ref: 'B-02',
    class: 'rounding bound',
    runs: 30,
    says: 'before γ and β, the outputs of a group have the variance σ²/(σ² + ε), biased',
    formula: 'Σŷ²/n = σ²/r²',
    kills: ['burn #2186', 'burn #2945', 'Flux #2421'],
    subjects: kinds,
    given: batchCase,
    *holds(c, port, name) {
      const at = normOf(plainly(c), port, name);
      const y = yield* outputOf(name, plainly(c));
      const truth = valuesOf(at, port.dtype);
      return every(
        at.groups.map((group, g) => {
          const { variance, root } = momentsOf(pick(c.x.data, group.at).map(exact), exact(c.eps), at.place);
          const value = variance.div(root).div(root);
          const off = Math.max(...pick(truth, group.at).map((e) => e.allowed));
          const entry = { value, allowed: varianceOff(value, off) + FORMATS.f64.u * nearest(value) };
          return judged(`variance of ŷ in group ${g}`, [nearest(varianceOf(pick(y, group.at)))], [entry], port);
        }),
      );
    },
  }),
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
    given: (port, name) => fc.record({ c: batchCase(port, name, { eps: [0] }), k: fc.integer({ min: -8, max: 8 }) }),
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
  law<BatchCase>({
    id: 'norm/cotangents-add-up-to-0',
    ref: 'B-08',
    class: 'rounding bound',
    runs: 40,
    says: 'the cotangents of a group add up to 0: an offset has no effect',
    formula: 'Σ dx = 0',
    kills: ['keras #19102', 'CrypTen #143'],
    subjects: kinds,
    given: batchCase,
    *holds(c, port, name) {
      const at = normOf(c, port, name);
      const { dx } = yield* pull(name, c);
      const truth = pulledOf(at, c.dy.data, port.dtype).dx;
      return every(
        at.groups.map((group, g) =>
          alike(`Σ dx of group ${g}`, [sumOf(dx, group.at)], [0], [added(truth, group.at).allowed]),
        ),
      );
    },
  }),
  law<BatchCase>({
    id: 'norm/cotangents-along-x',
    ref: 'B-09',
    class: 'rounding bound',
    runs: 40,
    says: 'along x itself only eps lets anything through: ⟨x − μ, dx⟩ is the share of eps of ⟨ŷ, γ·dy⟩, and 0 without eps',
    formula: 'Σ (x − μ)·dx = ε/(σ² + ε)·Σ γ·dy·ŷ',
    kills: ['Knet #288', 'gorgonia #510', 'tfjs-layers #970'],
    subjects: kinds,
    given: batchCase,
    *holds(c, port, name) {
      const at = normOf(c, port, name);
      const { dx } = yield* pull(name, c);
      const truth = pulledOf(at, c.dy.data, port.dtype).dx;
      return every(
        at.groups.map((group, g) => {
          const m = momentsOf(pick(c.x.data, group.at).map(exact), exact(c.eps), at.place);
          const share = exact(c.eps)
            .div(m.root)
            .div(at.place === 'inside' ? m.root : ONE);
          const along = group.at.reduce((s, to, i) => {
            const weight = exact(c.dy.data[to] ?? 0).times(exact(c.gamma.data[group.parameter[i] ?? 0] ?? 0));
            return s.plus(weight.times(m.hat[i] ?? ONE));
          }, big(0));
          const got = combined(
            pick(dx, group.at).map((v) => ({ value: exact(v), allowed: 0 })),
            (i) => m.centred[i] ?? ONE,
          );
          const { allowed } = combined(pick(truth, group.at), (i) => m.centred[i] ?? ONE);
          const expected = share.times(along);
          return judged(
            `⟨x − μ, dx⟩ of group ${g}`,
            [nearest(got.value)],
            [{ value: expected, allowed: allowed + FORMATS.f64.u * Math.abs(nearest(got.value)) }],
            port,
          );
        }),
      );
    },
  }),
  law<BatchCase>({
    id: 'norm/parameter-cotangents',
    ref: 'B-11',
    class: 'rounding bound',
    runs: 40,
    says: 'dγ adds up dy times the engine’s own normalised outputs, dβ adds up dy; neither depends on γ or β',
    formula: 'dγ = Σ dy·ŷ, dβ = Σ dy',
    kills: ['tfjs-layers #104'],
    subjects: kinds,
    given: batchCase,
    *holds(c, port, name) {
      const at = normOf(plainly(c), port, name);
      const y = yield* outputOf(name, plainly(c));
      const { dgamma, dbeta } = yield* pull(name, c);
      const hats = valuesOf(at, port.dtype);
      const truth = pulledOf(at, c.dy.data, port.dtype);
      const dy = (i: number): number => c.dy.data[i] ?? 0;
      const places = c.gamma.data.map((_, p) =>
        at.groups.flatMap((group) => group.at.filter((_to, i) => group.parameter[i] === p)),
      );
      return every([
        alike(
          'dγ',
          dgamma,
          places.map((of) => sumOf(y, of, dy)),
          places.map((of, p) => added(hats, of, dy).allowed + (truth.dgamma[p]?.allowed ?? 0)),
        ),
        alike(
          'dβ',
          dbeta,
          places.map((of) => sumOf(c.dy.data, of)),
          truth.dbeta.map((e, p) => e.allowed + FORMATS.f64.u * Math.abs(dbeta[p] ?? 0)),
        ),
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
  law<{ readonly c: BatchCase; readonly value: readonly number[]; readonly k: number }>({
    id: 'norm/no-variance',
    ref: 'B-22',
    class: 'lattice',
    runs: 40,
    says: 'where all numbers of a group are equal the output is β, and the cotangents are those of centring alone, divided by √eps',
    formula: 'y = β, dx = (γ·dy − mean(γ·dy))/√ε, dγ = 0',
    kills: ['torch #1381', 'Flux #1992', 'TF #34062', 'torch/nn #1271'],
    subjects: kinds,
    given: (port, name) =>
      latticeCase(port, name).chain((c) => {
        const n = kindOf(name).groups(c.x.shape).length;
        return fc.record({
          c: fc.constant(c),
          value: fc.array(small, { minLength: n, maxLength: n }),
          k: fc.integer({ min: -6, max: 2 }),
        });
      }),
    *holds({ c, value, k }, port, name) {
      const kind = kindOf(name);
      const flat = c.x.data.map((v) => v);
      kind.groups(c.x.shape).forEach(({ at }, g) => {
        for (const to of at) flat[to] = value[g] ?? 0;
      });
      const inside = kind.place(port) === 'inside';
      const even = { ...c, x: { shape: c.x.shape, data: flat }, eps: inside ? 4 ** k : 2 ** k };
      const answer = yield* forward(name, even);
      const beta = c.x.data.map((_, i) => c.beta.data[i % c.beta.data.length] ?? 0);
      const verdicts = [same('y', answer.tensor('y').data, beta)];
      if (kind.remembers) {
        const bad = ['mean', 'variance'].find((s) => !Array.from(answer.tensor(s).data).every(Number.isFinite));
        verdicts.push(claim(`running ${bad} is finite`, bad === undefined));
      }
      if (inside) {
        // outside the root, its slope at 0 is infinite
        const got = yield* pull(name, even);
        const truth = pulledOf(normOf(even, port, name), c.dy.data, port.dtype);
        verdicts.push(...COTANGENTS.map((f) => exactly(f, got[f], truth[f])));
      }
      return every(verdicts);
    },
  }),
  law<{ readonly features: number }>({
    id: 'norm/start',
    ref: 'B-19',
    class: 'exact',
    runs: 5,
    says: 'before any training γ is 1, β is 0, the running mean 0 and the running variance 1',
    source: LAYERS,
    kills: ['NNlib #576'],
    subjects: (port) => kinds(port).filter((name) => port.has(`layer.${name}.start`)),
    given: () => fc.record({ features: fc.integer({ min: 1, max: 5 }) }),
    *holds({ features }, _port, name) {
      const a = yield* ask(`layer.${name}.start`, { features });
      const all = (v: number): readonly number[] => new Array<number>(features).fill(v);
      return every([
        same('γ', a.tensor('gamma').data, all(1)),
        same('β', a.tensor('beta').data, all(0)),
        ...(kindOf(name).remembers
          ? [
              same('running mean', a.tensor('mean').data, all(0)),
              same('running variance', a.tensor('variance').data, all(1)),
            ]
          : []),
      ]);
    },
  }),
];

/** Outputs and cotangents of a case with an offset per group, against those without. */
function* unmoved(name: string, c: BatchCase, by: readonly number[]) {
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
function* rescaled(name: string, c: BatchCase, other: BatchCase, ofDx: number) {
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
