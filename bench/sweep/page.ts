// The sweep as a page to read: the answer first, then how to read it, the protocol, all problems together, and each in turn.
import { figure, page, table } from '../markdown.ts';
import { ALPHA, CLEAR, MARGIN } from '../statistics/evidence.ts';
import { MOST_RATIO } from '../statistics/profile.ts';
import { factor, share, sweepAnswer, within } from './answer.ts';
import type { AxisReport, Group, Standing } from './ranking.ts';
import { EVALUATIONS } from './run.ts';
import { problemSection } from './sections.ts';
import type { SweepSummary } from './summary.ts';
import { factorOf, MOST_EXTRA, RUNGS } from './tuning.ts';
import type { SweepReport } from './written.ts';

/** Text that unfolds. */
export const folded = (title: string, ...blocks: readonly string[]): string =>
  `<details><summary>${title}</summary>\n\n${page(...blocks)}\n</details>`;

const HOW = [
  `A *gap* is how far the final training loss lies above the least that is known to be possible, or the loss itself where nobody knows that; gaps below 1e-12 count as that. The final loss is the median of the last twentieth of the evaluations.`,
  `A *failure* is a loss that is not finite or above 1000·(1 + |first loss|), or a run that the engine refused. It counts as ∞ and with every test sample wrong; it is never left out.`,
  `A *score* counts orders of magnitude of the gap on references that do not depend on who takes part: 0 is a network of zeros (a function: its start), 1 the target, −∞ a failure. Over problems and seeds it is the interquartile mean with a bootstrap interval (seeds redrawn inside problems, BCa).`,
  `*Ends lower in so many of the runs*: of two with the same problem and seed; ties count half. Its interval holds for every number of seeds (Hoeffding). A *win* needs three things: that interval beyond 50 %, a share of at least ${share(CLEAR)}, and a corrected p of at most ${ALPHA} (exact signed-rank test, zeros after Pratt). Anything else is *not distinguishable*, unless it is shown to differ by less than ${share(MARGIN)}: *equivalent* (two one-sided tests).`,
  `*Invalid*: the best learning rate lies on the edge of all that were tried, so a better one may exist. *Undecided*: runs are missing. Neither is ranked, and both are told.`,
  `*×2* after a name: its gap is twice that of the other, the geometric mean over the problems of the middle seed.`,
];

const protocolText = ({ protocol, optimizers, tasks }: SweepSummary): string => {
  const { seeds, tuningSeeds, mode, budgets, initializers } = protocol;
  const range = (of: readonly number[]): string => (of.length > 6 ? `${of[0]} … ${of.at(-1)}` : of.join(', '));
  const chosen = {
    defaults: 'Every optimizer is taken as it is: nothing is tuned.',
    rate:
      `The learning rate is chosen for every cell on ${tuningSeeds.length} other seeds (${range(tuningSeeds)}) by the mean final training loss, from the ` +
      `same grid around each optimizer's own default: × ${RUNGS.map((rung) => figure(factorOf(rung))).join(', ')}, extended by up to ${MOST_EXTRA} rates on either side while the ` +
      'best lies on its edge; a rate with one failure is out.',
    budget:
      `For every cell the best of ${budgets.join(', ')} configurations is chosen on ${tuningSeeds.length} other seeds (${range(tuningSeeds)}) by the mean final training loss; they are ` +
      'drawn from a declared space around the defaults by a quasi-random sequence, the default first, the same for everyone.',
  }[mode];
  return page(
    `${optimizers.join(', ')} × ${initializers.join(', ')} on ${tasks.map(({ name }) => name).join(', ')}; ${seeds.length} seeds (${range(seeds)}). Mode \`${mode}\`. ${chosen}`,
    `Paired: the data, the order of the batches, and the uniforms behind the initial weights and dropout depend on problem and seed only, so that two runs of one seed ` +
      `differ in what is compared and in nothing else. No seed is both tuned and reported on. A run is evaluated ${EVALUATIONS} times, evenly over its steps. ` +
      "p-values within the problems are corrected by Holm's method over all comparisons of their kind, those over all problems by the number of all pairs. Problems in which nothing is drawn are compared by their value.",
  ).trimEnd();
};

const standingRow =
  (kind: Group['kind']) =>
  (s: Standing, i: number): readonly string[] => [
    s.state === 'ranked' ? String(i + 1) : s.state,
    s.optimizer,
    ...(kind === 'function' ? [] : [s.initializer]),
    s.score === null ? '' : within(s.score),
    `${s.failed}/${s.runs}`,
    s.meanRank === null ? '' : figure(s.meanRank),
    s.profileScore === null ? '' : figure(s.profileScore),
    s.against?.probability == null ? '' : within(s.against.probability, share),
    s.against === null ? '' : factor(s.against.ratio),
    s.against === null
      ? s.where.length > 0
        ? `${s.state}: ${s.where.join(', ')}`
        : ''
      : s.against.verdict === 'a lower'
        ? 'higher than the first'
        : s.against.verdict,
  ];

/** Rows of the first table that is not folded. */
const TOP = 12;

const standings = ({ standings: all, kind }: Group): string => {
  const head = [
    'place',
    'optimizer',
    ...(kind === 'function' ? [] : ['initializer']),
    'score',
    'failed',
    'mean rank',
    'profile',
    'ends above the first',
    'gap',
    'verdict',
  ];
  const rows = all.map(standingRow(kind));
  const rest = rows.slice(TOP);
  return page(
    table(head, rows.slice(0, TOP)),
    rest.length === 0 ? '' : folded(`${rest.length} more`, table(head, rest)),
  ).trimEnd();
};

const axisTable = ({ axis, profiles, reference, instances, allInstances, swaps, reached }: AxisReport): string =>
  profiles.length === 0
    ? `Of ${allInstances} instances none is valid for every ${axis}: no profiles.`
    : page(
        table(
          [axis, 'profile score', `against ${reference}`, 'mean rank', 'reached the target'],
          profiles.map(({ name, score, fixedScore, meanRank }) => {
            const own = reached.find((r) => r.name === name);
            return [
              name,
              figure(score),
              figure(fixedScore),
              figure(meanRank),
              `${share(own?.points.at(-1)?.share ?? 0)} of ${own?.runs ?? 0}`,
            ];
          }),
        ),
        `Over ${instances} of ${allInstances} instances, those that are valid for all. ` +
          (swaps.length === 0
            ? `No two change their order by score when a third is left out.`
            : `The order by score depends on who takes part: ${swaps
                .slice(0, 8)
                .map(({ without, ahead, behind }) => `without ${without}, ${ahead} is ahead of ${behind}`)
                .join('; ')}${swaps.length > 8 ? `; and ${swaps.length - 8} more` : ''}.`),
      ).trimEnd();

const groupTitle = ({ kind, budget }: Group): string =>
  `${kind === 'network' ? 'Networks' : 'Functions'}${budget === null ? '' : `, best of ${budget}`}`;

const groupSection = (summary: SweepSummary, group: Group, charts: ReadonlySet<string>): string => {
  const image = (name: string, alt: string): string => (charts.has(name) ? `![${alt}](${name}.svg)` : '');
  const budgets = summary.groups.filter(({ kind }) => kind === group.kind);
  const last = budgets.at(-1) === group;
  const text = page(
    standings(group),
    ...(last
      ? [
          image(`wins-${group.kind}`, 'who ends lower than whom'),
          image(`profiles-${group.kind}`, 'performance profiles'),
        ]
      : []),
    ...group.axes.map(axisTable),
    last ? image(`reached-${group.kind}`, 'targets reached') : '',
  );
  return last ? page(`### ${groupTitle(group)}`, text).trimEnd() : folded(groupTitle(group), text);
};

/** The page of a report; `charts` are the names of those that lie beside it. */
export const sweepPage = (report: SweepReport, charts: readonly string[]): string => {
  const { summary, checks, known } = report;
  const there = new Set(charts);
  return page(
    '# Sweep: optimizers × initializers',
    '## The answer',
    sweepAnswer(summary)
      .map((line) => `- ${line}`)
      .join('\n'),
    there.has('heat') ? '![where training ends](heat.svg)' : '',
    '## How to read it',
    HOW.map((line) => `- ${line}`).join('\n'),
    '## Protocol',
    protocolText(summary),
    ...(checks.length === 0
      ? []
      : [
          '## The instrument',
          checks.map(({ holds, text }) => `- ${holds ? 'holds' : '**broken**'}: ${text}`).join('\n'),
        ]),
    ...(known.length === 0
      ? []
      : [
          '## Known results',
          table(
            ['claim', 'verdict', 'what was seen', 'source'],
            known.map((k) => [k.claim, k.verdict, k.text, k.source]),
          ),
        ]),
    '## All problems together',
    `A profile score is the mean height of the performance profile up to a factor of ${MOST_RATIO} of the least expected gradients to the target; 1 is always cheapest, 0 never within the factor. A mean rank, and a profile against the best, depend on who takes part; the score, and a profile against one that is fixed, do not.`,
    ...summary.groups.map((group) => groupSection(summary, group, there)),
    there.has('cost') ? '![cost against quality](cost.svg)' : '',
    '## Problems',
    ...summary.tasks.map((task) => problemSection(summary, task, there)),
  );
};
