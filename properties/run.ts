// Runs laws against a port: seeds, shrinking, stored counterexamples, and one record per law and subject.
import fc from 'fast-check';
import type { Args } from './contract.ts';
import { FINGERPRINTS } from './fingerprints.ts';
import { concerns, contradiction, noting } from './infer.ts';
import { Answer, type Inquiry, type Law, type Verdict } from './law.ts';
import { type Port, PortError, PortFault } from './port.ts';
import { due, type Mismatch } from './tolerance.ts';

/** `undecided`: the runs that the law asks for were not made, or their inputs did not reach what it promises to try; `waived`: it fails, and is expected to. */
export type Status = 'holds' | 'upheld' | 'falsified' | 'crashed' | 'not covered' | 'undecided' | 'waived';

/** How thorough a run is: inputs per law and subject, from the law's own number, how many of a law's subjects, and whether statistical laws are asked. */
export const PROFILES = {
  // statistical laws draw as many numbers for one input as all others for theirs
  smoke: { runs: () => 1, subjects: 1, statistical: false },
  ci: { runs: (own: number) => own, subjects: Number.POSITIVE_INFINITY, statistical: true },
  deep: { runs: (own: number) => 20 * own, subjects: Number.POSITIVE_INFINITY, statistical: true },
} as const satisfies Readonly<
  Record<string, { readonly runs: (own: number) => number; readonly subjects: number; readonly statistical: boolean }>
>;
export type Profile = keyof typeof PROFILES;

/** What is left of a failure: the values, so that it survives every change of the generators. */
export interface Counterexample {
  readonly input: unknown;
  readonly about: string;
  readonly worst: Mismatch | null;
  readonly shrinks: number;
  /** It was not drawn, but failed in an earlier run, and was tried first. */
  readonly stored?: true;
  /** Conventions by which the port behaves, against its declaration, where the law asks for them. */
  readonly behaves?: readonly string[];
  /** What the law asks of the port on this input, entry by entry. */
  readonly asks?: readonly string[];
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
  /** Why a check that is waived is expected to fail. */
  readonly waiver?: { readonly why: string; readonly link?: string };
  /** What the inputs did not reach. */
  readonly unreached?: string;
}

export interface RunOptions {
  readonly seed: number;
  /** `ci` unless named. */
  readonly profile?: Profile;
  /** Inputs per law and subject instead of the profile's number; statistical laws never make more than their own, which their level counts on. */
  readonly runs?: number;
  /** When to stop, in whole ms since the epoch: what is not done by then is undecided. */
  readonly until?: number;
  /** Whether to look for the smallest input that fails. On unless switched off. */
  readonly shrink?: boolean;
  /** Longest wait for one answer of an asynchronous port, in ms. */
  readonly timeout?: number;
  /** Whether to measure how far a failure reaches, which costs as much as the runs again, and to ask for conventions that explain it. On unless switched off. */
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

/** The answer of a port, in time if it comes later. @throws PortError */
export const answered = (port: Port, entry: string, args: Args, timeout = TIMEOUT): Args | Promise<Args> => {
  const reply = port.call(entry, args);
  return !(reply instanceof Promise) || port.timed === true ? reply : inTime(reply, entry, timeout);
};

/** Feeds answers to an inquiry until it returns; waits only for ports that answer later. */
export const drive = async <R>(port: Port, inquiry: Inquiry<R>, timeout?: number): Promise<R> => {
  let turn = inquiry.next();
  while (!turn.done) {
    const { entry, args } = turn.value;
    let answer: Answer;
    try {
      const reply = answered(port, entry, args, timeout);
      answer = new Answer(reply instanceof Promise ? await reply : reply);
    } catch (error) {
      if (error instanceof PortFault) throw error; // a program that dies has not refused
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

/**
 * One input, judged on a copy: a port that writes to its arguments must not write into what the generator shrinks from.
 * @throws PortError when the port crashes or breaks the contract
 */
export const judge = (law: Law, port: Port, subject: string, input: unknown, timeout?: number): Promise<Verdict> =>
  drive(port, law.holds(structuredClone(input), port, subject), timeout);

const extentOf = async (
  law: Law,
  port: Port,
  subject: string,
  seed: number,
  numRuns: number,
  { timeout, until = Number.POSITIVE_INFINITY }: RunOptions,
): Promise<Extent | null> => {
  const inputs = fc.sample(law.given(port, subject), { seed, numRuns });
  let found: Extent | null = null;
  let failing = 0;
  let tried = 0;
  for (const input of inputs) {
    if (Date.now() >= until) break;
    tried++;
    try {
      const { ok, margin, about = '', worst = null } = await judge(law, port, subject, input, timeout);
      if (ok) continue;
      failing++;
      if (found === null || margin > found.margin) found = { tried, failing, input, about, margin, worst };
    } catch {
      // an input that the law does not apply to, or a crash: neither measures the failure
    }
  }
  return found === null ? null : { ...found, tried, failing };
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

/** Inputs of a law under the options. */
export const runsOf = (law: Pick<Law, 'runs' | 'class'>, { runs, profile = 'ci' }: Omit<RunOptions, 'seed'>): number =>
  law.class === 'statistical'
    ? Math.min(law.runs, PROFILES[profile].runs(law.runs))
    : (runs ?? PROFILES[profile].runs(law.runs));

/** Runs one law on one subject. Errors that are neither a finding nor the port's fault are ours, and thrown. */
export const check = async (law: Law, port: Port, subject: string, options: RunOptions): Promise<Check> => {
  const seed = seedOf(options.seed, law.id, subject);
  const numRuns = runsOf(law, options);
  const left = (options.until ?? Number.POSITIVE_INFINITY) - Date.now();
  if (left <= 0) return undecided(law, subject, seed);
  let margin = 0;
  let failing = false;
  /** Inputs by what a program was asked for them: its fault may show behind its answer. */
  const asked = new WeakMap<Args, { readonly input: unknown }>();
  const witnessed = (own: Port, input: unknown): Port =>
    own.claim === undefined
      ? own
      : {
          ...own,
          call: (entry, args) => {
            asked.set(args, { input });
            return own.call(entry, args);
          },
        };
  const covers = Object.entries(law.covers ?? {}).filter(([, { when }]) => when?.(port, subject) ?? true);
  const reached = covers.map(() => 0);
  const property = fc.asyncProperty(law.given(port, subject), async (input) => {
    covers.forEach(([, { of }], i) => {
      if (of(input, port, subject)) reached[i] = (reached[i] ?? 0) + 1;
    });
    let verdict: Verdict;
    try {
      verdict = await judge(law, witnessed(port, input), subject, input, options.timeout);
    } catch (error) {
      // a program that is not started any more says nothing about smaller inputs
      if (failing && error instanceof PortFault && error.gone) return;
      failing = true;
      throw error;
    }
    failing ||= !verdict.ok;
    if (!verdict.ok) throw new Falsified(verdict);
    margin = Math.max(margin, verdict.margin);
  });
  const examples: [unknown][] = [];
  for (const input of options.examples?.(law.id, subject) ?? [])
    if (await fits(law, witnessed(port, input), subject, input, options.timeout)) examples.push([input]);
  const result = await fc.check(property, {
    seed,
    numRuns: numRuns + examples.length,
    examples,
    endOnFailure: options.shrink === false,
    ...(Number.isFinite(left) ? { interruptAfterTimeLimit: left, markInterruptAsFailure: true } : {}),
  });
  const common = { law: law.id, subject, seed, runs: result.numRuns, skipped: result.numSkips };
  const late = (await port.claim?.((args) => asked.has(args))) ?? null;
  if (late !== null) return crashed(common, late.fault.message, asked.get(late.args)?.input);
  if (!result.failed) {
    const missed = covers.findIndex(([, { share }], i) => (reached[i] ?? 0) < due(numRuns, share));
    if (missed >= 0) {
      const [what = '', { share }] = covers[missed] as (typeof covers)[number]; // found above
      const unreached = `${what}: ${reached[missed]} of ${numRuns} inputs, at least ${due(numRuns, share)} were due`;
      return { ...common, status: 'undecided', margin, unreached };
    }
    return { ...common, status: law.class === 'statistical' ? 'upheld' : 'holds', margin };
  }
  if (result.interrupted && result.counterexample === null) return { ...common, status: 'undecided', margin };
  const [input] = result.counterexample ?? [];
  const error = result.errorInstance;
  const shrinks = result.numShrinks;
  const stored = examples.length > 0 && result.numRuns <= examples.length;
  if (error instanceof Falsified) {
    const { about = '', worst = null, margin: own } = error.verdict;
    const found = { input, about, worst, shrinks, ...(stored ? { stored } : {}) };
    const more = options.extent === false ? {} : await explained(law, port, subject, input, seed, numRuns, options);
    return { ...common, status: 'falsified', margin: own, counterexample: { ...found, ...more } };
  }
  if (error instanceof PortError) return crashed(common, error.message, input, shrinks, stored);
  if (error !== null) throw error;
  const unreached = `inputs that decide anything: ${result.numRuns} of ${result.numSkips + result.numRuns}`;
  return { ...common, status: 'undecided', margin, unreached };
};

/** Conventions by which the port behaves against its declaration: those that explain the failure, and those of the rows that the law has asked for. */
const behaviours = async (
  law: Law,
  port: Port,
  subject: string,
  input: unknown,
  asked: ReadonlySet<string>,
  timeout?: number,
): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const row of FINGERPRINTS.filter((f) => port.has(f.entry))) {
    const against = await drive(port, contradiction(row, port), timeout);
    if (against === null) continue;
    const honest: Port = { ...port, conventions: { ...port.conventions, ...against.fits } };
    const { ok } = await judge(law, honest, subject, input, timeout);
    if (ok) found.push(`${against.text}; declared so, this input passes`);
    else if (concerns(row, asked)) found.push(against.text);
  }
  return [...new Set(found)]; // several rows may follow one convention
};

/** What else a person wants to know of a failure: what was asked, how far it reaches, and whether an undeclared convention explains it. */
const explained = async (
  law: Law,
  port: Port,
  subject: string,
  input: unknown,
  seed: number,
  numRuns: number,
  options: RunOptions,
): Promise<Pick<Counterexample, 'asks' | 'extent' | 'behaves'>> => {
  const extent = await extentOf(law, port, subject, seed, numRuns, options);
  const asked = new Set<string>();
  let behaves: readonly string[] = [];
  try {
    await drive(port, noting(law.holds(structuredClone(input), port, subject), asked), options.timeout);
    behaves = await behaviours(law, port, subject, input, asked, options.timeout);
  } catch {
    // a port that crashes when it is asked again explains nothing
  }
  return {
    ...(asked.size === 0 ? {} : { asks: [...asked] }),
    ...(extent === null ? {} : { extent }),
    ...(behaves.length === 0 ? {} : { behaves }),
  };
};

/** A check that ended before any run was made. */
export const undecided = (law: Law, subject: string, seed: number): Check => ({
  law: law.id,
  subject,
  seed,
  status: 'undecided',
  runs: 0,
  skipped: 0,
  margin: 0,
});

/** A check on which the port failed as a program. */
export const crashed = (
  common: Pick<Check, 'law' | 'subject' | 'seed' | 'runs' | 'skipped'>,
  about: string,
  input: unknown = null,
  shrinks = 0,
  stored = false,
): Check => ({
  ...common,
  status: 'crashed',
  margin: Number.POSITIVE_INFINITY,
  counterexample: { input, about, worst: null, shrinks, ...(stored ? { stored } : {}) },
});

/** A law and one of its subjects; `null` where the port has none. */
export interface Task {
  readonly law: Law;
  readonly subject: string | null;
}

/** Some of a list, spread evenly over it, other ones by another seed. */
const some = <T>(list: readonly T[], count: number, seed: number): readonly T[] =>
  list.filter((_, i) => list.length <= count || ((i + seed) * count) % list.length < count);

/** What there is to do, in the order of the book. */
export const tasks = (
  laws: readonly Law[],
  port: Port,
  { profile = 'ci', seed }: Pick<RunOptions, 'profile' | 'seed'> = { seed: 0 },
): readonly Task[] =>
  laws.flatMap((law): readonly Task[] => {
    if (law.class === 'statistical' && !PROFILES[profile].statistical) return [];
    const subjects = some(law.subjects(port), PROFILES[profile].subjects, seed);
    return subjects.length === 0 ? [{ law, subject: null }] : subjects.map((subject) => ({ law, subject }));
  });

/** One task, done by whoever checks: a law without a subject is not covered. */
export const settle = (
  { law, subject }: Task,
  by: { readonly check: (law: Law, subject: string, options: RunOptions) => Promise<Check> },
  options: RunOptions,
): Promise<Check> =>
  subject === null
    ? Promise.resolve({ ...undecided(law, '', options.seed), status: 'not covered' })
    : by.check(law, subject, options);

/** Runs every task in order, and yields each record as it comes. */
export async function* verify(laws: readonly Law[], port: Port, options: RunOptions): AsyncGenerator<Check> {
  const by = { check: (law: Law, subject: string, o: RunOptions) => check(law, port, subject, o) };
  for (const task of tasks(laws, port, options)) yield await settle(task, by, options);
}
