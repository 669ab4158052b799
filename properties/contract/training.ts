// The contract, part six: training, from the first weights of a network over its batches to its steps, stops and resumptions.
import { z } from 'zod';
import { INITIALIZERS, LOSSES, OPTIMIZERS } from '../../src/index.ts';
import {
  type Args,
  type Entry,
  integer,
  number,
  numbers,
  reduction,
  shapesOf,
  snakes,
  tensor,
  tensors,
} from './entry.ts';

const layers = z.array(
  z.union([
    z.object({ type: z.literal('dense'), units: integer }),
    z.looseObject({ type: z.literal('activation'), name: z.string() }),
    z.object({ type: z.literal('batch_norm'), eps: number, momentum: number }),
    z.object({ type: z.literal('dropout'), dropRate: number }),
  ]),
);
const batch = z.object({ x: tensor, y: tensor });

const fitted = {
  layers,
  loss: z.enum(snakes(LOSSES)),
  reduction,
  params: tensors,
  optimizer: z.enum(snakes(OPTIMIZERS)),
  hyper: numbers,
  batches: z.array(batch),
  seed: integer,
};
const steps = (a: Args): readonly unknown[] => a.batches as readonly unknown[];
const trajectory = {
  params: z.array(tensors),
  losses: z.array(number),
  state: z.array(tensors),
};

export const trainingEntries: readonly Entry[] = [
  {
    kind: 'training',
    names: ['network'],
    call: 'init',
    says: 'first parameters of a network from a seed, in the order w₁, b₁, w₂, b₂ …; inputs is the number of features of a sample, and gains are 1 unless named',
    takes: {
      layers: z.array(
        z.object({
          type: z.literal('dense'),
          units: integer,
          init: z.enum(snakes(INITIALIZERS)),
          gain: number.optional(),
        }),
      ),
      inputs: integer,
      seed: integer,
    },
    gives: { params: tensors },
    shapes: (a) => {
      const units = (a.layers as readonly { readonly units: number }[]).map((l) => l.units);
      return { params: units.flatMap((n, i) => [[i === 0 ? a.inputs : units[i - 1], n], [n]]) };
    },
  },
  {
    kind: 'training',
    names: ['network'],
    call: 'lsuv',
    says: 'parameters of layer-sequential unit variance on data x: orthonormal weights, each layer divided by the deviation of its outputs (behind its activation if post) until their variance is 1 to the tolerance; biases as given',
    takes: { layers, params: tensors, x: tensor, tolerance: number, post: z.boolean(), seed: integer },
    gives: { params: tensors },
    shapes: (a) => ({ params: shapesOf(a, 'params') }),
  },
  {
    kind: 'training',
    names: ['network'],
    call: 'fit',
    says: 'parameters [step][leaf] and running statistics [step][mean, variance of every batch norm] after every step, and the loss of the batch before it, penalties none; leaves of a dense layer are w and b, of a batch norm gamma and beta; running statistics start at mean 0 and variance 1; the seed is for dropout; final is what the training ends with',
    takes: fitted,
    gives: { ...trajectory, final: tensors },
    shapes: (a) => ({ params: steps(a).map(() => shapesOf(a, 'params')), final: shapesOf(a, 'params') }),
  },
  {
    kind: 'training',
    names: ['network'],
    call: 'fit_watched',
    says: 'the same, with the loss of other data in eval mode after every step (evaluations, reduction mean); the training ends after the first evaluation that is at most stopAt',
    takes: { ...fitted, validation: batch, stopAt: number },
    gives: { ...trajectory, final: tensors, evaluations: z.array(number) },
    shapes: (a) => ({ final: shapesOf(a, 'params') }),
  },
  {
    kind: 'training',
    names: ['network'],
    call: 'fit_resumed',
    says: 'the same as fit, but written to text after `at` steps, read back, and gone on with',
    takes: { ...fitted, at: integer },
    gives: { ...trajectory, final: tensors },
    shapes: (a) => ({ params: steps(a).map(() => shapesOf(a, 'params')), final: shapesOf(a, 'params') }),
  },
  {
    kind: 'training',
    names: ['network'],
    call: 'exported_output',
    says: 'output in eval mode of a network that was written to text and read back, for data [batch, features]',
    takes: { layers, params: tensors, x: tensor },
    gives: { y: tensor },
    shapes: () => ({}),
  },
  {
    kind: 'training',
    names: ['batches'],
    call: 'indices',
    says: 'which samples each batch holds, over some epochs in random order; `from` batches are left out at the start; a last batch that is smaller is kept or dropped',
    takes: {
      samples: integer,
      size: integer,
      epochs: integer,
      seed: integer,
      last: z.enum(['keep', 'drop']),
      from: integer,
    },
    gives: { indices: z.array(z.array(integer)) },
    shapes: () => ({}),
  },
];
