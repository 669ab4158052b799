// The contract, part two: layers, each as a function of plain tensors.
import { type Entry, shapeOf, tensor } from './entry.ts';

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
];
