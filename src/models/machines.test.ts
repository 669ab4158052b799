// Perceptron and Boltzmann machine on cases done by hand, and what they refuse, in one sentence each.
import { describe, expect, test } from 'vitest';
import {
  binaryStates,
  contrastiveDivergence,
  DomainError,
  findRefutation,
  fitPerceptron,
  fitRbm,
  keyOf,
  logPartition,
  mistakeBound,
  mlp,
  networkOf,
  ops,
  predict,
  type Rbm,
  refutes,
  ShapeError,
  stackRbms,
  startRbm,
  type TautogradError,
  Tensor,
} from '../index.ts';
import { lossOfModel } from './mlp.ts';

const refused = (f: () => unknown, kind: new (message: string) => TautogradError, sentence: string): void => {
  expect(f).toThrow(kind);
  expect(f).toThrow(sentence);
};
const matrix = (...rows: readonly (readonly number[])[]): Tensor =>
  Tensor.from([rows.length, rows[0]?.length ?? 0], rows.flat());
const vector = (...v: readonly number[]): Tensor => Tensor.from([v.length], v);
const zeros = (...shape: readonly number[]): Tensor => Tensor.build(shape, () => {});

describe('the perceptron', () => {
  const line = matrix([2], [-1]);
  test('by hand: two mistakes, then a pass without one', () => {
    // score 0 is class 0, a mistake on the first row: w = 2/2, b = 1/2; then 1·(−1) + 1/2 < 0 is right
    expect(fitPerceptron(line, vector(1, 0), 1 / 2, 9)).toEqual({
      w: [1],
      b: 1 / 2,
      mistakes: 1,
      counts: [1, 0],
      converged: true,
    });
    expect(fitPerceptron(line, vector(1, 0), 1 / 2, 1).converged).toBe(false);
    expect(fitPerceptron(line, vector(1, 0), 1 / 2, 2).converged).toBe(true);
    expect(fitPerceptron(line, vector(1, 0), 1 / 2, 0)).toEqual({
      w: [0],
      b: 0,
      mistakes: 0,
      counts: [0, 0],
      converged: false,
    });
    expect(fitPerceptron(line, vector(1, -1), 1 / 2, 9)).toEqual(fitPerceptron(line, vector(1, 0), 1 / 2, 9));
    expect(fitPerceptron(line, vector(-1, -1), 1, 9).mistakes).toBe(0);
  });
  test('a score of 0 is class 0, features without a weight count nothing', () => {
    expect([predict({ w: [1], b: 0 }, [0]), predict({ w: [1], b: 0 }, [1]), predict({ w: [1], b: 0 }, [0, 5])]).toEqual(
      [0, 1, 0],
    );
  });
  test('shapes and labels that are none', () => {
    for (const [x, y] of [
      [vector(1, 2), vector(0, 1)],
      [line, matrix([0, 1])],
      [line, matrix([0], [1])],
      [line, vector(0)],
      [zeros(2, 1, 1), vector(0, 1)],
    ] as const)
      refused(() => fitPerceptron(x, y, 1, 1), ShapeError, 'perceptron: data must be [n, d] with n labels, got [');
    refused(
      () => fitPerceptron(line, vector(1, 2), 1, 1),
      DomainError,
      'perceptron: labels must be 0 and 1, or -1 and 1, got 2',
    );
    refused(() => fitPerceptron(line, vector(-1, 0), 1, 1), DomainError, 'got both 0 and -1');
  });
  test('numbers out of range', () => {
    for (const lr of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
      refused(
        () => fitPerceptron(line, vector(0, 1), lr, 1),
        DomainError,
        `perceptron: lr must be positive and finite, got ${lr}`,
      );
    for (const epochs of [-1, 1.5, Number.NaN])
      refused(
        () => fitPerceptron(line, vector(0, 1), 1, epochs),
        DomainError,
        `perceptron: epochs must be a non-negative integer, got ${epochs}`,
      );
  });
  test('the bound on mistakes by hand: (R/γ)² with the constant feature', () => {
    // R² = 2² + 1, ‖(2, 1)‖² = 5, margin min(2·2 + 1, −(2·(−1) + 1)) = 1
    expect(mistakeBound(line, vector(1, 0), { w: [2], b: 1 })).toBe(25);
    refused(
      () => mistakeBound(line, vector(1, 0), { w: [1], b: 1 }),
      DomainError,
      'perceptron: the separator must separate strictly, got the margin 0',
    );
    refused(() => mistakeBound(line, vector(0, 1), { w: [1], b: 0 }), DomainError, 'got the margin -2');
  });
  test('a refutation is made of natural numbers, not all 0, one per sample', () => {
    const xor = matrix([0, 0], [0, 1], [1, 0], [1, 1]);
    const y = vector(0, 1, 1, 0);
    expect(refutes([1, 1, 1, 1], xor, y)).toBe(true);
    expect(refutes([2, 2, 2, 2], xor, y)).toBe(true);
    for (const alpha of [
      [0, 0, 0, 0],
      [-1, -1, -1, -1],
      [0.5, 0.5, 0.5, 0.5],
      [1, 1, 1],
      [1, 1, 1, 1, 0],
      [1, 1, 1, 0],
      [1, 1, 0, 0],
      [1, 0, 1, 0],
      [1, 2, 1, 1],
    ])
      expect(refutes(alpha, xor, y), String(alpha)).toBe(false);
    // sums that are 0 by multipliers that are not allowed
    const alike = matrix([0], [0], [0]);
    expect(refutes([1, -1, 0], alike, vector(1, 1, 0))).toBe(false);
    expect(refutes([1 / 2, 1 / 2, 1], alike, vector(1, 1, 0))).toBe(false);
    expect(refutes([1, 0, 1], alike, vector(1, 1, 0))).toBe(true);
    expect(findRefutation(xor, y)).toEqual([1, 1, 1, 1]);
    expect(findRefutation(xor, vector(0, 0, 0, 1))).toBeNull();
    // (1), (2) of one class against (1.5), twice
    expect(findRefutation(matrix([1], [2], [1.5]), vector(1, 1, 0))).toBeNull();
    expect(findRefutation(matrix([1], [2], [1.5]), vector(1, 1, 0), 2)).toEqual([1, 1, 2]);
  });
});

describe('networks as data', () => {
  test('an activation between two layers, and none behind the last', () => {
    expect(mlp([3, 2], 'tanh', 'zeros')).toEqual([
      { type: 'dense', units: 3, init: 'zeros' },
      { type: 'activation', name: 'tanh' },
      { type: 'dense', units: 2, init: 'zeros' },
    ]);
    expect(mlp([2], 'tanh')).toStrictEqual([{ type: 'dense', units: 2 }]);
  });
  test('the loss: in train mode and as a mean unless told otherwise, with what the weights add to it', () => {
    const spec = {
      layers: [
        { type: 'dense', units: 1 },
        { type: 'batchNorm', eps: 0 },
      ],
      loss: 'mse',
    } as const;
    const [x, y] = [matrix([1], [3]), matrix([0], [0])];
    const variables = {
      params: [
        { w: matrix([2]), b: vector(1) },
        { gamma: vector(3), beta: vector(0) },
      ],
      state: [{}, { mean: vector(0), variance: vector(1) }],
    };
    const found = (more: object, mode?: 'eval') => {
      const own = { ...spec, ...more };
      const context = mode === undefined ? [] : ([{ mode }] as const);
      const { loss, output, state } = lossOfModel(ops, own, networkOf(own), variables, x, y, ...context);
      return [loss, output, state[1]?.mean as Tensor].map((t) => t.toArray());
    };
    // 3 and 7 before the normalisation, −3 and 3 after it; 9 and 21 by the running statistics
    expect(found({})).toEqual([[9], [-3, 3], [expect.closeTo(0.5, 14)]]);
    expect(found({}, 'eval')).toEqual([[(81 + 441) / 2], [9, 21], [0]]);
    expect(found({ reduction: 'sum' })[0]).toEqual([18]);
    expect(found({ regulariser: { l1: 1 } })[0]).toEqual([11]);
    expect(found({ regulariser: { maxNorm: 1 } })[0]).toEqual([9]);
    expect(found({ loss: 'huber', lossParams: { delta: 2 } })[0]).toEqual([2 * (3 - 1)]);
    expect(found({ loss: 'huber' })[0]).toEqual([3 - 1 / 2]);
  });
});

describe('the Boltzmann machine', () => {
  const machine: Rbm<Tensor> = { w: matrix([1, -2], [3, 4], [0, 1]), b: vector(1, 2, 3), c: vector(-1, 1) };
  const data = matrix([0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 1]);
  const plan = { hidden: 2, epochs: 2, size: 2, lr: 0.5, key: keyOf(3) };
  const flat = (m: Rbm<Tensor>): readonly number[] => [m.w, m.b, m.c].flatMap((t) => t.toArray());

  test('all states, of up to 16 units', () => {
    expect(binaryStates(0).shape).toEqual([1, 0]);
    expect(binaryStates(2).toArray()).toEqual([0, 0, 1, 0, 0, 1, 1, 1]);
    expect(binaryStates(16).shape).toEqual([65536, 16]);
    for (const n of [-1, 1.5, 17])
      refused(() => binaryStates(n), DomainError, `rbm: between 0 and 16 units can be enumerated, got ${n}`);
  });
  test('the smaller side is enumerated', () => {
    const wide = { w: zeros(20, 2), b: zeros(20), c: zeros(2) };
    expect(logPartition(ops, wide, (t) => t).toArray()[0]).toBeCloseTo(22 * Math.LN2, 12);
    const tall = { w: zeros(2, 20), b: zeros(2), c: zeros(20) };
    expect(logPartition(ops, tall, (t) => t).toArray()[0]).toBeCloseTo(22 * Math.LN2, 12);
  });
  test('turns are counted, and each draws as often as it samples', () => {
    const shapes = (k: number, from?: Tensor): readonly string[] => {
      const asked: string[] = [];
      contrastiveDivergence(ops, machine, data, {
        k,
        uniform: (shape) => {
          asked.push(shape.join('×'));
          return Tensor.build(shape, (out) => out.fill(1 / 2));
        },
        ...(from === undefined ? {} : { from }),
      });
      return asked;
    };
    expect(shapes(1)).toEqual(['4×2', '4×3']);
    expect(shapes(3)).toEqual(['4×2', '4×3', '4×2', '4×3', '4×2', '4×3']);
    expect(shapes(1, matrix([1, 0, 0]))).toEqual(['1×2', '1×3']);
    for (const k of [0, -1, 1.5]) refused(() => shapes(k), DomainError, `rbm: k must be a positive integer, got ${k}`);
  });
  test('data and numbers out of range', () => {
    refused(() => fitRbm(vector(1), plan), ShapeError, 'rbm: data must be [n, visible], got [1]');
    refused(() => fitRbm(zeros(0, 3), plan), ShapeError, 'rbm: data must be [n, visible], got [0, 3]');
    for (const v of [-0.1, 1.1, Number.NaN])
      refused(() => fitRbm(matrix([0, v]), plan), DomainError, `rbm: data must lie in [0, 1], got ${v}`);
    for (const name of ['hidden', 'size'])
      for (const v of [0, 1.5])
        refused(
          () => fitRbm(data, { ...plan, [name]: v }),
          DomainError,
          `rbm: ${name} must be a positive integer, got ${v}`,
        );
    for (const bad of [{ lr: -1 }, { momentum: -1 }, { momentum: 1 }, { l2: -1 }, { lr: Number.NaN }])
      refused(
        () => fitRbm(data, { ...plan, ...bad }),
        DomainError,
        'rbm: lr, momentum < 1 and l2 must not be negative, got',
      );
    expect(() => fitRbm(matrix([0, 1]), { ...plan, lr: 0, momentum: 0, l2: 0 })).not.toThrow();
  });
  test('what is not named is momentum 1/2, a weight cost of 0.0001, one turn, and no persistent chain', () => {
    const long = { ...plan, epochs: 6, from: machine };
    const own = { ...long, momentum: 0.5, l2: 1e-4, k: 1, persistent: false };
    expect(flat(fitRbm(data, long))).toEqual(flat(fitRbm(data, own)));
    for (const other of [{ momentum: 0.4 }, { l2: 2e-4 }, { k: 2 }, { persistent: true }])
      expect(flat(fitRbm(data, { ...own, ...other }))).not.toEqual(flat(fitRbm(data, own)));
  });
  test('a batch that is larger than the data is all of them, and left-over rows wait', () => {
    const one = { ...plan, epochs: 1 };
    expect(flat(fitRbm(data, { ...one, size: 4 }))).toEqual(flat(fitRbm(data, { ...one, size: 9 })));
    expect(flat(fitRbm(data, { ...one, size: 4 }))).not.toEqual(flat(startRbm(data, 2, keyOf(3))));
    expect(flat(fitRbm(data, { ...plan, epochs: 0, from: machine }))).toEqual(flat(machine));
  });
  test('the start: biases at the logit of (ones + 1)/(n + 2), weights of deviation 1/100', () => {
    const { w, b, c } = startRbm(matrix([1, 0], [1, 0]), 50, keyOf(1));
    expect(b.toArray().map((v) => v / Math.log(3))).toEqual([expect.closeTo(1, 12), expect.closeTo(-1, 12)]);
    expect(c.toArray()).toEqual(new Array(50).fill(0));
    const spread = Math.sqrt(w.toArray().reduce((s, v) => s + v * v, 0) / 100);
    expect(spread).toBeGreaterThan(0.007);
    expect(spread).toBeLessThan(0.013);
  });
  test('a stack: each learns from the one below, with a key of its own', () => {
    const machines = stackRbms(data, [3, 2], { ...plan });
    expect(machines.map(({ w }) => w.shape)).toEqual([
      [3, 3],
      [3, 2],
    ]);
    const twins = stackRbms(data, [3, 3], { ...plan, epochs: 0 });
    expect(twins[0]?.w.toArray()).not.toEqual(twins[1]?.w.toArray());
  });
});
