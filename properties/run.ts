// Runs laws against a port: seeds, shrinking, stored counterexamples, and one record per law and subject.
import fc from 'fast-check';
import type { Args } from './contract.ts';
import { Answer, type Inquiry, type Law, type Verdict } from './law.ts';
import { type Port, PortError } from './port.ts';
import { due, type Mismatch } from './tolerance.ts';

/** `undecided`: no input failed, but the inputs did not reach what the law promises to try; a failure of ours. */
export type Status = 'holds' | 'upheld' | 'falsified' | 'crashed' | 'undecided' | 'not covered';

/** What is left of a failure: the values, so that it survives every change of the generators. */
export interface Counterexample {
  readonly input: unknown;
  readonly about: string;
  readonly worst: Mismatch | null;
  readonly shrinks: number;
  /** How far the failure reaches, for a law that is falsified: the smallest input often fails by a hair. */
  readonly extent?: Extent;
}

/** The same inputs again without stopping at the first failure. */
export interface Extent {
  readonly tried: number;
  readonly failing: number;
  /** The input that fails by the largest margin. */
  readonly input: unknown;
  readonly about: string;
  readonly margin: number;
  readonly worst: Mismatch | null;
}

/** One law on one subject of one port. */
export interface Check {
  readonly law: string;
  readonly subject: string;
  readonly status: Status;
  readonly runs: number;
  /** Inputs drawn that decided nothing, beside the runs: a kink, or a bound without end. */
  readonly skipped: number;
  /** Largest observed ÷ allowed error over all runs. */
  readonly margin: number;
  readonly seed: number;
  readonly counterexample?: Counterexample;
  /** What the inputs did not reach. */
  readonly unreached?: string;
}

export interface RunOptions {
  readonly seed: number;
  /** Inputs per law and subject instead of the law's own number; statistical laws keep theirs, which their level counts on. */
  readonly runs?: number;
  /** Longest wait for one answer of an asynchronous port, in ms. */
  readonly timeout?: number;
  /** Whether to measure how far a failure reaches; it costs as much as the runs again. On unless switched off. */
  readonly extent?: boolean;
  /** Inputs to try first, as stored by earlier runs. */
  readonly examples?: (law: string, subject: string) => readonly unknown[];
}

/** Longest wait for one answer, in ms, unless asked otherwise. */
export const TIMEOUT = 10_000;

/** An answer that comes in time. @throws PortError */
const inTime = async (reply: Promise<Args>, entry: string, timeout: number): Promise<Args> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new PortError(`${entry}: the port did not answer within ${timeout} ms`)), timeout);
  });
  try {
    return await Promise.race([reply, late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Feeds answers to an inquiry until it returns; waits only for ports that answer later. */
export const drive = async <R>(port: Port, inquiry: Inquiry<R>, timeout = TIMEOUT): Promise<R> => {
  let turn = inquiry.next();
  while (!turn.done) {
    const { entry, args } = turn.value;
    let answer: Answer;
    try {
      const reply = port.call(entry, args);
      answer = new Answer(reply instanceof Promise ? await inTime(reply, entry, timeout) : reply);
    } catch (error) {
      turn = inquiry.throw(error); // a law may expect a refusal; from any other it comes straight back
      continue;
    }
    turn = inquiry.next(answer);
  }
  return turn.value;
};

/** A law that does not hold, on its way through fast-check. */
class Falsified extends Error {
  readonly verdict: Verdict;
  constructor(verdict: Verdict) {
    super(verdict.about ?? 'falsified');
    this.verdict = verdict;
  }
}

/** A 31-bit seed of a check from the seed of the run and its own name, so that a check replays alone. */
export const seedOf = (seed: number, law: string, subject: string): number => {
  let h = seed | 0;
  for (const c of `${law}:${subject}`) h = Math.imul(h ^ (c.codePointAt(0) ?? 0), 0x01000193);
  return h >>> 1;
};

/** One input, judged. @throws PortError when the port crashes or breaks the contract */
export const judge = (law: Law, port: Port, subject: string, input: unknown, timeout?: number): Promise<Verdict> =>
  drive(port, law.holds(input, port, subject), timeout);

const extentOf = async (
  law: Law,
  port: Port,
  subject: string,
  seed: number,
  numRuns: number,
  timeout?: number,
): Promise<Extent | null> => {
  const inputs = fc.sample(law.given(port, subject), { seed, numRuns });
  let found: Extent | null = null;
  let failing = 0;
  for (const input of inputs) {
    try {
      const { ok, margin, about = '', worst = null } = await judge(law, port, subject, input, timeout);
      if (ok) continue;
      failing++;
      if (found === null || margin > found.margin)
        found = { tried: inputs.length, failing, input, about, margin, worst };
    } catch {
      // an input that the law does not apply to, or a crash: neither measures the failure
    }
  }
  return found === null ? null : { ...found, failing };
};

/** Whether a stored input is still one of the law's: a law that has changed its inputs cannot read the old ones. */
const fits = async (law: Law, port: Port, subject: string, input: unknown, timeout?: number): Promise<boolean> => {
  try {
    await judge(law, port, subject, input, timeout);
    return true;
  } catch (error) {
    return error instanceof PortError;
  }
};

/** Runs one law on one subject. Errors that are neither a finding nor the port's fault are ours, and thrown. */
export const check = async (law: Law, port: Port, subject: string, options: RunOptions): Promise<Check> => {
  const seed = seedOf(options.seed, law.id, subject);
  const numRuns = law.class === 'statistical' ? law.runs : (options.runs ?? law.runs);
  let margin = 0;
  const covers = Object.entries(law.covers ?? {}).filter(([, { when }]) => when?.(port, subject) ?? true);
  const reached = covers.map(() => 0);
  const property = fc.asyncProperty(law.given(port, subject), async (input) => {
    covers.forEach(([, { of }], i) => {
      if (of(input, port, subject)) reached[i] = (reached[i] ?? 0) + 1;
    });
    const verdict = await judge(law, port, subject, input, options.timeout);
    if (!verdict.ok) throw new Falsified(verdict);
    margin = Math.max(margin, verdict.margin);
  });
  const examples: [unknown][] = [];
  for (const input of options.examples?.(law.id, subject) ?? [])
    if (await fits(law, port, subject, input, options.timeout)) examples.push([input]);
  const result = await fc.check(property, { seed, numRuns: numRuns + examples.length, examples });
  const common = { law: law.id, subject, seed, runs: result.numRuns, skipped: result.numSkips };
  if (!result.failed) {
    const missed = covers.findIndex(([, { share }], i) => (reached[i] ?? 0) < due(numRuns, share));
    if (missed >= 0) {
      const [what = '', { share }] = covers[missed] as (typeof covers)[number]; // found above
      const unreached = `${what}: ${reached[missed]} of ${numRuns} inputs, at least ${due(numRuns, share)} were due`;
      return { ...common, status: 'undecided', margin, unreached };
    }
    return { ...common, status: law.class === 'statistical' ? 'upheld' : 'holds', margin };
  }
  const [input] = result.counterexample ?? [];
  const error = result.errorInstance;
  const shrinks = result.numShrinks;
  if (error instanceof Falsified) {
    const { about = '', worst = null, margin: own } = error.verdict;
    const extent = options.extent === false ? null : await extentOf(law, port, subject, seed, numRuns, options.timeout);
    return {
      ...common,
      status: 'falsified',
      margin: own,
      counterexample: { input, about, worst, shrinks, ...(extent === null ? {} : { extent }) },
    };
  }
  if (error instanceof PortError)
    return {
      ...common,
      status: 'crashed',
      margin: Number.POSITIVE_INFINITY,
      counterexample: { input, about: error.message, worst: null, shrinks },
    };
  throw error ?? new Error(`${law.id}: fast-check gave up after ${result.numSkips} skipped inputs`);
};

/** A law and one of its subjects; `null` where the port has none. */
export interface Task {
  readonly law: Law;
  readonly subject: string | null;
}

/** What there is to do, in the order of the book. */
export const tasks = (laws: readonly Law[], port: Port): readonly Task[] =>
  laws.flatMap((law): readonly Task[] => {
    const subjects = law.subjects(port);
    return subjects.length === 0 ? [{ law, subject: null }] : subjects.map((subject) => ({ law, subject }));
  });

/** One task, done: a law without a subject is not covered. */
export const settle = ({ law, subject }: Task, port: Port, options: RunOptions): Promise<Check> =>
  subject === null
    ? Promise.resolve({
        law: law.id,
        subject: '',
        status: 'not covered',
        runs: 0,
        skipped: 0,
        margin: 0,
        seed: options.seed,
      })
    : check(law, port, subject, options);

/** Runs every task in order, and yields each record as it comes. */
export async function* verify(laws: readonly Law[], port: Port, options: RunOptions): AsyncGenerator<Check> {
  for (const task of tasks(laws, port)) yield await settle(task, port, options);
}
