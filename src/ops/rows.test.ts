// What rows declare under test, held against what they do: bends, turning points, ranges, signs of slopes, refusals.
import { describe, expect, test } from 'vitest';
import {
  ACTIVATIONS,
  DomainError,
  keyOf,
  type Lang,
  type Op,
  ops,
  ROWS,
  ShapeError,
  scalar,
  Tensor,
  uniform,
  vjp,
} from '../index.ts';

const TABLE: Readonly<Record<string, Op>> = ROWS;
const row = (name: string): Op => TABLE[name] as Op; // by its name in the table
const at = (x: number): Tensor => Tensor.from([1], [x]);
/** A row of one argument with the parameters of its sample. */
const apply = <T>(o: Lang<T>, name: string, x: T): T => {
  const p = row(name).sample([[1]]);
  const verb = (o as unknown as Record<string, (...a: unknown[]) => T>)[name] as (...a: unknown[]) => T; // by name
  return p === undefined ? verb(x) : verb(x, p);
};
const valueAt = (name: string, x: number): number => apply(ops, name, at(x)).view[0] as number;
const slopesAt = (name: string, xs: readonly number[]): readonly number[] => {
  const { value, pull } = vjp((o, [t]) => apply(o, name, t as NonNullable<typeof t>), ops, [
    Tensor.from([xs.length], xs),
  ]);
  return pull(Tensor.build(value.shape, (out) => out.fill(1)))[0]?.toArray() ?? [];
};
const slopeAt = (name: string, x: number): number => slopesAt(name, [x])[0] as number;

const single = Object.keys(TABLE).filter((name) => row(name).kind === 'pointwise' && row(name).args.length === 1);
const H = 2 ** -20;
/** Places at which a row of the table might bend or break; steps of floor and of parameters are no bends. */
const PLACES = [-3, -1, 0, 1, 3];
const UNBENT = ['floor', 'huber'];

describe('bends', () => {
  for (const name of single.filter((n) => !UNBENT.includes(n)))
    test(`${name} bends or breaks where it says, and nowhere else`, () => {
      const [low, high] = row(name).domain[0] ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
      const bends = PLACES.filter((x) => x > low && x < high).filter(
        (x) =>
          Math.abs(slopeAt(name, x + H) - slopeAt(name, x - H)) > 2 ** -10 ||
          Math.abs(valueAt(name, x + H) - valueAt(name, x - H)) > 2 ** -10,
      );
      expect(row(name).kinks.map((k) => k.at)).toEqual(bends);
      for (const kink of row(name).kinks) expect(kink.arg).toBe(0);
    });

  test('the slope at a bend is the one that is declared', () => {
    const slopes: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
      step: [['0', 0]],
      relu: [['0', 0]],
      leakyRelu: [['slope', 0.3]],
      elu: [['alpha', 0.7]],
      selu: [['scale * alpha', 1.7580993408473769]],
      hardSigmoid: [
        ['0', 0],
        ['0', 0],
      ],
      hardTanh: [
        ['0', 0],
        ['0', 0],
      ],
    };
    for (const [name, expected] of Object.entries(slopes))
      expect(row(name).kinks.map((k) => [k.slope, slopeAt(name, k.at)])).toEqual(expected);
    expect(
      Object.keys(TABLE).filter((name) => row(name).kinks.some((k) => k.declared === true)),
      'engines differ in the rectifiers alone',
    ).toEqual(['relu', 'leakyRelu']);
    for (const name of ['div', 'relativeEntropy']) expect(row(name).kinks).toEqual([{ arg: 1, at: 0, slope: 'none' }]);
  });
});

describe('turning points', () => {
  const TURNS: Readonly<Record<string, readonly number[]>> = { sinPi: [-0.5, 0.5], cosPi: [0, 1] };
  for (const name of single) {
    const points = TURNS[name] ?? row(name).turns(-5, 5);
    test(`${name} turns at ${points.join(', ') || 'no place'}`, () => {
      const flat = (x: number): boolean => slopeAt(name, x - H) * slopeAt(name, x + H) < 0;
      for (const x of points) {
        expect(flat(x), `at ${x}`).toBe(true);
        expect(
          row(name)
            .turns(x - 1 / 4, x + 1 / 4)
            .map((n) => n + 0),
        ).toEqual([x]);
        expect(row(name).turns(x - 1 / 4, x)).toEqual([]); // ends are not between
        expect(row(name).turns(x, x + 1 / 4)).toEqual([]);
      }
    });
  }
  test('are those of the rows that are neither monotone nor convex', () => {
    expect(single.filter((name) => row(name).turns(-5, 5).length > 0).sort()).toEqual(
      ['cosPi', 'gelu', 'geluTanh', 'silu', 'sinPi'].sort(),
    );
    expect(row('cosPi').turns(0.5, 7.5)).toEqual([1, 2]); // two will do
    expect(row('sinPi').turns(0, 7.5)).toEqual([0.5, 1.5]);
    expect(row('cosPi').turns(0.25, 0.75)).toEqual([]);
  });
});

test('slopes that change sign inside a smooth piece are declared', () => {
  const places = Array.from({ length: 400 }, (_, i) => (i - 200) / 50 + 1 / 128);
  for (const name of single) {
    const kinks = row(name).kinks.map((k) => k.at);
    const smooth = (a: number, b: number): boolean => !kinks.some((k) => k >= a && k <= b);
    const [low] = row(name).domain[0] ?? [Number.NEGATIVE_INFINITY];
    const slopes = slopesAt(name, places);
    const crosses = places.some((a, i) => {
      const b = places[i + 1] ?? a;
      return a > low && smooth(a, b) && (slopes[i] as number) * (slopes[i + 1] ?? 0) < 0;
    });
    expect(crosses && !['square', 'huber', 'abs'].includes(name), name).toBe(row(name).slopeCrosses);
  }
});

test('a domain ends where values do', () => {
  for (const [name, low] of [
    ['sqrt', 0],
    ['log', 0],
    ['log1p', -1],
  ] as const) {
    expect(row(name).domain).toEqual([[low, Number.POSITIVE_INFINITY]]);
    expect(valueAt(name, low - H)).toBeNaN();
    expect(valueAt(name, low)).not.toBeNaN();
  }
  expect(row('bce').domain).toEqual([[0, 1], [0, 1]]); // biome-ignore format: one pair per argument
  expect(row('relativeEntropy').domain).toEqual(row('bce').domain);
  expect(row('bceWithLogits').domain).toEqual([[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], [0, 1]]); // biome-ignore format: one pair per argument
});

test('which rows are activations, where they saturate, and what is constant to derivatives', () => {
  const saturating: Readonly<Record<string, readonly [number, number]>> = {
    sigmoid: [0.03, 0.97],
    tanh: [-0.97, 0.97],
    hardSigmoid: [0, 1],
    hardTanh: [-1, 1],
    softsign: [-0.97, 0.97],
  };
  for (const name of Object.keys(TABLE)) expect(row(name).saturates, name).toEqual(saturating[name] ?? null);
  const names =
    'step identity relu leakyRelu sigmoid tanh softplus elu selu silu gelu geluTanh hardSigmoid hardTanh softsign softmax logSoftmax';
  expect([...ACTIVATIONS].sort()).toEqual(names.split(' ').sort());
  expect(Object.keys(TABLE).filter((name) => row(name).constant)).toEqual(['inverseRoot']);
});

test('terms of a result, and samples of parameters', () => {
  expect(row('sum').sample([[2, 3]])).toEqual({ axes: [-1], keep: false });
  expect(row('sum').terms([[2, 3, 5]], [2, 3])).toBe(5);
  expect(row('sum').terms([[0]], [])).toBe(0);
  expect(row('matmul').terms([[2, 3], [3, 4]], [2, 4])).toBe(3); // biome-ignore format: two shapes
  for (const name of ['relu', 'reshape', 'uniform']) expect(row(name).terms([[4]], [4]), name).toBe(1);
  for (const name of ['logSumExp', 'softmax', 'logSoftmax']) expect(row(name).terms([[2, 7]], [2]), name).toBe(7);
  expect(row('uniform').args).toEqual(['k']);
  expect(row('uniform').sample([])).toEqual({ key: [1, 2], shape: [3] });
});

test('kinds of rows, and what follows from them', () => {
  const of = (kind: Op['kind']) => Object.keys(TABLE).filter((name) => row(name).kind === kind);
  expect(of('fold')).toEqual(['sum', 'matmul']);
  expect(of('layout')).toEqual(['max', 'reshape', 'transpose', 'expand']);
  expect(of('rowwise')).toEqual(['logSumExp', 'softmax', 'logSoftmax']);
  expect([of('spectral'), of('draw')]).toEqual([['inverseRoot'], ['uniform', 'normal']]);
  expect(of('pointwise').length).toBe(Object.keys(TABLE).length - 12);
  for (const name of of('rowwise')) expect(row(name).sample([]), name).toBeUndefined();
  for (const name of Object.keys(TABLE).filter((n) => row(n).kind !== 'pointwise')) {
    const { ulp, kinks, turns, slopeCrosses, domain, saturates } = row(name);
    const plain = {
      ulp: name === 'normal' ? 4 : 0,
      kinks: [],
      turns: [],
      slopeCrosses: false,
      domain: [],
      saturates: null,
    };
    expect({ ulp, kinks, turns: turns(-5, 5), slopeCrosses, domain, saturates }, name).toEqual(plain);
  }
  for (const name of ['uniform', 'normal', 'inverseRoot'])
    expect(row(name).vjp(ops, at(1), at(1), [at(1)], {})).toEqual([null]);
});

test('indices of sums, and samples by shape', () => {
  const { formula } = row('sum') as { readonly formula: { index(shapes: unknown, p: unknown): string } }; // a fold's
  expect(formula.index([[2, 3, 4]], { axes: [1], keep: false })).toBe('abc->ac');
  expect(formula.index([[2, 3, 4]], { axes: [-1, 0], keep: true })).toBe('abc->b');
  expect(row('reshape').sample([[2, 3]])).toEqual({ shape: [6] });
  expect(row('expand').sample([[2]])).toEqual({ shape: [3, 2] });
  expect(row('inverseRoot').sample([])).toEqual({ order: 4, ridge: 0.3 });
});

test('what rows refuse, in one sentence', () => {
  const [m, v] = [uniform(keyOf(1), [2, 3]), uniform(keyOf(2), [3])];
  const refused = (f: () => unknown, kind: new (m: string) => Error, sentence: string): void => {
    expect(f).toThrow(kind);
    expect(f).toThrow(sentence);
  };
  refused(() => ops.matmul(m, v), ShapeError, 'matmul: both arguments must be matrices, got [2, 3] · [3]');
  refused(() => ops.matmul(v, m), ShapeError, 'matmul: both arguments must be matrices, got [3] · [2, 3]');
  refused(() => ops.matmul(m, m), ShapeError, 'matmul: inner sizes must agree, got [2, 3] · [2, 3]');
  refused(() => ops.transpose(v), ShapeError, 'transpose: the argument must be a matrix, got [3]');
  refused(() => ops.reshape(m, { shape: [5] }), ShapeError, 'reshape: sizes must agree, got [2, 3] to [5]');
  refused(
    () => ops.expand(m, { shape: [2, 4] }),
    ShapeError,
    'expand: shapes must agree or be 1 on every axis, got [2, 3] and [2, 4]',
  );
  refused(() => ops.expand(v, { shape: [1] }), ShapeError, 'expand: only axes of size 1 stretch, got [3] to [1]');
  refused(
    () => ops.sum(m, { axes: [2], keep: false }),
    ShapeError,
    'sum: axes must be distinct and name an axis, got [2] for [2, 3]',
  );
  for (const verb of ['max', 'softmax', 'logSumExp', 'logSoftmax'] as const) {
    refused(() => ops[verb](scalar(1)), ShapeError, `${verb}: the last axis must hold at least one number, got []`);
    refused(
      () => ops[verb](Tensor.from([2, 0], [])),
      ShapeError,
      `${verb}: the last axis must hold at least one number, got [2, 0]`,
    );
    expect(() => ops[verb](Tensor.from([0, 2], []))).not.toThrow();
  }
  // without a name, as other readings ask
  refused(() => row('add').shape([[2], [3]], undefined), ShapeError, 'broadcast: shapes must agree');
  refused(() => row('softmax').shape([[]], undefined), ShapeError, 'rowwise: the last axis must hold');
  const root = (x: Tensor, order: number) => () => ops.inverseRoot(x, { order, ridge: 1 });
  refused(root(m, 4), ShapeError, 'inverseRoot: the matrix must be square, got [2, 3]');
  refused(root(uniform(keyOf(1), [2, 2, 2]), 4), ShapeError, 'inverseRoot: the matrix must be square, got [2, 2, 2]');
  for (const order of [0, 3, 16])
    refused(
      root(Tensor.from([1, 1], [1]), order),
      DomainError,
      `inverseRoot: the order must be 1, 2, 4 or 8, got ${order}`,
    );
  refused(
    () => ops.uniform(v, { key: [1, 2], shape: [2] }),
    ShapeError,
    'uniform: the counter must be a scalar, got [3]',
  );
});

describe('inverse roots of matrices', () => {
  test('of diagonals are those of the numbers there', () => {
    const diagonal = (...v: readonly number[]) =>
      Tensor.from([v.length, v.length], v.flatMap((x, i) => v.map((_, j) => (i === j ? x : 0)))); // biome-ignore format: one matrix
    const found = (order: number, ridge: number, ...v: readonly number[]) =>
      ops.inverseRoot(diagonal(...v), { order, ridge }).toArray();
    expect(found(4, 0, 16, 16, 256)).toEqual(diagonal(1 / 2, 1 / 2, 1 / 4).toArray());
    expect(found(1, 3, 1, 5)).toEqual(diagonal(1 / 4, 1 / 8).toArray());
    expect(found(8, 0, 1)).toEqual([1]);
  });
  for (const n of [1, 2, 3, 4, 6])
    for (const order of [1, 2, 4, 8])
      test(`the root of order ${order} of ${n} × ${n}, its power times the matrix, is the unit`, () => {
        const b = ops.sub(uniform(keyOf(n + order), [n, n]), scalar(0.5));
        const x = ops.matmul(b, ops.transpose(b));
        const ridge = 0.25;
        const root = ops.inverseRoot(x, { order, ridge });
        const unit = (size: number): Tensor =>
          Tensor.from(
            [n, n],
            Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? size : 0)),
          );
        let power = unit(1);
        for (let i = 0; i < order; i++) power = ops.matmul(power, root);
        const got = ops.matmul(power, ops.add(x, unit(ridge))).toArray();
        unit(1)
          .toArray()
          .forEach((want, i) => {
            expect(Math.abs((got[i] as number) - want)).toBeLessThan(2 ** -40); // condition 20, 8 products of 6 terms
          });
      });
});
