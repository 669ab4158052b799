// What mutants of the engine are run against: its own tests, then the law book, in this process and with fewer inputs.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { placeOf } from './mutate.places.ts';

// The loops of pointwise rows are compiled on first use, by whichever test comes first; coverage per test would credit that
// one alone. A host without a compiler reads the rows anew each time, so the run that measures coverage is such a host.
const dry = (inject as (key: string) => unknown)('mode') === 'dry-run'; // provided by Stryker, unknown to the types
if (dry)
  globalThis.Function = new Proxy(Function, {
    construct: (target, texts: string[]) => {
      if (texts.includes('flatStep')) throw new EvalError('no compiler while coverage is measured'); // what loops of rows are closed over
      return Reflect.construct(target, texts) as object;
    },
  });

const ROOT = join(import.meta.dirname, '..');
const by = process.env.MUTATE_BY ?? 'everything';
const { chapters, rooms } = placeOf(process.env.MUTATE ?? '', by === 'rooms');
const { watchBirths } = await import('../src/internal.ts');

// As in the test mode, without the second look at every tensor.
watchBirths({ seal: (out) => new Float64Array((out.buffer as ArrayBuffer).transfer()), born: () => {} });

// Every turn has its own: what has survived tests meets laws, and no tests again.
if (by === 'room' || by === 'rooms')
  for (const room of rooms)
    for (const file of readdirSync(join(ROOT, 'src', room)))
      if (file.endsWith('.test.ts')) await import(join(ROOT, 'src', room, file));

if (by === 'nearest' || by === 'everything') {
  const { LAWS } = await import('../properties/laws/index.ts');
  const { withVerifier } = await import('../properties/ports/verifier.ts');
  const { default: home } = await import('../properties/ports/home.ts');
  const { costOf } = await import('../properties/crew.ts');
  const { check, tasks } = await import('../properties/run.ts');

  /** Inputs per law: a third of its own; a statistical law is nothing with less than all. */
  const runsOf = (law: (typeof LAWS)[number]): number =>
    law.class === 'statistical' ? law.runs : Math.ceil(law.runs / 3);
  const port = withVerifier(home);
  /** The chapter's place among the nearest; −1 for those that are further away. */
  const rank = (id: string): number => chapters.indexOf(id.split('/')[0] ?? '');
  const order = tasks(LAWS, port)
    .filter(({ law }) => by === 'everything' || rank(law.id) >= 0)
    .sort((a, b) => (rank(a.law.id) >>> 0) - (rank(b.law.id) >>> 0) || costOf(a.law) - costOf(b.law));
  for (const { law, subject } of order)
    test(`${law.id} [${subject}]`, async () => {
      const { status, counterexample } = await check(law, port, subject ?? '', {
        seed: 1,
        runs: runsOf(law),
        shrink: false,
        extent: false,
      });
      expect(counterexample?.about).toBeUndefined();
      expect(status).toMatch(/^(holds|upheld)$/);
    });
}
