// How a chart is drawn: one look, SVG text without a browser, ids that are its own.
import { parse, scheme, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** A chart: the name of its file, which is also the prefix of its ids, and its SVG text. */
export interface Chart {
  readonly name: string;
  readonly svg: string;
}

/** Colours that stay apart for colour-blind readers. Source: Okabe & Ito 2008, yellow left out as too pale. */
export const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'];
export const GREY = '#5f6673';

/** What is written on a square is black where black has more contrast than white. Source: WCAG 2.2, relative luminance. */
export const INKS = { dark: '#000000', light: 'white' } as const;
/** Whether words on a colour of one of Vega's schemes, so far along it, have to be dark. */
export const dark = (name: string, at: number): boolean => {
  const colour = String(scheme(name)(Math.min(1, Math.max(0, at)))); // an interpolation to `rgb(r, g, b)`
  const parts = (colour.match(/\d+/g) ?? []).map((v) => Number(v) / 255);
  const linear = parts.map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
  const luminance = linear.reduce((sum, v, i) => sum + v * ([0.2126, 0.7152, 0.0722][i] ?? 0), 0);
  return (luminance + 0.05) ** 2 > 1.05 * 0.05;
};

const CONFIG: NonNullable<TopLevelSpec['config']> = {
  background: 'white',
  font: 'Helvetica, Arial, sans-serif',
  view: { stroke: '#d5d8de' },
  title: { anchor: 'start', fontSize: 15, subtitleFontSize: 12, subtitleColor: GREY, subtitlePadding: 6, offset: 14 },
  axis: {
    labelFontSize: 11,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titleColor: GREY,
    labelColor: '#30343b',
    gridColor: '#eceef1',
    domainColor: '#b9bec7',
    tickColor: '#b9bec7',
    titlePadding: 8,
  },
  header: {
    labelFontSize: 12,
    labelFontWeight: 'bold',
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titleColor: GREY,
  },
  legend: {
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
    titleColor: GREY,
    labelLimit: 320,
    titleLimit: 400,
    orient: 'top',
  },
};

/**
 * Renames every id and every reference to one, in order of appearance: Vega counts ids over the whole process, so that two
 * charts in one page would collide and a second run would differ.
 */
export const prefixIds = (svg: string, prefix: string): string => {
  const ids = [...new Set([...svg.matchAll(/\sid="([^"]+)"/g)].map((m) => m[1] as string))]; // the pattern has a group
  const renamed = (id: string): string => (ids.includes(id) ? `${prefix}-${ids.indexOf(id)}` : id);
  return svg
    .replace(/(\sid=")([^"]+)(")/g, (_, a: string, id: string, b: string) => a + renamed(id) + b)
    .replace(/(url\(#)([^)]+)(\))/g, (_, a: string, id: string, b: string) => a + renamed(id) + b)
    .replace(/(href="#)([^"]+)(")/g, (_, a: string, id: string, b: string) => a + renamed(id) + b);
};

/** Draws a specification; the same one gives the same text. */
export const draw = async (name: string, spec: TopLevelSpec): Promise<Chart> => {
  const view = new View(parse(compile({ ...spec, config: CONFIG, padding: 16 }).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return { name, svg: `${prefixIds(svg, name)}\n` };
};
