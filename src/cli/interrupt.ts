// Ends long work early and in order: at Ctrl-C, at the notice of a scheduler, or when its time is over.

/** What asks for the end, and why it was asked for. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Null until then. */
  readonly why: () => string | null;
  /** Gives the signals back. */
  readonly release: () => void;
}

/** What a shell tells of a process that a signal has ended: 128 and its number. */
const KILLED = { SIGINT: 130, SIGTERM: 143 } as const;

/** Listens to SIGINT and SIGTERM, and to the clock; a second signal ends the process at once. */
export const interruptible = (maxSeconds?: number): Interrupt => {
  const controller = new AbortController();
  let why: string | null = null;
  const end = (reason: string): void => {
    why ??= reason;
    controller.abort();
  };
  const listeners = (['SIGINT', 'SIGTERM'] as const).map((name) => {
    const listener = (): void => {
      if (why === name) process.exit(KILLED[name]);
      end(name);
    };
    process.on(name, listener);
    return [name, listener] as const;
  });
  const clock =
    maxSeconds === undefined ? undefined : setTimeout(() => end(`${maxSeconds} s are over`), maxSeconds * 1000);
  clock?.unref();
  return {
    signal: controller.signal,
    why: () => why,
    release: () => {
      clearTimeout(clock);
      for (const [name, listener] of listeners) process.off(name, listener);
    },
  };
};
