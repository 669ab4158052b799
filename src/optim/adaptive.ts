// Adam and its family: two exponential means, and what each member does differently.
import type { Lang } from '../ops/lang.ts';
import {
  corrected,
  DECAY_RATE,
  denominator,
  down,
  ema,
  FLAG,
  oneMinusPower,
  optimizer,
  POSITIVE,
  rest,
} from './rule.ts';
import { perLeaf, type Slots, slot, type Transform, zerosLike } from './transform.ts';

const BETAS = { beta1: DECAY_RATE, beta2: DECAY_RATE } as const;
const EPSILONS = { eps: POSITIVE, epsRoot: POSITIVE, epsHat: POSITIVE } as const;
/** Where libraries put Adam's epsilon. */
const ADAM_DIALECTS = { paper: {}, torch: {}, keras: { eps: 0, epsHat: 1e-7 }, optax: {} } as const;
const DENOMINATOR = '(sqrt(nu / (1 - beta2^k) + epsRoot) + eps + epsHat / sqrt(1 - beta2^k))';
const MEANS = ['mu = beta1 * mu + (1 - beta1) * g', 'nu = beta2 * nu + (1 - beta2) * g^2'] as const;

/** Both means after this gradient. */
const means = <T>(o: Lang<T>, beta1: number, beta2: number, s: { readonly mu: T; readonly nu: T }, g: T) => ({
  mu: ema(o, beta1, s.mu, g),
  nu: ema(o, beta2, s.nu, o.square(g)),
});

const decayed = <T>(o: Lang<T>, direction: T, weightDecay: number, w: T): T =>
  weightDecay === 0 ? direction : o.add(direction, o.mul(o.lit(weightDecay), w));

interface Adam {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  readonly epsRoot: number;
  readonly epsHat: number;
}

/** The direction of Adam. */
export const adamDirection = <T>(o: Lang<T>, h: Adam, s: { readonly mu: T; readonly nu: T }, k: T): T =>
  o.div(corrected(o, h.beta1, s.mu, k), denominator(o, h, s.nu, oneMinusPower(o, h.beta2, k)));

export const adaptiveRows = {
  adam: optimizer({
    doc: 'first and second moments with bias correction; eps outside the root, epsRoot inside, epsHat outside before the correction',
    source: 'Kingma & Ba 2015, Algorithm 1',
    hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, epsRoot: 0, epsHat: 0 },
    domain: { lr: POSITIVE, ...BETAS, ...EPSILONS },
    slots: { mu: '0', nu: '0' },
    recurrence: [...MEANS, `delta = -lr * (mu / (1 - beta1^k)) / ${DENOMINATOR}`],
    dialects: ADAM_DIALECTS,
    make: ({ lr, ...h }, at) =>
      perLeaf({ mu: 0, nu: 0 }, (o, { g, k, s }) => {
        const next = means(o, h.beta1, h.beta2, s, g);
        return [down(o, at(lr)(o, k), adamDirection(o, h, next, k)), next];
      }),
  }),
  adamw: optimizer({
    doc: 'Adam with decoupled decay: the rate times weightDecay times the weight',
    source: 'Loshchilov & Hutter 2019, Algorithm 2, with the rate on the decay as libraries have it',
    hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, epsRoot: 0, epsHat: 0, weightDecay: 0.01 },
    domain: { lr: POSITIVE, ...BETAS, ...EPSILONS, weightDecay: POSITIVE },
    slots: { mu: '0', nu: '0' },
    recurrence: [...MEANS, `delta = -lr * ((mu / (1 - beta1^k)) / ${DENOMINATOR} + weightDecay * w)`],
    dialects: { torch: {}, keras: { eps: 0, epsHat: 1e-7, weightDecay: 0.004 }, optax: { weightDecay: 1e-4 } },
    make: ({ lr, weightDecay, ...h }, at) =>
      perLeaf({ mu: 0, nu: 0 }, (o, { g, w, k, s }) => {
        const next = means(o, h.beta1, h.beta2, s, g);
        return [down(o, at(lr)(o, k), decayed(o, adamDirection(o, h, next, k), weightDecay, w)), next];
      }),
  }),
  amsgrad: optimizer({
    doc: 'Adam whose second moment never falls; maxCorrected takes the maximum after the correction, as optax does',
    source: 'Reddi, Kale & Kumar 2018, Algorithm 2, with bias correction',
    hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, epsRoot: 0, epsHat: 0, maxCorrected: 0 },
    domain: { lr: POSITIVE, ...BETAS, ...EPSILONS, maxCorrected: FLAG },
    slots: { mu: '0', nu: '0', most: '0' },
    recurrence: [
      ...MEANS,
      'most = max(most, maxCorrected == 1 ? nu / (1 - beta2^k) : nu)',
      'seen = maxCorrected == 1 ? most : most / (1 - beta2^k)',
      'delta = -lr * (mu / (1 - beta1^k)) / (sqrt(seen + epsRoot) + eps + epsHat / sqrt(1 - beta2^k))',
    ],
    dialects: { torch: {}, keras: { eps: 0, epsHat: 1e-7 }, optax: { maxCorrected: 1 } },
    make: ({ lr, maxCorrected, ...h }, at) =>
      perLeaf({ mu: 0, nu: 0, most: 0 }, (o, { g, k, s }) => {
        const { mu, nu } = means(o, h.beta1, h.beta2, s, g);
        const c2 = oneMinusPower(o, h.beta2, k);
        const most = o.maximum(s.most, maxCorrected === 1 ? o.div(nu, c2) : nu);
        const root =
          maxCorrected === 1
            ? o.add(o.add(o.sqrt(o.add(most, o.lit(h.epsRoot))), o.lit(h.eps)), o.div(o.lit(h.epsHat), o.sqrt(c2)))
            : denominator(o, h, most, c2);
        return [down(o, at(lr)(o, k), o.div(corrected(o, h.beta1, mu, k), root)), { mu, nu, most }];
      }),
  }),
  nadam: optimizer({
    doc: 'Adam with a look ahead in the first moment, whose rate of decay follows a schedule of its own unless scheduled is 0',
    source: 'Dozat 2016, Algorithm 2',
    hyper: { lr: 0.002, beta1: 0.9, beta2: 0.999, eps: 1e-8, epsRoot: 0, epsHat: 0, psi: 0.004, scheduled: 1 },
    domain: { lr: POSITIVE, ...BETAS, ...EPSILONS, psi: POSITIVE, scheduled: FLAG },
    slots: { mu: '0', nu: '0' },
    shared: { product: '1' },
    recurrence: [
      ...MEANS,
      'now = scheduled == 1 ? beta1 * (1 - 0.96^(k * psi) / 2) : beta1',
      'next = scheduled == 1 ? beta1 * (1 - 0.96^((k + 1) * psi) / 2) : beta1',
      'product = product * now',
      `delta = -lr * (next * mu / (1 - product * next) + (1 - now) * g / (1 - product)) / ${DENOMINATOR}`,
    ],
    dialects: {
      torch: {},
      keras: { lr: 0.001, psi: 1, eps: 0, epsHat: 1e-7 },
      optax: { lr: 0.001, scheduled: 0 },
    },
    make: ({ lr, psi, scheduled, ...h }, at) => ({
      init: (o, ws) => ({ mu: zerosLike(o, ws), nu: zerosLike(o, ws), product: [o.lit(1)] }),
      update: <T>(o: Lang<T>, gs: readonly T[], slots: Slots<string, T>, _ws: readonly T[], k: T) => {
        const share = (n: T): T => {
          if (scheduled === 0) return o.lit(h.beta1);
          const fading = o.exp(o.mul(o.mul(n, o.lit(psi)), o.log(o.lit(0.96, '0.96'))));
          return o.mul(o.lit(h.beta1), o.sub(o.lit(1), o.div(fading, o.lit(2))));
        };
        const [now, next] = [share(k), share(o.add(k, o.lit(1)))];
        const product = o.mul(slot(slots.product, 0), now);
        const c2 = oneMinusPower(o, h.beta2, k);
        const less = (p: T): T => o.sub(o.lit(1), p);
        const made = gs.map((g, i) => {
          const s = means(o, h.beta1, h.beta2, { mu: slot(slots.mu, i), nu: slot(slots.nu, i) }, g);
          const ahead = o.div(o.mul(next, s.mu), less(o.mul(product, next)));
          const top = o.add(ahead, o.div(o.mul(less(now), g), less(product)));
          return { s, u: down(o, at(lr)(o, k), o.div(top, denominator(o, h, s.nu, c2))) };
        });
        return [
          made.map(({ u }) => u),
          { ...slots, mu: made.map(({ s }) => s.mu), nu: made.map(({ s }) => s.nu), product: [product] },
        ] as const;
      },
    }),
  }),
  radam: optimizer({
    doc: 'Adam that waits until the variance of its second moment is known, and is momentum until then; threshold is the length at which it begins',
    source: 'Liu et al. 2020, Algorithm 2',
    hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-8, epsRoot: 0, epsHat: 0, threshold: 5 },
    domain: { lr: POSITIVE, ...BETAS, ...EPSILONS, threshold: [4, Number.MAX_VALUE] },
    slots: { mu: '0', nu: '0' },
    recurrence: [
      ...MEANS,
      'longest = 2 / (1 - beta2) - 1',
      'length = longest - 2 * k * beta2^k / (1 - beta2^k)',
      'known = length > threshold ? 1 : 0',
      'rectify = known == 1 ? sqrt((length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)) : 1',
      `delta = -lr * rectify * (mu / (1 - beta1^k)) / (known == 1 ? ${DENOMINATOR} : 1)`,
    ],
    dialects: { paper: { threshold: 4 }, torch: { eps: 0, epsHat: 1e-8 }, optax: {} },
    traits: { scaleFree: false },
    make: ({ lr, threshold, ...h }, at) =>
      perLeaf({ mu: 0, nu: 0 }, (o, { g, k, s }) => {
        const next = means(o, h.beta1, h.beta2, s, g);
        const c2 = oneMinusPower(o, h.beta2, k);
        const longest = o.sub(o.div(o.lit(2), rest(o, h.beta2)), o.lit(1));
        const power = o.sub(o.lit(1), c2);
        const length = o.sub(longest, o.div(o.mul(o.mul(o.lit(2), k), power), c2));
        const over = (n: typeof k, by: number) => o.maximum(o.sub(n, o.lit(by)), o.lit(2 ** -20)); // unused where smaller
        const part = (n: typeof k) => o.div(o.mul(over(n, 4), over(n, 2)), over(n, 0));
        const rectify = o.sqrt(o.div(part(length), part(longest)));
        const first = corrected(o, h.beta1, next.mu, k);
        const rectified = o.div(o.mul(rectify, first), denominator(o, h, next.nu, c2));
        return [down(o, at(lr)(o, k), o.where(o.greater(length, o.lit(threshold)), rectified, first)), next];
      }),
  }),
  adabelief: optimizer({
    doc: 'Adam with the squared distance of the gradient from its mean; epsAdded joins that at every step',
    source: 'Zhuang et al. 2020, Algorithm 2',
    hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-16, epsAdded: 1e-16 },
    domain: { lr: POSITIVE, ...BETAS, eps: POSITIVE, epsAdded: POSITIVE },
    slots: { mu: '0', nu: '0' },
    recurrence: [
      'mu = beta1 * mu + (1 - beta1) * g',
      'nu = beta2 * nu + (1 - beta2) * (g - mu)^2 + epsAdded',
      'delta = -lr * (mu / (1 - beta1^k)) / (sqrt(nu / (1 - beta2^k)) + eps)',
    ],
    dialects: { paper: { eps: 1e-8, epsAdded: 1e-8 }, optax: {} },
    make: ({ lr, beta1, beta2, eps, epsAdded }, at) =>
      perLeaf({ mu: 0, nu: 0 }, (o, { g, k, s }) => {
        const mu = ema(o, beta1, s.mu, g);
        const nu = o.add(ema(o, beta2, s.nu, o.square(o.sub(g, mu))), o.lit(epsAdded));
        const direction = adamDirection(o, { beta1, beta2, eps, epsRoot: 0, epsHat: 0 }, { mu, nu }, k);
        return [down(o, at(lr)(o, k), direction), { mu, nu }];
      }),
  }),
  yogi: optimizer({
    doc: 'Adam whose second moment moves by the squared gradient times a sign, so that it cannot rise or fall fast',
    source: 'Zaheer et al. 2018, Algorithm 2',
    hyper: { lr: 0.01, beta1: 0.9, beta2: 0.999, eps: 1e-3, initialMoment: 0, initialAccumulator: 1e-6 },
    domain: { lr: POSITIVE, ...BETAS, eps: POSITIVE, initialMoment: POSITIVE, initialAccumulator: POSITIVE },
    slots: { mu: 'initialMoment', nu: 'initialAccumulator' },
    recurrence: [
      'mu = beta1 * mu + (1 - beta1) * g',
      'nu = nu - (1 - beta2) * sign(nu - g^2) * g^2',
      'delta = -lr * (mu / (1 - beta1^k)) / (sqrt(nu / (1 - beta2^k)) + eps)',
    ],
    dialects: { paper: {}, optax: { initialMoment: 1e-6 } },
    traits: { odd: false, scaleFree: false }, // moments may start above 0
    make: ({ lr, beta1, beta2, eps, initialMoment, initialAccumulator }, at) =>
      perLeaf({ mu: initialMoment, nu: initialAccumulator }, (o, { g, k, s }) => {
        const mu = ema(o, beta1, s.mu, g);
        const square = o.square(g);
        const nu = o.sub(s.nu, o.mul(o.mul(rest(o, beta2), o.sign(o.sub(s.nu, square))), square));
        const direction = adamDirection(o, { beta1, beta2, eps, epsRoot: 0, epsHat: 0 }, { mu, nu }, k);
        return [down(o, at(lr)(o, k), direction), { mu, nu }];
      }),
  }),
  adan: optimizer({
    doc: 'three means: of gradients, of their differences, and of the squared gradient seen ahead',
    source: 'Xie et al. 2022, Algorithm 1, the betas as rates of decay',
    hyper: { lr: 0.001, beta1: 0.98, beta2: 0.92, beta3: 0.99, eps: 1e-8 },
    domain: { lr: POSITIVE, ...BETAS, beta3: DECAY_RATE, eps: POSITIVE },
    slots: { mu: '0', change: '0', nu: '0', previous: '0' },
    recurrence: [
      'd = k == 1 ? 0 : g - previous',
      'previous = g',
      'mu = beta1 * mu + (1 - beta1) * g',
      'change = beta2 * change + (1 - beta2) * d',
      'nu = beta3 * nu + (1 - beta3) * (g + beta2 * d)^2',
      'delta = -lr * (mu / (1 - beta1^k) + beta2 * change / (1 - beta2^k)) / (sqrt(nu / (1 - beta3^k)) + eps)',
    ],
    dialects: { optax: {} },
    make: ({ lr, beta1, beta2, beta3, eps }, at) =>
      perLeaf({ mu: 0, change: 0, nu: 0, previous: 0 }, (o, { g, k, s }) => {
        const d = o.where(o.greater(o.lit(1.5), k), o.lit(0), o.sub(g, s.previous));
        const mu = ema(o, beta1, s.mu, g);
        const change = ema(o, beta2, s.change, d);
        const nu = ema(o, beta3, s.nu, o.square(o.add(g, o.mul(o.lit(beta2), d))));
        const top = o.add(corrected(o, beta1, mu, k), o.mul(o.lit(beta2), corrected(o, beta2, change, k)));
        const root = o.add(o.sqrt(corrected(o, beta3, nu, k)), o.lit(eps));
        return [down(o, at(lr)(o, k), o.div(top, root)), { mu, change, nu, previous: g }];
      }),
  }),
  adopt: optimizer({
    doc: 'normalises by the second moment of before, clips that, then takes the mean; the first step only looks',
    source: 'Taniguchi et al. 2024, Algorithm 2',
    hyper: { lr: 0.001, beta1: 0.9, beta2: 0.9999, eps: 1e-6 },
    domain: { lr: POSITIVE, ...BETAS, eps: POSITIVE },
    slots: { mu: '0', nu: '0' },
    recurrence: [
      'limit = sqrt(sqrt(k))',
      'normed = k == 1 ? 0 : min(max(g / max(sqrt(nu), eps), -limit), limit)',
      'mu = beta1 * mu + (1 - beta1) * normed',
      'nu = k == 1 ? g^2 : beta2 * nu + (1 - beta2) * g^2',
      'delta = -lr * mu',
    ],
    dialects: { paper: {}, optax: {} },
    make: ({ lr, beta1, beta2, eps }, at) =>
      perLeaf({ mu: 0, nu: 0 }, (o, { g, k, s }) => {
        const first = o.greater(o.lit(1.5), k);
        const limit = o.sqrt(o.sqrt(k));
        const floor = o.maximum(o.sqrt(s.nu), o.lit(eps));
        // without an epsilon the first division is by 0, and is not used
        const normed = o.div(g, o.where(first, o.lit(1), floor));
        const clipped = o.minimum(o.maximum(normed, o.neg(limit)), limit);
        const mu = ema(o, beta1, s.mu, o.where(first, o.lit(0), clipped));
        const nu = o.where(first, o.square(g), ema(o, beta2, s.nu, o.square(g)));
        return [down(o, at(lr)(o, k), mu), { mu, nu }];
      }),
  }),
};

/** Adam as a part of other rules, for leaves that theirs does not fit. */
export const adamPart = (h: Adam, rate: <T>(o: Lang<T>, k: T) => T): Transform =>
  perLeaf({ mu: 0, nu: 0 }, (o, { g, k, s }) => {
    const next = means(o, h.beta1, h.beta2, s, g);
    return [down(o, rate(o, k), adamDirection(o, h, next, k)), next];
  });
