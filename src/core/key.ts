// Explicit randomness: splittable counter-based keys (Threefry-2x32, 20 rounds), uniforms and normals as pure functions.
import { elementary } from './elementary.ts';
import { DomainError } from './errors.ts';
import type { Shape } from './shape.ts';
import { Tensor } from './tensor.ts';

/** Two 32-bit words. Whoever holds a key uses it once, or splits it. */
export type Key = readonly [number, number];

const PARITY = 0x1bd11bda;

/** The two words of a block; scratch, so that a loop over blocks makes no objects. */
const block = new Int32Array(2);

/** Writes the block of the counter (c0, c1) under the key (k0, k1) into {@link block}. */
const threefryBlock = (k0: number, k1: number, c0: number, c1: number): void => {
  let x = (c0 + k0) | 0;
  let y = (c1 + k1) | 0;
  let before = k0;
  let now = k1;
  let next = PARITY ^ k0 ^ k1;
  for (let s = 1; s <= 5; s++) {
    // four rounds, their rotations written out because a table takes twice as long
    const odd = s % 2 === 1;
    x = (x + y) | 0;
    y = (odd ? (y << 13) | (y >>> 19) : (y << 17) | (y >>> 15)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 15) | (y >>> 17) : (y << 29) | (y >>> 3)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 26) | (y >>> 6) : (y << 16) | (y >>> 16)) ^ x;
    x = (x + y) | 0;
    y = (odd ? (y << 6) | (y >>> 26) : (y << 24) | (y >>> 8)) ^ x;
    x = (x + now) | 0;
    y = (y + next + s) | 0;
    const last = before;
    before = now;
    now = next;
    next = last;
  }
  block[0] = x;
  block[1] = y;
};

/**
 * The Threefry-2x32-20 block function: a bijection of the counter for every key.
 * @source Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3, §3.3
 */
export const threefry = (key: Key, counter: readonly [number, number]): Key => {
  threefryBlock(key[0] | 0, key[1] | 0, counter[0] | 0, counter[1] | 0);
  return [(block[0] as number) >>> 0, (block[1] as number) >>> 0]; // it has two words
};

/** The key of a seed; 0 and negative seeds are seeds like all others. @throws DomainError unless a safe integer */
export const keyOf = (seed: number): Key => {
  if (!Number.isSafeInteger(seed)) throw new DomainError(`key: the seed must be a safe integer, got ${seed}`);
  return [Math.floor(seed / 2 ** 32) >>> 0, seed >>> 0];
};

/** Keys for `n` independent uses. The low counter word tags the use, so that children and draws never meet. */
export const split = (key: Key, n: number): readonly Key[] => Array.from({ length: n }, (_, i) => fold(key, i));

/** The key of a named or numbered child. */
export const fold = (key: Key, child: number): Key => threefry(key, [child >>> 0, 1]);

/** Fills a buffer with the draws of a key; see {@link uniform}. */
export const uniformInto = (key: Key, out: Float64Array): void => {
  const [k0, k1] = [key[0] | 0, key[1] | 0];
  for (let i = 0; i < out.length; i++) {
    threefryBlock(k0, k1, i, 0);
    const [hi, lo] = [block[0] as number, block[1] as number]; // it has two words
    out[i] = ((hi >>> 6) * 2 ** 26 + (lo >>> 6) + 0.5) * 2 ** -52;
  }
};

/** Uniforms on the grid (k + ½)·2⁻⁵², k < 2⁵²: inside (0, 1), symmetric about ½, exact doubles. */
export const uniform = <const S extends Shape>(key: Key, shape: S): Tensor<S> =>
  Tensor.build(shape, (out) => uniformInto(key, out));

/** Standard normals by inversion of {@link uniform}, one per uniform: no hidden second value, no rejection. */
export const normal = <const S extends Shape>(key: Key, shape: S): Tensor<S> => {
  const u = uniform(key, shape).view;
  return Tensor.build(shape, (out) => {
    for (let i = 0; i < out.length; i++) out[i] = normalQuantile(u[i] ?? Number.NaN);
  });
};

/** A random order of 0 … n−1: each index sorted by its own uniform. */
export const permutation = (key: Key, n: number): readonly number[] => {
  const u = uniform(key, [n]).view;
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => (u[a] as number) - (u[b] as number)); // one each; equal ones stay as they are
};

const ratio = (num: readonly number[], den: readonly number[], r: number): number => {
  let [above, below] = [0, 0];
  for (let k = num.length - 1; k >= 0; k--) {
    above = above * r + (num[k] as number); // both have as many coefficients
    below = below * r + (den[k] as number);
  }
  return above / below;
};

/**
 * The quantile of the standard normal distribution, relative error about 1e-16; ±∞ at 0 and 1, NaN outside.
 * @source Wichura 1988, Algorithm AS 241 (PPND16)
 */
export const normalQuantile = (p: number): number => {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRE[0], CENTRE[1], 0.180625 - q * q);
  if (p === 0 || p === 1) return q / 0;
  const r = Math.sqrt(-elementary.log(q < 0 ? p : 1 - p));
  const tail = r <= 5 ? ratio(MIDDLE[0], MIDDLE[1], r - 1.6) : ratio(FAR[0], FAR[1], r - 5);
  return q < 0 ? -tail : tail;
};

const CENTRE = [
  [
    3.387132872796366608, 133.14166789178437745, 1971.5909503065514427, 13731.693765509461125, 45921.953931549871457,
    67265.770927008700853, 33430.575583588128105, 2509.0809287301226727,
  ],
  [
    1, 42.313330701600911252, 687.1870074920579083, 5394.1960214247511077, 21213.794301586595867, 39307.89580009271061,
    28729.085735721942674, 5226.495278852854561,
  ],
] as const;
const MIDDLE = [
  [
    1.42343711074968357734, 4.6303378461565452959, 5.7694972214606914055, 3.64784832476320460504,
    1.27045825245236838258, 0.24178072517745061177, 0.0227238449892691845833, 7.7454501427834140764e-4,
  ],
  [
    1, 2.05319162663775882187, 1.6763848301838038494, 0.68976733498510000455, 0.14810397642748007459,
    0.0151986665636164571966, 5.475938084995344946e-4, 1.05075007164441684324e-9,
  ],
] as const;
const FAR = [
  [
    6.6579046435011037772, 5.4637849111641143699, 1.7848265399172913358, 0.29656057182850489123,
    0.026532189526576123093, 0.0012426609473880784386, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ],
  [
    1, 0.59983220655588793769, 0.13692988092273580531, 0.0148753612908506148525, 7.868691311456132591e-4,
    1.8463183175100546818e-5, 1.4215117583164458887e-7, 2.04426310338993978564e-15,
  ],
] as const;
