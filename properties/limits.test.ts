// Detection limits under test, with few trials: what five checks have to find is found, and what no double can show is not.
import { describe, expect, test } from 'vitest';
import { CERTAIN, found, measure } from './detect.ts';
import { LAWS } from './laws/index.ts';
import { FAULTS } from './limits.ts';
import home from './ports/home.ts';

const TRIALS = 5;
const find = (fault: string, size: number, trials = TRIALS): Promise<number> =>
  found({ fault, size, seed: 1, from: 0, to: trials }, LAWS, home);

describe('what has to be found is found', () => {
  for (const fault of FAULTS.filter((f) => f.demanded !== undefined))
    test(`${fault.id}: ${fault.says}`, async () => {
      const size = typeof fault.demanded === 'number' ? fault.demanded : 0;
      expect(await find(fault.id, size)).toBe(TRIALS);
      if (fault.power !== undefined) expect(fault.power(size)).toBeGreaterThanOrEqual(CERTAIN);
    });
});

test('the rows are rows: ids are unique, laws and their subjects exist, sizes fall', () => {
  expect(new Set(FAULTS.map((f) => f.id)).size).toBe(FAULTS.length);
  for (const { id, law, subject, sizes = [], demanded } of FAULTS) {
    expect(LAWS.find((l) => l.id === law)?.subjects(home), id).toContain(subject);
    expect(
      [...sizes].sort((a, b) => b - a),
      id,
    ).toEqual(sizes);
    if (typeof demanded === 'number') expect(sizes, id).toContain(demanded);
  }
  expect(new Set(FAULTS.map((f) => f.check)).size).toBe(5);
});

test('a relative error that rounding swallows is not found', async () => {
  expect(await find('gradient/one-weight', 2 ** -53, 2)).toBe(0);
  expect(await find('bce/value', 2 ** -53, 2)).toBe(0);
});

test('a measurement goes down until hardly any trial finds the fault, and decides the smallest size that none missed', async () => {
  const base = FAULTS.find((f) => f.id === 'bce/value');
  if (base === undefined) throw new Error('no such fault');
  const fault = { ...base, sizes: [4, 3, 2, 1], demanded: 3 };
  // 2 is missed once in forty, 1 never found
  const count = ({ size, from, to }: { readonly size: number; readonly from: number; readonly to: number }) =>
    Promise.resolve(size === 1 ? 0 : to - from - (size === 2 && from <= 39 && 39 < to ? 1 : 0));
  const limit = await measure(fault, { seed: 1, trials: 100, hands: 2, count });
  expect(limit.smallest).toBe(3);
  expect(limit.met).toBe(true);
  expect(limit.sizes.map((s) => s.certain)).toEqual([true, true, false, false]);
  expect(limit.sizes.map((s) => s.found / s.trials === 1)).toEqual([true, true, false, false]);
  expect((await measure({ ...fault, demanded: 2 }, { seed: 1, trials: 100, count })).met).toBe(false);
});
