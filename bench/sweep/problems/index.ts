// The table of problems, and the problems that a name describes.
import { lookup } from '../../../src/index.ts';
import type { Problem } from '../problem.ts';
import { convexProblems } from './convex.ts';
import { deepProblems } from './deep.ts';
import { fileProblem } from './file.ts';
import { hardProblems } from './hard.ts';
import { planeProblems } from './plane.ts';
import { realProblems } from './real.ts';
import { smallProblems } from './small.ts';
import { theoryProblem } from './theory.ts';

/** Every problem, one row each. */
export const PROBLEMS = {
  ...smallProblems,
  ...realProblems,
  ...deepProblems,
  ...convexProblems,
  ...hardProblems,
  ...planeProblems,
};

export const PROBLEM_NAMES: readonly string[] = Object.keys(PROBLEMS);

/** Problems whose name says what they are: what stands before the colon, and what makes a problem of the rest. */
const DESCRIBED: Readonly<Record<string, (rest: string) => Problem>> = { file: fileProblem, theory: theoryProblem };

/**
 * The row of that name, or what a name with a colon describes, as `file:iris.csv?hidden=16`.
 * @throws UnknownNameError, DomainError for a file that cannot be read
 */
export const problemRow = (name: string): Problem => {
  const colon = name.indexOf(':');
  if (colon < 0) return lookup(PROBLEMS as Readonly<Record<string, Problem>>, 'problem', name);
  return lookup(DESCRIBED, 'kind of problem', name.slice(0, colon))(name.slice(colon + 1));
};
