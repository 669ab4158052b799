// Faults of purity: calls that write, remember, or hand out what is not theirs.
import type { Plain } from '../contract.ts';
import { at, changed, type Mutant, now, u } from './plant.ts';

export const purityMutants: readonly Mutant[] = [
  {
    id: 'optimizer/overwrites-gradients',
    says: 'scales the gradients in place',
    bug: 'mxnet #15768',
    killedBy: ['purity/arguments-unchanged'],
    plant: at('optimizer.adam.run', (args, original) => {
      const answer = now(original, args);
      for (const g of (args.gradients as readonly (readonly Plain[])[]).flat()) (g.data as number[])[0] = 0; // the fault
      return answer;
    }),
  },
  {
    id: 'dense/remembers',
    says: 'adds what it saw last time',
    bug: 'xformers #173',
    killedBy: ['purity/deterministic'],
    plant: (port) => {
      let calls = 0;
      return changed('layer.dense.forward', 'y', (v) => v + u * calls++)(port);
    },
  },
  {
    id: 'identity/hands-back-its-input',
    says: 'returns the array it was given',
    bug: 'PyTorch #196083',
    killedBy: ['purity/answers-apart'],
    plant: at('activation.identity.forward', (args) => ({ y: args.x })),
  },
];
