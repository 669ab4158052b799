// Symmetries of networks: names and order of features, samples and units, signs, twins and silent units must not matter.
import fc from 'fast-check';
import { moderate, type NetworkCase, type Values, visiting } from '../arbitraries.ts';
import { ask, claim, every, having, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { anyNetwork } from '../networks.ts';
import { exact, expecting, ZERO } from '../oracle/exact.ts';
import { gradientsOver } from '../oracle/model.ts';
import { bounded } from '../oracle/readings.ts';
import { labels } from '../placing.ts';
import type { PortInfo } from '../port.ts';
import { exactly, FORMATS, gamma, grantOf } from '../tolerance.ts';
import { boundedOf, lattice, like, lossAndGrad, meant, needsLattice, needsNetwork, networksOf } from './cases.ts';

/** Rows of a table in another order: row i is the old row of(i). */
const rowsBy = (
  v: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  of: (i: number) => number,
): Values => {
  const width = v.shape.at(-1) ?? 1;
  return {
    shape: v.shape,
    data: Array.from(
      { length: v.data.length },
      (_, k) => v.data[of(Math.floor(k / width)) * width + (k % width)] ?? Number.NaN,
    ),
  };
};
/** Columns likewise; a vector is one row. */
const columnsBy = (
  v: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  of: (j: number) => number,
): Values => {
  const width = v.shape.at(-1) ?? 1;
  return {
    shape: v.shape,
    data: Array.from({ length: v.data.length }, (_, k) => v.data[k - (k % width) + of(k % width)] ?? Number.NaN),
  };
};
const turn =
  (n: number) =>
  (i: number): number =>
    (i + 1) % n;

export const forward = (c: NetworkCase, mode: 'train' | 'eval'): Inquiry<{ readonly data: ArrayLike<number> }> =>
  (function* () {
    const { layers, params, x, state, uniforms } = c;
    return (yield* ask('model.network.forward', {
      layers,
      params,
      x,
      mode,
      ...(state === undefined ? {} : { state }),
      ...(uniforms === undefined ? {} : { uniforms }),
    })).tensor('output');
  })();
export const needsForward = (port: PortInfo): readonly string[] =>
  needsNetwork()(port).filter(() => having('model.network.forward')(port).length > 0);

/** Two dense layers with an activation between. */
type Two = readonly [w1: Values, b1: Values, w2: Values, b2: Values];
const four = (c: NetworkCase): Two => c.params as unknown as Two; // by the depth of the generator

const named = (
  c: NetworkCase,
  got: readonly { readonly data: ArrayLike<number> }[],
  expected: readonly (readonly number[])[],
): readonly Verdict[] =>
  expected.map((e, i) => same(`gradient of ${labels(c.layers, 'params')[i]}`, got[i]?.data ?? [], e));

export const networkSymmetryLaws = [
  law<NetworkCase>({
    id: 'network/input-permutation',
    ref: 'N-02',
    class: 'lattice',
    runs: 50,
    says: 'renaming input features, in the data and in the first weights, changes no output and permutes their gradients',
    subjects: needsLattice,
    given: (port) => lattice(port, 2),
    *holds(c) {
      const [w1, ...rest] = four(c);
      const of = turn(w1.shape[0] ?? 1);
      const a = yield* lossAndGrad(c);
      const b = yield* lossAndGrad({ ...c, x: columnsBy(c.x, of), params: [rowsBy(w1, of), ...rest] });
      const [g1, ...others] = a.tensors('gradients');
      return every([
        same('output', b.tensor('output').data, a.tensor('output').data),
        ...named(c, b.tensors('gradients'), [
          g1 === undefined ? [] : rowsBy(g1, of).data,
          ...others.map((g) => Array.from(g.data)),
        ]),
      ]);
    },
  }),
  law<NetworkCase>({
    id: 'network/batch-permutation',
    ref: 'N-03',
    class: 'exact',
    runs: 50,
    says: 'samples in another order, each with its own uniforms, give the same outputs in that order bit for bit, and gradients that differ by the order of summation alone',
    kills: ['keras #19363'],
    subjects: needsNetwork(),
    given: (port) => anyNetwork(port, { parts: port.parts.filter((p) => p !== 'batchNorm') }),
    *holds(c, port) {
      const of = turn(c.x.shape[0] ?? 1);
      const a = yield* lossAndGrad(c);
      const b = yield* lossAndGrad({
        ...c,
        x: rowsBy(c.x, of),
        y: rowsBy(c.y, of),
        ...(c.uniforms === undefined ? {} : { uniforms: c.uniforms.map((u) => rowsBy(u, of)) }),
      });
      const bound = gradientsOver(bounded(grantOf(port)), meant(c, port), boundedOf).gradients;
      return every([
        same('output', b.tensor('output').data, rowsBy(a.tensor('output'), of).data),
        ...a.tensors('gradients').map((g, i) =>
          within(
            `gradient of ${labels(c.layers, 'params')[i]}`,
            b.tensors('gradients')[i]?.data ?? [],
            Array.from(g.data, exactly),
            Array.from(bound[i]?.error.view ?? [], (v) => 2 * v),
          ),
        ),
      ]);
    },
  }),
  law<NetworkCase>({
    id: 'network/batch-independence',
    ref: 'N-04',
    class: 'exact',
    runs: 50,
    says: 'in eval mode the output for a sample is the same bits alone and in a batch, whatever layers there are',
    kills: ['tinygrad #4351', 'PyTorch #194664'],
    subjects: needsForward,
    given: (port) => visiting(anyNetwork(port), anyNetwork(port, { inputs: 11, batch: 3 })),
    *holds(c) {
      const whole = yield* forward(c, 'eval');
      const [n = 1, d = 1] = c.x.shape;
      const m = c.y.shape[1] ?? 1;
      const verdicts: Verdict[] = [];
      for (let i = 0; i < n; i++) {
        const alone = yield* forward({ ...c, x: { shape: [1, d], data: c.x.data.slice(i * d, (i + 1) * d) } }, 'eval');
        verdicts.push(
          same(`output of sample ${i} alone`, alone.data, Array.from(whole.data).slice(i * m, (i + 1) * m)),
        );
      }
      return every(verdicts);
    },
  }),
  law<{ readonly c: NetworkCase; readonly unit: number }>({
    id: 'network/unit-removal',
    ref: 'N-05',
    class: 'lattice',
    runs: 50,
    says: 'a hidden unit without outgoing weights can be deleted: outputs and all other gradients stay, and its own incoming gradients are zero',
    subjects: needsLattice,
    given: (port) =>
      fc.record({ c: lattice(port, 2).filter((c) => (c.params[1]?.data.length ?? 0) > 1), unit: fc.nat({ max: 9 }) }),
    *holds({ c, unit }) {
      const [w1, b1, w2, b2] = four(c);
      const [h, m] = [b1.data.length, b2.data.length];
      const gone = unit % h;
      const silent = like(
        w2,
        w2.data.map((v, k) => (Math.floor(k / m) === gone ? 0 : v)),
      );
      const inColumn = (k: number): boolean => k % h === gone;
      const inRow = (k: number): boolean => Math.floor(k / m) === gone;
      const without = (data: ArrayLike<number>, out: (k: number) => boolean): number[] =>
        Array.from(data).filter((_, k) => !out(k));
      const a = yield* lossAndGrad({ ...c, params: [w1, b1, silent, b2] });
      const b = yield* lossAndGrad({
        ...c,
        layers: c.layers.map((l, i) => (i === 0 ? { type: 'dense' as const, units: h - 1 } : l)),
        params: [
          { shape: [w1.shape[0] ?? 1, h - 1], data: without(w1.data, inColumn) },
          { shape: [h - 1], data: without(b1.data, inColumn) },
          { shape: [h - 1, m], data: without(silent.data, inRow) },
          b2,
        ],
      });
      const [g1, g2, g3, g4] = a.tensors('gradients').map((g) => g.data);
      if (!g1 || !g2 || !g3 || !g4) return claim('four gradients', false);
      return every([
        same('output', b.tensor('output').data, a.tensor('output').data),
        ...named(c, b.tensors('gradients'), [
          without(g1, inColumn),
          without(g2, inColumn),
          without(g3, inRow),
          Array.from(g4),
        ]),
        same(
          'incoming gradients of the silent unit',
          [...without(g1, (k) => !inColumn(k)), ...without(g2, (k) => !inColumn(k))],
          new Array((w1.shape[0] ?? 1) + 1).fill(0),
        ),
      ]);
    },
  }),
  law<{ readonly c: NetworkCase; readonly unit: number }>({
    id: 'network/unit-duplication',
    ref: 'N-06',
    class: 'lattice',
    runs: 50,
    says: 'a hidden unit made twice with half its outgoing weights each is the same function; the twins share its incoming gradient',
    source: 'Chen, Goodfellow & Shlens 2016, §2.1 (Net2Wider)',
    subjects: needsLattice,
    given: (port) => fc.record({ c: lattice(port, 2), unit: fc.nat({ max: 9 }) }),
    *holds({ c, unit }) {
      const [w1, b1, w2, b2] = four(c);
      const [n, h, m] = [w1.shape[0] ?? 1, b1.data.length, b2.data.length];
      const twin = unit % h;
      // the twin comes last
      const wide = (data: readonly number[], rows: number): number[] =>
        Array.from({ length: rows }, (_, i) => [...data.slice(i * h, (i + 1) * h), data[i * h + twin] ?? 0]).flat();
      const half = w2.data.map((v, k) => (Math.floor(k / m) === twin ? v / 2 : v));
      const a = yield* lossAndGrad(c);
      const b = yield* lossAndGrad({
        ...c,
        layers: c.layers.map((l, i) => (i === 0 ? { type: 'dense' as const, units: h + 1 } : l)),
        params: [
          { shape: [n, h + 1], data: wide(w1.data, n) },
          { shape: [h + 1], data: wide(b1.data, 1) },
          { shape: [h + 1, m], data: [...half, ...half.slice(twin * m, (twin + 1) * m)] },
          b2,
        ],
      });
      const [g1, g2, g3, g4] = a.tensors('gradients').map((g) => Array.from(g.data));
      if (!g1 || !g2 || !g3 || !g4) return claim('four gradients', false);
      const shared = (g: readonly number[]): readonly number[] => g.map((v, k) => (k % h === twin ? v / 2 : v));
      return every([
        same('output', b.tensor('output').data, a.tensor('output').data),
        ...named(c, b.tensors('gradients'), [
          wide(shared(g1) as number[], n),
          wide(shared(g2) as number[], 1),
          [...g3, ...g3.slice(twin * m, (twin + 1) * m)],
          g4,
        ]),
      ]);
    },
  }),
  law<{ readonly c: NetworkCase; readonly unit: number }>({
    id: 'network/sign-symmetry',
    ref: 'N-07',
    class: 'exact',
    runs: 50,
    says: 'turning the signs of a unit of an odd activation, going in and going out, changes no output bit and turns its gradients',
    source: 'Sussmann 1992',
    subjects: needsNetwork('activation.tanh.vjp'),
    given: (port) =>
      fc.record({
        c: networksOf(port, 2, moderate(port.dtype), ['tanh', 'identity', 'softsign', 'hard_tanh']),
        unit: fc.nat({ max: 9 }),
      }),
    *holds({ c, unit }) {
      const [w1, b1, w2, b2] = four(c);
      const [h, m] = [b1.data.length, b2.data.length];
      const turned = unit % h;
      const signs = [
        (k: number): number => (k % h === turned ? -1 : 1),
        (k: number): number => (k === turned ? -1 : 1),
        (k: number): number => (Math.floor(k / m) === turned ? -1 : 1),
        (): number => 1,
      ];
      const flip = (data: ArrayLike<number>, i: number): number[] =>
        Array.from(data, (v, k) => v * (signs[i]?.(k) ?? 1));
      const a = yield* lossAndGrad(c);
      const b = yield* lossAndGrad({ ...c, params: [w1, b1, w2, b2].map((p, i) => like(p, flip(p.data, i))) });
      return every([
        same('output', b.tensor('output').data, a.tensor('output').data),
        ...named(
          c,
          b.tensors('gradients'),
          a.tensors('gradients').map((g, i) => flip(g.data, i)),
        ),
      ]);
    },
  }),
  law<NetworkCase>({
    id: 'network/all-zero',
    ref: 'N-08',
    class: 'exact',
    runs: 40,
    says: 'in a network of zeros whose activations are 0 at 0, no weight and no hidden bias has a gradient: the output bias alone moves',
    source: 'Rumelhart, Hinton & Williams 1986 (breaking symmetry)',
    subjects: needsNetwork('loss.mse.vjp'),
    given: (port) =>
      networksOf(port, 3, moderate(port.dtype), ['tanh', 'relu', 'identity', 'softsign', 'gelu', 'silu'], ['mse']),
    *holds(c, port) {
      const zeros = c.params.map((p) =>
        like(
          p,
          p.data.map(() => 0),
        ),
      );
      const answer = yield* lossAndGrad({ ...c, params: zeros });
      const g = answer.tensors('gradients');
      const last = c.params.length - 1;
      const m = c.params[last]?.data.length ?? 1;
      const [n, { round, u }] = [c.x.shape[0] ?? 1, FORMATS[port.dtype]];
      const share = c.reduction === 'mean' ? n * m : 1;
      const sums = Array.from({ length: m }, (_, j) => {
        const column = c.y.data.filter((_v, k) => k % m === j);
        return {
          sum: column.reduce((s, v) => s.plus(exact(v).times(-2).div(share)), ZERO),
          size: column.reduce((s, v) => s + Math.abs(v), 0),
        };
      });
      return every([
        ...named(
          c,
          g,
          zeros.slice(0, last).map((z) => z.data),
        ),
        same(
          'output',
          answer.tensor('output').data.length === n * m ? answer.tensor('output').data : [],
          new Array(n * m).fill(0),
        ),
        within(
          'gradient of the output bias',
          g[last]?.data ?? [],
          sums.map(({ sum }) => expecting(sum, port.dtype)),
          sums.map(({ size }) => round(2 * size * gamma(n + 2, u)) + FORMATS[port.dtype].tiny),
        ),
      ]);
    },
  }),
];
