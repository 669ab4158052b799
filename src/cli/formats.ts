// Verdicts for machines: TAP, JUnit, and the record that JSON and the page are made of.
import junit, { type Builder } from 'junit-report-builder';
import { nameOf } from '../../properties/deviations.ts';
import type { Law } from '../../properties/law.ts';
import type { PortInfo } from '../../properties/port.ts';
import { card, headline, lawLines, type Tally, tally } from '../../properties/report.ts';
import type { Check, Profile } from '../../properties/run.ts';
import { printable } from './report/html.ts';

/** A whole verification: who was asked, what came of it, and how to see a failure again. */
export interface Verification {
  readonly port: PortInfo;
  readonly laws: readonly Law[];
  readonly checks: readonly Check[];
  readonly seed: number;
  readonly profile: Profile;
  /** What is wrong beside the checks, in a sentence each: expected deviations that are none, a port that failed between two checks. */
  readonly faults: readonly string[];
  readonly replay: (check: Check) => string;
}

/** Verdicts that fail a run. */
export const isFailure = (c: Check): boolean =>
  c.status === 'falsified' || c.status === 'crashed' || c.status === 'undecided';

/** What a person reads of one failure: its card, or why it is undecided. */
export const storyOf = ({ laws, port, replay }: Verification, c: Check): string => {
  const law = laws.find((l) => l.id === c.law);
  return c.counterexample === undefined || law === undefined
    ? `${nameOf(c)} is undecided after ${c.runs} runs`
    : printable(card(law, c, port, replay(c)));
};

/** A failure in a line: what was expected and what came. */
export const headlineOf = (v: Verification, c: Check): string =>
  printable(headline(c, v.port) ?? `${nameOf(c)} is undecided after ${c.runs} runs`);

export const summaryOf = ({ laws, checks }: Pick<Verification, 'laws' | 'checks'>): Tally =>
  tally(lawLines(laws, checks), checks);

/** The record, as JSON prints it. */
export const recordOf = (v: Verification): object => ({
  schema: 1,
  engine: v.port.engine,
  version: v.port.version,
  dtype: v.port.dtype,
  seed: v.seed,
  profile: v.profile,
  summary: summaryOf(v),
  faults: v.faults,
  checks: v.checks,
});

/** TAP version 14: a point per check, the card as its diagnostic; what is waived is to do, what is not covered is skipped. */
export const tapOf = (v: Verification): string => {
  const name = (c: Check): string => nameOf(c).replace(/[\\#]/g, '\\$&');
  const point = (c: Check, i: number): readonly string[] => {
    const head = `${isFailure(c) || c.status === 'waived' ? 'not ok' : 'ok'} ${i + 1} - ${name(c)}`;
    if (c.status === 'not covered') return [`${head} # SKIP not covered`];
    if (c.status === 'waived') return [`${head} # TODO ${c.waiver?.why.replace(/\s+/g, ' ')}`];
    if (!isFailure(c)) return [head];
    const story = storyOf(v, c).split('\n');
    return [head, '  ---', `  status: ${c.status}`, '  message: |', ...story.map((l) => `    ${l}`), '  ...'];
  };
  return [
    'TAP version 14',
    `1..${v.checks.length + v.faults.length}`,
    ...v.checks.flatMap(point),
    ...v.faults.map((f, i) => `not ok ${v.checks.length + i + 1} - ${printable(f).replace(/[\\#]/g, '\\$&')}`),
  ].join('\n');
};

/** JUnit's XML: a suite per chapter, a case per check. */
export const junitOf = (v: Verification): string => {
  const builder = (junit as unknown as Builder).newBuilder(); // its declarations speak of a default that Node does not see
  const chapters = [...new Set(v.checks.map((c) => c.law.split('/')[0] ?? ''))];
  for (const chapter of chapters) {
    const suite = builder.testSuite().name(chapter);
    for (const c of v.checks.filter((one) => one.law.startsWith(`${chapter}/`))) {
      const test = suite.testCase().className(`${v.port.engine}.${chapter}`).name(nameOf(c));
      const headline = headlineOf(v, c);
      if (c.status === 'crashed') test.error(headline, c.status, storyOf(v, c));
      else if (isFailure(c)) test.failure(headline, c.status).stacktrace(storyOf(v, c));
      else if (c.status === 'not covered' || c.status === 'waived') test.skipped();
    }
  }
  if (v.faults.length > 0) {
    const suite = builder.testSuite().name('run');
    for (const fault of v.faults)
      suite.testCase().className(`${v.port.engine}.run`).name(printable(fault)).failure(printable(fault), 'fault');
  }
  return builder.build();
};
