// How a command ends badly: one sentence and an exit code.

/** 0 all hold · 1 a law is falsified, or undecided · 2 usage · 3 the port crashed or broke the contract, or a sweep is not complete. */
export const EXIT = { ok: 0, falsified: 1, usage: 2, port: 3, incomplete: 3 } as const;

/** A fault that a person can mend: printed as its one sentence, without a stack trace. */
export class CommandFault extends Error {
  readonly exit: number;
  constructor(message: string, exit: number = EXIT.usage, cause?: unknown) {
    super(message, { cause });
    this.exit = exit;
  }
}
