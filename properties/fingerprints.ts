// How conventions show themselves: one question to a port each, and the answer of an engine that follows given ones.
import type { Args } from './contract.ts';
import type { Conventions } from './conventions.ts';
import type { Answer } from './law.ts';

/** One row per question that reveals a convention. */
export interface Fingerprint {
  /** The convention, or the one of several that the question is mostly about. */
  readonly convention: keyof Conventions;
  /** Of which of several that follow it, where it is not the first one that is asked. */
  readonly of?: string;
  /** The entry that is asked; a port that lacks it is not covered. */
  readonly entry: string;
  readonly args: Args;
  /** The field of the answer that is looked at. */
  readonly field: string;
  /** How it is read, where it is not one tensor. */
  readonly read?: (answer: Answer) => ArrayLike<number>;
  /** What engines are known to do; the answers of any two of them differ by more than {@link FINGERPRINT_GAP}. */
  readonly options: readonly Partial<Conventions>[];
  /** The answer of an engine with these conventions. */
  readonly expected: (conventions: Conventions) => readonly number[];
}

const one = (x: number) => ({ shape: [1], data: [x] });
/** One sample. */
const row = (...data: readonly number[]) => ({ shape: [1, data.length], data });

/** A batch of mean 1 and of variance 1, or 2 if unbiased. */
const NORMED: Args = {
  x: { shape: [2, 1], data: [0, 2] },
  gamma: one(1),
  beta: one(0),
  mean: one(9),
  variance: one(5),
  eps: 1,
  momentum: 1 / 4,
};

/** −¼·log 0 − ¾·log 1 under each way to avoid log 0. */
const BCE_AT_0: Readonly<Record<Conventions['bce'], (clip: number) => number>> = {
  log: (c) => c / 4,
  probability: (c) => -Math.log(c) / 4 - (3 / 4) * Math.log1p(-c),
  added: (c) => -Math.log(c) / 4 - (3 / 4) * Math.log1p(c),
};

/** The weight after x = 2 of class 1 and x = −½ of class 0, both of score 0 or decided by one, when scores of 0 mean this. */
const AFTER_TIES: Readonly<Record<Conventions['perceptronTie'], number>> = { zero: 2, one: 1 / 2, mistake: 5 / 2 };

/** A machine of two visible units and one hidden one without weights, whose probabilities are all ½. */
const COIN = {
  w: { shape: [2, 1], data: [0, 0] },
  b: { shape: [2], data: [0, 0] },
  c: one(0),
  v: { shape: [1, 2], data: [1, 0] },
  k: 1,
  uniforms: [
    { shape: [1, 1], data: [1 / 4] },
    { shape: [1, 2], data: [3 / 4, 1 / 4] },
  ],
};

export const FINGERPRINTS: readonly Fingerprint[] = [
  {
    convention: 'reluSlopeAtZero',
    entry: 'activation.relu.vjp',
    args: { x: one(0), dy: one(3) },
    field: 'dx',
    options: [{ reluSlopeAtZero: 0 }, { reluSlopeAtZero: 1 / 2 }, { reluSlopeAtZero: 1 }],
    expected: ({ reluSlopeAtZero }) => [3 * reluSlopeAtZero],
  },
  {
    convention: 'reluSlopeAtZero',
    of: 'leaky_relu',
    entry: 'activation.leaky_relu.vjp',
    args: { x: one(0), dy: one(3), slope: 1 / 4 },
    field: 'dx',
    options: [{ reluSlopeAtZero: 0 }, { reluSlopeAtZero: 1 / 2 }, { reluSlopeAtZero: 1 }],
    expected: ({ reluSlopeAtZero: c }) => [3 * ((1 - c) / 4 + c)],
  },
  {
    convention: 'bce',
    entry: 'loss.bce.forward',
    args: { prediction: one(0), target: one(1 / 4), reduction: 'sum' },
    field: 'loss',
    options: [
      { bce: 'log', bceClip: 100 },
      { bce: 'probability', bceClip: 1e-7 },
      { bce: 'probability', bceClip: 1e-12 },
      { bce: 'probability', bceClip: 1e-15 },
    ],
    expected: ({ bce, bceClip }) => [BCE_AT_0[bce](bceClip)],
  },
  {
    convention: 'bnEps',
    entry: 'layer.batch_norm.eval',
    args: { x: row(1), gamma: one(1), beta: one(0), mean: one(0), variance: one(4), eps: 1 },
    field: 'y',
    options: [{ bnEps: 'inside' }, { bnEps: 'outside' }],
    expected: ({ bnEps }) => [bnEps === 'inside' ? 1 / Math.sqrt(4 + 1) : 1 / (2 + 1)],
  },
  {
    convention: 'bnMomentum',
    entry: 'layer.batch_norm.train',
    args: NORMED,
    field: 'mean',
    options: [{ bnMomentum: 'ofNew' }, { bnMomentum: 'ofOld' }],
    expected: ({ bnMomentum }) => [bnMomentum === 'ofNew' ? (3 * 9 + 1) / 4 : (9 + 3 * 1) / 4],
  },
  {
    convention: 'bnRunningVariance',
    entry: 'layer.batch_norm.train',
    args: { ...NORMED, momentum: 1 / 2 },
    field: 'variance',
    options: [{ bnRunningVariance: 'unbiased' }, { bnRunningVariance: 'biased' }],
    expected: ({ bnRunningVariance }) => [bnRunningVariance === 'unbiased' ? (5 + 2) / 2 : (5 + 1) / 2],
  },
  {
    convention: 'lnEps',
    entry: 'layer.layer_norm.forward',
    args: { x: row(1, 5), gamma: { shape: [2], data: [1, 1] }, beta: { shape: [2], data: [0, 0] }, eps: 1 },
    field: 'y',
    options: [{ lnEps: 'inside' }, { lnEps: 'outside' }],
    expected: ({ lnEps }) => [-1, 1].map((side) => (side * 2) / (lnEps === 'inside' ? Math.sqrt(4 + 1) : 2 + 1)),
  },
  {
    convention: 'momentumRate',
    entry: 'optimizer.momentum.run_with_rates',
    args: { params: [one(0)], gradients: [[one(1)], [one(0)]], hyper: { momentum: 1 / 2 }, rates: [1, 1 / 2] },
    field: 'params',
    read: (answer) => answer.steps('params')[1]?.[0]?.data ?? [],
    options: [{ momentumRate: 'outside' }, { momentumRate: 'inside' }],
    expected: ({ momentumRate }) => [momentumRate === 'inside' ? -3 / 2 : -5 / 4],
  },
  {
    convention: 'nesterov',
    entry: 'optimizer.nesterov.run',
    args: { params: [one(0)], gradients: [[one(1)]], hyper: { lr: 1, momentum: 1 / 2 } },
    field: 'params',
    read: (answer) => answer.steps('params')[0]?.[0]?.data ?? [],
    options: [{ nesterov: 'torch' }, { nesterov: 'sutskever' }],
    expected: ({ nesterov }) => [nesterov === 'torch' ? -3 / 2 : -1],
  },
  {
    convention: 'perceptronTie',
    entry: 'perceptron.perceptron.fit',
    args: { x: { shape: [2, 1], data: [2, -1 / 2] }, y: { shape: [2], data: [1, 0] }, lr: 1, epochs: 1 },
    field: 'w',
    options: [{ perceptronTie: 'zero' }, { perceptronTie: 'one' }, { perceptronTie: 'mistake' }],
    expected: ({ perceptronTie }) => [AFTER_TIES[perceptronTie]],
  },
  {
    convention: 'cdVisible',
    entry: 'rbm.rbm.cd',
    args: COIN,
    field: 'reached',
    options: [{ cdVisible: 'samples' }, { cdVisible: 'probabilities' }],
    expected: ({ cdVisible }) => (cdVisible === 'samples' ? [0, 1] : [1 / 2, 1 / 2]),
  },
  {
    convention: 'cdHidden',
    entry: 'rbm.rbm.cd',
    args: COIN,
    field: 'dc',
    options: [{ cdHidden: 'probabilities' }, { cdHidden: 'samples' }],
    expected: ({ cdHidden }) => [cdHidden === 'samples' ? -1 / 2 : 0],
  },
  {
    convention: 'dropout',
    entry: 'layer.dropout.eval',
    args: { x: one(4), dropRate: 1 / 4 },
    field: 'y',
    options: [{ dropout: 'inverted' }, { dropout: 'classic' }],
    expected: ({ dropout }) => [dropout === 'classic' ? 3 : 4],
  },
  {
    convention: 'l2',
    entry: 'regulariser.l2.value',
    args: { w: one(2), l2: 1 / 4 },
    field: 'value',
    options: [{ l2: 'half' }, { l2: 'full' }],
    expected: ({ l2 }) => [l2 === 'full' ? 1 : 1 / 2],
  },
  {
    convention: 'regulariseBias',
    entry: 'regulariser.l2.penalty',
    args: { params: [{ shape: [1, 1], data: [1] }, one(3)], l2: 1 / 2 },
    field: 'value',
    options: [{ regulariseBias: false }, { regulariseBias: true }],
    expected: ({ regulariseBias, l2 }) => [((regulariseBias ? 10 : 1) / 4) * (l2 === 'full' ? 2 : 1)],
  },
];

/** A fingerprint's own name: `reluSlopeAtZero`, `reluSlopeAtZero of leaky_relu`. */
export const fingerprintName = ({ convention, of }: Fingerprint): string =>
  of === undefined ? convention : `${convention} of ${of}`;

/** Names of the rows, as of activations, that follow a convention as its questions show. */
export const following = (convention: keyof Conventions): readonly string[] =>
  FINGERPRINTS.flatMap((f) => (f.convention === convention ? [f.entry.split('.')[1] ?? ''] : []));
