// Deep narrow networks, in which slopes fade or blow up: three activations, two depths, with and without batch normalisation.
import { fold, type Key, type LayerSpec } from '../../../src/index.ts';
import { ACCURACY, type NetworkProblem } from '../problem.ts';
import { moons, twoParts } from './generate.ts';

const WIDTH = 8;
const SAMPLES = 128;

/** Hidden layers of eight units, each with its activation, and one logit. */
const stack = (depth: number, activation: string, normed: boolean, init: string): readonly LayerSpec[] => [
  ...Array.from({ length: depth }).flatMap((): readonly LayerSpec[] => [
    { type: 'dense', units: WIDTH, init },
    ...(normed ? [{ type: 'batchNorm' } as const] : []),
    { type: 'activation', name: activation },
  ]),
  { type: 'dense', units: 1, init },
];

const SOURCES = {
  sigmoid: 'Hochreiter 1991; Glorot & Bengio 2010, §3',
  tanh: 'Glorot & Bengio 2010, §4',
  relu: 'He et al. 2015, §2.2; Hanin & Rolnick 2018',
} as const;
const NAMES = { sigmoid: 'sigmoids', tanh: 'tanh', relu: 'ReLU' } as const;
type Activation = keyof typeof SOURCES;

const deep = (activation: Activation, depth: number, normed = false): NetworkProblem => ({
  kind: 'network',
  doc: `two half circles learnt by ${depth} hidden layers of ${WIDTH} units with ${NAMES[activation]}${normed ? ' behind batch normalisation' : ''}`,
  source: normed ? `${SOURCES[activation]}; Ioffe & Szegedy 2015` : SOURCES[activation],
  tags: ['deep', 'mini-batch', 'classification', activation, ...(normed ? ['batch norm'] : [])],
  data: (key: Key) => twoParts(key, (k) => moons(fold(k, 0), SAMPLES, 0.1)),
  layers: (init) => stack(depth, activation, normed, init),
  loss: 'bceWithLogits',
  batch: 32,
  steps: 150,
  target: 0.3,
  unit: 'nats per sample',
  score: ACCURACY,
});

export const deepProblems = {
  deepSigmoid10: deep('sigmoid', 10),
  deepTanh10: deep('tanh', 10),
  deepRelu10: deep('relu', 10),
  deepSigmoid20: deep('sigmoid', 20),
  deepTanh20: deep('tanh', 20),
  deepRelu20: deep('relu', 20),
  deepSigmoid10Normed: deep('sigmoid', 10, true),
  deepTanh10Normed: deep('tanh', 10, true),
  deepRelu10Normed: deep('relu', 10, true),
  deepSigmoid20Normed: deep('sigmoid', 20, true),
  deepTanh20Normed: deep('tanh', 20, true),
  deepRelu20Normed: deep('relu', 20, true),
};
