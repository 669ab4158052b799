// Runs all installed engines and ours side by side, and writes reports/bench/peers.{json,md,svg}.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PATIENCE, runDuel, type Standing } from '../bench/duel.ts';
import { figure } from '../bench/markdown.ts';
import { contenders } from '../bench/peers/contenders.ts';
import { REFERENCE } from '../bench/reference.ts';
import { duelChart, renderDuel } from '../bench/standings.ts';
import { WORKLOADS } from '../bench/workloads.ts';
import { matching } from '../properties/glob.ts';
import { toJson } from '../src/index.ts';

const USAGE = `npm run bench:peers -- [--quick] [--filter <globs>] [--only <globs>] [--rounds <n>] [--time <ms>] [--patience <ms>] [--out <dir>] [--list]
  --quick          few rounds and short turns
  --filter <globs> workloads by id, as "W1/*,W2/*"
  --only <globs>   engines by name, as "tautograd*,PyTorch*"
  --rounds <n>     turns of every engine on every workload
  --time <ms>      time of every engine on every workload over all rounds
  --patience <ms>  how long a turn waits until nobody else disturbs the machine, 0 for not at all (${PATIENCE} unless named)
  --out <dir>      where bench/peers.{json,md,svg} go (reports unless named)
  --list           the engines, whether they are installed, and the workloads`;

const fail = (text: string): never => {
  console.error(`bench:peers: ${text}\n${USAGE}`);
  process.exit(2);
};

const given = () => {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        filter: { type: 'string' },
        only: { type: 'string' },
        rounds: { type: 'string' },
        time: { type: 'string' },
        patience: { type: 'string' },
        out: { type: 'string', default: 'reports' },
        list: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const count = (what: string, text: string | undefined, otherwise: number, least = 1): number => {
  const value = text === undefined ? otherwise : Number(text);
  return Number.isSafeInteger(value) && value >= least
    ? value
    : fail(`--${what} must be an integer from ${least} on, got ${text}`);
};

/** Rows by globs over their names. */
const chosen = <R>(
  what: string,
  rows: readonly R[],
  name: (row: R) => string,
  globs: string | undefined,
): readonly R[] => {
  if (globs === undefined) return rows;
  // names have commas of their own, globs are divided by them
  const plain = (row: R): string => name(row).replaceAll(',', '');
  const { chosen: names, idle } = matching(rows.map(plain), globs);
  if (idle.length > 0) fail(`no ${what} matches "${idle[0]}", known are ${rows.map(plain).join('; ')}`);
  return rows.filter((row) => names.includes(plain(row)));
};

const options = given();
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
const all = chosen('engine', contenders(), (e) => e.name, options.only);
const workloads = chosen('workload', WORKLOADS, (w) => w.id, options.filter);
if (options.list) {
  for (const { name, installed, install } of all)
    console.log(`${name}${installed() ? '' : ` (not installed: ${install})`}`);
  for (const { id, unit } of workloads) console.log(`${id}, ${unit.name}`);
  process.exit(0);
}
const there = all.filter((e) => e.installed());
for (const { name, install } of all.filter((e) => !there.includes(e)))
  console.error(`${name} is not installed: ${install}`);
if (there.length === 0) fail('no engine is installed');

const from = performance.now();
const tell = ({ workload, engine, outcome, median, best, note }: Standing): void =>
  console.error(
    `${((performance.now() - from) / 1000).toFixed(0).padStart(5)} s  ${workload.padEnd(20)} ${engine.padEnd(22)} ${
      median === undefined || best === undefined ? outcome : `${figure(median)} / ${figure(best)}`
    }${note === undefined ? '' : `  ${note}`}`,
  );
const report = await runDuel(there, REFERENCE, {
  workloads,
  rounds: count('rounds', options.rounds, options.quick ? 3 : 7),
  timePerTask: count('time', options.time, options.quick ? 90 : 1400),
  patience: count('patience', options.patience, options.quick ? 100 : PATIENCE, 0),
  mostPerTask: options.quick ? 1000 : 10_000,
  onProgress: ({ done, total, label }) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${done}/${total} ${label}\r`);
  },
  onStanding: tell,
});
const folder = join(options.out, 'bench');
mkdirSync(folder, { recursive: true });
for (const [file, text] of [
  ['peers.json', `${toJson(report)}`],
  ['peers.md', renderDuel(report, 'peers.svg')],
  ['peers.svg', (await duelChart('peers', report)).svg],
] as const) {
  writeFileSync(join(folder, file), text);
  console.error(`wrote ${join(folder, file)}`);
}
process.exitCode = report.rows.some((r) => r.outcome !== 'timed') ? 1 : 0;
