// What every section of the report works with: the folder of reports, the colours of charts, and the engines that laws were asked of.
import { LAWS } from '../../../properties/laws/index.ts';
import type { Dtype } from '../../../properties/port.ts';
import { type LawLine, lawLines, type Tally, type Verified } from '../../../properties/report.ts';
import type { Check } from '../../../properties/run.ts';
import { figureOf, Palette } from './chart.ts';
import { anchor, type Html, html } from './html.ts';
import type { Hooks } from './markdown.ts';
import type { Room } from './room.ts';

/** One engine, and what came of asking it the laws. */
export interface Asked {
  readonly name: string;
  readonly version: string;
  readonly dtype: Dtype;
  readonly seed: number;
  readonly summary: Tally;
  readonly checks: readonly Check[];
  readonly lines: ReadonlyMap<string, LawLine>;
  /** The command that shows a failure again, where it is known. */
  readonly replay?: (check: Check) => string;
}

export const askedOf = (w: Verified, name: string, replay?: Asked['replay']): Asked => ({
  name,
  version: w.version,
  dtype: w.dtype,
  seed: w.seed,
  summary: w.summary,
  checks: w.checks,
  lines: new Map(lawLines(LAWS, w.checks).map((line) => [line.law.id, line])),
  ...(replay === undefined ? {} : { replay }),
});

/** What a section says of itself at the top of the page. */
export interface Tile {
  readonly figure: string;
  readonly words: string;
  readonly tone: 'good' | 'bad' | 'plain';
}

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly make: (desk: Desk) => { readonly body: Html; readonly tile?: Tile };
}

/** Where the verdicts on the engine of the house are, and those on others. */
export const HOME = 'laws/tautograd.json';
export const MATRIX = 'laws/matrix.json';

/** A column of the matrix: an engine that was asked, or why it was not. */
export type Column =
  | (Verified & { readonly name: string; readonly kind: 'verified'; readonly port?: readonly string[] })
  | { readonly name: string; readonly kind: string };

const replayOf = (port: readonly string[] | undefined, seed: number): Asked['replay'] =>
  port === undefined
    ? undefined
    : ({ law }) => `npm run -s tautograd -- verify --law ${law} --seed ${seed} ${port.join(' ')}`;

export const lawAnchor = (id: string): string => anchor('law', id);
const KNOWN = new Set<string>(LAWS.map(({ id }) => id));
/** A law by its name, with a way to its card. */
export const lawLink = (id: string): Html =>
  KNOWN.has(id) ? html`<a href="#${lawAnchor(id)}"><code>${id}</code></a>` : html`<code>${id}</code>`;

export class Desk {
  readonly room: Room;
  readonly palette = new Palette();
  /** Whether a live page lies beside this one. */
  readonly live: boolean;
  readonly home: Asked | null;
  /** Columns of the matrix in their order; null where there is none. */
  readonly columns: readonly Column[] | null;
  readonly others: readonly Asked[];
  constructor(room: Room, live: boolean) {
    this.room = room;
    this.live = live;
    this.home = room.report<Verified, Asked>(HOME, (w) =>
      askedOf(w, w.engine, ({ law }) => `npm run -s tautograd -- verify --law ${law} --seed ${w.seed}`),
    );
    const matrix = room.report<{ readonly engines: readonly Column[] }, readonly [readonly Column[], readonly Asked[]]>(
      MATRIX,
      ({ engines }) => [
        engines,
        engines.flatMap((c) => ('checks' in c ? [askedOf(c, c.name, replayOf(c.port, c.seed))] : [])),
      ],
    );
    this.columns = matrix?.[0] ?? null;
    this.others = matrix?.[1] ?? [];
  }

  /** Everyone who was asked, the house first. */
  get asked(): readonly Asked[] {
    return [...(this.home === null ? [] : [this.home]), ...this.others];
  }

  /** A chart of a folder, with a sentence where it is not there. */
  chart(folder: string, name: string, alt: string, after = ''): Html {
    const svg = this.room.text(`${folder}/${name}`);
    return svg === null
      ? html`<p class="missing">The chart <code>${folder}/${name}</code> is not there.</p>\n`
      : figureOf(svg, this.palette, alt, after);
  }

  /** How Markdown of a folder is read: laws lead to their cards, pictures are charts of the folder. */
  hooks(folder: string, caption: string, more: Partial<Hooks> = {}): Hooks {
    return {
      picture: (name, alt) => this.chart(folder, name, alt),
      code: (text) => (KNOWN.has(text) ? `#${lawAnchor(text)}` : undefined),
      file: () => undefined,
      level: 3,
      caption,
      ...more,
    };
  }
}

/** Thousands apart. */
export const count = (n: number): string => n.toLocaleString('en-GB');

/** A noun after its number. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

export const dtypeText: Readonly<Record<string, string>> = { f32: 'float32', f64: 'float64' };
