// The chapter of activations, fourth part: slopes at kinks, in tails, from inputs, and against the values they belong to.
import fc from 'fast-check';
import { moderate, parameter, parametersFor, type Values, vector } from '../arbitraries.ts';
import { rowOf } from '../contract.ts';
import { among, claim, every, having, law, sided, type Verdict, within } from '../law.ts';
import { KINKS } from '../oracle/elements.ts';
import { type Big, exact, expecting, ln, nearest } from '../oracle/exact.ts';
import {
  contractDerivativeUlps,
  contractUlps,
  exactly,
  FORMATS,
  SPREAD_FACTOR,
  SPREAD_POINTS,
  spacing,
  ulpsAt,
} from '../tolerance.ts';
import { absoluteOf, elementwise, forward, map, ones, type Parameters, pull, telling, truthAt } from './activation.ts';
import { column, EVEN, negative, POSITIVE } from './activation-family.ts';

export const activationSlopeLaws = [
  law<{ readonly x: number; readonly e: number; readonly p: Parameters }>({
    id: 'activation/own-slope',
    ref: 'A-03',
    class: '64-digit oracle',
    runs: 60,
    says: 'the derivative is that of the port’s own values: a secant’s slope is the derivative in its middle, up to what the derivative varies between',
    formula: '|(f(b) − f(a))/(b − a) − f′((a + b)/2)| ≤ max |f′(x) − f′((a + b)/2)|',
    kills: ['brain.js #560', 'tfjs #7251'],
    subjects: elementwise('forward', 'vjp'),
    given: (port, name) =>
      fc.record({
        x: moderate(port.dtype).map((v) => Math.round(2 * v * 2 ** 12) / 2 ** 12),
        e: fc.integer({ min: 7, max: 11 }),
        p: parametersFor(name),
      }),
    *holds({ x, e, p }, port, name) {
      const h = 2 ** -e;
      const at = (KINKS[name] ?? []).some((k) => Math.abs(k - x) <= h) ? x + 2 * h : x;
      const [a = 0, b = 0] = yield* forward(name, column(at - h, at + h), p);
      const [slope = 0] = yield* pull(name, column(at), column(1), p);
      const middle = truthAt(name, at, p).slope;
      const spread = Array.from({ length: SPREAD_POINTS + 1 }, (_, i) =>
        Math.abs(nearest(truthAt(name, at + h * ((2 * i) / SPREAD_POINTS - 1), p).slope.minus(middle))),
      );
      const rounding = (contractUlps(1) * (spacing(a, port.dtype) + spacing(b, port.dtype))) / (2 * h);
      return within(
        `f′(${at}) against the secant over [${at - h}, ${at + h}]`,
        [slope],
        [exactly((b - a) / (2 * h))],
        [
          SPREAD_FACTOR * Math.max(...spread) +
            2 * rounding +
            ulpsAt(contractDerivativeUlps(1), nearest(middle), port.dtype) +
            contractDerivativeUlps(1) * Math.abs(nearest(truthAt(name, at, p).bend)) * spacing(at, port.dtype) +
            absoluteOf(port, 1),
        ],
      );
    },
  }),
  law<Values>({
    id: 'activation/derivative-positive',
    ref: 'A-14',
    class: 'exact',
    says: 'a derivative that never vanishes is positive, far out in both tails',
    kills: ['tfjs 4.22.0 sigmoid′(20) = 0'],
    subjects: (port) =>
      port.conventions.derivative === 'absolute' ? [] : among(Object.keys(POSITIVE), 'activation', 'vjp')(port),
    given: (port, name) => {
      const far = port.dtype === 'f64' ? (POSITIVE[name] ?? 1) : Math.min(40, POSITIVE[name] ?? 1);
      return vector(
        fc.oneof(
          moderate(port.dtype),
          fc.integer({ min: -1024, max: 1024 }).map((k) => FORMATS[port.dtype].round((k / 1024) * far)),
        ),
      );
    },
    *holds(x, _port, name) {
      const dx = yield* pull(name, x, ones(x));
      const bad = dx.findIndex((v) => !(v > 0));
      return claim(`f′(${x.data[bad]}) > 0`, bad < 0, dx[bad]);
    },
  }),
  law<{ readonly e: number; readonly alpha: number }>({
    id: 'activation/smooth-at-zero',
    ref: 'A-21',
    class: '64-digit oracle',
    runs: 40,
    says: 'elu and selu have no jump at 0: left values and slopes tend to those at 0, for elu with alpha 1 the slope does not jump either, and for selu it jumps by alpha',
    kills: ['tfjs #7251', 'torch #21213'],
    subjects: among(['elu', 'selu'], 'activation', 'forward', 'vjp'),
    given: (port) => fc.record({ e: fc.integer({ min: -FORMATS[port.dtype].digits * 2, max: -8 }), alpha: parameter }),
    *holds({ e, alpha }, port, name) {
      const h = 2 ** e;
      const p: Parameters = name === 'elu' ? { alpha } : {};
      const x = column(-h, h);
      const y = yield* forward(name, x, p);
      const d = yield* pull(name, x, ones(x), p);
      const points = x.data.map((v) => truthAt(name, v, p));
      const near = (about: string, got: readonly number[], truth: readonly Big[], k: number): Verdict => {
        const expected = truth.map((t) => expecting(t, port.dtype));
        return within(
          about,
          got,
          expected,
          expected.map(({ value }) => ulpsAt(k, value, port.dtype)),
        );
      };
      const found = [
        near(
          'y beside 0',
          y,
          points.map((t) => t.value),
          contractUlps(1),
        ),
        near(
          'f′ beside 0',
          d,
          points.map((t) => t.slope),
          contractDerivativeUlps(1),
        ),
      ];
      if (name === 'elu') {
        const one = yield* pull(name, x, ones(x), { alpha: 1 });
        const jump = Math.abs((one[1] ?? 0) - (one[0] ?? 0));
        found.push(sided('the jump of elu′ for alpha 1', jump, '≤', 2 * h, 8 * FORMATS[port.dtype].u));
      }
      return every(found);
    },
  }),
  law<{ readonly x: Values; readonly steep: number; readonly dy: number }>({
    id: 'activation/slope-from-input',
    ref: 'A-22',
    class: 'rounding bound',
    says: 'the side is taken from the input, not from the output: with a negative slope or alpha the two differ in sign',
    kills: ['torch #31938', 'mxnet #20372', 'torch #55587'],
    subjects: among(['leaky_relu', 'elu'], 'activation', 'vjp'),
    given: (port) =>
      fc.record({
        x: vector(moderate(port.dtype).map((v) => -Math.abs(v) || -1)),
        steep: fc.integer({ min: 2, max: 24 }).map((k) => -k / 4),
        dy: fc.constantFrom(-2, 1 / 2, 4),
      }),
    *holds({ x, steep, dy }, port, name) {
      const p: Parameters = name === 'elu' ? { alpha: steep } : { slope: steep };
      const dx = yield* pull(
        name,
        x,
        map(x, () => dy),
        p,
      );
      const expected = x.data.map((v) => expecting(truthAt(name, v, p).slope.times(dy), port.dtype));
      return within(
        'dx on the left',
        dx,
        expected,
        expected.map((t) => ulpsAt(name === 'elu' ? contractDerivativeUlps(1) : 1 / 2, t.value, port.dtype)),
      );
    },
  }),
  law<Values>({
    id: 'activation/slopes-even',
    ref: 'A-11',
    class: 'rounding bound',
    says: 'derivatives of odd functions, also of those that are odd about ½, are even to the ulps of their own size, over the whole range',
    kills: ['tfjs 4.22.0', 'TF #126060'],
    subjects: among(EVEN, 'activation', 'vjp'),
    given: (port, name) => vector(telling(port, name)),
    *holds(x, port, name) {
      const [a, b] = [yield* pull(name, x, ones(x)), yield* pull(name, negative(x), ones(x))];
      return within(
        'f′(x) against f′(−x)',
        a,
        b.map(exactly),
        b.map((v) => ulpsAt(2 * contractDerivativeUlps(rowOf(name).ulp), v, port.dtype) + absoluteOf(port, 1)),
      );
    },
  }),
  law<Values>({
    id: 'activation/softplus-slope',
    ref: 'A-20',
    class: 'rounding bound',
    says: 'the derivative of softplus is the logistic function, softplus(x) − softplus(−x) = x, and softplus(0) = ln 2',
    kills: ['NNlib #679'],
    subjects: having('activation.softplus.forward', 'activation.softplus.vjp', 'activation.sigmoid.forward'),
    given: (port) => vector(telling(port, 'softplus')),
    *holds(x, port) {
      const [a, b] = [yield* forward('softplus', x), yield* forward('softplus', negative(x))];
      const s = yield* forward('sigmoid', x);
      const d = yield* pull('softplus', x, ones(x));
      const k = contractUlps(1);
      const [ln2 = Number.NaN] = yield* forward('softplus', column(0));
      return every([
        within(
          'softplus′(x) against σ(x)',
          d,
          s.map(exactly),
          s.map((v) => ulpsAt(k + contractDerivativeUlps(1), v, port.dtype) + absoluteOf(port, 1)),
        ),
        within(
          'softplus(x) − softplus(−x)',
          a.map((v, i) => v - (b[i] ?? 0)),
          x.data.map(exactly),
          a.map((v, i) => (k + 1) * (spacing(v, port.dtype) + spacing(b[i] ?? 0, port.dtype))),
        ),
        within('softplus(0)', [ln2], [expecting(ln(exact(2)), port.dtype)], [ulpsAt(k, ln2, port.dtype)]),
      ]);
    },
  }),
];
