// What every part of the built-in port needs: plain tensors in and out, a table of functions per name, a row by its name.
import { type Lang, lookup, type OpName, ops, ROWS, type Step, scalar, Tensor } from '../../../src/index.ts';
import { type Plain, snake } from '../../contract.ts';
import type { Adapter } from '../../port.ts';

/** The entries of an adapter, by kind, name and call. */
export type Entries = Adapter['entries'];

export const tensor = (p: Plain): Tensor => Tensor.from(p.shape, p.data);
export const plain = (t: Tensor): Plain => ({ shape: t.shape, data: t.toArray() });

/** A carrier with the ways into it and out of it, so that one text of a port serves several engines. */
export interface Kit<T> {
  readonly o: Lang<T>;
  readonly tensor: (p: Plain) => T;
  readonly plain: (t: T) => Plain;
  readonly scalar: (value: number) => T;
  /** Scalars side by side. */
  readonly vector: (ts: readonly T[]) => Plain;
  /** The outputs of a step over inputs, its state handed on. */
  readonly scanned: (
    step: Step,
    state: readonly Tensor[],
    inputs: readonly (readonly Tensor[])[],
  ) => readonly (readonly Tensor[])[];
}
/** The eager engine. */
export const eager: Kit<Tensor> = {
  o: ops,
  tensor,
  plain,
  scalar,
  vector: (ts) => ({ shape: [ts.length], data: ts.flatMap((t) => t.toArray()) }),
  scanned: (step, first, inputs) => {
    let state = first;
    return inputs.map((xs) => {
      const after = step(ops, state, xs);
      state = after.state;
      return after.outputs;
    });
  },
};

export const table = <T>(names: readonly string[], make: (name: never) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(names.map((name) => [snake(name), make(name as never)]));

export type Verb = <T>(o: Lang<T>, xs: readonly T[], p: unknown) => T;
export const verb = (name: OpName): Verb => {
  lookup(ROWS, 'operation', name);
  return (o, xs, p) => (o[name] as (...a: unknown[]) => (typeof xs)[number])(...xs, p); // by name, so untyped here
};
