// The test runner under mutation: one file, so that the engine is loaded once per mutant, and no sealing of tensors.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  // of every process its own: two that fill one cache of packages take files away from each other
  cacheDir: new URL(`../.tautograd/vite-${process.env.STRYKER_MUTATOR_WORKER ?? 0}`, import.meta.url).pathname,
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['tools/mutate.laws.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    testTimeout: 60_000,
    // packages in one file each instead of a thousand: they are loaded again for every mutant
    deps: { optimizer: { ssr: { enabled: true, include: ['zod', 'fast-check'] } } },
    isolate: true, // every mutant starts from fresh modules: rows are compiled when they are first used
  },
});
