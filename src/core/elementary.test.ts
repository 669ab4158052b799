// Elementary functions under test: exponentials of a part of a buffer, compiled and where a page forbids that.
import { afterEach, describe, expect, test, vi } from 'vitest';

afterEach(() => {
  vi.unstubAllGlobals();
});

const HOSTS: Readonly<Record<string, () => void>> = {
  'with a compiler': () => {},
  'without one': () =>
    vi.stubGlobal('Function', function forbidden() {
      throw new EvalError('Refused to evaluate a string as JavaScript');
    }),
};

describe.each(Object.entries(HOSTS))('on a host %s', (_, prepare) => {
  test('exponentials take the place of numbers from one place to before another', async () => {
    vi.resetModules();
    prepare();
    const { elementary, expInto } = await import('./elementary.ts');
    const out = Float64Array.from([1, 2, -3, 0.5, -1]);
    expInto(out, 1, 4);
    expect([...out]).toEqual([1, elementary.exp(2), elementary.exp(-3), elementary.exp(0.5), -1]);
    expect(elementary.exp(2)).toBeCloseTo(Math.E ** 2, 12);
    expInto(out, 2, 2);
    expect(out[2]).toBe(elementary.exp(-3));
  });
});
