// The contract, last part: the verifier's own entries, which the laws about laws ask.
import { z } from 'zod';
import { type Entry, number, tensor } from './entry.ts';

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
];
