// The laws under test: mutants die by each law they name, and every law is named by one.
import { describe, expect, test } from 'vitest';
import { hunt } from './hunt.ts';
import { LAWS } from './laws/index.ts';
import { MUTANTS } from './mutants/index.ts';
import home from './ports/home.ts';
import { withVerifier } from './ports/verifier.ts';

const port = withVerifier(home);
/** One in so many is hunted here; `tautograd mutants` hunts them all, in workers, and CI has it do so. */
const EACH = 24;

describe('mutants', () => {
  for (const mutant of MUTANTS.filter((_, i) => i % EACH === 0))
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
