// Faults of the chapter batchnorm.
import type { Mutant } from './plant.ts';

export const batchnormMutants: readonly Mutant[] = [];
