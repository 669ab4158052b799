// Rows of more numbers than stand in a line: exact sums over thousands of terms, random bits, and a curve at ten thousand points.
import type { Values } from '../arbitraries.ts';
import { truthAt } from '../laws/activation.ts';
import { uniformOf } from '../oracle/draws.ts';
import { expecting } from '../oracle/exact.ts';
import { contractUlps, ulpsAt } from '../tolerance.ts';
import { about, plainly } from './case.ts';
import { declared, nameIn, type Row } from './row.ts';

const COLUMNS = 104;
const ROWS = 100;

/** Whole numbers from −reach to reach by a multiplicative generator (Lehmer 1951): sums of thousands of their products are exact. */
const integers = (shape: readonly number[], seed: number, reach: number): Values => {
  let state = seed;
  const next = (): number => {
    state = (state * 48271) % 2147483647;
    return (state % (2 * reach + 1)) - reach;
  };
  return { shape, data: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, next) };
};

const transposed = ({ shape: [n = 0, m = 0], data }: Values): Values => ({
  shape: [m, n],
  data: Array.from({ length: n * m }, (_, i) => data[(i % n) * m + Math.floor(i / n)] ?? 0),
});
/** a·b of whole numbers, so small that no sum in any order is rounded. */
const product = (a: Values, b: Values): Values => {
  const [n = 0, k = 0] = a.shape;
  const [, m = 0] = b.shape;
  const data = Array.from({ length: n * m }, (_, at) => {
    const [i, j] = [Math.floor(at / m), at % m];
    let s = 0;
    for (let l = 0; l < k; l++) s += (a.data[i * k + l] ?? 0) * (b.data[l * m + j] ?? 0);
    return s;
  });
  return { shape: [n, m], data };
};
const sums = ({ shape: [n = 0, m = 0], data }: Values): Values => ({
  shape: [m],
  data: Array.from({ length: m }, (_, j) =>
    Array.from({ length: n }, (_2, i) => data[i * m + j] ?? 0).reduce((a, b) => a + b, 0),
  ),
});

const x = integers([ROWS, COLUMNS], 11, 63);
const w = integers([COLUMNS, COLUMNS], 13, 63);
const b = integers([COLUMNS], 17, 63);
const dy = integers([ROWS, COLUMNS], 19, 63);

/** Numbers whose curve is computed at 64 digits; the tensor holds them again and again in another order. */
const POINTS = 400;
const points = integers([POINTS], 23, 2 ** 20).data.map((v) => v / 2 ** 16);

export const largeRows: readonly Row[] = [
  {
    id: 'vectors/large-dense',
    says: 'a dense layer of ten thousand whole numbers each way, whose sums are exact in any order',
    entries: declared('layer.dense.forward', 'layer.dense.vjp'),
    asks: (_port, entry) => {
      if (entry.endsWith('.vjp'))
        return [
          {
            args: { x, w, b, dy },
            known: {
              dx: plainly(product(dy, transposed(w))),
              dw: plainly(product(transposed(x), dy)),
              db: plainly(sums(dy)),
            },
          },
        ];
      const y = product(x, w);
      return [
        {
          args: { x, w, b },
          known: { y: plainly({ shape: y.shape, data: y.data.map((v, i) => v + (b.data[i % COLUMNS] ?? 0)) }) },
        },
      ];
    },
  },
  {
    id: 'vectors/large-curve',
    says: 'ten thousand points of a curve in the order that people lay tensors out, each within the contract’s ulps of its 64-digit value',
    entries: declared('activation.sigmoid.forward', 'activation.relu.forward'),
    asks: ({ dtype }, entry) => {
      const name = nameIn(entry);
      const ulps = contractUlps(name === 'relu' ? 0 : 1);
      const truths = points.map((v) => expecting(truthAt(name, v, {}).value, dtype));
      const at = (i: number): number => (i * 7) % POINTS;
      const data = Array.from({ length: ROWS * COLUMNS }, (_, i) => points[at(i)] ?? 0);
      const form = { shape: [ROWS, COLUMNS], data };
      const all = data.map((_, i) => truths[at(i)] as (typeof truths)[number]); // within the points
      return [
        {
          args: { x: form },
          known: {
            y: about(
              form,
              all,
              all.map((e) => ulpsAt(ulps, e.value, dtype)),
              dtype,
            ),
          },
        },
      ];
    },
  },
  {
    id: 'vectors/large-uniforms',
    says: 'ten thousand uniforms of a key, bit for bit by a second writing of Threefry',
    source: 'Salmon et al. 2011',
    entries: declared('random.threefry.uniforms'),
    asks: () => {
      const key = [0x13198a2e, 0x03707344] as const;
      const count = ROWS * COLUMNS;
      const values = { shape: [count], data: Array.from({ length: count }, (_, i) => uniformOf(key, i)) };
      return [{ args: { key, count }, known: { values: plainly(values) } }];
    },
  },
];
