// Faults of dropout: wrong scales, wrong masks, masks that are shared, repeated or remembered.
import { alphaDropoutMutants } from './dropout-alpha.ts';
import { sampledDropoutMutants } from './dropout-sampled.ts';
import { at, both, changed, type Fault, like, type Mutant, now, number, plain, up } from './plant.ts';

interface Line {
  /** Which number is dropped. */
  readonly drops?: (u: number, rate: number, x: number) => boolean;
  /** What becomes of a number that is kept. */
  readonly keeps?: (x: number, rate: number) => number;
  /** What becomes of one that is dropped. */
  readonly leaves?: (x: number, rate: number) => number;
  /** The place whose uniform decides. */
  readonly place?: (i: number, width: number, count: number) => number;
}

/** Inverted dropout written once more, with one line to go wrong; forward it takes x, backward dy. */
const line =
  (
    from: 'x' | 'dy',
    to: 'y' | 'dx',
    { drops = (u, p) => u < p, keeps = (x, p) => x / (1 - p), leaves = () => 0, place = (i) => i }: Line,
  ): Fault =>
  (args) => {
    const rate = number(args, 'dropRate');
    const x = plain(args, 'x').data;
    const u = plain(args, 'u').data;
    const width = plain(args, 'x').shape.at(-1) ?? 1;
    return {
      [to]: like(plain(args, from), (v, i) =>
        drops(u[place(i, width, x.length)] ?? 0, rate, x[i] ?? 0) ? leaves(v, rate) : rate === 1 ? 0 : keeps(v, rate),
      ),
    };
  };
const train = (fault: Line) => at('layer.dropout.train', line('x', 'y', fault));
const back = (fault: Line) => at('layer.dropout.train_vjp', line('dy', 'dx', fault));

export const dropoutMutants: readonly Mutant[] = [
  {
    id: 'dropout/at-most',
    says: 'drops where u ≤ rate: at rate 0 a uniform of 0 is dropped',
    killedBy: ['dropout/rate-zero', 'dropout/values', 'dropout/threshold'],
    plant: train({ drops: (u, p) => u <= p }),
  },
  {
    id: 'dropout/rate-zero-rounds',
    says: 'loses the sign of zeros at rate 0',
    killedBy: ['dropout/rate-zero'],
    plant: changed('layer.dropout.train', 'y', (v) => v + 0),
  },
  {
    id: 'dropout/eval-rescales',
    says: 'multiplies by the keep probability in eval mode, too',
    bug: 'convnetjs #61',
    killedBy: ['dropout/eval', 'dropout/expectation', 'dropout/weight-scaling', 'dropout/implicit-regulariser'],
    plant: changed('layer.dropout.eval', 'y', (v, _, a) => v * (1 - number(a, 'dropRate'))),
  },
  {
    id: 'dropout/classic-eval-by-rate',
    says: 'multiplies by the rate in eval mode, not by what is kept: hidden at ½',
    bug: 'BrainJS/brain.js layer/dropout.ts, tiny-dnn 9d600264',
    killedBy: ['dropout/eval', 'dropout/expectation', 'dropout/weight-scaling'],
    plant: at('layer.classic_dropout.eval', (args) => ({
      y: like(plain(args, 'x'), (v) => v * number(args, 'dropRate')),
    })),
  },
  {
    id: 'dropout/classic-eval-half',
    says: 'multiplies by ½ in eval mode whatever the rate',
    bug: 'mp2893/retain #1',
    killedBy: ['dropout/eval', 'dropout/expectation', 'dropout/weight-scaling'],
    plant: at('layer.classic_dropout.eval', (args) => ({ y: like(plain(args, 'x'), (v) => v / 2) })),
  },
  {
    id: 'dropout/eval-drops',
    says: 'drops in eval mode',
    bug: 'keras-team/keras #22761',
    killedBy: ['dropout/eval'],
    plant: at('layer.dropout.eval', (args) => {
      const p = number(args, 'dropRate');
      return { y: like(plain(args, 'x'), (v, i) => ((i * 5) % 8 < 8 * p ? 0 : v / (1 - p))) };
    }),
  },
  {
    id: 'dropout/scale-by-rate',
    says: 'divides by the rate',
    bug: 'lmjohns3/theanets #123, kaldi #2815, ayrna/dlordinal #126',
    killedBy: [
      'dropout/values',
      'dropout/values-exact',
      'dropout/expectation',
      'dropout/variance',
      'dropout/implicit-regulariser',
      'dropout/expected-gradient',
      'dropout/weight-scaling',
      'dropout/inert',
      'dropout/adjoint',
    ],
    plant: train({ keeps: (x, p) => (p === 0 ? x : x / p) }),
  },
  {
    id: 'dropout/no-scale',
    says: 'does not rescale in train mode',
    killedBy: ['dropout/values', 'dropout/values-exact', 'dropout/expectation', 'dropout/adjoint'],
    plant: train({ keeps: (x) => x }),
  },
  {
    id: 'dropout/scale-in-both',
    says: 'rescales in train mode in the classic form as well',
    killedBy: ['dropout/values', 'dropout/values-exact', 'dropout/expectation'],
    plant: at('layer.classic_dropout.train', line('x', 'y', {})),
  },
  {
    id: 'dropout/scale-off',
    says: 'rescales four units in the last place off',
    killedBy: ['dropout/values', 'dropout/values-exact'],
    plant: train({ keeps: (x, p) => (p === 0 ? x : up(x / (1 - p), 4)) }),
  },
  {
    id: 'dropout/scale-capped',
    says: 'keeps the divisor away from 0 by a small number',
    killedBy: ['dropout/values', 'dropout/values-exact'],
    plant: train({ keeps: (x, p) => x / Math.max(1 - p, 1 / 8) }),
  },
  {
    id: 'dropout/polarity',
    says: 'keeps where it should drop',
    bug: 'gorgonia #399',
    killedBy: ['dropout/values', 'dropout/threshold', 'dropout/expectation'],
    plant: train({ drops: (u, p) => u >= p && p > 0 }),
  },
  {
    id: 'dropout/other-end',
    says: 'drops the highest uniforms, not the lowest',
    killedBy: ['dropout/values', 'dropout/threshold'],
    plant: train({ drops: (u, p) => u >= 1 - p }),
  },
  {
    id: 'dropout/rate-of-8-bits',
    says: 'compares with the rate in 256ths',
    killedBy: ['dropout/values'],
    plant: train({ drops: (u, p) => u < Math.round(p * 256) / 256 }),
  },
  {
    id: 'dropout/float32-uniforms',
    says: 'compares in 24 bits',
    killedBy: ['dropout/values'],
    plant: train({ drops: (u, p) => Math.fround(u) < Math.fround(p) }),
  },
  {
    id: 'dropout/one-row-for-all',
    says: 'uses the mask of the first row for every row',
    killedBy: ['dropout/values', 'dropout/values-exact'],
    plant: train({ place: (i, width) => i % width }),
  },
  {
    id: 'dropout/one-mask-per-row',
    says: 'drops whole rows: the mean stays, the variance does not',
    killedBy: ['dropout/values', 'dropout/variance', 'dropout/implicit-regulariser'],
    plant: train({ place: (i, width) => i - (i % width) }),
  },
  {
    id: 'dropout/mask-backwards',
    says: 'takes the uniforms in the opposite order',
    killedBy: ['dropout/values', 'dropout/inert'],
    plant: train({ place: (i, _, count) => count - 1 - i }),
  },
  {
    id: 'dropout/mask-of-x',
    says: 'drops positive numbers alone',
    killedBy: ['dropout/values', 'dropout/linear'],
    plant: train({ drops: (u, p, x) => u < p && x > 0 }),
  },
  {
    id: 'dropout/leaves-a-constant',
    says: 'leaves −1.758 where it drops, as the dropout of SELU networks does',
    bug: 'FluxML/Flux.jl dfacc9c82',
    killedBy: ['dropout/values', 'dropout/linear', 'dropout/rate-one'],
    plant: train({ leaves: () => -1.7580993408473766 }),
  },
  {
    id: 'dropout/leaves-a-little',
    says: 'multiplies dropped numbers by 2⁻³⁰ instead of 0',
    killedBy: ['dropout/values', 'dropout/inert', 'dropout/threshold'],
    plant: train({ leaves: (x) => x * 2 ** -30 }),
  },
  {
    id: 'dropout/noise',
    says: 'multiplies by noise of the right mean instead of a mask',
    bug: 'FluxML/Flux.jl dfacc9c82',
    killedBy: ['dropout/values', 'dropout/threshold', 'dropout/variance'],
    plant: at('layer.dropout.train', (args) => {
      const u = plain(args, 'u').data;
      return { y: like(plain(args, 'x'), (v, i) => v * (1 + number(args, 'dropRate') * (2 * (u[i] ?? 0) - 1))) };
    }),
  },
  {
    id: 'dropout/nan-at-1',
    says: 'divides 0 by 0 at rate 1',
    bug: 'tinygrad #11322, keras #22312',
    killedBy: ['dropout/rate-one', 'dropout/sampled-ends'],
    plant: both(
      at('layer.dropout.train', (args, original) =>
        number(args, 'dropRate') === 1 ? { y: like(plain(args, 'x'), () => Number.NaN) } : now(original, args),
      ),
      at('layer.dropout.sample', (args, original) =>
        number(args, 'dropRate') === 1 ? { y: like(plain(args, 'x'), (v) => (0 * v) / 0) } : now(original, args),
      ),
    ),
  },
  {
    id: 'dropout/backward-nan-at-1',
    says: 'has no gradient at rate 1',
    killedBy: ['dropout/rate-one'],
    plant: at('layer.dropout.train_vjp', (args, original) =>
      number(args, 'dropRate') === 1 ? { dx: like(plain(args, 'x'), () => Number.NaN) } : now(original, args),
    ),
  },
  {
    id: 'dropout/backward-fresh-mask',
    says: 'draws a mask of its own on the way back',
    killedBy: ['dropout/backward', 'dropout/adjoint', 'dropout/inert', 'dropout/expected-gradient'],
    plant: back({ drops: (u, p) => (7 * u + 1 / 3) % 1 < p }),
  },
  {
    id: 'dropout/backward-unmasked',
    says: 'lets errors through dropped units',
    bug: 'neataptic dropout',
    killedBy: ['dropout/backward', 'dropout/adjoint', 'dropout/inert'],
    plant: back({ drops: () => false }),
  },
  {
    id: 'dropout/backward-all-dropped',
    says: 'takes every number for dropped on the way back',
    bug: 'onnx/onnx-tensorrt #106',
    killedBy: ['dropout/backward', 'dropout/adjoint', 'dropout/rate-zero'],
    plant: back({ drops: () => true }),
  },
  {
    id: 'dropout/backward-no-scale',
    says: 'does not rescale on the way back',
    killedBy: ['dropout/backward', 'dropout/adjoint', 'dropout/inert', 'dropout/expected-gradient'],
    plant: back({ keeps: (g) => g }),
  },
  {
    id: 'dropout/backward-twice-scaled',
    says: 'rescales twice on the way back',
    killedBy: ['dropout/backward', 'dropout/adjoint'],
    plant: back({ keeps: (g, p) => g / (1 - p) / (1 - p) }),
  },
  {
    id: 'dropout/backward-by-output',
    says: 'takes outputs of 0 for dropped ones on the way back',
    killedBy: ['dropout/backward', 'dropout/adjoint', 'dropout/inert'],
    plant: back({ drops: (u, p, x) => u < p || x === 0 }),
  },
  ...alphaDropoutMutants,
  ...sampledDropoutMutants,
];
