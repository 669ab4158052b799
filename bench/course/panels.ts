// The panels of the course's charts: lines, dots by group, and maps, put side by side under one title.
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, COLOURS, draw, GREY } from '../chart.ts';
import { median } from '../statistics.ts';

/** Anything that can stand beside another. */
export type Panel = Extract<TopLevelSpec, { readonly hconcat: unknown }>['hconcat'][number];

const SIZE = { width: 330, height: 250 } as const;

/** Panels side by side; colours and axes are each one's own. */
export const chartOf = (
  name: string,
  text: string,
  subtitle: string,
  description: string,
  panels: readonly Panel[],
): Promise<Chart> =>
  draw(name, {
    title: { text, subtitle },
    description,
    spacing: 44,
    hconcat: panels.length > 1 ? [...panels] : panels.map((p) => ({ ...p, width: 2 * SIZE.width })),
    resolve: { scale: { color: 'independent', x: 'independent', y: 'independent', strokeDash: 'independent' } },
  });

export interface Axis {
  readonly title: string;
  readonly log?: boolean;
  readonly domain?: readonly [number, number];
  readonly ticks?: number;
}

const axisOf = ({ title, log = false, domain, ticks = 5 }: Axis) => ({
  type: 'quantitative' as const,
  title,
  scale: {
    type: log ? ('log' as const) : ('linear' as const),
    ...(log ? {} : { zero: false }),
    nice: domain === undefined,
    ...(domain === undefined ? {} : { domain: [...domain] }),
  },
  axis: { tickCount: ticks, grid: true, labelOverlap: true, ...(log ? { format: '~e' } : {}) },
});

/** One series says what it is by the title, and more than colours tell apart are not named. */
const named = (order: readonly string[]): boolean => order.length > 1 && order.length <= COLOURS.length;

/** A legend of few names, one below the other; the colours go round when there are more. */
const coloured = (order: readonly string[], symbol: 'stroke' | 'circle', colours: readonly string[] = COLOURS) => ({
  field: 'series',
  type: 'nominal' as const,
  title: null,
  scale: { domain: [...order], range: order.map((_, i) => colours[i % colours.length] as string) },
  legend: !named(order)
    ? null
    : {
        orient: 'bottom' as const,
        columns: order.some((name) => name.length > 16) ? 2 : 3,
        symbolOpacity: 1,
        ...(symbol === 'stroke'
          ? {
              symbolType: 'stroke' as const,
              symbolFillColor: 'transparent',
              symbolStrokeWidth: 2,
              symbolSize: 300,
            }
          : {}),
      },
});

export interface Point {
  readonly series: string;
  readonly x: number;
  readonly y: number;
}

/** Points of a curve that can be drawn on its axes. */
const drawable = (values: readonly Point[], x: Axis, y: Axis): readonly Point[] =>
  values.filter((p) => Number.isFinite(p.x) && Number.isFinite(p.y) && !(x.log && p.x <= 0) && !(y.log && p.y <= 0));

export interface Lines {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly values: readonly Point[];
  /** The series in the order of the legend; others are not drawn. */
  readonly order: readonly string[];
  /** Drawn with gaps: bounds, and what is only expected. */
  readonly dashed?: readonly string[];
  /** Whether every point has a mark. */
  readonly dots?: boolean;
  /** Levels with a word on each. */
  readonly rules?: readonly { readonly y: number; readonly text: string }[];
}

/** Curves, one colour each. */
export const lines = ({ title, x, y, values, order, dashed = [], dots = false, rules = [] }: Lines): Panel => ({
  ...SIZE,
  title: { text: title, fontSize: 12 },
  layer: [
    ...rules.flatMap((rule): readonly Panel[] => [
      {
        data: { values: [{ y: rule.y }] },
        mark: { type: 'rule', color: GREY, strokeDash: [2, 3] },
        encoding: { y: { field: 'y', ...axisOf(y) } },
      },
      {
        data: { values: [{ y: rule.y, text: rule.text }] },
        mark: {
          type: 'text',
          align: 'right',
          baseline: 'bottom',
          x: SIZE.width - 4,
          dy: -2,
          color: GREY,
          fontSize: 11,
        },
        encoding: { y: { field: 'y', ...axisOf(y) }, text: { field: 'text' } },
      },
    ]),
    {
      data: { values: [...drawable(values, x, y)].map((p) => ({ ...p })) },
      mark: { type: 'line', strokeWidth: 2, clip: true, point: dots ? { filled: true, size: 28 } : false },
      encoding: {
        x: { field: 'x', ...axisOf(x) },
        y: { field: 'y', ...axisOf(y) },
        color: coloured(order, 'stroke'),
        strokeDash: {
          field: 'series',
          type: 'nominal',
          scale: { domain: [...order], range: order.map((name) => (dashed.includes(name) ? [5, 4] : [1, 0])) },
          ...(named(order) ? { title: null } : { legend: null }),
        },
      },
    },
  ] as never, // a layer may hold any of these marks; the union of vega-lite is too deep to infer
});

export interface Group {
  readonly name: string;
  readonly values: readonly number[];
}

/** A dot per seed and a line at the median, one row per group; what cannot be drawn is counted in the name of its row. */
export const dots = (title: string, x: Axis, groups: readonly Group[], rules: readonly number[] = []): Panel => {
  const shown = groups.map(({ name, values }) => {
    const fit = values.filter((v) => Number.isFinite(v) && !(x.log && v <= 0));
    const lost = values.length - fit.length;
    return { name: lost === 0 ? name : `${name} (${lost} beyond)`, fit, median: median(values) };
  });
  const row = {
    field: 'series',
    type: 'nominal' as const,
    title: null,
    sort: null,
    axis: { labelLimit: 220, grid: true },
  };
  const colour = coloured(
    shown.map((g) => g.name),
    'circle',
  );
  return {
    width: SIZE.width,
    height: { step: Math.max(26, Math.min(56, 250 / groups.length)) },
    title: { text: title, fontSize: 12 },
    layer: [
      ...rules.map((at) => ({
        data: { values: [{ x: at }] },
        mark: { type: 'rule', color: GREY, strokeDash: [2, 3] },
        encoding: { x: { field: 'x', ...axisOf(x) } },
      })),
      {
        data: { values: shown.flatMap((g) => g.fit.map((v) => ({ series: g.name, x: v }))) },
        mark: { type: 'circle', size: 46, opacity: 0.55 },
        encoding: { x: { field: 'x', ...axisOf(x) }, y: row, color: { ...colour, legend: null } },
      },
      {
        data: {
          values: shown.flatMap((g) =>
            g.fit.length > 0 && Number.isFinite(g.median) ? [{ series: g.name, x: g.median }] : [],
          ),
        },
        mark: { type: 'tick', thickness: 2.5, size: 20, color: '#1c2026' },
        encoding: { x: { field: 'x', ...axisOf(x) }, y: row },
      },
    ] as never, // as above
  };
};

/** A number for every cell of the plane, from blue below 0 to orange above, with points and lines on it. */
export interface Plane {
  readonly title: string;
  readonly x: Axis & { readonly domain: readonly [number, number] };
  readonly y: Axis & { readonly domain: readonly [number, number] };
  /** Cells to a side. */
  readonly cells: number;
  readonly value: (x: number, y: number) => number;
  /** What the colours mean; no legend without it. */
  readonly legend?: string;
  /** From the first colour over white, if there is a middle, to the last. */
  readonly scale: { readonly domain: readonly number[]; readonly range: readonly string[] };
  /** Closed curves of one height, in grey below the paths. */
  readonly contours?: readonly Point[];
  readonly points?: readonly Point[];
  readonly paths?: readonly Point[];
  /** The series of the points, or of the paths where there are none, in the order of the legend. */
  readonly order: readonly string[];
  /** The colours of paths beside points, in order of appearance; they need no legend. */
  readonly colours?: readonly string[];
}

const square = 270;

/** The plane as a map. */
export const plane = (spec: Plane): Panel => {
  const {
    title,
    x,
    y,
    cells,
    value,
    legend,
    scale,
    contours = [],
    points = [],
    paths = [],
    order,
    colours = ['#30343b'],
  } = spec;
  const side = ({ domain: [low, high] }: Plane['x'], i: number): number => low + ((high - low) * i) / cells;
  const places = Array.from({ length: cells }, (_, i) => i);
  const end = (a: Plane['x'], i: number): number => side(a, Math.min(cells, i + 1.2)); // no gaps between cells
  // a row of cells of one value is one rectangle
  const map = places.flatMap((j) => {
    const row = places.map((i) => Math.round(100 * value(side(x, i + 0.5), side(y, j + 0.5))) / 100);
    const starts = places.filter((i) => i === 0 || row[i] !== row[i - 1]);
    return starts.map((i, run) => ({
      x: side(x, i),
      x2: end(x, (starts[run + 1] ?? cells) - 1),
      y: side(y, j),
      y2: end(y, j),
      value: row[i] as number, // in range
    }));
  });
  const at = { x: { field: 'x', ...axisOf(x) }, y: { field: 'y', ...axisOf(y) } };
  const drawn = [...new Set(paths.map((p) => p.series))];
  const ofPaths =
    points.length === 0 ? coloured(order, 'stroke') : { ...coloured(drawn, 'stroke', colours), legend: null };
  return {
    width: square,
    height: square,
    title: { text: title, fontSize: 12 },
    resolve: { scale: { color: 'independent' }, legend: { color: 'independent' } },
    layer: [
      {
        data: { values: map },
        mark: { type: 'rect', strokeWidth: 0, aria: false },
        encoding: {
          ...at,
          x2: { field: 'x2' },
          y2: { field: 'y2' },
          color: {
            field: 'value',
            type: 'quantitative',
            title: legend ?? null,
            scale: { domain: [...scale.domain], range: [...scale.range], interpolate: 'rgb', clamp: true },
            legend: legend === undefined ? null : { orient: 'right', gradientLength: 160 },
          },
        },
      },
      ...(contours.length === 0
        ? []
        : [
            {
              data: { values: contours.map((p, i) => ({ ...p, i })) },
              mark: { type: 'line', strokeWidth: 1, clip: true, color: '#b9bec7' },
              encoding: { ...at, detail: { field: 'series' }, order: { field: 'i' } },
            },
          ]),
      ...(paths.length === 0
        ? []
        : [
            {
              data: { values: paths.map((p, i) => ({ ...p, i })) },
              mark: { type: 'line', strokeWidth: 1.8, clip: true },
              encoding: { ...at, color: ofPaths, order: { field: 'i' } },
            },
          ]),
      ...(points.length === 0
        ? []
        : [
            {
              data: { values: points.map((p) => ({ ...p })) },
              mark: { type: 'circle', size: 170, opacity: 1, stroke: 'white', strokeWidth: 1.5 },
              encoding: { ...at, color: coloured(order, 'circle') },
            },
          ]),
    ] as never, // as above
  };
};

/** Probabilities, from one class to the other. */
export const BETWEEN = { domain: [0, 0.5, 1], range: ['#8fbcdc', '#ffffff', '#f0a878'] } as const;
