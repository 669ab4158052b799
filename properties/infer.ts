// Infers by which conventions a port behaves, from its answers to the fingerprint questions.
import type { Conventions } from './conventions.ts';
import type { Fingerprint } from './fingerprints.ts';
import { type Answer, ask, type Inquiry } from './law.ts';
import type { PortInfo } from './port.ts';
import { type Comparison, compare, exactly, FINGERPRINT_GAP } from './tolerance.ts';

/** The numbers of an answer that a fingerprint looks at. */
export const seen = ({ field, read }: Fingerprint, answer: Answer): ArrayLike<number> =>
  read?.(answer) ?? answer.tensor(field).data;

/** Agreement to half the distance that options keep from each other. */
export const agrees = (got: ArrayLike<number>, expected: readonly number[]): Comparison =>
  compare(
    got,
    expected.map(exactly),
    expected.map((v) => (FINGERPRINT_GAP / 2) * Math.max(1, Math.abs(v))),
  );

/** `bce probability, bceClip 1e-7`. */
export const optionText = (option: Partial<Conventions>): string =>
  Object.entries(option)
    .map(([name, v]) => `${name} ${v}`)
    .join(', ');

/** The known options that an answer agrees with. */
export const fitting = (
  { options, expected }: Fingerprint,
  conventions: Conventions,
  got: ArrayLike<number>,
): readonly Partial<Conventions>[] => options.filter((o) => agrees(got, expected({ ...conventions, ...o })).ok);

/** An inquiry as it is, with the entries that it asks put on a list. */
export function* noting<R>(inquiry: Inquiry<R>, asked: Set<string>): Inquiry<R> {
  let turn = inquiry.next();
  while (!turn.done) {
    asked.add(turn.value.entry);
    turn = inquiry.next(yield turn.value);
  }
  return turn.value;
}

/** `layer.batch_norm` of `layer.batch_norm.train`. */
const named = (entry: string): string => entry.split('.').slice(0, 2).join('.');

/** Whether a question is about the same row as one of the entries that a law has asked. */
export const concerns = (row: Fingerprint, asked: ReadonlySet<string>): boolean =>
  [...asked].some((entry) => named(entry) === named(row.entry));

/** How a port behaves against its declaration. */
export interface Contradiction {
  readonly fits: Partial<Conventions>;
  /** `bce probability, bceClip 1e-7, declared bce log, bceClip 100`. */
  readonly text: string;
}

/** What a port does against its declaration, or null. */
export function* contradiction(row: Fingerprint, { conventions }: PortInfo): Inquiry<Contradiction | null> {
  const got = seen(row, yield* ask(row.entry, row.args));
  const [fits] = agrees(got, row.expected(conventions)).ok ? [] : fitting(row, conventions, got);
  if (fits === undefined) return null;
  const own = Object.fromEntries(Object.keys(fits).map((k) => [k, conventions[k as keyof Conventions]])); // keys of an option
  return { fits, text: `${optionText(fits)}, declared ${optionText(own)}` };
}
