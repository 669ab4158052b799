// A program as a port: what it says in its hello is its adapter, and each of its entries is a call to the program.
import type { Args } from '../contract.ts';
import { type Adapter, definePort, type Port } from '../port.ts';
import type { PortHello } from '../protocol.ts';
import { type Client, type ClientOptions, connect } from './client.ts';

export interface ProcessPort {
  readonly port: Port;
  /** What went wrong with the program beside any call, a sentence each. */
  readonly strays: readonly string[];
  /** Process id of the program that runs now. */
  readonly pid: () => number | undefined;
  /** Ends the program in an orderly way. */
  readonly close: () => Promise<void>;
}

type Entries = Record<string, Record<string, Record<string, (args: Args) => Promise<Args>>>>;

/** The adapter of a program that has said hello. */
export const adapterOf = (hello: PortHello, call: Client['call']): Adapter => {
  const entries: Entries = {};
  for (const id of hello.entries) {
    const [kind = '', name = '', verb = ''] = id.split('.');
    entries[kind] ??= {};
    entries[kind][name] ??= {};
    entries[kind][name][verb] = (args) => call(id, args);
  }
  const { engine, version, dtype, conventions = {}, ops, parts, hyper } = hello;
  return { engine, version, dtype, conventions, ops, parts, hyper, entries };
};

/**
 * Starts a program that speaks the protocol, `['python3', 'my_port.py']`, and makes it a port.
 * @throws PortError when it cannot be started, says no proper hello, or declares what the contract does not have
 */
export const startPort = async (command: readonly string[], options: ClientOptions = {}): Promise<ProcessPort> => {
  const client = await connect(command, options);
  const { strays, pid, close, claim } = client;
  try {
    return { port: definePort(adapterOf(client.hello, client.call), { timed: true, claim }), strays, pid, close };
  } catch (error) {
    await close();
    throw error;
  }
};
