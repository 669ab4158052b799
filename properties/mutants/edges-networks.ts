// Faults of operations, programs, layers and networks under rare conditions: other axes, a thousand numbers, zeros, depth.
import type { AnyLayer, Equation } from '../args.ts';
import type { Args } from '../contract.ts';
import { and, hair, large, leaves, rank, set, small, sometimes, valuesOf, type When } from './edge.ts';
import type { Mutant } from './plant.ts';

const VJP = 'program.graph.vjp';
const JVP = 'program.graph.jvp';
const NET = 'model.network.loss_and_grad';

const equationsOf = (args: Args): readonly Equation[] => args.equations as readonly Equation[]; // the contract has parsed it
const uses =
  (op: string): When =>
  (args) =>
    equationsOf(args).some((e) => e.op === op);
/** An operation with an argument of such a shape. */
const shaped = (op: string, f: (shape: readonly number[]) => boolean): When =>
  and(uses(op), (args) => leaves(args, 'inputs').some((t) => f(t.shape)));
const axes = (args: Args): readonly number[] =>
  equationsOf(args).flatMap(({ params }) => (params as { readonly axes?: readonly number[] } | undefined)?.axes ?? []); // of sums alone
const longer =
  (n: number): When =>
  (args) =>
    equationsOf(args).length > n;
/** All numbers are 0. */
const nothing =
  (name: string): When =>
  (args) =>
    valuesOf(args, name).every((v) => v === 0);
const layer =
  (f: (l: AnyLayer) => boolean): When =>
  (args) => {
    const any = (layers: readonly AnyLayer[]): boolean =>
      layers.some((l) => f(l) || (l.type === 'residual' && any(l.layers)));
    return any(args.layers as readonly AnyLayer[]); // the contract has parsed it
  };

export const networkEdgeMutants: readonly Mutant[] = [
  {
    id: 'edge/sum-of-rank-4',
    says: 'sums over axes of four-dimensional tensors are off',
    killedBy: ['op/axes'],
    plant: sometimes(
      VJP,
      shaped('sum', (s) => s.length === 4),
      hair,
      ['y'],
    ),
  },
  {
    id: 'edge/sum-first-axis-negative',
    says: 'the cotangent of a sum over an axis that is counted from the end is off',
    killedBy: ['op/axes'],
    plant: sometimes(
      VJP,
      and(uses('sum'), (a) => axes(a).some((n) => n < -1)),
      hair,
      ['dinputs'],
    ),
  },
  {
    id: 'edge/expand-of-rank-3',
    says: 'stretching a three-dimensional tensor adds one cotangent too little',
    killedBy: ['op/axes'],
    plant: sometimes(
      VJP,
      shaped('expand', (s) => s.length === 3),
      hair,
      ['dinputs'],
    ),
  },
  {
    id: 'edge/max-of-rank-3',
    says: 'maxima of the rows of a three-dimensional tensor are off',
    killedBy: ['op/axes'],
    plant: sometimes(
      VJP,
      shaped('max', (s) => s.length === 3),
      hair,
      ['y'],
    ),
  },
  {
    id: 'edge/transpose-long',
    says: 'a transpose is off where an axis is longer than 8',
    killedBy: ['op/axes'],
    plant: sometimes(
      VJP,
      shaped('transpose', (s) => s.some((n) => n > 8)),
      hair,
      ['y'],
    ),
  },
  {
    id: 'edge/stretched-from-fewer-axes',
    says: 'the cotangent of an argument with fewer axes than the result is off',
    killedBy: ['op/stretched'],
    plant: sometimes(
      VJP,
      and(uses('mul'), (a) => new Set(leaves(a, 'inputs').map((t) => t.shape.length)).size > 1),
      hair,
      ['dinputs'],
    ),
  },
  {
    id: 'edge/stretched-middle-axis',
    says: 'a product is off where the middle of three axes is stretched',
    killedBy: ['op/stretched'],
    plant: sometimes(
      VJP,
      and(uses('mul'), (a) => leaves(a, 'inputs').some((t) => t.shape.length === 3 && t.shape[1] === 1)),
      hair,
      ['y'],
    ),
  },
  {
    id: 'edge/exp-of-a-thousand',
    says: 'the exponential of more than a thousand numbers is off in the last block',
    killedBy: ['op/thousand'],
    plant: sometimes(
      VJP,
      shaped('exp', (s) => (s[0] ?? 0) >= 1000),
      (v, i) => (i >= 992 ? hair(v) : v),
      ['y'],
    ),
  },
  {
    id: 'edge/tanh-slope-after-a-block',
    says: 'the slope of tanh is off from the 65th number on',
    killedBy: ['op/thousand'],
    plant: sometimes(VJP, uses('tanh'), (v, i) => (i > 64 ? hair(v) : v), ['dinputs']),
  },
  {
    id: 'edge/program-longer-than-six',
    says: 'cotangents of programs of more than six operations are off',
    killedBy: ['gradient/adjoint'],
    plant: sometimes(VJP, longer(6), (v) => v + 1, ['dinputs']),
  },
  {
    id: 'edge/forward-mode-stands-still',
    says: 'forward mode along directions of nothing but zeros gives 1',
    killedBy: ['gradient/forward-mode'],
    plant: sometimes(
      JVP,
      (a) => leaves(a, 'u').every((t) => Array.from(t.data).every((v) => v === 0)),
      () => 1,
      ['dy'],
    ),
  },
  {
    id: 'edge/dense-without-bias',
    says: 'a dense layer whose biases are all 0 is off',
    killedBy: ['dense/value'],
    plant: sometimes('layer.dense.forward', nothing('b'), (v) => v + 2 ** -20),
  },
  {
    id: 'edge/dense-cotangent-of-nothing',
    says: 'the slope by the weights is 1 where all inputs are 0',
    killedBy: ['dense/cotangents'],
    plant: sometimes('layer.dense.vjp', nothing('x'), () => 1, ['dw']),
  },
  {
    id: 'edge/batch-norm-eval-constant',
    says: 'in eval mode a running variance of 0 is taken for 1',
    killedBy: ['batchnorm/eval-exact'],
    plant: sometimes('layer.batch_norm.eval', nothing('variance'), hair, ['y']),
  },
  {
    id: 'edge/mse-of-rank-3',
    says: 'the squared error of three-dimensional predictions is off',
    killedBy: ['loss/value'],
    plant: sometimes('loss.mse.forward', rank('prediction', 3)),
  },
  {
    id: 'edge/cross-entropy-of-rank-3',
    says: 'the slope of cross-entropy by three-dimensional scores is averaged over the first axis alone',
    killedBy: ['loss/gradient'],
    plant: sometimes(
      'loss.softmax_cross_entropy.vjp',
      and(rank('prediction', 3), set('reduction', 'mean')),
      (v) => 2 * v,
    ),
  },
  {
    id: 'edge/max-norm-tiny',
    says: 'the norm of numbers whose squares are nothing is 0, and they pass any limit',
    killedBy: ['regularisation/max-norm'],
    plant: sometimes(
      'regulariser.max_norm.project',
      and(small('w', 2 ** -520), (a) => !large('w', 2 ** -520)(a)),
      () => 1,
    ),
  },
  {
    id: 'edge/max-norm-huge',
    says: 'the norm of numbers whose squares overflow is infinite, and they become 0',
    killedBy: ['regularisation/max-norm'],
    plant: sometimes('regulariser.max_norm.project', large('w', 2 ** 520), () => 0),
  },
  {
    id: 'edge/net-of-five',
    says: 'gradients of networks of five dense layers and more are off',
    killedBy: ['gradient/network'],
    plant: sometimes(
      NET,
      (a) => (a.layers as readonly AnyLayer[]).filter((l) => l.type === 'dense').length >= 5,
      hair,
      ['gradients'],
    ),
  },
  {
    id: 'edge/net-without-eps',
    says: 'a normalisation inside a network whose eps is 0 gets one all the same',
    killedBy: ['gradient/random-model'],
    plant: sometimes(
      NET,
      layer((l) => (l.type === 'batchNorm' || l.type === 'layerNorm') && l.eps === 0),
      hair,
      ['output'],
    ),
  },
  {
    id: 'edge/net-dropout-0',
    says: 'dropout at rate 0 inside a network changes what passes',
    killedBy: ['gradient/random-model'],
    plant: sometimes(
      NET,
      layer((l) => l.type === 'dropout' && l.dropRate === 0),
      hair,
      ['output'],
    ),
  },
];
