// Problems every course begins with: exclusive or, and a first set of real data.
import { mlp, Tensor } from '../../../src/index.ts';
import { breastCancer } from '../../data.ts';
import { ACCURACY, type NetworkProblem } from '../problem.ts';

const network = (row: Omit<NetworkProblem, 'kind'>): NetworkProblem => ({ kind: 'network', ...row });

export const classicProblems = {
  xor: network({
    doc: 'exclusive or: four points that no line separates, learnt by a 2-4-1 network with tanh',
    source: 'Minsky & Papert 1969; Rumelhart, Hinton & Williams 1986',
    tags: ['toy', 'full batch', 'classification'],
    data: () => {
      const all = { x: Tensor.from([4, 2], [0, 0, 0, 1, 1, 0, 1, 1]), y: Tensor.from([4, 1], [0, 1, 1, 0]) };
      return { train: all, test: all };
    },
    layers: (init) => mlp([4, 1], 'tanh', init),
    loss: 'bceWithLogits',
    batch: 'full',
    steps: 300,
    target: 0.05,
    unit: 'nats per sample',
    score: { name: 'errors of 4', better: 'lower', of: (errors) => errors },
  }),
  breastCancer: network({
    doc: 'malignant or benign from 30 features of cell nuclei, learnt by a 30-16-1 network with ReLU',
    source: 'Wolberg, Mangasarian, Street & Street 1995, doi:10.24432/C5DW2B',
    tags: ['real data', 'mini-batch', 'classification'],
    data: breastCancer,
    layers: (init) => mlp([16, 1], 'relu', init),
    loss: 'bceWithLogits',
    batch: 32,
    steps: 120,
    target: 0.1,
    unit: 'nats per sample',
    score: ACCURACY,
  }),
};
