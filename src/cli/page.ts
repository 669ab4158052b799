// The verdicts of one run as one page: the verdict, failures first, then law by law, with the look and the filter of the report.
import { summaryOf, type Verification } from './formats.ts';
import { askedOf } from './report/desk.ts';
import { html, NOTHING, pageText } from './report/html.ts';
import { failures, filterForm, lawCards, MARGINS } from './report/laws.ts';
import { SCRIPT } from './report/script.ts';
import { STYLE } from './report/style.ts';
import { verdict } from './report/verdict.ts';

/** One self-contained HTML page; contains no date and no duration, so that equal runs give equal bytes. */
export const pageOf = (v: Verification): string => {
  const { engine, version, dtype } = v.port;
  const asked = askedOf(
    { engine, version, dtype, seed: v.seed, summary: summaryOf(v), checks: v.checks },
    engine,
    v.replay,
  );
  const faults = v.faults.map((f) => html`<p class="missing">${f}.</p>\n`);
  const main = html`<header id="verdict"><p class="brand">tautograd verify</p>
<h1>Do the laws hold for ${engine} ${version}?</h1>
${verdict(asked, html`<p class="dim">Profile ${v.profile}.</p>`)}${faults.length === 0 ? NOTHING : faults}</header>
<section id="laws" aria-labelledby="laws-title"><h2 id="laws-title">Laws</h2>
${filterForm([asked])}<h3 id="failures">Failure cards</h3>
${failures([asked], asked)}<h3 id="law-by-law">Law by law</h3>
${MARGINS}${lawCards([asked], asked)}</section>
`;
  return pageText({
    title: `The laws, asked of ${engine} ${version} (${dtype})`,
    style: STYLE,
    script: SCRIPT,
    links: [
      { to: '#verdict', text: 'Verdict' },
      { to: '#failures', text: 'Failure cards' },
      { to: '#law-by-law', text: 'Law by law' },
    ],
    main,
  });
};
