// The engine in use: the course's first results, pure folds, data that refuses to be wrong.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  batches,
  DomainError,
  evaluate,
  findRefutation,
  fit,
  fitPerceptron,
  grad,
  keyOf,
  lossOf,
  lossRow,
  mistakeBound,
  mlp,
  modelOf,
  ops,
  optimizerOf,
  type Program,
  parseCsv,
  predict,
  refutes,
  rescale,
  type Setup,
  scalar,
  splitData,
  standardiser,
  start,
  step,
  Tensor,
  takeRows,
  UnknownNameError,
} from '../index.ts';

const CORNERS = Tensor.from([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]);

describe('the first course', () => {
  test('the perceptron learns AND and OR within the bound; XOR has a refutation, and AND has none', () => {
    for (const [labels, separator] of [
      [[0, 0, 0, 1], { w: [2, 2], b: -3 }],
      [[0, 1, 1, 1], { w: [2, 2], b: -1 }],
    ] as const) {
      const y = Tensor.from([4], labels);
      const model = fitPerceptron(CORNERS, y, 1, 100);
      expect(model.converged).toBe(true);
      expect(labels.every((l, i) => predict(model, [i >> 1, i & 1]) === l)).toBe(true);
      expect(model.mistakes).toBeLessThanOrEqual(mistakeBound(CORNERS, y, separator));
      expect(model.counts.reduce((a, b) => a + b)).toBe(model.mistakes);
      expect(findRefutation(CORNERS, y, 3)).toBeNull();
    }
    const xor = Tensor.from([4], [0, 1, 1, 0]);
    expect(findRefutation(CORNERS, xor)).toEqual([1, 1, 1, 1]);
    expect(refutes([1, 1, 1, 0], CORNERS, xor)).toBe(false);
    expect(refutes([0, 0, 0, 0], CORNERS, xor)).toBe(false);
  });
});

describe('training is a pure fold', () => {
  const setup: Setup = {
    model: modelOf({ layers: mlp([3, 1], 'relu', 'heNormal'), loss: 'bceWithLogits' }),
    optimizer: optimizerOf('adam'),
  };
  const data = { x: CORNERS, y: Tensor.from([4, 1], [0, 1, 1, 0]) };
  const plan = { size: 2, epochs: 5, key: keyOf(3) };

  test('k steps and then k more are 2k steps, bit for bit', () => {
    const all = [...batches(data, plan)];
    const from = start(setup, keyOf(0), [2]);
    const whole = fit(setup, from, all);
    const half = fit(setup, fit(setup, from, all.slice(0, 4)).training, all.slice(4));
    expect(JSON.stringify(half.training.slots.mu?.map((t) => t.toArray()))).toBe(
      JSON.stringify(whole.training.slots.mu?.map((t) => t.toArray())),
    );
    expect(evaluate(setup.model, half.training.variables, CORNERS).toArray()).toEqual(
      evaluate(setup.model, whole.training.variables, CORNERS).toArray(),
    );
    expect(whole.training.k).toBe(10);
    expect(step(setup, from, all[0] ?? data).loss).toBe(whole.losses[0]);
  });

  test('every sample comes once per epoch, the last batch may be small', () => {
    const sizes = [...batches(data, { size: 3, epochs: 1, key: keyOf(1) })];
    expect(sizes.map((b) => b.x.shape[0])).toEqual([3, 1]);
    expect(sizes.flatMap((b) => b.y.toArray()).sort()).toEqual([0, 0, 1, 1]);
    expect(() => [...batches(data, { size: 0, epochs: 1, key: keyOf(1) })]).toThrow(
      'the size must be a positive integer, got 0',
    );
  });

  test('a gradient is a program again: the third derivative of x·tanh x', () => {
    const f: Program = (o, [x]) => o.mul(x as NonNullable<typeof x>, o.tanh(x as NonNullable<typeof x>));
    const derived =
      (g: Program): Program =>
      (o, xs) =>
        grad(g)(o, xs)[0] as (typeof xs)[number];
    const [x, h] = [0.7, 2 ** -9];
    const second = (at: number): number => derived(derived(f))(ops, [scalar(at)]).view[0] ?? Number.NaN;
    const third = derived(derived(derived(f)))(ops, [scalar(x)]).view[0];
    expect(third).toBeCloseTo((second(x + h) - second(x - h)) / (2 * h), 4);
    expect(() => grad((o, xs) => o.neg(xs[0] as (typeof xs)[number]))(ops, [CORNERS])).toThrow(
      'the program must return a scalar of shape [], got [4, 2]',
    );
  });
});

describe('bad input is refused with a typed error and one sentence', () => {
  const cases: readonly (readonly [string, () => unknown, string])[] = [
    ['optimizer', () => optimizerOf('adamm'), 'optimizer: no row is called "adamm", known are sgd, momentum, nesterov'],
    [
      'hyper-parameter',
      () => optimizerOf('sgd', { rate: 1 }),
      'sgd hyper-parameter: no row is called "rate", known are lr',
    ],
    [
      'NaN lr',
      () => optimizerOf('sgd', { lr: Number.NaN }),
      'sgd: lr must lie in [0, 1.7976931348623157e+308], got NaN',
    ],
    ['beta of 1', () => optimizerOf('adam', { beta1: 1 }), 'adam: beta1 must lie in'],
    ['layer', () => modelOf({ layers: [{ type: 'conv' } as never], loss: 'mse' }), 'layer: no row is called "conv"'],
    [
      'activation',
      () => modelOf({ layers: [{ type: 'activation', name: 'exp' }], loss: 'mse' }),
      'activation: no row is called "exp"',
    ],
    [
      'initializer',
      () => modelOf({ layers: mlp([1], 'relu', 'magic'), loss: 'mse' }),
      'initializer: no row is called "magic"',
    ],
    [
      'units',
      () => modelOf({ layers: mlp([0], 'relu'), loss: 'mse' }),
      'dense: units must be a positive integer, got 0',
    ],
    ['loss', () => lossRow('hinge?'), 'loss: no row is called "hinge?"'],
    [
      'empty batch',
      () => lossOf(ops, lossRow('mse'), Tensor.from([0, 1], []), Tensor.from([0, 1], []), 'mean'),
      'loss: the batch must not be empty, got [0, 1]',
    ],
    [
      'target shape',
      () => lossOf(ops, lossRow('mse'), CORNERS, scalar(1), 'mean'),
      'loss: prediction and target must have one shape, got [4, 2] and []',
    ],
    ['ragged csv', () => parseCsv('1,2,3\n1,2\n'), 'csv: line 2 has 2 columns, the first has 3'],
    ['no number', () => parseCsv('1,2\n1,x\n'), 'csv: line 2 holds "x", which is no number'],
    ['empty csv', () => parseCsv(''), 'csv: a line needs at least one feature and a label, got 0 columns'],
    ['row out of range', () => takeRows(CORNERS, [4]), 'takeRows: rows must lie in 0 … 3, got 4'],
    [
      'labels',
      () => fitPerceptron(CORNERS, Tensor.from([4], [0, 1, 2, 0]), 1, 1),
      'perceptron: labels must be 0 and 1, or -1 and 1, got 2',
    ],
    [
      'rate',
      () => fitPerceptron(CORNERS, Tensor.from([4], [0, 1, 1, 0]), 0, 1),
      'perceptron: lr must be positive and finite, got 0',
    ],
    [
      'separator',
      () => mistakeBound(CORNERS, Tensor.from([4], [0, 1, 1, 0]), { w: [1, 1], b: 0 }),
      'perceptron: the separator must separate strictly',
    ],
  ];
  for (const [name, act, sentence] of cases) test(name, () => expect(act).toThrow(sentence));

  test('names are typed errors, values are domain errors', () => {
    expect(() => optimizerOf('nope')).toThrow(UnknownNameError);
    expect(() => optimizerOf('sgd', { lr: -1 })).toThrow(DomainError);
  });
});

test('real data is read, split without loss and standardised', () => {
  const data = parseCsv(readFileSync(new URL('../../bench/data/breast_cancer.csv', import.meta.url), 'utf8'), {
    skip: 1,
  });
  expect(data.x.shape).toEqual([569, 30]);
  const [rest, part] = splitData(data, 0.2, keyOf(1));
  expect([rest.x.shape[0], part.x.shape[0]]).toEqual([455, 114]);
  expect([...rest.y.toArray(), ...part.y.toArray()].reduce((a, b) => a + b)).toBe(
    data.y.toArray().reduce((a, b) => a + b),
  );
  const z = rescale(standardiser(rest.x), rest.x)
    .toArray()
    .filter((_, i) => i % 30 === 7);
  expect(z.reduce((a, b) => a + b) / z.length).toBeCloseTo(0, 12);
  expect(z.reduce((a, b) => a + b * b, 0) / z.length).toBeCloseTo(1, 12);
});
