// How conventions show themselves: one question to a port each, and the answer of an engine that follows given ones.
import type { Args } from './contract.ts';
import type { Conventions } from './conventions.ts';

/** One row per question that reveals a convention. */
export interface Fingerprint {
  /** The convention, or the one of several that the question is mostly about. */
  readonly convention: keyof Conventions;
  /** The entry that is asked; a port that lacks it is not covered. */
  readonly entry: string;
  readonly args: Args;
  /** The field of the answer that is looked at. */
  readonly field: string;
  /** What engines are known to do; the answers of any two of them differ by more than {@link FINGERPRINT_GAP}. */
  readonly options: readonly Partial<Conventions>[];
  /** The answer of an engine with these conventions. */
  readonly expected: (conventions: Conventions) => readonly number[];
}

const one = (x: number) => ({ shape: [1], data: [x] });

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
];
