// Recipes: whole trainings on real data, one row each, and the accuracy on samples that they never saw.
import {
  accuracyOn,
  batches,
  type Data,
  fit,
  type Hyper,
  type Key,
  keyOf,
  type LayerSpec,
  mlp,
  modelOf,
  oneHot,
  optimizerOf,
  pretrained,
  split,
  startFrom,
  type Tensor,
} from '../src/index.ts';
import { breastCancer, digitShares, digits, type Parts } from './data.ts';

export interface Recipe {
  readonly doc: string;
  readonly source: string;
  readonly data: (key: Key) => Parts | Promise<Parts>;
  readonly layers: readonly LayerSpec[];
  /** A row of LOSSES; for several classes the labels become one-hot rows. */
  readonly loss: string;
  readonly classes: number;
  /** A start that looks at the samples, before the first step. */
  readonly pretraining?: { readonly name: string; readonly hyper: Hyper };
  readonly optimizer: string;
  readonly hyper: Hyper;
  /** Samples per step; a last batch that is smaller is left out. */
  readonly batch: number;
  readonly epochs: number;
}

const recipe = (row: Recipe): Recipe => row;

const UCI_DIGITS = 'Alpaydin & Kaynak 1998, doi:10.24432/C50P49';
const UCI_CANCER = 'Wolberg, Mangasarian, Street & Street 1995, doi:10.24432/C5DW2B';

/** A deep stack of sigmoids, as it was built before: its slopes fade with depth. */
const deepSigmoid = {
  layers: mlp([48, 48, 48, 10], 'sigmoid', 'zeros'),
  loss: 'softmaxCrossEntropy',
  classes: 10,
} as const;
const slowly = { optimizer: 'sgd', hyper: { lr: 0.5 }, batch: 16, epochs: 15 } as const;

/** Hidden layers as they are built today: dense, batch normalisation, ReLU, dropout. */
const modern = (units: number, out: number, dropRate: number): readonly LayerSpec[] => [
  { type: 'dense', units, init: 'heNormal' },
  { type: 'batchNorm' },
  { type: 'activation', name: 'relu' },
  { type: 'dropout', dropRate },
  { type: 'dense', units: out },
];

export const RECIPES = {
  breastCancer: recipe({
    doc: 'malignant or benign: 30-64-1 with batch normalisation, ReLU, dropout 0.2 and Adam',
    source: UCI_CANCER,
    data: breastCancer,
    layers: modern(64, 1, 0.2),
    loss: 'bceWithLogits',
    classes: 2,
    optimizer: 'adam',
    hyper: { lr: 0.003 },
    batch: 32,
    epochs: 20,
  }),
  digits: recipe({
    doc: 'ten digits of 8 × 8 pixels: 64-64-10 with batch normalisation, ReLU, dropout 0.2 and Adam',
    source: UCI_DIGITS,
    data: digits,
    layers: modern(64, 10, 0.2),
    loss: 'softmaxCrossEntropy',
    classes: 10,
    optimizer: 'adam',
    hyper: { lr: 0.003 },
    batch: 32,
    epochs: 15,
  }),
  deepSigmoidZeros: recipe({
    doc: 'ten digits by a 64-48-48-48-10 stack of sigmoids that starts at zero: it stays at chance',
    source: UCI_DIGITS,
    data: digitShares,
    ...deepSigmoid,
    ...slowly,
  }),
  deepSigmoidRbm: recipe({
    doc: 'the same stack, pre-trained layer by layer as Boltzmann machines: it learns',
    source: `Hinton & Salakhutdinov 2006; ${UCI_DIGITS}`,
    data: digitShares,
    ...deepSigmoid,
    pretraining: { name: 'rbm', hyper: { epochs: 10, lr: 0.1 } },
    ...slowly,
  }),
} satisfies Record<string, Recipe>;

export type RecipeName = keyof typeof RECIPES;
export const RECIPE_NAMES = Object.keys(RECIPES) as readonly RecipeName[];

/** One-hot rows for several classes, the labels as they are for two. */
const targets = (y: Tensor, classes: number): Tensor => (classes === 2 ? y : oneHot(y, classes));

/** What one seed came to. */
export interface Trained {
  readonly seed: number;
  /** Share of the held-out samples whose class is right. */
  readonly accuracy: number;
  readonly steps: number;
  /** Training loss of the last step, in nats per sample. */
  readonly loss: number;
}

/** Trains a recipe from one seed, which fixes split, weights, batches and dropout, and judges it on the held-out fifth. */
export const trainRecipe = async (row: Recipe, seed: number): Promise<Trained> => {
  const [dataKey, startKey, batchKey, lookKey] = split(keyOf(seed), 4) as [Key, Key, Key, Key]; // four, as asked
  const { train, test } = await row.data(dataKey);
  const of = ({ x, y }: Data): Data => ({ x, y: targets(y, row.classes) });
  const setup = {
    model: modelOf({ layers: row.layers, loss: row.loss }),
    optimizer: optimizerOf(row.optimizer, row.hyper),
  };
  const { model } = setup;
  const { variables } = model.network.init(startKey, train.x.shape.slice(1));
  const { name, hyper } = row.pretraining ?? { name: '', hyper: {} };
  const seen = name === '' ? variables : pretrained(model, variables, train.x, lookKey, name, hyper);
  const from = startFrom(setup, startKey, seen);
  const order = batches(of(train), { size: row.batch, epochs: row.epochs, key: batchKey, last: 'drop' });
  const { training, losses } = fit(setup, from, order);
  return {
    seed,
    accuracy: accuracyOn(setup, training, of(test)),
    steps: training.k,
    loss: losses.at(-1) ?? Number.NaN,
  };
};
