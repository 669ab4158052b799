// Mutation of the engine, room by room: `npm run mutate -- nn` or `npm run mutate -- nn/init.ts`.
const place = process.env.MUTATE ?? '';
const name = `${place.replace(/\W/g, '-')}.${process.env.MUTATE_BY ?? 'everything'}`;

export default {
  mutate: [place.endsWith('.ts') ? `src/${place}` : `src/${place}/**/*.ts`, '!src/**/*.test.ts'],
  testRunner: 'vitest',
  vitest: { configFile: 'tools/vitest.mutate.config.ts', related: false },
  plugins: ['@stryker-mutator/vitest-runner', import.meta.resolve('./mutate.texts.mjs')],
  ignorers: ['texts'],
  tsconfigFile: 'none.json', // TypeScript 7 has no compiler of its own for Stryker to load
  coverageAnalysis: 'perTest',
  ignoreStatic: false, // rows of tables are made when they are imported: their mutants are as real as others
  disableBail: false,
  disableTypeChecks: false, // nothing here checks types
  concurrency: 2,
  timeoutMS: Number(process.env.MUTATE_TIMEOUT ?? 10_000), // more on a machine that does other work beside
  incremental: true,
  incrementalFile: `.tautograd/mutate/${name}.incremental.json`,
  tempDirName: '.tautograd/mutate/sandbox',
  cleanTempDir: 'always',
  ignorePatterns: ['/.tautograd', '/dist', '/bench/peers', '/reports'],
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: `.tautograd/mutate/${name}.json` },
  thresholds: { high: 100, low: 95, break: null },
  allowEmpty: false,
};
