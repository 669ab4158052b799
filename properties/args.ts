// What the entries of the contract are called with, as types for people who write a port in TypeScript.
import type { HvpMode, Hyper, LayerSpec, Reduction, Shape } from '../src/index.ts';
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
  /** 1 unless named. */
  readonly gain?: number;
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

export interface RatesArgs extends RunArgs {
  /** One learning rate per step. */
  readonly rates: readonly number[];
}

/** A row by name, in the contract's spelling, with numbers of its own. */
export interface NamedArgs {
  readonly name: string;
  readonly hyper: Hyper;
}
export interface WrapperArgs extends RunArgs {
  /** The optimizer inside, in the contract's spelling. */
  readonly inner: string;
  readonly innerHyper: Hyper;
}
export interface NestArgs extends Omit<WrapperArgs, 'hyper'> {
  /** From the inside out. */
  readonly wrappers: readonly NamedArgs[];
  readonly schedule?: NamedArgs;
}

export interface ProbeArgs {
  readonly params: readonly Plain[];
  readonly gradients: readonly Plain[];
  readonly hyper: Hyper;
}

export interface ClipArgs {
  readonly gradients: readonly Plain[];
  readonly limit: number;
  readonly eps?: number;
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

/** Every layer that a network of the contract may be made of, beside which of them a port declares. */
export type AnyLayer =
  | NetworkLayer
  | {
      readonly type: 'batchNorm';
      readonly eps: number;
      readonly momentum?: number;
      /** For oracles alone: what the conventions of a port say of its running statistics. */
      readonly momentumOf?: 'new' | 'old';
      readonly runningVariance?: 'unbiased' | 'biased';
    }
  | { readonly type: 'layerNorm'; readonly eps: number }
  | { readonly type: 'dropout'; readonly dropRate: number }
  | { readonly type: 'residual'; readonly layers: readonly AnyLayer[] };

export interface NetworkArgs extends Omit<ModelArgs, 'layers'> {
  readonly layers: readonly AnyLayer[];
  /** In the order of layers, those inside a residual in its place: weights and biases, scales and shifts. */
  readonly params: readonly Plain[];
  /** Running mean and variance of every batch normalisation, in the order of layers. */
  readonly state?: readonly Plain[];
  /** Uniforms in (0, 1) for each dropout, in the order of layers. */
  readonly uniforms?: readonly Plain[];
  /** λ of λ·Σ|w| and of λ/2·Σw² (or λ·Σw², as declared) over the weights of dense layers, biases left out. */
  readonly regulariser?: { readonly l1?: number; readonly l2?: number };
}

export interface ForwardArgs extends Pick<NetworkArgs, 'layers' | 'params' | 'state' | 'uniforms' | 'x'> {
  readonly mode: 'train' | 'eval';
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

export interface TangentArgs {
  readonly equations: readonly Equation[];
  readonly inputs: readonly Plain[];
  /** One tangent per input. */
  readonly u: readonly Plain[];
}

export interface HvpArgs extends TangentArgs {
  readonly mode: HvpMode;
}

export interface FitArgs {
  readonly x: Plain;
  readonly y: Plain;
  readonly lr: number;
  readonly epochs: number;
}

/** A Boltzmann machine: weights [visible, hidden], visible biases, hidden biases. */
export interface MachineArgs {
  readonly w: Plain;
  readonly b: Plain;
  readonly c: Plain;
}

/** How a machine is trained; what may be left out has the default that the contract states. */
export interface RbmPlanArgs {
  readonly epochs: number;
  readonly size: number;
  readonly lr: number;
  readonly momentum?: number;
  readonly l2?: number;
  readonly k?: number;
  readonly seed: number;
}

export interface CdArgs extends MachineArgs {
  readonly v: Plain;
  readonly k: number;
  /** Of h, v, h, v …, in the order of the chain. */
  readonly uniforms: readonly Plain[];
  readonly from?: Plain;
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
