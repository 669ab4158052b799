// The chapter of diagnose.
import type { Law } from '../law.ts';

export const diagnoseLaws: readonly Law[] = [];
