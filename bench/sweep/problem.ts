// What a problem of the sweep is: a network with samples to learn from, or a function of weights to descend.
import type { Data, Key, Lang, LayerSpec, Tensor } from '../../src/index.ts';
import type { Parts } from '../data.ts';

/** The least loss there is, and how that is known. */
export interface Floor {
  readonly value: number;
  readonly how: string;
}

export interface Facts {
  readonly doc: string;
  readonly source: string;
  /** Words to choose by, as `real data` or `ill-conditioned`. */
  readonly tags: readonly string[];
  /** Budget of a run. */
  readonly steps: number;
  /** Training loss that counts as solved. */
  readonly target: number;
  /** What the loss is counted in. */
  readonly unit: string;
  /** Of the training loss; absent where nobody knows. */
  readonly floor?: Floor;
  /** Of the loss on the test samples; absent where nobody knows. */
  readonly testFloor?: Floor;
}

/** Samples, layers and a loss. */
export interface NetworkProblem extends Facts {
  readonly kind: 'network';
  /** Samples to learn from and to judge by; random only through the key. Targets are as the loss wants them. */
  readonly data: (key: Key) => Parts | Promise<Parts>;
  /** Layers whose weights start by the named initializer. */
  readonly layers: (init: string) => readonly LayerSpec[];
  /** The row of the loss, reduced by the mean. */
  readonly loss: string;
  /** Samples per step; `full` for all of them, in the order given. */
  readonly batch: number | 'full';
  /** Share of half the squared weights in the loss; 0 unless named. */
  readonly l2?: number;
  /** What the errors of the test samples are told as; the test loss unless named. */
  readonly score?: Score;
}

/** What is judged on the test samples. */
export interface Score {
  readonly name: string;
  readonly better: 'higher' | 'lower';
  readonly of: (errors: number, samples: number) => number;
}

/** A function of one vector of weights; initializers have no say in it. */
export interface FunctionProblem extends Facts {
  readonly kind: 'function';
  /** Weights before the first step. */
  readonly start: (key: Key) => Tensor;
  /** What the function is made of beside its weights, as eigenvalues. */
  readonly constants?: readonly Tensor[];
  /** What is evaluated, and descended unless `seen` is named. */
  readonly value: <T>(o: Lang<T>, w: T, constants: readonly T[]) => T;
  /** What a step descends instead, given what is drawn for it; steps are counted from 1. */
  readonly seen?: {
    readonly draw: (key: Key, step: number) => Tensor;
    readonly value: <T>(o: Lang<T>, w: T, drawn: T, constants: readonly T[]) => T;
  };
  /** Nothing is drawn for it: every seed gives the same run, so one is enough. */
  readonly fixed?: true;
  /** Weights are put back between these after every step. */
  readonly box?: readonly [low: number, high: number];
}

export type Problem = NetworkProblem | FunctionProblem;

/** The sum over all elements. */
export const sumAll = <T>(o: Lang<T>, x: T): T => o.sum(x, { axes: o.shape(x).map((_, i) => i), keep: false });

/** The initializer of problems that start by themselves. */
export const GIVEN = 'given';

/** Share of the test samples whose class is right. */
export const ACCURACY: Score = {
  name: 'test accuracy',
  better: 'higher',
  of: (errors, samples) => 1 - errors / samples,
};

/** Of several outputs the larger decides, of one its side of 0; of targets likewise, of one its side of ½. */
export const countErrors = (output: Tensor, { y }: Data): number => {
  const [n = 0, k = 1] = output.shape;
  const classOf = (values: ArrayLike<number>, i: number, cut: number): number => {
    let best = 0;
    if (k === 1) return Number((values[i] as number) > cut);
    for (let j = 1; j < k; j++) if ((values[i * k + j] as number) > (values[i * k + best] as number)) best = j;
    return best;
  };
  let errors = 0;
  for (let i = 0; i < n; i++) if (classOf(output.view, i, 0) !== classOf(y.view, i, 1 / 2)) errors += 1;
  return errors;
};
