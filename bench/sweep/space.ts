// The space that the mode `budget` draws from: how far each hyper-parameter may lie from its default, one row per name.
import type { Hyper } from '../../src/index.ts';

/** The value at a share of the way through a range, given the default. */
type Range = (standard: number, share: number) => number;

const digits = (value: number): number => Number(value.toPrecision(6));

/** Between two values, evenly in the logarithm. */
const between =
  (low: number, high: number): Range =>
  (_, share) =>
    digits(low * (high / low) ** share);

/** From the default over a factor to the default times it, evenly in the logarithm. */
const around =
  (factor: number): Range =>
  (standard, share) =>
    digits(standard * factor ** (2 * share - 1));

/** 1 − β evenly in the logarithm. */
const memory =
  (shortest: number, longest: number): Range =>
  (_, share) =>
    digits(1 - shortest * (longest / shortest) ** share);

/**
 * One row per name of a hyper-parameter; whatever has none keeps its default. An epsilon whose default is 0 is off, and a
 * flag is another rule, so that neither is drawn.
 */
export const SPACES: Readonly<Record<string, Range>> = {
  lr: around(10 ** 2.5),
  momentum: memory(0.5, 0.005),
  beta1: memory(0.5, 0.01),
  beta2: memory(0.1, 0.0005),
  beta3: memory(0.1, 0.001),
  decay: memory(0.1, 0.001),
  eps: around(1e4),
  weightDecay: between(1e-5, 1e-1),
};

const PRIMES = [2, 3, 5, 7, 11, 13, 17, 19];

/** The i-th number of a sequence that fills (0, 1) evenly. @source Halton 1960, eq. 2 (van der Corput's in each base) */
export const radicalInverse = (base: number, i: number): number => {
  let [rest, digit, sum] = [i, 1 / base, 0];
  while (rest > 0) {
    sum += (rest % base) * digit;
    rest = Math.floor(rest / base);
    digit /= base;
  }
  return sum;
};

/** The first points of the space of an optimizer, the default itself first; the same for everyone, and a longer list begins with a shorter one. */
export const spaceOf = (standard: Hyper, n: number): readonly { readonly lr: number; readonly hyper: Hyper }[] => {
  const axes = Object.entries(standard).filter(([name, value]) => name in SPACES && (name === 'lr' || value !== 0));
  return Array.from({ length: n }, (_, i) => {
    const drawn = axes.map(([name, value], axis) => {
      const share = radicalInverse(PRIMES[axis % PRIMES.length] as number, i); // in range
      return [name, i === 0 ? value : (SPACES[name] as Range)(value, share)] as const; // it is in the table
    });
    const { lr = Number.NaN, ...hyper } = Object.fromEntries(drawn);
    return { lr, hyper: i === 0 ? {} : hyper };
  });
};
