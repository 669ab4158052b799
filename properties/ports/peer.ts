// Loads a published engine from bench/peers, where it is installed apart from the root.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const peers = createRequire(new URL('../../bench/peers/package.json', import.meta.url));

const found = <R>(engine: string, look: () => R): R => {
  try {
    return look();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(`${engine} is not installed: run "npm run peers"`);
  }
};

/** A module of an engine; its types are what the caller says. @throws Error in one sentence when it is not installed */
export const peer = <M>(engine: string, module = engine): M => found(engine, () => peers(module) as M);

/** The file that {@link peer} loads. @throws Error in one sentence when it is not installed */
export const pathOf = (engine: string): string => found(engine, () => peers.resolve(engine));

/** The version that is installed; its package need not let its own description be loaded. */
export const versionOf = (engine: string): string => {
  const text = readFileSync(new URL(`../../bench/peers/node_modules/${engine}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version; // npm has put it there
};
