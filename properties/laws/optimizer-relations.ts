// Optimizers by what they are to each other and to themselves: special cases, look-ahead, averages, norms, defaults, refusals.
import fc from 'fast-check';
import type { Hyper } from '../../src/index.ts';
import { cotangent, filled, type Values } from '../arbitraries.ts';
import { ask, claim, each, every, having, type Inquiry, law, within } from '../law.ts';
import { OPTIMIZER_DEFAULTS } from '../oracle/defaults.ts';
import { exact, expecting, ZERO } from '../oracle/exact.ts';
import { FORMATS } from '../tolerance.ts';
import {
  agree,
  allOff,
  between,
  bigs,
  decay,
  decided,
  errorsOf,
  follows,
  hyperOf,
  keysOf,
  rowOf,
  setting,
  standard,
  type Training,
  training,
  trajectory,
} from './training.ts';

/** A rule that becomes another, bit for bit, with some of its parts set. */
interface Inclusion {
  readonly is: string;
  readonly set: (h: Hyper) => Hyper;
  /** The numbers of the other rule. */
  readonly to?: (h: Hyper) => Hyper;
  /** What of a training it holds for. */
  readonly of?: (r: Training) => Training;
}

const flat = (v: Values): Values => ({ shape: [v.data.length], data: v.data });
/** Gradients that double at every step. */
const growing = (r: Training): Training => ({
  ...r,
  gradients: r.gradients.map((_, t) =>
    (r.gradients[0] ?? []).map((g) => ({
      shape: g.shape,
      data: g.data.map((v) => v * (t % 2 === 0 ? 1 : -1) * 2 ** t),
    })),
  ),
});
const off =
  (...keys: readonly string[]) =>
  (): Hyper =>
    Object.fromEntries(keys.map((key) => [key, 0]));

const INCLUSIONS: Readonly<Record<string, Inclusion>> = {
  momentum: { is: 'sgd', set: off('momentum', 'dampening', 'lrInside') },
  nesterov: { is: 'sgd', set: off('momentum', 'lrInside') },
  signum: { is: 'sign_sgd', set: off('momentum') },
  adam: { is: 'sign_sgd', set: off('beta1', 'beta2', 'eps', 'epsRoot', 'epsHat') },
  rmsprop: { is: 'sign_sgd', set: off('decay', 'eps', 'epsRoot', 'centered', 'momentum') },
  adamw: { is: 'adam', set: off('weightDecay') },
  nadam: { is: 'adam', set: off('beta1') },
  amsgrad: { is: 'adam', set: () => ({}), of: growing },
  adan: { is: 'adam', set: off('beta2'), to: (h) => ({ ...h, beta2: h.beta3 ?? 0 }) },
  lion: {
    is: 'signum',
    set: (h) => ({ weightDecay: 0, beta2: h.beta1 ?? 0 }),
    to: (h) => ({ ...h, momentum: h.beta1 ?? 0 }),
  },
  schedule_free_sgd: { is: 'sgd', set: off('beta1', 'weightDecay') },
  lamb: {
    is: 'adam',
    set: off('weightDecay'),
    // at weights of 0 there is no ratio to take
    of: (r) => ({
      ...r,
      params: r.params.map((p) => ({ shape: p.shape, data: p.data.map(() => 0) })),
      gradients: r.gradients.slice(0, 1),
    }),
  },
  muon: {
    is: 'adam',
    set: () => ({ adamShare: 1 / 4 }),
    to: (h) => ({ ...h, lr: (h.lr ?? 0) / 4, eps: h.adamEps ?? 0 }),
    of: (r) => ({ ...r, params: r.params.map(flat), gradients: r.gradients.map((gs) => gs.map(flat)) }),
  },
};
const inclusionOf = (name: string): Inclusion => INCLUSIONS[name] ?? { is: name, set: () => ({}) }; // every subject has one

interface Pair {
  readonly r: Training;
  readonly other: Training;
}

export const relationLaws = [
  law<Pair>({
    id: 'optimizer/special-cases',
    ref: 'O-07, O-19, O-22, O-23, O-31, P-09',
    class: 'exact',
    runs: 40,
    says: 'a rule with a part switched off is the rule without that part, bit for bit: momentum 0 is plain descent, AdamW without decay is Adam, Adam without memory is the sign of the gradient, Nadam without a first moment is Adam, AMSGrad is Adam while gradients grow, …',
    kills: ['tfjs-layers #259', 'mlx #473'],
    subjects: (port) =>
      Object.entries(INCLUSIONS).flatMap(([name, { is }]) =>
        standard(port).includes(name) && port.has(`optimizer.${is}.run`) ? [name] : [],
      ),
    given: (port, name) => {
      const { is, set, to = (h) => h, of = (r) => r } = inclusionOf(name);
      return training(port, name).map((plain) => {
        const r = of(setting(port, name, plain, set(plain.hyper)));
        const hyper = Object.fromEntries(Object.entries(to(r.hyper)).filter(([key]) => keysOf(port, is).includes(key)));
        return { r, other: { ...r, hyper } };
      });
    },
    *holds({ r, other }, _port, name) {
      const { is } = inclusionOf(name);
      return agree(`w of ${name} against ${is}`, yield* trajectory(name, r), yield* trajectory(is, other));
    },
  }),
  law<Training>({
    id: 'optimizer/look-ahead',
    ref: 'O-09',
    class: 'rounding bound',
    runs: 60,
    says: 'given the same gradients, Nesterov’s momentum is where the heavy ball would be a step of its velocity later; a port that keeps the point behind is at the heavy ball itself',
    formula: 'yₜ = xₜ + μ·(xₜ − xₜ₋₁)',
    kills: ['mxnet #16053', 'Paddle #12231', 'torch/optim #27'],
    subjects: having('optimizer.nesterov.run', 'optimizer.momentum.run'),
    given: (port) => training(port, 'nesterov'),
    *holds(r, port) {
      const plain = {
        ...r,
        hyper: allOff(port, 'momentum', {
          lr: r.hyper.lr ?? 0,
          momentum: r.hyper.momentum ?? 0,
          lrInside: r.hyper.lrInside ?? 0,
        }),
      };
      const ahead = yield* trajectory('nesterov', r);
      const ball = yield* trajectory('momentum', plain);
      const mu = port.conventions.nesterov === 'torch' ? (r.hyper.momentum ?? 0) : 0;
      const [e, f] = [errorsOf(port, 'nesterov', r), errorsOf(port, 'momentum', plain)];
      return every(
        ahead.flatMap((leaves, t) =>
          leaves.map((leaf, i) => {
            const [now, before] = [
              bigs(ball, t, i),
              t === 0 ? (r.params[i]?.data ?? []).map(exact) : bigs(ball, t - 1, i),
            ];
            return within(
              `the point ahead at step ${t + 1}, leaf ${i}`,
              leaf.data,
              now.map((x, j) => expecting(x.plus(x.minus(before[j] ?? x).times(exact(mu))), port.dtype)),
              now.map((_, j) => e(t, i, j) + (1 + mu) * f(t, i, j) + mu * f(t - 1, i, j)),
            );
          }),
        ),
      );
    },
  }),
  law<Training>({
    id: 'optimizer/decay-beside-adam',
    ref: 'O-23',
    class: 'rounding bound',
    runs: 60,
    says: 'the first step of AdamW is that of Adam less lr·weightDecay times the weight',
    formula: 'Δw(AdamW) − Δw(Adam) = −lr·λ·w',
    kills: ['Flux a92606b8f', 'chainer #7512'],
    subjects: having('optimizer.adamw.run', 'optimizer.adam.run'),
    given: (port) => training(port, 'adamw', undefined, { most: 1 }),
    *holds(r, port) {
      const plain = {
        ...r,
        hyper: Object.fromEntries(Object.entries(r.hyper).filter(([key]) => keysOf(port, 'adam').includes(key))),
      };
      const both = yield* trajectory('adamw', r);
      const adam = yield* trajectory('adam', plain);
      const [e, f] = [errorsOf(port, 'adamw', r), errorsOf(port, 'adam', plain)];
      const by = exact(r.hyper.lr ?? 0).times(exact(r.hyper.weightDecay ?? 0));
      return every(
        (both[0] ?? []).map((leaf, i) =>
          within(
            `w of leaf ${i}`,
            leaf.data,
            bigs(adam, 0, i).map((v, j) => expecting(v.minus(by.times(exact(r.params[i]?.data[j] ?? 0))), port.dtype)),
            Array.from(leaf.data, (_, j) => e(0, i, j) + f(0, i, j)),
          ),
        ),
      );
    },
  }),
  law<{ readonly r: Training; readonly beta2: number; readonly lr: number }>({
    id: 'optimizer/adam-is-corrected-rmsprop',
    ref: 'O-19',
    class: 'rounding bound',
    runs: 40,
    says: 'Adam without a first moment is RMSProp at the rate lr·√(1 − β₂ᵗ)',
    subjects: having('optimizer.adam.run', 'optimizer.rmsprop.run_with_rates'),
    given: (port) =>
      fc.record({
        r: training(port, 'sgd', undefined, { most: 6, leaves: 1 }),
        beta2: decay(port),
        lr: between(port, 1 / 16, 1),
      }),
    *holds({ r, beta2, lr }, port) {
      const { round, u } = FORMATS[port.dtype];
      const rates = r.gradients.map((_, t) => round(lr * Math.sqrt(-Math.expm1((t + 1) * Math.log(beta2)))));
      const { params, gradients } = r;
      const adam: Training = { params, gradients, hyper: allOff(port, 'adam', { lr, beta2 }) };
      const prop: Training = { params, gradients, hyper: allOff(port, 'rmsprop', { decay: beta2 }), rates };
      const got = yield* trajectory('adam', adam);
      const other = (yield* ask('optimizer.rmsprop.run_with_rates', { ...prop })).steps('params');
      const [e, f] = [errorsOf(port, 'adam', adam), errorsOf(port, 'rmsprop', prop)];
      // each rate is off by a few roundings of its logarithm, which moves every step that much
      const moved = (t: number, j: number): number => {
        const at = (i: number): number => (i < 0 ? (params[0]?.data[j] ?? 0) : (other[i]?.[0]?.data[j] ?? 0));
        return Array.from({ length: t + 1 }, (_, i) => Math.abs(at(i) - at(i - 1)) * RATE_ROUNDINGS * u).reduce(
          (a, b) => a + b,
        );
      };
      return every(
        got.map((leaves, t) =>
          within(
            `w after step ${t + 1}`,
            leaves[0]?.data ?? [],
            bigs(other, t, 0).map((v) => expecting(v, port.dtype)),
            Array.from(leaves[0]?.data ?? [], (_, j) => e(t, 0, j) + f(t, 0, j) + moved(t, j)),
          ),
        ),
      );
    },
  }),
  law<Training>({
    id: 'optimizer/average-of-iterates',
    ref: 'O-39',
    class: 'rounding bound',
    runs: 40,
    says: 'Schedule-Free at beta1 = 1 is at the mean of the iterates that it has at beta1 = 0',
    formula: 'xₜ = (z₁ + … + zₜ)/t',
    source: 'Defazio et al. 2024, §2',
    subjects: (port) => each('optimizer', 'run')(port).filter((name) => name.startsWith('schedule_free')),
    given: (port, name) =>
      training(port, name, undefined, { most: 8, leaves: 1 }).map((r) => setting(port, name, r, { weightDecay: 0 })),
    *holds(r, port, name) {
      const [mean, last] = [setting(port, name, r, { beta1: 1 }), setting(port, name, r, { beta1: 0 })];
      const averaged = yield* trajectory(name, mean);
      const iterates = yield* trajectory(name, last);
      const [e, f] = [errorsOf(port, name, mean), errorsOf(port, name, last)];
      return every(
        averaged.map((leaves, t) =>
          within(
            `the mean of ${t + 1} iterates`,
            leaves[0]?.data ?? [],
            Array.from(leaves[0]?.data ?? [], (_, j) =>
              expecting(
                iterates
                  .slice(0, t + 1)
                  .reduce((s, _l, i) => s.plus(bigs(iterates, i, 0)[j] ?? ZERO), ZERO)
                  .div(t + 1),
                port.dtype,
              ),
            ),
            Array.from(
              leaves[0]?.data ?? [],
              (_, j) => e(t, 0, j) + Math.max(...iterates.slice(0, t + 1).map((_l, i) => f(i, 0, j))),
            ),
          ),
        ),
      );
    },
  }),
  law<{ readonly r: Training }>({
    id: 'optimizer/defaults',
    ref: 'O-40, P-09',
    class: '64-digit oracle',
    runs: 4,
    says: 'hyper-parameters that are left out are those that were published, for large and tiny gradients',
    source: 'the papers of the rows',
    subjects: (port) =>
      port.conventions.optimizerDefaults === 'published'
        ? standard(port).filter((name) => name in OPTIMIZER_DEFAULTS)
        : [],
    given: (port, name) => {
      const steps = name === 'rprop' ? 60 : 8;
      const leaf = (scale: number, shape: readonly number[]) =>
        filled(
          shape,
          cotangent(port.dtype).map((v) => v * scale),
        );
      // the last coordinate alternates, so that rules of signs reach both their limits
      const turning = (gs: readonly Values[], t: number): readonly Values[] =>
        gs.map((g) => ({
          shape: g.shape,
          data: g.data.map((v, j) => (j === 0 ? Math.abs(v) : Math.abs(v) * (t % 4 < 2 ? 1 : -1))),
        }));
      // not shrunk: the rule at 64 digits is long, and a shorter list would no longer reach the limits
      return fc.noShrink(
        fc
          .record({
            params: fc.tuple(leaf(1, [2]), leaf(2 ** -26, [2, 2])),
            gradients: fc.array(fc.tuple(leaf(1, [2]), leaf(2 ** -26, [2, 2])), { minLength: steps, maxLength: steps }),
          })
          .map(({ params, gradients }) => ({
            r: { params, gradients: name === 'rprop' ? gradients.map(turning) : gradients, hyper: {} },
          })),
      );
    },
    *holds({ r }, port, name) {
      const got = yield* trajectory(name, r);
      const full = { ...r, hyper: OPTIMIZER_DEFAULTS[name] ?? {} };
      // singles cannot tell when five steps of β₂ = 0.999 are enough, nor a distance of 10⁻⁶ next to weights of 1, for long
      const path = decided(port, name, full);
      fc.pre(path.length > 0);
      return follows(port, name, full, got, path);
    },
  }),
  law<{ readonly hyper: Hyper; readonly key: string }>({
    id: 'optimizer/refuses',
    ref: 'O-40, P-10',
    class: 'structural',
    runs: 15,
    says: 'hyper-parameters in their range are taken, any part of them too; unknown names, negative rates, decays of 1 and NaN are refused',
    kills: ['tfjs #1861'],
    subjects: each('optimizer', 'accepts'),
    given: (port, name) => fc.record({ hyper: hyperOf(port, name), key: fc.constantFrom(...keysOf(port, name)) }),
    *holds({ hyper, key }, _port, name) {
      const takes = function* (h: Hyper): Inquiry<boolean> {
        return (yield* ask(`optimizer.${name}.accepts`, { hyper: h })).flag('accepted');
      };
      const own = { [key]: hyper[key] ?? 0 };
      const isDecay =
        (rowOf(name).hyper[key] ?? 1) < 1 && /^(beta|decay|momentum)/.test(key) && !name.startsWith('schedule_free');
      const verdicts = [
        claim(`${JSON.stringify(hyper)} is taken`, yield* takes(hyper)),
        claim(`${key} alone is taken`, yield* takes(own)),
        claim('nothing at all is taken', yield* takes({})),
        claim('an unknown name is refused', !(yield* takes({ ...hyper, learningRate: 1 / 8 }))),
        claim('a name of Object is refused', !(yield* takes({ ...hyper, toString: 1 / 8 }))),
      ];
      for (const bad of [
        Number.NaN,
        -1 / 8,
        Number.NEGATIVE_INFINITY,
        Number.POSITIVE_INFINITY,
        ...(isDecay ? [1, 2] : []),
      ])
        verdicts.push(claim(`${key} ${bad} is refused`, !(yield* takes({ ...hyper, [key]: bad }))));
      return every(verdicts);
    },
  }),
];

/** Roundings of lr·√(1 − βᵗ) through a logarithm and an exponential. */
const RATE_ROUNDINGS = 32;
