// What the doctor makes of a hello, field by field.
import { OP_NAMES } from '../../src/index.ts';
import { ENTRIES } from '../contract.ts';
import { conventionsSchema } from '../conventions.ts';
import { issueOf, objectOf, type PortHello, portHello, shorten } from '../protocol.ts';
import { quoted } from './wording.ts';

/** `protocol`: the program broke off or cannot be talked to; `contract`: it can, and answers wrongly; `advice`: it works, and could be better. */
export type Grade = 'well' | 'advice' | 'contract' | 'protocol' | 'not tried';

export interface Finding {
  readonly step: string;
  readonly grade: Grade;
  readonly text: string;
  /** How to mend it. */
  readonly mend?: string;
}

export const well = (step: string, text: string): Finding => ({ step, grade: 'well', text });
export const finding = (step: string, grade: Grade, text: string, mend: string): Finding => ({
  step,
  grade,
  text,
  mend,
});

/** The name in a list that is closest to one that is not in it. */
const closest = (name: string, list: Iterable<string>): string | null => {
  const pairs = (text: string): Set<string> =>
    new Set(Array.from({ length: text.length - 1 }, (_, i) => text.slice(i, i + 2)));
  const own = pairs(name);
  let best: string | null = null;
  let most = 0;
  for (const other of list) {
    const theirs = pairs(other);
    const shared = (2 * [...own].filter((p) => theirs.has(p)).length) / (own.size + theirs.size);
    if (shared > most) [best, most] = [other, shared];
  }
  return most > 1 / 2 ? best : null;
};
const suggestion = (name: string, list: Iterable<string>): string => {
  const near = closest(name, list);
  return near === null ? name : `${name} (did you mean ${near}?)`;
};

/** How to mend what a program does instead of answering. */
export const MENDS: Readonly<Record<string, string>> = {
  ended: 'Run the command in a terminal and type the message yourself: it ends before it has answered.',
  late: 'Write one line for every line that is read, end it with a line feed, and flush the output after it (print(…, flush=True), fflush(stdout)).',
  breach: 'Write one JSON object per line and nothing else to stdout; logs belong on stderr.',
};

const HELLO_MENDS: Readonly<Record<string, string>> = {
  type: 'The first answer is {"type":"hello",…}.',
  protocol: 'Write "protocol":1, the version that this host speaks.',
  engine: 'Name the engine, as "engine":"my engine".',
  version: 'Write its version as text, as "version":"1.2".',
  dtype: 'Write "dtype":"f64" or "dtype":"f32", the numbers that the engine computes with.',
  tensors: 'Write "tensors":"base64" or "tensors":"json", or leave it out for base64.',
  conventions: 'Name conventions as the table in the documentation does, and only those that differ.',
  ops: `Name operations of program.graph, known are ${OP_NAMES.join(' ')}.`,
  parts: 'Name types of layers of model.network, as "parts":["batchNorm","dropout"].',
  hyper: 'Write lists of names, as "hyper":{"sgd":["lr","weightDecay"]}.',
  entries:
    'Name what the port can do, as "entries":["activation.relu.forward"]; `tautograd contract` prints all there is.',
  ahead: 'Write a whole number from 1 to 64, or leave it out for 2.',
};

const FIELDS = Object.keys(HELLO_MENDS);
type Field = keyof typeof portHello.shape;

/** What each field of a hello is, one finding each; the hello, if it can be worked with. */
export const readHello = (
  line: string,
): { readonly findings: readonly Finding[]; readonly hello: PortHello | null } => {
  const message = objectOf(line);
  if (message === null)
    return {
      hello: null,
      findings: [finding('hello', 'protocol', `the first line is no JSON object: ${quoted(line)}`, MENDS.breach ?? '')],
    };
  const findings = FIELDS.map((name): Finding => {
    const step = `hello.${name}`;
    const mend = HELLO_MENDS[name] ?? '';
    const value = message[name];
    const parsed = portHello.shape[name as Field].safeParse(value); // a name of that table
    if (!parsed.success) {
      const got = value === undefined ? 'it is missing' : `got ${shorten(JSON.stringify(value))}`;
      return finding(step, 'protocol', `${issueOf(parsed.error)}, ${got}`, mend);
    }
    const strange =
      name === 'entries'
        ? (value as readonly string[]).filter((e) => !ENTRIES.has(e)).map((e) => suggestion(e, ENTRIES.keys()))
        : name === 'ops'
          ? ((value ?? []) as readonly string[])
              .filter((op) => !(OP_NAMES as readonly string[]).includes(op))
              .map((op) => suggestion(op, OP_NAMES))
          : name === 'conventions'
            ? Object.keys((value ?? {}) as object)
                .filter((c) => !(c in conventionsSchema.shape))
                .map((c) => suggestion(c, Object.keys(conventionsSchema.shape)))
            : [];
    if (strange.length > 0) return finding(step, 'protocol', `unknown: ${strange.join(', ')}`, mend);
    if (name === 'entries' && (value as readonly string[]).length === 0)
      return finding(step, 'advice', 'the port declares nothing, so no law applies', mend);
    const text = value === undefined ? `left out, so ${JSON.stringify(parsed.data) ?? 'none'}` : JSON.stringify(value);
    return well(
      step,
      name === 'entries' ? `${(value as readonly string[]).length} of the contract` : shorten(text, 120),
    );
  });
  const extra = Object.keys(message)
    .filter((name) => !FIELDS.includes(name))
    .map((name) =>
      finding(
        `hello.${name}`,
        'advice',
        `nobody reads it`,
        `Leave it out, or look for a slip: ${suggestion(name, FIELDS)}.`,
      ),
    );
  const parsed = portHello.safeParse(message);
  const sound = parsed.success && findings.every((f) => f.grade !== 'protocol');
  return { findings: [...findings, ...extra], hello: sound ? parsed.data : null };
};
