// The immutable tensor: a frozen shell around a buffer that no other module can reach.
import { ShapeError } from './errors.ts';
import { checkShape, type Shape, show, size } from './shape.ts';

/** A buffer one may read. */
export interface View extends Iterable<number> {
  readonly length: number;
  readonly [i: number]: number;
}

/** What the test mode does at the birth of a tensor: take the buffer out of reach, and remember its bits. */
export interface Birth {
  readonly seal: (out: Float64Array) => Float64Array;
  readonly born: (tensor: Tensor) => void;
}
let birth: Birth = { seal: (out) => out, born: () => {} };
/** Test mode only. The one mutable binding of the engine. */
export const watchBirths = (watcher: Birth): void => {
  birth = watcher;
};

/** A dense array of doubles with a shape, row-major. Values never change after birth. */
export class Tensor<S extends Shape = Shape> {
  readonly shape: S;
  readonly #data: Float64Array;

  private constructor(shape: S, data: Float64Array) {
    this.shape = Object.freeze(shape);
    this.#data = data;
    Object.freeze(this);
  }

  /**
   * The only place where a tensor is born: `fill` writes the zeroed buffer once.
   * @throws ShapeError when a size is not a non-negative integer
   */
  static build<const S extends Shape>(shape: S, fill: (out: Float64Array) => void): Tensor<S> {
    const out = new Float64Array(size(checkShape(shape)));
    fill(out);
    const tensor = new Tensor(Object.isFrozen(shape) ? shape : (shape.slice() as Shape as S), birth.seal(out));
    birth.born(tensor);
    return tensor;
  }

  /** Copies `values`. @throws ShapeError when their number is not the size of `shape` */
  static from<const S extends Shape>(shape: S, values: ArrayLike<number>): Tensor<S> {
    if (values.length !== size(checkShape(shape)))
      throw new ShapeError(`from: shape ${show(shape)} holds ${size(shape)} elements, got ${values.length}`);
    return Tensor.build(shape, (out) => out.set(values));
  }

  /** The same elements under another shape; shares the buffer, which nobody can write. @throws ShapeError */
  reshape<const R extends Shape>(shape: R): Tensor<R> {
    if (size(checkShape(shape)) !== this.#data.length)
      throw new ShapeError(`reshape: sizes must agree, got ${show(this.shape)} to ${show(shape)}`);
    return new Tensor(Object.isFrozen(shape) ? shape : (shape.slice() as Shape as R), this.#data);
  }

  /** The elements, not copied, read-only by type. */
  get view(): View {
    return this.#data;
  }

  /** The elements, copied. */
  toArray(): number[] {
    const out = new Array<number>(this.#data.length); // Array.from takes five times as long
    for (let i = 0; i < out.length; i++) out[i] = this.#data[i] as number; // of equal length
    return out;
  }
}

/** A tensor of shape `[]`. */
export const scalar = (value: number): Tensor<readonly []> => Tensor.from([], [value]);
