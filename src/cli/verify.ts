// `tautograd verify`: laws against a port, their verdicts, and the failures with how to see them again.
import { appendFileSync } from 'node:fs';
import { type Crew, costOf, crewFor, longestFirst, workersFor } from '../../properties/crew.ts';
import { type Deviation, misnamed, nameOf, outdated, waive } from '../../properties/deviations.ts';
import type { Law } from '../../properties/law.ts';
import { LAWS } from '../../properties/laws/index.ts';
import type { Port } from '../../properties/port.ts';
import { type Check, type Profile, type RunOptions, settle, type Task, tasks } from '../../properties/run.ts';
import { toJson } from '../index.ts';
import { EXIT } from './fault.ts';
import { isFailure, junitOf, recordOf, tapOf, type Verification } from './formats.ts';
import { annotationsOf, stepSummaryOf } from './github.ts';
import { lawsOf, loadDeviations, loadEngine, moduleOf, type Source } from './load.ts';
import { pageOf } from './page.ts';
import { pretty } from './pretty.ts';
import { replay, replayOf } from './replay.ts';
import { print, type Stage, stages } from './show.ts';
import { storeOf } from './store.ts';
import { writeText } from './write.ts';

export interface VerifyOptions {
  readonly law?: string;
  readonly list?: boolean;
  readonly seed: number;
  readonly profile: Profile;
  readonly runs?: number;
  readonly workers?: number;
  /** In seconds, from the start of the process. */
  readonly timeLimit?: number;
  readonly timeout?: number;
  readonly expect?: string;
  readonly replay?: string;
  readonly format: 'pretty' | 'json' | 'tap';
  readonly json?: boolean;
  /** Every card, not only the most telling ones. */
  readonly allCards?: boolean;
  readonly junit?: string;
  readonly html?: string;
  readonly github: 'auto' | 'always' | 'never';
}

/** All checks of some laws in the order of the book, a stage per chapter, then sends the crew home. */
export const runLaws = async (
  laws: readonly Law[],
  port: Port,
  crew: Crew,
  options: RunOptions,
  quiet: boolean,
  keep: (check: Check) => void,
  deviations: readonly Deviation[] = [],
): Promise<readonly Check[]> => {
  const todo = tasks(laws, port, options);
  const running = new Map<Task, Promise<Check>>();
  const cost = ({ law, subject }: Task): number => (subject === null ? 0 : costOf(law, options));
  for (const task of crew.workers === 0 ? todo : longestFirst(todo, cost)) {
    const found = settle(task, crew, options).then((c) => waive(deviations, c));
    found.catch(() => {}); // thrown where it is waited for
    running.set(task, found);
  }
  const chapter = (title: string): Stage => ({
    title,
    run: async (say) => {
      const own = [...running].filter(([t]) => t.law.id.startsWith(`${title}/`));
      let done = 0;
      const found = await Promise.all(
        own.map(async ([, made]) => {
          const c = await made;
          say(`${++done}/${own.length} ${nameOf(c)}`);
          keep(c);
          return c;
        }),
      );
      const failed = found.filter((c) => c.status === 'falsified' || c.status === 'crashed').length;
      const open = found.filter((c) => c.status === 'undecided').length;
      const count = found.filter((c) => c.status !== 'not covered').length;
      const text = `${count} checks${failed > 0 ? `, ${failed} failed` : ''}${open > 0 ? `, ${open} undecided` : ''}`;
      return { ok: failed + open === 0, text };
    },
  });
  try {
    await stages([...new Set(laws.map((l) => l.id.split('/')[0] ?? ''))].map(chapter), quiet, { together: true });
    return await Promise.all(todo.map((task) => running.get(task) as Promise<Check>)); // every task is running
  } finally {
    await crew.close();
  }
};

/** The number of workers for some laws: as asked, or as many as are of use. */
export const workersOf = (
  asked: number | undefined,
  laws: readonly Law[],
  port: Port,
  options: RunOptions,
  least = 0,
): number =>
  asked ??
  Math.max(
    least,
    workersFor(
      tasks(laws, port, options).reduce((sum, t) => sum + (t.subject === null ? 0 : costOf(t.law, options)), 0),
    ),
  );

/** The exit code that the verdicts ask for. */
export const exitOf = (checks: readonly Check[], faults: readonly string[] = []): number =>
  checks.some((c) => c.status === 'crashed')
    ? EXIT.port
    : checks.some(isFailure) || faults.length > 0
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

/** Annotations, and the page of the step where GitHub names a file for it. */
const tellGithub = (v: Verification, machine: boolean): void => {
  // a machine that reads stdout is not to meet them; the runner reads both streams
  for (const line of annotationsOf(v)) (machine ? process.stderr : process.stdout).write(`${line}\n`);
  const file = process.env.GITHUB_STEP_SUMMARY;
  if (file === undefined || file === '') return;
  appendFileSync(file, `${stepSummaryOf(v)}\n`);
};

/** The command. Returns the exit code. @throws CommandFault */
export const verifyCommand = async (source: Source, options: VerifyOptions): Promise<number> => {
  const { seed, profile, timeout, runs, timeLimit } = options;
  const format = options.json === true ? 'json' : options.format;
  const laws = lawsOf(options.law);
  const deviations = options.expect === undefined ? [] : loadDeviations(options.expect);
  const engine = await loadEngine(source, timeout);
  const { port } = engine;
  if (options.list || options.replay !== undefined)
    try {
      if (options.list) list(laws, port, format === 'json');
      else if (options.replay !== undefined)
        return exitOf([await replay(options.replay, source, port, timeout, format === 'json')]);
      return EXIT.ok;
    } finally {
      await engine.close();
    }
  const { keep, kept, pathOf } = storeOf(port.engine, source);
  const run: RunOptions = {
    seed,
    profile,
    examples: kept,
    ...(timeout === undefined ? {} : { timeout }),
    ...(runs === undefined ? {} : { runs }),
    ...(timeLimit === undefined ? {} : { until: Math.ceil(performance.timeOrigin + 1000 * timeLimit) }),
  };
  if (format === 'pretty') print(`${port.engine} ${port.version} (${port.dtype}), seed ${seed}, profile ${profile}`);
  // somebody else's module may hang, and only a worker can be ended
  const workers = workersOf(options.workers, laws, port, run, source.adapter === undefined ? 0 : 1);
  if (workers > 0) await engine.close(); // each worker has its own
  const crew = crewFor(port, { workers, ...moduleOf(source), ...(timeout === undefined ? {} : { timeout }) });
  const checks = await runLaws(laws, port, crew, run, format !== 'pretty', keep, deviations);
  await engine.close();
  const strays = [...new Set([...engine.strays, ...crew.strays])];
  const v: Verification = {
    port,
    laws,
    checks,
    seed,
    profile,
    // one input is no evidence that a deviation is gone
    faults: [
      ...misnamed(deviations, LAWS, port),
      ...(profile === 'smoke' ? [] : outdated(deviations, checks)),
      ...strays,
    ],
    replay: replayOf(source, port),
  };
  if (format === 'json') print(toJson(recordOf(v)).trimEnd());
  else if (format === 'tap') print(tapOf(v));
  else pretty(v, pathOf, options.allCards === true);
  if (options.junit !== undefined) writeText(options.junit, junitOf(v));
  if (options.html !== undefined) writeText(options.html, pageOf(v));
  if (options.github === 'always' || (options.github === 'auto' && process.env.GITHUB_ACTIONS === 'true'))
    tellGithub(v, format !== 'pretty');
  return strays.length > 0 ? EXIT.port : exitOf(checks, v.faults);
};
