// How the benchmark talks to an engine in a process of its own: a line of JSON each way, numbers as base64 of doubles.
import type { Arrays, Dtype, KindName, Outputs } from './workloads.ts';

export type Request =
  | { readonly do: 'hello' }
  | { readonly do: 'prepare'; readonly kind: KindName; readonly sizes: object; readonly inputs: Encoded }
  | { readonly do: 'run'; readonly calls: number }
  | { readonly do: 'outputs' }
  | { readonly do: 'bye' };

/** Little-endian doubles in base64, by name. */
export type Encoded = Readonly<Record<string, string>>;

export interface Hello {
  readonly engine: string;
  readonly version: string;
  readonly dtype: Dtype;
  readonly threads: number;
  readonly differs: Readonly<Record<string, string>>;
}
export interface Prepared {
  /** False where the engine cannot do this. */
  readonly ready: boolean;
}
export interface Ran {
  /** Time of all calls, by the clock of the engine's own process. */
  readonly ms: number;
}
export interface Answered {
  readonly outputs: Encoded;
}
export interface Failed {
  readonly error: string;
}

export const encode = (arrays: Outputs): Encoded =>
  Object.fromEntries(
    Object.entries(arrays).map(([name, values]) => [
      name,
      Buffer.from(Float64Array.from(values).buffer).toString('base64'),
    ]),
  );

export const decode = (encoded: Encoded): Arrays =>
  Object.fromEntries(
    Object.entries(encoded).map(([name, text]) => {
      const bytes = Uint8Array.from(Buffer.from(text, 'base64')); // a copy, which begins where doubles may
      return [name, new Float64Array(bytes.buffer)];
    }),
  );
