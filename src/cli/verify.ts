// `tautograd verify`: laws against a port, their verdicts, and the failures with how to see them again.
import type { Law } from '../../properties/law.ts';
import { type Port, PortError } from '../../properties/port.ts';
import { card, lawLines, lineText, tally, tallyText } from '../../properties/report.ts';
import { type Check, judge, type RunOptions, settle, tasks } from '../../properties/run.ts';
import { ALPHA } from '../../properties/tolerance.ts';
import { lookup, toJson } from '../index.ts';
import { CommandFault, EXIT } from './fault.ts';
import { lawsOf, loadPort, loadStored } from './load.ts';
import { coloured, print, type Stage, stages } from './show.ts';
import { keep, kept, pathOf } from './store.ts';

export interface VerifyOptions {
  readonly law?: string;
  readonly list?: boolean;
  readonly seed: number;
  readonly runs?: number;
  readonly timeout?: number;
  readonly replay?: string;
  readonly json?: boolean;
}

/** How this very command is spelt: from the repository through npm, elsewhere through npx. */
export const self = (): string =>
  process.env.npm_lifecycle_event === 'tautograd' || process.env.npm_lifecycle_event === 'start'
    ? 'npm run -s tautograd --'
    : 'npx tautograd';

/** The command that shows one failure again. */
export const replayOf =
  (adapter: string | undefined, port: Port) =>
  (c: Pick<Check, 'law' | 'subject'>): string =>
    [self(), 'verify', ...(adapter === undefined ? [] : [adapter]), '--replay', pathOf(port.engine, c)].join(' ');

/** All checks of some laws, a stage per chapter. */
export const runLaws = (laws: readonly Law[], port: Port, options: RunOptions, into: Check[]): readonly Stage[] =>
  [...new Set(laws.map((l) => l.id.split('/')[0] ?? ''))].map((chapter) => ({
    title: chapter,
    run: async (say) => {
      const own: Check[] = [];
      const todo = tasks(
        laws.filter((l) => l.id.startsWith(`${chapter}/`)),
        port,
      );
      for (const task of todo) {
        const { law, subject } = task;
        say(`${own.length + 1}/${todo.length} ${law.id}${subject === null ? '' : ` [${subject}]`}`);
        const done = await settle(task, port, options);
        keep(port.engine, done);
        own.push(done);
      }
      into.push(...own);
      const failed = own.filter((c) => c.counterexample !== undefined || c.status === 'undecided').length;
      const count = own.filter((c) => c.status !== 'not covered').length;
      return { ok: failed === 0, text: `${count} checks${failed > 0 ? `, ${failed} failed` : ''}` };
    },
  }));

/** The exit code that the verdicts ask for. */
export const exitOf = (checks: readonly Check[]): number =>
  checks.some((c) => c.status === 'crashed')
    ? EXIT.port
    : checks.some((c) => c.status === 'falsified' || c.status === 'undecided')
      ? EXIT.falsified
      : EXIT.ok;

const list = (laws: readonly Law[], port: Port, json: boolean): void => {
  const rows = laws.map((l) => ({
    id: l.id,
    ref: l.ref,
    class: l.class,
    runs: l.runs,
    subjects: l.subjects(port),
    says: l.says,
  }));
  if (json) print(toJson(rows).trimEnd());
  else
    for (const r of rows)
      print(
        `${r.id.padEnd(34)} ${(r.subjects.length === 0 ? 'not covered' : r.subjects.join(' ')).padEnd(24)}  ${r.says}`,
      );
};

/** Shows a stored failure again, judged afresh. */
const replay = async (
  path: string,
  adapter: string | undefined,
  port: Port,
  timeout: number | undefined,
  json: boolean,
): Promise<number> => {
  const stored = loadStored(path);
  const law = lookup(Object.fromEntries(lawsOf(undefined).map((l) => [l.id, l])), 'law', stored.law);
  if (!law.subjects(port).includes(stored.subject))
    throw new CommandFault(`replay: ${port.engine} does not declare what ${stored.law} [${stored.subject}] needs`);
  const common = { law: law.id, subject: stored.subject, runs: 1, skipped: 0, seed: 0 };
  let found: Check;
  try {
    const v = await judge(law, port, stored.subject, stored.input, timeout);
    found = v.ok
      ? { ...common, status: 'holds', margin: v.margin }
      : {
          ...common,
          status: 'falsified',
          margin: v.margin,
          counterexample: { input: stored.input, about: v.about ?? '', worst: v.worst ?? null, shrinks: 0 },
        };
  } catch (error) {
    if (!(error instanceof PortError))
      throw new CommandFault(`replay: the stored values do not fit ${law.id} as it is now`, EXIT.usage, error);
    found = {
      ...common,
      status: 'crashed',
      margin: Number.POSITIVE_INFINITY,
      counterexample: { input: stored.input, about: error.message, worst: null, shrinks: 0 },
    };
  }
  if (json) print(toJson(found).trimEnd());
  else
    print(
      found.counterexample === undefined
        ? coloured(`✓ ${law.id} [${stored.subject}] holds on the stored values now`)
        : coloured(card(law, found, port, replayOf(adapter, port)(found))),
    );
  return exitOf([found]);
};

/** The command. Returns the exit code. @throws CommandFault */
export const verifyCommand = async (adapter: string | undefined, options: VerifyOptions): Promise<number> => {
  const laws = lawsOf(options.law);
  const port = await loadPort(adapter);
  const json = options.json === true;
  if (options.list) {
    list(laws, port, json);
    return EXIT.ok;
  }
  if (options.replay !== undefined) return replay(options.replay, adapter, port, options.timeout, json);
  const checks: Check[] = [];
  const run: RunOptions = {
    seed: options.seed,
    ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
    examples: kept(port.engine),
    ...(options.runs === undefined ? {} : { runs: options.runs }),
  };
  if (!json) print(`${port.engine} ${port.version} (${port.dtype}), seed ${options.seed}`);
  await stages(runLaws(laws, port, run, checks), json);
  const lines = lawLines(laws, checks);
  if (json) {
    print(
      toJson({
        schema: 1,
        engine: port.engine,
        version: port.version,
        dtype: port.dtype,
        seed: options.seed,
        summary: tally(lines, checks),
        checks,
      }).trimEnd(),
    );
    return exitOf(checks);
  }
  print('');
  for (const line of lines) print(coloured(lineText(line)));
  for (const c of checks.filter((one) => one.counterexample !== undefined || one.status === 'undecided')) {
    const law = laws.find((l) => l.id === c.law);
    if (law !== undefined) print(`\n${coloured(card(law, c, port, replayOf(adapter, port)(c)))}`);
  }
  print(`\n${tallyText(tally(lines, checks), ALPHA)}`);
  return exitOf(checks);
};
