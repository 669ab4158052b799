// The chapter of activations: values, derivatives, kinks, ranges and symmetries.
import fc from 'fast-check';
import {
  anyNumber,
  cotangent,
  filled,
  finite,
  moderate,
  parametersFor,
  powerOfTwo,
  type Values,
  vector,
} from '../arbitraries.ts';
import { rowOf } from '../contract.ts';
import { following } from '../fingerprints.ts';
import { among, ask, claim, each, every, type Inquiry, law, same, type Verdict, within } from '../law.ts';
import { ACTIVATION_POINTS, KINKS, type Point } from '../oracle/elements.ts';
import { exact, expecting, nearest } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import {
  contractDerivativeUlps,
  contractUlps,
  exactly,
  FORMATS,
  nextDown,
  nextUp,
  spacing,
  ulpsAt,
} from '../tolerance.ts';

export type Parameters = Readonly<Record<string, number>>;
export interface At {
  readonly x: Values;
  readonly p: Parameters;
}
export interface Pulled extends At {
  readonly dy: Values;
}

export const withParameters = (name: string, value: fc.Arbitrary<number>): fc.Arbitrary<At> =>
  fc.record({ x: vector(value), p: parametersFor(name) });

export const withCotangent = (
  name: string,
  value: fc.Arbitrary<number>,
  dy: fc.Arbitrary<number>,
): fc.Arbitrary<Pulled> =>
  withParameters(name, value).chain((at) =>
    fc.record({ x: fc.constant(at.x), p: fc.constant(at.p), dy: filled(at.x.shape, dy) }),
  );

export function* forward(name: string, x: Values, p: Parameters = {}): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`activation.${name}.forward`, { x, ...p })).tensor('y').data);
}

export function* pull(name: string, x: Values, dy: Values, p: Parameters = {}): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`activation.${name}.vjp`, { x, dy, ...p })).tensor('dx').data);
}

/** Activations that map each number on its own; those along rows have laws of their own. */
export const elementwise =
  (...calls: readonly string[]) =>
  (port: PortInfo): readonly string[] =>
    each('activation', ...calls)(port).filter((name) => rowOf(name).kind === 'pointwise');

export const map = (x: Values, f: (v: number) => number): Values => ({ shape: x.shape, data: x.data.map(f) });
export const ones = (x: Values): Values => map(x, () => 1);

/** What the function is at a point, by its definition. */
export const truthAt = (name: string, v: number, p: Parameters): Point =>
  (ACTIVATION_POINTS[name] as NonNullable<(typeof ACTIVATION_POINTS)[string]>)(exact(v), p); // every elementwise row is in it

/** Kinks and the numbers next to them, from which a wrong side shows. */
const besideKinks = (port: PortInfo, name: string): readonly number[] =>
  (KINKS[name] ?? [0]).flatMap((k) => [nextDown(k, port.dtype), k, nextUp(k, port.dtype)]);

/** Numbers of every size, those beside a kink, where implementations change their formula, and where exponentials end. */
export const telling = (port: PortInfo, name: string): fc.Arbitrary<number> => {
  const { round } = FORMATS[port.dtype];
  const far = (low: number, high: number): fc.Arbitrary<number> =>
    fc
      .tuple(fc.integer({ min: low * 64, max: high * 64 }), fc.boolean())
      .map(([k, left]) => round((left ? -k : k) / 64));
  return fc.oneof(
    { withCrossShrink: true },
    { arbitrary: finite(port.dtype), weight: 4 },
    { arbitrary: fc.constantFrom(...besideKinks(port, name)), weight: 6 },
    { arbitrary: far(2, 40), weight: 3 },
    { arbitrary: far(40, 745), weight: 3 },
    { arbitrary: far(704, 752), weight: 2 },
    { arbitrary: far(746, 1100), weight: 3 },
  );
};

const isKink = (name: string, v: number): boolean => (KINKS[name] ?? []).includes(v);

/** Engines differ in which side these take at 0, which ports declare. */
const RECTIFIERS = following('reluSlopeAtZero');

/**
 * Ranges that hold for every number; per name, because they are what the laws claim of these functions. They are exact where
 * a function saturates, since a quotient is rounded monotonically, and 1 less a share above 1 has no logarithm; x below
 * softplus(x) is a value as any other, `off` by its ulps.
 */
const RANGES: Readonly<Record<string, (y: number, x: number, off: number) => boolean>> = {
  relu: (y) => y >= 0,
  sigmoid: (y) => y >= 0 && y <= 1,
  tanh: (y) => y >= -1 && y <= 1,
  softplus: (y, x, off) => y >= 0 && y >= x - off,
  step: (y) => y === 0 || y === 1,
  selu: (y) => y >= -2,
  gelu: (y) => y > -1 / 4,
  gelu_tanh: (y) => y > -1 / 4,
  silu: (y) => y > -1 / 2,
  hard_sigmoid: (y) => y >= 0 && y <= 1,
  hard_tanh: (y) => y >= -1 && y <= 1,
  softsign: (y) => y >= -1 && y <= 1,
};
/** Suprema of derivatives, attained at 0 only. */
const PEAKS: Readonly<Record<string, number>> = { sigmoid: 1 / 4, tanh: 1 };

/** Where implementations like to change their formula: every half integer up to 50. */
const SWITCHES = Array.from({ length: 201 }, (_, i) => (i - 100) / 2);

/** Functions that never decrease, so that their floating-point values must not either. */
export const MONOTONE = 'identity step relu sigmoid tanh softplus selu hard_sigmoid hard_tanh softsign'.split(' ');

export const absoluteOf = (port: PortInfo, dy: number): number =>
  port.conventions.derivative === 'absolute' ? 4 * FORMATS[port.dtype].u * Math.abs(dy) : 0;

export const activationLaws = [
  law<At>({
    id: 'activation/value',
    ref: 'A-01',
    class: '64-digit oracle',
    says: 'the value is within the contract’s ulps of the 64-digit value over the whole range; exact rows are exact',
    formula: '|y − f(x)| ≤ k·ulp(f(x))',
    kills: ['brain.js #560', 'candle #898', 'nd4j #701'],
    subjects: elementwise('forward'),
    given: (port, name) => withParameters(name, telling(port, name)),
    *holds({ x, p }, port, name) {
      const row = rowOf(name);
      const y = yield* forward(name, x, p);
      const expected = x.data.map((v) => expecting(truthAt(name, v, p).value, port.dtype));
      return within(
        'y',
        y,
        expected,
        expected.map((e) => ulpsAt(contractUlps(row.ulp), e.value, port.dtype)),
      );
    },
  }),
  law<Pulled>({
    id: 'activation/derivative',
    ref: 'A-02',
    class: '64-digit oracle',
    says: 'the derivative keeps its relative accuracy over the whole range, tails included; where it changes sign smoothly, it is that of a number within k ulps of x',
    formula: '|dx − dy·f′(x)| ≤ k·ulp(dy·f′(x)), plus k·|dy·f″(x)|·ulp(x) where f′ changes sign',
    kills: ['tfjs #7251', 'neataptic SOFTSIGN', 'NNlib #706', 'torch #51408'],
    subjects: elementwise('vjp'),
    given: (port, name) =>
      withCotangent(
        name,
        telling(port, name).map((v) => (isKink(name, v) ? 1 / 2 : v)),
        cotangent(port.dtype),
      ),
    *holds({ x, dy, p }, port, name) {
      const row = rowOf(name);
      const k = contractDerivativeUlps(row.ulp);
      const dx = yield* pull(name, x, dy, p);
      const points = x.data.map((v) => truthAt(name, v, p));
      const expected = points.map((t, i) => expecting(t.slope.times(exact(dy.data[i] ?? 0)), port.dtype));
      const allowed = expected.map((e, i) => {
        const scale = Math.abs(dy.data[i] ?? 0);
        const v = x.data[i] ?? 0;
        const bend = Math.abs(nearest(points[i]?.bend ?? exact(0)));
        const condition = bend === 0 ? 0 : Math.abs((v * bend) / nearest(points[i]?.slope ?? exact(1)));
        // f′ itself may be subnormal before dy enlarges it
        const underflow = k > 1 / 2 ? k * FORMATS[port.dtype].tiny * Math.max(1, condition) * scale : 0;
        return (
          ulpsAt(k, e.value, port.dtype) +
          k * bend * spacing(v, port.dtype) * scale +
          underflow +
          absoluteOf(port, scale)
        );
      });
      return within('dx', dx, expected, allowed);
    },
  }),
  law<{ readonly dy: number; readonly p: Parameters }>({
    id: 'activation/kink',
    ref: 'A-04, A-05',
    class: 'exact',
    runs: 30,
    says: 'one ulp to either side of a kink the slope is that of the side, and at the kink it lies between them; the rectifiers have the slope that is declared',
    kills: ['torch #1792', 'tfjs #7251'],
    subjects: (port) => elementwise('vjp')(port).filter((name) => name in KINKS),
    given: (_port, name) => fc.record({ dy: powerOfTwo(-3, 3), p: parametersFor(name) }),
    *holds({ dy, p }, port, name) {
      const c = port.conventions.reluSlopeAtZero;
      const verdicts: Verdict[] = [];
      for (const at of KINKS[name] ?? []) {
        const [below, above] = [nextDown(at, port.dtype), nextUp(at, port.dtype)];
        const x = { shape: [3], data: [below, at, above] };
        const dx = yield* pull(
          name,
          x,
          map(x, () => dy),
          p,
        );
        const side = (v: number): number => FORMATS[port.dtype].round(nearest(truthAt(name, v, p).slope));
        const [left, right] = [side(below), side(above)];
        const sides = [left, right].map((s) => s * dy);
        const mid = dx[1] ?? Number.NaN;
        verdicts.push(
          same('dx just left and just right of the kink', [dx[0] ?? Number.NaN, dx[2] ?? Number.NaN], sides),
          RECTIFIERS.includes(name)
            ? same('dx at the kink', [mid], [(left + c * (right - left)) * dy])
            : claim(
                `dx at the kink in [${Math.min(...sides)}, ${Math.max(...sides)}]`,
                mid >= Math.min(...sides) && mid <= Math.max(...sides),
                mid,
              ),
        );
      }
      return every(verdicts);
    },
  }),
  law<At>({
    id: 'activation/nan',
    ref: 'A-06',
    class: 'exact',
    says: 'NaN comes only from NaN: value and derivative are numbers for every other input, infinities included',
    kills: ['tiny-dnn #347', 'nd4j #7382', 'burn #520', 'dynet #1525', 'NNlib #408', 'candle #2328', 'tinygrad #8238'],
    subjects: (port) => each('activation', 'forward')(port),
    given: (port, name) =>
      rowOf(name).kind === 'pointwise'
        ? withParameters(name, anyNumber(port.dtype))
        : withParameters(name, finite(port.dtype)),
    *holds({ x, p }, port, name) {
      const y = yield* forward(name, x, p);
      const dx = port.has(`activation.${name}.vjp`) ? yield* pull(name, x, ones(x), p) : [];
      const wrong = (values: readonly number[], strict: boolean): number =>
        values.findIndex((v, i) => (strict || !Number.isNaN(x.data[i])) && Number.isNaN(v) !== Number.isNaN(x.data[i]));
      const [a, b] = [wrong(y, true), wrong(dx, false)];
      return every([claim(`y at x = ${x.data[a]} is NaN`, a < 0), claim(`dx at x = ${x.data[b]} is NaN`, b < 0)]);
    },
  }),
  law<At>({
    id: 'activation/range',
    ref: 'A-07',
    class: 'exact',
    says: 'values stay in the range of the function, whatever the input',
    subjects: among(Object.keys(RANGES), 'activation', 'forward'),
    given: (port, name) => withParameters(name, finite(port.dtype)),
    *holds({ x, p }, port, name) {
      const y = yield* forward(name, x, p);
      const off = (v: number): number => ulpsAt(contractUlps(rowOf(name).ulp), v, port.dtype);
      const bad = y.findIndex((v, i) => !RANGES[name]?.(v, x.data[i] ?? 0, off(x.data[i] ?? 0)));
      return claim(`y at x = ${x.data[bad]} in the range of the function`, bad < 0, y[bad]);
    },
  }),
  law<Values>({
    id: 'activation/monotone',
    ref: 'A-08',
    class: 'rounding bound',
    says: 'the value at the next number is never smaller, across every switch of the implementation; where values have ulps, by no more than these',
    kills: ['torch #55587'],
    subjects: among(MONOTONE, 'activation', 'forward'),
    given: (port, name) => vector(telling(port, name)),
    *holds(x, port, name) {
      const all = [...x.data, ...SWITCHES];
      const at = { shape: [all.length], data: all };
      const up = map(at, (v) => nextUp(v, port.dtype));
      const [a, b] = [yield* forward(name, at), yield* forward(name, up)];
      // both values have their ulps, of a function that rises by less
      const k = contractUlps(rowOf(name).ulp);
      const off = (v: number): number => (k > 1 / 2 ? 2 * ulpsAt(k, v, port.dtype) : 0);
      const bad = a.findIndex((v, i) => !(v <= (b[i] ?? Number.NaN) + off(v)));
      return claim(`y just above x = ${all[bad]} ≥ ${a[bad]}, which it is there`, bad < 0, b[bad]);
    },
  }),
  law<Values>({
    id: 'activation/sigmoid-reflection',
    ref: 'A-09',
    class: 'rounding bound',
    says: 'σ(x) + σ(−x) = 1 within 4u, and σ(0) is exactly ½',
    subjects: having1('sigmoid'),
    given: (port) => vector(finite(port.dtype)),
    *holds(x, port) {
      const [a, b] = [
        yield* forward('sigmoid', x),
        yield* forward(
          'sigmoid',
          map(x, (v) => -v),
        ),
      ];
      const half = yield* forward('sigmoid', { shape: [1], data: [0] });
      const sums = a.map((v, i) => v + (b[i] ?? Number.NaN));
      return every([
        same('σ(0)', half, [1 / 2]),
        within(
          'σ(x) + σ(−x)',
          sums,
          sums.map(() => exactly(1)),
          sums.map(() => 4 * FORMATS[port.dtype].u),
        ),
      ]);
    },
  }),
  law<Values>({
    id: 'activation/derivative-even',
    ref: 'A-11',
    class: 'rounding bound',
    says: 'σ′ and tanh′ are even, to 8 ulps of their own size',
    formula: 'f′(x) = f′(−x)',
    kills: ['tfjs 4.22.0', 'TF #126060'],
    subjects: among(Object.keys(PEAKS), 'activation', 'vjp'),
    given: (port) => vector(moderate(port.dtype).map((v) => 8 * v)),
    *holds(x, port, name) {
      const [a, b] = [
        yield* pull(name, x, ones(x)),
        yield* pull(
          name,
          map(x, (v) => -v),
          ones(x),
        ),
      ];
      const k = contractDerivativeUlps(rowOf(name).ulp);
      return within(
        'f′(x) against f′(−x)',
        a,
        b.map(exactly),
        b.map((v) => ulpsAt(k, v, port.dtype) + absoluteOf(port, 1)),
      );
    },
  }),
  law<Values>({
    id: 'activation/tanh-odd',
    ref: 'A-12',
    class: 'exact',
    says: 'tanh(−x) is exactly −tanh(x)',
    subjects: having1('tanh'),
    given: (port) => vector(finite(port.dtype)),
    *holds(x) {
      const [a, b] = [
        yield* forward('tanh', x),
        yield* forward(
          'tanh',
          map(x, (v) => -v),
        ),
      ];
      return same(
        'tanh(−x)',
        b,
        a.map((v) => -v),
      );
    },
  }),
  law<Values>({
    id: 'activation/derivative-peak',
    ref: 'A-14',
    class: 'rounding bound',
    says: 'σ′ lies in [0, ¼] and tanh′ in [0, 1], with the maximum exactly at 0, and beside it no further above than its own ulps',
    subjects: among(Object.keys(PEAKS), 'activation', 'vjp'),
    given: (port) => vector(finite(port.dtype)),
    *holds(x, port, name) {
      const peak = PEAKS[name] ?? 0;
      const dx = yield* pull(name, x, ones(x));
      const top = yield* pull(name, { shape: [1], data: [0] }, { shape: [1], data: [1] });
      const most = peak + ulpsAt(contractDerivativeUlps(rowOf(name).ulp), peak, port.dtype) + absoluteOf(port, 1);
      const bad = dx.findIndex((v) => !(v >= 0 && v <= most));
      return every([same('f′(0)', top, [peak]), claim(`f′(${x.data[bad]}) in [0, ${peak}]`, bad < 0, dx[bad])]);
    },
  }),
  law<Values>({
    id: 'activation/relu-decomposition',
    ref: 'A-15',
    class: 'exact',
    says: 'relu(x) − relu(−x) = x and relu(x) + relu(−x) = |x|',
    subjects: having1('relu'),
    given: (port) => vector(finite(port.dtype)),
    *holds(x) {
      const [a, b] = [
        yield* forward('relu', x),
        yield* forward(
          'relu',
          map(x, (v) => -v),
        ),
      ];
      return every([
        same(
          'relu(x) − relu(−x)',
          a.map((v, i) => v - (b[i] ?? Number.NaN)),
          x.data,
        ),
        same(
          'relu(x) + relu(−x)',
          a.map((v, i) => v + (b[i] ?? Number.NaN)),
          x.data.map(Math.abs),
        ),
      ]);
    },
  }),
];

function having1(name: string) {
  return among([name], 'activation', 'forward');
}
