// Rows that a layer may use as its non-linearity, element by element.

import { gelu, geluTanh, silu } from '../core/distribution.ts';
import { ULPS, ULPS_SINGLE } from '../core/elementary.ts';
import { expm1, sigmoid, softplus, tanh } from '../core/exponential.ts';
import { flag, pointwise } from './op.ts';
import type { Verbs } from './verbs.ts';

/** λ and α of {@link activationRows.selu}, which solve the fixed-point equations of its source. */
const SELU = '1.0507009873554804934193349852946';
const SELU_ALPHA = '1.6732632423543772848170429916717';
/** λ and λ·α as doubles. */
const SELU_SCALE = 1.0507009873554804934193349852946;
const SELU_LEFT = 1.7580993408473768599402175208123;

/** 2·√(2/π) and the cubic coefficient of {@link activationRows.geluTanh}. */
const GELU_SCALE = 2 * Math.sqrt(2 / Math.PI);
const GELU_CUBIC = 0.044715;

/** A single turning point. */
const between =
  (at: number) =>
  (low: number, high: number): readonly number[] =>
    low < at && at < high ? [at] : [];

/** σ(u) + y·u′·σ(−u), the slope of y = x·σ(u); through y, which underflows later than σ does. */
const gated = <T>(o: Verbs<T>, y: T, u: T, slope: T): T =>
  o.add(o.sigmoid(u), o.mul(o.mul(y, slope), o.sigmoid(o.neg(u))));

/** 0 and 1 far out on the left and the right, where products of ∞ and 0 would arise. */
const flatBeyond = <T>(o: Verbs<T>, x: T, far: number, inside: () => T): T =>
  o.where(o.greater(o.abs(x), o.lit(far)), o.step(x), inside());

export const activationRows = {
  step: pointwise({
    args: ['x'],
    activation: true,
    doc: "the perceptron's threshold: one where positive",
    source: 'Rosenblatt 1958',
    formula: [{ when: 'x > 0', f: '1' }, { f: '0' }],
    ulp: 0,
    kinks: [{ arg: 0, at: 0, slope: '0' }],
    vec: (v, [x]) => flag(v, v.less(v.lit(0), x), v.atMost(x, v.lit(0))),
    vjp: () => [null],
  }),
  identity: pointwise({
    args: ['x'],
    activation: true,
    doc: 'identity',
    source: 'Widrow & Hoff 1960 (Adaline)',
    formula: 'x',
    ulp: 0,
    vec: (_v, [x]) => x,
    vjp: (_o, g) => [g],
  }),
  relu: pointwise({
    args: ['x'],
    activation: true,
    doc: 'rectified linear unit',
    source: 'Nair & Hinton 2010',
    formula: [{ when: 'x > 0', f: 'x' }, { f: '0' }],
    ulp: 0,
    kinks: [{ arg: 0, at: 0, slope: '0', declared: true }],
    vec: (v, [x]) => v.pick(v.atMost(x, v.lit(0)), v.lit(0), x), // keeps NaN, and gives +0 at -0
    vjp: (o, g, _y, [x]) => [o.where(o.step(x), g, o.lit(0))],
  }),
  leakyRelu: pointwise<readonly ['x'], { readonly slope: number }>({
    args: ['x'],
    activation: true,
    doc: 'rectified linear unit with any slope on the left',
    source: 'Maas, Hannun & Ng 2013, §2',
    formula: [{ when: 'x > 0', f: 'x' }, { f: 'slope * x' }],
    ulp: 0.5,
    kinks: [{ arg: 0, at: 0, slope: 'slope', declared: true }],
    sample: { slope: 0.3 },
    vec: (v, [x], { slope }) => v.pick(v.less(v.lit(0), x), x, v.mul(slope, x)),
    vjp: (o, g, _y, [x], p) => [o.where(o.step(x), g, o.mul(o.lit(p.slope), g))],
  }),
  sigmoid: pointwise({
    args: ['x'],
    activation: true,
    saturates: [0.03, 0.97],
    doc: 'logistic function',
    source: 'Verhulst 1845; Rumelhart, Hinton & Williams 1986',
    formula: '1 / (1 + exp(-x))',
    ulp: ULPS.sigmoid,
    ulpSingle: ULPS_SINGLE.sigmoid,
    vec: (v, [x]) => sigmoid(v, x),
    // σ′ = σ(x)·σ(−x): from the input, so that both tails keep their relative accuracy
    vjp: (o, g, y, [x]) => [o.mul(g, o.mul(y, o.sigmoid(o.neg(x))))],
  }),
  tanh: pointwise({
    args: ['x'],
    activation: true,
    saturates: [-0.97, 0.97],
    doc: 'hyperbolic tangent',
    source: 'LeCun et al. 1998, §4.4',
    formula: 'tanh(x)',
    ulp: ULPS.tanh,
    ulpSingle: ULPS_SINGLE.tanh,
    vec: (v, [x]) => tanh(v, x),
    // 1 − tanh² = 4·σ(2x)·σ(−2x), which does not cancel
    vjp: (o, g, _y, [x]) => {
      const twice = o.mul(o.lit(2), x);
      return [o.mul(g, o.mul(o.lit(4), o.mul(o.sigmoid(twice), o.sigmoid(o.neg(twice)))))];
    },
  }),
  softplus: pointwise({
    args: ['x'],
    activation: true,
    doc: 'smooth positive part',
    source: 'Dugas et al. 2001',
    formula: 'log1p(exp(-abs(x))) + (x + abs(x)) / 2',
    ulp: ULPS.softplus,
    ulpSingle: ULPS_SINGLE.softplus,
    vec: (v, [x]) => softplus(v, x),
    vjp: (o, g, _y, [x]) => [o.mul(g, o.sigmoid(x))],
  }),
  elu: pointwise<readonly ['x'], { readonly alpha: number }>({
    args: ['x'],
    activation: true,
    doc: 'exponential linear unit: saturates at -alpha on the left',
    source: 'Clevert, Unterthiner & Hochreiter 2016, eq. 15',
    formula: [{ when: 'x > 0', f: 'x' }, { f: 'alpha * expm1(x)' }],
    ulp: 2,
    kinks: [{ arg: 0, at: 0, slope: 'alpha' }],
    sample: { alpha: 0.7 },
    vec: (v, [x], { alpha }) => v.pick(v.less(v.lit(0), x), x, v.mul(alpha, expm1(v, x))),
    vjp: (o, g, _y, [x], p) => [o.mul(g, o.where(o.step(x), o.lit(1), o.mul(o.lit(p.alpha), o.exp(x))))],
  }),
  selu: pointwise({
    args: ['x'],
    activation: true,
    doc: 'scaled exponential linear unit, whose fixed point has mean 0 and variance 1',
    source: 'Klambauer et al. 2017, eq. 2 and 14',
    formula: [{ when: 'x > 0', f: `${SELU} * x` }, { f: `${SELU} * ${SELU_ALPHA} * expm1(x)` }],
    ulp: 3,
    kinks: [{ arg: 0, at: 0, slope: 'scale * alpha' }],
    vec: (v, [x]) => v.pick(v.less(v.lit(0), x), v.mul(v.lit(SELU_SCALE), x), v.mul(v.lit(SELU_LEFT), expm1(v, x))),
    vjp: (o, g, _y, [x]) => [
      o.mul(
        g,
        o.where(o.step(x), o.lit(SELU_SCALE, SELU), o.mul(o.lit(SELU_LEFT, `${SELU} * ${SELU_ALPHA}`), o.exp(x))),
      ),
    ],
  }),
  gelu: pointwise({
    args: ['x'],
    activation: true,
    doc: 'x times the normal distribution function, exact form',
    source: 'Hendrycks & Gimpel 2016, eq. 1',
    formula: 'x * erfc(-x / sqrt(2)) / 2',
    ulp: ULPS.gelu,
    ulpSingle: ULPS_SINGLE.gelu,
    turns: between(-0.7517915246935645),
    slopeCrosses: true,
    vec: (v, [x]) => gelu(v, x),
    // Φ(x) + x·φ(x); beyond ±40 the second term is nothing, and must not become ∞·0
    vjp: (o, g, _y, [x]) => [
      o.mul(
        g,
        flatBeyond(o, x, 40, () =>
          o.add(
            o.div(o.erfc(o.mul(x, o.lit(-Math.SQRT1_2, '-sqrt(1 / 2)'))), o.lit(2)),
            o.mul(
              x,
              o.mul(o.lit(1 / Math.sqrt(2 * Math.PI), '1 / sqrt(2 * pi)'), o.exp(o.div(o.mul(x, x), o.lit(-2)))),
            ),
          ),
        ),
      ),
    ],
  }),
  geluTanh: pointwise({
    args: ['x'],
    activation: true,
    doc: 'the form of gelu with a hyperbolic tangent, written with the logistic function',
    source: 'Hendrycks & Gimpel 2016, §2',
    formula: 'x / (1 + exp(-2 * sqrt(2 / pi) * (x + 0.044715 * x^3)))',
    ulp: ULPS.geluTanh,
    ulpSingle: ULPS_SINGLE.geluTanh,
    turns: between(-0.7524614220710162),
    slopeCrosses: true,
    vec: (v, [x]) => geluTanh(v, x),
    vjp: (o, g, y, [x]) => [
      o.mul(
        g,
        flatBeyond(o, x, 30, () => {
          const square = o.mul(x, x);
          const inner = o.mul(
            o.lit(GELU_SCALE, '2 * sqrt(2 / pi)'),
            o.mul(x, o.add(o.lit(1), o.mul(o.lit(GELU_CUBIC, '0.044715'), square))),
          );
          const slope = o.mul(
            o.lit(GELU_SCALE, '2 * sqrt(2 / pi)'),
            o.add(o.lit(1), o.mul(o.lit(3 * GELU_CUBIC, '3 * 0.044715'), square)),
          );
          return gated(o, y, inner, slope);
        }),
      ),
    ],
  }),
  silu: pointwise({
    args: ['x'],
    activation: true,
    doc: 'x times the logistic function, also called swish',
    source: 'Elfwing, Uchibe & Doya 2018, eq. 3; Ramachandran, Zoph & Le 2017',
    formula: 'x / (1 + exp(-x))',
    ulp: ULPS.silu,
    ulpSingle: ULPS_SINGLE.silu,
    turns: between(-1.2784645427610738),
    slopeCrosses: true,
    vec: (v, [x]) => silu(v, x),
    vjp: (o, g, y, [x]) => [
      o.mul(
        g,
        flatBeyond(o, x, 800, () => gated(o, y, x, o.lit(1))),
      ),
    ],
  }),
  hardSigmoid: pointwise({
    args: ['x'],
    activation: true,
    saturates: [0, 1],
    doc: 'a line between 0 at -3 and 1 at 3; slope 0 at both ends',
    source: 'Courbariaux, Bengio & David 2015, eq. 3, with the slope 1/6 of Howard et al. 2019, eq. 2',
    formula: [{ when: 'x >= 3', f: '1' }, { when: 'x <= -3', f: '0' }, { f: '(x + 3) / 6' }],
    ulp: 1.5,
    kinks: [
      { arg: 0, at: -3, slope: '0' },
      { arg: 0, at: 3, slope: '0' },
    ],
    vec: (v, [x]) => {
      const line = v.div(v.add(x, v.lit(3)), v.lit(6));
      return v.pick(v.atMost(v.lit(3), x), v.lit(1), v.pick(v.atMost(x, v.lit(-3)), v.lit(0), line));
    },
    vjp: (o, g, _y, [x]) => [o.mul(g, o.div(o.greater(o.lit(3), o.abs(x)), o.lit(6)))],
  }),
  hardTanh: pointwise({
    args: ['x'],
    activation: true,
    saturates: [-1, 1],
    doc: 'the number itself, cut at -1 and 1; slope 0 at both ends',
    source: 'Collobert 2004, Large Scale Machine Learning, §5.2',
    formula: [{ when: 'x >= 1', f: '1' }, { when: 'x <= -1', f: '-1' }, { f: 'x' }],
    ulp: 0,
    kinks: [
      { arg: 0, at: -1, slope: '0' },
      { arg: 0, at: 1, slope: '0' },
    ],
    vec: (v, [x]) => v.pick(v.atMost(v.lit(1), x), v.lit(1), v.pick(v.atMost(x, v.lit(-1)), v.lit(-1), x)),
    vjp: (o, g, _y, [x]) => [o.where(o.greater(o.lit(1), o.abs(x)), g, o.lit(0))],
  }),
  softsign: pointwise({
    args: ['x'],
    activation: true,
    saturates: [-0.97, 0.97],
    doc: 'x over 1 + |x|, which saturates slowly',
    source: 'Bergstra et al. 2009; Turian, Bergstra & Bengio 2009',
    formula: 'x / (1 + abs(x))',
    ulp: 2.25,
    // as 1 / (1 + 1/|x|), each step of which is monotone and none of which makes ∞/∞
    vec: (v, [x]) => {
      const size = v.div(v.lit(1), v.add(v.lit(1), v.div(v.lit(1), v.abs(x))));
      return v.pick(v.less(v.abs(x), v.lit(2 ** -54)), x, v.copySign(size, x));
    },
    // as a product of two factors, so that a square does not overflow before it is inverted
    vjp: (o, g, _y, [x]) => {
      const r = o.div(o.lit(1), o.add(o.lit(1), o.abs(x)));
      return [o.mul(g, o.mul(r, r))];
    },
  }),
};
