// The laws as tests of somebody else's project: a describe per chapter, a test per law and subject.
import { describe, test } from 'vitest';
import { type Deviation, deviationsSchema, expecting, misnamed, nameOf, outdated } from './deviations.ts';
import { matching } from './glob.ts';
import type { Law } from './law.ts';
import { LAWS } from './laws/index.ts';
import type { Port } from './port.ts';
import { withVerifier } from './ports/verifier.ts';
import { card } from './report.ts';
import { type Check, check, type Profile, type Task, tasks } from './run.ts';

export interface RegisterOptions {
  /** Laws by id, as 'loss/*,meta/*'; all unless named. */
  readonly laws?: string;
  /** How many inputs; `ci` unless named. */
  readonly profile?: Profile;
  readonly seed?: number;
  /** Checks that are to fail, with the reason; a test of its own fails when one holds, or names no law or subject. */
  readonly expect?: readonly Deviation[];
}

/** No law is quick enough for every machine; a port that hangs is stopped by the time-out of its answers. */
const LONG = 3_600_000;

/** A failure is what its text says; a place in our own code would tell nobody anything. */
const fail = (text: string): never => {
  const error = new Error(text);
  error.stack = `Error: ${text}`;
  throw error;
};

const run = async (law: Law, port: Port, subject: string, o: RegisterOptions): Promise<Check> => {
  const { seed = 1, profile = 'ci' } = o;
  const found = await check(law, port, subject, { seed, profile });
  const expected = expecting(o.expect ?? [], found);
  const replay = `npx tautograd verify <your adapter> --law ${law.id} --profile ${profile} --seed ${seed}`;
  if (found.counterexample !== undefined && expected === undefined) fail(`\n${card(law, found, port, replay)}`);
  if (found.status === 'undecided') fail(`${nameOf(found)} is undecided after ${found.runs} runs`);
  return found;
};

/**
 * Registers the laws as vitest tests: call it at the top of a test file.
 * @throws Error when a glob matches no law, or the expected deviations are no such list
 */
export const registerLaws = (port: Port, options: RegisterOptions = {}): void => {
  const { seed = 1, profile = 'ci' } = options;
  deviationsSchema.parse(options.expect ?? []);
  const deviations = options.expect ?? [];
  const checks: Check[] = [];
  const { chosen, idle } = matching(
    LAWS.map((l) => l.id),
    options.laws ?? '*',
  );
  if (idle.length > 0) throw new Error(`registerLaws: no law matches "${idle[0]}"`);
  const laws = LAWS.filter((l) => chosen.includes(l.id));
  const judged = withVerifier(port);
  const named = ({ law, subject }: Task): string => nameOf({ law: law.id, subject: subject ?? '' });
  for (const chapter of new Set(laws.map((l) => l.id.split('/')[0] ?? '')))
    describe(`${port.engine}: ${chapter}`, () => {
      for (const task of tasks(
        laws.filter((l) => l.id.startsWith(`${chapter}/`)),
        judged,
        { seed, profile },
      )) {
        const { law, subject } = task;
        if (subject === null) test.skip(`${named(task)} (not covered)`, () => {});
        else
          test(named(task), { timeout: LONG }, async () => {
            checks.push(await run(law, judged, subject, options));
          });
      }
    });
  if (deviations.length > 0)
    test('expected deviations are there, and name laws and subjects', () => {
      const wrong = misnamed(deviations, LAWS, judged);
      // one input is no evidence that a deviation is gone
      const gone = profile === 'smoke' ? [] : outdated(deviations, checks);
      if (wrong.length + gone.length > 0) fail([...wrong, ...gone].join('\n'));
    });
};
