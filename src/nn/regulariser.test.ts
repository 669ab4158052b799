// Regularisers as people set them up: what is refused, what is left alone, and which parameters count as weights.
import { describe, expect, test } from 'vitest';
import { DomainError, ops, Tensor } from '../index.ts';
import { checkRegulariser, constrain, penaltyOf, REGULARISERS } from './regulariser.ts';

const long = Tensor.from([2, 1], [3, 4]); // norm 5
const flat = Tensor.from([2], [3, 4]);

describe('strengths are numbers from 0 on', () => {
  for (const name of ['l1', 'l2', 'maxNorm'] as const) {
    test(`${name} may be 0`, () => {
      expect(checkRegulariser({ [name]: 0 })).toEqual({ [name]: 0 });
    });
    test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])(`${name} may not be %d`, (v) => {
      const sentence = `regulariser: ${name} must be finite and not negative, got ${v}`;
      expect(() => checkRegulariser({ [name]: v })).toThrow(DomainError);
      expect(() => checkRegulariser({ [name]: v })).toThrow(sentence);
      expect(() => penaltyOf(ops, { [name]: v }, [])).toThrow(sentence);
      expect(() => constrain(ops, { maxNorm: 1, [name]: v }, [])).toThrow(sentence);
    });
  }
});

test('rows say which numbers they read', () => {
  expect(Object.entries(REGULARISERS).map(([name, { strengths }]) => [name, ...strengths])).toEqual([
    ['l1', 'l1'],
    ['l2', 'l2'],
    ['elasticNet', 'l1', 'l2'],
    ['maxNorm', 'maxNorm'],
  ]);
});

test('without a limit the parameters are the same ones', () => {
  const params = [{ w: long }];
  expect(constrain(ops, undefined, params)).toBe(params);
  expect(constrain(ops, { l1: 1, l2: 1 }, params)).toBe(params);
});

test('the limit is for matrices of weights: no bias, no vector, no other name that ends alike', () => {
  const [after] = constrain(ops, { maxNorm: 1, bias: true }, [
    { w: long, b: long, '0.w': long, gamma: flat, '1.w': flat, slow: long },
  ]);
  const got = Object.fromEntries(Object.entries(after ?? {}).map(([name, v]) => [name, v.toArray()]));
  for (const name of ['w', '0.w'])
    got[name]?.forEach((v, i) => {
      expect(v).toBeCloseTo((i + 3) / 5, 14);
    });
  for (const name of ['b', 'gamma', '1.w', 'slow']) expect(got[name]).toEqual([3, 4]);
});

test('the penalty is for weights, and for biases where that is asked', () => {
  const params = [{ w: flat, b: flat, slow: flat }];
  expect(penaltyOf(ops, { l1: 2 }, params)?.toArray()).toEqual([14]);
  expect(penaltyOf(ops, { l1: 2, bias: true }, params)?.toArray()).toEqual([42]);
  expect(penaltyOf(ops, { l1: 0 }, params)).toBeNull();
  expect(penaltyOf(ops, { l1: 2 }, [{ b: flat }])).toBeNull();
});
