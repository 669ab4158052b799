// How numbers are folded in lanes: what is kept on the way, and what that comes to.
import type { Lanes, Term } from './lanes.ts';
import type { Fold } from './lower.ts';

/** A vector that a fold keeps: how it begins, what a vector of numbers brings to it, and how the two are joined. */
export interface Kept {
  readonly start: Term;
  readonly of: (x: Term) => Term;
  readonly join: (a: Term, b: Term) => Term;
}
export interface Folding {
  readonly kept: readonly Kept[];
  /** What it comes to, from all that is kept, in order. */
  readonly result: (totals: readonly Term[]) => Term;
  /** A number that changes nothing. */
  readonly nothing: Term;
}

export const foldings = (lanes: Lanes): Readonly<Record<Fold['how'], Folding>> => {
  const { add, atMost, copySign, less, lit, pick, words } = lanes;
  const all = words.all(-1);
  const low = lit(Number.NEGATIVE_INFINITY);
  return {
    sum: { kept: [{ start: lit(0), of: (x) => x, join: add }], result: ([sum]) => sum as Term, nothing: lit(0) },
    // the quick choice of the larger drops NaN and keeps the first of two zeros; so kept as well is whether all are numbers, and
    // whether all have the sign, as −0 has
    max: {
      kept: [
        { start: low, of: (x) => x, join: (a, b) => pick(less(a, b), b, a) },
        { start: all, of: (x) => x, join: words.and },
        { start: all, of: (x) => atMost(x, x), join: words.and },
      ],
      result: ([largest, signs, numbers]) =>
        pick(numbers as Term, copySign(largest as Term, signs as Term), lit(Number.NaN)), // three are kept
      nothing: low,
    },
  };
};
