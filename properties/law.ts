// What a law is: a value with a statement, a generator of inputs, and a check that asks any port through plain calls.
import fc from 'fast-check';
import type { Args, Plain } from './contract.ts';
import type { PortInfo } from './port.ts';
import { type CompareOptions, type Comparison, compare, type Expected, exactly, type Mismatch } from './tolerance.ts';

/** A question to a port. */
export interface Call {
  readonly entry: string;
  readonly args: Args;
}

/** A port's answer, already checked against the contract, read by type. */
export class Answer {
  readonly #fields: Args;
  constructor(fields: Args) {
    this.#fields = fields;
  }
  /** Whether the port gave a field that it may leave out. */
  has(name: string): boolean {
    return this.#fields[name] !== undefined;
  }
  // The contract has parsed the answer, so that each field is what its entry says.
  tensor(name: string): Plain {
    return this.#fields[name] as Plain;
  }
  tensors(name: string): readonly Plain[] {
    return this.#fields[name] as readonly Plain[];
  }
  /** Tensors per step. */
  steps(name: string): readonly (readonly Plain[])[] {
    return this.#fields[name] as readonly (readonly Plain[])[];
  }
  number(name: string): number {
    return this.#fields[name] as number;
  }
  numbers(name: string): readonly number[] {
    return this.#fields[name] as readonly number[];
  }
  texts(name: string): readonly string[] {
    return this.#fields[name] as readonly string[];
  }
  /** Lists of numbers, as the places of samples per batch. */
  lists(name: string): readonly (readonly number[])[] {
    return this.#fields[name] as readonly (readonly number[])[];
  }
  text(name: string): string {
    return this.#fields[name] as string;
  }
  flag(name: string): boolean {
    return this.#fields[name] as boolean;
  }
}

/** A check in progress: it yields calls, receives answers, and returns its finding. One text serves every kind of port. */
export type Inquiry<R> = Generator<Call, R, Answer>;

export function* ask(entry: string, args: Args): Inquiry<Answer> {
  return yield { entry, args };
}

/** Numbers of answers next to what a law expects of them. */
export interface Compared {
  readonly got: ArrayLike<number>;
  readonly expected: readonly Expected[];
  readonly allowed: ArrayLike<number>;
  readonly zeros: 'signed' | 'equal';
}

/** What a law found on one input. */
export interface Verdict {
  readonly ok: boolean;
  /** Largest observed ÷ allowed error; 0 where the law is exact and holds. */
  readonly margin: number;
  /** What was compared, for the failure card. */
  readonly about?: string;
  readonly worst?: Mismatch | null;
  /** All that was compared, from which golden vectors are written. */
  readonly compared?: readonly Compared[];
}

/** How a law decides, which says what its tolerance is. */
export type LawClass =
  | 'exact'
  | 'power of two'
  | 'lattice'
  | '64-digit oracle'
  | 'rounding bound'
  | 'enumerated'
  | 'statistical'
  | 'structural';

/** What the inputs of a law must reach, so that a generator cannot go blind unnoticed. */
export interface Coverage<I> {
  /** The share of inputs that the generator promises at least; how many are due follows from it and the runs. */
  readonly share: number;
  readonly of: (input: I, port: PortInfo, subject: string) => boolean;
  /** Subjects that it is asked of; all, unless given. */
  readonly when?: (port: PortInfo, subject: string) => boolean;
}

export interface Law<I = unknown> {
  readonly id: `${string}/${string}`;
  /** Its place in the catalogue. */
  readonly ref: string;
  readonly says: string;
  readonly class: LawClass;
  /** One for all its subjects, or one for each by its name. */
  readonly formula?: string | Readonly<Record<string, string>>;
  readonly source?: string;
  /** For a statistical law: the smallest fault that it finds with probability at least 1 − 10⁻⁶. */
  readonly detects?: string;
  /** Real defects that it would have caught. */
  readonly kills?: readonly string[];
  /** Inputs tried per subject. */
  readonly runs: number;
  /** What of a port it applies to, one check each; none means not covered. */
  readonly subjects: (port: PortInfo) => readonly string[];
  readonly given: (port: PortInfo, subject: string) => fc.Arbitrary<I>;
  readonly holds: (input: I, port: PortInfo, subject: string) => Inquiry<Verdict>;
  /** Predicates on the inputs, by what they say; a law that holds without them is undecided, which is our failure. */
  readonly covers?: Readonly<Record<string, Coverage<I>>>;
}

/** The formula of a law for one subject, or for all of them: `mse: 2·(p − y); hinge: …`. */
export const formulaText = ({ formula }: Pick<Law, 'formula'>, subject?: string): string | undefined =>
  typeof formula !== 'object'
    ? formula
    : subject === undefined
      ? Object.entries(formula)
          .map(([name, text]) => `${name}: ${text}`)
          .join('; ')
      : formula[subject];

/** Types a row by its input, then forgets the type: whoever runs a law feeds `holds` from the same row's `given`. */
export const law = <I>(row: Omit<Law<I>, 'runs'> & { readonly runs?: number }): Law =>
  ({ runs: 100, ...row }) as unknown as Law;

/** The whole port as the one subject, where it has all these entries. */
export const having =
  (...entries: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    entries.every((e) => port.has(e)) ? ['port'] : [];

/** Each name of a kind that has all these calls. */
export const each =
  (kind: string, ...calls: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    port.names(kind, calls[0] ?? '').filter((name) => calls.every((call) => port.has(`${kind}.${name}.${call}`)));

/** Those of the names that the port has. */
export const among =
  (names: readonly string[], kind: string, ...calls: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    names.filter((name) => calls.every((call) => port.has(`${kind}.${name}.${call}`)));

const named = (about: string, c: Comparison): Verdict => ({ ok: c.ok, margin: c.margin, about, worst: c.worst });

const comparison = (
  about: string,
  got: ArrayLike<number>,
  expected: readonly Expected[],
  allowed: ArrayLike<number>,
  options: CompareOptions = {},
): Verdict => ({
  ...named(about, compare(got, expected, allowed, options)),
  compared: [{ got, expected, allowed, zeros: options.zeros ?? 'equal' }],
});

/** Holds exactly: same numbers; zeros of either sign are equal unless told apart. */
export const same = (
  about: string,
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  options: CompareOptions = {},
): Verdict => comparison(about, got, Array.from(expected, exactly), new Array(expected.length).fill(0), options);

/** Holds within a bound per element. */
export const within = (
  about: string,
  got: ArrayLike<number>,
  expected: readonly Expected[],
  allowed: ArrayLike<number>,
): Verdict => {
  fc.pre(Array.from(allowed).every(Number.isFinite)); // a bound without end decides nothing: another input is drawn
  return comparison(about, got, expected, allowed);
};

/** Holds or not, without a measure; where no one number is expected, `about` says what must hold of the one that came. */
export const claim = (about: string, ok: boolean, got?: number, expected?: number): Verdict => {
  const [g, e] = [got ?? Number.NaN, expected ?? Number.NaN];
  const said = got !== undefined && expected === undefined;
  return {
    ok,
    margin: ok ? 0 : Number.POSITIVE_INFINITY,
    about,
    worst: { index: 0, got: g, expected: e, error: Math.abs(g - e), allowed: 0, ...(said ? { said } : {}) },
  };
};

const SIDES = {
  '<': (a: number, b: number) => a < b,
  '≤': (a: number, b: number) => a <= b,
  '≥': (a: number, b: number) => a >= b,
  '>': (a: number, b: number) => a > b,
} as const;

/** Holds on one side of a bound, or where rounding may have carried it: `|w| ≤ 2, got 3`. */
export const sided = (about: string, got: number, side: keyof typeof SIDES, bound: number, off = 0): Verdict =>
  claim(`${about} ${side} ${bound}`, SIDES[side](got, side === '<' || side === '≤' ? bound + off : bound - off), got);

/** A statistic's own finding. */
export const tested = (about: string, c: Comparison): Verdict => named(about, c);

/** The worst of several verdicts; holds when all do. */
export const every = (verdicts: readonly Verdict[]): Verdict => ({
  ...verdicts.reduce((a, b) => (!a.ok ? a : !b.ok || b.margin > a.margin ? b : a), { ok: true, margin: 0 }),
  compared: verdicts.flatMap((v) => v.compared ?? []),
});
