// The contract, part four: optimizers and their schedules.
import { z } from 'zod';
import { OPTIMIZERS, SCHEDULES } from '../../src/index.ts';
import { type Entry, integer, numbers, shapesOf, snakes, tensor, tensors } from './entry.ts';

export const optimEntries: readonly Entry[] = [
  {
    kind: 'optimizer',
    names: snakes(OPTIMIZERS),
    call: 'run',
    says: 'parameters after every step, for gradients given in advance: params [leaf], gradients [step][leaf] → params [step][leaf]',
    takes: { params: tensors, gradients: z.array(tensors), hyper: numbers },
    gives: { params: z.array(tensors) },
    shapes: (a) => ({ params: (a.gradients as readonly unknown[]).map(() => shapesOf(a, 'params')) }),
  },
  {
    kind: 'schedule',
    names: snakes(SCHEDULES),
    call: 'factor',
    says: 'factors on the learning rate at steps counted from 1',
    takes: { hyper: numbers, steps: z.array(integer) },
    gives: { factor: tensor },
    shapes: (a) => ({ factor: [(a.steps as readonly unknown[]).length] }),
  },
];
