// Values to JSON text and back, with the doubles that JSON has no word for written as strings: never null, never a lost sign.

const NAMED: Readonly<Record<string, number>> = {
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
  '-0': -0,
};

const named = (v: unknown): unknown =>
  typeof v === 'number' && (!Number.isFinite(v) || Object.is(v, -0)) ? nameOf(v) : v;
const nameOf = (v: number): string => (Object.is(v, -0) ? '-0' : String(v));

/** One line of JSON text, for a command line or a message. */
export const toLine = (value: unknown): string => JSON.stringify(value, (_, v: unknown) => named(v));

/** Indented JSON text, ended by a line feed; infinities, NaN and −0 as the strings "Infinity", "-Infinity", "NaN", "-0". */
export const toJson = (value: unknown): string =>
  `${JSON.stringify(value, (_, v: unknown) => named(v), 2)
    // a list of plain numbers reads better on one line
    .replace(
      /\[\s+((?:-?[\d.e+-]+|"-?Infinity"|"NaN"|"-0")(?:,\s+(?:-?[\d.e+-]+|"-?Infinity"|"NaN"|"-0"))*)\s+\]/g,
      (_, list: string) => `[${list.replace(/\s+/g, ' ')}]`,
    )}\n`;

/** The value of a text by {@link toJson}; the four strings become numbers again. @throws SyntaxError */
export const fromJson = (text: string): unknown =>
  JSON.parse(text, (_, v: unknown) => (typeof v === 'string' && Object.hasOwn(NAMED, v) ? NAMED[v] : v));
