// The reference under test: what is committed is what the command makes, and its TeX closes what it opens.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { referencePage, referencePages } from './reference.ts';
import { TABLES } from './tables.ts';

const FOLDER = fileURLToPath(new URL('../../reports/reference', import.meta.url));

test('every table is a page, and the committed pages are those of the rows', () => {
  const pages = referencePages();
  expect([...pages.keys()]).toEqual(Object.keys(TABLES).map((table) => `${table}.md`));
  expect(readdirSync(FOLDER).sort()).toEqual([...pages.keys()].sort());
  for (const [name, text] of pages)
    expect(
      readFileSync(join(FOLDER, name), 'utf8') === text,
      `reports/reference/${name} is older than its rows: tautograd reference --out reports`,
    ).toBe(true);
});

/** What a text of TeX leaves open, or closes without having opened it; the empty text where it is balanced. */
const unbalanced = (tex: string): string => {
  const open: string[] = [];
  const close = (wanted: string, found: string): string => (open.pop() === wanted ? '' : found);
  for (const [token, environment] of tex.matchAll(
    /\\(?:begin|end)\{(\w+)\}|\\(?:left|right)(?![a-z])\\?.|\\[\\{}]|[{}]/g,
  )) {
    let wrong = '';
    if (token.startsWith('\\begin')) open.push(`\\end{${environment}}`);
    else if (token.startsWith('\\end')) wrong = close(token, token);
    else if (token.startsWith('\\left')) open.push('\\right');
    else if (token.startsWith('\\right')) wrong = close('\\right', token);
    else if (token === '{') open.push('}');
    else if (token === '}') wrong = close('}', token);
    if (wrong !== '') return wrong;
  }
  return open.join(' ');
};

describe('the TeX of a page', () => {
  test('that is not balanced is seen', () => {
    for (const tex of ['{', '}', '\\left(x', 'x\\right)', '\\begin{cases} {x} \\end{gathered}', '{\\left(x}\\right)'])
      expect(unbalanced(tex), tex).not.toBe('');
    expect(unbalanced('\\begin{cases} \\frac{1}{\\left(x\\right)} \\end{cases}\\}')).toBe('');
  });

  test.each([...referencePages()])('%s is balanced', (name, text) => {
    const displays = [...text.matchAll(/^\$\$\n([\s\S]*?)\n\$\$$/gm)].map((m) => m[1] ?? '');
    for (const tex of displays) {
      expect(unbalanced(tex), tex).toBe('');
      expect(tex, 'a command runs into a name').not.toMatch(/\\(?:cdot|wedge|vee|leftarrow)[A-Za-z]/);
      expect(tex, 'words are multiplied').not.toContain('~');
    }
    const rows = Object.values(TABLES[name.replace('.md', '')] ?? {});
    expect(displays).toHaveLength(rows.filter((row) => 'TeX' in row).length);
  });
});

test('markup in a row is text on its page', () => {
  const page = referencePage('things', {
    'a/b': { doc: 'x*y_z | [in]', formula: 'a | b', TeX: ['a', 'b'], slots: {}, mutants: ['m/n'] },
  });
  expect(page).toBe(
    '# Things\n\n1 rows, written by `tautograd reference` as `tautograd list things` has them. `tautograd explain <name>` prints one.\n\n' +
      '## a\n\n### a/b\n\nx\\*y\\_z \\| \\[in\\]\n\n$$\n\\begin{gathered}\na \\\\\nb\n\\end{gathered}\n$$\n\n' +
      '- formula: `a | b`\n- slots: none\n- mutants: `m/n`\n',
  );
});
