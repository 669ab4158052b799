// An engine in a process of its own, as the benchmark sees it: asked one thing at a time, its faults as errors.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { keepOn, type Processors } from './calm.ts';
import {
  type Answered,
  decode,
  encode,
  type Failed,
  type Hello,
  type Prepared,
  type Ran,
  type Request,
} from './wire.ts';
import type { Arrays, KindName } from './workloads.ts';

/** A fault of the engine, or of its adapter. */
export class PeerFault extends Error {}

export interface Remote extends Hello {
  readonly pid: number;
  /** False where the engine cannot do it. @throws PeerFault */
  readonly prepare: (kind: KindName, sizes: object, inputs: Arrays) => Promise<boolean>;
  /** Time of so many calls, in ms. @throws PeerFault */
  readonly time: (calls: number) => Promise<number>;
  /** @throws PeerFault */
  readonly outputs: () => Promise<Arrays>;
  readonly close: () => Promise<void>;
}

export interface RemoteOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Longest wait for one answer, in ms. */
  readonly timeout?: number;
}

const TIMEOUT = 120_000;
/** Of what a process says on its way out. */
const TAIL = 2000;

/** Beside this file, whichever language it is in: TypeScript here, JavaScript where it is built. */
const SERVE = fileURLToPath(new URL(`./serve${import.meta.url.slice(-3)}`, import.meta.url));

/** The command that serves an adapter module. */
export const adapterCommand = (path: string): readonly string[] => [
  process.execPath,
  '--max-semi-space-size=64', // MB for short-lived objects, as the tests have: hosts differ in their default
  SERVE,
  path,
];

/** Starts an engine and hears what it is. @throws PeerFault when it does not start */
export const startRemote = async (
  [command = '', ...args]: readonly string[],
  { env = {}, timeout = TIMEOUT }: RemoteOptions = {},
): Promise<Remote> => {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.on('data', (data: Buffer) => {
    said = (said + data.toString()).slice(-TAIL);
  });
  let over: string | null = null;
  let waiting: { readonly take: (line: string) => void; readonly fail: (error: Error) => void } | null = null;
  const ended = (why: string): void => {
    over ??= why;
    waiting?.fail(new PeerFault(`${over}${said === '' ? '' : `: ${said.trim().split('\n').at(-1)}`}`));
    waiting = null;
  };
  child.on('error', (error) => ended(`the process cannot be started (${error.message})`));
  child.on('close', (code, signal) => ended(`the process has ended with ${signal ?? code}`));
  child.stdin.on('error', () => {}); // its end is heard of above
  createInterface({ input: child.stdout }).on('line', (line) => {
    waiting?.take(line);
    waiting = null;
  });
  const ask = async <A extends object>(request: Request): Promise<A> => {
    if (over !== null) throw new PeerFault(over);
    const line = await new Promise<string>((take, fail) => {
      const timer = setTimeout(() => {
        ended(`there was no answer to "${request.do}" within ${timeout} ms`);
        child.kill('SIGKILL');
      }, timeout);
      waiting = {
        take: (text) => {
          clearTimeout(timer);
          take(text);
        },
        fail: (error) => {
          clearTimeout(timer);
          fail(error);
        },
      };
      child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    let answer: A | Failed;
    try {
      answer = JSON.parse(line) as A | Failed; // what the request asks for, or why not
    } catch {
      throw new PeerFault(`the answer to "${request.do}" is not JSON: ${line.slice(0, 80)}`);
    }
    if ('error' in answer) throw new PeerFault(answer.error);
    return answer;
  };
  const hello = await ask<Hello>({ do: 'hello' });
  return {
    ...hello,
    pid: child.pid as number, // it has spoken
    prepare: async (kind, sizes, inputs) =>
      (await ask<Prepared>({ do: 'prepare', kind, sizes, inputs: encode(inputs) })).ready,
    time: async (calls) => (await ask<Ran>({ do: 'run', calls })).ms,
    outputs: async () => decode((await ask<Answered>({ do: 'outputs' })).outputs),
    close: async () => {
      if (over !== null) return;
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.stdin.write(`${JSON.stringify({ do: 'bye' } satisfies Request)}\n`);
      child.stdin.end();
      const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
      await gone;
      clearTimeout(timer);
    },
  };
};

/**
 * Starts an engine from a process that may be settled: one of one thread stays with it, others have all processors.
 * @throws PeerFault when it does not start
 */
export const startBeside = async (
  where: Processors | null,
  command: readonly string[],
  options: RemoteOptions = {},
): Promise<Remote> => {
  const remote = await startRemote(where === null ? command : ['taskset', '-c', where.all, ...command], options);
  if (where !== null && remote.threads === 1) keepOn(where.one, remote.pid);
  return remote;
};
