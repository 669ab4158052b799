// Mutates a room or a file of the engine and lists what survives: `npm run mutate -- nn`, `npm run mutate -- nn/init.ts`.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Place {
  readonly line: number;
  readonly column: number;
}
interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  status: string;
  readonly location: { readonly start: Place; readonly end: Place };
}
type Files = Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;

const ROOT = join(import.meta.dirname, '..');
const [place = '', ...options] = process.argv.slice(2);
if (!/^\w+(\/\w+\.ts)?$/.test(place)) {
  console.error('usage: npm run mutate -- <room, or room/file.ts, of src> [options of Stryker]');
  process.exit(2);
}
const name = place.replace(/\W/g, '-');

/** What mutants meet, turn by turn, the cheapest first: the room's own tests, those of all rooms, the nearest chapters, the whole book. */
const TURNS = ['room', 'rooms', 'nearest', 'everything'] as const;
type Turn = (typeof TURNS)[number];

/** Runs Stryker, and reads what it found. */
const stryker = (by: Turn, more: readonly string[]): Files => {
  const env = { ...process.env, MUTATE: place, MUTATE_BY: by };
  const { status } = spawnSync('npx', ['stryker', 'run', 'tools/stryker.config.mjs', ...options, ...more], {
    cwd: ROOT,
    stdio: 'inherit',
    env,
  });
  if (status !== 0) process.exit(status ?? 1);
  const report = readFileSync(join(ROOT, `.tautograd/mutate/${name}.${by}.json`), 'utf8');
  return (JSON.parse(report) as { readonly files: Files }).files; // Stryker's published schema
};

const lives = (m: Mutant): boolean => m.status === 'Survived' || m.status === 'NoCoverage';
const dies = (m: Mutant): boolean => m.status === 'Killed' || m.status === 'Timeout';
const identity = ({ mutatorName, replacement, location }: Mutant): string =>
  JSON.stringify([mutatorName, replacement, location]);

/** The mutated text, on one line. */
const original = (source: string, { start, end }: Mutant['location']): string =>
  source
    .split('\n')
    .slice(start.line - 1, end.line)
    .map((s, i, all) => s.slice(i === 0 ? start.column - 1 : 0, i === all.length - 1 ? end.column - 1 : undefined))
    .join(' ');
const short = (text: string): string => text.replace(/\s+/g, ' ').slice(0, 100);

// The room itself kills most; what is left goes on to the next turn, up to the one that is asked for.
const files = stryker('room', []);
for (const turn of TURNS.slice(1, 1 + Math.max(0, TURNS.indexOf((process.env.MUTATE_BY as Turn) ?? 'everything')))) {
  const left = Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants.filter(lives).map(({ location: l }) => `${file}:${l.start.line}-${l.end.line}`),
  );
  if (left.length === 0) break;
  for (const [file, { mutants }] of Object.entries(stryker(turn, ['--mutate', [...new Set(left)].join(',')])))
    for (const found of mutants) {
      const m = files[file]?.mutants.find((known) => identity(known) === identity(found));
      if (m !== undefined && lives(m)) m.status = found.status;
    }
}
writeFileSync(join(ROOT, `.tautograd/mutate/${name}.json`), JSON.stringify({ files }));

for (const [file, { source, mutants }] of Object.entries(files)) {
  const [dead, alive] = [mutants.filter(dies), mutants.filter(lives)];
  // a module that throws when it is loaded fails every test; Stryker counts it neither way
  const unloadable = mutants.filter((m) => m.status === 'RuntimeError').length;
  const score = ((100 * dead.length) / Math.max(1, dead.length + alive.length)).toFixed(1);
  console.log(
    `\n${file}: ${mutants.length} mutants, ${dead.length} killed, ${alive.length} alive, ${unloadable} that cannot be loaded, ${score} %`,
  );
  for (const m of alive)
    console.log(
      `  ${m.location.start.line}:${m.location.start.column} ${m.status === 'NoCoverage' ? '(not reached) ' : ''}${short(original(source, m.location))}  →  ${short(m.replacement ?? '')}`,
    );
}
