// What the charts of a sweep share: colours of optimizers, who is shown where there is no room for all, axes of losses.
import { COLOURS } from '../../chart.ts';
import { gapOf, LEAST_GAP } from '../../statistics/effort.ts';
import type { Cell } from '../cell.ts';
import type { Group } from '../ranking.ts';
import type { SweepSummary } from '../summary.ts';
import type { Task } from '../task.ts';

/** Lines and panels that one chart has room for. */
export const MOST_LINES = 7;
const MOST_PANELS = 6;

export const finite = Number.isFinite;

/** A name that is also that of a file. */
export const slug = (text: string): string => text.replaceAll(/[^\w.-]+/g, '-').replaceAll(/^-|-$/g, '');

/** Of several budgets the largest is drawn. */
export const budgetOf = ({ protocol }: SweepSummary): number | null =>
  protocol.mode === 'budget' ? Math.max(...protocol.budgets) : null;

export const shownGroups = (summary: SweepSummary): readonly Group[] =>
  summary.groups.filter(({ budget }) => budget === budgetOf(summary));

/** A task with the cells that are drawn. */
export interface View {
  readonly task: Task;
  readonly cells: readonly Cell[];
  readonly optimizers: readonly string[];
  readonly initializers: readonly string[];
  /** What was left out for room; empty when nothing was. */
  readonly note: string;
}

const lowest = (cells: readonly Cell[]): number =>
  Math.min(...cells.map(({ metrics }) => metrics?.gap.estimate ?? Number.POSITIVE_INFINITY));

/** The names with the lowest gaps, in the order given. */
const bestNames = (
  names: readonly string[],
  most: number,
  cellsOf: (name: string) => readonly Cell[],
): readonly string[] => {
  const kept = names.toSorted((a, b) => lowest(cellsOf(a)) - lowest(cellsOf(b)) || 0).slice(0, most);
  return names.filter((name) => kept.includes(name));
};

export const viewOf = (summary: SweepSummary, task: Task): View => {
  const budget = budgetOf(summary);
  const own = summary.cells.filter((cell) => cell.task === task.name && cell.budget === budget);
  const all = {
    optimizers: [...new Set(own.map(({ optimizer }) => optimizer))],
    initializers: [...new Set(own.map(({ initializer }) => initializer))],
  };
  const optimizers = bestNames(all.optimizers, MOST_LINES, (n) => own.filter((c) => c.optimizer === n));
  const initializers = bestNames(all.initializers, MOST_PANELS, (n) => own.filter((c) => c.initializer === n));
  const some = (shown: number, of: number, what: string): readonly string[] =>
    shown < of ? [`the ${shown} of ${of} ${what} that end lowest`] : [];
  return {
    task,
    cells: own.filter((c) => optimizers.includes(c.optimizer) && initializers.includes(c.initializer)),
    optimizers,
    initializers,
    note: [
      ...some(optimizers.length, all.optimizers.length, 'optimizers'),
      ...some(initializers.length, all.initializers.length, 'initializers'),
    ].join(', '),
  };
};

/** The optimizer with the lowest median gap of a task. */
export const lowestOptimizer = ({ cells, optimizers }: View): string =>
  bestNames(optimizers, 1, (name) => cells.filter((c) => c.optimizer === name))[0] ?? '';

/** Letters of a line of a subtitle: Vega guesses widths generously, and a long line makes a wide picture. */
const LINE = 92;

/** A subtitle of the sentences that there are, in short lines. */
export const subtitle = (...parts: readonly string[]): string[] => wrapped(LINE, parts);

/** Sentences in lines of at most so many letters. */
export const wrapped = (most: number, parts: readonly string[]): string[] => {
  const line = new RegExp(`.{1,${most}}(?:\\s|$)`, 'g');
  return parts.flatMap((part) => part.match(line) ?? []).map((text) => text.trimEnd());
};

/** Names beside each other in a legend. */
export const WIDE_LEGEND = 7;

const DASHES = [
  [1, 0],
  [6, 3],
  [2, 2],
  [9, 3, 2, 3],
];

/** Lines of different names stay apart where they coincide: dashes beside colours. */
export const lineLook = (field: string, names: readonly string[], columns = WIDE_LEGEND) => {
  const legend = {
    symbolOpacity: 1,
    symbolFillColor: 'transparent',
    symbolType: 'stroke',
    symbolStrokeWidth: 2,
    symbolSize: 400,
    columns,
  };
  const domain = [...names];
  return {
    color: {
      field,
      type: 'nominal' as const,
      title: null,
      scale: { domain, range: names.map((_, i) => COLOURS[i % COLOURS.length] as string) }, // in range
      legend,
    },
    strokeDash: {
      field,
      type: 'nominal' as const,
      title: null,
      scale: {
        domain,
        range: names.map((_, i) => DASHES[(Math.floor(i / COLOURS.length) + (i % 2)) % DASHES.length] as number[]),
      }, // in range
    },
  };
};

/** Colours without lines; grey for a name that stands for all the rest. */
export const dotColour = (field: string, names: readonly string[], rest?: string) => ({
  field,
  type: 'nominal' as const,
  title: null,
  scale: {
    domain: [...names, ...(rest === undefined ? [] : [rest])],
    range: [...names.map((_, i) => COLOURS[i % COLOURS.length] as string), '#b9bec7'], // in range
  },
  legend: { columns: 4 },
});

/** How far a loss lies above the floor, as it is drawn on a logarithmic axis. */
export const drawnGap = (task: Task, loss: number): number => Math.max(gapOf(loss, task.floor), LEAST_GAP);

/** In two lines: Vega makes room for a guess of their length. */
export const gapTitle = ({ floor, unit }: Task): string[] => [
  floor === null ? 'training loss' : 'loss above the floor',
  `(${unit})`,
];

/** Powers of ten in a range, at most about eight. */
export const decades = (low: number, high: number): number[] => {
  const [from, to] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)]; // an end that is one counts
  const every = Math.max(1, Math.ceil((to - from) / 8));
  return Array.from({ length: Math.max(0, Math.floor((to - from) / every) + 1) }, (_, i) =>
    Number(`1e${from + i * every}`),
  );
};

const SHORT = "datum.value >= 1e-3 && datum.value < 1e5 ? format(datum.value, '~g') : format(datum.value, '~e')";

/** A logarithmic axis of a range: powers of ten, with twice and five times of them where it holds fewer than two. */
export const logAxis = (low: number, high: number) => {
  const tens = decades(low, high);
  const more = decades(low / 10, high).flatMap((ten) => [ten, 2 * ten, 5 * ten]);
  const values = tens.length < 2 ? more.filter((v) => v >= low && v <= high) : tens;
  return { labelExpr: SHORT, ...(values.length < 2 ? { tickCount: 4 } : { values }) };
};

/** Columns that fit a page, given the width of one in pixels. */
export const columnsOf = (panels: number, width: number): number =>
  Math.max(1, Math.min(panels, Math.floor(1080 / width)));
