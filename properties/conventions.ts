// Conventions: choices that are nobody's bug as long as they are declared. Laws hold a port to what it declares.
import { z } from 'zod';

/** Every convention with what it may be, its default, and what it means. */
export const conventionsSchema = z.strictObject({
  reluSlopeAtZero: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('slope of ReLU at 0; of leaky ReLU the same choice between its two sides (0 left, 1 right)'),
  derivative: z
    .enum(['relative', 'absolute'])
    .default('relative')
    .describe(
      '`relative`: σ′ and tanh′ keep their relative accuracy in the tails; `absolute`: computed from the output, accurate to a few u only',
    ),
  bce: z
    .enum(['log', 'probability', 'added'])
    .default('log')
    .describe(
      'how BCE of probabilities avoids log 0: `log` floors logarithms at −bceClip, `probability` clips p to [bceClip, 1 − bceClip], `added` adds bceClip inside the logarithms',
    ),
  bceClip: z
    .number()
    .positive()
    .default(100)
    .describe('the number of `bce`: minus the floor of a logarithm, the least probability, or what is added'),
  bnEps: z
    .enum(['inside', 'outside'])
    .default('inside')
    .describe('batch normalisation divides by √(variance + eps) (`inside`) or by √variance + eps (`outside`)'),
  bnMomentum: z
    .enum(['ofNew', 'ofOld'])
    .default('ofNew')
    .describe('what the momentum of running statistics weighs: the new batch (`ofNew`), or what was kept (`ofOld`)'),
  bnRunningVariance: z
    .enum(['unbiased', 'biased'])
    .default('unbiased')
    .describe('estimator of the running variance; the batch itself is always normalised by the biased one'),
  lnEps: z.enum(['inside', 'outside']).default('inside').describe('as `bnEps`, for layer normalisation'),
  momentumRate: z
    .enum(['outside', 'inside'])
    .default('outside')
    .describe(
      'where a momentum without `lrInside` among its hyper-parameters has the learning rate: outside the velocity, or inside, which differs once the rate changes',
    ),
  nesterov: z
    .enum(['torch', 'sutskever'])
    .default('torch')
    .describe(
      'which point a Nesterov momentum keeps: `torch` the one ahead, where gradients are taken; `sutskever` the one behind it',
    ),
  optimizerDefaults: z
    .enum(['published', 'own'])
    .default('published')
    .describe(
      'what an optimizer does with hyper-parameters that are left out: `published` the defaults of the paper or of its first author’s program, `own` others',
    ),
  perceptronTie: z
    .enum(['zero', 'one', 'mistake'])
    .default('zero')
    .describe(
      'the class of a sample whose perceptron score is 0: `zero` or `one`, or `mistake`: wrong whatever the label',
    ),
  cdVisible: z
    .enum(['samples', 'probabilities'])
    .default('samples')
    .describe(
      'whether the visible units of contrastive divergence are sampled, or stand as probabilities (Hinton 2010, §3.2)',
    ),
  cdHidden: z
    .enum(['probabilities', 'samples'])
    .default('probabilities')
    .describe(
      'whether the hidden units of the data enter the statistics of contrastive divergence as probabilities, or sampled (Hinton 2010, §3.3); all of them alike. At the end of the chain they are probabilities',
    ),
  dropout: z
    .enum(['inverted', 'classic'])
    .default('inverted')
    .describe(
      'where dropout’s keep probability 1 − dropRate comes in: `inverted` divides by it in train mode, `classic` multiplies by it in eval mode',
    ),
  l2: z
    .enum(['half', 'full'])
    .default('half')
    .describe('the L2 penalty: `half` is l2/2·Σw² with gradient l2·w, `full` is l2·Σw² with gradient 2·l2·w'),
  regulariseBias: z.boolean().default(false).describe('whether penalties count biases too'),
  outOfDomain: z
    .enum(['refused', 'computed'])
    .default('refused')
    .describe(
      'hyper-parameters out of their range: `refused` with an error, or `computed` with, then never to a silent NaN',
    ),
});

export type Conventions = z.output<typeof conventionsSchema>;
