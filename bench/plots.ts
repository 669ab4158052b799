// Plots of the reports as SVG text: learning curves, final losses, kernel throughput.
import { type Chart, COLOURS, draw, GREY } from './chart.ts';
import { type KernelReport, SIZE_NAMES, SIZES } from './kernels.ts';
import type { ProblemName } from './problems.ts';
import type { SweepReport } from './sweep.ts';

/** Losses below are drawn here: the logarithmic axis needs a floor. */
const FLOOR = 1e-12;

const drawable = (loss: number): boolean => Number.isFinite(loss);
const floored = (loss: number): number => Math.max(loss, FLOOR);

/** A legend of optimizers in the order of the report. */
const optimizerColour = (optimizers: readonly string[]) => ({
  field: 'optimizer',
  type: 'nominal' as const,
  title: 'optimizer',
  scale: { domain: [...optimizers], range: COLOURS },
  legend: {
    symbolOpacity: 1,
    symbolFillColor: 'transparent',
    symbolType: 'stroke',
    symbolStrokeWidth: 2,
    symbolSize: 400,
  },
});

const curvesOf = ({ protocol, cells }: SweepReport, problem: ProblemName): Promise<Chart> => {
  const facts = protocol.problems.find((p) => p.name === problem);
  const values = cells
    .filter((cell) => cell.problem === problem)
    .flatMap(({ optimizer, initializer, curve }) =>
      curve.steps.flatMap((step, i) => {
        const [q1 = Number.NaN, median = Number.NaN, q3 = Number.NaN] = [curve.q1[i], curve.median[i], curve.q3[i]];
        // a band whose upper end diverged is left open there; a median that diverged has no point to draw
        return drawable(median)
          ? [
              {
                optimizer,
                initializer,
                step,
                q1: floored(q1),
                median: floored(median),
                q3: floored(drawable(q3) ? q3 : median),
              },
            ]
          : [];
      }),
    );
  const x = {
    field: 'step',
    type: 'quantitative' as const,
    title: 'training step',
    axis: { grid: false, tickCount: 5 },
  };
  const y = {
    type: 'quantitative' as const,
    title: 'training loss (nats per sample)',
    scale: { type: 'log' as const },
    axis: { tickCount: 6, format: '~g', grid: true },
  };
  return draw(`curves-${problem}`, {
    description: `Training loss over steps on ${problem}: median and quartiles over the seeds, by optimizer and initializer.`,
    title: {
      text: `Learning curves: ${problem}`,
      subtitle: `median and quartile band over ${protocol.seeds.length} paired seeds by initializer; dotted: target ${facts?.target} nats`,
    },
    data: { values },
    facet: {
      column: { field: 'initializer', type: 'nominal', title: null, sort: [...protocol.initializers] },
    },
    spec: {
      width: 230,
      height: 240,
      layer: [
        {
          mark: { type: 'rule', strokeDash: [1.5, 3], strokeWidth: 1.5, color: GREY },
          encoding: { y: { datum: facts?.target ?? FLOOR, ...y } },
        },
        {
          mark: { type: 'area', opacity: 0.2 },
          encoding: { x, y: { field: 'q1', ...y }, y2: { field: 'q3' }, color: optimizerColour(protocol.optimizers) },
        },
        {
          mark: { type: 'line', strokeWidth: 2 },
          encoding: {
            x,
            y: { field: 'median', ...y },
            color: optimizerColour(protocol.optimizers),
            // two curves that coincide stay visible: the second is drawn with gaps
            strokeDash: {
              field: 'optimizer',
              type: 'nominal',
              title: 'optimizer',
              scale: {
                domain: [...protocol.optimizers],
                range: protocol.optimizers.map((_, i) => (i % 2 ? [6, 3] : [1, 0])),
              },
            },
          },
        },
      ],
    },
  });
};

const finalLosses = ({ protocol, cells }: SweepReport): Promise<Chart> => {
  const values = cells.flatMap(({ problem, optimizer, initializer, finalLoss: { q1, median, q3 } }) =>
    drawable(median)
      ? [
          {
            problem,
            optimizer,
            initializer,
            q1: floored(q1),
            median: floored(median),
            q3: floored(drawable(q3) ? q3 : median),
          },
        ]
      : [],
  );
  const x = {
    type: 'quantitative' as const,
    title: 'final training loss (nats per sample)',
    scale: { type: 'log' as const },
    axis: { format: '~g', tickCount: 6 },
  };
  const shared = {
    y: { field: 'initializer', type: 'nominal' as const, title: 'initializer', sort: [...protocol.initializers] },
    yOffset: { field: 'optimizer', type: 'nominal' as const, sort: [...protocol.optimizers] },
    color: optimizerColour(protocol.optimizers),
  };
  return draw('final-loss', {
    description: 'Final training loss of every cell of the sweep: median and quartiles over the seeds.',
    title: {
      text: 'Final training loss',
      subtitle: `median and quartiles over ${protocol.seeds.length} paired seeds; left is better`,
    },
    data: { values },
    facet: { column: { field: 'problem', type: 'nominal', title: null, sort: protocol.problems.map((p) => p.name) } },
    spec: {
      width: 320,
      height: { step: 22 },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { x: { field: 'q1', ...x }, x2: { field: 'q3' }, ...shared },
        },
        {
          mark: { type: 'point', filled: true, size: 75, opacity: 1 },
          encoding: { x: { field: 'median', ...x }, ...shared },
        },
      ],
    },
    resolve: { scale: { x: 'independent' } },
  });
};

const throughput = ({ rows }: KernelReport): Promise<Chart> => {
  const sizes = SIZE_NAMES.map((size) => `${SIZES[size].vector} (${SIZES[size].side} × ${SIZES[size].side})`);
  const values = rows.map(({ op, kind, size, elementsPerSecond: rate }) => {
    return { op, kind, size: sizes[SIZE_NAMES.indexOf(size)], rate };
  });
  const rates = values.map(({ rate }) => rate);
  const size = { field: 'size', type: 'nominal' as const, title: 'elements (sides of a matrix)' };
  const panel = (kind: string, last: boolean) => {
    const own = rows.filter((row) => row.kind === kind);
    const x = {
      field: 'rate',
      type: 'quantitative' as const,
      title: last ? 'elements per second' : null,
      scale: { type: 'log' as const, domain: [Math.min(...rates) / 1.2, Math.max(...rates) * 1.2], nice: false },
      axis: { format: '~s', labels: last, ticks: last },
    };
    const sort = [...new Set(own.map((row) => row.op))];
    const y = { field: 'op', type: 'nominal' as const, title: null, sort, axis: { grid: true, minExtent: 90 } };
    return {
      title: { text: kind, fontSize: 12, offset: 6, frame: 'group' as const },
      width: 520,
      height: { step: 17 },
      transform: [{ filter: { field: 'kind', equal: kind } }],
      layer: [
        {
          mark: { type: 'line' as const, color: '#c3c8d1', strokeWidth: 1.5 },
          encoding: { x, y, detail: { field: 'op', type: 'nominal' as const } },
        },
        {
          mark: { type: 'point' as const, filled: true, size: 60, opacity: 1 },
          encoding: {
            x,
            y,
            color: { ...size, sort: sizes, scale: { domain: sizes, range: COLOURS } },
            shape: { ...size, sort: sizes, scale: { domain: sizes } },
          },
        },
      ],
    };
  };
  const kinds = [...new Set(rows.map((row) => row.kind))];
  return draw('kernels', {
    description: 'Elements per second of every operation at three sizes.',
    title: { text: 'Kernel throughput', subtitle: 'median over pooled samples; right is faster' },
    data: { values },
    spacing: 10,
    vconcat: kinds.map((kind, i) => panel(kind, i === kinds.length - 1)),
  });
};

/** One chart of learning curves per problem, and one of the final losses. */
export const sweepCharts = async (report: SweepReport): Promise<readonly Chart[]> =>
  Promise.all([...report.protocol.problems.map(({ name }) => curvesOf(report, name)), finalLosses(report)]);

/** One chart of throughput by operation and size. */
export const kernelCharts = async (report: KernelReport): Promise<readonly Chart[]> => [await throughput(report)];
