// The contract, part seven: whole trainings, interrupted, saved and watched, and numbers on their way through text.
import { z } from 'zod';
import { LOSSES, OPTIMIZERS } from '../../src/index.ts';
import { type Entry, integer, numbers, shapeOf, snakes, tensor, tensors } from './entry.ts';

export const sessionEntries: readonly Entry[] = [
  {
    kind: 'session',
    names: ['training'],
    call: 'run',
    says: 'full-batch training from a seed; saved and loaded after the steps of `resumeAt`, evaluated after those of `evaluateAt`; all parameters and states at the end, and the loss of every step',
    takes: {
      layers: z.array(z.looseObject({ type: z.enum(['dense', 'activation', 'dropout', 'batch_norm']) })),
      loss: z.enum(snakes(LOSSES)),
      optimizer: z.enum(snakes(OPTIMIZERS)),
      hyper: numbers,
      seed: integer,
      x: tensor,
      y: tensor,
      steps: integer,
      resumeAt: z.array(integer),
      evaluateAt: z.array(integer),
    },
    gives: { variables: tensors, losses: tensor },
    shapes: (a) => ({ losses: [a.steps] }),
  },
  {
    kind: 'session',
    names: ['text'],
    call: 'round_trip',
    says: 'numbers written as text and read back, as the format of saved states does',
    takes: { values: tensor },
    gives: { values: tensor },
    shapes: (a) => ({ values: shapeOf(a, 'values') }),
  },
];
