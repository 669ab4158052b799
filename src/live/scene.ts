// What is drawn, before it is drawn: the boundary as segments, curves as paths, bars as shares, and pictures as sentences.
import type { LayerView, Snapshot } from './experiment.ts';

/** A value of the history of a training. */
export interface Moment {
  readonly k: number;
  readonly train: number;
  readonly test: number;
}

/** Steps on a logarithmic axis that begins at 0. */
const along = (k: number): number => Math.log10(1 + k);

/** Moments of a history are at least so far apart, as shares of a power of ten. */
const APART = 1 / 150;

/** A history with one more moment; the last one makes place for it where they would lie on one another. */
export const remember = (history: readonly Moment[], now: Moment): readonly Moment[] => {
  const before = history.at(-2);
  return before !== undefined && along(now.k) - along(before.k) < APART
    ? [...history.slice(0, -1), now]
    : [...history, now];
};

/** A few digits, or a power of ten. */
export const short = (v: number, digits = 3): string => {
  if (!Number.isFinite(v)) return Number.isNaN(v) ? 'not a number' : v > 0 ? '∞' : '−∞';
  const size = Math.abs(v);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return v.toExponential(1).replace('e+', 'e').replace(/-/g, '−');
  if (size === 0) return '0';
  return (size >= 10 ** digits ? v.toFixed(0) : v.toPrecision(digits)).replace('-', '−');
};
export const count = (n: number): string => Math.round(n).toLocaleString('en');
export const percent = (share: number): string => `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)} %`;

/** A box of a chart, in its own units, and what is left about the plot for words. */
export const CHART = { width: 320, height: 150, left: 36, right: 6, top: 8, bottom: 20 } as const;

export interface Tick {
  readonly at: number;
  readonly text: string;
}
export interface Chart {
  readonly train: string;
  readonly test: string;
  readonly x: readonly Tick[];
  readonly y: readonly Tick[];
}

/** Where values lie on the vertical axis, from 0 below to 1 above, and its marks. */
interface Scale {
  readonly at: (v: number) => number;
  readonly ticks: readonly { readonly v: number; readonly text: string }[];
}

const fixed = (values: readonly number[]): Scale => ({
  at: (v) => v,
  ticks: values.map((v) => ({ v, text: `${100 * v}` })),
});

const power = (e: number): string => (e >= -2 && e <= 3 ? `${Number(`1e${e}`)}` : `1e${e}`.replace('-', '−'));

/** Powers of ten around all values that have a logarithm. */
export const logarithmic = (values: readonly number[]): Scale => {
  const logs = values.filter((v) => v > 0 && v < Number.POSITIVE_INFINITY).map(Math.log10);
  const low = Math.floor(logs.reduce((a, b) => Math.min(a, b), -1));
  const high = Math.max(low + 1, Math.ceil(logs.reduce((a, b) => Math.max(a, b), 0)));
  const every = Math.ceil((high - low) / 4);
  const exponents = Array.from({ length: high - low + 1 }, (_, i) => high - i).filter((e) => (high - e) % every === 0);
  return {
    at: (v) => (v > 0 ? Math.max(0, (Math.log10(v) - low) / (high - low)) : 0),
    ticks: exponents.map((e) => ({ v: 10 ** e, text: power(e) })),
  };
};

/** Two curves over the steps. */
const chartOf = (history: readonly Moment[], { at, ticks }: Scale): Chart => {
  const { width, height, left, right, top, bottom } = CHART;
  const end = Math.max(1, Math.ceil(along(history.at(-1)?.k ?? 0) * 4) / 4);
  const x = (k: number): number => left + (along(k) / end) * (width - left - right);
  const y = (v: number): number => height - bottom - at(v) * (height - top - bottom);
  const path = (of: (m: Moment) => number): string =>
    history
      .filter((m) => Number.isFinite(of(m)))
      .map((m, i) => `${i === 0 ? 'M' : 'L'}${x(m.k).toFixed(1)} ${y(of(m)).toFixed(1)}`)
      .join('');
  const powers = [0, 1, 10, 100, 1000, 1e4, 1e5, 1e6, 1e7, 1e8].filter((k) => along(k) <= end && (k !== 1 || end < 3));
  return {
    train: path((m) => m.train),
    test: path((m) => m.test),
    x: powers.map((k) => ({ at: x(k), text: k >= 1e6 ? `${k / 1e6}M` : k >= 1000 ? `${k / 1000}k` : `${k}` })),
    y: ticks.map(({ v, text }) => ({ at: y(v), text })),
  };
};
export const lossChart = (history: readonly Moment[]): Chart =>
  chartOf(history, logarithmic(history.flatMap((m) => [m.train, m.test])));
export const accuracyChart = (history: readonly Moment[]): Chart => chartOf(history, fixed([0, 0.5, 1]));

export type Segment = readonly [x1: number, y1: number, x2: number, y2: number];

/** Corners of a cell that lie above the level, as bits from the upper left clockwise, and the sides that the line joins. */
const SIDES: readonly (readonly (readonly [number, number])[])[] = [
  [],
  [[3, 0]],
  [[0, 1]],
  [[3, 1]],
  [[1, 2]],
  [
    [3, 0],
    [1, 2],
  ],
  [[0, 2]],
  [[3, 2]],
  [[2, 3]],
  [[2, 0]],
  [
    [0, 1],
    [2, 3],
  ],
  [[2, 1]],
  [[1, 3]],
  [[1, 0]],
  [[0, 3]],
  [],
];

/** The line on which a field has a value, in cells from the upper left. @source Lorensen & Cline 1987, in the plane */
export const contour = (field: ArrayLike<number>, side: number, level: number): readonly Segment[] => {
  const at = (x: number, y: number): number => (field[y * side + x] as number) - level; // in range
  const made: Segment[] = [];
  for (let y = 0; y < side - 1; y++)
    for (let x = 0; x < side - 1; x++) {
      const v = [at(x, y), at(x + 1, y), at(x + 1, y + 1), at(x, y + 1)] as const;
      const code = v.reduce((bits, c, i) => bits + (c > 0 ? 1 << i : 0), 0);
      if (v.some(Number.isNaN)) continue;
      const between = (a: number, b: number): number => a / (a - b); // one is above, and one is not
      const crossings: readonly (() => readonly [number, number])[] = [
        () => [x + between(v[0], v[1]), y],
        () => [x + 1, y + between(v[1], v[2])],
        () => [x + between(v[3], v[2]), y + 1],
        () => [x, y + between(v[0], v[3])],
      ];
      const point = (edge: number) => (crossings[edge] as () => readonly [number, number])(); // one per edge
      for (const [from, to] of SIDES[code] ?? []) made.push([...point(from), ...point(to)]);
    }
  return made;
};

/** Ends of the bars of gradients, as powers of ten. */
const GRADIENTS = { low: -10, high: 2 } as const;
/** A size as a share of the bar: each power of ten is as long as the next. */
export const gradientShare = (g: number): number =>
  Number.isNaN(g) || g <= 0
    ? 0
    : Math.min(1, Math.max(0, (Math.log10(g) - GRADIENTS.low) / (GRADIENTS.high - GRADIENTS.low)));

/** Where the signal of a layer lies: a deviation about its mean, on an axis from −limit to limit, as shares. */
export const SIGNAL = 3;
export const signalSpan = ({
  mean,
  deviation,
}: Pick<LayerView, 'mean' | 'deviation'>): { readonly from: number; readonly to: number; readonly mean: number } => {
  const share = (v: number): number => Math.min(1, Math.max(0, (v + SIGNAL) / (2 * SIGNAL)));
  const span = { from: share(mean - deviation), to: share(mean + deviation), mean: share(mean) };
  return Object.values(span).some(Number.isNaN) ? { from: 0, to: 0, mean: 0 } : span;
};

export const nameOf = ({ place }: Pick<LayerView, 'place'>): string => (place === 0 ? 'output' : `${place}`);

/** What is remarkable of a layer, in words. */
export const notes = (l: LayerView): readonly string[] => [
  ...(l.verdict === 'healthy' ? [] : [l.verdict]),
  ...(l.distinct !== null && l.distinct < l.units
    ? [`${l.distinct} ${l.distinct === 1 ? 'kind' : 'kinds'} among ${l.units} units`]
    : []),
  ...(l.saturated !== null && l.saturated >= 0.2 ? [`${Math.round(100 * l.saturated)} % saturated`] : []),
  ...(l.dead !== null && l.dead > 0 ? [`${Math.round(100 * l.dead)} % dead`] : []),
];

/** The picture, told. */
export const told = ({ k, train, test, layers }: Snapshot): string => {
  const ill = layers.filter((l) => l.verdict !== 'healthy');
  const gradients = ill.length === 0 ? '' : `; gradients ${ill[0]?.verdict} in ${ill.map(nameOf).join(', ')}`;
  return `after ${count(k)} ${k === 1 ? 'step' : 'steps'}: accuracy ${percent(train.accuracy)} in training and ${percent(test.accuracy)} in the test, loss ${short(train.loss)} and ${short(test.loss)}${gradients}`;
};
