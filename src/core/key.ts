// Explicit randomness: splittable counter-based keys (Threefry-2x32, 20 rounds), uniforms and normals as pure functions.
import { functionOf } from './elementary.ts';
import { DomainError } from './errors.ts';
import { normalQuantile, quantileOfDraw } from './quantile.ts';
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

/**
 * Fills a buffer of singles with uniforms on the grid (k + ½)·2⁻²³, k < 2²³: inside (0, 1), symmetric about ½, exact singles.
 * They are the middles of the cells that the doubles of the same key lie in, so that both draw alike.
 */
export const uniformSingles = (key: Key, out: Float32Array): void => {
  const [k0, k1] = [key[0] | 0, key[1] | 0];
  for (let i = 0; i < out.length; i++) {
    threefryBlock(k0, k1, i, 0);
    out[i] = (((block[0] as number) >>> 9) + 0.5) * 2 ** -23; // it has two words
  }
};

/** Standard normals by inversion of {@link uniform}, one per uniform: no hidden second value, no rejection. */
export const normal = <const S extends Shape>(key: Key, shape: S): Tensor<S> =>
  Tensor.build(shape, (out) => normalInto(key, out));

/** Fills a buffer with them. */
export const normalInto = (key: Key, out: Float64Array): void => {
  uniformInto(key, out);
  for (let i = 0; i < out.length; i++) out[i] = normalQuantile(out[i] as number); // in range
};

const quantileSingle = functionOf(quantileOfDraw, 24);

/** Fills a buffer of singles with standard normals by inversion of {@link uniformSingles}, one per uniform. */
export const normalSingles = (key: Key, out: Float32Array): void => {
  uniformSingles(key, out);
  for (let i = 0; i < out.length; i++) out[i] = quantileSingle(out[i] as number); // in range
};

/** A random order of 0 … n−1: each index sorted by its own uniform. */
export const permutation = (key: Key, n: number): readonly number[] => {
  const u = uniform(key, [n]).view;
  return Array.from({ length: n }, (_, i) => i).sort((a, b) => (u[a] as number) - (u[b] as number)); // one each; equal ones stay as they are
};
