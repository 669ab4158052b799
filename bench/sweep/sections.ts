// What the page says of one problem: what it is, its cells, its comparisons, and what the tuning saw.
import { figure, page, table } from '../markdown.ts';
import { bestQuantile, expectedBest } from '../statistics/effort.ts';
import { MARGIN } from '../statistics/evidence.ts';
import type { Summary } from '../statistics.ts';
import { share, within } from './answer.ts';
import type { Cell, Metrics } from './cell.ts';
import { budgetOf, lowestOptimizer, slug, viewOf } from './charts/look.ts';
import type { Comparison } from './compare.ts';
import type { SweepSummary } from './summary.ts';
import type { Task } from './task.ts';

const interval = ({ n, median, q1, q3 }: Summary): string =>
  n === 1 ? figure(median) : `${figure(median)} [${figure(q1)}, ${figure(q3)}]`;

const TUNING_NOTE = {
  ok: '',
  edge: ' **edge**',
  tie: ' (all tie)',
  failed: ' (all fail)',
} as const;

const rateText = (cell: Cell): string => {
  if (cell.lr === null) return '';
  const more = Object.entries(cell.hyper).map(([name, value]) => `${name} ${figure(value)}`);
  return [`${cell.lr}${TUNING_NOTE[cell.tuning?.status ?? 'ok']}`, ...more].join(', ');
};

const reasonText = ({ reasons, failureRate, failed }: Metrics, n: number): string => {
  if (failed === 0) return `0/${n}`;
  const why = Object.entries(reasons).map(([reason, count]) => `${count} ${reason}`);
  return `${failed}/${n}: ${why.join(', ')} (${share(failureRate.low)} to ${share(failureRate.high)})`;
};

const cellRow =
  (task: Task, several: boolean) =>
  (cell: Cell): readonly string[] => {
    const { metrics: m } = cell;
    const place = [cell.initializer, cell.optimizer, ...(several ? [String(cell.budget)] : []), rateText(cell)];
    if (m === null)
      return [
        ...place,
        'undecided',
        `${cell.runs.length} runs are known`,
        ...Array<string>(task.score === null ? 3 : 5).fill(''),
      ];
    return [
      ...place,
      interval(m.finalLoss),
      ...(task.score === null ? [] : [interval(m.score), figure(m.generalisation)]),
      m.reached === 0 ? 'never' : interval(m.stepsToTarget),
      m.reached === 0 ? '∞' : figure(m.expectedSteps),
      `${m.reached}/${cell.runs.length}`,
      reasonText(m, cell.runs.length),
    ];
  };

const cellTable = (task: Task, cells: readonly Cell[]): string => {
  const several = new Set(cells.map(({ budget }) => budget)).size > 1;
  return table(
    [
      'initializer',
      'optimizer',
      ...(several ? ['best of'] : []),
      'learning rate',
      `final training loss (${task.unit})`,
      ...(task.score === null
        ? []
        : [`${task.score.name}, ${task.score.better} is better`, 'test loss above training loss']),
      'steps to target',
      'expected steps',
      'reached',
      'failed',
    ],
    cells.map(cellRow(task, several)),
  );
};

/** Figures for those who want all of them. */
const moreTable = (cells: readonly Cell[]): string =>
  table(
    [
      'initializer',
      'optimizer',
      'best loss',
      'test loss',
      'mean log₁₀ gap',
      'penalised steps',
      'gradients a step',
      'numbers kept per parameter',
      'largest difference of hidden units',
    ],
    cells.flatMap(({ initializer, optimizer, metrics: m }) =>
      m === null
        ? []
        : [
            [
              initializer,
              optimizer,
              interval(m.bestLoss),
              interval(m.testLoss),
              figure(m.meanLogGap),
              figure(m.penalisedSteps),
              String(m.gradientsPerStep),
              figure(m.slotsPerParameter),
              m.unitSpread === null ? '' : figure(m.unitSpread),
            ],
          ],
    ),
  );

const sensitivityTable = (cells: readonly Cell[]): string =>
  table(
    [
      'initializer',
      'optimizer',
      'sensitivity',
      'basin',
      'decades',
      'default worse by',
      'learning rate: mean final loss over the tuning seeds',
    ],
    cells.flatMap(({ initializer, optimizer, lr, tuning, metrics: m }) =>
      tuning === null
        ? []
        : [
            [
              initializer,
              optimizer,
              m?.sensitivity == null ? '' : figure(m.sensitivity),
              m?.basin == null ? 'none' : `${m.basin.low} to ${m.basin.high}${m.basin.open ? ' or beyond' : ''}`,
              m?.basin == null ? '' : `${m.basin.open ? '≥ ' : ''}${figure(m.basin.decades)}`,
              m?.defaultRegret == null ? '' : figure(m.defaultRegret),
              tuning.tried
                .map(({ lr: rate, loss }) =>
                  rate === lr ? `**${rate}: ${figure(loss)}**` : `${rate}: ${figure(loss)}`,
                )
                .join(' · '),
            ],
          ],
    ),
  );

const triesTable = (cells: readonly Cell[], budgets: readonly number[]): string =>
  table(
    [
      'initializer',
      'optimizer',
      'failed on a tuning seed',
      ...budgets.map((k) => `best of ${k}: median, mean`),
      'best configuration',
    ],
    cells.map(({ initializer, optimizer, draws, hyper, lr }) => {
      const losses = draws.map(({ loss }) => loss);
      return [
        initializer,
        optimizer,
        `${losses.filter((loss) => loss === Number.POSITIVE_INFINITY).length}/${losses.length}`,
        ...budgets.map((k) => `${figure(bestQuantile(losses, k))}, ${figure(expectedBest(losses, k))}`),
        [`lr ${lr}`, ...Object.entries(hyper).map(([name, value]) => `${name} ${value}`)].join(', '),
      ];
    }),
  );

const blank = (v: number | null | undefined): string => (v == null ? '' : figure(v));

/** What the layers show at the first and the last look, under one optimizer. */
const layerTable = (cells: readonly Cell[]): string =>
  table(
    [
      'initializer',
      'layer',
      'slope, first',
      'slope, last',
      'deviation, first',
      'deviation, last',
      'saturated, last',
      'dead, last',
    ],
    cells.flatMap(({ initializer, traces }) => {
      const [first, last] = [traces[0], traces.at(-1)];
      return (first?.layers ?? []).map((layer, i) => {
        const end = last?.layers[i];
        return [
          initializer,
          layer.layer,
          blank(layer.gradient),
          blank(end?.gradient),
          blank(layer.deviation),
          blank(end?.deviation),
          blank(end?.saturated),
          blank(end?.dead),
        ];
      });
    }),
  );

/** Two cells of a problem in a sentence. */
export const comparisonText = ({ a, b, verdict, certain, paired }: Comparison): string => {
  if (paired === null) return `${a} and ${b}: undecided, runs are missing.`;
  const { aLower, bLower, ties, p, pHolm, probability, ratio, pEquivalent } = paired;
  const [low, high] = verdict === 'b lower' ? [b, a] : [a, b];
  if (certain)
    return verdict === 'same'
      ? `${a} and ${b} end at the same value, or fail together.`
      : verdict === 'invalid'
        ? `${a} and ${b} are not comparable, as a rate lies on the edge of its grid.`
        : `**${low}** ends lower than ${high}.`;
  const tally =
    `${a} lower on ${aLower}, ${b} on ${bLower}, equal on ${ties}; p = ${figure(p)}, corrected ${figure(pHolm)}; ` +
    `${a} lower in ${within(probability, share)}; ${b} ÷ ${a} ${within(ratio)}`;
  switch (verdict) {
    case 'same':
      return `${a} and ${b} end at the same loss on every seed, or fail together.`;
    case 'invalid':
      return `${a} and ${b} are not comparable, as a rate lies on the edge of its grid (${tally}).`;
    case 'equivalent':
      return `${a} and ${b} differ by less than ${share(MARGIN)} (p = ${figure(pEquivalent)}; ${tally}).`;
    case 'a lower':
    case 'b lower':
      return `**${low}** ends lower than ${high} (${tally}).`;
    default:
      return `${a} and ${b} are not distinguishable (${tally}).`;
  }
};

/** With more, a problem shows who wins how often in place of every comparison. */
const MOST_COMPARISONS = 40;

/** Every comparison in a sentence, or counts of verdicts where there are many. */
const comparisonsText = (comparisons: readonly Comparison[], axis: Comparison['axis']): string => {
  const own = comparisons.filter((c) => c.axis === axis);
  if (own.length <= MOST_COMPARISONS)
    return own
      .map((c) => `- ${c.at}${c.budget === null ? '' : `, best of ${c.budget}`}: ${comparisonText(c)}`)
      .join('\n');
  const pairs = [...new Map(own.map((c) => [JSON.stringify([c.a, c.b]), c])).values()];
  const rows = pairs.map(({ a, b }) => {
    const some = own.filter((c) => c.a === a && c.b === b);
    const of = (...verdicts: readonly Comparison['verdict'][]): string => {
      const n = some.filter(({ verdict }) => verdicts.includes(verdict)).length;
      return n === 0 ? '' : String(n);
    };
    return [
      `${a}, ${b}`,
      of('a lower'),
      of('b lower'),
      of('equivalent', 'same'),
      of('not distinguishable'),
      of('invalid'),
      of('undecided'),
    ];
  });
  return page(
    `Of ${own.length} comparisons, each with its p and intervals in sweep.json, so many end so:`,
    table(
      ['pair', 'first lower', 'second lower', 'equivalent or the same', 'not distinguishable', 'invalid', 'undecided'],
      rows,
    ),
  ).trimEnd();
};

/** Sentences that follow from the figures of a cell alone. */
const remarks = (cells: readonly Cell[]): string => {
  const named = (some: readonly Cell[]): string => some.map((c) => `${c.initializer} with ${c.optimizer}`).join(', ');
  const say = (test: (cell: Cell) => boolean, text: string): readonly string[] => {
    const some = cells.filter(test);
    return some.length > 0 ? [`- ${named(some)}: ${text}`] : [];
  };
  const messages = [...new Set(cells.flatMap(({ runs }) => runs.flatMap(({ message }) => message ?? [])))];
  return [
    ...say(
      (c) => c.metrics?.unitSpread === 0,
      'the hidden units are identical at the end of every run, to the last bit; nothing broke their symmetry.',
    ),
    ...say((c) => c.tuning?.status === 'tie', 'every learning rate gives the same loss, so the default stands.'),
    ...say((c) => c.state === 'invalid', 'the best rate lies on the edge of the extended grid; not to be ranked.'),
    ...say((c) => c.tuning?.status === 'failed', 'every learning rate fails on some tuning seed.'),
    ...say((c) => c.state === 'undecided', 'runs are missing.'),
    ...say(
      (c) => c.metrics !== null && c.metrics.reached > 0 && c.metrics.reached < c.runs.length,
      'the target is reached on some seeds only.',
    ),
    ...messages.map((message) => `- refused by the engine: ${message}`),
  ].join('\n');
};

/** A problem: charts and the table of its cells, with everything else folded. */
export const problemSection = (summary: SweepSummary, task: Task, charts: ReadonlySet<string>): string => {
  const cells = summary.cells.filter((cell) => cell.task === task.name);
  const comparisons = summary.comparisons.filter((c) => c.task === task.name);
  const image = (kind: string, alt: string): string => {
    const name = `${kind}-${slug(task.name)}`;
    return charts.has(name) ? `![${alt}](${name}.svg)` : '';
  };
  const batch =
    task.batch === null ? '' : task.batch === 'full' ? '; all samples in every step' : `; ${task.batch} samples a step`;
  const least = task.floor === null ? 'the least loss is not known' : `least ${figure(task.floor)} (${task.floorHow})`;
  const fold = (title: string, text: string): string =>
    text === '' ? '' : `<details><summary>${title}</summary>\n\n${text}\n\n</details>`;
  const traced = lowestOptimizer(viewOf(summary, task));
  const tuned = cells.some(({ tuning }) => tuning !== null);
  const drawn = cells.filter(
    ({ draws, budget }) => draws.length > 0 && budget === Math.max(...summary.protocol.budgets),
  );
  return page(
    `### ${task.name}`,
    `${task.doc[0]?.toUpperCase()}${task.doc.slice(1)}${batch}; ${task.steps} steps; target ${figure(task.target)} ${task.unit}, ${least}; a score of 0 is ${figure(task.start)}. Source: ${task.source}.`,
    image('curves', 'learning curves'),
    image('trajectories', 'ways over the contours'),
    fold('Cells', page(cellTable(task, cells), remarks(cells)).trimEnd()),
    fold('Optimizers compared', comparisonsText(comparisons, 'optimizer')),
    fold('Initializers compared', comparisonsText(comparisons, 'initializer')),
    tuned
      ? fold(
          'Learning rates',
          page(image('rates', 'sensitivity to the learning rate'), sensitivityTable(cells)).trimEnd(),
        )
      : '',
    drawn.length > 0
      ? fold(
          'What tuning brings',
          page(image('tries', 'the best of k'), triesTable(drawn, summary.protocol.budgets)).trimEnd(),
        )
      : '',
    charts.has(`gradients-${slug(task.name)}`)
      ? fold(
          'Layers',
          page(
            image('gradients', 'slopes by layer and step'),
            `Under ${traced}: slopes and the deviation of what a layer puts out, in the middle run that got so far; saturated and dead are shares of the units on one batch.`,
            layerTable(cells.filter((c) => c.optimizer === traced && c.budget === budgetOf(summary))),
          ).trimEnd(),
        )
      : '',
    fold('More figures', moreTable(cells)),
  ).trimEnd();
};
