// The sweep as a page to read: how to read it, the protocol, and what each problem shows.

import { figure, page, table } from '../markdown.ts';
import type { Summary } from '../statistics.ts';
import type { Cell, Comparison } from './cell.ts';
import type { SweepProblem, SweepReport } from './sweep.ts';

const interval = ({ median, q1, q3 }: Summary): string => `${figure(median)} [${figure(q1)}, ${figure(q3)}]`;

const TUNING_NOTE: Readonly<Record<Cell['tuning']['status'], string>> = {
  ok: '',
  edge: ' **edge**',
  tie: ' (all tie)',
  failed: ' (all diverge)',
};

const cellRow = (cell: Cell): readonly string[] => {
  const n = cell.runs.length;
  return [
    cell.initializer,
    cell.optimizer,
    `${cell.lr}${TUNING_NOTE[cell.tuning.status]}`,
    interval(cell.finalLoss),
    interval(cell.score),
    cell.reached === 0 ? 'never' : `${interval(cell.stepsToTarget)}`,
    `${cell.reached}/${n}`,
    `${cell.diverged}/${n}`,
    figure(cell.unitSpread),
  ];
};

const verdictText = ({ a, b, aLower, bLower, ties, p, pHolm, verdict }: Comparison): string => {
  const tally = `${a} lower on ${aLower}, ${b} on ${bLower}, equal on ${ties}; p = ${figure(p)}, corrected ${figure(pHolm)}`;
  if (verdict === 'same') return `${a} and ${b} end at the same loss on every seed.`;
  if (verdict === 'invalid') return `not comparable, a learning rate lies on the edge of its grid (${tally}).`;
  if (verdict === 'not distinguishable') return `${a} and ${b} are not distinguishable (${tally}).`;
  const [lower, higher] = verdict === 'a lower' ? [a, b] : [b, a];
  return `**${lower}** ends lower than ${higher} (${tally}).`;
};

/** Sentences that follow from the figures of a cell alone. */
const remarks = (cells: readonly Cell[]): string => {
  const named = (some: readonly Cell[]) => some.map((c) => `${c.initializer} with ${c.optimizer}`).join(', ');
  const say = (test: (cell: Cell) => boolean, text: string): readonly string[] => {
    const some = cells.filter(test);
    return some.length > 0 ? [`- ${named(some)}: ${text}`] : [];
  };
  return [
    ...say(
      (c) => c.unitSpread === 0,
      'the hidden units are identical at the end of every run, to the last bit; nothing broke their symmetry.',
    ),
    ...say((c) => c.tuning.status === 'tie', 'every learning rate gives the same loss, so the default stands.'),
    ...say((c) => c.tuning.status === 'edge', 'the best rate lies on the edge of the extended grid; not to be ranked.'),
    ...say((c) => c.tuning.status === 'failed', 'every learning rate diverges on some tuning seed.'),
    ...say((c) => c.reached > 0 && c.reached < c.runs.length, 'the target is reached on some seeds only.'),
  ].join('\n');
};

const tuningTable = (cells: readonly Cell[]): string =>
  table(
    ['initializer', 'optimizer', 'learning rate: mean final loss over the tuning seeds'],
    cells.map((c) => [
      c.initializer,
      c.optimizer,
      c.tuning.tried
        .map(({ lr, loss }) => (lr === c.lr ? `**${lr}: ${figure(loss)}**` : `${lr}: ${figure(loss)}`))
        .join(' · '),
    ]),
  );

const problemSection = (task: SweepProblem, { cells, comparisons }: SweepReport): string => {
  const own = cells.filter((cell) => cell.problem === task.name);
  const batch = task.batch === 'full' ? 'all samples in every step' : `${task.batch} samples a step`;
  return page(
    `## ${task.name}`,
    `${task.doc[0]?.toUpperCase()}${task.doc.slice(1)}; ${batch}, ${task.steps} steps, evaluated every ${task.evaluateEvery}; ` +
      `target loss ${task.target} nats. Source: ${task.source}.`,
    table(
      [
        'initializer',
        'optimizer',
        'learning rate',
        'final training loss (nats)',
        `${task.score}, ${task.better} is better`,
        'steps to target',
        'reached',
        'diverged',
        'largest difference of hidden units',
      ],
      own.map(cellRow),
    ),
    remarks(own),
    comparisons
      .filter((c) => c.problem === task.name)
      .map((c) => `- ${c.initializer}: ${verdictText(c)}`)
      .join('\n'),
    `![learning curves](curves-${task.name}.svg)`,
    `<details><summary>What the tuning saw</summary>\n\n${tuningTable(own)}\n\n</details>`,
  ).trimEnd();
};

/** The sweep: how to read it, then one section per problem. */
export const renderSweep = (report: SweepReport): string => {
  const { seeds, tuningSeeds, optimizers, initializers, rateFactors, extraRates, alpha, problems } = report.protocol;
  return page(
    '# Sweep: optimizers × initializers',
    `${optimizers.join(', ')} × ${initializers.join(', ')} on ${problems.map((p) => p.name).join(', ')}, ${seeds.length} seeds each.`,
    `**How to read it.** A figure is the median over the seeds with the quartiles in brackets. A diverged run (a loss that is not ` +
      `finite, or above 1000·(1 + |first loss|)) counts as ∞ and with every test sample wrong; it is never left out. Steps to ` +
      `target are those of the first evaluation at or below the target, ∞ for a run that has not reached it. The last column is ` +
      `the largest difference, over all seeds, between the weights of two hidden units from the same input: 0 means that they ` +
      `never came apart.`,
    `**Protocol.** Paired: the split of the data, the order of the batches and the uniforms behind the initial weights depend on ` +
      `problem and seed only, so that two runs of one seed differ in optimizer, initializer and learning rate and in nothing else. The learning ` +
      `rate is chosen for every cell on ${tuningSeeds.length} other seeds (${tuningSeeds.join(', ')}) by the mean final training ` +
      `loss, from the same grid around each optimizer's own default: × ${rateFactors.map(figure).join(', ')}, extended by up to ` +
      `${extraRates} rates on either side while the best lies on its edge. Optimizers are compared by an exact signed-rank test over ` +
      `the paired seeds (Wilcoxon; zeros after Pratt), corrected by Holm's method over all comparisons; above ${alpha} they are ` +
      `not distinguishable. Rates, budget and networks are those of this sweep: nothing here says which optimizer is better elsewhere.`,
    '![final training loss](final-loss.svg)',
    ...problems.map((task) => problemSection(task, report)),
  );
};

/** The comparisons as plain lines, for a summary on a terminal. */
export const sweepLines = ({ comparisons }: SweepReport): readonly string[] =>
  comparisons.map((c) => `${c.problem}, ${c.initializer}: ${verdictText(c).replaceAll('**', '')}`);
