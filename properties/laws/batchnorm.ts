// The chapter of batchnorm.
import type { Law } from '../law.ts';

export const batchnormLaws: readonly Law[] = [];
