// Ports that say of themselves what is not so.
import type { Mutant } from './plant.ts';

export const conventionMutants: readonly Mutant[] = [
  {
    id: 'convention/false-slope',
    says: 'declares the slope 1 of ReLU at 0, and has 0',
    killedBy: ['convention/declared'],
    plant: (port) => ({ ...port, conventions: { ...port.conventions, reluSlopeAtZero: 1 } }),
  },
  {
    id: 'convention/false-clip',
    says: 'declares that probabilities are clipped, and floors logarithms',
    killedBy: ['convention/declared'],
    plant: (port) => ({ ...port, conventions: { ...port.conventions, bce: 'probability', bceClip: 1e-7 } }),
  },
];
