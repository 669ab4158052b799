// Faults of initializers and random numbers: wrong fans, lost seeds, cut tails.
import { INITIALIZERS } from '../../src/index.ts';
import { type Args, snake } from '../contract.ts';
import { at, both, changed, type Fault, like, type Mutant, now, number, plain, u } from './plant.ts';

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
  {
    id: 'truncated/one-sided',
    says: 'cuts one tail and not the other',
    bug: 'tfjs #172',
    killedBy: ['initializer/truncated-support', 'initializer/quadrature'],
    plant: initializers(
      'truncated',
      'from_uniforms',
      weights((v) => (v > 0 ? 1.5 * v : v)),
    ),
  },
  {
    id: 'truncated/uncorrected',
    says: 'does not widen what it cuts',
    bug: 'keras #8048',
    killedBy: ['initializer/quadrature'],
    plant: at(
      'initializer.he_truncated.from_uniforms',
      weights((v) => 0.8796256610342398 * v),
    ),
  },
  {
    id: 'orthogonal/only-normalised',
    says: 'adds a little of one vector to another',
    killedBy: ['initializer/orthogonal'],
    plant: at(
      'initializer.orthogonal.sample',
      weights((v, i) => v + (i === 0 ? 2 ** -30 : 0)),
    ),
  },
  {
    id: 'sparse/one-short',
    says: 'leaves one weight fewer into the first unit',
    killedBy: ['initializer/pattern'],
    plant: at('initializer.sparse.sample', (args, original) => {
      const w = plain(now(original, args), 'w');
      const first = Array.from(w.data).findIndex((v, i) => i % (w.shape[1] ?? 1) === 0 && v !== 0);
      return { w: like(w, (v, i) => (i === first ? 0 : v)) };
    }),
  },
];
