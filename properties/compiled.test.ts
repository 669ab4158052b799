// The laws of the compiled engine, on random programs: the bits of the eager one, whatever lay in the arena before.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile, scan } from '../src/compile/compile.ts';
import { machineOf } from '../src/compile/machine.ts';
import { type Pure, printed, programFromLine, programToLine, trace } from '../src/compile/program.ts';
import { normalSingles, uniformSingles } from '../src/core/key.ts';
import { fold, keyOf, type Lang, OP_NAMES, ops, ROWS, type Shape, scalar, Tensor, uniform } from '../src/index.ts';
import { evaluated } from './evaluate.ts';
import { arbitrary, bits, inputsOf, prepared, programFor, programOf, resultsOf, SPECIAL, shapesOf } from './recipes.ts';

describe('a compiled function', () => {
  test('is traced once for every list of shapes', () => {
    let traced = 0;
    const twice = compile((o, [x]) => {
      traced++;
      return [o.mul(o.lit(2), x as NonNullable<typeof x>)];
    });
    const of = (n: number): Tensor => Tensor.build([n], (out) => out.fill(n));
    expect([3, 3, 5, 3].map((n) => twice([of(n)])[0]?.toArray())).toEqual([
      [6, 6, 6],
      [6, 6, 6],
      [10, 10, 10, 10, 10],
      [6, 6, 6],
    ]);
    expect(traced).toBe(2);
  });

  test('returns copies, which later calls leave alone', () => {
    const negated = compile((o, [x]) => [o.neg(x as NonNullable<typeof x>)]);
    const [first] = negated([Tensor.from([2], [1, 2])]);
    negated([Tensor.from([2], [3, 4])]);
    expect(first?.toArray()).toEqual([-1, -2]);
  });

  test('scans a step over inputs, and over the same ones again', () => {
    const sums = scan((o, [total], [x]) => {
      const next = o.add(total as NonNullable<typeof total>, x as NonNullable<typeof x>);
      return { state: [next], outputs: [o.mul(next, next)] };
    });
    const [zero, one, two] = [scalar(0), scalar(1), scalar(2)];
    const { state, outputs } = sums.over([zero], [[one], [two], [two]]);
    expect(state.map(bits)).toEqual([[5]]);
    expect(outputs.map((o) => o.map(bits))).toEqual([[[1]], [[9]], [[25]]]);
    expect(sums.repeat([one], [two], 10).state.map(bits)).toEqual([[21]]);
    expect(sums.repeat([one], [two], 0).state.map(bits)).toEqual([[1]]);
    expect(() => sums.repeat([one], [two], -1)).toThrow('scan: the number of steps must be a whole one, got -1');
  });

  test.each(['f64', 'f32'] as const)('counts beyond 2²⁴ in %s, and draws by what it has counted', (dtype) => {
    const key = keyOf(5);
    const draws = scan(
      <T>(o: Lang<T>, [k, seen]: readonly T[]) => {
        const next = o.add(o.lit(1), k as T);
        const u = o.uniform(next, { key, shape: [3] });
        return { state: [next, o.add(seen as T, o.lit(1 / 2))], outputs: [u, o.div(k as T, next), next] };
      },
      { dtype },
    );
    const from = 2 ** 24 - 2;
    const { state, outputs } = draws.over([scalar(from), scalar(0)], Array(5).fill([]));
    expect(state.map(bits)).toEqual([[from + 5], [2.5]]);
    const rounded = dtype === 'f64' ? (x: number) => x : Math.fround;
    outputs.forEach((told, i) => {
      const k = from + 1 + i;
      const u = new Float32Array(3);
      uniformSingles(fold(key, k), u);
      const expected = dtype === 'f64' ? bits(uniform(fold(key, k), [3])) : [...u];
      expect(told.map(bits)).toEqual([expected, [rounded(rounded(k - 1) / rounded(k))], [rounded(k)]]);
    });
    expect(draws.repeat(state, [], 2 ** 20).state.map(bits)[0]).toEqual([from + 5 + 2 ** 20]);
  });

  test('refuses a state that changes its shape or number', () => {
    const one = Tensor.from([1], [1]);
    const grows = scan((o, [x]) => ({ state: [o.expand(x as NonNullable<typeof x>, { shape: [2] })], outputs: [] }));
    expect(() => grows.repeat([one], [], 1)).toThrow('scan: value 0 of the state must keep its shape, got [1] to [2]');
    const loses = scan(() => ({ state: [], outputs: [] }));
    expect(() => loses.repeat([one], [], 1)).toThrow('scan: a step must return 1 values of the state, got 0');
  });
});

/** The bits of a function, compiled, beside those of the eager engine. */
const sameBits = (f: Pure, xs: readonly Tensor[]): void =>
  expect(compile(f)(xs).map(bits)).toEqual(f(ops, xs).map(bits));
const specials = (shape: Shape, from: number): Tensor =>
  Tensor.build(shape, (out) => {
    for (let i = 0; i < out.length; i++) out[i] = SPECIAL[(7 * i + from) % SPECIAL.length] as number; // in range
  });

describe('compiled, each with the bits of the eager engine', () => {
  test.each(OP_NAMES.filter((op) => ROWS[op].lower.as === 'each'))('%s, at special numbers', (op) => {
    const row = ROWS[op];
    const p = row.sample([]);
    for (const shape of [[3, 5], [37]])
      sameBits(
        (o, xs) => [(o[op] as (...a: unknown[]) => (typeof xs)[number])(...xs, p)], // by name, so untyped
        row.args.map((_, i) => specials(shape, 3 * i)),
      );
  });

  test('draws, as many as one likes, and as singles those of the eager engine', () => {
    const key = [7, 9] as const;
    for (const n of [0, 1, 7, 23, 24, 25, 1535, 1536, 1537, 4000]) {
      const draws = <T>(o: Lang<T>, [k]: readonly T[]) => [
        o.uniform(k as T, { key, shape: [n] }),
        o.normal(k as T, { key, shape: [n] }),
      ];
      sameBits(draws, [scalar(3)]);
      const [u, z] = compile(draws, { dtype: 'f32' })([scalar(3)]);
      const [uniforms, normals] = [new Float32Array(n), new Float32Array(n)];
      uniformSingles(fold(key, 3), uniforms);
      normalSingles(fold(key, 3), normals);
      expect([u, z].map((x) => x?.toArray())).toEqual([[...uniforms], [...normals]]);
    }
  });

  test('sums along any axes', () => {
    for (const axes of [[0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]])
      for (const keep of [true, false])
        sameBits(<T>(o: Lang<T>, [x]: readonly T[]) => [o.sum(x as T, { axes, keep })], [uniform(keyOf(3), [3, 5, 4])]);
  });

  test('numbers divided into rows in two ways', () => {
    const xs = [uniform(keyOf(1), [2, 3]), uniform(keyOf(2), [3]), uniform(keyOf(3), [2])];
    sameBits(
      <T>(o: Lang<T>, [x, a, b]: readonly T[]) => [o.add(o.reshape(o.add(x as T, a as T), { shape: [3, 2] }), b as T)],
      xs,
    );
  });

  test('sums, differences, products and quotients with what might be nothing to do', () => {
    for (const n of [0, -0, 1])
      sameBits(
        <T>(o: Lang<T>, [x]: readonly T[]) => {
          const [v, c] = [x as T, o.lit(n)];
          return [o.add(v, c), o.add(c, v), o.sub(v, c), o.sub(c, v), o.mul(v, c), o.mul(c, v), o.div(v, c)];
        },
        [specials([10], 0)],
      );
  });
});

describe.each(['f64', 'f32'] as const)('compiled, each with the bits of the plain reading in %s', (dtype) => {
  const sameAsPlain = (f: Pure, xs: readonly Tensor[]): void => {
    const shapes = xs.map((x) => x.shape);
    const machine = machineOf(trace(f, shapes, dtype));
    new Uint8Array((machine.inputs[0] as Float64Array).buffer).fill(0xff, machine.made.arena);
    for (const [i, x] of xs.entries()) machine.inputs[i]?.set(x.view);
    machine.run(1);
    expect(machine.outputs.map(bits)).toEqual(evaluated(machine.program, xs.map(bits)).map(bits));
  };

  test.each([0, 1, 2, 3, 4, 5, 9])('columns of %d numbers, some and thousands of them', (rows) => {
    for (const columns of [1, 2, 7, 8, 33, 2048, 4096, 8195])
      sameAsPlain(
        <T>(o: Lang<T>, [x, row, column]: readonly T[]) => {
          const down = (a: T): T => o.sum(a, { axes: [0], keep: true });
          const off = o.sub(x as T, o.div(down(x as T), o.lit(rows)));
          const size = o.sqrt(o.add(down(o.mul(off, off)), o.lit(0.5)));
          const y = o.mul(o.div(off, size), row as T);
          return [y, down(o.mul(y, column as T)), down(o.exp(y)), size];
        },
        [[rows, columns], [columns], [rows, 1]].map((shape, i) => uniform(keyOf(rows + i), shape)),
      );
  });

  test('quotients by powers of two and their neighbours', () => {
    for (const n of [
      1,
      2,
      -2,
      0.5,
      128,
      3,
      2 ** 126,
      2 ** -126,
      -(2 ** 127),
      2 ** -127,
      2 ** -149,
      2 ** 900,
      0,
      Number.POSITIVE_INFINITY,
    ])
      sameAsPlain(
        <T>(o: Lang<T>, [x]: readonly T[]) => [o.div(x as T, o.lit(n)), o.div(o.mul(x as T, o.lit(1e-38)), o.lit(n))],
        [specials([12], 0), uniform(keyOf(1), [3])],
      );
  });

  test('the largest of a row: −0 below 0, and NaN wherever it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom([-0], [-0, 0], [-0, -1, Number.NEGATIVE_INFINITY], SPECIAL), {
          minLength: 1,
          maxLength: 6,
        }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(100),
        (kinds, columns, from) => {
          const x = Tensor.build([kinds.length, columns], (out) => {
            for (let i = 0; i < out.length; i++) {
              const kind = kinds[Math.floor(i / columns)] as readonly number[]; // one for every row
              out[i] = kind[(i * 7 + from) % kind.length] as number; // in range
            }
          });
          sameAsPlain(
            <T>(o: Lang<T>, [a]: readonly T[]) => [o.max(a as T), o.sum(o.exp(a as T), { axes: [1], keep: false })],
            [x],
          );
        },
      ),
      { numRuns: 300, seed: 9 },
    );
  });
});

describe('a compiled program', () => {
  test('gives the bits of the eager engine, whatever the arena held', () => {
    fc.assert(
      fc.property(arbitrary, (recipe) => {
        const machine = prepared(recipe, 'f64', 0xff);
        machine.run(1);
        const want = programOf(recipe)(ops, inputsOf(recipe)).map(bits);
        expect(resultsOf(recipe, machine)).toEqual(want);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test.each(['f64', 'f32'] as const)('gives the bits of the plain reading in %s', (dtype) => {
    fc.assert(
      fc.property(arbitrary, (recipe) => {
        const machine = prepared(recipe, dtype, 0xff);
        machine.run(1);
        const want = evaluated(machine.program, inputsOf(recipe).map(bits));
        expect(resultsOf(recipe, machine)).toEqual(want.map(bits));
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  test('of many parts alike gives the bits of each, by code that they share', () => {
    const copies = 9;
    let shared = 0;
    fc.assert(
      fc.property(arbitrary, (recipe) => {
        const n = shapesOf(recipe).length;
        const inputs = Array.from({ length: copies }, (_, i) => inputsOf({ ...recipe, seed: recipe.seed + i }));
        const many: Pure = (o, xs) => inputs.flatMap((_, i) => programOf(recipe)(o, xs.slice(i * n, (i + 1) * n)));
        const machine = machineOf(
          trace(
            many,
            inputs.flatMap((xs) => xs.map((x) => x.shape)),
          ),
        );
        const [first] = machine.inputs;
        if (first !== undefined) new Uint8Array(first.buffer).fill(0xff, machine.made.arena);
        for (const [i, x] of inputs.flat().entries()) machine.inputs[i]?.set(x.view);
        machine.run(1);
        shared += machine.made.repeats.length;
        expect(machine.outputs.map(bits)).toEqual(inputs.flatMap((xs) => programOf(recipe)(ops, xs).map(bits)));
      }),
      { numRuns: 100, seed: 9 },
    );
    expect(shared).toBeGreaterThan(100);
  });

  test('is the sum of its groups, which can be run one by one', () => {
    fc.assert(
      fc.property(arbitrary, (recipe) => {
        const [whole, apart] = [false, true].map((profile) => {
          const machine = machineOf(programFor(recipe, 'f64'), { profile });
          for (const [i, x] of inputsOf(recipe).entries()) machine.inputs[i]?.set(x.view);
          return machine;
        });
        whole?.run(1);
        for (const group of apart?.made.groups ?? []) group();
        expect(apart?.outputs.map(bits)).toEqual(whole?.outputs.map(bits));
      }),
      { numRuns: 60, seed: 8 },
    );
  });

  test('keeps nothing from one call to the next', () => {
    fc.assert(
      fc.property(arbitrary, fc.nat(1000), (recipe, other) => {
        const machine = prepared(recipe, 'f64', 0);
        machine.run(1);
        const first = resultsOf(recipe, machine);
        for (const seed of [other, recipe.seed]) {
          for (const [i, x] of inputsOf({ ...recipe, seed }).entries()) machine.inputs[i]?.set(x.view);
          machine.run(1);
        }
        expect(resultsOf(recipe, machine)).toEqual(first);
      }),
      { numRuns: 100, seed: 3 },
    );
  });

  test('takes its state from step to step as the eager engine hands it on', () => {
    fc.assert(
      fc.property(arbitrary, (recipe) => {
        const machine = prepared(recipe, 'f64', 0xff);
        machine.run(3);
        const rest = inputsOf(recipe).slice(recipe.state);
        let results = programOf(recipe)(ops, inputsOf(recipe));
        for (let k = 1; k < 3; k++) results = programOf(recipe)(ops, [...results.slice(0, recipe.state), ...rest]);
        expect(resultsOf(recipe, machine)).toEqual(results.map(bits));
      }),
      { numRuns: 150, seed: 4 },
    );
  });

  test('puts no two values in one place while both are needed', () => {
    fc.assert(
      fc.property(arbitrary, (recipe) => {
        const { lowered, fused, plan } = prepared(recipe, 'f64', 0).made;
        const lives = lowered.values.flatMap((value, v) => {
          if (fused.stored[v] !== true) return [];
          const from = fused.home[v]?.group ?? -1;
          const read = (fused.reads[v] ?? []).map((s) => s.group);
          const lasting = lowered.inputs.includes(v) || lowered.outputs.includes(v);
          const to = lasting && !lowered.inputs.includes(v) ? Number.POSITIVE_INFINITY : Math.max(from, ...read);
          const at = plan.offset[v] as number; // stored
          return [{ v, from, to, at, end: at + value.size * 8 }];
        });
        for (const a of lives)
          for (const b of lives) {
            const together = a.v < b.v && a.from <= b.to && b.from <= a.to;
            // an output may be written over its input, place by place, where that is read for the last time
            const i = lowered.inputs.indexOf(a.v);
            const handed = i >= 0 && i < recipe.state && lowered.outputs[i] === b.v && a.to <= b.from && a.at === b.at;
            if (together && !handed) expect(a.end <= b.at || b.end <= a.at).toBe(true);
          }
      }),
      { numRuns: 150, seed: 5 },
    );
  });

  test('needs hardly more memory than is alive at one time', () => {
    const shares = fc.sample(arbitrary, { numRuns: 300, seed: 6 }).map((recipe) => {
      const { plan, arena } = prepared(recipe, 'f64', 0).made;
      return plan.alive === 0 ? 1 : (plan.end - arena) / plan.alive;
    });
    expect(shares.sort((a, b) => a - b)[150]).toBeLessThanOrEqual(1.1);
  });

  test('is traced to the same program twice, and is itself again as a line of text', () => {
    fc.assert(
      fc.property(arbitrary, (recipe) => {
        const program = programFor(recipe, 'f64');
        expect(printed(programFor(recipe, 'f64'))).toBe(printed(program));
        expect(printed(programFromLine(programToLine(program)))).toBe(printed(program));
      }),
      { numRuns: 100, seed: 2 },
    );
  });
});
