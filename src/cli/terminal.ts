// A terminal for tests of the command line: a directory of its own, and commands that are run in it as people run them.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A fresh directory until one leaves, and what can be run there; the first words of every command may be given. */
export const terminal = (...first: readonly string[]) => {
  const home = mkdtempSync(join(tmpdir(), 'tautograd-'));
  /** A file of JavaScript, outside of what GitHub has set. */
  const spawn = (file: string, args: readonly string[], more: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    new Promise((resolve) => {
      const { GITHUB_ACTIONS: _, GITHUB_STEP_SUMMARY: __, ...own } = process.env;
      execFile(
        process.execPath,
        [file, ...args],
        { cwd: home, env: { ...own, NO_COLOR: '1', ...more }, maxBuffer: 2 ** 26 },
        (error, out, err) => resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
      );
    });
  const leave = (): void => rmSync(home, { recursive: true, force: true });
  return { home, leave, spawn, run: (...args: readonly string[]) => spawn(MAIN, [...first, ...args]) };
};
