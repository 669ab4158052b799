// How large every room is: lines of code, comments, casts, the longest files and functions. Writes reports/size.md.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseSync } from 'vite';
import { page, table } from '../bench/markdown.ts';

/** Lines of code that the first plan of the architecture had for each room, before there was any. */
const PLANNED: Readonly<Record<string, number>> = {
  'src/core': 380,
  'src/ops': 630,
  'src/grad': 120,
  'src/compile': 380,
  'src/nn': 460,
  'src/optim': 400,
  'src/models': 220,
  'src/train': 260,
  'src/cli': 150,
  'properties/oracle': 260,
  'properties/laws': 1300,
  'properties/mutants': 150,
  'properties/ports': 180,
  properties: 580,
  bench: 890,
};
/** Rooms within rooms that are counted apart. */
const APART = [
  'src/cli/report',
  'bench/sweep',
  'bench/course',
  'bench/statistics',
  'bench/peers',
  'properties/process',
];
const ROOMS = [...Object.keys(PLANNED), ...APART, 'src/live', 'src', 'tools'];
const LONGEST = 12;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}
interface Named extends Node {
  readonly id?: { readonly name?: string } | null;
  readonly key?: { readonly name?: string } | null;
  readonly typeAnnotation?: { readonly typeName?: { readonly name?: string } };
}
const isNode = (value: unknown): value is Named =>
  typeof value === 'object' && value !== null && 'type' in value && 'start' in value;

interface Place {
  readonly name: string;
  readonly file: string;
  readonly lines: number;
}
interface Size {
  readonly file: string;
  readonly lines: number;
  readonly comments: number;
  readonly casts: number;
  readonly functions: readonly Place[];
}

const sizeOf = (file: string): Size => {
  const text = readFileSync(file, 'utf8');
  const { program, comments } = parseSync(file, text);
  const code = comments.reduce(
    (left, { start, end }) => left.slice(0, start) + left.slice(start, end).replace(/[^\n]/g, ' ') + left.slice(end),
    text,
  );
  const filled = (of: string): number => of.split('\n').filter((line) => line.trim() !== '').length;
  const functions: Place[] = [];
  let casts = 0;
  const walk = (node: Named, name: string): void => {
    if (/^(?:Function|ArrowFunction)/.test(node.type))
      functions.push({ name, file, lines: filled(code.slice(node.start, node.end)) });
    const isConst = node.typeAnnotation?.typeName?.name === 'const';
    if (node.type === 'TSNonNullExpression' || (node.type === 'TSAsExpression' && !isConst)) casts++;
    const own = node.id?.name ?? node.key?.name ?? name;
    for (const child of Object.values(node)) for (const each of [child].flat()) if (isNode(each)) walk(each, own);
  };
  walk(program, '');
  return { file, lines: filled(code), comments: filled(text) - filled(code), casts, functions };
};

const roomOf = (file: string): string =>
  ROOMS.filter((room) => file.startsWith(`${room}/`)).reduce((a, b) => (a.length > b.length ? a : b), '');
const isTest = (file: string): boolean => file.endsWith('.test.ts');
const sizes = ['src', 'properties', 'bench', 'tools']
  .flatMap((top) => readdirSync(top, { recursive: true, encoding: 'utf8' }).map((file) => `${top}/${file}`))
  .filter((file) => file.endsWith('.ts') && !file.includes('node_modules'))
  .sort()
  .map(sizeOf);
const total = (of: readonly Size[], what: 'lines' | 'comments' | 'casts'): number =>
  of.reduce((n, s) => n + s[what], 0);

const rooms = ROOMS.map((room) => {
  const own = sizes.filter(({ file }) => roomOf(file) === room);
  const code = own.filter(({ file }) => !isTest(file));
  return [
    `\`${room}\``,
    code.length,
    PLANNED[room] ?? '',
    total(code, 'lines'),
    total(code, 'comments'),
    total(code, 'casts'),
    total(
      own.filter(({ file }) => isTest(file)),
      'lines',
    ),
  ].map(String);
});
const longest = (places: readonly Place[], name: (p: Place) => string): string =>
  table(
    ['where', 'lines'],
    [...places]
      .sort((a, b) => b.lines - a.lines || (a.file < b.file ? -1 : 1))
      .slice(0, LONGEST)
      .map((p) => [name(p), String(p.lines)]),
  );
const code = sizes.filter(({ file }) => !isTest(file));
writeFileSync(
  'reports/size.md',
  page(
    '# How large the rooms are',
    'Lines that are neither empty nor comment. *Planned* is what the first sketch of the architecture had for a room, before the compiler wrote machine code and every entry of the catalogue had its laws and mutants. *Casts* are `as`, but for `as const`, and `!`.',
    table(['room', 'files', 'planned', 'lines', 'comments', 'casts', 'lines of tests'], rooms),
    `${code.length} files with ${total(code, 'lines')} lines, and ${total(sizes, 'lines') - total(code, 'lines')} lines of tests.`,
    '## The longest files',
    longest(
      code.map(({ file, lines }) => ({ name: '', file, lines })),
      ({ file }) => `\`${file}\``,
    ),
    '## The longest functions',
    'With those that are defined in them.',
    longest(
      code.flatMap((s) => s.functions),
      ({ name, file }) => `${name === '' ? 'a function without a name' : `\`${name}\``} of \`${file}\``,
    ),
  ),
);
console.log('wrote reports/size.md');
