// What a trial is to the sweep: trainings that are moved by compiled steps, over streams of draws of their own.
import {
  fold,
  type Key,
  keyOf,
  type OptimizerSpec,
  optimizerFrom,
  type Rate,
  type scan,
  type Tensor,
  type Transform,
} from '../../../src/index.ts';
import type { LayerTrace } from '../record.ts';

/** A training under way. */
export interface Pass {
  /** Steps on to the one of this number; the losses of the batches on the way, as far as they are looked at. */
  readonly advance: (to: number) => readonly number[];
  /** Loss on all training samples in eval mode, with the penalty that the problem itself has, if any; of a function its value. */
  readonly loss: () => number;
  readonly judged: () => { readonly testLoss: number; readonly score: number };
  /** Those that a step moves, in the order of the layers; of a function its one vector. */
  readonly weights: () => readonly Tensor[];
  /** Of a function: the weights that it is evaluated at. */
  readonly point?: () => readonly number[];
  readonly unitSpread: () => number | null;
  readonly layers: () => readonly LayerTrace[];
  readonly slotsPerParameter: number;
  readonly gradientsPerStep: number;
}

export interface Trial {
  /** Digest of all that was drawn. */
  readonly streams: string;
  /** The score with every test sample wrong. */
  readonly worst: number;
  /** @throws UnknownNameError, DomainError for an optimizer or initializer that does not exist or fit */
  readonly begin: (optimizer: OptimizerSpec, initializer: string, lr: number) => Pass;
}

/** The key of a problem and a seed; a problem keeps its own when others join the table. */
export const keyOfTrial = (problem: string, seed: number): Key =>
  [...problem].reduce((key, letter) => fold(key, letter.codePointAt(0) ?? 0), keyOf(seed));

/** Children of that key: what each is for. */
export const STREAMS = { data: 0, batches: 1, start: 2, samples: 3, look: 4 } as const;

/** Compiled steps that a worker keeps, as the next configuration may need them. */
export const STEPS_KEPT = 48;

/**
 * An optimizer whose learning rate is a value of the step, so that one compiled step serves all rates: rates are
 * multiples of 1, and `lr` multiplies them.
 */
export const withRate = <T>({ hyper, ...spec }: OptimizerSpec, lr: T): Transform => {
  // a rate is asked over the carrier of the step alone, which is that of lr
  const by = (() => lr) as unknown as Rate;
  return optimizerFrom({ ...spec, hyper: { ...hyper, lr: 1 } }, by);
};

export const count = (tensors: readonly Tensor[]): number => tensors.reduce((n, t) => n + t.view.length, 0);

export const bytesOf = (t: Tensor): Uint8Array => new Uint8Array(Float64Array.from(t.view).buffer);

/** What the values of a state are called while it is one list. */
export interface Moved {
  readonly state: readonly Tensor[];
  readonly step: number;
}

/** Runs a compiled step over the inputs of a trial. */
export const mover = (
  steps: ReturnType<typeof scan>,
  inputsOf: (k: number) => readonly Tensor[],
  fixed: boolean,
  lr: Tensor,
): ((from: Moved, to: number) => { readonly moved: Moved; readonly losses: readonly number[] }) => {
  return ({ state, step }, to) => {
    const n = to - step;
    const inputs = (i: number): readonly Tensor[] => [...inputsOf(step + i), lr];
    const made = fixed
      ? steps.repeat(state, inputs(0), n)
      : steps.over(
          state,
          (function* () {
            for (let i = 0; i < n; i++) yield inputs(i);
          })(),
        );
    return {
      moved: { state: made.state, step: to },
      losses: made.outputs.map(([loss]) => loss?.view[0] ?? Number.NaN),
    };
  };
};
