// How faults are planted that show only now and then: under a condition on what is asked, as by a special path through an engine.
import { type Args, isPlain, type Plain } from '../contract.ts';
import type { Port } from '../port.ts';
import { at, list, now, plain } from './plant.ts';

/** When a fault shows. */
export type When = (args: Args) => boolean;

/** Off by a relative 2⁻³³, about 10⁻¹⁰; what is 0 becomes 2⁻⁶⁰. */
export const hair = (v: number): number => (v === 0 ? 2 ** -60 : v * (1 + 2 ** -33));

const deep = (value: unknown, f: (v: number, i: number) => number): unknown =>
  isPlain(value)
    ? { shape: value.shape, data: Array.from(value.data, f) }
    : Array.isArray(value)
      ? value.map((v) => deep(v, f))
      : typeof value === 'number'
        ? f(value, 0)
        : value;

/** An answer whose tensors are wrong where the condition holds: all of them, or those that are named. */
export const sometimes = (
  entry: string,
  when: When,
  f: (v: number, i: number) => number = hair,
  fields?: readonly string[],
): ((port: Port) => Port) =>
  at(entry, (args, original) => {
    const answer = now(original, args);
    return when(args)
      ? Object.fromEntries(
          Object.entries(answer).map(([name, value]) => [
            name,
            fields === undefined || fields.includes(name) ? deep(value, f) : value,
          ]),
        )
      : answer;
  });

/** Other arguments where the condition holds. */
export const otherwise = (entry: string, when: When, change: (args: Args) => Args): ((port: Port) => Port) =>
  at(entry, (args, original) => now(original, when(args) ? { ...args, ...change(args) } : args));

// conditions
export const shapeOf = (args: Args, name: string): readonly number[] => plain(args, name).shape;
export const valuesOf = (args: Args, name: string): readonly number[] => Array.from(plain(args, name).data);
/** An axis of more than 8. */
export const long =
  (name: string): When =>
  (args) =>
    shapeOf(args, name).some((n) => n > 8);
export const rank =
  (name: string, n: number): When =>
  (args) =>
    shapeOf(args, name).length === n;
/** More than so many numbers. */
export const many =
  (name: string, n: number): When =>
  (args) =>
    valuesOf(args, name).length > n;
export const one =
  (name: string, axis: number): When =>
  (args) =>
    shapeOf(args, name).at(axis) === 1;
export const large =
  (name: string, than = 2 ** 10): When =>
  (args) =>
    valuesOf(args, name).some((v) => Math.abs(v) > than);
export const small =
  (name: string, than = 2 ** -10): When =>
  (args) =>
    valuesOf(args, name).some((v) => v !== 0 && Math.abs(v) < than);
export const set =
  (name: string, value: unknown): When =>
  (args) =>
    args[name] === value;
export const above =
  (name: string, value: number): When =>
  (args) =>
    (args[name] as number) > value; // the contract has parsed it
/** A hyper-parameter has just this value. */
export const hyper =
  (name: string, value: number, field = 'hyper'): When =>
  (args) =>
    (args[field] as Readonly<Record<string, number>>)[name] === value;
export const and =
  (...all: readonly When[]): When =>
  (args) =>
    all.every((when) => when(args));
export const leaves = (args: Args, name: string): readonly Plain[] => list(args, name);
