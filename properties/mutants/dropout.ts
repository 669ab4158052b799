// Faults of the chapter dropout.
import type { Mutant } from './plant.ts';

export const dropoutMutants: readonly Mutant[] = [];
