// Layers under test: what they start with, the shapes they take, and one sentence for every input that is not one.
import { describe, expect, test } from 'vitest';
import { DomainError, ShapeError, UnknownNameError } from '../core/errors.ts';
import { keyOf } from '../core/key.ts';
import { Tensor } from '../core/tensor.ts';
import { ops } from '../ops/lang.ts';
import type { Layer } from './layer.ts';
import { dense, LAYERS, type LayerSpec, layerOf } from './layers.ts';
import { batchNormOf, layerNormOf } from './norm.ts';

const tensor = (shape: readonly number[], ...data: readonly number[]) => Tensor.from(shape, data);
const counted = (...shape: readonly number[]) =>
  Tensor.build(shape, (out) => {
    for (let i = 0; i < out.length; i++) out[i] = (i * i) % 7;
  });

/** A layer with its own variables on a batch, its first axis being the batch. */
const run = (spec: LayerSpec, x: Tensor, mode: 'train' | 'eval' = 'train') => {
  const layer: Layer = layerOf(spec);
  const { variables } = layer.init(keyOf(1), x.shape.slice(1));
  return layer.apply(ops, variables, x, { mode });
};

describe('bad input of a normalisation is refused in one sentence', () => {
  for (const [what, spec, sentence] of [
    [
      'a negative eps',
      { type: 'batchNorm', eps: -1e-3 },
      /^batchNorm: eps must be finite and not negative, got -0.001$/,
    ],
    ['an eps without end', { type: 'batchNorm', eps: Number.POSITIVE_INFINITY }, /^batchNorm: eps must be finite/],
    ['an eps that is no number', { type: 'batchNorm', eps: Number.NaN }, /^batchNorm: eps must be finite/],
    [
      'a momentum below 0',
      { type: 'batchNorm', momentum: -0.1 },
      /^batchNorm: momentum must lie in \[0, 1\], got -0.1$/,
    ],
    ['a momentum above 1', { type: 'batchNorm', momentum: 1.5 }, /^batchNorm: momentum must lie in \[0, 1\], got 1.5$/],
    ['a momentum that is no number', { type: 'batchNorm', momentum: Number.NaN }, /^batchNorm: momentum must lie/],
    [
      'a negative eps of a layer',
      { type: 'layerNorm', eps: -1 },
      /^layerNorm: eps must be finite and not negative, got -1$/,
    ],
  ] as const)
    test(what, () => {
      expect(() => layerOf(spec)).toThrow(DomainError);
      expect(() => layerOf(spec)).toThrow(sentence);
    });

  test('an estimator that there is not', () => {
    expect(() => batchNormOf({ runningVariance: 'median' as 'biased' })).toThrow(UnknownNameError);
    expect(() => batchNormOf({ momentumOf: 'both' as 'new' })).toThrow('momentum direction: no row is called "both"');
  });

  test('a batch of one in train mode, which has no variance; eval mode takes it', () => {
    const x = tensor([1, 3], 1, 2, 3);
    expect(() => run({ type: 'batchNorm' }, x)).toThrow(DomainError);
    expect(() => run({ type: 'batchNorm' }, x)).toThrow(
      'batchNorm: train mode needs a batch of at least 2, got 1 in [1, 3]',
    );
    expect(() =>
      run(
        { type: 'batchNorm' },
        Tensor.build([0, 3], () => {}),
      ),
    ).toThrow(DomainError);
    expect(run({ type: 'batchNorm', eps: 0 }, x, 'eval')[0].toArray()).toEqual([1, 2, 3]);
  });

  test('an input without a feature axis', () => {
    for (const type of ['batchNorm', 'layerNorm'] as const)
      expect(() => layerOf({ type }).init(keyOf(1), [])).toThrow(ShapeError);
  });

  test('variables that are missing', () => {
    for (const type of ['batchNorm', 'layerNorm'] as const)
      expect(() => layerOf({ type }).apply(ops, { params: {}, state: {} }, counted(2, 3), { mode: 'train' })).toThrow(
        /^layer: the variable gamma is missing, got none$/,
      );
  });
});

describe('normalising layers', () => {
  test('the ends of what is allowed are allowed', () => {
    expect(batchNormOf({ eps: 0, momentum: 0 })).toEqual({
      eps: 0,
      momentum: 0,
      momentumOf: 'new',
      runningVariance: 'unbiased',
    });
    expect(batchNormOf({ eps: 1, momentum: 1, runningVariance: 'biased' }).momentum).toBe(1);
    expect(layerNormOf({ eps: 0 })).toEqual({ eps: 0 });
  });

  test('defaults are those of the papers’ common practice', () => {
    expect(batchNormOf({})).toEqual({ eps: 1e-5, momentum: 0.1, momentumOf: 'new', runningVariance: 'unbiased' });
    expect(layerNormOf({})).toEqual({ eps: 1e-5 });
    expect(LAYERS.batchNorm.options).toEqual(batchNormOf({}));
    expect(LAYERS.layerNorm.options).toEqual(layerNormOf({}));
  });

  test('the running variance is the estimator that is asked for', () => {
    const x = tensor([2, 1], 0, 2);
    const kept = (runningVariance: 'biased' | 'unbiased') =>
      run({ type: 'batchNorm', momentum: 1, runningVariance }, x)[1].variance?.toArray();
    expect(kept('biased')).toEqual([1]);
    expect(kept('unbiased')).toEqual([2]);
  });

  test('running statistics say whose weight the momentum is, and both ends are exact', () => {
    const x = tensor([4, 1], 1, 2, 4, 9); // mean 4, squares about it 38
    const kept = (momentum: number, momentumOf: 'new' | 'old') => {
      const { mean, variance } = run({ type: 'batchNorm', momentum, momentumOf, runningVariance: 'biased' }, x)[1];
      return [mean, variance].flatMap((t) => t?.toArray() ?? []);
    };
    expect(kept(1 / 4, 'new')).toEqual([1, (3 + 38 / 4) / 4]);
    expect(kept(1 / 4, 'old')).toEqual([3, (1 + (3 * 38) / 4) / 4]);
    expect([kept(0, 'new'), kept(1, 'old')]).toEqual([
      [0, 1],
      [0, 1],
    ]);
    expect([kept(1, 'new'), kept(0, 'old')]).toEqual([
      [4, 38 / 4],
      [4, 38 / 4],
    ]);
  });

  test('eval mode returns the state it was given', () => {
    const layer = layerOf({ type: 'batchNorm' });
    const { variables } = layer.init(keyOf(1), [3]);
    expect(layer.apply(ops, variables, counted(4, 3), { mode: 'eval' })[1]).toEqual(variables.state);
  });

  test('layer normalisation is alike in both modes and has no state', () => {
    const [train, eval_] = (['train', 'eval'] as const).map((mode) => run({ type: 'layerNorm' }, counted(4, 3), mode));
    expect(train?.[0].toArray()).toEqual(eval_?.[0].toArray());
    expect(train?.[1]).toEqual({});
  });
});

describe('the dense layer', () => {
  test('takes axes between batch and features for more of the batch', () => {
    const [x, w, b] = [counted(2, 3, 4), counted(4, 2), tensor([2], 1, -1)];
    const y = dense(ops, x, w, b);
    expect(y.shape).toEqual([2, 3, 2]);
    expect(y.toArray()).toEqual(dense(ops, ops.reshape(x, { shape: [6, 4] }), w, b).toArray());
    expect(layerOf({ type: 'dense', units: 5 }).init(keyOf(1), [3, 4]).output).toEqual([3, 5]);
    expect(run({ type: 'dense', units: 5 }, x)[0].shape).toEqual([2, 3, 5]);
  });

  test('starts with a bias of 0', () => {
    const { params } = layerOf({ type: 'dense', units: 3 }).init(keyOf(1), [4]).variables;
    expect(params.b?.toArray()).toEqual([0, 0, 0]);
    expect(params.w?.shape).toEqual([4, 3]);
  });

  test('refuses units that are no number of units, and inputs that do not fit', () => {
    for (const units of [0, -1, 1.5, Number.NaN]) expect(() => layerOf({ type: 'dense', units })).toThrow(DomainError);
    expect(() => dense(ops, counted(2, 3), counted(4, 2), tensor([2], 0, 0))).toThrow(ShapeError);
  });
});
