// The starters of ports: a row per language, with a folder of files that work as they are; and what is written beside them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { commandText } from '../process/wording.ts';
import { conventionTexts, PORTABLE, rowName, rowTexts } from '../published.ts';

/** A language that a port can be begun in. */
export interface Starter {
  readonly doc: string;
  /** What is copied from the folder of its name; the first file is the one that entries are added to. */
  readonly files: readonly [string, ...string[]];
  /** How an entry is added, as a clause. */
  readonly adds: string;
  /** What the engine is to `verify`: a program, or a module of JavaScript. */
  readonly engine: { readonly command: readonly string[] } | { readonly adapter: string };
  /** Commands that make it ready to run. */
  readonly prepare?: readonly string[];
  /** Commands that a fresh Ubuntu needs before that. */
  readonly install?: readonly string[];
  /** What is made, and belongs into no repository. */
  readonly makes?: readonly string[];
  /** A command that succeeds where everything is installed that it needs. */
  readonly probe: readonly string[];
}

export const STARTERS: Readonly<Record<string, Starter>> = {
  python: {
    doc: 'a program in Python, standard library only',
    files: ['port.py'],
    adds: 'write its function under `@entry`',
    engine: { command: ['python3', 'port.py'] },
    makes: ['__pycache__/'],
    probe: ['python3', '--version'],
  },
  numpy: {
    doc: 'a program in Python with NumPy arrays',
    files: ['port.py'],
    adds: 'write its function under `@entry`',
    engine: { command: ['python3', 'port.py'] },
    install: ['sudo apt-get update', 'sudo apt-get install -y python3-numpy'],
    makes: ['__pycache__/'],
    probe: ['python3', '-c', 'import numpy'],
  },
  c: {
    doc: 'a program in C11, libc and libm only',
    files: ['port.c', 'protocol.c', 'protocol.h'],
    adds: 'write its function and a line in `ENTRIES`',
    engine: { command: ['./port'] },
    prepare: ['cc -O2 -std=c11 -Wall -Wextra -o port port.c protocol.c -lm'],
    makes: ['port'],
    probe: ['cc', '--version'],
  },
  rust: {
    doc: 'a program in Rust, std only',
    files: ['src/main.rs', 'src/protocol.rs', 'Cargo.toml'],
    adds: 'write its function and a line in `ENTRIES`',
    engine: { command: ['target/release/port'] },
    prepare: ['cargo build --release'],
    makes: ['target/'],
    probe: ['cargo', '--version'],
  },
  javascript: {
    doc: 'an adapter module in JavaScript, for engines that run in Node',
    files: ['port.js', 'package.json'],
    adds: 'write its function under its kind and name',
    engine: { adapter: './port.js' },
    prepare: ['npm install --save-dev tautograd'],
    probe: ['node', '--version'],
  },
};

/** What every starter can do from the first. */
export const STARTED: readonly string[] = [
  'activation.identity',
  'activation.relu',
  'activation.sigmoid',
  'loss.mse',
  'layer.dense',
].flatMap((row) => [`${row}.forward`, `${row}.vjp`]);

/** Kinds of entries, easy ones first; what is not named here comes last. */
const ORDER = [
  'activation',
  'loss',
  'layer',
  'gain',
  'initializer',
  'optimizer',
  'clip',
  'schedule',
  'wrapper',
  'regulariser',
  'perceptron',
  'model',
  'program',
  'random',
  'training',
  'rbm',
  'diagnosis',
  'session',
];

/** The contract as a list to tick off. */
const contractText = (source: string): string => {
  const rank = (kind: string): number => (ORDER.includes(kind) ? ORDER.indexOf(kind) : ORDER.length);
  const rows = rowTexts([...PORTABLE].sort((a, b) => rank(a.kind) - rank(b.kind)));
  const lines = rows.flatMap(({ row, takes, gives }, i) => [
    ...(rows[i - 1]?.row.kind === row.kind ? [] : [`\n## ${row.kind}`]),
    `\n### ${rowName(row)}\n`,
    `${row.says}  `,
    `takes \`${takes === '' ? 'nothing' : takes}\`  `,
    `gives \`${gives}\`\n`,
    ...row.names
      .map((name) => `${row.kind}.${name}.${row.call}`)
      .map((id) => `- [${STARTED.includes(id) ? 'x' : ' '}] ${id}`),
  ]);
  return `# What can be asked

Entry by entry, easy ones first; \`[x]\` is done in ${source}. \`tautograd contract --json\` has the same as JSON Schema,
and \`tautograd verify --list\` names the laws. Where engines rightly differ, the port declares its choice, see the end.
${lines.join('\n')}

## Conventions

Choices that are nobody's bug: what differs from the usual is declared beside the engine's name, as \`"conventions": { "bce": "probability" }\`.

| convention | may be | usual | what it says |
|---|---|---|---|
${conventionTexts()
  .map(({ name, values, usual, says }) => `| \`${name}\` | ${values} | \`${usual}\` | ${says} |`)
  .join('\n')}
`;
};

const TEMPLATES = join(import.meta.dirname, 'starters');
/** Files of every starter, with `{{…}}` to fill in. */
const EVERY = ['README.md', '.github/workflows/tautograd.yml'] as const;

/** What npm installs for a starter in JavaScript. */
export const PACKAGE = 'tautograd';

/** The commands that a starter is worked with, a line each, with `self` for the command line and `from` for what npm installs. */
export const commandsOf = (
  { engine, prepare = [] }: Starter,
  self = 'tautograd',
  from = PACKAGE,
): readonly string[] => [
  ...prepare.map((c) => (c.startsWith('npm ') ? c.replace(PACKAGE, () => from) : c)),
  ...('command' in engine ? [`${self} port doctor -- ${commandText(engine.command)}`] : []),
  `${self} verify ${engineText(engine)}`,
];

const engineText = (engine: Starter['engine']): string =>
  'command' in engine ? `-- ${commandText(engine.command)}` : engine.adapter;

/** Every file of a starter by its path, as `port init` writes them; CI is to use that version of tautograd. */
export const filesOf = (name: string, starter: Starter, version: string): ReadonlyMap<string, string> => {
  const { doc, files, adds, engine, prepare = [], install = [], makes = [] } = starter;
  const [source] = files;
  const values: Readonly<Record<string, string>> = {
    doc,
    source,
    adds,
    commands: commandsOf(starter).join('\n'),
    // CI has a version of its own choice, which an install without one would replace
    steps: [...install, `npm install --no-save tautograd@${version}`, ...prepare.filter((c) => !c.startsWith('npm '))]
      .map((command) => `- run: ${command}`)
      .join('\n      '),
    engine: engineText(engine),
  };
  const text = (...path: readonly string[]): string => readFileSync(join(TEMPLATES, ...path), 'utf8');
  const fill = (template: string): string =>
    template.replace(/\{\{(\w+)\}\}/g, (whole, field: string) => values[field] ?? whole);
  return new Map([
    ...files.map((file) => [file, text(name, file)] as const),
    ['CONTRACT.md', contractText(source)] as const,
    ...EVERY.map((file) => [file, fill(text('every', file))] as const),
    [
      '.gitignore',
      [...makes, 'node_modules/', '.tautograd/', 'tautograd.xml', 'tautograd.html', ''].join('\n'),
    ] as const,
  ]);
};
