// Whether a module is the program that was started, or is looked at by another.
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** For the module of that URL; npm starts a program by a link to it. */
export const isStarted = (url: string): boolean =>
  process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(url);
