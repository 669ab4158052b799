// The contract, last part: the verifier's own entries, which the laws about laws ask.
import { z } from 'zod';
import { type Entry, integer, number, shapeOf, tensor } from './entry.ts';

export const verifierEntries: readonly Entry[] = [
  {
    kind: 'verifier',
    names: ['judge'],
    call: 'compare',
    says: "the verifier's own comparison, element by element",
    takes: { got: tensor, expected: tensor, allowed: tensor, zeros: z.enum(['signed', 'equal']) },
    gives: { ok: z.boolean(), margin: number },
    shapes: () => ({}),
  },
  {
    kind: 'verifier',
    names: ['run'],
    call: 'check',
    says: 'a whole check of a law that asks for numbers back, on an engine that adds `off` to integers above `at`, or crashes there; its inputs are the integers up to `reach`, of which a quarter are promised to be at least `covered`',
    takes: {
      at: integer,
      off: number,
      crashes: z.boolean(),
      reach: integer,
      covered: integer,
      seed: integer,
      runs: integer,
      examples: tensor,
    },
    gives: { status: z.string(), input: number, runs: integer, failing: number },
    shapes: () => ({}),
  },
  {
    kind: 'verifier',
    names: ['binomial', 'chi_square'],
    call: 'test',
    says: 'which counts of n draws of probability p, or sums of n squared normals, a test of level alpha accepts: 1 or 0 each',
    takes: { observed: tensor, n: integer, p: number, alpha: number },
    gives: { accepted: tensor },
    shapes: (a) => ({ accepted: shapeOf(a, 'observed') }),
  },
  {
    kind: 'verifier',
    names: ['cotangent', 'parameter', 'extent', 'label'],
    call: 'sample',
    says: 'what a generator of inputs gives from a seed',
    takes: { seed: integer, count: integer },
    gives: { values: tensor },
    shapes: (a) => ({ values: [a.count] }),
  },
];
