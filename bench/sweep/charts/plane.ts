// Ways of several optimizers over the contours of a function of two weights.
import { parse, View } from 'vega';
import type { TopLevelSpec } from 'vega-lite';
import { type Chart, COLOURS, draw } from '../../chart.ts';
import type { FunctionProblem } from '../problem.ts';
import type { SweepSummary } from '../summary.ts';
import { heightOf, planeOf, type Trajectory } from '../trajectory.ts';
import { decades, finite, slug, viewOf, wrapped } from './look.ts';

const GRID = 72;
const LEVELS = 14;
const SIDE = 480;
/** Letters of a line above it. */
const LINE = 62;

interface Box {
  readonly x: readonly [number, number];
  readonly y: readonly [number, number];
}

/** A line of equal height, in the coordinates of the function. */
interface Line {
  readonly line: number;
  readonly order: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
}

/** What vega's contours are: rings of places on the grid. */
interface Contour {
  readonly contour: {
    readonly value: number;
    readonly coordinates: readonly (readonly (readonly [number, number])[])[][];
  };
}

/** Lines of equal height, evenly apart in the logarithm above the lowest. */
const contoursOf = async (row: FunctionProblem, { x, y }: Box): Promise<readonly Line[]> => {
  const at = ([from, to]: readonly [number, number], i: number): number => from + ((to - from) * i) / (GRID - 1);
  const floor = row.floor?.value;
  const heights = Array.from({ length: GRID * GRID }, (_, i) =>
    heightOf(row, at(x, i % GRID), at(y, Math.floor(i / GRID))),
  );
  const known = heights.filter(finite);
  const least = floor ?? Math.min(...known);
  const span = Math.max(...known) - least;
  // heights as digits: a valley shows as well as the slopes around it, but for its very bottom, which the grid is too coarse for
  const digits = heights.map((h) => Math.log10(Math.max(finite(h) ? h - least : span, span * 1e-4)));
  const [low, high] = [Math.min(...digits), Math.max(...digits)];
  const thresholds = Array.from({ length: LEVELS }, (_, i) => low + ((high - low) * (i + 1)) / (LEVELS + 1));
  const view = new View(
    parse({
      data: [
        {
          name: 'lines',
          values: [{ width: GRID, height: GRID, values: digits }],
          transform: [{ type: 'isocontour', thresholds }],
        },
      ],
    }),
    { renderer: 'none' },
  );
  await view.runAsync();
  const found = view.data('lines') as readonly Contour[]; // as isocontour documents it
  view.finalize();
  const last = GRID - 1;
  let line = 0;
  return found.flatMap(({ contour }) =>
    contour.coordinates.flat().flatMap((ring) => {
      line += 1;
      // rings close along the frame: those stretches are no contours, so a ring is cut there
      return ring.flatMap(([i, j], order): readonly Line[] => {
        const [u, v] = [i - 0.5, j - 0.5]; // a value stands in the middle of its square
        if (u <= 0 || v <= 0 || u >= last || v >= last) {
          line += 1;
          return [];
        }
        return [{ line, order, height: contour.value, x: at(x, u), y: at(y, v) }];
      });
    }),
  );
};

/** A box that half of the ways never leave by more than a little; the others are cut at it. */
const boxOf = (ways: readonly Trajectory[]): Box => {
  const start = ways[0]?.points[0] ?? [0, 0];
  const side = (axis: 0 | 1): readonly [number, number] => {
    const far = (p: readonly [number, number]): number => Math.abs(p[axis] - start[axis]);
    const reach = ways.map(({ points }) => Math.max(...points.map(far))).filter(finite);
    const typical = reach.toSorted((a, b) => a - b)[Math.floor((reach.length - 1) / 2)] ?? 1;
    const near = ways.flatMap(({ points }) => points.filter((p) => far(p) <= 1.3 * typical).map((p) => p[axis]));
    const [from, to] = [Math.min(start[axis], ...near), Math.max(start[axis], ...near)];
    const room = Math.max(0.1 * (to - from), 0.1);
    return [from - room, to + room];
  };
  // neither side may be much shorter than the other, or a valley looks like a wall
  const [x, y] = [side(0), side(1)];
  const wide = ([from, to]: readonly [number, number], least: number): readonly [number, number] => {
    const more = Math.max(0, least - (to - from)) / 2;
    return [from - more, to + more];
  };
  return { x: wide(x, (y[1] - y[0]) / 2), y: wide(y, (x[1] - x[0]) / 2) };
};

/** Steps at which every way bears a dot. */
const marksOf = (steps: readonly number[]): readonly number[] => {
  const last = steps.at(-1) ?? 1;
  return decades(1, last).flatMap((ten) => steps.find((s) => s >= ten && s <= last) ?? []);
};

/** All optimizers on one panel, the same steps for each: one chart per function of two weights. */
export const trajectoryCharts = (summary: SweepSummary, ways: readonly Trajectory[]): Promise<readonly Chart[]> =>
  Promise.all(
    summary.tasks.flatMap((task): readonly Promise<Chart>[] => {
      const row = planeOf(task.problem);
      const { optimizers, note } = viewOf(summary, task);
      const own = ways.filter((w) => w.task === task.name && optimizers.includes(w.optimizer));
      if (row === undefined || own.length === 0) return [];
      const chart = async (): Promise<Chart> => {
        const box = boxOf(own);
        const lines = await contoursOf(row, box);
        const marks = marksOf(own[0]?.steps ?? []);
        const inside = ([px, py]: readonly [number, number]): boolean => finite(px) && finite(py);
        const places = own.flatMap(({ optimizer, steps, points }) => {
          // from the first place that is no number, or far outside, nothing is drawn
          const wide = 4 * Math.max(box.x[1] - box.x[0], box.y[1] - box.y[0]);
          const lost = points.findIndex((p) => !inside(p) || Math.hypot(p[0] - box.x[0], p[1] - box.y[0]) > wide);
          const kept = lost < 0 ? points : points.slice(0, lost);
          return kept.map(([x, y], i) => ({
            optimizer,
            x,
            y,
            step: steps[i] as number,
            dot: marks.includes(steps[i] as number),
          })); // one each
        });
        const x = {
          field: 'x',
          type: 'quantitative' as const,
          title: 'x',
          scale: { domain: [...box.x], nice: false, zero: false },
          axis: { grid: false },
        };
        const y = {
          field: 'y',
          type: 'quantitative' as const,
          title: 'y',
          scale: { domain: [...box.y], nice: false, zero: false },
          axis: { grid: false },
        };
        const color = {
          field: 'optimizer',
          type: 'nominal' as const,
          title: null,
          scale: { domain: [...optimizers], range: optimizers.map((_, i) => COLOURS[i % COLOURS.length] as string) }, // in range
          legend: {
            symbolType: 'stroke',
            symbolStrokeWidth: 2,
            symbolSize: 400,
            symbolFillColor: 'transparent',
            symbolOpacity: 1,
          },
        };
        const start = places[0];
        return draw(`trajectories-${slug(task.name)}`, {
          description: `Ways of the optimizers over the contours of ${task.name}.`,
          title: {
            text: `Ways over the contours: ${task.name}`,
            subtitle: wrapped(LINE, [
              `the rate chosen for each, ${task.steps} steps each; dots after ${marks.join(', ')} steps, a square at the start`,
              'contours are evenly apart in the logarithm of the height; a way that goes far off is not followed',
              note,
            ]),
          },
          width: SIDE,
          height: SIDE,
          layer: [
            {
              data: { values: [...lines] },
              mark: { type: 'line', clip: true, strokeWidth: 0.9 },
              encoding: {
                x,
                y,
                detail: { field: 'line', type: 'nominal' },
                order: { field: 'order', type: 'quantitative' },
                stroke: {
                  field: 'height',
                  type: 'quantitative',
                  scale: { range: ['#8f97a5', '#dfe2e7'] },
                  legend: null,
                },
              },
            },
            {
              data: { values: places },
              mark: { type: 'line', clip: true, strokeWidth: 1.8, opacity: 0.9 },
              encoding: { x, y, color, order: { field: 'step', type: 'quantitative' } },
            },
            {
              data: { values: places.filter(({ dot }) => dot) },
              mark: {
                type: 'point',
                clip: true,
                filled: true,
                size: 46,
                opacity: 1,
                stroke: 'white',
                strokeWidth: 0.8,
              },
              encoding: { x, y, color },
            },
            {
              data: { values: start === undefined ? [] : [start] },
              mark: { type: 'point', shape: 'square', filled: true, size: 80, color: '#1d2430', opacity: 1 },
              encoding: { x, y },
            },
          ],
        } satisfies TopLevelSpec);
      };
      return [chart()];
    }),
  );
