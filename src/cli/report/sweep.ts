// The sweep: its answer first, then how to read it, the instrument, known results, and every problem in turn.
import { type SweepReport, sweepPage } from '../../../bench/sweep/report.ts';
import { count, counted, type Desk, type Section } from './desk.ts';
import { folded, type Html, html, joined, NOTHING } from './html.ts';
import { below, rendered } from './markdown.ts';

const FILE = 'sweep/sweep.json';

/** Parts of the page that everyone sees, and parts that unfold. */
const OPEN = ['The answer', 'Known results', 'All problems together'];
const CLOSED = ['How to read it', 'Protocol', 'The instrument'];

const told = (desk: Desk) => (report: SweepReport) => {
  const charts = desk.room.files('sweep', '.svg').map((f) => f.replace(/\.svg$/, ''));
  const page = sweepPage(report, charts);
  const part = (heading: string, level: number): Html =>
    rendered(below(page, heading), desk.hooks('sweep', heading, { level }));
  const problems = below(page, 'Problems').split(/^### /m).slice(1);
  const { runs, optimizers, tasks } = report.summary;
  return {
    text: html`${OPEN.map((heading) => {
      const text = part(heading, 2);
      return text.html === '' ? NOTHING : html`<h3>${heading}</h3>\n${text}`;
    })}${CLOSED.map((heading) => {
      const text = part(heading, 2);
      return text.html === '' ? NOTHING : folded(heading, text);
    })}<h3>Problem by problem</h3>
${joined(
  problems.map((text) => {
    const [title = '', ...rest] = text.split('\n');
    return folded(title, rendered(rest.join('\n'), desk.hooks('sweep', title, { level: 3 })), { name: 'problems' });
  }),
)}`,
    tile: {
      figure: count(runs.known),
      words: `training runs of ${counted(optimizers.length, 'optimizer')} on ${counted(tasks.length, 'problem')}, ${runs.failed} failed${runs.missing > 0 ? `, ${runs.missing} missing` : ''}`,
      tone: 'plain' as const,
    },
  };
};

export const sweepSection: Section = {
  id: 'sweep',
  title: 'Sweep',
  make: (desk) => {
    const found = desk.room.report(FILE, told(desk));
    return found === null ? { body: desk.room.absent(FILE) } : { body: found.text, tile: found.tile };
  },
};
