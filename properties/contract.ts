// The contract a port is held to: what can be called, with which arguments, and what must come back.
import { z } from 'zod';
import { classicEntries } from './contract/classic.ts';
import { diagnoseEntries } from './contract/diagnose.ts';
import { drawEntries } from './contract/draws.ts';
import { elementEntries } from './contract/elements.ts';
import { type Args, type Entry, isPlain } from './contract/entry.ts';
import { layerEntries } from './contract/layers.ts';
import { modelEntries } from './contract/models.ts';
import { optimEntries } from './contract/optim.ts';
import { regularEntries } from './contract/regular.ts';
import { sessionEntries } from './contract/sessions.ts';
import { trainingEntries } from './contract/training.ts';
import { verifierEntries } from './contract/verifier.ts';

export { type Args, camel, type Entry, isPlain, type Plain, parametersOf, rowOf, snake } from './contract/entry.ts';

/** The version of the contract; it goes up when an entry that was there takes or gives something else. */
export const CONTRACT_VERSION = 1;

export const CONTRACT: readonly Entry[] = [
  ...elementEntries,
  ...layerEntries,
  ...drawEntries,
  ...optimEntries,
  ...modelEntries,
  ...classicEntries,
  ...diagnoseEntries,
  ...trainingEntries,
  ...regularEntries,
  ...sessionEntries,
  ...verifierEntries,
];

/** Every entry by its id. */
export const ENTRIES: ReadonlyMap<string, Entry> = new Map(
  CONTRACT.flatMap((row) => row.names.map((name) => [`${row.kind}.${name}.${row.call}`, row] as const)),
);
export const KINDS: ReadonlySet<string> = new Set(CONTRACT.map((row) => row.kind));

const firstIssue = (error: z.ZodError): string => {
  const [issue] = error.issues;
  return `${issue?.path.join('.') || 'the answer'} ${issue?.message.replace(/^Invalid input: /, 'is invalid, ') ?? 'is wrong'}`;
};

const parsers = new Map(
  CONTRACT.map((row) => [row, { takes: z.object(row.takes), gives: z.object(row.gives) }] as const),
);

const showShape = (v: unknown): string => JSON.stringify(v);

const shapeTree = (v: unknown): unknown => (Array.isArray(v) ? v.map(shapeTree) : isPlain(v) ? v.shape : null);

/** What is wrong with arguments for an entry, as a clause, or null. */
export const faultInArgs = (entry: Entry, args: unknown): string | null => {
  const parsed = parsers.get(entry)?.takes.safeParse(args);
  return parsed === undefined || parsed.success ? null : firstIssue(parsed.error);
};

/** What is wrong with the answer of a port, as a clause, or null. Values are not judged here; laws do that. */
export const faultInAnswer = (entry: Entry, args: Args, answer: unknown): string | null => {
  const names = Object.keys(entry.gives).join(', ');
  if (answer === undefined || answer === null) return `returned nothing, expected a record with ${names}`;
  const parsed = parsers.get(entry)?.gives.safeParse(answer);
  if (parsed !== undefined && !parsed.success) return `returned a wrong answer: ${firstIssue(parsed.error)}`;
  for (const [name, want] of Object.entries(entry.shapes(args))) {
    const got = shapeTree((answer as Args)[name]);
    if (showShape(got) !== showShape(want))
      return `returned ${name} with the wrong shape, expected ${showShape(want)}, got ${showShape(got)}`;
  }
  return null;
};

/** Whether a port may leave a field of an answer out. */
export const mayLeaveOut = (id: string, field: string): boolean =>
  ENTRIES.get(id)?.gives[field]?.safeParse(undefined).success ?? false;
