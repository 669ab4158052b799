// The chapter of activations, second part: what they have to do with each other and with their own derivatives.
import fc from 'fast-check';
import { finite, moderate, parameter, parametersFor, type Values, vector } from '../arbitraries.ts';
import { rowOf } from '../contract.ts';
import { among, every, having, law, same, type Verdict, within } from '../law.ts';
import { ACTIVATION_POINTS, ENDS } from '../oracle/elements.ts';
import { exact, exp, expecting, nearest } from '../oracle/exact.ts';
import {
  contractDerivativeUlps,
  contractUlps,
  exactly,
  FORMATS,
  nextUp,
  spacing,
  TAIL_ERROR,
  ulpsAt,
} from '../tolerance.ts';
import { absoluteOf, elementwise, forward, map, ones, type Parameters, pull, telling, truthAt } from './activation.ts';

export const negative = (x: Values): Values => map(x, (v) => -v);
export const column = (...data: readonly number[]): Values => ({ shape: [data.length], data });

/** f(x) − f(−x) = x, because a gate and its mirror image add up to 1. */
const GATED = ['gelu', 'gelu_tanh', 'silu'];
const ODD = ['identity', 'tanh', 'softsign', 'hard_tanh'];
/** Derivatives that are even. */
export const EVEN = ['identity', 'sigmoid', 'tanh', 'softsign', 'hard_tanh', 'hard_sigmoid'];
/** Functions that keep 0, and the slopes just right of it that are exact. */
const KEEP_ZERO = 'identity relu leaky_relu tanh elu selu gelu gelu_tanh silu hard_tanh softsign'.split(' ');
const UNIT_SLOPE = ['identity', 'relu', 'leaky_relu', 'elu', 'hard_tanh', 'softsign'];
/** Where the derivative is positive and far from underflow. */
export const POSITIVE: Readonly<Record<string, number>> = { sigmoid: 700, tanh: 350, softplus: 700, softsign: 2 ** 50 };

export const activationFamilyLaws = [
  law<{ readonly x: Values; readonly slope: number }>({
    id: 'activation/leaky-family',
    ref: 'A-18',
    class: 'rounding bound',
    says: 'leaky ReLU is relu(x) − a·relu(−x) for every slope a: above 1, negative, and 0',
    formula: 'fₐ(x) = relu(x) − a·relu(−x)',
    kills: ['brain.js max(s, a·s)', 'torch #31938', 'dl4j #8178', 'chainer #5898'],
    subjects: among(['leaky_relu'], 'activation', 'forward'),
    given: (port) =>
      fc.record({ x: vector(moderate(port.dtype)), slope: fc.oneof(parameter, fc.constantFrom(0, 1, -1, 2)) }),
    *holds({ x, slope }, port) {
      const y = yield* forward('leaky_relu', x, { slope });
      const expected = x.data.map((v) => (v > 0 ? v : slope * v)); // the sum has one term that is not zero
      return within(
        'y',
        y,
        expected.map(exactly),
        expected.map((v) => ulpsAt(1, v, port.dtype)),
      );
    },
  }),
  law<{ readonly x: Values; readonly k: number; readonly p: Parameters }>({
    id: 'activation/homogeneous',
    ref: 'A-17',
    class: 'power of two',
    says: 'f(2ᵏ·x) is exactly 2ᵏ·f(x)',
    subjects: among(['identity', 'relu', 'leaky_relu'], 'activation', 'forward'),
    given: (port, name) =>
      fc.record({ x: vector(moderate(port.dtype)), k: fc.integer({ min: -9, max: 9 }), p: parametersFor(name) }),
    *holds({ x, k, p }, _port, name) {
      const [a, b] = [
        yield* forward(name, x, p),
        yield* forward(
          name,
          map(x, (v) => v * 2 ** k),
          p,
        ),
      ];
      return same(
        `f(x·2^${k})`,
        b,
        a.map((v) => v * 2 ** k),
      );
    },
  }),
  law<{ readonly p: Parameters; readonly dy: number }>({
    id: 'activation/infinity',
    ref: 'A-06',
    class: 'exact',
    runs: 20,
    says: 'at ±∞ and at the largest numbers value and slope are the limits of the function',
    kills: ['tinygrad #8238', 'burn #520', 'NNlib #408'],
    subjects: (port) => elementwise('forward')(port).filter((name) => name in ENDS),
    given: (_port, name) => fc.record({ p: parametersFor(name), dy: fc.constantFrom(-2, 1 / 2, 4) }),
    *holds({ p, dy }, port, name) {
      const positive = Object.fromEntries(Object.entries(p).map(([k, v]) => [k, Math.abs(v)]));
      const [low, high, left, right] = (ENDS[name] as NonNullable<(typeof ENDS)[string]>)(positive); // a subject has them
      const x = column(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
      const y = yield* forward(name, x, positive);
      const ends = (about: string, got: readonly number[], expected: readonly number[], k: number): Verdict =>
        within(
          about,
          got,
          expected.map((v) => exactly(FORMATS[port.dtype].round(v))),
          expected.map((v) => (Number.isFinite(v) ? ulpsAt(k, v, port.dtype) : 0)),
        );
      const found = [ends('y at −∞ and ∞', y, [low, high], rowOf(name).ulp > 1 ? contractUlps(1) : 0)];
      if (port.has(`activation.${name}.vjp`)) {
        const k = name === 'selu' ? contractDerivativeUlps(1) : 0;
        const { max } = FORMATS[port.dtype];
        for (const end of [x, column(-max, max)]) {
          const dx = yield* pull(
            name,
            end,
            map(end, () => dy),
            positive,
          );
          // a slope that vanishes only at infinity is a subnormal number at most before it
          const slack = name === 'softsign' ? 1 : 0;
          found.push(
            within(
              `dx at ${end.data[0]} and ${end.data[1]}`,
              dx,
              [left * dy, right * dy].map((v) => exactly(v)),
              [left * dy, right * dy].map(
                (v) => ulpsAt(k, v, port.dtype) + slack * FORMATS[port.dtype].tiny + absoluteOf(port, dy),
              ),
            ),
          );
        }
      }
      return every(found);
    },
  }),
  law<Values>({
    id: 'activation/sigmoid-tail',
    ref: 'A-10',
    class: 'rounding bound',
    says: 'far on the left the logistic function is the exponential: no flush to zero before the exponential does',
    formula: 'σ(−x)/e^(−x) = 1 within 2⁻⁵⁰ for x in [40, 700]',
    subjects: among(['sigmoid'], 'activation', 'forward'),
    given: (port) =>
      vector(
        fc
          .integer({ min: 40 * 2 ** 16, max: (port.dtype === 'f64' ? 700 : 86) * 2 ** 16 })
          .map((k) => FORMATS[port.dtype].round(k / 2 ** 16)),
      ),
    *holds(x, port) {
      const y = yield* forward('sigmoid', negative(x));
      const expected = x.data.map((v) => expecting(exp(exact(v).neg()), port.dtype));
      return within(
        'σ(−x)',
        y,
        expected,
        expected.map(({ value }) => Math.max(TAIL_ERROR, contractUlps(1) * 2 * FORMATS[port.dtype].u) * value),
      );
    },
  }),
  law<Values>({
    id: 'activation/tanh-by-sigmoid',
    ref: 'A-13',
    class: 'rounding bound',
    says: 'tanh(x) = 2σ(2x) − 1, up to the rounding of σ',
    subjects: having('activation.tanh.forward', 'activation.sigmoid.forward'),
    given: (port) => vector(fc.oneof(moderate(port.dtype), finite(port.dtype))),
    *holds(x, port) {
      const { u } = FORMATS[port.dtype];
      const t = yield* forward('tanh', x);
      const s = yield* forward(
        'sigmoid',
        map(x, (v) => 2 * v),
      );
      const expected = s.map((v) => 2 * v - 1);
      return within(
        'tanh(x) against 2σ(2x) − 1',
        t,
        expected.map(exactly),
        s.map((v) => 2 * ulpsAt(contractUlps(1), v, port.dtype) + 2 * contractUlps(1) * u),
      );
    },
  }),
  law<Values>({
    id: 'activation/idempotent',
    ref: 'A-16',
    class: 'exact',
    says: 'applied twice it is what it was applied once',
    formula: 'f(f(x)) = f(x)',
    subjects: among(['identity', 'relu', 'step', 'hard_tanh'], 'activation', 'forward'),
    given: (port, name) => vector(telling(port, name)),
    *holds(x, _port, name) {
      const y = yield* forward(name, x);
      return same('f(f(x))', yield* forward(name, { ...x, data: y }), y);
    },
  }),
  law<{ readonly x: Values; readonly k: number }>({
    id: 'activation/leaky-composed',
    ref: 'A-19',
    class: 'power of two',
    says: 'leaky ReLU of slope 2ᵏ applied twice has the slope 2²ᵏ on the left, and is the identity on the right',
    formula: 'fₐ(fₐ(x)) = a²·x for x < 0',
    subjects: among(['leaky_relu'], 'activation', 'forward'),
    given: (port) => fc.record({ x: vector(moderate(port.dtype)), k: fc.integer({ min: -5, max: 4 }) }),
    *holds({ x, k }) {
      const slope = 2 ** k;
      const y = yield* forward('leaky_relu', x, { slope });
      return same(
        'f(f(x))',
        yield* forward('leaky_relu', { ...x, data: y }, { slope }),
        x.data.map((v) => (v < 0 ? slope * slope * v : v)),
      );
    },
  }),
  law<Values>({
    id: 'activation/leaky-members',
    ref: 'A-18',
    class: 'exact',
    says: 'slope 0 is relu, slope 1 the identity and slope −1 the absolute value, and the slopes of their derivatives likewise',
    kills: ['torch #37345', 'nd4j #701'],
    subjects: having('activation.leaky_relu.forward', 'activation.leaky_relu.vjp', 'activation.relu.forward'),
    given: (port) => vector(telling(port, 'leaky_relu')),
    *holds(x) {
      const found: Verdict[] = [
        same('slope 0', yield* forward('leaky_relu', x, { slope: 0 }), yield* forward('relu', x)),
        same('slope 1', yield* forward('leaky_relu', x, { slope: 1 }), x.data),
        same('slope −1', yield* forward('leaky_relu', x, { slope: -1 }), x.data.map(Math.abs)),
      ];
      const inside = map(x, (v) => (v === 0 ? 1 : v));
      for (const slope of [0, 1, -1])
        found.push(
          same(
            `derivative for slope ${slope}`,
            yield* pull('leaky_relu', inside, ones(x), { slope }),
            inside.data.map((v) => (v > 0 ? 1 : slope)),
          ),
        );
      return every(found);
    },
  }),
  law<{ readonly p: Parameters; readonly e: number; readonly dy: number }>({
    id: 'activation/zero-and-subnormal',
    ref: 'A-24',
    class: 'exact',
    runs: 30,
    says: 'zero of either sign stays zero, the smallest numbers are not flushed, and the slope there is that of the right side',
    subjects: (port) => among(KEEP_ZERO, 'activation', 'forward', 'vjp')(port),
    given: (port, name) =>
      fc.record({
        p: parametersFor(name),
        e: fc.integer({ min: 0, max: FORMATS[port.dtype].digits - 1 }),
        dy: fc.constantFrom(-2, 1 / 2, 4),
      }),
    *holds({ p, e, dy }, port, name) {
      const s = FORMATS[port.dtype].tiny * 2 ** e;
      const y = yield* forward(name, column(0, -0, s, -s), p);
      const dx = yield* pull(name, column(s), column(dy), p);
      const truth = [s, -s].map((v) => expecting(truthAt(name, v, p).value, port.dtype));
      const slope = truthAt(name, s, p).slope;
      const k = name === 'identity' || name === 'relu' || name === 'hard_tanh' ? 0 : contractUlps(1);
      return every([
        same('f(±0)', y.slice(0, 2), [0, 0]),
        within(
          'f(±s)',
          y.slice(2),
          truth,
          truth.map((t) => ulpsAt(k, t.value, port.dtype)),
        ),
        UNIT_SLOPE.includes(name)
          ? same(`dx at ${s}`, dx, [dy])
          : within(
              `dx at ${s}`,
              dx,
              [expecting(slope.times(dy), port.dtype)],
              [ulpsAt(contractDerivativeUlps(1), nearest(slope.times(dy)), port.dtype) + absoluteOf(port, dy)],
            ),
      ]);
    },
  }),
  law<Values>({
    id: 'activation/odd',
    ref: 'A-12',
    class: 'exact',
    says: 'odd functions are odd bit for bit',
    formula: 'f(−x) = −f(x)',
    subjects: among(ODD, 'activation', 'forward'),
    given: (port, name) => vector(telling(port, name)),
    *holds(x, _port, name) {
      const [a, b] = [yield* forward(name, x), yield* forward(name, negative(x))];
      return same(
        'f(−x)',
        b,
        a.map((v) => -v),
      );
    },
  }),
  law<Values>({
    id: 'activation/gates-complete',
    ref: 'A-09',
    class: 'rounding bound',
    says: 'a gate and its mirror image let everything through',
    formula: 'f(x) − f(−x) = x',
    subjects: among(GATED, 'activation', 'forward'),
    given: (port, name) => vector(telling(port, name)),
    *holds(x, port, name) {
      const [a, b] = [yield* forward(name, x), yield* forward(name, negative(x))];
      return within(
        'f(x) − f(−x)',
        a.map((v, i) => v - (b[i] ?? 0)),
        x.data.map(exactly),
        a.map((v, i) => (contractUlps(1) + 1) * (spacing(v, port.dtype) + spacing(b[i] ?? 0, port.dtype))),
      );
    },
  }),
  law<Values>({
    id: 'activation/step-slope',
    ref: 'A-02, A-04',
    class: 'exact',
    says: 'the slope of the step is zero on both sides and at the threshold, and 0 is not above it',
    subjects: among(['step'], 'activation', 'forward', 'vjp'),
    given: (port) => vector(telling(port, 'step')),
    *holds(x) {
      return every([
        same(
          'y',
          yield* forward('step', x),
          x.data.map((v) => (v > 0 ? 1 : 0)),
        ),
        same('dx', yield* pull('step', x, ones(x)), new Array<number>(x.data.length).fill(0)),
      ]);
    },
  }),
  law<{ readonly a: Values; readonly b: Values; readonly p: Parameters }>({
    id: 'activation/element-by-element',
    ref: 'A-01',
    class: 'exact',
    runs: 40,
    says: 'an element does not see its neighbours: a batch in one call is the same as two calls',
    subjects: elementwise('forward'),
    given: (port, name) =>
      fc.record({ a: vector(telling(port, name)), b: vector(finite(port.dtype)), p: parametersFor(name) }),
    *holds({ a, b, p }, _port, name) {
      const whole = yield* forward(name, column(...a.data, ...b.data), p);
      return same('y', whole, [...(yield* forward(name, a, p)), ...(yield* forward(name, b, p))]);
    },
  }),
  law<{ readonly x: number; readonly p: Parameters }>({
    id: 'activation/adjacent',
    ref: 'A-05, A-08',
    class: '64-digit oracle',
    runs: 60,
    says: 'one number to the right of a kink and of every switch the value moves no further than the function does',
    kills: ['torch #55587'],
    subjects: (port) => elementwise('forward')(port).filter((n) => n in ACTIVATION_POINTS),
    given: (port, name) => fc.record({ x: telling(port, name), p: parametersFor(name) }),
    *holds({ x, p }, port, name) {
      const above = nextUp(x, port.dtype);
      fc.pre(Number.isFinite(above));
      const [a = 0, b = 0] = yield* forward(name, column(x, above), p);
      const [s, t] = [truthAt(name, x, p).value, truthAt(name, above, p).value];
      fc.pre([s, t].every((v) => Number.isFinite(FORMATS[port.dtype].round(nearest(v))))); // ∞ − ∞ is no distance
      const k = contractUlps(rowOf(name).ulp);
      return within(
        `f(${above}) − f(${x})`,
        [b - a],
        [expecting(t.minus(s), port.dtype)],
        [
          ulpsAt(k, nearest(s), port.dtype) +
            ulpsAt(k, nearest(t), port.dtype) +
            spacing(nearest(t.minus(s)), port.dtype),
        ],
      );
    },
  }),
];
