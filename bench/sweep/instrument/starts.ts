// Laws of what networks start with: signals through ReLU, units that are off, symmetry that nothing breaks, and the entropy of noise.
import { OPTIMIZERS } from '../../../src/index.ts';
import { FLIP_ENTROPY } from '../problems/small.ts';
import { ALPHA, configOf, exact, found, gamma, type Harness, type InstrumentRow, surprise, worst } from './row.ts';

/** Mean squares of the signal behind every layer of ReLU, from one sample whose mean square is 1; from the first layer on. */
const signals = async (h: Harness, width: number, depth: number, seed: number): Promise<readonly number[]> => {
  const trial = await h.trial(`theory:relu,${width},${depth}`, seed, 1);
  const layers = trial.begin({ name: 'sgd' }, 'heNormal', 0.01).layers();
  return layers
    .filter(({ layer }) => layer.endsWith('relu'))
    .map(({ mean, deviation }) => mean * mean + deviation * deviation);
};

const seeds = (n: number): readonly number[] => Array.from({ length: n }, (_, seed) => seed);

const signalsOf = async (h: Harness, width: number, depth: number, n: number) => {
  const all: (readonly number[])[] = [];
  for (const seed of seeds(n)) all.push(await signals(h, width, depth, seed));
  return all;
};

/** What each layer makes of the mean square that it receives, while there is any. */
const growths = (all: readonly (readonly number[])[]): readonly number[] =>
  all.flatMap((squares) =>
    squares.flatMap((q, l) => {
      const before = l === 0 ? 1 : (squares[l - 1] as number); // in range
      return before > 0 ? [q / before] : [];
    }),
  );

/**
 * A growth at width n is (2/n)·Σ relu(z)² of n standard normals, and E exp(2s·relu(z)²) = ½ + ½/√(1 − 4s): so the chance that
 * the mean of so many squares is as far on one side as `mean` is at most exp of this, for the best of many s.
 * @source Chernoff 1952; the law of a layer: He et al. 2015, eq. 9; Hanin & Rolnick 2018
 */
const chernoff = (mean: number, terms: number): number => {
  const side = mean > 1 ? 1 : -1;
  let least = 0;
  for (let s = 0.001; s < (side > 0 ? 0.25 : 4); s *= 1.02) {
    const at = side * s;
    least = Math.min(least, terms * (Math.log(1 / 2 + 1 / 2 / Math.sqrt(1 - 4 * at)) - at * mean));
  }
  return least;
};

/** P(growth ≤ c) at width 2: none of the two units is on, or one, or both. */
const twoUnits = (c: number, erf: (x: number) => number): number =>
  1 / 4 + erf(Math.sqrt(c / 2)) / 2 + (1 - Math.exp(-c / 2)) / 4;

/** The error function by its series, of which 60 terms suffice up to 4. @source Abramowitz & Stegun 1964, 7.1.6 */
const erf = (x: number): number => {
  if (x > 6) return 1;
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
};

/** −ln of a bound for the chance that k of n draws of probability p come out so far from it. @source Hoeffding 1963, Theorem 1 */
const unlikely = (k: number, n: number, p: number): number => {
  const q = k / n;
  const part = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log(a / b));
  return n * (part(q, p) + part(1 - q, 1 - p));
};

const HE = { width: 16, depth: 10, seeds: 40 } as const;
const TWO = { width: 2, depth: 8, seeds: 120 } as const;
const DEAD = { width: 3, depth: 6, seeds: 240 } as const;
const STEPS = 20;

export const startRows: readonly InstrumentRow[] = [
  {
    id: 'start/he-mean',
    says: 'a layer of ReLU that starts by He keeps the mean square of the signal on average',
    source: 'He et al. 2015, eq. 10',
    check: async (h) => {
      const all = growths(await signalsOf(h, HE.width, HE.depth, HE.seeds));
      const mean = all.reduce((a, b) => a + b, 0) / all.length;
      const margin = -chernoff(mean, all.length * HE.width) / surprise(1);
      return found(margin, `grows by ${mean.toFixed(4)} on average over ${all.length} layers; 1 is expected`);
    },
  },
  {
    id: 'start/he-law',
    says: 'what a layer of two units makes of the mean square has its exact distribution, of relative variance 5/2',
    source: 'Hanin & Rolnick 2018 (1 + 5/n); Massart 1990, Corollary 1',
    check: async (h) => {
      const all = growths(await signalsOf(h, TWO.width, TWO.depth, TWO.seeds)).toSorted((a, b) => a - b);
      const n = all.length;
      const far = all.map((c, i) => {
        const p = twoUnits(c, erf);
        // the distribution jumps at 0, so that only what lies at or below a number counts there
        return Math.max((i + 1) / n - p, c === 0 ? 0 : p - i / n);
      });
      const zeros = all.filter((c) => c === 0).length;
      const d = Math.max(...far.slice(Math.max(0, zeros - 1)));
      return found(
        (2 * n * d * d) / Math.log(2 / ALPHA),
        `${n} layers, at most ${d.toFixed(4)} from the exact distribution`,
      );
    },
  },
  {
    id: 'start/dead-relu',
    says: 'of networks of six layers of three units, a share ∏(1 − 2⁻³) = 0.4488 has any unit left that one sample turns on',
    source: 'Lu et al. 2019, Theorem 3 (its bound, exact for one sample)',
    check: async (h) => {
      const all = await signalsOf(h, DEAD.width, DEAD.depth, DEAD.seeds);
      const alive = all.filter((squares) => (squares.at(-1) ?? 0) > 0).length;
      const p = (1 - 2 ** -DEAD.width) ** DEAD.depth;
      return found(
        unlikely(alive, DEAD.seeds, p) / surprise(1),
        `${alive} of ${DEAD.seeds} alive, ${(p * DEAD.seeds).toFixed(1)} expected`,
      );
    },
  },
  {
    id: 'start/zeros',
    says: 'from zeros, hidden units stay equal to the last bit under every optimizer',
    source: 'Rumelhart, Hinton & Williams 1986',
    check: async (h) => {
      const failures: string[] = [];
      const names = Object.keys(OPTIMIZERS);
      for (const name of names) {
        const { unitSpread, status } = await h.run(
          configOf('xorSigmoid', { name }, 0.05, STEPS, { initializer: 'zeros' }),
        );
        if (unitSpread !== 0 || status !== 'ok') failures.push(`${name}: ${status}, units ${unitSpread} apart`);
      }
      return exact(failures, `${names.length} optimizers, all units exactly equal after ${STEPS} steps`);
    },
  },
  {
    id: 'floor/label-noise',
    says: 'no training brings the expected loss on turned labels below their entropy',
    source: 'Cover & Thomas 2006, Theorem 2.6.3',
    check: async (h) => {
      const tried: number[] = [];
      for (const [name, lr] of [
        ['sgd', 0.1],
        ['adam', 0.01],
        ['adam', 0.1],
      ] as const)
        for (const seed of seeds(2))
          tried.push(
            (await h.run(configOf('noisyLabels', { name }, lr, 200, { seed, initializer: 'heNormal' }))).testLoss,
          );
      const least = Math.min(...tried);
      // sums of 512 terms, each with a few roundings of its own
      const allowed = FLIP_ENTROPY * gamma(512 + 16);
      return found(
        worst(tried.map((loss) => (loss >= FLIP_ENTROPY ? 0 : (FLIP_ENTROPY - loss) / allowed))),
        `${tried.length} trainings, the best at ${least.toFixed(6)} above the entropy ${FLIP_ENTROPY.toFixed(6)}`,
      );
    },
  },
];
