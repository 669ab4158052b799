// The catalogue that the book of laws is written from: its chapters, and which laws answer to each of its entries.
import type { Law } from './law.ts';

/** Chapters by their letter: what they are about, and how many entries they have. */
export const CHAPTERS: Readonly<Record<string, { readonly about: string; readonly entries: number }>> = {
  M: { about: 'the verifier itself', entries: 12 },
  P: { about: 'purity, determinism, serialisation', entries: 10 },
  A: { about: 'activations', entries: 24 },
  L: { about: 'losses', entries: 20 },
  G: { about: 'gradients', entries: 26 },
  N: { about: 'networks', entries: 14 },
  I: { about: 'initializers', entries: 18 },
  R: { about: 'random numbers', entries: 14 },
  D: { about: 'dropout', entries: 18 },
  B: { about: 'batch normalisation', entries: 26 },
  O: { about: 'optimizers', entries: 40 },
  W: { about: 'regularisation', entries: 12 },
  C: { about: 'the perceptron', entries: 12 },
  Z: { about: 'Boltzmann machines', entries: 20 },
  X: { about: 'diagnosis', entries: 10 },
  T: { about: 'training', entries: 10 },
};

/** Entries without a law, and why. */
export const WITHOUT_LAW: Readonly<Record<string, string>> = {
  'R-14':
    'it says that PractRand and TestU01 are run offline and are no gate: they are external programs that read gigabytes of a stream for hours, and demand nothing of one answer; what they would find at the sizes of a run is R-08 to R-13',
};

/** Every id of the catalogue, as `A-01`. */
export const ENTRY_IDS: readonly string[] = Object.entries(CHAPTERS).flatMap(([letter, { entries }]) =>
  Array.from({ length: entries }, (_, i) => `${letter}-${String(i + 1).padStart(2, '0')}`),
);

/** What answers to one entry: laws by id, or the reason why there is none. */
export interface Coverage {
  readonly entry: string;
  readonly laws: readonly string[];
  readonly reason: string;
}

export const coverageOf = (laws: readonly Law[]): readonly Coverage[] =>
  ENTRY_IDS.map((entry) => ({
    entry,
    laws: laws.filter((l) => l.ref.split(', ').includes(entry)).map((l) => l.id),
    reason: WITHOUT_LAW[entry] ?? '',
  }));

/** How much of the catalogue is answered, as lines to read: a line per chapter, and one for all. */
export const coverageLines = (coverage: readonly Coverage[]): readonly string[] => {
  const line = (what: string, rows: readonly Coverage[]): string => {
    const without = rows.filter((r) => r.laws.length === 0);
    const laws = new Set(rows.flatMap((r) => r.laws)).size;
    const rest = without.length === 0 ? '' : `, ${without.length} not applicable: ${without.map((r) => r.entry)}`;
    return `${what}: ${rows.length - without.length} of ${rows.length} implemented by ${laws} laws${rest}`;
  };
  return [
    ...Object.entries(CHAPTERS).map(([letter, { about }]) =>
      line(
        `${letter}, ${about}`,
        coverage.filter((c) => c.entry.startsWith(`${letter}-`)),
      ),
    ),
    line('all', coverage),
  ];
};
