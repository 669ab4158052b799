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
  modelOf,
  oneHot,
  optimizerOf,
  split,
  start,
  type Tensor,
} from '../src/index.ts';
import { breastCancer, digits, type Parts } from './data.ts';

export interface Recipe {
  readonly doc: string;
  readonly source: string;
  readonly data: (key: Key) => Parts;
  readonly layers: readonly LayerSpec[];
  /** A row of LOSSES; for several classes the labels become one-hot rows. */
  readonly loss: string;
  readonly classes: number;
  readonly optimizer: string;
  readonly hyper: Hyper;
  /** Samples per step; a last batch that is smaller is left out. */
  readonly batch: number;
  readonly epochs: number;
}

const recipe = (row: Recipe): Recipe => row;

const UCI_DIGITS = 'Alpaydin & Kaynak 1998, doi:10.24432/C50P49';
const UCI_CANCER = 'Wolberg, Mangasarian, Street & Street 1995, doi:10.24432/C5DW2B';

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
export const trainRecipe = (row: Recipe, seed: number): Trained => {
  const [dataKey, startKey, batchKey] = split(keyOf(seed), 3) as [Key, Key, Key]; // three, as asked
  const { train, test } = row.data(dataKey);
  const of = ({ x, y }: Data): Data => ({ x, y: targets(y, row.classes) });
  const setup = {
    model: modelOf({ layers: row.layers, loss: row.loss }),
    optimizer: optimizerOf(row.optimizer, row.hyper),
  };
  const from = start(setup, startKey, train.x.shape.slice(1));
  const order = batches(of(train), { size: row.batch, epochs: row.epochs, key: batchKey, last: 'drop' });
  const { training, losses } = fit(setup, from, order);
  return {
    seed,
    accuracy: accuracyOn(setup, training, of(test)),
    steps: training.k,
    loss: losses.at(-1) ?? Number.NaN,
  };
};
