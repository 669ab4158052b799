// Loads the queue's packages, which are installed in this folder apart from the root, or beside tautograd.
import { createRequire } from 'node:module';
import { TautogradError } from '../../src/index.ts';

const load = createRequire(import.meta.url);

/** A module; its types are what the caller says. @throws TautogradError in one sentence when it is not installed */
export const queuePackage = <M>(name: string): M => {
  try {
    return load(name) as M;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new TautogradError(
      `${name} is not installed: run "npm run queue", or install bullmq and ioredis beside tautograd`,
    );
  }
};
