// Programs as ports, tried in tests as their authors try them: the doctor, and laws of one input each, on the command line.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
/** Longest wait for an answer, in ms: tests run beside others. */
const PATIENCE = '60000';

/** A command, from the top of the project. */
export const run = (command: string, args: readonly string[]) =>
  spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 2 ** 26 });

const tautograd = (words: readonly string[], port: readonly string[]) =>
  run(process.execPath, ['src/cli/main.ts', ...words, '--timeout', PATIENCE, '--', ...port]);

/** What the doctor says of a program. */
export const doctor = (port: readonly string[]) => tautograd(['port', 'doctor'], port);

/** What laws say of a program on one input for every subject; globs, parted by commas. */
export const verified = (laws: string, port: readonly string[]) =>
  tautograd(['verify', '--runs', '1', '--law', laws], port);
