// How work is shared out, under test: long tasks first, few workers for little, and the matrix by which all laws hunt.
import { describe, expect, test } from 'vitest';
import { costOf, longestFirst, workersFor } from './crew.ts';
import { matrixRow } from './hunt.ts';
import type { Law } from './law.ts';
import { LAWS } from './laws/index.ts';
import { MUTANTS } from './mutants/index.ts';
import type { PortInfo } from './port.ts';
import home from './ports/home.ts';
import { withVerifier } from './ports/verifier.ts';
import { check, runsOf, tasks } from './run.ts';

describe('tasks', () => {
  test('come with the longest first, equals in their order, none lost', () => {
    expect(longestFirst(['a', 'ccc', 'b', 'dd'], (t) => t.length)).toEqual(['ccc', 'dd', 'a', 'b']);
    const all = tasks(LAWS, home);
    expect(new Set(longestFirst(all, (t) => costOf(t.law)))).toEqual(new Set(all));
  });

  test('that are few get no worker', () => {
    expect(workersFor(1000)).toBe(0);
  });

  test('of the profile smoke are one subject of a law, another one by another seed, and none of a statistical law', () => {
    const law = { id: 'a/b', subjects: (_: PortInfo) => [...'abcdefghijk'] } as unknown as Law; // nothing else is looked at
    const chosen = (seed: number) => tasks([law], home, { profile: 'smoke', seed }).map((t) => t.subject);
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];
    for (const seed of seeds) expect(chosen(seed)).toHaveLength(1);
    expect(new Set(seeds.flatMap(chosen)).size).toBe(11);
    expect(tasks([{ ...law, class: 'statistical' }], home, { profile: 'smoke', seed: 1 })).toEqual([]);
    expect(tasks([law], home, { profile: 'ci', seed: 1 })).toHaveLength(11);
  });

  test('of statistical laws never make more runs than their level counts on', () => {
    const row = { runs: 4, class: 'statistical' } as const;
    expect(runsOf(row, { profile: 'deep' })).toBe(4);
    expect(runsOf(row, { runs: 100 })).toBe(4);
    expect(runsOf({ runs: 4, class: 'exact' }, { profile: 'deep' })).toBe(80);
  });
});

test('a check that has no time left made no run', async () => {
  const [law] = LAWS;
  if (law === undefined) throw new Error('there is no law');
  const found = await check(law, withVerifier(home), 'port', { seed: 1, until: Date.now() - 1 });
  expect(found).toMatchObject({ status: 'undecided', runs: 0 });
});

test('the matrix has the laws that a mutant names, and others that find it as well', async () => {
  const port = withVerifier(home);
  const mutant = MUTANTS.find((m) => m.id === 'judge/nan-passes');
  if (mutant === undefined) throw new Error('there is no such mutant');
  const row = await matrixRow(
    { ...mutant, killedBy: ['meta/bounds-bite'] },
    LAWS.filter((l) => l.id.startsWith('meta/')),
    port,
    1,
  );
  expect(row.filter((k) => k.killed).map((k) => k.law)).toContain('meta/nan-is-a-failure');
  expect(row.filter((k) => !k.killed).map((k) => k.law)).toEqual(['meta/bounds-bite']);
});
