// The closed vocabulary in which derivatives are written, over any carrier T: tensors, tape nodes, BigNumbers, error bounds.
import type { Shape } from '../core/shape.ts';

/** What every reading serves beside the rows. */
export interface Base<T> {
  readonly shape: (x: T) => Shape;
  /** A constant scalar; `text` says exactly what it is where the number is only next to it, as `1 / sqrt(2 * pi)`. */
  readonly lit: (value: number, text?: string) => T;
}

/** The verbs a derivative may use. The list grows only when a derivative needs a new one. */
export interface Verbs<T> extends Base<T> {
  readonly add: (x: T, y: T) => T;
  readonly sub: (x: T, y: T) => T;
  readonly mul: (x: T, y: T) => T;
  readonly div: (x: T, y: T) => T;
  readonly neg: (x: T) => T;
  readonly abs: (x: T) => T;
  readonly sign: (x: T) => T;
  readonly step: (x: T) => T;
  readonly greater: (x: T, y: T) => T;
  readonly where: (c: T, x: T, y: T) => T;
  readonly exp: (x: T) => T;
  readonly log: (x: T) => T;
  readonly log1p: (x: T) => T;
  readonly sigmoid: (x: T) => T;
  readonly erfc: (x: T) => T;
  readonly sinPi: (x: T) => T;
  readonly cosPi: (x: T) => T;
  readonly max: (x: T) => T;
  readonly softmax: (x: T) => T;
  readonly sum: (x: T, p: { readonly axes: readonly number[]; readonly keep: boolean }) => T;
  readonly expand: (x: T, p: { readonly shape: Shape }) => T;
  readonly reshape: (x: T, p: { readonly shape: Shape }) => T;
  readonly transpose: (x: T) => T;
  readonly matmul: (x: T, y: T) => T;
}
