// The law book: every chapter, in reading order.
import type { Law } from '../law.ts';
import { activationLaws } from './activation.ts';
import { gradientLaws } from './gradient.ts';
import { initializerLaws } from './initializer.ts';
import { lossLaws } from './loss.ts';
import { metaLaws } from './meta.ts';
import { networkLaws } from './network.ts';
import { opLaws } from './op.ts';
import { optimizerLaws } from './optimizer.ts';
import { perceptronLaws } from './perceptron.ts';
import { purityLaws } from './purity.ts';
import { rngLaws } from './rng.ts';
import { scheduleLaws } from './schedule.ts';

export const LAWS: readonly Law[] = [
  ...metaLaws,
  ...purityLaws,
  ...activationLaws,
  ...lossLaws,
  ...opLaws,
  ...gradientLaws,
  ...networkLaws,
  ...initializerLaws,
  ...rngLaws,
  ...optimizerLaws,
  ...scheduleLaws,
  ...perceptronLaws,
];
