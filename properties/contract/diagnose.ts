// The contract, part seven: what a network is said to suffer from.
import { z } from 'zod';
import { ACTIVATIONS, LOSSES } from '../../src/index.ts';
import { type Entry, integer, number, reduction, snake, snakes, tensor, tensors } from './entry.ts';

const layers = z.array(
  z.union([
    z.object({ type: z.literal('dense'), units: integer }),
    z.looseObject({ type: z.literal('activation'), name: z.enum(ACTIVATIONS.map(snake)) }),
  ]),
);

export const diagnoseEntries: readonly Entry[] = [
  {
    kind: 'diagnosis',
    names: ['network'],
    call: 'slopes',
    says: 'per layer: ‖∂loss/∂x‖₂ of what it receives, its root mean square over that at the output, and the verdict; per parameter ‖∂loss/∂p‖₂',
    takes: { layers, loss: z.enum(snakes(LOSSES)), reduction, params: tensors, x: tensor, y: tensor },
    gives: {
      slopes: z.array(number),
      ratios: z.array(number),
      verdicts: z.array(z.enum(['healthy', 'vanishing', 'exploding', 'not finite', 'silent'])),
      parameters: z.array(number),
    },
    shapes: () => ({}),
  },
  {
    kind: 'diagnosis',
    names: ['network'],
    call: 'signals',
    says: 'per layer: mean and variance of what leaves it; per activation: the share of saturated numbers, and of units whose slope is 0 for every sample',
    takes: { layers, params: tensors, x: tensor },
    gives: { means: z.array(number), variances: z.array(number), saturated: z.array(number), dead: z.array(number) },
    shapes: () => ({}),
  },
  {
    kind: 'diagnosis',
    names: ['network'],
    call: 'symmetry',
    says: 'per dense layer that another follows: how many of its units are different',
    takes: { layers, params: tensors },
    gives: { distinct: z.array(integer) },
    shapes: () => ({}),
  },
];
