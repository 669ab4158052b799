// Planted faults, most of them real bugs in one line: each names the laws that must find it.
import { activationMutants } from './activation.ts';
import { activationFamilyMutants } from './activation-family.ts';
import { batchModeMutants } from './batchmodes.ts';
import { batchnormMutants } from './batchnorm.ts';
import { conventionMutants } from './convention.ts';
import { denseMutants } from './dense.ts';
import { diagnoseMutants } from './diagnose.ts';
import { dropoutMutants } from './dropout.ts';
import { edgeMutants } from './edges.ts';
import { gradientMutants } from './gradient.ts';
import { initializerMutants } from './initializer.ts';
import { networkInitializerMutants } from './initializer-network.ts';
import { judgeMutants } from './judge.ts';
import { layernormMutants } from './layernorm.ts';
import { lossMutants } from './loss.ts';
import { lossFamilyMutants } from './loss-family.ts';
import { networkMutants } from './network.ts';
import { opMutants, opSeamMutants } from './op.ts';
import { optimizerMutants } from './optimizer.ts';
import { adaptiveMutants } from './optimizer-adaptive.ts';
import { wholeOptimizerMutants } from './optimizer-whole.ts';
import { perceptronMutants } from './perceptron.ts';
import type { Mutant } from './plant.ts';
import { purityMutants } from './purity.ts';
import { purityFamilyMutants } from './purity-family.ts';
import { rbmMutants } from './rbm.ts';
import { regularisationMutants } from './regularisation.ts';
import { rngMutants } from './rng.ts';
import { runMutants } from './run.ts';
import { scheduleMutants } from './schedule.ts';
import { trainMutants } from './train.ts';
import { trainDataMutants } from './train-data.ts';
import { wrapperMutants } from './wrapper.ts';

export type { Mutant } from './plant.ts';

export const MUTANTS: readonly Mutant[] = [
  ...judgeMutants,
  ...runMutants,
  ...conventionMutants,
  ...purityMutants,
  ...purityFamilyMutants,
  ...activationMutants,
  ...activationFamilyMutants,
  ...lossMutants,
  ...lossFamilyMutants,
  ...gradientMutants,
  ...denseMutants,
  ...networkMutants,
  ...batchnormMutants,
  ...batchModeMutants,
  ...layernormMutants,
  ...dropoutMutants,
  ...regularisationMutants,
  ...initializerMutants,
  ...networkInitializerMutants,
  ...rngMutants,
  ...optimizerMutants,
  ...adaptiveMutants,
  ...wholeOptimizerMutants,
  ...wrapperMutants,
  ...edgeMutants,
  ...scheduleMutants,
  ...perceptronMutants,
  ...rbmMutants,
  ...diagnoseMutants,
  ...trainMutants,
  ...trainDataMutants,
  ...opMutants,
  ...opSeamMutants,
];
