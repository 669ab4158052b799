// Charts of all problems together: performance profiles, who has got there by when, cost against quality.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, draw, GREY } from '../../chart.ts';
import { MOST_RATIO } from '../../statistics/profile.ts';
import type { AxisReport, Group } from '../ranking.ts';
import type { SweepSummary } from '../summary.ts';
import {
  columnsOf,
  dotColour,
  drawnGap,
  finite,
  gapTitle,
  lineLook,
  logAxis,
  MOST_LINES,
  shownGroups,
  subtitle,
  viewOf,
} from './look.ts';

/** Ratios beyond are not drawn. */
const WIDEST = 10;

const share = { type: 'quantitative' as const, scale: { domain: [0, 1] }, axis: { format: '.0%', tickCount: 5 } };

interface Rise {
  readonly x: number;
  readonly share: number;
}

/** A curve that rises in steps, as points from one end of the axis to the other. */
const staircase = (name: string, points: readonly Rise[], from: number, to: number) => {
  const inside = points.filter(({ x }) => x <= to);
  const start = inside[0]?.x === from ? [] : [{ x: from, share: 0 }];
  return [...start, ...inside, { x: to, share: inside.at(-1)?.share ?? 0 }].map((point) => ({ name, ...point }));
};

interface Stairs {
  readonly name: string;
  readonly points: readonly Rise[];
}

/** The names whose curves are highest on the whole, in the order of the axis. */
const shownOf = (axis: AxisReport, pointsOf: (axis: AxisReport) => readonly Stairs[]): readonly string[] => {
  const area = new Map(
    pointsOf(axis).map(({ name, points }) => [name, points.reduce((sum, { share: s }) => sum + s / points.length, 0)]),
  );
  const best = axis.names.toSorted((a, b) => (area.get(b) ?? 0) - (area.get(a) ?? 0)).slice(0, MOST_LINES);
  return axis.names.filter((name) => best.includes(name));
};

/** One panel per axis, each with names and colours of its own. */
const staircases = (
  axes: readonly AxisReport[],
  pointsOf: (axis: AxisReport) => readonly Stairs[],
  x: {
    readonly title: string;
    readonly domain: readonly [number, number];
    readonly type: 'log' | 'linear';
    readonly values: readonly number[];
    readonly format: string;
  },
  title: string,
) =>
  axes.map((axis) => ({
    title: {
      text: `${axis.axis}s${axis.names.length > MOST_LINES ? `, the highest ${MOST_LINES} of ${axis.names.length}` : ''}`,
      fontSize: 12,
      offset: 6,
      frame: 'group' as const,
    },
    width: 330,
    height: 230,
    data: {
      values: pointsOf(axis)
        .filter(({ name }) => shownOf(axis, pointsOf).includes(name))
        .flatMap(({ name, points }) => staircase(name, points, ...x.domain)),
    },
    mark: { type: 'line' as const, strokeWidth: 2, interpolate: 'step-after' as const },
    encoding: {
      x: {
        field: 'x',
        type: 'quantitative' as const,
        title: x.title,
        scale: { type: x.type, domain: [...x.domain], nice: false },
        axis: { grid: false, values: [...x.values], format: x.format },
      },
      y: { field: 'share', ...share, title },
      ...lineLook('name', shownOf(axis, pointsOf), 3),
    },
  }));

const alone = { color: 'independent' as const, strokeDash: 'independent' as const };

const drawn = (
  summary: SweepSummary,
  some: (axis: AxisReport) => boolean,
): readonly (Group & { readonly axes: readonly AxisReport[] })[] =>
  shownGroups(summary)
    .map((group) => ({ ...group, axes: group.axes.filter(some) }))
    .filter(({ axes }) => axes.length > 0);

/** How often one is within a factor of the cheapest way to the target. */
export const profileCharts = (summary: SweepSummary): Promise<readonly Chart[]> =>
  Promise.all(
    drawn(summary, ({ profiles }) => profiles.length > 0).map(({ kind, axes }) =>
      draw(`profiles-${kind}`, {
        description: 'Performance profiles of optimizers and of initializers.',
        title: {
          text: 'Performance profiles',
          subtitle: subtitle(
            'share of the instances (a problem with one of the other axis) whose expected gradients to the target are within a factor of the least',
            `the score is the mean height up to ${MOST_RATIO} (dashed); what never gets to the target keeps a profile below 100 %`,
          ),
        },
        spacing: 40,
        hconcat: staircases(
          axes,
          ({ profiles }) => profiles,
          { title: 'factor, τ', domain: [1, WIDEST], type: 'log', values: [1, 2, 3, 4, 6, 10], format: '~g' },
          'share within the factor',
        ).map(({ mark, encoding, ...panel }) => ({
          ...panel,
          layer: [
            {
              mark: { type: 'rule' as const, strokeDash: [4, 4], color: GREY },
              encoding: { x: { ...encoding.x, field: undefined, datum: MOST_RATIO } },
            },
            { mark, encoding },
          ],
        })),
        resolve: { scale: alone },
      } satisfies TopLevelSpec),
    ),
  );

/** Who has reached the target by when. */
export const reachedCharts = (summary: SweepSummary): Promise<readonly Chart[]> =>
  Promise.all(
    drawn(summary, () => true).map(({ kind, axes }) =>
      draw(`reached-${kind}`, {
        description: 'Share of the runs that reached their target, over the share of their budget.',
        title: {
          text: 'Targets reached',
          subtitle: subtitle(
            'share of all runs, the failed among them, that have reached the target of their problem by then',
          ),
        },
        spacing: 40,
        hconcat: staircases(
          axes,
          ({ reached }) => reached,
          {
            title: 'share of the budget of steps',
            domain: [0, 1],
            type: 'linear',
            values: [0, 0.25, 0.5, 0.75, 1],
            format: '.0%',
          },
          'share of the runs',
        ),
        resolve: { scale: alone },
      } satisfies TopLevelSpec),
    ),
  );

const OTHERS = 'others';

const SHAPES = [
  'circle',
  'square',
  'triangle-up',
  'diamond',
  'cross',
  'triangle-down',
  'triangle-right',
  'triangle-left',
];

/** What a cell costs and what it brings: one panel per task; what never gets to the target, or fails, stands in a margin. */
export const costScatter = async (summary: SweepSummary): Promise<Chart | null> => {
  const views = summary.tasks.map((task) => viewOf(summary, task));
  // colours for those that rank first over all problems; the others are grey
  const ranked = shownGroups(summary).flatMap(({ standings }) => standings.map(({ optimizer }) => optimizer));
  const first = [...new Set(ranked)].slice(0, MOST_LINES);
  const optimizers = summary.optimizers.filter((name) => first.includes(name));
  const initializers = [...new Set(views.flatMap((v) => v.initializers))];
  const concat = views.flatMap(({ task, cells }) => {
    const points = cells.flatMap(({ optimizer, initializer, metrics }) =>
      metrics === null
        ? []
        : [
            {
              optimizer: optimizers.includes(optimizer) ? optimizer : OTHERS,
              initializer,
              cost: metrics.expectedGradients,
              gap: drawnGap(task, metrics.gap.estimate),
            },
          ],
    );
    const gaps = points.map(({ gap }) => gap).filter(finite);
    if (points.length === 0) return [];
    const costs = points.map(({ cost }) => cost).filter(finite);
    const [low, high] = costs.length === 0 ? [1, 1] : [Math.min(...costs), Math.max(...costs)];
    const [bottom, top] = gaps.length === 0 ? [1, 1] : [Math.min(...gaps), Math.max(...gaps)];
    const wide = Math.max(0.3, Math.log10(high / low));
    const tall = Math.max(0.3, Math.log10(top / bottom));
    const [never, failed] = [high * 10 ** (0.2 * wide), top * 10 ** (0.2 * tall)];
    const x = {
      field: 'x',
      type: 'quantitative' as const,
      title: 'expected gradients to the target',
      scale: { type: 'log' as const, domain: [low / 10 ** (0.06 * wide), never * 10 ** (0.1 * wide)], nice: false },
      axis: { grid: false, format: '~s', ...(costs.length === 0 ? { values: [] } : { tickCount: 4 }) },
    };
    const y = {
      field: 'y',
      type: 'quantitative' as const,
      title: gapTitle(task),
      scale: { type: 'log' as const, domain: [bottom / 10 ** (0.06 * tall), failed * 10 ** (0.1 * tall)], nice: false },
      axis: logAxis(bottom, top),
    };
    const margin = { type: 'rule' as const, strokeDash: [4, 4], color: GREY };
    return [
      {
        title: { text: task.name, fontSize: 12, offset: 6, frame: 'group' as const },
        width: 270,
        height: 240,
        data: {
          values: points.map((p) => ({ ...p, x: finite(p.cost) ? p.cost : never, y: finite(p.gap) ? p.gap : failed })),
        },
        layer: [
          { mark: margin, encoding: { x: { ...x, field: undefined, datum: high * 10 ** (0.1 * wide) } } },
          { mark: margin, encoding: { y: { ...y, field: undefined, datum: top * 10 ** (0.1 * tall) } } },
          {
            mark: { type: 'point' as const, filled: true, size: 70, opacity: 0.85 },
            encoding: {
              x,
              y,
              color: dotColour(
                'optimizer',
                optimizers,
                optimizers.length < summary.optimizers.length ? OTHERS : undefined,
              ),
              shape: {
                field: 'initializer',
                type: 'nominal' as const,
                title: null,
                legend: { columns: 4 },
                scale: { domain: initializers, range: initializers.map((_, i) => SHAPES[i % SHAPES.length] as string) }, // in range
              },
            },
          },
        ],
      },
    ];
  });
  if (concat.length === 0) return null;
  return draw('cost', {
    description: 'Expected gradients to the target against the median gap at the end, by problem.',
    title: {
      text: 'Cost against quality',
      subtitle: subtitle(
        'left: fewer gradients to the target; low: a lower loss at the end; beyond the dashed lines: never got to the target (right), the middle run failed (above)',
      ),
    },
    spacing: 30,
    columns: columnsOf(concat.length, 350),
    concat,
    resolve: { scale: { color: 'shared', shape: 'shared' } },
  } satisfies TopLevelSpec);
};
