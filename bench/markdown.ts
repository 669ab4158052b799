// Figures, times and tables as Markdown: how every report writes them.

/** Three digits, powers of ten where they are shorter, ∞ for what never came. */
export const figure = (v: number): string => {
  if (v === Number.POSITIVE_INFINITY) return '∞';
  if (v !== 0 && Number.isFinite(v) && (Math.abs(v) < 1e-3 || Math.abs(v) >= 1e5)) return v.toExponential(2);
  return String(Number(v.toPrecision(3)));
};

const TIME_UNITS = [
  { ns: 1e9, unit: 's' },
  { ns: 1e6, unit: 'ms' },
  { ns: 1e3, unit: 'µs' },
  { ns: 0, unit: 'ns' },
] as const;

/** A time in the largest unit that leaves at least 1. */
export const time = (ns: number): string => {
  const { ns: one, unit } = TIME_UNITS.find((u) => ns >= u.ns) ?? TIME_UNITS[3];
  return `${figure(ns / (one || 1))} ${unit}`;
};

const SIZE_UNITS = [
  { bytes: 2 ** 20, unit: 'MiB' },
  { bytes: 2 ** 10, unit: 'KiB' },
  { bytes: 0, unit: 'B' },
] as const;

/** A number of bytes in the largest unit that leaves at least 1. */
export const bytes = (n: number): string => {
  const { bytes: one, unit } = SIZE_UNITS.find((u) => n >= u.bytes) ?? SIZE_UNITS[2];
  return `${figure(n / (one || 1))} ${unit}`;
};

/** A table whose first column is text and whose others are figures. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Blocks with an empty line between them; empty blocks vanish. */
export const page = (...blocks: readonly string[]): string => `${blocks.filter((b) => b !== '').join('\n\n')}\n`;

/** A share in whole percent. */
export const percent = (part: number, whole: number): string => `${whole > 0 ? Math.round((100 * part) / whole) : 0} %`;
