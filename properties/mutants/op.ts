// Faults of operations: two per row, derived from the table.
import { ROWS } from '../../src/index.ts';
import type { Equation } from '../args.ts';
import type { Args } from '../contract.ts';
import { at, like, list, type Mutant, now, plain, up } from './plant.ts';

/** A graph of one given operation answers wrongly. */
export const graph = (f: (answer: Args, args: Args) => Args, when: (op: string) => boolean = () => true) =>
  at('program.graph.vjp', (args, original) => {
    const answer = now(original, args);
    return (args.equations as readonly Equation[]).some(({ op }) => when(op)) ? f(answer, args) : answer;
  });

/** An operation whose answer is changed where it is asked for. */
const of = (op: string, f: (answer: Args, args: Args) => Args) => graph(f, (name) => name === op);
const first = (args: Args): readonly number[] => Array.from(list(args, 'inputs')[0]?.data ?? []);
const second = (args: Args): readonly number[] => Array.from(list(args, 'inputs')[1]?.data ?? []);

/** Decisions at kinks and ties, and NaN. */
export const opSeamMutants: readonly Mutant[] = [
  {
    id: 'op/abs-slope-at-zero',
    says: 'abs has slope −1 at 0, as x > 0 ? 1 : −1 has',
    bug: 'torch #1792, convnetjs sign(0)',
    killedBy: ['op/seam'],
    plant: of('abs', (a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d) =>
        like(d, (v, i) => (first(args)[i] === 0 ? -(plain(args, 'dy').data[i] ?? 0) : v)),
      ),
    })),
  },
  {
    id: 'op/maximum-ties-to-both',
    says: 'maximum gives the whole cotangent to both sides of a tie',
    killedBy: ['op/seam'],
    plant: of('maximum', (a, args) => ({
      ...a,
      dinputs: list(a, 'dinputs').map((d) => like(d, (v, i) => (first(args)[i] === second(args)[i] ? 2 * v : v))),
    })),
  },
  {
    id: 'op/maximum-hides-nan',
    says: 'x > y ? x : y, which is y where x is NaN',
    bug: 'jax-js 8c38356',
    killedBy: ['op/nan'],
    plant: of('maximum', (a, args) => ({
      ...a,
      y: like(plain(a, 'y'), (v, i) => (Number.isNaN(v) ? (second(args)[i] ?? v) : v)),
    })),
  },
  {
    id: 'op/log-sum-exp-of-nothing',
    says: 'takes the largest number away from itself where all are −∞',
    bug: 'jax-js logsumexp(−∞, −∞)',
    killedBy: ['op/infinite-row'],
    plant: of('logSumExp', (a) => ({
      ...a,
      y: like(plain(a, 'y'), (v) => (v === Number.NEGATIVE_INFINITY ? Number.NaN : v)),
    })),
  },
  {
    id: 'op/max-forgets-nan',
    says: 'a running maximum that starts anew behind a NaN: !(x <= best) takes the next number, whatever it is',
    killedBy: ['op/nan-in-row'],
    plant: of('max', (a, args) => {
      const [x] = list(args, 'inputs');
      const n = x?.shape.at(-1) ?? 1;
      const top = (row: readonly number[]): number => row.reduce((best, v) => (v <= best ? best : v));
      return { ...a, y: like(plain(a, 'y'), (_, i) => top(first(args).slice(i * n, (i + 1) * n))) };
    }),
  },
];

/** Two mutants per operation: a result four times further off than it may be, and a pull-back scaled by 1 + 2⁻²⁰. */
export const opMutants: readonly Mutant[] = Object.entries(ROWS).flatMap(([name, row]): readonly Mutant[] => {
  // pointwise rows by ulps, sums by more of them, and what has a condition number by a relative 2⁻²⁰
  const steps = Math.max(1, Math.ceil(8 * Math.max(row.ulp, row.kind === 'fold' || row.kind === 'rowwise' ? 8 : 0)));
  const off = (v: number): number => (row.kind === 'spectral' ? v * (1 + 2 ** -20) : up(v, steps));
  return [
    {
      id: `op/${name}-value-off`,
      says: `${name} is off by ${row.kind === 'spectral' ? 'a relative 2⁻²⁰' : `${steps} units in the last place`}`,
      killedBy: ['op/value'],
      plant: graph(
        (a) => ({ ...a, y: like(plain(a, 'y'), off) }),
        (op) => op === name,
      ),
    },
    {
      id: `op/${name}-derivative-off`,
      says: `the pull-back of ${name} is scaled by 1 + 2⁻²⁰`,
      killedBy: ['op/derivative'],
      plant: graph(
        (a) => ({
          ...a,
          dinputs: list(a, 'dinputs').map((d) => like(d, (v) => (v === 0 ? 2 ** -20 : v * (1 + 2 ** -20)))),
        }),
        (op) => op === name,
      ),
    },
  ];
});
