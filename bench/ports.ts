// Ports in other languages: how many small calls a second go through one, and what waits for a slow one in memory.
import { type Machine, machineOf } from './machine.ts';
import type { Progress } from './measure.ts';
import { collector, inUse, type Reading } from './memory.ts';
import { median, medianAbsoluteDeviation } from './statistics.ts';

interface Plain {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
type Args = Readonly<Record<string, Plain | string>>;

/** A program under way, as the verifier starts it. */
export interface Started {
  readonly port: {
    readonly engine: string;
    readonly version: string;
    readonly has: (entry: string) => boolean;
    readonly call: (entry: string, args: Args) => unknown;
  };
  readonly close: () => Promise<void>;
}
export type StartPort = (command: readonly string[]) => Promise<Started>;

/** Small calls of one entry, of which so many are under way at once. */
export interface PortRow {
  readonly entry: string;
  readonly together: number;
  readonly callsPerSecond: number;
  readonly mad: number;
  readonly calls: number;
}

/** Calls to a program that takes its time, made without waiting for answers. */
export interface SlowRow {
  /** What it sleeps before it answers a message, in ms. */
  readonly sleepMs: number;
  readonly made: number;
  readonly answered: number;
  /** Made while as many waited as may. */
  readonly refused: number;
  /** The most that waited at once. */
  readonly mostWaiting: number;
  /** In use after so many calls. */
  readonly readings: readonly Reading[];
}

export interface PortReport {
  readonly schema: 1;
  readonly machine: Machine;
  readonly engine: string;
  readonly version: string;
  readonly rows: readonly PortRow[];
  readonly slow: SlowRow;
}

export interface PortOptions {
  /** Time for each entry and number of calls together, in ms. */
  readonly time?: number;
  /** Calls to the slow program. */
  readonly made?: number;
  readonly onProgress?: (progress: Progress) => void;
}

const tensor = (shape: readonly number[], data: readonly number[]): Plain => ({ shape, data });
const FOUR = tensor([4], [0.5, -1, 2, -3.25]);
/** Calls of a few numbers each: what they take is the way there and back. */
const SMALL: Readonly<Record<string, Args>> = {
  'activation.relu.forward': { x: FOUR },
  'activation.sigmoid.vjp': { x: FOUR, dy: FOUR },
  'loss.mse.forward': { prediction: FOUR, target: FOUR, reduction: 'mean' },
  'layer.dense.forward': { x: tensor([1, 2], [1, 2]), w: tensor([2, 2], [1, 2, 3, 4]), b: tensor([2], [1, 2]) },
};

/** One at a time, and as many as fill the messages under way. */
const TOGETHER = [1, 4096] as const;
const ROUNDS = 5;

/** Calls a second, so many being under way at any time. */
const rateOf = async (
  call: () => Promise<unknown>,
  together: number,
  ms: number,
): Promise<readonly [number, number]> => {
  const from = performance.now();
  let calls = 0;
  const turn = async (): Promise<void> => {
    do {
      await call();
      calls++;
    } while (performance.now() - from < ms);
  };
  await Promise.all(Array.from({ length: together }, turn));
  return [(1000 * calls) / (performance.now() - from), calls];
};

/** A port of one entry that sleeps before it answers a message, and drops what it was sent. */
const SLEEP_MS = 50;
const SLOW = `
  const say = (message) => process.stdout.write(JSON.stringify(message) + '\\n');
  const hello = { type: 'hello', protocol: 1, engine: 'slow', version: '1', dtype: 'f64', entries: ['activation.identity.forward'] };
  for await (const line of (await import('node:readline')).createInterface({ input: process.stdin })) {
    const { type, id, calls } = JSON.parse(line);
    if (type === 'bye') break;
    if (type === 'call') await new Promise((resolve) => setTimeout(resolve, ${SLEEP_MS}));
    say(type === 'hello' ? hello : { type: 'answer', id, answers: calls.map(({ args }) => ({ result: { y: args.x } })) });
  }
`;
const READINGS = 20;
/** Numbers in the tensor of a call to the slow program. */
const MANY = 64;

/** Calls one after another without waiting, but for a moment at every reading. */
const slowRow = async (startPort: StartPort, made: number, tell: (part: number) => void): Promise<SlowRow> => {
  const collect = collector();
  const own = await startPort([process.execPath, '--input-type=module', '-e', SLOW]);
  const counts = { answered: 0, refused: 0, waiting: 0, mostWaiting: 0 };
  const one = async (i: number): Promise<void> => {
    counts.waiting++;
    const x = tensor([MANY], Array<number>(MANY).fill(i));
    try {
      await own.port.call('activation.identity.forward', { x });
      counts.answered++;
    } catch {
      counts.refused++;
    }
    counts.waiting--;
  };
  const readings: Reading[] = [];
  try {
    for (let part = 1; part <= READINGS; part++) {
      for (let i = 0; i < made / READINGS; i++) void one(i);
      await new Promise((resolve) => setTimeout(resolve, 2 * SLEEP_MS));
      counts.mostWaiting = Math.max(counts.mostWaiting, counts.waiting); // those refused have gone
      collect();
      readings.push({ step: Math.round((made * part) / READINGS), bytes: inUse() });
      tell(part);
    }
    while (counts.waiting > 0) await new Promise((resolve) => setTimeout(resolve, SLEEP_MS));
  } finally {
    await own.close();
  }
  const { answered, refused, mostWaiting } = counts;
  return { sleepMs: SLEEP_MS, made, answered, refused, mostWaiting, readings };
};

const rowsOf = async ({ port }: Started, time: number, tell: (entry: string) => void): Promise<readonly PortRow[]> => {
  const rows: PortRow[] = [];
  for (const [entry, args] of Object.entries(SMALL).filter(([entry]) => port.has(entry)))
    for (const together of TOGETHER) {
      const call = async (): Promise<unknown> => port.call(entry, args);
      await rateOf(call, together, time / ROUNDS); // messages grow to their best size meanwhile
      const rounds: (readonly [number, number])[] = [];
      for (let i = 0; i < ROUNDS; i++) rounds.push(await rateOf(call, together, time / ROUNDS));
      const rates = rounds.map(([rate]) => rate);
      const calls = rounds.reduce((n, [, some]) => n + some, 0);
      rows.push({ entry, together, callsPerSecond: median(rates), mad: medianAbsoluteDeviation(rates), calls });
      tell(entry);
    }
  return rows;
};

/** Times small calls through a program, and reads the memory while calls wait for a slow one. @throws what the start throws */
export const runPorts = async (
  startPort: StartPort,
  command: readonly string[],
  { time = 2500, made = 400_000, onProgress = () => {} }: PortOptions = {},
): Promise<PortReport> => {
  const machine = machineOf(); // before the load that the measurement itself makes
  const total = Object.keys(SMALL).length * TOGETHER.length + READINGS;
  let done = 0;
  const own = await startPort(command);
  const { engine, version } = own.port;
  let rows: readonly PortRow[];
  try {
    rows = await rowsOf(own, time, (label) => onProgress({ done: ++done, total, label }));
  } finally {
    await own.close();
  }
  const slow = await slowRow(startPort, made, () => onProgress({ done: ++done, total, label: 'a slow port' }));
  return { schema: 1, machine, engine, version, rows, slow };
};
