// What the machine could do at best: the probe of peak arithmetic and bandwidth. Without one there are no shares, and nothing else is missing.
import type { Limits } from './share.ts';

/** Measured now; null where no probe is there. */
export const limits = async (): Promise<Limits | null> => null;
