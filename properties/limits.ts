// Detection limits: faults of five well-known checks, each in sizes from plain to invisible, and the law that is to find it.
import type { Args, Plain } from './contract.ts';
import { COUNT } from './laws/dropout-sampled.ts';
import { VARIANCE } from './laws/initializer.ts';
import { batchNorm } from './mutants/normengine.ts';
import { at, changed, type Fault as Line, like, list, now, number, plain } from './mutants/plant.ts';
import type { Port } from './port.ts';
import { chiSquarePower, martingalePower } from './power.ts';
import { ALPHA } from './tolerance.ts';

export type Plant = (port: Port) => Port;

/** A kind of fault in one place of an engine, and who is to find it. */
export interface Fault {
  readonly id: string;
  /** The check that people know. */
  readonly check: 'gradients' | 'batch normalisation' | 'dropout' | 'binary cross-entropy' | 'He initializer';
  /** What is wrong; a size stands behind it. */
  readonly says: string;
  readonly law: string;
  readonly subject: string;
  /** From the largest to the smallest; none where the fault is there or not. */
  readonly sizes?: readonly number[];
  /** Whether a trial takes long: what has to be found is then not decided apart from the smallest size, which implies it. */
  readonly slow?: true;
  /** The size that has to be found at the latest; true where the fault has no size. */
  readonly demanded?: number | true;
  /** The fault, planted; another place for another trial, where there are many. */
  readonly plant: (size: number, trial: number) => Plant;
  /** Exact chance to find it, for a law that lets chance decide; such a law is tried less often. */
  readonly power?: (size: number) => number;
}

const off =
  (by: number) =>
  (v: number): number =>
    v * (1 + by);
/** 10⁻ᵃ … 10⁻ᵇ, each the nearest double. */
const tens = (a: number, b: number): readonly number[] =>
  Array.from({ length: b - a + 1 }, (_, i) => Number(`1e-${a + i}`));
/** Around the spacing of doubles: 2⁻⁵² is one unit in the last place of 1, 2⁻⁵³ is lost in every product. */
const LAST = [2 ** -50, 2 ** -51, 2 ** -52, 2 ** -53] as const;

/** One entry of one tensor of a list, another one for another trial. */
const entryOff = (tensors: readonly Plain[], size: number, trial: number): readonly Plain[] => {
  const weights = tensors.flatMap((t, i) => (t.shape.length === 2 ? [i] : []));
  const which = weights[trial % weights.length];
  return tensors.map((t, i) => (i === which ? like(t, (v, k) => (k === trial % t.data.length ? off(size)(v) : v)) : t));
};
/** The gradient of one weight off by a relative error. */
const oneWeight = (size: number, trial: number): Plant =>
  at('model.network.loss_and_grad', (args, original) => {
    const answer = now(original, args);
    return { ...answer, gradients: entryOff(list(answer, 'gradients'), size, trial) };
  });
/** One number of a field off by a relative error. */
const oneOff =
  (entry: string, field: string) =>
  (size: number, trial: number): Plant =>
    at(entry, (args, original) => {
      const answer = now(original, args);
      const t = plain(answer, field);
      return { ...answer, [field]: like(t, (v, i) => (i === trial % t.data.length ? off(size)(v) : v)) };
    });
/** The right answer to other arguments. */
const asking = (entry: string, f: (args: Args) => Args): Plant =>
  at(entry, (args, original) => now(original, { ...args, ...f(args) }));

const TRAIN = 'layer.batch_norm.train';
const DROPOUT = 'layer.dropout';
const HE = 'initializer.he_normal';

/** Chance that one of the tests finds the rate that a fault makes of each. */
const countPower = (made: (rate: number) => number): number =>
  1 -
  COUNT.rates.reduce((miss, p) => {
    const truth = made(p);
    return truth === p ? miss : miss * (1 - martingalePower(COUNT.draws, p, truth, COUNT.level)) ** COUNT.runs;
  }, 1);
/** Squares that the variance of a normal initializer is measured by. */
const SQUARES = VARIANCE.draws * VARIANCE.size;

const higher = (a: Args, by: number): Args => ({ dropRate: Math.min(1, number(a, 'dropRate') + by) });
const fifth = (a: Args, by: number): Args => (number(a, 'dropRate') === 1 / 5 ? higher(a, by) : {});
/** Keeps where it is to drop, rescaled so that the mean stays what it was. */
const swapped: Line = (args, original) => {
  const rate = number(args, 'dropRate');
  return now(original, { ...args, dropRate: 1 - rate });
};
const certain = (a: Args): boolean => [0, 1].includes(plain(a, 'prediction').data[0] ?? Number.NaN);

export const FAULTS: readonly Fault[] = [
  {
    id: 'gradient/one-weight',
    check: 'gradients',
    says: 'the gradient of one weight of a three-layer network is off by a relative error',
    law: 'gradient/network-exact',
    subject: 'port',
    sizes: [...tens(6, 15), 2 ** -52, 2 ** -53],
    demanded: 1e-12,
    plant: oneWeight,
  },
  {
    id: 'gradient/one-weight-by-64-digits',
    check: 'gradients',
    says: 'the same, and only where weights have full mantissas',
    law: 'gradient/network',
    subject: 'port',
    sizes: tens(6, 16),
    demanded: 1e-12,
    slow: true,
    plant: oneWeight,
  },
  {
    id: 'gradient/one-weight-by-differences',
    check: 'gradients',
    says: 'the same, told from finite differences of the engine’s own loss alone',
    law: 'gradient/own-function',
    subject: 'port',
    sizes: [1e-3, 1e-6, 1e-8, 1e-12],
    plant: oneWeight,
  },
  {
    id: 'batch_norm/estimator',
    check: 'batch normalisation',
    says: 'keeps the biased running variance where the unbiased one is declared',
    law: 'batchnorm/running-step',
    subject: 'batch_norm',
    demanded: true,
    plant: () => batchNorm({ estimate: (variance) => variance }, 'forward'),
  },
  {
    id: 'batch_norm/eps-outside',
    check: 'batch normalisation',
    says: 'adds eps to the root instead of under it',
    law: 'norm/value',
    subject: 'batch_norm',
    demanded: true,
    plant: () => batchNorm({ root: (variance, eps) => Math.sqrt(variance) + eps }),
  },
  {
    id: 'batch_norm/momentum-direction',
    check: 'batch normalisation',
    says: 'weighs what was kept by the momentum, and the batch by the rest',
    law: 'batchnorm/running-step',
    subject: 'batch_norm',
    demanded: true,
    plant: () => asking(TRAIN, (a) => ({ momentum: 1 - number(a, 'momentum') })),
  },
  {
    id: 'batch_norm/eval-by-batch',
    check: 'batch normalisation',
    says: 'normalises by the batch in eval mode, too',
    law: 'batchnorm/eval-value',
    subject: 'batch_norm',
    demanded: true,
    plant: () => (port) =>
      at('layer.batch_norm.eval', (args) => ({
        y: plain(
          now((a) => port.call(TRAIN, a), { ...args, momentum: 1 / 2 }),
          'y',
        ),
      }))(port),
  },
  {
    id: 'batch_norm/running-variance',
    check: 'batch normalisation',
    says: 'the running variance of one feature is off by a relative error',
    law: 'batchnorm/running-exact',
    subject: 'batch_norm',
    sizes: [...tens(6, 15), ...LAST],
    plant: oneOff(TRAIN, 'variance'),
  },
  {
    id: 'batch_norm/output',
    check: 'batch normalisation',
    says: 'one output in train mode is off by a relative error',
    law: 'norm/exact',
    subject: 'batch_norm',
    sizes: [...tens(6, 15), ...LAST],
    plant: oneOff(TRAIN, 'y'),
  },
  {
    id: 'batch_norm/eps',
    check: 'batch normalisation',
    says: 'eps is off by a relative error',
    law: 'norm/value',
    subject: 'batch_norm',
    sizes: tens(6, 16),
    plant: (size) => asking(TRAIN, (a) => ({ eps: off(size)(number(a, 'eps')) })),
  },
  {
    id: 'dropout/rate-from-uniforms',
    check: 'dropout',
    says: 'drops, by given uniforms, with a rate that is too high',
    law: 'dropout/values',
    subject: 'dropout',
    sizes: [0.05, 1e-3, 1e-6, 1e-9, 1e-12, 1e-15, 2 ** -52, 2 ** -53],
    demanded: 0.05,
    plant: (size) => asking(`${DROPOUT}.train`, (a) => higher(a, size)),
  },
  {
    id: 'dropout/one-rate-from-uniforms',
    check: 'dropout',
    says: 'the same, but at a rate of 0.20 alone',
    law: 'dropout/threshold',
    subject: 'dropout',
    sizes: [0.05, 0.03, 0.02, 0.015, 0.01, 0.003],
    demanded: 0.05,
    plant: (size) => asking(`${DROPOUT}.train`, (a) => fifth(a, size)),
  },
  {
    id: 'dropout/rate-sampled',
    check: 'dropout',
    says: 'drops, by a seed, with a rate that is too high',
    law: 'dropout/count',
    subject: 'dropout',
    sizes: [0.05, 0.03, 0.025, 0.024, 0.023, 0.022, 0.02, 0.015],
    demanded: 0.05,
    plant: (size) => asking(`${DROPOUT}.sample`, (a) => higher(a, size)),
    power: (size) => countPower((p) => p + size),
  },
  {
    id: 'dropout/one-rate-sampled',
    check: 'dropout',
    says: 'the same, but at a rate of 0.20 alone',
    law: 'dropout/count',
    subject: 'dropout',
    sizes: [0.05, 0.04, 0.035, 0.034, 0.033, 0.032, 0.031, 0.03, 0.025, 0.02],
    demanded: 0.05,
    plant: (size) => asking(`${DROPOUT}.sample`, (a) => fifth(a, size)),
    power: (size) => countPower((p) => (p === 1 / 5 ? p + size : p)),
  },
  {
    id: 'dropout/swap-from-uniforms',
    check: 'dropout',
    says: 'keeps with the probability to drop, rescaled so that the mean stays, by given uniforms',
    law: 'dropout/threshold',
    subject: 'dropout',
    demanded: true,
    plant: () => at(`${DROPOUT}.train`, swapped),
  },
  {
    id: 'dropout/swap-sampled',
    check: 'dropout',
    says: 'the same, by a seed',
    law: 'dropout/count',
    subject: 'dropout',
    demanded: true,
    plant: () => at(`${DROPOUT}.sample`, swapped),
    power: () => countPower((p) => 1 - p),
  },
  {
    id: 'bce/value',
    check: 'binary cross-entropy',
    says: 'the value is off by a relative error',
    law: 'loss/value',
    subject: 'bce',
    sizes: [...tens(6, 15), ...LAST],
    plant: (size) => changed('loss.bce.forward', 'loss', off(size)),
  },
  {
    id: 'bce/gradient',
    check: 'binary cross-entropy',
    says: 'the gradient by one prediction is off by a relative error',
    law: 'loss/gradient',
    subject: 'bce',
    sizes: [...tens(6, 15), ...LAST],
    plant: oneOff('loss.bce.vjp', 'dprediction'),
  },
  {
    id: 'bce/negative',
    check: 'binary cross-entropy',
    says: 'a certain hit costs less than nothing, by',
    law: 'loss/bce-nonnegative',
    subject: 'bce',
    sizes: [1e-7, 2 ** -52, Number.MIN_VALUE],
    plant: (size) => changed('loss.bce.forward', 'loss', (v) => (v === 0 ? -size : v)),
  },
  {
    id: 'bce/bound',
    check: 'binary cross-entropy',
    says: 'a certain miss costs more than the declared bound, by a relative error',
    law: 'loss/bce-bounded',
    subject: 'bce',
    sizes: [...tens(1, 15), ...LAST],
    plant: (size) => changed('loss.bce.forward', 'loss', (v, _, a) => (certain(a) ? off(size)(v) : v)),
  },
  {
    id: 'bce/other-bound',
    check: 'binary cross-entropy',
    says: 'a certain miss costs −ln 10⁻⁷, as where the probability is clipped, and not the declared bound',
    law: 'loss/value',
    subject: 'bce',
    plant: () => changed('loss.bce.forward', 'loss', (v, _, a) => (certain(a) ? Math.min(v, -Math.log(1e-7)) : v)),
  },
  {
    id: 'he/variance-from-uniforms',
    check: 'He initializer',
    says: 'the variance of weights from given uniforms is too large by a relative error',
    law: 'initializer/quantile',
    subject: 'he_normal',
    sizes: [0.02, ...tens(3, 15)],
    demanded: 0.02,
    plant: (size) => changed(`${HE}.from_uniforms`, 'w', (v) => v * Math.sqrt(1 + size)),
  },
  {
    id: 'he/variance-too-large',
    check: 'He initializer',
    says: 'the variance of drawn weights is too large by a relative error',
    law: 'initializer/variance',
    subject: 'he_normal',
    sizes: [0.05, 0.03, 0.02, 0.0199, 0.0195, 0.019, 0.018, 0.015],
    demanded: 0.02,
    plant: (size) => changed(`${HE}.sample`, 'w', (v) => v * Math.sqrt(1 + size)),
    power: (size) => chiSquarePower(SQUARES, ALPHA, 1 + size),
  },
  {
    id: 'he/variance-too-small',
    check: 'He initializer',
    says: 'the variance of drawn weights is too small by a relative error',
    law: 'initializer/variance',
    subject: 'he_normal',
    sizes: [0.05, 0.03, 0.02, 0.0195, 0.019, 0.018, 0.015],
    demanded: 0.02,
    plant: (size) => changed(`${HE}.sample`, 'w', (v) => v * Math.sqrt(1 - size)),
    power: (size) => chiSquarePower(SQUARES, ALPHA, 1 - size),
  },
  ...(['from_uniforms', 'sample'] as const).flatMap((call): readonly Fault[] => [
    {
      id: `he/fans-swapped-${call}`,
      check: 'He initializer',
      says: `takes fanOut for fanIn, ${call === 'sample' ? 'by a seed' : 'by given uniforms'}`,
      law: 'initializer/fans',
      subject: 'he_normal',
      plant: () => asking(`${HE}.${call}`, (a) => ({ fanIn: a.fanOut, fanOut: a.fanIn })),
    },
    {
      id: `he/gain-1-${call}`,
      check: 'He initializer',
      says: `has gain 1 where √2 is right, ${call === 'sample' ? 'by a seed' : 'by given uniforms'}`,
      law: call === 'sample' ? 'initializer/variance' : 'initializer/quantile',
      subject: 'he_normal',
      plant: () => changed(`${HE}.${call}`, 'w', (v) => v * Math.SQRT1_2),
      ...(call === 'sample' ? { power: () => chiSquarePower(SQUARES, ALPHA, 1 / 2) } : {}),
    },
  ]),
];
