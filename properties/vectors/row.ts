// What a row of this room is: entries that the law book knows no answer of by itself, questions to them, and the answers.
import fc from 'fast-check';
import type { Args } from '../contract.ts';
import type { PortInfo } from '../port.ts';
import type { Known } from './case.ts';

/** Inputs from the generators of the law book, always the same ones. */
export type Draw = <T>(from: fc.Arbitrary<T>, count: number) => readonly T[];

/** A question, and what is known of its answer. */
export interface Question {
  readonly args: Args;
  readonly known: Readonly<Record<string, Known>>;
}

export interface Row {
  readonly id: `vectors/${string}`;
  /** What decides the answers. */
  readonly says: string;
  readonly source?: string;
  readonly entries: (port: PortInfo) => readonly string[];
  readonly asks: (port: PortInfo, entry: string, draw: Draw) => readonly Question[];
}

export const drawing =
  (seed: number): Draw =>
  (from, numRuns) =>
    fc.sample(from, { seed, numRuns });

/** Those of some entries that a port declares. */
export const declared =
  (...entries: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    entries.filter((e) => port.has(e));

/** The name in the middle of an entry. */
export const nameIn = (entry: string): string => entry.split('.')[1] ?? '';
