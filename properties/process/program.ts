// One run of a port's program: lines to it and from it, the last words on stderr, and an end that leaves nothing behind.
import { execa, type Options } from 'execa';
import { shorten } from '../protocol.ts';

/** Whoever listens to a program. */
export interface Listener {
  /** A line that it wrote, without its end. */
  readonly line: (text: string) => void;
  /** It was ended because of what it wrote: a line that has no end. */
  readonly broken: (why: string) => void;
  /** It is gone, for whatever reason, and all that it wrote was heard. */
  readonly ended: (how: string) => void;
  /** It reads again after {@link Program.write} had said that it lags behind. */
  readonly drained: () => void;
}

export interface Program {
  readonly pid: number | undefined;
  /** Writes a line; false where the program lags behind with reading. */
  readonly write: (line: string) => boolean;
  /** What of a line it has written so far, and the last lines that it wrote to stderr, as a clause each. */
  readonly traces: () => readonly string[];
  /** Kills it with everything that it has started. */
  readonly kill: () => void;
  /** SIGTERM to it and everything that it has started. */
  readonly terminate: () => void;
  /** Resolves when it is gone. */
  readonly gone: Promise<void>;
  /** How it has ended, and whether with exit code 0. */
  readonly ending: () => string;
  readonly clean: () => boolean;
  /** Whether the host stays alive for it. */
  readonly hold: (held: boolean) => void;
}

/** The longest line that is read, in bytes: a tensor of some tens of millions of numbers. */
export const LONGEST = 2 ** 28;
/** How much of stderr is kept. */
const WORDS = 2 ** 12;
/** How many of its last lines are shown. */
const LAST = 3;
/** A line that names an error, which some languages follow with a long trace. */
const ERROR = /\b\w*(?:Error|Exception)\b|panicked/;
const WINDOWS = process.platform === 'win32';
const LF = 0x0a;

/**
 * Ends a group of processes when the host is gone, however that came: it reads until its standard input ends, which the
 * host holds. The port itself sees the end of its own and has a moment to go by itself.
 */
const WARDEN = 'read -r word; [ "$word" = done ] && exit; sleep 0.5; kill -KILL "-$1" 2>/dev/null';

interface Warden {
  readonly dismiss: () => void;
}
const wardenOf = (pid: number): Warden => {
  if (WINDOWS) return { dismiss: () => {} };
  const warden = execa('/bin/sh', ['-c', WARDEN, 'warden', String(pid)], {
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdin: 'pipe',
    stdout: 'ignore',
    stderr: 'ignore',
  });
  const { stdin } = warden;
  stdin.on('error', () => {}); // it has ended before it was told to
  unref(stdin);
  warden.nodeChildProcess.unref();
  return { dismiss: () => stdin.end('done\n') };
};

/** Pipes are sockets, which do not keep the host alive once they are let go. */
const unref = (stream: unknown): void => (stream as { unref?: () => void }).unref?.();
const ref = (stream: unknown): void => (stream as { ref?: () => void }).ref?.();

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(WINDOWS ? pid : -pid, name);
  } catch {
    // gone already
  }
};

/** Starts a program, in a group of its own. */
export const runProgram = ([file = '', ...args]: readonly string[], listener: Listener, longest = LONGEST): Program => {
  const options = {
    detached: !WINDOWS,
    cleanup: WINDOWS, // elsewhere the warden sees to it
    reject: false,
    buffer: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    encoding: 'buffer',
  } as const satisfies Options;
  const child = execa(file, args, options);
  const own = child.nodeChildProcess;
  const { pid } = child;
  const warden = pid === undefined ? null : wardenOf(pid);
  let line: Buffer[] = [];
  let length = 0;
  let words = Buffer.alloc(0);
  let over = false;
  let missing = '';
  let ending = '';
  let clean = false;
  const gone = Promise.withResolvers<void>();
  const kill = (): void => {
    if (pid !== undefined) signal(pid, 'SIGKILL');
  };

  child.stdout.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, from)) {
      line.push(chunk.subarray(from, end));
      const text = (line.length === 1 ? (line[0] as Buffer) : Buffer.concat(line)).toString('utf8'); // just pushed
      line = [];
      length = 0;
      from = end + 1;
      listener.line(text.endsWith('\r') ? text.slice(0, -1) : text);
    }
    if (from === chunk.length) return;
    line.push(from === 0 ? chunk : chunk.subarray(from));
    length += chunk.length - from;
    if (length > longest) {
      const start = beginning();
      line = [];
      length = 0;
      listener.broken(`wrote a line of more than ${longest} bytes ${start}`);
      kill();
    }
  });
  child.stderr.on('data', (chunk: Buffer) => {
    words = Buffer.concat([words, chunk.subarray(-WORDS)]).subarray(-WORDS);
  });
  child.stdin.on('drain', () => listener.drained());
  // a program that does not read any more is about to end, or does not answer in time: either is told elsewhere
  child.stdin.on('error', () => {});

  /** The first characters of the line that has no end yet. */
  const beginning = (): string =>
    `that begins ${shorten(JSON.stringify(Buffer.concat(line.map((b) => b.subarray(0, 1000)).slice(0, 4)).toString('utf8')))}`;
  const traces = (): readonly string[] => {
    const lines = words
      .toString('utf8')
      .split('\n')
      .filter((text) => text.trim() !== '');
    const named = lines.findLast((text) => ERROR.test(text));
    const last = lines.slice(-LAST);
    if (named !== undefined && !last.includes(named)) last.unshift(named, '…');
    return [
      ...(length > 0 ? [`it had written half a line ${beginning()}`] : []),
      ...(last.length === 0 ? [] : [`its last words on stderr: ${shorten(last.join(' | '), 600)}`]),
    ];
  };
  const end = (how: string, code: number | null): void => {
    if (over) return;
    over = true;
    ending = how;
    clean = code === 0;
    kill(); // what it has started and left behind
    warden?.dismiss();
    listener.ended(how);
    gone.resolve();
  };
  own.once('error', (error: NodeJS.ErrnoException) => {
    missing = error.code === 'ENOENT' ? `there is no program ${file}` : `${file} cannot be started: ${error.message}`;
    if (pid === undefined) end(missing, null);
  });
  own.once('exit', () => kill()); // then its pipes close, whoever else held them
  own.once('close', (code: number | null, by: NodeJS.Signals | null) =>
    end(missing === '' ? (by === null ? `ended with exit code ${code}` : `was ended by ${by}`) : missing, code),
  );
  return {
    pid,
    write: (text) => over || child.stdin.write(`${text}\n`),
    traces,
    kill,
    terminate: () => {
      if (pid !== undefined) signal(pid, 'SIGTERM');
    },
    gone: gone.promise,
    ending: () => ending,
    clean: () => clean,
    hold: (held) => {
      for (const part of [own, child.stdin, child.stdout, child.stderr]) (held ? ref : unref)(part);
    },
  };
};
