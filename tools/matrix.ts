// Asks the laws of every published engine that is installed, and writes law × engine to reports/laws/matrix.{json,md}.
import { mkdirSync, writeFileSync } from 'node:fs';
import { page, table } from '../bench/markdown.ts';
import { LAWS } from '../properties/laws/index.ts';
import { card, type LawLine, lawLines } from '../properties/report.ts';
import { toJson } from '../src/index.ts';
import { type Engine, engines, type Outcome, portArguments, type Verified, verified } from './engines.ts';

const OUT = 'reports/laws';

interface Column {
  readonly engine: Engine;
  readonly outcome: Outcome;
  readonly lines: readonly LawLine[];
}

/** How one sees a failure again: the seed makes the same inputs. */
const replayOf = (engine: Engine, law: string, seed: number): string =>
  `npm run -s tautograd -- verify --law ${law} --seed ${seed} ${portArguments(engine).join(' ')}`;

/** Where a law has many subjects, the first few that fail. */
const NAMED = 3;
const failing = ({ failed }: LawLine): string => {
  const named = failed.filter((s) => s !== 'port');
  const more = named.length - NAMED;
  return named.length === 0 ? '' : `: ${named.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
};
const WORDS: Readonly<Record<LawLine['status'], string>> = {
  holds: '✓',
  upheld: '✓',
  falsified: '✗',
  crashed: '✗ crashed',
  'not covered': '·',
  undecided: '?',
  waived: '~',
};

const summary = ({ engine, outcome }: Column): readonly string[] => {
  if (outcome.kind === 'not installed') return [engine.name, '', `not installed: ${engine.install}`, '', '', '', ''];
  if (outcome.kind === 'failed') return [engine.name, '', `failed: ${outcome.why}`, '', '', '', ''];
  const { version, dtype, summary: s } = outcome.record;
  return [engine.name, version, dtype, s.holds, s.falsified, s.crashed, s.notCovered].map(String);
};

const cards = ({ engine, outcome }: Column): readonly string[] => {
  if (outcome.kind !== 'verified') return [];
  const { record } = outcome;
  const failures = record.checks.filter((c) => c.counterexample !== undefined || c.status === 'undecided');
  const texts = failures.flatMap((c) => {
    const law = LAWS.find(({ id }) => id === c.law);
    return law === undefined
      ? []
      : [`\`\`\`text\n${card(law, c, record, replayOf(engine, c.law, record.seed))}\n\`\`\``];
  });
  return texts.length === 0 ? [] : [`## ${engine.name}`, ...texts];
};

/** What the Markdown page and other programs are made of: verdicts, and the smallest input of every violation. */
const data = ({ engine, outcome }: Column): object => {
  const { name, install } = engine;
  if (outcome.kind !== 'verified') return { name, install, ...outcome };
  const { engine: called, version, dtype, seed, summary: tally, checks }: Verified = outcome.record;
  const kept = checks.filter(({ status }) => status !== 'not covered');
  return { name, engine: called, version, dtype, seed, kind: outcome.kind, summary: tally, checks: kept };
};

const [options, words] = [
  process.argv.slice(2).filter((a) => a.startsWith('--')),
  process.argv.slice(2).filter((a) => !a.startsWith('--')),
];
const columns = engines(words).map((engine): Column => {
  const outcome = verified(engine, options);
  const lines = outcome.kind === 'verified' ? lawLines(LAWS, outcome.record.checks) : [];
  const column = { engine, outcome, lines };
  console.log(
    summary(column)
      .filter((t) => t !== '')
      .join('  '),
  );
  return column;
});
const shown = columns.filter(({ outcome }) => outcome.kind === 'verified');
const rows = LAWS.flatMap(({ id }) => {
  const cells = shown.map(({ lines }) => lines.find(({ law }) => law.id === id));
  if (cells.every((line) => line === undefined || line.status === 'not covered')) return [];
  return [[`\`${id}\``, ...cells.map((line) => (line === undefined ? '' : `${WORDS[line.status]}${failing(line)}`))]];
});

mkdirSync(OUT, { recursive: true });
writeFileSync(`${OUT}/matrix.json`, `${toJson({ schema: 1, engines: columns.map(data) })}\n`);
writeFileSync(
  `${OUT}/matrix.md`,
  page(
    '# The laws, asked of published engines',
    'Laws are in words in [tautograd.md](tautograd.md) and by `explain <law>`. ✓ holds or is upheld, ✗ falsified, · not covered: the engine does not say that it can do this. A ✗ is no verdict on who is right: [findings](../findings/README.md) says what each comes from. Laws that cover none of the engines are left out.',
    table(['engine', 'version', 'format', 'hold', 'falsified', 'crashed', 'not covered'], columns.map(summary)),
    table(['law', ...shown.map(({ engine }) => engine.name)], rows),
    '# Counterexamples',
    ...columns.flatMap(cards),
  ),
);
console.log(`wrote ${OUT}/matrix.json and ${OUT}/matrix.md`);
process.exit(columns.some(({ outcome }) => outcome.kind === 'failed') ? 1 : 0);
