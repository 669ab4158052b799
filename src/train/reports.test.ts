// Reports on layers by cases done by hand: norms far from 1, the ends of thresholds, saturation, dead units, copies, shifts.
import { describe, expect, test } from 'vitest';
import {
  DomainError,
  diagnose,
  drift,
  gradientShift,
  keyOf,
  type LayerSpec,
  modelOf,
  optimizerOf,
  start,
  symmetryOf,
  Tensor,
  type Thresholds,
} from '../index.ts';

const matrix = (...rows: readonly (readonly number[])[]): Tensor =>
  Tensor.from([rows.length, rows[0]?.length ?? 0], rows.flat());
/** One weight w, without a bias, under (w·x − y)² summed. */
const line = (w: number) => ({
  model: modelOf({ layers: [{ type: 'dense', units: 1 }], loss: 'mse', reduction: 'sum' }),
  variables: { params: [{ w: matrix([w]), b: Tensor.from([1], [0]) }], state: [{}] },
});
const report = (w: number, x: number, y: number, thresholds: Partial<Thresholds> = {}) => {
  const { model, variables } = line(w);
  return diagnose(model, variables, { x: matrix([x]), y: matrix([y]) }, { thresholds });
};

describe('slopes', () => {
  test('by hand', () => {
    // output 3·2, error 1: slope 2 by the output, 2·3 by the input, 2·2 by the weight
    expect(report(3, 2, 5)).toEqual({
      loss: 1,
      slope: 2,
      layers: [
        {
          place: 0,
          layer: 'dense',
          slope: 6,
          ratio: 3,
          verdict: 'healthy',
          params: { w: 4, b: 2 },
          mean: 6,
          variance: 0,
          saturated: null,
          dead: null,
        },
      ],
      verdict: 'healthy',
    });
  });
  test('whose squares overflow or underflow', () => {
    for (const size of [2 ** 600, 2 ** -600]) {
      const { slope, layers } = report(1, 3 * size, 0);
      expect(slope).toBe(6 * size);
      expect(layers[0]?.slope).toBe(6 * size);
      expect(layers[0]?.ratio).toBe(1);
    }
    expect(report(1, 2 ** -1060, 0).slope).toBe(2 ** -1059);
    expect(report(1, 2 ** 1020, 0).slope).toBe(2 ** 1021);
  });
  test('of a batch: the norm of all, and root mean squares in the ratio', () => {
    const model = modelOf({ layers: [{ type: 'dense', units: 2 }], loss: 'mse', reduction: 'sum' });
    const variables = { params: [{ w: matrix([1, 0]), b: Tensor.from([2], [0, 0]) }], state: [{}] };
    const found = diagnose(model, variables, { x: matrix([1], [1]), y: matrix([-1, -1.5], [1, 0]) });
    // slopes by the output (4, 3), (0, 0): norm 5, root mean square 5/2; by the input 4, 0: norm 4, root mean square 4/√2
    expect(found.slope).toBe(5);
    expect(found.layers[0]?.slope).toBe(4);
    expect(found.layers[0]?.ratio).toBeCloseTo(4 / Math.SQRT2 / (5 / 2), 14);
    expect([found.layers[0]?.mean, found.layers[0]?.variance]).toEqual([1 / 2, 1 / 4]);
  });
});

describe('verdicts', () => {
  const verdict = (w: number, thresholds: Partial<Thresholds>) => report(w, 1, 0.5, thresholds).layers[0]?.verdict;
  test('the thresholds themselves are healthy', () => {
    const thresholds = { vanishing: 1 / 4, exploding: 8 };
    expect([1 / 8, 1 / 4, 8, 16].map((w) => verdict(w, thresholds))).toEqual([
      'vanishing',
      'healthy',
      'healthy',
      'exploding',
    ]);
    expect(verdict(1, { vanishing: 1, exploding: 1 })).toBe('healthy');
    expect([2 ** -9, 2 ** -10, 2 ** 9, 2 ** 10].map((w) => verdict(w, {}))).toEqual([
      'healthy',
      'vanishing',
      'healthy',
      'exploding',
    ]);
  });
  test('thresholds that are none', () => {
    for (const bad of [{ vanishing: -1 }, { vanishing: 2, exploding: 1 }, { exploding: Number.NaN }])
      expect(() => verdict(1, bad)).toThrow(DomainError);
    expect(() => verdict(1, { vanishing: 0, exploding: 0 })).not.toThrow();
  });
  test('nothing arrives, or nothing finite', () => {
    expect(report(1, 2, 2).verdict).toBe('silent');
    expect(report(1, 2, 2).layers[0]?.verdict).toBe('silent');
    expect(report(Number.POSITIVE_INFINITY, 1, 0).verdict).toBe('not finite');
    expect(report(Number.NaN, 1, 0).layers[0]?.verdict).toBe('not finite');
  });
  test('one layer that is not finite, or an output that is not', () => {
    const far = [1e200, 1e200].map((w) => ({ w: matrix([w]), b: Tensor.from([1], [0]) }));
    const two = modelOf({ layers: far.map(() => ({ type: 'dense', units: 1 }) as const), loss: 'mse' });
    const none = { x: matrix([0]), y: matrix([1]) };
    const { layers, verdict } = diagnose(two, { params: far, state: [{}, {}] }, none);
    expect(layers.map((l) => l.verdict)).toEqual(['not finite', 'exploding']);
    expect(verdict).toBe('not finite');
    const relu = modelOf({ layers: [{ type: 'activation', name: 'relu' }], loss: 'mse' });
    const off = { x: matrix([-1]), y: matrix([Number.POSITIVE_INFINITY]) };
    expect(diagnose(relu, { params: [{}], state: [{}] }, off).layers[0]).toMatchObject({
      slope: 0,
      verdict: 'not finite',
    });
  });
  test('a network of no layers', () => {
    const { layers, slope, verdict } = diagnose(
      modelOf({ layers: [], loss: 'mse', reduction: 'sum' }),
      { params: [], state: [] },
      { x: matrix([3]), y: matrix([1]) },
    );
    expect([layers, slope, verdict]).toEqual([[], 4, 'healthy']);
  });
  test('the worst layer speaks for the network', () => {
    const chain = (...ws: readonly number[]) => {
      const model = modelOf({ layers: ws.map(() => ({ type: 'dense', units: 1 }) as const), loss: 'mse' });
      const params = ws.map((w) => ({ w: matrix([w]), b: Tensor.from([1], [0]) }));
      return diagnose(model, { params, state: ws.map(() => ({})) }, { x: matrix([1]), y: matrix([1]) });
    };
    const mixed = chain(2 ** -24, 2 ** 12); // backwards: 4096, then 2⁻¹²
    expect(mixed.layers.map((l) => l.verdict)).toEqual(['vanishing', 'exploding']);
    expect(mixed.verdict).toBe('exploding');
    expect(chain(2 ** -12, 1).verdict).toBe('vanishing');
    expect(chain(2, 1, 1, 1).layers.map((l) => l.mean)).toEqual([2, 2, 2, 2]);
    expect(chain(1, 2).layers.map((l) => [l.place, l.mean])).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });
});

describe('activations', () => {
  const found = (layer: LayerSpec, x: Tensor) => {
    const model = modelOf({ layers: [layer], loss: 'mse' });
    const y = Tensor.build(x.shape, () => {});
    return diagnose(model, { params: [{}], state: [{}] }, { x, y }).layers[0];
  };
  test('are named, saturate by their own range, and die by the unit', () => {
    const x = matrix([-9, -1, 2], [-8, 1, 0]);
    expect(found({ type: 'activation', name: 'relu' }, x)).toMatchObject({
      layer: 'relu',
      dead: expect.closeTo(1 / 3, 14),
    });
    expect(found({ type: 'activation', name: 'tanh' }, x)).toMatchObject({ layer: 'tanh', saturated: 2 / 6, dead: 0 });
    expect(found({ type: 'activation', name: 'sigmoid' }, matrix([-9, 9, 0, 1]))).toMatchObject({ saturated: 1 / 2 });
    // the ends of the range count
    expect(found({ type: 'activation', name: 'hardTanh' }, matrix([-2, 2, 0.5, -1]))).toMatchObject({
      saturated: 3 / 4,
    });
    expect(found({ type: 'activation', name: 'softmax' }, x)).toMatchObject({ layer: 'softmax', dead: null });
    expect(found({ type: 'dropout', dropRate: 0 }, x)).toMatchObject({ layer: 'dropout', saturated: null, dead: null });
  });
});

describe('copies', () => {
  const layers: readonly LayerSpec[] = [
    { type: 'dense', units: 2 },
    { type: 'batchNorm' },
    { type: 'activation', name: 'tanh' },
    { type: 'dense', units: 2 },
  ];
  const found = (
    changed: object = {},
    out = [
      [5, 6],
      [5, 6],
    ],
  ) => {
    const params = [
      { w: matrix([1, 1], [2, 2]), b: Tensor.from([2], [0, -0]), ...changed },
      { gamma: Tensor.from([2], [1, 1]), beta: Tensor.from([2], [0, 0]) },
      {},
      { w: matrix(...out), b: Tensor.from([2], [3, 4]) },
    ];
    return symmetryOf(modelOf({ layers, loss: 'mse' }), params);
  };
  test('are alike in all that meets in them and all that leaves them; the last layer is not asked', () => {
    expect(found()).toEqual([{ place: 0, units: 2, distinct: 1, distance: 0 }]);
    expect(found({ w: matrix([1, 1], [2, 5]) })).toEqual([{ place: 0, units: 2, distinct: 2, distance: 3 }]);
    expect(found({ b: Tensor.from([2], [1, -1]) })).toEqual([{ place: 0, units: 2, distinct: 2, distance: 2 }]);
    expect(
      found({}, [
        [5, 6],
        [5, 7],
      ]),
    ).toEqual([{ place: 0, units: 2, distinct: 2, distance: 1 }]);
    expect(symmetryOf(modelOf({ layers: layers.slice(0, 3), loss: 'mse' }), [])).toEqual([]);
  });
  test('of three the two that are furthest apart count', () => {
    const [dense, out] = [
      { type: 'dense', units: 3 },
      { type: 'dense', units: 1 },
    ] as const;
    const params = [
      { w: matrix([1, 2, 4]), b: Tensor.from([3], [0, 0, 0]) },
      { w: matrix([5], [5], [5]), b: Tensor.from([1], [3]) },
    ];
    const found = symmetryOf(modelOf({ layers: [dense, out], loss: 'mse' }), params);
    expect(found).toEqual([{ place: 0, units: 3, distinct: 3, distance: 3 }]);
  });
  test('what meets in other units between them does not count', () => {
    const inner: readonly LayerSpec[] = [
      { type: 'dense', units: 3 },
      { type: 'dense', units: 2 },
    ];
    const model = modelOf({
      layers: [
        { type: 'dense', units: 2 },
        { type: 'residual', layers: inner },
        { type: 'dense', units: 1 },
      ],
      loss: 'mse',
    });
    const params = [
      { w: matrix([1, 1]), b: Tensor.from([2], [0, 0]) },
      {
        '0.w': matrix([1, 2, 3], [4, 5, 6]),
        '0.b': Tensor.from([3], [7, 8, 9]),
        '1.w': matrix([1, 1], [2, 2], [3, 3]),
        '1.b': Tensor.from([2], [0, 0.25]),
      },
      { w: matrix([5], [5]), b: Tensor.from([1], [3]) },
    ];
    expect(symmetryOf(model, params)).toEqual([{ place: 0, units: 2, distinct: 2, distance: 0.25 }]);
  });
  test('a normalisation tells units apart', () => {
    const params = [
      { w: matrix([1, 1]), b: Tensor.from([2], [0, 0]) },
      { gamma: Tensor.from([2], [1, 1.5]), beta: Tensor.from([2], [0, 0]) },
      {},
      { w: matrix([5, 6], [5, 6]), b: Tensor.from([2], [3, 4]) },
    ];
    expect(symmetryOf(modelOf({ layers, loss: 'mse' }), params)).toEqual([
      { place: 0, units: 2, distinct: 2, distance: 0.5 },
    ]);
  });
});

describe('shifts', () => {
  test('in deviations of before, and in logarithms', () => {
    const moments = (mean: readonly number[], deviation: readonly number[]) => [{ mean, deviation }];
    expect(drift(moments([1, 2], [2, 3]), moments([7, 2], [2, 3]))).toEqual([{ mean: 3 / Math.SQRT2, deviation: 0 }]);
    const [d] = drift(moments([0], [1]), moments([0], [Math.E]));
    expect(d?.deviation).toBeCloseTo(1, 14);
    expect(drift(moments([1], [0]), moments([2], [0]))).toEqual([{ mean: Number.POSITIVE_INFINITY, deviation: 0 }]);
    expect(drift(moments([1], [0]), moments([1], [0]))).toEqual([{ mean: 0, deviation: 0 }]);
    expect(() => drift(moments([1], [1]), moments([1, 2], [1, 1]))).toThrow(
      'drift: both must be of one model, got the widths 1 and 2',
    );
    expect(() => drift([...moments([1], [1]), ...moments([2, 3], [1, 1])], moments([1], [1]))).toThrow(
      'got the widths 1-2 and 1',
    );
    const wide = moments(new Array(12).fill(0), new Array(12).fill(1));
    expect(() => drift([...moments([1], [1]), ...moments([2, 3], [1, 1])], wide)).toThrow('the widths 1-2 and 12');
  });
  test('of gradients: layers without parameters are passed over', () => {
    const model = modelOf({
      layers: [
        { type: 'activation', name: 'tanh' },
        { type: 'dense', units: 1 },
        { type: 'dense', units: 1 },
      ],
      loss: 'mse',
    });
    const setup = { model, optimizer: optimizerOf('sgd', { lr: 0.5 }) };
    const at = start(setup, keyOf(1), [2]);
    const shifts = gradientShift(setup, at, { x: matrix([1, 2], [3, -1]), y: matrix([1], [2]) });
    expect(shifts.map((s) => s.place)).toEqual([1, 2]);
    expect(shifts[0]?.distance).toBe(0);
    expect(shifts[0]?.cosine).toBeCloseTo(1, 14);
    expect(shifts[1]?.distance).toBeGreaterThan(0);
  });
});
