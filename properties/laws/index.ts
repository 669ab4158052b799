// The law book: every chapter, in reading order.
import type { Law } from '../law.ts';
import { activationLaws } from './activation.ts';
import { gradientLaws } from './gradient.ts';
import { lossLaws } from './loss.ts';

export const LAWS: readonly Law[] = [...activationLaws, ...lossLaws, ...gradientLaws];
