// The codec of the protocol under test: every number bit for bit in both spellings, and what is no tensor in its own sentence.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Plain } from './contract.ts';
import { CodecFault, numberText, objectOf, recordOf, type Spelling, textOf } from './protocol.ts';

const F64: Spelling = { tensors: 'base64', dtype: 'f64' };
const SPELLINGS: readonly Spelling[] = [F64, { tensors: 'json', dtype: 'f64' }];
const F32: readonly Spelling[] = [
  { tensors: 'base64', dtype: 'f32' },
  { tensors: 'json', dtype: 'f32' },
];

/** Numbers that text and careless code lose. */
const HARD = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  -0,
  0,
  Number.MIN_VALUE,
  -Number.MIN_VALUE,
  2 ** -1022 - 2 ** -1074, // the largest subnormal
  2 ** -1022,
  Number.MAX_VALUE,
  -Number.MAX_VALUE,
  0.1,
  1 + Number.EPSILON,
  1 - Number.EPSILON / 2,
  2 ** 53 - 1,
  1e21, // from where JavaScript writes exponents
  1e-7,
  5e-7,
];
const HARD_F32 = [
  ...HARD.slice(0, 5),
  2 ** -149,
  -(2 ** -149),
  2 ** -126 - 2 ** -149,
  2 ** 128 - 2 ** 104,
  1 + 2 ** -23,
];

/** Written as an argument, sent as a line, and read as an answer. */
const through = (value: unknown, spelling: Spelling): unknown =>
  recordOf(objectOf(textOf({ value }, spelling)) ?? {}).value;
const tensorThrough = (data: readonly number[], spelling: Spelling): Plain =>
  through({ shape: [data.length], data }, spelling) as Plain;

describe.each([...SPELLINGS.map((s) => [s, HARD] as const), ...F32.map((s) => [s, HARD_F32] as const)])(
  'numbers as %o',
  (spelling, hard) => {
    test('come back bit for bit: NaN, the infinities, −0, subnormals, the largest', () => {
      const back = tensorThrough(hard, spelling);
      expect(back.shape).toEqual([hard.length]);
      expect(hard.filter((x, i) => !Object.is(back.data[i], x))).toEqual([]);
    });

    test('come back bit for bit, whatever they are and however many', () => {
      const one = spelling.dtype === 'f64' ? fc.double() : fc.float();
      fc.assert(
        fc.property(fc.array(one, { maxLength: 40 }), (data) => {
          const back = tensorThrough(data, spelling);
          return back.data.length === data.length && data.every((x, i) => Object.is(back.data[i], x));
        }),
        { seed: 1, numRuns: 500 },
      );
    });

    test('are on one line of ASCII', () => {
      const text = textOf({ x: { shape: [hard.length], data: hard }, text: 'a\nb' }, spelling);
      expect(text).toMatch(/^[\x20-\x7e]+$/);
      expect(JSON.parse(text)).toMatchObject({ text: 'a\nb' });
    });
  },
);

test('numbers outside tensors keep their bits too, and lists, records and texts their form', () => {
  for (const x of HARD) expect(through(x, F64)).toBe(x);
  const value = {
    rates: [1, -0, Number.NaN],
    hyper: { lr: Number.POSITIVE_INFINITY },
    loss: 'mse',
    flag: true,
    no: null,
  };
  for (const spelling of SPELLINGS) expect(through(value, spelling)).toEqual(value);
  expect(through([{ shape: [0, 3], data: [] }], F64)).toEqual([{ shape: [0, 3], data: new Float64Array(0) }]);
  expect(textOf({ a: 1, b: undefined }, F64)).toBe('{"a":1}');
  expect(textOf(Float32Array.of(0.5, -0), F64)).toBe('[0.5,-0.0]');
});

test('the text of a number is the shortest that reads back', () => {
  expect(HARD.map(numberText).slice(0, 7)).toEqual([
    '"NaN"',
    '"Infinity"',
    '"-Infinity"',
    '-0.0',
    '0',
    '5e-324',
    '-5e-324',
  ]);
});

test('bytes are little-endian: 1 is 00 00 00 00 00 00 f0 3f', () => {
  expect(textOf({ shape: [], data: [1] }, F64)).toBe('{"shape":[],"f64":"AAAAAAAA8D8="}');
  expect(textOf({ shape: [1], data: [1] }, { tensors: 'base64', dtype: 'f32' })).toBe('{"shape":[1],"f32":"AACAPw=="}');
});

test('an answer may be in any form, whatever was asked for; its data are its own', () => {
  const tensors = [
    { shape: [1], f64: 'AAAAAAAA8D8=' },
    { shape: [1], f32: 'AACAPw==' },
    { shape: [1], data: [1] },
  ].map((x) => recordOf({ x }).x as Plain);
  expect(tensors.map((t) => t.data[0])).toEqual([1, 1, 1]);
  expect(tensors.map(({ data }) => ArrayBuffer.isView(data) && data.buffer.byteLength)).toEqual([8, 4, false]); // no pool's
});

describe('what is no tensor has its own sentence:', () => {
  const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
    ['a negative size', { shape: [-1], data: [] }, /x: "shape" must be a list of sizes, got \[-1\]/],
    ['no numbers', { shape: [1] }, /x: a tensor has one of "f64", "f32" and "data" beside its shape, got shape/],
    ['numbers twice', { shape: [1], data: [1], f64: 'AAAAAAAA8D8=' }, /x: a tensor has one of/],
    ['too few', { shape: [2], data: [1] }, /x: the shape holds 2 numbers, "data" has 1/],
    ['no list', { shape: [1], data: 1 }, /x: "data" must be a list, got 1/],
    ['another word', { shape: [1], data: ['nan'] }, /x: element 0 must be a number, "NaN", .* got "nan"/],
    ['null', { shape: [1], data: [null] }, /x: element 0 must be a number, .* got null/],
    ['no base64', { shape: [1], f64: '????????????' }, /x: "f64" must be base64 text with its padding/],
    ['no padding', { shape: [1], f64: 'AAAAAAAA8D8' }, /x: "f64" must be base64 text with its padding/],
    [
      'the other width',
      { shape: [1], f64: 'AACAPw==' },
      /x: 1 numbers of "f64" are 8 bytes, got 4, as many as of "f32"/,
    ],
    ['too many bytes', { shape: [], f32: 'AACAPwAAgD8=' }, /x: 1 numbers of "f32" are 4 bytes, got 8, as many as/],
  ];
  for (const [name, x, sentence] of WRONG)
    test(name, () => {
      expect(() => recordOf({ x })).toThrow(CodecFault);
      expect(() => recordOf({ x })).toThrow(sentence);
      expect(() => recordOf({ x: [{ y: x }] })).toThrow(/^x\.0\.y: /);
    });
});
