// Loads a published engine from this folder, where it is installed apart from the root.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** A module of an engine; its types are what the caller says. @throws Error in one sentence when it is not installed */
export const engine = <M>(name: string): M => {
  try {
    return load(name) as M;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new Error(`${name} is not installed: run "npm run peers"`);
  }
};

/** The file that {@link engine} loads. */
export const pathOf = (name: string): string => load.resolve(name);

/** The version that is installed; its package need not let its own description be loaded. */
export const versionOf = (name: string): string => {
  const folders = load.resolve.paths(name) ?? [];
  for (const folder of folders)
    try {
      return (JSON.parse(readFileSync(`${folder}/${name}/package.json`, 'utf8')) as { readonly version: string })
        .version; // npm has put it there
    } catch {}
  throw new Error(`${name} is not installed: run "npm run peers"`);
};
