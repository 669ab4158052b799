// Calls that wait for a program: how many may, which go into the next message, and how large messages grow.
import type { Args } from '../contract.ts';
import { callText, type Spelling } from '../protocol.ts';

/** A call, and whoever waits for its answer. */
export interface Pending {
  readonly entry: string;
  readonly args: Args;
  readonly resolve: (answer: Args) => void;
  readonly reject: (error: Error) => void;
  /** Whether its answer was handed on. */
  told: boolean;
}

/** Calls in one message, at first and at most; between them so many that an answer takes some {@link BRISK} ms. */
const FIRST = 16;
const MOST = 512;
const BRISK = 100;
/** Characters in one message; one call alone may have more. */
const WEIGHT = 2 ** 20;
/** Calls that may wait to be sent; who asks more has to wait for answers first. */
export const FULL = 2 ** 14;

/** What goes into a message. */
export interface Load {
  readonly calls: readonly Pending[];
  readonly texts: readonly string[];
}

export interface Queue {
  readonly empty: () => boolean;
  /** Takes a call in; false where as many wait as may. */
  readonly push: (call: Pending) => boolean;
  /** The calls of the next message, which wait no more. */
  readonly next: (spelling: Spelling) => Load;
  /** All that wait, which do so no more. */
  readonly clear: () => readonly Pending[];
  /** So many calls took so many ms: messages grow while answers come briskly, and shrink where they do not. */
  readonly answered: (calls: number, took: number) => void;
  /** An answer did not come in time. */
  readonly late: () => void;
}

export const queueOf = (): Queue => {
  let waiting: Pending[] = [];
  /** Where in `waiting` the calls begin that were not sent yet. */
  let from = 0;
  let most = FIRST;
  const shrink = (): void => {
    most = Math.max(1, most >> 1);
  };
  return {
    empty: () => from === waiting.length,
    push: (call) => {
      if (waiting.length - from >= FULL) return false;
      waiting.push(call);
      return true;
    },
    next: (spelling) => {
      const calls: Pending[] = [];
      const texts: string[] = [];
      let weight = 0;
      while (from < waiting.length && calls.length < most && weight < WEIGHT) {
        const call = waiting[from++] as Pending; // below the length
        const text = callText(call.entry, call.args, spelling);
        weight += text.length;
        texts.push(text);
        calls.push(call);
      }
      if (from === waiting.length || from > MOST) {
        waiting = waiting.slice(from);
        from = 0;
      }
      return { calls, texts };
    },
    clear: () => {
      const all = waiting.slice(from);
      waiting = [];
      from = 0;
      return all;
    },
    answered: (calls, took) => {
      if (took > 2 * BRISK) shrink();
      else if (calls === most && took < BRISK) most = Math.min(MOST, most * 2);
    },
    late: shrink,
  };
};
