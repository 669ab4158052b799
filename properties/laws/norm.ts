// The chapter of normalisation by moments: values and cotangents over a batch and over features alike.
import fc from 'fast-check';
import { small } from '../arbitraries.ts';
import { ask, claim, every, law, same } from '../law.ts';
import { combined, type Entry, momentsOf, pulledOf, valuesOf, varianceOf, varianceOff } from '../oracle/batchnorm.ts';
import { big, exact, nearest, ONE } from '../oracle/exact.ts';
import { FORMATS } from '../tolerance.ts';
import {
  alike,
  type BatchCase,
  batchCase,
  COTANGENTS,
  exactly,
  forward,
  judged,
  kindOf,
  kinds,
  latticeCase,
  normOf,
  outputOf,
  pick,
  plainly,
  pull,
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
    runs: 12,
    says: 'before any training γ is 1, β is 0, the running mean 0 and the running variance 1',
    source: LAYERS,
    kills: ['NNlib #576'],
    subjects: (port) => kinds(port).filter((name) => port.has(`layer.${name}.start`)),
    given: () => fc.record({ features: fc.constantFrom(1, 2, 3, 9, 17) }),
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
