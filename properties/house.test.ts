// The house rules: arrows between rooms point one way, the engine is pure, files say what they are for.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Which rooms a room may import; the arrows never turn back. */
const ENGINE = [
  'src/core',
  'src/ops',
  'src/grad',
  'src/compile',
  'src/nn',
  'src/optim',
  'src/models',
  'src/train',
] as const;
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  'src/core': [],
  'src/ops': ['src/core'],
  'src/grad': ['src/core', 'src/ops'],
  'src/compile': ['src/core', 'src/ops', 'src/grad'],
  'src/nn': ['src/core', 'src/ops', 'src/grad'],
  'src/optim': ['src/core', 'src/ops', 'src/grad'],
  'src/models': ['src/core', 'src/ops', 'src/grad', 'src/nn', 'src/optim'],
  'src/train': ['src/core', 'src/ops', 'src/grad', 'src/compile', 'src/nn', 'src/optim', 'src/models'],
  src: ENGINE,
  properties: ['src'],
  bench: ['src', 'src/compile'],
  'bench/peers': ['src', 'bench'],
  'src/live': ['src', 'bench'],
  'src/cli/report': ['src', 'properties', 'bench'],
  'src/cli': ['src', 'src/cli/report', 'properties', 'bench'],
};
/** Packages, and the rooms that may use them. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  mathjs: ['properties/oracle', 'bench/peers'],
  'fast-check': ['properties'],
  zod: ['properties', 'src/cli'],
  tinybench: ['bench'],
  vega: ['bench'],
  'vega-lite': ['bench'],
  'simple-statistics': ['bench'],
  '@stdlib/stats-base-dists-binomial-cdf': ['properties'],
  '@stdlib/stats-base-dists-chisquare-cdf': ['properties'],
  vitest: ['properties'],
  piscina: ['properties'],
  execa: ['properties/process'],
  'junit-report-builder': ['src/cli'],
  commander: ['src/cli'],
  listr2: ['src/cli'],
};

const files = ['src', 'properties', 'bench'].flatMap((room) =>
  readdirSync(join(ROOT, room), { recursive: true, encoding: 'utf8' })
    .filter((f) => f.endsWith('.ts') && !f.includes('node_modules'))
    .map((f) => join(room, f)),
);
const isTest = (file: string): boolean => file.endsWith('.test.ts');
const text = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const roomOf = (file: string): string => {
  const folder = dirname(file);
  return folder in ROOMS ? folder : (folder.split('/')[0] ?? '');
};
const imports = (file: string): readonly string[] =>
  [...text(file).matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((m) => m[1] ?? '');

/** Packages that come along when a file is imported; types are erased. */
const brings = (entry: string): readonly string[] => {
  const [met, packages] = [new Set<string>(), new Set<string>()];
  const visit = (file: string): void => {
    if (met.has(file)) return;
    met.add(file);
    const code = text(file).replace(/^(?:im|ex)port type [^;]*;/gm, '');
    for (const [, spec = ''] of code.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g))
      if (spec.startsWith('.')) visit(relative(ROOT, join(ROOT, dirname(file), spec)));
      else packages.add(spec);
  };
  visit(entry);
  return [...packages];
};

describe('the house', () => {
  test.each([
    ['src/index.ts', []],
    ['src/node.ts', ['node:worker_threads']],
    ['properties/adapter.ts', ['zod']],
  ] as const)('%s is light', (file, packages) => {
    expect(brings(file)).toEqual(packages);
  });

  test('is not empty', () => {
    expect(files.length).toBeGreaterThan(50);
  });

  for (const file of files) {
    test(`${file} begins by saying what it is for`, () => {
      const first =
        text(file)
          .replace(/^#!.*\n/, '')
          .split('\n')[0] ?? '';
      expect(first).toMatch(/^\/\/ .{20,}[.?]/);
    });

    if (!isTest(file))
      test(`${file} imports only from rooms below`, () => {
        const room = roomOf(file);
        for (const spec of imports(file)) {
          if (spec.startsWith('.')) {
            const target = roomOf(relative(ROOT, join(ROOT, dirname(file), spec)));
            if (target !== room) expect(ROOMS[room], `${file} → ${spec}`).toContain(target);
          } else if (!spec.startsWith('node:')) {
            const allowed = PACKAGES[spec];
            expect(allowed, `${file} imports ${spec}`).toBeDefined();
            expect(
              (allowed ?? []).some((r) => file.startsWith(`${r}/`)),
              `${file} imports ${spec}`,
            ).toBe(true);
          }
        }
      });

    if ((ENGINE as readonly string[]).includes(roomOf(file)) && !isTest(file))
      test(`${file} is pure`, () => {
        const code = text(file);
        expect(code).not.toMatch(/'node:|Math\.random|Date\.now|new Date|performance\.now|console\./);
        const bare = code.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
        expect(bare, 'functions that differ between hosts').not.toMatch(
          /Math\.(?:exp|expm1|log|log1p|log2|log10|pow|a?(?:sin|cos|tan)h?|atan2|cbrt|hypot)\b/,
        );
        expect(bare, 'powers other than squares and those of 2').not.toMatch(/(?<!\b2 )\*\* (?!2\b)/);
        const mutable = [...code.matchAll(/^(?:export )?let (\w+)/gm)].map((m) => m[1]);
        expect(mutable, 'module-level let').toEqual(file === 'src/core/tensor.ts' ? ['birth'] : []);
      });

    if (file.startsWith('properties/laws/'))
      test(`${file} takes its tolerances from the tolerance file`, () => {
        const code = text(file)
          .replace(/\/\/.*$/gm, '')
          .replace(/'[^'\n]*'|`[^`]*`/g, '');
        expect(code).not.toMatch(/[^\w.]\d*\.?\d+e-\d+/);
      });
  }
});
