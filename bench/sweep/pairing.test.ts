// Pairing under test: what is drawn depends on problem and seed, and on nothing that is chosen.
import { describe, expect, test } from 'vitest';
import {
  fansOf,
  fold,
  fromUniforms,
  initializerRow,
  keyOf,
  lossOfModel,
  modelOf,
  ops,
  uniform,
} from '../../src/index.ts';
import { breastCancer } from '../data.ts';
import { mean } from '../statistics.ts';
import { GIVEN, type NetworkProblem, type Problem } from './problem.ts';
import { PROBLEM_NAMES, problemRow } from './problems/index.ts';
import { unitSpread } from './trial/network.ts';
import { keyOfTrial, STREAMS } from './trial/pass.ts';
import { trialOf } from './trial.ts';

const NETWORKS = ['xor', 'breastCancer'].map((name): [string, NetworkProblem] => [
  name,
  problemRow(name) as NetworkProblem,
]); // both are
const RUNNABLE: readonly [string, Problem][] = [...NETWORKS, ['rosenbrock', problemRow('rosenbrock')]];

describe('pairing', () => {
  test.each(RUNNABLE)('%s: what is drawn depends on problem, seed and variant only', async (name, row) => {
    const streams = async (seed: number): Promise<string> => (await trialOf(name, row, {}, seed, 5)).streams;
    const first = await streams(1);
    // another seed and other runs in between make no difference
    const others = [await streams(2), await streams(3)];
    (await trialOf(name, row, {}, 1, 5))
      .begin({ name: 'adam' }, row.kind === 'network' ? 'zeros' : GIVEN, 1)
      .advance(5);
    expect(await streams(1)).toBe(first);
    if (row.kind === 'network') expect(new Set([first, ...others]).size).toBe(3);
  });

  test('problems draw from different keys under the same seed', () => {
    const keys = PROBLEM_NAMES.map((name) => String(keyOfTrial(name, 1)));
    expect(new Set(keys).size).toBe(PROBLEM_NAMES.length);
  });

  test.each(NETWORKS)(
    '%s: initializers invert the same uniforms, so their weights have one order',
    async (name, row) => {
      const seed = 3;
      const trial = await trialOf(name, row, {}, seed, 1);
      const { train } = await row.data(fold(keyOfTrial(name, seed), STREAMS.data));
      const startKey = fold(keyOfTrial(name, seed), STREAMS.start);
      const order = (values: readonly number[]) =>
        values.map((_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
      const orders = ['xavierUniform', 'heNormal'].map((init) => {
        const { network, spec } = modelOf({ layers: row.layers(init), loss: row.loss });
        const { variables } = network.init(startKey, train.x.shape.slice(1));
        const start = lossOfModel(ops, spec, network, variables, train.x, train.y, { mode: 'eval' }).loss.view[0];
        // what the trial starts from are these weights
        expect(trial.begin({ name: 'sgd' }, init, 0.1).loss()).toBe(start);
        return variables.params.map(({ w }, layer) => {
          if (w === undefined) return [];
          const u = uniform(fold(startKey, layer), w.shape);
          expect(w.toArray()).toEqual(fromUniforms(initializerRow(init), u, fansOf(w.shape)).toArray());
          return order(w.toArray());
        });
      });
      expect(orders[0]).toEqual(orders[1]);
    },
  );

  test.each(RUNNABLE)('%s: every optimizer and rate starts at the same loss', async (name, row) => {
    const trial = await trialOf(name, row, {}, 4, 2);
    const init = row.kind === 'network' ? 'heNormal' : GIVEN;
    const first = ['sgd', 'adam'].flatMap((optimizer) =>
      [0.001, 1].map((lr) => trial.begin({ name: optimizer }, init, lr).loss()),
    );
    expect(new Set(first).size).toBe(1);
  });

  test('the test part never meets the training part, and only the latter is standardised', () => {
    const { train, test: held } = breastCancer(keyOf(1));
    expect([train.x.shape, held.x.shape]).toEqual([
      [455, 30],
      [114, 30],
    ]);
    const column = Array.from({ length: 455 }, (_, i) => train.x.view[i * 30] ?? 0);
    expect(mean(column)).toBeCloseTo(0, 12);
    expect(mean(Array.from({ length: 114 }, (_, i) => held.x.view[i * 30] ?? 0))).not.toBeCloseTo(0, 6);
  });

  test('the spread of hidden units leaves the last layer out', () => {
    const { network } = modelOf({
      layers: (problemRow('xor') as NetworkProblem).layers('xavierUniform'),
      loss: 'bceWithLogits',
    });
    const { variables } = network.init(keyOf(1), [2]);
    const w = variables.params[0]?.w?.toArray() ?? [];
    const gap = (row: readonly number[]) => Math.max(...row) - Math.min(...row);
    expect(unitSpread(variables)).toBe(Math.max(gap(w.slice(0, 4)), gap(w.slice(4))));
  });
});
