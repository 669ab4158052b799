// Loads a published engine from bench/peers, where it is installed apart from the root.
import { createRequire } from 'node:module';

const peers = createRequire(new URL('../../bench/peers/package.json', import.meta.url));

/** A module of an engine; its types are what the caller says. @throws Error in one sentence when it is not installed */
export const peer = <M>(engine: string, module = engine): M => {
  try {
    return peers(module) as M;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(`${engine} is not installed: run "npm run peers"`);
  }
};
