// `tautograd reference`: every table of rows as a page of Markdown, with its mathematics as TeX.
import { join } from 'node:path';
import { page } from '../../bench/markdown.ts';
import { EXIT } from './fault.ts';
import { print } from './show.ts';
import { type Entry, TABLES } from './tables.ts';
import { writeText } from './write.ts';

/** Fields whose text is a formula in the notation of the rows; all others that are text are sentences. */
const FORMULAS: readonly string[] = ['formula', 'variance', 'arguments', 'parameters'];

/** Text in which nothing is markup. */
const plain = (text: string): string => text.replace(/[\\`*_[\]<>|~$]/g, '\\$&');
/** Text as code, in as many backticks as it needs. */
const code = (text: string): string => (text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``);
/** A cell of a table ends at a bar, in code too. */
const cell = (text: string): string => text.replaceAll(/(?<!\\)\|/g, '\\|');

const shown = (field: string, value: unknown): string => {
  if (Array.isArray(value)) return value.map((v) => code(String(v))).join(', ');
  if (value !== null && typeof value === 'object') {
    const parts = Object.entries(value).map(([k, v]) => `${k} = ${String(v)}`);
    return parts.length === 0 ? 'none' : code(parts.join(', '));
  }
  return FORMULAS.includes(field) ? code(String(value)) : plain(String(value));
};

/** Lines of TeX as one display. */
const display = (tex: unknown): string => {
  // a bare < may begin a tag
  const lines = (Array.isArray(tex) ? tex : [tex]).map((line) =>
    String(line).replaceAll('<', '\\lt ').replaceAll('>', '\\gt '),
  );
  return [
    '$$',
    ...(lines.length === 1 ? lines : ['\\begin{gathered}', lines.join(' \\\\\n'), '\\end{gathered}']),
    '$$',
  ].join('\n');
};

const section = (level: string, name: string, { doc, TeX, ...fields }: Entry): string =>
  page(
    `${level} ${plain(name)}`,
    plain(doc),
    TeX === undefined ? '' : display(TeX),
    Object.entries(fields)
      .map(([field, value]) => `- ${plain(field)}: ${shown(field, value)}`)
      .join('\n'),
  ).trimEnd();

const chapterOf = (name: string): string => (name.includes('/') ? (name.split('/')[0] ?? '') : '');

/** One table as a page: a section for every row, under its chapter where names have one; short rows as lines of a table. */
export const referencePage = (table: string, rows: Readonly<Record<string, Entry>>): string => {
  const all = Object.entries(rows);
  const title = `# ${table[0]?.toUpperCase()}${table.slice(1)}`;
  const origin = `${all.length} rows, written by \`tautograd reference\` as \`tautograd list ${table}\` has them. \`tautograd explain <name>\` prints one.`;
  const fields = [...new Set(all.flatMap(([, row]) => Object.keys(row)))];
  if (fields.length <= 3)
    return page(
      title,
      origin,
      [
        ['name', 'what it is', ...fields.slice(1)],
        ['---', '---', ...fields.slice(1).map(() => '---')],
        ...all.map(([name, { doc, ...rest }]) => [
          code(name),
          plain(doc),
          ...fields.slice(1).map((f) => (rest[f] === undefined ? '' : shown(f, rest[f]))),
        ]),
      ]
        .map((cells) => `| ${cells.map(cell).join(' | ')} |`)
        .join('\n'),
    );
  const chapters = [...new Set(all.map(([name]) => chapterOf(name)))];
  return page(
    title,
    origin,
    ...chapters.flatMap((chapter) => [
      chapter === '' ? '' : `## ${plain(chapter)}`,
      ...all
        .filter(([name]) => chapterOf(name) === chapter)
        .map(([name, row]) => section(chapter === '' ? '##' : '###', name, row)),
    ]),
  );
};

/** Every page of the reference by its name. */
export const referencePages = (): ReadonlyMap<string, string> =>
  new Map(Object.entries(TABLES).map(([table, rows]) => [`${table}.md`, referencePage(table, rows)]));

/** The command. */
export const referenceCommand = (out: string): number => {
  for (const [name, text] of referencePages()) print(`wrote ${writeText(join(out, 'reference', name), text)}`);
  return EXIT.ok;
};
