// The verdict on one engine, in words that a glance takes in, and how sure they are.
import { figure } from '../../../properties/report.ts';
import { ALPHA } from '../../../properties/tolerance.ts';
import { type Asked, count, counted, dtypeText } from './desk.ts';
import { type Html, html, NOTHING } from './html.ts';

/** The verdict in words that need no figure. */
export const verdictOf = ({
  summary: s,
}: Pick<Asked, 'summary'>): { readonly text: string; readonly good: boolean } => {
  const broken = s.falsified + s.crashed;
  if (broken > 0) return { text: `${counted(broken, 'law is', 'laws are')} broken.`, good: false };
  if (s.undecided > 0) return { text: `No law is broken, and ${count(s.undecided)} undecided.`, good: false };
  const asked = s.laws - s.notCovered - s.waived;
  return {
    text: s.notCovered + s.waived === 0 ? `All ${count(asked)} laws hold.` : `${count(asked)} laws hold.`,
    good: asked > 0,
  };
};

/** The verdict of one engine, large, with what it was asked and how sure it is. */
export const verdict = (asked: Asked, more: Html = NOTHING): Html => {
  const { name, version, dtype, seed, summary: s } = asked;
  const { text, good } = verdictOf(asked);
  const rest = [
    ...(s.notCovered > 0 ? [`${counted(s.notCovered, 'law')} not covered`] : []),
    ...(s.waived > 0 ? [`${counted(s.waived, 'law')} waived`] : []),
  ];
  return html`<p class="verdict ${good ? 'good' : 'bad'}">${text}</p>
<p class="lede">${counted(s.checks, 'check')} on ${counted(s.runs, 'generated input')}, asked of ${name} ${version} in ${dtypeText[dtype] ?? dtype} with seed ${seed}${rest.length === 0 ? '' : `; ${rest.join(', ')}`}. ${s.statistical === 0 ? 'Nothing here is left to chance.' : html`With a fresh seed the chance of a false alarm is at most <span class="whole">${figure(s.statistical * ALPHA)}</span>.`}</p>
${more}`;
};
