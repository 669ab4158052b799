// The tables under test: everything the course needs is there, and every row has a source and its mathematics.
import { describe, expect, test } from 'vitest';
import { TABLES } from './tables.ts';

const NAMED: Readonly<Record<string, string>> = {
  activations:
    'identity step relu leakyRelu sigmoid tanh softplus elu selu gelu geluTanh silu hardSigmoid hardTanh softsign softmax logSoftmax',
  losses: 'bce bceWithLogits softmaxCrossEntropy mse mae huber hinge kl',
  layers: 'dense batchNorm dropout residual layerNorm activation',
  initializers:
    'zeros constant uniform normal truncatedNormal truncatedNormalCorrected lecunNormal lecunUniform xavierNormal xavierUniform heNormal heUniform heTruncated heNormalFanOut heNormalFanAvg orthogonal identity sparse lsuv rbm',
  optimizers:
    'sgd momentum nesterov rprop adagrad rmsprop adadelta adam adamw adamax amsgrad nadam radam adabelief yogi lamb signSgd signum lion adan scheduleFreeSgd scheduleFreeAdamw prodigy muon shampoo adopt',
  wrappers: 'lookahead sam ema clipByValue clipByNorm clipByGlobalNorm coupledDecay',
  schedules: 'constant step exponential inverseRoot polynomial cosine warmRestarts oneCycle warmupStableDecay',
  regularisers: 'l1 l2 elasticNet maxNorm',
  ops: 'exp log log1p expm1 tanh sigmoid softplus erf logSumExp matmul sum',
};

describe.each(Object.entries(NAMED))('the table of %s', (table, names) => {
  const rows = TABLES[table] ?? {};
  test('has what the course needs', () => {
    expect(names.split(' ').filter((name) => !(name in rows))).toEqual([]);
  });
  test('gives every row a source and its mathematics', () => {
    for (const [name, row] of Object.entries(rows)) {
      expect(row, name).toMatchObject({ doc: expect.stringMatching(/.{3}/), source: expect.stringMatching(/.{5}/) });
      expect(JSON.stringify(row), name).not.toMatch(/undefined|\[object/);
    }
    // pre-training is a procedure, not a formula
    const plain = Object.keys(rows).filter((name) => !('TeX' in (rows[name] ?? {})));
    expect(plain).toEqual(table === 'initializers' ? ['rbm', 'lsuv'] : []);
  });
});

test('words in a formula stay words', () => {
  expect(TABLES.layers?.dropout?.TeX).toBe(
    'y = 0 \\text{ where } u< \\mathrm{dropRate} \\text{, else } \\frac{ x}{1- \\mathrm{dropRate}}',
  );
  expect(TABLES.wrappers?.lookahead?.TeX).toMatch(
    /^\\text\{every period steps: \} \\mathrm\{slow\} = \\mathrm\{slow\}\+\\alpha/,
  );
});
