// The contract, part five: whole models and programs as data.
import { z } from 'zod';
import { ACTIVATIONS, LOSSES } from '../../src/index.ts';
import { type Entry, integer, reduction, shapeOf, shapesOf, snake, snakes, tensor, tensors } from './entry.ts';

const activations = ACTIVATIONS.map(snake);

export const modelEntries: readonly Entry[] = [
  {
    kind: 'model',
    names: ['network'],
    call: 'loss_and_grad',
    says: 'loss, output and gradients of layers given as data; parameters in the order w₁, b₁, w₂, b₂ …',
    takes: {
      layers: z.array(
        z.union([
          z.object({ type: z.literal('dense'), units: integer }),
          z.looseObject({ type: z.literal('activation'), name: z.enum(activations) }),
        ]),
      ),
      loss: z.enum(snakes(LOSSES)),
      reduction,
      params: tensors,
      x: tensor,
      y: tensor,
    },
    gives: { loss: tensor, output: tensor, gradients: tensors },
    shapes: (a) => ({ loss: [], output: shapeOf(a, 'y'), gradients: shapesOf(a, 'params') }),
  },
  {
    kind: 'program',
    names: ['graph'],
    call: 'vjp',
    says: 'the last value of a chain of operations and the cotangents of its inputs; value i < inputs.length is input i, then one per equation',
    takes: {
      equations: z.array(z.object({ op: z.string(), reads: z.array(integer), params: z.unknown().optional() })),
      inputs: tensors,
      dy: tensor,
    },
    gives: { y: tensor, dinputs: tensors },
    shapes: (a) => ({ y: shapeOf(a, 'dy'), dinputs: shapesOf(a, 'inputs') }),
  },
];
