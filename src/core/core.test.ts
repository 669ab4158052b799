// The core under test: tensors that cannot be changed, shapes that refuse with a sentence, trees, keys, JSON.
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import {
  DomainError,
  flatten,
  fold,
  fromJson,
  keyOf,
  lookup,
  normal,
  normalQuantile,
  ops,
  permutation,
  ShapeError,
  scalar,
  split,
  TautogradError,
  Tensor,
  threefry,
  toJson,
  toLine,
  UnknownNameError,
  uniform,
} from '../index.ts';
import { normalSingles, uniformSingles } from './key.ts';

describe('tensors', () => {
  test('reshape shares the elements, and refuses another number of them', () => {
    const a = Tensor.from([2, 3], [1, 2, 3, 4, 5, 6]);
    expect(a.reshape([3, 2]).shape).toEqual([3, 2]);
    expect(a.reshape([3, 2]).view).toBe(a.view);
    expect(() => a.reshape([4])).toThrow('reshape: sizes must agree, got [2, 3] to [4]');
    expect(() => a.reshape([-6])).toThrow(ShapeError);
  });

  test('keep their values whatever happens to the array they came from or went to', () => {
    const values = [1, 2, 3];
    const t = Tensor.from([3], values);
    values[0] = 9;
    t.toArray()[1] = 9;
    expect(t.toArray()).toEqual([1, 2, 3]);
    expect(Object.isFrozen(t)).toBe(true);
    expect(Object.isFrozen(t.shape)).toBe(true);
  });

  test('a shape handed in is not frozen under its owner', () => {
    const shape = [2, 1];
    Tensor.from(shape, [1, 2]);
    shape.push(5);
    expect(shape).toEqual([2, 1, 5]);
  });

  test('a buffer that escapes its birth is out of reach in the test mode', () => {
    const escaped: Float64Array[] = [];
    const t = Tensor.build([2], (out) => {
      out.set([1, 2]);
      escaped.push(out);
    });
    expect(() => escaped[0]?.fill(9)).toThrow(TypeError);
    expect(escaped[0]?.length).toBe(0);
    expect(t.toArray()).toEqual([1, 2]);
  });

  test('refuse wrong shapes with a sentence that has the values', () => {
    expect(() => Tensor.from([2, 2], [1, 2, 3])).toThrow(new ShapeError('from: shape [2, 2] holds 4 elements, got 3'));
    expect(() => Tensor.from([-1], [])).toThrow('sizes must be non-negative integers, got [-1]');
    const [a, b] = [Tensor.build([2, 3], () => {}), Tensor.build([4, 5], () => {})];
    expect(() => ops.matmul(a, b)).toThrow(new ShapeError('matmul: inner sizes must agree, got [2, 3] · [4, 5]'));
    expect(() => ops.matmul(a, scalar(1))).toThrow('both arguments must be matrices, got [2, 3] · []');
    expect(() => ops.add(a, b)).toThrow('add: shapes must agree or be 1 on every axis, got [2, 3] and [4, 5]');
    expect(() => ops.reshape(a, { shape: [4] })).toThrow('sizes must agree, got [2, 3] to [4]');
    expect(() => ops.expand(a, { shape: [3, 3] })).toThrow(ShapeError);
    expect(() => ops.sum(a, { axes: [2], keep: false })).toThrow(
      'axes must be distinct and name an axis, got [2] for [2, 3]',
    );
    expect(() => ops.sum(a, { axes: [0, -2], keep: false })).toThrow(ShapeError);
    expect(() => (ops.add as (x: Tensor) => Tensor)(a)).toThrow(new DomainError('add: takes x, y, got 1 arguments'));
    expect(() => (ops.sum as (x: Tensor) => Tensor)(a)).toThrow('sum: takes x and parameters, got 1 arguments');
    expect(() => ops.add(a, 3 as never)).toThrow('arguments must be tensors (x, y), got 3');
  });

  test('are born out of sight unless somebody watches', async () => {
    vi.resetModules();
    const { Tensor: Fresh, watchBirths } = await import('./tensor.ts');
    expect(Fresh.from([2], [1, 2]).toArray()).toEqual([1, 2]);
    const seen: unknown[] = [];
    watchBirths({ seal: (out) => out.map((v) => -v), born: (t) => seen.push(t) });
    const t = Fresh.from([2], [1, 2]);
    expect(seen).toEqual([t]);
    expect(t.toArray()).toEqual([-1, -2]);
  });

  test('empty tensors work', () => {
    const none = Tensor.from([0, 3], []);
    expect(ops.relu(none).shape).toEqual([0, 3]);
    expect(ops.sum(none, { axes: [0], keep: false }).toArray()).toEqual([0, 0, 0]);
    expect(
      ops.matmul(
        none,
        Tensor.build([3, 2], () => {}),
      ).shape,
    ).toEqual([0, 2]);
  });
});

test('trees give leaves in sorted order, put others in their places, and refuse another number of them', () => {
  const tree = { b: scalar(1), a: [scalar(2), { z: scalar(3) }] };
  const flat = flatten<Tensor>(tree);
  expect(flat.paths).toEqual(['a/0', 'a/1/z', 'b']);
  expect(flat.build(['p', 'q', 'r'])).toEqual({ a: ['p', { z: 'q' }], b: 'r' });
  expect(() => flat.build([1])).toThrow('the tree has 3 leaves, got 1');
});

describe('keys', () => {
  test('children differ from each other and from their parent’s draws, and nothing depends on order', () => {
    const key = keyOf(7);
    const words = [...split(key, 100), key].map(String);
    expect(new Set(words).size).toBe(101);
    expect(fold(key, 3)).toEqual(split(key, 5)[3]);
    expect(uniform(key, [5]).toArray()).toEqual(uniform(key, [9]).toArray().slice(0, 5));
    expect(() => keyOf(0.5)).toThrow(DomainError);
    expect(keyOf(-1)).not.toEqual(keyOf(1));
  });

  test('the block function has its known answers', () => {
    // Salmon et al. 2011, the known answers of Random123 for threefry2x32 of 20 rounds
    const all = 2 ** 32 - 1;
    for (const [counter, key, out] of [
      [[0, 0], [0, 0], [0x6b200159, 0x99ba4efe]], // biome-ignore format: one line per answer
      [[all, all], [all, all], [0x1cb996fc, 0xbb002be7]], // biome-ignore format: see above
      [[0x243f6a88, 0x85a308d3], [0x13198a2e, 0x03707344], [0xc4923a9c, 0x483df7a0]], // biome-ignore format: see above
    ] as const)
      expect(threefry(key, counter)).toEqual(out);
  });

  test('seeds, children and draws are words of their own', () => {
    expect([0, 5, 2 ** 32 + 5, -1, -(2 ** 32) - 1].map(keyOf)).toEqual([
      [0, 0],
      [0, 5],
      [1, 5],
      [2 ** 32 - 1, 2 ** 32 - 1],
      [2 ** 32 - 2, 2 ** 32 - 1],
    ]);
    const key = keyOf(2 ** 40 + 3);
    expect(fold(key, 2 ** 32 - 2)).toEqual(threefry(key, [2 ** 32 - 2, 1]));
    expect(split(key, 2)).toEqual([threefry(key, [0, 1]), threefry(key, [1, 1])]);
    const draws = [0, 1, 2].map((i) => {
      const [high, low] = threefry(key, [i, 0]);
      return Number((BigInt(high >>> 6) << 26n) | BigInt(low >>> 6)) * 2 ** -52 + 2 ** -53;
    });
    expect(uniform(key, [3]).toArray()).toEqual(draws);
    expect(normal(key, [3, 1]).shape).toEqual([3, 1]);
    expect(normal(key, [3, 1]).toArray()).toEqual(draws.map(normalQuantile));
    const order = [0, 1, 2].sort((a, b) => (draws[a] as number) - (draws[b] as number));
    expect(permutation(key, 3)).toEqual(order);
    for (const seed of [0.5, 2 ** 53, Number.NaN])
      expect(() => keyOf(seed)).toThrow(new DomainError(`key: the seed must be a safe integer, got ${seed}`));
  });

  test('singles are the middles of the cells that doubles lie in', () => {
    const key = keyOf(2 ** 40 + 3);
    const expected = uniform(key, [6])
      .toArray()
      .map((u) => (Math.floor(u * 2 ** 23) + 0.5) / 2 ** 23);
    for (const n of [0, 1, 5, 6]) {
      const [u, z] = [new Float32Array(n), new Float32Array(n)];
      uniformSingles(key, u);
      expect([...u]).toEqual(expected.slice(0, n));
      normalSingles(key, z);
      for (const [i, v] of z.entries()) expect(v).toBeCloseTo(normalQuantile(expected[i] as number), 5);
    }
  });

  test('a permutation holds every index once', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 0, max: 40 }), (seed, n) => {
        expect([...permutation(keyOf(seed), n)].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
      { seed: 1 },
    );
  });

  test('the normal quantile is odd, and has its tabulated values', () => {
    // Wichura 1988, AS 241: the three test values of PPND16
    expect(normalQuantile(0.25)).toBeCloseTo(-0.6744897501960817, 14);
    expect(normalQuantile(0.001)).toBeCloseTo(-3.090232306167814, 14);
    expect(normalQuantile(1e-20)).toBeCloseTo(-9.262340089798408, 14);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 }), (k) =>
        Object.is(normalQuantile(k * 2 ** -31), -normalQuantile(1 - k * 2 ** -31)),
      ),
      { seed: 1 },
    );
    expect([normalQuantile(0), normalQuantile(1)]).toEqual([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
    expect(normalQuantile(-1)).toBeNaN();
  });
});

test('JSON loses no double: infinities, NaN and -0 come back', () => {
  const values = [1.5, -0, 0, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.MIN_VALUE];
  for (const text of [toJson({ values }), toLine({ values })]) {
    const back = (fromJson(text) as { values: number[] }).values;
    expect(back.every((v, i) => Object.is(v, values[i]))).toBe(true);
  }
});

test('JSON text keeps a list of plain numbers on one line, and nothing else', () => {
  const value = {
    plain: [7, -8],
    numbers: [-1.5e-7, 12e30, -0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, 0.25],
    starts: [[Number.POSITIVE_INFINITY, 3], [Number.NEGATIVE_INFINITY, -0], [Number.NaN], [-12]], // biome-ignore format: one list
    mixed: [1, 'a'],
    none: [],
  };
  const text = `{
  "plain": [7, -8],
  "numbers": [-1.5e-7, 1.2e+31, "-0", "Infinity", "-Infinity", "NaN", 0.25],
  "starts": [
    ["Infinity", 3],
    ["-Infinity", "-0"],
    ["NaN"],
    [-12]
  ],
  "mixed": [
    1,
    "a"
  ],
  "none": []
}
`;
  expect(toJson(value)).toBe(text);
  expect(fromJson(text)).toEqual(value);
  expect(fromJson('{"name": "toString", "other": "Infinity "}')).toEqual({ name: 'toString', other: 'Infinity ' });
});

test('errors say what they are, and a table that has no such row says which it has', () => {
  for (const kind of [TautogradError, ShapeError, DomainError, UnknownNameError])
    expect(new kind('why')).toMatchObject({ name: kind.name, message: 'why' });
  expect(lookup({ a: 1, b: 2 }, 'letter', 'b')).toBe(2);
  expect(() => lookup({ a: 1, b: 2 }, 'letter', 'c')).toThrow(
    new UnknownNameError('letter: no row is called "c", known are a, b'),
  );
  const engines = { steam: 1, diesel: 2, stirling: 3 };
  expect(() => lookup(engines, 'engine', 'Stering')).toThrow('steam, diesel, stirling; did you mean "stirling"?');
  expect(() => lookup(engines, 'engine', 'setma')).toThrow('did you mean "steam"?');
  expect(() => lookup(engines, 'engine', 'petrol')).toThrow(/stirling$/);
  expect(() => lookup({ a: 1 }, 'letter', 'toString')).toThrow(UnknownNameError);
});

test('trees have leaves of any kind but lists and plain records', () => {
  const made = new Map([[1, 2]]);
  expect(flatten<unknown>({ b: null, a: [undefined, made], c: 'text', d: 0 } as never).leaves).toEqual([
    undefined,
    made,
    null,
    'text',
    0,
  ]);
  expect(flatten({ d: 1, b: 2, c: 3, a: 4 }).leaves).toEqual([4, 2, 3, 1]);
  expect(flatten([[1, 2], [3]]).build([4, 5, 6])).toEqual([[4, 5], [6]]);
  expect(flatten([[1, 2], [3]]).paths).toEqual(['0/0', '0/1', '1/0']);
  const long = Array.from({ length: 12 }, (_, i) => i); // as text, 10 comes before 2
  expect(flatten<number>(long).leaves).toEqual(long);
  expect(flatten<number>(long).build(long)).toEqual(long);
});
