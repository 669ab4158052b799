// What runs in a worker thread: a port loaded once, and the checks and hunts that are asked of it by name.
import { BroadcastChannel } from 'node:worker_threads';
import { workerData } from 'piscina';
import type { Trials } from './detect.ts';
import { hunt, type Kill, matrixRow } from './hunt.ts';
import { LAWS } from './laws/index.ts';
import type { Port } from './port.ts';
import home from './ports/home.ts';
import { withVerifier } from './ports/verifier.ts';
import { type ProcessPort, startPort } from './process/port.ts';
import { type Check, check, type RunOptions } from './run.ts';

/** What a worker is told at its start. */
export interface Setup {
  /** URL of the module of the port; the built-in engine without one. */
  readonly module: string | null;
  /** Or the command of a program that is the port: each worker starts its own. */
  readonly program: ProgramSetup | null;
  /** Whether tensors are sealed at birth, and looked at again after every task. */
  readonly sealed: boolean;
  /** Where a worker marks, per task, since when a call of the port has not come back: ms since `born`, 0 where none is out. */
  readonly marks: Int32Array;
  readonly born: number;
}

/** A program that is a port, and the name of the channel over which its end is agreed on. */
export interface ProgramSetup {
  readonly command: readonly string[];
  /** Longest wait for one message, in ms. */
  readonly timeout: number;
  readonly channel: string;
}

/** What the crew says on the channel at the end. */
export const BYE = 'bye';

/** What a worker says on the channel when its program has ended. */
export interface Farewell {
  readonly strays: readonly string[];
}

/** A check by names: examples are values, which travel. */
export interface CheckTask {
  readonly law: string;
  readonly subject: string;
  /** Its place among the marks. */
  readonly mark: number;
  readonly options: Omit<RunOptions, 'examples'>;
  readonly examples: readonly unknown[];
}

export interface HuntTask {
  readonly mutant: string;
  readonly seed: number;
  /** Whether all laws hunt it, not only those that it names. */
  readonly full: boolean;
}

/** What comes back: what was made, a defect of ours, or why the port cannot be had in a thread. */
export type Done<R> = { readonly made: R } | { readonly defect: Error } | { readonly lost: string };

const { module, program, sealed, marks, born } = workerData as Setup; // as the crew has sent it
const registry = sealed ? (await import('./seal.ts')).sealBirths() : null;

/** Starts the program, and ends it when the channel says so. */
const started = async ({ command, timeout, channel }: ProgramSetup): Promise<Port> => {
  const wire = new BroadcastChannel(channel);
  wire.unref();
  let own: ProcessPort | null = null;
  wire.onmessage = async ({ data }) => {
    if (data !== BYE) return; // another worker's
    await own?.close();
    wire.postMessage({ strays: [...(own?.strays ?? [])] } satisfies Farewell);
  };
  own = await startPort(command, { timeout });
  return own.port;
};

const loaded = (): Promise<Port> =>
  program !== null
    ? started(program)
    : module !== null
      ? (import(module) as Promise<{ readonly default: Port }>).then((m) => m.default) // the crew has looked at it before
      : Promise.resolve(home);
const loading: Promise<Port | { readonly lost: string }> = loaded().then(withVerifier, (error) => ({
  lost: `the port cannot be loaded in a worker: ${error instanceof Error ? error.message : error}`,
}));

const done = async <R>(make: (port: Port) => Promise<R>): Promise<Done<R>> => {
  try {
    const port = await loading;
    if ('lost' in port) return port;
    const made = await make(port);
    const broken = registry?.broken().length ?? 0;
    return broken > 0 ? { defect: new Error(`${broken} tensors changed their bits after birth`) } : { made };
  } catch (error) {
    return { defect: error instanceof Error ? error : new Error(String(error)) };
  }
};

/** A port whose calls are marked while they last, so that one that never returns is seen from outside. */
const marking = (port: Port, mark: number): Port => ({
  ...port,
  call: (entry, args) => {
    if (entry.startsWith('verifier.')) return port.call(entry, args); // not the engine's, and may take its time
    Atomics.store(marks, mark, Date.now() - born + 1);
    try {
      return port.call(entry, args);
    } finally {
      Atomics.store(marks, mark, 0);
    }
  },
});

const byId = <R extends { readonly id: string }>(rows: readonly R[], id: string): R => {
  const row = rows.find((r) => r.id === id);
  if (row === undefined) throw new Error(`there is no row ${id}`);
  return row;
};

export const checking = ({ law, subject, mark, options, examples }: CheckTask): Promise<Done<Check>> =>
  done((port) => check(byId(LAWS, law), marking(port, mark), subject, { ...options, examples: () => examples }));

export const hunting = ({ mutant, seed, full }: HuntTask): Promise<Done<readonly Kill[]>> =>
  done(async (port) => {
    const { MUTANTS } = await import('./mutants/index.ts'); // who only checks starts without them
    return (full ? matrixRow : hunt)(byId(MUTANTS, mutant), LAWS, port, seed);
  });

export const finding = (trials: Trials): Promise<Done<number>> =>
  done(async (port) => (await import('./detect.ts')).found(trials, LAWS, port));
