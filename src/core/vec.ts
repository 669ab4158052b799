// The small vector language in which elementary functions are written once, and its scalar readings: doubles and singles.

/** A function of one number over the vector language. */
export type Elementary = <V, M>(v: Vec<V, M>, x: V) => V;

/**
 * Verbs over a carrier V of numbers and a carrier M of choices. Each rounds once, as IEEE 754 says, so that every reading
 * (numbers here, lanes of a compiled kernel elsewhere) gives the same bits. Nothing branches: both sides of a choice are
 * computed, and the one that does not hold is dropped, whatever it is.
 */
export interface Vec<V, M> {
  readonly lit: (x: number) => V;
  readonly add: (a: V, b: V) => V;
  readonly sub: (a: V, b: V) => V;
  readonly mul: (a: V, b: V) => V;
  readonly div: (a: V, b: V) => V;
  readonly neg: (a: V) => V;
  readonly abs: (a: V) => V;
  readonly sqrt: (a: V) => V;
  readonly floor: (a: V) => V;
  /** False where either is NaN, as is the next. */
  readonly less: (a: V, b: V) => M;
  readonly atMost: (a: V, b: V) => M;
  /** a where m holds, else b. */
  readonly pick: (m: M, a: V, b: V) => V;
  /** The size of a with the sign of b. */
  readonly copySign: (a: V, b: V) => V;
  /** The nearest integer, ties to even; NaN stays. */
  readonly nearestInt: (a: V) => V;
  /** 2ⁿ for an integer n from −1022 to 1023, of singles from −126 to 127; anything at all elsewhere. */
  readonly pow2: (n: V) => V;
  /** e with 2ᵉ ≤ a < 2ᵉ⁺¹ for positive normal a; anything at all elsewhere. */
  readonly exponent: (a: V) => V;
  /** a without its lowest 27 bits, of singles 12: products of two such are exact. */
  readonly head: (a: V) => V;
  /** c₀ + x·(c₁ + x·(c₂ + …)), two roundings a step. */
  readonly poly: (x: V, c: readonly number[]) => V;
  /**
   * f of the double that x is, read as doubles, and rounded once. Singles have it and doubles have not: by it a text knows
   * which of the two it is read as.
   */
  readonly widened?: (f: Elementary, x: V) => V;
}

/** Whether a reading has 24 digits. */
export const isSingle = <V, M>({ widened }: Vec<V, M>): boolean => widened !== undefined;

/** A function of two texts, of which the reading has the one of its digits. */
export const either =
  (double: Elementary, single: Elementary): Elementary =>
  (v, x) =>
    isSingle(v) ? single(v, x) : double(v, x);

/** A function of one text, for doubles: too rare for one of 24 digits. */
export const widely =
  (f: Elementary): Elementary =>
  (v, x) =>
    v.widened?.(f, x) ?? f(v, x);

/** The smallest normal number. */
export const leastNormal = <V, M>(v: Vec<V, M>): V => v.lit(isSingle(v) ? 2 ** -126 : 2 ** -1022);

/** One number and its two 32-bit halves, the low one first on the machines that JavaScript runs on. Scratch within one verb. */
export const cell = new Float64Array(1);
export const half = new Int32Array(cell.buffer);
export const [LOW, HIGH] = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? ([0, 1] as const) : ([1, 0] as const);
/** One single and its bits. */
export const short = new Float32Array(1);
export const word = new Int32Array(short.buffer);

/** Numbers of size 2⁵² and above are integers already. */
const INTEGERS = 2 ** 52;

/** Doubles. */
export const numbers: Vec<number, boolean> = {
  lit: (x) => x,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  less: (a, b) => a < b,
  atMost: (a, b) => a <= b,
  pick: (m, a, b) => (m ? a : b),
  copySign: (a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a)),
  nearestInt: (a) =>
    a >= 0 ? (a < INTEGERS ? a + INTEGERS - INTEGERS : a) : a > -INTEGERS ? a - INTEGERS + INTEGERS : a,
  pow2: (n) => {
    half[LOW] = 0;
    half[HIGH] = (n + 1023) << 20;
    return cell[0] as number; // the cell has one number
  },
  exponent: (a) => {
    cell[0] = a;
    return (((half[HIGH] as number) >>> 20) & 0x7ff) - 1023; // it has two halves
  },
  head: (a) => {
    cell[0] = a;
    half[LOW] = (half[LOW] as number) & 0xf8000000;
    return cell[0];
  },
  poly: (x, c) => {
    let y = c[c.length - 1] as number; // no list of coefficients is empty
    for (let i = c.length - 2; i >= 0; i--) y = y * x + (c[i] as number);
    return y;
  },
};

const { fround } = Math;

/**
 * Singles, in numbers: a double of two singles, rounded again, is the single that their sum, product, quotient or root rounds
 * to at once.
 * @source Figueroa 1995 (53 ≥ 2·24 + 2 digits)
 */
export const singles: Vec<number, boolean> = {
  ...numbers,
  lit: fround,
  add: (a, b) => fround(a + b),
  sub: (a, b) => fround(a - b),
  mul: (a, b) => fround(a * b),
  div: (a, b) => fround(a / b),
  sqrt: (a) => fround(Math.sqrt(a)),
  pow2: (n) => {
    word[0] = (n + 127) << 23;
    return short[0] as number; // one number
  },
  exponent: (a) => {
    short[0] = a;
    return (((word[0] as number) >>> 23) & 0xff) - 127; // and its bits
  },
  head: (a) => {
    short[0] = a;
    word[0] = (word[0] as number) & 0xfffff000;
    return short[0];
  },
  poly: (x, c) => {
    let y = fround(c[c.length - 1] as number); // no list of coefficients is empty
    for (let i = c.length - 2; i >= 0; i--) y = fround(fround(y * x) + fround(c[i] as number));
    return y;
  },
  widened: (f, x) => fround(f(numbers, x)),
};
