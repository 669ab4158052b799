// Differentiation on cases done by hand: what is tracked, what is broadcast, what adds up, and what is refused.
import { describe, expect, test } from 'vitest';
import {
  DomainError,
  grad,
  gradOf,
  type HvpMode,
  hvp,
  jvp,
  ops,
  type Program,
  pullback,
  scalar,
  Tensor,
  valueAndGrad,
  vjp,
} from '../index.ts';

const vector = (...v: readonly number[]): Tensor => Tensor.from([v.length], v);
const numbers = (ts: readonly Tensor[]): readonly (readonly number[])[] => ts.map((t) => t.toArray());
/** Σ x₀²·x₁. */
const program: Program = (o, [x, y]) => {
  const [a, b] = [x as NonNullable<typeof x>, y as NonNullable<typeof y>];
  return o.sum(o.mul(o.square(a), b), { axes: [0], keep: false });
};
const [x, y] = [vector(1, 2), vector(3, 5)];

describe('reverse mode', () => {
  test('value and gradient, of two paths that meet', () => {
    const { value, grads } = valueAndGrad(program)(ops, [x, y]);
    expect(value.toArray()).toEqual([23]);
    expect(numbers(grads)).toEqual([
      [6, 20],
      [1, 4],
    ]);
    expect(
      numbers(grad((o, [a]) => o.mul(a as NonNullable<typeof a>, a as NonNullable<typeof a>))(ops, [scalar(3)])),
    ).toEqual([[6]]);
  });
  test('only tracked arguments have a slope, and one that is not used has 0', () => {
    const end = pullback((o, xs) => [program(o, xs), xs[1] as (typeof xs)[number]], ops, [x, y], 1);
    expect(numbers(gradOf(ops, end))).toEqual([[6, 20]]);
    expect(numbers(end.rest)).toEqual([[3, 5]]);
    const unused = pullback((o, [a]) => [o.sum(a as NonNullable<typeof a>, { axes: [0], keep: false })], ops, [x, y]);
    expect(numbers(unused.pull(scalar(2)))).toEqual([
      [2, 2],
      [0, 0],
    ]);
  });
  test('a cotangent of a stretched argument is summed over what it was stretched along', () => {
    const { pull } = vjp((o, [a, b]) => o.mul(a as NonNullable<typeof a>, b as NonNullable<typeof b>), ops, [
      Tensor.from([2, 1], [1, 2]),
      vector(3, 4, 5),
    ]);
    const [da, db] = pull(Tensor.from([2, 3], [1, 10, 100, 2, 20, 200])) as [Tensor, Tensor];
    expect([da.shape, da.toArray()]).toEqual([
      [2, 1],
      [543, 1086],
    ]);
    expect([db.shape, db.toArray()]).toEqual([[3], [5, 50, 500]]);
  });
  test('the slope of something that is no scalar', () => {
    expect(() => grad((o, [a]) => o.neg(a as NonNullable<typeof a>))(ops, [x])).toThrow(DomainError);
    expect(() => grad((o, [a]) => o.neg(a as NonNullable<typeof a>))(ops, [vector(1)])).toThrow(
      'grad: the program must return a scalar of shape [], got [1]',
    );
  });
});

describe('no work for slopes that nobody asked for', () => {
  /** The operations that a pull-back makes. */
  const made = (f: Program, xs: readonly Tensor[], tracked: number): readonly string[] => {
    const calls: string[] = [];
    const counting = new Proxy(ops, {
      get: (o, name: keyof typeof ops) => {
        if (name !== 'shape') calls.push(name);
        return o[name];
      },
    });
    const { pull, value } = pullback((o, at) => [f(o, at)], counting, xs, tracked);
    calls.length = 0;
    pull(Tensor.build(value.shape, (out) => out.fill(1)));
    return calls;
  };
  const scaled: Program = (o, [a, b]) => o.mul(a as NonNullable<typeof a>, o.neg(b as NonNullable<typeof b>));
  test('an argument that is not tracked, and all that is made of it', () => {
    expect(made(scaled, [x, y], 2).filter((name) => name === 'neg')).toEqual(['neg']);
    expect(made(scaled, [x, y], 1)).not.toContain('neg');
    expect(made((o, [a]) => o.neg(o.neg(a as NonNullable<typeof a>)), [x], 0)).toEqual([]);
  });
  test('a literal, and cotangents that have their shape already', () => {
    const doubled: Program = (o, [a]) => o.mul(a as NonNullable<typeof a>, o.lit(2));
    for (const name of ['sum', 'reshape']) expect(made(doubled, [x], 1)).not.toContain(name);
    const stretched: Program = (o, [a, b]) => o.mul(a as NonNullable<typeof a>, b as NonNullable<typeof b>);
    expect(made(stretched, [x, scalar(2)], 1)).not.toContain('sum');
    expect(made(stretched, [x, scalar(2)], 2)).toContain('sum');
  });
  test('a node that is used twice is visited once: 2⁶⁰ paths take no time', () => {
    const doubling: Program = (o, xs) => {
      let [at] = xs as readonly [(typeof xs)[number]]; // one argument
      for (let i = 0; i < 60; i++) at = o.add(at, at);
      return at;
    };
    expect(numbers(grad(doubling)(ops, [scalar(1)]))).toEqual([[2 ** 60]]);
  });
});

describe('forward mode and second derivatives', () => {
  const us = [vector(1, -1), vector(2, 0)];
  test('the derivative along tangents', () => {
    const { value, tangent } = jvp(program)(ops, [x, y], us);
    expect([value.toArray(), tangent.toArray()]).toEqual([[23], [6 - 20 + 2]]);
    const map = jvp((o, [a]) => o.square(a as NonNullable<typeof a>))(ops, [x], [us[0] as Tensor]);
    expect([map.value.toArray(), map.tangent.toArray()]).toEqual([
      [1, 4],
      [2, -4],
    ]);
  });
  test('the Hessian times a vector, by every way and by the usual one', () => {
    // rows of H: 2·y, 2·x; 2·x, 0
    const expected = [
      [2 * 3 * 1 + 2 * 1 * 2, 2 * 5 * -1 + 0],
      [2 * 1 * 1, 2 * 2 * -1],
    ];
    for (const mode of ['reverseOverReverse', 'forwardOverReverse', 'reverseOverForward'] satisfies readonly HvpMode[])
      expect(numbers(hvp(program, mode)(ops, [x, y], us))).toEqual(expected);
    expect(numbers(hvp(program)(ops, [x, y], us))).toEqual(expected);
  });
  test('tangents that do not fit', () => {
    for (const [what, f] of [
      ['jvp', jvp(program)],
      ['hvp', hvp(program)],
    ] as const) {
      expect(() => f(ops, [x, y], [x])).toThrow(DomainError);
      expect(() => f(ops, [x, y], [x])).toThrow(`${what}: takes one tangent per argument, got 1 for 2`);
      expect(() => f(ops, [x, y], [x, vector(1)])).toThrow(DomainError);
      expect(() => f(ops, [x, y], [x, vector(1)])).toThrow(`${what}: tangent 1 must have the shape [2], got [1]`);
    }
  });
});
