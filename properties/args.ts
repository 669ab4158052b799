// What the entries of the contract are called with, as types for people who write a port in TypeScript.
import type { Hyper, LayerSpec, Reduction, Shape } from '../src/index.ts';
import type { Plain } from './contract.ts';

export interface LossArgs {
  /** A probability for `bce`, a logit for `bce_with_logits`. */
  readonly prediction: Plain;
  readonly target: Plain;
  readonly reduction: Reduction;
  /** Of the Huber loss. */
  readonly delta?: number;
}

export interface DrawArgs {
  readonly fanIn: number;
  readonly fanOut: number;
  readonly gain: number;
}

export interface SampleArgs extends DrawArgs {
  readonly shape: Shape;
  readonly seed: number;
}

export interface UniformsArgs extends DrawArgs {
  /** Inside (0, 1), one per weight. */
  readonly u: Plain;
}

export interface RunArgs<H = Hyper> {
  readonly params: readonly Plain[];
  /** [step][leaf]. */
  readonly gradients: readonly (readonly Plain[])[];
  readonly hyper: H;
}

/** The layers that a network of the contract is made of, activations in the contract's spelling. */
export type NetworkLayer = Extract<LayerSpec, { readonly type: 'dense' | 'activation' }>;

export interface ModelArgs {
  readonly layers: readonly NetworkLayer[];
  readonly loss: string;
  readonly reduction: Reduction;
  /** w₁, b₁, w₂, b₂ … */
  readonly params: readonly Plain[];
  readonly x: Plain;
  readonly y: Plain;
}

/** One line of a program as data; it reads inputs and the values of earlier lines by number. */
export interface Equation {
  readonly op: string;
  readonly reads: readonly number[];
  readonly params?: unknown;
}

export interface GraphArgs {
  readonly equations: readonly Equation[];
  readonly inputs: readonly Plain[];
  readonly dy: Plain;
}

export interface FitArgs {
  readonly x: Plain;
  readonly y: Plain;
  readonly lr: number;
  readonly epochs: number;
}

export interface SessionArgs {
  readonly layers: readonly { readonly type: string }[];
  readonly loss: string;
  readonly optimizer: string;
  readonly hyper: Hyper;
  readonly seed: number;
  readonly x: Plain;
  readonly y: Plain;
  readonly steps: number;
  /** Steps, counted from 1, after which the training is saved and loaded. */
  readonly resumeAt: readonly number[];
  /** Steps after which it is evaluated. */
  readonly evaluateAt: readonly number[];
}
