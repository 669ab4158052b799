// Structure of gradients: samples add up, products have rank one, identities and homogeneity balance, without any oracle.
import fc from 'fast-check';
import type { NetworkCase, Values } from '../arbitraries.ts';
import type { AnyLayer } from '../args.ts';
import type { Plain } from '../contract.ts';
import { claim, every, law, same, type Verdict } from '../law.ts';
import { anyNetwork, needsOf } from '../networks.ts';
import { labels } from '../placing.ts';
import { FORMATS } from '../tolerance.ts';
import { lattice, like, lossAndGrad, needsLattice, needsNetwork, networksOf } from './cases.ts';

/** One sample of a batch as a batch of its own. */
const row = (v: Values, i: number): Values => {
  const width = v.shape[1] ?? 1;
  return { shape: [1, width], data: v.data.slice(i * width, (i + 1) * width) };
};
const alone = (c: NetworkCase, i: number): NetworkCase => ({ ...c, x: row(c.x, i), y: row(c.y, i) });

/** Everything that an answer about a network says, by name. */
const compared = (names: readonly string[], got: readonly Plain[], expected: readonly Plain[]): readonly Verdict[] =>
  expected.map((e, i) => same(names[i] ?? `tensor ${i}`, got[i]?.data ?? [], e.data));

export const gradientStructureLaws = [
  law<NetworkCase>({
    id: 'gradient/mean-over-samples',
    ref: 'G-10',
    class: 'lattice',
    runs: 50,
    says: 'with the mean, the gradient of a batch is the mean of those of its samples',
    kills: ['mistnet #33', 'keras #19363'],
    subjects: needsLattice,
    given: (port) =>
      lattice(port, 2)
        .filter((c) => c.x.shape[0] === 2 && c.y.shape[1] !== 3) // quotients by powers of two are exact
        .map((c) => ({ ...c, reduction: 'mean' as const })),
    *holds(c) {
      const whole = (yield* lossAndGrad(c)).tensors('gradients');
      const [a, b] = [
        (yield* lossAndGrad(alone(c, 0))).tensors('gradients'),
        (yield* lossAndGrad(alone(c, 1))).tensors('gradients'),
      ];
      const names = labels(c.layers, 'params');
      return every(
        whole.map((g, i) =>
          same(
            `gradient of ${names[i]}`,
            g.data,
            Array.from(g.data, (_, k) => ((a[i]?.data[k] ?? Number.NaN) + (b[i]?.data[k] ?? Number.NaN)) / 2),
          ),
        ),
      );
    },
  }),
  law<NetworkCase>({
    id: 'gradient/outer-product',
    ref: 'G-11',
    class: 'exact',
    runs: 50,
    says: 'for one sample the gradient of a weight is that of its bias times what came in: dW[i][j] = a[i]·db[j], bit for bit',
    source: 'Rumelhart, Hinton & Williams 1986',
    kills: ['candle #211', 'neuronika #87'],
    subjects: needsNetwork('loss.mse.vjp'),
    given: (port) => networksOf(port, 3).map((c) => alone(c, 0)),
    *holds(c, port) {
      const { round } = FORMATS[port.dtype];
      const grads = (yield* lossAndGrad(c)).tensors('gradients');
      const verdicts: Verdict[] = [];
      let a: ArrayLike<number> = c.x.data;
      for (let l = 0; 2 * l < grads.length; l++) {
        const [dw, db] = [grads[2 * l], grads[2 * l + 1]];
        const m = db?.data.length ?? 1;
        verdicts.push(
          same(
            `dW of dense layer ${l}`,
            dw?.data ?? [],
            Array.from(dw?.data ?? [], (_, k) => round((a[Math.floor(k / m)] ?? 0) * (db?.data[k % m] ?? 0))),
          ),
        );
        const layers = c.layers.slice(0, 2 * l + 2); // up to the activation behind this layer
        if (layers.length === c.layers.length + 1 || 2 * l + 2 > c.layers.length) break;
        const y = { shape: [1, m], data: new Array<number>(m).fill(0) };
        a = (yield* lossAndGrad({ ...c, layers, params: c.params.slice(0, 2 * l + 2), loss: 'mse', y })).tensor(
          'output',
        ).data;
      }
      return every(verdicts);
    },
  }),
  law<NetworkCase>({
    id: 'gradient/rank-one',
    ref: 'G-12',
    class: 'lattice',
    runs: 60,
    says: 'for one sample the gradient of a weight matrix has rank one: each of its 2×2 minors is zero',
    subjects: needsLattice,
    given: (port) => lattice(port, 3).map((c) => alone(c, 0)),
    *holds(c) {
      const grads = (yield* lossAndGrad(c)).tensors('gradients').filter((g) => g.shape.length === 2);
      const minors = grads.flatMap((g) => {
        const [n = 1, m = 1] = g.shape;
        const at = (i: number, j: number): number => g.data[i * m + j] ?? Number.NaN;
        const found: number[] = [];
        for (let i = 1; i < n; i++)
          for (let j = 1; j < m; j++)
            for (let k = 0; k < i; k++)
              for (let l = 0; l < j; l++) found.push(at(i, j) * at(k, l) - at(i, l) * at(k, j));
        return found;
      });
      return same(
        'minors',
        minors,
        minors.map(() => 0),
      );
    },
  }),
  law<{ readonly c: NetworkCase; readonly at: number; readonly how: 'activation' | 'dense' }>({
    id: 'gradient/identity-inserted',
    ref: 'G-15',
    class: 'exact',
    runs: 60,
    says: 'an identity put between two layers, as an activation or as the unit matrix, changes no output and no gradient',
    subjects: needsNetwork('activation.identity.vjp'),
    given: (port) =>
      fc.record({
        // a penalty is one more contribution, and three are added in any order
        c: anyNetwork(port, { parts: port.parts.filter((p) => p !== 'regulariser') }),
        at: fc.nat({ max: 9 }),
        how: fc.constantFrom('activation' as const, 'dense' as const),
      }),
    *holds({ c, at, how }) {
      const place = at % (c.layers.length + 1);
      const before = needsOf(c.layers.slice(0, place), c.x.shape[1] ?? 1);
      const n = before.width;
      const k = before.params.length;
      const eye = { shape: [n, n], data: Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? 1 : 0)) };
      const none = { shape: [n], data: new Array<number>(n).fill(0) };
      const layer: AnyLayer = how === 'dense' ? { type: 'dense', units: n } : { type: 'activation', name: 'identity' };
      const more = how === 'dense' ? [eye, none] : [];
      const a = yield* lossAndGrad(c);
      const b = yield* lossAndGrad({
        ...c,
        layers: [...c.layers.slice(0, place), layer, ...c.layers.slice(place)],
        params: [...c.params.slice(0, k), ...more, ...c.params.slice(k)],
      });
      const rest = b.tensors('gradients').filter((_, i) => i < k || i >= k + more.length);
      return every([
        same('output', b.tensor('output').data, a.tensor('output').data),
        ...compared(labels(c.layers, 'params'), rest, a.tensors('gradients')),
      ]);
    },
  }),
  law<{ readonly a: NetworkCase; readonly b: NetworkCase }>({
    id: 'gradient/reentrant',
    ref: 'G-21',
    class: 'exact',
    runs: 40,
    says: 'the backward pass of a model leaves nothing behind: again, with another model between, it gives the same bits',
    kills: ['mxnet #18500', 'tinygrad #4351'],
    subjects: needsNetwork(),
    given: (port) => fc.record({ a: anyNetwork(port), b: anyNetwork(port) }),
    *holds({ a, b }) {
      const first = yield* lossAndGrad(a);
      yield* lossAndGrad(b);
      const again = yield* lossAndGrad(a);
      return every([
        same('loss', again.tensor('loss').data, first.tensor('loss').data, { zeros: 'signed' }),
        same('output', again.tensor('output').data, first.tensor('output').data, { zeros: 'signed' }),
        ...compared(labels(a.layers, 'params'), again.tensors('gradients'), first.tensors('gradients')),
        ...(a.state === undefined
          ? []
          : compared(labels(a.layers, 'state'), again.tensors('state'), first.tensors('state'))),
      ]);
    },
  }),
  law<NetworkCase>({
    id: 'gradient/balance',
    ref: 'G-22',
    class: 'lattice',
    runs: 60,
    says: 'at every unit of a positively homogeneous activation, weights times gradients going in and going out are equal',
    formula: 'Σᵢ w₁[i][j]·g₁[i][j] + b[j]·g[j] = Σₖ w₂[j][k]·g₂[j][k]',
    source: 'Du, Hu & Lee 2018, Theorem 2.1',
    subjects: needsLattice,
    given: (port) => lattice(port, 3),
    *holds(c) {
      const g = (yield* lossAndGrad(c)).tensors('gradients');
      const product = (leaf: number, k: number): number =>
        (c.params[leaf]?.data[k] ?? 0) * (g[leaf]?.data[k] ?? Number.NaN);
      const verdicts = [0, 2].map((leaf): Verdict => {
        const [h, m] = [c.params[leaf + 1]?.data.length ?? 1, c.params[leaf + 3]?.data.length ?? 1];
        const [into, out] = [new Array<number>(h).fill(0), new Array<number>(h).fill(0)];
        c.params[leaf]?.data.forEach((_, k) => {
          into[k % h] = (into[k % h] ?? 0) + product(leaf, k);
        });
        for (let j = 0; j < h; j++) into[j] = (into[j] ?? 0) + product(leaf + 1, j);
        c.params[leaf + 2]?.data.forEach((_, k) => {
          const j = Math.floor(k / m);
          out[j] = (out[j] ?? 0) + product(leaf + 2, k);
        });
        return same(`hidden layer ${leaf / 2}: in against out`, into, out);
      });
      return every(verdicts);
    },
  }),
  law<NetworkCase>({
    id: 'gradient/euler',
    ref: 'G-23',
    class: 'lattice',
    runs: 60,
    says: 'without biases every layer’s weights times their gradients come to the same number, that of the output times its cotangent',
    formula: '⟨Wₗ, ∂L/∂Wₗ⟩ = Σ f·2·(f − y) for each l',
    source: 'Euler 1755 (homogeneous functions)',
    subjects: needsLattice,
    given: (port) =>
      lattice(port, 3).map((c) => ({
        ...c,
        params: c.params.map((p) =>
          p.shape.length === 1
            ? like(
                p,
                p.data.map(() => 0),
              )
            : p,
        ),
      })),
    *holds(c) {
      const answer = yield* lossAndGrad(c);
      const f = answer.tensor('output').data;
      const expected = Array.from(f).reduce((s, v, i) => s + v * 2 * (v - (c.y.data[i] ?? 0)), 0);
      const sums = answer
        .tensors('gradients')
        .flatMap((g, i) =>
          g.shape.length === 2
            ? [c.params[i]?.data.reduce((s, w, k) => s + w * (g.data[k] ?? Number.NaN), 0) ?? Number.NaN]
            : [],
        );
      return sums.length === 3
        ? same(
            '⟨W, dW⟩ layer by layer',
            sums,
            sums.map(() => expected),
          )
        : claim('three weight matrices', false, sums.length, 3);
    },
  }),
];
