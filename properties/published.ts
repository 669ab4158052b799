// The contract and the protocol as they are published: one JSON Schema for machines, and a table for people.
import { z } from 'zod';
import { type Fields, number, tensor } from './contract/entry.ts';
import { CONTRACT, CONTRACT_VERSION, type Entry } from './contract.ts';
import { conventionsSchema } from './conventions.ts';
import { trajectorySchema } from './diverge/trajectory.ts';
import { answerMessage, byeMessage, callMessage, hostHello, PROTOCOL, portHello } from './protocol.ts';

type Json = { readonly [name: string]: unknown };

const WORDS = ['NaN', 'Infinity', '-Infinity'];
const numberSchema: Json = {
  description: 'a number; what JSON has no number for is a word, and −0 is -0.0',
  anyOf: [{ type: 'number' }, { enum: WORDS }],
};
const form = (name: string, value: Json): Json => ({
  type: 'object',
  properties: { shape: { $ref: '#/$defs/shape' }, [name]: value },
  required: ['shape', name],
});
const base64 = (dtype: string): Json =>
  form(dtype, { type: 'string', contentEncoding: 'base64', description: `row-major little-endian ${dtype}` });
const tensorSchema: Json = {
  description:
    'as many numbers as the product of the shape, in row-major order; a port is sent the form that its hello wishes for, and may answer in any',
  oneOf: [
    base64('f64'),
    base64('f32'),
    form('data', { type: 'array', items: { $ref: '#/$defs/number' }, description: 'row-major' }),
  ],
};
const shapeSchema: Json = {
  description: 'sizes; a scalar has none',
  type: 'array',
  items: { type: 'integer', minimum: 0 },
};

/** A schema by reference to the tensors and numbers above; what is defined inside it is taken out under its own name. */
const schemaOf = (schema: z.ZodType, name: string): { readonly own: Json; readonly defs: Json } => {
  const made = z.toJSONSchema(schema, {
    unrepresentable: 'any',
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema === tensor) jsonSchema.$ref = '#/$defs/tensor';
      if (zodSchema === number) jsonSchema.$ref = '#/$defs/number';
      // the bounds of doubles are no bounds of the contract
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  const text = JSON.stringify(made).replaceAll('#/$defs/__schema', `#/$defs/${name}.`);
  const { $schema: _, $defs = {}, ...own } = JSON.parse(text) as Json & { readonly $defs?: Json }; // as it was written
  const defs = Object.entries($defs).map(([key, v]) => [key.replace('__schema', `${name}.`), v] as const);
  return { own, defs: Object.fromEntries(defs) };
};

/** `activation.*.forward`, `layer.dense.forward`. */
export const rowName = ({ kind, names, call }: Entry): string =>
  `${kind}.${names.length === 1 ? names[0] : '*'}.${call}`;

const MESSAGES: Readonly<Record<string, z.ZodType>> = {
  'host.hello': hostHello,
  'host.call': callMessage,
  'host.bye': byeMessage,
  'port.hello': portHello,
  'port.answer': answerMessage,
};

/** The verifier's own entries are nobody's to implement. */
export const PORTABLE: readonly Entry[] = CONTRACT.filter((row) => row.kind !== 'verifier');

/** The JSON Schema of every message, of what each entry takes and gives, and of the files that engines may write. */
export const contractSchema = (): Json => {
  const defs: Record<string, unknown> = { shape: shapeSchema, number: numberSchema, tensor: tensorSchema };
  const define = (name: string, schema: z.ZodType): Json => {
    const { own, defs: inner } = schemaOf(schema, name);
    Object.assign(defs, { [name]: own }, inner);
    return { $ref: `#/$defs/${name}` };
  };
  const messages = Object.fromEntries(Object.entries(MESSAGES).map(([name, schema]) => [name, define(name, schema)]));
  const entries = PORTABLE.flatMap((row) => {
    const takes = define(`${rowName(row)}.takes`, z.object(row.takes));
    const gives = define(`${rowName(row)}.gives`, z.object(row.gives));
    return row.names.map((name) => [`${row.kind}.${name}.${row.call}`, { says: row.says, takes, gives }] as const);
  });
  const files = { trajectory: define('trajectory', trajectorySchema) };
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'One line of the protocol of ports',
    protocol: PROTOCOL,
    contract: CONTRACT_VERSION,
    anyOf: Object.values(messages),
    messages,
    entries: Object.fromEntries(entries),
    files,
    $defs: defs,
  };
};

/** A type in few words: `tensor`, `tensor[]`, `number`, `mean | sum`, `{…}`. */
const typeText = (v: unknown): string => {
  const s = v as Json; // a part of a JSON Schema
  if (typeof s.$ref === 'string') return s.$ref.replace(/^.*\//, '').replace(/^.*\.\d+$/, '{…}');
  if (Array.isArray(s.enum)) return s.enum.length > 6 ? 'text' : s.enum.join(' | ');
  if (s.type === 'array') return `${typeText(s.items)}[]`;
  if (typeof s.additionalProperties === 'object') return `{ name: ${typeText(s.additionalProperties)} }`;
  if (s.type === 'object' || s.anyOf !== undefined || s.oneOf !== undefined) return '{…}';
  return s.type === 'string' ? 'text' : typeof s.type === 'string' ? s.type : 'anything';
};

const fieldsText = (fields: Fields): string => {
  const { properties = {}, required = [] } = schemaOf(z.object(fields), 'x').own as {
    readonly properties?: Json;
    readonly required?: readonly string[];
  };
  return Object.entries(properties)
    .map(([name, s]) => `${name}${required.includes(name) ? '' : '?'}: ${typeText(s)}`)
    .join(', ');
};

/** One row of the contract in words. */
export interface RowText {
  readonly row: Entry;
  readonly takes: string;
  readonly gives: string;
}
export const rowTexts = (rows: readonly Entry[] = PORTABLE): readonly RowText[] =>
  rows.map((row) => ({ row, takes: fieldsText(row.takes), gives: fieldsText(row.gives) }));

/** One convention in words. */
export interface ConventionText {
  readonly name: string;
  /** `log, probability or added`, `a number from 0 to 1`. */
  readonly values: string;
  readonly usual: string;
  readonly says: string;
}

const valuesText = ({ enum: options, type, minimum, maximum, exclusiveMinimum }: Json): string =>
  Array.isArray(options)
    ? `${options.slice(0, -1).join(', ')} or ${options.at(-1)}`
    : type === 'boolean'
      ? 'true or false'
      : minimum !== undefined && maximum !== undefined
        ? `a number from ${minimum} to ${maximum}`
        : `a number above ${exclusiveMinimum}`;

/** What a port may declare, with what each may be and what it is unless declared. */
export const conventionTexts = (): readonly ConventionText[] => {
  const { properties = {} } = z.toJSONSchema(conventionsSchema, { io: 'input' });
  return Object.entries(properties as Readonly<Record<string, Json>>).map(([name, s]) => ({
    name,
    values: valuesText(s),
    usual: String(s.default),
    says: String(s.description),
  }));
};
