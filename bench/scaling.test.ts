// The growth of a step's time: exponents of known laws, and a run whose steps are counted.
import { expect, test } from 'vitest';
import { renderScaling, scalingChart } from './growth.ts';
import { AXIS_NAMES, eager, growthOf, runScaling } from './scaling.ts';

const points = (law: (value: number) => number) =>
  [1, 2, 4, 8, 16, 32].map((value) => ({ value, medianNs: law(value), madNs: 0.1 * law(value) }));

test('exponents are those of the law, also behind an overhead', () => {
  expect(
    growthOf(
      'width',
      points((n) => 7 * n ** 2),
    ),
  ).toMatchObject({ expected: 2 });
  expect(
    growthOf(
      'width',
      points((n) => 7 * n ** 2),
    ).exponent,
  ).toBeCloseTo(2, 9);
  const { exponent, upper } = growthOf(
    'batch',
    points((n) => 20 + n),
  );
  expect(upper).toBeGreaterThan(exponent);
  expect(upper).toBeLessThan(1);
});

test('a cliff is found', () => {
  const { steepest, cliffs } = growthOf(
    'depth',
    points((n) => (n < 8 ? n : 10 * n)),
  );
  expect([steepest.from, steepest.to]).toEqual([4, 8]);
  expect(steepest.slope).toBeCloseTo(1 + Math.log2(10), 9);
  expect(cliffs).toEqual([steepest]);
  // a factor of 2.4 for one of 1 is none where both are off by a tenth
  expect(
    growthOf(
      'steps',
      points((n) => (n < 8 ? 1 : 2.4)),
    ).cliffs,
  ).toEqual([]);
  expect(
    growthOf(
      'width',
      points((n) => 7 * n ** 2),
    ).cliffs,
  ).toEqual([]);
});

test('an engine is asked for every size, and for so many steps', async () => {
  const asked = new Set<string>();
  const engine = {
    name: 'counted',
    stepOf:
      ({ width, depth, batch }: { width: number; depth: number; batch: number }) =>
      (steps: number) => {
        asked.add(`${width} ${depth} ${batch} ${steps}`);
      },
  };
  const report = await runScaling(engine, { most: 4, timePerTask: 1, rounds: 1 });
  expect(report.points.length).toBe(3 * AXIS_NAMES.length);
  expect([...asked].sort()).toEqual(
    ['1 2 16 16', '2 2 16 16', '4 2 16 16']
      .concat(['8 1 16 16', '8 2 16 16', '8 4 16 16'])
      .concat(['32 2 1 16', '32 2 2 16', '32 2 4 16'])
      .concat(['8 2 16 1', '8 2 16 2', '8 2 16 4'])
      .sort(),
  );
});

test('the eager engine trains at every size, and the report is drawn', async () => {
  const report = await runScaling(eager, { most: 4, timePerTask: 1, rounds: 1 });
  expect(renderScaling(report)).not.toMatch(/NaN|undefined|null/);
  expect((await scalingChart(report)).svg).toContain('depth');
});
