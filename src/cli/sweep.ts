// `tautograd sweep`: which optimizer and initializer, in one command; and the report of runs that were made elsewhere.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Context,
  type Findings,
  findingsOf,
  instrumentVerdicts,
  knownResults,
  reportable,
} from '../../bench/sweep/findings.ts';
import type { InstrumentVerdict } from '../../bench/sweep/instrument.ts';
import type { KnownResult } from '../../bench/sweep/known.ts';
import { type Counted, readPlan } from '../../bench/sweep/plan.ts';
import { type Pool, poolOf } from '../../bench/sweep/pool.ts';
import { nameOfProtocol, nextRuns, type Protocol } from '../../bench/sweep/protocol.ts';
import type { RunRecord } from '../../bench/sweep/record.ts';
import { mergeInto, openStore, recordsOfAll, writeWhole } from '../../bench/sweep/store.ts';
import { sweepInto } from '../../bench/sweep/sweep.ts';
import { protocolOf } from '../../bench/sweep/tiers.ts';
import { toJson } from '../index.ts';
import { type AxisOptions, axesOf } from './axes.ts';
import { CommandFault, EXIT } from './fault.ts';
import { type Interrupt, interruptible } from './interrupt.ts';
import { print, type Stage, stages } from './show.ts';

export interface Output {
  readonly json?: boolean;
}

/** Where one shot keeps its records, so that an interruption loses nothing. */
const SHELF = join('.tautograd', 'sweep');

const minutes = (seconds: number): string =>
  seconds < 90
    ? `${Math.ceil(seconds)} s`
    : seconds < 5400
      ? `${Math.ceil(seconds / 60)} min`
      : `${(seconds / 3600).toFixed(1)} h`;

/** What is said of runs under way; rounds that nobody can know of yet are not counted. */
export const progressText = (
  pool: Pick<Pool, 'secondsLeft'> | null,
  done: number,
  total: number,
  label: string,
): string => {
  const left = pool?.secondsLeft() ?? Number.NaN;
  return `${done}/${total} runs, ${Number.isFinite(left) ? `${minutes(left)} left of this round, ` : ''}${label}`;
};

/** How often a line tells of progress where nothing can be drawn, in ms. */
const EVERY = 30_000;

/** Lines to the log of a scheduler now and then. */
export const logging = (quiet: boolean): ((text: string) => void) => {
  let last = Date.now();
  return (text) => {
    if (quiet || process.stdout.isTTY === true || Date.now() - last < EVERY) return;
    last = Date.now();
    print(text);
  };
};

/** As much of a record as stays in memory while the others are made. */
const slim = ({ finalLoss, status }: RunRecord): Counted => ({ finalLoss, status });

export const rate = (runs: number, from: number): string => {
  const seconds = (performance.now() - from) / 1000;
  return `${runs} runs, ${seconds.toFixed(1)} s, ${(runs / seconds).toFixed(1)} runs/s`;
};

/** What a sweep into a file came to. */
export interface Swept {
  readonly known: ReadonlyMap<string, Counted>;
  readonly made: number;
  readonly cut: number;
}

/** Makes runs into a file, beside those that it has; lets go of everything at the end. */
export const intoFile = async (
  path: string,
  make: (known: ReadonlyMap<string, Counted>, keep: (record: RunRecord) => Counted) => Promise<unknown>,
): Promise<Swept> => {
  const known = new Map<string, Counted>();
  const store = openStore(path, (record) => known.set(record.id, slim(record)));
  let made = 0;
  try {
    await make(new Map(known), (record) => {
      store.append(record);
      made += 1;
      const kept = slim(record);
      known.set(record.id, kept);
      return kept;
    });
  } finally {
    store.close();
  }
  return { known, made, cut: store.cut };
};

/** A sentence on what is left when work ended early. */
export const stopped = ({ why }: Interrupt, made: number, resume: string): string =>
  `sweep: stopped (${why()}) after ${made} runs, all of them kept; go on with ${resume}`;

export interface SweepOptions extends AxisOptions, Output {
  readonly out?: string;
  readonly workers?: number;
  readonly resume?: boolean;
  /** Whether results that are known from elsewhere are made too. */
  readonly known?: boolean;
}

/** Records of a complete sweep for its report. */
const reportedFrom = (protocol: Protocol, paths: readonly string[]): ReadonlyMap<string, RunRecord> => {
  const records = new Map<string, RunRecord>();
  for (const record of recordsOfAll(paths)) records.set(record.id, reportable(protocol, record));
  return records;
};

/** What a complete sweep has come to, and the files written of it, if a directory is named. */
export const findings = async (
  protocol: Protocol,
  paths: readonly string[],
  context: Context,
  out: string | undefined,
): Promise<Pick<Findings, 'lines' | 'report'> & { readonly written: readonly string[] }> => {
  const { report, lines, files } = await findingsOf(protocol, reportedFrom(protocol, paths), context);
  if (out === undefined) return { report, lines, written: [] };
  const written = files.map(([name, pieces]) => {
    const path = join(out, 'sweep', name);
    writeWhole(path, pieces);
    return path;
  });
  const runs = join(out, 'sweep', 'runs.jsonl');
  mergeInto(runs, paths);
  return { report, lines, written: [...written, runs] };
};

/** Says the findings, and writes them where that was asked for. */
const finish = async (
  protocol: Protocol,
  paths: readonly string[],
  context: Context,
  { json, out }: Output & { readonly out?: string },
): Promise<void> => {
  const { report, lines, written } = await findings(protocol, paths, context, out);
  if (json) print(toJson(report).trimEnd());
  else for (const line of ['', ...lines, ...written.map((path) => `wrote ${path}`)]) print(line);
};

/** A stage that holds the harness to exact theory, and ends everything when it is off. */
const instrumentStage = (state: Progressed): Stage => ({
  title: 'instrument',
  run: async (say) => {
    const from = performance.now();
    const verdicts = await instrumentVerdicts(say);
    const off = verdicts.filter(({ ok }) => !ok);
    if (off.length > 0)
      throw new CommandFault(
        `sweep: the instrument is off, so nothing is ranked: ${off.map(({ id, detail }) => `${id} (${detail})`).join('; ')}`,
        EXIT.falsified,
      );
    state.verdicts = verdicts;
    const seconds = (performance.now() - from) / 1000;
    return { ok: true, text: `${verdicts.length} laws of theory and fairness hold, ${seconds.toFixed(1)} s` };
  },
});

/** The file of a sweep that is made in one go; empty, unless it goes on with what was kept. */
export const shelfOf = (protocol: Protocol, resume = false): string => {
  const path = join(SHELF, `${nameOfProtocol(protocol)}.jsonl`);
  if (!resume) rmSync(path, { force: true });
  return path;
};

/** What stands after the stages of a sweep. */
export interface Progressed {
  made: number;
  complete: boolean;
  verdicts: readonly InstrumentVerdict[];
  known: readonly KnownResult[];
}

/** Before any stage. */
export const unswept = (): Progressed => ({ made: 0, complete: false, verdicts: [], known: [] });

/** A stage that makes what is known from elsewhere, once the sweep itself is complete. */
const knownStage = (state: Progressed, workers: number | undefined): Stage => ({
  title: 'known results',
  run: async (say) => {
    if (!state.complete) return { ok: false, text: 'not begun' };
    const pool = poolOf(workers);
    try {
      const known = await knownResults((runs, done) => pool.runner(runs, done), say);
      state.known = known;
      const out = known.filter(({ verdict }) => verdict === 'came out').length;
      return { ok: out === known.length, text: `${out} of ${known.length} came out` };
    } finally {
      await pool.close();
    }
  },
});

/** The stages of a whole sweep into a file. */
export const sweepStages = (
  protocol: Protocol,
  path: string,
  state: Progressed,
  { workers, signal }: { readonly workers?: number | undefined; readonly signal?: AbortSignal } = {},
): readonly Stage[] => [
  instrumentStage(state),
  {
    title: 'sweep',
    run: async (say) => {
      const from = performance.now();
      const log = logging(false);
      const pool = poolOf(workers);
      try {
        const { known, made } = await intoFile(path, (before, keep) =>
          sweepInto(protocol, {
            known: before,
            runner: pool.runner,
            keep,
            ...(signal === undefined ? {} : { signal }),
            onProgress: ({ done, total, label }) => {
              const text = progressText(pool, done, total, label);
              say(text);
              log(text);
            },
          }),
        );
        state.made = made;
        state.complete = nextRuns(protocol, known).length === 0;
        return { ok: state.complete, text: rate(made, from) };
      } finally {
        await pool.close();
      }
    },
  },
];

/** `sweep`: instrument, rounds, report. @throws CommandFault, UnknownNameError, DomainError, StoreFault */
export const sweepCommand = async ({ resume, workers, ...options }: SweepOptions): Promise<number> => {
  const protocol = await protocolOf(axesOf(options));
  const path = shelfOf(protocol, resume);
  const interrupt = interruptible();
  const state = unswept();
  try {
    const { signal } = interrupt;
    const known = options.known === true ? [knownStage(state, workers)] : [];
    await stages([...sweepStages(protocol, path, state, { workers, signal }), ...known], options.json === true, {
      ownSignals: true,
    });
  } finally {
    interrupt.release();
  }
  if (!state.complete)
    throw new CommandFault(stopped(interrupt, state.made, 'the same command and --resume'), EXIT.incomplete);
  await finish(protocol, [path], state, options);
  return EXIT.ok;
};

/** Outcomes of the runs that some files have. */
export const knownFrom = (
  paths: readonly string[],
): { readonly known: ReadonlyMap<string, Counted>; readonly torn: readonly string[] } => {
  const known = new Map<string, Counted>();
  const torn: string[] = [];
  for (const record of recordsOfAll(paths, (path) => torn.push(path))) known.set(record.id, slim(record));
  return { known, torn };
};

/** `sweep report`: the findings of a complete sweep; the instrument is checked first. */
export const reportCommand = async (
  files: readonly string[],
  options: Output & {
    readonly plan: string;
    readonly out?: string;
    readonly known?: boolean;
    readonly workers?: number;
  },
): Promise<number> => {
  const { protocol } = readPlan(options.plan);
  const { known } = knownFrom(files);
  const missing = nextRuns(protocol, known).length;
  if (missing > 0)
    throw new CommandFault(
      `sweep: ${missing} runs are missing that can be made now; sweep status says more`,
      EXIT.incomplete,
    );
  const state = unswept();
  state.complete = true;
  await stages(
    [instrumentStage(state), ...(options.known === true ? [knownStage(state, options.workers)] : [])],
    options.json === true,
  );
  await finish(protocol, files, state, options);
  return EXIT.ok;
};
