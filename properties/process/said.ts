// What a line of a program says once it has met its host: the answers that are due, or how it breaks the protocol.
import { PortFault } from '../port.ts';
import { type AnswerMessage, answerMessage, issueOf, objectOf, recordOf, shorten } from '../protocol.ts';
import type { Pending } from './queue.ts';
import { quoted, refusal } from './wording.ts';

export type Answers = AnswerMessage['answers'];

/** A message that was sent. */
export interface Message {
  readonly id: number;
  readonly calls: readonly Pending[];
  /** Whether it is one call that is asked again. */
  readonly alone: boolean;
  /** What it had answered just before, where it is asked once more to see whether anything came behind that. */
  readonly kept?: Answers;
}

/** Answers to the message that is due; or a breach, and the calls whose answers came twice. */
export type Said = { readonly answers: Answers } | { readonly breach: string; readonly twice: readonly Pending[] };

const breach = (why: string, twice: readonly Pending[] = []): Said => ({ breach: why, twice });

/** Reads a line, where one message is due and another was answered before. */
export const saidBy = (line: string, due: Message | undefined, before: Message | null): Said => {
  const message = objectOf(line);
  if (message === null) return breach(`wrote a line that is no message, ${quoted(line)} (logs belong on stderr)`);
  const parsed = answerMessage.safeParse(message);
  if (!parsed.success) return breach(`wrote a message that is no answer: ${issueOf(parsed.error)}, in ${quoted(line)}`);
  const { id, answers } = parsed.data;
  if (due?.id === id)
    return answers.length === due.calls.length
      ? { answers }
      : breach(`gave ${answers.length} answers to the ${due.calls.length} calls of message ${id}`);
  if (before?.id === id) {
    const entries = shorten([...new Set(before.calls.map((p) => p.entry))].join(', '));
    return breach(`answered message ${id} twice (${entries})`, before.calls);
  }
  return breach(
    due === undefined
      ? `answered message ${id} while nothing was asked`
      : `answered message ${id} where the answer to ${due.id} was due`,
  );
};

/** Hands answers on, each to the call that it belongs to; there are as many. */
export const tell = (answers: Answers, calls: readonly Pending[]): void =>
  calls.forEach((call, i) => {
    call.told = true;
    const a = answers[i] as Answers[number];
    if ('error' in a) call.reject(refusal(a.error));
    else
      try {
        call.resolve(recordOf(a.result));
      } catch (error) {
        call.reject(
          new PortFault(`${call.entry}: the port answered ${error instanceof Error ? error.message : error}`),
        );
      }
  });
