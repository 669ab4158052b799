// One small valid call for each entry of a port, taken from what the laws ask, where the built-in engine has an answer.
import fc from 'fast-check';
import { toLine } from '../src/index.ts';
import { type Args, ENTRIES, faultInArgs } from './contract.ts';
import { costOf } from './crew.ts';
import { Answer, type Law } from './law.ts';
import { LAWS } from './laws/index.ts';
import type { PortInfo } from './port.ts';
import home from './ports/home.ts';

/** A call, and what the built-in engine answers to it. */
export interface Example {
  readonly args: Args;
  readonly answer: Args;
}

interface Candidate extends Example {
  /** Plain numbers come before infinities and NaN, few before many. */
  readonly rank: number;
}

/** Text beyond which an input is no small one. */
const LONG = 2000;
/** Calls of one inquiry that are looked at: the first ones show what it asks. */
const LOOKS = 8;

const rankOf = (args: Args): number => {
  const text = toLine(args);
  return text.length + (/NaN|Infinity/.test(text) ? LONG : 0);
};

/** Calls that a law makes on one input. */
function* callsOf(law: Law, port: PortInfo, subject: string, seed: number): Generator<readonly [string, Candidate]> {
  const [input] = fc.sample(law.given(port, subject), { seed, numRuns: 1 });
  const inquiry = law.holds(input, port, subject);
  let turn = inquiry.next();
  for (let looks = 0; !turn.done && looks < LOOKS; looks++) {
    const { entry, args } = turn.value;
    if (!home.has(entry)) return;
    const answer = home.call(entry, structuredClone(args)) as Args; // the built-in engine answers at once
    yield [entry, { args, answer, rank: rankOf(args) }];
    turn = inquiry.next(new Answer(answer));
  }
}

/** What a related entry is asked, as far as this one takes it: the same row under another name, or another call. */
const byRelative = (id: string, found: ReadonlyMap<string, Candidate>): Candidate | null => {
  const entry = ENTRIES.get(id);
  if (entry === undefined) return null;
  for (const [relative, { args: theirs, rank }] of found) {
    if (!relative.startsWith(`${entry.kind}.`)) continue;
    const args = Object.fromEntries(Object.entries(theirs).filter(([name]) => name in entry.takes));
    if (faultInArgs(entry, args) !== null) continue;
    try {
      return { args, answer: home.call(id, structuredClone(args)) as Args, rank }; // it answers at once
    } catch {
      // the next relative may fit better
    }
  }
  return null;
};

const nameOf = (entry: string): string => entry.split('.')[1] ?? '';

/** Examples by entry; an entry that nothing fits has none. */
export const examplesFor = (port: PortInfo, entries: readonly string[]): ReadonlyMap<string, Example> => {
  const found = new Map<string, Candidate>();
  const wanted = new Set(entries.filter((e) => home.has(e)));
  const names = new Set([...wanted].map(nameOf));
  const isOpen = (entry: string): boolean => (found.get(entry)?.rank ?? Number.POSITIVE_INFINITY) > LONG;
  for (const law of LAWS.filter((l) => l.class !== 'statistical').sort((a, b) => costOf(a) - costOf(b))) {
    const open = [...wanted].filter(isOpen);
    if (open.length === 0) break;
    for (const subject of law.subjects(port)) {
      if (names.has(subject) && !open.some((e) => nameOf(e) === subject)) continue; // nothing is left to learn there
      try {
        for (const [entry, one] of callsOf(law, port, subject, 1))
          if (wanted.has(entry) && one.rank < (found.get(entry)?.rank ?? Number.POSITIVE_INFINITY))
            found.set(entry, one);
      } catch {
        // an input that the built-in engine refuses, or one that decides nothing: another law is looked at
      }
    }
  }
  for (const entry of wanted) {
    const one = found.has(entry) ? null : byRelative(entry, found);
    if (one !== null) found.set(entry, one);
  }
  return found;
};
