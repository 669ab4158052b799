// The package as it is published: how large it is in a bundle, and what was tried with it.
import { count, type Section } from './desk.ts';
import { type Html, html, table } from './html.ts';

const FILE = 'pack.json';

interface Packed {
  readonly version: string;
  readonly nodes: readonly string[];
  readonly tarball: { readonly files: number; readonly bytes: number };
  readonly sizes: readonly {
    readonly name: string;
    readonly files: number;
    readonly minified: number;
    readonly gzip: number;
    readonly brotli: number;
  }[];
  readonly checks: readonly {
    readonly what: string;
    readonly on: string;
    readonly ok: boolean;
    readonly text: string;
  }[];
}

const kB = (bytes: number): string => (bytes / 1000).toFixed(1);
const sign = (ok: boolean): Html => (ok ? html`<span class="v h">✓</span>` : html`<span class="v f">✗</span>`);
const figures = (...heads: readonly string[]) => heads.map((head) => ({ head, kind: 'figure' as const }));

const told = ({ version, nodes, tarball, sizes, checks }: Packed) => {
  const passed = checks.filter((c) => c.ok).length;
  return {
    text: html`<p>tautograd ${version} as npm packs it, ${count(tarball.files)} files in ${kB(tarball.bytes)} kB, in an empty project on Node ${nodes.join(', ')} and in a browser.</p>
${table({
  caption: 'Sizes in a bundle',
  columns: [{ head: 'what is imported' }, ...figures('files', 'minified kB', 'gzip kB', 'brotli kB')],
  rows: sizes.map((s) => [s.name.replaceAll('`', ''), s.files, kB(s.minified), kB(s.gzip), kB(s.brotli)]),
})}${table({
  caption: 'What was tried with the package',
  columns: [{ head: 'check' }, { head: 'on' }, { head: 'what came' }],
  rows: checks.map((c) => [html`${sign(c.ok)} ${c.what}`, c.on, c.text]),
  prose: true,
})}`,
    tile: {
      figure: `${passed} of ${checks.length}`,
      words: `checks of the package pass, on ${nodes.length} versions of Node and in a browser`,
      tone: passed === checks.length ? ('good' as const) : ('bad' as const),
    },
  };
};

export const packageSection: Section = {
  id: 'package',
  title: 'Package',
  make: ({ room }) => {
    const found = room.report(FILE, told);
    return found === null ? { body: room.absent(FILE) } : { body: found.text, tile: found.tile };
  },
};
