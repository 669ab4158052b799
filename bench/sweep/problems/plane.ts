// Functions of two weights, for trajectories and teaching: do not choose an optimizer by these.
import { type Lang, Tensor } from '../../../src/index.ts';
import type { FunctionProblem } from '../problem.ts';

/** A function of two weights from a given start, and where it is least. */
export interface PlaneProblem extends FunctionProblem {
  readonly from: readonly [number, number];
  /** Every place that has the least value. */
  readonly minima: readonly (readonly [number, number])[];
  /** Whether the slope at the minima is 0; it is not where the function has a tip there. */
  readonly smooth: boolean;
}

type Formula = <T>(o: Lang<T>, x: T, y: T) => T;

interface Row {
  readonly doc: string;
  readonly source: string;
  readonly tags?: readonly string[];
  readonly from: readonly [number, number];
  readonly f: Formula;
  readonly minima: readonly (readonly [number, number])[];
  readonly least: number;
  readonly steps?: number;
  readonly target: number;
  readonly smooth?: boolean;
  readonly box?: readonly [number, number];
}

const plane = ({ f, minima, least, from, tags = [], steps = 500, smooth = true, ...row }: Row): PlaneProblem => ({
  ...row,
  from,
  minima,
  smooth,
  steps,
  kind: 'function',
  tags: ['2-D', ...tags],
  unit: 'f',
  fixed: true,
  floor: { value: least, how: `exact, at ${minima.map((at) => `(${at.join(', ')})`).join(', ')}` },
  start: () => Tensor.from([2], [...from]),
  constants: [Tensor.from([2], [1, 0]), Tensor.from([2], [0, 1])],
  value: (o, w, units) => {
    const [x, y] = units.map((e) => o.sum(o.mul(w, e), { axes: [0], keep: false })) as [typeof w, typeof w]; // two
    return f(o, x, y);
  },
});

/** a·x. */
const times = <T>(o: Lang<T>, a: number, x: T): T => o.mul(o.lit(a), x);
/** a + x. */
const plus = <T>(o: Lang<T>, a: number, x: T): T => o.add(o.lit(a), x);
const total = <T>(o: Lang<T>, ...terms: readonly [T, ...T[]]): T => terms.reduce((a, b) => o.add(a, b));
/** cos 2πx. */
const wave = <T>(o: Lang<T>, x: T): T => o.cosPi(times(o, 2, x));
const sin = <T>(o: Lang<T>, x: T): T => o.sinPi(times(o, 1 / Math.PI, x));
const cos = <T>(o: Lang<T>, x: T): T => o.cosPi(times(o, 1 / Math.PI, x));

const FORMS = 'Surjanovic & Bingham 2013, Virtual Library of Simulation Experiments';

const beale: Formula = (o, x, y) => {
  const y2 = o.square(y);
  const part = (a: number, power: typeof x) => o.square(plus(o, a, o.mul(x, o.sub(power, o.lit(1)))));
  return total(o, part(1.5, y), part(2.25, y2), part(2.625, o.mul(y2, y)));
};
const bealeFacts = {
  doc: '(1.5 − x + xy)² + (2.25 − x + xy²)² + (2.625 − x + xy³)²: flat, with steep walls in the corners',
  f: beale,
  minima: [[3, 0.5]],
  least: 0,
  target: 1e-3,
} as const;

const rastrigin: Formula = (o, x, y) =>
  plus(
    o,
    20,
    total(
      o,
      ...([x, y].map((v) => o.sub(o.square(v), times(o, 10, wave(o, v)))) as [typeof x, typeof y]), // two
    ),
  );
const rastriginFacts = {
  doc: '20 + Σ(x² − 10·cos 2πx): a bowl full of dimples',
  source: `Rastrigin 1974; ${FORMS}`,
  tags: ['many minima'],
  f: rastrigin,
  minima: [[0, 0]],
  least: 0,
  target: 0.01,
} as const;

const saddleFacts = {
  source: 'Lee, Simchowitz, Jordan & Recht 2016, §2 (the saddle that descent escapes)',
  tags: ['saddle'],
  f: ((o, x, y) => {
    const y2 = o.square(y);
    return total(o, times(o, 1 / 2, o.square(x)), times(o, -1 / 2, y2), times(o, 1 / 4, o.square(y2)));
  }) as Formula,
  minima: [
    [0, 1],
    [0, -1],
  ],
  least: -1 / 4,
  target: -0.249,
} as const;

const STYBLINSKI = -2.9035340277711768;
const CAMEL = [0.08984201310031806, -0.7126564030207396] as const;

export const planeProblems = {
  sphere: plane({
    doc: 'x² + y²: a round bowl',
    source: FORMS,
    from: [3, 2],
    f: (o, x, y) => o.add(o.square(x), o.square(y)),
    minima: [[0, 0]],
    least: 0,
    target: 1e-3,
  }),
  booth: plane({
    doc: '(x + 2y − 7)² + (2x + y − 5)²: an oblong bowl',
    source: FORMS,
    from: [-8, 8],
    f: (o, x, y) =>
      o.add(o.square(plus(o, -7, o.add(x, times(o, 2, y)))), o.square(plus(o, -5, o.add(times(o, 2, x), y)))),
    minima: [[1, 3]],
    least: 0,
    target: 1e-3,
  }),
  matyas: plane({
    doc: '0.26·(x² + y²) − 0.48·xy: a flat oblong bowl across the axes',
    source: FORMS,
    from: [8, -7],
    f: (o, x, y) => o.sub(times(o, 0.26, o.add(o.square(x), o.square(y))), times(o, 0.48, o.mul(x, y))),
    minima: [[0, 0]],
    least: 0,
    target: 1e-3,
  }),
  rosenbrock: plane({
    doc: '(1 − x)² + 100·(y − x²)²: a bent valley',
    source: 'Rosenbrock 1960',
    tags: ['ill-conditioned'],
    from: [-1.2, 1],
    f: (o, x, y) => o.add(o.square(o.sub(o.lit(1), x)), times(o, 100, o.square(o.sub(y, o.square(x))))),
    minima: [[1, 1]],
    least: 0,
    steps: 1000,
    target: 1e-3,
  }),
  beale: plane({ ...bealeFacts, source: `Beale 1958; ${FORMS}`, from: [1, 1] }),
  bealeFar: plane({
    ...bealeFacts,
    source: 'Schneider, Balles & Hennig 2019, DeepOBS (its start, beyond a wall)',
    tags: ['steep walls'],
    from: [-4.5, 4.5],
    steps: 1000,
  }),
  himmelblau: plane({
    doc: '(x² + y − 11)² + (x + y² − 7)²: four equal minima around a hill',
    source: 'Himmelblau 1972',
    tags: ['many minima'],
    from: [0, 0],
    f: (o, x, y) => o.add(o.square(plus(o, -11, o.add(o.square(x), y))), o.square(plus(o, -7, o.add(x, o.square(y))))),
    minima: [
      [3, 2],
      [-2.805118086952745, 3.131312518250573],
      [-3.779310253377747, -3.283185991286169],
      [3.584428340330492, -1.848126526964404],
    ],
    least: 0,
    target: 1e-3,
  }),
  branin: plane({
    doc: '(y − 5.1x²/4π² + 5x/π − 6)² + 10·(1 − 1/8π)·cos x + 10: three equal minima',
    source: `Branin 1972; ${FORMS}`,
    tags: ['many minima'],
    from: [2.5, 12.5],
    f: (o, x, y) => {
      const valley = o.add(
        o.sub(y, times(o, 5.1 / (4 * Math.PI ** 2), o.square(x))),
        plus(o, -6, times(o, 5 / Math.PI, x)),
      );
      return plus(o, 10, o.add(o.square(valley), times(o, 10 * (1 - 1 / (8 * Math.PI)), cos(o, x))));
    },
    minima: [
      [-Math.PI, 12.275],
      [Math.PI, 2.275],
      [3 * Math.PI, 2.475],
    ],
    least: 0.39788735772973816,
    target: 0.4,
  }),
  goldsteinPrice: plane({
    doc: 'two products of squares and quadratics: values over six orders of magnitude',
    source: `Goldstein & Price 1971; ${FORMS}`,
    tags: ['scale'],
    from: [-0.5, 0.5],
    f: (o, x, y) => {
      const [x2, y2, xy] = [o.square(x), o.square(y), o.mul(x, y)];
      const inner = (a: readonly [number, number, number, number, number, number]) =>
        plus(
          o,
          a[0],
          total(o, times(o, a[1], x), times(o, a[2], x2), times(o, a[3], y), times(o, a[4], xy), times(o, a[5], y2)),
        );
      const first = o.mul(o.square(plus(o, 1, o.add(x, y))), inner([19, -14, 3, -14, 6, 3]));
      const slope = o.square(o.sub(times(o, 2, x), times(o, 3, y)));
      const second = o.mul(slope, inner([18, -32, 12, 48, -36, 27]));
      return o.mul(plus(o, 1, first), plus(o, 30, second));
    },
    minima: [[0, -1]],
    least: 3,
    target: 3.01,
  }),
  sixHumpCamel: plane({
    doc: '(4 − 2.1x² + x⁴/3)·x² + xy + (4y² − 4)·y²: six minima, two of them least',
    source: `Dixon & Szegö 1978; ${FORMS}`,
    tags: ['many minima'],
    from: [1.5, 1],
    f: (o, x, y) => {
      const [x2, y2] = [o.square(x), o.square(y)];
      const first = plus(o, 4, o.sub(times(o, 1 / 3, o.square(x2)), times(o, 2.1, x2)));
      return total(o, o.mul(first, x2), o.mul(x, y), o.mul(plus(o, -4, times(o, 4, y2)), y2));
    },
    minima: [CAMEL, [-CAMEL[0], -CAMEL[1]]],
    least: -1.031628453489877,
    target: -1.03,
  }),
  threeHumpCamel: plane({
    doc: '2x² − 1.05x⁴ + x⁶/6 + xy + y²: three minima, one of them least',
    source: FORMS,
    tags: ['many minima'],
    from: [2, -2],
    f: (o, x, y) => {
      const [x2, y2] = [o.square(x), o.square(y)];
      const x4 = o.square(x2);
      return total(o, times(o, 2, x2), times(o, -1.05, x4), times(o, 1 / 6, o.mul(x4, x2)), o.mul(x, y), y2);
    },
    minima: [[0, 0]],
    least: 0,
    target: 1e-3,
  }),
  mcCormick: plane({
    doc: 'sin(x + y) + (x − y)² − 1.5x + 2.5y + 1, kept in [−3, 4]: a valley that slopes',
    source: `McCormick 1976; ${FORMS}`,
    from: [2, 2],
    f: (o, x, y) =>
      plus(o, 1, total(o, sin(o, o.add(x, y)), o.square(o.sub(x, y)), times(o, -1.5, x), times(o, 2.5, y))),
    minima: [[1 / 2 - Math.PI / 3, -1 / 2 - Math.PI / 3]],
    least: -1.913222954981037,
    target: -1.91,
    box: [-3, 4],
  }),
  styblinskiTang: plane({
    doc: '½·Σ(x⁴ − 16x² + 5x): a deep minimum and three shallow ones',
    source: `Styblinski & Tang 1990; ${FORMS}`,
    tags: ['many minima'],
    from: [0, 0],
    f: (o, x, y) => {
      const each = (v: typeof x) => {
        const v2 = o.square(v);
        return total(o, o.square(v2), times(o, -16, v2), times(o, 5, v));
      };
      return times(o, 1 / 2, o.add(each(x), each(y)));
    },
    minima: [[STYBLINSKI, STYBLINSKI]],
    least: -78.33233140754284,
    target: -78.3,
  }),
  rastrigin: plane({ ...rastriginFacts, from: [-2, 3.5] }),
  rastriginNear: plane({
    ...rastriginFacts,
    doc: `${rastriginFacts.doc}, from within the least of them`,
    from: [0.4, 0.4],
  }),
  ackley: plane({
    doc: '20·(1 − exp(−0.2·√(|w|²/2))) + e − exp(½·Σ cos 2πx): nearly flat, with a pit that has a tip',
    source: `Ackley 1987; ${FORMS}`,
    tags: ['many minima', 'not smooth'],
    from: [2, -1.5],
    f: (o, x, y) => {
      const half = (a: typeof x, b: typeof y) => times(o, 1 / 2, o.add(a, b));
      const far = o.exp(times(o, -0.2, o.sqrt(half(o.square(x), o.square(y)))));
      return plus(o, 20 + Math.E, o.neg(o.add(times(o, 20, far), o.exp(half(wave(o, x), wave(o, y))))));
    },
    minima: [[0, 0]],
    least: 0,
    target: 0.05,
    smooth: false,
  }),
  griewank: plane({
    doc: '1 + |w|²/4000 − cos x·cos(y/√2): a product of waves on a very flat bowl',
    source: `Griewank 1981; ${FORMS}`,
    tags: ['many minima'],
    from: [5, -5],
    f: (o, x, y) =>
      plus(
        o,
        1,
        o.sub(times(o, 1 / 4000, o.add(o.square(x), o.square(y))), o.mul(cos(o, x), cos(o, times(o, Math.SQRT1_2, y)))),
      ),
    minima: [[0, 0]],
    least: 0,
    target: 0.01,
  }),
  levy13: plane({
    doc: 'sin² 3πx + (x − 1)²·(1 + sin² 3πy) + (y − 1)²·(1 + sin² 2πy): a bowl with ripples',
    source: FORMS,
    tags: ['many minima'],
    from: [-4, 5],
    f: (o, x, y) => {
      const ripple = (by: number, v: typeof x) => o.square(o.sinPi(times(o, by, v)));
      const bowl = (v: typeof x, r: typeof x) => o.mul(o.square(plus(o, -1, v)), plus(o, 1, r));
      return total(o, ripple(3, x), bowl(x, ripple(3, y)), bowl(y, ripple(2, y)));
    },
    minima: [[1, 1]],
    least: 0,
    target: 0.01,
  }),
  saddle: plane({
    ...saddleFacts,
    doc: 'x²/2 − y²/2 + y⁴/4 from beside the line that leads to its saddle',
    from: [1, 1e-3],
  }),
  saddleExact: plane({
    ...saddleFacts,
    doc: 'the same from the very line: no rule without noise can leave it',
    from: [1, 0],
  }),
};
