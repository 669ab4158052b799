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
