// `tautograd port init`: the beginning of a port in a language, in a directory that is empty.
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { commandsOf, filesOf, STARTED, STARTERS, type Starter } from '../../properties/ports/starters.ts';
import { commandText } from '../../properties/process/wording.ts';
import { PORTABLE } from '../../properties/published.ts';
import { toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { cloneOf, self } from './self.ts';
import { print } from './show.ts';

/** What a repository and `npm install tautograd` leave in a directory, which counts as empty with it. */
const LEFT = ['.git', 'node_modules', 'package.json', 'package-lock.json'];

/** Why these files cannot begin in a directory, as a clause, or null. */
const obstacle = (directory: string, files: ReadonlyMap<string, string>): string | null => {
  if (!existsSync(directory)) return null;
  if (!statSync(directory).isDirectory()) return 'is no directory';
  const found = readdirSync(directory).filter((name) => !LEFT.includes(name) || files.has(name));
  const names = `${found.slice(0, 3).join(', ')}${found.length > 3 ? ', …' : ''}`;
  return found.length === 0 ? null : `is not empty, it has ${names}; name a new one, as: my-port`;
};

/** The commands that go on in the new directory, which is not the one that this one was given in. */
const commandsThere = (starter: Starter, directory: string, version: string): readonly string[] => {
  const cwd = resolve(directory);
  const clone = cloneOf();
  if (clone === null) return commandsOf(starter, self({ cwd }));
  const commands = commandsOf(starter, self({ cwd }), commandText([join(clone, `tautograd-${version}.tgz`)]));
  const packed = commands.some((c) => c.startsWith('npm '));
  return [...(packed ? [`(cd ${commandText([clone])} && npm run build && npm pack)`] : []), ...commands];
};

/** The command. @throws CommandFault for an unknown language, and where there is something already: then nothing is changed */
export const initCommand = (language: string, directory: string, version: string, json: boolean): number => {
  const starter = Object.hasOwn(STARTERS, language) ? STARTERS[language] : undefined;
  if (starter === undefined)
    throw new CommandFault(
      `init: there is no starter for "${language}", known are ${Object.keys(STARTERS).join(', ')}`,
    );
  const files = filesOf(language, starter, version);
  const why = obstacle(directory, files);
  if (why !== null) throw new CommandFault(`init: ${directory} ${why}`);
  try {
    for (const [file, text] of files) {
      mkdirSync(dirname(join(directory, file)), { recursive: true });
      writeFileSync(join(directory, file), text);
    }
  } catch (error) {
    throw new CommandFault(`init: ${error instanceof Error ? error.message : error}`, EXIT.usage, error);
  }
  const next = [
    ...(directory === '.' ? [] : [`cd ${commandText([directory])}`]),
    ...commandsThere(starter, directory, version),
  ];
  if (json) {
    print(toJson({ schema: 1, language, directory, files: [...files.keys()], next }).trimEnd());
    return EXIT.ok;
  }
  const open = PORTABLE.reduce((n, row) => n + row.names.length, -STARTED.length);
  print(`${starter.doc}: ${[...files.keys()].join(' ')}`);
  print(`${STARTED.length} entries are done in ${starter.files[0]}; CONTRACT.md has ${open} to go on with\n\nnext:`);
  for (const command of next) print(`  ${command}`);
  return EXIT.ok;
};
