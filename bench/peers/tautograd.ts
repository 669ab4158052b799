// The engine itself, eagerly: doubles, one operation after another. What every other engine is checked against.

import {
  type Data,
  fold,
  keyOf,
  type Lang,
  layerOf,
  lossOf,
  lossRow,
  type Model,
  modelOf,
  type NetworkVariables,
  normal,
  ops,
  optimizerOf,
  pullback,
  startFrom,
  step,
  Tensor,
  uniform,
} from '../../src/index.ts';
import { definePeer, type Running, repeated } from '../peer.ts';
import type { Inputs } from '../workloads.ts';

const one = (run: () => Tensor, name: string): Running => {
  let last = ops.lit(0) as Tensor;
  return repeated(
    () => {
      last = run();
    },
    () => ({ [name]: last.view }),
  );
};

/** Steps of a training from given variables on one batch; `read` names what is looked at. */
const trained = (
  model: Model,
  variables: NetworkVariables<Tensor>,
  batch: Data,
  lr: number,
  read: (variables: NetworkVariables<Tensor>) => Readonly<Record<string, Tensor | undefined>>,
): Running => {
  const setup = { model, optimizer: optimizerOf('adam', { lr }) };
  let training = startFrom(setup, keyOf(1), variables);
  let loss = Number.NaN;
  return repeated(
    () => {
      ({ training, loss } = step(setup, training, batch));
    },
    () => ({
      loss: [loss],
      ...Object.fromEntries(Object.entries(read(training.variables)).map(([name, t]) => [name, t?.view ?? []])),
    }),
  );
};

const filled = (n: number, value: number): Tensor => Tensor.build([n], (out) => out.fill(value));

const norm = layerOf({ type: 'batchNorm' });
/** Of x, γ, β and the running statistics. */
const normalised = <T>(o: Lang<T>, [x, gamma, beta, mean, variance]: readonly T[]): T =>
  norm.apply(
    o,
    { params: { gamma, beta } as Record<string, T>, state: { mean, variance } as Record<string, T> }, // five are given
    x as T,
    { mode: 'train' },
  )[0];
const normInputs = (rows: number, columns: number, { x, gamma, beta }: Inputs<'batchNorm'>): readonly Tensor[] => [
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
    classifier: ({ batch, inputs, first, second, dropRate, lr }, a) => {
      const model = modelOf({
        layers: [
          ...[first, second].flatMap(
            (units) =>
              [
                { type: 'dense', units },
                { type: 'batchNorm' },
                { type: 'activation', name: 'relu' },
                { type: 'dropout', dropRate },
              ] as const,
          ),
          { type: 'dense', units: 1 },
        ],
        loss: 'bceWithLogits',
      });
      const none = {};
      const variables: NetworkVariables<Tensor> = {
        params: [
          { w: Tensor.from([inputs, first], a.w1), b: Tensor.from([first], a.b1) },
          { gamma: Tensor.from([first], a.gamma1), beta: Tensor.from([first], a.beta1) },
          none,
          none,
          { w: Tensor.from([first, second], a.w2), b: Tensor.from([second], a.b2) },
          { gamma: Tensor.from([second], a.gamma2), beta: Tensor.from([second], a.beta2) },
          none,
          none,
          { w: Tensor.from([second, 1], a.w3), b: Tensor.from([1], a.b3) },
        ],
        state: [first, second].flatMap((n) => [none, { mean: filled(n, 0), variance: filled(n, 1) }, none, none]),
      };
      const data = { x: Tensor.from([batch, inputs], a.x), y: Tensor.from([batch, 1], a.y) };
      return trained(
        model,
        { ...variables, state: [...variables.state, none] },
        data,
        lr,
        ({ params: p, state: s }) => ({
          ...{ w1: p[0]?.w, gamma1: p[1]?.gamma, beta1: p[1]?.beta, mean1: s[1]?.mean, variance1: s[1]?.variance },
          ...{ w2: p[4]?.w, gamma2: p[5]?.gamma, beta2: p[5]?.beta, mean2: s[5]?.mean, variance2: s[5]?.variance },
          ...{ w3: p[8]?.w, b3: p[8]?.b },
        }),
      );
    },
    xor: ({ hidden, lr }, a) => {
      const model = modelOf({
        layers: [
          { type: 'dense', units: hidden },
          { type: 'activation', name: 'tanh' },
          { type: 'dense', units: 1 },
        ],
        loss: 'bceWithLogits',
      });
      const params = [
        { w: Tensor.from([2, hidden], a.w1), b: Tensor.from([hidden], a.b1) },
        {},
        { w: Tensor.from([hidden, 1], a.w2), b: Tensor.from([1], a.b2) },
      ];
      const data = { x: Tensor.from([4, 2], a.x), y: Tensor.from([4, 1], a.y) };
      return trained(model, { params, state: [{}, {}, {}] }, data, lr, ({ params: p }) => ({
        ...{ w1: p[0]?.w, b1: p[0]?.b, w2: p[2]?.w, b2: p[2]?.b },
      }));
    },
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
