// The built-in port, part three: initializers and random numbers.
import {
  drawsGiven,
  fold,
  fromOneUniform,
  fromUniforms,
  gainOf,
  INITIALIZERS,
  initializerRow,
  type Key,
  keyOf,
  layerOf,
  normal,
  ops,
  permutation,
  sample,
  split,
  Tensor,
  threefry,
  uniform,
} from '../../../src/index.ts';
import type { SampleArgs, UniformsArgs } from '../../args.ts';
import type { Args, Plain } from '../../contract.ts';
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

/** What is asked for in numbers from a seed, or from its children. */
const numbersOf = (draw: (key: Key, shape: readonly [number]) => Tensor) => ({
  sample: ({ seed, count }: { seed: number; count: number }) => ({ values: plain(draw(keyOf(seed), [count])) }),
  children: ({ seed, n, count }: { seed: number; n: number; count: number }) => ({
    streams: split(keyOf(seed), n).map((key) => plain(draw(key, [count]))),
  }),
});

/** The engine decides by chance in dropout alone: what it takes from ones is 1 with the drop rate. */
const bernoulli = ({ u, p }: { u: Plain; p: number }): Args => {
  const given = { mode: 'train', draws: drawsGiven(ops, [tensor(u)]) } as const;
  const ones = Tensor.build(u.shape, (out) => out.fill(1));
  const dropped = layerOf({ type: 'dropout', dropRate: p, form: 'classic' });
  const [kept] = dropped.apply(ops, { params: {}, state: {} }, ones, given);
  return { values: plain(ops.sub(ones, kept)) };
};

export const drawCalls = {
  initializer: table(Object.keys(INITIALIZERS), initializer),
  gain: table(['identity', 'sigmoid', 'tanh', 'relu', 'leakyRelu', 'selu'], (name: string) => ({
    value: ({ slope }: { slope?: number }) => ({ gain: gainOf(name, slope === undefined ? {} : { slope }) }),
  })),
  random: {
    threefry: {
      block: ({ key, counter }: { key: [number, number]; counter: [number, number] }): Args => ({
        words: [...threefry(key, counter)],
      }),
      key: ({ seed }: { seed: number }) => ({ words: [...keyOf(seed)] }),
      fold: ({ key, child }: { key: Key; child: number }) => ({ words: [...fold(key, child)] }),
      split: ({ key, n }: { key: Key; n: number }) => ({ keys: split(key, n).map((k) => [...k]) }),
      order: ({ key, count }: { key: Key; count: number }) => ({ order: [...permutation(key, count)] }),
      uniforms: ({ key, count }: { key: Key; count: number }) => ({ values: plain(uniform(key, [count])) }),
    },
    uniform: numbersOf(uniform),
    normal: numbersOf(normal),
    permutation: {
      sample: ({ seed, count }: { seed: number; count: number }) => ({ order: [...permutation(keyOf(seed), count)] }),
    },
    bernoulli: { from_uniforms: bernoulli },
  },
} satisfies Entries;
