// What scripts add to the pages, which are whole without: a filter of laws, tables that sort, links that unfold, marks that say what they are.

export const SCRIPT = `'use strict';
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const make = (tag, more) => Object.assign(document.createElement(tag), more);

/* the filter: words in the card of a law, a verdict, an engine */
const form = document.querySelector('#filter');
const laws = new Map(all('details.law').map((card) => [card.dataset.law, { verdicts: card.dataset.v, text: card.textContent.toLowerCase() }]));
const fits = (law, words, verdict, engine) =>
  words.every((word) => law.text.includes(word)) &&
  (engine === ''
    ? verdict === '' || law.verdicts.includes(verdict)
    : verdict === '' ? law.verdicts[engine] !== 'n' : law.verdicts[engine] === verdict);
const filter = () => {
  const words = form.words.value.toLowerCase().split(/\\s+/).filter((word) => word !== '');
  const verdict = form.verdict.value;
  const engine = form.engine === undefined ? '' : form.engine.value;
  const shown = new Set([...laws].filter(([, law]) => fits(law, words, verdict, engine)).map(([id]) => id));
  for (const element of all('[data-law]')) {
    const own = element.dataset.engine;
    const other = own !== undefined && ((engine !== '' && own !== engine) || (verdict !== '' && laws.get(element.dataset.law)?.verdicts[own] !== verdict));
    element.hidden = !shown.has(element.dataset.law) || other;
  }
  for (const group of all('.chapter, details.engine'))
    group.hidden = all('[data-law]', group).every((element) => element.hidden);
  form.querySelector('output').value = shown.size + ' of ' + laws.size + ' laws';
};
if (form !== null) {
  form.hidden = false;
  form.addEventListener('input', filter);
  form.addEventListener('reset', () => setTimeout(filter));
  form.addEventListener('submit', (event) => event.preventDefault());
  filter();
}

/* a link unfolds what it leads to, filtered out or not */
const unfold = () => {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target === null) return;
  if (form !== null && target.closest('[hidden]') !== null) { form.reset(); filter(); }
  let folded = false;
  for (let e = target; e !== null; e = e.parentElement)
    if (e.tagName === 'DETAILS' && !e.open) { e.open = true; folded = true; }
  if (target.tabIndex < 0) target.tabIndex = -1;
  target.focus({ preventScroll: true });
  const fold = target.closest('details');
  if (folded || fold !== null) (fold ?? target).scrollIntoView();
};
addEventListener('hashchange', unfold);
/* the same link twice changes no address */
document.addEventListener('click', (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  if (link !== null && link !== undefined && link.hash === location.hash) unfold();
});
unfold();

/* tables sort by a column: up, down, as it was */
const UNITS = { ns: 1e-9, 'µs': 1e-6, ms: 1e-3, s: 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20 };
const RANK = 'cfqwuhn';
const valueOf = (cell, matrix) => {
  if (cell === undefined) return '';
  const text = cell.textContent.trim();
  if (matrix && cell.tagName === 'TD') return RANK.indexOf(cell.className) - (Number(text.slice(2)) || 0) / 1000;
  const number = text.replace(/,(?=\\d{3})/g, '').replace('−', '-').match(/^[×≥=]?\\s*(-?\\d[\\d.]*(?:e[-+]?\\d+)?|∞)\\s*([a-zµA-Z]+)?/);
  if (number === null) return text.toLowerCase();
  return (number[1] === '∞' ? Infinity : Number(number[1])) * (UNITS[number[2]] ?? 1);
};
const before = (a, b) =>
  typeof a === 'number' && typeof b === 'number' ? a - b : typeof a === 'number' ? -1 : typeof b === 'number' ? 1 : a < b ? -1 : a > b ? 1 : 0;
for (const table of all('table.sortable')) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  for (const [i, head] of heads.entries()) {
    const button = make('button', { type: 'button' });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener('click', () => {
      const way = { ascending: 'descending', descending: 'none' }[head.ariaSort] ?? 'ascending';
      for (const other of heads) other.removeAttribute('aria-sort');
      if (way !== 'none') head.ariaSort = way;
      const matrix = table.classList.contains('matrix');
      const keyed = original.map((row) => [valueOf(row.cells[i], matrix), row]);
      if (way !== 'none') keyed.sort(([a], [b]) => (way === 'ascending' ? before(a, b) : before(b, a)));
      body.append(...keyed.map(([, row]) => row));
    });
  }
}

/* one button folds and unfolds a whole list */
for (const name of new Set(all('[data-fold]').map((e) => e.dataset.fold))) {
  const own = all('[data-fold="' + name + '"]');
  if (own.length < 2) continue;
  const button = make('button', { type: 'button', className: 'all', textContent: 'Unfold all' });
  button.addEventListener('click', () => {
    const open = own.some((e) => !e.open);
    for (const e of own) e.open = open;
    button.textContent = open ? 'Fold all' : 'Unfold all';
  });
  (own[0].closest('article') ?? own[0]).before(button);
}

/* a mark of a chart says what it is, under the pointer and by the arrow keys */
for (const figure of all('figure.chart')) {
  const output = figure.querySelector('output');
  const box = figure.querySelector('.box');
  let marks;
  let at = -1;
  const say = (mark) => {
    figure.querySelector('.on')?.classList.remove('on');
    const title = mark?.querySelector?.(':scope > title');
    if (title == null) { output.value = ''; return; }
    mark.classList.add('on');
    output.value = title.textContent;
  };
  figure.addEventListener('pointerover', (event) => say(event.target));
  figure.addEventListener('pointerleave', () => say(null));
  box.addEventListener('blur', () => say(null));
  box.addEventListener('keydown', (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    marks ??= all('svg title', figure).map((title) => title.parentElement);
    if (step === undefined || marks.length === 0) return;
    event.preventDefault();
    at = (at + step + marks.length) % marks.length;
    say(marks[at]);
  });
}
`;
