// The laws under test: every mutant dies by each law it names, and every law kills one.
import { availableParallelism } from 'node:os';
import { afterAll, describe, expect, test } from 'vitest';
import { crewFor } from './crew.ts';
import { LAWS } from './laws/index.ts';
import { MUTANTS } from './mutants/index.ts';
import home from './ports/home.ts';
import { withVerifier } from './ports/verifier.ts';

const crew = crewFor(withVerifier(home), { workers: availableParallelism(), sealed: true });
afterAll(() => crew.close());

describe.concurrent('mutants', () => {
  for (const mutant of MUTANTS)
    test(`${mutant.id} dies by ${mutant.killedBy.join(', ')}`, async () => {
      const kills = await crew.hunt(mutant, 1);
      expect(kills.filter((k) => !k.killed)).toEqual([]);
    });
});

test('every law is named by a mutant, and ids are unique', () => {
  const named = new Set(MUTANTS.flatMap((m) => m.killedBy));
  expect(LAWS.filter((l) => !named.has(l.id)).map((l) => l.id)).toEqual([]);
  expect(new Set(MUTANTS.map((m) => m.id)).size).toBe(MUTANTS.length);
});
