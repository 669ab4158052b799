// Printing: colour where a terminal wants it, progress where one can be drawn, plain lines elsewhere.
import { styleText } from 'node:util';
import { Listr, type ListrTask } from 'listr2';

export const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** ✓ green, ✗ red, · dim, at the start of a line; styleText itself honours NO_COLOR and pipes. */
export const coloured = (line: string): string => {
  const colour = { '✓': 'green', '✗': 'red', '·': 'dim', '?': 'yellow', '~': 'yellow' } as const;
  const [sign = ''] = line;
  return sign in colour
    ? styleText(colour[sign as keyof typeof colour], sign, { stream: process.stdout }) + line.slice(1)
    : line;
};

/** One part of a long command; `say` shows what it is at. */
export interface Stage {
  readonly title: string;
  readonly run: (say: (text: string) => void) => Promise<Outcome>;
}

/** What a stage came to. */
export interface Outcome {
  readonly ok: boolean;
  readonly text: string;
}

/**
 * Runs stages in order: drawn on a terminal, a line each elsewhere, nothing when quiet. What a stage came to joins its
 * title. Those that wait for work that goes on anyway may be drawn together; whoever listens to signals says so.
 */
export const stages = async (
  list: readonly Stage[],
  quiet: boolean,
  { together = false, ownSignals = false } = {},
): Promise<void> => {
  const plain = process.stdout.isTTY !== true;
  const tasks = list.map(
    ({ title, run }): ListrTask => ({
      title,
      task: async (_, task) => {
        const { ok, text } = await run((now) => {
          if (!plain) task.output = now;
        });
        task.title = `${title}: ${text}`;
        if (plain && !quiet) print(`${ok ? '✓' : '✗'} ${task.title}`);
      },
    }),
  );
  // off a terminal our own line above is all there is to say
  await new Listr(tasks, {
    renderer: quiet || plain ? 'silent' : 'default',
    concurrent: together && !plain && !quiet,
    registerSignalListeners: !ownSignals,
  }).run();
};
