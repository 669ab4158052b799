// A number at 64 digits together with how far a correct floating-point program may be from it by now.
import type { Dtype } from '../port.ts';
import { FORMATS, STEP_ROUNDINGS } from '../tolerance.ts';
import { type Big, big, exact, exp, ln, math, nearest, ONE, sqrt, ZERO } from './exact.ts';

/** Rounding of the bounds themselves. */
const OUTWARD = 1 + 2 ** -40;

/**
 * A running error bound: every operation carries the errors of its arguments and adds its own rounding. A choice that the
 * errors leave open makes the bound infinite, so that such an input decides nothing.
 * @source Higham 2002, §3.3
 */
export class Near {
  readonly value: Big;
  readonly error: number;
  readonly dtype: Dtype;
  readonly #size: number;
  /** Powers that were asked for: rules ask for the same one in every coordinate. */
  #powers: Map<number, Near> | undefined;
  constructor(value: Big, error: number, dtype: Dtype, size = Math.abs(nearest(value))) {
    this.value = value;
    this.error = error;
    this.dtype = dtype;
    this.#size = size;
  }
  /** A double as it stands. */
  static of(x: number, dtype: Dtype): Near {
    return new Near(exact(x), 0, dtype);
  }
  /** A constant that is written in decimals, next to which a program has the nearest number of its format. */
  static written(text: string, dtype: Dtype): Near {
    const value = big(text);
    return new Near(value, Math.abs(nearest(value)) * FORMATS[dtype].u * OUTWARD, dtype);
  }
  #other(x: Near | number): Near {
    return typeof x === 'number' ? Near.of(x, this.dtype) : x;
  }
  #made(value: Big, carried: number): Near {
    const { u, tiny } = FORMATS[this.dtype];
    if (carried === 0 && value.isZero()) return new Near(ZERO, 0, this.dtype);
    const size = Math.abs(nearest(value));
    return new Near(value, (carried + STEP_ROUNDINGS * (u * (size + carried) + tiny)) * OUTWARD, this.dtype, size);
  }
  plus(x: Near | number): Near {
    const b = this.#other(x);
    if (b.error === 0 && b.value.isZero()) return this;
    if (this.error === 0 && this.value.isZero()) return b;
    return this.#made(this.value.plus(b.value), this.error + b.error);
  }
  minus(x: Near | number): Near {
    return this.plus(this.#other(x).neg());
  }
  times(x: Near | number): Near {
    const b = this.#other(x);
    return this.#made(this.value.times(b.value), this.#size * b.error + b.#size * this.error + this.error * b.error);
  }
  over(x: Near | number): Near {
    const b = this.#other(x);
    const low = b.#size - b.error;
    if (!(low > 0)) return this.#open();
    const value = this.value.div(b.value);
    return this.#made(value, (this.error + Math.abs(nearest(value)) * b.error) / low);
  }
  square(): Near {
    return this.times(this);
  }
  root(): Near {
    const value = sqrt(this.value);
    if (this.error === 0) return this.#made(value, 0);
    const low = Math.sqrt(Math.max(this.#size - this.error, 0));
    return this.#made(value, Math.sqrt(this.#size) - low + FORMATS.f64.u * Math.sqrt(this.#size));
  }
  neg(): Near {
    return new Near(this.value.neg(), this.error, this.dtype, this.#size);
  }
  abs(): Near {
    return new Near(this.value.abs(), this.error, this.dtype, this.#size);
  }
  max(x: Near | number): Near {
    const b = this.#other(x);
    return new Near(b.value.gt(this.value) ? b.value : this.value, Math.max(this.error, b.error), this.dtype);
  }
  min(x: Near | number): Near {
    return this.neg().max(this.#other(x).neg()).neg();
  }
  exp(): Near {
    const value = exp(this.value);
    return this.#made(value, Math.abs(nearest(value)) * Math.expm1(this.error) * OUTWARD);
  }
  log(): Near {
    const low = this.#size - this.error;
    return low > 0 ? this.#made(ln(this.value), this.error / low) : this.#open();
  }
  /** cos πx, whose slope is at most π. */
  cosPi(): Near {
    const value = math.evaluate('cosPi(x)', { x: this.value }) as Big; // real arguments give a real number
    return this.#made(value, this.error * Math.PI * OUTWARD + STEP_ROUNDINGS * FORMATS[this.dtype].u);
  }
  /** xⁿ for a whole n, by any order of multiplications or through logarithms. */
  power(n: number): Near {
    this.#powers ??= new Map();
    const known = this.#powers.get(n) ?? this.#power(n);
    this.#powers.set(n, known);
    return known;
  }
  #power(n: number): Near {
    const value = n === 0 ? ONE : this.value.pow(n);
    if (this.#size === 0) return this.#made(value, 0);
    const { u } = FORMATS[this.dtype];
    // n products, or the rounding of n·log x magnified by the exponential
    const relative = n * (this.error / this.#size + u * (1 + 2 * STEP_ROUNDINGS * Math.abs(Math.log(this.#size))));
    return this.#made(value, Math.abs(nearest(value)) * relative * OUTWARD);
  }
  /** −1, 0 or 1; open where the error reaches over 0. */
  sign(): Near {
    if (this.error === 0 && this.value.isZero()) return this;
    const sign = new Near(this.value.isNegative() ? ONE.neg() : ONE, 0, this.dtype);
    return this.#size > this.error ? sign : sign.#open();
  }
  /** Whether this is above x; null where the errors leave it open. */
  above(x: Near | number): boolean | null {
    const b = this.#other(x);
    const gap = nearest(this.value.minus(b.value));
    const unsure = this.error + b.error;
    return Math.abs(gap) < unsure || (gap === 0 && unsure > 0) ? null : gap > 0;
  }
  /** One of two by a question that may be open. */
  static pick(yes: boolean | null, a: Near, b: Near): Near {
    return yes === null ? a.#open() : yes ? a : b;
  }
  /** As an entry of a symmetric matrix that an eigensolver has worked on: exact for a matrix within 16·n²·u of it. @source Golub & Van Loan 2013, §8.5.5 */
  solved(entries: readonly Near[]): Near {
    const size = Math.sqrt(entries.reduce((s, e) => s + e.#size ** 2, 0));
    const backward = 16 * entries.length * FORMATS[this.dtype].u * size;
    return new Near(this.value, (this.error + backward) * OUTWARD, this.dtype);
  }
  #open(): Near {
    return new Near(this.value, Number.POSITIVE_INFINITY, this.dtype);
  }
}
