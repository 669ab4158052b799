// `tautograd bench`, `sweep`, and `start`, the main job that runs it all and writes reports/.
import { join } from 'node:path';
import { runKernels } from '../../bench/kernels.ts';
import type { Progress } from '../../bench/measure.ts';
import { runMemory } from '../../bench/memory.ts';
import { runPorts } from '../../bench/ports.ts';
import { runPrograms } from '../../bench/programs.ts';
import {
  type BenchReports,
  renderKernels,
  renderMemory,
  renderPorts,
  renderPrograms,
  writeBenchReports,
} from '../../bench/render.ts';
import { protocolOf, TIERS } from '../../bench/sweep/tiers.ts';
import { crewFor } from '../../properties/crew.ts';
import { LAWS } from '../../properties/laws/index.ts';
import { startPort } from '../../properties/process/port.ts';
import { card, lawLines, markdown, tally, tallyText } from '../../properties/report.ts';
import { ALPHA } from '../../properties/tolerance.ts';
import { OP_NAMES, toJson } from '../index.ts';
import { EXIT } from './fault.ts';
import { loadPort, namesOf } from './load.ts';
import { replayOf } from './replay.ts';
import { writeReport } from './report.ts';
import { IN_CLONE } from './self.ts';
import { coloured, print, type Stage, stages } from './show.ts';
import { storeOf } from './store.ts';
import { findings, shelfOf, sweepStages, unswept } from './sweep.ts';
import { exitOf, runLaws, workersOf } from './verify.ts';
import { writeText } from './write.ts';

export const counting =
  (say: (text: string) => void) =>
  ({ done, total, label }: Progress): void =>
    say(`${done}/${total} ${label}`);

export const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/** A stage that keeps what it makes. */
export const keeping = <R>(
  title: string,
  make: (say: (text: string) => void) => Promise<R>,
  keep: (made: R) => void,
  done: (made: R) => string,
): Stage => ({
  title,
  run: async (say) => {
    const from = performance.now();
    const made = await make(say);
    keep(made);
    return { ok: true, text: `${done(made)}, ${seconds(from)}` };
  },
});

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const kernelStage = (
  into: Mutable<BenchReports>,
  timePerTask: number | undefined,
  filter: string | undefined,
): Stage => {
  const chosen = namesOf('bench', 'operation', OP_NAMES, filter);
  return keeping(
    'kernels',
    (say) =>
      runKernels({
        onProgress: counting(say),
        ...(timePerTask === undefined ? {} : { timePerTask }),
        filter: (op) => chosen.includes(op),
      }),
    (made) => {
      into.kernels = made;
    },
    (made) => `${made.rows.length} timings`,
  );
};

const programStage = (into: Mutable<BenchReports>): Stage =>
  keeping(
    'programs',
    (say) => runPrograms({ onProgress: counting(say) }),
    (made) => {
      into.programs = made;
    },
    (made) => `${made.rows.length} timings`,
  );

const memoryStage = (into: Mutable<BenchReports>): Stage =>
  keeping(
    'memory',
    (say) => runMemory({ onProgress: counting(say) }),
    (made) => {
      into.memory = made;
    },
    (made) =>
      `${made.trainings.map((t) => t.readings.at(-1)?.step).join(' and ')} steps, ${made.operations.length} operations`,
  );

const portStage = (into: Mutable<BenchReports>, command: readonly string[], time: number | undefined): Stage =>
  keeping(
    'ports',
    (say) => runPorts(startPort, command, { onProgress: counting(say), ...(time === undefined ? {} : { time }) }),
    (made) => {
      into.ports = made;
    },
    (made) => `${made.rows.length} rates`,
  );

export interface BenchOptions {
  readonly json?: boolean;
  readonly filter?: string;
  /** Time per task in ms. */
  readonly time?: number;
  readonly out?: string;
}

export const finish = async (made: BenchReports, { json, out }: BenchOptions, text: string): Promise<number> => {
  if (json) print(toJson(made).trimEnd());
  else print(`\n${text}`);
  if (out !== undefined) for (const path of await writeBenchReports(out, made)) if (!json) print(`wrote ${path}`);
  return EXIT.ok;
};

/** `bench`: throughput of every operation, and of a training step; with a command, of calls to that port instead. */
export const benchCommand = async (options: BenchOptions, command?: readonly string[]): Promise<number> => {
  const made: Mutable<BenchReports> = {};
  if (command !== undefined) {
    await stages([portStage(made, command, options.time)], options.json === true);
    return finish(made, options, made.ports === undefined ? '' : renderPorts(made.ports));
  }
  await stages(
    [
      kernelStage(made, options.time, options.filter),
      ...(options.filter === undefined ? [programStage(made), memoryStage(made)] : []),
    ],
    options.json === true,
  );
  const text = [
    made.kernels === undefined ? '' : renderKernels(made.kernels),
    made.programs === undefined ? '' : renderPrograms(made.programs),
    made.memory === undefined ? '' : renderMemory(made.memory),
  ];
  return finish(made, options, text.filter((t) => t !== '').join('\n'));
};

/** `start`: verify the built-in engine, the short benchmark, the first sweep, and the reports. */
export const startCommand = async (seed: number, out: string): Promise<number> => {
  const from = performance.now();
  const port = await loadPort(undefined);
  const made: Mutable<BenchReports> = {};
  print(`${port.engine} ${port.version}, seed ${seed}: laws, benchmark, sweep`);
  const crew = crewFor(port, { workers: workersOf(undefined, LAWS, port, { seed }) });
  const checks = await runLaws(LAWS, port, crew, { seed }, false, storeOf(port.engine, {}).keep);
  const protocol = await protocolOf(TIERS.brief);
  const shelf = shelfOf(protocol);
  const swept = unswept();
  await stages(
    [kernelStage(made, undefined, undefined), programStage(made), ...sweepStages(protocol, shelf, swept)],
    false,
  );
  const sweep = await findings(protocol, [shelf], swept, out);
  const lines = lawLines(LAWS, checks);
  const replay = replayOf({}, port, IN_CLONE);
  const paths = [
    writeText(
      join(out, 'laws', `${port.engine}.json`),
      toJson({
        schema: 1,
        engine: port.engine,
        version: port.version,
        dtype: port.dtype,
        seed,
        summary: tally(lines, checks),
        checks,
      }),
    ),
    writeText(join(out, 'laws', `${port.engine}.md`), markdown(port, LAWS, checks, seed, ALPHA, replay)),
    ...(await writeBenchReports(out, made)),
    ...sweep.written,
  ];
  for (const c of checks) {
    const law = LAWS.find((l) => l.id === c.law);
    if (law !== undefined && (c.counterexample !== undefined || c.status === 'undecided'))
      print(`\n${coloured(card(law, c, port, replay(c)))}`);
  }
  print(`\nlaws      ${tallyText(tally(lines, checks), ALPHA).replace('\n', '\n          ')}`);
  for (const { op, gflops, elementsPerSecond } of (made.kernels?.rows ?? []).filter(
    (r) => r.size === 'large' && r.kind === 'fold',
  ))
    print(
      `kernels   ${op}: ${gflops === undefined ? `${(elementsPerSecond / 1e6).toFixed(0)} M elements/s` : `${gflops.toFixed(2)} GFLOP/s`}`,
    );
  for (const line of sweep.lines) print(`sweep     ${line}`);
  for (const path of paths) print(`wrote     ${path}`);
  const { path } = writeReport({ from: out });
  print(`done in ${seconds(from)}`);
  print(`open ${path}`);
  return exitOf(checks);
};
