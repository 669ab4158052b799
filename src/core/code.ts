// The second reading of the small vector language: JavaScript text, straight lines without a call or an object in them.
import { cell, HIGH, half, LOW, short, type Vec, word } from './vec.ts';

/** What generated code is closed over: the cells through which it sees the bits of a number. */
const SCOPE = { cell, half, short, word } as const;

/** A number as text that reads back to it, −0, NaN and infinities included. */
const literal = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

/** Straight-line code and the name of its value. */
export interface Code {
  readonly lines: readonly string[];
  readonly value: string;
}

/** How numbers of so many digits are rounded and taken apart, as text. */
interface Digits {
  readonly rounded: (term: string) => string;
  readonly lit: (x: number) => string;
  readonly pow2: (n: string) => string;
  readonly exponent: (a: string) => string;
  readonly head: (a: string) => string;
}
const DOUBLE: Digits = {
  rounded: (term) => term,
  lit: literal,
  pow2: (n) => `(half[${LOW}] = 0, half[${HIGH}] = (${n} + 1023) << 20, cell[0])`,
  exponent: (a) => `(cell[0] = ${a}, (half[${HIGH}] >>> 20 & 0x7ff) - 1023)`,
  head: (a) => `(cell[0] = ${a}, half[${LOW}] &= 0xf8000000, cell[0])`,
};
const SINGLE: Digits = {
  rounded: (term) => `Math.fround(${term})`,
  lit: (x) => literal(Math.fround(x)),
  pow2: (n) => `(word[0] = (${n} + 127) << 23, short[0])`,
  exponent: (a) => `(short[0] = ${a}, (word[0] >>> 23 & 0xff) - 127)`,
  head: (a) => `(short[0] = ${a}, word[0] &= 0xfffff000, short[0])`,
};

type Verbs = Vec<string, string>;
const SIZE = literal(2 ** 52);

/** The verbs as terms, which are given names. */
const verbsOf = (name: (term: string) => string, { rounded, lit, ...digits }: Digits): Verbs => ({
  lit,
  add: (a, b) => name(rounded(`${a} + ${b}`)),
  sub: (a, b) => name(rounded(`${a} - ${b}`)),
  mul: (a, b) => name(rounded(`${a} * ${b}`)),
  div: (a, b) => name(rounded(`${a} / ${b}`)),
  neg: (a) => name(`- ${a}`),
  abs: (a) => name(`Math.abs(${a})`),
  sqrt: (a) => name(rounded(`Math.sqrt(${a})`)),
  floor: (a) => name(`Math.floor(${a})`),
  less: (a, b) => name(`${a} < ${b}`),
  atMost: (a, b) => name(`${a} <= ${b}`),
  pick: (m, a, b) => name(`${m} ? ${a} : ${b}`),
  copySign: (a, b) => name(`${b} < 0 || Object.is(${b}, -0) ? -Math.abs(${a}) : Math.abs(${a})`),
  nearestInt: (a) =>
    name(
      `${a} >= 0 ? ${a} < ${SIZE} ? ${a} + ${SIZE} - ${SIZE} : ${a} : ${a} > -${SIZE} ? ${a} - ${SIZE} + ${SIZE} : ${a}`,
    ),
  pow2: (n) => name(digits.pow2(n)),
  exponent: (a) => name(digits.exponent(a)),
  head: (a) => name(digits.head(a)),
  poly: (x, c) =>
    name(c.reduceRight((y, k) => (y === '' ? lit(k) : rounded(`${rounded(`(${y}) * ${x}`)} + ${lit(k)}`)), '')),
});

/** The code of a program over the vector language, in doubles or in singles. Equal terms are computed once. */
export const codeOf = (program: (v: Verbs) => string, digits: 53 | 24 = 53): Code => {
  const names = new Map<string, string>();
  const lines: string[] = [];
  const name = (term: string): string => {
    const known = names.get(term);
    if (known !== undefined) return known;
    const fresh = `t${names.size}`;
    names.set(term, fresh);
    lines.push(`const ${fresh} = ${term};`);
    return fresh;
  };
  const doubles = verbsOf(name, DOUBLE);
  const value = program(
    digits === 53 ? doubles : { ...verbsOf(name, SINGLE), widened: (f, x) => name(SINGLE.rounded(f(doubles, x))) },
  );
  return { lines, value };
};

/**
 * A function from text, closed over names. One function per text: the compiler of the host then sees which numbers it deals
 * in, where a loop shared by many functions makes an object of every number. Null where the host forbids it, as pages may.
 */
export const compiled = <F>(text: string, scope: Readonly<Record<string, unknown>>): F | null => {
  try {
    const all = { ...SCOPE, ...scope };
    return new Function(...Object.keys(all), `'use strict'; return ${text};`)(...Object.values(all)) as F; // what the text says
  } catch (error) {
    if (error instanceof EvalError) return null;
    throw error;
  }
};

/** Makes something when it is first asked for, and keeps it. */
export const lazily = <R>(make: () => R): (() => R) => {
  let made: { readonly value: R } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
};
