// The law book: every chapter, in reading order.
import type { Law } from '../law.ts';
import { activationLaws } from './activation.ts';
import { activationFamilyLaws } from './activation-family.ts';
import { activationRowLaws } from './activation-rows.ts';
import { activationSlopeLaws } from './activation-slopes.ts';
import { batchnormLaws } from './batchnorm.ts';
import { conventionLaws } from './convention.ts';
import { covering } from './coverage.ts';
import { diagnoseLaws } from './diagnose.ts';
import { dropoutLaws } from './dropout.ts';
import { gradientLaws } from './gradient.ts';
import { initializerLaws } from './initializer.ts';
import { lossLaws } from './loss.ts';
import { lossFamilyLaws } from './loss-family.ts';
import { lossKindLaws } from './loss-kinds.ts';
import { metaLaws } from './meta.ts';
import { metaRunLaws } from './meta-run.ts';
import { networkLaws } from './network.ts';
import { opLaws } from './op.ts';
import { optimizerLaws } from './optimizer.ts';
import { perceptronLaws } from './perceptron.ts';
import { purityLaws } from './purity.ts';
import { purityFamilyLaws } from './purity-family.ts';
import { rbmLaws } from './rbm.ts';
import { regularisationLaws } from './regularisation.ts';
import { rngLaws } from './rng.ts';
import { scheduleLaws } from './schedule.ts';
import { trainLaws } from './train.ts';

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
  ...gradientLaws,
  ...networkLaws,
  ...batchnormLaws,
  ...dropoutLaws,
  ...regularisationLaws,
  ...initializerLaws,
  ...rngLaws,
  ...optimizerLaws,
  ...scheduleLaws,
  ...perceptronLaws,
  ...rbmLaws,
  ...diagnoseLaws,
  ...trainLaws,
]);
