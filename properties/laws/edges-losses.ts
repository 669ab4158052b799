// The chapter of edges, part five: losses of many samples and classes, by those of one number and of few classes.
import fc from 'fast-check';
import { lossRow } from '../../src/index.ts';
import { extent, filled, moderate, shares, small, targetsFor, type Values } from '../arbitraries.ts';
import { camel } from '../contract.ts';
import { among, ask, each, every, type Inquiry, law, same, within } from '../law.ts';
import type { PortInfo } from '../port.ts';
import { exactly, FORMATS, gamma } from '../tolerance.ts';

interface Many {
  readonly prediction: Values;
  readonly target: Values;
  readonly reduction: 'mean' | 'sum';
  readonly params: Readonly<Record<string, number>>;
}

function* lossValue(name: string, { params, ...b }: Many): Inquiry<number> {
  return (yield* ask(`loss.${name}.forward`, { ...b, ...params })).tensor('loss').data[0] ?? Number.NaN;
}
function* gradientOf(name: string, { params, ...b }: Many): Inquiry<readonly number[]> {
  return Array.from((yield* ask(`loss.${name}.vjp`, { ...b, ...params })).tensor('dprediction').data);
}

const CROSS = 'softmax_cross_entropy';
/** Losses that add up over numbers, each on its own. */
const byNumber = (port: PortInfo): readonly string[] =>
  each('loss', 'forward', 'vjp')(port).filter((name) => name !== CROSS);

const share = fc.integer({ min: 1, max: 15 }).map((k) => k / 16);
/** Batches of which one axis is long. */
const many = (port: PortInfo, name: string): fc.Arbitrary<Many> => {
  const { prediction, params } = lossRow(camel(name));
  return fc.tuple(extent(3), fc.integer({ min: 9, max: 24 }), fc.boolean()).chain(([few, more, tall]) => {
    const shape = tall ? [more, few] : [few, more];
    return fc.record({
      prediction: filled(shape, prediction === 'number' ? moderate(port.dtype) : share),
      target: targetsFor(name, shape, moderate(port.dtype)),
      reduction: fc.constantFrom('mean' as const, 'sum' as const),
      params: fc.record(Object.fromEntries(Object.keys(params).map((k) => [k, fc.constantFrom(1, 3 / 4, 2)]))),
    });
  });
};

/** One number of a batch, alone; a share beside the rest of 1, of which exactly as much is predicted, so that it costs nothing. */
const alone = (name: string, b: Many, i: number): Many => {
  const shared = lossRow(camel(name)).target === 'distribution';
  const [p = 0, y = 0] = [b.prediction.data[i], b.target.data[i]];
  const of = (v: number, rest: number): Values =>
    shared ? { shape: [1, 2], data: [v, rest] } : { shape: [1, 1], data: [v] };
  return { ...b, prediction: of(p, y === 1 ? 1 : 1 - y), target: of(y, 1 - y), reduction: 'sum' };
};

export const edgeLossLaws = [
  law<Many>({
    id: 'loss/of-many',
    ref: 'L-12, L-15',
    class: 'rounding bound',
    runs: 24,
    says: 'the loss of a long batch, or of many outputs, adds up the losses of its numbers, each asked for alone, and its gradient is made of theirs',
    formula: 'L = Σ ℓ(pᵢ, yᵢ), divided by their number, or that of samples, for a mean',
    source: 'Higham 2002, §3.1',
    kills: ['mistnet #33', 'nn-from-scratch #13'],
    subjects: byNumber,
    given: many,
    *holds(b, port, name) {
      const n = b.prediction.data.length;
      // shares belong together: their mean is over samples
      const terms = lossRow(camel(name)).prediction === 'distribution' ? (b.prediction.shape[0] ?? 1) : n;
      const by = b.reduction === 'mean' ? terms : 1;
      const [values, slopes]: [number[], number[]] = [[], []];
      for (let i = 0; i < n; i++) {
        values.push(yield* lossValue(name, alone(name, b, i)));
        slopes.push((yield* gradientOf(name, alone(name, b, i)))[0] ?? Number.NaN);
      }
      const { u } = FORMATS[port.dtype];
      const add = (vs: readonly number[]): number => vs.reduce((s, v) => s + v, 0);
      const size = add(values.map((v, i) => Math.abs(v) + Math.abs(b.target.data[i] ?? 0))) / by;
      return every([
        within('loss', [yield* lossValue(name, b)], [exactly(add(values) / by)], [gamma(2 * n + 16, u) * size]),
        within(
          'gradient',
          yield* gradientOf(name, b),
          slopes.map((v) => exactly(v / by)),
          slopes.map((v) => (gamma(8, u) * Math.abs(v)) / by),
        ),
      ]);
    },
  }),
  law<{ readonly z: Values; readonly y: Values; readonly m: number; readonly rows: number }>({
    id: 'loss/of-many-classes',
    ref: 'L-19, L-20',
    class: 'rounding bound',
    runs: 40,
    says: 'every class m times over, with the label on the first, costs ln m more and leaves each copy an m-th of its share; many samples cost the sum of theirs; a single class costs nothing',
    formula: 'lse(z, …, z) = lse(z) + ln m',
    source: 'Bridle 1990, eq. 10',
    subjects: among([CROSS], 'loss', 'forward', 'vjp'),
    given: (port) =>
      fc.tuple(extent(3), fc.constantFrom(1, 4, 8), fc.constantFrom(1, 2, 12)).chain(([k, m, rows]) =>
        fc.record({
          z: filled([k], moderate(port.dtype)),
          y: shares([k]),
          m: fc.constant(m),
          rows: fc.constant(rows),
        }),
      ),
    *holds({ z, y, m, rows }, port, name) {
      const k = z.data.length;
      const copies = (v: Values, first: boolean): Values => {
        const row = Array.from({ length: k * m }, (_, i) => (first && i >= k ? 0 : (v.data[i % k] ?? 0)));
        return { shape: [rows, k * m], data: Array.from({ length: rows }, () => row).flat() };
      };
      const few = { prediction: { shape: [1, k], data: z.data }, target: { shape: [1, k], data: y.data } };
      const wide = { prediction: copies(z, false), target: copies(y, true) };
      const mass = y.data.reduce((s, v) => s + v, 0);
      const one = yield* lossValue(name, { ...few, reduction: 'sum', params: {} });
      const slopes = yield* gradientOf(name, { ...few, reduction: 'sum', params: {} });
      const total = rows * (one + mass * Math.log(m));
      const { u } = FORMATS[port.dtype];
      const size = (1 + mass) * (16 + Math.max(...z.data.map(Math.abs)));
      const rounded = gamma(4 * k * m + rows + 32, u);
      const share = (i: number): number => ((slopes[i % k] ?? 0) + (y.data[i % k] ?? 0)) / m;
      const expected = copies(z, false).data.map((_, i) => {
        const at = i % (k * m);
        return share(at) - (at < k ? (y.data[at] ?? 0) : 0);
      });
      return every([
        within(
          'loss, summed',
          [yield* lossValue(name, { ...wide, reduction: 'sum', params: {} })],
          [exactly(total)],
          [rounded * rows * size],
        ),
        within(
          'loss, averaged over samples',
          [yield* lossValue(name, { ...wide, reduction: 'mean', params: {} })],
          [exactly(total / rows)],
          [rounded * size],
        ),
        within(
          'gradient',
          yield* gradientOf(name, { ...wide, reduction: 'sum', params: {} }),
          expected.map(exactly),
          expected.map(() => rounded * size),
        ),
        ...(k * m === 1 && mass === 1
          ? [
              same(
                'gradient of one class',
                yield* gradientOf(name, { ...wide, reduction: 'sum', params: {} }),
                expected.map(() => 0),
              ),
            ]
          : []),
      ]);
    },
  }),
  law<{ readonly p: readonly number[]; readonly y: readonly number[] }>({
    id: 'loss/huber-at-1',
    ref: 'L-16',
    class: 'lattice',
    runs: 60,
    says: 'with the usual delta of 1, given by name or left out, Huber’s loss is r²/2 up to 1 and |r| − ½ beyond, its slope r cut at ±1, exactly on quarters',
    formula: 'r²/2 where |r| ≤ 1, else |r| − 1/2',
    source: 'Huber 1964, §4',
    subjects: among(['huber'], 'loss', 'forward', 'vjp'),
    given: () =>
      fc
        .array(fc.tuple(small, small), { minLength: 1, maxLength: 6 })
        .map((pairs) => ({ p: pairs.map(([a]) => a / 4), y: pairs.map(([, b]) => b / 4) })),
    *holds({ p, y }, _port, name) {
      const of = (data: readonly number[]): Values => ({ shape: [data.length, 1], data });
      const rs = p.map((v, i) => v - (y[i] ?? 0));
      const total = rs.reduce((s, r) => s + (Math.abs(r) <= 1 ? (r * r) / 2 : Math.abs(r) - 1 / 2), 0);
      const slopes = rs.map((r) => Math.max(-1, Math.min(1, r)));
      const b = { prediction: of(p), target: of(y), reduction: 'sum' as const };
      return every([
        same('loss', [yield* lossValue(name, { ...b, params: { delta: 1 } })], [total]),
        same('slopes', yield* gradientOf(name, { ...b, params: { delta: 1 } }), slopes),
        same('loss without delta', [yield* lossValue(name, { ...b, params: {} })], [total]),
        same('slopes without delta', yield* gradientOf(name, { ...b, params: {} }), slopes),
      ]);
    },
  }),
];
