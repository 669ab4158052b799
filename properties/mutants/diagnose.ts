// Faults of the chapter diagnose.
import type { Mutant } from './plant.ts';

export const diagnoseMutants: readonly Mutant[] = [];
