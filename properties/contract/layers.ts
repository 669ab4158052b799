// The contract, part two: layers, each as a function of plain tensors.
import { z } from 'zod';
import { type Args, type Entry, type Fields, integer, number, shapeOf, tensor } from './entry.ts';

/** Parameters of a normalisation, one number per feature. */
const affine: Fields = { gamma: tensor, beta: tensor };
/** Running statistics of a batch normalisation, one number per feature. */
const running: Fields = { mean: tensor, variance: tensor };
/** Which variance is kept, for engines that let one choose; the declared one where it is not said. */
const estimator = z.enum(['unbiased', 'biased']);
const pulled: Fields = { dx: tensor, dgamma: tensor, dbeta: tensor };
const pulledShapes = (a: Args) => ({ dx: shapeOf(a, 'x'), dgamma: shapeOf(a, 'gamma'), dbeta: shapeOf(a, 'beta') });

export const layerEntries: readonly Entry[] = [
  {
    kind: 'layer',
    names: ['dense'],
    call: 'forward',
    says: 'y = x·w + b with x [n, in], w [in, out], b [out]',
    takes: { x: tensor, w: tensor, b: tensor },
    gives: { y: tensor },
    shapes: (a) => ({ y: [shapeOf(a, 'x')[0], shapeOf(a, 'w')[1]] }),
  },
  {
    kind: 'layer',
    names: ['dense'],
    call: 'vjp',
    says: 'cotangents of x, w and b for dy [n, out]',
    takes: { x: tensor, w: tensor, b: tensor, dy: tensor },
    gives: { dx: tensor, dw: tensor, db: tensor },
    shapes: (a) => ({ dx: shapeOf(a, 'x'), dw: shapeOf(a, 'w'), db: shapeOf(a, 'b') }),
  },
  {
    kind: 'layer',
    names: ['batch_norm'],
    call: 'start',
    says: 'parameters and running statistics before any training',
    takes: { features: integer },
    gives: { ...affine, ...running },
    shapes: ({ features }) => ({ gamma: [features], beta: [features], mean: [features], variance: [features] }),
  },
  {
    kind: 'layer',
    names: ['batch_norm'],
    call: 'train',
    says: 'x [batch, …, features] normalised by its own moments, then γ·x + β; and the running statistics after it',
    takes: { x: tensor, ...affine, ...running, eps: number, momentum: number, runningVariance: estimator.optional() },
    gives: { y: tensor, ...running },
    shapes: (a) => ({ y: shapeOf(a, 'x'), mean: shapeOf(a, 'mean'), variance: shapeOf(a, 'variance') }),
  },
  {
    kind: 'layer',
    names: ['batch_norm'],
    call: 'train_vjp',
    says: 'cotangents of x, γ and β in train mode, for dy in the shape of x',
    takes: { x: tensor, ...affine, ...running, eps: number, momentum: number, dy: tensor },
    gives: pulled,
    shapes: pulledShapes,
  },
  {
    kind: 'layer',
    names: ['batch_norm'],
    call: 'eval',
    says: 'x normalised by the running statistics, then γ·x + β; engines that return a state return what they were given',
    takes: { x: tensor, ...affine, ...running, eps: number },
    gives: { y: tensor, mean: tensor.optional(), variance: tensor.optional() },
    shapes: (a) => ({ y: shapeOf(a, 'x') }),
  },
  {
    kind: 'layer',
    names: ['batch_norm'],
    call: 'eval_vjp',
    says: 'cotangents of x, γ and β in eval mode, for dy in the shape of x',
    takes: { x: tensor, ...affine, ...running, eps: number, dy: tensor },
    gives: pulled,
    shapes: pulledShapes,
  },
  {
    kind: 'layer',
    names: ['layer_norm'],
    call: 'start',
    says: 'parameters before any training',
    takes: { features: integer },
    gives: affine,
    shapes: ({ features }) => ({ gamma: [features], beta: [features] }),
  },
  {
    kind: 'layer',
    names: ['layer_norm'],
    call: 'forward',
    says: 'each sample of x [batch, …, features] normalised over its features, then γ·x + β',
    takes: { x: tensor, ...affine, eps: number },
    gives: { y: tensor },
    shapes: (a) => ({ y: shapeOf(a, 'x') }),
  },
  {
    kind: 'layer',
    names: ['layer_norm'],
    call: 'vjp',
    says: 'cotangents of x, γ and β for dy in the shape of x',
    takes: { x: tensor, ...affine, eps: number, dy: tensor },
    gives: pulled,
    shapes: pulledShapes,
  },
];
