// Vectors as files: a manifest, one case per line and a file per kind of entry, large tensors beside them; and all of it read back.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Args, CONTRACT_VERSION, isPlain, mayLeaveOut, type Plain } from '../contract.ts';
import { type Conventions, conventionsSchema } from '../conventions.ts';
import type { PortInfo } from '../port.ts';
import { NAMED, objectOf, recordOf, type Spelling, textOf } from '../protocol.ts';
import { type Case, type Known, numbersIn } from './case.ts';
import { safetensors, tensorsIn } from './safetensors.ts';
import { PARTLY, WITHOUT } from './without.ts';

/** The version of the format. */
export const FORMAT = 1;
const TENSORS = 'tensors.safetensors';
const MANIFEST = 'manifest.json';
/** Tensors of more numbers than this stand beside the lines. */
const LONGEST = 4096;
/** Decimals that read back to the same double, for languages without base64. */
const SPELLING: Spelling = { tensors: 'json', dtype: 'f64' };

export interface Numbered extends Case {
  /** `op/n`, n from 1. */
  readonly id: string;
}

/** Cases by the kind of their entry, each with its id. */
const families = (cases: readonly Case[]): ReadonlyMap<string, readonly Numbered[]> => {
  const count = new Map<string, number>();
  const all = new Map<string, Numbered[]>();
  for (const one of cases) {
    const n = (count.get(one.op) ?? 0) + 1;
    count.set(one.op, n);
    const kind = one.op.split('.')[0] ?? '';
    all.set(kind, [...(all.get(kind) ?? []), { ...one, id: `${one.op}/${n}` }]);
  }
  return all;
};

const isExact = ({ known }: Case): boolean => Object.values(known).every((k) => k.allowed.every((a) => a === 0));

type Spill = (name: string, value: unknown) => unknown;

/** Takes large tensors out of a value, and leaves where they are. */
const spilling =
  (taken: Map<string, Plain>): Spill =>
  (name, value) => {
    if (isPlain(value)) {
      if (value.data.length <= LONGEST) return value;
      taken.set(name, value);
      return { shape: value.shape, safetensors: TENSORS, name };
    }
    if (Array.isArray(value)) return value.map((v, i) => spilling(taken)(`${name}.${i}`, v));
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, spilling(taken)(`${name}.${k}`, v)]));
  };

/** One number for all where they are equal. */
const allowedOf = ({ allowed }: Known): number | readonly number[] | Plain => {
  const [first = 0] = allowed;
  if (allowed.every((a) => a === first)) return first;
  return allowed.length > LONGEST ? { shape: [allowed.length], data: allowed } : allowed;
};

/** A case as one line. */
const lineOf = (one: Numbered, spill: Spill): string => {
  const known = Object.entries(one.known);
  const bounded = known.filter(([, k]) => k.allowed.some((a) => a !== 0));
  const signed = known.filter(([, k]) => k.signed).map(([field]) => field);
  const optional = Object.keys(one.known).filter((field) => mayLeaveOut(one.op, field));
  return textOf(
    {
      id: one.id,
      op: one.op,
      by: one.by,
      class: isExact(one) ? 'exact' : 'bounded',
      args: spill(`${one.id}:args`, one.args),
      outputs: spill(`${one.id}:outputs`, Object.fromEntries(known.map(([field, k]) => [field, k.value]))),
      allowed:
        bounded.length === 0
          ? undefined
          : spill(`${one.id}:allowed`, Object.fromEntries(bounded.map(([field, k]) => [field, allowedOf(k)]))),
      signed: signed.length === 0 ? undefined : signed,
      optional: optional.length === 0 ? undefined : optional,
    },
    SPELLING,
  );
};

const digest = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

const READ_ME = {
  numbers:
    'JSON numbers are the shortest that read back to the same double; −0 is -0.0; NaN, Infinity and -Infinity are texts. A tensor is {shape, data}, row-major; a large one is {shape, safetensors, name}, little-endian doubles in that file.',
  outputs:
    'Correctly rounded from 64 digits or from exact arithmetic; no number comes from an engine: it is what a law expects whatever the answer is, or what a row of properties/vectors computes; sources says which. A field that is not named is not judged, and one that is named in optional may be missing. Shapes, flags and texts have to be equal.',
  allowed:
    'How far each number may be from the one in outputs, by field, in the order in which its numbers are written; one number stands for all, and a field that is not named allows nothing. NaN is right for NaN only, an infinity for itself only. 0 and −0 are equal but in the fields that signed names.',
  answers: 'A program that answers by file writes one JSON line per case: {"id": …, "outputs": {…}}.',
} as const;

const entrySchema = z.object({
  cases: z.int(),
  exact: z.int(),
  fields: z.array(z.string()),
  by: z.array(z.string()),
  partly: z.string().optional(),
});
/** A law or a row that knows answers: what it says, and by which means. */
const sourceSchema = z.object({ says: z.string(), how: z.string(), source: z.string().optional() });
export type Source = z.output<typeof sourceSchema>;
const manifestSchema = z.looseObject({
  format: z.literal(FORMAT),
  contract: z.literal(CONTRACT_VERSION),
  dtype: z.enum(['f64', 'f32']),
  seed: z.int(),
  conventions: conventionsSchema,
  cases: z.int(),
  files: z.array(z.object({ file: z.string(), cases: z.int(), sha256: z.string() })),
  tensors: z.object({ file: z.string(), tensors: z.int(), sha256: z.string() }).nullable(),
  entries: z.record(z.string(), entrySchema),
  without: z.record(z.string(), z.string()),
  sources: z.record(z.string(), sourceSchema),
});
export type Manifest = z.output<typeof manifestSchema>;

/** Every file of an export by its name. */
export const filesOf = (
  cases: readonly Case[],
  port: Pick<PortInfo, 'dtype' | 'conventions'>,
  seed: number,
  sources: Readonly<Record<string, Source>> = {},
): ReadonlyMap<string, string | Uint8Array> => {
  const files = new Map<string, string | Uint8Array>();
  const taken = new Map<string, Plain>();
  const spill = spilling(taken);
  const all = families(cases);
  const listed = [...all].map(([kind, own]) => {
    const text = own.map((one) => `${lineOf(one, spill)}\n`).join('');
    files.set(`${kind}.jsonl`, text);
    return { file: `${kind}.jsonl`, cases: own.length, sha256: digest(text) };
  });
  const bytes = safetensors(taken);
  if (taken.size > 0) files.set(TENSORS, bytes);
  const entries: Record<string, z.output<typeof entrySchema>> = {};
  for (const one of [...all.values()].flat()) {
    const e = entries[one.op] ?? { cases: 0, exact: 0, fields: [], by: [] };
    const partly = PARTLY[one.op];
    entries[one.op] = {
      cases: e.cases + 1,
      exact: e.exact + Number(isExact(one)),
      fields: [...new Set([...e.fields, ...Object.keys(one.known)])],
      by: [...new Set([...e.by, one.by])],
      ...(partly === undefined ? {} : { partly }),
    };
  }
  const manifest: Manifest = {
    format: FORMAT,
    contract: CONTRACT_VERSION,
    ...READ_ME,
    dtype: port.dtype,
    seed,
    conventions: port.conventions,
    cases: cases.length,
    files: listed,
    tensors: taken.size === 0 ? null : { file: TENSORS, tensors: taken.size, sha256: digest(bytes) },
    entries,
    without: WITHOUT,
    sources,
  };
  files.set(MANIFEST, `${JSON.stringify(manifest, null, 1)}\n`);
  return files;
};

/** Writes an export into a folder; the sizes of its files by name. */
export const writeFiles = (files: ReadonlyMap<string, string | Uint8Array>, dir: string): void => {
  mkdirSync(dir, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(dir, name), content);
};

/** A folder holds no vectors, or broken ones. */
export class VectorsFault extends Error {
  override readonly name = 'VectorsFault';
}

export interface Exported {
  readonly manifest: Manifest;
  readonly cases: readonly Numbered[];
}

const isRecord = (v: unknown): v is Readonly<Record<string, unknown>> =>
  typeof v === 'object' && v !== null && !Array.isArray(v);

/** A value of a line as the contract knows it: the three words are numbers, and large tensors are put back in. */
const readValue = (v: unknown, tensors: ReadonlyMap<string, Plain>): unknown => {
  if (typeof v === 'string') return Object.hasOwn(NAMED, v) ? NAMED[v] : v; // no text of the contract is one of them
  if (Array.isArray(v)) return v.map((one) => readValue(one, tensors));
  if (!isRecord(v)) return v;
  if (typeof v.safetensors !== 'string')
    return Object.fromEntries(Object.entries(v).map(([k, one]) => [k, readValue(one, tensors)]));
  const found = tensors.get(String(v.name));
  if (found === undefined) throw new VectorsFault(`vectors: ${v.safetensors} has no tensor ${v.name}`);
  return { shape: found.shape, data: Array.from(found.data) };
};
const fieldsOf = (v: unknown, tensors: ReadonlyMap<string, Plain>): Args =>
  isRecord(v) ? (readValue(v, tensors) as Args) : {}; // a record stays one

const knownOf = (line: Readonly<Record<string, unknown>>, tensors: ReadonlyMap<string, Plain>): Case['known'] => {
  const allowed = fieldsOf(line.allowed, tensors);
  const signed = Array.isArray(line.signed) ? line.signed : [];
  return Object.fromEntries(
    Object.entries(fieldsOf(line.outputs, tensors)).map(([field, value]) => {
      const size = numbersIn(value).length;
      const of = numbersIn(allowed[field] ?? 0);
      const each = of.length === 1 ? new Array<number>(size).fill(of[0] ?? 0) : of;
      if (each.length !== size)
        throw new VectorsFault(`vectors: ${line.id} allows ${each.length} numbers of ${size} in ${field}`);
      return [field, { value, allowed: each, signed: signed.includes(field) }];
    }),
  );
};

/** Reads an export back. @throws VectorsFault when the folder holds none, or a file has changed since */
export const readFiles = (dir: string): Exported => {
  const bytesOf = (name: string, sha256?: string): Buffer => {
    const path = join(dir, name);
    if (!existsSync(path)) throw new VectorsFault(`vectors: there is no file ${path}`);
    const bytes = readFileSync(path);
    if (sha256 !== undefined && digest(bytes) !== sha256)
      throw new VectorsFault(`vectors: ${path} is not as it was exported`);
    return bytes;
  };
  const parsed = manifestSchema.safeParse(objectOf(bytesOf(MANIFEST).toString('utf8')));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new VectorsFault(`vectors: ${join(dir, MANIFEST)}: ${issue?.path.join('.')} ${issue?.message}`);
  }
  const manifest = parsed.data;
  const tensors =
    manifest.tensors === null ? new Map() : tensorsIn(bytesOf(manifest.tensors.file, manifest.tensors.sha256));
  const cases = manifest.files.flatMap(({ file, sha256 }) =>
    bytesOf(file, sha256)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((text): Numbered => {
        const line = objectOf(text);
        if (line === null) throw new VectorsFault(`vectors: ${file} has a line that is no JSON object`);
        return {
          id: String(line.id),
          op: String(line.op),
          by: String(line.by),
          args: fieldsOf(line.args, tensors),
          known: knownOf(line, tensors),
        };
      }),
  );
  return { manifest, cases };
};

/** One line of an answers file. */
export interface Answered {
  readonly id: string;
  readonly outputs: Args | null;
}

/** What a program has written: outputs by id, null where it says that it has none. @throws VectorsFault, CodecFault */
export const answersIn = (text: string): readonly Answered[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, i) => {
      const read = objectOf(line);
      if (read === null || typeof read.id !== 'string')
        throw new VectorsFault(`vectors: line ${i + 1} of the answers is no {"id": …, "outputs": {…}}`);
      return { id: read.id, outputs: isRecord(read.outputs) ? recordOf(read.outputs) : null };
    });

/** Conventions in which two differ, as `bnEps inside, not outside`. */
export const differing = (ours: Conventions, theirs: Conventions): readonly string[] =>
  (Object.keys(ours) as (keyof Conventions)[])
    .filter((key) => ours[key] !== theirs[key])
    .map((key) => `${key} ${ours[key]}, not ${theirs[key]}`);
