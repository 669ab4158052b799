// Faults of whole models: layers, losses and penalties that are right alone and wrong together.

import type { AnyLayer, NetworkArgs } from '../args.ts';
import type { Args, Plain } from '../contract.ts';
import { detached, layer, weighted } from './engine.ts';
import { gradients } from './gradient.ts';
import { at, like, list, type Mutant, now, plain, scalar, up } from './plant.ts';

const MODEL = 'model.network.loss_and_grad';
const RANDOM = ['gradient/random-model'] as const;

/** Gradients as for other arguments; loss and output as they should be. */
const gradientsOf = (f: (args: NetworkArgs) => NetworkArgs) =>
  at(MODEL, (args, original) => ({
    ...now(original, args),
    gradients: now(original, f(args as unknown as NetworkArgs) as unknown as Args).gradients, // parsed by the contract
  }));
/** Everything as for other arguments. */
const asked = (f: (args: NetworkArgs) => NetworkArgs) =>
  at(MODEL, (args, original) => now(original, f(args as unknown as NetworkArgs) as unknown as Args));
const without = <K extends keyof NetworkArgs>(args: NetworkArgs, name: K): Omit<NetworkArgs, K> => {
  const { [name]: _, ...rest } = args;
  return rest;
};

/** The last answer as it should be, changed in one field. */
const answer = (field: string, f: (v: number, i: number, args: Args) => number) =>
  at(MODEL, (args, original) => {
    const a = now(original, args);
    return { ...a, [field]: like(plain(a, field), (v, i) => f(v, i, args)) };
  });

const transposed = (t: Plain): Plain => {
  const [n = 1, m = 1] = t.shape;
  return n === m && t.shape.length === 2 ? like(t, (_v, k) => t.data[(k % n) * n + Math.floor(k / n)] ?? 0) : t;
};

const leaves = (f: (g: Plain, leaf: number, args: NetworkArgs) => Plain) =>
  at(MODEL, (args, original) => {
    const a = now(original, args);
    return { ...a, gradients: list(a, 'gradients').map((g, i) => f(g, i, args as unknown as NetworkArgs)) };
  });

const rowsOf = (args: Args): number => plain(args, 'x').shape[0] ?? 1;
const depth = (args: Args): number => (args.layers as readonly AnyLayer[]).filter((l) => l.type === 'dense').length;

/** (x − m)/√(v + eps)·γ + β with the parts that are asked for cut off from the way back. */
const norm =
  (
    axes: (n: number) => readonly number[],
    cut: { readonly mean?: true; readonly variance?: true; readonly eps?: number },
  ) =>
  (
    spec: AnyLayer,
    right: Parameters<typeof layer>[1] extends (s: AnyLayer, r: infer R) => unknown ? R : never,
  ): typeof right =>
  (o, variables, x, context) => {
    const { eps = 0 } = spec as { eps?: number };
    const shape = o.shape(x);
    const over = axes(shape.length);
    const n = over.reduce((s, axis) => s * (shape.at(axis) ?? 1), 1);
    const mean = (v: typeof x): typeof x => o.div(o.sum(v, { axes: over, keep: true }), o.lit(n));
    const m = cut.mean ? detached(o, mean(x)) : mean(x);
    const centred = o.sub(x, m);
    const square = mean(o.square(centred));
    const v = cut.variance ? detached(o, square) : square;
    const { gamma, beta } = variables.params as { gamma: typeof x; beta: typeof x };
    const y = o.add(o.mul(gamma, o.div(centred, o.sqrt(o.add(v, o.lit(eps + (cut.eps ?? 0)))))), beta);
    return [y, right(o, variables, x, context)[1]];
  };
const batch = (n: number): readonly number[] => Array.from({ length: n - 1 }, (_, i) => i);
const features = (): readonly number[] => [-1];

export const networkMutants: readonly Mutant[] = [
  {
    id: 'model/one-weight-in-a-trillion',
    says: 'the last weight’s gradient is off by a relative 10⁻¹²',
    killedBy: ['gradient/network', 'gradient/random-model'],
    plant: leaves((g, i, { params }) =>
      i === params.length - 2 ? like(g, (v, k) => (k === g.data.length - 1 ? v * (1 + 2 ** -40) : v)) : g,
    ),
  },
  {
    id: 'model/statistics-detached',
    says: 'takes mean and variance of the batch for constants on the way back',
    bug: 'keras #19102',
    killedBy: RANDOM,
    plant: layer('batchNorm', norm(batch, { mean: true, variance: true })),
  },
  {
    id: 'model/variance-detached',
    says: 'takes the variance of the batch for a constant on the way back',
    bug: 'keras #19102',
    killedBy: RANDOM,
    plant: layer('batchNorm', norm(batch, { variance: true })),
  },
  {
    id: 'model/mean-detached',
    says: 'takes the mean of the batch for a constant on the way back',
    bug: 'gorgonia #510',
    killedBy: RANDOM,
    plant: layer('batchNorm', norm(batch, { mean: true })),
  },
  {
    id: 'model/layer-norm-detached',
    says: 'takes the variance of a sample for a constant on the way back',
    killedBy: RANDOM,
    plant: layer('layerNorm', norm(features, { variance: true })),
  },
  {
    id: 'model/layer-norm-over-batch',
    says: 'layer normalisation over the batch',
    killedBy: [...RANDOM, 'network/batch-permutation'],
    plant: layer(
      'layerNorm',
      norm((n) => (n > 1 ? [0] : features()), { eps: 2 ** -6 }),
    ),
  },
  {
    id: 'model/epsilon-forgotten',
    says: 'batch normalisation has eps in the forward pass twice',
    killedBy: RANDOM,
    plant: layer('batchNorm', norm(batch, { eps: 2 ** -30 })),
  },
  {
    id: 'model/branch-forgotten',
    says: 'the way around a residual block is missing on the way back',
    killedBy: RANDOM,
    plant: layer('residual', (_spec, right) => (o, v, x, c) => {
      const [y, state] = right(o, v, x, c);
      return [o.add(o.sub(y, x), detached(o, x)), state];
    }),
  },
  {
    id: 'model/branch-twice',
    says: 'the way around a residual block counts twice on the way back',
    killedBy: RANDOM,
    plant: layer('residual', (_spec, right) => (o, v, x, c) => {
      const [y, state] = right(o, v, x, c);
      return [o.add(o.sub(y, x), weighted(o, x, 2)), state];
    }),
  },
  {
    id: 'model/straight-through',
    says: 'dropout passes every cotangent, dropped or not',
    killedBy: RANDOM,
    plant: layer('dropout', (_spec, right) => (o, v, x, c) => {
      const [y, state] = right(o, v, x, c);
      return [o.add(x, detached(o, o.sub(y, x))), state];
    }),
  },
  {
    id: 'model/scale-forgotten',
    says: 'dropout forgets 1 / (1 − dropRate) on the way back',
    bug: 'brain.js dropout, hidden at one half',
    killedBy: RANDOM,
    plant: layer('dropout', (spec, right) => (o, v, x, c) => {
      const [y, state] = right(o, v, x, c);
      return [weighted(o, y, 1 - (spec as { dropRate: number }).dropRate), state];
    }),
  },
  {
    id: 'model/uniforms-turned',
    says: 'hands uniforms out from the last dropout to the first',
    killedBy: RANDOM,
    plant: asked((a) => {
      const [first] = a.uniforms ?? [];
      const alike = (a.uniforms ?? []).every((u) => u.data.length === first?.data.length);
      return alike && a.uniforms !== undefined ? { ...a, uniforms: [...a.uniforms].reverse() } : a;
    }),
  },
  {
    id: 'model/drops-below-rate-only-strictly',
    says: 'keeps with the probability that it should drop with',
    killedBy: RANDOM,
    plant: asked((a) => ({
      ...a,
      layers: a.layers.map((l) => (l.type === 'dropout' ? { ...l, dropRate: 1 - l.dropRate } : l)),
    })),
  },
  {
    id: 'model/stale-state',
    says: 'gives the running statistics back as they came',
    killedBy: RANDOM,
    plant: at(MODEL, (args, original) => ({
      ...now(original, args),
      ...(args.state === undefined ? {} : { state: args.state }),
    })),
  },
  {
    id: 'model/state-swapped',
    says: 'swaps running mean and running variance',
    killedBy: RANDOM,
    plant: at(MODEL, (args, original) => {
      const a = now(original, args);
      const s = (a.state ?? []) as readonly Plain[];
      return args.state === undefined ? a : { ...a, state: s.map((t, i) => s[i ^ 1] ?? t) };
    }),
  },
  {
    id: 'model/regulariser-without-gradient',
    says: 'adds the penalty to the loss and not to the gradients',
    bug: 'nn-from-scratch #13',
    killedBy: RANDOM,
    plant: gradientsOf((a) => without(a, 'regulariser')),
  },
  {
    id: 'model/regulariser-without-loss',
    says: 'adds the penalty to the gradients and not to the loss',
    killedBy: RANDOM,
    plant: at(MODEL, (args, original) => {
      const { regulariser: _, ...rest } = args;
      return { ...now(original, args), loss: now(original, rest).loss };
    }),
  },
  {
    id: 'model/ridge-without-half',
    says: 'takes λ·Σw² for λ/2·Σw²',
    killedBy: RANDOM,
    plant: asked((a) =>
      a.regulariser === undefined ? a : { ...a, regulariser: { ...a.regulariser, l2: 2 * (a.regulariser.l2 ?? 0) } },
    ),
  },
  {
    id: 'model/penalties-swapped',
    says: 'takes l1 for l2 and l2 for l1',
    killedBy: RANDOM,
    plant: asked((a) => {
      const { l1 = 0, l2 = 0 } = a.regulariser ?? {};
      return a.regulariser === undefined ? a : { ...a, regulariser: { l1: l2, l2: l1 } };
    }),
  },
  {
    id: 'model/penalises-biases',
    says: 'decays biases and scales too',
    killedBy: RANDOM,
    plant: leaves((g, i, a) =>
      g.shape.length === 1 ? like(g, (v, k) => v + (a.regulariser?.l2 ?? 0) * (a.params[i]?.data[k] ?? 0)) : g,
    ),
  },
  {
    id: 'model/square-transposed',
    says: 'transposes the gradient of square weights, whose shape does not tell',
    bug: 'burn #4069',
    killedBy: ['gradient/network', 'gradient/network-exact', 'gradient/random-model', 'gradient/outer-product'],
    plant: leaves((g) => transposed(g)),
  },
  {
    id: 'model/bias-averaged',
    says: 'averages the gradients of biases over the batch, and adds up those of weights',
    bug: 'mistnet #33',
    killedBy: [
      'gradient/network',
      'gradient/network-exact',
      'gradient/random-model',
      'gradient/additive',
      'gradient/balance',
    ],
    plant: leaves((g, _i, a) => (g.shape.length === 1 ? like(g, (v) => v / (a.x.shape[0] ?? 1)) : g)),
  },
  {
    id: 'model/last-sample-lost',
    says: 'leaves the last sample of a batch of three out of the gradients',
    killedBy: ['gradient/additive', 'gradient/network', 'gradient/random-model', 'gradient/large-model'],
    plant: at(MODEL, (args, original) => {
      const a = now(original, args);
      const n = rowsOf(args);
      if (n < 3 || args.state !== undefined || args.uniforms !== undefined) return a;
      const cut = (t: Plain): Plain => ({
        shape: [n - 1, ...t.shape.slice(1)],
        data: Array.from(t.data).slice(0, -(t.data.length / n)),
      });
      return {
        ...a,
        gradients: now(original, { ...args, x: cut(plain(args, 'x')), y: cut(plain(args, 'y')) }).gradients,
      };
    }),
  },
  {
    id: 'model/loss-averaged-gradient-summed',
    says: 'averages the loss and adds up the gradients',
    bug: 'nn-from-scratch #13',
    killedBy: [
      'gradient/own-function',
      'gradient/random-model',
      'gradient/mean-over-samples',
      'gradient/taylor-order',
      'network/logistic-regression',
    ],
    plant: gradientsOf((a) => ({ ...a, reduction: 'sum' })),
  },
  {
    id: 'model/mean-over-rows',
    says: 'divides by samples where the mean is over elements',
    killedBy: ['gradient/random-model', 'gradient/network'],
    plant: at(MODEL, (args, original) => {
      const a = now(original, args);
      const m =
        args.reduction === 'mean' && args.loss === 'mse' && args.regulariser === undefined
          ? (plain(args, 'y').shape[1] ?? 1)
          : 1;
      return {
        ...a,
        loss: like(plain(a, 'loss'), (v) => v * m),
        gradients: list(a, 'gradients').map((g) => like(g, (v) => v * m)),
      };
    }),
  },
  {
    id: 'model/loss-off',
    says: 'the loss is off by a relative 2⁻⁴⁰',
    killedBy: ['gradient/random-model', 'gradient/network', 'gradient/network-exact', 'gradient/large-model'],
    plant: answer('loss', (v) => v * (1 + 2 ** -40)),
  },
  {
    id: 'model/arguments-swapped',
    says: 'takes targets for predictions where the loss does not mind',
    killedBy: ['gradient/network-exact', 'gradient/random-model', 'gradient/euler', 'gradient/own-function'],
    plant: at(MODEL, (args, original) => {
      const a = now(original, args);
      return args.loss === 'mse' ? { ...a, gradients: list(a, 'gradients').map((g) => like(g, (v) => -v)) } : a;
    }),
  },
  {
    id: 'model/slope-in-a-million',
    says: 'gradients are off by a relative 2⁻¹⁴, as single precision with a few sums makes them',
    killedBy: ['gradient/taylor-order', 'gradient/random-model', 'network/logistic-regression'],
    plant: gradients((v) => v * (1 + 2 ** -14)),
  },
  {
    id: 'model/mean-twice',
    says: 'divides by the batch twice where the mean was asked',
    bug: 'keras #19363',
    killedBy: ['gradient/mean-over-samples', 'gradient/random-model'],
    plant: gradients((v, _i, a) => (a.reduction === 'mean' ? v / rowsOf(a) : v)),
  },
  {
    id: 'model/weights-off',
    says: 'gradients of weights are one unit in the last place too large',
    killedBy: ['gradient/outer-product'],
    plant: leaves((g) => (g.shape.length === 2 ? like(g, (v) => up(v)) : g)),
  },
  {
    id: 'model/corner',
    says: 'adds 1 to the last gradient of every weight matrix',
    killedBy: ['gradient/rank-one', 'gradient/network-exact', 'network/all-zero'],
    plant: leaves((g) => (g.shape.length === 2 ? like(g, (v, k) => v + Number(k === g.data.length - 1)) : g)),
  },
  {
    id: 'model/identity-rounds',
    says: 'passes identities through single precision on the way back',
    killedBy: ['gradient/identity-inserted'],
    plant: gradients((v, _i, a) =>
      (a.layers as readonly AnyLayer[]).some((l) => l.type === 'activation' && l.name === 'identity')
        ? Math.fround(v)
        : v,
    ),
  },
  {
    id: 'model/dense-identity',
    says: 'skips a dense layer as wide as its input on the way back',
    killedBy: ['gradient/network', 'gradient/network-exact'],
    plant: at(MODEL, (args, original) => {
      const a = now(original, args);
      const wide = list(args, 'params').findLastIndex(
        (p) => p.shape.length === 2 && p.shape[0] === p.shape[1] && (p.shape[0] ?? 0) > 1,
      );
      return wide <= 0 ? a : { ...a, gradients: list(a, 'gradients').map((g, i) => (i < wide ? like(g, () => 0) : g)) };
    }),
  },
  {
    id: 'model/never-zeroed',
    says: 'adds gradients to those of the last call of the same shapes',
    bug: 'a forgotten zero_grad',
    killedBy: ['gradient/reentrant', 'gradient/random-model'],
    plant: (port) => {
      const kept = new Map<string, readonly Plain[]>();
      return at(MODEL, (args, original) => {
        const a = now(original, args);
        const shapes = JSON.stringify(list(args, 'params').map((p) => p.shape));
        const before = kept.get(shapes);
        const sums = list(a, 'gradients').map((g, i) => like(g, (v, k) => v + (before?.[i]?.data[k] ?? 0)));
        kept.set(shapes, sums);
        return { ...a, gradients: sums };
      })(port);
    },
  },
  {
    id: 'model/first-feature',
    says: 'leaves the first feature out of the gradient of the first weights',
    killedBy: ['network/input-permutation', 'gradient/network-exact', 'gradient/balance', 'gradient/euler'],
    plant: leaves((g, i) =>
      i === 0 && (g.shape[0] ?? 0) > 1 ? like(g, (v, k) => (k < (g.shape[1] ?? 1) ? 0 : v)) : g,
    ),
  },
  {
    id: 'model/first-sample-twice',
    says: 'adds 2⁻²⁰ to the output of the first sample',
    killedBy: ['network/batch-permutation', 'gradient/network-exact'],
    plant: answer('output', (v, i, a) => (i < (plain(a, 'y').shape[1] ?? 1) ? v + 2 ** -20 : v)),
  },
  {
    id: 'model/drifts',
    says: 'adds 2⁻²⁰ to every gradient',
    killedBy: ['network/sign-symmetry', 'network/all-zero', 'network/unit-removal', 'gradient/outer-product'],
    plant: gradients((v) => v + 2 ** -20),
  },
  {
    id: 'model/deep-offset',
    says: 'adds a bias once more in networks of three layers',
    killedBy: ['network/linear-collapse', 'gradient/network-exact', 'gradient/network'],
    plant: answer('output', (v, i, a) => {
      const b = list(a, 'params').at(-1);
      return depth(a) >= 3 ? v + (b?.data[i % (b.data.length || 1)] ?? 0) : v;
    }),
  },
  {
    id: 'model/middle-lost',
    says: 'loses the bias of the second layer',
    killedBy: ['network/linear-collapse', 'gradient/network-exact', 'gradient/random-model'],
    plant: asked((a) => ({
      ...a,
      params: a.params.map((p, i) => (i === 3 && p.shape.length === 1 ? like(p, () => 0) : p)),
    })),
  },
  {
    id: 'model/leaks-around-zero',
    says: 'bends outputs by 2⁻²⁰ of their square',
    killedBy: ['network/piecewise-linear', 'network/linear-collapse', 'gradient/random-model'],
    plant: answer('output', (v) => v + v * v * 2 ** -20),
  },
  {
    id: 'model/louder',
    says: 'outputs are four times as large',
    killedBy: ['network/lipschitz', 'gradient/random-model', 'gradient/network'],
    plant: answer('output', (v) => 4 * v),
  },
  {
    id: 'model/overflows',
    says: 'exponentials of large numbers come out as NaN',
    bug: 'burn #1140, tinygrad #8238',
    killedBy: ['network/finite'],
    plant: answer('output', (v) => (Math.abs(v) > 2 ** 24 ? Number.NaN : v)),
  },
  {
    id: 'model/gradient-overflows',
    says: 'large gradients come out infinite',
    killedBy: ['network/finite'],
    plant: gradients((v) => (Math.abs(v) > 2 ** 40 ? Number.POSITIVE_INFINITY : v)),
  },
  {
    id: 'model/loss-overflows',
    says: 'large losses come out infinite',
    killedBy: ['network/finite'],
    plant: at(MODEL, (args, original) => {
      const a = now(original, args);
      const [v = 0] = Array.from(plain(a, 'loss').data);
      return { ...a, loss: scalar(v > 2 ** 24 ? Number.POSITIVE_INFINITY : v) };
    }),
  },
  {
    id: 'model/stretches',
    says: 'stretches parameters and targets that do not fit',
    bug: 'burn #702',
    killedBy: ['network/shape-errors'],
    plant: at('model.network.refuses', () => ({ refused: false })),
  },
  {
    id: 'model/stretches-ones',
    says: 'stretches parameters with axes of size 1, and refuses the others',
    bug: 'burn #702',
    killedBy: ['network/shape-errors'],
    plant: at('model.network.refuses', (args, original) => ({
      refused: now(original, args).refused === true && !list(args, 'params').some((p) => p.shape.every((k) => k === 1)),
    })),
  },
  {
    id: 'model/refuses-all',
    says: 'refuses whatever it is given',
    killedBy: ['network/shape-errors'],
    plant: at('model.network.refuses', () => ({ refused: true })),
  },
  {
    id: 'model/never-evaluates',
    says: 'uses the statistics of the batch in eval mode',
    bug: 'tinygrad #4351',
    killedBy: ['network/batch-independence', 'network/forward'],
    plant: at('model.network.forward', (args, original) => {
      const uniforms = args.uniforms ?? [];
      return rowsOf(args) > 1 && args.state !== undefined && (uniforms as readonly Plain[]).length === 0
        ? now(original, { ...args, mode: 'train' })
        : now(original, args);
    }),
  },
  {
    id: 'model/always-evaluates',
    says: 'uses the running statistics in train mode, and drops nothing',
    killedBy: ['network/forward'],
    plant: at('model.network.forward', (args, original) => now(original, { ...args, mode: 'eval' })),
  },
  {
    id: 'model/drops-in-eval',
    says: 'drops in eval mode too',
    killedBy: ['network/forward'],
    plant: at('model.network.forward', (args, original) =>
      now(original, args.state === undefined && args.uniforms !== undefined ? { ...args, mode: 'train' } : args),
    ),
  },
  {
    id: 'model/sums-in-another-order',
    says: 'the output of the second sample is one unit in the last place off, as another order of summation makes it',
    killedBy: ['network/batch-independence'],
    plant: at('model.network.forward', (args, original) => {
      const y = plain(now(original, args), 'output');
      const m = y.shape[1] ?? 1;
      return { output: like(y, (v, k) => (k >= m ? up(v) : v)) };
    }),
  },
];
