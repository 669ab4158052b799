// `tautograd mutants`: every planted fault is hunted, by the laws that it names or by all, and the matrix is written.
import { join } from 'node:path';
import { costOf, crewFor, longestFirst, workersFor } from '../../properties/crew.ts';
import type { Kill } from '../../properties/hunt.ts';
import { LAWS } from '../../properties/laws/index.ts';
import { MUTANTS, type Mutant } from '../../properties/mutants/index.ts';
import { toJson } from '../index.ts';
import { EXIT } from './fault.ts';
import { loadPort, namesOf } from './load.ts';
import { coloured, print, stages } from './show.ts';
import { writeText } from './write.ts';

export interface MutantOptions {
  readonly seed: number;
  readonly filter?: string;
  readonly full?: boolean;
  readonly workers?: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** What came of a hunt. */
interface Matrix {
  readonly schema: 1;
  readonly seed: number;
  /** Whether all laws hunted. */
  readonly full: boolean;
  readonly mutants: readonly {
    readonly id: string;
    readonly says: string;
    readonly bug: string | null;
    /** Law → the subject on which it died. */
    readonly killedBy: Readonly<Record<string, string | null>>;
    /** Laws that are to kill it, and do not. */
    readonly survives: readonly string[];
  }[];
  /** Law → the mutants that it kills. */
  readonly laws: Readonly<Record<string, readonly string[]>>;
  /** Laws without a kill; empty when the mutants were filtered. */
  readonly idle: readonly string[];
}

const matrixOf = (
  mutants: readonly Mutant[],
  kills: readonly Kill[],
  { seed, full = false, filter }: MutantOptions,
): Matrix => {
  const laws = Object.fromEntries(
    LAWS.map((l) => [l.id, kills.filter((k) => k.killed && k.law === l.id).map((k) => k.mutant)]),
  );
  return {
    schema: 1,
    seed,
    full,
    mutants: mutants.map(({ id, says, bug = null }) => {
      const own = kills.filter((k) => k.mutant === id);
      return {
        id,
        says,
        bug,
        killedBy: Object.fromEntries(own.filter((k) => k.killed).map((k) => [k.law, k.subject])),
        survives: own.filter((k) => !k.killed).map((k) => k.law),
      };
    }),
    laws,
    idle: filter === undefined ? LAWS.filter((l) => laws[l.id]?.length === 0).map((l) => l.id) : [],
  };
};

const summaryOf = ({ mutants, laws, idle, full }: Matrix): string => {
  const kills = mutants.reduce((n, m) => n + Object.keys(m.killedBy).length, 0);
  const survived = mutants.reduce((n, m) => n + m.survives.length, 0);
  const hunters = full ? 'by all laws' : 'by the laws they name';
  return `${mutants.length} mutants hunted ${hunters}: ${kills} kills, ${survived} survived; ${Object.keys(laws).length} laws, ${idle.length} without a kill`;
};

const cell = (text: string): string => text.replaceAll('|', '\\|');
const code = (names: readonly string[]): string => names.map((n) => `\`${n}\``).join(', ');

/** The matrix as a page; contains no date and no duration, so that equal hunts give equal bytes. */
const matrixPage = (m: Matrix): string =>
  [
    '# Mutants: which law kills which planted fault',
    '',
    `Seed ${m.seed}. ${summaryOf(m)}.`,
    '',
    '| mutant | the fault | real bug | killed by |',
    '|---|---|---|---|',
    ...m.mutants.map(
      ({ id, says, bug, killedBy, survives }) =>
        `| \`${id}\` | ${cell(says)} | ${cell(bug ?? '')} | ${code(Object.keys(killedBy))}${survives.length > 0 ? `, **survives** ${code(survives)}` : ''} |`,
    ),
    '',
    '| law | kills | mutants |',
    '|---|--:|---|',
    ...Object.entries(m.laws).map(([law, mutants]) => `| \`${law}\` | ${mutants.length} | ${code(mutants)} |`),
    '',
  ].join('\n');

/** The command. Returns 1 when a mutant survives a law that it names, or a law kills nothing. @throws CommandFault */
export const mutantsCommand = async (options: MutantOptions): Promise<number> => {
  const { seed, filter, full = false, out, json = false } = options;
  const ids = MUTANTS.map((m) => m.id);
  const prefixes = [...new Set(ids.map((id) => `${id.split('/')[0]}/*`))];
  const chosen = namesOf('mutants', 'mutant', ids, filter, prefixes);
  const mutants = MUTANTS.filter((m) => chosen.includes(m.id));
  const home = await loadPort(undefined);
  // a kill is quick, unless the law has to try many subjects first
  const cost = (m: Mutant): number =>
    LAWS.filter((l) => m.killedBy.includes(l.id)).reduce((sum, l) => sum + costOf(l) / 2, 0);
  const total = mutants.reduce((sum, m) => sum + cost(m), 0) * (full ? LAWS.length : 1);
  const crew = crewFor(home, { workers: options.workers ?? workersFor(total) });
  const made = new Map<string, readonly Kill[]>();
  try {
    const hunts = async (say: (text: string) => void) => {
      const from = performance.now();
      await Promise.all(
        longestFirst(mutants, cost).map(async (mutant) => {
          made.set(mutant.id, await crew.hunt(mutant, seed, full));
          say(`${made.size}/${mutants.length} ${mutant.id}`);
        }),
      );
      const survived = [...made.values()].flat().some((k) => !k.killed);
      return { ok: !survived, text: `${mutants.length} hunted, ${((performance.now() - from) / 1000).toFixed(1)} s` };
    };
    await stages([{ title: 'mutants', run: hunts }], json);
  } finally {
    await crew.close();
  }
  const matrix = matrixOf(
    mutants,
    mutants.flatMap((m) => made.get(m.id) ?? []),
    options,
  );
  if (json) print(toJson(matrix).trimEnd());
  else {
    for (const m of matrix.mutants) for (const law of m.survives) print(coloured(`✗ ${m.id} survives ${law}`));
    for (const id of matrix.idle) print(coloured(`✗ ${id} kills nothing`));
    print(summaryOf(matrix));
  }
  if (out !== undefined)
    for (const path of [
      writeText(join(out, 'mutants.json'), toJson(matrix)),
      writeText(join(out, 'mutants.md'), matrixPage(matrix)),
    ])
      if (!json) print(`wrote ${path}`);
  return matrix.idle.length > 0 || matrix.mutants.some((m) => m.survives.length > 0) ? EXIT.falsified : EXIT.ok;
};
