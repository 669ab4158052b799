// The comparison of engines as a page and a plot: pure functions of its JSON.
import { type Chart, COLOURS, draw, GREY } from './chart.ts';
import type { DuelReport, Standing } from './duel.ts';
import { machineLine } from './machine.ts';
import { figure, page, percent, table } from './markdown.ts';

const rate = (v: number): string => figure(v);

const cell = (row: Standing | undefined): string => {
  if (row === undefined) return '–';
  if (row.outcome !== 'timed' || row.median === undefined || row.best === undefined) return `**${row.outcome}**`;
  return `${rate(row.median)} / ${rate(row.best)}${row.note === undefined ? '' : ' *'}`;
};

const calmLine = ({ protocol, rows }: DuelReport): string => {
  if (protocol.patienceMs === undefined) return '';
  const sum = (part: 'rounds' | 'disturbed'): number => rows.reduce((n, r) => n + (r.calm?.[part] ?? 0), 0);
  return (
    'On a shared machine a neighbour takes part of a core now and then: products that load their factors become a third slower, ' +
    'and the limit of arithmetic stays. Engines of one thread are therefore kept on one processor, and a probe of such products is ' +
    'read there before and after every turn; a turn in which it is below nine tenths of its best is done again, for up to ' +
    `${protocol.patienceMs} ms. ${sum('disturbed')} of ${sum('rounds')} rounds stayed disturbed. Figures are of the others, where there are at ` +
    'least three, and of all rounds elsewhere.'
  );
};
const calmText = ({ calm }: Standing): string =>
  calm === undefined ? '' : `${calm.rounds - calm.disturbed} of ${calm.rounds}`;

const limitLines = ({ limits }: DuelReport): string =>
  limits === null
    ? 'No probe of the limits of the machine was there, so there are no shares of it.'
    : `Limits of one thread, measured in the same run: ${figure(limits.fmaF32)} GFLOP/s in f32 and ${figure(limits.fmaF64)} in f64 by ` +
      `128-bit FMA, ${figure(limits.mulAddF32)} and ${figure(limits.mulAddF64)} by multiplication and addition, and a copy of ` +
      `${figure(limits.copyGBs)} GB/s. A share is the time that arithmetic or traffic would take at these limits over the time it ` +
      'took, where the limit of arithmetic is read again beside every turn, as processors change their pace: wider vectors, a second thread, or numbers that stay in a cache bring it above 100 %.';

const leadText = ({ lead }: Standing): string =>
  lead === undefined
    ? ''
    : `${figure(lead.ratio)}${Number.isFinite(lead.high) ? ` (${figure(lead.low)} to ${figure(lead.high)})` : ''}`;

const detail = (report: DuelReport, id: string): string => {
  const rows = report.rows.filter((r) => r.workload === id);
  const workload = report.workloads.find((w) => w.id === id);
  const against = [...new Set(rows.flatMap((r) => (r.lead === undefined ? [] : [r.lead.against])))];
  const many = against.length > 1;
  const watched = rows.some((r) => r.calm !== undefined);
  const head = [
    'engine',
    'median',
    'MAD',
    'best',
    'n',
    ...(watched ? ['calm rounds'] : []),
    'share of the limit',
    many ? 'ours ÷ theirs, and which' : 'ours ÷ theirs',
  ];
  const notes = rows.flatMap((r) => (r.note === undefined ? [] : [`${r.engine}: ${r.note}.`]));
  return page(
    `## ${id}`,
    `${workload?.doc}, in ${workload?.unit}.`,
    table(
      head,
      rows.map((r) =>
        r.median === undefined || r.best === undefined || r.mad === undefined
          ? [r.engine, `**${r.outcome}**`, ...head.slice(2).map(() => '')]
          : [
              r.engine,
              rate(r.median),
              percent(r.mad, r.median),
              rate(r.best),
              String(r.samples),
              ...(watched ? [calmText(r)] : []),
              r.share === undefined ? '' : percent(r.share, 1),
              `${leadText(r)}${many && r.lead !== undefined ? `, ${r.lead.against}` : ''}`,
            ],
      ),
    ),
    notes.join(' '),
  ).trimEnd();
};

/** The comparison as a page; `svg` names the file of its plot. */
export const renderDuel = (report: DuelReport, svg?: string): string => {
  const { machine, loadAfter, protocol, engines, missing, workloads, rows } = report;
  return page(
    '# Engines side by side',
    `${machineLine(machine)} Load after it ${loadAfter.toFixed(2)}, of which the run itself is about 1.`,
    'Every engine runs in a process of its own and times itself, only one at a time; before it is timed its result is checked ' +
      'against the eager engine, or by the statistics of its draws. All are warmed up, then each has its turn in each of ' +
      `${protocol.rounds} rounds, ${protocol.timePerTaskMs} ms in all unless one call takes longer; samples are at least 10 ms long ` +
      'and pooled. Machines that are shared swing, so read ratios and not times. Ours ÷ theirs compares medians of rounds with a ' +
      '99 % bootstrap interval, against the engine of ours of the same format and threads where there is one.',
    calmLine(report),
    limitLines(report),
    table(
      ['engine', 'version', 'format', 'threads'],
      engines.map((e) => [e.name, e.version, e.dtype, String(e.threads)]),
    ),
    missing.length === 0 ? '' : `Did not start: ${missing.map((m) => `${m.name} (${m.why})`).join('; ')}.`,
    svg === undefined ? '' : `![what each engine does in a second](${svg})`,
    '## Median / best',
    table(
      ['workload', 'unit', ...engines.map((e) => e.name)],
      workloads.map((w) => [
        w.id,
        w.unit,
        ...engines.map((e) => cell(rows.find((r) => r.workload === w.id && r.engine === e.name))),
      ]),
    ),
    rows.some((r) => r.outcome === 'timed' && r.note !== undefined)
      ? '– the engine, or its adapter, cannot do it; * in its own way, see below.'
      : '– the engine, or its adapter, cannot do it.',
    ...workloads.map((w) => detail(report, w.id)),
  );
};

/** A panel per workload: what each engine does in a second, on its own logarithmic axis. */
export const duelChart = (name: string, { engines, workloads, rows }: DuelReport): Promise<Chart> => {
  const titles = workloads.map((w) => `${w.id}, ${w.unit}`);
  const values = rows.flatMap(({ workload, engine, median, best }) => {
    const i = workloads.findIndex((w) => w.id === workload);
    const kind = engines.find((e) => e.name === engine)?.ours === true ? 'ours' : 'others';
    return median === undefined || best === undefined ? [] : [{ panel: titles[i], engine, kind, median, best }];
  });
  const x = {
    type: 'quantitative' as const,
    title: null,
    scale: { type: 'log' as const },
    axis: { format: '~s', tickCount: 4, labelOverlap: true },
  };
  const y = {
    field: 'engine',
    type: 'nominal' as const,
    title: null,
    sort: engines.map((e) => e.name),
    axis: { grid: true },
  };
  const color = {
    field: 'kind',
    type: 'nominal' as const,
    title: null,
    scale: { domain: ['ours', 'others'], range: [COLOURS[1] ?? GREY, COLOURS[0] ?? GREY] },
  };
  return draw(name, {
    description: 'What each engine does in a second on each workload: median and best.',
    title: {
      text: 'Engines side by side',
      subtitle: 'a dot is the median, a line reaches to the best; right is faster',
    },
    data: { values },
    columns: 4,
    facet: { field: 'panel', type: 'nominal', title: null, sort: titles },
    spec: {
      width: 170,
      height: { step: 15 },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { x: { field: 'median', ...x }, x2: { field: 'best' }, y, color },
        },
        {
          mark: { type: 'point', filled: true, size: 55, opacity: 1 },
          encoding: { x: { field: 'median', ...x }, y, color },
        },
      ],
    },
    resolve: { scale: { x: 'independent' } },
  });
};
