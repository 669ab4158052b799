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
  /** Batch normalisation divides by √(variance + eps) (`inside`) or by √variance + eps (`outside`). */
  bnEps: z.enum(['inside', 'outside']).default('inside'),
  /** What the momentum of running statistics weighs: the new batch (`ofNew`), or what was kept (`ofOld`). */
  bnMomentum: z.enum(['ofNew', 'ofOld']).default('ofNew'),
  /** Estimator of the running variance; the batch itself is always normalised by the biased one. */
  bnRunningVariance: z.enum(['unbiased', 'biased']).default('unbiased'),
  /** As `bnEps`, for layer normalisation. */
  lnEps: z.enum(['inside', 'outside']).default('inside'),
  /** Where a momentum without `lrInside` among its hyper-parameters has the learning rate: outside the velocity, or inside, which differs once the rate changes. */
  momentumRate: z.enum(['outside', 'inside']).default('outside'),
  /** Which point a Nesterov momentum keeps: `torch` the one ahead, where gradients are taken; `sutskever` the one behind it. */
  nesterov: z.enum(['torch', 'sutskever']).default('torch'),
  /** What an optimizer does with hyper-parameters that are left out: `published` the defaults of the paper or of its first author's program, `own` others. */
  optimizerDefaults: z.enum(['published', 'own']).default('published'),
  /** The class of a sample whose perceptron score is 0: `zero` or `one`, or `mistake`: wrong whatever the label. */
  perceptronTie: z.enum(['zero', 'one', 'mistake']).default('zero'),
  /** Whether the visible units of contrastive divergence are sampled, or stand as probabilities (Hinton 2010, §3.2). */
  cdVisible: z.enum(['samples', 'probabilities']).default('samples'),
  /** Whether the hidden units of the data enter the statistics of contrastive divergence as probabilities, or sampled (Hinton 2010, §3.3); all of them alike. At the end of the chain they are probabilities. */
  cdHidden: z.enum(['probabilities', 'samples']).default('probabilities'),
  /** Where dropout's keep probability 1 − dropRate comes in: `inverted` divides by it in train mode, `classic` multiplies by it in eval mode. */
  dropout: z.enum(['inverted', 'classic']).default('inverted'),
  /** The L2 penalty: `half` is l2/2·Σw² with gradient l2·w, `full` is l2·Σw² with gradient 2·l2·w. */
  l2: z.enum(['half', 'full']).default('half'),
  /** Whether penalties count biases too. */
  regulariseBias: z.boolean().default(false),
  /** Hyper-parameters out of their range: `refused` with an error, or `computed` with, then never to a silent NaN. */
  outOfDomain: z.enum(['refused', 'computed']).default('refused'),
});

export type Conventions = z.output<typeof conventionsSchema>;
