// How programs and what they write are worded: commands, lines in a message, refusals, and why a hello is none.
import { ENTRIES } from '../contract.ts';
import { issueOf, objectOf, type PortHello, portHello, shorten } from '../protocol.ts';

/** A line in a message: its beginning, in quotes. */
export const quoted = (line: string): string => shorten(JSON.stringify(line));

/** `python3 my_port.py`, as a shell would read it. */
export const commandText = (command: readonly string[]): string =>
  command.map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : `'${w.replaceAll("'", "'\\''")}'`)).join(' ');

/** The error of an answer: under its own name where it says one, as `ValueError: …`. */
export const refusal = (text: string): Error => {
  const [, name, message] = /^(\w+(?:Error|Exception)): ([\s\S]*)$/.exec(text) ?? [];
  const error = new Error(message ?? text);
  if (name !== undefined) error.name = name;
  return error;
};

/** Reads a hello, or says why it is none. */
export const helloOf = (line: string): PortHello | string => {
  const message = objectOf(line);
  if (message === null) return `wrote a first line that is no message, ${quoted(line)} (logs belong on stderr)`;
  const parsed = portHello.safeParse(message);
  if (!parsed.success) return `said a hello that is wrong: ${issueOf(parsed.error)}`;
  const strange = parsed.data.entries.filter((e) => !ENTRIES.has(e));
  if (strange.length > 0)
    return `declares entries that the contract does not have: ${shorten(strange.join(', '), 400)}`;
  return parsed.data;
};
