// What GitHub shows of a verification: annotations in the log, and the summary of the step.
import { nameOf } from '../../properties/deviations.ts';
import { figure, lawLines, SIGN, tallyText } from '../../properties/report.ts';
import { ALPHA } from '../../properties/tolerance.ts';
import { headlineOf, isFailure, storyOf, summaryOf, type Verification } from './formats.ts';
import { escaped, printable } from './report/html.ts';

/** Workflow commands: an annotation per failure. */
export const annotationsOf = (v: Verification): readonly string[] => {
  const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return [
    ...v.checks
      .filter(isFailure)
      .map((c) => `::error title=${property(`${nameOf(c)} ${c.status}`)}::${data(storyOf(v, c))}`),
    ...v.faults.map((f) => `::error title=${property('tautograd verify')}::${data(printable(f))}`),
  ];
};

/** Bytes of a summary; GitHub refuses one of more than 1 MiB. */
const MOST = 1_000_000;

/** A cell of a table: text of a port, of which nothing is Markdown or HTML. */
const cell = (text: string): string =>
  escaped(text.replace(/\s+/g, ' ')).replace(/[\\`*_~|[\]]/g, (c) => `&#${c.codePointAt(0)};`);
const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const folded = (summary: string, body: string): string =>
  `<details><summary>${summary}</summary>\n\n${body}\n\n</details>\n`;

/** Markdown for the page of the step: the verdict, a table of what fails, the cards, and all laws, folded. */
export const stepSummaryOf = (v: Verification): string => {
  const { engine, version, dtype } = v.port;
  const lines = lawLines(v.laws, v.checks);
  const failures = v.checks.filter(isFailure);
  const wrong = failures.length + v.faults.length;
  const table = failures.map((c) =>
    row(
      SIGN[c.status],
      `<code>${cell(c.law)}</code>`,
      c.subject === 'port' ? '' : cell(c.subject),
      c.status,
      cell(headlineOf(v, c).slice(0, 300)),
    ),
  );
  const verdict = wrong === 0 ? 'every law that applies holds' : `${wrong} ${wrong === 1 ? 'failure' : 'failures'}`;
  const head = [
    `## ${wrong === 0 ? '✓' : '✗'} ${cell(`${engine} ${version} (${dtype})`)}: ${verdict}`,
    `${tallyText(summaryOf(v), ALPHA).replace('\n', '; ')}. Seed ${v.seed}, profile ${v.profile}.`,
    ...v.faults.map((f) => `✗ ${cell(printable(f))}`),
    ...(table.length === 0
      ? []
      : [[row('', 'law', 'of', 'verdict', 'found'), '|---|---|---|---|---|', ...table].join('\n')]),
  ].join('\n\n');
  const all = folded(
    `All ${lines.length} laws`,
    [
      row('', 'law', 'verdict', 'checks', 'runs', 'margin'),
      '|---|---|---|--:|--:|--:|',
      ...lines.map((l) =>
        row(
          SIGN[l.status],
          `<code>${cell(l.law.id)}</code>`,
          l.status,
          `${l.subjects}`,
          `${l.runs}`,
          l.status === 'not covered' ? '' : figure(l.margin),
        ),
      ),
    ].join('\n'),
  );
  const room = { left: MOST - Buffer.byteLength(head + all) };
  const cards: string[] = [];
  for (const c of failures) {
    const text = folded(`${SIGN[c.status]} ${cell(nameOf(c))}`, `<pre>${escaped(storyOf(v, c))}</pre>`);
    room.left -= Buffer.byteLength(text) + 1;
    if (room.left < 0) {
      cards.push(`Cards of ${failures.length - cards.length} more failures are in the log.\n`);
      break;
    }
    cards.push(text);
  }
  return [head, '', ...cards, all].join('\n');
};
