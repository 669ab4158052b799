// Samples made by key: shapes in the plane, bits, and what a network of given weights says.
import {
  type Data,
  fold,
  type Key,
  keyOf,
  mlp,
  networkOf,
  normal,
  oneHot,
  ops,
  scalar,
  Tensor,
  uniform,
} from '../../../src/index.ts';
import type { Parts } from '../../data.ts';

/** The same samples to learn from and to be judged by, where there are no others. */
export const onlyTrain = (data: Data): Parts => ({ train: data, test: data });

/** Two parts drawn alike from two keys. */
export const twoParts = (key: Key, draw: (key: Key) => Data): Parts => ({
  train: draw(fold(key, 0)),
  test: draw(fold(key, 1)),
});

/** Points from their coordinates, one row each. */
const points = (x: Tensor, y: Tensor): Tensor => {
  const n = x.view.length;
  return Tensor.build([n, 2], (out) => {
    for (let i = 0; i < n; i++) {
      out[2 * i] = x.view[i] as number; // both have n numbers
      out[2 * i + 1] = y.view[i] as number;
    }
  });
};

/** The class of each sample when classes take turns. */
const turns = (n: number, classes: number): Tensor =>
  Tensor.from(
    [n, 1],
    Array.from({ length: n }, (_, i) => i % classes),
  );

/** Classes as the loss wants them: 0 and 1, or rows with a 1. */
export const targets = (labels: Tensor, classes: number): Tensor => (classes === 2 ? labels : oneHot(labels, classes));

const noisy = (x: Tensor, key: Key, deviation: number): Tensor =>
  ops.add(x, ops.mul(scalar(deviation), normal(key, x.shape)));

/** Two interleaved half circles of radius 1, one of them moved by (1, ½). @source Pedregosa et al. 2011 (make_moons) */
export const moons = (key: Key, n: number, noise: number): Data => {
  const y = turns(n, 2);
  const angle = uniform(fold(key, 0), [n, 1]);
  const side = ops.sub(scalar(1), ops.mul(scalar(2), y)); // 1 and −1
  const across = ops.add(ops.mul(side, ops.cosPi(angle)), y);
  const up = ops.add(ops.mul(side, ops.sinPi(angle)), ops.mul(scalar(1 / 2), y));
  return { x: noisy(points(across, up), fold(key, 1), noise), y };
};

/** Arms that wind outwards, one per class, in a disc of radius 1. @source Lang & Witbrock 1988 */
export const spirals = (key: Key, n: number, classes: number, windings: number, noise: number): Data => {
  const labels = turns(n, classes);
  const radius = ops.sqrt(uniform(fold(key, 0), [n, 1])); // as many samples per length of the arm, about
  const angle = ops.add(ops.mul(scalar(2 * windings), radius), ops.mul(scalar(2 / classes), labels));
  const x = points(ops.mul(radius, ops.cosPi(angle)), ops.mul(radius, ops.sinPi(angle)));
  return { x: noisy(x, fold(key, 1), noise), y: targets(labels, classes) };
};

/** A circle of radius 1 and one within. @source Pedregosa et al. 2011 (make_circles) */
export const circles = (key: Key, n: number, inner: number, noise: number): Data => {
  const y = turns(n, 2);
  const angle = ops.mul(scalar(2), uniform(fold(key, 0), [n, 1]));
  const radius = ops.add(scalar(1), ops.mul(scalar(inner - 1), y));
  const x = points(ops.mul(radius, ops.cosPi(angle)), ops.mul(radius, ops.sinPi(angle)));
  return { x: noisy(x, fold(key, 1), noise), y };
};

/** Round clouds about places on a circle, one per class. */
export const blobs = (key: Key, n: number, classes: number, distance: number): Data => {
  const labels = turns(n, classes);
  const angle = ops.mul(scalar(2 / classes), labels);
  const centre = points(ops.mul(scalar(distance), ops.cosPi(angle)), ops.mul(scalar(distance), ops.sinPi(angle)));
  return { x: noisy(centre, key, 1), y: targets(labels, classes) };
};

/** Labels 0 and 1, each turned into the other with the given chance. */
export const flipped = (y: Tensor, key: Key, chance: number): Tensor => {
  const flip = ops.greater(scalar(chance), uniform(key, y.shape));
  return ops.abs(ops.sub(y, flip));
};

/** All words of k bits, and whether the number of ones is odd. */
export const parity = (k: number): Data => {
  const words = Array.from({ length: 2 ** k }, (_, i) => Array.from({ length: k }, (_, j) => (i >> j) & 1));
  const odd = words.map((bits) => bits.reduce((a, b) => a ^ b, 0));
  return { x: Tensor.from([words.length, k], words.flat()), y: Tensor.from([words.length, 1], odd) };
};

/** What a network of one hidden layer, drawn once and for all from the seed, says of normal samples; with noise on top. */
export const taught = (key: Key, teacher: Teacher, n: number, noise: number): Data => {
  const x = normal(fold(key, 0), [n, teacher.inputs]);
  const network = networkOf({ layers: mlp([teacher.units, 1], teacher.activation, 'lecunNormal'), loss: 'mse' });
  const { variables } = network.init(keyOf(teacher.seed), [teacher.inputs]);
  const y = network.apply(ops, variables, x, { mode: 'eval' })[0];
  return { x, y: noise === 0 ? y : noisy(y, fold(key, 1), noise) };
};

export interface Teacher {
  readonly inputs: number;
  readonly units: number;
  readonly activation: string;
  readonly seed: number;
}

/** Normal samples, and their product with a matrix whose singular values fall from the first to the last in equal steps. */
export const mapped = (key: Key, n: number, matrix: Tensor): Data => {
  const x = normal(key, [n, matrix.shape[0] ?? 0]);
  return { x, y: ops.matmul(x, matrix) };
};
