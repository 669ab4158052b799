// The chapter of conventions: what a port declares about itself is what it does.
import fc from 'fast-check';
import type { Conventions } from '../conventions.ts';
import { FINGERPRINTS, type Fingerprint } from '../fingerprints.ts';
import { ask, law } from '../law.ts';
import { compare, exactly, FINGERPRINT_GAP } from '../tolerance.ts';

const rowOf = (subject: string): Fingerprint => FINGERPRINTS.find((f) => f.convention === subject) as Fingerprint; // the subjects come from the table

/** Agreement to half the distance that options keep from each other. */
const agrees = (got: ArrayLike<number>, expected: readonly number[]) =>
  compare(
    got,
    expected.map(exactly),
    expected.map((v) => (FINGERPRINT_GAP / 2) * Math.max(1, Math.abs(v))),
  );

const named = (option: Partial<Conventions>): string =>
  Object.entries(option)
    .map(([name, v]) => `${name} ${v}`)
    .join(', ');

export const conventionLaws = [
  law<null>({
    id: 'convention/declared',
    ref: 'M-01',
    class: 'enumerated',
    runs: 1,
    says: 'what a port declares about its conventions is what it does; where it is not, the convention that fits is named',
    subjects: (port) => FINGERPRINTS.filter((f) => port.has(f.entry)).map((f) => f.convention),
    given: () => fc.constant(null),
    *holds(_, { conventions }, subject) {
      const { convention, entry, args, field, read, options, expected } = rowOf(subject);
      const answer = yield* ask(entry, args);
      const got = read?.(answer) ?? answer.tensor(field).data;
      const own = agrees(got, expected(conventions));
      const fits = options.filter((o) => agrees(got, expected({ ...conventions, ...o })).ok);
      const found = own.ok ? '' : `, but it behaves as ${fits.map(named).join(' or ') || 'none that is known'}`;
      return { ...own, about: `${field} of ${entry}, declared ${convention} ${conventions[convention]}${found}` };
    },
  }),
];
