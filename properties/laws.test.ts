// The built-in engine under the whole law book: one test per law and subject, with the seed of CI.
import { describe, expect, test } from 'vitest';
import { coverageLines, coverageOf, ENTRY_IDS, WITHOUT_LAW } from './catalogue.ts';
import { LAWS } from './laws/index.ts';
import home from './ports/home.ts';
import { withVerifier } from './ports/verifier.ts';
import { card } from './report.ts';
import { check, tasks } from './run.ts';
import { due } from './tolerance.ts';

const port = withVerifier(home);

describe('the built-in engine holds every law', () => {
  for (const { law, subject } of tasks(LAWS, port))
    test(`${law.id} [${subject}]`, async () => {
      expect(subject, 'a law that the reference does not cover checks nothing').not.toBeNull();
      const found = await check(law, port, subject ?? '', { seed: 1 });
      expect(found.counterexample && card(law, found, port, '')).toBeUndefined();
      expect(found.runs).toBeGreaterThanOrEqual(law.runs);
      expect(found.skipped, 'inputs that decide nothing').toBeLessThan(1 + found.runs / 4);
    });
});

test('the book is a book: ids are unique, statements are there, every law says where it is in the catalogue', () => {
  expect(new Set(LAWS.map((l) => l.id)).size).toBe(LAWS.length);
  for (const l of LAWS) {
    expect(l.id).toMatch(/^[a-z]+\/[a-z0-9-]+$/);
    expect(l.says.length).toBeGreaterThan(10);
    expect(l.ref).toMatch(/^[A-Z]-\d\d(, [A-Z]-\d\d)*$/);
  }
});

test('what inputs must reach is due: no predicate on them is idle at the runs of its law', () => {
  for (const l of LAWS)
    for (const [what, { share }] of Object.entries(l.covers ?? {}))
      expect(due(l.runs, share), `${l.id}: ${what}`).toBeGreaterThan(0);
});

test('every entry of the catalogue has laws, or a reason why there is none, and not both', () => {
  const coverage = coverageOf(LAWS);
  for (const { entry, laws, reason } of coverage) expect(laws.length > 0, entry).toBe(reason === '');
  expect(coverage.length).toBe(286);
  expect(coverage.filter((c) => c.laws.length > 0).length).toBeGreaterThanOrEqual(260);
  expect(Object.keys(WITHOUT_LAW).filter((entry) => !ENTRY_IDS.includes(entry))).toEqual([]);
  // and no law answers to an entry that the catalogue does not have
  expect(LAWS.flatMap((l) => l.ref.split(', ')).filter((entry) => !ENTRY_IDS.includes(entry))).toEqual([]);
  expect(coverageLines(coverage).at(-1)).toMatch(/^all: 285 of 286 implemented by \d+ laws, 1 not applicable: R-14$/);
});
