// The choice of a learning rate under test: a pure function of the losses that are known.
import { describe, expect, test } from 'vitest';
import { factorOf, MOST_EXTRA, RUNGS, rateOf, type Tuned, tune } from './tuning.ts';

const INF = Number.POSITIVE_INFINITY;

/** Tunes with every rate tried that is asked for. */
const tuneBy = (loss: (lr: number) => readonly number[]): Tuned => {
  const known = new Map<number, readonly number[]>();
  for (;;) {
    const state = tune(0.01, (lr) => known.get(lr) ?? null);
    if ('tuned' in state) return state.tuned;
    for (const lr of state.untried) known.set(lr, loss(lr));
  }
};
const twice = (loss: (lr: number) => number) => (lr: number) => [loss(lr), loss(lr)];
const distanceTo = (best: number) => twice((lr) => Math.abs(Math.log(lr / best)));

describe('tuning', () => {
  test('the ladder of rates', () => {
    expect([-3, -2, -1, 0, 1, 2, 3].map(factorOf)).toEqual([0.03, 0.1, 0.3, 1, 3, 10, 30]);
    expect(rateOf(0.001, 5)).toBe(0.3);
  });

  test('what is not known yet is asked for, and nothing else', () => {
    const state = tune(0.01, () => null);
    expect(state).toEqual({ untried: RUNGS.map((rung) => rateOf(0.01, rung)) });
    const [first, ...rest] = RUNGS.map((rung) => rateOf(0.01, rung));
    expect(tune(0.01, (lr) => (lr === first ? [1] : null))).toEqual({ untried: rest });
  });

  test('a best rate inside the grid', () => {
    expect(tuneBy(distanceTo(0.3))).toMatchObject({ lr: 0.3, status: 'ok' });
  });

  test('the grid is extended while the best lies on its edge', () => {
    const { lr, status, tried } = tuneBy(distanceTo(30));
    expect([lr, status, tried.length]).toEqual([30, 'ok', RUNGS.length + 3]);
    expect(tuneBy(distanceTo(0.001)).lr).toBe(0.001);
  });

  test('a best rate that stays on the edge is marked', () => {
    const { status, tried } = tuneBy(twice((lr) => -lr));
    expect([status, tried.length]).toEqual(['edge', RUNGS.length + MOST_EXTRA]);
  });

  test('a tie and a failure leave the default', () => {
    expect(tuneBy(twice(() => Math.LN2))).toMatchObject({ lr: 0.01, status: 'tie' });
    expect(tuneBy(twice(() => INF))).toMatchObject({ lr: 0.01, status: 'failed' });
  });

  test('one failed seed of several spoils a rate', () => {
    const tuned = tuneBy((lr) => (lr === 0.1 ? [0, 0, Number.NaN] : [lr, lr, lr]));
    expect(tuned.tried.find((t) => t.lr === 0.1)?.loss).toBe(INF);
    expect(tuned.lr).not.toBe(0.1);
  });
});
