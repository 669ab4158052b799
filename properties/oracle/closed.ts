// Optimizers in closed form at 64 digits: what a constant gradient, or one that comes once, does at step t.
import { NEVER_OFF } from './defaults.ts';
import { type Big, big, exact, ONE, sqrt, ZERO } from './exact.ts';

/** What a closed form is a function of. */
export interface Known {
  readonly h: (key: string) => Big;
  readonly on: (key: string) => boolean;
  /** The gradient of each coordinate. */
  readonly gs: readonly Big[];
  /** The weights before this step, by this closed form. */
  readonly ws: readonly Big[];
  readonly j: number;
  readonly t: number;
}
/** What step t takes off the weight; null where nothing simple is known. */
export type Form = (x: Known) => Big | null;

export interface Closed {
  readonly step: Form;
  /** What must be off for it. */
  readonly off?: readonly string[];
  /** Shapes of the tensor that it holds for; any list of numbers unless named. */
  readonly shapes?: readonly (readonly number[])[];
}

const gOf = ({ gs, j }: Known): Big => gs[j] ?? ZERO;
const wOf = ({ ws, j }: Known): Big => ws[j] ?? ZERO;
const signOf = (x: Big): Big => (x.isZero() ? ZERO : x.isNegative() ? ONE.neg() : ONE);
const counts = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i + 1);
const sum = (terms: readonly Big[]): Big => terms.reduce((a, b) => a.plus(b), ZERO);
const larger = (a: Big, b: Big): Big => (a.gt(b) ? a : b);
const smaller = (a: Big, b: Big): Big => (a.gt(b) ? b : a);
/** 1 − βᵗ. */
const part = (beta: Big, t: number): Big => ONE.minus(beta.pow(t));

/** Under Adam's step where the corrected second moment is known. */
const below = (x: Known, second: Big): Big => {
  const { h, t } = x;
  const hat = x.on('epsHat') ? h('epsHat').div(sqrt(part(h('beta2'), t))) : ZERO;
  return sqrt(second.plus(h('epsRoot')))
    .plus(h('eps'))
    .plus(hat);
};
/** A constant gradient is its own mean, and its square that of its square. */
const adam = (x: Known): Big => {
  const g = gOf(x);
  return g.div(below(x, g.times(g)));
};
const decayed = (x: Known, step: Big): Big => x.h('lr').times(step.plus(x.h('weightDecay').times(wOf(x))));

const nadam: Form = (x) => {
  const { h, t } = x;
  const g = gOf(x);
  const share = (k: number): Big =>
    x.on('scheduled') ? h('beta1').times(ONE.minus(big('0.96').pow(h('psi').times(k)).div(2))) : h('beta1');
  const product = counts(t).reduce((p, k) => p.times(share(k)), ONE);
  const ahead = share(t + 1)
    .times(g)
    .times(part(h('beta1'), t));
  const top = ahead
    .div(ONE.minus(product.times(share(t + 1))))
    .plus(ONE.minus(share(t)).times(g).div(ONE.minus(product)));
  return h('lr')
    .times(top)
    .div(below(x, g.times(g)));
};

const radam: Form = (x) => {
  const { h, t } = x;
  const b = h('beta2');
  const most = big(2).div(ONE.minus(b)).minus(1);
  const length = most.minus(
    b
      .pow(t)
      .times(2 * t)
      .div(part(b, t)),
  );
  if (!length.gt(h('threshold'))) return h('lr').times(gOf(x));
  const of = (n: Big): Big => n.minus(4).times(n.minus(2)).div(n);
  return h('lr')
    .times(sqrt(of(length).div(of(most))))
    .times(adam(x));
};

/** The second moment of Yogi climbs by equal steps until it is above g², then turns back. */
const yogi: Form = (x) => {
  const { h, t } = x;
  const g = gOf(x);
  const by = ONE.minus(h('beta2'));
  let stairs = 0;
  for (let k = 0; k < t; k++) stairs += by.times(stairs).lt(1) ? 1 : -1;
  const second = by
    .times(stairs)
    .times(g)
    .times(g)
    .div(part(h('beta2'), t));
  return h('lr')
    .times(g)
    .div(sqrt(second).plus(h('eps')));
};

const adabelief: Form = (x) => {
  const { h, t } = x;
  const [g, b1, b2] = [gOf(x), h('beta1'), h('beta2')];
  // the mean lacks β₁ⁱ of the gradient at step i
  const surprise = sum(counts(t).map((i) => b2.pow(t - i).times(b1.pow(2 * i))));
  const second = ONE.minus(b2)
    .times(g)
    .times(g)
    .times(surprise)
    .plus(h('epsAdded').times(part(b2, t)).div(ONE.minus(b2)))
    .div(part(b2, t));
  return h('lr')
    .times(g)
    .div(sqrt(second).plus(h('eps')));
};

const rmsprop: Form = (x) => {
  const { h, t } = x;
  const g = gOf(x);
  // without momentum the last push is all there is
  const pushes = counts(t)
    .slice(x.on('momentum') ? 0 : -1)
    .map((i) => {
      const full = part(h('decay'), i);
      // E g² − (E g)² = g²·ρⁱ·(1 − ρⁱ)
      const spread = x.on('centered') ? full.times(h('decay').pow(i)) : full;
      const root = sqrt(spread.times(g).times(g).plus(h('epsRoot'))).plus(h('eps'));
      return h('momentum')
        .pow(t - i)
        .times(g.div(root));
    });
  return h('lr').times(sum(pushes));
};

const lamb: Form = (x) => {
  const r = x.gs.map((g, j) => g.div(g.abs().plus(x.h('eps'))).plus(x.h('weightDecay').times(x.ws[j] ?? ZERO)));
  const norm = (vs: readonly Big[]): Big => sqrt(sum(vs.map((v) => v.times(v))));
  return x
    .h('lr')
    .times(norm(x.ws))
    .div(norm(r))
    .times(r[x.j] ?? ZERO);
};

const quintic = (s: Big): Big => {
  let y = s;
  for (let turn = 0; turn < 5; turn++)
    y = big('3.4445')
      .times(y)
      .plus(big('-4.775').times(y.pow(3)))
      .plus(big('2.0315').times(y.pow(5)));
  return y;
};
/** The quintic of the one singular value that a matrix with orthonormal rows times c has, over c. */
const muon: Form = (x) => {
  const { h, t } = x;
  const g = gOf(x);
  const u = ONE.minus(h('momentum'))
    .plus(h('momentum').times(part(h('momentum'), t)))
    .times(g);
  const s = u.div(u.abs().plus(h('eps')));
  return decayed(x, quintic(s).times(x.on('rmsScale') ? big('0.2') : ONE));
};

/** z falls by lr·step each time, x is the mean of all z, and y lies between: steps after the first are smaller. */
const free =
  (step: (x: Known) => Big): Form =>
  (x) => {
    const full = x.h('lr').times(step(x));
    return x.t === 1 ? full : full.times(ONE.minus(x.h('beta1').div(2)));
  };

/** The same gradient at every step. */
export const CONSTANT: Readonly<Record<string, Closed>> = {
  sgd: { step: (x) => x.h('lr').times(gOf(x)) },
  momentum: {
    step: (x) => {
      const { h, t } = x;
      const mu = h('momentum');
      const whole = ONE.minus(h('dampening')).times(part(mu, t)).div(ONE.minus(mu));
      const first = x.on('firstStepFull') ? h('dampening').times(mu.pow(t - 1)) : ZERO;
      return h('lr').times(whole.plus(first)).times(gOf(x));
    },
  },
  nesterov: {
    step: (x) =>
      x
        .h('lr')
        .times(part(x.h('momentum'), x.t + 1))
        .div(ONE.minus(x.h('momentum')))
        .times(gOf(x)),
  },
  rprop: {
    step: (x) =>
      x
        .h('lr')
        .times(smaller(x.h('up').pow(x.t - 1), x.h('maxFactor')))
        .times(signOf(gOf(x))),
  },
  sign_sgd: { step: (x) => x.h('lr').times(signOf(gOf(x))) },
  signum: { step: (x) => x.h('lr').times(signOf(gOf(x))) },
  lion: { step: (x) => decayed(x, signOf(gOf(x))) },
  adagrad: {
    step: (x) => {
      const { h } = x;
      const g = gOf(x);
      const all = h('initialAccumulator').plus(g.times(g).times(x.t)).plus(h('epsRoot'));
      return h('lr')
        .times(g)
        .div(sqrt(all).plus(h('eps')));
    },
  },
  rmsprop: { step: rmsprop },
  adadelta: {
    step: (x) => {
      const g = gOf(x);
      const { h } = x;
      const below1 = ONE.minus(h('decay')).times(g).times(g).plus(h('epsRoot'));
      return x.t > 1
        ? null
        : h('lr')
            .times(sqrt(h('epsRoot').div(below1)))
            .times(g);
    },
  },
  adamax: {
    step: (x) =>
      x
        .h('lr')
        .times(gOf(x))
        .div(gOf(x).abs().plus(x.h('epsInner')).plus(x.h('eps'))),
  },
  adam: { step: (x) => x.h('lr').times(adam(x)) },
  adamw: { step: (x) => decayed(x, adam(x)) },
  amsgrad: { step: (x) => x.h('lr').times(adam(x)) },
  nadam: { step: nadam },
  radam: { step: radam },
  adabelief: { step: adabelief },
  yogi: { step: yogi, off: ['initialMoment', 'initialAccumulator'] },
  adan: {
    step: (x) =>
      x
        .h('lr')
        .times(gOf(x))
        .div(gOf(x).abs().plus(x.h('eps'))),
  },
  adopt: {
    step: (x) => {
      const g = gOf(x);
      return x
        .h('lr')
        .times(g.div(larger(g.abs(), x.h('eps'))))
        .times(part(x.h('beta1'), x.t - 1));
    },
  },
  lamb: { step: lamb },
  schedule_free_sgd: { step: free(gOf), off: ['weightDecay'] },
  schedule_free_adamw: {
    step: free((x) => gOf(x).div(gOf(x).abs().plus(x.h('eps')))),
    off: ['weightDecay'],
  },
  shampoo: {
    step: (x) =>
      x
        .h('lr')
        .times(gOf(x))
        .div(sqrt(gOf(x).times(gOf(x)).times(x.t).plus(x.h('eps')))),
    shapes: [[1], [3], [1, 1]],
  },
  prodigy: {
    step: (x) => {
      const { h } = x;
      const [one, two] = [ONE.minus(h('beta1')), sqrt(ONE.minus(h('beta2')))];
      const bias = x.on('biasCorrection') ? two.div(one) : ONE;
      const g = gOf(x);
      const towards = one.times(g).div(two.times(g.abs()).plus(h('eps')));
      return x.t > 1 ? null : h('lr').times(h('d0')).times(bias).times(towards);
    },
  },
  muon: { step: muon, shapes: [[1, 1]] },
};

/** A gradient at the first step, and none after it: what is left is what each rule remembers. */
export const IMPULSE: Readonly<Record<string, Closed>> = {
  sgd: { step: (x) => (x.t === 1 ? x.h('lr').times(gOf(x)) : ZERO) },
  momentum: {
    step: (x) => {
      const share = x.on('firstStepFull') ? ONE : ONE.minus(x.h('dampening'));
      return x
        .h('lr')
        .times(share)
        .times(x.h('momentum').pow(x.t - 1))
        .times(gOf(x));
    },
  },
  nesterov: {
    step: (x) => {
      const ahead = x.h('momentum').pow(x.t);
      return x
        .h('lr')
        .times(x.t === 1 ? ahead.plus(1) : ahead)
        .times(gOf(x));
    },
  },
  rprop: { step: (x) => (x.t === 1 ? x.h('lr').times(signOf(gOf(x))) : ZERO) },
  sign_sgd: { step: (x) => (x.t === 1 ? x.h('lr').times(signOf(gOf(x))) : ZERO) },
  signum: { step: (x) => x.h('lr').times(signOf(gOf(x))) },
  lion: { step: (x) => decayed(x, signOf(gOf(x))) },
  rmsprop: {
    step: (x) => {
      const { h } = x;
      const g = gOf(x);
      const full = part(h('decay'), 1);
      const spread = x.on('centered') ? full.times(h('decay')) : full;
      const root = sqrt(spread.times(g).times(g).plus(h('epsRoot'))).plus(h('eps'));
      return h('lr')
        .times(h('momentum').pow(x.t - 1))
        .times(g)
        .div(root);
    },
  },
  adamax: {
    step: (x) => {
      const { h, t } = x;
      const g = gOf(x);
      const m = part(h('beta1'), 1)
        .times(h('beta1').pow(t - 1))
        .times(g);
      // the largest of all gradients, each fallen by β₂ per step and none below epsInner
      const top = larger(
        h('beta2')
          .pow(t - 1)
          .times(g.abs().plus(h('epsInner'))),
        h('epsInner'),
      );
      return h('lr')
        .times(m.div(part(h('beta1'), t)))
        .div(top.plus(h('eps')));
    },
  },
  adam: { step: (x) => x.h('lr').times(remembered(x, remainder(x))) },
  adamw: { step: (x) => decayed(x, remembered(x, remainder(x))) },
  amsgrad: {
    step: (x) => {
      const g = gOf(x);
      const first = g.times(g);
      const fallen = part(x.h('beta2'), 1).div(part(x.h('beta2'), x.t));
      return x.h('lr').times(remembered(x, x.on('maxCorrected') ? first : first.times(fallen)));
    },
  },
  adagrad: {
    step: (x) => (x.t === 1 ? (CONSTANT.adagrad?.step(x) ?? null) : ZERO),
  },
  adadelta: { step: (x) => (x.t === 1 ? (CONSTANT.adadelta?.step(x) ?? null) : ZERO) },
};
/** (1 − β₂)·β₂ᵗ⁻¹·g², corrected. */
function remainder(x: Known): Big {
  const b = x.h('beta2');
  const g = gOf(x);
  return part(b, 1)
    .times(b.pow(x.t - 1))
    .times(g)
    .times(g)
    .div(part(b, x.t));
}
/** (1 − β₁)·β₁ᵗ⁻¹·g, corrected, over the root of a second moment. */
function remembered(x: Known, second: Big): Big {
  const b = x.h('beta1');
  return part(b, 1)
    .times(b.pow(x.t - 1))
    .times(gOf(x))
    .div(part(b, x.t))
    .div(below(x, second));
}

/** Weights after each of `steps` steps by a closed form; null from where nothing is known. */
export const closedPath = (
  { step }: Closed,
  hyper: Readonly<Record<string, number>>,
  weights: readonly number[],
  gradients: readonly number[],
  steps: number,
): readonly (readonly Big[] | null)[] => {
  const h = (key: string): Big => exact(hyper[key] ?? NEVER_OFF[key] ?? 0);
  const on = (key: string): boolean => (hyper[key] ?? 0) !== 0;
  const gs = gradients.map(exact);
  let ws: readonly Big[] | null = weights.map(exact);
  return counts(steps).map((t) => {
    const now = ws;
    const moved: readonly (Big | null)[] = now?.map(
      (w, j) => step({ h, on, gs, ws: now, j, t })?.neg().plus(w) ?? null,
    ) ?? [null];
    ws = moved.some((v) => v === null) ? null : (moved as readonly Big[]); // none is null
    return ws;
  });
};
