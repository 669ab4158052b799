// What people read at the end of a verification: a line per law that applies, the cards that tell most, and the tally.
import { nameOf } from '../../properties/deviations.ts';
import type { LawClass } from '../../properties/law.ts';
import { card, lawLines, lineText, SIGN, tallyText } from '../../properties/report.ts';
import type { Check } from '../../properties/run.ts';
import { ALPHA } from '../../properties/tolerance.ts';
import { summaryOf, type Verification } from './formats.ts';
import { printable } from './report/html.ts';
import { coloured, print } from './show.ts';
import type { Store } from './store.ts';

/** Cards that are printed whole: one mistake breaks many laws, and is found by the first of them. */
const CARDS = 5;
/** Characters of an input on a card: three or four lines of a terminal. */
const WIDTH = 320;

/** By how little a verdict needs: equal numbers first, bounds behind them. */
const EXACT: readonly LawClass[] = ['exact', 'power of two', 'lattice', 'enumerated', 'structural'];

/** How many numbers a person must look at. An input without any, as of a law that makes its own, tells least. */
const numbersIn = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'bigint'
    ? 1
    : value !== null && typeof value === 'object'
      ? Object.values(value).reduce((n: number, v) => n + numbersIn(v), 0)
      : 0;

/** Failures with the most telling one first; equals stay in the order of the book. */
export const telling = ({ laws }: Pick<Verification, 'laws'>, checks: readonly Check[]): readonly Check[] => {
  const size = new Map(checks.map((c) => [c, numbersIn(c.counterexample?.input) || Number.POSITIVE_INFINITY]));
  const bounded = new Set<string>(laws.filter((l) => !EXACT.includes(l.class)).map((l) => l.id));
  const order = (a: number, b: number): number => (a === b ? 0 : a - b); // ∞ − ∞ is no number
  return [...checks].sort(
    (a, b) => order(size.get(a) ?? 0, size.get(b) ?? 0) || Number(bounded.has(a.law)) - Number(bounded.has(b.law)),
  );
};

/** Prints it; `all` cards, or the first few with a line for each of the others. */
export const pretty = (v: Verification, pathOf: Store['pathOf'], all: boolean): void => {
  const lines = lawLines(v.laws, v.checks);
  const uncovered = lines.filter((l) => l.status === 'not covered').length;
  print('');
  for (const line of lines) if (line.status !== 'not covered') print(coloured(lineText(line)));
  if (uncovered > 0)
    print(
      coloured(
        `· ${uncovered} ${uncovered === 1 ? 'law is' : 'laws are'} not covered by what the port declares; --list names them`,
      ),
    );
  const found = v.checks.filter((c) => c.counterexample !== undefined);
  for (const c of found) if (c.status === 'waived') print(`~ ${nameOf(c)} fails as expected: ${c.waiver?.why}`);
  const failures = telling(
    v,
    found.filter((c) => c.status !== 'waived'),
  );
  for (const c of failures.slice(0, all ? failures.length : CARDS)) {
    const law = v.laws.find((l) => l.id === c.law);
    if (law === undefined) continue;
    const text = card(law, c, v.port, v.replay(c), { most: WIDTH, file: pathOf(c) });
    print(`\n${coloured(printable(text))}`);
  }
  const rest = all ? [] : failures.slice(CARDS);
  if (rest.length > 0)
    print(`\n${rest.length} more ${rest.length === 1 ? 'failure' : 'failures'}; --all-cards prints their cards`);
  for (const c of rest) print(coloured(`${SIGN[c.status]} ${nameOf(c)}  ${c.status}  ${pathOf(c)}`));
  for (const fault of v.faults) print(coloured(`✗ ${fault}`));
  if (v.profile === 'smoke')
    print('\nprofile smoke: one input for one subject of each law; statistical laws are left to ci');
  print(`\n${tallyText(summaryOf(v), ALPHA)}`);
};
