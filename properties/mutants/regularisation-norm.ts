// Faults of the constraint on norms: the wrong axis, no root, no limit, biases held as well.
import { at, type Fault, like, list, type Mutant, now, number, plain } from './plant.ts';

const sum = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);

/** The constraint written once more along groups of weights. */
const project = (
  group: (i: number, units: number) => number,
  f: (v: number, norm: number, limit: number) => number,
): Fault => {
  return (args) => {
    const w = plain(args, 'w');
    const units = w.shape[1] ?? 1;
    const norm = (g: number): number =>
      Math.sqrt(sum(Array.from(w.data, (v, i) => (group(i, units) === g ? v * v : 0))));
    return { w: like(w, (v, i) => f(v, norm(group(i, units)), number(args, 'limit'))) };
  };
};
const column = (i: number, units: number): number => i % units;
const held = (v: number, norm: number, limit: number): number => (norm > limit ? (v * limit) / norm : v);
const maxNorm = (fault: Fault) => at('regulariser.max_norm.project', fault);

export const normMutants: readonly Mutant[] = [
  {
    id: 'max_norm/by-rows',
    says: 'takes the norm over the weights out of an input',
    killedBy: ['regularisation/max-norm', 'regularisation/projection'],
    plant: maxNorm(project((i, units) => Math.floor(i / units), held)),
  },
  {
    id: 'max_norm/whole-matrix',
    says: 'takes the norm of the whole matrix',
    killedBy: ['regularisation/max-norm'],
    plant: maxNorm(project(() => 0, held)),
  },
  {
    id: 'max_norm/always',
    says: 'scales weights inside the limit up to it',
    killedBy: ['regularisation/max-norm', 'regularisation/projection'],
    plant: maxNorm(project(column, (v, norm, limit) => (norm === 0 ? v : (v * limit) / norm))),
  },
  {
    id: 'max_norm/no-root',
    says: 'compares and divides by the square of the norm',
    killedBy: ['regularisation/max-norm', 'regularisation/projection'],
    plant: maxNorm(project(column, (v, norm, limit) => held(v, norm * norm, limit))),
  },
  {
    id: 'max_norm/root-late',
    says: 'compares the square of the norm with the limit, and scales by the norm',
    killedBy: ['regularisation/max-norm'],
    plant: maxNorm(project(column, (v, norm, limit) => (norm * norm > limit ? (v * limit) / norm : v))),
  },
  {
    id: 'max_norm/softened',
    says: 'adds a small number to the norm it divides by',
    bug: 'keras MaxNorm (epsilon)',
    killedBy: ['regularisation/max-norm', 'regularisation/projection'],
    plant: maxNorm(project(column, (v, norm, limit) => (norm > limit ? (v * limit) / (norm + 2 ** -23) : v))),
  },
  {
    id: 'max_norm/to-zero',
    says: 'sets weights beyond the limit to 0',
    killedBy: ['regularisation/max-norm'],
    plant: maxNorm(project(column, (v, norm, limit) => (norm > limit ? 0 : v))),
  },
  {
    id: 'max_norm/by-value',
    says: 'clips weights one by one',
    killedBy: ['regularisation/max-norm', 'regularisation/projection'],
    plant: maxNorm(project(column, (v, _, limit) => Math.max(-limit, Math.min(limit, v)))),
  },
  {
    id: 'max_norm/nan-at-zero',
    says: 'divides 0 by 0 for a unit without weights',
    killedBy: ['regularisation/max-norm'],
    plant: maxNorm(project(column, (v, norm, limit) => v * Math.min(1, limit / norm))),
  },
  {
    id: 'max_norm/biases-too',
    says: 'clips biases to the limit as well',
    killedBy: ['regularisation/constraint-of-weights'],
    plant: at('regulariser.max_norm.constrain', (args, original) => ({
      params: list(now(original, args), 'params').map((p, i) =>
        i % 2 === 0 ? p : like(p, (v) => Math.max(-number(args, 'limit'), Math.min(number(args, 'limit'), v))),
      ),
    })),
  },
  {
    id: 'max_norm/first-layer-only',
    says: 'constrains the first layer alone',
    killedBy: ['regularisation/constraint-of-weights'],
    plant: at('regulariser.max_norm.constrain', (args, original) => ({
      params: list(now(original, args), 'params').map((p, i) => (i < 2 ? p : list(args, 'params')[i])),
    })),
  },
];
