// Finds what a command line names: an adapter file, laws by glob, a stored counterexample.
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CrewOptions } from '../../properties/crew.ts';
import { type Deviation, deviationsSchema } from '../../properties/deviations.ts';
import { matching } from '../../properties/glob.ts';
import type { Law } from '../../properties/law.ts';
import { LAWS } from '../../properties/laws/index.ts';
import { isPort, type Port, PortError } from '../../properties/port.ts';
import home from '../../properties/ports/home.ts';
import { withVerifier } from '../../properties/ports/verifier.ts';
import { NoProgram } from '../../properties/process/client.ts';
import { startPort } from '../../properties/process/port.ts';
import { commandText } from '../../properties/process/wording.ts';
import { fromJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The port of an adapter module, or the built-in engine; the verifier joins either. @throws CommandFault */
export const loadPort = async (adapter: string | undefined, who = 'verify'): Promise<Port> => {
  if (adapter === undefined) return withVerifier(home);
  const path = resolve(adapter);
  if (!existsSync(path)) throw new CommandFault(`${who}: there is no file ${adapter}`);
  let module: { readonly default?: unknown };
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module; // whatever it exports is checked below
  } catch (error) {
    const what =
      error instanceof PortError ? message(error) : `${adapter} cannot be loaded: ${message(error).split('\n')[0]}`;
    throw new CommandFault(`${who}: ${what}`, EXIT.port, error);
  }
  if (!isPort(module.default))
    throw new CommandFault(
      `${who}: the default export of ${adapter} must be made by definePort, got ${typeof module.default}`,
      EXIT.port,
    );
  return withVerifier(module.default);
};

/** What a command line names as the engine: a module, a program, or neither for the built-in one. */
export interface Source {
  readonly adapter?: string;
  /** What stands behind `--`. */
  readonly command?: readonly string[];
}

/** A port for a command, and how to let it go. */
export interface Engine {
  readonly port: Port;
  /** What went wrong with its program beside any call. */
  readonly strays: readonly string[];
  readonly close: () => Promise<void>;
}

/** The engine that the command line of `who` names; the verifier joins it. @throws CommandFault */
export const loadEngine = async ({ adapter, command }: Source, timeout?: number, who = 'verify'): Promise<Engine> => {
  if (command === undefined) return { port: await loadPort(adapter, who), strays: [], close: async () => {} };
  if (adapter !== undefined)
    throw new CommandFault(
      `${who}: either an adapter or a command behind --, got ${adapter} and ${commandText(command)}`,
    );
  if (command.length === 0) throw new CommandFault(`${who}: there is no command behind --`);
  try {
    const { port, strays, close } = await startPort(command, timeout === undefined ? {} : { timeout });
    return { port: withVerifier(port), strays, close };
  } catch (error) {
    throw new CommandFault(`${who}: ${message(error)}`, error instanceof NoProgram ? EXIT.usage : EXIT.port, error);
  }
};

/** The URL of an adapter's module, or the command, for workers to load it again. */
export const moduleOf = ({ adapter, command }: Source): Pick<CrewOptions, 'module' | 'command'> =>
  command !== undefined ? { command } : adapter === undefined ? {} : { module: pathToFileURL(resolve(adapter)).href };

/** The list of expected deviations. @throws CommandFault when there is no such file, or it is no such list */
export const loadDeviations = (path: string): readonly Deviation[] => {
  if (!existsSync(path)) throw new CommandFault(`expect: there is no file ${path}`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new CommandFault(`expect: ${path} is not JSON: ${message(error)}`, EXIT.usage, error);
  }
  const parsed = deviationsSchema.safeParse(value);
  if (parsed.success) return value as readonly Deviation[]; // as the schema has found it
  const [issue] = parsed.error.issues;
  throw new CommandFault(`expect: ${path}: ${[...(issue?.path ?? []), issue?.message].join(' ')}`);
};

/** Names by globs, comma-separated, in the order of the table; all without one. @throws CommandFault when a glob matches none */
export const namesOf = (
  command: string,
  what: string,
  names: readonly string[],
  globs: string | undefined,
  known: readonly string[] = names,
): readonly string[] => {
  if (globs === undefined) return names;
  const { chosen, idle } = matching(names, globs);
  if (idle.length > 0)
    throw new CommandFault(`${command}: no ${what} matches "${idle[0]}", known are ${known.join(', ')}`);
  return chosen;
};

/** Laws by glob, comma-separated; all without one. @throws CommandFault when a glob matches none */
export const lawsOf = (globs: string | undefined): readonly Law[] => {
  const chapters = [...new Set(LAWS.map((l) => l.id.split('/')[0]))].map((c) => `${c}/*`);
  const chosen = namesOf(
    'verify',
    'law',
    LAWS.map((l) => l.id),
    globs,
    chapters,
  );
  return LAWS.filter((l) => chosen.includes(l.id));
};

/** A failure on disk: the values, and what they belong to. */
export interface Stored {
  readonly schema: 1;
  readonly engine: string;
  readonly law: string;
  readonly subject: string;
  readonly input: unknown;
}

/** @throws CommandFault when there is no such file, or it is no stored counterexample */
export const loadStored = (path: string): Stored => {
  if (!existsSync(path)) throw new CommandFault(`replay: there is no file ${path}`);
  let value: Partial<Stored> | null;
  try {
    value = fromJson(readFileSync(path, 'utf8')) as typeof value; // checked field by field below
  } catch (error) {
    throw new CommandFault(`replay: ${path} is not JSON: ${message(error)}`, EXIT.usage, error);
  }
  if (value?.schema !== 1 || typeof value.law !== 'string' || typeof value.subject !== 'string' || !('input' in value))
    throw new CommandFault(`replay: ${path} is no stored counterexample: it needs schema 1, law, subject and input`);
  return value as Stored;
};
