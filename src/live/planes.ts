// Data in the plane, one row each: two classes of points that a network is to tell apart.
import { circles, moons, spirals } from '../../bench/sweep/problems/generate.ts';
import { type Data, fold, type Key, normal, ops, scalar, Tensor } from '../index.ts';

/** The square of the plane that is looked at. */
export interface Frame {
  readonly centre: readonly [number, number];
  /** From the centre to each side. */
  readonly reach: number;
}

export interface Plane {
  readonly label: string;
  readonly doc: string;
  readonly frame: Frame;
  /** Deviation that is added to each coordinate, unless another is asked for. */
  readonly noise: number;
  /** Samples x [n, 2] and labels y [n, 1]; classes take turns. */
  readonly draw: (key: Key, n: number, noise: number) => Data;
}

/** Samples about places that take turns. */
const around =
  (places: readonly (readonly [x: number, y: number, label: number])[]): Plane['draw'] =>
  (key, n, noise) => {
    const at = (i: number) => places[i % places.length] as readonly [number, number, number]; // in range
    const all = Array.from({ length: n }, (_, i) => at(i));
    const exact = Tensor.build([n, 2], (out) => {
      for (const [i, [x, y]] of all.entries()) out.set([x, y], 2 * i);
    });
    const y = Tensor.from(
      [n, 1],
      all.map(([, , label]) => label),
    );
    return { x: ops.add(exact, ops.mul(scalar(noise), normal(fold(key, 0), [n, 2]))), y };
  };

const gate = (label: string, doc: string, [a, b, c, d]: readonly [number, number, number, number]): Plane => ({
  label,
  doc,
  frame: { centre: [0.5, 0.5], reach: 1 },
  noise: 0.1,
  draw: around([
    [0, 0, a],
    [0, 1, b],
    [1, 0, c],
    [1, 1, d],
  ]),
});

export const PLANES: Readonly<Record<string, Plane>> = {
  and: gate('AND', 'on where both inputs are: one line is enough', [0, 0, 0, 1]),
  or: gate('OR', 'on where any input is: one line is enough', [0, 1, 1, 1]),
  xor: gate('XOR', 'on where the inputs differ: no line separates it', [0, 1, 1, 0]),
  blobs: {
    label: 'Blobs',
    doc: 'two round clouds that overlap the more, the more noise there is',
    frame: { centre: [0.5, 0.5], reach: 1.5 },
    noise: 0.3,
    draw: around([
      [0, 0, 0],
      [1, 1, 1],
    ]),
  },
  moons: {
    label: 'Moons',
    doc: 'two interleaved half circles',
    frame: { centre: [0.5, 0.25], reach: 1.9 },
    noise: 0.1,
    draw: moons,
  },
  circles: {
    label: 'Circles',
    doc: 'a circle within a circle',
    frame: { centre: [0, 0], reach: 1.4 },
    noise: 0.08,
    draw: (key, n, noise) => circles(key, n, 1 / 2, noise),
  },
  spirals: {
    label: 'Spirals',
    doc: 'two arms of one and three quarter turns',
    frame: { centre: [0, 0], reach: 1.2 },
    noise: 0.02,
    draw: (key, n, noise) => spirals(key, n, 2, 7 / 4, noise),
  },
};
