// The chapter of dropout.
import type { Law } from '../law.ts';

export const dropoutLaws: readonly Law[] = [];
