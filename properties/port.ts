// A port: someone's engine behind plain tensors. How an adapter declares itself, and how it is called safely.
import type { z } from 'zod';
import { OP_NAMES } from '../src/index.ts';
import { type Args, ENTRIES, type Entry, faultInAnswer, faultInArgs, KINDS } from './contract.ts';
import { type Conventions, conventionsSchema } from './conventions.ts';

export type Dtype = 'f64' | 'f32';
type Reply = Args | Promise<Args>;
type Calls = Readonly<Record<string, (args: never) => Reply>>;

/** What an adapter module exports by default: who it is, and a function per thing it can do. */
export interface Adapter {
  readonly engine: string;
  readonly version: string;
  readonly dtype: Dtype;
  readonly conventions?: z.input<typeof conventionsSchema>;
  /** Operations that `program.graph` may use. */
  readonly ops?: readonly string[];
  /** What `model.network` may be made of beside dense layers and activations: types of layers, and `regulariser`. */
  readonly parts?: readonly string[];
  /** Hyper-parameters that the optimizers take, by the contract's name; those that are not off by default, unless named. Of a layer, those that it need not take. */
  readonly hyper?: Readonly<Record<string, readonly string[]>>;
  /** `[kind][name][call]`, as in the contract. */
  readonly entries: Readonly<Record<string, Readonly<Record<string, Calls>>>>;
}

/** What laws may know of a port without calling it. */
export interface PortInfo {
  readonly engine: string;
  readonly version: string;
  readonly dtype: Dtype;
  readonly conventions: Conventions;
  readonly ops: readonly string[];
  readonly parts: readonly string[];
  readonly hyper: Readonly<Record<string, readonly string[]>>;
  readonly has: (entry: string) => boolean;
  /** Names of a kind that declare the call. */
  readonly names: (kind: string, call: string) => readonly string[];
}

export interface Port extends PortInfo {
  /** Entries that {@link override} has replaced, the latest last. */
  readonly replaced: readonly string[];
  /** Whether it sees itself to it that no answer is waited for too long, as a program does whose calls queue. */
  readonly timed?: boolean;
  readonly call: (entry: string, args: Args) => Reply;
  /** What a program did wrong after it had answered one of these calls, as answering twice; waits until it is known. */
  readonly claim?: (
    asked: (args: Args) => boolean,
  ) => Promise<{ readonly args: Args; readonly fault: PortFault } | null>;
}

/** The port crashed or broke the contract: its fault, but no verdict on its mathematics. */
export class PortError extends Error {
  override readonly name = 'PortError';
}

/** A program behind a port died, was late or broke the protocol: never an answer that a law may reckon with. */
export class PortFault extends PortError {
  /** Whether the program cannot be had any more. */
  readonly gone: boolean;
  constructor(message: string, gone = false) {
    super(message);
    this.gone = gone;
  }
}

const PORTS = new WeakSet<object>();
/** Whether a value was made by {@link definePort}. */
export const isPort = (v: unknown): v is Port => typeof v === 'object' && v !== null && PORTS.has(v);

/**
 * Checks an adapter's declaration against the contract and makes it callable.
 * @throws PortError for a kind, name, call or operation that the contract does not know
 */
export const definePort = (adapter: Adapter, { timed = false, claim }: Pick<Port, 'timed' | 'claim'> = {}): Port => {
  const fail = (why: string): never => {
    throw new PortError(`definePort: ${why}`);
  };
  if (typeof adapter?.engine !== 'string' || typeof adapter.version !== 'string')
    fail('engine and version must be strings');
  if (adapter.dtype !== 'f64' && adapter.dtype !== 'f32')
    fail(`dtype must be "f64" or "f32", got ${JSON.stringify(adapter.dtype)}`);
  const conventions = conventionsSchema.safeParse(adapter.conventions ?? {});
  if (!conventions.success)
    return fail(`conventions: ${conventions.error.issues[0]?.path.join('.')} ${conventions.error.issues[0]?.message}`);
  const ops = adapter.ops ?? [];
  const strange = ops.find((op) => !(OP_NAMES as readonly string[]).includes(op));
  if (strange !== undefined) fail(`unknown operation "${strange}"`);
  const calls = new Map<string, (args: never) => Reply>();
  for (const [kind, names] of Object.entries(adapter.entries ?? fail('entries are missing'))) {
    if (!KINDS.has(kind)) fail(`unknown kind "${kind}", known are ${[...KINDS].join(', ')}`);
    for (const [name, functions] of Object.entries(names))
      for (const [call, f] of Object.entries(functions)) {
        const id = `${kind}.${name}.${call}`;
        if (!ENTRIES.has(id)) fail(`the contract has no entry ${id}`);
        if (typeof f !== 'function') fail(`${id} must be a function, got ${typeof f}`);
        calls.set(id, f);
      }
  }
  const port: Port = Object.freeze({
    engine: adapter.engine,
    version: adapter.version,
    dtype: adapter.dtype,
    conventions: conventions.data,
    ops,
    parts: adapter.parts ?? [],
    hyper: adapter.hyper ?? {},
    replaced: [],
    timed,
    ...(claim === undefined ? {} : { claim }),
    has: (entry) => calls.has(entry),
    names: (kind, call) =>
      [...calls.keys()]
        .filter((id) => id.startsWith(`${kind}.`) && id.endsWith(`.${call}`))
        .map((id) => id.slice(kind.length + 1, -call.length - 1)),
    call: (id, args) => {
      const entry = ENTRIES.get(id);
      const f = calls.get(id);
      if (entry === undefined || f === undefined) throw new PortError(`${id}: ${adapter.engine} does not declare it`);
      const bad = faultInArgs(entry, args);
      if (bad !== null) throw new TypeError(`${id}: the law asks wrongly, ${bad}`);
      return answerOf(id, entry, args, () => f(args as never)); // the contract types each entry; TypeScript sees only the union
    },
  } satisfies Port);
  PORTS.add(port);
  return port;
};

const answerOf = (id: string, entry: Entry, args: Args, run: () => Reply): Reply => {
  const crash = (error: unknown): never => {
    if (error instanceof PortFault) throw error; // it has said all
    throw new PortError(
      `${id}: the port threw ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
      { cause: error },
    );
  };
  const checked = (answer: Args): Args => {
    const fault = faultInAnswer(entry, args, answer);
    if (fault !== null) throw new PortError(`${id}: the port ${fault}`);
    return answer;
  };
  let reply: Reply;
  try {
    reply = run();
  } catch (error) {
    return crash(error);
  }
  return reply instanceof Promise ? reply.then(checked, crash) : checked(reply);
};

/** A port like another, with some calls replaced; how mutants are planted and the verifier joins a port. */
export const override = (
  port: Port,
  replaced: Readonly<Record<string, (args: Args, original: (args: Args) => Reply) => Reply>>,
): Port => ({
  ...port,
  replaced: [...port.replaced, ...Object.keys(replaced)],
  has: (entry) => entry in replaced || port.has(entry),
  names: (kind, call) => [
    ...new Set([
      ...port.names(kind, call),
      ...Object.keys(replaced)
        .map((id) => id.split('.'))
        .filter(([k, , c]) => k === kind && c === call)
        .map(([, name = '']) => name),
    ]),
  ],
  call: (entry, args) => {
    const f = replaced[entry];
    return f === undefined ? port.call(entry, args) : f(args, (a) => port.call(entry, a));
  },
});
