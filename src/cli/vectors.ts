// `tautograd vectors`: golden questions and answers as files, and a check of an engine by the files alone.
import { existsSync, readFileSync } from 'node:fs';
import { ENTRIES } from '../../properties/contract.ts';
import type { PortInfo } from '../../properties/port.ts';
import home from '../../properties/ports/home.ts';
import { CodecFault } from '../../properties/protocol.ts';
import { figure } from '../../properties/report.ts';
import {
  answersIn,
  differing,
  type Exported,
  filesOf,
  type Manifest,
  readFiles,
  VectorsFault,
  writeFiles,
} from '../../properties/vectors/files.ts';
import { judgeAnswers, judgePort, type Outcome } from '../../properties/vectors/judge.ts';
import { SEED, sourcesOf, vectorsOf } from '../../properties/vectors/make.ts';
import { TensorsFault } from '../../properties/vectors/safetensors.ts';
import { toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { loadEngine, namesOf, type Source } from './load.ts';
import { coloured, print } from './show.ts';

const plural = (n: number, what: string): string => `${n.toLocaleString('en-GB')} ${what}${n === 1 ? '' : 's'}`;

export interface ExportOptions {
  readonly out: string;
  readonly entries?: string;
  readonly json?: boolean;
}

const ids = [...ENTRIES.keys()].filter((id) => !id.startsWith('verifier.'));

/** Whole faults of files as faults of the command. */
const told = <T>(run: () => T): T => {
  try {
    return run();
  } catch (error) {
    if (
      error instanceof VectorsFault ||
      error instanceof CodecFault ||
      error instanceof TensorsFault ||
      error instanceof RangeError
    )
      throw new CommandFault(error.message, EXIT.usage, error);
    throw error;
  }
};

/** The command. @throws CommandFault where a glob matches no entry */
export const exportCommand = async ({ out, entries, json = false }: ExportOptions): Promise<number> => {
  const chosen = new Set(
    namesOf('vectors', 'entry', ids, entries, [...new Set(ids.map((id) => `${id.split('.')[0]}.*`))]),
  );
  const cases = await vectorsOf(home, { entries: chosen });
  const files = filesOf(cases, home, SEED, sourcesOf(cases));
  writeFiles(files, out);
  const manifest = told(() => readFiles(out)).manifest;
  if (json) print(toJson({ schema: 1, out, manifest }).trimEnd());
  else {
    for (const { file, cases: n } of manifest.files) print(`  ${file.padEnd(22)} ${plural(n, 'case')}`);
    if (manifest.tensors !== null)
      print(`  ${manifest.tensors.file.padEnd(22)} ${plural(manifest.tensors.tensors, 'tensor')}`);
    const bytes = [...files.values()].reduce((s, f) => s + Buffer.byteLength(f), 0);
    const exact = Object.values(manifest.entries).reduce((s, e) => s + e.exact, 0);
    print(
      `wrote ${out}: ${plural(manifest.cases, 'case')} of ${plural(Object.keys(manifest.entries).length, 'entry').replace(/entrys$/, 'entries')}, ${exact.toLocaleString('en-GB')} of them exact, ${(bytes / 2 ** 20).toFixed(1)} MB; seed ${manifest.seed}`,
    );
  }
  return EXIT.ok;
};

export interface CheckOptions {
  readonly from: string;
  readonly answers?: string;
  readonly entries?: string;
  readonly timeout?: number;
  readonly json?: boolean;
}

/** Vectors of one set of conventions say nothing of another. @throws CommandFault */
const comparable = ({ conventions, dtype }: Manifest, port: PortInfo): void => {
  const other = [
    ...(port.dtype === dtype ? [] : [`dtype ${dtype}, not ${port.dtype}`]),
    ...differing(conventions, port.conventions),
  ];
  if (other.length > 0)
    throw new CommandFault(
      `vectors: they are for ${other.join('; ')}, as ${port.engine} declares: verify judges it as it is`,
    );
};

interface Tally {
  cases: number;
  right: number;
  wrong: number;
  crashed: number;
  uncovered: number;
  margin: number;
}

const tallied = (outcomes: readonly Outcome[]): ReadonlyMap<string, Tally> => {
  const all = new Map<string, Tally>();
  for (const o of outcomes) {
    const kind = o.op.split('.')[0] ?? '';
    const t = all.get(kind) ?? { cases: 0, right: 0, wrong: 0, crashed: 0, uncovered: 0, margin: 0 };
    t.cases++;
    if (o.status === 'right') t.right++;
    else if (o.status === 'wrong') t.wrong++;
    else if (o.status === 'crashed') t.crashed++;
    else t.uncovered++;
    if (o.status === 'right') t.margin = Math.max(t.margin, o.margin);
    all.set(kind, t);
  }
  return all;
};

/** How many failures are shown. */
const SHOWN = 10;

const cardOf = ({ id, by, status, wrong, why }: Outcome): string =>
  status === 'crashed' || wrong === undefined
    ? `✗ ${id}  ${status}  (${by})\n    ${why ?? ''}`
    : [
        `✗ ${id}  (${by})`,
        `    ${wrong.field}${wrong.at < 0 ? '' : `, number ${wrong.at}`}: expected ${wrong.expected}${Object.is(wrong.expected, -0) ? ' (−0)' : ''}`,
        `    got ${Object.is(wrong.got, -0) ? '-0' : wrong.got}${wrong.at < 0 ? '' : `, allowed error ${wrong.allowed}`}`,
      ].join('\n');

const summaryOf = (outcomes: readonly Outcome[]): void => {
  for (const [kind, t] of tallied(outcomes)) {
    const bad = t.wrong + t.crashed;
    const parts = [
      ...(t.wrong > 0 ? [`${t.wrong} wrong`] : []),
      ...(t.crashed > 0 ? [`${t.crashed} crashed`] : []),
      ...(t.uncovered > 0 ? [`${t.uncovered} not covered`] : []),
    ];
    const sign = bad > 0 ? '✗' : t.right > 0 ? '✓' : '·';
    print(
      coloured(
        `${sign} ${kind.padEnd(12)} ${String(t.right).padStart(5)} of ${t.cases} right, margin ${figure(t.margin)}${parts.length > 0 ? `; ${parts.join(', ')}` : ''}`,
      ),
    );
  }
  const failed = outcomes.filter((o) => o.status === 'wrong' || o.status === 'crashed');
  if (failed.length > 0) print('');
  for (const o of failed.slice(0, SHOWN)) print(coloured(cardOf(o)));
  if (failed.length > SHOWN) print(`  and ${failed.length - SHOWN} more; --json lists all`);
  const of = (status: Outcome['status']): number => outcomes.filter((o) => o.status === status).length;
  print(
    `\n${plural(outcomes.length, 'case')}: ${of('right')} right, ${of('wrong')} wrong, ${of('crashed')} crashed, ${of('not covered')} not covered`,
  );
};

const exitOf = (outcomes: readonly Outcome[]): number =>
  outcomes.some((o) => o.status === 'crashed')
    ? EXIT.port
    : outcomes.some((o) => o.status === 'wrong')
      ? EXIT.falsified
      : EXIT.ok;

const outcomesOf = async (
  { manifest, cases }: Exported,
  source: Source,
  { answers, timeout }: CheckOptions,
): Promise<readonly Outcome[]> => {
  if (answers !== undefined) {
    if (!existsSync(answers)) throw new CommandFault(`vectors: there is no file ${answers}`);
    return told(() => judgeAnswers(cases, answersIn(readFileSync(answers, 'utf8'))));
  }
  const engine = await loadEngine(source, timeout);
  try {
    comparable(manifest, engine.port);
    const outcomes: Outcome[] = [];
    for await (const one of judgePort(engine.port, cases, timeout)) outcomes.push(one);
    return outcomes;
  } finally {
    await engine.close();
  }
};

/** The command: 0 where every answer is right, 1 where one is wrong, 3 where a port crashed. @throws CommandFault */
export const checkCommand = async (source: Source, options: CheckOptions): Promise<number> => {
  const { from, answers, entries, json = false } = options;
  if (answers !== undefined && (source.adapter !== undefined || source.command !== undefined))
    throw new CommandFault('vectors: either a file of answers, or an engine to ask');
  const exported = told(() => readFiles(from));
  const known = Object.keys(exported.manifest.entries);
  const chosen = new Set(namesOf('vectors', 'entry', known, entries));
  const cases = exported.cases.filter((c) => chosen.has(c.op));
  const outcomes = await outcomesOf({ ...exported, cases }, source, options);
  if (json)
    print(
      toJson({
        schema: 1,
        from,
        cases: outcomes.length,
        outcomes: outcomes.filter((o) => o.status !== 'right'),
      }).trimEnd(),
    );
  else summaryOf(outcomes);
  return exitOf(outcomes);
};
