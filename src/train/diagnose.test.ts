// Diagnosis in use: the cures of the course are seen to cure, shifts are what their definitions say, bad questions are refused.
import { describe, expect, test } from 'vitest';
import {
  type Data,
  DomainError,
  diagnose,
  drift,
  gradientShift,
  keyOf,
  type LayerSpec,
  lossAndGrad,
  modelOf,
  normal,
  ops,
  optimizerOf,
  type Setup,
  scalar,
  signalMoments,
  start,
  step,
  symmetryOf,
  Tensor,
} from '../index.ts';

const data: Data = {
  x: normal(keyOf(1), [32, 16]),
  y: Tensor.from(
    [32, 1],
    Array.from({ length: 32 }, (_, i) => i % 2),
  ),
};
const deep = (name: string, init: string, normalised: boolean, depth = 20): Setup => {
  const block: readonly LayerSpec[] = [
    { type: 'dense', units: 16, init },
    ...(normalised ? [{ type: 'batchNorm' } as const] : []),
    { type: 'activation', name },
  ];
  const layers = [...Array.from({ length: depth }, () => block).flat(), { type: 'dense', units: 1, init } as const];
  return { model: modelOf({ layers, loss: 'bceWithLogits' }), optimizer: optimizerOf('sgd', { lr: 0.1 }) };
};
const startOf = (setup: Setup) => start(setup, keyOf(3), [16]);
const found = (name: string, init: string, normalised: boolean) => {
  const setup = deep(name, init, normalised);
  return diagnose(setup.model, startOf(setup).variables, data);
};

describe('twenty layers of 16', () => {
  test('sigmoids vanish, and batch normalisation cures them', () => {
    expect(found('sigmoid', 'xavierNormal', false).verdict).toBe('vanishing');
    expect(found('sigmoid', 'xavierNormal', true).verdict).toBe('healthy');
  });
  test('wide normal weights explode under ReLU, those of He do not', () => {
    expect(found('relu', 'normal', false).verdict).toBe('exploding');
    expect(found('relu', 'heNormal', false).verdict).toBe('healthy');
  });
  test('zeros let nothing through, and every unit is a copy', () => {
    const setup = deep('tanh', 'zeros', false);
    const { params } = startOf(setup).variables;
    expect(found('tanh', 'zeros', false).layers[0]?.ratio).toBe(0);
    expect(symmetryOf(setup.model, params).every((s) => s.distinct === 1 && s.distance === 0)).toBe(true);
    const broken = deep('tanh', 'xavierNormal', true);
    const all = symmetryOf(broken.model, startOf(broken).variables.params);
    expect(all.every((s) => s.distinct === s.units && s.distance > 0)).toBe(true);
  });
});

describe('internal covariate shift', () => {
  const setup = deep('tanh', 'xavierNormal', false, 3);
  const from = startOf(setup);

  test('the change of gradients is that of Definition 2.1, taken apart by hand', () => {
    const after = step(setup, from, data).training.variables.params;
    const before = from.variables.params;
    const grads = (params: typeof before) =>
      lossAndGrad(ops, setup.model, { ...from.variables, params }, data.x, data.y, { key: from.key, k: scalar(0) })
        .grads;
    const place = 4; // the third dense layer: two dense layers have moved
    const mixed = before.map((p, i) => (i < place ? (after[i] ?? p) : p));
    const flat = (g: ReturnType<typeof grads>) => ['b', 'w'].flatMap((n) => g[place]?.[n]?.toArray() ?? []);
    const [a, b] = [flat(grads(before)), flat(grads(mixed))];
    const distance = Math.sqrt(a.reduce((s, v, i) => s + (v - (b[i] ?? Number.NaN)) ** 2, 0));
    const shifts = gradientShift(setup, from, data);
    expect(shifts.map((s) => s.place)).toEqual([0, 2, 4, 6]);
    expect(shifts[0]).toMatchObject({ place: 0, distance: 0 }); // nothing lies before the first layer
    expect(shifts[2]?.distance).toBeCloseTo(distance, 12);
    expect(shifts[2]?.distance).toBeGreaterThan(0);
    const dot = (u: readonly number[], v: readonly number[]) => u.reduce((s, x, i) => s + x * (v[i] ?? Number.NaN), 0);
    expect(shifts[2]?.cosine).toBeCloseTo(dot(a, b) / Math.sqrt(dot(a, a)) / Math.sqrt(dot(b, b)), 12);
  });

  test('drift is nothing without a step, and a shifted bias moves the mean by that many deviations', () => {
    const moments = signalMoments(setup.model, from.variables, data.x);
    expect(drift(moments, moments).every((d) => d.mean === 0 && d.deviation === 0)).toBe(true);
    const params = from.variables.params.map((p, i) => (i === 0 ? { ...p, b: ops.add(p.b as Tensor, scalar(2)) } : p));
    const [first] = drift(moments, signalMoments(setup.model, { ...from.variables, params }, data.x));
    const by = moments[0]?.deviation.map((s) => (2 / s) ** 2) ?? [];
    expect(first?.mean).toBeCloseTo(Math.sqrt(by.reduce((a, b) => a + b) / by.length), 9);
    expect(first?.deviation).toBeCloseTo(0, 12);
  });
});

describe('bad questions are refused', () => {
  const setup = deep('tanh', 'xavierNormal', false, 1);
  const { variables } = startOf(setup);
  test('thresholds', () => {
    expect(() => diagnose(setup.model, variables, data, { thresholds: { vanishing: Number.NaN } })).toThrow(
      'diagnose: thresholds must be 0 ≤ vanishing ≤ exploding, got NaN and 1000',
    );
  });
  test('dropout without a key', () => {
    const model = modelOf({
      layers: [
        { type: 'dropout', dropRate: 0.5 },
        { type: 'dense', units: 1 },
      ],
      loss: 'mse',
    });
    const { variables: own } = model.network.init(keyOf(0), [16]);
    expect(() => diagnose(model, own, data)).toThrow('train mode needs a key or given uniforms');
    expect(diagnose(model, own, data, { key: keyOf(0) }).layers.length).toBe(2);
  });
  test('moments of another model', () => {
    const other = deep('tanh', 'xavierNormal', false, 2);
    expect(() =>
      drift(
        signalMoments(setup.model, variables, data.x),
        signalMoments(other.model, startOf(other).variables, data.x),
      ),
    ).toThrow(DomainError);
  });
  test('a loss at its minimum has no slope, and is silent', () => {
    const model = modelOf({ layers: [{ type: 'dense', units: 1, init: 'zeros' }], loss: 'mse' });
    const { variables: own } = model.network.init(keyOf(0), [16]);
    expect(diagnose(model, own, { x: data.x, y: Tensor.build([32, 1], () => {}) }).verdict).toBe('silent');
  });
});
