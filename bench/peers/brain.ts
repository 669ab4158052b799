// brain.js as an engine of the benchmark: it trains whole networks in its own way, and can do nothing else.
import { definePeer } from '../peer.ts';
import { engine, versionOf } from './load.ts';

/** The part of the public API that is used, written down because its own types are not in the root install. */
interface Network {
  train(
    data: readonly { readonly input: readonly number[]; readonly output: readonly number[] }[],
    options: {
      readonly iterations: number;
      readonly errorThresh: number;
      readonly learningRate: number;
      readonly praxis: 'adam';
    },
  ): unknown;
  run(input: readonly number[]): ArrayLike<number>;
}

const { NeuralNetwork } = engine<{
  readonly NeuralNetwork: new (options: {
    readonly hiddenLayers: readonly number[];
    readonly activation: string;
  }) => Network;
}>('brain.js');

/** An error at which it would stop; 0 is refused. */
const NEVER = 1e-15;

export default definePeer({
  engine: 'brain.js',
  version: versionOf('brain.js'),
  dtype: 'f32',
  threads: 1,
  differs: {
    xor: 'squared error, the sigmoid in both layers, an update after every sample: a step is one pass over the four',
  },
  can: {
    xor: ({ hidden, lr }, { x, y }) => {
      const network = new NeuralNetwork({ hiddenLayers: [hidden], activation: 'sigmoid' });
      const data = Array.from(y, (label, i) => ({ input: [x[2 * i] ?? 0, x[2 * i + 1] ?? 0], output: [label] }));
      return {
        run: (calls) => {
          network.train(data, { iterations: calls, errorThresh: NEVER, learningRate: lr, praxis: 'adam' });
        },
        outputs: () => ({
          loss: [
            data.reduce(
              (sum, { input, output }) => sum + ((network.run(input)[0] ?? 0) - (output[0] ?? 0)) ** 2 / 4,
              0,
            ),
          ],
        }),
      };
    },
  },
});
