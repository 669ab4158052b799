// Laws of sameness: a compiled run is the eager one, and a rate that comes in as a number is the rate written into the rule.
import {
  batches,
  type Data,
  fit,
  flatten,
  fold,
  modelOf,
  OPTIMIZERS,
  type OptimizerSpec,
  optimizerFrom,
  startFrom,
  type Tensor,
} from '../../../src/index.ts';
import type { Variant } from '../config.ts';
import type { NetworkProblem } from '../problem.ts';
import { problemRow } from '../problems/index.ts';
import { keyOfTrial, STREAMS } from '../trial/pass.ts';
import { exact, type Harness, type InstrumentRow } from './row.ts';

const INIT = 'heNormal';

/** Losses on the way and weights at the end, step by step and without the compiler: the rate is a number of the rule. */
const eagerly = async (name: string, spec: OptimizerSpec, lr: number, seed: number, steps: number) => {
  const problem = problemRow(name) as NetworkProblem; // the problems below are networks
  const key = keyOfTrial(name, seed);
  const { train } = await problem.data(fold(key, STREAMS.data));
  const size = problem.batch;
  const plan = { epochs: steps, key: fold(key, STREAMS.batches), last: 'drop' } as const;
  const order: readonly Data[] =
    size === 'full'
      ? Array.from({ length: steps }, () => train)
      : [...batches(train, { ...plan, size })].slice(0, steps);
  const start = fold(key, STREAMS.start);
  const setup = {
    model: modelOf({ layers: problem.layers(INIT), loss: problem.loss }),
    optimizer: optimizerFrom({ ...spec, hyper: { ...spec.hyper, lr } }),
  };
  const { variables } = setup.model.network.init(start, train.x.shape.slice(1));
  const { training, losses } = fit(setup, startFrom(setup, start, variables), order);
  return { losses, weights: flatten<Tensor>(training.variables.params).leaves };
};

const compiled = async (
  h: Harness,
  name: string,
  spec: OptimizerSpec,
  lr: number,
  seed: number,
  steps: number,
  variant: Variant = {},
) => {
  const trial = await h.trial(name, seed, steps, variant);
  const pass = trial.begin(spec, INIT, lr);
  // of steps made at once, some losses are not looked at
  const losses = Array.from({ length: steps }, (_, i) => pass.advance(i + 1).at(-1) ?? Number.NaN);
  return { losses, weights: pass.weights() };
};

type Outcome = Awaited<ReturnType<typeof eagerly>>;

const sameBits = (a: Outcome, b: Outcome): boolean =>
  a.losses.every((loss, i) => Object.is(loss, b.losses[i])) &&
  a.weights.every((w, i) => Array.from(w.view).every((v, j) => Object.is(v, b.weights[i]?.view[j])));

const STEPS = 10;
const LR = 0.07;

/** Beside the rows: another dialect, a schedule, and rules within rules. */
const COMPOSED: readonly OptimizerSpec[] = [
  { name: 'momentum', hyper: { lrInside: 1 } },
  { name: 'adam', schedule: { name: 'cosine', hyper: { steps: STEPS } } },
  { name: 'sgd', wrappers: [{ name: 'clipByGlobalNorm', hyper: { limit: 0.1 } }, { name: 'lookahead' }] },
  { name: 'sgd', wrappers: [{ name: 'sam' }] },
];

const nameOf = ({ name, schedule, wrappers = [] }: OptimizerSpec): string =>
  [name, schedule?.name, ...wrappers.map((w) => w.name)].filter((part) => part !== undefined).join(' + ');

export const sameBitsRows: readonly InstrumentRow[] = [
  {
    id: 'same/rate',
    says: 'a rate that is an input of the compiled step gives the bits of the rate written into the rule, for every optimizer',
    source: 'the harness: one compiled step serves all rates',
    check: async (h) => {
      const specs = [...Object.keys(OPTIMIZERS).map((name): OptimizerSpec => ({ name })), ...COMPOSED];
      const failures: string[] = [];
      for (const spec of specs) {
        const [a, b] = [
          await eagerly('xorSigmoid', spec, LR, 1, STEPS),
          await compiled(h, 'xorSigmoid', spec, LR, 1, STEPS),
        ];
        if (!sameBits(a, b)) failures.push(`${nameOf(spec)}: ${b.losses.at(-1)} and not ${a.losses.at(-1)}`);
      }
      return exact(failures, `${specs.length} rules, ${STEPS} steps each, losses and weights to the last bit`);
    },
  },
  {
    id: 'same/batches',
    says: 'a compiled run over batches is the eager fit over the batches of its problem and seed, bit for bit',
    source: 'the harness: the compiled engine in f64 and reproducible mode',
    check: async (h) => {
      const failures: string[] = [];
      const names = ['moons', 'breastCancer'];
      for (const name of names)
        for (const seed of [1, 2]) {
          const spec = { name: 'adam' };
          const [a, b] = [await eagerly(name, spec, LR, seed, STEPS), await compiled(h, name, spec, LR, seed, STEPS)];
          if (!sameBits(a, b)) failures.push(`${name}, seed ${seed}: ${b.losses.at(-1)} and not ${a.losses.at(-1)}`);
        }
      return exact(
        failures,
        `${names.join(', ')}, two seeds each, ${STEPS} batches, losses and weights to the last bit`,
      );
    },
  },
];
