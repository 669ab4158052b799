// Rooms in a tree of times are those that are found by asking every other value.
import { expect, test } from 'vitest';
import { fold, keyOf, uniform } from '../core/key.ts';
import { roomsOver } from './room.ts';

interface Life {
  readonly from: number;
  readonly to: number;
  readonly bytes: number;
}

/** The lowest address behind what is alive at the same time, or between. */
const byAsking = (lives: readonly Life[], lowest: number): readonly number[] => {
  const placed: (Life & { readonly at: number })[] = [];
  for (const life of lives) {
    const meeting = placed.filter((q) => q.from <= life.to && life.from <= q.to).sort((a, b) => a.at - b.at);
    const at = meeting.reduce(
      ({ at, found }, q) =>
        found || at + life.bytes <= q.at ? { at, found: true } : { at: Math.max(at, q.at + q.bytes), found },
      { at: lowest, found: false },
    ).at;
    placed.push({ ...life, at });
  }
  return placed.map(({ at }) => at);
};

test('the lowest free addresses, whatever is alive when', () => {
  for (let seed = 0; seed < 400; seed++) {
    const draws = uniform(fold(keyOf(1), seed), [200]).view;
    const next = (() => {
      let i = 0;
      return (n: number): number => Math.floor((draws[i++] as number) * n); // there are enough
    })();
    const times = 1 + next(20);
    const lives = Array.from({ length: next(60) }, (): Life => {
      const from = next(times);
      return { from, to: from + next(times - from), bytes: 16 * (1 + next(5)) };
    });
    const room = roomsOver(times);
    expect(lives.map(({ from, to, bytes }) => room(from, to, bytes, 64))).toEqual(byAsking(lives, 64));
  }
});
