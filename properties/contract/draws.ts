// The contract, part three: what is random, initializers and generators.
import { z } from 'zod';
import { INITIALIZERS } from '../../src/index.ts';
import { type Entry, integer, number, shapeOf, snakes, tensor } from './entry.ts';

export const drawEntries: readonly Entry[] = [
  {
    kind: 'initializer',
    names: snakes(INITIALIZERS),
    call: 'sample',
    says: 'weights of a shape from a seed',
    takes: { shape: z.array(integer), fanIn: integer, fanOut: integer, gain: number, seed: integer },
    gives: { w: tensor },
    shapes: (a) => ({ w: a.shape }),
  },
  {
    kind: 'initializer',
    names: snakes(INITIALIZERS),
    call: 'from_uniforms',
    says: 'weights from given uniforms in (0, 1), one each',
    takes: { u: tensor, fanIn: integer, fanOut: integer, gain: number },
    gives: { w: tensor },
    shapes: (a) => ({ w: shapeOf(a, 'u') }),
  },
  {
    kind: 'random',
    names: ['threefry'],
    call: 'block',
    says: 'Threefry-2x32, 20 rounds: key and counter of two 32-bit words → two words',
    takes: { key: z.array(integer), counter: z.array(integer) },
    gives: { words: z.array(integer) },
    shapes: () => ({}),
  },
  {
    kind: 'random',
    names: ['uniform', 'normal'],
    call: 'sample',
    says: 'numbers from a seed',
    takes: { seed: integer, count: integer },
    gives: { values: tensor },
    shapes: (a) => ({ values: [a.count] }),
  },
];
