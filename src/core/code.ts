// The second reading of the small vector language: JavaScript text, straight lines without a call or an object in them.
import { cell, HIGH, half, LOW, type Vec } from './vec.ts';

/** What generated code is closed over: the cell through whose halves it sees the bits of a number. */
const SCOPE = { cell, half } as const;

/** A number as text that reads back to it, −0, NaN and infinities included. */
const literal = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

/** Straight-line code and the name of its value. */
export interface Code {
  readonly lines: readonly string[];
  readonly value: string;
}

/** The code of a program over the vector language. Equal terms are computed once. */
export const codeOf = (program: (v: Vec<string, string>) => string): Code => {
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
  const size = literal(2 ** 52);
  const value = program({
    lit: literal,
    add: (a, b) => name(`${a} + ${b}`),
    sub: (a, b) => name(`${a} - ${b}`),
    mul: (a, b) => name(`${a} * ${b}`),
    div: (a, b) => name(`${a} / ${b}`),
    neg: (a) => name(`- ${a}`),
    abs: (a) => name(`Math.abs(${a})`),
    sqrt: (a) => name(`Math.sqrt(${a})`),
    floor: (a) => name(`Math.floor(${a})`),
    less: (a, b) => name(`${a} < ${b}`),
    atMost: (a, b) => name(`${a} <= ${b}`),
    pick: (m, a, b) => name(`${m} ? ${a} : ${b}`),
    copySign: (a, b) => name(`${b} < 0 || Object.is(${b}, -0) ? -Math.abs(${a}) : Math.abs(${a})`),
    nearestInt: (a) =>
      name(
        `${a} >= 0 ? ${a} < ${size} ? ${a} + ${size} - ${size} : ${a} : ${a} > -${size} ? ${a} - ${size} + ${size} : ${a}`,
      ),
    pow2: (n) => name(`(half[${LOW}] = 0, half[${HIGH}] = (${n} + 1023) << 20, cell[0])`),
    exponent: (a) => name(`(cell[0] = ${a}, (half[${HIGH}] >>> 20 & 0x7ff) - 1023)`),
    head: (a) => name(`(cell[0] = ${a}, half[${LOW}] &= 0xf8000000, cell[0])`),
    poly: (x, c) => name(c.reduceRight((y, k) => (y === '' ? literal(k) : `(${y}) * ${x} + ${literal(k)}`), '')),
  });
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
