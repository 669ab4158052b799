// Rows that losses are made of: what one prediction costs against one target.

import { exp, log, log1p } from '../core/exponential.ts';
import { smaller } from '../core/pair.ts';
import { leastNormal, type Vec } from '../core/vec.ts';
import { pointwise } from './op.ts';

/** Domains of arguments. */
const ANY = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
const SHARE = [0, 1] as const;

/** log of a probability is floored here in {@link costRows.bce}, so that a certain miss costs 100 nats. */
export const BCE_FLOOR = 100;

export const costRows = {
  bce: pointwise({
    args: ['p', 'y'],
    doc: 'binary cross-entropy of a probability p against a label y, in nats; logarithms floored at -100',
    source: 'Good 1952; floor as in PyTorch BCELoss',
    formula: 'y * min(-log(p), 100) + (1 - y) * min(-log1p(-p), 100)',
    ulp: 4,
    domain: [SHARE, SHARE],
    vec: (v, [p, y]) => {
      const cost = (logarithm: typeof p): typeof p => smaller(v, v.neg(logarithm), v.lit(BCE_FLOOR));
      return v.add(v.mul(y, cost(log(v, p))), v.mul(v.sub(v.lit(1), y), cost(log1p(v, v.neg(p)))));
    },
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
    source: 'Good 1952, through the logistic function',
    formula: 'log1p(exp(-abs(z))) + (1 - y) * (z + abs(z)) / 2 + y * (abs(z) - z) / 2',
    ulp: 4,
    // both terms are positive for labels in [0, 1], so nothing cancels
    domain: [ANY, SHARE],
    vec: (v, [z, y]) => {
      const line = v.pick(v.less(v.lit(0), z), v.mul(v.sub(v.lit(1), y), z), v.mul(v.neg(y), z));
      return v.add(line, log1p(v, exp(v, v.neg(v.abs(z)))));
    },
    // σ(z) − y as (1 − y)·σ(z) − y·σ(−z), which keeps its relative accuracy at the labels 0 and 1
    vjp: (o, g, _l, [z, y]) => [
      o.mul(g, o.sub(o.mul(o.sub(o.lit(1), y), o.sigmoid(z)), o.mul(y, o.sigmoid(o.neg(z))))),
      o.neg(o.mul(g, z)),
    ],
  }),
  huber: pointwise<readonly ['x'], { readonly delta: number }>({
    args: ['x'],
    doc: 'half the square up to delta, a line of slope delta beyond',
    source: 'Huber 1964, eq. 1.3',
    formula: [{ when: 'abs(x) <= delta', f: 'x * x / 2' }, { f: 'delta * (abs(x) - delta / 2)' }],
    ulp: 2,
    sample: { delta: 0.7 },
    vec: (v, [x], { delta }) => {
      const a = v.abs(x);
      const line = v.mul(delta, v.sub(a, v.div(delta, v.lit(2))));
      return v.pick(v.atMost(a, delta), v.div(v.mul(x, x), v.lit(2)), line);
    },
    vjp: (o, g, _y, [x], { delta }) => [
      o.mul(g, o.where(o.greater(o.abs(x), o.lit(delta)), o.mul(o.lit(delta), o.sign(x)), x)),
    ],
  }),
  relativeEntropy: pointwise({
    args: ['p', 'y'],
    doc: 'y·log(y / p), one term of the Kullback-Leibler divergence, in nats; 0 where y is 0',
    source: 'Kullback & Leibler 1951, eq. 2.4',
    formula: [{ when: 'y == 0', f: '0' }, { f: 'y * log(y / p)' }],
    ulp: 3,
    domain: [SHARE, SHARE],
    kinks: [{ arg: 1, at: 0, slope: 'none' }],
    slopeCrosses: true,
    vec: (v, [p, y]) => {
      // 0 where y is 0, but NaN where either is
      const nothing = v.add(v.mul(y, v.lit(0)), v.pick(v.atMost(p, p), v.lit(0), p));
      return v.pick(v.less(v.lit(0), v.abs(y)), v.mul(y, logRatio(v, y, p)), nothing);
    },
    // a share of 0 costs nothing whatever is predicted, also where the prediction has underflowed to 0
    vjp: (o, g, _l, [p, y]) => [
      o.neg(o.mul(g, o.where(y, o.div(y, p), o.lit(0)))),
      o.mul(g, o.add(o.lit(1), o.log(o.div(y, p)))),
    ],
  }),
};

/** log(y / p) with its relative accuracy where the two are close, and without overflow where they are far apart. */
const logRatio = <V, M>(v: Vec<V, M>, y: V, p: V): V => {
  const ratio = v.div(y, p);
  const whole = log(v, ratio);
  const apart = v.pick(v.less(v.lit(0), v.abs(p)), v.sub(log(v, y), log(v, p)), whole);
  const normal = v.pick(
    v.less(ratio, leastNormal(v)),
    apart,
    v.pick(v.less(ratio, v.lit(Number.POSITIVE_INFINITY)), whole, apart),
  );
  const close = log1p(v, v.div(v.sub(y, p), p));
  return v.pick(v.less(v.lit(1 / 2), ratio), v.pick(v.less(ratio, v.lit(2)), close, normal), normal);
};
