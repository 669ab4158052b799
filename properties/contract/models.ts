// The contract, part five: whole models and programs as data.
import { z } from 'zod';
import { ACTIVATIONS, LOSSES } from '../../src/index.ts';
import { type Entry, integer, number, reduction, shapeOf, shapesOf, snake, snakes, tensor, tensors } from './entry.ts';

const activations = ACTIVATIONS.map(snake);

/** Layers as data; which types beside dense and activation a port takes, it declares. */
const layer: z.ZodType = z.lazy(() =>
  z.union([
    z.object({ type: z.literal('dense'), units: integer }),
    z.looseObject({ type: z.literal('activation'), name: z.enum(activations) }),
    z.object({ type: z.literal('batchNorm'), eps: number, momentum: number.optional() }),
    z.object({ type: z.literal('layerNorm'), eps: number }),
    z.object({ type: z.literal('dropout'), dropRate: number }),
    z.object({ type: z.literal('residual'), layers: z.array(layer) }),
  ]),
);

const networkFields = {
  layers: z.array(layer),
  params: tensors,
  state: tensors.optional(),
  uniforms: tensors.optional(),
  x: tensor,
};

const trainingFields = {
  ...networkFields,
  loss: z.enum(snakes(LOSSES)),
  reduction,
  regulariser: z.object({ l1: number.optional(), l2: number.optional() }).optional(),
  y: tensor,
};

const programFields = {
  equations: z.array(z.object({ op: z.string(), reads: z.array(integer), params: z.unknown().optional() })),
  inputs: tensors,
};

export const modelEntries: readonly Entry[] = [
  {
    kind: 'model',
    names: ['network'],
    call: 'loss_and_grad',
    says: 'loss, output and gradients of layers given as data, in train mode; parameters and state in the order of layers: w, b, or gamma, beta with the running mean and variance',
    takes: trainingFields,
    gives: { loss: tensor, output: tensor, gradients: tensors, state: tensors.optional() },
    shapes: (a) => ({
      loss: [],
      output: shapeOf(a, 'y'),
      gradients: shapesOf(a, 'params'),
      ...(a.state === undefined ? {} : { state: shapesOf(a, 'state') }),
    }),
  },
  {
    kind: 'model',
    names: ['network'],
    call: 'forward',
    says: 'output of layers given as data, in train or in eval mode',
    takes: { ...networkFields, mode: z.enum(['train', 'eval']) },
    gives: { output: tensor },
    shapes: () => ({}),
  },
  {
    kind: 'model',
    names: ['network'],
    call: 'refuses',
    says: 'whether loss_and_grad throws a typed error of the engine for these arguments instead of answering',
    takes: trainingFields,
    gives: { refused: z.boolean() },
    shapes: () => ({}),
  },
  {
    kind: 'program',
    names: ['graph'],
    call: 'vjp',
    says: 'the last value of a chain of operations and the cotangents of its inputs; value i < inputs.length is input i, then one per equation',
    takes: { ...programFields, dy: tensor },
    gives: { y: tensor, dinputs: tensors },
    shapes: (a) => ({ y: shapeOf(a, 'dy'), dinputs: shapesOf(a, 'inputs') }),
  },
  {
    kind: 'program',
    names: ['graph'],
    call: 'forward',
    says: 'the last value of a chain of operations alone',
    takes: programFields,
    gives: { y: tensor },
    shapes: () => ({}),
  },
  {
    kind: 'program',
    names: ['graph'],
    call: 'jvp',
    says: 'the last value of a chain of operations and its derivative along one tangent per input',
    takes: { ...programFields, u: tensors },
    gives: { y: tensor, dy: tensor },
    shapes: () => ({}),
  },
  {
    kind: 'program',
    names: ['graph'],
    call: 'hvp',
    says: 'the Hessian of a chain of operations that ends in a scalar, times one tangent per input, by any order of modes',
    takes: {
      ...programFields,
      u: tensors,
      mode: z.enum(['reverseOverReverse', 'forwardOverReverse', 'reverseOverForward']),
    },
    gives: { products: tensors },
    shapes: (a) => ({ products: shapesOf(a, 'inputs') }),
  },
];
