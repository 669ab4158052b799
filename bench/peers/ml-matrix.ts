// ml-matrix as an engine of the benchmark: matrices in doubles, derivatives by hand.
import { definePeer, repeated } from '../peer.ts';
import { type Algebra, handAdam, handClassifier, handNorm, handNormBack, handXor } from './by-hand.ts';
import { engine, versionOf } from './load.ts';

/** The part of the public API that is used, written down because its own types are not in the root install. */
interface M {
  readonly rows: number;
  readonly columns: number;
  get(i: number, j: number): number;
  set(i: number, j: number, v: number): M;
  clone(): M;
  mmul(b: M): M;
  transpose(): M;
  add(b: M): M;
  sub(b: M): M;
  mul(b: M | number): M;
  div(b: M): M;
  apply(f: (this: M, i: number, j: number) => void): M;
  addRowVector(row: M): M;
  mulRowVector(row: M): M;
  sum(by: 'column'): readonly number[];
  to1DArray(): number[];
  max(): number;
}
const { Matrix } = engine<{
  readonly Matrix: {
    from1DArray(rows: number, columns: number, values: ArrayLike<number>): M;
    rowVector(values: ArrayLike<number>): M;
    add(a: M, b: M): M;
    sub(a: M, b: M): M;
    mul(a: M, b: M | number): M;
    div(a: M, b: M): M;
  };
}>('ml-matrix');

const mapped = (a: M, f: (v: number) => number): M => {
  const out = a.clone();
  for (let i = 0; i < out.rows; i++) for (let j = 0; j < out.columns; j++) out.set(i, j, f(out.get(i, j)));
  return out;
};

const algebra: Algebra<M> = {
  from: (values, rows, columns) => Matrix.from1DArray(rows, columns, values),
  to: (a) => a.to1DArray(),
  matmul: (a, b) => a.mmul(b),
  transpose: (a) => a.transpose(),
  add: Matrix.add,
  sub: Matrix.sub,
  mul: Matrix.mul,
  div: Matrix.div,
  scale: Matrix.mul,
  map: mapped,
  addRow: (a, row) => a.clone().addRowVector(row),
  mulRow: (a, row) => a.clone().mulRowVector(row),
  sumRows: (a) => Matrix.rowVector(a.sum('column')),
};

const unary = (n: number, values: Float64Array, f: (v: number) => number) => {
  const x = Matrix.from1DArray(1, n, values);
  let y = x;
  return repeated(
    () => {
      y = mapped(x, f);
    },
    () => ({ y: y.to1DArray() }),
  );
};

export default definePeer({
  engine: 'ml-matrix',
  version: versionOf('ml-matrix'),
  dtype: 'f64',
  threads: 1,
  can: {
    matmul: ({ n, transA, transB }, inputs) => {
      const [a, b] = [Matrix.from1DArray(n, n, inputs.a), Matrix.from1DArray(n, n, inputs.b)];
      let c = a;
      return repeated(
        () => {
          c = (transA ? a.transpose() : a).mmul(transB ? b.transpose() : b);
        },
        () => ({ c: c.to1DArray() }),
      );
    },
    classifier: (sizes, inputs) => handClassifier(algebra, sizes, inputs),
    xor: (sizes, inputs) => handXor(algebra, sizes, inputs),
    sigmoid: ({ n }, { x }) => unary(n, x, (v) => 1 / (1 + Math.exp(-v))),
    relu: ({ n }, { x }) => unary(n, x, (v) => (v > 0 ? v : 0)),
    batchNorm: ({ rows, columns }, inputs) => {
      const [x, gamma, beta] = [
        Matrix.from1DArray(rows, columns, inputs.x),
        Matrix.rowVector(inputs.gamma),
        Matrix.rowVector(inputs.beta),
      ];
      let y = x;
      return repeated(
        () => {
          ({ y } = handNorm(algebra, x, gamma, beta, rows));
        },
        () => ({ y: y.to1DArray() }),
      );
    },
    batchNormBoth: ({ rows, columns }, inputs) => {
      const [x, gamma, beta] = [
        Matrix.from1DArray(rows, columns, inputs.x),
        Matrix.rowVector(inputs.gamma),
        Matrix.rowVector(inputs.beta),
      ];
      const dy = Matrix.from1DArray(rows, columns, inputs.dy);
      let made: Readonly<Record<string, M>> = {};
      return repeated(
        () => {
          const forward = handNorm(algebra, x, gamma, beta, rows);
          made = { y: forward.y, ...handNormBack(algebra, forward, gamma, dy, rows) };
        },
        () => Object.fromEntries(Object.entries(made).map(([name, m]) => [name, m.to1DArray()])),
      );
    },
    adam: ({ n, lr }, inputs) => {
      const step = handAdam(algebra, lr);
      const g = Matrix.from1DArray(1, n, inputs.g);
      let w = Matrix.from1DArray(1, n, inputs.w);
      return repeated(
        () => {
          w = step({ w }, { w: g }).w as M; // as it was given
        },
        () => ({ w: w.to1DArray() }),
      );
    },
  },
});
