// Gradients of programs: adjoints, linearity, the chain rule, forward mode and second derivatives, singular points.
import fc from 'fast-check';
import { cotangent, extent, filled, small, type Values } from '../arbitraries.ts';
import type { Equation } from '../args.ts';
import { type Plain, rowOf } from '../contract.ts';
import { claim, every, law, same, type Verdict } from '../law.ts';
import { nearest } from '../oracle/exact.ts';
import { pushed } from '../oracle/program.ts';
import { type ChainCase, chains, type ProgramCase, WHOLE_OPS, wholeProgram } from '../programs.ts';
import { graph, like, usesOps } from './cases.ts';

const wholes = usesOps(...WHOLE_OPS);

const pull = (c: ProgramCase, dy: Values = c.dy) => graph(c.equations, c.inputs, dy);

const dot = (as: readonly { readonly data: ArrayLike<number> }[], us: readonly Values[]): number =>
  as.reduce((s, a, i) => Array.from(a.data).reduce((t, v, k) => t + v * (us[i]?.data[k] ?? 0), s), 0);

const each = (what: string, got: readonly Plain[], expected: readonly (readonly number[])[]): Verdict =>
  every(expected.map((e, i) => same(`${what} ${i}`, got[i]?.data ?? [], e)));

export const gradientProgramLaws = [
  law<ProgramCase>({
    id: 'gradient/adjoint',
    ref: 'G-06',
    class: 'lattice',
    runs: 60,
    says: 'pull-backs are adjoint to differences of the program: ⟨dy, J·u⟩ = ⟨Jᵀ·dy, u⟩ exactly, J·u from the formulas at 64 digits',
    formula: '⟨v, J·u⟩ = ⟨Jᵀ·v, u⟩',
    source: 'Claerbout 2004, §2.3 (dot-product test)',
    kills: ['candle #211', 'burn #4069', 'neuronika #87'],
    subjects: wholes,
    given: (port) => wholeProgram(port),
    *holds(c) {
      const ju = pushed(c);
      fc.pre(ju !== null);
      const back = (yield* pull(c)).tensors('dinputs');
      const forth = (ju ?? []).reduce((s, v, i) => s + nearest(v) * (c.dy.data[i] ?? 0), 0);
      return same('⟨Jᵀ·dy, u⟩', [dot(back, c.u)], [forth]);
    },
  }),
  law<{ readonly c: ProgramCase; readonly w: Values; readonly a: number; readonly b: number }>({
    id: 'gradient/linear-in-cotangent',
    ref: 'G-07, G-09',
    class: 'lattice',
    runs: 60,
    says: 'a pull-back is linear: that of a·v + b·w is a times that of v plus b times that of w',
    kills: ['tfjs #970 (dy ignored)', 'CrypTen'],
    subjects: wholes,
    given: (port) =>
      wholeProgram(port).chain((c) =>
        fc.record({
          c: fc.constant(c),
          w: filled(c.dy.shape, small),
          a: fc.constantFrom(2, -1, 1 / 2, -4),
          b: fc.constantFrom(1, -2, 3, -1 / 4),
        }),
      ),
    *holds({ c, w, a, b }) {
      const mixed = like(
        w,
        w.data.map((v, k) => a * (c.dy.data[k] ?? 0) + b * v),
      );
      const [first, second] = [(yield* pull(c)).tensors('dinputs'), (yield* pull(c, w)).tensors('dinputs')];
      const got = (yield* pull(c, mixed)).tensors('dinputs');
      return each(
        'cotangent of input',
        got,
        first.map((t, i) => Array.from(t.data, (v, k) => a * v + b * (second[i]?.data[k] ?? Number.NaN))),
      );
    },
  }),
  law<ProgramCase>({
    id: 'gradient/zero-program',
    ref: 'G-08',
    class: 'exact',
    runs: 40,
    says: 'a zero cotangent of any program gives exactly zero for each of its inputs, through slopes up to e⁷⁰⁰ too',
    kills: ['burn #4069'],
    subjects: (port) => wholes(port).filter(() => port.ops.includes('exp') && port.dtype === 'f64'),
    given: (port) => wholeProgram(port),
    *holds(c) {
      const none = (v: Values): Values =>
        like(
          v,
          v.data.map(() => 0),
        );
      const steep: Equation[] = [...c.equations, { op: 'exp', reads: [3 + c.equations.length] }];
      const got = (yield* pull(c, none(c.dy))).tensors('dinputs');
      const through = yield* graph([{ op: 'exp', reads: [0] }], [{ shape: [2], data: [700, -700] }], {
        shape: [2],
        data: [0, 0],
      });
      const zeros = c.inputs.map((x) => x.data.map(() => 0));
      const last = c.inputs.every((x) => x.data.every((v) => Math.abs(v) <= 1))
        ? yield* graph(steep, c.inputs, none(c.dy))
        : null;
      return every([
        each('cotangent of input', got, zeros),
        each('cotangent through exp', through.tensors('dinputs'), [[0, 0]]),
        ...(last === null || Array.from(last.tensor('y').data).some((v) => !Number.isFinite(v))
          ? []
          : [each('cotangent before exp of', last.tensors('dinputs'), zeros)]),
      ]);
    },
  }),
  law<ChainCase>({
    id: 'gradient/chain',
    ref: 'G-14',
    class: 'exact',
    runs: 60,
    says: 'the pull-back of one program after another is one pull-back after the other, bit for bit',
    formula: 'vjp(f ∘ g) = vjp(g) ∘ vjp(f)',
    subjects: (port) => usesOps('neg')(port),
    given: chains,
    *holds({ first, second, x, dy }) {
      const values = (p: Plain): Values => ({ shape: p.shape, data: Array.from(p.data) });
      const joined = [...first, ...second.map(({ op, reads: [i = 0] }) => ({ op, reads: [i + first.length] }))];
      const whole = yield* graph(joined, [x], dy);
      const between = values(
        (yield* graph(
          first,
          [x],
          like(
            x,
            x.data.map(() => 0),
          ),
        )).tensor('y'),
      );
      fc.pre(between.data.every(Number.isFinite));
      const behind = yield* graph(second, [between], dy);
      const [back] = behind.tensors('dinputs');
      if (back === undefined) return claim('a cotangent', false);
      fc.pre(Array.from(back.data).every(Number.isFinite));
      const front = (yield* graph(first, [x], values(back))).tensors('dinputs');
      return every([
        same('y', whole.tensor('y').data, behind.tensor('y').data),
        each(
          'dx',
          whole.tensors('dinputs'),
          front.map((t) => Array.from(t.data)),
        ),
      ]);
    },
  }),
  law<{ readonly x: Values; readonly w: Values; readonly dy: Values }>({
    id: 'gradient/tied-weights',
    ref: 'G-16',
    class: 'lattice',
    runs: 50,
    says: 'a weight used in two layers receives the sum of what two separate weights of its value would',
    kills: ['burn #695', 'mxnet #18500', 'neuronika 445a74f'],
    subjects: usesOps('matmul'),
    given: () =>
      fc
        .tuple(extent(3), extent(3))
        .chain(([n, k]) =>
          fc.record({ x: filled([n, k], small), w: filled([k, k], small), dy: filled([n, k], small) }),
        ),
    *holds({ x, w, dy }) {
      const twice = (second: number): readonly Equation[] => [
        { op: 'matmul', reads: [0, 1] },
        { op: 'matmul', reads: [second === 1 ? 2 : 3, second] },
      ];
      const [dx, dw] = (yield* graph(twice(1), [x, w], dy)).tensors('dinputs');
      // by hand: dw = xᵀ·(dy·wᵀ) + (x·w)ᵀ·dy
      const [n = 1, k = 1] = x.shape;
      const at = (t: Values, i: number, j: number): number => t.data[i * k + j] ?? Number.NaN;
      const times = (rows: number, f: (i: number, j: number, l: number) => number, depth: number): number[] =>
        Array.from({ length: rows * k }, (_, p) =>
          Array.from({ length: depth }, (_2, l) => f(Math.floor(p / k), p % k, l)).reduce((s, v) => s + v, 0),
        );
      const back: Values = { shape: [n, k], data: times(n, (i, j, l) => at(dy, i, l) * at(w, j, l), k) };
      const mid: Values = { shape: [n, k], data: times(n, (i, j, l) => at(x, i, l) * at(w, l, j), k) };
      const one = times(k, (i, j, l) => at(x, l, i) * at(back, l, j), n);
      const two = times(k, (i, j, l) => at(mid, l, i) * at(dy, l, j), n);
      const apart = (yield* graph(twice(2), [x, w, w], dy)).tensors('dinputs');
      return every([
        same(
          'dw',
          dw?.data ?? [],
          one.map((v, i) => v + (two[i] ?? 0)),
        ),
        each('of separate weights: cotangent', apart.slice(1), [one, two]),
        same(
          'dx',
          dx?.data ?? [],
          times(n, (i, j, l) => at(back, i, l) * at(w, j, l), k),
        ),
      ]);
    },
  }),
  law<{ readonly op: string; readonly x: Values; readonly y: Values; readonly dy: Values }>({
    id: 'gradient/broadcast-both',
    ref: 'G-17',
    class: 'lattice',
    runs: 60,
    says: 'where a column meets a row, each gets its cotangents summed over the axis it was stretched along',
    kills: ['neuronika #87', 'burn #702'],
    subjects: usesOps('add', 'sub', 'mul'),
    given: () =>
      fc.tuple(extent(4), extent(4), fc.constantFrom('add', 'sub', 'mul')).chain(([n, m, op]) =>
        fc.record({
          op: fc.constant(op),
          x: filled([n, 1], small),
          y: filled([1, m], small),
          dy: filled([n, m], small),
        }),
      ),
    *holds({ op, x, y, dy }) {
      const got = (yield* graph([{ op, reads: [0, 1] }], [x, y], dy)).tensors('dinputs');
      const [n, m] = [x.data.length, y.data.length];
      const slope = (other: number): number => (op === 'mul' ? other : 1);
      const sum = (k: number, f: (i: number) => number): number =>
        Array.from({ length: k }, (_, i) => f(i)).reduce((a, b) => a + b, 0);
      return each('cotangent of input', got, [
        x.data.map((_, i) => sum(m, (j) => (dy.data[i * m + j] ?? 0) * slope(y.data[j] ?? 0))),
        y.data.map(
          (_, j) => (op === 'sub' ? -1 : 1) * sum(n, (i) => (dy.data[i * m + j] ?? 0) * slope(x.data[i] ?? 0)),
        ),
      ]);
    },
  }),
  law<{ readonly c: Values; readonly x: Values; readonly bad: readonly number[]; readonly dy: Values }>({
    id: 'gradient/branch-isolation',
    ref: 'G-19',
    class: 'exact',
    runs: 50,
    says: 'a choice passes its cotangent to the chosen side alone, and neither NaN nor infinity of the other side leaks',
    kills: ['candle #534', 'candle #211', 'torch #31829'],
    subjects: usesOps('where', 'maximum', 'minimum'),
    given: (port) =>
      fc.record({
        c: filled([4], fc.constantFrom(0, 1)),
        x: filled([4], small),
        bad: fc.array(fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY), {
          minLength: 4,
          maxLength: 4,
        }),
        dy: filled([4], cotangent(port.dtype)),
      }),
    *holds({ c, x, bad, dy }) {
      const chosen = (k: number): boolean => c.data[k] === 1;
      // NaN and infinities wherever the side is not chosen
      const left = like(
        x,
        x.data.map((v, k) => (chosen(k) ? v : (bad[k] ?? 0))),
      );
      const right = like(
        x,
        x.data.map((v, k) => (chosen(k) ? (bad[k] ?? 0) : v + 1)),
      );
      const w = yield* graph([{ op: 'where', reads: [0, 1, 2] }], [c, left, right], dy);
      const part = (on: (k: number) => boolean): readonly number[] => dy.data.map((v, k) => (on(k) ? v : 0));
      const verdicts: Verdict[] = [
        same(
          'where',
          w.tensor('y').data,
          x.data.map((v, k) => (chosen(k) ? v : v + 1)),
        ),
        each('cotangent of where', w.tensors('dinputs').slice(1), [part(chosen), part((k) => !chosen(k))]),
      ];
      for (const [op, far] of [
        ['maximum', Number.NEGATIVE_INFINITY],
        ['minimum', Number.POSITIVE_INFINITY],
      ] as const) {
        const [a, b] = [true, false].map((side) =>
          like(
            x,
            x.data.map((v, k) => (chosen(k) === side ? v : far)),
          ),
        );
        const m = yield* graph([{ op, reads: [0, 1] }], [a as Values, b as Values], dy); // two sides
        verdicts.push(
          same(op, m.tensor('y').data, x.data),
          each(`cotangent of ${op}`, m.tensors('dinputs'), [part(chosen), part((k) => !chosen(k))]),
        );
      }
      return every(verdicts);
    },
  }),
  law<{ readonly x: Values; readonly hole: number; readonly dy: Values }>({
    id: 'gradient/singular-points',
    ref: 'G-20',
    class: 'exact',
    runs: 40,
    says: 'at 0 the slopes of products, squares, sizes and activations are finite and the declared ones, that of the root is infinite and not NaN',
    kills: ['tfjs #1376', 'mlx #505', 'tinygrad #17404', 'burn #2249', 'keras #23093', 'candle #2083'],
    subjects: usesOps('mul', 'square', 'abs', 'sqrt'),
    given: () =>
      fc.record({
        x: filled([3], small),
        hole: fc.nat({ max: 2 }),
        dy: filled(
          [1],
          small.map((v) => v || 3),
        ),
      }),
    *holds({ x, hole, dy }, port) {
      const [g = 1] = dy.data;
      const factors = x.data.map((v, i): Values => ({ shape: [1], data: [i === hole ? 0 : v] }));
      const value = (i: number): number => factors[i]?.data[0] ?? 0;
      const chain = yield* graph(
        [
          { op: 'mul', reads: [0, 1] },
          { op: 'mul', reads: [3, 2] },
        ],
        factors,
        dy,
      );
      const zero: Values = { shape: [1], data: [0] };
      const slope = function* (op: string) {
        const p = rowOf(op).sample([[1]]);
        const equation: Equation = { op, reads: [0], ...(p === undefined ? {} : { params: p }) };
        return (yield* graph([equation], [zero], dy)).tensors('dinputs')[0]?.data ?? [];
      };
      const verdicts = [
        each('cotangent of factor', chain.tensors('dinputs'), [
          [g * value(1) * value(2)],
          [g * value(0) * value(2)],
          [g * value(0) * value(1)],
        ]),
        same('slope of the square at 0', yield* slope('square'), [0]),
        same('slope of the size at 0', yield* slope('abs'), [0]),
        same('slope of the root at 0', yield* slope('sqrt'), [g * Number.POSITIVE_INFINITY]),
      ];
      const halves = ['silu', 'gelu', 'geluTanh'].filter((op) => port.ops.includes(op));
      for (const op of halves) verdicts.push(same(`slope of ${op} at 0`, yield* slope(op), [g / 2]));
      const quarters = [
        ['sigmoid', 1 / 4],
        ['tanh', 1],
        ['softplus', 1 / 2],
        ['softsign', 1],
      ] as const;
      for (const [op, s] of quarters)
        if (port.ops.includes(op)) verdicts.push(same(`slope of ${op} at 0`, yield* slope(op), [g * s]));
      return every(verdicts);
    },
  }),
];
