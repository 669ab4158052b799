// Normalisation as people set it up: both directions of the momentum, both estimators, and what is refused.
import { describe, expect, test } from 'vitest';
import { keyOf, type LayerSpec, layerOf, ops, Tensor } from '../index.ts';

const x = Tensor.from([4, 1], [1, 2, 4, 9]); // mean 4, squares about it 38
const statistics = (spec: Partial<Extract<LayerSpec, { type: 'batchNorm' }>>): readonly number[] => {
  const layer = layerOf({ type: 'batchNorm', ...spec });
  const { variables } = layer.init(keyOf(0), [1]);
  const [, { mean, variance }] = layer.apply(ops, variables, x, { mode: 'train' });
  return [mean, variance].flatMap((t) => t?.toArray() ?? []);
};

describe('running statistics say whose weight the momentum is', () => {
  test('of the new batch: 1/4 of it, 3/4 of the old', () => {
    expect(statistics({ momentum: 1 / 4, runningVariance: 'biased' })).toEqual([1, (3 + 38 / 4) / 4]);
  });
  test('of the old statistics: 1/4 of them, 3/4 of the batch', () => {
    expect(statistics({ momentum: 1 / 4, momentumOf: 'old', runningVariance: 'biased' })).toEqual([
      3,
      (1 + (3 * 38) / 4) / 4,
    ]);
  });
  test('both ends are exact: one keeps, the other copies', () => {
    for (const [momentumOf, keeps] of [
      ['new', 0],
      ['old', 1],
    ] as const) {
      expect(statistics({ momentum: keeps, momentumOf, runningVariance: 'unbiased' })).toEqual([0, 1]);
      expect(statistics({ momentum: 1 - keeps, momentumOf, runningVariance: 'unbiased' })).toEqual([4, 38 / 3]);
    }
  });
});

describe('what cannot be is refused', () => {
  const refused: readonly (readonly [object, string])[] = [
    [{ momentum: -0.1 }, 'batchNorm: momentum must lie in [0, 1], got -0.1'],
    [{ momentum: Number.NaN }, 'batchNorm: momentum must lie in [0, 1], got NaN'],
    [{ eps: -1 }, 'batchNorm: eps must be finite and not negative, got -1'],
    [{ momentumOf: 'both' }, 'momentum direction: no row is called "both", known are new, old'],
    [{ runningVariance: 'none' }, 'variance estimator: no row is called "none"'],
  ];
  test.each(refused)('%o', (spec, sentence) => {
    expect(() => layerOf({ type: 'batchNorm', ...spec } as LayerSpec)).toThrow(sentence);
  });
  test('a batch of one in train mode', () => {
    const layer = layerOf({ type: 'batchNorm' });
    const { variables } = layer.init(keyOf(0), [1]);
    const one = Tensor.from([1, 1], [3]);
    expect(() => layer.apply(ops, variables, one, { mode: 'train' })).toThrow(
      'batchNorm: train mode needs a batch of at least 2, got 1 in [1, 1]',
    );
    expect(layer.apply(ops, variables, one, { mode: 'eval' })[0].toArray()[0]).toBeCloseTo(3, 4);
  });
});
