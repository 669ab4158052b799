// The defects found: the pages of the findings, and every program that shows one.
import type { Desk, Section } from './desk.ts';
import { counted } from './desk.ts';
import { anchor, folded, type Html, html, joined, NOTHING } from './html.ts';
import { body, type Hooks, rendered } from './markdown.ts';

const FOLDER = 'findings';
/** The pages, by engine. */
const PAGES = [
  { file: 'README.md', title: 'Engines of JavaScript' },
  { file: 'python.md', title: 'Engines of Python' },
] as const;

const programAnchor = (file: string): string => anchor('finding', file.replace(/\.\w+$/, ''));

const programs = (desk: Desk): readonly string[] => [
  ...desk.room.files(FOLDER, '.mjs'),
  ...desk.room.files(FOLDER, '.py'),
];

/** Names of programs lead to their text, wherever they are met. */
const hooksOf = (desk: Desk, files: readonly string[], title: string): Hooks => {
  const plain = desk.hooks(FOLDER, title, { level: 4 });
  const leads = (name: string): string | undefined => {
    const file = files.find((f) => f === name || f.replace(/\.\w+$/, '') === name);
    return file === undefined ? undefined : `#${programAnchor(file)}`;
  };
  return { ...plain, code: (text) => leads(text) ?? plain.code(text), file: leads };
};

const programOf = (desk: Desk, file: string): Html =>
  folded(
    html`<code>${file}</code>`,
    html`<pre id="${programAnchor(file)}" tabindex="0"><code>${desk.room.text(`${FOLDER}/${file}`) ?? ''}</code></pre>\n`,
  );

export const findingsSection: Section = {
  id: 'findings',
  title: 'Defects found',
  make: (desk) => {
    const files = programs(desk);
    const pages = PAGES.map(({ file, title }) => {
      const text = desk.room.text(`${FOLDER}/${file}`);
      return text === null
        ? desk.room.absent(`${FOLDER}/${file}`)
        : html`<h3>${title}</h3>\n${rendered(body(text), hooksOf(desk, files, title))}`;
    });
    return {
      body: html`${pages}${
        files.length === 0
          ? NOTHING
          : html`<h3>The programs</h3>\n<p>Each against the engine alone. <code>npm run findings</code> runs them; one exits with 0 while the defect is there.</p>\n${joined(files.map((f) => programOf(desk, f)))}`
      }`,
      ...(files.length === 0
        ? {}
        : {
            tile: {
              figure: String(files.length),
              words: `${counted(files.length, 'program')} that show a defect of a published engine`.replace(
                /^\d+ /,
                '',
              ),
              tone: 'plain' as const,
            },
          }),
    };
  },
};
