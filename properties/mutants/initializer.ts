// Faults of initializers: wrong fans, lost seeds, cut tails, gains that get lost, layers that share a stream.
import { type Args, type Plain, snake } from '../contract.ts';
import { APART, dependingOn, statedAs, varianceOf } from '../oracle/draws.ts';
import { at, both, type Fault, like, type Mutant, now, number, plain, u, up } from './plant.ts';

type Call = 'sample' | 'from_uniforms';
const CALLS = ['sample', 'from_uniforms'] as const;

/** Every initializer of a distribution, changed the same way. */
const initializers = (law: 'point' | 'uniform' | 'normal' | 'truncated', call: Call, fault: Fault) =>
  both(...statedAs(law).map((name) => at(`initializer.${snake(name)}.${call}`, fault)));
/** One initializer, both ways. */
const named = (name: string, fault: Fault) => both(...CALLS.map((call) => at(`initializer.${name}.${call}`, fault)));

export const weights =
  (f: (v: number, i: number, args: Args) => number): Fault =>
  (args, original) => {
    const answer = now(original, args);
    return { w: like(plain(answer, 'w'), (v, i) => f(v, i, args)) };
  };
export const times = (by: number): Fault => weights((v) => by * v);
/** The right answer to another question. */
export const asking =
  (f: (args: Args) => Args): Fault =>
  (args, original) =>
    now(original, { ...args, ...f(args) });

/** Standard deviation of a standard normal cut at ±2, which many forget. */
const CUT = 0.8796256610342398;

/** All initializers that draw, by sample. */
export const everySample = (fault: Fault) => both(...APART.map((name) => at(`initializer.${name}.sample`, fault)));

/** Columns of a matrix. */
export const column = (w: Plain): number => w.shape[1] ?? 1;

export const initializerMutants: readonly Mutant[] = [
  {
    id: 'zeros/almost',
    says: 'fills with 2⁻²⁶',
    killedBy: ['initializer/points'],
    plant: initializers(
      'point',
      'sample',
      weights(() => 2 ** -26),
    ),
  },
  {
    id: 'constant/always-1',
    says: 'fills with 1, whatever the constant',
    killedBy: ['initializer/points', 'initializer/gain'],
    plant: at(
      'initializer.constant.sample',
      weights(() => 1),
    ),
  },
  {
    id: 'uniform/root-of-fans',
    says: 'bound √(3/…) where √(6/…) is right',
    bug: 'keras #2252',
    killedBy: ['initializer/uniform-bound', 'initializer/distribution'],
    plant: initializers('uniform', 'sample', times(Math.SQRT1_2)),
  },
  {
    id: 'uniform/bound-1-percent',
    says: 'has a bound 1 % too large',
    killedBy: ['initializer/uniform-bound'],
    plant: initializers('uniform', 'sample', times(1.0101)),
  },
  {
    id: 'uniform/upper-half',
    says: 'draws from (0, a) where (−a, a) is right',
    killedBy: ['initializer/uniform-bound', 'initializer/symmetric', 'initializer/distribution'],
    plant: initializers('uniform', 'sample', weights(Math.abs)),
  },
  {
    id: 'normal/truncated',
    says: 'cuts at two standard deviations without correcting the variance',
    bug: 'tfjs #8594',
    killedBy: ['initializer/variance'],
    plant: initializers('normal', 'sample', times(CUT)),
  },
  {
    id: 'normal/variance-3-percent',
    says: 'draws with a variance 3 % too large',
    killedBy: ['initializer/variance'],
    plant: initializers('normal', 'sample', times(Math.sqrt(1.03))),
  },
  {
    id: 'normal/2-percent',
    says: 'has a variance 2 % too large',
    killedBy: ['initializer/quadrature', 'initializer/quantile'],
    plant: initializers('normal', 'from_uniforms', times(Math.sqrt(1.02))),
  },
  {
    id: 'normal/quantile-1e-12',
    says: 'has quantiles that are off in the twelfth digit beyond two standard deviations',
    killedBy: ['initializer/quantile'],
    plant: initializers(
      'normal',
      'from_uniforms',
      weights((v, i, a) => (Math.abs((plain(a, 'u').data[i] ?? 0) - 1 / 2) > 0.49 ? v * (1 + 2 ** -40) : v)),
    ),
  },
  {
    id: 'he/xavier-instead',
    says: 'has the variance of Xavier where that of He is right',
    bug: 'Flux #442',
    killedBy: ['initializer/variance', 'initializer/fans', 'initializer/quantile'],
    plant: named(
      'he_normal',
      weights((v, _i, a) => v * Math.sqrt(number(a, 'fanIn') / (number(a, 'fanIn') + number(a, 'fanOut')))),
    ),
  },
  {
    id: 'he/fan-out',
    says: 'uses the wrong fan',
    bug: 'burn #4973, keras #2252',
    killedBy: ['initializer/variance', 'initializer/fans', 'initializer/quantile'],
    plant: named(
      'he_normal',
      asking((a) => ({ fanIn: a.fanOut, fanOut: a.fanIn })),
    ),
  },
  {
    id: 'he/fan-less-1',
    says: 'divides by fanIn − 1',
    killedBy: ['initializer/fans', 'initializer/quantile'],
    plant: named(
      'he_normal',
      weights((v, _i, a) => v * Math.sqrt(number(a, 'fanIn') / (number(a, 'fanIn') - 1 || 1))),
    ),
  },
  {
    id: 'xavier/missing-parentheses',
    says: '√(2/fanIn + fanOut)',
    bug: 'mlverse #555',
    killedBy: ['initializer/variance', 'initializer/fans'],
    plant: named(
      'xavier_normal',
      weights((v, _i, a) => {
        const [i, o] = [number(a, 'fanIn'), number(a, 'fanOut')];
        return v * Math.sqrt((2 / i + o) / (2 / (i + o)));
      }),
    ),
  },
  {
    id: 'xavier/one-fan',
    says: 'takes fanIn for both fans',
    bug: 'keras #11773',
    killedBy: ['initializer/fans', 'initializer/uniform-bound'],
    plant: named(
      'xavier_uniform',
      asking((a) => ({ fanOut: a.fanIn })),
    ),
  },
  {
    id: 'xavier/geometric-mean',
    says: 'scales by the geometric mean of the fans',
    killedBy: ['initializer/quantile', 'initializer/variance'],
    plant: named(
      'xavier_normal',
      weights((v, _i, a) => {
        const [i, o] = [number(a, 'fanIn'), number(a, 'fanOut')];
        return v * Math.sqrt((i + o) / 2 / Math.sqrt(i * o));
      }),
    ),
  },
  {
    id: 'torch-linear/root-3',
    says: 'bound √(3/fanIn) where 1/√fanIn is right',
    killedBy: ['initializer/uniform-bound', 'initializer/quantile'],
    plant: named('torch_linear', times(Math.sqrt(3))),
  },
  {
    id: 'normal/gain-ignored',
    says: 'ignores the gain',
    bug: 'Flux 4f87f2b',
    killedBy: ['initializer/variance', 'initializer/quadrature', 'initializer/gain'],
    plant: named(
      'he_normal',
      asking(() => ({ gain: 1 })),
    ),
  },
  {
    id: 'uniform/gain-or-1',
    says: 'gain || 1: 0 is not honoured',
    bug: 'keras #19364',
    killedBy: ['initializer/gain'],
    plant: both(
      ...APART.map((name) =>
        named(
          name,
          asking((a) => ({ gain: number(a, 'gain') || 1 })),
        ),
      ),
    ),
  },
  {
    id: 'gain/2-unless-named',
    says: 'has a gain of 2 unless named',
    bug: 'tfjs-layers #505',
    killedBy: ['initializer/gain'],
    plant: both(
      ...APART.map((name) =>
        named(
          name,
          asking((a) => ({ gain: a.gain ?? 2 })),
        ),
      ),
    ),
  },
  {
    id: 'normal/gain-twice',
    says: 'multiplies by the gain twice',
    killedBy: ['initializer/gain', 'initializer/variance'],
    plant: named(
      'lecun_normal',
      weights((v, _i, a) => v * number(a, 'gain')),
    ),
  },
  {
    id: 'leaky-relu/slope-ignored',
    says: 'has the gain of ReLU whatever the slope',
    bug: 'Flux 4f87f2b, tfjs-layers #505',
    killedBy: ['initializer/gain-of-activation'],
    plant: at('gain.leaky_relu.value', () => ({ gain: Math.SQRT2 })),
  },
  {
    id: 'leaky-relu/slope-not-squared',
    says: '√(2/(1 + slope))',
    killedBy: ['initializer/gain-of-activation'],
    plant: at('gain.leaky_relu.value', (a) => ({ gain: Math.sqrt(2 / (1 + Math.abs(number(a, 'slope')))) })),
  },
  {
    id: 'tanh/gain-1',
    says: 'has gain 1 in front of tanh',
    killedBy: ['initializer/gain-of-activation'],
    plant: at('gain.tanh.value', () => ({ gain: 1 })),
  },
  {
    id: 'normal/one-sided',
    says: 'rejects one tail only',
    bug: 'tfjs #172',
    killedBy: ['initializer/symmetric', 'initializer/distribution'],
    plant: initializers('normal', 'sample', weights(Math.abs)),
  },
  {
    id: 'normal/uniform-instead',
    says: 'draws from a uniform of the same variance',
    bug: 'tfjs-layers #505',
    killedBy: ['initializer/distribution'],
    plant: both(
      ...statedAs('normal').map((name) =>
        at(`initializer.${name}.sample`, (args, original) => {
          const w = now(original, args);
          const flat = Array.from(plain(w, 'w').data);
          const order = flat.map((_, i) => i).sort((a, b) => (flat[a] ?? 0) - (flat[b] ?? 0));
          const variance = varianceOf(name, args as never); // the arguments of the contract hold fans and gain
          const ranks = new Array<number>(flat.length).fill(0);
          order.forEach((i, rank) => {
            ranks[i] = Math.sqrt(3 * variance) * ((2 * rank + 1) / flat.length - 1);
          });
          return { w: { shape: plain(w, 'w').shape, data: ranks } };
        }),
      ),
    ),
  },
  {
    id: 'normal/pairs-repeat',
    says: 'draws half as many numbers, and each twice',
    killedBy: ['initializer/uncorrelated'],
    plant: everySample((args, original) => {
      const w = plain(now(original, args), 'w');
      return { w: like(w, (_, i) => w.data[i - (i % 2)] ?? 0) };
    }),
  },
  {
    id: 'normal/rows-repeat',
    says: 'fills every row with the numbers of the first',
    killedBy: ['initializer/uncorrelated', 'initializer/propagation'],
    plant: everySample((args, original) => {
      const w = plain(now(original, args), 'w');
      return { w: like(w, (_, i) => w.data[i % column(w)] ?? 0) };
    }),
  },
  {
    id: 'normal/antithetic',
    says: 'makes the second half the negative of the first',
    killedBy: ['initializer/uncorrelated'],
    plant: everySample((args, original) => {
      const w = plain(now(original, args), 'w');
      const half = w.data.length / 2;
      return { w: like(w, (v, i) => (i < half ? v : -(w.data[i - half] ?? 0))) };
    }),
  },
  {
    id: 'initializer/seed-ignored',
    says: 'ignores the seed',
    bug: 'tfjs #7108',
    killedBy: ['initializer/seed'],
    plant: initializers(
      'uniform',
      'sample',
      asking(() => ({ seed: 7 })),
    ),
  },
  {
    id: 'initializer/seed-zero',
    says: 'seed || fresh: 0 is not honoured',
    bug: 'keras #19364, tfjs randomNormal (live), tinygrad #5209',
    killedBy: ['initializer/seed'],
    plant: (port) => {
      let fresh = 1000;
      return initializers(
        'normal',
        'sample',
        asking((a) => ({ seed: number(a, 'seed') || fresh++ })),
      )(port);
    },
  },
  {
    id: 'initializer/seed-size',
    says: 'takes the size of a seed and not its sign',
    killedBy: ['initializer/seed'],
    plant: everySample(asking((a) => ({ seed: Math.abs(number(a, 'seed')) }))),
  },
  {
    id: 'initializer/history',
    says: 'continues one stream from call to call',
    bug: 'burn #3878',
    killedBy: ['initializer/seed'],
    plant: (port) => {
      let calls = 0;
      return everySample(asking((a) => ({ seed: number(a, 'seed') + calls++ })))(port);
    },
  },
  {
    id: 'normal/log-of-zero',
    says: 'infinite at the smallest uniforms',
    bug: 'vowpal #1833, mlx #904, arrayfire #1610',
    killedBy: ['initializer/extremes', 'initializer/quantile'],
    plant: initializers(
      'normal',
      'from_uniforms',
      weights((v, i, a) => ((plain(a, 'u').data[i] ?? 1) <= u ? Number.NEGATIVE_INFINITY : v)),
    ),
  },
  {
    id: 'normal/clipped-tails',
    says: 'clips uniforms to 10⁻⁷ from the ends',
    killedBy: ['initializer/quantile'],
    plant: initializers(
      'normal',
      'from_uniforms',
      asking((a) => ({ u: like(plain(a, 'u'), (v) => Math.min(1 - 1e-7, Math.max(1e-7, v))) })),
    ),
  },
  {
    id: 'truncated/one-sided',
    says: 'cuts one tail and not the other',
    bug: 'tfjs #172',
    killedBy: ['initializer/quantile', 'initializer/quadrature', 'initializer/relu-halves'],
    plant: initializers(
      'truncated',
      'from_uniforms',
      weights((v) => (v > 0 ? 1.5 * v : v)),
    ),
  },
  {
    id: 'truncated/one-sided-draws',
    says: 'draws with one tail only cut',
    bug: 'tfjs #172',
    killedBy: ['initializer/truncated-bound'],
    plant: initializers(
      'truncated',
      'sample',
      weights((v) => (v > 0 ? 1.02 * v : v)),
    ),
  },
  {
    id: 'truncated/uncorrected',
    says: 'does not widen what it cuts',
    bug: 'keras #8048',
    killedBy: ['initializer/quadrature', 'initializer/quantile', 'initializer/truncated-bound'],
    plant: named('he_truncated', times(CUT)),
  },
  {
    id: 'truncated/clamped',
    says: 'clamps what lies beyond two standard deviations to them',
    killedBy: ['initializer/distribution'],
    plant: both(
      ...statedAs('truncated').map((name) =>
        at(`initializer.${name}.sample`, (args, original) => {
          const own = plain(now(original, args), 'w');
          const most = Math.max(...Array.from(own.data, Math.abs));
          return { w: like(own, (v) => Math.sign(v) * Math.min(most, Math.abs(v) * 1.3)) };
        }),
      ),
    ),
  },
  {
    id: 'truncated/cut-at-3',
    says: 'cuts at three standard deviations',
    killedBy: ['initializer/quantile'],
    plant: initializers('truncated', 'from_uniforms', times(1.5)),
  },
  {
    id: 'uniform/fourth-moment',
    says: 'has the right variance and heavier ends',
    killedBy: ['initializer/quadrature'],
    plant: initializers(
      'uniform',
      'from_uniforms',
      weights((v, i, a) => {
        const n = plain(a, 'u').data.length;
        // half of the weights narrower, half wider by as much variance
        return v * Math.sqrt(i % 2 === 0 && n > 2 ? 1.2 : 0.8);
      }),
    ),
  },
  {
    id: 'normal/relu-rounds-up',
    says: 'puts the median above 0',
    killedBy: ['initializer/relu-halves', 'initializer/quantile'],
    plant: initializers(
      'normal',
      'from_uniforms',
      weights((v) => v + 2 ** -20),
    ),
  },
  {
    id: 'extremes/wrong-side',
    says: 'gives the largest uniform the smallest weight',
    killedBy: ['initializer/extremes', 'initializer/quantile'],
    plant: both(
      ...APART.map((name) =>
        at(
          `initializer.${name}.from_uniforms`,
          weights((v, i, a) => ((plain(a, 'u').data[i] ?? 0) === 1 - u ? -Math.abs(v) : v)),
        ),
      ),
    ),
  },
  {
    id: 'lecun/next-float',
    says: 'is one unit in the last place off for the larger fans',
    killedBy: ['initializer/fans'],
    plant: both(
      ...dependingOn('fanIn').map((name) =>
        at(
          `initializer.${name}.sample`,
          weights((v, _i, a) => (number(a, 'fanIn') > 64 ? up(v) : v)),
        ),
      ),
    ),
  },
];
