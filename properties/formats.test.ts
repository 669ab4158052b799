// Inputs under test: what laws ask of a port in single precision are numbers of single precision, which it can read without rounding.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LAWS } from './laws/index.ts';
import type { Port } from './port.ts';
import home from './ports/home.ts';

const single: Port = { ...home, dtype: 'f32' };

/** Laws that compare answers of a port with each other, or with counts, so that it does not matter how it reads a number. */
const AMONG_THEMSELVES = ['op/stretched', 'network/lipschitz', 'initializer/propagation', 'initializer/depth'];

/** The numbers of tensors, however deep they lie. */
const numbersIn = (v: unknown): readonly number[] => {
  if (v === null || typeof v !== 'object') return [];
  if ('shape' in v && 'data' in v) return Array.from(v.data as ArrayLike<number>);
  return Object.values(v).flatMap(numbersIn);
};

test('tensors are made of numbers of the format', () => {
  const found = LAWS.filter(({ id }) => !AMONG_THEMSELVES.includes(id)).flatMap((law) =>
    law.subjects(single).flatMap((subject, i) => {
      if (i >= 4) return []; // the inputs of subjects of one law differ little
      const inputs = fc.sample(law.given(single, subject), { seed: 1, numRuns: 10 });
      const odd = inputs.flatMap(numbersIn).find((x) => !Object.is(Math.fround(x), x));
      return odd === undefined ? [] : [`${law.id} [${subject}]: ${odd}`];
    }),
  );
  expect(found).toEqual([]);
}, 120_000);

test('numbers that are written down and read back are, too', () => {
  const law = LAWS.find(({ id }) => id === 'train/exported');
  const inputs = fc.sample(law?.given(single, 'port') ?? fc.constant(null), { seed: 1, numRuns: 40 });
  const odd = inputs.flatMap((v) => (v as { readonly odd: readonly number[] }).odd); // what that law plants
  expect(odd.length).toBeGreaterThan(40);
  expect(odd.filter((x) => !Object.is(Math.fround(x), x))).toEqual([]);
});
