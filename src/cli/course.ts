// `tautograd course`: the claims of a first lecture on deep learning as experiments, each with a verdict, numbers and a plot.
import { join } from 'node:path';
import { COURSE, coursePage, courseReport, type Lesson, teach } from '../../bench/course/course.ts';
import { figure } from '../../bench/markdown.ts';
import { toJson } from '../index.ts';
import { EXIT } from './fault.ts';
import { namesOf } from './load.ts';
import { coloured, print, type Stage, stages } from './show.ts';
import { writeText } from './write.ts';

export interface CourseOptions {
  readonly only?: string;
  readonly list?: boolean;
  readonly out?: string;
  readonly json?: boolean;
}

/** Everything about a part for a person who asked for few of them. */
const details = ({ part, checks, numbers, text }: Lesson): string =>
  [
    '',
    `${part.number} ${part.title} (${part.source})`,
    `  ${part.claim}`,
    ...checks.map((c) => `  ${c.holds ? '✓' : '✗'} ${c.says}: ${c.found}`),
    ...numbers.map((n) => `    ${n.name}: ${figure(n.value)}${n.unit === '' ? '' : ` ${n.unit}`}`),
    `  ${text}`,
  ].join('\n');

const seconds = (from: number): string => `${((performance.now() - from) / 1000).toFixed(1)} s`;

/** The command. Returns 1 when a claim does not hold. @throws CommandFault when a glob matches no part */
export const courseCommand = async ({ only, list = false, out, json = false }: CourseOptions): Promise<number> => {
  const ids = namesOf(
    'course',
    'part',
    COURSE.map((p) => p.id),
    only,
  );
  const parts = COURSE.filter((p) => ids.includes(p.id));
  if (list) {
    if (json) print(toJson(parts.map(({ run: _, ...part }) => part)).trimEnd());
    else for (const { number, id, claim } of parts) print(`${number.padEnd(4)} ${id.padEnd(16)} ${claim}`);
    return EXIT.ok;
  }
  const from = performance.now();
  const lessons: Lesson[] = [];
  await stages(
    parts.map(
      (part): Stage => ({
        title: `${part.number} ${part.title}`,
        run: async (say) => {
          const begun = performance.now();
          const lesson = await teach(part, say);
          lessons.push(lesson);
          return { ok: lesson.verdict === 'holds', text: `${lesson.verdict}. ${lesson.text}. ${seconds(begun)}` };
        },
      }),
    ),
    json,
  );
  const report = courseReport(lessons);
  if (json) print(toJson(report).trimEnd());
  else {
    for (const lesson of lessons)
      if (only !== undefined || lesson.verdict !== 'holds') print(details(lesson).split('\n').map(coloured).join('\n'));
    const held = lessons.filter((l) => l.verdict === 'holds').length;
    print(
      `\n${held} of ${lessons.length} claims hold, ${lessons.reduce((s, l) => s + l.checks.length, 0)} checks, ${seconds(from)}`,
    );
  }
  if (out !== undefined)
    for (const [name, text] of [
      ['course.md', coursePage(lessons)],
      ['course.json', toJson(report)],
      ...lessons.map(({ chart }) => [`${chart.name}.svg`, chart.svg] as const),
    ] as const) {
      const path = writeText(join(out, name), text);
      if (!json) print(`wrote ${path}`);
    }
  return report.ok ? EXIT.ok : EXIT.falsified;
};
