// Problems on real data: nuclei of cells, and handwritten digits.
import { type Data, type Key, mlp, oneHot, takeData } from '../../../src/index.ts';
import { breastCancer, digitShares, digits, type Parts } from '../../data.ts';
import { ACCURACY, type NetworkProblem } from '../problem.ts';

const CANCER = 'Wolberg, Mangasarian, Street & Street 1995, doi:10.24432/C5DW2B';
const DIGITS = 'Alpaydin & Kaynak 1998, doi:10.24432/C50P49';
const CLASSES = 10;
/** Samples that a deep stack learns from: of few, a start that has seen them helps most. */
const FEW = 512;

const network = (row: Omit<NetworkProblem, 'kind'>): NetworkProblem => ({ kind: 'network', ...row });

const both = ({ train, test }: Parts, f: (data: Data) => Data): Parts => ({ train: f(train), test: f(test) });
const labelled = ({ x, y }: Data): Data => ({ x, y: oneHot(y, CLASSES) });
const itself = ({ x }: Data): Data => ({ x, y: x });

export const realProblems = {
  breastCancer: network({
    doc: 'malignant or benign from 30 features of cell nuclei, learnt by a 30-16-1 network with ReLU',
    source: CANCER,
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
  digits: network({
    doc: 'ten digits of 8 × 8 pixels, learnt by a 64-32-10 network with ReLU',
    source: DIGITS,
    tags: ['real data', 'mini-batch', 'classification'],
    data: async (key: Key) => both(await digits(key), labelled),
    layers: (init) => mlp([32, CLASSES], 'relu', init),
    loss: 'softmaxCrossEntropy',
    batch: 64,
    steps: 200,
    target: 0.1,
    unit: 'nats per sample',
    score: ACCURACY,
  }),
  digitsDeepSigmoid: network({
    doc: 'the same from 512 samples by a 64-32-32-32-10 stack of sigmoids, whose slopes fade with depth; pixels as shares of full ink',
    source: `Hinton & Salakhutdinov 2006; ${DIGITS}`,
    tags: ['real data', 'mini-batch', 'classification', 'deep', 'sigmoid'],
    data: async (key: Key) => {
      const { train, test } = both(await digitShares(key), labelled);
      return {
        train: takeData(
          train,
          Array.from({ length: FEW }, (_, i) => i),
        ),
        test,
      };
    },
    layers: (init) => mlp([32, 32, 32, CLASSES], 'sigmoid', init),
    loss: 'softmaxCrossEntropy',
    batch: 32,
    steps: 300,
    target: 0.5,
    unit: 'nats per sample',
    score: ACCURACY,
  }),
  digitsAutoencoder: network({
    doc: 'digits of 8 × 8 pixels through a neck of 8 units: 64-32-8-32-64 with tanh; pixels as shares of full ink',
    source: `Hinton & Salakhutdinov 2006; ${DIGITS}`,
    tags: ['real data', 'mini-batch', 'regression', 'autoencoder'],
    data: async (key: Key) => both(await digitShares(key), itself),
    layers: (init) => mlp([32, 8, 32, 64], 'tanh', init),
    loss: 'mse',
    batch: 64,
    steps: 200,
    target: 0.04,
    unit: 'squared error per pixel',
  }),
};
