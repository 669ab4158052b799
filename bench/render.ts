// Reports as Markdown and files: pure functions of the JSON, so that the same report always reads the same.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toJson } from '../src/index.ts';
import type { Chart } from './chart.ts';
import type { Compared, Comparison, Noise, NoiseReport } from './compare.ts';
import type { DuelReport } from './duel.ts';
import { renderScaling, scalingChart } from './growth.ts';
import { type KernelReport, type KernelRow, SIZE_NAMES } from './kernels.ts';
import { machineLine } from './machine.ts';
import { bytes, figure, page, percent, table, time } from './markdown.ts';
import type { MemoryReport } from './memory.ts';
import { kernelCharts } from './plots.ts';
import type { PortReport } from './ports.ts';
import type { ProgramReport } from './programs.ts';
import type { ScalingReport } from './scaling.ts';
import { duelChart, renderDuel } from './standings.ts';
import { type SweepReport, sweepFiles } from './sweep/report.ts';

export { renderDuel, renderScaling };

const timingRules = (timePerTaskMs: number, rounds: number): string =>
  `Every task is warmed up before any is timed and has its turn in each of ${rounds} rounds, ${timePerTaskMs} ms in all; ` +
  'the samples of all rounds are pooled. A time is the median of its samples, ± the median distance from it (MAD) in percent ' +
  'of it. As a rule of thumb, two times closer than their MADs are not distinguishable here.';

const kernelCell = (row: KernelRow | undefined): string =>
  row === undefined
    ? ''
    : `${time(row.medianNs)} ± ${percent(row.madNs, row.medianNs)}, ${figure(row.elementsPerSecond / 1e6)} M/s` +
      (row.gflops === undefined ? '' : `, ${figure(row.gflops)} GFLOP/s`);

/** Throughput of the operations, one table per kind of row. */
export const renderKernels = ({ machine, protocol, rows }: KernelReport): string => {
  const kinds = [...new Set(rows.map((row) => row.kind))];
  const section = (kind: string): string => {
    const own = rows.filter((row) => row.kind === kind);
    const shapes = SIZE_NAMES.map((size) => {
      const sample = own.find((row) => row.size === size);
      return `${size}: [${sample?.shapes[0]?.join(', ') ?? ''}]`;
    });
    const names = [...new Set(own.map((row) => row.op))];
    const cells = names.map((op) => [
      `\`${op}\``,
      ...SIZE_NAMES.map((size) => kernelCell(own.find((row) => row.op === op && row.size === size))),
    ]);
    return `## ${kind}\n\n${table(['operation', ...shapes], cells)}`;
  };
  const samples = rows.map((row) => row.samples);
  return page(
    '# Kernels',
    machineLine(machine),
    `${timingRules(protocol.timePerTaskMs, protocol.rounds)} A task has ${Math.min(...samples)} to ${Math.max(...samples)} samples.`,
    'One call takes immutable tensors and returns a new one, so a time includes the checks of shapes and the birth of the result. ' +
      'M/s are millions of elements per second, of the largest among arguments and result; GFLOP/s count the multiplications and ' +
      'additions of rows that add up terms.',
    '![throughput by operation and size](kernels.svg)',
    ...kinds.map(section),
  );
};

/** Times of whole programs. */
export const renderPrograms = ({ machine, protocol, rows }: ProgramReport): string =>
  page(
    '# Programs',
    machineLine(machine),
    timingRules(protocol.timePerTaskMs, protocol.rounds),
    'Everything runs eagerly, one operation after the other. Adjacent rows tell where a step goes: prediction, then what ' +
      'differentiation adds, then what each optimizer adds.',
    table(
      ['program', 'time', 'MAD', 'per', 'samples of data', 'data/s', 'n', 'what'],
      rows.map((row) => [
        row.program,
        time(row.medianNs),
        percent(row.madNs, row.medianNs),
        row.per,
        row.batch > 0 ? String(row.batch) : '',
        row.batch > 0 ? figure(Math.round((row.batch / row.medianNs) * 1e9)) : '',
        String(row.samples),
        row.doc,
      ]),
    ),
  );

/** What a training keeps, and what operations take. */
export const renderMemory = ({ machine, model, trainings, operations }: MemoryReport): string => {
  const beside = operations.filter((o) => o.bufferBytes + o.heapBytes > o.resultBytes / 10);
  return page(
    '# Memory',
    machineLine(machine),
    'Garbage is collected before every reading, and the flag that allows it is set by the command itself.',
    '## Training',
    `${model}. In use is what is left after a collection; made are objects, kept or not, without the buffers of tensors, the ` +
      'least of ten readings.',
    table(
      ['how', 'steps', 'in use', 'steps', 'in use', 'growth a step', 'made a step'],
      trainings.map(({ how, readings, bytesPerStep, madePerStep }) => [
        how,
        ...[readings[0], readings.at(-1)].flatMap((r) => [String(r?.step), bytes(r?.bytes ?? Number.NaN)]),
        `${figure(bytesPerStep)} B`,
        bytes(madePerStep),
      ]),
    ),
    table(
      trainings.flatMap(({ how }) => [`steps, ${how}`, 'in use']),
      (trainings[0]?.readings ?? []).map((_, i) =>
        trainings.flatMap(({ readings }) => [String(readings[i]?.step), bytes(readings[i]?.bytes ?? Number.NaN)]),
      ),
    ),
    '## Operations',
    'One call at the largest size of the benchmark: the result, further buffers, and all other objects, each the least of ' +
      'ten calls. ' +
      (beside.length === 0
        ? 'None takes more than its result and a tenth of it.'
        : `All but ${beside.map((o) => `\`${o.op}\``).join(', ')} take no more than their result and a tenth of it.`),
    table(
      ['operation', 'result', 'buffers beside it', 'other objects'],
      operations.map((o) => [`\`${o.op}\``, bytes(o.resultBytes), bytes(o.bufferBytes), bytes(o.heapBytes)]),
    ),
  );
};

/** Calls through a program, and what waits for a slow one. */
export const renderPorts = ({ machine, engine, version, rows, slow }: PortReport): string => {
  const [sizes, last] = [slow.readings.map((r) => r.bytes), slow.readings.at(-1)];
  return page(
    '# Ports',
    machineLine(machine),
    '## Small calls',
    `${engine} ${version}, a program on its standard input and output: calls of a few numbers each, one after another, and as many ` +
      'at once as fill its messages. A rate is the median of five rounds, ± the median distance from it; it includes the checks of ' +
      'arguments and answers against the contract.',
    table(
      ['entry', 'under way', 'calls/s', 'MAD', 'calls'],
      rows.map((r) => [
        `\`${r.entry}\``,
        String(r.together),
        figure(Math.round(r.callsPerSecond)),
        percent(r.mad, r.callsPerSecond),
        String(r.calls),
      ]),
    ),
    '## A slow port',
    `${slow.made} calls to a program that sleeps ${slow.sleepMs} ms before every answer, made without waiting: ${slow.answered} were ` +
      `answered, ${slow.refused} were refused while as many waited as may, ${slow.mostWaiting} at once. After ${last?.step} calls ` +
      `${bytes(last?.bytes ?? 0)} are in use, and ${bytes(Math.max(...sizes))} at most.`,
    table(
      ['calls', 'in use'],
      slow.readings.map((r) => [String(r.step), bytes(r.bytes)]),
    ),
  );
};

const share = (v: number): string => `${figure(100 * v)} %`;
/** A ratio of times with its interval, as the change that it means. */
const changeText = ({ ratio, low, high }: Pick<Compared, 'ratio' | 'low' | 'high'>): string =>
  `${figure(ratio)} (${figure(low)} to ${figure(high)})`;
const verdict = ({ change, untold, confirmed }: Pick<Compared, 'change' | 'untold' | 'confirmed'>): string => {
  if (untold) return 'cannot be told';
  return change === 'none' ? '' : `${change}${confirmed === true ? '' : ', not confirmed by the second run'}`;
};

const RATIOS =
  'A time is the median over rounds of the shortest sample, as other programs can only make a sample longer. Rounds are calm in ' +
  'which a yardstick (sums of products) is within a tenth of its best, before and after the turn. Ratios are of the quarter of the ' +
  'calm rounds that was disturbed least, and of the same counted in calls of the yardstick, so that a machine that is slower for ' +
  'all is no change; that of the two which is nearer to 1 is shown, with its 99 % bootstrap interval over rounds. A change is one ' +
  'when both lie beyond the threshold, and that interval wholly beyond half of it, and it counts when a second run of the changed ' +
  'tasks finds it again. Where fewer than three rounds were calm, nothing is told.';

const judged = (rows: readonly (Compared | Noise)[]): string => {
  const changed = rows.filter((r) => r.change !== 'none');
  const untold = rows.filter((r) => r.untold).length;
  const told =
    changed.length === 0
      ? `Of ${rows.length} tasks none has changed.`
      : `Of ${rows.length} tasks ${changed.length} have changed, ${changed.filter((r) => r.confirmed === true).length} of them in both runs.`;
  return untold === 0 ? told : `${told} Others disturbed the machine too much to tell of ${untold}.`;
};

/** Timings against a baseline. */
export const renderComparison = ({ baseline, threshold, machine, before, rows, unmatched }: Comparison): string =>
  page(
    `# Against the baseline ${baseline}`,
    machineLine(machine),
    `The baseline: Node ${before.node}, load ${before.load.toFixed(2)}.${before.node === machine.node ? '' : ' **It is of another Node.**'}`,
    `${RATIOS} The threshold is ${share(threshold)}.`,
    judged(rows),
    unmatched.length === 0 ? '' : `Only one of the two sides has: ${unmatched.join(', ')}.`,
    table(
      ['task', 'before', 'now', 'now ÷ before', 'change'],
      rows.map((r) => [r.name, time(r.beforeNs), time(r.nowNs), changeText(r), verdict(r)]),
    ),
  );

/** Tasks against themselves. */
export const renderNoise = ({ threshold, machine, typical, floor, rows }: NoiseReport): string =>
  page(
    '# Noise floor',
    machineLine(machine),
    `Every task is timed as two interleaved copies, which are compared as with a baseline. ${RATIOS} The threshold is ${share(threshold)}.`,
    `Half of the tasks differ from themselves by less than ${share(typical)}, all but a twentieth by less than ${share(floor)}: ` +
      'what is closer cannot be told apart here.',
    judged(rows),
    table(
      ['task', 'time', 'copy ÷ copy', 'change'],
      rows.map((r) => [r.name, time(r.ns), changeText(r), verdict(r)]),
    ),
  );

export interface BenchReports {
  readonly ports?: PortReport;
  readonly kernels?: KernelReport;
  readonly programs?: ProgramReport;
  readonly memory?: MemoryReport;
  readonly noise?: NoiseReport;
  readonly comparison?: Comparison;
  readonly scaling?: ScalingReport;
  /** Engines side by side: those that the command names. */
  readonly duel?: DuelReport;
  readonly sweep?: SweepReport;
}

type File = readonly [path: string, text: string];

const svgFiles = (room: string, charts: readonly Chart[]): readonly File[] =>
  charts.map(({ name, svg }) => [join(room, `${name}.svg`), svg]);

/** Writes JSON, Markdown and plots of the given reports under `dir`, and returns the paths written. */
export const writeBenchReports = async (
  dir: string,
  { kernels, programs, memory, ports, noise, comparison, scaling, duel, sweep }: BenchReports,
): Promise<readonly string[]> => {
  const files: readonly File[] = [
    ...(kernels === undefined
      ? []
      : ([
          ['bench/kernels.json', toJson(kernels)],
          ['bench/kernels.md', renderKernels(kernels)],
          ...svgFiles('bench', await kernelCharts(kernels)),
        ] as const)),
    ...(programs === undefined
      ? []
      : ([
          ['bench/programs.json', toJson(programs)],
          ['bench/programs.md', renderPrograms(programs)],
        ] as const)),
    ...(memory === undefined
      ? []
      : ([
          ['bench/memory.json', toJson(memory)],
          ['bench/memory.md', renderMemory(memory)],
        ] as const)),
    ...(ports === undefined
      ? []
      : ([
          ['bench/ports.json', toJson(ports)],
          ['bench/ports.md', renderPorts(ports)],
        ] as const)),
    ...(noise === undefined
      ? []
      : ([
          ['bench/noise.json', toJson(noise)],
          ['bench/noise.md', renderNoise(noise)],
        ] as const)),
    ...(comparison === undefined
      ? []
      : ([
          ['bench/comparison.json', toJson(comparison)],
          ['bench/comparison.md', renderComparison(comparison)],
        ] as const)),
    ...(scaling === undefined
      ? []
      : ([
          ['bench/scaling.json', toJson(scaling)],
          ['bench/scaling.md', renderScaling(scaling)],
          ...svgFiles('bench', [await scalingChart(scaling)]),
        ] as const)),
    ...(duel === undefined
      ? []
      : ([
          ['bench/port.json', toJson(duel)],
          ['bench/port.md', renderDuel(duel, 'port.svg')],
          ...svgFiles('bench', [await duelChart('port', duel)]),
        ] as const)),
    ...(sweep === undefined ? [] : (await sweepFiles(sweep)).map(([name, text]): File => [join('sweep', name), text])),
  ];
  const written: string[] = [];
  for (const [path, text] of files) {
    const to = join(dir, path);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, text);
    written.push(to);
  }
  return written;
};
