// The page of everything under reports/: the verdict first, then every section of a table.
import type { KernelReport } from '../../../bench/kernels.ts';
import { machineLine } from '../../../bench/machine.ts';
import { courseSection } from './course.ts';
import { counted, Desk, HOME, type Section, type Tile } from './desk.ts';
import { findingsSection } from './findings.ts';
import { type Html, html, NOTHING, pageText } from './html.ts';
import { kernelsSection } from './kernels.ts';
import { lawsSection } from './laws.ts';
import { inline } from './markdown.ts';
import { mutantsSection } from './mutants.ts';
import { packageSection } from './package.ts';
import { type Reading, Room } from './room.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { sweepSection } from './sweep.ts';
import { verdict } from './verdict.ts';

/** In the order of the page. */
export const SECTIONS: readonly Section[] = [
  lawsSection,
  findingsSection,
  mutantsSection,
  kernelsSection,
  sweepSection,
  courseSection,
  packageSection,
];

const tile = ({ figure: number, words, tone }: Tile, id: string): Html =>
  html`<li><a class="tile ${tone}" href="#${id}"><strong>${number}</strong> <span>${words}</span></a></li>\n`;

const made = (readings: readonly Reading[]): Html =>
  html`<p class="dim">Made from ${counted(readings.filter((r) => r.state === 'read').length, 'file')} under <code>reports/</code>; nothing on this page asks the network for anything.</p>\n`;

/** The page, and what it was made of. Equal reports give equal bytes. */
export const reportOf = (
  from: string,
  live: boolean,
): { readonly text: string; readonly readings: readonly Reading[] } => {
  const room = new Room(from);
  const desk = new Desk(room, live);
  const parts = SECTIONS.map((section) => ({ ...section, ...section.make(desk) }));
  const machine = room.report<KernelReport, Html>(
    'bench/kernels.json',
    (r) =>
      html`<p class="dim">${inline(machineLine(r.machine).replace(/^Measured/, 'Timed'), desk.hooks('bench', ''))}</p>`,
  );
  const tiles = parts.flatMap((p) => (p.tile === undefined ? [] : [tile(p.tile, p.id)]));
  const main = html`<header id="verdict"><p class="brand">tautograd report</p>
<h1>${desk.home === null ? 'The report' : `Do the laws hold for ${desk.home.name}?`}</h1>
${desk.home === null ? room.absent(HOME) : verdict(desk.home, machine ?? NOTHING)}
${tiles.length === 0 ? NOTHING : html`<ul class="tiles">${tiles}</ul>\n`}${live ? html`<p><a class="live" href="live.html">Train a network yourself on the live page</a></p>\n` : NOTHING}</header>
${parts.map((p) => html`<section id="${p.id}" aria-labelledby="${p.id}-title"><h2 id="${p.id}-title">${p.title}</h2>\n${p.body}</section>\n`)}
<footer>${made(room.readings())}</footer>
`;
  const links = [
    { to: '#verdict', text: 'Verdict' },
    ...parts.map((p) => ({ to: `#${p.id}`, text: p.title })),
    ...(live ? [{ to: 'live.html', text: 'Live' }] : []),
  ];
  return {
    text: pageText({ title: 'tautograd report', style: STYLE + desk.palette.style(), script: SCRIPT, links, main }),
    readings: room.readings(),
  };
};
