// Plain TypeScript loops over Float64Arrays, as one writes them by hand: what an engine must beat to be worth its abstractions.
import { definePeer, repeated } from '../peer.ts';

/** Rows and columns of the block of c that is kept in local variables. */
const [DOWN, ACROSS] = [2, 4];
/** Columns of b that stay in the cache while all rows of a pass by. */
const PANEL = 64;

/** c = a·b, row-major; n must be a multiple of the block. */
const multiply = (a: Float64Array, b: Float64Array, c: Float64Array, n: number, panel: Float64Array): void => {
  for (let j0 = 0; j0 < n; j0 += PANEL) {
    const width = Math.min(PANEL, n - j0);
    // a panel of b, four columns at a time, one after another in memory
    for (let j = 0; j < width; j += ACROSS)
      for (let k = 0; k < n; k++)
        for (let q = 0; q < ACROSS; q++) panel[j * n + k * ACROSS + q] = b[k * n + j0 + j + q] as number;
    for (let i = 0; i < n; i += DOWN)
      for (let j = 0; j < width; j += ACROSS) {
        let [s0, s1, s2, s3, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0, 0, 0];
        for (let k = 0, at = j * n, p = i * n, q = p + n; k < n; k++, at += ACROSS, p++, q++) {
          const [x, y] = [a[p] as number, a[q] as number];
          const b0 = panel[at] as number;
          const b1 = panel[at + 1] as number;
          const b2 = panel[at + 2] as number;
          const b3 = panel[at + 3] as number;
          s0 += x * b0;
          s1 += x * b1;
          s2 += x * b2;
          s3 += x * b3;
          t0 += y * b0;
          t1 += y * b1;
          t2 += y * b2;
          t3 += y * b3;
        }
        const to = i * n + j0 + j;
        c[to] = s0;
        c[to + 1] = s1;
        c[to + 2] = s2;
        c[to + 3] = s3;
        c[to + n] = t0;
        c[to + n + 1] = t1;
        c[to + n + 2] = t2;
        c[to + n + 3] = t3;
      }
  }
};

const transposed = (a: Float64Array, n: number): Float64Array =>
  Float64Array.from(a, (_, i) => a[(i % n) * n + Math.floor(i / n)] as number);

/** One step of Adam in place. */
const adamStep = (w: Float64Array, g: Float64Array, m: Float64Array, v: Float64Array, lr: number, k: number): void => {
  const rate = lr / (1 - 0.9 ** k);
  const root = 1 / Math.sqrt(1 - 0.999 ** k);
  for (let i = 0; i < w.length; i++) {
    const gi = g[i] as number;
    const mi = 0.9 * (m[i] as number) + (1 - 0.9) * gi;
    const vi = 0.999 * (v[i] as number) + (1 - 0.999) * gi * gi;
    m[i] = mi;
    v[i] = vi;
    w[i] = (w[i] as number) - (rate * mi) / (Math.sqrt(vi) * root + 1e-8);
  }
};

/** xoshiro128+, 32 bits at a time; its state is the closure's. */
const generator = (seed: number): (() => number) => {
  let [a, b, c, d] = [seed, 0x9e3779b9, 0x243f6a88, 0xb7e15162];
  return () => {
    const result = (a + d) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
};

export default definePeer({
  engine: 'plain TypeScript',
  version: process.version,
  dtype: 'f64',
  threads: 1,
  can: {
    matmul: ({ n, transA, transB }, { a, b }) => {
      const c = new Float64Array(n * n);
      const panel = new Float64Array(n * PANEL);
      return repeated(
        () => multiply(transA ? transposed(a, n) : a, transB ? transposed(b, n) : b, c, n, panel),
        () => ({ c }),
      );
    },
    xor: ({ hidden: h, lr }, { x, y, w1, b1, w2, b2 }) => {
      // one array for all parameters, so that Adam is one loop
      const w = Float64Array.of(...w1, ...b1, ...w2, ...b2);
      const [g, m, v] = [w, w, w].map(() => new Float64Array(w.length)) as [Float64Array, Float64Array, Float64Array];
      const a = new Float64Array(h);
      const [bias1, out, bias2] = [2 * h, 3 * h, 4 * h];
      let [k, loss] = [0, 0];
      return repeated(
        () => {
          g.fill(0);
          loss = 0;
          for (let s = 0; s < 4; s++) {
            const [x0, x1, label] = [x[2 * s] as number, x[2 * s + 1] as number, y[s] as number];
            let z = w[bias2] as number;
            for (let i = 0; i < h; i++) {
              const t = Math.tanh(x0 * (w[i] as number) + x1 * (w[h + i] as number) + (w[bias1 + i] as number));
              a[i] = t;
              z += t * (w[out + i] as number);
            }
            const e = Math.exp(-Math.abs(z));
            loss += (Math.max(z, 0) - z * label + Math.log1p(e)) / 4;
            const dz = ((z >= 0 ? 1 / (1 + e) : e / (1 + e)) - label) / 4;
            g[bias2] = (g[bias2] as number) + dz;
            for (let i = 0; i < h; i++) {
              const t = a[i] as number;
              g[out + i] = (g[out + i] as number) + dz * t;
              const da = dz * (w[out + i] as number) * (1 - t * t);
              g[i] = (g[i] as number) + da * x0;
              g[h + i] = (g[h + i] as number) + da * x1;
              g[bias1 + i] = (g[bias1 + i] as number) + da;
            }
          }
          adamStep(w, g, m, v, lr, ++k);
        },
        () => ({
          loss: [loss],
          w1: w.slice(0, bias1),
          b1: w.slice(bias1, out),
          w2: w.slice(out, bias2),
          b2: w.slice(bias2),
        }),
      );
    },
    sigmoid: ({ n }, { x }) => {
      const y = new Float64Array(n);
      return repeated(
        () => {
          for (let i = 0; i < n; i++) y[i] = 1 / (1 + Math.exp(-(x[i] as number)));
        },
        () => ({ y }),
      );
    },
    relu: ({ n }, { x }) => {
      const y = new Float64Array(n);
      return repeated(
        () => {
          for (let i = 0; i < n; i++) {
            const v = x[i] as number;
            y[i] = v > 0 ? v : 0;
          }
        },
        () => ({ y }),
      );
    },
    adam: ({ n, lr }, { w: start, g }) => {
      const [w, m, v] = [start.slice(), new Float64Array(n), new Float64Array(n)];
      let k = 0;
      return repeated(
        () => adamStep(w, g, m, v, lr, ++k),
        () => ({ w }),
      );
    },
    normal: ({ n }) => {
      const x = new Float64Array(n);
      const next = generator(1);
      return repeated(
        () => {
          // the polar method: two at a time
          for (let i = 0; i < n; ) {
            const u = next() * 2 ** -31 - 1;
            const v = next() * 2 ** -31 - 1;
            const s = u * u + v * v;
            if (s >= 1 || s === 0) continue;
            const f = Math.sqrt((-2 * Math.log(s)) / s);
            x[i++] = u * f;
            if (i < n) x[i++] = v * f;
          }
        },
        () => ({ x }),
      );
    },
    dropoutMask: ({ n, dropRate }) => {
      const mask = new Uint8Array(n);
      const next = generator(2);
      const keep = (1 - dropRate) * 2 ** 32;
      return repeated(
        () => {
          for (let i = 0; i < n; i++) mask[i] = next() < keep ? 1 : 0;
        },
        () => ({ mask }),
      );
    },
  },
});
