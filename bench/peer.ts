// The way in for people who let their engine be timed: what an adapter of the benchmark is, which makes workloads ready and calls each so many times.
import type { Dtype, Inputs, KindName, Outputs, SizesOf } from './workloads.ts';

export type { Arrays, Dtype, Inputs, InputsOf, KindName, Outputs, SizesOf } from './workloads.ts';

/** A workload made ready: everything that is not part of a call has been done. */
export interface Running {
  /** So many calls, one after another; when it returns, or what it returns has come, all work is done. */
  readonly run: (calls: number) => void | Promise<void>;
  /** Results of the calls so far. */
  readonly outputs: () => Outputs | Promise<Outputs>;
  readonly release?: () => void;
}

type Made = Running | null | Promise<Running | null>;

/** What an engine can do, by kind; null for sizes that it cannot. */
export type Can = { readonly [K in KindName]?: (sizes: SizesOf[K], inputs: Inputs<K>) => Made };

export interface Peer {
  readonly engine: string;
  readonly version: string;
  readonly dtype: Dtype;
  readonly threads: number;
  readonly can: Can;
  /** Kinds that the engine can only do in its own way, and what is different: checked by whether it learns. */
  readonly differs?: { readonly [K in KindName]?: string };
}

const PEER = Symbol.for('tautograd.peer');

/** Makes an adapter, the default export of its module. */
export const definePeer = (peer: Peer): Peer => Object.assign({ [PEER]: true }, peer);

export const isPeer = (value: unknown): value is Peer => typeof value === 'object' && value !== null && PEER in value;

/** A workload whose one call is a function without arguments. */
export const repeated = (one: () => void, outputs: Running['outputs'], release?: () => void): Running => ({
  run: (calls) => {
    for (let i = 0; i < calls; i++) one();
  },
  outputs,
  ...(release === undefined ? {} : { release }),
});
