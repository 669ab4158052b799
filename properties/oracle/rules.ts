// The published rules of optimizers written once more by hand, coordinate by coordinate: no line of the engine is read.
import { Near } from './near.ts';

/** What a rule sees of one coordinate. It writes the state after the step into `s`, and returns what is added to w. */
export interface Here {
  readonly g: Near;
  readonly w: Near;
  /** The step, from 1. */
  readonly k: number;
  /** The learning rate of this step. */
  readonly lr: Near;
  readonly h: (key: string) => Near;
  readonly on: (key: string) => boolean;
  readonly number: (x: number) => Near;
  readonly s: Record<string, Near>;
}
export type Rule = (x: Here) => Near;

/** β·m + (1 − β)·x in the state. */
export const mean = (x: Here, name: string, beta: Near, value: Near): Near => {
  const before = x.s[name] ?? x.number(0);
  const after = beta.times(before).plus(x.number(1).minus(beta).times(value));
  x.s[name] = after;
  return after;
};

/** 1 − βᵏ. */
export const missing = (x: Here, beta: Near, k = x.k): Near => x.number(1).minus(beta.power(k));

/** √(second + epsRoot) + eps + epsHat/√(1 − β₂ᵏ). */
const below = (x: Here, second: Near): Near => {
  const hat = x.on('epsHat') ? x.h('epsHat').over(missing(x, x.h('beta2')).root()) : x.number(0);
  return second.plus(x.h('epsRoot')).root().plus(x.h('eps')).plus(hat);
};

/** Kingma & Ba 2015, Algorithm 1: m̂/(√v̂ + ε). */
export const adamStep = (x: Here): Near => {
  const m = mean(x, 'm', x.h('beta1'), x.g);
  const v = mean(x, 'v', x.h('beta2'), x.g.square());
  const root = below(x, v.over(missing(x, x.h('beta2'))));
  return m.over(missing(x, x.h('beta1'))).over(root);
};

const down = (x: Here, step: Near): Near => x.lr.times(step).neg();

/** Liu et al. 2020: the length of the moving average, and its rectification. */
const radam: Rule = (x) => {
  const [b1, b2] = [x.h('beta1'), x.h('beta2')];
  const m = mean(x, 'm', b1, x.g).over(missing(x, b1));
  const v = mean(x, 'v', b2, x.g.square()).over(missing(x, b2));
  const most = x.number(2).over(x.number(1).minus(b2)).minus(1);
  const length = most.minus(
    b2
      .power(x.k)
      .times(2 * x.k)
      .over(missing(x, b2)),
  );
  const known = length.above(x.h('threshold'));
  if (known === false) return down(x, m);
  const of = (n: Near): Near => n.minus(4).times(n.minus(2)).over(n);
  const rectified = of(length).over(of(most)).root().times(m).over(below(x, v));
  return down(x, Near.pick(known, rectified, m));
};

/** Dozat 2016, with the decay of the first moment scheduled. */
const nadam: Rule = (x) => {
  const share = (k: number): Near =>
    x.on('scheduled')
      ? x
          .h('beta1')
          .times(x.number(1).minus(Near.written('0.96', x.g.dtype).log().times(x.h('psi').times(k)).exp().over(2)))
      : x.h('beta1');
  const [now, next] = [share(x.k), share(x.k + 1)];
  const product = (x.s.product ?? x.number(1)).times(now);
  x.s.product = product;
  const m = mean(x, 'm', x.h('beta1'), x.g);
  const v = mean(x, 'v', x.h('beta2'), x.g.square()).over(missing(x, x.h('beta2')));
  const one = x.number(1);
  const ahead = next.times(m).over(one.minus(product.times(next)));
  const here = one.minus(now).times(x.g).over(one.minus(product));
  return down(x, ahead.plus(here).over(below(x, v)));
};

/** Defazio et al. 2024: z takes the step, x averages z with weights lr², and y lies between them. */
const freely =
  (step: Rule): Rule =>
  (x) => {
    const z = x.s.z ?? x.w;
    const mid = x.s.x ?? x.w;
    const dz = x.lr.times(step(x).plus(x.h('weightDecay').times(x.w))).neg();
    x.s.z = z.plus(dz);
    const square = x.lr.square();
    const total = (x.s.total ?? x.number(0)).plus(square);
    x.s.total = total;
    const share = total.above(0) === true ? square.over(total) : x.number(0);
    const dx = share.times(x.s.z.minus(mid));
    x.s.x = mid.plus(dx);
    const beta = x.h('beta1');
    return x.number(1).minus(beta).times(dz).plus(beta.times(dx));
  };

/** Rules that treat every coordinate by itself. */
export const RULES: Readonly<Record<string, Rule>> = {
  sgd: (x) => down(x, x.g),
  momentum: (x) => {
    const full = x.on('firstStepFull') && x.k === 1;
    const push = full ? x.g : x.number(1).minus(x.h('dampening')).times(x.g);
    const inside = x.on('lrInside');
    x.s.v = x
      .h('momentum')
      .times(x.s.v ?? x.number(0))
      .plus(inside ? x.lr.times(push) : push);
    return inside ? x.s.v.neg() : down(x, x.s.v);
  },
  nesterov: (x) => {
    const inside = x.on('lrInside');
    const push = inside ? x.lr.times(x.g) : x.g;
    x.s.v = x
      .h('momentum')
      .times(x.s.v ?? x.number(0))
      .plus(push);
    const ahead = push.plus(x.h('momentum').times(x.s.v));
    return inside ? ahead.neg() : down(x, ahead);
  },
  rprop: (x) => {
    const before = x.s.before ?? x.number(0);
    const turn = x.g.sign().times(before.sign());
    const factor = x.s.factor ?? x.number(1);
    const by = turn.value.isZero() ? factor : factor.times(x.h(turn.value.isNegative() ? 'down' : 'up'));
    x.s.factor = by.max(x.h('minFactor')).min(x.h('maxFactor'));
    x.s.before = turn.value.isNegative() ? x.number(0) : x.g;
    return down(x, x.s.factor.times(x.s.before.sign()));
  },
  sign_sgd: (x) => down(x, x.g.sign()),
  signum: (x) => down(x, mean(x, 'm', x.h('momentum'), x.g).sign()),
  lion: (x) => {
    const one = x.number(1);
    const look = x
      .h('beta1')
      .times(x.s.m ?? x.number(0))
      .plus(one.minus(x.h('beta1')).times(x.g));
    mean(x, 'm', x.h('beta2'), x.g);
    return down(x, look.sign().plus(x.h('weightDecay').times(x.w)));
  },
  adagrad: (x) => {
    x.s.sum = (x.s.sum ?? x.h('initialAccumulator')).plus(x.g.square());
    return down(x, x.g.over(x.s.sum.plus(x.h('epsRoot')).root().plus(x.h('eps'))));
  },
  rmsprop: (x) => {
    const v = mean(x, 'v', x.h('decay'), x.g.square());
    const centre = mean(x, 'centre', x.h('decay'), x.g);
    const spread = x.on('centered') ? v.minus(centre.square()).max(0) : v;
    const root = spread.plus(x.h('epsRoot')).root().plus(x.h('eps'));
    x.s.speed = x
      .h('momentum')
      .times(x.s.speed ?? x.number(0))
      .plus(x.g.over(root));
    return down(x, x.s.speed);
  },
  adadelta: (x) => {
    const v = mean(x, 'v', x.h('decay'), x.g.square());
    const moved = x.s.moved ?? x.number(0);
    const step = moved
      .plus(x.h('epsRoot'))
      .root()
      .over(v.plus(x.h('epsRoot')).root())
      .times(x.g);
    mean(x, 'moved', x.h('decay'), step.square());
    return down(x, step);
  },
  adamax: (x) => {
    const m = mean(x, 'm', x.h('beta1'), x.g);
    x.s.top = x
      .h('beta2')
      .times(x.s.top ?? x.number(0))
      .max(x.g.abs().plus(x.h('epsInner')));
    return down(x, m.over(missing(x, x.h('beta1'))).over(x.s.top.plus(x.h('eps'))));
  },
  adam: (x) => down(x, adamStep(x)),
  adamw: (x) => down(x, adamStep(x).plus(x.h('weightDecay').times(x.w))),
  amsgrad: (x) => {
    const m = mean(x, 'm', x.h('beta1'), x.g).over(missing(x, x.h('beta1')));
    const v = mean(x, 'v', x.h('beta2'), x.g.square());
    const part = missing(x, x.h('beta2'));
    const hat = x.on('maxCorrected');
    x.s.most = (hat ? v.over(part) : v).max(x.s.most ?? x.number(0));
    return down(x, m.over(below(x, hat ? x.s.most : x.s.most.over(part))));
  },
  nadam,
  radam,
  adabelief: (x) => {
    const m = mean(x, 'm', x.h('beta1'), x.g);
    const one = x.number(1);
    const surprise = x.g.minus(m).square();
    x.s.v = x
      .h('beta2')
      .times(x.s.v ?? x.number(0))
      .plus(one.minus(x.h('beta2')).times(surprise))
      .plus(x.h('epsAdded'));
    const root = x.s.v
      .over(missing(x, x.h('beta2')))
      .root()
      .plus(x.h('eps'));
    return down(x, m.over(missing(x, x.h('beta1'))).over(root));
  },
  yogi: (x) => {
    x.s.m ??= x.h('initialMoment');
    const m = mean(x, 'm', x.h('beta1'), x.g);
    const before = x.s.v ?? x.h('initialAccumulator');
    const square = x.g.square();
    const by = x.number(1).minus(x.h('beta2')).times(square);
    x.s.v = Near.pick(
      before.above(square),
      before.minus(by),
      before.minus(square).sign().value.isZero() ? before : before.plus(by),
    );
    const root = x.s.v
      .over(missing(x, x.h('beta2')))
      .root()
      .plus(x.h('eps'));
    return down(x, m.over(missing(x, x.h('beta1'))).over(root));
  },
  adan: (x) => {
    const change = x.s.before === undefined ? x.number(0) : x.g.minus(x.s.before);
    x.s.before = x.g;
    const [b1, b2, b3] = [x.h('beta1'), x.h('beta2'), x.h('beta3')];
    const m = mean(x, 'm', b1, x.g).over(missing(x, b1));
    const d = mean(x, 'd', b2, change).over(missing(x, b2));
    const n = mean(x, 'n', b3, x.g.plus(b2.times(change)).square()).over(missing(x, b3));
    return down(x, m.plus(b2.times(d)).over(n.root().plus(x.h('eps'))));
  },
  adopt: (x) => {
    const before = x.s.v;
    const square = x.g.square();
    if (before === undefined) {
      x.s.v = square;
      return x.number(0);
    }
    const bound = x.number(x.k).root().root();
    const normed = x.g.over(before.root().max(x.h('eps')));
    mean(x, 'v', x.h('beta2'), square);
    return down(x, mean(x, 'm', x.h('beta1'), normed.min(bound).max(bound.neg())));
  },
  schedule_free_sgd: freely((x) => x.g),
  schedule_free_adamw: freely((x) => {
    const v = mean(x, 'v', x.h('beta2'), x.g.square()).over(missing(x, x.h('beta2')));
    return x.g.over(v.root().plus(x.h('eps')));
  }),
};
