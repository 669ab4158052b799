// The laws of the compiled engine, on random programs: the bits of the eager one, whatever lay in the arena before.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile, scan } from '../src/compile/compile.ts';
import { machineOf } from '../src/compile/machine.ts';
import {
  type Dtype,
  type Program,
  type Pure,
  printed,
  programFromLine,
  programToLine,
  trace,
} from '../src/compile/program.ts';
import { normalSingles, uniformSingles } from '../src/core/key.ts';
import {
  fold,
  keyOf,
  type Lang,
  OP_NAMES,
  type OpName,
  ops,
  ROWS,
  type Shape,
  scalar,
  Tensor,
  uniform,
} from '../src/index.ts';
import { evaluated } from './evaluate.ts';

/** A random program as data: each step applies a row to values that are there, if they fit. */
interface Step {
  readonly op: OpName;
  readonly picks: readonly number[];
  readonly choice: number;
}
interface Recipe {
  readonly rows: number;
  readonly columns: number;
  readonly state: number;
  readonly steps: readonly Step[];
  readonly seed: number;
}

const arbitrary: fc.Arbitrary<Recipe> = fc.record({
  rows: fc.constantFrom(1, 2, 3, 4, 8, 13, 33),
  columns: fc.constantFrom(1, 2, 4, 5, 7, 8, 16, 37),
  state: fc.nat(3),
  steps: fc.array(
    fc.record({
      op: fc.constantFrom(...OP_NAMES.filter((op) => ROWS[op].kind !== 'spectral')),
      picks: fc.array(fc.nat(50), { minLength: 3, maxLength: 3 }),
      choice: fc.nat(20),
    }),
    { minLength: 1, maxLength: 24 },
  ),
  seed: fc.nat(1000),
});

/** Parameters of a row for a value of this shape, by a random choice. */
const parametersOf = (op: OpName, shape: Shape, choice: number): unknown => {
  const { lower } = ROWS[op];
  const axes = shape.map((_, i) => i).filter((i) => ((choice >> i) & 1) === 0);
  if (lower.as === 'sum') return { axes, keep: choice % 2 === 0 };
  if (lower.as === 'stretch') return { shape: choice % 2 === 0 ? [2, ...shape] : shape.map((n) => (n === 1 ? 3 : n)) };
  if (lower.as === 'view') return { shape: choice % 2 === 0 ? [shape.reduce((a, b) => a * b, 1)] : [...shape, 1] };
  if (lower.as === 'draw') return { key: [choice, 7], shape: [choice % 5, 3] };
  return ROWS[op].sample([shape]);
};

const shapesOf = ({ rows, columns }: Recipe): readonly Shape[] => [
  [rows, columns],
  [rows, columns],
  [columns],
  [rows, 1],
  [],
  [columns, rows],
];

/** What the recipe spells: next state and outputs. Rows that do not fit are left out, by their own refusal. */
const programOf =
  (recipe: Recipe): Pure =>
  <T>(o: Lang<T>, xs: readonly T[]) => {
    const values: T[] = [...xs];
    const pick = (n: number): T => values[values.length - 1 - (n % Math.min(values.length, 9))] as T;
    for (const { op, picks, choice } of recipe.steps) {
      const args = ROWS[op].args.map((_, i) => pick(picks[i] ?? 0));
      const first = o.shape(args[0] as T);
      const small = args.every((x) => o.shape(x).reduce((a, b) => a * b, 1) <= 2000 && o.shape(x).length <= 4);
      if (!small) continue;
      try {
        const apply = o[op] as (...a: unknown[]) => T; // rows by name, so untyped
        values.push(apply(...args, parametersOf(op, first, choice)));
      } catch (error) {
        if (!(error instanceof Error && /Shape|Domain/.test(error.name))) throw error;
      }
    }
    const made = values.slice(xs.length);
    const fits = (x: T): T => {
      const same = made.filter((v) => o.shape(v).join() === o.shape(x).join());
      return same[same.length - 1] ?? x;
    };
    return [...xs.slice(0, recipe.state).map(fits), pick(0), pick(3), pick(5)];
  };

const SPECIAL = [0, -0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, 1e300, -745.2];
const inputsOf = (recipe: Recipe): readonly Tensor[] =>
  shapesOf(recipe).map((shape, i) => {
    const u = uniform(keyOf(recipe.seed * 10 + i), shape).view;
    return Tensor.build(shape, (out) => {
      for (let j = 0; j < out.length; j++) {
        const draw = u[j] as number; // one each
        out[j] = draw < 0.02 ? (SPECIAL[Math.floor(draw * 500)] as number) : (draw - 0.5) * 4;
      }
    });
  });

const programFor = (recipe: Recipe, dtype: Dtype): Program => trace(programOf(recipe), shapesOf(recipe), dtype);
const bits = (x: Tensor | ArrayLike<number>): readonly number[] => Array.from(x instanceof Tensor ? x.view : x);

/** A machine whose whole arena held this byte before its inputs were written. */
const prepared = (recipe: Recipe, dtype: Dtype, fill: number) => {
  const machine = machineOf(programFor(recipe, dtype), { state: recipe.state });
  const [first] = machine.inputs;
  if (first !== undefined) new Uint8Array(first.buffer).fill(fill, machine.made.arena);
  for (const [i, x] of inputsOf(recipe).entries()) machine.inputs[i]?.set(x.view);
  return machine;
};
/** What a machine has after a step: state where inputs are, the rest where outputs are. */
const resultsOf = (recipe: Recipe, { inputs, outputs }: ReturnType<typeof prepared>): readonly (readonly number[])[] =>
  outputs.map((out, i) => bits(i < recipe.state ? (inputs[i] as ArrayLike<number>) : out));

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
