// A port for tautograd in JavaScript: an adapter, whose functions the verifier calls itself; there is no protocol.
import { definePort } from 'tautograd/port';

/** A tensor is { shape, data }: sizes, and as many numbers as their product, row by row. */
const map = (t, f) => ({ shape: t.shape, data: Array.from(t.data, f) });

const transposed = ({ shape: [n, m], data }) => ({
  shape: [m, n],
  data: Array.from({ length: n * m }, (_, i) => data[(i % n) * m + Math.floor(i / n)]),
});

/** [n, k] times [k, m]. */
const matmul = (a, b) => {
  const [n, k] = a.shape;
  const m = b.shape[1];
  const data = new Array(n * m).fill(0);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < m; j++) for (let l = 0; l < k; l++) data[i * m + j] += a.data[i * k + l] * b.data[l * m + j];
  return { shape: [n, m], data };
};

const sum = (list) => list.reduce((a, b) => a + b, 0);
/** What a loss of that many terms is divided by. */
const share = (reduction, terms) => {
  if (terms === 0) throw new RangeError('an empty batch has no loss');
  return reduction === 'mean' ? terms : 1;
};

// CONTRACT.md lists what else can be asked; what is not here is not covered. What is here is judged as the
// engine's own: put calls of yours in its place, and delete what the engine does not have.
export default definePort({
  engine: 'my engine',
  version: '0.1',
  dtype: 'f64',
  conventions: {}, // choices that differ from the usual ones, as bce: 'probability'
  entries: {
    activation: {
      identity: {
        forward: ({ x }) => ({ y: map(x, (v) => v) }), // a copy: what was given is the caller's
        vjp: ({ dy }) => ({ dx: map(dy, (g) => g) }),
      },
      relu: {
        forward: ({ x }) => ({ y: map(x, (v) => (v <= 0 ? 0 : v)) }), // NaN is not <= 0, and stays NaN
        vjp: ({ x, dy }) => ({ dx: map(x, (v, i) => (v <= 0 ? 0 : dy.data[i])) }),
      },
      sigmoid: {
        forward: ({ x }) => ({
          y: map(x, (v) => {
            const e = Math.exp(-Math.abs(v)); // never overflows
            return (v < 0 ? e : 1) / (1 + e);
          }),
        }),
        vjp: ({ x, dy }) => ({
          dx: map(x, (v, i) => {
            const e = Math.exp(-Math.abs(v)); // y * (1 - y) would lose all digits where y is near 1
            return dy.data[i] * (e / (1 + e) ** 2);
          }),
        }),
      },
    },
    loss: {
      mse: {
        forward: ({ prediction, target, reduction }) => {
          const total = sum(Array.from(prediction.data, (p, i) => (p - target.data[i]) ** 2));
          return { loss: { shape: [], data: [total / share(reduction, target.data.length)] } };
        },
        vjp: ({ prediction, target, reduction }) => ({
          dprediction: map(prediction, (p, i) => (2 * (p - target.data[i])) / share(reduction, target.data.length)),
        }),
      },
    },
    layer: {
      dense: {
        forward: ({ x, w, b }) => ({ y: map(matmul(x, w), (v, i) => v + b.data[i % b.data.length]) }),
        vjp: ({ x, w, b, dy }) => ({
          dx: matmul(dy, transposed(w)),
          dw: matmul(transposed(x), dy),
          db: map(b, (_, j) => sum(Array.from(dy.data).filter((_, i) => i % b.data.length === j))),
        }),
      },
    },
  },
});
