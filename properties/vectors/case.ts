// What a golden vector is: a question of the contract, the answer that is known beforehand, and how far one may be from it.
import { type Args, isPlain } from '../contract.ts';
import type { Dtype } from '../port.ts';
import { type Expected, FORMATS, nextDown, nextUp } from '../tolerance.ts';

/** What is known of one field of an answer. */
export interface Known {
  /** As the field itself: tensors, numbers, lists of them, flags, texts. Numbers are correctly rounded. */
  readonly value: unknown;
  /** The largest distance from each number, in the order in which they are written; 0 where there is no other answer. */
  readonly allowed: readonly number[];
  /** Whether −0 and 0 are told apart. */
  readonly signed: boolean;
}

/** A question and what is known of its answer: all fields, or those that nothing but the question decides. */
export interface Case {
  readonly op: string;
  readonly args: Args;
  /** The law of the book, or the row of this room, that knows it. */
  readonly by: string;
  readonly known: Readonly<Record<string, Known>>;
}

/** The numbers of a value, in the order in which they are written. */
export const numbersIn = (v: unknown): readonly number[] =>
  typeof v === 'number'
    ? [v]
    : isPlain(v)
      ? Array.from(v.data)
      : Array.isArray(v)
        ? v.flatMap(numbersIn)
        : typeof v === 'object' && v !== null
          ? Object.values(v).flatMap(numbersIn)
          : [];

/** A value with its numbers replaced, one after another. */
export const withNumbers = (v: unknown, next: () => number): unknown =>
  typeof v === 'number'
    ? next()
    : isPlain(v)
      ? { shape: v.shape, data: Array.from(v.data, next) }
      : Array.isArray(v)
        ? v.map((one) => withNumbers(one, next))
        : typeof v === 'object' && v !== null
          ? Object.fromEntries(Object.entries(v).map(([name, one]) => [name, withNumbers(one, next)]))
          : v;

/** Everything but the numbers, as text: shapes, lengths, names, flags. */
export const formOf = (v: unknown): string =>
  JSON.stringify(isPlain(v) ? [v.shape] : v, (_, x) => (isPlain(x) ? [x.shape] : typeof x === 'number' ? 0 : x));

/**
 * How far the numbers of a format that a bound accepts are from the rounded value: the bound is about the exact one, which lies
 * up to half a unit beside it. No number that the bound accepts is refused, and at most one beyond it is accepted.
 */
export const reach = (e: Expected, allowed: number, dtype: Dtype): number => {
  const { value, from } = e;
  if (allowed === 0 || !Number.isFinite(value)) return 0;
  const { max, round } = FORMATS[dtype];
  const side = (up: boolean): number => {
    const out = up ? nextUp : nextDown;
    const back = up ? nextDown : nextUp;
    let at = round(Math.max(-max, Math.min(max, up ? value + allowed : value - allowed)));
    for (let i = 0; i < MOST && at !== value && from(at) > allowed; i++) at = back(at, dtype);
    for (let i = 0; i < MOST && Math.abs(at) < max && from(out(at, dtype)) <= allowed; i++) at = out(at, dtype);
    return Math.abs(at - value);
  };
  return Math.max(side(true), side(false));
};
/** Steps in which the rounding of a bound is made good. */
const MOST = 4;

/** A field without another answer. */
export const plainly = (value: unknown, signed = false): Known => ({
  value,
  allowed: numbersIn(value).map(() => 0),
  signed,
});

/** A field of numbers that are known to so much each, in the form of a value. */
export const about = (form: unknown, all: readonly Expected[], allowed: readonly number[], dtype: Dtype): Known => {
  let next = 0;
  return {
    value: withNumbers(form, () => all[next++]?.value ?? Number.NaN),
    allowed: all.map((e, i) => reach(e, allowed[i] ?? 0, dtype)),
    signed: false,
  };
};
