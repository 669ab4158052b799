// What an entry of the contract is: who answers to it, what it takes, what it gives, and the plain tensors of both.
import { z } from 'zod';
import { lookup, type Op, ROWS } from '../../src/index.ts';

/** A tensor as every language has it: row-major values with a shape. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

export const isPlain = (v: unknown): v is Plain => {
  if (v === null || typeof v !== 'object') return false;
  const { shape, data } = v as Partial<Plain>;
  if (!Array.isArray(shape) || !shape.every((n) => Number.isInteger(n) && n >= 0)) return false;
  if (!(Array.isArray(data) || ArrayBuffer.isView(data)) || data.length !== size(shape)) return false;
  if (data instanceof Float64Array) return true;
  for (let i = 0; i < data.length; i++) if (typeof data[i] !== 'number') return false;
  return true;
};

export const tensor = z.custom<Plain>(isPlain, 'must be { shape, data } with as many numbers as the shape holds');
export const tensors = z.array(tensor);
export const number = z.custom<number>((v) => typeof v === 'number', 'must be a number');
export const integer = z.int();
export const numbers = z.record(z.string(), number);
export const reduction = z.enum(['mean', 'sum']);

export type Args = Readonly<Record<string, unknown>>;
export type Fields = Readonly<Record<string, z.ZodType>>;

/** One thing a port can be asked for; its id is `kind.name.call`. */
export interface Entry {
  readonly kind: string;
  readonly names: readonly string[];
  readonly call: string;
  readonly says: string;
  readonly takes: Fields;
  readonly gives: Fields;
  /** The shapes the answer must have, in the arguments; what is not named here may have any. */
  readonly shapes: (args: Args) => Readonly<Record<string, unknown>>;
}

/** The contract's spelling of a row: `leakyRelu` is `leaky_relu`. */
export const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
/** The engine's spelling of a name of the contract. */
export const camel = (name: string): string => name.replace(/_([a-z])/g, (_, c: string) => c.toUpperCase());
export const snakes = (table: object): readonly string[] => Object.keys(table).map(snake);

export const shapeOf = (args: Args, name: string): readonly number[] => (args[name] as Plain).shape; // after `takes` was parsed
export const shapesOf = (args: Args, name: string): readonly (readonly number[])[] =>
  (args[name] as readonly Plain[]).map((t) => t.shape);

/** The row behind a name of the contract. @throws UnknownNameError */
export const rowOf = (name: string): Op => lookup(ROWS as Readonly<Record<string, Op>>, 'operation', camel(name));

/** Names of the numeric parameters of an activation, as `slope`. */
export const parametersOf = (activation: string): readonly string[] =>
  Object.keys((rowOf(activation).sample([[]]) as object | undefined) ?? {});
