// What the documents quote: figures from reports and code, passages of the tree, and tables, each made from its source.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DuelReport, Standing } from '../bench/duel.ts';
import { figure, table } from '../bench/markdown.ts';
import * as evidence from '../bench/statistics/evidence.ts';
import { globOf } from '../properties/glob.ts';
import { LAWS } from '../properties/laws/index.ts';
import type { Dtype } from '../properties/port.ts';
import { PORTABLE } from '../properties/published.ts';
import { card } from '../properties/report.ts';
import type { Check } from '../properties/run.ts';
import * as tolerance from '../properties/tolerance.ts';
import { TABLES } from '../src/cli/tables.ts';
import { fromJson, optimizerRow } from '../src/index.ts';
import { ENGINES } from './engines.ts';

const ROOT = new URL('../', import.meta.url);
export const read = (file: string): string => readFileSync(fileURLToPath(new URL(file, ROOT)), 'utf8');

const reports = new Map<string, unknown>();
/** A report as the command that wrote it types it. */
const report = <R>(file: string): R => {
  if (!reports.has(file)) reports.set(file, fromJson(read(`reports/${file}`)));
  return reports.get(file) as R; // our own file, which its own tests read
};

/** What a path leads to: names and indices apart by dots; `[a=x;b=y]` is the one element whose fields have these values. */
const follow = (value: unknown, path: string): unknown =>
  (path.match(/\[[^\]]*\]|[^.[]+/g) ?? []).reduce<unknown>((at, step) => {
    if (!step.startsWith('[')) return (at as Readonly<Record<string, unknown>> | undefined)?.[step]; // undefined is refused below
    const wanted = step
      .slice(1, -1)
      .split(';')
      .map((pair) => pair.split('='));
    const found = (Array.isArray(at) ? at : []).filter((row: Readonly<Record<string, unknown>>) =>
      wanted.every(([key = '', text]) => String(row[key]) === text),
    );
    return found.length === 1 ? found[0] : undefined;
  }, value);

const text = (value: unknown, what: string): string => {
  if (typeof value === 'number' && !Number.isNaN(value))
    return Number.isInteger(value) ? grouped(value) : figure(value).replace(/\.?0+(?=e)/, '');
  if (typeof value === 'string') return value;
  throw new Error(`quotes: ${what} leads to no figure`);
};

/** Whole numbers with a comma for thousands. */
const grouped = (n: number): string => (Math.abs(n) < 1e15 ? n.toLocaleString('en-US') : String(n));

/** How a figure may be told: a share in percent, what is left of it, one over it. */
const FORMS: Readonly<Record<string, (value: number) => number>> = {
  percent: (v) => Math.round(100 * v),
  rest: (v) => Math.round(100 * (1 - v)),
  inverse: (v) => 1 / v,
};

const inForm = (value: unknown, form: string | undefined, what: string): string => {
  if (form === undefined) return text(value, what);
  return text(FORMS[form]?.(Number(value)), what);
};

const reportFigure = (argument: string): string => {
  const [file = '', path = '', form] = argument.split(' ');
  return inForm(follow(report<unknown>(file), path), form, argument);
};

/** A constant of a module by its name. */
const constant =
  (module: object) =>
  (argument: string): string => {
    const [name = '', form] = argument.split(' ');
    return inForm(Object.entries(module).find(([key]) => key === name)?.[1], form, argument);
  };

/** An end of Hoeffding's interval for a mean of so many values. */
const hoeffding = (argument: string): string => {
  const [end = '', mean = '', n = ''] = argument.split(' ');
  const { low, high } = evidence.boundedMean(Number(mean), Number(n));
  return inForm(end === 'low' ? low : high, 'percent', argument);
};

/** An object of the source that has an id, with its indentation taken away. */
const row = (argument: string): string => {
  const [file = '', id = ''] = argument.split(' ');
  const lines = read(file).split('\n');
  const at = lines.findIndex((line) => line.trim() === `id: '${id}',`);
  if (at < 0) throw new Error(`quotes: ${file} has no row ${id}`);
  const indent = (lines[at] ?? '').search(/\S/) - 2;
  const edge = (line: string | undefined): boolean => line !== undefined && line.search(/\S/) === indent;
  let [from, to] = [at, at];
  while (from > 0 && !edge(lines[from])) from--;
  while (to < lines.length && !edge(lines[to])) to++;
  const own = lines.slice(from, to + 1).map((line) => line.slice(indent));
  return ['```ts', ...own, '```'].join('\n');
};

const OURS = 'tautograd, fast';
const TORCH = 'PyTorch, one thread';

/** Two of our numbers for every workload: against the fastest engine of JavaScript in the same format, and against PyTorch on one thread. */
const peers = (): string => {
  const { workloads, rows, engines } = report<DuelReport>('bench/peers.json');
  const format = engines.find((e) => e.name === OURS)?.dtype;
  const scripts = engines
    .filter((e) => !e.ours && e.language === 'JavaScript' && e.dtype === format)
    .map((e) => e.name);
  const rate = (s: Standing | undefined): number => s?.median ?? 0;
  const ratio = ({ lead }: Partial<Standing> = {}): string =>
    lead === undefined ? '–' : `×${figure(lead.ratio)} (${figure(lead.low)} to ${figure(lead.high)})`;
  return table(
    ['workload', 'in', 'tautograd', `best of JavaScript in ${format}`, 'ours ÷ it', 'PyTorch', 'ours ÷ it'],
    workloads.map(({ id, unit }) => {
      const of = (engine: string) => rows.find((r) => r.workload === id && r.engine === engine);
      const best = scripts.map(of).reduce((a, b) => (rate(b) > rate(a) ? b : a), undefined);
      return [
        id,
        unit,
        figure(rate(of(OURS))),
        best === undefined
          ? '–'
          : `${figure(rate(best))} (${best.engine.split(',')[0]}${best.note === undefined ? '' : ' *'})`,
        ratio(best),
        figure(rate(of(TORCH))),
        ratio(of(TORCH)),
      ];
    }),
  );
};

/** Where and how those were measured, and what that is worth. */
const peersNotes = (): string => {
  const { machine, date, loadAfter, protocol, rows } = report<DuelReport>('bench/peers.json');
  const ours = rows.filter((r) => r.engine === OURS && r.mad !== undefined && r.median !== undefined);
  const spread = ours.map((r) => (100 * (r.mad ?? 0)) / (r.median ?? 1)).sort((a, b) => a - b);
  const notes = rows.flatMap((r) => (r.note === undefined ? [] : [`${r.engine}: ${r.note}.`]));
  return (
    `Of ${date}, on ${machine.cpu}, ${machine.cores} cores of a shared machine, ${machine.os}, Node ${machine.node}; load ` +
    `${machine.load.toFixed(2)} before and ${loadAfter.toFixed(2)} after. Rates are medians; the median absolute deviation of ours is ` +
    `${figure(spread[Math.floor(spread.length / 2)] ?? 0)} % in the middle and ${figure(spread.at(-1) ?? 0)} % at most. Ratios compare ` +
    `${protocol.rounds} interleaved rounds, with an interval of 99 %: where it contains ×1, neither is faster. PyTorch uses vectors of ` +
    '256 bits and more, WebAssembly has 128. ' +
    `${notes.length === 0 ? '' : `* ${notes.join(' ')} `}[All engines, two threads, both formats](reports/bench/peers.md).`
  );
};

/** The failure card of a law that an engine breaks, as `verify` shows it; the worst input alone is left out. */
const failureCard = (argument: string): string => {
  const [id = '', subject = '', ...rest] = argument.split(' ');
  const name = rest.join(' ');
  const engine = report<Matrix>('laws/matrix.json').engines.find((e) => e.name === name);
  const found = engine?.checks.find((c) => c.law === id && c.subject === subject);
  const broken = LAWS.find((l) => l.id === id);
  const row = ENGINES.find((e) => e.name === name);
  if (engine === undefined || found === undefined || broken === undefined || row === undefined)
    throw new Error(`quotes: ${name} has no verdict of ${id} for ${subject}`);
  const port = typeof row.port === 'string' ? row.port : `-- ${row.port.join(' ')}`;
  const lines = card(broken, found, engine, `npm run -s tautograd -- verify --law ${id} ${port}`).split('\n');
  return ['```text', ...lines.filter((line) => !/^ +at \{/.test(line)), '```'].join('\n');
};

interface Matrix {
  readonly engines: readonly {
    readonly name: string;
    readonly version: string;
    readonly dtype: Dtype;
    readonly checks: readonly Check[];
    readonly summary: Readonly<Record<'laws' | 'holds' | 'falsified' | 'crashed' | 'notCovered', number>>;
  }[];
}
const engines = (): string =>
  table(
    ['engine', 'version', 'format', 'laws that apply', 'hold', 'falsified', 'crashed'],
    report<Matrix>('laws/matrix.json').engines.map(({ name, version, dtype, summary: s }) => [
      name,
      version,
      dtype,
      String(s.laws - s.notCovered),
      String(s.holds),
      String(s.falsified),
      String(s.crashed),
    ]),
  );

/** Rows of the tables; entries of the contract; files by a glob. */
const count = (what: string): string => {
  if (what === 'entries') return grouped(PORTABLE.reduce((n, { names }) => n + names.length, 0));
  const [tableName = '', glob] = what.split(' ');
  const rows = TABLES[tableName];
  if (rows === undefined) throw new Error(`quotes: there is no table ${tableName} to count`);
  return grouped(Object.keys(rows).filter((name) => glob === undefined || globOf(glob).test(name)).length);
};

/** The answer of the sweep in sentences, as its page has them. */
const answer = (): string =>
  read('reports/sweep/sweep.md')
    .match(/^## The answer\n\n((?:- .*\n)+)/m)?.[1]
    ?.trimEnd()
    .replace(/^- /gm, '> - ') ?? '';

/** What was known before a sweep, and whether it came out. */
const known = (): string =>
  table(
    ['claim', 'verdict'],
    report<SweepReport>('sweep/sweep.json').known.map(({ claim, verdict }) => [claim, verdict]),
  );
interface SweepReport {
  readonly known: readonly { readonly claim: string; readonly verdict: string }[];
}

/** The hyper-parameters of every dialect of an optimizer, side by side. */
const dialects = (name: string): string => {
  const { hyper, dialects: own } = optimizerRow(name);
  return table(
    ['dialect', ...Object.keys(hyper)],
    Object.entries(own).map(([dialect, preset]) => [
      dialect,
      ...Object.values({ ...hyper, ...preset }).map((v) => String(v)),
    ]),
  );
};

/** Kinds of quotes by name; each takes what stands behind the name. */
export const QUOTES: Readonly<Record<string, (argument: string) => string>> = {
  report: reportFigure,
  tolerance: constant(tolerance),
  evidence: constant(evidence),
  hoeffding,
  count,
  /** γₙ of so many roundings of doubles. */
  gamma: (n) => text(tolerance.gamma(Number(n), tolerance.FORMATS.f64.u), n),
  /** The least p of so many pairs. */
  'least-p': (n) => text(evidence.smallestP(Number(n)), n),
  row,
  classes: (name) => grouped(LAWS.filter((l) => l.class === name).length),
  peers,
  'peers-notes': peersNotes,
  card: failureCard,
  files: (glob) => grouped(globSync(glob, { cwd: fileURLToPath(ROOT) }).length),
  answer,
  known,
  dialects,
  engines,
};
