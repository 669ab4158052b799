// Loads the queue's packages, which are installed in this folder apart from the root, or beside tautograd.
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** A module; its types are what the caller says. @throws Error in one sentence when it is not installed */
export const queuePackage = <M>(name: string): M => {
  try {
    return load(name) as M;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(`${name} is not installed: run "npm run queue", or install bullmq and ioredis beside tautograd`);
  }
};
