// The engine itself, eagerly: doubles, one operation after another. What every other engine is checked against.

import {
  fold,
  keyOf,
  type Lang,
  layerOf,
  lossOf,
  lossRow,
  normal,
  ops,
  optimizerOf,
  pullback,
  step,
  Tensor,
  uniform,
} from '../../src/index.ts';
import { definePeer, type Running, repeated } from '../peer.ts';
import type { Inputs } from '../workloads.ts';
import { classifier, filled, type Task, xor } from './training.ts';

const one = (run: () => Tensor, name: string): Running => {
  let last = ops.lit(0) as Tensor;
  return repeated(
    () => {
      last = run();
    },
    () => ({ [name]: last.view }),
  );
};

/** Steps of a training on its one batch. */
const trained = ({ setup, training: from, batch, read }: Task): Running => {
  let training = from;
  let loss = Number.NaN;
  return repeated(
    () => {
      ({ training, loss } = step(setup, training, batch));
    },
    () => read(training.variables, loss),
  );
};

const norm = layerOf({ type: 'batchNorm' });
/** Of x, γ, β and the running statistics. */
export const normalised = <T>(o: Lang<T>, [x, gamma, beta, mean, variance]: readonly T[]): T =>
  norm.apply(
    o,
    { params: { gamma, beta } as Record<string, T>, state: { mean, variance } as Record<string, T> }, // five are given
    x as T,
    { mode: 'train' },
  )[0];
export const normInputs = (
  rows: number,
  columns: number,
  { x, gamma, beta }: Inputs<'batchNorm'>,
): readonly Tensor[] => [
  Tensor.from([rows, columns], x),
  Tensor.from([columns], gamma),
  Tensor.from([columns], beta),
  filled(columns, 0),
  filled(columns, 1),
];

export default definePeer({
  engine: 'tautograd, eager',
  version: '0.1.0',
  dtype: 'f64',
  threads: 1,
  can: {
    matmul: ({ n, transA, transB }, inputs) => {
      const [a, b] = [Tensor.from([n, n], inputs.a), Tensor.from([n, n], inputs.b)];
      return one(() => ops.matmul(transA ? ops.transpose(a) : a, transB ? ops.transpose(b) : b), 'c');
    },
    classifier: (sizes, inputs) => trained(classifier(sizes, inputs)),
    xor: (sizes, inputs) => trained(xor(sizes, inputs)),
    sigmoid: ({ n }, inputs) => {
      const x = Tensor.from([n], inputs.x);
      return one(() => ops.sigmoid(x), 'y');
    },
    relu: ({ n }, inputs) => {
      const x = Tensor.from([n], inputs.x);
      return one(() => ops.relu(x), 'y');
    },
    batchNorm: ({ rows, columns }, inputs) => {
      const xs = normInputs(rows, columns, inputs);
      return one(() => normalised(ops, xs), 'y');
    },
    batchNormBoth: ({ rows, columns }, inputs) => {
      const xs = normInputs(rows, columns, inputs);
      const dy = Tensor.from([rows, columns], inputs.dy);
      let made: Readonly<Record<string, Tensor>> = {};
      return repeated(
        () => {
          const { value, pull } = pullback((o, at) => [normalised(o, at)], ops, xs, 3);
          const [dx, dgamma, dbeta] = pull(dy) as [Tensor, Tensor, Tensor]; // three are tracked
          made = { y: value, dx, dgamma, dbeta };
        },
        () => Object.fromEntries(Object.entries(made).map(([name, t]) => [name, t.view])),
      );
    },
    bceWithLogits: ({ n }, inputs) => {
      const [z, y] = [Tensor.from([n], inputs.z), Tensor.from([n], inputs.y)];
      const row = lossRow('bceWithLogits');
      let made: { readonly loss: Tensor; readonly dz: Tensor } | null = null;
      return repeated(
        () => {
          const at = pullback(
            <T>(o: Lang<T>, [at, labels]: readonly T[]) => [lossOf(o, row, at as T, labels as T, 'mean')] as const,
            ops,
            [z, y],
            1,
          );
          made = { loss: at.value, dz: at.pull(ops.lit(1))[0] as Tensor };
        },
        () => ({ loss: made?.loss.view ?? [], dz: made?.dz.view ?? [] }),
      );
    },
    softmax: ({ n }, inputs) => {
      const x = Tensor.from([1, n], inputs.x);
      return one(() => ops.softmax(x), 'y');
    },
    adam: ({ n, lr }, inputs) => {
      const optimizer = optimizerOf('adam', { lr });
      const g = Tensor.from([n], inputs.g);
      let w = Tensor.from([n], inputs.w) as Tensor;
      let slots = optimizer.init(ops, [w]);
      let k = 0;
      return repeated(
        () => {
          const [updates, next] = optimizer.update(ops, [g], slots, [w], ops.lit(++k));
          w = ops.add(w, updates[0] as Tensor); // one leaf
          slots = next;
        },
        () => ({ w: w.view }),
      );
    },
    normal: ({ n }) => {
      let k = 0;
      return one(() => normal(fold(keyOf(1), ++k), [n]), 'x');
    },
    dropoutMask: ({ n, dropRate }) => {
      const rate = ops.lit(dropRate);
      let k = 0;
      return one(() => ops.greater(uniform(fold(keyOf(2), ++k), [n]), rate), 'mask');
    },
  },
});
