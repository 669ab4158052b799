// Faults of the chapter train.
import type { Mutant } from './plant.ts';

export const trainMutants: readonly Mutant[] = [];
