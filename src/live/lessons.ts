// The lessons: settings that show something, each with what it shows and where to look.
import type { Given } from './settings.ts';

export interface Lesson {
  readonly title: string;
  /** What it shows. */
  readonly claim: string;
  /** Where to look, and what to try. */
  readonly look: string;
  readonly given: Given;
}

const corners: Given = { data: 'xor', samples: 4, noise: 0 };
const few: Given = {
  ...{ data: 'blobs', samples: 40, noise: 0.5, depth: 2, width: 64, activation: 'relu', init: 'heNormal' },
  ...{ lr: 0.002, stop: 2000 },
};

export const LESSONS: readonly Lesson[] = [
  {
    title: 'One line cannot do XOR',
    claim: 'A single unit draws one line. Whatever the line, at least one corner of XOR lies on its wrong side.',
    look: 'The loss settles at ln 2 ≈ 0.693, the loss of not knowing. Then choose AND or OR: one line is enough.',
    given: { ...corners, depth: 0, lr: 0.05 },
  },
  {
    title: 'Two lines can',
    claim: 'A hidden layer draws several lines, and the output combines them: XOR is solved by two.',
    look: 'The small pictures are the hidden units: each has a line of its own. With one unit, it fails again.',
    given: { ...corners, lr: 0.02 },
  },
  {
    title: 'Zeros never break symmetry',
    claim:
      'Units that begin alike receive the same gradient, and stay alike for ever: with zeros, eight units are one.',
    look: 'The table finds one kind among eight units, and a gradient of exactly 0. Choose any random initializer, as xavierNormal, and there are eight.',
    given: { data: 'moons', depth: 2, width: 8, init: 'zeros', lr: 0.02 },
  },
  {
    title: 'Deep sigmoids vanish',
    claim:
      'A sigmoid’s slope is at most ¼. Through ten layers the gradient is a product of ten of them, and the first layers hear almost nothing.',
    look: 'The bars of the gradients shrink from the output to layer 1, and the pictures of the last units are flat: the signal has gone too.',
    given: {
      data: 'moons',
      depth: 10,
      width: 8,
      activation: 'sigmoid',
      init: 'xavierNormal',
      optimizer: 'sgd',
      lr: 0.1,
    },
  },
  {
    title: 'The cure: He and ReLU',
    claim:
      'ReLU has slope 1 where it is on, and He’s initializer makes up for the half that is off: the gradient arrives.',
    look: 'The same depth, optimizer and rate as before; the bars are now of one length, and the moons are told apart.',
    given: { data: 'moons', depth: 10, width: 8, activation: 'relu', init: 'heNormal', optimizer: 'sgd', lr: 0.1 },
  },
  {
    title: 'The cure: batch norm',
    claim:
      'Batch normalisation gives every unit mean 0 and variance 1 over the batch, so that sigmoids stay off their flat ends.',
    look: 'The ten sigmoid layers of before, normalised: signals keep their spread, and the training begins at once.',
    given: {
      ...{ data: 'moons', depth: 10, width: 8, activation: 'sigmoid', init: 'xavierNormal', batchNorm: 1 },
      ...{ optimizer: 'sgd', lr: 0.1 },
    },
  },
  {
    title: 'Too large a learning rate',
    claim: 'A step that is too long jumps over the valley to a place where the slope is steeper still.',
    look: 'The loss leaps instead of falling. Divide the rate by ten, and again, and the leaps are gone.',
    given: { data: 'moons', depth: 2, width: 16, optimizer: 'sgd', lr: 10 },
  },
  {
    title: 'Overfitting',
    claim: 'Two clouds that overlap, few points and many units: the network learns the noise by heart.',
    look: 'The loss in training goes to 0 while that of the test rises: the gap is what was learnt by heart.',
    given: few,
  },
  {
    title: 'Dropout against it',
    claim:
      'With half of the units off at random in every step, no unit can rely on another: noise is harder to learn by heart.',
    look: 'The same points and units: the loss of the test stays lower. It is no miracle: after many more steps it rises too.',
    given: { ...few, dropRate: 0.5 },
  },
  {
    title: 'Spirals',
    claim: 'Two arms of nearly two turns: each layer bends the plane a little, until a line separates what is left.',
    look: 'From layer to layer the pictures of the units become more curled: lines in the first, spirals in the last.',
    given: { data: 'spirals', samples: 300, depth: 3, width: 16, activation: 'tanh', lr: 0.01, stop: 50_000 },
  },
];
