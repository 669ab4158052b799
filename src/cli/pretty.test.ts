// What a failing run prints: the cards that tell most, first and few, and what is left of the others.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Law } from '../../properties/law.ts';
import { card } from '../../properties/report.ts';
import type { Check } from '../../properties/run.ts';
import { telling } from './pretty.ts';
import { type Ran, terminal } from './terminal.ts';

const { home, leave, run } = terminal('verify');
afterAll(leave);

/** A ReLU that gives twice its value: one mistake, of which many laws hear. */
const MODULE = `import { definePort } from ${JSON.stringify(new URL('../../properties/port.ts', import.meta.url).href)};
const map = (t, f) => ({ shape: t.shape, data: Array.from(t.data, f) });
export default definePort({ engine: 'twice', version: '1', dtype: 'f64', entries: { activation: { relu: {
  forward: ({ x }) => ({ y: map(x, (v) => (v > 0 ? 2 * v + 1 : 1)) }),
  vjp: ({ x, dy }) => ({ dx: map(x, (v, i) => dy.data[i] + 1) }),
} } } });`;

describe('of many failures', () => {
  const args = ['twice.mjs', '--law', 'activation/*,loss/*', '--runs', '20', '--workers', '0'] as const;
  const cards = ({ out }: Ran): number => out.match(/^ {4}law {8}/gm)?.length ?? 0;
  const ran: Record<'few' | 'all', Ran> = { few: { code: 0, out: '', err: '' }, all: { code: 0, out: '', err: '' } };
  beforeAll(async () => {
    writeFileSync(join(home, 'twice.mjs'), MODULE);
    ran.all = await run(...args, '--all-cards');
    rmSync(join(home, '.tautograd'), { recursive: true }); // what failed before would be tried first
    ran.few = await run(...args);
  });

  test('five have their cards, and the others a line with their file', () => {
    const more = Number(/^(\d+) more failures; --all-cards prints their cards$/m.exec(ran.few.out)?.[1]);
    expect(more).toBeGreaterThan(0);
    expect(cards(ran.few)).toBe(5);
    expect(cards(ran.all)).toBe(5 + more);
    const lines = [...ran.few.out.matchAll(/^✗ (activation\/\S+) \[relu\] {2}falsified {2}(\.tautograd\S+)$/gm)];
    expect(lines).toHaveLength(more);
    for (const [, , file = ''] of lines) expect(existsSync(join(home, file)), file).toBe(true);
    expect(ran.few.code).toBe(1);
  });

  test('what is not covered is counted in one line', () => {
    expect(ran.few.out.match(/not covered by what the port declares/g)).toHaveLength(1);
    expect(ran.few.out).toMatch(/^· \d+ laws are not covered by what the port declares; --list names them$/m);
    const tally = /(\d+) not covered$/m.exec(ran.few.out)?.[1];
    expect(ran.few.out).toContain(`· ${tally} laws are not covered`);
  });

  test('machines have all of them, whole', async () => {
    const { out } = await run(...args, '--json', '--junit', 'junit.xml');
    const { checks } = JSON.parse(out) as { readonly checks: readonly Check[] };
    const failed = checks.filter((c) => c.counterexample !== undefined).length;
    expect(failed).toBe(cards(ran.all));
    expect(readFileSync(join(home, 'junit.xml'), 'utf8').match(/ {4}law {8}/g)).toHaveLength(failed);
  });
});

const law = (id: Law['id'], kind: Law['class']): Law =>
  ({ id, ref: 'A-01', says: 'so it is', class: kind, runs: 1 }) as unknown as Law; // nothing is asked of it here
const failed = (id: string, input: unknown): Check => ({
  law: id,
  subject: 'port',
  status: 'falsified',
  runs: 1,
  skipped: 0,
  margin: 2,
  seed: 1,
  counterexample: { input, about: 'y', worst: null, shrinks: 0 },
});

test('few numbers tell most, equality more than a bound, and no numbers least', () => {
  const laws = [
    law('a/none', 'exact'),
    law('a/bound', 'rounding bound'),
    law('a/exact', 'lattice'),
    law('a/long', 'exact'),
  ];
  const checks = [
    failed('a/none', null),
    failed('a/long', { x: [1, 2, 3], y: [4] }),
    failed('a/bound', { x: Float64Array.of(1), p: {} }),
    failed('a/exact', { x: { shape: [], data: [2] } }),
  ];
  expect(telling({ laws }, checks).map((c) => c.law)).toEqual(['a/exact', 'a/bound', 'a/long', 'a/none']);
});

test('a long input is cut, with what is missing and where it is whole', () => {
  const one = law('a/long', 'exact');
  const check = failed('a/long', 'x'.repeat(100));
  const cut = card(one, check, { dtype: 'f64' }, 'again', { most: 40, file: 'stored.json' });
  expect(cut).toContain(`    input      "${'x'.repeat(39)}… (62 more characters; whole in stored.json)\n`);
  expect(card(one, check, { dtype: 'f64' }, 'again')).toContain(`"${'x'.repeat(100)}"\n`);
});
