// Rows that map numbers to a number: arithmetic, choices, and elementary functions.

import { cosPi, sinPi } from '../core/circular.ts';
import { erf, erfc } from '../core/distribution.ts';
import { ULPS, ULPS_SINGLE } from '../core/elementary.ts';
import { exp, expm1, log, log1p } from '../core/exponential.ts';
import type { Vec } from '../core/vec.ts';
import { flag, pointwise } from './op.ts';
import type { Verbs } from './verbs.ts';

const at0 = (slope: string) => [{ arg: 0, at: 0, slope }] as const;

/** 1 where x > y, ½ where they are equal, 0 elsewhere. */
const half = <T>(o: Verbs<T>, x: T, y: T): T =>
  o.div(o.add(o.lit(1), o.sub(o.greater(x, y), o.greater(y, x))), o.lit(2));

/** Two numbers of which neither is less: equal ones are themselves, and of zeros the sum says the sign; else it is NaN. */
const tied = <V, M>(v: Vec<V, M>, x: V, y: V, sum: V): V =>
  v.pick(v.atMost(x, y), v.pick(v.less(v.lit(0), v.abs(x)), x, sum), sum);

/** 2/√π · exp(−x²), the slope of erf. */
const bell = <T>(o: Verbs<T>, x: T): T =>
  o.mul(o.lit(2 / Math.sqrt(Math.PI), '2 / sqrt(pi)'), o.exp(o.neg(o.mul(x, x))));

/** The integers between two numbers, of which two will do: cosine turns at each. */
const quarters = (low: number, high: number): readonly number[] =>
  [Math.ceil(low), Math.ceil(low) + 1].filter((n) => n > low && n < high);

export const pointwiseRows = {
  add: pointwise({
    args: ['x', 'y'],
    doc: 'sum',
    source: 'IEEE 754-2019, §5.4.1',
    formula: 'x + y',
    ulp: 0.5,
    neutral: [
      { arg: 0, is: -0 },
      { arg: 1, is: -0 },
    ],
    commutes: true,
    adds: true,
    vec: (v, [x, y]) => v.add(x, y),
    vjp: (_o, g) => [g, g],
  }),
  sub: pointwise({
    args: ['x', 'y'],
    doc: 'difference',
    source: 'IEEE 754-2019, §5.4.1',
    formula: 'x - y',
    ulp: 0.5,
    neutral: [{ arg: 1, is: 0 }],
    vec: (v, [x, y]) => v.sub(x, y),
    vjp: (o, g) => [g, o.neg(g)],
  }),
  mul: pointwise({
    args: ['x', 'y'],
    doc: 'product',
    source: 'IEEE 754-2019, §5.4.1',
    formula: 'x * y',
    ulp: 0.5,
    neutral: [
      { arg: 0, is: 1 },
      { arg: 1, is: 1 },
    ],
    commutes: true,
    vec: (v, [x, y]) => v.mul(x, y),
    vjp: (o, g, _y, [x, y]) => [o.mul(g, y), o.mul(g, x)],
  }),
  div: pointwise({
    args: ['x', 'y'],
    doc: 'quotient',
    source: 'IEEE 754-2019, §5.4.1',
    formula: 'x / y',
    ulp: 0.5,
    neutral: [{ arg: 1, is: 1 }],
    vec: (v, [x, y]) => v.div(x, y),
    kinks: [{ arg: 1, at: 0, slope: 'none' }],
    vjp: (o, g, q, [, y]) => [o.div(g, y), o.neg(o.mul(g, o.div(q, y)))],
  }),
  neg: pointwise({
    args: ['x'],
    doc: 'negation',
    source: 'IEEE 754-2019, §5.5.1',
    formula: '-x',
    ulp: 0,
    vec: (v, [x]) => v.neg(x),
    vjp: (o, g) => [o.neg(g)],
  }),
  abs: pointwise({
    args: ['x'],
    doc: 'absolute value',
    source: 'IEEE 754-2019, §5.5.1',
    formula: [{ when: 'x > 0', f: 'x' }, { f: '-x' }],
    ulp: 0,
    kinks: at0('0'),
    vec: (v, [x]) => v.abs(x),
    vjp: (o, g, _y, [x]) => [o.mul(g, o.sign(x))],
  }),
  floor: pointwise({
    args: ['x'],
    doc: 'largest integer not above',
    source: 'Iverson 1962, §1.4',
    formula: 'floor(x)',
    ulp: 0,
    vec: (v, [x]) => v.floor(x),
    vjp: () => [null],
  }),
  square: pointwise({
    args: ['x'],
    doc: 'square',
    source: 'IEEE 754-2019, §5.4.1',
    formula: 'x * x',
    ulp: 0.5,
    vec: (v, [x]) => v.mul(x, x),
    vjp: (o, g, _y, [x]) => [o.mul(g, o.mul(o.lit(2), x))],
  }),
  sqrt: pointwise({
    args: ['x'],
    doc: 'square root; slope infinite at 0',
    source: 'IEEE 754-2019, §5.4.1',
    formula: 'sqrt(x)',
    ulp: 0.5,
    domain: [[0, Number.POSITIVE_INFINITY]],
    vec: (v, [x]) => v.sqrt(x),
    vjp: (o, g, y) => [o.div(g, o.mul(o.lit(2), y))],
  }),
  exp: pointwise({
    args: ['x'],
    doc: 'exponential',
    source: 'IEEE 754-2019, §9.2',
    formula: 'exp(x)',
    ulp: ULPS.exp,
    ulpSingle: ULPS_SINGLE.exp,
    vec: (v, [x]) => exp(v, x),
    vjp: (o, g, y) => [o.mul(g, y)],
  }),
  expm1: pointwise({
    args: ['x'],
    doc: 'exponential minus one, accurate near 0',
    source: 'IEEE 754-2019, §9.2',
    formula: 'expm1(x)',
    ulp: ULPS.expm1,
    ulpSingle: ULPS_SINGLE.expm1,
    vec: (v, [x]) => expm1(v, x),
    vjp: (o, g, _y, [x]) => [o.mul(g, o.exp(x))],
  }),
  log: pointwise({
    args: ['x'],
    doc: 'natural logarithm',
    source: 'IEEE 754-2019, §9.2',
    formula: 'log(x)',
    ulp: ULPS.log,
    ulpSingle: ULPS_SINGLE.log,
    domain: [[0, Number.POSITIVE_INFINITY]],
    vec: (v, [x]) => log(v, x),
    vjp: (o, g, _y, [x]) => [o.div(g, x)],
  }),
  log1p: pointwise({
    args: ['x'],
    doc: 'log(1 + x), accurate near 0',
    source: 'IEEE 754-2019, §9.2',
    formula: 'log1p(x)',
    ulp: ULPS.log1p,
    ulpSingle: ULPS_SINGLE.log1p,
    domain: [[-1, Number.POSITIVE_INFINITY]],
    vec: (v, [x]) => log1p(v, x),
    vjp: (o, g, _y, [x]) => [o.div(g, o.add(o.lit(1), x))],
  }),
  sign: pointwise({
    args: ['x'],
    doc: 'sign, 0 at 0',
    source: 'Kronecker 1878',
    formula: [{ when: 'x > 0', f: '1' }, { when: 'x < 0', f: '-1' }, { f: '0' }],
    ulp: 0,
    kinks: at0('0'),
    vec: (v, [x]) => v.pick(v.less(v.lit(0), x), v.lit(1), v.pick(v.less(x, v.lit(0)), v.lit(-1), x)),
    vjp: () => [null],
  }),
  greater: pointwise({
    args: ['x', 'y'],
    doc: 'one where x > y',
    source: 'Iverson 1962, §1.4',
    formula: [{ when: 'x > y', f: '1' }, { f: '0' }],
    ulp: 0,
    vec: (v, [x, y]) => flag(v, v.less(y, x), v.atMost(x, y)),
    vjp: () => [null, null],
  }),
  where: pointwise({
    args: ['c', 'x', 'y'],
    doc: 'x where c is not zero, else y; the other side never leaks, not even NaN',
    source: 'McCarthy 1960, §2 (conditional expressions)',
    formula: [{ when: 'c == 0', f: 'y' }, { f: 'x' }],
    ulp: 0,
    vec: (v, [c, x, y]) => {
      const size = v.abs(c);
      return v.pick(v.less(v.lit(0), size), x, v.pick(v.atMost(size, v.lit(0)), y, c));
    },
    vjp: (o, g, _y, [c]) => [null, o.where(c, g, o.lit(0)), o.where(c, o.lit(0), g)],
  }),
  maximum: pointwise({
    args: ['x', 'y'],
    doc: 'the larger of two; ties share the slope',
    source: 'IEEE 754-2019, §9.6',
    formula: [{ when: 'x > y', f: 'x' }, { f: 'y' }],
    ulp: 0,
    vec: (v, [x, y]) => v.pick(v.less(x, y), y, v.pick(v.less(y, x), x, tied(v, x, y, v.add(x, y)))),
    vjp: (o, g, _y, [x, y]) => {
      const share = half(o, x, y);
      return [o.mul(g, share), o.mul(g, o.sub(o.lit(1), share))];
    },
  }),
  minimum: pointwise({
    args: ['x', 'y'],
    doc: 'the smaller of two; ties share the slope',
    source: 'IEEE 754-2019, §9.6',
    formula: [{ when: 'x < y', f: 'x' }, { f: 'y' }],
    ulp: 0,
    vec: (v, [x, y]) =>
      v.pick(v.less(x, y), x, v.pick(v.less(y, x), y, tied(v, x, y, v.neg(v.add(v.neg(x), v.neg(y)))))),
    vjp: (o, g, _y, [x, y]) => {
      const share = half(o, y, x);
      return [o.mul(g, share), o.mul(g, o.sub(o.lit(1), share))];
    },
  }),
  erf: pointwise({
    args: ['x'],
    doc: 'error function',
    source: 'DLMF 7.2.1',
    formula: 'erf(x)',
    ulp: ULPS.erf,
    ulpSingle: ULPS_SINGLE.erf,
    vec: (v, [x]) => erf(v, x),
    vjp: (o, g, _y, [x]) => [o.mul(g, bell(o, x))],
  }),
  erfc: pointwise({
    args: ['x'],
    doc: 'complementary error function, accurate in its tail',
    source: 'DLMF 7.2.2',
    formula: 'erfc(x)',
    ulp: ULPS.erfc,
    ulpSingle: ULPS_SINGLE.erfc,
    vec: (v, [x]) => erfc(v, x),
    vjp: (o, g, _y, [x]) => [o.neg(o.mul(g, bell(o, x)))],
  }),
  sinPi: pointwise({
    args: ['x'],
    doc: 'sin(πx), exact where it is 0 or ±1',
    source: 'IEEE 754-2019, §9.2',
    formula: 'sinPi(x)',
    ulp: ULPS.sinPi,
    ulpSingle: ULPS_SINGLE.sinPi,
    turns: (low, high) => quarters(low - 1 / 2, high - 1 / 2).map((n) => n + 1 / 2),
    slopeCrosses: true,
    vec: (v, [x]) => sinPi(v, x),
    vjp: (o, g, _y, [x]) => [o.mul(g, o.mul(o.lit(Math.PI, 'pi'), o.cosPi(x)))],
  }),
  cosPi: pointwise({
    args: ['x'],
    doc: 'cos(πx), exact where it is 0 or ±1',
    source: 'IEEE 754-2019, §9.2',
    formula: 'cosPi(x)',
    ulp: ULPS.cosPi,
    ulpSingle: ULPS_SINGLE.cosPi,
    turns: quarters,
    slopeCrosses: true,
    vec: (v, [x]) => cosPi(v, x),
    vjp: (o, g, _y, [x]) => [o.neg(o.mul(g, o.mul(o.lit(Math.PI, 'pi'), o.sinPi(x))))],
  }),
};
