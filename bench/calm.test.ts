// Calm by a probe whose pace is told, and turns that are done again until it is calm.
import { describe, expect, test } from 'vitest';
import { type Calm, calmBy, processors } from './calm.ts';
import { loadedProbe } from './limits.ts';
import { calmOf, measureRounds, type Samples, type Timed } from './measure.ts';

/** A pace that follows a list after the readings before the first question, and stays at its last. */
const told = (later: readonly number[]) => {
  let reading = 0;
  const pace = (): number => {
    const i = reading++ - 50;
    return i < 0 ? 100 : (later[Math.min(i, later.length - 1)] ?? Number.NaN);
  };
  return { pace, readings: () => reading - 50 };
};
const calmWhere = (later: readonly number[]) => {
  const { pace, readings } = told(later);
  let rests = 0;
  const calm = calmBy(pace, async () => {
    rests++;
  });
  return { calm, readings, rests: () => rests };
};

describe('calm', () => {
  test('is a pace of at least nine tenths of the best so far', () => {
    const { calm } = calmWhere([100, 90, 89.9, 120, 107, 108]);
    expect(Array.from({ length: 6 }, () => calm.now())).toEqual([true, true, false, true, false, true]);
  });

  test('is waited for with rests between readings, and not beyond the patience', async () => {
    const soon = calmWhere([70, 70, 100]);
    await soon.calm.wait(1e6);
    expect([soon.readings(), soon.rests()]).toEqual([3, 2]);
    const never = calmWhere([70]);
    await never.calm.wait(0);
    expect([never.readings(), never.rests()]).toEqual([1, 0]);
  });

  test('is found by the real probe of this machine, whose work is counted', () => {
    const { run, unit } = loadedProbe();
    expect([run(10), unit]).toEqual([10 * 4 * 12 * 4 * 2, 'flops']);
    expect(typeof calmBy().now()).toBe('boolean');
  });
});

describe('turns in calm', () => {
  const task: Timed = { name: 't', time: (calls) => calls };
  /** What is kept of two rounds, whose ends are calm as told, and how many turns they took. */
  const measured = async (ends: readonly boolean[], patience: number) => {
    let turns = 0;
    const by: Calm = {
      wait: async () => {
        turns++;
      },
      now: () => ends[turns - 1] ?? true,
    };
    const [samples] = await measureRounds([task], { timePerTask: 2, rounds: 2, calm: { by, patience } });
    return { disturbed: samples?.disturbed, turns };
  };

  test.each([
    ['all are calm', [], 1e6, { disturbed: [false, false], turns: 2 }],
    [
      'some end disturbed and are done again',
      [false, false, true, false],
      1e6,
      { disturbed: [false, false], turns: 5 },
    ],
    ['patience is at its end', [false, true], 0, { disturbed: [true, false], turns: 2 }],
  ] as const)('%s', async (_, ends, patience, expected) => {
    expect(await measured(ends, patience)).toEqual(expected);
  });

  test('rounds go on for tasks of which not enough has been seen, up to so many', async () => {
    const enough = ({ rounds }: Samples): boolean => rounds.length >= 5;
    const rounds = async (most: number, asked: number): Promise<number | undefined> =>
      (await measureRounds([task], { timePerTask: 2, rounds: asked, more: { most, enough } }))[0]?.rounds.length;
    expect([await rounds(9, 2), await rounds(3, 2), await rounds(9, 7)]).toEqual([5, 3, 7]);
  });

  test('figures are of the calm rounds where there are three, and of all elsewhere', () => {
    const seen = (disturbed: readonly boolean[]): Samples => ({
      callsPerSample: 1,
      rounds: disturbed.map((_, i) => [i]),
      yardstick: disturbed.map((_, i) => 10 * i),
      around: disturbed.map((_, i) => 100 * i),
      disturbed,
    });
    const [T, F] = [true, false];
    expect(calmOf(seen([T, F, F, T, F]))).toEqual({
      ...seen([F, F, F]),
      rounds: [[1], [2], [4]],
      yardstick: [10, 20, 40],
      around: [100, 200, 400],
    });
    for (const few of [seen([T, F, T, T, F]), seen([T, T])]) expect(calmOf(few)).toBe(few);
    const unwatched = { ...seen([F, F, F]), disturbed: [] };
    expect(calmOf(unwatched)).toEqual(unwatched);
  });
});

test('processors are told as taskset takes them, the one among all', () => {
  const found = processors();
  if (found !== null) expect(found.all).toMatch(new RegExp(`^([\\d,-]*\\D)?${found.one}$`));
});
