// Activations and losses once more, written from their definitions at 64 digits: value, slope and bend, without the engine's texts.
import type { Values } from '../arbitraries.ts';
import type { PortInfo } from '../port.ts';
import { contractDerivativeUlps, contractUlps, FORMATS, gamma, ulpsAt } from '../tolerance.ts';
import { type Big, big, erfc, exact, exp, expm1, ln, log1p, nearest, ONE, PI, sqrt, ZERO } from './exact.ts';

type Numbers = Readonly<Record<string, number>>;

/** A function of one number at a point: f, f′, and f″ where f′ changes sign, which its bound needs. */
export interface Point {
  readonly value: Big;
  readonly slope: Big;
  readonly bend: Big;
}

const HALF = big('0.5');
const TWO = big(2);
const point = (value: Big, slope: Big, bend: Big = ZERO): Point => ({ value, slope, bend });

/** 1/(1 + e^−x) from the exponential that does not overflow. */
const logistic = (x: Big): Big => {
  const t = exp(x.abs().neg());
  return (x.isNegative() ? t : ONE).div(t.plus(1));
};
/** σ′ = t/(1 + t)² with t = e^−|x|. */
const logisticSlope = (x: Big): Big => {
  const t = exp(x.abs().neg());
  return t.div(t.plus(1).pow(2));
};
/** σ″ = σ′·(1 − 2σ), where 1 − 2σ(x) = σ(−x) − σ(x). */
const logisticBend = (x: Big): Big => logisticSlope(x).times(logistic(x.neg()).minus(logistic(x)));

const hyperbolic = (x: Big): Big => {
  const t = expm1(x.abs().times(-2)); // in (−1, 0]
  const size = t.neg().div(t.plus(2));
  return x.isNegative() ? size.neg() : size;
};

/** φ, the normal density. */
const density = (x: Big): Big => exp(x.times(x).div(-2)).div(sqrt(PI.times(2)));
/** Φ, the normal distribution function. */
const distribution = (x: Big): Big => erfc(x.neg().div(sqrt(TWO))).div(2);

/**
 * λ and α of SELU, by which a standard normal input keeps mean 0 and variance 1.
 * @source Klambauer et al. 2017, eq. 14
 */
const fixedPoint = (): { readonly scale: Big; readonly alpha: Big } => {
  const half = erfc(sqrt(HALF));
  const root = exp(HALF); // √e
  const alpha = sqrt(TWO.div(PI)).neg().div(half.times(root).minus(1));
  const square = erfc(sqrt(TWO))
    .times(2)
    .times(exp(TWO))
    .plus(PI.times(half.pow(2)).times(exp(ONE)))
    .minus(PI.plus(2).times(2).times(half).times(root))
    .plus(PI)
    .plus(2);
  return {
    scale: ONE.minus(half.times(root))
      .times(sqrt(PI.times(2)))
      .div(sqrt(square)),
    alpha,
  };
};
const SELU = fixedPoint();

/** x·σ(u), with the first two derivatives of u. */
const gated = (x: Big, u: Big, du: Big, ddu: Big): Point => {
  const [s, ds, dds] = [logistic(u), logisticSlope(u), logisticBend(u)];
  return point(
    x.times(s),
    s.plus(x.times(ds).times(du)),
    ds
      .times(du)
      .times(2)
      .plus(x.times(dds.times(du.pow(2)).plus(ds.times(ddu)))),
  );
};

const GATE = sqrt(TWO.div(PI)).times(2);
const CUBIC = big('0.044715');

/** Activations that map each number on its own; at a kink the slope is that of the left. */
export const ACTIVATION_POINTS: Readonly<Record<string, (x: Big, p: Numbers) => Point>> = {
  step: (x) => point(x.gt(0) ? ONE : ZERO, ZERO),
  identity: (x) => point(x, ONE),
  relu: (x) => (x.gt(0) ? point(x, ONE) : point(ZERO, ZERO)),
  leaky_relu: (x, { slope = 0 }) => (x.gt(0) ? point(x, ONE) : point(exact(slope).times(x), exact(slope))),
  sigmoid: (x) => point(logistic(x), logisticSlope(x)),
  tanh: (x) => point(hyperbolic(x), logisticSlope(x.times(2)).times(4)),
  softplus: (x) => point(log1p(exp(x.abs().neg())).plus(x.gt(0) ? x : ZERO), logistic(x)),
  elu: (x, { alpha = 0 }) =>
    x.gt(0) ? point(x, ONE) : point(exact(alpha).times(expm1(x)), exact(alpha).times(exp(x))),
  selu: (x) => {
    const left = SELU.scale.times(SELU.alpha);
    return x.gt(0) ? point(SELU.scale.times(x), SELU.scale) : point(left.times(expm1(x)), left.times(exp(x)));
  },
  gelu: (x) =>
    point(x.times(distribution(x)), distribution(x).plus(x.times(density(x))), density(x).times(TWO.minus(x.times(x)))),
  gelu_tanh: (x) => {
    const square = x.times(x);
    return gated(
      x,
      GATE.times(x.plus(CUBIC.times(square).times(x))),
      GATE.times(CUBIC.times(3).times(square).plus(1)),
      GATE.times(CUBIC).times(6).times(x),
    );
  },
  silu: (x) => gated(x, x, ONE, ZERO),
  hard_sigmoid: (x) =>
    x.gte(3) ? point(ONE, ZERO) : x.lte(-3) ? point(ZERO, ZERO) : point(x.plus(3).div(6), ONE.div(6)),
  hard_tanh: (x) => (x.gte(1) ? point(ONE, ZERO) : x.lte(-1) ? point(ONE.neg(), ZERO) : point(x, ONE)),
  softsign: (x) => point(x.div(x.abs().plus(1)), ONE.div(x.abs().plus(1).pow(2))),
};

/** Where slopes jump. */
export const KINKS: Readonly<Record<string, readonly number[]>> = {
  step: [0],
  relu: [0],
  leaky_relu: [0],
  elu: [0],
  selu: [0],
  hard_sigmoid: [-3, 3],
  hard_tanh: [-1, 1],
};

/** Values and slopes at −∞ and ∞, for a positive alpha and slope. */
export const ENDS: Readonly<Record<string, (p: Numbers) => readonly [number, number, number, number]>> = {
  step: () => [0, 1, 0, 0],
  identity: () => [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, 1, 1],
  relu: () => [0, Number.POSITIVE_INFINITY, 0, 1],
  leaky_relu: ({ slope = 0 }) => [-slope * Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, slope, 1],
  sigmoid: () => [0, 1, 0, 0],
  tanh: () => [-1, 1, 0, 0],
  softplus: () => [0, Number.POSITIVE_INFINITY, 0, 1],
  elu: ({ alpha = 0 }) => [-alpha, Number.POSITIVE_INFINITY, 0, 1],
  selu: () => [-nearest(SELU.scale.times(SELU.alpha)), Number.POSITIVE_INFINITY, 0, nearest(SELU.scale)],
  gelu: () => [0, Number.POSITIVE_INFINITY, 0, 1],
  gelu_tanh: () => [0, Number.POSITIVE_INFINITY, 0, 1],
  silu: () => [0, Number.POSITIVE_INFINITY, 0, 1],
  hard_sigmoid: () => [0, 1, 0, 0],
  hard_tanh: () => [-1, 1, 0, 0],
  softsign: () => [-1, 1, 0, 0],
};

// ---- rows --------------------------------------------------------------------------------------------------------

/** Shares and their logarithms along one row of logits, and how far each may be off in units of roundoff, absolutely for the logarithm. */
export interface Row {
  readonly share: readonly Big[];
  readonly log: readonly Big[];
  /** |zⱼ − max z| + |log shareⱼ| and what the sum of n exponentials adds. */
  readonly units: readonly number[];
}

export const softmaxRow = (logits: readonly number[]): Row => {
  const z = logits.map(exact);
  const most = z.reduce((a, b) => (b.gt(a) ? b : a));
  const e = z.map((v) => exp(v.minus(most)));
  const sum = e.reduce((a, b) => a.plus(b));
  const log = z.map((v) => v.minus(most).minus(ln(sum)));
  const constant = 2 * (2 * contractUlps(1) + logits.length + 2);
  return {
    share: e.map((v) => v.div(sum)),
    log,
    units: log.map((l, j) => Math.abs(nearest((z[j] ?? ZERO).minus(most))) + Math.abs(nearest(l)) + constant),
  };
};

// ---- losses ------------------------------------------------------------------------------------------------------

/** What a loss and its gradient are, and how far a sound implementation may be off. */
export interface LossTruth {
  readonly loss: Big;
  readonly lossBound: number;
  readonly gradient: readonly Big[];
  readonly gradientBound: readonly number[];
}

/** One term: its value, its slope, how far each may be off beside its own ulps, and half the width of a bend's interval. */
interface Term {
  readonly value: Big;
  readonly slope: Big;
  readonly slopeSlack?: Big;
  readonly bend?: Big;
}

const FLOOR = 100;

/** −log p, at most 100. */
const cost = (p: Big, log: (p: Big) => Big): { readonly value: Big; readonly on: boolean } => {
  const v = p.isZero() ? big(FLOOR + 1) : log(p).neg();
  return v.lt(FLOOR) ? { value: v, on: true } : { value: big(FLOOR), on: false };
};

/** Losses that take each element on its own; bce with logarithms floored at −100. */
const LOSS_TERMS: Readonly<Record<string, (p: Big, y: Big, params: Numbers) => Term>> = {
  bce: (p, y) => {
    const q = ONE.minus(p);
    const hit = cost(p, (v) => ln(v));
    const miss = cost(q, () => log1p(p.neg()));
    const slope = (hit.on ? y.div(p).neg() : ZERO).plus(miss.on ? ONE.minus(y).div(q) : ZERO);
    return { value: y.times(hit.value).plus(ONE.minus(y).times(miss.value)), slope };
  },
  bce_with_logits: (z, y) => {
    const [a, b] = [ONE.minus(y).times(logistic(z)), y.times(logistic(z.neg()))];
    const side = z.gt(0) ? ONE.minus(y).times(z) : y.times(z.neg());
    return {
      value: log1p(exp(z.abs().neg())).plus(side),
      slope: a.minus(b),
      slopeSlack: a.isZero() || b.isZero() ? ZERO : a.plus(b), // a soft label subtracts two numbers that were rounded
    };
  },
  mse: (p, y) => ({ value: p.minus(y).pow(2), slope: p.minus(y).times(2) }),
  mae: (p, y) => {
    const r = p.minus(y);
    return r.isZero()
      ? { value: ZERO, slope: ZERO, bend: ONE }
      : { value: r.abs(), slope: r.isNegative() ? ONE.neg() : ONE };
  },
  huber: (p, y, { delta = 1 }) => {
    const r = p.minus(y);
    const d = exact(delta);
    return r.abs().lte(d)
      ? { value: r.times(r).div(2), slope: r }
      : { value: d.times(r.abs().minus(d.div(2))), slope: r.isNegative() ? d.neg() : d };
  },
  hinge: (p, y) => {
    const missing = ONE.minus(y.times(p));
    if (missing.isZero()) return { value: ZERO, slope: y.div(-2), bend: HALF };
    return missing.gt(0) ? { value: missing, slope: y.neg() } : { value: ZERO, slope: ZERO };
  },
};

/** Whether the definitions here speak of a loss under the conventions of a port. */
export const knowsLoss = ({ conventions }: PortInfo, name: string): boolean =>
  name in LOSS_TERMS ? name !== 'bce' || (conventions.bce === 'log' && conventions.bceClip === FLOOR) : ROWS.has(name);
const ROWS: ReadonlySet<string> = new Set(['softmax_cross_entropy', 'kl']);

/** The roundings of the bounds themselves. */
const OUTWARD = 1 + 2 ** -40;

const sum = (terms: readonly Big[]): Big => terms.reduce((a, b) => a.plus(b), ZERO);

/**
 * A batch by the definition of its loss. Values: each term within the contract's ulps, then γₙ of the sum of their sizes
 * (Higham 2002, §4.2). Gradients: the contract's relative ulps, and what subtractions of rounded numbers leave.
 */
export const lossTruth = (
  port: PortInfo,
  name: string,
  prediction: Values,
  target: Values,
  reduction: 'mean' | 'sum',
  params: Numbers,
): LossTruth => {
  const { dtype } = port;
  const { u, tiny } = FORMATS[dtype];
  const absolute = port.conventions.derivative === 'absolute' ? contractUlps(1) * u : 0;
  const made = ROWS.has(name)
    ? rowTerms(name, prediction, target, u)
    : prediction.data.map((p, i) => {
        const t = (LOSS_TERMS[name] as NonNullable<(typeof LOSS_TERMS)[string]>)(
          // knowsLoss is asked before
          exact(p),
          exact(target.data[i] ?? 0),
          params,
        );
        const slack = nearest((t.slopeSlack ?? ZERO).times(2 * contractDerivativeUlps(1) * u)) + absolute;
        return {
          value: t.value,
          size: nearest(t.value.abs()),
          off: 0,
          slopes: [t.slope],
          slack: [slack + nearest(t.bend ?? ZERO)],
        };
      });
  const n = made.length;
  const parts = reduction === 'mean' ? n : 1;
  const sizes = made.reduce((s, t) => s + t.size, 0);
  const own = made.reduce((s, t) => s + t.off + ulpsAt(contractUlps(1), t.size, dtype), 0);
  const loss = sum(made.map((t) => t.value)).div(parts);
  return {
    loss,
    lossBound: ((own + gamma(n + 1, u) * (sizes + own)) / parts + (parts > 1 ? tiny : 0)) * OUTWARD,
    gradient: made.flatMap((t) => t.slopes.map((s) => s.div(parts))),
    gradientBound: made.flatMap((t) =>
      t.slopes.map(
        (s, j) =>
          (ulpsAt(contractDerivativeUlps(1), nearest(s.div(parts)), dtype) + (t.slack[j] ?? 0) / parts) * OUTWARD,
      ),
    ),
  };
};

interface Made {
  readonly value: Big;
  /** Sum of the sizes of what is added up. */
  readonly size: number;
  readonly off: number;
  readonly slopes: readonly Big[];
  readonly slack: readonly number[];
}

/** Losses that couple the classes of a sample: one term per row. */
const rowTerms = (name: string, prediction: Values, target: Values, u: number): readonly Made[] => {
  const k = prediction.shape.at(-1) ?? 1;
  return Array.from({ length: prediction.data.length / k }, (_, r) => {
    const p = prediction.data.slice(r * k, (r + 1) * k);
    const y = target.data.slice(r * k, (r + 1) * k).map(exact);
    return name === 'kl' ? divergence(p.map(exact), y, u) : crossEntropy(p, y, u);
  });
};

const divergence = (p: readonly Big[], y: readonly Big[], u: number): Made => {
  const terms = y.map((t, j) => (t.isZero() ? ZERO : t.times(ln(t.div(p[j] ?? ONE)))));
  const sizes = terms.reduce((s, t) => s + Math.abs(nearest(t)), 0);
  return {
    value: sum(terms),
    size: sizes,
    off: (2 * contractUlps(1) * u + gamma(p.length, u)) * sizes,
    slopes: y.map((t, j) => (t.isZero() ? ZERO : t.div(p[j] ?? ONE).neg())),
    slack: y.map(() => 0),
  };
};

const crossEntropy = (logits: readonly number[], y: readonly Big[], u: number): Made => {
  const { share, log, units } = softmaxRow(logits);
  const mass = sum(y);
  const sizes = y.map((t, j) => nearest(t.times(log[j] ?? ZERO).abs()));
  const total = sizes.reduce((a, b) => a + b, 0);
  return {
    value: sum(y.map((t, j) => t.times(log[j] ?? ZERO))).neg(),
    size: total,
    off: y.reduce((s, t, j) => s + nearest(t) * u * (units[j] ?? 0), 0) + gamma(y.length + 1, u) * total,
    slopes: y.map((t, j) => (share[j] ?? ZERO).times(mass).minus(t)),
    slack: y.map(
      (t, j) =>
        u * ((units[j] ?? 0) + y.length + contractUlps(1)) * nearest((share[j] ?? ZERO).times(mass)) +
        2 * u * nearest(t),
    ),
  };
};
