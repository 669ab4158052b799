// The test runner: where the tests are, and the immutability mode that is on in all of them.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The file that takes longest goes first: left to the end, one core would wait for it. */
const LONGEST = 'properties/laws.test.ts';
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const [first, rest] = [true, false].map((is) => files.filter((f) => f.moduleId.endsWith(LONGEST) === is));
    return [...(first ?? []), ...(await super.sort(rest ?? []))];
  }
}

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['{src,properties,bench}/**/*.test.ts', 'tools/engines.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    setupFiles: [new URL('./vitest.setup.ts', import.meta.url).pathname],
    testTimeout: 120_000,
    // hundreds of processes begin in tests: with what Node keeps of compiled modules they are there in three quarters of the time
    env: { NODE_COMPILE_CACHE: new URL('../node_modules/.cache/compiled', import.meta.url).pathname },
    pool: 'forks',
    execArgv: ['--max-semi-space-size=64'], // MB for short-lived numbers: clearing the host's default takes a fifth of the time
    sequence: { sequencer: LongestFirst },
    maxWorkers: availableParallelism() + 1, // tests of processes wait now and then
  },
});
