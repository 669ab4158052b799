// The test runner: where the tests are, and the immutability mode that is on in all of them.
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['{src,properties,bench}/**/*.test.ts', 'tools/engines.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    setupFiles: [new URL('./vitest.setup.ts', import.meta.url).pathname],
    testTimeout: 120_000,
    pool: 'forks',
    maxWorkers: availableParallelism(),
  },
});
