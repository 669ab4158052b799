// The contract, part six: the machines that came first, the perceptron and the Boltzmann machine.
import { z } from 'zod';
import { ACTIVATIONS } from '../../src/index.ts';
import {
  type Args,
  type Entry,
  integer,
  number,
  type Plain,
  shapeOf,
  shapesOf,
  snake,
  tensor,
  tensors,
} from './entry.ts';

const rows = (a: Args, name: string): number => shapeOf(a, name)[0] ?? 0;

const perceptronEntries: readonly Entry[] = [
  {
    kind: 'perceptron',
    names: ['perceptron'],
    call: 'fit',
    says: 'passes over the samples in order from zero weights; labels 0/1 or −1/1; counts are the mistakes on each sample, converged says whether a whole pass had none',
    takes: { x: tensor, y: tensor, lr: number, epochs: integer },
    gives: {
      w: tensor,
      b: number,
      mistakes: integer,
      counts: z.array(integer).optional(),
      converged: z.boolean().optional(),
    },
    shapes: (a) => ({ w: [shapeOf(a, 'x')[1]] }),
  },
  {
    kind: 'perceptron',
    names: ['perceptron'],
    call: 'predict',
    says: 'the class 0 or 1 of every sample',
    takes: { x: tensor, w: tensor, b: number },
    gives: { y: tensor },
    shapes: (a) => ({ y: [rows(a, 'x')] }),
  },
  {
    kind: 'perceptron',
    names: ['perceptron'],
    call: 'mistake_bound',
    says: '(R/γ)² of samples and a separator of them, with the constant feature 1 counted in',
    takes: { x: tensor, y: tensor, w: tensor, b: number },
    gives: { bound: number },
    shapes: () => ({}),
  },
  {
    kind: 'perceptron',
    names: ['perceptron'],
    call: 'refutation',
    says: 'integers 0 ≤ αᵢ ≤ most (1 unless given), not all zero, with Σ αᵢ·sᵢ·(xᵢ, 1) = 0, or none at all: an empty list',
    takes: { x: tensor, y: tensor, most: integer.optional() },
    gives: { alpha: z.array(integer) },
    shapes: () => ({}),
  },
];

/** Weights [visible, hidden], visible biases b, hidden biases c. */
const machine = { w: tensor, b: tensor, c: tensor };
const likeMachine = (a: Args) => ({ w: shapeOf(a, 'w'), b: shapeOf(a, 'b'), c: shapeOf(a, 'c') });
/** What training takes; momentum ½, l2 1/10,000, k 1 and no persistent chain unless given. */
const plan = {
  epochs: integer,
  size: integer,
  lr: number,
  momentum: number.optional(),
  l2: number.optional(),
  k: integer.optional(),
  seed: integer,
};
const hidden = (a: Args): number => shapeOf(a, 'w')[1] ?? 0;

const rbmEntries: readonly Entry[] = [
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'energy',
    says: 'the energy of states v [n, visible] with h [n, hidden], one each; both may hold any numbers',
    takes: { ...machine, v: tensor, h: tensor },
    gives: { energy: tensor },
    shapes: (a) => ({ energy: [rows(a, 'v')] }),
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'free_energy',
    says: '−log Σ_h e^(−E(v, h)) of every row',
    takes: { ...machine, v: tensor },
    gives: { energy: tensor },
    shapes: (a) => ({ energy: [rows(a, 'v')] }),
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'hidden_given',
    says: 'p(h = 1 | v) of every hidden unit',
    takes: { ...machine, v: tensor },
    gives: { p: tensor },
    shapes: (a) => ({ p: [rows(a, 'v'), hidden(a)] }),
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'visible_given',
    says: 'p(v = 1 | h) of every visible unit',
    takes: { ...machine, h: tensor },
    gives: { p: tensor },
    shapes: (a) => ({ p: [rows(a, 'h'), shapeOf(a, 'w')[0]] }),
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'log_likelihood',
    says: 'log p(v) of every row with the exact partition function; there may be no hidden unit',
    takes: { ...machine, v: tensor },
    gives: { logp: tensor },
    shapes: (a) => ({ logp: [rows(a, 'v')] }),
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'cd',
    says: 'the slope of −log p(v), averaged over the rows, as k turns of a chain from v (or from `from`, with its own rows) estimate it, and the visible states reached; uniforms of h, v, h, v … in the order of the chain, a unit being on where its uniform is below its probability',
    takes: { ...machine, v: tensor, k: integer, uniforms: tensors, from: tensor.optional() },
    gives: { dw: tensor, db: tensor, dc: tensor, reached: tensor },
    shapes: (a) => ({
      dw: shapeOf(a, 'w'),
      db: shapeOf(a, 'b'),
      dc: shapeOf(a, 'c'),
      reached: a.from === undefined ? shapeOf(a, 'v') : (a.from as Plain).shape,
    }),
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'fit',
    says: 'contrastive divergence from the machine given: velocity ← momentum·velocity − lr·(slope + l2·w, on w alone), θ ← θ + velocity; the rows are shuffled every epoch and cut into whole batches, fewer rows than a batch being one',
    takes: { ...machine, x: tensor, ...plan, persistent: z.boolean().optional() },
    gives: machine,
    shapes: likeMachine,
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'start',
    says: 'the machine before its first step: w normal with deviation 1/100, b the logit of (ones + 1)/(n + 2) of every unit, c zero',
    takes: { x: tensor, hidden: integer, seed: integer },
    gives: machine,
    shapes: (a) => ({ w: [shapeOf(a, 'x')[1], a.hidden], b: [shapeOf(a, 'x')[1]], c: [a.hidden] }),
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'stack',
    says: 'machines one on another, each trained from its start on the probabilities of the hidden units below',
    takes: { x: tensor, units: z.array(integer), ...plan },
    gives: { w: tensors, b: tensors, c: tensors },
    shapes: (a) => {
      const units = a.units as readonly number[]; // after `takes` was parsed
      const below = units.map((_, i) => (i === 0 ? shapeOf(a, 'x')[1] : units[i - 1]));
      return { w: units.map((n, i) => [below[i], n]), b: below.map((n) => [n]), c: units.map((n) => [n]) };
    },
  },
  {
    kind: 'rbm',
    names: ['rbm'],
    call: 'pretrain',
    says: 'parameters w₁, b₁, w₂, b₂ … of a network with those of its dense layers from the first on that sigmoids follow replaced by w and c of a stack; epochs 20, size 16, lr 1/10 unless given',
    takes: {
      layers: z.array(
        z.union([
          z.object({ type: z.literal('dense'), units: integer }),
          z.looseObject({ type: z.literal('activation'), name: z.enum(ACTIVATIONS.map(snake)) }),
        ]),
      ),
      params: tensors,
      x: tensor,
      ...plan,
      epochs: integer.optional(),
      size: integer.optional(),
      lr: number.optional(),
    },
    gives: { params: tensors },
    shapes: (a) => ({ params: shapesOf(a, 'params') }),
  },
];

export const classicEntries: readonly Entry[] = [...perceptronEntries, ...rbmEntries];
