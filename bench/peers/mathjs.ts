// mathjs as an engine of the benchmark: products of matrices, and the XOR net written with them.
import * as math from 'mathjs';
import { definePeer, type Running, repeated } from '../peer.ts';
import { type Algebra, handXor } from './by-hand.ts';
import { versionOf } from './load.ts';

const rowsOf = (values: Float64Array, columns: number): number[][] =>
  Array.from({ length: values.length / columns }, (_, i) =>
    Array.from(values.subarray(i * columns, (i + 1) * columns)),
  );

/** A product of larger matrices takes seconds. */
const LARGEST = 256;
const flat = (m: math.Matrix): readonly number[] => (m.toArray() as number[][]).flat();
const ones = (n: number): math.Matrix => math.matrix(Array.from({ length: n }, () => [1]));

const algebra: Algebra<math.Matrix> = {
  from: (values, _rows, columns) => math.matrix(rowsOf(values, columns)),
  to: flat,
  matmul: (a, b) => math.multiply(a, b),
  transpose: (a) => math.transpose(a),
  add: (a, b) => math.add(a, b) as math.Matrix,
  sub: (a, b) => math.subtract(a, b) as math.Matrix,
  mul: (a, b) => math.dotMultiply(a, b) as math.Matrix,
  div: (a, b) => math.dotDivide(a, b) as math.Matrix,
  scale: (a, by) => math.multiply(a, by) as math.Matrix,
  map: (a, f) => math.map(a, f),
  addRow: (a, row) => math.add(a, math.multiply(ones(a.size()[0] ?? 0), row)) as math.Matrix,
  mulRow: (a, row) => math.dotMultiply(a, math.multiply(ones(a.size()[0] ?? 0), row)) as math.Matrix,
  sumRows: (a) => math.multiply(math.transpose(ones(a.size()[0] ?? 0)), a),
};

export default definePeer({
  engine: 'mathjs',
  version: versionOf('mathjs'),
  dtype: 'f64',
  threads: 1,
  can: {
    matmul: ({ n, transA, transB }, inputs): Running | null => {
      if (n > LARGEST) return null;
      const [a, b] = [math.matrix(rowsOf(inputs.a, n)), math.matrix(rowsOf(inputs.b, n))];
      let c = a;
      return repeated(
        () => {
          c = math.multiply(transA ? math.transpose(a) : a, transB ? math.transpose(b) : b);
        },
        () => ({ c: flat(c) }),
      );
    },
    xor: (sizes, inputs) => handXor(algebra, sizes, inputs),
  },
});
