// What losses, initializers, dropout and networks refuse, in one sentence each, and the ends of what they take.
import { describe, expect, test } from 'vitest';
import {
  DomainError,
  dense,
  drawsGiven,
  fansOf,
  fromUniforms,
  gainOf,
  INITIALIZERS,
  initializerRow,
  keyOf,
  LAYERS,
  type LayerSpec,
  layerOf,
  lossOf,
  lossRow,
  ops,
  ShapeError,
  sample,
  serial,
  type TautogradError,
  Tensor,
  UnknownNameError,
} from '../index.ts';
import { dropoutOf } from './dropout.ts';
import { lossParams } from './loss.ts';

const zeros = (...shape: readonly number[]): Tensor => Tensor.build(shape, () => {});
const refused = (f: () => unknown, kind: new (message: string) => TautogradError, sentence: string): void => {
  expect(f).toThrow(kind);
  expect(f).toThrow(sentence);
};

describe('losses', () => {
  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('a parameter that is %d', (delta) => {
    refused(
      () => lossParams(lossRow('huber'), { delta }),
      DomainError,
      `loss: delta must be positive and finite, got ${delta}`,
    );
  });
  test('parameters are those of the row, some changed', () => {
    expect(lossParams(lossRow('huber'))).toEqual({ delta: 1 });
    expect(lossParams(lossRow('huber'), { delta: 3 })).toEqual({ delta: 3 });
    expect(lossParams(lossRow('mse'))).toEqual({});
    refused(
      () => lossParams(lossRow('mse'), { delta: 1 }),
      UnknownNameError,
      'loss parameter: no row is called "delta"',
    );
    refused(() => lossRow('cube'), UnknownNameError, 'loss: no row is called "cube"');
  });
  test('shapes that differ, and a batch of nothing', () => {
    const loss = (a: Tensor, b: Tensor) => lossOf(ops, lossRow('mse'), a, b, 'mean');
    refused(() => loss(zeros(2, 1), zeros(1, 2)), ShapeError, 'must have one shape, got [2, 1] and [1, 2]');
    refused(() => loss(zeros(0, 2), zeros(0, 2)), DomainError, 'loss: the batch must not be empty, got [0, 2]');
  });
  test('a loss bends where its row says, and only there', () => {
    const bends = Object.fromEntries(
      ['mae', 'hinge', 'mse'].map((name) => [
        name,
        [
          [2, 2],
          [1, 1],
          [2, 1 / 2],
          [0, 1],
        ].map(([p = 0, y = 0]) => lossRow(name).bends(p, y)),
      ]),
    );
    expect(bends).toEqual({
      mae: [true, true, false, false],
      hinge: [false, true, true, false],
      mse: [false, false, false, false],
    });
  });
});

describe('initializers', () => {
  const he = initializerRow('heNormal');
  const draw = (fanIn: number, fanOut: number, gain = 1, row = he) =>
    fromUniforms(row, Tensor.from([1], [1 / 3]), { fanIn, fanOut, gain });
  test.each([
    [0, 1],
    [1, 0],
    [-1, 1],
    [Number.NaN, 1],
  ])('fans %d and %d', (fanIn, fanOut) => {
    refused(() => draw(fanIn, fanOut), DomainError, `initializer: fans must be positive, got ${fanIn} and ${fanOut}`);
  });
  test.each([Number.NaN, Number.POSITIVE_INFINITY])('a gain of %d', (gain) => {
    refused(() => draw(2, 3, gain), DomainError, `initializer: the gain must be finite, got ${gain}`);
  });
  test('a deviation below 0, which a constant and a diagonal may have', () => {
    for (const name of ['uniform', 'normal', 'truncatedNormal'])
      refused(
        () => draw(2, 3, -1, initializerRow(name)),
        DomainError,
        'initializer: a deviation must not be negative, got -1 from the gain -1',
      );
    for (const name of ['orthogonal', 'sparse'])
      refused(
        () => sample(initializerRow(name), keyOf(1), [2, 3], { fanIn: 2, fanOut: 3, gain: -1 }),
        DomainError,
        'must not be negative',
      );
    expect(draw(2, 3, -2, initializerRow('constant')).toArray()).toEqual([-2]);
    expect(draw(2, 3, 0, initializerRow('normal')).toArray().map(Math.abs)).toEqual([0]);
    expect(sample(initializerRow('identity'), keyOf(1), [1, 2], { fanIn: 1, fanOut: 2, gain: -2 }).toArray()).toEqual([
      -2, 0,
    ]);
  });
  test('a matrix from one uniform each, and weights that are no matrix', () => {
    refused(
      () => draw(1, 1, 1, initializerRow('orthogonal')),
      DomainError,
      'orthogonal weights are not made from one uniform each',
    );
    for (const shape of [[], [2], [2, 3, 4]])
      refused(() => fansOf(shape), DomainError, `initializer: weights must be [in, out], got [${shape.join(', ')}]`);
    expect(fansOf([2, 3])).toEqual({ fanIn: 2, fanOut: 3 });
    refused(() => initializerRow('hope'), UnknownNameError, 'initializer: no row is called "hope"');
  });
  test('the usual gains', () => {
    expect(['identity', 'sigmoid', 'tanh', 'relu', 'selu', 'gelu', 'toString'].map((a) => gainOf(a))).toEqual([
      1,
      1,
      5 / 3,
      Math.SQRT2,
      3 / 4,
      1,
      1,
    ]);
    expect(gainOf('leakyRelu', { slope: 1 })).toBe(1);
    expect(gainOf('leakyRelu', { slope: Math.sqrt(7) })).toBeCloseTo(1 / 2, 14);
    expect(gainOf('leakyRelu')).toBe(Math.SQRT2);
  });
});

describe('what rows of initializers say of themselves', () => {
  /** The variance of a weight over the square of the scale. */
  const SHARES: Readonly<Record<string, number>> = {
    uniform: 1 / 3,
    normal: 1,
    truncated: 0.77374130354992325,
    point: 0,
    identity: 0,
  };
  for (const [name, row] of Object.entries(INITIALIZERS))
    test(`the variance of ${name}`, () => {
      // a formula in the three names, written for people
      const text = row.variance.replaceAll('^', '**').replaceAll('min', 'Math.min').replaceAll('max', 'Math.max');
      const said = new Function('fanIn', 'fanOut', 'gain', `return ${text}`);
      for (const [fanIn, fanOut, gain] of [
        [5, 3, 2],
        [20, 40, 3],
      ] as const) {
        const scale = row.scale({ fanIn, fanOut }, gain);
        const share =
          SHARES[row.distribution] ??
          (row.distribution === 'sparse' ? Math.min(15, fanIn) / fanIn : 1 / Math.max(fanIn, fanOut));
        expect(said(fanIn, fanOut, gain) / (scale * scale || 1)).toBeCloseTo(share, 14);
      }
    });
  test('the truncated ones without correction keep 0.7737 of the variance', () => {
    const z = 0.24197072451914337 / Math.exp(3 / 2); // φ(2), from φ(1)
    expect(1 - (4 * z) / 0.95449973610364158).toBeCloseTo(0.77374130354992325, 14);
  });
});

describe('dropout', () => {
  test.each([-0.1, 1.1, Number.NaN])('a rate of %d', (dropRate) => {
    refused(() => dropoutOf({ dropRate }), DomainError, `dropout: dropRate must lie in [0, 1], got ${dropRate}`);
  });
  test('the ends, the usual form, and a form that there is not', () => {
    expect(dropoutOf({ dropRate: 0 })).toEqual({ dropRate: 0, form: 'inverted' });
    expect(dropoutOf({ dropRate: 1, form: 'alpha' })).toEqual({ dropRate: 1, form: 'alpha' });
    refused(
      () => dropoutOf({ dropRate: 0, form: 'other' as 'alpha' }),
      UnknownNameError,
      'dropout form: no row is called "other"',
    );
  });
  test('train mode without draws, which a rate of 0 does not need', () => {
    const apply = (dropRate: number) =>
      layerOf({ type: 'dropout', dropRate }).apply(ops, { params: {}, state: {} }, zeros(1, 2), { mode: 'train' });
    refused(() => apply(1 / 2), DomainError, 'dropout: train mode needs a key or given uniforms, got neither');
    expect(apply(0)[0].shape).toEqual([1, 2]);
  });
  test('given uniforms that run out or do not fit', () => {
    refused(
      () => drawsGiven(ops, [zeros(2)]).uniform([3]),
      ShapeError,
      'draws: uniforms must have the shape [3], got [2]',
    );
    refused(
      () => drawsGiven(ops, []).uniform([2]),
      DomainError,
      'draws: 0 tensors of uniforms were given, and more are needed',
    );
    const draws = drawsGiven(ops, [zeros(2), zeros(3)]);
    expect([draws.child(1).uniform([2]), draws.uniform([3])].map((u) => u.shape)).toEqual([[2], [3]]);
  });
});

describe('layers', () => {
  const init = (spec: LayerSpec, ...input: readonly number[]) => layerOf(spec).init(keyOf(1), input);
  test('no feature axis', () => {
    for (const type of ['dense', 'batchNorm', 'layerNorm'] as const)
      refused(
        () => init({ type, units: 2 } as LayerSpec),
        ShapeError,
        `${type}: the input needs a feature axis, got []`,
      );
  });
  test('no feature axis where it is applied', () => {
    for (const type of ['batchNorm', 'layerNorm'] as const) {
      const layer = layerOf({ type });
      const { params, state } = layer.init(keyOf(1), [1]).variables;
      refused(
        () => layer.apply(ops, { params, state }, zeros(), { mode: 'eval' }),
        ShapeError,
        `${type}: the input needs a feature axis, got []`,
      );
    }
    refused(
      () => dense(ops, zeros(), zeros(1, 2), zeros(2)),
      ShapeError,
      'dense: the input needs a feature axis, got []',
    );
    refused(
      () => dense(ops, zeros(1, 1), zeros(), zeros(2)),
      ShapeError,
      'dense: the input needs a feature axis, got []',
    );
  });
  test('what can be set, and what is set unless it is named', () => {
    expect(
      Object.fromEntries(Object.entries(LAYERS).map(([type, { options }]) => [type, Object.keys(options)])),
    ).toEqual({
      dense: ['units', 'init', 'gain'],
      activation: ['name', 'its parameters'],
      batchNorm: ['eps', 'momentum', 'momentumOf', 'runningVariance'],
      layerNorm: ['eps'],
      dropout: ['dropRate', 'form'],
      residual: ['layers'],
    });
    const weights = (more: object) => init({ type: 'dense', units: 2, ...more }, 3).variables.params.w?.toArray();
    const { units: _, ...usual } = LAYERS.dense.options as Readonly<Record<string, unknown>>;
    expect(weights({})).toEqual(weights(usual));
    expect(usual).toEqual({ init: 'xavierUniform', gain: 1 });
    expect(LAYERS.dropout.options).toMatchObject({ form: dropoutOf({ dropRate: 0 }).form });
  });
  test('layers without variables say so, and keep the shape', () => {
    for (const spec of [
      { type: 'activation', name: 'tanh' },
      { type: 'dropout', dropRate: 0.5 },
    ] as const)
      expect(init(spec, 2, 3)).toEqual({ output: [2, 3], variables: { params: {}, state: {} } });
  });
  test('names that there are not', () => {
    refused(() => layerOf({ type: 'conv' as 'dense', units: 1 }), UnknownNameError, 'layer: no row is called "conv"');
    refused(() => layerOf({ type: 'activation', name: 'sum' }), UnknownNameError, 'activation: no row is called "sum"');
  });
  test('parameters of an activation: those of its row, all of them, finite', () => {
    const of = (p: Readonly<Record<string, number>>, name = 'leakyRelu') => layerOf({ type: 'activation', name, ...p });
    expect(of({ slope: 0.1 })).toBeDefined();
    refused(() => of({}), DomainError, 'activation: leakyRelu takes slope, finite, got {}');
    refused(
      () => of({ slope: Number.NaN }),
      DomainError,
      'activation: leakyRelu takes slope, finite, got {"slope":null}',
    );
    refused(() => of({ alpha: 1 }), DomainError, 'activation: leakyRelu takes slope, finite, got {"alpha":1}');
    refused(() => of({ slope: 1 }, 'tanh'), DomainError, 'activation: tanh takes no parameter, got {"slope":1}');
  });
  test('variables are never stretched, and never guessed', () => {
    const layer = layerOf({ type: 'dense', units: 2 });
    const on = (params: Readonly<Record<string, Tensor>>, x = zeros(1, 3)) =>
      layer.apply(ops, { params, state: {} }, x, { mode: 'eval' });
    refused(() => on({ w: zeros(3, 1), b: zeros(2) }), ShapeError, 'dense: w must have the shape [3, 2], got [3, 1]');
    refused(() => on({ w: zeros(3, 2), b: zeros(1) }), ShapeError, 'dense: b must have the shape [2], got [1]');
    refused(() => on({ b: zeros(2) }), DomainError, 'layer: the variable w is missing, got b');
    refused(() => on({ w: zeros(3, 2) }), DomainError, 'layer: the variable b is missing, got w');
    refused(() => on({ w: zeros(3, 2), b: zeros(2) }, zeros()), ShapeError, 'dense: the input needs a feature axis');
    for (const type of ['batchNorm', 'layerNorm'] as const) {
      const normal = layerOf({ type });
      const { params, state } = normal.init(keyOf(1), [3]).variables;
      const all = { ...params, ...state };
      for (const name of Object.keys(all)) {
        const wrong = { ...all, [name]: zeros(1) };
        refused(
          () => normal.apply(ops, { params: wrong, state: wrong }, zeros(2, 3), { mode: 'eval' }),
          ShapeError,
          `${type}: ${name} must have the shape [3], got [1]`,
        );
        const { [name]: _, ...fewer } = all;
        refused(
          () => normal.apply(ops, { params: fewer, state: fewer }, zeros(2, 3), { mode: 'eval' }),
          DomainError,
          `layer: the variable ${name} is missing`,
        );
      }
    }
  });
  test('layers inside a residual keep the shape and their names', () => {
    const residual: LayerSpec = {
      type: 'residual',
      layers: [{ type: 'dense', units: 3 }, { type: 'batchNorm' }],
    };
    refused(() => init(residual, 2), ShapeError, 'residual: the layers inside must keep the shape, got [2] to [3]');
    const { output, variables } = init(residual, 3);
    expect(output).toEqual([3]);
    expect(Object.keys(variables.params)).toEqual(['0.w', '0.b', '1.gamma', '1.beta']);
    expect(Object.keys(variables.state)).toEqual(['1.mean', '1.variance']);
    const [, kept] = layerOf(residual).apply(ops, variables, Tensor.from([2, 3], [1, 2, 3, 4, 5, 7]), {
      mode: 'train',
    });
    expect(Object.keys(kept)).toEqual(['1.mean', '1.variance']);
  });
  test('more than ten layers inside a residual do not take each other’s variables', () => {
    const residual: LayerSpec = {
      type: 'residual',
      layers: Array.from({ length: 12 }, () => ({ type: 'dense', units: 2 })),
    };
    const { variables } = init(residual, 2);
    const [y] = layerOf(residual).apply(ops, variables, Tensor.from([1, 2], [1, 2]), { mode: 'eval' });
    let x = Tensor.from([1, 2], [1, 2]);
    for (let i = 0; i < 12; i++) x = ops.matmul(x, variables.params[`${i}.w`] as Tensor) as typeof x;
    expect(y.toArray()).toEqual([1, 2].map((v, i) => v + (x.toArray()[i] ?? 0)));
  });
  test('the mode reaches every layer, with draws and without', () => {
    const net = serial([layerOf({ type: 'batchNorm' }), layerOf({ type: 'dropout', dropRate: 1 })]);
    const { variables } = net.init(keyOf(1), [1]);
    const x = Tensor.from([2, 1], [1, 5]);
    expect(net.apply(ops, variables, x, { mode: 'eval' })[0].toArray()).toEqual(
      x.toArray().map((v) => v / Math.sqrt(1 + 1e-5)),
    );
    refused(() => net.apply(ops, variables, x, { mode: 'train' }), DomainError, 'dropout: train mode needs a key');
    const draws = drawsGiven(ops, [Tensor.from([2, 1], [1 / 2, 2])]);
    const [y, [kept]] = net.apply(ops, variables, x, { mode: 'train', draws });
    expect(y.toArray()).toEqual([0, expect.closeTo(1, 5)]);
    expect(kept?.mean?.toArray()).toEqual([expect.closeTo(0.3, 14)]);
  });
  test('a network with fewer variables than layers tells which is missing', () => {
    const net = serial([layerOf({ type: 'dense', units: 1 })]);
    refused(
      () => net.apply(ops, { params: [], state: [] }, zeros(1, 1), { mode: 'eval' }),
      DomainError,
      'layer: the variable w is missing, got none',
    );
  });
});
