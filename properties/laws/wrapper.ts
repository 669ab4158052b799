// The chapter of wrappers: what stands around an optimizer does its own part, and leaves the rule inside as it is.
import fc from 'fast-check';
import type { Hyper } from '../../src/index.ts';
import { cotangent, filled, moderate, powerOfTwo, small, type Values, visiting } from '../arbitraries.ts';
import type { Plain } from '../contract.ts';
import { among, ask, each, every, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { WRAPPER_DEFAULTS } from '../oracle/defaults.ts';
import { expecting } from '../oracle/exact.ts';
import { Near } from '../oracle/near.ts';
import { published } from '../oracle/training.ts';
import type { PortInfo } from '../port.ts';
import { agree, allOff, between, decay, type Steps, type Training, training, trajectory } from './training.ts';

/** An optimizer inside, with its training. */
interface Wrapped {
  readonly inner: string;
  readonly r: Training;
  readonly hyper: Hyper;
}

interface Both {
  readonly params: Steps;
  readonly evaluated: Steps;
}
function* wrapped(name: string, { inner, r: { params, gradients, hyper: innerHyper }, hyper }: Wrapped): Inquiry<Both> {
  const answer = yield* ask(`wrapper.${name}.run`, { params, gradients, inner, innerHyper, hyper });
  return { params: answer.steps('params'), evaluated: answer.steps('evaluated') };
}

/** Any optimizer of the port, on gradients of ordinary size. */
const anyInner = (port: PortInfo, hyper: fc.Arbitrary<Hyper>, most = 6): fc.Arbitrary<Wrapped> =>
  fc
    .constantFrom(...each('optimizer', 'run')(port))
    .chain((inner) =>
      fc.record({ inner: fc.constant(inner), r: training(port, inner, undefined, { most, side: 2 }), hyper }),
    );

const wraps =
  (...names: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    each('optimizer', 'run')(port).length > 0 ? among(names, 'wrapper', 'run')(port) : [];

/** A few steps on small integers at rates that are powers of two: exact in every format. */
const exactTraining = (port: PortInfo, inner: string, most: number): fc.Arbitrary<Training> =>
  fc
    .tuple(fc.integer({ min: 1, max: most }), powerOfTwo(-2, 0), fc.constantFrom(1 / 2, 1 / 4))
    .chain(([n, lr, momentum]) =>
      fc.record({
        params: fc.tuple(filled([2], small), filled([1], small)),
        gradients: fc.array(fc.tuple(filled([2], small), filled([1], small)), { minLength: n, maxLength: n }),
        hyper: fc.constant(allOff(port, inner, { lr, momentum })),
      }),
    );
const EXACT = ['sgd', 'momentum', 'sign_sgd'];
const exactInner = (port: PortInfo, hyper: fc.Arbitrary<Hyper>, most: number): fc.Arbitrary<Wrapped> =>
  fc
    .constantFrom(...EXACT.filter((name) => port.has(`optimizer.${name}.run`)))
    .chain((inner) => fc.record({ inner: fc.constant(inner), r: exactTraining(port, inner, most), hyper }));
const wrapsExactly =
  (name: string) =>
  (port: PortInfo): readonly string[] =>
    EXACT.some((inner) => port.has(`optimizer.${inner}.run`)) ? among([name], 'wrapper', 'run')(port) : [];

const mapLeaves = (leaves: readonly Plain[], f: (v: number, leaf: number, j: number) => number): readonly Values[] =>
  leaves.map((leaf, i) => ({ shape: leaf.shape, data: Array.from(leaf.data, (v, j) => f(v, i, j)) }));
const at = (leaves: readonly Plain[] | undefined, i: number, j: number): number => leaves?.[i]?.data[j] ?? Number.NaN;

interface Probe {
  readonly params: readonly Values[];
  readonly gradients: readonly Values[];
  readonly rho: number;
}

export const wrapperLaws = [
  law<Wrapped>({
    id: 'wrapper/clips-first',
    ref: 'O-34',
    class: 'exact',
    runs: 40,
    says: 'an optimizer inside clipping does what it does on clipped gradients, bit for bit',
    subjects: (port) =>
      wraps(
        'clip_by_value',
        'clip_by_norm',
        'clip_by_global_norm',
      )(port).filter((name) => port.has(`clip.${name.slice(5)}.apply`)),
    given: (port) =>
      anyInner(
        port,
        between(port, 1 / 2, 3).map((limit) => ({ limit })),
      ),
    *holds(x, _port, name) {
      const gradients: Values[][] = [];
      for (const gs of x.r.gradients) {
        const cut = yield* ask(`clip.${name.slice(5)}.apply`, { gradients: gs, limit: x.hyper.limit ?? 0 });
        gradients.push([...mapLeaves(cut.tensors('gradients'), (v) => v)]);
      }
      return agree('w', (yield* wrapped(name, x)).params, yield* trajectory(x.inner, { ...x.r, gradients }));
    },
  }),
  law<Wrapped>({
    id: 'wrapper/coupled-decay',
    ref: 'O-33, O-24',
    class: 'lattice',
    runs: 60,
    says: 'coupled decay adds l2·w to the gradient of every step, without momentum as well as with it',
    formula: 'g + l2·w',
    kills: ['mlx #473', 'DenseNet #57'],
    subjects: wrapsExactly('coupled_decay'),
    given: (port) =>
      exactInner(
        port,
        powerOfTwo(-3, 0).map((l2) => ({ l2 })),
        4,
      ),
    *holds(x, _port, name) {
      const got = (yield* wrapped(name, x)).params;
      const l2 = x.hyper.l2 ?? 0;
      // where the weights have been is known from the answer; from there on the rule inside is asked
      const gradients = x.r.gradients.map((gs, t) => {
        const before: readonly Plain[] = t === 0 ? x.r.params : (got[t - 1] ?? []);
        return mapLeaves(gs, (g, i, j) => g + l2 * at(before, i, j));
      });
      return agree('w', got, yield* trajectory(x.inner, { ...x.r, gradients }));
    },
  }),
  law<{ readonly w: Values; readonly l2: number; readonly lr: number; readonly beta1: number; readonly beta2: number }>(
    {
      id: 'wrapper/coupled-decay-is-no-decay',
      ref: 'O-24',
      class: 'rounding bound',
      runs: 40,
      says: 'under Adam coupled decay is rescaled: without gradients the first step is lr·sign(w), however large l2 is',
      source: 'Loshchilov & Hutter 2019, §2',
      subjects: (port) => (port.has('optimizer.adam.run') ? among(['coupled_decay'], 'wrapper', 'run')(port) : []),
      given: (port) =>
        fc
          .record({
            w: filled([3], cotangent(port.dtype)),
            l2: powerOfTwo(-6, 2),
            lr: between(port, 1 / 16, 1),
            beta1: decay(port),
            beta2: decay(port),
          })
          .filter((h) => h.beta1 !== h.beta2),
      *holds({ w, l2, lr, beta1, beta2 }, port, name) {
        const hyper = allOff(port, 'adam', { lr, beta1, beta2 });
        const r: Training = { params: [w], gradients: [[{ shape: w.shape, data: w.data.map(() => 0) }]], hyper };
        const got = (yield* wrapped(name, { inner: 'adam', r, hyper: { l2 } })).params;
        const slope = { shape: w.shape, data: w.data.map((v) => l2 * v) };
        const near = published('adam', { ...r, gradients: [[slope]] }, port.dtype)[0]?.[0] ?? [];
        return within(
          'w after the first step',
          got[0]?.[0]?.data ?? [],
          w.data.map((v) => {
            const to = Near.of(v, port.dtype).minus(Near.of(lr, port.dtype).times(Math.sign(v)));
            return expecting(to.value, port.dtype);
          }),
          near.map((n) => n.error),
        );
      },
    },
  ),
  law<Wrapped>({
    id: 'wrapper/lookahead',
    ref: 'O-39',
    class: 'lattice',
    runs: 80,
    says: 'slow weights follow the fast ones by alpha after every period, and only then, and take them along; the memory of the rule inside is left alone',
    formula: 'slow ← slow + α·(fast − slow), fast ← slow',
    source: 'Zhang et al. 2019, Algorithm 1',
    subjects: wrapsExactly('lookahead'),
    given: (port) =>
      exactInner(
        port,
        fc.record({ period: fc.integer({ min: 1, max: 4 }), alpha: fc.constantFrom(0, 1 / 4, 1 / 2, 3 / 4) }),
        9,
      ),
    *holds(x, _port, name) {
      const got = (yield* wrapped(name, x)).params;
      // the rules inside do not look at the weights: their steps are those of the bare run
      const bare = yield* trajectory(x.inner, x.r);
      const { period = 1, alpha = 0 } = x.hyper;
      let [slow, fast] = [x.r.params, x.r.params];
      return every(
        bare.map((leaves, t) => {
          const before: readonly Plain[] = t === 0 ? x.r.params : (bare[t - 1] ?? []);
          fast = mapLeaves(fast, (v, i, j) => v + at(leaves, i, j) - at(before, i, j));
          if ((t + 1) % period === 0) {
            slow = mapLeaves(slow, (v, i, j) => v + alpha * (at(fast, i, j) - v));
            fast = slow;
          }
          return every(
            fast.map((leaf, i) => same(`w after step ${t + 1}, leaf ${i}`, got[t]?.[i]?.data ?? [], leaf.data)),
          );
        }),
      );
    },
  }),
  law<Wrapped>({
    id: 'wrapper/follows-all-the-way',
    ref: 'P-09, O-39',
    class: 'exact',
    runs: 40,
    says: 'slow weights that follow all the way, limits beyond any gradient and decay 0 leave every rule as it is, bit for bit, and nothing else is evaluated with',
    subjects: wraps('lookahead', 'coupled_decay', 'clip_by_value', 'clip_by_norm', 'clip_by_global_norm'),
    given: (port) =>
      anyInner(
        port,
        fc.integer({ min: 1, max: 4 }).map((period) => ({ period })),
      ),
    *holds(x, port, name) {
      const off: Readonly<Record<string, Hyper>> = {
        lookahead: { alpha: 1, period: x.hyper.period ?? 1 },
        coupled_decay: { l2: 0 },
      };
      const own = yield* wrapped(name, { ...x, hyper: off[name] ?? { limit: 1024 } });
      const bare = yield* trajectory(x.inner, x.r);
      const averages = x.inner.startsWith('schedule_free'); // which evaluate elsewhere by themselves
      return every([
        agree('w', own.params, bare),
        ...(averages || port.names('optimizer', 'run').length === 0 ? [] : [agree('evaluated', own.evaluated, bare)]),
      ]);
    },
  }),
  law<Wrapped>({
    id: 'wrapper/mean-of-weights',
    ref: 'O-21, O-39',
    class: '64-digit oracle',
    runs: 40,
    says: 'the exponential mean of the weights so far is what one evaluates with, its shares summing to 1 from the first step; the training itself goes on as without it',
    formula: '(1 − d)·Σ dᵗ⁻ⁱ·wᵢ/(1 − dᵗ)',
    source: 'Polyak & Juditsky 1992; Kingma & Ba 2015, §7.2',
    kills: ['tf-keras c7629ffc8'],
    subjects: wraps('ema'),
    given: (port) =>
      anyInner(
        port,
        visiting(decay(port), fc.constant(0)).map((d) => ({ decay: d })),
        40,
      ),
    *holds(x, port, name) {
      const own = yield* wrapped(name, x);
      const near = (v: number): Near => Near.of(v, port.dtype);
      const keep = near(x.hyper.decay ?? 0);
      const take = near(1).minus(keep);
      const sums = x.r.params.map((leaf) => leaf.data.map(() => near(0)));
      return every([
        agree('w', own.params, yield* trajectory(x.inner, x.r)),
        ...own.params.flatMap((leaves, t) =>
          leaves.map((leaf, i) => {
            const mean = Array.from(leaf.data, (v, j) => {
              const sum = keep.times(sums[i]?.[j] ?? near(0)).plus(take.times(v));
              (sums[i] ?? [])[j] = sum;
              return sum.over(near(1).minus(keep.power(t + 1)));
            });
            return within(
              `evaluated after step ${t + 1}, leaf ${i}`,
              own.evaluated[t]?.[i]?.data ?? [],
              mean.map((n) => expecting(n.value, port.dtype)),
              mean.map((n) => n.error),
            );
          }),
        ),
      ]);
    },
  }),
  law<Wrapped>({
    id: 'wrapper/averages-stay',
    ref: 'O-39',
    class: 'rounding bound',
    runs: 40,
    says: 'Schedule-Free is evaluated at the average of its iterates, of which the weights that it trains at are beta1 of the way',
    formula: 'y = (1 − β)·z + β·x',
    source: 'Defazio et al. 2024, eq. 2-4',
    subjects: (port) => (port.has('optimizer.schedule_free_sgd.run') ? wraps('coupled_decay')(port) : []),
    given: (port) =>
      fc.record({
        inner: fc.constant('schedule_free_sgd'),
        r: training(port, 'schedule_free_sgd', undefined, { most: 6, leaves: 1 }).map((r) => ({
          ...r,
          hyper: { ...r.hyper, weightDecay: 0 },
        })),
        hyper: fc.constant({ l2: 0 }),
      }),
    *holds(x, port, name) {
      // without decay its iterates do not depend on beta1: at 1 the weights are the average itself
      const average: Training = { ...x.r, hyper: { ...x.r.hyper, beta1: 1 } };
      const { evaluated } = yield* wrapped(name, x);
      const mean = published('schedule_free_sgd', average, port.dtype);
      return every(
        evaluated.map((leaves, t) =>
          within(
            `evaluated after step ${t + 1}`,
            leaves[0]?.data ?? [],
            (mean[t]?.[0] ?? []).map((n) => expecting(n.value, port.dtype)),
            (mean[t]?.[0] ?? []).map((n) => n.error),
          ),
        ),
      );
    },
  }),
  law<Probe>({
    id: 'wrapper/worst-nearby',
    ref: 'O-39',
    class: '64-digit oracle',
    runs: 60,
    says: 'the probe of sharpness is rho away along the gradient of all tensors together, and at the weights where there is no gradient',
    formula: 'w + rho·g/|g|',
    source: 'Foret et al. 2021, eq. 2',
    subjects: among(['sam'], 'wrapper', 'probe'),
    given: (port) =>
      fc
        .record({
          shapes: fc.constantFrom<readonly (readonly number[])[]>(
            [[2], [1]],
            [[1]],
            [[2], [1], [1, 11]],
            [[], [2, 1, 2], [3]],
          ),
          rho: visiting(between(port, 1 / 32, 2), fc.constant(0)),
          quiet: fc.constantFrom(-1, -1, 0, 1), // a tensor without gradient among others
        })
        .chain(({ shapes, rho, quiet }) =>
          fc.record({
            params: fc.tuple(...shapes.map((s) => filled(s, moderate(port.dtype)))),
            gradients: fc.tuple(
              ...shapes.map((s, i) =>
                filled(s, i === quiet && shapes.length > 1 ? fc.constant(0) : cotangent(port.dtype)),
              ),
            ),
            rho: fc.constant(rho),
          }),
        ),
    *holds({ params, gradients, rho }, port, name) {
      const near = (v: number): Near => Near.of(v, port.dtype);
      const none = mapLeaves(gradients, () => 0);
      const got = (yield* ask(`wrapper.${name}.probe`, { params, gradients, hyper: { rho } })).tensors('params');
      const still = (yield* ask(`wrapper.${name}.probe`, { params, gradients: none, hyper: { rho } })).tensors(
        'params',
      );
      const length = gradients
        .flatMap((g) => g.data)
        .reduce((s, v) => s.plus(near(v).square()), near(0))
        .root();
      return every([
        ...params.map((p, i) => {
          const want = p.data.map((w, j) =>
            near(w).plus(
              near(rho)
                .over(length)
                .times(at(gradients, i, j)),
            ),
          );
          return within(
            `leaf ${i}`,
            got[i]?.data ?? [],
            want.map((n) => expecting(n.value, port.dtype)),
            want.map((n) => n.error),
          );
        }),
        ...params.map((p, i) => same(`leaf ${i} without a gradient`, still[i]?.data ?? [], p.data)),
      ]);
    },
  }),
  law<Wrapped>({
    id: 'wrapper/defaults',
    ref: 'O-40',
    class: 'exact',
    runs: 20,
    says: 'numbers that are left out are those that the wrapper was published with',
    subjects: (port) =>
      port.conventions.optimizerDefaults === 'published'
        ? wraps(...Object.keys(WRAPPER_DEFAULTS))(port).filter(() => port.has('optimizer.sgd.run'))
        : [],
    given: (port) =>
      fc.record({
        inner: fc.constant('sgd'),
        r: training(port, 'sgd', undefined, { least: 5, most: 10, side: 2 }),
        hyper: fc.constant({}),
      }),
    *holds(x, _port, name) {
      const bare = yield* wrapped(name, x);
      const spelt = yield* wrapped(name, { ...x, hyper: WRAPPER_DEFAULTS[name] ?? {} });
      const verdicts: Verdict[] = [
        agree('w', bare.params, spelt.params),
        agree('evaluated', bare.evaluated, spelt.evaluated),
      ];
      return every(verdicts);
    },
  }),
];
