// The protocol of process ports: messages as JSON Lines, and how tensors and numbers are written in them and read back.
import { z } from 'zod';
import { type Args, isPlain, type Plain } from './contract.ts';
import { conventionsSchema } from './conventions.ts';

/** The version of the protocol. */
export const PROTOCOL = 1;

/** How a port wants the tensors that it is sent. */
export interface Spelling {
  readonly tensors: 'base64' | 'json';
  readonly dtype: 'f64' | 'f32';
}

export const hostHello = z.object({
  type: z.literal('hello'),
  protocol: z.literal(PROTOCOL),
  contract: z.int().describe('the version of the contract'),
});

export const portHello = z.looseObject({
  type: z.literal('hello'),
  protocol: z.literal(PROTOCOL),
  engine: z.string().min(1).describe('the name of the engine'),
  version: z.string().describe('its version'),
  dtype: z.enum(['f64', 'f32']).describe('the numbers that it computes with'),
  tensors: z.enum(['base64', 'json']).default('base64').describe('how it wants the tensors that it is sent'),
  conventions: conventionsSchema.partial().optional().describe('choices that differ from the default ones'),
  ops: z.array(z.string()).default([]).describe('operations that program.graph may use'),
  parts: z.array(z.string()).default([]).describe('types of layers that model.network may have'),
  hyper: z
    .record(z.string(), z.array(z.string()))
    .default({})
    .describe('hyper-parameters that each optimizer takes, or that a layer need not take'),
  entries: z.array(z.string()).describe('what it can do: kind.name.call of the contract'),
  ahead: z.int().min(1).max(64).default(2).describe('how many call messages may be under way at once'),
});
export type PortHello = z.output<typeof portHello>;

export const callMessage = z.object({
  type: z.literal('call'),
  id: z.int(),
  calls: z.array(z.object({ entry: z.string(), args: z.record(z.string(), z.unknown()) })),
});

export const answerMessage = z.object({
  type: z.literal('answer'),
  id: z.int().describe('of the call message that is answered'),
  answers: z
    .array(
      z.union([
        z.object({ result: z.record(z.string(), z.unknown()) }),
        z.object({ error: z.string().describe('why this one call failed') }),
      ]),
    )
    .describe('one for each call, in their order'),
});
export type AnswerMessage = z.output<typeof answerMessage>;

export const byeMessage = z.object({ type: z.literal('bye') });

/** What is written in the place of a tensor or a number cannot be read as one. */
export class CodecFault extends Error {
  override readonly name = 'CodecFault';
}

// ---- Writing. ----

/** Numbers that JSON has no digits for. */
export const NAMED: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/** A number as JSON text: the shortest that reads back, −0 as `-0.0`, NaN and the infinities as strings. */
export const numberText = (x: number): string =>
  Number.isFinite(x) ? (Object.is(x, -0) ? '-0.0' : String(x)) : `"${x}"`;

const base64Of = (data: ArrayLike<number>, dtype: Spelling['dtype']): string => {
  const values = dtype === 'f64' ? Float64Array.from(data) : Float32Array.from(data);
  return Buffer.from(values.buffer).toString('base64');
};

const tensorText = ({ shape, data }: Plain, { tensors, dtype }: Spelling): string =>
  tensors === 'base64'
    ? `{"shape":[${shape.join()}],"${dtype}":"${base64Of(data, dtype)}"}`
    : `{"shape":[${shape.join()}],"data":[${Array.from(data, numberText).join()}]}`;

/** A value as JSON text on one line; what is undefined is left out. */
export const textOf = (value: unknown, spelling: Spelling): string => {
  if (typeof value === 'number') return numberText(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (isPlain(value)) return tensorText(value, spelling);
  if (Array.isArray(value)) return `[${value.map((v) => textOf(v, spelling)).join()}]`;
  if (ArrayBuffer.isView(value)) return textOf(Array.from(value as Float64Array), spelling); // a list of numbers, typed
  const fields = Object.entries(value).filter(([, v]) => v !== undefined);
  return `{${fields.map(([name, v]) => `${JSON.stringify(name)}:${textOf(v, spelling)}`).join()}}`;
};

export const helloText = (contract: number): string => JSON.stringify({ type: 'hello', protocol: PROTOCOL, contract });

/** One call of a message. */
export const callText = (entry: string, args: Args, spelling: Spelling): string =>
  `{"entry":${JSON.stringify(entry)},"args":${textOf(args, spelling)}}`;

export const callsText = (id: number, calls: readonly string[]): string =>
  `{"type":"call","id":${id},"calls":[${calls.join()}]}`;

export const BYE = '{"type":"bye"}';

// ---- Reading. ----

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

const isShape = (v: unknown): v is readonly number[] =>
  Array.isArray(v) && v.every((n) => Number.isSafeInteger(n) && n >= 0);

const BYTES = { f64: 8, f32: 4 } as const;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

const fromBase64 = (text: unknown, size: number, dtype: Spelling['dtype'], at: string): ArrayLike<number> => {
  if (typeof text !== 'string' || text.length % 4 !== 0 || !BASE64.test(text))
    throw new CodecFault(
      `${at}: "${dtype}" must be base64 text with its padding, got ${shorten(JSON.stringify(text))}`,
    );
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length !== size * BYTES[dtype]) {
    const other = dtype === 'f64' ? 'f32' : 'f64';
    const hint = bytes.length === size * BYTES[other] ? `, as many as of "${other}"` : '';
    throw new CodecFault(
      `${at}: ${size} numbers of "${dtype}" are ${size * BYTES[dtype]} bytes, got ${bytes.length}${hint}`,
    );
  }
  const values = dtype === 'f64' ? new Float64Array(size) : new Float32Array(size);
  new Uint8Array(values.buffer).set(bytes); // a copy: a small buffer lies in a pool, and not on a multiple of 8
  return values;
};

const numbersOf = (list: unknown, size: number, at: string): readonly number[] => {
  if (!Array.isArray(list)) throw new CodecFault(`${at}: "data" must be a list, got ${shorten(JSON.stringify(list))}`);
  if (list.length !== size) throw new CodecFault(`${at}: the shape holds ${size} numbers, "data" has ${list.length}`);
  return list.every((v) => typeof v === 'number')
    ? list
    : list.map((v, i) => {
        const x = typeof v === 'string' ? NAMED[v] : v;
        if (typeof x === 'number') return x;
        throw new CodecFault(
          `${at}: element ${i} must be a number, "NaN", "Infinity" or "-Infinity", got ${shorten(JSON.stringify(v))}`,
        );
      });
};

const FORMS = ['f64', 'f32', 'data'] as const;

/** A value of an answer as the contract knows it: tensors plain, the three words numbers. @throws CodecFault */
const readValue = (v: unknown, at: string): unknown => {
  // no text of the contract is one of the three words
  if (typeof v === 'string') return Object.hasOwn(NAMED, v) ? NAMED[v] : v;
  if (Array.isArray(v)) return v.map((one, i) => (typeof one === 'number' ? one : readValue(one, `${at}.${i}`)));
  if (!isRecord(v)) return v;
  if (!('shape' in v)) return recordOf(v, `${at}.`);
  const { shape } = v;
  if (!isShape(shape))
    throw new CodecFault(`${at}: "shape" must be a list of sizes, got ${shorten(JSON.stringify(shape))}`);
  const size = shape.reduce((a, b) => a * b, 1);
  const form = FORMS.filter((f) => f in v);
  const [one] = form;
  if (one === undefined || form.length > 1)
    throw new CodecFault(`${at}: a tensor has one of "f64", "f32" and "data" beside its shape, got ${Object.keys(v)}`);
  return { shape, data: one === 'data' ? numbersOf(v.data, size, at) : fromBase64(v[one], size, one, at) };
};

/** The fields of an answer. @throws CodecFault */
export const recordOf = (fields: Readonly<Record<string, unknown>>, before = ''): Args =>
  Object.fromEntries(Object.entries(fields).map(([name, v]) => [name, readValue(v, `${before}${name}`)]));

/** The first characters of a text that may be long or hold anything, on one line. */
export const shorten = (text: string | undefined, most = 200): string => {
  const whole = (text ?? 'nothing').replace(/\p{Cc}/gu, (c) => JSON.stringify(c).slice(1, -1));
  return whole.length <= most ? whole : `${whole.slice(0, most)}…`;
};

/** A line as a JSON object, or null. */
export const objectOf = (line: string): Readonly<Record<string, unknown>> | null => {
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : null;
  } catch {
    return null;
  }
};

/** The first thing that is wrong with a message, as a clause. */
export const issueOf = (error: z.ZodError): string => {
  const [issue] = error.issues;
  const where = issue?.path.length ? `"${issue.path.join('.')}" ` : '';
  return `${where}${issue?.message.replace(/^Invalid input: /, 'is wrong, ') ?? 'is wrong'}`;
};
