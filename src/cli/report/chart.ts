// A chart as part of a page: its SVG with colours that follow the page's ground, a name for every mark, and nothing to spare.
import { escaped, type Html, html, raw } from './html.ts';

/** Marks that stand for one datum each: their names are kept, and read out. */
const NAMED = ['mark-symbol', 'mark-rect', 'mark-arc', 'mark-bar'];

/** The series of charts (bench/chart.ts), with at least 3:1 against a light and a dark ground. */
const SERIES: Readonly<Record<string, readonly [light: string, dark: string]>> = {
  '#0072b2': ['#0072b2', '#4fa8e0'],
  '#d55e00': ['#c75500', '#f2843a'],
  '#009e73': ['#008a64', '#2fc091'],
  '#cc79a7': ['#b8588d', '#e397c2'],
  '#e69f00': ['#b07a00', '#e8b03a'],
  '#56b4e9': ['#2f8fc7', '#8fd0f5'],
  '#000000': ['#000000', '#f2f4f7'],
};

type Rgb = readonly [number, number, number];
const hex = (rgb: Rgb): string =>
  `#${rgb
    .map((v) =>
      Math.round(255 * Math.min(1, Math.max(0, v)))
        .toString(16)
        .padStart(2, '0'),
    )
    .join('')}`;
const NAMES: Readonly<Record<string, string>> = { white: '#ffffff', black: '#000000' };

/** A colour as charts spell it; null for words that are none, as `none` or a gradient. */
const rgbOf = (text: string): Rgb | null => {
  const spelt = NAMES[text] ?? text;
  const triple = spelt.match(/^rgb\((\d+), ?(\d+), ?(\d+)\)$/);
  if (triple !== null) return [Number(triple[1]) / 255, Number(triple[2]) / 255, Number(triple[3]) / 255];
  const digits = spelt.match(/^#(?:([0-9a-f]{6})|([0-9a-f]{3}))$/i);
  if (digits === null) return null;
  const six = digits[1] ?? (digits[2] ?? '').replace(/./g, '$&$&');
  const part = (i: number): number => Number.parseInt(six.slice(2 * i, 2 * i + 2), 16) / 255;
  return [part(0), part(1), part(2)];
};

const linear = (v: number): number => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
const gamma = (v: number): number => (v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055);

/** Red, green and blue of an Oklab colour, which may lie outside of what a screen can show. Source: Ottosson 2020. */
const shown = (light: number, a: number, b: number): Rgb => {
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
};

/** Parts of its chroma that a colour is tried with: too much of it would cost the lightness, and with it the contrast. */
const CHROMA = Array.from({ length: 21 }, (_, i) => 1 - i / 20);

/** Lightness turned round, from white as the ground to nearly black, hue kept. */
const turned = ([red, green, blue]: Rgb): string => {
  const [r, g, b] = [linear(red), linear(green), linear(blue)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const light = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  const [x, y] = [
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
  const dark = 1 - 0.79 * Math.max(0, light) ** 1.25;
  const tries = CHROMA.map((c) => shown(dark, c * x, c * y));
  return hex(tries.find((rgb) => rgb.every((v) => v > -1e-3 && v < 1 + 1e-3)) ?? shown(dark, 0, 0));
};

/** Colour on either ground; null for what is no colour. */
export const pairOf = (text: string): readonly [light: string, dark: string] | null => {
  const rgb = rgbOf(text);
  return rgb === null ? null : (SERIES[text.toLowerCase()] ?? [hex(rgb), turned(rgb)]);
};

/** Squares of maps, and the inks of what is written on them (bench/chart.ts). */
const SQUARES = /^(?:rgb\(.*|#f3f4f6|#000000|white)$/;

/** The colours that the charts of one page share, each a property of the style sheet. */
export class Palette {
  readonly #names = new Map<string, string>();
  /** The reference to a colour, which is given a name when it is met first. */
  reference(light: string, dark: string): string {
    const key = `${light} ${dark}`;
    const name = this.#names.get(key) ?? `k${this.#names.size.toString(36)}`;
    this.#names.set(key, name);
    return `var(--${name})`;
  }
  #properties(side: 0 | 1): string {
    return [...this.#names].map(([key, name]) => `--${name}:${key.split(' ')[side]}`).join(';');
  }
  /** Style for all colours met so far; paper is light. */
  style(): string {
    return `:root{${this.#properties(0)}}\n@media screen and (prefers-color-scheme: dark){:root{${this.#properties(1)}}}\n`;
  }
}

/** One digit behind the point is a tenth of a pixel. */
const rounded = (numbers: string): string =>
  numbers.replace(/-?\d+\.\d{2,}(?:e-?\d+)?/g, (text) => String(Number(Number(text).toFixed(1))));

/** Text in quotes of `aria-label="Title text 'Kernel throughput'"`: Vega names titles so, that of the whole chart last. */
const titleIn = (svg: string, what: 'Title' | 'Subtitle'): string =>
  [...svg.matchAll(new RegExp(`aria-label="${what} text '([^"]*)'"`, 'g'))].at(-1)?.[1] ?? '';

const attribute = (tag: string, name: string): string | undefined => tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1];

/** Without what is of use to other programs only, and with a title for every mark that is a datum. */
const slim = (svg: string): string => {
  let kind = '';
  const tags = svg.replace(
    /<(\/?)([a-zA-Z]+)([^>]*?)(\/?)>/g,
    (_, close: string, name: string, rest: string, end: string) => {
      if (close === '/') return `</${name}>`;
      const shape = rest.match(/class="(mark-\w+) role-mark/)?.[1];
      if (name === 'g' && /class="mark-/.test(rest)) kind = shape ?? '';
      const label = attribute(rest, 'aria-label');
      const kept = rest
        .replace(
          /\s(?:class|role|aria-[a-z]+|pointer-events|xmlns:xlink|version|font-family|stroke-miterlimit)="[^"]*"/g,
          '',
        )
        .replace(/\sstroke-width="1"|\sopacity="1"|\stransform="translate\(0,0\)"/g, '')
        .replace(
          /(\s(?:d|transform|x2?|y2?|width|height)=")([^"]*)(")/g,
          (__, a: string, v: string, b: string) => a + rounded(v) + b,
        );
      if (name === 'path' && (attribute(rest, 'd') ?? '') === '') return '';
      // the background of a group without a line or an area of its own
      if (name === 'path' && /class="background"/.test(rest) && !/\s(?:stroke|fill)="/.test(rest)) return '';
      if (end === '/' && label !== undefined && NAMED.includes(kind))
        return `<${name}${kept}><title>${label}</title></${name}>`;
      return `<${name}${kept}${end}>`;
    },
  );
  let text = tags
    .replace(/<rect width="\d+" height="\d+" fill="white"\/>/, '')
    .replace(/(<(?:line|path)\b[^>]*\/>)(?:\1)+/g, '$1'); // a rule drawn once per datum

  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(/<g[^>]*><\/g>|<g[^>]*\/>/g, '').replace(/<g>((?:(?!<\/?g)[\s\S])*)<\/g>/g, '$1');
  }
  return text;
};

/** A chart's text, ready to stand in a page, with its title; null for what is no chart of ours. */
export const inlined = (svg: string, palette: Palette): { readonly svg: string; readonly title: string } | null => {
  // a script or a link in it would be somebody else's chart
  if (!svg.startsWith('<svg ') || /<(?:script|foreignObject|image|use|a|style)\b|\son\w+=|style="/i.test(svg))
    return null;
  const [title, subtitle] = [titleIn(svg, 'Title'), titleIn(svg, 'Subtitle')];
  // words in squares are chosen for the colours of the squares, which then stay as they are on either ground
  const written = /<text[^>]*\sfill="white"/.test(svg);
  const alone = slim(svg).replace(
    /(\s(fill|stroke|stop-color)=")([^"]+)(")/g,
    (whole, a: string, part: string, v: string, b: string) => {
      const pair = written && part !== 'stroke' && SQUARES.test(v) ? null : pairOf(v);
      return pair === null ? whole : a + palette.reference(...pair) + b;
    },
  );
  const name = [title, subtitle].filter((t) => t !== '').join(': ');
  return {
    title,
    svg: alone.replace(/^<svg([^>]*)>/, (_, rest: string) => `<svg${rest} role="img" aria-label="${name}">`).trim(),
  };
};

/** A chart in a box of its own. `after` is said below it. */
export const figureOf = (svg: string, palette: Palette, alt: string, after = ''): Html => {
  const chart = inlined(svg, palette);
  if (chart === null)
    return html`<p class="missing">The chart “${alt}” is not one that this program draws, and is left out.</p>\n`;
  const label = chart.title === '' ? escaped(alt) : chart.title;
  return html`<figure class="chart"><div class="box" tabindex="0" role="group" aria-label="Chart: ${raw(label)}">${raw(chart.svg)}</div><figcaption><span>${after}</span> <output></output></figcaption></figure>\n`;
};
