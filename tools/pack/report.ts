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
}

export interface Record {
  readonly version: string;
  readonly nodes: readonly string[];
  readonly tarball: { readonly files: number; readonly bytes: number; readonly unpacked: number };
  readonly aim: number;
  readonly sizes: readonly Size[];
  readonly checks: readonly Found[];
}

const kB = (bytes: number): string => (bytes / 1000).toFixed(1);

/** Sizes in kB, as Markdown. */
export const table = (sizes: readonly Size[], aim: number): string =>
  [
    '| import of `tautograd` | files | minified kB | gzip kB | brotli kB |',
    '|---|--:|--:|--:|--:|',
    ...sizes.map((s) => `| ${s.name} | ${s.files} | ${kB(s.minified)} | ${kB(s.gzip)} | ${kB(s.brotli)} |`),
    '',
    `The aim for the engine without kernels is ${kB(aim)} kB compressed.`,
  ].join('\n');

/** The page; no date and no duration, so that equal packages give equal bytes. */
export const markdown = ({ version, nodes, tarball, aim, sizes, checks }: Record): string =>
  [
    '# The package, tried as it is published',
    '',
    `tautograd ${version}, packed by npm: ${tarball.files} files, ${kB(tarball.bytes)} kB, ${kB(tarball.unpacked)} kB unpacked. Installed into an empty project on Node ${nodes.join(', ')}.`,
    '',
    '## In a browser bundle',
    '',
    table(sizes, aim),
    '',
    '## What was checked',
    '',
    '| | check | on | what came |',
    '|---|---|---|---|',
    ...checks.map(
      (c) => `| ${c.ok ? '✓' : '✗'} | ${c.what} | ${c.on} | ${c.text.replaceAll('|', '\\|').replaceAll('\n', ' ')} |`,
    ),
    '',
  ].join('\n');
