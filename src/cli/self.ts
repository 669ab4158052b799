// How the command line is spelt where it was started, so that what it prints can be run as it stands.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { commandText } from '../../properties/process/wording.ts';

/** What the spelling depends on. */
export interface Start {
  /** The directory that the printed command is to be given in. */
  readonly cwd: string;
  /** This file, wherever it is run from. */
  readonly file: string;
  /** The running Node. */
  readonly node: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const here = (): Start => ({
  cwd: process.cwd(),
  file: import.meta.filename,
  node: process.execPath,
  env: process.env,
});

/** The directory of the package that a file belongs to. */
const packageOf = (file: string): string => {
  const up = dirname(file);
  return up === file || existsSync(join(up, 'package.json')) ? up : packageOf(up);
};

/** A path as the shell finds it from a directory, the shorter way. */
const pathFrom = (cwd: string, path: string): string => {
  const way = relative(cwd, path);
  return way.length < path.length ? way : path;
};

/** In the clone, whoever starts it: what is committed there, and read by others, spells the command so. */
export const IN_CLONE = 'npm run -s tautograd --';

/** The clone that the command line is run from; null where it is an installed package. */
export const cloneOf = ({ file }: Pick<Start, 'file'> = here()): string | null =>
  file.split(sep).includes('node_modules') ? null : packageOf(file);

/**
 * How this very command is spelt from a directory: `npx` for an installed package alone, as for any other npx would ask the
 * public registry for a package of this name, whoever has it there.
 */
export const self = (start: Partial<Start> = {}): string => {
  const { cwd, file, node, env } = { ...here(), ...start };
  const clone = cloneOf({ file });
  if (clone === null) return 'npx tautograd';
  const script = env.npm_lifecycle_event === 'tautograd' || env.npm_lifecycle_event === 'start';
  if (script && cwd === clone && env.npm_package_json === join(clone, 'package.json')) return IN_CLONE;
  const own = join(clone, 'node_modules', '.bin', 'node');
  const program = existsSync(own) && realpathSync(own) === node ? own : node;
  const main = join(dirname(file), `main${file.endsWith('.ts') ? '.ts' : '.js'}`);
  return commandText([pathFrom(cwd, program), pathFrom(cwd, main)]);
};
