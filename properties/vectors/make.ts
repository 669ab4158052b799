// The golden vectors of a contract: what the laws know beforehand, then what the rows of this room know, each question once.
import fc from 'fast-check';
import type { Law } from '../law.ts';
import { LAWS } from '../laws/index.ts';
import type { Port } from '../port.ts';
import { textOf } from '../protocol.ts';
import { seedOf } from '../run.ts';
import type { Case, Known } from './case.ts';
import type { Source } from './files.ts';
import { harvest } from './harvest.ts';
import { drawing } from './row.ts';
import { ROWS } from './rows.ts';
import { NOT_ASKED } from './without.ts';

/** The seed of every generator: vectors are the same on every machine. */
export const SEED = 1;

/** Inputs that a law is tried on: a fifth of those that a verification tries, fewer where it has many subjects. */
const inputsOf = ({ runs }: Law, subjects: number): number => Math.ceil(Math.min(runs / 5, 60 / subjects));
/** So many inputs of so many subjects show whether a law says anything. */
const LOOKS = 2;

export interface Making {
  readonly seed?: number;
  /** Entries; all unless named. The cases of an entry are the same whatever others are wanted. */
  readonly entries?: ReadonlySet<string>;
  /** Laws to ask; all of the book unless named. */
  readonly laws?: readonly Law[];
}

interface Wanted {
  readonly op: (op: string) => boolean;
  readonly kind: (kind: string) => boolean;
}

const kindOf = (op: string): string => op.split('.')[0] ?? '';

const wantedOf = (entries: Making['entries']): Wanted => {
  if (entries === undefined) return { op: () => true, kind: () => true };
  const kinds = new Set([...entries].map(kindOf));
  return { op: (op) => entries.has(op), kind: (kind) => kinds.has(kind) };
};

/** The kind of entry that an inquiry asks first, or null where its input decides nothing. */
const askedFirst = (inquiry: ReturnType<Law['holds']>): string | null => {
  try {
    const { done, value } = inquiry.next();
    return done === true ? null : kindOf(value.entry);
  } catch {
    return null;
  }
};

/**
 * What a law knows of entries of one kind, that which it asks first: so every kind can be had alone, and in a moment.
 * A law that says nothing of the first inputs of its first subjects works with answers, and is left alone.
 */
const ofLaw = async function* (law: Law, port: Port, seed: number, wanted: Wanted): AsyncGenerator<Case> {
  const subjects = law.subjects(port);
  const sampled = (subject: string, numRuns: number): readonly unknown[] =>
    fc.sample(law.given(port, subject), { seed: seedOf(seed, law.id, subject), numRuns });
  const kind = subjects
    .slice(0, 1)
    .flatMap((subject) => sampled(subject, LOOKS).map((input) => askedFirst(law.holds(input, port, subject))))
    .find((k) => k !== null);
  if (kind === undefined || kind === null || !wanted.kind(kind)) return;
  const count = inputsOf(law, subjects.length);
  let any = false;
  for (const [i, subject] of subjects.entries()) {
    if (!any && i >= LOOKS) return;
    let silent = 0;
    for (const input of sampled(subject, count)) {
      const cases = (await harvest(law, port, subject, input)).filter(({ op }) => kindOf(op) === kind);
      silent = cases.length > 0 ? Number.NEGATIVE_INFINITY : silent + 1;
      any ||= cases.length > 0;
      yield* cases;
      if (silent >= LOOKS) break;
    }
  }
};

const ofRows = function* (port: Port, seed: number, { op: wanted }: Wanted): Generator<Case> {
  for (const row of ROWS)
    for (const op of row.entries(port).filter(wanted))
      for (const { args, known } of row.asks(port, op, drawing(seedOf(seed, row.id, op))))
        yield { op, args, by: row.id, known };
};

const all = async function* (port: Port, seed: number, wanted: Wanted, laws: readonly Law[]): AsyncGenerator<Case> {
  for (const law of laws) {
    if (law.class === 'statistical' || law.id in NOT_ASKED) continue;
    for await (const one of ofLaw(law, port, seed, wanted)) if (wanted.op(one.op)) yield one;
  }
  yield* ofRows(port, seed, wanted);
};

/** What two sources know of one question: the fields of both, and of one field what allows less. */
const joined = (a: Case, b: Case): Case => {
  const known: Record<string, Known> = { ...a.known };
  for (const [field, k] of Object.entries(b.known)) {
    const before = known[field];
    const tighter = before === undefined || before.allowed.some((v, i) => v > (k.allowed[i] ?? 0)) ? k : before;
    known[field] = { ...tighter, signed: k.signed || before?.signed === true };
  }
  return { ...a, known };
};

/** Every vector, entry by entry in the order in which they came up, a question never twice. */
export const vectorsOf = async (
  port: Port,
  { seed = SEED, entries, laws = LAWS }: Making = {},
): Promise<readonly Case[]> => {
  const found = new Map<string, Case>();
  for await (const one of all(port, seed, wantedOf(entries), laws)) {
    const key = `${one.op} ${textOf(one.args, { tensors: 'json', dtype: 'f64' })}`;
    const before = found.get(key);
    found.set(key, before === undefined ? one : joined(before, one));
  }
  return [...found.values()];
};

/** Who knows what: the statements of the laws and rows behind some cases, by id. */
export const sourcesOf = (cases: readonly Case[]): Readonly<Record<string, Source>> => {
  const by = new Set(cases.map((c) => c.by));
  const all = [...LAWS.map((l) => ({ ...l, how: l.class })), ...ROWS.map((r) => ({ ...r, how: 'vectors only' }))];
  return Object.fromEntries(
    all
      .filter(({ id }) => by.has(id))
      .map(({ id, says, how, source }) => [id, { says, how, ...(source === undefined ? {} : { source }) }]),
  );
};
