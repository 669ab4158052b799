// Planted faults, most of them real bugs in one line: each names the laws that must find it.
import { INITIALIZERS, ROWS } from '../src/index.ts';
import type { Equation } from './args.ts';
import { type Args, type Plain, snake } from './contract.ts';
import { override, type Port } from './port.ts';
import { FORMATS, nextUp } from './tolerance.ts';

export interface Mutant {
  readonly id: string;
  readonly says: string;
  /** The real defect it stands for, where there is one. */
  readonly bug?: string;
  /** Laws each of which must find it. */
  readonly killedBy: readonly string[];
  readonly plant: (port: Port) => Port;
}

type Original = (args: Args) => Args | Promise<Args>;
type Fault = (args: Args, original: Original) => Args;

/** The home port answers at once, and mutants are planted in nothing else. */
const now = (original: Original, args: Args): Args => original(args) as Args;

const at =
  (entry: string, fault: Fault) =>
  (port: Port): Port =>
    override(port, { [entry]: fault });
const both =
  (...plants: readonly ((port: Port) => Port)[]) =>
  (port: Port): Port =>
    plants.reduce((p, plant) => plant(p), port);

const plain = (args: Args, name: string): Plain => args[name] as Plain; // arguments were parsed by the contract
const number = (args: Args, name: string): number => args[name] as number;
const list = (args: Args, name: string): readonly Plain[] => args[name] as readonly Plain[];
const like = (t: Plain, f: (v: number, i: number) => number): Plain => ({
  shape: t.shape,
  data: Array.from(t.data, f),
});
const scalar = (v: number): Plain => ({ shape: [], data: [v] });

/** The right answer with one tensor changed. */
const changed = (entry: string, field: string, f: (v: number, i: number, args: Args) => number) =>
  at(entry, (args, original) => {
    const answer = now(original, args);
    return { ...answer, [field]: like(plain(answer, field), (v, i) => f(v, i, args)) };
  });

/** An activation computed by a wrong function of x, or its pull-back by a wrong derivative. */
const forward = (name: string, f: (x: number, slope: number) => number) =>
  at(`activation.${name}.forward`, (args) => ({ y: like(plain(args, 'x'), (x) => f(x, number(args, 'slope'))) }));
const slope = (name: string, f: (x: number, slope: number) => number) =>
  at(`activation.${name}.vjp`, (args) => ({
    dx: like(plain(args, 'x'), (x, i) => f(x, number(args, 'slope')) * (plain(args, 'dy').data[i] ?? 0)),
  }));

const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));
const up = (x: number, times = 1): number => (times === 0 ? x : up(nextUp(x, 'f64'), times - 1));

/** A loss computed term by term by a wrong function. */
const loss = (name: string, f: (p: number, y: number) => number) =>
  at(`loss.${name}.forward`, (args) => {
    const [p, y] = [plain(args, 'prediction'), plain(args, 'target')];
    const total = Array.from(p.data, (v, i) => f(v, y.data[i] ?? 0)).reduce((a, b) => a + b, 0);
    return { loss: scalar(args.reduction === 'mean' ? total / p.data.length : total) };
  });

type Judge = (got: number, expected: number, allowed: number, zeros: unknown) => boolean;
/** A comparison that decides pair by pair. */
const judge = (
  f: Judge,
  lengths: (args: Args) => boolean = (a) =>
    new Set([plain(a, 'got'), plain(a, 'expected'), plain(a, 'allowed')].map((t) => t.data.length)).size === 1,
) =>
  at('verifier.judge.compare', (args) => {
    const [g, e, a] = [plain(args, 'got'), plain(args, 'expected'), plain(args, 'allowed')];
    const ok =
      lengths(args) &&
      Array.from(g.data).every((v, i) =>
        f(v, e.data[i] ?? e.data[0] ?? Number.NaN, a.data[i] ?? a.data[0] ?? 0, args.zeros),
      );
    return { ok, margin: ok ? 0 : Number.POSITIVE_INFINITY };
  });
const sound: Judge = (g, e, a, zeros) =>
  Object.is(g, e) ||
  (g === e && zeros !== 'signed') ||
  (Number.isFinite(g) && Number.isFinite(e) && g !== e && Math.abs(g - e) <= a);

/** The gradients of a network, changed. */
const gradients = (f: (v: number, i: number, args: Args, leaf: number) => number) =>
  at('model.network.loss_and_grad', (args, original) => {
    const answer = now(original, args);
    return { ...answer, gradients: list(answer, 'gradients').map((g, leaf) => like(g, (v, i) => f(v, i, args, leaf))) };
  });

/** Every initializer of a distribution, changed the same way. */
const initializers = (distribution: string, call: 'sample' | 'from_uniforms', fault: Fault) =>
  both(
    ...Object.entries(INITIALIZERS).flatMap(([name, row]) =>
      row.distribution === distribution ? [at(`initializer.${snake(name)}.${call}`, fault)] : [],
    ),
  );
const weights =
  (f: (v: number, i: number, args: Args) => number): Fault =>
  (args, original) => {
    const answer = now(original, args);
    return { w: like(plain(answer, 'w'), (v, i) => f(v, i, args)) };
  };

interface AdamState {
  w: number;
  m: number;
  v: number;
}
interface AdamFault {
  readonly correct?: (beta: number, k: number) => number;
  readonly root?: (v: number, eps: number) => number;
  readonly second?: (v: number, g: number, beta2: number) => number;
  readonly step?: (k: number, leaf: number, leaves: number) => number;
  readonly lr?: (lr: number) => number;
}
/** Adam written once more, element by element, with one line to go wrong. */
const adam = ({
  correct = (beta, k) => 1 - beta ** k,
  root = (v, eps) => Math.sqrt(v) + eps,
  second = (v, g, b) => b * v + (1 - b) * g * g,
  step = (k) => k,
  lr = (x) => x,
}: AdamFault) =>
  at('optimizer.adam.run', (args) => {
    const h = {
      lr: 0.001,
      beta1: 0.9,
      beta2: 0.999,
      eps: 2 ** -26,
      ...(args.hyper as Readonly<Record<string, number>>),
    };
    const state = list(args, 'params').map((p) => Array.from(p.data, (w): AdamState => ({ w, m: 0, v: 0 })));
    const steps = (args.gradients as readonly (readonly Plain[])[]).map((gs, t) =>
      gs.map((g, leaf) =>
        like(g, (gi, i) => {
          const s = state[leaf]?.[i] ?? { w: 0, m: 0, v: 0 };
          const k = step(t + 1, leaf, gs.length);
          s.m = h.beta1 * s.m + (1 - h.beta1) * gi;
          s.v = second(s.v, gi, h.beta2);
          s.w -= (lr(h.lr) * (s.m / correct(h.beta1, k))) / root(s.v / correct(h.beta2, k), h.eps);
          return s.w;
        }),
      ),
    );
    return { params: steps };
  });

/** The right trajectory for changed arguments. */
const withHyper = (name: string, f: (hyper: Readonly<Record<string, number>>) => Readonly<Record<string, number>>) =>
  at(`optimizer.${name}.run`, (args, original) =>
    now(original, { ...args, hyper: f(args.hyper as Readonly<Record<string, number>>) }),
  );

interface PerceptronFault {
  readonly bias?: (lr: number, sign: number, features: number) => number;
  readonly wrong?: (score: number, sign: number, label: number) => boolean;
  readonly feature?: (v: number) => number;
  readonly report?: (mistakes: number) => number;
  readonly decay?: number;
}
const perceptron = ({
  bias = (lr, sign) => lr * sign,
  wrong = (s, sign) => s > 0 !== (sign === 1),
  feature = (v) => v,
  report = (m) => m,
  decay = 0,
}: PerceptronFault) =>
  at('perceptron.perceptron.fit', (args) => {
    const [x, y] = [plain(args, 'x'), plain(args, 'y')];
    const [n = 0, d = 0] = x.shape;
    const w = new Array<number>(d).fill(0);
    let b = 0;
    let mistakes = 0;
    for (let epoch = 0; epoch < number(args, 'epochs'); epoch++)
      for (let i = 0; i < n; i++) {
        const row = Array.from(x.data)
          .slice(i * d, i * d + d)
          .map(feature);
        const label = y.data[i] ?? 0;
        const sign = label === 1 ? 1 : -1;
        for (let j = 0; j < d; j++) w[j] = (w[j] ?? 0) * (1 - decay);
        if (
          !wrong(
            row.reduce((s, v, j) => s + v * (w[j] ?? 0), b),
            sign,
            label,
          )
        )
          continue;
        mistakes++;
        b += bias(number(args, 'lr'), sign, d);
        row.forEach((v, j) => {
          w[j] = (w[j] ?? 0) + number(args, 'lr') * sign * v;
        });
      }
    return { w: { shape: [d], data: w }, b, mistakes: report(mistakes) };
  });

/** A graph of one given operation answers wrongly. */
const graph = (f: (answer: Args, args: Args) => Args, when: (op: string) => boolean = () => true) =>
  at('program.graph.vjp', (args, original) => {
    const answer = now(original, args);
    return (args.equations as readonly Equation[]).some(({ op }) => when(op)) ? f(answer, args) : answer;
  });
const first = <T>(xs: readonly T[], f: (x: T) => T): readonly T[] => xs.map((x, i) => (i === 0 ? f(x) : x));

/** Two mutants per operation: a result four times further off than it may be, and a pull-back scaled by 1 + 2⁻²⁰. */
const derived: readonly Mutant[] = Object.entries(ROWS).flatMap(([name, row]): readonly Mutant[] => {
  const steps = Math.max(1, Math.ceil(8 * Math.max(row.ulp, row.kind === 'fold' ? 8 : 0)));
  return [
    {
      id: `op/${name}-value-off`,
      says: `${name} is off by ${steps} units in the last place`,
      killedBy: ['op/value'],
      plant: graph(
        (a) => ({ ...a, y: like(plain(a, 'y'), (v) => up(v, steps)) }),
        (op) => op === name,
      ),
    },
    {
      id: `op/${name}-derivative-off`,
      says: `the pull-back of ${name} is scaled by 1 + 2⁻²⁰`,
      killedBy: ['op/derivative'],
      plant: graph(
        (a) => ({
          ...a,
          dinputs: list(a, 'dinputs').map((d) => like(d, (v) => (v === 0 ? 2 ** -20 : v * (1 + 2 ** -20)))),
        }),
        (op) => op === name,
      ),
    },
  ];
});

const { u, tiny } = FORMATS.f64;

export const MUTANTS: readonly Mutant[] = [
  // the judge
  {
    id: 'judge/nan-passes',
    says: 'asks |got − expected| > allowed, which NaN never is',
    bug: 'burn #1209',
    killedBy: ['meta/nan-is-a-failure'],
    plant: judge((g, e, a, z) => !(Math.abs(g - e) > a) || sound(g, e, a, z)),
  },
  {
    id: 'judge/infinities-alike',
    says: 'takes any two numbers that are not finite for equal',
    bug: 'tfjs areClose',
    killedBy: ['meta/infinities-differ', 'meta/nan-is-a-failure'],
    plant: judge((g, e, a, z) => (!Number.isFinite(g) && !Number.isFinite(e)) || sound(g, e, a, z)),
  },
  {
    id: 'judge/normwise',
    says: 'compares the norm of the difference with the sum of the bounds',
    bug: 'JAX check_grads, Julia isapprox',
    killedBy: ['meta/element-by-element'],
    plant: at('verifier.judge.compare', (args) => {
      const [g, e, a] = [plain(args, 'got'), plain(args, 'expected'), plain(args, 'allowed')];
      const norm = Math.hypot(...Array.from(g.data, (v, i) => v - (e.data[i] ?? 0)));
      return { ok: norm <= Array.from(a.data).reduce((s, v) => s + v, 0), margin: 0 };
    }),
  },
  {
    id: 'judge/zeros-alike',
    says: 'compares zeros with ===',
    killedBy: ['meta/zeros-have-signs'],
    plant: judge((g, e, a) => sound(g, e, a, 'equal')),
  },
  {
    id: 'judge/stretches',
    says: 'repeats the first element where one side is shorter',
    bug: 'numpy-style allclose',
    killedBy: ['meta/no-broadcast'],
    plant: judge(sound, () => true),
  },
  {
    id: 'judge/loose',
    says: 'multiplies every bound by 1,000',
    bug: 'array-api-tests, rel 0.25',
    killedBy: ['meta/bounds-bite'],
    plant: judge((g, e, a, z) => sound(g, e, 1000 * a, z)),
  },

  // purity
  {
    id: 'optimizer/overwrites-gradients',
    says: 'scales the gradients in place',
    bug: 'mxnet #15768',
    killedBy: ['purity/arguments-unchanged'],
    plant: at('optimizer.adam.run', (args, original) => {
      const answer = now(original, args);
      for (const g of (args.gradients as readonly (readonly Plain[])[]).flat()) (g.data as number[])[0] = 0; // the fault
      return answer;
    }),
  },
  {
    id: 'dense/remembers',
    says: 'adds what it saw last time',
    bug: 'xformers #173',
    killedBy: ['purity/deterministic'],
    plant: (port) => {
      let calls = 0;
      return changed('layer.dense.forward', 'y', (v) => v + u * calls++)(port);
    },
  },
  {
    id: 'identity/hands-back-its-input',
    says: 'returns the array it was given',
    bug: 'PyTorch #196083',
    killedBy: ['purity/answers-apart'],
    plant: at('activation.identity.forward', (args) => ({ y: args.x })),
  },

  // activations
  {
    id: 'sigmoid/ulps',
    says: 'is 6 ulps high',
    killedBy: ['activation/value'],
    plant: forward('sigmoid', (x) => up(sigmoid(x), 6)),
  },
  {
    id: 'leaky-relu/inverted',
    says: 'multiplies the positive side, consistently in value and derivative',
    bug: 'brain.js #560',
    killedBy: ['activation/value', 'activation/leaky-family'],
    plant: both(
      forward('leaky_relu', (x, a) => (x < 0 ? 0 : a * x)),
      slope('leaky_relu', (x, a) => (x < 0 ? 0 : a)),
    ),
  },
  {
    id: 'leaky-relu/max',
    says: 'max(x, a·x), wrong for slopes above 1',
    bug: 'brain.js HEAD',
    killedBy: ['activation/leaky-family', 'activation/value'],
    plant: forward('leaky_relu', (x, a) => Math.max(x, a * x)),
  },
  {
    id: 'sigmoid/slope-from-output',
    says: 'y·(1 − y), which cancels where y rounds to 1',
    bug: 'tfjs 4.22.0, TF #126060',
    killedBy: ['activation/derivative', 'activation/derivative-even'],
    plant: slope('sigmoid', (x) => sigmoid(x) * (1 - sigmoid(x))),
  },
  {
    id: 'tanh/slope-from-output',
    says: '1 − y², which cancels where y rounds to 1',
    bug: 'tfjs 4.22.0',
    killedBy: ['activation/derivative'],
    plant: slope('tanh', (x) => 1 - Math.tanh(x) ** 2),
  },
  {
    id: 'leaky-relu/switches-at-1',
    says: 'the derivative changes sides at 1 instead of 0',
    bug: 'tfjs #7251',
    killedBy: ['activation/derivative', 'activation/kink'],
    plant: slope('leaky_relu', (x, a) => (x >= 1 ? 1 : a)),
  },
  {
    id: 'relu/half-at-zero',
    says: 'has slope ½ at 0 without declaring it',
    bug: 'torch #1792',
    killedBy: ['activation/kink'],
    plant: slope('relu', (x) => (x > 0 ? 1 : x === 0 ? 1 / 2 : 0)),
  },
  {
    id: 'sigmoid/overflows',
    says: 'eˣ / (1 + eˣ)',
    bug: 'dynet #1525, tiny-dnn #347',
    killedBy: ['activation/nan', 'activation/value'],
    plant: forward('sigmoid', (x) => Math.exp(x) / (1 + Math.exp(x))),
  },
  {
    id: 'relu/hides-nan',
    says: 'x > 0 ? x : 0',
    bug: 'jax-js 8c38356',
    killedBy: ['activation/nan'],
    plant: forward('relu', (x) => (x > 0 ? x : 0)),
  },
  {
    id: 'tanh/beyond-1',
    says: 'one ulp above 1 when saturated',
    killedBy: ['activation/range'],
    plant: forward('tanh', (x) => (x > 20 ? 1 + 2 * u : Math.tanh(x))),
  },
  {
    id: 'sigmoid/lopsided',
    says: 'adds 8u',
    killedBy: ['activation/sigmoid-reflection'],
    plant: forward('sigmoid', (x) => sigmoid(x) + 8 * u),
  },
  {
    id: 'tanh/not-odd',
    says: 'one ulp up for negative x',
    killedBy: ['activation/tanh-odd'],
    plant: forward('tanh', (x) => (x < 0 ? up(Math.tanh(x)) : Math.tanh(x))),
  },
  {
    id: 'sigmoid/slope-too-steep',
    says: 'a quarter and one ulp at the top',
    killedBy: ['activation/derivative-peak'],
    plant: slope('sigmoid', (x) => sigmoid(x) * sigmoid(-x) * (1 + 2 * u)),
  },
  {
    id: 'relu/leaks',
    says: 'lets 2⁻⁵⁰·x through',
    killedBy: ['activation/relu-decomposition', 'activation/value'],
    plant: forward('relu', (x) => (x > 0 ? x : 2 ** -50 * x)),
  },
  {
    id: 'relu/threshold',
    says: 'switches at 2⁻¹⁰',
    bug: 'hard-coded threshold',
    killedBy: ['activation/homogeneous', 'activation/value'],
    plant: forward('relu', (x) => (x > 2 ** -10 ? x : 0)),
  },

  // losses
  {
    id: 'bce/negative',
    says: 'adds 2⁻²³ inside the logarithms',
    bug: 'tfjs 4.22.0 logLoss',
    killedBy: ['loss/bce-nonnegative', 'loss/value'],
    plant: loss('bce', (p, y) => -y * Math.log(p + 2 ** -23) - (1 - y) * Math.log(1 - p + 2 ** -23)),
  },
  {
    id: 'bce/unclipped',
    says: 'takes the logarithm of 0',
    bug: 'burn #2741, mlx #1280',
    killedBy: ['loss/bce-bounded', 'loss/value'],
    plant: loss('bce', (p, y) => (y > 0 ? -y * Math.log(p) : 0) + (y < 1 ? -(1 - y) * Math.log1p(-p) : 0)),
  },
  {
    id: 'bce/one-sided-clip',
    says: 'clips only the logarithm of p',
    bug: 'tfjs 4.22.0: 16.118 against 15.942',
    killedBy: ['loss/label-symmetry', 'loss/value'],
    plant: loss('bce', (p, y) => y * Math.min(-Math.log(p), 100) + (1 - y) * Math.min(-Math.log1p(-p), 90)),
  },
  {
    id: 'bce-with-logits/naive',
    says: 'log(1 + eᶻ) − y·z',
    bug: 'mxnet #17849',
    killedBy: ['loss/large-margin', 'loss/value'],
    plant: loss('bce_with_logits', (z, y) => Math.log(1 + Math.exp(z)) - y * z),
  },
  {
    id: 'mse/half',
    says: 'has the factor ½ in the value alone',
    bug: 'tiny-dnn #232',
    killedBy: ['loss/value'],
    plant: loss('mse', (p, y) => (p - y) ** 2 / 2),
  },
  {
    id: 'mse/gradient-half',
    says: 'lacks the factor 2 in the gradient alone',
    bug: 'tiny-dnn #232',
    killedBy: ['loss/gradient'],
    plant: changed('loss.mse.vjp', 'dprediction', (v) => v / 2),
  },
  {
    id: 'bce-with-logits/kink',
    says: 'gradient −y instead of ½ − y at logit 0',
    bug: 'torch #1792',
    killedBy: ['loss/gradient'],
    plant: changed('loss.bce_with_logits.vjp', 'dprediction', (v, i, a) =>
      plain(a, 'prediction').data[i] === 0
        ? v - 1 / 2 / (a.reduction === 'mean' ? plain(a, 'target').data.length : 1)
        : v,
    ),
  },
  {
    id: 'bce/clamped-slope',
    says: 'divides by max(p·(1 − p), 2⁻⁴⁰), so that the gradient is not that of the value',
    bug: 'PyTorch binary_cross_entropy_backward clamps at 1e-12',
    killedBy: ['loss/gradient'],
    plant: at('loss.bce.vjp', (args) => {
      const y = plain(args, 'target');
      const n = args.reduction === 'mean' ? y.data.length : 1;
      const slope = (p: number, label: number): number => (p - label) / Math.max(p * (1 - p), 2 ** -40);
      return { dprediction: like(plain(args, 'prediction'), (p, i) => slope(p, y.data[i] ?? 0) / n) };
    }),
  },
  {
    id: 'loss/sums',
    says: 'sums where the mean was asked',
    bug: 'neataptic, mistnet #33',
    killedBy: ['loss/duplication', 'loss/value'],
    plant: at('loss.bce_with_logits.forward', (args, original) => now(original, { ...args, reduction: 'sum' })),
  },
  {
    id: 'mse/one-sided',
    says: 'weighs overshoot twice',
    killedBy: ['loss/mse-metric'],
    plant: loss('mse', (p, y) => (p > y ? 2 : 1) * (p - y) ** 2),
  },

  // gradients and networks
  {
    id: 'network/one-weight',
    says: 'one weight’s gradient is off by a relative 2⁻⁴⁰',
    killedBy: ['gradient/network', 'gradient/network-exact'],
    plant: gradients((v, i, _a, leaf) => (leaf === 0 && i === 0 ? v * (1 + 2 ** -40) : v)),
  },
  {
    id: 'network/averages',
    says: 'averages over the batch where the sum was asked',
    bug: 'keras #19363',
    killedBy: ['gradient/additive', 'gradient/network'],
    plant: gradients((v, _i, a) => v / (plain(a, 'x').shape[0] ?? 1)),
  },
  {
    id: 'dense/not-transposed',
    says: 'dx from w instead of wᵀ',
    bug: 'burn #4069',
    killedBy: ['gradient/dense-exact'],
    plant: at('layer.dense.vjp', (args, original) => {
      const w = plain(args, 'w');
      return {
        ...now(original, args),
        dx: plain(now(original, { ...args, w: like(w, (_v, i) => w.data[w.data.length - 1 - i] ?? 0) }), 'dx'),
      };
    }),
  },
  {
    id: 'dense/ignores-cotangent',
    says: 'pulls back ones',
    bug: 'tfjs #970',
    killedBy: ['gradient/cotangent-scaling', 'gradient/dense-exact'],
    plant: at('layer.dense.vjp', (args, original) => now(original, { ...args, dy: like(plain(args, 'dy'), () => 1) })),
  },
  {
    id: 'activation/never-zero',
    says: 'adds the smallest number to every gradient',
    killedBy: ['gradient/zero-cotangent'],
    plant: changed('activation.sigmoid.vjp', 'dx', (v) => v + tiny),
  },
  {
    id: 'graph/overwrites',
    says: 'keeps one contribution where two paths meet',
    bug: 'tinygrad’s first week, burn #695',
    killedBy: ['gradient/diamond'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: first(list(a, 'dinputs'), (d) =>
        (args.equations as readonly Equation[])[0]?.reads[0] === (args.equations as readonly Equation[])[0]?.reads[1]
          ? plain(args, 'dy')
          : d,
      ),
    })),
  },
  {
    id: 'graph/averages-broadcast',
    says: 'averages over the stretched axes',
    bug: 'burn #702',
    killedBy: ['gradient/broadcast'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d) => like(d, (v) => (v * d.data.length) / plain(args, 'dy').data.length)),
    })),
  },
  {
    id: 'graph/unused-nan',
    says: 'NaN for an argument that is not used',
    bug: 'burn #4069',
    killedBy: ['gradient/unused'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d, i) =>
        (args.equations as readonly Equation[]).some(({ reads }) => reads.includes(i)) ? d : like(d, () => Number.NaN),
      ),
    })),
  },
  {
    id: 'network/first-unit',
    says: 'doubles the gradient of the first hidden unit',
    killedBy: ['network/hidden-permutation', 'network/symmetric-units'],
    plant: gradients((v, i, _a, leaf) => (leaf === 1 && i === 0 ? 2 * v + 1 : v)),
  },
  {
    id: 'network/decays',
    says: 'adds 2⁻¹⁰·w to every gradient',
    bug: 'undeclared weight decay',
    killedBy: ['network/rescaling', 'network/dead-unit', 'gradient/network'],
    plant: gradients((v, i, a, leaf) => v + 2 ** -10 * (list(a, 'params')[leaf]?.data[i] ?? 0)),
  },

  // initializers and random numbers
  {
    id: 'zeros/almost',
    says: 'fills with 2⁻²⁶',
    killedBy: ['initializer/zeros'],
    plant: initializers(
      'point',
      'sample',
      weights(() => 2 ** -26),
    ),
  },
  {
    id: 'uniform/root-of-fans',
    says: 'bound √(3/…) where √(6/…) is right',
    bug: 'keras #2252',
    killedBy: ['initializer/uniform-bound'],
    plant: initializers(
      'uniform',
      'sample',
      weights((v) => v / Math.SQRT2),
    ),
  },
  {
    id: 'normal/truncated',
    says: 'cuts at two standard deviations without correcting the variance',
    bug: 'tfjs #8594',
    killedBy: ['initializer/variance'],
    plant: initializers(
      'normal',
      'sample',
      weights((v) => 0.8796256610342398 * v),
    ),
  },
  {
    id: 'normal/fan-out',
    says: 'uses the wrong fan',
    bug: 'burn #4973, keras #2252',
    killedBy: ['initializer/variance'],
    plant: at('initializer.he_normal.sample', (args, original) =>
      now(original, { ...args, fanIn: args.fanOut, fanOut: args.fanIn }),
    ),
  },
  {
    id: 'normal/gain-ignored',
    says: 'ignores the gain',
    bug: 'Flux 4f87f2b',
    killedBy: ['initializer/variance', 'initializer/quadrature'],
    plant: both(
      ...(['sample', 'from_uniforms'] as const).map((call) =>
        at(`initializer.he_normal.${call}`, (args, original) => now(original, { ...args, gain: 1 })),
      ),
    ),
  },
  {
    id: 'normal/one-sided',
    says: 'rejects one tail only',
    bug: 'tfjs #172',
    killedBy: ['initializer/symmetric'],
    plant: initializers('normal', 'sample', weights(Math.abs)),
  },
  {
    id: 'normal/2-percent',
    says: 'has a variance 2 % too large',
    killedBy: ['initializer/quadrature'],
    plant: initializers(
      'normal',
      'from_uniforms',
      weights((v) => v * Math.sqrt(1.02)),
    ),
  },
  {
    id: 'initializer/seed-ignored',
    says: 'ignores the seed',
    bug: 'tfjs #7108',
    killedBy: ['initializer/seed'],
    plant: initializers('uniform', 'sample', (args, original) => now(original, { ...args, seed: 7 })),
  },
  {
    id: 'initializer/seed-zero',
    says: 'seed || fresh: 0 is not honoured',
    bug: 'keras #19364, tfjs randomNormal (live)',
    killedBy: ['initializer/seed'],
    plant: (port) => {
      let fresh = 1000;
      return initializers('normal', 'sample', (args, original) =>
        now(original, { ...args, seed: number(args, 'seed') || fresh++ }),
      )(port);
    },
  },
  {
    id: 'normal/log-of-zero',
    says: 'infinite at the smallest uniforms',
    bug: 'vowpal #1833, mlx #904',
    killedBy: ['initializer/extremes'],
    plant: initializers(
      'normal',
      'from_uniforms',
      weights((v, i, a) => ((plain(a, 'u').data[i] ?? 1) < u ? Number.NEGATIVE_INFINITY : v)),
    ),
  },
  {
    id: 'threefry/wrong-rotation',
    says: 'flips one bit',
    killedBy: ['rng/threefry-known-answers'],
    plant: at('random.threefry.block', (args, original) => ({
      words: (now(original, args).words as readonly number[]).map((w) => w ^ 1),
    })),
  },
  {
    id: 'uniform/includes-1',
    says: 'rounds up to 1 now and then',
    bug: 'arrayfire #1610',
    killedBy: ['rng/uniform-range'],
    plant: changed('random.uniform.sample', 'values', (v) => (v > 0.98 ? 1 : v)),
  },
  {
    id: 'uniform/squared',
    says: 'is not uniform',
    killedBy: ['rng/balance'],
    plant: changed('random.uniform.sample', 'values', (v) => v * v),
  },
  {
    id: 'normal/variance-10-percent',
    says: 'has variance 1.1',
    killedBy: ['rng/normal-variance'],
    plant: changed('random.normal.sample', 'values', (v) => v * Math.sqrt(1.1)),
  },
  {
    id: 'rng/history',
    says: 'the values depend on how many draws came before',
    bug: 'mxnet #16705',
    killedBy: ['rng/seed'],
    plant: (port) => {
      let drawn = 0;
      return at('random.uniform.sample', (args, original) =>
        now(original, { ...args, seed: number(args, 'seed') + drawn++ }),
      )(port);
    },
  },

  // optimizers
  {
    id: 'adam/no-correction',
    says: 'does not correct the bias',
    bug: 'mlx #1640',
    killedBy: ['optimizer/recurrence', 'optimizer/adam-constant-gradient'],
    plant: adam({ correct: () => 1 }),
  },
  {
    id: 'adam/beta-squared',
    says: 'corrects with β²ᵏ',
    bug: 'Lasagne #274',
    killedBy: ['optimizer/adam-constant-gradient', 'optimizer/recurrence'],
    plant: adam({ correct: (beta, k) => 1 - beta ** (2 * k) }),
  },
  {
    id: 'adam/minus-eps',
    says: 'divides by √v − eps',
    bug: 'tf-keras 2f003f9f1',
    killedBy: ['optimizer/recurrence'],
    plant: adam({ root: (v, eps) => Math.sqrt(v) - eps }),
  },
  {
    id: 'adam/eps-inside',
    says: 'puts eps inside the root',
    bug: 'undeclared dialect',
    killedBy: ['optimizer/recurrence'],
    plant: adam({ root: (v, eps) => Math.sqrt(v + eps) }),
  },
  {
    id: 'adam/no-eps',
    says: 'forgets eps',
    bug: 'Optimisers.jl #190',
    killedBy: ['optimizer/zero-gradient'],
    plant: adam({ root: (v) => Math.sqrt(v) }),
  },
  {
    id: 'adam/step-per-leaf',
    says: 'counts a step per parameter',
    bug: 'tinygrad fc6f355c6',
    killedBy: ['optimizer/leaves-apart', 'optimizer/recurrence'],
    plant: adam({ step: (k, leaf, leaves) => (k - 1) * leaves + leaf + 1 }),
  },
  {
    id: 'adam/step-from-zero',
    says: 'starts counting at 0',
    bug: 'burn #621',
    killedBy: ['optimizer/recurrence', 'optimizer/zero-gradient'],
    plant: adam({ step: (k) => k - 1 }),
  },
  {
    id: 'adam/floor',
    says: 'never divides by less than 1/8',
    killedBy: ['optimizer/adam-scale-free'],
    plant: adam({ root: (v) => Math.max(Math.sqrt(v), 1 / 8) }),
  },
  {
    id: 'adam/lopsided',
    says: 'lets only positive gradients into the second moment',
    killedBy: ['optimizer/odd'],
    plant: adam({ second: (v, g, b) => b * v + (1 - b) * (g > 0 ? g * g : (g * g) / 2) }),
  },
  {
    id: 'sgd/twice',
    says: 'w′ = w − 2·lr·g',
    bug: 'gorgonia #494',
    killedBy: ['optimizer/sgd-exact'],
    plant: withHyper('sgd', (h) => ({ ...h, lr: 2 * (h.lr ?? 0) })),
  },
  {
    id: 'sgd/zero-lr',
    says: 'lr || 0.3',
    bug: 'neataptic',
    killedBy: ['optimizer/zero-lr'],
    plant: withHyper('sgd', (h) => ({ ...h, lr: h.lr || 0.3 })),
  },
  {
    id: 'momentum/zero',
    says: 'momentum || 0.9',
    bug: 'tfjs-layers #259',
    killedBy: ['optimizer/momentum-zero-is-sgd'],
    plant: withHyper('momentum', (h) => ({ ...h, momentum: h.momentum || 0.9 })),
  },

  // the perceptron
  {
    id: 'perceptron/threshold-sign',
    says: 'moves the bias the wrong way',
    bug: 'neuroph #48',
    killedBy: ['perceptron/mistake-bound', 'perceptron/boolean-functions'],
    plant: perceptron({ bias: (lr, sign) => -lr * sign }),
  },
  {
    id: 'perceptron/always-moves',
    says: 'updates on right answers too',
    bug: 'shogun #39',
    killedBy: ['perceptron/idle-when-right'],
    plant: perceptron({ wrong: () => true }),
  },
  {
    id: 'perceptron/bias-per-feature',
    says: 'moves the bias once per feature',
    bug: 'trustyai #26, manning #46',
    killedBy: ['perceptron/bias-is-a-feature'],
    plant: perceptron({ bias: (lr, sign, features) => lr * sign * features }),
  },
  {
    id: 'perceptron/bias-without-rate',
    says: 'moves the bias by ±1 whatever the rate',
    killedBy: ['perceptron/rate-free'],
    plant: perceptron({ bias: (_lr, sign) => sign }),
  },
  {
    id: 'perceptron/zero-label',
    says: 'label·score ≤ 0 never moves class 0 of the labels 0/1',
    bug: 'campusx #9',
    killedBy: ['perceptron/labels'],
    plant: perceptron({ wrong: (s, sign, label) => (label === 0 ? false : s > 0 !== (sign === 1)) }),
  },
  {
    id: 'perceptron/absolute',
    says: 'sees |x|',
    killedBy: ['perceptron/flip'],
    plant: perceptron({ feature: Math.abs }),
  },
  {
    id: 'perceptron/hides-mistakes',
    says: 'reports success on XOR',
    killedBy: ['perceptron/xor-impossible'],
    plant: perceptron({ report: () => 0 }),
  },
  ...derived,
];
