// Ports that say of themselves what is not so.
import { changed, type Mutant, plain } from './plant.ts';

export const conventionMutants: readonly Mutant[] = [
  {
    id: 'convention/false-slope',
    says: 'declares the slope 1 of ReLU at 0, and has 0',
    killedBy: ['convention/declared'],
    plant: (port) => ({ ...port, conventions: { ...port.conventions, reluSlopeAtZero: 1 } }),
  },
  {
    id: 'convention/false-leaky-slope',
    says: 'declares that rectifiers take the left side at 0, and leaky ReLU takes the right one, alone',
    killedBy: ['convention/declared', 'activation/kink'],
    plant: changed('activation.leaky_relu.vjp', 'dx', (v, i, a) =>
      plain(a, 'x').data[i] === 0 ? (plain(a, 'dy').data[i] ?? 0) : v,
    ),
  },
  {
    id: 'convention/false-clip',
    says: 'declares that probabilities are clipped, and floors logarithms',
    killedBy: ['convention/declared'],
    plant: (port) => ({ ...port, conventions: { ...port.conventions, bce: 'probability', bceClip: 1e-7 } }),
  },
];
