// What a sweep answers, in plain sentences: which optimizer and initializer, by how much, how sure.
import { figure } from '../markdown.ts';
import type { Estimate } from '../statistics/bootstrap.ts';
import { ALPHA, pairsNeeded, smallestP } from '../statistics/evidence.ts';
import type { AxisReport, Duel, Group, Standing } from './ranking.ts';
import type { SweepSummary } from './summary.ts';

/** More are told in the tables. */
const NAMED = 3;

export const share = (v: number): string => `${Math.round(100 * v)} %`;
/** An estimate with its interval. */
export const within = ({ estimate, low, high }: Estimate, of: (v: number) => string = figure): string =>
  Number.isNaN(estimate) || (low === Number.NEGATIVE_INFINITY && high === Number.POSITIVE_INFINITY)
    ? 'no figure, as failures stand against failures'
    : low === high
      ? of(estimate)
      : `${of(estimate)} (${of(low)} to ${of(high)})`;

const listed = (texts: readonly string[], more = NAMED): string =>
  texts.length <= more ? texts.join('; ') : `${texts.slice(0, more).join('; ')}; and ${texts.length - more} more`;

const pairOf = ({ optimizer, initializer }: Standing, kind: Group['kind']): string =>
  kind === 'function' ? optimizer : `${optimizer} from ${initializer}`;

/** A ratio of gaps as a factor that says who is lower. */
export const factor = (ratio: Estimate | null): string =>
  ratio === null ? 'no figure' : within(ratio, (v) => `×${figure(v)}`);

const bold = (text: string): string => `**${text}**`;

const problemsOf = ({ tasks }: Group): string => (tasks.length <= 3 ? tasks.join(', ') : `${tasks.length} problems`);

const failures = ({ failed, runs }: Standing): string =>
  runs === 1 ? 'its one run did not fail' : `${failed === 0 ? 'none' : failed} of its ${runs} runs failed`; // a best one that failed is told before

const bestOf = (group: Group, fixed: boolean): readonly string[] => {
  const { standings, kind } = group;
  const ranked = standings.filter(({ state }) => state === 'ranked');
  const others = standings.filter(({ state }) => state !== 'ranked');
  const aside = (state: Standing['state'], why: string): readonly string[] => {
    const some = others.filter((s) => s.state === state);
    if (some.length === 0) return [];
    return [`Not ranked, as ${why}: ${listed(some.map((s) => `${pairOf(s, kind)} (${listed(s.where, 3)})`))}.`];
  };
  const notRanked = [
    ...aside('invalid', 'the best rate lies on the edge of what was tried'),
    ...aside('undecided', 'runs are missing'),
  ];
  const [best] = ranked;
  if (best === undefined) return [`On ${problemsOf(group)} there is nothing to rank.`, ...notRanked];
  if (best.failed === best.runs)
    return [`On ${problemsOf(group)} every run of every ranked pair failed: there is no best.`, ...notRanked];
  const what = kind === 'function' ? 'optimizers' : 'pairs of optimizer and initializer';
  const score = best.score === null ? '' : `a score of ${within(best.score)}, and `;
  const lead =
    ranked.length === 1
      ? `On ${problemsOf(group)} only ${bold(pairOf(best, kind))} can be ranked: ${score}${failures(best)}.`
      : `On ${problemsOf(group)}, of ${ranked.length} ranked ${what} ${bold(pairOf(best, kind))} ends lowest: ${score}${failures(best)}.`;
  const rivals = ranked.slice(1).flatMap((s) => (s.against === null ? [] : [{ s, against: s.against }]));
  const lost = rivals.filter(({ against }) => against.verdict === 'a lower');
  const close = rivals.filter(({ against }) => against.verdict !== 'a lower');
  const text = ({ s, against }: (typeof rivals)[number]): string =>
    fixed
      ? `${pairOf(s, kind)}, whose gap is ${factor(against.ratio)}`
      : `${pairOf(s, kind)}, which ends higher in ${against.probability === null ? '?' : within(against.probability, share)} of the runs, its gap ${factor(against.ratio)}`;
  return [
    lead,
    ...(lost.length === 0
      ? []
      : [
          `It is ${fixed ? 'lower' : 'surely lower'} than ${lost.length} of the ${rivals.length} others: ${listed(lost.map(text))}.`,
        ]),
    ...(close.length === 0
      ? []
      : [
          `Not distinguishable from it ${close.length === 1 ? 'is' : 'are'} ${close.length} of the ${rivals.length}: ${listed(close.map(text))}.`,
        ]),
    ...notRanked,
    ...(kind === 'function'
      ? ['A function of a few weights shows how an optimizer moves; choose none for a network by it.']
      : []),
  ];
};

const sayDuel = ({ a, b, verdict, probability, ratio }: Duel): string => {
  const lower = verdict === 'a lower';
  const [winner, loser] = lower ? [a, b] : [b, a];
  const turned = (e: Estimate | null, of: (v: number) => number): Estimate =>
    e === null || lower
      ? (e ?? { estimate: Number.NaN, low: Number.NaN, high: Number.NaN })
      : { estimate: of(e.estimate), low: of(e.high), high: of(e.low) };
  return (
    `${bold(winner)} ends lower than ${loser} in ${within(
      turned(probability, (v) => 1 - v),
      share,
    )} of the runs, ` + `whose gap is ${factor(turned(ratio, (v) => 1 / v))}`
  );
};

/** Who wins against how many, from the most wins over losses down. */
const tallies = (names: readonly string[], duels: readonly Duel[]): readonly string[] => {
  const counts = names.map((name) => {
    const wins = duels.filter(
      (d) => (d.verdict === 'a lower' && d.a === name) || (d.verdict === 'b lower' && d.b === name),
    );
    const losses = duels.filter(
      (d) => (d.verdict === 'b lower' && d.a === name) || (d.verdict === 'a lower' && d.b === name),
    );
    return { name, wins: wins.length, losses: losses.length };
  });
  return counts
    .toSorted((x, y) => y.wins - y.losses - (x.wins - x.losses))
    .map(
      ({ name, wins, losses }) => `${bold(name)} lower than ${wins} and higher than ${losses === 0 ? 'none' : losses}`,
    );
};

const axisText = ({ axis, names, duels }: AxisReport, fixed: boolean): readonly string[] => {
  const of = (...some: readonly Duel['verdict'][]): readonly Duel[] =>
    duels.filter(({ verdict }) => some.includes(verdict));
  const won = of('a lower', 'b lower');
  const close = of('not distinguishable', 'same', 'equivalent');
  const lost = of('invalid', 'undecided');
  const pairs = (some: readonly Duel[]): string =>
    some.length > NAMED
      ? `${some.length} of the ${duels.length} pairs`
      : listed(some.map(({ a, b }) => `${a} and ${b}`));
  const [title, other] = axis === 'optimizer' ? ['Optimizers', 'initializers'] : ['Initializers', 'optimizers'];
  const over = `${title}, over all ${fixed ? 'problems' : other} together`;
  const text =
    won.length === 0
      ? `${over}: no winner; not distinguishable ${close.length === 1 ? 'is' : 'are'} ${pairs(close)}.`
      : won.length <= NAMED
        ? `${over}: ${listed(won.map(sayDuel))}.${close.length === 0 ? '' : ` Not distinguishable: ${pairs(close)}.`}`
        : `${over}, of ${names.length}: ${listed(tallies(names, duels))}.${close.length === 0 ? '' : ` Not distinguishable: ${pairs(close)}.`}`;
  return [
    ...(won.length + close.length === 0 ? [] : [text]),
    ...(lost.length === 0 ? [] : [`Not compared, as no valid pair is there: ${pairs(lost)}.`]),
  ];
};

/** How sure so many seeds can make anyone. */
const sureness = ({ protocol, comparisons, tasks }: SweepSummary): string => {
  if (tasks.every(({ fixed }) => fixed))
    return 'Nothing is drawn in these problems: one run is the truth, and nothing is said of other problems.';
  const n = protocol.seeds.length;
  const texts = (['optimizer', 'initializer'] as const).flatMap((axis): readonly string[] => {
    const m = comparisons.filter(
      (c) => c.axis === axis && !c.certain && c.verdict !== 'invalid' && c.verdict !== 'undecided',
    ).length;
    const need = pairsNeeded(m);
    const what = `the ${m} comparison${m === 1 ? '' : 's'} of ${axis}s`;
    if (m === 0) return [];
    return [
      n >= need
        ? `enough for ${what}`
        : `too much for ${what}, which take ${need} seeds: none can be a win, however large`,
    ];
  });
  return (
    `How sure: of ${n} paired seeds the smallest p is ${figure(smallestP(n))}` +
    (texts.length === 0 ? '.' : `; within the problems, after Holm's correction, ${texts.join('; ')}.`)
  );
};

/** The answer in sentences, the first one first; with Markdown's bold. */
export const sweepAnswer = (summary: SweepSummary): readonly string[] => {
  const { runs, groups, protocol, tasks } = summary;
  const budget = protocol.mode === 'budget' ? Math.max(...protocol.budgets) : null;
  const shown = groups.filter((group) => group.budget === budget);
  const fixedOf = (group: Group): boolean =>
    tasks.filter(({ name }) => group.tasks.includes(name)).every(({ fixed }) => fixed);
  const lesser = groups.flatMap((group): readonly string[] => {
    if (group.budget === budget || group.kind !== shown[0]?.kind) return [];
    const [best] = group.standings;
    return best === undefined || best.state !== 'ranked' ? [] : [`${group.budget}: ${pairOf(best, group.kind)}`];
  });
  return [
    ...(runs.missing === 0
      ? []
      : [
          `${bold('Incomplete')}: ${runs.missing} runs are missing, and perhaps more once those are known; what they touch is undecided.`,
        ]),
    ...shown.flatMap((group) => [
      ...bestOf(group, fixedOf(group)),
      ...group.axes
        .filter(({ names }) => names.length > 1 && !(group.axes.length === 1 && group.tasks.length === 1))
        .flatMap((axis) => axisText(axis, fixedOf(group))),
    ]),
    ...(budget === null
      ? []
      : [
          `This is with ${budget} configurations tried for each.${lesser.length === 0 ? '' : ` With fewer the lowest is, ${lesser.join('; ')}.`}`,
        ]),
    sureness(summary),
    runs.failed === 0
      ? `None of the ${runs.known} runs reported failed.`
      : `${runs.failed} of the ${runs.known} runs reported failed; they count as infinitely bad and are left out of nothing.`,
    `Intervals are of ${share(1 - ALPHA)}; nothing here says which is better on other problems.`,
  ];
};

/** The answer and the verdicts as plain lines for a terminal. */
export const sweepLines = (summary: SweepSummary): readonly string[] =>
  sweepAnswer(summary).map((line) => line.replaceAll('**', ''));
