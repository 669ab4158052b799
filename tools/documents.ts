// The documents as tests read them: fenced blocks with what is to be done with them, command lines, code spans, links, headings.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));

/** A fenced block. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** What the comment on the line above says: `write f`, `insert f above t`, `change f`, `run d`; null without one. */
  readonly directive: string | null;
}

export const blocksOf = (document: string): readonly Block[] =>
  [...document.matchAll(/(?:^<!-- ([^>\n]+) -->\n)?^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)].map(
    ([, directive = null, language = '', text = '']) => ({ language, text, directive }),
  );

/** The document without its fenced blocks and comments. */
export const proseOf = (document: string): string =>
  document.replace(/^```[\s\S]*?^```$/gm, '').replace(/<!--[\s\S]*?-->/g, '');

export const spansOf = (document: string): readonly string[] =>
  [...proseOf(document).matchAll(/(?<!`)`([^`\n]+)`(?!`)/g)].map((m) => m[1] ?? '');

/** Targets of links that lead to files or headings here. */
export const linksOf = (document: string): readonly string[] =>
  [...proseOf(document).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map((m) => m[1] ?? '');

/** Anchors of headings, as GitHub makes them. */
export const anchorsOf = (document: string): readonly string[] =>
  [...proseOf(document).matchAll(/^#+ (.*)$/gm)].map((m) =>
    (m[1] ?? '')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Words of a shell line; quotes keep them together. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'));

const COMMAND = /^(?:npx tautograd|npm run -s tautograd --|\S*\/?node \S*src\/cli\/main\.ts|tautograd)(?: |$)/;

/** What the shell lines of a text ask of the command line of tautograd. */
export const commandsIn = (text: string): readonly (readonly string[])[] =>
  text
    .replace(/\\\n\s*/g, ' ')
    .split('\n')
    .flatMap((line) =>
      line
        .replace(/^\$ /, '')
        .replace(/\s+#.*$/, '')
        .split(/\s+&&\s+|\s+\|\s+/),
    )
    .flatMap((part) => (COMMAND.test(part) ? [wordsOf(part.replace(COMMAND, ''))] : []));

/** A pattern of output: a line of `…` stands for any lines, `…` in a line for anything in it. */
const patternOf = (shown: readonly string[]): RegExp => {
  const escaped = (line: string): string =>
    line
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^\\n]*');
  return new RegExp(`^${shown.map((line) => (line === '…' ? '(?:[^\\n]*\\n)*?' : `${escaped(line)}\\n`)).join('')}$`);
};

/** A command of a block whose output is not what is shown. */
export interface Surprise {
  readonly command: string;
  readonly shown: string;
  readonly came: string;
}

/** Runs a block of `$ command` lines in a folder, and returns what came out differently. */
const run = (text: string, cwd: string): readonly Surprise[] => {
  const parts = text.split(/^(?=\$ )/m);
  return parts.flatMap((part) => {
    const [first = '', ...shown] = part.trimEnd().split('\n');
    const command = first.slice(2);
    const line = command.replace(/npx tautograd/g, `"${process.execPath}" "${MAIN}"`);
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { cwd, encoding: 'utf8' });
    const came = `${stdout}${stderr}`
      .replace(/\S*\/node \S*src\/cli\/main\.ts/g, 'npx tautograd') // it says how it was started
      .split('\n')
      .map((l) => l.trimEnd())
      .join('\n')
      .replace(/\n*$/, '\n');
    return patternOf(shown.filter((l) => l !== '')).test(came.replace(/^\n+/gm, ''))
      ? []
      : [{ command, shown: shown.join('\n'), came }];
  });
};

const edit = (path: string, change: (text: string) => string): void => {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, change(existsSync(path) ? readFileSync(path, 'utf8') : ''));
};

const replaced = (text: string, from: string, to: string): string => {
  if (text.split(from).length !== 2) throw new Error(`documents: not once in the file: ${from}`);
  return text.replace(from, () => to);
};

/** Does what the directives of a document say, in its order, in a folder; returns what came out differently. */
export const follow = (document: string, folder: string): readonly Surprise[] =>
  blocksOf(document).flatMap(({ directive, text }): readonly Surprise[] => {
    const [verb = '', target = '', , ...rest] = directive?.split(' ') ?? [];
    const path = join(folder, target);
    if (verb === 'run') return run(text, path);
    if (verb === 'write') edit(path, () => text);
    if (verb === 'insert')
      edit(path, (before) => {
        const at = before.split('\n').find((line) => line.includes(rest.join(' '))) ?? '';
        return replaced(before, at, `${text}\n\n${at}`);
      });
    if (verb === 'change') {
      const lines = (sign: string): string =>
        text
          .split('\n')
          .filter((line) => line.startsWith(sign))
          .map((line) => line.slice(1))
          .join('\n');
      edit(path, (before) => replaced(before, lines('-'), lines('+')));
    }
    return [];
  });

/** Runs the snippets of a language as one module; `expression; // → value` is looked at, and what differs is returned. */
export const snippetsOff = (
  document: string,
  folder: string,
  modules: Readonly<Record<string, string>>,
): readonly string[] => {
  const snippets = blocksOf(document).filter((b) => b.language === 'ts' && b.directive === null);
  if (snippets.length === 0) return [];
  const looked = snippets
    .map((b) => b.text)
    .join('\n')
    .replace(
      /^([^\n]+); \/\/ → (.*)$/gm,
      (_, expression: string, value: string) =>
        `console.log(JSON.stringify([${JSON.stringify(value)}, JSON.stringify(${expression})]));`,
    )
    .replace(/from '(tautograd[\w/]*)'/g, (whole, name: string) =>
      modules[name] === undefined ? whole : `from ${JSON.stringify(modules[name])}`,
    );
  const file = join(folder, 'snippets.ts');
  writeFileSync(file, looked);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  return execFileSync(process.execPath, [file], { encoding: 'utf8', cwd: folder })
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [shown = '', came = ''] = JSON.parse(line) as readonly string[]; // as it was written above
      return shown.replace(/\s|"|'/g, '') === came.replace(/\s|"/g, '') ? [] : [`${shown} is ${came}`];
    });
};
