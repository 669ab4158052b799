// Faults of activations: wrong values, wrong slopes, wrong sides.
import { at, both, like, type Mutant, number, plain, u, up } from './plant.ts';

/** An activation computed by a wrong function of x, or its pull-back by a wrong derivative. */
const forward = (name: string, f: (x: number, slope: number) => number) =>
  at(`activation.${name}.forward`, (args) => ({ y: like(plain(args, 'x'), (x) => f(x, number(args, 'slope'))) }));
const slope = (name: string, f: (x: number, slope: number) => number) =>
  at(`activation.${name}.vjp`, (args) => ({
    dx: like(plain(args, 'x'), (x, i) => f(x, number(args, 'slope')) * (plain(args, 'dy').data[i] ?? 0)),
  }));

const sigmoid = (x: number): number => (x < 0 ? Math.exp(x) / (1 + Math.exp(x)) : 1 / (1 + Math.exp(-x)));

export const activationMutants: readonly Mutant[] = [
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
  {
    id: 'softplus/threshold',
    says: 'switches to the identity beyond 17',
    bug: 'torch #55587',
    killedBy: ['activation/monotone', 'activation/value'],
    plant: forward('softplus', (x) => (x > 17 ? x : Math.log1p(Math.exp(x)))),
  },
  {
    id: 'hard_sigmoid/saturated-slope-1',
    says: 'has slope 1 where it is saturated',
    bug: 'NNlib #706',
    killedBy: ['activation/derivative'],
    plant: slope('hard_sigmoid', (x) => (Math.abs(x) < 3 ? 1 / 6 : 1)),
  },
  {
    id: 'elu/celu',
    says: 'divides by alpha inside the exponential, as CELU does',
    bug: 'torch #21213',
    killedBy: ['activation/value'],
    plant: at('activation.elu.forward', (args) => {
      const alpha = number(args, 'alpha');
      return { y: like(plain(args, 'x'), (x) => (x > 0 ? x : alpha * Math.expm1(x / alpha))) };
    }),
  },
  {
    id: 'leaky-relu/slope-forgotten',
    says: 'has slope 0.01 on the way back whatever was asked',
    bug: 'dl4j #8178',
    killedBy: ['activation/derivative'],
    plant: slope('leaky_relu', (x) => (x < 0 ? 0.01 : 1)),
  },
  {
    id: 'leaky-relu/zeros',
    says: 'returns zeros',
    bug: 'nd4j #701',
    killedBy: ['activation/value', 'activation/leaky-family'],
    plant: forward('leaky_relu', () => 0),
  },
  {
    id: 'sigmoid/slope-by-primitives',
    says: 'has the slope e⁻ˣ/(1 + e⁻ˣ)², which is ∞/∞ far on the left',
    bug: 'candle #2114, burn #1140, tinygrad #8238',
    killedBy: ['activation/nan', 'activation/derivative'],
    plant: slope('sigmoid', (x) => Math.exp(-x) / (1 + Math.exp(-x)) ** 2),
  },
  {
    id: 'sigmoid/slope-of-input',
    says: 'has the slope x·(1 − x), as if x were the output',
    bug: 'swift-models #180',
    killedBy: ['activation/derivative', 'activation/derivative-peak'],
    plant: slope('sigmoid', (x) => x * (1 - x)),
  },
  {
    id: 'tanh/gone-at-44',
    says: 'is 0 at 44 and NaN beyond',
    bug: 'burn #520, #1090',
    killedBy: ['activation/value', 'activation/nan'],
    plant: forward('tanh', (x) => (x > 45 ? Number.NaN : x > 44 ? 0 : Math.tanh(x))),
  },
  {
    id: 'softplus/overflows',
    says: 'log(1 + eˣ) as it stands',
    bug: 'burn #1548',
    killedBy: ['activation/value'],
    plant: forward('softplus', (x) => Math.log(1 + Math.exp(x))),
  },
  {
    id: 'softplus/slope-of-output',
    says: 'has the slope at its output',
    bug: 'mxnet #20372',
    killedBy: ['activation/derivative'],
    plant: slope('softplus', (x) => sigmoid(x > 36 ? x : Math.log1p(Math.exp(x)))),
  },
];
