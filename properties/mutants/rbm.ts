// Faults of the chapter rbm.
import type { Mutant } from './plant.ts';

export const rbmMutants: readonly Mutant[] = [];
