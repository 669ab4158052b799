// The built-in port, part six: the machines that came first.
import { fitPerceptron } from '../../../src/index.ts';
import type { FitArgs } from '../../args.ts';
import { type Entries, tensor } from './shared.ts';

export const classicCalls = {
  perceptron: {
    perceptron: {
      fit: ({ x, y, lr, epochs }: FitArgs) => {
        const { w, b, mistakes } = fitPerceptron(tensor(x), tensor(y), lr, epochs);
        return { w: { shape: [w.length], data: w }, b, mistakes };
      },
    },
  },
} satisfies Entries;
