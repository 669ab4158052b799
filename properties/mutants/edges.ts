// Faults that show only at the edges: rare sizes, ranks, magnitudes, seeds, steps, or exact values of a parameter.
import { drawEdgeMutants } from './edges-draws.ts';
import { elementEdgeMutants } from './edges-elements.ts';
import { networkEdgeMutants } from './edges-networks.ts';
import { optimizerEdgeMutants } from './edges-optimizers.ts';
import { rareEdgeMutants } from './edges-rare.ts';
import { trainingEdgeMutants } from './edges-training.ts';
import type { Mutant } from './plant.ts';

export const edgeMutants: readonly Mutant[] = [
  ...elementEdgeMutants,
  ...drawEdgeMutants,
  ...optimizerEdgeMutants,
  ...trainingEdgeMutants,
  ...networkEdgeMutants,
  ...rareEdgeMutants,
];
