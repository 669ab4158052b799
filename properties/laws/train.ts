// The chapter of train.
import type { Law } from '../law.ts';

export const trainLaws: readonly Law[] = [];
