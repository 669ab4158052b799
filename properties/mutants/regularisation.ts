// Faults of the chapter regularisation.
import type { Mutant } from './plant.ts';

export const regularisationMutants: readonly Mutant[] = [];
