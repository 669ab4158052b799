// The probes do what they say, and say how much.
import { expect, test } from 'vitest';
import { copyProbe, flopsProbe } from './limits.ts';

test('probes of arithmetic count the products and sums of all lanes', () => {
  const turns = 10;
  for (const fused of [false, true]) {
    expect(flopsProbe('f32', fused).run(turns)).toBe(2 * flopsProbe('f64', fused).run(turns));
    expect(flopsProbe('f64', fused).run(turns)).toBe(turns * 4 * 12 * 2 * 2);
  }
});

test('a probe of copying counts bytes', () => {
  expect(copyProbe(4096).run(3)).toBe(3 * 4096);
});
