// The contract, part six: the machines that came first.
import { type Entry, integer, number, shapeOf, tensor } from './entry.ts';

export const classicEntries: readonly Entry[] = [
  {
    kind: 'perceptron',
    names: ['perceptron'],
    call: 'fit',
    says: 'passes over the samples in order from zero weights; labels 0/1 or −1/1',
    takes: { x: tensor, y: tensor, lr: number, epochs: integer },
    gives: { w: tensor, b: number, mistakes: integer },
    shapes: (a) => ({ w: [shapeOf(a, 'x')[1]] }),
  },
];
