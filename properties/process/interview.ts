// A conversation with a program, one message at a time: what the doctor looks through, with no batching and no recovery.
import { callsText, shorten } from '../protocol.ts';
import { type Program, runProgram } from './program.ts';

/** What came of waiting for a line. */
export type Reply = { readonly line: string } | { readonly fault: string; readonly kind: 'ended' | 'late' | 'breach' };

export interface Interview {
  readonly say: (text: string) => void;
  /** Sends calls under the next id, which is returned. */
  readonly ask: (calls: readonly string[]) => number;
  /** The next line. */
  readonly hear: (within: number) => Promise<Reply>;
  readonly running: () => boolean;
  readonly program: Program;
}

export const interview = (command: readonly string[]): Interview => {
  const lines: string[] = [];
  let over: Reply | null = null;
  let wake: () => void = () => {};
  let id = 0;
  const stop = (fault: string, kind: 'ended' | 'breach'): void => {
    over ??= { fault: [fault, ...program.traces()].join('; '), kind };
    wake();
  };
  const program: Program = runProgram(command, {
    line: (text) => {
      lines.push(text);
      wake();
    },
    broken: (why) => stop(why, 'breach'),
    ended: (how) => stop(how, 'ended'),
    drained: () => {},
  });
  const say = (text: string): void => {
    program.write(text);
  };
  return {
    say,
    ask: (calls) => {
      say(callsText(++id, calls));
      return id;
    },
    hear: async (within) => {
      const due = Date.now() + within;
      while (lines.length === 0 && over === null && Date.now() < due)
        await new Promise<void>((resolve) => {
          const clock = setTimeout(resolve, due - Date.now());
          wake = () => {
            clearTimeout(clock);
            resolve();
          };
        });
      const line = lines.shift();
      if (line !== undefined) return { line };
      return over ?? { fault: [`wrote nothing within ${within} ms`, ...program.traces()].join('; '), kind: 'late' };
    },
    running: () => over === null,
    program,
  };
};

/** A line in a message: its beginning, in quotes. */
export const quoted = (line: string): string => shorten(JSON.stringify(line));
