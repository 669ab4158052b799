// The laws: failures as cards, laws × engines as a matrix, and a card for every law.

import { formulaText, type Law } from '../../../properties/law.ts';
import { LAWS } from '../../../properties/laws/index.ts';
import { cardRows, figure, SIGN } from '../../../properties/report.ts';
import type { Check, Status } from '../../../properties/run.ts';
import { type Asked, type Column, counted, dtypeText, lawAnchor, MATRIX, type Section } from './desk.ts';
import { anchor, type Html, html, joined, NOTHING, raw } from './html.ts';

/** A letter per verdict: the class of a cell, and what scripts filter by. */
const LETTER: Readonly<Record<Status, string>> = {
  holds: 'h',
  upheld: 'u',
  falsified: 'f',
  crashed: 'c',
  'not covered': 'n',
  undecided: 'q',
  waived: 'w',
};
const failed = (c: Check): boolean => c.counterexample !== undefined || c.status === 'undecided';
const statusOf = (asked: Asked, law: Law): Status => asked.lines.get(law.id)?.status ?? 'not covered';
const badge = (status: Status): Html => html`<span class="v ${LETTER[status]}">${SIGN[status]} ${status}</span>`;
const where = (names: readonly string[]): string => names.filter((n) => n !== 'port').join(', ');
const cardAnchor = (engine: number, law: Law): string => anchor(`e${engine}`, law.id);
/** What a card of a law has said already. */
const SAID = ['law', 'formula'];

/** The longest line of a card here; the file of the report has it whole. */
const LONGEST = 700;
const cut = (line: string): string =>
  line.length <= LONGEST ? line : `${line.slice(0, LONGEST)}… (${line.length} characters)`;

const checkCard = (law: Law, check: Check, asked: Asked, replay?: string): Html => {
  const rows = cardRows(law, check, asked, replay).filter(({ label }) => !SAID.includes(label));
  return html`<article class="card ${LETTER[check.status]}"><h5>${badge(check.status)} <code>${law.id}</code>${check.subject === 'port' ? '' : html` on <code>${check.subject}</code>`}</h5>
${rows.length === 0 ? html`<p>Undecided after ${counted(check.runs, 'run')}.</p>` : html`<dl>${rows.map(({ label, lines }) => html`<dt>${label}</dt><dd class="${anchor(label)}">${lines.map(cut).join('\n')}</dd>`)}</dl>`}</article>\n`;
};

const stated = (law: Law): Html =>
  html`<p class="says">${law.says}</p>${law.formula === undefined ? NOTHING : html`<p class="formula"><code>${formulaText(law) ?? ''}</code></p>`}`;

/** All failures of one law in one engine; its anchor lies inside, so that browsers unfold what a link leads to. */
const lawFailures = (law: Law, asked: Asked, engine: number, open: boolean): Html => {
  const own = asked.checks.filter((c) => c.law === law.id && failed(c));
  if (own.length === 0) return NOTHING;
  const status = statusOf(asked, law);
  const names = where(own.map((c) => c.subject));
  const replays = own.map((c) => asked.replay?.(c));
  const once = new Set(replays).size === 1 ? replays[0] : undefined;
  return html`<details class="fail" data-law="${law.id}" data-engine="${engine}"${open ? raw(' open') : NOTHING}><summary>${badge(status)} <code>${law.id}</code>${names === '' ? '' : html` <span class="dim">${names}</span>`}</summary>
<div id="${cardAnchor(engine, law)}">${stated(law)}<p class="dim">${law.class}, ${law.ref}. <a href="#${lawAnchor(law.id)}">The law and everyone who was asked</a></p>
${once === undefined ? NOTHING : html`<p class="dim">Again: <code>${once}</code></p>\n`}${own.map((c, i) => checkCard(law, c, asked, once === undefined ? replays[i] : undefined))}</div></details>\n`;
};

const headline = ({ name, version, dtype, summary: s }: Asked): Html => {
  const broken = s.falsified + s.crashed;
  return html`<strong>${name}</strong> <span class="dim">${version}, ${dtypeText[dtype] ?? dtype}</span> <span class="tally">${counted(broken, 'law')} broken${s.crashed > 0 ? `, on ${s.crashed} of them a crash` : ''}, of ${s.laws - s.notCovered} asked</span>`;
};

/** Cards of the one who is asked about stand open, unless there are more than one reads at a stretch. */
const STRETCH = 10;

/** Failure cards of everyone who was asked; the engine that is asked about stands open. */
export const failures = (all: readonly Asked[], home: Asked | null): Html =>
  joined(
    all.map((asked, i) => {
      const own = asked === home;
      const open = own && asked.checks.filter(failed).length <= STRETCH;
      const cards = joined(LAWS.map((law) => lawFailures(law, asked, i, open)));
      if (cards.html === '')
        return html`<p class="clear">${SIGN.holds} <strong>${asked.name}</strong> ${asked.version} breaks none of the ${asked.summary.laws - asked.summary.notCovered} laws that it was asked.</p>\n`;
      return html`<details class="engine" data-fold="failures"${own ? raw(' open') : NOTHING}><summary>${headline(asked)}</summary>\n${cards}</details>\n`;
    }),
  );

const cell = (law: Law, asked: Asked, engine: number): Html => {
  const status = statusOf(asked, law);
  const n = asked.checks.filter((c) => c.law === law.id && failed(c)).length;
  const text =
    n > 0 ? html`<a href="#${cardAnchor(engine, law)}">${SIGN[status]}${n > 1 ? ` ${n}` : ''}</a>` : SIGN[status];
  return html`<td class="${LETTER[status]}">${text}</td>`;
};

const matrix = (all: readonly Asked[]): Html =>
  html`<div class="box tall" tabindex="0" role="region" aria-label="Laws × engines"><table class="sortable matrix"><caption>Laws × engines</caption><thead><tr><th scope="col">law</th>${all.map((a) => html`<th scope="col">${a.name}</th>`)}</tr></thead><tbody>
${LAWS.filter((law) => all.some((a) => statusOf(a, law) !== 'not covered')).map(
  (law) =>
    html`<tr data-law="${law.id}"><th scope="row"><a href="#${lawAnchor(law.id)}">${law.id}</a></th>${all.map((a, i) => cell(law, a, i))}</tr>\n`,
)}</tbody></table></div>\n`;

const lawCard = (law: Law, all: readonly Asked[], home: Asked | null): Html => {
  const line = home?.lines.get(law.id);
  const status = line?.status ?? 'not covered';
  const broken = all.flatMap((a, i) =>
    a.checks.some((c) => c.law === law.id && failed(c)) ? [html`<a href="#${cardAnchor(i, law)}">${a.name}</a>`] : [],
  );
  const held = all.filter((a) => ['holds', 'upheld'].includes(statusOf(a, law)));
  const fact = (label: string, text: Html | string | undefined): Html =>
    text === undefined || text === '' ? NOTHING : html`<dt>${label}</dt><dd>${text}</dd>`;
  return html`<details class="law" data-law="${law.id}" data-v="${all.map((a) => LETTER[statusOf(a, law)]).join('')}"><summary><span class="v ${LETTER[status]}" aria-label="${status}">${SIGN[status]}</span> <code>${law.id}</code> <span class="dim">${law.says}</span></summary>
<dl id="${lawAnchor(law.id)}">${fact('formula', law.formula === undefined ? undefined : html`<code>${formulaText(law) ?? ''}</code>`)}${fact('decided by', `${law.class}, ${law.ref}`)}${fact('finds', law.detects)}${fact('source', law.source)}${line === undefined || home === null ? NOTHING : fact(home.name, `${status}: ${counted(line.subjects, 'subject')}, ${counted(line.runs, 'run')}, margin ${figure(line.margin)}`)}${fact(
    'holds for',
    held
      .filter((a) => a !== home)
      .map((a) => a.name)
      .join('; '),
  )}${fact('broken by', joined(broken, '; '))}</dl></details>\n`;
};

/** What the figures of law cards mean. */
export const MARGINS = html`<p>A margin is the largest observed error divided by the allowed one, over all runs: 0 is exact, 1 is at the bound.</p>\n`;

/** A card for every law that somebody was asked, by chapters. */
export const lawCards = (all: readonly Asked[], home: Asked | null): Html => {
  const asked = LAWS.filter((law) => all.some((a) => a.lines.has(law.id)));
  const chapters = [...new Set(asked.map(({ id }) => id.split('/')[0] ?? ''))];
  return joined(
    chapters.map((chapter) => {
      const own = asked.filter(({ id }) => id.startsWith(`${chapter}/`));
      return html`<section class="chapter" aria-label="${chapter}"><h4>${chapter} <small>${counted(own.length, 'law')}</small></h4>\n${own.map((law) => lawCard(law, all, home))}</section>\n`;
    }),
  );
};

/** What scripts unfold above cards and matrix. */
export const filterForm = (all: readonly Asked[]): Html => {
  const present = (Object.keys(LETTER) as readonly Status[]).filter((status) =>
    all.some((a) => LAWS.some((law) => statusOf(a, law) === status)),
  );
  return html`<form id="filter" hidden><label>Words <input type="search" name="words" autocomplete="off" placeholder="adam, leaky, variance …"></label>
<label>Verdict <select name="verdict"><option value="">any</option>${present.map((s) => html`<option value="${LETTER[s]}">${s}</option>`)}</select></label>
${all.length < 2 ? NOTHING : html`<label>Engine <select name="engine"><option value="">any</option>${all.map((a, i) => html`<option value="${i}">${a.name}</option>`)}</select></label>\n`}<output aria-live="polite"></output> <button type="reset">Show all</button></form>\n`;
};

const absentees = (columns: readonly Column[]): Html => {
  const out = columns.filter((c) => !('checks' in c));
  return out.length === 0
    ? NOTHING
    : html`<p class="dim">Not asked, as they were not installed or did not start: ${out.map((c) => c.name).join('; ')}.</p>\n`;
};

export const lawsSection: Section = {
  id: 'laws',
  title: 'Laws × engines',
  make: (desk) => {
    const { asked, home, others, room, columns } = desk;
    const broken = others.filter((a) => a.summary.falsified + a.summary.crashed > 0);
    const body = html`${columns === null ? room.absent(MATRIX) : NOTHING}
<p>A law is a general statement, none written for an engine. ${SIGN.falsified} is a counterexample, shrunk to the smallest input that fails; it is no verdict on who is right: <a href="#findings">defects</a> says what each comes from.</p>
${asked.length === 0 ? NOTHING : html`${filterForm(asked)}<h3 id="failures">Failure cards</h3>\n`}${failures(asked, home)}${absentees(columns ?? [])}
${
  asked.length === 0
    ? NOTHING
    : html`<h3 id="matrix">Matrix</h3>
<ul class="legend"><li><span class="v h">✓</span> holds, or is upheld by statistics</li><li><span class="v f">✗ n</span> broken for so many subjects; leads to the card</li><li><span class="v n">·</span> not covered: the engine or its adapter does not offer it</li><li><span class="v q">?</span> undecided</li></ul>
${matrix(asked)}
<h3 id="law-by-law">Law by law</h3>
${MARGINS}${lawCards(asked, home)}`
}`;
    return {
      body,
      ...(others.length === 0
        ? {}
        : {
            tile: {
              figure: `${broken.length} of ${others.length}`,
              words: `configurations of published engines break laws, ${counted(
                others.reduce((n, a) => n + a.checks.filter(failed).length, 0),
                'counterexample',
              )} in all`,
              tone: 'plain' as const,
            },
          }),
    };
  },
};
