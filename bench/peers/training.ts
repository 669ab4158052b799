// The two trainings of the workloads in the engine's own words: their setups, and variables from the arrays that are given.
import {
  type Data,
  keyOf,
  modelOf,
  type NetworkVariables,
  optimizerOf,
  type Setup,
  startFrom,
  Tensor,
  type Training,
} from '../../src/index.ts';
import type { Inputs, Outputs, SizesOf } from '../workloads.ts';

/** A training before its first step, its only batch, and what is looked at. */
export interface Task {
  readonly setup: Setup;
  readonly training: Training;
  readonly batch: Data;
  readonly read: (variables: NetworkVariables<Tensor>, loss: number) => Outputs;
}

type Named = Readonly<Record<string, Tensor | undefined>>;
const seen =
  (pick: (variables: NetworkVariables<Tensor>) => Named): Task['read'] =>
  (variables, loss) => ({
    loss: [loss],
    ...Object.fromEntries(Object.entries(pick(variables)).map(([name, t]) => [name, t?.view ?? []])),
  });

export const filled = (n: number, value: number): Tensor => Tensor.build([n], (out) => out.fill(value));

export const classifier = (
  { batch, inputs, first, second, dropRate, lr }: SizesOf['classifier'],
  a: Inputs<'classifier'>,
): Task => {
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
    state: [
      ...[first, second].flatMap((n) => [none, { mean: filled(n, 0), variance: filled(n, 1) }, none, none]),
      none,
    ],
  };
  const setup = { model, optimizer: optimizerOf('adam', { lr }) };
  return {
    setup,
    training: startFrom(setup, keyOf(1), variables),
    batch: { x: Tensor.from([batch, inputs], a.x), y: Tensor.from([batch, 1], a.y) },
    read: seen(({ params: p, state: s }) => ({
      ...{ w1: p[0]?.w, gamma1: p[1]?.gamma, beta1: p[1]?.beta, mean1: s[1]?.mean, variance1: s[1]?.variance },
      ...{ w2: p[4]?.w, gamma2: p[5]?.gamma, beta2: p[5]?.beta, mean2: s[5]?.mean, variance2: s[5]?.variance },
      ...{ w3: p[8]?.w, b3: p[8]?.b },
    })),
  };
};

export const xor = ({ hidden, lr }: SizesOf['xor'], a: Inputs<'xor'>): Task => {
  const model = modelOf({
    layers: [
      { type: 'dense', units: hidden },
      { type: 'activation', name: 'tanh' },
      { type: 'dense', units: 1 },
    ],
    loss: 'bceWithLogits',
  });
  const setup = { model, optimizer: optimizerOf('adam', { lr }) };
  const params = [
    { w: Tensor.from([2, hidden], a.w1), b: Tensor.from([hidden], a.b1) },
    {},
    { w: Tensor.from([hidden, 1], a.w2), b: Tensor.from([1], a.b2) },
  ];
  return {
    setup,
    training: startFrom(setup, keyOf(1), { params, state: [{}, {}, {}] }),
    batch: { x: Tensor.from([4, 2], a.x), y: Tensor.from([4, 1], a.y) },
    read: seen(({ params: p }) => ({ w1: p[0]?.w, b1: p[0]?.b, w2: p[2]?.w, b2: p[2]?.b })),
  };
};
