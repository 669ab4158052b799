// Hunts mutants: does each law that a mutant names find it?
import type { Law } from './law.ts';
import type { Mutant } from './mutants/index.ts';
import type { Port } from './port.ts';
import { check } from './run.ts';

/** What one law made of one mutant. */
export interface Kill {
  readonly mutant: string;
  readonly law: string;
  readonly killed: boolean;
  /** The subject on which it died. */
  readonly subject: string | null;
}

/** The subject on which a law finds a mutant, or null: those of the mutant's own name come first, as exp for op/exp-value-off. */
const huntBy = async (
  mutant: Mutant,
  law: Law,
  port: Port,
  subjects: readonly string[],
  seed: number,
): Promise<Kill> => {
  const order = [...subjects].sort((a, b) => Number(mutant.id.includes(b)) - Number(mutant.id.includes(a)));
  for (const subject of order) {
    const { status } = await check(law, port, subject, { seed, extent: false, shrink: false });
    if (status === 'falsified') return { mutant: mutant.id, law: law.id, killed: true, subject };
  }
  return { mutant: mutant.id, law: law.id, killed: false, subject: null };
};

/** Runs the laws a mutant names, each until its first failure. @throws Error when it names a law that does not exist */
export const hunt = async (
  mutant: Mutant,
  laws: readonly Law[],
  home: Port,
  seed: number,
): Promise<readonly Kill[]> => {
  const kills: Kill[] = [];
  const port = mutant.plant(home);
  for (const id of mutant.killedBy) {
    const law = laws.find((l) => l.id === id);
    if (law === undefined) throw new Error(`mutant ${mutant.id}: there is no law ${id}`);
    kills.push(await huntBy(mutant, law, port, law.subjects(port), seed));
  }
  return kills;
};

/** Inputs from which it is seen what a law asks of a port. */
const LOOKS = 2;
/** What each law and subject asks of a port that is as it should be; looked at once. */
const asked = new WeakMap<Port, Map<string, ReadonlySet<string>>>();

const askedOf = async (law: Law, home: Port, subject: string): Promise<ReadonlySet<string>> => {
  const known = asked.get(home) ?? new Map<string, ReadonlySet<string>>();
  asked.set(home, known);
  const key = `${law.id} ${subject}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const entries = new Set<string>();
  const noticing: Port = {
    ...home,
    call: (entry, args) => {
      entries.add(entry);
      return home.call(entry, args);
    },
  };
  await check(law, noticing, subject, { seed: 1, runs: LOOKS });
  known.set(key, entries);
  return entries;
};

/** Runs every law against a mutant, each until its first failure; subjects that ask for nothing that the mutant has changed are passed over. */
export const matrixRow = async (
  mutant: Mutant,
  laws: readonly Law[],
  home: Port,
  seed: number,
): Promise<readonly Kill[]> => {
  const port = mutant.plant(home);
  const changed = port.replaced.slice(home.replaced.length);
  const kills: Kill[] = [];
  for (const law of laws) {
    const subjects: string[] = [];
    for (const subject of law.subjects(port)) {
      const entries = await askedOf(law, home, subject);
      if (changed.length === 0 || changed.some((e) => entries.has(e))) subjects.push(subject);
    }
    const kill = await huntBy(mutant, law, port, subjects, seed);
    if (kill.killed || mutant.killedBy.includes(law.id)) kills.push(kill);
  }
  return kills;
};
