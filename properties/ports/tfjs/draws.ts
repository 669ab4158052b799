// TensorFlow.js as a port, part three: initializers and random numbers.
import type { SampleArgs } from '../../args.ts';
import { type FanRule, plain, type T, tf, type Variance } from './api.ts';

const { initializers } = tf;

const initializer = (draw: (args: SampleArgs) => T) => ({
  sample: (args: SampleArgs) => tf.tidy(() => ({ w: plain(draw(args)) })),
});

/**
 * An initializer that reads the fans from a weight matrix [in, out] and has no gain. By the engine's own definition it
 * is a variance scaling, which does: a gain g is a scale that is g² times as large.
 */
const fanned = (name: FanRule | null, { scale, ...rule }: Variance) =>
  initializer(({ shape, fanIn, fanOut, gain = 1, seed }) => {
    if (shape.length !== 2 || shape[0] !== fanIn || shape[1] !== fanOut)
      throw new Error(`@tensorflow/tfjs: fans are those of a shape [fanIn, fanOut], got [${shape.join(', ')}]`);
    const make =
      gain === 1 && name !== null
        ? initializers[name]({ seed })
        : initializers.varianceScaling({ scale: scale * gain * gain, ...rule, seed });
    return make.apply(shape, 'float32');
  });

interface DrawArgs {
  readonly seed: number;
  readonly count: number;
}

/**
 * Not `identity`, which the engine has for square matrices only. What the documents call normal among the rules with fans is "drawn from a truncated normal distribution … with stddev = …".
 */
export const drawCalls = {
  initializer: {
    zeros: initializer(({ shape }) => initializers.zeros().apply(shape, 'float32')),
    constant: initializer(({ shape, gain = 1 }) => initializers.constant({ value: gain }).apply(shape, 'float32')),
    normal: initializer(({ shape, gain = 1, seed }) =>
      initializers.randomNormal({ mean: 0, stddev: gain, seed }).apply(shape, 'float32'),
    ),
    uniform: initializer(({ shape, gain = 1, seed }) =>
      initializers.randomUniform({ minval: -gain, maxval: gain, seed }).apply(shape, 'float32'),
    ),
    truncated_normal: initializer(({ shape, gain = 1, seed }) =>
      initializers.truncatedNormal({ mean: 0, stddev: gain, seed }).apply(shape, 'float32'),
    ),
    orthogonal: initializer(({ shape, gain = 1, seed }) =>
      initializers.orthogonal({ gain, seed }).apply(shape, 'float32'),
    ),
    lecun_uniform: fanned('leCunUniform', { scale: 1, mode: 'fanIn', distribution: 'uniform' }),
    lecun_truncated: fanned('leCunNormal', { scale: 1, mode: 'fanIn', distribution: 'normal' }),
    xavier_uniform: fanned('glorotUniform', { scale: 1, mode: 'fanAvg', distribution: 'uniform' }),
    xavier_truncated: fanned('glorotNormal', { scale: 1, mode: 'fanAvg', distribution: 'normal' }),
    he_uniform: fanned('heUniform', { scale: 2, mode: 'fanIn', distribution: 'uniform' }),
    he_truncated: fanned('heNormal', { scale: 2, mode: 'fanIn', distribution: 'normal' }),
    he_uniform_fan_out: fanned(null, { scale: 2, mode: 'fanOut', distribution: 'uniform' }),
    he_uniform_fan_avg: fanned(null, { scale: 2, mode: 'fanAvg', distribution: 'uniform' }),
  },
  random: {
    uniform: {
      sample: ({ seed, count }: DrawArgs) =>
        tf.tidy(() => ({ values: plain(tf.randomUniform([count], 0, 1, 'float32', seed)) })),
    },
    normal: {
      sample: ({ seed, count }: DrawArgs) =>
        tf.tidy(() => ({ values: plain(tf.randomNormal([count], 0, 1, 'float32', seed)) })),
    },
  },
};
