// The contract, part seven: what keeps a network from learning by heart, dropout and penalties on the weights.

import { z } from 'zod';
import { LOSSES } from '../../src/index.ts';
import {
  type Entry,
  type Fields,
  integer,
  number,
  reduction,
  shapeOf,
  shapesOf,
  snakes,
  tensor,
  tensors,
} from './entry.ts';

/** `dropout` has the form that the port declares; `classic_dropout`, for ports that have both, is always classic. */
const masked = ['dropout', 'classic_dropout'];
/** `alpha_dropout` puts the floor of SELU in place of a dropped number and keeps mean 0 and variance 1. */
const dropouts = [...masked, 'alpha_dropout'];
const penalties = ['l1', 'l2', 'elastic_net'];
/** What a penalty reads: l1 and elastic_net the one, l2 and elastic_net the other. */
const strengths: Fields = { l1: number.optional(), l2: number.optional() };

export const regularEntries: readonly Entry[] = [
  {
    kind: 'layer',
    names: dropouts,
    call: 'train',
    says: 'dropout in train mode from given uniforms in [0, 1), one each: a number is dropped where u < dropRate; inverted: 0, elsewhere x/(1 − dropRate); classic: 0, elsewhere x; alpha: a·f + b with the floor f of SELU, elsewhere a·x + b',
    takes: { x: tensor, u: tensor, dropRate: number },
    gives: { y: tensor },
    shapes: (a) => ({ y: shapeOf(a, 'x') }),
  },
  {
    kind: 'layer',
    names: dropouts,
    call: 'train_vjp',
    says: 'the cotangent of x for dy, under the mask of the same uniforms',
    takes: { x: tensor, u: tensor, dropRate: number, dy: tensor },
    gives: { dx: tensor },
    shapes: (a) => ({ dx: shapeOf(a, 'x') }),
  },
  {
    kind: 'layer',
    names: dropouts,
    call: 'eval',
    says: 'dropout in eval mode; inverted and alpha: x itself, classic: x·(1 − dropRate)',
    takes: { x: tensor, dropRate: number },
    gives: { y: tensor },
    shapes: (a) => ({ y: shapeOf(a, 'x') }),
  },
  {
    kind: 'layer',
    names: masked,
    call: 'sample',
    says: 'dropout in train mode as a training draws it: from its seed, at step `step` (counted from 1), in the layer at place `place` (from 0)',
    takes: { x: tensor, dropRate: number, seed: integer, step: integer, place: integer },
    gives: { y: tensor },
    shapes: (a) => ({ y: shapeOf(a, 'x') }),
  },
  {
    kind: 'regulariser',
    names: penalties,
    call: 'value',
    says: 'what one tensor of weights adds to the loss: l1·Σ|w|, l2/2·Σw² (or l2·Σw², as declared), or both',
    takes: { w: tensor, ...strengths },
    gives: { value: tensor },
    shapes: () => ({ value: [] }),
  },
  {
    kind: 'regulariser',
    names: penalties,
    call: 'gradient',
    says: 'the gradient of the value by the weights',
    takes: { w: tensor, ...strengths },
    gives: { dw: tensor },
    shapes: (a) => ({ dw: shapeOf(a, 'w') }),
  },
  {
    kind: 'regulariser',
    names: penalties,
    call: 'penalty',
    says: 'what the parameters w₁, b₁, w₂, b₂ … of dense layers add to the loss, and its gradients; biases count as declared',
    takes: { params: tensors, ...strengths },
    gives: { value: tensor, gradients: tensors },
    shapes: (a) => ({ value: [], gradients: shapesOf(a, 'params') }),
  },
  {
    kind: 'regulariser',
    names: penalties,
    call: 'penalty_with_biases',
    says: 'the same where biases are asked for',
    takes: { params: tensors, ...strengths },
    gives: { value: tensor, gradients: tensors },
    shapes: (a) => ({ value: [], gradients: shapesOf(a, 'params') }),
  },
  {
    kind: 'regulariser',
    names: penalties,
    call: 'loss_and_grad',
    says: 'loss and gradients of one dense layer with a penalty: x [n, in], w [in, out], b [out], y [n, out]',
    takes: { x: tensor, y: tensor, w: tensor, b: tensor, loss: z.enum(snakes(LOSSES)), reduction, ...strengths },
    gives: { loss: tensor, dw: tensor, db: tensor },
    shapes: (a) => ({ loss: [], dw: shapeOf(a, 'w'), db: shapeOf(a, 'b') }),
  },
  {
    kind: 'regulariser',
    names: ['max_norm'],
    call: 'project',
    says: 'weights [in, out] after the constraint: the weights into each unit scaled back to a norm of at most limit',
    takes: { w: tensor, limit: number },
    gives: { w: tensor },
    shapes: (a) => ({ w: shapeOf(a, 'w') }),
  },
  {
    kind: 'regulariser',
    names: ['max_norm'],
    call: 'constrain',
    says: 'parameters w₁, b₁, w₂, b₂ … of dense layers after the constraint on the weights; biases stay',
    takes: { params: tensors, limit: number },
    gives: { params: tensors },
    shapes: (a) => ({ params: shapesOf(a, 'params') }),
  },
];
