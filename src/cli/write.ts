// Writes what a command was asked to leave behind.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Writes a file, in folders that may not exist yet. */
export const writeText = (path: string, text: string): string => {
  mkdirSync(dirname(resolve(path)), { recursive: true });
  writeFileSync(path, text);
  return path;
};
