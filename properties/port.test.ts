// Adapters that misbehave: each fault has its own sentence, and the right status.
import { describe, expect, test } from 'vitest';
import { LAWS } from './laws/index.ts';
import { type Adapter, definePort, PortError } from './port.ts';
import { homeAdapter } from './ports/home.ts';
import { check, seedOf } from './run.ts';

const law = (id: string) => {
  const found = LAWS.find((l) => l.id === id);
  if (found === undefined) throw new Error(`no law ${id}`);
  return found;
};
const relu = (forward: (args: { x: { shape: number[]; data: number[] } }) => unknown): Adapter => ({
  engine: 'broken',
  version: '0',
  dtype: 'f64',
  entries: { activation: { relu: { forward: forward as never } } }, // wrong answers are the point
});
const run = (adapter: Adapter, timeout = 50) =>
  check(law('activation/value'), definePort(adapter), 'relu', { seed: 1, timeout });
const right = (x: number): number => (x > 0 ? x : 0);

describe('an adapter that breaks the contract crashes its checks, with one sentence', () => {
  const faults: readonly (readonly [string, Adapter, RegExp])[] = [
    [
      'throws',
      relu(() => {
        throw new TypeError('no such kernel');
      }),
      /^activation\.relu\.forward: the port threw TypeError: no such kernel$/,
    ],
    ['returns nothing', relu(() => undefined), /returned nothing, expected a record with y$/],
    ['returns a wrong field', relu(({ x }) => ({ z: x })), /returned a wrong answer: y must be \{ shape, data \}/],
    [
      'returns a wrong shape',
      relu(({ x }) => ({ y: { shape: [1, x.data.length], data: x.data.map(right) } })),
      /returned y with the wrong shape, expected \[\d\], got \[1,\d\]$/,
    ],
    [
      'returns too few numbers',
      relu(({ x }) => ({ y: { shape: x.shape, data: [] } })),
      /must be \{ shape, data \} with as many numbers/,
    ],
    ['rejects', relu(() => Promise.reject(new Error('lost the device'))), /the port threw Error: lost the device$/],
    [
      'never answers',
      relu(() => new Promise(() => {})),
      /^activation\.relu\.forward: the port did not answer within 50 ms$/,
    ],
  ];
  for (const [name, adapter, sentence] of faults)
    test(name, async () => {
      const found = await run(adapter);
      expect(found.status).toBe('crashed');
      expect(found.counterexample?.about).toMatch(sentence);
    });

  test('returns NaN: that is a value, and the law is falsified', async () => {
    const found = await run(relu(({ x }) => ({ y: { shape: x.shape, data: x.data.map(() => Number.NaN) } })));
    expect(found.status).toBe('falsified');
    expect(found.counterexample?.worst?.got).toBeNaN();
  });
});

test('an asynchronous adapter is checked like any other', async () => {
  const found = await run(
    relu(async ({ x }) => ({ y: { shape: x.shape, data: Float64Array.from(x.data, right) } })),
    5000,
  );
  expect(found).toMatchObject({ status: 'holds', runs: 100, margin: 0 });
});

describe('definePort refuses what the contract does not know', () => {
  const cases: readonly (readonly [string, unknown, RegExp])[] = [
    ['a kind', { ...homeAdapter, entries: { activations: {} } }, /unknown kind "activations", known are activation,/],
    [
      'a name',
      { ...homeAdapter, entries: { activation: { mish: { forward: () => ({}) } } } },
      /the contract has no entry activation\.mish\.forward$/,
    ],
    [
      'a call',
      { ...homeAdapter, entries: { activation: { relu: { backward: () => ({}) } } } },
      /the contract has no entry activation\.relu\.backward$/,
    ],
    [
      'something that is no function',
      { ...homeAdapter, entries: { activation: { relu: { forward: 3 } } } },
      /must be a function, got number$/,
    ],
    ['an operation', { ...homeAdapter, ops: ['conv'] }, /unknown operation "conv"$/],
    ['a dtype', { ...homeAdapter, dtype: 'f16' }, /dtype must be "f64" or "f32", got "f16"$/],
    ['a convention', { ...homeAdapter, conventions: { reluSlopeAtZero: 2 } }, /conventions: reluSlopeAtZero/],
    ['no entries', { engine: 'x', version: '1', dtype: 'f64' }, /entries are missing$/],
  ];
  for (const [name, adapter, sentence] of cases)
    test(name, () => {
      expect(() => definePort(adapter as Adapter)).toThrow(PortError);
      expect(() => definePort(adapter as Adapter)).toThrow(sentence);
    });
});

describe('records', () => {
  test('a failure is shrunk, and its values alone show it again', async () => {
    const found = await run(
      relu(({ x }) => ({ y: { shape: x.shape, data: x.data.map((v) => (v > 1 ? 2 * v : right(v))) } })),
    );
    expect(found.status).toBe('falsified');
    const input = found.counterexample?.input as { x: { data: number[] } };
    expect(input.x.data.length).toBe(1);
    const again = await check(
      law('activation/value'),
      definePort(relu(({ x }) => ({ y: { shape: x.shape, data: x.data.map((v) => (v > 1 ? 2 * v : right(v))) } }))),
      'relu',
      { seed: 99, runs: 1, examples: () => [input] },
    );
    expect(again.status).toBe('falsified');
    expect(again.counterexample?.worst).toEqual(found.counterexample?.worst);
    expect(again.counterexample?.stored).toBe(true);
    expect(found.counterexample).not.toHaveProperty('stored');
  });

  test('the same seed gives the same record, and laws have seeds of their own', async () => {
    const adapter = relu(({ x }) => ({ y: { shape: x.shape, data: x.data.map((v) => right(v) * (1 + 2 ** -50)) } }));
    expect(await run(adapter)).toEqual(await run(adapter));
    expect(seedOf(1, 'a/b', 'c')).not.toBe(seedOf(1, 'a/b', 'd'));
    expect(seedOf(1, 'a/b', 'c')).not.toBe(seedOf(2, 'a/b', 'c'));
  });
});
