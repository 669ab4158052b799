// The built-in port, part three: initializers and random numbers.
import {
  fromOneUniform,
  fromUniforms,
  INITIALIZERS,
  initializerRow,
  keyOf,
  normal,
  sample,
  threefry,
  uniform,
} from '../../../src/index.ts';
import type { SampleArgs, UniformsArgs } from '../../args.ts';
import type { Args } from '../../contract.ts';
import { type Entries, plain, table, tensor } from './shared.ts';

const initializer = (name: string) => ({
  sample: ({ shape, seed, ...draw }: SampleArgs) => ({
    w: plain(sample(initializerRow(name), keyOf(seed), shape, draw)),
  }),
  ...(fromOneUniform(initializerRow(name))
    ? {
        from_uniforms: ({ u, ...draw }: UniformsArgs) => ({
          w: plain(fromUniforms(initializerRow(name), tensor(u), draw)),
        }),
      }
    : {}),
});

export const drawCalls = {
  initializer: table(Object.keys(INITIALIZERS), initializer),
  random: {
    threefry: {
      block: ({ key, counter }: { key: [number, number]; counter: [number, number] }): Args => ({
        words: [...threefry(key, counter)],
      }),
    },
    uniform: {
      sample: ({ seed, count }: { seed: number; count: number }) => ({
        values: plain(uniform(keyOf(seed), [count])),
      }),
    },
    normal: {
      sample: ({ seed, count }: { seed: number; count: number }) => ({ values: plain(normal(keyOf(seed), [count])) }),
    },
  },
} satisfies Entries;
