// What came of trying the package: a table of sizes, and the page of the reports.

/** One check: what, on which Node if that matters, and what came of it. */
export interface Found {
  readonly what: string;
  readonly on: string;
  readonly ok: boolean;
  readonly text: string;
}

/** A bundle in bytes. */
export interface Size {
  readonly name: string;
  readonly files: number;
  readonly minified: number;
  readonly gzip: number;
  readonly brotli: number;
  /** By brotli, if rows had no words for people: no doc, source or formula. */
  readonly wordless: number;
  /** Bytes before minification by room of the engine. */
  readonly rooms: Readonly<{ [room: string]: number }>;
}

export interface Record {
  readonly schema: 1;
  readonly version: string;
  readonly nodes: readonly string[];
  readonly tarball: { readonly files: number; readonly bytes: number; readonly unpacked: number };
  readonly sizes: readonly Size[];
  readonly checks: readonly Found[];
}

const kB = (bytes: number): string => (bytes / 1000).toFixed(1);

/** What an engine without kernels is to stay below in bytes, compressed. */
const AIM = 30_000;

/** Sizes as Markdown, with what they are measured against. */
export const table = ({ tarball, sizes }: Pick<Record, 'tarball' | 'sizes'>): string =>
  [
    `The tarball: ${tarball.files} files, ${kB(tarball.bytes)} kB, ${kB(tarball.unpacked)} kB unpacked.`,
    '',
    '| what is imported from `tautograd` | files | minified kB | gzip kB | brotli kB | without words kB |',
    '|---|--:|--:|--:|--:|--:|',
    ...sizes.map(
      (s) => `| ${s.name} | ${s.files} | ${kB(s.minified)} | ${kB(s.gzip)} | ${kB(s.brotli)} | ${kB(s.wordless)} |`,
    ),
    '',
    `The aim is ${kB(AIM)} kB compressed without kernels, taken by brotli: ${sizes
      .slice(1)
      .map((s) => `${s.name} ${s.brotli <= AIM ? 'keeps it' : `is ${kB(s.brotli - AIM)} kB over`}`)
      .join(
        '; ',
      )}. Words are \`doc\`, \`source\` and \`formula\` of rows: a row is one place, so they come with its code; the last column is brotli if they did not.`,
    ...sizes.slice(1, 2).map(({ name, rooms }) => {
      const parts = Object.entries(rooms).map(([room, bytes]) => `${room} ${kB(bytes)}`);
      return `Before it is minified, ${name} is, in kB: ${parts.join(', ')}.`;
    }),
  ].join('\n');

/** The page; no date and no duration, so that equal packages give equal bytes. */
export const markdown = (record: Record): string =>
  [
    '# The package, tried as it is published',
    '',
    `tautograd ${record.version}, packed by npm, in an empty project on Node ${record.nodes.join(', ')}.`,
    '',
    '## Sizes',
    '',
    table(record),
    '',
    '## What was checked',
    '',
    '| | check | on | what came |',
    '|---|---|---|---|',
    ...record.checks.map(
      (c) => `| ${c.ok ? '✓' : '✗'} | ${c.what} | ${c.on} | ${c.text.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`,
    ),
    '',
  ].join('\n');
