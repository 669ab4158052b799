// The growth of a step's time as a page and a log–log plot: pure functions of its JSON.
import { type Chart, COLOURS, draw } from './chart.ts';
import { machineLine } from './machine.ts';
import { page, percent, table, time } from './markdown.ts';
import { AXES, type Rise, type ScalingReport } from './scaling.ts';

const exponent = (v: number): string => v.toFixed(2);
const risen = ({ slope, from, to }: Rise): string => `${exponent(slope)}, ${from} to ${to}`;

export const renderScaling = ({ machine, engine, most, protocol, points, growth }: ScalingReport): string =>
  page(
    '# How the time of a step grows',
    machineLine(machine),
    `${engine}: a multi-layer perceptron with tanh, trained by Adam; one thing is varied over the powers of two up to ${most}, in ` +
      `${protocol.rounds} interleaved rounds of all sizes, of which the shortest sample each counts. An exponent is the slope of the log–log line through all points, and ` +
      'through the upper half of them, where overheads count less. A cliff is a doubling for which the time grows by more than ' +
      'twice the factor of the work, by more than both times deviate; what does not fit into a cache any more costs less than that.',
    '![time of a step against width, depth, batch and steps](scaling.svg)',
    table(
      ['varied', 'exponent', 'of the upper half', 'as the work grows', 'steepest', 'cliffs'],
      growth.map((g) => [
        AXES[g.axis].doc,
        exponent(g.exponent),
        exponent(g.upper),
        String(g.expected),
        risen(g.steepest),
        g.cliffs.length === 0 ? 'none' : g.cliffs.map(risen).join('; '),
      ]),
    ),
    table(
      ['varied', 'value', 'time of a step', 'MAD', 'n'],
      points.map((p) => [
        AXES[p.axis].doc,
        String(p.value),
        time(p.medianNs),
        percent(p.madNs, p.medianNs),
        String(p.samples),
      ]),
    ),
  );

/** A panel per axis: medians with their MAD, both axes logarithmic. */
export const scalingChart = ({ engine, points, growth }: ScalingReport): Promise<Chart> => {
  const title = (axis: string): string => {
    const g = growth.find((one) => one.axis === axis);
    return `${axis}: exponent ${exponent(g?.exponent ?? Number.NaN)}, upper half ${exponent(g?.upper ?? Number.NaN)}`;
  };
  const values = points.map(({ axis, value, medianNs, madNs }) => ({
    panel: title(axis),
    value,
    us: medianNs / 1e3,
    low: Math.max(medianNs - madNs, medianNs / 10) / 1e3, // a logarithmic axis has no 0
    high: (medianNs + madNs) / 1e3,
  }));
  const x = {
    field: 'value',
    type: 'quantitative' as const,
    title: null,
    scale: { type: 'log' as const, base: 2 },
    axis: { format: '~g', tickCount: 7 },
  };
  const y = {
    type: 'quantitative' as const,
    title: 'time of a step (µs)',
    scale: { type: 'log' as const },
    axis: { format: '~g', tickCount: 5 },
  };
  const [colour] = COLOURS;
  return draw('scaling', {
    description: 'Time of a training step against width, depth, batch and the number of steps in a call.',
    title: {
      text: 'How the time of a step grows',
      subtitle: `${engine}; median and median distance from it, log–log`,
    },
    data: { values },
    columns: 2,
    facet: { field: 'panel', type: 'nominal', title: null, sort: growth.map((g) => title(g.axis)) },
    spec: {
      width: 300,
      height: 200,
      layer: [
        {
          mark: { type: 'line', color: colour ?? 'black', strokeWidth: 1.5 },
          encoding: { x, y: { field: 'us', ...y } },
        },
        {
          mark: { type: 'rule', color: colour ?? 'black', strokeWidth: 2 },
          encoding: { x, y: { field: 'low', ...y }, y2: { field: 'high' } },
        },
        {
          mark: { type: 'point', filled: true, size: 45, opacity: 1, color: colour ?? 'black' },
          encoding: { x, y: { field: 'us', ...y } },
        },
      ],
    },
    resolve: { scale: { x: 'independent' }, axis: { x: 'independent' } },
  });
};
