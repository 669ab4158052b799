// How a fault is planted in a port: the smallest wrong answers, from which the chapters of mutants are made.
import type { Args, Plain } from '../contract.ts';
import { override, type Port } from '../port.ts';
import { FORMATS, nextUp } from '../tolerance.ts';

export interface Mutant {
  readonly id: string;
  readonly says: string;
  /** The real defect it stands for, where there is one. */
  readonly bug?: string;
  /** Laws each of which must find it. */
  readonly killedBy: readonly string[];
  readonly plant: (port: Port) => Port;
}

export type Original = (args: Args) => Args | Promise<Args>;
export type Fault = (args: Args, original: Original) => Args;

/** The home port answers at once, and mutants are planted in nothing else. */
export const now = (original: Original, args: Args): Args => original(args) as Args;

export const at =
  (entry: string, fault: Fault) =>
  (port: Port): Port =>
    override(port, { [entry]: fault });
export const both =
  (...plants: readonly ((port: Port) => Port)[]) =>
  (port: Port): Port =>
    plants.reduce((p, plant) => plant(p), port);

export const plain = (args: Args, name: string): Plain => args[name] as Plain; // arguments were parsed by the contract
export const number = (args: Args, name: string): number => args[name] as number;
export const list = (args: Args, name: string): readonly Plain[] => args[name] as readonly Plain[];
export const like = (t: Plain, f: (v: number, i: number) => number): Plain => ({
  shape: t.shape,
  data: Array.from(t.data, f),
});
export const scalar = (v: number): Plain => ({ shape: [], data: [v] });

/** The right answer with one tensor changed. */
export const changed = (entry: string, field: string, f: (v: number, i: number, args: Args) => number) =>
  at(entry, (args, original) => {
    const answer = now(original, args);
    return { ...answer, [field]: like(plain(answer, field), (v, i) => f(v, i, args)) };
  });

export const up = (x: number, times = 1): number => (times === 0 ? x : up(nextUp(x, 'f64'), times - 1));
export const { u, tiny } = FORMATS.f64;
