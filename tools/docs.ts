// `npm run docs`: writes what the documents quote. `figure<!-- kind … -->` is a figure, `<!-- kind … -->` alone on a line begins a passage up to `<!-- end -->`.
import { readdirSync, writeFileSync } from 'node:fs';
import { QUOTES, read } from './quotes.ts';

const ROOT = new URL('../', import.meta.url);

/** Everything that is written by hand and checked. */
export const DOCUMENTS: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'reports/README.md',
  'reports/stryker.md',
  'reports/findings/README.md',
  'reports/findings/python.md',
  'bench/data/README.md',
  'properties/ports/torch/README.md',
  'properties/ports/sklearn/README.md',
  ...readdirSync(new URL('docs', ROOT))
    .filter((file) => file.endsWith('.md'))
    .map((file) => `docs/${file}`),
];

const quote = (kind: string, argument: string): string => {
  const made = QUOTES[kind];
  if (made === undefined) throw new Error(`docs: there is no quote of the kind "${kind}"`);
  return made(argument.trim());
};
const KINDS = Object.keys(QUOTES).join('|');
const PASSAGE = new RegExp(`^(<!-- (${KINDS})((?: [^>]*?)?) -->\\n)[\\s\\S]*?^<!-- end -->$`, 'gm');
const FIGURE = new RegExp(`(?<=^|[\\s(|*/×])[^\\s(|*/×<]+(<!-- (${KINDS})((?: [^>]*?)?) -->)`, 'gm');

/** A document with what it quotes as it is now. @throws where a source is gone */
export const filled = (document: string): string =>
  document
    .replace(
      PASSAGE,
      (_, head: string, kind: string, argument: string) => `${head}${quote(kind, argument)}\n<!-- end -->`,
    )
    .replace(FIGURE, (_, mark: string, kind: string, argument: string) => `${quote(kind, argument)}${mark}`);

if (import.meta.main)
  for (const file of DOCUMENTS) {
    const before = read(file);
    const now = filled(before);
    if (now !== before) {
      writeFileSync(new URL(file, ROOT), now);
      console.log(`wrote ${file}`);
    }
  }
