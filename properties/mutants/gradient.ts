// Faults of gradients and networks: lost, doubled, averaged or misplaced contributions.
import type { Equation } from '../args.ts';
import type { Args, Plain } from '../contract.ts';
import { graph } from './op.ts';
import { at, changed, like, list, type Mutant, now, plain, tiny } from './plant.ts';

/** The gradients of a network, changed. */
export const gradients = (f: (v: number, i: number, args: Args, leaf: number) => number) =>
  at('model.network.loss_and_grad', (args, original) => {
    const answer = now(original, args);
    return { ...answer, gradients: list(answer, 'gradients').map((g, leaf) => like(g, (v, i) => f(v, i, args, leaf))) };
  });

const equationsOf = (args: Args): readonly Equation[] => args.equations as readonly Equation[]; // parsed by the contract
const sameSize = (a: Plain, b: Plain): boolean => a.data.length === b.data.length;

/** Products with the Hessian, changed by input and by mode. */
const hessian = (f: (v: number, i: number, mode: unknown) => number) =>
  at('program.graph.hvp', (args, original) => ({
    products: list(now(original, args), 'products').map((p, i) => like(p, (v) => f(v, i, args.mode))),
  }));

const first = <T>(xs: readonly T[], f: (x: T) => T): readonly T[] => xs.map((x, i) => (i === 0 ? f(x) : x));

export const gradientMutants: readonly Mutant[] = [
  {
    id: 'network/one-weight',
    says: 'one weight’s gradient is off by a relative 2⁻⁴⁰',
    killedBy: ['gradient/network', 'gradient/network-exact', 'gradient/random-model', 'gradient/large-model'],
    plant: gradients((v, i, _a, leaf) => (leaf === 0 && i === 0 ? v * (1 + 2 ** -40) : v)),
  },
  {
    id: 'network/averages',
    says: 'averages over the batch where the sum was asked',
    bug: 'keras #19363',
    killedBy: ['gradient/additive', 'gradient/network', 'gradient/random-model', 'gradient/own-function'],
    plant: gradients((v, _i, a) => v / (plain(a, 'x').shape[0] ?? 1)),
  },
  {
    id: 'dense/not-transposed',
    says: 'dx from w instead of wᵀ',
    bug: 'burn #4069',
    killedBy: ['gradient/dense-exact'],
    plant: at('layer.dense.vjp', (args, original) => {
      const w = plain(args, 'w');
      return {
        ...now(original, args),
        dx: plain(now(original, { ...args, w: like(w, (_v, i) => w.data[w.data.length - 1 - i] ?? 0) }), 'dx'),
      };
    }),
  },
  {
    id: 'dense/ignores-cotangent',
    says: 'pulls back ones',
    bug: 'tfjs #970',
    killedBy: ['gradient/cotangent-scaling', 'gradient/dense-exact'],
    plant: at('layer.dense.vjp', (args, original) => now(original, { ...args, dy: like(plain(args, 'dy'), () => 1) })),
  },
  ...(['y', 'dx', 'dw', 'db'] as const).map(
    (field): Mutant => ({
      id: `dense/single-precision-${field}`,
      says: `${field} of the dense layer goes through single precision`,
      killedBy: ['gradient/dense-rounding'],
      plant: changed(`layer.dense.${field === 'y' ? 'forward' : 'vjp'}`, field, Math.fround),
    }),
  ),
  {
    id: 'activation/never-zero',
    says: 'adds the smallest number to every gradient',
    killedBy: ['gradient/zero-cotangent'],
    plant: changed('activation.sigmoid.vjp', 'dx', (v) => v + tiny),
  },
  {
    id: 'graph/overwrites',
    says: 'keeps one contribution where two paths meet',
    bug: 'tinygrad’s first week, burn #695',
    killedBy: ['gradient/diamond'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: first(list(a, 'dinputs'), (d) =>
        (args.equations as readonly Equation[])[0]?.reads[0] === (args.equations as readonly Equation[])[0]?.reads[1]
          ? plain(args, 'dy')
          : d,
      ),
    })),
  },
  {
    id: 'graph/averages-broadcast',
    says: 'averages over the stretched axes',
    bug: 'burn #702',
    killedBy: ['gradient/broadcast', 'gradient/broadcast-both'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d) => like(d, (v) => (v * d.data.length) / plain(args, 'dy').data.length)),
    })),
  },
  {
    id: 'graph/unused-nan',
    says: 'NaN for an argument that is not used',
    bug: 'burn #4069',
    killedBy: ['gradient/unused'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d, i) =>
        (args.equations as readonly Equation[]).some(({ reads }) => reads.includes(i)) ? d : like(d, () => Number.NaN),
      ),
    })),
  },
  {
    id: 'network/first-unit',
    says: 'doubles the gradient of the first hidden unit',
    killedBy: [
      'network/hidden-permutation',
      'network/symmetric-units',
      'network/unit-removal',
      'network/unit-duplication',
      'network/sign-symmetry',
      'network/all-zero',
    ],
    plant: gradients((v, i, _a, leaf) => (leaf === 1 && i === 0 ? 2 * v + 1 : v)),
  },
  {
    id: 'network/decays',
    says: 'adds 2⁻¹⁰·w to every gradient',
    bug: 'undeclared weight decay',
    killedBy: [
      'network/rescaling',
      'network/dead-unit',
      'gradient/network',
      'gradient/balance',
      'gradient/euler',
      'gradient/rank-one',
      'gradient/additive',
    ],
    plant: gradients((v, i, a, leaf) => v + 2 ** -10 * (list(a, 'params')[leaf]?.data[i] ?? 0)),
  },
  {
    id: 'program/sign-of-a-difference',
    says: 'd(a − b)/db with the sign of d/da',
    bug: 'candle #211',
    killedBy: ['gradient/adjoint', 'gradient/broadcast-both'],
    plant: graph(
      (a, args) => ({
        ...a,
        dinputs: list(a, 'dinputs').map((d, i) =>
          equationsOf(args).some(({ op, reads }) => op === 'sub' && reads[1] === i) ? like(d, (v) => -v) : d,
        ),
      }),
      (op) => op === 'sub',
    ),
  },
  {
    id: 'program/product-turned',
    says: 'swaps the factors of a product of matrices on the way back',
    bug: 'burn #4069',
    killedBy: ['gradient/adjoint', 'gradient/input', 'gradient/tied-weights'],
    plant: graph(
      (a) => ({
        ...a,
        dinputs: list(a, 'dinputs').map((d) =>
          d.shape.length === 2 ? like(d, (_v, k) => d.data[d.data.length - 1 - k] ?? 0) : d,
        ),
      }),
      (op) => op === 'matmul',
    ),
  },
  {
    id: 'program/one-input-off',
    says: 'the slope by the data is off by a relative 2⁻⁴⁰',
    killedBy: ['gradient/input', 'gradient/adjoint'],
    plant: graph((a) => ({ ...a, dinputs: first(list(a, 'dinputs'), (d) => like(d, (v) => v * (1 + 2 ** -40))) })),
  },
  {
    id: 'program/seeds-ones',
    says: 'pulls back ones whatever the cotangent',
    bug: 'tfjs #970',
    killedBy: ['gradient/linear-in-cotangent', 'gradient/adjoint', 'gradient/zero-program'],
    plant: at('program.graph.vjp', (args, original) => ({
      ...now(original, { ...args, dy: like(plain(args, 'dy'), () => 1) }),
    })),
  },
  {
    id: 'program/sizes-of-cotangents',
    says: 'pulls back the size of the cotangent',
    bug: 'gradient checks with positive cotangents only',
    killedBy: ['gradient/linear-in-cotangent', 'gradient/adjoint', 'gradient/chain'],
    plant: at('program.graph.vjp', (args, original) =>
      now(original, { ...args, dy: like(plain(args, 'dy'), Math.abs) }),
    ),
  },
  {
    id: 'program/never-nothing',
    says: 'adds the smallest number to every cotangent',
    killedBy: ['gradient/zero-program'],
    plant: graph((a) => ({ ...a, dinputs: list(a, 'dinputs').map((d) => like(d, (v) => v + tiny)) })),
  },
  {
    id: 'program/long-chains',
    says: 'rounds cotangents to single precision in chains of four and more',
    killedBy: ['gradient/chain'],
    plant: graph((a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d) => (equationsOf(args).length > 3 ? like(d, Math.fround) : d)),
    })),
  },
  {
    id: 'program/chain-stops',
    says: 'forgets the first operation of a chain on the way back',
    killedBy: ['gradient/chain'],
    plant: at('program.graph.vjp', (args, original) => {
      const a = now(original, args);
      const [head, next, ...rest] = equationsOf(args);
      if (head === undefined || next === undefined || list(args, 'inputs').length > 1) return a;
      const y = plain(now(original, { ...args, equations: [head] }), 'y');
      const shorter = [next, ...rest].map(({ op, reads }) => ({ op, reads: reads.map((i) => i - 1) }));
      return { ...a, dinputs: now(original, { ...args, equations: shorter, inputs: [y] }).dinputs };
    }),
  },
  {
    id: 'program/keeps-the-last-use',
    says: 'a weight used twice keeps the contribution of one use',
    bug: 'burn #695, mxnet #18500',
    killedBy: ['gradient/tied-weights'],
    plant: at('program.graph.vjp', (args, original) => {
      const a = now(original, args);
      const [one, two] = equationsOf(args);
      if (one?.op !== 'matmul' || two?.op !== 'matmul' || one.reads[1] !== two.reads[1]) return a;
      const [x, w] = list(args, 'inputs');
      const apart = now(original, {
        ...args,
        equations: [one, { op: 'matmul', reads: [3, 2] }],
        inputs: [x, w, w],
      });
      return { ...a, dinputs: [list(a, 'dinputs')[0], list(apart, 'dinputs')[2]] };
    }),
  },
  {
    id: 'program/stretched-rows-only',
    says: 'sums over the batch alone: a column gets its first cotangent only',
    bug: 'neuronika #87',
    killedBy: ['gradient/broadcast-both', 'gradient/broadcast'],
    plant: at('program.graph.vjp', (args, original) => {
      const a = now(original, args);
      const dy = plain(args, 'dy');
      const [, m = 1] = dy.shape;
      const firstColumn = now(original, { ...args, dy: like(dy, (v, k) => (k % m === 0 ? v : 0)) });
      return {
        ...a,
        dinputs: list(a, 'dinputs').map((d, i) =>
          d.shape.length === 2 && d.shape[1] === 1 && m > 1 ? list(firstColumn, 'dinputs')[i] : d,
        ),
      };
    }),
  },
  {
    id: 'program/choice-by-products',
    says: 'writes a choice as c·x + (1 − c)·y, which lets NaN through',
    bug: 'torch #31829',
    killedBy: ['gradient/branch-isolation'],
    plant: graph(
      (a, args) => {
        const [c, x, y] = list(args, 'inputs');
        return {
          ...a,
          y: like(
            plain(a, 'y'),
            (_v, k) => (c?.data[k] ?? 0) * (x?.data[k] ?? 0) + (1 - (c?.data[k] ?? 0)) * (y?.data[k] ?? 0),
          ),
        };
      },
      (op) => op === 'where',
    ),
  },
  {
    id: 'program/choice-both-ways',
    says: 'a maximum passes its cotangent to both sides',
    bug: 'candle #534',
    killedBy: ['gradient/branch-isolation', 'gradient/adjoint'],
    plant: graph(
      (a, args) => ({
        ...a,
        dinputs: list(a, 'dinputs').map((d, i) =>
          equationsOf(args).some(({ op, reads }) => op === 'maximum' && reads.includes(i)) &&
          sameSize(d, plain(args, 'dy'))
            ? plain(args, 'dy')
            : d,
        ),
      }),
      (op) => op === 'maximum',
    ),
  },
  {
    id: 'program/products-by-division',
    says: 'the slope of a product by a factor is the product over the factor, NaN at 0',
    bug: 'mlx #505, keras #23093',
    killedBy: ['gradient/singular-points'],
    plant: graph(
      (a, args) => ({
        ...a,
        dinputs: list(a, 'dinputs').map((d, i) => {
          const x = list(args, 'inputs')[i];
          return equationsOf(args).every(({ op }) => op === 'mul') && equationsOf(args).length === 2
            ? like(d, (v, k) => (v * (x?.data[k] ?? 1)) / (x?.data[k] ?? 1))
            : d;
        }),
      }),
      (op) => op === 'mul',
    ),
  },
  {
    id: 'program/nan-at-zero',
    says: 'NaN for the slope of x·σ(x) at 0',
    bug: 'candle #2083',
    killedBy: ['gradient/singular-points'],
    plant: graph(
      (a, args) => ({
        ...a,
        dinputs: list(a, 'dinputs').map((d, i) =>
          like(d, (v, k) => (list(args, 'inputs')[i]?.data[k] === 0 ? Number.NaN : v)),
        ),
      }),
      (op) => op === 'silu',
    ),
  },
  {
    id: 'program/root-of-nothing',
    says: 'the slope of the root at 0 is 0',
    killedBy: ['gradient/singular-points'],
    plant: graph(
      (a) => ({ ...a, dinputs: list(a, 'dinputs').map((d) => like(d, (v) => (Number.isFinite(v) ? v : 0))) }),
      (op) => op === 'sqrt',
    ),
  },
  {
    id: 'forward-mode/last-tangent-lost',
    says: 'leaves the tangent of the second input out',
    killedBy: ['gradient/forward-mode'],
    plant: at('program.graph.jvp', (args, original) =>
      now(original, { ...args, u: list(args, 'u').map((t, i) => (i === 1 ? like(t, () => 0) : t)) }),
    ),
  },
  {
    id: 'forward-mode/value-moved',
    says: 'gives the value one step along the tangent',
    killedBy: ['gradient/forward-mode'],
    plant: at('program.graph.jvp', (args, original) => {
      const a = now(original, args);
      const dy = plain(a, 'dy');
      return { ...a, y: like(plain(a, 'y'), (v, k) => v + (dy.data[k] ?? 0)) };
    }),
  },
  {
    id: 'forward-mode/one-use',
    says: 'differentiates by one step of size 1 instead of at the point',
    killedBy: ['gradient/forward-mode'],
    plant: at('program.graph.jvp', (args, original) => {
      const a = now(original, args);
      const u = list(args, 'u');
      const inputs = list(args, 'inputs').map((x, i) => like(x, (v, k) => v + (u[i]?.data[k] ?? 0)));
      const far = plain(now(original, { ...args, inputs }), 'y');
      return { ...a, dy: like(far, (v, k) => v - (plain(a, 'y').data[k] ?? 0)) };
    }),
  },
  {
    id: 'forward-mode/plain-value',
    says: 'the value alone is the negative',
    killedBy: ['gradient/forward-mode'],
    plant: changed('program.graph.forward', 'y', (v) => -v),
  },
  {
    id: 'hessian/half',
    says: 'H·u without the factor 2 of its quadratic form',
    killedBy: ['gradient/second-order-taylor', 'gradient/hessian-product'],
    plant: hessian((v) => v / 2),
  },
  {
    id: 'hessian/block-diagonal',
    says: 'leaves out how inputs act on each other',
    killedBy: ['gradient/hessian-product', 'gradient/second-order-taylor'],
    plant: at('program.graph.hvp', (args, original) => {
      const u = list(args, 'u');
      const alone = (i: number): Plain | undefined =>
        list(now(original, { ...args, u: u.map((t, j) => (i === j ? t : like(t, () => 0))) }), 'products')[i];
      return { products: u.map((_, i) => alone(i)) };
    }),
  },
  {
    id: 'hessian/lopsided',
    says: 'the second input does not feel the first',
    killedBy: ['gradient/hessian-symmetric', 'gradient/hessian-product'],
    plant: at('program.graph.hvp', (args, original) => {
      const a = now(original, args);
      const u = list(args, 'u').map((t, i) => (i === 0 ? like(t, () => 0) : t));
      const b = list(now(original, { ...args, u }), 'products');
      return { products: list(a, 'products').map((p, i) => (i === 1 ? b[i] : p)) };
    }),
  },
  {
    id: 'hessian/forward-over-reverse',
    says: 'forward over reverse drops the second input',
    bug: 'torch #79609',
    killedBy: ['gradient/modes-agree', 'gradient/hessian-product'],
    plant: hessian((v, i, mode) => (mode === 'forwardOverReverse' && i === 1 ? 0 : v)),
  },
  {
    id: 'hessian/reverse-over-forward',
    says: 'reverse over forward is off by a relative 2⁻⁴⁰',
    killedBy: ['gradient/modes-agree', 'gradient/hessian-product'],
    plant: hessian((v, _i, mode) => (mode === 'reverseOverForward' ? v * (1 + 2 ** -40) : v)),
  },
];
