// The table of problems.
import { lookup } from '../../../src/index.ts';
import type { Problem } from '../problem.ts';
import { classicProblems } from './classics.ts';
import { functionProblems } from './functions.ts';

/** Every problem, one row each. */
export const PROBLEMS = { ...classicProblems, ...functionProblems };

export const PROBLEM_NAMES: readonly string[] = Object.keys(PROBLEMS);

/** The row of that name. @throws UnknownNameError */
export const problemRow = (name: string): Problem =>
  lookup(PROBLEMS as Readonly<Record<string, Problem>>, 'problem', name);
