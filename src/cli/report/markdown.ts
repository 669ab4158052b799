// Markdown as the reports are written in, as HTML: headings, lists, tables, code, pictures, what unfolds; all else is text.
import { type Column, folded, type Html, html, joined, table } from './html.ts';

export interface Hooks {
  /** What stands for a picture. */
  readonly picture: (name: string, alt: string) => Html;
  /** Where code leads, as the name of a law does; undefined for nowhere. */
  readonly code: (text: string) => string | undefined;
  /** Where a link to a file leads; undefined where only its text is kept. */
  readonly file: (target: string) => string | undefined;
  /** Depth of the largest heading. */
  readonly level: number;
  /** What tables are called that stand below no heading. */
  readonly caption: string;
}

type References = ReadonlyMap<string, string>;

const linked = (text: Html, target: string, hooks: Hooks): Html => {
  const to = /^https:\/\//.test(target) ? target : hooks.file(target);
  return to === undefined ? text : html`<a href="${to}">${text}</a>`;
};

const code = (text: string, { code: leads }: Hooks): Html => {
  const to = leads(text);
  return to === undefined ? html`<code>${text}</code>` : html`<a href="${to}"><code>${text}</code></a>`;
};

/** Code, bold, slanted, links with an address or a reference. */
const INLINE =
  /`([^`]+)`|\*\*(.+?)\*\*|(?<![\w*])\*([^*\s](?:[^*]*[^*\s])?)\*(?![\w*])|\[((?:[^\][]|\[[^\]]*\])+)\](?:\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)|\[([^\]]+)\])|\\([|\\`*])/;

/** A line of text with its marks. */
export const inline = (text: string, hooks: Hooks, references: References = new Map()): Html => {
  const parts: Html[] = [];
  for (let rest = text; rest !== ''; ) {
    const found = rest.match(INLINE);
    if (found === null || found.index === undefined) {
      parts.push(html`${rest}`);
      break;
    }
    const [whole, quoted, bold, slanted, link, target, reference, bare] = found;
    if (found.index > 0) parts.push(html`${rest.slice(0, found.index)}`);
    rest = rest.slice(found.index + whole.length);
    if (quoted !== undefined) parts.push(code(quoted, hooks));
    else if (bold !== undefined) parts.push(html`<strong>${inline(bold, hooks, references)}</strong>`);
    else if (slanted !== undefined) parts.push(html`<em>${inline(slanted, hooks, references)}</em>`);
    else if (bare !== undefined) parts.push(html`${bare}`);
    else
      parts.push(linked(inline(link ?? '', hooks, references), target ?? references.get(reference ?? '') ?? '', hooks));
  }
  return joined(parts);
};

const cellsOf = (line: string): readonly string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((c) => c.trim());

/** Characters of a cell from which on a column is prose. */
const PROSE = 60;

/** All of a document. */
export const rendered = (document: string, hooks: Hooks): Html => {
  const references = new Map(
    [...document.matchAll(/^\[([^\]]+)\]: (\S+)$/gm)].map(([, name = '', target = '']) => [name, target]),
  );
  const lines = document.replace(/^\[[^\]]+\]: \S+$/gm, '').split('\n');
  const words = (text: string): Html => inline(text, hooks, references);
  let at = 0;
  let caption = hooks.caption;
  const take = (is: (line: string) => boolean): readonly string[] => {
    const from = at;
    while (at < lines.length && is(lines[at] ?? '')) at++;
    return lines.slice(from, at);
  };
  const tableOf = (block: readonly string[]): Html => {
    const [head = [], marks = [], ...rows] = block.map(cellsOf);
    const prose = rows.some((row) => row.slice(1).some((c) => c.length > PROSE));
    const columns = head.map((text, i): Column => {
      const long = rows.some((row) => /[a-z]{4,} [a-z]{2,} /i.test(row[i] ?? ''));
      return { head: text, ...(marks[i]?.endsWith(':') && !long ? { kind: 'figure' as const } : {}) };
    });
    return table({ caption, columns, rows: rows.map((row) => row.map(words)), prose });
  };
  const blocks = (until: RegExp | null): Html => {
    const made: Html[] = [];
    while (at < lines.length) {
      const line = lines[at] ?? '';
      if (until?.test(line)) {
        at++;
        break;
      }
      const heading = line.match(/^(#{1,6}) (.*)$/);
      const summary = line.match(/^<details><summary>(.*)<\/summary>$/);
      const picture = line.match(/^!\[([^\]]*)\]\(([^)]+)\)$/);
      if (line.trim() === '' || /^<a id="[^"]*"><\/a>$/.test(line)) at++;
      else if (heading !== null) {
        at++;
        caption = (heading[2] ?? '').replace(/[`*]/g, '');
        const depth = Math.min(6, hooks.level + (heading[1]?.length ?? 1) - 1);
        made.push(html`<h${depth}>${words(heading[2] ?? '')}</h${depth}>\n`);
      } else if (summary !== null) {
        at++;
        const before = caption;
        caption = summary[1] ?? caption;
        made.push(folded(words(summary[1] ?? ''), blocks(/^<\/details>$/)));
        caption = before;
      } else if (picture !== null) {
        at++;
        made.push(hooks.picture(picture[2] ?? '', picture[1] ?? ''));
      } else if (line.startsWith('```')) {
        at++;
        const text = take((l) => !l.startsWith('```')).join('\n');
        at++;
        made.push(html`<pre tabindex="0"><code>${text}</code></pre>\n`);
      } else if (line.startsWith('|')) made.push(tableOf(take((l) => l.startsWith('|'))));
      else if (line.startsWith('- '))
        made.push(
          html`<ul>${take((l) => /^- |^ {2}/.test(l))
            .join('\n')
            .split(/\n(?=- )/)
            .map((item) => html`<li>${words(item.slice(2).replace(/\n\s*/g, ' '))}</li>\n`)}</ul>\n`,
        );
      else {
        const text = take((l) => l.trim() !== '' && !/^(?:#{1,6} |- |```|\||<\/?details>|!\[)/.test(l));
        if (text.length === 0)
          at++; // an end without a beginning says nothing
        else made.push(html`<p>${words(text.join(' '))}</p>\n`);
      }
    }
    return joined(made);
  };
  return blocks(null);
};

/** A document without its title and what stands before the first heading below it. */
export const body = (document: string): string => document.replace(/^# .*\n/, '');

/** The part of a document below one heading. */
export const below = (document: string, heading: string): string => {
  const [, text = ''] = document.split(new RegExp(`^## ${heading}$`, 'm'));
  return text.split(/^## /m)[0] ?? '';
};
