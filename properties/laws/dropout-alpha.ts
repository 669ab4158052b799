// The chapter of dropout, fourth part: alpha dropout, which keeps mean 0 and variance 1 where inverted dropout would not.

import fc from 'fast-check';
import { moderate } from '../arbitraries.ts';
import { among, every, type Inquiry, law, same, within } from '../law.ts';
import { alphaLine, SELU_FLOOR } from '../oracle/dropout.ts';
import { exact, expecting, nearest, ONE, ZERO } from '../oracle/exact.ts';
import { roundingBound } from '../tolerance.ts';
import { anyRate, type DropoutCase, dropoutCase, evalOf, orZero, train, trainVjp } from './dropout-cases.ts';

const alphas = (...calls: readonly string[]) => among(['alpha_dropout'], 'layer', ...calls);

/**
 * In sequence: the floor; its square, two products, the sum, half of them after the root, the root, the quotient; the product
 * with a number or with rate and floor; the sum.
 */
const ROUNDINGS = 9;

/** The terms of a line without their signs. */
const size = (x: number, dropRate: number): number => {
  const { a, b } = alphaLine(dropRate);
  return nearest(a.times(exact(Math.abs(x))).plus(b.abs()));
};

/** Rates away from 1, where the scale would be that of rounding errors. */
const rates = (port: Parameters<typeof anyRate>[0]): fc.Arbitrary<number> => anyRate(port).filter((p) => p < 127 / 128);

/** Values of mean 0 and variance 1 with their chances: two-point distributions, one of them skewed. */
const STANDARD = [
  [
    [-1, 1 / 2],
    [1, 1 / 2],
  ],
  [
    [2, 1 / 5],
    [-1 / 2, 4 / 5],
  ],
] as const;

export const alphaDropoutLaws = [
  law<DropoutCase>({
    id: 'dropout/alpha-values',
    ref: 'D-16',
    class: '64-digit oracle',
    runs: 60,
    says: 'alpha dropout puts the floor f of SELU in place of what it drops, then moves everything by a·x + b, element by element; backward it is a under the same mask; in eval mode it is the identity',
    formula: 'y = a·(f where u < p, else x) + b, a = (q + f²·q·p)^(−½), b = −a·p·f, f = −λ·α',
    source: 'Klambauer et al. 2017, §3 and eq. 14',
    kills: ['Flux dfacc9c', 'tfjs-layers #546'],
    subjects: alphas('train', 'train_vjp', 'eval'),
    given: (port) => dropoutCase(port, rates(port), orZero(moderate(port.dtype))),
    *holds(c, { dtype }, layer) {
      const { a, b } = alphaLine(c.dropRate);
      const kept = c.u.data.map((u) => u >= c.dropRate);
      const y = c.x.data.map((v, i) => a.times(kept[i] ? exact(v) : SELU_FLOOR).plus(b));
      const dx = c.dy.data.map((v, i) => (kept[i] ? a.times(exact(v)) : ZERO));
      return every([
        within(
          `y at rate ${c.dropRate}`,
          yield* train(layer, c.x, c.u, c.dropRate),
          y.map((v) => expecting(v, dtype)),
          c.x.data.map((v, i) => roundingBound(ROUNDINGS, size(kept[i] ? v : nearest(SELU_FLOOR), c.dropRate), dtype)),
        ),
        within(
          `dx at rate ${c.dropRate}`,
          yield* trainVjp(layer, c),
          dx.map((v) => expecting(v, dtype)),
          dx.map((v) => (v.isZero() ? 0 : roundingBound(ROUNDINGS, Math.abs(nearest(v)), dtype))),
        ),
        same('y in eval mode', yield* evalOf(layer, c.x, c.dropRate), c.x.data, { zeros: 'signed' }),
      ]);
    },
  }),
  law<DropoutCase>({
    id: 'dropout/alpha-ends',
    ref: 'D-16, D-01, D-08',
    class: 'exact',
    runs: 30,
    says: 'alpha dropout, too, is the identity at rate 0, bit for bit, and zero at rate 1 with no NaN',
    subjects: alphas('train', 'train_vjp'),
    given: (port) => dropoutCase(port, fc.constant(0), moderate(port.dtype)),
    *holds(c, _port, layer) {
      const zeros = c.x.data.map(() => 0);
      return every([
        same('y at rate 0', yield* train(layer, c.x, c.u, 0), c.x.data, { zeros: 'signed' }),
        same('dx at rate 0', yield* trainVjp(layer, c), c.dy.data, { zeros: 'signed' }),
        same('y at rate 1', yield* train(layer, c.x, c.u, 1), zeros),
        same('dx at rate 1', yield* trainVjp(layer, { ...c, dropRate: 1 }), zeros),
      ]);
    },
  }),
  law<{ readonly dropRate: number }>({
    id: 'dropout/alpha-moments',
    ref: 'D-16',
    class: 'enumerated',
    runs: 30,
    says: 'numbers of mean 0 and variance 1 keep both under alpha dropout, on average over all values and masks',
    formula: 'E[y] = 0, E[y²] = 1',
    source: 'Klambauer et al. 2017, §3',
    kills: ['Flux dfacc9c', 'tfjs-layers #546'],
    subjects: alphas('train'),
    given: (port) => fc.record({ dropRate: rates(port) }),
    *holds({ dropRate }, { dtype }, layer) {
      const moments = function* (points: (typeof STANDARD)[number]): Inquiry<ReturnType<typeof within>> {
        const x = { shape: [4], data: points.flatMap(([v]) => [v, v]) };
        const u = {
          shape: [4],
          data: [dropRate / 2, dropRate + (1 - dropRate) / 2, dropRate / 2, dropRate + (1 - dropRate) / 2],
        };
        const y = yield* train(layer, x, u, dropRate);
        const p = exact(dropRate);
        const chance = points.flatMap(([, share]) => [p.times(share), ONE.minus(p).times(share)]);
        const mean = y.reduce((s, v, i) => s.plus(exact(v).times(chance[i] ?? ZERO)), ZERO);
        const square = y.reduce(
          (s, v, i) =>
            s.plus(
              exact(v)
                .times(exact(v))
                .times(chance[i] ?? ZERO),
            ),
          ZERO,
        );
        const most = Math.max(...[nearest(SELU_FLOOR), ...x.data].map((v) => size(v, dropRate)));
        const error = roundingBound(ROUNDINGS, most, dtype);
        return within(
          `mean and mean square of ${x.data[0]} and ${x.data[2]} at rate ${dropRate}`,
          [nearest(mean), nearest(square)],
          [expecting(ZERO, dtype), expecting(ONE, dtype)],
          [error, 3 * most * error],
        );
      };
      return every([yield* moments(STANDARD[0]), yield* moments(STANDARD[1])]);
    },
  }),
];
