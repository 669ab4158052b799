// Conventions: choices that are nobody's bug as long as they are declared. Laws hold a port to what it declares.
import { z } from 'zod';

export const conventionsSchema = z.strictObject({
  /** Slope of ReLU at 0; of leaky ReLU the same choice between its two sides (0 left, 1 right). */
  reluSlopeAtZero: z.number().min(0).max(1).default(0),
  /** `relative`: σ′ and tanh′ keep their relative accuracy in the tails; `absolute`: computed from the output, accurate to a few u only. */
  derivative: z.enum(['relative', 'absolute']).default('relative'),
  /** How BCE of probabilities avoids log 0: `log` floors logarithms at −bceClip, `probability` clips p to [bceClip, 1 − bceClip], `added` adds bceClip inside the logarithms. */
  bce: z.enum(['log', 'probability', 'added']).default('log'),
  bceClip: z.number().positive().default(100),
  /** Hyper-parameters out of their range: `refused` with an error, or `computed` with, then never to a silent NaN. */
  outOfDomain: z.enum(['refused', 'computed']).default('refused'),
});

export type Conventions = z.output<typeof conventionsSchema>;
