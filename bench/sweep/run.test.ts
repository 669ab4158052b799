// Runs under test: divergence is a status, zeros keep their symmetry, and a run is what its configuration says.
import { describe, expect, test } from 'vitest';
import type { RunConfig } from './config.ts';
import { definitionOf } from './definition.ts';
import { GIVEN } from './problem.ts';
import { withoutTiming } from './record.ts';
import { EVALUATIONS, evaluationSteps, failureOf, runConfig } from './run.ts';

const INF = Number.POSITIVE_INFINITY;

const config = (change: Partial<RunConfig>): RunConfig => ({
  schema: 1,
  problem: 'breastCancer',
  definition: '',
  optimizer: { name: 'sgd' },
  initializer: 'heNormal',
  lr: 0.1,
  variant: {},
  steps: 40,
  seed: 1,
  ...change,
});

describe('runs', () => {
  test('what counts as divergence, and why', () => {
    expect([Number.NaN, INF, -INF, 2001, 1e9].map((loss) => failureOf(loss, 1))).toEqual([
      'nan',
      'infinite',
      'infinite',
      'explode',
      'explode',
    ]);
    expect([0, 1, 2000].map((loss) => failureOf(loss, 1))).toEqual([null, null, null]);
  });

  test('evaluation steps begin before the first, end at the budget, and are as many as there can be', () => {
    expect(evaluationSteps(10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const steps of [1, 40, 41, 300, 9999]) {
      const at = evaluationSteps(steps);
      expect([at[0], at.at(-1), at.length]).toEqual([0, steps, Math.min(steps, EVALUATIONS) + 1]);
      expect(new Set(at).size).toBe(at.length);
      expect([...at].sort((a, b) => a - b)).toEqual(at);
    }
  });

  test('a run that diverges is a status: infinite loss, every test sample wrong', async () => {
    const run = await runConfig(config({ lr: 1e6, steps: 60 }));
    expect(run).toMatchObject({
      status: 'diverged',
      finalLoss: INF,
      testLoss: INF,
      score: 0,
      stepsToTarget: INF,
    });
    expect(run.reason).toBeDefined();
    expect(run.losses.length).toBe(evaluationSteps(60).length);
    expect(run.losses.at(-1)).toBe(INF);
    expect(run.losses[0]).toBeLessThan(INF);
  });

  test('what the engine refuses is a record with its sentence, and as bad as can be', async () => {
    const run = await runConfig(config({ problem: 'rosenbrock', initializer: 'heNormal' }));
    expect(run).toMatchObject({ status: 'error', finalLoss: INF, stepsToTarget: INF, losses: [] });
    expect(run.message).toContain('got heNormal');
  });

  test('a run of another definition of its problem is not made', async () => {
    const definition = await definitionOf('xor');
    const run = config({ problem: 'xor', steps: 2, definition });
    expect((await runConfig(run)).config.definition).toBe(definition);
    await expect(runConfig({ ...run, definition: 'f'.repeat(16) })).rejects.toThrow(
      `xor is not the problem that the run was planned for, got the definition ${definition} and not ffff`,
    );
  });

  test.each(['xor', 'breastCancer'])(
    '%s: from zeros the hidden units stay one, and nothing is learnt',
    async (problem) => {
      for (const name of ['sgd', 'adam']) {
        const run = await runConfig(config({ problem, optimizer: { name }, initializer: 'zeros' }));
        expect(run.unitSpread).toBe(0);
        expect(run.stepsToTarget).toBe(INF);
        expect(run.finalLoss).toBeGreaterThan(0.6);
        const other = await runConfig(config({ problem, optimizer: { name } }));
        expect(other.unitSpread).toBeGreaterThan(0);
      }
    },
  );

  test('a run is a function of its configuration, whatever was run before', async () => {
    for (const run of [config({}), config({ problem: 'rosenbrock', initializer: GIVEN, lr: 1e-3 })]) {
      const first = withoutTiming(await runConfig(run));
      await runConfig(config({ optimizer: { name: 'adam' }, lr: 0.01, seed: 2 }));
      await runConfig({ ...run, lr: run.lr / 2 });
      expect(withoutTiming(await runConfig(run))).toEqual(first);
    }
  });
});
