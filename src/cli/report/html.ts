// HTML as a value: what is put into a template is escaped unless it is HTML already, so that forgetting it is no option.
import { createHash } from 'node:crypto';

/** Text that is HTML. */
export interface Html {
  readonly html: string;
}
type Part = string | number | Html | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
/** Text without what terminals, XML and HTML take for more than text; what ports and reports say comes from outside. */
export const printable = (text: string): string => text.replace(/[^\P{Cc}\n\t]|[\p{Cs}\uFFFE\uFFFF]/gu, '\uFFFD');
/** Text for an attribute in quotes, or for an element. */
export const escaped = (text: string): string => printable(text).replace(/[&<>"']/g, (c) => ESCAPES[c] ?? c);
/** Text between tags, where quotes are but quotes. */
const plain = (text: string): string => printable(text).replace(/[&<>]/g, (c) => ESCAPES[c] ?? c);

const textOf = (part: Part, safe: (text: string) => string): string =>
  typeof part === 'string'
    ? safe(part)
    : typeof part === 'number'
      ? String(part)
      : 'html' in part
        ? part.html
        : part.map((p) => textOf(p, safe)).join('');

/** Whether what follows stands in a tag, where an attribute may be left by a quote. */
const inTag = (text: string): boolean => text.lastIndexOf('<') > text.lastIndexOf('>');

/** A template: `html\`<p>${text}</p>\``; attributes stand in quotes. */
export const html = (texts: TemplateStringsArray, ...parts: readonly Part[]): Html => {
  let made = texts[0] ?? '';
  let tag = inTag(made);
  parts.forEach((part, i) => {
    const text = texts[i + 1] ?? '';
    made += textOf(part, tag ? escaped : plain) + text;
    if (/[<>]/.test(text)) tag = inTag(text);
  });
  return { html: made };
};

/** HTML that is made elsewhere and known to be sound: a chart of ours. */
export const raw = (text: string): Html => ({ html: text });
export const NOTHING: Html = raw('');
export const joined = (parts: readonly Html[], between = ''): Html => raw(parts.map((p) => p.html).join(between));

/** A name for an anchor, as `law-loss-value`. */
export const anchor = (...names: readonly string[]): string =>
  names
    .join('-')
    .replace(/[^\w.]+/g, '-')
    .replace(/^-+|-+$/g, '');

/** How a column is laid out: figures stand right, text that is long wraps. */
export interface Column {
  readonly head: Part;
  readonly kind?: 'figure' | 'text';
}

export interface TableOptions {
  readonly caption: string;
  readonly columns: readonly Column[];
  /** The first cell of each row is its header. */
  readonly rows: readonly (readonly Part[])[];
  /** Columns of prose stand below one another where the window is narrow; others scroll in their own box. */
  readonly prose?: boolean;
}

/** A table in a box of its own, which scrolls if it has to; scripts let it be sorted. */
export const table = ({ caption, columns, rows, prose = false }: TableOptions): Html => {
  const kinds = columns.map(({ kind }) => (kind === 'figure' ? raw(' class="n"') : NOTHING));
  const head = columns.map(({ head: text }, i) => html`<th scope="col"${kinds[i] ?? NOTHING}>${text}</th>`);
  const label = (i: number): Part => {
    const text = columns[i]?.head ?? '';
    return prose && typeof text === 'string' && text !== '' ? html` data-label="${text}"` : '';
  };
  const body = rows.map(
    ([first = '', ...rest]) =>
      html`<tr><th scope="row"${kinds[0] ?? NOTHING}>${first}</th>${rest.map((cell, i) => html`<td${kinds[i + 1] ?? NOTHING}${label(i + 1)}>${cell}</td>`)}</tr>\n`,
  );
  return html`<div class="box" tabindex="0" role="region" aria-label="${caption}"><table class="sortable${prose ? ' prose' : ''}"><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div>\n`;
};

/** Text that unfolds; what is `kept` stands open on paper too. */
export const folded = (summary: Part, body: Part, { open = false, paper = false, name = '' } = {}): Html =>
  html`<details${open ? raw(' open') : NOTHING}${paper ? raw(' class="paper"') : NOTHING}${name === '' ? '' : html` data-fold="${name}"`}><summary>${summary}</summary>\n${body}</details>\n`;

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}'`;

export interface PageOptions {
  readonly title: string;
  readonly style: string;
  readonly script: string;
  /** Links that every reader meets first. */
  readonly links: readonly { readonly to: string; readonly text: string }[];
  readonly main: Html;
}

/**
 * A page of its own: no request leaves it, and a policy sees to that. Style and script are allowed by their digests alone, so that
 * nothing which slips through as text could act.
 */
export const pageText = ({ title, style, script, links, main }: PageOptions): string => {
  const policy = `default-src 'none'; style-src ${hashOf(style)}; script-src ${hashOf(script)}; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${raw(policy)}">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${raw(style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<nav aria-label="Sections"><ul>${links.map(({ to, text }) => html`<li><a href="${to}">${text}</a></li>`)}</ul></nav>
<main id="main" tabindex="-1">
${main}</main>
<script>${raw(script)}</script>
</body>
</html>
`.html;
};
