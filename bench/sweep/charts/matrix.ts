// Charts whose cells are squares: the heat map of optimizers and initializers, who wins against whom, slopes of layers over steps.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, dark, draw, GREY, INKS } from '../../chart.ts';
import { CLEAR } from '../../statistics/evidence.ts';
import type { Cell } from '../cell.ts';
import type { Duel, Group } from '../ranking.ts';
import type { SweepSummary } from '../summary.ts';
import type { Task } from '../task.ts';
import { budgetOf, columnsOf, finite, lowestOptimizer, shownGroups, slug, subtitle, viewOf } from './look.ts';

/** Orders of magnitude above the best at which the colour ends. */
const PALE = 3;
const HEAT = 'blues';
const WINS = 'blueorange';
const FAILURE = '#D55E00';

const oneDigit = (v: number): string => v.toFixed(1).replace('-', '−');

const heatRow = (cell: Cell, row: string, best: number) => {
  const { metrics, state, runs } = cell;
  const gap = metrics?.gap.estimate ?? Number.NaN;
  const failed = metrics?.failed ?? 0;
  const notes = [...(state === 'invalid' ? ['edge'] : []), ...(failed > 0 ? [`${failed}/${runs.length} ✗`] : [])];
  const above = Math.log10(gap) - Math.log10(best);
  return {
    optimizer: cell.optimizer,
    row,
    above: finite(above) ? Math.max(0, above) : null,
    pale: !finite(above) || dark(HEAT, 1 - above / PALE),
    text: state === 'undecided' ? '?' : finite(gap) ? oneDigit(Math.log10(gap)) : '∞',
    note: notes.join(' '),
    lift: notes.length > 0,
    failed: failed > 0,
  };
};

/** Ends of slanted lines across a square, as shares of it: failures are hatched, and never a colour. */
const HATCH = [
  { x: 0, y: 0.5, x2: 0.5, y2: 0 },
  { x: 0, y: 1, x2: 1, y2: 0 },
  { x: 0.5, y: 1, x2: 1, y2: 0.5 },
];

/** A network has a row per initializer; functions have but one each, and share a panel. */
interface HeatPanel {
  readonly title: string;
  readonly values: readonly ReturnType<typeof heatRow>[];
}

const heatPanels = (summary: SweepSummary): readonly HeatPanel[] => {
  const rowsOf = (task: Task, row: (cell: Cell) => string): HeatPanel['values'] => {
    const cells = summary.cells.filter((c) => c.task === task.name && c.budget === budgetOf(summary));
    const best = Math.min(...cells.map(({ metrics }) => metrics?.gap.estimate ?? Number.POSITIVE_INFINITY));
    return cells.map((cell) => heatRow(cell, row(cell), best));
  };
  const functions = summary.tasks.filter(({ kind }) => kind === 'function');
  return [
    ...summary.tasks
      .filter(({ kind }) => kind === 'network')
      .map((task) => ({ title: task.name, values: rowsOf(task, ({ initializer }) => initializer) })),
    ...(functions.length === 0
      ? []
      : [{ title: 'functions', values: functions.flatMap((task) => rowsOf(task, () => task.name)) }]),
  ];
};

const heatPanel = (optimizers: readonly string[], { title, values }: HeatPanel) => {
  const square = { type: 'nominal' as const, title: null, axis: { grid: false, domain: false, ticks: false } };
  const x = {
    field: 'optimizer',
    ...square,
    sort: [...optimizers],
    axis: { ...square.axis, labelAngle: -35, labelLimit: 150 },
  };
  const y = { field: 'row', ...square, sort: [...new Set(values.map(({ row }) => row))] };
  const colour = { condition: { test: 'datum.pale', value: INKS.dark }, value: INKS.light };
  return {
    title: { text: title, fontSize: 12, offset: 6, frame: 'group' as const },
    width: { step: 48 },
    height: { step: 36 },
    data: { values: [...values] },
    layer: [
      { mark: { type: 'rect' as const, fill: '#f3f4f6', stroke: 'white' }, encoding: { x, y } },
      {
        transform: [{ filter: 'isValid(datum.above)' }],
        mark: { type: 'rect' as const, stroke: 'white' },
        encoding: {
          x,
          y,
          color: {
            field: 'above',
            type: 'quantitative' as const,
            title: 'powers of ten above the lowest',
            scale: { scheme: HEAT, domain: [0, PALE], reverse: true, clamp: true },
            legend: { gradientLength: 220, values: Array.from({ length: PALE + 1 }, (_, i) => i) },
          },
        },
      },
      ...HATCH.map((line) => ({
        transform: [{ filter: 'datum.failed' }],
        mark: { type: 'rule' as const, color: FAILURE, strokeWidth: 1.4, opacity: 0.9 },
        encoding: {
          x: { ...x, bandPosition: line.x },
          x2: { field: 'optimizer', bandPosition: line.x2 },
          y: { ...y, bandPosition: line.y },
          y2: { field: 'row', bandPosition: line.y2 },
        },
      })),
      ...[true, false].map((lift) => ({
        transform: [{ filter: `datum.lift === ${lift}` }],
        mark: { type: 'text' as const, fontSize: 11, dy: lift ? -7 : 0 },
        encoding: { x, y, text: { field: 'text', type: 'nominal' as const }, color: colour },
      })),
      {
        transform: [{ filter: 'datum.lift' }],
        mark: { type: 'text' as const, fontSize: 9.5, dy: 8 },
        encoding: { x, y, text: { field: 'note', type: 'nominal' as const }, color: colour },
      },
    ],
  };
};

/** The median gap of every cell, with its failures. */
export const heatMap = (summary: SweepSummary): Promise<Chart> => {
  const seeds = summary.protocol.seeds.length;
  const panels = heatPanels(summary);
  return draw('heat', {
    description: 'Median gap of every optimizer and initializer on every problem.',
    title: {
      text: 'Where training ends',
      subtitle: subtitle(
        `in a square: log₁₀ of the median gap over ${seeds} seed${seeds === 1 ? '' : 's'} (of the loss where no floor is known); lower is better`,
        'hatched: so many of the runs failed (✗); edge: the best rate lies on the edge of what was tried, so invalid; ?: runs are missing',
      ),
    },
    spacing: 24,
    columns: columnsOf(panels.length, 150 + 48 * summary.optimizers.length),
    concat: panels.map((panel) => heatPanel(summary.optimizers, panel)),
    resolve: { scale: { color: 'shared', x: 'independent', y: 'independent' } },
  } satisfies TopLevelSpec);
};

/** Both halves of a matrix from the duels of one. */
const winRows = (names: readonly string[], duels: readonly Duel[]) =>
  names.flatMap((row) =>
    names.map((column) => {
      const duel = duels.find(({ a, b }) => (a === row && b === column) || (a === column && b === row));
      const p = duel?.probability;
      if (duel === undefined || p == null)
        return { row, column, p: null, text: row === column ? '' : '–', range: '', won: false, pale: true };
      const own = duel.a === row;
      const of = (v: number): number => (own ? v : 1 - v);
      const [low, high] = own ? [p.low, p.high] : [1 - p.high, 1 - p.low];
      const share = of(p.estimate);
      return {
        row,
        column,
        p: share,
        text: share.toFixed(2),
        range: `${low.toFixed(2)}–${high.toFixed(2)}`,
        won: duel.verdict === (own ? 'a lower' : 'b lower'),
        pale: dark(WINS, 1 - share),
      };
    }),
  );

const winPanel = ({ axis, names, duels }: Group['axes'][number]) => {
  const square = { type: 'nominal' as const, sort: [...names], axis: { grid: false, domain: false, ticks: false } };
  const x = { field: 'column', ...square, title: null, axis: { ...square.axis, labelAngle: -35, labelLimit: 150 } };
  const y = { field: 'row', ...square, title: null };
  const color = { condition: { test: 'datum.pale', value: INKS.dark }, value: INKS.light };
  return {
    title: { text: `${axis}s`, fontSize: 12, offset: 6, frame: 'group' as const },
    width: { step: 62 },
    height: { step: 42 },
    data: { values: winRows(names, duels) },
    layer: [
      { mark: { type: 'rect' as const, fill: '#f3f4f6', stroke: 'white' }, encoding: { x, y } },
      {
        transform: [{ filter: 'isValid(datum.p)' }],
        mark: { type: 'rect' as const, stroke: 'white' },
        encoding: {
          x,
          y,
          color: {
            field: 'p',
            type: 'quantitative' as const,
            title: 'probability of ending lower',
            scale: { scheme: WINS, domain: [0, 1], reverse: true },
            legend: { gradientLength: 200, values: [0, 0.25, 0.5, 0.75, 1], format: '.2f' },
          },
        },
      },
      ...[true, false].map((won) => ({
        transform: [{ filter: `datum.won === ${won}` }],
        mark: {
          type: 'text' as const,
          fontSize: 12,
          dy: -6,
          fontWeight: won ? ('bold' as const) : ('normal' as const),
        },
        encoding: { x, y, text: { field: 'text', type: 'nominal' as const }, color },
      })),
      {
        mark: { type: 'text' as const, fontSize: 9.5, dy: 9 },
        encoding: { x, y, text: { field: 'range', type: 'nominal' as const }, color },
      },
    ],
  };
};

/** Who ends lower than whom: one chart per group. */
export const winMatrices = (summary: SweepSummary): Promise<readonly Chart[]> =>
  Promise.all(
    shownGroups(summary)
      .filter(({ axes }) => axes.length > 0)
      .map(({ kind, axes, tasks }) =>
        draw(`wins-${kind}`, {
          description: 'Probability that one ends lower than another, for optimizers and for initializers.',
          title: {
            text: 'Who ends lower than whom',
            subtitle: subtitle(
              `how often the one at the left ends lower than the one below, over ${tasks.length === 1 ? tasks[0] : `${tasks.length} problems, each counting the same`}; with its 95 % interval`,
              `bold: a win, sure and in at least ${100 * CLEAR} % of the runs; –: no valid pair`,
            ),
          },
          spacing: 40,
          columns: axes.reduce((n, { names }) => n + names.length, 0) > 14 ? 1 : 2,
          concat: axes.map(winPanel),
          resolve: { scale: { color: 'shared' } },
        } satisfies TopLevelSpec),
      ),
  );

/** With more layers rows are low. */
const DEEP = 10;

/** Slopes by layer and step for each initializer, under the optimizer that ends lowest: one chart per network. */
export const gradientMaps = (summary: SweepSummary): Promise<readonly Chart[]> =>
  Promise.all(
    summary.tasks.flatMap((task): readonly Promise<Chart>[] => {
      const view = viewOf(summary, task);
      const { cells, initializers } = view;
      const optimizer = lowestOptimizer(view);
      const values = cells
        .filter((cell) => cell.optimizer === optimizer)
        .flatMap(({ initializer, traces }) =>
          traces.flatMap(({ step, layers }) =>
            layers.flatMap(({ layer, gradient }) =>
              gradient === null
                ? []
                : [{ initializer, step, layer, value: gradient > 0 && finite(gradient) ? Math.log10(gradient) : null }],
            ),
          ),
        );
      if (values.length === 0) return [];
      const layers = [...new Set(values.map(({ layer }) => layer))];
      const square = { title: null, axis: { grid: false, domain: false, ticks: false } };
      const x = { field: 'step', type: 'ordinal' as const, title: 'step', axis: { ...square.axis, labelAngle: 0 } };
      const y = { field: 'layer', type: 'nominal' as const, ...square, sort: layers };
      return [
        draw(`gradients-${slug(task.name)}`, {
          description: `Slopes of the loss by layer and step on ${task.name}.`,
          title: {
            text: `Slopes by layer: ${task.name}`,
            subtitle: subtitle(
              `${optimizer}: root mean square of ∂loss/∂weights of a layer, median over the seeds; the first layer at the top`,
              'grey: exactly 0, or no run got so far',
            ),
          },
          data: { values },
          facet: { field: 'initializer', type: 'nominal', title: null, sort: [...initializers] },
          columns: columnsOf(initializers.length, 240),
          spec: {
            width: { step: 32 },
            height: { step: layers.length > DEEP ? 15 : 26 },
            layer: [
              { mark: { type: 'rect', fill: '#e3e5e9', stroke: 'white' }, encoding: { x, y } },
              {
                transform: [{ filter: 'isValid(datum.value)' }],
                mark: { type: 'rect', stroke: 'white' },
                encoding: {
                  x,
                  y,
                  color: {
                    field: 'value',
                    type: 'quantitative',
                    title: 'log₁₀ of the slope',
                    scale: { scheme: 'viridis' },
                    legend: { gradientLength: 200, labelColor: GREY },
                  },
                },
              },
            ],
          },
        } satisfies TopLevelSpec),
      ];
    }),
  );
