// Elementary functions of our own, so that no result depends on the host's Math: the table of them, read as numbers.
import { cosPi, sinPi } from './circular.ts';
import { codeOf, compiled, lazily } from './code.ts';
import { erf, erfc, gelu, geluTanh, silu } from './distribution.ts';
import { exp, expm1, log, log1p, sigmoid, softplus, tanh } from './exponential.ts';
import { type Elementary, numbers, singles } from './vec.ts';

/**
 * Largest error of each function in units of the last place, over all doubles, gradual underflow included; held by the
 * tests at 64 digits. Those that never decrease (all but gelu, geluTanh, silu, and the sines) do not as doubles either.
 */
export const ULPS = {
  exp: 1,
  expm1: 1,
  log: 1,
  log1p: 1,
  sigmoid: 1,
  tanh: 1,
  softplus: 1,
  erf: 1,
  erfc: 2,
  sinPi: 1,
  cosPi: 1,
  gelu: 3,
  geluTanh: 3,
  silu: 3,
} as const;

type Name = keyof typeof ULPS;

/**
 * The same of singles, over all singles; likewise none of those that never decrease does so as singles. Products fused with
 * sums change last bits and keep these bounds. What is read as doubles is off by half a unit and what the double is off.
 */
export const ULPS_SINGLE = {
  exp: 1.1,
  expm1: 1.7,
  log: 1,
  log1p: 1.6,
  sigmoid: 2.65,
  tanh: 2,
  softplus: 2.1,
  erf: 0.51,
  erfc: 0.51,
  sinPi: 0.51,
  cosPi: 0.51,
  gelu: 0.51,
  geluTanh: 0.51,
  silu: 0.51,
} as const satisfies Record<Name, number>;

const FUNCTIONS: Readonly<Record<Name, Elementary>> = {
  exp,
  expm1,
  log,
  log1p,
  sigmoid,
  tanh,
  softplus,
  erf,
  erfc,
  sinPi,
  cosPi,
  gelu,
  geluTanh,
  silu,
};

/** A text as a function of numbers: compiled from its code when it is first used, or read where the host forbids that. */
export const functionOf = (f: Elementary, digits: 53 | 24 = 53): ((x: number) => number) => {
  const made = lazily((): ((x: number) => number) => {
    const { lines, value } = codeOf((v) => f(v, 'x'), digits);
    const read = digits === 53 ? numbers : singles;
    return compiled(`(x) => { ${lines.join(' ')} return ${value}; }`, {}) ?? ((x) => f(read, x));
  });
  return (x) => made()(x);
};

/** The functions of one number, by name. */
export const elementary = Object.fromEntries(
  Object.entries(FUNCTIONS).map(([name, f]) => [name, functionOf(f)]),
) as Readonly<Record<Name, (x: number) => number>>; // the same names

/** The same of singles: a single for every single. */
export const elementarySingle = Object.fromEntries(
  Object.entries(FUNCTIONS).map(([name, f]) => [name, functionOf(f, 24)]),
) as Readonly<Record<Name, (x: number) => number>>; // the same names

/** Replaces the numbers of a buffer between two places by their exponentials. */
export const expInto = (() => {
  const made = lazily((): ((out: Float64Array, from: number, to: number) => void) => {
    const { lines, value } = codeOf((v) => exp(v, 'x'));
    const loop = `(out, from, to) => { for (let i = from; i < to; i++) { const x = out[i]; ${lines.join(' ')} out[i] = ${value}; } }`;
    return (
      compiled(loop, {}) ??
      ((out, from, to) => {
        for (let i = from; i < to; i++) out[i] = exp(numbers, out[i] as number); // in range
      })
    );
  });
  return (out: Float64Array, from: number, to: number): void => made()(out, from, to);
})();
