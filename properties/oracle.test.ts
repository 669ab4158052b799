// The oracle under test: exact doubles, the traps of mathjs, derivatives from two sides, and the reach of the bounds.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Lang, ops } from '../src/index.ts';
import { finite, moderate } from './arbitraries.ts';
import { type Big, big, exact, exp, ln, math, mathOf, nearest, sqrt } from './oracle/exact.ts';
import { evaluate, slopeAt, symbolic } from './oracle/formula.ts';
import { Bounded, bounded, Exact, exactly64 } from './oracle/readings.ts';
import {
  CERTIFICATE_DIGITS,
  compare,
  exactly,
  exponentOf,
  FORMATS,
  grantOf,
  nextDown,
  nextUp,
  spacing,
  ulpsAt,
} from './tolerance.ts';

const at = (x: number) => ({ x: exact(x) });

describe('exact doubles', () => {
  test('every double comes back from 64 digits, subnormals and -0 included', () => {
    fc.assert(
      fc.property(finite('f64'), (x) => Object.is(nearest(exact(x)), x)),
      { seed: 1, numRuns: 2000 },
    );
    expect(Object.is(nearest(exact(-0)), -0)).toBe(true);
    expect(nearest(exact(Number.MIN_VALUE))).toBe(Number.MIN_VALUE);
  });

  test('0.1 is the double, not the decimal', () => {
    expect(exact(0.1).toString()).toBe('0.1000000000000000055511151231257827021181583404541015625');
  });
});

describe('what mathjs would do otherwise', () => {
  test('comparisons have no tolerance: the smallest double is positive', () => {
    expect(evaluate('x', at(Number.MIN_VALUE)).gt(0)).toBe(true);
    expect(math.evaluate('x > 0', at(Number.MIN_VALUE))).toBe(true);
  });

  test('an unbound name is an error, not a unit', () => {
    expect(() => evaluate('x + m', at(1))).toThrow('"m" in "x + m" is not bound');
  });

  test('log1p and expm1 keep their digits near 0, where 64 digits of 1 + x would not', () => {
    expect(
      evaluate('log1p(x)', at(2 ** -1074))
        .div(exact(2 ** -1074))
        .minus(1)
        .abs()
        .toNumber(),
    ).toBeLessThan(Number(CERTIFICATE_DIGITS));
    expect(
      evaluate('expm1(x)', at(-(2 ** -300)))
        .div(exact(2 ** -300))
        .plus(1)
        .abs()
        .toNumber(),
    ).toBeLessThan(Number(CERTIFICATE_DIGITS));
  });

  test('tanh ends, and saturates, for the largest doubles', () => {
    expect(nearest(evaluate('tanh(x)', at(Number.MAX_VALUE)))).toBe(1);
    expect(nearest(evaluate('tanh(x)', at(-(2 ** -600))))).toBe(-(2 ** -600));
  });
});

describe('elementary functions in fixed point', () => {
  /** Any sign, any size up to 10^±digits, 64 digits. */
  const decimals = (least: number, most: number) =>
    fc
      .tuple(fc.bigInt({ min: 10n ** 63n, max: 10n ** 64n - 1n }), fc.integer({ min: least, max: most }), fc.boolean())
      .map(([digits, power, minus]) => big(`${minus ? '-' : ''}${digits}e${power - 63}`));
  /** Units in the 64th digit. */
  const off = (got: Big, truth: Big): number =>
    got.eq(truth) ? 0 : got.minus(truth).div(truth).abs().times(1e63).toNumber();
  const like = (f: (x: Big) => Big, library: (x: Big) => Big, xs: fc.Arbitrary<Big>, units: number): void =>
    fc.assert(
      fc.property(xs, (x) => void expect(off(f(x), library(x)), `at ${x}`).toBeLessThanOrEqual(units)),
      { seed: 1, numRuns: 300 },
    );

  test('exp, ln and sqrt are those of the library, to the last digit', () => {
    like(exp, (x) => x.exp(), decimals(-70, 2), 1);
    like(exp, (x) => x.exp(), decimals(2, 4), 1); // across the bound from where on it is the library's
    like(
      (x) => ln(x.abs()),
      (x) => x.abs().ln(),
      decimals(-400, 400),
      1,
    );
    like(
      (x) => ln(x.plus(1)),
      (x) => x.plus(1).ln(),
      decimals(-62, -1),
      1,
    );
    like(
      (x) => sqrt(x.abs()),
      (x) => x.abs().sqrt(),
      decimals(-400, 400),
      1,
    );
    expect(sqrt(big('1.44e-300')).eq(big('1.2e-150'))).toBe(true); // roots that have an end are exact
    for (const x of [0, -0, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN, Number.MIN_VALUE]) {
      expect(exp(big(x)).valueOf()).toBe(big(x).exp().valueOf());
      expect(ln(big(x)).valueOf()).toBe(big(x).ln().valueOf());
      expect(sqrt(big(x)).valueOf()).toBe(big(x).sqrt().valueOf());
    }
  });

  /** The library with twice the digits, so that differences have 64 left. */
  const wide = mathOf(160);
  const widely =
    (text: string) =>
    (x: Big): Big =>
      big((wide.evaluate(text, { x: wide.bignumber(x.toString()) }) as Big).toString());
  const ours =
    (text: string) =>
    (x: Big): Big =>
      evaluate(text, { x });

  /** What is left of 64 digits where 1 + x keeps the most of them that it does not need: from x = 2⁻¹⁰ on. */
  const NEAR_ONE = 2 ** 10;

  test('log1p, expm1 and sines have their digits near 0', () => {
    like(ours('log1p(x)'), widely('log(1 + x)'), decimals(-60, -1), NEAR_ONE);
    like(ours('expm1(x)'), widely('exp(x) - 1'), decimals(-60, 1), NEAR_ONE);
    like(ours('sinPi(x)'), widely('sin(pi * x)'), decimals(-60, -1), 4);
  });

  test('numbers without a value and without an end go through', () => {
    const ends = { exp: [0, Infinity], tanh: [-1, 1], erf: [-1, 1], erfc: [2, 0], expm1: [-1, Infinity] };
    for (const [name, [left, right]] of Object.entries(ends)) {
      expect(nearest(ours(`${name}(x)`)(big(-Infinity))), name).toBe(left);
      expect(nearest(ours(`${name}(x)`)(big(Infinity))), name).toBe(right);
    }
    for (const name of [...Object.keys(ends), 'log', 'log1p', 'sqrt', 'sech', 'sinPi', 'cosPi'])
      expect(nearest(ours(`${name}(x)`)(big(Number.NaN))), name).toBeNaN();
  });

  test('erf and erfc are those of the Taylor series at 0 with 160 digits', () => {
    const taylor = (x: Big): Big => {
      const at = wide.bignumber(x.toString());
      let power = at;
      let sum = at;
      for (let n = 1; n < 600; n++) {
        power = power.times(at).times(at).div(-n);
        sum = sum.plus(power.div(2 * n + 1));
      }
      return sum.times(2).div(wide.evaluate('sqrt(pi)') as Big);
    };
    const erfc = (x: Big): Big => big(wide.bignumber(1).minus(taylor(x)).toString());
    for (const x of ['1e-40', '-0.3', '1.7', '2.9999', '-2.5']) {
      expect(off(ours('erf(x)')(big(x)), big(taylor(big(x)).toString())), x).toBeLessThanOrEqual(4);
    }
    for (const x of ['3', '3.1', '5', '8', '-3.5'])
      expect(off(ours('erfc(x)')(big(x)), erfc(big(x))), x).toBeLessThanOrEqual(100);
  });
});

describe('derivatives', () => {
  test('symbolic derivatives and central differences agree to 30 digits', () => {
    fc.assert(
      fc.property(fc.constantFrom('exp(x)', 'tanh(x)', '1 / (1 + exp(-x))', 'x^3'), moderate('f64'), (text, x) => {
        const s = slopeAt(text, 'x', at(x)).value;
        const d = slopeAt(`${text} + 0 * abs(x)`, 'x', at(x)).value; // abs has no symbolic rule, which forces differences
        return s.minus(d).abs().lte(s.abs().plus(1).times(CERTIFICATE_DIGITS));
      }),
      { seed: 1, numRuns: 200 },
    );
    expect(symbolic('log1p(x)', 'x')).toBeNull();
    expect(symbolic('exp(x)', 'x')).not.toBeNull();
  });
});

describe('number formats', () => {
  test('spacing, neighbours and exponents agree with the format', () => {
    fc.assert(
      fc.property(
        finite('f64').filter((x) => x !== 0 && Math.abs(x) < Number.MAX_VALUE),
        (x) => {
          const e = exponentOf(x);
          expect(2 ** e <= Math.abs(x) && Math.abs(x) / 2 < 2 ** e).toBe(true);
          expect(nextUp(x, 'f64')).toBeGreaterThan(x);
          expect(nextDown(nextUp(x, 'f64'), 'f64')).toBe(x);
          expect(
            (x + nextUp(x, 'f64')) / 2 === x ||
              (x + nextUp(x, 'f64')) / 2 === nextUp(x, 'f64') ||
              Math.abs(x) > Number.MAX_VALUE / 2 ||
              Math.abs(x) < 2 ** -1021,
          ).toBe(true);
        },
      ),
      { seed: 1, numRuns: 2000 },
    );
    expect(spacing(1, 'f32')).toBe(2 ** -23);
    expect(spacing(0, 'f32')).toBe(2 ** -149);
    expect(FORMATS.f32.max).toBe(3.4028234663852886e38);
    expect(ulpsAt(1 / 2, Number.MIN_VALUE, 'f64')).toBe(Number.MIN_VALUE);
  });
});

describe('running error bounds', () => {
  const grant = grantOf({ dtype: 'f64', conventions: { derivative: 'relative' } as never }); // nothing else of the conventions is read

  test('cover the kernels, and bite: an error of 64 bounds is refused', () => {
    fc.assert(
      fc.property(fc.array(moderate('f64'), { minLength: 2, maxLength: 5 }), (xs) => {
        const shape = [xs.length] as const;
        const program = <T>(o: Lang<T>, x: T): T => o.sum(o.mul(o.tanh(x), o.add(x, x)), { axes: [0], keep: false });
        const truth = program(exactly64, Exact.from(shape, xs));
        const bound = program(bounded(grant), Bounded.from(shape, xs));
        const got = bound.value.view[0] ?? Number.NaN;
        const allowed = bound.error.view[0] ?? Number.NaN;
        const error = nearest((truth.data[0] ?? big(0)).minus(exact(got)).abs());
        return error <= allowed && !compare([got + 64 * allowed + spacing(got, 'f64')], [exactly(got)], [allowed]).ok;
      }),
      { seed: 1, numRuns: 300 },
    );
  });

  test('a pole inside an argument’s interval makes the bound infinite', () => {
    const o = bounded(grant);
    const near0 = o.sub(Bounded.from([], [0.1 + 0.2]), Bounded.from([], [0.3]));
    const around0 = new Bounded(near0.value, ops.add(near0.error, ops.abs(near0.value)));
    expect(o.div(Bounded.from([], [1]), around0).error.view[0]).toBe(Number.POSITIVE_INFINITY);
  });
});
