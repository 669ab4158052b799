// The verifier verified: planted faults and the laws that kill them, and the smallest error that is found for certain.
import type { Limit } from '../../../properties/detect.ts';
import { count, counted, lawLink, type Section } from './desk.ts';
import { folded, type Html, html, joined, NOTHING, table } from './html.ts';
import { body, rendered } from './markdown.ts';

const FILE = 'mutants.json';
const LIMITS = 'limits.json';
const ENGINE = 'stryker.md';

interface Mutant {
  readonly id: string;
  readonly says: string;
  readonly bug: string | null;
  readonly killedBy: Readonly<Record<string, string>>;
  readonly survives: readonly string[];
}
interface Hunt {
  readonly seed: number;
  readonly full: boolean;
  readonly mutants: readonly Mutant[];
  readonly laws: Readonly<Record<string, readonly string[]>>;
  readonly idle: readonly string[];
}

/** Mutants stand in the chapter of the law that kills them first. */
const chapterOf = (m: Mutant): string => [...Object.keys(m.killedBy), ...m.survives][0]?.split('/')[0] ?? 'none';

const chapter = (name: string, own: readonly Mutant[]): Html => {
  const alive = own.filter((m) => m.survives.length > 0).length;
  return folded(
    html`<strong>${name}</strong> <span class="dim">${counted(own.length, 'fault')}, ${alive === 0 ? 'all killed' : `${alive} survive`}</span>`,
    table({
      caption: `Mutants: ${name}`,
      columns: [{ head: 'mutant' }, { head: 'the fault', kind: 'text' }, { head: 'killed by' }],
      rows: own.map((m) => [
        html`<code>${m.id}</code>`,
        m.bug === null || m.bug === undefined ? m.says : html`${m.says} <span class="dim">(as in ${m.bug})</span>`,
        html`${joined(Object.keys(m.killedBy).map(lawLink), ', ')}${m.survives.length === 0 ? NOTHING : html` <strong class="v f">survives</strong> ${joined(m.survives.map(lawLink), ', ')}`}`,
      ]),
      prose: true,
    }),
    { name: 'mutants' },
  );
};

const hunted = ({ seed, mutants, laws, idle }: Hunt) => {
  const killed = mutants.filter((m) => m.survives.length === 0).length;
  const chapters = [...new Set(mutants.map((m) => chapterOf(m)))];
  const kills = mutants.reduce((n, m) => n + Object.keys(m.killedBy).length, 0);
  return {
    text: html`<p>${count(mutants.length)} faults planted one at a time, seed ${seed}: ${count(killed)} are killed by every law that they name, ${count(kills)} kills in all. Of ${count(Object.keys(laws).length)} laws ${idle.length === 0 ? 'every one kills at least one' : html`${idle.length} kill nothing: ${joined(idle.map(lawLink), ', ')}`}.</p>\n${joined(
      chapters.map((name) =>
        chapter(
          name,
          mutants.filter((m) => chapterOf(m) === name),
        ),
      ),
    )}`,
    tile: {
      figure: `${count(killed)} of ${count(mutants.length)}`,
      words: 'planted faults are killed by every law that they name',
      tone: killed === mutants.length && idle.length === 0 ? ('good' as const) : ('bad' as const),
    },
  };
};

const size = (v: number | null): string => (v === null ? '' : v !== 0 && v < 1e-3 ? v.toExponential(2) : String(v));

const limits = ({
  limits: all,
  trials,
  proves,
}: {
  readonly limits: readonly Limit[];
  readonly trials: number;
  readonly proves: number;
}): Html =>
  html`<p>The smallest planted error that is found for certain: ${count(trials)} trials without a miss prove a probability of at least ${proves.toFixed(5)}.</p>\n${table(
    {
      caption: 'Detection limits',
      columns: [
        { head: 'fault', kind: 'text' },
        { head: 'found down to', kind: 'figure' },
        { head: 'demanded', kind: 'figure' },
        { head: 'found in', kind: 'figure' },
        { head: 'law' },
      ],
      rows: all.map((l) => {
        const decided = l.sizes.find((s) => s.certain && s.size === l.smallest);
        return [
          html`${l.met ? html`<span class="v h">✓</span>` : html`<span class="v f">✗</span>`} ${l.says}`,
          size(l.smallest),
          size(l.demanded),
          decided === undefined ? 'not found for certain' : `${count(decided.found)} of ${count(decided.trials)}`,
          lawLink(l.law),
        ];
      }),
    },
  )}`;

export const mutantsSection: Section = {
  id: 'mutants',
  title: 'Mutants and limits',
  make: (desk) => {
    const { room } = desk;
    const hunt = room.report(FILE, hunted);
    const measured = room.report(LIMITS, limits);
    const engine = room.text(ENGINE);
    return {
      body: html`${hunt?.text ?? room.absent(FILE)}<h3>Detection limits</h3>\n${measured ?? room.absent(LIMITS)}<h3>Mutation of the engine</h3>\n${
        engine === null
          ? room.absent(ENGINE)
          : folded(
              'Scores by file, and the mutants that change nothing',
              rendered(body(engine), desk.hooks('.', 'Mutation of the engine', { level: 4 })),
            )
      }`,
      ...(hunt === null ? {} : { tile: hunt.tile }),
    };
  },
};
