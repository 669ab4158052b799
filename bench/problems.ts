// The problems of the sweep, one row each: data by key, model by initializer, budget, target and score.
import {
  type Data,
  evaluate,
  type Key,
  type LayerSpec,
  type Model,
  mlp,
  type NetworkVariables,
  Tensor,
} from '../src/index.ts';
import { breastCancer, type Parts } from './data.ts';

export interface Problem {
  readonly doc: string;
  readonly source: string;
  readonly tags: readonly string[];
  /** Samples to learn from and to judge by; random only through the key. */
  readonly data: (key: Key) => Parts;
  /** Layers whose weights start by the named initializer. */
  readonly layers: (init: string) => readonly LayerSpec[];
  /** The row of the loss, reduced by the mean. */
  readonly loss: string;
  /** Samples per step; `full` for all of them, in the order given. */
  readonly batch: number | 'full';
  /** Budget of a run. */
  readonly steps: number;
  /** Training loss that counts as solved, in nats per sample. */
  readonly target: number;
  readonly score: Score;
}

/** What is judged on the test samples. */
export interface Score {
  readonly name: string;
  readonly better: 'higher' | 'lower';
  readonly of: (errors: number, samples: number) => number;
}

const problem = (row: Problem): Problem => row;

export const PROBLEMS = {
  xor: problem({
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
    score: { name: 'errors of 4', better: 'lower', of: (errors) => errors },
  }),
  breastCancer: problem({
    doc: 'malignant or benign from 30 features of cell nuclei, learnt by a 30-16-1 network with ReLU',
    source: 'Wolberg, Mangasarian, Street & Street 1995, doi:10.24432/C5DW2B',
    tags: ['real data', 'mini-batch', 'classification'],
    data: breastCancer,
    layers: (init) => mlp([16, 1], 'relu', init),
    loss: 'bceWithLogits',
    batch: 32,
    steps: 120,
    target: 0.1,
    score: { name: 'test accuracy', better: 'higher', of: (errors, samples) => 1 - errors / samples },
  }),
} satisfies Record<string, Problem>;

export type ProblemName = keyof typeof PROBLEMS;
export const PROBLEM_NAMES = Object.keys(PROBLEMS) as readonly ProblemName[];

/** Samples on the wrong side: the predicted class is 1 where the logit is positive. */
export const countErrors = (model: Model, variables: NetworkVariables<Tensor>, { x, y }: Data): number => {
  const logits = evaluate(model, variables, x).view;
  return Array.from(y.view).filter((label, i) => (logits[i] ?? Number.NaN) > 0 !== (label === 1)).length;
};
