// The chapter of regularisation.
import type { Law } from '../law.ts';

export const regularisationLaws: readonly Law[] = [];
