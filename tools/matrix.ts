// Asks the laws of every published engine that is installed, and writes law × engine to reports/laws/matrix.{json,md}.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { page, table } from '../bench/markdown.ts';
import { LAWS } from '../properties/laws/index.ts';
import { card, type LawLine, lawLines, type Verified } from '../properties/report.ts';
import { fromJson, toJson } from '../src/index.ts';
import { ENGINES, type Engine, engines, type Outcome, portArguments, verified } from './engines.ts';

const FILE = 'reports/laws/matrix';

/** What the page is drawn from, a column each. */
type Column =
  | (Verified & { readonly name: string; readonly kind: 'verified'; readonly port: readonly string[] })
  | ({ readonly name: string } & Exclude<Outcome, { readonly kind: 'verified' }>);

/** The columns of before: an engine that is not asked this time keeps its own. */
const before = (): ReadonlyMap<string, Column> => {
  if (!existsSync(`${FILE}.json`)) return new Map();
  const { engines: columns } = fromJson(readFileSync(`${FILE}.json`, 'utf8')) as {
    readonly engines: readonly Column[];
  }; // our own output
  return new Map(columns.map((c) => [c.name, c]));
};

const columnOf = (engine: Engine, options: readonly string[]): Column => {
  const { name } = engine;
  const outcome = verified(engine, options);
  if (outcome.kind !== 'verified') return { name, ...outcome };
  const { engine: called, version, dtype, seed, summary: tally, checks } = outcome.record;
  const covered = checks.filter(({ status }) => status !== 'not covered');
  const port = portArguments(engine); // from which a reader of the JSON sees a failure again
  return { name, kind: 'verified', port, engine: called, version, dtype, seed, summary: tally, checks: covered };
};

const SIGNS: Readonly<Record<LawLine['status'], string>> = {
  holds: '✓',
  upheld: '✓',
  falsified: '✗',
  crashed: '✗ crashed',
  'not covered': '·',
  undecided: '?',
  waived: '~',
};

/** Where a law has many subjects, the first few that fail. */
const NAMED = 3;
const cellOf = (line: LawLine | undefined): string => {
  if (line === undefined) return SIGNS['not covered'];
  const named = line.failed.filter((s) => s !== 'port');
  const more = named.length > NAMED ? ` and ${named.length - NAMED} more` : '';
  return `${SIGNS[line.status]}${named.length === 0 ? '' : ` ${named.slice(0, NAMED).join(', ')}${more}`}`;
};

const summaryOf = (c: Column): readonly string[] => {
  if (c.kind === 'verified') {
    const { holds, falsified, crashed, notCovered, runs } = c.summary;
    return [c.name, c.version, c.dtype, ...[holds, falsified, crashed, notCovered, runs].map(String)];
  }
  const install = ENGINES.find(({ name }) => name === c.name)?.install ?? '';
  return [c.name, '', c.kind === 'failed' ? `failed: ${c.why}` : `not installed: ${install}`, '', '', '', '', ''];
};

/** How one sees a failure again: the seed makes the same inputs. */
const replayOf = (name: string, law: string, seed: number): string => {
  const engine = ENGINES.find((e) => e.name === name);
  return `npm run -s tautograd -- verify --law ${law} --seed ${seed} ${engine === undefined ? '' : portArguments(engine).join(' ')}`;
};

const cardsOf = (c: Column): readonly string[] => {
  if (c.kind !== 'verified') return [];
  const texts = c.checks.flatMap((check) => {
    const law = LAWS.find(({ id }) => id === check.law);
    const failed = check.counterexample !== undefined || check.status === 'undecided';
    return law === undefined || !failed
      ? []
      : [`\`\`\`text\n${card(law, check, c, replayOf(c.name, check.law, c.seed))}\n\`\`\``];
  });
  return texts.length === 0 ? [] : [`## ${c.name}`, ...texts];
};

const pageOf = (columns: readonly Column[]): string => {
  const shown = columns.flatMap((c) =>
    c.kind === 'verified' ? [{ name: c.name, lines: lawLines(LAWS, c.checks) }] : [],
  );
  const rows = LAWS.flatMap(({ id }) => {
    const cells = shown.map(({ lines }) => lines.find(({ law }) => law.id === id));
    return cells.every((line) => line === undefined) ? [] : [[`\`${id}\``, ...cells.map(cellOf)]];
  });
  return page(
    '# The laws, asked of published engines',
    'Laws are in words in [tautograd.md](tautograd.md) and by `explain <law>`. ✓ holds or is upheld; ✗ falsified, for the subjects named; · not covered: the engine, or its adapter, does not say that it can do this. A ✗ is no verdict on who is right: [findings](../findings/README.md) says what each comes from. Laws that cover none of the engines are left out.',
    table(
      ['engine', 'version', 'format', 'hold', 'falsified', 'crashed', 'not covered', 'runs'],
      columns.map(summaryOf),
    ),
    table(['law', ...shown.map(({ name }) => name)], rows),
    '# Counterexamples',
    ...columns.flatMap(cardsOf),
  );
};

const given = process.argv.slice(2);
const options = given.filter((a) => a.startsWith('--'));
const failed: string[] = [];
for (const engine of engines(given.filter((a) => !a.startsWith('--')))) {
  const column = columnOf(engine, options);
  if (column.kind === 'failed') failed.push(engine.name);
  const columns = new Map(before()).set(engine.name, column); // read again, as two runs may be under way
  console.log(
    summaryOf(column)
      .filter((t) => t !== '')
      .join('  '),
  );
  const ordered = ENGINES.flatMap(({ name }) => columns.get(name) ?? []);
  writeFileSync(`${FILE}.json`, `${toJson({ schema: 1, engines: ordered })}\n`);
  writeFileSync(`${FILE}.md`, pageOf(ordered));
}
console.log(`wrote ${FILE}.json and ${FILE}.md`);
process.exit(failed.length > 0 ? 1 : 0);
