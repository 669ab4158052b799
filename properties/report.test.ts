// What people read under test: lines, cards, tallies, and the Markdown page.
import { describe, expect, test } from 'vitest';
import type { Law } from './law.ts';
import home from './ports/home.ts';
import { card, lawLines, lineText, markdown, tally, tallyText } from './report.ts';
import type { Check } from './run.ts';

const row = (id: Law['id'], more: Partial<Law> = {}): Law => ({
  id,
  ref: 'A-01',
  says: 'something holds | always',
  class: 'exact',
  runs: 10,
  subjects: () => [],
  given: () => {
    throw new Error('not run');
  },
  holds: () => {
    throw new Error('not run');
  },
  ...more,
});
const found = (
  law: string,
  subject: string,
  status: Check['status'],
  margin: number,
  more: Partial<Check> = {},
): Check => ({ law, subject, status, runs: 10, skipped: 0, margin, seed: 1, ...more });
const laws = [row('a/one'), row('a/two', { class: 'statistical' }), row('a/three')];
const worst = { index: 2, got: 1 + 2 ** -50, expected: 1, error: 2 ** -50, allowed: 2 ** -52 };
const checks = [
  found('a/one', 'x', 'holds', 0.25),
  found('a/one', 'y', 'falsified', 4, {
    counterexample: {
      input: { x: [-0, Number.NaN] },
      about: 'y',
      worst,
      shrinks: 3,
      extent: { tried: 10, failing: 7, input: 1, about: 'y', margin: 8, worst },
    },
  }),
  found('a/two', 'port', 'upheld', 0.5),
  found('a/three', '', 'not covered', 0, { runs: 0 }),
];

describe('reports', () => {
  const lines = lawLines(laws, checks);

  test('a law is as good as its worst subject', () => {
    expect(lines.map((l) => l.status)).toEqual(['falsified', 'upheld', 'not covered']);
    expect(lineText(lines[0] as (typeof lines)[0])).toMatch(
      /^✗ a\/one\s+falsified\s+2 subjects\s+20 runs {2}margin 4 {2}\[y\]$/,
    );
    expect(lineText(lines[2] as (typeof lines)[0])).toMatch(/^· a\/three\s+not covered$/);
  });

  test('a card has the values, the difference in ulps and in units of the bound, the extent and the replay', () => {
    const text = card(row('a/one'), checks[1] as Check, { dtype: 'f64' }, 'again!');
    for (const part of [
      '✗ a/one [y]  falsified  (A-01, exact)',
      '{"x":["-0","NaN"]}  (shrunk 3 times)',
      'y, element 2: expected 1',
      'got 1.0000000000000009',
      'off by 8.88e-16 = 4 ulps, 4 × the allowed 2.22e-16',
      '7 of 10 inputs fail',
      'replay     again!',
    ])
      expect(text).toContain(part);
  });

  test('what has no ulps is not counted in them', () => {
    const zero = found('a/one', 'y', 'falsified', 1, {
      counterexample: { input: 1, about: 'y', worst: { ...worst, expected: 0 }, shrinks: 0 },
    });
    expect(card(row('a/one'), zero, { dtype: 'f64' }, '')).not.toContain('ulps');
    const statistic = found('a/one', 'y', 'falsified', 3, {
      counterexample: { input: 1, about: 'y', worst: { ...worst, allowed: Number.NaN }, shrinks: 0 },
    });
    expect(card(row('a/one'), statistic, { dtype: 'f64' }, '')).toContain('3 × the surprise that chance is allowed');
  });

  test('NaN is called what it is, and a statistic without numbers has its surprise', () => {
    const of = (w: typeof worst | null, margin = 3): string =>
      card(
        row('a/one'),
        found('a/one', 'y', 'falsified', margin, { counterexample: { input: 1, about: 'y', worst: w, shrinks: 0 } }),
        { dtype: 'f64' },
        '',
      );
    expect(of({ ...worst, got: Number.NaN, error: Number.POSITIVE_INFINITY })).toContain('got NaN, which is no number');
    expect(of(null)).toContain('found      y: 3 × the surprise that chance is allowed');
    expect(of(null, Number.POSITIVE_INFINITY)).not.toContain('surprise');
  });

  test('a simple factor is told where the worst input has it, too', () => {
    const half = { index: 0, got: -1, expected: 2, error: 3, allowed: 0 };
    const extent = { tried: 9, failing: 9, input: 1, about: 'y', margin: 8, worst: { ...half, got: 5, expected: -10 } };
    const of = (more: object): string =>
      card(
        row('a/one'),
        found('a/one', 'y', 'falsified', 1, {
          counterexample: { input: 1, about: 'y', worst: half, shrinks: 0, asks: ['e.f.g'], extent, ...more },
        }),
        { dtype: 'f64' },
        '',
      );
    expect(of({})).toContain('what came is −1/2 times what was expected');
    expect(of({})).toContain('asks for   e.f.g');
    expect(of({ extent: { ...extent, worst: { ...half, got: 3 } } })).not.toContain('pattern');
    expect(of({ asks: Array.from({ length: 9 }, (_, i) => `e${i}`) })).toContain('e5 and 3 more');
  });

  test('the tally counts laws by verdict, and bounds false alarms by the statistical checks', () => {
    const t = tally(lines, checks);
    expect(t).toEqual({
      laws: 3,
      checks: 3,
      runs: 30,
      holds: 1,
      falsified: 1,
      crashed: 0,
      notCovered: 1,
      undecided: 0,
      waived: 0,
      statistical: 1,
    });
    expect(tallyText(t, 5e-13)).toMatch(/at most 5\.00e-13 \(1 statistical checks\)/);
  });

  test('the Markdown page is the same every time, escapes its cells, and holds every card', () => {
    const page = markdown(home, laws, checks, 1, 5e-13, () => 'again!');
    expect(page).toBe(markdown(home, laws, checks, 1, 5e-13, () => 'again!'));
    expect(page).toContain('something holds \\| always');
    expect(page).toContain('✗ a/one [y]');
    expect(page).not.toMatch(/\d{4}-\d\d-\d\d|\d+ ms/);
  });
});
