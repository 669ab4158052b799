// Charts of one problem over steps, rates and tries: learning curves, sensitivity to the learning rate, the best of k.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, draw, GREY } from '../../chart.ts';
import { bestQuantile } from '../../statistics/effort.ts';
import type { SweepSummary } from '../summary.ts';
import { columnsOf, drawnGap, finite, gapTitle, lineLook, logAxis, slug, subtitle, type View, viewOf } from './look.ts';

/** Panels of one row of initializers. */
const panels = ({ initializers }: View) => ({
  facet: { field: 'initializer', type: 'nominal' as const, title: null, sort: [...initializers] },
  columns: columnsOf(initializers.length, 330),
});

const PANEL = { width: 250, height: 230 };

const curvesOf = (view: View): readonly Promise<Chart>[] => {
  const { task, cells, optimizers, note } = view;
  const rows = cells.flatMap(({ optimizer, initializer, curve }) =>
    (curve?.steps ?? []).flatMap((step, i) =>
      step === 0
        ? [] // a logarithmic axis has no place for it
        : [
            {
              optimizer,
              initializer,
              step,
              median: drawnGap(task, curve?.median[i] ?? Number.NaN),
              low: drawnGap(task, curve?.low[i] ?? Number.NaN),
              high: drawnGap(task, curve?.high[i] ?? Number.NaN),
            },
          ],
    ),
  );
  const drawn = rows.filter(({ median }) => finite(median));
  if (drawn.length === 0) return [];
  const most = Math.max(...drawn.flatMap(({ median, high }) => [median, ...(finite(high) ? [high] : [])]));
  const least = Math.min(...drawn.map(({ low }) => low), drawnGap(task, task.target));
  const room = Math.max(most / least, 2) ** 0.05;
  const [bottom, top] = [least / room, most * room];
  // a band that failures make endless goes up to the frame, and a curve whose middle run fails ends with a cross
  const values = drawn.map((row, i) => ({
    ...row,
    high: finite(row.high) ? row.high : top, // up to the frame
    ends: rows[rows.indexOf(row) + 1]?.optimizer === row.optimizer && rows[rows.indexOf(row) + 1] !== drawn[i + 1],
  }));
  const x = {
    field: 'step',
    type: 'quantitative' as const,
    title: 'training step',
    scale: { type: 'log' as const, nice: false },
    axis: { grid: false, tickCount: 4, format: '~s' },
  };
  const y = {
    type: 'quantitative' as const,
    title: gapTitle(task),
    scale: { type: 'log' as const, domain: [bottom, top], nice: false },
    axis: logAxis(bottom, top),
  };
  const look = lineLook('optimizer', optimizers);
  const seeds = Math.max(...cells.map(({ runs }) => runs.length));
  return [
    draw(`curves-${slug(task.name)}`, {
      description: `Training loss over steps on ${task.name}, by optimizer and initializer.`,
      title: {
        text: `Learning curves: ${task.name}`,
        subtitle: subtitle(
          seeds === 1
            ? 'nothing is drawn: one run each; dotted: the target'
            : `median over ${seeds} paired seeds with its 95 % interval (the whole range below six seeds); dotted: the target`,
          'a band without an upper end: some runs failed; ✗: from here on half of them',
          note,
        ),
      },
      data: { values },
      ...panels(view),
      spec: {
        ...PANEL,
        layer: [
          {
            mark: { type: 'rule', strokeDash: [1.5, 3], strokeWidth: 1.5, color: GREY },
            encoding: { y: { datum: drawnGap(task, task.target), ...y } },
          },
          {
            mark: { type: 'area', opacity: 0.15 },
            encoding: { x, y: { field: 'low', ...y }, y2: { field: 'high' }, color: look.color },
          },
          { mark: { type: 'line', strokeWidth: 2 }, encoding: { x, y: { field: 'median', ...y }, ...look } },
          {
            transform: [{ filter: 'datum.ends' }],
            mark: { type: 'text', text: '✗', fontSize: 15, dy: 1 },
            encoding: { x, y: { field: 'median', ...y }, color: look.color },
          },
        ],
      },
    } satisfies TopLevelSpec),
  ];
};

/** Loss over steps, both logarithmic: one chart per task. */
export const learningCurves = (summary: SweepSummary): Promise<readonly Chart[]> =>
  Promise.all(summary.tasks.flatMap((task) => curvesOf(viewOf(summary, task))));

const ratesOf = (view: View): readonly Promise<Chart>[] => {
  const { task, cells, optimizers, note } = view;
  const tried = cells.flatMap((cell) =>
    (cell.tuning?.tried ?? []).map(({ lr, loss }) => ({
      optimizer: cell.optimizer,
      initializer: cell.initializer,
      lr,
      gap: drawnGap(task, loss),
      chosen: lr === cell.lr,
      standard: lr === cell.defaultLr,
    })),
  );
  const good = tried.filter(({ gap }) => finite(gap)).map(({ gap }) => gap);
  if (good.length === 0) return [];
  const [bottom, top] = [Math.min(...good), Math.max(...good)];
  const span = Math.max(0.5, Math.log10(top / bottom));
  // failures have rows of their own above the losses, one per optimizer
  const [edge, rise] = [top * 10 ** (0.06 * span), (0.3 * span) / optimizers.length];
  const fails = good.length < tried.length;
  const roof = fails ? edge * 10 ** (rise * (optimizers.length + 0.5)) : edge;
  const values = tried.map((t) => ({
    ...t,
    failed: !finite(t.gap),
    y: finite(t.gap) ? t.gap : edge * 10 ** (rise * (optimizers.indexOf(t.optimizer) + 0.7)),
  }));
  const rates = tried.map(({ lr }) => lr);
  const look = lineLook('optimizer', optimizers);
  const x = {
    field: 'lr',
    type: 'quantitative' as const,
    title: 'learning rate',
    scale: { type: 'log' as const, padding: 10 },
    axis: { ...logAxis(Math.min(...rates), Math.max(...rates)), grid: false },
  };
  const y = {
    field: 'y',
    type: 'quantitative' as const,
    title: gapTitle(task),
    scale: { type: 'log' as const, domain: [bottom / 10 ** (0.04 * span), roof], nice: false },
    axis: logAxis(bottom, edge),
  };
  return [
    draw(`rates-${slug(task.name)}`, {
      description: `Mean final training loss over the learning rates tried on ${task.name}.`,
      title: {
        text: `Sensitivity to the learning rate: ${task.name}`,
        subtitle: subtitle(
          'mean final loss over the tuning seeds; ring: the default rate, filled: the rate that was chosen',
          fails ? 'shaded: rates at which some seed failed (✗)' : 'no rate made a seed fail',
          note,
        ),
      },
      data: { values },
      ...panels(view),
      spec: {
        ...PANEL,
        layer: [
          {
            mark: { type: 'rect', color: '#f4e3da', opacity: 0.6 },
            encoding: { y: { datum: edge, type: 'quantitative', scale: y.scale }, y2: { datum: roof } },
          },
          {
            transform: [{ filter: '!datum.failed' }],
            mark: { type: 'line', strokeWidth: 2 },
            encoding: { x, y, ...look },
          },
          {
            transform: [{ filter: 'datum.failed' }],
            mark: { type: 'text', text: '✗', fontSize: 11 },
            encoding: { x, y, color: look.color },
          },
          {
            transform: [{ filter: 'datum.standard' }],
            mark: { type: 'point', size: 130, strokeWidth: 1.5, opacity: 1 },
            encoding: { x, y, color: look.color },
          },
          {
            transform: [{ filter: 'datum.chosen' }],
            mark: { type: 'point', size: 45, filled: true, opacity: 1 },
            encoding: { x, y, color: look.color },
          },
        ],
      },
    } satisfies TopLevelSpec),
  ];
};

/** Loss over learning rates, with failures and defaults: one chart per task, in the mode `rate`. */
export const rateCurves = (summary: SweepSummary): Promise<readonly Chart[]> =>
  Promise.all(summary.tasks.flatMap((task) => ratesOf(viewOf(summary, task))));

const triesOf = (view: View): readonly Promise<Chart>[] => {
  const { task, cells, optimizers, note } = view;
  const values = cells.flatMap(({ optimizer, initializer, draws }) => {
    const losses = draws.map(({ loss }) => loss);
    return losses
      .map((_, i) => ({ optimizer, initializer, k: i + 1, gap: drawnGap(task, bestQuantile(losses, i + 1)) }))
      .filter(({ gap }) => finite(gap));
  });
  if (values.length === 0) return [];
  const gaps = values.map(({ gap }) => gap);
  return [
    draw(`tries-${slug(task.name)}`, {
      description: `The best of k configurations on ${task.name}, by optimizer and initializer.`,
      title: {
        text: `What tuning brings: ${task.name}`,
        subtitle: subtitle(
          'the loss that the best of k configurations reaches with probability ½, on the tuning seeds',
          'a curve begins where at least half of the draws of k hold one that does not fail',
          note,
        ),
      },
      data: { values },
      ...panels(view),
      spec: {
        ...PANEL,
        mark: { type: 'line', strokeWidth: 2, interpolate: 'step-after' },
        encoding: {
          x: {
            field: 'k',
            type: 'quantitative',
            title: 'configurations tried, k',
            scale: { type: 'log', nice: false },
            axis: { grid: false, values: [1, 2, 5, 10, 25, 50, 100] },
          },
          y: {
            field: 'gap',
            type: 'quantitative',
            title: gapTitle(task),
            scale: { type: 'log' },
            axis: logAxis(Math.min(...gaps), Math.max(...gaps)),
          },
          ...lineLook('optimizer', optimizers),
        },
      },
    } satisfies TopLevelSpec),
  ];
};

/** The best of k: one chart per task, in the mode `budget`. */
export const bestOfK = (summary: SweepSummary): Promise<readonly Chart[]> =>
  Promise.all(summary.tasks.flatMap((task) => triesOf(viewOf(summary, task))));
