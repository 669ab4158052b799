// The laws under test: every mutant dies by each law it names, and every law kills one.
import { describe, expect, test } from 'vitest';
import { hunt } from './hunt.ts';
import { LAWS } from './laws/index.ts';
import { MUTANTS } from './mutants/index.ts';
import home from './ports/home.ts';
import { withVerifier } from './ports/verifier.ts';

const port = withVerifier(home);

describe('mutants', () => {
  for (const mutant of MUTANTS)
    test(`${mutant.id} dies by ${mutant.killedBy.join(', ')}`, async () => {
      const kills = await hunt(mutant, LAWS, port, 1);
      expect(kills.filter((k) => !k.killed)).toEqual([]);
    });
});

test('every law is named by a mutant, and ids are unique', () => {
  const named = new Set(MUTANTS.flatMap((m) => m.killedBy));
  expect(LAWS.filter((l) => !named.has(l.id)).map((l) => l.id)).toEqual([]);
  expect(new Set(MUTANTS.map((m) => m.id)).size).toBe(MUTANTS.length);
});
