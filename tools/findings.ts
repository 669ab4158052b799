// Runs every program of reports/findings against the engine that it is about, and says which defects are still there.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const ROOM = 'reports/findings';
/** Packages of Debian belong to the system's Python, which another one may hide on the path. */
const python = process.env.PYTHON ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');
/** By the ending of a program's name, what runs it. */
const RUNNERS: Readonly<Record<string, string>> = { mjs: process.execPath, py: python };
/** What runners say of an engine that is not there. */
const MISSING = /MODULE_NOT_FOUND|ModuleNotFoundError/;

const counts = { there: 0, gone: 0, 'not installed': 0, 'could not be run': 0 };
const words = process.argv.slice(2);
for (const file of readdirSync(ROOM).sort()) {
  const [name = '', ending = ''] = file.split('.');
  const runner = RUNNERS[ending];
  if (runner === undefined || !(words.length === 0 || words.some((w) => name.includes(w)))) continue;
  const { status, stdout, stderr } = spawnSync(runner, [`${ROOM}/${file}`], { encoding: 'utf8' });
  // a program that fails before it has compared anything has said nothing
  const verdict =
    status === 0
      ? 'there'
      : status === 1 && stdout.includes('got')
        ? 'gone'
        : MISSING.test(stderr)
          ? 'not installed'
          : 'could not be run';
  counts[verdict]++;
  const said = verdict === 'could not be run' ? stderr : verdict === 'not installed' ? '' : stdout;
  console.log(`${verdict === 'there' ? '✗' : verdict === 'gone' ? '✓' : '·'} ${name}: ${verdict}`);
  for (const line of said.trim().split('\n')) if (line !== '') console.log(`    ${line}`);
}
console.log(
  Object.entries(counts)
    .filter(([verdict, n]) => n > 0 || verdict === 'there')
    .map(([verdict, n]) => `${n} ${verdict}`)
    .join(', '),
);
process.exit(counts.gone + counts['could not be run'] > 0 ? 1 : 0);
