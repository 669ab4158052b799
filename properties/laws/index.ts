// The law book: every chapter, in reading order.
import type { Law } from '../law.ts';
import { activationLaws } from './activation.ts';
import { activationFamilyLaws } from './activation-family.ts';
import { activationRowLaws } from './activation-rows.ts';
import { activationSlopeLaws } from './activation-slopes.ts';
import { batchModeLaws } from './batchmodes.ts';
import { batchnormLaws } from './batchnorm.ts';
import { clipLaws } from './clip.ts';
import { conventionLaws } from './convention.ts';
import { covering } from './coverage.ts';
import { denseLaws } from './dense.ts';
import { diagnoseLaws } from './diagnose.ts';
import { dropoutLaws } from './dropout.ts';
import { edgeLaws } from './edges.ts';
import { edgeDrawLaws } from './edges-draws.ts';
import { edgeLossLaws } from './edges-losses.ts';
import { edgeMachineLaws } from './edges-machines.ts';
import { edgeOptimizerLaws } from './edges-optimizers.ts';
import { edgeTrainingLaws } from './edges-training.ts';
import { gradientLaws } from './gradient.ts';
import { gradientModelLaws } from './gradient-models.ts';
import { gradientProgramLaws } from './gradient-programs.ts';
import { gradientSecondLaws } from './gradient-second.ts';
import { gradientStructureLaws } from './gradient-structure.ts';
import { initializerLaws } from './initializer.ts';
import { matrixInitializerLaws } from './initializer-matrix.ts';
import { networkInitializerLaws } from './initializer-network.ts';
import { lossLaws } from './loss.ts';
import { lossFamilyLaws } from './loss-family.ts';
import { lossKindLaws } from './loss-kinds.ts';
import { metaLaws } from './meta.ts';
import { metaRunLaws } from './meta-run.ts';
import { networkLaws } from './network.ts';
import { networkFormLaws } from './network-forms.ts';
import { networkSymmetryLaws } from './network-symmetries.ts';
import { normLaws } from './norm.ts';
import { normSymmetryLaws } from './normsymmetry.ts';
import { opLaws } from './op.ts';
import { opShapeLaws } from './op-shapes.ts';
import { optimizerLaws } from './optimizer.ts';
import { closedOptimizerLaws } from './optimizer-closed.ts';
import { quadraticLaws } from './optimizer-quadratic.ts';
import { relationLaws } from './optimizer-relations.ts';
import { wholeOptimizerLaws } from './optimizer-whole.ts';
import { perceptronLaws } from './perceptron.ts';
import { purityLaws } from './purity.ts';
import { purityFamilyLaws } from './purity-family.ts';
import { rbmLaws } from './rbm.ts';
import { regularisationLaws } from './regularisation.ts';
import { rngLaws } from './rng.ts';
import { rngStatisticsLaws } from './rng-statistics.ts';
import { scheduleLaws } from './schedule.ts';
import { trainLaws } from './train.ts';
import { trainDataLaws } from './train-data.ts';
import { wrapperLaws } from './wrapper.ts';

export const LAWS: readonly Law[] = covering([
  ...metaLaws,
  ...metaRunLaws,
  ...conventionLaws,
  ...purityLaws,
  ...purityFamilyLaws,
  ...activationLaws,
  ...activationFamilyLaws,
  ...activationSlopeLaws,
  ...activationRowLaws,
  ...lossLaws,
  ...lossFamilyLaws,
  ...lossKindLaws,
  ...opLaws,
  ...opShapeLaws,
  ...gradientLaws,
  ...gradientModelLaws,
  ...gradientStructureLaws,
  ...gradientProgramLaws,
  ...gradientSecondLaws,
  ...networkLaws,
  ...denseLaws,
  ...normLaws,
  ...normSymmetryLaws,
  ...networkSymmetryLaws,
  ...networkFormLaws,
  ...batchnormLaws,
  ...batchModeLaws,
  ...dropoutLaws,
  ...edgeLaws,
  ...edgeDrawLaws,
  ...edgeLossLaws,
  ...edgeMachineLaws,
  ...edgeOptimizerLaws,
  ...edgeTrainingLaws,
  ...regularisationLaws,
  ...initializerLaws,
  ...matrixInitializerLaws,
  ...networkInitializerLaws,
  ...rngLaws,
  ...rngStatisticsLaws,
  ...optimizerLaws,
  ...closedOptimizerLaws,
  ...quadraticLaws,
  ...relationLaws,
  ...wholeOptimizerLaws,
  ...clipLaws,
  ...wrapperLaws,
  ...scheduleLaws,
  ...perceptronLaws,
  ...rbmLaws,
  ...diagnoseLaws,
  ...trainLaws,
  ...trainDataLaws,
]);
