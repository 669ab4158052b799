// The chapter of conventions: what a port declares about itself is what it does.
import fc from 'fast-check';
import { FINGERPRINTS, type Fingerprint, fingerprintName } from '../fingerprints.ts';
import { agrees, fitting, optionText, seen } from '../infer.ts';
import { ask, law } from '../law.ts';

const rowOf = (subject: string): Fingerprint => FINGERPRINTS.find((f) => fingerprintName(f) === subject) as Fingerprint; // the subjects come from the table

export const conventionLaws = [
  law<null>({
    id: 'convention/declared',
    ref: 'M-01',
    class: 'enumerated',
    runs: 1,
    says: 'what a port declares about its conventions is what it does; where it is not, the convention that fits is named',
    subjects: (port) => FINGERPRINTS.filter((f) => port.has(f.entry)).map(fingerprintName),
    given: () => fc.constant(null),
    *holds(_, { conventions }, subject) {
      const row = rowOf(subject);
      const { convention, entry, args, field, expected } = row;
      const got = seen(row, yield* ask(entry, args));
      const own = agrees(got, expected(conventions));
      const fits = fitting(row, conventions, got);
      const found = own.ok ? '' : `, but it behaves as ${fits.map(optionText).join(' or ') || 'none that is known'}`;
      return { ...own, about: `${field} of ${entry}, declared ${convention} ${conventions[convention]}${found}` };
    },
  }),
];
