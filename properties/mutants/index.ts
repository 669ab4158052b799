// Planted faults, most of them real bugs in one line: each names the laws that must find it.
import { activationMutants } from './activation.ts';
import { gradientMutants } from './gradient.ts';
import { initializerMutants } from './initializer.ts';
import { judgeMutants } from './judge.ts';
import { lossMutants } from './loss.ts';
import { opMutants } from './op.ts';
import { optimizerMutants } from './optimizer.ts';
import { perceptronMutants } from './perceptron.ts';
import type { Mutant } from './plant.ts';
import { purityMutants } from './purity.ts';
import { scheduleMutants } from './schedule.ts';

export type { Mutant } from './plant.ts';

export const MUTANTS: readonly Mutant[] = [
  ...judgeMutants,
  ...purityMutants,
  ...activationMutants,
  ...lossMutants,
  ...gradientMutants,
  ...initializerMutants,
  ...optimizerMutants,
  ...scheduleMutants,
  ...perceptronMutants,
  ...opMutants,
];
