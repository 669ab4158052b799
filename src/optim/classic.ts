// Rules of steepest descent, momentum, signs, and steps scaled by gradients of the past.
import { corrected, DECAY_RATE, down, ema, FLAG, optimizer, POSITIVE, ratioOr, rest } from './rule.ts';
import { perLeaf } from './transform.ts';

export const classicRows = {
  sgd: optimizer({
    doc: 'steepest descent',
    source: 'Robbins & Monro 1951, eq. 6',
    hyper: { lr: 0.01 },
    domain: { lr: POSITIVE },
    slots: {},
    recurrence: ['delta = -lr * g'],
    dialects: { torch: { lr: 0.001 }, keras: { lr: 0.01 } },
    traits: { scaleFree: false },
    make: ({ lr }, at) => perLeaf({}, (o, { g, k }) => [down(o, at(lr)(o, k), g), {}]),
  }),
  momentum: optimizer({
    doc: 'heavy ball: the velocity sums gradients; lrInside puts the rate into the velocity, firstStepFull leaves the first gradient undamped',
    source: 'Polyak 1964, eq. 9; Sutskever et al. 2013, §2',
    hyper: { lr: 0.01, momentum: 0.9, dampening: 0, firstStepFull: 0, lrInside: 0 },
    domain: { lr: POSITIVE, momentum: DECAY_RATE, dampening: DECAY_RATE, firstStepFull: FLAG, lrInside: FLAG },
    slots: { velocity: '0' },
    recurrence: [
      'share = firstStepFull == 1 and k == 1 ? 1 : 1 - dampening',
      'velocity = momentum * velocity + (lrInside == 1 ? lr : 1) * share * g',
      'delta = -(lrInside == 1 ? 1 : lr) * velocity',
    ],
    dialects: { torch: { lr: 0.001, firstStepFull: 1 }, keras: { lrInside: 1 }, optax: {} },
    traits: { scaleFree: false },
    make: ({ lr, momentum, dampening, firstStepFull, lrInside }, at) =>
      perLeaf({ velocity: 0 }, (o, { g, k, s }) => {
        const rate = at(lr)(o, k);
        const damped = rest(o, dampening);
        const share = firstStepFull === 1 ? o.where(o.greater(o.lit(1.5), k), o.lit(1), damped) : damped;
        const push = o.mul(share, g);
        const velocity = o.add(o.mul(o.lit(momentum), s.velocity), lrInside === 1 ? o.mul(rate, push) : push);
        return [lrInside === 1 ? o.neg(velocity) : down(o, rate, velocity), { velocity }];
      }),
  }),
  nesterov: optimizer({
    doc: 'momentum that looks ahead: the step is taken from where the velocity leads',
    source: 'Nesterov 1983; Sutskever et al. 2013, eq. 3 and 4, written at the point ahead',
    hyper: { lr: 0.01, momentum: 0.9, lrInside: 0 },
    domain: { lr: POSITIVE, momentum: DECAY_RATE, lrInside: FLAG },
    slots: { velocity: '0' },
    recurrence: [
      'push = (lrInside == 1 ? lr : 1) * g',
      'velocity = momentum * velocity + push',
      'delta = -(lrInside == 1 ? 1 : lr) * (push + momentum * velocity)',
    ],
    dialects: { torch: { lr: 0.001 }, keras: { lrInside: 1 }, optax: {} },
    traits: { scaleFree: false },
    make: ({ lr, momentum, lrInside }, at) =>
      perLeaf({ velocity: 0 }, (o, { g, k, s }) => {
        const rate = at(lr)(o, k);
        const push = lrInside === 1 ? o.mul(rate, g) : g;
        const velocity = o.add(o.mul(o.lit(momentum), s.velocity), push);
        const ahead = o.add(push, o.mul(o.lit(momentum), velocity));
        return [lrInside === 1 ? o.neg(ahead) : down(o, rate, ahead), { velocity }];
      }),
  }),
  rprop: optimizer({
    doc: 'steps of their own for every weight: longer while the sign stays, shorter and skipped once when it turns (iRprop−); for full batches',
    source: 'Riedmiller & Braun 1993; Igel & Hüsken 2000 (without weight-backtracking)',
    hyper: { lr: 0.01, up: 1.2, down: 0.5, minFactor: 1e-4, maxFactor: 5000 },
    domain: { lr: POSITIVE, up: POSITIVE, down: POSITIVE, minFactor: POSITIVE, maxFactor: POSITIVE },
    slots: { factor: '1', previous: '0' },
    recurrence: [
      'turn = sign(g * previous)',
      'factor = min(max(turn > 0 ? factor * up : turn < 0 ? factor * down : factor, minFactor), maxFactor)',
      'previous = turn < 0 ? 0 : g',
      'delta = -lr * factor * sign(previous)',
    ],
    dialects: { paper: { lr: 0.1 }, torch: {}, optax: { lr: 0.001, minFactor: 1e-3, maxFactor: 50_000 } },
    make: ({ lr, up, down: shrink, minFactor, maxFactor }, at) =>
      perLeaf({ factor: 1, previous: 0 }, (o, { g, k, s }) => {
        // by choices alone, because a product of gradients may underflow
        const both = (a: typeof g, b: typeof g) => o.step(o.minimum(a, b));
        const stayed = o.maximum(both(g, s.previous), both(o.neg(g), o.neg(s.previous)));
        const turned = o.maximum(both(g, o.neg(s.previous)), both(o.neg(g), s.previous));
        const by = o.where(stayed, o.lit(up), o.where(turned, o.lit(shrink), o.lit(1)));
        const factor = o.minimum(o.maximum(o.mul(s.factor, by), o.lit(minFactor)), o.lit(maxFactor));
        const previous = o.where(turned, o.lit(0), g);
        return [down(o, at(lr)(o, k), o.mul(factor, o.sign(previous))), { factor, previous }];
      }),
  }),
  signSgd: optimizer({
    doc: 'the sign of the gradient alone',
    source: 'Bernstein et al. 2018, Algorithm 1',
    hyper: { lr: 0.001 },
    domain: { lr: POSITIVE },
    slots: {},
    recurrence: ['delta = -lr * sign(g)'],
    make: ({ lr }, at) => perLeaf({}, (o, { g, k }) => [down(o, at(lr)(o, k), o.sign(g)), {}]),
  }),
  signum: optimizer({
    doc: 'the sign of an exponential mean of gradients',
    source: 'Bernstein et al. 2018, Algorithm 2',
    hyper: { lr: 0.001, momentum: 0.9 },
    domain: { lr: POSITIVE, momentum: DECAY_RATE },
    slots: { mu: '0' },
    recurrence: ['mu = momentum * mu + (1 - momentum) * g', 'delta = -lr * sign(mu)'],
    make: ({ lr, momentum }, at) =>
      perLeaf({ mu: 0 }, (o, { g, k, s }) => {
        const mu = ema(o, momentum, s.mu, g);
        return [down(o, at(lr)(o, k), o.sign(mu)), { mu }];
      }),
  }),
  lion: optimizer({
    doc: 'the sign of one exponential mean, remembered with another; decoupled decay',
    source: 'Chen et al. 2023, Program 1',
    hyper: { lr: 1e-4, beta1: 0.9, beta2: 0.99, weightDecay: 0 },
    domain: { lr: POSITIVE, beta1: DECAY_RATE, beta2: DECAY_RATE, weightDecay: POSITIVE },
    slots: { mu: '0' },
    recurrence: [
      'delta = -lr * (sign(beta1 * mu + (1 - beta1) * g) + weightDecay * w)',
      'mu = beta2 * mu + (1 - beta2) * g',
    ],
    dialects: { paper: {}, keras: { lr: 0.001 }, optax: { lr: 0.001, weightDecay: 0.001 } },
    make: ({ lr, beta1, beta2, weightDecay }, at) =>
      perLeaf({ mu: 0 }, (o, { g, w, k, s }) => {
        const towards = o.sign(ema(o, beta1, s.mu, g));
        const step = weightDecay === 0 ? towards : o.add(towards, o.mul(o.lit(weightDecay), w));
        return [down(o, at(lr)(o, k), step), { mu: ema(o, beta2, s.mu, g) }];
      }),
  }),
  adagrad: optimizer({
    doc: 'divides by the root of the sum of squared gradients; eps outside the root, epsRoot inside',
    source: 'Duchi, Hazan & Singer 2011, §1.1',
    hyper: { lr: 0.01, eps: 1e-10, epsRoot: 0, initialAccumulator: 0 },
    domain: { lr: POSITIVE, eps: POSITIVE, epsRoot: POSITIVE, initialAccumulator: POSITIVE },
    slots: { sum: 'initialAccumulator' },
    recurrence: ['sum = sum + g^2', 'delta = -lr * g / (sqrt(sum + epsRoot) + eps)'],
    dialects: {
      torch: {},
      keras: { lr: 0.001, eps: 0, epsRoot: 1e-7, initialAccumulator: 0.1 },
      optax: { lr: 0.001, eps: 0, epsRoot: 1e-7, initialAccumulator: 0.1 },
    },
    traits: { scaleFree: false }, // the accumulator may start above 0
    make: ({ lr, eps, epsRoot, initialAccumulator }, at) =>
      perLeaf({ sum: initialAccumulator }, (o, { g, k, s }) => {
        const sum = o.add(s.sum, o.square(g));
        const root = o.add(o.sqrt(o.add(sum, o.lit(epsRoot))), o.lit(eps));
        return [down(o, at(lr)(o, k), o.div(g, root)), { sum }];
      }),
  }),
  rmsprop: optimizer({
    doc: 'divides by the root of the mean squared gradient, about its mean if centered is 1; momentum on top',
    source: 'Tieleman & Hinton 2012, lecture 6.5; centered: Graves 2013, eq. 38-45',
    hyper: { lr: 0.01, decay: 0.99, eps: 1e-8, epsRoot: 0, centered: 0, momentum: 0 },
    domain: { lr: POSITIVE, decay: DECAY_RATE, eps: POSITIVE, epsRoot: POSITIVE, centered: FLAG, momentum: DECAY_RATE },
    slots: { nu: '0', mean: '0', velocity: '0' },
    recurrence: [
      'nu = decay * nu + (1 - decay) * g^2',
      'mean = decay * mean + (1 - decay) * g',
      'spread = centered == 1 ? max(nu - mean^2, 0) : nu',
      'velocity = momentum * velocity + g / (sqrt(spread + epsRoot) + eps)',
      'delta = -lr * velocity',
    ],
    dialects: {
      paper: { lr: 0.001, decay: 0.9 },
      torch: {},
      keras: { lr: 0.001, decay: 0.9, eps: 0, epsRoot: 1e-7 },
      optax: { lr: 0.001, decay: 0.9, eps: 0, epsRoot: 1e-8 },
    },
    make: ({ lr, decay, eps, epsRoot, centered, momentum }, at) =>
      perLeaf({ nu: 0, mean: 0, velocity: 0 }, (o, { g, k, s }) => {
        const nu = ema(o, decay, s.nu, o.square(g));
        const mean = ema(o, decay, s.mean, g);
        const spread = centered === 1 ? o.maximum(o.sub(nu, o.square(mean)), o.lit(0)) : nu;
        const root = o.add(o.sqrt(o.add(spread, o.lit(epsRoot))), o.lit(eps));
        const velocity = o.add(o.mul(o.lit(momentum), s.velocity), o.div(g, root));
        return [down(o, at(lr)(o, k), velocity), { nu, mean, velocity }];
      }),
  }),
  adadelta: optimizer({
    doc: 'steps in the unit of the weights: the root of mean squared steps over that of gradients; epsRoot inside both',
    source: 'Zeiler 2012, Algorithm 1',
    hyper: { lr: 1, decay: 0.9, epsRoot: 1e-6 },
    domain: { lr: POSITIVE, decay: DECAY_RATE, epsRoot: POSITIVE },
    slots: { nu: '0', moved: '0' },
    recurrence: [
      'nu = decay * nu + (1 - decay) * g^2',
      'towards = sqrt(moved + epsRoot) / sqrt(nu + epsRoot) * g',
      'moved = decay * moved + (1 - decay) * towards^2',
      'delta = -lr * towards',
    ],
    dialects: { paper: { decay: 0.95 }, torch: {}, keras: { lr: 0.001, decay: 0.95, epsRoot: 1e-7 }, optax: {} },
    traits: { scaleFree: false },
    make: ({ lr, decay, epsRoot }, at) =>
      perLeaf({ nu: 0, moved: 0 }, (o, { g, k, s }) => {
        const root = (v: typeof g) => o.sqrt(o.add(v, o.lit(epsRoot)));
        const nu = ema(o, decay, s.nu, o.square(g));
        const towards = o.mul(o.div(root(s.moved), root(nu)), g);
        return [down(o, at(lr)(o, k), towards), { nu, moved: ema(o, decay, s.moved, o.square(towards)) }];
      }),
  }),
  adamax: optimizer({
    doc: 'Adam with the largest recent gradient in place of the root; eps added to it, epsInner to each gradient',
    source: 'Kingma & Ba 2015, Algorithm 2',
    hyper: { lr: 0.002, beta1: 0.9, beta2: 0.999, eps: 1e-8, epsInner: 0 },
    domain: { lr: POSITIVE, beta1: DECAY_RATE, beta2: DECAY_RATE, eps: POSITIVE, epsInner: POSITIVE },
    slots: { mu: '0', most: '0' },
    recurrence: [
      'mu = beta1 * mu + (1 - beta1) * g',
      'most = max(beta2 * most, abs(g) + epsInner)',
      'delta = -lr / (1 - beta1^k) * mu / (most + eps)',
    ],
    dialects: { torch: { eps: 0, epsInner: 1e-8 }, keras: { lr: 0.001, eps: 1e-7 }, optax: { eps: 0, epsInner: 1e-8 } },
    make: ({ lr, beta1, beta2, eps, epsInner }, at) =>
      perLeaf({ mu: 0, most: 0 }, (o, { g, k, s }) => {
        const mu = ema(o, beta1, s.mu, g);
        const most = o.maximum(o.mul(o.lit(beta2), s.most), o.add(o.abs(g), o.lit(epsInner)));
        // 0/0 where no gradient has come and no epsilon is there
        const towards = ratioOr(o, corrected(o, beta1, mu, k), o.add(most, o.lit(eps)), 0);
        return [down(o, at(lr)(o, k), towards), { mu, most }];
      }),
  }),
};
