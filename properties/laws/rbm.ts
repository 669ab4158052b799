// The chapter of rbm.
import type { Law } from '../law.ts';

export const rbmLaws: readonly Law[] = [];
