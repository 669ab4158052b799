// The plot of kernel throughput as SVG text.
import { type Chart, COLOURS, draw } from './chart.ts';
import { type KernelReport, SIZE_NAMES, SIZES } from './kernels.ts';

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

/** One chart of throughput by operation and size. */
export const kernelCharts = async (report: KernelReport): Promise<readonly Chart[]> => [await throughput(report)];
