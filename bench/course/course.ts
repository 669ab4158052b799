// The course: its chapters in order, what became of its parts, and the page of a report.
import { figure, page, table } from '../markdown.ts';
import { boundaryParts } from './boundary.ts';
import { descentParts } from './descent.ts';
import { dropoutParts } from './dropout.ts';
import { entropyParts } from './entropy.ts';
import { gradientParts } from './gradients.ts';
import { initialParts } from './initial.ts';
import { optimizerParts } from './optimizers.ts';
import { overfittingParts } from './overfitting.ts';
import { type Findings, type Part, type Say, type Verdict, verdictOf } from './part.ts';
import { perceptronParts } from './perceptron.ts';
import { pretrainingParts } from './pretraining.ts';
import { reluParts } from './relu.ts';
import { runningParts } from './running.ts';
import { scaleParts } from './scaleshift.ts';
import { shiftParts } from './shift.ts';
import { sigmoidParts } from './sigmoid.ts';

/** The chapters of a first lecture, in its order. */
const CHAPTERS: readonly (readonly Part[])[] = [
  perceptronParts,
  boundaryParts,
  descentParts,
  entropyParts,
  sigmoidParts,
  reluParts,
  optimizerParts,
  [...initialParts, ...pretrainingParts],
  dropoutParts,
  overfittingParts,
  gradientParts,
  shiftParts,
  scaleParts,
  runningParts,
];

/** A part with its number, as 8.2, or 4 where a chapter has one part alone. */
export interface Numbered extends Part {
  readonly number: string;
}

/** All parts, in order. */
export const COURSE: readonly Numbered[] = CHAPTERS.flatMap((parts, chapter) =>
  parts.map((part, i) => ({ ...part, number: parts.length > 1 ? `${chapter + 1}.${i + 1}` : String(chapter + 1) })),
);

/** What became of a part. */
export interface Lesson extends Findings {
  readonly part: Numbered;
  readonly verdict: Verdict;
}

export const teach = async (part: Numbered, say: Say): Promise<Lesson> => {
  const found = await part.run(say);
  return { part, verdict: verdictOf(found), ...found };
};

/** What a report says of parts as plain data; a chart is named by its file. */
export const courseReport = (lessons: readonly Lesson[]) => ({
  schema: 1,
  ok: lessons.every((l) => l.verdict === 'holds'),
  parts: lessons.map(({ part: { number, id, title, claim, source }, verdict, checks, numbers, text, chart }) => ({
    number,
    id,
    title,
    claim,
    source,
    verdict,
    checks,
    numbers,
    text,
    chart: `${chart.name}.svg`,
  })),
});

const cell = (text: string): string => text.replaceAll('|', '\\|');

/** The page of the parts; without dates and durations, so that equal findings give equal bytes. */
export const coursePage = (lessons: readonly Lesson[]): string => {
  const held = lessons.filter((l) => l.verdict === 'holds').length;
  return page(
    '# The course, executable',
    `The claims of a first lecture on deep learning, each as an experiment on the engine: ${held} of ${lessons.length} hold. A verdict is computed from the checks below it: exact ones where that is possible, else exact paired rank tests over fixed seeds (Wilcoxon 1945, p ≤ 0.01 after Holm's correction within a part). \`npm run -s tautograd -- course --only <part>\` runs one part.`,
    table(
      ['claim', 'verdict'],
      lessons.map(({ part, verdict }) => [
        `${part.number} [${part.title}](#${part.id}): ${cell(part.claim)}`,
        verdict === 'holds' ? verdict : `**${verdict}**`,
      ]),
    ),
    ...lessons.flatMap(({ part, verdict, checks, numbers, text, chart }) => [
      `<a id="${part.id}"></a>\n\n## ${part.number} ${part.title}`,
      `${part.claim} (${part.source})`,
      `**${verdict}**. ${text}.`,
      `![${part.title}](${chart.name}.svg)`,
      checks.map((c) => `- ${c.holds ? '✓' : '✗'} ${c.says}: ${c.found}`).join('\n'),
      table(
        ['number', 'value'],
        numbers.map((n) => [cell(n.name), `${figure(n.value)}${n.unit === '' ? '' : ` ${n.unit}`}`]),
      ),
    ]),
  );
};
