// The second writing of random numbers under test: published values, and that it speaks of every initializer there is.
import { describe, expect, test } from 'vitest';
import { INITIALIZERS } from '../src/index.ts';
import { camel, snake } from './contract.ts';
import {
  cdfOf,
  dependingOn,
  fourthMomentOf,
  normalCdf,
  normalQuantile64,
  quantileAt,
  STATED,
  threefryWords,
  uniformOf,
  varianceOf,
  wordsOfSeed,
} from './oracle/draws.ts';
import { big, exact, nearest } from './oracle/exact.ts';
import { evaluate } from './oracle/formula.ts';
import { FORMATS } from './tolerance.ts';

const at = { fanIn: 24, fanOut: 7, gain: 5 / 4 };

describe('the second writing', () => {
  test('speaks of every initializer, and of no other', () => {
    expect(Object.keys(STATED).sort()).toEqual(Object.keys(INITIALIZERS).map(snake).sort());
  });

  test('agrees with the variance that a row prints', () => {
    for (const [name, { law }] of Object.entries(STATED)) {
      if (law === 'point' || law === 'matrix') continue;
      const { variance } = INITIALIZERS[camel(name) as keyof typeof INITIALIZERS];
      const printed = nearest(evaluate(variance, { fanIn: big(24), fanOut: big(7), gain: exact(5 / 4) }));
      expect(varianceOf(name, at) / printed, name).toBeCloseTo(1, 14);
    }
  });

  test('has the published words of Threefry', () => {
    expect(threefryWords([0, 0], [0, 0])).toEqual([0x6b200159, 0x99ba4efe]);
    expect(threefryWords([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3])).toEqual([0xc4923a9c, 0x483df7a0]);
    expect(wordsOfSeed(-1)).toEqual([0xffffffff, 0xffffffff]);
    expect(wordsOfSeed(2 ** 32 + 5)).toEqual([1, 5]);
    expect(uniformOf([0, 0], 0)).toBe(
      (Math.floor(0x6b200159 / 64) * 2 ** 26 + Math.floor(0x99ba4efe / 64) + 0.5) / 2 ** 52,
    );
    expect(uniformOf([0, 0], 0, 'f32')).toBe((Math.floor(0x6b200159 / 2 ** 9) + 0.5) / 2 ** 23);
  });

  test('has the tabled quantiles of the normal law, and their opposites', () => {
    // Abramowitz & Stegun 1964, table 26.6, and its continuation to 30 digits
    expect(normalQuantile64(big('0.975')).toFixed(30)).toBe('1.959963984540054235524594430521');
    expect(
      normalQuantile64(big('0.025'))
        .plus(normalQuantile64(big('0.975')))
        .toNumber(),
    ).toBe(0);
    expect(normalQuantile64(big('0.5')).toNumber()).toBe(0);
    expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 15);
    expect(normalCdf(-40)).toBe(0);
  });

  test('has the moments of a normal law that is cut at two deviations', () => {
    const s = { ...at, gain: 1 };
    expect(varianceOf('truncated_normal', s)).toBeCloseTo(0.7737413035499233, 15);
    // 3 − 28·φ(2)/(Φ(2) − Φ(−2)), and the same by the midpoint rule over quantiles
    const n = 512;
    const z = Array.from(
      { length: n },
      (_, i) => quantileAt('truncated_normal', s, (i + 1 / 2) / n, FORMATS.f64.u)[0].value,
    );
    expect(z.reduce((sum, v) => sum + v ** 4, 0) / n).toBeCloseTo(fourthMomentOf('truncated_normal', s), 2);
  });

  test('has distribution functions that undo its quantiles', () => {
    for (const name of ['he_uniform', 'xavier_normal', 'lecun_truncated'])
      for (const u of [1 / 64, 1 / 3, 3 / 4])
        expect(cdfOf(name, at)(quantileAt(name, at, u, FORMATS.f64.u)[0].value), name).toBeCloseTo(u, 14);
  });

  test('knows which fans count', () => {
    expect(dependingOn('fanOut')).toContain('he_normal_fan_out');
    expect(dependingOn('fanIn')).not.toContain('he_normal_fan_out');
    expect(dependingOn('fanIn')).not.toContain('normal');
  });
});
