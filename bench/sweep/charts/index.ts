// All charts of a sweep, in the order in which the page shows them.
import type { Chart } from '../../chart.ts';
import type { SweepSummary } from '../summary.ts';
import type { Trajectory } from '../trajectory.ts';
import { bestOfK, learningCurves, rateCurves } from './curves.ts';
import { gradientMaps, heatMap, winMatrices } from './matrix.ts';
import { costScatter, profileCharts, reachedCharts } from './overall.ts';
import { trajectoryCharts } from './plane.ts';

/** The same summary gives the same charts, byte for byte. */
export const sweepCharts = async (
  summary: SweepSummary,
  trajectories: readonly Trajectory[],
): Promise<readonly Chart[]> => {
  const cost = await costScatter(summary);
  return [
    await heatMap(summary),
    ...(await winMatrices(summary)),
    ...(await profileCharts(summary)),
    ...(await reachedCharts(summary)),
    ...(cost === null ? [] : [cost]),
    ...(await learningCurves(summary)),
    ...(await trajectoryCharts(summary, trajectories)),
    ...(await rateCurves(summary)),
    ...(await bestOfK(summary)),
    ...(await gradientMaps(summary)),
  ];
};
