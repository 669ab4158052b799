// The chapter of edges, part six: numbers spelt out, a thousand steps, averages handed on, and wrappers one around another.
import fc from 'fast-check';
import type { Hyper } from '../../src/index.ts';
import { cotangent, filled, powerOfTwo, small, type Values } from '../arbitraries.ts';
import { ask, each, every, having, law, same, type Verdict, within } from '../law.ts';
import { CONSTANT } from '../oracle/closed.ts';
import { OPTIMIZER_DEFAULTS } from '../oracle/defaults.ts';
import { exact, expecting, nearest, ONE, sqrt } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { exactly, FORMATS, gamma } from '../tolerance.ts';
import { agree, allOff, keysOf, standard, type Training, training, trajectory } from './training.ts';

/** What was published, written out: what is not named there is off. */
const speltOut = (port: PortInfo, name: string): Hyper => ({
  ...Object.fromEntries(keysOf(port, name).map((key) => [key, 0])),
  ...Object.fromEntries(
    Object.entries(OPTIMIZER_DEFAULTS[name] ?? {}).filter(([key]) => keysOf(port, name).includes(key)),
  ),
});
const published = (port: PortInfo): readonly string[] => standard(port).filter((name) => name in OPTIMIZER_DEFAULTS);

/** Gradients of one size and any signs. */
interface Balanced {
  readonly w: number;
  readonly signs: readonly number[];
  readonly size: number;
  readonly lr: number;
  readonly beta2: number;
  readonly eps: number;
}

/** Roundings of a step of Yogi, whichever way it is written: two means, their corrections, a root, a quotient, a product and a sum. */
const YOGI_ROUNDINGS = 32;

/** More steps than any table of powers is long. */
const THOUSAND = 1040;
/** Rules whose memories are sums of terms of one sign under a constant gradient, so that no step cancels. */
const FAR =
  'sgd momentum nesterov sign_sgd signum lion adagrad rmsprop adamax adam adamw amsgrad nadam adan adopt'.split(' ');

interface Wrap {
  readonly name: string;
  readonly hyper: Hyper;
}
interface Ordered {
  readonly params: readonly Values[];
  readonly gradients: readonly (readonly Values[])[];
  readonly lr: number;
  readonly wrappers: readonly Wrap[];
  readonly scheduled: boolean;
}
/** Steps of a line from 1 to 0: all its factors are exact. */
const LINE = 4;

/** What each wrapper makes of a gradient g at the weight w, on integers and powers of two. */
const TURNS: Readonly<Record<string, (g: number, w: number, hyper: Hyper) => number>> = {
  clip_by_value: (g, _w, { limit = 1 }) => Math.max(-limit, Math.min(limit, g)),
  coupled_decay: (g, w, { l2 = 0 }) => g + l2 * w,
};
/** From the inside out: the outermost sees the gradient first. */
const walked = ({ params, gradients, lr, wrappers, scheduled }: Ordered): readonly (readonly Values[])[] => {
  let now = params;
  return gradients.map((gs, t) => {
    const rate = lr * (scheduled ? (LINE - t) / LINE : 1);
    now = now.map(({ shape, data }, i) => ({
      shape,
      data: data.map((w, j) => {
        const g = wrappers.reduceRight(
          (v, { name, hyper }) => TURNS[name]?.(v, w, hyper) ?? Number.NaN,
          gs[i]?.data[j] ?? Number.NaN,
        );
        return w - rate * g;
      }),
    }));
    return now;
  });
};

export const edgeOptimizerLaws = [
  law<Training>({
    id: 'optimizer/spelt-out',
    ref: 'O-40, P-09',
    class: 'exact',
    runs: 4,
    says: 'hyper-parameters spelt out as they were published give the same bits as those that are left out, all of them, for vectors, matrices and blocks, and for more than eight steps',
    kills: ['tfjs-layers #259', 'keras #19364'],
    subjects: (port) => (port.conventions.optimizerDefaults === 'published' ? published(port) : []),
    given: (port, name) =>
      training(port, name, cotangent(port.dtype), {
        least: 9,
        most: 12,
        shapes: [[2], [2, 3], [2, 1, 2], [3, 2], []],
      }).map((r) => ({ ...r, hyper: {} })),
    *holds(r, port, name) {
      const bare = yield* trajectory(name, r);
      return agree('w', yield* trajectory(name, { ...r, hyper: speltOut(port, name) }), bare);
    },
  }),
  law<{ readonly w: number; readonly g: number }>({
    id: 'optimizer/thousand-steps',
    ref: 'O-12, O-39',
    class: '64-digit oracle',
    runs: 1,
    says: 'under a constant gradient the step after a thousand others is still that of the closed form, with the numbers that were published',
    formula: 'w₁₀₄₀ − w₁₀₃₉',
    source: 'means of one sign are within γ of their number of steps: Higham 2002, §3.1',
    kills: ['OLMo-core #317'],
    subjects: (port) => published(port).filter((name) => FAR.includes(name) && name in CONSTANT),
    given: (port) => fc.noShrink(fc.record({ w: cotangent(port.dtype), g: cotangent(port.dtype) })),
    *holds({ w, g }, port, name) {
      const { round, u } = FORMATS[port.dtype];
      const hyper = Object.fromEntries(
        Object.entries(speltOut(port, name)).map(([key, v]) => [key, key === 'weightDecay' ? 0 : round(v)]),
      );
      const of = (v: number): Values => ({ shape: [1], data: [v] });
      const gradients = Array.from({ length: THOUSAND }, () => [of(g)]);
      const path = yield* trajectory(name, { params: [of(w)], gradients, hyper });
      const [before = Number.NaN, after = Number.NaN] = path.slice(-2).map((leaves) => leaves[0]?.data[0]);
      const off = CONSTANT[name]?.step({
        h: (key) => exact(hyper[key] ?? 0),
        on: (key) => (hyper[key] ?? 0) !== 0,
        gs: [exact(g)],
        ws: [exact(before)],
        j: 0,
        t: THOUSAND,
      });
      const wanted = off === undefined || off === null ? exact(Number.NaN) : exact(before).minus(off);
      const moved = Math.abs(after - before);
      return within(
        `parameter after step ${THOUSAND}`,
        [after],
        [expecting(wanted, port.dtype)],
        [gamma(16 * THOUSAND, u) * moved + 2 * u * (Math.abs(before) + Math.abs(after))],
      );
    },
  }),
  law<Balanced>({
    id: 'optimizer/yogi-balance',
    ref: 'O-25, O-30',
    class: 'rounding bound',
    runs: 20,
    says: 'a second moment of Yogi that equals the squared gradient stays: the sign of 0 is 0, which neither climbs nor falls',
    formula: 'nu = g², Δw = −lr·g/(|g|/√(1 − β₂ᵏ) + eps)',
    source: 'Zaheer et al. 2018, Algorithm 2',
    subjects: (port) => each('optimizer', 'run')(port).filter((name) => name === 'yogi'),
    given: (port) =>
      fc.record({
        w: cotangent(port.dtype),
        signs: fc.array(fc.constantFrom(-1, 1), { minLength: 1, maxLength: 6 }),
        size: powerOfTwo(-3, 3),
        lr: powerOfTwo(-4, 0),
        beta2: fc.constantFrom(1 / 2, 3 / 4, 15 / 16),
        eps: powerOfTwo(-4, 0),
      }),
    *holds({ w, signs, size, lr, beta2, eps }, port, name) {
      const { u } = FORMATS[port.dtype];
      const of = (v: number): Values => ({ shape: [1], data: [v] });
      const hyper = allOff(port, name, { lr, beta1: 0, beta2, eps, initialAccumulator: size ** 2 });
      const gradients = signs.map((sign) => [of(sign * size)]);
      const path = yield* trajectory(name, { params: [of(w)], gradients, hyper });
      let now = exact(w);
      let moved = 0;
      return every(
        signs.map((sign, i) => {
          const root = exact(size).div(sqrt(ONE.minus(exact(beta2).pow(i + 1))));
          const by = exact(lr)
            .times(sign * size)
            .div(root.plus(exact(eps)));
          now = now.minus(by);
          moved += Math.abs(nearest(by)) + Math.abs(nearest(now));
          return within(
            `parameter after step ${i + 1}`,
            [path[i]?.[0]?.data[0] ?? Number.NaN],
            [expecting(now, port.dtype)],
            [gamma(YOGI_ROUNDINGS, u) * moved],
          );
        }),
      );
    },
  }),
  law<{ readonly r: Training; readonly inner: string }>({
    id: 'wrapper/evaluates-the-average',
    ref: 'O-37',
    class: 'rounding bound',
    runs: 12,
    says: 'an optimizer inside that evaluates at an average still does so in a wrapper that has none of its own: with weights half-way between the two sequences, at their average so far',
    formula: 'w = (z + x)/2, x = mean(z): (k + 1)·x_k = (k − 1)·x_{k−1} + 2·w_k',
    source: 'Defazio et al. 2024, eq. 2–4',
    subjects: (port) =>
      having('wrapper.clip_by_value.run')(port).flatMap(() =>
        ['schedule_free_sgd', 'schedule_free_adamw'].filter((name) => port.has(`optimizer.${name}.run`)),
      ),
    given: (port, inner) =>
      training(port, inner, undefined, { least: 2, most: 12, side: 2 }).map((r) => ({
        inner,
        r: { ...r, hyper: allOff(port, inner, { lr: 1 / 8, beta1: 1 / 2, beta2: 7 / 8, eps: 1 / 4 }) },
      })),
    *holds({ inner, r }, port) {
      const { params, gradients, hyper: innerHyper } = r;
      const answer = yield* ask('wrapper.clip_by_value.run', {
        params,
        gradients,
        inner,
        innerHyper,
        hyper: { limit: 2 ** 40 },
      });
      const [ws, xs] = [answer.steps('params'), answer.steps('evaluated')];
      const { u } = FORMATS[port.dtype];
      return every(
        ws.flatMap((leaves, t) =>
          leaves.map((_, i): Verdict => {
            const until = ws.slice(0, t + 1).map((step) => Array.from(step[i]?.data ?? []));
            const average = until.reduce((x, w, k) => w.map((v, n) => (k * (x[n] ?? 0) + 2 * v) / (k + 2)));
            // both are sums of as many steps, rounded each on its own; averages are no larger than what they average
            const most = Math.max(...until.flat().map(Math.abs));
            return within(
              `evaluated after step ${t + 1}, leaf ${i}`,
              xs[t]?.[i]?.data ?? [],
              average.map(exactly),
              average.map(() => 2 * gamma(16 * (t + 1), u) * most),
            );
          }),
        ),
      );
    },
  }),
  law<Ordered>({
    id: 'wrapper/order',
    ref: 'O-33, O-34, O-35',
    class: 'lattice',
    runs: 60,
    says: 'of wrappers one around another the outermost has the gradient first, decay before clipping or after it, and a schedule scales the step of the rule inside',
    formula: 'w − lr·factor(k)·f₁(f₂(g)), the wrappers being f₁, f₂ from the inside out',
    subjects: having('wrapper.nest.train'),
    // every step takes six bits more, of which single precision has few
    given: (port) =>
      fc
        .record({
          limit: powerOfTwo(-1, 2),
          l2: powerOfTwo(-2, 0),
          decayFirst: fc.boolean(),
          lr: powerOfTwo(-2, 0),
          scheduled: fc.boolean(),
          n: fc.integer({ min: 1, max: port.dtype === 'f64' ? LINE : 2 }),
        })
        .chain(({ limit, l2, decayFirst, lr, scheduled, n }) => {
          const [clip, decay]: readonly Wrap[] = [
            { name: 'clip_by_value', hyper: { limit } },
            { name: 'coupled_decay', hyper: { l2 } },
          ];
          const leaves = fc.tuple(filled([2], small), filled([1, 2], small));
          return fc.record({
            params: leaves,
            gradients: fc.array(leaves, { minLength: n, maxLength: n }),
            lr: fc.constant(lr),
            wrappers: fc.constant((decayFirst ? [clip, decay] : [decay, clip]) as readonly Wrap[]), // both are there
            scheduled: fc.constant(scheduled),
          });
        }),
    *holds(x) {
      const { params, gradients, lr, wrappers, scheduled } = x;
      const answer = yield* ask('wrapper.nest.train', {
        params,
        gradients,
        inner: 'sgd',
        innerHyper: { lr },
        wrappers,
        ...(scheduled ? { schedule: { name: 'polynomial', hyper: { steps: LINE, power: 1, final: 0 } } } : {}),
      });
      const got = answer.steps('params');
      return every(
        walked(x).flatMap((leaves, t) =>
          leaves.map((leaf, i) => same(`w, step ${t + 1}, leaf ${i}`, got[t]?.[i]?.data ?? [], leaf.data)),
        ),
      );
    },
  }),
];
