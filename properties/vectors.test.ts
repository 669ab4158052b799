// Golden vectors under test: enough of them, of every entry or with a reason, the same bytes each time, and no fault gets past them.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Args } from './contract.ts';
import { ENTRIES } from './contract.ts';
import type { Law } from './law.ts';
import { LAWS } from './laws/index.ts';
import { override } from './port.ts';
import home from './ports/home.ts';
import { seedOf } from './run.ts';
import { nextUp } from './tolerance.ts';
import { type Case, numbersIn, reach, withNumbers } from './vectors/case.ts';
import { answersIn, filesOf, type Numbered, readFiles, VectorsFault, writeFiles } from './vectors/files.ts';
import { harvest } from './vectors/harvest.ts';
import { judge, judgeAnswers, type Outcome } from './vectors/judge.ts';
import { SEED } from './vectors/make.ts';
import { ROWS } from './vectors/rows.ts';
import { safetensors, tensorsIn } from './vectors/safetensors.ts';
import { NOT_ASKED, PARTLY, WITHOUT } from './vectors/without.ts';

const ids = [...ENTRIES.keys()].filter((id) => !id.startsWith('verifier.')); // which only the laws about laws ask
const MAIN = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url));
const bitsOf = (x: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  return view.getBigUint64(0);
};
const SPECIAL = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  0,
  -0,
  5e-324,
  -5e-324,
  2 ** -1022 - 2 ** -1074,
  0.1,
  1 / 3,
  Number.MAX_VALUE,
  1e21,
  123456789012345680000,
];

const through = async (files: ReadonlyMap<string, string | Uint8Array>) => {
  const dir = mkdtempSync(join(tmpdir(), 'tautograd-vectors-'));
  try {
    writeFiles(files, dir);
    return readFiles(dir);
  } finally {
    rmSync(dir, { recursive: true });
  }
};

describe('the numbers of the files', () => {
  test('are bit for bit those of the cases, in lines and beside them', async () => {
    const tensor = { shape: [SPECIAL.length], data: SPECIAL };
    const large = { shape: [4, 2000], data: Array.from({ length: 8000 }, (_, i) => SPECIAL[i % SPECIAL.length] ?? 0) };
    const known = {
      y: { value: tensor, allowed: SPECIAL.map((_, i) => i * 2 ** -50), signed: true },
      more: { value: large, allowed: large.data.map((_, i) => i * 2 ** -60), signed: false },
      nested: {
        value: [[Number.NaN, -0], 'text', true, { shape: [2], axes: [1] }],
        allowed: [0, 0, 0, 0],
        signed: false,
      },
    };
    const one: Case = { op: 'activation.relu.forward', by: 'activation/value', args: { x: large, slope: -0 }, known };
    const { cases } = await through(filesOf([one], home, SEED));
    const [read] = cases;
    expect(numbersIn(read?.args).map(bitsOf)).toEqual(numbersIn(one.args).map(bitsOf));
    for (const [field, k] of Object.entries(known)) {
      expect(numbersIn(read?.known[field]?.value).map(bitsOf), field).toEqual(numbersIn(k.value).map(bitsOf));
      expect(read?.known[field]?.allowed, field).toEqual(k.allowed);
      expect(read?.known[field]?.signed, field).toBe(k.signed);
    }
    expect(read?.known.nested?.value).toEqual(known.nested.value);
  });

  test('follow the format of safetensors', () => {
    const bytes = safetensors(
      new Map([
        ['a', { shape: [2], data: [1, -0] }],
        ['b', { shape: [], data: [Number.NaN] }],
      ]),
    );
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))).toEqual({
      a: { dtype: 'F64', shape: [2], data_offsets: [0, 16] },
      b: { dtype: 'F64', shape: [], data_offsets: [16, 24] },
    });
    expect(bytes.length).toBe(8 + length + 24);
    expect(numbersIn(tensorsIn(bytes).get('a')).map(bitsOf)).toEqual([1, -0].map(bitsOf));
    expect(() => tensorsIn(bytes.subarray(0, bytes.length - 1))).toThrow(/b has 8 bytes/);
    expect(() => tensorsIn(bytes.subarray(0, 4))).toThrow(/a header of NaN bytes in a file of 4/);
  });

  test('are refused where a file has changed', async () => {
    const files = new Map(filesOf([{ op: 'gain.relu.value', by: 'x', args: {}, known: {} }], home, SEED));
    files.set('gain.jsonl', `${files.get('gain.jsonl')} `);
    await expect(through(files)).rejects.toThrow(VectorsFault);
  });
});

describe('what a law knows beforehand', () => {
  const law = (id: string): Law => {
    const found = LAWS.find((l) => l.id === id);
    if (found === undefined) throw new Error(`no law ${id}`);
    return found;
  };
  const harvested = async (id: string, subject: string): Promise<readonly Case[]> => {
    const inputs = fc.sample(law(id).given(home, subject), { seed: seedOf(SEED, id, subject), numRuns: 12 });
    return (await Promise.all(inputs.map((input) => harvest(law(id), home, subject, input)))).flat();
  };

  test('does not come from the engine that gives the form of answers', async () => {
    const wrong = override(home, {
      'activation.tanh.forward': ({ x }) => ({
        y: { shape: (x as { shape: number[] }).shape, data: numbersIn(x).map(() => 7) },
      }),
    });
    const [input] = fc.sample(law('activation/value').given(home, 'tanh'), { seed: 1, numRuns: 1 });
    const cases = await harvest(law('activation/value'), home, 'tanh', input);
    expect(cases).toHaveLength(1);
    expect(await harvest(law('activation/value'), wrong, 'tanh', input)).toEqual(cases);
  });

  test('is nothing where the law looks at the answer: its zeros, its order, its numbers', async () => {
    expect(await harvested('dropout/sampled-values', 'dropout')).toEqual([]);
    expect(await harvested('activation/tanh-odd', 'tanh')).toEqual([]);
    expect(await harvested('optimizer/odd', 'adam')).toEqual([]);
    for (const { known } of await harvested('rng/permutation', 'permutation'))
      expect(numbersIn(known.order?.value).length).toBeLessThan(2);
  });

  test('allows what the law allows, of a number that was rounded', () => {
    const third = { value: 1 / 3, from: (got: number) => Math.abs(got - 1 / 3 - 2 ** -56) }; // lies above its double
    expect(reach(third, 0, 'f64')).toBe(0);
    expect(reach(third, 2 ** -55, 'f64')).toBe(0);
    expect(reach(third, 2 ** -54, 'f64')).toBe(2 ** -54);
    expect(reach({ value: 1, from: (got) => Math.abs(got - 1) }, 2 ** -51, 'f64')).toBe(2 ** -51);
    expect(reach({ value: Number.POSITIVE_INFINITY, from: () => 0 }, 1, 'f64')).toBe(0);
  });
});

describe('the whole export', () => {
  let cases: readonly Numbered[] = [];
  const scratch = mkdtempSync(join(tmpdir(), 'tautograd-export-'));
  const [whole, some] = [join(scratch, 'whole'), join(scratch, 'some')];
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));
  const vectors = (...args: readonly string[]) =>
    spawnSync(process.execPath, [MAIN, 'vectors', ...args], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  beforeAll(() => {
    const { status, stderr } = vectors('export', '--out', whole);
    expect(status, stderr).toBe(0);
    const read = readFiles(whole);
    cases = read.cases;
    expect(Object.keys(read.manifest.sources).sort()).toEqual([...new Set(cases.map((c) => c.by))].sort());
  }, 1_800_000);
  const first = (op: string, has: (c: Numbered) => boolean = () => true): Numbered => {
    const found = cases.find((c) => c.op === op && has(c));
    if (found === undefined) throw new Error(`no case of ${op}`);
    return found;
  };
  const answerOf = (c: Numbered): Args =>
    Object.fromEntries(Object.entries(c.known).map(([field, k]) => [field, k.value]));
  const changed = (c: Numbered, by: (x: number) => number): Outcome =>
    judge(
      c,
      Object.fromEntries(
        Object.entries(answerOf(c)).map(([field, v]) => {
          const all = numbersIn(v).map(by);
          let next = 0;
          return [field, withNumbers(v, () => all[next++] ?? 0)];
        }),
      ),
    );

  test('has 5,000 cases and more, of every entry or with a reason, and not both', () => {
    expect(cases.length).toBeGreaterThanOrEqual(5000);
    const covered = new Set(cases.map((c) => c.op));
    expect(ids.filter((id) => covered.has(id) === id in WITHOUT)).toEqual([]);
    expect(Object.keys(WITHOUT).filter((id) => !ids.includes(id))).toEqual([]);
    expect(Object.keys(PARTLY).filter((id) => !covered.has(id))).toEqual([]);
    expect(Object.keys(NOT_ASKED).filter((id) => LAWS.every((l) => l.id !== id))).toEqual([]);
    const by = new Set(cases.map((c) => c.by));
    expect(ROWS.map((r) => r.id).filter((id) => !by.has(id))).toEqual([]);
    expect(new Set(cases.map((c) => c.id)).size).toBe(cases.length);
  });

  test('says every field of an answer somewhere, but of entries that are known in part', () => {
    const said = new Set(cases.flatMap((c) => Object.keys(c.known).map((field) => `${c.op}:${field}`)));
    const silent = ids
      .filter((id) => !(id in WITHOUT) && !(id in PARTLY))
      .flatMap((id) => Object.keys(ENTRIES.get(id)?.gives ?? {}).map((field) => `${id}:${field}`))
      .filter((field) => !said.has(field));
    expect(silent).toEqual([
      'perceptron.perceptron.fit:converged',
      'training.network.fit_watched:state',
      'training.network.fit_resumed:state',
    ]);
  });

  test('has special values, and tensors of more than ten thousand numbers', () => {
    const inputs = cases.flatMap((c) => numbersIn(c.args));
    for (const x of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324, -5e-324])
      expect(
        inputs.some((v) => Object.is(v, x)),
        String(x),
      ).toBe(true);
    const sizes = cases.map((c) => Math.max(...Object.values(c.known).map((k) => k.allowed.length)));
    expect(sizes.filter((n) => n > 10_000).length).toBeGreaterThanOrEqual(4);
    expect(tensorsIn(readFileSync(join(whole, 'tensors.safetensors'))).size).toBeGreaterThanOrEqual(4);
  });

  test('finds nothing wrong with the built-in engine', () => {
    const { status, stdout } = vectors('check', '--from', whole);
    expect(stdout).toContain(`cases: ${cases.length} right, 0 wrong, 0 crashed, 0 not covered`);
    expect(status).toBe(0);
  }, 600_000);

  test('gives the same bytes again, of some kinds alone too', () => {
    const kinds = ['clip', 'perceptron', 'gain', 'session'];
    expect(vectors('export', '--out', some, '--entries', kinds.map((kind) => `${kind}.*`).join()).status).toBe(0);
    for (const kind of kinds)
      expect(readFileSync(join(some, `${kind}.jsonl`)), kind).toEqual(readFileSync(join(whole, `${kind}.jsonl`)));
  }, 600_000);

  test('catches an error of one unit more than is allowed, a wrong sign, a lost −0, a lost NaN, and names the case', () => {
    const sigmoid = first('activation.sigmoid.forward', (c) => (c.known.y?.allowed[0] ?? 0) > 0);
    const [y = 0] = numbersIn(sigmoid.known.y?.value);
    const most = y + (sigmoid.known.y?.allowed[0] ?? 0);
    const only = (x: number) => (v: number) => (v === y ? x : v);
    expect(changed(sigmoid, only(most)).status).toBe('right');
    expect(changed(sigmoid, only(nextUp(most, 'f64')))).toMatchObject({
      id: sigmoid.id,
      status: 'wrong',
      wrong: { field: 'y', at: 0 },
    });
    const gradient = first('layer.dense.vjp', (c) => numbersIn(c.known.dx?.value).some((v) => v !== 0));
    expect(changed(gradient, (v) => -v)).toMatchObject({ id: gradient.id, status: 'wrong' });
    const zero = first(
      'layer.dropout.eval',
      (c) => c.known.y?.signed === true && numbersIn(c.known.y.value).some((v) => Object.is(v, -0)),
    );
    expect(changed(zero, (v) => v + 0)).toMatchObject({ id: zero.id, status: 'wrong' });
    const nan = first('activation.tanh.forward', (c) => numbersIn(c.known.y?.value).some(Number.isNaN));
    expect(changed(nan, (v) => (Number.isNaN(v) ? 0 : v))).toMatchObject({ id: nan.id, status: 'wrong' });
    expect(changed(nan, (v) => (v === 1 ? Number.POSITIVE_INFINITY : v)).status).toBe('wrong');
    const flags = first('optimizer.adam.accepts');
    expect(judge(flags, { accepted: !flags.known.accepted?.value })).toMatchObject({ id: flags.id, status: 'wrong' });
    expect(judge(sigmoid, {})).toMatchObject({ status: 'wrong', wrong: { got: 'nothing' } });
  });

  test('judges a file of answers, and what it has no answer to is not covered', () => {
    const [a, b] = [first('clip.by_value.apply'), first('gain.relu.value')] as const;
    const text = `{"id":"${a.id}","outputs":{"gradients":[]}}\n\n{"id":"${b.id}","outputs":{"gain":${answerOf(b).gain}}}\n`;
    const outcomes = judgeAnswers(cases, answersIn(text));
    expect(outcomes.find((o) => o.id === a.id)?.status).toBe('wrong');
    expect(outcomes.find((o) => o.id === b.id)?.status).toBe('right');
    expect(outcomes.filter((o) => o.status === 'not covered')).toHaveLength(cases.length - 2);
    expect(() => judgeAnswers(cases, answersIn('{"id":"relu/1","outputs":{}}'))).toThrow(/there is no case relu\/1/);
    expect(() => answersIn('relu')).toThrow(/line 1 of the answers/);
  });
});
