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

/** Runs the laws a mutant names, each until its first failure. @throws Error when it names a law that does not exist */
export const hunt = async (
  mutant: Mutant,
  laws: readonly Law[],
  home: Port,
  seed: number,
): Promise<readonly Kill[]> => {
  const kills: Kill[] = [];
  for (const id of mutant.killedBy) {
    const law = laws.find((l) => l.id === id);
    if (law === undefined) throw new Error(`mutant ${mutant.id}: there is no law ${id}`);
    const port = mutant.plant(home);
    // the subject that the mutant's own name speaks of comes first: op/exp-value-off dies on exp
    const subjects = [...law.subjects(port)].sort(
      (a, b) => Number(mutant.id.includes(b)) - Number(mutant.id.includes(a)),
    );
    let subject: string | null = null;
    for (const s of subjects) {
      const { status } = await check(law, port, s, { seed, extent: false, shrink: false });
      if (status !== 'falsified') continue;
      subject = s;
      break;
    }
    kills.push({ mutant: mutant.id, law: id, killed: subject !== null, subject });
  }
  return kills;
};
