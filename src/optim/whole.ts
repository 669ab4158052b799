// Rules that see more than one coordinate: norms of tensors, averages of iterates, distances, and whole matrices.
import type { Lang } from '../ops/lang.ts';
import { adamDirection, adamPart } from './adaptive.ts';
import {
  DECAY_RATE,
  down,
  ema,
  FLAG,
  normOf,
  oneMinusPower,
  optimizer,
  POSITIVE,
  ratioOr,
  rest,
  sumOf,
} from './rule.ts';
import { byRank, perLeaf, type Rate, type Slots, slot, type Transform, zerosLike } from './transform.ts';

/** (a, b, c) of the quintic iteration x ← a·x + b·x³ + c·x⁵. */
const QUINTIC = ['3.4445', '-4.7750', '2.0315'] as const;
const [QA, QB, QC] = QUINTIC.map(Number) as [number, number, number];
const TURNS = 5;

/**
 * A matrix with about the singular vectors of x and singular values near 1: five turns of the quintic iteration.
 * @source Jordan et al. 2024 (Muon), after Kovarik 1970 and Björck & Bowie 1971
 */
const nearOrthogonal = <T>(o: Lang<T>, x: T): T => {
  const [rows = 1, columns = 1] = o.shape(x);
  const tall = rows > columns; // the smaller side is squared
  let y = tall ? o.transpose(x) : x;
  for (let turn = 0; turn < TURNS; turn++) {
    const a = o.matmul(y, o.transpose(y));
    const b = o.add(o.mul(o.lit(QB, QUINTIC[1]), a), o.mul(o.lit(QC, QUINTIC[2]), o.matmul(a, a)));
    y = o.add(o.mul(o.lit(QA, QUINTIC[0]), y), o.matmul(b, y));
  }
  return tall ? o.transpose(y) : y;
};

const quinticLines = Array.from({ length: TURNS }, () => [
  'a = matrix(y * transpose(y))',
  `y = matrix(${QUINTIC[0]} * y + (${QUINTIC[1]} * a + ${QUINTIC[2]} * a * a) * y)`,
]).flat();

/** What the gradient becomes before it moves z, and the slots that this needs. */
interface Direction {
  readonly init: Transform['init'];
  readonly direct: <T>(
    o: Lang<T>,
    at: { readonly g: T; readonly w: T; readonly k: T; readonly own: (name: string) => T },
  ) => readonly [towards: T, kept: Readonly<Record<string, T>>];
}

/** Schedule-free iterates: z moves, x averages z, and the weights y are where the gradient is taken. */
const scheduleFree = (beta: number, rateOf: Rate, { init, direct }: Direction): Transform => ({
  init: (o, ws) => ({ ...init(o, ws), z: ws, x: ws, weight: [o.lit(0)] }),
  update: <T>(o: Lang<T>, gs: readonly T[], slots: Slots<string, T>, ws: readonly T[], k: T) => {
    const rate = rateOf(o, k);
    const square = o.square(rate);
    const weight = o.add(slot(slots.weight, 0), square);
    const share = ratioOr(o, square, weight, 0);
    const made = gs.map((g, i) => {
      const w = slot(ws, i);
      const [towards, kept] = direct(o, { g, w, k, own: (name) => slot(slots[name], i) });
      const zStep = down(o, rate, towards);
      const z = o.add(slot(slots.z, i), zStep);
      const before = slot(slots.x, i);
      const xStep = o.mul(share, o.sub(z, before));
      const x = o.add(before, xStep);
      // y moves by the steps of z and x; as a difference of positions it would lose their digits
      const u = o.add(o.mul(rest(o, beta), zStep), o.mul(o.lit(beta), xStep));
      return { u, slots: { ...kept, z, x } as Readonly<Record<string, T>> };
    });
    const names = Object.keys(made[0]?.slots ?? {});
    const next = Object.fromEntries(names.map((n) => [n, made.map((m) => m.slots[n] as T)])); // each leaf has them all
    return [made.map(({ u }) => u), { ...slots, ...next, weight: [weight] }] as const;
  },
  evaluated: (_o, _ws, slots) => slots.x ?? [],
});

const ITERATES = [
  'weight = weight + lr^2',
  'share = weight > 0 ? lr^2 / weight : 0',
  'x = x + share * (z - x)',
  'delta = z + beta1 * (x - z) - w',
] as const;

const square = <T>(o: Lang<T>, n: number): T => o.expand(o.lit(0), { shape: [n, n] });

/** Kronecker factors of the summed squares, as matrices beside each leaf. */
const preconditioned = (eps: number, rate: Rate): Transform => ({
  init: (o, ws) => ({
    left: ws.map((w) => square(o, o.shape(w)[0] ?? 1)),
    right: ws.map((w) => square(o, o.shape(w)[1] ?? 1)),
  }),
  update: (o, gs, slots, _ws, k) => {
    const left = gs.map((g, i) => o.add(slot(slots.left, i), o.matmul(g, o.transpose(g))));
    const right = gs.map((g, i) => o.add(slot(slots.right, i), o.matmul(o.transpose(g), g)));
    const us = gs.map((g, i) => {
      const root = (m: typeof g) => o.inverseRoot(m, { order: 4, ridge: eps });
      const [a, b] = [root(slot(left, i)), root(slot(right, i))];
      return down(o, rate(o, k), o.matmul(o.matmul(a, g), b));
    });
    return [us, { ...slots, left, right }];
  },
});

export const wholeRows = {
  lamb: optimizer({
    doc: 'Adam with decay, scaled tensor by tensor to the norm of the weights; ratio 1 where either norm is 0',
    source: 'You et al. 2020, Algorithm 2',
    hyper: { lr: 0.001, beta1: 0.9, beta2: 0.999, eps: 1e-6, weightDecay: 0 },
    domain: { lr: POSITIVE, beta1: DECAY_RATE, beta2: DECAY_RATE, eps: POSITIVE, weightDecay: POSITIVE },
    slots: { mu: '0', nu: '0' },
    recurrence: [
      'mu = beta1 * mu + (1 - beta1) * g',
      'nu = beta2 * nu + (1 - beta2) * g^2',
      'r = (mu / (1 - beta1^k)) / (sqrt(nu / (1 - beta2^k)) + eps) + weightDecay * w',
      'w2 = leaf(w^2)',
      'r2 = leaf(r^2)',
      'trust = w2 > 0 and r2 > 0 ? sqrt(w2) / sqrt(r2) : 1',
      'delta = -lr * trust * r',
    ],
    dialects: { paper: { weightDecay: 0.01 }, keras: { eps: 1e-7 }, optax: {} },
    traits: { sees: 'leaf' },
    make: ({ lr, beta1, beta2, eps, weightDecay }, at) =>
      perLeaf({ mu: 0, nu: 0 }, (o, { g, w, k, s }) => {
        const next = { mu: ema(o, beta1, s.mu, g), nu: ema(o, beta2, s.nu, o.square(g)) };
        const adam = adamDirection(o, { beta1, beta2, eps, epsRoot: 0, epsHat: 0 }, next, k);
        const r = weightDecay === 0 ? adam : o.add(adam, o.mul(o.lit(weightDecay), w));
        const [size, length] = [normOf(o, w), normOf(o, r)];
        const trust = o.where(o.greater(size, o.lit(0)), ratioOr(o, size, length, 1), o.lit(1));
        return [down(o, at(lr)(o, k), o.mul(trust, r)), next];
      }),
  }),
  scheduleFreeSgd: optimizer({
    doc: 'descent on one sequence, evaluation at its average, gradients between the two: no schedule of the rate is needed',
    source: 'Defazio et al. 2024, eq. 2-4',
    hyper: { lr: 1, beta1: 0.9, weightDecay: 0 },
    domain: { lr: POSITIVE, beta1: FLAG, weightDecay: POSITIVE },
    slots: { z: 'w', x: 'w' },
    shared: { weight: '0' },
    recurrence: ['z = z - lr * (g + weightDecay * w)', ...ITERATES],
    dialects: { paper: {}, optax: {} },
    traits: { scaleFree: false },
    make: ({ lr, beta1, weightDecay }, at) =>
      scheduleFree(beta1, at(lr), {
        init: () => ({}),
        direct: (o, { g, w }) => [weightDecay === 0 ? g : o.add(g, o.mul(o.lit(weightDecay), w)), {}],
      }),
  }),
  scheduleFreeAdamw: optimizer({
    doc: 'the same iterates with steps divided by the root of the mean squared gradient, and decay',
    source: 'Defazio et al. 2024, Algorithm 1',
    hyper: { lr: 0.0025, beta1: 0.9, beta2: 0.999, eps: 1e-8, weightDecay: 0 },
    domain: { lr: POSITIVE, beta1: FLAG, beta2: DECAY_RATE, eps: POSITIVE, weightDecay: POSITIVE },
    slots: { z: 'w', x: 'w', nu: '0' },
    shared: { weight: '0' },
    recurrence: [
      'nu = beta2 * nu + (1 - beta2) * g^2',
      'z = z - lr * (g / (sqrt(nu / (1 - beta2^k)) + eps) + weightDecay * w)',
      ...ITERATES,
    ],
    dialects: { paper: {}, optax: {} },
    make: ({ lr, beta1, beta2, eps, weightDecay }, at) =>
      scheduleFree(beta1, at(lr), {
        init: (o, ws) => ({ nu: zerosLike(o, ws) }),
        direct: (o, { g, w, k, own }) => {
          const nu = ema(o, beta2, own('nu'), o.square(g));
          const towards = o.div(g, o.add(o.sqrt(o.div(nu, oneMinusPower(o, beta2, k))), o.lit(eps)));
          return [weightDecay === 0 ? towards : o.add(towards, o.mul(o.lit(weightDecay), w)), { nu }];
        },
      }),
  }),
  shampoo: optimizer({
    doc: 'gradients between inverse fourth roots of the sums of g·gᵀ and gᵀ·g, for matrices; divided by the root of the summed squares for all other tensors',
    source: 'Gupta, Koren & Singer 2018, Algorithm 1; Duchi, Hazan & Singer 2011 (other tensors)',
    hyper: { lr: 0.1, eps: 1e-4 },
    domain: { lr: POSITIVE, eps: [2 ** -100, Number.MAX_VALUE] },
    slots: { sum: 'eps' },
    squares: { left: 'rows', right: 'columns' },
    recurrence: [
      'left = matrix(left + g * transpose(g))',
      'right = matrix(right + transpose(g) * g)',
      'y = matrix(inverseRoot(left, 4, eps) * g * inverseRoot(right, 4, eps))',
      'delta = -lr * y',
    ],
    vectors: ['sum = sum + g^2', 'delta = -lr * g / sqrt(sum)'],
    traits: { sees: 'leaf', scaleFree: false },
    make: ({ lr, eps }, at) =>
      byRank(
        (rank) => rank === 2,
        preconditioned(eps, at(lr)),
        perLeaf({ sum: eps }, (o, { g, k, s }) => {
          const sum = o.add(s.sum, o.square(g));
          return [down(o, at(lr)(o, k), o.div(g, o.sqrt(sum))), { sum }];
        }),
      ),
  }),
  prodigy: optimizer({
    doc: 'Adam that estimates its own rate from the distance travelled; d never falls',
    source: 'Mishchenko & Defazio 2024, Algorithm 4',
    hyper: { lr: 1, beta1: 0.9, beta2: 0.999, eps: 1e-8, d0: 1e-6, dFactor: 1, biasCorrection: 0 },
    domain: {
      lr: POSITIVE,
      beta1: DECAY_RATE,
      beta2: DECAY_RATE,
      eps: POSITIVE,
      d0: [2 ** -100, Number.MAX_VALUE],
      dFactor: POSITIVE,
      biasCorrection: FLAG,
    },
    slots: { mu: '0', nu: '0', sum: '0', start: 'w' },
    shared: { d: 'd0', top: '0' },
    recurrence: [
      'rate = d * lr * (biasCorrection == 1 ? sqrt(1 - beta2^k) / (1 - beta1^k) : 1)',
      'along = total(g * (start - w))',
      'top = sqrt(beta2) * top + d / d0 * rate * along',
      'mu = beta1 * mu + (1 - beta1) * d * g',
      'nu = beta2 * nu + (1 - beta2) * d^2 * g^2',
      'sum = sqrt(beta2) * sum + d / d0 * rate * g',
      'size = total(abs(sum))',
      'd = size > 0 ? max(d, dFactor * top / size) : d',
      'delta = -rate * mu / (sqrt(nu) + d * eps)',
    ],
    dialects: { paper: {}, optax: { biasCorrection: 1 } },
    traits: { sees: 'all' },
    make: ({ lr, beta1, beta2, eps, d0, dFactor, biasCorrection }, at) => ({
      init: (o, ws) => ({
        mu: zerosLike(o, ws),
        nu: zerosLike(o, ws),
        sum: zerosLike(o, ws),
        start: ws,
        d: [o.lit(d0)],
        top: [o.lit(0)],
      }),
      update: <T>(o: Lang<T>, gs: readonly T[], slots: Slots<string, T>, ws: readonly T[], k: T) => {
        const [d, before] = [slot(slots.d, 0), slot(slots.top, 0)];
        const beta3 = o.sqrt(o.lit(beta2));
        const plain = o.mul(d, at(lr)(o, k));
        const rate =
          biasCorrection === 1
            ? o.div(o.mul(plain, o.sqrt(oneMinusPower(o, beta2, k))), oneMinusPower(o, beta1, k))
            : plain;
        const all = (terms: readonly T[]): T => terms.map((t) => sumOf(o, t)).reduce((a, b) => o.add(a, b));
        const along = all(gs.map((g, i) => o.mul(g, o.sub(slot(slots.start, i), slot(ws, i)))));
        const scaled = o.mul(o.div(d, o.lit(d0)), rate);
        const top = o.add(o.mul(beta3, before), o.mul(scaled, along));
        const mu = gs.map((g, i) => o.add(o.mul(o.lit(beta1), slot(slots.mu, i)), o.mul(o.mul(rest(o, beta1), d), g)));
        const nu = gs.map((g, i) =>
          o.add(o.mul(o.lit(beta2), slot(slots.nu, i)), o.mul(rest(o, beta2), o.square(o.mul(d, g)))),
        );
        const sum = gs.map((g, i) => o.add(o.mul(beta3, slot(slots.sum, i)), o.mul(scaled, g)));
        const size = all(sum.map((s) => o.abs(s)));
        const next = o.maximum(d, ratioOr(o, o.mul(o.lit(dFactor), top), size, 0));
        const us = mu.map((m, i) => o.neg(o.div(o.mul(rate, m), o.add(o.sqrt(slot(nu, i)), o.mul(next, o.lit(eps))))));
        return [us, { ...slots, mu, nu, sum, d: [next], top: [top] }] as const;
      },
    }),
  }),
  muon: optimizer({
    doc: 'momentum made nearly orthogonal, for matrices [in, out]; Adam at adamShare of the rate for all other tensors; rmsScale takes 0.2·√max(in, out) in place of √max(1, out/in)',
    source: 'Jordan et al. 2024; Liu et al. 2025 (rmsScale)',
    hyper: {
      lr: 0.02,
      momentum: 0.95,
      eps: 1e-7,
      weightDecay: 0,
      rmsScale: 0,
      adamShare: 0.015,
      beta1: 0.9,
      beta2: 0.95,
      adamEps: 1e-10,
    },
    domain: {
      lr: POSITIVE,
      momentum: DECAY_RATE,
      eps: POSITIVE,
      weightDecay: POSITIVE,
      rmsScale: FLAG,
      adamShare: POSITIVE,
      beta1: DECAY_RATE,
      beta2: DECAY_RATE,
      adamEps: POSITIVE,
    },
    slots: { mu: '0', nu: '0' },
    recurrence: [
      'mu = momentum * mu + (1 - momentum) * g',
      'u = (1 - momentum) * g + momentum * mu',
      'norm = leaf(u^2)',
      'y = u / (sqrt(norm) + eps)',
      'y = matrix(rows > columns ? transpose(y) : y)',
      ...quinticLines,
      'y = matrix(rows > columns ? transpose(y) : y)',
      'size = rmsScale == 1 ? 0.2 * sqrt(max(rows, columns)) : sqrt(max(1, columns / rows))',
      'delta = -lr * (size * y + weightDecay * w)',
    ],
    vectors: [
      'mu = beta1 * mu + (1 - beta1) * g',
      'nu = beta2 * nu + (1 - beta2) * g^2',
      'delta = -lr * adamShare * (mu / (1 - beta1^k)) / (sqrt(nu / (1 - beta2^k)) + adamEps)',
    ],
    dialects: {
      paper: {},
      torch: { lr: 0.001, weightDecay: 0.1 },
      keras: { lr: 0.001, weightDecay: 0.004, rmsScale: 1 },
    },
    traits: { sees: 'leaf' },
    make: ({ lr, momentum, eps, weightDecay, rmsScale, adamShare, beta1, beta2, adamEps }, at) =>
      byRank(
        (rank) => rank === 2,
        perLeaf({ mu: 0 }, (o, { g, w, k, s }) => {
          const mu = ema(o, momentum, s.mu, g);
          const u = o.add(o.mul(rest(o, momentum), g), o.mul(o.lit(momentum), mu));
          // 0/0 where no gradient has come and no epsilon is there
          const norm = o.add(normOf(o, u), o.lit(eps));
          const y = nearOrthogonal(o, o.mul(u, ratioOr(o, o.lit(1), norm, 0)));
          const [rows = 1, columns = 1] = o.shape(w);
          const size =
            rmsScale === 1
              ? o.mul(o.lit(0.2, '0.2'), o.sqrt(o.lit(Math.max(rows, columns))))
              : o.sqrt(o.maximum(o.lit(1), o.div(o.lit(columns), o.lit(rows))));
          const step = o.mul(size, y);
          const towards = weightDecay === 0 ? step : o.add(step, o.mul(o.lit(weightDecay), w));
          return [down(o, at(lr)(o, k), towards), { mu }];
        }),
        adamPart({ beta1, beta2, eps: adamEps, epsRoot: 0, epsHat: 0 }, (o, k) =>
          o.mul(at(lr)(o, k), o.lit(adamShare)),
        ),
      ),
  }),
};
