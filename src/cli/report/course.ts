// The course: every claim of the first lecture with its verdict, its checks, its numbers and its plot.
import type { courseReport } from '../../../bench/course/course.ts';
import { figure } from '../../../bench/markdown.ts';
import { counted, type Desk, type Section } from './desk.ts';
import { anchor, folded, type Html, html, joined, table } from './html.ts';

const FILE = 'course/course.json';
type Course = ReturnType<typeof courseReport>;
type Lesson = Course['parts'][number];

const sign = (holds: boolean): Html => (holds ? html`<span class="v h">✓</span>` : html`<span class="v f">✗</span>`);
const nameOf = (id: string): string => anchor('course', id);

const lesson = (desk: Desk, part: Lesson): Html => {
  const holds = part.verdict === 'holds';
  return html`<article class="lesson" id="${nameOf(part.id)}"><h3><span class="dim">${part.number}</span> ${part.title}</h3>
<p class="says">${part.claim} <span class="dim">(${part.source})</span></p>
<p><strong class="v ${holds ? 'h' : 'f'}">${holds ? '✓' : '✗'} ${part.verdict}</strong> ${part.text}.</p>
${desk.chart('course', part.chart, part.title)}${folded(
  html`${counted(part.checks.length, 'check')}, ${counted(part.numbers.length, 'number')}`,
  html`<ul class="checks">${part.checks.map((c) => html`<li>${sign(c.holds)} ${c.says}: ${c.found}</li>\n`)}</ul>\n${table(
    {
      caption: `Numbers: ${part.title}`,
      columns: [{ head: 'number' }, { head: 'value', kind: 'figure' }],
      rows: part.numbers.map((n) => [n.name, `${figure(n.value)}${n.unit === '' ? '' : ` ${n.unit}`}`]),
    },
  )}`,
  { name: 'course', open: !holds, paper: true },
)}</article>\n`;
};

const told = (desk: Desk) => (report: Course) => {
  const held = report.parts.filter((p) => p.verdict === 'holds').length;
  return {
    text: html`<p>The claims of a first lecture on deep learning, each as an experiment on the engine. A verdict is computed from the checks below it.</p>
<ol class="claims">${report.parts.map((p) => html`<li>${sign(p.verdict === 'holds')} <a href="#${nameOf(p.id)}">${p.number} ${p.title}</a></li>\n`)}</ol>
${joined(report.parts.map((p) => lesson(desk, p)))}`,
    tile: {
      figure: `${held} of ${report.parts.length}`,
      words: 'claims of a first lecture on deep learning hold',
      tone: held === report.parts.length ? ('good' as const) : ('bad' as const),
    },
  };
};

export const courseSection: Section = {
  id: 'course',
  title: 'Course',
  make: (desk) => {
    const found = desk.room.report(FILE, told(desk));
    return found === null ? { body: desk.room.absent(FILE) } : { body: found.text, tile: found.tile };
  },
};
