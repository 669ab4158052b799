// The chapter of edges, part four: networks of wide data, evaluations of every step, and diagnoses of several layers.
import fc from 'fast-check';
import { extent, filled, powerOfTwo, small, type Values, wideExtent } from '../arbitraries.ts';
import { ask, every, having, law, same, within } from '../law.ts';
import { exactly, FORMATS, gamma } from '../tolerance.ts';
import { lossAndGrad, needsNetwork, networksOf } from './cases.ts';
import { type Fit, fit, fits, needsFit } from './training-cases.ts';

const zeros = (n: number): Values => ({ shape: [n], data: new Array<number>(n).fill(0) });
const scaled = (v: Values, by: number): Values => ({ shape: v.shape, data: v.data.map((x) => x * by) });
const norm = (v: ArrayLike<number>): number => Math.hypot(...Array.from(v));

interface Net {
  readonly x: Values;
  readonly y: Values;
  readonly w: readonly Values[];
  readonly reduction: 'mean' | 'sum';
}
/** Two matrices of integers with a ReLU between them, now and then wide or of many samples. */
const twoLayers: fc.Arbitrary<Net> = fc
  .tuple(wideExtent(4), wideExtent(4), extent(4), extent(4))
  .chain(([n, inputs, units, outputs]) =>
    fc.record({
      x: filled([n, inputs], small),
      y: filled([n, outputs], fc.constant(1 / 2)),
      w: fc.tuple(filled([inputs, units], small), filled([units, outputs], small)),
      // a mean over a power of two is exact
      reduction: fc.constantFrom(
        'sum' as const,
        Number.isInteger(Math.log2(n * outputs)) ? ('mean' as const) : ('sum' as const),
      ),
    }),
  );

export const edgeTrainingLaws = [
  law<{ readonly c: Parameters<typeof lossAndGrad>[0]; readonly by: number }>({
    id: 'network/data-scaling',
    ref: 'G-24',
    class: 'power of two',
    runs: 60,
    says: 'data 2ᵏ times as large and first weights 2ᵏ times as small are the same network, bit for bit: only the gradient of the first weights is 2ᵏ times as large',
    formula: 'f(c·x; w₁/c) = f(x; w₁), ∂L/∂w₁ ↦ c·∂L/∂w₁',
    subjects: needsNetwork(),
    given: (port) => fc.record({ c: networksOf(port, 2), by: powerOfTwo(-24, 24) }),
    *holds({ c, by }, { dtype }) {
      const [w1, ...rest] = c.params;
      const moved = { ...c, x: scaled(c.x, by), params: [scaled(w1 as Values, 1 / by), ...rest] }; // there is a first layer
      const [a, b] = [yield* lossAndGrad(c), yield* lossAndGrad(moved)];
      // products that fall out of the range lose digits, which no power of two brings back
      const least = 2 ** (FORMATS[dtype].minExponent + FORMATS[dtype].digits);
      const first = [a, b].flatMap((answer) => Array.from(answer.tensors('gradients')[0]?.data ?? []));
      fc.pre(first.every((v) => v === 0 || !(Math.abs(v) < least)));
      const gradients = a.tensors('gradients').map((g, i) => Array.from(g.data, (v) => (i === 0 ? v * by : v)));
      return every([
        same('loss', b.tensor('loss').data, Array.from(a.tensor('loss').data)),
        same('output', b.tensor('output').data, Array.from(a.tensor('output').data)),
        ...gradients.map((g, i) => same(`gradient ${i}`, b.tensors('gradients')[i]?.data ?? [], g)),
      ]);
    },
  }),
  law<Fit>({
    id: 'train/evaluations',
    ref: 'T-08',
    class: 'rounding bound',
    runs: 6,
    says: 'what is watched after a step is the loss of the other data at the parameters of that step: that of a next batch of them',
    subjects: needsFit('training.network.fit_watched'),
    given: (port) => fits(port, { reductions: ['mean'] }),
    *holds(c, port) {
      const [validation, ...batches] = [...c.batches, ...c.batches, ...c.batches];
      if (validation === undefined) return same('batches', [0], [1]); // never: a fit has one at least
      const watched = yield* ask('training.network.fit_watched', { ...c, batches, validation, stopAt: -1 });
      const evaluations = watched.numbers('evaluations');
      const expected: number[] = [];
      for (const t of batches.keys()) {
        const losses = (yield* fit({ ...c, batches: [...batches.slice(0, t + 1), validation] })).numbers('losses');
        expected.push(losses[t + 1] ?? Number.NaN);
      }
      const { u } = FORMATS[port.dtype];
      return within(
        'evaluations',
        evaluations,
        expected.map(exactly),
        expected.map((v) => gamma(64, u) * Math.abs(v)),
      );
    },
  }),
  law<Net>({
    id: 'diagnose/slopes-by-hand',
    ref: 'X-05, X-01',
    class: 'lattice',
    runs: 60,
    says: 'the slopes are the lengths of what the layers’ own pull-backs hand on, and those of parameters the lengths of their gradients, for a mean as for a sum',
    formula: '‖∂L/∂x‖, ‖∂L/∂p‖',
    source: 'Bengio, Simard & Frasconi 1994; γₙ of squares, sum and root: numbers themselves are exact',
    subjects: having('diagnosis.network.slopes', 'layer.dense.vjp', 'activation.relu.vjp', 'loss.mse.vjp'),
    given: () => twoLayers,
    *holds({ x, y, w, reduction }, port) {
      const [w1, w2] = w as readonly [Values, Values];
      const [b1, b2] = [zeros(w1.shape[1] ?? 1), zeros(w2.shape[1] ?? 1)];
      const layers = [
        { type: 'dense', units: b1.data.length },
        { type: 'activation', name: 'relu' },
        { type: 'dense', units: b2.data.length },
      ];
      const got = yield* ask('diagnosis.network.slopes', {
        layers,
        loss: 'mse',
        reduction,
        params: [w1, b1, w2, b2],
        x,
        y,
      });
      const z = (yield* ask('layer.dense.forward', { x, w: w1, b: b1 })).tensor('y');
      const a = (yield* ask('activation.relu.forward', { x: z })).tensor('y');
      const prediction = (yield* ask('layer.dense.forward', { x: a, w: w2, b: b2 })).tensor('y');
      const dy = (yield* ask('loss.mse.vjp', { prediction, target: y, reduction })).tensor('dprediction');
      const second = yield* ask('layer.dense.vjp', { x: a, w: w2, b: b2, dy });
      const dz = (yield* ask('activation.relu.vjp', { x: z, dy: second.tensor('dx') })).tensor('dx');
      const first = yield* ask('layer.dense.vjp', { x, w: w1, b: b1, dy: dz });
      const { u } = FORMATS[port.dtype];
      const of = (about: string, numbers: readonly number[], tensors: readonly { data: ArrayLike<number> }[]) => {
        const sizes = tensors.map((t) => norm(t.data));
        const most = Math.max(...tensors.map((t) => t.data.length), x.data.length + y.data.length);
        return within(
          about,
          numbers,
          sizes.map(exactly),
          sizes.map((s) => gamma(4 * most + 16, u) * s),
        );
      };
      return every([
        of('slopes', got.numbers('slopes'), [first.tensor('dx'), dz, second.tensor('dx')]),
        of('slopes of parameters', got.numbers('parameters'), [
          first.tensor('dw'),
          first.tensor('db'),
          second.tensor('dw'),
          second.tensor('db'),
        ]),
      ]);
    },
  }),
  law<{ readonly widths: readonly number[]; readonly w: readonly Values[] }>({
    id: 'diagnose/symmetry-of-each-layer',
    ref: 'X-09, N-08',
    class: 'exact',
    runs: 60,
    says: 'copies are counted in every hidden layer on its own, however many units and layers there are',
    subjects: having('diagnosis.network.symmetry'),
    given: () =>
      fc.tuple(extent(2), wideExtent(4), wideExtent(4), extent(2)).chain((widths) =>
        fc.record({
          widths: fc.constant(widths),
          w: fc.tuple(...widths.slice(1).map((n, i) => filled([widths[i] ?? 1, n], fc.integer({ min: 0, max: 1 })))),
        }),
      ),
    *holds({ widths, w }) {
      const layers = widths
        .slice(1)
        .flatMap((units, i) => [...(i === 0 ? [] : [{ type: 'activation', name: 'tanh' }]), { type: 'dense', units }]);
      const params = w.flatMap((m) => [m, zeros(m.shape[1] ?? 1)]);
      const distinct = w.slice(1).map((next, l) => {
        const [before, units, after] = [w[l] as Values, next.shape[0] ?? 1, next.shape[1] ?? 1]; // one matrix before every other
        const texts = Array.from({ length: units }, (_, j) =>
          [...before.data.filter((_v, k) => k % units === j), ...next.data.slice(j * after, (j + 1) * after)].join(),
        );
        return new Set(texts).size;
      });
      const got = (yield* ask('diagnosis.network.symmetry', { layers, params })).numbers('distinct');
      return same('distinct units of every layer', got, distinct);
    },
  }),
];
