// What people read of a verification: one line per law, a card per failure, a summary, and the Markdown report.
import { toLine } from '../src/index.ts';
import { formulaText, type Law } from './law.ts';
import type { Dtype, PortInfo } from './port.ts';
import type { Check, Counterexample, Status } from './run.ts';
import { type Mismatch, spacing } from './tolerance.ts';

/** A number as short as it can be without losing its meaning. */
export const figure = (x: number): string =>
  !Number.isFinite(x)
    ? String(x).replace('Infinity', '∞')
    : x === 0
      ? '0'
      : Math.abs(x) >= 1e6 || Math.abs(x) < 1e-3
        ? x.toExponential(2)
        : String(Number(x.toPrecision(3)));

/** From best to worst: a law is as good as its worst subject. */
const SEVERITY: readonly Status[] = ['not covered', 'holds', 'upheld', 'waived', 'undecided', 'falsified', 'crashed'];
export const SIGN: Readonly<Record<Status, string>> = {
  holds: '✓',
  upheld: '✓',
  falsified: '✗',
  crashed: '✗',
  'not covered': '·',
  undecided: '?',
  waived: '~',
};

/** One law over all its subjects. */
export interface LawLine {
  readonly law: Law;
  readonly status: Status;
  readonly subjects: number;
  readonly failed: readonly string[];
  readonly runs: number;
  readonly margin: number;
}

export const lawLines = (laws: readonly Law[], checks: readonly Check[]): readonly LawLine[] =>
  laws.flatMap((law): readonly LawLine[] => {
    const own = checks.filter((c) => c.law === law.id);
    if (own.length === 0) return [];
    return [
      {
        law,
        status: own.map((c) => c.status).reduce((a, b) => (SEVERITY.indexOf(b) > SEVERITY.indexOf(a) ? b : a)),
        subjects: own.filter((c) => c.status !== 'not covered').length,
        failed: own
          .filter((c) => (c.counterexample !== undefined && c.status !== 'waived') || c.status === 'undecided')
          .map((c) => c.subject),
        runs: own.reduce((n, c) => n + c.runs, 0),
        margin: own.reduce((m, c) => Math.max(m, c.margin), 0),
      },
    ];
  });

/** `✓ loss/value  holds  3 subjects  300 runs  margin 0.18`. */
export const lineText = ({ law, status, subjects, failed, runs, margin }: LawLine): string => {
  const where = failed.length > 0 && failed[0] !== 'port' ? `  [${failed.join(', ')}]` : '';
  const measure = status === 'not covered' ? '' : `${String(runs).padStart(6)} runs  margin ${figure(margin)}`;
  const of = subjects > 1 ? `${subjects} subjects` : '';
  return `${SIGN[status]} ${law.id.padEnd(34)} ${status.padEnd(12)} ${of.padEnd(12)}${measure}${where}`.trimEnd();
};

/** The shortest text that reads back as the same number, and never fewer digits than it takes to tell two apart. */
const full = (x: number): string => (Object.is(x, -0) ? '-0' : String(x));

/** What was expected and what came, where there are numbers to show. */
const difference = (about: string, w: Mismatch | null, margin: number, dtype: Dtype): readonly string[] => {
  // a statistic without numbers of its own has its surprise
  if (w === null && Number.isFinite(margin) && margin > 0)
    return [`${about}: ${figure(margin)} × the surprise that chance is allowed`];
  if (w?.said === true) return [about, `got ${full(w.got)}`];
  if (w === null || (Number.isNaN(w.got) && Number.isNaN(w.expected))) return [about];
  const place = `${about}${w.index > 0 ? `, element ${w.index}` : ''}`;
  if (Number.isNaN(w.got))
    return [`${place}: expected ${full(w.expected)}`, 'got NaN, which is no number: off by any measure'];
  // 0 and the infinities have no ulps worth counting, and neither has a statistic
  const countable = Number.isFinite(w.error / w.expected) && !Number.isNaN(w.allowed);
  const ulps = countable ? figure(w.error / spacing(w.expected, dtype)) : '';
  const units = countable ? ` = ${ulps} ${ulps === '1' ? 'ulp' : 'ulps'}` : '';
  const of = Number.isNaN(w.allowed)
    ? `, ${figure(margin)} × the surprise that chance is allowed`
    : w.allowed > 0
      ? `, ${figure(w.error / w.allowed)} × the allowed ${figure(w.allowed)}`
      : '';
  return [`${place}: expected ${full(w.expected)}`, `got ${full(w.got)}`, `off by ${figure(w.error)}${units}${of}`];
};

/** Entries that a card names; a law that asks for more is about all of them. */
const NAMED = 6;
const asked = (entries: readonly string[]): string =>
  entries.length <= NAMED
    ? entries.join(', ')
    : `${entries.slice(0, NAMED).join(', ')} and ${entries.length - NAMED} more`;

/** Fractions of small numbers, the simplest first. */
const FRACTIONS: readonly (readonly [number, number])[] = Array.from({ length: 9 }, (_, i) => i + 1)
  .flatMap((n) => Array.from({ length: 9 }, (_2, i) => [n, i + 1] as const))
  .filter(([n, d]) => n + d <= 10)
  .sort(([a, b], [c, d]) => a + b - c - d);

/** A simple factor between what came and what was expected, up to rounding: `−1`, `1/2`; null where there is none. */
const factorOf = (w: Mismatch | null | undefined, dtype: Dtype): string | null => {
  if (w === null || w === undefined || !Number.isFinite(w.got / w.expected) || w.got === 0) return null;
  const ratio = w.got / w.expected;
  const near = (f: number): boolean => Math.abs(Math.abs(ratio) - f) <= 8 * spacing(f, dtype);
  const [n, d] = FRACTIONS.find(([a, b]) => near(a / b)) ?? [0, 0];
  if (n === 0 || (n === d && ratio > 0)) return null;
  return `${ratio < 0 ? '−' : ''}${d === 1 ? n : `${n}/${d}`}`;
};

/** Characters of an input that a person reads; a longer one is whole in the file that replays it. */
const READ = 2000;
const shown = (input: unknown, cut?: Cut, whole = ''): string => {
  const line = toLine(input);
  if (cut !== undefined && line.length > cut.most)
    return `${line.slice(0, cut.most)}… (${line.length - cut.most} more characters; whole ${whole})`;
  return line.length <= READ ? line : `${line.slice(0, READ)}… (${line.length} characters, kept whole for the replay)`;
};

/** How much of an input is shown where others wait below, and the file that has the whole of it. */
export interface Cut {
  readonly most: number;
  readonly file: string;
}

/** Where an input comes from, where it is not as it was drawn. */
const originText = ({ shrinks, stored }: Counterexample): string => {
  const origin = [
    ...(stored ? ['from an earlier run'] : []),
    ...(shrinks > 0 ? [`shrunk ${shrinks} times${stored ? ' more' : ''}`] : []),
  ];
  return origin.length === 0 ? '' : `  (${origin.join(', ')})`;
};

/** A failure in a line: what was expected, and what came; null where there is none. */
export const headline = ({ counterexample: c, margin }: Check, { dtype }: Pick<PortInfo, 'dtype'>): string | null =>
  c === undefined ? null : difference(c.about, c.worst, margin, dtype).slice(0, 2).join(', ');

/** One thing that a card says, in lines. */
export interface CardRow {
  readonly label: string;
  readonly lines: readonly string[];
}

/** What a card says below its head: everything a person needs to see one failure and, where a command can, see it again. */
export const cardRows = (
  law: Law,
  check: Check,
  port: Pick<PortInfo, 'dtype'>,
  replay?: string,
  cut?: Cut,
): readonly CardRow[] => {
  const { counterexample: c, unreached } = check;
  const row = (label: string, ...lines: readonly string[]): CardRow => ({ label, lines });
  const again = replay === undefined ? [] : [row('replay', replay)];
  if (unreached !== undefined)
    return [
      row('law', law.says),
      row('unreached', unreached, 'no input failed; the generator is at fault, not the port'),
      ...again,
    ];
  if (c === undefined) return [];
  const { extent: e } = c;
  const factor = factorOf(c.worst, port.dtype);
  const formula = formulaText(law, check.subject);
  return [
    row('law', law.says),
    ...(c.asks === undefined ? [] : [row('asks for', asked(c.asks))]),
    ...(formula === undefined ? [] : [row('formula', formula)]),
    row('input', `${shown(c.input, cut, `in ${cut?.file}`)}${originText(c)}`),
    row('found', ...difference(c.about, c.worst, check.margin, port.dtype)),
    // one number may be twice another by chance, hardly two
    ...(factor !== null && e !== undefined && factorOf(e.worst, port.dtype) === factor
      ? [row('pattern', `what came is ${factor} times what was expected, here and where it is off most`)]
      : []),
    ...(c.behaves ?? []).map((text) => row('convention', `the port behaves as ${text}`)),
    ...(e === undefined || e.tried < 2
      ? []
      : [
          row(
            'extent',
            `${e.failing} of ${e.tried} inputs fail; the worst ${difference(e.about, e.worst, e.margin, port.dtype).join(', ')}`,
            `at ${shown(e.input, cut, 'with --json')}`,
          ),
        ]),
    ...(check.waiver === undefined
      ? []
      : [row('waived', [check.waiver.why, check.waiver.link].filter((t) => t !== undefined).join(', '))]),
    ...again,
  ];
};

/** A card as text. */
export const card = (law: Law, check: Check, port: Pick<PortInfo, 'dtype'>, replay: string, cut?: Cut): string => {
  const rows = cardRows(law, check, port, replay, cut);
  if (rows.length === 0) return '';
  return [
    `${SIGN[check.status]} ${law.id}${check.subject === 'port' ? '' : ` [${check.subject}]`}  ${check.status}  (${law.ref}, ${law.class})`,
    ...rows.flatMap(({ label, lines }) => lines.map((line, i) => `    ${(i === 0 ? label : '').padEnd(11)}${line}`)),
  ].join('\n');
};

export interface Tally {
  readonly laws: number;
  readonly checks: number;
  readonly runs: number;
  readonly holds: number;
  readonly falsified: number;
  readonly crashed: number;
  readonly notCovered: number;
  readonly undecided: number;
  readonly waived: number;
  readonly statistical: number;
}

/** A verification as `verify --json` prints it and reports keep it. */
export interface Verified {
  readonly engine: string;
  readonly version: string;
  readonly dtype: Dtype;
  readonly seed: number;
  readonly summary: Tally;
  readonly checks: readonly Check[];
}

/** Laws by verdict. */
export const tally = (lines: readonly LawLine[], checks: readonly Check[]): Tally => {
  const count = (...statuses: readonly Status[]): number => lines.filter((l) => statuses.includes(l.status)).length;
  return {
    laws: lines.length,
    checks: checks.filter((c) => c.status !== 'not covered').length,
    runs: checks.reduce((n, c) => n + c.runs, 0),
    holds: count('holds', 'upheld'),
    falsified: count('falsified'),
    crashed: count('crashed'),
    notCovered: count('not covered'),
    undecided: count('undecided'),
    waived: count('waived'),
    statistical: checks.filter((c) => c.runs > 0 && lines.find((l) => l.law.id === c.law)?.law.class === 'statistical')
      .length,
  };
};

export const tallyText = (t: Tally, alpha: number): string =>
  [
    `${t.laws} laws, ${t.checks} checks, ${t.runs} runs: ${t.holds} hold, ${t.falsified} falsified, ${t.crashed} crashed, ${t.notCovered} not covered${t.undecided > 0 ? `, ${t.undecided} undecided` : ''}${t.waived > 0 ? `, ${t.waived} waived` : ''}`,
    `chance of a false alarm with a fresh seed: at most ${figure(t.statistical * alpha)} (${t.statistical} statistical checks)`,
  ].join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The report of one port; contains no date and no duration, so that equal runs give equal bytes. */
export const markdown = (
  port: PortInfo,
  laws: readonly Law[],
  checks: readonly Check[],
  seed: number,
  alpha: number,
  replay: (c: Check) => string,
): string => {
  const lines = lawLines(laws, checks);
  const failures = checks.filter((c) => c.counterexample !== undefined || c.status === 'undecided');
  const lawOf = (c: Check): Law | undefined => laws.find((l) => l.id === c.law);
  return [
    `# The laws, asked of ${port.engine} ${port.version} (${port.dtype})`,
    '',
    `Seed ${seed}. ${tallyText(tally(lines, checks), alpha).replace('\n', '; ')}.`,
    '',
    'A margin is the largest observed error divided by the allowed one, over all runs: 0 is exact, 1 is at the bound.',
    '',
    '| law | verdict | subjects | runs | margin | statement |',
    '|---|---|--:|--:|--:|---|',
    ...lines.map(
      (l) =>
        `| \`${l.law.id}\` | ${l.status}${l.failed.length > 0 && l.failed[0] !== 'port' ? `: ${l.failed.join(', ')}` : ''} | ${l.subjects} | ${l.runs} | ${l.status === 'not covered' ? '' : figure(l.margin)} | ${cell(l.law.says)} |`,
    ),
    '',
    ...(failures.length === 0
      ? []
      : [
          '## Counterexamples',
          '',
          ...failures.flatMap((c) => {
            const law = lawOf(c);
            return law === undefined ? [] : ['```text', card(law, c, port, replay(c)), '```', ''];
          }),
        ]),
  ].join('\n');
};
