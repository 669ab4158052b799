// Faults of activations, second part: constants, thresholds, tails, sides and rows.
import type { Args } from '../contract.ts';
import { at, both, changed, like, type Mutant, now, plain, tiny, u, up } from './plant.ts';

/** An activation computed by a wrong function of x, with its parameters. */
const forward = (name: string, f: (x: number, p: Args) => number) =>
  at(`activation.${name}.forward`, (args) => ({ y: like(plain(args, 'x'), (x) => f(x, args)) }));
const slope = (name: string, f: (x: number, p: Args) => number) =>
  at(`activation.${name}.vjp`, (args) => ({
    dx: like(plain(args, 'x'), (x, i) => f(x, args) * (plain(args, 'dy').data[i] ?? 0)),
  }));
/** The right value changed where a condition on x holds. */
const where = (name: string, when: (x: number) => boolean, f: (y: number, x: number) => number) =>
  changed(`activation.${name}.forward`, 'y', (y, i, a) => {
    const x = plain(a, 'x').data[i] ?? 0;
    return when(x) ? f(y, x) : y;
  });
const slopeWhere = (name: string, when: (x: number) => boolean, f: (d: number, x: number) => number) =>
  changed(`activation.${name}.vjp`, 'dx', (d, i, a) => {
    const x = plain(a, 'x').data[i] ?? 0;
    return when(x) ? f(d, x) : d;
  });
const numberOf = (p: Args, name: string): number => p[name] as number; // the contract has parsed it
const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

/** Rows computed by a wrong softmax. */
const rows = (name: string, f: (row: readonly number[], all: readonly number[]) => readonly number[]) =>
  at(`activation.${name}.forward`, (args) => {
    const x = plain(args, 'x');
    const all = Array.from(x.data);
    const k = x.shape.at(-1) ?? 1;
    const data = Array.from({ length: all.length / k }, (_, r) => f(all.slice(r * k, (r + 1) * k), all)).flat();
    return { y: { shape: x.shape, data } };
  });
const softmax = (row: readonly number[], most: number): readonly number[] => {
  const e = row.map((v) => Math.exp(v - most));
  const s = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / s);
};

/** Constants that are right to five digits. */
const SELU_ROUNDED = 1.0507;
const SELU_LEFT_ROUNDED = 1.0507 * 1.67326;

export const activationFamilyMutants: readonly Mutant[] = [
  {
    id: 'selu/rounded-constants',
    says: 'has its two constants to five digits, consistently',
    killedBy: ['activation/value', 'activation/derivative', 'activation/smooth-at-zero', 'activation/infinity'],
    plant: both(
      forward('selu', (x) => (x > 0 ? SELU_ROUNDED * x : SELU_LEFT_ROUNDED * Math.expm1(x))),
      slope('selu', (x) => (x > 0 ? SELU_ROUNDED : SELU_LEFT_ROUNDED * Math.exp(x))),
    ),
  },
  {
    id: 'gelu_tanh/cubic',
    says: 'has 0.04471 for 0.044715',
    killedBy: ['activation/value'],
    plant: forward('gelu_tanh', (x) => x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.04471 * x * x * x))),
  },
  {
    id: 'gelu/is-the-tanh-form',
    says: 'is the approximation where the exact form was asked, consistently',
    killedBy: ['activation/value', 'activation/derivative'],
    plant: both(
      at('activation.gelu.forward', (args) => ({
        y: like(plain(args, 'x'), (x) => x * sigmoid(2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
      })),
      slopeWhere(
        'gelu',
        (x) => Math.abs(x) > 1 / 2 && Math.abs(x) < 4,
        (d) => d * (1 + 2 ** -10),
      ),
    ),
  },
  {
    id: 'elu/switches-at-1',
    says: 'the derivative changes sides at 1 instead of 0',
    bug: 'tfjs #7251',
    killedBy: [
      'activation/derivative',
      'activation/own-slope',
      'activation/zero-and-subnormal',
      'activation/smooth-at-zero',
    ],
    plant: slope('elu', (x, p) => (x >= 1 ? 1 : numberOf(p, 'alpha') * Math.exp(x))),
  },
  {
    id: 'elu/alpha-forgotten',
    says: 'has slope eˣ on the left, as if alpha were 1',
    bug: 'dl4j #8178, in another row',
    killedBy: ['activation/derivative', 'activation/own-slope', 'activation/slope-from-input'],
    plant: slope('elu', (x) => (x > 0 ? 1 : Math.exp(x))),
  },
  {
    id: 'elu/slope-from-output',
    says: 'takes the side from the sign of the output, which a negative alpha turns around',
    bug: 'torch #31938',
    killedBy: ['activation/slope-from-input', 'activation/derivative'],
    plant: slope('elu', (x, p) => {
      const alpha = numberOf(p, 'alpha');
      const y = x > 0 ? x : alpha * Math.expm1(x);
      return y > 0 ? 1 : y + alpha;
    }),
  },
  {
    id: 'leaky-relu/side-from-output',
    says: 'takes the side from the sign of the output, which a negative slope turns around',
    bug: 'torch #31938',
    killedBy: ['activation/slope-from-input', 'activation/leaky-members', 'activation/derivative'],
    plant: slope('leaky_relu', (x, p) => ((x > 0 ? x : numberOf(p, 'slope') * x) > 0 ? 1 : numberOf(p, 'slope'))),
  },
  {
    id: 'leaky-relu/zero-is-default',
    says: 'takes slope 0 for a slope that was not given: 0.01',
    bug: 'torch #37345',
    killedBy: ['activation/leaky-members', 'activation/leaky-family'],
    plant: forward('leaky_relu', (x, p) => (x > 0 ? x : (numberOf(p, 'slope') || 0.01) * x)),
  },
  {
    id: 'leaky-relu/slope-squared',
    says: 'multiplies by the slope twice below −1',
    killedBy: ['activation/leaky-composed', 'activation/value'],
    plant: where(
      'leaky_relu',
      (x) => x < -1,
      (y, x) => (y / x) * y,
    ),
  },
  {
    id: 'sigmoid/flushed-tail',
    says: 'is 0 below −708, before the exponential is',
    killedBy: ['activation/value', 'activation/derivative'],
    plant: both(
      where(
        'sigmoid',
        (x) => x < -708,
        () => 0,
      ),
      slopeWhere(
        'sigmoid',
        (x) => Math.abs(x) > 708,
        () => 0,
      ),
    ),
  },
  {
    id: 'sigmoid/clipped-input',
    says: 'clips its argument to ±88, as 32-bit code does',
    bug: 'clipping against overflow',
    killedBy: ['activation/sigmoid-tail', 'activation/value'],
    plant: where(
      'sigmoid',
      (x) => x < -88,
      () => sigmoid(-88),
    ),
  },
  {
    id: 'sigmoid/slope-vanishes',
    says: 'has slope 0 beyond 37, where 1 − y is 0',
    bug: 'tfjs 4.22.0',
    killedBy: ['activation/derivative-positive', 'activation/slopes-even', 'activation/derivative'],
    plant: slopeWhere(
      'sigmoid',
      (x) => x > 37,
      () => 0,
    ),
  },
  {
    id: 'tanh/by-sigmoid-of-x',
    says: '2σ(x) − 1, the factor 2 forgotten',
    killedBy: ['activation/tanh-by-sigmoid', 'activation/value', 'activation/own-slope'],
    plant: forward('tanh', (x) => 2 * sigmoid(x) - 1),
  },
  {
    id: 'tanh/cancels',
    says: '2σ(2x) − 1, which loses small numbers',
    killedBy: ['activation/zero-and-subnormal', 'activation/value'],
    plant: forward('tanh', (x) => 2 * sigmoid(2 * x) - 1),
  },
  {
    id: 'tanh/nan-beyond-710',
    says: '(eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)',
    bug: 'tiny-dnn #347, burn #1090',
    killedBy: ['activation/nan', 'activation/infinity', 'activation/value'],
    plant: forward('tanh', (x) => (Math.exp(x) - Math.exp(-x)) / (Math.exp(x) + Math.exp(-x))),
  },
  {
    id: 'silu/nan-at-infinity',
    says: 'has the slope σ + x·σ·(1 − σ), which is ∞·0 at the ends',
    bug: 'candle #2083',
    killedBy: ['activation/nan', 'activation/infinity', 'activation/derivative'],
    plant: slope('silu', (x) => sigmoid(x) + x * sigmoid(x) * (1 - sigmoid(x))),
  },
  {
    id: 'silu/gate-reversed',
    says: 'x·σ(−x)',
    killedBy: ['activation/value', 'activation/own-slope'],
    plant: forward('silu', (x) => x * sigmoid(-x)),
  },
  {
    id: 'silu/tilted',
    says: 'lets 2⁻³⁰ of its input through beside the gate',
    killedBy: ['activation/gates-complete', 'activation/value'],
    plant: where(
      'silu',
      () => true,
      (y, x) => y + x * 2 ** -30,
    ),
  },
  {
    id: 'gelu/shifted',
    says: 'adds 2⁻⁴⁰·|x|, the same on both sides',
    killedBy: ['activation/value', 'activation/range'],
    plant: where(
      'gelu',
      () => true,
      (y, x) => y - Math.abs(x) / 2,
    ),
  },
  {
    id: 'softsign/linear-denominator',
    says: 'has the slope 1/(1 + |x|), not squared',
    bug: 'neataptic SOFTSIGN',
    killedBy: ['activation/derivative', 'activation/own-slope'],
    plant: slope('softsign', (x) => 1 / (1 + Math.abs(x))),
  },
  {
    id: 'softsign/signless',
    says: 'has x for |x| in the slope’s denominator',
    killedBy: ['activation/slopes-even', 'activation/derivative'],
    plant: slope('softsign', (x) => 1 / (1 + x) ** 2),
  },
  {
    id: 'softsign/not-odd',
    says: 'one ulp up on the left',
    killedBy: ['activation/odd'],
    plant: where(
      'softsign',
      (x) => x < -1,
      (y) => up(y),
    ),
  },
  {
    id: 'hard_sigmoid/one-fifth',
    says: 'has the slope 1/5 and its kinks at ±2.5, consistently: the definition of another engine',
    killedBy: ['activation/value', 'activation/derivative'],
    plant: both(
      forward('hard_sigmoid', (x) => Math.min(1, Math.max(0, x / 5 + 1 / 2))),
      slope('hard_sigmoid', (x) => (Math.abs(x) < 5 / 2 ? 1 / 5 : 0)),
    ),
  },
  {
    id: 'hard_sigmoid/saturated-slope',
    says: 'has slope 1/6 in the saturated zone',
    bug: 'torch #51408, NNlib #706',
    killedBy: ['activation/derivative', 'activation/kink', 'activation/infinity'],
    plant: slope('hard_sigmoid', () => 1 / 6),
  },
  {
    id: 'hard_sigmoid/lower-kink-early',
    says: 'has slope 0 from the number just above −3 on',
    killedBy: ['activation/kink'],
    plant: slopeWhere(
      'hard_sigmoid',
      (x) => x > -3 && x < -3 + 8 * u,
      () => 0,
    ),
  },
  {
    id: 'hard_tanh/leaks',
    says: 'goes on with slope 2⁻¹⁰ beyond 1',
    killedBy: ['activation/idempotent', 'activation/range', 'activation/value'],
    plant: where(
      'hard_tanh',
      (x) => x > 1,
      (y, x) => y + (x - 1) * 2 ** -10,
    ),
  },
  {
    id: 'relu/flushes-subnormals',
    says: 'takes numbers below 2⁻¹⁰²² for 0',
    bug: 'flush-to-zero mode',
    killedBy: ['activation/zero-and-subnormal', 'activation/value'],
    plant: where(
      'relu',
      (x) => x < 2 ** -1022,
      () => 0,
    ),
  },
  {
    id: 'relu/subnormal-slope',
    says: 'has slope 0 for subnormal numbers',
    killedBy: ['activation/zero-and-subnormal'],
    plant: slopeWhere(
      'relu',
      (x) => x < 1000 * tiny,
      () => 0,
    ),
  },
  {
    id: 'step/at-zero',
    says: 'is 1 at 0',
    killedBy: ['activation/step-slope', 'activation/value'],
    plant: forward('step', (x) => (x >= 0 ? 1 : 0)),
  },
  {
    id: 'step/straight-through',
    says: 'lets gradients through, as a straight-through estimator does',
    killedBy: ['activation/step-slope', 'activation/derivative'],
    plant: slope('step', () => 1),
  },
  {
    id: 'softplus/slope-is-tanh',
    says: 'has the slope (1 + tanh(x/2))/2, which cancels on the left',
    bug: 'NNlib #679',
    killedBy: ['activation/softplus-slope', 'activation/derivative', 'activation/derivative-positive'],
    plant: slope('softplus', (x) => (1 + Math.tanh(x / 2)) / 2),
  },
  {
    id: 'softplus/threshold-20',
    says: 'is the identity beyond 20, where it still differs by 2⁻²⁹',
    bug: 'torch softplus threshold',
    killedBy: ['activation/value', 'activation/softplus-slope', 'activation/monotone'],
    plant: where(
      'softplus',
      (x) => x > 20,
      (_y, x) => x,
    ),
  },
  {
    id: 'elu/mean-of-batch',
    says: 'adds a rounding of its left neighbour',
    killedBy: ['activation/element-by-element'],
    plant: changed('activation.elu.forward', 'y', (y, i, a) =>
      i > 0 && (plain(a, 'x').data[i - 1] ?? 0) > 1 ? up(y) : y,
    ),
  },
  {
    id: 'identity/jumps',
    says: 'is four numbers too high just above 0',
    killedBy: ['activation/adjacent', 'activation/value'],
    plant: where(
      'identity',
      (x) => x > 0 && x < 4 * tiny,
      (y) => up(y, 4),
    ),
  },
  {
    id: 'softmax/naive',
    says: 'exponentials of the logits as they are',
    bug: 'dl4j #6039, uTensor #175',
    killedBy: ['activation/softmax-value', 'activation/softmax-shift', 'activation/softmax-sum', 'activation/nan'],
    plant: rows('softmax', (row) => softmax(row, 0)),
  },
  {
    id: 'softmax/global-maximum',
    says: 'subtracts the maximum of the whole tensor, so that small rows underflow to 0/0',
    bug: 'crysx_nn #7',
    killedBy: ['activation/softmax-value', 'activation/softmax-sum'],
    plant: rows('softmax', (row, all) => softmax(row, Math.max(...all))),
  },
  {
    id: 'softmax/over-everything',
    says: 'sums over the whole tensor',
    bug: 'keras #20021, gorgonia #371',
    killedBy: ['activation/softmax-value', 'activation/softmax-sum'],
    plant: rows('softmax', (row, all) => {
      const most = Math.max(...all);
      const s = all.reduce((a, v) => a + Math.exp(v - most), 0);
      return row.map((v) => Math.exp(v - most) / s);
    }),
  },
  {
    id: 'softmax/first-class-favoured',
    says: 'gives the first class 2⁻⁴⁰ more',
    killedBy: ['activation/softmax-permuted', 'activation/softmax-value'],
    plant: changed('activation.softmax.forward', 'y', (y, i, a) =>
      i % (plain(a, 'x').shape.at(-1) ?? 1) === 0 ? y * (1 + 2 ** -40) : y,
    ),
  },
  {
    id: 'softmax/diagonal-slope',
    says: 'has the slope s·(1 − s) alone, without the other classes',
    bug: 'NNlib #68',
    killedBy: ['activation/softmax-derivative'],
    plant: at('activation.softmax.vjp', (args, original) => {
      const s = softmaxOf(args);
      const dy = plain(args, 'dy').data;
      return {
        ...now(original, args),
        dx: like(plain(args, 'x'), (_, i) => (s[i] ?? 0) * (1 - (s[i] ?? 0)) * (dy[i] ?? 0)),
      };
    }),
  },
  {
    id: 'softmax/cotangent-summed-over-all',
    says: 'subtracts the sum over the whole tensor',
    killedBy: ['activation/softmax-derivative'],
    plant: at('activation.softmax.vjp', (args) => {
      const s = softmaxOf(args);
      const dy = plain(args, 'dy').data;
      const total = s.reduce((t, v, i) => t + v * (dy[i] ?? 0), 0);
      return { dx: like(plain(args, 'x'), (_, i) => (s[i] ?? 0) * ((dy[i] ?? 0) - total)) };
    }),
  },
  {
    id: 'log-softmax/of-the-share',
    says: 'the logarithm of the share, which is −∞ for far classes',
    bug: 'burn #1548',
    killedBy: ['activation/softmax-value'],
    plant: rows('log_softmax', (row) => softmax(row, Math.max(...row)).map(Math.log)),
  },
  {
    id: 'log-softmax/base-2',
    says: 'is the logarithm to base 2',
    killedBy: ['activation/log-softmax', 'activation/softmax-value', 'activation/softmax-permuted'],
    plant: changed('activation.log_softmax.forward', 'y', (y) => y / Math.LN2),
  },
  {
    id: 'log-softmax/slope-of-ones',
    says: 'ignores the cotangent: 1 − n·s',
    bug: 'tfjs #970, in another row',
    killedBy: ['activation/softmax-derivative'],
    plant: at('activation.log_softmax.vjp', (args) => {
      const s = softmaxOf(args);
      const k = plain(args, 'x').shape.at(-1) ?? 1;
      return { dx: like(plain(args, 'x'), (_, i) => 1 - k * (s[i] ?? 0)) };
    }),
  },
  {
    id: 'sigmoid/cotangent-ignored',
    says: 'gives the slope without the cotangent',
    bug: 'tfjs #970',
    killedBy: ['activation/derivative'],
    plant: at('activation.sigmoid.vjp', (args) => ({ dx: like(plain(args, 'x'), (x) => sigmoid(x) * sigmoid(-x)) })),
  },
];

const softmaxOf = (args: Args): readonly number[] => {
  const x = plain(args, 'x');
  const k = x.shape.at(-1) ?? 1;
  return Array.from({ length: x.data.length / k }, (_, r) => {
    const row = Array.from(x.data).slice(r * k, (r + 1) * k);
    return softmax(row, Math.max(...row));
  }).flat();
};
