// Shapes by tables done by hand, and the odometer against one that divides.
import { describe, expect, test } from 'vitest';
import { ShapeError } from './errors.ts';
import {
  broadcast,
  checkShape,
  resolveAxes,
  type Shape,
  sameShape,
  show,
  size,
  stretchedAxes,
  stridesOnto,
  walk,
} from './shape.ts';

const refused = (f: () => unknown, sentence: string): void => {
  expect(f).toThrow(ShapeError);
  expect(f).toThrow(sentence);
};

test('sizes, equality, text', () => {
  expect([[], [0, 3], [2, 3, 4]].map(size)).toEqual([1, 0, 24]);
  expect([[], [2], [2, 3]].map(show)).toEqual(['[]', '[2]', '[2, 3]']);
  for (const [a, b, same] of [
    [[], [], true],
    [[2, 3], [2, 3], true],
    [[2, 3], [2, 4], false],
    [[1, 3], [2, 3], false],
    [[2], [2, 3], false],
    [[2, 3], [2], false],
  ] as const)
    expect(sameShape(a, b), `${show(a)} ${show(b)}`).toBe(same);
  for (const good of [[], [0], [2, 0, 2 ** 53 - 1]]) expect(checkShape(good)).toBe(good);
  for (const bad of [[-1], [2, 0.5], [2 ** 53], [Number.NaN, 1]])
    refused(() => checkShape(bad), `shape: sizes must be non-negative integers, got ${show(bad)}`);
});

describe('broadcasting', () => {
  test('aligns at the last axes, where 1 stretches', () => {
    for (const [shapes, common] of [
      [[], []],
      [[[2, 1], [1, 3]], [2, 3]], // biome-ignore format: one line per case, as are the next
      [[[2, 3], [1, 3]], [2, 3]], // biome-ignore format: see above
      [[[3], [2, 1]], [2, 3]], // biome-ignore format: see above
      [[[2, 1], [3]], [2, 3]], // biome-ignore format: see above
      [[[2], [1, 1, 1]], [1, 1, 2]], // biome-ignore format: see above
      [[[1], [0]], [0]], // biome-ignore format: see above
      [[[0, 1], [1]], [0, 1]], // biome-ignore format: see above
      [[[4], [3, 1], [2, 1, 1]], [2, 3, 4]], // biome-ignore format: see above
    ] as const)
      expect(broadcast('op', shapes), shapes.map(show).join(' ')).toEqual(common);
  });
  test('a shape that is the common one already is not made again', () => {
    const shape = [2, 3];
    for (const shapes of [[shape], [shape, []], [[], shape], [[2, 3], shape]])
      expect(broadcast('op', shapes)).toBe(shape);
  });
  test('shapes that have no common one', () => {
    for (const [a, b] of [
      [[2], [3]],
      [[2], [0]],
      [[2, 3], [3, 3]], // biome-ignore format: one line per case
      [[2, 3], [2]],
    ] as const)
      refused(
        () => broadcast('op', [a, b]),
        `op: shapes must agree or be 1 on every axis, got ${show(a)} and ${show(b)}`,
      );
  });
  test('steps in the flat buffer, and the axes that were stretched', () => {
    for (const [shape, onto, strides, stretched] of [
      [[], [], [], []],
      [[], [2, 1], [0, 0], [0, 1]],
      [[3], [3], [1], []],
      [[3], [2, 3], [0, 1], [0]],
      [[1], [2, 1], [0, 0], [0]],
      [[1], [1], [0], []],
      [[2, 1], [2, 3], [1, 0], [1]],
      [[1, 3], [1, 3], [0, 1], []],
      [[1, 1], [1, 3], [0, 0], [1]],
      [[2, 3, 4], [2, 3, 4], [12, 4, 1], []],
      [
        [2, 1, 4],
        [5, 2, 3, 4],
        [0, 4, 0, 1],
        [0, 2],
      ],
      [[0, 2], [0, 2], [2, 1], []],
    ] as const) {
      expect(stridesOnto(shape, onto), `${show(shape)} onto ${show(onto)}`).toStrictEqual(strides);
      expect(stretchedAxes(shape, onto), `${show(shape)} onto ${show(onto)}`).toStrictEqual(stretched);
    }
  });
});

test('axes from either end, in ascending order, each once', () => {
  for (const [axes, found] of [
    [[], []],
    [[-1], [2]],
    [[2, 0, 1], [0, 1, 2]], // biome-ignore format: one line per case
    [
      [-1, -3],
      [0, 2],
    ],
    [
      [0, 1],
      [0, 1],
    ],
  ] as const)
    expect(resolveAxes('op', [4, 5, 6], axes)).toEqual(found);
  for (const axes of [[3], [-4], [0, 5], [0.5], [1, 1], [2, -1], [Number.NaN]])
    refused(
      () => resolveAxes('op', [4, 5, 6], axes),
      `op: axes must be distinct and name an axis, got [${axes.join(', ')}] for [4, 5, 6]`,
    );
  expect(() => resolveAxes('op', [], [0])).toThrow(ShapeError);
});

describe('the odometer', () => {
  /** The places of every axis by division, and what they come to under strides. */
  const visited = (shape: Shape, strides: readonly (readonly number[])[]): readonly (readonly number[])[] =>
    Array.from({ length: size(shape) }, (_, i) => {
      const at = shape.map((n, d) => Math.floor(i / size(shape.slice(d + 1))) % n);
      return [i, ...[0, 1, 2].map((k) => at.reduce((sum, p, d) => sum + p * (strides[k]?.[d] ?? 0), 0))];
    });
  for (const shape of [[], [3], [0], [2, 3], [3, 1], [1, 3], [2, 0], [2, 3, 4], [2, 1, 3], [3, 2, 2, 2]])
    test(show(shape), () => {
      const strides = [
        shape.map((_, d) => 2 ** d),
        shape.map((_, d) => 100 ** (d + 1)),
        shape.map((_, d) => (d === 1 ? 0 : 7)),
      ];
      for (let n = 0; n <= 3; n++) {
        const seen: (readonly number[])[] = [];
        walk(shape, strides.slice(0, n), (...at) => seen.push(at));
        expect(seen).toStrictEqual(visited(shape, strides.slice(0, n)));
      }
    });
});
