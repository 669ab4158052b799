// Mutates a room or a file of the engine and lists what survives: `npm run mutate -- nn`, `npm run mutate -- nn/init.ts`.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const [place = '', ...rest] = process.argv.slice(2);
if (!/^\w+(\/\w+\.ts)?$/.test(place)) {
  console.error('usage: npm run mutate -- <room or room/file.ts of src> [options of Stryker]');
  process.exit(2);
}

const { status } = spawnSync('npx', ['stryker', 'run', 'tools/stryker.config.mjs', ...rest], {
  cwd: ROOT,
  stdio: 'inherit',
  env: { ...process.env, MUTATE: place },
});

interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: string;
  readonly statusReason?: string;
  readonly location: { readonly start: Place; readonly end: Place };
}
interface Place {
  readonly line: number;
  readonly column: number;
}
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

const report = JSON.parse(
  readFileSync(join(ROOT, `.tautograd/mutate/${place.replace(/\W/g, '-')}.json`), 'utf8'),
) as Report; // written by Stryker under its published schema

/** The mutated text, on one line. */
const original = (source: string, { start, end }: Mutant['location']): string =>
  source
    .split('\n')
    .slice(start.line - 1, end.line)
    .map((line, i, all) =>
      line.slice(i === 0 ? start.column - 1 : 0, i === all.length - 1 ? end.column - 1 : undefined),
    )
    .join(' ')
    .replace(/\s+/g, ' ')
    .slice(0, 100);

for (const [file, { source, mutants }] of Object.entries(report.files)) {
  const valid = mutants.filter((m) => m.status !== 'Ignored');
  const alive = valid.filter((m) => m.status === 'Survived' || m.status === 'NoCoverage');
  const score = ((100 * (valid.length - alive.length)) / Math.max(1, valid.length)).toFixed(1);
  console.log(`\n${file}: ${valid.length} mutants, ${alive.length} alive, ${score} %`);
  for (const m of alive)
    console.log(
      `  ${m.location.start.line}:${m.location.start.column} ${m.status === 'NoCoverage' ? '(not reached) ' : ''}${original(source, m.location)}  →  ${(m.replacement ?? '').replace(/\s+/g, ' ').slice(0, 100)}`,
    );
}
process.exit(status ?? 1);
