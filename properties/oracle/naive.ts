// The schoolbook network: a second forward pass and its own scalar backpropagation, at 64 digits over nested arrays.
import type { AnyLayer } from '../args.ts';
import { CERTIFICATE_DIGITS, DIFFERENCE_ERROR, KINK_DIGITS, ORACLE_STEP } from '../tolerance.ts';
import { type Big, big, exact, exp, ln, ONE, sqrt, ZERO } from './exact.ts';
import { evaluate } from './formula.ts';

/** A tensor as plain data. */
interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** All that a loss depends on. */
export interface Task {
  readonly layers: readonly AnyLayer[];
  readonly loss: string;
  readonly reduction: 'mean' | 'sum';
  readonly params: readonly Values[];
  readonly x: Values;
  readonly y: Values;
  readonly state?: readonly Values[];
  readonly uniforms?: readonly Values[];
  readonly regulariser?: { readonly l1?: number; readonly l2?: number };
}

type Slope = () => Big;

/** A number that remembers what it was made from, and how steeply it depends on each. */
class Num {
  readonly value: Big;
  readonly from: readonly (readonly [Num, Slope])[];
  slope: Big = ZERO;
  /** Whether it lies where its function bends. */
  readonly bent: boolean;
  constructor(value: Big, from: readonly (readonly [Num, Slope])[] = [], bent = false) {
    this.value = value;
    this.bent = bent;
    this.from = from;
  }
}

const one: Slope = () => ONE;
const constant = (v: number): Num => new Num(exact(v));
const plus = (a: Num, b: Num): Num =>
  new Num(a.value.plus(b.value), [
    [a, one],
    [b, one],
  ]);
const minus = (a: Num, b: Num): Num =>
  new Num(a.value.minus(b.value), [
    [a, one],
    [b, () => ONE.neg()],
  ]);
const times = (a: Num, b: Num): Num =>
  new Num(a.value.times(b.value), [
    [a, () => b.value],
    [b, () => a.value],
  ]);
const over = (a: Num, b: Num): Num =>
  new Num(a.value.div(b.value), [
    [a, () => ONE.div(b.value)],
    [b, () => a.value.div(b.value).div(b.value).neg()],
  ]);
const sum = (xs: readonly Num[]): Num => xs.reduce(plus, new Num(ZERO));

/** A function of one number with its derivative. */
type Curve = readonly [f: (x: Big) => Big, slope: (x: Big) => Big];
const through = ([f, slope]: Curve, a: Num, bent = false): Num =>
  new Num(f(a.value), [[a, () => slope(a.value)]], bent);

const half = ONE.div(2);
const pi = evaluate('pi', {});
/** 1 / (1 + e^(−x)), and its derivative, which does not cancel. */
const logistic = (x: Big): Big => ONE.div(exp(x.neg()).plus(1));
const bump = (x: Big): Big => {
  const e = exp(x.abs().neg());
  return e.div(e.plus(1).pow(2));
};
/** The normal distribution function and its density. */
const below = (x: Big): Big => evaluate('erfc(x)', { x: x.neg().div(sqrt(big(2))) }).div(2);
const density = (x: Big): Big => exp(x.times(x).div(-2)).div(sqrt(pi.times(2)));
/** √(2/π)·(x + 0.044715·x³) and its derivative. */
const cubic = (x: Big): Big => sqrt(big(2).div(pi)).times(x.plus(x.pow(3).times(big('0.044715'))));
const cubicSlope = (x: Big): Big => sqrt(big(2).div(pi)).times(x.pow(2).times(big('0.134145')).plus(1));
const positive = (x: Big): boolean => x.gt(0);
const SCALE = big('1.0507009873554804934193349852946');
const SELU_ALPHA = big('1.6732632423543772848170429916717');

const exponential: Curve = [(x) => exp(x), (x) => exp(x)];
const logarithm: Curve = [(x) => ln(x), (x) => ONE.div(x)];
const root: Curve = [(x) => sqrt(x), (x) => half.div(sqrt(x))];
const size: Curve = [(x) => x.abs(), (x) => (x.isZero() ? ZERO : positive(x) ? ONE : ONE.neg())];
const rectified: Curve = [(x) => (positive(x) ? x : ZERO), (x) => (positive(x) ? ONE : ZERO)];
const softplus: Curve = [(x) => evaluate('log1p(x)', { x: exp(x.abs().neg()) }).plus(positive(x) ? x : ZERO), logistic];
const bent = (scale: Big, alpha: Big): Curve => [
  (x) => scale.times(positive(x) ? x : alpha.times(exp(x).minus(1))),
  (x) => scale.times(positive(x) ? ONE : alpha.times(exp(x))),
];

/** Activations that map each number on its own, by the contract's name. */
const CURVES: Readonly<Record<string, (p: (name: string) => Big) => Curve>> = {
  step: () => [(x) => (positive(x) ? ONE : ZERO), () => ZERO],
  identity: () => [(x) => x, () => ONE],
  relu: () => rectified,
  leaky_relu: (p) => [(x) => (positive(x) ? x : p('slope').times(x)), (x) => (positive(x) ? ONE : p('slope'))],
  sigmoid: () => [logistic, bump],
  tanh: () => [(x) => logistic(x.times(2)).times(2).minus(1), (x) => bump(x.times(2)).times(4)],
  softplus: () => softplus,
  elu: (p) => bent(ONE, p('alpha')),
  selu: () => bent(SCALE, SELU_ALPHA),
  gelu: () => [(x) => x.times(below(x)), (x) => below(x).plus(x.times(density(x)))],
  gelu_tanh: () => [
    (x) => x.times(logistic(cubic(x).times(2))),
    (x) =>
      logistic(cubic(x).times(2)).plus(
        x
          .times(bump(cubic(x).times(2)))
          .times(2)
          .times(cubicSlope(x)),
      ),
  ],
  silu: () => [(x) => x.times(logistic(x)), (x) => logistic(x).plus(x.times(bump(x)))],
  hard_sigmoid: () => [
    (x) => (x.gte(3) ? ONE : x.lte(-3) ? ZERO : x.plus(3).div(6)),
    (x) => (x.abs().lt(3) ? ONE.div(6) : ZERO),
  ],
  hard_tanh: () => [(x) => (x.gte(1) ? ONE : x.lte(-1) ? ONE.neg() : x), (x) => (x.abs().lt(1) ? ONE : ZERO)],
  softsign: () => [(x) => x.div(x.abs().plus(1)), (x) => ONE.div(x.abs().plus(1).pow(2))],
};

type Row = readonly Num[];
type Rows = readonly Row[];

/** Activations that see a whole sample. */
const WHOLE: Readonly<Record<string, (row: Row) => Row>> = {
  softmax: (row) => {
    const e = row.map((z) => through(exponential, z));
    const total = sum(e);
    return e.map((v) => over(v, total));
  },
  log_softmax: (row) => {
    const all = through(logarithm, sum(row.map((z) => through(exponential, z))));
    return row.map((z) => minus(z, all));
  },
};

/** min(−log p, 100), as the loss of a probability is floored. */
const surprise = (p: Num): Num => {
  const v = minus(constant(0), through(logarithm, p));
  return v.value.gte(100) ? constant(100) : v; // what is not a number stays so
};

/** The terms of a loss for one sample: one per element, or one in all. */
const TERMS: Readonly<Record<string, (p: Row, y: Row) => Row>> = {
  mse: (p, y) => p.map((v, i) => times(minus(v, at(y, i)), minus(v, at(y, i)))),
  mae: (p, y) => p.map((v, i) => through(size, minus(v, at(y, i)))),
  huber: (p, y) =>
    p.map((v, i) => {
      const r = minus(v, at(y, i));
      return r.value.abs().lte(1) ? times(constant(1 / 2), times(r, r)) : minus(through(size, r), constant(1 / 2));
    }),
  hinge: (p, y) => p.map((v, i) => through(rectified, minus(constant(1), times(at(y, i), v)))),
  bce: (p, y) =>
    p.map((v, i) =>
      plus(times(at(y, i), surprise(v)), times(minus(constant(1), at(y, i)), surprise(minus(constant(1), v)))),
    ),
  // both terms are positive: nothing cancels however small the loss
  bce_with_logits: (z, y) =>
    z.map((v, i) =>
      plus(
        times(minus(constant(1), at(y, i)), through(softplus, v)),
        times(at(y, i), through(softplus, minus(constant(0), v))),
      ),
    ),
  softmax_cross_entropy: (z, y) => [
    minus(constant(0), sum((WHOLE.log_softmax?.(z) ?? []).map((v, i) => times(at(y, i), v)))),
  ],
  kl: (p, y) => [
    sum(
      p.map((v, i) => {
        const share = at(y, i);
        return share.value.isZero() ? constant(0) : times(share, through(logarithm, over(share, v)));
      }),
    ),
  ],
};

const at = (row: Row, i: number): Num => row[i] ?? constant(Number.NaN);

/** A tensor [rows, columns], or one row of a vector, as nested arrays. */
const nested = ({ shape, data }: Values, make: (v: number, i: number) => Num = constant): Rows => {
  const width = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / width }, (_, r) =>
    Array.from({ length: width }, (_2, j) => make(data[r * width + j] ?? Number.NaN, r * width + j)),
  );
};

/** What is handed out one after another. */
class Queue<T> {
  readonly #rest: T[];
  constructor(all: readonly T[]) {
    this.#rest = [...all];
  }
  next(): T {
    const found = this.#rest.shift();
    if (found === undefined) throw new Error('oracle: the network asks for more tensors than it was given');
    return found;
  }
}

interface Supply {
  readonly params: Queue<Rows>;
  readonly state: Queue<Rows>;
  readonly uniforms: Queue<Rows>;
  readonly mode: 'train' | 'eval';
  /** Running means and variances after the batch, in the order of layers. */
  readonly kept: Row[];
  /** Weights of dense layers, for the penalty. */
  readonly weights: Num[];
}

const column = (rows: Rows, j: number): Row => rows.map((row) => at(row, j));
const mean = (xs: Row): Num => over(sum(xs), constant(xs.length));
const squares = (xs: Row, m: Num): Num => sum(xs.map((v) => times(minus(v, m), minus(v, m))));
/** Not a number where a spread is but the rounding of 64 digits: without an eps, equal numbers are 0/0 when normalised. */
const normal = (v: Num, m: Num, variance: Num, eps: number, gamma: Num, beta: Num): Num => {
  const spread = plus(variance, constant(eps));
  const noise = m.value.times(DIFFERENCE_ERROR).pow(2);
  if (!spread.value.isZero() && spread.value.lte(noise)) return constant(Number.NaN);
  return plus(times(gamma, over(minus(v, m), through(root, spread))), beta);
};

const apply = (layer: AnyLayer, rows: Rows, s: Supply): Rows => {
  if (layer.type === 'dense') {
    const [w, [b = []]] = [s.params.next(), s.params.next()];
    for (const row of w) s.weights.push(...row);
    return rows.map((row) => b.map((bias, j) => plus(sum(row.map((v, i) => times(v, at(w[i] ?? [], j)))), bias)));
  }
  if (layer.type === 'activation') {
    const whole = WHOLE[layer.name];
    if (whole !== undefined) return rows.map(whole);
    const curve = CURVES[layer.name]?.((name) => exact(Number(layer[name])));
    if (curve === undefined) throw new Error(`oracle: no activation ${layer.name}`);
    return rows.map((row) => row.map((v) => through(curve, v, layer.name.endsWith('relu') && v.value.isZero())));
  }
  if (layer.type === 'residual') {
    const inner = layer.layers.reduce((r, l) => apply(l, r, s), rows);
    return rows.map((row, r) => row.map((v, j) => plus(v, at(inner[r] ?? [], j))));
  }
  if (layer.type === 'dropout') {
    if (s.mode === 'eval') return rows;
    const u = s.uniforms.next();
    const kept = minus(constant(1), constant(layer.dropRate));
    return rows.map((row, r) =>
      row.map((v, j) => (at(u[r] ?? [], j).value.lt(exact(layer.dropRate)) ? constant(0) : over(v, kept))),
    );
  }
  const [[gamma = []], [beta = []]] = [s.params.next(), s.params.next()];
  if (layer.type === 'layerNorm')
    return rows.map((row) => {
      const m = mean(row);
      const variance = over(squares(row, m), constant(row.length));
      return row.map((v, j) => normal(v, m, variance, layer.eps, at(gamma, j), at(beta, j)));
    });
  const [[running = []], [spread = []]] = [s.state.next(), s.state.next()];
  const { momentum = 0.1, momentumOf = 'new', runningVariance = 'unbiased' } = layer;
  const n = rows.length;
  const features = gamma.map((_, j) => {
    const m = mean(column(rows, j));
    const ss = squares(column(rows, j), m);
    const spreads = { biased: over(ss, constant(n)), unbiased: over(ss, constant(n - 1)) };
    return { m, variance: spreads.biased, kept: spreads[runningVariance] };
  });
  const [share, rest] = [constant(momentum), minus(constant(1), constant(momentum))];
  const blend = (old: Num, fresh: Num): Num =>
    momentumOf === 'new' ? plus(times(rest, old), times(share, fresh)) : plus(times(share, old), times(rest, fresh));
  if (s.mode === 'train')
    s.kept.push(
      features.map(({ m }, j) => blend(at(running, j), m)),
      features.map(({ kept }, j) => blend(at(spread, j), kept)),
    );
  else s.kept.push(running, spread);
  return rows.map((row) =>
    row.map((v, j) => {
      const f = features[j];
      const [m, variance] = s.mode === 'train' && f !== undefined ? [f.m, f.variance] : [at(running, j), at(spread, j)];
      return normal(v, m, variance, layer.eps, at(gamma, j), at(beta, j));
    }),
  );
};

interface Pass {
  readonly loss: Num;
  readonly output: Rows;
  readonly state: readonly Row[];
}

const supply = (
  c: Omit<Task, 'loss' | 'reduction' | 'y'>,
  params: readonly Rows[],
  mode: 'train' | 'eval',
): Supply => ({
  params: new Queue(params),
  state: new Queue((c.state ?? []).map((v) => nested(v))),
  uniforms: new Queue((c.uniforms ?? []).map((v) => nested(v))),
  mode,
  kept: [],
  weights: [],
});

const pass = (c: Task, params: readonly Rows[], x: Rows): Pass => {
  const s = supply(c, params, 'train');
  const output = c.layers.reduce((rows, layer) => apply(layer, rows, s), x);
  const terms = output.flatMap((row, r) => TERMS[c.loss]?.(row, nested(c.y)[r] ?? []) ?? []);
  const total = sum(terms);
  const loss = c.reduction === 'sum' ? total : over(total, constant(terms.length));
  const { l1 = 0, l2 = 0 } = c.regulariser ?? {};
  const penalties = s.weights.flatMap((w) => [
    ...(l1 > 0 ? [times(constant(l1), through(size, w))] : []),
    ...(l2 > 0 ? [times(constant(l2 / 2), times(w, w))] : []),
  ]);
  return { loss: penalties.length === 0 ? loss : plus(loss, sum(penalties)), output, state: s.kept };
};

/** Slopes of a number by all that it was made from: each node after all that use it. Says whether a rectifier at 0 took part. */
const backwards = (y: Num): boolean => {
  const order: Num[] = [];
  const seen = new Set<Num>();
  const visit = (node: Num): void => {
    if (seen.has(node)) return;
    seen.add(node);
    for (const [parent] of node.from) visit(parent);
    order.push(node);
  };
  visit(y);
  y.slope = ONE;
  for (const node of order.reverse())
    if (!node.slope.isZero())
      for (const [parent, slope] of node.from) parent.slope = parent.slope.plus(node.slope.times(slope()));
  return order.some((node) => node.bent && !node.slope.isZero());
};

/** Output alone, in train or eval mode. */
export const naiveOutput = (c: Omit<Task, 'loss' | 'reduction' | 'y'>, mode: 'train' | 'eval'): readonly Big[] => {
  const s = supply(
    c,
    c.params.map((v) => nested(v)),
    mode,
  );
  return c.layers.reduce((rows, layer) => apply(layer, rows, s), nested(c.x)).flatMap((row) => row.map((v) => v.value));
};

/** The loss alone, with every parameter moved by h along a direction. */
export const naiveLoss = (c: Task, direction: readonly Values[] = [], h: Big = ZERO): Big =>
  pass(
    c,
    c.params.map((p, i) => nested(p, (v, k) => new Num(exact(v).plus(h.times(exact(direction[i]?.data[k] ?? 0)))))),
    nested(c.x),
  ).loss.value;

/** The truth about a network on one batch. */
export interface Truth {
  readonly loss: Big;
  readonly output: readonly Big[];
  readonly state: readonly (readonly Big[])[];
  readonly gradients: readonly (readonly Big[])[];
  /** Whether a rectifier stands at exactly 0 on the way back, where engines declare different slopes; 0 is taken here. */
  readonly bent: boolean;
  /** Slopes of the loss by the data. */
  readonly inputs: readonly Big[];
}

/** Loss, output, next state and gradients by scalar backpropagation. */
export const naiveGradients = (c: Task): Truth => {
  const params = c.params.map((p) => nested(p));
  const x = nested(c.x);
  const { loss, output, state } = pass(c, params, x);
  const bent = backwards(loss);
  return {
    bent,
    loss: loss.value,
    output: output.flatMap((row) => row.map((v) => v.value)),
    state: state.map((row) => row.map((v) => v.value)),
    gradients: params.map((rows) => rows.flatMap((row) => row.map((v) => v.slope))),
    inputs: x.flatMap((row) => row.map((v) => v.slope)),
  };
};

/** Probabilities so near to 0 or 1 that 64 digits of the other side are not left. */
const extreme = (c: Task, { output }: Truth): boolean =>
  c.loss === 'bce' && output.some((p) => p.lt('1e-20') || ONE.minus(p).lt('1e-20'));

/**
 * The truth, certified by a central difference of the forward pass along a direction in which every parameter moves:
 * a wrong slope anywhere would show. Null at a kink, where the slope is a convention, and where the loss is not a number.
 * @throws Error when backpropagation and the difference disagree, which is a fault of this file
 */
export const certified = (c: Task, direction: readonly Values[], truth: Truth = naiveGradients(c)): Truth | null => {
  if (extreme(c, truth)) return null;
  const h = big(ORACLE_STEP);
  const [down, up] = [naiveLoss(c, direction, h.neg()), naiveLoss(c, direction, h)];
  // without an eps a normalisation of equal numbers is 0/0, and the loss has no slope
  if (!(truth.loss.isFinite() && down.isFinite() && up.isFinite())) return null;
  const [left, right] = [truth.loss.minus(down), up.minus(truth.loss)];
  const rounding = truth.loss.abs().plus(1).times(DIFFERENCE_ERROR);
  if (left.minus(right).abs().gt(left.abs().plus(right.abs()).times(KINK_DIGITS).plus(rounding))) return null;
  const products = truth.gradients.flatMap((g, i) => g.map((v, k) => v.times(exact(direction[i]?.data[k] ?? 0))));
  const along = products.reduce((a, b) => a.plus(b), ZERO);
  const allowed = products
    .reduce((a, b) => a.plus(b.abs()), ZERO)
    .times(CERTIFICATE_DIGITS)
    .plus(rounding.div(h));
  const difference = up.minus(down).div(h.times(2));
  const apart = along.minus(difference).abs();
  // a kink behind a nearly flat curve: the two sides differ by as much
  if (apart.lte(left.minus(right).abs().div(h)) && apart.gt(allowed)) return null;
  if (apart.lte(allowed)) return truth;
  // where the curvature jumps, as of softsign at 0, a central difference is off by a multiple of h: two of them tell
  const near = h.div(2);
  const nearer = naiveLoss(c, direction, near)
    .minus(naiveLoss(c, direction, near.neg()))
    .div(h);
  const limit = nearer.times(2).minus(difference);
  if (!along.minus(limit).abs().lte(allowed))
    throw new Error(`oracle: backpropagation and the central difference disagree, ${along} and ${limit}`);
  return truth;
};
