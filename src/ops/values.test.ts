// Values and slopes of rows under test: by hand where a bit counts, by differences of values everywhere else.
import { describe, expect, test } from 'vitest';
import { nextUp } from '../../properties/tolerance.ts';
import { compiled } from '../core/code.ts';
import {
  fold,
  keyOf,
  type Lang,
  OP_NAMES,
  type Op,
  type OpName,
  ops,
  ROWS,
  scalar,
  Tensor,
  uniform,
  vjp,
} from '../index.ts';
import { loopOf } from './loop.ts';

const TABLE: Readonly<Record<string, Op>> = ROWS;
const row = (name: string): Op => TABLE[name] as Op; // by its name in the table
const apply = <T>(o: Lang<T>, name: OpName, xs: readonly T[]): T => {
  const p = row(name).sample(xs.map((x) => o.shape(x)));
  return (o[name] as unknown as (...a: unknown[]) => T)(...xs, ...(p === undefined ? [] : [p])); // by name
};
const vector = (...v: readonly number[]): Tensor => Tensor.from([v.length], v);
const value = (name: OpName, ...xs: readonly number[]): number => apply(ops, name, xs.map(scalar)).view[0] as number; // one element
const slopes = (name: OpName, ...xs: readonly number[]): readonly number[] =>
  vjp((o, ts) => apply(o, name, ts), ops, xs.map(scalar))
    .pull(scalar(1))
    .map((t) => t.view[0] as number); // one element each

describe('slopes are what differences of values say', () => {
  /** Both sides of every bend, in [0, 1] where a row takes shares. */
  const WIDE = [0.3, -0.4, 2.2, -2.6, 0.61, -5.3];
  const OTHER = [0.7, 0.2, -1.1, 0.4, 3.1, -0.9];
  const share = (v: number): number => 0.05 + Math.abs(v) / 6;
  const POSITIVE: readonly OpName[] = ['sqrt', 'log', 'log1p'];
  const H = 2 ** -16;
  const inputs = (name: OpName): readonly (readonly number[])[] => {
    if (name === 'where') return [[0, 1, 0, 2, -1, 0], WIDE, OTHER];
    return row(name).args.map((_, k) => {
      const [low, high] = row(name).domain[k] ?? [];
      const own = k === 0 ? WIDE : OTHER;
      return high === 1 ? own.map(share) : low === 0 || POSITIVE.includes(name) ? own.map(Math.abs) : own;
    });
  };
  for (const name of OP_NAMES.filter((n) => !['draw', 'spectral'].includes(row(n).kind)))
    test(name, () => {
      const shapes = row(name).args.map((_, k) => (name === 'matmul' && k === 1 ? [3, 2] : [2, 3]));
      const xs = inputs(name).map((v, k) => Tensor.from(shapes[k] as number[], v)); // one shape each
      const { value: y, pull } = vjp((o, ts) => apply(o, name, ts), ops, xs);
      const g = ops.add(uniform(keyOf(1), y.shape), scalar(1 / 2));
      const along = (ts: readonly Tensor[]): number =>
        ops
          .mul(apply(ops, name, ts), g)
          .toArray()
          .reduce((a, b) => a + b);
      pull(g).forEach((dx, k) => {
        if (name === 'where' && k === 0) return;
        dx.toArray().forEach((slope, i) => {
          const at = (h: number): number =>
            along(
              xs.map((x, j) =>
                j === k
                  ? Tensor.from(
                      x.shape,
                      x.toArray().map((v, m) => (m === i ? v + h : v)),
                    )
                  : x,
              ),
            );
          const difference = (at(H) - at(-H)) / (2 * H);
          expect(Math.abs(slope - difference), `argument ${k} at ${i}: ${slope}, ${difference}`).toBeLessThan(2 ** -20);
        });
      });
    });
});

describe('by hand', () => {
  test('the larger, the smaller, and which zero', () => {
    const { NaN: nan } = Number;
    for (const [x, y, larger, smaller] of [
      [1, 2, 2, 1],
      [2, 1, 2, 1],
      [0, -0, 0, -0],
      [-0, 0, 0, -0],
      [-0, -0, -0, -0],
      [3, 3, 3, 3],
      [1e308, 1e308, 1e308, 1e308],
      [nan, 1, nan, nan],
      [1, nan, nan, nan],
    ] as const)
      expect([value('maximum', x, y), value('minimum', x, y)], `${x}, ${y}`).toEqual([larger, smaller]);
    expect(slopes('maximum', 3, 3)).toEqual([1 / 2, 1 / 2]);
    expect(slopes('minimum', 3, 3)).toEqual([1 / 2, 1 / 2]);
    expect([-1, -0, 0, 2, nan].map((x) => value('sign', x))).toEqual([-1, -0, 0, 1, nan]);
    expect([-1, 0, 2, nan].map((x) => value('step', x))).toEqual([0, 0, 1, nan]);
    expect([value('greater', 1, 1), value('greater', 2, 1), value('greater', nan, 1)]).toEqual([0, 1, nan]);
    expect([value('where', nan, 1, 2), value('where', -0, 1, 2), value('where', -3, 1, nan)]).toEqual([nan, 2, 1]);
    expect([value('relu', -0), value('relu', nan), value('relu', -1)]).toEqual([0, nan, 0]);
  });
  test('ends of the pieces', () => {
    expect([-3, 0, 3, 4].map((x) => value('hardSigmoid', x))).toEqual([0, 1 / 2, 1, 1]);
    expect([-3, 3, 1].map((x) => slopes('hardSigmoid', x)[0])).toEqual([0, 0, 1 / 6]);
    expect([-1, 0.5, 1, 2].map((x) => value('hardTanh', x))).toEqual([-1, 0.5, 1, 1]);
    expect([-1, 1, 0].map((x) => slopes('hardTanh', x)[0])).toEqual([0, 0, 1]);
    expect([0.7, -0.7].map((x) => slopes('huber', x)[0])).toEqual([0.7, -0.7]);
    expect(value('huber', 0.7)).toBeCloseTo(0.245, 15);
    expect([1e300, -1e300, 2 ** -1074, -0].map((x) => value('softsign', x))).toEqual([1, -1, 2 ** -1074, -0]);
    for (const [name, far] of [
      ['gelu', 40],
      ['geluTanh', 30],
      ['silu', 800],
    ] as const) {
      expect([far + 1, -far - 1, 1e300, -1e300].map((x) => slopes(name, x)[0])).toEqual([1, 0, 1, 0]);
      expect(slopes(name, far)[0]).toBeCloseTo(1, 12);
    }
  });
  test('costs of certain misses and hits', () => {
    expect([value('bce', 0, 1), value('bce', 1, 0), value('bce', 1, 1), value('bce', 0, 0)]).toEqual([100, 100, 0, 0]);
    // beyond a floor nothing moves
    expect([slopes('bce', 0, 1)[0], slopes('bce', 1, 0)[0], slopes('bce', 2 ** -300, 1)[0]]).toEqual([0, -0, 0]);
    expect(slopes('bce', 2 ** -1000, 0)).toEqual([1, 100]);
    expect(slopes('bce', 1 / 4, 1)).toEqual([-4, expect.closeTo(Math.log(3), 14)]);
    expect([
      value('bceWithLogits', 1000, 1),
      value('bceWithLogits', -1000, 1),
      value('bceWithLogits', 1000, 0),
    ]).toEqual([0, 1000, 1000]);
    const inf = Number.POSITIVE_INFINITY;
    expect(value('relativeEntropy', 0, 0)).toBe(0);
    expect(value('relativeEntropy', 0, 1 / 2)).toBe(inf);
    expect(value('relativeEntropy', 1 / 2, 1 / 2)).toBe(0);
    expect(value('relativeEntropy', Number.NaN, 0)).toBeNaN();
    expect(value('relativeEntropy', 1 / 2, Number.NaN)).toBeNaN();
    expect(value('relativeEntropy', 2 ** -1074, 1)).toBeCloseTo(1074 * Math.LN2, 12);
    expect(value('relativeEntropy', 1, 1 - 2 ** -53) / -(2 ** -53)).toBeCloseTo(1, 12);
    expect(value('relativeEntropy', 1 / 4, 1 / 2)).toBeCloseTo(Math.LN2 / 2, 15);
    expect(value('relativeEntropy', 1 / 2, 1 / 8)).toBeCloseTo(-Math.LN2 / 4, 15);
    expect(slopes('relativeEntropy', 0, 0)[0]).toBe(-0);
  });
  test('rows of any length, as many numbers at a time as there are', () => {
    for (const n of [1, 2, 63, 64, 65, 66, 128, 129, 130, 200]) {
      // the largest first, inside and last; every number counts
      for (const top of [0, n >> 1, n - 1]) {
        const v = Array.from({ length: n }, (_, j) => (j === top ? 1 : ((j * 7) % 11) / 16));
        const sum = v.reduce((s, x) => s + Math.exp(x), 0);
        const both = Tensor.from([2, n], [...v, ...v.map((x) => x - 1000)]);
        const [a = 0, b = 0] = ops.logSumExp(both).toArray();
        expect(a, `${n} numbers`).toBeCloseTo(Math.log(sum), 12);
        expect(b).toBeCloseTo(Math.log(sum) - 1000, 11);
        const last = ops.logSoftmax(both).toArray();
        expect(last[n - 1]).toBeCloseTo((v[n - 1] as number) - Math.log(sum), 12);
        expect(last[n]).toBeCloseTo((v[0] as number) - Math.log(sum), 11);
        expect(ops.max(both).toArray()).toEqual([1, -999]);
        expect(ops.softmax(both).toArray()[top]).toBeCloseTo(Math.E / sum, 13);
      }
    }
    const inf = Number.POSITIVE_INFINITY;
    const sums = (...v: readonly number[]) => ops.logSumExp(vector(...v)).view[0];
    expect([sums(inf, 1), sums(-inf, -inf), sums(-inf, 2), sums(1, Number.NaN)]).toEqual([inf, -inf, 2, Number.NaN]);
    expect(ops.max(vector(1, Number.NaN, 3)).toArray()).toEqual([Number.NaN]);
  });
  test('rows of several steps, spelt in other rows, come to the same', () => {
    const x = Tensor.from([2, 3], [1, 2, -3, 0.5, 0.25, 40]);
    for (const name of OP_NAMES.filter((n) => row(n).kind === 'rowwise')) {
      const steps = row(name).steps?.(ops, [x], undefined) as Tensor; // such rows have them
      const whole = apply(ops, name, [x]);
      expect(steps.shape).toEqual(whole.shape);
      steps.toArray().forEach((v, i) => {
        expect(v).toBeCloseTo(whole.view[i] as number, 13);
      });
    }
  });
  test('sums, products, and moves', () => {
    const x = Tensor.from([2, 3], [1, 2, 3, 4, 5, 6]);
    const y = Tensor.from([3, 2], [1, 0, -1, 2, 0, 1]);
    const flat = (t: Tensor): readonly unknown[] => [t.shape, t.toArray()];
    expect(flat(ops.sum(x, { axes: [0], keep: true }))).toEqual([[1, 3], [5, 7, 9]]); // biome-ignore format: shape and numbers
    expect(flat(ops.sum(x, { axes: [-1], keep: false }))).toEqual([[2], [6, 15]]);
    expect(flat(ops.sum(x, { axes: [1, 0], keep: false }))).toEqual([[], [21]]);
    expect(flat(ops.sum(x, { axes: [], keep: false }))).toEqual(flat(x));
    expect(flat(ops.matmul(x, y))).toEqual([[2, 2], [-1, 7, -1, 16]]); // biome-ignore format: shape and numbers
    expect(flat(ops.transpose(x))).toEqual([[3, 2], [1, 4, 2, 5, 3, 6]]); // biome-ignore format: shape and numbers
    expect(flat(ops.expand(vector(1, 2), { shape: [2, 2] }))).toEqual([[2, 2], [1, 2, 1, 2]]); // biome-ignore format: shape and numbers
    expect(flat(ops.reshape(x, { shape: [6, 1] }))).toEqual([[6, 1], [1, 2, 3, 4, 5, 6]]); // biome-ignore format: shape and numbers
    expect(ops.uniform(scalar(3), { key: [1, 2], shape: [4] }).toArray()).toEqual(
      uniform(fold([1, 2], 3), [4]).toArray(),
    );
  });
});

// a host without a compiler reads it at every number
test.skipIf(compiled('1', { flatStep: null }) === null)(
  'a loop reads its function once, and keeps what it has made of it',
  () => {
    let reads = 0;
    const kernel = loopOf(1, (v, [x]) => v.neg(reads++ < 0 ? v.lit(0) : (x as typeof x & {})), []);
    const out = new Float64Array(3);
    for (let i = 0; i < 2; i++) kernel(out, [[1, 2, 3]], undefined, [[3]], [3]);
    expect([reads, ...out]).toEqual([1, -1, -2, -3]);
  },
);

describe('rows of a block', () => {
  const x = uniform(keyOf(5), [2, 3, 4]);
  const flat = ops.reshape(x, { shape: [6, 4] });
  const along = OP_NAMES.filter((name) => ['max', 'logSumExp', 'softmax', 'logSoftmax'].includes(name));
  const slope = (name: OpName, at: Tensor): readonly number[] => {
    const { value: y, pull } = vjp((o, ts) => apply(o, name, ts), ops, [at]);
    return pull(ops.reshape(uniform(keyOf(6), [y.view.length]), { shape: y.shape }))[0]?.toArray() ?? [];
  };

  test.each(along)('%s: values, slopes and steps are those of the rows of a matrix', (name) => {
    expect(apply(ops, name, [x]).toArray()).toEqual(apply(ops, name, [flat]).toArray());
    expect(slope(name, x)).toEqual(slope(name, flat));
    const steps = row(name).steps?.(ops, [x], undefined);
    const values = apply(ops, name, [x]);
    expect(steps?.shape ?? values.shape).toEqual(values.shape);
    steps?.toArray().forEach((v, i) => {
      expect(v).toBeCloseTo(values.view[i] as number, 14);
    });
  });

  test('is as long as its last axis, which must not be empty', () => {
    expect(row('softmax').terms([[2, 3, 4]], [2, 3, 4])).toBe(4);
    for (const name of along)
      expect(() => apply(ops, name, [Tensor.build([2, 3, 0], () => {})]), name).toThrow('last axis');
  });

  test('a long row of large numbers keeps what every exponential adds', () => {
    const many = Tensor.build([130], (out) => out.fill(700));
    expect(ops.logSumExp(many).view[0]).toBeCloseTo(700 + Math.log(130), 10);
    expect(
      ops
        .softmax(many)
        .toArray()
        .every((v) => Math.abs(v - 1 / 130) < 1e-15),
    ).toBe(true);
  });
});

test('relative entropy keeps its digits where shares are close, and where both are tiny', () => {
  const near = 2 ** -30 + 2 ** -61 + 2 ** -91 / 3; // −log(1 − 2⁻³⁰)
  expect(Math.abs(value('relativeEntropy', 1 - 2 ** -30, 1) / near - 1)).toBeLessThan(1e-15);
  expect(
    Math.abs(value('relativeEntropy', 2 ** -1000, 5 * 2 ** -1001) / (5 * 2 ** -1001 * Math.log(2.5)) - 1),
  ).toBeLessThan(1e-15);
});

describe('a verb', () => {
  const few = ops as unknown as Readonly<Record<string, (...a: unknown[]) => unknown>>;
  test('refuses fewer arguments than its row has, and parameters left out', () => {
    expect(() => few.add?.(scalar(1))).toThrow('add: takes x, y, got 1 arguments');
    expect(() => few.sum?.(scalar(1))).toThrow('sum: takes x and parameters, got 1 arguments');
    expect(() => few.sum?.()).toThrow('sum: takes x and parameters, got 0 arguments');
  });
  test('refuses what is no tensor, in any place', () => {
    expect(() => few.add?.(scalar(1), 2)).toThrow('add: arguments must be tensors (x, y), got 2');
    expect(() => few.neg?.([1])).toThrow('neg: arguments must be tensors (x), got 1');
  });
});

describe('activations keep exactly what the laws grant ports ulps for', () => {
  const at = [...uniform(keyOf(5), [20000]).view].flatMap((u) => [4 * u - 2, 80 * u - 40]);
  const all = (name: OpName, x: readonly number[]): readonly number[] => apply(ops, name, [vector(...x)]).toArray();
  const up = at.map((v) => nextUp(v, 'f64'));
  test.each(['sigmoid', 'tanh', 'softplus', 'selu', 'softsign'] as const)('%s never falls', (name) => {
    const [low, high] = [all(name, at), all(name, up)];
    expect(at.filter((_, i) => !((low[i] as number) <= (high[i] as number)))).toEqual([]); // of equal length
  });
  test.each([
    ['sigmoid', 1 / 4],
    ['tanh', 1],
  ] as const)('no slope of %s is above its peak', (name, peak) => {
    const [slope] = vjp((o, ts) => apply(o, name, ts), ops, [vector(...at)]).pull(vector(...at.map(() => 1)));
    expect(slope?.toArray().filter((s) => !(s >= 0 && s <= peak))).toEqual([]);
  });
  test('softplus is nowhere below x', () => {
    const y = all('softplus', at);
    expect(at.filter((x, i) => !((y[i] as number) >= x))).toEqual([]); // of equal length
  });
});
