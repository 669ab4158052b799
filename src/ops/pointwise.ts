// Rows that map numbers to a number.
import { pointwise } from './op.ts';

/** Domains of arguments. */
const ANY = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
const SHARE = [0, 1] as const;

const at0 = (slope: string) => [{ arg: 0, at: 0, slope }] as const;

/** log of a probability is floored here in {@link pointwiseRows.bce}, so that a certain miss costs 100 nats. */
export const BCE_FLOOR = 100;

export const pointwiseRows = {
  add: pointwise({
    args: ['x', 'y'],
    doc: 'sum',
    formula: 'x + y',
    ulp: 0.5,
    f: (x, y) => x + y,
    vjp: (_o, g) => [g, g],
  }),
  sub: pointwise({
    args: ['x', 'y'],
    doc: 'difference',
    formula: 'x - y',
    ulp: 0.5,
    f: (x, y) => x - y,
    vjp: (o, g) => [g, o.neg(g)],
  }),
  mul: pointwise({
    args: ['x', 'y'],
    doc: 'product',
    formula: 'x * y',
    ulp: 0.5,
    f: (x, y) => x * y,
    vjp: (o, g, _y, [x, y]) => [o.mul(g, y), o.mul(g, x)],
  }),
  div: pointwise({
    args: ['x', 'y'],
    doc: 'quotient',
    formula: 'x / y',
    ulp: 0.5,
    f: (x, y) => x / y,
    kinks: [{ arg: 1, at: 0, slope: 'none' }],
    vjp: (o, g, q, [, y]) => [o.div(g, y), o.neg(o.mul(g, o.div(q, y)))],
  }),
  neg: pointwise({ args: ['x'], doc: 'negation', formula: '-x', ulp: 0, f: (x) => -x, vjp: (o, g) => [o.neg(g)] }),
  abs: pointwise({
    args: ['x'],
    doc: 'absolute value',
    formula: [{ when: 'x > 0', f: 'x' }, { f: '-x' }],
    ulp: 0,
    kinks: at0('0'),
    f: Math.abs,
    vjp: (o, g, _y, [x]) => [o.mul(g, o.sign(x))],
  }),
  square: pointwise({
    args: ['x'],
    doc: 'square',
    formula: 'x * x',
    ulp: 0.5,
    f: (x) => x * x,
    vjp: (o, g, _y, [x]) => [o.mul(g, o.mul(o.lit(2), x))],
  }),
  sqrt: pointwise({
    args: ['x'],
    doc: 'square root; slope infinite at 0',
    formula: 'sqrt(x)',
    ulp: 0.5,
    domain: [[0, Number.POSITIVE_INFINITY]],
    f: Math.sqrt,
    vjp: (o, g, y) => [o.div(g, o.mul(o.lit(2), y))],
  }),
  exp: pointwise({
    args: ['x'],
    doc: 'exponential',
    formula: 'exp(x)',
    ulp: 1,
    f: Math.exp,
    vjp: (o, g, y) => [o.mul(g, y)],
  }),
  expm1: pointwise({
    args: ['x'],
    doc: 'exponential minus one, accurate near 0',
    formula: 'expm1(x)',
    ulp: 1,
    f: Math.expm1,
    vjp: (o, g, _y, [x]) => [o.mul(g, o.exp(x))],
  }),
  log: pointwise({
    args: ['x'],
    doc: 'natural logarithm',
    formula: 'log(x)',
    ulp: 1,
    domain: [[0, Number.POSITIVE_INFINITY]],
    f: Math.log,
    vjp: (o, g, _y, [x]) => [o.div(g, x)],
  }),
  log1p: pointwise({
    args: ['x'],
    doc: 'log(1 + x), accurate near 0',
    formula: 'log1p(x)',
    ulp: 1,
    domain: [[-1, Number.POSITIVE_INFINITY]],
    f: Math.log1p,
    vjp: (o, g, _y, [x]) => [o.div(g, o.add(o.lit(1), x))],
  }),
  sign: pointwise({
    args: ['x'],
    doc: 'sign, 0 at 0',
    formula: [{ when: 'x > 0', f: '1' }, { when: 'x < 0', f: '-1' }, { f: '0' }],
    ulp: 0,
    kinks: at0('0'),
    f: Math.sign,
    vjp: () => [null],
  }),
  step: pointwise({
    args: ['x'],
    activation: true,
    doc: "the perceptron's threshold: one where positive",
    source: 'Rosenblatt 1958',
    formula: [{ when: 'x > 0', f: '1' }, { f: '0' }],
    ulp: 0,
    kinks: at0('0'),
    f: (x) => (x > 0 ? 1 : x <= 0 ? 0 : Number.NaN),
    vjp: () => [null],
  }),
  greater: pointwise({
    args: ['x', 'y'],
    doc: 'one where x > y',
    formula: [{ when: 'x > y', f: '1' }, { f: '0' }],
    ulp: 0,
    f: (x, y) => (x > y ? 1 : x <= y ? 0 : Number.NaN),
    vjp: () => [null, null],
  }),
  where: pointwise({
    args: ['c', 'x', 'y'],
    doc: 'x where c is not zero, else y; the other side never leaks, not even NaN',
    formula: [{ when: 'c == 0', f: 'y' }, { f: 'x' }],
    ulp: 0,
    f: (c, x, y) => (Number.isNaN(c) ? c : c === 0 ? y : x),
    vjp: (o, g, _y, [c]) => [null, o.where(c, g, o.lit(0)), o.where(c, o.lit(0), g)],
  }),
  identity: pointwise({
    args: ['x'],
    activation: true,
    doc: 'identity',
    formula: 'x',
    ulp: 0,
    f: (x) => x,
    vjp: (_o, g) => [g],
  }),
  relu: pointwise({
    args: ['x'],
    activation: true,
    doc: 'rectified linear unit',
    source: 'Nair & Hinton 2010',
    formula: [{ when: 'x > 0', f: 'x' }, { f: '0' }],
    ulp: 0,
    kinks: at0('0'),
    f: (x) => (x <= 0 ? 0 : x), // keeps NaN, which Math.max(0, x) does too, and gives +0 at -0
    vjp: (o, g, _y, [x]) => [o.where(o.step(x), g, o.lit(0))],
  }),
  leakyRelu: pointwise<readonly ['x'], { readonly slope: number }>({
    args: ['x'],
    activation: true,
    doc: 'rectified linear unit with any slope on the left',
    source: 'Maas, Hannun & Ng 2013, §2',
    formula: [{ when: 'x > 0', f: 'x' }, { f: 'slope * x' }],
    ulp: 0.5,
    kinks: at0('slope'),
    sample: { slope: 0.3 },
    f: (x, p) => (x > 0 ? x : p.slope * x),
    vjp: (o, g, _y, [x], p) => [o.where(o.step(x), g, o.mul(o.lit(p.slope), g))],
  }),
  sigmoid: pointwise({
    args: ['x'],
    activation: true,
    doc: 'logistic function',
    formula: '1 / (1 + exp(-x))',
    ulp: 3,
    f: (x) => {
      const e = Math.exp(-Math.abs(x)); // of the negative size, so that neither tail overflows or cancels
      return (x < 0 ? e : 1) / (1 + e);
    },
    // σ′ = σ(x)·σ(−x): from the input, so that both tails keep their relative accuracy
    vjp: (o, g, y, [x]) => [o.mul(g, o.mul(y, o.sigmoid(o.neg(x))))],
  }),
  tanh: pointwise({
    args: ['x'],
    activation: true,
    doc: 'hyperbolic tangent',
    formula: 'tanh(x)',
    ulp: 2,
    f: Math.tanh,
    // 1 − tanh² = 4·σ(2x)·σ(−2x), which does not cancel
    vjp: (o, g, _y, [x]) => {
      const twice = o.mul(o.lit(2), x);
      return [o.mul(g, o.mul(o.lit(4), o.mul(o.sigmoid(twice), o.sigmoid(o.neg(twice)))))];
    },
  }),
  softplus: pointwise({
    args: ['x'],
    activation: true,
    doc: 'smooth positive part',
    source: 'Dugas et al. 2001',
    formula: 'log1p(exp(-abs(x))) + (x + abs(x)) / 2',
    ulp: 3,
    f: (x) => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),
    vjp: (o, g, _y, [x]) => [o.mul(g, o.sigmoid(x))],
  }),
  bce: pointwise({
    args: ['p', 'y'],
    doc: 'binary cross-entropy of a probability p against a label y, in nats; logarithms floored at -100',
    source: 'Good 1952; floor as in PyTorch BCELoss',
    formula: 'y * min(-log(p), 100) + (1 - y) * min(-log1p(-p), 100)',
    ulp: 4,
    domain: [SHARE, SHARE],
    f: (p, y) => y * Math.min(-Math.log(p), BCE_FLOOR) + (1 - y) * Math.min(-Math.log1p(-p), BCE_FLOOR),
    vjp: (o, g, _l, [p, y]) => {
      const q = o.sub(o.lit(1), p);
      const onP = o.greater(o.lit(BCE_FLOOR), o.neg(o.log(p)));
      const onQ = o.greater(o.lit(BCE_FLOOR), o.neg(o.log1p(o.neg(p))));
      const right = o.where(onQ, o.div(o.sub(o.lit(1), y), q), o.lit(0));
      // inside both floors the two terms join into (p − y) / (p·(1 − p)), which cancels no further than p − y itself
      const joined = o.div(o.sub(p, y), o.mul(p, q));
      const slope = o.where(onP, o.where(onQ, joined, o.neg(o.div(y, p))), right);
      const cost = (on: typeof p, log: typeof p): typeof p => o.where(on, o.neg(log), o.lit(BCE_FLOOR));
      return [o.mul(g, slope), o.mul(g, o.sub(cost(onP, o.log(p)), cost(onQ, o.log1p(o.neg(p)))))];
    },
  }),
  bceWithLogits: pointwise({
    args: ['z', 'y'],
    doc: 'binary cross-entropy of a logit z against a label y, in nats, without overflow',
    formula: 'log1p(exp(-abs(z))) + (1 - y) * (z + abs(z)) / 2 + y * (abs(z) - z) / 2',
    ulp: 4,
    // both terms are positive for labels in [0, 1], so nothing cancels
    domain: [ANY, SHARE],
    f: (z, y) => (z > 0 ? (1 - y) * z : -y * z) + Math.log1p(Math.exp(-Math.abs(z))),
    // σ(z) − y as (1 − y)·σ(z) − y·σ(−z), which keeps its relative accuracy at the labels 0 and 1
    vjp: (o, g, _l, [z, y]) => [
      o.mul(g, o.sub(o.mul(o.sub(o.lit(1), y), o.sigmoid(z)), o.mul(y, o.sigmoid(o.neg(z))))),
      o.neg(o.mul(g, z)),
    ],
  }),
};
