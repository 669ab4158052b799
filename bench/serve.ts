// The process of one JavaScript engine: loads its adapter, and does what the benchmark asks for on standard input.
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { isPeer, type Running } from './peer.ts';
import { type Answered, decode, encode, type Hello, type Prepared, type Ran, type Request } from './wire.ts';
import type { Inputs, KindName, SizesOf } from './workloads.ts';

const say = (message: object): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};
console.log = console.info = console.debug = console.error; // standard output is ours

const [path = ''] = process.argv.slice(2);
const module = (await import(pathToFileURL(resolve(path)).href)) as { readonly default?: unknown }; // checked below
const peer = module.default;
if (!isPeer(peer)) throw new Error(`${path}: the default export must be made by definePeer, got ${typeof peer}`);

let running: Running | null = null;
const ready = (): Running => {
  if (running === null) throw new Error('nothing is prepared');
  return running;
};

/** Sizes and inputs are those of the kind, by the benchmark's own table. */
const made = async <K extends KindName>(kind: K, sizes: object, inputs: object): Promise<Running | null> =>
  (await peer.can[kind]?.(sizes as SizesOf[K], inputs as Inputs<K>)) ?? null;

const answer = async (request: Request): Promise<Hello | Prepared | Ran | Answered> => {
  switch (request.do) {
    case 'hello': {
      const { engine, version, dtype, threads, differs = {} } = peer;
      return { engine, version, dtype, threads, differs };
    }
    case 'prepare':
      running?.release?.();
      running = await made(request.kind, request.sizes, decode(request.inputs));
      return { ready: running !== null };
    case 'run': {
      const { run } = ready();
      const from = performance.now();
      const done = run(request.calls);
      if (done !== undefined) await done;
      return { ms: performance.now() - from };
    }
    case 'outputs':
      return { outputs: encode(await ready().outputs()) };
    case 'bye':
      process.exit(0);
  }
};

for await (const line of createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
  if (line === '') continue;
  try {
    say(await answer(JSON.parse(line) as Request)); // written by the benchmark
  } catch (error) {
    say({ error: error instanceof Error ? error.message : String(error) });
  }
}
