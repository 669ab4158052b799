// The chapter of activations, third part: those along rows, softmax and its logarithm.
import fc from 'fast-check';
import { cotangent, filled, finite, moderate, type Values } from '../arbitraries.ts';
import { among, claim, every, having, law, same, within } from '../law.ts';
import { softmaxRow } from '../oracle/elements.ts';
import { type Big, exact, exp, expecting, ln, nearest } from '../oracle/exact.ts';
import type { PortInfo } from '../port.ts';
import { contractUlps, exactly, FORMATS, gamma, sharesBound, ulpsAt } from '../tolerance.ts';
import { forward, map, pull } from './activation.ts';

interface Logits {
  readonly x: Values;
  readonly dy: Values;
}

const rows = ['softmax', 'log_softmax'];
/** Logits of a few rows, some far apart. */
const logits = (port: PortInfo, value = finite(port.dtype).map((v) => (Math.abs(v) < 2 ** 40 ? v : 8))) =>
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 5 }))
    .chain((shape) => fc.record({ x: filled(shape, value), dy: filled(shape, cotangent(port.dtype)) }));
const rowsOf = ({ shape, data }: Values): readonly (readonly number[])[] => {
  const k = shape.at(-1) ?? 1;
  return Array.from({ length: data.length / k }, (_, r) => data.slice(r * k, (r + 1) * k));
};

/** Logits that stay exact under a shift by a power of two. */
const lattice = fc.integer({ min: -64, max: 64 });

export const activationRowLaws = [
  law<Logits>({
    id: 'activation/softmax-value',
    ref: 'A-23, A-01',
    class: '64-digit oracle',
    runs: 60,
    says: 'softmax and its logarithm are the 64-digit ones of each row on its own, whatever the size of the logits',
    kills: ['dl4j #6039', 'crysx_nn #7', 'keras #20021', 'gorgonia #371'],
    subjects: among(rows, 'activation', 'forward'),
    given: (port) => logits(port),
    *holds({ x }, port, name) {
      const { u } = FORMATS[port.dtype];
      const y = yield* forward(name, x);
      const truth = rowsOf(x).map(softmaxRow);
      const values = truth.flatMap((t) => (name === 'softmax' ? t.share : t.log));
      const units = truth.flatMap((t) => t.units);
      const allowed = values.map((v, i) => {
        const size = name === 'softmax' ? Math.abs(nearest(v)) : 1;
        return u * (units[i] ?? 0) * size + contractUlps(1) * FORMATS[port.dtype].tiny;
      });
      return within(
        'y',
        y,
        values.map((v) => expecting(v, port.dtype)),
        allowed,
      );
    },
  }),
  law<Logits>({
    id: 'activation/softmax-derivative',
    ref: 'A-23, A-02',
    class: '64-digit oracle',
    runs: 60,
    says: 'the pull-back of softmax is s·(dy − Σ s·dy), that of its logarithm dy − s·Σ dy, row by row',
    kills: ['NNlib #68', 'Theano #3162'],
    subjects: among(rows, 'activation', 'vjp'),
    given: (port) => logits(port),
    *holds({ x, dy }, port, name) {
      const { u, tiny } = FORMATS[port.dtype];
      const dx = yield* pull(name, x, dy);
      const truth = rowsOf(x).map(softmaxRow);
      const expected: Big[] = [];
      const allowed: number[] = [];
      for (const [r, g] of rowsOf(dy).entries()) {
        const { share = [], units = [] } = truth[r] ?? {};
        const big = g.map(exact);
        const off = (j: number): number => u * ((units[j] ?? 0) + contractUlps(1)) + gamma(g.length + 2, u);
        const weighed = big.reduce((s, v, j) => s.plus(v.times(share[j] ?? 0)), exact(0));
        const plain = big.reduce((s, v) => s.plus(v), exact(0));
        const weighedOff = g.reduce((s, v, j) => s + Math.abs(v) * nearest(share[j] ?? exact(0)) * 2 * off(j), 0);
        const total = g.reduce((s, v) => s + Math.abs(v), 0);
        for (const [j, v] of big.entries()) {
          const s = share[j] ?? exact(0);
          const size = nearest(s);
          if (name === 'softmax') {
            expected.push(s.times(v.minus(weighed)));
            const around = Math.abs(g[j] ?? 0) + Math.abs(nearest(weighed));
            allowed.push(size * (2 * off(j) * around + weighedOff) + tiny * (2 + around));
          } else {
            expected.push(v.minus(s.times(plain)));
            allowed.push(2 * u * Math.abs(g[j] ?? 0) + size * total * 2 * off(j) + tiny * (2 + total));
          }
        }
      }
      return within(
        'dx',
        dx,
        expected.map((v) => expecting(v, port.dtype)),
        allowed,
      );
    },
  }),
  law<Logits>({
    id: 'activation/softmax-sum',
    ref: 'A-23',
    class: 'rounding bound',
    says: 'the shares of every row lie in [0, 1] and sum to 1',
    subjects: among(['softmax'], 'activation', 'forward'),
    given: (port) => logits(port, finite(port.dtype)),
    *holds({ x }, port) {
      const { u } = FORMATS[port.dtype];
      const y = yield* forward('softmax', x);
      const sums = rowsOf({ shape: x.shape, data: y }).map((row) => row.reduce((a, v) => a + v, 0));
      const bad = y.findIndex((v) => !(v >= 0 && v <= 1));
      return every([
        claim(`share ${bad} in [0, 1]`, bad < 0, y[bad]),
        within(
          'Σ shares of a row',
          sums,
          sums.map(() => exactly(1)),
          sums.map(() => sharesBound(x.shape.at(-1) ?? 1, u)),
        ),
      ]);
    },
  }),
  law<Logits & { readonly shift: number }>({
    id: 'activation/softmax-shift',
    ref: 'A-23',
    class: 'exact',
    says: 'logits shifted by a number that keeps them exact have the same shares, bit for bit, however large the shift',
    kills: ['dl4j #6039', 'uTensor #175'],
    subjects: among(rows, 'activation', 'forward'),
    given: (port) =>
      fc
        .tuple(logits(port, lattice), fc.integer({ min: 0, max: FORMATS[port.dtype].digits - 9 }), fc.boolean())
        .map(([l, e, neg]) => ({ ...l, shift: (neg ? -1 : 1) * 2 ** e })),
    *holds({ x, shift }, _port, name) {
      const y = yield* forward(name, x);
      const moved = yield* forward(
        name,
        map(x, (v) => v + shift),
      );
      return same(`y of logits + ${shift}`, moved, y);
    },
  }),
  law<Logits>({
    id: 'activation/softmax-permuted',
    ref: 'A-23',
    class: 'rounding bound',
    says: 'classes turned around have their shares turned around, and equal logits have equal shares',
    subjects: among(rows, 'activation', 'forward'),
    given: (port) => logits(port, moderate(port.dtype)),
    *holds({ x }, port, name) {
      const { u } = FORMATS[port.dtype];
      const turn = (v: Values): Values => ({ shape: v.shape, data: rowsOf(v).flatMap((row) => row.toReversed()) });
      const [y, z] = [yield* forward(name, x), yield* forward(name, turn(x))];
      const k = x.shape.at(-1) ?? 1;
      const level = yield* forward(
        name,
        map(x, () => x.data[0] ?? 0),
      );
      const back = turn({ shape: x.shape, data: z }).data;
      const fair = name === 'softmax' ? 1 / k : -nearest(ln(exact(k)));
      return every([
        within(
          'shares of the classes turned around',
          back,
          y.map(exactly),
          y.map((v) => 2 * gamma(k + 2, u) * Math.max(Math.abs(v), name === 'softmax' ? 0 : 1)),
        ),
        within(
          'shares of equal logits',
          level,
          level.map(() => exactly(fair)),
          level.map(() => ulpsAt(contractUlps(1), fair, port.dtype)),
        ),
      ]);
    },
  }),
  law<Logits>({
    id: 'activation/log-softmax',
    ref: 'A-23',
    class: 'rounding bound',
    says: 'the exponential of log-softmax is softmax, and log-softmax is never positive',
    kills: ['burn #1548', 'burn #4829'],
    subjects: having('activation.softmax.forward', 'activation.log_softmax.forward'),
    given: (port) => logits(port, moderate(port.dtype)),
    *holds({ x }, port) {
      const { u } = FORMATS[port.dtype];
      const [s, l] = [yield* forward('softmax', x), yield* forward('log_softmax', x)];
      const units = rowsOf(x).flatMap((row) => softmaxRow(row).units);
      const bad = l.findIndex((v) => !(v <= 0));
      return every([
        claim(`log share ${bad} ≤ 0`, bad < 0, l[bad]),
        within(
          'exp(log-softmax) against softmax',
          l.map((v) => nearest(exp(exact(v)))),
          s.map(exactly),
          s.map((v, i) => 2 * u * (units[i] ?? 0) * v),
        ),
      ]);
    },
  }),
];
