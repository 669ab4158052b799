// Laws of convergence: where descent turns unstable, how fast it is at best, and trainings whose every loss is known.
import type { OptimizerSpec } from '../../../src/index.ts';
import { breastCancerWhole } from '../../data.ts';
import { median } from '../../statistics.ts';
import { leastLogistic } from '../certificate.ts';
import { MISLEADING, NOISY } from '../problems/convex.ts';
import { problemRow } from '../problems/index.ts';
import { evaluationSteps } from '../run.ts';
import {
  configOf,
  exact,
  type Finding,
  found,
  gamma,
  type Harness,
  type InstrumentRow,
  surprise,
  worst,
} from './row.ts';

/** How far from its exact place an edge of stability is looked for. */
const BRACKET = 1 / 100;

const EDGES: readonly { readonly optimizer: OptimizerSpec; readonly limit: number }[] = [
  { optimizer: { name: 'sgd' }, limit: 2 },
  ...[0.5, 0.9].flatMap((momentum) => [
    { optimizer: { name: 'momentum', hyper: { momentum } }, limit: 2 * (1 + momentum) },
    { optimizer: { name: 'nesterov', hyper: { momentum } }, limit: (2 * (1 + momentum)) / (1 + 2 * momentum) },
  ]),
];

const KAPPA = 100;
/** Slowest factor of heavy ball at its best. */
const RATE = (Math.sqrt(KAPPA) - 1) / (Math.sqrt(KAPPA) + 1);

/** The evaluated step at which the harness has to see the target, by the losses that there should be. */
const solvedAt = (losses: readonly number[], steps: readonly number[], target: number): number => {
  const i = losses.findIndex((_, at) => at >= 2 && median(losses.slice(at - 2, at + 1)) <= target);
  return steps[i] ?? Number.POSITIVE_INFINITY;
};

/** A run on curvatures 1/κ and 1 against the loss that every step must have. */
const followed = async (
  h: Harness,
  optimizer: OptimizerSpec,
  lr: number,
  steps: number,
  lossAt: (t: number) => { readonly loss: number; readonly allowed: number },
): Promise<Finding> => {
  const problem = `theory:quadratic,1,${1 / KAPPA}`;
  const { losses, stepsToTarget } = await h.run(configOf(problem, optimizer, lr, steps));
  const at = evaluationSteps(steps);
  const expected = at.map(lossAt);
  const due = solvedAt(
    expected.map(({ loss }) => loss),
    at,
    problemRow(problem).target,
  );
  if (stepsToTarget !== due) return exact([`target at step ${stepsToTarget}, due at ${due}`], '');
  return found(
    worst(expected.map(({ loss, allowed }, i) => Math.abs((losses[i] ?? Number.NaN) - loss) / allowed)),
    `${at.length} losses to rounding, target at step ${due} as predicted`,
  );
};

const SLOPES = [2, -0.5] as const;
const CONSTANT = { steps: 100, lr: 0.01 } as const;
/** Of Adam and its family. */
const EPS = 1e-8;
const BETA2 = 0.999;

/** By how much the rectification of RAdam scales step k; 0 before it begins, where the rule is momentum. @source Liu et al. 2020, Algorithm 2 */
const rectified = (k: number): number => {
  const longest = 2 / (1 - BETA2) - 1;
  const power = BETA2 ** k;
  const length = longest - (2 * k * power) / (1 - power);
  if (length <= 5) return 0;
  return Math.sqrt(((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length));
};

/** What a step moves a weight by, per rate, under the same gradient at every step. */
const DISPLACEMENTS: Readonly<Record<string, (g: number, k: number) => number>> = {
  sgd: (g) => g,
  signSgd: Math.sign,
  adam: (g) => g / (Math.abs(g) + EPS),
  amsgrad: (g) => g / (Math.abs(g) + EPS),
  radam: (g, k) => (rectified(k) === 0 ? g : (rectified(k) * g) / (Math.abs(g) + EPS)),
};

const NOISE = { seeds: 32, steps: 80, lr: 0.05 } as const;
const MODE = { s: 1, start: 0.1, lr: 1e-3, steps: 3000 } as const;
const SLOW = { lr: 0.5, steps: 1500 } as const;
const DESCENT = { steps: 400 } as const;

export const convergenceRows: readonly InstrumentRow[] = [
  {
    id: 'descent/stability',
    says: 'on curvature 1, rates above 2 (heavy ball 2(1 + β), Nesterov 2(1 + β)/(1 + 2β)) diverge and rates below converge, within 1 %',
    source: 'Polyak 1964; Lessard, Recht & Packard 2016, §4',
    check: async (h) => {
      const failures: string[] = [];
      for (const { optimizer, limit } of EDGES) {
        const at = (share: number) => h.run(configOf('theory:quadratic,1', optimizer, limit * share, 2000));
        const [below, above] = [await at(1 - BRACKET), await at(1 + BRACKET)];
        const { momentum = 0 } = optimizer.hyper ?? {};
        const name = `${optimizer.name} β ${momentum}`;
        if (above.status !== 'diverged' || above.reason !== 'explode')
          failures.push(`${name}: ${above.status} above ${limit}`);
        if (below.status !== 'ok' || !(below.finalLoss < 1e-6))
          failures.push(`${name}: ${below.finalLoss} below ${limit}`);
      }
      return exact(failures, `${EDGES.length} edges, each between ${1 - BRACKET} and ${1 + BRACKET} times its place`);
    },
  },
  {
    id: 'descent/optimal-gd',
    says: 'at the rate 2/(L + μ), every loss is that of the factor (κ − 1)/(κ + 1), and the target falls at the step it gives',
    source: 'Nesterov 2004, Theorem 2.1.15',
    check: (h) => {
      const factor = (KAPPA - 1) / (KAPPA + 1);
      return followed(h, { name: 'sgd' }, 2 / (1 + 1 / KAPPA), 400, (t) => {
        const loss = ((1 + 1 / KAPPA) / 2) * factor ** (2 * t);
        return { loss, allowed: loss * gamma(16 * (t + 2)) }; // five roundings a step and weight, twice in the square
      });
    },
  },
  {
    id: 'descent/optimal-heavy-ball',
    says: 'at its best rate and momentum, every loss of heavy ball is that of the double root (√κ − 1)/(√κ + 1), and the target falls at the step it gives',
    source: 'Polyak 1964, Theorem 9; Lessard, Recht & Packard 2016, §4.1',
    check: (h) => {
      const lr = 4 / (1 + 1 / Math.sqrt(KAPPA)) ** 2;
      const optimizer = { name: 'momentum', hyper: { momentum: RATE ** 2 } };
      return followed(h, optimizer, lr, 120, (t) => {
        // double roots r at curvature 1/κ and −r at 1, from rest
        const slow = (1 + (1 - RATE) * t) * RATE ** t;
        const fast = (1 + (1 + RATE) * t) * RATE ** t;
        const envelope = ((1 + 2 * t) * RATE ** t) ** 2;
        // a rounding at step j is answered by (t − j + 1)·r^(t − j) at step t: the sum over j of both linear factors is below (t + 1)³
        return { loss: (fast ** 2 + slow ** 2 / KAPPA) / 2, allowed: envelope * gamma(16 * (t + 1) ** 3) };
      });
    },
  },
  {
    id: 'descent/constant-gradient',
    says: 'under a constant gradient, Adam, AMSGrad, RAdam and signSGD move by what their rules give at every step',
    source: 'Kingma & Ba 2015, §2.1; Liu et al. 2020, Algorithm 2; Bernstein et al. 2018',
    check: async (h) => {
      const margins: number[] = [];
      for (const [name, move] of Object.entries(DISPLACEMENTS)) {
        const { losses } = await h.run(
          configOf(`theory:slope,${SLOPES.join(',')}`, { name }, CONSTANT.lr, CONSTANT.steps),
        );
        evaluationSteps(CONSTANT.steps).forEach((to, i) => {
          let loss = 0;
          for (const g of SLOPES) for (let k = 1; k <= to; k++) loss -= CONSTANT.lr * g * move(g, k);
          // a few roundings of the means at each step; the rectification takes 2/(1 − β₂) from itself down to 1 at least
          const allowed = Math.abs(loss) * gamma(16 * (to + 8) * (name === 'radam' ? 2 / (1 - BETA2) : 1));
          const off = Math.abs((losses[i] ?? Number.NaN) - loss);
          margins.push(off === 0 ? 0 : off / allowed);
        });
      }
      return found(
        worst(margins),
        `${Object.keys(DISPLACEMENTS).length} rules, ${CONSTANT.steps} steps each, to rounding`,
      );
    },
  },
  {
    id: 'curve/noisy-quadratic',
    says: 'the mean loss of SGD on the noisy quadratic follows its exact expectation',
    source: 'Zhang et al. 2019, eq. 8; Birgé 2001, Lemma 8.1 (tails of such sums of squares)',
    check: async (h) => {
      const { seeds, steps, lr } = NOISE;
      const runs: (readonly number[])[] = [];
      for (let seed = 0; seed < seeds; seed++)
        runs.push((await h.run(configOf('quadraticNoisy', { name: 'sgd' }, lr, steps, { seed }))).losses);
      const at = evaluationSteps(steps);
      const x = surprise(at.length);
      const looks = at.map((t, i) => {
        const mean = runs.reduce((a, losses) => a + (losses[i] ?? Number.NaN), 0) / seeds;
        let [expected, spread, most] = [0, 0, 0];
        for (let j = 0; j < NOISY.n; j++) {
          const curvature = NOISY.curvature(j);
          const factor = 1 - lr * curvature;
          // a weight is normal: its mean shrinks by the factor, its variance by the square, and noise comes on top
          const centre = factor ** t;
          const variance = (lr * lr * curvature * (1 - factor ** (2 * t))) / (1 - factor * factor);
          const weight = curvature / 2 / seeds;
          expected += (curvature / 2) * (centre * centre + variance);
          spread += seeds * weight * weight * (variance * variance + 2 * variance * centre * centre);
          most = Math.max(most, weight * variance);
        }
        const off = mean - expected;
        const allowed = 2 * Math.sqrt(spread * x) + (off > 0 ? 2 * most * x : 0) + expected * gamma(100 + 8 * t);
        return { mean, expected, margin: Math.abs(off) / allowed };
      });
      const last = looks.at(-1);
      return found(
        worst(looks.map(({ margin }) => margin)),
        `${seeds} seeds: ${last?.mean.toFixed(4)} after ${steps} steps, ${last?.expected.toFixed(4)} expected`,
      );
    },
  },
  {
    id: 'curve/saxe',
    says: 'a linear network of two layers learns a mode along the curve of gradient flow, at times off by the rate times the largest slope at most',
    source: 'Saxe, McClelland & Ganguli 2014, eq. 8',
    check: async (h) => {
      const { s, start, lr, steps } = MODE;
      const problem = `theory:mode,${s},${start}`;
      const { losses } = await h.run(configOf(problem, { name: 'sgd' }, lr, steps, { initializer: 'constant' }));
      // a′ = 2a(s − a²): u = a² has u′ = 4u(s − u)
      const flow = (time: number): number => s / (1 + (s / start ** 2 - 1) * Math.exp(-4 * s * time));
      // a step is flow for a time between η/(1 + ηL) and η/(1 − ηL), because the slope varies by its largest derivative L = 4s along it
      const L = 4 * s;
      const margins = evaluationSteps(steps).map((k, i) => {
        const [early, late] = [flow((lr * k) / (1 + lr * L)), flow((lr * k) / (1 - lr * L))];
        const [most, least] = [(s - early) ** 2, (s - late) ** 2];
        const [middle, half] = [(most + least) / 2, (most - least) / 2];
        // roundings of each step, grown by as much as the mode itself
        const rounding = gamma(16 * (k + 1)) * (s / start ** 2);
        return Math.abs((losses[i] ?? Number.NaN) - middle) / (half + rounding);
      });
      return found(
        worst(margins),
        `${margins.length} losses between those of flow at times ${(lr * L * 100).toFixed(1)} % earlier and later`,
      );
    },
  },
  {
    id: 'separation/reddi',
    says: 'on Reddi’s sequence Adam with β₂ = 1/(1 + C²) is at +1 after every third step, and AMSGrad reaches −1',
    source: 'Reddi, Kale & Kumar 2018, Theorem 1 and Theorem 4',
    check: async (h) => {
      const beta2 = 1 / (1 + MISLEADING.gradient ** 2);
      const run = (name: string) => {
        const optimizer = { name, hyper: { beta1: 0, beta2 }, schedule: { name: 'inverseRoot', hyper: { warmup: 1 } } };
        return h.run(configOf('misleading', optimizer, SLOW.lr, SLOW.steps));
      };
      const [adam, amsgrad] = [await run('adam'), await run('amsgrad')];
      const thirds = evaluationSteps(SLOW.steps).flatMap((step, i) =>
        step % MISLEADING.every === 0 ? [adam.losses[i]] : [],
      );
      const failures = [
        ...(thirds.every((loss) => loss === 1 / 3) ? [] : [`adam is not at 1/3: ${thirds.slice(0, 3)}`]),
        ...(amsgrad.finalLoss < -0.3 ? [] : [`amsgrad ends at ${amsgrad.finalLoss}`]),
      ];
      return exact(
        failures,
        `adam ${adam.finalLoss.toFixed(4)} exactly, amsgrad ${amsgrad.finalLoss.toFixed(4)}; the least is −0.3333`,
      );
    },
  },
  {
    id: 'floor/logistic',
    says: 'descent at the rate 1/L on logistic regression is above its certified optimum, and nearer to it than L·‖w₀ − w*‖²/2k after k steps',
    source: 'Nesterov 2004, Theorem 2.1.14 and Corollary 2.1.2; the optimum by Newton',
    check: async (h) => {
      const data = breastCancerWhole();
      const l2 = 1e-3;
      const { value, weights } = leastLogistic(data, l2);
      const [n = 1, d = 1] = data.x.shape;
      // the largest curvature is at most a quarter of the mean squared length of a sample with its 1, and the ridge
      const length = data.x.toArray().reduce((a, v) => a + v * v, 0) / n + 1;
      const smooth = length / 4 + l2;
      const variant = { batch: 'full' } as const;
      const run = await h.run(
        configOf('logistic', { name: 'sgd' }, 1 / smooth, DESCENT.steps, { initializer: 'zeros', variant }),
      );
      const distance = weights.reduce((a, w) => a + w * w, 0); // from zeros
      const rounding = gamma(n + d + 16) * (1 + Math.abs(value));
      const margins = evaluationSteps(DESCENT.steps).map((k, i) => {
        const above = (run.losses[i] ?? Number.NaN) - value;
        if (above < 0) return -above / rounding;
        return k === 0 ? 0 : above / ((smooth * distance) / (2 * k) + rounding);
      });
      return found(
        worst(margins),
        `${(run.finalLoss - value).toExponential(2)} above ${value.toFixed(6)} after ${DESCENT.steps} steps`,
      );
    },
  },
];
